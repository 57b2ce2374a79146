// SPDX-License-Identifier: GPL-2.0
/*
 * Nothing but what it is to get reaches a reader: each byte of each read and ioctl
 * is one that was sent, or one the interface defines, and those behind stay as they
 * were. Before each, memory and stack of the kernel get a pattern to be found by.
 *
 * A kernel that clears what it allocates hides what this looks for. It sees more on
 *	tools/vm/run --append "init_on_alloc=0 slub_debug=P" -- selftests/run users/bytes
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <netinet/udp.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include "bpf.h"
#include "differences.h"
#include "rss.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT	103
#endif

#define FILL	0x11		/* what the buffers hold before */
#define SPRAY	0xd7		/* what the kernel's memory holds before */

static unsigned char buf[70000], frame[70000];

/* Freed buffers of all sizes, and a stack, full of the pattern. */
static void spray(void)
{
	static unsigned char pattern[4096];
	static int pair[2] = { -1, -1 };
	struct pollfd pfd[30];
	size_t size;
	int i;

	if (pair[0] < 0) {
		memset(pattern, SPRAY, sizeof(pattern));
		must(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair));
	}
	for (size = 32; size <= sizeof(pattern); size *= 2) {
		for (i = 0; i < 4; i++)
			send(pair[0], pattern, size, 0);
		drain(pair[1]);
	}
	/* Descriptors below zero are not looked at, but copied. */
	memset(pfd, SPRAY, sizeof(pfd));
	poll(pfd, ARRAY_SIZE(pfd), 0);
}

static void prepare(void)
{
	memset(buf, FILL, sizeof(buf));
	spray();
}

static bool untouched(size_t from)
{
	size_t i;

	for (i = from; i < from + 4096; i++)
		if (buf[i] != FILL) {
			printf("# byte %zu, behind the %zu, is %#x\n", i, from, buf[i]);
			return false;
		}
	return true;
}

/* Four bytes of what the allocator, or we, put into memory. */
static bool clean(const unsigned char *p, size_t len)
{
	static const unsigned char poison[] = { 0x6b, 0x5a, 0xa5, 0xbb, 0xcc, SPRAY };
	size_t i, k;

	for (i = 0; i + 4 <= len; i++)
		for (k = 0; k < sizeof(poison); k++)
			if (p[i] == poison[k] && p[i + 1] == p[i] && p[i + 2] == p[i] &&
			    p[i + 3] == p[i]) {
				printf("# four bytes of %#x at %zu\n", p[i], i);
				return false;
			}
	return true;
}

static bool zeros(const unsigned char *p, size_t len)
{
	return !len || (!*p && !memcmp(p, p + 1, len - 1));
}

static long scanned;

/* A read gets @lead bytes that @good knows and a frame, and nothing else. */
static bool read_is(int fd, const char *what, size_t lead, size_t len)
{
	ssize_t n;

	prepare();
	n = read(fd, buf, sizeof(buf) - 4096);
	if (n != (ssize_t)(lead + len)) {
		printf("# %s: read %zd, not %zu\n", what, n, lead + len);
		return false;
	}
	scanned += n;
	return !memcmp(buf + lead, frame, len) && untouched(n);
}

/* --- what is read --- */

static const size_t sizes[] = { 14, 15, 20, 33, 59, 60, 61, 100, 255, 1000, 1500 };

static size_t make(size_t len, unsigned int seed)
{
	pkt_fill(frame, len, seed);
	memset(frame, 2, 12);
	memcpy(frame + 12, "\x88\xb5", len < 14 ? 0 : 2);
	return len;
}

static bool all_sizes(int fd, const char *name, size_t lead, const char *what)
{
	int s = packet_socket(name, SOCK_RAW, 0);
	bool good = true;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t len = make(sizes[i], i);

		must(packet_send(s, 0x88b5, frame, len));
		good &= read_is(fd, what, lead, len);
		/* The protocol, and no flag; or a header that says nothing. */
		good &= lead == 4 ? !memcmp(buf, "\0\0\x88\xb5", 4) : zeros(buf, lead);
	}
	close(s);
	return good;
}

static void plain(void)
{
	int fd = tun_new("by0", IFF_TAP | IFF_NO_PI);

	must(if_up("by0"));
	settle(fd, "by0");
	ok(all_sizes(fd, "by0", 0, "plain"), "tap: the frame and nothing else, 14 to 1500 bytes");
	close(fd);
	fd = tun_new("by0", IFF_TAP);
	must(if_up("by0"));
	settle(fd, "by0");
	ok(all_sizes(fd, "by0", 4, "tun_pi"), "tun_pi: two bytes of flags, two of protocol");
	close(fd);
}

