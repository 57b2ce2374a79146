// SPDX-License-Identifier: GPL-2.0
/*
 * IFF_NAPI: what is written goes through a NAPI instance of its queue, where
 * GRO merges segments; the instance comes and goes with the queue, in whatever
 * order files close, queues detach and the device is deleted.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <pthread.h>
#include "vnet.h"
#include "differences.h"

#ifndef SO_INCOMING_NAPI_ID
#define SO_INCOMING_NAPI_ID	56
#endif

static unsigned char frame[4000], got[70000];

static int device(const char *name, int flags)
{
	int fd = tun_new(name, flags | IFF_NAPI | IFF_NO_PI);

	must(if_addr(name, "10.1.0.1", 24));
	must(if_up(name));
	settle(fd, name);
	return fd;
}

static int udp_socket(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(2000) };
	int s = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)), big = 16 << 20;

	must(setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big)));
	must(bind(s, (void *)&sin, sizeof(sin)));
	return s;
}

/* A datagram of @len bytes to udp_socket(). */
static size_t datagram(const char *name, bool tap, size_t len, unsigned int seed)
{
	unsigned char data[2000];
	struct ifreq ifr = { 0 };
	size_t n;

	pkt_fill(data, len, seed);
	n = pkt_udp4(frame, "10.1.0.2", "10.1.0.1", 1000, 2000, data, len);
	if (!tap)
		return n;
	must(if_get(name, SIOCGIFHWADDR, &ifr));
	return pkt_eth(frame, (uint8_t *)ifr.ifr_hwaddr.sa_data,
		       (const uint8_t *)"\2\0\0\0\0\x9", ETH_P_IP, frame, n);
}

static bool arrives(int s, size_t len, unsigned int seed)
{
	return readable(s, 2000) && recv(s, got, sizeof(got), 0) == (ssize_t)len &&
	       pkt_match(got, len, seed);
}

static void delivered(const char *type, int flags)
{
	static const size_t sizes[] = { 1, 18, 100, 1000, 1472 };
	int fd = device("na0", flags), s = udp_socket(), n = 0, fine = 0;
	unsigned int i;
	size_t len;

	for (i = 0; i < 100; i++) {
		len = datagram("na0", flags & IFF_TAP, sizes[i % 5], i);
		n += write(fd, frame, len) == (ssize_t)len;
		fine += arrives(s, sizes[i % 5], i);
	}
	is(n, 100, "%s: written", type);
	is(fine, 100, "%s: delivered", type);
	is(if_stat("na0", "rx_packets"), 100, "%s: counted", type);
	len = datagram("na0", flags & IFF_TAP, 500, 1);
	for (n = 0; n < 1000; n++)
		must(write(fd, frame, len));
	for (n = 0; readable(s, 500); n++)
		must(recv(s, got, sizeof(got), 0));
	is(n, 1000, "%s: a thousand in a row", type);
	must(if_down("na0"));
	result(write(fd, frame, len), EIO, "%s: device down", type);
	must(if_up("na0"));
	result(write(fd, frame, len), 0, "%s: up again", type);
	close(s);
	close(fd);
}

/* --- GRO --- */

static size_t segment(bool tap, unsigned int i, size_t *l4)
{
	size_t len = vnet_packet(frame, tap, TCP4, 1000, i, l4), nh = *l4 - 20;
	uint32_t seq = htonl(1 + 1000 * i);
	uint16_t sum;

	memcpy(frame + *l4 + 4, &seq, 4);
	frame[nh + 6] = 0x40;	/* may not be fragmented: identity does not count */
	memset(frame + nh + 10, 0, 2);
	sum = htons(pkt_csum(frame + nh, 20));
	memcpy(frame + nh + 10, &sum, 2);
	return len;
}

static int kept;

