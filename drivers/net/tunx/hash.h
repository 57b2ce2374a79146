/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hash.h - the Toeplitz hash of a frame, as virtio 1.3, 5.1.6.4.3 defines it
 *
 *   frame --parse--> addresses and ports --toeplitz--> 32 bits
 *                    and what they are (VIRTIO_NET_HASH_REPORT_*)
 *
 * Pure functions: no socket buffer, no locks, no allocation; hash.c builds in
 * user space, too.
 */
#ifndef _TUNX_HASH_H
#define _TUNX_HASH_H

#include <linux/in.h>
#include <linux/string.h>
#include <linux/types.h>
#include <uapi/linux/virtio_net.h>

#define TUNX_HASH_KEY	40	/* bytes: the longest input, and 4 */
#define TUNX_HASH_INPUT	36	/* two IPv6 addresses and two ports */
#define TUNX_HASH_KINDS	9	/* of packets: VIRTIO_NET_HASH_REPORT_*, less 1 */

/**
 * struct tunx_hash_frame - the frame to be parsed
 * @data: its bytes
 * @len: number of them
 * @cut: out: more would have been looked at
 */
struct tunx_hash_frame {
	const u8 *data;
	unsigned int len;
	bool cut;
};

/**
 * struct tunx_hash_map - the rule by which a type is chosen, worked out
 * @report: what is reported of a packet of each kind: itself, or less, or NONE
 * @len: how many bytes are hashed for that
 */
struct tunx_hash_map {
	u8 report[TUNX_HASH_KINDS];
	u8 len[TUNX_HASH_KINDS];
};

/**
 * struct tunx_hash_tuple - what is hashed of a frame
 * @input: source, destination, ports, as they are in the packet
 * @len: how much of it is in use
 * @report: VIRTIO_NET_HASH_REPORT_*; with NONE the rest has no meaning
 */
struct tunx_hash_tuple {
	u8 input[TUNX_HASH_INPUT];
	u8 len;
	u8 report;
};

/*
 * A key made ready: what each byte of the input adds to the hash.
 *
 * The hash of a sum is the sum of the hashes, so it can be looked up in pieces.
 * Pieces of four bits would need an eighth of the memory, three times the steps,
 * and twice the cache lines for a packet.
 */
typedef u32 tunx_hash_row[256];

/**
 * enum tunx_hash_transform - what makes both directions of a flow equal
 * @TUNX_HASH_PLAIN: nothing, the hash has a direction
 * @TUNX_HASH_SYM_XOR: source and destination are both the XOR of the two
 * @TUNX_HASH_SYM_OR_XOR: the source is the OR, the destination the XOR
 *
 * The values are RXH_XFRM_*.
 */
enum tunx_hash_transform {
	TUNX_HASH_PLAIN		= 0,
	TUNX_HASH_SYM_XOR	= 1,
	TUNX_HASH_SYM_OR_XOR	= 2,
};

void tunx_hash_map_types(struct tunx_hash_map *map, u32 types);
void tunx_hash_parse_eth(struct tunx_hash_frame *f,
			 const struct tunx_hash_map *map,
			 struct tunx_hash_tuple *t);
void tunx_hash_parse_ip(struct tunx_hash_frame *f, unsigned int at,
			__be16 proto, const struct tunx_hash_map *map,
			struct tunx_hash_tuple *t);
void tunx_hash_symmetric(struct tunx_hash_tuple *t,
			 enum tunx_hash_transform transform);
void tunx_hash_key_expand(tunx_hash_row *row, unsigned int n,
			  const u8 key[TUNX_HASH_KEY]);

/**
 * tunx_hash_bytes - look at bytes of the frame
 * @f: frame
 * @at: where
 * @n: how many
 *
 * Context: any.
 * Return: the bytes, or NULL when the frame ends before.
 */
static inline const u8 *tunx_hash_bytes(struct tunx_hash_frame *f,
					unsigned int at, unsigned int n)
{
	if (at + n <= f->len)
		return f->data + at;
	f->cut = true;
	return NULL;
}

/**
 * tunx_hash_ports - add ports to the input
 * @f: frame
 * @at: where they are
 * @proto: of which protocol
 * @ports: where they go
 *
 * Context: any.
 * Return: how far behind its family's first the kind of the packet is: 0 without
 * ports, 1 with those of TCP, 2 with those of UDP.
 */
static inline unsigned int tunx_hash_ports(struct tunx_hash_frame *f,
					   unsigned int at, unsigned int proto,
					   u8 *ports)
{
	const u8 *p;

	if (proto != IPPROTO_TCP && proto != IPPROTO_UDP)
		return 0;
	p = tunx_hash_bytes(f, at, 4);
	if (!p)
		return 0;
	memcpy(ports, p, 4);
	return proto == IPPROTO_TCP ? 1 : 2;
}

/**
 * tunx_hash_toeplitz - the hash
 * @row: key
 * @t: addresses and ports
 *
 * Context: any.
 * Return: 32 bits.
 */
static inline u32 tunx_hash_toeplitz(const tunx_hash_row *row,
				     const struct tunx_hash_tuple *t)
{
	const u8 *p = t->input, *end = p + t->len;
	u32 sum = 0;

	/* All inputs are a multiple of four bytes */
	for (; p < end; p += 4, row += 4)
		sum ^= row[0][p[0]] ^ row[1][p[1]] ^ row[2][p[2]] ^ row[3][p[3]];
	return sum;
}

#endif /* _TUNX_HASH_H */
