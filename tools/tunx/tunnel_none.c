// SPDX-License-Identifier: GPL-2.0
/* In place of the tunnel's files, where there is no libsodium to build them with */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "util.h"

int cmd_tunnel(int argc, char **argv)
{
	if (argc > 1 && (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"))) {
		puts("Usage: tunx tunnel; but this tunx was built without libsodium");
		return EXIT_SUCCESS;
	}
	die("built without libsodium: apt-get install libsodium-dev, and make again");
}
