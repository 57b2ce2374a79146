// SPDX-License-Identifier: GPL-2.0
/*
 * Many queues on one device: how many there may be, that the array of attached
 * ones stays dense, and the kernel documentation's own allocators.
 *
 *	fd 0 --- queue 0 \
 *	fd 1 --- queue 1 --- net device       detach i: the last moves into i
 *	fd N --- queue N /
 */
#define _GNU_SOURCE
#include <linux/if_ether.h>
#include <sys/resource.h>
#include "tuntest.h"

#define MQ	(IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE)
#define MAX	256

static int fds[MAX + 2];
static bool fresh;	/* the device is a new one */

/* The three functions the kernel's documentation teaches, in our words. */
static int tun_alloc(char *dev, int flags)
{
	struct ifreq ifr = { .ifr_flags = (short)flags };
	int fd = open(tun_node(), O_RDWR);

	if (fd < 0)
		return -1;
	if (dev[0])
		memcpy(ifr.ifr_name, dev, strnlen(dev, IFNAMSIZ - 1));
	if (ioctl(fd, TUNSETIFF, &ifr)) {
		close(fd);
		return -1;
	}
	strcpy(dev, ifr.ifr_name);
	return fd;
}

static int tun_alloc_mq(char *dev, int queues, int *out)
{
	int i;

	for (i = 0; i < queues; i++) {
		out[i] = tun_alloc(dev, MQ);
		if (out[i] < 0)
			return -1;
	}
	return 0;
}

static int tun_set_queue(int fd, int enable)
{
	return tun_queue(fd, enable ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE);
}

static void documented(void)
{
	char name[IFNAMSIZ] = "doc%d", mq[IFNAMSIZ] = "docmq";
	int fd, q[4], i;

	fd = tun_alloc(name, IFF_TUN);
	result(fd, 0, "tun_alloc with a template");
	ok(!strcmp(name, "doc0"), "gives doc0");
	close(fd);
	result(tun_alloc_mq(mq, 4, q), 0, "tun_alloc_mq of 4 queues");
	result(tun_set_queue(q[2], 0), 0, "tun_set_queue off");
	result(tun_set_queue(q[2], 1), 0, "tun_set_queue on");
	for (i = 0; i < 4; i++)
		close(q[i]);
	ok(!if_exists("docmq"), "all closed: gone");
}

static int open_queues(int n)
{
	int i;

	fresh = true;
	for (i = 0; i < n; i++) {
		fds[i] = tun_open(O_RDWR | O_NONBLOCK);
		if (tun_setiff(fds[i], "mq0", MQ))
			break;
	}
	return i;
}

static void close_queues(int n)
{
	while (n--)
		close(fds[n]);
}

static bool has_queue(const char *what, int i)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/net/mq0/queues/%s-%d", what, i);
	return !access(path, F_OK);
}

static void limit(void)
{
	int extra = tun_open(O_RDWR | O_NONBLOCK), i;

	is(open_queues(MAX), MAX, "256 queues");
	result(tun_setiff(extra, "mq0", MQ), E2BIG, "one more");
	ok(has_queue("tx", MAX - 1), "sysfs shows all of them");
	must(tun_queue(fds[7], IFF_DETACH_QUEUE));
	result(tun_setiff(extra, "mq0", MQ), E2BIG, "one more with one detached");
	result(tun_queue(fds[7], IFF_ATTACH_QUEUE), 0, "which can attach again");
	for (i = 0; i < MAX; i += 2)
		must(tun_queue(fds[i], IFF_DETACH_QUEUE));
	ok(has_queue("tx", MAX / 2 - 1) && !has_queue("tx", MAX / 2),
	   "half of them detached: 128 left");
	for (i = 0; i < MAX; i += 2)
		must(tun_queue(fds[i], IFF_ATTACH_QUEUE));
	ok(has_queue("rx", MAX - 1), "and all back");
	close(fds[200]);
	result(tun_setiff(extra, "mq0", MQ), 0, "one closed: one more is welcome");
	fds[200] = extra;
	close_queues(MAX);
	ok(!if_exists("mq0"), "all closed: gone");
}

