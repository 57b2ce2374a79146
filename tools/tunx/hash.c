// SPDX-License-Identifier: GPL-2.0
/*
 * tunx hash: which queue a packet's hash chooses, and whether the reader is told
 * the hash.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <linux/tunx.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>

#include "borrow.h"
#include "cmd.h"
#include "options.h"
#include "util.h"

static const char usage[] =
	"Usage: tunx hash show [-j [-p]] [--node PATH] [dev] NAME\n"
	"       tunx hash set [--report] [--types LIST] [--table LIST [--unclassified N]\n"
	"                [--key HEX | --symmetric]] [--node PATH] [dev] NAME\n"
	"       tunx hash set --off [--node PATH] [dev] NAME\n\n"
	"Chooses the queue of a packet by the Toeplitz hash of its addresses and ports,\n"
	"and tells the reader the hash in the virtio-net header.\n\n"
	"      --report           tell the reader (in headers of 20 bytes and more)\n"
	"      --types LIST       packets that have a hash: ipv4, tcpv4, udpv4, ipv6, tcpv6,\n"
	"                         udpv6, ip_ex, tcp_ex, udp_ex; default: all\n"
	"      --table LIST       queues, as many as a power of two: 0,1,2,3\n"
	"      --unclassified N   queue of packets without a hash (default 0)\n"
	"      --key HEX          40 bytes; default: random\n"
	"      --symmetric        a key under which both directions of a flow are equal\n"
	"      --off              neither\n"
	"  -j, --json             show: JSON, an array with one object\n"
	"  -p, --pretty           with -j: indented\n"
	"      --node PATH        device node\n\n"
	"What is not given is off: every 'set' replaces all there was.\n";

enum {
	OPT_REPORT = OPTION_OWN,
	OPT_TYPES,
	OPT_TABLE,
	OPT_UNCLASSIFIED,
	OPT_KEY,
	OPT_SYMMETRIC,
	OPT_OFF,
};

/* In the order of their bits */
static const char * const type_names[] = {
	"ipv4", "tcpv4", "udpv4", "ipv6", "tcpv6", "udpv6", "ip_ex", "tcp_ex", "udp_ex",
};

static const char * const transforms[] = { "none", "symmetric-xor", "symmetric-or-xor" };

/* What TUNSETVNETHASH takes: the parts follow each other without gaps */
struct wish {
	struct tun_vnet_hash head;
	struct tun_vnet_hash_rss rss;
	uint16_t table[TUNX_HASH_TABLE_MAX];
	unsigned int table_len;
	uint8_t key[TUNX_HASH_KEY_MAX];
	bool has_key;
	bool off;
};

static noreturn void refused(int fd, const char *name, int err)
{
	struct tun_vnet_hash cap;

	if (ioctl(fd, TUNGETVNETHASHCAP, &cap))
		die("%s: %s: the driver of this device knows no hashing; tunx does", name,
		    strerror(err));
	die("%s: %s", name, strerror(err));
}

/* --- show --- */

static json_t *hash_json(const char *name, const struct tunx_hash *hash)
{
	json_t *object = json_object(), *types = json_array(), *table = json_array();
	char key[2 * TUNX_HASH_KEY_MAX + 1];

	for (size_t i = 0; i < ARRAY_SIZE(type_names); i++)
		if (hash->types >> i & 1)
			json_array_append_new(types, json_string(type_names[i]));
	for (size_t i = 0; i < sizeof(hash->key); i++)
		sprintf(key + 2 * i, "%02x", hash->key[i]);
	for (size_t i = 0; i < hash->table_len; i++)
		json_array_append_new(table, json_integer(hash->table[i]));

	json_object_set_new(object, "ifname", json_string(name));
	json_object_set_new(object, "report", json_boolean(hash->flags & TUN_VNET_HASH_REPORT));
	json_object_set_new(object, "rss", json_boolean(hash->flags & TUN_VNET_HASH_RSS));
	if (hash->flags) {
		json_object_set_new(object, "types", json_incref(types));
		json_object_set_new(object, "key", json_string(key));
		if (hash->transform < ARRAY_SIZE(transforms))
			json_object_set_new(object, "transform",
					    json_string(transforms[hash->transform]));
	}
	if (hash->flags & TUN_VNET_HASH_RSS) {
		json_object_set_new(object, "unclassified", json_integer(hash->unclassified_queue));
		json_object_set_new(object, "table", json_incref(table));
	}
	json_decref(types);
	json_decref(table);
	return object;
}

