// SPDX-License-Identifier: GPL-2.0
/* /sys/kernel/tracing/instances. See tracefs.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tracefs.h"
#include "util.h"

#define TRACING	"/sys/kernel/tracing"

static char instance[128];

static void tracefs_close(void)
{
	tracefs_write("tracing_on", "0");
	tracefs_write("current_tracer", "nop");
	rmdir(instance);
}

/* Where nobody mounted it, or a namespace hides it, it is mounted for us alone. */
static void mount_tracefs(void)
{
	if (!access(TRACING "/instances", F_OK))
		return;
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tracefs", TRACING, "tracefs", 0, NULL))
		die("mounting tracefs on " TRACING ": %s%s", strerror(errno),
		    errno == EPERM || errno == EACCES ? " (needs root)" : "");
}

void tracefs_open(void)
{
	mount_tracefs();
	snprintf(instance, sizeof(instance), TRACING "/instances/tunx-%d", (int)getpid());
	if (mkdir(instance, 0700))
		die("making a trace buffer, %s: %s%s", instance, strerror(errno),
		    errno == EPERM || errno == EACCES ? " (needs root)" : "");
	atexit(tracefs_close);
	tracefs_write("tracing_on", "0");
}

static int open_file(const char *file, int flags)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", instance, file);
	return open(path, flags | O_CLOEXEC);
}

bool tracefs_write(const char *file, const char *text)
{
	/* lists are added to, also by a first write */
	int fd = open_file(file, O_WRONLY | O_APPEND);
	bool good;

	if (fd < 0)
		return false;
	good = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return good;
}

char *tracefs_read(const char *file)
{
	int fd = open_file(file, O_RDONLY);
	size_t size = 0, room = 1 << 16;
	char *text = malloc(room);
	ssize_t n = 0;

	while (text && fd >= 0 && (n = read(fd, text + size, room - size - 1)) > 0) {
		size += n;
		if (size + 1 == room)
			text = realloc(text, room *= 2);
	}
	if (!text)
		die("no memory for a trace");
	text[size] = '\0';
	if (fd >= 0)
		close(fd);
	return text;
}

bool tracefs_has(const char *file, const char *word)
{
	char *text = tracefs_read(file), *next, *one;
	bool found = false;

	for (one = strtok_r(text, "\n ", &next); one && !found; one = strtok_r(NULL, "\n ", &next))
		found = !strcmp(one, word);
	free(text);
	return found;
}
