// SPDX-License-Identifier: GPL-2.0
/*
 * What is written and sent. In an operation,
 *
 *	a	shape and seed: what protocols, and what is wrong with them
 *	b	bytes of payload, or of the whole frame where there are no protocols
 *	c	F_ETH, F_PI and, from bit 8, how the virtio-net header is made
 *	d	bytes of virtio-net header
 *
 * Whatever follows the protocol headers is a pattern of its offset.
 */
#include <linux/if_ether.h>
#include <linux/virtio_net.h>
#include "diff.h"

#define HEADS 200 /* no more of a frame is headers */

enum shape { UDP_4, TCP_4, UDP_6, TCP_6, VLAN, FOREIGN, PATTERN, SHAPES };
enum vnet { V_ZERO, V_CSUM, V_GSO, V_WRONG, V_NOISE, V_TUNNEL };

static unsigned char pattern(size_t i)
{
	return i * 31 + (i >> 8) * 17;
}

void frame_choose(struct gen *g, struct op *op, const struct model_dev *d)
{
	static const long sizes[] = {
		0,    1,    2,	  4,	 8,	13,    14,    15,    18,    19,	   20,
		22,   28,   34,	  40,	 42,	60,    64,    86,    100,   128,   200,
		500,  1000, 1400, 1472,	 1500,	2000,  3000,  3400,  3456,  3457,  3800,
		4000, 4096, 9000, 16000, 32768, 65000, 65471, 65500, 65535, 66000, 200000,
	};
	int flags = d ? d->flags : gen_below(g, 0x10000);
	bool tap = d ? d->tap : gen_one_in(g, 2);

	op->a = gen_below(g, SHAPES) | gen_below(g, 1000) << 8;
	op->b = gen_one_in(g, 3) ? gen_below(g, 1600) : gen_pick(g, sizes, ARRAY_SIZE(sizes));
	if (!gen_one_in(g, 20))
		op->b %= 10000;
	op->c = (tap ? F_ETH : 0) | (flags & IFF_NO_PI ? 0 : F_PI);
	if (gen_one_in(g, 30))
		op->c ^= gen_below(g, 4);
	op->c |=
		PICK(g, V_ZERO, V_ZERO, V_CSUM, V_GSO, V_GSO, V_WRONG, V_WRONG, V_NOISE, V_TUNNEL)
		<< 8;
	op->d = flags & IFF_VNET_HDR ? d ? d->header : 10 : 0;
	if (op->d > 64 || gen_one_in(g, 40))
		op->d = PICK(g, 0, 9, 10, 12, 20, 24, 32);
}

static size_t build_payload(const struct op *op, unsigned char *p, size_t *l4, enum l4 *kind)
{
	bool eth = op->c & F_ETH;
	enum shape shape = (op->a & 0xff) % SHAPES;
	size_t n, i, head;

	*kind = shape == UDP_4 ? UDP4 : shape == TCP_4 ? TCP4 : shape == UDP_6 ? UDP6 : TCP6;
	*l4 = 0;
	if (shape == PATTERN) {
		for (i = 0; i < (size_t)op->b; i++)
			p[i] = pattern(i);
		return op->b;
	}
	if (shape == VLAN || shape == FOREIGN)
		*kind = UDP4;
	n = vnet_packet(p, eth, *kind, op->b, 0, l4);
	head = n - op->b;
	if (eth && shape == FOREIGN) {
		p[12] = 0x88;
		p[13] = 0xb5;
	} else if (eth && shape == VLAN) {
		memmove(p + 16, p + 12, n - 12);
		memcpy(p + 12, "\x81\x00\x20\x05", 4);
		*l4 += 4;
		head += 4;
		n += 4;
	} else if (shape == FOREIGN && n) {
		p[0] = op->a >> 8;
	}
	/* To whom: one of the addresses that the "address" operations set, or all */
	if (eth && op->a >> 8 & 4)
		memcpy(p, "\xff\xff\xff\xff\xff\xff", 6);
	else if (eth && op->a >> 8 & 8)
		memcpy(p, "\x01\x00\x5e\x00\x00\x01", 6);
	else if (eth)
		memcpy(p, "\x02\xaa\x00\x00\x00\x00", 5);
	for (i = head; i < n; i++)
		p[i] = pattern(i);
	return n;
}

