// SPDX-License-Identifier: GPL-2.0
/*
 * What users may not do to a device that is not theirs: a user without a capability
 * tries everything from inside the network namespace, and root of a user namespace
 * through files and sockets that were opened there. Each try is refused, and the
 * devices are as they were.
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/sockios.h>
#include <net/if_arp.h>
#include "bpf.h"
#include "differences.h"

#define OTHER	12345

static const char *node;
static int bare, theirs, inet, xdp_prog, away;

/* A new file, or the one from outside where a user namespace has its own. */
static int file(void)
{
	int fd = open(node, O_RDWR | O_NONBLOCK);

	return fd < 0 ? bare : fd;
}

static int error(long ret)
{
	return ret < 0 ? errno : 0;
}

/* --- whoever has no capability in the namespace of the device --- */

static int create(void *arg) { (void)arg; return error(tun_setiff(bare, "rf%d", IFF_TUN)); }

static int attach(void *arg)
{
	(void)arg;
	return error(tun_setiff(bare, "rf0", IFF_TAP | IFF_NO_PI));
}

static int join(void *arg)
{
	(void)arg;
	return error(tun_setiff(bare, "rf1", IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE));
}

static int inet_call(int cmd, struct ifreq *ifr)
{
	memcpy(ifr->ifr_name, "rf1", 4);
	return error(ioctl(inet, cmd, ifr));
}

static int down(void *arg) { (void)arg; return inet_call(SIOCSIFFLAGS, &(struct ifreq){ 0 }); }

static int length(void *arg)
{
	(void)arg;
	return inet_call(SIOCSIFTXQLEN, &(struct ifreq){ .ifr_qlen = 7 });
}

static int mtu(void *arg)
{
	(void)arg;
	return inet_call(SIOCSIFMTU, &(struct ifreq){ .ifr_mtu = 700 });
}

static int name(void *arg)
{
	struct ifreq ifr = { .ifr_newname = "rf7" };

	(void)arg;
	return inet_call(SIOCSIFNAME, &ifr);
}

static int address(void *arg)
{
	struct ifreq ifr = { .ifr_name = "rf0", .ifr_hwaddr.sa_family = ARPHRD_ETHER };

	(void)arg;
	return error(ioctl(inet, SIOCSIFHWADDR, &ifr));
}

static const struct attempt {
	const char *what;
	int (*fn)(void *arg);
	int err;
} everybody[] = {
	{ "creating a device", create, EPERM },
	{ "attaching to a persistent device of another user", attach, EPERM },
	{ "joining a device in use", join, EPERM },
	{ "taking it down", down, EPERM },
	{ "txqueuelen", length, EPERM },
	{ "the MTU", mtu, EPERM },
	{ "the name", name, EPERM },
	{ "the address", address, EPERM },
};

/* --- a user in the namespace of the device --- */

static int deletion(void *arg)
{
	struct nl_reply reply;

	(void)arg;
	return error(nl_dellink("rf1", &reply));
}

static int carrier(void *arg) { (void)arg; return error(nl_set_carrier("rf1", 0)); }
static int move(void *arg) { (void)arg; return error(nl_set_netns("rf1", away)); }

static int xdp(void *arg)
{
	(void)arg;
	return error(xdp_attach("rf0", xdp_prog, XDP_FLAGS_DRV_MODE));
}

static int feature(void *arg)
{
	(void)arg;
	return error(eth_set_feature("rf1", "tx-scatter-gather", false));
}

static int packet(void *arg)
{
	(void)arg;
	return error(socket(AF_PACKET, SOCK_RAW, 0));
}

static int sysfs(void *arg)
{
	(void)arg;
	return error(file_write("/sys/class/net/rf1/tx_queue_len", "7"));
}

static int sysfs_mtu(void *arg)
{
	(void)arg;
	return error(file_write("/sys/class/net/rf1/mtu", "700"));
}

static int load_program(void *arg)
{
	int status;

	(void)arg;
	/* What the kernel says of it goes nowhere: it is refused before that. */
	status = error(BPF_PROG_RETURN(BPF_PROG_TYPE_XDP, XDP_PASS));
	return status;
}

static const struct attempt nobody[] = {
	{ "deletion", deletion, EPERM },
	{ "the carrier", carrier, EPERM },
	{ "another netns", move, EPERM },
	{ "an XDP program", xdp, EPERM },
	{ "loading one", load_program, EPERM },
	{ "a feature", feature, EPERM },
	{ "a packet socket on it", packet, EPERM },
	{ "sysfs: tx_queue_len", sysfs, EACCES },
	{ "sysfs: mtu", sysfs_mtu, EACCES },
};

/* --- with an open file, attached to nothing: no ioctl gets anywhere --- */

