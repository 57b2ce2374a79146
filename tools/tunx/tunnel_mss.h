/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TUNX_TOOL_TUNNEL_MSS_H
#define TUNX_TOOL_TUNNEL_MSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * mss_clamp - lower the segment size that a TCP SYN asks for to what @mtu allows
 * @ethernet: the packet starts with an Ethernet header
 *
 * Hosts behind the tunnel that do not learn of its MTU then work all the same.
 *
 * Return: true if it was changed.
 */
bool mss_clamp(uint8_t *packet, size_t len, bool ethernet, uint32_t mtu);

#endif
