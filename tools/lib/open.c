// SPDX-License-Identifier: GPL-2.0
/*
 * Queues: which way their frames go, and what goes with it.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "lib.h"

#define SIZE_DEFAULT	(512 * 1024)

static bool good_size(unsigned int size)
{
	return size >= TUNX_RING_MIN && size <= TUNX_RING_MAX && !(size & (size - 1));
}

static bool good_room(unsigned int room)
{
	return room <= TUNX_BATCH_ROOM_MAX && room % 8 == 0;
}

static bool good_options(struct tunx_options *o)
{
	const struct tunx_options none = { .io = 0 };

	if (memcmp(o->reserved, none.reserved, sizeof(none.reserved)))
		return false;
	o->to_user = o->to_user ?: SIZE_DEFAULT;
	o->to_stack = o->to_stack ?: SIZE_DEFAULT;
	return o->io <= TUNX_IO_RING && good_size(o->to_user) && good_size(o->to_stack) &&
	       good_room(o->headroom) && good_room(o->tailroom);
}

static int open_node(const char *node)
{
	const int flags = O_RDWR | O_NONBLOCK | O_CLOEXEC;
	int fd = open(node ?: "/dev/net/tunx", flags);

	if (fd < 0 && !node && (errno == ENOENT || errno == ENXIO || errno == ENODEV))
		fd = open("/dev/net/tun", flags);
	return fd;
}

/* A call of ours, to a file without a device; another driver does not know it */
static int ask(int fd, unsigned long cmd, void *arg)
{
	if (!ioctl(fd, cmd, arg))
		return 0;
	return errno == EBADFD || errno == EINVAL || errno == ENOTTY ? -EOPNOTSUPP : -errno;
}

static int choose(struct tunx *t)
{
	struct tunx_ring_setup ring = {
		.size = sizeof(ring), .to_user = t->in.size, .to_stack = t->out.size,
		.headroom = t->options.headroom, .tailroom = t->options.tailroom,
	};
	struct tunx_batch batch = {
		.size = sizeof(batch), .flags = TUNX_BATCH_RECORDS,
		.headroom = t->options.headroom, .tailroom = t->options.tailroom,
	};

	if (t->io == TUNX_IO_RING)
		return ask(t->fd, TUNXSETRING, &ring);
	return t->io == TUNX_IO_BATCH ? ask(t->fd, TUNXSETBATCH, &batch) : 0;
}

static int set_device(struct tunx *t)
{
	struct ifreq ifr = { .ifr_flags = t->flags };
	int len = VNET_LEN;

	memcpy(ifr.ifr_name, t->name, IFNAMSIZ);
	if (ioctl(t->fd, TUNSETIFF, &ifr))
		return -errno;
	memcpy(t->name, ifr.ifr_name, IFNAMSIZ);
	return t->io == TUNX_IO_PLAIN && ioctl(t->fd, TUNSETVNETHDRSZ, &len) ? -errno : 0;
}

static void *map(int fd, int prot, unsigned long which, size_t len)
{
	void *p = mmap(NULL, len, prot, fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd,
		       which);

	return p == MAP_FAILED ? NULL : p;
}

static int map_all(struct tunx *t)
{
	const int rw = PROT_READ | PROT_WRITE;
	size_t page = sysconf(_SC_PAGESIZE);

	if (t->io != TUNX_IO_RING) {
		t->in.mem = map(-1, rw, 0, t->in.size);
		t->out.mem = map(-1, rw, 0, t->out.size);
		return t->in.mem && t->out.mem ? 0 : -ENOMEM;
	}
	t->kernel = map(t->fd, PROT_READ, TUNX_RING_MAP_KERNEL, page);
	t->program = map(t->fd, rw, TUNX_RING_MAP_PROGRAM, page);
	t->in.mem = map(t->fd, rw, TUNX_RING_MAP_TO_USER, 2UL * t->in.size);
	t->out.mem = map(t->fd, rw, TUNX_RING_MAP_TO_STACK, 2UL * t->out.size);
	return t->kernel && t->program && t->in.mem && t->out.mem ? 0 : -ENOMEM;
}

static void unmap(void *p, size_t len)
{
	if (p)
		munmap(p, len);
}

