// SPDX-License-Identifier: GPL-2.0
/*
 * TUNSETSNDBUF: the value itself, and what it does to a writer whose packets
 * the stack does not let go of.
 *
 *	write --> tap snd0 --> bridge --> snd1 with a qdisc that holds packets
 *
 * Deleting the qdisc frees the packets, and with them the writer.
 *
 * Waits for many devices to go, which a busy machine takes its time for.
 * Timeout: 240 s
 */
#define _GNU_SOURCE
#include <limits.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "tuntest.h"
#include "differences.h"

#define FLAGS	(IFF_TAP | IFF_NO_PI)

static unsigned char frame[1514];

static int get(int fd)
{
	int value = 0;

	must(ioctl(fd, TUNGETSNDBUF, &value));
	return value;
}

static int set(int fd, int value)
{
	return ioctl(fd, TUNSETSNDBUF, &value);
}

static void values(void)
{
	int fd = tun_new("val0", FLAGS);

	is(get(fd), INT_MAX, "the default is INT_MAX");
	result(set(fd, 0), EINVAL, "0 is refused");
	result(set(fd, -1), EINVAL, "-1 is refused");
	result(set(fd, INT_MIN), EINVAL, "INT_MIN is refused");
	is(get(fd), INT_MAX, "refusals change nothing");
	result(set(fd, 1), 0, "1 is accepted");
	is(get(fd), 1, "and told");
	result(set(fd, INT_MAX), 0, "INT_MAX is accepted");
	must(set(fd, 77777));
	must(ioctl(fd, TUNSETPERSIST, 1));
	close(fd);
	fd = tun_new("val0", FLAGS);
	is(get(fd), INT_MAX, "a persistent device attached to again has the default");
	must(ioctl(fd, TUNSETPERSIST, 0));
	close(fd);
}

static void queues(void)
{
	int mq = FLAGS | IFF_MULTI_QUEUE;
	int a = tun_new("val1", mq), b = tun_new("val1", mq), c, d = tun_new("val1", mq);

	must(tun_queue(d, IFF_DETACH_QUEUE));
	result(set(a, 50000), 0, "set through one queue");
	is(get(a), 50000, "it holds for that queue");
	is(get(b), 50000, "and for the other attached one");
	is(get(d), INT_MAX, "not for a detached one");
	must(tun_queue(d, IFF_ATTACH_QUEUE));
	is(get(d), sndbuf_reaches_later_queues() ? 50000 : INT_MAX,
	   "and what a detached queue has when attached again");
	c = tun_new("val1", mq);
	is(get(c), sndbuf_reaches_later_queues() ? 50000 : INT_MAX,
	   "and what a queue that joins later has");
	close(a);
	close(b);
	close(c);
	close(d);
}

static bool writable(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };

	return poll(&pfd, 1, 0) == 1 && (pfd.revents & POLLOUT);
}

static void tiny(void)
{
	int fd = tun_new("val2", FLAGS);

	must(if_up("val2"));
	must(set(fd, 1));
	ok(!writable(fd), "with 1 poll never says writable");
	is(write(fd, frame, 60), 60, "though a write works");
	must(set(fd, 1000));
	ok(writable(fd), "with 1000 it does");
	close(fd);
}

static bool hold(void)
{
	return !system("tc qdisc replace dev snd1 root tbf rate 400bit burst 2000 "
		       "limit 10000000 2>/dev/null");
}

static void release(void)
{
	must(system("tc qdisc del dev snd1 root") ? -1 : 0);
}

static bool bridge(void)
{
	return !system("{ ip link add br0 type bridge &&"
		       " ip link set snd0 master br0 up &&"
		       " ip link set snd1 master br0 up &&"
		       " ip link set br0 up; } 2>/dev/null");
}

static int fill(int fd)
{
	int n = 0;

	while (write(fd, frame, sizeof(frame)) == sizeof(frame) && n < 10000)
		n++;
	return n;
}

