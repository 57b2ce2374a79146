/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stamps: number and time in the payload of packets that 'tunx send' and 'tunx
 * net send' make, and what the receiver concludes from them.
 */
#ifndef TUNX_TOOL_STAMP_H
#define TUNX_TOOL_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STAMP_LEN	24
/* numbers below this are told apart exactly */
#define STAMP_WINDOW	1048576U

/**
 * struct tally - what came
 * @received: packets with a stamp
 * @other: packets without
 * @bytes: of those with a stamp
 * @first: lowest number
 * @last: highest number
 * @twice: came before
 * @late: lower than one that came before
 * @damaged: payload is not what was sent
 * @min_ns: shortest time on the way
 * @max_ns: longest
 * @sum_ns: all of them
 * @seen: a bit for each number, modulo STAMP_WINDOW
 */
struct tally {
	uint64_t received;
	uint64_t other;
	uint64_t bytes;
	uint64_t first;
	uint64_t last;
	uint64_t twice;
	uint64_t late;
	uint64_t damaged;
	uint64_t min_ns;
	uint64_t max_ns;
	uint64_t sum_ns;
	uint8_t seen[STAMP_WINDOW / 8];
};

/** stamp_write - into the payload at @p, STAMP_LEN bytes */
void stamp_write(uint8_t *p, uint64_t number);

/** tally_packet - count a packet; a stamp is looked for in its UDP payload */
void tally_packet(struct tally *tally, const uint8_t *packet, size_t len, bool ethernet);

/**
 * tally_report - print it
 * @expected: packets sent, 0 = unknown: those between the lowest and the highest number
 *
 * Return: whether all came, once and unharmed. Their order is reported, not judged:
 * several queues may change it.
 */
bool tally_report(const struct tally *tally, uint64_t expected, bool as_json, bool pretty);

#endif
