// SPDX-License-Identifier: GPL-2.0
/*
 * tunx show: all devices of kind tun and tunx. Each becomes one JSON object;
 * the text form prints the same object, so both have the same keys.
 */
#include <inttypes.h>
#include <jansson.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "holders.h"
#include "link.h"
#include "options.h"
#include "util.h"

static const char usage[] =
	"Usage: tunx show [-j [-p]] [[dev] NAME]\n\n"
	"Lists the TUN/TAP devices of this network namespace: driver (kind), type, flags,\n"
	"who may attach, queues, state, the processes attached, counters.\n\n"
	"  -j, --json     JSON: an array of objects; a key not set is absent\n"
	"  -p, --pretty   with -j: indented\n";

#ifndef IFF_BACKPRESSURE
#define IFF_BACKPRESSURE	0x0080	/* headers before Linux 7.3 */
#endif

static const struct {
	unsigned int flag;
	const char *name;
} flag_names[] = {
	{ IFF_PERSIST, "persist" },
	{ IFF_ONE_QUEUE, "one_queue" },
	{ IFF_VNET_HDR, "vnet_hdr" },
	{ IFF_MULTI_QUEUE, "multi_queue" },
	{ IFF_NAPI, "napi" },
	{ IFF_NAPI_FRAGS, "napi_frags" },
	{ IFF_BACKPRESSURE, "backpressure" },
};

static json_t *flags_json(unsigned int flags)
{
	json_t *array = json_array();

	if (!(flags & IFF_NO_PI))
		json_array_append_new(array, json_string("pi"));
	for (size_t i = 0; i < ARRAY_SIZE(flag_names); i++)
		if (flags & flag_names[i].flag)
			json_array_append_new(array, json_string(flag_names[i].name));
	return array;
}

static const char *state_name(const struct link *link)
{
	if (!(link->flags & IFF_UP))
		return "down";
	return link->carrier ? "up" : "no-carrier";
}

static json_t *processes_json(const char *ifname, const struct holder *holders, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		if (!strcmp(holders[i].ifname, ifname))
			json_array_append_new(array, json_pack("{s:s, s:i}", "name",
							       holders[i].comm, "pid",
							       (int)holders[i].pid));
	return array;
}

static void set_number(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer(value));
}

static json_t *link_json(const struct link *link, const struct holder *holders, size_t n)
{
	json_t *object = json_object(), *processes = processes_json(link->name, holders, n);

	json_object_set_new(object, "ifname", json_string(link->name));
	json_object_set_new(object, "kind", json_string(link->kind));
	json_object_set_new(object, "mode", json_string(link->tun_flags & IFF_TAP ? "tap" : "tun"));
	json_object_set_new(object, "flags", flags_json(link->tun_flags));
	if (link->owner >= 0)
		set_number(object, "user", link->owner);
	if (link->group >= 0)
		set_number(object, "group", link->group);
	if (link->tun_flags & IFF_MULTI_QUEUE) {
		set_number(object, "queues", link->queues);
		set_number(object, "disabled_queues", link->disabled_queues);
	}
	json_object_set_new(object, "state", json_string(state_name(link)));
	set_number(object, "mtu", link->mtu);
	set_number(object, "txqueuelen", link->txqueuelen);
	if (json_array_size(processes))
		json_object_set_new(object, "processes", processes);
	else
		json_decref(processes);
	set_number(object, "rx_packets", link->stats.rx_packets);
	set_number(object, "rx_bytes", link->stats.rx_bytes);
	set_number(object, "rx_errors", link->stats.rx_errors);
	set_number(object, "rx_dropped", link->stats.rx_dropped);
	set_number(object, "tx_packets", link->stats.tx_packets);
	set_number(object, "tx_bytes", link->stats.tx_bytes);
	set_number(object, "tx_errors", link->stats.tx_errors);
	set_number(object, "tx_dropped", link->stats.tx_dropped);
	return object;
}

static void print_array(const json_t *array)
{
	const char *comma = "";
	const json_t *value;
	size_t i;

	json_array_foreach(array, i, value) {
		if (json_is_object(value))
			printf("%s%s(%" JSON_INTEGER_FORMAT ")", comma,
			       json_string_value(json_object_get(value, "name")),
			       json_integer_value(json_object_get(value, "pid")));
		else
			printf("%s%s", comma, json_string_value(value));
		comma = ",";
	}
}

static void print_text(json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) {
		if (!strcmp(key, "ifname")) {
			printf("%s:", json_string_value(value));
			continue;
		}
		if (json_is_array(value) && !json_array_size(value))
			continue;
		/* three lines: what it is, what came in, what went out */
		fputs(!strcmp(key, "rx_packets") || !strcmp(key, "tx_packets") ? "\n    " : " ",
		      stdout);
		printf("%s ", key);
		if (json_is_string(value))
			fputs(json_string_value(value), stdout);
		else if (json_is_integer(value))
			printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
		else
			print_array(value);
	}
	putchar('\n');
}

static void print_all(json_t *all, bool as_json, bool pretty)
{
	json_t *object;
	size_t i;

	if (as_json) {
		json_dumpf(all, stdout, pretty ? JSON_INDENT(4) : JSON_COMPACT);
		putchar('\n');
		return;
	}
	json_array_foreach(all, i, object)
		print_text(object);
}

int cmd_show(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "pretty", no_argument, NULL, 'p' },
		{ 0 }
	};
	const struct options opts = { usage, "jp", longs, .node_only = true };
	bool as_json = false, pretty = false;
	struct dev_request req = { 0 };
	const char *name = NULL;
	struct holder *holders;
	struct link *links;
	size_t n, held;
	json_t *all;
	int c;

	while ((c = next_option(&opts, argc, argv, &req)) != -1) {
		as_json |= c == 'j';
		pretty |= c == 'p';
	}
	if (optind < argc && !strcmp(argv[optind], "dev"))
		optind++;
	if (optind < argc)
		name = argv[optind++];
	no_more_arguments(argc, argv);

	all = json_array();
	n = link_list(&links);
	held = holders_scan(&holders);
	for (size_t i = 0; i < n; i++)
		if (link_is_tun(&links[i]) && (!name || !strcmp(name, links[i].name)))
			json_array_append_new(all, link_json(&links[i], holders, held));
	free(links);
	free(holders);
	if (name && !json_array_size(all))
		die("there is no tun/tap device '%s' in this network namespace", name);
	print_all(all, as_json, pretty);
	json_decref(all);
	return EXIT_SUCCESS;
}
