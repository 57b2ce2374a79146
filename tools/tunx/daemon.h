/* SPDX-License-Identifier: GPL-2.0 */
/* What commands that stay share: addresses, secrets, signals to read, rights to drop. */
#ifndef TUNX_TOOL_DAEMON_H
#define TUNX_TOOL_DAEMON_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>

/**
 * resolve - "10.0.0.1:6000", "[fe80::1%eth0]:6000", "vpn.example.org:6000"
 * @what: the option, for messages
 * @family: AF_UNSPEC: either
 * @port: there must be one; else there is none
 *
 * Return: the length of @sa; wrong_use() ends the program
 */
socklen_t resolve(const char *what, const char *text, int family, bool port,
		  struct sockaddr_storage *sa);

/** open_secret - a file to read that others should not; ends the program if it is not there */
FILE *open_secret(const char *what, const char *name);

/**
 * catch_signals - SIGINT, SIGTERM and SIGUSR1, before there are threads, so that
 * none gets them
 *
 * Return: a signalfd, non-blocking
 */
int catch_signals(void);

/** next_signal - Return: its number, 0: there is none */
int next_signal(int fd);

/** drop_rights - become @user (NULL: nobody): there is nothing left to do that takes rights */
void drop_rights(const char *user);

#endif
