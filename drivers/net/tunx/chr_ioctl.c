// SPDX-License-Identifier: GPL-2.0
/*
 * chr_ioctl.c - the ioctls: one table, one small handler each
 *
 * The table says what a handler needs; tunx_chr_ioctl() provides it, always in
 * the same order: the caller's ifreq, RTNL, the device.
 */
#include <linux/capability.h>
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/net_namespace.h>
#include <linux/nsproxy.h>
#include <linux/proc_fs.h>
#include <linux/proc_ns.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/tunx.h>
#include <linux/uaccess.h>

#include "tunx.h"

/**
 * struct tunx_ioctl - one call, as its handler sees it
 * @q: queue of the file
 * @xd: its device, NULL when it has none
 * @arg: argument by value
 * @uarg: argument as a pointer into user memory
 * @ifr: the caller's ifreq, all zero where the call has none
 * @ifr_size: its size in the caller's ABI
 */
struct tunx_ioctl {
	struct tunx_queue *q;
	struct tunx_dev *xd;
	unsigned long arg;
	void __user *uarg;
	struct ifreq ifr;
	size_t ifr_size;
};

static long tunx_chr_ioctl_put_ifr(struct tunx_ioctl *c)
{
	return copy_to_user(c->uarg, &c->ifr, c->ifr_size) ? -EFAULT : 0;
}

static long tunx_chr_get_int(struct tunx_ioctl *c, int value)
{
	return put_user(value, (int __user *)c->uarg);
}

/* Calls that work without a device */

static long tunx_chr_get_features(struct tunx_ioctl *c)
{
	return put_user(TUNX_IFF_FEATURES, (unsigned int __user *)c->uarg);
}

static long tunx_chr_get_hash_cap(struct tunx_ioctl *c)
{
	return tunx_net_hash_cap(c->uarg);
}

static long tunx_chr_open_netns(struct net *net)
{
	if (!ns_capable(net->user_ns, CAP_NET_ADMIN))
		return -EPERM;
	return open_related_ns(&net->ns, get_net_ns);
}

static long tunx_chr_get_sk_netns(struct tunx_ioctl *c)
{
	return tunx_chr_open_netns(sock_net(&c->q->sk));
}

static long tunx_chr_set_iff(struct tunx_ioctl *c)
{
	long err = tunx_chr_iff_set(c->q, &c->ifr);

	return err ? err : tunx_chr_ioctl_put_ifr(c);
}

static long tunx_chr_set_ifindex(struct tunx_ioctl *c)
{
	int ifindex;

	if (c->xd)
		return -EPERM;
	if (get_user(ifindex, (int __user *)c->uarg))
		return -EFAULT;
	if (ifindex < 0)
		return -EINVAL;
	c->q->ifindex = ifindex;
	return 0;
}

/* ABI: both flags at once attach */
static long tunx_chr_set_queue(struct tunx_ioctl *c)
{
	if (!c->xd)
		return -EINVAL;
	if (c->ifr.ifr_flags & IFF_ATTACH_QUEUE)
		return tunx_queue_enable(c->xd, c->q);
	if (c->ifr.ifr_flags & IFF_DETACH_QUEUE)
		return tunx_queue_disable(c->xd, c->q);
	return -EINVAL;
}

/* Calls on a device */

static long tunx_chr_get_iff(struct tunx_ioctl *c)
{
	tunx_chr_iff_get(c->xd, c->q, &c->ifr);
	return tunx_chr_ioctl_put_ifr(c);
}

/* ABI: checksums were an ioctl's business until 2008 */
static long tunx_chr_set_nocsum(struct tunx_ioctl *c)
{
	return 0;
}

static long tunx_chr_set_debug(struct tunx_ioctl *c)
{
	WRITE_ONCE(c->xd->msg_enable, c->arg);
	return 0;
}

static long tunx_chr_set_persist(struct tunx_ioctl *c)
{
	struct tunx_dev *xd = c->xd;
	bool on = c->arg;

	if (on == !!(xd->flags & TUNX_F_PERSIST))
		return 0;
	/* A persistent device keeps the module; tunx_net_uninit() lets go */
	if (on) {
		__module_get(THIS_MODULE);
		WRITE_ONCE(xd->flags, xd->flags | TUNX_F_PERSIST);
	} else {
		WRITE_ONCE(xd->flags, xd->flags & ~TUNX_F_PERSIST);
		module_put(THIS_MODULE);
	}
	netdev_state_change(xd->netdev);
	return 0;
}

static long tunx_chr_set_owner(struct tunx_ioctl *c)
{
	kuid_t owner = make_kuid(current_user_ns(), c->arg);

	if (!uid_valid(owner))
		return -EINVAL;
	WRITE_ONCE(c->xd->owner, owner);
	netdev_state_change(c->xd->netdev);
	return 0;
}

