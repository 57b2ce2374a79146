// SPDX-License-Identifier: GPL-2.0
/*
 * Timeout: 240 s
 *
 * Opening, TUNSETIFF in all its forms, queues that come and go, deleting,
 * closing: each allocation fails once. What failed has left nothing behind, and
 * works when it is tried again.
 */
#define _GNU_SOURCE
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include "fault.h"

#define TUN	(IFF_TUN | IFF_NO_PI)
#define TAP	(IFF_TAP | IFF_NO_PI)

static struct ifreq ifr;
static int fd = -1, other = -1, flags, rtnl;

static void name(const char *dev)
{
	memset(&ifr, 0, sizeof(ifr));
	strcpy(ifr.ifr_name, dev);
	ifr.ifr_flags = flags;
}

static void close_all(void)
{
	if (fd >= 0)
		close(fd);
	if (other >= 0)
		close(other);
	fd = -1;
	other = -1;
}

/* --- open --- */

static long call_open(void)
{
	fd = open(tun_node(), O_RDWR | O_CLOEXEC);
	return fd;
}

/* --- a new device --- */

static void open_file(void)
{
	fd = tun_open(O_RDWR | O_NONBLOCK);
	name("fl0");
}

static long call_setiff(void)
{
	return ioctl(fd, TUNSETIFF, &ifr);
}

/* The file still takes a device, and that one takes frames. */
static bool device_comes(int err)
{
	static const uint8_t here[6] = { 2, 1 }, there[6] = { 2, 2 };
	unsigned char pkt[128];
	size_t len;

	/* That the name could not be told is no reason to take the device away */
	if (err && err != EFAULT && tun_flags(fd) >= 0)
		return false;
	if (tun_flags(fd) < 0 && tun_setiff(fd, "fl0", flags))
		return false;
	if (if_up("fl0"))
		return false;
	len = pkt_udp4(pkt, "10.1.0.2", "10.1.0.1", 53, 53, NULL, 64);
	if (flags & IFF_TAP)
		len = pkt_eth(pkt, here, there, 0x800, pkt, len);
	return write(fd, pkt, len) == (ssize_t)len;
}

static void close_device(void)
{
	close_all();
	if (if_exists("fl0"))
		bail("the device stays");
}

static void new_devices(void)
{
	static const struct {
		const char *name;
		int flags;
	} kinds[] = {
		{ "TUNSETIFF: a new tun", TUN },
		{ "TUNSETIFF: a new tap", TAP },
		{ "TUNSETIFF: a new tap of many queues", TAP | IFF_MULTI_QUEUE },
		{ "TUNSETIFF: a new tap with NAPI", TAP | IFF_NAPI },
		{ "TUNSETIFF: a new tap with NAPI and frags", TAP | IFF_NAPI | IFF_NAPI_FRAGS },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		flags = kinds[i].flags;
		fault_depth(i == 0);
		/*
		 * The core's words: EINVAL where its copy of the name had no
		 * memory, ENOBUFS where the neighbours' settings had none
		 */
		fault_try(&(struct fault){
			.name = kinds[i].name,
			.prepare = open_file,
			.call = call_setiff,
			.check = device_comes,
			.undo = close_device,
			.errs = { ENOMEM, EFAULT, EINVAL, ENOBUFS },
		});
	}
}

/* --- a queue more --- */

static void open_second(void)
{
	other = tun_new("fl0", flags);
	must(if_up("fl0"));
	open_file();
}

static bool queue_comes(int err)
{
	if (err && err != EFAULT && tun_flags(fd) >= 0)
		return false;
	if (tun_flags(fd) < 0 && tun_setiff(fd, "fl0", flags))
		return false;
	return tun_flags(fd) == tun_flags(other) &&
	       !tun_queue(other, IFF_DETACH_QUEUE) && !tun_queue(other, IFF_ATTACH_QUEUE);
}

static void make_disabled(void)
{
	other = tun_new("fl0", flags);
	fd = tun_new("fl0", flags);
	must(tun_queue(fd, IFF_DETACH_QUEUE));
}

static long call_enable(void)
{
	return tun_queue(fd, IFF_ATTACH_QUEUE);
}

static bool queue_enabled(int err)
{
	if (err && !(tun_flags(fd) & IFF_DETACH_QUEUE))
		return false;
	if (err && tun_queue(fd, IFF_ATTACH_QUEUE))
		return false;
	return !(tun_flags(fd) & IFF_DETACH_QUEUE);
}

static void make_two(void)
{
	other = tun_new("fl0", flags);
	fd = tun_new("fl0", flags);
}

static long call_disable(void)
{
	return tun_queue(fd, IFF_DETACH_QUEUE);
}

