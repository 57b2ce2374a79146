// SPDX-License-Identifier: GPL-2.0
/*
 * The published hashes, through a device: its reader finds them in the header.
 * Then every set of types with every kind of packet.
 *
 *	AF_PACKET --- net device --- one file, header of 20 bytes
 *
 * Timeout: 180 s
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include "rss.h"

#define OTHER_PROTO	253

static int fd;
static bool tap;

static void check(const char *what, const struct frame *f, uint16_t report, uint32_t hash)
{
	struct vnet_hdr h;

	is(rss_pass("hv0", f, &fd, 1, HASH_HDR, &h), 0, "%s: arrives", what);
	is(h.hash_report, report, "%s: report", what);
	is(h.hash_value, hash, "%s: hash", what);
	ok(!h.flags && !h.gso_type && !h.num_buffers && !h.padding, "%s: nothing else", what);
}

static void flow(const struct flow *flow)
{
	static const int protos[] = { OTHER_PROTO, IPPROTO_TCP, IPPROTO_UDP };
	int first = flow_is_6(flow) ? 4 : 1;
	char what[100];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(protos); i++) {
		struct frame f = { 0 };

		frame_flow(&f, tap, flow, protos[i]);
		snprintf(what, sizeof(what), "%s: %s -> %s, protocol %d", tap ? "tap" : "tun",
			 flow->src, flow->dst, protos[i]);
		check(what, &f, first + i, i ? flow->ports : flow->ip);
	}
}

/* Addresses that a mobile host is known by take the place of the packet's. */
static void mobile(void)
{
	const struct flow *home = &rss_flows[FLOWS4];
	struct flow packet = { "fd00::1", "fd00::2", home->sport, home->dport, 0, 0 };
	static const int protos[] = { OTHER_PROTO, IPPROTO_TCP, IPPROTO_UDP };
	unsigned int i;
	char what[40];

	for (i = 0; i < ARRAY_SIZE(protos); i++) {
		struct frame f = { 0 };

		if (tap)
			frame_eth(&f, 0x86dd);
		frame_ip6(&f, &packet, IPPROTO_ROUTING);
		frame_route(&f, IPPROTO_DSTOPTS, home->dst);
		frame_home(&f, protos[i], home->src);
		frame_ports(&f, home, protos[i]);
		snprintf(what, sizeof(what), "%s: mobile, protocol %d", tap ? "tap" : "tun",
			 protos[i]);
		check(what, &f, 7 + i, i ? home->ports : home->ip);
	}
}

static void symmetric(void)
{
	const struct flow a = { "10.0.0.1", "10.0.0.2", 1024, 80, 0, 0 };
	const struct flow b = { "10.0.0.2", "10.0.0.1", 80, 1024, 0, 0 };
	struct rss rss = { .flags = REPORT | RSS, .types = PLAIN_TYPES, .key = rss_key_symmetric };
	struct frame there = { 0 }, back = { 0 }, row = { 0 };

	must(rss_set(fd, &rss));
	frame_flow(&there, tap, &a, OTHER_PROTO);
	frame_flow(&back, tap, &b, OTHER_PROTO);
	check("symmetric key, there", &there, 1, 0xadfbadfb);
	check("symmetric key, back", &back, 1, 0xadfbadfb);
	there.len = 0;
	back.len = 0;
	frame_flow(&there, tap, &a, IPPROTO_TCP);
	frame_flow(&back, tap, &b, IPPROTO_TCP);
	check("symmetric key, TCP, there", &there, 2, 0x61066106);
	check("symmetric key, TCP, back", &back, 2, 0x61066106);
	frame_flow(&row, tap, &rss_flows[0], IPPROTO_UDP);
	check("symmetric key, UDP", &row, 3, 0x9fcc9fcc);
}

/* --- every set of types --- */

enum kind { ONLY_IP, WITH_TCP, WITH_UDP };

/* The rules as the specification words them. */
static uint16_t want_report(uint32_t types, bool six, bool ext, enum kind kind)
{
	if (!six) {
		if (types & TCPV4 && kind == WITH_TCP)
			return 2;
		if (types & UDPV4 && kind == WITH_UDP)
			return 3;
		return types & IPV4 ? 1 : NO_REPORT;
	}
	if (ext) {
		if (types & TCP_EX && kind == WITH_TCP)
			return 8;
		if (types & UDP_EX && kind == WITH_UDP)
			return 9;
		if (types & IP_EX)
			return 7;
	}
	if (types & TCPV6 && kind == WITH_TCP)
		return 5;
	if (types & UDPV6 && kind == WITH_UDP)
		return 6;
	return types & IPV6 ? 4 : NO_REPORT;
}

static int all_types(bool six, bool ext, enum kind kind)
{
	static const int protos[] = { OTHER_PROTO, IPPROTO_TCP, IPPROTO_UDP };
	const struct flow *flow = &rss_flows[six ? FLOWS4 : 0];
	int proto = protos[kind], bad = 0;
	struct frame f = { 0 };
	struct vnet_hdr h;
	uint32_t types;

	if (ext) {
		frame_eth(&f, 0x86dd);
		frame_ip6(&f, flow, IPPROTO_HOPOPTS);
		frame_ext(&f, proto, 2);
		frame_ports(&f, flow, proto);
	} else {
		frame_flow(&f, true, flow, proto);
	}
	for (types = 0; types <= TUNX_HASH_TYPES; types++) {
		uint16_t report = want_report(types, six, ext, kind);
		bool ports = report && (report - 1) % 3;
		uint32_t hash = !report ? 0 : ports ? flow->ports : flow->ip;

		if (rss_types(fd, types))
			bail("types %#x", types);
		if (rss_pass("hv0", &f, &fd, 1, HASH_HDR, &h) || h.hash_report != report ||
		    h.hash_value != hash) {
			printf("# types %#x: report %d hash %#x, want %d %#x\n", types,
			       h.hash_report, h.hash_value, report, hash);
			bad++;
		}
	}
	return bad;
}

static void every_set(void)
{
	static const char * const names[] = { "other", "TCP", "UDP" };
	int kind;

	for (kind = ONLY_IP; kind <= WITH_UDP; kind++) {
		is(all_types(false, false, kind), 0, "512 sets of types: IPv4, %s", names[kind]);
		is(all_types(true, false, kind), 0, "512 sets of types: IPv6, %s", names[kind]);
		is(all_types(true, true, kind), 0,
		   "512 sets of types: IPv6 with an extension header, %s", names[kind]);
	}
}

static void device(int type)
{
	unsigned int i;

	tap = type & IFF_TAP;
	rss_device("hv0", type, HASH_HDR, &fd, 1);
	must(rss_types(fd, TUNX_HASH_TYPES));
	for (i = 0; i < FLOWS; i++)
		flow(&rss_flows[i]);
	mobile();
	symmetric();
}

int main(void)
{
	ktap_begin();
	netns_new();
	rss_or_skip();
	device(IFF_TUN);
	close(fd);
	device(IFF_TAP);
	every_set();
	close(fd);
	return ktap_end();
}
