/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TUNX_COMPAT_LINUX_SLAB_H
#define _TUNX_COMPAT_LINUX_SLAB_H

#include_next <linux/slab.h>

/* v7.0, and backported to some */
#ifndef kzalloc_obj
#define kzalloc_obj(obj, flags) kzalloc(sizeof(obj), flags)
#endif
#ifndef kvzalloc_obj
#define kvzalloc_obj(obj, flags) kvzalloc(sizeof(obj), flags)
#endif

#endif
