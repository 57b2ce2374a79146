// SPDX-License-Identifier: GPL-2.0
/*
 * What a sequence has done so far. The generator guesses results with it, so
 * that most operations find what they work on; the comparison follows the real
 * results, so that a difference can be judged.
 */
#include "diff.h"

/* The first NAMES can be devices; of the others not all are legal. */
const char *const names[] = {
	"t0",
	"t1",
	"t2",
	"r0",
	"tun0",
	"tap0",
	"td0",
	"td1",
	"",
	"td%d",
	"lo",
	"a/b",
	".",
	"..",
	"a b",
	"a:b",
	"t%s",
	"t0%%",
	"nameof15chars_x",
	"%d%d",
};

const int all_names = ARRAY_SIZE(names);

unsigned long gen_random(struct gen *g)
{
	uint64_t z = g->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	z ^= z >> 31;
	return z >> 1;
}

long gen_below(struct gen *g, long n)
{
	return gen_random(g) % n;
}

bool gen_one_in(struct gen *g, long n)
{
	return !gen_below(g, n);
}

long gen_pick(struct gen *g, const long *values, int n)
{
	return values[gen_below(g, n)];
}

void model_init(struct model *m)
{
	int i;

	memset(m, 0, sizeof(*m));
	for (i = 0; i < FDS; i++)
		m->fd[i] = -1;
}

struct model_file *model_file(struct model *m, int fd)
{
	return m->fd[fd] < 0 ? NULL : &m->file[m->fd[fd]];
}

struct model_dev *model_dev(struct model *m, int fd)
{
	struct model_file *f = model_file(m, fd);

	return f && f->dev >= 0 ? &m->dev[f->dev] : NULL;
}

static void dev_gone(struct model *m, int dev)
{
	int i;

	for (i = 0; i < m->files; i++)
		if (m->file[i].dev == dev)
			m->file[i].dev = -1;
	memset(&m->dev[dev], 0, sizeof(m->dev[dev]));
}

static void file_close(struct model *m, int fd)
{
	struct model_file *f = model_file(m, fd);
	struct model_dev *d = model_dev(m, fd);

	if (!f)
		return;
	m->fd[fd] = -1;
	if (--f->refs)
		return;
	if (d) {
		d->left = true;
		d->dark |= !--d->files;
		if (!d->files && !d->persist && f->dev < NAMES)
			dev_gone(m, f->dev);
	}
	f->dev = -1;
}

static void file_open(struct model *m, int fd)
{
	struct model_file *f = &m->file[m->files];

	file_close(m, fd);
	*f = (struct model_file){ .refs = 1, .dev = -1 };
	m->fd[fd] = m->files++;
}

static void file_dup(struct model *m, int from, int to)
{
	if (from == to || m->fd[from] < 0)
		return;
	file_close(m, to);
	m->fd[to] = m->fd[from];
	m->file[m->fd[from]].refs++;
}

static void set_iff(struct model *m, const struct op *op, const char *name)
{
	struct model_file *f = model_file(m, op->fd);
	struct model_dev *d;
	int i;

	if (!f)
		return;
	for (i = 0; i < NAMES && strcmp(name ? name : names[op->dev], names[i]);)
		i++;
	f->dev = i;
	f->disabled = false;
	f->mode = op->a & (IFF_NAPI | IFF_NAPI_FRAGS);
	d = &m->dev[i];
	if (!d->exists)
		*d = (struct model_dev){
			.exists = true,
			.tap = !(op->a & IFF_TUN),
			.mq = op->a & IFF_MULTI_QUEUE,
			.header = 10,
		};
	if (!d->files++)
		d->flags = op->a;
	d->dark |= op->a & IFF_NO_CARRIER;
}

static int attached(const struct model *m, int dev)
{
	int i, n = 0;

	for (i = 0; i < m->files; i++)
		n += m->file[i].dev == dev && !m->file[i].disabled;
	return n;
}

bool model_scatters(const struct model *m, int dev)
{
	return attached(m, dev) > 1 && !m->dev[dev].steering;
}

/* What an XDP program sends back goes to the queue of the CPU it ran on. */
static void apply_frame(struct model *m, const struct op *op)
{
	const struct model_file *f = model_file(m, op->fd);

	if (op_is(op, "send"))
		m->dev[op->dev].scattered |= model_scatters(m, op->dev);
	else if (f && f->dev >= 0 && m->dev[f->dev].xdp)
		m->dev[f->dev].scattered |= attached(m, f->dev) > 1;
}

