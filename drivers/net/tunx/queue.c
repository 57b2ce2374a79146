// SPDX-License-Identifier: GPL-2.0
/*
 * queue.c - what lies between the halves: one queue per open file
 *
 * The ring carries frames from the stack to the reader. It is the kernel's
 * ptr_ring, sized by the device's txqueuelen: producers (the stack, BH off)
 * meet at producer_lock, consumers (readers) at consumer_lock, and the two
 * sides share nothing but the slots. An entry is a socket buffer or, with its
 * lowest bit set, an XDP frame (<linux/if_tun.h>).
 * ABI: vhost_net consumes from the ring itself, so ring and entries are as
 * stock has them.
 *
 * A full ring drops. With IFF_BACKPRESSURE it stops the sender's queue (txq)
 * instead, and whoever makes room starts it again:
 *
 *   producer                              consumer
 *     put the last entry                    take an entry
 *     if (now full)                         smp_mb()                     (B)
 *         stop txq                          if (txq is stopped and
 *         smp_mb()               (A)            half of the ring is free)
 *         if (room again)                       start txq
 *             start txq
 *
 * (A) pairs with (B): without both, the producer may see the ring full while
 * the consumer sees the txq running, and nobody ever starts it again. Every
 * change of attachment or of the ring's size starts the txq, too.
 *
 * Readers, writers and pollers sleep on one wait queue, q->socket.wq.wait.
 */
#include <linux/cred.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <net/xdp.h>

#include "queue_ring.h"
#include "tunx.h"

/*
 * A ring can be large. A user whose memory cgroup has no room for it gets an error,
 * and nobody is killed for it.
 */
#define TUNX_QUEUE_GFP	(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

static struct proto tunx_queue_proto = {
	.name		= TUNX_KIND,
	.owner		= THIS_MODULE,
	.obj_size	= sizeof(struct tunx_queue),
};

static struct tunx_queue *tunx_queue_of(struct sock *sk)
{
	return container_of(sk, struct tunx_queue, sk);
}

/*
 * Whoever waits for room set one of the two bits first: poll()
 * SOCKWQ_ASYNC_NOSPACE, a blocked writer SOCK_NOSPACE.
 */
