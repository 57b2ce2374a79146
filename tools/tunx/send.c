// SPDX-License-Identifier: GPL-2.0
/* tunx send: write packets into a device; the kernel receives them from it. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "build.h"
#include "cmd.h"
#include "dev.h"
#include "options.h"
#include "util.h"

static const char usage[] =
	"Usage: tunx send [--udp | --icmp | --arp | --hex BYTES | -r FILE] [OPTION]...\n\n"
	"Writes packets into a device that is up, so that the kernel receives them.\n\n"
	"      --udp              UDP datagrams (default)\n"
	"      --icmp             ICMP or ICMPv6 echo requests\n"
	"      --arp              ARP requests (tap)\n"
	"      --hex BYTES        these bytes ('45000054...')\n"
	"  -r, --read FILE        the packets of a pcap file ('-': standard input)\n"
	"  -c, --count N          how many (default 1; with -r all of the file)\n"
	"      --rate N           per second (default: as fast as it goes)\n"
	"  -s, --size N           payload bytes (default 56)\n"
	"      --src A, --dst A   addresses (default 192.0.2.2, 192.0.2.1); IPv6 as well\n"
	"      --sport N, --dport N        UDP ports (default 40000, 9)\n"
	"      --src-mac M, --dst-mac M    on tap (default 02:74:75:6e:78:02, the device's)\n\n"
	DEVICE_HELP
	"\nExample: tunx send -i tun0 --up --icmp --dst 10.9.0.1 --src 10.9.0.2 -c 3\n";

/**
 * struct send - one run
 * @dev: the device
 * @recipe: of generated packets
 * @dst_mac_given: else it becomes the device's
 * @hex: bytes to send as they are, or NULL
 * @file: pcap file, or NULL
 * @pcap: that file, open
 * @count: packets to send, 0 = not said
 * @rate: packets per second, 0 = no limit
 * @sent: packets taken by the device
 * @bytes: bytes of them
 * @cut: packets of the file that it holds only in part
 */
struct send {
	struct dev dev;
	struct recipe recipe;
	bool dst_mac_given;
	const char *hex;
	const char *file;
	pcap_t *pcap;
	unsigned long long count;
	unsigned long long rate;
	unsigned long long sent;
	unsigned long long bytes;
	unsigned long long cut;
};

enum { UDP = OPTION_OWN, ICMP, ARP, HEX, RATE, SRC, DST, SPORT, DPORT, SRC_MAC, DST_MAC };

static uint8_t buffer[DEV_BUFFER];

static int parse_address(const char *what, const char *text, struct in6_addr *address)
{
	if (inet_pton(AF_INET, text, address) == 1)
		return AF_INET;
	if (inet_pton(AF_INET6, text, address) != 1)
		wrong_use("%s: '%s' is not an IPv4 or IPv6 address", what, text);
	return AF_INET6;
}

static void parse_option(struct send *s, int c, int *src_family, int *dst_family)
{
	struct recipe *r = &s->recipe;

	switch (c) {
	case UDP:
	case ICMP:
	case ARP:
		r->kind = c == UDP ? BUILD_UDP : c == ICMP ? BUILD_ICMP : BUILD_ARP;
		break;
	case HEX:
		s->hex = optarg;
		break;
	case 'r':
		s->file = optarg;
		break;
	case 'c':
		s->count = parse_number("--count", optarg, 1, UINT64_MAX);
		break;
	case RATE:
		s->rate = parse_number("--rate", optarg, 1, NSEC_PER_SEC);
		break;
	case 's':
		r->payload = parse_number("--size", optarg, 0, BUILD_PAYLOAD_MAX);
		break;
	case SRC:
		*src_family = parse_address("--src", optarg, &r->src);
		break;
	case DST:
		*dst_family = parse_address("--dst", optarg, &r->dst);
		break;
	case SPORT:
		r->sport = parse_number("--sport", optarg, 0, 65535);
		break;
	case DPORT:
		r->dport = parse_number("--dport", optarg, 0, 65535);
		break;
	case SRC_MAC:
		parse_mac("--src-mac", optarg, r->src_mac);
		break;
	case DST_MAC:
		parse_mac("--dst-mac", optarg, r->dst_mac);
		s->dst_mac_given = true;
		break;
	}
}

