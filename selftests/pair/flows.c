// SPDX-License-Identifier: GPL-2.0
/*
 * The automatic choice of a queue: a flow is answered on the queue it was
 * written on, until it is forgotten.
 *
 *	write on queue q:  10.1.0.2:53 -> 10.1.0.1:port
 *	stack answers:     10.1.0.1:port -> 10.1.0.2:53  ... is read on queue q
 */
#define _GNU_SOURCE
#include <linux/if_ether.h>
#include "tuntest.h"
#include "differences.h"

#define QUEUES	4
#define FLOWS	64

static int fds[QUEUES];
static int peer;
static int kind;	/* IFF_TUN or IFF_TAP */

static size_t packet(unsigned char *buf, bool answer, int flow)
{
	static const uint8_t a[6] = { 2, 0, 0, 0, 0, 1 }, b[6] = { 2, 0, 0, 0, 0, 2 };
	size_t len;

	if (answer)
		len = pkt_udp4(buf, "10.1.0.1", "10.1.0.2", 1000 + flow, 53, "x", 1);
	else
		len = pkt_udp4(buf, "10.1.0.2", "10.1.0.1", 53, 1000 + flow, "x", 1);
	if (kind == IFF_TAP)
		len = pkt_eth(buf, answer ? a : b, answer ? b : a, ETH_P_IP, buf, len);
	return len;
}

static void begin(int type, int queues)
{
	int i;

	kind = type;
	for (i = 0; i < queues; i++)
		fds[i] = tun_new("fl0", type | IFF_NO_PI | IFF_MULTI_QUEUE);
	must(if_up("fl0"));
	peer = packet_socket("fl0", SOCK_RAW, 0);
}

static void end(void)
{
	int i;

	close(peer);
	for (i = 0; i < QUEUES; i++) {
		if (fds[i] > 0)
			close(fds[i]);
		fds[i] = 0;
	}
}

static void teach(int flow, int queue)
{
	unsigned char buf[128];
	size_t len = packet(buf, false, flow);

	must(write(fds[queue], buf, len) == (ssize_t)len ? 0 : -1);
}

/* The queue the answer of @flow comes out of; -1 when none, -2 when several. */
static int learned(int flow)
{
	unsigned char buf[128];
	size_t len = packet(buf, true, flow);
	int i, got = -1;

	must(packet_send(peer, ETH_P_IP, buf, len));
	for (i = 0; i < QUEUES; i++)
		if (fds[i] > 0 && drain(fds[i]))
			got = got == -1 ? i : -2;
	return got;
}

static int wrong(int (*want)(int flow))
{
	int i, bad = 0;

	for (i = 0; i < FLOWS; i++) {
		int got = learned(i);

		if (got != want(i)) {
			if (!bad)
				printf("# flow %d came out of %d, not %d\n", i, got, want(i));
			bad++;
		}
	}
	return bad;
}

static int modulo(int flow)
{
	return flow % QUEUES;
}

static int shifted(int flow)
{
	return (flow + 1) % QUEUES;
}

static void stick(int type, const char *name)
{
	int i;

	begin(type, QUEUES);
	for (i = 0; i < FLOWS; i++)
		teach(i, modulo(i));
	is(wrong(modulo), 0, "%s: %d flows stick to the queue they were written on", name, FLOWS);
	is(wrong(modulo), 0, "%s: answers alone do not move them", name);
	for (i = 0; i < FLOWS; i++)
		teach(i, shifted(i));
	is(wrong(shifted), 0, "%s: written on another queue, they follow", name);
	end();
}

/* A flow never written on any queue: some valid one, always the same. */
static void unknown(void)
{
	int i, first, bad = 0, unsteady = 0, used[QUEUES] = { 0 }, n = 0;

	begin(IFF_TAP, QUEUES);
	for (i = 0; i < FLOWS; i++) {
		first = learned(i);
		if (first < 0) {
			bad++;
			continue;
		}
		used[first]++;
		unsteady += learned(i) != first;
	}
	is(bad, 0, "an unknown flow comes out of exactly one queue");
	is(unsteady, 0, "always of the same");
	for (i = 0; i < QUEUES; i++)
		n += used[i] > 0;
	is(n, QUEUES, "unknown flows use all queues");
	end();
}

