// SPDX-License-Identifier: GPL-2.0
/*
 * TUNATTACHFILTER, TUNDETACHFILTER, TUNGETFILTER: a classic BPF program decides
 * how much of a frame the reader of a tap gets, on each queue that wants it.
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <sys/mman.h>
#include "tuntest.h"
#include "differences.h"

#define NO_FILTER	0x1000	/* in TUNGETIFF: none on this queue */
#define PI		4

static unsigned char in[2000];

static struct sock_filter drop[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
static struct sock_filter pass[] = { BPF_STMT(BPF_RET | BPF_K, 0xffffffff) };
static struct sock_filter trim[] = { BPF_STMT(BPF_RET | BPF_K, 30) };
static struct sock_filter only_ip[] = {
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

#define PROG(p) (&(struct sock_fprog){			\
	.filter = (p), .len = sizeof(p) / sizeof(struct sock_filter) })

static int tap(const char *name, int flags)
{
	int fd = tun_new(name, IFF_TAP | flags);

	must(if_up(name));
	settle(fd, name);
	return fd;
}

/* Length of the frame that a packet of the stack makes at the reader, or 0. */
static int reads(int fd, const char *name)
{
	ssize_t n;

	stack_send(name, 100, 1);
	n = read(fd, in, sizeof(in));
	return n < 0 ? 0 : n;
}

static void verdicts(void)
{
	int fd = tap("fc0", 0), whole = PI + 14 + 128;
	long dropped;

	is(tun_flags(fd), IFF_TAP | NO_FILTER, "TUNGETIFF: no filter");
	is(reads(fd, "fc0"), whole, "without filter: whole");
	result(ioctl(fd, TUNATTACHFILTER, PROG(drop)), 0, "attach a program that drops");
	is(tun_flags(fd), IFF_TAP, "TUNGETIFF: a filter");
	dropped = if_stat("fc0", "tx_dropped");
	is(reads(fd, "fc0"), 0, "nothing is read");
	is(if_stat("fc0", "tx_dropped") - dropped, 1, "it is counted");
	result(ioctl(fd, TUNATTACHFILTER, PROG(trim)), 0, "attach one that trims");
	is(reads(fd, "fc0"), PI + 30, "30 bytes are read");
	result(ioctl(fd, TUNATTACHFILTER, PROG(pass)), 0, "attach one that passes");
	is(reads(fd, "fc0"), whole, "all is read");
	result(ioctl(fd, TUNATTACHFILTER, PROG(only_ip)), 0, "attach one that looks");
	is(reads(fd, "fc0"), whole, "IPv4 is read");
	result(ioctl(fd, TUNDETACHFILTER, NULL), 0, "detach");
	is(tun_flags(fd), IFF_TAP | NO_FILTER, "TUNGETIFF: no filter");
	is(reads(fd, "fc0"), whole, "all is read");
	result(ioctl(fd, TUNDETACHFILTER, NULL), 0, "detach what is not there");
	close(fd);
}

static void other_frames(void)
{
	int fd = tap("fc1", IFF_NO_PI), s = packet_socket("fc1", SOCK_RAW, 0);
	unsigned char frame[60] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5 };

	must(ioctl(fd, TUNATTACHFILTER, PROG(only_ip)));
	must(packet_send(s, 0x88b5, frame, sizeof(frame)));
	result(read(fd, in, sizeof(in)), EAGAIN, "a frame that is not IPv4 is dropped");
	ok(reads(fd, "fc1") > 0, "the next one is not");
	close(s);
	close(fd);
}

static void refused(void)
{
	struct sock_filter odd[] = { BPF_STMT(0xffff, 0) };
	struct sock_filter open_end[] = { BPF_STMT(BPF_LD | BPF_IMM, 0) };
	static struct sock_filter big[4097];
	int fd = tap("fc2", 0), tun = tun_new("fc3", IFF_TUN);
	struct sock_fprog get;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(big); i++)
		big[i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	result(ioctl(tun, TUNATTACHFILTER, PROG(drop)), EINVAL, "TUN: attach");
	result(ioctl(tun, TUNDETACHFILTER, NULL), EINVAL, "TUN: detach");
	result(ioctl(tun, TUNGETFILTER, &get), EINVAL, "TUN: get");
	result(ioctl(fd, TUNATTACHFILTER, BAD_PTR), EFAULT, "bad pointer");
	result(ioctl(fd, TUNATTACHFILTER, (&(struct sock_fprog){ 1, BAD_PTR })), EFAULT,
	       "bad pointer to the program");
	result(ioctl(fd, TUNATTACHFILTER, (&(struct sock_fprog){ 1, NULL })), EINVAL, "no program");
	result(ioctl(fd, TUNATTACHFILTER, (&(struct sock_fprog){ 0, drop })), EINVAL,
	       "an empty one");
	result(ioctl(fd, TUNATTACHFILTER, PROG(odd)), EINVAL, "an unknown instruction");
	result(ioctl(fd, TUNATTACHFILTER, PROG(open_end)), EINVAL, "one that does not return");
	result(ioctl(fd, TUNATTACHFILTER, PROG(big)), EINVAL, "4097 instructions");
	/* More than some hundreds take net.core.optmem_max on stock. */
	result(ioctl(fd, TUNATTACHFILTER, (&(struct sock_fprog){ 500, big })), 0,
	       "500 instructions");
	result(ioctl(fd, TUNATTACHFILTER, PROG(odd)), EINVAL, "a bad one in place of a good one");
	is(reads(fd, "fc2"), 0, "leaves the good one where it is");
	close(tun);
	close(fd);
}

