// SPDX-License-Identifier: GPL-2.0
/* Operations on a device by its name: ioctl, rtnetlink, ethtool, XDP. */
#define _GNU_SOURCE
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if_arp.h>
#include <sched.h>
#include "../bpf.h"
#include "diff.h"

static const char *dev_name(const struct op *op)
{
	return names[op->dev];
}

static void up_choose(struct gen *g, struct op *op)
{
	op->a = !gen_one_in(g, 4);
}

static void up_run(struct world *w, const struct op *op)
{
	note_ret(w, op->a ? if_up(dev_name(op)) : if_down(dev_name(op)));
}

static void up_print(FILE *f, const struct op *op)
{
	fprintf(f, "system(\"ip link set %s %s\")", dev_name(op), op->a ? "up" : "down");
}

static void delete_run(struct world *w, const struct op *op)
{
	struct nl_reply reply;

	if (op->dev >= NAMES) {
		note(w, "ret", "not ours");
		return;
	}
	note_ret(w, nl_dellink(dev_name(op), &reply));
}

static void delete_print(FILE *f, const struct op *op)
{
	fprintf(f, "system(\"ip link del %s\")", dev_name(op));
}

static void newlink_run(struct world *w, const struct op *op)
{
	struct nl_reply reply;

	note_ret(w, nl_newlink(w->kind, dev_name(op), &reply));
	note(w, "ext", "%s", reply.ext);
}

static void newlink_print(FILE *f, const struct op *op)
{
	fprintf(f, "system(\"ip link add %s type $KIND\")", dev_name(op));
}

static void rename_choose(struct gen *g, struct op *op)
{
	op->a = gen_one_in(g, 5) ? gen_below(g, NAMES) : gen_one_in(g, 2) ? 3 : 0;
}

static void rename_run(struct world *w, const struct op *op)
{
	note_ret(w, if_rename(dev_name(op), names[op->a]));
}

static void rename_print(FILE *f, const struct op *op)
{
	fprintf(f, "system(\"ip link set %s name %s\")", dev_name(op), names[op->a]);
}

/* To the other namespace, or back. */
static void move_choose(struct gen *g, struct op *op)
{
	op->a = !g->m.dev[op->dev].away || gen_one_in(g, 5);
	op->who = ROOT;
}

static void move_run(struct world *w, const struct op *op)
{
	if (!op->a)
		must(setns(w->other, CLONE_NEWNET));
	note_ret(w, nl_set_netns(dev_name(op), op->a ? w->other : w->home));
	if (!op->a)
		must(setns(w->home, CLONE_NEWNET));
}

static void move_print(FILE *f, const struct op *op)
{
	fprintf(f, "system(\"ip %slink set %s netns %s\")", op->a ? "" : "-n other ",
		dev_name(op), op->a ? "other" : "home");
}

static void carrier_choose(struct gen *g, struct op *op)
{
	op->a = gen_below(g, 2);
}

static void carrier_run(struct world *w, const struct op *op)
{
	note_ret(w, nl_set_carrier(dev_name(op), op->a));
}

static void carrier_print(FILE *f, const struct op *op)
{
	fprintf(f, "system(\"ip link set %s carrier %s\")", dev_name(op), op->a ? "on" : "off");
}

/* Settings that take a number. */
static const struct setting {
	const char *name, *command;
	int get, set;
} settings[] = {
	{ "mtu", "mtu", SIOCGIFMTU, SIOCSIFMTU },
	[SET_QLEN] = { "qlen", "txqueuelen", SIOCGIFTXQLEN, SIOCSIFTXQLEN },
};

static void set_choose(struct gen *g, struct op *op)
{
	op->a = gen_below(g, ARRAY_SIZE(settings));
	op->b = op->a ? PICK(g, 0, 1, 2, 3, 5, 10, 32, 500, 1000, 32767, 32768, 100000, 600000,
			     -1) :
			PICK(g, 0, 67, 68, 100, 576, 1280, 1500, 9000, 65521, 65522, 65535, 65536,
			     -1);
}

static void set_run(struct world *w, const struct op *op)
{
	note_ret(w, if_setint(dev_name(op), settings[op->a].set, op->b));
}

static void set_print(FILE *f, const struct op *op)
{
	fprintf(f, "system(\"ip link set %s %s %ld\")", dev_name(op), settings[op->a].command,
		op->b);
}

