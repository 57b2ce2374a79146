/* SPDX-License-Identifier: GPL-2.0 */
/*
 * frame.h - the bytes both halves agree on: what surrounds a frame in a read
 * or write
 *
 *   [ struct tun_pi ] [ virtio-net header ] [ IP packet or Ethernet frame ]
 *     unless            with IFF_VNET_HDR,
 *     IFF_NO_PI         TUNSETVNETHDRSZ bytes
 *
 * frame.c is bytes to struct tunx_vnet and back: no locks, no allocation, no
 * socket buffer; it builds in user space, too. frame_skb.c is struct tunx_vnet
 * to the metadata of a socket buffer and back.
 */
#ifndef _TUNX_FRAME_H
#define _TUNX_FRAME_H

#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <linux/types.h>
#include <linux/virtio_byteorder.h>
#include <uapi/linux/virtio_net.h>

struct sk_buff;

/**
 * struct tunx_vnet_raw - the virtio-net header as it lies in memory
 * @flags: VIRTIO_NET_HDR_F_*
 * @gso_type: VIRTIO_NET_HDR_GSO_*
 * @hdr_len: length of all headers, a hint
 * @gso_size: payload per segment
 * @csum_start: where checksumming starts
 * @csum_offset: where, after @csum_start, the sum goes
 * @num_buffers: always 0 (header sizes from 12)
 * @hash_value: low and high half of the hash (header sizes from 20)
 * @hash_report: VIRTIO_NET_HASH_REPORT_*, what was hashed
 * @padding: always 0
 * @outer_th: start of the outer UDP header (header sizes from 24)
 * @inner_nh: start of the inner IP header
 *
 * The first six fields are struct virtio_net_hdr; virtio 1.4, 5.1.6.
 */
struct tunx_vnet_raw {
	u8 flags;
	u8 gso_type;
	__virtio16 hdr_len;
	__virtio16 gso_size;
	__virtio16 csum_start;
	__virtio16 csum_offset;
	__virtio16 num_buffers;
	__le16 hash_value[2];
	__le16 hash_report;
	__le16 padding;
	__le16 outer_th;
	__le16 inner_nh;
};

#define TUNX_VNET_MIN	sizeof(struct virtio_net_hdr)	/* 10 */
#define TUNX_VNET_HASH	offsetof(struct tunx_vnet_raw, outer_th)	/* 20 */
#define TUNX_VNET_MAX	sizeof(struct tunx_vnet_raw)	/* 24 */

/**
 * struct tunx_vnet - the same, in the machine's byte order
 * @flags: VIRTIO_NET_HDR_F_*
 * @gso_type: VIRTIO_NET_HDR_GSO_*
 * @hdr_len: length of all headers, at least to the end of the checksum
 * @gso_size: payload per segment
 * @csum_start: where checksumming starts
 * @csum_offset: where, after @csum_start, the sum goes
 * @outer_th: start of the outer UDP header of a tunnel packet
 * @inner_nh: start of its inner IP header
 */
struct tunx_vnet {
	u8 flags;
	u8 gso_type;
	u16 hdr_len;
	u16 gso_size;
	u16 csum_start;
	u16 csum_offset;
	u16 outer_th;
	u16 inner_nh;
};

/**
 * struct tunx_frame_gso - what a gso_type asks of the frame
 * @skb_type: SKB_GSO_*
 * @ip_proto: transport protocol
 * @l3_min: shortest network header
 * @l4_min: shortest transport header
 */
struct tunx_frame_gso {
	unsigned int skb_type;
	u8 ip_proto;
	u8 l3_min;
	u8 l4_min;
};

/* frame.c */
size_t tunx_frame_vnet_size(size_t hdr_size);
int tunx_frame_vnet_check(struct tunx_vnet *v, size_t frame_len);
int tunx_frame_vnet_decode(const struct tunx_vnet_raw *raw, bool le,
			   size_t frame_len, struct tunx_vnet *v);
void tunx_frame_vnet_encode(const struct tunx_vnet *v, bool le,
			    struct tunx_vnet_raw *raw);
int tunx_frame_vnet_check_tunnel(const struct tunx_vnet *v, bool room);

/* frame_skb.c */
int tunx_frame_to_skb(struct sk_buff *skb, const struct tunx_vnet *v,
		      bool tunnel);
int tunx_frame_from_skb(const struct sk_buff *skb, bool tunnel,
			unsigned int vlan_len, struct tunx_vnet *v);

/**
 * tunx_frame_vnet_hash - tell the reader of a header the frame's hash
 * @hash: value
 * @report: VIRTIO_NET_HASH_REPORT_*
 * @raw: header; little-endian here even where the rest is not
 *
 * Context: any.
 */
static inline void tunx_frame_vnet_hash(u32 hash, u16 report,
					struct tunx_vnet_raw *raw)
{
	raw->hash_value[0] = cpu_to_le16(hash);
	raw->hash_value[1] = cpu_to_le16(hash >> 16);
	raw->hash_report = cpu_to_le16(report);
}

/**
 * tunx_frame_pi - header of a frame that is being read
 * @proto: EtherType of the frame
 * @cut: the reader's buffer is too short for all of it
 *
 * Context: any.
 * Return: the header; its flags are in the machine's byte order.
 */
static inline struct tun_pi tunx_frame_pi(__be16 proto, bool cut)
{
	return (struct tun_pi){
		.flags = cut ? TUN_PKT_STRIP : 0,
		.proto = proto,
	};
}

/**
 * tunx_frame_ip_proto - tell IPv4 from IPv6 where no header says it
 * @first: first byte of the packet
 *
 * Context: any.
 * Return: EtherType, or 0 when the packet is neither.
 */
static inline __be16 tunx_frame_ip_proto(u8 first)
{
	switch (first >> 4) {
	case 4:
		return htons(ETH_P_IP);
	case 6:
		return htons(ETH_P_IPV6);
	default:
		return 0;
	}
}

#endif /* _TUNX_FRAME_H */
