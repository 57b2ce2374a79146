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
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include "bpf.h"
#include "vnet.h"

#define RING	256
#define HDR	12
#define ROOM	4096			/* of each descriptor's buffer */
#define RINGS	(3 * 4096)		/* descriptors, avail, used */
#define AREA	(RINGS + RING * ROOM)
#define MEMORY	(2 * AREA)
#define RX	0
#define TX	1

/* The device has no header: vhost_net takes it off and puts it on. */
#define NO_VNET	(UINT64_C(1) << VHOST_NET_F_VIRTIO_NET_HDR)

struct queue {
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	unsigned char *room;
	int kick;
};

static struct {
	int fd, tap, watch;
	const char *name;
	unsigned char *memory;
	struct queue q[2];
} g;

static unsigned char frame[70000], got[70000];

static bool unloaded(void *arg)
{
	(void)arg;
	return !system("rmmod vhost_net 2>/dev/null");
}

static void start_ring(int i)
{
	struct vhost_vring_state num = { .index = i, .num = RING }, base = { .index = i };
	struct queue *q = &g.q[i];
	unsigned char *at = g.memory + i * AREA;
	struct vhost_vring_addr addr = {
		.index = i,
		.desc_user_addr = (uintptr_t)at,
		.avail_user_addr = (uintptr_t)at + 4096,
		.used_user_addr = (uintptr_t)at + 2 * 4096,
	};
	struct vhost_vring_file kick = { .index = i };

	q->desc = (void *)at;
	q->avail = (void *)(at + 4096);
	q->used = (void *)(at + 2 * 4096);
	q->room = at + RINGS;
	q->kick = must(eventfd(0, EFD_CLOEXEC));
	kick.fd = q->kick;
	must(ioctl(g.fd, VHOST_SET_VRING_NUM, &num));
	must(ioctl(g.fd, VHOST_SET_VRING_BASE, &base));
	must(ioctl(g.fd, VHOST_SET_VRING_ADDR, &addr));
	must(ioctl(g.fd, VHOST_SET_VRING_KICK, &kick));
}

static int set_backend(int i, int fd)
{
	struct vhost_vring_file file = { .index = i, .fd = fd };

	return ioctl(g.fd, VHOST_NET_SET_BACKEND, &file);
}

static void guest(uint64_t features)
{
	struct {
		struct vhost_memory head;
		struct vhost_memory_region region;
	} map = { .head.nregions = 1 };

	features |= 1ULL << VIRTIO_F_VERSION_1;
	g.memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(g.memory == MAP_FAILED ? -1 : 0);
	map.region = (struct vhost_memory_region){
		.guest_phys_addr = (uintptr_t)g.memory,
		.memory_size = MEMORY,
		.userspace_addr = (uintptr_t)g.memory,
	};
	g.fd = must(open("/dev/vhost-net", O_RDWR | O_CLOEXEC));
	must(ioctl(g.fd, VHOST_SET_OWNER));
	must(ioctl(g.fd, VHOST_SET_FEATURES, &features));
	must(ioctl(g.fd, VHOST_SET_MEM_TABLE, &map));
	start_ring(RX);
	start_ring(TX);
}

/* A tap and a guest behind it. */
static void open_guest(const char *name, int flags, uint64_t features)
{
	int size = HDR, big = 4 << 20;

	g.name = name;
	g.tap = tun_new(name, IFF_TAP | IFF_NO_PI | flags);
	must(ioctl(g.tap, TUNSETVNETHDRSZ, &size));
	must(if_up(name));
	settle(g.tap, name);
	g.watch = packet_socket(name, SOCK_RAW, ETH_P_ALL);
	must(setsockopt(g.watch, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big)));
	guest(features);
	must(set_backend(RX, g.tap));
	must(set_backend(TX, g.tap));
}

/* vhost_net waits for its pages: what still has them must go first. */
static void close_guest(void)
{
	close(g.watch);
	set_backend(RX, -1);
	set_backend(TX, -1);
	close(g.fd);
	close(g.q[RX].kick);
	close(g.q[TX].kick);
	munmap(g.memory, MEMORY);
	close(g.tap);
	g.memory = NULL;
}

/* Also when the test ends early: vhost_net holds our module. */
static void leave(void)
{
	if (g.memory)
		close_guest();
	if (!wait_until(unloaded, NULL, 5000))
		printf("# vhost_net cannot be unloaded\n");
}

static void make(size_t len, unsigned int seed)
{
	pkt_fill(frame, len, seed);
	memset(frame, 2, len < 12 ? len : 12);
	if (len >= ETH_HLEN)
		memcpy(frame + 12, "\x88\xb5", 2);
}

