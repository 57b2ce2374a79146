/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tunx.h - the map of the driver
 *
 * A tunx device is one object with two faces. The kernel's network stack sees
 * a network card; a program sees a file. What the stack transmits, the program
 * reads; what the program writes, the stack receives.
 *
 *      network stack                                        user space
 *  ------------------------------------------------------------------------
 *   NET HALF  net*.c            queue*.c             CHAR HALF  chr*.c
 *
 *   tunx_net_xmit() --produce--> [ ring ] --consume--> tunx_chr_read_iter()
 *        tx: stack to user          |                  tunx_chr_recvmsg()
 *                            tunx_queue_wake()
 *
 *   netif_receive_skb() <----- tunx_net_rx() <-------- tunx_chr_write_iter()
 *        rx: user to stack                             tunx_chr_sendmsg()
 *   napi_gro_receive() <-- [ rx list ] <--' with IFF_NAPI
 *
 *   ring.c, queue_ring*.c: instead of the ring above, one in memory that a
 *   program maps; written frames the same way, read by NAPI
 *   frame*.c: the bytes both halves agree on (tun_pi, virtio-net header)
 *   hash.c: what a guest calls the hash of a frame
 *
 * Directions are always the net device's: tx is stack to user (read(2)),
 * rx is user to stack (write(2)).
 *
 * Two structs carry everything. struct tunx_dev is the device (it lives in
 * netdev_priv()), struct tunx_queue is one open file. A device has one slot
 * per possible queue; attached queues fill the slots from 0 without holes, and
 * a slot's number is the stack's tx queue number.
 *
 *   FREE --attach--> ATTACHED --disable--> DISABLED      (queue_attach.c)
 *    |                | ^ |                 |  |
 *    |                | '-|-----enable------'  |
 *    |                |   '----kill----.-------'   the device was deleted
 *    '----release-----+-----release----|----> gone (the file was closed)
 *                                      v
 *                                     DEAD --attach--> ATTACHED
 *
 * Locks, outermost first:
 *
 *   RTNL                   all writes of: slot[].queue, nr_queues, disabled,
 *                          flags, owner, group, programs, filters, hashing;
 *                          queue xd, state, index
 *   napi_mutex             one writer at a time hands its pieces to GRO
 *                          (IFF_NAPI_FRAGS; process context, does not sleep)
 *   rx_list.lock           frames waiting for NAPI or for more (BH off)
 *   ring.consumer_lock     head of a queue's ring (process context)
 *   ring.producer_lock     tail of a queue's ring, or of the one it shares with
 *                          a program (BH off)
 *
 *   RCU                    readers of slot[].queue (transmit), of programs,
 *                          filters and hashing, and of queue->xd (file
 *                          operations, which then hold the netdev)
 *   no lock                flow table: single-word entries, see queue_flow.c
 *                          counters: per CPU, see struct tunx_stats
 */
#ifndef _TUNX_H
#define _TUNX_H

#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/ptr_ring.h>
#include <linux/tunx.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/uio.h>
#include <linux/virtio_byteorder.h>
#include <net/sock.h>
#include <net/xdp.h>

#include "chr_export.h"
#include "frame.h"

#ifdef TUNX_DROPIN
#define TUNX_KIND	"tun"		/* we are the system's tun.ko */
#else
#define TUNX_KIND	"tunx"		/* loads beside tun.ko */
#endif

#define TUNX_VERSION	"0.1.0"
#define TUNX_ABI_VERSION "1.6"		/* ABI: ethtool -i shows stock's version */
#define TUNX_MAX_QUEUES	256		/* attached and disabled, per device */

