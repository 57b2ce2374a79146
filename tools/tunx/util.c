// SPDX-License-Identifier: GPL-2.0
/* Messages, numbers, signals. See util.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>

#include "util.h"

static const char *command_name = "tunx";

void set_command(const char *name)
{
	command_name = name;
}

const char *command(void)
{
	return command_name;
}

__attribute__((format(printf, 1, 0)))
static void message(const char *fmt, va_list args)
{
	fprintf(stderr, "%s: ", command_name);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
}

void warning(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	message(fmt, args);
	va_end(args);
}

void die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	message(fmt, args);
	va_end(args);
	exit(EXIT_FAILURE);
}

void wrong_use(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	message(fmt, args);
	va_end(args);
	fprintf(stderr, "Try '%s --help'.\n", command_name);
	exit(EXIT_USAGE);
}

unsigned long long parse_number(const char *what, const char *text,
				unsigned long long min, unsigned long long max)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	/* strtoull() takes "-1" for the largest number */
	if (errno || end == text || *end || strchr(text, '-') || value < min || value > max)
		wrong_use("%s: '%s' is not a number from %llu to %llu", what, text, min, max);
	return value;
}

bool parse_on_off(const char *what, const char *text)
{
	if (!strcmp(text, "on"))
		return true;
	if (!strcmp(text, "off"))
		return false;
	wrong_use("%s: '%s' is neither on nor off", what, text);
}

void parse_mac(const char *what, const char *text, uint8_t mac[6])
{
	int used = -1;

	if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2],
		   &mac[3], &mac[4], &mac[5], &used) != 6 || used < 0 || text[used])
		wrong_use("%s: '%s' is not a MAC address like 02:00:5e:10:00:01", what, text);
}

void print_json(const json_t *json, bool pretty)
{
	json_dumpf(json, stdout, pretty ? JSON_INDENT(4) : JSON_COMPACT);
	putchar('\n');
}

static int stop_fd = -1;

void catch_stop(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		die("blocking signals: %s", strerror(errno));
	/* a descriptor, not a handler: seen also when packets never pause */
	stop_fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (stop_fd < 0)
		die("signalfd: %s", strerror(errno));
}

bool wait_for(struct pollfd *fds, nfds_t n, const struct timespec *timeout)
{
	struct pollfd all[4] = { 0 };

	if (n >= ARRAY_SIZE(all))
		die("waiting for too many files");
	if (n)
		memcpy(all, fds, n * sizeof(*fds));
	all[n].fd = stop_fd;
	all[n].events = POLLIN;
	if (ppoll(all, n + 1, timeout, NULL) < 0 && errno != EINTR)
		die("poll: %s", strerror(errno));
	if (n)
		memcpy(fds, all, n * sizeof(*fds));
	return !all[n].revents;
}
