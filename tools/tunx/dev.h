/* SPDX-License-Identifier: GPL-2.0 */
/* The char half: open a node, attach to a device, one packet per call. */
#ifndef TUNX_TOOL_DEV_H
#define TUNX_TOOL_DEV_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>
#include <sys/types.h>

#define NODE_TUNX	"/dev/net/tunx"
#define NODE_TUN	"/dev/net/tun"
#define DEV_ADDRESSES	8
#define DEV_VNET_MAX	256	/* the kernel sets no limit; nothing real is larger */
/* the largest packet of any MTU with every header, and room for a reply to grow */
#define DEV_BUFFER	(128 * 1024)

/**
 * struct dev_request - what the user asked for
 * @node: device node, NULL = choose
 * @name: interface name or template ("tun%d"), NULL = the kernel's choice
 * @flags: IFF_* for TUNSETIFF; neither IFF_TUN nor IFF_TAP = as the device is, else tun
 * @clear: flags not to have, whatever the device has; IFF_NO_PI: with packet info
 * @up: set the device up
 * @mtu: 0 = leave
 * @address: addresses to add, ADDRESS/PREFIX
 * @addresses: how many
 */
struct dev_request {
	const char *node;
	const char *name;
	unsigned int flags;
	unsigned int clear;
	bool up;
	uint32_t mtu;
	const char *address[DEV_ADDRESSES];
	size_t addresses;
};

/**
 * struct dev - an attached queue
 * @fd: non-blocking
 * @node: path it was opened at
 * @name: interface name
 * @tap: Ethernet frames, else IP packets
 * @created: the device did not exist before
 * @pi: packet info precedes each packet
 * @vnet: bytes of virtio-net header before each packet
 */
struct dev {
	int fd;
	const char *node;
	char name[IFNAMSIZ];
	bool tap;
	bool created;
	bool pi;
	size_t vnet;
};

/**
 * struct packet - one packet without its headers towards user space
 * @data: points into @buffer
 * @len: bytes at @data
 * @truncated: did not fit
 * @protocol: ethertype from packet info, 0 when the device has none
 * @buffer: what read(2) filled
 */
struct packet {
	uint8_t *data;
	size_t len;
	bool truncated;
	uint16_t protocol;
	uint8_t buffer[DEV_BUFFER];
};

/** dev_open - a file that is not attached yet; ends the program on failure */
void dev_open(struct dev *dev, const char *node);

/** dev_attach - open, create or join, configure; ends the program on failure */
void dev_attach(struct dev *dev, const struct dev_request *req);

/**
 * dev_read - take one packet
 *
 * Return: 1 = @pkt filled, 0 = none waiting, -1 = the device is gone (reported)
 */
int dev_read(struct dev *dev, struct packet *pkt);

/**
 * dev_read_at - take one packet with its headers into @buffer
 *
 * Return: bytes, headers included; 0 = none waiting, -1 = the device is gone (reported)
 */
ssize_t dev_read_at(struct dev *dev, void *buffer, size_t size);

/** dev_headers - bytes before each packet that is read */
size_t dev_headers(const struct dev *dev);

/**
 * dev_write - put one packet in, with the headers the device wants
 *
 * Return: 0, or -1 and errno
 */
int dev_write(struct dev *dev, const void *data, size_t len);

/**
 * dev_write_wait - as dev_write(), waiting while the device takes no more
 *
 * Return: 1 = taken, 0 = the user stopped us, -1 and errno = refused
 */
int dev_write_wait(struct dev *dev, const void *data, size_t len);

/** dev_mac - the MAC address of a tap, zeros for tun */
void dev_mac(const struct dev *dev, uint8_t mac[6]);

/** dev_write_hint - what to do about @err from dev_write(); "" if unknown */
const char *dev_write_hint(int err);

/** explain_open, explain_attach - end the program saying why and what to do */
noreturn void explain_open(const char *node, int err);
noreturn void explain_attach(int fd, const char *node, const char *name, unsigned int flags,
			     int err);

#endif