/* Device flags, shown to user space as IFF_* by tunx_flags_to_iff() */
#define TUNX_F_TAP	BIT(0)		/* Ethernet frames; else IP packets */
#define TUNX_F_PI	BIT(1)		/* struct tun_pi before each frame */
#define TUNX_F_MQ	BIT(2)		/* several queues, one per open file */
#define TUNX_F_ONE_QUEUE BIT(3)		/* ABI: no effect, stored and reported */
#define TUNX_F_PERSIST	BIT(4)		/* outlives its last file */
#define TUNX_F_VNET	BIT(5)		/* virtio-net header before each frame */
#define TUNX_F_VNET_LE	BIT(6)		/* which is little-endian (virtio 1) */
#define TUNX_F_VNET_BE	BIT(7)		/* or big-endian (cross-endian guest) */
#define TUNX_F_NAPI	BIT(8)		/* written frames go through NAPI */
#define TUNX_F_FRAGS	BIT(9)		/* as pieces of pages */
#define TUNX_F_BACKPRESSURE BIT(10)	/* a full ring stops the sender */

/**
 * enum tunx_queue_state - life of a queue, see the drawing above
 * @TUNX_QUEUE_FREE: opened, TUNSETIFF not done yet
 * @TUNX_QUEUE_ATTACHED: owns a slot of its device, frames flow both ways
 * @TUNX_QUEUE_DISABLED: TUNSETQUEUE took its slot; it may still write
 * @TUNX_QUEUE_DEAD: its device was deleted; TUNSETIFF works again
 */
enum tunx_queue_state {
	TUNX_QUEUE_FREE,
	TUNX_QUEUE_ATTACHED,
	TUNX_QUEUE_DISABLED,
	TUNX_QUEUE_DEAD,
};

/* How a queue is attached */
#define TUNX_Q_NAPI	BIT(0)		/* has a NAPI instance */
#define TUNX_Q_FRAGS	BIT(1)		/* writes build frames in it */
#define TUNX_Q_FILTER	BIT(2)		/* the device's classic filter applies */

/**
 * struct tunx_stats - counters of one slot on one CPU
 * @tx_packets: frames a reader took
 * @tx_bytes: their length, tun_pi not counted
 * @tx_dropped: frames of the stack that no reader will see; of these:
 * @tx_full: the ring was full
 * @tx_filtered: a filter said no
 * @tx_stops: times a full ring stopped the sender
 * @tx_wakes: times room in the ring started it again
 * @tx_lost: frames lost by a read that failed
 * @tx_purged: frames lost with their queue, or that a shorter one cannot hold
 * @tx_gso: frames read that the reader is to segment
 * @tx_csum: frames read whose checksum the reader is to complete
 * @rx_packets: frames written and handed to the stack
 * @rx_bytes: their length, tun_pi not counted
 * @rx_dropped: frames written and refused
 * @rx_frame_errors: frames refused for a malformed header
 * @rx_purged: frames lost with their queue on the way to NAPI (part of @rx_packets)
 * @rx_gso: frames written that the stack is to segment
 * @rx_csum: frames written whose checksum the stack is to complete
 * @rx_xdp_drop: frames dropped by an XDP program (part of @rx_dropped)
 * @rx_xdp_tx: frames an XDP program sent back
 * @rx_xdp_redirect: frames an XDP program sent elsewhere
 * @rx_xdp_generic: frames an XDP program took after a socket buffer was made
 *
 * Updated with this_cpu_add(), which needs no protection from preemption or
 * interrupts; read by tunx_net_stats_read().
 */
struct tunx_stats {
	u64 tx_packets;
	u64 tx_bytes;
	u64 tx_dropped;
	u64 tx_full;
	u64 tx_filtered;
	u64 tx_stops;
	u64 tx_wakes;
	u64 tx_lost;
	u64 tx_purged;
	u64 tx_gso;
	u64 tx_csum;
	u64 rx_packets;
	u64 rx_bytes;
	u64 rx_dropped;
	u64 rx_frame_errors;
	u64 rx_purged;
	u64 rx_gso;
	u64 rx_csum;
	u64 rx_xdp_drop;
	u64 rx_xdp_tx;
	u64 rx_xdp_redirect;
	u64 rx_xdp_generic;
};

#define TUNX_STATS	(sizeof(struct tunx_stats) / sizeof(u64))

