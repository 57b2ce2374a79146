// SPDX-License-Identifier: GPL-2.0
/*
 * queue_attach.c - the states of a queue, one function per transition
 *
 * The only writer of tunx_dev.slot[].queue and tunx_queue.{xd,state,index}.
 * Everything here runs under RTNL. Transmitters read the slots under RCU; a
 * queue that left its slot is purged or freed only after synchronize_net().
 */
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <linux/security.h>

#include "queue_ring.h"
#include "trace.h"
#include "tunx.h"

/* Counters of a slot, made on first use and kept as long as the device */
static int tunx_queue_slot_stats(struct tunx_dev *xd, unsigned int i)
{
	struct tunx_stats __percpu *stats;

	if (i < xd->nr_counted)
		return 0;
	stats = alloc_percpu_gfp(struct tunx_stats, GFP_KERNEL_ACCOUNT);
	if (!stats)
		return -ENOMEM;
	xd->slot[i].stats = stats;
	/* Pairs with tunx_queue_slot() and with lockless readers of counters */
	smp_store_release(&xd->nr_counted, i + 1);
	return 0;
}

static void tunx_queue_limit(struct tunx_queue *q, int sndbuf)
{
	WRITE_ONCE(q->sk.sk_sndbuf, sndbuf);
	tunx_queue_wake_writers(q);
}

/*
 * How many queues the stack sees. It complains of a frame of a queue that is not
 * there, and a queue that has left may still write: receive queues only get more.
 */
static int tunx_queue_tell(struct tunx_dev *xd, unsigned int nr)
{
	unsigned int rx = nr;

	if (xd->netdev->reg_state == NETREG_REGISTERED)
		rx = max(rx, xd->netdev->real_num_rx_queues);
	return netif_set_real_num_queues(xd->netdev, nr, rx);
}

/* Take the first free slot. The stack learns of it last. */
static int tunx_queue_enter(struct tunx_dev *xd, struct tunx_queue *q)
{
	unsigned int i = xd->nr_queues;
	int err;

	err = tunx_queue_slot_stats(xd, i);
	if (err)
		return err;
	WRITE_ONCE(q->index, i);
	rcu_assign_pointer(xd->slot[i].queue, q);
	err = tunx_queue_tell(xd, i + 1);
	if (err) {
		RCU_INIT_POINTER(xd->slot[i].queue, NULL);
		return err;
	}
	WRITE_ONCE(xd->nr_queues, i + 1);
	q->xdp_rxq.queue_index = i;
	/* Release: NAPI, which may be polled already, sees the index, too */
	smp_store_release(&q->state, TUNX_QUEUE_ATTACHED);
	tunx_queue_limit(q, xd->sndbuf);
	trace_tunx_attach(xd->netdev, i, i + 1);
	tunx_queue_start_senders(xd);
	return 0;
}

/*
 * Leave a slot. The last queue moves into the hole: slots stay dense, and the
 * flows of the queue that moved move with it. The stack learns of it first.
 * ABI: without any queue the stack keeps its last count.
 */
static void tunx_queue_leave(struct tunx_dev *xd, struct tunx_queue *q)
{
	unsigned int i = q->index, last = xd->nr_queues - 1;
	struct tunx_queue *moved = rtnl_dereference(xd->slot[last].queue);

	WRITE_ONCE(xd->nr_queues, last);
	if (last)
		tunx_queue_tell(xd, last);
	if (moved != q) {
		WRITE_ONCE(moved->index, i);
		moved->xdp_rxq.queue_index = i;
		rcu_assign_pointer(xd->slot[i].queue, moved);
	}
	RCU_INIT_POINTER(xd->slot[last].queue, NULL);
	trace_tunx_detach(xd->netdev, i, last);
	tunx_queue_start_senders(xd);
	if (xd->flows)
		tunx_queue_flow_forget(xd->flows, i, last);
}

/* What a queue is to XDP programs; to vhost_net, how much headroom to leave */
static int tunx_queue_xdp_add(struct tunx_dev *xd, struct tunx_queue *q)
{
	int err;

	sock_valbool_flag(&q->sk, SOCK_XDP, !!rtnl_dereference(xd->xdp_prog));
	err = xdp_rxq_info_reg(&q->xdp_rxq, xd->netdev, xd->nr_queues,
			       q->flags & TUNX_Q_NAPI ? q->napi.napi_id : 0);
	if (err)
		return err;
	err = xdp_rxq_info_reg_mem_model(&q->xdp_rxq, MEM_TYPE_PAGE_SHARED, NULL);
	if (err)
		xdp_rxq_info_unreg(&q->xdp_rxq);
	return err;
}

