// SPDX-License-Identifier: GPL-2.0
/*
 * frame.c - the virtio-net header: bytes to struct tunx_vnet and back
 *
 * The same rules on every kernel. Pure functions, built and fuzzed in user
 * space as well: nothing here may know a socket buffer or a device.
 */
#include <linux/errno.h>
#include <linux/string.h>

#include "frame.h"

#define TUNX_IP4_MIN	20
#define TUNX_IP6_MIN	40
#define TUNX_UDP_LEN	8

/**
 * tunx_frame_vnet_size - how much of a header has a meaning
 * @hdr_size: TUNSETVNETHDRSZ
 *
 * ABI: a header in which the tunnel fields fit has them, whether or not the
 * offload was negotiated. The rest of a header is ignored, and on read zero but
 * for the hash.
 *
 * Context: any.
 * Return: TUNX_VNET_MIN or TUNX_VNET_MAX.
 */
size_t tunx_frame_vnet_size(size_t hdr_size)
{
	return hdr_size >= TUNX_VNET_MAX ? TUNX_VNET_MAX : TUNX_VNET_MIN;
}

/**
 * tunx_frame_vnet_check - what was said about a frame, against its length
 * @v: header in the machine's byte order; hdr_len may grow
 * @frame_len: length of the frame
 *
 * Context: any.
 * Return: 0, or -EINVAL when the headers are longer than the frame.
 */
int tunx_frame_vnet_check(struct tunx_vnet *v, size_t frame_len)
{
	unsigned int csum_end;

	if (v->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		csum_end = v->csum_start + v->csum_offset + sizeof(__sum16);
		/* ABI: wraps; what it lets through does not fit the frame */
		if (v->hdr_len < csum_end)
			v->hdr_len = csum_end;
	}
	return v->hdr_len <= frame_len ? 0 : -EINVAL;
}

/**
 * tunx_frame_vnet_decode - a written header
 * @raw: the header, zero where the writer's was shorter
 * @le: little-endian (virtio 1), else big-endian
 * @frame_len: length of what follows the header
 * @v: result
 *
 * @v->hdr_len reaches at least to the end of the checksum field.
 *
 * Context: any.
 * Return: 0, or -EINVAL when the headers are longer than the frame.
 */
int tunx_frame_vnet_decode(const struct tunx_vnet_raw *raw, bool le,
			   size_t frame_len, struct tunx_vnet *v)
{
	v->flags = raw->flags;
	v->gso_type = raw->gso_type;
	v->hdr_len = __virtio16_to_cpu(le, raw->hdr_len);
	v->gso_size = __virtio16_to_cpu(le, raw->gso_size);
	v->csum_start = __virtio16_to_cpu(le, raw->csum_start);
	v->csum_offset = __virtio16_to_cpu(le, raw->csum_offset);
	v->outer_th = le16_to_cpu(raw->outer_th);
	v->inner_nh = le16_to_cpu(raw->inner_nh);
	return tunx_frame_vnet_check(v, frame_len);
}

/**
 * tunx_frame_vnet_encode - a header to be read
 * @v: what it says
 * @le: little-endian (virtio 1), else big-endian
 * @raw: result, all of it is set
 *
 * Context: any.
 */
void tunx_frame_vnet_encode(const struct tunx_vnet *v, bool le,
			    struct tunx_vnet_raw *raw)
{
	/* No byte of ours but these reaches the reader */
	memset(raw, 0, sizeof(*raw));
	raw->flags = v->flags;
	raw->gso_type = v->gso_type;
	raw->hdr_len = __cpu_to_virtio16(le, v->hdr_len);
	raw->gso_size = __cpu_to_virtio16(le, v->gso_size);
	raw->csum_start = __cpu_to_virtio16(le, v->csum_start);
	raw->csum_offset = __cpu_to_virtio16(le, v->csum_offset);
	raw->outer_th = cpu_to_le16(v->outer_th);
	raw->inner_nh = cpu_to_le16(v->inner_nh);
}

/**
 * tunx_frame_vnet_check_tunnel - the fields of a UDP tunnel packet
 * @v: header with one of VIRTIO_NET_HDR_GSO_UDP_TUNNEL_*
 * @room: the header has the tunnel fields
 *
 * Context: any.
 * Return: 0, or -EINVAL: the fields are missing, both outer protocols are
 * claimed, what is carried is not to be segmented or has no checksum to
 * complete, or the headers overlap. Virtio 1.4, 5.1.6.2.
 */
int tunx_frame_vnet_check_tunnel(const struct tunx_vnet *v, bool room)
{
	u8 outer = v->gso_type & VIRTIO_NET_HDR_GSO_UDP_TUNNEL;
	u8 inner = v->gso_type & ~(VIRTIO_NET_HDR_GSO_UDP_TUNNEL |
				   VIRTIO_NET_HDR_GSO_ECN);
	unsigned int outer_min, inner_min;

	if (!room || outer == VIRTIO_NET_HDR_GSO_UDP_TUNNEL)
		return -EINVAL;
	if (inner == VIRTIO_NET_HDR_GSO_NONE || inner == VIRTIO_NET_HDR_GSO_UDP)
		return -EINVAL;
	if (!(v->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return -EINVAL;

	/* ABI: an Ethernet header is required even of a tun */
	outer_min = ETH_HLEN + (outer == VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV6 ?
				TUNX_IP6_MIN : TUNX_IP4_MIN);
	inner_min = inner == VIRTIO_NET_HDR_GSO_TCPV6 ? TUNX_IP6_MIN : TUNX_IP4_MIN;
	if (v->outer_th < outer_min ||
	    v->inner_nh < v->outer_th + TUNX_UDP_LEN ||
	    v->csum_start < v->inner_nh + inner_min)
		return -EINVAL;
	return 0;
}
