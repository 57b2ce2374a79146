/* SPDX-License-Identifier: GPL-2.0 */
/* The counters of `ethtool -S`: of tunx for each queue, of stock none. */
#ifndef TUNX_TOOL_COUNTERS_H
#define TUNX_TOOL_COUNTERS_H

#include <jansson.h>

/** counters_json - an array with an object for each queue, NULL when there are none */
json_t *counters_json(const char *ifname);

/**
 * counters_rates - what changed from @before to @now, per second
 *
 * Both are arrays of objects as 'tunx show' prints them. Of each device remain
 * its name, the counters that changed, and likewise its queues.
 */
json_t *counters_rates(const json_t *before, const json_t *now, double seconds);

#endif
