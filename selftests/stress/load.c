// SPDX-License-Identifier: GPL-2.0
/*
 * Every packet is accounted for: what goes in comes out or is counted as a drop,
 * to the packet, while queues detach, close, join, all leave and change length.
 *
 *	senders --> AF_PACKET --> [ ld0 ] --> readers
 *	counter <-- AF_PACKET <-- [ ld0 ] <-- writers
 *	                            ^-- the disturber
 *
 * Senders go past the queueing disciplines, where the kernel itself loses packets
 * when a device gets fewer queues, and are told of each drop. The counter is a
 * socket that nobody reads and that has no room: it only counts.
 *
 * TUNX_LOAD_PACKETS packets go each way, half of them by each kind of device;
 * without it some thousands, as many as twenty seconds allow.
 * Timeout: 120 s
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <pthread.h>
#include <stdatomic.h>
#include "tuntest.h"

#ifndef PACKET_QDISC_BYPASS
#define PACKET_QDISC_BYPASS 20
#endif

#define QUEUES	4
#define BATCH	32
#define OURS	0x88b5		/* an Ethernet type for experiments */
#define DEFAULT	200000

static const char * const reasons[] = { "tx_full", "tx_filtered", "tx_lost", "tx_purged" };

/*
 * While the length changes, the kernel freezes all queues for a moment and refuses
 * packets that our driver never sees: then nobody sends.
 */
static pthread_rwlock_t lengths_stay = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;

static int fds[QUEUES];
static atomic_bool stop;
static atomic_long quota_tx, quota_rx;	/* packets to go */
static atomic_long sent, refused, reads, written, not_written, odd;
static long deadline;

static void unexpected(const char *what)
{
	if (odd++ < 5)
		printf("# %s: %s\n", what, strerror(errno));
}

/* Takes up to @BATCH packets from a quota. */
static int take(atomic_long *quota)
{
	long left = atomic_fetch_sub(quota, BATCH);

	if (left <= 0 || (deadline && msec_now() > deadline))
		return 0;
	return left < BATCH ? left : BATCH;
}

