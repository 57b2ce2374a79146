// SPDX-License-Identifier: GPL-2.0
/*
 * What an operation costs on the driver under test. Prints a line per row:
 * its name and the time of one operation in nanoseconds, which under icount
 * (tools/vm/run --icount) are instructions.
 *
 * Arguments name the rows to run; without any, all run.
 *
 * Written frames carry a broken IP checksum: the stack drops them as early as
 * it can, and what is counted is the driver's path.
 */
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <linux/tunx.h>

#include "shared.h"
#include "vnet.h"

#define WARMUP	200
#define ROUNDS	1000
#define VNET	10	/* bytes of a virtio-net header */
#define FRAMES	400	/* in the ring at a time */
#define BATCH	64	/* records a call */
#define DEV	"bench0"
#define TUN	(IFF_TUN | IFF_NO_PI)
#define TAP	(IFF_TAP | IFF_NO_PI)

struct row {
	const char *name;
	void (*run)(const struct row *row);
	int flags;
	int oflags;
	size_t len;		/* of the frame */
};

static int fd, more[3];		/* all queues */
static uint8_t buf[100000];

static long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000L + ts.tv_nsec;
}

static void report(const struct row *row, long ns, int n)
{
	printf("%-28s %ld\n", row->name, ns / n);
	fflush(stdout);
}

static void open_dev(const struct row *row)
{
	fd = tun_open(row->oflags | O_NONBLOCK);
	must(tun_setiff(fd, DEV, row->flags));
	must(if_up(DEV));
	settle(fd, DEV);
	must(fcntl(fd, F_SETFL, row->oflags));
}

/* An IP packet that the stack does not want, as the device carries it */
static size_t bad_packet(const struct row *row, uint8_t *p)
{
	struct ifreq ifr = {};
	size_t at = 0;

	if (row->flags & IFF_TAP) {
		must(if_get(DEV, SIOCGIFHWADDR, &ifr));
		memcpy(p, ifr.ifr_hwaddr.sa_data, 6);
		memset(p + 6, 2, 6);
		p[12] = 8;
		p[13] = 0;
		at = ETH_HLEN;
	}
	pkt_udp4(p + at, "10.9.8.7", "10.9.8.1", 9, 9, NULL, row->len - 28);
	p[at + 10] ^= 0x55;
	return at + row->len;
}

/* The same flow the other way */
static size_t reverse_packet(const struct row *row, uint8_t *p)
{
	size_t at = row->flags & IFF_TAP ? ETH_HLEN : 0, len = bad_packet(row, p);
	uint8_t addr[4];

	memcpy(addr, p + at + 12, sizeof(addr));
	memcpy(p + at + 12, p + at + 16, sizeof(addr));
	memcpy(p + at + 16, addr, sizeof(addr));
	return len;
}

static void time_writes(const struct row *row, size_t len)
{
	long begin;
	int i;

	for (i = 0; i < WARMUP; i++)
		must(write(fd, buf, len));
	begin = now();
	for (i = 0; i < ROUNDS; i++)
		if (write(fd, buf, len) != (ssize_t)len)
			exit(1);
	report(row, now() - begin, ROUNDS);
	close(fd);
}

static void write_row(const struct row *row)
{
	size_t head = 0;

	memset(buf, 0, sizeof(buf));
	open_dev(row);
	if (!(row->flags & IFF_NO_PI)) {
		buf[2] = 8;
		head += 4;
	}
	if (row->flags & IFF_VNET_HDR)
		head += VNET;
	time_writes(row, head + bad_packet(row, buf + head));
}

/* A TCP packet that is to be cut into segments; the header that says so */
static size_t gso_packet(const struct row *row)
{
	struct vnet_hdr h;
	size_t l4, len;

	len = vnet_packet(buf + VNET, row->flags & IFF_TAP, TCP4, row->len, 1, &l4);
	buf[VNET + l4 - 10] ^= 0x55;
	h = vnet_ask_gso(TCP4, l4, 1400);
	memcpy(buf, &h, VNET);
	return VNET + len;
}

static void write_gso_row(const struct row *row)
{
	open_dev(row);
	time_writes(row, gso_packet(row));
}

/*
 * Sends frames until the ring holds @n of them, then reads them all; only one
 * of the two is timed.
 */
