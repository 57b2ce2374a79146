// SPDX-License-Identifier: GPL-2.0
/*
 * The device in rtnetlink and sysfs: link kind and attributes in dumps and
 * notifications, creation refused, deletion.
 */
#define _GNU_SOURCE
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/stat.h>
#include "tuntest.h"

#define OWNER	1001
#define GROUP	1002

/* The types of the attributes inside IFLA_INFO_DATA, in order, as text. */
static void data_order(const struct nl_reply *reply, char *out)
{
	static const int path[] = { IFLA_LINKINFO, IFLA_INFO_DATA };
	const struct rtattr *rta;
	int len = 0;

	*out = 0;
	rta = nl_attr(reply, path, 2, &len);
	for (; rta && RTA_OK(rta, len); rta = RTA_NEXT(rta, len))
		out += sprintf(out, "%d/%zu ", rta->rta_type, (size_t)RTA_PAYLOAD(rta));
}

static long data(const struct nl_reply *reply, int attr)
{
	const int path[] = { IFLA_LINKINFO, IFLA_INFO_DATA, attr };
	const void *value;
	int len;

	value = nl_attr(reply, path, 3, &len);
	if (!value)
		return -1;
	return len == 1 ? *(const unsigned char *)value : *(const unsigned int *)value;
}

static void is_order(const struct nl_reply *reply, const char *want, const char *what)
{
	char got[256];

	data_order(reply, got);
	if (!ok(!strcmp(got, want), "%s", what))
		printf("# got type/size %s, want %s\n", got, want);
}

static bool kind_is(const struct nl_reply *reply, const char *kind)
{
	static const int path[] = { IFLA_LINKINFO, IFLA_INFO_KIND };
	const char *got = nl_attr(reply, path, 2, NULL);

	return got && !strcmp(got, kind);
}

static void attributes(void)
{
	struct nl_reply reply;
	int fd, other;

	fd = tun_new("at0", IFF_TUN | IFF_NO_PI);
	must(nl_getlink("at0", &reply));
	ok(kind_is(&reply, tun_kind()), "the link kind is %s for TUN", tun_kind());
	is_order(&reply, "3/1 4/1 5/1 6/1 7/1 ", "attributes: type, pi, vnet_hdr, persist, queues");
	is(data(&reply, IFLA_TUN_TYPE), 1, "TYPE is TUN");
	is(data(&reply, IFLA_TUN_PI), 0, "PI is off");
	is(data(&reply, IFLA_TUN_VNET_HDR), 0, "VNET_HDR is off");
	is(data(&reply, IFLA_TUN_PERSIST), 0, "PERSIST is off");
	is(data(&reply, IFLA_TUN_MULTI_QUEUE), 0, "MULTI_QUEUE is off");
	must(ioctl(fd, TUNSETOWNER, OWNER));
	must(nl_getlink("at0", &reply));
	is_order(&reply, "3/1 1/4 4/1 5/1 6/1 7/1 ", "attributes: with an owner");
	is(data(&reply, IFLA_TUN_OWNER), OWNER, "OWNER is told");
	close(fd);

	fd = tun_new("at1", IFF_TAP | IFF_MULTI_QUEUE);
	other = tun_new("at1", IFF_TAP | IFF_MULTI_QUEUE);
	must(ioctl(fd, TUNSETGROUP, GROUP));
	must(nl_getlink("at1", &reply));
	ok(kind_is(&reply, tun_kind()), "the link kind is %s for TAP", tun_kind());
	is_order(&reply, "3/1 2/4 4/1 5/1 6/1 7/1 8/4 9/4 ",
		 "attributes: with a group, multi-queue");
	must(ioctl(fd, TUNSETOWNER, OWNER));
	must(ioctl(fd, TUNSETPERSIST, 1));
	must(tun_queue(other, IFF_DETACH_QUEUE));
	must(nl_getlink("at1", &reply));
	is_order(&reply, "3/1 1/4 2/4 4/1 5/1 6/1 7/1 8/4 9/4 ", "attributes: all");
	is(data(&reply, IFLA_TUN_TYPE), 2, "TYPE is TAP");
	is(data(&reply, IFLA_TUN_GROUP), GROUP, "GROUP is told");
	is(data(&reply, IFLA_TUN_PI), 1, "PI is on");
	is(data(&reply, IFLA_TUN_PERSIST), 1, "PERSIST is on");
	is(data(&reply, IFLA_TUN_MULTI_QUEUE), 1, "MULTI_QUEUE is on");
	is(data(&reply, IFLA_TUN_NUM_QUEUES), 1, "NUM_QUEUES");
	is(data(&reply, IFLA_TUN_NUM_DISABLED_QUEUES), 1, "NUM_DISABLED_QUEUES");
	must(ioctl(fd, TUNSETPERSIST, 0));
	close(fd);
	close(other);
}

static void quiet(int lfd, const char *name, const char *what)
{
	struct nl_reply reply;

	is(nl_event(lfd, name, 30, &reply), 0, "no notification: %s", what);
}

/* The notification, with @attr being @value in it. */
static void told(int lfd, const char *name, int attr, long value, const char *what)
{
	struct nl_reply reply;
	int type = nl_event(lfd, name, 2000, &reply);

	if (!ok(type == RTM_NEWLINK && data(&reply, attr) == value,
		"notification: %s", what))
		printf("# message %d, attribute %d is %ld\n", type, attr,
		       type ? data(&reply, attr) : -1);
}

