// SPDX-License-Identifier: GPL-2.0
/*
 * chr_batch.c - many frames a call (TUNXSETBATCH)
 *
 *   [ tunx_rec | headroom | frame | tailroom, to 8 bytes ] [ tunx_rec | ...
 *
 * A read takes as many whole records as its buffer has room for and the ring
 * has frames, and waits for the first one only. A write gives as many as there
 * are, up to the first that is refused: it returns the bytes before that one,
 * and the next write, which begins with it, says why.
 *
 * A record has the place of tun_pi and virtio-net header, which the device's
 * other files may still use.
 */
#include <linux/uio.h>
#include <net/xdp.h>

#include "frame.h"
#include "net_rx.h"
#include "trace.h"
#include "tunx.h"

#define TUNX_BATCH_MOST	16	/* frames out of the ring at a time */
#define TUNX_BATCH_SHORT 256	/* bytes of a frame that goes with its record */

/* How a queue's @batch says it: never 0 when on, and read in one piece */
#define TUNX_BATCH_ON(head, tail)	(((head) + sizeof(struct tunx_rec)) | (u32)(tail) << 16)
#define TUNX_BATCH_LEAD(batch)		((batch) & 0xffff)
#define TUNX_BATCH_TAIL(batch)		((batch) >> 16)

/**
 * tunx_chr_batch_set - TUNXSETBATCH
 * @q: queue, in any state
 * @arg: in user memory: struct tunx_batch
 *
 * Context: process, RTNL.
 * Return: 0, -EFAULT, -E2BIG (a longer struct, and not zero there) or -EINVAL:
 * a shorter one, unknown flags, or room that is too much or no multiple of 8.
 */
int tunx_chr_batch_set(struct tunx_queue *q, const void __user *arg)
{
	struct tunx_batch b;
	u32 size;
	int err;

	if (get_user(size, (const u32 __user *)arg))
		return -EFAULT;
	if (size < sizeof(b) || size > PAGE_SIZE)
		return -EINVAL;
	err = copy_struct_from_user(&b, sizeof(b), arg, size);
	if (err)
		return err;
	if (b.flags & ~TUNX_BATCH_RECORDS ||
	    b.headroom > TUNX_BATCH_ROOM_MAX || b.headroom % 8 ||
	    b.tailroom > TUNX_BATCH_ROOM_MAX || b.tailroom % 8)
		return -EINVAL;
	WRITE_ONCE(q->batch, b.flags & TUNX_BATCH_RECORDS ?
			     TUNX_BATCH_ON(b.headroom, b.tailroom) : 0);
	return 0;
}

/* May a record be moved word by word, wherever it lies? */
static bool tunx_chr_batch_words(const struct iov_iter *iter)
{
	return IS_ENABLED(CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS) && iter_is_ubuf(iter);
}

