// SPDX-License-Identifier: GPL-2.0
/*
 * Frames that the writer leaves to the stack to cut and to complete: what the
 * stack is told of them, and what comes out where nobody can help any more.
 *
 *	fd --> [ga] -- bridge -- [gb] --> fd	gb has no offload: segments
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include "vnet.h"
#include "differences.h"

static unsigned char frame[70000], got[70000], payload[70000];
static int in_fd, out_fd, watch;

/* Frames that its header has no words for make a packet socket fail with EINVAL. */
static void drain_watch(void)
{
	while (read(watch, got, sizeof(got)) >= 0 || errno != EAGAIN)
		;
}

static bool bridged(int flags)
{
	in_fd = tun_new("ga", flags | IFF_TAP | IFF_VNET_HDR | IFF_NO_PI);
	out_fd = tun_new("gb", IFF_TAP | IFF_NO_PI);
	if (system("ip link add gbr type bridge forward_delay 0 2>/dev/null &&"
		   " ip link set ga master gbr && ip link set gb master gbr &&"
		   " ip link set gbr up && ip link set ga up && ip link set gb up"))
		return false;
	settle(out_fd, "gb");
	watch = vnet_packet_socket("ga");
	return true;
}

static void unbridge(void)
{
	if (system("ip link del gbr"))
		bail("the bridge cannot be removed");
	close(watch);
	close(in_fd);
	close(out_fd);
}

/*
 * Collects the segments of one written frame. True when there are as many as
 * the size says, each with a good checksum, and together they are the payload.
 */
static bool segments_good(enum l4 kind, size_t l4, size_t size, size_t total,
			  unsigned int seed)
{
	size_t head = l4 + vnet_l4_len(kind), done = 0, want = (total + size - 1) / size, n = 0;

	while (done < total && readable(out_fd, 2000)) {
		ssize_t len = read(out_fd, got, sizeof(got));

		if (len < (ssize_t)head || memcmp(got, frame, 12))
			continue;
		n++;
		if (!vnet_csum_good(got, len, ETH_HLEN, l4,
				    vnet_l4_len(kind) == 20 ? IPPROTO_TCP : IPPROTO_UDP)) {
			printf("# segment %zu of %zd bytes has a bad checksum\n", n, len);
			return false;
		}
		if (len - head > size) {
			printf("# segment %zu has %zu bytes\n", n, len - head);
			return false;
		}
		memcpy(payload + done, got + head, len - head);
		done += len - head;
	}
	if (n != want || done != total)
		printf("# %zu segments of %zu, %zu bytes of %zu\n", n, want, done, total);
	return n == want && done == total && pkt_match(payload, total, seed);
}

/* The frame as the stack sees it on ga, before anybody cuts it. */
static bool seen_whole(size_t len, uint8_t gso_type, size_t size)
{
	struct vnet_hdr h;
	ssize_t n;

	while (readable(watch, 2000)) {
		n = vnet_read(watch, &h, 10, got, sizeof(got));
		if (n < 0 || memcmp(got, frame, 12))
			continue;
		if (n == (ssize_t)len && h.gso_type == gso_type && h.gso_size == size &&
		    h.flags & F_NEEDS_CSUM)
			return true;
		printf("# %zd bytes, gso_type %#x, gso_size %d, flags %#x\n", n, h.gso_type,
		       h.gso_size, h.flags);
	}
	return false;
}

static void one(const char *name, enum l4 kind, size_t size, size_t total)
{
	size_t l4, len = vnet_packet(frame, true, kind, total, 42, &l4);
	struct vnet_hdr h = vnet_ask_gso(kind, l4, size);

	drain_watch();
	drain(out_fd);
	if (vnet_l4_len(kind) == 8 && !has_uso()) {
		skip("this driver does not know UDP segmentation; newer ones do",
		     "%s: %zu bytes in segments of %zu", name, total, size);
		return;
	}
	is(vnet_write(in_fd, &h, 10, frame, len), 10 + (long)len,
	   "%s: %zu bytes in segments of %zu", name, total, size);
	if (vnet_watchable(kind))
		ok(seen_whole(len, h.gso_type, size), "%s: %zu/%zu: the stack gets it whole",
		   name, total, size);
	ok(segments_good(kind, l4, size, total, 42), "%s: %zu/%zu: good segments arrive",
	   name, total, size);
}