static void apply_ioctl(struct model *m, const struct op *op)
{
	struct model_file *f = model_file(m, op->fd);
	struct model_dev *d = model_dev(m, op->fd);

	if (!f || !d)
		return;
	switch (ioctl_request(op)) {
	case TUNSETPERSIST:
		d->persist = op->b;
		break;
	case TUNSETOWNER:
	case TUNSETGROUP:
		d->owned = true;
		break;
	case TUNSETOFFLOAD:
		d->offload = op->b;
		break;
	case TUNSETVNETHDRSZ:
		d->header = op->b;
		d->long_header |= op->b != 10 && op->b != 24;
		break;
	case TUNSETCARRIER:
		d->dark |= !op->b;
		break;
	case TUNSETSNDBUF:
		m->limited = true;
		break;
	case TUNSETQUEUE:
		f->disabled = !(op->b & IFF_ATTACH_QUEUE);
		d->left = true;
		break;
	case TUNSETSTEERINGEBPF:
		d->steering = op->b >= 0;
		break;
	}
}

static void apply_named(struct model *m, const struct op *op)
{
	struct model_dev *d = &m->dev[op->dev];
	int i;

	if (op_is(op, "up")) {
		d->up = op->a;
	} else if (op_is(op, "delete")) {
		dev_gone(m, op->dev);
	} else if (op_is(op, "rename") && op->a < NAMES && op->a != op->dev) {
		m->dev[op->a] = *d;
		for (i = 0; i < m->files; i++)
			if (m->file[i].dev == op->dev)
				m->file[i].dev = op->a;
		memset(d, 0, sizeof(*d));
	} else if (op_is(op, "move")) {
		d->away = op->a;
		d->up = false;
	} else if (op_is(op, "carrier")) {
		d->dark |= !op->a;
	} else if (op_is(op, "xdp")) {
		d->xdp = true;
	}
}

void model_apply(struct model *m, const struct op *op, bool good, const char *name)
{
	struct model_dev *d = model_dev(m, op->fd);
	struct model_file *f = model_file(m, op->fd);

	if (f && op_is(op, "setiff")) {
		f->reused |= f->used;
		f->used = true;
	}
	if (op_is(op, "send") || op_is(op, "write"))
		apply_frame(m, op);
	if (op_is(op, "write") && d && !good)
		d->refused |= !d->tap && d->flags & IFF_VNET_HDR;
	if (!good)
		return;
	if (f && op_is(op, "ioctl") && ioctl_request(op) == TUNSETIFINDEX)
		f->wished = true;
	if (op_is(op, "filter") && d)
		d->filter = op->a >= 0;
	if (op_is(op, "open") && op->who != CHILD && op->who != STRANGER)
		file_open(m, op->fd);
	if (op_is(op, "close"))
		file_close(m, op->fd);
	if (op_is(op, "dup"))
		file_dup(m, op->fd, op->a);
	if (op_is(op, "setiff"))
		set_iff(m, op, name);
	if (op_is(op, "ioctl"))
		apply_ioctl(m, op);
	if ((kind_of(op)->flags & ON_DEV || op_is(op, "move")) && m->dev[op->dev].exists)
		apply_named(m, op);
}

static bool predict_setiff(const struct model *m, const struct op *op)
{
	const struct model_file *f = model_file((struct model *)m, op->fd);
	const struct model_dev *d;

	if (!f || f->dev >= 0 || op->c || op->dev >= NAMES + 2 || !(op->a & (IFF_TUN | IFF_TAP)))
		return false;
	if (op->dev >= NAMES)
		return op->who == ROOT;
	d = &m->dev[op->dev];
	if (!d->exists || d->away)
		return op->who == ROOT && !d->exists;
	return !(op->a & IFF_TUN_EXCL) && (op->a & (d->tap ? IFF_TAP : IFF_TUN)) &&
	       !(op->a & IFF_MULTI_QUEUE) == !d->mq && (d->mq || !d->files) &&
	       (op->who == ROOT || d->owned);
}

bool model_predict(const struct model *m, const struct op *op)
{
	if (op_is(op, "setiff"))
		return predict_setiff(m, op);
	if (kind_of(op)->flags & ON_DEV)
		return op->dev < NAMES && m->dev[op->dev].exists && !m->dev[op->dev].away;
	if (op_is(op, "ioctl") && ioctl_request(op) == TUNSETVNETHDRSZ)
		return op->b >= 10 && op->b < 100 && !op->c;
	return true;
}
