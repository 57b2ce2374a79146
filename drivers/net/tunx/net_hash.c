// SPDX-License-Identifier: GPL-2.0
/*
 * net_hash.c - hash reporting and receive side scaling, as a guest asks for
 *
 * A configuration (TUNSETVNETHASH, ethtool -X) is made whole, then takes the
 * place of the old one. Two pointers lead to it, one for each use, so that a
 * frame pays one test for each that is off: @rss to choose a queue, @report to
 * tell the reader.
 *
 * A frame that has both is hashed twice. Between the two the queueing
 * discipline owns it: its control block is not ours, and skb->hash, which
 * survives, is what others take for the flow's own hash, has no room for the
 * type, and is of no help for the pieces of a segmented frame or for one that
 * was changed on the way.
 *
 * RTNL writes, RCU reads.
 */
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/rtnetlink.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/tunx.h>
#include <linux/uaccess.h>

#include "net_hash.h"
#include "tunx.h"

static void tunx_net_hash_parse(const struct tunx_hash_conf *conf, __be16 proto,
				struct tunx_hash_frame *f,
				struct tunx_hash_tuple *t)
{
	if (conf->tap)
		tunx_hash_parse_eth(f, &conf->map, t);
	else
		tunx_hash_parse_ip(f, 0, proto, &conf->map, t);
}

/* A frame whose headers are not all in its first piece; 512 bytes must do */
static noinline void tunx_net_hash_pieces(const struct tunx_hash_conf *conf,
					  const struct sk_buff *skb,
					  struct tunx_hash_tuple *t)
{
	u8 head[512];
	struct tunx_hash_frame frame = {
		.data = head,
		.len = min_t(unsigned int, skb->len, sizeof(head)),
	};

	if (!skb_copy_bits(skb, 0, head, frame.len))
		tunx_net_hash_parse(conf, skb->protocol, &frame, t);
}

static struct tunx_cb tunx_net_hash(const struct tunx_hash_conf *conf,
				    const struct sk_buff *skb)
{
	struct tunx_hash_frame frame = {
		.data = skb->data,
		.len = skb_headlen(skb),
	};
	struct tunx_hash_tuple tuple;

	tunx_net_hash_parse(conf, skb->protocol, &frame, &tuple);
	if (unlikely(frame.cut && skb_is_nonlinear(skb)))
		tunx_net_hash_pieces(conf, skb, &tuple);
	if (tuple.report == VIRTIO_NET_HASH_REPORT_NONE)
		return (struct tunx_cb){ .report = VIRTIO_NET_HASH_REPORT_NONE };
	if (conf->transform != TUNX_HASH_PLAIN)
		tunx_hash_symmetric(&tuple, conf->transform);
	return (struct tunx_cb){
		.hash = tunx_hash_toeplitz(conf->row, &tuple),
		.report = tuple.report,
	};
}

/**
 * tunx_net_hash_queue - queue of a frame by its hash
 * @conf: configuration with TUN_VNET_HASH_RSS
 * @skb: frame about to be transmitted
 * @nr: number of queues
 *
 * Context: BH off, RCU.
 * Return: number of a queue.
 */
u16 tunx_net_hash_queue(const struct tunx_hash_conf *conf,
			const struct sk_buff *skb, unsigned int nr)
{
	struct tunx_cb cb = tunx_net_hash(conf, skb);
	unsigned int queue = conf->unclassified;

	if (cb.report != VIRTIO_NET_HASH_REPORT_NONE)
		queue = conf->table[array_index_nospec(cb.hash & (conf->table_len - 1),
						       conf->table_len)];
	return queue < nr ? queue : queue % nr;
}

/**
 * tunx_net_hash_mark - note the hash of a frame for its reader
 * @conf: configuration with TUN_VNET_HASH_REPORT
 * @skb: frame in tunx_net_xmit()
 *
 * Context: BH off, RCU.
 */
void tunx_net_hash_mark(const struct tunx_hash_conf *conf, struct sk_buff *skb)
{
	*tunx_cb(skb) = tunx_net_hash(conf, skb);
}

/**
 * tunx_net_hash_conf - the configuration in force
 * @xd: device
 *
 * Context: RTNL.
 * Return: the configuration, or NULL.
 */
