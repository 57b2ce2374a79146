// SPDX-License-Identifier: GPL-2.0
/* In place of tunx socks and tunx http, where there is no lwIP to build them with */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "util.h"

static int none(int argc, char **argv)
{
	if (argc > 1 && (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"))) {
		printf("Usage: %s; but this tunx was built without lwIP\n", command());
		return EXIT_SUCCESS;
	}
	die("built without lwIP: apt-get install liblwip-dev, and make again");
}

int cmd_socks(int argc, char **argv)
{
	return none(argc, argv);
}

int cmd_http(int argc, char **argv)
{
	return none(argc, argv);
}
