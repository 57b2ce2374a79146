// SPDX-License-Identifier: GPL-2.0
/*
 * What ethtool(8) asks: driver, link, message level, link settings, coalescing,
 * channels, time stamping, and what is not there.
 */
#define _GNU_SOURCE
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include "tuntest.h"
#include "differences.h"

static void driver(int flags, const char *bus)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	int fd = tun_new("et0", flags);

	result(eth_call("et0", &info), 0, "%s: driver information", bus);
	ok(!strcmp(info.driver, tun_kind()), "%s: driver %s", bus, info.driver);
	ok(!strcmp(info.bus_info, bus), "%s: bus %s", bus, info.bus_info);
	ok(!strcmp(info.version, "1.6"), "%s: version %s", bus, info.version);
	ok(!info.fw_version[0], "%s: no firmware", bus);
	close(fd);
}

static long value(const char *name, unsigned int cmd)
{
	struct ethtool_value ev = { .cmd = cmd };

	must(eth_call(name, &ev));
	return ev.data;
}

static void link_and_messages(void)
{
	struct ethtool_value ev = { .cmd = ETHTOOL_SMSGLVL, .data = 0x1234 };
	int fd = tun_new("et1", IFF_TUN), off = 0;

	must(if_up("et1"));
	is(value("et1", ETHTOOL_GLINK), 1, "link is detected");
	must(ioctl(fd, TUNSETCARRIER, &off));
	is(value("et1", ETHTOOL_GLINK), 0, "and not without carrier");
	is(value("et1", ETHTOOL_GMSGLVL), 0, "the message level is 0");
	result(eth_call("et1", &ev), 0, "it can be set");
	is(value("et1", ETHTOOL_GMSGLVL), 0x1234, "and read back");
	ev.data = 0;
	must(eth_call("et1", &ev));
	close(fd);
}

struct settings {
	struct ethtool_link_settings base;
	unsigned int masks[3 * 127];
};

static int get_settings(const char *name, struct settings *s)
{
	memset(s, 0, sizeof(*s));
	s->base.cmd = ETHTOOL_GLINKSETTINGS;
	if (eth_call(name, s))
		return -1;
	/* The kernel answers with the size of its masks; ask again with it. */
	s->base.cmd = ETHTOOL_GLINKSETTINGS;
	s->base.link_mode_masks_nwords = -s->base.link_mode_masks_nwords;
	return eth_call(name, s);
}

static void link_settings(void)
{
	int fd = tun_new("et2", IFF_TAP);
	struct settings s;

	result(get_settings("et2", &s), 0, "link settings");
	is(s.base.speed, want_speed(), "the speed");
	is(s.base.duplex, DUPLEX_FULL, "full duplex");
	is(s.base.port, PORT_TP, "twisted pair");
	is(s.base.phy_address, 0, "PHY 0");
	is(s.base.autoneg, AUTONEG_DISABLE, "no autonegotiation");
	s.base.cmd = ETHTOOL_SLINKSETTINGS;
	s.base.speed = 2500;
	s.base.duplex = DUPLEX_HALF;
	result(eth_call("et2", &s), 0, "they can be set");
	must(get_settings("et2", &s));
	is(s.base.speed, 2500, "the new speed is told");
	is(s.base.duplex, DUPLEX_HALF, "and the duplex");
	must(if_up("et2"));
	is(if_sysfs("et2", "speed"), 2500, "sysfs shows the speed");
	close(fd);
}

static void wrong_settings(void)
{
	int fd = tun_new("et7", IFF_TAP), err = link_settings_are_checked() ? EINVAL : 0;
	struct settings s;

	must(get_settings("et7", &s));
	s.base.cmd = ETHTOOL_SLINKSETTINGS;
	s.base.speed = 0x80000000;
	result(eth_call("et7", &s), err, "a speed out of range");
	s.base.speed = 1000;
	s.base.duplex = 77;
	result(eth_call("et7", &s), err, "an unknown duplex");
	must(get_settings("et7", &s));
	is(s.base.duplex, err ? DUPLEX_FULL : 77, "the duplex then");
	s.base.cmd = ETHTOOL_SLINKSETTINGS;
	s.base.speed = SPEED_UNKNOWN;
	s.base.duplex = DUPLEX_UNKNOWN;
	result(eth_call("et7", &s), 0, "both unknown");
	close(fd);
}

