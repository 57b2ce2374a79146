// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer target: whatever the stack transmits, hash.c reads no byte outside
 * of it, gives an answer that is one, and says when it saw too little for it.
 *
 *	input: types (2), Ethernet, where it is cut, frame
 */
#include "hash.h"
#include "hash_frame.h"

#include <stdint.h>

#define PROMISE(what) do { if (!(what)) __builtin_trap(); } while (0)

static tunx_hash_row zeros[TUNX_HASH_INPUT];

static void check_found(u32 types, struct tunx_hash_tuple *t)
{
	PROMISE(t->report <= VIRTIO_NET_HASH_REPORT_UDPv6_EX);
	PROMISE(types >> (t->report - 1) & 1);
	PROMISE(t->len == (t->report >= VIRTIO_NET_HASH_REPORT_IPv6 ? 32 : 8) +
			  ((t->report - 1) % 3 ? 4 : 0));
	tunx_hash_symmetric(t, TUNX_HASH_SYM_XOR);
	/* Under a key of zeros every hash is zero */
	PROMISE(!tunx_hash_toeplitz(zeros, t));
}

/* libFuzzer finds it by this name. */
int try_input(const uint8_t *data, size_t size) __asm__("LLVMFuzzerTestOneInput");

int try_input(const uint8_t *data, size_t size)
{
	struct tunx_hash_tuple whole, cut;
	bool eth, short_of;
	size_t some;
	u32 types;

	if (size < 4)
		return 0;
	types = (data[0] << 8 | data[1]) & 0x1ff;
	eth = data[2] & 1;
	some = data[3];
	data += 4;
	size -= 4;
	if (some > size)
		some = size;
	memset(&whole, 0, sizeof(whole));
	memset(&cut, 0, sizeof(cut));
	hash_frame_parse(data, size, eth, 0x86dd, types, &whole);
	short_of = hash_frame_parse(data, some, eth, 0x86dd, types, &cut);
	if (!short_of)
		PROMISE(whole.report == cut.report && whole.len == cut.len &&
			!memcmp(&whole, &cut, sizeof(whole)));
	if (whole.report != VIRTIO_NET_HASH_REPORT_NONE)
		check_found(types, &whole);
	if (cut.report != VIRTIO_NET_HASH_REPORT_NONE)
		check_found(types, &cut);
	return 0;
}
