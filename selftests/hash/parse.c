// SPDX-License-Identifier: GPL-2.0
/*
 * What is hashed of a frame that is not plain: tags, options, fragments,
 * extension headers, tunnels, and frames that are cut off or make no sense.
 */
#define _GNU_SOURCE
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include "rss.h"

#define F4	(&rss_flows[0])
#define F6	(&rss_flows[FLOWS4])

static int fd;

static bool same(const struct frame *f, uint16_t report, uint32_t hash)
{
	struct vnet_hdr h;

	if (rss_pass("hp0", f, &fd, 1, HASH_HDR, &h)) {
		puts("# lost");
		return false;
	}
	if (h.hash_report == report && h.hash_value == hash)
		return true;
	printf("# %zu bytes: report %d hash %#x, want %d %#x\n", f->len, h.hash_report,
	       h.hash_value, report, hash);
	return false;
}

/* Checks the frame, and begins a new one. */
static void check(struct frame *f, uint16_t report, uint32_t hash, const char *what)
{
	ok(same(f, report, hash), "%s", what);
	f->len = 0;
}

static void tags(void)
{
	struct frame f = { 0 };
	int i;

	frame_eth(&f, ETH_P_IP);
	frame_vlan(&f, ETH_P_8021Q);
	frame_ip4(&f, F4, IPPROTO_TCP, 0, 0);
	frame_ports(&f, F4, IPPROTO_TCP);
	check(&f, 2, F4->ports, "a VLAN tag");
	frame_eth(&f, ETH_P_IPV6);
	frame_vlan(&f, ETH_P_8021Q);
	frame_vlan(&f, ETH_P_8021Q);
	f.data[12] = ETH_P_8021AD >> 8;
	f.data[13] = ETH_P_8021AD & 255;
	frame_ip6(&f, F6, IPPROTO_UDP);
	frame_ports(&f, F6, IPPROTO_UDP);
	check(&f, 6, F6->ports, "two VLAN tags");
	frame_eth(&f, ETH_P_IP);
	for (i = 0; i < 30; i++)
		frame_vlan(&f, ETH_P_8021Q);
	frame_ip4(&f, F4, IPPROTO_TCP, 0, 0);
	frame_ports(&f, F4, IPPROTO_TCP);
	check(&f, 0, 0, "thirty VLAN tags");
	frame_eth(&f, ETH_P_8021Q);
	check(&f, 0, 0, "a VLAN tag that is cut off");
}

/* A tag that the sender left beside the frame. */
static void tag_beside(void)
{
	const int on = 1;
	struct vnet_hdr h;
	struct frame f = { 0 };
	unsigned char buf[200];

	if (system("ip link add link hp0 name hp0.5 type vlan id 5 2>/dev/null")) {
		skip("ip link add type vlan does not work; the module 8021q would do it",
		     "a VLAN tag beside the frame");
		return;
	}
	must(if_up("hp0.5"));
	int s = packet_socket("hp0.5", SOCK_RAW, 0);

	must(setsockopt(s, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)));
	frame_flow(&f, true, F4, IPPROTO_UDP);
	must(packet_send(s, ETH_P_IP, f.data, f.len));
	ok(readable(fd, 1000), "a VLAN tag beside the frame: arrives");
	is(vnet_read(fd, &h, HASH_HDR, buf, sizeof(buf)), (long)f.len + 4, "with the tag");
	is(h.hash_report, 3, "its report");
	is(h.hash_value, F4->ports, "its hash");
	close(s);
	if (system("ip link del hp0.5"))
		bail("ip link del");
}

static void ip4(void)
{
	static const struct { uint16_t frag; bool is; const char *what; } frags[] = {
		{ 0x2000, true, "IPv4: first fragment" },
		{ 0x2010, true, "IPv4: a fragment" },
		{ 0x0010, true, "IPv4: last fragment" },
		{ 0x4000, false, "IPv4: not to be fragmented" },
		{ 0x8000, false, "IPv4: reserved flag" },
	};
	struct frame f = { 0 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(frags); i++) {
		frame_eth(&f, ETH_P_IP);
		frame_ip4(&f, F4, IPPROTO_TCP, frags[i].frag, 0);
		frame_ports(&f, F4, IPPROTO_TCP);
		check(&f, frags[i].is ? 1 : 2, frags[i].is ? F4->ip : F4->ports, frags[i].what);
	}
	frame_eth(&f, ETH_P_IP);
	frame_ip4(&f, F4, IPPROTO_UDP, 0, 40);
	frame_ports(&f, F4, IPPROTO_UDP);
	check(&f, 3, F4->ports, "IPv4: 40 bytes of options");
	frame_flow(&f, true, F4, IPPROTO_TCP);
	f.data[14] = 0x44;
	check(&f, 0, 0, "IPv4: a header of 16 bytes");
	frame_flow(&f, true, F4, IPPROTO_TCP);
	f.data[14] = 0x65;
	check(&f, 0, 0, "IPv4: version 6");
	frame_flow(&f, true, F4, IPPROTO_TCP);
	f.data[14] = 0x4f;
	check(&f, 1, F4->ip, "IPv4: a header longer than the frame");
	frame_flow(&f, true, F4, IPPROTO_SCTP);
	check(&f, 1, F4->ip, "IPv4: SCTP has no type");
	must(rss_types(fd, TCPV4));
	frame_eth(&f, ETH_P_IP);
	frame_ip4(&f, F4, IPPROTO_TCP, 0x2000, 0);
	frame_ports(&f, F4, IPPROTO_TCP);
	check(&f, 0, 0, "IPv4: a fragment when only TCP has a hash");
	must(rss_types(fd, TUNX_HASH_TYPES));
}

