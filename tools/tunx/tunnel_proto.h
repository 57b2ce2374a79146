/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tunnel's protocol: who the peer is, keys, encryption, replay, rekeying.
 * No socket, no device, no clock: time comes in, messages go out.
 *
 *   connecting side                              listening side
 *   HELLO    e, {time}               ------>
 *                                    <------     ANSWER  e, {}
 *   DATA     keepalive or a packet   ------>     now it uses the new keys, too
 *
 * Keys come from two ephemeral X25519 keys, the pre-shared key, and with public
 * keys also from those of both sides, in the manner of Noise's KK and NNpsk0.
 * Data is XChaCha20-Poly1305; the nonce is a counter that is never reused with a
 * key. Only the connecting side says hello, so that there is one set of keys.
 *
 *   HELLO    type 1, 0 0 0, sender u32, ephemeral 32, sealed time 8+16, mac 16
 *   ANSWER   type 2, 0 0 0, sender u32, receiver u32, ephemeral 32, sealed 16, mac 16
 *   DATA     type 3, kind, 0 0, receiver u32, counter u64, sealed n+16
 *
 * Integers are little-endian. The mac needs no curve arithmetic to be checked: who
 * knows neither the pre-shared nor the public keys costs us one hash a message.
 */
#ifndef TUNX_TOOL_TUNNEL_PROTO_H
#define TUNX_TOOL_TUNNEL_PROTO_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROTO_KEY	32
#define PROTO_HEAD	16	/* in front of sealed data */
#define PROTO_TAG	16	/* behind it */
#define PROTO_OVERHEAD	(PROTO_HEAD + PROTO_TAG)
#define PROTO_HELLO	80
#define PROTO_ANSWER	76
#define PROTO_OUT	PROTO_HELLO	/* the longest that proto_tick() makes */
#define PROTO_WINDOW	8192	/* how late a packet may come, a multiple of 64 */

/* What is in a DATA message */
enum proto_kind {
	KIND_KEEPALIVE,
	KIND_PACKET,
	KIND_LZ4,
	KINDS,
};

/* What came */
enum proto_verdict {
	PROTO_DATA,		/* a packet */
	PROTO_ALIVE,		/* a keepalive */
	PROTO_REPLY,		/* a hello: send @reply back to where it came from */
	PROTO_READY,		/* an answer: new keys, proto_tick() confirms them */
	PROTO_GARBAGE,		/* not a message of this protocol */
	PROTO_FORGED,		/* altered on the way, or of somebody else */
	PROTO_REPLAYED,		/* came before, or too late */
	PROTO_UNKNOWN,		/* of keys that we do not have (any more) */
	PROTO_LIMITED,		/* more hellos than we look at */
	PROTO_VERDICTS,
};

/**
 * struct proto_config - who we are
 * @connects: we say hello, else we answer
 * @statics: with public keys
 * @psk: pre-shared key, zeros for none
 * @secret: our private key
 * @public: its public key
 * @peer: the peer's public key
 * @rekey: ns after which new keys are agreed on
 * @keepalive: ns of silence that we do not keep
 */
struct proto_config {
	bool connects;
	bool statics;
	uint8_t psk[PROTO_KEY];
	uint8_t secret[PROTO_KEY];
	uint8_t public[PROTO_KEY];
	uint8_t peer[PROTO_KEY];
	uint64_t rekey;
	uint64_t keepalive;
};

/**
 * struct proto_session - one pair of keys
 * @index: what the peer puts into its messages; 0: no session
 * @peer_index: what we put into ours
 * @send: key of what we send
 * @receive: key of what we get
 * @born: when
 * @sent: the next counter
 * @newest: the highest counter received, plus one
 * @window: bits of those received, by counter modulo PROTO_WINDOW
 */
struct proto_session {
	uint32_t index;
	uint32_t peer_index;
	uint8_t send[PROTO_KEY];
	uint8_t receive[PROTO_KEY];
	uint64_t born;
	uint64_t sent;
	uint64_t newest;
	uint64_t window[PROTO_WINDOW / 64];
};

/**
 * struct proto_handshake - what both sides compute alike
 * @chain: the secrets mixed so far
 * @hash: all that was said so far
 * @key: for the next sealed part
 * @ephemeral: our private one, while the answer is awaited
 * @index: what we told the peer to call us; 0: none under way
 */
struct proto_handshake {
	uint8_t chain[PROTO_KEY];
	uint8_t hash[PROTO_KEY];
	uint8_t key[PROTO_KEY];
	uint8_t ephemeral[PROTO_KEY];
	uint32_t index;
};

/**
 * struct proto - one peer
 * @lock: of all below but @config and @mac; not held while data is sealed
 * @config: never changes
 * @mac: key of the mac of HELLO and ANSWER
 * @handshake: the connecting side's
 * @next: the listening side's keys that the peer has not used yet
 * @current: what we send with
 * @previous: the keys before, for packets on their way
 * @hello_time: the newest hello's, so that none counts twice
 * @hello_sent: when
 * @hello_wait: how long until the next
 * @hello_room: hellos that we will look at now; refills with time
 * @hello_filled: when it was refilled
 * @sent: when we sent last
 * @received: when something true came last
 * @confirm: use the new keys at once
 * @sent_max: packets after which keys are not used any more
 * @sessions: how many there were
 */
struct proto {
	pthread_mutex_t lock;
	struct proto_config config;
	uint8_t mac[PROTO_KEY];
	struct proto_handshake handshake;
	struct proto_session next;
	struct proto_session current;
	struct proto_session previous;
	uint64_t hello_time;
	uint64_t hello_sent;
	uint64_t hello_wait;
	unsigned int hello_room;
	uint64_t hello_filled;
	uint64_t sent;
	uint64_t received;
	bool confirm;
	uint64_t sent_max;
	uint64_t sessions;
};

/**
 * struct proto_got - a message, opened
 * @data: the packet, within the message
 * @len: its length
 * @kind: what it is
 * @newest: it is the newest so far: where it came from is where the peer is
 * @reply: to be sent back
 * @reply_len: its length
 */
struct proto_got {
	uint8_t *data;
	size_t len;
	enum proto_kind kind;
	bool newest;
	uint8_t reply[PROTO_ANSWER];
	size_t reply_len;
};

/** proto_start - ready to say or to answer hello; false if libsodium does not start */
bool proto_start(struct proto *p, const struct proto_config *config, uint64_t now);

/** proto_end - forget all keys */
void proto_end(struct proto *p);

/**
 * proto_seal - make a DATA message of a packet, in place
 * @data: with PROTO_HEAD bytes before it and PROTO_TAG bytes behind it
 *
 * Any thread. Return: false while there are no keys to seal it with.
 */
bool proto_seal(struct proto *p, uint64_t now, enum proto_kind kind, uint8_t *data, size_t len);

/** proto_open - what a message says; it is decrypted in place. Any thread. */
enum proto_verdict proto_open(struct proto *p, uint64_t now, uint8_t *message, size_t len,
			      struct proto_got *got);

/**
 * proto_tick - what is to be sent because of the time; call until it says 0
 * @now: ns of a clock that only goes forward
 * @wall: ns since 1970, so that hellos of before a restart are older
 *
 * Return: the length of the message in @out.
 */
size_t proto_tick(struct proto *p, uint64_t now, uint64_t wall, uint8_t out[PROTO_OUT]);

/** proto_alive - the peer has been heard lately */
bool proto_alive(struct proto *p, uint64_t now);

#endif
