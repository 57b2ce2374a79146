// SPDX-License-Identifier: GPL-2.0
/*
 * net_xdp.c - XDP programs on written frames, XDP frames for the reader
 *
 * A program sees a tap's written frame before a socket buffer is made; frames
 * to be segmented and frames larger than a page it sees after that, through
 * the core's generic code. A tun has generic XDP only. XDP_TX and redirected
 * frames go into a ring, for the reader, as they are.
 *
 * A buffer holds one reference of its page. It goes with the buffer: to the
 * ring, to the device of a redirect, or it is dropped with the frame.
 */
#include <linux/bpf.h>
#include <linux/bpf_trace.h>
#include <linux/filter.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <net/xdp.h>

#include "net_rx.h"
#include "tunx.h"

static void tunx_net_xdp_mark(struct tunx_queue *q, long on)
{
	/* vhost_net leaves headroom in its buffers when it sees this */
	sock_valbool_flag(&q->sk, SOCK_XDP, on);
}

/**
 * tunx_net_xdp_bpf - ndo_bpf: attach or detach a program
 * @dev: our net device, a tap
 * @bpf: command and program
 *
 * Context: process, RTNL.
 * Return: 0, or -EINVAL (unknown command).
 */
int tunx_net_xdp_bpf(struct net_device *dev, struct netdev_bpf *bpf)
{
	struct tunx_dev *xd = netdev_priv(dev);
	struct bpf_prog *old;

	if (bpf->command != XDP_SETUP_PROG)
		return -EINVAL;
	old = rtnl_dereference(xd->xdp_prog);
	rcu_assign_pointer(xd->xdp_prog, bpf->prog);
	/* Freed after a grace period */
	if (old)
		bpf_prog_put(old);
	tunx_queue_for_each(xd, tunx_net_xdp_mark, !!bpf->prog);
	return 0;
}

/* The queue that takes XDP frames of this CPU */
static struct tunx_queue *tunx_net_xdp_queue(struct tunx_dev *xd)
{
	unsigned int nr = READ_ONCE(xd->nr_queues);

	if (!nr)
		return NULL;
	return rcu_dereference(xd->slot[smp_processor_id() % nr].queue);
}

/**
 * tunx_net_xdp_xmit - ndo_xdp_xmit: frames redirected to us, for the reader
 * @dev: our net device
 * @n: number of frames
 * @frames: the frames
 * @flags: XDP_XMIT_FLUSH: wake the reader
 *
 * Context: BH off, RCU.
 * Return: how many went into the ring (the caller frees the others), -EINVAL
 * (unknown flags) or -ENXIO (no queue).
 */
int tunx_net_xdp_xmit(struct net_device *dev, int n, struct xdp_frame **frames,
		      u32 flags)
{
	struct tunx_dev *xd = netdev_priv(dev);
	struct tunx_queue *q;
	int done;

	if (unlikely(flags & ~XDP_XMIT_FLAGS_MASK))
		return -EINVAL;
	rcu_read_lock();
	q = tunx_net_xdp_queue(xd);
	if (!q) {
		rcu_read_unlock();
		return -ENXIO;
	}
	done = tunx_queue_produce_bulk(q, xd, frames, n);
	if (done < n) {
		tunx_stats_inc(xd, READ_ONCE(q->index), tx_dropped);
		tunx_stats_inc(xd, READ_ONCE(q->index), tx_full);
	}
	if (flags & XDP_XMIT_FLUSH)
		tunx_queue_wake(q);
	rcu_read_unlock();
	return done;
}

/* Send a frame back where it came from; takes the buffer in any case */
static bool tunx_net_xdp_tx(struct tunx_dev *xd, struct xdp_buff *xdp)
{
	struct xdp_frame *frame = xdp_convert_buff_to_frame(xdp);

	if (unlikely(!frame)) {
		put_page(virt_to_head_page(xdp->data));
		return false;
	}
	if (tunx_net_xdp_xmit(xd->netdev, 1, &frame, XDP_XMIT_FLUSH) == 1)
		return true;
	xdp_return_frame_rx_napi(frame);
	return false;
}

