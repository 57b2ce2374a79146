// SPDX-License-Identifier: GPL-2.0
/*
 * net_rxfh.c - hashing as ethtool -x and -X know it
 *
 * ethtool calls it receiving, because for the guest behind the file it is. It
 * shows and sets the configuration of net_hash.c, not one of its own.
 *
 * Context: RTNL everywhere.
 */
#include <linux/ethtool.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <linux/tunx.h>

#include "net_hash.h"
#include "tunx.h"

/* Where nothing is configured: the table ethtool fills, and what is hashed */
#define TUNX_RXFH_TABLE	128
#define TUNX_RXFH_TYPES	(VIRTIO_NET_RSS_HASH_TYPE_IPv4 |	\
			 VIRTIO_NET_RSS_HASH_TYPE_TCPv4 |	\
			 VIRTIO_NET_RSS_HASH_TYPE_UDPv4 |	\
			 VIRTIO_NET_RSS_HASH_TYPE_IPv6 |	\
			 VIRTIO_NET_RSS_HASH_TYPE_TCPv6 |	\
			 VIRTIO_NET_RSS_HASH_TYPE_UDPv6)

/**
 * tunx_net_get_rx_ring_count - number of queues a table can name
 * @dev: our net device
 *
 * Context: RTNL.
 * Return: the number, at least 1: the core divides by it.
 */
u32 tunx_net_get_rx_ring_count(struct net_device *dev)
{
	const struct tunx_dev *xd = netdev_priv(dev);

	return max(xd->nr_queues, 1U);
}

/**
 * tunx_net_get_rxfh_key_size - length of the key
 * @dev: our net device
 *
 * Context: any.
 * Return: bytes.
 */
u32 tunx_net_get_rxfh_key_size(struct net_device *dev)
{
	return TUNX_HASH_KEY;
}

/**
 * tunx_net_get_rxfh_indir_size - length of the table
 * @dev: our net device
 *
 * Context: RTNL.
 * Return: entries.
 */
u32 tunx_net_get_rxfh_indir_size(struct net_device *dev)
{
	const struct tunx_dev *xd = netdev_priv(dev);
	const struct tunx_hash_conf *rss = rtnl_dereference(xd->rss);

	return rss ? rss->table_len : TUNX_RXFH_TABLE;
}

/* The bits of a type as ethtool -n DEV rx-flow-hash FLOW shows them */
static const struct {
	u32 flow;
	u32 l3;
	u32 l4;
} tunx_net_flows[] = {
	{ TCP_V4_FLOW, VIRTIO_NET_RSS_HASH_TYPE_IPv4, VIRTIO_NET_RSS_HASH_TYPE_TCPv4 },
	{ UDP_V4_FLOW, VIRTIO_NET_RSS_HASH_TYPE_IPv4, VIRTIO_NET_RSS_HASH_TYPE_UDPv4 },
	{ IPV4_FLOW, VIRTIO_NET_RSS_HASH_TYPE_IPv4, 0 },
	{ TCP_V6_FLOW, VIRTIO_NET_RSS_HASH_TYPE_IPv6, VIRTIO_NET_RSS_HASH_TYPE_TCPv6 },
	{ UDP_V6_FLOW, VIRTIO_NET_RSS_HASH_TYPE_IPv6, VIRTIO_NET_RSS_HASH_TYPE_UDPv6 },
	{ IPV6_FLOW, VIRTIO_NET_RSS_HASH_TYPE_IPv6, 0 },
};

/**
 * tunx_net_get_rxfh_fields - what of a packet is hashed
 * @dev: our net device
 * @fields: in: kind of packet; out: RXH_*
 *
 * Context: RTNL.
 * Return: 0, or -EOPNOTSUPP for packets that have no type of their own.
 */
int tunx_net_get_rxfh_fields(struct net_device *dev,
			     struct ethtool_rxfh_fields *fields)
{
	const struct tunx_hash_conf *conf = tunx_net_hash_conf(netdev_priv(dev));
	u32 types = conf ? conf->types : 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tunx_net_flows); i++) {
		if (tunx_net_flows[i].flow != fields->flow_type)
			continue;
		fields->data = 0;
		if (types & (tunx_net_flows[i].l3 | tunx_net_flows[i].l4))
			fields->data |= RXH_IP_SRC | RXH_IP_DST;
		if (types & tunx_net_flows[i].l4)
			fields->data |= RXH_L4_B_0_1 | RXH_L4_B_2_3;
		return 0;
	}
	return -EOPNOTSUPP;
}

