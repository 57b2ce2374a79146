// SPDX-License-Identifier: GPL-2.0
/*
 * The configuration changes under traffic: a packet that is sent after the call
 * has returned goes where the new table says, and has the new key's hash.
 *
 *	two threads send, each packet with the number of the last change that was
 *	complete; change N sends all packets to queue N % 4
 *
 * A packet with number N may meet later changes on its way, and no earlier one.
 */
#define _GNU_SOURCE
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include "rss.h"

#define QUEUES	4
#define CHANGES	300
#define OFFSET	(14 + 20 + 20)	/* of the number in a packet */

static atomic_uint change;
static atomic_bool stop;

static void *sender(void *arg)
{
	int s = packet_socket("hx0", SOCK_RAW, 0);
	unsigned int seed = (unsigned long)arg, number;
	struct flow flow = { "10.0.0.1", "10.0.0.2", 0, 80, 0, 0 };
	struct frame f = { 0 };

	frame_flow(&f, true, &flow, IPPROTO_TCP);
	frame_zeros(&f, sizeof(number));
	while (!atomic_load(&stop)) {
		pkt_fill(f.data + 14 + 20, 2, seed++);
		number = atomic_load(&change);
		memcpy(f.data + OFFSET, &number, sizeof(number));
		packet_send(s, ETH_P_IP, f.data, f.len);
	}
	close(s);
	return NULL;
}

static uint8_t keys[3][40];

static const uint8_t *key_of(unsigned int number)
{
	return keys[number % ARRAY_SIZE(keys)];
}

/*
 * Is the packet where one of the changes @from to @to would send it, with the
 * hash one of them would give it? They may come between these two.
 */
static bool fits(unsigned int from, unsigned int to, unsigned int queue,
		 const struct vnet_hdr *h, const unsigned char *ip)
{
	bool here = false, hash = false;
	unsigned int i;

	for (i = from; i <= to; i++) {
		here |= i % QUEUES == queue;
		hash |= h->hash_value == rss_toeplitz(key_of(i), ip + 12, 12);
	}
	return here && hash && h->hash_report == 2;
}

struct seen {
	unsigned int packets, wrong, newest;
};

static void look(const int *fd, unsigned int last, struct seen *seen)
{
	unsigned char buf[2000];
	unsigned int q, number;
	struct vnet_hdr h;

	for (q = 0; q < QUEUES; q++) {
		while (vnet_read(fd[q], &h, HASH_HDR, buf, sizeof(buf)) == OFFSET + 4) {
			memcpy(&number, buf + OFFSET, sizeof(number));
			seen->packets++;
			if (number > seen->newest)
				seen->newest = number;
			if (number && !fits(number, last, q, &h, buf + 14)) {
				if (!seen->wrong++)
					printf("# change %u: queue %u, hash %#x\n", number, q,
					       h.hash_value);
			}
		}
	}
}

static void one_change(const int *fd, unsigned int number, struct seen *seen)
{
	static uint16_t table[TUNX_HASH_TABLE_MAX];
	struct rss rss = { .flags = REPORT | RSS, .types = PLAIN_TYPES, .table = table,
			   .unclassified = number + 2 };
	long end = msec_now() + 5000;
	int i;

	rss.table_len = 1 << number % 10;
	rss.key = key_of(number);
	for (i = 0; i < TUNX_HASH_TABLE_MAX; i++)
		table[i] = number % QUEUES;
	must(rss_set(fd[number % QUEUES], &rss));
	atomic_store(&change, number);
	do {
		look(fd, number, seen);
	} while (seen->newest != number && msec_now() < end);
}

int main(void)
{
	struct seen seen = { 0 };
	pthread_t threads[2];
	unsigned int i, missed = 0;
	int fd[QUEUES];

	ktap_begin();
	netns_new();
	rss_or_skip();
	rss_device("hx0", IFF_TAP | IFF_MULTI_QUEUE, HASH_HDR, fd, QUEUES);
	pkt_fill(keys, sizeof(keys), 1);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		must(-pthread_create(&threads[i], NULL, sender, (void *)(i * 100000L)));
	for (i = 1; i <= CHANGES; i++) {
		one_change(fd, i, &seen);
		missed += seen.newest != i;
	}
	atomic_store(&stop, true);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	printf("# %u packets\n", seen.packets);
	is(missed, 0, "%d changes: packets arrive after each", CHANGES);
	is(seen.wrong, 0, "none where an old table sent it, or with the hash of an old key");
	for (i = 0; i < QUEUES; i++)
		close(fd[i]);
	return ktap_end();
}
