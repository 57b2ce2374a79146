/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KTAP output for C tests: one "ok"/"not ok" line per behaviour.
 *
 *	ktap_begin();
 *	ok(cond, "what must hold");
 *	is(got, want, "two numbers are equal");
 *	result(ioctl(...), EBADFD, "a call fails with this errno (0: works)");
 *	skip("the reason and what would run it", "what was not tried");
 *	return ktap_end();
 *
 * The plan comes last, because tests count their lines as they go. The exit
 * codes are those of kselftest: 0 pass, 1 fail, 4 nothing but skips.
 */
#ifndef SELFTESTS_KTAP_H
#define SELFTESTS_KTAP_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KSFT_PASS	0
#define KSFT_FAIL	1
#define KSFT_SKIP	4

struct ktap_state {
	int lines;
	int failed;
	int skipped;
};

/* Weak, so that every object of a test shares the one copy. */
__attribute__((weak)) struct ktap_state ktap;

static inline void ktap_begin(void)
{
	/* Lines must survive a test that is killed half-way. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("KTAP version 1");
}

static inline int ktap_end(void)
{
	printf("1..%d\n", ktap.lines);
	if (ktap.failed)
		return KSFT_FAIL;
	return ktap.lines && ktap.lines == ktap.skipped ? KSFT_SKIP : KSFT_PASS;
}

__attribute__((format(printf, 2, 0)))
static inline bool ktap_vline(bool good, const char *fmt, va_list ap)
{
	printf("%s %d - ", good ? "ok" : "not ok", ++ktap.lines);
	vprintf(fmt, ap);
	putchar('\n');
	if (!good)
		ktap.failed++;
	return good;
}

__attribute__((format(printf, 2, 3)))
static inline bool ok(bool good, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	ktap_vline(good, fmt, ap);
	va_end(ap);
	return good;
}

__attribute__((format(printf, 3, 4)))
static inline bool is(long long got, long long want, const char *fmt, ...)
{
	va_list ap;

	if (got != want)
		printf("# got %lld (%#llx), want %lld (%#llx)\n",
		       got, got, want, want);
	va_start(ap, fmt);
	ktap_vline(got == want, fmt, ap);
	va_end(ap);
	return got == want;
}

/*
 * The outcome of a system call, taken right behind it: @ret as returned, @err
 * the errno it must have failed with, or 0 when it must have worked.
 */
__attribute__((format(printf, 3, 4)))
static inline bool result(long ret, int err, const char *fmt, ...)
{
	int got = ret < 0 ? errno : 0;
	va_list ap;

	if (got != err)
		printf("# got %ld (%s), want %s\n", ret,
		       got ? strerror(got) : "success",
		       err ? strerror(err) : "success");
	va_start(ap, fmt);
	ktap_vline(got == err, fmt, ap);
	va_end(ap);
	return got == err;
}

__attribute__((format(printf, 2, 3)))
static inline void skip(const char *why, const char *fmt, ...)
{
	va_list ap;

	printf("ok %d - ", ++ktap.lines);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf(" # SKIP %s\n", why);
	ktap.skipped++;
}

/* A step the rest of the test stands on did not work: report it and leave. */
__attribute__((format(printf, 1, 2), noreturn))
static inline void bail(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	va_start(ap, fmt);
	ktap_vline(false, fmt, ap);
	va_end(ap);
	printf("# errno %d: %s\n", err, strerror(err));
	exit(ktap_end());
}

/* Runs a call that must not fail and gives its value. */
#define must(call) ({						\
	long _ret = (long)(call);				\
	if (_ret < 0)						\
		bail("%s:%d: %s", __FILE__, __LINE__, #call);	\
	_ret;							\
})

#endif /* SELFTESTS_KTAP_H */
