// SPDX-License-Identifier: GPL-2.0
/* A guest of a few lines behind vhost_net. */
#define _GNU_SOURCE
#include <linux/if_ether.h>
#include <linux/virtio_config.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include "vhost.h"

#define RINGS	(3 * 4096)		/* descriptors, avail, used */
#define AREA	(RINGS + GUEST_RING * GUEST_ROOM)
#define MEMORY	(2 * AREA)

struct guest guest;

static void load(const char *option)
{
	char cmd[100];

	snprintf(cmd, sizeof(cmd), "modprobe vhost_net %s 2>/dev/null", option);
	if (!system(cmd))
		return;
	skip("needs the kernel's vhost_net", "all of it");
	exit(ktap_end());
}

static bool unloaded(void *arg)
{
	(void)arg;
	return !system("rmmod vhost_net 2>/dev/null");
}

static void unload(void)
{
	if (!wait_until(unloaded, NULL, 5000))
		printf("# vhost_net cannot be unloaded\n");
}

/* Also when the test ends early: vhost_net holds our module. */
static void leave(void)
{
	if (guest.memory)
		guest_close();
	unload();
}

void vhost_or_skip(const char *option)
{
	if (strcmp(tun_kind(), "tun")) {
		skip("this build exports nothing to vhost_net; the drop-in build does "
		     "(selftests/run --on dropin vhost)", "all of it");
		exit(ktap_end());
	}
	if (!access("/sys/module/vhost_net", F_OK)) {
		skip("vhost_net is loaded already, for others", "all of it");
		exit(ktap_end());
	}
	load(option);
	atexit(leave);
}

void vhost_reload(const char *option)
{
	unload();
	load(option);
}

static void start_ring(int i, struct guest_ring *ring)
{
	struct vhost_vring_state num = { .index = i, .num = GUEST_RING }, base = { .index = i };
	unsigned char *at = guest.memory + i * AREA;
	struct vhost_vring_addr addr = {
		.index = i,
		.desc_user_addr = (uintptr_t)at,
		.avail_user_addr = (uintptr_t)at + 4096,
		.used_user_addr = (uintptr_t)at + 2 * 4096,
	};
	struct vhost_vring_file kick = { .index = i };

	*ring = (struct guest_ring){
		.desc = (void *)at,
		.avail = (void *)(at + 4096),
		.used = (void *)(at + 2 * 4096),
		.room = at + RINGS,
		.kick = must(eventfd(0, EFD_CLOEXEC)),
	};
	kick.fd = ring->kick;
	must(ioctl(guest.fd, VHOST_SET_VRING_NUM, &num));
	must(ioctl(guest.fd, VHOST_SET_VRING_BASE, &base));
	must(ioctl(guest.fd, VHOST_SET_VRING_ADDR, &addr));
	must(ioctl(guest.fd, VHOST_SET_VRING_KICK, &kick));
}

int guest_backend(int ring, int fd)
{
	struct vhost_vring_file file = { .index = ring, .fd = fd };

	return ioctl(guest.fd, VHOST_NET_SET_BACKEND, &file);
}

static void start(uint64_t features)
{
	struct {
		struct vhost_memory head;
		struct vhost_memory_region region;
	} map = { .head.nregions = 1 };

	features |= 1ULL << VIRTIO_F_VERSION_1;
	guest.memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
	must(guest.memory == MAP_FAILED ? -1 : 0);
	map.region = (struct vhost_memory_region){
		.guest_phys_addr = (uintptr_t)guest.memory,
		.memory_size = MEMORY,
		.userspace_addr = (uintptr_t)guest.memory,
	};
	guest.fd = must(open("/dev/vhost-net", O_RDWR | O_CLOEXEC));
	must(ioctl(guest.fd, VHOST_SET_OWNER));
	must(ioctl(guest.fd, VHOST_SET_FEATURES, &features));
	must(ioctl(guest.fd, VHOST_SET_MEM_TABLE, &map));
	start_ring(GUEST_RX, &guest.rx);
	start_ring(GUEST_TX, &guest.tx);
}

void guest_open(const char *name, int flags, uint64_t features)
{
	int size = GUEST_HDR;

	guest.tap = tun_new(name, IFF_TAP | IFF_NO_PI | flags);
	must(ioctl(guest.tap, TUNSETVNETHDRSZ, &size));
	must(if_up(name));
	settle(guest.tap, name);
	start(features);
	must(guest_backend(GUEST_RX, guest.tap));
	must(guest_backend(GUEST_TX, guest.tap));
}

void guest_close(void)
{
	guest_backend(GUEST_RX, -1);
	guest_backend(GUEST_TX, -1);
	close(guest.fd);
	close(guest.rx.kick);
	close(guest.tx.kick);
	munmap(guest.memory, MEMORY);
	close(guest.tap);
	guest.memory = NULL;
}

