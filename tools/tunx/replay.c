// SPDX-License-Identifier: GPL-2.0
/* tunx replay: the packets of a capture file, into either half of a device. */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "generate.h"
#include "options.h"
#include "port.h"
#include "util.h"

static const char usage[] =
	"Usage: tunx replay [OPTION]... [DEVICE OPTION]... FILE\n\n"
	"Writes the packets of a pcap or pcapng file ('-': standard input) into a device that\n"
	"is up, with the pauses they were captured with. The link type must fit: RAW, IPV4 or\n"
	"IPV6 for tun, EN10MB for tap.\n\n"
	"      --speed X          X times as fast\n"
	"      --rate N           N per second instead\n"
	"      --fast             as fast as it goes instead\n"
	"  -c, --count N          the first N packets\n"
	"      --net              have the kernel send them, on any network device (-i)\n\n"
	DEVICE_HELP;

/**
 * struct replay - one run
 * @name: file
 * @pcap: the same, open
 * @speed: of time, 0 = no pauses
 * @rate: packets per second instead, 0 = as captured
 * @count: 0 = all
 * @first: time of the first packet, nanoseconds
 * @sent: packets taken
 * @bytes: of them
 * @cut: packets that the file holds only in part, left out
 * @net: to @port instead of @dev
 */
struct replay {
	const char *name;
	pcap_t *pcap;
	double speed;
	unsigned long long rate;
	unsigned long long count;
	unsigned long long first;
	unsigned long long sent;
	unsigned long long bytes;
	unsigned long long cut;
	bool net;
	struct dev dev;
	struct port port;
};

static void open_file(struct replay *r)
{
	char error[PCAP_ERRBUF_SIZE];

	r->pcap = pcap_open_offline_with_tstamp_precision(r->name, PCAP_TSTAMP_PRECISION_NANO,
							  error);
	if (!r->pcap)
		die("reading packets from %s: %s", r->name, error);
}

static void check_link_type(const struct replay *r, const char *device, bool ethernet)
{
	int type = pcap_datalink(r->pcap);
	const char *name = pcap_datalink_val_to_name(type);

	if (ethernet ? type == DLT_EN10MB :
	    type == DLT_RAW || type == DLT_IPV4 || type == DLT_IPV6)
		return;
	die("%s holds packets of link type %s; %s takes %s", r->name, name ? name : "unknown",
	    device, ethernet ? "EN10MB (Ethernet)" : "RAW (IP)");
}

static unsigned long long due(struct replay *r, const struct timeval *ts)
{
	/* with nanosecond precision that is what tv_usec holds */
	unsigned long long at = ts->tv_sec * NSEC_PER_SEC + ts->tv_usec;

	if (r->rate)
		return due_at(r->sent, r->rate);
	if (!r->speed)
		return 0;
	if (!r->sent)
		r->first = at;
	/* time in a file may run backwards */
	return at > r->first ? (at - r->first) / r->speed : 0;
}

/* Return: 1 = at the end, 0 = the user stopped us, -1 = failed (reported) */
static int replay(struct replay *r)
{
	const uint8_t *packet;
	struct pcap_pkthdr *header;
	struct timespec start;
	int ret;

	clock_gettime(CLOCK_MONOTONIC, &start);
	while (!r->count || r->sent < r->count) {
		ret = pcap_next_ex(r->pcap, &header, &packet);
		if (ret == PCAP_ERROR) {
			warning("reading packets from %s: %s", r->name, pcap_geterr(r->pcap));
			return -1;
		}
		if (ret != 1)
			break;
		if (header->caplen != header->len || !header->len) {
			r->cut++;
			continue;
		}
		if (!pace(&start, due(r, &header->ts)))
			return 0;
		ret = r->net ? port_send(&r->port, packet, header->len) :
		      dev_write_wait(&r->dev, packet, header->len);
		if (ret < 0)
			warning("packet %llu (%u bytes): %s%s", r->sent + r->cut + 1, header->len,
				strerror(errno), r->net ? port_hint(errno) : dev_write_hint(errno));
		if (ret <= 0)
			return ret;
		r->sent++;
		r->bytes += header->len;
	}
	return 1;
}

static double parse_speed(const char *text)
{
	char *end;
	double speed = strtod(text, &end);

	if (end == text || *end || !(speed >= 0.001 && speed <= 1e6))
		wrong_use("--speed: '%s' is not a number from 0.001 to 1000000", text);
	return speed;
}

int cmd_replay(int argc, char **argv)
{
	enum { SPEED = OPTION_OWN, RATE, FAST, NET };
	static const struct option longs[] = {
		{ "speed", required_argument, NULL, SPEED },
		{ "rate", required_argument, NULL, RATE },
		{ "fast", no_argument, NULL, FAST },
		{ "net", no_argument, NULL, NET },
		{ "count", required_argument, NULL, 'c' },
		{ 0 }
	};
	const struct options opts = { usage, "c:", longs, .node_only = false };
	struct replay r = { .speed = 1 };
	struct dev_request req = { 0 };
	int c, ret;

	while ((c = next_option(&opts, argc, argv, &req)) != -1) {
		if (c == SPEED)
			r.speed = parse_speed(optarg);
		else if (c == RATE)
			r.rate = parse_number("--rate", optarg, 1, NSEC_PER_SEC);
		else if (c == FAST)
			r.speed = 0;
		else if (c == NET)
			r.net = true;
		else
			r.count = parse_number("--count", optarg, 1, UINT64_MAX);
	}
	if (optind == argc)
		wrong_use("which file?");
	r.name = argv[optind++];
	no_more_arguments(argc, argv);
	if (r.net && !req.name)
		wrong_use("--net: on which device? Say -i NAME");
	open_file(&r);
	catch_stop();
	if (r.net) {
		port_open(&r.port, req.name, 0);
		check_link_type(&r, req.name, r.port.ethernet);
	} else {
		dev_attach(&r.dev, &req);
		check_link_type(&r, r.dev.name, r.dev.tap);
	}
	ret = replay(&r);
	pcap_close(r.pcap);
	if (r.cut)
		warning("%llu packets left out: %s holds only their beginning", r.cut, r.name);
	printf("sent %llu packets, %llu bytes, %s %s\n", r.sent, r.bytes, r.net ? "on" : "into",
	       r.net ? req.name : r.dev.name);
	return ret < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
