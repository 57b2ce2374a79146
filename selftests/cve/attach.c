// SPDX-License-Identifier: GPL-2.0
/*
 * Old bugs of a file getting and losing its device: names and indexes that are
 * refused half-way, devices that go while somebody looks, namespaces that end.
 * Timeout: 120 s
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include "tuntest.h"

static atomic_bool stop;
static atomic_long odd;
static int shared;

/* A file without a device, looked at from all sides. */
static void *look(void *arg)
{
	struct pollfd pfd = { .fd = shared, .events = POLLIN | POLLOUT };
	struct ifreq ifr;
	char buf[100];
	int value = 1000;

	(void)arg;
	while (!stop) {
		odd += poll(&pfd, 1, 0) != 1 || pfd.revents != POLLERR;
		odd += read(shared, buf, sizeof(buf)) >= 0 || errno != EBADFD;
		odd += write(shared, buf, sizeof(buf)) >= 0 || errno != EBADFD;
		odd += !ioctl(shared, TUNGETIFF, &ifr) || errno != EBADFD;
		odd += !ioctl(shared, TUNSETSNDBUF, &value) || errno != EBADFD;
		odd += !ioctl(shared, SIOCGIFHWADDR, &ifr) || errno != EBADFD;
		odd += tun_queue(shared, IFF_DETACH_QUEUE) != -1 || errno != EINVAL;
		usleep(10);
	}
	return NULL;
}

static void half_way(const char *id, const char *name, int flags, int ifindex, int err)
{
	pthread_t thread;
	int i, wrong = 0;

	shared = tun_open(O_RDWR | O_NONBLOCK);
	odd = 0;
	stop = false;
	pthread_create(&thread, NULL, look, NULL);
	for (i = 0; i < 60; i++) {
		if (ifindex)
			must(ioctl(shared, TUNSETIFINDEX, &ifindex));
		wrong += tun_setiff(shared, name, flags) != -1 || errno != err;
	}
	stop = true;
	pthread_join(thread, NULL);
	is(wrong, 0, "%s: each attempt is refused", id);
	is(odd, 0, "%s: nobody ever sees the device", id);
	ifindex = 0;
	must(ioctl(shared, TUNSETIFINDEX, &ifindex));
	result(tun_setiff(shared, "at0", flags), 0, "%s: a good name after that", id);
	close(shared);
}

static void refused(void)
{
	half_way("CVE-2018-7191: a name with a slash", "at/0", IFF_TUN, 0, EINVAL);
	half_way("CVE-2013-4343: a name with a slash, queues",
		 "at/0", IFF_TAP | IFF_MULTI_QUEUE | IFF_NAPI, 0, EINVAL);
	half_way("CVE-2021-47082: an index that is taken", "at0", IFF_TUN, 1, EBUSY);
	half_way("CVE-2021-47082: an index that is taken, queues",
		 "at0", IFF_TAP | IFF_MULTI_QUEUE | IFF_NAPI, 1, EBUSY);
}

/* What the caller did not write must be zero, or what it wrote. */
static void leaks(void)
{
	const size_t behind = offsetof(struct ifreq, ifr_flags) + sizeof(short);
	int fd = tun_new("at1", IFF_TAP);
	unsigned char raw[sizeof(struct ifreq)];
	size_t i, leaked = 0;

	memset(raw, 0xa5, sizeof(raw));
	must(ioctl(fd, TUNGETIFF, raw));
	for (i = strlen("at1"); i < sizeof(raw); i++)
		if (i < offsetof(struct ifreq, ifr_flags) || i >= behind)
			leaked += raw[i] != 0;
	is(leaked, 0, "CVE-2012-6547: TUNGETIFF returns nothing but name and flags");
	memset(raw, 0xa5, sizeof(raw));
	must(ioctl(fd, SIOCGIFHWADDR, raw));
	for (i = offsetof(struct ifreq, ifr_hwaddr.sa_data) + 6; i < sizeof(raw); i++)
		leaked += raw[i] != 0xa5 && raw[i] != 0;
	is(leaked, 0, "CVE-2012-6547: SIOCGIFHWADDR returns nothing but the address");
	close(fd);
}

/*
 * The last close tells the world about a device that goes with it; others still
 * hold on to it.
 */
static void last_close(void)
{
	int flags = IFF_TAP | IFF_MULTI_QUEUE, i, bad = 0, told = 0;
	struct nl_reply reply;
	bool bridged;

	bridged = !system("ip link add atbr type bridge 2>/dev/null");
	for (i = 0; i < 8; i++) {
		int a = tun_new("at2", flags), b = tun_new("at2", flags), events;

		must(if_up("at2"));
		if (bridged && system("ip link set at2 master atbr && "
				      "ip link add link at2 name at2.5 type vlan id 5 2>/dev/null"))
			bad++;
		if (i & 1)
			must(tun_queue(b, IFF_DETACH_QUEUE));
		events = nl_listen();
		close(a);
		close(b);
		bad += if_exists("at2") || if_exists("at2.5");
		told += !!nl_event(events, "at2", 1000, &reply);
		close(events);
	}
	is(bad, 0, "CVE-2022-49014: eight devices under bridge and VLAN go with their files");
	is(told, 8, "CVE-2022-49014: and listeners are told");
	if (bridged)
		must(nl_dellink("atbr", &reply));
}

/* Asks for the netns of a device while that netns ends. */
static void *ask(void *arg)
{
	int ns;

	(void)arg;
	while (!stop) {
		ns = ioctl(shared, TUNGETDEVNETNS);
		/* It may end after the device was found, and before it was asked for. */
		if (ns >= 0)
			close(ns);
		else if (errno != EBADFD && errno != EINVAL && odd++ < 5)
			printf("# TUNGETDEVNETNS: %s\n", strerror(errno));
	}
	return NULL;
}

static bool lost(void *arg)
{
	(void)arg;
	return tun_flags(shared) < 0 && errno == EBADFD;
}

static void dying_netns(void)
{
	pthread_t thread;
	int i, away;

	shared = tun_open(O_RDWR | O_NONBLOCK);
	for (i = 0, odd = 0; i < 8; i++) {
		must(tun_setiff(shared, "at3", IFF_TUN));
		away = netns_another();
		must(nl_set_netns("at3", away));
		stop = false;
		pthread_create(&thread, NULL, ask, NULL);
		close(away);
		usleep(2000 * i);
		stop = true;
		pthread_join(thread, NULL);
		if (!wait_until(lost, NULL, 10000))
			break;
	}
	is(i, 8, "CVE-2024-40958: TUNGETDEVNETNS does not keep a netns that ends");
	is(odd, 0, "CVE-2024-40958: it fails as the moment explains");
	close(shared);
}

int main(void)
{
	ktap_begin();
	netns_new();
	refused();
	leaks();
	last_close();
	dying_netns();
	return ktap_end();
}
