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
#include <net/xdp.h>

#include "frame.h"
#include "net_rx.h"
#include "queue_ring.h"
#include "trace.h"
#include "tunx.h"

static int tunx_chr_open(struct inode *inode, struct file *file)
{
	struct tunx_queue *q;

	q = tunx_queue_open(current->nsproxy->net_ns, file, &tunx_chr_sock_ops);
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
	return skb_copy_datagram_iter(skb, from, iter,
				      min_t(size_t, to - from, iov_iter_count(iter)));
}

/* Sizes are constants, so that the check for an object overrun costs nothing */
static bool tunx_chr_put_vnet(const struct tunx_vnet_raw *raw, size_t size,
			      struct iov_iter *to)
{
	if (likely(size < TUNX_VNET_HASH)) {
		if (copy_to_iter(raw, TUNX_VNET_MIN, to) != TUNX_VNET_MIN)
			return false;
		size -= TUNX_VNET_MIN;
	} else if (size < TUNX_VNET_MAX) {
		if (copy_to_iter(raw, TUNX_VNET_HASH, to) != TUNX_VNET_HASH)
			return false;
		size -= TUNX_VNET_HASH;
	} else {
		if (copy_to_iter(raw, TUNX_VNET_MAX, to) != TUNX_VNET_MAX)
			return false;
		size -= TUNX_VNET_MAX;
	}
	return !size || iov_iter_zero(size, to) == size;
}

/* The virtio-net header of a frame that asks something of the reader */
static int tunx_chr_get_vnet(struct tunx_dev *xd, unsigned int slot,
			     const struct sk_buff *skb, unsigned int flags,
			     unsigned int vlan, struct tunx_vnet_raw *raw)
{
	bool tunnel = READ_ONCE(xd->vnet_size) >= TUNX_VNET_MAX &&
		      xd->netdev->features & NETIF_F_GSO_UDP_TUNNEL;
	struct tunx_vnet vnet;

	if (tunx_frame_from_skb(skb, tunnel, vlan, &vnet)) {
		if (net_ratelimit())
			netdev_err(xd->netdev, "no words for gso_type %#x\n",
				   skb_shinfo(skb)->gso_type);
		return -EINVAL;
	}
	if (vnet.gso_type)
		tunx_stats_inc(xd, slot, tx_gso);
	if (vnet.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		tunx_stats_inc(xd, slot, tx_csum);
	/* Tunnel packets came with virtio 1 */
	tunx_frame_vnet_encode(&vnet, tunx_flags_vnet_le(flags) ||
			       vnet.gso_type & VIRTIO_NET_HDR_GSO_UDP_TUNNEL, raw);
	return 0;
}

/*
 * What the reader is told before a frame of @len bytes; @skb is NULL for an XDP
 * frame, which comes as it is: nothing to complete, nothing to segment.
 * Out of line, so that a read without headers does not pay for the stack frame.
 */
static noinline ssize_t tunx_chr_put_lead(struct tunx_dev *xd, unsigned int slot,
					  const struct sk_buff *skb, __be16 proto,
					  size_t len, unsigned int flags,
					  struct iov_iter *to)
{
	size_t vnet_size = flags & TUNX_F_VNET ? READ_ONCE(xd->vnet_size) : 0;
	size_t lead = vnet_size + (flags & TUNX_F_PI ? sizeof(struct tun_pi) : 0);
	size_t room = iov_iter_count(to);
	struct tunx_vnet_raw raw = {};
	struct tun_pi pi;
	int err;

	if (vnet_size && skb && (skb_is_gso(skb) || skb->ip_summed)) {
		err = tunx_chr_get_vnet(xd, slot, skb, flags, len - skb->len, &raw);
		if (err)
			return err;
	}
	if (skb && unlikely(tunx_cb(skb)->report))
		tunx_frame_vnet_hash(tunx_cb(skb)->hash, tunx_cb(skb)->report, &raw);
	if (room < lead)
		return -EINVAL;
	if (flags & TUNX_F_PI) {
		pi = tunx_frame_pi(proto, room < lead + len);
		if (copy_to_iter(&pi, sizeof(pi), to) != sizeof(pi))
			return -EFAULT;
	}
	if (vnet_size && !tunx_chr_put_vnet(&raw, vnet_size, to))
		return -EFAULT;
	return lead;
}

static noinline int tunx_chr_put_tagged(const struct sk_buff *skb,
					struct iov_iter *to)
{
	const unsigned int at = offsetof(struct vlan_ethhdr, h_vlan_proto);
	int err;

	err = tunx_chr_put_part(skb, 0, at, to);
	if (!err)
		err = tunx_chr_put_tag(skb, to);
	if (!err)
		err = tunx_chr_put_part(skb, at, skb->len, to);
	return err;
}

/**
 * tunx_chr_put_pieces - a frame in pieces, which are whole pages or parts of them
 * @skb: frame; may be in one piece, too
 * @len: bytes of it, at least those of the first piece
 * @to: buffer that has room for them
 *
 * Context: process, may sleep.
 * Return: 0 or -EFAULT.
 */
noinline int tunx_chr_put_pieces(const struct sk_buff *skb, size_t len,
				 struct iov_iter *to)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	size_t n = skb_headlen(skb);
	unsigned int i;

	if (IS_ENABLED(CONFIG_HIGHMEM) || skb_has_frag_list(skb) ||
	    !skb_frags_readable(skb))
		return skb_copy_datagram_iter(skb, 0, to, len);
	if (_copy_to_iter(skb->data, n, to) != n)
		return -EFAULT;
	for (i = 0; len -= n; i++) {
		n = min_t(size_t, len, skb_frag_size(&shinfo->frags[i]));
		if (_copy_to_iter(skb_frag_address(&shinfo->frags[i]), n, to) != n)
			return -EFAULT;
	}
	return 0;
}

