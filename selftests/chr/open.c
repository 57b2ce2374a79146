// SPDX-License-Identifier: GPL-2.0
/*
 * The char device as a file: open modes, the VFS calls it refuses, fdinfo, and
 * which close makes the net device go.
 *
 *	fd --- queue --- net device		the last queue takes it along,
 *	fd --- queue ---/			unless it is persistent
 *
 * Waits for many devices to go, which a busy machine takes its time for.
 * Timeout: 240 s
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include "tuntest.h"
#include "differences.h"

static bool gone(void *name)
{
	return !if_exists(name);
}

static void ok_gone(const char *name, const char *what)
{
	ok(wait_until(gone, (void *)name, 2000), "%s", what);
}

static void node(void)
{
	struct stat st;

	must(stat(tun_node(), &st));
	ok(S_ISCHR(st.st_mode), "the node is a character device");
	is(major(st.st_rdev), 10, "its major is that of misc devices");
	if (strcmp(tun_kind(), "tunx")) {
		is(minor(st.st_rdev), 200, "its minor is 200");
	} else {
		ok(minor(st.st_rdev) != 200, "its minor leaves 200 to the stock driver");
		is(st.st_mode & 07777, 0666, "its mode is 0666 without udev");
	}
}

static int open_any(void *path)
{
	int fd = open(path, O_RDWR);

	return fd < 0 ? errno : 0;
}

static void modes(void)
{
	static const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR };
	static const char * const names[] = { "O_RDONLY", "O_WRONLY", "O_RDWR" };
	char c = 0x45;
	unsigned int i;

	is(as_user(NOBODY, NOBODY, open_any, (void *)tun_public_node()), 0,
	   "open needs no capability");
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		int fd = open(tun_node(), modes[i] | O_NONBLOCK);

		result(fd, 0, "open %s", names[i]);
		result(tun_setiff(fd, "mode0", IFF_TUN | IFF_NO_PI), 0,
		       "TUNSETIFF on an %s file", names[i]);
		must(if_up("mode0"));
		result(write(fd, &c, 1), modes[i] == O_RDONLY ? EBADF : 0,
		       "write on an %s file", names[i]);
		result(read(fd, &c, 1), modes[i] == O_WRONLY ? EBADF : EAGAIN,
		       "read on an %s file", names[i]);
		close(fd);
	}
}

static void refused(void)
{
	int fd = tun_new("vfs0", IFF_TUN | IFF_NO_PI);
	int file = must(open("/proc/self/exe", O_RDONLY));
	int bare = tun_open(O_RDWR), n;
	loff_t off = 0;
	int pipefd[2];
	char c = 0x45;

	must(pipe(pipefd));
	must(if_up("vfs0"));
	must(write(pipefd[1], &c, 1));
	result(lseek(fd, 0, SEEK_SET), ESPIPE, "lseek");
	result(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0,
	       ENODEV, "mmap");
	result(fsync(fd), EINVAL, "fsync");
	result(ftruncate(fd, 0), EINVAL, "ftruncate");
	result(splice(fd, NULL, pipefd[1], NULL, 100, SPLICE_F_NONBLOCK), EINVAL,
	       "splice from the device");
	result(splice(pipefd[0], NULL, fd, NULL, 1, 0), EINVAL,
	       "splice to the device");
	result(sendfile(fd, file, &off, 100), EINVAL, "sendfile to the device");
	result(recv(fd, &c, 1, MSG_DONTWAIT), ENOTSOCK, "recv");
	result(send(fd, &c, 1, MSG_DONTWAIT), ENOTSOCK, "send");
	result(ioctl(fd, FIONREAD, &n), EINVAL, "FIONREAD on an attached fd");
	result(ioctl(bare, FIONREAD, &n), EBADFD, "FIONREAD on an unattached fd");
	close(bare);
	close(fd);
}

static bool fdinfo_iff(int fd, const char *want)
{
	char path[64], text[512], line[64], *at;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	must(file_read(path, text, sizeof(text)));
	at = strstr(text, "iff:\t");
	snprintf(line, sizeof(line), "iff:\t%s\n", want);
	if (at && !strcmp(at, line))
		return true;
	printf("# fdinfo: %s", at ? at : "(no iff line)\n");
	return false;
}

static void fdinfo(void)
{
	int fd = tun_open(O_RDWR);
	struct nl_reply reply;

	ok(fdinfo_iff(fd, ""), "fdinfo of an unattached fd ends in an empty iff");
	must(tun_setiff(fd, "info0", IFF_TAP));
	ok(fdinfo_iff(fd, "info0"), "fdinfo names the interface");
	must(if_rename("info0", "info1"));
	ok(fdinfo_iff(fd, "info1"), "fdinfo follows a rename");
	must(nl_dellink("info1", &reply));
	ok(fdinfo_iff(fd, ""), "fdinfo is empty again once the device was deleted");
	close(fd);
}

static void close_single(void)
{
	int fd = tun_new("one0", IFF_TUN), twin;
	pid_t pid;

	ok(if_exists("one0"), "the device is there after TUNSETIFF");
	close(fd);
	ok(!if_exists("one0"), "it is gone when close returns");

	fd = tun_new("one0", IFF_TUN);
	twin = must(dup(fd));
	close(fd);
	ok(if_exists("one0"), "a duplicated descriptor keeps the device");
	close(twin);
	ok(!if_exists("one0"), "the last descriptor takes it along");

	pid = must(fork());
	if (!pid) {
		fd = tun_new("one0", IFF_TUN);
		_exit(!if_exists("one0"));
	}
	must(waitpid(pid, &fd, 0));
	ok(WIFEXITED(fd) && !WEXITSTATUS(fd), "a child made a device");
	ok_gone("one0", "it is gone when its process has ended");

	fd = tun_open(O_RDWR);
	result(close(fd), 0, "closing a file that never was attached");
}

static void close_persistent(void)
{
	int fd = tun_new("keep0", IFF_TAP);

	must(ioctl(fd, TUNSETPERSIST, 1));
	close(fd);
	ok(if_exists("keep0"), "a persistent device survives the last close");
	must(if_up("keep0"));
	is(if_sysfs("keep0", "carrier"), 0, "its carrier is off");
	fd = tun_open(O_RDWR);
	result(tun_setiff(fd, "keep0", IFF_TAP), 0, "it can be attached to again");
	is(if_sysfs("keep0", "carrier"), 1, "its carrier is on again");
	must(ioctl(fd, TUNSETPERSIST, 0));
	ok(if_exists("keep0"), "clearing persistence leaves an attached device");
	close(fd);
	ok(!if_exists("keep0"), "and the next close removes it");
}

static void close_queues(void)
{
	int flags = IFF_TAP | IFF_MULTI_QUEUE, a, b;

	a = tun_new("many0", flags);
	b = tun_new("many0", flags);
	close(a);
	ok(if_exists("many0"), "closing the first of two queues keeps the device");
	close(b);
	ok(!if_exists("many0"), "closing the second removes it");

	a = tun_new("many0", flags);
	b = tun_new("many0", flags);
	must(tun_queue(b, IFF_DETACH_QUEUE));
	close(a);
	ok(if_exists("many0"), "a detached queue keeps the device");
	result(tun_queue(b, IFF_ATTACH_QUEUE), 0, "and can attach again");
	close(b);
	ok(!if_exists("many0"), "closing it removes the device");

	a = tun_new("many0", flags);
	must(tun_queue(a, IFF_DETACH_QUEUE));
	close(a);
	ok(!if_exists("many0"), "closing a detached only queue removes the device");
}

/* Every order of detach, delete and close on one of two queues. */
static void orders(void)
{
	static const char * const orders[] = { "xc", "cx", "dxc", "xdc", "dcx", "dxac", "dacx" };
	struct nl_reply reply;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		int a = tun_new("ord0", IFF_TAP | IFF_MULTI_QUEUE);
		int b = tun_new("ord0", IFF_TAP | IFF_MULTI_QUEUE);
		bool deleted = false, fine = true;
		const char *step;

		for (step = orders[i]; *step; step++) {
			int err = deleted ? EINVAL : 0, ret = 0;

			if (*step == 'x') {
				ret = nl_dellink("ord0", &reply);
				deleted = true;
				err = 0;
			} else if (*step == 'd' && b >= 0) {
				ret = tun_queue(b, IFF_DETACH_QUEUE);
			} else if (*step == 'a') {
				ret = tun_queue(b, IFF_ATTACH_QUEUE);
			} else if (*step == 'c') {
				ret = close(b);
				b = -1;
				err = 0;
			}
			if (ret ? errno != err : err)
				fine = false;
		}
		ok(fine, "d(etach) x(delete) a(ttach) c(lose): %s", orders[i]);
		if (b >= 0)
			close(b);
		close(a);
		ok(!if_exists("ord0"), "nothing is left after %s", orders[i]);
	}
}

