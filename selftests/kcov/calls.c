// SPDX-License-Identifier: GPL-2.0
/*
 * Hostile calls, led by what the driver does with them; see kcov.h.
 *
 *	calls [--seconds N] [--seed N] [--corpus] [--show]
 *
 * Runs the corpus, and where the kernel tells what was reached, new inputs for
 * that many seconds. --corpus prints what is worth keeping in corpus.txt, --show
 * what each input of the corpus does. On failure prints the input that did it.
 * Timeout: 400 s
 *
 * Once: what stock does not stand is not ours to find
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <libgen.h>
#include <linux/kcov.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "kcov.h"

#define PLACES		65536	/* a call may go through */
#define EDGES		65536	/* from place to place, hashed */
#define CORPUS_MAX	4096
#define WORKERS		8		/* the end of a device takes time, not a processor */

/* An input, and the edges its calls took, a bit for each */
struct kept {
	struct input in;
	unsigned char edges[EDGES / 8];
};

/* What the workers have in common */
static struct shared {
	unsigned int corpus_len, edges_known, runs;
	bool failed;
	unsigned char known[EDGES / 8];
	struct kept corpus[CORPUS_MAX];
} *shared;

static unsigned long *places;	/* NULL: the driver does not tell */
static int taint_fd;

/* False where the kernel, or this build of the driver, does not tell. */
static bool kcov_open(void)
{
	int fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	void *map;

	if (fd < 0 || ioctl(fd, KCOV_INIT_TRACE, PLACES))
		return false;
	map = mmap(NULL, PLACES * sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED || ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC))
		return false;
	places = map;
	close(tun_open(O_RDWR));
	if (!places[0])
		places = NULL;
	return places;
}

/* Writes the edges to @edges, and returns how many. */
static unsigned int kcov_edges(unsigned char *edges)
{
	unsigned long i, n = __atomic_load_n(&places[0], __ATOMIC_RELAXED);
	unsigned long last = 0, at;
	unsigned int count = 0;

	memset(edges, 0, EDGES / 8);
	for (i = 1; i <= n && i < PLACES; i++) {
		at = (places[i] * 0x9e3779b97f4a7c15ul >> 40 ^ last) % EDGES;
		last = at >> 1;
		count += !(edges[at / 8] & 1 << at % 8);
		edges[at / 8] |= 1 << at % 8;
	}
	return count;
}

/* Adds them to what is known; how many are new. */
static unsigned int learn(unsigned char *known, const unsigned char *edges)
{
	unsigned int i, news = 0;

	for (i = 0; i < EDGES / 8; i++)
		if (edges[i])
			news += __builtin_popcount(edges[i] &
				~__atomic_fetch_or(&known[i], edges[i], __ATOMIC_RELAXED));
	return news;
}

/* A kernel that complained once may not do so again: the first is the one. */
static bool kernel_stands(void)
{
	static char before[32];
	char now[32] = "";

	if (pread(taint_fd, now, sizeof(now) - 1, 0) < 0)
		return true;
	if (!before[0])
		memcpy(before, now, sizeof(now));
	return !strcmp(before, now);
}

static bool run(const struct input *in, bool loud)
{
	if (places)
		__atomic_store_n(&places[0], 0, __ATOMIC_RELAXED);
	ops_run(in, loud);
	if (kernel_stands())
		return true;
	printf("# the kernel complained, see its log, after this input:\n# ");
	input_print(stdout, in);
	return false;
}

static void keep(const struct input *in, const unsigned char *edges)
{
	unsigned int n = __atomic_fetch_add(&shared->corpus_len, 1, __ATOMIC_RELAXED);

	if (n >= CORPUS_MAX) {
		shared->corpus_len = CORPUS_MAX;
		return;
	}
	memcpy(shared->corpus[n].edges, edges, EDGES / 8);
	shared->corpus[n].in = *in;
}

static void run_and_learn(const struct input *in)
{
	static unsigned char edges[EDGES / 8];
	unsigned int news;

	__atomic_fetch_add(&shared->runs, 1, __ATOMIC_RELAXED);
	if (!run(in, false)) {
		shared->failed = true;
		return;
	}
	if (!places)
		return;
	kcov_edges(edges);
	news = learn(shared->known, edges);
	__atomic_fetch_add(&shared->edges_known, news, __ATOMIC_RELAXED);
	if (news)
		keep(in, edges);
}

/* Every eighth line of the file is ours. */
static void replay(int worker, FILE *f)
{
	struct input in;
	int line;

	for (line = 0; !shared->failed && input_scan(f, &in); line++)
		if (line % WORKERS == worker)
			run_and_learn(&in);
}

static void fuzz(int worker, long until, unsigned long seed)
{
	static const struct input empty;
	const struct input *from, *other;
	struct input in;
	unsigned int n;

	draw_seed(seed * WORKERS + worker);
	while (!shared->failed && msec_now() < until) {
		n = shared->corpus_len;
		from = n ? &shared->corpus[draw(n)].in : &empty;
		other = n ? &shared->corpus[draw(n)].in : &empty;
		input_change(&in, from, other);
		run_and_learn(&in);
	}
}

