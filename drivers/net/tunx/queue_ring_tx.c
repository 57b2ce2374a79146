// SPDX-License-Identifier: GPL-2.0
/*
 * queue_ring_tx.c - stack to shared ring
 *
 * The sender copies its frame into the ring and frees it: nothing of the stack
 * waits for the program, and no frame crosses CPUs. ring.producer_lock makes
 * the senders one writer.
 *
 *   sender                                program
 *     put = ...            release          event = taken
 *     smp_mb()                     (A)      full barrier
 *     if (put passed event)                 if (put has not moved)
 *         wake                                  sleep
 *
 *     stop txq, kick = 1                    taken = ...         release
 *     smp_mb()                     (B)      full barrier
 *     if (taken made room)                  if (kick)
 *         start txq                             TUNXRINGKICK
 *
 * A program that does not kick delays the sender, and no more: while a txq is
 * stopped, the ring is looked at from time to time, less and less often.
 */
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/checksum.h>
#include <net/xdp.h>

#include "queue_ring.h"
#include "trace.h"
#include "tunx.h"

#define TUNX_RING_DELAY_MAX	(HZ / 8)

/* A stopped sender starts when half of the ring, and the longest record, are free */
static bool tunx_queue_ring_half_free(const struct tunx_ring *r)
{
	return tunx_ring_room(r) >= max_t(u32, r->size / 2, TUNX_RING_RECORD_MAX);
}

/**
 * tunx_queue_ring_restart - start the sender that a full ring has stopped
 * @q: queue with a ring to the program
 * @xd: its device
 *
 * Context: ring.producer_lock, BH off.
 */
void tunx_queue_ring_restart(struct tunx_queue *q, struct tunx_dev *xd)
{
	struct tunx_shared *s = q->shared;

	if (!s->stopped)
		return;
	s->stopped = false;
	WRITE_ONCE(s->kernel->to_user_kick, 0);
	/* The slot may have moved on: only its present owner may start it */
	if (READ_ONCE(q->state) != TUNX_QUEUE_ATTACHED)
		return;
	netif_tx_wake_queue(netdev_get_tx_queue(xd->netdev, READ_ONCE(q->index)));
	tunx_stats_inc(xd, READ_ONCE(q->index), tx_wakes);
}

/* How far has the program read? Context: ring.producer_lock */
static int tunx_queue_ring_see(struct tunx_queue *q, struct tunx_dev *xd)
{
	struct tunx_shared *s = q->shared;
	u32 taken;
	int err;

	/* Acquire: what the program has read is not overwritten before it has */
	taken = smp_load_acquire(&s->program->to_user_taken);
	err = tunx_ring_seen_taken(&s->to_user, taken);
	if (unlikely(err))
		tunx_queue_ring_break(q, xd);
	return err;
}

/* Context: ring.producer_lock */
static int tunx_queue_ring_reserve(struct tunx_queue *q, struct tunx_dev *xd, u32 need)
{
	struct tunx_ring *r = &q->shared->to_user;
	int err;

	if (unlikely(q->shared->broken))
		return -EPROTO;
	if (likely(need <= tunx_ring_room(r)))
		return 0;
	err = tunx_queue_ring_see(q, xd);
	if (err)
		return err;
	return need <= tunx_ring_room(r) ? 0 : -ENOSPC;
}

/* Context: ring.producer_lock. Return: whether the program is to be woken */
static bool tunx_queue_ring_publish(struct tunx_shared *s, u32 total)
{
	struct tunx_ring *r = &s->to_user;
	u32 from = r->put;

	r->put = from + total;
	/* Release: the program sees the record when it sees the position */
	smp_store_release(&s->kernel->to_user_put, r->put);
	smp_mb(); /* (A) */
	if (unlikely(READ_ONCE(s->want_in))) {
		WRITE_ONCE(s->want_in, false);
		return true;
	}
	return tunx_ring_passed(READ_ONCE(s->program->to_user_event), from, r->put);
}

/*
 * No room for another frame of any length: stop the sender. Context:
 * ring.producer_lock. Return: 1 when it is stopped and @ret was 0, else @ret
 */
static int tunx_queue_ring_full(struct tunx_queue *q, struct tunx_dev *xd,
				struct netdev_queue *txq, int ret)
{
	struct tunx_shared *s = q->shared;