static void ip6(struct frame *f, uint8_t next)
{
	f->len = 0;
	frame_eth(f, ETH_P_IPV6);
	frame_ip6(f, F6, next);
}

static void extensions(void)
{
	static const uint8_t kinds[] = { IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_DSTOPTS };
	struct frame f = { 0 };
	unsigned int i;

	must(rss_types(fd, PLAIN_TYPES));
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		ip6(&f, kinds[i]);
		frame_ext(&f, IPPROTO_TCP, 1 + i);
		frame_ports(&f, F6, IPPROTO_TCP);
		ok(same(&f, 5, F6->ports), "IPv6: extension header %d", kinds[i]);
		ip6(&f, kinds[i]);
		frame_ext(&f, IPPROTO_UDP, 250);
		frame_ports(&f, F6, IPPROTO_UDP);
		ok(same(&f, 6, F6->ports), "IPv6: extension header %d of 2000 bytes", kinds[i]);
	}
	ip6(&f, IPPROTO_HOPOPTS);
	for (i = 0; i < 6; i++)
		frame_ext(&f, i % 2 ? IPPROTO_ROUTING : IPPROTO_DSTOPTS, 1);
	frame_ext(&f, IPPROTO_TCP, 3);
	frame_ports(&f, F6, IPPROTO_TCP);
	check(&f, 5, F6->ports, "IPv6: seven extension headers");
	ip6(&f, IPPROTO_HOPOPTS);
	for (i = 0; i < 60; i++)
		frame_ext(&f, IPPROTO_DSTOPTS, 1);
	frame_ext(&f, IPPROTO_TCP, 1);
	frame_ports(&f, F6, IPPROTO_TCP);
	check(&f, 0, 0, "IPv6: sixty extension headers");
	ip6(&f, IPPROTO_DSTOPTS);
	frame_ext(&f, IPPROTO_NONE, 1);
	frame_ports(&f, F6, IPPROTO_TCP);
	check(&f, 4, F6->ip, "IPv6: no next header");
	ip6(&f, IPPROTO_AH);
	frame_ext(&f, IPPROTO_TCP, 3);
	frame_ports(&f, F6, IPPROTO_TCP);
	check(&f, 4, F6->ip, "IPv6: an authentication header ends the walk");
}

static void fragments6(void)
{
	static const uint16_t frags[] = { 0x0001, 0x0101, 0x0100, 0x0000 };
	struct frame f = { 0 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(frags); i++) {
		ip6(&f, IPPROTO_HOPOPTS);
		frame_ext(&f, IPPROTO_FRAGMENT, 1);
		frame_ext(&f, IPPROTO_TCP, 1);
		f.data[f.len - 6] = frags[i] >> 8;
		f.data[f.len - 5] = frags[i] & 255;
		frame_ports(&f, F6, IPPROTO_TCP);
		ok(same(&f, 4, F6->ip), "IPv6: fragment header %#x", frags[i]);
	}
}

