// SPDX-License-Identifier: GPL-2.0
/*
 * tunx echo: the smallest host behind a device. A request becomes its answer
 * in place: addresses swapped, type changed, checksum corrected by the
 * difference. So fragments work too, without putting them together.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "dev.h"
#include "options.h"
#include "packet.h"
#include "util.h"

static const char usage[] =
	"Usage: tunx echo [-c N] [--ip ADDRESS]... [--mac MAC] [DEVICE OPTION]...\n\n"
	"Answers ping (ICMP and ICMPv6 echo) for every address, or for those given;\n"
	"on tap also ARP and IPv6 neighbour solicitations. Prints totals at the end.\n\n"
	"  -c, --count N          stop after N answers\n"
	"      --ip ADDRESS       answer for this address only; may be repeated\n"
	"      --mac MAC          our MAC address on tap (default 02:74:75:6e:78:01)\n\n"
	DEVICE_HELP
	"\nExample: tunx echo -i tun0 --up --address 10.9.0.1/24   then: ping 10.9.0.2\n";

#define MAX_ADDRESSES	16

enum answer { IGNORED, ARP, ND, ICMP, ICMP6, ANSWERS };

/**
 * struct echo - one run
 * @dev: the device
 * @mac: our hardware address on tap
 * @ip4: addresses to answer for; when both lists are empty, all
 * @ip6: likewise
 * @limit: answers to give, 0 = no end
 * @total: packets by what became of them
 * @failed: answers the device did not take
 */
struct echo {
	struct dev dev;
	uint8_t mac[ETH_ALEN];
	struct in_addr ip4[MAX_ADDRESSES];
	size_t ip4s;
	struct in6_addr ip6[MAX_ADDRESSES];
	size_t ip6s;
	unsigned long long limit;
	unsigned long long total[ANSWERS];
	unsigned long long failed;
};

static bool ours4(const struct echo *e, const void *address)
{
	struct in_addr a;

	memcpy(&a, address, sizeof(a));
	/* multicast, broadcast and "this host" are nobody's own address */
	if (IN_MULTICAST(ntohl(a.s_addr)) || a.s_addr == INADDR_BROADCAST || !a.s_addr)
		return false;
	for (size_t i = 0; i < e->ip4s; i++)
		if (e->ip4[i].s_addr == a.s_addr)
			return true;
	return !e->ip4s && !e->ip6s;
}

static bool ours6(const struct echo *e, const struct in6_addr *a)
{
	if (IN6_IS_ADDR_MULTICAST(a) || IN6_IS_ADDR_UNSPECIFIED(a))
		return false;
	for (size_t i = 0; i < e->ip6s; i++)
		if (IN6_ARE_ADDR_EQUAL(&e->ip6[i], a))
			return true;
	return !e->ip4s && !e->ip6s;
}

static enum answer answer_arp(const struct echo *e, uint8_t *p, size_t len)
{
	struct ether_arp arp;
	uint8_t target[4];

	if (len < sizeof(arp))
		return IGNORED;
	memcpy(&arp, p, sizeof(arp));
	if (ntohs(arp.arp_hrd) != ARPHRD_ETHER || ntohs(arp.arp_pro) != ETH_P_IP ||
	    arp.arp_hln != ETH_ALEN || arp.arp_pln != 4 || ntohs(arp.arp_op) != ARPOP_REQUEST)
		return IGNORED;
	/*
	 * A host that asks for its own address, or without having one, looks
	 * for duplicates: an answer would take the address from it.
	 */
	memcpy(target, arp.arp_tpa, sizeof(target));
	if (!memcmp(target, arp.arp_spa, sizeof(target)) || !memcmp(arp.arp_spa, "\0\0\0", 4) ||
	    !ours4(e, target))
		return IGNORED;

	arp.arp_op = htons(ARPOP_REPLY);
	memcpy(arp.arp_tha, arp.arp_sha, ETH_ALEN);
	memcpy(arp.arp_tpa, arp.arp_spa, 4);
	memcpy(arp.arp_sha, e->mac, ETH_ALEN);
	memcpy(arp.arp_spa, target, 4);
	memcpy(p, &arp, sizeof(arp));
	return ARP;
}

static enum answer answer_ip4(const struct echo *e, uint8_t *p, size_t len)
{
	struct icmphdr icmp;
	struct iphdr ip;
	uint32_t swap;

	if (len < sizeof(ip))
		return IGNORED;
	memcpy(&ip, p, sizeof(ip));
	if (ip.version != 4 || ip.ihl < 5 || ip.protocol != IPPROTO_ICMP || !ours4(e, &ip.daddr))
		return IGNORED;

