/* SPDX-License-Identifier: GPL-2.0 */
/* A frame for hash.c: some of it linear, all of it in memory of its own. */
#ifndef UNIT_HASH_FRAME_H
#define UNIT_HASH_FRAME_H

#include <stdlib.h>
#include <string.h>
#include "hash.h"

struct hash_frame_rest {
	const u8 *data;
	size_t len;
};

static bool hash_frame_copy(const void *arg, unsigned int at, void *to, unsigned int n)
{
	const struct hash_frame_rest *rest = arg;

	if (at > rest->len || n > rest->len - at)
		return false;
	memcpy(to, rest->data + at, n);
	return true;
}

/* Parses the @len bytes at @data, of which @linear are linear. */
static inline void hash_frame_parse(const u8 *data, size_t len, size_t linear, bool eth,
				    u16 proto, u32 types, struct tunx_hash_tuple *t)
{
	/* A byte too far is one that the sanitizer knows of */
	u8 *head = memcpy(malloc(linear + !linear), data, linear);
	u8 *all = memcpy(malloc(len + !len), data, len);
	const struct hash_frame_rest rest = { all, len };
	struct tunx_hash_map map;
	struct tunx_hash_frame frame = {
		.data = head,
		.linear = linear,
		.rest = &rest,
		.copy = hash_frame_copy,
	};

	tunx_hash_map_types(&map, types);
	if (eth)
		tunx_hash_parse_eth(&frame, &map, t);
	else
		tunx_hash_parse_ip(&frame, 0, htons(proto), &map, t);
	free(head);
	free(all);
}

#endif
