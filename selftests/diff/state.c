// SPDX-License-Identifier: GPL-2.0
/* All that can be seen of the devices and files of a world. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/virtio_net.h>
#include <sys/stat.h>
#include "diff.h"

static uint32_t hash_of(const unsigned char *p, size_t len)
{
	uint32_t h = 2166136261u;

	while (len--)
		h = (h ^ *p++) * 16777619u;
	return h;
}

static void put(struct world *w, const char *text, size_t len)
{
	if (w->rec->len + len >= LOG_SIZE)
		bail("a record takes more than %d bytes", LOG_SIZE);
	memcpy(w->rec->text + w->rec->len, text, len);
	w->rec->len += len;
}

void note(struct world *w, const char *key, const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	int n, k = snprintf(line, sizeof(line), "%s=", key);

	va_start(ap, fmt);
	n = vsnprintf(line + k, sizeof(line) - k - 1, fmt, ap);
	va_end(ap);
	n = k + n < (int)sizeof(line) - 1 ? k + n : (int)sizeof(line) - 2;
	line[n] = '\n';
	put(w, line, n + 1);
}

/* Returns @text. sprintf() for each byte takes longer than most operations. */
static const char *hex(char *text, const unsigned char *p, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	char *at = text;

	for (; len; len--, p++) {
		*at++ = digits[*p >> 4];
		*at++ = digits[*p & 15];
	}
	*at = 0;
	return text;
}

/* The length, the beginning, and a hash of all. */
void note_data(struct world *w, const char *key, const void *data, size_t len)
{
	char text[2 * 128 + 1];

	note(w, key, "%zu %08x %s", len, hash_of(data, len),
	     hex(text, data, len < 128 ? len : 128));
}

const char *errno_name(int err)
{
	const char *name = strerrorname_np(err);

	return name ? name : "unknown errno";
}

void note_ret(struct world *w, long ret)
{
	if (ret < 0)
		note(w, "ret", "%s", errno_name(errno));
	else
		note(w, "ret", "%ld", ret);
}

/* --- rtnetlink --- */

/* Differ by nature, or tell of something else. */
static bool attr_is_dull(int type)
{
	static const int dull[] = { IFLA_STATS, IFLA_AF_SPEC, IFLA_IFNAME, IFLA_PERM_ADDRESS };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dull); i++)
		if (type == dull[i])
			return true;
	return false;
}

static void note_attrs(struct world *w, const char *prefix, const struct rtattr *rta, int left,
		       bool up);

static void note_stats(struct world *w, const char *prefix, const uint64_t *s, int len)
{
	static const char *const counters[] = {
		"rx_packets",
		"tx_packets",
		"rx_bytes",
		"tx_bytes",
		"rx_errors",
		"tx_errors",
		"rx_dropped",
		"tx_dropped",
		"multicast",
		"collisions",
		"rx_length_errors",
		"rx_over_errors",
		"rx_crc_errors",
		"rx_frame_errors",
		"rx_fifo_errors",
		"rx_missed_errors",
		"tx_aborted_errors",
		"tx_carrier_errors",
		"tx_fifo_errors",
		"tx_heartbeat_errors",
		"tx_window_errors",
		"rx_compressed",
		"tx_compressed",
		"rx_nohandler",
		"rx_otherhost_dropped",
	};
	char key[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counters) && (i + 1) * sizeof(*s) <= (size_t)len; i++) {
		uint64_t value;

		memcpy(&value, s + i, sizeof(value));
		snprintf(key, sizeof(key), "%s.%s", prefix, counters[i]);
		note(w, key, "%llu", (unsigned long long)value);
	}
}

static void note_attr(struct world *w, const char *prefix, const struct rtattr *rta)
{
	int type = rta->rta_type & NLA_TYPE_MASK, len = RTA_PAYLOAD(rta);
	const unsigned char *p = RTA_DATA(rta);
	char key[64], text[2 * 200 + 1];

	snprintf(key, sizeof(key), "%s.%d", prefix, type);
	if (type == IFLA_ADDRESS && len && memcmp(p, "\2\xaa\0\0\0", len < 5 ? len : 5)) {
		note(w, key, "random, %d bytes", len);
		return;
	}
	note(w, key, "%s", hex(text, p, len < 200 ? len : 200));
}

