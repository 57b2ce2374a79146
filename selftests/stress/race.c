// SPDX-License-Identifier: GPL-2.0
/*
 * Traffic on both halves while something pulls the rug: queues detach, files
 * close, the device is deleted, renamed, moved, resized, taken down, and gets
 * other programs, filters, headers and offloads.
 *
 *	sender --> AF_PACKET --> [ ra0 ] --> readers      two of each
 *	stack  <---------------- [ ra0 ] <-- writers
 *	                            ^-- one disturber at a time, at last all
 *
 * A call may fail with what the moment explains, nothing else; afterwards the
 * device must work. What goes wrong inside the kernel shows in its log and in
 * what is left behind, where the runner looks.
 *
 * Each disturber has its turn once, each with another kind of device. With
 * TUNX_STRESS_SECONDS they go on for that long, and the kinds change.
 * Timeout: 300 s
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <arpa/inet.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <threads.h>
#include "bpf.h"
#include "differences.h"
#include "rss.h"

#define QUEUES	4
#define PHASE	250	/* ms */

enum { TAP = 1, VNET = 2, MANY = 4, TUNX = 8 };

/* What is disturbed, and what it has that a disturber may need */
static const struct kind {
	const char *name;
	int flags, has;
} kinds[] = {
	{ "tun", IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE, MANY },
	{ "tap, NAPI, header", IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE | IFF_NAPI | IFF_VNET_HDR,
	  TAP | VNET | MANY },
	{ "tap, backpressure", IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE | IFF_BACKPRESSURE,
	  TAP | MANY },
	{ "tun, header, backpressure, NAPI", IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE |
	  IFF_BACKPRESSURE | IFF_VNET_HDR | IFF_NAPI, VNET | MANY },
	{ "tap, one queue", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, TAP | VNET },
};

static const struct kind *kind;
static int fds[QUEUES], queues, hdr;
static int progs[4], sock_progs[4];
static atomic_bool stop, anything_goes;
static atomic_long reads, writes, sends, odd;
static long disturbed, packets;

static void unexpected(const char *what)
{
	if (!anything_goes && odd++ < 5)
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
	int i = (long)arg % queues;

	while (!stop) {
		if (read(fds[i], buf, sizeof(buf)) > 0)
			reads++;
		else if (errno == EAGAIN)
			usleep(100);
		else if (errno != EBADFD && errno != EBADF && !(errno == EINVAL && hdr))
			unexpected("read");
		i = (i + 2) % queues;
	}
	return NULL;
}

static void *writer(void *arg)
{
	static const uint8_t peer[ETH_ALEN] = { 2, 0, 0, 0, 0, 9 };
	unsigned char pkt[250] = { 0 }, *frame = pkt + hdr;
	int i = (long)arg % queues, n = 0;

	while (!stop) {
		size_t len = pkt_udp4(frame, "10.1.0.2", "10.1.0.1", 53, n++ % 997, NULL, 64);

		if (kind->has & TAP)
			len = pkt_eth(frame, peer, peer, ETH_P_IP, frame, len);
		if (write(fds[i], pkt, hdr + len) > 0)
			writes++;
		else if (errno != EBADFD && errno != EBADF && errno != EIO && errno != EBUSY &&
			 errno != EAGAIN && !(errno == EINVAL && hdr))
			unexpected("write");
		i = (i + 1) % queues;
		breathe(n);
	}
	return NULL;
}

static void *sender(void *arg)
{
	struct sockaddr_ll sll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_IP),
		.sll_halen = ETH_ALEN,
		.sll_addr = { 2, 0, 0, 0, 0, 9 },
	};
	int fd = must(socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0)), n = (long)arg;
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

static int join(int fd)
{
	int err = tun_setiff(fd, "ra0", kind->flags);

	if (!err && hdr)
		ioctl(fd, TUNSETVNETHDRSZ, &hdr);
	return err;
}

static void open_all(void)
{
	int i;

	for (i = 0; i < queues; i++) {
		fds[i] = tun_open(O_RDWR | O_NONBLOCK);
		must(join(fds[i]));
	}
	must(if_up("ra0"));
}

static void close_all(void)
{
	int i;

	for (i = 0; i < queues; i++)
		close(fds[i]);
}

/* --- the disturbers, called over and over --- */

static void detach_attach(unsigned int n)
{
	int i = n % queues;

	if (tun_queue(fds[i], IFF_DETACH_QUEUE) || tun_queue(fds[i], IFF_ATTACH_QUEUE))
		unexpected("detach and attach");
}

