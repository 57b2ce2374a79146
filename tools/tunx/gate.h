/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What tunx socks and tunx http share: connections and datagrams that leave by a tun
 * and go on through a proxy.
 *
 *   socks.c http.c   what one says to a proxy
 *   gate.c           options, the device, waiting
 *   gate_flow.c      a connection to the proxy, up to where it carries
 *   gate_tcp.c       a client's connection, joined to one of those
 *   gate_dns.c       a question in a datagram, asked over TCP
 *   gate_udp.c       other datagrams, if the proxy takes them
 *   stack.c place.c  the clients' side, by lwIP; addresses
 */
#ifndef TUNX_TOOL_GATE_H
#define TUNX_TOOL_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"
#include "stack.h"

#define GATE_HELP \
	"      --login FILE       user:password for the proxy, in the first line of FILE\n" \
	"      --dns ADDRESS:PORT where all questions go, instead of to whom they were put\n" \
	"      --user NAME        whom to become when all is open (default: nobody)\n\n" \
	DEVICE_HELP \
	"\nSIGUSR1 prints the counters.\n"

#define TALK_MAX	4096	/* what proxy and we say to each other before data */
#define LOGIN_MAX	255	/* SOCKS has a byte for the length */
#define DNS_PORT	53

struct flow;

/**
 * struct proxy - a kind of proxy
 * @usage: what --help prints
 * @say: what to tell it in flow->step. Return: bytes
 * @hear: its answer so far; sets the next step, or flow->open. Return: bytes that were
 *	it; 0: there must be more; -1: it refused, and flow_refused() was told why
 * @datagrams: it takes them
 */
struct proxy {
	const char *usage;
	size_t (*say)(const struct flow *flow, uint8_t *to);
	int (*hear)(struct flow *flow, const uint8_t *from, size_t len);
	bool datagrams;
};

enum gate_counter {
	GATE_CONNECTIONS,	/* of clients */
	GATE_QUESTIONS,		/* DNS */
	GATE_DATAGRAMS_OUT,
	GATE_DATAGRAMS_IN,
	GATE_BYTES_OUT,		/* of connections */
	GATE_BYTES_IN,
	GATE_OPENED,		/* by the proxy */
	GATE_REFUSED,		/* by the proxy */
	GATE_UNREACHABLE,	/* the proxy was */
	GATE_BROKEN,		/* ended other than orderly */
	GATE_DROPPED,		/* datagrams and connections too many */
	GATE_OPEN,		/* now */
	GATE_COUNTERS,
};

/**
 * struct gate - the one run of the command
 * @proxy: its kind
 * @at: its address
 * @user: for the proxy; NULL: none is asked for
 * @password: his
 * @dns: where all questions go; port 0: where the client sends them
 * @n: by enum gate_counter
 */
struct gate {
	const struct proxy *proxy;
	struct place at;
	const char *user;
	const char *password;
	struct place dns;
	unsigned long long n[GATE_COUNTERS];
};

extern struct gate gate;

/**
 * struct watch - what an epoll event leads to
 * @ready: called with the events
 */
struct watch {
	void (*ready)(struct watch *watch, uint32_t events);
};

/** watch_add - @fd's changes, as they come (edge-triggered). Return: false: no memory */
bool watch_add(int fd, struct watch *watch);

/**
 * struct flow_ops - whose connection to the proxy it is
 * @run: something happened: carry on. Only called when flow->open
 * @over: the proxy is not to be had, refuses, or takes too long; ends with flow_end()
 * @idle: s of silence after which an open one is over, 0: any
 */
struct flow_ops {
	void (*run)(struct flow *flow);
	void (*over)(struct flow *flow);
	unsigned int (*idle)(const struct flow *flow);
};

/**
 * struct flow - a connection to the proxy
 * @watch: of @fd
 * @ops: whose it is
 * @prev, @next: among all
 * @pending: next among those that something happened to
 * @is_pending: it is among them
 * @fd: -1 when it has ended
 * @target: whom the proxy shall connect to
 * @associate: or rather, take datagrams
 * @step: in the talk with the proxy
 * @said: in this step
 * @open: the talk is over: data
 * @readable, @writable: not known to be otherwise
 * @since: when something happened, in ms
 */
struct flow {
	struct watch watch;
	const struct flow_ops *ops;
	struct flow *prev, *next;
	struct flow *pending;
	bool is_pending;
	int fd;
	struct place target;
	bool associate;
	unsigned int step;
	bool said;
	bool open;
	bool readable;
	bool writable;
	uint64_t since;
};

/** flow_start - @flow is the start of what @ops frees by free(). Return: false: no socket */
bool flow_start(struct flow *flow, const struct flow_ops *ops, const struct place *target);
/** flow_end - it is freed when nobody can look at it any more */
void flow_end(struct flow *flow);
/** flow_mark - it is run soon */
void flow_mark(struct flow *flow);
/** flow_refused - say why, unless that was the last thing said */
__attribute__((format(printf, 1, 2)))
void flow_refused(const char *fmt, ...);
/** flow_send, flow_receive - Return: bytes, 0: not now or the end, -1: broken */
int flow_send(struct flow *flow, const void *data, size_t len);
int flow_receive(struct flow *flow, void *data, size_t len, bool *end);

/** flows_run - those that were marked; flows_age - those that are too old */
void flows_run(void);
void flows_age(void);
void flows_end(void);

void *gate_accept(struct stack_tcp *tcp, const struct place *client, const struct place *server);
void gate_changed(void *user);
void gate_question(const struct place *client, const struct place *server,
		   const uint8_t *data, size_t len);
void gate_datagram(const struct place *client, const struct place *server,
		   const uint8_t *data, size_t len);

/** gate_now - in ms */
uint64_t gate_now(void);

/** address_put - as SOCKS has it: kind, address, port. Return: bytes, at most 19 */
size_t address_put(uint8_t *to, const struct place *place);
/** address_get - Return: bytes, 0: there must be more, -1: a name, or nonsense */
int address_get(const uint8_t *from, size_t len, struct place *place);

/** gate_main - the command */
int gate_main(int argc, char **argv, const struct proxy *proxy);

#endif
