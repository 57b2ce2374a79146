// SPDX-License-Identifier: GPL-2.0
/* Write and check stamps. See stamp.h. */
#include <assert.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "packet.h"
#include "stamp.h"
#include "util.h"

static const uint8_t magic[8] = "tunxseq";

struct stamp {
	uint8_t magic[8];
	uint64_t number;
	uint64_t time;
};

static_assert(sizeof(struct stamp) == STAMP_LEN, "a stamp has no gaps");

static uint64_t now(void)
{
	struct timespec ts;

	/* the same in all processes of the machine */
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

void stamp_write(uint8_t *p, uint64_t number)
{
	struct stamp stamp = { .number = number, .time = now() };

	memcpy(stamp.magic, magic, sizeof(magic));
	memcpy(p, &stamp, sizeof(stamp));
}

/* Leaves @s at the UDP payload */
static bool find_payload(struct span *s, bool ethernet)
{
	struct ip6_hdr ip6;
	struct iphdr ip4;
	uint8_t version;

	if ((ethernet && !skip(s, ETH_HLEN)) || !s->len)
		return false;
	version = s->p[0] >> 4;
	if (version == 4) {
		if (!pull(s, &ip4, sizeof(ip4)) || ip4.ihl < 5 || ip4.protocol != IPPROTO_UDP ||
		    !skip(s, ip4.ihl * 4 - sizeof(ip4)))
			return false;
	} else if (version != 6 || !pull(s, &ip6, sizeof(ip6)) || ip6.ip6_nxt != IPPROTO_UDP) {
		return false;
	}
	return skip(s, sizeof(struct udphdr));
}

static void tally_number(struct tally *t, uint64_t number)
{
	uint8_t *byte = &t->seen[number % STAMP_WINDOW / 8], bit = 1 << number % 8;

	if (!t->received || number < t->first)
		t->first = number;
	if (t->received && number < t->last)
		t->late++;
	/* what lies a window behind is forgotten, so that the numbers may go on */
	for (uint64_t n = t->last + 1; t->received && n <= number; n++) {
		if (n - t->last > STAMP_WINDOW)
			break;
		t->seen[n % STAMP_WINDOW / 8] &= ~(1 << n % 8);
	}
	if (number > t->last)
		t->last = number;
	if (*byte & bit)
		t->twice++;
	*byte |= bit;
}

void tally_packet(struct tally *t, const uint8_t *packet, size_t len, bool ethernet)
{
	struct span s = { packet, len };
	struct stamp stamp;
	uint64_t way;

	if (!find_payload(&s, ethernet) || !pull(&s, &stamp, sizeof(stamp)) ||
	    memcmp(stamp.magic, magic, sizeof(magic))) {
		t->other++;
		return;
	}
	tally_number(t, stamp.number);
	way = now() - stamp.time;
	if (!t->received || way < t->min_ns)
		t->min_ns = way;
	if (way > t->max_ns)
		t->max_ns = way;
	t->sum_ns += way;
	t->received++;
	t->bytes += len;
	/* the rest is as build_packet() made it; a frame may be padded behind 60 bytes */
	for (size_t i = 0; i < s.len && len > ETH_ZLEN; i++) {
		if (s.p[i] != (uint8_t)(i + STAMP_LEN)) {
			t->damaged++;
			break;
		}
	}
}

static void print_text(const json_t *object)
{
	const char *key, *comma = "";
	json_t *value;

	json_object_foreach((json_t *)object, key, value) {
		printf("%s%s %" JSON_INTEGER_FORMAT, comma, key, json_integer_value(value));
		comma = ", ";
	}
	putchar('\n');
}

bool tally_report(const struct tally *t, uint64_t expected, bool as_json, bool pretty)
{
	uint64_t unique = t->received - t->twice, lost = 0;
	json_t *o = json_object();

	if (!expected && t->received)
		expected = t->last - t->first + 1;
	if (expected > unique)
		lost = expected - unique;
	json_object_set_new(o, "received", json_integer(t->received));
	json_object_set_new(o, "bytes", json_integer(t->bytes));
	json_object_set_new(o, "lost", json_integer(lost));
	json_object_set_new(o, "late", json_integer(t->late));
	json_object_set_new(o, "twice", json_integer(t->twice));
	json_object_set_new(o, "damaged", json_integer(t->damaged));
	json_object_set_new(o, "other", json_integer(t->other));
	if (t->received) {
		json_object_set_new(o, "latency_min_ns", json_integer(t->min_ns));
		json_object_set_new(o, "latency_mean_ns", json_integer(t->sum_ns / t->received));
		json_object_set_new(o, "latency_max_ns", json_integer(t->max_ns));
	}
	if (as_json)
		print_json(o, pretty);
	else
		print_text(o);
	json_decref(o);
	return !lost && !t->twice && !t->damaged;
}
