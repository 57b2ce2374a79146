// SPDX-License-Identifier: GPL-2.0
/*
 * XDP programs on what is written to a tap: every verdict, what the writer,
 * the reader and the counters see of it, and frames too large for the fast way.
 *
 *	fd --> program --> stack (AF_PACKET) | back to the fd | another tap
 */
#define _GNU_SOURCE
#include <linux/if_ether.h>
#include <pthread.h>
#include <stdatomic.h>
#include "bpf.h"
#include "vnet.h"
#include "differences.h"

#define XDP	BPF_PROG_TYPE_XDP
#define NATIVE	XDP_FLAGS_DRV_MODE
#define GENERIC	XDP_FLAGS_SKB_MODE

static unsigned char frame[70000], got[70000];

static void make(int len, unsigned int seed)
{
	pkt_fill(frame, len, seed);
	memset(frame, 2, 6);
	memset(frame + 6, 4, 6);
	frame[12] = 0x88;
	frame[13] = 0xb5;
}

static int tap(const char *name, int flags)
{
	int fd = tun_new(name, IFF_TAP | flags);

	must(if_up(name));
	settle(fd, name);
	return fd;
}

static void attach(const char *name, int prog, unsigned int mode)
{
	must(prog);
	must(xdp_attach(name, prog, mode));
	close(prog);
}

static bool stack_has(int watch, int len)
{
	while (readable(watch, 200))
		if (recv(watch, got, sizeof(got), 0) == len && !memcmp(got, frame, len))
			return true;
	return false;
}

static bool reader_has(int fd, int len)
{
	return readable(fd, 1000) && read(fd, got, sizeof(got)) == len &&
	       !memcmp(got, frame, len);
}

static void modes(void)
{
	int prog = must(BPF_PROG_RETURN(XDP, XDP_PASS)), fd = tap("xm0", IFF_NO_PI);

	result(xdp_attach("xm0", prog, NATIVE), 0, "tap: native");
	result(xdp_attach("xm0", prog, NATIVE | XDP_FLAGS_UPDATE_IF_NOEXIST), EBUSY,
	       "tap: a second one, if there is none");
	result(xdp_attach("xm0", prog, GENERIC), EEXIST, "tap: generic beside native");
	result(xdp_attach("xm0", -1, NATIVE), 0, "tap: detach");
	result(xdp_attach("xm0", prog, GENERIC), 0, "tap: generic");
	result(xdp_attach("xm0", -1, GENERIC), 0, "tap: detach");
	result(xdp_attach("xm0", prog, 0), 0, "tap: the kernel chooses");
	result(xdp_attach("xm0", -1, NATIVE), 0, "tap: it chose native");
	result(xdp_attach("xm0", prog, XDP_FLAGS_HW_MODE), EINVAL, "tap: hardware");
	must(xdp_attach("xm0", prog, NATIVE));
	close(fd);
	ok(!if_exists("xm0"), "tap: closed with a program, it is gone");
	fd = tun_new("xm1", IFF_TUN | IFF_NO_PI);
	result(xdp_attach("xm1", prog, NATIVE), EOPNOTSUPP, "tun: native");
	result(xdp_attach("xm1", prog, 0), 0, "tun: the kernel chooses");
	result(xdp_attach("xm1", -1, GENERIC), 0, "tun: it chose generic");
	close(fd);
	close(prog);
}

struct verdict {
	const char *name;
	int action;
	bool stack, reader;
	int packets, dropped;	/* rx */
};

static const struct verdict verdicts[] = {
	{ "PASS", XDP_PASS, true, false, 1, 0 },
	{ "DROP", XDP_DROP, false, false, 0, 1 },
	{ "ABORTED", XDP_ABORTED, false, false, 0, 1 },
	{ "unknown", 99, false, false, 0, 1 },
	{ "TX", XDP_TX, false, true, 1, 0 },
};

