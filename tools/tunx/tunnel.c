// SPDX-License-Identifier: GPL-2.0
/*
 * tunx tunnel: a virtual private network of two. What the kernel sends to the
 * device goes to the peer; what comes from the peer is written into the device.
 * See tunnel.h for its parts.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cmd.h"
#include "daemon.h"
#include "link.h"
#include "tunnel.h"
#include "util.h"

#define ETHERNET_HEADER	14
#define TICK_MS		100
#define TICK		(TICK_MS * NSEC_PER_SEC / 1000)

/**
 * struct thread - one of several
 * @thread: its name in the C library
 * @carrier: its work
 * @stop: readable when it shall end
 */
struct thread {
	pthread_t thread;
	struct carrier carrier;
	int stop;
};

static void open_device(struct tunnel *t)
{
	const struct tunnel_config *config = &t->config;
	struct dev_request more = { .node = config->device.node, .flags = config->device.flags };
	struct dev *dev = &t->io[0].dev;
	uint32_t fits = net_mtu(&t->net, config->outer_mtu);
	struct link link = { 0 };

	dev_attach(dev, &config->device);
	if (config->net.kind == NET_IPIP && dev->tap)
		die("%s is a tap; ipip carries IP packets, of a tun", dev->name);
	fits -= (config->sealed ? PROTO_OVERHEAD : 0) + (dev->tap ? ETHERNET_HEADER : 0);
	if (fits > 65535 - 100)
		fits = 65535 - 100;
	if (dev->created && !config->device.mtu)
		link_set_mtu(dev->name, fits);
	if (!link_get(dev->name, &link))
		die("%s is gone", dev->name);
	t->mtu = link.mtu < fits ? link.mtu : fits;
	if (link.mtu > fits)
		warning("%s: packets of more than %u bytes will be cut on the way: '--mtu %u'",
			dev->name, fits, fits);
	more.name = dev->name;
	for (unsigned int i = 0; i < config->threads; i++) {
		if (i)
			dev_attach(&t->io[i].dev, &more);
		tunnel_io_open(&t->io[i], config->batch);
	}
}

/* One round of waiting and carrying. Return: @other is readable, or the device is gone */
static bool carry(struct carrier *c, int other, int timeout)
{
	/* what the network would not take may as well wait in the device */
	bool blocked = net_blocked(&c->t->net);
	bool pending = !blocked && tunnel_io_pending(c->io);
	struct pollfd pfd[3] = {
		{ .fd = c->t->net.fd, .events = POLLIN },
		{ .fd = other, .events = POLLIN },
		{ .fd = blocked ? -1 : c->io->dev.fd, .events = POLLIN },
	};

	if (poll(pfd, ARRAY_SIZE(pfd), pending || c->more ? 0 : timeout) < 0) {
		if (errno != EINTR)
			die("poll: %s", strerror(errno));
		return false;
	}
	if (pfd[0].revents || c->more)
		carry_in(c);
	if ((pending || pfd[2].revents) && !carry_out(c)) {
		c->t->gone = true;
		return true;
	}
	return pfd[1].revents;
}

static void *thread_main(void *arg)
{
	struct thread *me = arg;

	while (!carry(&me->carrier, me->stop, -1))
		;
	return NULL;
}

static void tell(struct tunnel *t)
{
	/* the protocol counts these itself */
	t->stats.n[COUNT_SESSIONS] = t->proto.sessions;
	stats_print(&t->stats);
}

/* Return: the user asked to stop */
static bool signalled(struct tunnel *t, int fd)
{
	switch (next_signal(fd)) {
	case 0:
		return false;
	case SIGUSR1:
		tell(t);
		return false;
	default:
		return true;
	}
}

static void tick(struct carrier *c, uint64_t now, bool *was_alive)
{
	struct tunnel *t = c->t;
	bool alive = true;

	if (t->config.sealed) {
		alive = proto_alive(&t->proto, now);
		if (alive != *was_alive)
			warning("the peer %s", alive ? "answers" : "is silent");
		*was_alive = alive;
	}
	net_tick(&t->net, now, alive);
	carry_tick(c);
}

/* The first thread: packets, time and signals */
static void run(struct tunnel *t, struct carrier *c, int signals)
{
	uint64_t last = 0, now;
	bool alive = false;

	while (!t->gone) {
		if (carry(c, signals, TICK_MS) && (t->gone || signalled(t, signals)))
			break;
		now = tunnel_now();
		if (now - last >= TICK) {
			tick(c, now, &alive);
			last = now;
		}
	}
}

static void start_threads(struct tunnel *t, struct thread *threads, int stop)
{
	int err;

	for (unsigned int i = 0; i < t->config.threads; i++) {
		carrier_start(&threads[i].carrier, t, &t->io[i]);
		threads[i].stop = stop;
		if (!i)
			continue;
		err = pthread_create(&threads[i].thread, NULL, thread_main, &threads[i]);
		if (err)
			die("starting a thread: %s", strerror(err));
	}
}

static void end_threads(struct tunnel *t, struct thread *threads, int stop)
{
	/* never read: every thread sees it */
	if (eventfd_write(stop, 1))
		die("stopping threads: %s", strerror(errno));
	for (unsigned int i = 0; i < t->config.threads; i++) {
		if (i)
			pthread_join(threads[i].thread, NULL);
		carrier_end(&threads[i].carrier);
		tunnel_io_close(&t->io[i]);
	}
}

static void announce(const struct tunnel *t)
{
	const struct dev *dev = &t->io[0].dev;

	fprintf(stderr, "%s: %s device %s of %s, %s %s%s%s\n", command(), dev->tap ? "tap" : "tun",
		dev->name, dev->node, t->config.net.remote ? "to" : "waiting at",
		t->config.net.remote ? t->config.net.remote : t->config.net.local,
		t->config.sealed ? "" : ", NOT encrypted", t->io[0].batch ? ", batch" : "");
}

int cmd_tunnel(int argc, char **argv)
{
	static struct thread threads[THREADS_MAX];
	static struct tunnel t;
	int signals, stop;

	tunnel_configure(&t.config, argc, argv);
	signals = catch_signals();
	stop = eventfd(0, EFD_CLOEXEC);
	if (stop < 0)
		die("eventfd: %s", strerror(errno));
	net_open(&t.net, &t.config.net, tunnel_now());
	open_device(&t);
	if (t.config.sealed && !proto_start(&t.proto, &t.config.proto, tunnel_now()))
		die("libsodium does not start");
	drop_rights(t.config.user);
	announce(&t);

	start_threads(&t, threads, stop);
	run(&t, &threads[0].carrier, signals);
	end_threads(&t, threads, stop);

	tell(&t);
	net_close(&t.net);
	if (t.config.sealed)
		proto_end(&t.proto);
	return t.gone ? EXIT_FAILURE : EXIT_SUCCESS;
}
