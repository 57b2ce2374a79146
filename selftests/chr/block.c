// SPDX-License-Identifier: GPL-2.0
/*
 * Blocking: what puts a reader or a writer to sleep, and what wakes it.
 *
 *	child: read(fd) ...sleeps      parent: waits until the child sleeps,
 *	                               then sends, signals, deletes, ...
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/wait.h>
#include <pthread.h>
#include "tuntest.h"
#include "differences.h"

struct shared {
	int tid;
	volatile long ret;
	volatile int err;
	volatile int signals;
};

static struct shared *sh;
static int fd;

static void on_signal(int sig)
{
	(void)sig;
	sh->signals++;
}

static bool asleep(void *arg)
{
	char path[64], text[512], *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", *(int *)arg);
	if (file_read(path, text, sizeof(text)) < 0)
		return false;
	state = strrchr(text, ')');
	return state && state[2] == 'S';
}

static pid_t start_reader(void)
{
	pid_t pid = must(fork());
	char buf[2000];

	if (!pid) {
		sh->ret = read(fd, buf, sizeof(buf));
		sh->err = sh->ret < 0 ? errno : 0;
		_exit(0);
	}
	/* Two looks, a moment apart: the child may sleep on something else first. */
	for (int i = 0; i < 2; i++) {
		if (!wait_until(asleep, &pid, 5000))
			bail("the reader does not sleep");
		usleep(20000);
	}
	return pid;
}

static bool ended(void *arg)
{
	return waitpid(*(pid_t *)arg, NULL, WNOHANG) == *(pid_t *)arg;
}

static void finish(pid_t pid)
{
	if (wait_until(ended, &pid, 10000))
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	sh->ret = -1;
	sh->err = ETIME;
}

static void open_blocking(const char *name, int flags)
{
	fd = tun_open(O_RDWR);
	must(tun_setiff(fd, name, flags));
	must(if_up(name));
}

static void packet_wakes(void)
{
	pid_t pid;

	open_blocking("bl0", IFF_TUN | IFF_NO_PI);
	pid = start_reader();
	must(stack_send("bl0", 100, 1));
	finish(pid);
	is(sh->ret, 128, "a packet wakes the reader");

	pid = start_reader();
	must(if_down("bl0"));
	usleep(50000);
	ok(asleep(&pid), "the device going down leaves the reader asleep");
	must(if_up("bl0"));
	must(stack_send("bl0", 100, 2));
	finish(pid);
	is(sh->ret, 128, "and it gets the next packet");

	pid = start_reader();
	/* Kernels before 6.2 rename only what is down. */
	must(if_down("bl0"));
	must(if_rename("bl0", "bl1"));
	must(if_up("bl1"));
	must(stack_send("bl1", 100, 3));
	finish(pid);
	is(sh->ret, 128, "a rename leaves the reader undisturbed");
	close(fd);
}

static void signals(void)
{
	char buf[2000];
	pid_t pid;

	open_blocking("bl2", IFF_TUN | IFF_NO_PI);
	catch_signal(SIGUSR1, on_signal, 0);
	pid = start_reader();
	kill(pid, SIGUSR1);
	finish(pid);
	is(sh->err, EINTR, "a signal interrupts read");
	is(sh->signals, 1, "its handler ran");

	catch_signal(SIGUSR1, on_signal, SA_RESTART);
	pid = start_reader();
	kill(pid, SIGUSR1);
	usleep(50000);
	ok(!ended(&pid) && sh->signals == 2, "with SA_RESTART read goes on");
	must(stack_send("bl2", 100, 1));
	finish(pid);
	is(sh->ret, 128, "and gets its packet");

	pid = start_reader();
	kill(pid, SIGKILL);
	finish(pid);
	must(stack_send("bl2", 100, 2));
	is(read(fd, buf, sizeof(buf)), 128, "a killed reader leaves the queue working");
	close(fd);
}

static void deletion(void)
{
	struct nl_reply reply;
	char buf[100];
	pid_t pid;

	open_blocking("bl3", IFF_TUN | IFF_NO_PI);
	pid = start_reader();
	must(nl_dellink("bl3", &reply));
	finish(pid);
	is(sh->err, want_reader_at_delete(), "a reader asleep while its device goes");
	result(read(fd, buf, sizeof(buf)), EBADFD, "the next read");
	close(fd);
}

static void queues(void)
{
	struct nl_reply reply;
	int other;
	pid_t pid;

	open_blocking("bl4", IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE);
	other = tun_new("bl4", IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE);
	pid = start_reader();
	must(tun_queue(other, IFF_DETACH_QUEUE));
	must(stack_send("bl4", 100, 1));
	finish(pid);
	is(sh->ret, 128, "detaching another queue leaves the reader undisturbed");
	pid = start_reader();
	must(tun_queue(other, IFF_ATTACH_QUEUE));
	must(nl_dellink("bl4", &reply));
	finish(pid);
	is(sh->err, want_reader_at_delete(), "deletion wakes the reader of any queue");
	close(other);
	close(fd);
}

static bool either_ended(void *arg)
{
	(void)arg;
	return waitpid(-1, NULL, WNOHANG) > 0;
}

/* Readers of one queue share it: each packet goes to exactly one. */
static void two_readers(void)
{
	pid_t a, b;

	open_blocking("bl5", IFF_TUN | IFF_NO_PI);
	a = start_reader();
	b = start_reader();
	must(stack_send("bl5", 100, 1));
	ok(wait_until(either_ended, NULL, 5000), "one packet is for one of two readers");
	usleep(50000);
	is(waitpid(-1, NULL, WNOHANG), 0, "the other sleeps on");
	must(stack_send("bl5", 100, 2));
	ok(wait_until(either_ended, NULL, 5000), "the second packet is for it");
	kill(a, SIGKILL);
	kill(b, SIGKILL);
	close(fd);
}

static void *blocked_read(void *arg)
{
	char buf[2000];

	sh->tid = gettid();
	sh->ret = read(*(int *)arg, buf, sizeof(buf));
	sh->err = sh->ret < 0 ? errno : 0;
	return NULL;
}

static bool thread_sleeps(void *arg)
{
	(void)arg;
	return sh->tid && asleep(&sh->tid);
}

static void close_while_reading(void)
{
	pthread_t thread;
	bool there;

	open_blocking("bl6", IFF_TUN | IFF_NO_PI);
	sh->tid = 0;
	pthread_create(&thread, NULL, blocked_read, &(int){ fd });
	wait_until(thread_sleeps, NULL, 5000);
	usleep(20000);
	close(fd);
	there = if_exists("bl6");
	ok(there, "a read in progress keeps the file, and so the device");
	must(stack_send("bl6", 100, 1));
	pthread_join(thread, NULL);
	is(sh->ret, 128, "the reader gets its packet");
	ok(!if_exists("bl6"), "with it the device goes");
}

int main(void)
{
	ktap_begin();
	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	netns_new();
	packet_wakes();
	signals();
	deletion();
	queues();
	two_readers();
	close_while_reading();
	return ktap_end();
}
