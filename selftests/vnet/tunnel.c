// SPDX-License-Identifier: GPL-2.0
/*
 * Segmentation of what a UDP tunnel carries, both ways, with the 24-byte
 * header: the rules of its fields, good segments of what was written, and the
 * header of what is read from under a vxlan device.
 *
 *	outer Ethernet, IP, UDP (outer_th), 8 bytes, inner Ethernet, IP
 *	(inner_nh), UDP or TCP (csum_start), payload
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/udp.h>
#include "vnet.h"
#include "differences.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT	103
#endif
#define SIZE		24
#define TUNNEL_HEAD	(8 + 8 + ETH_HLEN)	/* UDP, vxlan, inner Ethernet */

static unsigned char frame[70000], got[70000], payload[70000];

struct tunnel {
	size_t len, outer_th, inner_nh, l4;
};

/* Wraps a packet into a tunnel whose outer addresses are those of @outer. */
static struct tunnel wrap(enum l4 outer, enum l4 inner, size_t total, unsigned int seed)
{
	static unsigned char in[70000];
	struct tunnel t;
	size_t len, l4;

	len = vnet_packet(in, true, inner, total, seed, &l4);
	t.len = vnet_packet(frame, true, outer, 8 + len, 0, &t.outer_th);
	memset(frame + t.outer_th + 8, 0, 8);
	frame[t.outer_th + 8] = 8;		/* vxlan: the id is valid */
	memcpy(frame + t.outer_th + 2, "\x12\xb5", 2);
	memcpy(frame + t.outer_th + 16, in, len);
	t.inner_nh = t.outer_th + TUNNEL_HEAD;
	t.l4 = t.outer_th + 16 + l4;
	return t;
}

static struct vnet_hdr ask(const struct tunnel *t, enum l4 outer, enum l4 inner, size_t size)
{
	struct vnet_hdr h = vnet_ask_gso(inner, t->l4, size);

	h.gso_type |= outer == UDP4 ? GSO_TUNNEL4 : GSO_TUNNEL6;
	h.outer_th = t->outer_th;
	h.inner_nh = t->inner_nh;
	return h;
}

/* --- rules --- */

struct rule {
	const char *name;
	enum l4 outer, inner;
	void (*change)(struct vnet_hdr *h);
	int err;
};

#define CHANGE(name, what) static void name(struct vnet_hdr *h) { what; }
CHANGE(nothing, (void)h)
CHANGE(with_csum, h->flags |= F_TUNNEL_CSUM)
CHANGE(both, h->gso_type |= GSO_TUNNEL4 | GSO_TUNNEL6)
CHANGE(empty, h->gso_type = GSO_TUNNEL4)
CHANGE(ufo, h->gso_type = GSO_TUNNEL4 | GSO_UFO)
CHANGE(odd, h->gso_type = GSO_TUNNEL4 | 2)
CHANGE(no_csum, h->flags = 0)
CHANGE(no_size, h->gso_size = 0)
CHANGE(outer_low, h->outer_th = 33)
CHANGE(outer_least, h->outer_th = 34)
CHANGE(outer_zero, h->outer_th = 0)
CHANGE(inner_low, h->inner_nh = h->outer_th + 7)
CHANGE(inner_zero, h->inner_nh = 0)
CHANGE(inner_high, h->inner_nh = 65535)
CHANGE(start_low, h->inner_nh = h->csum_start - 19)
CHANGE(start_low6, h->inner_nh = h->csum_start - 39)
CHANGE(ecn, h->gso_type |= GSO_ECN)

static const struct rule rules[] = {
	{ "UDP in IPv4", UDP4, UDP4, nothing, 0 },
	{ "UDP over IPv6 in IPv4", UDP4, UDP6, nothing, 0 },
	{ "UDP in IPv6", UDP6, UDP4, nothing, 0 },
	{ "UDP over IPv6 in IPv6", UDP6, UDP6, nothing, 0 },
	{ "TCPv4 in IPv4", UDP4, TCP4, nothing, 0 },
	{ "TCPv6 in IPv4", UDP4, TCP6, nothing, 0 },
	{ "TCPv4 in IPv6", UDP6, TCP4, nothing, 0 },
	{ "TCPv6 in IPv6", UDP6, TCP6, nothing, 0 },
	{ "TCPv4 with ECN", UDP4, TCP4, ecn, 0 },
	{ "outer checksum", UDP4, UDP4, with_csum, 0 },
	{ "UDP with ECN", UDP4, UDP4, ecn, EINVAL },
	{ "both outer protocols", UDP4, UDP4, both, EINVAL },
	{ "nothing carried", UDP4, UDP4, empty, EINVAL },
	{ "UFO carried", UDP4, UDP4, ufo, EINVAL },
	{ "unknown carried", UDP4, UDP4, odd, EINVAL },
	{ "no checksum to complete", UDP4, UDP4, no_csum, EINVAL },
	{ "gso_size 0", UDP4, UDP4, no_size, EINVAL },
	{ "outer_th 33", UDP4, UDP4, outer_low, EINVAL },
	{ "outer_th 34", UDP4, UDP4, outer_least, 0 },
	{ "outer_th 34 of IPv6", UDP6, UDP4, outer_least, EINVAL },
	{ "outer_th 0", UDP4, UDP4, outer_zero, EINVAL },
	{ "inner_nh in the outer UDP header", UDP4, UDP4, inner_low, EINVAL },
	{ "inner_nh 0", UDP4, UDP4, inner_zero, EINVAL },
	{ "inner_nh 65535", UDP4, UDP4, inner_high, EINVAL },
	{ "csum_start in the inner IP header", UDP4, UDP4, start_low, EINVAL },
	{ "csum_start in the inner IPv6 header", UDP4, TCP6, start_low6, EINVAL },
};