/**
 * tunx_net_xdp_run - let a program decide about a buffer
 * @xd: device
 * @q: queue it was written on
 * @prog: the program
 * @xdp: buffer; the program may move its ends
 *
 * After a redirect the caller owes an xdp_do_flush().
 *
 * Context: BH off, RCU, bpf_net_ctx.
 * Return: true: the stack gets the frame; false: it is taken, and counted.
 */
bool tunx_net_xdp_run(struct tunx_dev *xd, struct tunx_queue *q,
		      struct bpf_prog *prog, struct xdp_buff *xdp)
{
	unsigned int slot = READ_ONCE(q->index), len;
	u32 act = bpf_prog_run_xdp(prog, xdp);

	len = xdp->data_end - xdp->data;
	switch (act) {
	case XDP_PASS:
		return true;
	case XDP_TX:
		if (!tunx_net_xdp_tx(xd, xdp))
			goto dropped;
		tunx_stats_inc(xd, slot, rx_xdp_tx);
		break;
	case XDP_REDIRECT:
		if (xdp_do_redirect(xd->netdev, xdp, prog))
			goto drop;
		tunx_stats_inc(xd, slot, rx_xdp_redirect);
		break;
	default:
		bpf_warn_invalid_xdp_action(xd->netdev, prog, act);
		fallthrough;
	case XDP_ABORTED:
		trace_xdp_exception(xd->netdev, prog, act);
		fallthrough;
	case XDP_DROP:
		goto drop;
	}
	tunx_stats_inc(xd, slot, rx_packets);
	tunx_stats_add(xd, slot, rx_bytes, len);
	return false;

drop:
	put_page(virt_to_head_page(xdp->data));
dropped:
	tunx_stats_inc(xd, slot, rx_dropped);
	tunx_stats_inc(xd, slot, rx_xdp_drop);
	return false;
}

/**
 * tunx_net_xdp_page - run the device's program on a buffer of our own
 * @rx: the frame; xdp_done is set when a program saw it
 * @xdp: buffer with XDP_PACKET_HEADROOM
 *
 * Context: BH off.
 * Return: true: the stack gets the frame; false: it is taken.
 */
bool tunx_net_xdp_page(struct tunx_rx *rx, struct xdp_buff *xdp)
{
	struct bpf_net_context ctx, *saved;
	struct bpf_prog *prog;
	bool pass = true;

	rcu_read_lock();
	saved = bpf_net_ctx_set(&ctx);
	prog = rcu_dereference(rx->xd->xdp_prog);
	if (prog) {
		pass = tunx_net_xdp_run(rx->xd, rx->q, prog, xdp);
		xdp_do_flush();
		rx->xdp_done = true;
	}
	bpf_net_ctx_clear(saved);
	rcu_read_unlock();
	return pass;
}

/**
 * tunx_net_xdp_generic - run the device's program on a socket buffer
 * @xd: device
 * @q: queue it was written on
 * @pskb: frame, may be replaced
 *
 * The core does not tell a drop from a redirect, so neither do our counters.
 *
 * Context: BH off.
 * Return: true: the stack gets the frame; false: it is taken.
 */
bool tunx_net_xdp_generic(struct tunx_dev *xd, struct tunx_queue *q,
			  struct sk_buff **pskb)
{
	struct bpf_prog *prog;
	bool pass = true;

	rcu_read_lock();
	prog = rcu_dereference(xd->xdp_prog);
	if (prog && do_xdp_generic(prog, pskb) != XDP_PASS) {
		tunx_stats_inc(xd, READ_ONCE(q->index), rx_xdp_generic);
		pass = false;
	}
	rcu_read_unlock();
	return pass;
}
