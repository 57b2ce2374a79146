// SPDX-License-Identifier: GPL-2.0
/*
 * RSS: which queue a packet reaches, and who decides.
 *
 *	                        hash & mask
 *	AF_PACKET --- net device ---> table ---> fd[entry % queues]
 *	                    no hash ---> unclassified ---^
 */
#define _GNU_SOURCE
#include <linux/if_ether.h>
#include <netinet/in.h>
#include "bpf.h"
#include "rss.h"

#define MQ	(IFF_TAP | IFF_MULTI_QUEUE)
#define SIZES	10	/* powers of two up to TUNX_HASH_TABLE_MAX */

static void closed(const int *fd, int n)
{
	while (n--)
		close(fd[n]);
}

/* As the kernel's proposed selftest does it: queues come after the table. */
static void variants(void)
{
	static const struct {
		const char *what;
		int flow;
		int proto;
		uint16_t report;	/* 0: not IP */
	} variants[] = {
		{ "unclassified", 0, 0, 0 },
		{ "IPv4", 5, 253, 1 }, { "TCPv4", 5, IPPROTO_TCP, 2 },
		{ "UDPv4", 5, IPPROTO_UDP, 3 },
		{ "IPv6", 10, 253, 4 }, { "TCPv6", 10, IPPROTO_TCP, 5 },
		{ "UDPv6", 10, IPPROTO_UDP, 6 },
	};
	const int flags = MQ | IFF_NAPI | IFF_NO_PI | IFF_VNET_HDR;
	struct rss rss = { .flags = REPORT | RSS, .types = PLAIN_TYPES, .unclassified = 5,
			   .table_len = 2, .table = (uint16_t[]){ 3, 4 } };
	struct vnet_hdr h;
	unsigned int i;
	int fd[3], one = 1;

	for (i = 0; i < ARRAY_SIZE(variants); i++) {
		const struct flow *flow = &rss_flows[variants[i].flow];
		bool with_ports = variants[i].report && (variants[i].report - 1) % 3;
		uint32_t hash = with_ports ? flow->ports : flow->ip;
		struct frame f = { 0 };

		rss_device("hs0", flags, HASH_HDR, fd, 1);
		must(ioctl(fd[0], TUNSETVNETLE, &one));
		must(rss_set(fd[0], &rss));
		fd[1] = tun_new("hs0", flags);
		fd[2] = tun_new("hs0", flags);
		frame_flow(&f, true, flow, variants[i].proto);
		if (!variants[i].report) {
			f.data[12] = ETH_P_LOOPBACK >> 8;
			f.data[13] = ETH_P_LOOPBACK & 255;
			hash = 0;
		}
		is(rss_pass("hs0", &f, fd, 3, HASH_HDR, &h),
		   variants[i].report ? (3 + hash % 2) % 3 : 5 % 3, "%s: queue",
		   variants[i].what);
		is(h.hash_report, variants[i].report, "%s: report", variants[i].what);
		is(h.hash_value, hash, "%s: hash", variants[i].what);
		is(h.flags | h.num_buffers, 0, "%s: flags and buffers", variants[i].what);
		closed(fd, 3);
	}
}

/* Flow number @i, of many; its hash is in @hash. */
static void numbered_flow(struct frame *f, unsigned int i, uint32_t *hash)
{
	unsigned char in[12] = { 10, 0, i >> 8 & 7, i, 10, 9, 8, i >> 11, i * 5 >> 8, i * 5,
				 0, 80 };
	char src[20], dst[20];
	struct flow flow = { src, dst, in[8] << 8 | in[9], 80, 0, 0 };

	snprintf(src, sizeof(src), "%d.%d.%d.%d", in[0], in[1], in[2], in[3]);
	snprintf(dst, sizeof(dst), "%d.%d.%d.%d", in[4], in[5], in[6], in[7]);
	f->len = 0;
	frame_flow(f, true, &flow, IPPROTO_TCP);
	*hash = rss_toeplitz(rss_key, in, sizeof(in));
}

