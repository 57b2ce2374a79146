// SPDX-License-Identifier: GPL-2.0
/*
 * From a sequence that differs to a short one that differs in the same value of
 * the same kind of operation. Each attempt runs in fresh namespaces.
 */
#include "diff.h"

struct aim {
	int kind;
	char key[64];
};

/* Keys of state begin with the name of a device or file: any of them will do. */
static const char *key_end(const char *key)
{
	const char *p = strpbrk(key, "./");

	return p ? p : key;
}

static bool still(struct pair *p, const struct sequence *s, const struct aim *aim,
		  struct verdict *v)
{
	pair_stop(p);
	pair_start(p);
	judge(p, s, v);
	return v->at >= 0 && s->op[v->at].kind == aim->kind &&
	       !strcmp(key_end(v->key), key_end(aim->key));
}

/* What comes behind the difference does not matter. */
static void cut_off(struct sequence *s, const struct verdict *v)
{
	s->n = v->at + 1;
}

static bool without(const struct sequence *s, int from, int n, struct sequence *out)
{
	if (from >= s->n - 1)
		return false;
	if (from + n > s->n - 1)
		n = s->n - 1 - from;
	*out = *s;
	memmove(out->op + from, out->op + from + n, (s->n - from - n) * sizeof(*s->op));
	out->n -= n;
	return n > 0;
}

static void fewer(struct pair *p, struct sequence *s, const struct aim *aim, struct verdict *v)
{
	struct sequence less;
	struct verdict verdict;
	int n, at;
	bool any;

	for (n = s->n / 2; n; n = any && n == 1 ? 1 : n / 2) {
		any = false;
		for (at = s->n - 1 - n;; at -= n) {
			if (at < 0)
				at = 0;
			if (without(s, at, n, &less) && still(p, &less, aim, &verdict)) {
				*s = less;
				*v = verdict;
				cut_off(s, v);
				any = true;
			}
			if (!at)
				break;
		}
	}
}

/* Arguments of which nothing depends become 0. */
static void plainer(struct pair *p, struct sequence *s, const struct aim *aim, struct verdict *v)
{
	struct verdict verdict;
	int i, j;

	for (i = 0; i < s->n; i++) {
		struct op *op = &s->op[i];
		long *const args[] = { &op->a, &op->b, &op->c, &op->d };
		int who = op->who;

		if (who) {
			op->who = ROOT;
			if (still(p, s, aim, &verdict))
				*v = verdict;
			else
				op->who = who;
		}
		for (j = 0; j < (int)ARRAY_SIZE(args); j++) {
			long was = *args[j];

			/* The number of an ioctl is what it is */
			if (!was || (!j && op_is(op, "ioctl")))
				continue;
			*args[j] = 0;
			if (still(p, s, aim, &verdict))
				*v = verdict;
			else
				*args[j] = was;
		}
	}
}

void shrink(struct pair *p, struct sequence *s, struct verdict *v)
{
	struct aim aim = { .kind = s->op[v->at].kind };

	snprintf(aim.key, sizeof(aim.key), "%s", v->key);
	/* What hangs may not be killed either, and takes a minute each time */
	if (!strcmp(v->key, "end"))
		return;
	cut_off(s, v);
	fewer(p, s, &aim, v);
	if (s->n < 16)
		plainer(p, s, &aim, v);
}
