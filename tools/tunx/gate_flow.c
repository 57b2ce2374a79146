// SPDX-License-Identifier: GPL-2.0
/*
 * A connection to the proxy, from its start to where it carries data. See gate.h.
 *
 * What happens to a flow only marks it; flows_run() then does what there is to do. So
 * nothing ends in the midst of a call from lwIP, which would not expect that.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gate.h"
#include "util.h"

#define TALK_MS		120000ULL	/* about as long as the kernel tries to connect */

static struct flow all = { .prev = &all, .next = &all };
static struct flow *marked, *ended;

void flow_mark(struct flow *flow)
{
	flow->since = gate_now();
	if (flow->is_pending || flow->fd < 0)
		return;
	flow->is_pending = true;
	flow->pending = marked;
	marked = flow;
}

static void ready(struct watch *watch, uint32_t events)
{
	struct flow *flow = (struct flow *)watch;

	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		flow->readable = true;
	if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		flow->writable = true;
	flow_mark(flow);
}

bool flow_start(struct flow *flow, const struct flow_ops *ops, const struct place *target)
{
	struct sockaddr_storage sa;
	socklen_t len = place_sockaddr(&gate.at, &sa);
	int on = 1;

	flow->watch.ready = ready;
	flow->ops = ops;
	flow->target = *target;
	flow->fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (flow->fd < 0)
		goto fail;
	setsockopt(flow->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(flow->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	if (!watch_add(flow->fd, &flow->watch))
		goto fail_close;
	flow->prev = &all;
	flow->next = all.next;
	all.next->prev = flow;
	all.next = flow;
	gate.n[GATE_OPEN]++;
	if (connect(flow->fd, (struct sockaddr *)&sa, len) && errno != EINPROGRESS) {
		/* as if it were found out later */
		flow_refused("the proxy: %s", strerror(errno));
		flow->writable = true;
	}
	flow_mark(flow);
	return true;

fail_close:
	close(flow->fd);
fail:
	flow_refused("no more connections: %s", strerror(errno));
	gate.n[GATE_DROPPED]++;
	return false;
}

void flow_end(struct flow *flow)
{
	if (flow->fd < 0)
		return;
	close(flow->fd);
	flow->fd = -1;
	flow->prev->next = flow->next;
	flow->next->prev = flow->prev;
	/* an event that epoll gave out already may still name it */
	flow->next = ended;
	ended = flow;
	gate.n[GATE_OPEN]--;
}

void flow_refused(const char *fmt, ...)
{
	static char last[512];
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (!strcmp(text, last))
		return;
	warning("%s", text);
	memcpy(last, text, sizeof(last));
}

int flow_send(struct flow *flow, const void *data, size_t len)
{
	ssize_t n;

	if (!flow->writable)
		return 0;
	n = send(flow->fd, data, len, MSG_NOSIGNAL);
	if (n >= 0)
		return n;
	if (errno != EAGAIN && errno != EINTR)
		return -1;
	flow->writable = false;
	return 0;
}

static int take(struct flow *flow, void *data, size_t len, int flags, bool *end)
{
	ssize_t n;

	*end = false;
	if (!flow->readable)
		return 0;
	n = recv(flow->fd, data, len, flags);
	if (n > 0)
		return n;
	*end = !n;
	if (n && errno != EAGAIN && errno != EINTR)
		return -1;
	flow->readable = false;
	return 0;
}

int flow_receive(struct flow *flow, void *data, size_t len, bool *end)
{
	return take(flow, data, len, 0, end);
}

static void unreachable(struct flow *flow, const char *why)
{
	char text[PLACE_TEXT];

	flow_refused("the proxy at %s: %s", place_print(&gate.at, text), why);
	gate.n[GATE_UNREACHABLE]++;
	flow->ops->over(flow);
}

/* Return: there is no more to say for now */
static bool say(struct flow *flow)
{
	uint8_t words[TALK_MAX];
	size_t len;
	int n;

	if (flow->said)
		return false;
	if (!flow->writable)
		return true;
	len = gate.proxy->say(flow, words);
	n = flow_send(flow, words, len);
	/* not yet connected, perhaps */
	if (!n)
		return true;
	if (n != (int)len) {
		unreachable(flow, n < 0 ? strerror(errno) : "takes no more");
		return true;
	}
	flow->said = true;
	return false;
}

/* Return: there is no more to hear for now */
static bool hear(struct flow *flow)
{
	unsigned int step = flow->step;
	uint8_t words[TALK_MAX];
	bool end;
	int n, used;

	/* what is not for us stays */
	n = take(flow, words, sizeof(words), MSG_PEEK, &end);
	if (n < 0 || end) {
		unreachable(flow, end ? "hung up" : strerror(errno));
		return true;
	}
	if (!n)
		return true;
	used = gate.proxy->hear(flow, words, n);
	if (!used && n < (int)sizeof(words)) {
		/* the same again until more comes, which epoll tells */
		flow->readable = false;
		return true;
	}
	if (used <= 0) {
		if (!used)
			flow_refused("the proxy talks too much");
		gate.n[GATE_REFUSED]++;
		flow->ops->over(flow);
		return true;
	}
	take(flow, words, used, 0, &end);
	flow->said = flow->step == step;
	if (flow->open)
		gate.n[GATE_OPENED]++;
	return false;
}

static void run(struct flow *flow)
{
	while (flow->fd >= 0 && !flow->open) {
		if (say(flow) || hear(flow))
			return;
	}
	if (flow->fd >= 0)
		flow->ops->run(flow);
}

void flows_run(void)
{
	struct flow *flow;

	while (marked) {
		flow = marked;
		marked = flow->pending;
		flow->is_pending = false;
		run(flow);
	}
	while (ended) {
		flow = ended;
		ended = flow->next;
		free(flow);
	}
}

void flows_age(void)
{
	uint64_t now = gate_now();
	struct flow *flow, *next;
	unsigned int idle;

	for (flow = all.next; flow != &all; flow = next) {
		next = flow->next;
		idle = flow->open ? flow->ops->idle(flow) : 0;
		if (!flow->open && now - flow->since > TALK_MS)
			unreachable(flow, "no answer");
		else if (idle && now - flow->since > idle * 1000ULL)
			flow->ops->over(flow);
	}
}

void flows_end(void)
{
	while (all.next != &all)
		all.next->ops->over(all.next);
	flows_run();
}
