// SPDX-License-Identifier: GPL-2.0
/*
 * What may differ: a row each, matched as narrowly as the record allows. A value
 * that differs and that no row excuses is a bug, of the driver or of this table.
 *
 * Behind a row that stops, the two have different histories and the rest of the
 * sequence is not compared; the generator keeps what leads there rare.
 */
#define _GNU_SOURCE
#include <fnmatch.h>
#include <linux/ethtool.h>
#include <poll.h>
#include "diff.h"

#define NEWEST	"The newest semantics on older kernels"
#define DEFECTS	"Defects of stock that tunx does not have"

static bool of_ioctl(const struct difference *d, unsigned long cmd)
{
	return op_is(d->op, "ioctl") && ioctl_request(d->op) == cmd;
}

/* The device that a key of the state speaks of, by name or file, or the operation's. */
static const struct model_dev *device(const struct difference *d)
{
	static const struct model_dev none;
	const char *key = strncmp(d->key, "other/", 6) ? d->key : d->key + 6;
	const struct model_dev *of_file;
	size_t i, n = strcspn(key, "./");
	int fd = d->op->fd;

	if (key[n])
		for (i = 0; i < NAMES; i++)
			if (strlen(names[i]) == n && !strncmp(key, names[i], n))
				return &d->m->dev[i];
	if (sscanf(key, "fd%d.", &fd) != 1 && kind_of(d->op)->flags & ON_DEV)
		return &d->m->dev[d->op->dev];
	of_file = model_dev(d->m, fd);
	return of_file ? of_file : &none;
}

static bool on_state(const struct difference *d)
{
	return op_is(d->op, "state");
}

static bool get_features(const struct difference *d)
{
	return of_ioctl(d, TUNGETFEATURES);
}

/* Of TUNGETIFF, alone or behind a name */
static unsigned long flags_of(const char *value)
{
	const char *p = strchr(value, ' ');

	return strtoul(p ? p : value, NULL, 0);
}

static bool asks_backpressure(const struct difference *d)
{
	return flags_of(d->tunx) == (flags_of(d->stock) | IFF_BACKPRESSURE);
}

/* On tunx a filter is the device's, on stock that of the queues it found. */
static bool filter_of_disabled(const struct difference *d)
{
	return flags_of(d->stock) & IFF_DETACH_QUEUE &&
	       (flags_of(d->stock) ^ flags_of(d->tunx)) == IFF_NOFILTER;
}

/* On stock it stays with the queue when its device is deleted. */
static bool filter_of_reused(const struct difference *d)
{
	int i;

	if ((flags_of(d->stock) ^ flags_of(d->tunx)) != IFF_NOFILTER)
		return false;
	for (i = 0; i < d->m->files; i++)
		if (d->m->file[i].reused)
			return true;
	return false;
}

static bool backpressure(const struct difference *d)
{
	return op_is(d->op, "send") && device(d)->flags & IFF_BACKPRESSURE;
}

static bool reads(const struct difference *d)
{
	return op_is(d->op, "read");
}

static bool moves(const struct difference *d)
{
	return reads(d) || op_is(d->op, "write");
}

static bool takes(const struct difference *d)
{
	return reads(d) || op_is(d->op, "drain");
}

static bool offers(const struct difference *d, unsigned long offloads)
{
	return of_ioctl(d, TUNSETOFFLOAD) && d->op->b & offloads;
}

static bool offers_uso(const struct difference *d)
{
	return offers(d, TUN_F_USO4 | TUN_F_USO6);
}

static bool offers_tunnel(const struct difference *d)
{
	return offers(d, TUN_F_UDP_TUNNEL_GSO | TUN_F_UDP_TUNNEL_GSO_CSUM);
}

static bool asks_for_uso(const struct difference *d)
{
	return op_is(d->op, "tool") && tool_feature(d->op) &&
	       !strcmp(tool_feature(d->op), "tx-udp-segmentation");
}

static bool writes_header(const struct difference *d, struct vnet_hdr *h, size_t *len)
{
	return op_is(d->op, "write") && frame_header(d->op, device(d), h, len);
}