static void tunx_queue_write_space(struct sock *sk)
{
	struct tunx_queue *q = tunx_queue_of(sk);
	unsigned long *bits = &q->socket.flags;
	bool waiting = false;

	if (test_bit(SOCKWQ_ASYNC_NOSPACE, bits) && sock_writeable(sk))
		waiting |= test_and_clear_bit(SOCKWQ_ASYNC_NOSPACE, bits);
	if (test_bit(SOCK_NOSPACE, bits) && tunx_queue_has_room(q))
		waiting |= test_and_clear_bit(SOCK_NOSPACE, bits);
	if (!waiting)
		return;
	wake_up_interruptible_poll(&q->socket.wq.wait,
				   EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
	if (READ_ONCE(q->fasync_on))
		kill_fasync(&q->fasync, SIGIO, POLL_OUT);
}

/**
 * tunx_queue_open - make the queue of a freshly opened file
 * @net: the opener's network namespace, held as long as the queue lives
 * @file: the file
 * @ops: what in-kernel users call
 *
 * Context: process, may sleep.
 * Return: a queue in state FREE, or NULL when out of memory.
 */
struct tunx_queue *tunx_queue_open(struct net *net, struct file *file,
				   const struct proto_ops *ops)
{
	struct tunx_queue *q;
	struct sock *sk;

	sk = sk_alloc(net, AF_UNSPEC, GFP_KERNEL_ACCOUNT, &tunx_queue_proto, 0);
	if (!sk)
		return NULL;
	q = tunx_queue_of(sk);
	if (ptr_ring_init(&q->ring, 0, GFP_KERNEL)) {
		sk_free(sk);
		return NULL;
	}

	init_waitqueue_head(&q->socket.wq.wait);
	q->socket.file = file;
	q->socket.ops = ops;
	/* The opener owns the frames, not the node's owner (CVE-2023-1076) */
	sock_init_data_uid(&q->socket, sk, current_fsuid());
	sk->sk_write_space = tunx_queue_write_space;
	sk->sk_sndbuf = INT_MAX;
	/* vhost_net may hand us pages of its guest */
	sock_set_flag(sk, SOCK_ZEROCOPY);
	INIT_LIST_HEAD(&q->disabled);
	mutex_init(&q->napi_mutex);
	skb_queue_head_init(&q->rx_list);
	return q;
}

/**
 * tunx_queue_free - give up a released queue
 * @q: queue without a device
 *
 * Frames in the stack's hands still point at the sock; the last of them frees
 * it.
 *
 * Context: process.
 */
void tunx_queue_free(struct tunx_queue *q)
{
	/* ABI: vhost_net puts back what it has not used, also after a purge */
	ptr_ring_cleanup(&q->ring, tunx_queue_free_frame);
	tunx_queue_ring_free(q->shared);
	sock_put(&q->sk);
}

/* Is there room for one more? Under the producer's lock, or as a guess */
static bool tunx_queue_full(struct ptr_ring *ring)
{
	return !ring->size || READ_ONCE(ring->queue[READ_ONCE(ring->producer)]);
}

/**
 * tunx_queue_stop_sender - stop a sender whose frame was the last that fits
 * @q: queue
 * @txq: where the frame came from
 * @ret: what putting it into the ring gave
 *
 * Also when somebody started the sender too early: it shall not go on.
 *
 * Context: ring.producer_lock.
 * Return: 1 when @txq was stopped and the frame is in the ring, else @ret.
 */
int tunx_queue_stop_sender(struct tunx_queue *q, struct netdev_queue *txq, int ret)
{
	if (!q->ring.size || !tunx_queue_full(&q->ring))
		return ret;
	netif_tx_stop_queue(txq);
	smp_mb(); /* (A) */
	if (tunx_queue_full(&q->ring))
		return ret ? ret : 1;
	netif_tx_wake_queue(txq);
	return ret;
}

/**
 * tunx_queue_produce_bulk - put XDP frames at the tail of the ring
 * @q: queue
 * @xd: its device
 * @frames: XDP frames, those put belong to the ring
 * @n: their number
 *
 * Context: BH off, RCU.
 * Return: how many were put.
 */
int tunx_queue_produce_bulk(struct tunx_queue *q, struct tunx_dev *xd,
			    struct xdp_frame **frames, int n)
{
	int i;

	if (tunx_queue_ring_to_user(q))
		return tunx_queue_ring_put_xdp(q, xd, frames, n);
	spin_lock(&q->ring.producer_lock);
	for (i = 0; i < n; i++)
		if (__ptr_ring_produce(&q->ring, tun_xdp_to_ptr(frames[i])))
			break;
	spin_unlock(&q->ring.producer_lock);
	return i;
}

/*
 * Is no more than half of the ring in use? Entries stand in a row from the
 * head, so one slot tells. Those before the head that are not given back yet,
 * less than half of the ring, do not reach that slot.
 */
static bool tunx_queue_half_free(struct ptr_ring *ring)
{
	unsigned int slot = ring->consumer_head + DIV_ROUND_UP(ring->size, 2);

	return !ring->size || !READ_ONCE(ring->queue[slot % ring->size]);
}

/**
 * tunx_queue_made_room - start a sender that a full ring has stopped
 * @q: queue
 * @xd: its device, with TUNX_F_BACKPRESSURE
 *
 * To be called when entries were taken, at any time after that. Waits until
 * half of the ring is free: a sender started for each frame would be stopped
 * after each frame.
 *
 * Context: ring.consumer_lock.
 */
void tunx_queue_made_room(struct tunx_queue *q, struct tunx_dev *xd)
{
	unsigned int slot = tunx_queue_slot(q, xd);
	struct netdev_queue *txq = netdev_get_tx_queue(xd->netdev, slot);

	smp_mb(); /* (B) */
	if (!netif_tx_queue_stopped(txq) || !tunx_queue_half_free(&q->ring))
		return;
	/* The slot may have moved on: only its present owner may start it */
	if (READ_ONCE(q->state) == TUNX_QUEUE_ATTACHED) {
		netif_tx_wake_queue(txq);
		tunx_stats_inc(xd, slot, tx_wakes);
	}
}

/**
 * tunx_queue_consume_bulk - take frames from the head of the ring
 * @q: queue
 * @xd: the device the caller holds
 * @frame: gets the ring's entries
 * @n: how many at most
 * @around: bytes that each needs beside its own, to the next multiple of 8
 * @room: bytes for all of them
 *
 * Context: process.
 * Return: how many, or -EAGAIN (none there) or -EMSGSIZE (no room for the first).
 */
int tunx_queue_consume_bulk(struct tunx_queue *q, struct tunx_dev *xd, void **frame,
			    unsigned int n, size_t around, size_t room)
{
	unsigned int done = 0;
	void *next = NULL;
	size_t need;

	spin_lock(&q->ring.consumer_lock);
	while (done < n && (next = __ptr_ring_peek(&q->ring))) {
		need = ALIGN(tunx_queue_frame_len(next) + around, 8);
		if (need > room)
			break;
		room -= need;
		__ptr_ring_discard_one(&q->ring);
		frame[done++] = next;
	}
	if (unlikely(READ_ONCE(xd->flags) & TUNX_F_BACKPRESSURE) && done)
		tunx_queue_made_room(q, xd);
	spin_unlock(&q->ring.consumer_lock);
	if (likely(done))
		return done;
	return next ? -EMSGSIZE : -EAGAIN;
}

/**
 * tunx_queue_wait_any - sleep until there is a frame
 * @q: queue
 * @xd: the device the caller holds
 *
 * Another reader may take it before the caller does.
 *
 * Context: process, sleeps.
 * Return: 0, -ERESTARTSYS (signal) or -EBADFD (the device was deleted).
 */
int tunx_queue_wait_any(struct tunx_queue *q, struct tunx_dev *xd)
{
	int err;

	err = wait_event_interruptible_exclusive(q->socket.wq.wait,
						 !ptr_ring_empty(&q->ring) ||
						 rcu_access_pointer(q->xd) != xd);
	if (err)
		return err;
	return rcu_access_pointer(q->xd) == xd ? 0 : -EBADFD;
}

/**
 * tunx_queue_wait_frame - sleep until there is a frame, and take it
 * @q: queue
 * @xd: the device the caller holds
 *
 * Readers wait exclusively: a frame wakes one of them.
 *
 * Context: process, sleeps.
 * Return: as tunx_queue_consume().
 */
void *tunx_queue_wait_frame(struct tunx_queue *q, struct tunx_dev *xd)
{
	void *frame = ERR_PTR(-EBADFD);
	int err;

	err = wait_event_interruptible_exclusive(q->socket.wq.wait,
						 rcu_access_pointer(q->xd) != xd ||
						 !IS_ERR(frame = tunx_queue_consume(q, xd, true)));
	if (!IS_ERR(frame))
		return frame;
	return ERR_PTR(err ? err : -EBADFD);
}

/**
 * tunx_queue_free_frame - drop an entry of a ring
 * @frame: entry, or NULL
 *
 * Context: any.
 */
void tunx_queue_free_frame(void *frame)
{
	if (tun_is_xdp_frame(frame))
		xdp_return_frame(tun_ptr_to_xdp(frame));
	else
		kfree_skb(frame);
}

/**
 * tunx_queue_purge - drop all frames of the ring
 * @xd: device the queue is leaving
 * @q: queue that no producer can reach
 *
 * Context: process.
 */
void tunx_queue_purge(struct tunx_dev *xd, struct tunx_queue *q)
{
	void *frame;

	while ((frame = ptr_ring_consume(&q->ring))) {
		tunx_queue_free_frame(frame);
		tunx_stats_inc(xd, q->index, tx_purged);
	}
}

/**
 * tunx_queue_start_senders - start all tx queues, whatever stopped them
 * @xd: device
 *
 * Context: process, RTNL.
 */
void tunx_queue_start_senders(struct tunx_dev *xd)
{
	if (netif_running(xd->netdev))
		netif_tx_wake_all_queues(xd->netdev);
}

/**
 * tunx_queue_resize - size a ring by its device's txqueuelen
 * @q: queue without a slot
 * @xd: device it is going to
 *
 * The ring is charged to the caller's memory cgroup.
 *
 * Context: process, RTNL.
 * Return: 0 or -ENOMEM.
 */
int tunx_queue_resize(struct tunx_queue *q, struct tunx_dev *xd)
{
	return ptr_ring_resize(&q->ring, xd->netdev->tx_queue_len,
			       TUNX_QUEUE_GFP, tunx_queue_free_frame);
}

/* Frames the resize under way could not keep; RTNL */
static unsigned int tunx_queue_cut;

static void tunx_queue_cut_frame(void *frame)
{
	tunx_queue_cut++;
	tunx_queue_free_frame(frame);
}

/**
 * tunx_queue_resize_all - follow a change of txqueuelen
 * @xd: device
 *
 * All rings change or none does. What a shorter ring cannot hold is dropped;
 * slot 0 counts for all.
 *
 * Context: process, RTNL.
 * Return: 0 or -ENOMEM.
 */
int tunx_queue_resize_all(struct tunx_dev *xd)
{
	unsigned int i, n = xd->nr_queues + xd->nr_disabled;
	struct ptr_ring **rings;
	struct tunx_queue *q;
	int err;

	if (!n)
		return 0;
	rings = kmalloc_array(n, sizeof(*rings), GFP_KERNEL);
	if (!rings)
		return -ENOMEM;

	for (i = 0; i < xd->nr_queues; i++)
		rings[i] = &rtnl_dereference(xd->slot[i].queue)->ring;
	list_for_each_entry(q, &xd->disabled, disabled)
		rings[i++] = &q->ring;
	tunx_queue_cut = 0;
	err = ptr_ring_resize_multiple_bh(rings, n, xd->netdev->tx_queue_len,
					  TUNX_QUEUE_GFP, tunx_queue_cut_frame);
	kfree(rings);
	tunx_stats_add(xd, 0, tx_purged, tunx_queue_cut);
	tunx_queue_start_senders(xd);
	return err;
}

/**
 * tunx_queue_wake_writers - tell the char half that it may write again
 * @q: queue
 *
 * The stack freed frames, the limit changed or the device came up. Nothing
 * happens unless somebody asked to be told.
 *
 * Context: any.
 */
void tunx_queue_wake_writers(struct tunx_queue *q)
{
	q->sk.sk_write_space(&q->sk);
}

/**
 * tunx_queue_wake_all - wake everybody: the queue lost its device
 * @q: queue
 *
 * Context: any.
 */
void tunx_queue_wake_all(struct tunx_queue *q)
{
	wake_up_all(&q->socket.wq.wait);
}

/**
 * tunx_queue_has_room - may another frame be written
 * @q: queue
 *
 * Context: any.
 * Return: whether the frames in the stack's hands are below TUNSETSNDBUF.
 */
bool tunx_queue_has_room(struct tunx_queue *q)
{
	return sk_wmem_alloc_get(&q->sk) < READ_ONCE(q->sk.sk_sndbuf);
}

/* Ask for the wake-up first, look afterwards, so that none is missed */
static bool tunx_queue_room_or_ask(struct tunx_queue *q)
{
	set_bit(SOCK_NOSPACE, &q->socket.flags);
	smp_mb__after_atomic(); /* pairs with the atomic release in sock_wfree() */
	return tunx_queue_has_room(q);
}

/**
 * tunx_queue_wait_room - sleep until the stack has freed enough frames
 * @q: queue
 * @xd: the device the caller holds
 *
 * Context: process, sleeps.
 * Return: 0, -ERESTARTSYS (signal) or -EBADFD (the device was deleted).
 */
int tunx_queue_wait_room(struct tunx_queue *q, struct tunx_dev *xd)
{
	int err;

	err = wait_event_interruptible(q->socket.wq.wait,
				       tunx_queue_room_or_ask(q) ||
				       rcu_access_pointer(q->xd) != xd);
	if (err)
		return err;
	return rcu_access_pointer(q->xd) == xd ? 0 : -EBADFD;
}
