// SPDX-License-Identifier: GPL-2.0
/*
 * net_rx.c - user to stack: check what was written, make it a frame, deliver
 *
 *   headers --> net_build.c --> what is it? --> XDP --> is the device up?
 *                                                            |
 *                netif_receive_skb() / rx list / GRO  <------'
 *
 * Context: the writer's; the stack runs inside its system call.
 */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/uio.h>

#include "frame.h"
#include "net_build.h"
#include "net_rx.h"
#include "trace.h"
#include "tunx.h"

static int tunx_net_rx_vnet(struct tunx_rx *rx, struct iov_iter *from,
			    struct tunx_rx_head *head)
{
	size_t size = READ_ONCE(rx->xd->vnet_size);
	size_t known = tunx_frame_vnet_size(size);
	struct tunx_vnet_raw raw = {};
	int err;

	if (rx->len < size)
		return -EINVAL;
	if (!copy_from_iter_full(&raw, known, from))
		return -EFAULT;
	iov_iter_advance(from, size - known);
	rx->len -= size;
	err = tunx_frame_vnet_decode(&raw, tunx_flags_vnet_le(rx->flags), rx->len,
				     &head->vnet);
	rx->head = head->vnet.hdr_len;
	rx->gso = head->vnet.gso_type;
	head->tunnel = known == TUNX_VNET_MAX;
	return err;
}

static int tunx_net_rx_headers(struct tunx_rx *rx, struct iov_iter *from,
			       struct tunx_rx_head *head)
{
	int err;

	if (rx->flags & TUNX_F_PI) {
		if (rx->len < sizeof(head->pi))
			return -EINVAL;
		if (!copy_from_iter_full(&head->pi, sizeof(head->pi), from))
			return -EFAULT;
		rx->len -= sizeof(head->pi);
	}
	if (rx->flags & TUNX_F_VNET) {
		err = tunx_net_rx_vnet(rx, from, head);
		if (err)
			return err;
	}
	return tunx_net_rx_too_short(rx) ? -EINVAL : 0;
}

/* The frame is complete: tell the stack what it is */
static int tunx_net_rx_classify(struct tunx_dev *xd, struct sk_buff *skb,
				unsigned int flags, __be16 proto)
{
	skb->dev = xd->netdev;
	if (flags & TUNX_F_TAP) {
		if (!pskb_may_pull(skb, ETH_HLEN))
			return -ENOMEM;
		skb_set_network_header(skb, ETH_HLEN);
		return 0;
	}
	if (!(flags & TUNX_F_PI)) {
		if (!pskb_may_pull(skb, 1))
			return -EINVAL;
		proto = tunx_frame_ip_proto(*skb->data);
		if (!proto)
			return -EINVAL;
	}
	skb->protocol = proto;
	skb_reset_mac_header(skb);
	skb_reset_network_header(skb);
	return 0;
}

/* What the writer asks of the stack; a header that lies is an error of its own */
static int tunx_net_rx_offload(struct tunx_dev *xd, unsigned int slot,
			       struct sk_buff *skb, const struct tunx_vnet *vnet,
			       bool tunnel)
{
	if (tunx_frame_to_skb(skb, vnet, tunnel)) {
		tunx_stats_inc(xd, slot, rx_frame_errors);
		return -EINVAL;
	}
	if (skb_is_gso(skb))
		tunx_stats_inc(xd, slot, rx_gso);
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		tunx_stats_inc(xd, slot, rx_csum);
	return 0;
}

/* The last that is the same for every frame */
static void tunx_net_rx_finish(struct tunx_dev *xd, unsigned int slot,
			       struct sk_buff *skb, unsigned int flags)
{
	if (flags & TUNX_F_TAP)
		skb->protocol = eth_type_trans(skb, xd->netdev);
	skb_reset_network_header(skb);
	/* The core guesses the length of headers of segments from this */
	if (skb_is_gso(skb))
		skb_probe_transport_header(skb);
	skb_record_rx_queue(skb, slot);
}

