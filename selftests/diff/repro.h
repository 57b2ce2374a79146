/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a printed sequence stands on: nothing but libc, the kernel's headers and,
 * for devices by name, ip and ethtool.
 */
#ifndef SELFTESTS_DIFF_REPRO_H
#define SELFTESTS_DIFF_REPRO_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIOCGSKNS_	0x894c

static const char *node;
static int fd[6] = { -1, -1, -1, -1, -1, -1 }, home, value, n, pipes[2], zero;
static unsigned char buf[220000], room[256];
static struct iovec iov[64];
static long len;

/* Runs a call, and prints it and what came of it. */
#define TRY(call) do {								\
	long _ret;								\
										\
	errno = 0;								\
	_ret = (long)(call);							\
	printf("%s = %ld %s\n", #call, _ret, _ret < 0 ? strerror(errno) : "");	\
	fflush(stdout);								\
} while (0)

#define TRY_as_nobody(call) do {						\
	syscall(SYS_setresgid, -1, 65534, -1);					\
	syscall(SYS_setresuid, -1, 65534, -1);					\
	TRY(call);								\
	syscall(SYS_setresuid, -1, 0, -1);					\
	syscall(SYS_setresgid, -1, 0, -1);					\
} while (0)

#define TRY_in_child(call) do {							\
	if (!fork()) {								\
		TRY(call);							\
		_exit(0);							\
	}									\
	wait(NULL);								\
} while (0)

#define TRY_in_user_namespace(call) do {					\
	if (!fork()) {								\
		unshare(CLONE_NEWUSER);						\
		TRY(call);							\
		_exit(0);							\
	}									\
	wait(NULL);								\
} while (0)

static inline void begin(int argc, char **argv)
{
	node = argc > 1 ? argv[1] : "/dev/net/tunx";
	setenv("KIND", strrchr(node, '/') + 1, 1);
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("sysfs", "/sys", "sysfs", 0, NULL)) {
		perror("namespaces");
		exit(1);
	}
	/* "other" and "home" of the namespaces that ip knows by name */
	mount("tmpfs", "/run", "tmpfs", 0, NULL);
	system("ip netns add other; ip netns attach home $PPID");
	home = open("/proc/self/ns/net", O_RDONLY);
	pipe2(pipes, O_NONBLOCK);
	write(pipes[1], room, 200);
	zero = open("/dev/zero", O_RDONLY);
}

static inline struct ifreq *ifreq(const char *name, int flags)
{
	static struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	memcpy(ifr.ifr_name, name, strnlen(name, IFNAMSIZ));
	ifr.ifr_flags = flags;
	return &ifr;
}

/* Of which the type is the lower half of @family, 1 << 16 multicast, 2 << 16 zero. */
static inline struct ifreq *hwaddr(long family, int last)
{
	struct ifreq *ifr = ifreq("any", 0);

	ifr->ifr_hwaddr.sa_family = family;
	if (family >> 16 != 2)
		memcpy(ifr->ifr_hwaddr.sa_data, family >> 16 ? "\1\xaa" : "\2\xaa", 2);
	ifr->ifr_hwaddr.sa_data[5] = family >> 16 == 2 ? 0 : last;
	return ifr;
}

static inline struct sock_fprog *classic(int n, unsigned short code, unsigned int k)
{
	static struct sock_filter insn;
	static struct sock_fprog prog;

	insn = (struct sock_filter){ code, 0, 0, k };
	prog = (struct sock_fprog){ n, &insn };
	return &prog;
}

static inline void *txfilter(int flags, int count, long multicast)
{
	static unsigned char f[4 + 20 * 6];
	int i;

	memcpy(f, (short[]){ flags, count }, 4);
	for (i = 0; i < count; i++) {
		memcpy(f + 4 + i * 6, multicast >> i & 1 ? "\1\0\x5e\0\0\0" : "\2\xaa\0\0\0\0", 6);
		f[4 + i * 6 + 5] = i;
	}
	return f;
}

/* A program that returns @value. */
static inline int prog(int type, int value)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = value },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = type, .insns = (unsigned long)insns, .insn_cnt = 2,
		.license = (unsigned long)"GPL",
	};

	return syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

