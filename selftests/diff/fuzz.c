// SPDX-License-Identifier: GPL-2.0
/*
 * Random sequences of operations on stock and on tunx, see diff.h.
 *
 *	fuzz [--seed N] [--ops N] [--seconds N] [--replay FILE|SEED:NUMBER]
 *
 * Without options it is a test: fixed seed, 100,000 operations on 7.2, 10,000 on
 * other kernels.
 * Timeout: 1800 s
 *
 * Once: it compares the two itself
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "diff.h"

#define LANES 2
#define REPEATS 3 /* of a sequence that differs, before it is believed */
#define ENOUGH 5 /* differences, then a lane gives up */

struct lane {
	long ops, run, sequences, failed, unsteady;
	long hits[64];
};

static struct lane *lanes;
static unsigned long seed = 1;
static long want_ops, want_seconds;
static int number_of_lanes = LANES;

static long total(size_t offset)
{
	long sum = 0;
	int i;

	for (i = 0; i < number_of_lanes; i++)
		sum += *(long *)((char *)&lanes[i] + offset);
	return sum;
}

#define TOTAL(field) total(offsetof(struct lane, field))

/* A difference counts if it comes again, in fresh namespaces. */
static bool comes_again(struct pair *p, const struct sequence *s, struct verdict *v)
{
	struct verdict again;
	int i;

	for (i = 0; i < REPEATS; i++) {
		pair_stop(p);
		pair_start(p);
		judge(p, s, &again);
		if (again.at >= 0) {
			*v = again;
			return true;
		}
	}
	return false;
}

static void report(struct pair *p, const struct sequence *s, struct verdict *v,
		   const char *origin)
{
	struct sequence small = *s;

	fprintf(stderr, "# %s: ", origin);
	kind_of(&s->op[v->at])->print(stderr, &s->op[v->at]);
	fprintf(stderr, ": %s: stock %s, tunx %s; shrinking\n", v->key, v->stock, v->tunx);
	shrink(p, &small, v);
	flock(STDOUT_FILENO, LOCK_EX);
	print_program(stdout, &small, v, origin);
	fflush(stdout);
	flock(STDOUT_FILENO, LOCK_UN);
}

static void one_sequence(struct pair *p, struct lane *lane, long number)
{
	static struct sequence s;
	struct verdict v;
	char origin[64];

	gen_sequence(&s, seed, number);
	judge(p, &s, &v);
	lane->ops += v.compared;
	lane->run += s.n;
	lane->sequences++;
	if (v.at < 0)
		return;
	snprintf(origin, sizeof(origin), "sequence %lu:%ld", seed, number);
	if (comes_again(p, &s, &v)) {
		lane->failed++;
		report(p, &s, &v, origin);
	} else {
		lane->unsteady++;
		printf("# %s: operation %d, %s: stock %s, tunx %s; not again\n", origin, v.at,
		       v.key, v.stock, v.tunx);
	}
}

static void run_lane(int n)
{
	long end = want_seconds ? msec_now() + want_seconds * 1000 : LONG_MAX, number;
	struct lane *lane = &lanes[n];
	struct pair p = { 0 };

	pair_start(&p);
	for (number = n; lane->failed < ENOUGH && msec_now() < end; number += number_of_lanes) {
		if (want_ops && lane->ops >= want_ops / number_of_lanes)
			break;
		one_sequence(&p, lane, number);
	}
	pair_stop(&p);
	memcpy(lane->hits, row_hits, nr_rows * sizeof(*row_hits));
}

static void show_progress(long begin)
{
	long ms = msec_now() - begin;

	fprintf(stderr, "# %ld operations compared, %ld sequences, %ld differ, %ld/s\n",
		TOTAL(ops), TOTAL(sequences), TOTAL(failed), ms ? TOTAL(ops) * 1000 / ms : 0);
}

static bool run_lanes(void)
{
	long begin = msec_now(), shown = begin;
	int i, left, status;
	bool good = true;

	for (i = 0; i < number_of_lanes; i++) {
		fflush(stdout);
		if (!must(fork())) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			run_lane(i);
			_exit(0);
		}
	}
	for (left = number_of_lanes; left;) {
		if (waitpid(-1, &status, WNOHANG) > 0) {
			left--;
			good &= !status;
			continue;
		}
		usleep(100000);
		if (msec_now() - shown > 10000) {
			shown = msec_now();
			show_progress(begin);
		}
	}
	show_progress(begin);
	return good;
}

static int replay(const char *what)
{
	static struct sequence s;
	unsigned long from_seed;
	struct pair p = { 0 };
	struct verdict v;
	long number;

	if (sscanf(what, "%lu:%ld", &from_seed, &number) == 2)
		gen_sequence(&s, from_seed, number);
	else if (!read_program(what, &s))
		bail("%s is no program of ours", what);
	pair_start(&p);
	judge(&p, &s, &v);
	if (v.at >= 0)
		report(&p, &s, &v, what);
	else if (v.excused >= 0)
		printf("# behind operation %ld: %s\n", v.compared - 1, rows[v.excused].what);
	pair_stop(&p);
	ok(v.at < 0, "%s: %d operations", what, s.n);
	return ktap_end();
}

static void say_rows(void)
{
	int i;

	for (i = 0; i < nr_rows; i++)
		if (total(offsetof(struct lane, hits) + i * sizeof(long)))
			printf("# excused %ld times: %s\n",
			       total(offsetof(struct lane, hits) + i * sizeof(long)),
			       rows[i].what);
}

/*
 * Most operations that change a device wait until nobody can be looking at what
 * it was; that is most of the time this takes.
 */
static void hurry(bool on)
{
	file_write("/sys/kernel/rcu_expedited", on ? "1" : "0");
}

static const char *options(int argc, char **argv)
{
	static const struct option known[] = { { "seed", required_argument, NULL, 's' },
					       { "ops", required_argument, NULL, 'o' },
					       { "seconds", required_argument, NULL, 't' },
					       { "replay", required_argument, NULL, 'r' },
					       { "lanes", required_argument, NULL, 'l' },
					       { 0 } };
	const char *what = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 's':
			seed = strtoul(optarg, NULL, 0);
			break;
		case 'o':
			want_ops = atol(optarg);
			break;
		case 't':
			want_seconds = atol(optarg);
			break;
		case 'l':
			number_of_lanes = atoi(optarg);
			break;
		case 'r':
			what = optarg;
			break;
		default:
			exit(2);
		}
	}
	return what;
}

int main(int argc, char **argv)
{
	const char *what = options(argc, argv);
	char why[128];
	bool ended;

	ktap_begin();
	if (!pair_possible(why, sizeof(why))) {
		skip(why, "stock and tunx side by side");
		return ktap_end();
	}
	netns_new();
	progs_load();
	if (what)
		return replay(what);
	if (!want_ops && !want_seconds)
		want_ops = !kernel_before(7, 2, 0) && kernel_before(7, 3, 0) ? 100000 : 10000;
	fprintf(stderr, "# seed %lu\n", seed);
	lanes = mmap(NULL, number_of_lanes * sizeof(*lanes), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (lanes == MAP_FAILED)
		bail("no memory");
	hurry(true);
	ended = run_lanes();
	hurry(false);
	say_rows();
	printf("# measured: operations compared with stock, seed %lu: %ld operations\n", seed,
	       TOTAL(ops));
	printf("# measured: differences that did not come again: %ld sequences\n",
	       TOTAL(unsteady));
	ok(ended && !TOTAL(failed), "%ld sequences", TOTAL(sequences));
	return ktap_end();
}