static void after_delete(void)
{
	int fd = tun_new("del0", IFF_TUN | IFF_NO_PI);
	struct nl_reply reply;
	char buf[64] = "E";

	must(nl_dellink("del0", &reply));
	result(read(fd, buf, sizeof(buf)), EBADFD, "read after delete");
	result(write(fd, buf, sizeof(buf)), EBADFD, "write after delete");
	result(ioctl(fd, TUNGETIFF, buf), EBADFD, "TUNGETIFF after delete");
	result(tun_queue(fd, IFF_DETACH_QUEUE), EINVAL, "detach after delete");
	result(tun_queue(fd, IFF_ATTACH_QUEUE), EINVAL, "attach after delete");
	result(tun_setiff(fd, "del1", IFF_TAP), 0, "TUNSETIFF after delete, other type");
	ok(if_exists("del1"), "the fd has a new device");
	is(tun_flags(fd) & 0xf, IFF_TAP, "of the new type");
	must(nl_dellink("del1", &reply));
	result(tun_setiff(fd, "del0", IFF_TUN), 0, "and once more, same name");
	close(fd);
	ok(!if_exists("del0"), "close removes that one");
}

static void namespaces(void)
{
	int old = netns_open(), fd = tun_open(O_RDWR | O_NONBLOCK), other, third;
	char c = 0x45;

	other = netns_another();
	netns_enter(other);
	result(tun_setiff(fd, "ns0", IFF_TUN | IFF_NO_PI), 0,
	       "TUNSETIFF from another netns");
	ok(!if_exists("ns0"), "the device is not where the caller is");
	netns_enter(old);
	ok(if_exists("ns0"), "it is where the file was opened");

	result(nl_set_netns("ns0", other), 0, "moving it to another netns");
	ok(!if_exists("ns0"), "it left");
	netns_enter(other);
	must(if_up("ns0"));
	result(write(fd, &c, 1), 0, "the fd still writes to it");
	is(tun_flags(fd) & 0xf, IFF_TUN, "and ioctls still reach it");
	third = netns_another();
	must(nl_set_netns("ns0", third));
	netns_enter(old);
	close(third);
	/* Nothing holds the third netns now: the fd belongs to the first. */
	for (long end = msec_now() + 5000; msec_now() < end; usleep(5000))
		if (write(fd, &c, 1) < 0 && errno == EBADFD)
			break;
	result(write(fd, &c, 1), EBADFD, "the device dies with its netns, the fd knows");
	result(tun_setiff(fd, "ns0", IFF_TUN), 0, "and can have a new one");
	ok(if_exists("ns0"), "which is in the fd's own netns");
	close(fd);
	close(other);
}

static void netns_lives(void)
{
	int old = netns_open(), away = netns_another(), fd, inner, err;

	netns_enter(away);
	close(away);
	fd = tun_open(O_RDWR);
	netns_enter(old);
	result(tun_setiff(fd, "in0", IFF_TUN), 0,
	       "an open fd alone keeps its netns alive");
	ok(!if_exists("in0"), "the device is in there");
	inner = ioctl(fd, SIOCGSKNS_);
	err = inner < 0 ? errno : 0;
	is(err, 0, "SIOCGSKNS gives a handle on that netns");
	netns_enter(inner);
	ok(if_exists("in0"), "where the device is seen");
	netns_enter(old);
	close(inner);
	close(fd);
}

int main(void)
{
	ktap_begin();
	netns_new();
	node();
	modes();
	refused();
	fdinfo();
	close_single();
	close_persistent();
	close_queues();
	orders();
	after_delete();
	namespaces();
	netns_lives();
	return ktap_end();
}