static void *sender(void *arg)
{
	static unsigned char pkts[2][BATCH][100];
	struct sockaddr_ll sll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_IP),
		.sll_ifindex = if_nametoindex("ld0"),
		.sll_halen = ETH_ALEN,
		.sll_addr = { 2, 0, 0, 0, 0, 9 },
	};
	int me = (long)arg, fd = must(socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	int one = 1, i, n, done, want;
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH];

	must(setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)));
	memset(msgs, 0, sizeof(msgs));
	for (i = 0; i < BATCH; i++) {
		iov[i].iov_base = pkts[me][i];
		iov[i].iov_len = pkt_udp4(pkts[me][i], "10.1.0.1", "10.1.0.2", 1000 * me + i,
					  53, NULL, 20);
		msgs[i].msg_hdr.msg_name = &sll;
		msgs[i].msg_hdr.msg_namelen = sizeof(sll);
		msgs[i].msg_hdr.msg_iov = &iov[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	while ((want = take(&quota_tx))) {
		for (done = 0; done < want; done += n + 1) {
			pthread_rwlock_rdlock(&lengths_stay);
			n = sendmmsg(fd, msgs + done, want - done, 0);
			pthread_rwlock_unlock(&lengths_stay);
			if (n < 0 && errno != ENOBUFS)
				unexpected("send");
			if (n < 0)
				n = 0;
			sent += n;
			if (done + n == want)
				break;
			/* The one behind these was dropped: let the readers run. */
			refused++;
			usleep(100);
		}
	}
	close(fd);
	return NULL;
}

static size_t frame_for(unsigned char *frame, int flags)
{
	static const uint8_t peer[ETH_ALEN] = { 2, 0, 0, 0, 0, 9 };
	struct tun_pi pi = { .proto = htons(OURS) };
	struct ifreq ifr = { 0 };

	memset(frame, 0, 64);
	if (flags & IFF_TAP) {
		must(if_get("ld0", SIOCGIFHWADDR, &ifr));
		return pkt_eth(frame, (uint8_t *)ifr.ifr_hwaddr.sa_data, peer, OURS, frame, 46);
	}
	memcpy(frame, &pi, sizeof(pi));
	return 64;
}

static int device_flags;

static void *writer(void *arg)
{
	unsigned char frame[100];
	size_t len = frame_for(frame, device_flags);
	int q = (long)arg, n, i;

	while ((n = take(&quota_rx))) {
		for (i = 0; i < n; q = (q + 1) % QUEUES) {
			if (write(fds[q], frame, len) > 0) {
				i++;
				continue;
			}
			/* A queue that is not attached, or has no device yet. */
			if (errno != EBUSY && errno != EBADFD)
				unexpected("write");
			not_written++;
			usleep(100);
		}
		written += n;
	}
	return NULL;
}

static bool read_some(int first)
{
	unsigned char buf[200];
	long n = 0;
	int i;

	for (i = first; i < QUEUES; i += 2) {
		while (read(fds[i], buf, sizeof(buf)) > 0)
			n++;
		if (errno != EAGAIN && errno != EBADFD)
			unexpected("read");
	}
	reads += n;
	return n;
}

static void *reader(void *arg)
{
	while (!stop)
		if (!read_some((long)arg))
			usleep(100);
	return NULL;
}

/* The file changes under its number: nobody reads or writes another one by mistake. */
static void reopen(int i)
{
	int fresh = tun_open(O_RDWR | O_NONBLOCK);

	must(dup3(fresh, fds[i], O_CLOEXEC));
	close(fresh);
	if (tun_setiff(fds[i], "ld0", device_flags))
		unexpected("joining again");
}

static void disturb(unsigned int n)
{
	static const int lengths[] = { 500, 20, 1000, 100 };
	int i = n / 4 % QUEUES;

	switch (n % 4) {
	case 0:
		if (tun_queue(fds[i], IFF_DETACH_QUEUE))
			unexpected("detaching");
		usleep(2000);
		if (tun_queue(fds[i], IFF_ATTACH_QUEUE))
			unexpected("attaching");
		break;
	case 1:
		reopen(i);
		break;
	case 2:
		pthread_rwlock_wrlock(&lengths_stay);
		if (if_setint("ld0", SIOCSIFTXQLEN, lengths[i]))
			unexpected("txqueuelen");
		pthread_rwlock_unlock(&lengths_stay);
		break;
	case 3:
		if (i)
			break;
		for (i = 0; i < QUEUES; i++)
			tun_queue(fds[i], IFF_DETACH_QUEUE);
		usleep(2000);
		for (i = 0; i < QUEUES; i++)
			tun_queue(fds[i], IFF_ATTACH_QUEUE);
		break;
	}
}

static struct rtnl_link_stats64 netlink_stats(void)
{
	static const int path[] = { IFLA_STATS64 };
	struct rtnl_link_stats64 stats;
	struct nl_reply reply;

	must(nl_getlink("ld0", &reply));
	memcpy(&stats, nl_attr(&reply, path, 1, NULL), sizeof(stats));
	return stats;
}

/*
 * Sum of a counter of all queues. There may have been more than four: a file that
 * is in use when it is closed goes a moment later.
 */
static long counted(const char *counter)
{
	long sum = 0, value;
	char name[64];
	int i;

	for (i = 0; ; i++) {
		snprintf(name, sizeof(name), "queue_%d_%s", i, counter);
		value = eth_stat("ld0", name);
		if (value < 0)
			return sum;
		sum += value;
	}
}

/* How many the stack got; a softirq may still have some of the @want there must be. */
static long at_the_counter(int fd, long want)
{
	struct tpacket_stats stats;
	socklen_t len = sizeof(stats);
	long end = msec_now() + 5000, arrived = 0;

	/* Asking sets it to zero. */
	do {
		must(getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len));
		arrived += stats.tp_packets;
	} while (arrived < want && msec_now() < end && !usleep(1000));
	return arrived;
}

static void tell(const char *type, const char *what, long n)
{
	printf("# measured: load, %s, %s: %ld packets\n", type, what, n);
}

/* Stock has no counters but these, and loses what is in a queue that leaves. */
static void balance_of_stock(const char *type, int counter)
{
	struct rtnl_link_stats64 stats = netlink_stats();

	is(stats.tx_packets, reads, "%s: tx_packets is what was read", type);
	is(stats.tx_dropped, refused, "%s: tx_dropped is what senders were told", type);
	tell(type, "lost with a queue, in no counter", sent - reads);
	skip("stock does not count what is lost with a queue; tunx does",
	     "%s: sent is read and dropped", type);
	is(stats.rx_packets, written, "%s: rx_packets is what was written", type);
	if (device_flags & IFF_NAPI)
		skip("stock does not count what is lost on the way to NAPI; tunx does",
		     "%s: written is what the stack got", type);
	else
		is(at_the_counter(counter, written), written,
		   "%s: written is what the stack got", type);
}

