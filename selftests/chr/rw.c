// SPDX-License-Identifier: GPL-2.0
/*
 * read(2) and write(2): framing, truncation, bad buffers and the order of the
 * checks, on both types with and without packet info.
 *
 *	AF_PACKET --> [net device] --> read: [PI] packet
 *	stack     <-- [net device] <-- write: [PI] packet
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <sys/mman.h>
#include "tuntest.h"
#include "differences.h"

#define IPLEN	(28 + 100)	/* what stack_send(name, 100, ...) makes */

static char buf[70000];
static char *edge;	/* everything from here on faults */

static void map_edge(void)
{
	long page = sysconf(_SC_PAGESIZE);
	char *map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(mprotect(map + page, page, PROT_NONE));
	edge = map + page;
}

static int up(const char *name, int flags)
{
	int fd = tun_new(name, flags);

	must(if_up(name));
	return fd;
}

static bool is_packet(const char *p, unsigned int seed)
{
	return p[0] == 0x45 && pkt_match(p + 28, 100, seed);
}

static void unattached(void)
{
	int fd = tun_open(O_RDWR);
	struct iovec iov = { buf, 10 };

	result(read(fd, buf, sizeof(buf)), EBADFD, "read on an unattached fd");
	result(read(fd, buf, 0), EBADFD, "read of 0 bytes on an unattached fd");
	result(write(fd, buf, 10), EBADFD, "write on an unattached fd");
	result(write(fd, buf, 0), EBADFD, "write of 0 bytes on an unattached fd");
	result(readv(fd, &iov, 1), EBADFD, "readv on an unattached fd");
	result(writev(fd, &iov, 1), EBADFD, "writev on an unattached fd");
	result(read(fd, BAD_PTR, 10), EBADFD, "a bad pointer does not come first");
	close(fd);
}

static void read_plain(void)
{
	int fd = up("rd0", IFF_TUN | IFF_NO_PI);
	char head[10], rest[500];
	struct iovec iov[] = {
		{ head, sizeof(head) }, { NULL, 0 }, { rest, sizeof(rest) },
	};

	result(read(fd, buf, sizeof(buf)), EAGAIN, "nonblocking read, nothing there");
	result(read(fd, buf, 0), 0, "read of 0 bytes, nothing there");
	must(stack_send("rd0", 100, 1));
	must(stack_send("rd0", 100, 2));
	is(if_stat("rd0", "tx_packets"), 0, "a packet does not count until it is read");
	is(read(fd, buf, 0), 0, "read of 0 bytes gives 0");
	is(read(fd, buf, sizeof(buf)), IPLEN, "and takes no packet: read gives one whole");
	ok(is_packet(buf, 1), "it is the first, unchanged");
	is(if_stat("rd0", "tx_packets"), 1, "tx_packets counts it now");
	is(if_stat("rd0", "tx_bytes"), IPLEN, "tx_bytes counts its bytes");
	is(read(fd, buf, sizeof(buf)), IPLEN, "one packet per read");
	ok(is_packet(buf, 2), "in order");

	must(stack_send("rd0", 100, 3));
	is(read(fd, buf, 50), 50, "a short buffer truncates");
	ok(buf[0] == 0x45 && pkt_match(buf + 28, 0, 3), "to the head of the packet");
	result(read(fd, buf, sizeof(buf)), EAGAIN, "the rest is lost");
	is(if_stat("rd0", "tx_packets"), 3, "a truncated packet counts");

	must(stack_send("rd0", 100, 4));
	is(readv(fd, iov, 3), IPLEN, "readv spreads one packet");
	memcpy(buf, head, sizeof(head));
	memcpy(buf + sizeof(head), rest, sizeof(rest));
	ok(is_packet(buf, 4), "over its buffers");
	must(stack_send("rd0", 100, 5));
	is(pread(fd, buf, sizeof(buf), 12345), IPLEN, "pread ignores the offset");
	must(stack_send("rd0", 100, 6));
	iov[0] = (struct iovec){ buf, sizeof(buf) };
	is(preadv(fd, iov, 1, 999), IPLEN, "preadv too");
	ok(is_packet(buf, 6), "and gives the packet");
	must(stack_send("rd0", 100, 7));
	must(if_down("rd0"));
	is(read(fd, buf, sizeof(buf)), IPLEN, "what was queued is read when the device is down");
	close(fd);
}

