// SPDX-License-Identifier: GPL-2.0
/*
 * IFF_BACKPRESSURE: a full ring stops the sender, packets wait in the queueing
 * discipline, and whoever makes room starts it again - always.
 *
 *	AF_PACKET --> qdisc --> ring of N --> fd, read when the test wants
 *
 * Timeout: 150 s
 */
#define _GNU_SOURCE
#include <linux/if_ether.h>
#include <linux/sockios.h>
#include <pthread.h>
#include <stdatomic.h>
#include "vnet.h"
#include "differences.h"

#define N	100

static unsigned char pkt[2000], in[2000];
static size_t pkt_len;

/* Room in the sender's socket for all that may wait. */
static int sender(const char *name)
{
	int s = packet_socket(name, SOCK_DGRAM, 0), big = 64 << 20;

	must(setsockopt(s, SOL_SOCKET, SO_SNDBUFFORCE, &big, sizeof(big)));
	return s;
}

static void send_many(int s, int n)
{
	while (n--)
		packet_send(s, ETH_P_IP, pkt, pkt_len);
}

static void shell(const char *fmt, const char *name)
{
	char cmd[200];

	snprintf(cmd, sizeof(cmd), fmt, name);
	if (system(cmd))
		bail("%s", cmd);
}

/* Packets that wait above the device. */
static long backlog(const char *name)
{
	char cmd[100], line[200];
	long n = -1, bytes;
	FILE *f;

	snprintf(cmd, sizeof(cmd), "tc -s qdisc show dev %s", name);
	f = popen(cmd, "r");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, " backlog %ld%*[a-zA-Z] %ldp", &bytes, &n) == 2)
			break;
	pclose(f);
	return n;
}

struct wait { const char *name; long n; };

static bool backlog_below(void *arg)
{
	struct wait *w = arg;

	return backlog(w->name) <= w->n;
}

static bool falls_to(const char *name, long n)
{
	return wait_until(backlog_below, &(struct wait){ name, n }, 5000);
}

/* Until nothing comes for a while: a started sender needs a moment. */
static int read_all(int fd)
{
	int n = 0;

	while (readable(fd, 300))
		while (read(fd, in, sizeof(in)) > 0)
			n++;
	return n;
}

static int read_n(int fd, int n)
{
	int done = 0;

	while (done < n && readable(fd, 2000) && read(fd, in, sizeof(in)) > 0)
		done++;
	return done;
}

/*
 * A ring in use holds up to 15 less than its size, because slots are given back
 * in batches; a resized one starts anew and holds exactly that many.
 */
#define BATCH	16

static void fresh_ring(const char *name, int qlen)
{
	must(if_setint(name, SIOCSIFTXQLEN, qlen + 1));
	must(if_setint(name, SIOCSIFTXQLEN, qlen));
}

/* Up, a ring of @qlen, and a qdisc that has room for more than we send. */
static int device(const char *name, int flags, int qlen)
{
	int fd = tun_new(name, flags | IFF_NO_PI);

	shell("tc qdisc replace dev %s root pfifo limit 10000", name);
	must(if_up(name));
	settle(fd, name);
	fresh_ring(name, qlen);
	return fd;
}

static void full(const char *type, int flags)
{
	int plain = device("bp0", flags, N), fd = device("bp1", flags | IFF_BACKPRESSURE, N);
	int s = sender("bp0"), t = sender("bp1");
	bool waits = has_backpressure();

	send_many(s, 3 * N);
	is(read_all(plain), N, "%s: without the flag a full ring drops", type);
	is(if_stat("bp0", "tx_dropped"), 2 * N, "%s: and counts", type);
	is(!!(tun_flags(fd) & IFF_BACKPRESSURE), waits, "%s: the flag is kept or not", type);
	send_many(t, 3 * N);
	if (waits)
		is(backlog("bp1"), 2 * N, "%s: with the flag the rest waits", type);
	is(read_all(fd), waits ? 3 * N : N, "%s: and is read", type);
	is(if_stat("bp1", "tx_dropped"), waits ? 0 : 2 * N, "%s: dropped", type);
	close(s);
	close(t);
	close(plain);
	close(fd);
}

