// SPDX-License-Identifier: GPL-2.0
/* Building packets, and sending them from the stack's side. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <sys/stat.h>
#include "tuntest.h"

void pkt_fill(void *buf, size_t len, unsigned int seed)
{
	unsigned char *p = buf;
	unsigned int x = seed * 2654435761u + 1;

	while (len--) {
		x = x * 1664525u + 1013904223u;
		*p++ = x >> 24;
	}
}

bool pkt_match(const void *buf, size_t len, unsigned int seed)
{
	unsigned char *want = malloc(len ? len : 1);
	bool same;

	pkt_fill(want, len, seed);
	same = !memcmp(buf, want, len);
	free(want);
	return same;
}

static uint32_t sum16(uint32_t sum, const void *buf, size_t len)
{
	const unsigned char *p = buf;

	for (; len > 1; len -= 2, p += 2)
		sum += p[0] << 8 | p[1];
	if (len)
		sum += p[0] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

uint16_t pkt_csum(const void *buf, size_t len)
{
	return fold(sum16(0, buf, len));
}

static void put16(unsigned char *p, unsigned int value)
{
	p[0] = value >> 8;
	p[1] = value;
}

size_t pkt_udp4(void *buf, const char *src, const char *dst, uint16_t sport,
		uint16_t dport, const void *data, size_t len)
{
	unsigned char *ip = buf, *udp = ip + 20;
	uint16_t csum;

	memset(ip, 0, data ? 28 : 28 + len);
	ip[0] = 0x45;
	put16(ip + 2, 28 + len);
	ip[8] = 64;
	ip[9] = IPPROTO_UDP;
	must(inet_pton(AF_INET, src, ip + 12));
	must(inet_pton(AF_INET, dst, ip + 16));
	put16(ip + 10, pkt_csum(ip, 20));

	put16(udp, sport);
	put16(udp + 2, dport);
	put16(udp + 4, 8 + len);
	if (data && len)
		memcpy(udp + 8, data, len);
	csum = fold(sum16(sum16(IPPROTO_UDP + 8 + len, ip + 12, 8), udp, 8 + len));
	put16(udp + 6, csum ? csum : 0xffff);
	return 28 + len;
}

size_t pkt_eth(void *buf, const uint8_t *dst, const uint8_t *src,
	       uint16_t type, const void *data, size_t len)
{
	unsigned char *eth = buf;

	if (len)
		memmove(eth + ETH_HLEN, data, len);
	memcpy(eth, dst, ETH_ALEN);
	memcpy(eth + ETH_ALEN, src, ETH_ALEN);
	put16(eth + 2 * ETH_ALEN, type);
	return ETH_HLEN + len;
}

int packet_socket(const char *name, int type, int proto)
{
	struct sockaddr_ll sll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(proto),
		.sll_ifindex = if_nametoindex(name),
	};
	int fd = must(socket(AF_PACKET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));

	must(bind(fd, (struct sockaddr *)&sll, sizeof(sll)));
	return fd;
}

int packet_send(int fd, int proto, const void *buf, size_t len)
{
	struct sockaddr_ll sll;
	socklen_t size = sizeof(sll);

	must(getsockname(fd, (struct sockaddr *)&sll, &size));
	sll.sll_protocol = htons(proto);
	sll.sll_halen = 0;
	return sendto(fd, buf, len, 0, (struct sockaddr *)&sll, sizeof(sll));
}

/*
 * One socket per netns: closing an AF_PACKET socket waits for all processors,
 * which a test that sends a thousand packets would feel.
 */
static int sender_here(void)
{
	static ino_t ns;
	static int fd = -1;
	struct stat st;

	must(stat("/proc/thread-self/ns/net", &st));
	if (fd >= 0 && st.st_ino == ns)
		return fd;
	if (fd >= 0)
		close(fd);
	ns = st.st_ino;
	fd = must(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	return fd;
}

int stack_send(const char *name, size_t len, unsigned int seed)
{
	static const uint8_t peer[ETH_ALEN] = { 2, 0, 0, 0, 0, 9 };
	static unsigned char data[65536], pkt[65536 + 64];
	struct sockaddr_ll sll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_IP),
	};
	struct ifreq ifr = { 0 };
	size_t n;

	pkt_fill(data, len, seed);
	n = pkt_udp4(pkt, "10.1.0.1", "10.1.0.2", 1000, 2000, data, len);
	must(if_get(name, SIOCGIFHWADDR, &ifr));
	if (ifr.ifr_hwaddr.sa_family == ARPHRD_ETHER)
		n = pkt_eth(pkt, peer, (uint8_t *)ifr.ifr_hwaddr.sa_data,
			    ETH_P_IP, pkt, n);
	sll.sll_ifindex = if_nametoindex(name);
	return sendto(sender_here(), pkt, n, 0, (struct sockaddr *)&sll, sizeof(sll));
}

bool readable(int fd, int msec)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, msec) == 1 && (pfd.revents & POLLIN);
}

int drain(int fd)
{
	static char buf[70000];
	int count = 0;

	while (read(fd, buf, sizeof(buf)) >= 0)
		count++;
	return count;
}

/*
 * A carrier that came on while the device was up lets packets through only when
 * the kernel's link watch has run.
 */
void settle(int fd, const char *name)
{
	long end = msec_now() + 10000;

	while (msec_now() < end) {
		stack_send(name, 0, 0);
		if (readable(fd, 20)) {
			drain(fd);
			return;
		}
	}
	bail("no packet gets through %s", name);
}
