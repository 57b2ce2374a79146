// SPDX-License-Identifier: GPL-2.0
/*
 * Frames that a guest leaves to the stack to cut and to complete, and the stack
 * to a guest: what the other side is told of them, and every byte.
 *
 *	guest --> vhost_net --> [ tap ] --> AF_PACKET, which sees them whole
 *	guest <-- vhost_net <-- [ tap ] <-- AF_PACKET
 *
 * Timeout: 120 s
 */
#define _GNU_SOURCE
#include <linux/if_ether.h>
#include <linux/virtio_net.h>
#include "vhost.h"
#include "differences.h"

#define MERGEABLE	(UINT64_C(1) << VIRTIO_NET_F_MRG_RXBUF)

static const struct {
	enum l4 kind;
	const char *name;
	size_t size, total;
} frames[] = {
	{ TCP4, "TCPv4", 1000, 3000 },
	{ TCP4, "TCPv4", 1460, 16000 },
	{ TCP4, "TCPv4", 1460, 65000 },
	{ TCP4, "TCPv4", 536, 40001 },
	{ TCP6, "TCPv6", 1000, 3000 },
	{ TCP6, "TCPv6", 1440, 16000 },
	{ TCP6, "TCPv6", 1440, 60001 },
	{ UDP4, "UDP", 1000, 3000 },
	{ UDP4, "UDP", 1472, 16000 },
	{ UDP4, "UDP", 1472, 60000 },
	{ UDP6, "UDP over IPv6", 1452, 60001 },
};

static unsigned char frame[70000], got[70000];
static int watch;

/* The frame came from here, so that the others are not ours. */
static bool ours(ssize_t n)
{
	return n > ETH_HLEN && !memcmp(got, frame, ETH_HLEN);
}

static bool same(ssize_t n, size_t len, const struct vnet_hdr *h, const struct vnet_hdr *want)
{
	if (n == (ssize_t)len && !memcmp(got, frame, len) && h->flags == want->flags &&
	    h->gso_type == want->gso_type && h->gso_size == want->gso_size &&
	    h->csum_start == want->csum_start && h->csum_offset == want->csum_offset)
		return true;
	printf("# %zd bytes of %zu, %s, flags %#x, gso_type %#x, gso_size %u, checksum %u + %u\n",
	       n, len, n == (ssize_t)len && !memcmp(got, frame, len) ? "unchanged" : "changed",
	       h->flags, h->gso_type, h->gso_size, h->csum_start, h->csum_offset);
	return false;
}

static bool stack_gets(size_t len, const struct vnet_hdr *want)
{
	struct vnet_hdr h;
	ssize_t n;

	while (readable(watch, 5000)) {
		n = vnet_read(watch, &h, 10, got, sizeof(got));
		if (ours(n))
			return same(n, len, &h, want);
	}
	return false;
}

static unsigned int buffers_for(size_t len)
{
	return (GUEST_HDR + len + GUEST_ROOM - 1) / GUEST_ROOM;
}

static bool guest_gets(size_t len, const struct vnet_hdr *want)
{
	struct vnet_hdr h;
	ssize_t n;

	while (guest_got(buffers_for(len), 5000)) {
		n = guest_receive(&h, got, sizeof(got));
		if (ours(n))
			return same(n, len, &h, want);
	}
	return false;
}

/* The number of the frame changes its payload. */
static size_t make(unsigned int i, struct vnet_hdr *h)
{
	size_t l4, len = vnet_packet(frame, true, frames[i].kind, frames[i].total, i, &l4);

	*h = vnet_ask_gso(frames[i].kind, l4, frames[i].size);
	return len;
}

/* In one piece per page, in many, in more than a frame can have. */
static unsigned int to_stack(size_t len, const struct vnet_hdr *h)
{
	static const size_t pieces[] = { GUEST_ROOM, 1000, 333 };
	unsigned int i, good = 0;

	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		guest_send_pieces(h, frame, len, pieces[i]);
		guest_kick(&guest.tx);
		good += stack_gets(len, h) && guest_flush();
	}
	return good;
}

static bool to_guest(size_t len, const struct vnet_hdr *h)
{
	guest_give(buffers_for(len));
	return vnet_write(watch, h, 10, frame, len) == 10 + (ssize_t)len && guest_gets(len, h);
}

static void both_ways(const char *mode)
{
	unsigned int i, offload = ALL_OFFLOADS | (has_uso() ? ALL_USO : 0);
	struct vnet_hdr h;
	char what[100];
	size_t len;

	guest_open("vg0", IFF_VNET_HDR, MERGEABLE);
	must(ioctl(guest.tap, TUNSETOFFLOAD, offload));
	watch = vnet_packet_socket("vg0");
	for (i = 0; i < ARRAY_SIZE(frames); i++) {
		snprintf(what, sizeof(what), "%s: %s, %zu bytes in segments of %zu", mode,
			 frames[i].name, frames[i].total, frames[i].size);
		if (!vnet_watchable(frames[i].kind) ||
		    (vnet_l4_len(frames[i].kind) == 8 && !has_uso())) {
			skip("a packet socket or the driver does not know UDP segmentation; "
			     "newer kernels do", "%s", what);
			continue;
		}
		len = make(i, &h);
		is(to_stack(len, &h), 3, "%s: the stack gets it whole, in few pieces and many",
		   what);
		ok(to_guest(len, &h), "%s: the guest gets it whole", what);
	}
	is(if_stat("vg0", "tx_dropped") + if_stat("vg0", "rx_dropped"), 0,
	   "%s: none was dropped", mode);
	close(watch);
	guest_close();
}

int main(void)
{
	ktap_begin();
	vhost_or_skip("");
	netns_new();
	both_ways("copy");
	vhost_reload("experimental_zcopytx=1");
	both_ways("zero copy");
	return ktap_end();
}
