// SPDX-License-Identifier: GPL-2.0
/*
 * Traffic on both halves while something pulls the rug: queues detach, files
 * close, the device is deleted, renamed, moved, resized, taken down.
 *
 *	sender --> AF_PACKET --> [ ra0 ] --> readers      two of each
 *	stack  <---------------- [ ra0 ] <-- writers
 *	                            ^-- one disturber at a time
 *
 * A call may fail with what the moment explains, nothing else; afterwards the
 * device must work. What goes wrong inside the kernel shows in its log and in
 * what is left behind, where the runner looks.
 * Timeout: 180 s
 */
#define _GNU_SOURCE
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <threads.h>
#include "tuntest.h"

#define FLAGS	(IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE)
#define QUEUES	4
#define PHASE	500	/* ms */

static atomic_int fds[QUEUES];
static atomic_bool stop;
static atomic_long reads, writes, sends, odd;

static void unexpected(const char *what)
{
	if (odd++ < 5)
		printf("# %s: %s\n", what, strerror(errno));
}

/* Six threads that never sleep would leave the disturber no processor. */
static void breathe(int n)
{
	if (n % 32 == 0)
		usleep(200);
}

static void *reader(void *arg)
{
	static thread_local unsigned char buf[2000];
	int i = (long)arg;

	while (!stop) {
		if (read(fds[i], buf, sizeof(buf)) > 0)
			reads++;
		else if (errno == EAGAIN)
			usleep(100);
		else if (errno != EBADFD && errno != EBADF)
			unexpected("read");
		i = (i + 2) % QUEUES;
	}
	return NULL;
}

static void *writer(void *arg)
{
	unsigned char pkt[200];
	int i = (long)arg, n = 0;

	while (!stop) {
		size_t len = pkt_udp4(pkt, "10.1.0.2", "10.1.0.1", 53, n++ % 997, NULL, 64);

		if (write(fds[i], pkt, len) > 0)
			writes++;
		else if (errno != EBADFD && errno != EBADF && errno != EIO)
			unexpected("write");
		i = (i + 1) % QUEUES;
		breathe(n);
	}
	return NULL;
}

static void *sender(void *arg)
{
	struct sockaddr_ll sll = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP) };
	int fd = must(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)), n = (long)arg;
	unsigned char pkt[200];

	while (!stop) {
		size_t len = pkt_udp4(pkt, "10.1.0.1", "10.1.0.2", n++ % 997, 53, NULL, 64);

		if (n % 64 == 0 || !sll.sll_ifindex)
			sll.sll_ifindex = if_nametoindex("ra0");
		if (sll.sll_ifindex &&
		    sendto(fd, pkt, len, MSG_DONTWAIT, (void *)&sll, sizeof(sll)) > 0)
			sends++;
		breathe(n);
	}
	close(fd);
	return NULL;
}

static void open_all(void)
{
	int i;

	for (i = 0; i < QUEUES; i++)
		fds[i] = tun_new("ra0", FLAGS);
	must(if_up("ra0"));
}

static void close_all(void)
{
	int i;

	for (i = 0; i < QUEUES; i++)
		close(fds[i]);
}

/* --- the disturbers, called over and over --- */

static void detach_attach(unsigned int n)
{
	int i = n % QUEUES;

	if (tun_queue(fds[i], IFF_DETACH_QUEUE) || tun_queue(fds[i], IFF_ATTACH_QUEUE))
		unexpected("detach and attach");
}

static void detach_all(unsigned int n)
{
	int i;

	for (i = 0; i < QUEUES; i++)
		tun_queue(fds[i], n & 1 ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE);
}

static void reopen(unsigned int n)
{
	int i = n % QUEUES, fresh = tun_open(O_RDWR | O_NONBLOCK), old;

	old = atomic_exchange(&fds[i], fresh);
	close(old);
	if (tun_setiff(fresh, "ra0", FLAGS))
		unexpected("joining again");
}

static void delete(unsigned int n)
{
	static struct nl_reply reply;
	int i;

	(void)n;
	nl_dellink("ra0", &reply);
	for (i = 0; i < QUEUES; i++)
		if (tun_setiff(fds[i], "ra0", FLAGS))
			unexpected("TUNSETIFF after deletion");
	if_up("ra0");
}

