// SPDX-License-Identifier: GPL-2.0
/* tunx del: take away a device's persistence; with nobody attached it goes. */
#include <errno.h>
#include <linux/if_tun.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd.h"
#include "link.h"
#include "options.h"
#include "util.h"
#include "words.h"

static const char usage[] =
	"Usage: tunx del [--node PATH] [dev] NAME [ mode { tun | tap } ]\n\n"
	"Deletes a persistent device. One that a program still uses cannot be deleted;\n"
	"of a multi-queue one, the persistence goes and the device follows when its\n"
	"last user ends.\n\n"
	NODE_HELP;

int cmd_del(int argc, char **argv)
{
	const struct options opts = { .usage = usage, .shorts = "", .node_only = true };
	struct words words = { 0 };
	struct link link;
	struct dev dev;

	while (next_option(&opts, argc, argv, &words.req) != -1)
		;
	parse_words(argc, argv, &words);
	if (!words.req.name)
		wrong_use("which device? Say its name");
	/* attaching to a name that does not exist would create it */
	if (!link_get(words.req.name, &link))
		die("deleting %s: there is no such device in this network namespace",
		    words.req.name);
	dev_attach(&dev, &words.req);
	if (ioctl(dev.fd, TUNSETPERSIST, 0UL))
		die("deleting %s: %s", dev.name, strerror(errno));
	close(dev.fd);
	if (link_get(dev.name, &link))
		warning("%s is no longer persistent; it goes when its last user ends", dev.name);
	return EXIT_SUCCESS;
}
