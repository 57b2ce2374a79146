// SPDX-License-Identifier: GPL-2.0
/* Choosing an operation, and running one as whoever does it. */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "diff.h"

static const struct kind *const groups[] = { file_kinds, ioctl_kinds, data_kinds, link_kinds };

/* Numbers of kinds count through the groups, each ended by one without a name. */
const struct kind *kind_of(const struct op *op)
{
	const struct kind *k;
	int n = op->kind;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(groups); i++)
		for (k = groups[i]; k->name; k++)
			if (!n--)
				return k;
	return NULL;
}

bool op_is(const struct op *op, const char *kind)
{
	return !strcmp(kind_of(op)->name, kind);
}

static int choose_kind(struct gen *g)
{
	const struct kind *k;
	int total = 0, n = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(groups); i++)
		for (k = groups[i]; k->name; k++)
			total += k->weight;
	total = gen_below(g, total);
	for (i = 0; i < ARRAY_SIZE(groups); i++)
		for (k = groups[i]; k->name; k++, n++) {
			total -= k->weight;
			if (total < 0)
				return n;
		}
	return 0;
}

static bool fd_fits(struct gen *g, int fd, unsigned int flags)
{
	if (flags & ON_QUEUE)
		return model_dev(&g->m, fd);
	return !(flags & ON_FILE) || model_file(&g->m, fd);
}

/* Most of the time what the operation wants, at times anything. */
static void choose_target(struct gen *g, struct op *op, unsigned int flags)
{
	int tries = gen_one_in(g, 12) ? 1 : 20;

	do {
		op->fd = gen_below(g, FDS);
	} while (--tries && !fd_fits(g, op->fd, flags));
	tries = gen_one_in(g, 15) ? 1 : 30;
	do {
		op->dev = gen_below(g, NAMES);
	} while (--tries && !g->m.dev[op->dev].exists);
}

static int choose_who(struct gen *g, unsigned int flags)
{
	long n = gen_below(g, 200);

	if (n < 10)
		return USER;
	if (n < 13 && flags & INHERITS)
		return n < 12 ? CHILD : STRANGER;
	return ROOT;
}

static void choose(struct gen *g, struct op *op, int kind)
{
	const struct kind *k;

	*op = (struct op){ .kind = kind };
	k = kind_of(op);
	choose_target(g, op, k->flags);
	op->who = choose_who(g, k->flags);
	if (k->choose)
		k->choose(g, op);
	model_apply(&g->m, op, model_predict(&g->m, op), NULL);
}

static int kind_named(const char *name)
{
	struct op op = { 0 };

	while (!op_is(&op, name))
		op.kind++;
	return op.kind;
}

/* A short ring, about as many frames as it takes, and all of them read. */
static void choose_full(struct gen *g, struct op *ops)
{
	struct op *set = &ops[0], *send = &ops[1], *drain = &ops[2];
	long len = PICK(g, 1, 2, 3, 5, 8);
	int tries = 20;

	choose(g, set, kind_named("set"));
	set->who = ROOT;
	set->a = SET_QLEN;
	set->b = len;
	choose(g, send, kind_named("send"));
	send->dev = set->dev;
	kind_of(send)->choose(g, send);
	send->c = (send->c & 0xffff) | (len + PICK(g, -1, 0, 1, 2)) << 16;
	choose(g, drain, kind_named("drain"));
	while (--tries && model_dev(&g->m, drain->fd) != &g->m.dev[set->dev])
		drain->fd = gen_below(g, FDS);
}

#define FULL_OPS 3

/*
 * Without a program that steers, nobody can say which queue gets a frame, and
 * little is compared behind it.
 */
static bool choose_steering(struct gen *g, struct op *op)
{
	struct model_file *f;
	int fd;

	for (fd = 0; fd < FDS; fd++) {
		f = model_file(&g->m, fd);
		if (!f || f->dev < 0 || f->disabled || !model_scatters(&g->m, f->dev))
			continue;
		*op = (struct op){
			.kind = kind_named("ioctl"),
			.fd = fd,
			.a = ioctl_number(TUNSETSTEERINGEBPF),
			.b = gen_below(g, PROGS),
		};
		model_apply(&g->m, op, true, NULL);
		return true;
	}
	return false;
}

/* Starts with a device that is up more often than not, ends with a look at all. */
void gen_sequence(struct sequence *s, uint64_t seed, long number)
{
	static const char *const begin[] = { "open", "setiff", "up" };
	struct gen g = { .state = seed * 0x2545f4914f6cdd1d + number * 0xd1342543de82ef95 };
	int i;

	model_init(&g.m);
	s->n = 30 + gen_below(&g, 121);
	for (i = 0; i < s->n; i++) {
		int kind = i < (int)ARRAY_SIZE(begin) && !gen_one_in(&g, 10) ?
				   kind_named(begin[i]) :
				   choose_kind(&g);

		if (i + FULL_OPS < s->n && gen_one_in(&g, 20)) {
			choose_full(&g, &s->op[i]);
			i += FULL_OPS - 1;
			continue;
		}
		if (i + 1 < s->n && gen_one_in(&g, 2) && choose_steering(&g, &s->op[i]))
			continue;
		if (i == s->n - 1 || i % 32 == 31)
			kind = kind_named("state");
		choose(&g, &s->op[i], kind);
	}
}

static void become(int uid)
{
	must(syscall(SYS_setresgid, -1, uid, -1));
	must(syscall(SYS_setresuid, -1, uid, -1));
}

static void in_child(struct world *w, const struct op *op)
{
	pid_t pid = must(fork());
	int status;

	if (!pid) {
		if (op->who == STRANGER)
			must(unshare(CLONE_NEWUSER));
		kind_of(op)->run(w, op);
		_exit(0);
	}
	must(waitpid(pid, &status, 0));
	if (!WIFEXITED(status))
		note(w, "child", "signal %d", WTERMSIG(status));
}

/*
 * Asked by ioctl for a device that is not there, the kernel looks for a module of
 * that name first, which takes longer than all else.
 */
static bool has_target(const struct op *op)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/net/%s", names[op->dev]);
	return !(kind_of(op)->flags & ON_DEV) || !access(path, F_OK);
}

void op_run(struct world *w, const struct op *op)
{
	const struct kind *k = kind_of(op);

	if (!has_target(op)) {
		note(w, "ret", "no device");
		return;
	}
	switch (op->who) {
	case USER:
		/* Back in this order: who is not root may not change its group */
		become(NOBODY);
		k->run(w, op);
		must(syscall(SYS_setresuid, -1, 0, -1));
		must(syscall(SYS_setresgid, -1, 0, -1));
		break;
	case CHILD:
	case STRANGER:
		in_child(w, op);
		break;
	default:
		k->run(w, op);
	}
	if (k->flags & CARRIER || ioctl_moves_carrier(op))
		state_settle(w);
	state_seen(w);
}
