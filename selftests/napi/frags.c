// SPDX-License-Identifier: GPL-2.0
/*
 * IFF_NAPI_FRAGS: the writer's iovecs become the pieces of a frame in NAPI's
 * hands. Which shapes are taken, that they arrive unchanged, and that a refused
 * one leaves nothing behind.
 */
#define _GNU_SOURCE
#include <linux/if_ether.h>
#include <sys/mman.h>
#include "bpf.h"
#include "vnet.h"

#define FLAGS	(IFF_TAP | IFF_NAPI | IFF_NAPI_FRAGS)
#define MOST	65471	/* 65535 less the room in front */

static unsigned char frame[70000], got[70000];
static int fd, watch;

static void make(size_t len, unsigned int seed)
{
	pkt_fill(frame, len, seed);
	memset(frame, 2, 6);
	memset(frame + 6, 4, 6);
	frame[12] = 0x88;
	frame[13] = 0xb5;
}

static int open_device(int flags)
{
	int big = 8 << 20;

	fd = tun_new("nf0", FLAGS | flags);
	must(if_up("nf0"));
	watch = packet_socket("nf0", SOCK_RAW, ETH_P_ALL);
	return must(setsockopt(watch, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big)));
}

static void close_device(void)
{
	close(watch);
	close(fd);
}

static bool arrives(size_t len)
{
	while (readable(watch, 1000))
		if (recv(watch, got, sizeof(got), 0) == (ssize_t)len && !memcmp(got, frame, len))
			return true;
	return false;
}

/* Writes a frame cut as @cuts says; a negative one repeats to the end. */
static ssize_t write_cut(size_t len, const int *cuts)
{
	struct iovec iov[64];
	size_t done = 0;
	int n = 0;

	while (done < len && n < 64) {
		size_t piece = *cuts < 0 ? -*cuts : *cuts++;

		if (piece > len - done)
			piece = len - done;
		iov[n++] = (struct iovec){ frame + done, piece };
		done += piece;
	}
	return writev(fd, iov, n);
}

static void shapes(void)
{
	static const struct {
		const char *name;
		size_t len;
		int cuts[8];
		int err;
	} shapes[] = {
		{ "one piece", 100, { 100 }, 0 },
		{ "one piece of 14 bytes", 14, { 14 }, 0 },
		{ "one piece of 13 bytes", 13, { 13 }, EINVAL },
		{ "header and payload", 1014, { 14, 1000 }, 0 },
		{ "the header cut", 1014, { 7, 7, 1000 }, 0 },
		{ "the header in single bytes", 1014, { 1, 1, 1, 1, 1, 1, -8 }, EMSGSIZE },
		{ "an empty first piece", 1014, { 0, 1014 }, 0 },
		{ "an empty second piece", 1014, { 14, 0, 1000 }, EINVAL },
		{ "an empty third piece", 1014, { 14, 500, 0, 500 }, EINVAL },
		{ "a piece of a page", 4110, { 14, 4096 }, 0 },
		{ "a piece of more than a page", 4111, { 14, 4097 }, EINVAL },
		{ "a third piece of more than a page", 9000, { 14, 100, 4097, -4096 }, EINVAL },
		{ "a first piece of more than a page", 9000, { 8000, 1000 }, 0 },
		{ "18 pieces", 14 + 17 * 100, { 14, -100 }, 0 },
		{ "19 pieces", 14 + 18 * 100, { 14, -100 }, EMSGSIZE },
		{ "15 full pages", 14 + 15 * 4096, { 14, -4096 }, 0 },
		{ "the largest", MOST, { 14, -4096 }, 0 },
		{ "the largest and a byte", MOST + 1, { 14, -4096 }, EMSGSIZE },
		{ "20 bytes and pages", 20 + 3 * 4096, { 20, -4096 }, 0 },
	};
	unsigned int i;

	open_device(IFF_NO_PI);
	for (i = 0; i < ARRAY_SIZE(shapes); i++) {
		make(shapes[i].len, i);
		result(write_cut(shapes[i].len, shapes[i].cuts), shapes[i].err, "%s",
		       shapes[i].name);
		if (!shapes[i].err)
			ok(arrives(shapes[i].len), "%s: arrives", shapes[i].name);
	}
	make(200, 99);
	is(write(fd, frame, 200), 200, "after all that, write(2)");
	ok(arrives(200), "arrives");
	result(write(fd, frame, 0), EINVAL, "nothing");
	close_device();
}

static void too_much(void)
{
	volatile size_t huge = 0x7fffffff;	/* the compiler would warn */
	struct iovec iov[] = { { frame, huge }, { frame, 100 } };

	open_device(IFF_NO_PI);
	make(300, 1);
	result(writev(fd, iov, 1), EMSGSIZE, "an iovec of 2 GB");
	result(write(fd, frame, huge), EMSGSIZE, "a write of 2 GB");
	iov[0].iov_len = 14;
	iov[1].iov_len = huge;
	result(writev(fd, iov, 2), EMSGSIZE, "2 GB behind the header");
	is(write(fd, frame, 300), 300, "a good frame after that");
	ok(arrives(300), "arrives");
	close_device();
}

