// SPDX-License-Identifier: GPL-2.0
/*
 * hash.c of the driver in user space: the published hashes, every bit of the
 * key against the plain definition, and frames that are cut off. Built with the
 * address and undefined-behaviour sanitizers.
 */
#include "hash.h"
#include "hash_frame.h"
#include "ktap.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static const u8 key[TUNX_HASH_KEY] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
	0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
	0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
	0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

static tunx_hash_row rows[TUNX_HASH_INPUT];

/* Bit by bit, as the specification has it */
static u32 slow(const u8 *k, const struct tunx_hash_tuple *t)
{
	u32 hash = 0, window = (u32)k[0] << 24 | k[1] << 16 | k[2] << 8 | k[3];
	unsigned int i, next;

	for (i = 0; i < t->len * 8u; i++) {
		if (t->input[i / 8] & 0x80 >> i % 8)
			hash ^= window;
		next = i + 32;
		window = window << 1 | (next < 320 ? k[next / 8] >> (7 - next % 8) & 1 : 0);
	}
	return hash;
}

static void published(void)
{
	static const struct {
		const char *input;
		u8 len;
		u32 want;
	} vectors[] = {
		{ "\x42\x09\x95\xbb\xa1\x8e\x64\x50", 8, 0x323e8fc2 },
		{ "\x42\x09\x95\xbb\xa1\x8e\x64\x50\x0a\xea\x06\xe6", 12, 0x51ccc178 },
		{ "\xc7\x5c\x6f\x02\x41\x45\x8c\x53\x37\x96\x12\x83", 12, 0xc626b0ea },
		{ "\x3f\xfe\x25\x01\x02\x00\x1f\xff\0\0\0\0\0\0\0\x07"
		  "\x3f\xfe\x25\x01\x02\x00\x00\x03\0\0\0\0\0\0\0\x01", 32, 0x2cc18cd5 },
		{ "\x3f\xfe\x25\x01\x02\x00\x1f\xff\0\0\0\0\0\0\0\x07"
		  "\x3f\xfe\x25\x01\x02\x00\x00\x03\0\0\0\0\0\0\0\x01"
		  "\x0a\xea\x06\xe6", 36, 0x40207d3d },
	};
	struct tunx_hash_tuple t = { 0 };
	unsigned int i;

	tunx_hash_key_expand(rows, ARRAY_SIZE(rows), key);
	for (i = 0; i < ARRAY_SIZE(vectors); i++) {
		memcpy(t.input, vectors[i].input, vectors[i].len);
		t.len = vectors[i].len;
		is(tunx_hash_toeplitz(rows, &t), vectors[i].want, "published hash %u", i);
		is(slow(key, &t), vectors[i].want, "published hash %u, the slow way", i);
	}
}

static void fill(u8 *p, size_t len)
{
	static u32 state = 1;

	while (len--) {
		state ^= state << 13;
		state ^= state >> 17;
		state ^= state << 5;
		*p++ = state;
	}
}

static void against_slow(void)
{
	static const u8 lens[] = { 0, 8, 12, 32, 36 };
	struct tunx_hash_tuple t = { .len = TUNX_HASH_INPUT };
	unsigned int i, bad = 0;
	u8 any[TUNX_HASH_KEY];

	/* A bit of the input is a place in the key */
	tunx_hash_key_expand(rows, ARRAY_SIZE(rows), key);
	for (i = 0; i < TUNX_HASH_INPUT * 8; i++) {
		memset(t.input, 0, sizeof(t.input));
		t.input[i / 8] = 0x80 >> i % 8;
		bad += tunx_hash_toeplitz(rows, &t) != slow(key, &t);
	}
	is(bad, 0, "each bit of the input");
	for (i = 0; i < 10000; i++) {
		if (!(i % 100)) {
			fill(any, sizeof(any));
			tunx_hash_key_expand(rows, ARRAY_SIZE(rows), any);
		}
		fill(t.input, sizeof(t.input));
		t.len = lens[i % ARRAY_SIZE(lens)];
		bad += tunx_hash_toeplitz(rows, &t) != slow(any, &t);
	}
	is(bad, 0, "any key and input");
}

static void swap(u8 *a, u8 *b, size_t len)
{
	while (len--) {
		u8 byte = *a;

		*a++ = *b;
		*b++ = byte;
	}
}

