// SPDX-License-Identifier: GPL-2.0
/* The node under test, namespaces, users and interface settings. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <grp.h>
#include <limits.h>
#include <net/if_arp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include "tuntest.h"

void *volatile bad_ptr = (void *)1;

const char *tun_node(void)
{
	const char *node = getenv("TUNX_NODE");

	if (node)
		return node;
	return access("/dev/net/tunx", F_OK) ? "/dev/net/tun" : "/dev/net/tunx";
}

bool tun_is_tunx(void)
{
	const char *flavour = getenv("TUNX_FLAVOUR");

	if (flavour)
		return !strcmp(flavour, "tunx");
	return strstr(tun_node(), "tunx");
}

const char *tun_kind(void)
{
	return strstr(tun_node(), "tunx") ? "tunx" : "tun";
}

bool kernel_before(unsigned int major, unsigned int minor, unsigned int sub)
{
	unsigned int a = 0, b = 0, c = 0;
	struct utsname uts;
	const char *debian;

	uname(&uts);
	must(sscanf(uts.release, "%u.%u.%u", &a, &b, &c) < 2 ? -1 : 0);
	/* Debian 12 names its ABI in the release, the version behind "Debian". */
	debian = strstr(uts.version, "Debian ");
	if (debian)
		must(sscanf(debian + strlen("Debian "), "%u.%u.%u", &a, &b, &c) < 2 ? -1 : 0);
	if (a != major)
		return a < major;
	if (b != minor)
		return b < minor;
	return c < sub;
}

int tun_open(int oflags)
{
	return must(open(tun_node(), oflags | O_CLOEXEC));
}

int tun_setiff_name(int fd, char name[IFNAMSIZ], int flags)
{
	struct ifreq ifr = { .ifr_flags = (short)flags };
	int ret;

	memcpy(ifr.ifr_name, name, strnlen(name, IFNAMSIZ));
	ret = ioctl(fd, TUNSETIFF, &ifr);
	if (!ret)
		memcpy(name, ifr.ifr_name, IFNAMSIZ);
	return ret;
}

int tun_setiff(int fd, const char *name, int flags)
{
	char buf[IFNAMSIZ] = "";

	memcpy(buf, name, strnlen(name, IFNAMSIZ));
	return tun_setiff_name(fd, buf, flags);
}

int tun_new(const char *name, int flags)
{
	int fd = tun_open(O_RDWR | O_NONBLOCK);

	must(tun_setiff(fd, name, flags));
	return fd;
}

int tun_flags(int fd)
{
	struct ifreq ifr = { 0 };

	if (ioctl(fd, TUNGETIFF, &ifr))
		return -1;
	return (unsigned short)ifr.ifr_flags;
}

int tun_queue(int fd, int flags)
{
	struct ifreq ifr = { .ifr_flags = (short)flags };

	return ioctl(fd, TUNSETQUEUE, &ifr);
}

const char *tun_public_node(void)
{
	static const char path[] = "/mnt/tun-public";
	struct stat st;

	must(stat(tun_node(), &st));
	must(mount("tmpfs", "/mnt", "tmpfs", 0, "mode=0755"));
	must(mknod(path, S_IFCHR | 0666, st.st_rdev));
	must(chmod(path, 0666));
	return path;
}

/* No router solicitations or MLD reports among the test packets. */
static void netns_setup(void)
{
	file_write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	must(if_up("lo"));
}

void netns_new(void)
{
	must(unshare(CLONE_NEWNET | CLONE_NEWNS));
	/* sysfs shows the netns of whoever mounted it. */
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(mount("sysfs", "/sys", "sysfs", 0, NULL));
	netns_setup();
}

