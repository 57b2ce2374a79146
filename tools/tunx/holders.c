// SPDX-License-Identifier: GPL-2.0
/* Walk /proc/PID/fdinfo. See holders.h. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "holders.h"
#include "util.h"

struct holders {
	struct holder *list;
	size_t n;
};

static bool read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	if (n < 0)
		return false;
	text[n] = '\0';
	return true;
}

static bool fd_ifname(const char *pid, const char *fd, char ifname[IFNAMSIZ])
{
	char path[600], text[512], *line;

	snprintf(path, sizeof(path), "/proc/%s/fdinfo/%s", pid, fd);
	if (!read_text(path, text, sizeof(text)))
		return false;
	line = strstr(text, "\niff:\t");
	return line && sscanf(line, "\niff:\t%15s", ifname) == 1;
}

static bool same_netns(const char *pid)
{
	struct stat own, other;
	char path[300];

	snprintf(path, sizeof(path), "/proc/%s/ns/net", pid);
	return !stat(path, &other) && !stat("/proc/self/ns/net", &own) &&
	       own.st_ino == other.st_ino && own.st_dev == other.st_dev;
}

static void add_holder(struct holders *h, const char *pid_text, const char *fd,
		       const char *ifname)
{
	struct holder *new;
	char path[300];

	new = realloc(h->list, (h->n + 1) * sizeof(*new));
	if (!new)
		die("no memory for the list of processes");
	h->list = new;
	new += h->n++;
	new->pid = atoi(pid_text);
	new->fd = atoi(fd);
	snprintf(new->ifname, sizeof(new->ifname), "%s", ifname);
	snprintf(path, sizeof(path), "/proc/%s/comm", pid_text);
	if (!read_text(path, new->comm, sizeof(new->comm)))
		snprintf(new->comm, sizeof(new->comm), "?");
	new->comm[strcspn(new->comm, "\n")] = '\0';
}

static void scan_process(struct holders *h, const char *pid)
{
	char path[300], ifname[IFNAMSIZ];
	struct dirent *entry;
	DIR *dir;

	/* a name means another device in another namespace */
	if (!same_netns(pid))
		return;
	snprintf(path, sizeof(path), "/proc/%s/fdinfo", pid);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' && fd_ifname(pid, entry->d_name, ifname))
			add_holder(h, pid, entry->d_name, ifname);
	closedir(dir);
}

bool holder_first(const struct holder *list, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (list[k].pid == list[i].pid && !strcmp(list[k].ifname, list[i].ifname))
			return false;
	return true;
}

size_t holders_scan(struct holder **list)
{
	struct holders h = { 0 };
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	while (proc && (entry = readdir(proc)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			scan_process(&h, entry->d_name);
	if (proc)
		closedir(proc);
	*list = h.list;
	return h.n;
}
