// SPDX-License-Identifier: GPL-2.0
/*
 * frame_skb.c - struct tunx_vnet to the metadata of a socket buffer and back
 *
 * What a program claims about a frame is checked here, against the frame,
 * before the stack believes it. The same rules on every kernel.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/flow_dissector.h>
#include <net/ip.h>
#include <net/tcp.h>

#include "frame.h"

/* What each gso_type means, the ECN bit aside; skb_type 0 where unknown */
static struct tunx_frame_gso tunx_frame_gso_of(u8 gso_type)
{
	switch (gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return (struct tunx_frame_gso){
			SKB_GSO_TCPV4, IPPROTO_TCP,
			sizeof(struct iphdr), sizeof(struct tcphdr) };
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return (struct tunx_frame_gso){
			SKB_GSO_TCPV6, IPPROTO_TCP,
			sizeof(struct ipv6hdr), sizeof(struct tcphdr) };
	case VIRTIO_NET_HDR_GSO_UDP:
		return (struct tunx_frame_gso){
			SKB_GSO_UDP, IPPROTO_UDP,
			sizeof(struct iphdr), sizeof(struct udphdr) };
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		return (struct tunx_frame_gso){
			SKB_GSO_UDP_L4, IPPROTO_UDP,
			sizeof(struct iphdr), sizeof(struct udphdr) };
	default:
		return (struct tunx_frame_gso){
			.l3_min = sizeof(struct iphdr) };
	}
}

static bool tunx_frame_gso_fits(const struct tunx_frame_gso *gso, __be16 proto)
{
	switch (gso->skb_type) {
	case SKB_GSO_TCPV4:
		return proto == htons(ETH_P_IP);
	case SKB_GSO_TCPV6:
		return proto == htons(ETH_P_IPV6);
	default:
		return proto == htons(ETH_P_IP) || proto == htons(ETH_P_IPV6);
	}
}

/* A checksum the stack or a card is to complete; @l4 gets its start */
static int tunx_frame_set_csum(struct sk_buff *skb, const struct tunx_vnet *v,
			       const struct tunx_frame_gso *gso,
			       unsigned int *l4)
{
	unsigned int need = max_t(unsigned int, gso->l4_min,
				  v->csum_offset + sizeof(__sum16));

	if (!pskb_may_pull(skb, v->csum_start + need) ||
	    !skb_partial_csum_set(skb, v->csum_start, v->csum_offset) ||
	    v->csum_start < gso->l3_min)
		return -EINVAL;
	*l4 = v->csum_start;
	return 0;
}

/*
 * A frame to be segmented whose checksum is complete: nothing in the header
 * says where the transport header is, so look, and do not believe gso_type.
 */
static int tunx_frame_find_l4(struct sk_buff *skb,
			      const struct tunx_frame_gso *gso,
			      unsigned int *l4)
{
	struct flow_keys_basic keys;

	if (!skb->protocol)
		skb->protocol = dev_parse_header_protocol(skb);
	if (!skb->protocol)
		skb->protocol = gso->skb_type == SKB_GSO_TCPV6 ?
				htons(ETH_P_IPV6) : htons(ETH_P_IP);
	while (!skb_flow_dissect_flow_keys_basic(NULL, skb, &keys, NULL, 0, 0, 0, 0)) {
		/* ABI: UFO does not say which IP it is */
		if (gso->skb_type != SKB_GSO_UDP || skb->protocol != htons(ETH_P_IP))
			return -EINVAL;
		skb->protocol = htons(ETH_P_IPV6);
	}

	if (!pskb_may_pull(skb, keys.control.thoff + gso->l4_min) ||
	    keys.basic.ip_proto != gso->ip_proto ||
	    !tunx_frame_gso_fits(gso, keys.basic.n_proto))
		return -EINVAL;
	*l4 = keys.control.thoff;
	skb_set_transport_header(skb, *l4);
	return 0;
}

/* @l4 is the start of the transport header, which is in the frame */
static int tunx_frame_set_gso(struct sk_buff *skb, const struct tunx_vnet *v,
			      const struct tunx_frame_gso *gso,
			      unsigned int l4)
{
	unsigned int payload = skb->len - l4 - gso->l4_min;
	bool partial = v->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM;
	bool ecn = v->gso_type & VIRTIO_NET_HDR_GSO_ECN;
	unsigned int size = v->gso_size;

	switch (gso->skb_type) {
	case SKB_GSO_UDP:
		/* ABI: the size may or may not include the UDP header */
		payload += gso->l4_min;
		break;
	case SKB_GSO_UDP_L4:
		if (!partial || ecn ||
		    v->csum_offset != offsetof(struct udphdr, check) ||
		    payload > size * UDP_MAX_SEGMENTS)
			return -EINVAL;
		break;
	default:
		if (partial && v->csum_offset != offsetof(struct tcphdr, check))
			return -EINVAL;
		/* The stack counts segments in 16 bits */
		size = max_t(unsigned int, size, TCP_MIN_GSO_SIZE);
	}
	/* The stack has a meaning of its own for this one */
	if (size == GSO_BY_FRAGS)
		return -EINVAL;
	/* ABI: what fits one segment is no error, and not segmented */
	if (payload <= size)
		return 0;

	skb_shinfo(skb)->gso_size = size;
	skb_shinfo(skb)->gso_type = gso->skb_type | SKB_GSO_DODGY |
				    (ecn ? SKB_GSO_TCP_ECN : 0);
	skb_shinfo(skb)->gso_segs = 0;
	return 0;
}

