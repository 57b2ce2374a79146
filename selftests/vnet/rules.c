// SPDX-License-Identifier: GPL-2.0
/*
 * What a written vnet header may say about its frame: each rule of the
 * validation once kept and once broken, on TUN and TAP.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include "vnet.h"
#include "differences.h"

/* Where a header that is refused is refused. */
enum stage {
	GOOD,		/* not at all */
	PARSE,		/* before there is a frame: not counted */
	MEANING,	/* counted by rx_frame_errors */
	TRUST_TYPE,	/* like MEANING; stock may believe gso_type instead */
	TRUST_START,	/* like MEANING; stock may believe csum_start instead */
	NO_USO,		/* good where UDP segmentation is known, else like MEANING */
};

struct rule {
	const char *name;
	enum l4 kind;
	int payload;
	struct vnet_hdr h;	/* csum_start, hdr_len: from the IP header on */
	enum stage stage;
};

#define CSUM	.flags = F_NEEDS_CSUM
#define GSO(t, s) .gso_type = (t), .gso_size = (s)
#define AT(s, o) .csum_start = (s), .csum_offset = (o)
#define TCP_CSUM .flags = F_NEEDS_CSUM, AT(20, 16)
#define TCP6_CSUM .flags = F_NEEDS_CSUM, AT(40, 16)
#define UDP_CSUM .flags = F_NEEDS_CSUM, AT(20, 6)
#define UDP6_CSUM .flags = F_NEEDS_CSUM, AT(40, 6)

