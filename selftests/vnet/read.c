// SPDX-License-Identifier: GPL-2.0
/*
 * The vnet header that a reader gets: sizes, the zeros in it, checksums to
 * complete, frames to cut, and VLAN tags that shift its numbers.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include "vnet.h"
#include "differences.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT	103
#endif

static unsigned char buf[70000], data[70000];

static bool each(const unsigned char *p, size_t n, unsigned char value)
{
	while (n--)
		if (*p++ != value)
			return false;
	return true;
}

static void sizes(const char *type, int flags)
{
	static const int sizes[] = { 10, 11, 12, 20, 24, 25, 1000 };
	int fd = tun_new("vr0", flags | IFF_VNET_HDR), pi = flags & IFF_NO_PI ? 0 : 4;
	size_t frame = (flags & IFF_TAP ? 14 : 0) + 28 + 100;
	unsigned int i;

	must(if_up("vr0"));
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		int size = sizes[i];

		must(ioctl(fd, TUNSETVNETHDRSZ, &size));
		must(stack_send("vr0", 100, i));
		memset(buf, 0x5a, sizeof(buf));
		is(read(fd, buf, sizeof(buf)), pi + size + (long)frame, "%s: size %d", type, size);
		ok(each(buf + pi, 10, 0), "%s: size %d: nothing to say is zeros", type, size);
		if (zeroes_header_tail())
			ok(each(buf + pi + 10, size - 10, 0), "%s: size %d: the tail is zero",
			   type, size);
		ok(pkt_match(buf + pi + size + frame - 100, 100, i), "%s: size %d: payload",
		   type, size);
		must(stack_send("vr0", 100, i));
		is(read(fd, buf, pi + size), pi + size, "%s: size %d: room for it only", type,
		   size);
		must(stack_send("vr0", 100, i));
		result(read(fd, buf, pi + size - 1), EINVAL, "%s: size %d: no room for it", type,
		       size);
		result(read(fd, buf, sizeof(buf)), EAGAIN, "%s: size %d: took the packet", type,
		       size);
	}
	close(fd);
}

/* A device with an address and a route, and a socket that sends into it. */
static int device(int flags, unsigned int offload, int hdr_size)
{
	int fd = tun_new("vr1", flags | IFF_VNET_HDR | IFF_NO_PI);

	must(ioctl(fd, TUNSETVNETHDRSZ, &hdr_size));
	must(ioctl(fd, TUNSETOFFLOAD, offload));
	must(if_addr("vr1", "10.2.0.1", 24));
	must(if_up("vr1"));
	if (flags & IFF_TAP && system("ip neigh add 10.2.0.2 lladdr 02:00:00:00:00:02 dev vr1"))
		bail("ip neigh");
	settle(fd, "vr1");
	return fd;
}

static int udp_socket(int segment)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(2000) };
	int s = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	must(inet_pton(AF_INET, "10.2.0.2", &to.sin_addr));
	must(connect(s, (void *)&to, sizeof(to)));
	if (segment)
		must(setsockopt(s, SOL_UDP, UDP_SEGMENT, &segment, sizeof(segment)));
	return s;
}

static ssize_t next_udp(int fd, struct vnet_hdr *h, int hdr_size, size_t nh)
{
	ssize_t n;

	while (readable(fd, 1000)) {
		n = vnet_read(fd, h, hdr_size, buf, sizeof(buf));
		if (n < 0)
			return -1;
		if (buf[nh] == 0x45 && buf[nh + 9] == IPPROTO_UDP)
			return n;
	}
	errno = ETIMEDOUT;
	return -1;
}

