// SPDX-License-Identifier: GPL-2.0
/*
 * A device and its namespace go while a program has the ring mapped and uses it.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include "shared.h"

#define SMALL	TUNX_RING_MIN

static struct shared r;
static atomic_bool stop;

static void begin(const char *name)
{
	shared_new(&r, name, IFF_TUN | IFF_NO_PI,
		   (struct tunx_ring_setup){ .to_user = SMALL, .to_stack = SMALL });
}

static void end(void)
{
	shared_unmap(&r);
	close(r.fd);
}

static void *use(void *arg)
{
	struct tunx_rec rec = { .off8 = REC / 8 };
	unsigned char pkt[200];

	rec.len = pkt_udp4(pkt, "10.1.1.2", "10.1.1.1", 1, 2, NULL, 20);
	while (!atomic_load(&stop)) {
		shared_write(&r, rec, pkt);
		shared_flush_out(&r);
		shared_drain(&r);
		shared_wait(&r, 1);
	}
	return arg;
}

static int events(void)
{
	struct pollfd p = { .fd = r.fd, .events = POLLIN | POLLOUT };

	return poll(&p, 1, 0) == 1 ? p.revents : 0;
}

static void deleted(void)
{
	struct nl_reply reply;
	pthread_t thread;

	begin("rl0");
	must(-pthread_create(&thread, NULL, use, NULL));
	must(stack_send("rl0", 100, 1));
	result(nl_dellink("rl0", &reply), 0, "a device goes while its ring is in use");
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	is(r.kernel->state, TUNX_RING_DETACHED, "the ring says so");
	is(events() & POLLERR, POLLERR, "and poll()");
	result(ioctl(r.fd, TUNXRINGKICK), EBADFD, "and a kick");
	result(tun_setiff(r.fd, "rl1", IFF_TUN | IFF_NO_PI), 0, "another device, the same ring");
	must(if_up("rl1"));
	shared_drain(&r);
	shared_settle(&r, "rl1");
	is(r.kernel->state, TUNX_RING_RUNNING, "goes on where it was");
	end();
}

static bool is_detached(void *arg)
{
	const struct shared *ring = arg;

	return ring->kernel->state == TUNX_RING_DETACHED;
}

/* The file holds the namespace it was opened in: the device has to be in another */
static void namespace_ends(void)
{
	int other = netns_another();
	pthread_t thread;

	begin("rl2");
	atomic_store(&stop, false);
	must(-pthread_create(&thread, NULL, use, NULL));
	must(nl_set_netns("rl2", other));
	close(other);
	ok(wait_until(is_detached, &r, 10000), "a namespace goes, and the ring's device with it");
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	end();
}

static void queue_moves(void)
{
	unsigned int i, good = 0;
	struct shared other;
	pthread_t thread;

	shared_new(&r, "rl3", IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE,
		   (struct tunx_ring_setup){ .to_user = SMALL, .to_stack = SMALL });
	atomic_store(&stop, false);
	must(-pthread_create(&thread, NULL, use, NULL));
	for (i = 0; i < 50; i++) {
		int fd = tun_open(O_RDWR | O_NONBLOCK);
		struct tunx_ring_setup setup = { .to_user = SMALL, .to_stack = SMALL };

		must(shared_set(fd, setup));
		must(tun_setiff(fd, "rl3", IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE));
		shared_map(&other, fd, &setup);
		must(tun_queue(r.fd, IFF_DETACH_QUEUE));
		must(stack_send("rl3", 100, i));
		good += shared_wait(&other, 5000);
		must(tun_queue(r.fd, IFF_ATTACH_QUEUE));
		shared_unmap(&other);
		close(fd);
	}
	is(good, 50, "rings attach and leave beside one that is in use");
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	end();
}

int main(void)
{
	ktap_begin();
	if (!tun_is_tunx()) {
		skip("stock has no shared rings", "their life");
		return ktap_end();
	}
	netns_new();
	deleted();
	namespace_ends();
	queue_moves();
	return ktap_end();
}