/* What the header says is wrong in one place. */
static void spoil(struct gen *g, struct vnet_hdr *h, size_t len)
{
	long odd = PICK(g, 0, 1, 7, 8, 9, 10, 13, 14, 20, 34, 40, 1460, 0x7fff, 0xffff);

	if (gen_one_in(g, 3))
		odd = len + PICK(g, -2, -1, 0, 1, 2);
	switch (gen_below(g, 6)) {
	case 0:
		h->flags = PICK(g, 0, 1, 2, 3, 4, 8, 0xff);
		break;
	case 1:
		h->gso_type =
			PICK(g, 0, 1, 2, 3, 4, 5, 6, 0x80, 0x81, 0x84, 0x85, 0x25, 0x41, 0x61);
		break;
	case 2:
		h->hdr_len = odd;
		break;
	case 3:
		h->gso_size = odd;
		break;
	case 4:
		h->csum_start = odd;
		break;
	default:
		h->csum_offset = odd;
	}
}

static void build_header(const struct op *op, struct vnet_hdr *h, size_t len, size_t l4,
			 enum l4 kind)
{
	struct gen g = { .state = op->a * 977 + op->b };
	enum vnet how = op->c >> 8 & 0xff;
	long sizes[] = { 1, 7, 8, 100, 536, 1000, 1448, 65535 };

	memset(h, 0, sizeof(*h));
	if (how == V_ZERO)
		return;
	if (how == V_NOISE) {
		pkt_fill(h, sizeof(*h), op->a);
		h->gso_type &= 7;
		return;
	}
	*h = vnet_ask_gso(kind, l4, gen_pick(&g, sizes, ARRAY_SIZE(sizes)));
	if (how == V_CSUM) {
		h->gso_type = 0;
		h->gso_size = 0;
	}
	if (how == V_TUNNEL) {
		h->gso_type |= gen_one_in(&g, 2) ? GSO_TUNNEL4 : GSO_TUNNEL6;
		h->outer_th = gen_below(&g, 60);
		h->inner_nh = gen_below(&g, 80);
	}
	if (how == V_WRONG || (how == V_TUNNEL && gen_one_in(&g, 2)))
		spoil(&g, h, len);
}

static size_t lead_len(const struct op *op)
{
	return (op->c & F_PI ? 4 : 0) + op->d;
}

size_t frame_head(const struct op *op)
{
	return lead_len(op) + HEADS;
}

size_t frame_build(const struct op *op, unsigned char *buf)
{
	static const unsigned char protos[][2] = {
		{ 8, 0 }, { 0x86, 0xdd }, { 0x88, 0xb5 }, { 0, 0 }
	};
	static unsigned char payload[FRAME_MAX];
	struct vnet_hdr h;
	unsigned char *p = buf;
	enum l4 kind;
	size_t n, l4;

	n = build_payload(op, payload, &l4, &kind);
	if (op->c & F_PI) {
		memset(p, 0, 2);
		memcpy(p + 2, protos[(op->a >> 8) & 3], 2);
		p += 4;
	}
	build_header(op, &h, n, l4, kind);
	/* UFO of IPv6 makes fragments, with a random number in each */
	if ((h.gso_type & 0x7f) == VIRTIO_NET_HDR_GSO_UDP && kind != UDP4)
		h.gso_type = VIRTIO_NET_HDR_GSO_NONE;
	memset(p, 0, op->d);
	memcpy(p, &h, op->d < (long)sizeof(h) ? op->d : (long)sizeof(h));
	p += op->d;
	memcpy(p, payload, n);
	return p + n - buf;
}

bool frame_header(const struct op *op, const struct model_dev *d, struct vnet_hdr *h, size_t *len)
{
	static unsigned char buf[FRAME_MAX];
	size_t n = frame_build(op, buf), from = d->flags & IFF_NO_PI ? 0 : 4;

	memset(h, 0, sizeof(*h));
	if (!(d->flags & IFF_VNET_HDR) || n < from + d->header)
		return false;
	*len = n - from - d->header;
	memcpy(h, buf + from, d->header < (int)sizeof(*h) ? 10 : sizeof(*h));
	return true;
}

/* As a call of frame() of the printed program, see print.c. */
void frame_print(FILE *f, const struct op *op)
{
	static unsigned char buf[FRAME_MAX];
	size_t n = frame_build(op, buf), head = frame_head(op), lead = lead_len(op), i;

	for (head = n < head ? n : head;
	     head > lead && buf[head - 1] == pattern(head - 1 - lead);)
		head--;
	fprintf(f, "frame(%zu, %zu, \"", n, lead);
	for (i = 0; i < head; i++)
		fprintf(f, "%02x", buf[i]);
	fprintf(f, "\")");
}
