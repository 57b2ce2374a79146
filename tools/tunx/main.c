// SPDX-License-Identifier: GPL-2.0
/*
 * tunx - one program for TUN/TAP devices: a table of subcommands.
 *
 *   add.c del.c set.c show.c    devices that stay, changes, and a list of all
 *   chr.c chr_call.c            the char half by hand: each call, each packet
 *   net.c                       the net half: send into it, check what comes out
 *   check.c                     both, tried out
 *   dump.c echo.c send.c        the char half in use: read, answer, write
 *   replay.c                    captures
 *   bridge.c                    two char halves joined in a program
 *   trace.c tracefs.c           a packet's way through the kernel
 *   hash.c                      which queue, and what the reader is told of it
 *   tunnel*.c                   two char halves joined over a network; tunnel.h is their map
 *   socks.c http.c gate*.c      a char half that ends in a proxy; gate.h is their map
 *   stack.c place.c             TCP, UDP and ping behind it; addresses with ports
 *
 *   options.c words.c names.c   options and words that several subcommands share
 *   daemon.c                    what commands that stay share: secrets, signals, rights
 *   dev.c explain.c             open a node, attach; say why that failed
 *   link.c counters.c port.c    rtnetlink, ethtool, packet sockets
 *   holders.c borrow.c          which processes hold a device; use their files
 *   filter.c                    expressions of tcpdump
 *   generate.c stamp.c          what to send, and whether it came
 *   packet.c decode.c build.c   bytes: parse, print, make
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "util.h"

static const struct subcommand {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *full_name;
	const char *help;
} subcommands[] = {
	{ "add", cmd_add, "tunx add", "create a persistent device" },
	{ "del", cmd_del, "tunx del", "delete a persistent device" },
	{ "set", cmd_set, "tunx set", "change a device" },
	{ "show", cmd_show, "tunx show", "list devices, their queues and who holds them" },
	{ "chr", cmd_chr, "tunx chr", "drive the character half by hand" },
	{ "net", cmd_net, "tunx net", "send and receive on the network half" },
	{ "check", cmd_check, "tunx check", "does the driver work? A table" },
	{ "dump", cmd_dump, "tunx dump", "read packets from a device, one line each" },
	{ "echo", cmd_echo, "tunx echo", "answer ARP, neighbour discovery and ping" },
	{ "send", cmd_send, "tunx send", "write packets into a device" },
	{ "replay", cmd_replay, "tunx replay", "write the packets of a capture file" },
	{ "bridge", cmd_bridge, "tunx bridge", "carry packets between two devices" },
	{ "trace", cmd_trace, "tunx trace", "the functions a packet passes" },
	{ "hash", cmd_hash, "tunx hash", "choose queues by hash, and report it" },
	{ "tunnel", cmd_tunnel, "tunx tunnel", "a virtual private network of two" },
	{ "socks", cmd_socks, "tunx socks", "connections go on through a SOCKS5 proxy" },
	{ "http", cmd_http, "tunx http", "connections go on through an HTTP proxy" },
};

static void usage(FILE *out)
{
	fputs("Usage: tunx [COMMAND [OPTION]...]\n\nCommands (without one: show):\n", out);
	for (size_t i = 0; i < ARRAY_SIZE(subcommands); i++)
		fprintf(out, "  %-8s %s\n", subcommands[i].name, subcommands[i].help);
	fputs("\n  -h, --help     this text; 'tunx COMMAND --help' for one command\n"
	      "  -V, --version  the version\n\n"
	      "Works on /dev/net/tunx (module tunx) and on /dev/net/tun (stock tun) alike.\n"
	      "Exit code: 0 done, 1 failed, 2 wrong use. More: man tunx\n", out);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "show";

	if (!strcmp(name, "-h") || !strcmp(name, "--help") || !strcmp(name, "help")) {
		usage(stdout);
		return EXIT_SUCCESS;
	}
	if (!strcmp(name, "-V") || !strcmp(name, "--version")) {
		puts("tunx " TUNX_VERSION);
		return EXIT_SUCCESS;
	}
	for (size_t i = 0; i < ARRAY_SIZE(subcommands); i++) {
		const struct subcommand *sub = &subcommands[i];

		if (strcmp(name, sub->name))
			continue;
		set_command(sub->full_name);
		if (argc > 1) {
			argc--;
			argv++;
		}
		/* getopt() starts its messages with this */
		argv[0] = (char *)sub->full_name;
		return sub->run(argc, argv);
	}
	warning("unknown command '%s'", name);
	usage(stderr);
	return EXIT_USAGE;
}