/* The parts of a queue that exist only on a device */
static int tunx_queue_equip(struct tunx_dev *xd, struct tunx_queue *q)
{
	int err;

	tunx_queue_napi_add(xd, q);
	err = tunx_queue_xdp_add(xd, q);
	if (err) {
		tunx_queue_napi_stop(xd, q);
		tunx_queue_napi_del(q);
	}
	return err;
}

static void tunx_queue_strip(struct tunx_queue *q)
{
	tunx_queue_napi_del(q);
	xdp_rxq_info_unreg(&q->xdp_rxq);
}

static void tunx_queue_leave_disabled(struct tunx_dev *xd, struct tunx_queue *q)
{
	list_del_init(&q->disabled);
	WRITE_ONCE(xd->nr_disabled, xd->nr_disabled - 1);
}

/**
 * tunx_queue_attach - FREE or DEAD to ATTACHED
 * @xd: device, may not be registered yet
 * @q: queue without a device
 * @flags: TUNX_Q_*
 *
 * The file's operations do not see the device before tunx_queue_publish().
 *
 * Context: process, RTNL.
 * Return: 0, -EBUSY (single-queue device has its queue), -E2BIG (no slot
 * left), -EINVAL (IFF_NAPI_FRAGS and a shared ring), -ENOMEM, or what a security
 * module says.
 */
int tunx_queue_attach(struct tunx_dev *xd, struct tunx_queue *q,
		      unsigned int flags)
{
	int err;

	ASSERT_RTNL();
	err = security_tun_dev_attach(&q->sk, xd->security);
	if (err)
		return err;
	if (!(xd->flags & TUNX_F_MQ) && xd->nr_queues)
		return -EBUSY;
	if (xd->nr_queues + xd->nr_disabled >= xd->max_queues)
		return -E2BIG;
	if (tunx_queue_ring_to_stack(q)) {
		if (flags & TUNX_Q_FRAGS)
			return -EINVAL;
		flags |= TUNX_Q_NAPI;
	}
	err = tunx_queue_resize(q, xd);
	if (err)
		return err;
	q->sk.sk_shutdown = 0;
	WRITE_ONCE(q->flags, flags);
	err = tunx_queue_equip(xd, q);
	if (err)
		return err;
	err = tunx_queue_enter(xd, q);
	if (err) {
		tunx_queue_napi_stop(xd, q);
		tunx_queue_strip(q);
	}
	return err;
}

/**
 * tunx_queue_publish - show the file its device
 * @xd: registered device
 * @q: queue in state ATTACHED
 *
 * Context: process, RTNL.
 */
void tunx_queue_publish(struct tunx_dev *xd, struct tunx_queue *q)
{
	ASSERT_RTNL();
	rcu_assign_pointer(q->xd, xd);
	tunx_queue_ring_start(q);
}

/**
 * tunx_queue_disable - ATTACHED to DISABLED (TUNSETQUEUE, IFF_DETACH_QUEUE)
 * @xd: device
 * @q: its queue
 *
 * Context: process, RTNL.
 * Return: 0, or -EINVAL (not a multi-queue device, or not attached).
 */
int tunx_queue_disable(struct tunx_dev *xd, struct tunx_queue *q)
{
	ASSERT_RTNL();
	if (!(xd->flags & TUNX_F_MQ) || q->state != TUNX_QUEUE_ATTACHED)
		return -EINVAL;
	tunx_queue_leave(xd, q);
	list_add_tail(&q->disabled, &xd->disabled);
	WRITE_ONCE(xd->nr_disabled, xd->nr_disabled + 1);
	WRITE_ONCE(q->state, TUNX_QUEUE_DISABLED);
	tunx_queue_napi_stop(xd, q);
	tunx_queue_ring_stop(q);
	synchronize_net();
	tunx_queue_purge(xd, q);
	netdev_state_change(xd->netdev);
	return 0;
}

/**
 * tunx_queue_enable - DISABLED to ATTACHED (TUNSETQUEUE, IFF_ATTACH_QUEUE)
 * @xd: device
 * @q: its queue
 *
 * Context: process, RTNL.
 * Return: 0, -EINVAL (not disabled), -ENOMEM, or what a security module says.
 */
int tunx_queue_enable(struct tunx_dev *xd, struct tunx_queue *q)
{
	int err;

	ASSERT_RTNL();
	if (q->state != TUNX_QUEUE_DISABLED)
		return -EINVAL;
	err = security_tun_dev_attach_queue(xd->security);
	if (err)
		return err;
	tunx_queue_napi_start(q);
	WRITE_ONCE(q->flags, q->flags | TUNX_Q_FILTER);
	err = tunx_queue_enter(xd, q);
	if (err) {
		tunx_queue_napi_stop(xd, q);
		return err;
	}
	tunx_queue_leave_disabled(xd, q);
	tunx_queue_ring_start(q);
	netdev_state_change(xd->netdev);
	return 0;
}

