// SPDX-License-Identifier: GPL-2.0
/*
 * tunx chr: drive the character half by hand. One file is opened, then come
 * steps: an ioctl, a read, a write, a poll... Each prints what came of it. An
 * error is a result, not the end; it counts as failure unless it was foretold.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "chr.h"
#include "cmd.h"
#include "filter.h"
#include "generate.h"
#include "link.h"
#include "names.h"
#include "options.h"
#include "packet.h"
#include "util.h"

static const char usage[] =
	"Usage: tunx chr [-x] [-j [-p]] [--node PATH] [STEP [, STEP]...]\n\n"
	"Opens a node and does the steps, which commas part; without steps they are read\n"
	"from standard input, one a line. Ends with 1 if a step failed that was not to.\n\n"
	"  -x, --hex      the bytes of packets, too\n"
	"  -j, --json     JSON: an array with an object for each step\n"
	"  -p, --pretty   with -j: indented\n"
	NODE_HELP
	"\nSteps:\n"
	"  fails ERROR STEP   the step must fail so: 'fails EBADFD read'\n"
	"  read [SIZE]        one packet, decoded\n"
	"  write [WORD]...    a packet, described as the options of 'tunx send':\n"
	"                     udp, icmp, arp, hex BYTES, size N, src A, dst A...\n"
	"  raw BYTES          these bytes, headers and all\n"
	"  vnet [WORD]...     virtio-net header of the next packets: csum START OFFSET,\n"
	"                     gso tcpv4|tcpv6|udp|udp_l4 SIZE HDRLEN; without words zeros\n"
	"  poll [in] [out] [MS]   wait for events (default: both, 0 ms)\n"
	"  nonblock on|off    O_NONBLOCK; it is on at first\n"
	"  sigio on|off       O_ASYNC\n"
	"  wait [MS]          for SIGIO (default 1000)\n"
	"  up, fdinfo, sleep MS\n"
	"and these calls, the flags of a device being tun, tap, no_pi, vnet_hdr, multi_queue,\n"
	"one_queue, persist, excl, napi, napi_frags, backpressure:\n";

#define MAX_WORDS	64

static const struct name gso_names[] = {
	{ VIRTIO_NET_HDR_GSO_NONE, "none" },
	{ VIRTIO_NET_HDR_GSO_TCPV4, "tcpv4" },
	{ VIRTIO_NET_HDR_GSO_UDP, "udp" },
	{ VIRTIO_NET_HDR_GSO_TCPV6, "tcpv6" },
	{ 5, "udp_l4" },
	{ 0, NULL }
};

void chr_result(struct chr *c, long ret, const char *fmt, ...)
{
	int err = ret < 0 ? errno : 0;
	bool good = err == c->want;
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	c->failed += !good;
	if (c->results) {
		json_t *o = json_pack("{s:s, s:b, s:I}", "step", c->text, "good", good, "return",
				      (json_int_t)ret);

		if (err)
			json_object_set_new(o, "errno", json_string(strerrorname_np(err)));
		else
			json_object_set_new(o, "result", json_string(text));
		json_array_append_new(c->results, o);
		return;
	}
	if (err)
		printf("%s: %s (%s)", c->text, strerrorname_np(err), strerror(err));
	else
		printf("%s: %s", c->text, text);
	if (good)
		puts("");
	else if (c->want)
		printf(", and not %s\n", strerrorname_np(c->want));
	else
		puts(" FAILED");
}

static const char *vnet_text(const uint8_t *header, size_t size, char *text, size_t room)
{
	struct virtio_net_hdr h;
	const char *gso;

	if (size < sizeof(h))
		return "";
	memcpy(&h, header, sizeof(h));
	gso = find_name(gso_names, h.gso_type & ~VIRTIO_NET_HDR_GSO_ECN);
	snprintf(text, room, "vnet flags 0x%x gso %s size %u hdr_len %u csum %u+%u, ", h.flags,
		 gso ? gso : "?", h.gso_size, h.hdr_len, h.csum_start, h.csum_offset);
	return text;
}

static char *packet_text(const struct chr *c, const uint8_t *data, size_t len, uint16_t protocol)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		die("no memory for a line of text");
	decode_packet(out, data, len, c->dev.tap, protocol);
	if (c->hex) {
		fputc('\n', out);
		dump_hex(out, data, len);
	}
	fclose(out);
	if (c->hex)
		text[strlen(text) - 1] = '\0';
	return text;
}

static void step_read(struct chr *c, int n, char **words)
{
	size_t size = DEV_BUFFER, headers = (c->dev.pi ? sizeof(struct tun_pi) : 0) + c->dev.vnet;
	static uint8_t buffer[DEV_BUFFER];
	struct tun_pi pi = { 0 };
	char vnet[128], *text;
	ssize_t got;

	if (n > 1)
		wrong_use("read takes a size");
	if (n)
		size = parse_number("read", words[0], 0, sizeof(buffer));
	got = read(c->dev.fd, buffer, size);
	if (got < (ssize_t)headers) {
		chr_result(c, got, "%zd bytes", got);
		return;
	}
	if (c->dev.pi)
		memcpy(&pi, buffer, sizeof(pi));
	text = packet_text(c, buffer + headers, got - headers, ntohs(pi.proto));
	chr_result(c, got, "%zd bytes, %s%s%s", got, pi.flags & TUN_PKT_STRIP ? "cut, " : "",
		   vnet_text(buffer + headers - c->dev.vnet, c->dev.vnet, vnet, sizeof(vnet)),
		   text);
	free(text);
}

static const struct option *find_word(const char *word)
{
	for (const struct option *o = generate_longs; o->name; o++)
		if (!strcmp(o->name, word))
			return o;
	return NULL;
}

static void step_write(struct chr *c, int n, char **words)
{
	static uint8_t packet[BUILD_MAX];
	uint8_t header[DEV_VNET_MAX] = { 0 };
	struct tun_pi pi = { 0 };
	const struct option *o;
	uint8_t mac[ETH_ALEN];
	struct iovec iov[3];
	struct generate g;
	int parts = 0;
	ssize_t ret;
	size_t len;
	char *text;

	generate_init(&g);
	for (int i = 0; i < n; i++) {
		o = find_word(words[i]);
		if (!o)
			wrong_use("write: what is '%s'?", words[i]);
		if (o->has_arg && ++i == n)
			wrong_use("write: '%s' needs a value after it", o->name);
		optarg = words[i];
		generate_option(&g, o->val);
	}
	dev_mac(&c->dev, mac);
	generate_finish(&g, c->dev.tap, mac);
	len = generate_packet(&g, packet);

	if (c->dev.pi) {
		if (!c->dev.tap)
			pi.proto = htons(packet[0] >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP);
		iov[parts++] = (struct iovec){ &pi, sizeof(pi) };
	}
	if (c->dev.vnet) {
		memcpy(header, &c->vnet, sizeof(c->vnet.hdr));
		iov[parts++] = (struct iovec){ header, c->dev.vnet };
	}
	iov[parts++] = (struct iovec){ packet, len };
	ret = writev(c->dev.fd, iov, parts);
	text = packet_text(c, packet, len, 0);
	chr_result(c, ret, "%zd bytes, %s", ret, text);
	free(text);
}

static void step_raw(struct chr *c, int n, char **words)
{
	static uint8_t bytes[BUILD_MAX];
	size_t len = 0;
	ssize_t ret;

	for (int i = 0; i < n; i++)
		len += parse_hex(words[i], bytes + len, sizeof(bytes) - len);
	ret = write(c->dev.fd, bytes, len);
	chr_result(c, ret, "%zd bytes", ret);
}

static void step_vnet(struct chr *c, int n, char **words)
{
	struct virtio_net_hdr *h = &c->vnet.hdr;
	unsigned int gso;
	int i = 0;

	memset(h, 0, sizeof(*h));
	while (i < n) {
		if (!strcmp(words[i], "csum") && n - i >= 3) {
			h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
			h->csum_start = parse_number("csum", words[i + 1], 0, 65535);
			h->csum_offset = parse_number("csum", words[i + 2], 0, 65535);
			i += 3;
		} else if (!strcmp(words[i], "gso") && n - i >= 4 &&
			   find_value(gso_names, words[i + 1], &gso)) {
			h->gso_type = gso;
			h->gso_size = parse_number("gso", words[i + 2], 0, 65535);
			h->hdr_len = parse_number("gso", words[i + 3], 0, 65535);
			i += 4;
		} else {
			wrong_use("vnet: at '%s': csum START OFFSET, gso TYPE SIZE HDRLEN",
				  words[i]);
		}
	}
	chr_result(c, 0, "for the next packets");
}

static void step_poll(struct chr *c, int n, char **words)
{
	struct pollfd pfd = { .fd = c->dev.fd };
	int ms = 0, ret;

	for (int i = 0; i < n; i++) {
		if (!strcmp(words[i], "in"))
			pfd.events |= POLLIN;
		else if (!strcmp(words[i], "out"))
			pfd.events |= POLLOUT;
		else
			ms = parse_number("poll", words[i], 0, 3600000);
	}
	if (!pfd.events)
		pfd.events = POLLIN | POLLOUT;
	ret = poll(&pfd, 1, ms);
	chr_result(c, ret, "%s%s%s%s", pfd.revents & POLLIN ? "in " : "",
		   pfd.revents & POLLOUT ? "out " : "", pfd.revents & POLLERR ? "error" : "",
		   pfd.revents ? "" : "nothing");
}

static void set_flag(struct chr *c, int n, char **words, int flag)
{
	int flags = fcntl(c->dev.fd, F_GETFL);

	if (n != 1)
		wrong_use("say on or off");
	flags = parse_on_off("the flag", words[0]) ? flags | flag : flags & ~flag;
	chr_result(c, fcntl(c->dev.fd, F_SETFL, flags), "%s", words[0]);
}

static void step_nonblock(struct chr *c, int n, char **words)
{
	set_flag(c, n, words, O_NONBLOCK);
}

static void step_sigio(struct chr *c, int n, char **words)
{
	if (fcntl(c->dev.fd, F_SETOWN, getpid()))
		die("F_SETOWN: %s", strerror(errno));
	set_flag(c, n, words, O_ASYNC);
}

static unsigned long long optional_ms(int n, char **words, unsigned long long ms)
{
	if (n > 1)
		wrong_use("one number of milliseconds");
	return n ? parse_number("milliseconds", words[0], 0, 3600000) : ms;
}

static struct timespec timespec_ms(unsigned long long ms)
{
	return (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
}

static void step_wait(struct chr *c, int n, char **words)
{
	struct timespec time = timespec_ms(optional_ms(n, words, 1000));
	sigset_t set;
	int ret;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	ret = sigtimedwait(&set, NULL, &time);
	chr_result(c, ret, "SIGIO");
}

static void step_sleep(struct chr *c, int n, char **words)
{
	struct timespec time = timespec_ms(optional_ms(n, words, 1000));

	wait_for(NULL, 0, &time);
	chr_result(c, 0, "slept");
}

static void step_up(struct chr *c, int n, char **words)
{
	(void)words;
	if (n)
		wrong_use("up takes nothing");
	chr_result(c, link_change_flags(if_nametoindex(c->dev.name), IFF_UP, IFF_UP), "%s",
		   c->dev.name);
}

static void step_fdinfo(struct chr *c, int n, char **words)
{
	char path[64], text[512] = "";
	ssize_t len;
	int fd;

	(void)words;
	if (n)
		wrong_use("fdinfo takes nothing");
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", c->dev.fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	for (ssize_t i = 0; i < len; i++)
		if (text[i] == '\n' || text[i] == '\t')
			text[i] = ' ';
	chr_result(c, len, "%s", text);
}

static const struct {
	const char *word;
	void (*run)(struct chr *c, int n, char **words);
} steps[] = {
	{ "read", step_read },
	{ "write", step_write },
	{ "raw", step_raw },
	{ "vnet", step_vnet },
	{ "poll", step_poll },
	{ "nonblock", step_nonblock },
	{ "sigio", step_sigio },
	{ "wait", step_wait },
	{ "sleep", step_sleep },
	{ "up", step_up },
	{ "fdinfo", step_fdinfo },
};

static int errno_of(const char *name)
{
	const char *other;

	for (int err = 1; err < 134; err++) {
		other = strerrorname_np(err);
		if (other && !strcmp(other, name))
			return err;
	}
	wrong_use("fails: '%s' is no error; they are like EBADFD", name);
}

static void do_step(struct chr *c, int n, char **words)
{
	c->want = 0;
	if (!strcmp(words[0], "fails")) {
		if (n < 3)
			wrong_use("fails: which error, and which step?");
		c->want = errno_of(words[1]);
		words += 2;
		n -= 2;
	}
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		if (!strcmp(words[0], steps[i].word)) {
			steps[i].run(c, n - 1, words + 1);
			return;
		}
	}
	if (!chr_call(c, n, words))
		wrong_use("'%s' is no step", words[0]);
}

/* One step of words as they are in @text, which remains as it is */
static void do_text(struct chr *c, const char *text)
{
	char *copy = strdup(text), *words[MAX_WORDS], *word, *end;
	int n = 0;

	if (!copy)
		die("no memory for a step");
	c->text = text;
	for (word = strtok_r(copy, " \t", &end); word; word = strtok_r(NULL, " \t", &end)) {
		if (n == MAX_WORDS)
			wrong_use("a step of more than %d words", MAX_WORDS);
		words[n++] = word;
	}
	if (n && *words[0] != '#')
		do_step(c, n, words);
	free(copy);
	if (!c->results)
		fflush(stdout);
}

