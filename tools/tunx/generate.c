// SPDX-License-Identifier: GPL-2.0
/* Describe, make, pace. See generate.h. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "generate.h"
#include "util.h"

enum { UDP = GENERATE_OPTION, ICMP, ARP, HEX, RATE, SRC, DST, SPORT, DPORT, SRC_MAC, DST_MAC };

const struct option generate_longs[] = {
	{ "udp", no_argument, NULL, UDP },
	{ "icmp", no_argument, NULL, ICMP },
	{ "arp", no_argument, NULL, ARP },
	{ "hex", required_argument, NULL, HEX },
	{ "count", required_argument, NULL, 'c' },
	{ "rate", required_argument, NULL, RATE },
	{ "size", required_argument, NULL, 's' },
	{ "src", required_argument, NULL, SRC },
	{ "dst", required_argument, NULL, DST },
	{ "sport", required_argument, NULL, SPORT },
	{ "dport", required_argument, NULL, DPORT },
	{ "src-mac", required_argument, NULL, SRC_MAC },
	{ "dst-mac", required_argument, NULL, DST_MAC },
	{ 0 }
};

void generate_init(struct generate *g)
{
	*g = (struct generate){
		.recipe = {
			.src_mac = { 0x02, 0x74, 0x75, 0x6e, 0x78, 0x02 },
			.sport = 40000,
			.dport = 9,
			.payload = 56,
		},
		.count = 1,
	};
}

static int parse_address(const char *what, const char *text, struct in6_addr *address)
{
	if (inet_pton(AF_INET, text, address) == 1)
		return AF_INET;
	if (inet_pton(AF_INET6, text, address) != 1)
		wrong_use("%s: '%s' is not an IPv4 or IPv6 address", what, text);
	return AF_INET6;
}

void generate_option(struct generate *g, int c)
{
	struct recipe *r = &g->recipe;

	switch (c) {
	case UDP:
	case ICMP:
	case ARP:
		r->kind = c == UDP ? BUILD_UDP : c == ICMP ? BUILD_ICMP : BUILD_ARP;
		break;
	case HEX:
		g->hex = optarg;
		break;
	case 'c':
		g->count = parse_number("count", optarg, 1, UINT64_MAX);
		break;
	case RATE:
		g->rate = parse_number("rate", optarg, 1, NSEC_PER_SEC);
		break;
	case 's':
		r->payload = parse_number("size", optarg, 0, BUILD_PAYLOAD_MAX);
		break;
	case SRC:
		g->src_family = parse_address("src", optarg, &r->src);
		break;
	case DST:
		g->dst_family = parse_address("dst", optarg, &r->dst);
		break;
	case SPORT:
		r->sport = parse_number("sport", optarg, 0, 65535);
		break;
	case DPORT:
		r->dport = parse_number("dport", optarg, 0, 65535);
		break;
	case SRC_MAC:
		parse_mac("src-mac", optarg, r->src_mac);
		break;
	case DST_MAC:
		parse_mac("dst-mac", optarg, r->dst_mac);
		g->dst_mac_given = true;
		break;
	}
}

void generate_finish(struct generate *g, bool tap, const uint8_t *mac)
{
	bool six = g->src_family == AF_INET6 || g->dst_family == AF_INET6;
	struct recipe *r = &g->recipe;

	/* one address given decides the family; the other gets that family's default */
	if (g->src_family && g->dst_family && g->src_family != g->dst_family)
		wrong_use("src and dst are of different families");
	r->family = six ? AF_INET6 : AF_INET;
	if (!g->src_family)
		parse_address("src", six ? "2001:db8::2" : "192.0.2.2", &r->src);
	if (!g->dst_family)
		parse_address("dst", six ? "2001:db8::1" : "192.0.2.1", &r->dst);
	if (r->kind == BUILD_ARP && six)
		wrong_use("arp is for IPv4 addresses");
	if (r->kind == BUILD_ARP && !tap)
		die("a tun device has no ARP; use a tap device (--tap)");
	r->ethernet = tap;
	if (!g->dst_mac_given)
		memcpy(r->dst_mac, mac, ETH_ALEN);
}

size_t parse_hex(const char *text, uint8_t *bytes, size_t size)
{
	size_t n = 0;

	while (*text) {
		if (isspace((unsigned char)*text) || *text == ':') {
			text++;
			continue;
		}
		if (n == size || !isxdigit((unsigned char)text[0]) ||
		    !isxdigit((unsigned char)text[1]) || sscanf(text, "%2hhx", &bytes[n]) != 1)
			wrong_use("hex: at '%.8s': not pairs of hexadecimal digits", text);
		n++;
		text += 2;
	}
	if (!n)
		wrong_use("hex: no bytes");
	return n;
}

size_t generate_packet(struct generate *g, uint8_t *buf)
{
	if (g->hex)
		return parse_hex(g->hex, buf, BUILD_MAX);
	g->recipe.number++;
	return build_packet(&g->recipe, buf);
}

unsigned long long due_at(unsigned long long number, unsigned long long rate)
{
	return rate ? number / rate * NSEC_PER_SEC + number % rate * NSEC_PER_SEC / rate : 0;
}

bool pace(const struct timespec *start, unsigned long long due)
{
	struct timespec now, wait = { 0 };
	unsigned long long past;

	clock_gettime(CLOCK_MONOTONIC, &now);
	past = (now.tv_sec - start->tv_sec) * NSEC_PER_SEC + now.tv_nsec - start->tv_nsec;
	if (due > past) {
		wait.tv_sec = (due - past) / NSEC_PER_SEC;
		wait.tv_nsec = (due - past) % NSEC_PER_SEC;
	}
	return wait_for(NULL, 0, &wait);
}
