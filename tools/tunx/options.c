// SPDX-License-Identifier: GPL-2.0
/* Options shared by the subcommands. See options.h. */
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "util.h"

enum {
	OPT_NODE = 256,
	OPT_TUN,
	OPT_TAP,
	OPT_PI,
	OPT_MULTI_QUEUE,
	OPT_UP,
	OPT_ADDRESS,
	OPT_MTU,
};

static const struct option shared[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "node", required_argument, NULL, OPT_NODE },
	/* from here on: not with node_only */
	{ "dev", required_argument, NULL, 'i' },
	{ "tun", no_argument, NULL, OPT_TUN },
	{ "tap", no_argument, NULL, OPT_TAP },
	{ "pi", no_argument, NULL, OPT_PI },
	{ "multi-queue", no_argument, NULL, OPT_MULTI_QUEUE },
	{ "up", no_argument, NULL, OPT_UP },
	{ "address", required_argument, NULL, OPT_ADDRESS },
	{ "mtu", required_argument, NULL, OPT_MTU },
};

#define SHARED_NODE_ONLY	2

static void shared_option(int c, struct dev_request *req)
{
	switch (c) {
	case OPT_NODE:
		req->node = optarg;
		break;
	case 'i':
		req->name = optarg;
		break;
	case OPT_TUN:
	case OPT_TAP:
		req->flags &= ~(IFF_TUN | IFF_TAP);
		req->flags |= c == OPT_TUN ? IFF_TUN : IFF_TAP;
		break;
	case OPT_PI:
		req->clear |= IFF_NO_PI;
		break;
	case OPT_MULTI_QUEUE:
		req->flags |= IFF_MULTI_QUEUE;
		break;
	case OPT_UP:
		req->up = true;
		break;
	case OPT_ADDRESS:
		if (req->addresses == DEV_ADDRESSES)
			wrong_use("--address: more than %d", DEV_ADDRESSES);
		req->address[req->addresses++] = optarg;
		break;
	case OPT_MTU:
		req->mtu = parse_number("--mtu", optarg, 68, 65535);
		break;
	}
}

int next_option(const struct options *opts, int argc, char **argv, struct dev_request *req)
{
	size_t n = opts->node_only ? SHARED_NODE_ONLY : ARRAY_SIZE(shared);
	struct option longs[ARRAY_SIZE(shared) + 24] = { 0 };
	char shorts[64];
	int c;

	memcpy(longs, shared, n * sizeof(longs[0]));
	for (const struct option *o = opts->longs; o && o->name; o++) {
		if (n == ARRAY_SIZE(longs) - 1)
			die("too many options");
		longs[n++] = *o;
	}
	/* '+': words after the options are the subcommand's */
	snprintf(shorts, sizeof(shorts), "+h%s%s", opts->node_only ? "" : "i:", opts->shorts);

	while (true) {
		c = getopt_long(argc, argv, shorts, longs, NULL);
		switch (c) {
		case 'h':
			fputs(opts->usage, stdout);
			if (opts->more)
				opts->more();
			exit(EXIT_SUCCESS);
		case '?':
			fprintf(stderr, "Try '%s --help'.\n", command());
			exit(EXIT_USAGE);
		case 'i':
		case OPT_NODE ... OPT_MTU:
			shared_option(c, req);
			break;
		default:
			return c;
		}
	}
}

void no_more_arguments(int argc, char **argv)
{
	if (optind < argc)
		wrong_use("what is '%s'?", argv[optind]);
}