static long tunx_chr_set_group(struct tunx_ioctl *c)
{
	kgid_t group = make_kgid(current_user_ns(), c->arg);

	if (!gid_valid(group))
		return -EINVAL;
	WRITE_ONCE(c->xd->group, group);
	netdev_state_change(c->xd->netdev);
	return 0;
}

static long tunx_chr_set_link(struct tunx_ioctl *c)
{
	return tunx_net_set_type(c->xd, c->arg);
}

static long tunx_chr_get_sndbuf(struct tunx_ioctl *c)
{
	return tunx_chr_get_int(c, c->q->sk.sk_sndbuf);
}

static long tunx_chr_set_sndbuf(struct tunx_ioctl *c)
{
	int sndbuf;

	if (get_user(sndbuf, (int __user *)c->uarg))
		return -EFAULT;
	if (sndbuf <= 0)
		return -EINVAL;
	tunx_queue_set_sndbuf(c->xd, sndbuf);
	return 0;
}

static long tunx_chr_set_carrier(struct tunx_ioctl *c)
{
	unsigned int on;

	if (get_user(on, (unsigned int __user *)c->uarg))
		return -EFAULT;
	return tunx_net_set_carrier(c->xd, on);
}

static long tunx_chr_get_dev_netns(struct tunx_ioctl *c)
{
	return tunx_chr_open_netns(dev_net(c->xd->netdev));
}

static long tunx_chr_set_offload(struct tunx_ioctl *c)
{
	return tunx_net_set_offload(c->xd, c->arg);
}

static long tunx_chr_get_vnet_size(struct tunx_ioctl *c)
{
	return tunx_chr_get_int(c, c->xd->vnet_size);
}

/* ABI: stress-ng and others pass huge sizes; they only make reads fail */
static long tunx_chr_set_vnet_size(struct tunx_ioctl *c)
{
	int size;

	if (get_user(size, (int __user *)c->uarg))
		return -EFAULT;
	if (size < (int)TUNX_VNET_MIN)
		return -EINVAL;
	WRITE_ONCE(c->xd->vnet_size, size);
	return 0;
}

static long tunx_chr_set_flag(struct tunx_ioctl *c, unsigned int flag)
{
	struct tunx_dev *xd = c->xd;
	int on;

	if (get_user(on, (int __user *)c->uarg))
		return -EFAULT;
	WRITE_ONCE(xd->flags, on ? xd->flags | flag : xd->flags & ~flag);
	return 0;
}

static long tunx_chr_get_vnet_le(struct tunx_ioctl *c)
{
	return tunx_chr_get_int(c, !!(c->xd->flags & TUNX_F_VNET_LE));
}

static long tunx_chr_set_vnet_le(struct tunx_ioctl *c)
{
	return tunx_chr_set_flag(c, TUNX_F_VNET_LE);
}

/* Guests of the other endianness are the kernel configuration's choice */
static long tunx_chr_get_vnet_be(struct tunx_ioctl *c)
{
	if (!IS_ENABLED(CONFIG_TUN_VNET_CROSS_LE))
		return -EINVAL;
	return tunx_chr_get_int(c, !!(c->xd->flags & TUNX_F_VNET_BE));
}

static long tunx_chr_set_vnet_be(struct tunx_ioctl *c)
{
	if (!IS_ENABLED(CONFIG_TUN_VNET_CROSS_LE))
		return -EINVAL;
	return tunx_chr_set_flag(c, TUNX_F_VNET_BE);
}

static long tunx_chr_set_mac_filter(struct tunx_ioctl *c)
{
	if (!(c->xd->flags & TUNX_F_TAP))
		return -EINVAL;
	return tunx_net_filter_set_mac(c->xd, c->uarg);
}

/* ABI: what TUNGETFILTER returns is remembered before it is looked at */
static long tunx_chr_attach_filter(struct tunx_ioctl *c)
{
	if (!(c->xd->flags & TUNX_F_TAP))
		return -EINVAL;
	if (copy_from_user(&c->xd->classic_user, c->uarg, sizeof(c->xd->classic_user)))
		return -EFAULT;
	return tunx_net_filter_set_classic(c->xd, &c->xd->classic_user);
}

static long tunx_chr_detach_filter(struct tunx_ioctl *c)
{
	if (!(c->xd->flags & TUNX_F_TAP))
		return -EINVAL;
	return tunx_net_filter_set_classic(c->xd, NULL);
}

static long tunx_chr_get_filter(struct tunx_ioctl *c)
{
	if (!(c->xd->flags & TUNX_F_TAP))
		return -EINVAL;
	return copy_to_user(c->uarg, &c->xd->classic_user,
			    sizeof(c->xd->classic_user)) ? -EFAULT : 0;
}