/* Hands a buffer of @len bytes to vhost_net; kick() tells it. */
static void post(struct queue *q, size_t len, int flags)
{
	unsigned int slot = q->avail->idx % RING;

	q->desc[slot] = (struct vring_desc){
		.addr = (uintptr_t)q->room + slot * ROOM,
		.len = len,
		.flags = flags,
	};
	q->avail->ring[slot] = slot;
	__atomic_store_n(&q->avail->idx, q->avail->idx + 1, __ATOMIC_RELEASE);
}

static void send_frame(const struct vnet_hdr *h, size_t len)
{
	static const struct vnet_hdr zero;
	struct queue *q = &g.q[TX];
	unsigned char *room = q->room + q->avail->idx % RING * ROOM;

	memcpy(room, h ? h : &zero, HDR);
	memcpy(room + HDR, frame, len);
	post(q, HDR + len, 0);
}

static void kick(struct queue *q)
{
	must(eventfd_write(q->kick, 1));
}

static unsigned int used(struct queue *q)
{
	return __atomic_load_n(&q->used->idx, __ATOMIC_ACQUIRE);
}

static bool all_used(void *arg)
{
	struct queue *q = arg;

	return used(q) == q->avail->idx;
}

/* Tells vhost_net of all that was posted, and waits until it has given it back. */
static bool flush(void)
{
	kick(&g.q[TX]);
	return wait_until(all_used, &g.q[TX], 10000);
}

/* Does the frame of @len and @seed come next to the stack, among ours? */
static bool next_is(size_t len, unsigned int seed)
{
	ssize_t n;

	make(len, seed);
	while (readable(g.watch, 2000)) {
		n = recv(g.watch, got, sizeof(got), 0);
		if (n >= ETH_HLEN && !memcmp(got + 12, "\x88\xb5", 2))
			return n == (ssize_t)len && !memcmp(got, frame, len);
	}
	return false;
}

static bool nothing_else(void)
{
	while (readable(g.watch, 0))
		if (recv(g.watch, got, sizeof(got), 0) >= ETH_HLEN &&
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
		send_frame(NULL, 60 + 10 * len);
		make(len, 99);
		send_frame(NULL, len);
	}
	make(ETH_HLEN, 98);
	send_frame(NULL, ETH_HLEN);
	ok(flush(), "%s: frames of %zu to 13 bytes: the guest gets its buffers back", how, least);
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
	for (i = 0; i < RING / 2; i++)
		send_frame(h, len);
	if (!flush())
		bail("the guest does not get its buffers back");
}

/* 32 KiB make some seventy buffers: who keeps one of each loses 28 MiB. */
static void leak(const char *name, const struct vnet_hdr *h, size_t len)
{
	int round;
	long before, lost;

	for (round = 0; round < 20; round++)
		post_many(h, len);
	before = memory_free();
	for (round = 0; round < 500; round++)
		post_many(h, len);
	lost = before - memory_free();
	printf("# %s: %ld KiB less are free\n", name, lost);
	ok(lost < 12 * 1024, "%s: 64,000 of them leave no page behind", name);
	while (readable(g.watch, 0))
		must(recv(g.watch, got, sizeof(got), 0));
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
		send_frame(NULL, 200);
		make(100, 50);
		send_frame(seed == 0 ? &type : seed == 1 ? &wrap : &start, 100);
	}
	ok(flush(), "headers that lie: the guest gets its buffers back");
	for (seed = 0; seed < 4; seed++)
		if (!next_is(200, seed))
			break;
	is(seed, 4, "headers that lie: the good frames between them arrive");
	ok(nothing_else(), "headers that lie: nothing else does");
	make(100, 6);
	send_frame(&hint, 100);
	ok(flush() && next_is(100, 6), "hdr_len is a hint, which may be wrong");
	leak("CVE-2026-46321: short frames", NULL, 10);
	leak("CVE-2026-46321: empty frames", NULL, 0);
	leak("headers that do not fit", &start, 100);
	leak("headers that make no sense", &type, 100);
	make(100, 7);
	send_frame(NULL, 100);
	ok(flush() && next_is(100, 7), "after all that a frame arrives");
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
	struct queue *q = &g.q[TX];

	open_guest("vh2", IFF_VNET_HDR, 0);
	make(100, 1);
	send_frame(NULL, 100);
	post(q, 5, 0);
	kick(q);
	ok(next_is(100, 1), "a descriptor shorter than the header: what came before it arrives");
	result(set_backend(TX, -1), 0, "it can be stopped");
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
		send_frame(NULL, sizes[i]);
	}
	ok(flush(), "frames around the size of a page");
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		good += next_is(sizes[i], i);
	is(good, ARRAY_SIZE(sizes), "all arrive, in order");
	close_guest();
}