static void detach_all(unsigned int n)
{
	int i;

	for (i = 0; i < queues; i++)
		tun_queue(fds[i], n & 1 ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE);
}

/* The file changes under its number: nobody uses another one by mistake. */
static void reopen(unsigned int n)
{
	int i = n % queues, fresh = tun_open(O_RDWR | O_NONBLOCK);

	must(dup3(fresh, fds[i], O_CLOEXEC));
	close(fresh);
	/* The only one's device goes with it, when its last user has left. */
	while (join(fds[i])) {
		if (errno != EBUSY || kind->has & MANY) {
			unexpected("joining again");
			break;
		}
		usleep(1000);
	}
	if (!(kind->has & MANY))
		if_up("ra0");
}

static void delete(unsigned int n)
{
	struct nl_reply reply;
	int i;

	(void)n;
	nl_dellink("ra0", &reply);
	for (i = 0; i < queues; i++)
		if (join(fds[i]))
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
	for (i = 0; i < queues; i++)
		if (join(fds[i]))
			unexpected("TUNSETIFF after the netns ended");
	if_up("ra0");
}

static void set(unsigned long cmd, int value)
{
	if (ioctl(fds[0], cmd, &value) && errno != EBADFD)
		unexpected("an integer's ioctl");
}

/* A tun has no place for a program of its own. */
static unsigned int xdp_mode(void)
{
	return kind->has & TAP ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
}

static void xdp(unsigned int n)
{
	if (xdp_attach("ra0", progs[n % ARRAY_SIZE(progs)], xdp_mode()))
		unexpected("XDP");
}

static void classic(unsigned int n)
{
	struct sock_filter verdict = BPF_STMT(BPF_RET | BPF_K, n & 2 ? 60 : 0);
	struct sock_fprog prog = { 1, &verdict };

	if (ioctl(fds[0], n & 1 ? TUNDETACHFILTER : TUNATTACHFILTER, &prog) && errno != EBADFD)
		unexpected("classic filter");
}

static void addresses(unsigned int n)
{
	struct {
		struct tun_filter filter;
		unsigned char addr[4][ETH_ALEN];
	} mac = { .filter.count = n % 5, .addr = { { 2, 0, 0, 0, 0, 9 } } };

	if (ioctl(fds[0], TUNSETTXFILTER, &mac) < 0 && errno != EBADFD)
		unexpected("address filter");
}

static void ebpf(unsigned int n)
{
	set(TUNSETFILTEREBPF, sock_progs[n % ARRAY_SIZE(sock_progs)]);
}

static void steering(unsigned int n)
{
	set(TUNSETSTEERINGEBPF, sock_progs[n % ARRAY_SIZE(sock_progs)]);
}

static void hashing(unsigned int n)
{
	static const uint16_t table[] = { 0, 1, 2, 3 };
	struct rss rss = {
		.flags = n % 3 == 0 ? 0 : hdr && n % 3 == 1 ? RSS | REPORT : RSS,
		.types = n & 1 ? PLAIN_TYPES : IPV4,
		.table_len = n & 2 ? 4 : 1,
		.table = table,
	};

	if (tun_is_tunx() && rss_set(fds[0], &rss) && errno != EBADFD)
		unexpected("TUNSETVNETHASH");
}

static void carrier(unsigned int n)
{
	int on = n & 1;

	/* Nobody at the other end of the cable. */
	if (ioctl(fds[0], TUNSETCARRIER, &on) && errno != EBADFD && errno != EPERM)
		unexpected("carrier");
}

static void offloads(unsigned int n)
{
	static const unsigned int grants[] = { 0, TUN_F_CSUM, ALL_OFFLOADS };

	if (ioctl(fds[0], TUNSETOFFLOAD, grants[n % ARRAY_SIZE(grants)]) && errno != EBADFD)
		unexpected("TUNSETOFFLOAD");
	if (eth_set_feature("ra0", "tx-checksum-ip-generic", n & 1) < 0)
		unexpected("ethtool -K");
}

static void headers(unsigned int n)
{
	static const int sizes[] = { 10, 24, 12, 4096, 20 };

	set(TUNSETVNETHDRSZ, sizes[n % ARRAY_SIZE(sizes)]);
	set(TUNSETVNETLE, n & 1);
}

static void limits(unsigned int n)
{
	set(TUNSETSNDBUF, n & 1 ? INT_MAX : 3000);
}

