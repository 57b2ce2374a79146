// SPDX-License-Identifier: GPL-2.0
/*
 * net.c - the network-card half: life of the net device, its operations
 *
 * Two tables of operations, one per device type: tun is a point-to-point link
 * of IP packets, tap an Ethernet card. Transmit is lockless for the stack
 * (dev->lltx): the ring has its own lock.
 */
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/if_vlan.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <linux/security.h>
#include <net/ip_tunnels.h>

#include "frame.h"
#include "tunx.h"

#define TUNX_TUN_QLEN	500	/* ABI: a tap has Ethernet's 1000 */

/* What user space may grant by ioctl; off until it does */
#define TUNX_OFFLOADS	(NETIF_F_HW_CSUM | NETIF_F_TSO | NETIF_F_TSO6 |	\
			 NETIF_F_TSO_ECN | NETIF_F_GSO_UDP_L4 |		\
			 NETIF_F_GSO_UDP_TUNNEL | NETIF_F_GSO_UDP_TUNNEL_CSUM)

#define TUNX_VLAN_TX	(NETIF_F_HW_VLAN_CTAG_TX | NETIF_F_HW_VLAN_STAG_TX)

static int tunx_net_open(struct net_device *dev)
{
	netif_tx_start_all_queues(dev);
	return 0;
}

static int tunx_net_stop(struct net_device *dev)
{
	netif_tx_stop_all_queues(dev);
	return 0;
}

static void tunx_net_uninit(struct net_device *dev)
{
	struct tunx_dev *xd = netdev_priv(dev);

	tunx_queue_kill_all(xd);
	if (xd->flags & TUNX_F_PERSIST)
		module_put(THIS_MODULE);
}

static netdev_features_t tunx_net_fix_features(struct net_device *dev,
					       netdev_features_t features)
{
	struct tunx_dev *xd = netdev_priv(dev);

	return features & (~TUNX_OFFLOADS | xd->granted);
}

/* A tunnel packet needs a header with the tunnel fields, else the core cuts it */
static netdev_features_t tunx_net_features_check(struct sk_buff *skb,
						 struct net_device *dev,
						 netdev_features_t features)
{
	const netdev_features_t tunnel = NETIF_F_GSO_UDP_TUNNEL |
					 NETIF_F_GSO_UDP_TUNNEL_CSUM;
	const struct tunx_dev *xd = netdev_priv(dev);

	if (unlikely(features & tunnel) && READ_ONCE(xd->vnet_size) < TUNX_VNET_MAX)
		features &= ~tunnel;
	return features;
}

static netdev_features_t tunx_net_features_check_tun(struct sk_buff *skb,
						     struct net_device *dev,
						     netdev_features_t features)
{
	return vlan_features_check(skb,
				   tunx_net_features_check(skb, dev, features));
}

/* Bridges ask their ports for headroom, without saying how much is sane */
static void tunx_net_set_rx_headroom(struct net_device *dev, int headroom)
{
	struct tunx_dev *xd = netdev_priv(dev);
	int most = SKB_MAX_HEAD(0) - dev->hard_header_len - NET_IP_ALIGN - 1;

	WRITE_ONCE(xd->rx_headroom, clamp(headroom, (int)NET_SKB_PAD, most));
}

static int tunx_net_change_carrier(struct net_device *dev, bool on)
{
	return tunx_net_set_carrier(netdev_priv(dev), on);
}

/* A tap takes every frame: there is no receive filter to program */
static void tunx_net_set_rx_mode(struct net_device *dev)
{
}

/**
 * tunx_net_stats_read - sum up the counters of a slot
 * @slot: slot of a device, one of its first nr_counted
 * @sum: counters in the order of struct tunx_stats; added to
 *
 * Context: any.
 */
void tunx_net_stats_read(const struct tunx_slot *slot, u64 sum[TUNX_STATS])
{
	unsigned int cpu, i;
	const u64 *counter;

	for_each_possible_cpu(cpu) {
		counter = (const u64 *)per_cpu_ptr(slot->stats, cpu);
		for (i = 0; i < TUNX_STATS; i++)
			sum[i] += READ_ONCE(counter[i]);
	}
}

static void tunx_net_get_stats64(struct net_device *dev,
				 struct rtnl_link_stats64 *s)
{
	struct tunx_dev *xd = netdev_priv(dev);
	union {
		struct tunx_stats named;
		u64 all[TUNX_STATS];
	} sum = {};
	unsigned int i, n;

