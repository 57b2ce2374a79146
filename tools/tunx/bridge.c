// SPDX-License-Identifier: GPL-2.0
/*
 * tunx bridge: what one device's reader gets is written into the other. The
 * classic example of a tun/tap program, in the ways there are to wait for two
 * files: each loop below is complete and can be read alone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

#include "cmd.h"
#include "dev.h"
#include "link.h"
#include "options.h"
#include "util.h"

static const char usage[] =
	"Usage: tunx bridge [--via select|epoll|sigio] [--tun] [--up] [--node PATH] A B\n\n"
	"Carries packets between two devices, attaching to those that exist and creating the\n"
	"others until the command ends. Prints totals at the end.\n\n"
	"      --via HOW          how to wait: select(2) (default), epoll(7), or a SIGIO when\n"
	"                         there is something to read\n"
	"      --tun              new devices are tun (default: tap)\n"
	"      --up               set both up\n"
	NODE_HELP;

#define ROUND	64	/* packets of one device before the other has its turn */

/**
 * struct bridge - one run
 * @dev: the two devices
 * @carried: packets from each
 * @lost: packets from each that the other did not take
 */
struct bridge {
	struct dev dev[2];
	unsigned long long carried[2];
	unsigned long long lost[2];
};

static volatile sig_atomic_t stop;

static void on_stop(int signal)
{
	(void)signal;
	stop = 1;
}

/* Return: how many packets device @from had, ROUND at most; -1 when it is gone */
static int carry(struct bridge *b, int from)
{
	static struct packet pkt;
	int n, ret;

	for (n = 0; n < ROUND; n++) {
		ret = dev_read(&b->dev[from], &pkt);
		if (ret <= 0)
			return ret < 0 ? -1 : n;
		if (dev_write(&b->dev[!from], pkt.data, pkt.len))
			b->lost[from]++;
		else
			b->carried[from]++;
	}
	return n;
}

/* Stop signals come only inside of pselect() and epoll_pwait(), so none is missed. */
static int via_select(struct bridge *b)
{
	int last = b->dev[0].fd > b->dev[1].fd ? b->dev[0].fd : b->dev[1].fd;
	sigset_t none;
	fd_set in;

	sigemptyset(&none);
	while (!stop) {
		FD_ZERO(&in);
		FD_SET(b->dev[0].fd, &in);
		FD_SET(b->dev[1].fd, &in);
		if (pselect(last + 1, &in, NULL, NULL, NULL, &none) < 0) {
			if (errno == EINTR)
				continue;
			die("select: %s", strerror(errno));
		}
		for (int i = 0; i < 2; i++)
			if (FD_ISSET(b->dev[i].fd, &in) && carry(b, i) < 0)
				return -1;
	}
	return 0;
}

static int via_epoll(struct bridge *b)
{
	int ep = epoll_create1(EPOLL_CLOEXEC), n;
	struct epoll_event event[2];
	sigset_t none;

	sigemptyset(&none);
	for (int i = 0; i < 2; i++) {
		event[i] = (struct epoll_event){ .events = EPOLLIN, .data.u32 = i };
		if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, b->dev[i].fd, &event[i]))
			die("epoll: %s", strerror(errno));
	}
	while (!stop) {
		n = epoll_pwait(ep, event, 2, -1, &none);
		if (n < 0 && errno != EINTR)
			die("epoll: %s", strerror(errno));
		for (int i = 0; i < n; i++)
			if (carry(b, event[i].data.u32) < 0)
				return -1;
	}
	close(ep);
	return 0;
}

/*
 * The signal tells of something new, not of what is there: so both devices are
 * read until they are empty, and once before the first signal.
 */
static int via_sigio(struct bridge *b)
{
	sigset_t set;
	int one, two;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < 2; i++)
		if (fcntl(b->dev[i].fd, F_SETOWN, getpid()) ||
		    fcntl(b->dev[i].fd, F_SETFL, O_RDWR | O_NONBLOCK | O_ASYNC))
			die("%s: asking for SIGIO: %s", b->dev[i].name, strerror(errno));
	do {
		do {
			one = carry(b, 0);
			two = carry(b, 1);
			if (one < 0 || two < 0)
				return -1;
		} while (one || two);
	} while (sigwaitinfo(&set, NULL) == SIGIO);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(struct bridge *b);
} ways[] = {
	{ "select", via_select },
	{ "epoll", via_epoll },
	{ "sigio", via_sigio },
};

static int (*find_way(const char *name))(struct bridge *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		if (!strcmp(ways[i].name, name))
			return ways[i].run;
	wrong_use("--via: '%s' is neither select nor epoll nor sigio", name);
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_stop };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

int cmd_bridge(int argc, char **argv)
{
	enum { VIA = OPTION_OWN, TUN, UP };
	static const struct option longs[] = {
		{ "via", required_argument, NULL, VIA },
		{ "tun", no_argument, NULL, TUN },
		{ "up", no_argument, NULL, UP },
		{ 0 }
	};
	const struct options opts = { usage, "", longs, .node_only = true };
	int (*run)(struct bridge *b) = via_select;
	unsigned int type = IFF_TAP;
	struct dev_request req = { 0 };
	static struct bridge b;
	struct link link;
	int c, ret;

	while ((c = next_option(&opts, argc, argv, &req)) != -1) {
		if (c == VIA)
			run = find_way(optarg);
		else if (c == TUN)
			type = IFF_TUN;
		else
			req.up = true;
	}
	if (argc - optind != 2)
		wrong_use("between which two devices?");
	catch_signals();
	for (int i = 0; i < 2; i++) {
		req.name = argv[optind + i];
		req.flags = link_get(req.name, &link) ? 0 : type;
		dev_attach(&b.dev[i], &req);
	}
	if (b.dev[0].tap != b.dev[1].tap)
		die("%s is a %s device and %s is not: they carry different packets", b.dev[0].name,
		    b.dev[0].tap ? "tap" : "tun", b.dev[1].name);
	fprintf(stderr, "%s: %s <-> %s\n", command(), b.dev[0].name, b.dev[1].name);
	ret = run(&b);
	for (int i = 0; i < 2; i++)
		printf("%s to %s: %llu packets (%llu lost)\n", b.dev[i].name, b.dev[!i].name,
		       b.carried[i], b.lost[i]);
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
