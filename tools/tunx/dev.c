// SPDX-License-Identifier: GPL-2.0
/* Open, attach, read and write. See dev.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "dev.h"
#include "link.h"
#include "util.h"

/* An existing device says by its kind which driver has it. */
static const char *choose_node(const struct link *existing)
{
	if (existing && !strcmp(existing->kind, "tunx"))
		return NODE_TUNX;
	if (existing && !strcmp(existing->kind, "tun"))
		return NODE_TUN;
	return access(NODE_TUNX, F_OK) ? NODE_TUN : NODE_TUNX;
}

/*
 * TUNSETIFF replaces the flags of an existing device by the caller's, so hand
 * back what the device has: reading from it must not change it.
 */
static unsigned int choose_flags(const struct dev_request *req, const struct link *existing)
{
	unsigned int type = req->flags & (IFF_TUN | IFF_TAP);
	unsigned int flags = req->flags & ~(IFF_TUN | IFF_TAP);

	if (existing) {
		flags |= existing->tun_flags & ~(IFF_PERSIST | IFF_TUN | IFF_TAP);
		if (!type)
			type = existing->tun_flags & (IFF_TUN | IFF_TAP);
	} else {
		flags |= IFF_NO_PI;
	}
	flags &= ~req->clear;
	return flags | (type ? type : IFF_TUN);
}

/* Learn what we really got: a second queue does not change the device's flags. */
static void learn_headers(struct dev *dev, unsigned int wanted)
{
	struct ifreq ifr = { 0 };
	struct link link;
	int size = 0;

	if (ioctl(dev->fd, TUNGETIFF, &ifr))
		die("%s: asking for the device's name: %s", dev->node, strerror(errno));
	memcpy(dev->name, ifr.ifr_name, sizeof(dev->name));
	dev->name[IFNAMSIZ - 1] = '\0';
	dev->tap = ifr.ifr_flags & IFF_TAP;

	/* in TUNGETIFF the NO_PI bit also means "no filter attached"; netlink is clear */
	if (link_get(dev->name, &link) && link_is_tun(&link))
		wanted = link.tun_flags;
	dev->pi = !(wanted & IFF_NO_PI);

	if (!(ifr.ifr_flags & IFF_VNET_HDR))
		return;
	if (ioctl(dev->fd, TUNGETVNETHDRSZ, &size))
		die("%s: asking for the header size: %s", dev->name, strerror(errno));
	if (size > DEV_VNET_MAX)
		die("%s: virtio-net header of %d bytes, more than the %d this program takes",
		    dev->name, size, DEV_VNET_MAX);
	dev->vnet = size;
}

void dev_open(struct dev *dev, const char *node)
{
	memset(dev, 0, sizeof(*dev));
	dev->node = node ? node : choose_node(NULL);
	dev->fd = open(dev->node, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (dev->fd < 0)
		explain_open(dev->node, errno);
}

void dev_attach(struct dev *dev, const struct dev_request *req)
{
	struct link link, *existing = NULL;
	struct ifreq ifr = { 0 };
	unsigned int flags;

	if (req->name && strlen(req->name) >= IFNAMSIZ)
		wrong_use("device name '%s' is longer than %d characters", req->name, IFNAMSIZ - 1);
	if (req->name && link_get(req->name, &link))
		existing = &link;

	dev_open(dev, req->node ? req->node : choose_node(existing));
	dev->created = !existing;

	flags = choose_flags(req, existing);
	ifr.ifr_flags = flags;
	if (req->name)
		memcpy(ifr.ifr_name, req->name, strlen(req->name));
	if (ioctl(dev->fd, TUNSETIFF, &ifr))
		explain_attach(dev->fd, dev->node, req->name ? req->name : "", flags, errno);
	learn_headers(dev, flags);

	if (req->mtu)
		link_set_mtu(dev->name, req->mtu);
	for (size_t i = 0; i < req->addresses; i++)
		link_add_address(dev->name, req->address[i]);
	if (req->up)
		link_up(dev->name);
}

size_t dev_headers(const struct dev *dev)
{
	return (dev->pi ? sizeof(struct tun_pi) : 0) + dev->vnet;
}

ssize_t dev_read_at(struct dev *dev, void *buffer, size_t size)
{
	ssize_t n = read(dev->fd, buffer, size);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0) {
		/* EFAULT: stock's word for a device deleted under a waiting reader */
		if (errno == EBADFD || errno == EFAULT)
			warning("%s was deleted", dev->name);
		else
			warning("reading from %s: %s", dev->name, strerror(errno));
		return -1;
	}
	if ((size_t)n < dev_headers(dev)) {
		warning("reading from %s: %zd bytes, shorter than the %zu bytes of headers",
			dev->name, n, dev_headers(dev));
		return -1;
	}
	return n;
}

int dev_read(struct dev *dev, struct packet *pkt)
{
	size_t headers = dev_headers(dev);
	struct tun_pi pi = { 0 };
	ssize_t n;

	n = dev_read_at(dev, pkt->buffer, sizeof(pkt->buffer));
	if (n <= 0)
		return n;
	if (dev->pi)
		memcpy(&pi, pkt->buffer, sizeof(pi));
	pkt->truncated = pi.flags & TUN_PKT_STRIP;
	pkt->protocol = ntohs(pi.proto);
	pkt->data = pkt->buffer + headers;
	pkt->len = n - headers;
	return 1;
}

int dev_write(struct dev *dev, const void *data, size_t len)
{
	static const uint8_t vnet_header[DEV_VNET_MAX];
	struct tun_pi pi = { 0 };
	struct iovec iov[3];
	int n = 0;

	if (dev->pi) {
		/* tap ignores it; tun takes the protocol from here */
		if (!dev->tap && len)
			pi.proto = htons((*(const uint8_t *)data >> 4) == 6 ? ETH_P_IPV6 :
					 ETH_P_IP);
		iov[n++] = (struct iovec){ &pi, sizeof(pi) };
	}
	if (dev->vnet)
		iov[n++] = (struct iovec){ (void *)vnet_header, dev->vnet };
	iov[n++] = (struct iovec){ (void *)data, len };
	return writev(dev->fd, iov, n) < 0 ? -1 : 0;
}

int dev_write_wait(struct dev *dev, const void *data, size_t len)
{
	struct pollfd pfd = { .fd = dev->fd, .events = POLLOUT };
	const struct timespec a_while = { .tv_nsec = 10000000 };

	while (dev_write(dev, data, len)) {
		if (errno != EAGAIN)
			return -1;
		if (!wait_for(&pfd, 1, &a_while))
			return 0;
	}
	return 1;
}

void dev_mac(const struct dev *dev, uint8_t mac[6])
{
	struct ifreq ifr = { 0 };

	memset(mac, 0, ETH_ALEN);
	if (!dev->tap)
		return;
	if (ioctl(dev->fd, SIOCGIFHWADDR, &ifr))
		die("asking for the MAC address of %s: %s", dev->name, strerror(errno));
	memcpy(mac, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
}

const char *dev_write_hint(int err)
{
	switch (err) {
	case EIO:
		return " (the device is down: 'ip link set DEV up', or --up)";
	case EINVAL:
		return " (not a packet of this device's type: tun takes IP, tap takes Ethernet)";
	case EBADFD:
		return " (the device was deleted)";
	case ENOBUFS:
	case ENOMEM:
		return " (no memory, or the packet is too large)";
	default:
		return "";
	}
}