static void half(void)
{
	int fd = device("bp2", IFF_TUN | IFF_BACKPRESSURE, N), s = sender("bp2");

	send_many(s, 3 * N);
	is(read_n(fd, N / 2 - 1), N / 2 - 1, "half of the ring less one is read");
	usleep(50000);
	is(backlog("bp2"), 2 * N, "the sender stays stopped");
	is(read_n(fd, 1), 1, "one more is read");
	ok(falls_to("bp2", 2 * N - N / 2 + BATCH), "the sender goes on");
	usleep(50000);
	ok(backlog("bp2") >= 2 * N - N / 2, "until the ring is full again");
	is(read_all(fd), 3 * N - N / 2, "all are read");
	is(if_stat("bp2", "tx_dropped"), 0, "none was dropped");
	close(s);
	close(fd);
}

static void replaced(void)
{
	int fd = device("bp3", IFF_TUN | IFF_BACKPRESSURE, N), s;

	must(ioctl(fd, TUNSETPERSIST, 1));
	close(fd);
	fd = tun_new("bp3", IFF_TUN | IFF_NO_PI);
	ok(!(tun_flags(fd) & IFF_BACKPRESSURE), "TUNSETIFF without the flag takes it away");
	settle(fd, "bp3");
	fresh_ring("bp3", N);
	s = sender("bp3");
	send_many(s, 2 * N);
	is(read_all(fd), N, "a full ring drops again");
	close(fd);
	fd = tun_new("bp3", IFF_TUN | IFF_NO_PI | IFF_BACKPRESSURE);
	ok(tun_flags(fd) & IFF_BACKPRESSURE, "TUNSETIFF with it brings it back");
	settle(fd, "bp3");
	send_many(s, 2 * N);
	is(read_all(fd), 2 * N, "packets wait again");
	must(ioctl(fd, TUNSETPERSIST, 0));
	close(s);
	close(fd);
}

static void no_queue(void)
{
	int fd = device("bp4", IFF_TUN | IFF_BACKPRESSURE, N), s = sender("bp4");
	long dropped = if_stat("bp4", "tx_dropped");

	shell("tc qdisc replace dev %s root noqueue", "bp4");
	send_many(s, 2 * N);
	is(read_all(fd), N, "where packets cannot wait, a full ring drops");
	is(if_stat("bp4", "tx_dropped") - dropped, N, "and counts");
	send_many(s, 10);
	is(read_all(fd), 10, "the next ones come");
	close(s);
	close(fd);
	fd = device("bp4", IFF_TUN | IFF_BACKPRESSURE, 0);
	s = sender("bp4");
	send_many(s, 20);
	is(if_stat("bp4", "tx_dropped"), 20, "a ring of 0 drops, and stops nobody");
	must(if_setint("bp4", SIOCSIFTXQLEN, N));
	send_many(s, 2 * N);
	is(read_all(fd), 2 * N, "until it is made longer");
	close(s);
	close(fd);
}

/* The core throws away what waits when txqueuelen changes; the sender must run. */
static void resized(void)
{
	static const int lengths[] = { 3 * N, N / 2, 1, N };
	int fd = device("bp5", IFF_TUN | IFF_BACKPRESSURE, N), s = sender("bp5");
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		send_many(s, 5 * N);
		must(if_setint("bp5", SIOCSIFTXQLEN, lengths[i]));
		read_all(fd);
		send_many(s, 5 * N);
		is(read_all(fd), 5 * N, "resized to %d while stopped: the sender is running",
		   lengths[i]);
	}
	send_many(s, 2 * N);
	must(if_setint("bp5", SIOCSIFTXQLEN, 5 * N));
	send_many(s, N);
	ok(falls_to("bp5", 0), "a longer ring starts the sender before anybody reads");
	close(s);
	close(fd);
}

