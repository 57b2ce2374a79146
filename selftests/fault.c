// SPDX-License-Identifier: GPL-2.0
/* One failure at a time, by /proc/thread-self/fail-nth. */
#define _GNU_SOURCE
#include "fault.h"

#define DEBUGFS	"/sys/kernel/debug"
#define MOST	5000		/* an operation with more points has no end */
#define NEAR	"10"		/* calls from the driver down to an allocation of its own */
#define DEEP	"32"		/* the kernel does not look further */

static const char * const kinds[] = { "failslab", "fail_page_alloc", "fail_usercopy" };
static int nth = -1, points;

static void set(const char *kind, const char *file, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), DEBUGFS "/%s/%s", kind, file);
	if (!access(path, F_OK))
		must(file_write(path, value));
}

static void set_range(const char *kind, const char *what, unsigned long from,
		      unsigned long to)
{
	char file[32], value[32];

	snprintf(file, sizeof(file), "%s-start", what);
	snprintf(value, sizeof(value), "%#lx", from);
	set(kind, file, value);
	snprintf(file, sizeof(file), "%s-end", what);
	snprintf(value, sizeof(value), "%#lx", to);
	set(kind, file, value);
}

/* Where the code of the driver lies. */
static void driver_range(unsigned long *from, unsigned long *to)
{
	FILE *f = fopen("/proc/modules", "re");
	unsigned long size;
	char line[512], name[64];

	if (!f)
		bail("/proc/modules");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %lu %*s %*s %*s %lx", name, &size, from) == 3 &&
		    !strcmp(name, tun_kind()))
			break;
	if (feof(f))
		bail("the driver is no module");
	fclose(f);
	*to = *from + size;
}

/* vmalloc() complains of its failures to the kernel's log, with a trace. */
static void vmalloc_range(unsigned long *from, unsigned long *to)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	char line[512], name[256];

	if (!f)
		bail("/proc/kallsyms");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx %*c %255s", from, name) == 2 &&
		    (!strcmp(name, "__vmalloc_node_range_noprof") ||
		     !strcmp(name, "__vmalloc_node_range")))
			break;
	if (!fgets(line, sizeof(line), f))
		bail("no vmalloc() in /proc/kallsyms");
	*to = strtoul(line, NULL, 16);
	fclose(f);
}

void fault_or_skip(void)
{
	unsigned long from, to, vfrom, vto;
	unsigned int i;

	nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (nth < 0 || access(DEBUGFS "/failslab/require-start", F_OK)) {
		skip("needs CONFIG_FAULT_INJECTION_STACKTRACE_FILTER: tools/vm/run --kernel debug",
		     "failures one at a time");
		exit(ktap_end());
	}
	driver_range(&from, &to);
	vmalloc_range(&vfrom, &vto);
	/* All of this matters only to a task that asks for a failure. */
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		set(kinds[i], "verbose", "0");
		set(kinds[i], "ignore-gfp-wait", "N");
		set(kinds[i], "ignore-gfp-highmem", "N");
		set(kinds[i], "min-order", "0");
		set_range(kinds[i], "require", from, to);
		set_range(kinds[i], "reject", vfrom, vto);
	}
	fault_depth(true);
}

void fault_depth(bool all)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		set(kinds[i], "stacktrace-depth", all ? DEEP : NEAR);
}

static void arm(int n)
{
	char value[16];

	snprintf(value, sizeof(value), "%d", n);
	must(pwrite(nth, value, strlen(value), 0));
}

/* Has it failed? The count left says; it may strike here, too. */
static bool disarm(void)
{
	char left[16] = "";
	bool struck = pread(nth, left, sizeof(left) - 1, 0) > 0 && !atoi(left);

	if (pwrite(nth, "0", 1, 0) < 0)
		must(pwrite(nth, "0", 1, 0));
	return struck;
}

static bool allowed(const struct fault *fault, bool struck, int err)
{
	unsigned int i;

	/* What can do without may go on. */
	if (!err)
		return true;
	for (i = 0; struck && i < ARRAY_SIZE(fault->errs); i++)
		if (fault->errs[i] == err)
			return true;
	return false;
}

static bool try_nth(const struct fault *fault, int n, bool *struck)
{
	bool good = true;
	long ret;
	int err;

	if (fault->prepare)
		fault->prepare();
	arm(n);
	ret = fault->call();
	err = ret < 0 ? errno : 0;
	*struck = disarm();
	if (!allowed(fault, *struck, err)) {
		printf("# %s: failure %d: %s\n", fault->name, n,
		       err ? strerror(err) : "success");
		good = false;
	}
	if (fault->check && !fault->check(err)) {
		printf("# %s: failure %d (%s): not as it should be\n", fault->name, n,
		       err ? strerror(err) : "none seen");
		good = false;
	}
	if (fault->undo)
		fault->undo();
	return good;
}

void fault_try(const struct fault *fault)
{
	bool struck = true;
	int n, bad = 0;

	for (n = 1; struck && n < MOST; n++)
		bad += !try_nth(fault, n, &struck);
	ok(!bad && !struck, "%s: %d failures, one at a time", fault->name, n - 2);
	points += n - 2;
}

void fault_end(void)
{
	printf("# measured: fault points tried: %d points\n", points);
	close(nth);
}