	/* the type is in the first fragment; what follows it belongs to the same request */
	if (!(ntohs(ip.frag_off) & IP_OFFMASK)) {
		if (len < ip.ihl * 4 + sizeof(icmp))
			return IGNORED;
		memcpy(&icmp, p + ip.ihl * 4, sizeof(icmp));
		if (icmp.type != ICMP_ECHO || icmp.code)
			return IGNORED;
		icmp.type = ICMP_ECHOREPLY;
		icmp.checksum = csum_replace(icmp.checksum, htons(ICMP_ECHO << 8),
					     htons(ICMP_ECHOREPLY << 8));
		memcpy(p + ip.ihl * 4, &icmp, sizeof(icmp));
	}
	/* the header's checksum does not depend on the order of its words */
	swap = ip.saddr;
	ip.saddr = ip.daddr;
	ip.daddr = swap;
	memcpy(p, &ip, sizeof(ip));
	return ICMP;
}

static uint16_t icmp6_checksum(const struct ip6_hdr *ip, const void *data, size_t len)
{
	uint32_t sum = csum_add(IPPROTO_ICMPV6 + len, &ip->ip6_src, 2 * sizeof(ip->ip6_src));

	return csum_fold(csum_add(sum, data, len));
}

struct advert {
	struct nd_neighbor_advert na;
	struct nd_opt_hdr option;
	uint8_t mac[ETH_ALEN];
} __attribute__((packed));

static enum answer answer_solicitation(const struct echo *e, uint8_t *p, size_t *len,
				       struct ip6_hdr ip)
{
	struct nd_neighbor_solicit ns;
	struct advert advert = { 0 };

	if (!e->dev.tap || *len < sizeof(ip) + sizeof(ns))
		return IGNORED;
	memcpy(&ns, p + sizeof(ip), sizeof(ns));
	/* from no address: a search for duplicates, see answer_arp() */
	if (ip.ip6_hlim != 255 || ns.nd_ns_code || IN6_IS_ADDR_UNSPECIFIED(&ip.ip6_src) ||
	    !ours6(e, &ns.nd_ns_target))
		return IGNORED;

	advert.na.nd_na_type = ND_NEIGHBOR_ADVERT;
	advert.na.nd_na_flags_reserved = ND_NA_FLAG_SOLICITED | ND_NA_FLAG_OVERRIDE;
	advert.na.nd_na_target = ns.nd_ns_target;
	advert.option.nd_opt_type = ND_OPT_TARGET_LINKADDR;
	advert.option.nd_opt_len = 1;
	memcpy(advert.mac, e->mac, ETH_ALEN);

	ip.ip6_dst = ip.ip6_src;
	ip.ip6_src = ns.nd_ns_target;
	ip.ip6_plen = htons(sizeof(advert));
	advert.na.nd_na_cksum = icmp6_checksum(&ip, &advert, sizeof(advert));
	memcpy(p, &ip, sizeof(ip));
	memcpy(p + sizeof(ip), &advert, sizeof(advert));
	*len = sizeof(ip) + sizeof(advert);
	return ND;
}

static enum answer answer_ip6(const struct echo *e, uint8_t *p, size_t *len)
{
	struct icmp6_hdr icmp;
	struct ip6_frag frag = { 0 };
	struct in6_addr swap;
	struct ip6_hdr ip;
	size_t at = sizeof(ip);
	uint8_t next;

	if (*len < sizeof(ip))
		return IGNORED;
	memcpy(&ip, p, sizeof(ip));
	next = ip.ip6_nxt;
	if (next == IPPROTO_FRAGMENT && *len >= at + sizeof(frag)) {
		memcpy(&frag, p + at, sizeof(frag));
		at += sizeof(frag);
		next = frag.ip6f_nxt;
	}
	if (next != IPPROTO_ICMPV6)
		return IGNORED;

	if (!(frag.ip6f_offlg & IP6F_OFF_MASK)) {
		if (*len < at + sizeof(icmp))
			return IGNORED;
		memcpy(&icmp, p + at, sizeof(icmp));
		if (icmp.icmp6_type == ND_NEIGHBOR_SOLICIT && at == sizeof(ip))
			return answer_solicitation(e, p, len, ip);
		if (icmp.icmp6_type != ICMP6_ECHO_REQUEST || icmp.icmp6_code)
			return IGNORED;
		icmp.icmp6_type = ICMP6_ECHO_REPLY;
		icmp.icmp6_cksum = csum_replace(icmp.icmp6_cksum, htons(ICMP6_ECHO_REQUEST << 8),
						htons(ICMP6_ECHO_REPLY << 8));
		memcpy(p + at, &icmp, sizeof(icmp));
	}
	if (!ours6(e, &ip.ip6_dst))
		return IGNORED;
	swap = ip.ip6_src;
	ip.ip6_src = ip.ip6_dst;
	ip.ip6_dst = swap;
	memcpy(p, &ip, sizeof(ip));
	return ICMP6;
}

static enum answer answer_network(const struct echo *e, uint8_t *p, size_t *len, uint16_t protocol)
{
	switch (protocol) {
	case ETH_P_IP:
		return answer_ip4(e, p, *len);
	case ETH_P_IPV6:
		return answer_ip6(e, p, len);
	case ETH_P_ARP:
		return e->dev.tap ? answer_arp(e, p, *len) : IGNORED;
	default:
		return IGNORED;
	}
}

