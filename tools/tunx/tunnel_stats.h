/* SPDX-License-Identifier: GPL-2.0 */
/* What a tunnel counts; shown on SIGUSR1 and at the end. */
#ifndef TUNX_TOOL_TUNNEL_STATS_H
#define TUNX_TOOL_TUNNEL_STATS_H

#include <stdatomic.h>

enum tunnel_counter {
	COUNT_OUT_PACKETS,		/* device to peer */
	COUNT_OUT_BYTES,
	COUNT_OUT_REFUSED,		/* by the network */
	COUNT_OUT_UNREADY,		/* no keys or no address yet */
	COUNT_IN_PACKETS,		/* peer to device */
	COUNT_IN_BYTES,
	COUNT_IN_REFUSED,		/* by the device */
	COUNT_KEEPALIVES,		/* received */
	COUNT_GARBAGE,			/* no message of ours */
	COUNT_FORGED,
	COUNT_REPLAYED,
	COUNT_UNKNOWN,
	COUNT_LIMITED,
	COUNT_MALFORMED,		/* true, but cannot be unpacked */
	COUNT_SESSIONS,			/* keys agreed on */
	COUNT_ROAMED,			/* the peer's address changed */
	COUNT_CLAMPED,			/* TCP segment sizes lowered */
	COUNTERS,
};

/**
 * struct tunnel_stats - counted by all threads
 * @n: by enum tunnel_counter
 */
struct tunnel_stats {
	atomic_ullong n[COUNTERS];
};

static inline void count(struct tunnel_stats *stats, enum tunnel_counter which,
			 unsigned long long n)
{
	atomic_fetch_add_explicit(&stats->n[which], n, memory_order_relaxed);
}

/** stats_print - one line "name number" for each counter, to stdout */
void stats_print(const struct tunnel_stats *stats);

#endif
