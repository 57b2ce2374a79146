// SPDX-License-Identifier: GPL-2.0
/*
 * Timeout: 240 s
 *
 * Every ioctl that copies or allocates, and other settings of a device: each
 * allocation and each user copy fails once. Frames pass both ways afterwards.
 */
#define _GNU_SOURCE
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/sockios.h>
#include <sys/syscall.h>
#include "bpf.h"
#include "fault.h"
#include "rss.h"

/* The core's word for a program that could not be compiled, also for want of memory */
#define NO_JIT	524

#define FLAGS	(IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE)

static int fd, sock, made = -1;

static void device(void)
{
	fd = tun_new("fi0", FLAGS);
	must(if_up("fi0"));
	settle(fd, "fi0");
	sock = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

/* A frame each way. */
static bool frames_pass(int err)
{
	static const uint8_t here[ETH_ALEN] = { 2, 1 }, there[ETH_ALEN] = { 2, 2 };
	static unsigned char out[128], in[2000];
	size_t len = pkt_udp4(out, "10.1.0.2", "10.1.0.1", 53, 53, NULL, 64);

	(void)err;
	len = pkt_eth(out, here, there, ETH_P_IP, out, len);
	drain(fd);
	return write(fd, out, len) == (ssize_t)len && stack_send("fi0", 100, 1) > 0 &&
	       read(fd, in, sizeof(in)) == ETH_HLEN + 128;
}

static void close_made(void)
{
	if (made >= 0)
		close(made);
	made = -1;
}

/* --- calls on the file --- */

static unsigned long cmd;
static void *argument;
static struct ifreq ifr;
static int number;
static struct tunx_hash hash;
static struct tun_vnet_hash hash_cap;
static struct sock_filter insns[] = { BPF_STMT(BPF_RET | BPF_K, 0xffff) };
static struct sock_fprog fprog = { ARRAY_SIZE(insns), insns };
static struct {
	uint16_t flags, count;
	uint8_t addr[10][ETH_ALEN];
} macs = { .flags = TUN_FLT_ALLMULTI, .count = 10, .addr = { { 2, 0, 0, 0, 0, 9 } } };

static long call_ioctl(void)
{
	long ret = ioctl(fd, cmd, argument);

	if (cmd == TUNGETDEVNETNS || cmd == SIOCGSKNS_)
		made = ret;
	return ret;
}

static void set_size(void)
{
	hash.size = sizeof(hash);
}

static void set_address(void)
{
	memset(&ifr, 0, sizeof(ifr));
	ifr.ifr_hwaddr.sa_family = 1;
	ifr.ifr_hwaddr.sa_data[0] = 2;
}

static void set_none(void)
{
	number = -1;
}

static void ioctls(void)
{
	static const struct {
		const char *name;
		unsigned long cmd;
		void *arg;
		void (*prepare)(void);
		bool ours;
	} calls[] = {
		{ "TUNGETFEATURES", TUNGETFEATURES, &number, NULL, false },
		{ "TUNGETIFF", TUNGETIFF, &ifr, NULL, false },
		{ "TUNSETPERSIST 0", TUNSETPERSIST, 0, NULL, false },
		{ "TUNSETOWNER", TUNSETOWNER, (void *)1, NULL, false },
		{ "TUNSETGROUP", TUNSETGROUP, (void *)1, NULL, false },
		{ "TUNSETOFFLOAD, all", TUNSETOFFLOAD, (void *)ALL_OFFLOADS, NULL, false },
		{ "TUNSETOFFLOAD, none", TUNSETOFFLOAD, 0, NULL, false },
		{ "TUNSETTXFILTER", TUNSETTXFILTER, &macs, NULL, false },
		{ "TUNATTACHFILTER", TUNATTACHFILTER, &fprog, NULL, false },
		{ "TUNGETFILTER", TUNGETFILTER, &fprog, NULL, false },
		{ "TUNDETACHFILTER", TUNDETACHFILTER, 0, NULL, false },
		{ "TUNSETSTEERINGEBPF, none", TUNSETSTEERINGEBPF, &number, set_none, false },
		{ "TUNSETFILTEREBPF, none", TUNSETFILTEREBPF, &number, set_none, false },
		{ "TUNGETDEVNETNS", TUNGETDEVNETNS, NULL, NULL, false },
		{ "SIOCGSKNS", SIOCGSKNS_, NULL, NULL, false },
		{ "SIOCGIFHWADDR", SIOCGIFHWADDR, &ifr, NULL, false },
		{ "SIOCSIFHWADDR", SIOCSIFHWADDR, &ifr, set_address, false },
		{ "TUNGETVNETHASHCAP", TUNGETVNETHASHCAP, &hash_cap, NULL, true },
		{ "TUNXGETHASH", TUNXGETHASH, &hash, set_size, true },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		if (calls[i].ours && !tun_is_tunx())
			continue;
		cmd = calls[i].cmd;
		argument = calls[i].arg;
		fault_try(&(struct fault){
			.name = calls[i].name,
			.prepare = calls[i].prepare,
			.call = call_ioctl,
			.check = frames_pass,
			.undo = close_made,
			.errs = { ENOMEM, EFAULT, cmd == TUNATTACHFILTER ? NO_JIT : 0 },
		});
	}
	/* No filter, for what comes next */
	macs.count = 0;
	must(ioctl(fd, TUNSETTXFILTER, &macs));
}

/* --- programs --- */

static void use_program(void)
{
	made = must(BPF_PROG_RETURN(BPF_PROG_TYPE_SOCKET_FILTER, 0xffff));
	number = made;
}

static void programs(void)
{
	static const unsigned long cmds[] = { TUNSETFILTEREBPF, TUNSETSTEERINGEBPF };
	unsigned int i;

	argument = &number;
	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		cmd = cmds[i];
		fault_try(&(struct fault){
			.name = i ? "TUNSETSTEERINGEBPF" : "TUNSETFILTEREBPF",
			.prepare = use_program,
			.call = call_ioctl,
			.check = frames_pass,
			.undo = close_made,
			.errs = { ENOMEM, EFAULT },
		});
		number = -1;
		must(ioctl(fd, cmd, &number));
	}
}

