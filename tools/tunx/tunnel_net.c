// SPDX-License-Identifier: GPL-2.0
/* UDP and IP in IP. See tunnel_net.h. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "tunnel_net.h"
#include "util.h"

#define UDP_HEADER	8
#define TCP_HEADER	32	/* with timestamps */
#define LENGTH		2	/* of a message in TCP */

static void parse_endpoint(const struct net *net, const char *what, const char *text,
			   struct net_peer *peer)
{
	bool ipip = net->config.kind == NET_IPIP;

	peer->len = resolve(what, text, ipip ? AF_INET : AF_UNSPEC, !ipip, &peer->address);
}

static void bind_socket(struct net *net)
{
	if (net->source.len &&
	    bind(net->fd, (struct sockaddr *)&net->source.address, net->source.len))
		die("using %s: %s%s", net->config.local, strerror(errno),
		    errno == EADDRNOTAVAIL ? " (no interface has this address)" :
		    errno == EADDRINUSE ? " (another program uses this port)" : "");
}

/* A packet too large for some link on the way is better cut than lost unseen. */
static void allow_fragments(struct net *net)
{
	bool six = net->family == AF_INET6;
	int dont = six ? IPV6_PMTUDISC_DONT : IP_PMTUDISC_DONT;
	int room = 4 << 20;

	setsockopt(net->fd, six ? IPPROTO_IPV6 : IPPROTO_IP,
		   six ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, &dont, sizeof(dont));
	/* as much as the system gives: a burst waits rather than being lost */
	setsockopt(net->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	setsockopt(net->fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
}

static void open_udp(struct net *net)
{
	net->fd = socket(net->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (net->fd < 0)
		die("opening a UDP socket: %s", strerror(errno));
	allow_fragments(net);
	bind_socket(net);
}

static void open_ipip(struct net *net)
{
	int on = 1;

	net->fd = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_IPIP);
	if (net->fd < 0)
		die("opening a raw socket: %s%s", strerror(errno),
		    errno == EPERM ? " (IP in IP needs CAP_NET_RAW)" : "");
	if (setsockopt(net->fd, IPPROTO_IP, IP_HDRINCL, &on, sizeof(on)))
		die("asking for own IP headers: %s", strerror(errno));
	bind_socket(net);
}

void net_open(struct net *net, const struct net_config *config, uint64_t now)
{
	memset(net, 0, sizeof(*net));
	net->config = *config;
	net->fd = -1;
	pthread_mutex_init(&net->lock, NULL);
	if (config->remote)
		parse_endpoint(net, "--connect", config->remote, &net->home);
	if (config->local)
		parse_endpoint(net, config->remote ? "--local" : "--listen", config->local,
			       &net->source);
	if (net->home.len && net->source.len &&
	    net->home.address.ss_family != net->source.address.ss_family)
		wrong_use("--local and --connect are of different families");
	net->family = (net->home.len ? &net->home : &net->source)->address.ss_family;
	net->peer = net->home;
	if (config->kind == NET_TCP)
		tcp_open(net, now);
	else if (config->kind == NET_UDP)
		open_udp(net);
	else
		open_ipip(net);
}

void net_close(struct net *net)
{
	if (net->config.kind == NET_TCP)
		tcp_close(net);
	else
		close(net->fd);
	pthread_mutex_destroy(&net->lock);
}

static bool same_address(const struct net_peer *a, const struct net_peer *b)
{
	const struct sockaddr_in *a4 = (const void *)&a->address, *b4 = (const void *)&b->address;
	const struct sockaddr_in6 *a6 = (const void *)&a->address, *b6 = (const void *)&b->address;

	if (a->address.ss_family != b->address.ss_family)
		return false;
	if (a->address.ss_family == AF_INET)
		return a4->sin_port == b4->sin_port && a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	return a6->sin6_port == b6->sin6_port && a6->sin6_scope_id == b6->sin6_scope_id &&
	       !memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof(a6->sin6_addr));
}

/* The kernel fills in identification, length, checksum, and a source of zero. */
static bool wrap_ip(const struct net *net, const struct net_peer *to, struct frame *f)
{
	struct iphdr ip = {
		.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_IPIP,
		.daddr = ((const struct sockaddr_in *)&to->address)->sin_addr.s_addr,
	};

	if (f->len < sizeof(ip) || f->data[0] >> 4 != 4)
		return false;
	ip.tos = f->data[1];
	if (net->source.len)
		ip.saddr = ((const struct sockaddr_in *)&net->source.address)->sin_addr.s_addr;
	f->data -= sizeof(ip);
	f->len += sizeof(ip);
	memcpy(f->data, &ip, sizeof(ip));
	return true;
}

static bool unwrap_ip(struct frame *f)
{
	size_t header = f->len ? (f->data[0] & 0xf) * 4 : 0;

	/* a raw socket gets whole headers only; still, nothing read is trusted */
	if (header < sizeof(struct iphdr) || f->len < header + sizeof(struct iphdr) ||
	    f->data[header] >> 4 != 4)
		return false;
	f->data += header;
	f->len -= header;
	return true;
}

static int send_datagrams(struct net *net, const struct net_peer *to, struct frame *frames, int n)
{
	struct pollfd pfd = { .fd = net->fd, .events = POLLOUT };
	struct mmsghdr msgs[FRAMES] = { 0 };
	struct iovec iov[FRAMES];
	int used = 0, taken = 0;
	bool waited = false;

	for (int i = 0; i < n; i++) {
		if (net->config.kind == NET_IPIP && !wrap_ip(net, to, &frames[i]))
			continue;
		iov[used] = (struct iovec){ frames[i].data, frames[i].len };
		msgs[used].msg_hdr.msg_iov = &iov[used];
		msgs[used].msg_hdr.msg_iovlen = 1;
		msgs[used].msg_hdr.msg_name = (void *)&to->address;
		msgs[used].msg_hdr.msg_namelen = to->len;
		used++;
	}
	for (int at = 0; at < used;) {
		int ret = sendmmsg(net->fd, msgs + at, used - at, 0);

		if (ret > 0) {
			taken += ret;
			at += ret;
		} else if (errno == EAGAIN && !waited) {
			poll(&pfd, 1, 10);
			waited = true;
		} else if (errno != EINTR) {
			at++;
		}
	}
	return taken;
}

int net_send(struct net *net, const struct net_peer *to, struct frame *frames, int n)
{
	struct net_peer peer;

	if (net->config.kind == NET_TCP)
		return tcp_send(net, to, frames, n);
	if (!to) {
		pthread_mutex_lock(&net->lock);
		peer = net->peer;
		pthread_mutex_unlock(&net->lock);
		if (!peer.len)
			return -1;
		to = &peer;
	}
	return send_datagrams(net, to, frames, n);
}

int net_receive(struct net *net, struct frame *frames, struct net_peer *from, int n)
{
	struct mmsghdr msgs[FRAMES] = { 0 };
	struct iovec iov[FRAMES];
	int got, kept = 0;

	if (net->config.kind == NET_TCP)
		return tcp_receive(net, frames, from, n);
	for (int i = 0; i < n; i++) {
		iov[i] = (struct iovec){ frames[i].data, FRAME_MAX };
		msgs[i].msg_hdr.msg_iov = &iov[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
		msgs[i].msg_hdr.msg_name = &from[i].address;
		msgs[i].msg_hdr.msg_namelen = sizeof(from[i].address);
	}
	got = recvmmsg(net->fd, msgs, n, 0, NULL);
	/* also errors that hosts on the way reported: nothing to do */
	for (int i = 0; i < got; i++) {
		struct frame f = { frames[i].data, msgs[i].msg_len };

		from[i].len = msgs[i].msg_hdr.msg_namelen;
		if (net->config.only && !same_address(&from[i], &net->home))
			continue;
		if (net->config.kind == NET_IPIP && !unwrap_ip(&f))
			continue;
		/* trade places, so that no buffer is in two of them */
		frames[i].data = frames[kept].data;
		from[kept] = from[i];
		frames[kept++] = f;
	}
	return kept;
}

bool net_adopt(struct net *net, const struct net_peer *from)
{
	bool moved;

	if (net->config.kind == NET_TCP) {
		tcp_adopt(net, from);
		return false;
	}
	pthread_mutex_lock(&net->lock);
	moved = net->peer.len && !same_address(&net->peer, from);
	net->peer = *from;
	pthread_mutex_unlock(&net->lock);
	return moved;
}

void net_tick(struct net *net, uint64_t now, bool alive)
{
	if (net->config.kind == NET_TCP) {
		tcp_tick(net, now, alive);
		return;
	}
	/* where it was heard last it is no more: it may be back where it was first */
	if (!alive && net->home.len) {
		pthread_mutex_lock(&net->lock);
		net->peer = net->home;
		pthread_mutex_unlock(&net->lock);
	}
}

bool net_blocked(struct net *net)
{
	return net->config.kind == NET_TCP && tcp_blocked(net);
}

/* A socket that is connected for the question only */
static uint32_t route_mtu(const struct net *net)
{
	bool six = net->family == AF_INET6;
	socklen_t len = sizeof(int);
	int fd, mtu = 1500;

	fd = socket(net->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return mtu;
	/* discards the answer when there is no route: yet, perhaps */
	if (!connect(fd, (struct sockaddr *)&net->home.address, net->home.len) &&
	    getsockopt(fd, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_MTU : IP_MTU, &mtu, &len))
		mtu = 1500;
	close(fd);
	return mtu;
}

uint32_t net_mtu(struct net *net, uint32_t mtu)
{
	uint32_t headers = net->family == AF_INET6 ? 40 : 20;

	if (!mtu)
		mtu = net->home.len ? route_mtu(net) : 1500;
	if (mtu > 65535)
		mtu = 65535;
	if (net->config.kind == NET_UDP)
		headers += UDP_HEADER;
	else if (net->config.kind == NET_TCP)
		headers += TCP_HEADER + LENGTH;
	return mtu > headers ? mtu - headers : 0;
}
