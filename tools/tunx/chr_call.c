// SPDX-License-Identifier: GPL-2.0
/* The ioctls of tunx chr: a table of names, numbers and kinds of argument. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/sockios.h>
#include <linux/tunx.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chr.h"
#include "filter.h"
#include "names.h"
#include "util.h"

struct call {
	const char *name;
	unsigned long cmd;
	void (*run)(struct chr *c, const struct call *call, int n, char **words);
	const char *arguments;
};

static const struct name all_iff_names[] = {
	{ IFF_TUN, "tun" },
	{ IFF_TAP, "tap" },
	{ IFF_NO_PI, "no_pi" },
	{ IFF_TUN_EXCL, "excl" },
	{ IFF_ATTACH_QUEUE, "attach" },
	{ IFF_DETACH_QUEUE, "detach" },
	{ IFF_ONE_QUEUE, "one_queue" },
	{ IFF_VNET_HDR, "vnet_hdr" },
	{ IFF_MULTI_QUEUE, "multi_queue" },
	{ IFF_PERSIST, "persist" },
	{ IFF_NAPI, "napi" },
	{ IFF_NAPI_FRAGS, "napi_frags" },
	{ IFF_BACKPRESSURE, "backpressure" },
	{ 0, NULL }
};

/* Bits of both drivers' answers: ATTACH and DETACH_QUEUE are others there */
static const char *flags_text(unsigned int flags, char *text, size_t size)
{
	size_t at = snprintf(text, size, "0x%04x", flags);

	for (const struct name *name = all_iff_names; name->text; name++)
		if (flags & name->value && !(name->value & (IFF_ATTACH_QUEUE | IFF_DETACH_QUEUE)) &&
		    at < size)
			at += snprintf(text + at, size - at, " %s", name->text);
	return text;
}

static unsigned long long one_number(const struct call *call, int n, char **words)
{
	if (n != 1)
		wrong_use("%s takes one number", call->name);
	return parse_number(call->name, words[0], 0, UINT32_MAX);
}

/* The headers of packets from now on */
static void learn(struct chr *c, unsigned int flags)
{
	int size = 0;

	c->dev.tap = flags & IFF_TAP;
	c->dev.vnet = 0;
	if (flags & IFF_VNET_HDR && !ioctl(c->dev.fd, TUNGETVNETHDRSZ, &size) &&
	    size <= DEV_VNET_MAX)
		c->dev.vnet = size;
}

/* [NAME] [FLAG]... */
static void call_ifreq(struct chr *c, const struct call *call, int n, char **words)
{
	unsigned int flag, flags = 0;
	struct ifreq ifr = { 0 };
	char text[256];
	long ret;

	for (int i = 0; i < n; i++) {
		if (find_value(all_iff_names, words[i], &flag))
			flags |= flag;
		else if (!strncmp(words[i], "0x", 2))
			flags |= parse_number(call->name, words[i], 0, 0xffff);
		else if (i == 0 && strlen(words[i]) < IFNAMSIZ)
			memcpy(ifr.ifr_name, words[i], strlen(words[i]));
		else
			wrong_use("%s: '%s' is no flag", call->name, words[i]);
	}
	ifr.ifr_flags = flags;
	ret = ioctl(c->dev.fd, call->cmd, &ifr);
	if (!ret && call->cmd == TUNSETIFF) {
		snprintf(c->dev.name, sizeof(c->dev.name), "%s", ifr.ifr_name);
		c->dev.pi = !(flags & IFF_NO_PI);
		learn(c, flags);
	}
	if (call->cmd == TUNSETQUEUE)
		chr_result(c, ret, "done");
	else
		chr_result(c, ret, "%s %s", ifr.ifr_name,
			   flags_text((uint16_t)ifr.ifr_flags, text, sizeof(text)));
}

/* A number, in the argument itself */
static void call_number(struct chr *c, const struct call *call, int n, char **words)
{
	unsigned long value = one_number(call, n, words);

	chr_result(c, ioctl(c->dev.fd, call->cmd, value), "%lu", value);
}

static void call_offload(struct chr *c, const struct call *call, int n, char **words)
{
	unsigned int bits;

	if (n != 1)
		wrong_use("%s takes a list of offloads, or none", call->name);
	bits = !strncmp(words[0], "0x", 2) ? one_number(call, n, words) :
	       parse_names(call->name, words[0], offload_names);
	chr_result(c, ioctl(c->dev.fd, call->cmd, (unsigned long)bits), "0x%x", bits);
}

