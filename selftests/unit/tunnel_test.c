// SPDX-License-Identifier: GPL-2.0
/*
 * The tunnel's protocol in user space, both sides in one program: keys, data,
 * what is altered, repeated, late or made up, new keys, restarts. The clock is
 * a variable. Built with the address and undefined-behaviour sanitizers.
 */
#include <sodium.h>
#include <stdint.h>
#include <sys/socket.h>

#include "ktap.h"
#include "tunnel_mss.h"
#include "tunnel_proto.h"

#define SECOND	1000000000ULL
#define WALL	(1700000000 * SECOND)
#define ROOM	2048

/* A message on its way, at the place where proto_seal() makes it */
struct message {
	uint8_t bytes[PROTO_HEAD + ROOM + PROTO_TAG];
	size_t len;
};

static struct proto a, b;	/* connects, listens */
static uint64_t now = 1000 * SECOND;

static void configure(struct proto_config *ca, struct proto_config *cb, bool statics)
{
	*ca = (struct proto_config){ .connects = true, .statics = statics,
				     .rekey = 120 * SECOND, .keepalive = 10 * SECOND };
	*cb = *ca;
	cb->connects = false;
	if (statics) {
		randombytes_buf(ca->secret, PROTO_KEY);
		randombytes_buf(cb->secret, PROTO_KEY);
		crypto_scalarmult_base(ca->public, ca->secret);
		crypto_scalarmult_base(cb->public, cb->secret);
		memcpy(ca->peer, cb->public, PROTO_KEY);
		memcpy(cb->peer, ca->public, PROTO_KEY);
	} else {
		randombytes_buf(ca->psk, PROTO_KEY);
		memcpy(cb->psk, ca->psk, PROTO_KEY);
	}
}

static enum proto_verdict open_message(struct proto *p, struct message *m, struct proto_got *got)
{
	return proto_open(p, now, m->bytes, m->len, got);
}

static bool tick(struct proto *p, struct message *m)
{
	m->len = proto_tick(p, now, WALL + now, m->bytes);
	return m->len;
}

static bool seal(struct proto *p, struct message *m, const void *data, size_t len)
{
	memcpy(m->bytes + PROTO_HEAD, data, len);
	m->len = len + PROTO_OVERHEAD;
	return proto_seal(p, now, KIND_PACKET, m->bytes + PROTO_HEAD, len);
}

/* Hello, answer, confirmation: both have keys. */
static bool meet(void)
{
	struct proto_got got;
	struct message m;

	if (!tick(&a, &m) || open_message(&b, &m, &got) != PROTO_REPLY)
		return false;
	memcpy(m.bytes, got.reply, got.reply_len);
	m.len = got.reply_len;
	if (open_message(&a, &m, &got) != PROTO_READY)
		return false;
	return tick(&a, &m) && open_message(&b, &m, &got) == PROTO_ALIVE;
}

static void fresh(bool statics)
{
	struct proto_config ca, cb;

	configure(&ca, &cb, statics);
	proto_start(&a, &ca, now);
	proto_start(&b, &cb, now);
}

static void stop(void)
{
	proto_end(&a);
	proto_end(&b);
}

/* One packet from one side to the other arrives as it was */
static bool carries(struct proto *from, struct proto *to)
{
	uint8_t packet[1400];
	struct proto_got got;
	struct message m;

	randombytes_buf(packet, sizeof(packet));
	return seal(from, &m, packet, sizeof(packet)) &&
	       open_message(to, &m, &got) == PROTO_DATA && got.kind == KIND_PACKET &&
	       got.len == sizeof(packet) && !memcmp(got.data, packet, sizeof(packet));
}

