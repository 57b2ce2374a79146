/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One failure at a time: an operation runs again and again, and each time the
 * next one of the allocations and user copies that happen below the driver's
 * functions fails, until it gets to its end without a failure.
 */
#ifndef SELFTESTS_FAULT_H
#define SELFTESTS_FAULT_H

#include "tuntest.h"

struct fault {
	const char *name;
	/* All but @call may be NULL. What @call needs; it must not fail. */
	void (*prepare)(void);
	/* The operation, like a system call. Nothing else fails in there. */
	long (*call)(void);
	/* @err is 0 or the errno of @call: is everything as it should be? */
	bool (*check)(int err);
	/* Takes back what @call did, whole or in part. */
	void (*undo)(void);
	int errs[4];		/* what @call may fail with */
};

/* Before netns_new(): leaves with a skip where no failure can be asked for. */
void fault_or_skip(void);
/*
 * What is made to fail from here on: all that happens below the driver, or only
 * what it asks for itself, where another operation has failed the core's before.
 */
void fault_depth(bool all);
/* The result is one line for the operation. */
void fault_try(const struct fault *fault);
void fault_end(void);		/* how many points there were */

#endif /* SELFTESTS_FAULT_H */
