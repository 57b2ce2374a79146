// SPDX-License-Identifier: GPL-2.0
/* Sessions, data, replay window and timers. See tunnel_proto.h. */
#include <endian.h>
#include <sodium.h>
#include <string.h>

#include "tunnel_proto.h"
#include "tunnel_shake.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define SECOND		1000000000ULL
#define HELLO_ROOM	20	/* hellos looked at in a burst, and each second */
#define HELLO_WAIT_MAX	(5 * SECOND)

/* Keys are used a while longer than until the next are wanted: hellos get lost. */
static uint64_t life(const struct proto *p)
{
	return p->config.rekey + p->config.rekey / 2 + 10 * SECOND;
}

static bool usable(const struct proto *p, const struct proto_session *s, uint64_t now)
{
	return s->index && s->sent < p->sent_max && now - s->born < life(p);
}

static void put32(uint8_t *p, uint32_t value)
{
	value = htole32(value);
	memcpy(p, &value, sizeof(value));
}

static void put64(uint8_t *p, uint64_t value)
{
	value = htole64(value);
	memcpy(p, &value, sizeof(value));
}

static uint32_t get32(const uint8_t *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof(value));
	return le32toh(value);
}

static uint64_t get64(const uint8_t *p)
{
	uint64_t value;

	memcpy(&value, p, sizeof(value));
	return le64toh(value);
}

/* The counter is the nonce; a key has one sender. */
static void make_nonce(uint64_t counter,
		       uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES])
{
	memset(nonce, 0, crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
	put64(nonce, counter);
}

bool proto_start(struct proto *p, const struct proto_config *config, uint64_t now)
{
	if (sodium_init() < 0)
		return false;
	memset(p, 0, sizeof(*p));
	p->config = *config;
	p->hello_room = HELLO_ROOM;
	p->hello_filled = now;
	p->sent = now;
	p->received = now;
	/* far from where counters end */
	p->sent_max = 1ULL << 60;
	shake_mac_key(config, p->mac);
	return !pthread_mutex_init(&p->lock, NULL);
}

void proto_end(struct proto *p)
{
	pthread_mutex_destroy(&p->lock);
	sodium_memzero(p, sizeof(*p));
}

static struct proto_session *find(struct proto *p, uint32_t index)
{
	struct proto_session *all[] = { &p->current, &p->next, &p->previous };

	for (size_t i = 0; index && i < ARRAY_SIZE(all); i++)
		if (all[i]->index == index)
			return all[i];
	return NULL;
}

static uint32_t new_index(struct proto *p)
{
	uint32_t index;

	do {
		randombytes_buf(&index, sizeof(index));
	} while (!index || find(p, index) || index == p->handshake.index);
	return index;
}

/* New keys take the place of the old, which stay for packets on their way. */
static void adopt(struct proto *p, struct proto_session *session)
{
	p->previous = p->current;
	p->current = *session;
	sodium_memzero(session, sizeof(*session));
	p->sessions++;
}

/* Marks @counter as seen; false if it was, or is too old to tell (RFC 6479) */
static bool window_take(struct proto_session *s, uint64_t counter)
{
	uint64_t bit = 1ULL << counter % 64;
	uint64_t *word = &s->window[counter / 64 % ARRAY_SIZE(s->window)];

	if (counter >= s->newest) {
		/* words between the newest and this have not been seen */
		uint64_t from = s->newest ? (s->newest - 1) / 64 + 1 : 0;

		for (uint64_t i = 0; from + i <= counter / 64 && i < ARRAY_SIZE(s->window); i++)
			s->window[(from + i) % ARRAY_SIZE(s->window)] = 0;
		s->newest = counter + 1;
	} else if (s->newest - 1 - counter >= PROTO_WINDOW - 64) {
		return false;
	}
	if (*word & bit)
		return false;
	*word |= bit;
	return true;
}

bool proto_seal(struct proto *p, uint64_t now, enum proto_kind kind, uint8_t *data, size_t len)
{
	uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];
	uint8_t *head = data - PROTO_HEAD;
	uint8_t key[PROTO_KEY];
	bool ready;

	pthread_mutex_lock(&p->lock);
	ready = usable(p, &p->current, now);
	if (ready) {
		memset(head, 0, PROTO_HEAD);
		head[0] = TYPE_DATA;
		head[1] = kind;
		put32(head + 4, p->current.peer_index);
		put64(head + 8, p->current.sent);
		make_nonce(p->current.sent++, nonce);
		memcpy(key, p->current.send, sizeof(key));
		p->sent = now;
		p->confirm = false;
	}
	pthread_mutex_unlock(&p->lock);
	if (!ready)
		return false;

	crypto_aead_xchacha20poly1305_ietf_encrypt(data, NULL, data, len, head, PROTO_HEAD,
						   NULL, nonce, key);
	sodium_memzero(key, sizeof(key));
	return true;
}

