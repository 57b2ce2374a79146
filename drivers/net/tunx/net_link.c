// SPDX-License-Identifier: GPL-2.0
/*
 * net_link.c - what others see of the device and tell it: rtnetlink, sysfs,
 * notifications of the core
 */
#include <linux/rtnetlink.h>
#include <linux/user_namespace.h>
#include <net/rtnetlink.h>

#include "tunx.h"

/* Devices are made by TUNSETIFF: one without a file would have no other half */
static int tunx_net_link_validate(struct nlattr *tb[], struct nlattr *data[],
				  struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG(extack,
		       "tun/tap creation via rtnetlink is not supported.");
	return -EOPNOTSUPP;
}

static size_t tunx_net_link_size(const struct net_device *dev)
{
	return nla_total_size(sizeof(u32)) +	/* IFLA_TUN_OWNER */
	       nla_total_size(sizeof(u32)) +	/* IFLA_TUN_GROUP */
	       nla_total_size(sizeof(u8)) +	/* IFLA_TUN_TYPE */
	       nla_total_size(sizeof(u8)) +	/* IFLA_TUN_PI */
	       nla_total_size(sizeof(u8)) +	/* IFLA_TUN_VNET_HDR */
	       nla_total_size(sizeof(u8)) +	/* IFLA_TUN_PERSIST */
	       nla_total_size(sizeof(u8)) +	/* IFLA_TUN_MULTI_QUEUE */
	       nla_total_size(sizeof(u32)) +	/* IFLA_TUN_NUM_QUEUES */
	       nla_total_size(sizeof(u32));	/* IFLA_TUN_NUM_DISABLED_QUEUES */
}

/* Context: RTNL, or RCU alone on kernels that dump without RTNL */
static int tunx_net_link_fill(struct sk_buff *skb, const struct net_device *dev)
{
	const struct tunx_dev *xd = netdev_priv(dev);
	unsigned int flags = READ_ONCE(xd->flags);
	kuid_t owner = READ_ONCE(xd->owner);
	kgid_t group = READ_ONCE(xd->group);

	if (nla_put_u8(skb, IFLA_TUN_TYPE, flags & TUNX_F_TAP ? IFF_TAP : IFF_TUN))
		return -EMSGSIZE;
	if (uid_valid(owner) &&
	    nla_put_u32(skb, IFLA_TUN_OWNER, from_kuid_munged(current_user_ns(), owner)))
		return -EMSGSIZE;
	if (gid_valid(group) &&
	    nla_put_u32(skb, IFLA_TUN_GROUP, from_kgid_munged(current_user_ns(), group)))
		return -EMSGSIZE;
	if (nla_put_u8(skb, IFLA_TUN_PI, !!(flags & TUNX_F_PI)) ||
	    nla_put_u8(skb, IFLA_TUN_VNET_HDR, !!(flags & TUNX_F_VNET)) ||
	    nla_put_u8(skb, IFLA_TUN_PERSIST, !!(flags & TUNX_F_PERSIST)) ||
	    nla_put_u8(skb, IFLA_TUN_MULTI_QUEUE, !!(flags & TUNX_F_MQ)))
		return -EMSGSIZE;
	if (flags & TUNX_F_MQ &&
	    (nla_put_u32(skb, IFLA_TUN_NUM_QUEUES, READ_ONCE(xd->nr_queues)) ||
	     nla_put_u32(skb, IFLA_TUN_NUM_DISABLED_QUEUES, READ_ONCE(xd->nr_disabled))))
		return -EMSGSIZE;
	return 0;
}

struct rtnl_link_ops tunx_net_link_ops __read_mostly = {
	.kind		= TUNX_KIND,
	.priv_size	= sizeof(struct tunx_dev),
	.setup		= tunx_net_setup,
	.validate	= tunx_net_link_validate,
	.get_size	= tunx_net_link_size,
	.fill_info	= tunx_net_link_fill,
};

static ssize_t tun_flags_show(struct device *d, struct device_attribute *attr,
			      char *buf)
{
	const struct tunx_dev *xd = netdev_priv(to_net_dev(d));

	return sysfs_emit(buf, "0x%x\n", tunx_flags_to_iff(READ_ONCE(xd->flags)));
}
static DEVICE_ATTR_RO(tun_flags);

static ssize_t owner_show(struct device *d, struct device_attribute *attr,
			  char *buf)
{
	const struct tunx_dev *xd = netdev_priv(to_net_dev(d));
	kuid_t owner = READ_ONCE(xd->owner);

	if (!uid_valid(owner))
		return sysfs_emit(buf, "-1\n");
	return sysfs_emit(buf, "%u\n", from_kuid_munged(current_user_ns(), owner));
}
static DEVICE_ATTR_RO(owner);

static ssize_t group_show(struct device *d, struct device_attribute *attr,
			  char *buf)
{
	const struct tunx_dev *xd = netdev_priv(to_net_dev(d));
	kgid_t group = READ_ONCE(xd->group);

	if (!gid_valid(group))
		return sysfs_emit(buf, "-1\n");
	return sysfs_emit(buf, "%u\n", from_kgid_munged(current_user_ns(), group));
}
static DEVICE_ATTR_RO(group);

static struct attribute *tunx_net_sysfs_attrs[] = {
	&dev_attr_tun_flags.attr,
	&dev_attr_owner.attr,
	&dev_attr_group.attr,
	NULL,
};

/* In /sys/class/net/DEV; "ip tuntap show" reads them */
const struct attribute_group tunx_net_sysfs_group = {
	.attrs = tunx_net_sysfs_attrs,
};

/* Context: RTNL */
static int tunx_net_link_event(struct notifier_block *nb, unsigned long event,
			       void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct tunx_dev *xd = tunx_net_from_netdev(dev);
	unsigned int i;

	if (!xd)
		return NOTIFY_DONE;
	switch (event) {
	case NETDEV_CHANGE_TX_QUEUE_LEN:
		if (tunx_queue_resize_all(xd))
			return NOTIFY_BAD;
		break;
	case NETDEV_UP:
		/* poll() says writable only while the device is up */
		for (i = 0; i < xd->nr_queues; i++)
			tunx_queue_wake_writers(rtnl_dereference(xd->slot[i].queue));
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block tunx_net_link_notifier = {
	.notifier_call = tunx_net_link_event,
};

/**
 * tunx_net_link_init - register the rtnetlink kind and the notifier
 *
 * Context: process.
 * Return: 0 or the error of the registration that failed.
 */
int tunx_net_link_init(void)
{
	int err;

	err = rtnl_link_register(&tunx_net_link_ops);
	if (err)
		return err;
	err = register_netdevice_notifier(&tunx_net_link_notifier);
	if (err)
		rtnl_link_unregister(&tunx_net_link_ops);
	return err;
}

/**
 * tunx_net_link_exit - undo tunx_net_link_init()
 *
 * Context: process.
 */
void tunx_net_link_exit(void)
{
	unregister_netdevice_notifier(&tunx_net_link_notifier);
	rtnl_link_unregister(&tunx_net_link_ops);
}
