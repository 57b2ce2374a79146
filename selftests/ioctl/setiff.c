// SPDX-License-Identifier: GPL-2.0
/*
 * TUNSETIFF: which error comes first, names and templates, creation, attaching
 * again, and what TUNGETIFF tells afterwards.
 */
#define _GNU_SOURCE
#include "tuntest.h"
#include "differences.h"

#define MQ	IFF_MULTI_QUEUE

struct attempt {
	int fd;
	const char *name;
	int flags;
};

static int try(void *arg)
{
	struct attempt *a = arg;

	return tun_setiff(a->fd, a->name, a->flags) ? errno : 0;
}

static int bare(void)
{
	return tun_open(O_RDWR | O_NONBLOCK);
}

/* One TUNSETIFF on a fresh fd: its errno, and the name that came out. */
static void fresh(const char *name, int flags, int err, const char *out,
		  const char *what)
{
	char buf[IFNAMSIZ] = "";
	int fd = bare();

	memcpy(buf, name, strnlen(name, IFNAMSIZ));
	result(tun_setiff_name(fd, buf, flags), err, "%s", what);
	if (out)
		ok(!strncmp(buf, out, IFNAMSIZ), "%s: it is called %s", what, out);
	close(fd);
}

static void features(void)
{
	unsigned int value = 0;
	int fd = bare();

	must(ioctl(fd, TUNGETFEATURES, &value));
	is(value, want_features(), "TUNGETFEATURES, unattached");
	must(tun_setiff(fd, "feat0", IFF_TUN));
	must(ioctl(fd, TUNGETFEATURES, &value));
	is(value, want_features(), "TUNGETFEATURES, attached");
	close(fd);
}

static void names(void)
{
	static const char * const bad[] = {
		"a/b", "a:b", "a b", "a\tb", ".", "..", "%s", "%d%d", "a%", "%x", "/",
	};
	unsigned int i;
	int fd, fd2;

	fresh("", IFF_TUN, 0, "tun0", "an empty name, TUN");
	fresh("", IFF_TAP, 0, "tap0", "an empty name, TAP");
	fresh("foo%d", IFF_TUN, 0, "foo0", "a template");
	fresh("x%dy", IFF_TUN, 0, "x0y", "a template with text behind");
	fresh("xxxxxxxxxxxxxxxx", IFF_TUN, 0, "xxxxxxxxxxxxxxx",
	      "16 characters are cut to 15");
	fresh("123456789012345", IFF_TAP, 0, "123456789012345", "15 characters");
	fd = tun_new("foo%d", IFF_TUN);
	fd2 = tun_new("tun%d", IFF_TUN);
	fresh("foo%d", IFF_TAP, 0, "foo1", "a template finds the next free number");
	fresh("", IFF_TUN, 0, "tun1", "so does an empty name");
	fresh("tun%d", IFF_TUN | IFF_TUN_EXCL, 0, "tun1", "a template with EXCL");
	close(fd);
	close(fd2);
	fresh("foo%d", IFF_TUN, 0, "foo0", "a number is free again after close");
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		fresh(bad[i], IFF_TUN, EINVAL, NULL, bad[i]);
}

static void types(void)
{
	struct ifreq ifr = { 0 };
	int fd;

	fresh("ty0", 0, EINVAL, NULL, "neither TUN nor TAP");
	fresh("ty0", IFF_NO_PI | MQ, EINVAL, NULL, "flags but no type");
	fresh("ty0", 0x000c, EINVAL, NULL, "unknown type bits alone");
	fd = tun_new("ty0", IFF_TUN | IFF_TAP);
	is(tun_flags(fd) & 0xf, IFF_TUN, "TUN and TAP together make a TUN");
	must(if_get("ty0", SIOCGIFHWADDR, &ifr));
	is(ifr.ifr_hwaddr.sa_family, 65534, "a real one");
	close(fd);
	fd = tun_new("ty0", IFF_TAP | 0x000c);
	is(tun_flags(fd) & 0xf, IFF_TAP, "unknown type bits beside TAP are ignored");
	close(fd);
}

