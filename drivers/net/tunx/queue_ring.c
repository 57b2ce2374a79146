// SPDX-License-Identifier: GPL-2.0
/*
 * queue_ring.c - the rings that a queue shares with a program: memory, life,
 * sleep and wake, and the way to the stack
 *
 * The queue's NAPI reads the ring of written frames. It belongs to one at a time,
 * which makes it one reader.
 *
 *   NAPI                                  program
 *     nothing there: kick = 1               put = ...           release
 *     smp_mb()                     (C)      full barrier
 *     if (put has moved)                    if (kick)
 *         go on                                 TUNXRINGKICK
 *
 *     taken = ...              release      event = put - n
 *     smp_mb()                     (D)      full barrier
 *     if (taken passed event)               if (taken has not moved)
 *         wake                                  sleep
 *
 * Who polls need not say so in an event: the poll remembers that it found nothing.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/netdevice.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "queue_ring.h"
#include "tunx.h"

/* An error is enough for a user whose memory cgroup has no room */
#define TUNX_RING_GFP	(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* Fill @n entries of @at with pages, and the next @n with the same ones again */
static bool tunx_queue_ring_pages(struct page **at, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (fatal_signal_pending(current))
			return false;
		at[i] = alloc_page(TUNX_RING_GFP | __GFP_ZERO);
		if (!at[i])
			return false;
		at[i + n] = at[i];
		cond_resched();
	}
	return true;
}

static void tunx_queue_ring_free_pages(struct page **at, unsigned int n)
{
	while (n && *at) {
		__free_page(*at++);
		n--;
	}
}

/* The order in which they are mapped, in the kernel and in a program */
static bool tunx_queue_ring_map(struct tunx_shared *s, unsigned int to_user,
				unsigned int to_stack)
{
	unsigned int n = 2 + 2 * to_user + 2 * to_stack;
	void *base;

	s->pages = kvcalloc(n, sizeof(*s->pages), GFP_KERNEL_ACCOUNT);
	if (!s->pages)
		return false;
	s->pages[0] = alloc_page(TUNX_RING_GFP | __GFP_ZERO);
	s->pages[1] = alloc_page(TUNX_RING_GFP | __GFP_ZERO);
	if (!s->pages[0] || !s->pages[1] ||
	    !tunx_queue_ring_pages(s->pages + 2, to_user) ||
	    !tunx_queue_ring_pages(s->pages + 2 + 2 * to_user, to_stack))
		return false;
	base = vmap(s->pages, n, VM_MAP, PAGE_KERNEL);
	if (!base)
		return false;
	s->kernel = base;
	s->program = base + PAGE_SIZE;
	s->to_user.data = base + 2 * PAGE_SIZE;
	s->to_stack.data = s->to_user.data + 2 * (size_t)to_user * PAGE_SIZE;
	return true;
}

/*
 * A cgroup may have no limit, and nobody asked who this is: the memory counts as
 * locked, together with all else that the user has locked.
 */
static bool tunx_queue_ring_charge(struct tunx_shared *s, unsigned long n)
{
	unsigned long most = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;

	if (capable(CAP_IPC_LOCK))
		return true;
	s->user = get_uid(current_user());
	s->charged = n;
	return atomic_long_add_return(n, &s->user->locked_vm) <= most;
}

static void tunx_queue_ring_uncharge(struct tunx_shared *s)
{
	if (!s->user)
		return;
	atomic_long_sub(s->charged, &s->user->locked_vm);
	free_uid(s->user);
}

/**
 * tunx_queue_ring_alloc - make rings that no queue has yet
 * @to_user: bytes of the ring to the program, 0: none
 * @to_stack: bytes of the ring from it, 0: none
 *
 * The memory is charged to the caller's memory cgroup, and to RLIMIT_MEMLOCK.
 *
 * Context: process, may sleep.
 * Return: the rings, or an error: -EINVAL (no ring, or not such a size) or -ENOMEM.
 */
struct tunx_shared *tunx_queue_ring_alloc(u32 to_user, u32 to_stack)
{
	struct tunx_shared *s;

	if (!to_user && !to_stack)
		return ERR_PTR(-EINVAL);
	s = kzalloc_obj(*s, GFP_KERNEL_ACCOUNT);
	if (!s)
		return ERR_PTR(-ENOMEM);
	INIT_DELAYED_WORK(&s->look, tunx_queue_ring_look);
	if ((to_user && tunx_ring_init(&s->to_user, NULL, to_user)) ||
	    (to_stack && tunx_ring_init(&s->to_stack, NULL, to_stack))) {
		kfree(s);
		return ERR_PTR(-EINVAL);
	}
	if (!tunx_queue_ring_charge(s, 2 + ((to_user + to_stack) >> PAGE_SHIFT)) ||
	    !tunx_queue_ring_map(s, to_user >> PAGE_SHIFT, to_stack >> PAGE_SHIFT)) {
		tunx_queue_ring_free(s);
		return ERR_PTR(-ENOMEM);
	}
	/* Nobody looks until NAPI does */
	s->kernel->to_stack_kick = 1;
	return s;
}

