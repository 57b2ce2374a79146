// SPDX-License-Identifier: GPL-2.0
/*
 * chr_iff.c - TUNSETIFF and TUNGETIFF: a file gets its device
 *
 * The only place that reads IFF_* of the user: join a device that has the
 * name, or create one. The order of the checks is ABI.
 *
 * Context: process, RTNL.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/rtnetlink.h>
#include <linux/security.h>
#include <linux/user_namespace.h>

#include "tunx.h"

/* What a TUNSETIFF may change in an existing device */
#define TUNX_F_REPLACED	(TUNX_F_PI | TUNX_F_ONE_QUEUE | TUNX_F_VNET |	\
			 TUNX_F_NAPI | TUNX_F_FRAGS | TUNX_F_BACKPRESSURE)

/* ABI: unknown bits are ignored; IFF_TUN wins over IFF_TAP on creation */
static unsigned int tunx_chr_iff_to_flags(unsigned int iff)
{
	return (iff & IFF_TUN ? 0 : TUNX_F_TAP) |
	       (iff & IFF_NO_PI ? 0 : TUNX_F_PI) |
	       (iff & IFF_MULTI_QUEUE ? TUNX_F_MQ : 0) |
	       (iff & IFF_ONE_QUEUE ? TUNX_F_ONE_QUEUE : 0) |
	       (iff & IFF_VNET_HDR ? TUNX_F_VNET : 0) |
	       (iff & IFF_NAPI ? TUNX_F_NAPI : 0) |
	       (iff & IFF_NAPI_FRAGS ? TUNX_F_FRAGS : 0) |
	       (iff & IFF_BACKPRESSURE ? TUNX_F_BACKPRESSURE : 0);
}

/*
 * ABI: DPDK passes IFF_POINTOPOINT, which is IFF_NAPI: it works on a tun, too.
 * ABI: IFF_NOFILTER is IFF_NO_PI: without tun_pi there is no classic filter on
 * a queue that joins.
 */
static unsigned int tunx_chr_iff_to_queue(unsigned int iff)
{
	return (iff & IFF_NAPI ? TUNX_Q_NAPI : 0) |
	       (iff & IFF_NAPI_FRAGS ? TUNX_Q_FRAGS : 0) |
	       (iff & IFF_NOFILTER ? 0 : TUNX_Q_FILTER);
}

/*
 * The owner and the group may attach, if one of them is set; where both are
 * set, both must match. Everybody else needs the capability.
 */
static bool tunx_chr_iff_permitted(const struct tunx_dev *xd)
{
	bool owned = uid_valid(xd->owner) || gid_valid(xd->group);

	if (owned &&
	    (!uid_valid(xd->owner) || uid_eq(current_euid(), xd->owner)) &&
	    (!gid_valid(xd->group) || in_egroup_p(xd->group)))
		return true;
	return ns_capable(dev_net(xd->netdev)->user_ns, CAP_NET_ADMIN);
}

static int tunx_chr_iff_check(const struct tunx_dev *xd, unsigned int iff)
{
	unsigned int type = xd->flags & TUNX_F_TAP ? IFF_TAP : IFF_TUN;

	if (!(iff & type) ||
	    !(iff & IFF_MULTI_QUEUE) != !(xd->flags & TUNX_F_MQ))
		return -EINVAL;
	if (!tunx_chr_iff_permitted(xd))
		return -EPERM;
	return security_tun_dev_open(xd->security);
}

/* Attach to @dev, whoever made it */
static struct tunx_dev *tunx_chr_iff_join(struct tunx_queue *q,
					  struct net_device *dev,
					  unsigned int iff)
{
	struct tunx_dev *xd;
	int err;

	if (iff & IFF_TUN_EXCL)
		return ERR_PTR(-EBUSY);
	xd = tunx_net_from_netdev(dev);
	if (!xd)
		return ERR_PTR(-EINVAL);
	err = tunx_chr_iff_check(xd, iff);
	if (!err)
		err = tunx_queue_attach(xd, q, tunx_chr_iff_to_queue(iff));
	if (err)
		return ERR_PTR(err);
	tunx_queue_publish(xd, q);
	netdev_state_change(dev);
	return xd;
}