static void time_ring(const struct row *row, int sock, size_t len, int n, bool reads)
{
	static uint8_t in[sizeof(buf)];
	int i, done;
	long begin, sum = 0;

	for (done = -n; done < ROUNDS; done += n) {
		begin = now();
		for (i = 0; i < n; i++)
			if (send(sock, buf, len, 0) != (ssize_t)len)
				exit(1);
		if (!reads && done >= 0)
			sum += now() - begin;
		begin = now();
		for (i = 0; i < n; i++)
			if (read(fd, in, sizeof(in)) < 0)
				exit(1);
		if (reads && done >= 0)
			sum += now() - begin;
	}
	report(row, sum, done);
	close(sock);
	close(fd);
}

static void read_row(const struct row *row)
{
	open_dev(row);
	time_ring(row, packet_socket(DEV, SOCK_RAW, 0), bad_packet(row, buf), FRAMES, true);
}

static void xmit_row(const struct row *row)
{
	open_dev(row);
	time_ring(row, packet_socket(DEV, SOCK_RAW, 0), bad_packet(row, buf), FRAMES, false);
}

/* Four queues: what choosing one costs is the difference to one queue */
static void steer_row(const struct row *row)
{
	unsigned int i;

	open_dev(row);
	for (i = 0; i < ARRAY_SIZE(more); i++) {
		more[i] = tun_open(O_RDWR);
		must(tun_setiff(more[i], DEV, row->flags));
	}
	/* What was written on a queue is answered there */
	must(write(fd, buf, reverse_packet(row, buf)));
	time_ring(row, packet_socket(DEV, SOCK_RAW, 0), bad_packet(row, buf), FRAMES, false);
	for (i = 0; i < ARRAY_SIZE(more); i++)
		close(more[i]);
}

/* The stack hands over much in one piece */
static void read_gso_row(const struct row *row)
{
	open_dev(row);
	must(ioctl(fd, TUNSETOFFLOAD, ALL_OFFLOADS));
	time_ring(row, vnet_packet_socket(DEV), gso_packet(row), FRAMES / 10, true);
}

static bool batched(const struct row *row)
{
	struct tunx_batch b = { .size = sizeof(b), .flags = TUNX_BATCH_RECORDS };

	open_dev(row);
	if (!ioctl(fd, TUNXSETBATCH, &b))
		return true;
	/* Stock */
	close(fd);
	return false;
}

static void write_batch_row(const struct row *row)
{
	struct tunx_rec rec = { .off8 = sizeof(rec) / 8 };
	size_t at = 0, len;
	long begin;
	int i;

	if (!batched(row))
		return;
	for (i = 0; i < BATCH; i++) {
		len = bad_packet(row, buf + at + sizeof(rec));
		rec.len = len;
		memcpy(buf + at, &rec, sizeof(rec));
		at += (sizeof(rec) + len + 7) & ~7UL;
	}
	for (i = 0; i < WARMUP / 10; i++)
		must(write(fd, buf, at));
	begin = now();
	for (i = 0; i < ROUNDS; i += BATCH)
		if (write(fd, buf, at) != (ssize_t)at)
			exit(1);
	report(row, now() - begin, i);
	close(fd);
}

static void read_batch_row(const struct row *row)
{
	int sock, i, done = 0;
	long begin, sum = 0;
	size_t len;

	if (!batched(row))
		return;
	sock = packet_socket(DEV, SOCK_RAW, 0);
	len = bad_packet(row, buf);
	for (done = -BATCH; done < ROUNDS; done += BATCH) {
		static uint8_t in[sizeof(buf)];

		for (i = 0; i < BATCH; i++)
			if (send(sock, buf, len, 0) != (ssize_t)len)
				exit(1);
		begin = now();
		if (read(fd, in, sizeof(in)) < (ssize_t)(BATCH * len))
			exit(1);
		if (done >= 0)
			sum += now() - begin;
	}
	report(row, sum, done);
	close(sock);
	close(fd);
}

/* Much of it: no sender is stopped */
static bool ringed(const struct row *row, struct shared *r)
{
	const struct tunx_ring_setup setup = { .to_user = 4 << 20, .to_stack = 4 << 20 };

	if (!tun_is_tunx())
		return false;
	shared_new(r, DEV, row->flags, setup);
	must(ioctl(r->fd, TUNSETOFFLOAD, ALL_OFFLOADS));
	return true;
}