static void do_lines(struct chr *c)
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0) {
		line[strcspn(line, "\n")] = '\0';
		do_text(c, line);
	}
	free(line);
}

/* The arguments once more as one text; lists in a step have commas without a blank behind. */
static void do_arguments(struct chr *c, int n, char **words)
{
	char *text = join_words(n, words), *step, *end;

	for (step = text; step; step = end) {
		end = strstr(step, ", ");
		if (end) {
			*end = '\0';
			end += 2;
		}
		do_text(c, step + strspn(step, " "));
	}
	free(text);
}

int cmd_chr(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "hex", no_argument, NULL, 'x' },
		{ "json", no_argument, NULL, 'j' },
		{ "pretty", no_argument, NULL, 'p' },
		{ 0 }
	};
	const struct options opts = { usage, "xjp", longs, .node_only = true,
				      .more = chr_list_calls };
	struct dev_request req = { 0 };
	bool pretty = false;
	struct chr c = { 0 };
	sigset_t set;
	int o;

	while ((o = next_option(&opts, argc, argv, &req)) != -1) {
		c.hex |= o == 'x';
		pretty |= o == 'p';
		if (o == 'j' && !c.results)
			c.results = json_array();
	}
	/* it is waited for; its default is to end the program */
	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigprocmask(SIG_BLOCK, &set, NULL);
	dev_open(&c.dev, req.node);
	if (optind < argc)
		do_arguments(&c, argc - optind, argv + optind);
	else
		do_lines(&c);
	if (c.results) {
		print_json(c.results, pretty);
		json_decref(c.results);
	}
	return c.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