struct tunx_queue;
struct tunx_flow_table;
struct tunx_mac_filter;
struct tunx_hash_conf;
struct tunx_rx;
struct tunx_shared;

/**
 * struct tunx_slot - a place for a queue in a device
 */
struct tunx_slot {
	/** @queue: the queue attached here; RTNL writes, RCU reads */
	struct tunx_queue __rcu *queue;
	/**
	 * @stats: counters; they stay when the queue goes, so that a device's
	 * totals never run backwards. Allocated by the first attach.
	 */
	struct tunx_stats __percpu *stats;
};

/**
 * struct tunx_dev - the device: what all its queues share (netdev_priv)
 */
struct tunx_dev {
	/** @netdev: the net device this is the private part of */
	struct net_device *netdev;
	/** @flags: TUNX_F_*; RTNL writes, READ_ONCE() reads */
	unsigned int flags;
	/** @nr_queues: slots in use; RTNL writes, READ_ONCE() reads */
	unsigned int nr_queues;
	/** @nr_counted: slots that have counters, from 0; only grows, see tunx_queue_slot() */
	unsigned int nr_counted;
	/** @nr_disabled: length of @disabled; RTNL writes, READ_ONCE() reads */
	unsigned int nr_disabled;
	/** @max_queues: number of slots: TUNX_MAX_QUEUES with TUNX_F_MQ, else 1 */
	unsigned int max_queues;
	/** @tx_extra: frames of the stack meet a filter, or have a hash to report */
	bool tx_extra;
	/** @rx_headroom: bytes left free before a written frame */
	unsigned int rx_headroom;
	/** @vnet_size: TUNSETVNETHDRSZ; RTNL writes, READ_ONCE() reads */
	int vnet_size;
	/** @granted: offloads that TUNSETOFFLOAD allows; RTNL */
	netdev_features_t granted;
	/** @xdp_prog: XDP program of a tap; RTNL writes, RCU reads */
	struct bpf_prog __rcu *xdp_prog;
	/** @steer_prog: eBPF program that picks queues; RTNL writes, RCU reads */
	struct bpf_prog __rcu *steer_prog;
	/** @rss: how to pick queues by hash, or NULL; RTNL writes, RCU reads */
	struct tunx_hash_conf __rcu *rss;
	/** @report: which hash to tell the reader, or NULL; RTNL, RCU likewise */
	struct tunx_hash_conf __rcu *report;
	/** @filter_prog: eBPF program that drops or trims; RTNL writes, RCU reads */
	struct bpf_prog __rcu *filter_prog;
	/** @classic_prog: the same as classic BPF; RTNL writes, RCU reads */
	struct bpf_prog __rcu *classic_prog;
	/** @mac_filter: TUNSETTXFILTER, NULL passes all; RTNL writes, RCU reads */
	struct tunx_mac_filter __rcu *mac_filter;
	/** @classic_user: what TUNGETFILTER returns; never followed; RTNL */
	struct sock_fprog classic_user;
	/** @flows: which queue a flow was last written on; NULL without MQ */
	struct tunx_flow_table *flows;
	/** @disabled: queues in state DISABLED; RTNL */
	struct list_head disabled;
	/** @owner: user who may attach, or INVALID_UID; RTNL writes */
	kuid_t owner;
	/** @group: group that may attach, or INVALID_GID; RTNL writes */
	kgid_t group;
	/** @sndbuf: bytes each queue may have in the stack's hands; RTNL */
	int sndbuf;
	/** @msg_enable: NETIF_MSG_* */
	u32 msg_enable;
	/** @rx_batch: frames an in-kernel writer may hold back (rx-frames) */
	u32 rx_batch;
	/** @link: what "ethtool DEV" shows, settable and without meaning; RTNL */
	struct ethtool_link_ksettings link;
	/** @security: blob of the security modules */
	void *security;
	/** @slot: the queues, dense from 0 to @nr_queues - 1 */
	struct tunx_slot slot[];
};

/**
 * struct tunx_queue - one open file and what it holds of a device
 *
 * Allocated as a socket: @sk accounts frames in the stack's hands to the
 * writer and is what netfilter sees as their owner.
 */
