// SPDX-License-Identifier: GPL-2.0
/*
 * tunx dump: take packets out of a device, as a VPN program would, and print
 * or save them. Not a sniffer: what it reads, nobody else gets.
 */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "cmd.h"
#include "dev.h"
#include "filter.h"
#include "options.h"
#include "packet.h"
#include "stamp.h"
#include "util.h"

static const char usage[] =
	"Usage: tunx dump [-x] [-c N] [-w FILE | --check] [DEVICE OPTION]... [FILTER]\n\n"
	"Reads the packets the kernel sends to a device and prints a line for each.\n"
	"They are taken, not copied: nobody else reads them; also those that FILTER, as of\n"
	"tcpdump, leaves out.\n\n"
	"  -c, --count N          stop after N packets\n"
	"  -x, --hex              the bytes, too\n"
	"  -w, --write FILE       pcap to FILE ('-': standard output) instead of lines\n"
	"      --check            count and check the packets of 'tunx net send' instead\n"
	"  -j, --json             with --check: JSON, an object\n"
	"  -p, --pretty           with -j: indented\n\n"
	DEVICE_HELP;

struct dump {
	struct dev dev;
	unsigned long long count;	/* 0 = no end */
	unsigned long long taken;
	bool hex;
	const char *file;
	pcap_t *pcap;
	pcap_dumper_t *dumper;
	struct tally *tally;
	struct bpf_program filter;
	bool filtered;
};

static void open_file(struct dump *d)
{
	d->pcap = pcap_open_dead(d->dev.tap ? DLT_EN10MB : DLT_RAW, DEV_BUFFER);
	if (!d->pcap)
		die("no memory for the capture file");
	d->dumper = pcap_dump_open(d->pcap, d->file);
	if (!d->dumper)
		die("writing the capture file: %s", pcap_geterr(d->pcap));
}

/* Return: whether everything reached the file. */
static bool close_file(struct dump *d)
{
	bool good = !pcap_dump_flush(d->dumper) && !ferror(pcap_dump_file(d->dumper));

	if (!good)
		warning("writing %s: %s", d->file, strerror(errno));
	pcap_dump_close(d->dumper);
	pcap_close(d->pcap);
	return good;
}

static void print_packet(const struct dump *d, const struct packet *pkt, const struct timeval *now)
{
	struct tm *tm = localtime(&now->tv_sec);

	printf("%02d:%02d:%02d.%06ld ", tm->tm_hour, tm->tm_min, tm->tm_sec, (long)now->tv_usec);
	if (d->dev.pi)
		printf("pi 0x%04x, ", pkt->protocol);
	decode_packet(stdout, pkt->data, pkt->len, d->dev.tap, pkt->protocol);
	puts(pkt->truncated ? " [cut by read]" : "");
	if (d->hex)
		dump_hex(stdout, pkt->data, pkt->len);
}

/* Return: 0 to go on, -1 when the device is gone. */
static int take_packets(struct dump *d, struct packet *pkt)
{
	struct pcap_pkthdr header;
	int ret = 0;

	/* not all there are: a stop must be seen under a flood, too */
	for (int i = 0; i < 64 && (!d->count || d->taken < d->count); i++) {
		ret = dev_read(&d->dev, pkt);
		if (ret <= 0)
			break;
		header.caplen = pkt->len;
		header.len = pkt->len;
		if (d->filtered && !pcap_offline_filter(&d->filter, &header, pkt->data))
			continue;
		d->taken++;
		if (d->tally) {
			tally_packet(d->tally, pkt->data, pkt->len, d->dev.tap);
			continue;
		}
		gettimeofday(&header.ts, NULL);
		if (d->dumper)
			pcap_dump((u_char *)d->dumper, &header, pkt->data);
		else
			print_packet(d, pkt, &header.ts);
	}
	/* whoever watches the file or the pipe sees packets when they come */
	if (d->dumper)
		pcap_dump_flush(d->dumper);
	else
		fflush(stdout);
	return ret < 0 ? -1 : 0;
}

int cmd_dump(int argc, char **argv)
{
	enum { CHECK = OPTION_OWN };
	static const struct option longs[] = {
		{ "count", required_argument, NULL, 'c' },
		{ "hex", no_argument, NULL, 'x' },
		{ "write", required_argument, NULL, 'w' },
		{ "check", no_argument, NULL, CHECK },
		{ "json", no_argument, NULL, 'j' },
		{ "pretty", no_argument, NULL, 'p' },
		{ 0 }
	};
	const struct options opts = { usage, "c:xw:jp", longs, .node_only = false };
	struct dev_request req = { 0 };
	struct dump d = { 0 };
	bool as_json = false, pretty = false;
	static struct packet pkt;
	static struct tally tally;
	struct pollfd pfd;
	int c, ret = 0;
	char *text;

	while ((c = next_option(&opts, argc, argv, &req)) != -1) {
		if (c == 'c')
			d.count = parse_number("--count", optarg, 1, UINT64_MAX);
		else if (c == 'x')
			d.hex = true;
		else if (c == CHECK)
			d.tally = &tally;
		else if (c == 'j')
			as_json = true;
		else if (c == 'p')
			pretty = true;
		else
			d.file = optarg;
	}
	if (d.tally && d.file)
		wrong_use("--write or --check, not both");

	catch_stop();
	dev_attach(&d.dev, &req);
	d.filtered = optind < argc;
	if (d.filtered) {
		text = join_words(argc - optind, argv + optind);
		filter_compile("the filter", text, d.dev.tap, &d.filter);
		free(text);
	}
	if (d.file)
		open_file(&d);
	fprintf(stderr, "%s: reading %s device %s of %s\n", command(),
		d.dev.tap ? "tap" : "tun", d.dev.name, d.dev.node);

	pfd.fd = d.dev.fd;
	pfd.events = POLLIN;
	while (!ret && (!d.count || d.taken < d.count) && wait_for(&pfd, 1, NULL))
		if (pfd.revents)
			ret = take_packets(&d, &pkt);

	if (d.dumper && !close_file(&d))
		ret = -1;
	if (d.tally && !tally_report(d.tally, d.count, as_json, pretty))
		ret = -1;
	fprintf(stderr, "%s: %llu packets\n", command(), d.taken);
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