static void each_verdict(const char *how, bool blocking, unsigned int mode, int len)
{
	int fd = tap("xv0", IFF_NO_PI), watch = packet_socket("xv0", SOCK_RAW, ETH_P_ALL);
	bool native = mode == NATIVE && len <= 3456 &&
		      (!blocking || blocking_writes_are_native());
	long packets, dropped, generic;
	unsigned int i;

	if (blocking)
		must(fcntl(fd, F_SETFL, 0));
	for (i = 0; i < ARRAY_SIZE(verdicts); i++) {
		const struct verdict *v = &verdicts[i];

		/* The core sends generic TX through the queueing discipline: back to us. */
		attach("xv0", BPF_PROG_RETURN(XDP, v->action), mode);
		make(len, i);
		packets = if_stat("xv0", "rx_packets");
		dropped = if_stat("xv0", "rx_dropped");
		generic = eth_stat("xv0", "queue_0_rx_xdp_generic");
		is(write(fd, frame, len), len, "%s: %s: write", how, v->name);
		is(stack_has(watch, len), v->stack, "%s: %s: stack", how, v->name);
		is(readable(fd, v->reader ? 1000 : 0) && reader_has(fd, len), v->reader,
		   "%s: %s: reader", how, v->name);
		if (native) {
			is(if_stat("xv0", "rx_packets") - packets, v->packets,
			   "%s: %s: rx_packets", how, v->name);
		}
		/*
		 * The core runs what is attached as generic, and counts nothing. To a
		 * driver that has it run a program it does not say whether the frame
		 * was dropped or sent: these have a counter of their own.
		 */
		if (native)
			is(if_stat("xv0", "rx_dropped") - dropped, v->dropped,
			   "%s: %s: rx_dropped", how, v->name);
		else if (mode == NATIVE && generic_frames_are_counted())
			is(eth_stat("xv0", "queue_0_rx_xdp_generic") - generic,
			   v->action != XDP_PASS, "%s: %s: rx_xdp_generic", how, v->name);
		must(xdp_attach("xv0", -1, mode));
	}
	make(len, 9);
	must(write(fd, frame, len));
	ok(stack_has(watch, len), "%s: without program all pass", how);
	close(watch);
	close(fd);
}

static void sizes(void)
{
	static const int sizes[] = {
		14, 15, 60, 100, 1000, 1514, 3000, 3391, 3392, 3393, 3455, 3456, 3457, 3519,
		3520, 3521, 3700, 3776, 4000, 4096, 9000, 20000, 65000,
	};
	int fd = tap("xs0", IFF_NO_PI), watch = packet_socket("xs0", SOCK_RAW, ETH_P_ALL);
	int big = 1 << 20, passed = 0, sent = 0;
	unsigned int i;

	must(setsockopt(watch, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big)));
	must(if_setint("xs0", SIOCSIFMTU, 65521));
	attach("xs0", BPF_PROG_RETURN(XDP, XDP_PASS), NATIVE);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		make(sizes[i], i);
		if (write(fd, frame, sizes[i]) == sizes[i] && stack_has(watch, sizes[i]))
			passed++;
		else
			printf("# PASS of %d bytes\n", sizes[i]);
	}
	attach("xs0", BPF_PROG_RETURN(XDP, XDP_TX), NATIVE);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		make(sizes[i], i);
		if (write(fd, frame, sizes[i]) == sizes[i] && reader_has(fd, sizes[i]))
			sent++;
		else
			printf("# TX of %d bytes\n", sizes[i]);
	}
	is(passed, ARRAY_SIZE(sizes), "frames of %zu sizes pass", ARRAY_SIZE(sizes));
	is(sent, ARRAY_SIZE(sizes), "and come back");
	close(watch);
	close(fd);
}

