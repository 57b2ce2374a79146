// SPDX-License-Identifier: GPL-2.0
/*
 * chr_sock.c - the file as a socket, for in-kernel users
 *
 * vhost_net writes with sendmsg, many frames at once, and takes frames from
 * the ring itself, handing each to recvmsg to be copied into its guest.
 */
#include <linux/net.h>
#include <linux/skbuff.h>
#include <linux/socket.h>

#include "net_rx.h"
#include "tunx.h"

static struct tunx_queue *tunx_chr_sock_queue(struct socket *sock)
{
	return container_of(sock, struct tunx_queue, socket);
}

static int tunx_chr_sendmsg(struct socket *sock, struct msghdr *m, size_t total)
{
	struct tunx_queue *q = tunx_chr_sock_queue(sock);
	struct tunx_dev *xd = tunx_queue_dev_get(q);
	struct tun_msg_ctl *ctl = m->msg_control;
	int ret;

	if (!xd)
		return -EBADFD;
	if (ctl && m->msg_controllen == sizeof(*ctl) && ctl->type == TUN_MSG_PTR) {
		tunx_net_rx_bulk(xd, q, ctl->ptr, ctl->num);
		ret = total;
	} else {
		ret = tunx_net_rx(&(struct tunx_rx){
			.xd = xd,
			.q = q,
			.noblock = m->msg_flags & MSG_DONTWAIT,
			.more = m->msg_flags & MSG_MORE,
			.ubuf = ctl ? ctl->ptr : NULL,
		}, &m->msg_iter);
	}
	tunx_queue_dev_put(xd);
	return ret;
}

/*
 * ABI: vhost_net before 7.3 does not tell when it takes frames from the ring, up
 * to 64 at once; that it hands them to recvmsg is the first we hear of it. Each
 * comes here in the end or goes back into the ring, so somebody looks at the
 * ring behind the last one.
 */
static void tunx_chr_sock_took(struct tunx_queue *q, struct tunx_dev *xd)
{
	if (COMPAT_VHOST_WAKES || !(READ_ONCE(xd->flags) & TUNX_F_BACKPRESSURE))
		return;
	spin_lock(&q->ring.consumer_lock);
	tunx_queue_made_room(q, xd);
	spin_unlock(&q->ring.consumer_lock);
}

static int tunx_chr_recv(struct tunx_queue *q, struct tunx_dev *xd, void *frame,
			 struct msghdr *m, size_t total, int flags)
{
	ssize_t ret;

	if (frame) {
		tunx_chr_sock_took(q, xd);
	} else {
		if (!iov_iter_count(&m->msg_iter))
			return 0;
		frame = tunx_queue_consume(q, xd, flags & MSG_DONTWAIT);
		if (IS_ERR(frame))
			return PTR_ERR(frame);
	}
	ret = tunx_chr_put(xd, q, frame, &m->msg_iter);
	if (ret > (ssize_t)total) {
		m->msg_flags |= MSG_TRUNC;
		if (!(flags & MSG_TRUNC))
			ret = total;
	}
	return ret;
}

/* The frame in msg_control, if there is one, is taken in any case */
static int tunx_chr_recvmsg(struct socket *sock, struct msghdr *m, size_t total,
			    int flags)
{
	struct tunx_queue *q = tunx_chr_sock_queue(sock);
	struct tunx_dev *xd = tunx_queue_dev_get(q);
	void *frame = m->msg_control;
	int ret;

	if (!xd) {
		tunx_queue_free_frame(frame);
		return -EBADFD;
	}
	if (flags & ~(MSG_DONTWAIT | MSG_TRUNC | MSG_ERRQUEUE)) {
		tunx_queue_free_frame(frame);
		ret = -EINVAL;
	} else if (flags & MSG_ERRQUEUE) {
		ret = sock_recv_errqueue(sock->sk, m, total, SOL_PACKET,
					 TUN_TX_TIMESTAMP);
	} else {
		ret = tunx_chr_recv(q, xd, frame, m, total, flags);
	}
	tunx_queue_dev_put(xd);
	return ret;
}

static int tunx_chr_frame_len(void *frame)
{
	const struct sk_buff *skb = frame;

	if (!frame)
		return 0;
	if (tun_is_xdp_frame(frame))
		return tun_ptr_to_xdp(frame)->len;
	return skb->len + (skb_vlan_tag_present(skb) ? VLAN_HLEN : 0);
}

/* Length of the frame at the head of the ring; vhost_net busy-polls on it */
static int tunx_chr_peek_len(struct socket *sock)
{
	struct tunx_queue *q = tunx_chr_sock_queue(sock);

	if (!rcu_access_pointer(q->xd))
		return 0;
	return PTR_RING_PEEK_CALL(&q->ring, tunx_chr_frame_len);
}

/* What an in-kernel user may call */
const struct proto_ops tunx_chr_sock_ops = {
	.peek_len	= tunx_chr_peek_len,
	.sendmsg	= tunx_chr_sendmsg,
	.recvmsg	= tunx_chr_recvmsg,
};

/**
 * tunx_chr_get_socket - what vhost_net gets of a file (drop-in build)
 * @file: any file
 *
 * Context: any.
 * Return: the queue's socket, or ERR_PTR(-EINVAL) when the file is not ours.
 */
struct socket *tunx_chr_get_socket(struct file *file)
{
	if (!tunx_chr_is_file(file))
		return ERR_PTR(-EINVAL);
	return &((struct tunx_queue *)file->private_data)->socket;
}

/**
 * tunx_chr_get_ring - the ring vhost_net consumes from (drop-in build)
 * @file: any file
 *
 * Context: any.
 * Return: the queue's ring, or ERR_PTR(-EINVAL) when the file is not ours.
 */
struct ptr_ring *tunx_chr_get_ring(struct file *file)
{
	if (!tunx_chr_is_file(file))
		return ERR_PTR(-EINVAL);
	return &((struct tunx_queue *)file->private_data)->ring;
}

/**
 * tunx_chr_wake_sender - vhost_net consumed frames (drop-in build)
 * @file: any file
 *
 * Context: ring.consumer_lock.
 */
void tunx_chr_wake_sender(struct file *file)
{
	struct tunx_queue *q = file->private_data;
	struct tunx_dev *xd;

	if (!tunx_chr_is_file(file))
		return;
	rcu_read_lock();
	xd = rcu_dereference(q->xd);
	if (xd && READ_ONCE(xd->flags) & TUNX_F_BACKPRESSURE)
		tunx_queue_made_room(q, xd);
	rcu_read_unlock();
}
