// SPDX-License-Identifier: GPL-2.0
/* Operations: frames in and out of files, and from the stack's side. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/uio.h>
#include "diff.h"

static unsigned char buf[FRAME_MAX + 4096];

/* How a buffer is given to the kernel. */
enum how { PLAIN, PIECES, AT_OFFSET, NOWAIT, BAD, BAD_TAIL };

static enum how choose_how(struct gen *g)
{
	enum how how = gen_one_in(g, 60) ? BAD :
		       gen_one_in(g, 60) ? BAD_TAIL :
					   PICK(g, PLAIN, PLAIN, PLAIN, PIECES, AT_OFFSET, NOWAIT);

	/* Where stock does not know it, the comparison ends there */
	return how == NOWAIT && kernel_before(6, 4, 0) && !gen_one_in(g, 20) ? PLAIN : how;
}

/*
 * PIECES: the first of @first bytes, the others of at most 4096, as IFF_NAPI_FRAGS
 * wants them.
 */
static int cut(struct iovec *iov, int max, size_t len, size_t first)
{
	size_t at = 0, n = first;
	int i;

	for (i = 0; i < max && at < len; i++) {
		if (n > len - at || i == max - 1)
			n = len - at;
		iov[i] = (struct iovec){ buf + at, n };
		at += n;
		n = 4096;
	}
	return i;
}

/* Writes, or reads, @len bytes of buf. */
static long transfer(int fd, enum how how, size_t len, size_t first, bool out)
{
	struct iovec iov[64];
	int n = 1;

	iov[0] = (struct iovec){ buf, len };
	switch (how) {
	case AT_OFFSET:
		return out ? pwrite(fd, buf, len, 77) : pread(fd, buf, len, 77);
	case NOWAIT:
		return out ? pwritev2(fd, iov, 1, -1, RWF_NOWAIT) :
			     preadv2(fd, iov, 1, -1, RWF_NOWAIT);
	case BAD:
		return out ? write(fd, BAD_PTR, len) : read(fd, BAD_PTR, len);
	case BAD_TAIL:
		n = cut(iov, 2, len, first);
		if (n == 2)
			iov[1].iov_base = BAD_PTR;
		break;
	case PIECES:
		n = cut(iov, ARRAY_SIZE(iov), len, first);
		break;
	default:
		return out ? write(fd, buf, len) : read(fd, buf, len);
	}
	return out ? writev(fd, iov, n) : readv(fd, iov, n);
}

static void transfer_print(FILE *f, const struct op *op, const char *call, long how, long first)
{
	const char *const plain = *call == 'w' ? "write" : "read";

	if (how == BAD)
		fprintf(f, "%s(fd[%d], (void *)1, len)", plain, op->fd);
	else if (how == AT_OFFSET)
		fprintf(f, "p%s(fd[%d], buf, len, 77)", plain, op->fd);
	else if (how == NOWAIT)
		fprintf(f, "p%sv2(fd[%d], &(struct iovec){ buf, len }, 1, -1, RWF_NOWAIT)", plain,
			op->fd);
	else if (how == PLAIN)
		fprintf(f, "%s(fd[%d], buf, len)", plain, op->fd);
	else
		fprintf(f, "%sv(fd[%d], iov, cut(iov, %ld, %s))", plain, op->fd, first,
			how == BAD_TAIL ? "true" : "false");
}

/* How goes beside the flags of the frame; the first piece covers its headers. */
static enum how write_how(const struct op *op)
{
	return op->c >> 16 & 0xff;
}

static long write_first(const struct op *op)
{
	return (op->c & F_PI ? 4 : 0) + op->d + (op->c >> 24 & 0xff);
}

static void write_choose(struct gen *g, struct op *op)
{
	struct model_file *f = model_file(&g->m, op->fd);

	frame_choose(g, op, model_dev(&g->m, op->fd));
	op->c |= choose_how(g) << 16;
	if (f && f->mode & IFF_NAPI_FRAGS && gen_one_in(g, 2))
		op->c = (op->c & 0xffff) | PIECES << 16;
	op->c |= PICK(g, 0, 1, 14, 14, 34, 54, 64, 200) << 24;
}

static void write_run(struct world *w, const struct op *op)
{
	size_t len = frame_build(op, buf);

	note_ret(w, transfer(w->fd[op->fd], write_how(op), len, write_first(op), true));
}

static void write_print(FILE *f, const struct op *op)
{
	fprintf(f, "(len = ");
	frame_print(f, op);
	fprintf(f, ", ");
	transfer_print(f, op, "w", write_how(op), write_first(op));
	fprintf(f, ")");
}

