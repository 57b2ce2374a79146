// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer target: whatever a program writes, when and wherever, the kernel's
 * side of a ring stays in it, and takes no byte twice.
 *
 *	input: what to do (1), a word of the program (4), again and again
 */
#include <stdint.h>
#include <string.h>

#include "ring.h"

#define PROMISE(what) do { if (!(what)) __builtin_trap(); } while (0)
#define SIZE	TUNX_RING_MIN

static unsigned char bytes[2 * SIZE];

static void keeps(const struct tunx_ring *r)
{
	PROMISE(r->put - r->taken <= SIZE);
	PROMISE(r->put % TUNX_RING_ALIGN == 0 && r->taken % TUNX_RING_ALIGN == 0);
	PROMISE(tunx_ring_at(r, r->taken) < (void *)(bytes + SIZE));
}

static void take(struct tunx_ring *r)
{
	u32 there = r->put - r->taken, total;
	const unsigned char *at = tunx_ring_at(r, r->taken);
	struct tunx_rec rec;

	memcpy(&rec, at, sizeof(rec));
	if (tunx_ring_check(r, &rec, &total))
		return;
	PROMISE(total && total <= there && rec.off8 * 8 + rec.len <= total);
	PROMISE(at + rec.off8 * 8 + rec.len <= bytes + sizeof(bytes));
	r->taken += total;
}

static void give(struct tunx_ring *r, u32 len)
{
	u32 total = tunx_ring_total(sizeof(struct tunx_rec), len % 65536, 0);

	if (tunx_ring_room(r) >= total)
		r->put += total;
}

/* libFuzzer finds it by this name. */
int try_input(const uint8_t *data, size_t size) __asm__("LLVMFuzzerTestOneInput");

int try_input(const uint8_t *data, size_t size)
{
	struct tunx_ring to_user, to_stack;
	u32 word;

	PROMISE(!tunx_ring_init(&to_user, bytes, SIZE));
	PROMISE(!tunx_ring_init(&to_stack, bytes, SIZE));
	for (; size >= 5; data += 5, size -= 5) {
		memcpy(&word, data + 1, sizeof(word));
		switch (*data % 6) {
		case 0: /* something, somewhere: often the next record's length or lead */
			memcpy(tunx_ring_at(&to_stack, to_stack.taken) + *data / 6 * 4 % 64,
			       &word, 4);
			break;
		case 1: /* a position it may have */
			tunx_ring_seen_put(&to_stack, to_stack.put + word % SIZE / 64 * 64);
			break;
		case 2:
			tunx_ring_seen_put(&to_stack, word);
			break;
		case 3:
			take(&to_stack);
			break;
		case 4:
			tunx_ring_seen_taken(&to_user, *data & 128 ? word : to_user.put);
			break;
		case 5:
			give(&to_user, word);
			break;
		}
		keeps(&to_user);
		keeps(&to_stack);
	}
	return 0;
}