/* a: the sixth byte; b: what is wrong with the address. */
static void address_choose(struct gen *g, struct op *op)
{
	op->a = gen_below(g, 4);
	op->b = PICK(g, 0, 0, 0, 1, 2, 3);
}

static void address_run(struct world *w, const struct op *op)
{
	struct ifreq ifr = { 0 };

	ifr.ifr_hwaddr.sa_family = op->b == 3 ? 0xfffe : ARPHRD_ETHER;
	if (op->b != 2)
		memcpy(ifr.ifr_hwaddr.sa_data, op->b == 1 ? "\1\xaa" : "\2\xaa", 2);
	ifr.ifr_hwaddr.sa_data[5] = op->b == 2 ? 0 : op->a;
	note_ret(w, if_get(dev_name(op), SIOCSIFHWADDR, &ifr));
}

static void address_print(FILE *f, const struct op *op)
{
	static const char *const first[] = { "02:aa", "01:aa", "00:00", "02:aa" };

	fprintf(f, "system(\"ip link set %s address %s:00:00:00:%02lx\")", dev_name(op),
		first[op->b], op->b == 2 ? 0 : op->a);
}

static void flag_choose(struct gen *g, struct op *op)
{
	op->a = PICK(g, IFF_PROMISC, IFF_ALLMULTI, IFF_NOARP, IFF_MULTICAST, IFF_DEBUG);
}

static void flag_run(struct world *w, const struct op *op)
{
	struct ifreq ifr = { 0 };
	long ret = if_get(dev_name(op), SIOCGIFFLAGS, &ifr);

	if (!ret) {
		ifr.ifr_flags ^= op->a;
		ret = if_get(dev_name(op), SIOCSIFFLAGS, &ifr);
	}
	note_ret(w, ret);
}

static void flag_print(FILE *f, const struct op *op)
{
	fprintf(f, "toggle(\"%s\", %#lx)", dev_name(op), op->a);
}

static void xdp_choose(struct gen *g, struct op *op)
{
	op->a = gen_one_in(g, 3) ? -1 : gen_below(g, PROGS);
	op->b = PICK(g, 0, XDP_FLAGS_DRV_MODE, XDP_FLAGS_DRV_MODE, XDP_FLAGS_SKB_MODE,
		     XDP_FLAGS_HW_MODE);
	op->b |= gen_one_in(g, 8) ? XDP_FLAGS_UPDATE_IF_NOEXIST : 0;
}

static void xdp_run(struct world *w, const struct op *op)
{
	note_ret(w, xdp_attach(dev_name(op), op->a < 0 ? -1 : xdp_progs[op->a], op->b));
}

static void xdp_print(FILE *f, const struct op *op)
{
	fprintf(f, "xdp_attach(\"%s\", %s", dev_name(op),
		op->a < 0 ? "-1" : "prog(BPF_PROG_TYPE_XDP, ");
	if (op->a >= 0)
		fprintf(f, "%d)", xdp_returns[op->a]);
	fprintf(f, ", %#lx)", op->b);
}

/* Requests of ethtool that change, or ask for, what state.c does not look at. */
enum tool {
	COALESCE,
	COALESCE_OTHER,
	MSGLEVEL,
	CHANNELS,
	RING,
	PAUSE,
	SPEED = TOOL_SPEED,
	NWAY,
	FEATURE,
	TOOLS
};

static const char *const tool_features[] = {
	"tx-scatter-gather",
	"tx-checksum-ip-generic",
	"tx-tcp-segmentation",
	"tx-tcp6-segmentation",
	"tx-udp-segmentation",
	"tx-generic-segmentation",
	"rx-gro",
	"tx-vlan-hw-insert",
	"tx-tcp-ecn-segmentation",
	"rx-vlan-filter",
};

const char *tool_feature(const struct op *op)
{
	return op->a == FEATURE ? tool_features[op->b] : NULL;
}

static void tool_choose(struct gen *g, struct op *op)
{
	op->a = gen_one_in(g, 2) ? FEATURE : gen_below(g, TOOLS);
	op->b = op->a == FEATURE ? gen_below(g, ARRAY_SIZE(tool_features)) :
		op->a == SPEED	 ? PICK(g, 0, 10, 1000, 10000, SPEED_UNKNOWN) :
				   PICK(g, 0, 1, 2, 10, 64, 65, 100);
	op->c = gen_below(g, 2);
}

