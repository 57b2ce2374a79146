// SPDX-License-Identifier: GPL-2.0
/*
 * vhost_net on a tap, driven by a guest of a few lines: a memory region, two
 * rings, and whatever a hostile guest may put into them.
 *
 *	tx ring --> vhost_net --> batches --> [ tap ] --> stack (AF_PACKET)
 *	rx ring <-- vhost_net <-------------- [ tap ] <-- stack
 *
 * Pages are counted by what is left of the machine's memory, frames by the
 * module's references, at which the runner looks.
 * Timeout: 120 s
 */
#define _GNU_SOURCE
#include <linux/if_ether.h>
#include <linux/virtio_config.h>
#include "bpf.h"
#include "vhost.h"

/* The device has no header: vhost_net takes it off and puts it on. */
#define NO_VNET	(UINT64_C(1) << VHOST_NET_F_VIRTIO_NET_HDR)

static unsigned char frame[70000], got[70000];
static const char *name;
static int watch;

/* A tap, a guest behind it, and somebody in the stack who sees what it sends. */
static void open_guest(const char *tap, int flags, uint64_t features)
{
	int big = 4 << 20;

	name = tap;
	guest_open(name, flags, features);
	watch = packet_socket(name, SOCK_RAW, ETH_P_ALL);
	must(setsockopt(watch, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big)));
}

static void close_guest(void)
{
	close(watch);
	guest_close();
}

static void make(size_t len, unsigned int seed)
{
	guest_frame(frame, len, seed);
}

static bool next_is(size_t len, unsigned int seed)
{
	return guest_frame_seen(watch, len, seed);
}

static bool nothing_else(void)
{
	while (readable(watch, 0))
		if (recv(watch, got, sizeof(got), 0) >= ETH_HLEN &&
		    !memcmp(got + 12, "\x88\xb5", 2))
			return false;
	return true;
}

/* Good frames between bad ones, all of them in one batch. */
static void short_frames(const char *how, size_t least)
{
	unsigned int seed, good = 0;
	size_t len;

	for (len = least, seed = 0; len < ETH_HLEN; len++, seed++) {
		make(60 + 10 * len, seed);
		guest_send(NULL, frame, 60 + 10 * len);
		make(len, 99);
		guest_send(NULL, frame, len);
	}
	make(ETH_HLEN, 98);
	guest_send(NULL, frame, ETH_HLEN);
	ok(guest_flush(), "%s: frames of %zu to 13 bytes: the guest gets its buffers back", how,
	   least);
	for (len = least, seed = 0; len < ETH_HLEN; len++, seed++)
		good += next_is(60 + 10 * len, seed);
	is(good, ETH_HLEN - least, "%s: the good frames between them arrive", how);
	ok(next_is(ETH_HLEN, 98), "%s: so does one of 14 bytes", how);
	ok(nothing_else(), "%s: nothing else does", how);
}

static long memory_free(void)
{
	char text[200];
	long kb;

	must(file_read("/proc/meminfo", text, sizeof(text)));
	must(sscanf(text, "MemTotal: %*d kB MemFree: %ld", &kb) == 1 ? 0 : -1);
	return kb;
}

static void post_many(const struct vnet_hdr *h, size_t len)
{
	unsigned int i;

	make(len, 1);
	for (i = 0; i < GUEST_RING / 2; i++)
		guest_send(h, frame, len);
	if (!guest_flush())
		bail("the guest does not get its buffers back");
}

/* 32 KiB make some seventy buffers: who keeps one of each loses 28 MiB, or 7. */
static void leak(const char *what, const struct vnet_hdr *h, size_t len)
{
	int round, rounds = tun_slow() > 1 ? 125 : 500;
	long before, lost;

	for (round = 0; round < 20; round++)
		post_many(h, len);
	before = memory_free();
	for (round = 0; round < rounds; round++)
		post_many(h, len);
	lost = before - memory_free();
	printf("# %s: %ld KiB less are free\n", what, lost);
	ok(lost < rounds * 24, "%s: %d of them leave no page behind", what,
	   rounds * GUEST_RING / 2);
	while (readable(watch, 0))
		must(recv(watch, got, sizeof(got), 0));
}

