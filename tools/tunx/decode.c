// SPDX-License-Identifier: GPL-2.0
/*
 * One line per packet. Each decode_* takes the span its layer owns, prints
 * what it understands and hands the rest on; a short one prints "[cut]".
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>

#include "names.h"
#include "packet.h"
#include "util.h"

static void cut(FILE *out, const char *what)
{
	fprintf(out, "%s [cut]", what);
}

static void print_address(FILE *out, int family, const void *address, int port)
{
	char text[INET6_ADDRSTRLEN];

	fputs(inet_ntop(family, address, text, sizeof(text)), out);
	if (port >= 0)
		fprintf(out, ".%d", port);
}

static void print_mac(FILE *out, const uint8_t *mac)
{
	fprintf(out, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		mac[5]);
}

/**
 * struct ip_info - what the transport layer prints about the network layer
 * @family: AF_INET or AF_INET6
 * @src: source address
 * @dst: destination address
 * @protocol: next header
 */
struct ip_info {
	int family;
	const void *src;
	const void *dst;
	uint8_t protocol;
};

static void print_flow(FILE *out, const struct ip_info *ip, int sport, int dport)
{
	fputs(ip->family == AF_INET ? "IP " : "IP6 ", out);
	print_address(out, ip->family, ip->src, sport);
	fputs(" > ", out);
	print_address(out, ip->family, ip->dst, dport);
	fputs(": ", out);
}

static void decode_icmp(FILE *out, struct span s)
{
	static const struct name types[] = {
		{ ICMP_ECHOREPLY, "echo reply" },
		{ ICMP_ECHO, "echo request" },
		{ ICMP_DEST_UNREACH, "destination unreachable" },
		{ ICMP_REDIRECT, "redirect" },
		{ ICMP_TIME_EXCEEDED, "time exceeded" },
		{ ICMP_PARAMETERPROB, "parameter problem" },
		{ 0, NULL }
	};
	size_t length = s.len;
	struct icmphdr icmp;
	const char *name;

	if (!pull(&s, &icmp, sizeof(icmp))) {
		cut(out, "ICMP");
		return;
	}
	name = find_name(types, icmp.type);
	if (name)
		fprintf(out, "ICMP %s", name);
	else
		fprintf(out, "ICMP type %u", icmp.type);
	if (icmp.type == ICMP_ECHO || icmp.type == ICMP_ECHOREPLY)
		fprintf(out, ", id %u, seq %u", ntohs(icmp.un.echo.id),
			ntohs(icmp.un.echo.sequence));
	else
		fprintf(out, ", code %u", icmp.code);
	fprintf(out, ", length %zu", length);
}

static void decode_icmp6(FILE *out, struct span s)
{
	static const struct name types[] = {
		{ ICMP6_DST_UNREACH, "destination unreachable" },
		{ ICMP6_PACKET_TOO_BIG, "packet too big" },
		{ ICMP6_TIME_EXCEEDED, "time exceeded" },
		{ ICMP6_PARAM_PROB, "parameter problem" },
		{ ICMP6_ECHO_REQUEST, "echo request" },
		{ ICMP6_ECHO_REPLY, "echo reply" },
		{ MLD_LISTENER_QUERY, "multicast query" },
		{ MLD_LISTENER_REPORT, "multicast report" },
		{ MLD_LISTENER_REDUCTION, "multicast done" },
		{ 143, "multicast report v2" },
		{ ND_ROUTER_SOLICIT, "router solicitation" },
		{ ND_ROUTER_ADVERT, "router advertisement" },
		{ ND_NEIGHBOR_SOLICIT, "neighbour solicitation" },
		{ ND_NEIGHBOR_ADVERT, "neighbour advertisement" },
		{ ND_REDIRECT, "redirect" },
		{ 0, NULL }
	};
	struct in6_addr target;
	struct icmp6_hdr icmp;
	size_t length = s.len;
	const char *name;

	if (!pull(&s, &icmp, sizeof(icmp))) {
		cut(out, "ICMP6");
		return;
	}
	name = find_name(types, icmp.icmp6_type);
	if (name)
		fprintf(out, "ICMP6 %s", name);
	else
		fprintf(out, "ICMP6 type %u", icmp.icmp6_type);
	switch (icmp.icmp6_type) {
	case ICMP6_ECHO_REQUEST:
	case ICMP6_ECHO_REPLY:
		fprintf(out, ", id %u, seq %u", ntohs(icmp.icmp6_id), ntohs(icmp.icmp6_seq));
		break;
	case ICMP6_PACKET_TOO_BIG:
		fprintf(out, ", mtu %u", ntohl(icmp.icmp6_mtu));
		break;
	case ND_NEIGHBOR_SOLICIT:
	case ND_NEIGHBOR_ADVERT:
		if (!pull(&s, &target, sizeof(target)))
			break;
		fputs(icmp.icmp6_type == ND_NEIGHBOR_SOLICIT ? ", who has " : ", target ", out);
		print_address(out, AF_INET6, &target, -1);
		break;
	}
	fprintf(out, ", length %zu", length);
}