/* A link: attached and detached without rtnetlink, by one call. */
static long call_link(void)
{
	union bpf_attr attr = {
		.link_create = {
			.prog_fd = number,
			.target_ifindex = if_nametoindex("fi0"),
			.attach_type = BPF_XDP,
			.flags = XDP_FLAGS_DRV_MODE,
		},
	};

	made = syscall(__NR_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	return made;
}

static void xdp(void)
{
	int prog = must(BPF_PROG_RETURN(BPF_PROG_TYPE_XDP, XDP_PASS));
	int keep = xdp_keep(prog);

	number = prog;
	fault_try(&(struct fault){
		.name = "an XDP program",
		.call = call_link,
		.check = frames_pass,
		.undo = close_made,
		.errs = { ENOMEM, EFAULT },
	});
	close(keep);
	close(prog);
}

/* --- hashing --- */

static struct tunx_hash before;

static void remember(void)
{
	must(rss_get(fd, &before));
}

static long call_hash(void)
{
	return rss_types(fd, IPV4 | TCPV4);
}

static bool hash_as_before(int err)
{
	struct tunx_hash now;

	return frames_pass(err) && !rss_get(fd, &now) &&
	       (!err || !memcmp(&now, &before, sizeof(now)));
}

static void no_hash(void)
{
	must(rss_set(fd, &(struct rss){ .types = 0 }));
}

static void hashing(void)
{
	if (!tun_is_tunx())
		return;
	call_hash();
	no_hash();
	fault_try(&(struct fault){
		.name = "TUNSETVNETHASH",
		.prepare = remember,
		.call = call_hash,
		.check = hash_as_before,
		.undo = no_hash,
		.errs = { ENOMEM, EFAULT },
	});
}

/* --- what is set from outside --- */

static struct ifreq ask;

static long call_txqueuelen(void)
{
	return ioctl(sock, SIOCSIFTXQLEN, &ask);
}

static void ask_length(void)
{
	memset(&ask, 0, sizeof(ask));
	strcpy(ask.ifr_name, "fi0");
	ask.ifr_qlen = if_sysfs("fi0", "tx_queue_len") == 100 ? 1000 : 100;
}

static bool length_holds(int err)
{
	return frames_pass(err) && (if_sysfs("fi0", "tx_queue_len") == ask.ifr_qlen) == !err;
}

static union {
	struct ethtool_stats stats;
	struct ethtool_rxfh rxfh;
	struct ethtool_rxfh_indir indir;
	struct ethtool_link_settings link;
	uint32_t words[4096];
} eth;

static long call_ethtool(void)
{
	return ioctl(sock, SIOCETHTOOL, &ask);
}

static void ask_ethtool(void)
{
	memset(&ask, 0, sizeof(ask));
	strcpy(ask.ifr_name, "fi0");
	ask.ifr_data = (void *)&eth;
	memset(&eth, 0, sizeof(eth));
	eth.words[0] = number;
}

static void settings(void)
{
	static const struct {
		const char *name;
		int cmd;
	} gets[] = {
		{ "ETHTOOL_GSTATS", ETHTOOL_GSTATS },
		{ "ETHTOOL_GDRVINFO", ETHTOOL_GDRVINFO },
		{ "ETHTOOL_GRSSH", ETHTOOL_GRSSH },
		{ "ETHTOOL_GCOALESCE", ETHTOOL_GCOALESCE },
	};
	unsigned int i;

	/* The errno of a veto, as the core words it */
	fault_try(&(struct fault){
		.name = "txqueuelen",
		.prepare = ask_length,
		.call = call_txqueuelen,
		.check = length_holds,
		.errs = { EPERM },
	});
	for (i = 0; i < ARRAY_SIZE(gets); i++) {
		number = gets[i].cmd;
		fault_try(&(struct fault){
			.name = gets[i].name,
			.prepare = ask_ethtool,
			.call = call_ethtool,
			.check = frames_pass,
			.errs = { ENOMEM, EFAULT },
		});
	}
}

/* --- SIGIO and poll --- */

static long call_async(void)
{
	return fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK | O_ASYNC);
}

static void no_async(void)
{
	must(fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK));
}

static long call_poll(void)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN | POLLOUT };

	return poll(&pfd, 1, 0);
}

static void events(void)
{
	signal(SIGIO, SIG_IGN);
	fault_try(&(struct fault){
		.name = "O_ASYNC",
		.call = call_async,
		.check = frames_pass,
		.undo = no_async,
		.errs = { ENOMEM },
	});
	fault_try(&(struct fault){
		.name = "poll",
		.call = call_poll,
		.check = frames_pass,
		.errs = { ENOMEM },
	});
}

int main(void)
{
	ktap_begin();
	fault_or_skip();
	netns_new();
	device();
	ioctls();
	programs();
	xdp();
	hashing();
	settings();
	events();
	close(fd);
	fault_end();
	return ktap_end();
}