static void show_progress(long begin)
{
	long ms = msec_now() - begin;

	fprintf(stderr, "# %u inputs, %ld/s, %u kept, %u edges\n", shared->runs,
		ms ? shared->runs * 1000l / ms : 0, shared->corpus_len, shared->edges_known);
}

/* The corpus, without @seconds, or new inputs: each worker in its own netns. */
static bool work(const char *path, long seconds, unsigned long seed)
{
	long begin = msec_now(), shown = begin;
	int i, left, status;

	shared->runs = 0;
	fflush(stdout);
	for (i = 0; i < WORKERS; i++) {
		FILE *f;

		if (must(fork()))
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		kcov_open();
		netns_new();
		ops_prepare();
		f = fopen(path, "re");
		if (seconds)
			fuzz(i, begin + seconds * 1000, seed);
		else if (f)
			replay(i, f);
		_exit(!seconds && !f);
	}
	for (left = WORKERS; left;) {
		if (waitpid(-1, &status, WNOHANG) > 0) {
			left--;
			shared->failed |= status;
		} else {
			usleep(50000);
		}
		if (msec_now() - shown > 10000) {
			shown = msec_now();
			show_progress(begin);
		}
	}
	return !shared->failed;
}

static int shorter(const void *a, const void *b)
{
	const struct kept *left = a, *right = b;

	return (int)left->in.len - (int)right->in.len;
}

/* Those whose edges no others have, short ones first. */
static void print_corpus(void)
{
	static unsigned char known[EDGES / 8];
	unsigned int i;

	qsort(shared->corpus, shared->corpus_len, sizeof(*shared->corpus), shorter);
	for (i = 0; i < shared->corpus_len; i++) {
		if (!learn(known, shared->corpus[i].edges))
			continue;
		printf("corpus ");
		input_print(stdout, &shared->corpus[i].in);
	}
}

/* What each input of the corpus does, for people. */
static void show(const char *path)
{
	FILE *f = fopen(path, "re");
	struct input in;

	if (!f)
		bail("%s: %s", path, strerror(errno));
	netns_new();
	ops_prepare();
	while (input_scan(f, &in)) {
		printf("# --- ");
		input_print(stdout, &in);
		run(&in, true);
	}
}

/* A device of each kind still takes a frame and gives one. */
static void still_works(void)
{
	static const int kinds[] = { IFF_TUN, IFF_TAP };
	unsigned char buf[200] = { 0 };
	unsigned int i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		fd = tun_new("after0", kinds[i] | IFF_NO_PI);
		must(if_addr("after0", "10.9.0.1", 24));
		must(if_up("after0"));
		settle(fd, "after0");
		ok(stack_send("after0", 20, 7) >= 0 && readable(fd, 2000) &&
		   read(fd, buf, sizeof(buf)) > 0, "%s: the stack's frame is read",
		   i ? "tap" : "tun");
		buf[0] = 0x45;
		result(write(fd, buf, 60), 0, "%s: a frame is taken", i ? "tap" : "tun");
		close(fd);
	}
}

int main(int argc, char **argv)
{
	static const struct option known_options[] = {
		{ "seconds", required_argument, NULL, 't' },
		{ "seed", required_argument, NULL, 's' },
		{ "corpus", no_argument, NULL, 'c' },
		{ "show", no_argument, NULL, 'v' },
		{ 0 }
	};
	bool print = false, tells;
	long seconds = 20, seed = 1;
	char path[4096];
	int c;

	snprintf(path, sizeof(path), "%s/corpus.txt", dirname(strdup(argv[0])));
	while ((c = getopt_long(argc, argv, "", known_options, NULL)) != -1) {
		switch (c) {
		case 't':
			seconds = atol(optarg);
			break;
		case 's':
			seed = atol(optarg);
			break;
		case 'c':
			print = true;
			break;
		case 'v':
			show(path);
			return 0;
		default:
			return 2;
		}
	}
	ktap_begin();
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED)
		bail("no memory");
	taint_fd = open("/proc/sys/kernel/tainted", O_RDONLY | O_CLOEXEC);
	kernel_stands();
	ok(work(path, 0, 0), "the corpus: the kernel stands");
	printf("# measured: inputs of the corpus: %u inputs\n", shared->runs);
	tells = shared->edges_known || (shared->corpus_len == 0 && kcov_open());
	if (tells) {
		ok(work(path, seconds, seed), "new inputs, seed %ld: the kernel stands", seed);
		printf("# measured: inputs led by coverage, seed %ld: %u inputs\n", seed,
		       shared->runs);
		printf("# measured: edges in the driver they took: %u edges\n",
		       shared->edges_known);
	} else {
		skip("the driver does not tell where it was; make fuzz-calls has one that does",
		     "new inputs");
	}
	netns_new();
	still_works();
	if (print)
		print_corpus();
	return ktap_end();
}
