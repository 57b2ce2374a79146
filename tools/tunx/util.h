/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every subcommand needs: messages, numbers, options, waiting.
 *
 * Errors end the program: a command line tool has nothing to roll back that
 * closing its files would not, and exit code and message stay together.
 * 0 = done, 1 = failed, 2 = wrong use.
 */
#ifndef TUNX_TOOL_UTIL_H
#define TUNX_TOOL_UTIL_H

#include <getopt.h>
#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>
#include <time.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define EXIT_USAGE	2
#define NSEC_PER_SEC	1000000000ULL

/** set_command - the name ("tunx dump") that messages start with */
void set_command(const char *name);
const char *command(void);

__attribute__((format(printf, 1, 2)))
void warning(const char *fmt, ...);
__attribute__((format(printf, 1, 2)))
noreturn void die(const char *fmt, ...);
/** wrong_use - as die(), and points to --help; exit code 2 */
__attribute__((format(printf, 1, 2)))
noreturn void wrong_use(const char *fmt, ...);

/** parse_number - decimal, hex or octal within [@min, @max], else wrong_use() */
unsigned long long parse_number(const char *what, const char *text,
				unsigned long long min, unsigned long long max);

/** parse_on_off - else wrong_use() */
bool parse_on_off(const char *what, const char *text);

/** parse_mac - "02:00:5e:10:00:01" to six bytes, else wrong_use() */
void parse_mac(const char *what, const char *text, uint8_t mac[6]);

/** print_json - with a newline; --json */
void print_json(const json_t *json, bool pretty);

/**
 * catch_stop - turn SIGINT and SIGTERM into the end of wait_for()
 *
 * A command that counts packets prints its totals before it ends.
 */
void catch_stop(void);

/**
 * wait_for - wait until one of @fds is ready or @timeout (NULL: none) is over
 *
 * Return: false when the user asked to stop.
 */
bool wait_for(struct pollfd *fds, nfds_t n, const struct timespec *timeout);

#endif