static void read_pi(void)
{
	int fd = up("rd1", IFF_TUN);
	struct tun_pi *pi = (void *)buf;

	must(stack_send("rd1", 100, 1));
	is(read(fd, buf, sizeof(buf)), 4 + IPLEN, "with PI a read gives 4 bytes more");
	is(pi->flags, 0, "PI flags are 0");
	is(ntohs(pi->proto), ETH_P_IP, "PI proto is that of the packet");
	ok(is_packet(buf + 4, 1), "the packet follows");
	is(if_stat("rd1", "tx_bytes"), IPLEN, "PI is not counted in tx_bytes");

	must(stack_send("rd1", 100, 2));
	is(read(fd, buf, 4 + IPLEN), 4 + IPLEN, "an exact buffer is enough");
	is(pi->flags, 0, "and the packet not marked stripped");
	must(stack_send("rd1", 100, 3));
	is(read(fd, buf, 3 + IPLEN), 3 + IPLEN, "one byte less");
	is(pi->flags, TUN_PKT_STRIP, "is marked TUN_PKT_STRIP");
	must(stack_send("rd1", 100, 4));
	is(read(fd, buf, 4), 4, "a buffer for PI alone gets it");
	is(pi->flags, TUN_PKT_STRIP, "marked as stripped");
	must(stack_send("rd1", 100, 5));
	result(read(fd, buf, 3), EINVAL, "a buffer too short for PI");
	result(read(fd, buf, sizeof(buf)), EAGAIN, "costs the packet");
	close(fd);
}

static void read_faults(void)
{
	int raw = up("rf0", IFF_TUN | IFF_NO_PI), pi = up("rf1", IFF_TUN);
	int bad = bad_buffer_faults() ? EFAULT : 0;

	must(stack_send("rf0", 100, 1));
	result(read(raw, BAD_PTR, 1000), bad, "read without PI into a bad buffer");
	result(read(raw, buf, 1000), EAGAIN, "takes the packet");
	must(stack_send("rf0", 100, 2));
	result(read(raw, edge - 40, 1000), bad, "read into a buffer bad half-way");
	result(read(raw, buf, 1000), EAGAIN, "takes the packet");
	must(stack_send("rf0", 100, 3));
	result(read(raw, edge - IPLEN, 1000), 0, "bytes behind the packet may be bad");

	must(stack_send("rf1", 100, 1));
	result(read(pi, BAD_PTR, 1000), EFAULT, "read with PI into a bad buffer");
	result(read(pi, buf, 1000), EAGAIN, "takes the packet");
	must(stack_send("rf1", 100, 2));
	result(read(pi, edge - 2, 1000), EFAULT, "read whose buffer is bad inside PI");
	must(stack_send("rf1", 100, 3));
	result(read(pi, edge - 40, 1000), bad, "read whose buffer is bad behind PI");
	result(read(pi, buf, 1000), EAGAIN, "takes the packet");
	close(raw);
	close(pi);
}

