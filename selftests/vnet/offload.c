// SPDX-License-Identifier: GPL-2.0
/*
 * TUNSETOFFLOAD: which of all values are taken, what the device's features make
 * of them, and that nobody else can switch them on. TUNSETVNETHDRSZ and the
 * byte order of the header.
 */
#define _GNU_SOURCE
#include <limits.h>
#include "vnet.h"
#include "differences.h"

#define TNL	TUN_F_UDP_TUNNEL_GSO
#define TNL_CSUM TUN_F_UDP_TUNNEL_GSO_CSUM
#define USO	(TUN_F_USO4 | TUN_F_USO6)

static const struct {
	const char *name;
	unsigned int bits;
} features[] = {
	{ "tx-checksum-ip-generic", TUN_F_CSUM },
	{ "tx-tcp-segmentation", TUN_F_TSO4 },
	{ "tx-tcp6-segmentation", TUN_F_TSO6 },
	{ "tx-tcp-ecn-segmentation", TUN_F_TSO_ECN },
	{ "tx-udp-segmentation", TUN_F_USO4 },
	{ "tx-udp_tnl-segmentation", TNL },
	{ "tx-udp_tnl-csum-segmentation", TNL_CSUM },
};

/* The table of virtio's dependencies, written out: bits that need others. */
static bool acceptable(unsigned int v)
{
	unsigned int gso = TUN_F_TSO4 | TUN_F_TSO6 | USO;

	if (!has_uso() && v & USO)
		return false;
	if (!has_tunnel_offload() && v & (TNL | TNL_CSUM))
		return false;
	if (v && !(v & TUN_F_CSUM))
		return false;
	if (v & TUN_F_TSO_ECN && !(v & (TUN_F_TSO4 | TUN_F_TSO6)))
		return false;
	if ((v & USO) == TUN_F_USO4 || (v & USO) == TUN_F_USO6)
		return false;
	if (v & TNL && !(v & gso))
		return false;
	return !(v & TNL_CSUM) || v & TNL;
}

static bool offered(unsigned int bits)
{
	return (has_uso() || !(bits & USO)) &&
	       (has_tunnel_offload() || !(bits & (TNL | TNL_CSUM)));
}

static bool features_are(const char *name, unsigned int offload)
{
	bool same = true;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(features); i++) {
		if (!offered(features[i].bits))
			continue;
		if (eth_feature(name, features[i].name) != !!(offload & features[i].bits)) {
			printf("# offload %#x: %s\n", offload, features[i].name);
			same = false;
		}
	}
	return same;
}

static void every_value(const char *type, int flags)
{
	int fd = tun_new("of0", flags), taken = 0, wrong = 0, changed = 0;
	unsigned int v, last = 0;

	ok(features_are("of0", 0), "%s: a new device has none of the offloads", type);
	for (v = 0; v < 512; v++) {
		int err = ioctl(fd, TUNSETOFFLOAD, v) ? errno : 0;

		if (err != (acceptable(v) ? 0 : EINVAL)) {
			printf("# %#x: %s\n", v, err ? strerror(err) : "taken");
			wrong++;
		}
		if (!err) {
			taken++;
			last = v;
		}
		if (v % 16 == 1 && !features_are("of0", last))
			changed++;
	}
	is(wrong, 0, "%s: of 512 values the right ones are taken", type);
	/* With UFO, which changes nothing, each but 0 counts twice. */
	is(taken, has_tunnel_offload() ? 81 : has_uso() ? 29 : 15, "%s: so many", type);
	is(changed, 0, "%s: the features follow; a refused value changes none", type);
	result(ioctl(fd, TUNSETOFFLOAD, 0x200), EINVAL, "%s: 0x200 is unknown", type);
	result(ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | 0x200), EINVAL,
	       "%s: also beside a known one", type);
	result(ioctl(fd, TUNSETOFFLOAD, 1UL << 32), EINVAL, "%s: 1 << 32 is unknown", type);
	must(ioctl(fd, TUNSETOFFLOAD, 0));
	ok(features_are("of0", 0), "%s: 0 takes all away", type);
	close(fd);
}

static void each_feature(void)
{
	static const unsigned int values[] = {
		TUN_F_CSUM, TUN_F_CSUM | TUN_F_TSO4, TUN_F_CSUM | TUN_F_TSO6, ALL_OFFLOADS,
		TUN_F_CSUM | USO, TUN_F_CSUM | USO | TNL, TUN_F_CSUM | USO | TNL | TNL_CSUM,
		ALL_OFFLOADS | USO | TNL | TNL_CSUM | TUN_F_UFO,
	};
	int fd = tun_new("of1", IFF_TAP | IFF_VNET_HDR);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(values); i++) {
		if (!offered(values[i])) {
			skip("this driver does not know these bits; newer ones do",
			     "offload %#x", values[i]);
			continue;
		}
		result(ioctl(fd, TUNSETOFFLOAD, values[i]), 0, "offload %#x", values[i]);
		ok(features_are("of1", values[i]), "offload %#x: features", values[i]);
	}
	close(fd);
}

