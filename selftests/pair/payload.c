// SPDX-License-Identifier: GPL-2.0
/*
 * Both halves with real packets: every size arrives unchanged, both ways, and
 * VLAN tags are where they belong.
 *
 *	AF_PACKET socket <--> net device <--> fd
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include "tuntest.h"

#define MTU_TUN	65535
#define MTU_TAP	65521

static unsigned char out[70000], in[70000];

static const int sizes[] = {
	1, 2, 3, 4, 13, 14, 15, 19, 20, 21, 40, 59, 60, 61, 63, 64, 65, 100, 127, 128,
	129, 255, 256, 257, 500, 511, 512, 513, 1000, 1023, 1024, 1025, 1499, 1500, 1501,
	1514, 2047, 2048, 2049, 3000, 3455, 3456, 3457, 3583, 3584, 3585, 4000, 4095,
	4096, 4097, 5000, 8191, 8192, 8193, 9000, 12288, 16383, 16384, 16385, 20000,
	32767, 32768, 32769, 40000, 50000, 60000, 65000, 65519, 65520, 65521, 65534, 65535,
};

/* A packet of @len bytes: the first nibble says IPv4, the rest is pattern. */
static void make(int len, int head, unsigned int seed)
{
	pkt_fill(out, head + len, seed);
	if (head) {
		memset(out, 2, 6);
		memset(out + 6, 4, 6);
		out[12] = 0x88;
		out[13] = 0xb5;
	} else {
		out[0] = 0x45;
	}
}

static bool same(const unsigned char *got, ssize_t n, int len)
{
	if (n == len && !memcmp(got, out, len))
		return true;
	printf("# %zd bytes came of %d, %s\n", n, len,
	       n == len ? "not the same" : "");
	return false;
}

static int up(const char *name, int flags, int mtu)
{
	int fd = tun_new(name, flags);

	must(if_setint(name, SIOCSIFMTU, mtu));
	must(if_up(name));
	return fd;
}

static void each_size(const char *type, int flags, int mtu, bool blocking)
{
	int pi = flags & IFF_NO_PI ? 0 : 4, head = flags & IFF_TAP ? 14 : 0;
	int fd = up("pl0", flags, mtu), read_bad = 0, write_bad = 0, proto = 0;
	int peer = packet_socket("pl0", SOCK_RAW, ETH_P_ALL), big = 1 << 20;
	unsigned int i;

	if (blocking)
		must(fcntl(fd, F_SETFL, 0));
	must(setsockopt(peer, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big)));
	must(setsockopt(peer, SOL_SOCKET, SO_SNDBUFFORCE, &big, sizeof(big)));
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		int len = head + sizes[i];
		ssize_t n;

		if (sizes[i] > mtu)
			continue;
		make(sizes[i], head, i);
		proto = head ? 0x88b5 : ETH_P_IP;
		must(packet_send(peer, proto, out, len));
		n = read(fd, in, sizeof(in));
		read_bad += !same(in + pi, n - pi, len);

		memmove(in + 4, out, len);
		in[0] = 0;
		in[1] = 0;
		in[2] = proto >> 8;
		in[3] = proto;
		if (write(fd, in + 4 - pi, pi + len) != pi + len || !readable(peer, 2000)) {
			write_bad++;
			continue;
		}
		memset(in, 0, len);
		n = recv(peer, in, sizeof(in), 0);
		write_bad += !same(in, n, len);
	}
	is(read_bad, 0, "%s: %zu sizes, stack to reader", type, ARRAY_SIZE(sizes));
	is(write_bad, 0, "%s: %zu sizes, writer to stack", type, ARRAY_SIZE(sizes));
	close(peer);
	close(fd);
}

static void gathered(void)
{
	int fd = up("pl1", IFF_TAP, MTU_TAP), bad = 0, cut;
	int peer = packet_socket("pl1", SOCK_RAW, ETH_P_ALL);

	for (cut = 1; cut < 300; cut += 7) {
		struct iovec iov[] = { { in, 0 }, { out, cut }, { out + cut, 1014 - cut } };
		unsigned char pi[4] = { 0 };

		iov[0] = (struct iovec){ pi, sizeof(pi) };
		make(1000, 14, cut);
		if (writev(fd, iov, 3) != 1018 || !readable(peer, 2000) ||
		    !same(in, recv(peer, in, sizeof(in), 0), 1014))
			bad++;
	}
	is(bad, 0, "writev cut at many places makes the same frame");
	for (cut = 1, bad = 0; cut < 300; cut += 7) {
		unsigned char pi[4];
		struct iovec iov[] = { { pi, 4 }, { in, cut }, { in + cut, 2000 } };

		make(1000, 14, cut);
		must(packet_send(peer, 0x88b5, out, 1014));
		memset(in, 0, 2000);
		if (!same(in, readv(fd, iov, 3) - 4, 1014))
			bad++;
	}
	is(bad, 0, "readv cut at many places gives the same frame");
	close(peer);
	close(fd);
}

/* The frame in out[] with a tag put into it by the sender. */
static int send_tagged(int fd, const char *name, int tci, size_t len)
{
	struct sockaddr_ll sll = {
		.sll_family = AF_PACKET,
		.sll_ifindex = if_nametoindex(name),
		.sll_halen = 6,
	};
	unsigned char tagged[2000];

	memcpy(tagged, out, 12);
	memcpy(tagged + 12, "\x81\x00", 2);
	tagged[14] = tci >> 8;
	tagged[15] = tci;
	memcpy(tagged + 16, out + 12, len - 12);
	return sendto(fd, tagged, len + 4, 0, (void *)&sll, sizeof(sll));
}

