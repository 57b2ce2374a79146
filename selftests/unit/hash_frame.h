/* SPDX-License-Identifier: GPL-2.0 */
/* A frame for hash.c, in memory that ends with it. */
#ifndef UNIT_HASH_FRAME_H
#define UNIT_HASH_FRAME_H

#include <stdlib.h>
#include <string.h>
#include "hash.h"

/* Parses the @len bytes at @data; returns whether they were too few. */
static inline bool hash_frame_parse(const u8 *data, size_t len, bool eth, u16 proto, u32 types,
				    struct tunx_hash_tuple *t)
{
	/* A byte too far is one that the sanitizer knows of */
	u8 *all = memcpy(malloc(len + !len), data, len);
	struct tunx_hash_frame frame = { .data = all, .len = len };
	struct tunx_hash_map map;

	tunx_hash_map_types(&map, types);
	if (eth)
		tunx_hash_parse_eth(&frame, &map, t);
	else
		tunx_hash_parse_ip(&frame, 0, htons(proto), &map, t);
	free(all);
	return frame.cut;
}

#endif
