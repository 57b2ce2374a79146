// SPDX-License-Identifier: GPL-2.0
/*
 * IFF_BACKPRESSURE where vhost_net takes the packets: it takes up to 64 of them
 * before it knows whether its guest has room, and only since 7.3 does it say so.
 * A sender that a full ring has stopped must go on all the same, always.
 *
 *	AF_PACKET --> qdisc --> ring of N --> vhost_net's 64 --> guest
 *
 * Timeout: 150 s
 */
#define _GNU_SOURCE
#include <linux/if_ether.h>
#include <linux/sockios.h>
#include <pthread.h>
#include <stdatomic.h>
#include "vhost.h"
#include "differences.h"

#define HEADERS	(ETH_HLEN + 28)
#define PAYLOAD	60
#define N	60
#define HOLDS	64			/* vhost_net, at most */

static const char *name;
static int sock;

/* False where there is no room above the device. */
static bool send_one(unsigned int number)
{
	unsigned char data[PAYLOAD], pkt[PAYLOAD + 28];
	size_t len;

	pkt_fill(data, sizeof(data), number);
	memcpy(data, &number, sizeof(number));
	len = pkt_udp4(pkt, "10.1.0.1", "10.1.0.2", 1000, 2000, data, sizeof(data));
	return packet_send(sock, ETH_P_IP, pkt, len) >= 0;
}

/* The number of a packet of ours that is what it was; or -1. */
static long number_of(const unsigned char *frame, ssize_t len)
{
	unsigned char data[PAYLOAD];
	unsigned int number;

	if (len != HEADERS + PAYLOAD)
		return -1;
	memcpy(&number, frame + HEADERS, sizeof(number));
	pkt_fill(data, sizeof(data), number);
	memcpy(data, &number, sizeof(number));
	return memcmp(frame + HEADERS, data, sizeof(data)) ? -1 : (long)number;
}

static void send_many(unsigned int first, unsigned int n)
{
	while (n--)
		must(send_one(first++) ? 0 : -1);
}

/* A guest, a ring of @qlen, and room above it for more than we send. */
static void open_guest(const char *tap, int flags, int qlen)
{
	int big = 64 << 20;
	char cmd[100];

	name = tap;
	guest_open(name, IFF_VNET_HDR | IFF_BACKPRESSURE | flags, 0);
	must(if_setint(name, SIOCSIFTXQLEN, qlen));
	snprintf(cmd, sizeof(cmd), "tc qdisc replace dev %s root pfifo limit 100000", name);
	must(system(cmd) ? -1 : 0);
	sock = packet_socket(name, SOCK_DGRAM, 0);
	must(setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &big, sizeof(big)));
}

static void close_guest(void)
{
	close(sock);
	guest_close();
}

/* How many of the guest's packets are those from @first on, without a gap? */
static unsigned int take(unsigned int first)
{
	static unsigned char got[2000];
	struct vnet_hdr h;
	unsigned int i = first;
	ssize_t len;

	while ((len = guest_receive(&h, got, sizeof(got))) >= 0)
		i += number_of(got, len) == i;
	return i - first;
}

/* The guest gives @step buffers at a time, and waits for them. */
static unsigned int receive(unsigned int first, unsigned int n, unsigned int step)
{
	unsigned int done = 0, part;

	while (done < n) {
		part = step < n - done ? step : n - done;
		guest_give(part);
		if (!guest_got(part, 5000))
			break;
		done += take(first + done);
	}
	return done;
}

static void slow_guest(void)
{
	static const int lengths[] = { 1, 2, 3, 16, 60, 64, 65, 200, 500 };
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		n = 3 * lengths[i] + 100;
		open_guest("vb0", 0, lengths[i]);
		send_many(0, n);
		is(receive(0, n, 7), n, "ring of %d, 7 buffers at a time: all arrive, in order",
		   lengths[i]);
		is(if_stat(name, "tx_dropped"), 0, "ring of %d: none was dropped", lengths[i]);
		close_guest();
	}
}

