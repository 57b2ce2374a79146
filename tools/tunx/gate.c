// SPDX-License-Identifier: GPL-2.0
/* tunx socks and tunx http: options, the device, and waiting. See gate.h. */
#include <errno.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon.h"
#include "gate.h"
#include "link.h"
#include "util.h"

#define EVENTS		64
#define PACKETS		64	/* read at a time, then what they brought is done */
#define SECOND		1000

enum { LOGIN = OPTION_OWN, DNS, USER };

static const struct option longs[] = {
	{ "login", required_argument, NULL, LOGIN },
	{ "dns", required_argument, NULL, DNS },
	{ "user", required_argument, NULL, USER },
	{ 0 },
};

static const char *const names[GATE_COUNTERS] = {
	[GATE_CONNECTIONS] = "connections",
	[GATE_QUESTIONS] = "questions",
	[GATE_DATAGRAMS_OUT] = "datagrams out",
	[GATE_DATAGRAMS_IN] = "datagrams in",
	[GATE_BYTES_OUT] = "bytes out",
	[GATE_BYTES_IN] = "bytes in",
	[GATE_OPENED] = "opened",
	[GATE_REFUSED] = "refused",
	[GATE_UNREACHABLE] = "unreachable",
	[GATE_BROKEN] = "broken",
	[GATE_DROPPED] = "dropped",
	[GATE_OPEN] = "open now",
};

struct gate gate;

static struct dev dev;
static int epoll_fd, signal_fd;
static bool stopped, gone;

uint64_t gate_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

static bool add(int fd, struct watch *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	return !epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

bool watch_add(int fd, struct watch *watch)
{
	return add(fd, watch, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

static void tell(void)
{
	for (int i = 0; i < GATE_COUNTERS; i++)
		printf("%-15s %llu\n", names[i], gate.n[i]);
	fflush(stdout);
}

static void output(const uint8_t *packet, size_t len)
{
	/* what the device does not take is sent again, as anything lost */
	dev_write(&dev, packet, len);
}

static bool wants(const struct place *server)
{
	return server->port == DNS_PORT || gate.proxy->datagrams;
}

static void datagram(const struct place *client, const struct place *server,
		     const uint8_t *data, size_t len)
{
	if (server->port == DNS_PORT)
		gate_question(client, server, data, len);
	else
		gate_datagram(client, server, data, len);
}

static void device_ready(struct watch *watch, uint32_t events)
{
	static struct packet packet;

	(void)watch;
	(void)events;
	for (int i = 0; i < PACKETS; i++) {
		int n = dev_read(&dev, &packet);

		if (n < 0)
			gone = true;
		if (n <= 0)
			return;
		if (!packet.truncated)
			stack_input(packet.data, packet.len);
	}
}

static void signal_ready(struct watch *watch, uint32_t events)
{
	(void)watch;
	(void)events;
	switch (next_signal(signal_fd)) {
	case 0:
		break;
	case SIGUSR1:
		tell();
		break;
	default:
		stopped = true;
	}
}

static void run(void)
{
	struct epoll_event events[EVENTS];
	uint64_t aged = gate_now();

	while (!stopped && !gone) {
		uint32_t wait = stack_tick();
		int n;

		flows_run();
		n = epoll_wait(epoll_fd, events, EVENTS, wait < SECOND ? wait : SECOND);
		if (n < 0 && errno != EINTR)
			die("epoll_wait: %s", strerror(errno));
		for (int i = 0; i < n; i++) {
			struct watch *watch = events[i].data.ptr;

			watch->ready(watch, events[i].events);
		}
		if (gate_now() - aged >= SECOND) {
			flows_age();
			aged = gate_now();
		}
	}
}

/* The first line of the file that --login names */
static void read_login(const char *name)
{
	static char line[2 * LOGIN_MAX + 3];
	FILE *in = open_secret("the login", name);
	char *colon;

	if (!fgets(line, sizeof(line), in))
		line[0] = '\0';
	fclose(in);
	line[strcspn(line, "\r\n")] = '\0';
	colon = strchr(line, ':');
	if (!colon || colon == line)
		wrong_use("--login: the first line of %s is not user:password", name);
	*colon = '\0';
	gate.user = line;
	gate.password = colon + 1;
	if (strlen(gate.user) > LOGIN_MAX || strlen(gate.password) > LOGIN_MAX)
		wrong_use("--login: user and password have at most %d bytes each", LOGIN_MAX);
}

static void parse_place(const char *what, const char *text, struct place *place)
{
	struct sockaddr_storage sa;

	resolve(what, text, AF_UNSPEC, true, &sa);
	place_of_sockaddr(place, &sa);
	if (!place->port)
		wrong_use("%s: '%s' has no port", what, text);
}

static const char *configure(struct dev_request *request, int argc, char **argv)
{
	const struct options opts = { gate.proxy->usage, "", longs, .node_only = false };
	const char *user = NULL;
	int c;

	while ((c = next_option(&opts, argc, argv, request)) != -1) {
		switch (c) {
		case LOGIN:
			read_login(optarg);
			break;
		case DNS:
			parse_place("--dns", optarg, &gate.dns);
			break;
		case USER:
			user = optarg;
			break;
		}
	}
	if (optind == argc)
		wrong_use("which proxy? ADDRESS:PORT");
	parse_place("the proxy", argv[optind++], &gate.at);
	no_more_arguments(argc, argv);
	return user;
}

static void open_device(const struct dev_request *request)
{
	struct link link;

	dev_attach(&dev, request);
	if (dev.tap)
		die("%s is a tap; connections are made of IP packets, of a tun", dev.name);
	/* lwIP wants whole checksums, and packets that fit */
	if (dev.vnet)
		ioctl(dev.fd, TUNSETOFFLOAD, 0UL);
	if (!link_get(dev.name, &link))
		die("%s is gone", dev.name);
	stack_start(&(const struct stack_ops){ output, gate_accept, gate_changed, wants, datagram },
		    link.mtu);
}

/* A connection takes a file. */
static void allow_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int gate_main(int argc, char **argv, const struct proxy *proxy)
{
	static struct watch device = { device_ready }, signals = { signal_ready };
	struct dev_request request = { 0 };
	char text[PLACE_TEXT];
	const char *user;

	gate.proxy = proxy;
	user = configure(&request, argc, argv);
	allow_files();
	signal_fd = catch_signals();
	open_device(&request);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0 || !add(dev.fd, &device, EPOLLIN) || !add(signal_fd, &signals, EPOLLIN))
		die("epoll: %s", strerror(errno));
	drop_rights(user);
	fprintf(stderr, "%s: tun device %s of %s, through %s\n", command(), dev.name, dev.node,
		place_print(&gate.at, text));
	run();
	flows_end();
	tell();
	return gone ? EXIT_FAILURE : EXIT_SUCCESS;
}
