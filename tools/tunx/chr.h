/* SPDX-License-Identifier: GPL-2.0 */
/* What the two files of 'tunx chr' share. */
#ifndef TUNX_TOOL_CHR_H
#define TUNX_TOOL_CHR_H

#include <jansson.h>
#include <linux/virtio_net.h>
#include <stdbool.h>

#include "dev.h"

/**
 * struct chr - one open file and what was done with it
 * @dev: the file; name, type and headers once it is attached
 * @hex: print bytes, too
 * @signals: SIGIO since the last look
 * @vnet: header of the next packet written
 * @results: JSON of each step, or NULL: text as it goes
 * @text: the step
 * @want: error that the step must end with, 0 = none
 * @failed: steps that did not end as they should
 */
struct chr {
	struct dev dev;
	bool hex;
	struct virtio_net_hdr_mrg_rxbuf vnet;
	json_t *results;
	const char *text;
	int want;
	unsigned int failed;
};

/**
 * chr_result - a step ended with @ret; errno counts if that is negative
 * @fmt: what came of it, when it worked
 */
__attribute__((format(printf, 3, 4)))
void chr_result(struct chr *c, long ret, const char *fmt, ...);

/** chr_call - the step is an ioctl by its name; false when there is none of that name */
bool chr_call(struct chr *c, int n, char **words);

/** chr_list_calls - the names and arguments of all ioctls, for --help */
void chr_list_calls(void);

#endif
