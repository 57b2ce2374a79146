// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls that reach through to the net device: link type, index, hardware
 * address, carrier, message level, and the handles on network namespaces.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <sys/stat.h>
#include "tuntest.h"
#include "differences.h"

#ifndef ARPHRD_IP6GRE
#define ARPHRD_IP6GRE	823
#endif

#define A_TUN	(IFF_TUN | IFF_NO_PI)
#define A_TAP	(IFF_TAP | IFF_NO_PI)

static void link_type(void)
{
	static const struct {
		int type, addr_len;
		const char *name;
	} types[] = {
		{ ARPHRD_ETHER, 6, "ETHER" }, { ARPHRD_PPP, 0, "PPP" },
		{ ARPHRD_NONE, 0, "NONE" }, { ARPHRD_TUNNEL, 4, "TUNNEL" },
		{ ARPHRD_SIT, 4, "SIT" }, { ARPHRD_IPGRE, 4, "IPGRE" },
		{ ARPHRD_TUNNEL6, 16, "TUNNEL6" }, { ARPHRD_IP6GRE, 16, "IP6GRE" },
		{ ARPHRD_IEEE802154, 8, "IEEE802154" }, { 12345, 0, "an unknown type" },
		{ 0x10000 | ARPHRD_PPP, 0, "a type beyond 16 bits" },
	};
	int fd = tun_new("lt0", A_TUN);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		result(ioctl(fd, TUNSETLINK, types[i].type), 0, "TUNSETLINK %s", types[i].name);
		is(if_sysfs("lt0", "type"), types[i].type & 0xffff, "its type");
		is(if_sysfs("lt0", "addr_len"), types[i].addr_len, "its address length");
	}
	must(if_up("lt0"));
	result(ioctl(fd, TUNSETLINK, ARPHRD_ETHER), EBUSY, "TUNSETLINK while up");
	is(if_sysfs("lt0", "type"), ARPHRD_PPP, "changes nothing");
	must(if_down("lt0"));
	result(ioctl(fd, TUNSETLINK, ARPHRD_NONE), 0, "TUNSETLINK when down again");
	close(fd);
}

/*
 * A type that was set outlives the file, with the address length that goes with
 * it. Whatever the type, the frames stay what the device was made for: the header
 * functions of a tap write 14 bytes, those of a tun none.
 */
