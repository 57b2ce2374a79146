/* SPDX-License-Identifier: GPL-2.0 */
/* Packets from a description. */
#ifndef TUNX_TOOL_BUILD_H
#define TUNX_TOOL_BUILD_H

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* the largest IP packet and an Ethernet header */
#define BUILD_MAX	(65535 + ETH_HLEN)
/* of the IP header, then UDP's or ICMP's, the larger ones */
#define BUILD_PAYLOAD_MAX	(65535 - 40 - 8)

enum build_kind { BUILD_UDP, BUILD_ICMP, BUILD_ARP };

/**
 * struct recipe - what build_packet() makes
 * @kind: UDP datagram, echo request or ARP request
 * @ethernet: with an Ethernet header
 * @src_mac: of that header
 * @dst_mac: of that header; ARP goes to all
 * @family: AF_INET or AF_INET6
 * @src: source address; only .s6_addr[0..3] for IPv4
 * @dst: destination address, likewise
 * @sport: UDP source port
 * @dport: UDP destination port
 * @payload: bytes after the UDP or ICMP header
 * @number: of this packet; in UDP with room for it also in the payload (stamp.h)
 */
struct recipe {
	enum build_kind kind;
	bool ethernet;
	uint8_t src_mac[ETH_ALEN];
	uint8_t dst_mac[ETH_ALEN];
	int family;
	struct in6_addr src;
	struct in6_addr dst;
	uint16_t sport;
	uint16_t dport;
	size_t payload;
	uint64_t number;
};

/** build_packet - into @buf, which holds BUILD_MAX; returns the length */
size_t build_packet(const struct recipe *r, uint8_t *buf);

#endif
