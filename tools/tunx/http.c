// SPDX-License-Identifier: GPL-2.0
/* tunx http: what goes into a tun comes out of an HTTP proxy, by CONNECT. See gate.h. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "gate.h"

static const char usage[] =
	"Usage: tunx http [OPTION]... ADDRESS:PORT\n\n"
	"Connections that are routed to a tun go on through the HTTP proxy at ADDRESS:PORT,\n"
	"by CONNECT. DNS over UDP becomes DNS over TCP; other datagrams are refused. Pings\n"
	"are answered here.\n\n"
	GATE_HELP
	"Example: ip route add 192.0.2.7 via 192.168.1.254      (the proxy, not by the tun)\n"
	"         tunx http -i tun0 --up --address 10.7.0.1/24 192.0.2.7:8888 &\n"
	"         ip route add default dev tun0\n";

#define SHORTEST	13	/* "HTTP/1.1 200 " and more */

/* RFC 4648; @to has room for 4/3 of @len and four more */
static void base64(char *to, const char *from, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		uint32_t three = (uint8_t)from[i] << 16;

		if (i + 1 < len)
			three |= (uint8_t)from[i + 1] << 8;
		if (i + 2 < len)
			three |= (uint8_t)from[i + 2];
		*to++ = digits[three >> 18];
		*to++ = digits[three >> 12 & 63];
		*to++ = i + 1 < len ? digits[three >> 6 & 63] : '=';
		*to++ = i + 2 < len ? digits[three & 63] : '=';
	}
	*to = '\0';
}

static size_t say(const struct flow *flow, uint8_t *to)
{
	char target[PLACE_TEXT], login[2 * LOGIN_MAX + 2], coded[sizeof(login) * 4 / 3 + 5];
	int len;

	place_print(&flow->target, target);
	len = snprintf((char *)to, TALK_MAX, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", target, target);
	if (gate.user) {
		int n = snprintf(login, sizeof(login), "%s:%s", gate.user, gate.password);

		base64(coded, login, n);
		len += snprintf((char *)to + len, TALK_MAX - len,
				"Proxy-Authorization: Basic %s\r\n", coded);
	}
	return len + snprintf((char *)to + len, TALK_MAX - len, "\r\n");
}

static int hear(struct flow *flow, const uint8_t *from, size_t len)
{
	static const char end[] = "\r\n\r\n";
	char text[PLACE_TEXT];
	const uint8_t *at;
	int line;

	if (len < SHORTEST)
		return 0;
	if (memcmp(from, "HTTP/1.", 7)) {
		flow_refused("the proxy does not speak HTTP");
		return -1;
	}
	at = memmem(from, len, end, sizeof(end) - 1);
	if (!at)
		return 0;
	if (from[9] == '2') {
		flow->open = true;
		return at + sizeof(end) - 1 - from;
	}
	for (line = 9; from[line] >= ' ' && from[line] < 0x7f && line < 80; line++)
		;
	flow_refused("the proxy refuses %s: %.*s%s", place_print(&flow->target, text), line - 9,
		     from + 9, memcmp(from + 9, "407", 3) || gate.user ? "" : ": --login FILE");
	return -1;
}

int cmd_http(int argc, char **argv)
{
	static const struct proxy http = { usage, say, hear, .datagrams = false };

	return gate_main(argc, argv, &http);
}