static void faults(void)
{
	struct iovec iov[] = { { frame, 14 }, { frame + 14, 100 }, { BAD_PTR, 100 } };
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long dropped;
	int i, bad = 0;

	open_device(IFF_NO_PI);
	make(300, 2);
	dropped = if_stat("nf0", "rx_dropped");
	result(writev(fd, iov, 3), EFAULT, "a piece that cannot be read");
	is(if_stat("nf0", "rx_dropped") - dropped, 1, "is counted as dropped");
	iov[0].iov_base = BAD_PTR;
	result(writev(fd, iov, 2), EFAULT, "a header that cannot be read");
	must(mprotect(page + 4096, 4096, PROT_NONE));
	iov[0].iov_base = frame;
	iov[2] = (struct iovec){ page + 4000, 200 };
	result(writev(fd, iov, 3), EFAULT, "a piece that ends where it cannot be read");
	for (i = 0; i < 2000; i++)
		bad += writev(fd, iov, 3) >= 0;
	is(bad, 0, "two thousand times");
	is(write(fd, frame, 300), 300, "a good frame after that");
	ok(arrives(300), "arrives");
	munmap(page, 8192);
	close_device();
}

/* PI, Ethernet, IPv6, UDP and payload: a piece each. */
static void five_pieces(void)
{
	static const unsigned char pi[4] = { 0, 0, 0x86, 0xdd };
	size_t l4, len = vnet_packet(frame, true, UDP6, 500, 3, &l4);
	struct vnet_hdr h = { 0 };
	struct iovec iov[] = {
		{ (void *)pi, 4 }, { frame, 14 }, { frame + 14, 40 }, { frame + 54, 8 },
		{ frame + 62, 500 },
	};
	struct iovec vnet[] = { { &h, 10 }, { frame, 14 }, { frame + 14, len - 14 } };

	open_device(0);
	is(writev(fd, iov, 5), 4 + (long)len, "five pieces, the first of them PI");
	ok(arrives(len), "arrive as one frame");
	close_device();
	open_device(IFF_NO_PI | IFF_VNET_HDR);
	is(writev(fd, vnet, 3), 10 + (long)len, "a vnet header and two pieces");
	ok(arrives(len), "arrive as one frame");
	h.gso_type = 2;
	result(writev(fd, vnet, 3), EINVAL, "a bad vnet header");
	h = vnet_ask_gso(UDP6, l4, 0);
	h.gso_type = GSO_NONE;
	is(writev(fd, vnet, 3), 10 + (long)len, "a checksum to complete");
	ok(arrives(len), "arrives");
	close_device();
}

static void states(void)
{
	open_device(IFF_NO_PI | IFF_MULTI_QUEUE);
	make(100, 4);
	must(tun_queue(fd, IFF_DETACH_QUEUE));
	result(write(fd, frame, 100), EBUSY, "disabled queue");
	result(write(fd, BAD_PTR, 100), EFAULT, "disabled queue, bad memory");
	result(write_cut(1014, (int[]){ 14, 0, 1000 }), EINVAL, "disabled queue, an empty piece");
	must(if_down("nf0"));
	result(write(fd, frame, 100), EIO, "disabled queue, device down");
	must(if_up("nf0"));
	must(tun_queue(fd, IFF_ATTACH_QUEUE));
	is(write(fd, frame, 100), 100, "enabled again");
	ok(arrives(100), "arrives");
	must(if_down("nf0"));
	result(write(fd, frame, 100), EIO, "device down");
	must(if_up("nf0"));
	is(write(fd, frame, 100), 100, "up again");
	ok(arrives(100), "arrives");
	close_device();
	ok(!if_exists("nf0"), "closed, it is gone");
}

/* A program gets a frame of its own making; NAPI must not keep the old one. */
static void programs(void)
{
	int actions[] = { XDP_PASS, XDP_DROP, XDP_PASS, XDP_ABORTED, XDP_PASS }, prog;
	unsigned int i, mode, round;

	for (mode = 0; mode < 2; mode++) {
		open_device(IFF_NO_PI);
		for (i = 0; i < ARRAY_SIZE(actions); i++) {
			int fine = 0;

			prog = must(BPF_PROG_RETURN(BPF_PROG_TYPE_XDP, actions[i]));
			must(xdp_attach("nf0", prog, mode ? XDP_FLAGS_SKB_MODE :
							    XDP_FLAGS_DRV_MODE));
			close(prog);
			for (round = 0; round < 20; round++) {
				make(3000, round);
				must(write_cut(3000, (int[]){ 14, -500 }));
				fine += actions[i] != XDP_PASS || arrives(3000);
			}
			is(fine, 20, "%s program, verdict %d: twenty frames",
			   mode ? "generic" : "native", actions[i]);
		}
		close_device();
	}
}

int main(void)
{
	ktap_begin();
	netns_new();
	shapes();
	too_much();
	faults();
	five_pieces();
	states();
	programs();
	return ktap_end();
}