static void twice(void)
{
	int fd = tun_new("tw0", IFF_TAP | MQ);

	result(tun_setiff(fd, "tw0", IFF_TAP | MQ), EEXIST, "a second TUNSETIFF, same name");
	result(tun_setiff(fd, "tw1", IFF_TUN), EEXIST, "a second TUNSETIFF, other name");
	result(tun_setiff(fd, "a/b", 0), EEXIST, "EEXIST comes before name and type");
	result(tun_setiff(fd, "tw1", IFF_TUN | IFF_NAPI_FRAGS), EEXIST,
	       "and before NAPI_FRAGS");
	must(tun_queue(fd, IFF_DETACH_QUEUE));
	result(tun_setiff(fd, "tw1", IFF_TUN), EEXIST, "a detached queue is attached still");
	ok(!if_exists("tw1"), "no device came of all this");
	close(fd);
}

static void existing(void)
{
	int fd = tun_new("ex0", IFF_TAP), mq = tun_new("ex1", IFF_TUN | MQ);

	fresh("ex0", IFF_TAP, EBUSY, NULL, "the only queue is taken");
	fresh("ex0", IFF_TAP | IFF_TUN_EXCL, EBUSY, NULL, "EXCL on an existing device");
	fresh("ex0", IFF_TUN, EINVAL, NULL, "a TAP attached to as TUN");
	fresh("ex1", IFF_TAP | MQ, EINVAL, NULL, "a TUN attached to as TAP");
	fresh("ex0", IFF_TAP | MQ, EINVAL, NULL, "MULTI_QUEUE on a single-queue device");
	fresh("ex1", IFF_TUN, EINVAL, NULL, "no MULTI_QUEUE on a multi-queue device");
	fresh("ex0", IFF_TUN | IFF_TUN_EXCL, EBUSY, NULL, "EXCL comes before the type");
	fresh("ex0", 0, EINVAL, NULL, "no type on an existing device");
	fresh("ex1", IFF_TUN | IFF_TAP | MQ, 0, NULL, "both type bits match either");
	fresh("lo", IFF_TUN, EINVAL, NULL, "a device that is none of ours");
	fresh("lo", IFF_TUN | IFF_TUN_EXCL, EBUSY, NULL, "with EXCL");
	close(fd);
	close(mq);
}

static void napi_frags(void)
{
	struct attempt a = { bare(), "nf0", IFF_TAP | IFF_NAPI | IFF_NAPI_FRAGS };

	is(as_user(NOBODY, NOBODY, try, &a), EPERM, "NAPI_FRAGS needs CAP_NET_ADMIN");
	a.name = "lo";
	is(as_user(NOBODY, NOBODY, try, &a), EPERM, "before anything about the device");
	close(a.fd);
	fresh("nf0", IFF_TAP | IFF_NAPI_FRAGS, EINVAL, NULL, "NAPI_FRAGS without NAPI");
	fresh("nf0", IFF_TUN | IFF_NAPI | IFF_NAPI_FRAGS, EINVAL, NULL, "NAPI_FRAGS on TUN");
	fresh("nf0", IFF_TUN | IFF_TAP | IFF_NAPI | IFF_NAPI_FRAGS, EINVAL, NULL,
	      "NAPI_FRAGS with both types");
	fresh("nf0", IFF_TAP | 4 | IFF_NAPI | IFF_NAPI_FRAGS, EINVAL, NULL,
	      "NAPI_FRAGS with an unknown type");
	fresh("nf0", IFF_TAP | IFF_NAPI | IFF_NAPI_FRAGS, 0, NULL,
	      "NAPI_FRAGS on a NAPI TAP");
	fresh("nf0", IFF_TAP | IFF_VNET_HDR, 0, NULL, "VNET_HDR");
	fresh("nf0", IFF_TUN | IFF_NAPI, 0, NULL, "NAPI on TUN (IFF_POINTOPOINT of old programs)");
}

