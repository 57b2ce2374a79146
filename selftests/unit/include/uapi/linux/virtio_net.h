/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UNIT_UAPI_LINUX_VIRTIO_NET_H
#define UNIT_UAPI_LINUX_VIRTIO_NET_H

#include <linux/virtio_net.h>

/* The headers of an older system lack these; all are ABI. */
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4		5
#endif
#ifndef VIRTIO_NET_HDR_GSO_UDP_TUNNEL
#define VIRTIO_NET_HDR_F_UDP_TUNNEL_CSUM	8
#define VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV4	0x20
#define VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV6	0x40
#define VIRTIO_NET_HDR_GSO_UDP_TUNNEL		(VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV4 | \
						 VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV6)
#endif

#endif