/* The guest never gives a buffer: what it leaves is gone, and holds nobody. */
static void dead_guest(void)
{
	open_guest("vb1", 0, N);
	send_many(0, 5 * N);
	close_guest();
	ok(!if_exists("vb1"), "a guest that takes nothing ends: the device goes");
	open_guest("vb1", 0, N);
	must(ioctl(guest.tap, TUNSETPERSIST, 1));
	send_many(0, 5 * N);
	close_guest();
	open_guest("vb1", 0, N);
	must(ioctl(guest.tap, TUNSETPERSIST, 0));
	send_many(1000, 5 * N);
	is(receive(1000, 5 * N, 50), 5 * N, "another comes: the sender is running");
	close_guest();
}

/* Reads the tap until nothing comes; how many are not older than @first, in order? */
static unsigned int read_all(long first)
{
	static unsigned char in[2000];
	unsigned int n = 0;
	ssize_t len;
	long i;

	while (readable(guest.tap, 300)) {
		while ((len = read(guest.tap, in, sizeof(in))) > 0) {
			i = number_of(in + GUEST_HDR, len - GUEST_HDR);
			if (i < first)
				continue;
			n++;
			first = i + 1;
		}
	}
	return n;
}

/* What vhost_net took and did not give its guest goes back into the ring. */
static void taken_back(void)
{
	unsigned int lost;

	open_guest("vb2", 0, N);
	send_many(0, 4 * N);
	is(receive(0, 5, 5), 5, "the guest takes 5 and no more");
	must(guest_backend(GUEST_RX, -1));
	lost = 4 * N - 5 - read_all(5);
	/* Where the sender went on and filled the ring, there is no room for them. */
	ok(lost < HOLDS, "vhost_net is taken away: the rest is read, but %u it threw away", lost);
	send_many(1000, 4 * N);
	is(read_all(1000), 4 * N, "the sender is running");
	must(guest_backend(GUEST_RX, guest.tap));
	send_many(2000, 4 * N);
	is(receive(2000, 4 * N, 50), 4 * N, "vhost_net comes back: it is running again");
	is(if_stat(name, "tx_dropped"), 0, "none was dropped");
	close_guest();
}

static void detached(void)
{
	open_guest("vb3", IFF_MULTI_QUEUE, N);
	send_many(0, 4 * N);
	is(receive(0, 5, 5), 5, "the guest takes 5 and no more");
	must(tun_queue(guest.tap, IFF_DETACH_QUEUE));
	send_many(500, 4 * N);
	must(tun_queue(guest.tap, IFF_ATTACH_QUEUE));
	send_many(1000, 4 * N);
	/* Before those come some that vhost_net had taken. */
	is(receive(1000, 4 * N, 1), 4 * N, "detached while stopped, attached: the sender runs");
	close_guest();
}

static unsigned int to_send;

static void *send_all(void *arg)
{
	unsigned int i;

	for (i = 0; i < to_send; i++)
		while (!send_one(i))
			usleep(1000);
	return arg;
}

/* A sender and a guest that run: who stops and who takes the last one meet. */
static void stream(int qlen, unsigned int n)
{
	pthread_t thread;
	unsigned int done;

	open_guest("vb4", 0, qlen);
	to_send = n;
	pthread_create(&thread, NULL, send_all, NULL);
	done = receive(0, n, GUEST_RING / 2);
	is(done, n, "ring of %d, a sender and a guest that run: all arrive, in order", qlen);
	pthread_join(thread, NULL);
	is(if_stat(name, "tx_dropped"), 0, "ring of %d: none was dropped", qlen);
	if (tun_is_tunx())
		printf("# measured: ring of %d behind vhost_net: %ld stops in %u packets\n", qlen,
		       eth_stat(name, "queue_0_tx_stops"), n);
	close_guest();
}

int main(void)
{
	ktap_begin();
	vhost_or_skip("");
	if (!has_backpressure()) {
		skip("this driver has no IFF_BACKPRESSURE; 7.3's has", "a stopped sender");
		return ktap_end();
	}
	if (system("tc -V >/dev/null 2>&1")) {
		skip("needs tc", "a stopped sender");
		return ktap_end();
	}
	netns_new();
	slow_guest();
	dead_guest();
	taken_back();
	detached();
	stream(1, 4000);
	stream(2, 4000);
	stream(3, 4000);
	stream(16, 10000);
	stream(64, 20000);
	stream(100, 20000);
	return ktap_end();
}
