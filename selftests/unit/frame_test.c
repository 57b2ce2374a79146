// SPDX-License-Identifier: GPL-2.0
/*
 * frame.c of the driver in user space: the codec of the vnet header, value by
 * value. Built with the address and undefined-behaviour sanitizers.
 */
#include "frame.h"
#include "ktap.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define CSUM	VIRTIO_NET_HDR_F_NEEDS_CSUM
#define TCP4	VIRTIO_NET_HDR_GSO_TCPV4
#define TCP6	VIRTIO_NET_HDR_GSO_TCPV6
#define UFO	VIRTIO_NET_HDR_GSO_UDP
#define UDP	VIRTIO_NET_HDR_GSO_UDP_L4
#define ECN	VIRTIO_NET_HDR_GSO_ECN
#define OUT4	VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV4
#define OUT6	VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV6

static void sizes(void)
{
	int bad = 0;
	size_t n;

	is(sizeof(struct tunx_vnet_raw), 24, "the header has 24 bytes at most");
	for (n = 10; n < 100; n++)
		bad += tunx_frame_vnet_size(n) != (n < 24 ? 10 : 24);
	is(bad, 0, "from 24 bytes on all 24 have a meaning, else 10");
	is(tunx_frame_vnet_size(0x7fffffff), 24, "however many there are");
}

static const struct {
	const char *name;
	u8 flags;
	u16 hdr_len, start, offset;
	size_t frame_len;
	int want;		/* hdr_len that comes out, or -1 */
} lengths[] = {
	{ "nothing", 0, 0, 0, 0, 0, 0 },
	{ "a hint", 0, 54, 0, 0, 100, 54 },
	{ "a hint of all", 0, 100, 0, 0, 100, 100 },
	{ "a hint of more", 0, 101, 0, 0, 100, -1 },
	{ "a hint of most", 0, 65535, 0, 0, 65535, 65535 },
	{ "no checksum, so its place does not matter", 0, 0, 60000, 60000, 10, 0 },
	{ "a checksum raises the hint", CSUM, 0, 34, 16, 100, 52 },
	{ "a checksum below the hint", CSUM, 54, 34, 16, 100, 54 },
	{ "a checksum at the end", CSUM, 0, 34, 16, 52, 52 },
	{ "a checksum behind the end", CSUM, 0, 34, 16, 51, -1 },
	{ "the last place there is", CSUM, 0, 65533, 0, 65535, 65535 },
	{ "a place that wraps to 0", CSUM, 0, 65534, 0, 10, 0 },
	{ "a place that wraps to 1", CSUM, 0, 65535, 0, 10, 1 },
	{ "a place that wraps far", CSUM, 0, 65535, 65535, 70000, 0 },
	{ "a place that wraps, and a hint", CSUM, 40, 65535, 30, 100, 31 },
};

static __virtio16 order(bool le, u16 value)
{
	return __cpu_to_virtio16(le, value);
}

static void decode(void)
{
	struct tunx_vnet v;
	unsigned int i, le;
	int ret;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		for (le = 0; le < 2; le++) {
			struct tunx_vnet_raw raw = {
				.flags = lengths[i].flags,
				.hdr_len = order(le, lengths[i].hdr_len),
				.csum_start = order(le, lengths[i].start),
				.csum_offset = order(le, lengths[i].offset),
			};

			ret = tunx_frame_vnet_decode(&raw, le, lengths[i].frame_len, &v);
			if (lengths[i].want < 0)
				is(ret, -EINVAL, "decode, %s-endian: %s", le ? "little" : "big",
				   lengths[i].name);
			else
				is(ret ? ret : v.hdr_len, lengths[i].want,
				   "decode, %s-endian: %s", le ? "little" : "big",
				   lengths[i].name);
		}
	}
}

static void bytes(void)
{
	static const u8 le[24] = {
		1, 0x21, 0x34, 0x12, 0x78, 0x56, 0xbc, 0x9a, 0x02, 0x01,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x22, 0x11, 0x44, 0x33,
	};
	static const u8 be[24] = {
		1, 0x21, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0x01, 0x02,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x22, 0x11, 0x44, 0x33,
	};
	const struct tunx_vnet v = {
		.flags = 1, .gso_type = 0x21, .hdr_len = 0x1234, .gso_size = 0x5678,
		.csum_start = 0x9abc, .csum_offset = 0x0102, .outer_th = 0x1122,
		.inner_nh = 0x3344,
	};
	struct tunx_vnet_raw raw;
	struct tunx_vnet back;

	memset(&raw, 0x5a, sizeof(raw));
	tunx_frame_vnet_encode(&v, true, &raw);
	ok(!memcmp(&raw, le, 24), "encode, little-endian: byte by byte");
	is(tunx_frame_vnet_decode(&raw, true, 65535, &back), 0, "it decodes");
	is(back.hdr_len, 0x9abc + 0x0102 + 2, "hdr_len reaches to the checksum");
	back.hdr_len = v.hdr_len;
	ok(!memcmp(&back, &v, sizeof(v)), "all else is the same");
	memset(&raw, 0x5a, sizeof(raw));
	tunx_frame_vnet_encode(&v, false, &raw);
	ok(!memcmp(&raw, be, 24), "encode, big-endian: but tunnel fields are little-endian");
}