/* To state DEAD: no new operation finds the device, sleeping ones wake up */
static void tunx_queue_kill(struct tunx_dev *xd, struct tunx_queue *q)
{
	bool attached = q->state == TUNX_QUEUE_ATTACHED;

	WRITE_ONCE(q->state, TUNX_QUEUE_DEAD);
	if (attached)
		tunx_queue_napi_stop(xd, q);
	tunx_queue_ring_stop(q);
	RCU_INIT_POINTER(q->xd, NULL);
	q->sk.sk_shutdown = SHUTDOWN_MASK;
	tunx_queue_wake_all(q);
}

/**
 * tunx_queue_kill_all - ATTACHED or DISABLED to DEAD: the device goes away
 * @xd: device being unregistered
 *
 * Context: process, RTNL.
 */
void tunx_queue_kill_all(struct tunx_dev *xd)
{
	struct tunx_queue *q, *next;
	LIST_HEAD(dead);
	unsigned int i, nr = xd->nr_queues;

	ASSERT_RTNL();
	list_splice_init(&xd->disabled, &dead);
	WRITE_ONCE(xd->nr_disabled, 0);
	WRITE_ONCE(xd->nr_queues, 0);
	for (i = 0; i < nr; i++) {
		q = rtnl_dereference(xd->slot[i].queue);
		RCU_INIT_POINTER(xd->slot[i].queue, NULL);
		trace_tunx_detach(xd->netdev, i, 0);
		list_add_tail(&q->disabled, &dead);
	}
	if (list_empty(&dead))
		return;

	list_for_each_entry(q, &dead, disabled)
		tunx_queue_kill(xd, q);
	synchronize_net();
	list_for_each_entry_safe(q, next, &dead, disabled) {
		list_del_init(&q->disabled);
		tunx_queue_strip(q);
		tunx_queue_purge(xd, q);
	}
}

/**
 * tunx_queue_release - any state to gone: the file is being closed
 * @q: queue, to be freed by tunx_queue_free() afterwards
 *
 * The device goes with its last file unless it is persistent.
 *
 * Context: process, RTNL.
 */
void tunx_queue_release(struct tunx_queue *q)
{
	struct tunx_dev *xd = rtnl_dereference(q->xd);

	ASSERT_RTNL();
	if (!xd)
		return;
	if (q->state == TUNX_QUEUE_ATTACHED) {
		tunx_queue_leave(xd, q);
		WRITE_ONCE(q->state, TUNX_QUEUE_FREE);
		tunx_queue_napi_stop(xd, q);
	} else {
		tunx_queue_leave_disabled(xd, q);
		WRITE_ONCE(q->state, TUNX_QUEUE_FREE);
	}
	RCU_INIT_POINTER(q->xd, NULL);
	synchronize_net();
	tunx_queue_strip(q);
	tunx_queue_purge(xd, q);

	if (xd->nr_queues || xd->nr_disabled) {
		netdev_state_change(xd->netdev);
		return;
	}
	/* ABI: whoever opens a persistent device next finds no limit */
	xd->sndbuf = INT_MAX;
	netif_carrier_off(xd->netdev);
	if (xd->flags & TUNX_F_PERSIST)
		netdev_state_change(xd->netdev);
	else if (xd->netdev->reg_state == NETREG_REGISTERED)
		unregister_netdevice(xd->netdev);
}

/**
 * tunx_queue_for_each - call a function for each queue of a device
 * @xd: device
 * @fn: function, RTNL held
 * @arg: its second argument
 *
 * Context: process, RTNL.
 */
void tunx_queue_for_each(struct tunx_dev *xd,
			 void (*fn)(struct tunx_queue *q, long arg), long arg)
{
	struct tunx_queue *q;
	unsigned int i;

	ASSERT_RTNL();
	for (i = 0; i < xd->nr_queues; i++)
		fn(rtnl_dereference(xd->slot[i].queue), arg);
	list_for_each_entry(q, &xd->disabled, disabled)
		fn(q, arg);
}

/**
 * tunx_queue_set_sndbuf - limit what each queue may have in the stack's hands
 * @xd: device
 * @sndbuf: bytes of memory, > 0
 *
 * ABI: a disabled queue keeps its own; it gets this one when it is enabled, as
 * queues that attach later do.
 *
 * Context: process, RTNL.
 */
void tunx_queue_set_sndbuf(struct tunx_dev *xd, int sndbuf)
{
	unsigned int i;

	ASSERT_RTNL();
	xd->sndbuf = sndbuf;
	for (i = 0; i < xd->nr_queues; i++)
		tunx_queue_limit(rtnl_dereference(xd->slot[i].queue), sndbuf);
}