/* One address given decides the family; the other gets that family's default. */
static void complete_addresses(struct recipe *r, int src_family, int dst_family)
{
	bool six = src_family == AF_INET6 || dst_family == AF_INET6;

	if (src_family && dst_family && src_family != dst_family)
		wrong_use("--src and --dst are of different families");
	r->family = six ? AF_INET6 : AF_INET;
	if (!src_family)
		parse_address("--src", six ? "2001:db8::2" : "192.0.2.2", &r->src);
	if (!dst_family)
		parse_address("--dst", six ? "2001:db8::1" : "192.0.2.1", &r->dst);
	if (r->kind == BUILD_ARP && six)
		wrong_use("--arp is for IPv4 addresses");
}

static void parse_options(int argc, char **argv, struct send *s, struct dev_request *req)
{
	static const struct option longs[] = {
		{ "udp", no_argument, NULL, UDP },
		{ "icmp", no_argument, NULL, ICMP },
		{ "arp", no_argument, NULL, ARP },
		{ "hex", required_argument, NULL, HEX },
		{ "read", required_argument, NULL, 'r' },
		{ "count", required_argument, NULL, 'c' },
		{ "rate", required_argument, NULL, RATE },
		{ "size", required_argument, NULL, 's' },
		{ "src", required_argument, NULL, SRC },
		{ "dst", required_argument, NULL, DST },
		{ "sport", required_argument, NULL, SPORT },
		{ "dport", required_argument, NULL, DPORT },
		{ "src-mac", required_argument, NULL, SRC_MAC },
		{ "dst-mac", required_argument, NULL, DST_MAC },
		{ 0 }
	};
	const struct options opts = { usage, "r:c:s:", longs, .node_only = false };
	int src_family = 0, dst_family = 0, c;

	while ((c = next_option(&opts, argc, argv, req)) != -1)
		parse_option(s, c, &src_family, &dst_family);
	no_more_arguments(argc, argv);
	complete_addresses(&s->recipe, src_family, dst_family);
	if (s->hex && s->file)
		wrong_use("--hex or --read, not both");
}

static void open_file(struct send *s)
{
	char error[PCAP_ERRBUF_SIZE];
	bool fits;
	int type;

	s->pcap = pcap_open_offline(s->file, error);
	if (!s->pcap)
		die("reading packets from %s: %s", s->file, error);
	type = pcap_datalink(s->pcap);
	fits = s->dev.tap ? type == DLT_EN10MB :
	       type == DLT_RAW || type == DLT_IPV4 || type == DLT_IPV6;
	if (!fits)
		die("%s holds packets of link type %s; the %s device %s takes %s", s->file,
		    pcap_datalink_val_to_name(type) ? pcap_datalink_val_to_name(type) : "unknown",
		    s->dev.tap ? "tap" : "tun", s->dev.name,
		    s->dev.tap ? "EN10MB (Ethernet)" : "RAW (IP)");
}

static size_t parse_hex(const char *text, uint8_t *bytes, size_t size)
{
	size_t n = 0;

	while (*text) {
		if (isspace((unsigned char)*text) || *text == ':') {
			text++;
			continue;
		}
		if (n == size || sscanf(text, "%2hhx", &bytes[n]) != 1 ||
		    !isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]))
			wrong_use("--hex: at '%.8s': not pairs of hexadecimal digits", text);
		n++;
		text += 2;
	}
	if (!n)
		wrong_use("--hex: no bytes");
	return n;
}