/* To the stack, with what was held back before it. Context: BH off */
static void tunx_net_rx_receive(struct tunx_dev *xd, struct tunx_queue *q,
				struct sk_buff *skb, bool more)
{
	unsigned int batch = READ_ONCE(xd->rx_batch);
	struct sk_buff_head ready;

	if (likely(!batch)) {
		netif_receive_skb(skb);
		return;
	}
	__skb_queue_head_init(&ready);
	tunx_queue_batch(q, xd, skb, more ? batch : 0, &ready);
	while ((skb = __skb_dequeue(&ready)))
		netif_receive_skb(skb);
}

/* IFF_NAPI_FRAGS: GRO gets the frame in pieces. Context: napi_mutex, BH off */
static int tunx_net_rx_frags(struct tunx_rx *rx, struct sk_buff *skb)
{
	/* GRO wants the Ethernet header in the head, where eth_type_trans was */
	skb_push(skb, ETH_HLEN);
	if (eth_get_headlen(skb->dev, skb->data, skb_headlen(skb)) >
	    skb_headlen(skb))
		return -ENOMEM;
	return tunx_queue_napi_frags(rx->q, rx->xd, skb);
}

static int tunx_net_rx_deliver(struct tunx_rx *rx, struct sk_buff *skb)
{
	struct tunx_queue *q = rx->q;
	int err = 0;

	if (rx->mode & TUNX_Q_NAPI) {
		err = rx->mode & TUNX_Q_FRAGS ?
		      tunx_net_rx_frags(rx, skb) :
		      tunx_queue_napi_receive(q, rx->xd, skb, rx->more);
		if (err)
			kfree_skb(skb);
	} else if (rx->list) {
		list_add_tail(&skb->list, rx->list);
	} else {
		tunx_net_rx_receive(rx->xd, q, skb, rx->more);
	}
	return err;
}

/* Generic XDP; the frame may be another one after that */
static bool tunx_net_rx_xdp(struct tunx_rx *rx, struct sk_buff **pskb)
{
	return rx->xdp_done || likely(!rcu_access_pointer(rx->xd->xdp_prog)) ||
	       tunx_net_xdp_generic(rx->xd, rx->q, pskb);
}

/**
 * tunx_net_rx_frame - from a complete frame to its delivery
 * @rx: device, queue and how to deliver
 * @skb: frame, taken in any case, and counted
 * @head: what came before it
 *
 * Context: BH off; with IFF_NAPI_FRAGS under napi_mutex.
 * Return: 0, -EINVAL, -ENOMEM, -EIO or -EBUSY, see tunx_net_rx().
 */
int tunx_net_rx_frame(struct tunx_rx *rx, struct sk_buff *skb,
		      const struct tunx_rx_head *head)
{
	unsigned int slot = tunx_queue_slot(rx->q, rx->xd);
	struct tunx_dev *xd = rx->xd;
	bool counted = false;
	u32 hash;
	int err;

	err = tunx_net_rx_classify(xd, skb, rx->flags, head->pi.proto);
	if (!err && rx->flags & TUNX_F_VNET) {
		err = tunx_net_rx_offload(xd, slot, skb, &head->vnet, head->tunnel);
		counted = err;
	}
	if (err)
		goto drop;
	tunx_net_rx_finish(xd, slot, skb, rx->flags);
	if (!tunx_net_rx_xdp(rx, &skb))
		return 0;
	if (unlikely(!(READ_ONCE(xd->netdev->flags) & IFF_UP))) {
		err = -EIO;
		goto drop;
	}

	trace_tunx_rx(xd->netdev, slot, skb, rx->len);
	hash = tunx_net_steer_hash(xd, rx->q, skb);
	err = tunx_net_rx_deliver(rx, skb);
	if (err)
		return err;
	tunx_net_steer_learn(xd, slot, hash);
	tunx_stats_inc(xd, slot, rx_packets);
	tunx_stats_add(xd, slot, rx_bytes, rx->len);
	return 0;

drop:
	/* ABI: a lying header is a frame error and no drop */
	if (!counted)
		tunx_stats_inc(xd, slot, rx_dropped);
	kfree_skb_reason(skb, err == -EIO ? SKB_DROP_REASON_DEV_READY :
					    SKB_DROP_REASON_NOT_SPECIFIED);
	return err;
}