static void bad_frames(void)
{
	struct vnet_hdr type = { .gso_type = 2 }, hint = { .hdr_len = 2000 };
	struct vnet_hdr start = { .flags = F_NEEDS_CSUM, .csum_start = 90, .csum_offset = 20 };
	struct vnet_hdr wrap = { .flags = F_NEEDS_CSUM, .csum_start = 65535, .csum_offset = 65535 };
	unsigned int seed;

	open_guest("vh0", IFF_VNET_HDR, 0);
	short_frames("CVE-2024-41091", 0);
	for (seed = 0; seed < 4; seed++) {
		make(200, seed);
		guest_send(NULL, frame, 200);
		make(100, 50);
		guest_send(seed == 0 ? &type : seed == 1 ? &wrap : &start, frame, 100);
	}
	ok(guest_flush(), "headers that lie: the guest gets its buffers back");
	for (seed = 0; seed < 4; seed++)
		if (!next_is(200, seed))
			break;
	is(seed, 4, "headers that lie: the good frames between them arrive");
	ok(nothing_else(), "headers that lie: nothing else does");
	make(100, 6);
	guest_send(&hint, frame, 100);
	ok(guest_flush() && next_is(100, 6), "hdr_len is a hint, which may be wrong");
	leak("CVE-2026-46321: short frames", NULL, 10);
	leak("CVE-2026-46321: empty frames", NULL, 0);
	leak("headers that do not fit", &start, 100);
	leak("headers that make no sense", &type, 100);
	make(100, 7);
	guest_send(NULL, frame, 100);
	ok(guest_flush() && next_is(100, 7), "after all that a frame arrives");
	close_guest();
}

/* The part of a batch's buffer where the header would be is nobody's. */
static void no_header(void)
{
	open_guest("vh1", 0, NO_VNET);
	/* What vhost_net takes its buffers from, if the kernel does not clear pages. */
	pkt_fill(got, sizeof(got), 3);
	short_frames("no IFF_VNET_HDR", 1);
	close_guest();
}

/* Fewer bytes than the header has: vhost_net itself stops at those. */
static void no_room(void)
{
	open_guest("vh2", IFF_VNET_HDR, 0);
	make(100, 1);
	guest_send(NULL, frame, 100);
	guest_post(&guest.tx, 5, 0);
	guest_kick(&guest.tx);
	ok(next_is(100, 1), "a descriptor shorter than the header: what came before it arrives");
	result(guest_backend(GUEST_TX, -1), 0, "it can be stopped");
	close_guest();
	ok(!if_exists("vh2"), "and all is gone");
}

static void large_frames(void)
{
	static const size_t sizes[] = { 60, 1514, 3000, 3400, 3500, 3700, 4000 };
	unsigned int i, good = 0;

	open_guest("vh3", IFF_VNET_HDR, 0);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		make(sizes[i], i);
		guest_send(NULL, frame, sizes[i]);
	}
	ok(guest_flush(), "frames around the size of a page");
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		good += next_is(sizes[i], i);
	is(good, ARRAY_SIZE(sizes), "all arrive, in order");
	close_guest();
}

/* --- stack to guest --- */

static void reading(const char *how, int flags, uint64_t features)
{
	unsigned int i, good = 0;
	struct vnet_hdr h;

	open_guest("vh4", flags, features);
	for (i = 0; i < 200; i++)
		must(stack_send("vh4", i * 5, i));
	guest_give(200);
	ok(guest_got(200, 10000), "%s: the guest receives 200 frames", how);
	for (i = 0; i < 200; i++)
		good += guest_receive(&h, got, sizeof(got)) == 14 + 28 + (ssize_t)i * 5 &&
			pkt_match(got + 42, i * 5, i);
	is(good, 200, "%s: unchanged and in order", how);
	is(if_stat("vh4", "tx_dropped"), 0, "%s: none was dropped", how);
	close_guest();
}

