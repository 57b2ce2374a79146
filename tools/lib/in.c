// SPDX-License-Identifier: GPL-2.0
/*
 * Frames to us.
 */
#include <endian.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include <linux/if_ether.h>
#include "lib.h"

static __be16 tap_proto(const unsigned char *frame, size_t len)
{
	__be16 proto = 0;

	if (len >= ETH_HLEN)
		memcpy(&proto, frame + 2 * ETH_ALEN, sizeof(proto));
	return proto;
}

/* Frame and header to where a record and its frame would be; the bytes of both */
static ssize_t read_plain(struct tunx *t, unsigned char *mem)
{
	const size_t skip = plain_skip(t), lead = REC + t->options.headroom;
	struct plain_head h = { 0 };	/* older kernels leave its end alone */
	struct iovec v[] = {
		{ (unsigned char *)&h + skip, sizeof(h) - skip },
		{ mem + lead, TUNX_FRAME_MAX },
	};
	struct tunx_rec *rec = (struct tunx_rec *)mem;
	ssize_t n = readv(t->fd, v, 2);

	if (n < 0)
		return n;
	n -= v[0].iov_len;
	if (n < 0) {
		errno = EINVAL;
		return -1;
	}
	*rec = (struct tunx_rec){
		.len = n,
		.flags = h.flags,
		.off8 = lead / 8,
		.gso_type = h.gso_type,
		.gso_size = h.gso_size,
		.hdr_len = h.hdr_len,
		.csum_start = h.csum_start,
		.csum_offset = h.csum_offset,
		.proto = skip ? tap_proto(mem + lead, n) : h.pi.proto,
		.hash_report = le16toh(h.hash_report),
		.hash = le32toh(h.hash_value),
		.outer_th = h.outer_th,
		.inner_nh = h.inner_nh,
	};
	return total(t, rec, t->options.tailroom);
}

static int fill_buffer(struct tunx *t)
{
	struct side *in = &t->in;
	ssize_t n;

	if (in->at == in->given) {
		in->given = 0;
		in->at = 0;
		in->end = 0;
	}
	if (in->size - in->end < REC + TUNX_FRAME_MAX + t->options.headroom + t->options.tailroom)
		return -ENOBUFS;
	do {
		t->stats.in_calls++;
		n = t->io == TUNX_IO_BATCH ? read(t->fd, in->mem + in->end, in->size - in->end) :
					     read_plain(t, in->mem + in->end);
		/* A frame that could not be told about is gone, and others are not */
		t->stats.lost += n < 0 && errno == EINVAL;
	} while (n < 0 && (errno == EINVAL || errno == EINTR));
	if (n < 0)
		return -errno;
	in->end += n;
	return 0;
}

/* What the kernel says of a ring in which nothing is */
static int why_empty(struct tunx *t)
{
	int err = 0;

	if (load(&t->kernel->state) != TUNX_RING_RUNNING)
		err = kick(t, &t->stats.in_calls);
	if (!err && t->in.at != t->in.given && load(&t->kernel->to_user_kick))
		err = -ENOBUFS;
	return err ?: -EAGAIN;
}

static int fill(struct tunx *t)
{
	if (t->io != TUNX_IO_RING)
		return fill_buffer(t);
	t->in.end = load(&t->kernel->to_user_put);
	return t->in.at == t->in.end ? why_empty(t) : 0;
}

struct tunx_rec *tunx_peek(struct tunx *t)
{
	int err;

	if (t->in.at == t->in.end) {
		err = fill(t);
		if (err) {
			errno = -err;
			return NULL;
		}
	}
	return record(&t->in, t->in.at);
}

struct tunx_rec *tunx_recv(struct tunx *t)
{
	struct tunx_rec *rec = tunx_peek(t);

	if (!rec)
		return NULL;
	t->in.at += total(t, rec, t->options.tailroom);
	t->stats.received++;
	t->stats.received_bytes += rec->len;
	return rec;
}

void tunx_release(struct tunx *t)
{
	if (t->in.at == t->in.given)
		return;
	t->in.given = t->in.at;
	if (t->io != TUNX_IO_RING)
		return;
	store(&t->program->to_user_taken, t->in.given);
	full_barrier();
	if (load(&t->kernel->to_user_kick))
		kick(t, &t->stats.in_calls);
}

/* A poll that says something is wrong does not say what */
static int what_is_wrong(struct tunx *t)
{
	struct ifreq ifr;
	int err;

	err = t->io == TUNX_IO_RING ? kick(t, &t->stats.in_calls) : 0;
	if (!err && ioctl(t->fd, TUNGETIFF, &ifr) < 0)
		err = -errno;
	return err ?: -EIO;
}

int tunx_wait(struct tunx *t, int events, int msec)
{
	struct pollfd p = { .fd = t->fd, .events = events };
	int n;

	if (!events || events & ~(POLLIN | POLLOUT))
		return -EINVAL;
	if (events & POLLIN) {
		if (t->in.at != t->in.given)
			return -EBUSY;
		if (t->io == TUNX_IO_RING)
			t->in.end = load(&t->kernel->to_user_put);
		if (t->in.at != t->in.end)
			return POLLIN;
	}
	n = poll(&p, 1, msec);
	if (n <= 0)
		return n < 0 ? -errno : 0;
	return p.revents & ~(POLLIN | POLLOUT) ? what_is_wrong(t) : p.revents;
}
