// SPDX-License-Identifier: GPL-2.0
/* Packet sockets. See port.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "port.h"
#include "util.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING	23
#endif

void port_open(struct port *port, const char *name, uint16_t protocol)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(protocol) };
	struct ifreq ifr = { 0 };
	const int on = 1;

	if (!link_get(name, &port->link))
		die("there is no device '%s' in this network namespace", name);
	/* protocol 0: nothing arrives before the socket is bound to the device */
	port->sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (port->sock < 0)
		die("opening a packet socket: %s%s", strerror(errno),
		    errno == EPERM ? " (needs root or CAP_NET_RAW)" : "");
	if (setsockopt(port->sock, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)))
		die("looking at what comes in only: %s", strerror(errno));
	address.sll_ifindex = port->link.index;
	if (bind(port->sock, (struct sockaddr *)&address, sizeof(address)))
		die("binding a packet socket to %s: %s", name, strerror(errno));
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", port->link.name);
	if (ioctl(port->sock, SIOCGIFHWADDR, &ifr))
		die("asking for the address of %s: %s", name, strerror(errno));
	port->ethernet = ifr.ifr_hwaddr.sa_family == ARPHRD_ETHER ||
			 ifr.ifr_hwaddr.sa_family == ARPHRD_LOOPBACK;
	memcpy(port->mac, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
}

int port_send(const struct port *port, const uint8_t *packet, size_t len)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = port->link.index };
	struct pollfd pfd = { .fd = port->sock, .events = POLLOUT };
	const struct timespec a_while = { .tv_nsec = 10000000 };

	/* behind an Ethernet header the kernel looks for itself */
	to.sll_protocol = htons(packet[0] >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP);
	if (port->ethernet && len >= ETH_HLEN)
		memcpy(&to.sll_protocol, packet + 2 * ETH_ALEN, sizeof(to.sll_protocol));
	while (sendto(port->sock, packet, len, 0, (struct sockaddr *)&to, sizeof(to)) < 0) {
		if (errno != EAGAIN && errno != ENOBUFS)
			return -1;
		if (!wait_for(&pfd, 1, &a_while))
			return 0;
	}
	return 1;
}

const char *port_hint(int err)
{
	return err == ENETDOWN || err == ENXIO ? " (the device is down: 'tunx set NAME up')" :
	       err == EMSGSIZE ? " (larger than the device's MTU)" : "";
}
