/* SPDX-License-Identifier: GPL-2.0 */
/* Net devices as rtnetlink shows them, and the few changes we make to them. */
#ifndef TUNX_TOOL_LINK_H
#define TUNX_TOOL_LINK_H

#include <linux/if_link.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct link - one net device
 * @index: interface index
 * @name: interface name
 * @kind: rtnl kind ("tun", "tunx", "veth"...), empty for hardware
 * @flags: IFF_UP and friends
 * @mtu: largest packet
 * @txqueuelen: length of the queue that read(2) empties
 * @carrier: link detected
 * @operstate: IF_OPER_*
 * @tun_flags: IFF_TUN, IFF_NO_PI and friends; 0 when not of our two kinds
 * @owner: user allowed to attach, -1 = none
 * @group: group allowed to attach, -1 = none
 * @queues: attached queues, told by multi-queue devices only
 * @disabled_queues: queues taken out by TUNSETQUEUE, likewise
 * @stats: counters
 */
struct link {
	int index;
	char name[IFNAMSIZ];
	char kind[16];
	unsigned int flags;
	uint32_t mtu;
	uint32_t txqueuelen;
	uint8_t carrier;
	uint8_t operstate;
	unsigned int tun_flags;
	int64_t owner;
	int64_t group;
	uint32_t queues;
	uint32_t disabled_queues;
	struct rtnl_link_stats64 stats;
};

/** link_list - all devices of this network namespace, in *@list (to be freed) */
size_t link_list(struct link **list);

/** link_get - the device called @name; false when there is none */
bool link_get(const char *name, struct link *link);

static inline bool link_is_tun(const struct link *link)
{
	return link->tun_flags;
}

/* Change the device @index; 0, or -1 and errno */
int link_change(int index, uint16_t attr, const void *value, size_t len);
int link_change_flags(int index, unsigned int flags, unsigned int mask);
int link_delete(int index);

/* These end the program with a message when the kernel refuses. */
void link_up(const char *name);
void link_set_mtu(const char *name, uint32_t mtu);
/** link_add_address - @text is ADDRESS/PREFIX, IPv4 or IPv6 */
void link_add_address(const char *name, const char *text);

#endif
