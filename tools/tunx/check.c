// SPDX-License-Identifier: GPL-2.0
/*
 * tunx check: does the driver behind a node work? Each check is a function that
 * makes its devices in a network namespace of its own and says works, absent or
 * broken, and a few words more.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/tunx.h>
#include <linux/virtio_net.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd.h"
#include "counters.h"
#include "generate.h"
#include "names.h"
#include "options.h"
#include "port.h"
#include "util.h"

static const char usage[] =
	"Usage: tunx check [-j [-p]] [--node PATH]\n\n"
	"Tries what the driver behind a node can do, in a network namespace of its own, and\n"
	"prints a table: works, absent (this driver has it not) or broken. Takes seconds.\n"
	"Needs root. Ends with 1 if something is broken.\n\n"
	"  -j, --json     JSON: an array with an object for each check\n"
	"  -p, --pretty   with -j: indented\n"
	NODE_HELP;

#define PATIENCE_MS	2000
#define MANY		500

enum verdict { WORKS, ABSENT, BROKEN };

static const char * const verdicts[] = { "works", "absent", "broken" };

static const char *node;
static char detail[256];
static uint8_t sent[BUILD_MAX], got[DEV_BUFFER];

/* The words behind the verdict */
__attribute__((format(printf, 2, 3)))
static enum verdict say(enum verdict verdict, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(detail, sizeof(detail), fmt, args);
	va_end(args);
	return verdict;
}

/* "what: why": a call failed that must not */
static enum verdict failed(const char *what)
{
	return say(BROKEN, "%s: %s", what, strerror(errno));
}

