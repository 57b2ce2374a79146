// SPDX-License-Identifier: GPL-2.0
/*
 * Old bugs of two things at once: a program that comes while a frame is copied,
 * a header that grows under a writer, queues that leave under XDP, two writers in
 * one NAPI instance. A call may fail with what the moment explains; what goes
 * wrong inside the kernel shows in its log.
 * Timeout: 120 s
 */
#define _GNU_SOURCE
#include <linux/if_ether.h>
#include <pthread.h>
#include <stdatomic.h>
#include <threads.h>
#include "bpf.h"
#include "vnet.h"

#define PHASE	700	/* ms */
#define NATIVE	XDP_FLAGS_DRV_MODE

static atomic_bool stop;
static atomic_long odd, written;
static int fds[4], nr, prefix;
static size_t least, most;

/* Writes frames of @least to @most bytes behind @prefix zeros. */
static void *writer(void *arg)
{
	static thread_local unsigned char frame[70000];
	struct iovec iov[] = { { frame, 0 }, { frame + 5000, 0 } };
	unsigned int n = (long)arg;
	ssize_t ret;

	memset(frame + 5000, 2, 12);
	while (!stop) {
		iov[0].iov_len = prefix;
		iov[1].iov_len = least + n * 7 % (most - least + 1);
		ret = writev(fds[n % nr], prefix ? iov : iov + 1, prefix ? 2 : 1);
		if (ret > 0)
			written++;
		else if (errno != EINVAL && errno != EBUSY && odd++ < 5)
			printf("# write: %s\n", strerror(errno));
		if (++n % 32 == 0)
			usleep(100);
	}
	return NULL;
}

/* Calls @disturb over and over while two threads write. */
static void phase(const char *name, void (*disturb)(unsigned int n), int pause)
{
	pthread_t threads[2];
	unsigned int n = 0;
	long end;
	int i;

	stop = false;
	odd = 0;
	written = 0;
	for (i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, writer, (void *)(long)i);
	for (end = msec_now() + PHASE; msec_now() < end; n++) {
		disturb(n);
		for (i = 0; i < nr; i++)
			drain(fds[i]);
		usleep(pause);
	}
	stop = true;
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	for (i = 0; i < nr; i++)
		tun_queue(fds[i], IFF_ATTACH_QUEUE);
	printf("# %s: %u times, %ld frames\n", name, n, (long)written);
	is(odd, 0, "%s: no error but the expected", name);
	ok(written > 0, "%s: frames are written", name);
}

static void open_queues(const char *name, int n, int flags)
{
	for (nr = 0; nr < n; nr++)
		fds[nr] = tun_new(name, IFF_TAP | IFF_NO_PI | flags);
	must(if_up(name));
	prefix = 0;
}

static void close_queues(const char *name, const char *what)
{
	while (nr)
		close(fds[--nr]);
	ok(!if_exists(name), "%s: closed, the device is gone", what);
}

static int progs[4];

static void swap_program(unsigned int n)
{
	must(xdp_attach("cr0", progs[n % 4], NATIVE));
}

/* Sizes around the one that still fits a page, with and without headroom. */
static void program_and_page(void)
{
	static const char what[] = "tun_build_skb overrun: programs against sizes near a page";

	open_queues("cr0", 1, 0);
	least = 3300;
	most = 3900;
	phase(what, swap_program, 300);
	close_queues("cr0", what);
}

static void shuffle(unsigned int n)
{
	int i = n / 2 % nr;

	must(tun_queue(fds[i], n & 1 ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE));
}

static void shuffle_all(unsigned int n)
{
	int i;

	for (i = 0; i < nr; i++)
		must(tun_queue(fds[i], n & 1 ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE));
}

/* Sent back to a queue that may be leaving: the slot is empty, or another's. */
static void queues_and_xdp(void)
{
	static const char what[] = "numqueues against XDP_TX: queues come and go";

	open_queues("cr0", 4, IFF_MULTI_QUEUE);
	must(xdp_attach("cr0", progs[3], NATIVE));
	least = 60;
	most = 1500;
	phase(what, shuffle, 300);
	phase("numqueues against XDP_TX: all queues leave", shuffle_all, 300);
	close_queues("cr0", what);
}

static void swap_size(unsigned int n)
{
	static const int sizes[] = { 10, 5000, 24, 12, 0x7fffffff };
	int size = sizes[n % ARRAY_SIZE(sizes)];

	must(ioctl(fds[0], TUNSETVNETHDRSZ, &size));
}

/* The size is looked at twice in a write: it must be the same. */
static void header_size(void)
{
	static const char what[] = "vnet_hdr_sz changes between check and use";

	open_queues("cr0", 1, IFF_VNET_HDR);
	prefix = 24;
	least = 14;
	most = 200;
	phase(what, swap_size, 50);
	close_queues("cr0", what);
}

static void nothing(unsigned int n)
{
	(void)n;
}

/* The instance's list belongs to whoever polls; here both writers do. */
static void two_in_one(void)
{
	static const char what[] = "gro_normal_list: two writers build frames in one instance";

	open_queues("cr0", 1, IFF_NAPI | IFF_NAPI_FRAGS);
	least = 60;
	most = 3000;
	phase(what, nothing, 1000);
	close_queues("cr0", what);
	open_queues("cr0", 2, IFF_NAPI | IFF_NAPI_FRAGS | IFF_MULTI_QUEUE);
	phase("napi_get_frags: queues come and go under their writers", shuffle, 300);
	close_queues("cr0", what);
}

/* A frame that nobody takes is freed once. */
static void failed_redirect(void)
{
	static unsigned char frame[3000];
	int fd = tun_new("cr1", IFF_TAP | IFF_NO_PI), i, bad = 0;
	int prog = must(BPF_PROG(BPF_PROG_TYPE_XDP, BPF_MOV_IMM(BPF_REG_1, 0x7ffffff),
				 BPF_MOV_IMM(BPF_REG_2, 0), BPF_HELPER(BPF_FUNC_redirect),
				 BPF_LEAVE));

	must(if_up("cr1"));
	memset(frame, 2, sizeof(frame));
	must(xdp_attach("cr1", prog, NATIVE));
	close(prog);
	for (i = 0; i < 4000; i++)
		bad += write(fd, frame, 60 + i % 2900) < 0;
	is(bad, 0, "put_page for failed redirects: four thousand of them");
	is(if_stat("cr1", "rx_dropped"), 4000, "put_page for failed redirects: each is a drop");
	must(xdp_attach("cr1", -1, NATIVE));
	for (i = 0; i < 4000; i++)
		bad += write(fd, frame, 60 + i % 2900) < 0;
	is(bad, 0, "put_page for failed redirects: and the pages are fine");
	close(fd);
}

int main(void)
{
	int i;

	ktap_begin();
	netns_new();
	progs[0] = -1;
	for (i = 1; i < 4; i++) {
		progs[i] = must(BPF_PROG_RETURN(BPF_PROG_TYPE_XDP, i == 1 ? XDP_PASS :
						i == 2 ? XDP_DROP : XDP_TX));
		xdp_keep(progs[i]);
	}
	program_and_page();
	queues_and_xdp();
	header_size();
	two_in_one();
	failed_redirect();
	return ktap_end();
}