static long set_speed(const char *name, const struct op *op)
{
	struct ethtool_link_settings s = { .cmd = ETHTOOL_GLINKSETTINGS };
	struct {
		struct ethtool_link_settings s;
		uint32_t masks[3 * 127];
	} full = { 0 };

	if (eth_call(name, &s))
		return -1;
	full.s = s;
	full.s.link_mode_masks_nwords = -s.link_mode_masks_nwords;
	if (eth_call(name, &full))
		return -1;
	full.s.cmd = ETHTOOL_SLINKSETTINGS;
	full.s.speed = op->b;
	full.s.duplex = op->c ? DUPLEX_HALF : DUPLEX_FULL;
	return eth_call(name, &full);
}

static long tool_call(const char *name, const struct op *op)
{
	struct ethtool_coalesce c = { .cmd = ETHTOOL_GCOALESCE };
	struct ethtool_value v = { .cmd = ETHTOOL_SMSGLVL, .data = op->b & ~1 };
	struct ethtool_channels ch = { .cmd = ETHTOOL_SCHANNELS, .combined_count = op->b };
	struct ethtool_ringparam ring = { .cmd = ETHTOOL_GRINGPARAM };
	struct ethtool_pauseparam pause = { .cmd = ETHTOOL_GPAUSEPARAM };

	switch (op->a) {
	case COALESCE:
	case COALESCE_OTHER:
		if (eth_call(name, &c))
			return -1;
		c.cmd = ETHTOOL_SCOALESCE;
		c.rx_max_coalesced_frames = op->b;
		if (op->a == COALESCE_OTHER)
			c.tx_coalesce_usecs = op->b;
		return eth_call(name, &c);
	case MSGLEVEL:
		return eth_call(name, &v);
	case CHANNELS:
		return eth_call(name, &ch);
	case RING:
		return eth_call(name, &ring);
	case PAUSE:
		return eth_call(name, &pause);
	case SPEED:
		return set_speed(name, op);
	default:
		return eth_call(name, &(struct ethtool_value){ .cmd = ETHTOOL_NWAY_RST });
	}
}

static void tool_run(struct world *w, const struct op *op)
{
	if (op->a != FEATURE)
		note_ret(w, tool_call(dev_name(op), op));
	else if (if_exists(dev_name(op)))
		note_ret(w, eth_set_feature(dev_name(op), tool_features[op->b], op->c));
}

static void tool_print(FILE *f, const struct op *op)
{
	static const char *const commands[TOOLS] = {
		"-C %s rx-frames %ld",
		"-C %s rx-frames %ld tx-usecs 1",
		"-s %s msglvl %ld",
		"-L %s combined %ld",
		"-g %s",
		"-a %s",
		"-s %s speed %ld",
		"-r %s",
	};

	if (op->a == FEATURE) {
		fprintf(f, "system(\"ethtool -K %s %s %s\")", dev_name(op), tool_features[op->b],
			op->c ? "on" : "off");
		return;
	}
	fprintf(f, "system(\"ethtool ");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	fprintf(f, commands[op->a], dev_name(op), op->b);
#pragma GCC diagnostic pop
	fprintf(f, "\")");
}

const struct kind link_kinds[] = {
	{ "up", 45, ON_DEV | CARRIER, up_choose, up_run, up_print },
	{ "delete", 6, ON_DEV, NULL, delete_run, delete_print },
	{ "newlink", 2, 0, NULL, newlink_run, newlink_print },
	{ "rename", 6, ON_DEV, rename_choose, rename_run, rename_print },
	{ "move", 3, CARRIER, move_choose, move_run, move_print },
	{ "carrier", 5, ON_DEV | CARRIER, carrier_choose, carrier_run, carrier_print },
	{ "set", 20, ON_DEV, set_choose, set_run, set_print },
	{ "address", 8, ON_DEV, address_choose, address_run, address_print },
	{ "flag", 6, ON_DEV, flag_choose, flag_run, flag_print },
	{ "xdp", 14, ON_DEV, xdp_choose, xdp_run, xdp_print },
	{ "tool", 20, ON_DEV, tool_choose, tool_run, tool_print },
	{ 0 }
};