/* What a frame asks of the reader */
static int tunx_chr_batch_describe(struct tunx_dev *xd, unsigned int slot,
				   const struct sk_buff *skb, struct tunx_rec *rec)
{
	struct tunx_vnet v;

	if (tunx_frame_from_skb(skb, true, 0, &v))
		return -EINVAL;
	if (v.gso_type)
		tunx_stats_inc(xd, slot, tx_gso);
	if (v.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		tunx_stats_inc(xd, slot, tx_csum);
	rec->flags |= v.flags;
	rec->gso_type = v.gso_type;
	rec->gso_size = v.gso_size;
	rec->hdr_len = v.hdr_len;
	rec->csum_start = v.csum_start;
	rec->csum_offset = v.csum_offset;
	rec->outer_th = v.outer_th;
	rec->inner_nh = v.inner_nh;
	return 0;
}

/*
 * A record and a short frame, in one piece: a copy of its own for each of them costs
 * more than the bytes. @lead is a multiple of 8.
 */
static bool tunx_chr_batch_put_short(const void *rec, size_t lead, const void *data,
				     size_t len, void __user *buf)
{
	const u64 *from = rec;
	u64 __user *to = buf;

	if (!user_write_access_begin(buf, lead + len))
		return false;
	unsafe_put_user(from[0], to, bad);
	unsafe_put_user(from[1], to + 1, bad);
	unsafe_put_user(from[2], to + 2, bad);
	unsafe_put_user(from[3], to + 3, bad);
	to = buf + lead;
	for (from = data; len >= 32; len -= 32, from += 4, to += 4) {
		unsafe_put_user(from[0], to, bad);
		unsafe_put_user(from[1], to + 1, bad);
		unsafe_put_user(from[2], to + 2, bad);
		unsafe_put_user(from[3], to + 3, bad);
	}
	unsafe_copy_to_user((void __user *)to, (const void *)from, len, bad);
	user_write_access_end();
	return true;
bad:
	user_write_access_end();
	return false;
}

static bool tunx_chr_batch_put_rec(const struct tunx_rec *rec, size_t lead,
				   struct iov_iter *to)
{
	if (_copy_to_iter(rec, sizeof(*rec), to) != sizeof(*rec))
		return false;
	iov_iter_advance(to, lead - sizeof(*rec));
	return true;
}

static int tunx_chr_batch_put_skb(struct tunx_dev *xd, unsigned int slot,
				  const struct sk_buff *skb, size_t lead,
				  size_t total, struct iov_iter *to)
{
	struct tunx_rec rec = {
		.len = skb->len,
		.off8 = lead / 8,
		.proto = skb->protocol,
	};

	trace_tunx_dequeue(xd->netdev, slot, skb, skb->len);
	if ((skb_is_gso(skb) || skb->ip_summed) &&
	    tunx_chr_batch_describe(xd, slot, skb, &rec))
		return -EINVAL;
	if (unlikely(skb_vlan_tag_present(skb))) {
		rec.flags |= TUNX_REC_VLAN;
		rec.vlan_tci = skb_vlan_tag_get(skb);
		rec.vlan_proto = skb->vlan_proto;
	}
	if (unlikely(tunx_cb(skb)->report)) {
		rec.hash_report = tunx_cb(skb)->report;
		rec.hash = tunx_cb(skb)->hash;
	}
	if (likely(skb->len <= TUNX_BATCH_SHORT && !skb->data_len && tunx_chr_batch_words(to))) {
		if (!tunx_chr_batch_put_short(&rec, lead, skb->data, skb->len,
					      to->ubuf + to->iov_offset))
			return -EFAULT;
		tunx_ubuf_advance(to, total);
		return 0;
	}
	if (!tunx_chr_batch_put_rec(&rec, lead, to) ||
	    tunx_chr_put_pieces(skb, skb->len, to))
		return -EFAULT;
	iov_iter_advance(to, total - lead - skb->len);
	return 0;
}

static int tunx_chr_batch_put_xdp(struct tunx_dev *xd, unsigned int slot,
				  const struct xdp_frame *frame, size_t lead,
				  size_t total, struct iov_iter *to)
{
	const struct ethhdr *eth = frame->data;
	struct tunx_rec rec = {
		.len = frame->len,
		.off8 = lead / 8,
		.proto = frame->len >= ETH_HLEN ? eth->h_proto : 0,
	};

	trace_tunx_dequeue(xd->netdev, slot, frame, frame->len);
	if (!tunx_chr_batch_put_rec(&rec, lead, to) ||
	    _copy_to_iter(frame->data, frame->len, to) != frame->len)
		return -EFAULT;
	iov_iter_advance(to, total - lead - frame->len);
	return 0;
}

/* One record; the caller has looked that there is room. Bytes, or an error */
static ssize_t tunx_chr_batch_put(struct tunx_dev *xd, unsigned int slot,
				  void *frame, u32 batch, struct iov_iter *to)
{
	size_t lead = TUNX_BATCH_LEAD(batch), total;
	int err;

	total = ALIGN(lead + tunx_queue_frame_len(frame) + TUNX_BATCH_TAIL(batch), 8);
	if (unlikely(tun_is_xdp_frame(frame)))
		err = tunx_chr_batch_put_xdp(xd, slot, tun_ptr_to_xdp(frame), lead, total, to);
	else
		err = tunx_chr_batch_put_skb(xd, slot, frame, lead, total, to);
	return likely(!err) ? total : err;
}

static void tunx_chr_batch_free(void **frame, unsigned int n)
{
	unsigned int i;

	local_bh_disable();
	for (i = 0; i < n; i++) {
		if (unlikely(tun_is_xdp_frame(frame[i])))
			xdp_return_frame(tun_ptr_to_xdp(frame[i]));
		else
			napi_consume_skb(frame[i], 1);
	}
	local_bh_enable();
}

/* What is there, up to TUNX_BATCH_MOST; a frame without words is lost */
static ssize_t tunx_chr_batch_some(struct tunx_dev *xd, struct tunx_queue *q,
				   u32 batch, struct iov_iter *to)
{
	unsigned int i, n, good = 0, bytes = 0, slot = tunx_queue_slot(q, xd);
	void *frame[TUNX_BATCH_MOST];
	ssize_t done = 0, ret;

	ret = tunx_queue_consume_bulk(q, xd, frame, ARRAY_SIZE(frame),
				      TUNX_BATCH_LEAD(batch) + TUNX_BATCH_TAIL(batch),
				      iov_iter_count(to));
	if (ret < 0)
		return ret;
	n = ret;
	/* A bad buffer: the frames that follow are as lost as this one */
	for (i = 0; i < n && ret != -EFAULT; i++) {
		ret = tunx_chr_batch_put(xd, slot, frame[i], batch, to);
		if (unlikely(ret < 0))
			continue;
		done += ret;
		bytes += tunx_queue_frame_len(frame[i]);
		good++;
	}
	tunx_stats_add(xd, slot, tx_packets, good);
	tunx_stats_add(xd, slot, tx_bytes, bytes);
	if (unlikely(good < n))
		tunx_stats_add(xd, slot, tx_lost, n - good);
	tunx_chr_batch_free(frame, n);
	return done ?: ret;
}

/**
 * tunx_chr_batch_read - read() of a queue with records
 * @q: queue
 * @xd: the device the caller holds
 * @batch: what q->batch was, which may change at any time; not 0
 * @to: buffer
 * @noblock: do not wait for a frame
 *
 * Context: process, sleeps unless @noblock.
 * Return: bytes of whole records; or -EAGAIN, -ERESTARTSYS, -EBADFD (deleted
 * meanwhile), -EMSGSIZE (the first does not fit, and stays where it is),
 * -EFAULT, -EINVAL (no words for the only frame).
 */
ssize_t tunx_chr_batch_read(struct tunx_queue *q, struct tunx_dev *xd,
			    u32 batch, struct iov_iter *to, bool noblock)
{
	ssize_t done = 0, ret;

	if (!iov_iter_count(to))
		return 0;
	for (;;) {
		ret = tunx_chr_batch_some(xd, q, batch, to);
		if (ret > 0) {
			done += ret;
			if (signal_pending(current))
				return done;
			cond_resched();
			continue;
		}
		if (done || ret != -EAGAIN || noblock)
			return done ?: ret;
		ret = tunx_queue_wait_any(q, xd);
		if (ret)
			return ret;
	}
}

/* A record in user memory, in four pieces that need no call */
static bool tunx_chr_batch_fetch(struct tunx_rec *rec, const u64 __user *at)
{
	u64 *to = (u64 *)rec;

	if (!user_read_access_begin(at, sizeof(*rec)))
		return false;
	unsafe_get_user(to[0], at, bad);
	unsafe_get_user(to[1], at + 1, bad);
	unsafe_get_user(to[2], at + 2, bad);
	unsafe_get_user(to[3], at + 3, bad);
	user_read_access_end();
	return true;
bad:
	user_read_access_end();
	return false;
}

/* The next record; what does not hold together is an error */
static int tunx_chr_batch_get(struct iov_iter *from, struct tunx_rec *rec)
{
	u32 lead;

	if (iov_iter_count(from) < sizeof(*rec))
		return -EINVAL;
	if (tunx_chr_batch_words(from)) {
		if (!tunx_chr_batch_fetch(rec, from->ubuf + from->iov_offset))
			return -EFAULT;
		tunx_ubuf_advance(from, sizeof(*rec));
	} else if (!copy_from_iter_full(rec, sizeof(*rec), from)) {
		return -EFAULT;
	}
	if (rec->off8 < sizeof(*rec) / 8)
		return -EINVAL;
	lead = rec->off8 * 8 - sizeof(*rec);
	if ((u64)rec->len + lead > iov_iter_count(from))
		return -EINVAL;
	if (lead)
		iov_iter_advance(from, lead);
	return 0;
}

/**
 * tunx_chr_batch_write - write() of a queue with records
 * @q: queue
 * @xd: the device the caller holds
 * @from: records
 * @noblock: do not wait for buffer space
 *
 * Context: process, may sleep.
 * Return: bytes of the records that were taken; or, when the first was not,
 * -EINVAL (no record, it exceeds what was written, or see tunx_net_rx_record())
 * or another errno of that.
 */
ssize_t tunx_chr_batch_write(struct tunx_queue *q, struct tunx_dev *xd,
			     struct iov_iter *from, bool noblock)
{
	size_t total = iov_iter_count(from), left, pad;
	struct tunx_rx_batch b;
	struct tunx_rec *rec;
	int err = 0, last;

	tunx_net_rx_begin(&b, xd, q, noblock);
	while ((left = iov_iter_count(from)) && !err &&
	       !(b.done && signal_pending(current))) {
		rec = &b.item[b.n].rec;
		err = tunx_chr_batch_get(from, rec);
		if (unlikely(err))
			break;
		left = iov_iter_count(from) - rec->len;
		/* Behind the last record there may be less than this */
		pad = min_t(size_t, left, -(total - left) & 7);
		err = tunx_net_rx_record(&b, from, total - left + pad);
		if (pad)
			iov_iter_advance(from, pad);
	}
	last = tunx_net_rx_end(&b);
	return b.done ?: last ?: err;
}
