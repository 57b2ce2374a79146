/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Programs by raw bpf(2), put together by hand: the tests need no compiler for
 * BPF and no library.
 */
#ifndef SELFTESTS_BPF_H
#define SELFTESTS_BPF_H

#include <linux/bpf.h>
#include <linux/if_link.h>
#include "tuntest.h"

#define INSN(c, d, s, o, i) ((struct bpf_insn){		\
	.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })

#define BPF_MOV_IMM(dst, imm)	INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm)
#define BPF_MOV_REG(dst, src)	INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define BPF_ADD_IMM(dst, imm)	INSN(BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, imm)
#define BPF_LOAD32(dst, src, off) INSN(BPF_LDX | BPF_MEM | BPF_W, dst, src, off, 0)
#define BPF_LOAD8(dst, src, off) INSN(BPF_LDX | BPF_MEM | BPF_B, dst, src, off, 0)
#define BPF_STORE8(dst, off, imm) INSN(BPF_ST | BPF_MEM | BPF_B, dst, 0, off, imm)
#define BPF_STORE32(dst, off, imm) INSN(BPF_ST | BPF_MEM | BPF_W, dst, 0, off, imm)
#define BPF_STORE32_REG(dst, off, src) INSN(BPF_STX | BPF_MEM | BPF_W, dst, src, off, 0)
#define BPF_CMP(op, dst, src, off) INSN(BPF_JMP | (op) | BPF_X, dst, src, off, 0)
#define BPF_CMP_IMM(op, dst, imm, off) INSN(BPF_JMP | (op) | BPF_K, dst, 0, off, imm)
#define BPF_HELPER(id)		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, id)
#define BPF_LEAVE			INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
/* The address of a map takes two instructions, one behind the other. */
#define BPF_LOAD_MAP(dst, fd)	INSN(BPF_LD | BPF_DW | BPF_IMM, dst, BPF_PSEUDO_MAP_FD, 0, fd)
#define BPF_LOAD_MAP_HIGH	INSN(0, 0, 0, 0, 0)

/* The kernel's log goes to stdout as comments when it refuses the program. */
int bpf_load(enum bpf_prog_type type, const struct bpf_insn *insns, size_t n);
#define BPF_PROG(type, ...) ({						\
	const struct bpf_insn _insns[] = { __VA_ARGS__ };		\
	bpf_load(type, _insns, ARRAY_SIZE(_insns));			\
})
#define BPF_PROG_RETURN(type, value) \
	BPF_PROG(type, BPF_MOV_IMM(BPF_REG_0, value), BPF_LEAVE)

int bpf_map(enum bpf_map_type type, size_t key, size_t value, int entries);
int bpf_map_set(int map, uint32_t key, const void *value);
int bpf_map_get(int map, uint32_t key, void *value);

/* IFLA_XDP; @prog -1 detaches. @flags are XDP_FLAGS_*. */
int xdp_attach(const char *name, int prog, unsigned int flags);
/*
 * Attaches @prog to a tap of its own, whose file is returned. Where a program is
 * attached first, and last, the kernel patches its dispatcher. An emulated
 * processor that is in there may see the old code too long, and die: before a
 * program changes under traffic, let it be attached elsewhere.
 */
int xdp_keep(int prog);

#endif /* SELFTESTS_BPF_H */
