// SPDX-License-Identifier: GPL-2.0
/*
 * tunx set: change a device. A table of words; each has its kind of value and a
 * function that applies it. All values are looked at before the first is applied.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "borrow.h"
#include "cmd.h"
#include "filter.h"
#include "link.h"
#include "names.h"
#include "options.h"
#include "util.h"
#include "words.h"

static const char usage[] =
	"Usage: tunx set [--node PATH] [dev] NAME WORD VALUE [WORD VALUE]...\n\n"
	"Changes a device, in the order given:\n\n"
	"  up, down               (without a value)\n"
	"  mtu N, txqueuelen N, address MAC\n"
	"  user USER, group GROUP who may attach, by name or number\n"
	"  persist on|off         whether it stays when nobody is attached\n"
	"  carrier on|off         needs an attached queue for 'on'\n"
	"  backpressure on|off    stop the sender instead of dropping; nobody may be attached\n"
	"  offload LIST|none      what the reader takes: csum, tso4, tso6, tso_ecn, ufo, uso4,\n"
	"                         uso6, udp_tunnel, udp_tunnel_csum\n"
	"  sndbuf N               bytes that its writers may have under way\n"
	"  queues N               N of the attached queues carry packets, the others rest\n"
	"  filter EXPR|none       packets the reader sees, as in tcpdump\n"
	"  macs LIST|none         tap: destination addresses the reader sees\n\n"
	NODE_HELP;

#define MAX_STEPS	32

enum value { NOTHING, NUMBER, ON_OFF, TEXT };

struct step;

/**
 * struct set - one run
 * @node: as given
 * @link: the device
 * @fd: a file that has it attached, -1 = none yet
 */
struct set {
	const char *node;
	struct link link;
	int fd;
};

struct setting {
	const char *word;
	enum value value;
	unsigned long long min;
	unsigned long long max;
	void (*apply)(struct set *s, const struct step *step);
};

/**
 * struct step - a word and what was given to it
 * @setting: the word
 * @text: the value as given
 * @number: the value, of NUMBER and ON_OFF
 */
struct step {
	const struct setting *setting;
	const char *text;
	unsigned long long number;
};

static int set_file(struct set *s)
{
	if (s->fd < 0)
		s->fd = file_of(s->link.name, s->node);
	return s->fd;
}

static noreturn void refused(const struct set *s, const struct step *step, int err)
{
	const char *hint = "";

	if (err == EPERM && !strcmp(step->setting->word, "carrier"))
		hint = " (nobody is attached, or you lack CAP_NET_ADMIN)";
	else if (err == EPERM)
		hint = " (needs root or CAP_NET_ADMIN in this network namespace)";
	else if (err == EINVAL && !strcmp(step->setting->word, "offload"))
		hint = " (segmentation needs csum, udp_tunnel_csum needs udp_tunnel; "
		       "a driver may know fewer)";
	die("%s: setting %s%s%s: %s%s", s->link.name, step->setting->word, step->text ? " " : "",
	    step->text ? step->text : "", strerror(err), hint);
}

static void call(struct set *s, const struct step *step, unsigned long cmd, unsigned long arg)
{
	if (ioctl(set_file(s), cmd, arg) < 0)
		refused(s, step, errno);
}

static void set_up(struct set *s, const struct step *step)
{
	bool up = !strcmp(step->setting->word, "up");

	if (link_change_flags(s->link.index, up ? IFF_UP : 0, IFF_UP))
		refused(s, step, errno);
}

static void set_mtu(struct set *s, const struct step *step)
{
	uint32_t value = step->number;

	if (link_change(s->link.index, IFLA_MTU, &value, sizeof(value)))
		refused(s, step, errno);
}

static void set_txqueuelen(struct set *s, const struct step *step)
{
	uint32_t value = step->number;

	if (link_change(s->link.index, IFLA_TXQLEN, &value, sizeof(value)))
		refused(s, step, errno);
}

