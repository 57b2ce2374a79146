// SPDX-License-Identifier: GPL-2.0
/*
 * ring.c - what of a shared ring is true
 *
 * A position that the program wrote is believed when it could be: on its way
 * from the last one that was believed to where the other side is, and where a
 * record may begin. Whatever else it is, the kernel never leaves the ring, and
 * no byte is put where the program may still read one that was put before.
 */
#include <linux/errno.h>
#include <linux/string.h>

#include "ring.h"

/**
 * tunx_ring_init - a ring in which nothing is
 * @r: ring
 * @data: its bytes, mapped twice in a row
 * @size: their number
 *
 * Context: any.
 * Return: 0, or -EINVAL: @size is no power of two, or too small or too large.
 */
int tunx_ring_init(struct tunx_ring *r, void *data, u32 size)
{
	if (size < TUNX_RING_MIN || size > TUNX_RING_MAX || size & (size - 1))
		return -EINVAL;
	*r = (struct tunx_ring){ .data = data, .size = size };
	return 0;
}

/**
 * tunx_ring_seen_taken - the program says how far it has read
 * @r: ring that the kernel writes
 * @taken: the program's word, read once
 *
 * Context: any.
 * Return: 0, or -EPROTO: it went back, or beyond what was put.
 */
int tunx_ring_seen_taken(struct tunx_ring *r, u32 taken)
{
	if (taken - r->taken > r->put - r->taken || taken % TUNX_RING_ALIGN)
		return -EPROTO;
	r->taken = taken;
	return 0;
}

/**
 * tunx_ring_seen_put - the program says how far it has written
 * @r: ring that the kernel reads
 * @put: the program's word, read once
 *
 * Context: any.
 * Return: 0, or -EPROTO: it went back, or over what was not taken yet.
 */
int tunx_ring_seen_put(struct tunx_ring *r, u32 put)
{
	if (put - r->put > tunx_ring_room(r) || put % TUNX_RING_ALIGN)
		return -EPROTO;
	r->put = put;
	return 0;
}

/**
 * tunx_ring_check - does a record of the program hold together
 * @r: ring that the kernel reads
 * @rec: the record at @r->taken, copied: the program may still write it
 * @total: gets what the position will move by
 *
 * What the record says of its frame is not looked at.
 *
 * Context: any.
 * Return: 0, -EAGAIN (nothing is there) or -EPROTO.
 */
int tunx_ring_check(const struct tunx_ring *r, const struct tunx_rec *rec, u32 *total)
{
	u32 there = r->put - r->taken, lead = rec->off8 * 8;

	if (!there)
		return -EAGAIN;
	/* First the length: what is added to it below cannot wrap then */
	if (rec->len > TUNX_RING_RECORD_MAX || lead < sizeof(*rec))
		return -EPROTO;
	*total = tunx_ring_total(lead, rec->len, 0);
	return *total <= there ? 0 : -EPROTO;
}