static void note_linkinfo(struct world *w, const char *prefix, const struct rtattr *rta)
{
	const struct rtattr *sub = RTA_DATA(rta);
	int left = RTA_PAYLOAD(rta);
	char key[64];

	for (; RTA_OK(sub, left); sub = RTA_NEXT(sub, left)) {
		snprintf(key, sizeof(key), "%s.info.%d", prefix, sub->rta_type);
		if (sub->rta_type == IFLA_INFO_KIND)
			note(w, key, "%s",
			     strcmp(RTA_DATA(sub), w->kind) ? (char *)RTA_DATA(sub) : "KIND");
		else
			note_attrs(w, key, RTA_DATA(sub), RTA_PAYLOAD(sub), true);
	}
}

static void note_attrs(struct world *w, const char *prefix, const struct rtattr *rta, int left,
		       bool up)
{
	char key[64];

	for (; RTA_OK(rta, left); rta = RTA_NEXT(rta, left)) {
		int type = rta->rta_type & NLA_TYPE_MASK;
		bool top = !strstr(prefix, ".info");

		/* The link watch does not hurry for a device that is down */
		if (top && (attr_is_dull(type) || (type == IFLA_OPERSTATE && !up)))
			continue;
		if (top && type == IFLA_STATS64) {
			snprintf(key, sizeof(key), "%s.stats", prefix);
			note_stats(w, key, RTA_DATA(rta), RTA_PAYLOAD(rta));
		} else if (top && type == IFLA_LINKINFO) {
			note_linkinfo(w, prefix, rta);
		} else {
			note_attr(w, prefix, rta);
		}
	}
}

static void note_link(struct world *w, const char *prefix, const struct nlmsghdr *nh)
{
	const struct ifinfomsg *ifi = NLMSG_DATA(nh);
	char key[64];

	snprintf(key, sizeof(key), "%s.type", prefix);
	note(w, key, "%d", ifi->ifi_type);
	snprintf(key, sizeof(key), "%s.flags", prefix);
	note(w, key, "%#x", ifi->ifi_flags);
	/* Numbers go up with what happened before, also in the other sequences */
	if (ifi->ifi_index >= 5000) {
		snprintf(key, sizeof(key), "%s.index", prefix);
		note(w, key, "%d", ifi->ifi_index);
	}
	note_attrs(w, prefix, IFLA_RTA(ifi), IFLA_PAYLOAD(nh), ifi->ifi_flags & IFF_UP);
}

static const char *link_name(const struct nlmsghdr *nh)
{
	const struct rtattr *rta = IFLA_RTA(NLMSG_DATA(nh));
	int left = IFLA_PAYLOAD(nh);

	for (; RTA_OK(rta, left); rta = RTA_NEXT(rta, left))
		if (rta->rta_type == IFLA_IFNAME)
			return RTA_DATA(rta);
	return "?";
}

/* Calls @fn with each link but lo. */
static void dump(int route, void (*fn)(const struct nlmsghdr *nh, void *arg), void *arg)
{
	static char buf[1 << 16];
	struct {
		struct nlmsghdr nh;
		struct ifinfomsg ifi;
	} req = {
		.nh = {
			.nlmsg_len = sizeof(req),
			.nlmsg_type = RTM_GETLINK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		},
	};
	const struct nlmsghdr *nh;
	int n;

	must(send(route, &req, sizeof(req), 0));
	for (;;) {
		n = must(recv(route, buf, sizeof(buf), 0));
		for (nh = (void *)buf; NLMSG_OK(nh, (unsigned int)n); nh = NLMSG_NEXT(nh, n)) {
			if (nh->nlmsg_type == NLMSG_DONE || nh->nlmsg_type == NLMSG_ERROR)
				return;
			if (strcmp(link_name(nh), "lo"))
				fn(nh, arg);
		}
	}
}

struct found {
	struct world *w;
	char names[8][IFNAMSIZ];
	int n;
};

static void found_home(const struct nlmsghdr *nh, void *arg)
{
	struct found *f = arg;

	note_link(f->w, link_name(nh), nh);
	if (f->n < (int)ARRAY_SIZE(f->names))
		snprintf(f->names[f->n++], IFNAMSIZ, "%s", link_name(nh));
}

static void found_other(const struct nlmsghdr *nh, void *arg)
{
	char prefix[32];

	snprintf(prefix, sizeof(prefix), "other/%s", link_name(nh));
	note_link(arg, prefix, nh);
}

