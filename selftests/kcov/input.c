// SPDX-License-Identifier: GPL-2.0
/* Inputs of the fuzzer: how one becomes another. See kcov.h. */
#define _GNU_SOURCE
#include "kcov.h"

static unsigned long long state = 1;

void draw_seed(unsigned long seed)
{
	state = seed * 2 + 1;
}

/* xorshift64*: what random() gives differs between C libraries */
unsigned int draw(unsigned int below)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return below ? (state * 0x2545f4914f6cdd1dull >> 33) % below : 0;
}

/* Where call @n of the input begins; its length where there are fewer. */
static size_t call_at(const struct input *in, unsigned int n)
{
	size_t at = 0;

	while (n-- && at < in->len)
		at += 2 + (at + 1 < in->len ? in->byte[at + 1] : 0);
	return at < in->len ? at : in->len;
}

static unsigned int calls_of(const struct input *in)
{
	unsigned int n = 0;

	while (call_at(in, n) < in->len)
		n++;
	return n;
}

/* Puts @len bytes in the place of @gone at @at, as far as there is room. */
static void splice_in(struct input *in, size_t at, size_t gone, const void *bytes, size_t len)
{
	size_t rest = in->len - at - gone;

	if (at + len + rest > INPUT_MAX)
		return;
	memmove(in->byte + at + len, in->byte + at + gone, rest);
	memcpy(in->byte + at, bytes, len);
	in->len = at + len + rest;
}

static void add_call(struct input *in, size_t at)
{
	unsigned char call[2 + 24];
	int i;

	call[0] = draw(256);
	call[1] = draw(25);
	for (i = 0; i < call[1]; i++)
		call[2 + i] = draw(3) ? draw(16) : draw(256);
	splice_in(in, at, 0, call, 2 + call[1]);
}

/* Calls of another input, or some of its own once more. */
static void copy_calls(struct input *in, size_t at, const struct input *from)
{
	unsigned int first = draw(calls_of(from)), count = 1 + draw(4);
	size_t begin = call_at(from, first), end = call_at(from, first + count);
	unsigned char bytes[INPUT_MAX];

	memcpy(bytes, from->byte + begin, end - begin);
	splice_in(in, at, 0, bytes, end - begin);
}

static void change_byte(unsigned char *byte)
{
	static const unsigned char odd[] = { 0, 1, 2, 4, 8, 10, 12, 16, 20, 24, 0x3f, 0x40,
					     0x7f, 0x80, 0xfe, 0xff };

	switch (draw(4)) {
	case 0:
		*byte ^= 1 << draw(8);
		break;
	case 1:
		*byte += draw(9) - 4;
		break;
	case 2:
		*byte = odd[draw(sizeof(odd))];
		break;
	default:
		*byte = draw(256);
	}
}

void input_change(struct input *to, const struct input *from, const struct input *other)
{
	unsigned int times = 1 + draw(5), call;
	size_t at, end;

	*to = *from;
	while (times--) {
		call = draw(calls_of(to) + 1);
		at = call_at(to, call);
		end = call_at(to, call + 1);
		switch (draw(8)) {
		case 0:
			add_call(to, at);
			break;
		case 1:
			copy_calls(to, at, other);
			break;
		case 2:
			copy_calls(to, at, to);
			break;
		case 3:
			splice_in(to, at, end - at, "", 0);
			break;
		default:
			if (to->len)
				change_byte(&to->byte[draw(to->len)]);
		}
	}
}

void input_print(FILE *f, const struct input *in)
{
	size_t i;

	for (i = 0; i < in->len; i++)
		fprintf(f, "%02x", in->byte[i]);
	fputc('\n', f);
}

bool input_scan(FILE *f, struct input *in)
{
	char line[2 * INPUT_MAX + 2];
	unsigned int byte;

	do {
		if (!fgets(line, sizeof(line), f))
			return false;
	} while (line[0] == '#');
	for (in->len = 0; in->len < INPUT_MAX; in->len++) {
		if (sscanf(line + 2 * in->len, "%2x", &byte) != 1)
			break;
		in->byte[in->len] = byte;
	}
	return true;
}