/*
 * copy_to_iter() would search for the object that it copies from, and check the
 * bounds. Here the object is known: the copy stays within what the socket buffer
 * says is there.
 */
static bool tunx_chr_copy(const void *data, size_t len, struct iov_iter *to)
{
	if (likely(iter_is_ubuf(to))) {
		if (_copy_to_user(to->ubuf + to->iov_offset, data, len))
			return false;
		tunx_ubuf_advance(to, len);
		return true;
	}
	return _copy_to_iter(data, len, to) == len;
}

static int tunx_chr_put_bytes(const struct sk_buff *skb, struct iov_iter *to)
{
	size_t len = min_t(size_t, skb->len, iov_iter_count(to));

	if (unlikely(skb_vlan_tag_present(skb)))
		return tunx_chr_put_tagged(skb, to);
	if (unlikely(len > skb_headlen(skb)))
		return tunx_chr_put_pieces(skb, len, to);
	return tunx_chr_copy(skb->data, len, to) ? 0 : -EFAULT;
}

/* As a card's driver frees a frame it has sent: in bulk, when there are some */
static void tunx_chr_consume(struct sk_buff *skb)
{
	local_bh_disable();
	napi_consume_skb(skb, 1);
	local_bh_enable();
}

static void tunx_chr_count(struct tunx_dev *xd, unsigned int slot, unsigned int len)
{
	struct tunx_stats __percpu *stats = xd->slot[slot].stats;

	this_cpu_inc(stats->tx_packets);
	this_cpu_add(stats->tx_bytes, len);
}

static ssize_t tunx_chr_put_skb(struct tunx_dev *xd, unsigned int slot,
				const struct sk_buff *skb, struct iov_iter *to)
{
	unsigned int len = skb->len + (skb_vlan_tag_present(skb) ? VLAN_HLEN : 0);
	unsigned int flags = READ_ONCE(xd->flags);
	ssize_t lead = 0;
	int err;

	trace_tunx_dequeue(xd->netdev, slot, skb, skb->len);
	if (flags & (TUNX_F_PI | TUNX_F_VNET)) {
		lead = tunx_chr_put_lead(xd, slot, skb, skb->protocol, len, flags, to);
		if (lead < 0)
			return lead;
	}
	err = tunx_chr_put_bytes(skb, to);
	if (err)
		return err;
	tunx_chr_count(xd, slot, len);
	return lead + len;
}

static noinline ssize_t tunx_chr_put_xdp(struct tunx_dev *xd, unsigned int slot,
					 const struct xdp_frame *frame,
					 struct iov_iter *to)
{
	const struct ethhdr *eth = frame->data;
	ssize_t lead;
	size_t len;