struct tunx_queue {
	/** @sk: must be first, sk_alloc() allocates the queue as a sock */
	struct sock sk;
	/** @socket: wait queue of readers, writers and pollers */
	struct socket socket;
	/** @ring: frames on their way from the stack to a reader */
	struct ptr_ring ring;
	/** @xd: device, NULL in FREE and DEAD; RTNL writes, RCU reads */
	struct tunx_dev __rcu *xd;
	/** @state: RTNL writes, READ_ONCE() reads */
	enum tunx_queue_state state;
	/** @index: slot, last one if not ATTACHED; RTNL writes, READ_ONCE() */
	unsigned int index;
	/** @ifindex: wish for the device that TUNSETIFF creates; RTNL */
	int ifindex;
	/** @flags: TUNX_Q_*; RTNL writes, READ_ONCE() reads */
	unsigned int flags;
	/** @batch: TUNXSETBATCH, see chr_batch.c; 0: one frame a call */
	u32 batch;
	/** @shared: TUNXSETRING, see queue_ring.h; RTNL writes, once */
	struct tunx_shared *shared;
	/** @napi: with TUNX_Q_NAPI */
	struct napi_struct napi;
	/** @napi_mutex: with TUNX_Q_FRAGS: writers take turns to own @napi */
	struct mutex napi_mutex;
	/** @rx_list: written frames that wait for NAPI, or for more */
	struct sk_buff_head rx_list;
	/** @xdp_rxq: who we are, for XDP programs; RTNL */
	struct xdp_rxq_info xdp_rxq;
	/** @fasync_on: somebody wants SIGIO */
	bool fasync_on;
	/** @fasync: who wants SIGIO */
	struct fasync_struct *fasync;
	/** @disabled: link in tunx_dev.disabled; RTNL */
	struct list_head disabled;
};

/**
 * struct tunx_cb - what a frame in the ring has to say to its reader
 * @hash: its hash; no meaning with VIRTIO_NET_HASH_REPORT_NONE
 * @report: VIRTIO_NET_HASH_REPORT_*
 */
struct tunx_cb {
	u32 hash;
	u16 report;
};

/* main.c: nothing but load and unload */

/* chr.c: the file */
int tunx_chr_init(void);
void tunx_chr_exit(void);

/* chr_batch.c: many frames a call */
int tunx_chr_batch_set(struct tunx_queue *q, const void __user *arg);
ssize_t tunx_chr_batch_read(struct tunx_queue *q, struct tunx_dev *xd,
			    u32 batch, struct iov_iter *to, bool noblock);
ssize_t tunx_chr_batch_write(struct tunx_queue *q, struct tunx_dev *xd,
			     struct iov_iter *from, bool noblock);

/* chr_ring.c: a ring in memory that kernel and program share */
struct io_uring_cmd;
int tunx_chr_ring_set(struct tunx_queue *q, const void __user *arg);
int tunx_chr_ring_kick(struct tunx_queue *q);
int tunx_chr_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags);
int tunx_chr_mmap(struct file *file, struct vm_area_struct *vma);

/* chr.c, for chr_batch.c */
int tunx_chr_put_pieces(const struct sk_buff *skb, size_t len, struct iov_iter *to);

/* chr_sock.c: the file as a socket, for in-kernel users (vhost_net) */
extern const struct proto_ops tunx_chr_sock_ops;
ssize_t tunx_chr_put(struct tunx_dev *xd, struct tunx_queue *q, void *frame,
		     struct iov_iter *to);
bool tunx_chr_is_file(const struct file *file);

/* chr_iff.c: TUNSETIFF and TUNGETIFF */
int tunx_chr_iff_set(struct tunx_queue *q, struct ifreq *ifr);
void tunx_chr_iff_get(struct tunx_dev *xd, struct tunx_queue *q,
		      struct ifreq *ifr);

