/* SPDX-License-Identifier: GPL-2.0 */
/* The net half from outside: a packet socket on a device. */
#ifndef TUNX_TOOL_PORT_H
#define TUNX_TOOL_PORT_H

#include <linux/if_ether.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link.h"

/**
 * struct port - a packet socket on a device
 * @sock: the socket
 * @link: the device
 * @ethernet: its frames have an Ethernet header
 * @mac: its address
 */
struct port {
	int sock;
	struct link link;
	bool ethernet;
	uint8_t mac[ETH_ALEN];
};

/**
 * port_open - ends the program on failure
 * @protocol: ETH_P_ALL to receive what comes in, 0 to send only
 */
void port_open(struct port *port, const char *name, uint16_t protocol);

/**
 * port_send - have the kernel transmit a packet, waiting while there is no room
 *
 * Return: 1 = taken, 0 = the user stopped us, -1 and errno = refused
 */
int port_send(const struct port *port, const uint8_t *packet, size_t len);

/** port_hint - what to do about @err from port_send(); "" if unknown */
const char *port_hint(int err);

#endif
