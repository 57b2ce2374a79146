// SPDX-License-Identifier: GPL-2.0
/*
 * net_tx.c - stack to queue, in the order a frame meets it
 *
 * Context: BH off, inside the stack's RCU read section, no tx lock.
 */
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <net/pkt_sched.h>

#include "queue_ring.h"
#include "trace.h"
#include "tunx.h"

static noinline netdev_tx_t tunx_net_xmit_drop(struct tunx_dev *xd, unsigned int slot,
					       struct sk_buff *skb,
					       enum skb_drop_reason reason)
{
	tunx_stats_inc(xd, slot, tx_dropped);
	if (reason == SKB_DROP_REASON_FULL_RING)
		tunx_stats_inc(xd, slot, tx_full);
	trace_tunx_drop(xd->netdev, slot, skb, skb->len, reason);
	skb_tx_error(skb);
	kfree_skb_reason(skb, reason);
	return NET_XMIT_DROP;
}

/* The txq to stop when the ring is full: one that has a place to wait in */
static struct netdev_queue *tunx_net_xmit_stoppable(const struct tunx_dev *xd,
						    struct netdev_queue *txq)
{
	return netif_running(xd->netdev) && !qdisc_txq_has_no_queue(txq) ? txq : NULL;
}

static struct netdev_queue *tunx_net_xmit_txq(const struct tunx_dev *xd,
					      struct netdev_queue *txq)
{
	if (likely(!(READ_ONCE(xd->flags) & TUNX_F_BACKPRESSURE)))
		return NULL;
	return tunx_net_xmit_stoppable(xd, txq);
}

/**
 * tunx_net_xmit_review - a filter or the hash to report may have changed
 * @xd: device
 *
 * Most devices have none of them, and ask once instead of four times.
 *
 * Context: process, RTNL, after the change.
 */
void tunx_net_xmit_review(struct tunx_dev *xd)
{
	bool extra = rcu_access_pointer(xd->mac_filter) ||
		     rcu_access_pointer(xd->classic_prog) ||
		     rcu_access_pointer(xd->filter_prog) ||
		     rcu_access_pointer(xd->report);

	WRITE_ONCE(xd->tx_extra, extra);
}

/* What few devices have; true: a filter does not want the frame */
static noinline bool tunx_net_xmit_extra(struct tunx_dev *xd, struct tunx_queue *q,
					 struct sk_buff *skb)
{
	unsigned int slot = skb_get_queue_mapping(skb);
	enum skb_drop_reason reason = tunx_net_filter(xd, q, skb);
	const struct tunx_hash_conf *conf;

	if (reason) {
		tunx_stats_inc(xd, slot, tx_filtered);
		tunx_net_xmit_drop(xd, slot, skb, reason);
		return true;
	}
	conf = rcu_dereference_bh(xd->report);
	if (conf)
		tunx_net_hash_mark(conf, skb);
	return false;
}

/*
 * Into a ring that a program shares. The frame is copied here and now: its sender
 * need not let go of anything first, and who waits for room waits in a qdisc, with
 * IFF_BACKPRESSURE and without.
 */
static noinline netdev_tx_t tunx_net_xmit_shared(struct tunx_dev *xd, struct tunx_queue *q,
						 struct sk_buff *skb,
						 struct netdev_queue *txq)
{
	unsigned int slot = skb_get_queue_mapping(skb);
	int ret;

	skb_tx_timestamp(skb);
	trace_tunx_enqueue(xd->netdev, slot, skb, skb->len);
	ret = tunx_queue_ring_put(q, xd, skb, tunx_net_xmit_stoppable(xd, txq));
	if (unlikely(ret < 0))
		return tunx_net_xmit_drop(xd, slot, skb, ret == -ENOSPC ?
					  SKB_DROP_REASON_FULL_RING :
					  SKB_DROP_REASON_NOT_SPECIFIED);
	if (unlikely(ret > 0))
		tunx_stats_inc(xd, slot, tx_stops);
	dev_consume_skb_any(skb);
	txq_trans_cond_update(txq);
	return NETDEV_TX_OK;
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
	struct netdev_queue *txq = skb_get_tx_queue(dev, skb);
	struct tunx_dev *xd = netdev_priv(dev);
	struct tunx_queue *q;
	int ret;

	q = rcu_dereference_bh(xd->slot[skb_get_queue_mapping(skb)].queue);
	/* Slot 0 counts for frames that found no queue: it has been used, always */
	if (unlikely(!q))
		return tunx_net_xmit_drop(xd, 0, skb, SKB_DROP_REASON_DEV_READY);
	tunx_cb(skb)->report = VIRTIO_NET_HASH_REPORT_NONE;
	if (unlikely(READ_ONCE(xd->tx_extra)) && tunx_net_xmit_extra(xd, q, skb))
		return NET_XMIT_DROP;
	if (tunx_queue_ring_to_user(q))
		return tunx_net_xmit_shared(xd, q, skb, txq);
	if (unlikely(skb_orphan_frags_rx(skb, GFP_ATOMIC)))
		return tunx_net_xmit_drop(xd, skb_get_queue_mapping(skb), skb,
					  SKB_DROP_REASON_SKB_UCOPY_FAULT);

	/*
	 * The frame may wait in the ring for as long as the reader likes: let
	 * go of the sender's buffer space and of the connection entry now.
	 */
	skb_tx_timestamp(skb);
	skb_orphan(skb);
	nf_reset_ct(skb);

	/* Once in the ring, the frame is the reader's */
	trace_tunx_enqueue(dev, skb_get_queue_mapping(skb), skb, skb->len);
	ret = tunx_queue_produce(q, skb, tunx_net_xmit_txq(xd, txq));
	if (unlikely(ret < 0))
		return tunx_net_xmit_drop(xd, skb_get_queue_mapping(skb), skb,
					  SKB_DROP_REASON_FULL_RING);
	if (unlikely(ret > 0))
		tunx_stats_inc(xd, txq - dev->_tx, tx_stops);

	/* The core does not do it for lockless devices; bonding looks at it */
	txq_trans_cond_update(txq);
	return NETDEV_TX_OK;
}