static void plain(const char *keys, bool statics)
{
	struct message m;

	fresh(statics);
	ok(!seal(&a, &m, "x", 1) && !seal(&b, &m, "x", 1),
	   "%s: without a session nothing is sealed", keys);
	ok(meet(), "%s: hello, answer, confirmation", keys);
	ok(carries(&a, &b) && carries(&b, &a), "%s: packets both ways", keys);
	ok(proto_alive(&a, now) && proto_alive(&b, now),
	   "%s: both know that the other is there", keys);
	ok(memcmp(a.current.send, b.current.receive, PROTO_KEY) == 0 &&
	   memcmp(a.current.send, a.current.receive, PROTO_KEY) != 0,
	   "%s: a key for each direction", keys);
	stop();
}

/* No bit of a message may change: neither of what is sealed nor of the head */
static void altered(void)
{
	int taken = 0, tried = 0, hellos = 0, answers = 0;
	struct message good, hello, m;
	struct proto_got got, reply;

	fresh(true);
	tick(&a, &hello);
	for (size_t bit = 0; bit < hello.len * 8; bit++) {
		m = hello;
		m.bytes[bit / 8] ^= 1 << bit % 8;
		now += SECOND / 10;
		hellos += open_message(&b, &m, &got) == PROTO_REPLY;
	}
	is(hellos, 0, "no hello with a bit changed is answered, of %zu", hello.len * 8);
	is(open_message(&b, &hello, &reply), PROTO_REPLY, "the true one is");
	for (size_t bit = 0; bit < reply.reply_len * 8; bit++) {
		memcpy(m.bytes, reply.reply, reply.reply_len);
		m.len = reply.reply_len;
		m.bytes[bit / 8] ^= 1 << bit % 8;
		answers += open_message(&a, &m, &got) == PROTO_READY;
	}
	is(answers, 0, "no answer with a bit changed is believed, of %zu", reply.reply_len * 8);
	memcpy(m.bytes, reply.reply, reply.reply_len);
	m.len = reply.reply_len;
	is(open_message(&a, &m, &got), PROTO_READY, "the true one still is");
	is(open_message(&a, &m, &got), PROTO_UNKNOWN, "but not twice");

	ok(seal(&a, &good, "some packet", 11), "a packet");
	for (size_t bit = 0; bit < good.len * 8; bit++, tried++) {
		m = good;
		m.bytes[bit / 8] ^= 1 << bit % 8;
		taken += open_message(&b, &m, &got) <= PROTO_READY;
	}
	is(taken, 0, "no packet with a bit changed is taken, of %d", tried);
	for (size_t len = 0; len < good.len; len++) {
		m = good;
		m.len = len;
		taken += open_message(&b, &m, &got) <= PROTO_READY;
	}
	is(taken, 0, "no packet that is cut off is taken");
	is(open_message(&b, &good, &got), PROTO_DATA, "the true one is, after all that");
	stop();
}

static void repeated(void)
{
	static struct message late[PROTO_WINDOW + 200];
	int once = 0, twice = 0, n = PROTO_WINDOW + 200;
	struct message hello, m;
	struct proto_got got;

	fresh(false);
	ok(meet(), "sessions");
	for (int i = 0; i < n; i++)
		seal(&a, &late[i], &i, sizeof(i));
	/* a permutation of the last thousand: 611 has no divisor in common with it */
	for (int i = 0; i < 1000; i++) {
		m = late[n - 1000 + i * 611 % 1000];
		once += open_message(&b, &m, &got) == PROTO_DATA;
	}
	is(once, 1000, "packets in disorder all arrive");
	for (int i = 0; i < 1000; i++) {
		m = late[n - 1000 + i];
		twice += open_message(&b, &m, &got) == PROTO_REPLAYED;
	}
	is(twice, 1000, "and none twice");
	m = late[n - PROTO_WINDOW + 64];
	is(open_message(&b, &m, &got), PROTO_DATA, "one that is as late as the window is wide");
	ok(!got.newest, "does not tell where the peer is");
	m = late[10];
	is(open_message(&b, &m, &got), PROTO_REPLAYED,
	   "one that is later is not taken, though new");

	/* far ahead: nothing of before may be taken for new, nor for old */
	b.current.newest = 0;
	memset(b.current.window, 0, sizeof(b.current.window));
	a.current.sent = 5000000;
	seal(&a, &late[0], "y", 1);
	m = late[0];
	is(open_message(&b, &m, &got), PROTO_DATA, "a leap of the counter");
	m = late[0];
	is(open_message(&b, &m, &got), PROTO_REPLAYED, "not twice");

	now += 121 * SECOND;
	tick(&a, &hello);
	m = hello;
	is(open_message(&b, &m, &got), PROTO_REPLY, "a hello");
	m = hello;
	is(open_message(&b, &m, &got), PROTO_REPLAYED, "is not answered twice");
	stop();
}

