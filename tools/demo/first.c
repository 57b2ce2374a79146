// SPDX-License-Identifier: GPL-2.0
/*
 * The first program everybody writes against TUN/TAP: make a network card,
 * then be the wire behind it. It knows nothing of tunx.
 */
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Opens the driver, makes a device; @name is a wish and becomes the answer. */
static int make_device(char name[IFNAMSIZ], int type)
{
	struct ifreq ifr;
	int fd;

	fd = open("/dev/net/tun", O_RDWR);
	if (fd < 0) {
		perror("opening /dev/net/tun");
		exit(1);
	}

	memset(&ifr, 0, sizeof(ifr));
	memcpy(ifr.ifr_name, name, IFNAMSIZ);
	ifr.ifr_flags = type;
	if (ioctl(fd, TUNSETIFF, &ifr) < 0) {
		perror("TUNSETIFF");
		exit(1);
	}
	memcpy(name, ifr.ifr_name, IFNAMSIZ);
	return fd;
}

int main(void)
{
	char name[IFNAMSIZ] = "";	/* empty: the kernel chooses */
	char packet[2048];
	ssize_t n;
	int fd;

	fd = make_device(name, IFF_TUN | IFF_NO_PI);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("The device is %s\n", name);

	for (;;) {
		n = read(fd, packet, sizeof(packet));
		if (n < 0) {
			perror("read");
			return 1;
		}
		printf("Read %zd bytes\n", n);
	}
}
