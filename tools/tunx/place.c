// SPDX-License-Identifier: GPL-2.0
/* Addresses with ports. See stack.h. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "stack.h"

static int family(const struct place *place)
{
	return place->len == 4 ? AF_INET : AF_INET6;
}

const char *place_print(const struct place *place, char text[PLACE_TEXT])
{
	char address[INET6_ADDRSTRLEN];

	inet_ntop(family(place), place->address, address, sizeof(address));
	snprintf(text, PLACE_TEXT, place->len == 4 ? "%s:%u" : "[%s]:%u", address, place->port);
	return text;
}

bool place_equal(const struct place *a, const struct place *b)
{
	return a->port == b->port && a->len == b->len && !memcmp(a->address, b->address, a->len);
}

socklen_t place_sockaddr(const struct place *place, struct sockaddr_storage *sa)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)sa;
	struct sockaddr_in *in = (struct sockaddr_in *)sa;

	memset(sa, 0, sizeof(*sa));
	sa->ss_family = family(place);
	if (place->len == 4) {
		memcpy(&in->sin_addr, place->address, 4);
		in->sin_port = htons(place->port);
		return sizeof(*in);
	}
	memcpy(&in6->sin6_addr, place->address, 16);
	in6->sin6_port = htons(place->port);
	return sizeof(*in6);
}

void place_of_sockaddr(struct place *place, const struct sockaddr_storage *sa)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;
	const struct sockaddr_in *in = (const struct sockaddr_in *)sa;

	place->len = sa->ss_family == AF_INET ? 4 : 16;
	if (place->len == 4)
		memcpy(place->address, &in->sin_addr, 4);
	else
		memcpy(place->address, &in6->sin6_addr, 16);
	place->port = ntohs(place->len == 4 ? in->sin_port : in6->sin6_port);
}
