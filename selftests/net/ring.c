// SPDX-License-Identifier: GPL-2.0
/*
 * The queue between the halves: it holds exactly txqueuelen packets, drops and
 * counts the rest, and follows a change of txqueuelen.
 *
 *	AF_PACKET x M --> [ ring of N ] --> read: N packets, M - N dropped
 */
#define _GNU_SOURCE
#include <linux/sockios.h>
#include "tuntest.h"

#define FLAGS	(IFF_TUN | IFF_NO_PI)

static int qlen(const char *name, int n)
{
	return if_setint(name, SIOCSIFTXQLEN, n);
}

/* Sends @n packets with seeds from @seed on; some may be dropped. */
static void blast(const char *name, int n, int seed)
{
	for (int i = 0; i < n; i++)
		if (stack_send(name, 64, seed + i) < 0 && errno != ENOBUFS)
			bail("sending");
}

/* Reads all packets and counts those that follow on in seed order. */
static int in_order(int fd, int seed)
{
	unsigned char buf[200];
	int n = 0;

	while (read(fd, buf, sizeof(buf)) == 28 + 64) {
		if (!pkt_match(buf + 28, 64, seed + n))
			return -1;
		n++;
	}
	return n;
}

static void full(int type, int dflt)
{
	const char *name = type == IFF_TUN ? "tun" : "tap";
	int fd = tun_new("fu0", type | IFF_NO_PI), i;

	must(if_up("fu0"));
	for (i = 0; i < dflt; i++)
		if (stack_send("fu0", 10, i) < 0)
			break;
	is(i, dflt, "%s: txqueuelen packets are taken", name);
	is(if_stat("fu0", "tx_dropped"), 0, "%s: and none dropped", name);
	for (i = 0; i < 7; i++)
		stack_send("fu0", 10, i);
	is(if_stat("fu0", "tx_dropped"), 7, "%s: each one more is dropped and counted", name);
	is(if_stat("fu0", "tx_packets"), 0, "%s: none counts as sent yet", name);
	is(drain(fd), dflt, "%s: the reader gets txqueuelen packets", name);
	is(if_stat("fu0", "tx_packets"), dflt, "%s: which count now", name);
	must(stack_send("fu0", 10, i));
	is(drain(fd), 1, "%s: there is room again", name);
	close(fd);
}

static void exact(void)
{
	static const int sizes[] = { 1, 2, 3, 15, 16, 17, 100 };
	int fd = tun_new("ex0", FLAGS);
	unsigned int i;

	must(if_up("ex0"));
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		long dropped = if_stat("ex0", "tx_dropped");

		must(qlen("ex0", sizes[i]));
		blast("ex0", sizes[i] + 5, 0);
		is(in_order(fd, 0), sizes[i], "txqueuelen %d: the first %d in order",
		   sizes[i], sizes[i]);
		is(if_stat("ex0", "tx_dropped") - dropped, 5,
		   "txqueuelen %d: 5 more are dropped", sizes[i]);
	}
	close(fd);
}

static void zero(void)
{
	int fd = tun_new("ze0", FLAGS);
	long dropped;

	must(if_up("ze0"));
	result(qlen("ze0", 0), 0, "txqueuelen 0 is accepted");
	dropped = if_stat("ze0", "tx_dropped");
	blast("ze0", 3, 0);
	is(drain(fd), 0, "nothing is delivered then");
	is(if_stat("ze0", "tx_dropped") - dropped, 3, "all is dropped and counted");
	must(qlen("ze0", 10));
	blast("ze0", 3, 0);
	is(in_order(fd, 0), 3, "txqueuelen 10 makes it work again");
	close(fd);
}

static void resized(void)
{
	int fd = tun_new("rs0", FLAGS);

	must(if_up("rs0"));
	must(qlen("rs0", 20));
	blast("rs0", 20, 0);
	must(qlen("rs0", 40));
	blast("rs0", 30, 20);
	is(in_order(fd, 0), 40, "growing keeps what is queued, and makes room");
	blast("rs0", 40, 0);
	must(qlen("rs0", 10));
	is(drain(fd), 10, "shrinking drops what does not fit");
	blast("rs0", 5, 0);
	must(qlen("rs0", 10));
	is(in_order(fd, 0), 5, "the same length again loses nothing");
	blast("rs0", 12, 0);
	is(in_order(fd, 0), 10, "the new length holds");
	close(fd);
}

/* The length also holds for queues that are detached, or join later. */
static void resized_queues(void)
{
	int flags = FLAGS | IFF_MULTI_QUEUE;
	int a = tun_new("rq0", flags), b = tun_new("rq0", flags), c;

	must(if_up("rq0"));
	must(tun_queue(b, IFF_DETACH_QUEUE));
	must(qlen("rq0", 9));
	must(tun_queue(b, IFF_ATTACH_QUEUE));
	close(a);
	blast("rq0", 15, 0);
	is(in_order(b, 0), 9, "a detached queue got the new length");
	c = tun_new("rq0", flags);
	close(b);
	blast("rq0", 15, 0);
	is(in_order(c, 0), 9, "a queue that joined later has it");
	close(c);

	a = tun_new("rq1", FLAGS);
	must(qlen("rq1", 7));
	must(ioctl(a, TUNSETPERSIST, 1));
	close(a);
	a = tun_new("rq1", FLAGS);
	must(if_up("rq1"));
	blast("rq1", 15, 0);
	is(in_order(a, 0), 7, "a persistent device keeps it");
	must(ioctl(a, TUNSETPERSIST, 0));
	close(a);
}

static void limits(void)
{
	int fd = tun_new("li0", FLAGS), core;

	result(qlen("li0", 32767), 0, "txqueuelen 32767");
	/* Some kernels have a limit of their own for all devices. */
	core = qlen("lo", 100000) ? errno : 0;
	result(qlen("li0", 100000), core, "txqueuelen 100000 is the core's to refuse");
	result(qlen("li0", -1), EINVAL, "txqueuelen -1");
	close(fd);
}

static void counters(void)
{
	static const char * const others[] = {
		"tx_errors", "rx_errors", "collisions", "rx_frame_errors",
		"tx_carrier_errors", "rx_over_errors", "multicast",
	};
	unsigned char pkt[100] = { 0x45 };
	int fd = tun_new("co0", FLAGS);
	unsigned int i;

	must(if_up("co0"));
	blast("co0", 4, 0);
	drain(fd);
	for (i = 0; i < 3; i++)
		must(write(fd, pkt, sizeof(pkt)));
	is(if_stat("co0", "tx_packets"), 4, "tx_packets");
	is(if_stat("co0", "tx_bytes"), 4 * (28 + 64), "tx_bytes");
	is(if_stat("co0", "rx_packets"), 3, "rx_packets");
	is(if_stat("co0", "rx_bytes"), 300, "rx_bytes");
	for (i = 0; i < ARRAY_SIZE(others); i++)
		is(if_stat("co0", others[i]), 0, "%s", others[i]);
	blast("co0", 5, 0);
	must(if_down("co0"));
	must(if_up("co0"));
	is(in_order(fd, 0), 5, "what is queued outlives down and up");
	close(fd);
}

int main(void)
{
	ktap_begin();
	netns_new();
	full(IFF_TUN, 500);
	full(IFF_TAP, 1000);
	exact();
	zero();
	resized();
	resized_queues();
	limits();
	counters();
	return ktap_end();
}
