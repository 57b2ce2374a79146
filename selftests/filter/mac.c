// SPDX-License-Identifier: GPL-2.0
/*
 * TUNSETTXFILTER: which destination addresses reach the reader of a tap. Eight
 * exact ones, more multicast ones by their hash.
 */
#define _GNU_SOURCE
#include <linux/if_ether.h>
#include "tuntest.h"

static unsigned char in[2000];
static struct {
	uint16_t flags, count;
	uint8_t addr[65535][ETH_ALEN];
} filter;
static int fd, sender;

static const uint8_t broadcast[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

/* The i-th address of ours; @first 2 is unicast, 3 multicast. */
static const uint8_t *address(uint8_t first, unsigned int i)
{
	static uint8_t addrs[2][ETH_ALEN];
	static int turn;	/* two can be in use at once */
	uint8_t *addr = addrs[turn++ % 2];

	addr[0] = first;
	addr[4] = i >> 8;
	addr[5] = i;
	return addr;
}

static int set(unsigned int flags, unsigned int unicast, unsigned int multicast)
{
	unsigned int i;

	filter.flags = flags;
	filter.count = unicast + multicast;
	for (i = 0; i < unicast; i++)
		memcpy(filter.addr[i], address(2, i), ETH_ALEN);
	for (i = 0; i < multicast; i++)
		memcpy(filter.addr[unicast + i], address(3, i), ETH_ALEN);
	return ioctl(fd, TUNSETTXFILTER, &filter);
}

/* Does a frame to @addr reach the reader? Exactly one of two things happens. */
static bool passes(const uint8_t *addr)
{
	unsigned char frame[100] = { 0 };
	long dropped = if_stat("fm0", "tx_dropped");
	bool got;

	pkt_eth(frame, addr, address(2, 77), 0x88b5, NULL, 0);
	must(packet_send(sender, 0x88b5, frame, sizeof(frame)));
	got = read(fd, in, sizeof(in)) == sizeof(frame) && !memcmp(in, frame, sizeof(frame));
	if (if_stat("fm0", "tx_dropped") - dropped != !got)
		printf("# not read and not counted, or both\n");
	return got;
}

static void exact(void)
{
	unsigned int i, ones = 0, others = 0;

	is(set(0, 1, 0), 1, "one address: 1");
	ok(passes(address(2, 0)), "it passes");
	ok(!passes(address(2, 1)), "another does not");
	ok(!passes(address(3, 0)), "multicast does not");
	ok(!passes(broadcast), "broadcast does not");
	is(set(0, 8, 0), 8, "eight addresses: 8");
	for (i = 0; i < 8; i++)
		ones += passes(address(2, i));
	for (; i < 40; i++)
		others += passes(address(2, i));
	is(ones, 8, "they pass");
	is(others, 0, "others do not");
	filter.count = 1;
	memcpy(filter.addr[0], broadcast, ETH_ALEN);
	is(ioctl(fd, TUNSETTXFILTER, &filter), 1, "broadcast by its address: 1");
	ok(passes(broadcast), "it passes");
	ok(!passes(address(2, 0)), "nothing else does");
}

/* CRC-32 of Ethernet, highest bit first. */
static uint32_t crc(const uint8_t *p)
{
	uint32_t sum = ~0u;
	int i, bit;

	for (i = 0; i < ETH_ALEN; i++)
		for (bit = 0; bit < 8; bit++)
			sum = sum << 1 ^ ((sum >> 31 ^ (p[i] >> bit & 1)) ? 0x04c11db7 : 0);
	return sum;
}

static void hashed(void)
{
	uint64_t mask = 0;
	unsigned int i, wrong = 0, passed = 0;

	is(set(0, 8, 5), 8, "eight addresses and five multicast ones: 8");
	for (i = 0; i < 5; i++)
		mask |= 1ULL << (crc(address(3, i)) >> 26);
	for (i = 0; i < 300; i++) {
		bool want = mask >> (crc(address(3, i)) >> 26) & 1, got = passes(address(3, i));

		wrong += got != want;
		passed += got;
	}
	is(wrong, 0, "of 300 multicast addresses those with a right hash pass (%u)", passed);
	ok(passed >= 5, "those asked for among them");
	ok(passes(address(2, 7)), "the exact ones pass");
	ok(!passes(address(2, 8)), "other unicast does not");
	is(set(0, 0, 20), 8, "20 multicast addresses: the first eight are exact");
	ok(passes(address(3, 0)), "the first passes");
	ok(passes(address(3, 19)), "the last passes");
}

static void all_multicast(void)
{
	unsigned int i, passed = 0;

	is(set(TUN_FLT_ALLMULTI, 2, 0), 2, "two addresses and ALLMULTI: 2");
	for (i = 0; i < 100; i++)
		passed += passes(address(3, i));
	is(passed, 100, "all multicast passes");
	ok(passes(broadcast), "broadcast, too");
	ok(passes(address(2, 1)), "the exact ones");
	ok(!passes(address(2, 2)), "not other unicast");
	is(set(TUN_FLT_ALLMULTI, 0, 0), 0, "no address and ALLMULTI: 0");
	ok(passes(address(2, 2)), "is no filter");
}

static void off(void)
{
	must(set(0, 1, 0));
	is(set(0, 9, 0), 0, "nine unicast addresses: 0");
	ok(passes(address(2, 100)), "is no filter");
	must(set(0, 1, 0));
	is(set(0, 0, 0), 0, "no address: 0");
	ok(passes(address(2, 100)), "is no filter");
	is(set(0, 8, 65535 - 8), 8, "65535 addresses");
	is(set(0, 0, 0), 0, "no address");
}

static void refused(void)
{
	int tun = tun_new("fm1", IFF_TUN);

	filter.flags = 0;
	filter.count = 1;
	result(ioctl(tun, TUNSETTXFILTER, &filter), EINVAL, "TUN has no addresses");
	result(ioctl(tun, TUNSETTXFILTER, BAD_PTR), EINVAL, "TUN, bad pointer");
	close(tun);
	must(set(0, 1, 0));
	result(ioctl(fd, TUNSETTXFILTER, BAD_PTR), EFAULT, "bad pointer");
	ok(!passes(address(2, 1)), "the filter is as it was");
	must(set(0, 0, 0));
}

static void persistent(void)
{
	must(ioctl(fd, TUNSETPERSIST, 1));
	must(set(0, 1, 0));
	close(fd);
	fd = tun_new("fm0", IFF_TAP | IFF_NO_PI);
	/* settle() needs an address that passes. */
	must(set(0, 0, 0));
	settle(fd, "fm0");
	must(set(0, 1, 0));
	ok(!passes(address(2, 1)), "reopened: filtered");
	ok(passes(address(2, 0)), "and passed");
	must(ioctl(fd, TUNSETPERSIST, 0));
}

int main(void)
{
	ktap_begin();
	netns_new();
	fd = tun_new("fm0", IFF_TAP | IFF_NO_PI);
	must(if_up("fm0"));
	settle(fd, "fm0");
	sender = packet_socket("fm0", SOCK_RAW, 0);
	ok(passes(address(2, 5)) && passes(broadcast), "a new tap passes all");
	exact();
	hashed();
	all_multicast();
	off();
	refused();
	persistent();
	close(sender);
	close(fd);
	return ktap_end();
}
