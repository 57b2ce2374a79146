// SPDX-License-Identifier: GPL-2.0
/*
 * A read or write that sleeps in a page fault, whose device is deleted meanwhile
 * and whose file is given another one, where it is queue number 5.
 *
 *	thread: write(fd) ... copies ... asleep ........................ goes on
 *	main:	                        deletes the device, TUNSETIFF
 *
 * Only userfaultfd lets a copy sleep that long: a page that is not there. What
 * such a call counts, and where, a kernel with KASAN judges.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/tunx.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include "vnet.h"

#define OTHERS	5		/* queues of the second device before ours */
#define LEAD	54		/* bytes that are there; the rest of the frame is not */
#define LEN	400

struct call {
	const char *what;
	int flags;
	enum { WRITE, READ, WRITE_RECORDS, READ_RECORDS } how;
};

static const struct call calls[] = {
	{ "tun: write", IFF_TUN | IFF_NO_PI, WRITE },
	{ "tun: write, NAPI", IFF_TUN | IFF_NO_PI | IFF_NAPI, WRITE },
	{ "tap: write", IFF_TAP | IFF_NO_PI, WRITE },
	{ "tap: write, virtio-net header", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, WRITE },
	{ "tap: write, pieces for NAPI", IFF_TAP | IFF_NO_PI | IFF_NAPI | IFF_NAPI_FRAGS, WRITE },
	{ "tun: read", IFF_TUN | IFF_NO_PI, READ },
	{ "tun: read, packet info", IFF_TUN, READ },
	{ "tap: read, virtio-net header", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, READ },
	{ "tun: write, records", IFF_TUN | IFF_NO_PI, WRITE_RECORDS },
	{ "tun: write, records, NAPI", IFF_TUN | IFF_NO_PI | IFF_NAPI, WRITE_RECORDS },
	{ "tun: read, records", IFF_TUN | IFF_NO_PI, READ_RECORDS },
};

static int uffd = -1, fd;
static unsigned char *missing, page[4096], frame[LEN];
static const struct call *now;
static volatile long ret;
static volatile int err;
static volatile bool deleted, resolved, late;

static bool reads(void)
{
	return now->how == READ || now->how == READ_RECORDS;
}

static bool records(void)
{
	return now->how == WRITE_RECORDS || now->how == READ_RECORDS;
}

static bool uffd_open(void)
{
	struct uffdio_api api = { .api = UFFD_API };

	uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	return uffd >= 0 && !ioctl(uffd, UFFDIO_API, &api);
}

