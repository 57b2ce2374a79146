// SPDX-License-Identifier: GPL-2.0
/*
 * TUNSETQUEUE: detaching a queue from its device and attaching it again, in
 * every state of the fd.
 */
#define _GNU_SOURCE
#include "tuntest.h"

#define MQ	(IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE)
#define BOTH	(IFF_ATTACH_QUEUE | IFF_DETACH_QUEUE)

static void states(void)
{
	int bare = tun_open(O_RDWR), single = tun_new("sq0", IFF_TAP);
	int fd = tun_new("mq0", MQ), other = tun_new("mq0", MQ);

	result(tun_queue(bare, IFF_ATTACH_QUEUE), EINVAL, "unattached: ATTACH");
	result(tun_queue(bare, IFF_DETACH_QUEUE), EINVAL, "unattached: DETACH");
	result(tun_queue(bare, 0), EINVAL, "unattached: neither");
	result(tun_queue(single, IFF_ATTACH_QUEUE), EINVAL, "single queue: ATTACH");
	result(tun_queue(single, IFF_DETACH_QUEUE), EINVAL, "single queue: DETACH");
	result(tun_queue(fd, 0), EINVAL, "attached: neither");
	result(tun_queue(fd, IFF_TAP | IFF_MULTI_QUEUE), EINVAL, "attached: other flags");
	result(tun_queue(fd, IFF_ATTACH_QUEUE), EINVAL, "attached: ATTACH");
	result(tun_queue(fd, BOTH), EINVAL, "attached: both (ATTACH wins)");
	result(tun_queue(fd, IFF_DETACH_QUEUE), 0, "attached: DETACH");
	result(tun_queue(fd, IFF_DETACH_QUEUE), EINVAL, "detached: DETACH");
	result(tun_queue(fd, 0), EINVAL, "detached: neither");
	result(tun_queue(fd, BOTH), 0, "detached: both (ATTACH wins)");
	must(tun_queue(fd, IFF_DETACH_QUEUE));
	result(tun_queue(fd, IFF_ATTACH_QUEUE | IFF_TUN), 0,
	       "detached: ATTACH, other bits ignored");
	is(tun_flags(fd), 0x1102, "it is attached for TUNGETIFF");
	result(tun_queue(other, IFF_DETACH_QUEUE), 0, "the other queue: DETACH");
	result(tun_queue(fd, IFF_DETACH_QUEUE), 0, "the last queue: DETACH");
	must(if_up("mq0"));
	is(if_sysfs("mq0", "carrier"), 1, "the carrier stays on without a queue");
	result(tun_queue(fd, IFF_ATTACH_QUEUE), 0, "ATTACH again");
	close(fd);
	close(other);
	close(single);
	close(bare);
}

/* ifr_name of the request has no meaning. */
static void ignored_name(void)
{
	struct ifreq ifr = { .ifr_name = "no such", .ifr_flags = IFF_DETACH_QUEUE };
	int fd = tun_new("mq1", MQ), other = tun_new("mq1", MQ);

	result(ioctl(fd, TUNSETQUEUE, &ifr), 0, "the name given is not looked at");
	close(fd);
	close(other);
}

static void through_a_detached_fd(void)
{
	int fd = tun_new("mq2", MQ), other = tun_new("mq2", MQ), value;
	unsigned char frame[60] = { 0 };
	struct ifreq ifr = { 0 };

	must(if_up("mq2"));
	must(tun_queue(fd, IFF_DETACH_QUEUE));
	result(read(fd, frame, sizeof(frame)), EAGAIN, "detached: read finds nothing");
	is(write(fd, frame, sizeof(frame)), 60, "detached: write is delivered");
	is(if_stat("mq2", "rx_packets"), 1, "and counted");
	result(ioctl(fd, TUNGETSNDBUF, &value), 0, "detached: TUNGETSNDBUF");
	result(ioctl(fd, TUNSETPERSIST, 0), 0, "detached: TUNSETPERSIST");
	result(ioctl(fd, SIOCGIFHWADDR, &ifr), 0, "detached: SIOCGIFHWADDR");
	is(tun_flags(fd), 0x1102 | IFF_DETACH_QUEUE, "detached: TUNGETIFF says so");
	is(tun_flags(other), 0x1102, "of this queue alone");
	close(fd);
	close(other);
}

/* What was queued is dropped by DETACH, and not delivered later. */
static void purge(void)
{
	int fd = tun_new("mq3", MQ), i;

	must(if_up("mq3"));
	for (i = 0; i < 5; i++)
		must(stack_send("mq3", 100, i));
	must(tun_queue(fd, IFF_DETACH_QUEUE));
	is(drain(fd), 0, "DETACH throws away what was queued");
	must(tun_queue(fd, IFF_ATTACH_QUEUE));
	is(drain(fd), 0, "ATTACH does not bring it back");
	must(stack_send("mq3", 100, i));
	is(drain(fd), 1, "new packets are delivered");
	close(fd);
}

static void without_queue(void)
{
	int fd = tun_new("mq4", MQ);
	long dropped;

	must(if_up("mq4"));
	must(tun_queue(fd, IFF_DETACH_QUEUE));
	dropped = if_stat("mq4", "tx_dropped");
	stack_send("mq4", 100, 1);
	is(if_stat("mq4", "tx_dropped"), dropped + 1,
	   "a packet for a device without queue is dropped and counted");
	must(tun_queue(fd, IFF_ATTACH_QUEUE));
	must(stack_send("mq4", 100, 2));
	is(drain(fd), 1, "a queue that comes back serves");
	close(fd);
}

static void many_times(void)
{
	int fd = tun_new("mq5", MQ), other = tun_new("mq5", MQ), i, bad = 0;

	must(if_up("mq5"));
	for (i = 0; i < 100; i++) {
		bad += tun_queue(fd, IFF_DETACH_QUEUE) != 0;
		bad += tun_queue(fd, IFF_ATTACH_QUEUE) != 0;
		bad += tun_queue(other, IFF_DETACH_QUEUE) != 0;
		bad += tun_queue(other, IFF_ATTACH_QUEUE) != 0;
	}
	is(bad, 0, "400 changes in a row");
	must(stack_send("mq5", 100, 1));
	is(drain(fd) + drain(other), 1, "and the device works");
	close(fd);
	close(other);
}

int main(void)
{
	ktap_begin();
	netns_new();
	states();
	ignored_name();
	through_a_detached_fd();
	purge();
	without_queue();
	many_times();
	return ktap_end();
}