static const struct rule rules[] = {
	{ "nothing", TCP4, 1000, { }, GOOD },
	{ "unknown flags", TCP4, 1000, { .flags = 0xf6 }, GOOD },
	{ "data valid", TCP4, 1000, { .flags = F_DATA_VALID }, GOOD },
	{ "num_buffers 7", TCP4, 1000, { .num_buffers = 7 }, GOOD },
	{ "values without their flags", TCP4, 1000, { .gso_size = 9, AT(60000, 60000) }, GOOD },

	{ "hdr_len is the frame", TCP4, 100, { .hdr_len = 140 }, GOOD },
	{ "hdr_len behind the frame", TCP4, 100, { .hdr_len = 141 }, PARSE },
	{ "hdr_len 65535", TCP4, 100, { .hdr_len = 65535 }, PARSE },
	{ "hdr_len 1 is too short a hint and no error", TCP4, 100,
	  { TCP_CSUM, .hdr_len = 1 }, GOOD },

	{ "checksum of TCP", TCP4, 100, { TCP_CSUM }, GOOD },
	{ "checksum of TCP over IPv6", TCP6, 100, { TCP6_CSUM }, GOOD },
	{ "checksum of UDP", UDP4, 100, { UDP_CSUM }, GOOD },
	{ "checksum of UDP over IPv6", UDP6, 100, { UDP6_CSUM }, GOOD },
	{ "checksum without payload", UDP4, 0, { UDP_CSUM }, GOOD },
	{ "checksum at the end", UDP4, 100, { CSUM, AT(120, 6) }, GOOD },
	{ "checksum field behind the end", UDP4, 100, { CSUM, AT(120, 7) }, PARSE },
	{ "checksum start behind the end", UDP4, 100, { CSUM, AT(128, 0) }, PARSE },
	{ "checksum start 65535", UDP4, 100, { CSUM, AT(65535, 40) }, MEANING },
	{ "checksum end wraps to a small number", UDP4, 100, { CSUM, AT(65534, 30) }, MEANING },
	{ "checksum offset 65535", UDP4, 100, { CSUM, AT(20, 65535) }, MEANING },
	{ "checksum starts in the IP header", UDP4, 100, { CSUM, AT(2, 6) }, TRUST_START },

	{ "TCPv4", TCP4, 4000, { TCP_CSUM, GSO(GSO_TCPV4, 1000) }, GOOD },
	{ "TCPv4 with ECN", TCP4, 4000, { TCP_CSUM, GSO(GSO_TCPV4 | GSO_ECN, 1000) }, GOOD },
	{ "TCPv6", TCP6, 4000, { TCP6_CSUM, GSO(GSO_TCPV6, 1000) }, GOOD },
	{ "TCPv6 with ECN", TCP6, 4000, { TCP6_CSUM, GSO(GSO_TCPV6 | GSO_ECN, 1000) }, GOOD },
	{ "UFO", UDP4, 4000, { UDP_CSUM, GSO(GSO_UFO, 1480) }, GOOD },
	{ "UFO over IPv6", UDP6, 4000, { UDP6_CSUM, GSO(GSO_UFO, 1480) }, GOOD },
	{ "UDP", UDP4, 4000, { UDP_CSUM, GSO(GSO_UDP_L4, 1000) }, NO_USO },
	{ "UDP over IPv6", UDP6, 4000, { UDP6_CSUM, GSO(GSO_UDP_L4, 1000) }, NO_USO },

	{ "gso_type 2", TCP4, 4000, { TCP_CSUM, GSO(2, 1000) }, MEANING },
	{ "gso_type 6", TCP4, 4000, { TCP_CSUM, GSO(6, 1000) }, MEANING },
	{ "gso_type 7", TCP4, 4000, { TCP_CSUM, GSO(7, 1000) }, MEANING },
	{ "gso_type 0x10", TCP4, 4000, { TCP_CSUM, GSO(0x10, 1000) }, MEANING },
	{ "gso_type 0x7f", TCP4, 4000, { TCP_CSUM, GSO(0x7f, 1000) }, MEANING },
	{ "ECN alone", TCP4, 4000, { TCP_CSUM, GSO(GSO_ECN, 1000) }, MEANING },
	{ "gso_size 0", TCP4, 4000, { TCP_CSUM, GSO(GSO_TCPV4, 0) }, MEANING },
	{ "gso_size 1", TCP4, 400, { TCP_CSUM, GSO(GSO_TCPV4, 1) }, GOOD },
	{ "gso_size 65535", TCP4, 4000, { TCP_CSUM, GSO(GSO_TCPV4, 65535) }, MEANING },
	{ "gso_size 65534, more than there is", TCP4, 4000,
	  { TCP_CSUM, GSO(GSO_TCPV4, 65534) }, GOOD },
	{ "gso_size is all there is", TCP4, 1000, { TCP_CSUM, GSO(GSO_TCPV4, 1000) }, GOOD },
	{ "no payload to segment", TCP4, 0, { TCP_CSUM, GSO(GSO_TCPV4, 1000) }, GOOD },

	{ "TCPv4, checksum offset 6", TCP4, 4000, { CSUM, AT(20, 6), GSO(GSO_TCPV4, 1000) },
	  MEANING },
	{ "TCPv6, checksum offset 6", TCP6, 4000, { CSUM, AT(40, 6), GSO(GSO_TCPV6, 1000) },
	  MEANING },
	{ "TCPv4, transport header not in the frame", TCP4, 0,
	  { CSUM, AT(22, 16), GSO(GSO_TCPV4, 1000) }, MEANING },
	{ "UDP, checksum offset 16", UDP4, 4000, { CSUM, AT(20, 16), GSO(GSO_UDP_L4, 1000) },
	  MEANING },
	{ "UDP, checksum offset 4", UDP4, 4000, { CSUM, AT(20, 4), GSO(GSO_UDP_L4, 1000) },
	  MEANING },
	{ "UDP with ECN", UDP4, 4000, { UDP_CSUM, GSO(GSO_UDP_L4 | GSO_ECN, 1000) }, MEANING },
	{ "UDP without checksum", UDP4, 4000, { GSO(GSO_UDP_L4, 1000) }, MEANING },
	{ "UDP, 128 segments", UDP4, 1280, { UDP_CSUM, GSO(GSO_UDP_L4, 10) }, NO_USO },
	{ "UDP, 129 segments", UDP4, 1281, { UDP_CSUM, GSO(GSO_UDP_L4, 10) }, MEANING },
	{ "TCPv6, checksum start where IPv4's is", TCP6, 4000,
	  { CSUM, AT(20, 16), GSO(GSO_TCPV6, 1000) }, TRUST_START },
	{ "TCPv4, checksum starts in the IP header", TCP4, 4000,
	  { CSUM, AT(4, 16), GSO(GSO_TCPV4, 1000) }, TRUST_START },

	{ "TCPv4, no checksum", TCP4, 4000, { GSO(GSO_TCPV4, 1000) }, GOOD },
	{ "TCPv4, data valid", TCP4, 4000, { .flags = F_DATA_VALID, GSO(GSO_TCPV4, 1000) },
	  GOOD },
	{ "TCPv6, no checksum", TCP6, 4000, { GSO(GSO_TCPV6, 1000) }, GOOD },
	{ "UFO, no checksum", UDP4, 4000, { GSO(GSO_UFO, 1480) }, GOOD },
	{ "UFO over IPv6, no checksum", UDP6, 4000, { GSO(GSO_UFO, 1480) }, GOOD },
	{ "TCPv6 on IPv4, no checksum", TCP4, 4000, { GSO(GSO_TCPV6, 1000) }, TRUST_TYPE },
	{ "TCPv4 on IPv6, no checksum", TCP6, 4000, { GSO(GSO_TCPV4, 1000) }, TRUST_TYPE },
	{ "TCPv4 on UDP, no checksum", UDP4, 4000, { GSO(GSO_TCPV4, 1000) }, TRUST_TYPE },
	{ "UFO on TCP, no checksum", TCP4, 4000, { GSO(GSO_UFO, 1480) }, TRUST_TYPE },

	{ "tunnel over IPv4 in a short header", UDP4, 4000,
	  { UDP_CSUM, GSO(GSO_UDP_L4 | GSO_TUNNEL4, 1000) }, MEANING },
	{ "tunnel over IPv6 in a short header", UDP4, 4000,
	  { UDP_CSUM, GSO(GSO_UDP_L4 | GSO_TUNNEL6, 1000) }, MEANING },
	{ "tunnel and nothing in it", UDP4, 4000, { UDP_CSUM, GSO(GSO_TUNNEL4, 1000) },
	  MEANING },
};

