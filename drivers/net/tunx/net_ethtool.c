// SPDX-License-Identifier: GPL-2.0
/*
 * net_ethtool.c - what ethtool shows and sets
 *
 * Context: RTNL everywhere.
 */
#include <linux/ethtool.h>
#include <linux/netdevice.h>

#include "tunx.h"

#define TUNX_MAX_RX_BATCH 64	/* ABI: larger rx-frames become this */

/* One line is all it takes to show another counter of struct tunx_stats */
static const struct {
	const char *name;
	size_t offset;
} tunx_net_counters[] = {
	{ "tx_packets",		offsetof(struct tunx_stats, tx_packets) },
	{ "tx_bytes",		offsetof(struct tunx_stats, tx_bytes) },
	{ "tx_dropped",		offsetof(struct tunx_stats, tx_dropped) },
	{ "tx_full",		offsetof(struct tunx_stats, tx_full) },
	{ "tx_filtered",		offsetof(struct tunx_stats, tx_filtered) },
	{ "tx_stops",		offsetof(struct tunx_stats, tx_stops) },
	{ "tx_wakes",		offsetof(struct tunx_stats, tx_wakes) },
	{ "tx_lost",		offsetof(struct tunx_stats, tx_lost) },
	{ "tx_purged",		offsetof(struct tunx_stats, tx_purged) },
	{ "tx_gso",		offsetof(struct tunx_stats, tx_gso) },
	{ "tx_csum",		offsetof(struct tunx_stats, tx_csum) },
	{ "rx_packets",		offsetof(struct tunx_stats, rx_packets) },
	{ "rx_bytes",		offsetof(struct tunx_stats, rx_bytes) },
	{ "rx_dropped",		offsetof(struct tunx_stats, rx_dropped) },
	{ "rx_frame_errors",	offsetof(struct tunx_stats, rx_frame_errors) },
	{ "rx_purged",		offsetof(struct tunx_stats, rx_purged) },
	{ "rx_gso",		offsetof(struct tunx_stats, rx_gso) },
	{ "rx_csum",		offsetof(struct tunx_stats, rx_csum) },
	{ "rx_xdp_drop",		offsetof(struct tunx_stats, rx_xdp_drop) },
	{ "rx_xdp_tx",		offsetof(struct tunx_stats, rx_xdp_tx) },
	{ "rx_xdp_redirect",	offsetof(struct tunx_stats, rx_xdp_redirect) },
	{ "rx_xdp_generic",	offsetof(struct tunx_stats, rx_xdp_generic) },
};

static void tunx_net_get_drvinfo(struct net_device *dev,
				 struct ethtool_drvinfo *info)
{
	const struct tunx_dev *xd = netdev_priv(dev);

	strscpy(info->driver, TUNX_KIND, sizeof(info->driver));
	strscpy(info->version, TUNX_ABI_VERSION, sizeof(info->version));
	strscpy(info->bus_info, xd->flags & TUNX_F_TAP ? "tap" : "tun",
		sizeof(info->bus_info));
}

static u32 tunx_net_get_msglevel(struct net_device *dev)
{
	const struct tunx_dev *xd = netdev_priv(dev);

	return READ_ONCE(xd->msg_enable);
}

static void tunx_net_set_msglevel(struct net_device *dev, u32 value)
{
	struct tunx_dev *xd = netdev_priv(dev);

	WRITE_ONCE(xd->msg_enable, value);
}

static int tunx_net_get_link_ksettings(struct net_device *dev,
				       struct ethtool_link_ksettings *cmd)
{
	const struct tunx_dev *xd = netdev_priv(dev);

	*cmd = xd->link;
	return 0;
}

/* ABI: what a link could have is remembered and shown, nothing else: there is no link */
static int tunx_net_set_link_ksettings(struct net_device *dev,
				       const struct ethtool_link_ksettings *cmd)
{
	struct tunx_dev *xd = netdev_priv(dev);

	if (!ethtool_validate_speed(cmd->base.speed) ||
	    !ethtool_validate_duplex(cmd->base.duplex))
		return -EINVAL;
	xd->link = *cmd;
	return 0;
}

