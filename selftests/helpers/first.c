// SPDX-License-Identifier: GPL-2.0
/*
 * The first program everybody writes: open the node, ask for an interface,
 * print what arrives. It knows nothing of the tests or of a second driver.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <net/if.h>
#include <linux/if_tun.h>

static int tun_alloc(char *dev)
{
	struct ifreq ifr;
	int fd = open("/dev/net/tun", O_RDWR);

	if (fd < 0) {
		perror("opening /dev/net/tun");
		return -1;
	}
	memset(&ifr, 0, sizeof(ifr));
	ifr.ifr_flags = IFF_TUN | IFF_NO_PI;
	if (ioctl(fd, TUNSETIFF, &ifr) < 0) {
		perror("TUNSETIFF");
		close(fd);
		return -1;
	}
	strcpy(dev, ifr.ifr_name);
	return fd;
}

int main(void)
{
	char dev[IFNAMSIZ], packet[2000];
	int fd = tun_alloc(dev);
	ssize_t n;

	if (fd < 0)
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("Open tun device %s for reading\n", dev);
	while ((n = read(fd, packet, sizeof(packet))) >= 0)
		printf("Read %zd bytes from %s\n", n, dev);
	perror("reading");
	return 1;
}