	/* Pairs with tunx_queue_slot_stats() */
	n = smp_load_acquire(&xd->nr_counted);
	for (i = 0; i < n; i++)
		tunx_net_stats_read(&xd->slot[i], sum.all);
	s->tx_packets = sum.named.tx_packets;
	s->tx_bytes = sum.named.tx_bytes;
	s->tx_dropped = sum.named.tx_dropped;
	s->rx_packets = sum.named.rx_packets;
	s->rx_bytes = sum.named.rx_bytes;
	s->rx_dropped = sum.named.rx_dropped;
	s->rx_frame_errors = sum.named.rx_frame_errors;
}

#define TUNX_NET_OPS						\
	.ndo_open		= tunx_net_open,		\
	.ndo_stop		= tunx_net_stop,		\
	.ndo_uninit		= tunx_net_uninit,		\
	.ndo_start_xmit		= tunx_net_xmit,		\
	.ndo_select_queue	= tunx_net_select_queue,	\
	.ndo_fix_features	= tunx_net_fix_features,	\
	.ndo_set_rx_headroom	= tunx_net_set_rx_headroom,	\
	.ndo_change_carrier	= tunx_net_change_carrier,	\
	.ndo_get_stats64	= tunx_net_get_stats64

static const struct net_device_ops tunx_net_tun_ops = {
	TUNX_NET_OPS,
	.ndo_features_check	= tunx_net_features_check_tun,
};

static const struct net_device_ops tunx_net_tap_ops = {
	TUNX_NET_OPS,
	.ndo_set_rx_mode	= tunx_net_set_rx_mode,
	.ndo_set_mac_address	= eth_mac_addr,
	.ndo_validate_addr	= eth_validate_addr,
	.ndo_features_check	= tunx_net_features_check,
	.ndo_bpf		= tunx_net_xdp_bpf,
	.ndo_xdp_xmit		= tunx_net_xdp_xmit,
};

/* Undoes tunx_net_create(); may run twice when registration fails */
static void tunx_net_destroy(struct net_device *dev)
{
	struct tunx_dev *xd = netdev_priv(dev);
	unsigned int i;

	for (i = 0; i < xd->nr_counted; i++)
		free_percpu(xd->slot[i].stats);
	xd->nr_counted = 0;
	tunx_queue_flow_free(xd->flows);
	xd->flows = NULL;
	tunx_net_filter_free(xd);
	tunx_net_hash_free(xd);
	security_tun_dev_free_security(xd->security);
	xd->security = NULL;
}

/**
 * tunx_net_setup - what all devices of ours have in common
 * @dev: net device being allocated
 *
 * Context: process.
 */
void tunx_net_setup(struct net_device *dev)
{
	dev->rtnl_link_ops = &tunx_net_link_ops;
	dev->ethtool_ops = &tunx_net_ethtool_ops;
	dev->sysfs_groups[0] = &tunx_net_sysfs_group;
	dev->tx_queue_len = TUNX_TUN_QLEN;
	dev->needs_free_netdev = true;
	dev->priv_destructor = tunx_net_destroy;
	compat_netdev_set_lltx(dev);

	dev->hw_features = NETIF_F_SG | NETIF_F_FRAGLIST | TUNX_VLAN_TX |
			   TUNX_OFFLOADS;
	dev->hw_enc_features = dev->hw_features;
	dev->features |= dev->hw_features;
	dev->vlan_features = dev->features & ~TUNX_VLAN_TX;
}

static void tunx_net_setup_tun(struct net_device *dev)
{
	tunx_net_setup(dev);
	dev->netdev_ops = &tunx_net_tun_ops;
	dev->header_ops = &ip_tunnel_header_ops;
	dev->type = ARPHRD_NONE;
	dev->flags = IFF_POINTOPOINT | IFF_NOARP | IFF_MULTICAST;
	dev->mtu = ETH_DATA_LEN;
}

static void tunx_net_setup_tap(struct net_device *dev)
{
	tunx_net_setup(dev);
	ether_setup(dev);
	dev->netdev_ops = &tunx_net_tap_ops;
	/* The reader may change a frame, so no sender may share one */
	dev->priv_flags &= ~IFF_TX_SKB_SHARING;
	dev->priv_flags |= IFF_LIVE_ADDR_CHANGE;
	compat_netdev_set_xdp_features(dev);
	eth_hw_addr_random(dev);
}