static void checksum(const char *type, int flags)
{
	size_t nh = flags & IFF_TAP ? 14 : 0;
	int fd = device(flags, 0, 10), s = udp_socket(0);
	struct vnet_hdr h;

	must(send(s, data, 500, 0));
	is(next_udp(fd, &h, 10, nh), (long)nh + 528, "%s: nothing granted: read", type);
	is(h.flags & F_NEEDS_CSUM, 0, "%s: nothing granted: no checksum to complete", type);
	ok(vnet_csum_good(buf, nh + 528, nh, nh + 20, IPPROTO_UDP),
	   "%s: nothing granted: it is complete", type);
	must(ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM));
	must(send(s, data, 500, 0));
	is(next_udp(fd, &h, 10, nh), (long)nh + 528, "%s: CSUM granted: read", type);
	is(h.flags, F_NEEDS_CSUM, "%s: CSUM granted: to be completed", type);
	is(h.csum_start, nh + 20, "%s: CSUM granted: csum_start", type);
	is(h.csum_offset, 6, "%s: CSUM granted: csum_offset", type);
	ok(!vnet_csum_good(buf, nh + 528, nh, nh + 20, IPPROTO_UDP),
	   "%s: CSUM granted: it is not complete", type);
	is(h.gso_type, GSO_NONE, "%s: CSUM granted: nothing to cut", type);
	close(s);
	close(fd);
}

static void udp_segments(const char *type, int flags)
{
	size_t nh = flags & IFF_TAP ? 14 : 0;
	int fd = device(flags, TUN_F_CSUM, 10), s = udp_socket(1000), n = 0;
	struct vnet_hdr h;

	pkt_fill(data, 10500, 3);
	must(send(s, data, 10500, 0));
	while (next_udp(fd, &h, 10, nh) >= 0)
		n += h.gso_type == GSO_NONE;
	is(n, 11, "%s: without USO eleven datagrams come, none to cut", type);
	if (!has_uso()) {
		skip("this driver does not know UDP segmentation; newer ones do",
		     "%s: UDP to be cut", type);
		goto out;
	}
	must(ioctl(fd, TUNSETOFFLOAD, ALL_USO));
	must(send(s, data, 10500, 0));
	is(next_udp(fd, &h, 10, nh), (long)nh + 28 + 10500, "%s: with USO one comes", type);
	is(h.gso_type, GSO_UDP_L4, "%s: USO: gso_type", type);
	is(h.gso_size, 1000, "%s: USO: gso_size", type);
	is(h.flags, F_NEEDS_CSUM, "%s: USO: flags", type);
	is(h.csum_start, nh + 20, "%s: USO: csum_start", type);
	is(h.csum_offset, 6, "%s: USO: csum_offset", type);
	ok(h.hdr_len >= nh + 28, "%s: USO: hdr_len %d has the headers", type, h.hdr_len);
	ok(pkt_match(buf + nh + 28, 10500, 3), "%s: USO: payload", type);
out:
	close(s);
	close(fd);
}

/* The reader plays the peer of a TCP connection for as long as it takes. */
static int tcp_answer(int fd, size_t nh, uint32_t *seq)
{
	struct vnet_hdr h;
	unsigned char *ip = buf + nh, *tcp = ip + 20, tmp[12];
	struct vnet_hdr none = { .flags = F_NEEDS_CSUM, .csum_start = nh + 20, .csum_offset = 16 };
	uint16_t sum;

	while (readable(fd, 2000)) {
		ssize_t n = vnet_read(fd, &h, 10, buf, sizeof(buf));

		if (n < (ssize_t)nh + 40 || ip[9] != IPPROTO_TCP || !(tcp[13] & 2))
			continue;
		memcpy(seq, tcp + 4, 4);
		*seq = ntohl(*seq);
		if (nh) {
			memcpy(tmp, buf, 6);
			memcpy(buf, buf + 6, 6);
			memcpy(buf + 6, tmp, 6);
		}
		memcpy(tmp, ip + 12, 4);
		memcpy(ip + 12, ip + 16, 4);
		memcpy(ip + 16, tmp, 4);
		memcpy(tmp, tcp, 2);
		memcpy(tcp, tcp + 2, 2);
		memcpy(tcp + 2, tmp, 2);
		*(uint32_t *)(void *)(tcp + 8) = htonl(*seq + 1);
		*(uint32_t *)(void *)(tcp + 4) = htonl(1000);
		tcp[12] = 7 << 4;
		tcp[13] = 0x12;
		memcpy(tcp + 14, "\xff\xff\0\0\0\0", 6);
		/* MSS 1460, window scale 10 */
		memcpy(tcp + 20, "\2\4\5\xb4\1\3\3\x0a", 8);
		ip[3] = 48;
		ip[2] = 0;
		memset(ip + 10, 0, 2);
		sum = pkt_csum(ip, 20);
		ip[10] = sum >> 8;
		ip[11] = sum;
		memcpy(tmp, "\0\6\0\x1c", 4);
		memcpy(data, ip + 12, 8);
		memcpy(data + 8, tmp, 4);
		sum = ~pkt_csum(data, 12);
		tcp[16] = sum >> 8;
		tcp[17] = sum;
		return vnet_write(fd, &none, 10, buf, nh + 48) < 0 ? -1 : 0;
	}
	return -1;
}

