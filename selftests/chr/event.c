// SPDX-License-Identifier: GPL-2.0
/*
 * Readiness: poll, level and edge triggered epoll, and SIGIO.
 *
 * Readable means the ring holds a packet; writable means the device is up and
 * the send buffer has room.
 */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/wait.h>
#include "tuntest.h"

#define ALL	(POLLIN | POLLRDNORM | POLLPRI | POLLOUT | POLLWRNORM | \
		 POLLERR | POLLHUP | POLLRDHUP)
#define OUT	(POLLOUT | POLLWRNORM)
#define IN	(POLLIN | POLLRDNORM)

static int events(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = ALL };

	must(poll(&pfd, 1, 0));
	return pfd.revents;
}

static void polling(void)
{
	int fd = tun_open(O_RDWR | O_NONBLOCK);
	struct nl_reply reply;
	char buf[2000];

	is(events(fd), POLLERR, "unattached: POLLERR alone");
	must(tun_setiff(fd, "ev0", IFF_TUN | IFF_NO_PI));
	is(events(fd), 0, "attached and down: nothing");
	must(if_up("ev0"));
	is(events(fd), OUT, "up: writable");
	must(stack_send("ev0", 10, 1));
	must(stack_send("ev0", 10, 2));
	is(events(fd), IN | OUT, "a packet: readable");
	must(read(fd, buf, sizeof(buf)));
	is(events(fd), IN | OUT, "one of two read: still readable");
	must(read(fd, buf, sizeof(buf)));
	is(events(fd), OUT, "both read: no longer");
	must(stack_send("ev0", 10, 3));
	must(if_down("ev0"));
	is(events(fd), IN, "down with a packet queued: readable, not writable");
	must(if_up("ev0"));
	must(nl_dellink("ev0", &reply));
	is(events(fd), POLLERR, "deleted: POLLERR alone");
	must(tun_setiff(fd, "ev0", IFF_TAP));
	is(events(fd), 0, "attached again: nothing");
	close(fd);
}

static void detached(void)
{
	int a = tun_new("ev1", IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE);
	int b = tun_new("ev1", IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE);

	must(if_up("ev1"));
	must(tun_queue(a, IFF_DETACH_QUEUE));
	must(stack_send("ev1", 10, 1));
	is(events(a), OUT, "a detached queue is writable, never readable");
	is(events(b), IN | OUT, "the packet is on the attached one");
	must(tun_queue(b, IFF_DETACH_QUEUE));
	is(events(b), OUT, "detaching purged its packet");
	must(if_down("ev1"));
	is(events(b), 0, "detached and down: nothing");
	close(a);
	close(b);
}

static void other_calls(void)
{
	int fd = tun_new("ev2", IFF_TUN | IFF_NO_PI);
	struct timeval zero = { 0 };
	fd_set in, out, ex;
	char buf[100];

	must(if_up("ev2"));
	must(stack_send("ev2", 10, 1));
	FD_ZERO(&in);
	FD_SET(fd, &in);
	out = in;
	ex = in;
	is(select(fd + 1, &in, &out, &ex, &zero), 2, "select sees both directions");
	ok(FD_ISSET(fd, &in) && FD_ISSET(fd, &out) && !FD_ISSET(fd, &ex),
	   "and no exception");
	must(read(fd, buf, sizeof(buf)));
	FD_ZERO(&in);
	FD_SET(fd, &in);
	is(select(fd + 1, &in, NULL, NULL, &zero), 0, "select: nothing to read");
	close(fd);
}

/* A sleeping poll must be woken by what happens on the other side. */
static int poll_while(int fd, int events, const char *name, char what)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	struct nl_reply reply;
	pid_t pid = must(fork());

	if (!pid) {
		usleep(50000);
		if (what == 's')
			stack_send(name, 10, 1);
		else if (what == 'u')
			if_up(name);
		else
			nl_dellink(name, &reply);
		_exit(0);
	}
	must(poll(&pfd, 1, 10000));
	must(waitpid(pid, NULL, 0));
	return pfd.revents;
}

static void wakes(void)
{
	int fd = tun_new("ev3", IFF_TUN | IFF_NO_PI);

	is(poll_while(fd, POLLOUT, "ev3", 'u'), POLLOUT, "going up wakes a writer's poll");
	is(poll_while(fd, POLLIN, "ev3", 's'), POLLIN, "a packet wakes a reader's poll");
	drain(fd);
	is(poll_while(fd, POLLIN, "ev3", 'x'), POLLERR, "deletion wakes poll");
	close(fd);
}

static int ep_wait(int ep, int msec)
{
	struct epoll_event ev = { 0 };
	int n = must(epoll_wait(ep, &ev, 1, msec));

	return n ? (int)ev.events : 0;
}

