/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An io_uring of eight entries, without liburing.
 */
#ifndef SELFTESTS_URING_H
#define SELFTESTS_URING_H

#include <linux/io_uring.h>
#include "tuntest.h"

/* False: this kernel has none, or does not let us */
bool uring_setup(void);
/* io_uring_register() on it; 0, or -1 and errno */
int uring_register(unsigned int op, void *arg, unsigned int n);
/* One request; of a file like ours the offset is -1 */
void uring_submit(const struct io_uring_sqe *sqe);
/* The next completion; false: none after that many ms */
bool uring_next(struct io_uring_cqe *cqe, int msec);
/* Its result; -ETIME: there was none */
int uring_result(int msec);

#endif
