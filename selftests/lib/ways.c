// SPDX-License-Identifier: GPL-2.0
/*
 * libtunx: each way of moving frames moves the same ones, both ways.
 *
 *	AF_PACKET --- net device --- recv, release --> us
 *	          <--            <-- reserve, commit, flush --
 *
 * Timeout: 150 s
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/sockios.h>
#include "../tools/lib/tunx.h"
#include "vnet.h"

#define IP	28	/* bytes of IPv4 and UDP headers */
#define SMALL	TUNX_RING_MIN

static const char * const words[] = { "auto", "plain", "batch", "ring" };
static const char *way;
static struct tunx_options options;
static unsigned char frame[70000], data[70000], in[70000];

static void flush(struct tunx *t)
{
	int err = tunx_flush(t);

	if (err) {
		errno = -err;
		bail("%s: flush", way);
	}
}

static int discard(struct tunx *t)
{
	int n = 0;

	for (; tunx_recv(t); n++)
		tunx_release(t);
	return n;
}

static bool arrives(void *arg)
{
	stack_send(tunx_name(arg), 1, 0);
	return discard(arg);
}

/* A device that is up, and whose packets reach us */
static struct tunx *begin(const char *name, int flags)
{
	struct tunx *t = tunx_open(name, flags, &options);

	if (!t)
		bail("%s: open", way);
	must(if_up(name));
	if (!wait_until(arrives, t, 5000))
		bail("%s: packets of the stack reach us", way);
	return t;
}

static bool good(struct tunx_rec *rec, size_t len, unsigned int seed)
{
	return rec && rec->len == IP + len && rec->proto == htons(ETH_P_IP) &&
	       rec->off8 * 8 == (int)sizeof(*rec) + options.headroom &&
	       pkt_match(tunx_data(rec) + IP, len, seed);
}

static void put(struct tunx *t, size_t len, unsigned int seed)
{
	struct tunx_rec *rec = tunx_reserve(t, IP + len);
	int err;

	if (!rec)
		bail("%s: room for a frame of %zu bytes", way, len);
	pkt_fill(data, len, seed);
	pkt_udp4(tunx_data(rec), "10.1.1.2", "10.1.1.1", 1000, 2000, data, len);
	err = tunx_commit(t);
	if (err) {
		errno = -err;
		bail("%s: commit", way);
	}
}

/* NAPI may take what a ring has a little later */
static bool comes(int s, size_t len, unsigned int seed)
{
	return readable(s, 2000) &&
	       recv(s, in, sizeof(in), MSG_DONTWAIT) == (ssize_t)(IP + len) &&
	       pkt_match(in + IP, len, seed);
}

static int watch(const char *name)
{
	int s = packet_socket(name, SOCK_DGRAM, ETH_P_IP), big = 8 << 20;

	must(setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big)));
	return s;
}

static void opening(enum tunx_io io)
{
	struct tunx_options wrong = options;
	struct tunx *t;

	wrong.to_user = 3 * SMALL;
	result(tunx_open("lw0", IFF_TUN, &wrong) ? 0 : -1, EINVAL, "%s: a size of 384 KiB", way);
	wrong = options;
	wrong.headroom = 4;
	result(tunx_open("lw0", IFF_TUN, &wrong) ? 0 : -1, EINVAL, "%s: headroom of 4", way);
	wrong = options;
	wrong.reserved[3] = 1;
	result(tunx_open("lw0", IFF_TUN, &wrong) ? 0 : -1, EINVAL, "%s: a reserved word", way);
	result(tunx_open("a_name_of_20_letters", IFF_TUN, &options) ? 0 : -1, EINVAL,
	       "%s: a long name", way);
	result(tunx_open("lw0", 0, &options) ? 0 : -1, EINVAL, "%s: neither tun nor tap", way);
	wrong = options;
	wrong.node = "/dev/null/nothing";
	result(tunx_open("lw0", IFF_TUN, &wrong) ? 0 : -1, ENOTDIR, "%s: no such node", way);
	ok(!if_exists("lw0"), "%s: none of these leaves a device", way);
	t = tunx_open(NULL, IFF_TUN, &options);
	ok(t && tunx_io(t) == io && if_exists(tunx_name(t)), "%s: opens, names it, says the way",
	   way);
	tunx_close(t);
	ok(!if_exists("tun0"), "%s: closed, the device is gone", way);
}