static void unring(struct shared *r)
{
	shared_unmap(r);
	close(r->fd);
}

/* A kick for each BATCH frames, or fewer if they are long */
static void time_ring_writes(const struct row *row, struct tunx_rec rec, const void *frame)
{
	int i, n = rec.len > 10000 ? BATCH / 4 : BATCH;
	long begin, sum = 0;
	struct shared r;
	int done;

	if (!ringed(row, &r))
		return;
	for (done = -2 * n; done < ROUNDS; done += n) {
		begin = now();
		for (i = 0; i < n; i++)
			if (!shared_write(&r, rec, frame))
				exit(1);
		must(shared_flush_out(&r));
		if (done >= 0)
			sum += now() - begin;
	}
	report(row, sum, done);
	unring(&r);
}

static void write_ring_row(const struct row *row)
{
	struct tunx_rec rec = { .off8 = REC / 8 };

	open_dev(row);
	rec.len = bad_packet(row, buf);
	close(fd);
	time_ring_writes(row, rec, buf);
}

static void write_ring_gso_row(const struct row *row)
{
	struct tunx_rec rec = { .off8 = REC / 8 };
	struct vnet_hdr h;

	rec.len = gso_packet(row) - VNET;
	memcpy(&h, buf, VNET);
	rec.flags = h.flags;
	rec.gso_type = h.gso_type;
	rec.gso_size = h.gso_size;
	rec.hdr_len = h.hdr_len;
	rec.csum_start = h.csum_start;
	rec.csum_offset = h.csum_offset;
	time_ring_writes(row, rec, buf + VNET);
}

/* As time_ring(); what is read is looked at where it lies */
static void time_ring_reads(const struct row *row, bool gso, bool reads)
{
	int i, done, n = gso ? FRAMES / 10 : FRAMES, sock;
	const volatile uint8_t *frame;
	long begin, sum = 0;
	struct shared r;
	size_t len;

	if (!ringed(row, &r))
		return;
	sock = gso ? vnet_packet_socket(DEV) : packet_socket(DEV, SOCK_RAW, 0);
	len = gso ? gso_packet(row) : bad_packet(row, buf);
	for (done = -n; done < ROUNDS; done += n) {
		begin = now();
		for (i = 0; i < n; i++)
			if (send(sock, buf, len, 0) != (ssize_t)len)
				exit(1);
		if (!reads && done >= 0)
			sum += now() - begin;
		begin = now();
		for (i = 0; i < n; i++) {
			if (!shared_peek(&r))
				exit(1);
			frame = shared_frame(shared_peek(&r));
			(void)*frame;
			shared_take(&r);
			if (i % 16 == 15)
				shared_flush_in(&r);
		}
		shared_flush_in(&r);
		if (reads && done >= 0)
			sum += now() - begin;
	}
	report(row, sum, done);
	close(sock);
	unring(&r);
}

static void read_ring_row(const struct row *row)
{
	time_ring_reads(row, false, true);
}

static void xmit_ring_row(const struct row *row)
{
	time_ring_reads(row, false, false);
}

static void read_ring_gso_row(const struct row *row)
{
	time_ring_reads(row, true, true);
}

static void xmit_ring_gso_row(const struct row *row)
{
	time_ring_reads(row, true, false);
}

static void xmit_gso_row(const struct row *row)
{
	open_dev(row);
	must(ioctl(fd, TUNSETOFFLOAD, ALL_OFFLOADS));
	time_ring(row, vnet_packet_socket(DEV), gso_packet(row), FRAMES / 10, false);
}

static void empty_row(const struct row *row)
{
	long begin;
	int i;

	open_dev(row);
	begin = now();
	for (i = 0; i < ROUNDS; i++)
		if (read(fd, buf, sizeof(buf)) != -1)
			exit(1);
	report(row, now() - begin, ROUNDS);
	close(fd);
}