static struct tunx_dev *tunx_chr_iff_create(struct tunx_queue *q,
					    const char *name, unsigned int iff)
{
	struct net *net = sock_net(&q->sk);
	struct tunx_dev *xd;
	int err;

	if (!ns_capable(net->user_ns, CAP_NET_ADMIN))
		return ERR_PTR(-EPERM);
	err = security_tun_dev_create();
	if (err)
		return ERR_PTR(err);
	if (!(iff & (IFF_TUN | IFF_TAP)))
		return ERR_PTR(-EINVAL);
	if (!*name)
		name = iff & IFF_TUN ? "tun%d" : "tap%d";

	xd = tunx_net_create(net, name, tunx_chr_iff_to_flags(iff), q->ifindex);
	if (IS_ERR(xd))
		return xd;
	err = tunx_net_register(xd, q, tunx_chr_iff_to_queue(iff));
	if (err)
		return ERR_PTR(err);
	/* Asked for once */
	q->ifindex = 0;
	return xd;
}

/**
 * tunx_chr_iff_set - TUNSETIFF: join or create a device
 * @q: queue of the file
 * @ifr: name (may be empty or a template) and IFF_*; the name is updated
 *
 * Context: process, RTNL.
 * Return: 0; -EEXIST: the file has a device. -EPERM: no right to create or to
 * join. -EINVAL: type or IFF_MULTI_QUEUE differ from the device's, the name is
 * another driver's device or malformed, or IFF_NAPI_FRAGS on something else
 * than a tap with IFF_NAPI.
 * -EBUSY: the single queue is taken, IFF_TUN_EXCL, or the interface index is
 * taken. -E2BIG: no queue left. -ENFILE: template exhausted. -ENOMEM.
 */
int tunx_chr_iff_set(struct tunx_queue *q, struct ifreq *ifr)
{
	unsigned int iff = (unsigned short)ifr->ifr_flags;
	struct net_device *dev;
	struct tunx_dev *xd;

	ASSERT_RTNL();
	if (rtnl_dereference(q->xd))
		return -EEXIST;
	if (iff & IFF_NAPI_FRAGS) {
		/* Made for fuzzing: the writer shapes what drivers build */
		if (!capable(CAP_NET_ADMIN))
			return -EPERM;
		/* ABI: the type is all four bits here, and only here */
		if (!(iff & IFF_NAPI) || (iff & TUN_TYPE_MASK) != IFF_TAP)
			return -EINVAL;
	}

	ifr->ifr_name[IFNAMSIZ - 1] = '\0';
	dev = __dev_get_by_name(sock_net(&q->sk), ifr->ifr_name);
	if (dev)
		xd = tunx_chr_iff_join(q, dev, iff);
	else
		xd = tunx_chr_iff_create(q, ifr->ifr_name, iff);
	if (IS_ERR(xd))
		return PTR_ERR(xd);
	strscpy(ifr->ifr_name, xd->netdev->name, IFNAMSIZ);

	/* Whoever joins others takes the device as it is */
	if (xd->nr_queues + xd->nr_disabled > 1)
		return 0;
	WRITE_ONCE(xd->flags, (xd->flags & ~TUNX_F_REPLACED) |
			      (tunx_chr_iff_to_flags(iff) & TUNX_F_REPLACED));
	if (iff & IFF_NO_CARRIER)
		netif_carrier_off(xd->netdev);
	else
		netif_carrier_on(xd->netdev);
	tunx_queue_start_senders(xd);
	return 0;
}

/**
 * tunx_chr_iff_get - TUNGETIFF: name and flags of a device
 * @xd: device
 * @q: queue of the file that asks
 * @ifr: cleared by the caller; filled
 *
 * ABI: the bit of IFF_NO_PI is IFF_NOFILTER here: no filter on this queue.
 *
 * Context: process, RTNL.
 */
void tunx_chr_iff_get(struct tunx_dev *xd, struct tunx_queue *q,
		      struct ifreq *ifr)
{
	unsigned int iff = tunx_flags_to_iff(xd->flags);

	if (!rtnl_dereference(xd->classic_prog) || !(q->flags & TUNX_Q_FILTER))
		iff |= IFF_NOFILTER;
	if (q->state == TUNX_QUEUE_DISABLED)
		iff |= IFF_DETACH_QUEUE;
	strscpy(ifr->ifr_name, xd->netdev->name, IFNAMSIZ);
	ifr->ifr_flags = iff;
}