struct named {
	void (*fn)(const char *name, void *arg);
	void *arg;
	char names[16][IFNAMSIZ];
	int n;
};

static void found_name(const struct nlmsghdr *nh, void *arg)
{
	struct named *n = arg;

	if (n->n < (int)ARRAY_SIZE(n->names))
		snprintf(n->names[n->n++], IFNAMSIZ, "%s", link_name(nh));
}

void state_names(int route, void (*fn)(const char *name, void *arg), void *arg)
{
	struct named found = { .n = 0 };
	int i;

	dump(route, found_name, &found);
	for (i = 0; i < found.n; i++)
		fn(found.names[i], arg);
}

/* --- sysfs, ethtool --- */

/* eth_call(), without a socket for each */
static int ask(struct world *w, const char *name, void *cmd)
{
	struct ifreq ifr = { .ifr_data = cmd };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	return ioctl(w->route[0], SIOCETHTOOL, &ifr);
}

static void note_sysfs(struct world *w, const char *name)
{
	static const char *const files[] = { "tun_flags", "owner", "group", "name_assign_type" };
	char key[64], value[64], path[96];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(key, sizeof(key), "%s/%s", name, files[i]);
		if (if_sysfs_str(name, files[i], value, sizeof(value)) < 0)
			note(w, key, "%s", errno_name(errno));
		else
			note(w, key, "%s", value);
	}
	for (i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "/sys/class/net/%s/queues/rx-%zu", name, i);
		if (access(path, F_OK))
			break;
	}
	snprintf(key, sizeof(key), "%s/queues", name);
	note(w, key, "%zu", i);
}

#define FEATURES 128 /* that there is room for */

struct feature_names {
	struct ethtool_gstrings strings;
	char name[FEATURES][ETH_GSTRING_LEN];
};

/* The same for all devices */
static const struct feature_names *feature_names(struct world *w, const char *dev)
{
	static struct feature_names f = {
		.strings = { .cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_FEATURES },
	};

	if (!f.strings.len && (ask(w, dev, &f) || f.strings.len > FEATURES))
		bail("no names of %s's features, or too many: %u", dev, f.strings.len);
	return &f;
}

/* Four digits each, as they stand in struct ethtool_get_features_block */
static void note_features(struct world *w, const char *dev)
{
	const struct feature_names *names = feature_names(w, dev);
	struct {
		struct ethtool_gfeatures get;
		struct ethtool_get_features_block room[FEATURES / 32];
	} f = { .get = { .cmd = ETHTOOL_GFEATURES, .size = FEATURES / 32 } };
	const struct ethtool_get_features_block *b;
	unsigned int i, bit;
	char key[64];

	must(ask(w, dev, &f));
	for (i = 0; i < names->strings.len; i++) {
		b = &f.get.features[i / 32];
		bit = i % 32;
		snprintf(key, sizeof(key), "%s.features.%s", dev, names->name[i]);
		note(w, key, "%u%u%u%u", b->available >> bit & 1, b->requested >> bit & 1,
		     b->active >> bit & 1, b->never_changed >> bit & 1);
	}
}

/* An ioctl whose answer is compared whole, behind its command. */
static void note_eth(struct world *w, const char *name, const char *what, void *cmd, size_t size)
{
	char key[64];

	snprintf(key, sizeof(key), "%s.%s", name, what);
	if (ask(w, name, cmd))
		note(w, key, "%s", errno_name(errno));
	else
		note_data(w, key, cmd, size);
}

#define NOTE_ETH(w, name, command, type) \
	note_eth(w, name, #command, &(type) { .cmd = (command) }, sizeof(type))

static void note_ethtool(struct world *w, const char *name)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	char key[64];

	note_features(w, name);
	NOTE_ETH(w, name, ETHTOOL_GCHANNELS, struct ethtool_channels);
	NOTE_ETH(w, name, ETHTOOL_GCOALESCE, struct ethtool_coalesce);
	NOTE_ETH(w, name, ETHTOOL_GMSGLVL, struct ethtool_value);
	NOTE_ETH(w, name, ETHTOOL_GLINK, struct ethtool_value);
	NOTE_ETH(w, name, ETHTOOL_GSET, struct ethtool_cmd);
	NOTE_ETH(w, name, ETHTOOL_GET_TS_INFO, struct ethtool_ts_info);
	snprintf(key, sizeof(key), "%s.driver", name);
	if (!ask(w, name, &info))
		note(w, key, "%s %s %s %s", strcmp(info.driver, w->kind) ? info.driver : "KIND",
		     info.version, info.bus_info, info.fw_version);
}

