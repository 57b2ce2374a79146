/* SPDX-License-Identifier: GPL-2.0 */
/* Packets to send, as options and words describe them, and when to send them. */
#ifndef TUNX_TOOL_GENERATE_H
#define TUNX_TOOL_GENERATE_H

#include <getopt.h>
#include <sys/types.h>

#include "build.h"
#include "dev.h"

#define GENERATE_OPTION	640	/* from here on: options of generate.c */

#define GENERATE_HELP \
	"      --udp              UDP datagrams (default), with number and time in them\n" \
	"      --icmp             ICMP or ICMPv6 echo requests\n" \
	"      --arp              ARP requests (tap)\n" \
	"      --hex BYTES        these bytes ('45000054...')\n" \
	"  -c, --count N          how many (default 1)\n" \
	"      --rate N           per second (default: as fast as it goes)\n" \
	"  -s, --size N           payload bytes (default 56)\n" \
	"      --src A, --dst A   addresses (default 192.0.2.2, 192.0.2.1); IPv6 as well\n" \
	"      --sport N, --dport N        UDP ports (default 40000, 9)\n"

/**
 * struct generate - what to send
 * @recipe: of generated packets
 * @src_family: of the source address given, 0 = none
 * @dst_family: of the destination
 * @dst_mac_given: else it is the receiver's
 * @hex: bytes to send as they are, or NULL
 * @count: packets to send
 * @rate: packets per second, 0 = no limit
 */
struct generate {
	struct recipe recipe;
	int src_family;
	int dst_family;
	bool dst_mac_given;
	const char *hex;
	unsigned long long count;
	unsigned long long rate;
};

/* ends with a zero entry */
extern const struct option generate_longs[];
#define GENERATE_SHORTS	"c:s:"

void generate_init(struct generate *g);

/** generate_option - take option @c with optarg; the words of 'tunx chr' come here, too */
void generate_option(struct generate *g, int c);

/** generate_finish - all options were taken; the device is a tap, of that MAC address */
void generate_finish(struct generate *g, bool tap, const uint8_t *mac);

/** generate_packet - the next one into @buf, which holds BUILD_MAX; its length */
size_t generate_packet(struct generate *g, uint8_t *buf);

/** parse_hex - bytes from pairs of digits, blanks and colons between them; else wrong_use() */
size_t parse_hex(const char *text, uint8_t *bytes, size_t size);

/** pace - wait until @due nanoseconds after @start; false when the user stopped us */
bool pace(const struct timespec *start, unsigned long long due);

/** due_at - when packet @number of @rate per second is due */
unsigned long long due_at(unsigned long long number, unsigned long long rate);

#endif
