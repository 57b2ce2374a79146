// SPDX-License-Identifier: GPL-2.0
/*
 * Many frames a call: TUNXSETBATCH, and what read() and write() do after it.
 *
 *	AF_PACKET --- net device --- one file: [ record | frame ] [ record | frame ] ...
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/tunx.h>
#include "vnet.h"

#define REC	sizeof(struct tunx_rec)
#define IP	28		/* bytes of IPv4 and UDP headers */
#define MARK	0xaa

static unsigned char buf[300000], frame[70000];
static int fd;

static int set(__u32 flags, __u16 headroom, __u16 tailroom)
{
	struct tunx_batch b = { sizeof(b), flags, headroom, tailroom };

	return ioctl(fd, TUNXSETBATCH, &b);
}

static void arguments(void)
{
	struct { struct tunx_batch b; __u32 more; } longer = {
		.b = { sizeof(longer), TUNX_BATCH_RECORDS, 0, 0 },
	};
	struct tunx_batch b = { sizeof(b) - 1, TUNX_BATCH_RECORDS, 0, 0 };

	fd = tun_open(O_RDWR | O_NONBLOCK);
	result(set(TUNX_BATCH_RECORDS, 0, 0), 0, "a file without a device");
	must(tun_setiff(fd, "ba0", IFF_TUN | IFF_NO_PI));
	result(set(2, 0, 0), EINVAL, "an unknown flag");
	result(set(TUNX_BATCH_RECORDS, 4, 0), EINVAL, "headroom of 4");
	result(set(TUNX_BATCH_RECORDS, 0, 12), EINVAL, "tailroom of 12");
	result(set(TUNX_BATCH_RECORDS, 520, 0), EINVAL, "headroom of 520");
	result(set(TUNX_BATCH_RECORDS, 0, 520), EINVAL, "tailroom of 520");
	result(set(TUNX_BATCH_RECORDS, 512, 512), 0, "both of 512");
	result(ioctl(fd, TUNXSETBATCH, BAD_PTR), EFAULT, "a bad pointer");
	result(ioctl(fd, TUNXSETBATCH, &b), EINVAL, "a struct too short");
	result(ioctl(fd, TUNXSETBATCH, &longer), 0, "a longer one, zero at its end");
	longer.more = 1;
	result(ioctl(fd, TUNXSETBATCH, &longer), E2BIG, "a longer one, and not zero");
	result(set(0, 0, 0), 0, "off");
	close(fd);
}

static void begin(const char *name, int flags, __u16 headroom, __u16 tailroom)
{
	fd = tun_new(name, flags);
	must(if_up(name));
	settle(fd, name);
	must(set(TUNX_BATCH_RECORDS, headroom, tailroom));
}

static bool untouched(const unsigned char *p, size_t len)
{
	while (len && p[len - 1] == MARK)
		len--;
	return !len;
}

