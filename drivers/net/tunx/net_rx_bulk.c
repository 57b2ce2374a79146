// SPDX-License-Identifier: GPL-2.0
/*
 * net_rx_bulk.c - many frames of an in-kernel writer at once (vhost_net)
 *
 * Each comes as a buffer with headroom, its virtio-net header in front of it,
 * and holds one page reference, which goes with the frame or is dropped here.
 * A frame that is refused is counted; the writer is not told.
 *
 * Context: process; BH is off while the frames are handled.
 */
#include <linux/etherdevice.h>
#include <linux/filter.h>
#include <linux/skbuff.h>
#include <net/xdp.h>

#include "frame.h"
#include "net_rx.h"
#include "tunx.h"

static void tunx_net_bulk_head(struct tunx_dev *xd, const struct xdp_buff *xdp,
			       unsigned int flags, struct tunx_rx_head *head)
{
	struct tunx_vnet_raw raw = {};
	size_t known = compat_tun_xdp_vnet_size(READ_ONCE(xd->vnet_size));

	memcpy(&raw, compat_tun_xdp_vnet(xdp), known);
	head->tunnel = known == TUNX_VNET_MAX;
	/* ABI: a wrong hdr_len is no error: the frame is in one piece anyway */
	tunx_frame_vnet_decode(&raw, tunx_flags_vnet_le(flags),
			       xdp->data_end - xdp->data, &head->vnet);
}

static struct sk_buff *tunx_net_bulk_build(struct xdp_buff *xdp)
{
	struct sk_buff *skb = build_skb(xdp->data_hard_start, xdp->frame_sz);

	if (unlikely(!skb)) {
		put_page(virt_to_head_page(xdp->data));
		return NULL;
	}
	skb_reserve(skb, xdp->data - xdp->data_hard_start);
	skb_put(skb, xdp->data_end - xdp->data);
	/* A writer without room for metadata says so by data_meta > data */
	if (xdp->data > xdp->data_meta)
		skb_metadata_set(skb, xdp->data - xdp->data_meta);
	return skb;
}

/* One frame; takes the buffer. Context: BH off, RCU, bpf_net_ctx */
static void tunx_net_bulk_one(struct tunx_rx *rx, struct xdp_buff *xdp)
{
	struct bpf_prog *prog = rcu_dereference(rx->xd->xdp_prog);
	struct tunx_rx_head head = {};
	struct sk_buff *skb;

	rx->len = xdp->data_end - xdp->data;
	rx->xdp_done = false;
	if (rx->flags & TUNX_F_VNET)
		tunx_net_bulk_head(rx->xd, xdp, rx->flags, &head);
	if (rx->flags & TUNX_F_TAP && rx->len < ETH_HLEN) {
		put_page(virt_to_head_page(xdp->data));
		goto drop;
	}
	if (prog && rx->flags & TUNX_F_TAP && !head.vnet.gso_type) {
		xdp_init_buff(xdp, xdp->frame_sz, &rx->q->xdp_rxq);
		if (!tunx_net_xdp_run(rx->xd, rx->q, prog, xdp))
			return;
		rx->xdp_done = true;
	}
	skb = tunx_net_bulk_build(xdp);
	if (!skb)
		goto drop;
	rx->len = skb->len;
	tunx_net_rx_frame(rx, skb, &head);
	return;

drop:
	tunx_stats_inc(rx->xd, tunx_queue_slot(rx->q, rx->xd), rx_dropped);
}

/**
 * tunx_net_rx_bulk - many written frames go to the stack
 * @xd: device the caller holds
 * @q: queue they were written on
 * @xdp: the frames
 * @n: their number
 *
 * Context: process.
 */
void tunx_net_rx_bulk(struct tunx_dev *xd, struct tunx_queue *q,
		      struct xdp_buff *xdp, unsigned int n)
{
	struct tunx_rx rx = {
		.xd = xd,
		.q = q,
		.flags = READ_ONCE(xd->flags),
		.mode = READ_ONCE(q->flags) & ~TUNX_Q_FRAGS,
	};
	struct bpf_net_context ctx, *saved;
	unsigned int i;

	local_bh_disable();
	rcu_read_lock();
	saved = bpf_net_ctx_set(&ctx);
	/* NAPI is scheduled once, below */
	rx.more = rx.mode & TUNX_Q_NAPI;
	for (i = 0; i < n; i++)
		tunx_net_bulk_one(&rx, &xdp[i]);
	if (rx.mode & TUNX_Q_NAPI)
		tunx_queue_napi_kick(q, xd);
	xdp_do_flush();
	bpf_net_ctx_clear(saved);
	rcu_read_unlock();
	local_bh_enable();
}
