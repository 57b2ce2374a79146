// SPDX-License-Identifier: GPL-2.0
/* Options, configuration file and keys of tunx tunnel. See tunnel.h. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <linux/if_tun.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon.h"
#include "options.h"
#include "tunnel.h"
#include "util.h"

static const char usage[] =
	"Usage: tunx tunnel --listen ADDRESS:PORT KEYS [OPTION]...\n"
	"       tunx tunnel --connect ADDRESS:PORT KEYS [OPTION]...\n"
	"       tunx tunnel genkey > FILE\n"
	"       tunx tunnel pubkey < FILE\n\n"
	"Carries the packets of a device to a peer and back, encrypted: a virtual private\n"
	"network of two. One side listens, the other connects.\n\n"
	"Keys, the same kind on both sides (genkey makes private and shared ones):\n"
	"      --key FILE         a key that both have; with --private-key: in addition\n"
	"      --private-key FILE our own\n"
	"      --peer-key KEY     the peer's public one, as pubkey prints it\n\n"
	"Network:\n"
	"      --proto WORD       udp (default), tcp, or ipip: IPv4 in IPv4, NOT encrypted\n"
	"      --local A:P        address and port to connect from (IPv6: [ADDRESS]:PORT)\n"
	"      --outer-mtu N      the network's MTU (default: what the route says, or 1500)\n"
	"      --keepalive S      seconds of silence to fill, 1 to 3600 (default 10)\n"
	"      --rekey S          seconds between new keys, 1 to 3600 (default 120)\n"
	"      --clear            UDP, one packet a datagram, NOT encrypted: for learning;\n"
	"                         both sides take --local and --connect\n\n"
	"Packets:\n"
	"      --io WORD          plain (default): one a call; batch: many, where the driver can\n"
	"      --threads N        each with a queue of its own (UDP)\n"
	"      --compress         with LZ4; tells onlookers more about what is inside\n"
	"      --no-clamp         leave TCP's segment sizes alone\n\n"
	"      --config FILE      options from a file, one a line, without the dashes\n"
	"      --user NAME        whom to become when all is open (default: nobody)\n\n"
	DEVICE_HELP
	"\nSIGUSR1 prints the counters. A device that it creates gets an MTU that fits.\n"
	"Example: tunx tunnel genkey > key       (and take it to the peer)\n"
	"         tunx tunnel -i tun0 --up --address 192.168.1.1/24 --key key --listen 0.0.0.0:6000\n"
	"         tunx tunnel -i tun0 --up --address 192.168.1.2/24 --key key \\\n"
	"                 --connect 172.16.1.11:6000\n";

#define KEY_TEXT	(sodium_base64_ENCODED_LEN(PROTO_KEY, sodium_base64_VARIANT_ORIGINAL))
#define LINES_MAX	128
#define LINE_MAX_LEN	512

enum {
	LISTEN = OPTION_OWN, CONNECT, LOCAL, PROTO, KEY, PRIVATE_KEY, PEER_KEY, CLEAR, REKEY,
	KEEPALIVE, OUTER_MTU, NO_CLAMP, COMPRESS, IO, THREADS, USER, CONFIG,
};

static const struct option longs[] = {
	{ "listen", required_argument, NULL, LISTEN },
	{ "connect", required_argument, NULL, CONNECT },
	{ "local", required_argument, NULL, LOCAL },
	{ "proto", required_argument, NULL, PROTO },
	{ "key", required_argument, NULL, KEY },
	{ "private-key", required_argument, NULL, PRIVATE_KEY },
	{ "peer-key", required_argument, NULL, PEER_KEY },
	{ "clear", no_argument, NULL, CLEAR },
	{ "rekey", required_argument, NULL, REKEY },
	{ "keepalive", required_argument, NULL, KEEPALIVE },
	{ "outer-mtu", required_argument, NULL, OUTER_MTU },
	{ "no-clamp", no_argument, NULL, NO_CLAMP },
	{ "compress", no_argument, NULL, COMPRESS },
	{ "io", required_argument, NULL, IO },
	{ "threads", required_argument, NULL, THREADS },
	{ "user", required_argument, NULL, USER },
	{ "config", required_argument, NULL, CONFIG },
	{ 0 }
};

/* What the checks of options that belong together need besides the result */
struct given {
	const char *listen;
	bool clear;
	bool psk;
	bool secret;
	bool peer;
	bool config;
};

