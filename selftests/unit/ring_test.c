// SPDX-License-Identifier: GPL-2.0
/*
 * ring.c of the driver in user space: every position that a program could
 * claim, records that lie, and two threads that put each other to sleep. Built
 * with the address and undefined-behaviour sanitizers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "ring.h"
#include "ktap.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define SIZE	TUNX_RING_MIN
#define SLEEPS	50000		/* wanted, of each side */

static void sizes(void)
{
	static const u32 bad[] = { 0, 64, SIZE / 2, SIZE + 1, SIZE * 3, TUNX_RING_MAX * 2u, -1u };
	struct tunx_ring r;
	unsigned int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		n += tunx_ring_init(&r, NULL, bad[i]) == -EINVAL;
	is(n, i, "sizes that are refused");
	for (i = SIZE, n = 0; i <= TUNX_RING_MAX; i *= 2)
		n += !tunx_ring_init(&r, NULL, i) && tunx_ring_room(&r) == i;
	is(n, 10, "sizes from the smallest to the largest");
}

/* By counting in 64 bits, where nothing wraps */
static bool may_be(u64 from, u64 to, u32 word)
{
	u64 pos = (from & ~0xffffffffull) + word;

	if (pos < from)
		pos += 1ull << 32;
	return pos <= to && !(word % TUNX_RING_ALIGN);
}

/*
 * Every distance and a bit around it, from positions on both sides of where 32
 * bits end.
 */
static void positions(void)
{
	static const u64 starts[] = {
		0, 64, SIZE, 0x7fffffc0, 0x80000000, 0xffffffc0, 0x100000000 - SIZE,
	};
	static const u32 fills[] = { 0, 64, 4096, SIZE / 2, SIZE - 64, SIZE };
	unsigned long tried = 0, wrong = 0;
	unsigned int i, j;
	long d;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		for (j = 0; j < ARRAY_SIZE(fills); j++) {
			const struct tunx_ring was = {
				.size = SIZE, .taken = starts[i], .put = starts[i] + fills[j],
			};

			for (d = -2L * SIZE; d <= 2L * SIZE; d++) {
				struct tunx_ring r = was;
				u32 word = was.taken + d;
				bool fine = may_be(starts[i], starts[i] + fills[j], word);

				wrong += (tunx_ring_seen_taken(&r, word) == 0) != fine ||
					 r.taken != (fine ? word : was.taken) || r.put != was.put;
				r = was;
				word = was.put + d;
				fine = may_be(starts[i] + fills[j], starts[i] + SIZE, word);
				wrong += (tunx_ring_seen_put(&r, word) == 0) != fine ||
					 r.put != (fine ? word : was.put) || r.taken != was.taken;
				tried += 2;
			}
		}
	}
	is(wrong, 0, "a position is believed if it could be, and else nothing changes");
	printf("# measured: ring positions claimed: %lu positions\n", tried);
}

static void records(void)
{
	unsigned long tried = 0, wrong = 0;
	struct tunx_ring r = { .size = SIZE };
	struct tunx_rec rec = { 0 };
	u32 there, len, total;
	unsigned int off8;
	int err;

	is(tunx_ring_check(&r, &rec, &total), -EAGAIN, "an empty ring has no record");
	for (there = 64; there <= SIZE; there += there < 512 ? 64 : SIZE / 16) {
		for (off8 = 0; off8 < 256; off8++) {
			for (len = 0; len < 3 * SIZE; len += len < 700 ? 1 : 997) {
				u64 need = (off8 * 8ull + len + 63) / 64 * 64;
				bool fine = off8 >= 4 && need <= there &&
					    len <= TUNX_RING_RECORD_MAX;

				r.taken = -(u32)len * 64;
				r.put = r.taken + there;
				rec.off8 = off8;
				rec.len = len;
				err = tunx_ring_check(&r, &rec, &total);
				wrong += err != (fine ? 0 : -EPROTO) || (fine && total != need);
				rec.len = -len - 1;
				wrong += tunx_ring_check(&r, &rec, &total) != -EPROTO;
				tried += 2;
			}
		}
	}
	is(wrong, 0, "a record is taken if it is all there, and no other");
	printf("# measured: ring records checked: %lu records\n", tried);
}

static void events(void)
{
	static const u32 starts[] = { 0, 0xffffff00, 0x7fffff80 };
	unsigned long wrong = 0;
	unsigned int i;
	int e, to;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		u32 from = starts[i];

		for (to = 0; to <= 640; to += 64)
			for (e = -640; e <= 1280; e += 64)
				wrong += tunx_ring_passed(from + e, from, from + to) !=
					 (e >= 0 && e < to);
	}
	is(wrong, 0, "whoever waits is woken once, when the position passes");
}

/*
 * Both ends of a ring as the driver and a program have them, with what each may
 * see of the other in shared words. A side with nothing to do says so, looks once
 * more, and sleeps; a side that moved looks whether it passed the other's event.
 */
static struct {
	u32 put, taken;			/* published positions */
	u32 put_event, taken_event;	/* wake me when the position is behind */
	u32 reader_bell, writer_bell;	/* futexes */
	u32 stop, lost, wrong;
	u64 reader_slept, writer_slept, rung, records;
} shared;

static unsigned char *data;

