// SPDX-License-Identifier: GPL-2.0
/* Hash reporting and RSS; see rss.h. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/mman.h>
#include "rss.h"

const uint8_t rss_key[40] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
	0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
	0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
	0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

const uint8_t rss_key_symmetric[40] = {
	0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a,
	0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a,
	0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a,
	0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a,
};

/* Microsoft's "Verifying the RSS hash calculation", and two more of IPv4. */
const struct flow rss_flows[FLOWS] = {
	{ "66.9.149.187", "161.142.100.80", 2794, 1766, 0x323e8fc2, 0x51ccc178 },
	{ "199.92.111.2", "65.69.140.83", 14230, 4739, 0xd718262a, 0xc626b0ea },
	{ "24.19.198.95", "12.22.207.184", 12898, 38024, 0xd2d0a5de, 0x5c2b394a },
	{ "38.27.205.30", "209.142.163.6", 48228, 2217, 0x82989176, 0xafc7327f },
	{ "153.39.163.191", "202.188.127.2", 44251, 1303, 0x5d1809c5, 0x10e828a2 },
	{ "172.17.0.0", "172.17.0.1", 9, 9, 0x6e45d952, 0xfb63539a },
	{ "10.0.0.1", "10.0.0.2", 1024, 80, 0x02b7c9b1, 0xbec9357b },
	{ "3ffe:2501:200:1fff::7", "3ffe:2501:200:3::1", 2794, 1766, 0x2cc18cd5, 0x40207d3d },
	{ "3ffe:501:8::260:97ff:fe40:efab", "ff02::1", 14230, 4739, 0x0f0c461c, 0xdde51bbf },
	{ "3ffe:1900:4545:3:200:f8ff:fe21:67cf", "fe80::200:f8ff:fe21:67cf", 44251, 38024,
	  0x4b61e985, 0x02d1feef },
	{ "ffff::ac11:0", "ffff::ac11:1", 9, 9, 0xd6eb560f, 0xc2b9f251 },
};

void rss_or_skip(void)
{
	struct tun_vnet_hash cap = { 0 };
	int fd = tun_new("rssq", IFF_TAP), ret = ioctl(fd, TUNGETVNETHASHCAP, &cap);

	close(fd);
	if (ret && errno == EINVAL) {
		skip("this tun knows no TUNGETVNETHASHCAP; tunx does", "hashing");
		exit(ktap_end());
	}
	must(ret);
}

uint32_t rss_toeplitz(const uint8_t *key, const void *input, size_t len)
{
	const uint8_t *in = input;
	uint32_t hash = 0, window;
	size_t i;

	memcpy(&window, key, 4);
	window = ntohl(window);
	for (i = 0; i < len * 8; i++) {
		if (in[i / 8] & 0x80 >> i % 8)
			hash ^= window;
		window = window << 1 | !!(key[(i + 32) / 8] & 0x80 >> i % 8);
	}
	return hash;
}

/* --- the ioctls --- */

int rss_set_short(int fd, const struct rss *rss, int bytes)
{
	static const uint16_t zeros[65536];
	static char *end;
	struct tun_vnet_hash head = { .flags = rss->flags, .types = rss->types };
	int entries = rss->table_len ? rss->table_len : 1;
	struct tun_vnet_hash_rss how = { entries - 1, rss->unclassified };
	size_t table = entries * sizeof(uint16_t), len = sizeof(head);
	size_t key = tunx_hash_key_len(rss->types), room = 256 * 1024;
	char *arg;

	if (!end) {
		end = mmap(NULL, 2 * room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
		if (end == MAP_FAILED)
			bail("mmap");
		end += room;
		must(mprotect(end, room, PROT_NONE));
	}
	if (rss->flags & RSS)
		len += sizeof(how) + table + key;
	arg = end - len + bytes;
	/* What would lie behind the end is left out */
	#define PUT(from, n) do {					\
		size_t _n = (n), _room = arg < end ? end - arg : 0;	\
		memcpy(arg, from, _n < _room ? _n : _room);		\
		arg += _n;						\
	} while (0)
	PUT(&head, sizeof(head));
	PUT(&how, sizeof(how));
	PUT(rss->table ? rss->table : zeros, table);
	PUT(rss->key ? rss->key : rss_key, key);
	#undef PUT
	return ioctl(fd, TUNSETVNETHASH, end - len + bytes);
}

int rss_set(int fd, const struct rss *rss)
{
	return rss_set_short(fd, rss, 0);
}

int rss_types(int fd, uint32_t types)
{
	return rss_set(fd, &(struct rss){ .flags = REPORT | RSS, .types = types });
}

int rss_get(int fd, struct tunx_hash *hash)
{
	memset(hash, 0, sizeof(*hash));
	hash->size = sizeof(*hash);
	return ioctl(fd, TUNXGETHASH, hash);
}

/* --- frames --- */

void frame_bytes(struct frame *f, const void *data, size_t len)
{
	memcpy(f->data + f->len, data, len);
	f->len += len;
}

void frame_zeros(struct frame *f, size_t len)
{
	memset(f->data + f->len, 0, len);
	f->len += len;
}

static void frame_be16(struct frame *f, uint16_t value)
{
	frame_bytes(f, &(uint16_t){ htons(value) }, 2);
}