/* --- files --- */

static void note_file(struct world *w, int i)
{
	struct pollfd p = { .fd = w->fd[i], .events = ~0 };
	int fd = w->fd[i], value;
	struct ifreq ifr = { 0 };
	char key[32];

	if (fd < 0)
		return;
	snprintf(key, sizeof(key), "fd%d.poll", i);
	poll(&p, 1, 0);
	note(w, key, "%#x", p.revents);
	snprintf(key, sizeof(key), "fd%d.iff", i);
	if (ioctl(fd, TUNGETIFF, &ifr)) {
		note(w, key, "%s", errno_name(errno));
		return;
	}
	note(w, key, "%.16s %#x", ifr.ifr_name, ifr.ifr_flags & 0xffff);
	snprintf(key, sizeof(key), "fd%d.sndbuf", i);
	note(w, key, "%d", ioctl(fd, TUNGETSNDBUF, &value) ? -errno : value);
	snprintf(key, sizeof(key), "fd%d.header", i);
	note(w, key, "%d", ioctl(fd, TUNGETVNETHDRSZ, &value) ? -errno : value);
	snprintf(key, sizeof(key), "fd%d.le", i);
	note(w, key, "%d", ioctl(fd, TUNGETVNETLE, &value) ? -errno : value);
}

void state_note(struct world *w)
{
	struct found found = { .w = w };
	int i;

	dump(w->route[0], found_home, &found);
	dump(w->route[1], found_other, w);
	for (i = 0; i < found.n; i++) {
		note_sysfs(w, found.names[i]);
		note_ethtool(w, found.names[i]);
	}
	for (i = 0; i < FDS; i++)
		note_file(w, i);
}

/* --- what the stack got --- */

static void note_seen(struct world *w, struct msghdr *msg, const unsigned char *frame, size_t len)
{
	const struct sockaddr_ll *sll = msg->msg_name;
	const struct tpacket_auxdata *aux;
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	char name[IFNAMSIZ] = "?";

	if_indextoname(sll->sll_ifindex, name);
	note(w, "seen", "%s packet type %d, protocol %#x, hardware %d", name, sll->sll_pkttype,
	     ntohs(sll->sll_protocol), sll->sll_hatype);
	if (c && c->cmsg_type == PACKET_AUXDATA) {
		aux = (void *)CMSG_DATA(c);
		note(w, "seen.aux", "status %#x len %u snaplen %u mac %u net %u vlan %#x %#x",
		     aux->tp_status, aux->tp_len, aux->tp_snaplen, aux->tp_mac, aux->tp_net,
		     aux->tp_vlan_tci, aux->tp_vlan_tpid);
	}
	note_data(w, "seen.header", frame, len < 10 ? len : 10);
	note_data(w, "seen.frame", frame + 10, len < 10 ? 0 : len - 10);
}

void state_seen(struct world *w)
{
	static unsigned char frame[FRAME_MAX + 4096];
	struct sockaddr_ll sll;
	char control[256];
	int i;

	for (i = 0; i < 100; i++) {
		struct iovec iov = { frame, sizeof(frame) };
		struct msghdr msg = {
			.msg_name = &sll,
			.msg_namelen = sizeof(sll),
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};
		ssize_t n = recvmsg(w->watch, &msg, MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			note(w, "seen", "%s", errno_name(errno));
		else
			note_seen(w, &msg, frame, n);
	}
}

/*
 * A carrier that changed is acted upon by the link watch. Asking for it makes the
 * newer kernels do so at once; the older ones within a second. It is done when
 * the flags say so, and no device is settled that is down.
 */
static bool settled(void *arg)
{
	struct ethtool_value link = { .cmd = ETHTOOL_GLINK };
	int flags;

	if (eth_call(arg, &link))
		return true;
	flags = if_flags(arg);
	return flags < 0 || !(flags & IFF_UP) || !link.data == !(flags & IFF_RUNNING);
}

static void settle_one(const char *name, void *arg)
{
	(void)arg;
	wait_until(settled, (void *)name, 30000);
}

void state_settle(struct world *w)
{
	state_names(w->route[0], settle_one, NULL);
}
