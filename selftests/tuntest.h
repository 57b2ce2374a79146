/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the C tests share: opening the node under test, network namespaces,
 * interface settings, packets and a little rtnetlink.
 *
 * A helper that returns a value fails like a system call (-1 and errno);
 * those marked "or bail" end the test instead, because no behaviour under test
 * is decided there.
 */
#ifndef SELFTESTS_TUNTEST_H
#define SELFTESTS_TUNTEST_H

#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <linux/if_tun.h>
#include "ktap.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* linux/sockios.h clashes with net/if.h on some systems; these are ABI. */
#define SIOCGSKNS_	0x894c

/* Faults in every process; a variable, so that the compiler does not see it. */
extern void *volatile bad_ptr;
#define BAD_PTR		bad_ptr

#define NOBODY		65534

/* --- the node under test --- */
const char *tun_node(void);
bool tun_is_tunx(void);
const char *tun_kind(void);
bool kernel_before(unsigned int major, unsigned int minor, unsigned int sub);

int tun_open(int oflags);				/* or bail */
int tun_setiff(int fd, const char *name, int flags);
int tun_setiff_name(int fd, char name[IFNAMSIZ], int flags);
int tun_new(const char *name, int flags);		/* nonblocking, or bail */
int tun_flags(int fd);					/* TUNGETIFF */
int tun_queue(int fd, int flags);			/* TUNSETQUEUE */
/* A second node of the same device that every user may open; or bail. */
const char *tun_public_node(void);

/* --- namespaces, users, processes --- */
void netns_new(void);					/* empty, IPv6 off; or bail */
int netns_open(void);					/* or bail */
int netns_another(void);				/* not entered; or bail */
void netns_enter(int fd);				/* or bail */
/*
 * Runs @fn in a child with the given ids and no capability; the child's
 * result (an errno, 0..255) comes back.
 */
int as_user(unsigned int uid, unsigned int gid, int (*fn)(void *), void *arg);
/* The same in a fresh user namespace, where the child is root of its own. */
int in_userns(int (*fn)(void *), void *arg);
void catch_signal(int sig, void (*fn)(int), int flags);
long msec_now(void);
/* How many times slower than most this machine is: selftests/run --slow */
int tun_slow(void);
/* True as soon as @fn is, false when @msec ran out, or more on a slow machine. */
bool wait_until(bool (*fn)(void *), void *arg, int msec);

/* --- interfaces of the current netns --- */
int if_get(const char *name, int cmd, struct ifreq *ifr);
int if_up(const char *name);
int if_down(const char *name);
int if_flags(const char *name);
int if_setint(const char *name, int cmd, int value);
int if_addr(const char *name, const char *addr, int prefix);
int if_rename(const char *from, const char *to);
bool if_exists(const char *name);
long if_sysfs(const char *name, const char *file);	/* number, or -1 */
int if_sysfs_str(const char *name, const char *file, char *buf, size_t len);
long if_stat(const char *name, const char *counter);
int file_read(const char *path, char *buf, size_t len);
int file_write(const char *path, const char *text);

/* --- rtnetlink --- */
struct nl_reply {
	size_t len;
	char ext[160];		/* extended error text, "" when there was none */
	char buf[16384];
};

int nl_getlink(const char *name, struct nl_reply *reply);
/* Finds attribute @path[0], inside it @path[1] ... ; NULL when absent. */
const void *nl_attr(const struct nl_reply *reply, const int *path, int depth,
		    int *len);
int nl_dellink(const char *name, struct nl_reply *reply);
int nl_newlink(const char *kind, const char *name, struct nl_reply *reply);
int nl_set_netns(const char *name, int netns);
int nl_set_carrier(const char *name, int on);
/* txqueuelen; unlike the ioctl, also for root of a user namespace */
int nl_set_length(const char *name, unsigned int length);
int nl_listen(void);					/* RTNLGRP_LINK, or bail */
/* Next message on @name: its type, or 0 when none came in @msec. */
int nl_event(int fd, const char *name, int msec, struct nl_reply *reply);

/* --- ethtool --- */
int eth_call(const char *name, void *cmd);
int eth_feature(const char *name, const char *feature);	/* 0 or 1, or bail */
int eth_set_feature(const char *name, const char *feature, bool on);
long eth_stat(const char *name, const char *counter);	/* -1: no such counter */

/* --- packets --- */
void pkt_fill(void *buf, size_t len, unsigned int seed);
bool pkt_match(const void *buf, size_t len, unsigned int seed);
uint16_t pkt_csum(const void *buf, size_t len);
/* An IPv4/UDP packet from @src to @dst; @data NULL is zeros. Returns its length. */
size_t pkt_udp4(void *buf, const char *src, const char *dst, uint16_t sport,
		uint16_t dport, const void *data, size_t len);
size_t pkt_eth(void *buf, const uint8_t *dst, const uint8_t *src,
	       uint16_t type, const void *data, size_t len);
/* AF_PACKET socket bound to @name; @proto in host order, 0 only sends. */
int packet_socket(const char *name, int type, int proto);	/* or bail */
int packet_send(int fd, int proto, const void *buf, size_t len);
/* Hands one IPv4/UDP packet of @len bytes payload to the stack side. */
int stack_send(const char *name, size_t len, unsigned int seed);
bool readable(int fd, int msec);
/* Waits until packets of the stack reach @fd, and drains them; or bail. */
void settle(int fd, const char *name);
/* Reads all that is there without blocking; returns the packet count. */
int drain(int fd);

#endif /* SELFTESTS_TUNTEST_H */
