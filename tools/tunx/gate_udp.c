// SPDX-License-Identifier: GPL-2.0
/*
 * Datagrams, through a SOCKS proxy: each client's address and port has a socket of its
 * own towards the proxy, and a connection that stands for it. See gate.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "gate.h"

#define BUCKETS		256
#define AT_ONCE		1024
#define WAITING		8	/* datagrams, for the proxy to take them */
#define SILENCE		120	/* s, after which others may have the place */
#define HEAD		3	/* two zeros, and which part of a datagram in parts */
#define HEAD_MAX	(HEAD + 19)

/**
 * struct waiting - a datagram the proxy cannot take yet
 * @data: with its head, in memory of its own
 * @len: bytes there
 */
struct waiting {
	uint8_t *data;
	size_t len;
};

/**
 * struct association - what of one client the proxy relays
 * @flow: ends with it, for the proxy too
 * @watch: of @fd
 * @fd: connected to the proxy's relay; -1 before there is one
 * @client: whose
 * @next: in its bucket
 * @waiting: before there is a relay
 * @n: how many
 */
struct association {
	struct flow flow;
	struct watch watch;
	int fd;
	struct place client;
	struct association *next;
	struct waiting waiting[WAITING];
	unsigned int n;
};

static struct association *buckets[BUCKETS];
static unsigned int associations;

static struct association **bucket(const struct place *client)
{
	return &buckets[(client->port ^ client->address[client->len - 1]) % BUCKETS];
}

static void over(struct flow *flow)
{
	struct association *a = (struct association *)flow, **at = bucket(&a->client);

	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	associations--;
	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
	gate.n[GATE_DROPPED] += a->n;
	while (a->n)
		free(a->waiting[--a->n].data);
	flow_end(flow);
}

static void datagrams_in(struct association *a)
{
	static uint8_t data[65536];
	struct place server;
	ssize_t len;
	int head;

	while (true) {
		len = recv(a->fd, data, sizeof(data), 0);
		if (len < 0 && errno == EAGAIN)
			return;
		/* an ICMP error is reported once, and changes nothing */
		if (len < HEAD)
			continue;
		/* what comes in parts we do not put together; nobody sends such */
		head = data[2] ? 0 : address_get(data + HEAD, len - HEAD, &server);
		if (head <= 0) {
			gate.n[GATE_DROPPED]++;
			continue;
		}
		stack_send(&server, &a->client, data + HEAD + head, len - HEAD - head);
		gate.n[GATE_DATAGRAMS_IN]++;
	}
}

static void udp_ready(struct watch *watch, uint32_t events)
{
	struct association *a = (struct association *)((char *)watch -
						       offsetof(struct association, watch));

	(void)events;
	if (a->fd < 0)
		return;
	datagrams_in(a);
	flow_mark(&a->flow);
}

static void send_out(struct association *a, const uint8_t *data, size_t len)
{
	if (send(a->fd, data, len, MSG_NOSIGNAL) == (ssize_t)len)
		gate.n[GATE_DATAGRAMS_OUT]++;
	else
		gate.n[GATE_DROPPED]++;
}

/* Return: false: no such relay */
static bool connect_relay(struct association *a)
{
	struct place relay = a->flow.target;
	static const uint8_t any[16];
	struct sockaddr_storage sa;
	socklen_t len;

	/* where we reach the proxy, if it says nothing else */
	if (!memcmp(relay.address, any, relay.len)) {
		relay = gate.at;
		relay.port = a->flow.target.port;
	}
	len = place_sockaddr(&relay, &sa);
	a->fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return a->fd >= 0 && !connect(a->fd, (struct sockaddr *)&sa, len) &&
	       watch_add(a->fd, &a->watch);
}

static void run(struct flow *flow)
{
	struct association *a = (struct association *)flow;
	uint8_t byte;
	bool end;

	if (a->fd < 0) {
		if (!connect_relay(a)) {
			flow_refused("the proxy's relay for datagrams: %s", strerror(errno));
			over(flow);
			return;
		}
		for (unsigned int i = 0; i < a->n; i++) {
			send_out(a, a->waiting[i].data, a->waiting[i].len);
			free(a->waiting[i].data);
		}
		a->n = 0;
	}
	/* the proxy says nothing more here, until it ends it */
	if (flow_receive(flow, &byte, sizeof(byte), &end) < 0 || end)
		over(flow);
}

static unsigned int idle(const struct flow *flow)
{
	(void)flow;
	return SILENCE;
}

static const struct flow_ops association_ops = { .run = run, .over = over, .idle = idle };

static struct association *find(const struct place *client)
{
	struct association *a = *bucket(client);

	while (a && !place_equal(&a->client, client))
		a = a->next;
	return a;
}

static struct association *begin(const struct place *client)
{
	struct association *a = associations == AT_ONCE ? NULL : calloc(1, sizeof(*a));
	/* the client's address means nothing to the proxy: any */
	struct place nobody = { .len = 4 };

	if (!a)
		return NULL;
	a->fd = -1;
	a->watch.ready = udp_ready;
	a->client = *client;
	a->flow.associate = true;
	if (!flow_start(&a->flow, &association_ops, &nobody)) {
		free(a);
		return NULL;
	}
	a->next = *bucket(client);
	*bucket(client) = a;
	associations++;
	return a;
}

void gate_datagram(const struct place *client, const struct place *server,
		   const uint8_t *data, size_t len)
{
	struct association *a = find(client);
	uint8_t *copy;
	size_t head;

	if (!a)
		a = begin(client);
	copy = a && a->n < WAITING ? malloc(HEAD_MAX + len) : NULL;
	if (!copy) {
		gate.n[GATE_DROPPED]++;
		return;
	}
	memset(copy, 0, HEAD);
	head = HEAD + address_put(copy + HEAD, server);
	memcpy(copy + head, data, len);
	flow_mark(&a->flow);
	if (a->fd < 0) {
		a->waiting[a->n++] = (struct waiting){ copy, head + len };
		return;
	}
	send_out(a, copy, head + len);
	free(copy);
}
