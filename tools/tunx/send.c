// SPDX-License-Identifier: GPL-2.0
/* tunx send: write packets into a device; the kernel receives them from it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "dev.h"
#include "generate.h"
#include "options.h"
#include "util.h"

static const char usage[] =
	"Usage: tunx send [--udp | --icmp | --arp | --hex BYTES] [OPTION]...\n\n"
	"Writes packets into a device that is up, so that the kernel receives them.\n\n"
	GENERATE_HELP
	"      --src-mac M, --dst-mac M    on tap (default 02:74:75:6e:78:02, the device's)\n\n"
	DEVICE_HELP
	"\nExample: tunx send -i tun0 --up --icmp --dst 10.9.0.1 --src 10.9.0.2 -c 3\n";

int cmd_send(int argc, char **argv)
{
	const struct options opts = { usage, GENERATE_SHORTS, generate_longs, .node_only = false };
	unsigned long long sent = 0, bytes = 0;
	static uint8_t buffer[BUILD_MAX];
	struct dev_request req = { 0 };
	struct timespec start;
	uint8_t mac[ETH_ALEN];
	struct generate g;
	int c, ret = 1;
	struct dev dev;
	size_t len;

	generate_init(&g);
	while ((c = next_option(&opts, argc, argv, &req)) != -1)
		generate_option(&g, c);
	no_more_arguments(argc, argv);
	if (g.hex)
		parse_hex(g.hex, buffer, sizeof(buffer));
	catch_stop();
	dev_attach(&dev, &req);
	dev_mac(&dev, mac);
	generate_finish(&g, dev.tap, mac);

	clock_gettime(CLOCK_MONOTONIC, &start);
	while (ret > 0 && sent < g.count && pace(&start, due_at(sent, g.rate))) {
		len = generate_packet(&g, buffer);
		ret = dev_write_wait(&dev, buffer, len);
		if (ret < 0)
			warning("writing packet %llu (%zu bytes) to %s: %s%s", sent + 1, len,
				dev.name, strerror(errno), dev_write_hint(errno));
		if (ret > 0) {
			sent++;
			bytes += len;
		}
	}
	printf("sent %llu packets, %llu bytes, into %s\n", sent, bytes, dev.name);
	return ret < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
