/* SPDX-License-Identifier: GPL-2.0 */
/*
 * net_hash.h - a configuration of hashing, between net_hash.c and net_rxfh.c
 */
#ifndef _TUNX_NET_HASH_H
#define _TUNX_NET_HASH_H

#include <linux/tunx.h>
#include <linux/types.h>

#include "hash.h"

struct tunx_dev;

/**
 * struct tunx_hash_conf - how frames are hashed, and what for
 *
 * Never changes while it is in force.
 */
struct tunx_hash_conf {
	/** @types: VIRTIO_NET_RSS_HASH_TYPE_*, frames that have a hash */
	u32 types;
	/** @flags: TUN_VNET_HASH_* */
	u16 flags;
	/** @unclassified: queue of the others */
	u16 unclassified;
	/** @table_len: entries of @table, a power of two */
	unsigned int table_len;
	/** @transform: what is done to addresses and ports first */
	enum tunx_hash_transform transform;
	/** @map: @types as the parser wants them */
	struct tunx_hash_map map;
	/** @tap: frames begin with an Ethernet header */
	bool tap;
	/** @key: as it was given, zero behind that */
	u8 key[TUNX_HASH_KEY];
	/** @table: queues */
	u16 table[TUNX_HASH_TABLE_MAX];
	/** @row: @key ready for use, as far as @types need it */
	tunx_hash_row row[];
};

const struct tunx_hash_conf *tunx_net_hash_conf(const struct tunx_dev *xd);
struct tunx_hash_conf *tunx_net_hash_alloc(const struct tunx_dev *xd, u16 flags,
					   u32 types, unsigned int table_len);
void tunx_net_hash_use(struct tunx_dev *xd, struct tunx_hash_conf *conf);

#endif /* _TUNX_NET_HASH_H */
