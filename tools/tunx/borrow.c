// SPDX-License-Identifier: GPL-2.0
/* pidfd_getfd(). See borrow.h. */
#include <linux/kcmp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "borrow.h"
#include "dev.h"
#include "holders.h"
#include "link.h"
#include "util.h"

static int borrow(const struct holder *holder)
{
	int pidfd = syscall(SYS_pidfd_open, holder->pid, 0), fd;

	if (pidfd < 0)
		return -1;
	fd = syscall(SYS_pidfd_getfd, pidfd, holder->fd, 0);
	close(pidfd);
	return fd;
}

/* Processes share files: fork(), SCM_RIGHTS */
static bool have(const int *fds, size_t n, int fd)
{
	for (size_t i = 0; i < n; i++)
		if (!syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, fds[i], fd))
			return true;
	return false;
}

size_t borrow_files(const char *name, int **fds)
{
	struct holder *holders;
	size_t n = 0, held;
	int fd;

	held = holders_scan(&holders);
	*fds = calloc(held + 1, sizeof(**fds));
	if (!*fds)
		die("no memory for the list of files");
	for (size_t i = 0; i < held; i++) {
		if (strcmp(holders[i].ifname, name))
			continue;
		fd = borrow(&holders[i]);
		if (fd < 0)
			continue;
		if (have(*fds, n, fd))
			close(fd);
		else
			(*fds)[n++] = fd;
	}
	free(holders);
	return n;
}

int borrow_file(const char *name)
{
	int *fds, fd;
	size_t n = borrow_files(name, &fds);

	fd = n ? fds[0] : -1;
	for (size_t i = 1; i < n; i++)
		close(fds[i]);
	free(fds);
	return fd;
}

int file_of(const char *name, const char *node)
{
	struct dev_request req = { .node = node, .name = name };
	struct link link;
	struct dev dev;
	int fd;

	if (!link_get(name, &link) || !link_is_tun(&link))
		die("there is no tun/tap device '%s' in this network namespace", name);
	fd = borrow_file(name);
	if (fd >= 0)
		return fd;
	dev_attach(&dev, &req);
	return dev.fd;
}