	if (tunx_ring_room(&s->to_user) >= TUNX_RING_RECORD_MAX ||
	    tunx_queue_ring_see(q, xd) ||
	    tunx_ring_room(&s->to_user) >= TUNX_RING_RECORD_MAX)
		return ret;
	netif_tx_stop_queue(txq);
	s->stopped = true;
	s->delay = 1;
	WRITE_ONCE(s->kernel->to_user_kick, 1);
	smp_mb(); /* (B) */
	if (tunx_queue_ring_see(q, xd))
		return ret;
	if (tunx_queue_ring_half_free(&s->to_user)) {
		tunx_queue_ring_restart(q, xd);
		return ret;
	}
	schedule_delayed_work(&s->look, s->delay);
	return ret ? ret : 1;
}

/**
 * tunx_queue_ring_made_room - the program may have read: start a stopped sender
 * @q: queue with a ring to the program
 * @xd: the device the caller holds
 *
 * Context: any but hard interrupt.
 */
void tunx_queue_ring_made_room(struct tunx_queue *q, struct tunx_dev *xd)
{
	struct tunx_shared *s = q->shared;

	/* BH off: who takes the slot away waits for us */
	spin_lock_bh(&q->ring.producer_lock);
	if (s->stopped && !s->broken && tunx_queue_is_attached(q, xd) &&
	    !tunx_queue_ring_see(q, xd) && tunx_queue_ring_half_free(&s->to_user))
		tunx_queue_ring_restart(q, xd);
	spin_unlock_bh(&q->ring.producer_lock);
}

/**
 * tunx_queue_ring_look - is there room, although nobody says so
 * @work: tunx_shared.look
 *
 * Context: process.
 */
void tunx_queue_ring_look(struct work_struct *work)
{
	struct tunx_shared *s = container_of(to_delayed_work(work), struct tunx_shared, look);
	struct tunx_queue *q = s->q;
	struct tunx_dev *xd = tunx_queue_dev_get(q);

	if (!xd)
		return;
	tunx_queue_ring_made_room(q, xd);
	spin_lock_bh(&q->ring.producer_lock);
	if (s->stopped && tunx_queue_is_attached(q, xd)) {
		s->delay = min_t(unsigned long, s->delay * 2, TUNX_RING_DELAY_MAX);
		schedule_delayed_work(&s->look, s->delay);
	}
	spin_unlock_bh(&q->ring.producer_lock);
	tunx_queue_dev_put(xd);
}

/* What a frame asks of the program */
static int tunx_queue_ring_describe(const struct tunx_shared *s, const struct sk_buff *skb,
				    struct tunx_rec *rec)
{
	unsigned int start = skb_checksum_start_offset(skb);
	struct tunx_vnet v;