/* How many of @n flows come out where @table says; the rest goes to @got. */
static int follow(const int *fd, int queues, const uint16_t *table, int len, int n, int *got)
{
	struct frame f = { 0 };
	struct vnet_hdr h;
	int i, q, good = 0;
	uint32_t hash;

	for (i = 0; i < n; i++) {
		numbered_flow(&f, i, &hash);
		q = rss_pass("hs1", &f, fd, queues, HASH_HDR, &h);
		if (q < 0)
			continue;
		got[q]++;
		good += q == table[hash & (len - 1)] % queues && h.hash_value == hash &&
			h.hash_report == 2;
	}
	return good;
}

static void tables(void)
{
	static uint16_t table[TUNX_HASH_TABLE_MAX];
	struct rss rss = { .flags = REPORT | RSS, .types = PLAIN_TYPES, .table = table };
	int fd[5], got[5] = { 0 }, detached, i;

	for (i = 0; i < TUNX_HASH_TABLE_MAX; i++)
		table[i] = i * 40503u >> 4;	/* anything; most are no queue */
	rss_device("hs1", MQ, HASH_HDR, fd, 5);
	for (i = 0; i < SIZES; i++) {
		rss.table_len = 1 << i;
		must(rss_set(fd[0], &rss));
		is(follow(fd, 5, table, 1 << i, 100, got), 100,
		   "a table of %d: 100 flows follow it", 1 << i);
	}
	detached = fd[2];
	must(tun_queue(detached, IFF_DETACH_QUEUE));
	fd[2] = fd[4];
	is(follow(fd, 4, table, 512, 100, got), 100, "a queue detached: they follow what is left");
	close(fd[3]);
	close(fd[2]);
	is(follow(fd, 2, table, 512, 100, got), 100, "two more gone");
	close(fd[1]);
	is(follow(fd, 1, table, 512, 100, got), 100, "one left: all go there, and have a hash");
	close(fd[0]);
	close(detached);
}

static void unclassified(void)
{
	static const uint16_t queues[] = { 0, 1, 3, 4, 5, 6, 255, 256, 65534, 65535 };
	struct rss rss = { .flags = REPORT | RSS, .types = TCPV4, .table_len = 4,
			   .table = (uint16_t[]){ 0, 0, 0, 0 } };
	struct frame f = { 0 };
	struct vnet_hdr h;
	unsigned int i;
	int fd[4];

	rss_device("hs1", MQ, HASH_HDR, fd, 4);
	frame_flow(&f, true, &rss_flows[0], IPPROTO_UDP);
	for (i = 0; i < ARRAY_SIZE(queues); i++) {
		rss.unclassified = queues[i];
		must(rss_set(fd[0], &rss));
		is(rss_pass("hs1", &f, fd, 4, HASH_HDR, &h), queues[i] % 4,
		   "unclassified queue %d", queues[i]);
		is(h.hash_report | h.hash_value, 0, "unclassified: no hash");
	}
	closed(fd, 4);
}

/* Ten thousand flows, an even table: no queue is 5 % off. */
static void even(int queues)
{
	uint16_t table[128];
	struct rss rss = { .flags = REPORT | RSS, .types = PLAIN_TYPES, .table_len = 128,
			   .table = table };
	int fd[8], got[8] = { 0 }, i, off = 0;

	for (i = 0; i < 128; i++)
		table[i] = i % queues;
	rss_device("hs1", MQ, HASH_HDR, fd, queues);
	must(rss_set(fd[0], &rss));
	is(follow(fd, queues, table, 128, 10000, got), 10000, "%d queues: 10000 flows", queues);
	for (i = 0; i < queues; i++)
		if (abs(got[i] - 10000 / queues) * 20 > 10000 / queues) {
			printf("# queue %d: %d\n", i, got[i]);
			off++;
		}
	is(off, 0, "%d queues: each has its share, within 5 %%", queues);
	closed(fd, queues);
}

static void write_flow(int fd, const struct flow *flow)
{
	struct vnet_hdr h = { 0 };
	struct frame f = { 0 };

	frame_flow(&f, true, flow, IPPROTO_TCP);
	must(vnet_write(fd, &h, HASH_HDR, f.data, f.len));
}

