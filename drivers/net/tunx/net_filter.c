// SPDX-License-Identifier: GPL-2.0
/*
 * net_filter.c - what the reader does not want to see
 *
 * Three filters, all optional, in this order: destination addresses of a tap
 * (TUNSETTXFILTER), a classic BPF program of a tap (TUNATTACHFILTER), an eBPF
 * program (TUNSETFILTEREBPF). RTNL writes, RCU reads.
 */
#include <linux/bitops.h>
#include <linux/bpf.h>
#include <linux/crc32.h>
#include <linux/etherdevice.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <linux/skbuff.h>
#include <linux/uaccess.h>

#include "tunx.h"

#define TUNX_MAC_EXACT	8	/* ABI: the ioctl returns how many fitted */

/**
 * struct tunx_mac_filter - destination addresses the reader wants
 * @rcu: for freeing
 * @nr: number of exact addresses
 * @exact: these pass
 * @hash: multicast addresses whose hash has its bit here pass, too
 */
struct tunx_mac_filter {
	struct rcu_head rcu;
	unsigned int nr;
	u8 exact[TUNX_MAC_EXACT][ETH_ALEN];
	u64 hash;
};

static u64 tunx_net_filter_hash(const u8 *addr)
{
	return BIT_ULL(ether_crc(ETH_ALEN, addr) >> 26);
}

static bool tunx_net_filter_mac(const struct tunx_mac_filter *filter,
				const struct sk_buff *skb)
{
	const u8 *dest = skb->data;
	unsigned int i;

	if (skb_headlen(skb) < ETH_HLEN)
		return false;
	for (i = 0; i < filter->nr; i++)
		if (ether_addr_equal_unaligned(dest, filter->exact[i]))
			return true;
	return is_multicast_ether_addr(dest) &&
	       filter->hash & tunx_net_filter_hash(dest);
}

/* Run a program that returns how much of the frame it wants; 0 is nothing */
static enum skb_drop_reason tunx_net_filter_run(const struct bpf_prog *prog,
						struct sk_buff *skb,
						enum skb_drop_reason drop)
{
	u32 len = bpf_prog_run_clear_cb(prog, skb);

	if (!len)
		return drop;
	if (len < skb->len && pskb_trim(skb, len))
		return SKB_DROP_REASON_NOMEM;
	return SKB_NOT_DROPPED_YET;
}

/**
 * tunx_net_filter - may this frame go to the reader
 * @xd: device
 * @q: queue it goes to
 * @skb: frame; a program may shorten it
 *
 * Context: BH off, RCU.
 * Return: SKB_NOT_DROPPED_YET, or why not.
 */
enum skb_drop_reason tunx_net_filter(struct tunx_dev *xd, struct tunx_queue *q,
				     struct sk_buff *skb)
{
	const struct tunx_mac_filter *mac = rcu_dereference_bh(xd->mac_filter);
	const struct bpf_prog *classic = rcu_dereference_bh(xd->classic_prog);
	const struct bpf_prog *ebpf = rcu_dereference_bh(xd->filter_prog);
	enum skb_drop_reason reason;

	if (mac && !tunx_net_filter_mac(mac, skb))
		return SKB_DROP_REASON_TAP_TXFILTER;
	if (classic && READ_ONCE(q->flags) & TUNX_Q_FILTER) {
		reason = tunx_net_filter_run(classic, skb, SKB_DROP_REASON_SOCKET_FILTER);
		if (reason)
			return reason;
	}
	if (ebpf)
		return tunx_net_filter_run(ebpf, skb, SKB_DROP_REASON_TAP_FILTER);
	return SKB_NOT_DROPPED_YET;
}

static int tunx_net_filter_fill(struct tunx_mac_filter *filter,
				const struct tun_filter *head, const u8 *addr)
{
	unsigned int i;

	filter->nr = min_t(unsigned int, head->count, TUNX_MAC_EXACT);
	memcpy(filter->exact, addr, filter->nr * ETH_ALEN);
	for (i = filter->nr; i < head->count; i++) {
		if (!is_multicast_ether_addr(addr + i * ETH_ALEN))
			return -EINVAL;
		filter->hash |= tunx_net_filter_hash(addr + i * ETH_ALEN);
	}
	if (head->flags & TUN_FLT_ALLMULTI)
		filter->hash = ~0ULL;
	return 0;
}

/**
 * tunx_net_filter_set_mac - TUNSETTXFILTER
 * @xd: device, a tap
 * @arg: in user memory: struct tun_filter and its addresses
 *
 * ABI: too many unicast addresses are no error, they switch the filter off.
 *
 * Context: process, RTNL.
 * Return: number of exact addresses in use, 0 when the filter is off; -EFAULT
 * or -ENOMEM, with the filter as it was.
 */
