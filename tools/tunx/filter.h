/* SPDX-License-Identifier: GPL-2.0 */
/* Filter expressions, as of tcpdump. */
#ifndef TUNX_TOOL_FILTER_H
#define TUNX_TOOL_FILTER_H

#include <linux/filter.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stddef.h>

/** filter_compile - for packets of a tap or a tun; wrong_use() when it is none */
void filter_compile(const char *what, const char *text, bool tap, struct bpf_program *program);

/** filter_fprog - what the kernel takes, of the same instructions */
static inline struct sock_fprog filter_fprog(const struct bpf_program *program)
{
	return (struct sock_fprog){ .len = program->bf_len,
				    .filter = (struct sock_filter *)program->bf_insns };
}

/** join_words - @words with blanks between them, to be freed */
char *join_words(int n, char **words);

#endif