/* Many sizes; ten held at a time */
static void both_ways(void)
{
	struct tunx *t = begin("lw1", IFF_TUN);
	struct tunx_rec *held[10];
	int s = watch("lw1");
	unsigned int i, k, ins = 0, outs = 0;

	for (i = 0; i < 1000; i += 10) {
		for (k = 0; k < 10; k++)
			must(stack_send("lw1", (i + k) * 37 % 1400, i + k));
		for (k = 0; k < 10; k++)
			held[k] = tunx_recv(t);
		for (k = 0; k < 10; k++)
			ins += good(held[k], (i + k) * 37 % 1400, i + k);
		tunx_release(t);
		while (recv(s, in, sizeof(in), MSG_DONTWAIT) >= 0)
			;
		for (k = 0; k < 10; k++)
			put(t, (i + k) * 37 % 1400, i + k);
		flush(t);
		for (k = 0; k < 10; k++)
			outs += comes(s, (i + k) * 37 % 1400, i + k);
	}
	is(ins, 1000, "%s: frames to us, ten held at a time", way);
	is(outs, 1000, "%s: frames from us, ten a flush", way);
	is(tunx_stats(t)->sent, 1000, "%s: counted", way);
	printf("# measured: calls for 1,000 frames through libtunx, %s: %llu in, %llu out calls\n",
	       way, tunx_stats(t)->in_calls, tunx_stats(t)->out_calls);
	close(s);
	tunx_close(t);
}

/* Many times the memory that there is, and once more than it */
static void around(void)
{
	struct tunx *t = begin("lw2", IFF_TUN);
	int s = watch("lw2");
	unsigned int i, ins = 0, outs = 0;

	for (i = 0; i < 1500; i++) {
		must(stack_send("lw2", 1393, i));
		ins += good(tunx_recv(t), 1393, i);
		tunx_release(t);
		while (recv(s, in, sizeof(in), MSG_DONTWAIT) >= 0)
			;
		put(t, 1393, i);
		flush(t);
		outs += comes(s, 1393, i);
	}
	is(ins, 1500, "%s: to us, around and around", way);
	is(outs, 1500, "%s: from us", way);
	/* Not flushed; who asks for room flushes when there is none */
	for (i = 0, outs = 0; i < 500; i++) {
		struct tunx_rec *rec;

		while (!(rec = tunx_reserve(t, IP + 1393)) && errno == EAGAIN)
			if (tunx_wait(t, POLLOUT, 2000) <= 0)
				bail("%s: room", way);
		if (!rec)
			bail("%s: reserve", way);
		put(t, 1393, i);
	}
	flush(t);
	for (i = 0; i < 500; i++)
		outs += comes(s, 1393, i);
	is(outs, 500, "%s: more than there is room for, without a flush", way);
	close(s);
	tunx_close(t);
}

static void sizes(void)
{
	struct tunx *t = begin("lw3", IFF_TUN);
	int s = watch("lw3");
	static const size_t lens[] = { 0, 1, 3, 4, 5, 35, 36, 37, 65535 - IP };
	unsigned int i, ins = 0, outs = 0;

	must(if_setint("lw3", SIOCSIFMTU, 65535));
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		must(stack_send("lw3", lens[i], i));
		ins += good(tunx_recv(t), lens[i], i);
		tunx_release(t);
		while (recv(s, in, sizeof(in), MSG_DONTWAIT) >= 0)
			;
		put(t, lens[i], i);
		flush(t);
		outs += comes(s, lens[i], i);
	}
	is(ins, i, "%s: the smallest and the largest to us", way);
	is(outs, i, "%s: and from us", way);
	close(s);
	tunx_close(t);
}