/* Does the file think that the stack has given back all it wrote? */
static bool all_given_back(int fd)
{
	struct pollfd pfd = { fd, POLLOUT, 0 };
	int little = 4;	/* and poll wants half of it to be free */

	must(ioctl(fd, TUNSETSNDBUF, &little));
	return poll(&pfd, 1, 500) == 1;
}

/*
 * Writes four segments of a flow, once; how many frames does the stack get? A file
 * that may block, because of what stock does to others, see gro_keeps_memory().
 */
static int merge_once(const char *name, int flags, bool noblock, const char *timeout,
		      struct vnet_hdr *h)
{
	int fd = tun_new(name, flags | IFF_VNET_HDR | IFF_NO_PI), watch, frames = 0, total = 0;
	bool tap = flags & IFF_TAP;
	char path[100];
	unsigned int i;

	snprintf(path, sizeof(path), "/sys/class/net/%s/gro_flush_timeout", name);
	must(file_write(path, timeout));
	if (!noblock)
		must(fcntl(fd, F_SETFL, 0));
	must(if_up(name));
	watch = vnet_packet_socket(name);
	for (i = 0; i < 4; i++) {
		size_t l4, len = segment(tap, i, &l4);
		struct vnet_hdr ask = vnet_ask_gso(TCP4, l4, 0);

		ask.gso_type = GSO_NONE;
		must(vnet_write(fd, &ask, 10, frame, len));
	}
	while (total < 4000 && readable(watch, 1000)) {
		ssize_t n = vnet_read(watch, h, 10, got, sizeof(got));
		size_t head = (tap ? 14 : 0) + 40;

		if (n < (ssize_t)head + 1000)
			continue;
		for (i = 0; i < (n - head) / 1000; i++)
			if (!pkt_match(got + head + i * 1000, 1000, total / 1000 + i))
				printf("# payload %d is not what was written\n",
				       total / 1000 + i);
		frames++;
		total += n - head;
	}
	close(watch);
	if (!all_given_back(fd))
		kept++;
	close(fd);
	return total == 4000 ? frames : -1;
}

/* GRO holds a frame back for a clock tick at most, which a slow machine misses. */
static int merged(const char *name, int flags, bool noblock, const char *timeout,
		  struct vnet_hdr *h)
{
	int frames = 0, tries;

	kept = 0;
	for (tries = 0; frames != 1 && tries < 10; tries++)
		frames = merge_once(name, flags, noblock, timeout, h);
	is(kept, 0, "%s, %s file, flush timeout %s: the stack gives all back",
	   flags & IFF_TAP ? "tap" : "tun", noblock ? "nonblocking" : "blocking", timeout);
	return frames;
}

static void gro(const char *type, int flags)
{
	struct vnet_hdr h;

	is(merged("ng0", flags | IFF_NAPI, false, "50000000", &h), 1,
	   "%s: GRO merges four segments", type);
	is(h.gso_type, GSO_TCPV4, "%s: merged: gso_type", type);
	is(h.gso_size, 1000, "%s: merged: gso_size", type);
	is(merged("ng0", flags, false, "50000000", &h), 4, "%s: without IFF_NAPI they stay four",
	   type);
	is(merged("ng0", flags | IFF_NAPI, false, "0", &h), 4,
	   "%s: GRO holds no packet back by itself", type);
	if (gro_keeps_memory(flags & IFF_TAP))
		skip("this driver's file and module would stay in use for ever; tunx's do not",
		     "%s: GRO with a nonblocking file", type);
	else
		is(merged("ng0", flags | IFF_NAPI, true, "50000000", &h), 1,
		   "%s: GRO with a nonblocking file", type);
}

/* --- queues come and go --- */

