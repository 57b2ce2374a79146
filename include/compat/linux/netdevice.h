/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TUNX_COMPAT_LINUX_NETDEVICE_H
#define _TUNX_COMPAT_LINUX_NETDEVICE_H

#include_next <linux/netdevice.h>

/* NETIF_F_LLTX became a bit of its own in v6.12 */
static inline void compat_netdev_set_lltx(struct net_device *dev)
{
#ifdef HAVE_NETDEV_LLTX
	dev->lltx = true;
#else
	dev->features |= NETIF_F_LLTX;
#endif
}

/* Announced since v6.3; no kernel asks an older driver */
static inline void compat_netdev_set_xdp_features(struct net_device *dev)
{
#ifdef HAVE_NETDEV_XDP_FEATURES
	dev->xdp_features = NETDEV_XDP_ACT_BASIC | NETDEV_XDP_ACT_REDIRECT |
			    NETDEV_XDP_ACT_NDO_XMIT;
#endif
}

/* Would GRO pass a lone frame on at once? Its state became a struct in v6.15 */
static inline bool compat_napi_gro_idle(const struct napi_struct *napi)
{
#ifdef HAVE_GRO_NODE
	return !napi->gro.bitmask && !READ_ONCE(napi->gro_flush_timeout);
#else
	return !napi->gro_bitmask && !READ_ONCE(napi->dev->gro_flush_timeout);
#endif
}

/* May replace the buffer since v6.9 */
#ifndef HAVE_XDP_GENERIC_PSKB
#define do_xdp_generic(prog, pskb) do_xdp_generic(prog, *(pskb))
#endif

/* The argument became a struct sockaddr_storage in v6.16 */
static inline int compat_set_mac_address_user(struct net_device *dev,
					      struct sockaddr *sa)
{
#ifdef HAVE_SET_MAC_SOCKADDR_STORAGE
	struct sockaddr_storage ss = {};

	memcpy(&ss, sa, sizeof(*sa));
	/*
	 * Longer addresses need netlink. ABI: an ifreq holds two bytes less
	 * than this; they are zero.
	 */
	if (dev->addr_len > sizeof(*sa))
		return -EINVAL;
	return dev_set_mac_address_user(dev, &ss, NULL);
#else
	return dev_set_mac_address_user(dev, sa, NULL);
#endif
}

#endif