/* chr_ioctl.c: all other ioctls */
#define TUNX_IFF_FEATURES (IFF_TUN | IFF_TAP | IFF_NAPI | IFF_NAPI_FRAGS | \
			   IFF_NO_CARRIER | IFF_BACKPRESSURE |		\
			   IFF_MULTI_QUEUE | IFF_NO_PI | IFF_ONE_QUEUE | \
			   IFF_VNET_HDR)
long tunx_chr_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
long tunx_chr_compat_ioctl(struct file *file, unsigned int cmd,
			   unsigned long arg);

/* queue.c: life of a queue, its ring, sleep and wake */
struct tunx_queue *tunx_queue_open(struct net *net, struct file *file,
				   const struct proto_ops *ops);
void tunx_queue_free(struct tunx_queue *q);
int tunx_queue_stop_sender(struct tunx_queue *q, struct netdev_queue *txq, int ret);
int tunx_queue_produce_bulk(struct tunx_queue *q, struct tunx_dev *xd,
			    struct xdp_frame **frames, int n);
void *tunx_queue_wait_frame(struct tunx_queue *q, struct tunx_dev *xd);
int tunx_queue_consume_bulk(struct tunx_queue *q, struct tunx_dev *xd, void **frame,
			    unsigned int n, size_t around, size_t room);
int tunx_queue_wait_any(struct tunx_queue *q, struct tunx_dev *xd);
void tunx_queue_made_room(struct tunx_queue *q, struct tunx_dev *xd);
void tunx_queue_start_senders(struct tunx_dev *xd);
void tunx_queue_purge(struct tunx_dev *xd, struct tunx_queue *q);
int tunx_queue_resize(struct tunx_queue *q, struct tunx_dev *xd);
int tunx_queue_resize_all(struct tunx_dev *xd);
void tunx_queue_wake_writers(struct tunx_queue *q);
void tunx_queue_wake_all(struct tunx_queue *q);
int tunx_queue_wait_room(struct tunx_queue *q, struct tunx_dev *xd);
bool tunx_queue_has_room(struct tunx_queue *q);

/* queue_attach.c: the only writer of slot[].queue, xd, state and index */
int tunx_queue_attach(struct tunx_dev *xd, struct tunx_queue *q,
		      unsigned int flags);
void tunx_queue_publish(struct tunx_dev *xd, struct tunx_queue *q);
int tunx_queue_disable(struct tunx_dev *xd, struct tunx_queue *q);
int tunx_queue_enable(struct tunx_dev *xd, struct tunx_queue *q);
void tunx_queue_kill_all(struct tunx_dev *xd);
void tunx_queue_release(struct tunx_queue *q);
void tunx_queue_for_each(struct tunx_dev *xd,
			 void (*fn)(struct tunx_queue *q, long arg), long arg);
void tunx_queue_set_sndbuf(struct tunx_dev *xd, int sndbuf);

/* queue_napi.c: written frames on their way through NAPI */
void tunx_queue_napi_add(struct tunx_dev *xd, struct tunx_queue *q);
void tunx_queue_napi_stop(struct tunx_dev *xd, struct tunx_queue *q);
void tunx_queue_napi_start(struct tunx_queue *q);
void tunx_queue_napi_del(struct tunx_queue *q);
bool tunx_queue_is_attached(const struct tunx_queue *q, const struct tunx_dev *xd);
int tunx_queue_napi_receive(struct tunx_queue *q, struct tunx_dev *xd,
			    struct sk_buff *skb, bool more);
int tunx_queue_napi_frags(struct tunx_queue *q, struct tunx_dev *xd,
			  struct sk_buff *skb);
void tunx_queue_napi_kick(struct tunx_queue *q, struct tunx_dev *xd);
void tunx_queue_napi_run(struct tunx_queue *q, struct tunx_dev *xd);
void tunx_queue_batch(struct tunx_queue *q, struct tunx_dev *xd,
		      struct sk_buff *skb, unsigned int most,
		      struct sk_buff_head *ready);