/**
 * tunx_net_get_rxfh - table, key and hash function
 * @dev: our net device
 * @rxfh: result; what is NULL in it was not asked for
 *
 * Without a configuration there is no hash function, and the table is what
 * ethtool -X would begin with.
 *
 * Context: RTNL.
 * Return: 0.
 */
int tunx_net_get_rxfh(struct net_device *dev, struct ethtool_rxfh_param *rxfh)
{
	const struct tunx_dev *xd = netdev_priv(dev);
	const struct tunx_hash_conf *conf = tunx_net_hash_conf(xd);
	const struct tunx_hash_conf *rss = rtnl_dereference(xd->rss);
	u32 i, queues = tunx_net_get_rx_ring_count(dev);

	rxfh->hfunc = conf ? ETH_RSS_HASH_TOP : ETH_RSS_HASH_NO_CHANGE;
	rxfh->input_xfrm = conf ? conf->transform : 0;
	if (rxfh->key && conf)
		memcpy(rxfh->key, conf->key, TUNX_HASH_KEY);
	if (!rxfh->indir)
		return 0;
	for (i = 0; i < tunx_net_get_rxfh_indir_size(dev); i++)
		rxfh->indir[i] = rss ? rss->table[i] :
				       ethtool_rxfh_indir_default(i, queues);
	return 0;
}

/* What the change begins with: what is in force, or a choice for the machine */
static struct tunx_hash_conf *tunx_net_rxfh_begin(struct net_device *dev,
						  unsigned int table_len)
{
	const struct tunx_dev *xd = netdev_priv(dev);
	const struct tunx_hash_conf *old = tunx_net_hash_conf(xd);
	struct ethtool_rxfh_param rxfh = {};
	struct tunx_hash_conf *conf;
	u32 *indir;
	u32 i;

	indir = kcalloc(table_len, sizeof(*indir), GFP_KERNEL);
	if (!indir)
		return NULL;
	conf = tunx_net_hash_alloc(xd, old ? old->flags : 0,
				   old ? old->types : TUNX_RXFH_TYPES, table_len);
	if (conf && old) {
		conf->unclassified = old->unclassified;
		conf->transform = old->transform;
		memcpy(conf->key, old->key, sizeof(conf->key));
	} else if (conf) {
		netdev_rss_key_fill(conf->key, sizeof(conf->key));
	}
	rxfh.indir = indir;
	tunx_net_get_rxfh(dev, &rxfh);
	for (i = 0; conf && i < table_len; i++)
		conf->table[i] = indir[i];
	kfree(indir);
	return conf;
}

/**
 * tunx_net_set_rxfh - change table, key or transformation
 * @dev: our net device
 * @rxfh: what to change
 * @extack: for an explanation
 *
 * Queues are then chosen by hash; only a device that just reports hashes keeps
 * to that when it gets no table. Types and unclassified queue stay.
 *
 * Context: RTNL.
 * Return: 0, -EOPNOTSUPP (another hash function, a context) or -ENOMEM.
 */
int tunx_net_set_rxfh(struct net_device *dev, struct ethtool_rxfh_param *rxfh,
		      struct netlink_ext_ack *extack)
{
	unsigned int table_len = tunx_net_get_rxfh_indir_size(dev);
	struct tunx_hash_conf *conf;
	u32 i;

	if (rxfh->hfunc != ETH_RSS_HASH_NO_CHANGE &&
	    rxfh->hfunc != ETH_RSS_HASH_TOP) {
		NL_SET_ERR_MSG(extack, "the only hash function is toeplitz");
		return -EOPNOTSUPP;
	}
	conf = tunx_net_rxfh_begin(dev, table_len);
	if (!conf)
		return -ENOMEM;
	if (rxfh->indir || !conf->flags)
		conf->flags |= TUN_VNET_HASH_RSS;
	for (i = 0; rxfh->indir && i < table_len; i++)
		conf->table[i] = rxfh->indir[i];
	if (rxfh->key)
		memcpy(conf->key, rxfh->key, TUNX_HASH_KEY);
	if (rxfh->input_xfrm != RXH_XFRM_NO_CHANGE)
		conf->transform = rxfh->input_xfrm;
	tunx_net_hash_use(netdev_priv(dev), conf);
	return 0;
}
