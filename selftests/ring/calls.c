// SPDX-License-Identifier: GPL-2.0
/*
 * TUNXSETRING, mmap() of its parts, and what else may be done with a mapping.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "shared.h"

#define SMALL	TUNX_RING_MIN

static void arguments(void)
{
	struct { struct tunx_ring_setup s; __u32 more; } longer = {
		.s = { .size = sizeof(longer), .to_user = SMALL, .to_stack = SMALL },
	};
	struct tunx_ring_setup shorter = { .size = sizeof(shorter) - 1, .to_user = SMALL };
	const struct { struct tunx_ring_setup s; const char *what; } bad[] = {
		{ { .flags = 2, .to_user = SMALL }, "an unknown flag" },
		{ { .flags = 0 }, "no ring at all" },
		{ { .to_user = SMALL / 2 }, "a ring too small" },
		{ { .to_stack = TUNX_RING_MAX * 2U }, "a ring too large" },
		{ { .to_user = SMALL + 4096 }, "no power of two" },
		{ { .to_user = SMALL, .headroom = 4 }, "headroom of 4" },
		{ { .to_user = SMALL, .tailroom = 520 }, "tailroom of 520" },
	};
	int fd = tun_open(O_RDWR | O_NONBLOCK);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		result(shared_set(fd, bad[i].s), EINVAL, "%s", bad[i].what);
	result(ioctl(fd, TUNXSETRING, BAD_PTR), EFAULT, "a bad pointer");
	result(ioctl(fd, TUNXSETRING, &shorter), EINVAL, "a struct too short");
	longer.more = 1;
	result(ioctl(fd, TUNXSETRING, &longer), E2BIG, "a longer one, and not zero");
	result(ioctl(fd, TUNXRINGKICK), EBADFD, "a kick without a device");
	longer.more = 0;
	result(ioctl(fd, TUNXSETRING, &longer), 0, "a longer one, zero at its end");
	result(ioctl(fd, TUNXSETRING, &longer), EBUSY, "a second time");
	close(fd);

	fd = tun_new("rc0", IFF_TUN | IFF_NO_PI);
	result(shared_set(fd, longer.s), EBUSY, "a file that has a device");
	result(ioctl(fd, TUNXRINGKICK), EINVAL, "a kick without a ring");
	close(fd);
	fd = tun_open(O_RDWR | O_NONBLOCK);
	must(shared_set(fd, longer.s));
	result(tun_setiff(fd, "rc1", IFF_TAP | IFF_NO_PI | IFF_NAPI | IFF_NAPI_FRAGS), EINVAL,
	       "a ring and IFF_NAPI_FRAGS");
	result(tun_setiff(fd, "rc1", IFF_TAP | IFF_NO_PI | IFF_NAPI), 0, "a ring and IFF_NAPI");
	close(fd);
}

/* The second ring of half a megabyte is too much: each has two pages beside it */
static int over_the_limit(void *arg)
{
	const struct tunx_ring_setup setup = { .to_user = 512 << 10 };
	const struct rlimit limit = { 1 << 20, 1 << 20 };
	const char *node = arg;

	if (setrlimit(RLIMIT_MEMLOCK, &limit) || shared_set(open(node, O_RDWR), setup))
		return 255;
	return shared_set(open(node, O_RDWR), setup) ? errno : 0;
}

static void locked(void)
{
	int i;

	/* What a file had is given back with it */
	for (i = 0; i < 3; i++)
		is(as_user(NOBODY, NOBODY, over_the_limit, (void *)tun_public_node()), ENOMEM,
		   "a user may lock a megabyte, and has no second ring of a half");
}

static void parts(void)
{
	const int rw = PROT_READ | PROT_WRITE;
	size_t page = getpagesize();
	int fd = tun_open(O_RDWR | O_NONBLOCK);
	void *p;

	ok(!shared_part(fd, PROT_READ, TUNX_RING_MAP_KERNEL, page) && errno == ENODEV,
	   "nothing to map before TUNXSETRING");
	must(shared_set(fd, (struct tunx_ring_setup){ .to_user = SMALL }));
	ok(!shared_part(fd, rw, TUNX_RING_MAP_KERNEL, page) && errno == EPERM,
	   "the kernel's page, to be written");
	ok(!shared_part(fd, rw, TUNX_RING_MAP_TO_STACK, 2 * SMALL) && errno == EINVAL,
	   "a ring that is not there");
	ok(!shared_part(fd, rw, TUNX_RING_MAP_TO_USER, SMALL) && errno == EINVAL,
	   "half of what there is");
	ok(!shared_part(fd, rw, TUNX_RING_MAP_TO_USER + page, 2 * SMALL - page) &&
	   errno == EINVAL, "not from its beginning");
	ok(mmap(NULL, page, PROT_READ, MAP_PRIVATE, fd, TUNX_RING_MAP_KERNEL) == MAP_FAILED &&
	   errno == EINVAL, "a private mapping");

	p = shared_part(fd, PROT_READ, TUNX_RING_MAP_KERNEL, page);
	ok(p, "the kernel's page, to be read");
	result(mprotect(p, page, rw), EACCES, "it stays so");
	p = shared_part(fd, rw, TUNX_RING_MAP_TO_USER, 2 * SMALL);
	ok(p, "the ring");
	memset(p, 7, SMALL);
	ok(!memcmp(p, (char *)p + SMALL, SMALL), "twice in a row");
	ok(mremap(p, 2 * SMALL, 4 * SMALL, MREMAP_MAYMOVE) == MAP_FAILED, "it does not grow");
	p = mremap(p, 2 * SMALL, 2 * SMALL, MREMAP_MAYMOVE);
	ok(p != MAP_FAILED && ((char *)p)[2 * SMALL - 1] == 7, "it may move");
	result(munmap((char *)p + SMALL, page), 0, "a piece may go");
	is(((char *)p)[SMALL - 1], 7, "the others stay");
	close(fd);
	is(((char *)p)[SMALL - 1], 7, "also without the file descriptor");
}

/* A child has no mapping; its death does not touch the parent's */
static void child(void)
{
	struct shared r;
	int status;
	pid_t pid;

	shared_new(&r, "rc2", IFF_TUN | IFF_NO_PI,
		   (struct tunx_ring_setup){ .to_user = SMALL, .to_stack = SMALL });
	pid = must(fork());
	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		_exit(r.program->to_user_taken & 1);
	}
	must(waitpid(pid, &status, 0));
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "a child has no mapping");
	must(stack_send("rc2", 100, 1));
	is(shared_drain(&r), 1, "the parent goes on");
	close(r.fd);
	ok(if_exists("rc2"), "a mapping keeps the device");
	shared_unmap(&r);
	ok(!if_exists("rc2"), "until it goes");
}

int main(void)
{
	ktap_begin();
	if (!tun_is_tunx()) {
		skip("stock has no shared rings", "TUNXSETRING and mmap()");
		return ktap_end();
	}
	netns_new();
	arguments();
	locked();
	parts();
	child();
	return ktap_end();
}