/* queue_flow.c: which queue did this flow use last */
struct tunx_flow_table *tunx_queue_flow_alloc(void);
void tunx_queue_flow_free(struct tunx_flow_table *flows);
u32 tunx_queue_flow_hash(const struct tunx_flow_table *flows, u32 a, u32 b,
			 u32 ports);
void tunx_queue_flow_learn(struct tunx_flow_table *flows, u32 hash,
			   unsigned int queue);
int tunx_queue_flow_find(const struct tunx_flow_table *flows, u32 hash);
void tunx_queue_flow_forget(struct tunx_flow_table *flows, unsigned int gone,
			    unsigned int last);

/* net.c: the net device */
struct tunx_dev *tunx_net_create(struct net *net, const char *name,
				 unsigned int flags, int ifindex);
int tunx_net_register(struct tunx_dev *xd, struct tunx_queue *q,
		      unsigned int queue_flags);
struct tunx_dev *tunx_net_from_netdev(struct net_device *dev);
int tunx_net_set_carrier(struct tunx_dev *xd, bool on);
int tunx_net_set_type(struct tunx_dev *xd, unsigned short type);
int tunx_net_set_offload(struct tunx_dev *xd, unsigned long offload);
void tunx_net_stats_read(const struct tunx_slot *slot, u64 sum[TUNX_STATS]);
void tunx_net_setup(struct net_device *dev);

/* net_tx.c: stack to queue */
netdev_tx_t tunx_net_xmit(struct sk_buff *skb, struct net_device *dev);
void tunx_net_xmit_review(struct tunx_dev *xd);

/* net_xdp.c: XDP programs on written frames, XDP frames for the reader */
int tunx_net_xdp_bpf(struct net_device *dev, struct netdev_bpf *bpf);
int tunx_net_xdp_xmit(struct net_device *dev, int n, struct xdp_frame **frames,
		      u32 flags);
bool tunx_net_xdp_run(struct tunx_dev *xd, struct tunx_queue *q,
		      struct bpf_prog *prog, struct xdp_buff *xdp);
bool tunx_net_xdp_page(struct tunx_rx *rx, struct xdp_buff *xdp);
bool tunx_net_xdp_generic(struct tunx_dev *xd, struct tunx_queue *q,
			  struct sk_buff **pskb);

/* net_filter.c: what the reader does not want to see */
enum skb_drop_reason tunx_net_filter(struct tunx_dev *xd, struct tunx_queue *q,
				     struct sk_buff *skb);
int tunx_net_filter_set_mac(struct tunx_dev *xd, struct tun_filter __user *arg);
int tunx_net_filter_set_classic(struct tunx_dev *xd, struct sock_fprog *fprog);
void tunx_net_filter_free(struct tunx_dev *xd);
int tunx_net_set_prog(struct tunx_dev *xd, struct bpf_prog __rcu **slot, int fd);

/* net_steer.c: which queue for this frame */
u16 tunx_net_select_queue(struct net_device *dev, struct sk_buff *skb,
			  struct net_device *sb_dev);
u32 tunx_net_steer_hash(struct tunx_dev *xd, struct tunx_queue *q,
			struct sk_buff *skb);
void tunx_net_steer_learn(struct tunx_dev *xd, unsigned int slot, u32 hash);

/* net_hash.c: hash reporting and receive side scaling */
u16 tunx_net_hash_queue(const struct tunx_hash_conf *conf,
			const struct sk_buff *skb, unsigned int nr);
void tunx_net_hash_mark(const struct tunx_hash_conf *conf, struct sk_buff *skb);
int tunx_net_hash_cap(void __user *arg);
int tunx_net_hash_set(struct tunx_dev *xd, const void __user *arg);
int tunx_net_hash_get(struct tunx_dev *xd, void __user *arg);
void tunx_net_hash_free(struct tunx_dev *xd);

/* net_rxfh.c: the same as ethtool -x and -X know it */
u32 tunx_net_get_rx_ring_count(struct net_device *dev);
u32 tunx_net_get_rxfh_key_size(struct net_device *dev);
u32 tunx_net_get_rxfh_indir_size(struct net_device *dev);
int tunx_net_get_rxfh_fields(struct net_device *dev,
			     struct ethtool_rxfh_fields *fields);
