// SPDX-License-Identifier: GPL-2.0
/*
 * net_build.c - memory for a written frame
 *
 * Four ways, from the cheapest to the most general:
 *
 *   page   the frame fits a piece of a page: copy, run the tap's XDP program
 *          on the bare bytes, wrap a socket buffer around them
 *   alloc  head and pages, charged to the writer, which may have to wait
 *   pages  of an in-kernel writer, used in place (vhost_net zero copy)
 *   frags  IFF_NAPI_FRAGS: each iovec becomes a piece of its own, so that
 *          fuzzers can shape a frame as hardware would
 *
 * Whichever way, the frame belongs to the queue's socket until the stack lets
 * go of it.
 */
#include <linux/filter.h>
#include <linux/skbuff.h>
#include <linux/uio.h>
#include <net/xdp.h>

#include "net_build.h"
#include "net_rx.h"
#include "tunx.h"

#define TUNX_ZEROCOPY_HEAD 128	/* copied: room for headers to be looked at */

/* A socket buffer for @len bytes, @head of them in one piece */
static struct sk_buff *tunx_net_build_empty(struct tunx_rx *rx, size_t head,
					    size_t len)
{
	size_t pad = tunx_net_build_pad(rx);
	struct sk_buff *skb;
	int err;

	while (!(skb = sock_alloc_send_pskb(&rx->q->sk, pad + head, len - head, true,
					    &err, PAGE_ALLOC_COSTLY_ORDER))) {
		if (err != -EAGAIN || rx->noblock)
			break;
		err = tunx_queue_wait_room(rx->q, rx->xd);
		if (err)
			break;
	}
	if (!skb)
		/* The device went away while we were here */
		return ERR_PTR(err == -EPIPE ? -EBADFD : err);

	skb_reserve(skb, pad);
	skb_put(skb, head);
	skb->data_len = len - head;
	skb->len += len - head;
	return skb;
}

static struct sk_buff *tunx_net_build_alloc(struct tunx_rx *rx,
					    struct iov_iter *from)
{
	size_t most = SKB_MAX_HEAD(tunx_net_build_pad(rx));
	size_t head = min(rx->head && rx->len > most ? rx->head : rx->len, most);
	struct sk_buff *skb;
	int err;

	/* What does not even fit pages is nobody's business but the writer's */
	if (rx->len - head > MAX_SKB_FRAGS * PAGE_SIZE)
		head = rx->len - MAX_SKB_FRAGS * PAGE_SIZE;
	skb = tunx_net_build_empty(rx, head, rx->len);
	if (IS_ERR(skb))
		return skb;
	err = skb_copy_datagram_from_iter(skb, 0, from, rx->len);
	if (err) {
		kfree_skb_reason(skb, SKB_DROP_REASON_SKB_UCOPY_FAULT);
		return ERR_PTR(err);
	}
	return skb;
}

/* May the writer's pages be used in place? Their number must fit a frame */
static bool tunx_net_build_mappable(const struct tunx_rx *rx, size_t head,
				    const struct iov_iter *from)
{
	struct iov_iter rest = *from;

	if (!rx->ubuf)
		return false;
	iov_iter_advance(&rest, head);
	return iov_iter_npages(&rest, INT_MAX) <= MAX_SKB_FRAGS;
}

static struct sk_buff *tunx_net_build_pages(struct tunx_rx *rx, size_t head,
					    struct iov_iter *from)
{
	struct sk_buff *skb = tunx_net_build_empty(rx, head, head);
	int err;

	if (IS_ERR(skb))
		return skb;
	/* Copies into the head, then adds pages */
	err = zerocopy_sg_from_iter(skb, from);
	if (err) {
		kfree_skb_reason(skb, SKB_DROP_REASON_SKB_UCOPY_FAULT);
		return ERR_PTR(-EFAULT);
	}
	skb_zcopy_init(skb, rx->ubuf);
	rx->ubuf = NULL;
	return skb;
}

/* A piece of page for each iovec but the first */
static int tunx_net_build_add_frags(struct sk_buff *skb,
				    const struct iov_iter *from)
{
	unsigned int i, segs = iter_is_ubuf(from) ? 1 : from->nr_segs;
	size_t len;
	void *piece;

	for (i = 1; i < segs; i++) {
		len = iter_iov(from)[i].iov_len;
		if (!len || len > PAGE_SIZE)
			return -EINVAL;
		piece = netdev_alloc_frag(len);
		if (!piece)
			return -ENOMEM;
		skb_add_rx_frag(skb, i - 1, virt_to_head_page(piece),
				piece - page_address(virt_to_head_page(piece)),
				len, len);
	}
	return 0;
}

static struct sk_buff *tunx_net_build_frags(struct tunx_rx *rx,
					    struct iov_iter *from)
{
	size_t head = min(iov_iter_single_seg_count(from), rx->len);
	struct sk_buff *skb;
	int err;

	if ((!iter_is_ubuf(from) && from->nr_segs > MAX_SKB_FRAGS + 1) ||
	    rx->len > ETH_MAX_MTU - NET_SKB_PAD - NET_IP_ALIGN)
		return ERR_PTR(-EMSGSIZE);
	/*
	 * Not napi_get_frags(): the copy may sleep in a page fault, as long as
	 * user space likes, and the instance goes with the device meanwhile.
	 */
	skb = netdev_alloc_skb_ip_align(rx->xd->netdev, head);
	if (!skb)
		return ERR_PTR(-ENOMEM);
	__skb_put(skb, head);
	err = tunx_net_build_add_frags(skb, from);
	if (!err)
		err = skb->len == rx->len ?
		      skb_copy_datagram_from_iter(skb, 0, from, rx->len) : -EINVAL;
	if (err) {
		kfree_skb(skb);
		return ERR_PTR(err);
	}
	return skb;
}

/**
 * tunx_net_build - make a socket buffer of a frame of any kind
 * @rx: the frame; ubuf is updated
 * @from: its bytes
 *
 * Context: process, may sleep.
 * Return: the frame, or -EAGAIN (no buffer space, noblock), -ERESTARTSYS,
 * -EBADFD (device deleted while waiting), -EFAULT, -EINVAL, -EMSGSIZE,
 * -ENOBUFS, -ENOMEM.
 */
struct sk_buff *tunx_net_build(struct tunx_rx *rx, struct iov_iter *from)
{
	size_t head;

	if (rx->mode & TUNX_Q_FRAGS)
		return tunx_net_build_frags(rx, from);
	if (unlikely(rx->ubuf)) {
		head = min3(rx->head ? rx->head : TUNX_ZEROCOPY_HEAD, rx->len,
			    (size_t)SKB_MAX_HEAD(tunx_net_build_pad(rx)));
		if (tunx_net_build_mappable(rx, head, from))
			return tunx_net_build_pages(rx, head, from);
	}
	return tunx_net_build_alloc(rx, from);
}
