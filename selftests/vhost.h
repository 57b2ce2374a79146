/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest of a few lines behind vhost_net: a memory region and two rings, of
 * which each descriptor has its own piece of memory.
 *
 *	guest.tx --> vhost_net --> [ tap ] --> stack
 *	guest.rx <-- vhost_net <-- [ tap ] <-- stack
 */
#ifndef SELFTESTS_VHOST_H
#define SELFTESTS_VHOST_H

#include <linux/vhost.h>
#include <linux/virtio_ring.h>
#include "vnet.h"

#define GUEST_RING	256		/* descriptors of each ring */
#define GUEST_ROOM	4096		/* bytes of each descriptor */
#define GUEST_HDR	12		/* of the virtio-net header */
#define GUEST_RX	0
#define GUEST_TX	1

struct guest_ring {
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	unsigned char *room;
	int kick;
	uint16_t next;			/* descriptor to use */
	uint16_t seen;			/* used entries that have been looked at */
};

struct guest {
	int fd, tap;
	unsigned char *memory;
	struct guest_ring rx, tx;
};

extern struct guest guest;

/*
 * Loads vhost_net with an option, or "", and unloads it at the end; leaves with
 * a skip where there is none for the driver under test.
 */
void vhost_or_skip(const char *option);
/* Loads it again with another option; no guest may be open. */
void vhost_reload(const char *option);

/* A tap, up and settled, and a guest behind it that has posted nothing; or bail. */
void guest_open(const char *name, int flags, uint64_t features);
/* vhost_net waits for its pages: whoever else has them must let go first. */
void guest_close(void);
int guest_backend(int ring, int fd);

/* Tells vhost_net of what was posted. */
void guest_kick(struct guest_ring *ring);
/* Posts the next descriptor, for @len bytes. */
void guest_post(struct guest_ring *ring, size_t len, int flags);
/* Posts a frame behind its header (NULL: zeros), over as many as it takes. */
void guest_send(const struct vnet_hdr *h, const void *frame, size_t len);
/* The same over pieces of @piece bytes each, of which the first has the header. */
void guest_send_pieces(const struct vnet_hdr *h, const void *frame, size_t len,
		       size_t piece);
/* Tells vhost_net of all that was sent, and waits until it has given it back. */
bool guest_flush(void);

/* Gives vhost_net @n buffers to receive in. */
void guest_give(unsigned int n);
/* Waits until @n more buffers have come back than have been looked at. */
bool guest_got(unsigned int n, int msec);
/*
 * Looks at the frame that came next, of one buffer or, mergeable, of several:
 * its length and copies of it and of its header, or -1 when none has come.
 */
ssize_t guest_receive(struct vnet_hdr *h, void *frame, size_t len);

/* A frame of an unused protocol, whose bytes @seed decides. */
void guest_frame(void *frame, size_t len, unsigned int seed);
/* Is the next of those that @watch, an AF_PACKET socket, gets this one? */
bool guest_frame_seen(int watch, size_t len, unsigned int seed);

#endif /* SELFTESTS_VHOST_H */