static bool writes_uso(const struct difference *d)
{
	struct vnet_hdr h;
	size_t len;

	return writes_header(d, &h, &len) && h.gso_type == GSO_UDP_L4;
}

static bool writes_tunnel(const struct difference *d)
{
	struct vnet_hdr h;
	size_t len;

	return writes_header(d, &h, &len) && h.gso_type & (GSO_TUNNEL4 | GSO_TUNNEL6) &&
	       device(d)->header >= (int)sizeof(h);
}

/* Where its checksum is complete, nothing says that a frame is what it is called. */
static bool writes_unproven(const struct difference *d)
{
	struct vnet_hdr h;
	size_t len;

	return writes_header(d, &h, &len) && h.gso_type && !(h.flags & F_NEEDS_CSUM);
}

static bool writes_early_csum(const struct difference *d)
{
	struct vnet_hdr h;
	size_t len;

	return writes_header(d, &h, &len) && h.flags & F_NEEDS_CSUM &&
	       h.csum_start < ((h.gso_type & ~GSO_ECN) == GSO_TCPV6 ? 40 : 20);
}

/* Its headers end behind the frame, if one believes it, or wants a checksum there. */
static bool writes_long_hdr_len(const struct difference *d)
{
	struct vnet_hdr h;
	uint16_t end;
	size_t len;

	if (!device(d)->long_header || !writes_header(d, &h, &len))
		return false;
	end = h.flags & F_NEEDS_CSUM ? h.csum_start + h.csum_offset + 2 : 0;
	return (h.hdr_len > end ? h.hdr_len : end) > len;
}

static bool refused(const struct difference *d)
{
	return on_state(d) && device(d)->refused;
}

static bool dark(const struct difference *d)
{
	return device(d)->dark && strtoul(d->tunx, NULL, 0) > strtoul(d->stock, NULL, 0);
}

/* Are two values of note_data() the same but for these bytes? */
static bool same_but(const struct difference *d, size_t from, size_t to)
{
	const char *p = strrchr(d->stock, ' '), *q = strrchr(d->tunx, ' ');
	size_t i, len;

	if (!p || !q)
		return false;
	len = strlen(++p);
	if (strlen(++q) != len)
		return false;
	for (i = 0; i < len; i++)
		if (p[i] != q[i] && (i / 2 < from || i / 2 >= to))
			return false;
	return true;
}

/* What follows the first ten bytes of a header */
static bool header_tail(const struct difference *d)
{
	const struct model_dev *m = device(d);
	size_t pi = m->flags & IFF_NO_PI ? 0 : 4;

	return m->flags & IFF_VNET_HDR && takes(d) && same_but(d, pi + 10, pi + m->header);
}

static bool speed(const struct difference *d)
{
	size_t at = offsetof(struct ethtool_cmd, speed);

	return same_but(d, at, at + 2);
}

static bool joins_ownerless(const struct difference *d)
{
	return op_is(d->op, "setiff") && d->op->who != ROOT && !d->m->dev[d->op->dev % NAMES].owned;
}

static bool reads_badly(const struct difference *d)
{
	return reads(d) && d->op->b >= 4;
}

static bool file_was_used(const struct difference *d)
{
	const struct model_file *f = model_file(d->m, d->op->fd);

	return op_is(d->op, "setiff") && f && f->used;
}

static bool file_still_wishes(const struct difference *d)
{
	return file_was_used(d) && model_file(d->m, d->op->fd)->wished;
}

static bool joins_with_filter(const struct difference *d)
{
	const struct model_dev *m;

	if (strcmp(d->tunx, "0"))
		return false;
	if (op_is(d->op, "setiff") && d->op->dev < NAMES)
		return d->m->dev[d->op->dev].filter && !(d->op->a & IFF_NOFILTER);
	m = model_dev(d->m, d->op->fd);
	return m && of_ioctl(d, TUNSETQUEUE) && d->op->b & IFF_ATTACH_QUEUE && m->filter;
}