static void key_from_text(const char *what, const char *text, uint8_t key[PROTO_KEY])
{
	size_t len;

	if (sodium_base642bin(key, PROTO_KEY, text, strlen(text), " \t\r\n", &len, NULL,
			      sodium_base64_VARIANT_ORIGINAL) || len != PROTO_KEY)
		wrong_use("%s: no key: 'tunx tunnel genkey' makes one", what);
}

static void key_from_stream(const char *what, FILE *in, uint8_t key[PROTO_KEY])
{
	char text[2 * KEY_TEXT] = { 0 };
	size_t len = fread(text, 1, sizeof(text) - 1, in);

	if (ferror(in))
		die("reading %s: %s", what, strerror(errno));
	text[len] = '\0';
	key_from_text(what, text, key);
	sodium_memzero(text, sizeof(text));
}

static void key_from_file(const char *name, uint8_t key[PROTO_KEY])
{
	FILE *in = open_secret("the key", name);

	key_from_stream(name, in, key);
	fclose(in);
}

static void print_key(const uint8_t key[PROTO_KEY])
{
	char text[KEY_TEXT];

	puts(sodium_bin2base64(text, sizeof(text), key, PROTO_KEY, sodium_base64_VARIANT_ORIGINAL));
	sodium_memzero(text, sizeof(text));
}

/* genkey and pubkey end the program */
static void key_words(int argc, char **argv)
{
	uint8_t key[PROTO_KEY], public[PROTO_KEY];

	if (optind != argc - 1)
		return;
	if (!strcmp(argv[optind], "genkey")) {
		randombytes_buf(key, sizeof(key));
		print_key(key);
		exit(EXIT_SUCCESS);
	}
	if (!strcmp(argv[optind], "pubkey")) {
		key_from_stream("standard input", stdin, key);
		crypto_scalarmult_base(public, key);
		print_key(public);
		exit(EXIT_SUCCESS);
	}
}

/* "name value", "name = value" or "name" becomes "--name=value" or "--name"; NULL: no option */
static char *option_of(const char *name, unsigned int number, char *line)
{
	char *word = line + strspn(line, " \t"), *value, *end, *option;

	end = line + strlen(line);
	while (end > word && isspace((unsigned char)end[-1]))
		*--end = '\0';
	if (!*word || *word == '#')
		return NULL;
	if (*word == '-')
		die("%s, line %u: write options without the dashes", name, number);
	value = word + strcspn(word, " \t=");
	if (*value) {
		*value++ = '\0';
		value += strspn(value, " \t=");
	}
	if (asprintf(&option, *value ? "--%s=%s" : "--%s", word, value) < 0)
		die("no memory");
	return option;
}

static void options_of_file(const char *name, char **options, int *n)
{
	char line[LINE_MAX_LEN];
	unsigned int number = 0;
	FILE *in = fopen(name, "re");

	if (!in)
		die("reading %s: %s", name, strerror(errno));
	while (fgets(line, sizeof(line), in)) {
		number++;
		if (!strchr(line, '\n') && !feof(in))
			die("%s, line %u is too long", name, number);
		if (*n == LINES_MAX)
			die("%s: more than %d options", name, LINES_MAX);
		options[*n] = option_of(name, number, line);
		if (options[*n])
			++*n;
	}
	fclose(in);
}

static void one_option(struct tunnel_config *config, struct given *given, int c)
{
	switch (c) {
	case LISTEN:
		given->listen = optarg;
		break;
	case CONNECT:
		config->net.remote = optarg;
		break;
	case LOCAL:
		config->net.local = optarg;
		break;
	case PROTO:
		if (!strcmp(optarg, "udp"))
			config->net.kind = NET_UDP;
		else if (!strcmp(optarg, "tcp"))
			config->net.kind = NET_TCP;
		else if (!strcmp(optarg, "ipip"))
			config->net.kind = NET_IPIP;
		else
			wrong_use("--proto: '%s' is neither udp, tcp nor ipip", optarg);
		break;
	case KEY:
		key_from_file(optarg, config->proto.psk);
		given->psk = true;
		break;
	case PRIVATE_KEY:
		key_from_file(optarg, config->proto.secret);
		given->secret = true;
		break;
	case PEER_KEY:
		key_from_text("--peer-key", optarg, config->proto.peer);
		given->peer = true;
		break;
	case CLEAR:
		given->clear = true;
		break;
	case REKEY:
		config->proto.rekey = parse_number("--rekey", optarg, 1, 3600) * NSEC_PER_SEC;
		break;
	case KEEPALIVE:
		config->proto.keepalive = parse_number("--keepalive", optarg, 1, 3600) *
					  NSEC_PER_SEC;
		break;
	case OUTER_MTU:
		config->outer_mtu = parse_number("--outer-mtu", optarg, 576, 65535);
		break;
	case NO_CLAMP:
		config->clamp = false;
		break;
	case COMPRESS:
		config->compress = true;
		break;
	case IO:
		config->batch = !strcmp(optarg, "batch");
		if (!config->batch && strcmp(optarg, "plain"))
			wrong_use("--io: '%s' is neither plain nor batch", optarg);
		break;
	case THREADS:
		config->threads = parse_number("--threads", optarg, 1, THREADS_MAX);
		break;
	case USER:
		config->user = optarg;
		break;
	case CONFIG:
		given->config = true;
		break;
	}
}

