/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TUNX_COMPAT_UAPI_LINUX_VIRTIO_NET_H
#define _TUNX_COMPAT_UAPI_LINUX_VIRTIO_NET_H

#include_next <uapi/linux/virtio_net.h>

/* UDP segmentation, v6.2 */
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4		5
#endif

/* Segmentation of what a UDP tunnel carries, v6.17 */
#ifndef VIRTIO_NET_HDR_GSO_UDP_TUNNEL
#define VIRTIO_NET_HDR_F_UDP_TUNNEL_CSUM	8
#define VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV4	0x20
#define VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV6	0x40
#define VIRTIO_NET_HDR_GSO_UDP_TUNNEL		(VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV4 | \
						 VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV6)
#endif

#endif