/* A number, in memory that the argument points to */
static void call_store(struct chr *c, const struct call *call, int n, char **words)
{
	int value = !strcmp(n ? words[0] : "", "-1") ? -1 : (int)one_number(call, n, words);
	long ret = ioctl(c->dev.fd, call->cmd, &value);

	if (!ret && call->cmd == TUNSETVNETHDRSZ && c->dev.vnet && value <= DEV_VNET_MAX)
		c->dev.vnet = value;
	chr_result(c, ret, "%d", value);
}

static void call_fetch(struct chr *c, const struct call *call, int n, char **words)
{
	unsigned int value = 0;
	char text[256];
	long ret;

	(void)words;
	if (n)
		wrong_use("%s takes nothing", call->name);
	ret = ioctl(c->dev.fd, call->cmd, &value);
	if (call->cmd == TUNGETFEATURES)
		chr_result(c, ret, "%s", flags_text(value, text, sizeof(text)));
	else
		chr_result(c, ret, "%u", value);
}

static void call_filter(struct chr *c, const struct call *call, int n, char **words)
{
	char *text = join_words(n, words);
	struct bpf_program program;
	struct sock_fprog fprog;
	long ret;

	filter_compile(call->name, text, c->dev.tap, &program);
	fprog = filter_fprog(&program);
	ret = ioctl(c->dev.fd, call->cmd, &fprog);
	chr_result(c, ret, "%u instructions", fprog.len);
	pcap_freecode(&program);
	free(text);
}

static void call_fprog(struct chr *c, const struct call *call, int n, char **words)
{
	struct sock_fprog fprog = { 0 };
	long ret;

	(void)words;
	if (n)
		wrong_use("%s takes nothing", call->name);
	ret = ioctl(c->dev.fd, call->cmd, &fprog);
	chr_result(c, ret, "%u instructions", fprog.len);
}

/* [allmulti] [MAC]... */
static void call_macs(struct chr *c, const struct call *call, int n, char **words)
{
	struct {
		struct tun_filter head;
		uint8_t macs[64][ETH_ALEN];
	} filter = { 0 };
	long ret;

	for (int i = 0; i < n; i++) {
		if (!strcmp(words[i], "allmulti"))
			filter.head.flags |= TUN_FLT_ALLMULTI;
		else if (filter.head.count == ARRAY_SIZE(filter.macs))
			wrong_use("%s: more than %zu addresses", call->name,
				  ARRAY_SIZE(filter.macs));
		else
			parse_mac(call->name, words[i], filter.macs[filter.head.count++]);
	}
	ret = ioctl(c->dev.fd, call->cmd, &filter);
	chr_result(c, ret, "%ld matched exactly, of %u", ret, filter.head.count);
}

static void call_netns(struct chr *c, const struct call *call, int n, char **words)
{
	struct stat st = { 0 };
	int fd;

	(void)words;
	if (n)
		wrong_use("%s takes nothing", call->name);
	fd = ioctl(c->dev.fd, call->cmd);
	if (fd >= 0 && fstat(fd, &st))
		die("looking at a network namespace: %s", strerror(errno));
	chr_result(c, fd, "net:[%llu]", (unsigned long long)st.st_ino);
	if (fd >= 0)
		close(fd);
}