/**
 * tunx_queue_ring_free - undo tunx_queue_ring_alloc()
 * @s: rings that nobody uses any more, or NULL
 *
 * Context: process, may sleep.
 */
void tunx_queue_ring_free(struct tunx_shared *s)
{
	unsigned int to_user;

	if (!s)
		return;
	cancel_delayed_work_sync(&s->look);
	to_user = s->to_user.size >> PAGE_SHIFT;
	vunmap(s->kernel);
	if (s->pages) {
		tunx_queue_ring_free_pages(s->pages, 1);
		tunx_queue_ring_free_pages(s->pages + 1, 1);
		tunx_queue_ring_free_pages(s->pages + 2, to_user);
		tunx_queue_ring_free_pages(s->pages + 2 + 2 * to_user,
					   s->to_stack.size >> PAGE_SHIFT);
		kvfree(s->pages);
	}
	tunx_queue_ring_uncharge(s);
	kfree(s);
}

/* Context: ring.producer_lock */
static void tunx_queue_ring_say(struct tunx_shared *s, u32 state)
{
	if (!s->broken)
		WRITE_ONCE(s->kernel->state, state);
}

/**
 * tunx_queue_ring_start - the queue has its slot, and the file its device
 * @q: queue, with rings or without
 *
 * What the program put in advance goes to the stack.
 *
 * Context: process, RTNL.
 */
void tunx_queue_ring_start(struct tunx_queue *q)
{
	struct tunx_dev *xd = rtnl_dereference(q->xd);
	struct tunx_shared *s = q->shared;

	if (!s)
		return;
	spin_lock_bh(&q->ring.producer_lock);
	tunx_queue_ring_say(s, TUNX_RING_RUNNING);
	/* Stopped on another device, or before anybody could kick on this one */
	tunx_queue_ring_restart(q, xd);
	spin_unlock_bh(&q->ring.producer_lock);
	if (tunx_queue_ring_to_stack(q))
		tunx_queue_napi_run(q, xd);
}

/**
 * tunx_queue_ring_stop - the queue has left its slot
 * @q: queue, with rings or without
 *
 * What is in the rings stays there.
 *
 * Context: process, RTNL.
 */
void tunx_queue_ring_stop(struct tunx_queue *q)
{
	struct tunx_shared *s = q->shared;

	if (!s)
		return;
	spin_lock_bh(&q->ring.producer_lock);
	tunx_queue_ring_say(s, TUNX_RING_DETACHED);
	spin_unlock_bh(&q->ring.producer_lock);
}

/**
 * tunx_queue_ring_break - the program wrote nonsense: no more of this
 * @q: queue with rings
 * @xd: its device
 *
 * Frames to the program are dropped from now on: nobody waits for it.
 *
 * Context: ring.producer_lock, BH off.
 */
void tunx_queue_ring_break(struct tunx_queue *q, struct tunx_dev *xd)
{
	struct tunx_shared *s = q->shared;

	tunx_queue_ring_say(s, TUNX_RING_ERROR);
	WRITE_ONCE(s->broken, true);
	tunx_queue_ring_restart(q, xd);
	tunx_queue_wake_all(q);
}

/**
 * tunx_queue_ring_kick - the program has put, or taken, something (TUNXRINGKICK)
 * @q: queue with rings
 * @xd: the device the caller holds
 *
 * Runs NAPI right here, unless somebody else does.
 *
 * Context: process.
 * Return: 0, -EPROTO (the rings are broken) or -EBUSY (the queue is not attached).
 */
int tunx_queue_ring_kick(struct tunx_queue *q, struct tunx_dev *xd)
{
	if (READ_ONCE(q->shared->broken))
		return -EPROTO;
	if (!tunx_queue_is_attached(q, xd))
		return -EBUSY;
	if (tunx_queue_ring_to_user(q))
		tunx_queue_ring_made_room(q, xd);
	if (tunx_queue_ring_to_stack(q))
		tunx_queue_napi_run(q, xd);
	return READ_ONCE(q->shared->broken) ? -EPROTO : 0;
}

/* Is there something to read? Who lies to us here lies to nobody else */
static bool tunx_queue_ring_readable(const struct tunx_shared *s)
{
	return READ_ONCE(s->kernel->to_user_put) != READ_ONCE(s->program->to_user_taken);
}

/* Bytes that NAPI has not taken yet */
static u32 tunx_queue_ring_waiting(const struct tunx_shared *s)
{
	return READ_ONCE(s->program->to_stack_put) - READ_ONCE(s->kernel->to_stack_taken);
}

static bool tunx_queue_ring_writeable(const struct tunx_shared *s)
{
	return tunx_queue_ring_waiting(s) <= s->to_stack.size / 2;
}