static void ownership(unsigned int n)
{
	if ((ioctl(fds[0], TUNSETPERSIST, n & 1) || ioctl(fds[0], TUNSETOWNER, n % 5) ||
	     ioctl(fds[0], TUNSETGROUP, n % 7)) && errno != EBADFD)
		unexpected("owner, group, persistence");
}

static void unload(unsigned int n)
{
	(void)n;
	if (!syscall(SYS_delete_module, tun_kind(), O_NONBLOCK))
		unexpected("the module was unloaded in use");
}

/* Who only looks must see something sane, too. */
static void look(unsigned int n)
{
	struct nl_reply reply;

	(void)n;
	nl_getlink("ra0", &reply);
	if_stat("ra0", "rx_packets");
	if_sysfs("ra0", "tun_flags");
	if (tun_is_tunx())
		eth_stat("ra0", "queue_0_tx_packets");
	tun_flags(fds[0]);
}

static const struct disturber {
	const char *name;
	void (*disturb)(unsigned int n);
	int needs;
	bool alone;		/* leaves the others without their device */
} disturbers[] = {
	{ "detach and attach", detach_attach, MANY, false },
	{ "all queues detached", detach_all, MANY, false },
	{ "close and join", reopen, 0, false },
	{ "deletion", delete, 0, false },
	{ "rename", rename_it, 0, true },
	{ "up and down", up_and_down, 0, false },
	{ "resize", resize, 0, false },
	{ "netns move", move, 0, true },
	{ "netns end", lose_netns, 0, true },
	{ "XDP programs", xdp, 0, false },
	{ "classic filters", classic, TAP, true },
	{ "address filters", addresses, TAP, false },
	{ "eBPF filters", ebpf, 0, false },
	{ "steering programs", steering, MANY, false },
	{ "hashing", hashing, MANY | TUNX, false },
	{ "carrier", carrier, 0, false },
	{ "offloads", offloads, VNET, true },
	{ "header sizes", headers, VNET, false },
	{ "send buffer limits", limits, 0, false },
	{ "owner and persistence", ownership, 0, false },
	{ "unloading", unload, 0, false },
	{ "looking", look, 0, true },
};

/* Two of these run side by side. */
static void *disturber(void *arg)
{
	unsigned int seed = (long)arg;

	while (!stop) {
		const struct disturber *d = &disturbers[rand_r(&seed) % ARRAY_SIZE(disturbers)];

		if (d->disturb == xdp && !receive_queues_stay())
			continue;
		if (!d->alone && !(d->needs & ~kind->has & ~TUNX))
			d->disturb(rand_r(&seed));
		usleep(500);
	}
	return NULL;
}

static void everything(unsigned int n)
{
	pthread_t other;

	if (n)
		return;
	anything_goes = true;
	pthread_create(&other, NULL, disturber, (void *)1);
	usleep(PHASE * 1000);
	stop = true;
	pthread_join(other, NULL);
}

/* As it was, whatever the disturbers left. */
static void restore(void)
{
	struct tun_filter all = { 0 };
	int i, none = -1, on = 1, most = INT_MAX;

	for (i = 0; i < queues; i++) {
		if (tun_flags(fds[i]) < 0)
			join(fds[i]);
		tun_queue(fds[i], IFF_ATTACH_QUEUE);
	}
	ioctl(fds[0], TUNSETPERSIST, 0);
	ioctl(fds[0], TUNSETFILTEREBPF, &none);
	ioctl(fds[0], TUNSETSTEERINGEBPF, &none);
	ioctl(fds[0], TUNDETACHFILTER, NULL);
	ioctl(fds[0], TUNSETTXFILTER, &all);
	ioctl(fds[0], TUNSETCARRIER, &on);
	ioctl(fds[0], TUNSETOFFLOAD, 0);
	ioctl(fds[0], TUNSETSNDBUF, &most);
	ioctl(fds[0], TUNSETVNETHDRSZ, &hdr);
	xdp_attach("ra0", -1, xdp_mode());
	if (tun_is_tunx())
		rss_set(fds[0], &(struct rss){ 0 });
	if_setint("ra0", SIOCSIFTXQLEN, 500);
	if_up("ra0");
	for (i = 0; i < queues; i++)
		drain(fds[i]);
}

static bool one_is_read(void *arg)
{
	const ssize_t want = hdr + (kind->has & TAP ? ETH_HLEN : 0) + 28 + 333;
	unsigned char buf[2000];
	ssize_t n;
	int i;

	(void)arg;
	if (stack_send("ra0", 333, 1) < 0)
		return false;
	for (i = 0; i < queues; i++)
		while ((n = read(fds[i], buf, sizeof(buf))) > 0)
			if (n == want && pkt_match(buf + n - 333, 333, 1))
				return true;
	return false;
}

