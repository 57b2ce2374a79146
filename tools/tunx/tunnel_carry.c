// SPDX-License-Identifier: GPL-2.0
/* Packets from the device to the peer and back. See tunnel.h. */
#ifdef WITH_LZ4
#include <lz4.h>
#endif
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tunnel.h"
#include "tunnel_mss.h"
#include "util.h"

#define SLOT	(FRAME_HEAD + FRAME_MAX + FRAME_TAIL)

static uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

/* Goes on while the machine sleeps, as the peer does */
uint64_t tunnel_now(void)
{
	return clock_ns(CLOCK_BOOTTIME);
}

void carrier_start(struct carrier *c, struct tunnel *t, struct tunnel_io *io)
{
	c->t = t;
	c->io = io;
	c->more = false;
	c->buffer = malloc(FRAMES * SLOT);
	c->scratch = malloc(SLOT);
	if (!c->buffer || !c->scratch)
		die("no memory");
}

void carrier_end(struct carrier *c)
{
	free(c->buffer);
	free(c->scratch);
}

#ifdef WITH_LZ4
static bool compress(struct carrier *c, struct frame *f)
{
	int len = LZ4_compress_default((char *)f->data, (char *)c->scratch, f->len, f->len - 1);

	if (len <= 0)
		return false;
	memcpy(f->data, c->scratch, len);
	f->len = len;
	return true;
}

static bool decompress(struct carrier *c, struct frame *f)
{
	/* behind the message's head there is that much less room */
	int len = LZ4_decompress_safe((char *)f->data, (char *)c->scratch, f->len,
				      FRAME_MAX - PROTO_OVERHEAD);

	if (len <= 0)
		return false;
	memcpy(f->data, c->scratch, len);
	f->len = len;
	return true;
}
#else
static bool compress(struct carrier *c, struct frame *f)
{
	(void)c;
	(void)f;
	return false;
}

static bool decompress(struct carrier *c, struct frame *f)
{
	(void)c;
	(void)f;
	return false;
}
#endif

static void clamp(struct tunnel *t, struct frame *f)
{
	if (t->config.clamp && mss_clamp(f->data, f->len, t->io[0].dev.tap, t->mtu))
		count(&t->stats, COUNT_CLAMPED, 1);
}

static bool seal(struct carrier *c, uint64_t now, struct frame *f)
{
	enum proto_kind kind = KIND_PACKET;

	if (c->t->config.compress && compress(c, f))
		kind = KIND_LZ4;
	if (!proto_seal(&c->t->proto, now, kind, f->data, f->len))
		return false;
	f->data -= PROTO_HEAD;
	f->len += PROTO_OVERHEAD;
	return true;
}

bool carry_out(struct carrier *c)
{
	struct tunnel_stats *stats = &c->t->stats;
	unsigned long long bytes = 0;
	struct frame frames[FRAMES];
	uint64_t now = tunnel_now();
	int n, ready = 0, sent;

	n = tunnel_io_read(c->io, frames);
	if (n < 0)
		return false;
	for (int i = 0; i < n; i++) {
		size_t len = frames[i].len;

		clamp(c->t, &frames[i]);
		if (c->t->config.sealed && !seal(c, now, &frames[i])) {
			count(stats, COUNT_OUT_UNREADY, 1);
			continue;
		}
		bytes += len;
		frames[ready++] = frames[i];
	}
	if (!ready)
		return true;
	sent = net_send(&c->t->net, NULL, frames, ready);
	if (sent < 0) {
		count(stats, COUNT_OUT_UNREADY, ready);
		return true;
	}
	count(stats, COUNT_OUT_PACKETS, sent);
	count(stats, COUNT_OUT_BYTES, bytes);
	count(stats, COUNT_OUT_REFUSED, ready - sent);
	return true;
}

static void adopt(struct carrier *c, const struct net_peer *from)
{
	if (net_adopt(&c->t->net, from))
		count(&c->t->stats, COUNT_ROAMED, 1);
}

/* Return: @f is a packet for the device */
static bool packet_in(struct carrier *c, struct frame *f, const struct proto_got *got)
{
	f->data = got->data;
	f->len = got->len;
	if (got->kind == KIND_LZ4 && (!c->t->config.compress || !decompress(c, f))) {
		count(&c->t->stats, COUNT_MALFORMED, 1);
		return false;
	}
	return true;
}

static void reply(struct carrier *c, const struct net_peer *from, struct proto_got *got)
{
	uint8_t buffer[FRAME_HEAD + PROTO_ANSWER];
	struct frame f = { buffer + FRAME_HEAD, got->reply_len };

	memcpy(f.data, got->reply, got->reply_len);
	net_send(&c->t->net, from, &f, 1);
}

/* Return: @f is a packet for the device */
static bool message_in(struct carrier *c, uint64_t now, struct frame *f,
		       const struct net_peer *from)
{
	struct tunnel_stats *stats = &c->t->stats;
	struct proto_got got;

	switch (proto_open(&c->t->proto, now, f->data, f->len, &got)) {
	case PROTO_DATA:
		if (got.newest)
			adopt(c, from);
		return packet_in(c, f, &got);
	case PROTO_ALIVE:
		if (got.newest)
			adopt(c, from);
		count(stats, COUNT_KEEPALIVES, 1);
		break;
	case PROTO_REPLY:
		reply(c, from, &got);
		break;
	case PROTO_READY:
		adopt(c, from);
		/* the peer may not use the new keys before we do */
		carry_tick(c);
		break;
	case PROTO_FORGED:
		count(stats, COUNT_FORGED, 1);
		break;
	case PROTO_REPLAYED:
		count(stats, COUNT_REPLAYED, 1);
		break;
	case PROTO_UNKNOWN:
		count(stats, COUNT_UNKNOWN, 1);
		break;
	case PROTO_LIMITED:
		count(stats, COUNT_LIMITED, 1);
		break;
	default:
		count(stats, COUNT_GARBAGE, 1);
		break;
	}
	return false;
}

void carry_in(struct carrier *c)
{
	struct tunnel_stats *stats = &c->t->stats;
	struct net_peer from[FRAMES] = { 0 };
	unsigned long long bytes = 0;
	struct frame frames[FRAMES];
	uint64_t now = tunnel_now();
	int n, ready = 0, taken;

	for (int i = 0; i < FRAMES; i++)
		frames[i].data = c->buffer + i * SLOT + FRAME_HEAD;
	n = net_receive(&c->t->net, frames, from, FRAMES);
	for (int i = 0; i < n; i++) {
		if (c->t->config.sealed && !message_in(c, now, &frames[i], &from[i]))
			continue;
		clamp(c->t, &frames[i]);
		bytes += frames[i].len;
		frames[ready++] = frames[i];
	}
	if (ready) {
		taken = tunnel_io_write(c->io, frames, ready);
		count(stats, COUNT_IN_PACKETS, taken);
		count(stats, COUNT_IN_BYTES, bytes);
		count(stats, COUNT_IN_REFUSED, ready - taken);
	}
	/* a socket that has more says so when it is polled; TCP may have taken it in */
	c->more = n > 0 && c->t->config.net.kind == NET_TCP;
}

void carry_tick(struct carrier *c)
{
	uint8_t buffer[FRAME_HEAD + PROTO_OUT];
	struct tunnel *t = c->t;
	struct frame f;

	if (!t->config.sealed)
		return;
	while (true) {
		f.data = buffer + FRAME_HEAD;
		f.len = proto_tick(&t->proto, tunnel_now(), clock_ns(CLOCK_REALTIME), f.data);
		if (!f.len)
			break;
		net_send(&t->net, NULL, &f, 1);
	}
}