static void all_rules(void)
{
	int fd = tun_new("tl0", IFF_TAP | IFF_VNET_HDR | IFF_NO_PI), size = SIZE;
	unsigned int i;

	must(ioctl(fd, TUNSETVNETHDRSZ, &size));
	must(if_up("tl0"));
	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		const struct rule *r = &rules[i];
		struct tunnel t = wrap(r->outer, r->inner, 4000, 1);
		struct vnet_hdr h = ask(&t, r->outer, r->inner, 1000);

		r->change(&h);
		result(vnet_write(fd, &h, SIZE, frame, t.len), r->err, "rule: %s", r->name);
	}
	/* The fields are there by the header's size alone. */
	size = 20;
	must(ioctl(fd, TUNSETVNETHDRSZ, &size));
	for (i = 0; i < 2; i++) {
		struct tunnel t = wrap(UDP4, UDP4, 4000, 1);
		struct vnet_hdr h = ask(&t, UDP4, UDP4, 1000);

		if (i)
			h.gso_type &= ~GSO_TUNNEL4;
		result(vnet_write(fd, &h, 20, frame, t.len), i ? 0 : EINVAL,
		       "header size 20: %s", i ? "no tunnel" : "a tunnel");
	}
	close(fd);
}

/* --- writing --- */

static int in_fd, out_fd;

static bool bridged(void)
{
	int size = SIZE;

	in_fd = tun_new("ta", IFF_TAP | IFF_VNET_HDR | IFF_NO_PI);
	out_fd = tun_new("tb", IFF_TAP | IFF_NO_PI);
	must(ioctl(in_fd, TUNSETVNETHDRSZ, &size));
	if (system("ip link add tbr type bridge forward_delay 0 2>/dev/null &&"
		   " ip link set ta master tbr && ip link set tb master tbr &&"
		   " ip link set tbr up && ip link set ta up && ip link set tb up"))
		return false;
	settle(out_fd, "tb");
	return true;
}

static bool segments_good(const struct tunnel *t, enum l4 inner, bool csum, size_t size,
			  size_t total, unsigned int seed)
{
	size_t head = t->l4 + vnet_l4_len(inner), done = 0, n = 0, bad = 0;
	uint8_t proto = vnet_l4_len(inner) == 20 ? IPPROTO_TCP : IPPROTO_UDP;

	while (done < total && readable(out_fd, 2000)) {
		ssize_t len = read(out_fd, got, sizeof(got));

		if (len < (ssize_t)head || memcmp(got, frame, 12))
			continue;
		n++;
		bad += len - head > size;
		bad += !vnet_csum_good(got, len, t->inner_nh, t->l4, proto);
		if (csum)
			bad += !vnet_csum_good(got, len, ETH_HLEN, t->outer_th, IPPROTO_UDP);
		bad += (got[t->outer_th + 4] << 8 | got[t->outer_th + 5]) !=
		       len - (ssize_t)t->outer_th;
		memcpy(payload + done, got + head, len - head);
		done += len - head;
	}
	if (n != (total + size - 1) / size || bad)
		printf("# %zu segments, %zu complaints\n", n, bad);
	return n == (total + size - 1) / size && !bad && pkt_match(payload, total, seed);
}

static void written(void)
{
	static const enum l4 outers[] = { UDP4, UDP6 }, inners[] = { UDP4, UDP6, TCP4, TCP6 };
	static const char * const names[] = { "UDP", "UDP over IPv6", "TCPv4", "TCPv6" };
	unsigned int i, csum;

	if (!bridged()) {
		skip("needs ip and the kernel's bridge", "tunnel packets are cut");
		goto out;
	}
	for (i = 0; i < 8; i++) {
		for (csum = 0; csum < 2; csum++) {
			enum l4 outer = outers[i / 4], inner = inners[i % 4];
			struct tunnel t = wrap(outer, inner, 4100, i);
			struct vnet_hdr h = ask(&t, outer, inner, 1000);

			if (csum)
				h.flags |= F_TUNNEL_CSUM;
			else
				memset(frame + t.outer_th + 6, 0, 2);
			drain(out_fd);
			is(vnet_write(in_fd, &h, SIZE, frame, t.len), SIZE + (long)t.len,
			   "%s in IPv%d%s", names[i % 4], i < 4 ? 4 : 6,
			   csum ? ", outer checksum" : "");
			ok(segments_good(&t, inner, csum, 1000, 4100, i),
			   "%s in IPv%d%s: good segments arrive", names[i % 4], i < 4 ? 4 : 6,
			   csum ? ", outer checksum" : "");
		}
	}
	if (system("ip link del tbr"))
		bail("the bridge cannot be removed");
out:
	close(in_fd);
	close(out_fd);
}

