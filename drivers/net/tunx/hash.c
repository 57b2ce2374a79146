// SPDX-License-Identifier: GPL-2.0
/*
 * hash.c - the Toeplitz hash of a frame: find addresses and ports, hash them
 *
 * Only outer headers count. What cannot be parsed has no hash; a packet whose
 * ports are missing (a fragment, or cut off) has that of its addresses.
 */
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>

#include "hash.h"

/* VLAN tags, IPv6 extension headers, options of one: no real packet has more */
#define TUNX_HASH_MOST	16

#define TUNX_IP4_LEN	20
#define TUNX_IP6_LEN	40
#define TUNX_IP6_EXT	8	/* the least an extension header has */
#define TUNX_OPT_PAD1	0
#define TUNX_OPT_HOME	201	/* home address, RFC 6275 6.3 */
#define TUNX_RT_HOME	2	/* routing header with it, RFC 6275 6.4 */

#define TUNX_HASH_EX	(VIRTIO_NET_RSS_HASH_TYPE_IP_EX | \
			 VIRTIO_NET_RSS_HASH_TYPE_TCP_EX | \
			 VIRTIO_NET_RSS_HASH_TYPE_UDP_EX)

/**
 * enum tunx_hash_kind - the reports of a family, which follow each other
 * @TUNX_HASH_IP: addresses only
 * @TUNX_HASH_TCP: with the ports of TCP
 * @TUNX_HASH_UDP: with the ports of UDP
 */
enum tunx_hash_kind {
	TUNX_HASH_IP,
	TUNX_HASH_TCP,
	TUNX_HASH_UDP,
};

/**
 * struct tunx_hash_ext - what the extension headers of an IPv6 packet say
 * @at: where the walk is
 * @home: offset of a home address, or 0
 * @route: offset of the address in a routing header of type 2, or 0
 * @proto: what is at @at
 * @any: there is one
 * @fragment: the packet is a fragment, ports would be anywhere
 */
struct tunx_hash_ext {
	unsigned int at;
	unsigned int home;
	unsigned int route;
	u8 proto;
	bool any;
	bool fragment;
};

static u16 tunx_hash_be16(const u8 *p)
{
	return p[0] << 8 | p[1];
}

