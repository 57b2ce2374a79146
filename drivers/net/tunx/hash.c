// SPDX-License-Identifier: GPL-2.0
/*
 * hash.c - the Toeplitz hash of a frame: find addresses and ports, hash them
 *
 * Only outer headers count. What cannot be parsed has no hash; a packet whose
 * ports are missing (a fragment, or cut off) has that of its addresses.
 */
#include <linux/if_ether.h>
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

/* Kinds of packets, and reports less 1, in families of three */
#define TUNX_HASH_IP4	(VIRTIO_NET_HASH_REPORT_IPv4 - 1)
#define TUNX_HASH_IP6	(VIRTIO_NET_HASH_REPORT_IPv6 - 1)
#define TUNX_HASH_EX	(VIRTIO_NET_HASH_REPORT_IPv6_EX - 1)

/**
 * struct tunx_hash_found - what the headers of an IPv6 packet say
 * @kind: TUNX_HASH_IP6 or TUNX_HASH_EX
 * @proto: what is carried; 0 for a fragment, whose ports would be anywhere
 * @at: offset of that
 * @home: offset of a home address, or 0
 * @route: offset of the address in a routing header of type 2, or 0
 */
struct tunx_hash_found {
	unsigned int kind;
	unsigned int proto;
	unsigned int at;
	unsigned int home;
	unsigned int route;
};

/**
 * tunx_hash_map_types - work out what is reported of each kind of packet
 * @map: result
 * @types: VIRTIO_NET_RSS_HASH_TYPE_*, packets that have a hash
 *
 * Ports if their type is enabled, else addresses; the EX types, which are about
 * packets with extension headers, come before the plain ones of IPv6.
 *
 * Context: any.
 */
void tunx_hash_map_types(struct tunx_hash_map *map, u32 types)
{
	unsigned int kind, family;

	/* Type bits are in the order of reports; each kind has its fallback before it */
	for (kind = 0; kind < TUNX_HASH_KINDS; kind++) {
		family = kind - kind % 3;
		if (types >> kind & 1)
			map->report[kind] = kind + 1;
		else if (types >> family & 1)
			map->report[kind] = family + 1;
		else if (family == TUNX_HASH_EX)
			map->report[kind] = map->report[kind - 3];
		else
			map->report[kind] = VIRTIO_NET_HASH_REPORT_NONE;
		map->len[kind] = family == TUNX_HASH_IP4 ? 8 : 32;
		/* The first of a family has no ports */
		if (map->report[kind] % 3 != 1)
			map->len[kind] += 4;
	}
}

/* Offset of the home address among destination options, or 0 */
static unsigned int tunx_hash_home(struct tunx_hash_frame *f,
				   unsigned int at, unsigned int end)
{
	unsigned int i;
	const u8 *p;

	for (i = 0; i < TUNX_HASH_MOST && at + 2 <= end; i++) {
		p = tunx_hash_bytes(f, at, 2);
		if (!p)
			break;
		if (p[0] == TUNX_OPT_HOME && p[1] == 16 && at + 18 <= end)
			return at + 2;
		at += p[0] == TUNX_OPT_PAD1 ? 1 : 2 + p[1];
	}
	return 0;
}

/* Walks the extension headers; false: one is cut off, or there is no end */
static bool tunx_hash_walk(struct tunx_hash_frame *f,
			   struct tunx_hash_found *x)
{
	unsigned int i, len;
	const u8 *p;

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
		p = tunx_hash_bytes(f, x->at, TUNX_IP6_EXT);
		if (!p)
			return false;
		x->kind = TUNX_HASH_EX;
		len = (p[1] + 1) * 8;
		if (x->proto == IPPROTO_FRAGMENT) {
			x->proto = 0;
			return true;
		}
		if (x->proto == IPPROTO_ROUTING && p[2] == TUNX_RT_HOME && len >= 24)
			x->route = x->at + 8;
		if (x->proto == IPPROTO_DSTOPTS && !x->home)
			x->home = tunx_hash_home(f, x->at + 2, x->at + len);
		x->proto = p[0];
		x->at += len;
	}
	return false;
}

/* The address at @at, if there is one, takes the place of @to */
static bool tunx_hash_replace(struct tunx_hash_frame *f, unsigned int at,
			      u8 *to)
{
	const u8 *p;

	if (!at)
		return true;
	p = tunx_hash_bytes(f, at, 16);
	if (p)
		memcpy(to, p, 16);
	return p;
}

/* Out of line, so that what it needs burdens no IPv4 packet */
static noinline void tunx_hash_ip6(struct tunx_hash_frame *f, unsigned int at,
				   const struct tunx_hash_map *map,
				   struct tunx_hash_tuple *t)
{
	struct tunx_hash_found x = { .kind = TUNX_HASH_IP6 };
	const u8 *p;