static void check_keys(struct tunnel_config *config, const struct given *given)
{
	config->sealed = !given->clear && config->net.kind != NET_IPIP;
	if (!config->sealed) {
		if (given->psk || given->secret || given->peer)
			wrong_use("%s does not encrypt, and takes no keys",
				  given->clear ? "--clear" : "ipip");
		if (config->compress)
			wrong_use("--compress is for encrypted tunnels");
		return;
	}
	if (given->secret != given->peer)
		wrong_use("--private-key and --peer-key go together");
	if (!given->psk && !given->secret)
		wrong_use("no key, no privacy: --key, or --private-key and --peer-key");
	config->proto.statics = given->secret;
	config->proto.connects = config->net.remote;
	if (given->secret)
		crypto_scalarmult_base(config->proto.public, config->proto.secret);
#ifndef WITH_LZ4
	if (config->compress)
		die("built without LZ4: apt-get install liblz4-dev, and make again");
#endif
}

static void check(struct tunnel_config *config, const struct given *given)
{
	struct net_config *net = &config->net;

	if (!!given->listen == !!net->remote)
		wrong_use("either --listen or --connect");
	if (given->listen && net->local)
		wrong_use("--listen names the local address; --local goes with --connect");
	if (given->listen)
		net->local = given->listen;
	check_keys(config, given);
	net->only = !config->sealed;
	if (given->clear && net->kind != NET_UDP)
		wrong_use("--clear is for UDP");
	if (net->only && !net->remote)
		wrong_use("not encrypted, nothing tells who the peer is: --connect on both sides");
	if (given->clear && !net->local)
		wrong_use("--clear: --local names the port that the peer sends to");
	if (net->kind == NET_TCP && config->threads > 1)
		wrong_use("--threads: a TCP connection is one stream");
	if (net->kind == NET_IPIP && config->device.flags & IFF_TAP)
		wrong_use("ipip carries IP packets, of a tun");
	if (config->threads > 1)
		config->device.flags |= IFF_MULTI_QUEUE;
}

/* The file that --config names, before the options are read: they come behind it */
static const char *config_file(int argc, char **argv)
{
	static const char option[] = "--config";
	const char *name = NULL;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], option) && i + 1 < argc)
			name = argv[i + 1];
		else if (!strncmp(argv[i], "--config=", sizeof(option)))
			name = argv[i] + sizeof(option);
	}
	return name;
}

void tunnel_configure(struct tunnel_config *config, int argc, char **argv)
{
	const struct options opts = { usage, "", longs, .node_only = false };
	/* for the whole run: the configuration points into it */
	static char *options[LINES_MAX], **all;
	struct given given = { 0 };
	const char *file = config_file(argc, argv);
	int c, n = 0;

	if (sodium_init() < 0)
		die("libsodium does not start");
	*config = (struct tunnel_config){
		.clamp = true,
		.threads = 1,
		.proto.rekey = 120 * NSEC_PER_SEC,
		.proto.keepalive = 10 * NSEC_PER_SEC,
	};
	if (file)
		options_of_file(file, options, &n);
	all = calloc(n + argc + 1, sizeof(*all));
	if (!all)
		die("no memory");
	all[0] = argv[0];
	memcpy(all + 1, options, n * sizeof(*all));
	memcpy(all + 1 + n, argv + 1, (argc - 1) * sizeof(*all));
	argc += n;

	while ((c = next_option(&opts, argc, all, &config->device)) != -1)
		one_option(config, &given, c);
	key_words(argc, all);
	no_more_arguments(argc, all);
	free(all);
	if (given.config && !file)
		wrong_use("--config: write --config FILE");
	check(config, &given);
}
