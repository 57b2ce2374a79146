// SPDX-License-Identifier: GPL-2.0
/*
 * Who may do what: owner, group, persistence, and a world without privileges.
 *
 *	root makes a persistent device, sets owner and group, and closes it;
 *	then uid 65534 (or root of a user namespace) tries its hand.
 */
#define _GNU_SOURCE
#include <linux/sockios.h>
#include "tuntest.h"
#include "differences.h"

#define OTHER	12345

struct attempt {
	int fd;
	const char *name;
	int flags;
};

static int attach(void *arg)
{
	struct attempt *a = arg;

	return tun_setiff(a->fd, a->name, a->flags) ? errno : 0;
}

static void matrix(void)
{
	static const struct {
		unsigned int owner, group;	/* 0: not set */
		int err;
		const char *name;
	} cases[] = {
		{ 0, 0, EPERM, "neither owner nor group" },
		{ NOBODY, 0, 0, "owner me" },
		{ OTHER, 0, EPERM, "owner other" },
		{ 0, NOBODY, 0, "group mine" },
		{ 0, OTHER, EPERM, "group other" },
		{ NOBODY, NOBODY, 0, "owner me, group mine" },
		{ NOBODY, OTHER, EPERM, "owner me, group other" },
		{ OTHER, NOBODY, EPERM, "owner other, group mine" },
		{ OTHER, OTHER, EPERM, "owner other, group other" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct attempt a = { .name = "own0", .flags = IFF_TAP };
		int fd = tun_new("own0", IFF_TAP);

		must(ioctl(fd, TUNSETPERSIST, 1));
		if (cases[i].owner)
			must(ioctl(fd, TUNSETOWNER, cases[i].owner));
		if (cases[i].group)
			must(ioctl(fd, TUNSETGROUP, cases[i].group));
		close(fd);
		a.fd = tun_open(O_RDWR);
		if (cases[i].owner || cases[i].group || knows_ownerless_rule())
			is(as_user(NOBODY, NOBODY, attach, &a), cases[i].err,
			   "nobody attaches: %s", cases[i].name);
		else
			skip("stable updates of stock differ; stock has the rule from 7.3.2 on",
			     "nobody attaches: neither owner nor group");
		close(a.fd);
		a.fd = tun_open(O_RDWR);
		is(attach(&a), 0, "root attaches: %s", cases[i].name);
		must(ioctl(a.fd, TUNSETPERSIST, 0));
		close(a.fd);
	}
}

/* The rule holds for the second queue of a device in use, too. */
static void joining(void)
{
	int fd = tun_new("join0", IFF_TUN | IFF_MULTI_QUEUE);
	struct attempt a = { tun_open(O_RDWR), "join0", IFF_TUN | IFF_MULTI_QUEUE };

	must(ioctl(fd, TUNSETOWNER, OTHER));
	is(as_user(NOBODY, NOBODY, attach, &a), EPERM, "joining a foreign device");
	is(as_user(OTHER, NOBODY, attach, &a), 0, "joining one's own");
	close(a.fd);
	a = (struct attempt){ tun_open(O_RDWR), "join0", IFF_TAP | IFF_MULTI_QUEUE };
	is(as_user(NOBODY, NOBODY, attach, &a), EINVAL, "the type is looked at first");
	a.flags = IFF_TUN | IFF_MULTI_QUEUE | IFF_TUN_EXCL;
	is(as_user(NOBODY, NOBODY, attach, &a), EBUSY, "and EXCL");
	close(a.fd);
	close(fd);
}

static void set_and_show(void)
{
	int fd = tun_new("set0", IFF_TUN);

	is(if_sysfs("set0", "owner"), -1, "no owner at first");
	is(if_sysfs("set0", "group"), -1, "no group at first");
	result(ioctl(fd, TUNSETOWNER, OTHER), 0, "TUNSETOWNER");
	result(ioctl(fd, TUNSETGROUP, OTHER + 1), 0, "TUNSETGROUP");
	is(if_sysfs("set0", "owner"), OTHER, "sysfs shows the owner");
	is(if_sysfs("set0", "group"), OTHER + 1, "sysfs shows the group");
	result(ioctl(fd, TUNSETOWNER, -1), EINVAL, "TUNSETOWNER -1");
	result(ioctl(fd, TUNSETGROUP, -1), EINVAL, "TUNSETGROUP -1");
	is(if_sysfs("set0", "owner"), OTHER, "the owner cannot be taken away");
	is(if_sysfs("set0", "group"), OTHER + 1, "nor the group");
	result(ioctl(fd, TUNSETOWNER, 0), 0, "TUNSETOWNER root");
	is(if_sysfs("set0", "owner"), 0, "sysfs shows it");
	close(fd);
}

static long module_refs(void)
{
	char path[64], text[32];

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", tun_kind());
	if (file_read(path, text, sizeof(text)) < 0)
		return -1;
	return strtol(text, NULL, 10);
}

static void persistence(void)
{
	struct nl_reply reply;
	int fd;
	long refs;

	fd = tun_new("per0", IFF_TAP);
	refs = module_refs();
	result(ioctl(fd, TUNSETPERSIST, 1), 0, "TUNSETPERSIST 1");
	result(ioctl(fd, TUNSETPERSIST, 1), 0, "and again");
	result(ioctl(fd, TUNSETPERSIST, 7), 0, "any value but 0 is on");
	ok(tun_flags(fd) & IFF_PERSIST, "TUNGETIFF shows it");
	if (refs < 0)
		skip("stock is built into this kernel", "references are not leaked");
	else
		is(module_refs(), refs + 1, "it holds one module reference, not three");
	result(ioctl(fd, TUNSETPERSIST, 0), 0, "TUNSETPERSIST 0");
	result(ioctl(fd, TUNSETPERSIST, 0), 0, "and again");
	ok(!(tun_flags(fd) & IFF_PERSIST), "TUNGETIFF shows it");
	if (refs < 0)
		skip("stock is built into this kernel", "references are given back");
	else
		is(module_refs(), refs, "the module reference is given back");
	must(ioctl(fd, TUNSETPERSIST, 1));
	must(nl_dellink("per0", &reply));
	if (refs < 0)
		skip("stock is built into this kernel", "deletion gives the reference back");
	else
		is(module_refs(), refs, "deletion gives the reference back");
	close(fd);
	ok(!if_exists("per0"), "a persistent device can be deleted");
}

/* Scenario: a persistent device of an unprivileged user moves packets. */
static int use_device(void *arg)
{
	struct attempt *a = arg;
	char buf[2000] = { 0x45 };

	if (tun_setiff(a->fd, a->name, a->flags))
		return errno;
	if (write(a->fd, buf, 20) != 20)
		return errno;
	return readable(a->fd, 5000) && read(a->fd, buf, sizeof(buf)) == 128 ? 0 : EIO;
}

static void unprivileged_traffic(void)
{
	struct attempt a = { .name = "usr0", .flags = IFF_TUN | IFF_NO_PI };
	int fd = tun_new("usr0", IFF_TUN | IFF_NO_PI);
	pid_t pid;

	must(ioctl(fd, TUNSETPERSIST, 1));
	must(ioctl(fd, TUNSETOWNER, NOBODY));
	must(if_up("usr0"));
	close(fd);
	a.fd = tun_open(O_RDWR | O_NONBLOCK);
	pid = must(fork());
	if (!pid) {
		while (if_sysfs("usr0", "carrier") != 1)
			usleep(1000);
		for (;; usleep(10000))
			stack_send("usr0", 100, 1);
	}
	is(as_user(NOBODY, NOBODY, use_device, &a), 0,
	   "the owner attaches, writes and reads without a capability");
	close(a.fd);
	kill(pid, SIGKILL);
	a.fd = tun_open(O_RDWR | O_NONBLOCK);
	is(as_user(OTHER, OTHER, use_device, &a), EPERM, "another user may not");
	close(a.fd);
}

/* Possession of an attached fd is the permission for these. */
static int without_caps(void *arg)
{
	int fd = *(int *)arg, value = 5000, on = 1;
	struct ifreq ifr = { .ifr_hwaddr.sa_family = 1 };
	int bad = 0;

	memcpy(ifr.ifr_hwaddr.sa_data, "\2\0\0\0\0\7", 6);
	bad |= (ioctl(fd, TUNSETPERSIST, 1) != 0) << 0;
	bad |= (ioctl(fd, TUNSETPERSIST, 0) != 0) << 1;
	bad |= (ioctl(fd, TUNSETOWNER, NOBODY) != 0) << 2;
	bad |= (ioctl(fd, TUNSETSNDBUF, &value) != 0) << 3;
	bad |= (ioctl(fd, TUNSETCARRIER, &on) != 0) << 4;
	bad |= (ioctl(fd, SIOCSIFHWADDR, &ifr) != 0) << 5;
	bad |= (tun_queue(fd, IFF_DETACH_QUEUE) != 0) << 6;
	bad |= (tun_queue(fd, IFF_ATTACH_QUEUE) != 0) << 7;
	return bad;
}

static int devnetns(void *arg)
{
	return ioctl(*(int *)arg, TUNGETDEVNETNS) < 0 ? errno : 0;
}

static int skns(void *arg)
{
	return ioctl(*(int *)arg, SIOCGSKNS_) < 0 ? errno : 0;
}

static void possession(void)
{
	int fd = tun_new("pos0", IFF_TAP | IFF_MULTI_QUEUE);
	int bare = tun_open(O_RDWR);

	is(as_user(NOBODY, NOBODY, without_caps, &fd), 0,
	   "settings through an attached fd need no capability");
	is(as_user(NOBODY, NOBODY, devnetns, &fd), EPERM, "TUNGETDEVNETNS does");
	is(as_user(NOBODY, NOBODY, devnetns, &bare), EBADFD, "not so unattached");
	is(as_user(NOBODY, NOBODY, skns, &fd), EPERM, "SIOCGSKNS does");
	is(as_user(NOBODY, NOBODY, skns, &bare), EPERM, "also unattached");
	close(bare);
	close(fd);
}

/* Inside a user namespace with its own netns; each returns 0 when all is well. */
static int ns_create(void *arg)
{
	int fd = open(arg, O_RDWR | O_NONBLOCK);

	return fd < 0 || tun_setiff(fd, "un0", IFF_TAP) || !if_exists("un0");
}

static int ns_frags(void *arg)
{
	int fd = open(arg, O_RDWR | O_NONBLOCK);

	return !tun_setiff(fd, "un0", IFF_TAP | IFF_NAPI | IFF_NAPI_FRAGS) ? 0 : errno;
}

static int ns_owner(void *arg)
{
	int fd = open(arg, O_RDWR | O_NONBLOCK);

	if (tun_setiff(fd, "un0", IFF_TAP))
		return 200;
	return ioctl(fd, TUNSETOWNER, 1000) ? errno : 0;
}

static int ns_owner_mapped(void *arg)
{
	int fd = open(arg, O_RDWR | O_NONBLOCK);

	if (tun_setiff(fd, "un0", IFF_TAP))
		return 200;
	return ioctl(fd, TUNSETOWNER, 0) ? errno : 0;
}

static int ns_devnetns(void *arg)
{
	int fd = open(arg, O_RDWR | O_NONBLOCK);

	if (tun_setiff(fd, "un0", IFF_TAP))
		return 200;
	return ioctl(fd, TUNGETDEVNETNS) < 0 ? errno : 0;
}

static int ns_skns(void *arg)
{
	int fd = open(arg, O_RDWR | O_NONBLOCK);

	return ioctl(fd, SIOCGSKNS_) < 0 ? errno : 0;
}

/* Reaching for what belongs to the outside with an fd opened there. */
static int ns_outer(void *arg)
{
	return tun_setiff(*(int *)arg, "out0", IFF_TAP) ? errno : 0;
}

static int ns_ownerless(void *arg)
{
	int fd = open(arg, O_RDWR | O_NONBLOCK), again;

	if (tun_setiff(fd, "un0", IFF_TAP) || ioctl(fd, TUNSETPERSIST, 1))
		return 200;
	close(fd);
	again = open(arg, O_RDWR | O_NONBLOCK);
	return tun_setiff(again, "un0", IFF_TAP) ? errno : 0;
}

static void user_namespace(void)
{
	char *node = (char *)tun_public_node();
	int outer = tun_open(O_RDWR);

	if (in_userns(ns_skns, node) == 254) {
		skip("user namespaces are forbidden here", "root of a user namespace");
		return;
	}
	is(in_userns(ns_create, node), 0, "userns: root creates a device");
	is(in_userns(ns_frags, node), EPERM, "userns: NAPI_FRAGS takes the real root");
	is(in_userns(ns_owner, node), EINVAL, "userns: an unmapped owner");
	is(in_userns(ns_owner_mapped, node), 0, "userns: a mapped owner");
	is(in_userns(ns_devnetns, node), 0, "userns: TUNGETDEVNETNS");
	is(in_userns(ns_skns, node), 0, "userns: SIOCGSKNS");
	is(in_userns(ns_ownerless, node), 0, "userns: root attaches to its ownerless device");
	is(in_userns(ns_outer, &outer), EPERM, "userns: no power over an fd from outside");
	is(in_userns(skns, &outer), EPERM, "userns: nor SIOCGSKNS on it");
	ok(!if_exists("out0") && !if_exists("un0"), "userns: nothing appeared outside");
	close(outer);
}

int main(void)
{
	ktap_begin();
	netns_new();
	matrix();
	joining();
	set_and_show();
	persistence();
	unprivileged_traffic();
	possession();
	user_namespace();
	return ktap_end();
}