static const struct row rows[] = {
	{ "write tun 64", write_row, TUN, O_RDWR, 64 },
	{ "write tun 1400", write_row, TUN, O_RDWR, 1400 },
	{ "write tun 64 nonblock", write_row, TUN, O_RDWR | O_NONBLOCK, 64 },
	{ "write tun 64 pi", write_row, IFF_TUN, O_RDWR, 64 },
	{ "write tun 64 vnet", write_row, TUN | IFF_VNET_HDR, O_RDWR, 64 },
	{ "write tap 64", write_row, TAP, O_RDWR, 64 },
	{ "write tap 1400", write_row, TAP, O_RDWR, 1400 },
	{ "write tap 64 nonblock", write_row, TAP, O_RDWR | O_NONBLOCK, 64 },
	{ "write tap 1400 nonblock", write_row, TAP, O_RDWR | O_NONBLOCK, 1400 },
	{ "write tap 64 vnet", write_row, TAP | IFF_VNET_HDR, O_RDWR, 64 },
	{ "write tun 64 napi", write_row, TUN | IFF_NAPI, O_RDWR, 64 },
	{ "write tap 64 napi", write_row, TAP | IFF_NAPI, O_RDWR, 64 },
	{ "write tun gso 64k", write_gso_row, TUN | IFF_VNET_HDR, O_RDWR, 64000 },
	{ "write tap gso 64k", write_gso_row, TAP | IFF_VNET_HDR, O_RDWR, 64000 },
	{ "read tun 64", read_row, TUN, O_RDWR | O_NONBLOCK, 64 },
	{ "read tun 1400", read_row, TUN, O_RDWR | O_NONBLOCK, 1400 },
	{ "read tun 64 pi", read_row, IFF_TUN, O_RDWR | O_NONBLOCK, 64 },
	{ "read tun 64 vnet", read_row, TUN | IFF_VNET_HDR, O_RDWR | O_NONBLOCK, 64 },
	{ "read tap 64", read_row, TAP, O_RDWR | O_NONBLOCK, 64 },
	{ "read tap 1400", read_row, TAP, O_RDWR | O_NONBLOCK, 1400 },
	{ "read tap 64 vnet", read_row, TAP | IFF_VNET_HDR, O_RDWR | O_NONBLOCK, 64 },
	{ "read tap gso 64k", read_gso_row, TAP | IFF_VNET_HDR, O_RDWR | O_NONBLOCK, 64000 },
	{ "write tun 64, 64 a call", write_batch_row, TUN, O_RDWR, 64 },
	{ "write tun 1400, 64 a call", write_batch_row, TUN, O_RDWR, 1400 },
	{ "write tun 64 napi, 64 a call", write_batch_row, TUN | IFF_NAPI, O_RDWR, 64 },
	{ "read tun 64, 64 a call", read_batch_row, TUN, O_RDWR | O_NONBLOCK, 64 },
	{ "read nothing", empty_row, TUN, O_RDWR | O_NONBLOCK, 0 },
	{ "xmit tun 64", xmit_row, TUN, O_RDWR | O_NONBLOCK, 64 },
	{ "xmit tap 64", xmit_row, TAP, O_RDWR | O_NONBLOCK, 64 },
	{ "xmit tun 64, 1 of 1", xmit_row, TUN | IFF_MULTI_QUEUE, O_RDWR | O_NONBLOCK, 64 },
	{ "xmit tun 64, 1 of 4", steer_row, TUN | IFF_MULTI_QUEUE, O_RDWR | O_NONBLOCK, 64 },
	{ "xmit tap 64, 1 of 4", steer_row, TAP | IFF_MULTI_QUEUE, O_RDWR | O_NONBLOCK, 64 },
	{ "xmit tap gso 64k", xmit_gso_row, TAP | IFF_VNET_HDR, O_RDWR | O_NONBLOCK, 64000 },
	{ "write tun 64, ring", write_ring_row, TUN, O_RDWR, 64 },
	{ "write tun 1400, ring", write_ring_row, TUN, O_RDWR, 1400 },
	{ "write tap gso 64k, ring", write_ring_gso_row, TAP, O_RDWR, 64000 },
	{ "read tun 64, ring", read_ring_row, TUN, O_RDWR, 64 },
	{ "xmit tun 64, ring", xmit_ring_row, TUN, O_RDWR, 64 },
	{ "read tap gso 64k, ring", read_ring_gso_row, TAP, O_RDWR, 64000 },
	{ "xmit tap gso 64k, ring", xmit_ring_gso_row, TAP, O_RDWR, 64000 },
};

static bool wanted(const struct row *row, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strcmp(*names, row->name))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	size_t i;

	(void)argc;
	netns_new();
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (wanted(&rows[i], argv + 1))
			rows[i].run(&rows[i]);
	return 0;
}