static void write_tun(void)
{
	int fd = up("wt0", IFF_TUN | IFF_NO_PI);
	size_t len;

	memset(buf, 0, sizeof(buf));
	result(write(fd, buf, 0), EINVAL, "TUN: write of 0 bytes");
	result(write(fd, NULL, 0), EINVAL, "TUN: the same with NULL (wireguard-go)");
	buf[0] = 0x55;
	result(write(fd, buf, 40), EINVAL, "TUN: neither IPv4 nor IPv6");
	buf[0] = 0;
	result(write(fd, buf, 40), EINVAL, "TUN: version 0");
	buf[0] = 0x45;
	is(write(fd, buf, 1), 1, "TUN: one byte 0x45 is a packet");
	buf[0] = 0x60;
	is(write(fd, buf, 40), 40, "TUN: IPv6");
	is(if_stat("wt0", "rx_packets"), 2, "TUN: rx_packets counts the good ones");
	is(if_stat("wt0", "rx_bytes"), 41, "TUN: rx_bytes counts their bytes");
	len = pkt_udp4(buf, "10.1.0.2", "10.1.0.1", 1, 2, NULL, 0);
	result(write(fd, BAD_PTR, len), EFAULT, "TUN: write from a bad buffer");
	memcpy(edge - 10, buf, 10);
	result(write(fd, edge - 10, len), EFAULT, "TUN: from one bad half-way");
	is(pwrite(fd, buf, len, 777), (long)len, "TUN: pwrite ignores the offset");
	len = pkt_udp4(buf, "10.1.0.2", "10.1.0.1", 1, 2, buf, 9000);
	is(write(fd, buf, len), (long)len, "TUN: the MTU is not checked");
	must(if_down("wt0"));
	result(write(fd, buf, len), EIO, "TUN: down");
	result(write(fd, buf, 0), EINVAL, "TUN: down, 0 bytes: malformed comes first");
	buf[0] = 0x10;
	result(write(fd, buf, len), EINVAL, "TUN: down, bad version: malformed comes first");
	result(write(fd, BAD_PTR, len), EFAULT, "TUN: down, bad buffer: EFAULT comes first");
	close(fd);
}

static void write_drops(void)
{
	int fd = up("wd0", IFF_TUN | IFF_NO_PI), tap = up("wd1", IFF_TAP);

	memset(buf, 0, 100);
	write(fd, buf, 0);
	is(if_stat("wd0", "rx_dropped"), 1, "an empty TUN packet counts as rx_dropped");
	write(fd, buf, 40);
	is(if_stat("wd0", "rx_dropped"), 2, "a bad IP version too");
	write(fd, BAD_PTR, 40);
	is(if_stat("wd0", "rx_dropped"), 3, "a payload that faults too");
	must(if_down("wd0"));
	buf[0] = 0x45;
	write(fd, buf, 40);
	is(if_stat("wd0", "rx_dropped"), 4, "a device that is down too");
	is(if_stat("wd0", "rx_packets"), 0, "and none as rx_packets");
	write(tap, buf, 2);
	write(tap, BAD_PTR, 60);
	write(tap, buf, 4 + 13);
	is(if_stat("wd1", "rx_dropped"), 0,
	   "a frame refused for its length or PI is not counted");
	close(fd);
	close(tap);
}

static void write_pi(void)
{
	int tun = up("wp0", IFF_TUN), tap = up("wp1", IFF_TAP), peer;
	struct tun_pi *pi = (void *)buf;
	struct iovec iov[] = { { buf, 4 }, { buf + 4, 40 } };
	struct iovec odd[] = { { buf, 3 }, { buf + 3, 20 }, { buf + 23, 21 } };
	char back[100];

	memset(buf, 0, 200);
	result(write(tun, buf, 0), EINVAL, "TUN with PI: 0 bytes");
	result(write(tun, buf, 3), EINVAL, "TUN with PI: 3 bytes");
	result(write(tun, BAD_PTR, 3), EINVAL, "TUN with PI: length comes before the buffer");
	result(write(tun, BAD_PTR, 40), EFAULT, "TUN with PI: bad buffer");
	result(write(tun, edge - 2, 40), EFAULT, "TUN with PI: buffer bad inside PI");
	result(write(tun, edge - 6, 40), EFAULT, "TUN with PI: buffer bad behind PI");
	is(write(tun, buf, 4), 4, "TUN with PI: PI alone is an empty packet");
	peer = packet_socket("wp0", SOCK_RAW, ETH_P_ALL);
	pi->proto = htons(0x88b5);
	pi->flags = 0xffff;
	pkt_fill(buf + 4, 40, 9);
	is(write(tun, buf, 44), 44, "TUN with PI: any protocol, any flags, any payload");
	ok(readable(peer, 1000) && recv(peer, back, sizeof(back), 0) == 40 &&
	   pkt_match(back, 40, 9), "TUN with PI: the packet arrives without PI");
	is(writev(tun, iov, 2), 44, "TUN with PI: writev gathers");
	ok(readable(peer, 1000) && recv(peer, back, sizeof(back), 0) == 40 &&
	   pkt_match(back, 40, 9), "TUN with PI: into one packet");
	is(writev(tun, odd, 3), 44, "TUN with PI: also across odd boundaries");
	ok(readable(peer, 1000) && recv(peer, back, sizeof(back), 0) == 40 &&
	   pkt_match(back, 40, 9), "TUN with PI: same packet");
	is(if_stat("wp0", "rx_bytes"), 3 * 40, "TUN with PI: rx_bytes is without PI");
	close(peer);

	memset(buf, 0, 200);
	result(write(tap, buf, 3), EINVAL, "TAP with PI: 3 bytes");
	result(write(tap, buf, 4), EINVAL, "TAP with PI: PI alone");
	result(write(tap, buf, 4 + 13), EINVAL, "TAP with PI: 13 byte frame");
	is(write(tap, buf, 4 + 14), 18, "TAP with PI: 14 byte frame");
	pi->proto = htons(0x1234);
	is(write(tap, buf, 4 + 60), 64, "TAP with PI: PI is ignored");
	is(if_stat("wp1", "rx_bytes"), 14 + 60, "TAP: rx_bytes has the Ethernet header in it");
	close(tun);
	close(tap);
}