static enum proto_verdict open_data(struct proto *p, uint64_t now, uint8_t *message, size_t len,
				    struct proto_got *got)
{
	uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];
	uint32_t index = get32(message + 4);
	uint64_t counter = get64(message + 8);
	uint8_t *data = message + PROTO_HEAD;
	struct proto_session *s;
	uint8_t key[PROTO_KEY];
	int bad;

	pthread_mutex_lock(&p->lock);
	s = find(p, index);
	if (s && now - s->born >= life(p))
		s = NULL;
	if (s)
		memcpy(key, s->receive, sizeof(key));
	pthread_mutex_unlock(&p->lock);
	if (!s)
		return PROTO_UNKNOWN;
	/* a counter that leaves no room for the next: no sender gets there */
	if (counter >= 1ULL << 62)
		return PROTO_FORGED;

	make_nonce(counter, nonce);
	bad = crypto_aead_xchacha20poly1305_ietf_decrypt(data, NULL, NULL, data,
							 len - PROTO_HEAD, message, PROTO_HEAD,
							 nonce, key);
	sodium_memzero(key, sizeof(key));
	if (bad)
		return PROTO_FORGED;

	pthread_mutex_lock(&p->lock);
	/* another thread may have moved it, or may just have dropped it */
	s = find(p, index);
	if (s) {
		got->newest = counter >= s->newest && s != &p->previous;
		if (!window_take(s, counter)) {
			pthread_mutex_unlock(&p->lock);
			return PROTO_REPLAYED;
		}
		p->received = now;
		if (s == &p->next)
			adopt(p, s);
	}
	pthread_mutex_unlock(&p->lock);
	if (!s)
		return PROTO_UNKNOWN;
	got->kind = message[1];
	got->data = data;
	got->len = len - PROTO_OVERHEAD;
	return got->kind == KIND_KEEPALIVE ? PROTO_ALIVE : PROTO_DATA;
}

/* Curve arithmetic is what a flood of replayed hellos could make us waste time on. */
static bool hello_room(struct proto *p, uint64_t now)
{
	uint64_t more = (now - p->hello_filled) / (SECOND / HELLO_ROOM);

	if (more) {
		p->hello_room = more > HELLO_ROOM - p->hello_room ? HELLO_ROOM :
				p->hello_room + more;
		p->hello_filled = now;
	}
	if (!p->hello_room)
		return false;
	p->hello_room--;
	return true;
}

static enum proto_verdict open_hello(struct proto *p, uint64_t now, const uint8_t *message,
				     struct proto_got *got)
{
	struct proto_session session;
	uint64_t wall;

	if (p->config.connects)
		return PROTO_GARBAGE;
	if (!shake_mac_good(p->mac, message, PROTO_HELLO))
		return PROTO_FORGED;
	if (!hello_room(p, now))
		return PROTO_LIMITED;
	if (!shake_answer(p, message, new_index(p), &session, &wall, got->reply))
		return PROTO_FORGED;
	if (wall <= p->hello_time) {
		sodium_memzero(&session, sizeof(session));
		sodium_memzero(got->reply, sizeof(got->reply));
		return PROTO_REPLAYED;
	}
	p->hello_time = wall;
	session.born = now;
	p->next = session;
	sodium_memzero(&session, sizeof(session));
	got->reply_len = PROTO_ANSWER;
	return PROTO_REPLY;
}