static void symmetric(void)
{
	static const enum tunx_hash_transform how[] = { TUNX_HASH_SYM_XOR, TUNX_HASH_SYM_OR_XOR };
	static const u8 lens[] = { 8, 12, 32, 36 };
	unsigned int i, addr, bad = 0;

	for (i = 0; i < 4000; i++) {
		struct tunx_hash_tuple a = { .len = lens[i % 4] }, b;

		addr = i % 4 < 2 ? 4 : 16;
		fill(a.input, a.len);
		b = a;
		swap(b.input, b.input + addr, addr);
		if (i % 2)
			swap(b.input + 2 * addr, b.input + 2 * addr + 2, 2);
		tunx_hash_symmetric(&a, how[i >> 2 & 1]);
		tunx_hash_symmetric(&b, how[i >> 2 & 1]);
		bad += memcmp(&a, &b, sizeof(a)) != 0;
	}
	is(bad, 0, "symmetric: both directions are equal");
}

/* TCP over IPv6 with options, a routing header and a home address */
static size_t mobile(u8 *p)
{
	u8 *begin = p;

	memset(p, 0, 200);
	memcpy(p + 12, "\x86\xdd", 2);
	p += 14;
	p[0] = 0x60;
	memset(p + 8, 0x11, 16);
	memset(p + 24, 0x22, 16);
	p[6] = 0;			/* hop by hop */
	p += 40;
	memcpy(p, "\x2b\x00\x01\x04", 4);
	p += 8;
	memcpy(p, "\x3c\x02\x02\x01", 4);
	memset(p + 8, 0x44, 16);
	p += 24;
	memcpy(p, "\x06\x02\x01\x02\x00\x00\xc9\x10", 8);
	memset(p + 8, 0x33, 16);
	p += 24;
	memcpy(p, "\x12\x34\x56\x78", 4);
	return p + 20 - begin;
}

static void parsed(void)
{
	struct tunx_hash_tuple t;
	u8 buf[200];
	size_t len;

	len = mobile(buf);
	ok(!hash_frame_parse(buf, len, true, 0, 0x1ff, &t), "all that is needed is there");
	is(t.report, VIRTIO_NET_HASH_REPORT_TCPv6_EX, "with EX types");
	is(t.len, 36, "with EX types: all of the input");
	ok(t.input[0] == 0x33 && t.input[15] == 0x33, "the home address");
	ok(t.input[16] == 0x44 && t.input[31] == 0x44, "the address of the routing header");
	ok(!memcmp(t.input + 32, "\x12\x34\x56\x78", 4), "the ports");
	hash_frame_parse(buf, len, true, 0, 0x10, &t);
	is(t.report, VIRTIO_NET_HASH_REPORT_TCPv6, "without EX types: TCP");
	is(t.input[0], 0x11, "without EX types: the packet's source");
	is(t.input[31], 0x22, "without EX types: the packet's destination");
	hash_frame_parse(buf, len, true, 0, 0x41, &t);
	is(t.report, VIRTIO_NET_HASH_REPORT_IPv6_EX, "only IP_EX: no ports");
	is(t.len, 32, "only IP_EX: addresses");
	hash_frame_parse(buf + 14, len - 14, false, 0x86dd, 0x1ff, &t);
	is(t.report, VIRTIO_NET_HASH_REPORT_TCPv6_EX, "without an Ethernet header");
	hash_frame_parse(buf + 14, len - 14, false, 0x0800, 0x1ff, &t);
	is(t.report, VIRTIO_NET_HASH_REPORT_NONE, "another protocol than it is");
}

/* Each beginning of the frame, in memory that ends there */
static void cut_off(void)
{
	struct tunx_hash_tuple t;
	unsigned int bad = 0;
	size_t len, n;
	u8 buf[200];

	len = mobile(buf);
	for (n = 0; n <= len; n++) {
		/* The last that is needed: 14 + 40 + 8 + 24 + 24 + 4 */
		u16 want = n >= 114 ? VIRTIO_NET_HASH_REPORT_TCPv6_EX :
			   n >= 110 ? VIRTIO_NET_HASH_REPORT_IPv6_EX :
				      VIRTIO_NET_HASH_REPORT_NONE;

		bad += hash_frame_parse(buf, n, true, 0, 0x1ff, &t) != (n < 114);
		bad += t.report != want;
	}
	is(bad, 0, "cut off at each of %zu bytes", len);
}

int main(void)
{
	ktap_begin();
	published();
	against_slow();
	symmetric();
	parsed();
	cut_off();
	return ktap_end();
}