/* A frame that came back, behind PI and a vnet header. */
static void headers(void)
{
	int fd = tap("xh0", IFF_VNET_HDR), size = 12, pi = xdp_frames_have_pi() ? 4 : 0;
	struct vnet_hdr h = { .flags = F_DATA_VALID };
	unsigned char zeros[12] = { 0 }, written[16] = { 0 };
	struct iovec iov[] = { { written, 16 }, { frame, 100 } };
	long bytes;

	must(ioctl(fd, TUNSETVNETHDRSZ, &size));
	attach("xh0", BPF_PROG_RETURN(XDP, XDP_TX), NATIVE);
	make(100, 1);
	memcpy(written + 4, &h, 10);
	bytes = if_stat("xh0", "tx_bytes");
	is(writev(fd, iov, 2), 116, "PI and vnet header: write");
	memset(got, 0x5a, 200);
	is(read(fd, got, sizeof(got)), pi + 112, "PI and vnet header: read");
	if (pi)
		ok(!memcmp(got, "\0\0\x88\xb5", 4), "PI has the frame's protocol");
	ok(!memcmp(got + pi, zeros, zeroes_header_tail() ? 12 : 10), "the vnet header is zeros");
	ok(!memcmp(got + pi + 12, frame, 100), "the frame behind it");
	if (pi) {
		is(if_stat("xh0", "tx_bytes") - bytes, 100, "tx_bytes has the frame only");
		must(writev(fd, iov, 2));
		is(read(fd, got, 50), 50, "short buffer: read");
		ok(got[0] & 1 || got[1] & 1, "PI tells that it was cut");
		must(writev(fd, iov, 2));
		result(read(fd, got, 10), EINVAL, "no room for the vnet header");
		must(writev(fd, iov, 2));
		result(read(fd, got, 3), EINVAL, "no room for PI");
	}
	must(writev(fd, iov, 2));
	result(read(fd, BAD_PTR, 200), EFAULT, "a bad buffer");
	close(fd);
}

static void down(void)
{
	int fd = tap("xd0", IFF_NO_PI);
	unsigned int i;

	must(if_down("xd0"));
	make(100, 3);
	for (i = 0; i < ARRAY_SIZE(verdicts); i++) {
		attach("xd0", BPF_PROG_RETURN(XDP, verdicts[i].action), NATIVE);
		result(write(fd, frame, 100), verdicts[i].action == XDP_PASS ? EIO : 0,
		       "device down: %s", verdicts[i].name);
		is(read(fd, got, sizeof(got)) == 100, verdicts[i].reader,
		   "device down: %s: reader", verdicts[i].name);
	}
	close(fd);
}

static void redirect(void)
{
	int fd = tap("xr0", IFF_NO_PI), other = tap("xr1", IFF_NO_PI), map, index, n;
	long packets, dropped;

	index = if_nametoindex("xr1");
	attach("xr0", BPF_PROG(XDP, BPF_MOV_IMM(BPF_REG_1, index), BPF_MOV_IMM(BPF_REG_2, 0),
			       BPF_HELPER(BPF_FUNC_redirect), BPF_LEAVE), NATIVE);
	packets = if_stat("xr0", "rx_packets");
	make(200, 4);
	is(write(fd, frame, 200), 200, "redirect: write");
	ok(reader_has(other, 200), "redirect: the other tap's reader has it");
	is(if_stat("xr0", "rx_packets") - packets, 1, "redirect: rx_packets here");
	is(if_stat("xr1", "tx_packets") >= 1, 1, "redirect: tx_packets there");
	must(if_down("xr1"));
	dropped = if_stat("xr0", "rx_dropped");
	is(write(fd, frame, 200), 200, "redirect to a device that is down: write");
	is(if_stat("xr0", "rx_dropped") - dropped, 1, "redirect to a device that is down: dropped");
	must(if_up("xr1"));

	/* A ring takes what it has room for. */
	must(if_setint("xr1", SIOCSIFTXQLEN, 5));
	for (n = 0; n < 8; n++)
		must(write(fd, frame, 200));
	is(drain(other), 5, "redirect: a ring of 5 takes 5");
	ok(if_stat("xr1", "tx_dropped") >= 3, "redirect: and drops the others");

	map = must(bpf_map(BPF_MAP_TYPE_DEVMAP, 4, 4, 2));
	must(bpf_map_set(map, 1, &index));
	attach("xr0", BPF_PROG(XDP, BPF_LOAD_MAP(BPF_REG_1, map), BPF_LOAD_MAP_HIGH,
			       BPF_MOV_IMM(BPF_REG_2, 1),
			       BPF_MOV_IMM(BPF_REG_3, 0), BPF_HELPER(BPF_FUNC_redirect_map),
			       BPF_LEAVE), NATIVE);
	make(300, 5);
	must(write(fd, frame, 300));
	ok(reader_has(other, 300), "redirect by map: the other tap's reader has it");
	close(other);
	is(write(fd, frame, 300), 300, "redirect to nowhere: write");
	close(map);
	close(fd);
}

