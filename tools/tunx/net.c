// SPDX-License-Identifier: GPL-2.0
/*
 * tunx net: drive the network half through a packet socket. What is sent here a
 * reader of the character half gets; what is written there arrives here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "cmd.h"
#include "generate.h"
#include "options.h"
#include "packet.h"
#include "port.h"
#include "stamp.h"
#include "util.h"

static const char usage[] =
	"Usage: tunx net send [OPTION]... [dev] NAME\n"
	"       tunx net sink [-c N] [--timeout S] [-v] [-j [-p]] [dev] NAME\n\n"
	"send: the kernel transmits packets on any network device, so that the reader of a\n"
	"tun/tap one gets them ('tunx dump --check' checks them):\n\n"
	GENERATE_HELP
	"      --src-mac M, --dst-mac M    default: the device's, 02:74:75:6e:78:01\n"
	"\nsink: receives what comes in on a device, such as from 'tunx send', and tells how\n"
	"many came, were lost, late, twice or damaged, and the time on the way:\n\n"
	"  -c, --count N          stop after N with a number; as many are expected\n"
	"      --timeout S        stop when none came for S seconds (default: never; with\n"
	"                         -c 5)\n"
	"  -v, --verbose          a line for each packet, too\n"
	"  -j, --json             JSON: an object\n"
	"  -p, --pretty           with -j: indented\n\n"
	"Both need CAP_NET_RAW. sink ends with 1 if a packet was lost, twice or damaged.\n";

static const char *device_name(int argc, char **argv)
{
	const char *name;

	if (optind < argc && !strcmp(argv[optind], "dev"))
		optind++;
	if (optind == argc)
		wrong_use("which device?");
	name = argv[optind++];
	no_more_arguments(argc, argv);
	return name;
}

static int net_send(int argc, char **argv)
{
	static const uint8_t echo_mac[ETH_ALEN] = { 0x02, 0x74, 0x75, 0x6e, 0x78, 0x01 };
	struct options opts = { .usage = usage, .shorts = GENERATE_SHORTS, .longs = generate_longs,
				.node_only = true };
	unsigned long long sent = 0, bytes = 0;
	static uint8_t buffer[BUILD_MAX];
	struct dev_request req = { 0 };
	uint8_t own_mac[ETH_ALEN];
	struct timespec start;
	struct generate g;
	struct port port;
	int c, ret = 1;
	size_t len;

	generate_init(&g);
	memcpy(own_mac, g.recipe.src_mac, ETH_ALEN);
	while ((c = next_option(&opts, argc, argv, &req)) != -1)
		generate_option(&g, c);
	if (g.hex)
		parse_hex(g.hex, buffer, sizeof(buffer));
	port_open(&port, device_name(argc, argv), 0);
	if (!memcmp(g.recipe.src_mac, own_mac, ETH_ALEN))
		memcpy(g.recipe.src_mac, port.mac, ETH_ALEN);
	generate_finish(&g, port.ethernet, echo_mac);

	catch_stop();
	clock_gettime(CLOCK_MONOTONIC, &start);
	while (ret > 0 && sent < g.count && pace(&start, due_at(sent, g.rate))) {
		len = generate_packet(&g, buffer);
		ret = port_send(&port, buffer, len);
		if (ret < 0)
			warning("sending packet %llu (%zu bytes) on %s: %s%s", sent + 1, len,
				port.link.name, strerror(errno), port_hint(errno));
		if (ret > 0) {
			sent++;
			bytes += len;
		}
	}
	printf("sent %llu packets, %llu bytes, on %s\n", sent, bytes, port.link.name);
	return ret < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Return: whether the device is still there */
static bool receive(const struct port *port, struct tally *tally, uint64_t count, bool verbose)
{
	static uint8_t buffer[DEV_BUFFER];
	ssize_t n;

	for (int i = 0; i < 64 && (!count || tally->received < count); i++) {
		n = recv(port->sock, buffer, sizeof(buffer), 0);
		if (n < 0 && errno == ENETDOWN) {
			warning("%s went down or was deleted", port->link.name);
			return false;
		}
		if (n < 0)
			break;
		tally_packet(tally, buffer, n, port->ethernet);
		if (verbose) {
			decode_packet(stdout, buffer, n, port->ethernet, 0);
			putchar('\n');
		}
	}
	if (verbose)
		fflush(stdout);
	return true;
}

static int net_sink(int argc, char **argv)
{
	enum { TIMEOUT = OPTION_OWN };
	static const struct option longs[] = {
		{ "count", required_argument, NULL, 'c' },
		{ "timeout", required_argument, NULL, TIMEOUT },
		{ "verbose", no_argument, NULL, 'v' },
		{ "json", no_argument, NULL, 'j' },
		{ "pretty", no_argument, NULL, 'p' },
		{ 0 }
	};
	struct options opts = { .usage = usage, .shorts = "c:vjp", .longs = longs,
				.node_only = true };
	bool verbose = false, as_json = false, pretty = false, good;
	const int size = 32 << 20;
	struct timespec timeout = { 0 };
	struct dev_request req = { 0 };
	static struct tally tally;
	uint64_t count = 0;
	struct pollfd pfd;
	struct port port;
	int c;

	while ((c = next_option(&opts, argc, argv, &req)) != -1) {
		verbose |= c == 'v';
		as_json |= c == 'j';
		pretty |= c == 'p';
		if (c == 'c')
			count = parse_number("--count", optarg, 1, UINT64_MAX);
		else if (c == TIMEOUT)
			timeout.tv_sec = parse_number("--timeout", optarg, 1, 86400);
	}
	if (count && !timeout.tv_sec)
		timeout.tv_sec = 5;
	port_open(&port, device_name(argc, argv), ETH_P_ALL);
	/* as much as we may */
	if (setsockopt(port.sock, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(port.sock, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	fprintf(stderr, "%s: receiving on %s\n", command(), port.link.name);

	catch_stop();
	pfd = (struct pollfd){ .fd = port.sock, .events = POLLIN };
	while ((!count || tally.received < count) &&
	       wait_for(&pfd, 1, timeout.tv_sec ? &timeout : NULL))
		if (!pfd.revents || !receive(&port, &tally, count, verbose))
			break;
	good = tally_report(&tally, count, as_json, pretty);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int cmd_net(int argc, char **argv)
{
	int (*run)(int argc, char **argv) = NULL;

	if (argc > 1 && !strcmp(argv[1], "send"))
		run = net_send;
	else if (argc > 1 && !strcmp(argv[1], "sink"))
		run = net_sink;
	if (argc > 1 && (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"))) {
		fputs(usage, stdout);
		return EXIT_SUCCESS;
	}
	if (!run)
		wrong_use("send or sink?");
	argv[1] = argv[0];
	return run(argc - 1, argv + 1);
}