const struct tunx_hash_conf *tunx_net_hash_conf(const struct tunx_dev *xd)
{
	return rtnl_dereference(xd->rss) ?: rtnl_dereference(xd->report);
}

/**
 * tunx_net_hash_alloc - begin a configuration
 * @xd: device
 * @flags: TUN_VNET_HASH_*
 * @types: VIRTIO_NET_RSS_HASH_TYPE_*
 * @table_len: entries of the table, from 1 to TUNX_HASH_TABLE_MAX
 *
 * Context: process, may sleep.
 * Return: a configuration without key and table, for tunx_net_hash_use(), or
 * NULL when out of memory.
 */
struct tunx_hash_conf *tunx_net_hash_alloc(const struct tunx_dev *xd, u16 flags,
					   u32 types, unsigned int table_len)
{
	unsigned int rows = tunx_hash_key_len(types) - sizeof(u32);
	struct tunx_hash_conf *conf;

	conf = kvzalloc(struct_size(conf, row, rows), GFP_KERNEL_ACCOUNT);
	if (!conf)
		return NULL;
	conf->flags = flags;
	conf->types = types;
	tunx_hash_map_types(&conf->map, types);
	conf->tap = xd->flags & TUNX_F_TAP;
	conf->table_len = table_len;
	return conf;
}

/**
 * tunx_net_hash_use - put a configuration in force
 * @xd: device
 * @conf: configuration, taken over; NULL for none
 *
 * When this returns, all transmitters have seen it: only frames that wait in a
 * queueing discipline still go where the old one sent them.
 *
 * Context: process, RTNL.
 */
void tunx_net_hash_use(struct tunx_dev *xd, struct tunx_hash_conf *conf)
{
	const struct tunx_hash_conf *old = tunx_net_hash_conf(xd);
	unsigned int flags = conf ? conf->flags : 0;

	if (conf)
		tunx_hash_key_expand(conf->row,
				     tunx_hash_key_len(conf->types) - sizeof(u32),
				     conf->key);
	rcu_assign_pointer(xd->rss, flags & TUN_VNET_HASH_RSS ? conf : NULL);
	rcu_assign_pointer(xd->report, flags & TUN_VNET_HASH_REPORT ? conf : NULL);
	tunx_net_xmit_review(xd);
	if (conf || old)
		synchronize_net();
	kvfree(old);
}

/**
 * tunx_net_hash_free - free the configuration of a dying device
 * @xd: device that nobody can reach
 *
 * Context: process.
 */
void tunx_net_hash_free(struct tunx_dev *xd)
{
	kvfree(rcu_dereference_protected(xd->rss, true) ?:
	       rcu_dereference_protected(xd->report, true));
	RCU_INIT_POINTER(xd->rss, NULL);
	RCU_INIT_POINTER(xd->report, NULL);
}

/* What follows struct tun_vnet_hash: how to choose, the table, the key */
static struct tunx_hash_conf *tunx_net_hash_get_rss(const struct tunx_dev *xd,
						    const struct tun_vnet_hash *head,
						    const void __user *arg)
{
	size_t key_len = tunx_hash_key_len(head->types), table_size;
	struct tun_vnet_hash_rss rss;
	struct tunx_hash_conf *conf;
	unsigned int len;

	if (copy_from_user(&rss, arg, sizeof(rss)))
		return ERR_PTR(-EFAULT);
	len = rss.indirection_table_mask + 1;
	if (len > TUNX_HASH_TABLE_MAX || !is_power_of_2(len))
		return ERR_PTR(-EINVAL);
	conf = tunx_net_hash_alloc(xd, head->flags, head->types, len);
	if (!conf)
		return ERR_PTR(-ENOMEM);
	conf->unclassified = rss.unclassified_queue;
	arg += sizeof(rss);
	table_size = len * sizeof(conf->table[0]);
	if (copy_from_user(conf->table, arg, table_size) ||
	    copy_from_user(conf->key, arg + table_size, key_len)) {
		kvfree(conf);
		return ERR_PTR(-EFAULT);
	}
	return conf;
}

