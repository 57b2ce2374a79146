// SPDX-License-Identifier: GPL-2.0
/* See tunnel_mss.h. */
#include <arpa/inet.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "packet.h"
#include "tunnel_mss.h"

#define TCP_FIXED	20
#define FLAGS		13
#define SYN		0x02

static uint16_t read16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

/* The option's place in the header, 0: none */
static size_t find_mss(const uint8_t *tcp, size_t header)
{
	size_t at = TCP_FIXED;

	while (at < header && tcp[at] != TCPOPT_EOL) {
		if (tcp[at] == TCPOPT_NOP) {
			at++;
			continue;
		}
		if (at + 1 >= header || tcp[at + 1] < 2 || at + tcp[at + 1] > header)
			return 0;
		if (tcp[at] == TCPOPT_MAXSEG)
			return tcp[at + 1] == TCPOLEN_MAXSEG ? at : 0;
		at += tcp[at + 1];
	}
	return 0;
}

static bool clamp_tcp(uint8_t *tcp, size_t len, uint16_t most)
{
	uint16_t stored, mss, lower = htons(most);
	size_t header, at;

	if (len < TCP_FIXED || !(tcp[FLAGS] & SYN))
		return false;
	header = (tcp[12] >> 4) * 4;
	if (header < TCP_FIXED || header > len)
		return false;
	at = find_mss(tcp, header);
	if (!at || read16(tcp + at + 2) <= most)
		return false;
	memcpy(&mss, tcp + at + 2, sizeof(mss));
	memcpy(&stored, tcp + 16, sizeof(stored));
	/* an option may be at an odd place: the checksum sees its bytes swapped */
	if (at % 2)
		stored = csum_replace(stored, mss << 8 | mss >> 8, lower << 8 | lower >> 8);
	else
		stored = csum_replace(stored, mss, lower);
	memcpy(tcp + 16, &stored, sizeof(stored));
	memcpy(tcp + at + 2, &lower, sizeof(lower));
	return true;
}

bool mss_clamp(uint8_t *packet, size_t len, bool ethernet, uint32_t mtu)
{
	size_t header;

	if (ethernet) {
		if (len < ETH_HLEN)
			return false;
		packet += ETH_HLEN;
		len -= ETH_HLEN;
	}
	if (len >= 20 && packet[0] >> 4 == 4) {
		header = (packet[0] & 0xf) * 4;
		/* not of a later fragment: there is no TCP header in it */
		if (packet[9] != IPPROTO_TCP || header < 20 || header > len ||
		    read16(packet + 6) & 0x1fff || mtu < 20 + TCP_FIXED + 8)
			return false;
		return clamp_tcp(packet + header, len - header, mtu - 20 - TCP_FIXED);
	}
	/* with extension headers a SYN is rare enough to be left alone */
	if (len < 40 || packet[0] >> 4 != 6 || packet[6] != IPPROTO_TCP ||
	    mtu < 40 + TCP_FIXED + 8)
		return false;
	return clamp_tcp(packet + 40, len - 40, mtu - 40 - TCP_FIXED);
}