/* Is what the frame carries the part of data[] that its number says? */
static bool tcp_payload_good(size_t nh, ssize_t n, uint32_t first)
{
	const unsigned char *tcp = buf + nh + 20;
	size_t head = nh + 20 + (tcp[12] >> 4) * 4;
	uint32_t seq;

	memcpy(&seq, tcp + 4, 4);
	seq = ntohl(seq) - first;
	return n >= (ssize_t)head && seq <= sizeof(data) &&
	       !memcmp(buf + head, data + seq, n - head);
}

static void tcp_segments(const char *type, int flags)
{
	size_t nh = flags & IFF_TAP ? 14 : 0;
	int fd = device(flags, ALL_OFFLOADS, 10);
	int s = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(80) };
	struct linger abort = { 1, 0 };
	struct pollfd pfd = { s, POLLOUT, 0 };
	ssize_t n = -1, most = 0, bad = 0;
	struct vnet_hdr h, big = { 0 };
	uint32_t seq = 0;

	must(inet_pton(AF_INET, "10.2.0.2", &to.sin_addr));
	connect(s, (void *)&to, sizeof(to));
	is(tcp_answer(fd, nh, &seq), 0, "%s: TCP: a connection is asked for", type);
	ok(poll(&pfd, 1, 2000) == 1 && pfd.revents == POLLOUT, "%s: TCP: and made", type);
	pkt_fill(data, 60000, 4);
	must(send(s, data, 60000, MSG_NOSIGNAL));
	while (readable(fd, 300)) {
		n = vnet_read(fd, &h, 10, buf, sizeof(buf));
		if (h.gso_type && n > most) {
			most = n;
			big = h;
		}
		bad += !tcp_payload_good(nh, n, seq + 1);
	}
	is(bad, 0, "%s: TCP: payload", type);
	ok(most > 2920, "%s: TCP: a large frame came", type);
	is(big.gso_type, GSO_TCPV4, "%s: TCP: gso_type", type);
	is(big.gso_size, 1460, "%s: TCP: gso_size", type);
	is(big.flags, F_NEEDS_CSUM, "%s: TCP: flags", type);
	is(big.csum_start, nh + 20, "%s: TCP: csum_start", type);
	is(big.csum_offset, 16, "%s: TCP: csum_offset", type);
	ok(big.hdr_len >= nh + 40, "%s: TCP: hdr_len %d has the headers", type, big.hdr_len);
	setsockopt(s, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
	close(s);
	close(fd);
}

/* An accelerated tag goes back into the frame, and csum_start moves by it. */
static void vlan(void)
{
	int fd = device(IFF_TAP, TUN_F_CSUM, 10), s, n;
	struct vnet_hdr h;

	if (system("ip link add link vr1 name vr1.5 type vlan id 5 2>/dev/null && "
		   "ip addr flush dev vr1 && ip addr add 10.2.0.1/24 dev vr1.5 && "
		   "ip link set vr1.5 up && "
		   "ip neigh add 10.2.0.2 lladdr 02:00:00:00:00:02 dev vr1.5")) {
		skip("needs ip and the kernel's 8021q", "csum_start with a VLAN tag");
		close(fd);
		return;
	}
	drain(fd);
	s = udp_socket(0);
	must(send(s, data, 500, 0));
	n = next_udp(fd, &h, 10, 18);
	is(n, 14 + 4 + 528, "VLAN: read");
	ok(!memcmp(buf + 12, "\x81\0\0\5\x08\0", 6), "VLAN: the tag is in the frame");
	is(h.flags, F_NEEDS_CSUM, "VLAN: checksum to be completed");
	is(h.csum_start, 38, "VLAN: csum_start is moved by the tag");
	is(h.csum_offset, 6, "VLAN: csum_offset is not");
	close(s);
	close(fd);
}

