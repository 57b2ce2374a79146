// SPDX-License-Identifier: GPL-2.0
/*
 * tunx tunnel: the principle of a VPN, and nothing but it. What the kernel
 * sends to the device goes as one UDP datagram to the peer; what comes from
 * the peer is written into the device.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd.h"
#include "dev.h"
#include "link.h"
#include "options.h"
#include "util.h"

static const char usage[] =
	"Usage: tunx tunnel --local ADDRESS:PORT --remote ADDRESS:PORT [DEVICE OPTION]...\n\n"
	"Carries the packets of a device to a peer over UDP and back. No encryption, no\n"
	"authentication: for networks you trust, and for learning.\n\n"
	"      --local A:P        address and port to send from (IPv6: [ADDRESS]:PORT)\n"
	"      --remote A:P       the peer's\n\n"
	DEVICE_HELP
	"\nA device that it creates gets an MTU that fits into a 1500 byte datagram.\n"
	"Example: tunx tunnel -i tun0 --up --address 192.168.1.11/24 \\\n"
	"                --local 172.16.1.11:6000 --remote 172.16.1.12:6000\n";

#define OUTER_MTU	1500
#define UDP_HEADER	8
#define ETHERNET_HEADER	14

/**
 * struct tunnel - one run
 * @dev: the device
 * @sock: connected to the peer, so that the kernel drops what others send
 * @out: packets from the device to the peer
 * @in: packets from the peer to the device
 * @out_lost: packets the network did not take
 * @in_lost: packets the device did not take
 */
struct tunnel {
	struct dev dev;
	int sock;
	unsigned long long out;
	unsigned long long in;
	unsigned long long out_lost;
	unsigned long long in_lost;
};

/* "10.0.0.1:6000", "[fe80::1%eth0]:6000" */
static void parse_endpoint(const char *what, const char *text, struct sockaddr_storage *address,
			   socklen_t *len)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_DGRAM,
	};
	const char *colon = strrchr(text, ':');
	struct addrinfo *found;
	char host[128];
	int n, err;

	if (!colon)
		wrong_use("%s: '%s' has no port; write ADDRESS:PORT or [ADDRESS]:PORT", what, text);
	n = colon - text;
	if (n > 1 && text[0] == '[' && text[n - 1] == ']') {
		text++;
		n -= 2;
	}
	snprintf(host, sizeof(host), "%.*s", n, text);
	err = getaddrinfo(host, colon + 1, &hints, &found);
	if (err)
		wrong_use("%s: address '%s', port '%s': %s", what, host, colon + 1,
			  gai_strerror(err));
	memcpy(address, found->ai_addr, found->ai_addrlen);
	*len = found->ai_addrlen;
	freeaddrinfo(found);
}

static int open_socket(const char *local_text, const char *remote_text, int *family)
{
	struct sockaddr_storage local, remote;
	socklen_t local_len, remote_len;
	int sock;

	parse_endpoint("--local", local_text, &local, &local_len);
	parse_endpoint("--remote", remote_text, &remote, &remote_len);
	if (local.ss_family != remote.ss_family)
		wrong_use("--local and --remote are of different families");
	*family = local.ss_family;
	sock = socket(local.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (sock < 0)
		die("opening a UDP socket: %s", strerror(errno));
	if (bind(sock, (struct sockaddr *)&local, local_len))
		die("using %s: %s%s", local_text, strerror(errno),
		    errno == EADDRNOTAVAIL ? " (no interface has this address)" :
		    errno == EADDRINUSE ? " (another program uses this port)" : "");
	if (connect(sock, (struct sockaddr *)&remote, remote_len))
		die("reaching %s: %s", remote_text, strerror(errno));
	return sock;
}

/* Return: 0 to go on, -1 when the device is gone. */
static int device_to_peer(struct tunnel *t, struct packet *pkt)
{
	int ret = 0;

	for (int i = 0; i < 64; i++) {
		ret = dev_read(&t->dev, pkt);
		if (ret <= 0)
			break;
		/* a refused datagram (peer not there yet, buffer full) is a lost packet */
		if (send(t->sock, pkt->data, pkt->len, 0) < 0)
			t->out_lost++;
		else
			t->out++;
	}
	return ret < 0 ? -1 : 0;
}

static void peer_to_device(struct tunnel *t, struct packet *pkt)
{
	ssize_t n;

	for (int i = 0; i < 64; i++) {
		n = recv(t->sock, pkt->buffer, sizeof(pkt->buffer), 0);
		/* also errors the peer's host reported about what we sent: nothing to do */
		if (n < 0)
			break;
		if (dev_write(&t->dev, pkt->buffer, n))
			t->in_lost++;
		else
			t->in++;
	}
}

static int forward(struct tunnel *t)
{
	static struct packet pkt;
	struct pollfd pfd[2] = {
		{ .fd = t->dev.fd, .events = POLLIN },
		{ .fd = t->sock, .events = POLLIN },
	};

	while (wait_for(pfd, 2, NULL)) {
		if (pfd[0].revents && device_to_peer(t, &pkt))
			return -1;
		if (pfd[1].revents)
			peer_to_device(t, &pkt);
	}
	return 0;
}

static uint32_t inner_mtu(const struct tunnel *t, int family)
{
	return OUTER_MTU - (family == AF_INET6 ? 40 : 20) - UDP_HEADER -
	       (t->dev.tap ? ETHERNET_HEADER : 0);
}

int cmd_tunnel(int argc, char **argv)
{
	enum { LOCAL = OPTION_OWN, REMOTE };
	static const struct option longs[] = {
		{ "local", required_argument, NULL, LOCAL },
		{ "remote", required_argument, NULL, REMOTE },
		{ 0 }
	};
	const struct options opts = { usage, "", longs, .node_only = false };
	const char *local = NULL, *remote = NULL;
	struct dev_request req = { 0 };
	struct tunnel t = { 0 };
	int c, family, ret;

	while ((c = next_option(&opts, argc, argv, &req)) != -1) {
		if (c == LOCAL)
			local = optarg;
		else
			remote = optarg;
	}
	no_more_arguments(argc, argv);
	if (!local || !remote)
		wrong_use("--local and --remote are both needed");

	catch_stop();
	t.sock = open_socket(local, remote, &family);
	dev_attach(&t.dev, &req);
	if (t.dev.created && !req.mtu)
		link_set_mtu(t.dev.name, inner_mtu(&t, family));
	fprintf(stderr, "%s: %s device %s of %s <-> %s\n", command(), t.dev.tap ? "tap" : "tun",
		t.dev.name, t.dev.node, remote);

	ret = forward(&t);
	close(t.sock);
	printf("out %llu packets (%llu lost), in %llu packets (%llu lost)\n", t.out, t.out_lost,
	       t.in, t.in_lost);
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
