/* SPDX-License-Identifier: GPL-2.0 */
/* The device's side of a tunnel: one packet a call, or many (TUNXSETBATCH). */
#ifndef TUNX_TOOL_TUNNEL_IO_H
#define TUNX_TOOL_TUNNEL_IO_H

#include "dev.h"
#include "tunnel_net.h"

/**
 * struct tunnel_io - one queue of the device
 * @dev: it
 * @batch: calls carry many packets
 * @in: what was read
 * @in_len: with @batch: bytes there
 * @in_at: up to where they have been given out
 * @out: with @batch: what is to be written
 * @out_len: bytes there
 */
struct tunnel_io {
	struct dev dev;
	bool batch;
	uint8_t *in;
	size_t in_len;
	size_t in_at;
	uint8_t *out;
	size_t out_len;
};

/** tunnel_io_open - after dev_attach(); @batch: if the driver can */
void tunnel_io_open(struct tunnel_io *io, bool batch);
void tunnel_io_close(struct tunnel_io *io);

/** tunnel_io_read - up to FRAMES packets; 0: none waiting, -1: the device is gone */
int tunnel_io_read(struct tunnel_io *io, struct frame frames[FRAMES]);

/** tunnel_io_pending - there are packets that were read and not given out yet */
static inline bool tunnel_io_pending(const struct tunnel_io *io)
{
	return io->in_at < io->in_len;
}

/** tunnel_io_write - how many of @n packets the device took */
int tunnel_io_write(struct tunnel_io *io, const struct frame *frames, int n);

#endif
