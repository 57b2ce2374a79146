// SPDX-License-Identifier: GPL-2.0
/*
 * Whole protocols over two devices of ours: a forwarder copies between the
 * files, the kernel's own stacks talk at both ends.
 *
 *	netns A                                     netns B
 *	10.9.0.1 [tr0] -- fd --> forwarder --> fd -- [tr0] 10.9.0.2
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/ip_icmp.h>
#include <pthread.h>
#include "tuntest.h"

#define TOTAL	(4 << 20)

static int ns_a, ns_b;
static int fd_a, fd_b;
static volatile bool stop;

static int device(int ns, int flags, const char *addr)
{
	int fd;

	netns_enter(ns);
	fd = tun_new("tr0", flags);
	must(if_addr("tr0", addr, 24));
	must(if_up("tr0"));
	return fd;
}

static void copy(int from, int to)
{
	static unsigned char buf[70000];
	ssize_t n;

	while ((n = read(from, buf, sizeof(buf))) > 0)
		if (write(to, buf, n) != n)
			perror("# forwarding");
}

static void *forward(void *arg)
{
	struct pollfd pfd[] = { { fd_a, POLLIN, 0 }, { fd_b, POLLIN, 0 } };

	(void)arg;
	while (!stop) {
		poll(pfd, 2, 100);
		copy(fd_a, fd_b);
		copy(fd_b, fd_a);
	}
	return NULL;
}

static int socket_in(int ns, int type, int proto)
{
	netns_enter(ns);
	return must(socket(AF_INET, type | SOCK_CLOEXEC, proto));
}

static struct sockaddr_in address(const char *addr, int port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };

	must(inet_pton(AF_INET, addr, &sin.sin_addr));
	return sin;
}

static void ping(const char *type)
{
	int fd = socket_in(ns_a, SOCK_RAW, IPPROTO_ICMP), seq, answers = 0;
	struct sockaddr_in to = address("10.9.0.2", 0);
	unsigned char pkt[64], back[200];

	for (seq = 0; seq < 5; seq++) {
		struct icmphdr *icmp = (void *)pkt;
		long end = msec_now() + 3000;

		memset(pkt, 0, sizeof(pkt));
		icmp->type = ICMP_ECHO;
		icmp->un.echo.sequence = htons(seq);
		pkt_fill(pkt + 8, sizeof(pkt) - 8, seq);
		icmp->checksum = htons(pkt_csum(pkt, sizeof(pkt)));
		must(sendto(fd, pkt, sizeof(pkt), 0, (void *)&to, sizeof(to)));
		while (msec_now() < end && readable(fd, 3000)) {
			ssize_t n = recv(fd, back, sizeof(back), 0);

			if (n == 20 + 64 && back[20] == ICMP_ECHOREPLY &&
			    back[20 + 7] == seq && pkt_match(back + 28, 56, seq)) {
				answers++;
				break;
			}
		}
	}
	is(answers, 5, "%s: five echo requests are answered", type);
	close(fd);
}

static void udp(const char *type)
{
	static const int sizes[] = { 0, 1, 100, 1472, 1473, 5000, 20000, 65507 };
	struct sockaddr_in to = address("10.9.0.2", 5000);
	int a = socket_in(ns_a, SOCK_DGRAM, 0), b = socket_in(ns_b, SOCK_DGRAM, 0);
	static unsigned char data[65536], back[65536];
	int big = 1 << 20, good = 0;
	unsigned int i;

	setsockopt(a, SOL_SOCKET, SO_SNDBUFFORCE, &big, sizeof(big));
	setsockopt(b, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big));
	must(bind(b, (void *)&to, sizeof(to)));
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		pkt_fill(data, sizes[i], i);
		must(sendto(a, data, sizes[i], 0, (void *)&to, sizeof(to)));
		if (readable(b, 5000) && recv(b, back, sizeof(back), 0) == sizes[i] &&
		    pkt_match(back, sizes[i], i))
			good++;
		else
			printf("# datagram of %d was lost\n", sizes[i]);
	}
	is(good, (long)ARRAY_SIZE(sizes), "%s: datagrams of 0 to 65507 bytes, fragments too", type);
	close(a);
	close(b);
}

static void *sender(void *arg)
{
	static unsigned char chunk[65536];
	int fd = *(int *)arg, left = TOTAL;

	for (unsigned int i = 0; left > 0; i++) {
		size_t off = 0;

		pkt_fill(chunk, sizeof(chunk), i);
		while (off < sizeof(chunk)) {
			ssize_t n = send(fd, chunk + off, sizeof(chunk) - off, MSG_NOSIGNAL);

			if (n < 0)
				return NULL;
			off += n;
		}
		left -= sizeof(chunk);
	}
	shutdown(fd, SHUT_WR);
	return NULL;
}

static void tcp(const char *type)
{
	struct sockaddr_in to = address("10.9.0.2", 5001);
	int lis = socket_in(ns_b, SOCK_STREAM, 0), a = socket_in(ns_a, SOCK_STREAM, 0), b;
	static unsigned char chunk[65536];
	struct linger abort = { 1, 0 };
	struct timeval limit = { 30, 0 };
	int total = 0, bad = 0, one = 1;
	pthread_t thread;

	setsockopt(lis, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(a, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	must(bind(lis, (void *)&to, sizeof(to)));
	must(listen(lis, 1));
	result(connect(a, (void *)&to, sizeof(to)), 0, "%s: TCP connects", type);
	b = must(accept(lis, NULL, NULL));
	setsockopt(b, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	pthread_create(&thread, NULL, sender, &a);
	for (unsigned int i = 0; ; i++) {
		ssize_t n = recv(b, chunk, sizeof(chunk), MSG_WAITALL);

		if (n <= 0)
			break;
		total += n;
		bad += !pkt_match(chunk, n, i);
	}
	pthread_join(thread, NULL);
	is(total, TOTAL, "%s: 4 MiB of TCP arrive", type);
	is(bad, 0, "%s: unchanged", type);
	/* No farewell that outlives the devices, and with it the netns. */
	setsockopt(a, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
	setsockopt(b, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
	close(a);
	close(b);
	close(lis);
}

static void counted(const char *type)
{
	long sent, got;

	netns_enter(ns_a);
	is(if_stat("tr0", "tx_dropped"), 0, "%s: nothing was dropped", type);
	sent = if_stat("tr0", "tx_packets");
	got = if_stat("tr0", "rx_packets");
	ok(sent > 100 && got > 100, "%s: packets went both ways (%ld, %ld)", type, sent, got);
}

static void run(const char *type, int flags)
{
	pthread_t thread;

	fd_a = device(ns_a, flags, "10.9.0.1");
	fd_b = device(ns_b, flags, "10.9.0.2");
	stop = false;
	pthread_create(&thread, NULL, forward, NULL);
	ping(type);
	udp(type);
	tcp(type);
	counted(type);
	stop = true;
	pthread_join(thread, NULL);
	close(fd_a);
	close(fd_b);
	netns_enter(ns_a);
	ok(!if_exists("tr0"), "%s: closed, the devices are gone", type);
}

int main(void)
{
	ktap_begin();
	netns_new();
	ns_a = netns_open();
	ns_b = netns_another();
	run("tun", IFF_TUN | IFF_NO_PI);
	run("tap", IFF_TAP | IFF_NO_PI);
	run("tun with PI", IFF_TUN);
	run("multi-queue tap", IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE);
	return ktap_end();
}
