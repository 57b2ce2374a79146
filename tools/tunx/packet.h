/* SPDX-License-Identifier: GPL-2.0 */
/* Bytes of packets: bounded reading, checksums. */
#ifndef TUNX_TOOL_PACKET_H
#define TUNX_TOOL_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/**
 * struct span - the unread rest of a packet
 *
 * Packets come from anyone. pull() is the only way bytes are taken, so a
 * length field that lies cannot make us read past the end; it copies, so
 * headers need no alignment.
 */
struct span {
	const uint8_t *p;
	size_t len;
};

static inline bool pull(struct span *s, void *to, size_t n)
{
	if (s->len < n)
		return false;
	memcpy(to, s->p, n);
	s->p += n;
	s->len -= n;
	return true;
}

static inline bool skip(struct span *s, size_t n)
{
	if (s->len < n)
		return false;
	s->p += n;
	s->len -= n;
	return true;
}

/** csum_add - add @len bytes to the running ones' complement sum @sum */
uint32_t csum_add(uint32_t sum, const void *data, size_t len);

/** csum_fold - the checksum to store, in network byte order */
uint16_t csum_fold(uint32_t sum);

/** csum_replace - correct a stored checksum after a 16 bit word changed (RFC 1624) */
uint16_t csum_replace(uint16_t stored, uint16_t from, uint16_t to);

/**
 * decode_packet - print one line for a packet
 * @ethernet: it starts with an Ethernet header
 * @protocol: ethertype when known from elsewhere, else 0
 */
void decode_packet(FILE *out, const uint8_t *data, size_t len, bool ethernet, uint16_t protocol);

/** dump_hex - offset, bytes and text, 16 per line */
void dump_hex(FILE *out, const uint8_t *data, size_t len);

#endif
