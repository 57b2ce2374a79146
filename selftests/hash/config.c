// SPDX-License-Identifier: GPL-2.0
/*
 * TUNGETVNETHASHCAP, TUNSETVNETHASH and TUNXGETHASH: what is refused and what
 * stays then, the bytes that are read, and the header in every size.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include "rss.h"

static const uint16_t table[65536];
static uint16_t numbered[TUNX_HASH_TABLE_MAX];

static void capability(void)
{
	struct tun_vnet_hash cap = { 0 };
	int fd = tun_open(O_RDWR | O_NONBLOCK), size;
	struct tunx_hash hash;
	struct nl_reply reply;

	result(ioctl(fd, TUNGETVNETHASHCAP, &cap), 0, "TUNGETVNETHASHCAP, unattached");
	is(cap.flags, REPORT | RSS, "flags");
	is(cap.types, TUNX_HASH_TYPES, "types");
	ok(!cap.pad[0] && !cap.pad[1], "padding");
	result(ioctl(fd, TUNGETVNETHASHCAP, BAD_PTR), EFAULT, "a bad pointer");
	result(ioctl(fd, TUNSETVNETHASH, NULL), EBADFD, "TUNSETVNETHASH, unattached");
	result(rss_get(fd, &hash), EBADFD, "TUNXGETHASH, unattached");

	must(tun_setiff(fd, "hc0", IFF_TAP | IFF_VNET_HDR | IFF_NO_PI));
	must(rss_types(fd, PLAIN_TYPES));
	must(nl_dellink("hc0", &reply));
	result(ioctl(fd, TUNGETVNETHDRSZ, &size), EBADFD, "TUNGETVNETHDRSZ, device deleted");
	result(ioctl(fd, TUNGETVNETHASHCAP, &cap), 0, "TUNGETVNETHASHCAP, device deleted");
	result(ioctl(fd, TUNSETVNETHASH, NULL), EBADFD, "TUNSETVNETHASH, device deleted");
	result(rss_get(fd, &hash), EBADFD, "TUNXGETHASH, device deleted");
	close(fd);
}

/* Refused, and the configuration is what it was. */
static void refuse(int fd, long ret, int err, const char *what)
{
	int got = ret < 0 ? errno : 0;
	struct tunx_hash hash;

	must(rss_get(fd, &hash));
	ok(hash.flags == (REPORT | RSS) && hash.types == (IPV4 | TCP_EX) &&
	   hash.unclassified_queue == 77 && hash.table_len == 8 &&
	   !memcmp(hash.table, numbered, 16) && !memcmp(hash.key, rss_key, 40),
	   "%s: the old configuration stays", what);
	errno = got;
	result(ret, err, "%s", what);
}

static void refused(void)
{
	const struct rss good = { .flags = REPORT | RSS, .types = IPV4 | TCP_EX,
				  .unclassified = 77, .table_len = 8, .table = numbered };
	const int bytes = 8 + 4 + 8 * 2 + 40;
	static const int lens[] = { 3, 5, 6, 7, 9, 127, 129, 511, 513, 1024, 32768, 65535, 65536 };
	struct tun_vnet_hash head = { 0 };
	int fd = tun_new("hc1", IFF_TAP | IFF_VNET_HDR), bad = 0;
	struct rss rss = good;
	char what[60];
	unsigned int i;

	must(rss_set(fd, &good));
	refuse(fd, ioctl(fd, TUNSETVNETHASH, NULL), EFAULT, "NULL");
	refuse(fd, ioctl(fd, TUNSETVNETHASH, BAD_PTR), EFAULT, "a bad pointer");
	for (i = 1; i <= (unsigned int)bytes; i++)
		if (!rss_set_short(fd, &good, i) || errno != EFAULT)
			bad++;
	refuse(fd, -1, errno, "cut off");
	is(bad, 0, "cut off at each of %d bytes: EFAULT", bytes);
	for (i = 2; i < 16; i++) {
		rss.flags = good.flags | 1 << i;
		snprintf(what, sizeof(what), "flag %#x", 1 << i);
		refuse(fd, rss_set(fd, &rss), EINVAL, what);
	}
	rss = good;
	for (i = 9; i < 32; i++) {
		rss.types = good.types | 1u << i;
		snprintf(what, sizeof(what), "type %#x", 1u << i);
		refuse(fd, rss_set(fd, &rss), EINVAL, what);
		rss.flags = 0;
		refuse(fd, rss_set(fd, &rss), EINVAL, "also when it is to be off");
		rss.flags = good.flags;
	}
	rss = good;
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		rss.table_len = lens[i];
		rss.table = table;
		snprintf(what, sizeof(what), "a table of %d", lens[i]);
		refuse(fd, rss_set(fd, &rss), EINVAL, what);
	}
	head.pad[0] = 1;
	refuse(fd, ioctl(fd, TUNSETVNETHASH, &head), EINVAL, "padding");
	head = (struct tun_vnet_hash){ .pad = { 0, 128 } };
	refuse(fd, ioctl(fd, TUNSETVNETHASH, &head), EINVAL, "the other byte of it");
	close(fd);
}

