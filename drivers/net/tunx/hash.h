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

#include <linux/types.h>
#include <uapi/linux/virtio_net.h>

#define TUNX_HASH_KEY	40	/* bytes: two IPv6 addresses, two ports, and 4 */
#define TUNX_HASH_WORDS	9	/* input for it */

/**
 * struct tunx_hash_frame - the frame to be parsed
 * @data: its first bytes
 * @linear: number of them
 * @rest: where the others are, for @copy
 * @copy: get bytes that are not linear; false when the frame ends before
 */
struct tunx_hash_frame {
	const u8 *data;
	unsigned int linear;
	const void *rest;
	bool (*copy)(const void *rest, unsigned int at, void *to, unsigned int n);
};

/**
 * struct tunx_hash_tuple - what is hashed of a frame
 * @report: VIRTIO_NET_HASH_REPORT_*; with NONE the rest has no meaning
 * @addr: words of an address: 1 or 4
 * @words: words in use: two addresses, and one if it has ports
 * @word: source, destination, ports
 */
struct tunx_hash_tuple {
	u16 report;
	u8 addr;
	u8 words;
	u32 word[TUNX_HASH_WORDS];
};

/**
 * struct tunx_hash_key - a key made ready
 * @nibble: what each four bits of the input add to the hash
 *
 * The hash of a sum is the sum of the hashes, so it can be looked up in pieces.
 * With pieces of four bits a row is one cache line, and all rows for TCP over
 * IPv4 are 1.5 KB; whole bytes would take half the steps and 12 KB.
 */
struct tunx_hash_key {
	u32 nibble[TUNX_HASH_WORDS * 8][16];
};

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

void tunx_hash_parse_eth(const struct tunx_hash_frame *f, u32 types,
			 struct tunx_hash_tuple *t);
void tunx_hash_parse_ip(const struct tunx_hash_frame *f, unsigned int at,
			__be16 proto, u32 types, struct tunx_hash_tuple *t);
void tunx_hash_symmetric(struct tunx_hash_tuple *t,
			 enum tunx_hash_transform transform);
void tunx_hash_key_expand(struct tunx_hash_key *k, const u8 key[TUNX_HASH_KEY]);
u32 tunx_hash_toeplitz(const struct tunx_hash_key *k,
		       const struct tunx_hash_tuple *t);

#endif /* _TUNX_HASH_H */
