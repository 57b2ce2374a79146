/* SPDX-License-Identifier: GPL-2.0 */
/*
 * frame.h - the bytes both halves agree on: what surrounds a frame in a read
 * or write. Pure functions: no locks, no allocation, no device.
 *
 *   [ struct tun_pi, 4 bytes, unless IFF_NO_PI ] [ IP packet or Ethernet frame ]
 */
#ifndef _TUNX_FRAME_H
#define _TUNX_FRAME_H

#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <linux/types.h>

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