static void set_carrier(struct set *s, const struct step *step)
{
	uint8_t value = step->number;

	if (link_change(s->link.index, IFLA_CARRIER, &value, sizeof(value)))
		refused(s, step, errno);
}

static void set_address(struct set *s, const struct step *step)
{
	uint8_t mac[ETH_ALEN];

	parse_mac("address", step->text, mac);
	if (link_change(s->link.index, IFLA_ADDRESS, mac, sizeof(mac)))
		refused(s, step, errno);
}

static void set_user(struct set *s, const struct step *step)
{
	call(s, step, TUNSETOWNER, user_id(step->text));
}

static void set_group(struct set *s, const struct step *step)
{
	call(s, step, TUNSETGROUP, group_id(step->text));
}

static void set_persist(struct set *s, const struct step *step)
{
	call(s, step, TUNSETPERSIST, step->number);
}

static void set_sndbuf(struct set *s, const struct step *step)
{
	int value = step->number;

	call(s, step, TUNSETSNDBUF, (unsigned long)&value);
}

static void set_offload(struct set *s, const struct step *step)
{
	call(s, step, TUNSETOFFLOAD, parse_names("offload", step->text, offload_names));
}

/* Flags come with TUNSETIFF, and the driver heeds those of the first who attaches. */
static void set_backpressure(struct set *s, const struct step *step)
{
	struct dev_request req = { .node = s->node, .name = s->link.name };
	struct ifreq ifr = { 0 };
	unsigned int features = 0;
	struct dev dev;

	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	if (step->number)
		req.flags = IFF_BACKPRESSURE;
	else
		req.clear = IFF_BACKPRESSURE;
	dev_attach(&dev, &req);
	if (ioctl(dev.fd, TUNGETFEATURES, &features) || !(features & IFF_BACKPRESSURE))
		die("%s: setting backpressure: the driver behind %s has none; tunx has, and the "
		    "stock driver from Linux 7.3", s->link.name, dev.node);
	if (ioctl(dev.fd, TUNGETIFF, &ifr) ||
	    !!(ifr.ifr_flags & IFF_BACKPRESSURE) != step->number)
		die("%s: setting backpressure: the driver keeps the flags while other queues are "
		    "attached; end their programs first", s->link.name);
	close(dev.fd);
}

static void set_queues(struct set *s, const struct step *step)
{
	struct ifreq ifr = { 0 };
	size_t n;
	int *fds;

	n = borrow_files(s->link.name, &fds);
	if (n < step->number)
		die("%s: setting queues %llu: %zu are attached, as far as you may see; each "
		    "program that attaches to a multi-queue device brings one", s->link.name,
		    step->number, n);
	for (size_t i = 0; i < n; i++) {
		ifr.ifr_flags = i < step->number ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE;
		/* EINVAL: it is so already */
		if (ioctl(fds[i], TUNSETQUEUE, &ifr) && errno != EINVAL)
			refused(s, step, errno);
		close(fds[i]);
	}
	free(fds);
}

static void set_filter(struct set *s, const struct step *step)
{
	struct sock_fprog fprog = { 0 };
	struct bpf_program program;

	if (!strcmp(step->text, "none")) {
		call(s, step, TUNDETACHFILTER, (unsigned long)&fprog);
		return;
	}
	filter_compile("filter", step->text, s->link.tun_flags & IFF_TAP, &program);
	/* it keeps our pointer and reads through it when the next program attaches */
	if (!strcmp(s->link.kind, "tun") && borrow_file(s->link.name) < 0)
		die("%s: setting filter: the stock driver keeps a filter only while a program "
		    "is attached, and none is (that you may borrow the file of)", s->link.name);
	fprog = filter_fprog(&program);
	call(s, step, TUNATTACHFILTER, (unsigned long)&fprog);
	pcap_freecode(&program);
}

