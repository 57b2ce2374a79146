// SPDX-License-Identifier: GPL-2.0
/*
 * What an untrusted user makes the kernel allocate is charged to that user: root of
 * a user namespace, in a memory cgroup, makes queues and makes them long.
 *
 *	test --- cgroup --- child --- user namespace --- grandchild
 *
 * The figures are what the cgroup has in memory.current, before and after a step.
 */
#define _GNU_SOURCE
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "tuntest.h"
#include "differences.h"

#define QUEUES	200
#define LONG	30000		/* entries of a queue, 8 bytes each */
#define SOME	128
#define FRAMES	2000
#define FRAME	1400

static char dir[32], group[64];
static pid_t test;
static const char *node;
static int to_test[2], to_child[2];

static void cgroup_write(const char *file, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", group, file);
	must(file_write(path, text));
}

static long charged(void)
{
	char path[128], text[64];

	snprintf(path, sizeof(path), "%s/memory.current", group);
	must(file_read(path, text, sizeof(text)));
	return strtol(text, NULL, 10);
}

static long free_memory(void)
{
	char text[4096], *line;

	must(file_read("/proc/meminfo", text, sizeof(text)));
	line = strstr(text, "MemFree:");
	return line ? strtol(line + 8, NULL, 10) * 1024 : 0;
}

/* In the grandchild: the step is done, wait until it was looked at. */
static void step(void)
{
	char c = 0;

	if (write(to_test[1], &c, 1) != 1 || read(to_child[0], &c, 1) != 1)
		_exit(250);
}

static bool next_step(void)
{
	char c;

	return read(to_test[0], &c, 1) == 1;
}

static void go_on(void)
{
	char c = 0;

	must(write(to_child[1], &c, 1));
}

static const int flags = IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE;

static int join_some(int *fd, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		fd[i] = open(node, O_RDWR | O_NONBLOCK);
		if (fd[i] < 0 || tun_setiff(fd[i], "me0", flags))
			return errno;
	}
	return 0;
}

static int many_queues(void *arg)
{
	int fd[QUEUES], i, err;

	(void)arg;
	err = join_some(fd, 1);
	step();
	if (!err)
		err = join_some(fd, QUEUES);
	step();
	for (i = 0; i < QUEUES; i++)
		close(fd[i]);
	return err;
}

static int long_queues(void *arg)
{
	int fd[SOME], err = join_some(fd, SOME);

	step();
	if (!err && nl_set_length("me0", *(int *)arg))
		err = errno;
	step();
	return err;
}

static int full_queue(void *arg)
{
	int fd[1], err = join_some(fd, 1), i;

	(void)arg;
	if (!err && (nl_set_length("me0", FRAMES) || if_up("me0")))
		err = errno;
	settle(fd[0], "me0");
	step();
	for (i = 0; i < FRAMES; i++)
		stack_send("me0", FRAME, i);
	step();
	return err;
}

/* All that @fn does is in the cgroup; what its two steps cost, or -1. */
static long cost(int (*fn)(void *), void *arg, int *status, long *held)
{
	long before = 0, after = -1, memory = 0;
	char pid[32];
	pid_t child;
	int exited;

	must(pipe2(to_test, O_CLOEXEC));
	must(pipe2(to_child, O_CLOEXEC));
	child = must(fork());
	if (!child) {
		close(to_test[0]);
		close(to_child[1]);
		/* A child's troubles are no lines of the test's. */
		if (!freopen("/dev/null", "w", stdout) || read(to_child[0], pid, 1) != 1)
			_exit(251);
		_exit(in_userns(fn, arg));
	}
	close(to_test[1]);
	close(to_child[0]);
	snprintf(pid, sizeof(pid), "%d", child);
	cgroup_write("cgroup.procs", pid);
	go_on();
	if (next_step()) {
		before = charged();
		memory = free_memory();
		go_on();
		if (next_step()) {
			after = charged();
			if (held)
				*held = memory - free_memory();
			go_on();
		}
	}
	must(waitpid(child, &exited, 0));
	*status = WIFEXITED(exited) ? WEXITSTATUS(exited) : -1;
	close(to_test[0]);
	close(to_child[1]);
	return after < 0 ? after : after - before;
}

