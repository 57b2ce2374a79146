// SPDX-License-Identifier: GPL-2.0
/*
 * net_rx_batch.c - many records of one write at once (TUNXSETBATCH)
 *
 *   record --copy--> [ item | item | ... ] --BH off--> frames --> a list --> stack
 *                      up to TUNX_RX_BATCH                 '--> NAPI's rx list
 *
 * The stack gets the frames together: each of its layers is in the cache when
 * the second one comes. A frame that is not copied into a page (see
 * tunx_net_build_fits_page()) goes alone, behind those that came before it.
 */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/uio.h>

#include "frame.h"
#include "net_build.h"
#include "net_rx.h"
#include "trace.h"
#include "tunx.h"

/* What a record may say; an unknown word may change the meaning of all others */
#define TUNX_REC_KNOWN	(VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID | \
			 VIRTIO_NET_HDR_F_UDP_TUNNEL_CSUM | TUNX_REC_VLAN)

/* The record as the headers that a frame comes with otherwise */
static int tunx_net_batch_head(struct tunx_rx *rx, const struct tunx_rec *rec,
			       struct tunx_rx_head *head)
{
	rx->flags &= TUNX_F_TAP;
	if (rec->proto) {
		rx->flags |= TUNX_F_PI;
		head->pi.proto = rec->proto;
	}
	rx->len = rec->len;
	rx->head = rec->hdr_len;
	rx->gso = rec->gso_type;
	if (rec->flags || rec->gso_type || rec->hdr_len) {
		rx->flags |= TUNX_F_VNET;
		head->tunnel = true;
		head->vnet = (struct tunx_vnet){
			.flags = rec->flags,
			.gso_type = rec->gso_type,
			.hdr_len = rec->hdr_len,
			.gso_size = rec->gso_size,
			.csum_start = rec->csum_start,
			.csum_offset = rec->csum_offset,
			.outer_th = rec->outer_th,
			.inner_nh = rec->inner_nh,
		};
		if (tunx_frame_vnet_check(&head->vnet, rec->len))
			return -EINVAL;
		rx->head = head->vnet.hdr_len;
	}
	return 0;
}

/**
 * tunx_net_rx_record_check - is what a record says about its frame possible
 * @rx: device and queue; flags, len, head and gso are updated
 * @rec: record
 *
 * Context: any.
 * Return: 0, or -EINVAL as of tunx_net_rx_record().
 */
int tunx_net_rx_record_check(struct tunx_rx *rx, const struct tunx_rec *rec)
{
	struct tunx_rx_head head;

	if (rec->flags & ~TUNX_REC_KNOWN ||
	    tunx_net_batch_head(rx, rec, &head) || tunx_net_rx_too_short(rx))
		return -EINVAL;
	if (rec->flags & TUNX_REC_VLAN &&
	    (!(rx->flags & TUNX_F_TAP) || !eth_type_vlan(rec->vlan_proto)))
		return -EINVAL;
	return 0;
}

/* Is nothing but the stack interested in frames that ask for nothing? */
static bool tunx_net_batch_direct(const struct tunx_rx *rx)
{
	return READ_ONCE(rx->xd->netdev->flags) & IFF_UP &&
	       !rcu_access_pointer(rx->xd->xdp_prog) &&
	       !(rx->mode & TUNX_Q_NAPI) && READ_ONCE(rx->xd->nr_queues) < 2;
}

/* What is left of tunx_net_rx_frame() then. Context: BH off */
static void tunx_net_batch_plain(struct tunx_rx *rx, unsigned int slot, __be16 proto,
				 struct sk_buff *skb)
{
	if (rx->flags & TUNX_F_TAP) {
		skb->protocol = eth_type_trans(skb, rx->xd->netdev);
	} else {
		skb->dev = rx->xd->netdev;
		skb->protocol = proto;
		skb_reset_mac_header(skb);
	}
	skb_reset_network_header(skb);
	skb_record_rx_queue(skb, slot);
	trace_tunx_rx(rx->xd->netdev, slot, skb, rx->len);
	list_add_tail(&skb->list, rx->list);
}

/**
 * tunx_net_rx_record_frame - from the frame of a record to its delivery
 * @rx: device, queue and how to deliver
 * @rec: record that tunx_net_rx_record_check() liked
 * @skb: its frame, taken in any case, and counted
 *
 * Context: BH off.
 * Return: as tunx_net_rx_frame().
 */
int tunx_net_rx_record_frame(struct tunx_rx *rx, const struct tunx_rec *rec,
			     struct sk_buff *skb)
{
	struct tunx_rx_head head = {};

	tunx_net_batch_head(rx, rec, &head);
	rx->len = skb->len;
	if (rec->flags & TUNX_REC_VLAN)
		__vlan_hwaccel_put_tag(skb, rec->vlan_proto, rec->vlan_tci);
	return tunx_net_rx_frame(rx, skb, &head);
}

/*
 * The stack gets the records copied so far. Those behind one that is refused are
 * forgotten: the writer is told, and writes them again.
 */
