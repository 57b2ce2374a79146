// SPDX-License-Identifier: GPL-2.0
/*
 * A 32-bit program on a 64-bit kernel (built with -m32): the same ioctl
 * numbers, the smaller struct ifreq, and the three filter calls whose number
 * has the size of a pointer in it.
 */
#include <linux/filter.h>
#include <linux/sockios.h>
#include <limits.h>
#include "tuntest.h"
#include "differences.h"

static void layout(void)
{
	is(sizeof(void *), 4, "this is a 32-bit program");
	is(sizeof(struct ifreq), 32, "struct ifreq has 32 bytes");
	is(_IOC_SIZE(TUNATTACHFILTER), 8, "struct sock_fprog has 8 bytes");
}

static void unattached(int fd)
{
	unsigned int features = 0;

	result(ioctl(fd, TUNGETFEATURES, &features), 0, "TUNGETFEATURES");
	is(features, want_features(), "its value");
	result(ioctl(fd, TUNGETFEATURES, BAD_PTR), EFAULT, "TUNGETFEATURES, bad pointer");
	result(ioctl(fd, TUNSETIFF, BAD_PTR), EFAULT, "TUNSETIFF, bad pointer");
	result(tun_flags(fd), EBADFD, "TUNGETIFF, unattached");
	result(ioctl(fd, TUNATTACHFILTER, NULL), EBADFD, "TUNATTACHFILTER, unattached");
}

static void named(int fd)
{
	unsigned char raw[sizeof(struct ifreq) + 8];
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	unsigned int i, dirty = 0;

	memset(raw, 0x5a, sizeof(raw));
	strcpy(ifr.ifr_name, "c32%d");
	result(ioctl(fd, TUNSETIFF, &ifr), 0, "TUNSETIFF with a template");
	ok(!strcmp(ifr.ifr_name, "c320"), "gives the name back");
	result(ioctl(fd, TUNGETIFF, raw), 0, "TUNGETIFF");
	memcpy(&ifr, raw, sizeof(ifr));
	is((unsigned short)ifr.ifr_flags, IFF_TAP | IFF_NO_PI, "its flags");
	for (i = sizeof(ifr); i < sizeof(raw); i++)
		dirty += raw[i] != 0x5a;
	is(dirty, 0, "it writes no more than 32 bytes");
}

static void settings(int fd)
{
	struct ifreq ifr = { 0 };
	unsigned int idx = 4;
	int value = 0;

	result(ioctl(fd, TUNGETSNDBUF, &value), 0, "TUNGETSNDBUF");
	is(value, INT_MAX, "its default");
	value = 12345;
	result(ioctl(fd, TUNSETSNDBUF, &value), 0, "TUNSETSNDBUF");
	value = 0;
	must(ioctl(fd, TUNGETSNDBUF, &value));
	is(value, 12345, "is what TUNGETSNDBUF gives");
	result(ioctl(fd, TUNSETOWNER, NOBODY), 0, "TUNSETOWNER");
	is(if_sysfs("c320", "owner"), NOBODY, "reaches sysfs");
	result(ioctl(fd, TUNSETPERSIST, 1), 0, "TUNSETPERSIST");
	result(ioctl(fd, TUNSETPERSIST, 0), 0, "TUNSETPERSIST off");
	result(ioctl(fd, SIOCGIFHWADDR, &ifr), 0, "SIOCGIFHWADDR");
	is(ifr.ifr_hwaddr.sa_family, 1, "its family is Ethernet");
	ifr.ifr_hwaddr.sa_data[5] ^= 1;
	result(ioctl(fd, SIOCSIFHWADDR, &ifr), 0, "SIOCSIFHWADDR");
	value = 0;
	result(ioctl(fd, TUNSETCARRIER, &value), 0, "TUNSETCARRIER");
	must(if_up("c320"));
	is(if_sysfs("c320", "carrier"), 0, "reaches the device");
	result(ioctl(fd, TUNSETIFINDEX, &idx), EPERM, "TUNSETIFINDEX, attached");
	result(tun_queue(fd, IFF_DETACH_QUEUE), EINVAL, "TUNSETQUEUE without queues");
	result(ioctl(fd, TUNATTACHFILTER, NULL), EINVAL,
	       "TUNATTACHFILTER: its 32-bit number is none");
	result(ioctl(fd, TUNDETACHFILTER, NULL), EINVAL, "TUNDETACHFILTER likewise");
	result(ioctl(fd, TUNGETFILTER, &ifr), EINVAL, "TUNGETFILTER likewise");
	result(ioctl(fd, TUNGETDEVNETNS), 0, "TUNGETDEVNETNS");
	result(ioctl(fd, SIOCGSKNS_), 0, "SIOCGSKNS");
}

static void traffic(int fd)
{
	char buf[200] = { 0 };
	int value = 1;

	must(ioctl(fd, TUNSETCARRIER, &value));
	settle(fd, "c320");
	must(stack_send("c320", 100, 1));
	is(read(fd, buf, sizeof(buf)), 14 + 128, "read");
	is(write(fd, buf, 60), 60, "write");
}

int main(void)
{
	int fd;

	ktap_begin();
	netns_new();
	layout();
	fd = tun_open(O_RDWR | O_NONBLOCK);
	unattached(fd);
	named(fd);
	settings(fd);
	traffic(fd);
	close(fd);
	return ktap_end();
}