/* Return: the file, or -1 and errno */
static int attach(const char *name, unsigned int flags)
{
	struct ifreq ifr = { .ifr_flags = flags };
	int fd = open(node, O_RDWR | O_NONBLOCK | O_CLOEXEC), err;

	if (fd < 0)
		explain_open(node, errno);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (!ioctl(fd, TUNSETIFF, &ifr))
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

/* Attached, up, and a packet socket on the other side; false and a detail if not */
static bool both(const char *name, unsigned int flags, int *fd, struct port *port)
{
	*fd = attach(name, flags);
	if (*fd < 0) {
		failed("attaching");
		return false;
	}
	link_up(name);
	port_open(port, name, ETH_P_ALL);
	return true;
}

static void close_both(int fd, const struct port *port)
{
	close(fd);
	close(port->sock);
}

static size_t make_packet(bool tap, size_t payload)
{
	static const uint8_t mac[ETH_ALEN] = { 0x02, 0, 0, 0, 0, 1 };
	struct generate g;

	generate_init(&g);
	g.recipe.payload = payload;
	generate_finish(&g, tap, mac);
	return generate_packet(&g, sent);
}

static bool ready(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	return poll(&pfd, 1, PATIENCE_MS) == 1 && pfd.revents & events;
}

/* Does @fd bring the @len bytes of @sent, behind @headers others? */
static bool arrives(int fd, size_t headers, size_t len)
{
	ssize_t n;

	/* the kernel may send packets of its own, such as multicast reports */
	while (ready(fd, POLLIN)) {
		n = read(fd, got, sizeof(got));
		if (n == (ssize_t)(headers + len) && !memcmp(got + headers, sent, len))
			return true;
	}
	return false;
}

/* The packet @sent is not among what @fd has now */
static bool kept_away(int fd, size_t len)
{
	ssize_t n;

	while ((n = read(fd, got, sizeof(got))) >= 0)
		if (n == (ssize_t)len && !memcmp(got, sent, len))
			return false;
	return true;
}

static bool down_and_up(int fd, const struct port *port, size_t headers, size_t len)
{
	return port_send(port, sent, len) == 1 && arrives(fd, headers, len);
}

static enum verdict check_features(void)
{
	unsigned int features = 0;
	int fd = open(node, O_RDWR | O_CLOEXEC), ret;

	ret = ioctl(fd, TUNGETFEATURES, &features);
	close(fd);
	if (ret)
		return failed("TUNGETFEATURES");
	say(WORKS, "0x%04x", features);
	for (const struct name *name = iff_names; name->text; name++)
		if (features & name->value)
			snprintf(detail + strlen(detail), sizeof(detail) - strlen(detail), " %s",
				 name->text);
	return WORKS;
}

static enum verdict check_names(void)
{
	struct link link;
	int fd = attach("check%d", IFF_TUN | IFF_NO_PI);

	if (fd < 0)
		return failed("creating by a template");
	if (!link_get("check0", &link))
		return say(BROKEN, "check%%d did not become check0");
	close(fd);
	if (link_get("check0", &link))
		return say(BROKEN, "the device outlives its program");
	return say(WORKS, "check%%d became check0, of kind %s, and went", link.kind);
}

static enum verdict check_busy(void)
{
	int fd = attach("check0", IFF_TAP | IFF_NO_PI), other;

	if (fd < 0)
		return failed("creating");
	other = attach("check0", IFF_TAP | IFF_NO_PI);
	if (other >= 0 || errno != EBUSY)
		return say(BROKEN, "a second program: %s", strerror(errno));
	other = attach("check0", IFF_TUN | IFF_NO_PI);
	if (other >= 0 || errno != EINVAL)
		return say(BROKEN, "another type: %s", strerror(errno));
	close(fd);
	return say(WORKS, "EBUSY for a second program, EINVAL for another type");
}

static enum verdict check_persist(void)
{
	int fd = attach("check0", IFF_TUN | IFF_NO_PI);
	struct link link;

	if (fd < 0 || ioctl(fd, TUNSETOWNER, 1UL) || ioctl(fd, TUNSETPERSIST, 1UL))
		return failed("making it persistent");
	close(fd);
	if (!link_get("check0", &link) || link.owner != 1)
		return say(BROKEN, "it did not stay, or without its owner");
	fd = attach("check0", IFF_TUN | IFF_NO_PI);
	if (fd < 0 || ioctl(fd, TUNSETPERSIST, 0UL))
		return failed("attaching again");
	close(fd);
	if (link_get("check0", &link))
		return say(BROKEN, "it does not go");
	return say(WORKS, "stays with its owner, and goes");
}

static enum verdict check_packets(unsigned int flags, size_t headers)
{
	bool tap = flags & IFF_TAP;
	struct port port;
	size_t len;
	int fd;

	if (!both("check0", flags, &fd, &port))
		return BROKEN;
	len = make_packet(tap, 100);
	if (!down_and_up(fd, &port, headers, len))
		return say(BROKEN, "a packet of the stack did not reach the reader");
	memmove(got + headers, sent, len);
	memset(got, 0, headers);
	if (headers && !(flags & IFF_NO_PI))
		got[2] = 8;	/* ETH_P_IP */
	if (write(fd, got, headers + len) != (ssize_t)(headers + len))
		return failed("writing");
	if (!arrives(port.sock, 0, len))
		return say(BROKEN, "a packet that was written did not reach the stack");
	close_both(fd, &port);
	return say(WORKS, "both ways, byte for byte");
}

static enum verdict check_tun(void)
{
	return check_packets(IFF_TUN | IFF_NO_PI, 0);
}

static enum verdict check_tap(void)
{
	return check_packets(IFF_TAP | IFF_NO_PI, 0);
}

static enum verdict check_pi(void)
{
	return check_packets(IFF_TUN, sizeof(struct tun_pi));
}

static enum verdict check_vnet(void)
{
	return check_packets(IFF_TUN | IFF_NO_PI | IFF_VNET_HDR, sizeof(struct virtio_net_hdr));
}

static enum verdict check_napi(void)
{
	return check_packets(IFF_TAP | IFF_NO_PI | IFF_NAPI, 0);
}

static enum verdict check_large(void)
{
	struct port port;
	size_t len;
	int fd;

	if (!both("check0", IFF_TAP | IFF_NO_PI, &fd, &port))
		return BROKEN;
	link_set_mtu("check0", 65000);
	len = make_packet(true, 64000);
	if (!down_and_up(fd, &port, 0, len))
		return say(BROKEN, "a packet of %zu bytes did not reach the reader", len);
	close_both(fd, &port);
	return say(WORKS, "a packet of %zu bytes", len);
}

static enum verdict check_many(void)
{
	struct port port;
	uint32_t length;
	size_t len;
	int fd;

	if (!both("check0", IFF_TAP | IFF_NO_PI, &fd, &port))
		return BROKEN;
	length = MANY + 100;
	if (link_change(port.link.index, IFLA_TXQLEN, &length, sizeof(length)))
		return failed("setting txqueuelen");
	len = make_packet(true, 100);
	for (int i = 0; i < MANY; i++)
		if (port_send(&port, sent, len) != 1)
			return failed("sending");
	for (int i = 0; i < MANY; i++)
		if (!arrives(fd, 0, len))
			return say(BROKEN, "%d of %d came", i, MANY);
	close_both(fd, &port);
	return say(WORKS, "%d packets, none lost", MANY);
}

static enum verdict check_full(unsigned int flag, unsigned long long *dropped)
{
	uint32_t length = 10;
	struct link link;
	struct port port;
	size_t len;
	int fd;

	if (!both("check0", IFF_TAP | IFF_NO_PI | flag, &fd, &port))
		return BROKEN;
	if (link_change(port.link.index, IFLA_TXQLEN, &length, sizeof(length)))
		return failed("setting txqueuelen");
	len = make_packet(true, 100);
	/* past the queueing discipline's own limit too, so that it ends */
	for (int i = 0; i < 40; i++)
		send(port.sock, sent, len, MSG_DONTWAIT);
	if (!link_get("check0", &link))
		return say(BROKEN, "it went");
	close_both(fd, &port);
	*dropped = link.stats.tx_dropped;
	return say(WORKS, "%llu of 40 dropped at txqueuelen 10", *dropped);
}

static enum verdict check_drops(void)
{
	unsigned long long dropped;

	if (check_full(0, &dropped) == BROKEN)
		return BROKEN;
	if (dropped < 20)
		return say(BROKEN, "a full queue: only %llu of 40 dropped", dropped);
	return WORKS;
}

static enum verdict check_backpressure(void)
{
	unsigned long long dropped;
	unsigned int features = 0;
	int fd = open(node, O_RDWR | O_CLOEXEC);

	if (ioctl(fd, TUNGETFEATURES, &features) || !(features & IFF_BACKPRESSURE)) {
		close(fd);
		return say(ABSENT, "a full queue drops");
	}
	close(fd);
	if (check_full(IFF_BACKPRESSURE, &dropped) == BROKEN)
		return BROKEN;
	if (dropped)
		return say(BROKEN, "%llu dropped", dropped);
	return say(WORKS, "a full queue stops the sender, nothing dropped");
}

static enum verdict check_waiting(void)
{
	struct port port;
	sigset_t set;
	struct timespec time = { .tv_sec = PATIENCE_MS / 1000 };
	size_t len;
	int fd;

	if (!both("check0", IFF_TUN | IFF_NO_PI, &fd, &port))
		return BROKEN;
	while (read(fd, got, sizeof(got)) > 0)
		;
	if (errno != EAGAIN)
		return failed("reading when there is nothing");
	if (!ready(fd, POLLOUT))
		return say(BROKEN, "poll says no write would work");
	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (fcntl(fd, F_SETOWN, getpid()) || fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK | O_ASYNC))
		return failed("asking for SIGIO");
	len = make_packet(false, 50);
	if (port_send(&port, sent, len) != 1)
		return failed("sending");
	if (sigtimedwait(&set, NULL, &time) != SIGIO)
		return say(BROKEN, "no SIGIO");
	if (!ready(fd, POLLIN) || !arrives(fd, 0, len))
		return say(BROKEN, "poll or read missed the packet");
	close_both(fd, &port);
	return say(WORKS, "EAGAIN, poll and SIGIO");
}

