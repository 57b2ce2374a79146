/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TUNX_COMPAT_LINUX_SKBUFF_H
#define _TUNX_COMPAT_LINUX_SKBUFF_H

#include_next <linux/skbuff.h>

/* The callback moved into a table in v6.10 */
static inline void compat_ubuf_complete(struct ubuf_info *ubuf, bool zerocopy)
{
#ifdef HAVE_UBUF_INFO_OPS
	ubuf->ops->complete(NULL, ubuf, zerocopy);
#else
	ubuf->callback(NULL, ubuf, zerocopy);
#endif
}

/* v6.12; before that, no frame's memory was out of the CPU's reach */
#ifndef HAVE_SKB_FRAGS_READABLE
static inline bool skb_frags_readable(const struct sk_buff *skb)
{
	return true;
}
#endif

#endif