/* IFLA_XDP with IFLA_XDP_FD and IFLA_XDP_FLAGS, in RTM_SETLINK. */
static inline int xdp_attach(const char *name, int prog, unsigned int flags)
{
	unsigned int req[] = {
		52, 5 << 16 | 19, 0, 0,				/* nlmsghdr */
		0, if_nametoindex(name), 0, 0,			/* ifinfomsg */
		(0x8000 | 43) << 16 | 20,			/* IFLA_XDP */
		1 << 16 | 8, prog, 3 << 16 | 8, flags,
	};
	int s = socket(AF_NETLINK, SOCK_RAW, 0), answer[256] = { 0 };

	if (send(s, req, sizeof(req), 0) < 0 || recv(s, answer, sizeof(answer), 0) < 0)
		return -1;
	close(s);
	errno = -answer[4];
	return answer[4] ? -1 : 0;
}

/* @n bytes into buf: those of @hex, then a pattern that begins @lead bytes on. */
static inline long frame(long n, long lead, const char *hex)
{
	unsigned int byte;
	long i;

	for (i = 0; i < n; i++)
		buf[i] = (i - lead) * 31 + ((i - lead) >> 8) * 17;
	for (i = 0; sscanf(hex + 2 * i, "%2x", &byte) == 1; i++)
		buf[i] = byte;
	return n;
}

/* The first len bytes of buf in pieces; the second may be a bad address. */
static inline int cut(struct iovec *iov, long first, bool bad)
{
	long at = 0, n = first;
	int i, max = bad ? 2 : 64;

	for (i = 0; i < max && at < len; i++) {
		if (n > len - at || i == max - 1)
			n = len - at;
		iov[i] = (struct iovec){ bad && i ? (void *)1 : buf + at, n };
		at += n;
		n = 4096;
	}
	return i;
}

static inline int drain(int f)
{
	int n = 0;

	while (read(f, buf, sizeof(buf)) >= 0)
		n++;
	return n;
}

static inline int send_many(const char *name, long n, int times, bool eth)
{
	int s = socket(AF_PACKET, SOCK_RAW, 0), one = 1, good = 0;
	struct sockaddr_ll sll = { .sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(name) };

	sll.sll_protocol = buf[10] >> 4 == 6 ? 0xdd86 : 8;
	if (eth)
		memcpy(&sll.sll_protocol, buf + 22, 2);
	setsockopt(s, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one));
	while (times--)
		good += sendto(s, buf, n, 0, (struct sockaddr *)&sll, sizeof(sll)) >= 0;
	close(s);
	return good;
}

static inline int toggle(const char *name, int flag)
{
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq *ifr = ifreq(name, 0);

	ioctl(s, SIOCGIFFLAGS, ifr);
	ifr->ifr_flags ^= flag;
	return ioctl(s, SIOCSIFFLAGS, ifr);
}

static inline int show_fdinfo(int f)
{
	char command[64];

	snprintf(command, sizeof(command), "cat /proc/$PPID/fdinfo/%d", f);
	return system(command);
}

static inline int open_elsewhere(const char *path, int flags)
{
	int other = open("/run/netns/other", O_RDONLY), f;

	setns(other, CLONE_NEWNET);
	f = open(path, flags);
	setns(home, CLONE_NEWNET);
	return f;
}

/* Everything about the devices and the files. */
static inline int state(void)
{
	unsigned int i;

	for (i = 0; i < 6; i++) {
		struct pollfd p = { fd[i], ~0, 0 };
		struct ifreq *ifr = ifreq("", 0);

		if (fd[i] < 0)
			continue;
		poll(&p, 1, 0);
		if (ioctl(fd[i], TUNGETIFF, ifr))
			printf("fd[%u]: poll %#x\n", i, p.revents);
		else
			printf("fd[%u]: poll %#x, %s %#x\n", i, p.revents, ifr->ifr_name,
			       ifr->ifr_flags & 0xffff);
	}
	return system("ip -d -s -s link; ip -n other -d -s -s link; cd /sys/class/net;"
		      "for i in *; do ethtool $i; ethtool -k $i; ethtool -l $i; ethtool -c $i; done 2>&1;"
		      "grep . */tun_flags */owner */group */name_assign_type 2>/dev/null");
}

#endif /* SELFTESTS_DIFF_REPRO_H */