static enum verdict check_offloads(void)
{
	int fd = attach("check0", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR);
	unsigned int base;

	if (fd < 0)
		return failed("attaching");
	*detail = '\0';
	for (const struct name *name = offload_names; name->text; name++) {
		base = TUN_F_CSUM;
		if (name->value == TUN_F_TSO_ECN)
			base |= TUN_F_TSO4;
		/* USO goes in pairs, and tunnels need what they carry */
		if (name->value & (TUN_F_USO4 | TUN_F_USO6))
			base |= TUN_F_USO4 | TUN_F_USO6;
		if (name->value & (TUN_F_UDP_TUNNEL_GSO | TUN_F_UDP_TUNNEL_GSO_CSUM))
			base |= TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_UDP_TUNNEL_GSO;
		if (!ioctl(fd, TUNSETOFFLOAD, (unsigned long)(base | name->value)))
			snprintf(detail + strlen(detail), sizeof(detail) - strlen(detail), "%s%s",
				 *detail ? " " : "", name->text);
	}
	close(fd);
	return strstr(detail, "tso4") ? WORKS : say(BROKEN, "not even csum and tso4");
}

static enum verdict check_checksum(void)
{
	struct virtio_net_hdr h = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
				    .csum_start = 20, .csum_offset = 6 };
	static uint8_t frame[sizeof(h) + BUILD_MAX];
	struct link link;
	size_t len;
	int fd = attach("check0", IFF_TUN | IFF_NO_PI | IFF_VNET_HDR);

	if (fd < 0)
		return failed("attaching");
	link_up("check0");
	len = make_packet(false, 100);
	memcpy(frame, &h, sizeof(h));
	memcpy(frame + sizeof(h), sent, len);
	if (write(fd, frame, sizeof(h) + len) < 0)
		return failed("writing a packet without checksum");
	h.csum_start = 9000;
	memcpy(frame, &h, sizeof(h));
	if (write(fd, frame, sizeof(h) + len) >= 0 || errno != EINVAL)
		return say(BROKEN, "a checksum outside of the packet is taken");
	if (!link_get("check0", &link) || link.stats.rx_packets != 1)
		return say(BROKEN, "counted %llu packets, not 1",
			   (unsigned long long)link.stats.rx_packets);
	close(fd);
	return say(WORKS, "offloaded checksum taken, one outside of the packet refused");
}