/* Ask to be woken, then look */
static bool tunx_queue_ring_ask(const struct tunx_shared *s, bool *want,
				bool (*there)(const struct tunx_shared *s))
{
	if (there(s))
		return true;
	WRITE_ONCE(*want, true);
	smp_mb(); /* with (A) and (D) */
	return there(s);
}

/**
 * tunx_queue_ring_poll - what poll() says of the rings
 * @q: queue with rings
 * @xd: the device the caller holds
 *
 * The caller is on the wait queue already. Who sleeps has kicked, too.
 *
 * Context: process.
 * Return: EPOLL*; of a ring that is not there, nothing.
 */
__poll_t tunx_queue_ring_poll(struct tunx_queue *q, struct tunx_dev *xd)
{
	struct tunx_shared *s = q->shared;
	__poll_t mask = 0;

	if (READ_ONCE(s->kernel->to_user_kick) ||
	    (tunx_queue_ring_to_stack(q) && tunx_queue_ring_waiting(s)))
		tunx_queue_ring_kick(q, xd);
	if (tunx_queue_ring_to_user(q) &&
	    tunx_queue_ring_ask(s, &s->want_in, tunx_queue_ring_readable))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (tunx_queue_ring_to_stack(q) &&
	    tunx_queue_ring_ask(s, &s->want_out, tunx_queue_ring_writeable))
		mask |= EPOLLOUT | EPOLLWRNORM;
	return READ_ONCE(s->broken) ? EPOLLERR : mask;
}

/* Context: NAPI */
static void tunx_queue_ring_nonsense(struct tunx_queue *q, struct tunx_dev *xd)
{
	spin_lock(&q->ring.producer_lock);
	tunx_queue_ring_break(q, xd);
	spin_unlock(&q->ring.producer_lock);
}

/* Is there more than we knew of? If not, the program is to kick. Context: NAPI */
static int tunx_queue_ring_more(struct tunx_shared *s)
{
	/* Acquire: what the program wrote before it is there, too */
	u32 put = smp_load_acquire(&s->program->to_stack_put);

	if (put == s->to_stack.put) {
		WRITE_ONCE(s->kernel->to_stack_kick, 1);
		smp_mb(); /* (C) */
		put = smp_load_acquire(&s->program->to_stack_put);
		if (put == s->to_stack.put)
			return -EAGAIN;
	}
	if (s->kernel->to_stack_kick)
		WRITE_ONCE(s->kernel->to_stack_kick, 0);
	return tunx_ring_seen_put(&s->to_stack, put);
}

/**
 * tunx_queue_ring_next - the next frame that the program wrote
 * @q: queue with a ring to the stack
 * @xd: its device
 * @rec: gets what the program says about it, which it cannot change any more
 *
 * Its bytes, which it can change, stay there until tunx_queue_ring_release().
 *
 * Context: NAPI.
 * Return: the bytes, or NULL: none is there, or the rings are broken.
 */
const void *tunx_queue_ring_next(struct tunx_queue *q, struct tunx_dev *xd,
				 struct tunx_rec *rec)
{
	struct tunx_shared *s = q->shared;
	struct tunx_ring *r = &s->to_stack;
	u64 *to = (u64 *)rec;
	const u64 *from;
	unsigned int i;
	int err = 0;
	u32 total;

	if (unlikely(READ_ONCE(s->broken)))
		return NULL;
	if (r->put == r->taken)
		err = tunx_queue_ring_more(s);
	if (err == -EAGAIN)
		return NULL;
	from = tunx_ring_at(r, r->taken);
	for (i = 0; !err && i < sizeof(*rec) / sizeof(*to); i++)
		to[i] = READ_ONCE(from[i]);
	if (unlikely(err || tunx_ring_check(r, rec, &total))) {
		tunx_queue_ring_nonsense(q, xd);
		return NULL;
	}
	r->taken += total;
	return (const u8 *)from + rec->off8 * 8;
}

/**
 * tunx_queue_ring_release - what was taken may be written again
 * @q: queue with a ring to the stack
 *
 * Context: NAPI.
 */
void tunx_queue_ring_release(struct tunx_queue *q)
{
	struct tunx_shared *s = q->shared;
	u32 from = s->released, to = s->to_stack.taken;
	bool wake;

	if (from == to)
		return;
	s->released = to;
	/* Release: all has been read before the program writes there again */
	smp_store_release(&s->kernel->to_stack_taken, to);
	smp_mb(); /* (D) */
	wake = tunx_ring_passed(READ_ONCE(s->program->to_stack_event), from, to);
	if (READ_ONCE(s->want_out) && tunx_queue_ring_writeable(s)) {
		WRITE_ONCE(s->want_out, false);
		wake = true;
	}
	if (wake)
		wake_up_interruptible_poll(&q->socket.wq.wait, EPOLLOUT | EPOLLWRNORM);
}