/**
 * tunx_net_create - allocate a device, not registered yet
 * @net: network namespace it appears in
 * @name: name or template ("tun%d")
 * @flags: TUNX_F_*
 * @ifindex: wanted interface index, 0 for any
 *
 * Context: process, RTNL.
 * Return: the device, to be given to tunx_net_register(); or ERR_PTR(-ENOMEM)
 * or what a security module says.
 */
struct tunx_dev *tunx_net_create(struct net *net, const char *name,
				 unsigned int flags, int ifindex)
{
	unsigned int queues = flags & TUNX_F_MQ ? TUNX_MAX_QUEUES : 1;
	struct net_device *dev;
	struct tunx_dev *xd;
	int err;

	dev = alloc_netdev_mqs(struct_size(xd, slot, queues), name,
			       NET_NAME_UNKNOWN,
			       flags & TUNX_F_TAP ? tunx_net_setup_tap :
						    tunx_net_setup_tun,
			       queues, queues);
	if (!dev)
		return ERR_PTR(-ENOMEM);
	dev_net_set(dev, net);
	dev->ifindex = ifindex;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = ETH_MAX_MTU - dev->hard_header_len;

	xd = netdev_priv(dev);
	xd->netdev = dev;
	xd->flags = flags;
	xd->max_queues = queues;
	xd->rx_headroom = NET_SKB_PAD;
	xd->vnet_size = TUNX_VNET_MIN;
	xd->owner = INVALID_UID;
	xd->group = INVALID_GID;
	xd->sndbuf = INT_MAX;
	INIT_LIST_HEAD(&xd->disabled);
	tunx_net_ethtool_setup(xd);

	err = security_tun_dev_alloc_security(&xd->security);
	if (err)
		goto fail;
	if (queues > 1) {
		err = -ENOMEM;
		xd->flows = tunx_queue_flow_alloc();
		if (!xd->flows)
			goto fail;
	}
	return xd;

fail:
	tunx_net_destroy(dev);
	free_netdev(dev);
	return ERR_PTR(err);
}

/**
 * tunx_net_register - attach the first queue and show the device to the world
 * @xd: device of tunx_net_create(); freed on error
 * @q: queue without a device
 * @queue_flags: TUNX_Q_*
 *
 * The queue is attached before anybody can see the device, and published only
 * when nothing can fail any more (CVE-2018-7191).
 *
 * Context: process, RTNL.
 * Return: 0 or the error of tunx_queue_attach() or register_netdevice().
 */
int tunx_net_register(struct tunx_dev *xd, struct tunx_queue *q,
		      unsigned int queue_flags)
{
	struct net_device *dev = xd->netdev;
	int err;

	err = tunx_queue_attach(xd, q, queue_flags);
	if (!err)
		err = register_netdevice(dev);
	if (!err) {
		tunx_queue_publish(xd, q);
		return 0;
	}

	tunx_queue_kill_all(xd);
	/* A notifier's veto leaves the rest to the core, other errors to us */
	if (dev->reg_state != NETREG_UNREGISTERING)
		tunx_net_destroy(dev);
	free_netdev(dev);
	return err;
}

/**
 * tunx_net_from_netdev - is this one of our devices
 * @dev: any net device
 *
 * Context: any.
 * Return: its private part, or NULL when it is another driver's.
 */
struct tunx_dev *tunx_net_from_netdev(struct net_device *dev)
{
	if (dev->netdev_ops != &tunx_net_tun_ops &&
	    dev->netdev_ops != &tunx_net_tap_ops)
		return NULL;
	return netdev_priv(dev);
}

/**
 * tunx_net_set_carrier - plug or unplug the cable
 * @xd: device
 * @on: plug
 *
 * Context: process, RTNL.
 * Return: 0, or -EPERM: nobody is at the other end of the cable.
 */
int tunx_net_set_carrier(struct tunx_dev *xd, bool on)
{
	if (!on) {
		netif_carrier_off(xd->netdev);
		return 0;
	}
	if (!xd->nr_queues)
		return -EPERM;
	netif_carrier_on(xd->netdev);
	return 0;
}