static void in_band_tag(void)
{
	int fd = up("vl0", IFF_TAP | IFF_NO_PI, 1500);
	int peer = packet_socket("vl0", SOCK_RAW, 0);

	make(100, 14, 7);
	must(send_tagged(peer, "vl0", 42, 114));
	is(read(fd, in, sizeof(in)), 118, "a frame with the tag in it is read whole");
	ok(!memcmp(in + 12, "\x81\x00\x00\x2a", 4), "the tag is in its place");
	ok(!memcmp(in, out, 12) && !memcmp(in + 16, out + 12, 102), "the rest around it");
	close(peer);
	close(fd);
}

/* Accelerated tags: a vlan device on top gives them to the driver beside. */
static void vlan_device(void)
{
	static const char * const protos[] = { "802.1Q", "802.1ad" };
	static const unsigned char tpid[][2] = { { 0x81, 0x00 }, { 0x88, 0xa8 } };
	unsigned int i, pi;

	for (i = 0; i < 2; i++) {
		for (pi = 0; pi < 5; pi += 4) {
			int fd = up("vl1", IFF_TAP | (pi ? 0 : IFF_NO_PI), 1500), peer;
			char cmd[128];
			long bytes;

			snprintf(cmd, sizeof(cmd), "ip link add link vl1 name vl1.5 type vlan "
				 "proto %s id 5 2>/dev/null && ip link set vl1.5 up", protos[i]);
			if (system(cmd)) {
				skip("needs ip and the kernel's 8021q",
				     "%s tag, %s PI", protos[i], pi ? "with" : "without");
				close(fd);
				continue;
			}
			peer = packet_socket("vl1.5", SOCK_RAW, 0);
			drain(fd);
			bytes = if_stat("vl1", "tx_bytes");
			make(100, 14, 8);
			must(packet_send(peer, 0x88b5, out, 114));
			is(read(fd, in, sizeof(in)), pi + 118, "%s tag, %s PI: 4 bytes more",
			   protos[i], pi ? "with" : "without");
			ok(!memcmp(in + pi + 12, tpid[i], 2) &&
			   in[pi + 14] == 0 && in[pi + 15] == 5,
			   "%s tag, %s PI: at offset 12", protos[i], pi ? "with" : "without");
			ok(!memcmp(in + pi, out, 12) && !memcmp(in + pi + 16, out + 12, 102),
			   "%s tag, %s PI: the frame around it", protos[i],
			   pi ? "with" : "without");
			is(if_stat("vl1", "tx_bytes") - bytes, 118, "%s tag, %s PI: counted",
			   protos[i], pi ? "with" : "without");
			if (pi)
				ok(in[2] == 0x88 && in[3] == 0xb5,
				   "%s tag: PI has the inner protocol", protos[i]);
			close(peer);
			close(fd);
		}
	}
}

/* Short buffers around the tag: what is read is a prefix of the whole. */
static void vlan_truncated(void)
{
	int fd = up("vl2", IFF_TAP | IFF_NO_PI, 1500), peer, bad = 0, len;

	if (system("ip link add link vl2 name vl2.5 type vlan id 5 2>/dev/null &&"
		   " ip link set vl2.5 up")) {
		skip("needs ip and the kernel's 8021q", "truncated tagged frames");
		close(fd);
		return;
	}
	peer = packet_socket("vl2.5", SOCK_RAW, 0);
	drain(fd);
	make(100, 14, 9);
	for (len = 1; len < 30; len++) {
		unsigned char want[200];

		memcpy(want, out, 12);
		memcpy(want + 12, "\x81\x00\x00\x05", 4);
		memcpy(want + 16, out + 12, 102);
		memset(in, 0x5a, 40);
		must(packet_send(peer, 0x88b5, out, 114));
		if (read(fd, in, len) != len || memcmp(in, want, len) || in[len] != 0x5a) {
			printf("# buffer of %d\n", len);
			bad++;
		}
	}
	is(bad, 0, "a short buffer gets the head of the tagged frame, wherever it ends");
	close(peer);
	close(fd);
}

static void tag_written(void)
{
	int fd = up("vl3", IFF_TAP | IFF_NO_PI, 1500), peer;

	make(100, 14, 10);
	memcpy(out + 12, "\x81\x00\x00\x07\x88\xb5", 6);
	if (!system("ip link add link vl3 name vl3.7 type vlan id 7 2>/dev/null &&"
		    " ip link set vl3.7 up")) {
		peer = packet_socket("vl3.7", SOCK_RAW, ETH_P_ALL);
		is(write(fd, out, 114), 114, "a tagged frame is written");
		ok(readable(peer, 2000) && recv(peer, in, sizeof(in), 0) == 110 &&
		   !memcmp(in + 14, out + 18, 96), "the vlan device receives it untagged");
		close(peer);
	} else {
		skip("needs ip and the kernel's 8021q", "a tagged frame written");
	}
	close(fd);
}

int main(void)
{
	ktap_begin();
	netns_new();
	each_size("tun", IFF_TUN | IFF_NO_PI, MTU_TUN, false);
	each_size("tun with PI", IFF_TUN, MTU_TUN, false);
	each_size("tap", IFF_TAP | IFF_NO_PI, MTU_TAP, false);
	each_size("tap with PI", IFF_TAP, MTU_TAP, false);
	each_size("blocking tap", IFF_TAP | IFF_NO_PI, MTU_TAP, true);
	each_size("blocking tun", IFF_TUN | IFF_NO_PI, MTU_TUN, true);
	gathered();
	in_band_tag();
	vlan_device();
	vlan_truncated();
	tag_written();
	return ktap_end();
}
