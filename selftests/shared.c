// SPDX-License-Identifier: GPL-2.0
#include <sys/mman.h>
#include "shared.h"

static unsigned int load(const __u32 *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void store(__u32 *word, unsigned int value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* What the other side is told comes before what is read of it */
static void full_barrier(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static unsigned int total(size_t off, size_t len, size_t tailroom)
{
	return (off + len + tailroom + TUNX_RING_ALIGN - 1) & ~(TUNX_RING_ALIGN - 1);
}

int shared_set(int fd, struct tunx_ring_setup setup)
{
	setup.size = sizeof(setup);
	return ioctl(fd, TUNXSETRING, &setup);
}

void *shared_part(int fd, int prot, unsigned long which, size_t len)
{
	void *p = mmap(NULL, len, prot, MAP_SHARED, fd, which);

	return p == MAP_FAILED ? NULL : p;
}

void shared_map(struct shared *r, int fd, const struct tunx_ring_setup *setup)
{
	const int rw = PROT_READ | PROT_WRITE;
	size_t page = getpagesize();

	*r = (struct shared){
		.fd = fd, .to_user = setup->to_user, .to_stack = setup->to_stack,
		.tailroom = setup->tailroom,
		.kernel = shared_part(fd, PROT_READ, TUNX_RING_MAP_KERNEL, page),
		.program = shared_part(fd, rw, TUNX_RING_MAP_PROGRAM, page),
	};
	if (r->to_user)
		r->in = shared_part(fd, rw, TUNX_RING_MAP_TO_USER, 2UL * r->to_user);
	if (r->to_stack)
		r->out = shared_part(fd, rw, TUNX_RING_MAP_TO_STACK, 2UL * r->to_stack);
	if (!r->kernel || !r->program || !r->in != !r->to_user || !r->out != !r->to_stack)
		bail("mapping the rings");
}

void shared_unmap(struct shared *r)
{
	size_t page = getpagesize();

	munmap((void *)r->kernel, page);
	munmap(r->program, page);
	if (r->in)
		munmap(r->in, 2UL * r->to_user);
	if (r->out)
		munmap(r->out, 2UL * r->to_stack);
}

static bool arrives(void *arg)
{
	void **a = arg;

	stack_send(a[1], 1, 0);
	return shared_peek(a[0]);
}

void shared_settle(struct shared *r, const char *name)
{
	void *arg[] = { r, (void *)name };

	if (!wait_until(arrives, arg, 5000))
		bail("packets of the stack reach the ring of %s", name);
	shared_drain(r);
}

void shared_new(struct shared *r, const char *name, int flags, struct tunx_ring_setup setup)
{
	int fd = tun_open(O_RDWR | O_NONBLOCK);

	must(shared_set(fd, setup));
	must(tun_setiff(fd, name, flags));
	shared_map(r, fd, &setup);
	must(if_up(name));
	if (r->to_user)
		shared_settle(r, name);
}

const struct tunx_rec *shared_peek(const struct shared *r)
{
	if (r->taken == load(&r->kernel->to_user_put))
		return NULL;
	return (void *)(r->in + (r->taken & (r->to_user - 1)));
}

void shared_take(struct shared *r)
{
	const struct tunx_rec *rec = shared_peek(r);

	r->taken += total(rec->off8 * 8, rec->len, r->tailroom);
}

void shared_flush_in(struct shared *r)
{
	store(&r->program->to_user_taken, r->taken);
	full_barrier();
	if (load(&r->kernel->to_user_kick))
		ioctl(r->fd, TUNXRINGKICK);
}

int shared_drain(struct shared *r)
{
	int n = 0;

	for (; shared_peek(r); n++)
		shared_take(r);
	shared_flush_in(r);
	return n;
}

bool shared_write(struct shared *r, struct tunx_rec rec, const void *frame)
{
	unsigned int need = total(rec.off8 * 8, rec.len, 0);
	unsigned char *at = r->out + (r->put & (r->to_stack - 1));

	if (need > r->to_stack - (r->put - load(&r->kernel->to_stack_taken)))
		return false;
	memcpy(at, &rec, REC);
	memcpy(at + rec.off8 * 8, frame, rec.len);
	r->put += need;
	return true;
}

int shared_flush_out(struct shared *r)
{
	store(&r->program->to_stack_put, r->put);
	full_barrier();
	return load(&r->kernel->to_stack_kick) ? ioctl(r->fd, TUNXRINGKICK) : 0;
}

bool shared_wait(struct shared *r, int msec)
{
	struct pollfd p = { .fd = r->fd, .events = POLLIN };

	store(&r->program->to_user_event, r->taken);
	full_barrier();
	if (shared_peek(r))
		return true;
	return poll(&p, 1, msec) == 1 && p.revents & POLLIN;
}