/**
 * tunx_net_rx_lost - no frame was made of what was written
 * @rx: device and queue
 * @err: why
 *
 * Context: any.
 * Return: @err.
 */
int tunx_net_rx_lost(const struct tunx_rx *rx, int err)
{
	/* Nothing was lost when the writer is to try again */
	if (err != -EAGAIN && err != -ERESTARTSYS)
		tunx_stats_inc(rx->xd, tunx_queue_slot(rx->q, rx->xd), rx_dropped);
	return err;
}

/*
 * Bytes first, which may sleep. All the rest is one section with BH off: the
 * stack expects to be called by a softirq, per-CPU data and all.
 */
static int tunx_net_rx_page(struct tunx_rx *rx, struct iov_iter *from,
			    const struct tunx_rx_head *head)
{
	struct xdp_buff xdp;
	struct sk_buff *skb;
	int err;

	err = tunx_net_build_copy(rx, from, &xdp);
	if (unlikely(err))
		return tunx_net_rx_lost(rx, err);
	local_bh_disable();
	skb = tunx_net_build_wrap(rx, &xdp);
	if (IS_ERR(skb))
		err = tunx_net_rx_lost(rx, PTR_ERR(skb));
	else if (likely(skb))
		err = tunx_net_rx_frame(rx, skb, head);
	local_bh_enable();
	return err;
}

static int tunx_net_rx_any(struct tunx_rx *rx, struct iov_iter *from,
			   const struct tunx_rx_head *head)
{
	struct sk_buff *skb = tunx_net_build(rx, from);
	int err;

	if (IS_ERR(skb))
		return tunx_net_rx_lost(rx, PTR_ERR(skb));
	if (unlikely(rx->mode & TUNX_Q_FRAGS))
		mutex_lock(&rx->q->napi_mutex);
	local_bh_disable();
	err = tunx_net_rx_frame(rx, skb, head);
	local_bh_enable();
	if (unlikely(rx->mode & TUNX_Q_FRAGS))
		mutex_unlock(&rx->q->napi_mutex);
	return err;
}

/**
 * tunx_net_rx - one written frame goes to the stack
 * @rx: device, queue and how to deliver
 * @from: what was written: tun_pi, virtio-net header, frame
 *
 * The caller's ubuf is completed if the frame was taken and its pages were
 * not; if they were, the stack does it; on error the caller.
 *
 * ABI: the order of the checks is stock's, down to "device is down" last.
 *
 * Context: process, may sleep.
 * Return: number of bytes written (all), or -EINVAL (too short, neither IPv4
 * nor IPv6, a header that does not fit the frame), -EFAULT, -EAGAIN (no buffer
 * space, noblock), -ERESTARTSYS (signal), -EBADFD (device deleted while
 * waiting), -EBUSY (NAPI of a detached queue), -EMSGSIZE, -ENOMEM, -ENOBUFS
 * (too large), -EIO (device is down).
 */
ssize_t tunx_net_rx(struct tunx_rx *rx, struct iov_iter *from)
{
	size_t total = iov_iter_count(from);
	struct tunx_rx_head head = {};
	int err;

	rx->flags = READ_ONCE(rx->xd->flags);
	rx->mode = READ_ONCE(rx->q->flags);
	rx->len = total;
	err = tunx_net_rx_headers(rx, from, &head);
	if (err)
		return err;

	if (likely(!rx->ubuf && !(rx->mode & TUNX_Q_FRAGS) &&
		   tunx_net_build_fits_page(rx)))
		err = tunx_net_rx_page(rx, from, &head);
	else
		err = tunx_net_rx_any(rx, from, &head);
	if (err)
		return err;
	if (unlikely(rx->ubuf))
		compat_ubuf_complete(rx->ubuf, false);
	return total;
}
