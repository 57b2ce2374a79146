// SPDX-License-Identifier: GPL-2.0
/*
 * TUNSETFILTEREBPF drops and trims what the reader gets, TUNSETSTEERINGEBPF
 * picks its queue.
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include "bpf.h"

#define SOCKET_FILTER	BPF_PROG_TYPE_SOCKET_FILTER

static unsigned char in[2000];
#define SKB_LEN		offsetof(struct __sk_buff, len)

static int device(const char *name, int flags)
{
	int fd = tun_new(name, flags | IFF_NO_PI);

	must(if_up(name));
	settle(fd, name);
	return fd;
}

static int reads(int fd, const char *name)
{
	ssize_t n;

	stack_send(name, 100, 1);
	n = read(fd, in, sizeof(in));
	return n < 0 ? 0 : n;
}

static void set(int fd, unsigned long cmd, int prog)
{
	must(prog);
	must(ioctl(fd, cmd, &prog));
	close(prog);
}

static void verdicts(const char *type, int flags)
{
	int fd = device("fe0", flags), whole = (flags & IFF_TAP ? 14 : 0) + 128, none = -1;
	long dropped = if_stat("fe0", "tx_dropped");

	set(fd, TUNSETFILTEREBPF, BPF_PROG_RETURN(SOCKET_FILTER, 0));
	is(reads(fd, "fe0"), 0, "%s: 0 drops", type);
	is(if_stat("fe0", "tx_dropped") - dropped, 1, "%s: and counts", type);
	set(fd, TUNSETFILTEREBPF, BPF_PROG_RETURN(SOCKET_FILTER, 50));
	is(reads(fd, "fe0"), 50, "%s: 50 trims", type);
	set(fd, TUNSETFILTEREBPF, BPF_PROG_RETURN(SOCKET_FILTER, 1));
	is(reads(fd, "fe0"), 1, "%s: 1 trims", type);
	set(fd, TUNSETFILTEREBPF, BPF_PROG_RETURN(SOCKET_FILTER, whole));
	is(reads(fd, "fe0"), whole, "%s: all there is", type);
	set(fd, TUNSETFILTEREBPF, BPF_PROG_RETURN(SOCKET_FILTER, 100000));
	is(reads(fd, "fe0"), whole, "%s: more than there is", type);
	set(fd, TUNSETFILTEREBPF, BPF_PROG_RETURN(SOCKET_FILTER, -1));
	is(reads(fd, "fe0"), whole, "%s: -1", type);
	set(fd, TUNSETFILTEREBPF, BPF_PROG(SOCKET_FILTER,
					   BPF_LOAD32(BPF_REG_0, BPF_REG_1, SKB_LEN),
					   BPF_ADD_IMM(BPF_REG_0, -7), BPF_LEAVE));
	is(reads(fd, "fe0"), whole - 7, "%s: a program that looks at the length", type);
	result(ioctl(fd, TUNSETFILTEREBPF, &none), 0, "%s: -1 as the program removes it", type);
	is(reads(fd, "fe0"), whole, "%s: all is read", type);
	result(ioctl(fd, TUNSETFILTEREBPF, &none), 0, "%s: also when there is none", type);
	set(fd, TUNSETFILTEREBPF, BPF_PROG_RETURN(SOCKET_FILTER, 0));
	close(fd);
	ok(!if_exists("fe0"), "%s: closed with a program, it is gone", type);
}

static void behind_classic(void)
{
	struct sock_filter trim = BPF_STMT(BPF_RET | BPF_K, 60);
	struct sock_fprog prog = { 1, &trim };
	int fd = device("fe1", IFF_TAP);

	must(ioctl(fd, TUNATTACHFILTER, &prog));
	set(fd, TUNSETFILTEREBPF, BPF_PROG(SOCKET_FILTER,
					   BPF_LOAD32(BPF_REG_0, BPF_REG_1, SKB_LEN),
					   BPF_ADD_IMM(BPF_REG_0, -7), BPF_LEAVE));
	is(reads(fd, "fe1"), 53, "the program sees what the classic one left");
	close(fd);
}

static void errnos(void)
{
	static const unsigned long cmds[] = { TUNSETFILTEREBPF, TUNSETSTEERINGEBPF };
	static const char * const names[] = { "filter", "steering" };
	int xdp = must(BPF_PROG_RETURN(BPF_PROG_TYPE_XDP, XDP_PASS));
	int map = must(bpf_map(BPF_MAP_TYPE_ARRAY, 4, 4, 1));
	int fd = device("fe2", IFF_TUN), file = must(open("/dev/null", O_RDONLY)), value;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		value = 9999;
		result(ioctl(fd, cmds[i], &value), EBADF, "%s: no such descriptor", names[i]);
		value = -2;
		result(ioctl(fd, cmds[i], &value), EBADF, "%s: -2", names[i]);
		result(ioctl(fd, cmds[i], &file), EINVAL, "%s: a file", names[i]);
		result(ioctl(fd, cmds[i], &xdp), EINVAL, "%s: an XDP program", names[i]);
		result(ioctl(fd, cmds[i], &map), EINVAL, "%s: a map", names[i]);
		result(ioctl(fd, cmds[i], BAD_PTR), EFAULT, "%s: bad pointer", names[i]);
		set(fd, cmds[i], BPF_PROG_RETURN(SOCKET_FILTER, i ? 0 : 50));
		value = 9999;
		result(ioctl(fd, cmds[i], &value), EBADF, "%s: refused beside a good one",
		       names[i]);
	}
	is(reads(fd, "fe2"), 50, "which stays");
	close(fd);
	close(file);
	close(xdp);
	close(map);
}

#define QUEUES	3

static int where(const int *fds, const char *name)
{
	int i, found = -1;

	stack_send(name, 100, 1);
	for (i = 0; i < QUEUES; i++)
		if (read(fds[i], in, sizeof(in)) > 0)
			found = found < 0 ? i : -2;
	return found;
}

static void steering(const char *type, int flags)
{
	int fds[QUEUES], i, none = -1, first;

	fds[0] = device("fe3", flags | IFF_MULTI_QUEUE);
	for (i = 1; i < QUEUES; i++)
		fds[i] = tun_new("fe3", flags | IFF_MULTI_QUEUE | IFF_NO_PI);
	first = where(fds, "fe3");
	for (i = 0; i < 7; i++) {
		set(fds[i % QUEUES], TUNSETSTEERINGEBPF, BPF_PROG_RETURN(SOCKET_FILTER, i));
		is(where(fds, "fe3"), i % QUEUES, "%s: %d of three queues", type, i);
	}
	set(fds[0], TUNSETSTEERINGEBPF, BPF_PROG_RETURN(SOCKET_FILTER, -1));
	is(where(fds, "fe3"), 0xffffffffu % QUEUES, "%s: -1 is a large number", type);
	set(fds[0], TUNSETSTEERINGEBPF, BPF_PROG(SOCKET_FILTER,
						 BPF_LOAD32(BPF_REG_0, BPF_REG_1, SKB_LEN),
						 BPF_LEAVE));
	is(where(fds, "fe3"), (128 + (flags & IFF_TAP ? 14 : 0)) % QUEUES,
	   "%s: a program that looks at the length", type);
	set(fds[0], TUNSETSTEERINGEBPF, BPF_PROG_RETURN(SOCKET_FILTER, 2));
	must(tun_queue(fds[2], IFF_DETACH_QUEUE));
	is(where(fds, "fe3"), 0, "%s: 2 of two queues", type);
	must(tun_queue(fds[2], IFF_ATTACH_QUEUE));
	is(where(fds, "fe3"), 2, "%s: 2 of three queues again", type);
	result(ioctl(fds[1], TUNSETSTEERINGEBPF, &none), 0, "%s: removed", type);
	is(where(fds, "fe3"), first, "%s: the flow's hash decides again", type);
	for (i = 0; i < QUEUES; i++)
		close(fds[i]);
}

/* Nothing to pick from: taken, kept, without effect. */
static void one_queue(void)
{
	int fd = device("fe4", IFF_TUN);

	set(fd, TUNSETSTEERINGEBPF, BPF_PROG_RETURN(SOCKET_FILTER, 5));
	is(reads(fd, "fe4"), 128, "steering with one queue: read");
	close(fd);
}

int main(void)
{
	ktap_begin();
	netns_new();
	verdicts("tun", IFF_TUN);
	verdicts("tap", IFF_TAP);
	behind_classic();
	errnos();
	steering("tun", IFF_TUN);
	steering("tap", IFF_TAP);
	one_queue();
	return ktap_end();
}
