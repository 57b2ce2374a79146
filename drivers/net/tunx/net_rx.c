// SPDX-License-Identifier: GPL-2.0
/*
 * net_rx.c - user to stack: check what was written, make it a frame, deliver
 *
 * Context: the writer's; the stack runs inside its system call.
 */
#include <linux/etherdevice.h>
#include <linux/uio.h>

#include "frame.h"
#include "tunx.h"

/*
 * Memory for a frame, charged to the writer: one piece where a page does, else
 * one page of head and the rest in pages. Frames too large even for that are
 * nobody's business but the writer's; their head grows.
 */
static struct sk_buff *tunx_net_rx_alloc(struct tunx_dev *xd,
					 struct tunx_queue *q, size_t len,
					 bool noblock)
{
	size_t pad = READ_ONCE(xd->rx_headroom) +
		     (xd->flags & TUNX_F_TAP ? NET_IP_ALIGN : 0);
	size_t head = min_t(size_t, len, SKB_MAX_HEAD(pad));
	struct sk_buff *skb;
	int err;

	if (len - head > MAX_SKB_FRAGS * PAGE_SIZE)
		head = len - MAX_SKB_FRAGS * PAGE_SIZE;

	while (!(skb = sock_alloc_send_pskb(&q->sk, pad + head, len - head, true,
					    &err, PAGE_ALLOC_COSTLY_ORDER))) {
		if (err != -EAGAIN || noblock)
			break;
		err = tunx_queue_wait_room(q, xd);
		if (err)
			break;
	}
	if (!skb)
		return ERR_PTR(err == -EPIPE ? -EBADFD : err);

	skb_reserve(skb, pad);
	skb_put(skb, head);
	skb->data_len = len - head;
	skb->len += len - head;
	return skb;
}

/* The frame is complete: tell the stack what it is */
static int tunx_net_rx_classify(struct tunx_dev *xd, struct sk_buff *skb,
				unsigned int flags, __be16 proto)
{
	if (flags & TUNX_F_TAP) {
		skb->protocol = eth_type_trans(skb, xd->netdev);
		return 0;
	}
	if (!(flags & TUNX_F_PI)) {
		proto = skb->len ? tunx_frame_ip_proto(*skb->data) : 0;
		if (!proto)
			return -EINVAL;
	}
	skb->dev = xd->netdev;
	skb->protocol = proto;
	skb_reset_mac_header(skb);
	return 0;
}

static void tunx_net_rx_deliver(struct tunx_dev *xd, struct tunx_queue *q,
				struct sk_buff *skb)
{
	skb_reset_network_header(skb);
	tunx_net_learn(xd, q, skb);
	skb_record_rx_queue(skb, READ_ONCE(q->index));
	/* The stack expects to be called by a softirq, per-CPU data and all */
	local_bh_disable();
	netif_receive_skb(skb);
	local_bh_enable();
}

/**
 * tunx_net_rx - one written frame goes to the stack
 * @xd: device the caller holds
 * @q: queue it was written on
 * @from: what was written: tun_pi unless IFF_NO_PI, then the frame
 * @noblock: do not wait for buffer space
 *
 * ABI: the order of the checks is stock's, down to "device is down" last.
 *
 * Context: process, may sleep.
 * Return: number of bytes written (all), or -EINVAL (too short, or neither IPv4
 * nor IPv6), -EFAULT, -EAGAIN (no buffer space, @noblock), -ERESTARTSYS
 * (signal), -EBADFD (device deleted while waiting), -ENOMEM, -ENOBUFS (too
 * large), -EIO (device is down).
 */
ssize_t tunx_net_rx(struct tunx_dev *xd, struct tunx_queue *q,
		    struct iov_iter *from, bool noblock)
{
	size_t total = iov_iter_count(from), len = total;
	unsigned int flags = READ_ONCE(xd->flags);
	unsigned int slot = READ_ONCE(q->index);
	struct tun_pi pi = {};
	struct sk_buff *skb;
	int err;

	if (flags & TUNX_F_PI) {
		if (len < sizeof(pi))
			return -EINVAL;
		if (!copy_from_iter_full(&pi, sizeof(pi), from))
			return -EFAULT;
		len -= sizeof(pi);
	}
	if (flags & TUNX_F_TAP && len < ETH_HLEN)
		return -EINVAL;

	skb = tunx_net_rx_alloc(xd, q, len, noblock);
	if (IS_ERR(skb)) {
		err = PTR_ERR(skb);
		/* Nothing was lost when the writer is to try again */
		if (err != -EAGAIN && err != -ERESTARTSYS)
			tunx_stats_inc(xd, slot, rx_dropped);
		return err;
	}

	err = skb_copy_datagram_from_iter(skb, 0, from, len);
	if (!err)
		err = tunx_net_rx_classify(xd, skb, flags, pi.proto);
	if (!err && !(READ_ONCE(xd->netdev->flags) & IFF_UP))
		err = -EIO;
	if (err) {
		tunx_stats_inc(xd, slot, rx_dropped);
		kfree_skb_reason(skb, err == -EIO ? SKB_DROP_REASON_DEV_READY :
						    SKB_DROP_REASON_NOT_SPECIFIED);
		return err;
	}

	tunx_net_rx_deliver(xd, q, skb);
	tunx_stats_inc(xd, slot, rx_packets);
	tunx_stats_add(xd, slot, rx_bytes, len);
	return total;
}
