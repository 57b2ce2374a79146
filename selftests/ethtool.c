// SPDX-License-Identifier: GPL-2.0
/* Features and counters by ethtool ioctl. */
#define _GNU_SOURCE
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include "tuntest.h"

int eth_call(const char *name, void *cmd)
{
	struct ifreq ifr = { .ifr_data = cmd };

	return if_get(name, SIOCETHTOOL, &ifr);
}

/* Position of a string in a set, and how many there are; -1 without it. */
static int string_index(const char *name, unsigned int set, const char *string, int *count)
{
	union {
		struct ethtool_sset_info info;
		unsigned char room[sizeof(struct ethtool_sset_info) + sizeof(uint32_t)];
	} sset = { .info = { .cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ULL << set } };
	struct ethtool_gstrings *strings;
	int i, found = -1;

	must(eth_call(name, &sset));
	*count = sset.info.sset_mask ? sset.info.data[0] : 0;
	if (!*count)
		return -1;
	strings = calloc(1, sizeof(*strings) + *count * ETH_GSTRING_LEN);
	strings->cmd = ETHTOOL_GSTRINGS;
	strings->string_set = set;
	strings->len = *count;
	must(eth_call(name, strings));
	for (i = 0; i < *count && found < 0; i++)
		if (!strcmp((char *)strings->data + i * ETH_GSTRING_LEN, string))
			found = i;
	free(strings);
	return found;
}

int eth_feature(const char *name, const char *feature)
{
	struct ethtool_gfeatures *get;
	int count, i = string_index(name, ETH_SS_FEATURES, feature, &count), on;

	if (i < 0)
		bail("no feature %s", feature);
	get = calloc(1, sizeof(*get) + (count + 31) / 32 * sizeof(get->features[0]));
	get->cmd = ETHTOOL_GFEATURES;
	get->size = (count + 31) / 32;
	must(eth_call(name, get));
	on = get->features[i / 32].active >> (i % 32) & 1;
	free(get);
	return on;
}

int eth_set_feature(const char *name, const char *feature, bool on)
{
	struct ethtool_sfeatures *set;
	int count, i = string_index(name, ETH_SS_FEATURES, feature, &count), ret;

	if (i < 0)
		bail("no feature %s", feature);
	set = calloc(1, sizeof(*set) + (count + 31) / 32 * sizeof(set->features[0]));
	set->cmd = ETHTOOL_SFEATURES;
	set->size = (count + 31) / 32;
	set->features[i / 32].valid = 1u << (i % 32);
	set->features[i / 32].requested = on ? 1u << (i % 32) : 0;
	ret = eth_call(name, set);
	free(set);
	return ret;
}

long eth_stat(const char *name, const char *counter)
{
	struct ethtool_stats *stats;
	int count, i = string_index(name, ETH_SS_STATS, counter, &count);
	long value;

	if (i < 0)
		return -1;
	stats = calloc(1, sizeof(*stats) + count * sizeof(uint64_t));
	stats->cmd = ETHTOOL_GSTATS;
	stats->n_stats = count;
	must(eth_call(name, stats));
	value = stats->data[i];
	free(stats);
	return value;
}