int tunx_net_filter_set_mac(struct tunx_dev *xd, struct tun_filter __user *arg)
{
	struct tunx_mac_filter *filter = NULL, *old;
	struct tun_filter head;
	u8 *addr;
	int nr;

	ASSERT_RTNL();
	if (copy_from_user(&head, arg, sizeof(head)))
		return -EFAULT;
	if (head.count) {
		addr = memdup_user(arg + 1, head.count * ETH_ALEN);
		if (IS_ERR(addr))
			return PTR_ERR(addr);
		filter = kzalloc_obj(*filter, GFP_KERNEL_ACCOUNT);
		if (!filter) {
			kfree(addr);
			return -ENOMEM;
		}
		if (tunx_net_filter_fill(filter, &head, addr)) {
			kfree(filter);
			filter = NULL;
		}
		kfree(addr);
	}

	nr = filter ? filter->nr : 0;
	old = rtnl_dereference(xd->mac_filter);
	rcu_assign_pointer(xd->mac_filter, filter);
	tunx_net_xmit_review(xd);
	kfree_rcu(old, rcu);
	return nr;
}

static void tunx_net_filter_mark(struct tunx_queue *q, long on)
{
	if (on && q->state == TUNX_QUEUE_ATTACHED)
		WRITE_ONCE(q->flags, q->flags | TUNX_Q_FILTER);
	else if (!on)
		WRITE_ONCE(q->flags, q->flags & ~TUNX_Q_FILTER);
}

/**
 * tunx_net_filter_set_classic - TUNATTACHFILTER, TUNDETACHFILTER
 * @xd: device, a tap
 * @fprog: program in user memory, or NULL for none
 *
 * The program is copied once, here. Queues that join later share it.
 *
 * Context: process, RTNL.
 * Return: 0, -EINVAL (bad program), -EFAULT or -ENOMEM.
 */
int tunx_net_filter_set_classic(struct tunx_dev *xd, struct sock_fprog *fprog)
{
	struct bpf_prog *prog = NULL, *old;
	int err;

	ASSERT_RTNL();
	if (fprog) {
		err = bpf_prog_create_from_user(&prog, fprog, NULL, false);
		if (err)
			return err;
	}
	old = rtnl_dereference(xd->classic_prog);
	rcu_assign_pointer(xd->classic_prog, prog);
	tunx_net_xmit_review(xd);
	tunx_queue_for_each(xd, tunx_net_filter_mark, !!prog);
	if (old) {
		synchronize_net();
		bpf_prog_destroy(old);
	}
	return 0;
}

/**
 * tunx_net_set_prog - replace an eBPF program of a device
 * @xd: device
 * @slot: its pointer to it
 * @fd: file of a socket filter program, or -1 for none
 *
 * Context: process, RTNL.
 * Return: 0, -EBADF (no file), -EINVAL (not such a program).
 */
int tunx_net_set_prog(struct tunx_dev *xd, struct bpf_prog __rcu **slot, int fd)
{
	struct bpf_prog *prog = NULL, *old;

	ASSERT_RTNL();
	if (fd != -1) {
		prog = bpf_prog_get_type(fd, BPF_PROG_TYPE_SOCKET_FILTER);
		if (IS_ERR(prog))
			return PTR_ERR(prog);
	}
	old = rtnl_dereference(*slot);
	rcu_assign_pointer(*slot, prog);
	tunx_net_xmit_review(xd);
	/* Freed after a grace period */
	if (old)
		bpf_prog_put(old);
	return 0;
}

static void tunx_net_put_prog(struct bpf_prog __rcu **slot)
{
	struct bpf_prog *prog = rcu_dereference_protected(*slot, true);

	RCU_INIT_POINTER(*slot, NULL);
	if (prog)
		bpf_prog_put(prog);
}

/**
 * tunx_net_filter_free - free filters and programs of a dying device
 * @xd: device that nobody can reach
 *
 * Context: process.
 */
void tunx_net_filter_free(struct tunx_dev *xd)
{
	struct bpf_prog *classic = rcu_dereference_protected(xd->classic_prog, true);

	RCU_INIT_POINTER(xd->classic_prog, NULL);
	if (classic)
		bpf_prog_destroy(classic);
	kfree(rcu_dereference_protected(xd->mac_filter, true));
	RCU_INIT_POINTER(xd->mac_filter, NULL);
	tunx_net_put_prog(&xd->filter_prog);
	tunx_net_put_prog(&xd->steer_prog);
}