static void tunx_net_get_channels(struct net_device *dev,
				  struct ethtool_channels *channels)
{
	const struct tunx_dev *xd = netdev_priv(dev);

	channels->combined_count = xd->nr_queues;
	channels->max_combined = xd->max_queues;
}

static int tunx_net_get_coalesce(struct net_device *dev,
				 struct ethtool_coalesce *ec,
				 struct kernel_ethtool_coalesce *kernel_coal,
				 struct netlink_ext_ack *extack)
{
	const struct tunx_dev *xd = netdev_priv(dev);

	ec->rx_max_coalesced_frames = xd->rx_batch;
	return 0;
}

static int tunx_net_set_coalesce(struct net_device *dev,
				 struct ethtool_coalesce *ec,
				 struct kernel_ethtool_coalesce *kernel_coal,
				 struct netlink_ext_ack *extack)
{
	struct tunx_dev *xd = netdev_priv(dev);

	WRITE_ONCE(xd->rx_batch, min_t(u32, ec->rx_max_coalesced_frames,
				       TUNX_MAX_RX_BATCH));
	return 0;
}

/* Counters of all slots that ever had a queue, slot by slot. Context: RTNL */
static int tunx_net_get_sset_count(struct net_device *dev, int set)
{
	struct tunx_dev *xd = netdev_priv(dev);

	if (set != ETH_SS_STATS)
		return -EOPNOTSUPP;
	return xd->nr_counted * ARRAY_SIZE(tunx_net_counters);
}

static void tunx_net_get_strings(struct net_device *dev, u32 set, u8 *data)
{
	struct tunx_dev *xd = netdev_priv(dev);
	unsigned int slot, i;

	if (set != ETH_SS_STATS)
		return;
	for (slot = 0; slot < xd->nr_counted; slot++)
		for (i = 0; i < ARRAY_SIZE(tunx_net_counters); i++)
			ethtool_sprintf(&data, "queue_%u_%s", slot,
					tunx_net_counters[i].name);
}

static void tunx_net_get_stats(struct net_device *dev,
			       struct ethtool_stats *stats, u64 *data)
{
	const struct tunx_dev *xd = netdev_priv(dev);
	unsigned int slot, i;

	for (slot = 0; slot < xd->nr_counted; slot++) {
		u64 sum[TUNX_STATS] = {};

		tunx_net_stats_read(&xd->slot[slot], sum);
		for (i = 0; i < ARRAY_SIZE(tunx_net_counters); i++)
			*data++ = sum[tunx_net_counters[i].offset / sizeof(u64)];
	}
}

/**
 * tunx_net_ethtool_setup - what ethtool shows of a new device
 * @xd: device
 *
 * Context: process.
 */
void tunx_net_ethtool_setup(struct tunx_dev *xd)
{
	xd->link.base.speed = SPEED_10000;
	xd->link.base.duplex = DUPLEX_FULL;
	xd->link.base.port = PORT_TP;
	xd->link.base.autoneg = AUTONEG_DISABLE;
}

COMPAT_RXNFC(tunx_net)
COMPAT_RXFH_PARAM(tunx_net)

const struct ethtool_ops tunx_net_ethtool_ops = {
	COMPAT_RXFH_OPS(tunx_net),
	.supported_coalesce_params = ETHTOOL_COALESCE_RX_MAX_FRAMES,
	.get_drvinfo		= tunx_net_get_drvinfo,
	.get_msglevel		= tunx_net_get_msglevel,
	.set_msglevel		= tunx_net_set_msglevel,
	.get_link		= ethtool_op_get_link,
	.get_link_ksettings	= tunx_net_get_link_ksettings,
	.set_link_ksettings	= tunx_net_set_link_ksettings,
	.get_channels		= tunx_net_get_channels,
	.get_coalesce		= tunx_net_get_coalesce,
	.set_coalesce		= tunx_net_set_coalesce,
	.get_ts_info		= ethtool_op_get_ts_info,
	.get_sset_count		= tunx_net_get_sset_count,
	.get_strings		= tunx_net_get_strings,
	.get_ethtool_stats	= tunx_net_get_stats,
	.get_rxfh_key_size	= tunx_net_get_rxfh_key_size,
	.get_rxfh_indir_size	= tunx_net_get_rxfh_indir_size,
};