/* Packets of many flows; how many reached queue @i is in @got. */
static int spread(int queues, int *got)
{
	unsigned char buf[200], eth[6] = { 2, 0, 0, 0, 0, 9 };
	static int peer = -1;
	int i, sum = 0;

	if (peer >= 0 && fresh)
		close(peer);
	if (peer < 0 || fresh)
		peer = packet_socket("mq0", SOCK_RAW, 0);
	fresh = false;
	for (i = 0; i < 400; i++) {
		size_t len = pkt_udp4(buf, "10.1.0.1", "10.1.0.2", 1000 + i, 53, NULL, 0);

		len = pkt_eth(buf, eth, eth, ETH_P_IP, buf, len);
		must(packet_send(peer, ETH_P_IP, buf, len));
	}
	for (i = 0; i < queues; i++) {
		got[i] = fds[i] < 0 ? 0 : drain(fds[i]);
		sum += got[i];
	}
	return sum;
}

static int served(const int *got, int queues)
{
	int n = 0;

	while (queues--)
		n += got[queues] > 0;
	return n;
}

static void dense(void)
{
	int got[8], bad = 0, i;

	is(open_queues(8), 8, "8 queues");
	must(if_up("mq0"));
	is(spread(8, got), 400, "400 flows: every packet reaches a queue");
	is(served(got, 8), 8, "and every queue gets some");
	must(tun_queue(fds[0], IFF_DETACH_QUEUE));
	must(tun_queue(fds[3], IFF_DETACH_QUEUE));
	is(spread(8, got), 400, "two detached: every packet reaches a queue");
	is(got[0] + got[3], 0, "none the detached ones");
	is(served(got, 8), 6, "the six others get some");
	close(fds[5]);
	fds[5] = -1;
	is(spread(8, got), 400, "one closed too: every packet reaches a queue");
	is(served(got, 8), 5, "the five left get some");
	must(tun_queue(fds[0], IFF_ATTACH_QUEUE));
	must(tun_queue(fds[3], IFF_ATTACH_QUEUE));
	is(spread(8, got), 400, "attached again: every packet reaches a queue");
	is(served(got, 8), 7, "and all seven get some");

	/* Whatever the order, the index of the attached stays dense. */
	for (i = 0; i < 40; i++) {
		int q = (i * 5 + 1) % 8;

		if (fds[q] < 0)
			continue;
		must(tun_queue(fds[q], IFF_DETACH_QUEUE));
		bad += spread(8, got) != 400 || got[q] || served(got, 8) != 6;
		must(tun_queue(fds[q], IFF_ATTACH_QUEUE));
	}
	is(bad, 0, "detach and attach in turn: always dense");
	for (i = 0; i < 8; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* With the queue a packet was written on, the stack sees it. */
static void writes_on_all(void)
{
	unsigned char buf[200], eth[6] = { 2, 0, 0, 0, 0, 9 };
	int i, bad = 0, peer;
	size_t len;

	must(open_queues(16) == 16 ? 0 : -1);
	must(if_up("mq0"));
	peer = packet_socket("mq0", SOCK_RAW, ETH_P_ALL);
	for (i = 0; i < 16; i++) {
		len = pkt_udp4(buf, "10.1.0.2", "10.1.0.1", 53, 1000 + i, NULL, 0);
		len = pkt_eth(buf, eth, eth, ETH_P_IP, buf, len);
		if (write(fds[i], buf, len) != (ssize_t)len || !readable(peer, 1000) ||
		    recv(peer, buf, sizeof(buf), 0) != (ssize_t)len)
			bad++;
	}
	is(bad, 0, "a packet written on each of 16 queues arrives");
	is(if_stat("mq0", "rx_packets"), 16, "and is counted");
	close(peer);
	close_queues(16);
}

static void persistent(void)
{
	int got[4];

	must(open_queues(4) == 4 ? 0 : -1);
	must(ioctl(fds[0], TUNSETPERSIST, 1));
	must(if_up("mq0"));
	close_queues(4);
	ok(if_exists("mq0"), "persistent: it stays without queues");
	is(if_sysfs("mq0", "carrier"), 0, "without carrier");
	must(open_queues(4) == 4 ? 0 : -1);
	is(if_sysfs("mq0", "carrier"), 1, "queues come back, and the carrier");
	for (long end = msec_now() + 10000; msec_now() < end && !spread(4, got);)
		;
	is(spread(4, got), 400, "and packets");
	is(served(got, 4), 4, "on each");
	must(ioctl(fds[3], TUNSETPERSIST, 0));
	close_queues(4);
	ok(!if_exists("mq0"), "no longer persistent: gone");
}

int main(void)
{
	struct rlimit files = { 1024, 1024 };

	ktap_begin();
	setrlimit(RLIMIT_NOFILE, &files);
	netns_new();
	documented();
	limit();
	dense();
	writes_on_all();
	persistent();
	return ktap_end();
}