static void call_mac(struct chr *c, const struct call *call, int n, char **words)
{
	struct ifreq ifr = { .ifr_hwaddr.sa_family = 1 /* ARPHRD_ETHER */ };
	uint8_t mac[ETH_ALEN] = { 0 };
	bool setting = call->cmd == SIOCSIFHWADDR;
	long ret;

	if (n != setting)
		wrong_use("%s takes %s", call->name, setting ? "a MAC address" : "nothing");
	if (setting)
		parse_mac(call->name, words[0], mac);
	memcpy(ifr.ifr_hwaddr.sa_data, mac, ETH_ALEN);
	ret = ioctl(c->dev.fd, call->cmd, &ifr);
	memcpy(mac, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
	chr_result(c, ret, "%02x:%02x:%02x:%02x:%02x:%02x type %u", mac[0], mac[1], mac[2], mac[3],
		   mac[4], mac[5], ifr.ifr_hwaddr.sa_family);
}

static void call_hash_cap(struct chr *c, const struct call *call, int n, char **words)
{
	struct tun_vnet_hash cap = { 0 };
	long ret;

	(void)words;
	if (n)
		wrong_use("%s takes nothing", call->name);
	ret = ioctl(c->dev.fd, call->cmd, &cap);
	chr_result(c, ret, "flags 0x%x types 0x%x", cap.flags, cap.types);
}

/* NUMBER [VALUE]: what has no name here */
static void call_any(struct chr *c, const struct call *call, int n, char **words)
{
	unsigned long cmd, value = 0;

	if (n != 1 && n != 2)
		wrong_use("%s takes the call's number and an argument", call->name);
	cmd = parse_number(call->name, words[0], 0, UINT32_MAX);
	if (n == 2)
		value = parse_number(call->name, words[1], 0, UINT64_MAX);
	chr_result(c, ioctl(c->dev.fd, cmd, value), "done");
}

static const struct call calls[] = {
	{ "TUNGETFEATURES", TUNGETFEATURES, call_fetch, "" },
	{ "TUNSETIFF", TUNSETIFF, call_ifreq, "[NAME] [FLAG]..." },
	{ "TUNGETIFF", TUNGETIFF, call_ifreq, "" },
	{ "TUNSETQUEUE", TUNSETQUEUE, call_ifreq, "attach|detach" },
	{ "TUNSETIFINDEX", TUNSETIFINDEX, call_store, "N" },
	{ "TUNSETPERSIST", TUNSETPERSIST, call_number, "0|1" },
	{ "TUNSETOWNER", TUNSETOWNER, call_number, "UID" },
	{ "TUNSETGROUP", TUNSETGROUP, call_number, "GID" },
	{ "TUNSETLINK", TUNSETLINK, call_number, "TYPE" },
	{ "TUNSETDEBUG", TUNSETDEBUG, call_number, "N" },
	{ "TUNSETNOCSUM", TUNSETNOCSUM, call_number, "N" },
	{ "TUNSETOFFLOAD", TUNSETOFFLOAD, call_offload, "LIST|none|0xBITS" },
	{ "TUNGETSNDBUF", TUNGETSNDBUF, call_fetch, "" },
	{ "TUNSETSNDBUF", TUNSETSNDBUF, call_store, "N" },
	{ "TUNGETVNETHDRSZ", TUNGETVNETHDRSZ, call_fetch, "" },
	{ "TUNSETVNETHDRSZ", TUNSETVNETHDRSZ, call_store, "N" },
	{ "TUNGETVNETLE", TUNGETVNETLE, call_fetch, "" },
	{ "TUNSETVNETLE", TUNSETVNETLE, call_store, "0|1" },
	{ "TUNGETVNETBE", TUNGETVNETBE, call_fetch, "" },
	{ "TUNSETVNETBE", TUNSETVNETBE, call_store, "0|1" },
	{ "TUNSETCARRIER", TUNSETCARRIER, call_store, "0|1" },
	{ "TUNSETTXFILTER", TUNSETTXFILTER, call_macs, "[allmulti] [MAC]..." },
	{ "TUNATTACHFILTER", TUNATTACHFILTER, call_filter, "EXPRESSION" },
	{ "TUNDETACHFILTER", TUNDETACHFILTER, call_fprog, "" },
	{ "TUNGETFILTER", TUNGETFILTER, call_fprog, "" },
	{ "TUNSETSTEERINGEBPF", TUNSETSTEERINGEBPF, call_store, "FD|-1" },
	{ "TUNSETFILTEREBPF", TUNSETFILTEREBPF, call_store, "FD|-1" },
	{ "TUNGETDEVNETNS", TUNGETDEVNETNS, call_netns, "" },
	{ "TUNGETVNETHASHCAP", TUNGETVNETHASHCAP, call_hash_cap, "" },
	{ "SIOCGSKNS", SIOCGSKNS, call_netns, "" },
	{ "SIOCGIFHWADDR", SIOCGIFHWADDR, call_mac, "" },
	{ "SIOCSIFHWADDR", SIOCSIFHWADDR, call_mac, "MAC" },
	{ "ioctl", 0, call_any, "NUMBER [VALUE]" },
};

bool chr_call(struct chr *c, int n, char **words)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		if (strcasecmp(words[0], calls[i].name))
			continue;
		calls[i].run(c, &calls[i], n - 1, words + 1);
		return true;
	}
	return false;
}

void chr_list_calls(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		printf("  %-18s %s\n", calls[i].name, calls[i].arguments);
}