static void unprivileged(void)
{
	struct attempt a = { bare(), "np0", IFF_TUN };

	is(as_user(NOBODY, NOBODY, try, &a), EPERM, "creation needs CAP_NET_ADMIN");
	a.flags = 0;
	is(as_user(NOBODY, NOBODY, try, &a), EPERM, "which comes before the missing type");
	a.name = "a/b";
	is(as_user(NOBODY, NOBODY, try, &a), EPERM, "and before the bad name");
	a.name = "lo";
	is(as_user(NOBODY, NOBODY, try, &a), EINVAL, "a device that is none of ours");
	a.flags = IFF_TUN | IFF_TUN_EXCL;
	is(as_user(NOBODY, NOBODY, try, &a), EBUSY, "with EXCL");
	ok(!if_exists("np0"), "no device came of all this");
	close(a.fd);
}

static void reported(void)
{
	static const struct {
		int asked, told;
		const char *name;
	} cases[] = {
		{ IFF_TUN, 0x1001, "TUN with PI (no filter: NOFILTER is the bit of NO_PI)" },
		{ IFF_TUN | IFF_NO_PI, 0x1001, "TUN" },
		{ IFF_TAP, 0x1002, "TAP with PI" },
		{ IFF_TAP | IFF_NO_PI | IFF_ONE_QUEUE, 0x3002, "ONE_QUEUE" },
		{ IFF_TAP | MQ, 0x1102, "MULTI_QUEUE" },
		{ IFF_TAP | IFF_PERSIST, 0x1002, "PERSIST is not taken from here" },
		{ IFF_TAP | IFF_NO_CARRIER, 0x1002, "NO_CARRIER is not kept" },
		{ IFF_TAP | IFF_ATTACH_QUEUE | IFF_DETACH_QUEUE, 0x1002,
		  "ATTACH and DETACH_QUEUE are ignored" },
		{ IFF_TAP | IFF_TUN_EXCL, 0x1002, "EXCL is not kept" },
	};
	unsigned int i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		fd = tun_new("rep0", cases[i].asked);
		is(tun_flags(fd), cases[i].told, "TUNGETIFF: %s", cases[i].name);
		if (!(cases[i].asked & IFF_NO_PI))
			is(if_sysfs("rep0", "tun_flags"), cases[i].told & ~IFF_NO_PI,
			   "sysfs: %s", cases[i].name);
		close(fd);
	}
	fd = tun_new("rep0", EVERY_FLAG);
	is(tun_flags(fd), want_flags(), "TUNGETIFF: every flag at once");
	must(ioctl(fd, TUNSETPERSIST, 1));
	is(tun_flags(fd), want_flags() | IFF_PERSIST, "TUNGETIFF: persistent");
	must(tun_queue(fd, IFF_DETACH_QUEUE));
	is(tun_flags(fd), want_flags() | IFF_PERSIST | IFF_DETACH_QUEUE,
	   "TUNGETIFF: detached");
	must(ioctl(fd, TUNSETPERSIST, 0));
	close(fd);
}

static void replaced(void)
{
	static const struct {
		int flags;
		int told;
	} steps[] = {
		{ IFF_TAP | IFF_NO_PI | IFF_ONE_QUEUE, 0x3802 },
		{ IFF_TAP, 0x0802 },
		{ IFF_TAP | IFF_NO_PI, 0x1802 },
		{ IFF_TAP | IFF_ONE_QUEUE, 0x2802 },
		{ IFF_TUN | IFF_TAP | IFF_NO_PI, 0x1802 },
	};
	int fd = tun_new("re0", IFF_TAP);
	unsigned int i;
	char buf[300];

	must(ioctl(fd, TUNSETPERSIST, 1));
	must(if_up("re0"));
	close(fd);
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		int pi = steps[i].flags & IFF_NO_PI ? 0 : 4;

		fd = tun_new("re0", steps[i].flags);
		is(if_sysfs("re0", "tun_flags"), steps[i].told,
		   "attaching again with %#x replaces the flags", steps[i].flags);
		settle(fd, "re0");
		must(stack_send("re0", 100, i));
		is(read(fd, buf, sizeof(buf)), pi + 14 + 128, "and the framing follows");
		close(fd);
	}
	fd = tun_new("re0", IFF_TAP);
	must(ioctl(fd, TUNSETPERSIST, 0));
	close(fd);
}

