// SPDX-License-Identifier: GPL-2.0
/* SIOCETHTOOL, and differences between two looks. See counters.h. */
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "counters.h"
#include "util.h"

static int ethtool_call(int sock, const char *ifname, void *data)
{
	struct ifreq ifr = { .ifr_data = data };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	return ioctl(sock, SIOCETHTOOL, &ifr);
}

/* "queue_3_tx_full" becomes key tx_full of the fourth object */
static void add_counter(json_t *array, const char *name, uint64_t value)
{
	unsigned int queue;
	int used = 0;

	if (sscanf(name, "queue_%u_%n", &queue, &used) != 1 || !used)
		return;
	while (json_array_size(array) <= queue)
		json_array_append_new(array, json_pack("{s:i}", "queue",
						       (int)json_array_size(array)));
	json_object_set_new(json_array_get(array, queue), name + used, json_integer(value));
}

static json_t *read_counters(int sock, const char *ifname)
{
	struct {
		struct ethtool_sset_info head;
		uint32_t count;
	} info = { .head = { .cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ULL << ETH_SS_STATS } };
	struct ethtool_gstrings *names;
	struct ethtool_stats *values;
	json_t *array = NULL;

	if (ethtool_call(sock, ifname, &info) || !info.head.sset_mask || !info.count)
		return NULL;
	names = calloc(1, sizeof(*names) + (size_t)info.count * ETH_GSTRING_LEN + 1);
	values = calloc(1, sizeof(*values) + info.count * sizeof(values->data[0]));
	if (!names || !values)
		die("no memory for the counters of %s", ifname);
	names->cmd = ETHTOOL_GSTRINGS;
	names->string_set = ETH_SS_STATS;
	names->len = info.count;
	values->cmd = ETHTOOL_GSTATS;
	values->n_stats = info.count;
	/* a queue that comes between the calls makes the kernel write more: it checks */
	if (!ethtool_call(sock, ifname, names) && !ethtool_call(sock, ifname, values)) {
		array = json_array();
		for (uint32_t i = 0; i < info.count; i++) {
			char name[ETH_GSTRING_LEN + 1];

			snprintf(name, sizeof(name), "%.*s", ETH_GSTRING_LEN,
				 (char *)names->data + i * ETH_GSTRING_LEN);
			add_counter(array, name, values->data[i]);
		}
	}
	free(names);
	free(values);
	return array;
}

json_t *counters_json(const char *ifname)
{
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	json_t *array;

	if (sock < 0)
		return NULL;
	array = read_counters(sock, ifname);
	close(sock);
	return array;
}

static json_t *object_rates(const json_t *before, const json_t *now, double seconds)
{
	json_t *rates = json_object(), *inner;
	json_int_t change;
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)now, key, value) {
		if (!strcmp(key, "ifname") || !strcmp(key, "queue")) {
			json_object_set(rates, key, value);
		} else if (!strcmp(key, "queue_counters")) {
			inner = counters_rates(json_object_get(before, key), value, seconds);
			json_object_set_new(rates, key, inner);
		} else if (!strncmp(key, "rx_", 3) || !strncmp(key, "tx_", 3)) {
			change = json_integer_value(value) -
				 json_integer_value(json_object_get(before, key));
			if (change > 0)
				json_object_set_new(rates, key, json_real(change / seconds));
		}
	}
	return rates;
}

/* The entry of @array that is the same device or queue as @object */
static const json_t *same(const json_t *array, const json_t *object)
{
	const char *key = json_object_get(object, "ifname") ? "ifname" : "queue";
	const json_t *entry;
	size_t i;

	json_array_foreach((json_t *)array, i, entry)
		if (json_equal(json_object_get(entry, key), json_object_get(object, key)))
			return entry;
	return NULL;
}

json_t *counters_rates(const json_t *before, const json_t *now, double seconds)
{
	json_t *rates = json_array();
	const json_t *object, *old;
	size_t i;

	json_array_foreach((json_t *)now, i, object) {
		old = same(before, object);
		/* one that is new has counted since it began, not since we looked */
		json_array_append_new(rates, object_rates(old ? old : object, object, seconds));
	}
	return rates;
}
