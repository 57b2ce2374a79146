/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TUNX_COMPAT_LINUX_IO_URING_CMD_H
#define _TUNX_COMPAT_LINUX_IO_URING_CMD_H

/* A file of its own since v6.8 */
#ifdef HAVE_IO_URING_CMD_H
#include_next <linux/io_uring/cmd.h>
#else
#include <linux/io_uring.h>
#endif

#endif
