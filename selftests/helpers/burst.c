// SPDX-License-Identifier: GPL-2.0
/*
 * A burst of packets both ways through many queues, ended by just exiting: for
 * tests of what comes right behind traffic.
 */
#define _GNU_SOURCE
#include "tuntest.h"

#define QUEUES	8
#define FLAGS	(IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE)

int main(void)
{
	unsigned char pkt[200];
	int fds[QUEUES], i;

	netns_new();
	for (i = 0; i < QUEUES; i++)
		fds[i] = tun_new("burst0", FLAGS);
	must(if_up("burst0"));
	for (i = 0; i < 500; i++) {
		size_t len = pkt_udp4(pkt, "10.1.0.2", "10.1.0.1", 53, i, NULL, 64);

		must(write(fds[i % QUEUES], pkt, len));
		stack_send("burst0", 100, i);
	}
	return 0;
}