static int no_device(void *arg)
{
	static const unsigned long cmds[] = {
		TUNSETNOCSUM, TUNSETDEBUG, TUNSETPERSIST, TUNSETOWNER, TUNSETLINK, TUNSETGROUP,
		TUNSETOFFLOAD, TUNSETTXFILTER, TUNGETIFF, TUNGETSNDBUF, TUNSETSNDBUF,
		TUNATTACHFILTER, TUNDETACHFILTER, TUNGETVNETHDRSZ, TUNSETVNETHDRSZ, TUNGETFILTER,
		TUNSETVNETLE, TUNGETVNETLE, TUNSETVNETBE, TUNGETVNETBE, TUNSETSTEERINGEBPF,
		TUNSETFILTEREBPF, TUNSETCARRIER, TUNGETDEVNETNS, SIOCGIFHWADDR, SIOCSIFHWADDR,
	};
	static unsigned char room[4096];
	int fd = file();
	unsigned int i;

	(void)arg;
	for (i = 0; i < ARRAY_SIZE(cmds); i++)
		if (error(ioctl(fd, cmds[i], room)) != EBADFD)
			return i + 1;
	if (error(tun_queue(fd, IFF_ATTACH_QUEUE)) != EINVAL)
		return 100;
	if (read(fd, room, sizeof(room)) >= 0 || errno != EBADFD)
		return 101;
	if (write(fd, room, sizeof(room)) >= 0 || errno != EBADFD)
		return 102;
	return 0;
}

/* --- with a file of the device, which somebody gave away --- */

static int bad_programs(void *arg)
{
	static const unsigned long cmds[] = { TUNSETFILTEREBPF, TUNSETSTEERINGEBPF };
	/* Kernel memory, not that of the packet */
	struct sock_filter wild = BPF_STMT(BPF_LD | BPF_MEM, 100);
	struct sock_fprog prog = { 1, &wild };
	int null = open("/dev/null", O_RDONLY);
	unsigned int i;

	(void)arg;
	for (i = 0; i < 2; i++) {
		if (error(ioctl(theirs, cmds[i], &xdp_prog)) != EINVAL)
			return 1;
		if (error(ioctl(theirs, cmds[i], &null)) != EINVAL)
			return 2;
		if (error(ioctl(theirs, cmds[i], &bare)) != EINVAL)
			return 3;
		if (error(ioctl(theirs, cmds[i], BAD_PTR)) != EFAULT)
			return 4;
	}
	if (error(ioctl(theirs, TUNATTACHFILTER, &prog)) != EINVAL)
		return 5;
	prog.len = 0;
	return error(ioctl(theirs, TUNATTACHFILTER, &prog)) == EINVAL ? 0 : 6;
}

static void try(const char *who, bool userns, const struct attempt *all, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		is(userns ? in_userns(all[i].fn, NULL) : as_user(NOBODY, NOBODY, all[i].fn, NULL),
		   all[i].err, "%s may not: %s", who, all[i].what);
}

static int nothing(void *arg)
{
	(void)arg;
	return 0;
}

int main(void)
{
	static const char root[] = "root of a user namespace";
	static const char ioctls[] = "any ioctl without a device";
	static const char programs[] = "programs not for sockets, on a file that was given";
	int fd, queue;
	long mtu_was;

	ktap_begin();
	netns_new();
	node = tun_public_node();
	away = netns_another();
	bare = tun_open(O_RDWR | O_NONBLOCK);
	inet = must(socket(AF_INET, SOCK_DGRAM, 0));
	xdp_prog = must(BPF_PROG_RETURN(BPF_PROG_TYPE_XDP, XDP_PASS));
	fd = tun_new("rf0", IFF_TAP | IFF_NO_PI);
	must(ioctl(fd, TUNSETPERSIST, 1));
	must(ioctl(fd, TUNSETOWNER, OTHER));
	close(fd);
	queue = tun_new("rf1", IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE);
	must(ioctl(queue, TUNSETOWNER, OTHER));
	must(if_up("rf1"));
	theirs = tun_new("rf2", IFF_TAP | IFF_NO_PI);
	must(if_up("rf2"));
	settle(theirs, "rf2");
	mtu_was = if_sysfs("rf1", "mtu");

	try("nobody", false, everybody, ARRAY_SIZE(everybody));
	try("nobody", false, nobody, ARRAY_SIZE(nobody));
	is(as_user(NOBODY, NOBODY, no_device, NULL), 0, "nobody may not: %s", ioctls);
	is(as_user(NOBODY, NOBODY, bad_programs, NULL), 0, "nobody may not: %s", programs);
	if (in_userns(nothing, NULL) == 254) {
		skip("user namespaces are forbidden here", "%s", root);
	} else {
		try(root, true, everybody, ARRAY_SIZE(everybody));
		is(in_userns(no_device, NULL), 0, "%s may not: %s", root, ioctls);
		is(in_userns(bad_programs, NULL), 0, "%s may not: %s", root, programs);
	}

	ok(if_flags("rf1") & IFF_UP && if_sysfs("rf1", "carrier") == 1, "the device is up");
	is(if_sysfs("rf1", "tx_queue_len"), 500, "with its length");
	is(if_sysfs("rf1", "mtu"), mtu_was, "and MTU");
	ok(!if_exists("rf7") && if_exists("rf0"), "all are there, by their names");
	must(stack_send("rf2", 100, 1));
	ok(readable(theirs, 1000), "the one that was given away still gets packets");
	fd = tun_new("rf0", IFF_TAP | IFF_NO_PI);
	must(ioctl(fd, TUNSETPERSIST, 0));
	close(fd);
	close(queue);
	close(theirs);
	return ktap_end();
}
