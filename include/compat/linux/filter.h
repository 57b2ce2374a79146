/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TUNX_COMPAT_LINUX_FILTER_H
#define _TUNX_COMPAT_LINUX_FILTER_H

#include_next <linux/filter.h>

#ifndef HAVE_BPF_NET_CTX
/* Until v6.10 what a program leaves for its redirect was per CPU */
struct bpf_net_context {
};

static inline struct bpf_net_context *bpf_net_ctx_set(struct bpf_net_context *ctx)
{
	return ctx;
}

static inline void bpf_net_ctx_clear(struct bpf_net_context *ctx)
{
}
#endif

#endif