static void headers(void)
{
	int fd = tun_new("by1", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR), size, good = 0, tried = 0;

	must(if_up("by1"));
	settle(fd, "by1");
	for (size = 10; size <= 64; size++) {
		if (size > 10 && !zeroes_header_tail())
			break;
		must(ioctl(fd, TUNSETVNETHDRSZ, &size));
		good += all_sizes(fd, "by1", size, "header");
		tried++;
	}
	is(good, tried, "virtio-net header: zeros, in %d sizes from 10 bytes", tried);
	if (!zeroes_header_tail())
		skip("stock before 6.17 does not write the rest of a long header; tunx does",
		     "virtio-net header: its rest");
	close(fd);
}

static void hash_header(void)
{
	static const char what[] = "hash: value and report, and nothing else";
	int fd, size, good = 0, tried = 0, s;

	if (!tun_is_tunx()) {
		skip("this driver knows nothing of hashing; tunx does", "%s", what);
		return;
	}
	fd = tun_new("by2", IFF_TUN | IFF_NO_PI | IFF_VNET_HDR);
	must(if_up("by2"));
	settle(fd, "by2");
	s = packet_socket("by2", SOCK_RAW, 0);
	for (size = HASH_HDR; size <= 64; size++, tried++) {
		size_t len = pkt_udp4(frame, "10.1.0.1", "10.1.0.2", 1, size, NULL, 100);

		must(ioctl(fd, TUNSETVNETHDRSZ, &size));
		must(rss_types(fd, PLAIN_TYPES));
		must(packet_send(s, ETH_P_IP, frame, len));
		good += read_is(fd, what, size, len) && zeros(buf, 12) && buf[16] && !buf[17] &&
			zeros(buf + 18, size - 18);
	}
	is(good, tried, "%s", what);
	close(s);
	close(fd);
}

/* Cut by the buffer: what did not fit is nowhere. */
static void short_buffers(void)
{
	int fd = tun_new("by3", IFF_TUN | IFF_NO_PI), room, good = 0, tried = 0;
	int s;

	must(if_up("by3"));
	settle(fd, "by3");
	s = packet_socket("by3", SOCK_RAW, 0);
	for (room = 1; room < 200; room += 13, tried++) {
		size_t len = pkt_udp4(frame, "10.1.0.1", "10.1.0.2", 1, room, NULL, 200);

		must(packet_send(s, ETH_P_IP, frame, len));
		prepare();
		good += read(fd, buf, room) == room && !memcmp(buf, frame, room) && untouched(room);
	}
	is(good, tried, "a short buffer gets its bytes and no more");
	close(s);
	close(fd);
}

static void segments(void)
{
	int fd = tun_new("by4", IFF_TUN | IFF_NO_PI | IFF_VNET_HDR), size = 1000, s;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(2000) };
	ssize_t n;

	if (!has_uso()) {
		skip("stock 6.1 does not grant UDP segmentation; tunx does", "a frame to be cut");
		close(fd);
		return;
	}
	must(ioctl(fd, TUNSETOFFLOAD, ALL_USO));
	must(if_addr("by4", "10.2.0.1", 24));
	must(if_up("by4"));
	settle(fd, "by4");
	must(inet_pton(AF_INET, "10.2.0.2", &to.sin_addr));
	s = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	must(setsockopt(s, SOL_UDP, UDP_SEGMENT, &size, sizeof(size)));
	pkt_fill(frame, 5000, 5);
	must(sendto(s, frame, 5000, 0, (void *)&to, sizeof(to)));
	prepare();
	n = read(fd, buf, sizeof(buf) - 4096);
	ok(n == 10 + 28 + 5000 && !memcmp(buf + 38, frame, 5000) && untouched(n) &&
	   clean(buf, 38), "a frame to be cut: header, packet, and nothing else");
	close(s);
	close(fd);
}

static void sent_back(void)
{
	static const char what[] = "XDP_TX: the frame behind a header of zeros";
	int fd = tun_new("by5", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR), good = 0, size;
	int prog = must(BPF_PROG_RETURN(BPF_PROG_TYPE_XDP, XDP_TX));
	unsigned int i;

	size = zeroes_header_tail() ? 24 : 10;
	must(ioctl(fd, TUNSETVNETHDRSZ, &size));
	must(if_up("by5"));
	must(xdp_attach("by5", prog, XDP_FLAGS_DRV_MODE));
	close(prog);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		static const unsigned char none[24];
		size_t len = make(sizes[i], i);
		struct iovec iov[] = { { (void *)none, size }, { frame, len } };

		must(writev(fd, iov, 2));
		good += read_is(fd, what, size, len) && zeros(buf, size);
	}
	is(good, ARRAY_SIZE(sizes), "%s", what);
	close(fd);
}