static void all_kinds(void)
{
	one("TCPv4", TCP4, 1000, 4000);
	one("TCPv4", TCP4, 1460, 65000 - 14 - 40);
	one("TCPv4", TCP4, 1460, 1461);
	one("TCPv4", TCP4, 8, 800);
	one("TCPv6", TCP6, 1000, 4000);
	one("TCPv6", TCP6, 1440, 60000);
	one("UDP", UDP4, 1000, 4000);
	one("UDP", UDP4, 1472, 60000);
	one("UDP", UDP4, 100, 12800);
	one("UDP over IPv6", UDP6, 1000, 4001);
}

/* Without segmentation: the checksum alone is left to be completed. */
static void checksum(void)
{
	static const enum l4 kinds[] = { TCP4, TCP6, UDP4, UDP6 };
	static const char * const names[] = { "TCPv4", "TCPv6", "UDP", "UDP over IPv6" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		size_t l4, len = vnet_packet(frame, true, kinds[i], 1000, 7, &l4);
		struct vnet_hdr h = vnet_ask_gso(kinds[i], l4, 0);

		drain(out_fd);
		h.gso_type = GSO_NONE;
		must(vnet_write(in_fd, &h, 10, frame, len));
		ok(segments_good(kinds[i], l4, 1000, 1000, 7),
		   "%s: the stack completes the checksum", names[i]);
	}
}

/* What fits one segment is not cut, but completed. */
static void one_segment(void)
{
	size_t l4, len = vnet_packet(frame, true, TCP4, 900, 8, &l4);
	struct vnet_hdr h = vnet_ask_gso(TCP4, l4, 1000), seen;

	drain_watch();
	drain(out_fd);
	must(vnet_write(in_fd, &h, 10, frame, len));
	ok(readable(watch, 2000), "what fits one segment arrives");
	is(vnet_read(watch, &seen, 10, got, sizeof(got)), len, "whole");
	is(seen.gso_type, GSO_NONE, "and not to be cut");
	ok(segments_good(TCP4, l4, 1000, 900, 8), "with its checksum completed");
}

static void without_checksum(void)
{
	size_t l4, len = vnet_packet(frame, true, TCP4, 3000, 9, &l4);
	struct vnet_hdr h = { .gso_type = GSO_TCPV4, .gso_size = 1000, .hdr_len = l4 + 20 };
	struct vnet_hdr seen;

	drain_watch();
	must(vnet_write(in_fd, &h, 10, frame, len));
	ok(readable(watch, 2000), "TCPv4 without a checksum to complete arrives");
	is(vnet_read(watch, &seen, 10, got, sizeof(got)), len, "whole");
	is(seen.gso_type, GSO_TCPV4, "to be cut");
	is(seen.gso_size, 1000, "into the segments asked for");
	drain(out_fd);
}

/* VLAN in the frame: the header's numbers count from its first byte. */
static void vlan(void)
{
	size_t l4, len = vnet_packet(frame, true, TCP4, 3000, 10, &l4);
	struct vnet_hdr h = vnet_ask_gso(TCP4, l4 + 4, 1000);
	int n = 0, good = 0;
	ssize_t size;

	memmove(frame + 16, frame + 12, len - 12);
	memcpy(frame + 12, "\x81\0\0\x05", 4);
	drain(out_fd);
	is(vnet_write(in_fd, &h, 10, frame, len + 4), 10 + (long)len + 4,
	   "a frame with a VLAN tag, to be cut");
	while (n < 3 && readable(out_fd, 2000)) {
		size = read(out_fd, got, sizeof(got));
		if (memcmp(got, frame, 16))
			continue;
		n++;
		good += size == (ssize_t)l4 + 4 + 20 + 1000 &&
			vnet_csum_good(got, size, 18, l4 + 4, IPPROTO_TCP);
	}
	is(good, 3, "arrives as three good segments with the tag");
}

static void run(const char *name, int flags)
{
	printf("# %s\n", name);
	if (!bridged(flags)) {
		skip("needs ip and the kernel's bridge", "%s", name);
		close(in_fd);
		close(out_fd);
		return;
	}
	all_kinds();
	checksum();
	one_segment();
	without_checksum();
	vlan();
	unbridge();
}

int main(void)
{
	ktap_begin();
	netns_new();
	run("plain", 0);
	run("NAPI", IFF_NAPI);
	run("multi-queue", IFF_MULTI_QUEUE);
	return ktap_end();
}
