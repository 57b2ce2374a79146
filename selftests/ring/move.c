// SPDX-License-Identifier: GPL-2.0
/*
 * Frames through shared rings, both ways: every place in the ring, every size.
 *
 *	AF_PACKET --- net device --- to_user --> us
 *	          <--            <-- to_stack --
 *
 * Timeout: 150 s
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/sockios.h>
#include "uring.h"
#include "shared.h"
#include "vnet.h"

#define SMALL	TUNX_RING_MIN
#define SLOTS	(SMALL / TUNX_RING_ALIGN)
#define IP	28	/* bytes of IPv4 and UDP headers */

static unsigned char frame[70000], in[70000];
static struct shared r;

static bool good(const struct tunx_rec *rec, size_t len, unsigned int seed)
{
	return rec && rec->len == IP + len && rec->proto == htons(ETH_P_IP) &&
	       pkt_match((const char *)shared_frame(rec) + IP, len, seed);
}

/* One frame of the stack; how many records held it, as it should be */
static int one_in(const char *name, size_t len, unsigned int seed)
{
	int n;

	must(stack_send(name, len, seed));
	n = good(shared_peek(&r), len, seed);
	if (shared_peek(&r))
		shared_take(&r);
	n += shared_drain(&r);
	return n;
}

static int one_out(int s, size_t len, unsigned int seed)
{
	struct tunx_rec rec = { .off8 = REC / 8, .len = IP + len };
	static unsigned char payload[70000];

	pkt_fill(payload, len, seed);
	pkt_udp4(frame, "10.1.1.2", "10.1.1.1", 1000, 2000, payload, len);
	if (!shared_write(&r, rec, frame) || shared_flush_out(&r))
		return -1;
	return recv(s, in, sizeof(in), MSG_DONTWAIT) == (ssize_t)(IP + len) &&
	       pkt_match(in + IP, len, seed);
}

/* 1400 bytes and their record take an odd number of slots: each comes first once */
static void wraps(void)
{
	static bool begun_in[SLOTS], begun_out[SLOTS];
	int s = packet_socket("rm0", SOCK_DGRAM, ETH_P_IP);
	unsigned int i, ins = 0, outs = 0, places = 0;

	for (i = 0; i < SLOTS; i++) {
		begun_in[r.taken / TUNX_RING_ALIGN % SLOTS] = true;
		begun_out[r.put / TUNX_RING_ALIGN % SLOTS] = true;
		ins += one_in("rm0", 1400, i) == 1;
		while (recv(s, in, sizeof(in), MSG_DONTWAIT) >= 0)
			;
		outs += one_out(s, 1400, i) == 1;
	}
	is(ins, SLOTS, "frames to the program");
	is(outs, SLOTS, "frames to the stack");
	for (i = 0; i < SLOTS; i++)
		places += begun_in[i] && begun_out[i];
	is(places, SLOTS, "each place of the rings was the first of one");
	printf("# measured: frames through shared rings, at each place: %u frames\n", ins + outs);
	close(s);
}

static void sizes(void)
{
	int s = packet_socket("rm0", SOCK_DGRAM, ETH_P_IP);
	unsigned int ins = 0, outs = 0, n = 0;
	size_t len;

	must(if_setint("rm0", SIOCSIFMTU, 65535));
	for (len = 0; len <= 65535 - IP; len += len < 300 ? 1 : 4001) {
		ins += one_in("rm0", len, len) == 1;
		while (recv(s, in, sizeof(in), MSG_DONTWAIT) >= 0)
			;
		outs += one_out(s, len, len) == 1;
		n++;
	}
	is(ins, n, "frames of many sizes to the program");
	is(outs, n, "frames of many sizes to the stack");
	must(if_setint("rm0", SIOCSIFMTU, 1500));
	close(s);
}

static void segments(void)
{
	long before = eth_stat("rm0", "queue_0_rx_gso");
	size_t l4, len = vnet_packet(frame, false, TCP4, 60000, 5, &l4);
	struct tunx_rec rec = {
		.off8 = REC / 8, .len = len, .flags = F_NEEDS_CSUM,
		.gso_type = GSO_TCPV4, .gso_size = 1400, .hdr_len = l4 + 20,
		.csum_start = l4, .csum_offset = vnet_csum_offset(TCP4),
	};

	ok(shared_write(&r, rec, frame), "room for 60,000 bytes to be cut");
	is(shared_flush_out(&r), 0, "the stack takes them");
	is(eth_stat("rm0", "queue_0_rx_gso") - before, 1, "as one frame");
	rec.gso_type = 77;
	before = eth_stat("rm0", "queue_0_rx_frame_errors");
	ok(shared_write(&r, rec, frame) && !shared_flush_out(&r),
	   "a frame that says nonsense of itself");
	is(eth_stat("rm0", "queue_0_rx_frame_errors") - before, 1, "is dropped");
	is(r.kernel->state, TUNX_RING_RUNNING, "and the ring goes on");
}

