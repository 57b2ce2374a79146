/* SPDX-License-Identifier: GPL-2.0 */
/*
 * net_rx.h - a written frame on its way to the stack: what the files net_rx*.c,
 * net_build.c and net_xdp.c hand to each other, and who calls them
 */
#ifndef _TUNX_NET_RX_H
#define _TUNX_NET_RX_H

#include <net/xdp.h>

#include "tunx.h"

/**
 * struct tunx_rx - one written frame on its way to the stack
 */
struct tunx_rx {
	/** @xd: device, held by the caller */
	struct tunx_dev *xd;
	/** @q: queue it was written on */
	struct tunx_queue *q;
	/** @noblock: do not wait for buffer space */
	bool noblock;
	/** @more: an in-kernel writer has more to come */
	bool more;
	/** @xdp_done: the XDP program has seen it */
	bool xdp_done;
	/** @ubuf: in-kernel writer's pages, which may be used in place */
	struct ubuf_info *ubuf;
	/** @flags: TUNX_F_* of the device, read once */
	unsigned int flags;
	/** @mode: TUNX_Q_* of the queue, read once */
	unsigned int mode;
	/** @len: bytes of the frame */
	size_t len;
	/** @head: bytes the writer suggests to keep in one piece, or 0 */
	size_t head;
	/** @gso: the writer wants it segmented */
	bool gso;
	/** @native: there is room for the XDP program to see the bare bytes */
	bool native;
	/** @list: gets the frame, for the caller to hand on; NULL: the stack does */
	struct list_head *list;
};

/**
 * struct tunx_rx_head - what came before a written frame
 */
struct tunx_rx_head {
	/** @pi: with TUNX_F_PI */
	struct tun_pi pi;
	/** @vnet: with TUNX_F_VNET */
	struct tunx_vnet vnet;
	/** @tunnel: the header had the fields of a tunnel packet */
	bool tunnel;
};

/* The copied bytes of so many frames wait for each other, on the writer's stack */
#define TUNX_RX_BATCH	8

/**
 * struct tunx_rx_item - a written record whose frame was copied
 */
struct tunx_rx_item {
	/** @rec: what the writer says about the frame */
	struct tunx_rec rec;
	/** @xdp: its bytes */
	struct xdp_buff xdp;
	/** @end: tunx_rx_batch.done, once the stack has it */
	size_t end;
	/** @native: as in struct tunx_rx */
	bool native;
	/** @plain: it asks for nothing, and its protocol is known */
	bool plain;
};

/**
 * struct tunx_rx_batch - written records on their way to the stack
 */
struct tunx_rx_batch {
	/** @rx: device, queue and how to deliver */
	struct tunx_rx rx;
	/** @least: a frame shorter than this is refused */
	unsigned int least;
	/** @most: a frame up to this long is copied into a page; longer ones may be */
	unsigned int most;
	/** @done: the writer's @end of the last record that the stack has */
	size_t done;
	/** @n: records copied, and not delivered yet */
	unsigned int n;
	/** @item: these */
	struct tunx_rx_item item[TUNX_RX_BATCH];
};

/* net_rx.c: user to stack; the one call of the char half into this half */
ssize_t tunx_net_rx(struct tunx_rx *rx, struct iov_iter *from);
int tunx_net_rx_frame(struct tunx_rx *rx, struct sk_buff *skb,
		      const struct tunx_rx_head *head);
int tunx_net_rx_lost(const struct tunx_rx *rx, int err);

/* net_rx_batch.c: many records of one write at once */
void tunx_net_rx_begin(struct tunx_rx_batch *b, struct tunx_dev *xd,
		       struct tunx_queue *q, bool noblock);
int tunx_net_rx_record(struct tunx_rx_batch *b, struct iov_iter *from, size_t end);
int tunx_net_rx_end(struct tunx_rx_batch *b);
int tunx_net_rx_record_check(struct tunx_rx *rx, const struct tunx_rec *rec);
int tunx_net_rx_record_frame(struct tunx_rx *rx, const struct tunx_rec *rec,
			     struct sk_buff *skb);

/* net_rx_ring.c: written frames of a shared ring */
int tunx_net_rx_ring(struct tunx_queue *q, int budget);

/* net_rx_bulk.c: many frames of vhost_net at once */
void tunx_net_rx_bulk(struct tunx_dev *xd, struct tunx_queue *q,
		      struct xdp_buff *xdp, unsigned int n);

/* net_build.c: memory for a written frame */
struct sk_buff *tunx_net_build(struct tunx_rx *rx, struct iov_iter *from);

/**
 * tunx_net_rx_too_short - has a tap's frame no room for its Ethernet header
 * @rx: the frame; len and head are known
 *
 * Return: whether it is so.
 */
static inline bool tunx_net_rx_too_short(const struct tunx_rx *rx)
{
	return rx->flags & TUNX_F_TAP &&
	       (rx->len < ETH_HLEN || (rx->head && rx->head < ETH_HLEN));
}

#endif /* _TUNX_NET_RX_H */
