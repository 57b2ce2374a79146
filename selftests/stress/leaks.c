// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that fail, thousands of times: what each of them allocated is freed again,
 * whatever kind of memory it was. The slab allocator's own list (selftests/run) does
 * not show pages, nor what is large, nor what each processor has.
 *
 * What is left is judged by the machine's free memory. That goes up and down by
 * itself, but never twice by as much as it would with a leak.
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/tunx.h>
#include "tuntest.h"
#include "vnet.h"

#define NOISE	(6L << 20)

static int fd;
static unsigned char frame[65536];

static long memory(void)
{
	char text[4096], *line;

	/* What is freed behind a grace period, and by workers, comes late. */
	usleep(300000);
	must(file_read("/proc/meminfo", text, sizeof(text)));
	line = strstr(text, "MemAvailable:");
	if (!line)
		bail("no MemAvailable in /proc/meminfo");
	return strtol(line + 13, NULL, 10) * 1024;
}

static int setiff_bad_name(void)
{
	int one = tun_open(O_RDWR), ret = tun_setiff(one, "le/0", IFF_TAP | IFF_MULTI_QUEUE);

	close(one);
	return ret;
}

static int setiff_taken(void)
{
	int one = tun_open(O_RDWR), ret = tun_setiff(one, "lo", IFF_TAP | IFF_MULTI_QUEUE);

	close(one);
	return ret;
}

static int setiff_busy(void)
{
	int one = tun_open(O_RDWR), ret = tun_setiff(one, "le0", IFF_TAP | IFF_NO_PI);

	close(one);
	return ret;
}

static int write_down(void)
{
	return write(fd, frame, 1000);
}

static int write_large_down(void)
{
	return write(fd, frame, 60000);
}

static int write_pieces_down(void)
{
	struct iovec iov[5] = {
		{ frame, 54 }, { frame, 4096 }, { frame, 4096 }, { frame, 4096 }, { frame, 4096 },
	};

	return writev(fd, iov, 5);
}

static int write_wrong(void)
{
	/* neither IPv4 nor IPv6 */
	return write(fd, "\x10", 1);
}

static int write_half_there(void)
{
	struct iovec iov[2] = { { frame, 20000 }, { BAD_PTR, 20000 } };

	return writev(fd, iov, 2);
}

static int write_lying(void)
{
	struct vnet_hdr h = { .flags = F_NEEDS_CSUM, .csum_start = 30000 };
	struct iovec iov[2] = { { &h, 10 }, { frame, 20000 } };

	return writev(fd, iov, 2);
}

static int read_half_there(void)
{
	struct iovec iov[2] = { { frame, 20 }, { BAD_PTR, 20000 } };

	must(stack_send("le0", 1000, 1));
	return readv(fd, iov, 2);
}

static int filter_wrong(void)
{
	struct sock_filter code[4096] = { { 0xffff, 0, 0, 0 } };
	struct sock_fprog prog = { ARRAY_SIZE(code), code };

	return ioctl(fd, TUNATTACHFILTER, &prog);
}

static int addresses_half_there(void)
{
	return ioctl(fd, TUNSETTXFILTER, BAD_PTR);
}

static int ring_twice(void)
{
	struct tunx_ring_setup setup = { sizeof(setup), 0, TUNX_RING_MIN, TUNX_RING_MIN, 0, 0 };

	return ioctl(fd, TUNXSETRING, &setup);
}

static int ring_never_used(void)
{
	struct tunx_ring_setup setup = { sizeof(setup), 0, TUNX_RING_MIN, TUNX_RING_MIN, 0, 0 };
	int one = tun_open(O_RDWR), ret = ioctl(one, TUNXSETRING, &setup);

	close(one);
	return ret;
}

static const struct leak {
	const char *what;
	int (*call)(void);
	int err;
	int times;
	int flags;		/* of the device, 0: none */
	bool up;
	bool ours;		/* a call that stock does not know */
} leaks[] = {
	{ "TUNSETIFF: a wrong name", setiff_bad_name, EINVAL, 2000, 0, false, false },
	{ "TUNSETIFF: a name of another device", setiff_taken, EINVAL, 2000, 0, false, false },
	{ "TUNSETIFF: a device that has its queue", setiff_busy, EBUSY, 2000,
	  IFF_TAP | IFF_NO_PI, false, false },
	{ "write: device down", write_down, EIO, 20000, IFF_TAP | IFF_NO_PI, false, false },
	{ "write: device down, large", write_large_down, EIO, 2000,
	  IFF_TAP | IFF_NO_PI, false, false },
	{ "write: device down, NAPI", write_down, EIO, 20000,
	  IFF_TAP | IFF_NO_PI | IFF_NAPI, false, false },
	{ "write: device down, in pieces", write_pieces_down, EIO, 2000,
	  IFF_TAP | IFF_NO_PI | IFF_NAPI | IFF_NAPI_FRAGS, false, false },
	{ "write: no packet", write_wrong, EINVAL, 20000, IFF_TUN | IFF_NO_PI, true, false },
	{ "write: half of it is not there", write_half_there, EFAULT, 2000,
	  IFF_TAP | IFF_NO_PI, true, false },
	{ "write: a header that lies", write_lying, EINVAL, 2000,
	  IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, true, false },
	{ "read: half of the buffer is not there", read_half_there, EFAULT, 8000,
	  IFF_TAP | IFF_NO_PI, true, true },
	{ "TUNATTACHFILTER: no program", filter_wrong, EINVAL, 1000,
	  IFF_TAP | IFF_NO_PI, false, false },
	{ "TUNSETTXFILTER: not there", addresses_half_there, EFAULT, 20000,
	  IFF_TAP | IFF_NO_PI, false, false },
	{ "TUNXSETRING: too late", ring_twice, EBUSY, 500, IFF_TAP | IFF_NO_PI, false, true },
	{ "TUNXSETRING: never used", ring_never_used, 0, 500, 0, false, true },
};

/* How much less memory there is after so many calls; negative when one went wrong */
static long round_of(const struct leak *l, int times)
{
	long before = memory();

	for (int i = 0; i < times; i++) {
		int ret = l->call();

		if ((ret < 0 ? errno : 0) != l->err) {
			printf("# call %d: got %d (%s)\n", i, ret,
			       ret < 0 ? strerror(errno) : "success");
			return -1;
		}
	}
	before -= memory();
	return before < 0 ? 0 : before;
}

static void all_freed(const struct leak *l)
{
	/* Stock is here to show that the calls are made right. */
	int times = l->times / (tun_is_tunx() ? tun_slow() : 20) ?: 1;
	long lost;

	fd = l->flags ? tun_new("le0", l->flags) : -1;
	if (l->up)
		must(if_up("le0"));
	/* Caches fill up first. */
	lost = round_of(l, times / 10 + 1);
	for (int i = 0; lost >= 0 && i < 3; i++) {
		lost = round_of(l, times);
		if (lost < NOISE)
			break;
	}
	ok(lost >= 0 && lost < NOISE, "%s: %d times, %ld KiB less", l->what, times, lost / 1024);
	if (fd >= 0)
		close(fd);
}

int main(void)
{
	ktap_begin();
	netns_new();
	for (size_t i = 0; i < ARRAY_SIZE(leaks); i++) {
		if (leaks[i].ours && !tun_is_tunx())
			skip("stock has no such call, or does not fail", "%s", leaks[i].what);
		else
			all_freed(&leaks[i]);
	}
	return ktap_end();
}
