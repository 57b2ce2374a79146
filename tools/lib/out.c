// SPDX-License-Identifier: GPL-2.0
/*
 * Frames from us.
 */
#include <arpa/inet.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include <linux/if_ether.h>
#include "lib.h"

#define MACS	(2 * ETH_ALEN)

static __be16 tun_proto(const struct tunx_rec *rec, const unsigned char *frame)
{
	if (rec->proto || !rec->len)
		return rec->proto;
	return htons(frame[0] >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP);
}

/* A tag beside the frame goes into it: what is behind it moves */
static void shift(struct plain_head *h, unsigned int by)
{
	h->csum_start += h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM ? by : 0;
	h->hdr_len += h->hdr_len ? by : 0;
	h->outer_th += h->outer_th ? by : 0;
	h->inner_nh += h->inner_nh ? by : 0;
}

static ssize_t write_plain(struct tunx *t, struct tunx_rec *rec)
{
	unsigned char *frame = tunx_data(rec);
	const size_t skip = plain_skip(t);
	struct plain_head h = {
		.pi.proto = skip ? 0 : tun_proto(rec, frame),
		.flags = rec->flags,
		.gso_type = rec->gso_type,
		.hdr_len = rec->hdr_len,
		.gso_size = rec->gso_size,
		.csum_start = rec->csum_start,
		.csum_offset = rec->csum_offset,
		.outer_th = rec->outer_th,
		.inner_nh = rec->inner_nh,
	};
	__be16 tag[] = { rec->vlan_proto, htons(rec->vlan_tci) };
	struct iovec v[] = {
		{ (unsigned char *)&h + skip, sizeof(h) - skip },
		{ frame, rec->len },
		{ tag, sizeof(tag) },
		{ frame + MACS, rec->len - MACS },
	};

	if (!(rec->flags & TUNX_REC_VLAN))
		return writev(t->fd, v, 2);
	if (!skip || rec->len < ETH_HLEN ||
	    (rec->vlan_proto != htons(ETH_P_8021Q) && rec->vlan_proto != htons(ETH_P_8021AD))) {
		errno = EINVAL;
		return -1;
	}
	v[1].iov_len = MACS;
	shift(&h, sizeof(tag));
	return writev(t->fd, v, 4);
}

/* One call; the bytes of records that are done with, or -1 and errno */
static ssize_t write_some(struct tunx *t)
{
	struct side *out = &t->out;
	struct tunx_rec *rec = record(out, out->given);

	t->stats.out_calls++;
	if (t->io == TUNX_IO_BATCH)
		return write(t->fd, rec, out->at - out->given);
	return write_plain(t, rec) < 0 ? -1 : (ssize_t)total(t, rec, 0);
}

static int flush_buffer(struct tunx *t)
{
	struct side *out = &t->out;
	ssize_t n;

	while (out->given != out->at) {
		n = write_some(t);
		if (n >= 0) {
			out->given += n;
		} else if (errno == EAGAIN || errno == EBADFD || errno == EBADF) {
			return -errno;
		} else if (errno != EINTR) {
			t->stats.refused++;
			t->stats.refused_errno = errno;
			out->given += total(t, record(out, out->given), 0);
		}
	}
	out->given = 0;
	out->at = 0;
	return 0;
}

int tunx_flush(struct tunx *t)
{
	bool wanted = false;

	t->reserved = 0;
	if (t->io != TUNX_IO_RING)
		return flush_buffer(t);
	if (t->out.at != t->out.given) {
		t->out.given = t->out.at;
		store(&t->program->to_stack_put, t->out.given);
		full_barrier();
		wanted = load(&t->kernel->to_stack_kick);
	}
	if (wanted || load(&t->kernel->state) != TUNX_RING_RUNNING)
		return kick(t, &t->stats.out_calls);
	return 0;
}

/* Finds more room, in a ring by looking, in a buffer by moving what is left in it */
static bool room(struct tunx *t, unsigned int need)
{
	struct side *out = &t->out;

	if (t->io == TUNX_IO_RING) {
		out->end = load(&t->kernel->to_stack_taken) + out->size;
	} else if (out->given) {
		memmove(out->mem, out->mem + out->given, out->at - out->given);
		out->at -= out->given;
		out->given = 0;
	}
	return need <= out->end - out->at;
}

struct tunx_rec *tunx_reserve(struct tunx *t, unsigned int len)
{
	unsigned int need = (REC + len + t->align - 1) & ~(t->align - 1);
	struct tunx_rec *rec;
	int err;

	t->reserved = 0;
	if (len > TUNX_FRAME_MAX) {
		errno = EMSGSIZE;
		return NULL;
	}
	if (need > t->out.end - t->out.at && !room(t, need)) {
		err = tunx_flush(t);
		if (!room(t, need)) {
			errno = err ? -err : EAGAIN;
			return NULL;
		}
	}
	t->reserved = REC + len;
	rec = record(&t->out, t->out.at);
	*rec = (struct tunx_rec){ .len = len, .off8 = REC / 8 };
	return rec;
}

int tunx_commit(struct tunx *t)
{
	const struct tunx_rec *rec = record(&t->out, t->out.at);

	if (!t->reserved || rec->off8 < REC / 8 || rec->len > t->reserved ||
	    8U * rec->off8 + rec->len > t->reserved)
		return -EINVAL;
	t->reserved = 0;
	t->out.at += total(t, rec, 0);
	t->stats.sent++;
	t->stats.sent_bytes += rec->len;
	return 0;
}