static void set_macs(struct set *s, const struct step *step)
{
	struct {
		struct tun_filter head;
		uint8_t macs[64][ETH_ALEN];
	} filter = { 0 };
	const char *list = step->text;
	char word[32];
	size_t len;

	for (; strcmp(step->text, "none") && *list; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		snprintf(word, sizeof(word), "%.*s", (int)len, list);
		if (filter.head.count == ARRAY_SIZE(filter.macs))
			wrong_use("macs: more than %zu addresses", ARRAY_SIZE(filter.macs));
		parse_mac("macs", word, filter.macs[filter.head.count++]);
	}
	call(s, step, TUNSETTXFILTER, (unsigned long)&filter);
}

static const struct setting settings[] = {
	{ "up", NOTHING, 0, 0, set_up },
	{ "down", NOTHING, 0, 0, set_up },
	{ "mtu", NUMBER, 0, UINT32_MAX, set_mtu },
	{ "txqueuelen", NUMBER, 0, INT32_MAX, set_txqueuelen },
	{ "address", TEXT, 0, 0, set_address },
	{ "user", TEXT, 0, 0, set_user },
	{ "group", TEXT, 0, 0, set_group },
	{ "persist", ON_OFF, 0, 1, set_persist },
	{ "carrier", ON_OFF, 0, 1, set_carrier },
	{ "backpressure", ON_OFF, 0, 1, set_backpressure },
	{ "offload", TEXT, 0, 0, set_offload },
	{ "sndbuf", NUMBER, 1, INT32_MAX, set_sndbuf },
	{ "queues", NUMBER, 0, 256, set_queues },
	{ "filter", TEXT, 0, 0, set_filter },
	{ "macs", TEXT, 0, 0, set_macs },
};

static const struct setting *find_setting(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		if (!strcmp(settings[i].word, word))
			return &settings[i];
	wrong_use("'%s' is nothing that can be set", word);
}

/* Words that only look at their value complain here, before anything is changed. */
static void check_text(const struct step *step)
{
	uint8_t mac[ETH_ALEN];

	if (!strcmp(step->setting->word, "address"))
		parse_mac("address", step->text, mac);
	else if (!strcmp(step->setting->word, "offload"))
		parse_names("offload", step->text, offload_names);
	else if (!strcmp(step->setting->word, "user"))
		user_id(step->text);
	else if (!strcmp(step->setting->word, "group"))
		group_id(step->text);
}

static size_t parse_steps(int argc, char **argv, struct step *steps)
{
	const struct setting *setting;
	size_t n = 0;

	while (optind < argc) {
		if (n == MAX_STEPS)
			wrong_use("more than %d words", MAX_STEPS);
		setting = find_setting(argv[optind++]);
		steps[n].setting = setting;
		if (setting->value != NOTHING) {
			if (optind == argc)
				wrong_use("'%s' needs a value after it", setting->word);
			steps[n].text = argv[optind++];
		}
		if (setting->value == NUMBER)
			steps[n].number = parse_number(setting->word, steps[n].text, setting->min,
						       setting->max);
		else if (setting->value == ON_OFF)
			steps[n].number = parse_on_off(setting->word, steps[n].text);
		else if (setting->value == TEXT)
			check_text(&steps[n]);
		n++;
	}
	if (!n)
		wrong_use("set what?");
	return n;
}

int cmd_set(int argc, char **argv)
{
	const struct options opts = { .usage = usage, .shorts = "", .node_only = true };
	struct step steps[MAX_STEPS] = { 0 };
	struct dev_request req = { 0 };
	struct set s = { .fd = -1 };
	const char *name;
	size_t n;

	while (next_option(&opts, argc, argv, &req) != -1)
		;
	if (optind < argc && !strcmp(argv[optind], "dev"))
		optind++;
	if (optind == argc)
		wrong_use("which device? Say its name");
	name = argv[optind++];
	n = parse_steps(argc, argv, steps);
	s.node = req.node;
	if (!link_get(name, &s.link) || !link_is_tun(&s.link))
		die("there is no tun/tap device '%s' in this network namespace", name);
	for (size_t i = 0; i < n; i++)
		steps[i].setting->apply(&s, &steps[i]);
	return EXIT_SUCCESS;
}