static unsigned char frame[70000];

static bool may_pass(enum stage stage)
{
	return (stage == TRUST_TYPE && may_trust_gso_type()) ||
	       (stage == TRUST_START && may_trust_csum_start());
}

static void check(int fd, const struct rule *r, bool tap, const char *type)
{
	enum stage stage = r->stage == NO_USO ? (has_uso() ? GOOD : MEANING) : r->stage;
	long errors, dropped = if_stat("ru0", "rx_dropped"), packets = if_stat("ru0", "rx_packets");
	struct vnet_hdr h = r->h;
	size_t len, l4;
	int ret, err, want_error, want_packet;

	len = vnet_packet(frame, tap, r->kind, r->payload, 1, &l4);
	if (tap && h.hdr_len && h.hdr_len <= 65535 - ETH_HLEN)
		h.hdr_len += ETH_HLEN;
	if (tap && h.csum_start && h.csum_start <= 65535 - ETH_HLEN && h.csum_start != 65534)
		h.csum_start += ETH_HLEN;
	errors = if_stat("ru0", "rx_frame_errors");
	ret = vnet_write(fd, &h, 10, frame, len);
	err = ret < 0 ? errno : 0;
	if (may_pass(stage)) {
		ok(!err || err == EINVAL, "%s: %s: passes or not", type, r->name);
		return;
	}
	is(err, stage == GOOD ? 0 : EINVAL, "%s: %s", type, r->name);
	if (stage > PARSE && !shows_frame_errors(tap))
		stage = PARSE;
	want_error = stage > PARSE;
	want_packet = stage == GOOD;
	if (if_stat("ru0", "rx_frame_errors") - errors != want_error ||
	    if_stat("ru0", "rx_packets") - packets != want_packet ||
	    (err && if_stat("ru0", "rx_dropped") != dropped))
		ok(false, "%s: %s: counted as it should be", type, r->name);
}

static void all_rules(const char *type, int flags)
{
	int fd = tun_new("ru0", flags | IFF_VNET_HDR | IFF_NO_PI);
	unsigned int i;

	must(if_up("ru0"));
	for (i = 0; i < ARRAY_SIZE(rules); i++)
		check(fd, &rules[i], flags & IFF_TAP, type);
	ok(if_exists("ru0"), "%s: the counters were right", type);
	close(fd);
}