/* --- stack to guest --- */

static void give_buffers(unsigned int n)
{
	while (n--)
		post(&g.q[RX], ROOM, VRING_DESC_F_WRITE);
	kick(&g.q[RX]);
}

static unsigned int wanted;

static bool rx_used(void *arg)
{
	(void)arg;
	return (uint16_t)used(&g.q[RX]) == (uint16_t)wanted;
}

/* What the guest got in its @i-th buffer; the length of the frame. */
static ssize_t received(unsigned int i, unsigned char **data)
{
	struct vring_used_elem *e = &g.q[RX].used->ring[i % RING];

	*data = g.q[RX].room + e->id * ROOM + HDR;
	return (ssize_t)e->len - HDR;
}

static void reading(const char *how, int flags, uint64_t features)
{
	unsigned int i, good = 0;
	unsigned char *data;

	open_guest("vh4", flags, features);
	wanted = used(&g.q[RX]);
	for (i = 0; i < 200; i++)
		must(stack_send("vh4", i * 5, i));
	give_buffers(200);
	wanted += 200;
	ok(wait_until(rx_used, NULL, 10000), "%s: the guest receives 200 frames", how);
	for (i = 0; i < 200; i++) {
		ssize_t len = received(i, &data);

		good += len == 14 + 28 + (ssize_t)i * 5 && pkt_match(data + 42, i * 5, i);
	}
	is(good, 200, "%s: unchanged and in order", how);
	is(if_stat("vh4", "tx_dropped"), 0, "%s: none was dropped", how);
	close_guest();
}

static void attach(int action)
{
	int prog = must(BPF_PROG_RETURN(BPF_PROG_TYPE_XDP, action));

	must(xdp_attach(g.name, prog, XDP_FLAGS_DRV_MODE));
	close(prog);
}

static void programs(void)
{
	unsigned char *data;
	unsigned int i, good = 0;

	open_guest("vh6", IFF_VNET_HDR, 0);
	attach(XDP_PASS);
	short_frames("with an XDP program", 0);
	attach(XDP_DROP);
	leak("dropped by a program", NULL, 100);
	attach(XDP_TX);
	give_buffers(64);
	wanted = used(&g.q[RX]) + 64;
	for (i = 0; i < 64; i++) {
		make(100 + i, i);
		send_frame(NULL, 100 + i);
	}
	ok(flush(), "XDP_TX: the guest gets its buffers back");
	ok(wait_until(rx_used, NULL, 10000), "XDP_TX: and its frames");
	for (i = 0; i < 64; i++) {
		make(100 + i, i);
		good += received(i, &data) == 100 + i && !memcmp(data, frame, 100 + i);
	}
	is(good, 64, "XDP_TX: unchanged and in order");
	close_guest();
}

static void deleted(void)
{
	struct nl_reply reply;
	unsigned int i;

	open_guest("vh7", IFF_VNET_HDR, 0);
	give_buffers(20);
	must(stack_send("vh7", 100, 1));
	must(nl_dellink("vh7", &reply));
	make(100, 1);
	for (i = 0; i < 100; i++)
		send_frame(NULL, 100);
	/* vhost_net drops a batch that is refused, and forgets the guest's buffers. */
	kick(&g.q[TX]);
	result(set_backend(TX, -1), 0, "the device is deleted: the guest goes on, and is stopped");
	result(set_backend(TX, g.tap), EINVAL, "a file without a device is no backend");
	result(tun_setiff(g.tap, "vh7", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR), 0,
	       "the file gets another device");
	close_guest();
}

int main(void)
{
	ktap_begin();
	if (strcmp(tun_kind(), "tun")) {
		skip("this build exports nothing to vhost_net; the drop-in build does "
		     "(selftests/run --on dropin vhost)", "all of it");
		return ktap_end();
	}
	if (!access("/sys/module/vhost_net", F_OK)) {
		skip("vhost_net is loaded already, for others", "all of it");
		return ktap_end();
	}
	if (system("modprobe vhost_net 2>/dev/null")) {
		skip("needs the kernel's vhost_net", "all of it");
		return ktap_end();
	}
	netns_new();
	atexit(leave);
	bad_frames();
	no_header();
	no_room();
	large_frames();
	reading("vnet header", IFF_VNET_HDR, 0);
	reading("no vnet header", 0, NO_VNET);
	programs();
	deleted();
	return ktap_end();
}
