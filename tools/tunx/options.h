/* SPDX-License-Identifier: GPL-2.0 */
/* getopt_long() with the options that subcommands share. */
#ifndef TUNX_TOOL_OPTIONS_H
#define TUNX_TOOL_OPTIONS_H

#include <getopt.h>

#include "dev.h"

/* values for long options of a subcommand without a short form */
#define OPTION_OWN	512

#define DEVICE_HELP \
	"Device:\n" \
	"  -i, --dev NAME         attach to NAME, or create it until the command ends\n" \
	"      --tun, --tap       its type (default: as it is; new ones are tun)\n" \
	"      --pi               packet info (4 bytes) before each packet\n" \
	"      --multi-queue      one queue among others\n" \
	"      --up               set it up\n" \
	"      --address A/LEN    add an address, IPv4 or IPv6; may be repeated\n" \
	"      --mtu N            set the MTU\n" \
	NODE_HELP

#define NODE_HELP \
	"      --node PATH        device node (default: the driver the device belongs to,\n" \
	"                         else /dev/net/tunx if present, else /dev/net/tun)\n"

/**
 * struct options - the options of one subcommand
 * @usage: what --help prints
 * @shorts: short options beside -h and -i
 * @longs: long options beside the shared ones, ends with a zero entry; may be NULL
 * @node_only: of the shared options only --node and --help
 * @more: prints what --help has besides; may be NULL
 */
struct options {
	const char *usage;
	const char *shorts;
	const struct option *longs;
	bool node_only;
	void (*more)(void);
};

/**
 * next_option - as getopt_long(); shared options go to @req and are not returned
 *
 * Return: an option of the subcommand, or -1 when there are no more. --help and
 * a wrong option end the program.
 */
int next_option(const struct options *opts, int argc, char **argv, struct dev_request *req);

/** no_more_arguments - complain about anything after the options */
void no_more_arguments(int argc, char **argv);

#endif