static void down_and_up(void)
{
	int fd = device("bp6", IFF_TUN | IFF_BACKPRESSURE, N), s = sender("bp6");

	send_many(s, 2 * N);
	must(if_down("bp6"));
	must(if_up("bp6"));
	is(read_all(fd), N, "down and up: the ring is as it was, what waited is gone");
	send_many(s, 2 * N);
	is(read_all(fd), 2 * N, "down and up: the sender is running");
	send_many(s, 2 * N);
	must(if_down("bp6"));
	ok(read_all(fd) > N - BATCH, "a ring is read while the device is down");
	must(if_up("bp6"));
	send_many(s, 2 * N);
	is(read_all(fd), 2 * N, "and the sender is running when it is up again");
	close(s);
	close(fd);
}

static void persistent(void)
{
	int fd = device("bp7", IFF_TUN | IFF_BACKPRESSURE, N), s = sender("bp7"), i;

	must(ioctl(fd, TUNSETPERSIST, 1));
	for (i = 0; i < 3; i++) {
		send_many(s, 2 * N);
		close(fd);
		fd = tun_new("bp7", IFF_TUN | IFF_NO_PI | IFF_BACKPRESSURE);
		settle(fd, "bp7");
		read_all(fd);
		send_many(s, 2 * N);
		is(read_all(fd), 2 * N, "closed while stopped, opened: the sender is running");
	}
	must(ioctl(fd, TUNSETPERSIST, 0));
	close(s);
	close(fd);
}

/*
 * A sender that others start while the ring is still full stops again, and does
 * not pour what waits into it.
 */
static void neighbours(void)
{
	int flags = IFF_TUN | IFF_MULTI_QUEUE | IFF_BACKPRESSURE | IFF_NO_PI;
	int fd = device("bp8", IFF_TUN | IFF_MULTI_QUEUE | IFF_BACKPRESSURE, N);
	int s = sender("bp8"), other, n;

	send_many(s, 3 * N);
	other = tun_new("bp8", flags);
	usleep(50000);
	n = read_all(fd) + read_all(other);
	ok(n >= 3 * N - 1, "another queue attaches: %d packets of %d are read", n, 3 * N);
	ok(if_stat("bp8", "tx_dropped") <= 1, "%ld were dropped", if_stat("bp8", "tx_dropped"));
	close(other);
	settle(fd, "bp8");
	send_many(s, 2 * N);
	is(read_all(fd), 2 * N, "it is closed: the sender is running");
	other = tun_new("bp8", flags);
	must(tun_queue(fd, IFF_DETACH_QUEUE));
	send_many(s, 2 * N);
	is(read_all(other), 2 * N, "the first detaches: the other takes its place");
	must(tun_queue(fd, IFF_ATTACH_QUEUE));
	send_many(s, 2 * N);
	is(read_all(fd) + read_all(other), 2 * N, "it comes back: both senders are running");
	close(s);
	close(other);
	close(fd);
}

/* --- senders and readers that run --- */

static atomic_long sent, got;
static atomic_bool stop;
static int per_sender;

struct worker { const char *name; int fd, pause; uint16_t port; };

static void *send_all(void *arg)
{
	struct worker *w = arg;
	unsigned char mine[200];
	size_t len = pkt_udp4(mine, "10.1.0.1", "10.1.0.2", w->port, 2000, NULL, 60);
	int s = sender(w->name), i;

	for (i = 0; i < per_sender && !stop; i++) {
		while (packet_send(s, ETH_P_IP, mine, len) < 0 && !stop)
			usleep(50);
		sent++;
	}
	close(s);
	return NULL;
}