static void nonblocking(int fd)
{
	struct epoll_event ev = { .events = EPOLLOUT | EPOLLET };
	int ep = must(epoll_create1(0)), n;
	long dropped;

	must(set(fd, 30000));
	must(hold() ? 0 : -1);
	n = fill(fd);
	printf("# %d frames went into a send buffer of 30000\n", n);
	ok(n >= 2 && n < 30, "the send buffer fills with what the stack holds");
	dropped = if_stat("snd0", "rx_dropped");
	result(write(fd, frame, sizeof(frame)), EAGAIN, "then write gives EAGAIN");
	is(if_stat("snd0", "rx_dropped"), dropped, "which is not counted as a drop");
	ok(!writable(fd), "poll says not writable");
	must(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
	is(epoll_wait(ep, &ev, 1, 0), 0, "so does epoll");
	release();
	is(epoll_wait(ep, &ev, 1, 5000), 1, "packets freed: an EPOLLOUT event");
	ok(writable(fd), "poll says writable");
	is(write(fd, frame, sizeof(frame)), sizeof(frame), "and write works");
	close(ep);
}

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught = sig;
}

struct shared {
	volatile long ret;
	volatile int err;
};

static bool asleep(void *arg)
{
	char path[64], text[512], *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", *(pid_t *)arg);
	if (file_read(path, text, sizeof(text)) < 0)
		return false;
	state = strrchr(text, ')');
	return state && state[2] == 'S';
}

static pid_t start_writer(int fd, struct shared *sh)
{
	pid_t pid = must(fork());

	if (!pid) {
		catch_signal(SIGUSR1, on_signal, 0);
		sh->ret = write(fd, frame, sizeof(frame));
		sh->err = sh->ret < 0 ? errno : 0;
		_exit(0);
	}
	ok(wait_until(asleep, &pid, 5000), "a blocking write sleeps");
	usleep(20000);
	return pid;
}

static bool ended(void *pid)
{
	return waitpid(*(pid_t *)pid, NULL, WNOHANG) == *(pid_t *)pid;
}

static void blocking(int fd)
{
	struct shared *sh = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	must(hold() ? 0 : -1);
	fill(fd);
	must(fcntl(fd, F_SETFL, 0));
	pid = start_writer(fd, sh);
	kill(pid, SIGUSR1);
	ok(wait_until(ended, &pid, 5000), "a signal wakes it");
	is(sh->err, EINTR, "it failed with EINTR");
	pid = start_writer(fd, sh);
	ok(!ended(&pid), "the next one sleeps on");
	release();
	if (freed_packets_wake_writer()) {
		ok(wait_until(ended, &pid, 5000), "packets freed: it wakes");
	} else {
		skip("stock misses this wake-up", "packets freed: it wakes");
		must(stack_send("snd0", 10, 1));
		wait_until(ended, &pid, 5000);
	}
	is(sh->ret, sizeof(frame), "and has written its frame");
	must(fcntl(fd, F_SETFL, O_NONBLOCK));
}

static void unlimited(int fd)
{
	must(set(fd, INT_MAX));
	must(hold() ? 0 : -1);
	is(fill(fd), 10000, "INT_MAX never fills");
	ok(writable(fd), "and is writable all the time");
	release();
}

/* The file goes while the stack holds its packets: nothing may be lost or leak. */
static void close_early(void)
{
	int fd = tun_new("snd2", FLAGS);

	if (system("ip link set snd2 master br0 up"))
		bail("a third bridge port");
	must(hold() ? 0 : -1);
	ok(fill(fd) > 0, "packets are held");
	close(fd);
	ok(!if_exists("snd2"), "the file and its device are gone before them");
	release();
}

int main(void)
{
	int fd, sink;

	ktap_begin();
	netns_new();
	memset(frame, 2, 6);
	memset(frame + 6, 4, 6);
	/* Not IP: br_netfilter would look into it. */
	frame[12] = 0x88;
	frame[13] = 0xb5;
	values();
	queues();
	tiny();

	fd = tun_new("snd0", FLAGS);
	sink = tun_new("snd1", FLAGS);
	if (!bridge() || !hold()) {
		skip("needs ip, tc and the kernel's bridge and sch_tbf",
		     "accounting of packets the stack holds");
		return ktap_end();
	}
	release();
	nonblocking(fd);
	blocking(fd);
	close_early();
	unlimited(fd);
	close(fd);
	close(sink);
	return ktap_end();
}
