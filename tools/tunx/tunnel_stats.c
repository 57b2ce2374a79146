// SPDX-License-Identifier: GPL-2.0
/* See tunnel_stats.h. */
#include <stdio.h>

#include "tunnel_stats.h"

static const char *const names[COUNTERS] = {
	[COUNT_OUT_PACKETS] = "out packets",
	[COUNT_OUT_BYTES] = "out bytes",
	[COUNT_OUT_REFUSED] = "out refused",
	[COUNT_OUT_UNREADY] = "out unready",
	[COUNT_IN_PACKETS] = "in packets",
	[COUNT_IN_BYTES] = "in bytes",
	[COUNT_IN_REFUSED] = "in refused",
	[COUNT_KEEPALIVES] = "keepalives",
	[COUNT_GARBAGE] = "garbage",
	[COUNT_FORGED] = "forged",
	[COUNT_REPLAYED] = "replayed",
	[COUNT_UNKNOWN] = "unknown keys",
	[COUNT_LIMITED] = "hellos limited",
	[COUNT_MALFORMED] = "malformed",
	[COUNT_SESSIONS] = "sessions",
	[COUNT_ROAMED] = "roamed",
	[COUNT_CLAMPED] = "clamped",
};

void stats_print(const struct tunnel_stats *stats)
{
	for (int i = 0; i < COUNTERS; i++)
		printf("%-15s %llu\n", names[i],
		       atomic_load_explicit(&stats->n[i], memory_order_relaxed));
	fflush(stdout);
}