static void *read_slowly(void *arg)
{
	unsigned char buf[2000];
	struct worker *w = arg;
	unsigned int n = 0;

	while (!stop) {
		if (!readable(w->fd, 100))
			continue;
		while (read(w->fd, buf, sizeof(buf)) > 0) {
			got++;
			if (w->pause && ++n % w->pause == 0)
				usleep(n % 3 * 50);
		}
	}
	return NULL;
}

static bool more_here(void *arg)
{
	return got != *(long *)arg;
}

/* As long as packets come nobody is stuck, however slow the machine is. */
static bool all_come(long want)
{
	long before;

	do
		before = got;
	while (before != want && wait_until(more_here, &before, 5000));
	return before == want;
}

/* @queues readers, as many senders; all must arrive, none may be dropped. */
static void stream(int qlen, int queues, int senders, int packets, int pause)
{
	int flags = IFF_TUN | IFF_NO_PI | IFF_BACKPRESSURE | (queues > 1 ? IFF_MULTI_QUEUE : 0);
	static struct worker r[4], s[4];
	pthread_t rt[4], st[4];
	bool come;
	long begin = msec_now(), want = (long)packets * senders;
	int i;

	r[0] = (struct worker){ "bp9", tun_new("bp9", flags), pause, 0 };
	must(if_up("bp9"));
	settle(r[0].fd, "bp9");
	for (i = 1; i < queues; i++)
		r[i] = (struct worker){ "bp9", tun_new("bp9", flags), pause, 0 };
	must(if_setint("bp9", SIOCSIFTXQLEN, qlen));
	/*
	 * A full qdisc may drop without telling: on newer kernels one sender
	 * queues for others. This one holds all there is to send.
	 */
	if (queues == 1)
		shell("tc qdisc replace dev %s root pfifo limit 100000", "bp9");
	else
		shell("tc qdisc replace dev %1$s root handle 1: mq && "
		      "tc qdisc add dev %1$s parent 1:1 pfifo limit 100000 && "
		      "tc qdisc add dev %1$s parent 1:2 pfifo limit 100000", "bp9");
	sent = 0;
	got = 0;
	stop = false;
	per_sender = packets;
	for (i = 0; i < queues; i++)
		pthread_create(&rt[i], NULL, read_slowly, &r[i]);
	for (i = 0; i < senders; i++) {
		s[i] = (struct worker){ "bp9", -1, 0, 1000 + i };
		pthread_create(&st[i], NULL, send_all, &s[i]);
	}
	come = all_come(want);
	ok(come, "ring of %d, %d queues, %d senders: %ld packets sent, %ld read, %ld ms",
	   qlen, queues, senders, (long)sent, (long)got, msec_now() - begin);
	is(if_stat("bp9", "tx_dropped"), 0, "none was dropped");
	stop = true;
	for (i = 0; i < senders; i++)
		pthread_join(st[i], NULL);
	for (i = 0; i < queues; i++) {
		pthread_join(rt[i], NULL);
		close(r[i].fd);
	}
}

int main(void)
{
	static unsigned char payload[100];

	ktap_begin();
	netns_new();
	pkt_fill(payload, sizeof(payload), 1);
	pkt_len = pkt_udp4(pkt, "10.1.0.1", "10.1.0.2", 1000, 2000, payload, sizeof(payload));
	full("tun", IFF_TUN);
	full("tap", IFF_TAP);
	if (!has_backpressure()) {
		skip("this driver has no IFF_BACKPRESSURE; 7.3's has", "all of the rest");
		return ktap_end();
	}
	half();
	replaced();
	no_queue();
	resized();
	down_and_up();
	persistent();
	neighbours();
	stream(1, 1, 1, 5000, 7);
	stream(2, 1, 1, 10000, 7);
	stream(3, 1, 2, 5000, 7);
	stream(16, 1, 1, 40000, 100);
	stream(100, 1, 1, 40000, 0);
	stream(16, 2, 4, 5000, 50);
	return ktap_end();
}
