// SPDX-License-Identifier: GPL-2.0
/*
 * chr.c - the character-device half: one open file is one queue
 *
 * Each operation takes the queue's device for as long as it runs, see
 * tunx_queue_dev_get(). Without a device it fails with EBADFD.
 */
#include <linux/fs.h>
#include <linux/if_vlan.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/poll.h>
#include <linux/rtnetlink.h>
#include <linux/seq_file.h>
#include <linux/uio.h>

#include "frame.h"
#include "tunx.h"

static int tunx_chr_open(struct inode *inode, struct file *file)
{
	struct tunx_queue *q;

	q = tunx_queue_open(current->nsproxy->net_ns, file);
	if (!q)
		return -ENOMEM;
	file->private_data = q;
	/* We honour IOCB_NOWAIT: io_uring need not hand us to a worker */
	file->f_mode |= FMODE_NOWAIT;
	return 0;
}

static int tunx_chr_release(struct inode *inode, struct file *file)
{
	struct tunx_queue *q = file->private_data;

	rtnl_lock();
	tunx_queue_release(q);
	rtnl_unlock();
	tunx_queue_free(q);
	return 0;
}

/* The tag that transmit offload kept beside the frame goes back into it */
static int tunx_chr_put_tag(const struct sk_buff *skb, struct iov_iter *to)
{
	struct {
		__be16 proto;
		__be16 tci;
	} tag = {
		.proto = skb->vlan_proto,
		.tci = htons(skb_vlan_tag_get(skb)),
	};
	size_t room = min(sizeof(tag), iov_iter_count(to));

	return copy_to_iter(&tag, room, to) == room ? 0 : -EFAULT;
}

/* @from and @to are offsets into the frame; stops where the buffer ends */
static int tunx_chr_put_part(const struct sk_buff *skb, unsigned int from,
			     unsigned int to, struct iov_iter *iter)
{
	unsigned int len = min_t(size_t, to - from, iov_iter_count(iter));

	return skb_copy_datagram_iter(skb, from, iter, len);
}

/* One frame into the reader's buffer; what does not fit is lost */
static ssize_t tunx_chr_put_frame(struct tunx_dev *xd, const struct sk_buff *skb,
				  struct iov_iter *iter)
{
	size_t room = iov_iter_count(iter), total = skb->len;
	bool tagged = skb_vlan_tag_present(skb);
	struct tun_pi pi;
	int err = 0;

	if (tagged)
		total += VLAN_HLEN;
	if (READ_ONCE(xd->flags) & TUNX_F_PI) {
		total += sizeof(pi);
		if (room < sizeof(pi))
			return -EINVAL;
		pi = tunx_frame_pi(skb->protocol, room < total);
		if (copy_to_iter(&pi, sizeof(pi), iter) != sizeof(pi))
			return -EFAULT;
	}

	if (tagged) {
		const unsigned int at = offsetof(struct vlan_ethhdr, h_vlan_proto);

		err = tunx_chr_put_part(skb, 0, at, iter);
		if (!err)
			err = tunx_chr_put_tag(skb, iter);
		if (!err)
			err = tunx_chr_put_part(skb, at, skb->len, iter);
	} else {
		err = tunx_chr_put_part(skb, 0, skb->len, iter);
	}
	return err ? err : min(total, room);
}

static ssize_t tunx_chr_read(struct tunx_queue *q, struct tunx_dev *xd,
			     struct iov_iter *to, bool noblock)
{
	unsigned int len, slot;
	struct sk_buff *skb;
	ssize_t ret;

	/* ABI: a buffer of no bytes takes no frame */
	if (!iov_iter_count(to))
		return 0;
	skb = tunx_queue_consume(q, xd, noblock);
	if (IS_ERR(skb))
		return PTR_ERR(skb);

	ret = tunx_chr_put_frame(xd, skb, to);
	if (ret < 0) {
		kfree_skb(skb);
		return ret;
	}
	len = skb->len + (skb_vlan_tag_present(skb) ? VLAN_HLEN : 0);
	slot = READ_ONCE(q->index);
	tunx_stats_inc(xd, slot, tx_packets);
	tunx_stats_add(xd, slot, tx_bytes, len);
	consume_skb(skb);
	return ret;
}

static bool tunx_chr_noblock(const struct kiocb *iocb)
{
	return iocb->ki_filp->f_flags & O_NONBLOCK ||
	       iocb->ki_flags & IOCB_NOWAIT;
}