static void balance(const char *type, int counter)
{
	struct rtnl_link_stats64 stats = netlink_stats();
	long purged = counted("tx_purged"), gone = counted("rx_purged");
	unsigned int i;

	is(counted("tx_packets"), reads, "%s: tx_packets is what was read", type);
	is(counted("tx_dropped"), refused, "%s: tx_dropped is what senders were told", type);
	is(sent, reads + purged, "%s: sent is read and purged", type);
	is(counted("tx_lost") + counted("tx_filtered"), 0, "%s: nothing else is lost", type);
	ok(counted("tx_full") <= refused, "%s: full queues are among the drops", type);
	is(counted("rx_packets"), written, "%s: rx_packets is what was written", type);
	is(at_the_counter(counter, written - gone), written - gone,
	   "%s: written is what the stack got, and purged", type);
	is(counted("rx_dropped") + counted("rx_frame_errors"), 0, "%s: nothing written is refused",
	   type);
	is(stats.tx_packets, reads, "%s: netlink's tx_packets", type);
	is(stats.tx_dropped, refused, "%s: netlink's tx_dropped", type);
	is(stats.rx_packets, written, "%s: netlink's rx_packets", type);
	is(stats.rx_dropped + stats.rx_errors, 0, "%s: netlink's rx_dropped", type);
	for (i = 0; i < ARRAY_SIZE(reasons); i++)
		tell(type, reasons[i], counted(reasons[i]));
	tell(type, "no queue", refused - counted("tx_full"));
	tell(type, "rx_purged", gone);
}

static void load(const char *type, int flags, long packets, int seconds)
{
	static void *(*const roles[])(void *) = { reader, sender, writer };
	int counter, tiny = 1, i;
	pthread_t threads[6];
	unsigned int n = 0;
	long begin;

	device_flags = flags;
	for (i = 0; i < QUEUES; i++)
		fds[i] = tun_new("ld0", flags);
	must(if_up("ld0"));
	counter = packet_socket("ld0", SOCK_DGRAM, OURS);
	must(setsockopt(counter, SOL_SOCKET, SO_RCVBUF, &tiny, sizeof(tiny)));

	stop = false;
	quota_tx = packets;
	quota_rx = packets;
	sent = 0;
	refused = 0;
	reads = 0;
	written = 0;
	not_written = 0;
	odd = 0;
	begin = msec_now();
	deadline = seconds ? begin + seconds * 1000 : 0;
	for (i = 0; i < 6; i++)
		pthread_create(&threads[i], NULL, roles[i / 2], (void *)(long)(i % 2));
	while ((quota_tx > 0 || quota_rx > 0) && (!deadline || msec_now() < deadline)) {
		disturb(n++);
		usleep(20000);
	}
	for (i = 2; i < 6; i++)
		pthread_join(threads[i], NULL);
	stop = true;
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	while (read_some(0) || read_some(1))
		;

	is(odd, 0, "%s: no error but the expected, queues came and went %u times", type, n);
	tell(type, "to readers", sent + refused);
	tell(type, "read", reads);
	tell(type, "to the stack", written);
	tell(type, "refused for want of an attached queue", not_written);
	printf("# that took %ld ms\n", msec_now() - begin);
	ok(reads > 0 && written > 0, "%s: packets go both ways", type);
	if (tun_is_tunx())
		balance(type, counter);
	else
		balance_of_stock(type, counter);
	close(counter);
	for (i = 0; i < QUEUES; i++)
		close(fds[i]);
}

int main(void)
{
	const char *wish = getenv("TUNX_LOAD_PACKETS");
	long packets = wish ? strtol(wish, NULL, 10) : DEFAULT;
	int seconds = wish ? 0 : 10;

	ktap_begin();
	netns_new();
	load("tap", IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE, packets / 2, seconds);
	load("tun with NAPI", IFF_TUN | IFF_NAPI | IFF_MULTI_QUEUE, packets - packets / 2, seconds);
	return ktap_end();
}