static long tunx_chr_set_prog(struct tunx_ioctl *c, struct bpf_prog __rcu **slot)
{
	int fd;

	if (get_user(fd, (int __user *)c->uarg))
		return -EFAULT;
	return tunx_net_set_prog(c->xd, slot, fd);
}

static long tunx_chr_set_steering(struct tunx_ioctl *c)
{
	return tunx_chr_set_prog(c, &c->xd->steer_prog);
}

static long tunx_chr_set_filter_ebpf(struct tunx_ioctl *c)
{
	return tunx_chr_set_prog(c, &c->xd->filter_prog);
}

static long tunx_chr_set_hash(struct tunx_ioctl *c)
{
	return tunx_net_hash_set(c->xd, c->uarg);
}

static long tunx_chr_get_hash(struct tunx_ioctl *c)
{
	return tunx_net_hash_get(c->xd, c->uarg);
}

static long tunx_chr_set_batch(struct tunx_ioctl *c)
{
	return tunx_chr_batch_set(c->q, c->uarg);
}

static long tunx_chr_set_ring(struct tunx_ioctl *c)
{
	return tunx_chr_ring_set(c->q, c->uarg);
}

static long tunx_chr_kick(struct tunx_ioctl *c)
{
	return tunx_chr_ring_kick(c->q);
}

/* ABI: of the ifreq only the address changes, as far as there is one */
static long tunx_chr_get_hwaddr(struct tunx_ioctl *c)
{
	struct net_device *dev = c->xd->netdev;
	struct sockaddr *sa = &c->ifr.ifr_hwaddr;
	const size_t size = sizeof(*sa) - offsetof(struct sockaddr, sa_data);

	sa->sa_family = dev->type;
	if (!dev->addr_len)
		memset(sa->sa_data, 0, size);
	memcpy(sa->sa_data, dev->dev_addr, min_t(size_t, size, dev->addr_len));
	return tunx_chr_ioctl_put_ifr(c);
}

static long tunx_chr_set_hwaddr(struct tunx_ioctl *c)
{
	return compat_set_mac_address_user(c->xd->netdev, &c->ifr.ifr_hwaddr);
}

#define NEEDS_RTNL	BIT(0)
#define NEEDS_DEV	(BIT(1) | NEEDS_RTNL)

static const struct tunx_ioctl_entry {
	unsigned int cmd;
	unsigned int needs;
	long (*handler)(struct tunx_ioctl *c);
} tunx_chr_ioctls[] = {
	/* The one that may be called often comes first */
	{ TUNXRINGKICK,		0,		tunx_chr_kick },
	{ TUNXSETRING,		0,		tunx_chr_set_ring },
	{ TUNGETFEATURES,	0,		tunx_chr_get_features },
	{ TUNGETVNETHASHCAP,	0,		tunx_chr_get_hash_cap },
	{ SIOCGSKNS,		0,		tunx_chr_get_sk_netns },
	{ TUNSETIFF,		NEEDS_RTNL,	tunx_chr_set_iff },
	{ TUNSETIFINDEX,	NEEDS_RTNL,	tunx_chr_set_ifindex },
	{ TUNSETQUEUE,		NEEDS_RTNL,	tunx_chr_set_queue },
	{ TUNGETIFF,		NEEDS_DEV,	tunx_chr_get_iff },
	{ TUNSETNOCSUM,		NEEDS_DEV,	tunx_chr_set_nocsum },
	{ TUNSETDEBUG,		NEEDS_DEV,	tunx_chr_set_debug },
	{ TUNSETPERSIST,	NEEDS_DEV,	tunx_chr_set_persist },
	{ TUNSETOWNER,		NEEDS_DEV,	tunx_chr_set_owner },
	{ TUNSETGROUP,		NEEDS_DEV,	tunx_chr_set_group },
	{ TUNSETLINK,		NEEDS_DEV,	tunx_chr_set_link },
	{ TUNGETSNDBUF,		NEEDS_DEV,	tunx_chr_get_sndbuf },
	{ TUNSETSNDBUF,		NEEDS_DEV,	tunx_chr_set_sndbuf },
	{ TUNSETOFFLOAD,	NEEDS_DEV,	tunx_chr_set_offload },
	{ TUNGETVNETHDRSZ,	NEEDS_DEV,	tunx_chr_get_vnet_size },
	{ TUNSETVNETHDRSZ,	NEEDS_DEV,	tunx_chr_set_vnet_size },
	{ TUNGETVNETLE,		NEEDS_DEV,	tunx_chr_get_vnet_le },
	{ TUNSETVNETLE,		NEEDS_DEV,	tunx_chr_set_vnet_le },
	{ TUNGETVNETBE,		NEEDS_DEV,	tunx_chr_get_vnet_be },
	{ TUNSETVNETBE,		NEEDS_DEV,	tunx_chr_set_vnet_be },
	{ TUNSETTXFILTER,	NEEDS_DEV,	tunx_chr_set_mac_filter },
	{ TUNATTACHFILTER,	NEEDS_DEV,	tunx_chr_attach_filter },
	{ TUNDETACHFILTER,	NEEDS_DEV,	tunx_chr_detach_filter },
	{ TUNGETFILTER,		NEEDS_DEV,	tunx_chr_get_filter },
	{ TUNSETSTEERINGEBPF,	NEEDS_DEV,	tunx_chr_set_steering },
	{ TUNSETFILTEREBPF,	NEEDS_DEV,	tunx_chr_set_filter_ebpf },
	{ TUNSETVNETHASH,	NEEDS_DEV,	tunx_chr_set_hash },
	{ TUNXGETHASH,		NEEDS_DEV,	tunx_chr_get_hash },
	{ TUNXSETBATCH,		NEEDS_RTNL,	tunx_chr_set_batch },
	{ TUNSETCARRIER,	NEEDS_DEV,	tunx_chr_set_carrier },
	{ TUNGETDEVNETNS,	NEEDS_DEV,	tunx_chr_get_dev_netns },
	{ SIOCGIFHWADDR,	NEEDS_DEV,	tunx_chr_get_hwaddr },
	{ SIOCSIFHWADDR,	NEEDS_DEV,	tunx_chr_set_hwaddr },
};

