// SPDX-License-Identifier: GPL-2.0
/*
 * ethtool -x and -X: the same table and key that TUNSETVNETHASH sets, and a
 * transformation, where the kernel knows one, that makes the hash symmetric.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/ethtool.h>
#include "rss.h"

#ifndef RXH_XFRM_SYM_XOR
#define RXH_XFRM_SYM_XOR	1
#define RXH_XFRM_NO_CHANGE	0xff
#endif
#ifndef RXH_XFRM_SYM_OR_XOR
#define RXH_XFRM_SYM_OR_XOR	2
#endif

#define NO_TABLE	0xffffffff	/* ETH_RXFH_INDIR_NO_CHANGE */
#define TABLE		128

/* struct ethtool_rxfh; that of older systems has no input_xfrm */
static union {
	struct {
		uint32_t cmd, context, indir_size, key_size;
		uint8_t hfunc, xfrm, rsvd8[2];
		uint32_t rsvd32, config[TUNX_HASH_TABLE_MAX + 10];
	};
	struct ethtool_rxfh rxfh;
} rx;

static int show(void)
{
	memset(&rx, 0, sizeof(rx));
	rx.cmd = ETHTOOL_GRSSH;
	if (eth_call("he0", &rx))
		return -1;
	rx.cmd = ETHTOOL_GRSSH;
	return eth_call("he0", &rx);
}

static const uint8_t *shown_key(void)
{
	return (uint8_t *)(rx.config + rx.indir_size);
}

/* @len 0 resets, NO_TABLE leaves it; @key NULL leaves it. */
static int set(uint32_t len, const uint32_t *table, const uint8_t *key, int hfunc, int xfrm)
{
	size_t n = len == NO_TABLE ? 0 : len;

	memset(&rx, 0, sizeof(rx));
	rx.cmd = ETHTOOL_SRSSH;
	rx.indir_size = len;
	rx.key_size = key ? 40 : 0;
	rx.hfunc = hfunc;
	rx.xfrm = xfrm;
	if (n)
		memcpy(rx.config, table, n * sizeof(*table));
	if (key)
		memcpy(rx.config + n, key, 40);
	return eth_call("he0", &rx);
}

static bool shows(uint32_t len, const uint16_t *table, const uint8_t *key)
{
	uint32_t i;

	if (show() || rx.indir_size != len || rx.key_size != 40 || rx.hfunc != 1)
		return false;
	for (i = 0; i < len; i++)
		if (rx.config[i] != table[i])
			return false;
	return !memcmp(shown_key(), key, 40);
}

static void off(void)
{
	unsigned int i, bad = 0;

	result(show(), 0, "nothing configured: shows");
	is(rx.indir_size, TABLE, "a table");
	is(rx.key_size, 40, "the length of a key");
	is(rx.hfunc, 0, "no hash function");
	for (i = 0; i < TABLE; i++)
		bad += rx.config[i] != i % 4;
	is(bad, 0, "the table that would be");
}

static void show_what_is_set(int fd)
{
	static const uint16_t table[4] = { 3, 1, 900, 0 };
	struct rss rss = { .flags = RSS, .types = PLAIN_TYPES, .table_len = 4, .table = table };

	must(rss_set(fd, &rss));
	ok(shows(4, table, rss_key), "TUNSETVNETHASH: table, key and function are shown");
	must(rss_set(fd, &(struct rss){ .flags = 0 }));
	must(show());
	is(rx.hfunc, 0, "off: no hash function");
}

/* Where a packet goes, and what is reported of it. */
static int passes(const int *fd, const struct flow *flow, struct vnet_hdr *h)
{
	struct frame f = { 0 };

	frame_flow(&f, true, flow, IPPROTO_TCP);
	return rss_pass("he0", &f, fd, 4, HASH_HDR, h);
}