/* What was flushed is the stack's, though it may not have looked; 100 ms are enough */
static void hand_over(struct tunx *t)
{
	unsigned int last = t->out.given - 1, taken, tries;

	for (tries = 0; tries < 100; tries++) {
		taken = load(&t->kernel->to_stack_taken);
		if (taken == t->out.given || kick(t, &t->stats.out_calls))
			return;
		if (taken == last)
			poll(NULL, 0, 1);
		else
			tries = 0;
		last = taken;
	}
}

/* A ring's mapping keeps the file, and so the device: this is how a queue goes */
void tunx_close(struct tunx *t)
{
	size_t page = sysconf(_SC_PAGESIZE), copies;

	if (!t)
		return;
	copies = t->io == TUNX_IO_RING ? 2 : 1;
	if (t->kernel)
		hand_over(t);
	unmap(t->in.mem, copies * t->in.size);
	unmap(t->out.mem, copies * t->out.size);
	unmap(t->program, page);
	unmap((void *)t->kernel, page);
	if (t->fd >= 0)
		close(t->fd);
	free(t->node);
	free(t);
}

static int begin(struct tunx *t)
{
	int err;

	t->fd = open_node(t->node);
	if (t->fd < 0)
		return -errno;
	err = choose(t);
	err = err ?: set_device(t);
	return err ?: map_all(t);
}

static struct tunx *open_way(const char *name, int flags, const struct tunx_options *options,
			     enum tunx_io io)
{
	struct tunx *t = calloc(1, sizeof(*t));
	int err = -ENOMEM;

	if (!t)
		return NULL;
	t->fd = -1;
	t->io = io;
	t->flags = flags;
	t->align = io == TUNX_IO_RING ? TUNX_RING_ALIGN : 8;
	t->options = *options;
	t->in.size = options->to_user;
	t->out.size = options->to_stack;
	t->out.end = options->to_stack;
	strcpy(t->name, name);
	t->node = options->node ? strdup(options->node) : NULL;
	if (t->node || !options->node)
		err = begin(t);
	if (!err)
		return t;
	tunx_close(t);
	errno = -err;
	return NULL;
}

struct tunx *tunx_open(const char *name, int flags, const struct tunx_options *options)
{
	struct tunx_options o = { .io = TUNX_IO_AUTO };
	enum tunx_io io;
	struct tunx *t;

	if (options)
		o = *options;
	name = name ?: "";
	if (!good_options(&o) || strlen(name) >= IFNAMSIZ) {
		errno = EINVAL;
		return NULL;
	}
	/* One way of stating what else is known of a frame is enough */
	flags &= ~IFF_NO_PI;
	flags |= IFF_VNET_HDR | (flags & IFF_TAP ? IFF_NO_PI : 0);
	if (o.io != TUNX_IO_AUTO)
		return open_way(name, flags, &o, o.io);
	for (io = TUNX_IO_RING; io > TUNX_IO_PLAIN; io--) {
		t = open_way(name, flags, &o, io);
		if (t)
			return t;
	}
	return open_way(name, flags, &o, TUNX_IO_PLAIN);
}

struct tunx *tunx_open_queue(const struct tunx *t)
{
	struct tunx_options o = t->options;

	o.node = t->node;
	return open_way(t->name, t->flags & ~IFF_TUN_EXCL, &o, t->io);
}

static int set_queue(struct tunx *t, int flags)
{
	struct ifreq ifr = { .ifr_flags = flags };

	return ioctl(t->fd, TUNSETQUEUE, &ifr) < 0 ? -errno : 0;
}

int tunx_attach(struct tunx *t)
{
	return set_queue(t, IFF_ATTACH_QUEUE);
}

int tunx_detach(struct tunx *t)
{
	return set_queue(t, IFF_DETACH_QUEUE);
}

int tunx_offload(struct tunx *t, unsigned int offloads)
{
	return ioctl(t->fd, TUNSETOFFLOAD, (unsigned long)offloads) < 0 ? -errno : 0;
}

const char *tunx_name(const struct tunx *t)
{
	return t->name;
}

enum tunx_io tunx_io(const struct tunx *t)
{
	return t->io;
}

int tunx_fd(const struct tunx *t)
{
	return t->fd;
}

const struct tunx_stats *tunx_stats(const struct tunx *t)
{
	return &t->stats;
}