	if (tunx_frame_from_skb(skb, true, 0, &v))
		return -EINVAL;
	/* The copy completes it, see tunx_queue_ring_copy() */
	if (v.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM && s->csum && !v.gso_type)
		return start > skb_headlen(skb) ||
		       start + v.csum_offset + sizeof(__sum16) > skb->len ? -EINVAL : 0;
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

static int tunx_queue_ring_record(const struct tunx_shared *s, const struct sk_buff *skb,
				  struct tunx_rec *rec)
{
	*rec = (struct tunx_rec){
		.len = skb->len,
		.off8 = s->lead / 8,
		.proto = skb->protocol,
	};
	if (unlikely(skb_vlan_tag_present(skb))) {
		rec->flags |= TUNX_REC_VLAN;
		rec->vlan_tci = skb_vlan_tag_get(skb);
		rec->vlan_proto = skb->vlan_proto;
	}
	if (unlikely(tunx_cb(skb)->report)) {
		rec->hash_report = tunx_cb(skb)->report;
		rec->hash = tunx_cb(skb)->hash;
	}
	if (likely(!skb_is_gso(skb) && !skb->ip_summed))
		return 0;
	return tunx_queue_ring_describe(s, skb, rec);
}

/* The bytes; with the checksum, if the program is not told to complete it */
static int tunx_queue_ring_copy(const struct sk_buff *skb, const struct tunx_rec *rec, u8 *to)
{
	__sum16 *sum;

	if (skb->ip_summed != CHECKSUM_PARTIAL || rec->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		return skb_copy_bits(skb, 0, to, skb->len);
	skb_copy_and_csum_dev(skb, to);
	sum = (__sum16 *)(to + skb_checksum_start_offset(skb) + skb->csum_offset);
	/* To UDP, zero is no checksum */
	if (!*sum)
		*sum = CSUM_MANGLED_0;
	return 0;
}

static void tunx_queue_ring_count(struct tunx_dev *xd, struct tunx_queue *q,
				  const struct tunx_rec *rec)
{
	struct tunx_stats __percpu *stats = xd->slot[READ_ONCE(q->index)].stats;

	this_cpu_inc(stats->tx_packets);
	this_cpu_add(stats->tx_bytes, rec->len);
	if (rec->gso_type)
		this_cpu_inc(stats->tx_gso);
	if (rec->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		this_cpu_inc(stats->tx_csum);
}

/**
 * tunx_queue_ring_put - copy a frame into the ring, and wake the program if it asked
 * @q: queue with a ring to the program
 * @xd: its device
 * @skb: frame, stays the caller's
 * @txq: stop this one when the ring is full after that; NULL to stop none
 *
 * Each frame is published at once. Waiting for the last of a burst would need
 * somebody to publish when that one is dropped on its way.
 *
 * Context: BH off, RCU.
 * Return: 0, 1 when @txq was stopped, -ENOSPC (full), -EPROTO (the ring is broken),
 * -EINVAL (no words for this frame) or -EFAULT.
 */
int tunx_queue_ring_put(struct tunx_queue *q, struct tunx_dev *xd,
			const struct sk_buff *skb, struct netdev_queue *txq)
{
	u32 total = tunx_ring_total(q->shared->lead, skb->len, q->shared->tailroom);
	struct tunx_shared *s = q->shared;
	struct tunx_rec rec;
	bool wake = false;
	void *at;
	int ret;

	ret = tunx_queue_ring_record(s, skb, &rec);
	if (unlikely(ret))
		return ret;
	spin_lock(&q->ring.producer_lock);
	ret = tunx_queue_ring_reserve(q, xd, total);
	if (likely(!ret)) {
		at = tunx_ring_at(&s->to_user, s->to_user.put);
		ret = tunx_queue_ring_copy(skb, &rec, at + s->lead);
		if (likely(!ret)) {
			memcpy(at, &rec, sizeof(rec));
			wake = tunx_queue_ring_publish(s, total);
			tunx_queue_ring_count(xd, q, &rec);
		}
	}
	if (txq && ret != -EPROTO)
		ret = tunx_queue_ring_full(q, xd, txq, ret);
	spin_unlock(&q->ring.producer_lock);
	if (wake)
		tunx_queue_wake(q);
	return ret;
}

/**
 * tunx_queue_ring_put_xdp - copy XDP frames into the ring
 * @q: queue with a ring to the program
 * @xd: its device
 * @frames: frames, those put are freed
 * @n: their number
 *
 * Context: BH off, RCU.
 * Return: how many were put.
 */
int tunx_queue_ring_put_xdp(struct tunx_queue *q, struct tunx_dev *xd,
			    struct xdp_frame **frames, int n)
{
	struct tunx_shared *s = q->shared;
	const struct ethhdr *eth;
	bool wake = false;
	u32 total;
	void *at;
	int i;

	spin_lock(&q->ring.producer_lock);
	for (i = 0; i < n; i++) {
		struct tunx_rec rec = { .len = frames[i]->len, .off8 = s->lead / 8 };

		total = tunx_ring_total(s->lead, rec.len, s->tailroom);
		if (tunx_queue_ring_reserve(q, xd, total))
			break;
		eth = frames[i]->data;
		if (rec.len >= ETH_HLEN)
			rec.proto = eth->h_proto;
		at = tunx_ring_at(&s->to_user, s->to_user.put);
		memcpy(at, &rec, sizeof(rec));
		memcpy(at + s->lead, frames[i]->data, rec.len);
		wake |= tunx_queue_ring_publish(s, total);
		tunx_queue_ring_count(xd, q, &rec);
		xdp_return_frame(frames[i]);
	}
	spin_unlock(&q->ring.producer_lock);
	if (wake)
		tunx_queue_wake(q);
	return i;
}