static enum verdict check_queues(void)
{
	unsigned int flags = IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE;
	int one = attach("check0", flags), two = attach("check0", flags);
	struct ifreq ifr = { .ifr_flags = IFF_DETACH_QUEUE };
	struct link link;

	if (one < 0 || two < 0)
		return failed("attaching two");
	if (ioctl(two, TUNSETQUEUE, &ifr))
		return failed("detaching one");
	if (!link_get("check0", &link) || link.queues != 1 || link.disabled_queues != 1)
		return say(BROKEN, "the queues are not 1 and 1");
	ifr.ifr_flags = IFF_ATTACH_QUEUE;
	if (ioctl(two, TUNSETQUEUE, &ifr))
		return failed("attaching it again");
	close(one);
	close(two);
	return say(WORKS, "two attached, one detached and attached again");
}

static enum verdict check_filters(void)
{
	static struct sock_filter nothing[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_fprog fprog = { .len = 1, .filter = nothing };
	struct {
		struct tun_filter head;
		uint8_t mac[ETH_ALEN];
	} other = { .head.count = 1, .mac = { 0x02, 0, 0, 0, 0, 2 } }, all = { 0 };
	struct port port;
	size_t len;
	int fd;

	if (!both("check0", IFF_TAP | IFF_NO_PI, &fd, &port))
		return BROKEN;
	len = make_packet(true, 100);
	if (ioctl(fd, TUNATTACHFILTER, &fprog))
		return failed("attaching a filter");
	if (port_send(&port, sent, len) != 1 || !kept_away(fd, len))
		return say(BROKEN, "the filter lets packets pass");
	if (ioctl(fd, TUNDETACHFILTER, &fprog))
		return failed("detaching the filter");
	if (ioctl(fd, TUNSETTXFILTER, &other) != 1)
		return failed("setting an address filter");
	if (port_send(&port, sent, len) != 1 || !kept_away(fd, len))
		return say(BROKEN, "the address filter lets packets pass");
	if (ioctl(fd, TUNSETTXFILTER, &all) || !down_and_up(fd, &port, 0, len))
		return say(BROKEN, "without filters nothing comes");
	close_both(fd, &port);
	return say(WORKS, "classic BPF, and addresses");
}

static enum verdict check_carrier(void)
{
	int fd = attach("check0", IFF_TAP | IFF_NO_PI), off = 0;
	struct link link;

	if (fd < 0)
		return failed("attaching");
	link_up("check0");
	if (ioctl(fd, TUNSETCARRIER, &off))
		return failed("TUNSETCARRIER");
	if (!link_get("check0", &link) || link.carrier)
		return say(BROKEN, "it is still there");
	close(fd);
	return say(WORKS, "goes off");
}

static enum verdict check_deleted(void)
{
	int fd = attach("check0", IFF_TAP | IFF_NO_PI);
	struct link link;

