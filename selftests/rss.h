/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hash reporting and RSS: setting it, the published flows, frames put together
 * header by header, and the hash as the specification words it.
 */
#ifndef SELFTESTS_RSS_H
#define SELFTESTS_RSS_H

#include <linux/tunx.h>
#include "vnet.h"

/* VIRTIO_NET_RSS_HASH_TYPE_*; the report of a type is its place, from 1 */
enum {
	IPV4 = 0x001, TCPV4 = 0x002, UDPV4 = 0x004,
	IPV6 = 0x008, TCPV6 = 0x010, UDPV6 = 0x020,
	IP_EX = 0x040, TCP_EX = 0x080, UDP_EX = 0x100,
};

#define PLAIN_TYPES	(IPV4 | TCPV4 | UDPV4 | IPV6 | TCPV6 | UDPV6)
#define EX_TYPES	(IP_EX | TCP_EX | UDP_EX)
#define NO_REPORT	0

#define REPORT		TUN_VNET_HASH_REPORT
#define RSS		TUN_VNET_HASH_RSS
#define HASH_HDR	20

/* Leaves with a skip where the driver knows nothing of hashing. */
void rss_or_skip(void);

extern const uint8_t rss_key[40];		/* the one of the published hashes */
extern const uint8_t rss_key_symmetric[40];

/* The hash of @len bytes, bit by bit. */
uint32_t rss_toeplitz(const uint8_t *key, const void *input, size_t len);

struct rss {
	uint16_t flags;
	uint32_t types;
	uint16_t unclassified;
	int table_len;				/* 0 is 1 */
	const uint16_t *table;			/* NULL is zeros */
	const uint8_t *key;			/* NULL is rss_key */
};

/*
 * TUNSETVNETHASH with exactly the bytes the configuration has: behind them lies
 * a page that faults.
 */
int rss_set(int fd, const struct rss *rss);
/* Reports, with rss_key, and a table of one entry. */
int rss_types(int fd, uint32_t types);
/* The same with @bytes less, or more if negative. */
int rss_set_short(int fd, const struct rss *rss, int bytes);
int rss_get(int fd, struct tunx_hash *hash);

/* --- flows with published hashes, with rss_key --- */
struct flow {
	const char *src, *dst;
	uint16_t sport, dport;
	uint32_t ip, ports;			/* hash without and with ports */
};

#define FLOWS4	7	/* the first are IPv4 */
#define FLOWS	11
extern const struct flow rss_flows[FLOWS];
static inline bool flow_is_6(const struct flow *f)
{
	return strchr(f->src, ':');
}

/* --- frames: each call appends a header; lengths and checksums stay zero --- */
struct frame {
	size_t len;
	uint8_t data[8192];
};

void frame_bytes(struct frame *f, const void *data, size_t len);
void frame_zeros(struct frame *f, size_t len);
void frame_eth(struct frame *f, uint16_t type);
void frame_vlan(struct frame *f, uint16_t tpid);	/* after frame_eth() */
void frame_ip4(struct frame *f, const struct flow *flow, uint8_t proto, uint16_t frag,
	       int options);
void frame_ip6(struct frame *f, const struct flow *flow, uint8_t next);
/* An IPv6 extension header of 8 * @units bytes, the type's own part zero. */
void frame_ext(struct frame *f, uint8_t next, int units);
void frame_home(struct frame *f, uint8_t next, const char *addr);
void frame_route(struct frame *f, uint8_t next, const char *addr);
void frame_ports(struct frame *f, const struct flow *flow, uint8_t proto);
/* All of a plain packet; @proto has ports if it is TCP or UDP. */
void frame_flow(struct frame *f, bool eth, const struct flow *flow, uint8_t proto);

/* --- devices --- */
/* A device that is up, with @queues files in @fd, header size @hdr; or bail. */
void rss_device(const char *name, int flags, int hdr, int *fd, int queues);
/*
 * Sends a frame, as the stack does, and reads it from whichever of @fd gets it
 * within a second: the index of that file, or -1. Checks that it is the frame.
 */
int rss_pass(const char *name, const struct frame *f, const int *fd, int queues, int hdr,
	     struct vnet_hdr *h);

#endif /* SELFTESTS_RSS_H */
