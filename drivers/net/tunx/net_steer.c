// SPDX-License-Identifier: GPL-2.0
/*
 * net_steer.c - which queue for this frame
 *
 * A frame of the stack goes to the queue on which its flow was last written,
 * or, for an unknown flow, to the queue its hash says. The hash is symmetric:
 * both directions of a connection have the same one.
 */
#include <linux/skbuff.h>

#include "tunx.h"

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
	u32 hash;
	int slot;

	if (nr < 2)
		return 0;
	hash = __skb_get_hash_symmetric(skb);
	slot = tunx_queue_flow_find(xd->flows, hash);
	/* The queue may have left since the flow was learned */
	if (slot < 0 || slot >= nr)
		slot = reciprocal_scale(hash, nr);
	return slot;
}

/**
 * tunx_net_learn - the flow of this frame uses this queue
 * @xd: device
 * @q: queue the frame was written on
 * @skb: frame about to be delivered
 *
 * Context: process.
 */
void tunx_net_learn(struct tunx_dev *xd, struct tunx_queue *q,
		    struct sk_buff *skb)
{
	if (READ_ONCE(xd->nr_queues) < 2 ||
	    READ_ONCE(q->state) != TUNX_QUEUE_ATTACHED)
		return;
	tunx_queue_flow_learn(xd->flows, __skb_get_hash_symmetric(skb),
			      READ_ONCE(q->index));
}
