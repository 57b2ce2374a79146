// SPDX-License-Identifier: GPL-2.0
/*
 * Old bugs of a tap that serves another device: a bridge that asks for headroom,
 * a bond that looks when something was last sent.
 * Timeout: 120 s
 */
#define _GNU_SOURCE
#include <linux/if_ether.h>
#include <pthread.h>
#include <stdatomic.h>
#include "tuntest.h"

static unsigned char frame[70000], got[70000];

static void make(size_t len, unsigned int seed)
{
	pkt_fill(frame, len, seed);
	memset(frame, 2, 12);
	memcpy(frame + 12, "\x88\xb5", 2);
}

/*
 * Tunnels in tunnels: each wants room for its header, and that of the next. Six
 * are as deep as they may be under a bridge.
 */
static int stack_tunnels(void)
{
	char cmd[200];
	int i;

	if (system("ip link add pt0 type dummy 2>/dev/null && ip link set pt0 up"))
		return 0;
	for (i = 1; i <= 6; i++) {
		snprintf(cmd, sizeof(cmd), "ip link add pt%d type vxlan id %d local 10.9.0.1 "
			 "remote 10.9.0.%d dev pt%d dstport 4789 2>/dev/null", i, i, i + 1, i - 1);
		if (system(cmd))
			break;
	}
	return i - 1;
}

static void headroom(const char *how, int flags, int oflags)
{
	static const size_t sizes[] = {
		14, 60, 1500, 2700, 2800, 2900, 3000, 3100, 3200, 3300, 3400, 3500, 3600, 3700,
		3800, 4096, 9000, 60000,
	};
	int fd = tun_open(O_RDWR | oflags), watch, big = 1 << 20;
	unsigned int i, good = 0;

	must(tun_setiff(fd, "ph0", IFF_TAP | IFF_NO_PI | flags));
	if (system("ip link set ph0 master pbr up"))
		bail("ph0 is no bridge port");
	watch = packet_socket("ph0", SOCK_RAW, ETH_P_ALL);
	must(setsockopt(watch, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big)));
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		make(sizes[i], i);
		if (write(fd, frame, sizes[i]) != (ssize_t)sizes[i])
			continue;
		while (readable(watch, 1000))
			if (recv(watch, got, sizeof(got), 0) == (ssize_t)sizes[i] &&
			    !memcmp(got, frame, sizes[i])) {
				good++;
				break;
			}
	}
	is(good, ARRAY_SIZE(sizes), "CVE-2026-81000: %s: frames of all sizes with the headroom a "
	   "bridge asks for", how);
	close(watch);
	close(fd);
}

static void bridged(void)
{
	struct nl_reply reply;
	char cmd[100];
	int n = stack_tunnels();

	if (!n || system("ip link add pbr type bridge && ip link set pbr up")) {
		skip("needs ip and the kernel's bridge, dummy and vxlan",
		     "CVE-2026-81000: headroom of a bridge port");
		return;
	}
	snprintf(cmd, sizeof(cmd), "ip link set pt%d master pbr", n);
	printf("# %d tunnels in tunnels\n", n);
	if (system(cmd))
		bail("%s", cmd);
	headroom("blocking", 0, 0);
	headroom("nonblocking", 0, O_NONBLOCK);
	headroom("NAPI", IFF_NAPI, O_NONBLOCK);
	must(nl_dellink("pbr", &reply));
	must(nl_dellink("pt0", &reply));
}

/* --- bond --- */

static atomic_bool stop;
static int slave;

/* The other end of the wire: takes what comes, and is never long silent. */
static void *peer(void *arg)
{
	static unsigned char mine[60], in[2000];

	(void)arg;
	memset(mine, 0xff, 6);
	memset(mine + 6, 2, 6);
	memcpy(mine + 12, "\x88\xb5", 2);
	while (!stop) {
		while (read(slave, in, sizeof(in)) > 0)
			;
		if (write(slave, mine, sizeof(mine)) < 0)
			break;
		usleep(20000);
	}
	return NULL;
}

static bool is_up(void *arg)
{
	char text[20];

	(void)arg;
	return if_sysfs_str("ps0", "bonding_slave/mii_status", text, sizeof(text)) > 0 &&
	       !strcmp(text, "up");
}

static void bonded(void)
{
	struct nl_reply reply;
	pthread_t thread;
	long failures;

	slave = tun_new("ps0", IFF_TAP | IFF_NO_PI);
	if (system("ip link add pbond type bond mode active-backup arp_interval 500 "
		   "arp_ip_target 10.1.0.2 2>/dev/null && ip link set ps0 master pbond && "
		   "ip link set pbond up && ip addr add 10.1.0.1/24 dev pbond")) {
		skip("needs ip and the kernel's bonding", "trans_start: a bond's ARP monitor");
		close(slave);
		return;
	}
	pthread_create(&thread, NULL, peer, NULL);
	ok(wait_until(is_up, NULL, 20000), "trans_start: a bond with ARP monitor takes a tap up");
	failures = if_sysfs("ps0", "bonding_slave/link_failure_count");
	sleep(5);
	is(if_sysfs("ps0", "bonding_slave/link_failure_count"), failures,
	   "trans_start: and leaves it up for ten intervals");
	stop = true;
	pthread_join(thread, NULL);
	must(nl_dellink("pbond", &reply));
	close(slave);
}

int main(void)
{
	ktap_begin();
	netns_new();
	bridged();
	bonded();
	return ktap_end();
}
