// SPDX-License-Identifier: GPL-2.0
/* A client's connection, joined to one through the proxy. See gate.h. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "gate.h"

#define PIECE		65536
#define HALF_CLOSED	300	/* s of silence when one side has finished */

/**
 * struct joint - two connections
 * @flow: the one through the proxy
 * @tcp: the client's
 * @out_done: the client has finished, and the proxy was told
 * @in_done: the other way round
 */
struct joint {
	struct flow flow;
	struct stack_tcp *tcp;
	bool out_done;
	bool in_done;
};

static void over(struct flow *flow)
{
	struct joint *joint = (struct joint *)flow;

	if (!(joint->out_done && joint->in_done))
		gate.n[GATE_BROKEN]++;
	stack_tcp_close(joint->tcp);
	flow_end(flow);
}

/* Return: false: it is broken */
static bool carry_out(struct joint *joint)
{
	const void *data;
	size_t len;
	int n;

	while (!joint->out_done) {
		data = stack_tcp_peek(joint->tcp, &len);
		if (!data)
			break;
		n = flow_send(&joint->flow, data, len);
		if (n <= 0)
			return !n;
		gate.n[GATE_BYTES_OUT] += n;
		stack_tcp_consume(joint->tcp, n);
	}
	if (!joint->out_done && stack_tcp_finished(joint->tcp)) {
		shutdown(joint->flow.fd, SHUT_WR);
		joint->out_done = true;
	}
	return true;
}

static bool carry_in(struct joint *joint)
{
	static uint8_t piece[PIECE];
	size_t room;
	bool end;
	int n;

	while (!joint->in_done) {
		room = stack_tcp_room(joint->tcp);
		if (!room)
			break;
		n = flow_receive(&joint->flow, piece, room < PIECE ? room : PIECE, &end);
		if (n < 0 || (n && !stack_tcp_write(joint->tcp, piece, n)))
			return false;
		gate.n[GATE_BYTES_IN] += n;
		if (end) {
			stack_tcp_shutdown(joint->tcp);
			joint->in_done = true;
		} else if (!n) {
			break;
		}
	}
	stack_tcp_flush(joint->tcp);
	return true;
}

static void run(struct flow *flow)
{
	struct joint *joint = (struct joint *)flow;

	if (stack_tcp_reset(joint->tcp) || !carry_out(joint) || !carry_in(joint) ||
	    (joint->out_done && joint->in_done))
		over(flow);
}

static unsigned int idle(const struct flow *flow)
{
	const struct joint *joint = (const struct joint *)flow;

	return joint->in_done || joint->out_done ? HALF_CLOSED : 0;
}

static const struct flow_ops joint_ops = { .run = run, .over = over, .idle = idle };

void *gate_accept(struct stack_tcp *tcp, const struct place *client, const struct place *server)
{
	struct joint *joint = calloc(1, sizeof(*joint));
	/* over TCP, too, questions go where the user said */
	bool question = server->port == DNS_PORT && gate.dns.port;

	(void)client;
	if (!joint)
		return NULL;
	joint->tcp = tcp;
	gate.n[GATE_CONNECTIONS]++;
	if (flow_start(&joint->flow, &joint_ops, question ? &gate.dns : server))
		return joint;
	free(joint);
	return NULL;
}

void gate_changed(void *user)
{
	flow_mark(user);
}