static bool cgroup_make(void)
{
	char path[64], text[512];
	int err;

	snprintf(dir, sizeof(dir), "/tmp/tunx-cgroup-XXXXXX");
	must(mkdtemp(dir) ? 0 : -1);
	if (mount("cgroup2", dir, "cgroup2", 0, NULL))
		return false;
	snprintf(path, sizeof(path), "%s/cgroup.controllers", dir);
	if (file_read(path, text, sizeof(text)) < 0 || !strstr(text, "memory"))
		return false;
	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", dir);
	must(file_write(path, "+memory"));
	snprintf(group, sizeof(group), "%s/tunx-memory", dir);
	err = mkdir(group, 0755);
	return !err || errno == EEXIST;
}

static void cgroup_remove(void)
{
	if (getpid() != test)
		return;
	if (*group)
		rmdir(group);
	umount(dir);
	rmdir(dir);
}

static void measured(const char *what, long n)
{
	printf("# measured: memory of an untrusted user, %s: %ld bytes\n", what, n);
}

/* A ring of 500 entries, the queue itself and its counters. */
static void queues(void)
{
	static const char what[] = "queues are charged to the one who opens them";
	int status;
	long n = cost(many_queues, NULL, &status, NULL);

	if (status == 254) {
		skip("user namespaces are forbidden here", "%s", what);
		return;
	}
	is(status, 0, "%d queues can be had", QUEUES);
	measured("charged for 200 queues", n);
	if (charges_memory())
		ok(n > QUEUES * 500 * 8, "%s", what);
	else
		skip("stock charges the files alone; tunx charges rings and queues", "%s", what);
}

static void lengths(void)
{
	static const char what[] = "the length of queues is charged to the one who sets it";
	int status, length = LONG;
	long n = cost(long_queues, &length, &status, NULL);

	is(status, 0, "long queues can be had");
	measured("charged for 128 queues of 30000 entries", n);
	if (charges_memory())
		ok(n > SOME * LONG * 8 - (1 << 20), "%s", what);
	else
		skip("stock charges no rings; tunx does", "%s", what);
}

/* The same in less memory: an error, not a process that is killed. */
static void limit(void)
{
	static const char what[] = "and ends where the cgroup does";
	int status, length = LONG;
	long n, held;

	cgroup_write("memory.max", "25165824");
	n = cost(long_queues, &length, &status, &held);
	cgroup_write("memory.max", "max");
	if (charges_memory()) {
		/* What the core makes of a notifier that says no. */
		is(status, EPERM, "%s", what);
		ok(n < SOME * LONG * 2, "which leaves nothing behind");
	} else {
		measured("held beside a limit of 25165824", held);
		measured("charged of that", n);
		skip("stock charges no rings; tunx does", "%s", what);
	}
}

/* Neither charges these: how much it can be is the queue's length. */
static void frames(void)
{
	int status;
	long held, n = cost(full_queue, NULL, &status, &held);

	is(status, 0, "a queue full of frames");
	measured("held by 2000 unread frames of 1428 bytes", held);
	measured("charged for them", n);
	skip("frames of the stack belong to their senders until they are queued, then to nobody",
	     "what is unread is charged");
}

int main(void)
{
	struct rlimit files = { 1024, 4096 };

	ktap_begin();
	netns_new();
	node = tun_public_node();
	test = getpid();
	atexit(cgroup_remove);
	setrlimit(RLIMIT_NOFILE, &files);
	if (!cgroup_make()) {
		skip("needs the memory controller in cgroup2, not in cgroup1", "memory of users");
		return ktap_end();
	}
	queues();
	lengths();
	limit();
	frames();
	return ktap_end();
}