/* What @v says, the tunnel aside */
static int tunx_frame_to_skb_plain(struct sk_buff *skb,
				   const struct tunx_vnet *v, u8 gso_type)
{
	struct tunx_frame_gso gso = tunx_frame_gso_of(gso_type);
	unsigned int l4 = 0;
	int err = 0;

	if (gso_type != VIRTIO_NET_HDR_GSO_NONE && (!gso.skb_type || !v->gso_size))
		return -EINVAL;
	if (v->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		err = tunx_frame_set_csum(skb, v, &gso, &l4);
	else if (gso.skb_type)
		err = tunx_frame_find_l4(skb, &gso, &l4);
	if (err || !gso.skb_type)
		return err;
	return tunx_frame_set_gso(skb, v, &gso, l4);
}

static int tunx_frame_to_skb_tunnel(struct sk_buff *skb,
				    const struct tunx_vnet *v)
{
	u8 inner = v->gso_type & ~VIRTIO_NET_HDR_GSO_UDP_TUNNEL;
	bool ip6;
	int err;

	err = tunx_frame_to_skb_plain(skb, v, inner);
	if (err)
		return err;

	/* UDP says nothing about IP: the inner header does, and it is linear */
	if (inner == VIRTIO_NET_HDR_GSO_UDP_L4) {
		ip6 = ((struct iphdr *)(skb->data + v->inner_nh))->version == 6;
		if (ip6 && v->csum_start < v->inner_nh + sizeof(struct ipv6hdr))
			return -EINVAL;
	} else {
		ip6 = (inner & ~VIRTIO_NET_HDR_GSO_ECN) == VIRTIO_NET_HDR_GSO_TCPV6;
	}

	skb_set_inner_protocol(skb, ip6 ? htons(ETH_P_IPV6) : htons(ETH_P_IP));
	skb_shinfo(skb)->gso_type |= v->flags & VIRTIO_NET_HDR_F_UDP_TUNNEL_CSUM ?
				     SKB_GSO_UDP_TUNNEL_CSUM : SKB_GSO_UDP_TUNNEL;
	skb_set_inner_transport_header(skb, v->csum_start);
	skb_set_inner_network_header(skb, v->inner_nh);
	skb_set_inner_mac_header(skb, v->inner_nh);
	skb_set_transport_header(skb, v->outer_th);
	skb->encapsulation = 1;
	return 0;
}

/**
 * tunx_frame_to_skb - believe what a writer says about a frame, after a look
 * @skb: frame; data is its first byte, dev and network header are set, and
 *	protocol where it is known
 * @v: header of tunx_frame_vnet_decode()
 * @tunnel: the header had the tunnel fields
 *
 * Context: any.
 * Return: 0, or -EINVAL when header and frame do not fit together.
 */
int tunx_frame_to_skb(struct sk_buff *skb, const struct tunx_vnet *v,
		      bool tunnel)
{
	skb_reset_mac_header(skb);
	if (!(v->gso_type & VIRTIO_NET_HDR_GSO_UDP_TUNNEL))
		return tunx_frame_to_skb_plain(skb, v, v->gso_type);
	if (tunx_frame_vnet_check_tunnel(v, tunnel))
		return -EINVAL;
	return tunx_frame_to_skb_tunnel(skb, v);
}

static int tunx_frame_gso_from_skb(const struct sk_buff *skb, bool tunnel,
				   unsigned int vlan_len, struct tunx_vnet *v)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	unsigned int type = shinfo->gso_type;

	if (type & SKB_GSO_TCPV4)
		v->gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	else if (type & SKB_GSO_TCPV6)
		v->gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
	else if (type & SKB_GSO_UDP_L4)
		v->gso_type = VIRTIO_NET_HDR_GSO_UDP_L4;
	else
		return -EINVAL;
	if (type & SKB_GSO_TCP_ECN)
		v->gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	v->gso_size = shinfo->gso_size;
	v->hdr_len = skb_headlen(skb);

	if (!(type & (SKB_GSO_UDP_TUNNEL | SKB_GSO_UDP_TUNNEL_CSUM)))
		return 0;
	if (!tunnel)
		return -EINVAL;
	v->gso_type |= skb->protocol == htons(ETH_P_IPV6) ?
		       VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV6 :
		       VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV4;
	if (type & SKB_GSO_UDP_TUNNEL_CSUM)
		v->flags |= VIRTIO_NET_HDR_F_UDP_TUNNEL_CSUM;
	v->outer_th = skb_transport_offset(skb) + vlan_len;
	v->inner_nh = skb_inner_network_offset(skb) + vlan_len;
	return 0;
}

/**
 * tunx_frame_from_skb - what a reader is told about a frame
 * @skb: frame of the stack
 * @tunnel: the reader's header has the tunnel fields, and it asked for them
 * @vlan_len: bytes of a VLAN tag that will be put into the frame
 * @v: result
 *
 * Context: any.
 * Return: 0, or -EINVAL when the header has no words for this frame.
 */
int tunx_frame_from_skb(const struct sk_buff *skb, bool tunnel,
			unsigned int vlan_len, struct tunx_vnet *v)
{
	int err;

	*v = (struct tunx_vnet){};
	if (skb_is_gso(skb)) {
		err = tunx_frame_gso_from_skb(skb, tunnel, vlan_len, v);
		if (err)
			return err;
	}
	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		v->flags |= VIRTIO_NET_HDR_F_NEEDS_CSUM;
		v->csum_start = skb_checksum_start_offset(skb) + vlan_len;
		v->csum_offset = skb->csum_offset;
	} else if (skb->ip_summed == CHECKSUM_UNNECESSARY &&
		   !(v->gso_type & VIRTIO_NET_HDR_GSO_UDP_TUNNEL)) {
		v->flags |= VIRTIO_NET_HDR_F_DATA_VALID;
	}
	return 0;
}