int netns_open(void)
{
	return must(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
}

int netns_another(void)
{
	int home = netns_open(), fd;

	must(unshare(CLONE_NEWNET));
	netns_setup();
	fd = netns_open();
	netns_enter(home);
	close(home);
	return fd;
}

void netns_enter(int fd)
{
	must(setns(fd, CLONE_NEWNET));
}

static int child_status(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0));
	if (!WIFEXITED(status))
		bail("child ended by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

static void become(unsigned int uid, unsigned int gid)
{
	if (setgroups(0, NULL) || setresgid(gid, gid, gid) ||
	    setresuid(uid, uid, uid))
		_exit(255);
}

int as_user(unsigned int uid, unsigned int gid, int (*fn)(void *), void *arg)
{
	pid_t pid = must(fork());

	if (!pid) {
		become(uid, gid);
		_exit(fn(arg));
	}
	return child_status(pid);
}

static void map_id(pid_t pid, const char *file)
{
	char path[64], map[32];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	snprintf(map, sizeof(map), "0 %d 1", NOBODY);
	must(file_write(path, map));
}

int in_userns(int (*fn)(void *), void *arg)
{
	int ready[2], mapped[2];
	char c = 0;
	pid_t pid;

	must(pipe(ready));
	must(pipe(mapped));
	pid = must(fork());
	if (!pid) {
		become(NOBODY, NOBODY);
		if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
			_exit(254);
		if (write(ready[1], &c, 1) != 1 || read(mapped[0], &c, 1) != 1)
			_exit(253);
		if (setresgid(0, 0, 0) || setresuid(0, 0, 0))
			_exit(252);
		_exit(fn(arg));
	}
	close(ready[1]);
	if (read(ready[0], &c, 1) == 1) {
		map_id(pid, "uid_map");
		map_id(pid, "gid_map");
		must(write(mapped[1], &c, 1));
	}
	close(ready[0]);
	close(mapped[0]);
	close(mapped[1]);
	return child_status(pid);
}

void catch_signal(int sig, void (*fn)(int), int flags)
{
	struct sigaction sa = { .sa_handler = fn, .sa_flags = flags };

	must(sigaction(sig, &sa, NULL));
}

long msec_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int tun_slow(void)
{
	const char *slow = getenv("TUNX_SLOW");

	return slow ? atoi(slow) : 1;
}

bool wait_until(bool (*fn)(void *), void *arg, int msec)
{
	long end = msec_now() + (long)msec * tun_slow();

	while (!fn(arg)) {
		if (msec_now() > end)
			return false;
		usleep(1000);
	}
	return true;
}

int if_get(const char *name, int cmd, struct ifreq *ifr)
{
	int fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	int ret, err;

	memcpy(ifr->ifr_name, name, strnlen(name, IFNAMSIZ - 1) + 1);
	ret = ioctl(fd, cmd, ifr);
	err = errno;
	close(fd);
	errno = err;
	return ret;
}

int if_flags(const char *name)
{
	struct ifreq ifr = { 0 };

	if (if_get(name, SIOCGIFFLAGS, &ifr))
		return -1;
	return (unsigned short)ifr.ifr_flags;
}

static int if_change(const char *name, int set, int clear)
{
	struct ifreq ifr = { 0 };

	if (if_get(name, SIOCGIFFLAGS, &ifr))
		return -1;
	ifr.ifr_flags = (ifr.ifr_flags | set) & ~clear;
	return if_get(name, SIOCSIFFLAGS, &ifr);
}

int if_up(const char *name)
{
	return if_change(name, IFF_UP, 0);
}

int if_down(const char *name)
{
	return if_change(name, 0, IFF_UP);
}

int if_setint(const char *name, int cmd, int value)
{
	struct ifreq ifr = { .ifr_ifindex = value };

	return if_get(name, cmd, &ifr);
}

int if_addr(const char *name, const char *addr, int prefix)
{
	struct ifreq ifr = { 0 };
	struct sockaddr_in *sin = (struct sockaddr_in *)&ifr.ifr_addr;

	sin->sin_family = AF_INET;
	must(inet_pton(AF_INET, addr, &sin->sin_addr));
	if (if_get(name, SIOCSIFADDR, &ifr))
		return -1;
	sin->sin_addr.s_addr = htonl(prefix ? ~0U << (32 - prefix) : 0);
	return if_get(name, SIOCSIFNETMASK, &ifr);
}

int if_rename(const char *from, const char *to)
{
	struct ifreq ifr = { 0 };

	memcpy(ifr.ifr_newname, to, strlen(to) + 1);
	return if_get(from, SIOCSIFNAME, &ifr);
}

/* Asked by an ioctl, the kernel would run modprobe for a name it has not got. */
bool if_exists(const char *name)
{
	struct nl_reply reply;

	return !nl_getlink(name, &reply);
}

int file_read(const char *path, char *buf, size_t len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;
	int err;

	if (fd < 0)
		return -1;
	n = read(fd, buf, len - 1);
	err = errno;
	close(fd);
	errno = err;
	buf[n > 0 ? n : 0] = 0;
	return n;
}

int file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;
	int err;

	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	err = errno;
	close(fd);
	errno = err;
	return n < 0 ? -1 : 0;
}

int if_sysfs_str(const char *name, const char *file, char *buf, size_t len)
{
	char path[PATH_MAX];
	int n;

	snprintf(path, sizeof(path), "/sys/class/net/%s/%s", name, file);
	n = file_read(path, buf, len);
	if (n > 0 && buf[n - 1] == '\n')
		buf[n - 1] = 0;
	return n;
}

long if_sysfs(const char *name, const char *file)
{
	char buf[64];

	if (if_sysfs_str(name, file, buf, sizeof(buf)) < 0)
		return -1;
	return strtol(buf, NULL, 0);
}

long if_stat(const char *name, const char *counter)
{
	char file[64];

	snprintf(file, sizeof(file), "statistics/%s", counter);
	return if_sysfs(name, file);
}