static void rename_it(unsigned int n)
{
	(void)n;
	if_down("ra0");
	if (if_rename("ra0", "ra1") || if_rename("ra1", "ra0"))
		unexpected("renaming");
	if_up("ra0");
}

static void up_and_down(unsigned int n)
{
	if (n & 1 ? if_up("ra0") : if_down("ra0"))
		unexpected("up and down");
}

static void resize(unsigned int n)
{
	static const int lengths[] = { 0, 1, 500, 16, 5000, 3 };

	if (if_setint("ra0", SIOCSIFTXQLEN, lengths[n % ARRAY_SIZE(lengths)]))
		unexpected("txqueuelen");
}

static void move(unsigned int n)
{
	static int home = -1, away;

	(void)n;
	if (home < 0) {
		home = netns_open();
		away = netns_another();
	}
	if (nl_set_netns("ra0", away))
		unexpected("moving away");
	netns_enter(away);
	if_up("ra0");
	if (nl_set_netns("ra0", home))
		unexpected("moving back");
	netns_enter(home);
	if_up("ra0");
}

/* The netns the device is in ends; its files start over at home. */
static void lose_netns(unsigned int n)
{
	int away = netns_another(), i;
	char c = 0x45;

	(void)n;
	if (nl_set_netns("ra0", away))
		unexpected("moving to a netns that ends");
	close(away);
	for (i = 0; i < 5000; i++) {
		if (write(fds[0], &c, 1) < 0 && errno == EBADFD)
			break;
		usleep(1000);
	}
	for (i = 0; i < QUEUES; i++)
		if (tun_setiff(fds[i], "ra0", FLAGS))
			unexpected("TUNSETIFF after the netns ended");
	if_up("ra0");
}

static bool works(void)
{
	unsigned char buf[2000];
	int i;

	if (if_up("ra0") || if_setint("ra0", SIOCSIFTXQLEN, 500))
		return false;
	for (i = 0; i < QUEUES; i++) {
		tun_queue(fds[i], IFF_ATTACH_QUEUE);
		drain(fds[i]);
	}
	if (stack_send("ra0", 100, 1) < 0)
		return false;
	for (i = 0; i < QUEUES; i++)
		if (read(fds[i], buf, sizeof(buf)) == 128)
			return true;
	return false;
}

static void phase(const char *name, void (*disturb)(unsigned int))
{
	static void *(*const roles[])(void *) = { reader, writer, sender };
	pthread_t threads[6];
	unsigned int n = 0;
	long end;
	int i;

	open_all();
	stop = false;
	reads = 0;
	writes = 0;
	sends = 0;
	odd = 0;
	for (i = 0; i < 6; i++)
		pthread_create(&threads[i], NULL, roles[i % 3], (void *)(long)(i / 3));
	for (end = msec_now() + PHASE; msec_now() < end; n++) {
		disturb(n);
		/* Between two blows the traffic must find its feet. */
		usleep(500);
	}
	stop = true;
	for (i = 0; i < 6; i++)
		pthread_join(threads[i], NULL);
	printf("# %s: %u times; %ld sent, %ld read, %ld written\n", name, n, sends, reads,
	       writes);
	is(odd, 0, "%s against traffic: no error but the expected", name);
	ok(works(), "%s against traffic: the device works afterwards", name);
	close_all();
	ok(!if_exists("ra0"), "%s against traffic: close removes it", name);
}

int main(void)
{
	static const struct {
		const char *name;
		void (*disturb)(unsigned int n);
	} phases[] = {
		{ "detach and attach", detach_attach },
		{ "all queues detached", detach_all },
		{ "close and join", reopen },
		{ "deletion", delete },
		{ "rename", rename_it },
		{ "up and down", up_and_down },
		{ "resize", resize },
		{ "netns move", move },
		{ "netns end", lose_netns },
	};
	unsigned int i;

	ktap_begin();
	netns_new();
	for (i = 0; i < ARRAY_SIZE(phases); i++)
		phase(phases[i].name, phases[i].disturb);
	return ktap_end();
}