/* Home address and routing header, and what only looks like them. */
static void mobile(void)
{
	static const struct flow other = { "fd00::1", "fd00::2", 2794, 1766, 0, 0 };
	struct frame f = { 0 };

	must(rss_types(fd, TUNX_HASH_TYPES));
	ip6(&f, IPPROTO_DSTOPTS);
	memset(f.data + 14 + 8, 0xee, 16);	/* not the source of the flow */
	frame_home(&f, IPPROTO_TCP, F6->src);
	frame_ports(&f, F6, IPPROTO_TCP);
	check(&f, 8, F6->ports, "a home address only");
	ip6(&f, IPPROTO_ROUTING);
	memset(f.data + 14 + 24, 0xee, 16);
	frame_route(&f, IPPROTO_UDP, F6->dst);
	frame_ports(&f, F6, IPPROTO_UDP);
	check(&f, 9, F6->ports, "a routing header of type 2 only");
	ip6(&f, IPPROTO_HOPOPTS);
	frame_ext(&f, IPPROTO_TCP, 1);
	frame_ports(&f, F6, IPPROTO_TCP);
	check(&f, 8, F6->ports, "neither, another extension header");
	frame_flow(&f, true, F6, IPPROTO_TCP);
	check(&f, 5, F6->ports, "no extension header");

	frame_eth(&f, ETH_P_IPV6);
	frame_ip6(&f, &other, IPPROTO_ROUTING);
	frame_route(&f, IPPROTO_DSTOPTS, F6->dst);
	frame_home(&f, IPPROTO_FRAGMENT, F6->src);
	frame_ext(&f, IPPROTO_TCP, 1);
	frame_ports(&f, F6, IPPROTO_TCP);
	check(&f, 7, F6->ip, "both, in a fragment");

	ip6(&f, IPPROTO_ROUTING);
	frame_route(&f, IPPROTO_TCP, "fd00::9");
	f.data[14 + 40 + 2] = 0;
	frame_ports(&f, F6, IPPROTO_TCP);
	check(&f, 8, F6->ports, "a routing header of type 0 counts for nothing");
	ip6(&f, IPPROTO_ROUTING);
	frame_ext(&f, IPPROTO_TCP, 1);
	f.data[14 + 40 + 2] = 2;
	frame_ports(&f, F6, IPPROTO_TCP);
	check(&f, 8, F6->ports, "a routing header of type 2 without an address, too");
	ip6(&f, IPPROTO_DSTOPTS);
	frame_home(&f, IPPROTO_TCP, "fd00::9");
	f.data[14 + 40 + 7] = 15;
	frame_ports(&f, F6, IPPROTO_TCP);
	check(&f, 8, F6->ports, "a home address of 15 bytes, too");
	ip6(&f, IPPROTO_DSTOPTS);
	frame_home(&f, IPPROTO_TCP, "fd00::9");
	f.data[14 + 40 + 3] = 30;
	frame_ports(&f, F6, IPPROTO_TCP);
	check(&f, 8, F6->ports, "padding that reaches beyond its header, too");
	ip6(&f, IPPROTO_DSTOPTS);
	frame_bytes(&f, (uint8_t[]){ IPPROTO_TCP, 2, 0, 0, 0, 0, 201, 16 }, 8);
	frame_bytes(&f, f.data + 14 + 24, 16);
	memcpy(f.data + 14 + 40 + 8, f.data + 14 + 8, 16);
	memset(f.data + 14 + 8, 0xee, 16);
	frame_ports(&f, F6, IPPROTO_TCP);
	check(&f, 8, F6->ports, "a home address behind single bytes of padding");
}

/* The bytes of a tunnel's inside do not count. */
static void tunnels(void)
{
	static const struct { uint8_t proto; const char *what; } inside[] = {
		{ IPPROTO_IPIP, "IPv4 in IPv4" },
		{ IPPROTO_IPV6, "IPv6 in IPv4" },
		{ IPPROTO_GRE, "GRE" },
	};
	struct frame f = { 0 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(inside); i++) {
		frame_eth(&f, ETH_P_IP);
		frame_ip4(&f, F4, inside[i].proto, 0, 0);
		if (inside[i].proto == IPPROTO_GRE)
			frame_bytes(&f, "\x00\x00\x08\x00", 4);
		if (inside[i].proto == IPPROTO_IPV6)
			frame_ip6(&f, F6, IPPROTO_TCP);
		else
			frame_ip4(&f, &rss_flows[1], IPPROTO_TCP, 0, 0);
		frame_ports(&f, F6, IPPROTO_TCP);
		check(&f, 1, F4->ip, inside[i].what);
	}
	ip6(&f, IPPROTO_IPV6);
	frame_ip6(&f, &rss_flows[FLOWS4 + 1], IPPROTO_TCP);
	frame_ports(&f, F4, IPPROTO_TCP);
	check(&f, 4, F6->ip, "IPv6 in IPv6");
	frame_flow(&f, true, F4, IPPROTO_UDP);
	frame_bytes(&f, "\x08\x00\x00\x00\x00\x00\x07\x00", 8);
	frame_flow(&f, true, &rss_flows[1], IPPROTO_TCP);
	check(&f, 3, F4->ports, "VXLAN");
	frame_eth(&f, ETH_P_MPLS_UC);
	frame_bytes(&f, "\x00\x01\x01\x40", 4);
	frame_ip4(&f, F4, IPPROTO_TCP, 0, 0);
	frame_ports(&f, F4, IPPROTO_TCP);
	check(&f, 0, 0, "MPLS");
}