static void others(void)
{
	char c;

	result(read(r.fd, &c, 1), EBUSY, "read() of a queue with a ring to read");
	pkt_udp4(frame, "10.1.1.2", "10.1.1.1", 1, 2, NULL, 100);
	is(write(r.fd, frame, IP + 100), IP + 100, "write() works beside a ring");
}

static void by_uring(void)
{
	struct tunx_rec rec = { .off8 = REC / 8, .len = IP + 10 };
	long before = if_stat("rm0", "rx_packets");

	if (!uring_setup()) {
		skip("io_uring is off (kernel.io_uring_disabled, CONFIG_IO_URING)",
		     "a kick by io_uring");
		return;
	}
	pkt_udp4(frame, "10.1.1.2", "10.1.1.1", 1, 2, NULL, 10);
	ok(shared_write(&r, rec, frame), "a frame");
	__atomic_store_n(&r.program->to_stack_put, r.put, __ATOMIC_RELEASE);
	uring_submit(&(struct io_uring_sqe){
		.opcode = IORING_OP_URING_CMD, .fd = r.fd, .cmd_op = TUNXRINGKICK,
	});
	is(uring_result(5000), 0, "a kick by io_uring");
	is(if_stat("rm0", "rx_packets") - before, 1, "the stack has the frame");
	uring_submit(&(struct io_uring_sqe){
		.opcode = IORING_OP_URING_CMD, .fd = r.fd, .cmd_op = TUNXSETRING,
	});
	is(uring_result(5000), -EOPNOTSUPP, "another call by io_uring");
}

/* A plain queue of the same device, with the ring's queue first and second */
static void mixed(void)
{
	int plain = tun_open(O_RDWR | O_NONBLOCK);
	struct shared m;

	shared_new(&m, "rm1", IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE,
		   (struct tunx_ring_setup){ .to_user = SMALL, .to_stack = SMALL });
	must(tun_setiff(plain, "rm1", IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE));
	must(tun_queue(m.fd, IFF_DETACH_QUEUE));
	is(m.kernel->state, TUNX_RING_DETACHED, "a detached ring says so");
	result(ioctl(m.fd, TUNXRINGKICK), EBUSY, "a kick of it");
	must(stack_send("rm1", 100, 1));
	ok(readable(plain, 1000) && drain(plain) == 1, "the plain queue has the frames then");
	must(tun_queue(m.fd, IFF_ATTACH_QUEUE));
	is(m.kernel->state, TUNX_RING_RUNNING, "attached again");
	close(plain);
	must(stack_send("rm1", 100, 1));
	is(shared_drain(&m), 1, "alone again, the ring has the frames");
	shared_unmap(&m);
	close(m.fd);
}

static void rooms(void)
{
	const struct tunx_rec *rec;
	struct shared m;

	shared_new(&m, "rm2", IFF_TUN | IFF_NO_PI, (struct tunx_ring_setup){
		.to_user = SMALL, .headroom = 64, .tailroom = 128,
	});
	must(stack_send("rm2", 100, 7));
	must(stack_send("rm2", 200, 8));
	rec = shared_peek(&m);
	ok(good(rec, 100, 7) && rec->off8 * 8 == (int)REC + 64, "headroom before a frame");
	shared_take(&m);
	ok(good(shared_peek(&m), 200, 8), "tailroom behind it");
	shared_unmap(&m);
	close(m.fd);
}

int main(void)
{
	ktap_begin();
	if (!tun_is_tunx()) {
		skip("stock has no shared rings", "frames through them");
		return ktap_end();
	}
	netns_new();
	shared_new(&r, "rm0", IFF_TUN | IFF_NO_PI,
		   (struct tunx_ring_setup){ .to_user = SMALL, .to_stack = SMALL });
	wraps();
	sizes();
	segments();
	others();
	by_uring();
	shared_unmap(&r);
	close(r.fd);
	mixed();
	rooms();
	return ktap_end();
}