static ssize_t tunx_chr_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct tunx_queue *q = iocb->ki_filp->private_data;
	struct tunx_dev *xd = tunx_queue_dev_get(q);
	ssize_t ret;

	if (!xd)
		return -EBADFD;
	ret = tunx_chr_read(q, xd, to, tunx_chr_noblock(iocb));
	if (ret > 0)
		iocb->ki_pos = ret; /* ABI: "pos:" of fdinfo, nothing else */
	tunx_queue_dev_put(xd);
	return ret;
}

static ssize_t tunx_chr_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct tunx_queue *q = iocb->ki_filp->private_data;
	struct tunx_dev *xd = tunx_queue_dev_get(q);
	ssize_t ret;

	if (!xd)
		return -EBADFD;
	ret = tunx_net_rx(xd, q, from, tunx_chr_noblock(iocb));
	tunx_queue_dev_put(xd);
	return ret;
}

static bool tunx_chr_writeable(struct tunx_queue *q, struct tunx_dev *xd)
{
	return READ_ONCE(xd->netdev->flags) & IFF_UP && sock_writeable(&q->sk);
}

static __poll_t tunx_chr_poll(struct file *file, poll_table *wait)
{
	struct tunx_queue *q = file->private_data;
	struct tunx_dev *xd = tunx_queue_dev_get(q);
	__poll_t mask = 0;

	if (!xd)
		return EPOLLERR;
	poll_wait(file, &q->socket.wq.wait, wait);
	if (!ptr_ring_empty(&q->ring))
		mask |= EPOLLIN | EPOLLRDNORM;
	/* Ask for the event first, look afterwards, so that none is missed */
	if (tunx_chr_writeable(q, xd) ||
	    (!test_and_set_bit(SOCKWQ_ASYNC_NOSPACE, &q->socket.flags) &&
	     tunx_chr_writeable(q, xd)))
		mask |= EPOLLOUT | EPOLLWRNORM;
	if (rcu_access_pointer(q->xd) != xd)
		mask = EPOLLERR;
	tunx_queue_dev_put(xd);
	return mask;
}

static int tunx_chr_fasync(int fd, struct file *file, int on)
{
	struct tunx_queue *q = file->private_data;
	int err;

	/* Newer kernels allocate the owner on demand, which may fail */
	if (on) {
		err = file_f_owner_allocate(file);
		if (err)
			return err;
	}
	err = fasync_helper(fd, file, on, &q->fasync);
	if (err < 0)
		return err;
	if (on)
		__f_setown(file, task_tgid(current), PIDTYPE_TGID, 0);
	WRITE_ONCE(q->fasync_on, on);
	return 0;
}

#ifdef CONFIG_PROC_FS
/* ABI: "ip tuntap show" finds the programs attached to a device by this line */
static void tunx_chr_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct tunx_dev *xd = tunx_queue_dev_get(file->private_data);
	char name[IFNAMSIZ] = "";

	if (xd) {
		/* Holds the name still while it is copied */
		rtnl_lock();
		strscpy(name, xd->netdev->name, sizeof(name));
		rtnl_unlock();
		tunx_queue_dev_put(xd);
	}
	seq_printf(m, "iff:\t%s\n", name);
}
#endif

static const struct file_operations tunx_chr_fops = {
	.owner		= THIS_MODULE,
	.open		= tunx_chr_open,
	.release	= tunx_chr_release,
	.read_iter	= tunx_chr_read_iter,
	.write_iter	= tunx_chr_write_iter,
	.poll		= tunx_chr_poll,
	.unlocked_ioctl	= tunx_chr_ioctl,
#ifdef CONFIG_COMPAT
	.compat_ioctl	= tunx_chr_compat_ioctl,
#endif
	.fasync		= tunx_chr_fasync,
#ifdef CONFIG_PROC_FS
	.show_fdinfo	= tunx_chr_show_fdinfo,
#endif
};

static struct miscdevice tunx_chr_misc = {
	.name		= TUNX_KIND,
	.nodename	= "net/" TUNX_KIND,
	.fops		= &tunx_chr_fops,
#ifdef TUNX_DROPIN
	.minor		= TUN_MINOR,
#else
	.minor		= MISC_DYNAMIC_MINOR,
	/* What udev does for net/tun; opening the node gives no right */
	.mode		= 0666,
#endif
};

/**
 * tunx_chr_init - make the device node appear
 *
 * Context: process.
 * Return: 0, -EBUSY (drop-in build: the minor is taken), -EEXIST or -ENOMEM.
 */
int tunx_chr_init(void)
{
	return misc_register(&tunx_chr_misc);
}

/**
 * tunx_chr_exit - make the device node go
 *
 * Context: process.
 */
void tunx_chr_exit(void)
{
	misc_deregister(&tunx_chr_misc);
}