static void print_value(const json_t *value)
{
	const char *comma = "";
	const json_t *entry;
	size_t i;

	if (json_is_string(value))
		fputs(json_string_value(value), stdout);
	else if (json_is_integer(value))
		printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_boolean(value))
		fputs(json_is_true(value) ? "on" : "off", stdout);
	json_array_foreach(value, i, entry) {
		fputs(comma, stdout);
		print_value(entry);
		comma = ",";
	}
}

static void print_text(json_t *object)
{
	const char *key;
	json_t *value;

	printf("%s:", json_string_value(json_object_get(object, "ifname")));
	json_object_del(object, "ifname");
	json_object_foreach(object, key, value) {
		/* the long ones have lines of their own */
		fputs(!strcmp(key, "types") || !strcmp(key, "key") || !strcmp(key, "table") ?
		      "\n    " : " ", stdout);
		printf("%s ", key);
		print_value(value);
	}
	putchar('\n');
}

static int show(const char *name, const char *node, bool as_json, bool pretty)
{
	struct tunx_hash hash = { .size = sizeof(hash) };
	int fd = file_of(name, node);
	json_t *object, *all;

	if (ioctl(fd, TUNXGETHASH, &hash))
		refused(fd, name, errno);
	object = hash_json(name, &hash);
	if (!as_json) {
		print_text(object);
		json_decref(object);
		return EXIT_SUCCESS;
	}
	all = json_pack("[o]", object);
	print_json(all, pretty);
	json_decref(all);
	return EXIT_SUCCESS;
}

/* --- set --- */

static uint32_t parse_types(char *list)
{
	uint32_t types = 0;
	char *word, *end;

	for (word = strtok_r(list, ",", &end); word; word = strtok_r(NULL, ",", &end)) {
		size_t i = 0;

		while (i < ARRAY_SIZE(type_names) && strcmp(word, type_names[i]))
			i++;
		if (i == ARRAY_SIZE(type_names))
			wrong_use("--types: '%s' is no type", word);
		types |= 1u << i;
	}
	return types;
}

static void parse_table(struct wish *wish, char *list)
{
	char *word, *end;

	for (word = strtok_r(list, ",", &end); word; word = strtok_r(NULL, ",", &end)) {
		if (wish->table_len == TUNX_HASH_TABLE_MAX)
			wrong_use("--table: more than %d queues", TUNX_HASH_TABLE_MAX);
		wish->table[wish->table_len++] = parse_number("--table", word, 0, 65535);
	}
	if (!wish->table_len || wish->table_len & (wish->table_len - 1))
		wrong_use("--table: %u queues, which is no power of two", wish->table_len);
}

static void parse_key(struct wish *wish, const char *text)
{
	if (strlen(text) != 2 * sizeof(wish->key) || strspn(text, "0123456789abcdefABCDEF") !=
	    2 * sizeof(wish->key))
		wrong_use("--key: %zu hexadecimal digits are wanted", 2 * sizeof(wish->key));
	for (size_t i = 0; i < sizeof(wish->key); i++) {
		const char byte[] = { text[2 * i], text[2 * i + 1], '\0' };

		wish->key[i] = strtoul(byte, NULL, 16);
	}
	wish->has_key = true;
}

/* What repeats after two bytes is the same for source and destination */
static void symmetric_key(struct wish *wish)
{
	for (size_t i = 0; i < sizeof(wish->key); i++)
		wish->key[i] = i % 2 ? 0x5a : 0x6d;
	wish->has_key = true;
}

