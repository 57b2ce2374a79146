/* SPDX-License-Identifier: GPL-2.0 */
/*
 * queue_ring.h - the rings that a queue shares with a program
 *
 *   stack --tunx_queue_ring_put()--> [ to_user ] --> program
 *   stack <------- tunx_shared.receive() <-- [ to_stack ] <-- program
 *                  in the queue's NAPI
 *
 * The memory is made before the queue has a device, and goes with the queue: a
 * mapping holds the file, and so the queue.
 */
#ifndef _TUNX_QUEUE_RING_H
#define _TUNX_QUEUE_RING_H

#include <linux/workqueue.h>

#include "ring.h"
#include "tunx.h"

/**
 * struct tunx_shared - the rings of one queue
 */
struct tunx_shared {
	/** @q: whose they are */
	struct tunx_queue *q;
	/** @kernel: our words; each has one writer, as the ring it belongs to */
	struct tunx_ring_kernel *kernel;
	/** @program: the program's; each is read once and looked at then */
	const struct tunx_ring_program *program;
	/** @receive: frames of @to_stack to the stack, in NAPI; how many */
	int (*receive)(struct tunx_queue *q, int budget);
	/** @pages: of kernel, program, to_user twice, to_stack twice */
	struct page **pages;
	/** @user: whose locked memory this is, or NULL: nobody's */
	struct user_struct *user;
	/** @charged: pages of it */
	unsigned long charged;
	/** @lead: bytes before a frame to read, its record among them */
	u16 lead;
	/** @tailroom: bytes behind it */
	u16 tailroom;
	/** @csum: the program does not complete checksums */
	bool csum;
	/** @broken: the program wrote nonsense; never undone */
	bool broken;
	/** @want_in: a poll found nothing to read */
	bool want_in;
	/** @want_out: a poll found no room to write */
	bool want_out;

	/** @to_user: ring.producer_lock */
	struct tunx_ring to_user ____cacheline_aligned_in_smp;
	/** @stopped: to_user stopped a sender; ring.producer_lock */
	bool stopped;
	/** @delay: jiffies to the next look for room; ring.producer_lock */
	unsigned long delay;
	/** @look: looks whether there is room, if nobody says so */
	struct delayed_work look;

	/** @to_stack: belongs to NAPI */
	struct tunx_ring to_stack ____cacheline_aligned_in_smp;
	/** @released: what @kernel says of to_stack.taken; NAPI */
	u32 released;
};

/* queue_ring.c: memory, life, sleep and wake, and the way to the stack */
struct tunx_shared *tunx_queue_ring_alloc(u32 to_user, u32 to_stack);
void tunx_queue_ring_free(struct tunx_shared *s);
void tunx_queue_ring_start(struct tunx_queue *q);
void tunx_queue_ring_stop(struct tunx_queue *q);
void tunx_queue_ring_break(struct tunx_queue *q, struct tunx_dev *xd);
int tunx_queue_ring_kick(struct tunx_queue *q, struct tunx_dev *xd);
__poll_t tunx_queue_ring_poll(struct tunx_queue *q, struct tunx_dev *xd);
const void *tunx_queue_ring_next(struct tunx_queue *q, struct tunx_dev *xd,
				 struct tunx_rec *rec);
void tunx_queue_ring_release(struct tunx_queue *q);

/* queue_ring_tx.c: stack to ring */
int tunx_queue_ring_put(struct tunx_queue *q, struct tunx_dev *xd,
			const struct sk_buff *skb, struct netdev_queue *txq);
int tunx_queue_ring_put_xdp(struct tunx_queue *q, struct tunx_dev *xd,
			    struct xdp_frame **frames, int n);
void tunx_queue_ring_made_room(struct tunx_queue *q, struct tunx_dev *xd);
void tunx_queue_ring_restart(struct tunx_queue *q, struct tunx_dev *xd);
void tunx_queue_ring_look(struct work_struct *work);

/**
 * tunx_queue_ring_to_user - do frames to read go into a shared ring
 * @q: queue
 *
 * Return: whether they do.
 */
static inline bool tunx_queue_ring_to_user(const struct tunx_queue *q)
{
	const struct tunx_shared *s = READ_ONCE(q->shared);

	return unlikely(s) && s->to_user.size;
}

/**
 * tunx_queue_ring_to_stack - does the queue's NAPI read a shared ring
 * @q: queue
 *
 * Return: whether it does.
 */
static inline bool tunx_queue_ring_to_stack(const struct tunx_queue *q)
{
	const struct tunx_shared *s = READ_ONCE(q->shared);

	return unlikely(s) && s->to_stack.size;
}

#endif /* _TUNX_QUEUE_RING_H */