int tunx_net_get_rxfh(struct net_device *dev, struct ethtool_rxfh_param *rxfh);
int tunx_net_set_rxfh(struct net_device *dev, struct ethtool_rxfh_param *rxfh,
		      struct netlink_ext_ack *extack);

/* net_link.c: rtnetlink, sysfs, notifier */
extern const struct attribute_group tunx_net_sysfs_group;
extern struct rtnl_link_ops tunx_net_link_ops;
int tunx_net_link_init(void);
void tunx_net_link_exit(void);

/* net_ethtool.c: what ethtool shows and sets */
void tunx_net_ethtool_setup(struct tunx_dev *xd);
extern const struct ethtool_ops tunx_net_ethtool_ops;

/**
 * tunx_flags_to_iff - device flags as user space knows them
 * @flags: TUNX_F_*
 *
 * Return: IFF_* as in sysfs tun_flags and TUNGETIFF.
 */
static inline unsigned int tunx_flags_to_iff(unsigned int flags)
{
	return (flags & TUNX_F_TAP ? IFF_TAP : IFF_TUN) |
	       (flags & TUNX_F_PI ? 0 : IFF_NO_PI) |
	       (flags & TUNX_F_MQ ? IFF_MULTI_QUEUE : 0) |
	       (flags & TUNX_F_ONE_QUEUE ? IFF_ONE_QUEUE : 0) |
	       (flags & TUNX_F_VNET ? IFF_VNET_HDR : 0) |
	       (flags & TUNX_F_NAPI ? IFF_NAPI : 0) |
	       (flags & TUNX_F_FRAGS ? IFF_NAPI_FRAGS : 0) |
	       (flags & TUNX_F_BACKPRESSURE ? IFF_BACKPRESSURE : 0) |
	       (flags & TUNX_F_PERSIST ? IFF_PERSIST : 0);
}

/**
 * tunx_flags_vnet_le - byte order of the virtio-net header
 * @flags: TUNX_F_*
 *
 * Return: little-endian: always for virtio 1, else as the machine is, unless
 * the guest is of the other kind.
 */
static inline bool tunx_flags_vnet_le(unsigned int flags)
{
	return flags & TUNX_F_VNET_LE ||
	       (virtio_legacy_is_little_endian() && !(flags & TUNX_F_VNET_BE));
}

/**
 * tunx_cb - what a frame in the ring has to say
 * @skb: frame that passed tunx_net_xmit()
 *
 * Return: its control block.
 */
static inline struct tunx_cb *tunx_cb(const struct sk_buff *skb)
{
	return (struct tunx_cb *)skb->cb;
}

/**
 * tunx_queue_dev_get - take the device of a queue for one file operation
 * @q: queue
 *
 * Holding the netdev makes its deletion wait for the operation; the operation
 * must therefore not sleep without watching q->xd.
 *
 * Context: any.
 * Return: the device, to be released by tunx_queue_dev_put(), or NULL when the
 * queue has none.
 */
static inline struct tunx_dev *tunx_queue_dev_get(struct tunx_queue *q)
{
	struct tunx_dev *xd;

	/* Two instructions, where rcu_read_lock() and its end are two calls */
	rcu_read_lock_sched();
	xd = rcu_dereference_sched(q->xd);
	if (likely(xd))
		dev_hold(xd->netdev);
	rcu_read_unlock_sched();
	return xd;
}

/**
 * tunx_queue_dev_put - release what tunx_queue_dev_get() took
 * @xd: device
 *
 * Context: any.
 */
static inline void tunx_queue_dev_put(struct tunx_dev *xd)
{
	dev_put(xd->netdev);
}