static void set_option(struct wish *wish, int c)
{
	switch (c) {
	case OPT_REPORT:
		wish->head.flags |= TUN_VNET_HASH_REPORT;
		break;
	case OPT_TYPES:
		wish->head.types = parse_types(optarg);
		break;
	case OPT_TABLE:
		wish->head.flags |= TUN_VNET_HASH_RSS;
		wish->table_len = 0;
		parse_table(wish, optarg);
		break;
	case OPT_UNCLASSIFIED:
		wish->rss.unclassified_queue = parse_number("--unclassified", optarg, 0, 65535);
		break;
	case OPT_KEY:
		parse_key(wish, optarg);
		break;
	case OPT_SYMMETRIC:
		symmetric_key(wish);
		break;
	case OPT_OFF:
		wish->off = true;
		break;
	}
}

static void check(const struct wish *wish)
{
	bool rss = wish->head.flags & TUN_VNET_HASH_RSS;

	if (wish->off && wish->head.flags)
		wrong_use("--off goes alone");
	if (!wish->off && !wish->head.flags)
		wrong_use("what for? Say --report, --table or both; or --off");
	if (!rss && (wish->has_key || wish->rss.unclassified_queue))
		wrong_use("--key, --symmetric and --unclassified go with --table");
}

static int set(const char *name, const char *node, struct wish *wish)
{
	uint8_t arg[sizeof(*wish)];
	size_t len = 0;
	int fd;

	check(wish);
	if (!wish->has_key && getrandom(wish->key, sizeof(wish->key), 0) < 0)
		die("no random key: %s", strerror(errno));
	wish->rss.indirection_table_mask = wish->table_len - 1;
	memcpy(arg, &wish->head, sizeof(wish->head));
	len += sizeof(wish->head);
	memcpy(arg + len, &wish->rss, sizeof(wish->rss));
	len += sizeof(wish->rss);
	memcpy(arg + len, wish->table, wish->table_len * sizeof(wish->table[0]));
	len += wish->table_len * sizeof(wish->table[0]);
	memcpy(arg + len, wish->key, sizeof(wish->key));
	fd = file_of(name, node);
	if (ioctl(fd, TUNSETVNETHASH, arg))
		refused(fd, name, errno);
	return EXIT_SUCCESS;
}

static const char *device_name(int argc, char **argv)
{
	const char *name;

	if (optind < argc && !strcmp(argv[optind], "dev"))
		optind++;
	if (optind >= argc)
		wrong_use("which device?");
	name = argv[optind++];
	no_more_arguments(argc, argv);
	return name;
}

int cmd_hash(int argc, char **argv)
{
	static const struct option show_longs[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "pretty", no_argument, NULL, 'p' },
		{ 0 }
	};
	static const struct option set_longs[] = {
		{ "report", no_argument, NULL, OPT_REPORT },
		{ "types", required_argument, NULL, OPT_TYPES },
		{ "table", required_argument, NULL, OPT_TABLE },
		{ "unclassified", required_argument, NULL, OPT_UNCLASSIFIED },
		{ "key", required_argument, NULL, OPT_KEY },
		{ "symmetric", no_argument, NULL, OPT_SYMMETRIC },
		{ "off", no_argument, NULL, OPT_OFF },
		{ 0 }
	};
	bool setting = argc > 1 && !strcmp(argv[1], "set");
	struct wish wish = { .head.types = TUNX_HASH_TYPES };
	struct options opts = { usage, "jp", show_longs, .node_only = true };
	bool as_json = false, pretty = false;
	struct dev_request req = { 0 };
	int c;

	if (setting)
		opts = (struct options){ usage, "", set_longs, .node_only = true };
	if (argc > 1 && (setting || !strcmp(argv[1], "show"))) {
		argv[1] = argv[0];
		argc--;
		argv++;
	}
	while ((c = next_option(&opts, argc, argv, &req)) != -1) {
		as_json |= c == 'j';
		pretty |= c == 'p';
		if (setting)
			set_option(&wish, c);
	}
	if (setting)
		return set(device_name(argc, argv), req.node, &wish);
	return show(device_name(argc, argv), req.node, as_json, pretty);
}
