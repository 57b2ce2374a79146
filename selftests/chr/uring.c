// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring on the char half: a read with nothing there must neither fail nor
 * hold up the submitter, and complete when a packet comes or the device goes.
 *
 *	submit read ...          AF_PACKET --> [net device] --> completion
 */
#include "uring.h"

static char buf[2000];

static void submit(int op, int fd, void *data, unsigned int len)
{
	uring_submit(&(struct io_uring_sqe) {
		.opcode = op,
		.fd = fd,
		.addr = (unsigned long)data,
		.len = len,
		.off = -1ULL,
	});
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
	is(uring_result(5000), 20, "%s: write", how);
	is(if_stat("ur0", "rx_packets"), 1, "%s: the packet arrived", how);
	buf[0] = 0;
	submit(IORING_OP_WRITE, fd, buf, 20);
	is(uring_result(5000), -EINVAL, "%s: write of no IP packet", how);
	must(stack_send("ur0", 100, 1));
	submit(IORING_OP_READ, fd, buf, sizeof(buf));
	is(uring_result(5000), 128, "%s: read, packet there", how);
	ok(pkt_match(buf + 28, 100, 1), "%s: it is the packet", how);

	submit(IORING_OP_READ, fd, buf, sizeof(buf));
	/* io_uring waits for a file that can be polled, whatever O_NONBLOCK says. */
	is(uring_result(50), -ETIME, "%s: read, nothing there: waits", how);
	must(stack_send("ur0", 100, 2));
	is(uring_result(5000), 128, "%s: a packet completes it", how);
	ok(pkt_match(buf + 28, 100, 2), "%s: it is the packet", how);
	submit(IORING_OP_READ, fd, buf, sizeof(buf));
	is(uring_result(50), -ETIME, "%s: the next one waits", how);
	must(nl_dellink("ur0", &reply));
	res = uring_result(5000);
	ok(res == -EBADFD || res == -EFAULT,
	   "%s: deletion completes it with an error (%d)", how, res);
	close(fd);
}

int main(void)
{
	ktap_begin();
	netns_new();
	if (!uring_setup()) {
		skip("io_uring is off (kernel.io_uring_disabled, CONFIG_IO_URING)",
		     "io_uring reads and writes");
		return ktap_end();
	}
	moves(true);
	moves(false);
	return ktap_end();
}