	p = tunx_hash_bytes(f, at, TUNX_IP6_LEN);
	if (!p || p[0] >> 4 != 6)
		return;
	memcpy(t->input, p + 8, 32);
	x.at = at + TUNX_IP6_LEN;
	x.proto = p[6];
	if (!tunx_hash_walk(f, &x))
		return;
	x.kind += tunx_hash_ports(f, x.at, x.proto, t->input + 32);
	/* The addresses a mobile host is known by, if it is an EX type after all */
	if (map->report[x.kind] > TUNX_HASH_EX &&
	    (!tunx_hash_replace(f, x.home, t->input) ||
	     !tunx_hash_replace(f, x.route, t->input + 16)))
		return;
	t->report = map->report[x.kind];
	t->len = map->len[x.kind];
}

static void tunx_hash_ip4(struct tunx_hash_frame *f, unsigned int at,
			  const struct tunx_hash_map *map,
			  struct tunx_hash_tuple *t)
{
	const u8 *p = tunx_hash_bytes(f, at, TUNX_IP4_LEN);
	unsigned int kind = TUNX_HASH_IP4;
	__be16 frag;

	/* Version 4, and a header of 5 to 15 words */
	if (!p || p[0] < 0x45 || p[0] > 0x4f)
		return;
	memcpy(t->input, p + 12, 8);
	memcpy(&frag, p + 6, sizeof(frag));
	/* More fragments, or not the first: ports would be anywhere */
	if (!(frag & htons(0x3fff)))
		kind += tunx_hash_ports(f, at + (p[0] & 15) * 4, p[9],
					t->input + 8);
	t->report = map->report[kind];
	t->len = map->len[kind];
}

/**
 * tunx_hash_parse_ip - what to hash of an IP packet
 * @f: frame
 * @at: where the packet begins in it
 * @proto: its EtherType
 * @map: what is reported
 * @t: result
 *
 * Context: any.
 */
void tunx_hash_parse_ip(struct tunx_hash_frame *f, unsigned int at,
			__be16 proto, const struct tunx_hash_map *map,
			struct tunx_hash_tuple *t)
{
	t->report = VIRTIO_NET_HASH_REPORT_NONE;
	if (proto == htons(ETH_P_IP))
		tunx_hash_ip4(f, at, map, t);
	else if (proto == htons(ETH_P_IPV6))
		tunx_hash_ip6(f, at, map, t);
}

/* A frame with VLAN tags */
static noinline void tunx_hash_parse_tagged(struct tunx_hash_frame *f,
					    const struct tunx_hash_map *map,
					    struct tunx_hash_tuple *t)
{
	unsigned int i, at = 2 * ETH_ALEN;
	__be16 type = 0;
	const u8 *p;

	for (i = 0; i <= TUNX_HASH_MOST; i++) {
		p = tunx_hash_bytes(f, at, sizeof(type));
		if (!p)
			break;
		memcpy(&type, p, sizeof(type));
		if (type != htons(ETH_P_8021Q) && type != htons(ETH_P_8021AD))
			break;
		at += 4;
	}
	tunx_hash_parse_ip(f, at + sizeof(type), type, map, t);
}

/**
 * tunx_hash_parse_eth - what to hash of an Ethernet frame
 * @f: frame
 * @map: what is reported
 * @t: result
 *
 * VLAN tags do not matter.
 *
 * Context: any.
 */
void tunx_hash_parse_eth(struct tunx_hash_frame *f,
			 const struct tunx_hash_map *map,
			 struct tunx_hash_tuple *t)
{
	const u8 *p = tunx_hash_bytes(f, 0, ETH_HLEN);
	__be16 type = 0;

	if (p)
		memcpy(&type, p + 2 * ETH_ALEN, sizeof(type));
	if (type == htons(ETH_P_8021Q) || type == htons(ETH_P_8021AD))
		tunx_hash_parse_tagged(f, map, t);
	else
		tunx_hash_parse_ip(f, ETH_HLEN, type, map, t);
}

/* @n bytes at @src and @dst, both as @transform says */
static void tunx_hash_mix(u8 *src, u8 *dst, unsigned int n,
			  enum tunx_hash_transform transform)
{
	unsigned int i;
	u8 xor;

	for (i = 0; i < n; i++) {
		xor = src[i] ^ dst[i];
		src[i] = transform == TUNX_HASH_SYM_OR_XOR ? src[i] | dst[i] : xor;
		dst[i] = xor;
	}
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
	unsigned int addr = t->len < 32 ? 4 : 16;
	u8 *ports = t->input + 2 * addr;

	tunx_hash_mix(t->input, t->input + addr, addr, transform);
	if (t->len > 2 * addr)
		tunx_hash_mix(ports, ports + 2, 2, transform);
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
 * @row: result, a row for each byte of the longest input
 * @n: number of rows
 * @key: the key
 *
 * A bit of the input that is set adds the 32 bits of the key that begin at its
 * place.
 *
 * Context: any.
 */
void tunx_hash_key_expand(tunx_hash_row *row, unsigned int n,
			  const u8 key[TUNX_HASH_KEY])
{
	unsigned int i, bit, value;
	u32 window;

	for (i = 0; i < n; i++) {
		row[i][0] = 0;
		/* Values with this bit on top are those below, and the bit */
		for (bit = 0; bit < 8; bit++) {
			window = tunx_hash_window(key, 8 * i + 7 - bit);
			for (value = 0; value < 1u << bit; value++)
				row[i][value | 1u << bit] = row[i][value] ^ window;
		}
	}
}