static void not_without_grant(void)
{
	int fd = tun_new("of2", IFF_TAP | IFF_VNET_HDR), on = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(features); i++) {
		if (!offered(features[i].bits))
			continue;
		eth_set_feature("of2", features[i].name, true);
		on += eth_feature("of2", features[i].name);
	}
	is(on, 0, "ethtool cannot switch on what was not granted");
	must(ioctl(fd, TUNSETOFFLOAD, ALL_OFFLOADS));
	must(eth_set_feature("of2", "tx-tcp-segmentation", false));
	is(eth_feature("of2", "tx-tcp-segmentation"), 0, "it can switch off what was");
	must(eth_set_feature("of2", "tx-tcp-segmentation", true));
	is(eth_feature("of2", "tx-tcp-segmentation"), 1, "and on again");
	must(eth_set_feature("of2", "tx-tcp-segmentation", false));
	must(ioctl(fd, TUNSETOFFLOAD, ALL_OFFLOADS));
	is(eth_feature("of2", "tx-tcp-segmentation"), 1, "granting anew switches it on");
	is(eth_feature("of2", "tx-scatter-gather"), 1, "scatter-gather is always on");
	close(fd);
}

static void survives(void)
{
	int fd = tun_new("of3", IFF_TAP | IFF_VNET_HDR), value = 12;

	must(ioctl(fd, TUNSETOFFLOAD, ALL_OFFLOADS));
	must(ioctl(fd, TUNSETVNETHDRSZ, &value));
	value = 1;
	must(ioctl(fd, TUNSETVNETLE, &value));
	must(ioctl(fd, TUNSETPERSIST, 1));
	close(fd);
	fd = tun_new("of3", IFF_TAP);
	ok(features_are("of3", ALL_OFFLOADS), "offloads survive in a persistent device");
	must(ioctl(fd, TUNGETVNETHDRSZ, &value));
	is(value, 12, "so does the header size");
	must(ioctl(fd, TUNGETVNETLE, &value));
	is(value, 1, "and the byte order");
	ok(!(tun_flags(fd) & IFF_VNET_HDR), "but not IFF_VNET_HDR, it is of each TUNSETIFF");
	must(ioctl(fd, TUNSETPERSIST, 0));
	close(fd);
}

static void sizes(void)
{
	static const int good[] = { 10, 11, 12, 20, 24, 1000, INT_MAX };
	static const int bad[] = { 9, 1, 0, -1, INT_MIN };
	int fd = tun_new("of4", IFF_TAP), value = 0;
	unsigned int i;

	must(ioctl(fd, TUNGETVNETHDRSZ, &value));
	is(value, 10, "the header has 10 bytes");
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		value = good[i];
		result(ioctl(fd, TUNSETVNETHDRSZ, &value), 0, "header size %d", good[i]);
		value = 0;
		must(ioctl(fd, TUNGETVNETHDRSZ, &value));
		is(value, good[i], "header size %d is told", good[i]);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		value = bad[i];
		result(ioctl(fd, TUNSETVNETHDRSZ, &value), EINVAL, "header size %d", bad[i]);
	}
	must(ioctl(fd, TUNGETVNETHDRSZ, &value));
	is(value, INT_MAX, "a refused one changes nothing");
	close(fd);
}

/* Sizes no frame has: refused, packet lost, nothing worse. */
static void huge_size(void)
{
	int fd = tun_new("of5", IFF_TUN | IFF_NO_PI | IFF_VNET_HDR), value = INT_MAX;
	unsigned char buf[2000] = { 0 };

	must(if_up("of5"));
	must(ioctl(fd, TUNSETVNETHDRSZ, &value));
	result(write(fd, buf, sizeof(buf)), EINVAL, "size INT_MAX: write");
	must(stack_send("of5", 100, 1));
	result(read(fd, buf, sizeof(buf)), EINVAL, "size INT_MAX: read");
	result(read(fd, buf, sizeof(buf)), EAGAIN, "which took the packet");
	value = 10;
	must(ioctl(fd, TUNSETVNETHDRSZ, &value));
	must(stack_send("of5", 100, 1));
	is(read(fd, buf, sizeof(buf)), 10 + 128, "size 10 again: read works");
	close(fd);
}

static void byte_order(void)
{
	int fd = tun_new("of6", IFF_TAP), value = 9;

	must(ioctl(fd, TUNGETVNETLE, &value));
	is(value, 0, "VNETLE is off");
	value = 77;
	result(ioctl(fd, TUNSETVNETLE, &value), 0, "any value switches it on");
	must(ioctl(fd, TUNGETVNETLE, &value));
	is(value, 1, "it is told as 1");
	value = 0;
	must(ioctl(fd, TUNSETVNETLE, &value));
	must(ioctl(fd, TUNGETVNETLE, &value));
	is(value, 0, "and switched off");
	value = 1;
	if (ioctl(fd, TUNSETVNETBE, &value)) {
		is(errno, EINVAL, "VNETBE is refused by this kernel's configuration");
		result(ioctl(fd, TUNGETVNETBE, &value), EINVAL, "so is asking");
	} else {
		must(ioctl(fd, TUNGETVNETBE, &value));
		is(value, 1, "VNETBE is told as 1");
		value = 0;
		result(ioctl(fd, TUNSETVNETBE, &value), 0, "and switched off");
	}
	close(fd);
}

int main(void)
{
	ktap_begin();
	netns_new();
	every_value("tun", IFF_TUN);
	every_value("tap", IFF_TAP | IFF_VNET_HDR);
	each_feature();
	not_without_grant();
	survives();
	sizes();
	huge_size();
	byte_order();
	return ktap_end();
}
