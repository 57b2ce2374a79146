// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer target: whatever a writer puts into a vnet header, what comes out of
 * frame.c keeps the promises that the rest of the driver builds on.
 *
 *	input: byte order, room for tunnel fields, frame length (2), header (24)
 */
#include "frame.h"

#include <stdint.h>
#include <string.h>

#define PROMISE(what) do { if (!(what)) __builtin_trap(); } while (0)

static void check_tunnel(const struct tunx_vnet *v, bool room)
{
	if (tunx_frame_vnet_check_tunnel(v, room))
		return;
	PROMISE(room);
	PROMISE(v->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM);
	PROMISE(v->outer_th >= 34);
	PROMISE(v->inner_nh >= v->outer_th + 8);
	PROMISE(v->csum_start >= v->inner_nh + 20);
}

/* libFuzzer finds it by this name. */
int try_input(const uint8_t *data, size_t size) __asm__("LLVMFuzzerTestOneInput");
int try_input(const uint8_t *data, size_t size)
{
	struct tunx_vnet_raw raw, again;
	struct tunx_vnet v, back;
	unsigned int end;
	size_t frame_len;
	bool le, room;

	if (size < 4 + sizeof(raw))
		return 0;
	le = data[0] & 1;
	room = data[1] & 1;
	frame_len = data[2] << 8 | data[3];
	memset(&raw, 0, sizeof(raw));
	memcpy(&raw, data + 4, tunx_frame_vnet_size(room ? sizeof(raw) : 12));
	if (tunx_frame_vnet_decode(&raw, le, frame_len, &v))
		return 0;

	PROMISE(v.hdr_len <= frame_len);
	end = v.csum_start + v.csum_offset + 2u;
	if (v.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		PROMISE(end > 65535 || v.hdr_len >= end);

	tunx_frame_vnet_encode(&v, le, &again);
	PROMISE(!again.num_buffers && !again.hash_report && !again.padding);
	PROMISE(!again.hash_value[0] && !again.hash_value[1]);
	PROMISE(!tunx_frame_vnet_decode(&again, le, frame_len, &back));
	PROMISE(!memcmp(&v, &back, sizeof(v)));
	if (v.gso_type & VIRTIO_NET_HDR_GSO_UDP_TUNNEL)
		check_tunnel(&v, room);
	return 0;
}
