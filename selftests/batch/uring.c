// SPDX-License-Identifier: GPL-2.0
/*
 * Records through io_uring: one request moves as many as a call does, with plain
 * buffers, with registered ones, and with a read that stays.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/tunx.h>
#include "uring.h"
#include "vnet.h"

#define REC	sizeof(struct tunx_rec)
#define IP	28		/* bytes of IPv4 and UDP headers */
#define LEN	100		/* bytes of payload */
#define ONE	(REC + IP + LEN)	/* a record: a multiple of 8 */
#define MANY	10
#define GROUP	7

/* Not in every linux/io_uring.h */
#define OP_READ_MULTISHOT	49

static unsigned char buf[MANY * ONE], pool[4][MANY * ONE];
static int fd;

static void submit(int op, unsigned int len)
{
	uring_submit(&(struct io_uring_sqe) {
		.opcode = op, .fd = fd, .addr = (unsigned long)buf, .len = len,
		.off = -1ULL,
	});
}

static void send_some(unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		must(stack_send("bu0", LEN, i));
}

static unsigned int good_records(const unsigned char *at, unsigned int n)
{
	struct tunx_rec rec;
	unsigned int i;

	for (i = 0; i < n; i++, at += ONE) {
		memcpy(&rec, at, REC);
		if (rec.len != IP + LEN || rec.off8 * 8 != (int)REC ||
		    !pkt_match(at + REC + IP, LEN, i))
			break;
	}
	return i;
}

static void put_records(unsigned int n)
{
	struct tunx_rec rec = { .len = IP + LEN, .off8 = REC / 8 };
	unsigned char payload[LEN];
	unsigned int i;

	for (i = 0; i < n; i++) {
		pkt_fill(payload, LEN, i);
		memcpy(buf + i * ONE, &rec, REC);
		pkt_udp4(buf + i * ONE + REC, "10.1.1.2", "10.1.1.1", 1000, 2000, payload, LEN);
	}
}

static void moves(const char *how, int op_read, int op_write)
{
	unsigned long before = if_stat("bu0", "rx_packets");

	put_records(MANY);
	submit(op_write, sizeof(buf));
	is(uring_result(5000), (long)sizeof(buf), "%s: a write takes all records", how);
	is(if_stat("bu0", "rx_packets") - before, MANY, "%s: and the stack has them", how);
	put_records(MANY);
	buf[3 * ONE + 4] = 0x80;	/* an unknown flag */
	submit(op_write, sizeof(buf));
	is(uring_result(5000), 3 * (long)ONE, "%s: up to the one that is refused", how);

	send_some(MANY);
	memset(buf, 0, sizeof(buf));
	submit(op_read, sizeof(buf));
	is(uring_result(5000), (long)sizeof(buf), "%s: a read takes all that are there", how);
	is(good_records(buf, MANY), MANY, "%s: each is what was sent", how);
	submit(op_read, sizeof(buf));
	is(uring_result(50), -ETIME, "%s: nothing there: a read waits", how);
	send_some(1);
	is(uring_result(5000), (long)ONE, "%s: for the first one only", how);
	is(good_records(buf, 1), 1, "%s: which it gets", how);
}

static void fixed(void)
{
	struct iovec iov = { buf, sizeof(buf) };

	must(uring_register(IORING_REGISTER_BUFFERS, &iov, 1));
	moves("registered buffer", IORING_OP_READ_FIXED, IORING_OP_WRITE_FIXED);
	must(uring_register(IORING_UNREGISTER_BUFFERS, NULL, 0));
}

/* One request, a completion and a buffer of the pool for each time there is something */
static void stays(void)
{
	char room[32] __attribute__((aligned(8)));
	struct io_uring_cqe *cqe = (void *)room;
	unsigned int i, good = 0;

	uring_submit(&(struct io_uring_sqe) {
		.opcode = IORING_OP_PROVIDE_BUFFERS, .fd = 4, .addr = (unsigned long)pool,
		.len = sizeof(pool[0]), .buf_group = GROUP,
	});
	must(uring_result(5000) ? -1 : 0);
	uring_submit(&(struct io_uring_sqe) {
		.opcode = OP_READ_MULTISHOT, .fd = fd, .flags = IOSQE_BUFFER_SELECT,
		.buf_group = GROUP, .off = -1ULL,
	});
	for (i = 0; i < 3; i++) {
		if (!i && uring_next(cqe, 50) && cqe->res == -EINVAL) {
			skip("IORING_OP_READ_MULTISHOT came with 6.7", "a read that stays");
			return;
		}
		send_some(1);
		if (!uring_next(cqe, 5000) || cqe->res != (int)ONE ||
		    !(cqe->flags & IORING_CQE_F_MORE))
			break;
		good += good_records(pool[cqe->flags >> IORING_CQE_BUFFER_SHIFT], 1);
	}
	is(good, 3, "a read that stays: three times, one after the other");
}

int main(void)
{
	struct tunx_batch b = { .size = sizeof(b), .flags = TUNX_BATCH_RECORDS };

	ktap_begin();
	if (!tun_is_tunx()) {
		skip("stock has no records", "records through io_uring");
		return ktap_end();
	}
	if (!uring_setup()) {
		skip("io_uring is off (kernel.io_uring_disabled, CONFIG_IO_URING)",
		     "records through io_uring");
		return ktap_end();
	}
	netns_new();
	fd = tun_new("bu0", IFF_TUN | IFF_NO_PI);
	must(if_up("bu0"));
	settle(fd, "bu0");
	must(ioctl(fd, TUNXSETBATCH, &b));
	moves("plain buffer", IORING_OP_READ, IORING_OP_WRITE);
	fixed();
	stays();
	close(fd);
	return ktap_end();
}
