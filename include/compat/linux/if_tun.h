/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TUNX_COMPAT_LINUX_IF_TUN_H
#define _TUNX_COMPAT_LINUX_IF_TUN_H

#include_next <linux/if_tun.h>

/* UDP segmentation, v6.2 */
#ifndef TUN_F_USO4
#define TUN_F_USO4			0x20
#define TUN_F_USO6			0x40
#endif

/* Segmentation of what a UDP tunnel carries, v6.17 */
#ifndef TUN_F_UDP_TUNNEL_GSO
#define TUN_F_UDP_TUNNEL_GSO		0x080
#define TUN_F_UDP_TUNNEL_GSO_CSUM	0x100
#endif

/* Stop the sender instead of dropping, v7.3 */
#ifndef IFF_BACKPRESSURE
#define IFF_BACKPRESSURE		0x0080
#endif

#include <linux/virtio_net.h>
#include <net/xdp.h>

/* Until 7.1 vhost_net put the size of its buffer before the header */
static inline const void *compat_tun_xdp_vnet(const struct xdp_buff *xdp)
{
#ifdef HAVE_TUN_XDP_HDR
	return &((const struct tun_xdp_hdr *)xdp->data_hard_start)->gso;
#else
	return xdp->data_hard_start;
#endif
}

/* and knew no tunnel fields */
static inline size_t compat_tun_xdp_vnet_size(size_t vnet_size)
{
#ifdef HAVE_TUN_XDP_HDR
	return sizeof(struct virtio_net_hdr);
#else
	return vnet_size >= 24 ? 24 : sizeof(struct virtio_net_hdr);
#endif
}

/* vhost_net tells that it made room in the ring, v7.3 */
#ifdef HAVE_TUN_WAKE_QUEUE
#define COMPAT_VHOST_WAKES true
#else
#define COMPAT_VHOST_WAKES false
#endif

#endif