	if (fd < 0 || !link_get("check0", &link))
		return failed("attaching");
	if (link_delete(link.index))
		return failed("deleting");
	if (read(fd, got, sizeof(got)) >= 0 || errno != EBADFD)
		return say(BROKEN, "reading then: %s", strerror(errno));
	close(fd);
	return say(WORKS, "EBADFD for who still has it");
}

static enum verdict check_counters(void)
{
	int fd = attach("check0", IFF_TAP | IFF_NO_PI);
	json_t *queues;
	size_t n;

	if (fd < 0)
		return failed("attaching");
	queues = counters_json("check0");
	n = json_object_size(json_array_get(queues, 0));
	json_decref(queues);
	close(fd);
	return n ? say(WORKS, "%zu for each queue", n - 1) : say(ABSENT, "of the device only");
}

static enum verdict check_hash(void)
{
	struct tun_vnet_hash cap = { 0 };
	int fd = open(node, O_RDWR | O_CLOEXEC), ret = ioctl(fd, TUNGETVNETHASHCAP, &cap);

	close(fd);
	return ret ? say(ABSENT, "queues by flow only") :
	       say(WORKS, "types 0x%x, %s%s", cap.types,
		   cap.flags & TUN_VNET_HASH_RSS ? "rss " : "",
		   cap.flags & TUN_VNET_HASH_REPORT ? "report" : "");
}

static const struct {
	const char *name;
	enum verdict (*run)(void);
} checks[] = {
	{ "features", check_features },
	{ "names", check_names },
	{ "busy", check_busy },
	{ "persist", check_persist },
	{ "tun", check_tun },
	{ "tap", check_tap },
	{ "packet-info", check_pi },
	{ "vnet-hdr", check_vnet },
	{ "napi", check_napi },
	{ "large", check_large },
	{ "many", check_many },
	{ "drops", check_drops },
	{ "backpressure", check_backpressure },
	{ "waiting", check_waiting },
	{ "offloads", check_offloads },
	{ "checksum", check_checksum },
	{ "queues", check_queues },
	{ "filters", check_filters },
	{ "carrier", check_carrier },
	{ "deleted", check_deleted },
	{ "counters", check_counters },
	{ "hash", check_hash },
};

/* A check that found something broken stops where it is */
static void tidy(void)
{
	struct link link;

	close_range(3, UINT_MAX, 0);
	if (link_get("check0", &link))
		link_delete(link.index);
}

static void own_namespace(void)
{
	struct link link;

	if (unshare(CLONE_NEWNET))
		die("making a network namespace to try things in: %s (needs root or "
		    "CAP_SYS_ADMIN)", strerror(errno));
	if (link_get("lo", &link))
		link_up("lo");
}

int cmd_check(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "pretty", no_argument, NULL, 'p' },
		{ 0 }
	};
	const struct options opts = { usage, "jp", longs, .node_only = true };
	bool as_json = false, pretty = false;
	unsigned int count[3] = { 0 };
	struct dev_request req = { 0 };
	json_t *all = json_array();
	enum verdict verdict;
	struct dev dev;
	int c;

	while ((c = next_option(&opts, argc, argv, &req)) != -1) {
		as_json |= c == 'j';
		pretty |= c == 'p';
	}
	no_more_arguments(argc, argv);
	dev_open(&dev, req.node);
	close(dev.fd);
	node = dev.node;
	own_namespace();
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		verdict = checks[i].run();
		tidy();
		count[verdict]++;
		json_array_append_new(all, json_pack("{s:s, s:s, s:s}", "check", checks[i].name,
						     "result", verdicts[verdict], "detail",
						     detail));
		if (!as_json)
			printf("%-13s %-7s %s\n", checks[i].name, verdicts[verdict], detail);
		fflush(stdout);
	}
	if (as_json)
		print_json(all, pretty);
	else
		printf("%s: %u work, %u absent, %u broken\n", node, count[WORKS], count[ABSENT],
		       count[BROKEN]);
	json_decref(all);
	return count[BROKEN] ? EXIT_FAILURE : EXIT_SUCCESS;
}