static const struct {
	const char *name;
	struct tunx_vnet v;
	bool room;
	int want;
} tunnels[] = {
#define T(type, th, nh, start) \
	{ .flags = CSUM, .gso_type = (type), .outer_th = (th), .inner_nh = (nh), \
	  .csum_start = (start) }
	{ "TCPv4 in IPv4, as near as can be", T(TCP4 | OUT4, 34, 42, 62), true, 0 },
	{ "TCPv4 in IPv6, as near as can be", T(TCP4 | OUT6, 54, 62, 82), true, 0 },
	{ "TCPv6 in IPv4, as near as can be", T(TCP6 | OUT4, 34, 42, 82), true, 0 },
	{ "TCPv6 in IPv6, as near as can be", T(TCP6 | OUT6, 54, 62, 102), true, 0 },
	{ "UDP, as near as can be", T(UDP | OUT4, 34, 42, 62), true, 0 },
	{ "ECN", T(TCP4 | ECN | OUT4, 34, 64, 84), true, 0 },
	{ "large numbers", T(TCP4 | OUT4, 60000, 65000, 65535), true, 0 },
	{ "no room for the fields", T(TCP4 | OUT4, 34, 42, 62), false, -EINVAL },
	{ "both outer protocols", T(TCP4 | OUT4 | OUT6, 54, 62, 82), true, -EINVAL },
	{ "nothing in it", T(OUT4, 34, 42, 62), true, -EINVAL },
	{ "ECN alone in it", T(ECN | OUT4, 34, 42, 62), true, -EINVAL },
	{ "UFO in it", T(UFO | OUT4, 34, 42, 62), true, -EINVAL },
	{ "outer_th too small for IPv4", T(TCP4 | OUT4, 33, 42, 62), true, -EINVAL },
	{ "outer_th too small for IPv6", T(TCP4 | OUT6, 53, 62, 82), true, -EINVAL },
	{ "inner_nh in the outer UDP header", T(TCP4 | OUT4, 34, 41, 62), true, -EINVAL },
	{ "inner_nh before outer_th", T(TCP4 | OUT4, 34, 0, 62), true, -EINVAL },
	{ "inner_nh where the sum would wrap", T(TCP4 | OUT4, 65530, 2, 62), true, -EINVAL },
	{ "csum_start in the inner IPv4 header", T(TCP4 | OUT4, 34, 42, 61), true, -EINVAL },
	{ "csum_start in the inner IPv6 header", T(TCP6 | OUT4, 34, 42, 81), true, -EINVAL },
	{ "csum_start where the sum would wrap", T(TCP4 | OUT4, 34, 65530, 14), true, -EINVAL },
	{ "no checksum", { .gso_type = TCP4 | OUT4, .outer_th = 34, .inner_nh = 42,
			   .csum_start = 62 }, true, -EINVAL },
};

static void tunnel(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tunnels); i++)
		is(tunx_frame_vnet_check_tunnel(&tunnels[i].v, tunnels[i].room), tunnels[i].want,
		   "tunnel: %s", tunnels[i].name);
}

static void small(void)
{
	struct tun_pi pi = tunx_frame_pi(htons(ETH_P_IPV6), true);
	int bad = 0, i;

	is(pi.flags, TUN_PKT_STRIP, "tun_pi: cut");
	is(ntohs(pi.proto), ETH_P_IPV6, "tun_pi: protocol");
	is(tunx_frame_pi(0, false).flags, 0, "tun_pi: whole");
	for (i = 0; i < 256; i++)
		bad += ntohs(tunx_frame_ip_proto(i)) != (i >> 4 == 4 ? ETH_P_IP :
							  i >> 4 == 6 ? ETH_P_IPV6 : 0);
	is(bad, 0, "the first byte tells IPv4 from IPv6, and both from the rest");
}

int main(void)
{
	ktap_begin();
	sizes();
	decode();
	bytes();
	tunnel();
	small();
	return ktap_end();
}