static enum proto_verdict open_answer(struct proto *p, uint64_t now, const uint8_t *message)
{
	struct proto_session session;

	if (!p->config.connects)
		return PROTO_GARBAGE;
	if (!shake_mac_good(p->mac, message, PROTO_ANSWER))
		return PROTO_FORGED;
	if (!p->handshake.index || get32(message + 8) != p->handshake.index)
		return PROTO_UNKNOWN;
	if (!shake_finish(p, message, &session))
		return PROTO_FORGED;
	sodium_memzero(&p->handshake, sizeof(p->handshake));
	session.born = now;
	adopt(p, &session);
	p->received = now;
	p->hello_wait = 0;
	p->confirm = true;
	return PROTO_READY;
}

enum proto_verdict proto_open(struct proto *p, uint64_t now, uint8_t *message, size_t len,
			      struct proto_got *got)
{
	enum proto_verdict verdict = PROTO_GARBAGE;

	memset(got, 0, sizeof(*got));
	if (len < 4 || message[2] || message[3])
		return PROTO_GARBAGE;
	if (message[0] == TYPE_DATA)
		return len < PROTO_OVERHEAD || message[1] >= KINDS ? PROTO_GARBAGE :
		       open_data(p, now, message, len, got);
	if (message[1])
		return PROTO_GARBAGE;
	pthread_mutex_lock(&p->lock);
	if (message[0] == TYPE_HELLO && len == PROTO_HELLO)
		verdict = open_hello(p, now, message, got);
	else if (message[0] == TYPE_ANSWER && len == PROTO_ANSWER)
		verdict = open_answer(p, now, message);
	pthread_mutex_unlock(&p->lock);
	return verdict;
}

static bool heard(const struct proto *p, uint64_t now)
{
	return now - p->received < 3 * p->config.keepalive;
}

static bool wants_hello(const struct proto *p, uint64_t now)
{
	if (!p->config.connects || (p->hello_wait && now - p->hello_sent < p->hello_wait))
		return false;
	return !usable(p, &p->current, now) || now - p->current.born >= p->config.rekey ||
	       p->current.sent >= p->sent_max / 2 || !heard(p, now);
}

static size_t say_hello(struct proto *p, uint64_t now, uint64_t wall, uint8_t *out)
{
	uint64_t wait = p->hello_wait ? 2 * p->hello_wait : SECOND;

	if (wait > HELLO_WAIT_MAX)
		wait = HELLO_WAIT_MAX;
	p->hello_sent = now;
	/* several peers that lost the same network need not come back at once */
	p->hello_wait = wait + randombytes_uniform(SECOND / 8);
	/* two hellos of one clock tick must differ, too */
	p->hello_time = wall > p->hello_time ? wall : p->hello_time + 1;
	return shake_hello(p, p->hello_time, new_index(p), out) ? PROTO_HELLO : 0;
}

static void forget_old(struct proto *p, uint64_t now)
{
	struct proto_session *all[] = { &p->current, &p->next, &p->previous };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i]->index && now - all[i]->born >= life(p))
			sodium_memzero(all[i], sizeof(*all[i]));
}

size_t proto_tick(struct proto *p, uint64_t now, uint64_t wall, uint8_t out[PROTO_OUT])
{
	bool alive = false;
	size_t len = 0;

	pthread_mutex_lock(&p->lock);
	forget_old(p, now);
	if (wants_hello(p, now))
		len = say_hello(p, now, wall, out);
	else if (usable(p, &p->current, now))
		alive = p->confirm || now - p->sent >= p->config.keepalive;
	pthread_mutex_unlock(&p->lock);
	if (alive && proto_seal(p, now, KIND_KEEPALIVE, out + PROTO_HEAD, 0))
		len = PROTO_OVERHEAD;
	return len;
}

bool proto_alive(struct proto *p, uint64_t now)
{
	bool alive;

	pthread_mutex_lock(&p->lock);
	alive = usable(p, &p->current, now) && heard(p, now);
	pthread_mutex_unlock(&p->lock);
	return alive;
}
