// SPDX-License-Identifier: GPL-2.0
/*
 * What a new device looks like from the network's side: type, flags, lengths,
 * limits, features, queues, carrier.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include "tuntest.h"
#include "differences.h"

struct look {
	const char *name;
	int flags;
	int type, addr_len, hard_header_len, dev_flags, mtu_max, qlen, assign;
};

static const struct look looks[] = {
	{ "tun", IFF_TUN, 65534, 0, 0, 0x1090, 65535, 500, 0 },
	{ "tap", IFF_TAP, 1, 6, 14, 0x1002, 65521, 1000, 1 },
};

static long link_u32(const char *name, int attr)
{
	struct nl_reply reply;
	const unsigned int *value;

	must(nl_getlink(name, &reply));
	value = nl_attr(&reply, &attr, 1, NULL);
	return value ? (long)*value : -1;
}

static int set_mtu(int mtu)
{
	return if_setint("b0", SIOCSIFMTU, mtu);
}

static void look(const struct look *l)
{
	int fd = tun_new("b0", l->flags), mtu = 1500;
	static const int qdisc = IFLA_QDISC;
	struct nl_reply reply;
	char text[64];

	is(if_sysfs("b0", "type"), l->type, "%s: type", l->name);
	is(if_sysfs("b0", "addr_len"), l->addr_len, "%s: address length", l->name);
	is(if_sysfs("b0", "flags"), l->dev_flags, "%s: flags", l->name);
	is(if_sysfs("b0", "mtu"), mtu, "%s: MTU", l->name);
	is(if_sysfs("b0", "tx_queue_len"), l->qlen, "%s: queue length", l->name);
	is(if_sysfs("b0", "addr_assign_type"), l->assign, "%s: where its address is from",
	   l->name);
	is(link_u32("b0", IFLA_MIN_MTU), 68, "%s: least MTU", l->name);
	is(link_u32("b0", IFLA_MAX_MTU), l->mtu_max, "%s: greatest MTU", l->name);
	is(link_u32("b0", IFLA_NUM_TX_QUEUES), 1, "%s: tx queues", l->name);
	is(link_u32("b0", IFLA_NUM_RX_QUEUES), 1, "%s: rx queues", l->name);
	is(link_u32("b0", IFLA_GSO_MAX_SIZE), 65536, "%s: greatest GSO size", l->name);
	is(if_sysfs("b0", "iflink"), if_nametoindex("b0"), "%s: it is its own link", l->name);
	result(if_sysfs_str("b0", "name_assign_type", text, sizeof(text)), EINVAL,
	       "%s: name_assign_type cannot be read", l->name);

	result(set_mtu(67), EINVAL, "%s: MTU 67", l->name);
	result(set_mtu(68), 0, "%s: MTU 68", l->name);
	result(set_mtu(l->mtu_max), 0, "%s: MTU %d", l->name, l->mtu_max);
	result(set_mtu(l->mtu_max + 1), EINVAL, "%s: MTU %d", l->name, l->mtu_max + 1);
	is(if_sysfs("b0", "mtu"), l->mtu_max, "%s: the last good one holds", l->name);
	must(set_mtu(1500));

	if_sysfs_str("b0", "operstate", text, sizeof(text));
	ok(!strcmp(text, "down"), "%s: operstate down", l->name);
	must(if_up("b0"));
	if_sysfs_str("b0", "operstate", text, sizeof(text));
	ok(!strcmp(text, "unknown"), "%s: operstate unknown when up", l->name);
	is(if_sysfs("b0", "carrier"), 1, "%s: carrier", l->name);
	must(nl_getlink("b0", &reply));
	ok(strcmp(nl_attr(&reply, &qdisc, 1, NULL), "noqueue"),
	   "%s: it has a real qdisc", l->name);
	close(fd);
}

static void header_lengths(void)
{
	int tun = tun_new("h0", IFF_TUN), tap = tun_new("h1", IFF_TAP);
	unsigned char buf[2048];
	int fd;

	/* What an AF_PACKET SOCK_DGRAM sender gets in front of its payload. */
	must(if_up("h0"));
	must(if_up("h1"));
	fd = packet_socket("h0", SOCK_DGRAM, 0);
	must(packet_send(fd, 0x0800, "E2345678901234567890", 20));
	is(read(tun, buf, sizeof(buf)), 4 + 20, "TUN puts no header before a packet");
	close(fd);
	fd = packet_socket("h1", SOCK_DGRAM, 0);
	if (packet_send(fd, 0x0800, "E2345678901234567890", 20) >= 0)
		is(read(tap, buf, sizeof(buf)), 4 + 14 + 20, "TAP puts an Ethernet header");
	else
		ok(false, "sending a datagram on TAP");
	is(buf[4 + 12] << 8 | buf[4 + 13], 0x0800, "with the protocol in it");
	close(fd);
	close(tun);
	close(tap);
}

/* --- features, by their ethtool names --- */

struct names {
	struct ethtool_gstrings head;
	char name[128][ETH_GSTRING_LEN];
};

static struct names names;
static struct {
	struct ethtool_gfeatures head;
	struct ethtool_get_features_block block[4];
} feat;