static void decode_tcp(FILE *out, const struct ip_info *ip, struct span s)
{
	static const struct name flags[] = {
		{ TH_SYN, "S" }, { TH_FIN, "F" }, { TH_RST, "R" }, { TH_PUSH, "P" },
		{ TH_URG, "U" }, { TH_ACK, "." },
	};
	struct tcphdr tcp;

	if (!pull(&s, &tcp, sizeof(tcp))) {
		print_flow(out, ip, -1, -1);
		cut(out, "TCP");
		return;
	}
	print_flow(out, ip, ntohs(tcp.th_sport), ntohs(tcp.th_dport));
	fputs("TCP [", out);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (tcp.th_flags & flags[i].value)
			fputs(flags[i].text, out);
	fprintf(out, "], seq %u", ntohl(tcp.th_seq));
	if (tcp.th_flags & TH_ACK)
		fprintf(out, ", ack %u", ntohl(tcp.th_ack));
	fprintf(out, ", win %u", ntohs(tcp.th_win));
	if (tcp.th_off < 5 || !skip(&s, tcp.th_off * 4U - sizeof(tcp)))
		fputs(", bad header length", out);
	fprintf(out, ", length %zu", s.len);
}

static void decode_udp(FILE *out, const struct ip_info *ip, struct span s)
{
	struct udphdr udp;

	if (!pull(&s, &udp, sizeof(udp))) {
		print_flow(out, ip, -1, -1);
		cut(out, "UDP");
		return;
	}
	print_flow(out, ip, ntohs(udp.uh_sport), ntohs(udp.uh_dport));
	fprintf(out, "UDP, length %zu", s.len);
	if (ntohs(udp.uh_ulen) != s.len + sizeof(udp))
		fprintf(out, " [UDP header says %u]", ntohs(udp.uh_ulen));
}

static void decode_transport(FILE *out, const struct ip_info *ip, struct span s)
{
	switch (ip->protocol) {
	case IPPROTO_TCP:
		decode_tcp(out, ip, s);
		return;
	case IPPROTO_UDP:
		decode_udp(out, ip, s);
		return;
	}
	print_flow(out, ip, -1, -1);
	if (ip->protocol == IPPROTO_ICMP && ip->family == AF_INET)
		decode_icmp(out, s);
	else if (ip->protocol == IPPROTO_ICMPV6 && ip->family == AF_INET6)
		decode_icmp6(out, s);
	else if (ip->protocol == IPPROTO_NONE)
		fputs("no payload", out);
	else
		fprintf(out, "protocol %u, length %zu", ip->protocol, s.len);
}

static void print_fragment(FILE *out, const struct ip_info *ip, unsigned int id,
			   unsigned int offset, bool more, size_t length)
{
	print_flow(out, ip, -1, -1);
	fprintf(out, "fragment of protocol %u, id %u, offset %u%s, length %zu", ip->protocol, id,
		offset, more ? "+" : "", length);
}

/* The IP length rules: less than the frame is padding, more is a cut packet. */
static void clip(FILE *out, struct span *s, size_t length)
{
	if (length > s->len)
		fprintf(out, "[cut: %zu of %zu bytes] ", s->len, length);
	else
		s->len = length;
}

static void decode_ip4(FILE *out, struct span s)
{
	struct iphdr ip;
	struct ip_info info = { AF_INET, &ip.saddr, &ip.daddr, 0 };
	unsigned int offset;

	if (!pull(&s, &ip, sizeof(ip))) {
		cut(out, "IP");
		return;
	}
	if (ip.version != 4 || ip.ihl < 5 || ntohs(ip.tot_len) < ip.ihl * 4 ||
	    !skip(&s, ip.ihl * 4 - sizeof(ip))) {
		fputs("IP with a bad header", out);
		return;
	}
	clip(out, &s, ntohs(ip.tot_len) - ip.ihl * 4);
	info.protocol = ip.protocol;
	offset = ntohs(ip.frag_off) & IP_OFFMASK;
	if (offset || ntohs(ip.frag_off) & IP_MF)
		print_fragment(out, &info, ntohs(ip.id), offset * 8, ntohs(ip.frag_off) & IP_MF,
			       s.len);
	else
		decode_transport(out, &info, s);
}

