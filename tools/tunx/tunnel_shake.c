// SPDX-License-Identifier: GPL-2.0
/* Key agreement: see tunnel_proto.h for the messages. */
#include <endian.h>
#include <sodium.h>
#include <string.h>

#include "tunnel_shake.h"

#define EPHEMERAL_HELLO	8
#define SEALED_HELLO	40
#define MAC_HELLO	64
#define EPHEMERAL_ANSWER 12
#define SEALED_ANSWER	44
#define MAC_ANSWER	60
#define MAC		16

static const char protocol_name[] = "tunx tunnel 1 X25519 XChaCha20-Poly1305 BLAKE2b";

/* The public keys in the order connecting, listening: both sides have the same. */
static const uint8_t *public_of(const struct proto_config *config, bool connecting)
{
	return config->connects == connecting ? config->public : config->peer;
}

/* Stir a secret in; what comes out tells nothing of what was before. */
static void mix(struct proto_handshake *h, const void *secret, size_t len)
{
	uint8_t out[2 * PROTO_KEY];

	crypto_generichash(out, sizeof(out), secret, len, h->chain, sizeof(h->chain));
	memcpy(h->chain, out, PROTO_KEY);
	memcpy(h->key, out + PROTO_KEY, PROTO_KEY);
	sodium_memzero(out, sizeof(out));
}

/* Whatever is said counts, so that both must have heard the same. */
static void said(struct proto_handshake *h, const void *data, size_t len)
{
	crypto_generichash(h->hash, sizeof(h->hash), data, len, h->hash, sizeof(h->hash));
}

static bool mix_dh(struct proto_handshake *h, const uint8_t *secret, const uint8_t *public)
{
	uint8_t shared[PROTO_KEY];
	bool good;

	/* fails for the few keys that make every result zero */
	good = !crypto_scalarmult(shared, secret, public);
	if (good)
		mix(h, shared, sizeof(shared));
	sodium_memzero(shared, sizeof(shared));
	return good;
}

static void begin(struct proto_handshake *h, const struct proto_config *config)
{
	memset(h, 0, sizeof(*h));
	crypto_generichash(h->chain, sizeof(h->chain), (const uint8_t *)protocol_name,
			   sizeof(protocol_name), NULL, 0);
	memcpy(h->hash, h->chain, sizeof(h->hash));
	said(h, public_of(config, true), PROTO_KEY);
	said(h, public_of(config, false), PROTO_KEY);
	mix(h, config->psk, PROTO_KEY);
}

/* A key seals one message only, so that the nonce may be zero. */
static const uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];

static void seal(struct proto_handshake *h, const void *data, size_t len, uint8_t *out)
{
	crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, data, len, h->hash, sizeof(h->hash),
						   NULL, nonce, h->key);
	said(h, out, len + PROTO_TAG);
}

static bool unseal(struct proto_handshake *h, const uint8_t *in, size_t len, void *data)
{
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(data, NULL, NULL, in, len, h->hash,
						       sizeof(h->hash), nonce, h->key))
		return false;
	said(h, in, len);
	return true;
}

static void write_mac(const uint8_t key[PROTO_KEY], uint8_t *message, size_t len)
{
	crypto_generichash(message + len, MAC, message, len, key, PROTO_KEY);
}

/* Which half is whose: the connecting side sends with the first. */
static void split(const struct proto *p, const struct proto_handshake *h,
		  struct proto_session *session)
{
	bool connects = p->config.connects;
	uint8_t out[2 * PROTO_KEY];

	crypto_generichash(out, sizeof(out), NULL, 0, h->chain, sizeof(h->chain));
	memcpy(session->send, out + (connects ? 0 : PROTO_KEY), PROTO_KEY);
	memcpy(session->receive, out + (connects ? PROTO_KEY : 0), PROTO_KEY);
	sodium_memzero(out, sizeof(out));
}

static uint32_t read_index(const uint8_t *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof(value));
	return le32toh(value);
}

static void write_index(uint8_t *p, uint32_t value)
{
	value = htole32(value);
	memcpy(p, &value, sizeof(value));
}

void shake_mac_key(const struct proto_config *config, uint8_t key[PROTO_KEY])
{
	struct proto_handshake h;

	begin(&h, config);
	said(&h, "mac", 3);
	/* not the keys of the handshake, and tells nothing of them */
	crypto_generichash(key, PROTO_KEY, h.hash, sizeof(h.hash), h.key, sizeof(h.key));
	sodium_memzero(&h, sizeof(h));
}