/* ABI: TUNSETLINK sets an address length with the type; 0 where unlisted */
static const struct {
	unsigned short type;
	unsigned char addr_len;
} tunx_net_types[] = {
	{ ARPHRD_NETROM,		 7 },
	{ ARPHRD_ETHER,			 6 },
	{ ARPHRD_IEEE802,		 6 },
	{ ARPHRD_ROSE,			 5 },
	{ ARPHRD_TUNNEL,		 4 },
	{ ARPHRD_TUNNEL6,		16 },
	{ ARPHRD_LOCALTLK,		 1 },
	{ ARPHRD_FDDI,			 6 },
	{ ARPHRD_SIT,			 4 },
	{ ARPHRD_IPGRE,			 4 },
	{ ARPHRD_HIPPI,			 6 },
	{ ARPHRD_IEEE802154,		 8 },
	{ ARPHRD_IEEE802154_MONITOR,	 8 },
	{ ARPHRD_IP6GRE,		16 },
	{ ARPHRD_6LOWPAN,		 8 },
};

/**
 * tunx_net_set_type - change what the device claims to be (TUNSETLINK)
 * @xd: device
 * @type: ARPHRD_*
 *
 * Context: process, RTNL.
 * Return: 0, -EBUSY when the device is up, or the error of a notifier that
 * refuses the change.
 */
int tunx_net_set_type(struct tunx_dev *xd, unsigned short type)
{
	struct net_device *dev = xd->netdev;
	unsigned int i;
	int err;

	if (dev->flags & IFF_UP)
		return -EBUSY;
	err = notifier_to_errno(call_netdevice_notifiers(NETDEV_PRE_TYPE_CHANGE, dev));
	if (err)
		return err;

	dev->type = type;
	dev->addr_len = 0;
	for (i = 0; i < ARRAY_SIZE(tunx_net_types); i++)
		if (tunx_net_types[i].type == type)
			dev->addr_len = tunx_net_types[i].addr_len;
	call_netdevice_notifiers(NETDEV_POST_TYPE_CHANGE, dev);
	return 0;
}

/**
 * tunx_net_set_offload - what the reader can take over from the stack
 * @xd: device
 * @offload: TUN_F_*, replaces what was granted before
 *
 * ABI: a bit is refused where it makes no sense without another.
 *
 * Context: process, RTNL.
 * Return: 0, or -EINVAL: unknown bits, or bits that need others.
 */
int tunx_net_set_offload(struct tunx_dev *xd, unsigned long offload)
{
	const unsigned long uso = TUN_F_USO4 | TUN_F_USO6;
	netdev_features_t granted = 0;
	bool segments;

	if (offload & ~(TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN |
			TUN_F_UFO | uso | TUN_F_UDP_TUNNEL_GSO |
			TUN_F_UDP_TUNNEL_GSO_CSUM))
		return -EINVAL;
	/* Segments have checksums of their own; UFO is granted and never used */
	if (offload && !(offload & TUN_F_CSUM))
		return -EINVAL;
	if (offload & uso && (offload & uso) != uso)
		return -EINVAL;
	if (offload & TUN_F_TSO_ECN && !(offload & (TUN_F_TSO4 | TUN_F_TSO6)))
		return -EINVAL;
	segments = offload & (TUN_F_TSO4 | TUN_F_TSO6 | uso);
	if (offload & TUN_F_UDP_TUNNEL_GSO && !segments)
		return -EINVAL;
	if (offload & TUN_F_UDP_TUNNEL_GSO_CSUM && !(offload & TUN_F_UDP_TUNNEL_GSO))
		return -EINVAL;

	if (offload & TUN_F_CSUM)
		granted |= NETIF_F_HW_CSUM;
	if (offload & TUN_F_TSO4)
		granted |= NETIF_F_TSO;
	if (offload & TUN_F_TSO6)
		granted |= NETIF_F_TSO6;
	if (offload & TUN_F_TSO_ECN)
		granted |= NETIF_F_TSO_ECN;
	if (offload & uso)
		granted |= NETIF_F_GSO_UDP_L4;
	if (offload & TUN_F_UDP_TUNNEL_GSO)
		granted |= NETIF_F_GSO_UDP_TUNNEL;
	if (offload & TUN_F_UDP_TUNNEL_GSO_CSUM)
		granted |= NETIF_F_GSO_UDP_TUNNEL_CSUM;

	xd->granted = granted;
	xd->netdev->wanted_features = (xd->netdev->wanted_features & ~TUNX_OFFLOADS) |
				      granted;
	netdev_update_features(xd->netdev);
	return 0;
}
