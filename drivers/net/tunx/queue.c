// SPDX-License-Identifier: GPL-2.0
/*
 * queue.c - what lies between the halves: one queue per open file
 *
 * The ring carries frames from the stack to the reader. It is the kernel's
 * ptr_ring, sized by the device's txqueuelen: producers (the stack, BH off)
 * meet at producer_lock, consumers (readers) at consumer_lock, and the two
 * sides share nothing but the slots. A full ring drops, it never blocks.
 *
 * Readers, writers and pollers sleep on one wait queue, q->socket.wq.wait.
 */
#include <linux/cred.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>

#include "tunx.h"

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
 *
 * Context: process, may sleep.
 * Return: a queue in state FREE, or NULL when out of memory.
 */
struct tunx_queue *tunx_queue_open(struct net *net, struct file *file)
{
	struct tunx_queue *q;
	struct sock *sk;

	sk = sk_alloc(net, AF_UNSPEC, GFP_KERNEL, &tunx_queue_proto, 0);
	if (!sk)
		return NULL;
	q = tunx_queue_of(sk);
	if (ptr_ring_init(&q->ring, 0, GFP_KERNEL)) {
		sk_free(sk);
		return NULL;
	}

	init_waitqueue_head(&q->socket.wq.wait);
	q->socket.file = file;
	/* The opener owns the frames, not the node's owner (CVE-2023-1076) */
	sock_init_data_uid(&q->socket, sk, current_fsuid());
	sk->sk_write_space = tunx_queue_write_space;
	sk->sk_sndbuf = INT_MAX;
	INIT_LIST_HEAD(&q->disabled);
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
	tunx_queue_purge(q);
	ptr_ring_cleanup(&q->ring, NULL);
	sock_put(&q->sk);
}

/**
 * tunx_queue_dev_get - take the device of a queue for one file operation
 * @q: queue
 *
 * Holding the netdev makes its deletion wait for the operation; the operation
 * must therefore not sleep without watching q->xd.
 *
 * Context: any.
 * Return: the device, to be released by tunx_queue_dev_put(), or NULL when the
 * queue has none.
 */
struct tunx_dev *tunx_queue_dev_get(struct tunx_queue *q)
{
	struct tunx_dev *xd;

	rcu_read_lock();
	xd = rcu_dereference(q->xd);
	if (xd)
		dev_hold(xd->netdev);
	rcu_read_unlock();
	return xd;
}

/**
 * tunx_queue_dev_put - release what tunx_queue_dev_get() took
 * @xd: device
 *
 * Context: any.
 */
void tunx_queue_dev_put(struct tunx_dev *xd)
{
	dev_put(xd->netdev);
}

/**
 * tunx_queue_produce - put a frame at the tail of the ring
 * @q: queue
 * @skb: frame, belongs to the ring on success
 *
 * Context: BH off.
 * Return: 0, or -ENOSPC when the ring is full.
 */
int tunx_queue_produce(struct tunx_queue *q, struct sk_buff *skb)
{
	return ptr_ring_produce(&q->ring, skb);
}

/**
 * tunx_queue_consume - take the frame at the head of the ring
 * @q: queue
 * @xd: the device the caller holds
 * @noblock: do not wait for a frame
 *
 * Readers wait exclusively: a frame wakes one of them.
 *
 * Context: process, sleeps unless @noblock.
 * Return: the frame, or -EAGAIN (none there, @noblock), -ERESTARTSYS (signal),
 * -EBADFD (the device was deleted meanwhile).
 */
struct sk_buff *tunx_queue_consume(struct tunx_queue *q, struct tunx_dev *xd,
				   bool noblock)
{
	struct sk_buff *skb = ptr_ring_consume(&q->ring);
	int err;

	if (skb)
		return skb;
	if (noblock)
		return ERR_PTR(-EAGAIN);

	err = wait_event_interruptible_exclusive(q->socket.wq.wait,
						 (skb = ptr_ring_consume(&q->ring)) ||
						 rcu_access_pointer(q->xd) != xd);
	if (skb)
		return skb;
	return ERR_PTR(err ? err : -EBADFD);
}

static void tunx_queue_free_frame(void *frame)
{
	kfree_skb(frame);
}

/**
 * tunx_queue_purge - drop all frames of the ring
 * @q: queue that no producer can reach
 *
 * Context: process.
 */
void tunx_queue_purge(struct tunx_queue *q)
{
	void *frame;

	while ((frame = ptr_ring_consume(&q->ring)))
		tunx_queue_free_frame(frame);
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
			       GFP_KERNEL_ACCOUNT, tunx_queue_free_frame);
}

/**
 * tunx_queue_resize_all - follow a change of txqueuelen
 * @xd: device
 *
 * All rings change or none does. What a shorter ring cannot hold is dropped.
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
	err = ptr_ring_resize_multiple_bh(rings, n, xd->netdev->tx_queue_len,
					  GFP_KERNEL_ACCOUNT, tunx_queue_free_frame);
	kfree(rings);
	return err;
}

/**
 * tunx_queue_wake - tell the char half that a frame is in the ring
 * @q: queue
 *
 * Wakes for every frame, not only for the first one in an empty ring.
 * ABI: edge-triggered epoll users expect an event per frame.
 *
 * Context: any.
 */
void tunx_queue_wake(struct tunx_queue *q)
{
	if (READ_ONCE(q->fasync_on))
		kill_fasync(&q->fasync, SIGIO, POLL_IN);
	q->sk.sk_data_ready(&q->sk);
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
