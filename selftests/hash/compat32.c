// SPDX-License-Identifier: GPL-2.0
/* A 32-bit program on a 64-bit kernel (built with -m32): the hash calls. */
#include <linux/if_ether.h>
#include <netinet/in.h>
#include "rss.h"

int main(void)
{
	static const uint16_t table[2] = { 0, 9 };
	struct rss rss = { .flags = REPORT | RSS, .types = PLAIN_TYPES, .unclassified = 3,
			   .table_len = 2, .table = table };
	struct tun_vnet_hash cap = { 0 };
	struct frame f = { 0 };
	struct tunx_hash hash;
	struct vnet_hdr h;
	int fd;

	ktap_begin();
	netns_new();
	is(sizeof(void *), 4, "this is a 32-bit program");
	is(sizeof(struct tun_vnet_hash), 8, "struct tun_vnet_hash has 8 bytes");
	is(sizeof(struct tun_vnet_hash_rss), 4, "struct tun_vnet_hash_rss has 4 bytes");
	is(TUNGETVNETHASHCAP, 0x800854e4, "number of TUNGETVNETHASHCAP");
	is(TUNSETVNETHASH, 0x400854e5, "number of TUNSETVNETHASH");
	is(sizeof(struct tunx_hash), 1084, "struct tunx_hash has 1084 bytes");
	rss_or_skip();
	rss_device("h32", IFF_TAP, HASH_HDR, &fd, 1);
	result(ioctl(fd, TUNGETVNETHASHCAP, &cap), 0, "TUNGETVNETHASHCAP");
	is(cap.types, TUNX_HASH_TYPES, "its types");
	result(ioctl(fd, TUNSETVNETHASH, BAD_PTR), EFAULT, "TUNSETVNETHASH, bad pointer");
	result(rss_set(fd, &rss), 0, "TUNSETVNETHASH");
	result(rss_get(fd, &hash), 0, "TUNXGETHASH");
	is(hash.size, sizeof(hash), "its size");
	is(hash.unclassified_queue, 3, "its queue");
	ok(hash.table_len == 2 && !memcmp(hash.table, table, sizeof(table)), "its table");
	ok(!memcmp(hash.key, rss_key, sizeof(rss_key)), "its key");
	frame_flow(&f, true, &rss_flows[0], IPPROTO_TCP);
	is(rss_pass("h32", &f, &fd, 1, HASH_HDR, &h), 0, "a packet arrives");
	is(h.hash_report, 2, "its report");
	is(h.hash_value, rss_flows[0].ports, "its hash");
	close(fd);
	return ktap_end();
}
