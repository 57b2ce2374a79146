/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TUNX_COMPAT_LINUX_PTR_RING_H
#define _TUNX_COMPAT_LINUX_PTR_RING_H

#include_next <linux/ptr_ring.h>

/* Appeared in v6.10, as a macro; before, only the irqsave form existed */
#ifndef ptr_ring_resize_multiple_bh
#define ptr_ring_resize_multiple_bh ptr_ring_resize_multiple
#endif

#endif
