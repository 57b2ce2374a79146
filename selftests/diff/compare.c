// SPDX-License-Identifier: GPL-2.0
/* Two records side by side. */
#define _GNU_SOURCE
#include <ctype.h>
#include "diff.h"

struct line {
	char key[64];
	char value[1024];
};

struct cursor {
	const char *at, *end;
};

static bool next_line(struct cursor *c, struct line *l)
{
	const char *eq, *nl;

	if (c->at >= c->end)
		return false;
	nl = memchr(c->at, '\n', c->end - c->at);
	eq = memchr(c->at, '=', nl - c->at);
	snprintf(l->key, sizeof(l->key), "%.*s", (int)(eq - c->at), c->at);
	snprintf(l->value, sizeof(l->value), "%.*s", (int)(nl - eq - 1), eq + 1);
	c->at = nl + 1;
	return true;
}

static bool has_key(struct cursor c, const char *key)
{
	struct line l;

	while (next_line(&c, &l))
		if (!strcmp(l.key, key))
			return true;
	return false;
}

static struct cursor part(const struct record *r, int i)
{
	return (struct cursor){ r->text + r->start[i], r->text + r->start[i + 1] };
}

static bool value_of(const struct record *r, int i, const char *key, struct line *l)
{
	struct cursor c = part(r, i);

	while (next_line(&c, l))
		if (!strcmp(l->key, key))
			return true;
	return false;
}

/*
 * The next pair of values that differ, a NULL where one side has none: true, or
 * false at the end.
 */
static bool next_difference(struct cursor *a, struct cursor *b, struct line *la, struct line *lb,
			    struct difference *d)
{
	for (;;) {
		struct cursor was_a = *a, was_b = *b;
		bool has_a = next_line(a, la), has_b = next_line(b, lb);

		if (!has_a && !has_b)
			return false;
		if (has_a && has_b && !strcmp(la->key, lb->key)) {
			if (!strcmp(la->value, lb->value))
				continue;
			*d = (struct difference){ d->op, d->m, la->key, la->value, lb->value };
		} else if (has_a && (!has_b || !has_key(*b, la->key))) {
			*b = was_b;
			*d = (struct difference){ d->op, d->m, la->key, la->value, NULL };
		} else {
			*a = was_a;
			*d = (struct difference){ d->op, d->m, lb->key, NULL, lb->value };
		}
		return true;
	}
}

static void blame(struct verdict *v, int at, const struct difference *d)
{
	v->at = at;
	snprintf(v->key, sizeof(v->key), "%s", d->key);
	snprintf(v->stock, sizeof(v->stock), "%s", d->stock ? d->stock : "(nothing)");
	snprintf(v->tunx, sizeof(v->tunx), "%s", d->tunx ? d->tunx : "(nothing)");
}

/* False when the comparison ends with this operation, one way or other. */
static bool compare_op(const struct sequence *s, int i, const struct record *stock,
		       const struct record *tunx, struct model *m, struct verdict *v)
{
	struct difference d = { .op = &s->op[i], .m = m };
	struct cursor a = part(stock, i), b = part(tunx, i);
	struct line la, lb;
	int row;

	while (next_difference(&a, &b, &la, &lb, &d)) {
		row = row_for(&d);
		if (row < 0) {
			blame(v, i, &d);
			return false;
		}
		row_hits[row]++;
		if (rows[row].stop) {
			/* What else this operation shows follows from it */
			v->excused = row;
			return false;
		}
	}
	d.key = "";
	d.tunx = value_of(tunx, i, "ret", &lb) ? lb.value : "";
	row = row_silent(&d);
	if (row >= 0) {
		row_hits[row]++;
		v->excused = row;
	}
	return row < 0;
}

void compare(const struct sequence *s, const struct record *stock, const struct record *tunx,
	     struct verdict *v)
{
	static struct model m;
	struct line ret, name;
	bool good, named;
	int i;

	*v = (struct verdict){ .at = -1, .excused = -1 };
	model_init(&m);
	for (i = 0; i < s->n; i++) {
		if (!compare_op(s, i, stock, tunx, &m, v)) {
			v->compared = i + (v->at < 0);
			return;
		}
		good = value_of(tunx, i, "ret", &ret) && isdigit(ret.value[0]);
		named = good && value_of(tunx, i, "name", &name);
		model_apply(&m, &s->op[i], good, named ? name.value : NULL);
	}
	v->compared = s->n;
}

void judge(struct pair *p, const struct sequence *s, struct verdict *v)
{
	enum ended ended = pair_run(p, s);

	if (ended == BOTH_DONE) {
		compare(s, p->stock.rec, p->tunx.rec, v);
		return;
	}
	*v = (struct verdict){ .excused = -1 };
	v->at = ended == STOCK_HUNG ? p->stock.rec->done : p->tunx.rec->done;
	if (v->at >= s->n)
		v->at = s->n - 1;
	strcpy(v->key, "end");
	strcpy(v->stock, ended == STOCK_HUNG ? "hangs, or died" : "comes back");
	strcpy(v->tunx, ended == TUNX_HUNG ? "hangs, or died" : "not known");
	pair_stop(p);
	pair_start(p);
}