static int ethtool(const char *name, void *cmd)
{
	struct ifreq ifr = { .ifr_data = cmd };

	return if_get(name, SIOCETHTOOL, &ifr);
}

static void get_features(const char *dev)
{
	struct {
		struct ethtool_sset_info head;
		unsigned int count;
	} sset = { .head = { ETHTOOL_GSSET_INFO, .sset_mask = 1ULL << ETH_SS_FEATURES } };

	must(ethtool(dev, &sset));
	names.head.cmd = ETHTOOL_GSTRINGS;
	names.head.string_set = ETH_SS_FEATURES;
	names.head.len = sset.count;
	must(ethtool(dev, &names));
	feat.head.cmd = ETHTOOL_GFEATURES;
	feat.head.size = 4;
	must(ethtool(dev, &feat));
}

static bool has(const char *name, char what)
{
	unsigned int i, word;

	for (i = 0; i < names.head.len; i++) {
		if (strcmp(names.name[i], name))
			continue;
		switch (what) {
		case 'a':
			word = feat.block[i / 32].active;
			break;
		case 'c':
			word = feat.block[i / 32].available;
			break;
		default:
			word = feat.block[i / 32].never_changed;
		}
		return word >> (i % 32) & 1;
	}
	return false;
}

static void features(int flags, const char *type)
{
	static const char * const active[] = {
		"tx-scatter-gather", "tx-scatter-gather-fraglist", "tx-generic-segmentation",
		"rx-gro", "tx-vlan-hw-insert", "tx-vlan-stag-hw-insert",
	};
	static const char * const inactive[] = {
		"tx-checksum-ip-generic", "tx-tcp-segmentation", "tx-tcp6-segmentation",
		"tx-udp-segmentation", "rx-vlan-hw-parse", "rx-vlan-filter",
	};
	int fd = tun_new("f0", flags);
	unsigned int i;

	get_features("f0");
	for (i = 0; i < ARRAY_SIZE(active); i++)
		ok(has(active[i], 'a'), "%s: %s is on", type, active[i]);
	for (i = 0; i < ARRAY_SIZE(inactive); i++)
		ok(!has(inactive[i], 'a'), "%s: %s is off", type, inactive[i]);
	is(has("tx-lockless", 'a'), shows_tx_lockless(), "%s: tx-lockless", type);
	ok(has("tx-vlan-hw-insert", 'c'), "%s: VLAN insertion can be switched", type);
	close(fd);
}

static void switching(void)
{
	struct {
		struct ethtool_sfeatures head;
		struct ethtool_set_features_block block[4];
	} set = { .head.cmd = ETHTOOL_SFEATURES };
	int fd = tun_new("f1", IFF_TAP);
	unsigned int i;

	get_features("f1");
	set.head.size = feat.head.size;
	for (i = 0; i < names.head.len; i++)
		if (!strcmp(names.name[i], "tx-checksum-ip-generic") ||
		    !strcmp(names.name[i], "tx-tcp-segmentation"))
			set.block[i / 32].valid |= 1U << (i % 32);
	for (i = 0; i < 4; i++)
		set.block[i].requested = set.block[i].valid;
	ethtool("f1", &set);
	get_features("f1");
	ok(!has("tx-checksum-ip-generic", 'a') && !has("tx-tcp-segmentation", 'a'),
	   "offloads no reader granted cannot be switched on");

	memset(set.block, 0, sizeof(set.block));
	for (i = 0; i < names.head.len; i++)
		if (!strcmp(names.name[i], "tx-vlan-hw-insert"))
			set.block[i / 32].valid = 1U << (i % 32);
	must(ethtool("f1", &set));
	get_features("f1");
	ok(!has("tx-vlan-hw-insert", 'a'), "VLAN insertion can be switched off");
	close(fd);
}

static void multi_queue(void)
{
	int fd = tun_new("m0", IFF_TAP | IFF_MULTI_QUEUE);
	int other = tun_new("m0", IFF_TAP | IFF_MULTI_QUEUE);

	is(link_u32("m0", IFLA_NUM_TX_QUEUES), 256, "multi-queue: 256 tx queues");
	is(link_u32("m0", IFLA_NUM_RX_QUEUES), 256, "multi-queue: 256 rx queues");
	ok(!access("/sys/class/net/m0/queues/tx-1", F_OK), "two are in use for sysfs");
	ok(access("/sys/class/net/m0/queues/tx-2", F_OK), "and not three");
	must(tun_queue(other, IFF_DETACH_QUEUE));
	ok(access("/sys/class/net/m0/queues/tx-1", F_OK), "detaching leaves one");
	must(tun_queue(other, IFF_ATTACH_QUEUE));
	ok(!access("/sys/class/net/m0/queues/rx-1", F_OK), "attaching makes it two again");
	close(other);
	close(fd);
}

int main(void)
{
	unsigned int i;

	ktap_begin();
	netns_new();
	for (i = 0; i < ARRAY_SIZE(looks); i++)
		look(&looks[i]);
	header_lengths();
	features(IFF_TUN, "tun");
	features(IFF_TAP, "tap");
	switching();
	multi_queue();
	return ktap_end();
}