/* Return: false when a fragment or a cut header ended the line. */
static bool skip_extensions(FILE *out, struct ip_info *info, struct span *s)
{
	struct ip6_frag frag;
	struct ip6_ext ext;

	while (info->protocol == IPPROTO_HOPOPTS || info->protocol == IPPROTO_ROUTING ||
	       info->protocol == IPPROTO_DSTOPTS || info->protocol == IPPROTO_FRAGMENT) {
		if (info->protocol == IPPROTO_FRAGMENT) {
			if (!pull(s, &frag, sizeof(frag)))
				goto cut;
			info->protocol = frag.ip6f_nxt;
			print_fragment(out, info, ntohl(frag.ip6f_ident),
				       ntohs(frag.ip6f_offlg) & 0xfff8,
				       ntohs(frag.ip6f_offlg) & 1, s->len);
			return false;
		}
		/* the length counts units of 8 bytes after the first 8 */
		if (!pull(s, &ext, sizeof(ext)) || !skip(s, ext.ip6e_len * 8U + 6))
			goto cut;
		info->protocol = ext.ip6e_nxt;
	}
	return true;
cut:
	print_flow(out, info, -1, -1);
	cut(out, "extension header");
	return false;
}

static void decode_ip6(FILE *out, struct span s)
{
	struct ip6_hdr ip;
	struct ip_info info = { AF_INET6, &ip.ip6_src, &ip.ip6_dst, 0 };

	if (!pull(&s, &ip, sizeof(ip))) {
		cut(out, "IP6");
		return;
	}
	if (ntohl(ip.ip6_flow) >> 28 != 6) {
		fputs("IP6 with a bad header", out);
		return;
	}
	clip(out, &s, ntohs(ip.ip6_plen));
	info.protocol = ip.ip6_nxt;
	if (skip_extensions(out, &info, &s))
		decode_transport(out, &info, s);
}

static void decode_arp(FILE *out, struct span s)
{
	struct ether_arp arp;

	if (!pull(&s, &arp, sizeof(arp))) {
		cut(out, "ARP");
		return;
	}
	if (ntohs(arp.arp_hrd) != ARPHRD_ETHER || ntohs(arp.arp_pro) != ETH_P_IP ||
	    arp.arp_hln != 6 || arp.arp_pln != 4) {
		fprintf(out, "ARP for hardware type %u, protocol 0x%04x", ntohs(arp.arp_hrd),
			ntohs(arp.arp_pro));
		return;
	}
	switch (ntohs(arp.arp_op)) {
	case ARPOP_REQUEST:
		fputs("ARP who has ", out);
		print_address(out, AF_INET, arp.arp_tpa, -1);
		fputs(", tell ", out);
		print_address(out, AF_INET, arp.arp_spa, -1);
		break;
	case ARPOP_REPLY:
		fputs("ARP reply ", out);
		print_address(out, AF_INET, arp.arp_spa, -1);
		fputs(" is at ", out);
		print_mac(out, arp.arp_sha);
		break;
	default:
		fprintf(out, "ARP operation %u", ntohs(arp.arp_op));
	}
}

static void decode_network(FILE *out, struct span s, uint16_t protocol)
{
	switch (protocol) {
	case ETH_P_IP:
		decode_ip4(out, s);
		break;
	case ETH_P_IPV6:
		decode_ip6(out, s);
		break;
	case ETH_P_ARP:
		decode_arp(out, s);
		break;
	default:
		if (protocol < ETH_P_802_3_MIN)
			fprintf(out, "802.3, length %zu", s.len);
		else
			fprintf(out, "ethertype 0x%04x, length %zu", protocol, s.len);
	}
}

static void decode_ethernet(FILE *out, struct span s)
{
	struct ethhdr eth;
	uint16_t tag[2];
	uint16_t protocol;

	if (!pull(&s, &eth, sizeof(eth))) {
		cut(out, "Ethernet");
		return;
	}
	print_mac(out, eth.h_source);
	fputs(" > ", out);
	print_mac(out, eth.h_dest);
	fputs(", ", out);
	protocol = ntohs(eth.h_proto);
	while (protocol == ETH_P_8021Q || protocol == ETH_P_8021AD) {
		if (!pull(&s, tag, sizeof(tag))) {
			cut(out, "vlan");
			return;
		}
		fprintf(out, "vlan %u, ", ntohs(tag[0]) & 0xfff);
		protocol = ntohs(tag[1]);
	}
	decode_network(out, s, protocol);
}

void decode_packet(FILE *out, const uint8_t *data, size_t len, bool ethernet, uint16_t protocol)
{
	struct span s = { data, len };

	if (ethernet) {
		decode_ethernet(out, s);
		return;
	}
	/* a tun without packet info says by the first four bits what it carries */
	if (!protocol && len && data[0] >> 4 == 4)
		protocol = ETH_P_IP;
	else if (!protocol && len && data[0] >> 4 == 6)
		protocol = ETH_P_IPV6;
	if (protocol)
		decode_network(out, s, protocol);
	else
		fprintf(out, "not IP, length %zu", len);
}