static int tunx_net_batch_flush(struct tunx_rx_batch *b)
{
	unsigned int i, n = b->n, good = 0, bytes = 0, slot;
	bool direct = tunx_net_batch_direct(&b->rx);
	struct tunx_rx *rx = &b->rx;
	struct sk_buff *skb;
	LIST_HEAD(list);
	int err = 0;

	if (!n)
		return 0;
	b->n = 0;
	slot = tunx_queue_slot(rx->q, rx->xd);
	rx->list = &list;
	local_bh_disable();
	for (i = 0; i < n; i++) {
		rx->native = b->item[i].native;
		rx->xdp_done = false;
		rx->len = b->item[i].rec.len;
		skb = tunx_net_build_wrap(rx, &b->item[i].xdp);
		if (IS_ERR(skb)) {
			err = tunx_net_rx_lost(rx, PTR_ERR(skb));
		} else if (likely(skb && direct && b->item[i].plain)) {
			tunx_net_batch_plain(rx, slot, b->item[i].rec.proto, skb);
			bytes += rx->len;
			good++;
		} else if (skb) {
			err = tunx_net_rx_record_frame(rx, &b->item[i].rec, skb);
		}
		if (unlikely(err))
			break;
	}
	if (i)
		b->done = b->item[i - 1].end;
	tunx_stats_add(rx->xd, slot, rx_packets, good);
	tunx_stats_add(rx->xd, slot, rx_bytes, bytes);
	netif_receive_skb_list(&list);
	local_bh_enable();
	/* A write may have any number of records */
	cond_resched();
	rx->list = NULL;
	while (unlikely(++i < n))
		put_page(virt_to_head_page(b->item[i].xdp.data_hard_start));
	return err;
}

/* Not copied into a page: memory is charged or segments are large */
static int tunx_net_batch_alone(struct tunx_rx_batch *b, struct iov_iter *from,
				const struct tunx_rec *rec, size_t end)
{
	size_t behind = iov_iter_count(from) - rec->len;
	struct sk_buff *skb;
	int err;

	err = tunx_net_batch_flush(b);
	if (err)
		return err;
	/* tunx_net_batch_flush() has had other records */
	err = tunx_net_rx_record_check(&b->rx, rec);
	if (err)
		return err;
	iov_iter_truncate(from, rec->len);
	skb = tunx_net_build(&b->rx, from);
	iov_iter_reexpand(from, iov_iter_count(from) + behind);
	if (IS_ERR(skb))
		return tunx_net_rx_lost(&b->rx, PTR_ERR(skb));
	b->rx.xdp_done = false;
	local_bh_disable();
	err = tunx_net_rx_record_frame(&b->rx, rec, skb);
	local_bh_enable();
	if (!err)
		b->done = end;
	return err;
}

/**
 * tunx_net_rx_begin - records are going to be written
 * @b: to be filled, on the writer's stack
 * @xd: device the caller holds
 * @q: queue they are written on
 * @noblock: do not wait for buffer space
 *
 * Context: process.
 */
void tunx_net_rx_begin(struct tunx_rx_batch *b, struct tunx_dev *xd,
		       struct tunx_queue *q, bool noblock)
{
	b->rx = (struct tunx_rx){
		.xd = xd,
		.q = q,
		.noblock = noblock,
		.more = true,
		.flags = READ_ONCE(xd->flags) & TUNX_F_TAP,
		/* Only one frame can be built in NAPI's hands: it gets these whole */
		.mode = READ_ONCE(q->flags) & ~TUNX_Q_FRAGS,
		.len = ETH_FRAME_LEN,
	};
	b->least = b->rx.flags & TUNX_F_TAP ? ETH_HLEN : 1;
	b->most = tunx_net_build_fits_page(&b->rx) ? ETH_FRAME_LEN : 0;
	b->done = 0;
	b->n = 0;
}

/* Most records: a frame, and nothing to say about it */
static bool tunx_net_batch_simple(const struct tunx_rx_batch *b, const struct tunx_rec *rec)
{
	return !(rec->flags | rec->gso_type | rec->hdr_len) &&
	       rec->len >= b->least && rec->len <= b->most;
}

/**
 * tunx_net_rx_record - a written record's frame is copied, and delivered soon
 * @b: records before it; in item[n].rec is what the writer says about this frame
 * @from: its bytes, and what follows them
 * @end: what @b->done shall be when the stack has it
 *
 * Context: process, may sleep.
 * Return: 0, or the error of this record or of one before it: -EINVAL (unknown
 * flags, a tag that is none or on a tun) or another one of tunx_net_rx().
 */
int tunx_net_rx_record(struct tunx_rx_batch *b, struct iov_iter *from, size_t end)
{
	struct tunx_rx_item *item = &b->item[b->n];
	struct tunx_rec *rec = &item->rec;
	bool simple = tunx_net_batch_simple(b, rec);
	struct tunx_rx *rx = &b->rx;
	int err;

	rx->len = rec->len;
	rx->head = 0;
	rx->gso = false;
	if (unlikely(!simple)) {
		err = tunx_net_rx_record_check(rx, rec);
		if (err)
			return err;
		if (!tunx_net_build_fits_page(rx))
			return tunx_net_batch_alone(b, from, rec, end);
	}
	err = tunx_net_build_copy(rx, from, &item->xdp);
	if (unlikely(err))
		return tunx_net_rx_lost(rx, err);
	item->end = end;
	item->native = rx->native;
	if (simple && !rec->proto)
		rec->proto = tunx_frame_ip_proto(*(u8 *)item->xdp.data);
	item->plain = simple && (rx->flags & TUNX_F_TAP || rec->proto);
	return ++b->n < TUNX_RX_BATCH ? 0 : tunx_net_batch_flush(b);
}

/**
 * tunx_net_rx_end - no more records come
 * @b: records
 *
 * Context: process.
 * Return: 0, or the error of the first that was refused.
 */
int tunx_net_rx_end(struct tunx_rx_batch *b)
{
	int err = tunx_net_batch_flush(b);

	if (b->rx.mode & TUNX_Q_NAPI) {
		local_bh_disable();
		tunx_queue_napi_kick(b->rx.q, b->rx.xd);
		local_bh_enable();
	}
	return err;
}
