// SPDX-License-Identifier: GPL-2.0
/*
 * chr_export.c - the drop-in build's exports, which vhost_net binds to
 *
 * ABI: kernels with CONFIG_MODVERSIONS compare a checksum of each symbol's
 * type, expanded as far as the types are defined where it is exported. That
 * makes the headers below, all that the stock driver includes, part of the
 * interface: "make check" compares the result with Module.symvers. Nothing of
 * ours but prototypes may be included here.
 */
#include <linux/module.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/sched/signal.h>
#include <linux/major.h>
#include <linux/slab.h>
#include <linux/poll.h>
#include <linux/fcntl.h>
#include <linux/init.h>
#include <linux/skbuff.h>
#include <linux/netdevice.h>
#include <linux/etherdevice.h>
#include <linux/miscdevice.h>
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>
#include <linux/compat.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <linux/if_vlan.h>
#include <linux/crc32.h>
#include <linux/math.h>
#include <linux/nsproxy.h>
#include <linux/virtio_net.h>
#include <linux/rcupdate.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include <net/rtnetlink.h>
#include <net/sock.h>
#include <net/xdp.h>
#include <net/ip_tunnels.h>
#include <linux/seq_file.h>
#include <linux/uio.h>
#include <linux/skb_array.h>
#include <linux/bpf.h>
#include <linux/bpf_trace.h>
#include <linux/mutex.h>
#include <linux/ieee802154.h>
#include <linux/if_ltalk.h>
#include <uapi/linux/if_fddi.h>
#include <uapi/linux/if_hippi.h>
#include <uapi/linux/if_fc.h>
#ifdef HAVE_NET_ROSE_H
#include <net/ax25.h>
#include <net/rose.h>
#endif
#include <net/6lowpan.h>
#ifdef HAVE_NET_RPS_H
#include <net/rps.h>
#endif
#include <linux/uaccess.h>
#include <linux/proc_fs.h>

#include "chr_export.h"

/**
 * tun_get_socket - socket of an open file, for sendmsg and recvmsg
 * @file: any file; the caller holds it as long as it uses the socket
 *
 * Context: any.
 * Return: the socket, or ERR_PTR(-EINVAL) when the file is not ours.
 */
struct socket *tun_get_socket(struct file *file)
{
	return tunx_chr_get_socket(file);
}
EXPORT_SYMBOL_GPL(tun_get_socket);

/**
 * tun_get_tx_ring - ring of an open file, to consume frames from
 * @file: any file; the caller holds it as long as it uses the ring
 *
 * Context: any.
 * Return: the ring, or ERR_PTR(-EINVAL) when the file is not ours.
 */
struct ptr_ring *tun_get_tx_ring(struct file *file)
{
	return tunx_chr_get_ring(file);
}
EXPORT_SYMBOL_GPL(tun_get_tx_ring);

/**
 * tun_ptr_free - drop a frame consumed from a ring
 * @ptr: entry of the ring, or NULL
 *
 * Context: any.
 */
void tun_ptr_free(void *ptr)
{
	tunx_queue_free_frame(ptr);
}
EXPORT_SYMBOL_GPL(tun_ptr_free);

#ifdef HAVE_TUN_WAKE_QUEUE
/**
 * tun_wake_queue - frames were consumed: a stopped sender may go on
 * @file: any file
 * @consumed: number of frames, of no interest: the ring itself tells
 *
 * Context: the ring's consumer_lock.
 */
void tun_wake_queue(struct file *file, int consumed)
{
	tunx_chr_wake_sender(file);
}
EXPORT_SYMBOL_GPL(tun_wake_queue);
#endif