static void attach(int action)
{
	int prog = must(BPF_PROG_RETURN(BPF_PROG_TYPE_XDP, action));

	must(xdp_attach(name, prog, XDP_FLAGS_DRV_MODE));
	close(prog);
}

static void programs(void)
{
	unsigned int i, good = 0;
	struct vnet_hdr h;

	open_guest("vh6", IFF_VNET_HDR, 0);
	attach(XDP_PASS);
	short_frames("with an XDP program", 0);
	attach(XDP_DROP);
	leak("dropped by a program", NULL, 100);
	attach(XDP_TX);
	guest_give(64);
	for (i = 0; i < 64; i++) {
		make(100 + i, i);
		guest_send(NULL, frame, 100 + i);
	}
	ok(guest_flush(), "XDP_TX: the guest gets its buffers back");
	ok(guest_got(64, 10000), "XDP_TX: and its frames");
	for (i = 0; i < 64; i++) {
		make(100 + i, i);
		good += guest_receive(&h, got, sizeof(got)) == 100 + i &&
			!memcmp(got, frame, 100 + i);
	}
	is(good, 64, "XDP_TX: unchanged and in order");
	close_guest();
}

static void deleted(void)
{
	struct nl_reply reply;
	unsigned int i;

	open_guest("vh7", IFF_VNET_HDR, 0);
	guest_give(20);
	must(stack_send("vh7", 100, 1));
	must(nl_dellink("vh7", &reply));
	make(100, 1);
	for (i = 0; i < 100; i++)
		guest_send(NULL, frame, 100);
	/* vhost_net drops a batch that is refused, and forgets the guest's buffers. */
	guest_kick(&guest.tx);
	result(guest_backend(GUEST_TX, -1), 0,
	       "the device is deleted: the guest goes on, and is stopped");
	result(guest_backend(GUEST_TX, guest.tap), EINVAL, "a file without a device is no backend");
	result(tun_setiff(guest.tap, "vh7", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR), 0,
	       "the file gets another device");
	close_guest();
}

/* What the kernel has of the objects that each are a frame */
static long frames_alive(void)
{
	FILE *f = fopen("/proc/slabinfo", "re");
	char line[512];
	long n = -1;

	if (!f)
		bail("/proc/slabinfo");
	while (n < 0 && fgets(line, sizeof(line), f))
		sscanf(line, "skbuff_head_cache %ld", &n);
	fclose(f);
	return must(n);
}

/*
 * vhost_net takes what is in the ring before it looks how much the guest wants,
 * and puts the rest back when it stops; when the device is gone, too.
 */
static void put_back(void)
{
	unsigned int i, round, taken = 0;
	struct nl_reply reply;
	long before = 0, more;

	for (round = 0; round < 22; round++) {
		/* The first two fill the caches */
		if (round == 2)
			before = frames_alive();
		open_guest("vh8", IFF_VNET_HDR, 0);
		must(guest_backend(GUEST_RX, -1));
		for (i = 0; i < 61; i++)
			must(stack_send("vh8", 100, i));
		must(guest_backend(GUEST_RX, guest.tap));
		guest_give(1);
		taken += guest_got(1, 10000);
		must(nl_dellink("vh8", &reply));
		close_guest();
	}
	more = frames_alive() - before;
	ok(taken == 22 && more < 600,
	   "deleted, then vhost_net puts 60 frames back, 20 times: %ld are left", more);
}

int main(void)
{
	ktap_begin();
	vhost_or_skip("");
	netns_new();
	bad_frames();
	no_header();
	no_room();
	large_frames();
	reading("vnet header", IFF_VNET_HDR, 0);
	reading("no vnet header", 0, NO_VNET);
	programs();
	deleted();
	put_back();
	return ktap_end();
}
