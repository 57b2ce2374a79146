// SPDX-License-Identifier: GPL-2.0
/* Just enough bpf(2). */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include "bpf.h"

static int sys_bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static void print_log(char *log)
{
	char *line;

	for (line = strtok(log, "\n"); line; line = strtok(NULL, "\n"))
		printf("# %s\n", line);
}

int bpf_load(enum bpf_prog_type type, const struct bpf_insn *insns, size_t n)
{
	static char log[16384];
	union bpf_attr attr = {
		.prog_type = type,
		.insns = (uintptr_t)insns,
		.insn_cnt = n,
		.license = (uintptr_t)"GPL",
	};
	int fd = sys_bpf(BPF_PROG_LOAD, &attr), err = errno;

	if (fd < 0) {
		attr.log_buf = (uintptr_t)log;
		attr.log_size = sizeof(log);
		attr.log_level = 1;
		sys_bpf(BPF_PROG_LOAD, &attr);
		print_log(log);
	}
	errno = err;
	return fd;
}

int bpf_map(enum bpf_map_type type, size_t key, size_t value, int entries)
{
	union bpf_attr attr = {
		.map_type = type,
		.key_size = key,
		.value_size = value,
		.max_entries = entries,
	};

	return sys_bpf(BPF_MAP_CREATE, &attr);
}

int bpf_map_set(int map, uint32_t key, const void *value)
{
	union bpf_attr attr = {
		.map_fd = map,
		.key = (uintptr_t)&key,
		.value = (uintptr_t)value,
	};

	return sys_bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

int bpf_map_get(int map, uint32_t key, void *value)
{
	union bpf_attr attr = {
		.map_fd = map,
		.key = (uintptr_t)&key,
		.value = (uintptr_t)value,
	};

	return sys_bpf(BPF_MAP_LOOKUP_ELEM, &attr);
}
