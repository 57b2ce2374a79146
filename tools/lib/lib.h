/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a queue is inside.
 *
 * Both directions are memory with records in a row: a ring that the kernel shares,
 * or a buffer that read() fills and write() empties. Positions count bytes; those
 * of a ring run over 32 bits, those of a buffer begin again at 0 when it is empty.
 */
#ifndef LIBTUNX_LIB_H
#define LIBTUNX_LIB_H

#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include "tunx.h"

#define REC	sizeof(struct tunx_rec)

struct side {
	unsigned char *mem;
	unsigned int size;	/* a power of two */
	unsigned int given;	/* the kernel has (back) what is before this */
	unsigned int at;	/* the caller has received, or committed, up to here */
	unsigned int end;	/* frames, or room, as far as we know */
};

struct tunx {
	int fd;
	enum tunx_io io;
	int flags;		/* of TUNSETIFF */
	char name[IFNAMSIZ];
	char *node;
	struct tunx_options options;
	unsigned int align;	/* of records */
	unsigned int reserved;	/* bytes that the caller may commit, his record too */
	const struct tunx_ring_kernel *kernel;
	struct tunx_ring_program *program;
	struct side in, out;
	struct tunx_stats stats;
};

/* What stands before a frame of a plain read or write; a tap has no pi */
struct plain_head {
	struct tun_pi pi;
	__u8 flags;
	__u8 gso_type;
	__u16 hdr_len;
	__u16 gso_size;
	__u16 csum_start;
	__u16 csum_offset;
	__u16 num_buffers;
	__le32 hash_value;
	__le16 hash_report;
	__u16 padding;
	__u16 outer_th;
	__u16 inner_nh;
} __attribute__((packed));

#define VNET_LEN	(sizeof(struct plain_head) - offsetof(struct plain_head, flags))

static inline size_t plain_skip(const struct tunx *t)
{
	return t->flags & IFF_TAP ? offsetof(struct plain_head, flags) : 0;
}

static inline struct tunx_rec *record(const struct side *s, unsigned int at)
{
	return (struct tunx_rec *)(s->mem + (at & (s->size - 1)));
}

static inline unsigned int total(const struct tunx *t, const struct tunx_rec *rec,
				 unsigned int tailroom)
{
	return (8 * rec->off8 + rec->len + tailroom + t->align - 1) & ~(t->align - 1);
}

static inline unsigned int load(const __u32 *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void store(__u32 *word, unsigned int value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* What the kernel is told comes before what is read of it */
static inline void full_barrier(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static inline int kick(struct tunx *t, __u64 *calls)
{
	++*calls;
	return ioctl(t->fd, TUNXRINGKICK) < 0 ? -errno : 0;
}

#endif