static void no_ip(void)
{
	static const uint16_t types[] = { ETH_P_ARP, ETH_P_LOOPBACK, 46, 0, 0xffff };
	struct frame f = { 0 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		frame_flow(&f, true, F4, IPPROTO_TCP);
		f.data[12] = types[i] >> 8;
		f.data[13] = types[i] & 255;
		ok(same(&f, 0, 0), "Ethernet type %#x", types[i]);
		f.len = 0;
	}
}

static void cut(const char *what, struct frame *f, size_t no_ip, size_t no_ports, uint16_t first,
		const struct flow *flow)
{
	size_t whole = f->len;
	int bad = 0;

	for (f->len = ETH_HLEN; f->len <= whole; f->len++) {
		if (f->len < no_ip)
			bad += !same(f, 0, 0);
		else if (f->len < no_ports)
			bad += !same(f, first, flow->ip);
		else
			bad += !same(f, first + 1, flow->ports);
	}
	is(bad, 0, "%s: cut off at each byte", what);
	f->len = 0;
}

static void cut_off(void)
{
	struct frame f = { 0 };

	frame_flow(&f, true, F4, IPPROTO_TCP);
	cut("IPv4", &f, 14 + 20, 14 + 24, 1, F4);
	frame_flow(&f, true, F6, IPPROTO_TCP);
	cut("IPv6", &f, 14 + 40, 14 + 44, 4, F6);
	/* Of the last header its length was needed, and of the other all */
	ip6(&f, IPPROTO_DSTOPTS);
	frame_ext(&f, IPPROTO_HOPOPTS, 3);
	frame_ext(&f, IPPROTO_TCP, 3);
	frame_ports(&f, F6, IPPROTO_TCP);
	cut("IPv6 with extension headers", &f, 14 + 40 + 24 + 8, 14 + 40 + 48 + 4, 7, F6);
	ip6(&f, IPPROTO_DSTOPTS);
	frame_home(&f, IPPROTO_TCP, F6->src);
	frame_ports(&f, F6, IPPROTO_TCP);
	/* The address itself has to be there, too */
	cut("IPv6 with a home address", &f, 14 + 40 + 24, 14 + 40 + 28, 7, F6);
}

/* Nonsense behind a good beginning: any answer will do, as long as there is one. */
static void garbage(void)
{
	struct frame f = { 0 };
	struct vnet_hdr h;
	int i, lost = 0, odd = 0;

	for (i = 0; i < 1000; i++) {
		f.len = 0;
		frame_eth(&f, i % 2 ? ETH_P_IP : ETH_P_IPV6);
		if (i % 8 > 5)
			frame_vlan(&f, ETH_P_8021Q);
		pkt_fill(f.data + f.len, 300, i);
		f.data[f.len] = (f.data[f.len] & 15) | (i % 2 ? 0x40 : 0x60);
		if (!(i % 2))
			f.data[f.len + 6] = "\x00\x2b\x2c\x3c"[i / 2 % 4];
		f.len += 1 + i % 300;
		lost += rss_pass("hp0", &f, &fd, 1, HASH_HDR, &h) != 0;
		odd += h.hash_report > 9 || (!h.hash_report && h.hash_value);
	}
	is(lost, 0, "garbage: a thousand frames, each arrives");
	is(odd, 0, "garbage: with a report that is one");
}

/* A buffer whose headers are not all in its first piece. */
static void in_pieces(void)
{
	static uint8_t buf[8010];
	int s = vnet_packet_socket("hp0"), linear, bad = 0;
	struct frame f = { 0 };
	struct vnet_hdr h;

	ip6(&f, IPPROTO_DSTOPTS);
	frame_home(&f, IPPROTO_HOPOPTS, F6->src);
	frame_ext(&f, IPPROTO_TCP, 3);
	frame_ports(&f, F6, IPPROTO_TCP);
	for (linear = 14; linear <= 130; linear++) {
		memset(buf, 0, sizeof(buf));
		buf[2] = linear;
		memcpy(buf + 10, f.data, f.len);
		must(send(s, buf, 10 + 6000, 0));
		if (!readable(fd, 1000) ||
		    vnet_read(fd, &h, HASH_HDR, buf, sizeof(buf)) != 6000 ||
		    h.hash_report != 8 || h.hash_value != F6->ports)
			bad++;
	}
	is(bad, 0, "a frame in pieces, cut at each of 117 places");
	close(s);
}

int main(void)
{
	ktap_begin();
	netns_new();
	rss_or_skip();
	rss_device("hp0", IFF_TAP, HASH_HDR, &fd, 1);
	must(if_setint("hp0", SIOCSIFMTU, 9000));
	must(rss_types(fd, TUNX_HASH_TYPES));
	tags();
	tag_beside();
	ip4();
	extensions();
	fragments6();
	mobile();
	tunnels();
	no_ip();
	cut_off();
	garbage();
	in_pieces();
	close(fd);
	return ktap_end();
}