void guest_kick(struct guest_ring *ring)
{
	must(eventfd_write(ring->kick, 1));
}

static unsigned char *room_of(struct guest_ring *ring, unsigned int i)
{
	return ring->room + i % GUEST_RING * GUEST_ROOM;
}

static void fill(struct guest_ring *ring, size_t len, int flags)
{
	unsigned int i = ring->next++ % GUEST_RING;

	ring->desc[i] = (struct vring_desc){
		.addr = (uintptr_t)room_of(ring, i),
		.len = len,
		.flags = flags,
		.next = (i + 1) % GUEST_RING,
	};
}

static void offer(struct guest_ring *ring, unsigned int first)
{
	ring->avail->ring[ring->avail->idx % GUEST_RING] = first % GUEST_RING;
	__atomic_store_n(&ring->avail->idx, ring->avail->idx + 1, __ATOMIC_RELEASE);
}

void guest_post(struct guest_ring *ring, size_t len, int flags)
{
	unsigned int first = ring->next;

	fill(ring, len, flags);
	offer(ring, first);
}

void guest_send_pieces(const struct vnet_hdr *h, const void *frame, size_t len,
		       size_t piece)
{
	static const struct vnet_hdr zero;
	struct guest_ring *ring = &guest.tx;
	const unsigned char *from = frame;
	unsigned int first = ring->next;
	unsigned char *to = room_of(ring, first);
	size_t part = len < piece - GUEST_HDR ? len : piece - GUEST_HDR;

	memcpy(to, h ? h : &zero, GUEST_HDR);
	memcpy(to + GUEST_HDR, from, part);
	fill(ring, GUEST_HDR + part, part < len ? VRING_DESC_F_NEXT : 0);
	while (len -= part) {
		from += part;
		part = len < piece ? len : piece;
		memcpy(room_of(ring, ring->next), from, part);
		fill(ring, part, part < len ? VRING_DESC_F_NEXT : 0);
	}
	offer(ring, first);
}

void guest_send(const struct vnet_hdr *h, const void *frame, size_t len)
{
	guest_send_pieces(h, frame, len, GUEST_ROOM);
}

static uint16_t used(const struct guest_ring *ring)
{
	return __atomic_load_n(&ring->used->idx, __ATOMIC_ACQUIRE);
}

static bool all_used(void *arg)
{
	struct guest_ring *ring = arg;

	return used(ring) == ring->avail->idx;
}

bool guest_flush(void)
{
	guest_kick(&guest.tx);
	return wait_until(all_used, &guest.tx, 10000);
}

void guest_give(unsigned int n)
{
	while (n--)
		guest_post(&guest.rx, GUEST_ROOM, VRING_DESC_F_WRITE);
	guest_kick(&guest.rx);
}

static bool enough_used(void *arg)
{
	return (uint16_t)(used(&guest.rx) - guest.rx.seen) >= *(unsigned int *)arg;
}

bool guest_got(unsigned int n, int msec)
{
	return wait_until(enough_used, &n, msec);
}

ssize_t guest_receive(struct vnet_hdr *h, void *frame, size_t len)
{
	struct guest_ring *ring = &guest.rx;
	size_t skip = GUEST_HDR, total = 0, part;
	struct vring_used_elem *e;
	int left = 1;

	if (!guest_got(1, 0))
		return -1;
	memset(h, 0, sizeof(*h));
	memcpy(h, room_of(ring, ring->used->ring[ring->seen % GUEST_RING].id), GUEST_HDR);
	if (h->num_buffers)
		left = h->num_buffers;
	for (; left && guest_got(1, 0); left--, skip = 0) {
		e = &ring->used->ring[ring->seen++ % GUEST_RING];
		part = e->len - skip;
		if (total + part <= len)
			memcpy((char *)frame + total, room_of(ring, e->id) + skip, part);
		total += part;
	}
	return left || total > len ? -1 : (ssize_t)total;
}

void guest_frame(void *frame, size_t len, unsigned int seed)
{
	pkt_fill(frame, len, seed);
	memcpy(frame, "\x06\2\2\2\2\2\2\2\2\2\2\2\x88\xb5", len < ETH_HLEN ? len : ETH_HLEN);
}

bool guest_frame_seen(int watch, size_t len, unsigned int seed)
{
	static unsigned char got[70000], want[70000];
	ssize_t n;

	guest_frame(want, len, seed);
	while (readable(watch, 2000)) {
		n = recv(watch, got, sizeof(got), 0);
		if (n >= ETH_HLEN && !memcmp(got + 12, want + 12, 2))
			return n == (ssize_t)len && !memcmp(got, want, len);
	}
	return false;
}
