// SPDX-License-Identifier: GPL-2.0
/* Each put_* writes one layer at @p and returns its length. See build.h. */
#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <string.h>
#include <unistd.h>

#include "build.h"
#include "packet.h"
#include "stamp.h"

#define HOP_LIMIT	64

static size_t put_ethernet(const struct recipe *r, uint8_t *p)
{
	uint16_t protocol = r->family == AF_INET6 ? ETH_P_IPV6 : ETH_P_IP;
	struct ethhdr eth;

	memcpy(eth.h_source, r->src_mac, ETH_ALEN);
	memcpy(eth.h_dest, r->dst_mac, ETH_ALEN);
	if (r->kind == BUILD_ARP) {
		protocol = ETH_P_ARP;
		memset(eth.h_dest, 0xff, ETH_ALEN);
	}
	eth.h_proto = htons(protocol);
	memcpy(p, &eth, sizeof(eth));
	return sizeof(eth);
}

static size_t put_arp(const struct recipe *r, uint8_t *p)
{
	struct ether_arp arp = { 0 };

	arp.arp_hrd = htons(ARPHRD_ETHER);
	arp.arp_pro = htons(ETH_P_IP);
	arp.arp_hln = ETH_ALEN;
	arp.arp_pln = 4;
	arp.arp_op = htons(ARPOP_REQUEST);
	memcpy(arp.arp_sha, r->src_mac, ETH_ALEN);
	memcpy(arp.arp_spa, &r->src, 4);
	memcpy(arp.arp_tpa, &r->dst, 4);
	memcpy(p, &arp, sizeof(arp));
	return sizeof(arp);
}

static size_t put_ip(const struct recipe *r, uint8_t *p, uint8_t protocol, size_t len)
{
	struct ip6_hdr ip6 = { 0 };
	struct iphdr ip4 = { 0 };

	if (r->family == AF_INET6) {
		ip6.ip6_flow = htonl(6 << 28);
		ip6.ip6_plen = htons(len);
		ip6.ip6_nxt = protocol;
		ip6.ip6_hlim = HOP_LIMIT;
		ip6.ip6_src = r->src;
		ip6.ip6_dst = r->dst;
		memcpy(p, &ip6, sizeof(ip6));
		return sizeof(ip6);
	}
	ip4.version = 4;
	ip4.ihl = 5;
	ip4.tot_len = htons(sizeof(ip4) + len);
	ip4.id = htons(r->number);
	ip4.ttl = HOP_LIMIT;
	ip4.protocol = protocol;
	memcpy(&ip4.saddr, &r->src, 4);
	memcpy(&ip4.daddr, &r->dst, 4);
	ip4.check = csum_fold(csum_add(0, &ip4, sizeof(ip4)));
	memcpy(p, &ip4, sizeof(ip4));
	return sizeof(ip4);
}

static uint32_t pseudo_header(const struct recipe *r, uint8_t protocol, size_t len)
{
	size_t size = r->family == AF_INET6 ? 16 : 4;

	return csum_add(csum_add(protocol + len, &r->src, size), &r->dst, size);
}

/* @p holds the payload already, after the room for the header. */
static void put_udp(const struct recipe *r, uint8_t *p, size_t len)
{
	struct udphdr udp = {
		.uh_sport = htons(r->sport),
		.uh_dport = htons(r->dport),
		.uh_ulen = htons(len),
	};
	uint32_t sum;

	memcpy(p, &udp, sizeof(udp));
	sum = pseudo_header(r, IPPROTO_UDP, len);
	udp.uh_sum = csum_fold(csum_add(sum, p, len));
	/* zero means "none"; the other zero means zero */
	if (!udp.uh_sum)
		udp.uh_sum = 0xffff;
	memcpy(p, &udp, sizeof(udp));
}

static void put_icmp(const struct recipe *r, uint8_t *p, size_t len)
{
	struct icmphdr icmp = {
		.type = r->family == AF_INET6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO,
		.un.echo.id = htons(getpid()),
		.un.echo.sequence = htons(r->number),
	};
	uint32_t sum = r->family == AF_INET6 ? pseudo_header(r, IPPROTO_ICMPV6, len) : 0;

	memcpy(p, &icmp, sizeof(icmp));
	icmp.checksum = csum_fold(csum_add(sum, p, len));
	memcpy(p, &icmp, sizeof(icmp));
}

size_t build_packet(const struct recipe *r, uint8_t *buf)
{
	size_t at = r->ethernet ? put_ethernet(r, buf) : 0;
	/* both have 8 bytes */
	size_t len = sizeof(struct udphdr) + r->payload;
	uint8_t protocol = IPPROTO_UDP;

	if (r->kind == BUILD_ARP)
		return at + put_arp(r, buf + at);
	if (r->kind == BUILD_ICMP)
		protocol = r->family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	at += put_ip(r, buf + at, protocol, len);
	for (size_t i = 0; i < r->payload; i++)
		buf[at + sizeof(struct udphdr) + i] = i;
	if (r->kind == BUILD_UDP && r->payload >= STAMP_LEN)
		stamp_write(buf + at + sizeof(struct udphdr), r->number);
	if (r->kind == BUILD_ICMP)
		put_icmp(r, buf + at, len);
	else
		put_udp(r, buf + at, len);
	return at + len;
}
