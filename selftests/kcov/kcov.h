/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A fuzzer led by coverage: inputs are lists of calls, and one that brought the
 * driver somewhere new is kept and changed again.
 *
 *	calls.c		the test: the corpus once more, then new inputs
 *	input.c		bytes, how they change, and the corpus
 *	ops.c		what the calls are, and making them
 *	corpus.txt	an input a line, in hexadecimal; found by the fuzzer
 *
 * Where the driver was built to tell (KCOV_INSTRUMENT=y on a kernel that has
 * KCOV: tools/vm/run --kernel uml or debug), /sys/kernel/debug/kcov lists the
 * places a call of this thread went through.
 */
#ifndef SELFTESTS_KCOV_H
#define SELFTESTS_KCOV_H

#include "../tuntest.h"

/*
 * An input is a list of calls: a byte that tells which, a byte that counts, and
 * as many bytes of argument. Any bytes are an input: what is missing is zero.
 */
#define INPUT_MAX	1536

struct input {
	size_t len;
	unsigned char byte[INPUT_MAX];
};

/* --- input.c --- */
unsigned int draw(unsigned int below);		/* a random number */
void draw_seed(unsigned long seed);
/* Another input, made of @from and perhaps of @other. */
void input_change(struct input *to, const struct input *from, const struct input *other);
void input_print(FILE *f, const struct input *in);
/* Reads a line as input_print() wrote it; false at the end of the file. */
bool input_scan(FILE *f, struct input *in);

/* --- ops.c --- */
void ops_prepare(void);
/* Makes all the calls, and removes what they left; prints them if @loud. */
void ops_run(const struct input *in, bool loud);

#endif /* SELFTESTS_KCOV_H */