/* A queue that many programs fill: no more than its length. */
static void ring_full(void)
{
	int fd = tap("xf0", IFF_NO_PI), n;

	must(if_setint("xf0", SIOCSIFTXQLEN, 10));
	attach("xf0", BPF_PROG_RETURN(XDP, XDP_TX), NATIVE);
	make(100, 1);
	for (n = 0; n < 25; n++)
		must(write(fd, frame, 100));
	is(drain(fd), 10, "TX into a ring of 10: 10 come back");
	is(if_stat("xf0", "tx_dropped"), 15, "the others are dropped");
	close(fd);
}

static void adjust(void)
{
	static const struct {
		const char *name;
		int helper, by, front, back;
	} how[] = {
		{ "head + 10", BPF_FUNC_xdp_adjust_head, 10, -10, 0 },
		{ "head - 20", BPF_FUNC_xdp_adjust_head, -20, 20, 0 },
		{ "head - 200", BPF_FUNC_xdp_adjust_head, -200, 200, 0 },
		{ "tail - 30", BPF_FUNC_xdp_adjust_tail, -30, 0, -30 },
		{ "tail + 8", BPF_FUNC_xdp_adjust_tail, 8, 0, 8 },
	};
	int fd = tap("xa0", IFF_NO_PI), watch = packet_socket("xa0", SOCK_RAW, ETH_P_ALL);
	unsigned int i, pass;

	for (i = 0; i < ARRAY_SIZE(how) * 2; i++) {
		int front = how[i / 2].front, back = how[i / 2].back, len = 500 + front + back;
		int skip_new = front > 0 ? front : 0, skip_old = front < 0 ? -front : 0;

		pass = i % 2;
		attach("xa0", BPF_PROG(XDP, BPF_MOV_IMM(BPF_REG_2, how[i / 2].by),
				       BPF_HELPER(how[i / 2].helper),
				       BPF_CMP_IMM(BPF_JEQ, BPF_REG_0, 0, 2),
				       BPF_MOV_IMM(BPF_REG_0, XDP_DROP), BPF_LEAVE,
				       BPF_MOV_IMM(BPF_REG_0, pass ? XDP_PASS : XDP_TX), BPF_LEAVE),
		       NATIVE);
		make(500, i);
		must(write(fd, frame, 500));
		ok(readable(pass ? watch : fd, 1000), "%s, %s: arrives", how[i / 2].name,
		   pass ? "PASS" : "TX");
		is(read(pass ? watch : fd, got, sizeof(got)), len, "%s, %s: length",
		   how[i / 2].name, pass ? "PASS" : "TX");
		ok(!memcmp(got + skip_new, frame + skip_old,
			   500 - skip_old + (back < 0 ? back : 0)), "%s, %s: payload",
		   how[i / 2].name, pass ? "PASS" : "TX");
	}
	close(watch);
	close(fd);
}

static void metadata(void)
{
	int fd = tap("xe0", IFF_NO_PI), watch = packet_socket("xe0", SOCK_RAW, ETH_P_ALL);

	attach("xe0", BPF_PROG(XDP, BPF_MOV_IMM(BPF_REG_2, -8),
			       BPF_HELPER(BPF_FUNC_xdp_adjust_meta),
			       BPF_CMP_IMM(BPF_JEQ, BPF_REG_0, 0, 2),
			       BPF_MOV_IMM(BPF_REG_0, XDP_DROP), BPF_LEAVE,
			       BPF_MOV_IMM(BPF_REG_0, XDP_PASS), BPF_LEAVE), NATIVE);
	make(100, 1);
	must(write(fd, frame, 100));
	is(stack_has(watch, 100), has_xdp_metadata(), "a program can add metadata");
	close(watch);
	close(fd);
}

/* The queue a program sees is the slot the writer's file has at the time. */
static void queue_index(void)
{
	int a = tap("xq0", IFF_NO_PI | IFF_MULTI_QUEUE);
	int b = tun_new("xq0", IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE);
	int watch = packet_socket("xq0", SOCK_RAW, ETH_P_ALL);

	attach("xq0", BPF_PROG(XDP,
			       BPF_LOAD32(BPF_REG_2, BPF_REG_1,
					  offsetof(struct xdp_md, rx_queue_index)),
			       BPF_MOV_IMM(BPF_REG_0, XDP_DROP),
			       BPF_CMP_IMM(BPF_JNE, BPF_REG_2, 1, 1),
			       BPF_MOV_IMM(BPF_REG_0, XDP_PASS), BPF_LEAVE), NATIVE);
	make(100, 1);
	must(write(a, frame, 100));
	ok(!stack_has(watch, 100), "rx_queue_index of the first queue");
	must(write(b, frame, 100));
	ok(stack_has(watch, 100), "rx_queue_index of the second");
	must(tun_queue(a, IFF_DETACH_QUEUE));
	must(write(b, frame, 100));
	ok(!stack_has(watch, 100), "which becomes the first when that detaches");
	must(tun_queue(a, IFF_ATTACH_QUEUE));
	must(write(a, frame, 100));
	ok(stack_has(watch, 100), "and that the second when it comes back");
	close(watch);
	close(b);
	close(a);
}

