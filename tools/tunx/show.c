// SPDX-License-Identifier: GPL-2.0
/*
 * tunx show: all devices of kind tun and tunx. Each becomes one JSON object;
 * the text form prints the same object, so both have the same keys.
 */
#include <jansson.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "counters.h"
#include "holders.h"
#include "link.h"
#include "names.h"
#include "options.h"
#include "util.h"
#include "words.h"

static const char usage[] =
	"Usage: tunx show [-j [-p]] [-w [-c N] [--interval S]] [[dev] NAME] [WORD]...\n\n"
	"Lists the TUN/TAP devices of this network namespace: driver (kind), type, flags,\n"
	"who may attach, queues, state, the processes attached, counters of the device and\n"
	"of its queues (tunx). The words of 'tunx add' choose: mode tap, user alice,\n"
	"multi_queue...\n\n"
	"  -j, --json         JSON: an array of objects; a key not set is absent\n"
	"  -p, --pretty       with -j: indented\n"
	"  -w, --watch        what changes, per second; until interrupted\n"
	"  -c, --count N      with -w: N times\n"
	"      --interval S   with -w: seconds between two looks (default 1)\n";

/* How to show it */
struct view {
	bool json;
	bool pretty;
	bool watch;
	unsigned long long count;	/* 0 = until interrupted */
	double interval;
};

static json_t *flags_json(unsigned int flags)
{
	json_t *array = json_array();

	if (!(flags & IFF_NO_PI))
		json_array_append_new(array, json_string("pi"));
	for (const struct name *name = iff_names; name->text; name++)
		if (flags & name->value)
			json_array_append_new(array, json_string(name->text));
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
		if (!strcmp(holders[i].ifname, ifname) && holder_first(holders, i))
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
	json_t *queues = counters_json(link->name);
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
	if (queues)
		json_object_set_new(object, "queue_counters", queues);
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

/* A line for each queue; what is zero is left out */
static void print_queues(const json_t *queues)
{
	const json_t *queue;
	const char *key;
	json_t *value;
	size_t i;

	json_array_foreach(queues, i, queue) {
		fputs("\n   ", stdout);
		json_object_foreach((json_t *)queue, key, value)
			if (json_number_value(value) || !strcmp(key, "queue"))
				printf(" %s %.0f", key, json_number_value(value));
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
		if (!strcmp(key, "queue_counters")) {
			print_queues(value);
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
		else if (json_is_number(value))
			printf("%.0f", json_number_value(value));
		else
			print_array(value);
	}
	putchar('\n');
}

static void print_all(json_t *all, bool as_json, bool pretty)
{
	json_t *object;
	size_t i;

	if (as_json)
		print_json(all, pretty);
	json_array_foreach(all, i, object)
		if (!as_json)
			print_text(object);
	fflush(stdout);
}

static bool chosen(const struct link *link, const struct words *words)
{
	const struct dev_request *req = &words->req;

	return link_is_tun(link) && (!req->name || !strcmp(req->name, link->name)) &&
	       (link->tun_flags & req->flags) == req->flags && !(link->tun_flags & req->clear) &&
	       (words->user < 0 || words->user == link->owner) &&
	       (words->group < 0 || words->group == link->group);
}

static json_t *look(const struct words *words)
{
	json_t *all = json_array();
	struct holder *holders;
	struct link *links;
	size_t n, held;

	n = link_list(&links);
	held = holders_scan(&holders);
	for (size_t i = 0; i < n; i++)
		if (chosen(&links[i], words))
			json_array_append_new(all, link_json(&links[i], holders, held));
	free(links);
	free(holders);
	return all;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void watch(const struct words *words, const struct view *view)
{
	const struct timespec interval = {
		.tv_sec = view->interval,
		.tv_nsec = (view->interval - (time_t)view->interval) * 1e9,
	};
	json_t *before = look(words), *after, *rates;
	double then = now(), time;

	catch_stop();
	for (unsigned long long i = 0; !view->count || i < view->count; i++) {
		if (!wait_for(NULL, 0, &interval))
			break;
		after = look(words);
		time = now();
		rates = counters_rates(before, after, time - then);
		print_all(rates, view->json, view->pretty);
		json_decref(rates);
		json_decref(before);
		before = after;
		then = time;
	}
	json_decref(before);
}

static double parse_interval(const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds >= 0.01 && seconds <= 86400))
		wrong_use("--interval: '%s' is not a number of seconds from 0.01 to 86400", text);
	return seconds;
}

int cmd_show(int argc, char **argv)
{
	enum { INTERVAL = OPTION_OWN };
	static const struct option longs[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "pretty", no_argument, NULL, 'p' },
		{ "watch", no_argument, NULL, 'w' },
		{ "count", required_argument, NULL, 'c' },
		{ "interval", required_argument, NULL, INTERVAL },
		{ 0 }
	};
	const struct options opts = { usage, "jpwc:", longs, .node_only = true };
	struct view view = { .interval = 1 };
	struct words words = { 0 };
	json_t *all;
	int c;

	while ((c = next_option(&opts, argc, argv, &words.req)) != -1) {
		view.json |= c == 'j';
		view.pretty |= c == 'p';
		view.watch |= c == 'w';
		if (c == 'c')
			view.count = parse_number("--count", optarg, 1, UINT64_MAX);
		else if (c == INTERVAL)
			view.interval = parse_interval(optarg);
	}
	parse_words(argc, argv, &words);

	all = look(&words);
	if (words.req.name && !json_array_size(all))
		die("there is no such tun/tap device '%s' in this network namespace",
		    words.req.name);
	if (view.watch)
		watch(&words, &view);
	else
		print_all(all, view.json, view.pretty);
	json_decref(all);
	return EXIT_SUCCESS;
}
