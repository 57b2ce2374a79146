/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TUNX_COMPAT_LINUX_FS_H
#define _TUNX_COMPAT_LINUX_FS_H

#include_next <linux/fs.h>

#ifndef HAVE_FILE_F_OWNER_ALLOCATE
/* Until v6.12 the owner was part of struct file */
static inline int file_f_owner_allocate(struct file *file)
{
	return 0;
}
#endif

#endif
