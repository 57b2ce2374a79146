// SPDX-License-Identifier: GPL-2.0
/* Tables of names. See names.h. */
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>

#include "names.h"
#include "util.h"

const struct name iff_names[] = {
	{ IFF_PERSIST, "persist" },
	{ IFF_ONE_QUEUE, "one_queue" },
	{ IFF_VNET_HDR, "vnet_hdr" },
	{ IFF_MULTI_QUEUE, "multi_queue" },
	{ IFF_NAPI, "napi" },
	{ IFF_NAPI_FRAGS, "napi_frags" },
	{ IFF_BACKPRESSURE, "backpressure" },
	{ 0, NULL }
};

const struct name offload_names[] = {
	{ TUN_F_CSUM, "csum" },
	{ TUN_F_TSO4, "tso4" },
	{ TUN_F_TSO6, "tso6" },
	{ TUN_F_TSO_ECN, "tso_ecn" },
	{ TUN_F_UFO, "ufo" },
	{ TUN_F_USO4, "uso4" },
	{ TUN_F_USO6, "uso6" },
	{ TUN_F_UDP_TUNNEL_GSO, "udp_tunnel" },
	{ TUN_F_UDP_TUNNEL_GSO_CSUM, "udp_tunnel_csum" },
	{ 0, NULL }
};

const char *find_name(const struct name *names, unsigned int value)
{
	for (; names->text; names++)
		if (names->value == value)
			return names->text;
	return NULL;
}

bool find_value(const struct name *names, const char *text, unsigned int *value)
{
	for (; names->text; names++) {
		if (!strcmp(names->text, text)) {
			*value = names->value;
			return true;
		}
	}
	return false;
}

unsigned int parse_names(const char *what, const char *list, const struct name *names)
{
	unsigned int bits = 0, bit;
	char word[32];
	size_t len;

	if (!strcmp(list, "none"))
		return 0;
	for (; *list; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		snprintf(word, sizeof(word), "%.*s", (int)len, list);
		if (!find_value(names, word, &bit))
			wrong_use("%s: '%s' is none of the words it takes", what, word);
		bits |= bit;
	}
	return bits;
}