/* --- reading --- */

static const char setup[] =
	"ip link add vx0 type vxlan id 7 local 10.2.0.1 remote 10.2.0.2 dev tx0 "
	"dstport 4789 %s 2>/dev/null && ip link set vx0 up mtu 1400 && "
	"ip addr add 10.3.0.1/24 dev vx0 && "
	"ip neigh add 10.3.0.2 lladdr 02:00:00:00:00:03 dev vx0 && "
	"ip neigh replace 10.2.0.2 lladdr 02:00:00:00:00:02 dev tx0";

/* The next frame to vxlan's port whose inner destination port is ours. */
static ssize_t next(int fd, struct vnet_hdr *h)
{
	ssize_t n;

	while (readable(fd, 1000)) {
		n = vnet_read(fd, h, SIZE, got, sizeof(got));
		if (n < 0)
			return -1;
		if (n > 14 + 28 + 8 + 14 + 28 && !memcmp(got + 36, "\x12\xb5", 2) &&
		    got[64 + 9] == IPPROTO_UDP && !memcmp(got + 64 + 22, "\x07\xd0", 2))
			return n;
	}
	errno = ETIMEDOUT;
	return -1;
}

static void read_one(int fd, int s, const char *csum, unsigned int offload, bool tunnel)
{
	static unsigned char data[5000];
	struct vnet_hdr h;
	int n = 0, whole = 0;
	bool good = true;

	must(ioctl(fd, TUNSETOFFLOAD, offload));
	pkt_fill(data, sizeof(data), 7);
	must(send(s, data, sizeof(data), 0));
	while (next(fd, &h) >= 0) {
		n++;
		if (!(h.gso_type & (GSO_TUNNEL4 | GSO_TUNNEL6)))
			continue;
		whole++;
		is(h.gso_type, GSO_UDP_L4 | GSO_TUNNEL4, "%s: gso_type", csum);
		is(h.gso_size, 1000, "%s: gso_size", csum);
		is(h.outer_th, 34, "%s: outer_th", csum);
		is(h.inner_nh, 64, "%s: inner_nh", csum);
		is(h.csum_start, 84, "%s: csum_start", csum);
		is(h.csum_offset, 6, "%s: csum_offset", csum);
		is(h.flags, strcmp(csum, "udpcsum") ? F_NEEDS_CSUM : F_NEEDS_CSUM | F_TUNNEL_CSUM,
		   "%s: flags", csum);
		good = pkt_match(got + 92, sizeof(data), 7);
	}
	is(whole, tunnel, "%s, offload %#x: frames to be cut", csum, offload);
	is(n, tunnel ? 1 : 5, "%s, offload %#x: frames in all", csum, offload);
	ok(good, "%s, offload %#x: payload", csum, offload);
}

static void read_all(const char *csum)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(2000) };
	int fd = tun_new("tx0", IFF_TAP | IFF_VNET_HDR | IFF_NO_PI), size = SIZE, seg = 1000, s;
	bool with_sum = !strcmp(csum, "udpcsum");
	unsigned int tunnel = ALL_USO | TUN_F_UDP_TUNNEL_GSO;
	char cmd[sizeof(setup) + 20];

	must(ioctl(fd, TUNSETVNETHDRSZ, &size));
	must(if_addr("tx0", "10.2.0.1", 24));
	must(if_up("tx0"));
	settle(fd, "tx0");
	snprintf(cmd, sizeof(cmd), setup, csum);
	if (system(cmd)) {
		skip("needs ip and the kernel's vxlan", "reading tunnel packets, %s", csum);
		close(fd);
		return;
	}
	s = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	must(inet_pton(AF_INET, "10.3.0.2", &to.sin_addr));
	must(connect(s, (void *)&to, sizeof(to)));
	must(setsockopt(s, SOL_UDP, UDP_SEGMENT, &seg, sizeof(seg)));
	read_one(fd, s, csum, 0, false);
	read_one(fd, s, csum, ALL_USO, false);
	read_one(fd, s, csum, tunnel, !with_sum);
	read_one(fd, s, csum, tunnel | TUN_F_UDP_TUNNEL_GSO_CSUM, true);
	close(s);
	if (system("ip link del vx0"))
		bail("vx0 cannot be removed");
	close(fd);
}

int main(void)
{
	ktap_begin();
	if (!has_tunnel_offload()) {
		skip("this driver does not know tunnel offload; newer ones do", "all of it");
		return ktap_end();
	}
	netns_new();
	all_rules();
	written();
	read_all("noudpcsum");
	read_all("udpcsum");
	return ktap_end();
}