static void disabled(const char *type, int flags)
{
	int fd = device("nd0", flags | IFF_MULTI_QUEUE), other, s = udp_socket();
	size_t len = datagram("nd0", flags & IFF_TAP, 100, 1);

	must(tun_queue(fd, IFF_DETACH_QUEUE));
	result(write(fd, frame, len), EBUSY, "%s: disabled queue", type);
	result(write(fd, frame, len), EBUSY, "%s: disabled queue, again", type);
	must(tun_queue(fd, IFF_ATTACH_QUEUE));
	result(write(fd, frame, len), 0, "%s: enabled again", type);
	ok(arrives(s, 100, 1), "%s: and delivered", type);

	/* NAPI is a matter of each file: this one is without. */
	other = tun_new("nd0", flags | IFF_MULTI_QUEUE | IFF_NO_PI);
	result(write(other, frame, len), 0, "%s: a queue without NAPI beside", type);
	ok(arrives(s, 100, 1), "%s: delivers, too", type);
	must(tun_queue(other, IFF_DETACH_QUEUE));
	result(write(other, frame, len), 0, "%s: disabled, it still writes", type);
	ok(arrives(s, 100, 1), "%s: and delivers", type);
	must(tun_queue(fd, IFF_DETACH_QUEUE));
	result(write(fd, frame, len), EBUSY, "%s: all disabled", type);
	close(fd);
	close(other);
	close(s);
	ok(!if_exists("nd0"), "%s: closed, it is gone", type);
}

enum step { DELETE, DETACH, REATTACH, CLOSE, END };

static void order(const char *name, const enum step *steps)
{
	int flags = IFF_TAP | IFF_NAPI | IFF_NO_PI | IFF_MULTI_QUEUE;
	int fd = tun_new("no0", flags), other = tun_new("no0", flags);
	bool gone = false, closed = false;
	struct nl_reply reply;
	size_t len;

	must(if_up("no0"));
	len = datagram("no0", true, 100, 1);
	must(write(fd, frame, len));
	for (; *steps != END; steps++) {
		switch (*steps) {
		case DELETE:
			must(nl_dellink("no0", &reply));
			gone = true;
			break;
		case DETACH:
			result(tun_queue(fd, IFF_DETACH_QUEUE), gone ? EINVAL : 0,
			       "%s: detach", name);
			break;
		case REATTACH:
			must(tun_queue(fd, IFF_DETACH_QUEUE));
			result(tun_queue(fd, IFF_ATTACH_QUEUE), 0, "%s: attach again", name);
			break;
		default:
			close(fd);
			closed = true;
		}
		if (!closed)
			ok(write(fd, frame, len) >= 0 || errno == EBUSY || errno == EBADFD,
			   "%s: a write then has a result that fits", name);
	}
	if (!closed)
		close(fd);
	close(other);
	ok(!if_exists("no0"), "%s: the device is gone", name);
}

static void orders(void)
{
	order("delete, detach, close", (enum step[]){ DELETE, DETACH, CLOSE, END });
	order("detach, delete, close", (enum step[]){ DETACH, DELETE, CLOSE, END });
	order("detach, close, delete", (enum step[]){ DETACH, CLOSE, DELETE, END });
	order("reattach, delete, close", (enum step[]){ REATTACH, DELETE, CLOSE, END });
	order("reattach, close, delete", (enum step[]){ REATTACH, CLOSE, DELETE, END });
	order("close, delete", (enum step[]){ CLOSE, DELETE, END });
}

static void rejoin(void)
{
	int fd = device("nr0", IFF_TAP), s = udp_socket(), i;
	struct nl_reply reply;

	for (i = 0; i < 5; i++) {
		must(nl_dellink("nr0", &reply));
		must(tun_setiff(fd, "nr0", IFF_TAP | IFF_NO_PI | (i % 2 ? IFF_NAPI : 0)));
		must(if_addr("nr0", "10.1.0.1", 24));
		must(if_up("nr0"));
		must(write(fd, frame, datagram("nr0", true, 100, i)));
		ok(arrives(s, 100, i), "deleted and made anew %s NAPI: delivers",
		   i % 2 ? "with" : "without");
	}
	close(s);
	close(fd);
}

