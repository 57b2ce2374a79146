// SPDX-License-Identifier: GPL-2.0
/* tunx add: create a device that stays without a process holding it. */
#include <errno.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "cmd.h"
#include "names.h"
#include "options.h"
#include "util.h"
#include "words.h"

static const char usage[] =
	"Usage: tunx add [--node PATH] [dev] NAME mode { tun | tap } [ user USER ]\n"
	"                [ group GROUP ] [ one_queue ] [ pi ] [ vnet_hdr ] [ multi_queue ]\n"
	"                [ napi ] [ napi_frags ] [ backpressure ]\n\n"
	"Creates a persistent device and prints its name. NAME may be a template\n"
	"('vpn%d') or be left out. USER and GROUP (name or number) may then attach\n"
	"without being root; if both are given, both must match.\n\n"
	NODE_HELP;

int cmd_add(int argc, char **argv)
{
	const struct options opts = { .usage = usage, .shorts = "", .node_only = true };
	struct words words = { 0 };
	unsigned int features;
	struct dev dev;

	while (next_option(&opts, argc, argv, &words.req) != -1)
		;
	parse_words(argc, argv, &words);
	if (!(words.req.flags & (IFF_TUN | IFF_TAP)))
		wrong_use("which type? Say 'mode tun' or 'mode tap'");
	words.req.flags |= IFF_TUN_EXCL;
	dev_attach(&dev, &words.req);
	/* unknown flags are ignored without a word */
	if (ioctl(dev.fd, TUNGETFEATURES, &features))
		die("asking %s for its features: %s", dev.node, strerror(errno));
	for (const struct name *name = iff_names; name->text; name++)
		if (words.req.flags & ~features & name->value)
			die("the driver behind %s has no %s", dev.node, name->text);

	/* persistent last: if something fails before, the device goes with this process */
	if (words.user >= 0 && ioctl(dev.fd, TUNSETOWNER, (unsigned long)words.user))
		die("giving %s to user %lld: %s", dev.name, (long long)words.user,
		    strerror(errno));
	if (words.group >= 0 && ioctl(dev.fd, TUNSETGROUP, (unsigned long)words.group))
		die("giving %s to group %lld: %s", dev.name, (long long)words.group,
		    strerror(errno));
	if (ioctl(dev.fd, TUNSETPERSIST, 1UL))
		die("making %s persistent: %s", dev.name, strerror(errno));
	puts(dev.name);
	return EXIT_SUCCESS;
}