/* A checksum that somebody has verified, and the stack now knows it. */
static void data_valid(void)
{
	static const char setup[] =
		"ip link add vbr type bridge forward_delay 0 2>/dev/null && "
		"ip link set vrx master vbr && ip link set vr1 master vbr && "
		"ip addr flush dev vr1 && ip link set vbr up && ip link set vrx up";
	struct vnet_hdr h = { .flags = F_DATA_VALID }, got;
	int fd = device(IFF_TAP, TUN_F_CSUM, 10), in;
	size_t l4, len = vnet_packet(data, true, UDP4, 300, 5, &l4);
	ssize_t n = -1;

	in = tun_new("vrx", IFF_TAP | IFF_VNET_HDR | IFF_NO_PI);
	if (system(setup)) {
		skip("needs ip and the kernel's bridge", "frames of another device");
		goto out;
	}
	settle(fd, "vr1");
	drain(fd);
	must(vnet_write(in, &h, 10, data, len));
	while (readable(fd, 2000) && (n = vnet_read(fd, &got, 10, buf, sizeof(buf))) >= 0)
		if (n == (ssize_t)len && !memcmp(buf, data, 12))
			break;
	is(n, len, "a frame written with DATA_VALID is forwarded");
	is(got.flags, 0, "and nobody vouches for its checksum");
	drain(fd);
	h = vnet_ask_gso(UDP4, l4, 0);
	h.gso_type = GSO_NONE;
	must(vnet_write(in, &h, 10, data, len));
	while (readable(fd, 2000) && (n = vnet_read(fd, &got, 10, buf, sizeof(buf))) >= 0)
		if (n == (ssize_t)len && !memcmp(buf, data, 12))
			break;
	is(n, len, "one that is to be completed, too");
	is(got.flags, F_NEEDS_CSUM, "and it still is, for a reader who can");
	is(got.csum_start, l4, "where it was");
	if (system("ip link del vbr"))
		bail("the bridge cannot be removed");
out:
	close(in);
	close(fd);
}

/* A header too short for what was granted (S7): no reason to lose packets. */
static void tunnel_granted(void)
{
	int fd, s;
	struct vnet_hdr h;

	if (!has_tunnel_offload()) {
		skip("this driver does not know tunnel offload; newer ones do",
		     "a short header with tunnel offload");
		return;
	}
	fd = device(IFF_TUN, 0, 10);
	s = udp_socket(0);
	must(ioctl(fd, TUNSETOFFLOAD, ALL_USO | TUN_F_UDP_TUNNEL_GSO));
	must(send(s, data, 500, 0));
	if (short_header_loses_packets())
		result(next_udp(fd, &h, 10, 0), EFAULT, "tunnel offload and a header of 10");
	else
		is(next_udp(fd, &h, 10, 0), 528, "tunnel offload and a header of 10");
	close(s);
	close(fd);
}

/* Without IFF_VNET_HDR offloads can be granted; frames then come unfinished. */
static void no_header(void)
{
	int fd = tun_new("vr1", IFF_TUN | IFF_NO_PI), s;

	must(ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM));
	must(if_addr("vr1", "10.2.0.1", 24));
	must(if_up("vr1"));
	settle(fd, "vr1");
	s = udp_socket(0);
	must(send(s, data, 500, 0));
	ok(readable(fd, 1000), "no vnet header, CSUM granted: a packet comes");
	is(read(fd, buf, sizeof(buf)), 528, "without header");
	ok(!vnet_csum_good(buf, 528, 0, 20, IPPROTO_UDP), "its checksum is not complete");
	close(s);
	close(fd);
}

int main(void)
{
	ktap_begin();
	netns_new();
	sizes("tun", IFF_TUN | IFF_NO_PI);
	sizes("tun with PI", IFF_TUN);
	sizes("tap", IFF_TAP | IFF_NO_PI);
	checksum("tun", IFF_TUN);
	checksum("tap", IFF_TAP);
	udp_segments("tun", IFF_TUN);
	udp_segments("tap", IFF_TAP);
	tcp_segments("tun", IFF_TUN);
	tcp_segments("tap", IFF_TAP);
	vlan();
	data_valid();
	tunnel_granted();
	no_header();
	return ktap_end();
}