/* Frames that the stack is to cut are no single packet yet: generic. */
static void offloaded(void)
{
	int fd = tap("xo0", IFF_NO_PI | IFF_VNET_HDR), watch;
	size_t l4, len = vnet_packet(frame, true, TCP4, 4000, 1, &l4);
	struct vnet_hdr h = vnet_ask_gso(TCP4, l4, 1000);

	watch = packet_socket("xo0", SOCK_RAW, ETH_P_ALL);
	attach("xo0", BPF_PROG_RETURN(XDP, XDP_DROP), NATIVE);
	is(vnet_write(fd, &h, 10, frame, len), 10 + (long)len, "GSO frame: DROP: write");
	ok(!stack_has(watch, len), "GSO frame: DROP: stack");
	attach("xo0", BPF_PROG_RETURN(XDP, XDP_PASS), NATIVE);
	is(vnet_write(fd, &h, 10, frame, len), 10 + (long)len, "GSO frame: PASS: write");
	ok(stack_has(watch, len), "GSO frame: PASS: stack");
	h.gso_type = 2;
	result(vnet_write(fd, &h, 10, frame, len), EINVAL, "GSO frame: a bad header is told");
	close(watch);
	close(fd);
}

/* --- programs come and go while a writer writes --- */

static atomic_bool stop;
static atomic_long written, refused;
static int busy_fd;

static void *writer(void *arg)
{
	unsigned char mine[1000];

	(void)arg;
	memset(mine, 2, sizeof(mine));
	while (!stop) {
		if (write(busy_fd, mine, sizeof(mine)) == sizeof(mine))
			written++;
		else
			refused++;
		if (written % 64 == 0)
			usleep(200);
	}
	return NULL;
}

/*
 * The kernel patches the jumps to the programs in use into bpf_dispatcher_xdp_func
 * when a program gets its first device and loses its last one. An emulated
 * processor that runs this code meanwhile can meet the breakpoint it is patched
 * with and panic, whatever the driver. So each program has another device for as
 * long as it is swapped on the one under test.
 */
static void swapped(void)
{
	int progs[] = { -1, BPF_PROG_RETURN(XDP, XDP_PASS), BPF_PROG_RETURN(XDP, XDP_DROP),
			BPF_PROG_RETURN(XDP, XDP_TX) };
	int keeper[ARRAY_SIZE(progs)];
	pthread_t thread;
	long end;
	int i;

	for (i = 1; i < 4; i++)
		keeper[i] = xdp_keep(progs[i]);
	busy_fd = tap("xw0", IFF_NO_PI);
	pthread_create(&thread, NULL, writer, NULL);
	end = msec_now() + 1500;
	for (i = 0; msec_now() < end; i++) {
		must(xdp_attach("xw0", progs[i % 4], NATIVE));
		drain(busy_fd);
	}
	stop = true;
	pthread_join(thread, NULL);
	ok(written > 1000, "%ld frames written while programs changed %d times", (long)written, i);
	is(refused, 0, "none was refused");
	close(busy_fd);
	for (i = 1; i < 4; i++) {
		close(keeper[i]);
		close(progs[i]);
	}
}

int main(void)
{
	ktap_begin();
	netns_new();
	modes();
	each_verdict("native", false, NATIVE, 200);
	each_verdict("native, blocking", true, NATIVE, 200);
	each_verdict("native, large frame", false, NATIVE, 9000);
	each_verdict("generic", false, GENERIC, 200);
	sizes();
	headers();
	down();
	redirect();
	ring_full();
	adjust();
	metadata();
	queue_index();
	offloaded();
	swapped();
	return ktap_end();
}
