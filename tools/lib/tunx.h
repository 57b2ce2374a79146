/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libtunx: frames in and out of a TUN/TAP device, by rings that are shared with
 * the kernel, by many frames a call, or by read() and write(): whatever there is.
 * libtunx(7) tells how.
 *
 * A call that returns a pointer fails with NULL and errno; one that returns an
 * int fails with a negative errno.
 */
#ifndef TUNX_H
#define TUNX_H

#include <poll.h>
#include <linux/tunx.h>
#ifdef __cplusplus
#define class class_	/* a member is called so */
#endif
#include <linux/virtio_net.h>
#ifdef __cplusplus
#undef class
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define TUNX_FRAME_MAX	(65536 + 22)	/* bytes */

/* One queue of a device */
struct tunx;

/* How frames move */
enum tunx_io {
	TUNX_IO_AUTO,	/* the last of those below that works */
	TUNX_IO_PLAIN,	/* one read() or write() each; any tun */
	TUNX_IO_BATCH,	/* many each */
	TUNX_IO_RING,	/* none, while both sides are busy */
};

/* Zero is a good choice for each */
struct tunx_options {
	enum tunx_io io;
	unsigned int to_user;	/* bytes for received frames: a power of two, 128 KiB to 64 MiB */
	unsigned int to_stack;	/* the same for sent ones */
	unsigned short headroom; /* left free before a received frame; a multiple of 8 to 512 */
	unsigned short tailroom; /* the same, behind it */
	const char *node;	/* NULL: /dev/net/tunx, or else /dev/net/tun */
	unsigned long reserved[4]; /* zero */
};

/* All count from tunx_open() on; later versions may add more at the end */
struct tunx_stats {
	__u64 received;
	__u64 received_bytes;
	__u64 sent;		/* committed */
	__u64 sent_bytes;
	__u64 refused;		/* of these; a ring's are in ethtool -S */
	__u64 refused_errno;	/* why, the last time */
	__u64 lost;		/* to be received, and the kernel had no words for it */
	__u64 in_calls;		/* system calls that moved or freed frames to us */
	__u64 out_calls;	/* and from us */
};

/* Device and queue: tunx_open(3) */
struct tunx *tunx_open(const char *name, int flags, const struct tunx_options *options);
struct tunx *tunx_open_queue(const struct tunx *t);
void tunx_close(struct tunx *t);
int tunx_attach(struct tunx *t);
int tunx_detach(struct tunx *t);
int tunx_offload(struct tunx *t, unsigned int offloads);
const char *tunx_name(const struct tunx *t);
enum tunx_io tunx_io(const struct tunx *t);
int tunx_fd(const struct tunx *t);
const struct tunx_stats *tunx_stats(const struct tunx *t);

/* Frames to us: tunx_recv(3) */
struct tunx_rec *tunx_peek(struct tunx *t);
struct tunx_rec *tunx_recv(struct tunx *t);
void tunx_release(struct tunx *t);
int tunx_wait(struct tunx *t, int events, int msec);

/* Frames from us: tunx_reserve(3) */
struct tunx_rec *tunx_reserve(struct tunx *t, unsigned int len);
int tunx_commit(struct tunx *t);
int tunx_flush(struct tunx *t);

/* The frame that a record tells about */
static inline unsigned char *tunx_data(struct tunx_rec *rec)
{
	return (unsigned char *)rec + 8 * rec->off8;
}

#ifdef __cplusplus
}
#endif

#endif
