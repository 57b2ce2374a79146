/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers and the words for them. */
#ifndef TUNX_TOOL_NAMES_H
#define TUNX_TOOL_NAMES_H

#include <stdbool.h>

/* What headers before Linux 7.3 lack */
#ifndef IFF_BACKPRESSURE
#define IFF_BACKPRESSURE	0x0080
#endif
#ifndef TUN_F_USO4
#define TUN_F_USO4		0x20
#define TUN_F_USO6		0x40
#endif
#ifndef TUN_F_UDP_TUNNEL_GSO
#define TUN_F_UDP_TUNNEL_GSO		0x080
#define TUN_F_UDP_TUNNEL_GSO_CSUM	0x100
#endif

/** struct name - one of a table that ends with a NULL text */
struct name {
	unsigned int value;
	const char *text;
};

/* flags of TUNSETIFF beside the type and IFF_NO_PI */
extern const struct name iff_names[];
/* TUN_F_*, as the words of TUNSETOFFLOAD */
extern const struct name offload_names[];

/** find_name - NULL when @value has none */
const char *find_name(const struct name *names, unsigned int value);

/** find_value - into *@value; false when @text is no word of the table */
bool find_value(const struct name *names, const char *text, unsigned int *value);

/** parse_names - bits from words separated by commas ("none": 0), else wrong_use() */
unsigned int parse_names(const char *what, const char *list, const struct name *names);

#endif
