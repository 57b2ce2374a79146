// SPDX-License-Identifier: GPL-2.0
/*
 * queue_napi.c - frames on their way to the stack through NAPI (IFF_NAPI)
 *
 * A writer puts its frame on the queue's rx list and schedules NAPI; the poll
 * hands the list to GRO, which merges the segments of a flow. The instance has
 * an id: busy polling and threaded NAPI work.
 *
 * A lone frame has nothing to merge with. When neither the list nor GRO holds
 * another one, the writer takes the place of the poll and hands its frame to
 * the stack itself: the same result without the way through a softirq.
 *
 * A queue with a shared ring to the stack has NAPI, too, which reads that ring.
 *
 * The list serves a second purpose: without NAPI, an in-kernel writer that has
 * more to come may hold frames back there (ethtool -C rx-frames).
 */
#include <linux/netdevice.h>
#include <linux/netpoll.h>
#include <linux/skbuff.h>
#include <net/busy_poll.h>

#include "queue_ring.h"
#include "tunx.h"

static int tunx_queue_napi_poll(struct napi_struct *napi, int budget)
{
	struct tunx_queue *q = container_of(napi, struct tunx_queue, napi);
	struct sk_buff_head todo;
	struct sk_buff *skb;
	int done = 0;

	__skb_queue_head_init(&todo);
	spin_lock(&q->rx_list.lock);
	skb_queue_splice_tail_init(&q->rx_list, &todo);
	spin_unlock(&q->rx_list.lock);

	while (done < budget && (skb = __skb_dequeue(&todo))) {
		/* Else GRO may merge the frame and forget its owner */
		skb->slow_gro = 1;
		napi_gro_receive(napi, skb);
		done++;
	}
	if (!skb_queue_empty(&todo)) {
		spin_lock(&q->rx_list.lock);
		skb_queue_splice(&todo, &q->rx_list);
		spin_unlock(&q->rx_list.lock);
	}
	if (done < budget && tunx_queue_ring_to_stack(q) &&
	    /* Acquire: the index is that of this slot, and not of a former one */
	    smp_load_acquire(&q->state) == TUNX_QUEUE_ATTACHED)
		done += q->shared->receive(q, budget - done);
	if (done < budget)
		napi_complete_done(napi, done);
	return done;
}

/**
 * tunx_queue_napi_add - a queue is being attached
 * @xd: device
 * @q: queue with its flags set
 *
 * Context: process, RTNL.
 */
void tunx_queue_napi_add(struct tunx_dev *xd, struct tunx_queue *q)
{
	if (!(q->flags & TUNX_Q_NAPI))
		return;
	netif_napi_add(xd->netdev, &q->napi, tunx_queue_napi_poll);
	napi_enable(&q->napi);
}

/**
 * tunx_queue_napi_stop - no frame goes to the stack by NAPI any more
 * @xd: device
 * @q: queue that just left state ATTACHED
 *
 * Writers look at the state under the list's lock, so that none adds a frame
 * after this.
 *
 * Context: process, RTNL.
 */
void tunx_queue_napi_stop(struct tunx_dev *xd, struct tunx_queue *q)
{
	struct sk_buff *skb;

	if (q->flags & TUNX_Q_NAPI)
		napi_disable(&q->napi);
	while ((skb = skb_dequeue(&q->rx_list))) {
		kfree_skb(skb);
		tunx_stats_inc(xd, q->index, rx_purged);
	}
}

/**
 * tunx_queue_napi_start - undo tunx_queue_napi_stop()
 * @q: queue about to enter state ATTACHED again
 *
 * Context: process, RTNL.
 */
void tunx_queue_napi_start(struct tunx_queue *q)
{
	if (q->flags & TUNX_Q_NAPI)
		napi_enable(&q->napi);
}

/**
 * tunx_queue_napi_del - the queue leaves its device
 * @q: queue whose NAPI is stopped
 *
 * Context: process, RTNL.
 */
void tunx_queue_napi_del(struct tunx_queue *q)
{
	if (q->flags & TUNX_Q_NAPI)
		netif_napi_del(&q->napi);
}

/**
 * tunx_queue_is_attached - has the queue still its slot of this device
 * @q: queue
 * @xd: the device the caller holds
 *
 * The answer stays true as long as the caller holds rx_list.lock or owns the NAPI
 * instance: who takes the slot away waits for both.
 *
 * Context: any.
 * Return: whether it has.
 */
bool tunx_queue_is_attached(const struct tunx_queue *q, const struct tunx_dev *xd)
{
	return READ_ONCE(q->state) == TUNX_QUEUE_ATTACHED &&
	       rcu_access_pointer(q->xd) == xd;
}

/* May the writer, who owns the instance, do without the poll? */
static bool tunx_queue_napi_alone(const struct tunx_queue *q)
{
	return skb_queue_empty_lockless(&q->rx_list) && compat_napi_gro_idle(&q->napi) &&
	       !test_bit(NAPI_STATE_THREADED, &q->napi.state);
}

/*
 * In the place of the poll. Who owns the instance is attached: whoever takes the
 * slot away stops the instance first, and waits for its owner.
 */