/**
 * tunx_net_hash_set - TUNSETVNETHASH
 * @xd: device
 * @arg: in user memory: struct tun_vnet_hash and what follows it
 *
 * Without TUN_VNET_HASH_RSS no key is given: the reported hash then has that of
 * the machine, which ethtool -x shows and ethtool -X changes.
 *
 * Context: process, RTNL.
 * Return: 0; or, with the configuration as it was, -EFAULT, -ENOMEM or -EINVAL:
 * unknown flags or types, padding that is not zero, or a table whose length is
 * no power of two or above TUNX_HASH_TABLE_MAX.
 */
int tunx_net_hash_set(struct tunx_dev *xd, const void __user *arg)
{
	struct tunx_hash_conf *conf = NULL;
	struct tun_vnet_hash head;

	ASSERT_RTNL();
	if (copy_from_user(&head, arg, sizeof(head)))
		return -EFAULT;
	if (head.flags & ~(TUN_VNET_HASH_REPORT | TUN_VNET_HASH_RSS) ||
	    head.pad[0] || head.pad[1] || head.types & ~TUNX_HASH_TYPES)
		return -EINVAL;
	if (head.flags & TUN_VNET_HASH_RSS) {
		conf = tunx_net_hash_get_rss(xd, &head, arg + sizeof(head));
		if (IS_ERR(conf))
			return PTR_ERR(conf);
	} else if (head.flags) {
		conf = tunx_net_hash_alloc(xd, head.flags, head.types, 1);
		if (!conf)
			return -ENOMEM;
		netdev_rss_key_fill(conf->key, sizeof(conf->key));
	}
	tunx_net_hash_use(xd, conf);
	return 0;
}

/**
 * tunx_net_hash_cap - TUNGETVNETHASHCAP
 * @arg: in user memory: struct tun_vnet_hash
 *
 * Context: process.
 * Return: 0 or -EFAULT.
 */
int tunx_net_hash_cap(void __user *arg)
{
	static const struct tun_vnet_hash cap = {
		.flags = TUN_VNET_HASH_REPORT | TUN_VNET_HASH_RSS,
		.types = TUNX_HASH_TYPES,
	};

	return copy_to_user(arg, &cap, sizeof(cap)) ? -EFAULT : 0;
}

/**
 * tunx_net_hash_get - TUNXGETHASH
 * @xd: device
 * @arg: in user memory: struct tunx_hash
 *
 * Context: process, RTNL.
 * Return: 0, -EFAULT, -ENOMEM, -E2BIG (@size is more than a page), or -EINVAL:
 * flags are not zero, or @size is less than the fields up to the key have.
 */
int tunx_net_hash_get(struct tunx_dev *xd, void __user *arg)
{
	const struct tunx_hash_conf *conf = tunx_net_hash_conf(xd);
	struct tunx_hash *hash;
	u32 asked[2];
	int err = 0;

	BUILD_BUG_ON(TUNX_HASH_KEY != TUNX_HASH_KEY_MAX);
	if (copy_from_user(asked, arg, sizeof(asked)))
		return -EFAULT;
	if (asked[0] < offsetof(struct tunx_hash, key) || asked[1])
		return -EINVAL;
	if (asked[0] > PAGE_SIZE)
		return -E2BIG;
	hash = kzalloc_obj(*hash, GFP_KERNEL);
	if (!hash)
		return -ENOMEM;
	hash->size = sizeof(*hash);
	if (conf) {
		hash->flags = conf->flags;
		hash->types = conf->types;
		hash->transform = conf->transform;
		hash->unclassified_queue = conf->unclassified;
		memcpy(hash->key, conf->key, sizeof(hash->key));
	}
	if (hash->flags & TUN_VNET_HASH_RSS) {
		hash->table_len = conf->table_len;
		memcpy(hash->table, conf->table,
		       conf->table_len * sizeof(hash->table[0]));
	}
	if (copy_to_user(arg, hash, min_t(size_t, asked[0], sizeof(*hash))) ||
	    (asked[0] > sizeof(*hash) &&
	     clear_user(arg + sizeof(*hash), asked[0] - sizeof(*hash))))
		err = -EFAULT;
	kfree(hash);
	return err;
}