/* ABI: on a file with a device, a call nobody knows is EINVAL, not ENOTTY */
static long tunx_chr_ioctl_unknown(struct tunx_ioctl *c)
{
	return -EINVAL;
}

static const struct tunx_ioctl_entry *tunx_chr_ioctl_find(unsigned int cmd)
{
	static const struct tunx_ioctl_entry unknown = {
		.needs = NEEDS_DEV,
		.handler = tunx_chr_ioctl_unknown,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tunx_chr_ioctls); i++)
		if (tunx_chr_ioctls[i].cmd == cmd)
			return &tunx_chr_ioctls[i];
	return &unknown;
}

/* ABI: also calls nobody knows fault on a bad pointer if they are SIOC* */
static bool tunx_chr_ioctl_has_ifr(unsigned int cmd)
{
	return cmd == TUNSETIFF || cmd == TUNSETQUEUE ||
	       (_IOC_TYPE(cmd) == SOCK_IOC_TYPE && cmd != SIOCGSKNS);
}

static long tunx_chr_ioctl_call(struct tunx_queue *q, unsigned int cmd,
				unsigned long arg, size_t ifr_size)
{
	const struct tunx_ioctl_entry *entry = tunx_chr_ioctl_find(cmd);
	struct tunx_ioctl c = {
		.q = q,
		.arg = arg,
		.uarg = (void __user *)arg,
		.ifr_size = ifr_size,
	};
	long ret;

	if (tunx_chr_ioctl_has_ifr(cmd) &&
	    copy_from_user(&c.ifr, c.uarg, ifr_size))
		return -EFAULT;
	if (!(entry->needs & NEEDS_RTNL))
		return entry->handler(&c);

	rtnl_lock();
	c.xd = rtnl_dereference(q->xd);
	if (c.xd)
		netif_info(c.xd, drv, c.xd->netdev, "ioctl %#x\n", cmd);
	if (entry->needs == NEEDS_DEV && !c.xd)
		ret = -EBADFD;
	else
		ret = entry->handler(&c);
	rtnl_unlock();
	return ret;
}

/**
 * tunx_chr_ioctl - unlocked_ioctl
 * @file: our file
 * @cmd: number
 * @arg: value or pointer
 *
 * Context: process, may sleep.
 * Return: 0 or more; -EFAULT: bad pointer. -EBADFD: the call needs a device
 * and the file has none. -EINVAL: unknown call, or as the handler says.
 */
long tunx_chr_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return tunx_chr_ioctl_call(file->private_data, cmd, arg,
				   sizeof(struct ifreq));
}

#ifdef CONFIG_COMPAT
/**
 * tunx_chr_compat_ioctl - ioctl of a 32-bit program
 * @file: our file
 * @cmd: number
 * @arg: value or pointer, 32 bits
 *
 * Numbers and arguments are the same, only struct ifreq is shorter.
 *
 * Context: process, may sleep.
 * Return: as tunx_chr_ioctl().
 */
long tunx_chr_compat_ioctl(struct file *file, unsigned int cmd,
			   unsigned long arg)
{
	return tunx_chr_ioctl_call(file->private_data, cmd,
				   (unsigned long)compat_ptr(arg),
				   sizeof(struct compat_ifreq));
}
#endif
