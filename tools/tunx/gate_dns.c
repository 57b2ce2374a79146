// SPDX-License-Identifier: GPL-2.0
/*
 * DNS: a question that came in a datagram goes over TCP, which every proxy carries. An
 * answer that is too long for a datagram is cut, as a name server would do; the client
 * then asks over TCP itself.
 */
#include <stdlib.h>
#include <string.h>

#include "gate.h"

#define QUESTION_MAX	4096
#define ANSWER_MAX	65535
#define HEAD		12
#define PLAIN_MAX	512	/* an answer, unless the question said more */
#define TRUNCATED	0x02	/* in byte 2 */
#define OPT		41
#define SILENCE		10	/* s after which the client asks again anyway */
#define AT_ONCE		512

/**
 * struct question - one, and its answer
 * @flow: through the proxy
 * @client, @server: who asked whom
 * @text: length and question; later, length and answer
 * @len: bytes there
 * @name_end: where the question's only name, type and class end; 0: they do not
 * @answer_max: what fits the client
 * @asked: the question is on its way
 */
struct question {
	struct flow flow;
	struct place client, server;
	uint8_t *text;
	size_t len;
	size_t name_end;
	size_t answer_max;
	bool asked;
};

static unsigned int questions;

static void over(struct flow *flow)
{
	struct question *q = (struct question *)flow;

	free(q->text);
	questions--;
	flow_end(flow);
}

/* The name that starts behind the head, and type and class. Return: where they end, or 0 */
static size_t name_end(const uint8_t *data, size_t len)
{
	size_t at = HEAD;

	while (at < len && data[at] && data[at] < 64)
		at += 1 + data[at];
	at += 5;
	return at <= len && !data[at - 5] ? at : 0;
}

/* Behind the only question may be an OPT record: no name, its type, then the size. */
static size_t answer_max(const uint8_t *data, size_t len, size_t end)
{
	size_t said;

	if (!end || len < end + 5 || data[end] || data[end + 1] || data[end + 2] != OPT)
		return PLAIN_MAX;
	said = data[end + 3] << 8 | data[end + 4];
	return said > PLAIN_MAX ? said : PLAIN_MAX;
}

static void answer(struct question *q)
{
	uint8_t *data = q->text + 2;
	size_t len = q->len - 2;

	if (len > q->answer_max) {
		if (!q->name_end || len < q->name_end || len < HEAD)
			return;
		len = q->name_end;
		data[2] |= TRUNCATED;
		/* of the four counts, only that of questions stays */
		memset(data + 6, 0, 6);
	}
	stack_send(&q->server, &q->client, data, len);
	gate.n[GATE_DATAGRAMS_IN]++;
}

static void run(struct flow *flow)
{
	struct question *q = (struct question *)flow;
	size_t want;
	bool end;
	int n;

	if (!q->asked) {
		/* the connection is new, and takes that much at once */
		if (flow_send(flow, q->text, q->len) != (int)q->len) {
			over(flow);
			return;
		}
		q->asked = true;
		q->len = 0;
	}
	while (true) {
		want = q->len < 2 ? 2 : 2 + (q->text[0] << 8 | q->text[1]);
		if (q->len >= 2 && q->len == want)
			break;
		n = flow_receive(flow, q->text + q->len, want - q->len, &end);
		if (n < 0 || end) {
			over(flow);
			return;
		}
		if (!n)
			return;
		q->len += n;
	}
	answer(q);
	over(flow);
}

static unsigned int idle(const struct flow *flow)
{
	(void)flow;
	return SILENCE;
}

static const struct flow_ops question_ops = { .run = run, .over = over, .idle = idle };

void gate_question(const struct place *client, const struct place *server,
		   const uint8_t *data, size_t len)
{
	struct question *q;

	gate.n[GATE_QUESTIONS]++;
	q = len < HEAD || len > QUESTION_MAX || questions == AT_ONCE ? NULL : calloc(1, sizeof(*q));
	if (!q) {
		gate.n[GATE_DROPPED]++;
		return;
	}
	q->text = malloc(2 + ANSWER_MAX);
	q->client = *client;
	q->server = *server;
	q->len = 2 + len;
	q->name_end = name_end(data, len);
	q->answer_max = answer_max(data, len, q->name_end);
	if (q->text) {
		q->text[0] = len >> 8;
		q->text[1] = len;
		memcpy(q->text + 2, data, len);
		if (flow_start(&q->flow, &question_ops, gate.dns.port ? &gate.dns : server)) {
			questions++;
			return;
		}
	}
	free(q->text);
	free(q);
}
