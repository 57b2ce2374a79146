// SPDX-License-Identifier: GPL-2.0
/*
 * The bridge of the driver's documentation: a program that carries frames from
 * one tap to another and back, woken by select() or by SIGIO.
 *
 *	ping side A -- [ ba0 ] == this program == [ ba1 ] -- ping side B (netns)
 *
 * Traffic is UDP and its answers, with the ARP that goes before.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <sys/select.h>
#include <sys/wait.h>
#include "tuntest.h"

#define DATAGRAMS	200

static int tap[2];
static volatile sig_atomic_t pending;

/* Carries all that is there; the number of frames. */
static int carry(int from, int to)
{
	static unsigned char buf[2000];
	int count = 0;
	ssize_t n;

	while ((n = read(from, buf, sizeof(buf))) > 0) {
		if (write(to, buf, n) != n)
			_exit(1);
		count++;
	}
	return count;
}

static void by_select(void)
{
	for (;;) {
		fd_set in;

		FD_ZERO(&in);
		FD_SET(tap[0], &in);
		FD_SET(tap[1], &in);
		if (select((tap[0] > tap[1] ? tap[0] : tap[1]) + 1, &in, NULL, NULL, NULL) < 0)
			_exit(1);
		if (FD_ISSET(tap[0], &in))
			carry(tap[0], tap[1]);
		if (FD_ISSET(tap[1], &in))
			carry(tap[1], tap[0]);
	}
}

static void on_sigio(int sig)
{
	(void)sig;
	pending = 1;
}

/* Signals come only while it sleeps, so that none is missed in between. */
static void by_sigio(void)
{
	sigset_t blocked, open;
	int i;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGIO);
	sigprocmask(SIG_BLOCK, &blocked, &open);
	catch_signal(SIGIO, on_sigio, 0);
	for (i = 0; i < 2; i++)
		if (fcntl(tap[i], F_SETOWN, getpid()) ||
		    fcntl(tap[i], F_SETFL, O_NONBLOCK | O_ASYNC))
			_exit(1);
	for (pending = 1;;) {
		while (!pending)
			sigsuspend(&open);
		pending = 0;
		carry(tap[0], tap[1]);
		carry(tap[1], tap[0]);
	}
}

static int udp(const char *addr)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(7000) };
	int fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	must(inet_pton(AF_INET, addr, &sin.sin_addr));
	must(bind(fd, (void *)&sin, sizeof(sin)));
	return fd;
}

/* Sends back what comes, until it is killed. */
static void echo(int fd)
{
	struct sockaddr_in from;
	socklen_t size;
	char buf[2000];

	for (;;) {
		ssize_t n;

		size = sizeof(from);
		n = recvfrom(fd, buf, sizeof(buf), 0, (void *)&from, &size);
		if (n >= 0)
			sendto(fd, buf, n, 0, (void *)&from, size);
	}
}

static pid_t start(void (*fn)(void))
{
	pid_t pid = must(fork());

	if (!pid) {
		fn();
		_exit(0);
	}
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static int echo_fd;

static void echo_side(void)
{
	echo(echo_fd);
}

static int talk(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(7000) };
	char out[1400], in[2000];
	int fd = udp("10.4.0.1"), i, good = 0, len;

	must(inet_pton(AF_INET, "10.4.0.2", &to.sin_addr));
	must(connect(fd, (void *)&to, sizeof(to)));
	for (i = 0; i < DATAGRAMS; i++) {
		len = i * 7 % 1400;
		pkt_fill(out, len, i);
		must(send(fd, out, len, 0));
		good += readable(fd, 10000) && recv(fd, in, sizeof(in), 0) == len &&
			!memcmp(in, out, len);
	}
	close(fd);
	return good;
}

static void bridge(const char *how, void (*program)(void))
{
	int home = netns_open(), away = netns_another();
	pid_t carrier, answers;

	tap[0] = tun_new("ba0", IFF_TAP | IFF_NO_PI);
	tap[1] = tun_new("ba1", IFF_TAP | IFF_NO_PI);
	must(nl_set_netns("ba1", away));
	must(if_addr("ba0", "10.4.0.1", 24));
	must(if_up("ba0"));
	netns_enter(away);
	must(if_addr("ba1", "10.4.0.2", 24));
	must(if_up("ba1"));
	echo_fd = udp("10.4.0.2");
	netns_enter(home);
	carrier = start(program);
	answers = start(echo_side);
	is(talk(), DATAGRAMS, "bridged by %s: %d datagrams and their answers", how, DATAGRAMS);
	is(waitpid(carrier, NULL, WNOHANG), 0, "bridged by %s: the program is content", how);
	end(answers);
	end(carrier);
	close(echo_fd);
	close(tap[0]);
	close(tap[1]);
	close(home);
	close(away);
}

int main(void)
{
	ktap_begin();
	netns_new();
	bridge("select", by_select);
	bridge("SIGIO", by_sigio);
	return ktap_end();
}
