// SPDX-License-Identifier: GPL-2.0
/*
 * net_steer.c - which queue for this frame
 *
 * An eBPF program decides where there is one (TUNSETSTEERINGEBPF). Else the
 * reader's table does (TUNSETVNETHASH). Else a frame of the stack goes to the
 * queue on which its flow was last written, or, for an unknown flow, to the
 * queue its hash says. The hash is symmetric: both directions of a connection
 * have the same one.
 */
#include <linux/filter.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <net/ip.h>

#include "tunx.h"

/**
 * struct tunx_steer_ip4 - the start of nearly every packet
 * @ip: header without options
 * @port: source and destination
 */
struct tunx_steer_ip4 {
	struct iphdr ip;
	__be16 port[2];
};

/**
 * struct tunx_steer_ip6 - the start of the others
 * @ip: header without extensions
 * @port: source and destination
 */
struct tunx_steer_ip6 {
	struct ipv6hdr ip;
	__be16 port[2];
};

static bool tunx_net_steer_has_ports(u8 proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP;
}

/* The same for both directions */
static u32 tunx_net_steer_mix(struct tunx_dev *xd, u32 src, u32 dst,
			      const __be16 port[2])
{
	u32 a = (__force u16)port[0], b = (__force u16)port[1];

	return tunx_queue_flow_hash(xd->flows, min(src, dst), max(src, dst),
				    max(a, b) << 16 | min(a, b));
}

static bool tunx_net_steer_ip4(struct tunx_dev *xd, const struct sk_buff *skb,
			       u32 *hash)
{
	const struct tunx_steer_ip4 *h;
	struct tunx_steer_ip4 copy;

	h = skb_header_pointer(skb, skb_network_offset(skb), sizeof(copy), &copy);
	if (!h || h->ip.version != 4 || h->ip.ihl != 5 || ip_is_fragment(&h->ip) ||
	    !tunx_net_steer_has_ports(h->ip.protocol))
		return false;
	*hash = tunx_net_steer_mix(xd, (__force u32)h->ip.saddr,
				   (__force u32)h->ip.daddr, h->port);
	return true;
}

static bool tunx_net_steer_ip6(struct tunx_dev *xd, const struct sk_buff *skb,
			       u32 *hash)
{
	const struct tunx_steer_ip6 *h;
	struct tunx_steer_ip6 copy;

	h = skb_header_pointer(skb, skb_network_offset(skb), sizeof(copy), &copy);
	if (!h || h->ip.version != 6 || !tunx_net_steer_has_ports(h->ip.nexthdr))
		return false;
	*hash = tunx_net_steer_mix(xd, ipv6_addr_hash(&h->ip.saddr),
				   ipv6_addr_hash(&h->ip.daddr), h->port);
	return true;
}

/*
 * The core's dissector knows every protocol and takes its time; TCP and UDP
 * without tags and options need none of that. Which of the two looks at a flow
 * does not depend on the direction. Frames with a tag it gets all: they have it
 * beside the frame in one direction, and within in the other.
 */
static u32 tunx_net_steer_symmetric(struct tunx_dev *xd, struct sk_buff *skb)
{
	u32 hash;

	if (!skb_vlan_tag_present(skb)) {
		if (skb->protocol == htons(ETH_P_IP) && tunx_net_steer_ip4(xd, skb, &hash))
			return hash;
		if (skb->protocol == htons(ETH_P_IPV6) && tunx_net_steer_ip6(xd, skb, &hash))
			return hash;
	}
	return __skb_get_hash_symmetric(skb);
}

/* Each way of choosing is a function of its own, and saves what it needs */
static noinline u16 tunx_net_steer_flow(struct tunx_dev *xd,
					struct sk_buff *skb, unsigned int nr)
{
	u32 hash = tunx_net_steer_symmetric(xd, skb);
	int slot = tunx_queue_flow_find(xd->flows, hash);

	/* The queue may have left since the flow was learned */
	if (slot < 0 || slot >= nr)
		slot = reciprocal_scale(hash, nr);
	return slot;
}

static noinline u16 tunx_net_steer_prog(const struct bpf_prog *prog,
					struct sk_buff *skb, unsigned int nr)
{
	return bpf_prog_run_clear_cb(prog, skb) % nr;
}

/**
 * tunx_net_select_queue - ndo_select_queue
 * @dev: our net device
 * @skb: frame about to be transmitted
 * @sb_dev: unused
 *
 * Context: BH off, RCU.
 * Return: number of an attached queue (0 if there is none).
 */
u16 tunx_net_select_queue(struct net_device *dev, struct sk_buff *skb,
			  struct net_device *sb_dev)
{
	struct tunx_dev *xd = netdev_priv(dev);
	unsigned int nr = READ_ONCE(xd->nr_queues);
	const struct tunx_hash_conf *rss;
	struct bpf_prog *prog;

	if (nr < 2)
		return 0;
	prog = rcu_dereference_bh(xd->steer_prog);
	if (prog)
		return tunx_net_steer_prog(prog, skb, nr);
	rss = rcu_dereference_bh(xd->rss);
	if (rss)
		return tunx_net_hash_queue(rss, skb, nr);
	return tunx_net_steer_flow(xd, skb, nr);
}

/**
 * tunx_net_steer_hash - hash of a written frame, if anybody will ask for it
 * @xd: device
 * @q: queue it was written on
 * @skb: frame
 *
 * Context: any.
 * Return: hash for tunx_net_steer_learn(), or 0.
 */
u32 tunx_net_steer_hash(struct tunx_dev *xd, struct tunx_queue *q,
			struct sk_buff *skb)
{
	if (READ_ONCE(xd->nr_queues) < 2 ||
	    rcu_access_pointer(xd->steer_prog) || rcu_access_pointer(xd->rss) ||
	    READ_ONCE(q->state) != TUNX_QUEUE_ATTACHED)
		return 0;
	return tunx_net_steer_symmetric(xd, skb);
}

/**
 * tunx_net_steer_learn - the flow of a delivered frame uses this queue
 * @xd: device
 * @slot: where the queue it was written on is
 * @hash: of tunx_net_steer_hash()
 *
 * Context: any.
 */
void tunx_net_steer_learn(struct tunx_dev *xd, unsigned int slot, u32 hash)
{
	if (hash)
		tunx_queue_flow_learn(xd->flows, hash, slot);
}
