// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring on the char half: a read with nothing there must neither fail nor
 * hold up the submitter, and complete when a packet comes or the device goes.
 *
 *	submit read ...          AF_PACKET --> [net device] --> completion
 */
#define _GNU_SOURCE
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include "tuntest.h"

static struct ring {
	int fd;
	unsigned int *sq_tail, *sq_mask, *sq_array;
	unsigned int *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
} ring;

static char buf[2000];

static bool ring_setup(void)
{
	struct io_uring_params p = { 0 };
	char *sq, *cq;

	ring.fd = syscall(__NR_io_uring_setup, 8, &p);
	if (ring.fd < 0)
		return false;
	sq = mmap(NULL, p.sq_off.array + p.sq_entries * 4, PROT_READ | PROT_WRITE,
		  MAP_SHARED, ring.fd, IORING_OFF_SQ_RING);
	cq = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe),
		  PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, IORING_OFF_CQ_RING);
	ring.sqes = mmap(NULL, p.sq_entries * sizeof(struct io_uring_sqe),
			 PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || ring.sqes == MAP_FAILED)
		bail("mapping the rings");
	ring.sq_tail = (void *)(sq + p.sq_off.tail);
	ring.sq_mask = (void *)(sq + p.sq_off.ring_mask);
	ring.sq_array = (void *)(sq + p.sq_off.array);
	ring.cq_head = (void *)(cq + p.cq_off.head);
	ring.cq_tail = (void *)(cq + p.cq_off.tail);
	ring.cq_mask = (void *)(cq + p.cq_off.ring_mask);
	ring.cqes = (void *)(cq + p.cq_off.cqes);
	return true;
}

static void submit(int op, int fd, void *data, unsigned int len)
{
	unsigned int tail = *ring.sq_tail, i = tail & *ring.sq_mask;

	ring.sqes[i] = (struct io_uring_sqe) {
		.opcode = op,
		.fd = fd,
		.addr = (unsigned long)data,
		.len = len,
		.off = -1ULL,
	};
	ring.sq_array[i] = i;
	__atomic_store_n(ring.sq_tail, tail + 1, __ATOMIC_RELEASE);
	must(syscall(__NR_io_uring_enter, ring.fd, 1, 0, 0, NULL, 0));
}

static bool completed(void *res)
{
	unsigned int head = *ring.cq_head;

	/* Entering runs what is due in this task's context. */
	must(syscall(__NR_io_uring_enter, ring.fd, 0, 0, IORING_ENTER_GETEVENTS, NULL, 0));
	if (head == __atomic_load_n(ring.cq_tail, __ATOMIC_ACQUIRE))
		return false;
	*(int *)res = ring.cqes[head & *ring.cq_mask].res;
	__atomic_store_n(ring.cq_head, head + 1, __ATOMIC_RELEASE);
	return true;
}

static int result_of(int msec)
{
	int res;

	return wait_until(completed, &res, msec) ? res : -ETIME;
}

static void moves(bool nonblock)
{
	const char *how = nonblock ? "nonblocking" : "blocking";
	int fd = tun_open(O_RDWR | (nonblock ? O_NONBLOCK : 0));
	struct nl_reply reply;
	int res;

	must(tun_setiff(fd, "ur0", IFF_TUN | IFF_NO_PI));
	must(if_up("ur0"));
	memset(buf, 0, sizeof(buf));
	buf[0] = 0x45;
	submit(IORING_OP_WRITE, fd, buf, 20);
	is(result_of(5000), 20, "%s: write", how);
	is(if_stat("ur0", "rx_packets"), 1, "%s: the packet arrived", how);
	buf[0] = 0;
	submit(IORING_OP_WRITE, fd, buf, 20);
	is(result_of(5000), -EINVAL, "%s: write of no IP packet", how);
	must(stack_send("ur0", 100, 1));
	submit(IORING_OP_READ, fd, buf, sizeof(buf));
	is(result_of(5000), 128, "%s: read, packet there", how);
	ok(pkt_match(buf + 28, 100, 1), "%s: it is the packet", how);

	submit(IORING_OP_READ, fd, buf, sizeof(buf));
	/* io_uring waits for a file that can be polled, whatever O_NONBLOCK says. */
	is(result_of(50), -ETIME, "%s: read, nothing there: waits", how);
	must(stack_send("ur0", 100, 2));
	is(result_of(5000), 128, "%s: a packet completes it", how);
	ok(pkt_match(buf + 28, 100, 2), "%s: it is the packet", how);
	submit(IORING_OP_READ, fd, buf, sizeof(buf));
	is(result_of(50), -ETIME, "%s: the next one waits", how);
	must(nl_dellink("ur0", &reply));
	res = result_of(5000);
	ok(res == -EBADFD || res == -EFAULT,
	   "%s: deletion completes it with an error (%d)", how, res);
	close(fd);
}

int main(void)
{
	ktap_begin();
	netns_new();
	if (!ring_setup()) {
		skip("io_uring is off (kernel.io_uring_disabled, CONFIG_IO_URING)",
		     "io_uring reads and writes");
		return ktap_end();
	}
	moves(true);
	moves(false);
	return ktap_end();
}