/* The size of the header as the limit of hdr_len, and what is no frame. */
static void limits(void)
{
	static const int sizes[] = { 10, 12, 20, 24, 40, 1000 };
	unsigned int i;
	size_t len, l4;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		int fd = tun_new("ru1", IFF_TAP | IFF_VNET_HDR | IFF_NO_PI), size = sizes[i];
		struct vnet_hdr h = { 0 };

		must(if_up("ru1"));
		must(ioctl(fd, TUNSETVNETHDRSZ, &size));
		len = vnet_packet(frame, true, UDP4, 100, 1, &l4);
		is(vnet_write(fd, &h, size, frame, len), size + (long)len, "size %d: write", size);
		h.hdr_len = len;
		is(vnet_write(fd, &h, size, frame, len), size + (long)len,
		   "size %d: hdr_len is the frame", size);
		h.hdr_len = len + 1;
		result(vnet_write(fd, &h, size, frame, len), hdr_len_slack(size) ? 0 : EINVAL,
		       "size %d: hdr_len is more by 1", size);
		h.hdr_len = len + hdr_len_slack(size) + 1;
		result(vnet_write(fd, &h, size, frame, len), EINVAL,
		       "size %d: hdr_len is too much", size);
		h = (struct vnet_hdr){ 0 };
		result(vnet_write(fd, &h, size, frame, 13), EINVAL, "size %d: 13 bytes", size);
		result(vnet_write(fd, &h, size, frame, 0), EINVAL, "size %d: no frame", size);
		result(write(fd, frame, size - 1), EINVAL, "size %d: half a header", size);
		is(vnet_write(fd, &h, size, frame, 14), size + 14, "size %d: 14 bytes", size);
		close(fd);
	}
}

static void tap_hint(void)
{
	int fd = tun_new("ru2", IFF_TAP | IFF_VNET_HDR | IFF_NO_PI), n;
	size_t l4, len = vnet_packet(frame, true, UDP4, 100, 1, &l4);
	struct vnet_hdr h = { 0 };
	int bad = 0;

	must(if_up("ru2"));
	for (n = 0; n < 40; n++) {
		h.hdr_len = n;
		bad += (vnet_write(fd, &h, 10, frame, len) < 0) != (n >= 1 && n <= 13);
	}
	is(bad, 0, "tap: hdr_len 1 to 13 is refused, 0 and from 14 on not");
	close(fd);
}

static void down(void)
{
	int fd = tun_new("ru3", IFF_TUN | IFF_VNET_HDR | IFF_NO_PI);
	struct vnet_hdr h = { .gso_type = 2 };
	size_t l4, len = vnet_packet(frame, false, UDP4, 100, 1, &l4);

	result(vnet_write(fd, &h, 10, frame, len), EINVAL, "down: a bad header is told first");
	h.gso_type = 0;
	result(vnet_write(fd, &h, 10, frame, len), EIO, "down: then EIO");
	result(write(fd, BAD_PTR, 100), EFAULT, "a header that cannot be read");
	close(fd);
}

/* With VNETLE the numbers are little-endian; a big-endian one would lie. */
static void little_endian(void)
{
	int fd = tun_new("ru4", IFF_TUN | IFF_VNET_HDR | IFF_NO_PI), on = 1, be;
	size_t l4, len = vnet_packet(frame, false, UDP4, 100, 1, &l4);
	struct vnet_hdr h = { .flags = F_NEEDS_CSUM };

	must(if_up("ru4"));
	must(ioctl(fd, TUNSETVNETLE, &on));
	h.csum_start = htole16(20);
	h.csum_offset = htole16(6);
	result(vnet_write(fd, &h, 10, frame, len), 0, "VNETLE: little-endian");
	h.csum_start = htobe16(20);
	h.csum_offset = htobe16(6);
	result(vnet_write(fd, &h, 10, frame, len), EINVAL, "VNETLE: big-endian");
	on = 0;
	must(ioctl(fd, TUNSETVNETLE, &on));
	be = 1;
	if (ioctl(fd, TUNSETVNETBE, &be))
		skip("needs CONFIG_TUN_VNET_CROSS_LE", "VNETBE: big-endian");
	else
		result(vnet_write(fd, &h, 10, frame, len), 0, "VNETBE: big-endian");
	close(fd);
}

int main(void)
{
	ktap_begin();
	netns_new();
	all_rules("tun", IFF_TUN);
	all_rules("tap", IFF_TAP);
	all_rules("tap with NAPI", IFF_TAP | IFF_NAPI);
	limits();
	tap_hint();
	down();
	little_endian();
	return ktap_end();
}
