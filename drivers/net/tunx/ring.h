/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ring.h - positions and records of a ring that is shared with a program
 *
 * Two byte rings lie between the kernel and a program, each with one writer and
 * one reader: to_user and to_stack. A ring is a power of two of bytes, mapped
 * twice in a row, so that each record is in one piece. Positions are counted in
 * bytes, run freely over 32 bits, and are multiples of TUNX_RING_ALIGN.
 *
 *   one page that the kernel writes:     one page that the program writes:
 *     to_user_put   to_stack_taken         to_user_taken   to_stack_put
 *
 * The program may write anything at any time. So the kernel keeps its own
 * positions, reads a word of the program once, and believes it only if it
 * could be: see ring.c.
 *
 * ring.c is pure: no memory but what it is given, no barriers, no sleeping. It
 * builds in user space, too.
 */
#ifndef _TUNX_RING_H
#define _TUNX_RING_H

#include <linux/tunx.h>
#include <linux/types.h>

/* The longest record: all rooms, and a frame of 64 KiB with its Ethernet header */
#define TUNX_RING_RECORD_MAX (sizeof(struct tunx_rec) + 2 * TUNX_BATCH_ROOM_MAX + 65536 + 22)

/**
 * struct tunx_ring - the kernel's own idea of one ring
 * @data: where its bytes are, mapped twice in a row
 * @size: bytes, a power of two
 * @put: everything before this position was put
 * @taken: everything before this one was taken
 *
 * One of the two positions is the kernel's to move. The other is the last one of
 * the program's that was believed. Always: @put - @taken <= @size.
 */
struct tunx_ring {
	void *data;
	u32 size;
	u32 put;
	u32 taken;
};

int tunx_ring_init(struct tunx_ring *r, void *data, u32 size);
int tunx_ring_seen_taken(struct tunx_ring *r, u32 taken);
int tunx_ring_seen_put(struct tunx_ring *r, u32 put);
int tunx_ring_check(const struct tunx_ring *r, const struct tunx_rec *rec, u32 *total);

/**
 * tunx_ring_total - bytes of a record and what belongs to it
 * @lead: bytes before the frame, the record's among them
 * @len: bytes of the frame
 * @tailroom: bytes behind it
 *
 * Return: what the position moves by.
 */
static inline u32 tunx_ring_total(u32 lead, u32 len, u32 tailroom)
{
	return (lead + len + tailroom + TUNX_RING_ALIGN - 1) & ~(TUNX_RING_ALIGN - 1);
}

/**
 * tunx_ring_room - bytes that may be put
 * @r: ring
 *
 * Return: their number.
 */
static inline u32 tunx_ring_room(const struct tunx_ring *r)
{
	return r->size - (r->put - r->taken);
}

/**
 * tunx_ring_at - where the bytes of a position are
 * @r: ring
 * @pos: position
 *
 * Return: their address; up to a ring's size follows in one piece.
 */
static inline void *tunx_ring_at(const struct tunx_ring *r, u32 pos)
{
	return (char *)r->data + (pos & (r->size - 1));
}

/**
 * tunx_ring_passed - did a position pass the one that somebody waits for
 * @event: it is to be passed
 * @from: where the position was
 * @to: where it is now
 *
 * Waiting for @event means: wake me when the position is behind it.
 *
 * Return: whether it did, on this way.
 */
static inline bool tunx_ring_passed(u32 event, u32 from, u32 to)
{
	return to - event - 1 < to - from;
}

#endif /* _TUNX_RING_H */
