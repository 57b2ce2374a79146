/* SPDX-License-Identifier: GPL-2.0 */
/* Which processes have which device attached: the "iff:" line of fdinfo. */
#ifndef TUNX_TOOL_HOLDERS_H
#define TUNX_TOOL_HOLDERS_H

#include <net/if.h>
#include <stddef.h>
#include <sys/types.h>

/**
 * struct holder - a process that holds a device
 * @pid: process
 * @fd: number of one of its files there
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
 * holders_scan - the processes of our network namespace that hold a device
 * @list: result, to be freed
 *
 * Sees only what the caller may see: without root, the own processes.
 */
size_t holders_scan(struct holder **list);

#endif
