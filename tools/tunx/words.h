/* SPDX-License-Identifier: GPL-2.0 */
/* The words of `ip tuntap`: dev X mode tun user U group G pi ... */
#ifndef TUNX_TOOL_WORDS_H
#define TUNX_TOOL_WORDS_H

#include <stdint.h>

#include "dev.h"

/**
 * struct words - a device described in words
 * @req: name, type and flags
 * @user: owner, -1 = none
 * @group: group, -1 = none
 */
struct words {
	struct dev_request req;
	int64_t user;
	int64_t group;
};

/** parse_words - @argv from optind on; ends the program on an unknown word */
void parse_words(int argc, char **argv, struct words *words);

/* By name or number; wrong_use() when there is no such user or group */
int64_t user_id(const char *text);
int64_t group_id(const char *text);

#endif
