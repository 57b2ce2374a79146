// SPDX-License-Identifier: GPL-2.0
/*
 * CVE-2024-27013: the reader's header has no words for a frame. Each read fails,
 * and the kernel's log must not tell of each.
 *
 * Frames of a tunnel are queued while the header has the tunnel fields, which
 * are then taken away.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/udp.h>
#include "vnet.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT	103
#endif
#define FRAMES	200

static int log_fd;

/* Lines of the kernel's log with @text since the last call. */
static int log_lines(const char *text)
{
	char line[2000];
	int count = 0;
	ssize_t n;

	while ((n = read(log_fd, line, sizeof(line) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		line[n > 0 ? n : 0] = 0;
		count += !!strstr(line, text);
	}
	return count;
}

static int send_tunnelled(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(2000) };
	int s = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)), seg = 1000, i;
	static unsigned char data[3000];

	must(inet_pton(AF_INET, "10.3.0.2", &to.sin_addr));
	must(setsockopt(s, SOL_UDP, UDP_SEGMENT, &seg, sizeof(seg)));
	for (i = 0; i < FRAMES; i++)
		must(sendto(s, data, sizeof(data), 0, (void *)&to, sizeof(to)));
	return close(s);
}

static void no_words(void)
{
	unsigned int offload = ALL_USO | TUN_F_UDP_TUNNEL_GSO;
	int fd = tun_new("ch0", IFF_TAP | IFF_VNET_HDR | IFF_NO_PI), size = 24, n, wrong = 0;
	static unsigned char buf[5000];
	int refused = 0;

	must(ioctl(fd, TUNSETVNETHDRSZ, &size));
	must(ioctl(fd, TUNSETOFFLOAD, offload));
	must(if_addr("ch0", "10.2.0.1", 24));
	must(if_up("ch0"));
	settle(fd, "ch0");
	if (system("ip link add cx0 type vxlan id 7 local 10.2.0.1 remote 10.2.0.2 dev ch0 "
		   "dstport 4789 noudpcsum 2>/dev/null && ip link set cx0 up mtu 1400 && "
		   "ip addr add 10.3.0.1/24 dev cx0 && "
		   "ip neigh add 10.3.0.2 lladdr 02:00:00:00:00:03 dev cx0 && "
		   "ip neigh replace 10.2.0.2 lladdr 02:00:00:00:00:02 dev ch0")) {
		skip("needs ip and the kernel's vxlan", "CVE-2024-27013: frames without words");
		close(fd);
		return;
	}
	drain(fd);
	must(send_tunnelled());
	size = 10;
	must(ioctl(fd, TUNSETVNETHDRSZ, &size));
	log_lines("");
	for (n = 0; readable(fd, 0); n++) {
		if (read(fd, buf, sizeof(buf)) >= 0)
			continue;
		refused++;
		wrong += errno != EINVAL;
	}
	ok(n >= FRAMES, "CVE-2024-27013: %d frames are taken", n);
	is(refused, FRAMES, "CVE-2024-27013: those without words are refused");
	is(wrong, 0, "CVE-2024-27013: with EINVAL");
	is(eth_stat("ch0", "queue_0_tx_lost"), FRAMES, "CVE-2024-27013: and counted");
	n = log_lines("ch0");
	ok(n > 0 && n <= 20, "CVE-2024-27013: the log has %d lines of that", n);
	must(stack_send("ch0", 100, 1));
	is(read(fd, buf, sizeof(buf)), 10 + 14 + 28 + 100, "CVE-2024-27013: the next one is read");
	if (system("ip link del cx0"))
		bail("cx0 cannot be removed");
	close(fd);
}

int main(void)
{
	ktap_begin();
	if (!tun_is_tunx()) {
		skip("stock fails each read before it looks at the frame; tunx gets there",
		     "CVE-2024-27013: frames without words");
		return ktap_end();
	}
	netns_new();
	log_fd = must(open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
	must(lseek(log_fd, 0, SEEK_END));
	no_words();
	return ktap_end();
}