/* What was set is in force; the rest of the key is zero, whatever lay behind it. */
static bool in_force(int fd, const struct rss *rss)
{
	int key_len = tunx_hash_key_len(rss->types), i;
	struct tunx_hash hash;

	must(rss_get(fd, &hash));
	for (i = key_len; i < TUNX_HASH_KEY_MAX; i++)
		if (hash.key[i])
			return false;
	return hash.size == sizeof(hash) && hash.flags == rss->flags &&
	       hash.types == rss->types && !hash.transform &&
	       hash.unclassified_queue == rss->unclassified &&
	       hash.table_len == rss->table_len &&
	       !memcmp(hash.table, rss->table, rss->table_len * 2) &&
	       !memcmp(hash.key, rss_key, key_len);
}

static void accepted(void)
{
	struct rss rss = { .flags = REPORT | RSS, .types = PLAIN_TYPES, .unclassified = 65535,
			   .table = numbered };
	static const int wants[] = { 12, 16, 36, 40, 4 };
	static const uint32_t types[] = { IPV4, IPV4 | UDPV4, IPV6 | TCPV4, UDP_EX, 0 };
	int fd = tun_new("hc2", IFF_TUN), bad = 0;
	struct tunx_hash hash;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		is(tunx_hash_key_len(types[i]), wants[i], "length of the key for types %#x",
		   types[i]);
	for (rss.table_len = 1; rss.table_len <= TUNX_HASH_TABLE_MAX; rss.table_len *= 2) {
		result(rss_set(fd, &rss), 0, "a table of %d", rss.table_len);
		ok(in_force(fd, &rss), "a table of %d: is in force", rss.table_len);
	}
	rss.table_len = 2;
	for (rss.types = 0; rss.types <= TUNX_HASH_TYPES; rss.types++)
		for (rss.flags = RSS; rss.flags <= (REPORT | RSS); rss.flags++)
			bad += rss_set(fd, &rss) || !in_force(fd, &rss);
	is(bad, 0, "512 sets of types: no byte of the key too many, none too few");
	rss.types = PLAIN_TYPES;

	rss.flags = REPORT;
	result(rss_set(fd, &rss), 0, "REPORT alone: no table and no key is read");
	must(rss_get(fd, &hash));
	is(hash.flags, REPORT, "it is in force");
	is(hash.table_len, 0, "without a table");
	is(hash.unclassified_queue, 0, "without a queue");
	rss.flags = 0;
	result(rss_set(fd, &rss), 0, "no flag: off");
	must(rss_get(fd, &hash));
	is(hash.flags | hash.types, 0, "off: nothing is in force");
	result(rss_set(fd, &rss), 0, "off again");
	close(fd);
}

