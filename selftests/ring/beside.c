// SPDX-License-Identifier: GPL-2.0
/*
 * Beside a shared ring: XDP programs, several senders at once, a second process at
 * the same ring that is killed. Nothing is lost and not counted.
 *
 * Timeout: 200 s
 */
#define _GNU_SOURCE
#include <linux/if_ether.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include "bpf.h"
#include "shared.h"

#define SMALL	TUNX_RING_MIN
#define XDP	BPF_PROG_TYPE_XDP
#define NATIVE	XDP_FLAGS_DRV_MODE
#define SENDERS	3
#define EACH	5000

static const struct tunx_ring_setup both = { .to_user = SMALL, .to_stack = SMALL };
static unsigned char frame[300];
static struct shared r;

static void end(void)
{
	shared_unmap(&r);
	close(r.fd);
}

static void attach(const char *name, int prog)
{
	must(prog);
	must(xdp_attach(name, prog, NATIVE));
	close(prog);
}

static int write_one(void)
{
	struct tunx_rec rec = { .off8 = REC / 8, .len = sizeof(frame) };

	return shared_write(&r, rec, frame) ? shared_flush_out(&r) : -1;
}

static bool comes_back(void *arg)
{
	const struct tunx_rec *rec = shared_peek(&r);
	bool same;

	(void)arg;
	if (!rec)
		return false;
	same = rec->len == sizeof(frame) && !memcmp(shared_frame(rec), frame, sizeof(frame));
	shared_take(&r);
	shared_flush_in(&r);
	return same;
}

static void programs(void)
{
	int fd = tun_new("rb1", IFF_TAP | IFF_NO_PI);
	long before;

	shared_new(&r, "rb0", IFF_TAP | IFF_NO_PI, both);
	memset(frame, 0xff, ETH_ALEN);
	memset(frame + ETH_ALEN, 2, ETH_ALEN);
	frame[12] = 0x88;
	frame[13] = 0xb5;	/* for experiments: nobody else sends it */
	pkt_fill(frame + ETH_HLEN, sizeof(frame) - ETH_HLEN, 1);

	before = if_stat("rb0", "rx_packets");
	attach("rb0", BPF_PROG_RETURN(XDP, XDP_PASS));
	is(write_one(), 0, "a frame for XDP_PASS");
	is(if_stat("rb0", "rx_packets") - before, 1, "the stack has it");
	attach("rb0", BPF_PROG_RETURN(XDP, XDP_DROP));
	is(write_one(), 0, "a frame for XDP_DROP");
	is(if_stat("rb0", "rx_packets") - before, 1, "the stack has it not");
	attach("rb0", BPF_PROG_RETURN(XDP, XDP_TX));
	shared_drain(&r);
	is(write_one(), 0, "a frame for XDP_TX");
	ok(wait_until(comes_back, NULL, 5000), "it comes back in the other ring");
	must(xdp_attach("rb0", -1, NATIVE));

	must(if_up("rb1"));
	settle(fd, "rb1");
	attach("rb1", BPF_PROG(XDP, BPF_MOV_IMM(BPF_REG_1, (int)if_nametoindex("rb0")),
			       BPF_MOV_IMM(BPF_REG_2, 0), BPF_HELPER(BPF_FUNC_redirect),
			       BPF_LEAVE));
	shared_drain(&r);
	is(write(fd, frame, sizeof(frame)), (long)sizeof(frame), "a frame for XDP_REDIRECT");
	ok(wait_until(comes_back, NULL, 5000), "it comes to the ring");
	close(fd);
	end();
}

struct sender {
	pthread_t thread;
	unsigned int port, next;
};

static void *send_all(void *arg)
{
	const struct sender *me = arg;
	int s = packet_socket("rb2", SOCK_DGRAM, 0);
	unsigned char pkt[100];
	unsigned int i;
	size_t len;

	for (i = 0; i < EACH; i++) {
		len = pkt_udp4(pkt, "10.1.1.1", "10.1.1.2", me->port, 2000, &i, sizeof(i));
		while (packet_send(s, ETH_P_IP, pkt, len) < 0)
			must(poll(&(struct pollfd){ .fd = s, .events = POLLOUT }, 1, 10000));
	}
	close(s);
	return NULL;
}