static void link_type_stays(const char *kind, int flags, int own_type, int own_len)
{
	static const int types[] = {
		ARPHRD_NONE, ARPHRD_TUNNEL6, ARPHRD_IEEE802154, ARPHRD_INFINIBAND, ARPHRD_ETHER,
	};
	static const unsigned char packet[100] = { 0x45 };
	/* The core wants an address as long as the device's. */
	struct {
		struct sockaddr_ll ll;
		unsigned char more[32];
	} to = { .ll.sll_family = AF_PACKET, .ll.sll_protocol = htons(ETH_P_IP) };
	int dgram = must(socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	int fd = tun_new("lt1", flags), header = flags & IFF_TAP ? 14 : 0, len, i;
	unsigned char buf[200];
	struct ifreq ifr;

	to.ll.sll_ifindex = if_nametoindex("lt1");
	must(ioctl(fd, TUNSETPERSIST, 1));
	for (i = 0; i < (int)ARRAY_SIZE(types); i++) {
		must(ioctl(fd, TUNSETLINK, types[i]));
		len = if_sysfs("lt1", "addr_len");
		close(fd);
		fd = tun_new("lt1", flags);
		is(if_sysfs("lt1", "type"), types[i], "%s: opened again, type %d stays", kind,
		   types[i]);
		is(if_sysfs("lt1", "addr_len"), len, "%s: with its address length", kind);
		must(ioctl(fd, SIOCGIFHWADDR, &ifr));
		is(ifr.ifr_hwaddr.sa_family, types[i], "%s: SIOCGIFHWADDR has the type", kind);
		must(if_up("lt1"));
		must(sendto(dgram, packet, sizeof(packet), 0, (struct sockaddr *)&to, sizeof(to)));
		ok(readable(fd, 1000), "%s: a packet is sent", kind);
		while ((len = read(fd, buf, sizeof(buf))) > 0 && len != 100 + header)
			;
		is(len, 100 + header, "%s: with the header of the device", kind);
		must(if_down("lt1"));
	}
	must(ioctl(fd, TUNSETLINK, own_type));
	is(if_sysfs("lt1", "addr_len"), own_len, "%s: its own type again", kind);
	must(ioctl(fd, TUNSETPERSIST, 0));
	close(dgram);
	close(fd);
}

static void ifindex(void)
{
	int fd = tun_open(O_RDWR), other = tun_open(O_RDWR), value = 4711;

	result(ioctl(fd, TUNSETIFINDEX, &value), 0, "TUNSETIFINDEX");
	must(tun_setiff(fd, "ix0", A_TUN));
	is(if_nametoindex("ix0"), 4711, "the next device has that index");
	result(ioctl(fd, TUNSETIFINDEX, &value), EPERM, "TUNSETIFINDEX, attached");
	result(ioctl(other, TUNSETIFINDEX, &value), 0, "an index that is taken");
	result(tun_setiff(other, "ix1", A_TUN), EBUSY, "is refused by TUNSETIFF");
	ok(!if_exists("ix1"), "there is no device then");
	value = -1;
	result(ioctl(other, TUNSETIFINDEX, &value), EINVAL, "a negative index");
	value = 4712;
	must(ioctl(other, TUNSETIFINDEX, &value));
	must(tun_setiff(other, "ix1", A_TUN));
	is(if_nametoindex("ix1"), 4712, "the same fd can try another");
	close(other);
	close(fd);
}

/* An index asked for once must not be asked for again. */
static void ifindex_once(void)
{
	int fd = tun_open(O_RDWR), value = 70000;
	struct nl_reply reply;

	must(ioctl(fd, TUNSETIFINDEX, &value));
	must(tun_setiff(fd, "st0", A_TUN));
	must(nl_dellink("st0", &reply));
	if (ifindex_goes_stale()) {
		skip("stock mixes it up with the queue's index",
		     "an fd used again asks for no index");
	} else {
		must(tun_setiff(fd, "st1", A_TUN));
		printf("# it got index %u\n", if_nametoindex("st1"));
		ok(if_nametoindex("st1") < 65536, "an fd used again asks for no index");
	}
	close(fd);
}

static void queue_is_no_ifindex(void)
{
	int a = tun_new("st2", A_TAP | IFF_MULTI_QUEUE);
	int b = tun_new("st2", A_TAP | IFF_MULTI_QUEUE);
	struct nl_reply reply;

	must(nl_dellink("st2", &reply));
	if (ifindex_goes_stale())
		skip("stock asks for ifindex 1 then, which lo has",
		     "the fd of a former second queue can create again");
	else
		result(tun_setiff(b, "st3", A_TUN), 0,
		       "the fd of a former second queue can create again");
	close(a);
	close(b);
}

static void hwaddr_tun(void)
{
	int fd = tun_new("hw0", A_TUN);
	struct ifreq ifr = { .ifr_name = "whatever" };
	int i, sum = 0;

	memset(&ifr.ifr_hwaddr, 0x5a, sizeof(ifr.ifr_hwaddr));
	result(ioctl(fd, SIOCGIFHWADDR, &ifr), 0, "TUN: SIOCGIFHWADDR");
	is(ifr.ifr_hwaddr.sa_family, ARPHRD_NONE, "TUN: its family");
	for (i = 0; i < 14; i++)
		sum += ifr.ifr_hwaddr.sa_data[i] != 0;
	is(sum, 0, "TUN: its address is zeros");
	ifr.ifr_hwaddr.sa_data[0] = 2;
	result(ioctl(fd, SIOCSIFHWADDR, &ifr), EOPNOTSUPP, "TUN: SIOCSIFHWADDR");
	must(ioctl(fd, TUNSETLINK, ARPHRD_TUNNEL6));
	result(ioctl(fd, SIOCSIFHWADDR, &ifr), EOPNOTSUPP, "TUN: of a type with 16 bytes");
	close(fd);
}

static void hwaddr_tap(void)
{
	int fd = tun_new("hw1", A_TAP), lfd;
	struct ifreq ifr = { 0 }, old = { 0 };
	struct nl_reply reply;
	char text[32];

	result(ioctl(fd, SIOCGIFHWADDR, &old), 0, "TAP: SIOCGIFHWADDR");
	is(old.ifr_hwaddr.sa_family, ARPHRD_ETHER, "TAP: its family");
	is(old.ifr_hwaddr.sa_data[0] & 3, 2, "TAP: a random address is local unicast");
	must(if_up("hw1"));
	lfd = nl_listen();
	ifr = old;
	memcpy(ifr.ifr_hwaddr.sa_data, "\2\1\2\3\4\5", 6);
	result(ioctl(fd, SIOCSIFHWADDR, &ifr), 0, "TAP: SIOCSIFHWADDR while up");
	if_sysfs_str("hw1", "address", text, sizeof(text));
	ok(!strcmp(text, "02:01:02:03:04:05"), "TAP: the device has the address");
	is(if_sysfs("hw1", "addr_assign_type"), 3, "TAP: as one set by hand");
	is(nl_event(lfd, "hw1", 1000, &reply), RTM_NEWLINK, "TAP: listeners are told");
	close(lfd);
	must(ioctl(fd, SIOCGIFHWADDR, &old));
	ok(!memcmp(old.ifr_hwaddr.sa_data, "\2\1\2\3\4\5", 6), "TAP: SIOCGIFHWADDR too");
	ifr.ifr_hwaddr.sa_data[0] = 3;
	result(ioctl(fd, SIOCSIFHWADDR, &ifr), EADDRNOTAVAIL, "TAP: a multicast address");
	memset(ifr.ifr_hwaddr.sa_data, 0, 6);
	result(ioctl(fd, SIOCSIFHWADDR, &ifr), EADDRNOTAVAIL, "TAP: the zero address");
	memcpy(ifr.ifr_hwaddr.sa_data, "\2\1\2\3\4\6", 6);
	ifr.ifr_hwaddr.sa_family = ARPHRD_NONE;
	result(ioctl(fd, SIOCSIFHWADDR, &ifr), EINVAL, "TAP: another family");
	if_sysfs_str("hw1", "address", text, sizeof(text));
	ok(!strcmp(text, "02:01:02:03:04:05"), "TAP: refusals change nothing");
	close(fd);
}

static void carrier(void)
{
	int fd = tun_new("ca0", A_TAP | IFF_MULTI_QUEUE), value = 0;

	must(if_up("ca0"));
	result(ioctl(fd, TUNSETCARRIER, &value), 0, "TUNSETCARRIER 0");
	is(if_sysfs("ca0", "carrier"), 0, "the carrier is off");
	value = 1;
	result(ioctl(fd, TUNSETCARRIER, &value), 0, "TUNSETCARRIER 1");
	is(if_sysfs("ca0", "carrier"), 1, "the carrier is on");
	value = 0;
	must(ioctl(fd, TUNSETCARRIER, &value));
	value = 256;
	result(ioctl(fd, TUNSETCARRIER, &value), 0, "TUNSETCARRIER 256");
	is(if_sysfs("ca0", "carrier"), 1, "any value but 0 is on");
	must(tun_queue(fd, IFF_DETACH_QUEUE));
	result(ioctl(fd, TUNSETCARRIER, &value), EPERM, "on without an attached queue");
	value = 0;
	result(ioctl(fd, TUNSETCARRIER, &value), 0, "off without an attached queue");
	result(nl_set_carrier("ca0", 1), EPERM, "ip link set carrier on, likewise");
	must(tun_queue(fd, IFF_ATTACH_QUEUE));
	result(nl_set_carrier("ca0", 1), 0, "ip link set carrier on");
	is(if_sysfs("ca0", "carrier"), 1, "turns it on");
	result(nl_set_carrier("ca0", 0), 0, "ip link set carrier off");
	is(if_sysfs("ca0", "carrier"), 0, "turns it off");
	close(fd);
}

static unsigned int msglvl(const char *name)
{
	struct ethtool_value ev = { .cmd = ETHTOOL_GMSGLVL };
	struct ifreq ifr = { .ifr_data = (void *)&ev };

	must(if_get(name, SIOCETHTOOL, &ifr));
	return ev.data;
}

static void no_effect(void)
{
	int fd = tun_new("ne0", A_TUN);

	result(ioctl(fd, TUNSETNOCSUM, 1), 0, "TUNSETNOCSUM 1 does nothing");
	result(ioctl(fd, TUNSETNOCSUM, 0), 0, "TUNSETNOCSUM 0");
	result(ioctl(fd, TUNSETDEBUG, 0x2), 0, "TUNSETDEBUG");
	is(msglvl("ne0"), 2, "is the message level of ethtool");
	result(ioctl(fd, TUNSETDEBUG, 1), 0, "TUNSETDEBUG 1 (each ioctl is logged)");
	result(tun_flags(fd), 0, "and ioctls work");
	result(ioctl(fd, TUNSETDEBUG, 0), 0, "TUNSETDEBUG 0");
	is(msglvl("ne0"), 0, "turns it off");
	close(fd);
}

static ino_t inode(int fd)
{
	struct stat st;

	must(fstat(fd, &st));
	return st.st_ino;
}

static void netns_handles(void)
{
	int home = netns_open(), away, fd = tun_open(O_RDWR), ns;

	ns = ioctl(fd, SIOCGSKNS_);
	result(ns, 0, "SIOCGSKNS, unattached");
	ok(ns >= 0 && inode(ns) == inode(home), "is where the file was opened");
	close(ns);
	must(tun_setiff(fd, "nh0", A_TUN));
	ns = ioctl(fd, TUNGETDEVNETNS);
	result(ns, 0, "TUNGETDEVNETNS");
	ok(ns >= 0 && inode(ns) == inode(home), "is where the device is");
	ok(fcntl(ns, F_GETFD) & FD_CLOEXEC, "the handle is close-on-exec");
	close(ns);

	away = netns_another();
	must(nl_set_netns("nh0", away));
	ns = must(ioctl(fd, TUNGETDEVNETNS));
	ok(inode(ns) == inode(away), "TUNGETDEVNETNS follows the device");
	close(ns);
	ns = must(ioctl(fd, SIOCGSKNS_));
	ok(inode(ns) == inode(home), "SIOCGSKNS stays with the file");
	close(ns);
	close(fd);
	close(away);
	close(home);
}

int main(void)
{
	ktap_begin();
	netns_new();
	link_type();
	link_type_stays("tun", A_TUN, ARPHRD_NONE, 0);
	link_type_stays("tap", A_TAP, ARPHRD_ETHER, 6);
	ifindex();
	ifindex_once();
	queue_is_no_ifindex();
	hwaddr_tun();
	hwaddr_tap();
	carrier();
	no_effect();
	netns_handles();
	return ktap_end();
}