/* A program, then the table, then what flows did before. */
static void precedence(void)
{
	const struct flow *there = &rss_flows[0];
	const struct flow back = { there->dst, there->src, there->dport, there->sport, 0, 0 };
	struct rss rss = { .flags = REPORT | RSS, .types = PLAIN_TYPES, .unclassified = 1,
			   .table_len = 2, .table = (uint16_t[]){ 2, 2 } };
	int fd[4], prog = BPF_PROG_RETURN(BPF_PROG_TYPE_SOCKET_FILTER, 3), none = -1;
	struct frame f = { 0 };
	struct vnet_hdr h;

	rss_device("hs1", MQ, HASH_HDR, fd, 4);
	frame_flow(&f, true, there, IPPROTO_TCP);
	write_flow(fd[0], &back);
	is(rss_pass("hs1", &f, fd, 4, HASH_HDR, &h), 0, "automatic: where the flow was written");
	is(h.hash_report, 0, "automatic: no report");
	must(rss_set(fd[0], &rss));
	is(rss_pass("hs1", &f, fd, 4, HASH_HDR, &h), 2, "RSS is before what was learned");
	is(h.hash_value, there->ports, "RSS: hash");
	must(ioctl(fd[0], TUNSETSTEERINGEBPF, &prog));
	is(rss_pass("hs1", &f, fd, 4, HASH_HDR, &h), 3, "a program is before RSS");
	is(h.hash_value, there->ports, "a program: the hash is reported all the same");
	must(rss_set(fd[0], &rss));
	is(rss_pass("hs1", &f, fd, 4, HASH_HDR, &h), 3, "whatever comes first");
	must(ioctl(fd[0], TUNSETSTEERINGEBPF, &none));
	is(rss_pass("hs1", &f, fd, 4, HASH_HDR, &h), 2, "no program: RSS again");
	must(rss_set(fd[0], &(struct rss){ .flags = REPORT, .types = PLAIN_TYPES }));
	write_flow(fd[1], &back);
	is(rss_pass("hs1", &f, fd, 4, HASH_HDR, &h), 1, "REPORT alone: automatic");
	is(h.hash_report, 2, "REPORT alone: reports");
	must(rss_set(fd[0], &(struct rss){ .flags = 0 }));
	write_flow(fd[3], &back);
	is(rss_pass("hs1", &f, fd, 4, HASH_HDR, &h), 3, "off: automatic");
	is(h.hash_report, 0, "off: no report");
	close(prog);
	closed(fd, 4);
}

/* A queue that traffic control picks is taken, and the hash is reported. */
static void mapped(void)
{
	struct rss rss = { .flags = REPORT | RSS, .types = PLAIN_TYPES };
	struct frame f = { 0 };
	struct vnet_hdr h;
	int fd[4];

	rss_device("hs1", MQ, HASH_HDR, fd, 4);
	must(rss_set(fd[0], &rss));
	frame_flow(&f, true, &rss_flows[1], IPPROTO_UDP);
	is(rss_pass("hs1", &f, fd, 4, HASH_HDR, &h), 0, "the table's queue");
	if (system("tc qdisc add dev hs1 clsact 2>/dev/null && "
		   "tc filter add dev hs1 egress matchall "
		   "action skbedit queue_mapping 3 2>/dev/null"))
		skip("tc with clsact, matchall and skbedit would", "a queue of tc's choice");
	else
		is(rss_pass("hs1", &f, fd, 4, HASH_HDR, &h), 3, "a queue of tc's choice");
	is(h.hash_report, 3, "reports");
	is(h.hash_value, rss_flows[1].ports, "the hash");
	closed(fd, 4);
}

/* What an XDP program sends back has no hash. */
static void from_xdp(void)
{
	int fd, prog = BPF_PROG_RETURN(BPF_PROG_TYPE_XDP, XDP_TX);
	unsigned char buf[200];
	struct vnet_hdr h;

	rss_device("hs1", IFF_TAP, HASH_HDR, &fd, 1);
	must(rss_types(fd, PLAIN_TYPES));
	must(xdp_attach("hs1", prog, 0));
	write_flow(fd, &rss_flows[0]);
	ok(readable(fd, 1000), "XDP_TX: comes back");
	is(vnet_read(fd, &h, HASH_HDR, buf, sizeof(buf)), 14 + 20 + 20, "XDP_TX: whole");
	is(h.hash_report | h.hash_value, 0, "XDP_TX: no hash");
	close(prog);
	close(fd);
}

int main(void)
{
	ktap_begin();
	netns_new();
	rss_or_skip();
	variants();
	tables();
	unclassified();
	even(4);
	even(8);
	precedence();
	mapped();
	from_xdp();
	return ktap_end();
}