/* Whose, and is it the one whose turn it is */
static bool in_turn(struct sender *senders, const struct tunx_rec *rec)
{
	const unsigned char *p = shared_frame(rec);
	unsigned int who = p[20] << 8 | p[21], n;

	memcpy(&n, p + 28, sizeof(n));
	if (rec->len != 28 + sizeof(n) || who < 1000 || who >= 1000 + SENDERS)
		return false;
	return senders[who - 1000].next++ == n;
}

static void many_senders(void)
{
	struct sender senders[SENDERS] = {};
	unsigned int i, all = 0, good = 0;
	long sent, dropped;

	shared_new(&r, "rb2", IFF_TUN | IFF_NO_PI, both);
	/* One that takes what the senders may have under way, and drops nothing late */
	if (system("tc qdisc replace dev rb2 root pfifo limit 10000"))
		bail("tc qdisc");
	sent = if_stat("rb2", "tx_packets");
	dropped = if_stat("rb2", "tx_dropped");
	for (i = 0; i < SENDERS; i++) {
		senders[i].port = 1000 + i;
		must(-pthread_create(&senders[i].thread, NULL, send_all, &senders[i]));
	}
	while (all < SENDERS * EACH && shared_wait(&r, 10000 * tun_slow())) {
		for (; shared_peek(&r); all++) {
			good += in_turn(senders, shared_peek(&r));
			shared_take(&r);
		}
		shared_flush_in(&r);
	}
	for (i = 0; i < SENDERS; i++)
		pthread_join(senders[i].thread, NULL);
	is(all, SENDERS * EACH, "all frames of several senders at once");
	is(good, SENDERS * EACH, "those of each are whole, and in order");
	is(if_stat("rb2", "tx_packets") - sent, SENDERS * EACH, "each is counted");
	is(if_stat("rb2", "tx_dropped") - dropped, 0, "none is lost");
	printf("# measured: frames of %d senders at once into one ring: %u frames\n", SENDERS, all);
	end();
}

/* Reads with a mapping of its own, until it is killed */
static void second_process(int fd)
{
	struct shared mine;

	shared_map(&mine, fd, &both);
	mine.taken = mine.program->to_user_taken;
	while (shared_wait(&mine, 10000))
		shared_drain(&mine);
	_exit(1);
}

static bool child_reads(void *arg)
{
	(void)arg;
	must(stack_send("rb3", 100, 1));
	return r.program->to_user_taken != r.taken;
}

static void processes(void)
{
	struct tunx_rec rec = { .off8 = REC / 8 };
	unsigned int i, good = 0, written = 0;
	long before;
	int status;
	pid_t pid;

	shared_new(&r, "rb3", IFF_TUN | IFF_NO_PI, both);
	before = if_stat("rb3", "rx_packets");
	rec.len = pkt_udp4(frame, "10.1.1.2", "10.1.1.1", 1, 2, NULL, 20);
	for (i = 0; i < 20; i++) {
		pid = must(fork());
		if (!pid)
			second_process(r.fd);
		good += wait_until(child_reads, NULL, 10000);
		for (; written < (i + 1) * 100; written++)
			if (!shared_write(&r, rec, frame) || shared_flush_out(&r))
				break;
		must(kill(pid, SIGKILL));
		must(waitpid(pid, &status, 0));
		r.taken = r.program->to_user_taken;
		shared_drain(&r);
	}
	is(good, 20, "another process reads, and is killed");
	is(written, 2000, "while this one writes");
	is(if_stat("rb3", "rx_packets") - before, 2000, "and the stack has it all");
	is(r.kernel->state, TUNX_RING_RUNNING, "the ring goes on");
	must(stack_send("rb3", 100, 1));
	is(shared_drain(&r), 1, "with the one that is left");
	end();
}

int main(void)
{
	ktap_begin();
	if (!tun_is_tunx()) {
		skip("stock has no shared rings", "what is beside them");
		return ktap_end();
	}
	netns_new();
	programs();
	many_senders();
	processes();
	return ktap_end();
}