static void set_what_is_shown(const int *fd)
{
	uint32_t table[TABLE], small[2] = { 1, 1 };
	struct tunx_hash hash;
	uint16_t want[TABLE];
	struct vnet_hdr h;
	int i;

	for (i = 0; i < TABLE; i++)
		table[i] = 3 - i % 4;
	for (i = 0; i < TABLE; i++)
		want[i] = table[i];
	result(set(TABLE, table, rss_key, 0, 0), 0, "-X with a table and a key");
	ok(shows(TABLE, want, rss_key), "is what -x shows");
	must(rss_get(fd[0], &hash));
	is(hash.flags, RSS, "and what TUNXGETHASH shows: RSS");
	is(hash.types, PLAIN_TYPES, "of TCP, UDP and IP");
	is(hash.table_len, TABLE, "its table");
	is(passes(fd, &rss_flows[0], &h), 3 - rss_flows[0].ports % 4, "packets follow it");
	is(h.hash_report, 0, "without a report");
	result(set(NO_TABLE, NULL, rss_key_symmetric, 0, 0), 0, "-X with a key only");
	ok(shows(TABLE, want, rss_key_symmetric), "leaves the table");
	result(set(0, NULL, NULL, 1, 0), 0, "-X default");
	for (i = 0; i < TABLE; i++)
		want[i] = i % 4;
	ok(shows(TABLE, want, rss_key_symmetric), "is an even table, and leaves the key");

	result(set(NO_TABLE, NULL, NULL, 2, 0), EOPNOTSUPP, "another hash function");
	table[5] = 4;
	result(set(TABLE, table, NULL, 0, 0), EINVAL, "a queue that is not there");
	result(set(2, small, NULL, 0, 0), EINVAL, "a table of another length");
	ok(shows(TABLE, want, rss_key_symmetric), "and nothing changed");
}

static void keep_report(const int *fd)
{
	struct rss rss = { .flags = REPORT, .types = TCPV4 | IPV6 };
	struct tunx_hash hash;
	struct vnet_hdr h;
	uint32_t table[TABLE] = { 0 };

	must(rss_set(fd[0], &rss));
	must(rss_get(fd[0], &hash));
	must(show());
	ok(!memcmp(shown_key(), hash.key, 40), "REPORT alone: the key is shown");
	result(set(NO_TABLE, NULL, rss_key, 0, 0), 0, "REPORT alone: -X with a key");
	must(rss_get(fd[0], &hash));
	is(hash.flags, REPORT, "it does not choose queues then");
	passes(fd, &rss_flows[0], &h);
	is(h.hash_value, rss_flows[0].ports, "but has the key");
	result(set(TABLE, table, NULL, 0, 0), 0, "REPORT alone: -X with a table");
	must(rss_get(fd[0], &hash));
	is(hash.flags, REPORT | RSS, "both");
	is(hash.types, TCPV4 | IPV6, "the types stay");
	is(passes(fd, &rss_flows[0], &h), 0, "packets follow the table");
	is(h.hash_value, rss_flows[0].ports, "and report");
	must(rss_set(fd[0], &(struct rss){ .flags = 0 }));
}

/* The symmetric transformations, of addresses and ports as the packet has them */
static uint32_t transformed(const struct flow *flow, int xfrm)
{
	unsigned char in[36], *src = in, *dst, *ports;
	int n = flow_is_6(flow) ? 16 : 4, i;
	uint16_t s = htons(flow->sport), d = htons(flow->dport), or = s | d, xor = s ^ d;

	dst = in + n;
	ports = dst + n;
	inet_pton(n == 4 ? AF_INET : AF_INET6, flow->src, src);
	inet_pton(n == 4 ? AF_INET : AF_INET6, flow->dst, dst);
	for (i = 0; i < n; i++) {
		unsigned char o = src[i] | dst[i], x = src[i] ^ dst[i];

		src[i] = xfrm == RXH_XFRM_SYM_OR_XOR ? o : x;
		dst[i] = x;
	}
	memcpy(ports, xfrm == RXH_XFRM_SYM_OR_XOR ? &or : &xor, 2);
	memcpy(ports + 2, &xor, 2);
	return rss_toeplitz(rss_key, in, 2 * n + 4);
}

