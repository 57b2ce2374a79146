// SPDX-License-Identifier: GPL-2.0
/*
 * The life of the net device with its files open: moved to another netns,
 * renamed, taken down, deleted, and the netns ending around it.
 *
 *	netns A: fd opened here          netns B: the device, for a while
 *
 * Waits for many devices to go, which a busy machine takes its time for.
 * Timeout: 240 s
 */
#define _GNU_SOURCE
#include "tuntest.h"

#define FLAGS	(IFF_TUN | IFF_NO_PI)
#define QUEUES	8

static char buf[2000];

/* One packet each way through the interface of the current netns. */
static bool works(int fd, const char *name)
{
	unsigned char pkt[20] = { 0x45 };
	long rx = if_stat(name, "rx_packets");

	if (if_up(name) || stack_send(name, 100, 1) < 0)
		return false;
	if (!readable(fd, 2000) || read(fd, buf, sizeof(buf)) < 128)
		return false;
	if (write(fd, pkt, sizeof(pkt)) != sizeof(pkt))
		return false;
	return rx < 0 || if_stat(name, "rx_packets") == rx + 1;
}

static void moving(void)
{
	int home = netns_open(), away = netns_another();
	int fd = tun_new("mv0", FLAGS | IFF_MULTI_QUEUE), other;

	ok(works(fd, "mv0"), "it works at home");
	must(stack_send("mv0", 100, 2));
	result(nl_set_netns("mv0", away), 0, "it moves");
	ok(!if_exists("mv0"), "home does not see it");
	is(read(fd, buf, sizeof(buf)), 128, "a packet queued before the move is there");
	is(tun_flags(fd), 0x1101, "TUNGETIFF reaches it");
	result(ioctl(fd, TUNSETPERSIST, 1), 0, "so does TUNSETPERSIST");
	other = tun_open(O_RDWR | O_NONBLOCK);
	result(tun_setiff(other, "mv0", FLAGS | IFF_MULTI_QUEUE | IFF_TUN_EXCL), 0,
	       "its name is free at home");
	close(other);

	netns_enter(away);
	ok(if_exists("mv0"), "the other netns sees it");
	ok(works(fd, "mv0"), "it works there with the fd of home");
	other = tun_open(O_RDWR | O_NONBLOCK);
	result(tun_setiff(other, "mv0", FLAGS | IFF_MULTI_QUEUE), 0,
	       "a file opened there can join");
	must(tun_queue(fd, IFF_DETACH_QUEUE));
	ok(works(other, "mv0"), "and serve");
	must(tun_queue(fd, IFF_ATTACH_QUEUE));
	close(other);
	result(nl_set_netns("mv0", home), 0, "it moves back");
	netns_enter(home);
	ok(works(fd, "mv0"), "and works at home");
	must(ioctl(fd, TUNSETPERSIST, 0));
	close(fd);
	ok(!if_exists("mv0"), "close removes it");
	close(away);

	away = netns_another();
	fd = tun_new("mv1", FLAGS);
	must(nl_set_netns("mv1", away));
	close(fd);
	netns_enter(away);
	ok(!if_exists("mv1"), "close removes it from a foreign netns too");
	netns_enter(home);
	close(away);
	close(home);
}

static bool dead(void *fd)
{
	return read(*(int *)fd, buf, 1) < 0 && errno == EBADFD;
}

static void netns_ends(bool persist, bool detached)
{
	int home = netns_open(), away = netns_another();
	int fd = tun_new("en0", FLAGS | IFF_MULTI_QUEUE);
	int other = tun_new("en0", FLAGS | IFF_MULTI_QUEUE);

	if (persist)
		must(ioctl(fd, TUNSETPERSIST, 1));
	if (detached)
		must(tun_queue(fd, IFF_DETACH_QUEUE));
	must(nl_set_netns("en0", away));
	close(away);
	ok(wait_until(dead, &fd, 10000), "the netns ends: the device goes%s%s",
	   persist ? ", persistent or not" : "", detached ? ", one queue detached" : "");
	result(write(other, buf, 20), EBADFD, "the other queue knows");
	result(tun_queue(fd, detached ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE), EINVAL,
	       "TUNSETQUEUE knows");
	result(tun_setiff(fd, "en0", FLAGS), 0, "a new device, at home");
	ok(works(fd, "en0"), "works");
	close(fd);
	close(other);
	close(home);
}