static void getter(void)
{
	struct rss rss = { .flags = RSS, .types = PLAIN_TYPES, .table_len = 512,
			   .table = numbered };
	int fd[2] = { tun_new("hc3", IFF_TUN | IFF_MULTI_QUEUE),
		      tun_new("hc3", IFF_TUN | IFF_MULTI_QUEUE) };
	const size_t head = offsetof(struct tunx_hash, key);
	union {
		struct tunx_hash hash;
		unsigned char raw[8192];
	} u;
	unsigned int i, bad = 0;

	must(rss_set(fd[0], &rss));
	ok(in_force(fd[1], &rss), "set on one queue, seen on another");
	memset(&u, 0x5a, sizeof(u));
	u.hash.size = head;
	u.hash.flags = 0;
	result(ioctl(fd[0], TUNXGETHASH, &u), 0, "TUNXGETHASH without room for key and table");
	is(u.hash.size, sizeof(u.hash), "tells how much it has");
	is(u.hash.table_len, 512, "and the length of the table");
	is(u.raw[head], 0x5a, "and writes no more");
	memset(&u, 0x5a, sizeof(u));
	u.hash.size = 4096;
	u.hash.flags = 0;
	result(ioctl(fd[0], TUNXGETHASH, &u), 0, "more room than it needs");
	for (i = sizeof(u.hash); i < sizeof(u); i++)
		bad += u.raw[i] != (i < 4096 ? 0 : 0x5a);
	is(bad, 0, "is zero at the end");
	u.hash.size = 4097;
	u.hash.flags = 0;
	result(ioctl(fd[0], TUNXGETHASH, &u), E2BIG, "more than a page");
	u.hash.size = head - 1;
	result(ioctl(fd[0], TUNXGETHASH, &u), EINVAL, "less than the least");
	u.hash.size = sizeof(u.hash);
	u.hash.flags = 1;
	result(ioctl(fd[0], TUNXGETHASH, &u), EINVAL, "a flag");
	result(ioctl(fd[0], TUNXGETHASH, BAD_PTR), EFAULT, "a bad pointer");
	close(fd[0]);
	close(fd[1]);
}

static void send_one(int fd, int hdr, struct vnet_hdr *h, unsigned int flow)
{
	struct frame f = { 0 };

	frame_flow(&f, true, &rss_flows[flow], IPPROTO_TCP);
	is(rss_pass("hc4", &f, &fd, 1, hdr, h), 0, "header of %d: arrives", hdr);
}

/* Whichever comes first, the header's size or the hash. */
static void header(bool size_first)
{
	static const int sizes[] = { 20, 10, 12, 19, 21, 23, 24, 25, 100, 4000, 20 };
	struct vnet_hdr h;
	unsigned int i;
	int fd;

	rss_device("hc4", IFF_TAP, 10, &fd, 1);
	if (!size_first)
		must(rss_types(fd, PLAIN_TYPES));
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		int size = sizes[i];

		must(ioctl(fd, TUNSETVNETHDRSZ, &size));
		if (size_first && !i)
			must(rss_types(fd, PLAIN_TYPES));
		send_one(fd, size, &h, 0);
		is(h.hash_report, size < 20 ? 0 : 2, "header of %d: report", size);
		is(h.hash_value, size < 20 ? 0 : rss_flows[0].ports, "header of %d: hash", size);
		is(h.num_buffers | h.padding | h.outer_th | h.inner_nh, 0,
		   "header of %d: the other fields", size);
	}
	must(rss_set(fd, &(struct rss){ .flags = RSS, .types = PLAIN_TYPES }));
	send_one(fd, 20, &h, 0);
	is(h.hash_report | h.hash_value, 0, "RSS alone reports nothing");
	must(rss_set(fd, &(struct rss){ .flags = 0 }));
	send_one(fd, 20, &h, 0);
	is(h.hash_report | h.hash_value, 0, "off: nothing either");
	close(fd);
}

static void endian(void)
{
	unsigned long calls[] = { TUNSETVNETLE, TUNSETVNETBE };
	struct vnet_hdr h;
	unsigned int i;
	int fd, value;

	rss_device("hc4", IFF_TAP, HASH_HDR, &fd, 1);
	must(rss_types(fd, PLAIN_TYPES));
	for (i = 0; i < 4; i++) {
		value = i & 1;
		if (ioctl(fd, calls[i / 2], &value)) {
			skip("a kernel with CONFIG_TUN_VNET_CROSS_LE would", "TUNSETVNETBE %d",
			     value);
			continue;
		}
		send_one(fd, HASH_HDR, &h, 1);
		is(le16toh(h.hash_report), 2, "%s %d: report is little-endian",
		   i / 2 ? "BE" : "LE", value);
		is(le32toh(h.hash_value), rss_flows[1].ports, "%s %d: and the hash",
		   i / 2 ? "BE" : "LE", value);
	}
	close(fd);
}