static void made_up(void)
{
	int believed = 0, limited = 0, answered = 0;
	struct proto_config other, unused;
	struct message m;
	struct proto_got got;

	fresh(true);
	ok(meet(), "sessions");
	for (int i = 0; i < 200000; i++) {
		m.len = randombytes_uniform(200);
		randombytes_buf(m.bytes, m.len);
		if (i % 2 && m.len > 4) {
			m.bytes[0] = 1 + i / 2 % 3;
			memset(m.bytes + 1, 0, 3);
			if (m.bytes[0] < 3)
				m.len = m.bytes[0] == 1 ? PROTO_HELLO : PROTO_ANSWER;
			else if (m.len >= 8)
				memcpy(m.bytes + 4, &b.current.index, 4);
		}
		believed += open_message(i & 4 ? &a : &b, &m, &got) <= PROTO_READY;
	}
	is(believed, 0, "of 200,000 messages made up none is believed");
	ok(carries(&a, &b) && carries(&b, &a), "packets pass as before");
	stop();

	fresh(true);
	configure(&other, &unused, true);
	memcpy(other.peer, b.config.public, PROTO_KEY);
	proto_end(&a);
	proto_start(&a, &other, now);
	tick(&a, &m);
	is(open_message(&b, &m, &got), PROTO_FORGED,
	   "the hello of a stranger who knows our public key");
	stop();

	/* who has recorded hellos cannot keep us busy with them */
	fresh(false);
	tick(&a, &m);
	for (int i = 0; i < 1000; i++) {
		struct message copy = m;

		switch (open_message(&b, &copy, &got)) {
		case PROTO_LIMITED:
			limited++;
			break;
		case PROTO_REPLY:
			answered++;
			break;
		default:
			break;
		}
	}
	ok(answered == 1 && limited > 900,
	   "a flood of one hello: %d answered, %d not looked at", answered, limited);
	now += 2 * SECOND;
	ok(meet(), "after a while there is room again");
	stop();
}

static void keys_change(void)
{
	struct message old, hello, answer, m;
	uint32_t before;
	struct proto_got got;

	fresh(true);
	ok(meet(), "sessions");
	before = a.current.index;
	now += 119 * SECOND;
	a.received = now;
	tick(&a, &m);
	ok(m.len != PROTO_HELLO, "keys of 119 seconds are good");
	now += 2 * SECOND;
	a.received = now;
	b.received = now;
	seal(&a, &old, "on its way", 10);
	ok(tick(&a, &hello) && hello.len == PROTO_HELLO, "keys of 121 seconds: hello");
	is(open_message(&b, &hello, &got), PROTO_REPLY, "is answered");
	memcpy(answer.bytes, got.reply, got.reply_len);
	answer.len = got.reply_len;
	ok(carries(&a, &b) && carries(&b, &a), "meanwhile the old keys are used");
	is(open_message(&a, &answer, &got), PROTO_READY, "the answer");
	ok(carries(&b, &a), "what the listening side still seals with the old keys arrives");
	ok(carries(&a, &b), "the first packet with the new ones");
	ok(a.current.index != before && b.current.peer_index == a.current.index,
	   "both use the new keys");
	is(open_message(&b, &old, &got), PROTO_DATA, "a packet of before arrives late");
	ok(!got.newest, "and does not tell where the peer is");
	is(a.sessions, 2, "two sessions");
	now += 1000 * SECOND;
	tick(&b, &m);
	ok(!seal(&b, &m, "x", 1) && !b.current.index && !b.previous.index,
	   "keys end when nobody makes new ones");
	stop();

	fresh(false);
	meet();
	a.sent_max = 100;
	for (int i = 0; i < 60; i++)
		seal(&a, &m, "x", 1);
	ok(tick(&a, &m) && m.len == PROTO_HELLO, "many packets: hello, too");
	for (int i = 0; i < 60; i++)
		seal(&a, &m, "x", 1);
	ok(!seal(&a, &m, "x", 1), "a key is not used beyond its packets");
	stop();
}

