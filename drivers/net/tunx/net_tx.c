// SPDX-License-Identifier: GPL-2.0
/*
 * net_tx.c - stack to queue, in the order a frame meets it
 *
 * Context: BH off, inside the stack's RCU read section, no tx lock.
 */
#include <linux/netfilter.h>
#include <linux/skbuff.h>

#include "tunx.h"

/* Slot 0 counts for frames that found no queue: it has been used, always */
static netdev_tx_t tunx_net_xmit_drop(struct tunx_dev *xd, unsigned int slot,
				      struct sk_buff *skb,
				      enum skb_drop_reason reason)
{
	tunx_stats_inc(xd, slot, tx_dropped);
	skb_tx_error(skb);
	kfree_skb_reason(skb, reason);
	return NET_XMIT_DROP;
}

/**
 * tunx_net_xmit - ndo_start_xmit: put a frame into the ring of its queue
 * @skb: frame; skb->queue_mapping is the slot
 * @dev: our net device
 *
 * Context: BH off, RCU.
 * Return: NETDEV_TX_OK or NET_XMIT_DROP; the frame is taken in both cases.
 */
netdev_tx_t tunx_net_xmit(struct sk_buff *skb, struct net_device *dev)
{
	unsigned int slot = skb_get_queue_mapping(skb);
	struct tunx_dev *xd = netdev_priv(dev);
	struct tunx_queue *q;

	q = rcu_dereference_bh(xd->slot[slot].queue);
	if (unlikely(!q))
		return tunx_net_xmit_drop(xd, 0, skb, SKB_DROP_REASON_DEV_READY);
	if (unlikely(skb_orphan_frags_rx(skb, GFP_ATOMIC)))
		return tunx_net_xmit_drop(xd, slot, skb, SKB_DROP_REASON_SKB_UCOPY_FAULT);

	/*
	 * The frame may wait in the ring for as long as the reader likes: let
	 * go of the sender's buffer space and of the connection entry now.
	 */
	skb_tx_timestamp(skb);
	skb_orphan(skb);
	nf_reset_ct(skb);

	if (unlikely(tunx_queue_produce(q, skb)))
		return tunx_net_xmit_drop(xd, slot, skb, SKB_DROP_REASON_FULL_RING);

	/* The core does not do it for lockless devices; bonding looks at it */
	txq_trans_cond_update(netdev_get_tx_queue(dev, slot));
	tunx_queue_wake(q);
	return NETDEV_TX_OK;
}