static void page_take_away(void)
{
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	missing = mmap(NULL, sizeof(page), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (missing == MAP_FAILED)
		bail("no page");
	reg.range.start = (unsigned long)missing;
	reg.range.len = sizeof(page);
	must(ioctl(uffd, UFFDIO_REGISTER, &reg));
	resolved = false;
}

static void page_give(void)
{
	struct uffdio_copy copy = {
		.dst = (unsigned long)missing,
		.src = (unsigned long)page,
		.len = sizeof(page),
	};

	if (!__atomic_exchange_n(&resolved, true, __ATOMIC_SEQ_CST))
		must(ioctl(uffd, UFFDIO_COPY, &copy));
}

static void *the_call(void *arg)
{
	struct iovec iov[2] = { { frame, LEAD }, { missing, LEN - LEAD } };

	(void)arg;
	ret = reads() ? readv(fd, iov, 2) : writev(fd, iov, 2);
	err = ret < 0 ? errno : 0;
	return NULL;
}

static void *the_deletion(void *arg)
{
	struct nl_reply reply;

	(void)arg;
	must(nl_dellink("el0", &reply));
	deleted = true;
	return NULL;
}

/* Nobody shall wait for the sleeping call but the deletion */
static void *the_patience(void *arg)
{
	(void)arg;
	for (int i = 0; i < 100 * tun_slow() && !resolved; i++)
		usleep(100000);
	late = !resolved;
	page_give();
	return NULL;
}

static bool lost(void *arg)
{
	(void)arg;
	return tun_flags(fd) < 0 && errno == EBADFD;
}

/* What is written: LEN bytes, of which a frame is the most */
static void fill(void)
{
	struct tunx_rec rec = { .len = LEN - sizeof(rec), .off8 = sizeof(rec) / 8 };
	static const uint8_t broadcast[] = { 255, 255, 255, 255, 255, 255 };
	static const uint8_t own[] = { 2, 0, 0, 0, 0, 9 };
	unsigned char *p = frame, packet[LEN];
	size_t head = 0;

	if (records())
		head = sizeof(rec);
	else if (now->flags & IFF_VNET_HDR)
		head = 10;
	memset(frame, 0, sizeof(frame));
	if (records())
		memcpy(frame, &rec, sizeof(rec));
	p += head;
	if (now->flags & IFF_TAP) {
		pkt_udp4(packet, "10.9.0.2", "10.9.0.1", 5, 6, NULL, LEN - head - 14 - 28);
		pkt_eth(p, broadcast, own, ETH_P_IP, packet, LEN - head - 14);
	} else {
		pkt_udp4(p, "10.9.0.2", "10.9.0.1", 5, 6, NULL, LEN - head - 28);
	}
	memcpy(page, frame + LEAD, LEN - LEAD);
}

static void another(void)
{
	pthread_t call, deletion, patience;
	int other[OTHERS], i, kind = now->flags | IFF_MULTI_QUEUE;
	struct tunx_batch b = { sizeof(b), TUNX_BATCH_RECORDS, 0, 0 };
	struct pollfd wait = { uffd, POLLIN, 0 };
	struct uffd_msg msg;
	long before;

	fd = tun_new("el0", now->flags);
	must(if_addr("el0", "10.9.0.1", 24));
	must(if_up("el0"));
	settle(fd, "el0");
	for (i = 0; i < OTHERS; i++)
		other[i] = tun_new("el1", kind);
	must(if_up("el1"));
	if (records())
		must(ioctl(fd, TUNXSETBATCH, &b));
	fill();
	if (reads())
		must(stack_send("el0", LEN - 100, 1));
	page_take_away();

	pthread_create(&call, NULL, the_call, NULL);
	is(poll(&wait, 1, 10000 * tun_slow()), 1, "%s: sleeps in a page fault", now->what);
	must(read(uffd, &msg, sizeof(msg)));
	pthread_create(&patience, NULL, the_patience, NULL);
	pthread_create(&deletion, NULL, the_deletion, NULL);
	ok(wait_until(lost, NULL, 5000), "%s: its device is deleted", now->what);
	result(tun_setiff(fd, "el1", kind), 0, "%s: its file is at another one", now->what);
	page_give();
	pthread_join(call, NULL);
	pthread_join(deletion, NULL);
	pthread_join(patience, NULL);
	ok(deleted && !late, "%s: nobody but the deletion waited", now->what);
	if (reads())
		ok(ret > LEAD, "%s: gets what it had taken", now->what);
	else
		is(err, EIO,
		   "%s: a device that is gone is down", now->what);

	before = if_stat("el1", "rx_packets");
	if (!reads()) {
		is(write(fd, frame, LEN), LEN, "%s: written to the other one", now->what);
		is(if_stat("el1", "rx_packets") - before, 1, "%s: and counted there", now->what);
	}
	for (i = 0; i < OTHERS; i++)
		close(other[i]);
	close(fd);
	munmap(missing, sizeof(page));
	deleted = false;
}

int main(void)
{
	ktap_begin();
	netns_new();
	if (!uffd_open()) {
		skip("no userfaultfd; a kernel with CONFIG_USERFAULTFD has it", "all");
		return ktap_end();
	}
	for (now = calls; now < calls + ARRAY_SIZE(calls); now++) {
		if (records() && !tun_is_tunx())
			skip("stock knows no records", "%s", now->what);
		else if (now->flags & IFF_NAPI_FRAGS && !tun_is_tunx())
			skip("stock frees the frame that the call fills; tunx runs it", "%s",
			     now->what);
		else
			another();
	}
	return ktap_end();
}
