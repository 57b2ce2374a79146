/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TUNX_COMPAT_LINUX_UIO_H
#define _TUNX_COMPAT_LINUX_UIO_H

#include_next <linux/uio.h>

/* v6.4; before, the field could be read as it is */
#ifndef HAVE_ITER_IOV
#define iter_iov(iter) ((iter)->iov)
#endif

#endif