static void lost(void)
{
	int lost_hellos = 0;
	uint64_t start = now;
	struct message m;
	struct proto_got got;

	fresh(false);
	while (now - start < 60 * SECOND) {
		lost_hellos += tick(&a, &m);
		now += SECOND / 10;
	}
	ok(lost_hellos >= 10 && lost_hellos <= 20,
	   "%d hellos in a minute without an answer", lost_hellos);
	now += 10 * SECOND;
	/* the answer is lost: another hello, another answer */
	ok(tick(&a, &m) && open_message(&b, &m, &got) == PROTO_REPLY,
	   "a hello whose answer is lost");
	now += 10 * SECOND;
	ok(meet(), "the next one");
	ok(carries(&a, &b) && carries(&b, &a), "packets both ways");

	/* silence is filled by both */
	now += 11 * SECOND;
	ok(tick(&b, &m) && open_message(&a, &m, &got) == PROTO_ALIVE,
	   "the listening side keeps alive");
	ok(tick(&a, &m) && open_message(&b, &m, &got) == PROTO_ALIVE, "the connecting side, too");
	ok(!tick(&a, &m) && !tick(&b, &m), "once is enough");
	now += 31 * SECOND;
	ok(!proto_alive(&a, now) && !proto_alive(&b, now), "silence is noticed");
	stop();
}

static void restarts(void)
{
	struct proto_config ca, cb;
	struct message m;
	struct proto_got got;

	configure(&ca, &cb, true);
	proto_start(&a, &ca, now);
	proto_start(&b, &cb, now);
	ok(meet(), "sessions");
	proto_end(&a);
	now += SECOND;
	proto_start(&a, &ca, now);
	ok(meet() && carries(&a, &b) && carries(&b, &a), "the connecting side starts anew");

	proto_end(&b);
	proto_start(&b, &cb, now);
	seal(&a, &m, "x", 1);
	is(open_message(&b, &m, &got), PROTO_UNKNOWN,
	   "the listening side starts anew, and knows no keys");
	now += 31 * SECOND;
	ok(meet() && carries(&a, &b) && carries(&b, &a),
	   "the connecting side notices, and says hello");
	stop();
}

