// SPDX-License-Identifier: GPL-2.0
/* See tunnel_io.h. */
#include <errno.h>
#include <linux/tunx.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tunnel_io.h"
#include "util.h"

/* in front of a packet: what the device puts there, and FRAME_HEAD */
#define ROOM		(DEV_VNET_MAX + 8 + FRAME_HEAD)
#define SLOT		(ROOM + FRAME_MAX + FRAME_TAIL)
#define BATCH_BUFFER	(256 * 1024)

static bool turn_on_batch(struct dev *dev)
{
	struct tunx_batch batch = {
		.size = sizeof(batch),
		.flags = TUNX_BATCH_RECORDS,
		.headroom = FRAME_HEAD,
		.tailroom = FRAME_TAIL,
	};

	return !ioctl(dev->fd, TUNXSETBATCH, &batch);
}

void tunnel_io_open(struct tunnel_io *io, bool batch)
{
	/* the peer's device has not agreed to take segments or half a checksum */
	if (io->dev.vnet)
		ioctl(io->dev.fd, TUNSETOFFLOAD, 0UL);
	io->batch = batch && turn_on_batch(&io->dev);
	if (batch && !io->batch)
		warning("%s: one packet a call: %s cannot carry more", io->dev.name, io->dev.node);
	io->in = malloc(io->batch ? BATCH_BUFFER : FRAMES * SLOT);
	io->out = io->batch ? malloc(BATCH_BUFFER) : NULL;
	if (!io->in || (io->batch && !io->out))
		die("no memory");
}

void tunnel_io_close(struct tunnel_io *io)
{
	close(io->dev.fd);
	free(io->in);
	free(io->out);
}

static int read_plain(struct tunnel_io *io, struct frame *frames)
{
	size_t headers = dev_headers(&io->dev);
	ssize_t len = 0;
	int n;

	for (n = 0; n < FRAMES; n++) {
		frames[n].data = io->in + n * SLOT + ROOM;
		len = dev_read_at(&io->dev, frames[n].data - headers, FRAME_MAX + headers);
		if (len <= 0)
			break;
		frames[n].len = len - headers;
	}
	return n ? n : len;
}

static size_t padded(size_t len)
{
	return (len + 7) & ~(size_t)7;
}

static int read_batch(struct tunnel_io *io, struct frame *frames)
{
	struct tunx_rec rec;
	ssize_t len;
	int n;

	if (io->in_at >= io->in_len) {
		len = read(io->dev.fd, io->in, BATCH_BUFFER);
		if (len < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (len < 0) {
			warning("reading from %s: %s", io->dev.name,
				errno == EBADFD ? "it was deleted" : strerror(errno));
			return -1;
		}
		io->in_len = len;
		io->in_at = 0;
	}
	for (n = 0; n < FRAMES && io->in_at + sizeof(rec) <= io->in_len; n++) {
		memcpy(&rec, io->in + io->in_at, sizeof(rec));
		frames[n].data = io->in + io->in_at + 8 * rec.off8;
		frames[n].len = rec.len;
		io->in_at += padded(8 * rec.off8 + rec.len + FRAME_TAIL);
	}
	return n;
}

int tunnel_io_read(struct tunnel_io *io, struct frame frames[FRAMES])
{
	return io->batch ? read_batch(io, frames) : read_plain(io, frames);
}

/* A record that is refused ends a write; those behind it may be good. */
static int write_records(struct tunnel_io *io, int n)
{
	size_t at = 0;
	int refused = 0;

	while (at < io->out_len) {
		struct tunx_rec rec;
		ssize_t done = write(io->dev.fd, io->out + at, io->out_len - at);

		if (done > 0) {
			at += done;
			continue;
		}
		if (done < 0 && errno == EINTR)
			continue;
		memcpy(&rec, io->out + at, sizeof(rec));
		at += padded(sizeof(rec) + rec.len);
		refused++;
	}
	io->out_len = 0;
	return n - refused;
}

static int write_batch(struct tunnel_io *io, const struct frame *frames, int n)
{
	int queued = 0, taken = 0;

	for (int i = 0; i < n; i++) {
		struct tunx_rec rec = { .len = frames[i].len, .off8 = sizeof(rec) / 8 };
		size_t size = padded(sizeof(rec) + rec.len);

		if (io->out_len + size > BATCH_BUFFER) {
			taken += write_records(io, queued);
			queued = 0;
		}
		memcpy(io->out + io->out_len, &rec, sizeof(rec));
		memcpy(io->out + io->out_len + sizeof(rec), frames[i].data, rec.len);
		io->out_len += size;
		queued++;
	}
	return taken + write_records(io, queued);
}

int tunnel_io_write(struct tunnel_io *io, const struct frame *frames, int n)
{
	int taken = 0;

	if (io->batch)
		return write_batch(io, frames, n);
	for (int i = 0; i < n; i++)
		taken += !dev_write(&io->dev, frames[i].data, frames[i].len);
	return taken;
}