static void segments(void)
{
	struct tunx *t = begin("lw4", IFF_TUN);
	size_t l4, len = vnet_packet(frame, false, TCP4, 60000, 5, &l4);
	struct vnet_hdr h = vnet_ask_gso(TCP4, l4, 1400), seen = { 0 };
	int s = vnet_packet_socket("lw4");
	struct tunx_rec *rec;

	is(tunx_offload(t, ALL_OFFLOADS), 0, "%s: offloads", way);
	rec = tunx_reserve(t, len);
	if (!rec)
		bail("%s: room for 60,000 bytes", way);
	memcpy(tunx_data(rec), frame, len);
	rec->flags = h.flags;
	rec->gso_type = h.gso_type;
	rec->gso_size = h.gso_size;
	rec->hdr_len = h.hdr_len;
	rec->csum_start = h.csum_start;
	rec->csum_offset = h.csum_offset;
	is(tunx_commit(t), 0, "%s: 60,000 bytes to be cut", way);
	flush(t);
	ok(readable(s, 2000), "%s: they come", way);
	is(vnet_read(s, &seen, 10, in, sizeof(in)), len, "%s: the stack has them whole", way);
	ok(seen.gso_type == GSO_TCPV4 && seen.gso_size == 1400 && !memcmp(in, frame, len),
	   "%s: and as they were", way);
	is(vnet_write(s, &h, 10, frame, len), 10 + (long)len, "%s: the stack sends them", way);
	rec = tunx_recv(t);
	ok(rec && rec->len == len && rec->gso_type == GSO_TCPV4 && rec->gso_size == 1400 &&
	   rec->flags & F_NEEDS_CSUM && rec->csum_start == l4 && rec->csum_offset == 16,
	   "%s: the record says how to cut them", way);
	ok(rec && !memcmp(tunx_data(rec), frame, len), "%s: all bytes", way);
	tunx_release(t);
	close(s);
	tunx_close(t);
}

/* A tag beside the frame, whether the way has a place for it or not */
static void tagged(void)
{
	struct tunx *t = tunx_open("lw5", IFF_TAP, &options);
	size_t len = ETH_HLEN + IP + 100;
	struct tunx_rec *rec;
	int s;

	if (!t)
		bail("%s: open", way);
	must(if_up("lw5"));
	if (system("ip link add link lw5 name lw5.7 type vlan id 7 2>/dev/null")) {
		skip("ip link knows no VLAN, or this kernel has none (CONFIG_VLAN_8021Q)",
		     "%s: a tag", way);
		tunx_close(t);
		return;
	}
	must(if_up("lw5.7"));
	s = watch("lw5.7");
	rec = tunx_reserve(t, len);
	if (!rec)
		bail("%s: room", way);
	pkt_fill(data, 100, 9);
	pkt_udp4(frame, "10.1.1.2", "10.1.1.1", 1, 2, data, 100);
	pkt_eth(tunx_data(rec), (uint8_t[]){ 255, 255, 255, 255, 255, 255 },
		(uint8_t[]){ 2, 0, 0, 0, 0, 1 }, ETH_P_IP, frame, IP + 100);
	rec->flags = TUNX_REC_VLAN;
	rec->vlan_tci = 7;
	rec->vlan_proto = htons(ETH_P_8021Q);
	is(tunx_commit(t), 0, "%s: a tag beside the frame", way);
	flush(t);
	ok(comes(s, 100, 9), "%s: comes out where it says", way);
	is(tunx_stats(t)->refused, 0, "%s: nothing refused", way);
	close(s);
	tunx_close(t);
}

static void waiting(void)
{
	struct tunx *t = begin("lw6", IFF_TUN);
	pid_t pid;

	is(tunx_wait(t, POLLIN, 0), 0, "%s: nothing there", way);
	is(tunx_wait(t, POLLIN, 20), 0, "%s: nothing after 20 ms", way);
	is(tunx_wait(t, POLLOUT, 1000), POLLOUT, "%s: room", way);
	is(tunx_wait(t, POLLERR, 0), -EINVAL, "%s: an event that cannot be asked for", way);
	is(tunx_wait(t, 0, 0), -EINVAL, "%s: no event", way);
	pid = must(fork());
	if (!pid) {
		usleep(50000);
		_exit(stack_send("lw6", 100, 1) < 0);
	}
	is(tunx_wait(t, POLLIN, 5000), POLLIN, "%s: a frame wakes us", way);
	ok(good(tunx_peek(t), 100, 1) && good(tunx_recv(t), 100, 1), "%s: it is there", way);
	result(tunx_recv(t) ? 0 : -1, EAGAIN, "%s: and no other", way);
	is(tunx_wait(t, POLLIN, 0), -EBUSY, "%s: who holds frames may not wait for more", way);
	tunx_release(t);
	must(stack_send("lw6", 10, 2));
	must(stack_send("lw6", 10, 3));
	ok(good(tunx_recv(t), 10, 2), "%s: the first of two", way);
	tunx_release(t);
	is(tunx_wait(t, POLLIN, 0), POLLIN, "%s: the second is there", way);
	ok(good(tunx_recv(t), 10, 3), "%s: the second of two", way);
	tunx_close(t);
}