/* Through sockets that lose, double and disorder: every packet at most once, and as it was */
static void rough_way(void)
{
	struct message held[8] = { 0 }, m;
	int sockets[2], sent = 0, got_n = 0, wrong = 0, twice = 0;
	static bool seen[20000];
	struct proto_got got;

	fresh(true);
	ok(meet(), "sessions");
	must(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, sockets));
	while (sent < 20000) {
		uint32_t word[64], dice = randombytes_uniform(100);
		struct message *slot = &held[randombytes_uniform(8)];
		ssize_t n;

		for (int i = 0; i < 64; i++)
			word[i] = sent * 2654435761u + i;
		word[0] = sent++;
		seal(&a, &m, word, sizeof(word));
		if (dice < 20)
			continue;	/* lost */
		if (dice < 30)
			m.bytes[randombytes_uniform(m.len)] ^= 1 + randombytes_uniform(255);
		/* a place in the queue, chosen at random; who was there goes */
		if (slot->len) {
			must(send(sockets[0], slot->bytes, slot->len, 0));
			if (dice > 95)
				must(send(sockets[0], slot->bytes, slot->len, 0));
		}
		*slot = m;
		while ((n = recv(sockets[1], m.bytes, sizeof(m.bytes), 0)) > 0) {
			m.len = n;
			if (open_message(&b, &m, &got) != PROTO_DATA)
				continue;
			memcpy(word, got.data, sizeof(word));
			got_n++;
			if (got.len != sizeof(word) || word[0] >= 20000) {
				wrong++;
				continue;
			}
			twice += seen[word[0]];
			seen[word[0]] = true;
			for (int i = 1; i < 64; i++)
				wrong += word[i] != word[0] * 2654435761u + i;
		}
	}
	is(wrong, 0, "what arrives is as it was sent");
	is(twice, 0, "nothing arrives twice");
	ok(got_n > 12000 && got_n < 17000,
	   "%d of 20,000 arrive, of which 20 %% were lost and 10 %% altered", got_n);
	printf("# measured: packets that a rough way let through unharmed: %d packets\n", got_n);
	close(sockets[0]);
	close(sockets[1]);
	stop();
}

static uint16_t tcp_sum(const uint8_t *packet, size_t header, size_t len)
{
	uint32_t sum = 6 + len - header;

	for (size_t i = 12; i < len; i += i == 18 ? header - 18 : 2)
		sum += packet[i] << 8 | packet[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void segment_size(bool odd)
{
	/* SYN with options: [NOP,] MSS 1460, EOL... */
	uint8_t p[48] = { 0x45, [3] = 48, [8] = 64, [9] = 6, 10, 0, 0, 1 };
	uint16_t sum;
	uint8_t cut[48];
	int changed = 0;

	p[16] = 10;
	p[19] = 2;
	p[32] = 7 << 4;
	p[33] = 2;
	p[40] = odd ? 1 : 2;
	memcpy(p + 40 + odd, "\x02\x04\x05\xb4", 4);
	sum = tcp_sum(p, 20, sizeof(p));
	p[36] = sum >> 8;
	p[37] = sum & 0xff;
	ok(!mss_clamp(p, sizeof(p), false, 1500), "a segment size that fits stays");
	ok(mss_clamp(p, sizeof(p), false, 1440), "one that does not is lowered");
	is(p[42 + odd] << 8 | p[43 + odd], 1400, "to what fits");
	is(tcp_sum(p, 20, sizeof(p)), 0, "the checksum is right");
	for (size_t len = 0; len < sizeof(p); len++) {
		memcpy(cut, p, len);
		changed += mss_clamp(cut, len, false, 600);
	}
	is(changed, 0, "a packet that is cut off is left alone");
	p[33] = 0x10;
	ok(!mss_clamp(p, sizeof(p), false, 600), "one without SYN, too");
	p[33] = 2;
	for (int i = 0; i < 100000; i++) {
		randombytes_buf(cut, sizeof(cut));
		cut[0] = i & 1 ? 0x45 : 0x60;
		cut[9] = 6;
		cut[6] = i & 1 ? 0 : 6;
		cut[7] = 0;
		mss_clamp(cut, randombytes_uniform(sizeof(cut) + 1), false, 1000);
	}
	ok(true, "100,000 made up packets do no harm");
}

int main(void)
{
	ktap_begin();
	if (sodium_init() < 0)
		bail("libsodium does not start");
	plain("pre-shared key", false);
	plain("public keys", true);
	altered();
	repeated();
	made_up();
	keys_change();
	lost();
	restarts();
	rough_way();
	segment_size(false);
	segment_size(true);
	return ktap_end();
}