/* Points @packet at the next one; its length, 0 at the end, -1 on a bad file. */
static ssize_t next_packet(struct send *s, const uint8_t **packet)
{
	struct pcap_pkthdr *header;
	int ret;

	*packet = buffer;
	if (s->hex)
		return parse_hex(s->hex, buffer, sizeof(buffer));
	if (!s->file) {
		s->recipe.seq++;
		return build_packet(&s->recipe, buffer);
	}
	while ((ret = pcap_next_ex(s->pcap, &header, packet)) == 1) {
		if (header->caplen == header->len && header->len)
			return header->caplen;
		s->cut++;
	}
	if (ret == PCAP_ERROR) {
		warning("reading packets from %s: %s", s->file, pcap_geterr(s->pcap));
		return -1;
	}
	return 0;
}

/* Return: 1 = taken, 0 = the user stopped us, -1 = refused (reported). */
static int write_packet(struct send *s, const uint8_t *packet, size_t len)
{
	struct pollfd pfd = { .fd = s->dev.fd, .events = POLLOUT };
	const struct timespec a_while = { .tv_nsec = 10000000 };

	while (dev_write(&s->dev, packet, len)) {
		if (errno != EAGAIN) {
			warning("writing packet %llu (%zu bytes) to %s: %s%s", s->sent + 1, len,
				s->dev.name, strerror(errno), dev_write_hint(errno));
			return -1;
		}
		if (!wait_for(&pfd, 1, &a_while))
			return 0;
	}
	s->sent++;
	s->bytes += len;
	return 1;
}

/* Wait for the moment of packet number @sent; false when the user stopped us. */
static bool pace(const struct send *s, const struct timespec *start)
{
	struct timespec now, wait = { 0 };
	unsigned long long due, past;

	clock_gettime(CLOCK_MONOTONIC, &now);
	past = (now.tv_sec - start->tv_sec) * NSEC_PER_SEC + now.tv_nsec - start->tv_nsec;
	due = s->rate ? s->sent / s->rate * NSEC_PER_SEC +
			s->sent % s->rate * NSEC_PER_SEC / s->rate : 0;
	if (due > past) {
		wait.tv_sec = (due - past) / NSEC_PER_SEC;
		wait.tv_nsec = (due - past) % NSEC_PER_SEC;
	}
	return wait_for(NULL, 0, &wait);
}

static int send_all(struct send *s)
{
	struct timespec start;
	const uint8_t *packet;
	ssize_t len;
	int ret;

	clock_gettime(CLOCK_MONOTONIC, &start);
	while ((!s->count || s->sent < s->count) && pace(s, &start)) {
		len = next_packet(s, &packet);
		if (len <= 0)
			return len;
		ret = write_packet(s, packet, len);
		if (ret <= 0)
			return ret;
	}
	return 0;
}

static void use_device_mac(struct send *s)
{
	struct ifreq ifr = { 0 };

	if (ioctl(s->dev.fd, SIOCGIFHWADDR, &ifr))
		die("asking for the MAC address of %s: %s", s->dev.name, strerror(errno));
	memcpy(s->recipe.dst_mac, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
}

int cmd_send(int argc, char **argv)
{
	struct send s = {
		.recipe = {
			.src_mac = { 0x02, 0x74, 0x75, 0x6e, 0x78, 0x02 },
			.sport = 40000,
			.dport = 9,
			.payload = 56,
		},
	};
	struct dev_request req = { 0 };
	int ret;

	parse_options(argc, argv, &s, &req);
	if (!s.count && !s.file)
		s.count = 1;
	if (s.hex)
		parse_hex(s.hex, buffer, sizeof(buffer));
	catch_stop();
	dev_attach(&s.dev, &req);
	if (s.recipe.kind == BUILD_ARP && !s.dev.tap)
		die("%s is a tun device, which has no ARP; use a tap device (--tap)", s.dev.name);
	s.recipe.ethernet = s.dev.tap;
	if (s.dev.tap && !s.dst_mac_given)
		use_device_mac(&s);
	if (s.file)
		open_file(&s);

	ret = send_all(&s);
	if (s.pcap)
		pcap_close(s.pcap);
	if (s.cut)
		warning("%llu packets left out: %s holds only their beginning", s.cut, s.file);
	printf("sent %llu packets, %llu bytes, into %s\n", s.sent, s.bytes, s.dev.name);
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
