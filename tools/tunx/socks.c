// SPDX-License-Identifier: GPL-2.0
/* tunx socks: what goes into a tun comes out of a SOCKS5 proxy. See gate.h. */
#include <string.h>

#include "cmd.h"
#include "gate.h"
#include "util.h"

static const char usage[] =
	"Usage: tunx socks [OPTION]... ADDRESS:PORT\n\n"
	"Connections and datagrams that are routed to a tun go on through the SOCKS5 proxy\n"
	"at ADDRESS:PORT. DNS over UDP becomes DNS over TCP; other datagrams need a proxy\n"
	"that takes them (UDP ASSOCIATE). Pings are answered here.\n\n"
	GATE_HELP
	"Example: ip route add 192.0.2.7 via 192.168.1.254      (the proxy, not by the tun)\n"
	"         tunx socks -i tun0 --up --address 10.7.0.1/24 192.0.2.7:1080 &\n"
	"         ip route add default dev tun0\n";

#define VERSION		5
#define LOGIN_VERSION	1
#define METHOD_NONE	0
#define METHOD_LOGIN	2
#define CONNECT		1
#define ASSOCIATE	3
#define IPV4		1
#define NAME		3
#define IPV6		4

enum { GREET, LOGIN, ASK };

size_t address_put(uint8_t *to, const struct place *place)
{
	to[0] = place->len == 4 ? IPV4 : IPV6;
	memcpy(to + 1, place->address, place->len);
	to[1 + place->len] = place->port >> 8;
	to[2 + place->len] = place->port;
	return 3 + place->len;
}

int address_get(const uint8_t *from, size_t len, struct place *place)
{
	if (!len)
		return 0;
	if (from[0] != IPV4 && from[0] != IPV6)
		return -1;
	place->len = from[0] == IPV4 ? 4 : 16;
	if (len < 3U + place->len)
		return 0;
	memcpy(place->address, from + 1, place->len);
	place->port = from[1 + place->len] << 8 | from[2 + place->len];
	return 3 + place->len;
}

/* A byte for the length, then the text */
static size_t put_text(uint8_t *to, const char *text)
{
	to[0] = strlen(text);
	memcpy(to + 1, text, to[0]);
	return 1 + to[0];
}

static size_t say(const struct flow *flow, uint8_t *to)
{
	size_t len = 0;

	switch (flow->step) {
	case GREET:
		to[len++] = VERSION;
		to[len++] = 1;
		to[len++] = gate.user ? METHOD_LOGIN : METHOD_NONE;
		return len;
	case LOGIN:
		to[len++] = LOGIN_VERSION;
		len += put_text(to + len, gate.user);
		return len + put_text(to + len, gate.password);
	default:
		to[len++] = VERSION;
		to[len++] = flow->associate ? ASSOCIATE : CONNECT;
		to[len++] = 0;
		return len + address_put(to + len, &flow->target);
	}
}

static int hear_greeting(struct flow *flow, const uint8_t *from)
{
	if (from[0] != VERSION) {
		flow_refused("the proxy does not speak SOCKS5");
		return -1;
	}
	if (from[1] != (gate.user ? METHOD_LOGIN : METHOD_NONE)) {
		flow_refused(gate.user ? "the proxy takes no user and password" :
				"the proxy wants a user and a password: --login FILE");
		return -1;
	}
	flow->step = gate.user ? LOGIN : ASK;
	return 2;
}

static int hear_login(struct flow *flow, const uint8_t *from)
{
	if (from[1]) {
		flow_refused("the proxy refuses the user or the password");
		return -1;
	}
	flow->step = ASK;
	return 2;
}

static const char *reason(uint8_t code)
{
	static const char *const reasons[] = {
		[1] = "general failure",
		[2] = "not allowed",
		[3] = "network unreachable",
		[4] = "host unreachable",
		[5] = "connection refused",
		[6] = "time to live expired",
		[7] = "it does not know this command",
		[8] = "it does not know this kind of address",
	};

	return code < ARRAY_SIZE(reasons) && reasons[code] ? reasons[code] : "unknown reason";
}

static int hear_answer(struct flow *flow, const uint8_t *from, size_t len)
{
	char text[PLACE_TEXT];
	struct place bound;
	int used;

	if (from[1]) {
		flow_refused("the proxy refuses %s: %s", flow->associate ? "datagrams" :
			     place_print(&flow->target, text), reason(from[1]));
		return -1;
	}
	if (len < 4)
		return 0;
	if (from[3] == NAME && !flow->associate) {
		/* where it connects from, which nobody asked */
		used = len < 5 ? 0 : 4 + from[4];
		if (!used || len < 3U + used)
			return 0;
	} else {
		used = address_get(from + 3, len - 3, &bound);
		if (used < 0)
			flow_refused("the proxy gives no address");
		if (used <= 0)
			return used;
		if (flow->associate)
			flow->target = bound;
	}
	flow->open = true;
	return 3 + used;
}

static int hear(struct flow *flow, const uint8_t *from, size_t len)
{
	if (len < 2)
		return 0;
	switch (flow->step) {
	case GREET:
		return hear_greeting(flow, from);
	case LOGIN:
		return hear_login(flow, from);
	default:
		return hear_answer(flow, from, len);
	}
}

int cmd_socks(int argc, char **argv)
{
	static const struct proxy socks = { usage, say, hear, .datagrams = true };

	return gate_main(argc, argv, &socks);
}