static void tunx_queue_napi_inline(struct tunx_queue *q, struct sk_buff *skb)
{
	void *have = netpoll_poll_lock(&q->napi);

	skb_mark_napi_id(skb, &q->napi);
	netif_receive_skb(skb);
	/* Schedules the poll if another writer came meanwhile */
	napi_complete(&q->napi);
	netpoll_poll_unlock(have);
}

/**
 * tunx_queue_napi_receive - a written frame goes to NAPI
 * @q: queue with TUNX_Q_NAPI
 * @xd: the device the caller holds
 * @skb: frame, taken on success
 * @more: the writer has more to come
 *
 * Context: BH off.
 * Return: 0, or -EBUSY when the queue is not attached.
 */
int tunx_queue_napi_receive(struct tunx_queue *q, struct tunx_dev *xd,
			    struct sk_buff *skb, bool more)
{
	unsigned int waiting;
	bool owner = !more && napi_schedule_prep(&q->napi);

	if (owner && likely(tunx_queue_is_attached(q, xd) && tunx_queue_napi_alone(q))) {
		tunx_queue_napi_inline(q, skb);
		return 0;
	}
	spin_lock(&q->rx_list.lock);
	if (unlikely(!tunx_queue_is_attached(q, xd))) {
		spin_unlock(&q->rx_list.lock);
		if (owner)
			napi_complete(&q->napi);
		return -EBUSY;
	}
	__skb_queue_tail(&q->rx_list, skb);
	waiting = skb_queue_len(&q->rx_list);
	spin_unlock(&q->rx_list.lock);

	if (owner)
		__napi_schedule(&q->napi);
	else if (!more || waiting > NAPI_POLL_WEIGHT)
		napi_schedule(&q->napi);
	return 0;
}

/**
 * tunx_queue_napi_frags - a frame written in pieces goes to GRO
 * @q: queue with TUNX_Q_FRAGS
 * @xd: the device the caller holds
 * @skb: frame, taken on success
 *
 * Context: napi_mutex, BH off.
 * Return: 0, or -EBUSY when the queue is not attached, or NAPI is polling.
 */
int tunx_queue_napi_frags(struct tunx_queue *q, struct tunx_dev *xd,
			  struct sk_buff *skb)
{
	int err = 0;

	if (!napi_schedule_prep(&q->napi))
		return -EBUSY;
	if (likely(tunx_queue_is_attached(q, xd))) {
		/* GRO may have left a used frame there for the next one */
		napi_free_frags(&q->napi);
		q->napi.skb = skb;
		napi_gro_frags(&q->napi);
	} else {
		err = -EBUSY;
	}
	napi_complete(&q->napi);
	return err;
}

/**
 * tunx_queue_napi_kick - the writer that had more to come has no more
 * @q: queue with TUNX_Q_NAPI
 * @xd: the device the caller holds
 *
 * Context: BH off.
 */
void tunx_queue_napi_kick(struct tunx_queue *q, struct tunx_dev *xd)
{
	spin_lock(&q->rx_list.lock);
	if (tunx_queue_is_attached(q, xd) && !skb_queue_empty(&q->rx_list))
		napi_schedule(&q->napi);
	spin_unlock(&q->rx_list.lock);
}

/**
 * tunx_queue_napi_run - poll right here, unless somebody else does
 * @q: queue with TUNX_Q_NAPI
 * @xd: the device the caller holds
 *
 * After a poll's worth the softirq goes on, which knows when it is enough.
 *
 * Context: process.
 */
void tunx_queue_napi_run(struct tunx_queue *q, struct tunx_dev *xd)
{
	struct napi_struct *napi = &q->napi;
	void *have;
	int done;

	/* BH off: who takes the slot away waits for us */
	local_bh_disable();
	if (!tunx_queue_is_attached(q, xd) || !napi_schedule_prep(napi))
		goto out;
	done = NAPI_POLL_WEIGHT;
	if (!test_bit(NAPI_STATE_THREADED, &napi->state)) {
		have = netpoll_poll_lock(napi);
		done = tunx_queue_napi_poll(napi, NAPI_POLL_WEIGHT);
		netpoll_poll_unlock(have);
	}
	if (done == NAPI_POLL_WEIGHT)
		__napi_schedule(napi);
out:
	local_bh_enable();
}

/**
 * tunx_queue_batch - hold a frame back, or give all that were held
 * @q: queue without TUNX_Q_NAPI
 * @xd: the device the caller holds
 * @skb: frame, taken
 * @most: frames to hold at most; 0 when the writer has no more to come
 * @ready: gets the frames to deliver now, in order; initialised by the caller
 *
 * A queue without a slot holds nothing back: nobody would ever deliver it.
 *
 * Context: BH off.
 */
void tunx_queue_batch(struct tunx_queue *q, struct tunx_dev *xd,
		      struct sk_buff *skb, unsigned int most,
		      struct sk_buff_head *ready)
{
	if (!most && skb_queue_empty_lockless(&q->rx_list)) {
		__skb_queue_tail(ready, skb);
		return;
	}
	spin_lock(&q->rx_list.lock);
	__skb_queue_tail(&q->rx_list, skb);
	if (skb_queue_len(&q->rx_list) > most || !tunx_queue_is_attached(q, xd))
		skb_queue_splice_tail_init(&q->rx_list, ready);
	spin_unlock(&q->rx_list.lock);
}