/**
 * tunx_queue_slot - where a file operation counts
 * @q: queue
 * @xd: the device the operation holds
 *
 * An operation that slept, in a page fault for example, may find its device deleted
 * and the file at another one, where its number says nothing about @xd. Slot 0
 * counts then. Where RTNL or RCU has the queue at its device, @index will do.
 *
 * Context: any.
 * Return: number of a slot that has counters, and of a queue of the netdev.
 */
static inline unsigned int tunx_queue_slot(const struct tunx_queue *q,
					   const struct tunx_dev *xd)
{
	unsigned int i = READ_ONCE(q->index);

	/* Pairs with tunx_queue_slot_stats() */
	return likely(i < smp_load_acquire(&xd->nr_counted)) ? i : 0;
}

/**
 * tunx_queue_wake - tell the char half that a frame is in the ring
 * @q: queue
 *
 * Wakes for every frame, not only for the first one in an empty ring.
 * ABI: edge-triggered epoll users expect an event per frame.
 *
 * Context: any.
 */
static inline void tunx_queue_wake(struct tunx_queue *q)
{
	if (unlikely(READ_ONCE(q->fasync_on)))
		kill_fasync(&q->fasync, SIGIO, POLL_IN);
	q->sk.sk_data_ready(&q->sk);
}

/**
 * tunx_queue_produce - put a frame at the tail of the ring, and wake the reader
 * @q: queue
 * @frame: entry of the ring, belongs to it on success
 * @txq: stop this one when the ring is full after that; NULL to stop none
 *
 * Context: BH off, RCU.
 * Return: 0, 1 when @txq was stopped, or -ENOSPC when the ring is full.
 */
static inline int tunx_queue_produce(struct tunx_queue *q, void *frame,
				     struct netdev_queue *txq)
{
	int ret;

	spin_lock(&q->ring.producer_lock);
	ret = __ptr_ring_produce(&q->ring, frame);
	if (unlikely(txq))
		ret = tunx_queue_stop_sender(q, txq, ret);
	spin_unlock(&q->ring.producer_lock);
	if (likely(ret >= 0))
		tunx_queue_wake(q);
	return ret;
}

/**
 * tunx_queue_consume - take the frame at the head of the ring
 * @q: queue
 * @xd: the device the caller holds
 * @noblock: do not wait for a frame
 *
 * Context: process, sleeps unless @noblock.
 * Return: the ring's entry, or -EAGAIN (none there, @noblock), -ERESTARTSYS
 * (signal), -EBADFD (the device was deleted meanwhile).
 */
static inline void *tunx_queue_consume(struct tunx_queue *q, struct tunx_dev *xd,
				       bool noblock)
{
	void *frame;

	spin_lock(&q->ring.consumer_lock);
	frame = __ptr_ring_consume(&q->ring);
	if (unlikely(READ_ONCE(xd->flags) & TUNX_F_BACKPRESSURE) && frame)
		tunx_queue_made_room(q, xd);
	spin_unlock(&q->ring.consumer_lock);
	if (likely(frame))
		return frame;
	return noblock ? ERR_PTR(-EAGAIN) : tunx_queue_wait_frame(q, xd);
}

/**
 * tunx_queue_frame_len - length of an entry of a ring
 * @frame: entry
 *
 * Return: bytes; a tag beside the frame does not count.
 */
static inline unsigned int tunx_queue_frame_len(void *frame)
{
	if (unlikely(tun_is_xdp_frame(frame)))
		return ((struct xdp_frame *)tun_ptr_to_xdp(frame))->len;
	return ((struct sk_buff *)frame)->len;
}

/**
 * tunx_ubuf_advance - what iov_iter_advance() does to a single buffer
 * @iter: iter_is_ubuf(), with at least that many bytes
 * @len: bytes
 */
static inline void tunx_ubuf_advance(struct iov_iter *iter, size_t len)
{
	iter->iov_offset += len;
	iter->count -= len;
}

#define tunx_stats_add(xd, index, counter, n)				\
	this_cpu_add((xd)->slot[index].stats->counter, n)
#define tunx_stats_inc(xd, index, counter)				\
	tunx_stats_add(xd, index, counter, 1)

#endif /* _TUNX_H */