static bool is_default(const char *limit)
{
	return strtoul(limit, NULL, 0) == 0x7fffffff;
}

/* A filter, or what is none, for a device whose queues are all disabled. */
static bool filter_unseen(const struct difference *d)
{
	const struct model_file *f = model_file(d->m, d->op->fd);
	int i;

	if (!op_is(d->op, "filter") || !f || f->dev < 0)
		return false;
	for (i = 0; i < d->m->files; i++)
		if (d->m->file[i].dev == f->dev && !d->m->file[i].disabled)
			return false;
	return true;
}

/* On stock the disabled ones keep it. */
static bool filter_goes(const struct difference *d)
{
	const struct model_file *f = model_file(d->m, d->op->fd);
	int i;

	if (!op_is(d->op, "filter") || d->op->a >= 0 || !f || f->dev < 0 ||
	    !d->m->dev[f->dev].filter)
		return false;
	for (i = 0; i < d->m->files; i++)
		if (d->m->file[i].dev == f->dev && d->m->file[i].disabled)
			return true;
	return false;
}

static bool limit_is_default(const struct difference *d)
{
	return d->m->limited && (is_default(d->stock) || is_default(d->tunx));
}

static bool writable_by_limit(const struct difference *d)
{
	unsigned long changed = strtoul(d->stock, NULL, 0) ^ strtoul(d->tunx, NULL, 0);

	return d->m->limited && !(changed & ~(unsigned long)(POLLOUT | POLLWRNORM));
}

static bool on_tap(const struct difference *d)
{
	/* Two devices may have the name, one in each namespace */
	return device(d)->tap || !strncmp(d->key, "other/", 6);
}

static bool tunnel_short_header(const struct difference *d)
{
	const struct model_dev *m = device(d);

	return m->offload & TUN_F_UDP_TUNNEL_GSO && m->header < 24 &&
	       (takes(d) || on_state(d));
}

static bool long_header(const struct difference *d)
{
	return on_state(d) && device(d)->long_header;
}

static bool had_xdp(const struct difference *d)
{
	return device(d)->xdp;
}

static bool reads_xdp_with_pi(const struct difference *d)
{
	const struct model_dev *m = device(d);

	return m->xdp && !(m->flags & IFF_NO_PI) && takes(d);
}

/* Which queue got it is seen where frames are, are taken, or find no room. */
static bool scattered(const struct difference *d)
{
	return device(d)->scattered &&
	       (takes(d) || on_state(d) || op_is(d->op, "poll") || op_is(d->op, "send"));
}

/* The length of the linear part of a frame, as AF_PACKET shows it */
static bool linear_part(const struct difference *d)
{
	return same_but(d, 2, 4);
}

static bool queues_left(const struct difference *d)
{
	return device(d)->left && atoi(d->tunx) > atoi(d->stock);
}

static bool sets_speed(const struct difference *d)
{
	return op_is(d->op, "tool") && d->op->a == TOOL_SPEED;
}

/* What reading says. */
#define TAKEN "ret|data|behind|packets"
/* Of a write: the frame was good, though the device may not be. */
#define TAKES "@([0-9]*|EIO|EBUSY)"