static void misused(void)
{
	struct tunx *t = begin("lw7", IFF_TUN);
	struct tunx_rec *rec;
	unsigned int i;
	bool full = false;

	is(tunx_commit(t), -EINVAL, "%s: commit, and nothing is reserved", way);
	result(tunx_reserve(t, TUNX_FRAME_MAX + 1) ? 0 : -1, EMSGSIZE, "%s: a frame too long",
	       way);
	rec = tunx_reserve(t, 100);
	rec->len = 101;
	is(tunx_commit(t), -EINVAL, "%s: longer than what was reserved", way);
	rec->len = 0xffffffff;
	is(tunx_commit(t), -EINVAL, "%s: much longer", way);
	rec = tunx_reserve(t, 100);
	rec->off8 = 3;
	is(tunx_commit(t), -EINVAL, "%s: a frame in its record", way);
	rec = tunx_reserve(t, 100);
	rec->off8 = 5;
	is(tunx_commit(t), -EINVAL, "%s: one that begins late and is too long", way);
	flush(t);
	is(tunx_commit(t), -EINVAL, "%s: a flush in between", way);
	is(tunx_stats(t)->sent, 0, "%s: nothing was sent", way);
	must(if_setint("lw7", SIOCSIFMTU, 65535));
	for (i = 0; i < 1000 && !full; i++) {
		stack_send("lw7", 1400, i);
		full = !tunx_recv(t) && errno == ENOBUFS;
	}
	ok(full, "%s: all memory is held", way);
	tunx_release(t);
	discard(t);
	must(stack_send("lw7", 100, 1));
	ok(tunx_wait(t, POLLIN, 2000) == POLLIN && good(tunx_recv(t), 100, 1),
	   "%s: and given back", way);
	tunx_close(t);
}

static void refused(enum tunx_io io)
{
	struct tunx *t = begin("lw8", IFF_TUN);
	long before = if_stat("lw8", "rx_packets");
	const struct tunx_stats *st = tunx_stats(t);
	struct tunx_rec *rec;
	int s = watch("lw8");

	put(t, 10, 1);
	rec = tunx_reserve(t, IP + 10);
	if (!rec)
		bail("%s: room", way);
	pkt_udp4(tunx_data(rec), "10.1.1.2", "10.1.1.1", 1, 2, NULL, 10);
	rec->gso_type = 77;
	rec->gso_size = 5;
	is(tunx_commit(t), 0, "%s: nonsense of itself", way);
	put(t, 10, 2);
	is(tunx_flush(t), 0, "%s: is no error of the others", way);
	ok(comes(s, 10, 1) && comes(s, 10, 2), "%s: which come", way);
	is(if_stat("lw8", "rx_packets") - before, 2, "%s: and it does not", way);
	if (io == TUNX_IO_RING)
		is(eth_stat("lw8", "queue_0_rx_frame_errors"), 1, "%s: the kernel counts it", way);
	else
		ok(st->refused == 1 && st->refused_errno == EINVAL, "%s: it is counted", way);
	must(if_down("lw8"));
	put(t, 10, 3);
	is(tunx_flush(t), 0, "%s: device down", way);
	ok(io == TUNX_IO_RING || (st->refused == 2 && st->refused_errno == EIO),
	   "%s: that is counted, too", way);
	close(s);
	tunx_close(t);
}

