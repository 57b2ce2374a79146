// SPDX-License-Identifier: GPL-2.0
/*
 * net_rx_ring.c - written frames of a shared ring go to the stack
 *
 *   ring --copy--> frames --> net_rx.c --> a list --> GRO
 *
 * A record whose position or length is nonsense breaks the ring; one that says
 * something wrong about its frame is dropped as a write of it would be refused,
 * and counted alike.
 */
#include <linux/netdevice.h>
#include <linux/skbuff.h>

#include "net_build.h"
#include "net_rx.h"
#include "queue_ring.h"
#include "tunx.h"

#define TUNX_RING_HEAD	128	/* of a long frame: room for headers to be looked at */

static struct sk_buff *tunx_net_ring_short(unsigned int pad, unsigned int room,
					   const void *data, size_t len)
{
	void *buf = napi_alloc_frag(room);
	struct sk_buff *skb;

	if (!buf)
		return NULL;
	skb = napi_build_skb(buf, room);
	if (!skb) {
		skb_free_frag(buf);
		return NULL;
	}
	skb_reserve(skb, pad);
	memcpy(__skb_put(skb, len), data, len);
	return skb;
}

static struct sk_buff *tunx_net_ring_long(unsigned int pad, size_t head,
					  const void *data, size_t len)
{
	struct sk_buff *skb;
	int err;

	skb = alloc_skb_with_frags(pad + head, len - head, PAGE_ALLOC_COSTLY_ORDER, &err,
				   GFP_ATOMIC | __GFP_NOWARN);
	if (!skb)
		return NULL;
	skb_reserve(skb, pad);
	skb_put(skb, head);
	skb->data_len = len - head;
	skb->len += len - head;
	if (skb_store_bits(skb, 0, data, len)) {
		kfree_skb(skb);
		return NULL;
	}
	return skb;
}

/* The program may still write at @data: nothing that is seen there is remembered */
static struct sk_buff *tunx_net_ring_build(const struct tunx_rx *rx, const void *data)
{
	unsigned int pad = tunx_net_build_pad(rx);
	unsigned int room = tunx_net_build_room(pad, rx->len);
	struct sk_buff *skb;
	size_t head;

	if (likely(room <= PAGE_SIZE)) {
		skb = tunx_net_ring_short(pad, room, data, rx->len);
	} else {
		head = min3(rx->head ?: (size_t)TUNX_RING_HEAD, rx->len,
			    (size_t)SKB_MAX_HEAD(pad));
		skb = tunx_net_ring_long(pad, head, data, rx->len);
	}
	if (!skb)
		return NULL;
	/* As in tunx_net_build_wrap(): shown to netfilter, and not charged */
	sock_hold(&rx->q->sk);
	skb->sk = &rx->q->sk;
	skb->destructor = sock_efree;
	return skb;
}

static void tunx_net_ring_one(struct tunx_rx *rx, const struct tunx_rec *rec,
			      const void *data)
{
	struct sk_buff *skb;

	rx->xdp_done = false;
	if (tunx_net_rx_record_check(rx, rec)) {
		tunx_net_rx_lost(rx, -EINVAL);
		return;
	}
	skb = tunx_net_ring_build(rx, data);
	if (skb)
		tunx_net_rx_record_frame(rx, rec, skb);
	else
		tunx_net_rx_lost(rx, -ENOMEM);
}

/**
 * tunx_net_rx_ring - written frames of a shared ring go to the stack
 * @q: queue with a ring to the stack
 * @budget: how many at most
 *
 * Context: NAPI of @q.
 * Return: how many were taken out of the ring; less than @budget: there are no more.
 */
int tunx_net_rx_ring(struct tunx_queue *q, int budget)
{
	struct tunx_dev *xd = netdev_priv(q->napi.dev);
	struct sk_buff *skb, *next;
	LIST_HEAD(list);
	struct tunx_rx rx = {
		.xd = xd,
		.q = q,
		.noblock = true,
		.flags = READ_ONCE(xd->flags) & TUNX_F_TAP,
		/* We are NAPI */
		.mode = READ_ONCE(q->flags) & ~(TUNX_Q_NAPI | TUNX_Q_FRAGS),
		.list = &list,
	};
	struct tunx_rec rec;
	const void *data;
	int done = 0;

	while (done < budget && (data = tunx_queue_ring_next(q, xd, &rec))) {
		tunx_net_ring_one(&rx, &rec, data);
		done++;
	}
	/* The frames are copies */
	tunx_queue_ring_release(q);
	list_for_each_entry_safe(skb, next, &list, list) {
		skb_list_del_init(skb);
		/* Else GRO may merge the frame and forget its owner */
		skb->slow_gro = 1;
		napi_gro_receive(&q->napi, skb);
	}
	return done;
}
