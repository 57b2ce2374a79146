/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TUNX_COMPAT_LINUX_ETHTOOL_H
#define _TUNX_COMPAT_LINUX_ETHTOOL_H

#include_next <linux/ethtool.h>

#ifndef RXH_XFRM_NO_CHANGE
#define RXH_XFRM_NO_CHANGE 0xff
#endif

#ifndef HAVE_ETHTOOL_RXFH_PARAM
/* The fields were a matter of get_rxnfc; newer, and backported, is this */
struct ethtool_rxfh_fields {
	u32 data;
	u32 flow_type;
};

/* Until v6.8 table, key and function were arguments of their own */
struct ethtool_rxfh_param {
	u8 hfunc;
	u32 *indir;
	u8 *key;
	u8 input_xfrm;
};
#endif

/*
 * COMPAT_RXNFC(p) and COMPAT_RXFH_PARAM(p) define what an older kernel needs to
 * call p_get_rxfh() and its like; COMPAT_RXFH_OPS(p) are the members of struct
 * ethtool_ops that do.
 */
#ifdef HAVE_ETHTOOL_RX_RING_COUNT
#define COMPAT_RXNFC(p)
#define COMPAT_RXNFC_OP(p) .get_rx_ring_count = p##_get_rx_ring_count
#else
#define COMPAT_RXNFC(p)							\
static int p##_get_rxnfc(struct net_device *dev,			\
			 struct ethtool_rxnfc *info, u32 *locs)		\
{									\
	struct ethtool_rxfh_fields fields = {				\
		.flow_type = info->flow_type,				\
	};								\
	int err;							\
									\
	switch (info->cmd) {						\
	case ETHTOOL_GRXRINGS:						\
		info->data = p##_get_rx_ring_count(dev);		\
		return 0;						\
	case ETHTOOL_GRXFH:						\
		err = p##_get_rxfh_fields(dev, &fields);		\
		info->data = fields.data;				\
		return err;						\
	default:							\
		return -EOPNOTSUPP;					\
	}								\
}

#define COMPAT_RXNFC_OP(p) .get_rxnfc = p##_get_rxnfc
#endif

#ifdef HAVE_ETHTOOL_RXFH_PARAM
#define COMPAT_RXFH_PARAM(p)
#define COMPAT_RXFH_OPS(p)						\
	.supported_input_xfrm	= RXH_XFRM_SYM_XOR | RXH_XFRM_SYM_OR_XOR, \
	COMPAT_RXNFC_OP(p),						\
	.get_rxfh_fields	= p##_get_rxfh_fields,			\
	.get_rxfh		= p##_get_rxfh,				\
	.set_rxfh		= p##_set_rxfh
#else
#define COMPAT_RXFH_PARAM(p)						\
static int p##_get_rxfh_old(struct net_device *dev, u32 *indir, u8 *key, \
			    u8 *hfunc)					\
{									\
	struct ethtool_rxfh_param rxfh = { .indir = indir, .key = key };	\
	int err = p##_get_rxfh(dev, &rxfh);				\
									\
	if (hfunc)							\
		*hfunc = rxfh.hfunc;					\
	return err;							\
}									\
									\
static int p##_set_rxfh_old(struct net_device *dev, const u32 *indir,	\
			    const u8 *key, const u8 hfunc)		\
{									\
	struct ethtool_rxfh_param rxfh = {				\
		.indir = (u32 *)indir,					\
		.key = (u8 *)key,					\
		.hfunc = hfunc,						\
		.input_xfrm = RXH_XFRM_NO_CHANGE,			\
	};								\
									\
	return p##_set_rxfh(dev, &rxfh, NULL);				\
}

#define COMPAT_RXFH_OPS(p)						\
	COMPAT_RXNFC_OP(p),						\
	.get_rxfh		= p##_get_rxfh_old,			\
	.set_rxfh		= p##_set_rxfh_old
#endif

#endif
