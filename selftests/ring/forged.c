// SPDX-License-Identifier: GPL-2.0
/*
 * A program that writes nonsense into a shared ring: it loses the ring, and
 * nobody else loses anything.
 *
 * Timeout: 150 s
 */
#define _GNU_SOURCE
#include <linux/if_ether.h>
#include <pthread.h>
#include <stdatomic.h>
#include "shared.h"

#define SMALL	TUNX_RING_MIN
#define ROUNDS	20

static struct shared r;
static atomic_bool stop;

static void begin(void)
{
	shared_new(&r, "rf0", IFF_TUN | IFF_NO_PI,
		   (struct tunx_ring_setup){ .to_user = SMALL, .to_stack = SMALL });
}

static void end(void)
{
	shared_unmap(&r);
	close(r.fd);
	if (if_exists("rf0"))
		bail("the device goes with its ring");
}

static int events(void)
{
	struct pollfd p = { .fd = r.fd, .events = POLLIN | POLLOUT };

	return poll(&p, 1, 0) == 1 ? p.revents : 0;
}

static void is_broken(const char *what)
{
	long before = if_stat("rf0", "tx_dropped");

	ok(r.kernel->state == TUNX_RING_ERROR && events() == POLLERR, "%s", what);
	result(ioctl(r.fd, TUNXRINGKICK), EPROTO, "%s: a kick", what);
	stack_send("rf0", 100, 0);
	is(if_stat("rf0", "tx_dropped") - before, 1, "%s: frames are dropped", what);
	end();
}

static void positions(void)
{
	static const unsigned int taken[] = { 1, 0x100000, 0x40000000, 0x80000000 };
	static const unsigned int put[] = { 1, SMALL + 64, 0x80000000, -64U };
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(put); i++) {
		begin();
		r.program->to_stack_put = put[i];
		ioctl(r.fd, TUNXRINGKICK);
		is_broken("written, and cannot be");
	}
	for (i = 0; i < ARRAY_SIZE(taken); i++) {
		begin();
		/* Behind what is there, whatever that is, or not where a record ends */
		r.program->to_user_taken = r.kernel->to_user_put + taken[i];
		for (n = 0; n < 1000 && r.kernel->state == TUNX_RING_RUNNING; n++)
			stack_send("rf0", 1000, 0);
		is_broken("read, and cannot be");
	}
}

static void records(void)
{
	static const struct { struct tunx_rec rec; const char *what; } bad[] = {
		{ { .len = 100, .off8 = 3 }, "a frame inside its record" },
		{ { .len = -1U, .off8 = 4 }, "a frame without end" },
		{ { .len = 66000, .off8 = 255 }, "a frame longer than what was put" },
		{ { .len = 0x7fffffff, .off8 = 255 }, "a frame longer than a ring" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		begin();
		memcpy(r.out, &bad[i].rec, REC);
		r.put = 64;
		shared_flush_out(&r);
		is_broken(bad[i].what);
	}
}

/* Something else in a record, all the time; each that is not nasty is 64 bytes long */
static void scribble_record(unsigned int *seed, bool nasty)
{
	struct tunx_rec rec = {
		.off8 = REC / 8, .len = rand_r(seed) % 33, .flags = rand_r(seed),
		.gso_type = rand_r(seed), .gso_size = rand_r(seed) % 100,
		.hdr_len = rand_r(seed) % 100, .csum_start = rand_r(seed) % 40,
	};

	if (nasty) {
		rec.len = rand_r(seed) % 3000;
		rec.off8 = rand_r(seed) % 16;
	}
	memcpy(r.out + rand_r(seed) % SMALL / 64 * 64, &rec, REC);
}

/* Positions that could be, or with @nasty, sometimes, others */
static void scribble_positions(unsigned int *seed, bool nasty)
{
	if (r.put - r.kernel->to_stack_taken <= SMALL / 2)
		r.put += rand_r(seed) % 64 * 64;
	r.program->to_stack_put = r.put + (nasty ? rand_r(seed) % 4096 * 32 : 0);
	r.program->to_user_taken = r.kernel->to_user_put - (nasty ? rand_r(seed) % 64 * 64 : 0);
	r.program->to_user_event = rand_r(seed);
	r.program->to_stack_event = rand_r(seed);
}

static void *scribble(void *arg)
{
	unsigned int seed = (unsigned long)arg, n;
	bool nasty = seed % 2;

	for (n = 0; !atomic_load(&stop); n++) {
		scribble_record(&seed, nasty && !(n % 256));
		if (!(n % 32))
			scribble_positions(&seed, nasty && !(n % 2048));
	}
	return NULL;
}

static void fill(void)
{
	const struct tunx_rec rec = { .off8 = REC / 8, .len = 32 };
	unsigned int at;

	for (at = 0; at < SMALL; at += 64)
		memcpy(r.out + at, &rec, REC);
}

static void races(void)
{
	unsigned int i, n, broken = 0, sound = 0;
	long frames = 0;
	pthread_t thread;

	for (i = 0; i < ROUNDS; i++) {
		begin();
		fill();
		atomic_store(&stop, false);
		must(-pthread_create(&thread, NULL, scribble, (void *)(unsigned long)(i + 1)));
		for (n = 0; n < 100 && r.kernel->state == TUNX_RING_RUNNING; n++) {
			stack_send("rf0", 1 + n % 1000, n);
			ioctl(r.fd, TUNXRINGKICK);
			events();
		}
		atomic_store(&stop, true);
		pthread_join(thread, NULL);
		/* Half of the threads are nasty */
		if (i % 2)
			sound += r.kernel->state == TUNX_RING_RUNNING;
		else
			broken += r.kernel->state == TUNX_RING_ERROR;
		frames += if_stat("rf0", "rx_packets") + if_stat("rf0", "rx_dropped") +
			  eth_stat("rf0", "queue_0_rx_frame_errors");
		end();
	}
	ok(broken, "a second thread writes nonsense, and the ring breaks");
	is(sound, ROUNDS / 2, "as long as its positions can be, it does not");
	ok(frames, "and the stack gets its frames, whatever they say");
	printf("# measured: frames of a hostile second thread: %ld frames\n", frames);
	printf("# measured: rings with a hostile second thread: %d rings\n", ROUNDS);
	begin();
	must(stack_send("rf0", 100, 1));
	is(shared_drain(&r), 1, "after all of them, a new one works");
	end();
}

int main(void)
{
	ktap_begin();
	if (!tun_is_tunx()) {
		skip("stock has no shared rings", "nonsense in them");
		return ktap_end();
	}
	netns_new();
	positions();
	records();
	races();
	return ktap_end();
}