/* --- who polls --- */

static void identity(void)
{
	int fd = device("ni0", IFF_TAP), s = udp_socket(), busy = 50, one = 1;
	unsigned int id = 0;
	socklen_t size = sizeof(id);

	must(write(fd, frame, datagram("ni0", true, 100, 1)));
	ok(arrives(s, 100, 1), "a datagram is delivered");
	if (getsockopt(s, SOL_SOCKET, SO_INCOMING_NAPI_ID, &id, &size))
		skip("needs CONFIG_NET_RX_BUSY_POLL", "the NAPI instance has an id");
	else
		is(id != 0, napi_has_id(), "the NAPI instance has an id (%u)", id);
	if (!setsockopt(s, SOL_SOCKET, SO_BUSY_POLL, &busy, sizeof(busy))) {
		must(setsockopt(s, SOL_SOCKET, 69 /* SO_PREFER_BUSY_POLL */, &one, sizeof(one)));
		must(write(fd, frame, datagram("ni0", true, 200, 2)));
		ok(recv(s, got, sizeof(got), 0) == 200 && pkt_match(got, 200, 2),
		   "a busy-polling socket gets its datagram");
		result(recv(s, got, sizeof(got), MSG_DONTWAIT), EAGAIN, "and no other");
	} else {
		skip("needs CONFIG_NET_RX_BUSY_POLL", "busy polling");
	}
	close(s);
	close(fd);
}

static void threaded(void)
{
	int fd = device("nt0", IFF_TAP), s = udp_socket(), i, fine = 0;

	if (file_write("/sys/class/net/nt0/threaded", "1")) {
		skip("needs a kernel with threaded NAPI (5.12)", "threaded NAPI");
		goto out;
	}
	for (i = 0; i < 50; i++) {
		must(write(fd, frame, datagram("nt0", true, 300, i)));
		fine += arrives(s, 300, i);
	}
	is(fine, 50, "threaded: delivered");
	for (i = 0; i < 500; i++)
		must(write(fd, frame, datagram("nt0", true, 300, 1)));
out:
	close(s);
	close(fd);
	ok(!if_exists("nt0"), "closed with frames on the way, it is gone");
}

/* --- two queues at once --- */

static void *write_many(void *arg)
{
	unsigned char mine[200];
	size_t len = pkt_udp4(mine, "10.1.0.2", "10.1.0.1", 1000, 2000, NULL, 100);
	long i, fine = 0;

	for (i = 0; i < 3000; i++)
		fine += write(*(int *)arg, mine, len) == (ssize_t)len;
	return (void *)fine;
}

static void two_writers(void)
{
	int a = device("nw0", IFF_TUN | IFF_MULTI_QUEUE), s = udp_socket(), n;
	int b = tun_new("nw0", IFF_TUN | IFF_MULTI_QUEUE | IFF_NO_PI | IFF_NAPI);
	pthread_t ta, tb;
	void *ra, *rb;

	pthread_create(&ta, NULL, write_many, &a);
	pthread_create(&tb, NULL, write_many, &b);
	pthread_join(ta, &ra);
	pthread_join(tb, &rb);
	is((long)ra + (long)rb, 6000, "two writers on two queues");
	for (n = 0; readable(s, 500); n++)
		must(recv(s, got, sizeof(got), 0));
	is(n, 6000, "all is delivered");
	is(if_stat("nw0", "rx_packets"), 6000, "and counted");
	close(s);
	close(a);
	close(b);
}

int main(void)
{
	ktap_begin();
	netns_new();
	delivered("tun", IFF_TUN);
	delivered("tap", IFF_TAP);
	gro("tun", IFF_TUN);
	gro("tap", IFF_TAP);
	disabled("tun", IFF_TUN);
	disabled("tap", IFF_TAP);
	orders();
	rejoin();
	identity();
	threaded();
	two_writers();
	return ktap_end();
}
