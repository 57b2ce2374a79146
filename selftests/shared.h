/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A program's side of the rings that it shares with the kernel (TUNXSETRING).
 */
#ifndef SELFTESTS_SHARED_H
#define SELFTESTS_SHARED_H

#include <linux/tunx.h>
#include "tuntest.h"

#define REC	sizeof(struct tunx_rec)

struct shared {
	int fd;
	unsigned int to_user, to_stack;	/* bytes */
	const struct tunx_ring_kernel *kernel;
	struct tunx_ring_program *program;
	unsigned char *in, *out;	/* to_user, to_stack */
	unsigned int taken, put;	/* ours; the others see them after a flush */
	unsigned int tailroom;
};

int shared_set(int fd, struct tunx_ring_setup setup);
/* A part of the rings, or NULL and errno */
void *shared_part(int fd, int prot, unsigned long which, size_t len);
void shared_map(struct shared *r, int fd, const struct tunx_ring_setup *setup); /* or bail */
void shared_unmap(struct shared *r);
/* A device with such a queue, up, and with nothing in its rings; or bail */
void shared_new(struct shared *r, const char *name, int flags, struct tunx_ring_setup setup);
void shared_settle(struct shared *r, const char *name);

/* The next frame to read, or NULL */
const struct tunx_rec *shared_peek(const struct shared *r);
static inline const void *shared_frame(const struct tunx_rec *rec)
{
	return (const char *)rec + rec->off8 * 8;
}

void shared_take(struct shared *r);	/* it; not flushed */
void shared_flush_in(struct shared *r);
int shared_drain(struct shared *r);	/* how many were there */
/* Puts a frame behind a record; false: no room now */
bool shared_write(struct shared *r, struct tunx_rec rec, const void *frame);
int shared_flush_out(struct shared *r);	/* what the kick said, if one was needed */
/* Sleeps until there is something to read; false: after that many ms nothing was */
bool shared_wait(struct shared *r, int msec);

#endif