static void renaming(void)
{
	int fd = tun_new("rn0", FLAGS);
	struct ifreq ifr = { 0 };

	must(if_rename("rn0", "rn1"));
	must(ioctl(fd, TUNGETIFF, &ifr));
	ok(!strcmp(ifr.ifr_name, "rn1"), "TUNGETIFF tells the new name");
	ok(works(fd, "rn1"), "it works under it");
	must(if_down("rn1"));
	must(if_rename("rn1", "rn0"));
	ok(works(fd, "rn0"), "and under the old one again");
	close(fd);
	ok(!if_exists("rn0") && !if_exists("rn1"), "close removes it");
}

static void up_and_down(void)
{
	unsigned char pkt[20] = { 0x45 };
	int fd = tun_new("ud0", FLAGS), i, bad = 0;

	for (i = 0; i < 10; i++) {
		bad += if_up("ud0") != 0;
		bad += write(fd, pkt, sizeof(pkt)) != sizeof(pkt);
		bad += if_down("ud0") != 0;
		bad += write(fd, pkt, sizeof(pkt)) >= 0 || errno != EIO;
	}
	is(bad, 0, "up and down 10 times: write works and fails in turn");
	ok(works(fd, "ud0"), "and the device works");
	close(fd);
}

static void deleting_queues(void)
{
	int fd[QUEUES], i, bad = 0;
	struct nl_reply reply;

	for (i = 0; i < QUEUES; i++)
		fd[i] = tun_new("dq0", FLAGS | IFF_MULTI_QUEUE);
	for (i = 0; i < QUEUES; i += 2)
		must(tun_queue(fd[i], IFF_DETACH_QUEUE));
	must(if_up("dq0"));
	must(stack_send("dq0", 100, 1));
	result(nl_dellink("dq0", &reply), 0, "deleting with queues attached and detached");
	ok(!if_exists("dq0"), "it is gone at once, files open or not");
	for (i = 0; i < QUEUES; i++) {
		struct pollfd pfd = { .fd = fd[i], .events = POLLIN | POLLOUT };

		bad += read(fd[i], buf, sizeof(buf)) >= 0 || errno != EBADFD;
		bad += write(fd[i], buf, 20) >= 0 || errno != EBADFD;
		bad += tun_flags(fd[i]) >= 0 || errno != EBADFD;
		bad += poll(&pfd, 1, 0) != 1 || pfd.revents != POLLERR;
		bad += tun_queue(fd[i], IFF_ATTACH_QUEUE) == 0 || errno != EINVAL;
	}
	is(bad, 0, "every file knows");
	for (i = 0; i < QUEUES; i++)
		bad += tun_setiff(fd[i], "dq0", FLAGS | IFF_MULTI_QUEUE) != 0;
	is(bad, 0, "all can make the device anew together");
	must(tun_queue(fd[0], IFF_DETACH_QUEUE));
	must(tun_queue(fd[0], IFF_ATTACH_QUEUE));
	for (i = 0; i < QUEUES - 1; i++)
		close(fd[i]);
	ok(works(fd[QUEUES - 1], "dq0"), "the last one serves it");
	close(fd[QUEUES - 1]);
	ok(!if_exists("dq0"), "and takes it along");
}

static void again_and_again(void)
{
	int i, bad = 0;

	for (i = 0; i < 10; i++) {
		int fd = tun_open(O_RDWR | O_NONBLOCK);

		bad += tun_setiff(fd, "aa0", i & 1 ? IFF_TUN : IFF_TAP) != 0;
		close(fd);
		bad += if_exists("aa0");
	}
	is(bad, 0, "the same name 10 times in a row: close leaves it free");
}

int main(void)
{
	ktap_begin();
	netns_new();
	moving();
	netns_ends(false, false);
	netns_ends(true, false);
	netns_ends(false, true);
	renaming();
	up_and_down();
	deleting_queues();
	again_and_again();
	return ktap_end();
}