	trace_tunx_dequeue(xd->netdev, slot, frame, frame->len);
	lead = tunx_chr_put_lead(xd, slot, NULL, frame->len >= ETH_HLEN ? eth->h_proto : 0,
				 frame->len, READ_ONCE(xd->flags), to);
	if (lead < 0)
		return lead;
	len = min_t(size_t, frame->len, iov_iter_count(to));
	if (copy_to_iter(frame->data, len, to) != len)
		return -EFAULT;
	tunx_chr_count(xd, slot, frame->len);
	return lead + frame->len;
}

/**
 * tunx_chr_put - one frame of the ring into a reader's buffer
 * @xd: device the caller holds
 * @q: queue the frame comes from
 * @frame: entry of the ring, freed in any case
 * @to: buffer; what does not fit is lost
 *
 * Context: process, may sleep.
 * Return: bytes that the frame and its headers have, which may be more than
 * the buffer has; -EINVAL (no room for the headers, or no words in the
 * virtio-net header for this frame) or -EFAULT.
 */
ssize_t tunx_chr_put(struct tunx_dev *xd, struct tunx_queue *q, void *frame,
		     struct iov_iter *to)
{
	unsigned int slot = tunx_queue_slot(q, xd);
	struct sk_buff *skb = frame;
	ssize_t ret;

	if (unlikely(tun_is_xdp_frame(frame))) {
		ret = tunx_chr_put_xdp(xd, slot, tun_ptr_to_xdp(frame), to);
		xdp_return_frame(tun_ptr_to_xdp(frame));
	} else {
		ret = tunx_chr_put_skb(xd, slot, skb, to);
		if (likely(ret >= 0))
			tunx_chr_consume(skb);
		else
			kfree_skb(skb);
	}
	if (ret < 0)
		tunx_stats_inc(xd, slot, tx_lost);
	return ret;
}

static ssize_t tunx_chr_read(struct tunx_queue *q, struct tunx_dev *xd,
			     struct iov_iter *to, bool noblock)
{
	ssize_t room = iov_iter_count(to), ret;
	void *frame;

	/* ABI: a buffer of no bytes takes no frame */
	if (!room)
		return 0;
	frame = tunx_queue_consume(q, xd, noblock);
	if (IS_ERR(frame))
		return PTR_ERR(frame);
	ret = tunx_chr_put(xd, q, frame, to);
	return min(ret, room);
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
	u32 batch = READ_ONCE(q->batch);
	ssize_t ret;

	if (!xd)
		return -EBADFD;
	if (tunx_queue_ring_to_user(q))
		ret = -EBUSY;
	else if (unlikely(batch))
		ret = tunx_chr_batch_read(q, xd, batch, to, tunx_chr_noblock(iocb));
	else
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
	if (unlikely(READ_ONCE(q->batch)))
		ret = tunx_chr_batch_write(q, xd, from, tunx_chr_noblock(iocb));
	else
		ret = tunx_net_rx(&(struct tunx_rx){
			.xd = xd,
			.q = q,
			.noblock = tunx_chr_noblock(iocb),
		}, from);
	tunx_queue_dev_put(xd);
	return ret;
}

static bool tunx_chr_writeable(struct tunx_queue *q, struct tunx_dev *xd)
{
	return READ_ONCE(xd->netdev->flags) & IFF_UP && sock_writeable(&q->sk);
}

/* Ask for the event first, look afterwards, so that none is missed */
static bool tunx_chr_writeable_or_ask(struct tunx_queue *q, struct tunx_dev *xd)
{
	return tunx_chr_writeable(q, xd) ||
	       (!test_and_set_bit(SOCKWQ_ASYNC_NOSPACE, &q->socket.flags) &&
		tunx_chr_writeable(q, xd));
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
	if (unlikely(READ_ONCE(q->shared)))
		mask |= tunx_queue_ring_poll(q, xd);
	if (!tunx_queue_ring_to_stack(q) && tunx_chr_writeable_or_ask(q, xd))
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
	.mmap		= tunx_chr_mmap,
	.uring_cmd	= tunx_chr_uring_cmd,
#ifdef CONFIG_PROC_FS
	.show_fdinfo	= tunx_chr_show_fdinfo,
#endif
};

/**
 * tunx_chr_is_file - is this an open file of ours
 * @file: any file
 *
 * Context: any.
 * Return: whether it is.
 */
bool tunx_chr_is_file(const struct file *file)
{
	return file->f_op == &tunx_chr_fops;
}

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