static void write_tap(void)
{
	int fd = up("wa0", IFF_TAP | IFF_NO_PI);

	memset(buf, 0, 200);
	result(write(fd, buf, 0), EINVAL, "TAP: 0 bytes");
	result(write(fd, buf, 13), EINVAL, "TAP: 13 bytes");
	result(write(fd, BAD_PTR, 13), EINVAL, "TAP: 13 bytes from a bad buffer");
	is(write(fd, buf, 14), 14, "TAP: 14 bytes");
	result(write(fd, BAD_PTR, 60), EFAULT, "TAP: bad buffer");
	must(if_down("wa0"));
	result(write(fd, buf, 13), EINVAL, "TAP: down, 13 bytes: malformed comes first");
	result(write(fd, buf, 60), EIO, "TAP: down");
	must(if_up("wa0"));
	must(nl_set_carrier("wa0", 0));
	is(write(fd, buf, 60), 60, "TAP: carrier off does not hinder a write");
	close(fd);
}

static void write_huge(void)
{
	int fd = up("wh0", IFF_TUN | IFF_NO_PI);
	char *huge = calloc(1, 5 << 20);

	huge[0] = 0x45;
	is(write(fd, huge, 65536), 65536, "a packet of 64 KiB");
	is(write(fd, huge, 200000), 200000, "a packet of 200,000 bytes");
	is(write(fd, huge, 1 << 20), 1 << 20, "a packet of 1 MiB");
	result(write(fd, huge, 5 << 20), ENOBUFS, "a packet of 5 MiB is too much");
	free(huge);
	close(fd);
}

static void nowait(void)
{
	int fd = tun_open(O_RDWR), err = has_rwf_nowait() ? EAGAIN : EOPNOTSUPP;
	struct iovec iov = { buf, sizeof(buf) };

	must(tun_setiff(fd, "nw0", IFF_TUN | IFF_NO_PI));
	must(if_up("nw0"));
	result(preadv2(fd, &iov, 1, -1, RWF_NOWAIT), err,
	       "RWF_NOWAIT read on a blocking fd, nothing there");
	must(stack_send("nw0", 100, 1));
	result(preadv2(fd, &iov, 1, -1, RWF_NOWAIT), err == EAGAIN ? 0 : err,
	       "RWF_NOWAIT read, packet there");
	iov.iov_len = pkt_udp4(buf, "10.1.0.2", "10.1.0.1", 1, 2, NULL, 0);
	result(pwritev2(fd, &iov, 1, -1, RWF_NOWAIT), err == EAGAIN ? 0 : err,
	       "RWF_NOWAIT write");
	iov.iov_len = sizeof(buf);
	must(fcntl(fd, F_SETFL, O_NONBLOCK));
	drain(fd);
	result(read(fd, buf, sizeof(buf)), EAGAIN, "O_NONBLOCK set later counts");
	close(fd);
}

int main(void)
{
	ktap_begin();
	netns_new();
	map_edge();
	unattached();
	read_plain();
	read_pi();
	read_faults();
	write_tun();
	write_drops();
	write_pi();
	write_tap();
	write_huge();
	nowait();
	return ktap_end();
}