/* --- what ioctls answer --- */

static void answers(void)
{
	static const struct {
		const char *name;
		unsigned long cmd;
		size_t size;
		bool tunx;
	} calls[] = {
		{ "TUNGETFEATURES", TUNGETFEATURES, 4, false },
		{ "TUNGETIFF", TUNGETIFF, sizeof(struct ifreq), false },
		{ "SIOCGIFHWADDR", SIOCGIFHWADDR, sizeof(struct ifreq), false },
		{ "TUNGETSNDBUF", TUNGETSNDBUF, 4, false },
		{ "TUNGETVNETHDRSZ", TUNGETVNETHDRSZ, 4, false },
		{ "TUNGETVNETLE", TUNGETVNETLE, 4, false },
		{ "TUNGETFILTER", TUNGETFILTER, sizeof(struct sock_fprog), false },
		{ "TUNGETVNETHASHCAP", TUNGETVNETHASHCAP, sizeof(struct tun_vnet_hash), true },
	};
	int fd = tun_new("by6", IFF_TAP | IFF_VNET_HDR | IFF_MULTI_QUEUE), good = 0, tried = 0, i;

	for (i = 0; i < (int)ARRAY_SIZE(calls); i++) {
		if (calls[i].tunx && !tun_is_tunx())
			continue;
		prepare();
		ok(!ioctl(fd, calls[i].cmd, buf) && clean(buf, calls[i].size) &&
		   untouched(calls[i].size), "%s: its %zu bytes and no more", calls[i].name,
		   calls[i].size);
		scanned += calls[i].size;
	}
	if (tun_is_tunx()) {
		static const unsigned int lens[] = { 20, 21, 60, 100, 1084, 2000 };

		for (i = 0; i < (int)ARRAY_SIZE(lens); i++, tried++) {
			prepare();
			memset(buf, 0, lens[i]);
			memcpy(buf, &lens[i], 4);
			good += !ioctl(fd, TUNXGETHASH, buf) && clean(buf, lens[i]) &&
				untouched(lens[i]);
		}
		is(good, tried, "TUNXGETHASH: what fits the caller's struct and no more");
	}
	close(fd);
}

static void ethtool(void)
{
	static const struct {
		const char *name;
		uint32_t cmd;
		size_t size;
	} calls[] = {
		{ "GDRVINFO", ETHTOOL_GDRVINFO, sizeof(struct ethtool_drvinfo) },
		{ "GMSGLVL", ETHTOOL_GMSGLVL, sizeof(struct ethtool_value) },
		{ "GLINK", ETHTOOL_GLINK, sizeof(struct ethtool_value) },
		{ "GCOALESCE", ETHTOOL_GCOALESCE, sizeof(struct ethtool_coalesce) },
		{ "GET_TS_INFO", ETHTOOL_GET_TS_INFO, sizeof(struct ethtool_ts_info) },
		{ "GPERMADDR", ETHTOOL_GPERMADDR, sizeof(struct ethtool_perm_addr) },
	};
	int fd = tun_new("by7", IFF_TUN | IFF_MULTI_QUEUE);
	struct nl_reply reply;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		prepare();
		memset(buf, 0, calls[i].size);
		memcpy(buf, &calls[i].cmd, 4);
		ok(!eth_call("by7", buf) && clean(buf, calls[i].size) && untouched(calls[i].size),
		   "ethtool %s: its %zu bytes and no more", calls[i].name, calls[i].size);
		scanned += calls[i].size;
	}
	spray();
	must(nl_getlink("by7", &reply));
	ok(clean((unsigned char *)reply.buf, reply.len),
	   "rtnetlink: nothing of the kernel's in %zu bytes", reply.len);
	scanned += reply.len;
	close(fd);
}

int main(void)
{
	ktap_begin();
	netns_new();
	plain();
	headers();
	hash_header();
	short_buffers();
	segments();
	sent_back();
	answers();
	ethtool();
	printf("# measured: bytes that a reader gets, each of them known: %ld bytes\n", scanned);
	return ktap_end();
}