static int ep_new(int fd, unsigned int mask)
{
	struct epoll_event ev = { .events = mask };
	int ep = must(epoll_create1(EPOLL_CLOEXEC));

	must(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
	return ep;
}

static void epolls(void)
{
	int fd = tun_open(O_RDWR | O_NONBLOCK), ep = ep_new(fd, EPOLLIN);
	char buf[100];

	is(ep_wait(ep, 0), EPOLLERR, "epoll, unattached: EPOLLERR");
	close(ep);
	must(tun_setiff(fd, "ev4", IFF_TUN | IFF_NO_PI));
	ep = ep_new(fd, EPOLLIN);
	is(ep_wait(ep, 0), 0, "epoll, attached: nothing");
	must(if_up("ev4"));
	must(stack_send("ev4", 10, 1));
	is(ep_wait(ep, 1000), EPOLLIN, "level: readable");
	is(ep_wait(ep, 0), EPOLLIN, "level: and again, until read");
	must(read(fd, buf, sizeof(buf)));
	is(ep_wait(ep, 0), 0, "level: not any more");
	close(ep);

	ep = ep_new(fd, EPOLLIN | EPOLLET);
	must(stack_send("ev4", 10, 1));
	is(ep_wait(ep, 1000), EPOLLIN, "edge: the first packet is an event");
	is(ep_wait(ep, 0), 0, "edge: once");
	must(stack_send("ev4", 10, 2));
	is(ep_wait(ep, 1000), EPOLLIN, "edge: so is the second, with the first unread");
	drain(fd);
	must(stack_send("ev4", 10, 3));
	is(ep_wait(ep, 1000), EPOLLIN, "edge: and the next after draining");
	drain(fd);
	close(ep);

	must(if_down("ev4"));
	ep = ep_new(fd, EPOLLOUT | EPOLLET);
	is(ep_wait(ep, 0), 0, "edge: a device that is down is not writable");
	must(if_up("ev4"));
	is(ep_wait(ep, 1000), EPOLLOUT, "edge: going up is an event");
	is(ep_wait(ep, 0), 0, "edge: once");
	close(ep);
	close(fd);
}

/* Whether signal @sig comes within @msec; fills @info. */
static bool signalled(int sig, int msec, siginfo_t *info)
{
	struct timespec ts = { msec / 1000, msec % 1000 * 1000000 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	return sigtimedwait(&set, info, &ts) == sig;
}

static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigaddset(&set, SIGRTMIN);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
}

static int set_async(int fd, bool on)
{
	return fcntl(fd, F_SETFL, O_NONBLOCK | (on ? O_ASYNC : 0));
}

static void sigio(void)
{
	int fd = tun_new("ev5", IFF_TUN | IFF_NO_PI);
	siginfo_t info;

	must(if_up("ev5"));
	is(fcntl(fd, F_GETOWN), 0, "SIGIO: no owner at first");
	result(set_async(fd, true), 0, "SIGIO: O_ASYNC is accepted");
	is(fcntl(fd, F_GETOWN), getpid(), "SIGIO: makes the caller the owner");
	must(stack_send("ev5", 10, 1));
	ok(signalled(SIGIO, 1000, &info), "SIGIO: a packet raises it");

	must(fcntl(fd, F_SETSIG, SIGRTMIN));
	must(stack_send("ev5", 10, 2));
	ok(signalled(SIGRTMIN, 1000, &info), "SIGIO: F_SETSIG picks the signal");
	is(info.si_fd, fd, "SIGIO: si_fd is the file");
	is(info.si_code, POLL_IN, "SIGIO: si_code is POLL_IN");
	ok(info.si_band & POLLIN, "SIGIO: si_band has POLLIN");
	must(stack_send("ev5", 10, 3));
	must(stack_send("ev5", 10, 4));
	ok(signalled(SIGRTMIN, 1000, &info) && signalled(SIGRTMIN, 1000, &info),
	   "SIGIO: one per packet");
	ok(!signalled(SIGRTMIN, 0, &info), "SIGIO: and no more");

	must(if_down("ev5"));
	must(poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, 0));
	must(if_up("ev5"));
	ok(signalled(SIGRTMIN, 1000, &info) && info.si_code == POLL_OUT,
	   "SIGIO: POLL_OUT when the device comes up");

	must(set_async(fd, false));
	drain(fd);
	must(stack_send("ev5", 10, 5));
	ok(!signalled(SIGRTMIN, 50, &info), "SIGIO: none after O_ASYNC is cleared");
	close(fd);
}

static void sigio_owner(void)
{
	int fd = tun_open(O_RDWR | O_NONBLOCK);
	siginfo_t info;

	must(fcntl(fd, F_SETOWN, getppid()));
	must(set_async(fd, true));
	is(fcntl(fd, F_GETOWN), getppid(), "SIGIO: an earlier F_SETOWN stands");
	close(fd);

	fd = tun_open(O_RDWR | O_NONBLOCK);
	must(fcntl(fd, F_SETOWN, getpid()));
	result(set_async(fd, true), 0, "SIGIO: O_ASYNC before TUNSETIFF");
	must(tun_setiff(fd, "ev6", IFF_TAP | IFF_MULTI_QUEUE));
	must(if_up("ev6"));
	must(stack_send("ev6", 10, 1));
	ok(signalled(SIGIO, 1000, &info), "SIGIO: works once attached (tap, PI, queues)");
	must(tun_queue(fd, IFF_DETACH_QUEUE));
	must(tun_queue(fd, IFF_ATTACH_QUEUE));
	must(stack_send("ev6", 10, 2));
	ok(signalled(SIGIO, 1000, &info), "SIGIO: and after detach and attach");
	close(fd);
}

int main(void)
{
	ktap_begin();
	netns_new();
	block_signals();
	polling();
	detached();
	other_calls();
	wakes();
	epolls();
	sigio();
	sigio_owner();
	return ktap_end();
}
