/* SPDX-License-Identifier: GPL-2.0 */
/* Which processes have which device attached: the "iff:" line of fdinfo. */
#ifndef TUNX_TOOL_HOLDERS_H
#define TUNX_TOOL_HOLDERS_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/**
 * struct holder - a file of a process that has a device attached
 * @pid: process
 * @fd: number of the file there
 * @comm: name of the process
 * @ifname: name of the device
 */
struct holder {
	pid_t pid;
	int fd;
	char comm[32];
	char ifname[IFNAMSIZ];
};

/**
 * holders_scan - the files by which processes of our network namespace hold devices
 * @list: result, to be freed
 *
 * Sees only what the caller may see: without root, the own processes.
 */
size_t holders_scan(struct holder **list);

/** holder_first - whether entry @i is its process's first for that device */
bool holder_first(const struct holder *list, size_t i);

#endif