static bool queue_disabled(int err)
{
	return !(tun_flags(fd) & IFF_DETACH_QUEUE) == !!err;
}

static void queues(void)
{
	static const struct {
		const char *napi;
		int flags;
	} kinds[] = { { "", 0 }, { " with NAPI", IFF_NAPI } };
	char text[64];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		flags = TAP | IFF_MULTI_QUEUE | kinds[i].flags;
		fault_depth(i == 0);
		snprintf(text, sizeof(text), "TUNSETIFF: one more queue%s", kinds[i].napi);
		fault_try(&(struct fault){
			.name = text,
			.prepare = open_second,
			.call = call_setiff,
			.check = queue_comes,
			.undo = close_device,
			.errs = { ENOMEM, EFAULT },
		});
		snprintf(text, sizeof(text), "TUNSETQUEUE: enable%s", kinds[i].napi);
		fault_try(&(struct fault){
			.name = text,
			.prepare = make_disabled,
			.call = call_enable,
			.check = queue_enabled,
			.undo = close_device,
			.errs = { ENOMEM, EFAULT },
		});
		snprintf(text, sizeof(text), "TUNSETQUEUE: disable%s", kinds[i].napi);
		fault_try(&(struct fault){
			.name = text,
			.prepare = make_two,
			.call = call_disable,
			.check = queue_disabled,
			.undo = close_device,
			.errs = { EFAULT },
		});
	}
}

/* --- a device without files --- */

static void make_persistent(void)
{
	fd = tun_new("fl0", flags);
	must(ioctl(fd, TUNSETPERSIST, 1));
	close(fd);
	open_file();
}

static void end_persistence(void)
{
	if (fd < 0) {
		fd = tun_open(O_RDWR);
		must(tun_setiff(fd, "fl0", flags));
	}
	must(ioctl(fd, TUNSETPERSIST, 0));
	close_device();
}

static void make_device(void)
{
	fd = tun_new("fl0", flags);
}

static long call_persist(void)
{
	return ioctl(fd, TUNSETPERSIST, 1);
}

static bool persists(int err)
{
	return !err && tun_flags(fd) & IFF_PERSIST;
}

static void persistence(void)
{
	flags = TAP;
	fault_depth(true);
	fault_try(&(struct fault){
		.name = "TUNSETIFF: a device without files",
		.prepare = make_persistent,
		.call = call_setiff,
		.check = device_comes,
		.undo = end_persistence,
		.errs = { ENOMEM, EFAULT },
	});
	fault_try(&(struct fault){
		.name = "TUNSETPERSIST",
		.prepare = make_device,
		.call = call_persist,
		.check = persists,
		.undo = end_persistence,
	});
}

/* --- the end of a device --- */

static long call_close(void)
{
	long ret = close(fd);

	fd = -1;
	return ret;
}

static bool gone(int err)
{
	return !err && !if_exists("fl0");
}

static void prepare_traffic(void)
{
	fd = tun_new("fl0", flags);
	must(if_up("fl0"));
	settle(fd, "fl0");
	stack_send("fl0", 100, 1);
}

static struct {
	struct nlmsghdr nh;
	struct ifinfomsg ifi;
} request = {
	.nh = {
		.nlmsg_len = sizeof(request),
		.nlmsg_type = RTM_DELLINK,
		.nlmsg_flags = NLM_F_REQUEST,
	},
};

static void prepare_delete(void)
{
	prepare_traffic();
	request.ifi.ifi_index = if_nametoindex("fl0");
}

/* The kernel acts inside send(), and would reply only to complain. */
static long call_delete(void)
{
	return send(rtnl, &request, sizeof(request), 0);
}

static bool deleted(int err)
{
	return !err && !if_exists("fl0") && tun_flags(fd) < 0;
}

static void ends(void)
{
	static const int kinds[] = { TUN, TAP | IFF_NAPI };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		flags = kinds[i];
		fault_depth(i == 0);
		fault_try(&(struct fault){
			.name = i ? "close, with NAPI" : "close",
			.prepare = prepare_traffic,
			.call = call_close,
			.check = gone,
		});
		fault_try(&(struct fault){
			.name = i ? "RTM_DELLINK, with NAPI" : "RTM_DELLINK",
			.prepare = prepare_delete,
			.call = call_delete,
			.check = deleted,
			.undo = close_device,
		});
	}
}

int main(void)
{
	ktap_begin();
	fault_or_skip();
	netns_new();
	rtnl = must(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
	fault_try(&(struct fault){
		.name = "open",
		.call = call_open,
		.undo = close_all,
		.errs = { ENOMEM },
	});
	new_devices();
	queues();
	persistence();
	ends();
	fault_end();
	return ktap_end();
}