/*
 * Queue 1 goes, and the last queue takes its number. A flow whose queue has a
 * number that is not there comes out of queue 0, and the kernel warns of it.
 */
static void removed(bool detach)
{
	const char *how = detach ? "detached" : "closed";
	int i, lost = 0, bad = 0, astray = 0, last = flows_follow_their_queue() ? QUEUES - 1 : 0;

	begin(IFF_TAP, QUEUES);
	for (i = 0; i < FLOWS; i++)
		teach(i, modulo(i));
	if (detach) {
		must(tun_queue(fds[1], IFF_DETACH_QUEUE));
	} else {
		close(fds[1]);
		fds[1] = 0;
	}
	for (i = 0; i < FLOWS; i++) {
		int got = learned(i);

		if (i % QUEUES == 1)
			lost += got < 0 || got == 1;
		else if (i % QUEUES == QUEUES - 1)
			astray += got != last;
		else
			bad += got != modulo(i);
	}
	is(bad, 0, "a queue is %s: flows of queues whose number stays keep theirs", how);
	is(lost, 0, "a queue is %s: its own flows go to valid queues", how);
	is(astray, 0, "a queue is %s: those of the last one go to %d", how, last);
	if (detach) {
		must(tun_queue(fds[1], IFF_ATTACH_QUEUE));
		for (i = 0, bad = 0; i < FLOWS; i++)
			teach(i, shifted(i));
		is(wrong(shifted), 0, "attached again, it learns anew");
	}
	end();
}

/* A detached queue's writes are delivered, but teach nothing. */
static void detached_teaches_nothing(void)
{
	int i;

	begin(IFF_TAP, QUEUES);
	for (i = 0; i < FLOWS; i++)
		teach(i, modulo(i));
	must(tun_queue(fds[QUEUES - 1], IFF_DETACH_QUEUE));
	for (i = 0; i < FLOWS; i++)
		if (modulo(i) != QUEUES - 1)
			teach(i, QUEUES - 1);
	for (i = 0; i < FLOWS; i++)
		if (modulo(i) != QUEUES - 1 && learned(i) != modulo(i))
			break;
	is(i, FLOWS, "writes on a detached queue move no flow");
	end();
}

/*
 * A flow idle for 3 s is forgotten, by a timer as coarse again. Those whose
 * queue is not the one an unknown flow gets tell the difference.
 */
static void ageing(void)
{
	long end_at;
	int i, miss[FLOWS], moved = 0, left = 0;

	begin(IFF_TAP, QUEUES);
	for (i = 0; i < FLOWS; i++)
		miss[i] = learned(i);
	for (i = 0; i < FLOWS; i++) {
		teach(i, (miss[i] + 1) % QUEUES);
		moved += learned(i) == (miss[i] + 1) % QUEUES;
	}
	is(moved, FLOWS, "flows taught to another queue than their hash gives");
	end_at = msec_now() + 20000;
	do {
		/* Half a second of silence per look: looking must not refresh. */
		usleep(500000);
		left = 0;
		for (i = 0; i < FLOWS; i += 16)
			left += learned(i) != miss[i];
	} while (left && msec_now() < end_at);
	for (i = 0, left = 0; i < FLOWS; i++)
		left += learned(i) != miss[i];
	is(left, 0, "are forgotten when nothing was written for a while");
	end();
}

/* One queue alone: everything comes out of it, learned or not. */
static void single(void)
{
	int i, bad = 0;

	begin(IFF_TAP, 1);
	for (i = 0; i < FLOWS; i++) {
		if (i & 1)
			teach(i, 0);
		bad += learned(i) != 0;
	}
	is(bad, 0, "one queue gets every flow");
	fds[1] = tun_new("fl0", IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE);
	for (i = 0; i < FLOWS; i++)
		teach(i, i & 1);
	for (i = 0, bad = 0; i < FLOWS; i++)
		bad += learned(i) != (i & 1);
	is(bad, 0, "a second joins: flows are told apart");
	end();
}

int main(void)
{
	ktap_begin();
	netns_new();
	stick(IFF_TUN, "tun");
	stick(IFF_TAP, "tap");
	unknown();
	removed(true);
	removed(false);
	detached_teaches_nothing();
	single();
	ageing();
	return ktap_end();
}
