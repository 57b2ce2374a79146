// SPDX-License-Identifier: GPL-2.0
/*
 * Sleep and wake: nobody who sleeps at a shared ring is forgotten, and a ring that
 * is full stops its sender until there is room, whether the program kicks or not.
 *
 * Timeout: 200 s
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include "shared.h"

#define SMALL	TUNX_RING_MIN
#define CYCLES	20000

static struct shared r;

static void pause_a_bit(unsigned int *seed)
{
	unsigned int n = rand_r(seed) % 400;

	while (n--)
		__asm__ volatile("" ::: "memory");
	if (!(rand_r(seed) % 16))
		sched_yield();
}

static void *send_all(void *arg)
{
	int s = packet_socket("rw0", SOCK_DGRAM, 0), i;
	unsigned char pkt[200];
	unsigned int seed = 1;
	size_t len = pkt_udp4(pkt, "10.1.1.1", "10.1.1.2", 1, 2, NULL, 20);

	for (i = 0; i < CYCLES; i++) {
		pause_a_bit(&seed);
		/* A full ring stops its sender: EAGAIN of a socket that does not wait */
		while (packet_send(s, ETH_P_IP, pkt, len) < 0)
			must(poll(&(struct pollfd){ .fd = s, .events = POLLOUT }, 1, 10000));
	}
	close(s);
	return arg;
}

/* Takes what there is, sleeps, takes ... with @edge, an event says it only once */
static int take_all(bool edge)
{
	struct epoll_event event = { .events = EPOLLIN | (edge ? EPOLLET : 0) };
	int ep = must(epoll_create1(0)), n = 0;
	unsigned int seed = 2;

	must(epoll_ctl(ep, EPOLL_CTL_ADD, r.fd, &event));
	while (n < CYCLES) {
		n += shared_drain(&r);
		pause_a_bit(&seed);
		if (edge)
			__atomic_store_n(&r.program->to_user_event, r.taken, __ATOMIC_RELEASE);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (n == CYCLES || shared_peek(&r))
			continue;
		if (must(epoll_wait(ep, &event, 1, 10000 * tun_slow())) != 1)
			break;
	}
	close(ep);
	return n;
}

static void hunt(bool edge)
{
	pthread_t thread;

	must(-pthread_create(&thread, NULL, send_all, NULL));
	is(take_all(edge), CYCLES, "every frame wakes who sleeps, %s",
	   edge ? "by an event" : "by poll");
	pthread_join(thread, NULL);
	printf("# measured: sleeps at a shared ring, %s: up to %d sleeps\n",
	       edge ? "by an event" : "by poll", CYCLES);
}

static bool all_here(void *arg)
{
	return if_stat("rw0", "rx_packets") == *(long *)arg;
}

/* NAPI goes to sleep while we write: the kick that it asks for is never missed */
static void hunt_out(void)
{
	struct tunx_rec rec = { .off8 = REC / 8 };
	long want = if_stat("rw0", "rx_packets") + CYCLES;
	unsigned char pkt[200];
	unsigned int seed = 3;
	int i;

	rec.len = pkt_udp4(pkt, "10.1.1.2", "10.1.1.1", 1, 2, NULL, 20);
	for (i = 0; i < CYCLES; i++) {
		while (!shared_write(&r, rec, pkt))
			must(poll(&(struct pollfd){ .fd = r.fd, .events = POLLOUT }, 1, 10000));
		must(shared_flush_out(&r));
		pause_a_bit(&seed);
	}
	ok(wait_until(all_here, &want, 5000), "every frame that was written arrives");
	printf("# measured: frames written into a shared ring: %d frames\n", CYCLES);
}

static int arrived;

static bool all_there(void *arg)
{
	for (; shared_peek(&r); arrived++)
		shared_take(&r);
	/* Without a word to the kernel but the position */
	__atomic_store_n(&r.program->to_user_taken, r.taken, __ATOMIC_RELEASE);
	if (*(bool *)arg)
		shared_flush_in(&r);
	return arrived == 1000;
}

static void stops(bool kick)
{
	int s = packet_socket("rw0", SOCK_DGRAM, 0), big = 64 << 20, i;
	long lost = if_stat("rw0", "tx_dropped"), stopped = eth_stat("rw0", "queue_0_tx_stops");
	unsigned char pkt[1500];
	size_t len = pkt_udp4(pkt, "10.1.1.1", "10.1.1.2", 1, 2, NULL, 1400);

	must(setsockopt(s, SOL_SOCKET, SO_SNDBUFFORCE, &big, sizeof(big)));
	for (i = 0; i < 1000; i++)
		packet_send(s, ETH_P_IP, pkt, len);
	ok(eth_stat("rw0", "queue_0_tx_stops") > stopped, "a full ring stops its sender");
	ok(r.kernel->to_user_kick, "and asks for a kick");
	arrived = 0;
	ok(wait_until(all_there, &kick, 20000), "who starts again %s a kick",
	   kick ? "after" : "without");
	is(arrived, 1000, "every frame arrives");
	is(if_stat("rw0", "tx_dropped") - lost, 0, "none is dropped");
	close(s);
}

int main(void)
{
	ktap_begin();
	if (!tun_is_tunx()) {
		skip("stock has no shared rings", "sleep and wake");
		return ktap_end();
	}
	netns_new();
	shared_new(&r, "rw0", IFF_TUN | IFF_NO_PI,
		   (struct tunx_ring_setup){ .to_user = SMALL, .to_stack = SMALL });
	hunt(false);
	hunt(true);
	hunt_out();
	if (system("tc qdisc replace dev rw0 root pfifo limit 2000"))
		bail("tc qdisc");
	stops(true);
	stops(false);
	shared_unmap(&r);
	close(r.fd);
	return ktap_end();
}