static enum answer answer_ethernet(const struct echo *e, uint8_t *p, size_t *len)
{
	size_t at = sizeof(struct ethhdr), rest;
	enum answer answer;
	struct ethhdr eth;
	uint16_t tag[2];
	uint16_t protocol;

	if (*len < at)
		return IGNORED;
	memcpy(&eth, p, sizeof(eth));
	/* to us or to a group (the lowest bit of the first byte) */
	if (!(eth.h_dest[0] & 1) && memcmp(eth.h_dest, e->mac, ETH_ALEN))
		return IGNORED;
	protocol = ntohs(eth.h_proto);
	/* the answer keeps the request's VLAN tags */
	while ((protocol == ETH_P_8021Q || protocol == ETH_P_8021AD) && *len >= at + sizeof(tag)) {
		memcpy(tag, p + at, sizeof(tag));
		at += sizeof(tag);
		protocol = ntohs(tag[1]);
	}
	rest = *len - at;
	answer = answer_network(e, p + at, &rest, protocol);
	if (answer == IGNORED)
		return IGNORED;
	*len = at + rest;
	memcpy(eth.h_dest, eth.h_source, ETH_ALEN);
	memcpy(eth.h_source, e->mac, ETH_ALEN);
	memcpy(p, &eth, sizeof(eth));
	return answer;
}

static enum answer answer_packet(const struct echo *e, struct packet *pkt)
{
	if (e->dev.tap)
		return answer_ethernet(e, pkt->data, &pkt->len);
	if (!pkt->len)
		return IGNORED;
	return answer_network(e, pkt->data, &pkt->len,
			      pkt->data[0] >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP);
}

static unsigned long long answered(const struct echo *e)
{
	return e->total[ARP] + e->total[ND] + e->total[ICMP] + e->total[ICMP6];
}

/* Return: 0 to go on, -1 when the device is gone. */
static int take_packets(struct echo *e, struct packet *pkt)
{
	enum answer answer;
	int ret = 0;

	for (int i = 0; i < 64 && (!e->limit || answered(e) < e->limit); i++) {
		ret = dev_read(&e->dev, pkt);
		if (ret <= 0)
			break;
		answer = answer_packet(e, pkt);
		if (answer != IGNORED && dev_write(&e->dev, pkt->data, pkt->len)) {
			if (!e->failed++)
				warning("writing an answer to %s: %s%s", e->dev.name,
					strerror(errno), dev_write_hint(errno));
			continue;
		}
		e->total[answer]++;
	}
	return ret < 0 ? -1 : 0;
}

static void add_address(struct echo *e, const char *text)
{
	if (e->ip4s == MAX_ADDRESSES || e->ip6s == MAX_ADDRESSES)
		wrong_use("--ip: more than %d", MAX_ADDRESSES);
	if (inet_pton(AF_INET, text, &e->ip4[e->ip4s]) == 1)
		e->ip4s++;
	else if (inet_pton(AF_INET6, text, &e->ip6[e->ip6s]) == 1)
		e->ip6s++;
	else
		wrong_use("--ip: '%s' is not an IPv4 or IPv6 address", text);
}

static void parse_options(int argc, char **argv, struct echo *e, struct dev_request *req)
{
	enum { IP = OPTION_OWN, MAC };
	static const struct option longs[] = {
		{ "count", required_argument, NULL, 'c' },
		{ "ip", required_argument, NULL, IP },
		{ "mac", required_argument, NULL, MAC },
		{ 0 }
	};
	const struct options opts = { usage, "c:", longs, .node_only = false };
	int c;

	while ((c = next_option(&opts, argc, argv, req)) != -1) {
		if (c == 'c')
			e->limit = parse_number("--count", optarg, 1, UINT64_MAX);
		else if (c == IP)
			add_address(e, optarg);
		else
			parse_mac("--mac", optarg, e->mac);
	}
	no_more_arguments(argc, argv);
	if (e->mac[0] & 1)
		wrong_use("--mac: a group address cannot be ours");
}

int cmd_echo(int argc, char **argv)
{
	struct echo e = { .mac = { 0x02, 0x74, 0x75, 0x6e, 0x78, 0x01 } };
	struct dev_request req = { 0 };
	static struct packet pkt;
	struct pollfd pfd;
	int ret = 0;

	parse_options(argc, argv, &e, &req);
	catch_stop();
	dev_attach(&e.dev, &req);
	fprintf(stderr, "%s: answering on %s device %s of %s\n", command(),
		e.dev.tap ? "tap" : "tun", e.dev.name, e.dev.node);

	pfd.fd = e.dev.fd;
	pfd.events = POLLIN;
	while (!ret && (!e.limit || answered(&e) < e.limit) && wait_for(&pfd, 1, NULL))
		if (pfd.revents)
			ret = take_packets(&e, &pkt);

	printf("answered %llu (arp %llu, nd %llu, icmp %llu, icmp6 %llu), ", answered(&e),
	       e.total[ARP], e.total[ND], e.total[ICMP], e.total[ICMP6]);
	printf("ignored %llu, failed %llu\n", e.total[IGNORED], e.failed);
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