static u32 tunx_hash_be32(const u8 *p)
{
	return (u32)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

/* Bytes of the frame, through @buf where they are not linear; NULL: it ends */
static const u8 *tunx_hash_bytes(const struct tunx_hash_frame *f,
				 unsigned int at, unsigned int n, u8 *buf)
{
	if (at + n <= f->linear)
		return f->data + at;
	return f->copy(f->rest, at, buf, n) ? buf : NULL;
}

static enum tunx_hash_kind tunx_hash_kind(const struct tunx_hash_frame *f,
					  unsigned int at, u8 proto, u32 *ports)
{
	const u8 *p;
	u8 buf[4];

	if (proto != IPPROTO_TCP && proto != IPPROTO_UDP)
		return TUNX_HASH_IP;
	p = tunx_hash_bytes(f, at, sizeof(buf), buf);
	if (!p)
		return TUNX_HASH_IP;
	*ports = tunx_hash_be32(p);
	return proto == IPPROTO_TCP ? TUNX_HASH_TCP : TUNX_HASH_UDP;
}

/* The most that @types allow to say about the packet, of reports from @first */
static void tunx_hash_choose(struct tunx_hash_tuple *t, u32 types, u16 first,
			     enum tunx_hash_kind kind)
{
	/* Type bits are in the order of reports, from 1 */
	types >>= first - 1;
	if (kind != TUNX_HASH_IP && types >> kind & 1) {
		t->report = first + kind;
		t->words = 2 * t->addr + 1;
	} else if (types & 1) {
		t->report = first;
		t->words = 2 * t->addr;
	}
}

static void tunx_hash_ip4(const struct tunx_hash_frame *f, unsigned int at,
			  u32 types, struct tunx_hash_tuple *t)
{
	enum tunx_hash_kind kind = TUNX_HASH_IP;
	u8 buf[TUNX_IP4_LEN];
	unsigned int len;
	const u8 *p;

	p = tunx_hash_bytes(f, at, sizeof(buf), buf);
	if (!p || p[0] >> 4 != 4)
		return;
	len = (p[0] & 15) * 4;
	if (len < TUNX_IP4_LEN)
		return;
	t->addr = 1;
	t->word[0] = tunx_hash_be32(p + 12);
	t->word[1] = tunx_hash_be32(p + 16);
	/* More fragments, or not the first */
	if (!(tunx_hash_be16(p + 6) & 0x3fff))
		kind = tunx_hash_kind(f, at + len, p[9], &t->word[2]);
	tunx_hash_choose(t, types, VIRTIO_NET_HASH_REPORT_IPv4, kind);
}

/* Offset of the home address among destination options, or 0 */
static unsigned int tunx_hash_home(const struct tunx_hash_frame *f,
				   unsigned int at, unsigned int end)
{
	unsigned int i;
	const u8 *p;
	u8 buf[2];

	for (i = 0; i < TUNX_HASH_MOST && at + 2 <= end; i++) {
		p = tunx_hash_bytes(f, at, sizeof(buf), buf);
		if (!p)
			break;
		if (p[0] == TUNX_OPT_HOME && p[1] == 16 && at + 18 <= end)
			return at + 2;
		at += p[0] == TUNX_OPT_PAD1 ? 1 : 2 + p[1];
	}
	return 0;
}

/* Walks the extension headers; false: one is cut off, or there is no end */
static bool tunx_hash_walk(const struct tunx_hash_frame *f, u32 types,
			   struct tunx_hash_ext *x)
{
	unsigned int i, len;
	const u8 *p;
	u8 buf[TUNX_IP6_EXT];

	for (i = 0; i < TUNX_HASH_MOST; i++) {
		switch (x->proto) {
		case IPPROTO_HOPOPTS:
		case IPPROTO_ROUTING:
		case IPPROTO_DSTOPTS:
		case IPPROTO_FRAGMENT:
			break;
		default:
			return true;
		}
		p = tunx_hash_bytes(f, x->at, sizeof(buf), buf);
		if (!p)
			return false;
		x->any = true;
		len = (p[1] + 1) * 8;
		if (x->proto == IPPROTO_FRAGMENT) {
			x->fragment = true;
			return true;
		}
		if (x->proto == IPPROTO_ROUTING && p[2] == TUNX_RT_HOME && len >= 24)
			x->route = x->at + 8;
		if (x->proto == IPPROTO_DSTOPTS && types & TUNX_HASH_EX && !x->home)
			x->home = tunx_hash_home(f, x->at + 2, x->at + len);
		x->proto = p[0];
		x->at += len;
	}
	return false;
}

static bool tunx_hash_ip6_addr(const struct tunx_hash_frame *f, unsigned int at,
			       u32 *word)
{
	unsigned int i;
	const u8 *p;
	u8 buf[16];

	p = tunx_hash_bytes(f, at, sizeof(buf), buf);
	if (!p)
		return false;
	for (i = 0; i < 4; i++)
		word[i] = tunx_hash_be32(p + 4 * i);
	return true;
}

static void tunx_hash_ip6(const struct tunx_hash_frame *f, unsigned int at,
			  u32 types, struct tunx_hash_tuple *t)
{
	enum tunx_hash_kind kind = TUNX_HASH_IP;
	struct tunx_hash_ext x = { .at = at + TUNX_IP6_LEN };
	u8 buf[8];
	const u8 *p;

	p = tunx_hash_bytes(f, at, sizeof(buf), buf);
	if (!p || p[0] >> 4 != 6)
		return;
	x.proto = p[6];
	if (!tunx_hash_ip6_addr(f, at + 8, &t->word[0]) ||
	    !tunx_hash_ip6_addr(f, at + 24, &t->word[4]) ||
	    !tunx_hash_walk(f, types, &x))
		return;
	t->addr = 4;
	if (!x.fragment)
		kind = tunx_hash_kind(f, x.at, x.proto, &t->word[8]);

	/* The EX types are about packets with extension headers, and come first */
	if (x.any)
		tunx_hash_choose(t, types, VIRTIO_NET_HASH_REPORT_IPv6_EX, kind);
	if (!t->report)
		tunx_hash_choose(t, types, VIRTIO_NET_HASH_REPORT_IPv6, kind);
	else if ((x.home && !tunx_hash_ip6_addr(f, x.home, &t->word[0])) ||
		 (x.route && !tunx_hash_ip6_addr(f, x.route, &t->word[4])))
		t->report = VIRTIO_NET_HASH_REPORT_NONE;
}

/**
 * tunx_hash_parse_ip - what to hash of an IP packet
 * @f: frame
 * @at: where the packet begins in it
 * @proto: its EtherType
 * @types: VIRTIO_NET_RSS_HASH_TYPE_*, packets that have a hash
 * @t: result
 *
 * Context: any.
 */
void tunx_hash_parse_ip(const struct tunx_hash_frame *f, unsigned int at,
			__be16 proto, u32 types, struct tunx_hash_tuple *t)
{
	t->report = VIRTIO_NET_HASH_REPORT_NONE;
	if (proto == htons(ETH_P_IP))
		tunx_hash_ip4(f, at, types, t);
	else if (proto == htons(ETH_P_IPV6))
		tunx_hash_ip6(f, at, types, t);
}

/**
 * tunx_hash_parse_eth - what to hash of an Ethernet frame
 * @f: frame
 * @types: VIRTIO_NET_RSS_HASH_TYPE_*, packets that have a hash
 * @t: result
 *
 * VLAN tags do not matter.
 *
 * Context: any.
 */
void tunx_hash_parse_eth(const struct tunx_hash_frame *f, u32 types,
			 struct tunx_hash_tuple *t)
{
	unsigned int i, at = 2 * ETH_ALEN;
	u16 type = 0;
	const u8 *p;
	u8 buf[2];

	for (i = 0; i <= TUNX_HASH_MOST; i++) {
		p = tunx_hash_bytes(f, at, sizeof(buf), buf);
		type = p ? tunx_hash_be16(p) : 0;
		if (type != ETH_P_8021Q && type != ETH_P_8021AD)
			break;
		at += 4;
	}
	tunx_hash_parse_ip(f, at + 2, htons(type), types, t);
}

/**
 * tunx_hash_symmetric - make both directions of a flow equal
 * @t: addresses and ports, changed in place
 * @transform: how
 *
 * Context: any.
 */
void tunx_hash_symmetric(struct tunx_hash_tuple *t,
			 enum tunx_hash_transform transform)
{
	u32 *src = t->word, *dst = t->word + t->addr, *ports = dst + t->addr;
	u32 or, xor;
	unsigned int i;

	for (i = 0; i < t->addr; i++) {
		or = src[i] | dst[i];
		xor = src[i] ^ dst[i];
		src[i] = transform == TUNX_HASH_SYM_OR_XOR ? or : xor;
		dst[i] = xor;
	}
	if (t->words > 2 * t->addr) {
		or = (*ports >> 16 | *ports) & 0xffff;
		xor = (*ports >> 16 ^ *ports) & 0xffff;
		*ports = (transform == TUNX_HASH_SYM_OR_XOR ? or : xor) << 16 | xor;
	}
}

/* The 32 bits of the key from bit @at on, zero behind its end */
static u32 tunx_hash_window(const u8 key[TUNX_HASH_KEY], unsigned int at)
{
	u64 bits = 0;
	unsigned int i;

	for (i = at / 8; i < at / 8 + 5; i++)
		bits = bits << 8 | (i < TUNX_HASH_KEY ? key[i] : 0);
	return bits >> (8 - at % 8);
}

/**
 * tunx_hash_key_expand - make a key ready for tunx_hash_toeplitz()
 * @k: result
 * @key: the key
 *
 * A bit of the input that is set adds the 32 bits of the key that begin at its
 * place.
 *
 * Context: any.
 */
void tunx_hash_key_expand(struct tunx_hash_key *k, const u8 key[TUNX_HASH_KEY])
{
	unsigned int i, value, bit;

	for (i = 0; i < TUNX_HASH_WORDS * 8; i++) {
		for (value = 0; value < 16; value++) {
			k->nibble[i][value] = 0;
			for (bit = 0; bit < 4; bit++)
				if (value & 8 >> bit)
					k->nibble[i][value] ^=
						tunx_hash_window(key, 4 * i + bit);
		}
	}
}

/**
 * tunx_hash_toeplitz - the hash
 * @k: key
 * @t: addresses and ports
 *
 * Context: any.
 * Return: 32 bits.
 */
u32 tunx_hash_toeplitz(const struct tunx_hash_key *k,
		       const struct tunx_hash_tuple *t)
{
	const u32 (*row)[16] = k->nibble;
	u32 sum = 0, w;
	unsigned int i;

	for (i = 0; i < t->words; i++, row += 8) {
		w = t->word[i];
		sum ^= row[0][w >> 28] ^ row[1][w >> 24 & 15] ^
		       row[2][w >> 20 & 15] ^ row[3][w >> 16 & 15] ^
		       row[4][w >> 12 & 15] ^ row[5][w >> 8 & 15] ^
		       row[6][w >> 4 & 15] ^ row[7][w & 15];
	}
	return sum;
}