/* @bell of a side that waits for @event, if the position passed it */
static void moved(u32 *pos, u32 from, u32 to, const u32 *event, u32 *bell)
{
	__atomic_store_n(pos, to, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!tunx_ring_passed(__atomic_load_n(event, __ATOMIC_RELAXED), from, to))
		return;
	__atomic_fetch_add(&shared.rung, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(bell, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, bell, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* Until @pos is behind @seen. Nobody rings for that long: a wake-up was lost */
static void wait_for(const u32 *pos, u32 seen, u32 *event, u32 *bell, u64 *slept)
{
	struct timespec patience = { .tv_sec = 30 };
	u32 heard = __atomic_load_n(bell, __ATOMIC_SEQ_CST);

	__atomic_store_n(event, seen, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(pos, __ATOMIC_ACQUIRE) != seen ||
	    __atomic_load_n(&shared.stop, __ATOMIC_SEQ_CST))
		return;
	__atomic_store_n(slept, *slept + 1, __ATOMIC_RELAXED);
	if (syscall(SYS_futex, bell, FUTEX_WAIT, heard, &patience, NULL, 0) && errno == ETIMEDOUT) {
		__atomic_store_n(&shared.lost, 1, __ATOMIC_SEQ_CST);
		__atomic_store_n(&shared.stop, 1, __ATOMIC_SEQ_CST);
	}
}

static u32 some(u32 *state, u32 n)
{
	*state = *state * 1664525 + 1013904223;
	return (*state >> 8) % n;
}

/* Often not at all, so that one side catches up with the other */
static void dawdle(u32 *state)
{
	volatile u32 n = some(state, 3) ? 0 : some(state, 2000);

	while (n)
		n = n - 1;
}

static bool stopped(void)
{
	return __atomic_load_n(&shared.stop, __ATOMIC_SEQ_CST);
}

static void *reader(void *arg)
{
	struct tunx_ring r = { .data = data, .size = SIZE };
	struct tunx_rec rec;
	u32 state = 2, seq = 0, total;
	int err;

	for (;;) {
		if (tunx_ring_seen_put(&r, __atomic_load_n(&shared.put, __ATOMIC_ACQUIRE)))
			break;
		if (r.put == r.taken) {
			if (stopped())
				return arg;
			wait_for(&shared.put, r.put, &shared.put_event, &shared.reader_bell,
				 &shared.reader_slept);
			continue;
		}
		memcpy(&rec, tunx_ring_at(&r, r.taken), sizeof(rec));
		err = tunx_ring_check(&r, &rec, &total);
		if (err || rec.hash != seq++ ||
		    memcmp(tunx_ring_at(&r, r.taken + sizeof(rec) + rec.len - 4), &rec.hash, 4))
			break;
		dawdle(&state);
		r.taken += total;
		moved(&shared.taken, r.taken - total, r.taken, &shared.taken_event,
		      &shared.writer_bell);
	}
	__atomic_store_n(&shared.wrong, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&shared.stop, 1, __ATOMIC_SEQ_CST);
	return arg;
}

static bool enough(void)
{
	return shared.writer_slept >= SLEEPS &&
	       __atomic_load_n(&shared.reader_slept, __ATOMIC_RELAXED) >= SLEEPS;
}

static void writer(void)
{
	struct tunx_ring r = { .data = data, .size = SIZE };
	u32 state = 1, seq = 0, total, size;
	struct tunx_rec rec = { .off8 = sizeof(rec) / 8 };

	while (!stopped() && !enough()) {
		/* Times of small ones, which empty the ring, and of large ones, which fill it */
		size = seq / 64 % 2 ? 60000 : 200;
		rec.len = 4 + some(&state, size);
		rec.hash = seq;
		total = tunx_ring_total(sizeof(rec), rec.len, 0);
		while (tunx_ring_room(&r) < total && !stopped()) {
			u32 seen = __atomic_load_n(&shared.taken, __ATOMIC_ACQUIRE);

			if (tunx_ring_seen_taken(&r, seen))
				shared.wrong = 1;
			else if (tunx_ring_room(&r) < total)
				wait_for(&shared.taken, seen, &shared.taken_event,
					 &shared.writer_bell, &shared.writer_slept);
		}
		if (stopped())
			break;
		memcpy(tunx_ring_at(&r, r.put), &rec, sizeof(rec));
		memcpy(tunx_ring_at(&r, r.put + sizeof(rec) + rec.len - 4), &seq, 4);
		seq++;
		dawdle(&state);
		r.put += total;
		moved(&shared.put, r.put - total, r.put, &shared.put_event, &shared.reader_bell);
	}
	shared.records = seq;
	__atomic_store_n(&shared.stop, 1, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&shared.reader_bell, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &shared.reader_bell, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static unsigned char *map_twice(void)
{
	int fd = memfd_create("ring", 0);
	unsigned char *at;
	int i;

	if (fd < 0 || ftruncate(fd, SIZE))
		return NULL;
	at = mmap(NULL, 2 * SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return NULL;
	for (i = 0; i < 2; i++)
		if (mmap(at + i * SIZE, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			 fd, 0) == MAP_FAILED)
			return NULL;
	close(fd);
	return at;
}

static void two_sides(void)
{
	pthread_t thread;

	data = map_twice();
	if (!data || pthread_create(&thread, NULL, reader, NULL)) {
		ok(false, "a ring and a thread to read it");
		return;
	}
	writer();
	pthread_join(thread, NULL);
	ok(!shared.lost, "no wake-up is lost");
	ok(!shared.wrong, "each record is read once, in order and whole");
	ok(enough(), "both sides slept often enough for that to say something");
	printf("# measured: ring records between two threads: %llu records\n",
	       (unsigned long long)shared.records);
	printf("# measured: ring sleeps: %llu sleeps\n",
	       (unsigned long long)(shared.reader_slept + shared.writer_slept));
	printf("# measured: ring wake-ups: %llu wake-ups\n", (unsigned long long)shared.rung);
}

int main(void)
{
	ktap_begin();
	sizes();
	positions();
	records();
	events();
	two_sides();
	return ktap_end();
}
