/* SPDX-License-Identifier: GPL-2.0 */
/* errno.h of the C library includes us, too. */
#include_next <linux/errno.h>
