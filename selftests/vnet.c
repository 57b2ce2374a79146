// SPDX-License-Identifier: GPL-2.0
/* Packets that ask for offloads, and a look at what the stack made of them. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include "vnet.h"

static void put16(unsigned char *p, unsigned int value)
{
	p[0] = value >> 8;
	p[1] = value;
}

static bool is_tcp(enum l4 kind)
{
	return kind == TCP4 || kind == TCP6;
}

static bool is_ip6(enum l4 kind)
{
	return kind == TCP6 || kind == UDP6;
}

size_t vnet_l4_len(enum l4 kind)
{
	return is_tcp(kind) ? 20 : 8;
}

uint16_t vnet_csum_offset(enum l4 kind)
{
	return is_tcp(kind) ? 16 : 6;
}

uint8_t vnet_gso_type(enum l4 kind)
{
	if (!is_tcp(kind))
		return GSO_UDP_L4;
	return kind == TCP6 ? GSO_TCPV6 : GSO_TCPV4;
}

/* Not inverted: what stands in the checksum field before it is completed. */
static uint16_t pseudo(const unsigned char *addrs, size_t len, size_t l4_len, uint8_t proto)
{
	unsigned char buf[40] = { 0 };

	memcpy(buf, addrs, len);
	put16(buf + len + 2, l4_len);
	buf[len + 5] = proto;
	return ~pkt_csum(buf, len + 6);
}

static size_t put_ip(unsigned char *ip, enum l4 kind, size_t l4_len)
{
	memset(ip, 0, 40);
	if (is_ip6(kind)) {
		ip[0] = 0x60;
		put16(ip + 4, l4_len < 65536 ? l4_len : 0);
		ip[6] = is_tcp(kind) ? IPPROTO_TCP : IPPROTO_UDP;
		ip[7] = 64;
		must(inet_pton(AF_INET6, "fd00::1", ip + 8));
		must(inet_pton(AF_INET6, "fd00::2", ip + 24));
		return 40;
	}
	ip[0] = 0x45;
	put16(ip + 2, 20 + l4_len < 65536 ? 20 + l4_len : 0);
	ip[8] = 64;
	ip[9] = is_tcp(kind) ? IPPROTO_TCP : IPPROTO_UDP;
	must(inet_pton(AF_INET, "10.2.0.1", ip + 12));
	must(inet_pton(AF_INET, "10.2.0.2", ip + 16));
	put16(ip + 10, pkt_csum(ip, 20));
	return 20;
}

size_t vnet_packet(void *buf, bool eth, enum l4 kind, size_t payload,
		   unsigned int seed, size_t *l4)
{
	size_t off = eth ? ETH_HLEN : 0, l4_len = vnet_l4_len(kind) + payload, nh;
	unsigned char *p = buf, *th;

	if (eth) {
		memcpy(p, "\x02\0\0\0\0\x02\x02\0\0\0\0\x01", 12);
		put16(p + 12, is_ip6(kind) ? ETH_P_IPV6 : ETH_P_IP);
	}
	nh = off;
	off += put_ip(p + off, kind, l4_len);
	*l4 = off;
	th = p + off;
	memset(th, 0, vnet_l4_len(kind));
	put16(th, 1000);
	put16(th + 2, 2000);
	if (is_tcp(kind)) {
		put16(th + 6, 1);	/* sequence number */
		th[12] = 5 << 4;
		th[13] = 0x10;		/* ACK */
		put16(th + 14, 1000);
	} else {
		put16(th + 4, l4_len < 65536 ? l4_len : 0);
	}
	put16(th + vnet_csum_offset(kind),
	      is_ip6(kind) ? pseudo(p + nh + 8, 32, l4_len, p[nh + 6]) :
			     pseudo(p + nh + 12, 8, l4_len, p[nh + 9]));
	pkt_fill(th + vnet_l4_len(kind), payload, seed);
	return off + l4_len;
}

struct vnet_hdr vnet_ask_gso(enum l4 kind, size_t l4, size_t size)
{
	return (struct vnet_hdr){
		.flags = F_NEEDS_CSUM,
		.gso_type = vnet_gso_type(kind),
		.hdr_len = l4 + vnet_l4_len(kind),
		.gso_size = size,
		.csum_start = l4,
		.csum_offset = vnet_csum_offset(kind),
	};
}

bool vnet_csum_good(const void *frame, size_t len, size_t nh, size_t l4, uint8_t proto)
{
	const unsigned char *ip = (const unsigned char *)frame + nh;
	unsigned char *buf = calloc(1, len + 64);
	size_t addrs = ip[0] >> 4 == 6 ? 32 : 8, at = addrs;
	bool good;

	memcpy(buf, ip + (addrs == 32 ? 8 : 12), addrs);
	put16(buf + at + 2, len - l4);
	buf[at + 5] = proto;
	memcpy(buf + at + 6, (const unsigned char *)frame + l4, len - l4);
	good = !pkt_csum(buf, at + 6 + len - l4);
	free(buf);
	return good;
}

ssize_t vnet_write(int fd, const struct vnet_hdr *h, int hdr_size,
		   const void *frame, size_t len)
{
	static unsigned char zeros[4096];
	size_t known = (size_t)hdr_size < sizeof(*h) ? (size_t)hdr_size : sizeof(*h);
	struct iovec iov[] = {
		{ (void *)h, known },
		{ zeros, hdr_size - known },
		{ (void *)frame, len },
	};

	return writev(fd, iov, 3);
}

ssize_t vnet_read(int fd, struct vnet_hdr *h, int hdr_size, void *frame, size_t len)
{
	static unsigned char rest[4096];
	size_t known = (size_t)hdr_size < sizeof(*h) ? (size_t)hdr_size : sizeof(*h);
	struct iovec iov[] = {
		{ h, known },
		{ rest, hdr_size - known },
		{ frame, len },
	};
	ssize_t n;

	memset(h, 0, sizeof(*h));
	n = readv(fd, iov, 3);
	return n < 0 ? n : n - hdr_size;
}

int vnet_packet_socket(const char *name)
{
	int fd = packet_socket(name, SOCK_RAW, ETH_P_ALL), one = 1, big = 4 << 20;

	must(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)));
	must(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big)));
	return fd;
}

/* That of 6.1 has none for UDP segmentation. */
bool vnet_watchable(enum l4 kind)
{
	return is_tcp(kind) || !kernel_before(6, 2, 0);
}
