// SPDX-License-Identifier: GPL-2.0
/* See daemon.h. */
#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon.h"
#include "util.h"

socklen_t resolve(const char *what, const char *text, int family, bool port,
		  struct sockaddr_storage *sa)
{
	const struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_DGRAM };
	const char *colon = port ? strrchr(text, ':') : text + strlen(text);
	struct addrinfo *found;
	socklen_t len;
	char host[256];
	int n, err;

	if (!colon || (port && !colon[1]))
		wrong_use("%s: '%s' has no port; write ADDRESS:PORT or [ADDRESS]:PORT", what, text);
	n = colon - text;
	if (n > 1 && text[0] == '[' && text[n - 1] == ']')
		n = snprintf(host, sizeof(host), "%.*s", n - 2, text + 1);
	else
		n = snprintf(host, sizeof(host), "%.*s", n, text);
	if (n >= (int)sizeof(host))
		wrong_use("%s: '%s' is too long", what, text);
	err = getaddrinfo(host, port ? colon + 1 : NULL, &hints, &found);
	if (err)
		wrong_use("%s: '%s': %s", what, text, gai_strerror(err));
	len = found->ai_addrlen;
	memcpy(sa, found->ai_addr, len);
	freeaddrinfo(found);
	return len;
}

FILE *open_secret(const char *what, const char *name)
{
	FILE *in = fopen(name, "re");
	struct stat st;

	if (!in)
		die("reading %s %s: %s", what, name, strerror(errno));
	if (!fstat(fileno(in), &st) && S_ISREG(st.st_mode) && st.st_mode & 077)
		warning("others may read %s %s: 'chmod 600 %s'", what, name, name);
	return in;
}

int catch_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		die("blocking signals: %s", strerror(errno));
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		die("signalfd: %s", strerror(errno));
	return fd;
}

int next_signal(int fd)
{
	struct signalfd_siginfo info;

	return read(fd, &info, sizeof(info)) == sizeof(info) ? (int)info.ssi_signo : 0;
}

void drop_rights(const char *user)
{
	const struct passwd *pw;

	if (!geteuid()) {
		pw = getpwnam(user ? user : "nobody");
		if (!pw)
			die("there is no user '%s'; name another: --user", user ? user : "nobody");
		if (setgroups(0, NULL) || setgid(pw->pw_gid) || setuid(pw->pw_uid))
			die("becoming user %s: %s", pw->pw_name, strerror(errno));
	} else if (user) {
		warning("--user is for root; going on as we are");
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		die("dropping rights: %s", strerror(errno));
}