static int coalesce(struct ethtool_coalesce *c)
{
	c->cmd = ETHTOOL_SCOALESCE;
	return eth_call("et3", c);
}

static unsigned int rx_frames(void)
{
	struct ethtool_coalesce c = { .cmd = ETHTOOL_GCOALESCE };

	must(eth_call("et3", &c));
	return c.rx_max_coalesced_frames;
}

static void coalescing(void)
{
	struct ethtool_coalesce c = { 0 };
	int fd = tun_new("et3", IFF_TAP);

	is(rx_frames(), 0, "rx-frames is 0");
	c.rx_max_coalesced_frames = 10;
	result(coalesce(&c), 0, "rx-frames 10");
	is(rx_frames(), 10, "is told");
	c.rx_max_coalesced_frames = 64;
	result(coalesce(&c), 0, "rx-frames 64");
	is(rx_frames(), 64, "is told");
	c.rx_max_coalesced_frames = 65;
	result(coalesce(&c), 0, "rx-frames 65");
	is(rx_frames(), 64, "becomes 64");
	c.rx_max_coalesced_frames = 0;
	c.rx_coalesce_usecs = 5;
	result(coalesce(&c), EOPNOTSUPP, "rx-usecs is refused");
	c.rx_coalesce_usecs = 0;
	c.tx_max_coalesced_frames = 5;
	result(coalesce(&c), EOPNOTSUPP, "tx-frames is refused");
	is(rx_frames(), 64, "refusals change nothing");
	close(fd);
}

static void channels(int flags, int queues, int max, const char *type)
{
	struct ethtool_channels ch = { .cmd = ETHTOOL_GCHANNELS };
	int fd[3], i, err = has_get_channels() ? 0 : EOPNOTSUPP;

	for (i = 0; i < queues; i++)
		fd[i] = tun_new("et4", flags);
	result(eth_call("et4", &ch), err, "%s: channels", type);
	if (!err) {
		is(ch.max_combined, max, "%s: at most", type);
		is(ch.combined_count, queues, "%s: in use", type);
		is(ch.max_rx + ch.max_tx + ch.max_other, 0, "%s: none of another sort", type);
	}
	if (queues > 1) {
		must(tun_queue(fd[0], IFF_DETACH_QUEUE));
		ch.cmd = ETHTOOL_GCHANNELS;
		if (!eth_call("et4", &ch))
			is(ch.combined_count, queues - 1, "%s: one detached", type);
	}
	ch.cmd = ETHTOOL_SCHANNELS;
	ch.combined_count = 1;
	result(eth_call("et4", &ch), EOPNOTSUPP, "%s: channels cannot be set", type);
	for (i = 0; i < queues; i++)
		close(fd[i]);
}

static void time_stamps(void)
{
	struct ethtool_ts_info info = { .cmd = ETHTOOL_GET_TS_INFO };
	int fd = tun_new("et5", IFF_TUN);

	result(eth_call("et5", &info), 0, "time stamping");
	is(info.so_timestamping,
	   SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE |
	   SOF_TIMESTAMPING_SOFTWARE, "by software, both ways");
	is(info.phc_index, -1, "no hardware clock");
	close(fd);
}

static void not_there(void)
{
	struct ethtool_ringparam ring = { .cmd = ETHTOOL_GRINGPARAM };
	struct ethtool_pauseparam pause = { .cmd = ETHTOOL_GPAUSEPARAM };
	struct ethtool_value ev = { .cmd = ETHTOOL_NWAY_RST };
	int fd = tun_new("et6", IFF_TAP);

	result(eth_call("et6", &ring), EOPNOTSUPP, "ring parameters");
	result(eth_call("et6", &pause), EOPNOTSUPP, "pause parameters");
	result(eth_call("et6", &ev), EOPNOTSUPP, "restarting negotiation");
	close(fd);
}

int main(void)
{
	ktap_begin();
	netns_new();
	driver(IFF_TUN, "tun");
	driver(IFF_TAP, "tap");
	link_and_messages();
	link_settings();
	wrong_settings();
	coalescing();
	channels(IFF_TAP, 1, 1, "single queue");
	channels(IFF_TAP | IFF_MULTI_QUEUE, 3, 256, "multi-queue");
	time_stamps();
	not_there();
	return ktap_end();
}