/* Without a key of the guest's, the machine's. */
static void report_alone(void)
{
	unsigned char input[12];
	struct tunx_hash hash;
	struct vnet_hdr h;
	uint16_t port;
	int fd;

	rss_device("hc4", IFF_TAP, HASH_HDR, &fd, 1);
	must(rss_set(fd, &(struct rss){ .flags = REPORT, .types = PLAIN_TYPES }));
	must(rss_get(fd, &hash));
	inet_pton(AF_INET, rss_flows[0].src, input);
	inet_pton(AF_INET, rss_flows[0].dst, input + 4);
	port = htons(rss_flows[0].sport);
	memcpy(input + 8, &port, 2);
	port = htons(rss_flows[0].dport);
	memcpy(input + 10, &port, 2);
	send_one(fd, HASH_HDR, &h, 0);
	is(h.hash_report, 2, "REPORT alone: report");
	is(h.hash_value, rss_toeplitz(hash.key, input, 12), "REPORT alone: the key is shown");
	close(fd);
}

static ssize_t write_header(int fd)
{
	struct vnet_hdr h = { .hash_value = 0x12345678, .hash_report = 2, .padding = 5 };
	struct frame f = { 0 };

	frame_flow(&f, true, &rss_flows[0], IPPROTO_TCP);
	return vnet_write(fd, &h, HASH_HDR, f.data, f.len) == HASH_HDR + (ssize_t)f.len ? 0 : -1;
}

/* Hash and checksum in one header; and what a writer puts there is ignored. */
static void beside_others(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(2000) };
	int fd, s = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	unsigned char buf[2000];
	struct vnet_hdr h;

	rss_device("hc4", IFF_TUN, 24, &fd, 1);
	must(rss_types(fd, PLAIN_TYPES));
	must(ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM));
	must(if_addr("hc4", "10.2.0.1", 24));
	must(inet_pton(AF_INET, "10.2.0.2", &to.sin_addr));
	must(sendto(s, "x", 1, 0, (void *)&to, sizeof(to)));
	do {
		if (!readable(fd, 1000))
			bail("no packet");
		is(vnet_read(fd, &h, 24, buf, sizeof(buf)) > 0, true, "a packet of the stack");
	} while (buf[0] != 0x45 || buf[9] != IPPROTO_UDP);
	is(h.flags, F_NEEDS_CSUM, "its checksum is to be completed");
	is(h.csum_start, 20, "which starts there");
	is(h.hash_report, 3, "and it has a report");
	is(h.hash_value, rss_toeplitz(rss_key, (unsigned char[]){
		10, 2, 0, 1, 10, 2, 0, 2, buf[20], buf[21], buf[22], buf[23] }, 12),
	   "and a hash");
	close(fd);
	close(s);
	rss_device("hc4", IFF_TAP, HASH_HDR, &fd, 1);
	result(write_header(fd), 0, "a hash that is written is ignored");
	close(fd);
}

static int set_as_owner(void *arg)
{
	struct tunx_hash hash;
	int fd = *(int *)arg;

	if (tun_setiff(fd, "hc5", IFF_TUN) || rss_types(fd, IPV4) || rss_get(fd, &hash))
		return errno;
	return hash.types == IPV4 ? 0 : EPROTO;
}

static void unprivileged(void)
{
	int keep = tun_new("hc5", IFF_TUN), fd = must(open(tun_public_node(), O_RDWR));

	must(ioctl(keep, TUNSETOWNER, NOBODY));
	must(ioctl(keep, TUNSETPERSIST, 1));
	close(keep);
	is(as_user(NOBODY, NOBODY, set_as_owner, &fd), 0, "the owner of a device needs no right");
	must(ioctl(fd, TUNSETPERSIST, 0));
	close(fd);
}

int main(void)
{
	unsigned int i;

	ktap_begin();
	netns_new();
	rss_or_skip();
	for (i = 0; i < ARRAY_SIZE(numbered); i++)
		numbered[i] = i * 7 + 65000;
	capability();
	refused();
	accepted();
	getter();
	header(true);
	header(false);
	endian();
	report_alone();
	beside_others();
	unprivileged();
	return ktap_end();
}
