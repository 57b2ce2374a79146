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

static bool sets_offload(const struct difference *d)
{
	return of_ioctl(d, TUNSETOFFLOAD);
}

static bool writes_header(const struct difference *d)
{
	return op_is(d->op, "write") && device(d)->flags & IFF_VNET_HDR;
}

static bool has_header(const struct difference *d)
{
	return on_state(d) && device(d)->flags & IFF_VNET_HDR;
}

/* Are two values of note_data() the same but for what follows the first ten bytes of a header? */
static bool header_tail(const struct difference *d)
{
	const struct model_dev *m = device(d);
	size_t from = 10 + (m->flags & IFF_NO_PI ? 0 : 4);
	size_t to = from - 10 + m->header, i, len, same_len;
	const char *p = strrchr(d->stock, ' '), *q = strrchr(d->tunx, ' ');

	if (!(m->flags & IFF_VNET_HDR) || !takes(d) || !p || !q)
		return false;
	len = strlen(++p);
	same_len = strlen(++q);
	for (i = 0; i < len && len == same_len; i++)
		if (p[i] != q[i] && (i / 2 < from || i / 2 >= to))
			return false;
	return len == same_len;
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
	return (op_is(d->op, "write") || on_state(d)) && device(d)->long_header;
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

/* The linear part of a frame, as AF_PACKET shows it */
static bool linear_part(const struct difference *d)
{
	const char *p = strrchr(d->stock, ' '), *q = strrchr(d->tunx, ' ');

	/* Behind flags and gso_type, in hexadecimal digits */
	return p && q && !strncmp(p, q, 5) && !strcmp(p + 9, q + 9);
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
		"UDP segmentation and UDP tunnels are granted", NEWEST,
		"ret", "EINVAL", "0", sets_offload, .stop = true, .before = 617,
	}, {
		"UDP segmentation works", NEWEST,
		"ret", "EINVAL", "[0-9]*", writes_header, .stop = true, .before = 617,
	}, {
		"the checks of 7.3", NEWEST,
		"ret", "[0-9]*", "EINVAL", writes_header, .stop = true, .before = 702,
	}, {
		"the checks of 7.3, and which comes first", NEWEST,
		"*.@(rx_frame_errors|stats.rx_dropped)", NULL, NULL, has_header, .stop = false,
		.before = 702,
	}, {
		"the rest of a long header is zero", NEWEST,
		"data", "[0-9]*", "[0-9]*", header_tail, .stop = false, .before = 702,
	}, {
		"ethtool: channels", NEWEST,
		"*.ETHTOOL_GCHANNELS", "EOPNOTSUPP", NULL, NULL, .stop = false, .before = 612,
	}, {
		"ethtool: default speed", NEWEST,
		"*.ETHTOOL_GSET", NULL, NULL, NULL, .stop = false, .before = 612,
	}, {
		"packets sent while nobody is attached are counted", NEWEST,
		"*.stats.tx_dropped", NULL, NULL, NULL, .stop = false, .before = 612,
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
		"ret", NULL, "EINVAL", long_header, .stop = true,
	}, {
		"S6: hdr_len beyond the frame, and more is wrong", DEFECTS,
		"*.@(rx_frame_errors|stats.rx_dropped)", NULL, NULL, long_header, .stop = false,
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

static bool is_due(const struct row *r)
{
	return !r->before || kernel_before(r->before / 100, r->before % 100, 0);
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