static size_t align8(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

/* Is there a record at @at, with packet @seed of @len bytes payload? Its end, or 0 */
static size_t good_record(size_t at, size_t len, unsigned int seed, size_t headroom,
			  size_t tailroom)
{
	struct tunx_rec rec;
	size_t data = at + REC + headroom, end;

	memcpy(&rec, buf + at, REC);
	end = data + align8(rec.len + tailroom);
	if (rec.len != IP + len || rec.off8 * 8 != (int)(REC + headroom) ||
	    rec.proto != htons(ETH_P_IP) || rec.gso_type || rec.hash_report ||
	    !untouched(buf + at + REC, headroom) ||
	    !pkt_match(buf + data + IP, len, seed) ||
	    !untouched(buf + data + rec.len, end - data - rec.len)) {
		printf("# record %u at %zu: %u bytes, off8 %u, proto %#x\n", seed, at, rec.len,
		       rec.off8, ntohs(rec.proto));
		return 0;
	}
	return end;
}

static size_t length_of(unsigned int i)
{
	return i * 37 % 1400;
}

static void reading(size_t headroom, size_t tailroom)
{
	size_t at = 0, all = 0, two;
	unsigned int i;
	long before;
	ssize_t n;

	begin("ba1", IFF_TUN | IFF_NO_PI, headroom, tailroom);
	before = if_stat("ba1", "tx_packets");
	result(read(fd, buf, sizeof(buf)), EAGAIN, "rooms %zu/%zu: nothing there", headroom,
	       tailroom);
	for (i = 0; i < 100; i++) {
		must(stack_send("ba1", length_of(i), i));
		all += REC + headroom + align8(IP + length_of(i) + tailroom);
	}
	memset(buf, MARK, sizeof(buf));
	is(read(fd, buf, sizeof(buf)), all, "rooms %zu/%zu: one read takes a hundred", headroom,
	   tailroom);
	for (i = 0; i < 100; i++) {
		at = good_record(at, length_of(i), i, headroom, tailroom);
		if (!at)
			break;
	}
	is(i, 100, "rooms %zu/%zu: each is what was sent", headroom, tailroom);
	ok(untouched(buf + all, sizeof(buf) - all), "rooms %zu/%zu: nothing behind them", headroom,
	   tailroom);

	/* Two and a half */
	two = 2 * (REC + headroom + align8(IP + 100 + tailroom));
	for (i = 0; i < 3; i++)
		must(stack_send("ba1", 100, i));
	result(read(fd, buf, two / 2 - 1), EMSGSIZE, "rooms %zu/%zu: no room for the first",
	       headroom, tailroom);
	memset(buf, MARK, sizeof(buf));
	n = read(fd, buf, two / 2 * 3 - 1);
	is(n, two, "rooms %zu/%zu: room for two and a half", headroom, tailroom);
	at = good_record(0, 100, 0, headroom, tailroom);
	ok(at && good_record(at, 100, 1, headroom, tailroom) && untouched(buf + two, 1000),
	   "rooms %zu/%zu: two of them, whole", headroom, tailroom);
	memset(buf, MARK, sizeof(buf));
	is(read(fd, buf, sizeof(buf)), two / 2, "rooms %zu/%zu: then the third", headroom,
	   tailroom);
	ok(good_record(0, 100, 2, headroom, tailroom), "rooms %zu/%zu: whole", headroom, tailroom);
	is(if_stat("ba1", "tx_packets") - before, 103, "rooms %zu/%zu: counted", headroom,
	   tailroom);
	is(eth_stat("ba1", "queue_0_tx_lost"), 0, "rooms %zu/%zu: none lost", headroom, tailroom);

	must(stack_send("ba1", 50, 9));
	result(read(fd, BAD_PTR, 4096), EFAULT, "rooms %zu/%zu: a bad buffer", headroom, tailroom);
	is(eth_stat("ba1", "queue_0_tx_lost"), 1, "rooms %zu/%zu: it costs the frame",
	   headroom, tailroom);
	must(set(0, 0, 0));
	must(stack_send("ba1", 50, 9));
	is(read(fd, buf, sizeof(buf)), IP + 50, "rooms %zu/%zu: off: a frame without a record",
	   headroom, tailroom);
	close(fd);
}

static void waiting(void)
{
	int flags;
	pid_t pid;

	begin("ba2", IFF_TUN | IFF_NO_PI, 0, 0);
	flags = fcntl(fd, F_GETFL);
	must(fcntl(fd, F_SETFL, flags & ~O_NONBLOCK));
	ok(!readable(fd, 0), "poll: nothing to read");
	pid = must(fork());
	if (!pid) {
		usleep(100000);
		_exit(stack_send("ba2", 100, 1) < 0);
	}
	memset(buf, MARK, sizeof(buf));
	is(read(fd, buf, sizeof(buf)), REC + align8(IP + 100), "a read waits for the first only");
	ok(good_record(0, 100, 1, 0, 0), "and gets it");
	must(stack_send("ba2", 10, 2));
	ok(readable(fd, 1000), "poll: something to read");
	close(fd);
}

/* Appends a record and a frame to buf */
static size_t add(size_t at, const struct tunx_rec *rec, const void *data, size_t len)
{
	struct tunx_rec r = *rec;

	r.len = len;
	r.off8 = r.off8 ?: REC / 8;
	memcpy(buf + at, &r, REC);
	memcpy(buf + at + r.off8 * 8, data, len);
	return at + align8(r.off8 * 8 + len);
}

static size_t packet(unsigned int seed, size_t len)
{
	static unsigned char payload[2000];

	pkt_fill(payload, len, seed);
	return pkt_udp4(frame, "10.1.1.2", "10.1.1.1", 1000, 2000, payload, len);
}

static bool arrives(int watch, size_t len, unsigned int seed)
{
	static unsigned char got[70000];

	if (!readable(watch, 2000))
		return false;
	return read(watch, got, sizeof(got)) == (ssize_t)(IP + len) &&
	       pkt_match(got + IP, len, seed);
}

static void writing(const char *how, int flags)
{
	struct tunx_rec rec = { 0 };
	unsigned int i, good = 0;
	size_t at = 0, bad;
	int watch;

	begin("ba3", IFF_TUN | IFF_NO_PI | flags, 0, 0);
	watch = packet_socket("ba3", SOCK_DGRAM, ETH_P_IP);
	for (i = 0; i < 100; i++) {
		rec.off8 = i % 3 ? 0 : 6;
		rec.proto = i % 2 ? htons(ETH_P_IP) : 0;
		at = add(at, &rec, frame, packet(i, length_of(i)));
	}
	is(write(fd, buf, at), at, "%s: one write gives a hundred", how);
	for (i = 0; i < 100; i++)
		good += arrives(watch, length_of(i), i);
	is(good, 100, "%s: they arrive, in order", how);
	is(if_stat("ba3", "rx_packets"), 100, "%s: counted", how);

	/* The third of five is refused */
	rec = (struct tunx_rec){ 0 };
	at = add(0, &rec, frame, packet(1, 10));
	at = add(at, &rec, frame, packet(2, 10));
	bad = at;
	rec.flags = 0x8000;
	at = add(at, &rec, frame, packet(3, 10));
	rec.flags = 0;
	at = add(at, &rec, frame, packet(4, 10));
	is(write(fd, buf, at), bad, "%s: up to the first that is refused", how);
	result(write(fd, buf + bad, at - bad), EINVAL, "%s: why it is", how);
	ok(arrives(watch, 10, 1) && arrives(watch, 10, 2), "%s: those before it arrive", how);
	ok(!readable(watch, 50), "%s: and no other", how);
	must(set(0, 0, 0));
	is(write(fd, frame, packet(5, 20)), IP + 20, "%s: off: a frame without a record", how);
	ok(arrives(watch, 20, 5), "%s: it arrives", how);
	close(watch);
	close(fd);
}

static void refused(const char *what, const struct tunx_rec *rec, size_t len, size_t total, int err)
{
	struct tunx_rec r = *rec;

	memcpy(buf, &r, REC);
	memcpy(buf + REC, frame, sizeof(buf) - REC < len ? sizeof(buf) - REC : len);
	result(write(fd, buf, total), err, "refused: %s", what);
}

static void bad_records(void)
{
	size_t len = packet(1, 100);
	const struct tunx_rec fine = { .len = len, .off8 = REC / 8 };
	struct tunx_rec rec = fine;

	begin("ba4", IFF_TUN | IFF_NO_PI, 0, 0);
	refused("nothing at all is written", &fine, len, 0, 0);
	refused("half of a record", &fine, len, REC / 2, EINVAL);
	refused("a record without its frame", &fine, len, REC, EINVAL);
	refused("all but the last byte", &fine, len, REC + len - 1, EINVAL);
	rec.off8 = 3;
	refused("a frame that begins in its record", &rec, len, REC + len, EINVAL);
	rec.off8 = 255;
	refused("a frame that begins behind the end", &rec, len, REC + len, EINVAL);
	rec = fine;
	rec.len = 0xffffffff;
	refused("4 GiB", &rec, len, REC + len, EINVAL);
	rec.len = 0;
	refused("no byte", &rec, len, REC, EINVAL);
	rec = fine;
	rec.flags = TUNX_REC_VLAN;
	rec.vlan_proto = htons(ETH_P_8021Q);
	refused("a VLAN tag on a tun", &rec, len, REC + len, EINVAL);
	rec = fine;
	rec.hdr_len = len + 1;
	refused("headers longer than the frame", &rec, len, REC + len, EINVAL);
	rec = fine;
	rec.gso_type = GSO_TCPV4;
	refused("segments of no size", &rec, len, REC + len, EINVAL);
	rec = fine;
	rec.flags = F_NEEDS_CSUM;
	rec.csum_start = len;
	refused("a checksum behind the end", &rec, len, REC + len, EINVAL);
	frame[0] = 0x15;
	refused("neither IPv4 nor IPv6", &fine, len, REC + len, EINVAL);
	must(if_down("ba4"));
	packet(1, 100);
	refused("a device that is down", &fine, len, REC + len, EIO);
	result(write(fd, BAD_PTR, 4096), EFAULT, "refused: a bad buffer");
	close(fd);

	begin("ba5", IFF_TAP | IFF_NO_PI, 0, 0);
	rec = fine;
	rec.len = 13;
	refused("13 bytes on a tap", &rec, len, REC + 13, EINVAL);
	rec = fine;
	rec.flags = TUNX_REC_VLAN;
	rec.vlan_proto = htons(ETH_P_IP);
	refused("a VLAN tag that is none", &rec, len, REC + len, EINVAL);
	close(fd);
}

static void vlan(void)
{
	struct tunx_rec rec = {
		.flags = TUNX_REC_VLAN, .vlan_tci = 0x6005, .vlan_proto = htons(ETH_P_8021Q),
	};
	size_t len, at;
	int watch;

	begin("ba6", IFF_TAP | IFF_NO_PI, 0, 0);
	if (system("ip link add link ba6 name ba6.5 type vlan id 5 2>/dev/null && "
		   "ip link set ba6.5 up")) {
		skip("needs ip and the kernel's vlan", "VLAN tags beside a frame");
		close(fd);
		return;
	}
	settle(fd, "ba6");
	watch = packet_socket("ba6.5", SOCK_DGRAM, ETH_P_IP);
	len = packet(1, 100);
	memmove(frame + ETH_HLEN, frame, len);
	memset(frame, 0xff, 6);
	memset(frame + 6, 2, 6);
	frame[12] = 8;
	frame[13] = 0;
	at = add(0, &rec, frame, ETH_HLEN + len);
	is(write(fd, buf, at), at, "VLAN: a tag in the record");
	ok(arrives(watch, 100, 1), "VLAN: the frame comes out where the tag says");
	must(packet_send(watch, ETH_P_IP, frame + ETH_HLEN, len));
	memset(buf, 0, REC);
	ok(read(fd, buf, sizeof(buf)) > 0, "VLAN: and one the other way");
	memcpy(&rec, buf, REC);
	ok(rec.flags & TUNX_REC_VLAN && (rec.vlan_tci & 0xfff) == 5 &&
	   rec.vlan_proto == htons(ETH_P_8021Q) && rec.len == ETH_HLEN + len,
	   "VLAN: has its tag in the record");
	close(watch);
	close(fd);
}

static void offloads(void)
{
	size_t l4, len = vnet_packet(frame, false, TCP4, 60000, 3, &l4), at;
	struct vnet_hdr h = vnet_ask_gso(TCP4, l4, 1400);
	struct tunx_rec rec = {
		.flags = h.flags, .gso_type = h.gso_type, .gso_size = h.gso_size,
		.hdr_len = h.hdr_len, .csum_start = h.csum_start, .csum_offset = h.csum_offset,
	};
	static unsigned char got[70000];
	struct vnet_hdr seen = { 0 };
	int watch;

	begin("ba7", IFF_TUN | IFF_NO_PI, 0, 0);
	must(ioctl(fd, TUNSETOFFLOAD, ALL_OFFLOADS));
	watch = vnet_packet_socket("ba7");
	at = add(0, &rec, frame, len);
	at = add(at, &rec, frame, len);
	is(write(fd, buf, at), at, "GSO: two of 60,000 bytes in a write");
	is(vnet_read(watch, &seen, 10, got, sizeof(got)), len, "GSO: the stack has it whole");
	ok(seen.gso_type == GSO_TCPV4 && seen.gso_size == 1400 && !memcmp(got, frame, len),
	   "GSO: and as it was");
	is(vnet_read(watch, &seen, 10, got, sizeof(got)), len, "GSO: the second, too");

	is(vnet_write(watch, &h, 10, frame, len), 10 + (long)len, "GSO: the stack sends one");
	is(read(fd, buf, sizeof(buf)), REC + align8(len), "GSO: it is read whole");
	memcpy(&rec, buf, REC);
	ok(rec.len == len && rec.gso_type == GSO_TCPV4 && rec.gso_size == 1400 &&
	   rec.flags & F_NEEDS_CSUM && rec.csum_start == l4 && rec.csum_offset == 16,
	   "GSO: the record says how to cut it");
	ok(!memcmp(buf + REC, frame, len), "GSO: all bytes");
	close(watch);
	close(fd);
}

int main(void)
{
	ktap_begin();
	if (!tun_is_tunx()) {
		skip("stock has no records", "many frames a call");
		return ktap_end();
	}
	netns_new();
	arguments();
	reading(0, 0);
	reading(64, 16);
	waiting();
	writing("plain", 0);
	writing("NAPI", IFF_NAPI);
	bad_records();
	vlan();
	offloads();
	return ktap_end();
}