static void multi_queue(void)
{
	char name[IFNAMSIZ] = "mq%d", same[IFNAMSIZ] = "mq0";
	int a = bare(), b = bare(), c = bare();

	must(tun_setiff_name(a, name, IFF_TAP | MQ | IFF_NO_PI));
	ok(!strcmp(name, "mq0"), "the first queue learns the name");
	must(tun_setiff_name(b, same, IFF_TAP | MQ | IFF_ONE_QUEUE));
	is(tun_flags(a), tun_flags(b), "a second queue changes no flag");
	is(tun_flags(b), 0x1102, "whatever it asks for");
	must(tun_setiff(c, "mq0", IFF_TAP | MQ | IFF_NO_CARRIER));
	must(if_up("mq0"));
	is(if_sysfs("mq0", "carrier"), 1, "nor the carrier");
	close(b);
	close(c);
	must(ioctl(a, TUNSETPERSIST, 1));
	close(a);
	a = tun_new("mq0", IFF_TAP | MQ | IFF_ONE_QUEUE);
	is(if_sysfs("mq0", "tun_flags"), 0x2902, "the first queue of a persistent device does");
	must(ioctl(a, TUNSETPERSIST, 0));
	close(a);
}

/* The 2nd attach through an alternative name tells whether names come back. */
static void second_name(void)
{
	char name[IFNAMSIZ] = "alt0";
	int a = tun_new("real0", IFF_TAP | MQ), b = bare();

	if (system("ip link property add dev real0 altname alt0 2>/dev/null")) {
		skip("needs ip of iproute2", "attaching through an alternative name");
	} else {
		result(tun_setiff_name(b, name, IFF_TAP | MQ), 0,
		       "attaching through an alternative name");
		ok(!strcmp(name, second_attach_names() ? "real0" : "alt0"),
		   "the name a second attach gives back (%s)", name);
	}
	close(a);
	close(b);
}

static void carrier(void)
{
	int fd = tun_new("ca0", IFF_TUN | IFF_NO_CARRIER);

	must(if_up("ca0"));
	is(if_sysfs("ca0", "carrier"), 0, "NO_CARRIER leaves the carrier off");
	must(ioctl(fd, TUNSETPERSIST, 1));
	close(fd);
	fd = tun_new("ca0", IFF_TUN);
	is(if_sysfs("ca0", "carrier"), 1, "TUNSETIFF turns it on");
	close(fd);
	is(if_sysfs("ca0", "carrier"), 0, "the last close turns it off");
	fd = tun_new("ca0", IFF_TUN | IFF_NO_CARRIER);
	is(if_sysfs("ca0", "carrier"), 0, "NO_CARRIER also when attaching again");
	must(ioctl(fd, TUNSETPERSIST, 0));
	close(fd);
}

/*
 * Thirteen letters leave room for two digits: a hundred names, and no more.
 * Cores after 6.1 do not look whether a name fits and trip over the collision.
 */
static void exhausted(void)
{
	int fds[100], i;

	for (i = 0; i < 100; i++)
		fds[i] = tun_new("abcdefghijklm%d", IFF_TUN);
	fresh("abcdefghijklm%d", IFF_TUN, ENFILE, NULL, "a template used up");
	close(fds[42]);
	fresh("abcdefghijklm%d", IFF_TUN, 0, "abcdefghijklm42", "a name of it free again");
	for (i = 0; i < 100; i++)
		if (i != 42)
			close(fds[i]);
}

int main(void)
{
	ktap_begin();
	netns_new();
	features();
	names();
	if (kernel_before(6, 2, 0))
		exhausted();
	types();
	twice();
	existing();
	napi_frags();
	unprivileged();
	reported();
	replaced();
	multi_queue();
	second_name();
	carrier();
	return ktap_end();
}
