// SPDX-License-Identifier: GPL-2.0
/*
 * Messages in a TCP stream, each behind its length (16 bits, big-endian). The
 * listening side keeps a few connections until one of them says something true.
 * One thread only.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tunnel_net.h"
#include "util.h"

#define CONNECTIONS	4
#define LENGTH		2
#define UNPROVEN	(10 * NSEC_PER_SEC)	/* to say something true in */
#define AGAIN		NSEC_PER_SEC		/* between two attempts to connect */
#define LISTENER	CONNECTIONS		/* in epoll's data, beside the connections */
#define OUT_ROOM	(FRAMES * (LENGTH + FRAME_MAX))

/**
 * struct connection - one of a few
 * @fd: -1: none
 * @connecting: not there yet
 * @since: when it began
 * @in: what came
 * @in_len: how much
 * @in_at: up to where it has been taken
 * @out: what is to be sent, OUT_ROOM bytes
 * @out_len: how much
 * @out_at: up to where it has been sent
 */
struct connection {
	int fd;
	bool connecting;
	uint64_t since;
	uint8_t in[LENGTH + FRAME_MAX];
	size_t in_len;
	size_t in_at;
	uint8_t *out;
	size_t out_len;
	size_t out_at;
};

/**
 * struct tcp - all connections
 * @listener: -1 on the connecting side
 * @peer: the connection that is the peer's, -1: none
 * @now: time of the last tick
 * @tried: when we connected last
 * @all: they
 */
struct tcp {
	int listener;
	int peer;
	uint64_t now;
	uint64_t tried;
	struct connection all[CONNECTIONS];
};

static void watch(struct net *net, int op, int n, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.u32 = n };

	if (epoll_ctl(net->fd, op, fd, &event))
		die("epoll: %s", strerror(errno));
}

static void drop(struct net *net, int n)
{
	struct connection *c = &net->tcp->all[n];

	if (c->fd < 0)
		return;
	close(c->fd);
	c->fd = -1;
	if (net->tcp->peer == n)
		net->tcp->peer = -1;
}

static void take(struct net *net, int n, int fd, bool connecting)
{
	struct connection *c = &net->tcp->all[n];
	int on = 1;

	/* a packet is not to wait for the next one */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (!c->out) {
		c->out = malloc(OUT_ROOM);
		if (!c->out)
			die("no memory");
	}
	c->fd = fd;
	c->connecting = connecting;
	c->since = net->tcp->now;
	c->in_len = 0;
	c->in_at = 0;
	c->out_len = 0;
	c->out_at = 0;
	watch(net, EPOLL_CTL_ADD, n, fd, EPOLLIN | (connecting ? EPOLLOUT : 0));
}