static void frame_addr(struct frame *f, int family, const char *text)
{
	unsigned char addr[16];

	if (inet_pton(family, text, addr) != 1)
		bail("address %s", text);
	frame_bytes(f, addr, family == AF_INET ? 4 : 16);
}

void frame_eth(struct frame *f, uint16_t type)
{
	frame_bytes(f, "\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01", 12);
	frame_be16(f, type);
}

void frame_vlan(struct frame *f, uint16_t tpid)
{
	/* The type before becomes the type behind */
	uint8_t type[2] = { f->data[f->len - 2], f->data[f->len - 1] };

	f->len -= 2;
	frame_be16(f, tpid);
	frame_be16(f, 5);
	frame_bytes(f, type, 2);
}

void frame_ip4(struct frame *f, const struct flow *flow, uint8_t proto, uint16_t frag,
	       int options)
{
	uint8_t head[12] = { 0x45 + options / 4, [6] = frag >> 8, frag & 255, 64, proto };

	frame_bytes(f, head, sizeof(head));
	frame_addr(f, AF_INET, flow->src);
	frame_addr(f, AF_INET, flow->dst);
	memset(f->data + f->len, 1, options);
	f->len += options;
}

void frame_ip6(struct frame *f, const struct flow *flow, uint8_t next)
{
	uint8_t head[8] = { 0x60, [6] = next, 64 };

	frame_bytes(f, head, sizeof(head));
	frame_addr(f, AF_INET6, flow->src);
	frame_addr(f, AF_INET6, flow->dst);
}

void frame_ext(struct frame *f, uint8_t next, int units)
{
	frame_bytes(f, (uint8_t[]){ next, units - 1 }, 2);
	frame_zeros(f, 8 * units - 2);
}

void frame_home(struct frame *f, uint8_t next, const char *addr)
{
	frame_bytes(f, (uint8_t[]){ next, 2, 1, 2, 0, 0, 201, 16 }, 8);
	frame_addr(f, AF_INET6, addr);
}

void frame_route(struct frame *f, uint8_t next, const char *addr)
{
	frame_bytes(f, (uint8_t[]){ next, 2, 2, 1, 0, 0, 0, 0 }, 8);
	frame_addr(f, AF_INET6, addr);
}

void frame_ports(struct frame *f, const struct flow *flow, uint8_t proto)
{
	frame_be16(f, flow->sport);
	frame_be16(f, flow->dport);
	frame_zeros(f, proto == IPPROTO_TCP ? 16 : 4);
}

void frame_flow(struct frame *f, bool eth, const struct flow *flow, uint8_t proto)
{
	bool six = flow_is_6(flow);

	if (eth)
		frame_eth(f, six ? ETH_P_IPV6 : ETH_P_IP);
	if (six)
		frame_ip6(f, flow, proto);
	else
		frame_ip4(f, flow, proto, 0, 0);
	if (proto == IPPROTO_TCP || proto == IPPROTO_UDP)
		frame_ports(f, flow, proto);
	else
		frame_zeros(f, 20);
}

/* --- devices --- */

void rss_device(const char *name, int flags, int hdr, int *fd, int queues)
{
	int i, one = 1;

	for (i = 0; i < queues; i++)
		fd[i] = tun_new(name, flags | IFF_NO_PI | IFF_VNET_HDR);
	must(ioctl(fd[0], TUNSETVNETHDRSZ, &hdr));
	must(ioctl(fd[0], TUNSETVNETLE, &one));
	must(if_up(name));
	/* Whatever queue: the first that works shows that packets get through */
	for (long end = msec_now() + 10000; msec_now() < end;) {
		stack_send(name, 0, 0);
		for (i = 0; i < queues; i++) {
			if (!readable(fd[i], 5))
				continue;
			for (i = 0; i < queues; i++)
				drain(fd[i]);
			return;
		}
	}
	bail("no packet gets through %s", name);
}

static uint16_t frame_proto(const struct frame *f)
{
	if (f->len && f->data[0] >> 4 == 6)
		return ETH_P_IPV6;
	return ETH_P_IP;
}

int rss_pass(const char *name, const struct frame *f, const int *fd, int queues, int hdr,
	     struct vnet_hdr *h)
{
	static int sender = -1, sender_if;
	static uint8_t buf[8192];
	struct pollfd pfd[256];
	int i, n, ifindex = if_nametoindex(name);
	struct ifreq ifr = { 0 };
	bool eth;

	must(if_get(name, SIOCGIFHWADDR, &ifr));
	eth = ifr.ifr_hwaddr.sa_family == 1;
	if (sender < 0 || sender_if != ifindex) {
		if (sender >= 0)
			close(sender);
		sender = packet_socket(name, eth ? SOCK_RAW : SOCK_DGRAM, 0);
		sender_if = ifindex;
	}
	must(packet_send(sender, eth ? f->data[12] << 8 | f->data[13] : frame_proto(f), f->data,
			 f->len));
	for (i = 0; i < queues; i++)
		pfd[i] = (struct pollfd){ .fd = fd[i], .events = POLLIN };
	if (poll(pfd, queues, 1000) != 1)
		return -1;
	for (i = 0; !pfd[i].revents; i++)
		;
	n = vnet_read(fd[i], h, hdr, buf, sizeof(buf));
	if (n != (int)f->len || memcmp(buf, f->data, n))
		bail("another packet: %d bytes, not %zu", n, f->len);
	return i;
}
