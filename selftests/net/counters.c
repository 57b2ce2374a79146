// SPDX-License-Identifier: GPL-2.0
/*
 * ethtool -S: what each event moves, and that it moves nothing else.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/udp.h>
#include "bpf.h"
#include "vnet.h"
#include "differences.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT	103
#endif

static const char * const names[] = {
	"tx_packets", "tx_bytes", "tx_dropped", "tx_full", "tx_filtered", "tx_stops", "tx_wakes",
	"tx_lost", "tx_purged", "tx_gso", "tx_csum", "rx_packets", "rx_bytes", "rx_dropped",
	"rx_frame_errors", "rx_purged", "rx_gso", "rx_csum", "rx_xdp_drop", "rx_xdp_tx",
	"rx_xdp_redirect", "rx_xdp_generic",
};

#define COUNTERS ARRAY_SIZE(names)

static unsigned char buf[70000], frame[70000];
static const char *dev;
static int queue;
static long before[COUNTERS];

static long counter(unsigned int i)
{
	char name[64];

	snprintf(name, sizeof(name), "queue_%d_%s", queue, names[i]);
	return eth_stat(dev, name);
}

/* Counters of queue @q of a device from here on. */
static void watch(const char *name, int q)
{
	unsigned int i;

	dev = name;
	queue = q;
	for (i = 0; i < COUNTERS; i++)
		before[i] = counter(i);
}

/* Since watch(): exactly what @want says, "tx_full 3 tx_dropped 3". */
static void moved(const char *want, const char *event)
{
	bool good = true;
	unsigned int i;

	for (i = 0; i < COUNTERS; i++) {
		const char *p = want;
		size_t len = strlen(names[i]);
		long by = 0, now = counter(i);

		while ((p = strstr(p, names[i])) && p[len] != ' ')
			p++;
		if (p)
			by = strtol(p + len, NULL, 10);
		if (now - before[i] != by) {
			printf("# %s moved by %ld, not %ld\n", names[i], now - before[i], by);
			good = false;
		}
		before[i] = now;
	}
	ok(good, "%s: %s", event, *want ? want : "nothing");
}

static int device(const char *name, int flags)
{
	int fd = tun_new(name, flags);

	must(if_up(name));
	settle(fd, name);
	watch(name, 0);
	return fd;
}

static void stack_to_reader(void)
{
	int fd = device("co0", IFF_TUN), prog, i;

	must(stack_send("co0", 100, 1));
	moved("", "a packet waits in the ring");
	must(read(fd, buf, sizeof(buf)));
	moved("tx_packets 1 tx_bytes 128", "it is read");
	must(stack_send("co0", 100, 1));
	must(read(fd, buf, 50));
	moved("tx_packets 1 tx_bytes 128", "one is cut by a short buffer");
	must(stack_send("co0", 100, 1));
	read(fd, buf, 3);
	moved("tx_lost 1", "no room for PI");
	must(stack_send("co0", 100, 1));
	read(fd, BAD_PTR, 1000);
	moved("tx_lost 1", "a bad buffer");
	must(if_setint("co0", SIOCSIFTXQLEN, 3));
	for (i = 0; i < 5; i++)
		stack_send("co0", 100, 1);
	moved("tx_dropped 2 tx_full 2", "five packets into a ring of three");
	is(drain(fd), 3, "three are read");
	moved("tx_packets 3 tx_bytes 384", "three are read");
	prog = must(BPF_PROG_RETURN(BPF_PROG_TYPE_SOCKET_FILTER, 0));
	must(ioctl(fd, TUNSETFILTEREBPF, &prog));
	close(prog);
	stack_send("co0", 100, 1);
	moved("tx_dropped 1 tx_filtered 1", "a filter drops");
	is(if_stat("co0", "tx_dropped"), 3, "tx_dropped of the device has all drops");
	close(fd);
}