static void symmetric(const int *fd, int xfrm, const char *what)
{
	static const int flows[] = { 0, 3, FLOWS4, FLOWS4 + 1 };
	struct tunx_hash hash;
	struct vnet_hdr h;
	unsigned int i;

	must(rss_set(fd[0], &(struct rss){ .flags = REPORT | RSS, .types = PLAIN_TYPES }));
	if (set(NO_TABLE, NULL, rss_key, 0, xfrm)) {
		ok(errno == EOPNOTSUPP || errno == EINVAL, "%s: refused", what);
		skip("a kernel whose ethtool knows it would", "%s", what);
		return;
	}
	must(rss_get(fd[0], &hash));
	is(hash.transform, xfrm, "%s: TUNXGETHASH shows it", what);
	must(show());
	is(rx.xfrm, xfrm, "%s: -x shows it", what);
	for (i = 0; i < ARRAY_SIZE(flows); i++) {
		const struct flow *a = &rss_flows[flows[i]];
		struct flow b = { a->dst, a->src, a->dport, a->sport, 0, 0 };

		passes(fd, a, &h);
		is(h.hash_value, transformed(a, xfrm), "%s: flow %d", what, flows[i]);
		passes(fd, &b, &h);
		is(h.hash_value, transformed(a, xfrm), "%s: flow %d, the other direction", what,
		   flows[i]);
	}
	must(set(NO_TABLE, NULL, rss_key_symmetric, 0, RXH_XFRM_NO_CHANGE));
	must(rss_get(fd[0], &hash));
	is(hash.transform, xfrm, "%s: stays with another key", what);
	must(rss_types(fd[0], PLAIN_TYPES));
	must(rss_get(fd[0], &hash));
	is(hash.transform, 0, "%s: TUNSETVNETHASH replaces it with the rest", what);
}

static uint64_t fields(uint32_t flow)
{
	struct ethtool_rxnfc nfc = { .cmd = ETHTOOL_GRXFH, .flow_type = flow };

	return eth_call("he0", &nfc) ? -1ULL : nfc.data;
}

static void types(const int *fd)
{
	const uint64_t ip = RXH_IP_SRC | RXH_IP_DST, ports = RXH_L4_B_0_1 | RXH_L4_B_2_3;

	must(rss_types(fd[0], TCPV4 | IPV6));
	is(fields(TCP_V4_FLOW), ip | ports, "-n rx-flow-hash tcp4");
	is(fields(UDP_V4_FLOW), 0, "udp4: not hashed");
	is(fields(TCP_V6_FLOW), ip, "tcp6: addresses only");
	is(fields(IPV6_USER_FLOW), -1ULL, "something else");
}

/* A table for no queue: nobody may divide by their number. */
static void no_queue(void)
{
	struct ethtool_rxnfc nfc = { .cmd = ETHTOOL_GRXRINGS };
	int fd = tun_new("he0", IFF_TAP | IFF_MULTI_QUEUE);

	must(ioctl(fd, TUNSETPERSIST, 1));
	close(fd);
	result(eth_call("he0", &nfc), 0, "no queue: number of rings");
	is(nfc.data, 1, "is one");
	result(show(), 0, "no queue: -x");
	result(set(0, NULL, NULL, 0, 0), 0, "no queue: -X default");
	fd = tun_new("he0", IFF_TAP | IFF_MULTI_QUEUE);
	must(ioctl(fd, TUNSETPERSIST, 0));
	close(fd);
}

int main(void)
{
	int fd[4], i;

	ktap_begin();
	netns_new();
	rss_or_skip();
	rss_device("he0", IFF_TAP | IFF_MULTI_QUEUE, HASH_HDR, fd, 4);
	off();
	show_what_is_set(fd[0]);
	set_what_is_shown(fd);
	keep_report(fd);
	symmetric(fd, RXH_XFRM_SYM_XOR, "symmetric-xor");
	symmetric(fd, RXH_XFRM_SYM_OR_XOR, "symmetric-or-xor");
	types(fd);
	for (i = 0; i < 4; i++)
		close(fd[i]);
	no_queue();
	return ktap_end();
}