static void phase(const struct disturber *d)
{
	static void *(*const roles[])(void *) = { reader, writer, sender };
	pthread_t threads[6];
	unsigned int n = 0;
	char name[100];
	long end;
	int i;

	queues = kind->has & MANY ? QUEUES : 1;
	hdr = kind->has & VNET ? HASH_HDR : 0;
	snprintf(name, sizeof(name), "%s, %s", d->name, kind->name);
	open_all();
	stop = false;
	anything_goes = false;
	reads = 0;
	writes = 0;
	sends = 0;
	odd = 0;
	for (i = 0; i < 6; i++)
		pthread_create(&threads[i], NULL, roles[i % 3], (void *)(long)(i / 3));
	for (end = msec_now() + PHASE; msec_now() < end; n++) {
		d->disturb(n);
		/* Between two blows the traffic must find its feet. */
		usleep(500);
	}
	stop = true;
	for (i = 0; i < 6; i++)
		pthread_join(threads[i], NULL);
	printf("# %s: %u times; %ld sent, %ld read, %ld written\n", name, n, sends, reads,
	       writes);
	disturbed += n;
	packets += sends + writes;
	is(odd, 0, "%s against traffic: no error but the expected", name);
	restore();
	ok(wait_until(one_is_read, NULL, 10000), "%s against traffic: the device works afterwards",
	   name);
	close_all();
	ok(!if_exists("ra0"), "%s against traffic: close removes it", name);
}

/* The next kind that the disturber can do something to */
static void pick_kind(unsigned int i, int needs)
{
	do
		kind = &kinds[i++ % ARRAY_SIZE(kinds)];
	while (needs & ~kind->has & ~TUNX);
}

static void all_phases(unsigned int round)
{
	static const struct disturber all = { "everything at once", everything, MANY, false };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(disturbers); i++) {
		pick_kind(i + round, disturbers[i].needs);
		if (!(disturbers[i].needs & TUNX) || tun_is_tunx())
			phase(&disturbers[i]);
	}
	pick_kind(round, all.needs);
	phase(&all);
}

/* Not a race: a queue that has left still writes, and the kernel must not mind. */
static void stale_queue(void)
{
	static const char what[] = "frames of a detached queue are of one that there is";
	const int flags = IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE;
	unsigned char pkt[100];
	size_t len = pkt_udp4(pkt, "10.1.0.2", "10.1.0.1", 53, 1, NULL, 20);
	int fd[4], i;

	if (!receive_queues_stay()) {
		skip("the kernel warns of a queue that is gone; tunx lets it stay", "%s", what);
		return;
	}
	for (i = 0; i < 4; i++)
		fd[i] = tun_new("ra9", flags);
	must(if_up("ra9"));
	must(xdp_attach("ra9", progs[1], XDP_FLAGS_SKB_MODE));
	must(tun_queue(fd[3], IFF_DETACH_QUEUE));
	must(write(fd[3], pkt, len));
	ok(!access("/sys/class/net/ra9/queues/rx-3", F_OK), "%s", what);
	for (i = 0; i < 4; i++)
		close(fd[i]);
}

int main(void)
{
	const char *wish = getenv("TUNX_STRESS_SECONDS");
	long begin, seconds = wish ? strtol(wish, NULL, 10) : 0;
	unsigned int i, round = 0;

	ktap_begin();
	netns_new();
	progs[0] = -1;
	for (i = 1; i < ARRAY_SIZE(progs); i++) {
		progs[i] = must(BPF_PROG_RETURN(BPF_PROG_TYPE_XDP, i == 1 ? XDP_PASS :
						i == 2 ? XDP_DROP : XDP_TX));
		xdp_keep(progs[i]);
	}
	sock_progs[0] = -1;
	for (i = 1; i < ARRAY_SIZE(sock_progs); i++)
		sock_progs[i] = must(BPF_PROG_RETURN(BPF_PROG_TYPE_SOCKET_FILTER,
						     i == 1 ? 0 : 70 * i));
	stale_queue();
	begin = msec_now();
	do
		all_phases(round++);
	while (msec_now() < begin + seconds * 1000);
	printf("# measured: races, disturbances: %ld times\n", disturbed);
	printf("# measured: races, against: %ld packets\n", packets);
	printf("# measured: races, for: %ld s\n", (msec_now() - begin) / 1000);
	return ktap_end();
}