static void backpressure(void)
{
	int fd = tun_new("co1", IFF_TUN | IFF_NO_PI | IFF_BACKPRESSURE), i;

	if (system("tc qdisc replace dev co1 root pfifo limit 1000"))
		bail("tc");
	must(if_up("co1"));
	settle(fd, "co1");
	must(if_setint("co1", SIOCSIFTXQLEN, 4));
	watch("co1", 0);
	for (i = 0; i < 4; i++)
		stack_send("co1", 100, 1);
	moved("tx_stops 1", "the ring is full");
	stack_send("co1", 100, 1);
	moved("", "a packet waits");
	must(read(fd, buf, sizeof(buf)));
	moved("tx_packets 1 tx_bytes 128", "a quarter is read");
	must(read(fd, buf, sizeof(buf)));
	usleep(100000);
	moved("tx_packets 1 tx_bytes 128 tx_wakes 1", "half is read");
	close(fd);
}

static void writer_to_stack(void)
{
	int fd = device("co2", IFF_TUN | IFF_NO_PI | IFF_VNET_HDR);
	size_t l4, len = vnet_packet(frame, false, TCP4, 3000, 1, &l4);
	struct vnet_hdr none = { 0 }, h = vnet_ask_gso(TCP4, l4, 1000);

	must(vnet_write(fd, &none, 10, frame, len));
	moved("rx_packets 1 rx_bytes 3040", "a packet is written");
	must(vnet_write(fd, &h, 10, frame, len));
	moved("rx_packets 1 rx_bytes 3040 rx_gso 1 rx_csum 1", "one to be cut");
	h.gso_type = GSO_NONE;
	must(vnet_write(fd, &h, 10, frame, len));
	moved("rx_packets 1 rx_bytes 3040 rx_csum 1", "one to be completed");
	h.gso_type = 2;
	vnet_write(fd, &h, 10, frame, len);
	moved("rx_frame_errors 1", "a bad header");
	h.hdr_len = 60000;
	vnet_write(fd, &h, 10, frame, len);
	moved("", "a header that does not fit");
	frame[0] = 0;
	vnet_write(fd, &none, 10, frame, len);
	moved("rx_dropped 1", "neither IPv4 nor IPv6");
	frame[0] = 0x45;
	must(if_down("co2"));
	vnet_write(fd, &none, 10, frame, len);
	moved("rx_dropped 1", "device down");
	is(if_stat("co2", "rx_packets"), 3, "rx_packets of the device");
	is(if_stat("co2", "rx_bytes"), 3 * 3040, "rx_bytes of the device");
	close(fd);
}

static void offloads_to_reader(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(2000) };
	int fd = device("co3", IFF_TUN | IFF_NO_PI | IFF_VNET_HDR), s, size = 1000;

	must(ioctl(fd, TUNSETOFFLOAD, ALL_USO));
	must(if_addr("co3", "10.2.0.1", 24));
	s = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	must(inet_pton(AF_INET, "10.2.0.2", &to.sin_addr));
	must(connect(s, (void *)&to, sizeof(to)));
	drain(fd);
	watch("co3", 0);
	must(send(s, buf, 500, 0));
	drain(fd);
	moved("tx_packets 1 tx_bytes 528 tx_csum 1", "one to be completed is read");
	must(setsockopt(s, SOL_UDP, UDP_SEGMENT, &size, sizeof(size)));
	must(send(s, buf, 5000, 0));
	drain(fd);
	moved("tx_packets 1 tx_bytes 5028 tx_csum 1 tx_gso 1", "one to be cut is read");
	close(s);
	close(fd);
}

static void attach(const char *name, int prog)
{
	must(xdp_attach(name, must(prog), XDP_FLAGS_DRV_MODE));
	close(prog);
}