/* Nobody comes to wake a reader: with a file that blocks, only what is there. */
static bool would_sleep(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return !(fcntl(fd, F_GETFL) & O_NONBLOCK) && poll(&p, 1, 0) != 1;
}

static void read_choose(struct gen *g, struct op *op)
{
	op->a = gen_one_in(g, 3) ?
			PICK(g, 1, 2, 3, 4, 5, 9, 10, 12, 13, 14, 16, 20, 24, 28, 38, 100, 1500) :
			FRAME_MAX;
	op->b = choose_how(g);
	op->c = PICK(g, 1, 4, 10, 14, 64, 200);
}

static void read_run(struct world *w, const struct op *op)
{
	int fd = w->fd[op->fd];
	long n;

	if (op->b != NOWAIT && would_sleep(fd)) {
		note(w, "ret", "would sleep");
		return;
	}
	/* What a read leaves alone is to be seen, just behind what it says it wrote */
	memset(buf, 0xa5, op->a < 70000 ? op->a + 64 : 70000);
	n = transfer(fd, op->b, op->a, op->c, false);
	note_ret(w, n);
	if (op->b == BAD || op->b == BAD_TAIL)
		return;
	note_data(w, "data", buf, n < 0 ? 0 : n);
	note_data(w, "behind", buf + (n < 0 ? 0 : n), 32);
}

static void read_print(FILE *f, const struct op *op)
{
	fprintf(f, "(len = %ld, memset(buf, 0xa5, len), ", op->a);
	transfer_print(f, op, "r", op->b, op->c);
	fprintf(f, ")");
}

static void drain_run(struct world *w, const struct op *op)
{
	int i, fd = w->fd[op->fd];
	long n;

	for (i = 0; i < 2000 && !would_sleep(fd); i++) {
		n = read(fd, buf, sizeof(buf));
		if (n < 0 && errno != EINVAL && errno != EFAULT)
			break;
		if (n < 0)
			note_ret(w, n);
		else if (i < 12)
			note_data(w, "data", buf, n);
	}
	note(w, "packets", "%d", i);
}

static void drain_print(FILE *f, const struct op *op)
{
	fprintf(f, "drain(fd[%d])", op->fd);
}

/*
 * A frame from AF_PACKET, behind a virtio-net header if there is one: the socket
 * takes one of ten bytes. Some are many, so that a ring gets full.
 */
static void send_choose(struct gen *g, struct op *op)
{
	const struct model_dev *d = &g->m.dev[op->dev];

	frame_choose(g, op, d->exists ? d : NULL);
	op->c &= ~(long)F_PI;
	op->d = 10;
	if (op->b > 65000)
		op->b %= 3000;
	op->c |= 1 << 16;
	/* Many of them, and none that the stack cuts into many */
	if (gen_one_in(g, 15))
		op->c = (op->c & 0xff) | PICK(g, 5, 30, 600) << 16;
}

static void send_run(struct world *w, const struct op *op)
{
	struct sockaddr_ll sll = { .sll_family = AF_PACKET };
	size_t len = frame_build(op, buf);
	int times = op->c >> 16, i, good = 0;
	unsigned char *l3 = buf + 10;

	sll.sll_ifindex = if_nametoindex(names[op->dev]);
	if (op->c & F_ETH)
		memcpy(&sll.sll_protocol, buf + 10 + 12, 2);
	else
		sll.sll_protocol = htons(len > 10 && *l3 >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP);
	for (i = 0; i < times; i++) {
		long n = sendto(w->send, buf, len, 0, (struct sockaddr *)&sll, sizeof(sll));

		if (n >= 0)
			good++;
		if (i < 2 || i == times - 1)
			note_ret(w, n);
		state_seen(w);
	}
	note(w, "good", "%d", good);
}

static void send_print(FILE *f, const struct op *op)
{
	fprintf(f, "send_many(\"%s\", (len = ", names[op->dev]);
	frame_print(f, op);
	fprintf(f, ", len), %ld, %s)", op->c >> 16, op->c & F_ETH ? "true" : "false");
}

const struct kind data_kinds[] = {
	{ "write", 190, ON_QUEUE | INHERITS, write_choose, write_run, write_print },
	{ "read", 110, ON_QUEUE | INHERITS, read_choose, read_run, read_print },
	{ "drain", 12, ON_QUEUE, NULL, drain_run, drain_print },
	{ "send", 120, ON_DEV, send_choose, send_run, send_print },
	{ 0 }
};