static void reach(struct net *net)
{
	int fd;

	net->tcp->tried = net->tcp->now;
	fd = socket(net->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (net->source.len &&
	    bind(fd, (struct sockaddr *)&net->source.address, net->source.len)) {
		close(fd);
		return;
	}
	if (connect(fd, (struct sockaddr *)&net->home.address, net->home.len) &&
	    errno != EINPROGRESS) {
		close(fd);
		return;
	}
	take(net, 0, fd, true);
	/* it is where we asked for; whether it is the peer, the protocol will see */
	net->tcp->peer = 0;
}

void tcp_open(struct net *net, uint64_t now)
{
	struct tcp *tcp = calloc(1, sizeof(*tcp));
	int on = 1;

	if (!tcp)
		die("no memory");
	net->tcp = tcp;
	tcp->now = now;
	tcp->peer = -1;
	tcp->listener = -1;
	for (int i = 0; i < CONNECTIONS; i++)
		tcp->all[i].fd = -1;
	net->fd = epoll_create1(EPOLL_CLOEXEC);
	if (net->fd < 0)
		die("epoll: %s", strerror(errno));
	if (net->home.len) {
		reach(net);
		return;
	}
	tcp->listener = socket(net->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (tcp->listener < 0)
		die("opening a TCP socket: %s", strerror(errno));
	setsockopt(tcp->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(tcp->listener, (struct sockaddr *)&net->source.address, net->source.len) ||
	    listen(tcp->listener, CONNECTIONS))
		die("listening at %s: %s", net->config.local, strerror(errno));
	watch(net, EPOLL_CTL_ADD, LISTENER, tcp->listener, EPOLLIN);
}

void tcp_close(struct net *net)
{
	for (int i = 0; i < CONNECTIONS; i++) {
		drop(net, i);
		free(net->tcp->all[i].out);
	}
	if (net->tcp->listener >= 0)
		close(net->tcp->listener);
	close(net->fd);
	free(net->tcp);
}

/* The newest takes the place of the oldest that has not proven anything. */
static void accept_one(struct net *net)
{
	struct tcp *tcp = net->tcp;
	int place = -1, fd;

	fd = accept4(tcp->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	for (int i = 0; i < CONNECTIONS; i++) {
		if (i == tcp->peer)
			continue;
		if (tcp->all[i].fd < 0) {
			place = i;
			break;
		}
		if (place < 0 || tcp->all[i].since < tcp->all[place].since)
			place = i;
	}
	drop(net, place);
	take(net, place, fd, false);
}

static void flush(struct net *net, int n)
{
	struct connection *c = &net->tcp->all[n];
	ssize_t sent;

	if (c->connecting)
		return;
	while (c->out_at < c->out_len) {
		sent = send(c->fd, c->out + c->out_at, c->out_len - c->out_at, MSG_NOSIGNAL);
		if (sent < 0 && errno == EAGAIN)
			break;
		if (sent < 0 && errno != EINTR) {
			drop(net, n);
			return;
		}
		if (sent > 0)
			c->out_at += sent;
	}
	if (c->out_at == c->out_len) {
		c->out_at = 0;
		c->out_len = 0;
	}
	watch(net, EPOLL_CTL_MOD, n, c->fd, EPOLLIN | (c->out_len ? EPOLLOUT : 0));
}

int tcp_send(struct net *net, const struct net_peer *to, struct frame *frames, int n)
{
	int which = to ? to->connection : net->tcp->peer, taken = 0;
	struct connection *c;
	uint16_t len;

	if (which < 0 || net->tcp->all[which].fd < 0)
		return -1;
	c = &net->tcp->all[which];
	for (int i = 0; i < n; i++) {
		if (frames[i].len > UINT16_MAX || c->out_len + LENGTH + frames[i].len > OUT_ROOM)
			continue;
		len = htons(frames[i].len);
		memcpy(c->out + c->out_len, &len, LENGTH);
		memcpy(c->out + c->out_len + LENGTH, frames[i].data, frames[i].len);
		c->out_len += LENGTH + frames[i].len;
		taken++;
	}
	flush(net, which);
	return taken;
}

/* Whole messages of what has come; a length of zero is of no peer of ours */
static int messages(struct net *net, int which, struct frame *frames, struct net_peer *from, int n)
{
	struct connection *c = &net->tcp->all[which];
	int got = 0;
	size_t len;

	while (got < n && c->fd >= 0 && c->in_len - c->in_at >= LENGTH) {
		len = c->in[c->in_at] << 8 | c->in[c->in_at + 1];
		if (!len) {
			drop(net, which);
			break;
		}
		if (c->in_len - c->in_at < LENGTH + len)
			break;
		memcpy(frames[got].data, c->in + c->in_at + LENGTH, len);
		frames[got].len = len;
		from[got] = (struct net_peer){ .connection = which };
		c->in_at += LENGTH + len;
		got++;
	}
	return got;
}

static void fill(struct net *net, int which)
{
	struct connection *c = &net->tcp->all[which];
	ssize_t n;

	memmove(c->in, c->in + c->in_at, c->in_len - c->in_at);
	c->in_len -= c->in_at;
	c->in_at = 0;
	n = recv(c->fd, c->in + c->in_len, sizeof(c->in) - c->in_len, 0);
	if (n > 0)
		c->in_len += n;
	else if (!n || (errno != EAGAIN && errno != EINTR))
		drop(net, which);
}

static void happened(struct net *net, int which, uint32_t events)
{
	struct connection *c = &net->tcp->all[which];
	socklen_t len = sizeof(int);
	int err = 0;

	if (c->fd < 0)
		return;
	if (c->connecting && events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) {
		if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len) || err) {
			drop(net, which);
			return;
		}
		c->connecting = false;
	}
	if (events & EPOLLOUT)
		flush(net, which);
	if (c->fd >= 0 && events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		fill(net, which);
}

/* Called until it gives nothing, so that no message waits for the next to come. */
int tcp_receive(struct net *net, struct frame *frames, struct net_peer *from, int n)
{
	struct epoll_event events[CONNECTIONS + 1];
	int got = 0, ready;

	for (int i = 0; i < CONNECTIONS && got < n; i++)
		got += messages(net, i, frames + got, from + got, n - got);
	if (got)
		return got;
	ready = epoll_wait(net->fd, events, CONNECTIONS + 1, 0);
	/* the listener last: its new connection may take a place that has an event */
	for (int i = 0; i < ready; i++)
		if (events[i].data.u32 != LISTENER)
			happened(net, events[i].data.u32, events[i].events);
	for (int i = 0; i < ready; i++)
		if (events[i].data.u32 == LISTENER)
			accept_one(net);
	for (int i = 0; i < CONNECTIONS && got < n; i++)
		got += messages(net, i, frames + got, from + got, n - got);
	return got;
}

void tcp_adopt(struct net *net, const struct net_peer *from)
{
	struct tcp *tcp = net->tcp;

	if (tcp->peer == from->connection)
		return;
	if (tcp->peer >= 0)
		drop(net, tcp->peer);
	if (tcp->all[from->connection].fd >= 0)
		tcp->peer = from->connection;
}

void tcp_tick(struct net *net, uint64_t now, bool alive)
{
	struct tcp *tcp = net->tcp;

	tcp->now = now;
	for (int i = 0; i < CONNECTIONS; i++) {
		struct connection *c = &tcp->all[i];

		/* the connecting side's has as long, to find out that nobody is there */
		if (c->fd >= 0 && (i != tcp->peer || (net->home.len && !alive)) &&
		    now - c->since >= UNPROVEN)
			drop(net, i);
	}
	if (net->home.len && tcp->all[0].fd < 0 && now - tcp->tried >= AGAIN)
		reach(net);
}

bool tcp_blocked(struct net *net)
{
	struct tcp *tcp = net->tcp;

	return tcp->peer >= 0 && tcp->all[tcp->peer].out_len;
}