const struct row rows[] = {
	{
		"IFF_BACKPRESSURE in TUNGETFEATURES", NEWEST,
		"TUNGETFEATURES", "0x7173", "0x71f3", get_features, .before = 703,
	}, {
		"IFF_BACKPRESSURE in TUNGETIFF", NEWEST,
		"flags", NULL, NULL, asks_backpressure, .before = 703,
	}, {
		"IFF_BACKPRESSURE in tun_flags", NEWEST,
		"*/tun_flags", NULL, NULL, asks_backpressure, .before = 703,
	}, {
		"IFF_BACKPRESSURE in TUNGETIFF", NEWEST,
		"fd?.iff", NULL, NULL, asks_backpressure, .before = 703,
	}, {
		"IFF_BACKPRESSURE makes the sender wait", NEWEST,
		"*", NULL, NULL, backpressure, .stop = true, .before = 703,
	}, {
		"IFF_BACKPRESSURE makes the sender wait", NEWEST,
		"", NULL, NULL, backpressure, .stop = true, .before = 703,
	}, {
		"RWF_NOWAIT works", NEWEST,
		"ret", "EOPNOTSUPP", NULL, moves, .stop = true, .before = 604,
	}, {
		"UDP segmentation is granted", NEWEST,
		"ret", "EINVAL", "0", offers_uso, .stop = true, .before = 602,
	}, {
		"UDP segmentation, as ethtool tells", NEWEST,
		"*.features.tx-udp-segmentation", NULL, "1???", NULL, .before = 602,
	}, {
		"UDP segmentation, as ethtool asks for it", NEWEST,
		"ret", "1", "[02]", asks_for_uso, .before = 602,
	}, {
		"UDP segmentation works", NEWEST,
		"ret", "EINVAL", TAKES, writes_uso, .stop = true, .before = 602,
	}, {
		"UDP tunnels are granted", NEWEST,
		"ret", "EINVAL", "0", offers_tunnel, .stop = true, .before = 617,
	}, {
		"UDP tunnels, as ethtool tells", NEWEST,
		"*.features.tx-udp_tnl-@(|csum-)segmentation", NULL, "1???", NULL, .before = 617,
	}, {
		"UDP tunnels work", NEWEST,
		"ret", "EINVAL", TAKES, writes_tunnel, .stop = true, .before = 617,
	}, {
		"the checks of 7.3: what is to be segmented", NEWEST,
		"ret", TAKES, "EINVAL", writes_unproven, .stop = true, .before = 702,
	}, {
		"the checks of 7.3: where a checksum begins", NEWEST,
		"ret", TAKES, "EINVAL", writes_early_csum, .stop = true, .before = 612,
	}, {
		"the checks of 7.3, and which comes first", NEWEST,
		"*.stats.rx_@(frame_errors|dropped)", NULL, NULL, refused, .before = 702,
	}, {
		"the rest of a long header is zero", NEWEST,
		"data", "[0-9]*", "[0-9]*", header_tail, .before = 702,
	}, {
		"ethtool: channels", NEWEST,
		"*.ETHTOOL_GCHANNELS", "EOPNOTSUPP", NULL, NULL, .before = 612,
	}, {
		"ethtool: default speed", NEWEST,
		"*.ETHTOOL_GSET", "[0-9]*", "[0-9]*", speed, .before = 612,
	}, {
		"packets sent while nobody is attached are counted", NEWEST,
		"*.stats.tx_dropped", "[0-9]*", "[0-9]*", dark, .before = 612,
	}, {
		"attaching to an ownerless device", NEWEST,
		"ret", NULL, "EPERM", joins_ownerless, .stop = true, .before = 703,
	}, {
		"S1: joins a device with a filter", DEFECTS,
		"", NULL, "0", joins_with_filter, .stop = true,
	}, {
		"the queue of a frame that no program steers", DEFECTS,
		"@(" TAKEN "|good|poll|fd?.poll|*.stats.tx_*)", NULL, NULL, scattered,
		.stop = true,
	}, {
		"the first piece of a large frame", DEFECTS,
		"seen.header", "10 *", "10 *", linear_part, .stop = false,
	}, {
		"S3: stale TUNSETIFINDEX", DEFECTS,
		"ret", "EBUSY", "0", file_was_used, .stop = true,
	}, {
		"S3: TUNSETIFINDEX forgotten", DEFECTS,
		"ret", "0", "EBUSY", file_still_wishes, .stop = true,
	}, {
		"S3: stale TUNSETIFINDEX", DEFECTS,
		"*.index", NULL, NULL, NULL, .stop = true,
	}, {
		"S4: a read into bad memory", DEFECTS,
		"ret", "[0-9]*", "EFAULT", reads_badly, .stop = true,
	}, {
		"a read that fails and has written already", DEFECTS,
		"behind", NULL, "32 2dacb8a5 *", reads, .stop = false,
	}, {
		"S5: XDP frames without PI", DEFECTS,
		"@(" TAKEN ")", NULL, NULL, reads_xdp_with_pi, .stop = true,
	}, {
		"S6: hdr_len beyond the frame", DEFECTS,
		"ret", NULL, "EINVAL", writes_long_hdr_len, .stop = true, .since = 702,
	}, {
		"S6: hdr_len beyond the frame, and more is wrong", DEFECTS,
		"*.stats.rx_@(frame_errors|dropped)", NULL, NULL, long_header, .since = 702,
	}, {
		"S7: tunnel offload, short header", DEFECTS,
		"@(" TAKEN "|*.stats.tx_*)", NULL, NULL, tunnel_short_header, .stop = true,
	}, {
		"S8: send buffer of later queues", DEFECTS,
		"*sndbuf", "[0-9]*", "[0-9]*", limit_is_default, .stop = true,
	}, {
		"S8: send buffer of later queues", DEFECTS,
		"TUNGETSNDBUF", "0x*", "0x*", limit_is_default, .stop = true,
	}, {
		"S8: send buffer of later queues", DEFECTS,
		"*poll", "0*", "0*", writable_by_limit, .stop = true,
	}, {
		"S9: rx_frame_errors of a tap", DEFECTS,
		"*.rx_frame_errors", "0", NULL, on_tap, .stop = false,
	}, {
		"S10: a program is asked before the header of a blocking file is checked", DEFECTS,
		"ret", "EINVAL", "[0-9]*", had_xdp, .stop = true,
	}, {
		"S10: frames that generic XDP takes", DEFECTS,
		"*.stats.rx_@(packets|bytes|dropped)", NULL, NULL, had_xdp, .stop = false,
	}, {
		"bytes of XDP frames", DEFECTS,
		"*.stats.tx_bytes", "[0-9]*", "[0-9]*", had_xdp, .stop = false,
	}, {
		"S12: a filter that no queue looks at", DEFECTS,
		"ret", "0", "EINVAL", filter_unseen, .stop = true,
	}, {
		"S12: a filter that came while the queue was disabled", DEFECTS,
		"@(flags|fd?.iff)", NULL, NULL, filter_of_disabled, .stop = false,
	}, {
		"a file takes the filter of its last device along", DEFECTS,
		"@(flags|fd?.iff)", NULL, NULL, filter_of_reused, .stop = true,
	}, {
		"S12: a filter that goes while a queue is disabled", DEFECTS,
		"", NULL, NULL, filter_goes, .stop = true,
	}, {
		"S13: link settings", DEFECTS,
		"ret", "0", "EINVAL", sets_speed, .stop = true,
	}, {
		"S16: receive queues stay", DEFECTS,
		"*/queues", "[0-9]*", "[0-9]*", queues_left, .stop = false,
	},
};

const int nr_rows = ARRAY_SIZE(rows);
long row_hits[ARRAY_SIZE(rows)];

static bool fits(const char *pattern, const char *value)
{
	return !pattern || (value && !fnmatch(pattern, value, FNM_EXTMATCH));
}

static bool older_than(unsigned int version)
{
	return kernel_before(version / 100, version % 100, 0);
}

static bool is_due(const struct row *r)
{
	return (!r->before || older_than(r->before)) && (!r->since || !older_than(r->since));
}

static bool applies(const struct row *r, const struct difference *d)
{
	return is_due(r) && fits(r->key, d->key) && fits(r->stock, d->stock) &&
	       fits(r->tunx, d->tunx) && (!r->when || r->when(d));
}

int row_for(const struct difference *d)
{
	int i;

	for (i = 0; i < nr_rows; i++)
		if (*rows[i].key && applies(&rows[i], d))
			return i;
	return -1;
}

int row_silent(const struct difference *d)
{
	int i;

	for (i = 0; i < nr_rows; i++)
		if (!*rows[i].key && is_due(&rows[i]) && rows[i].when(d))
			return i;
	return -1;
}