static void xdp(void)
{
	int fd = device("co4", IFF_TAP | IFF_NO_PI), other = device("co5", IFF_TAP | IFF_NO_PI);

	watch("co4", 0);
	memset(frame, 2, 5000);
	attach("co4", BPF_PROG_RETURN(BPF_PROG_TYPE_XDP, XDP_PASS));
	must(write(fd, frame, 100));
	moved("rx_packets 1 rx_bytes 100", "XDP_PASS");
	attach("co4", BPF_PROG_RETURN(BPF_PROG_TYPE_XDP, XDP_DROP));
	must(write(fd, frame, 100));
	moved("rx_dropped 1 rx_xdp_drop 1", "XDP_DROP");
	must(write(fd, frame, 5000));
	moved("rx_xdp_generic 1", "XDP_DROP of a large frame");
	attach("co4", BPF_PROG_RETURN(BPF_PROG_TYPE_XDP, XDP_ABORTED));
	must(write(fd, frame, 100));
	moved("rx_dropped 1 rx_xdp_drop 1", "XDP_ABORTED");
	attach("co4", BPF_PROG_RETURN(BPF_PROG_TYPE_XDP, XDP_TX));
	must(write(fd, frame, 100));
	moved("rx_packets 1 rx_bytes 100 rx_xdp_tx 1", "XDP_TX");
	must(read(fd, buf, sizeof(buf)));
	moved("tx_packets 1 tx_bytes 100", "XDP_TX, read");
	attach("co4", BPF_PROG(BPF_PROG_TYPE_XDP,
			       BPF_MOV_IMM(BPF_REG_1, (int)if_nametoindex("co5")),
			       BPF_MOV_IMM(BPF_REG_2, 0), BPF_HELPER(BPF_FUNC_redirect),
			       BPF_LEAVE));
	must(write(fd, frame, 100));
	moved("rx_packets 1 rx_bytes 100 rx_xdp_redirect 1", "XDP_REDIRECT");
	watch("co5", 0);
	must(read(other, buf, sizeof(buf)));
	moved("tx_packets 1 tx_bytes 100", "XDP_REDIRECT, read there");
	close(other);
	close(fd);
}

static void queues(void)
{
	int flags = IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE, a = device("co6", flags), b;
	size_t len = pkt_udp4(frame, "10.1.0.1", "10.1.0.2", 1, 2, NULL, 72);
	long packets;
	int i;

	is(eth_stat("co6", "queue_1_rx_packets"), -1, "a queue that never was has no counters");
	b = tun_new("co6", flags);
	watch("co6", 1);
	must(write(b, frame, len));
	moved("rx_packets 1 rx_bytes 100", "the second queue's writer");
	must(write(a, frame, len));
	moved("", "the first one's does not count there");
	must(write(a, frame, len));
	packets = eth_stat("co6", "queue_0_rx_packets");
	is(packets, 2, "but here");
	close(b);
	moved("", "closed, the second one's counters stay");
	is(if_stat("co6", "rx_packets"), 3, "and the device's sum");
	must(tun_queue(a, IFF_DETACH_QUEUE));
	must(write(a, frame, len));
	is(eth_stat("co6", "queue_0_rx_packets"), 3, "a disabled queue counts where it was");
	must(tun_queue(a, IFF_ATTACH_QUEUE));
	settle(a, "co6");
	watch("co6", 0);
	for (i = 0; i < 6; i++)
		stack_send("co6", 100, i);
	must(if_setint("co6", SIOCSIFTXQLEN, 4));
	moved("tx_purged 2", "a shorter queue loses what it cannot hold");
	must(tun_queue(a, IFF_DETACH_QUEUE));
	moved("tx_purged 4", "a queue that leaves loses what it holds");
	close(a);
}

int main(void)
{
	int fd;

	ktap_begin();
	netns_new();
	fd = tun_new("co9", IFF_TAP);
	if (eth_stat("co9", "queue_0_tx_packets") < 0) {
		skip("this driver has no counters of its own; tunx has", "ethtool -S");
		return ktap_end();
	}
	close(fd);
	stack_to_reader();
	backpressure();
	writer_to_stack();
	offloads_to_reader();
	xdp();
	queues();
	return ktap_end();
}