static void queues(enum tunx_io io)
{
	struct tunx *q[4];
	int s, n = 0, outs = 0, i;

	q[0] = begin("lw9", IFF_TUN | IFF_MULTI_QUEUE);
	for (i = 1; i < 4; i++) {
		q[i] = tunx_open_queue(q[0]);
		if (!q[i])
			bail("%s: queue %d", way, i);
	}
	ok(tunx_io(q[3]) == io && !strcmp(tunx_name(q[3]), "lw9"), "%s: four queues", way);
	s = watch("lw9");
	for (i = 0; i < 4; i++) {
		put(q[i], 10, i);
		flush(q[i]);
		outs += comes(s, 10, i);
	}
	is(outs, 4, "%s: each sends", way);
	for (i = 0; i < 40; i++)
		must(stack_send("lw9", 100, i));
	for (i = 0; i < 4; i++)
		n += discard(q[i]);
	is(n, 40, "%s: one of them receives", way);
	for (i = 0; i < 3; i++)
		is(tunx_detach(q[i]), 0, "%s: detach queue %d", way, i);
	for (i = 0; i < 40; i++)
		must(stack_send("lw9", 100, i));
	is(discard(q[3]), 40, "%s: the last one has all", way);
	is(tunx_attach(q[0]), 0, "%s: attach", way);
	is(tunx_attach(q[0]), -EINVAL, "%s: once", way);
	close(s);
	for (i = 0; i < 4; i++)
		tunx_close(q[i]);
	ok(!if_exists("lw9"), "%s: all closed, the device is gone", way);
}

static void rooms(void)
{
	struct tunx *t;

	options.headroom = 64;
	options.tailroom = 128;
	t = begin("lw10", IFF_TUN);
	must(stack_send("lw10", 100, 1));
	must(stack_send("lw10", 200, 2));
	ok(good(tunx_peek(t), 100, 1), "%s: headroom", way);
	memset(tunx_data(tunx_recv(t)) - 64, 1, 64 + IP + 100 + 128);
	ok(good(tunx_recv(t), 200, 2), "%s: and tailroom are the program's", way);
	tunx_close(t);
	options.headroom = 0;
	options.tailroom = 0;
}

static void deleted(void)
{
	struct tunx *t = begin("lw11", IFF_TUN);
	struct nl_reply reply;
	int n;

	must(nl_dellink("lw11", &reply));
	result(tunx_recv(t) ? 0 : -1, EBADFD, "%s: deleted: recv", way);
	put(t, 10, 1);
	is(tunx_flush(t), -EBADFD, "%s: deleted: flush", way);
	n = tunx_wait(t, POLLIN, 1000);
	is(n, -EBADFD, "%s: deleted: wait", way);
	is(tunx_offload(t, 0), -EBADFD, "%s: deleted: offload", way);
	tunx_close(t);
}

static void try(enum tunx_io io)
{
	way = words[io];
	options = (struct tunx_options){
		.io = io, .to_user = SMALL, .to_stack = SMALL, .node = tun_node(),
	};
	opening(io);
	both_ways();
	around();
	sizes();
	segments();
	tagged();
	waiting();
	misused();
	refused(io);
	queues(io);
	rooms();
	deleted();
}

int main(void)
{
	struct tunx *t;

	ktap_begin();
	netns_new();
	options.node = tun_node();
	t = tunx_open("lw0", IFF_TUN, &options);
	ok(t && tunx_io(t) == (tun_is_tunx() ? TUNX_IO_RING : TUNX_IO_PLAIN), "what auto finds");
	tunx_close(t);
	try(TUNX_IO_PLAIN);
	if (tun_is_tunx()) {
		try(TUNX_IO_BATCH);
		try(TUNX_IO_RING);
		return ktap_end();
	}
	options.io = TUNX_IO_BATCH;
	result(tunx_open("lw0", IFF_TUN, &options) ? 0 : -1, EOPNOTSUPP, "stock: no batch");
	options.io = TUNX_IO_RING;
	result(tunx_open("lw0", IFF_TUN, &options) ? 0 : -1, EOPNOTSUPP, "stock: no ring");
	return ktap_end();
}
