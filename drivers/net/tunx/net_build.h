/* SPDX-License-Identifier: GPL-2.0 */
/*
 * net_build.h - the cheapest way of net_build.c: a frame in a piece of a page
 *
 * Every short frame goes this way, so it is part of its callers.
 */
#ifndef _TUNX_NET_BUILD_H
#define _TUNX_NET_BUILD_H

#include <linux/skbuff.h>
#include <linux/uio.h>
#include <net/xdp.h>

#include "net_rx.h"
#include "tunx.h"

/**
 * tunx_net_build_pad - bytes left free before a frame
 * @rx: the frame
 *
 * Return: their number.
 */
static inline unsigned int tunx_net_build_pad(const struct tunx_rx *rx)
{
	return READ_ONCE(rx->xd->rx_headroom) +
	       (rx->flags & TUNX_F_TAP ? NET_IP_ALIGN : 0);
}

/**
 * tunx_net_build_room - bytes that a frame takes, wrapped into a socket buffer
 * @pad: bytes before it
 * @len: its own
 *
 * Return: their number.
 */
static inline unsigned int tunx_net_build_room(unsigned int pad, size_t len)
{
	return SKB_DATA_ALIGN(pad + len) +
	       SKB_DATA_ALIGN(sizeof(struct skb_shared_info));
}

/**
 * tunx_net_build_fits_page - may the frame go by tunx_net_build_copy()
 * @rx: the frame
 *
 * Not with TUNSETSNDBUF, which wants each frame charged to the writer.
 *
 * Context: any.
 * Return: whether it may.
 */
static inline bool tunx_net_build_fits_page(const struct tunx_rx *rx)
{
	unsigned int pad = tunx_net_build_pad(rx) + XDP_PACKET_HEADROOM;

	/* A program may be attached at any time: always count its headroom */
	return rx->len < PAGE_SIZE &&
	       READ_ONCE(rx->q->sk.sk_sndbuf) == INT_MAX &&
	       tunx_net_build_room(pad, rx->len) <= PAGE_SIZE;
}

/**
 * tunx_net_build_bytes - copy a writer's bytes
 * @to: memory of the kernel with room for them
 * @len: their number
 * @from: where they are
 *
 * copy_from_iter() would search for the object that the copy might overrun. A page
 * is no object, and the copy ends where the room, just reserved, says.
 *
 * Context: process, may sleep.
 * Return: whether all could be copied.
 */
static inline bool tunx_net_build_bytes(void *to, size_t len, struct iov_iter *from)
{
	if (unlikely(!iter_is_ubuf(from) || len > iov_iter_count(from)))
		return _copy_from_iter(to, len, from) == len;
	if (_copy_from_user(to, from->ubuf + from->iov_offset, len))
		return false;
	tunx_ubuf_advance(from, len);
	return true;
}

/**
 * tunx_net_build_copy - copy a frame into a piece of a page
 * @rx: a frame that fits
 * @from: its bytes
 * @xdp: gets the piece, which holds a page reference
 *
 * Context: process, may sleep.
 * Return: 0, -EFAULT or -ENOMEM.
 */
static inline int tunx_net_build_copy(struct tunx_rx *rx, struct iov_iter *from,
				      struct xdp_buff *xdp)
{
	struct page_frag *frag = &current->task_frag;
	unsigned int pad = tunx_net_build_pad(rx), room;
	void *buf;

	rx->native = rcu_access_pointer(rx->xd->xdp_prog) && !rx->gso;
	if (rx->native)
		pad += XDP_PACKET_HEADROOM;
	room = tunx_net_build_room(pad, rx->len);
	frag->offset = ALIGN(frag->offset, SMP_CACHE_BYTES);
	if (unlikely(!skb_page_frag_refill(room, frag, GFP_KERNEL)))
		return -ENOMEM;
	buf = page_address(frag->page) + frag->offset;
	if (!tunx_net_build_bytes(buf + pad, rx->len, from))
		return -EFAULT;

	/* The page reference taken here goes with the frame from now on */
	get_page(frag->page);
	frag->offset += room;
	xdp_init_buff(xdp, room, &rx->q->xdp_rxq);
	xdp_prepare_buff(xdp, buf, pad, rx->len, true);
	return 0;
}

/**
 * tunx_net_build_wrap - make a socket buffer around a copied frame
 * @rx: the frame; xdp_done is updated
 * @xdp: piece of tunx_net_build_copy(), taken
 *
 * Context: BH off.
 * Return: the frame; NULL when an XDP program took it; or -ENOMEM.
 */
static inline struct sk_buff *tunx_net_build_wrap(struct tunx_rx *rx,
						  struct xdp_buff *xdp)
{
	void *buf = xdp->data_hard_start;
	struct sk_buff *skb;

	if (unlikely(rx->native) && !tunx_net_xdp_page(rx, xdp))
		return NULL;
	skb = napi_build_skb(buf, xdp->frame_sz);
	if (unlikely(!skb)) {
		put_page(virt_to_head_page(buf));
		return ERR_PTR(-ENOMEM);
	}
	skb_reserve(skb, xdp->data - buf);
	__skb_put(skb, xdp->data_end - xdp->data);
	if (unlikely(xdp->data != xdp->data_meta))
		skb_metadata_set(skb, xdp->data - xdp->data_meta);
	/*
	 * Nobody asked for a limit (TUNSETSNDBUF), so nothing is charged: the
	 * frame shows its owner to netfilter and keeps it alive, that is all.
	 */
	sock_hold(&rx->q->sk);
	skb->sk = &rx->q->sk;
	skb->destructor = sock_efree;
	return skb;
}

#endif /* _TUNX_NET_BUILD_H */