static void flush(int lfd)
{
	char buf[16384];

	while (readable(lfd, 30))
		must(recv(lfd, buf, sizeof(buf), 0));
}

static void notifications(void)
{
	int lfd = nl_listen(), mq = IFF_TAP | IFF_MULTI_QUEUE;
	int fd = tun_new("no0", mq), other;
	struct nl_reply reply;

	is(nl_event(lfd, "no0", 2000, &reply), RTM_NEWLINK, "notification: creation");
	ok(kind_is(&reply, tun_kind()), "it has the kind");
	is(data(&reply, IFLA_TUN_TYPE), 2, "and the type");
	flush(lfd);
	must(ioctl(fd, TUNSETOWNER, OWNER));
	quiet(lfd, "no0", "owner, device down");
	must(ioctl(fd, TUNSETPERSIST, 1));
	quiet(lfd, "no0", "persist, device down");
	must(ioctl(fd, TUNSETPERSIST, 0));
	must(if_up("no0"));
	flush(lfd);

	must(ioctl(fd, TUNSETOWNER, OWNER + 1));
	told(lfd, "no0", IFLA_TUN_OWNER, OWNER + 1, "owner, device up");
	must(ioctl(fd, TUNSETGROUP, GROUP));
	told(lfd, "no0", IFLA_TUN_GROUP, GROUP, "group");
	must(ioctl(fd, TUNSETPERSIST, 1));
	told(lfd, "no0", IFLA_TUN_PERSIST, 1, "persist on");
	must(ioctl(fd, TUNSETPERSIST, 1));
	quiet(lfd, "no0", "persist on again");
	must(ioctl(fd, TUNSETPERSIST, 0));
	told(lfd, "no0", IFLA_TUN_PERSIST, 0, "persist off");
	flush(lfd);

	other = tun_new("no0", mq);
	told(lfd, "no0", IFLA_TUN_NUM_QUEUES, 2, "a queue joins");
	flush(lfd);
	must(tun_queue(other, IFF_DETACH_QUEUE));
	told(lfd, "no0", IFLA_TUN_NUM_DISABLED_QUEUES, 1, "a queue detaches");
	flush(lfd);
	must(tun_queue(other, IFF_ATTACH_QUEUE));
	told(lfd, "no0", IFLA_TUN_NUM_QUEUES, 2, "it attaches");
	flush(lfd);
	close(other);
	told(lfd, "no0", IFLA_TUN_NUM_QUEUES, 1, "it is closed");
	flush(lfd);
	close(fd);
	while (nl_event(lfd, "no0", 2000, &reply) == RTM_NEWLINK)
		;
	ok(!if_exists("no0"), "and the device is gone after the last");
	close(lfd);
}

static void deleted_is_told(void)
{
	int lfd, fd = tun_new("no1", IFF_TUN), type;
	struct nl_reply reply;

	lfd = nl_listen();
	close(fd);
	do {
		type = nl_event(lfd, "no1", 2000, &reply);
	} while (type == RTM_NEWLINK);
	is(type, RTM_DELLINK, "notification: deletion");
	close(lfd);
}

static void newlink(void)
{
	struct nl_reply reply;

	result(nl_newlink(tun_kind(), "nl0", &reply), EOPNOTSUPP,
	       "ip link add type %s is refused", tun_kind());
	ok(!strcmp(reply.ext, "tun/tap creation via rtnetlink is not supported."),
	   "and told why");
	if (strcmp(reply.ext, "tun/tap creation via rtnetlink is not supported."))
		printf("# extended error: \"%s\"\n", reply.ext);
	result(nl_newlink("tap", "nl0", &reply), EOPNOTSUPP, "there is no kind tap");
	ok(!if_exists("nl0"), "no device came of it");
}

static void dellink(void)
{
	int fd = tun_new("dl0", IFF_TAP);
	struct nl_reply reply;

	result(nl_dellink("dl0", &reply), 0, "ip link del");
	ok(!if_exists("dl0"), "removes the device");
	result(nl_dellink("dl0", &reply), ENODEV, "once");
	close(fd);
}

static void sysfs(void)
{
	struct stat st;
	char text[64];
	int fd = tun_new("sy0", IFF_TUN | IFF_ONE_QUEUE);

	if_sysfs_str("sy0", "tun_flags", text, sizeof(text));
	ok(!strcmp(text, "0x2001"), "tun_flags is hexadecimal (%s)", text);
	if_sysfs_str("sy0", "owner", text, sizeof(text));
	ok(!strcmp(text, "-1"), "owner is -1");
	must(ioctl(fd, TUNSETOWNER, OWNER));
	must(ioctl(fd, TUNSETPERSIST, 1));
	if_sysfs_str("sy0", "owner", text, sizeof(text));
	ok(!strcmp(text, "1001"), "owner is decimal");
	is(if_sysfs("sy0", "tun_flags"), 0x2801, "PERSIST shows in tun_flags");
	must(stat("/sys/class/net/sy0/tun_flags", &st));
	is(st.st_mode & 0777, 0444, "tun_flags is read-only");
	must(stat("/sys/class/net/sy0/owner", &st));
	is(st.st_mode & 0777, 0444, "owner too");
	must(stat("/sys/class/net/sy0/group", &st));
	is(st.st_mode & 0777, 0444, "and group");
	must(ioctl(fd, TUNSETPERSIST, 0));
	close(fd);
}

int main(void)
{
	ktap_begin();
	netns_new();
	attributes();
	notifications();
	deleted_is_told();
	newlink();
	dellink();
	sysfs();
	return ktap_end();
}