static void get(void)
{
	int fd = tap("fc4", 0);
	struct sock_fprog prog;

	memset(&prog, 0x5a, sizeof(prog));
	result(ioctl(fd, TUNGETFILTER, &prog), 0, "get without filter");
	is(prog.len, 0, "its length is 0");
	must(ioctl(fd, TUNATTACHFILTER, PROG(only_ip)));
	result(ioctl(fd, TUNGETFILTER, &prog), 0, "get");
	is(prog.len, ARRAY_SIZE(only_ip), "the length");
	ok(prog.filter == only_ip, "the pointer");
	result(ioctl(fd, TUNGETFILTER, BAD_PTR), EFAULT, "bad pointer");
	close(fd);
}

/* Files that join a device with a filter are filtered, if they want to. */
static void join(void)
{
	int fd = tap("fc5", IFF_MULTI_QUEUE), other = tun_open(O_RDWR | O_NONBLOCK);

	must(ioctl(fd, TUNATTACHFILTER, PROG(trim)));
	result(tun_setiff(other, "fc5", IFF_TAP | IFF_MULTI_QUEUE), 0, "a second file joins");
	if (!filter_and_join_work()) {
		result(read(other, in, sizeof(in)), EBADFD, "and has not");
		close(other);
		must(tun_queue(fd, IFF_DETACH_QUEUE));
		result(tun_queue(fd, IFF_ATTACH_QUEUE), 0, "a queue is enabled");
		ok(tun_flags(fd) & IFF_DETACH_QUEUE, "and is not");
		close(fd);
		return;
	}
	result(read(other, in, sizeof(in)), EAGAIN, "and has joined");
	is(tun_flags(other), IFF_TAP | IFF_MULTI_QUEUE, "with the filter");
	must(tun_queue(fd, IFF_DETACH_QUEUE));
	is(reads(other, "fc5"), PI + 30, "which works");
	must(tun_queue(fd, IFF_ATTACH_QUEUE));
	ok(!(tun_flags(fd) & IFF_DETACH_QUEUE), "a queue is enabled");
	must(tun_queue(other, IFF_DETACH_QUEUE));
	is(reads(fd, "fc5"), PI + 30, "and filtered");
	must(ioctl(fd, TUNDETACHFILTER, NULL));
	is(reads(fd, "fc5"), PI + 142, "until the filter is detached");
	close(other);
	close(fd);
}

static void join_without(void)
{
	int fd = tap("fc6", IFF_MULTI_QUEUE), other = tun_open(O_RDWR | O_NONBLOCK);

	must(ioctl(fd, TUNATTACHFILTER, PROG(trim)));
	must(tun_setiff(other, "fc6", IFF_TAP | IFF_MULTI_QUEUE | NO_FILTER));
	is(tun_flags(other), IFF_TAP | IFF_MULTI_QUEUE | NO_FILTER,
	   "a file that wants no filter has none");
	close(fd);
	/* The only queue now; the device still has PI. */
	is(reads(other, "fc6"), PI + 142, "and gets all");
	close(other);
}

/* The caller's memory is read once, when the filter is attached. */
static void memory(void)
{
	int fd = tap("fc7", IFF_MULTI_QUEUE), other = tun_open(O_RDWR | O_NONBLOCK);
	struct sock_filter *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct sock_fprog prog = { 1, page };

	*page = trim[0];
	must(ioctl(fd, TUNATTACHFILTER, &prog));
	if (!filter_is_copied()) {
		munmap(page, 4096);
		result(tun_setiff(other, "fc7", IFF_TAP | IFF_MULTI_QUEUE), 0,
		       "memory gone: a file joins");
		must(tun_queue(fd, IFF_DETACH_QUEUE));
		is(reads(other, "fc7"), PI + 142, "without the filter");
		goto out;
	}
	*page = drop[0];
	must(tun_setiff(other, "fc7", IFF_TAP | IFF_MULTI_QUEUE));
	must(tun_queue(fd, IFF_DETACH_QUEUE));
	is(reads(other, "fc7"), PI + 30, "memory changed: the filter is the one attached");
	munmap(page, 4096);
	result(tun_queue(fd, IFF_ATTACH_QUEUE), 0, "memory gone: a queue is enabled");
	must(tun_queue(other, IFF_DETACH_QUEUE));
	is(reads(fd, "fc7"), PI + 30, "with the filter");
	close(other);
	other = tun_open(O_RDWR | O_NONBLOCK);
	result(tun_setiff(other, "fc7", IFF_TAP | IFF_MULTI_QUEUE), 0, "memory gone: a file joins");
	must(tun_queue(fd, IFF_DETACH_QUEUE));
	is(reads(other, "fc7"), PI + 30, "with the filter");
out:
	close(other);
	close(fd);
}

static void persistent(void)
{
	int fd = tap("fc8", 0);

	must(ioctl(fd, TUNATTACHFILTER, PROG(trim)));
	must(ioctl(fd, TUNSETPERSIST, 1));
	close(fd);
	fd = tun_open(O_RDWR | O_NONBLOCK);
	result(tun_setiff(fd, "fc8", IFF_TAP), 0, "persistent: opened again");
	if (filter_and_join_work()) {
		settle(fd, "fc8");
		is(reads(fd, "fc8"), PI + 30, "persistent: the filter is still there");
	} else {
		result(read(fd, in, sizeof(in)), EBADFD, "persistent: and is not");
		close(fd);
		fd = tun_new("fc8", IFF_TAP | NO_FILTER);
	}
	must(ioctl(fd, TUNSETPERSIST, 0));
	close(fd);
	ok(!if_exists("fc8"), "closed with a filter, it is gone");
}

int main(void)
{
	ktap_begin();
	netns_new();
	verdicts();
	other_frames();
	refused();
	get();
	join();
	join_without();
	memory();
	persistent();
	return ktap_end();
}
