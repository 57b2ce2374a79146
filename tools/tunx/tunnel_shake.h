/* SPDX-License-Identifier: GPL-2.0 */
/* How two sides come to the same keys. The steps are called by tunnel_proto.c. */
#ifndef TUNX_TOOL_TUNNEL_SHAKE_H
#define TUNX_TOOL_TUNNEL_SHAKE_H

#include "tunnel_proto.h"

enum { TYPE_HELLO = 1, TYPE_ANSWER, TYPE_DATA };

/** shake_mac_key - the key of the mac, from what both sides know */
void shake_mac_key(const struct proto_config *config, uint8_t key[PROTO_KEY]);

/** shake_mac_good - is @message, of @len bytes, by somebody who knows the key? */
bool shake_mac_good(const uint8_t key[PROTO_KEY], const uint8_t *message, size_t len);

/** shake_hello - write HELLO; @p->handshake awaits the answer */
bool shake_hello(struct proto *p, uint64_t wall, uint32_t index, uint8_t message[PROTO_HELLO]);

/**
 * shake_answer - read HELLO, write ANSWER
 * @session: filled with keys, if the hello is true
 * @wall: when it was said
 */
bool shake_answer(const struct proto *p, const uint8_t hello[PROTO_HELLO], uint32_t index,
		  struct proto_session *session, uint64_t *wall, uint8_t message[PROTO_ANSWER]);

/** shake_finish - read ANSWER: keys into @session */
bool shake_finish(const struct proto *p, const uint8_t answer[PROTO_ANSWER],
		  struct proto_session *session);

#endif