bool shake_mac_good(const uint8_t key[PROTO_KEY], const uint8_t *message, size_t len)
{
	uint8_t mac[MAC];

	crypto_generichash(mac, sizeof(mac), message, len - MAC, key, PROTO_KEY);
	return !sodium_memcmp(mac, message + len - MAC, MAC);
}

bool shake_hello(struct proto *p, uint64_t wall, uint32_t index, uint8_t message[PROTO_HELLO])
{
	const struct proto_config *config = &p->config;
	struct proto_handshake *h = &p->handshake;
	uint64_t time = htole64(wall);

	begin(h, config);
	memset(message, 0, PROTO_HELLO);
	message[0] = TYPE_HELLO;
	write_index(message + 4, index);
	randombytes_buf(h->ephemeral, sizeof(h->ephemeral));
	crypto_scalarmult_base(message + EPHEMERAL_HELLO, h->ephemeral);
	said(h, message, SEALED_HELLO);
	mix(h, message + EPHEMERAL_HELLO, PROTO_KEY);
	if (config->statics && (!mix_dh(h, h->ephemeral, config->peer) ||
				!mix_dh(h, config->secret, config->peer)))
		return false;
	seal(h, &time, sizeof(time), message + SEALED_HELLO);
	write_mac(p->mac, message, MAC_HELLO);
	h->index = index;
	return true;
}

bool shake_answer(const struct proto *p, const uint8_t hello[PROTO_HELLO], uint32_t index,
		  struct proto_session *session, uint64_t *wall, uint8_t message[PROTO_ANSWER])
{
	const struct proto_config *config = &p->config;
	const uint8_t *theirs = hello + EPHEMERAL_HELLO;
	struct proto_handshake h;
	bool good = false;
	uint64_t time;

	begin(&h, config);
	said(&h, hello, SEALED_HELLO);
	mix(&h, theirs, PROTO_KEY);
	if (config->statics && (!mix_dh(&h, config->secret, theirs) ||
				!mix_dh(&h, config->secret, config->peer)))
		goto out;
	if (!unseal(&h, hello + SEALED_HELLO, sizeof(time) + PROTO_TAG, &time))
		goto out;
	*wall = le64toh(time);

	memset(message, 0, PROTO_ANSWER);
	message[0] = TYPE_ANSWER;
	write_index(message + 4, index);
	memcpy(message + 8, hello + 4, 4);
	randombytes_buf(h.ephemeral, sizeof(h.ephemeral));
	crypto_scalarmult_base(message + EPHEMERAL_ANSWER, h.ephemeral);
	said(&h, message, SEALED_ANSWER);
	mix(&h, message + EPHEMERAL_ANSWER, PROTO_KEY);
	if (!mix_dh(&h, h.ephemeral, theirs) ||
	    (config->statics && !mix_dh(&h, h.ephemeral, config->peer)))
		goto out;
	seal(&h, NULL, 0, message + SEALED_ANSWER);
	write_mac(p->mac, message, MAC_ANSWER);

	memset(session, 0, sizeof(*session));
	session->index = index;
	session->peer_index = read_index(hello + 4);
	split(p, &h, session);
	good = true;
out:
	sodium_memzero(&h, sizeof(h));
	return good;
}

bool shake_finish(const struct proto *p, const uint8_t answer[PROTO_ANSWER],
		  struct proto_session *session)
{
	const struct proto_config *config = &p->config;
	const uint8_t *theirs = answer + EPHEMERAL_ANSWER;
	/* a copy: a false answer must not spoil it for the true one */
	struct proto_handshake h = p->handshake;
	bool good = false;
	uint8_t none[1];

	said(&h, answer, SEALED_ANSWER);
	mix(&h, theirs, PROTO_KEY);
	if (!mix_dh(&h, h.ephemeral, theirs) ||
	    (config->statics && !mix_dh(&h, config->secret, theirs)))
		goto out;
	if (!unseal(&h, answer + SEALED_ANSWER, PROTO_TAG, none))
		goto out;
	memset(session, 0, sizeof(*session));
	session->index = h.index;
	session->peer_index = read_index(answer + 4);
	split(p, &h, session);
	good = true;
out:
	sodium_memzero(&h, sizeof(h));
	return good;
}
