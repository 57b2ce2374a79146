/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Virtio-net headers, packets that ask for offloads, and a look at what the
 * stack made of them.
 */
#ifndef SELFTESTS_VNET_H
#define SELFTESTS_VNET_H

#include "tuntest.h"

/* The headers of an older system lack some of these; all are ABI. */
#ifndef TUN_F_USO4
#define TUN_F_USO4		0x20
#define TUN_F_USO6		0x40
#endif
#ifndef TUN_F_UDP_TUNNEL_GSO
#define TUN_F_UDP_TUNNEL_GSO	0x80
#define TUN_F_UDP_TUNNEL_GSO_CSUM 0x100
#endif
#ifndef IFF_BACKPRESSURE
#define IFF_BACKPRESSURE	0x0080
#endif

#define ALL_OFFLOADS	(TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN)
#define ALL_USO		(TUN_F_CSUM | TUN_F_USO4 | TUN_F_USO6)

#define F_NEEDS_CSUM	1
#define F_DATA_VALID	2
#define F_TUNNEL_CSUM	8

#define GSO_NONE	0
#define GSO_TCPV4	1
#define GSO_UFO		3
#define GSO_TCPV6	4
#define GSO_UDP_L4	5
#define GSO_TUNNEL4	0x20
#define GSO_TUNNEL6	0x40
#define GSO_ECN		0x80

/* The 24 bytes of the longest header; shorter ones are its beginning. */
struct vnet_hdr {
	uint8_t flags;
	uint8_t gso_type;
	uint16_t hdr_len;
	uint16_t gso_size;
	uint16_t csum_start;
	uint16_t csum_offset;
	uint16_t num_buffers;
	uint32_t hash_value;
	uint16_t hash_report;
	uint16_t padding;
	uint16_t outer_th;
	uint16_t inner_nh;
} __attribute__((packed));

enum l4 { TCP4, TCP6, UDP4, UDP6 };

/*
 * A packet, with an Ethernet header if @eth, whose transport checksum covers
 * the pseudo header only, as a sender leaves it that wants it completed. The
 * payload is pkt_fill() of @seed. *@l4 is the offset of the transport header.
 */
size_t vnet_packet(void *buf, bool eth, enum l4 kind, size_t payload,
		   unsigned int seed, size_t *l4);
size_t vnet_l4_len(enum l4 kind);
uint16_t vnet_csum_offset(enum l4 kind);
uint8_t vnet_gso_type(enum l4 kind);
/* The header that asks to cut such a packet into segments of @size. */
struct vnet_hdr vnet_ask_gso(enum l4 kind, size_t l4, size_t size);
/* Is the checksum of the transport header at @l4 of a frame complete? */
bool vnet_csum_good(const void *frame, size_t len, size_t nh, size_t l4, uint8_t proto);

/* writev() of the first @hdr_size bytes of a header and a frame. */
ssize_t vnet_write(int fd, const struct vnet_hdr *h, int hdr_size,
		   const void *frame, size_t len);
/* Reads a frame behind a header of @hdr_size; the length of the frame, or -1. */
ssize_t vnet_read(int fd, struct vnet_hdr *h, int hdr_size, void *frame, size_t len);

/* AF_PACKET with PACKET_VNET_HDR: what the stack thinks of a frame; or bail. */
int vnet_packet_socket(const char *name);
/* Has its header words for frames to be cut of this kind? */
bool vnet_watchable(enum l4 kind);

#endif /* SELFTESTS_VNET_H */
