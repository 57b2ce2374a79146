// SPDX-License-Identifier: GPL-2.0
/*
 * A world is a process with two network namespaces of its own that runs the
 * sequences it is told to, on one driver. It keeps its namespaces: behind each
 * sequence, files are closed and devices deleted.
 */
#define _GNU_SOURCE
#include <grp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "diff.h"

#define STUCK 300000 /* ms without an operation; a busy host makes them short */

static const char *const stock_node = "/dev/net/tun";

bool pair_possible(char *why, size_t len)
{
	int fd;

	if (!tun_is_tunx() || !strcmp(tun_node(), stock_node)) {
		snprintf(why, len, "compares tunx with stock: selftests/run, --on both");
		return false;
	}
	fd = open(stock_node, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		snprintf(why, len, "needs the stock driver as well: modprobe tun");
	else
		close(fd);
	return fd >= 0;
}

static int packet_of_all(void)
{
	int fd = must(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	int one = 1, big = 32 << 20;

	must(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)));
	must(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big)));
	must(setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &big, sizeof(big)));
	return fd;
}

static int watch_all(void)
{
	struct sockaddr_ll sll = { .sll_family = AF_PACKET, .sll_protocol = htobe16(ETH_P_ALL) };
	int fd = packet_of_all(), one = 1;

	must(setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)));
	must(bind(fd, (struct sockaddr *)&sll, sizeof(sll)));
	return fd;
}

static int rtnetlink(void)
{
	return must(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
}

static void world_make(struct world *w)
{
	int i;

	netns_new();
	w->home = netns_open();
	w->other = netns_another();
	w->route[0] = rtnetlink();
	w->watch = watch_all();
	w->send = packet_of_all();
	must(setns(w->other, CLONE_NEWNET));
	w->route[1] = rtnetlink();
	must(setns(w->home, CLONE_NEWNET));
	for (i = 0; i < FDS; i++)
		w->fd[i] = -1;
	must(setgroups(0, NULL));
	signal(SIGIO, SIG_IGN);
}

static void delete_one(const char *name, void *arg)
{
	struct nl_reply reply;

	(void)arg;
	must(nl_dellink(name, &reply));
}

static void world_reset(struct world *w)
{
	int i;

	for (i = 0; i < FDS; i++) {
		if (w->fd[i] >= 0)
			close(w->fd[i]);
		w->fd[i] = -1;
	}
	state_names(w->route[0], delete_one, NULL);
	must(setns(w->other, CLONE_NEWNET));
	state_names(w->route[1], delete_one, NULL);
	must(setns(w->home, CLONE_NEWNET));
	state_seen(w);
}

static void world_run(struct world *w, const struct sequence *s)
{
	struct record *rec = w->rec;
	int i;

	rec->len = 0;
	rec->done = 0;
	for (i = 0; i < s->n; i++) {
		rec->start[i] = rec->len;
		op_run(w, &s->op[i]);
		rec->start[i + 1] = rec->len;
		__atomic_store_n(&rec->done, i + 1, __ATOMIC_RELEASE);
	}
}

static void world_main(struct side *side, const struct sequence *s, const char *node,
		       const char *kind, int in, int out)
{
	struct world w = { .node = node, .kind = kind, .rec = side->rec };
	size_t len;
	char c;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	world_make(&w);
	while (read(in, &c, 1) == 1) {
		world_run(&w, s);
		/* What the reset sees is nobody's business */
		len = w.rec->len;
		world_reset(&w);
		w.rec->len = len;
		must(write(out, &c, 1));
	}
	_exit(0);
}

static void side_start(struct side *side, const struct sequence *s, const char *node,
		       const char *kind)
{
	int to[2], from[2];

	must(pipe2(to, O_CLOEXEC));
	must(pipe2(from, O_CLOEXEC));
	fflush(stdout);
	side->pid = must(fork());
	if (!side->pid) {
		close(to[1]);
		close(from[0]);
		world_main(side, s, node, kind, to[0], from[1]);
	}
	close(to[0]);
	close(from[1]);
	side->to = to[1];
	side->from = from[0];
}

/* A process that hangs in the kernel for good is left behind. */
static void side_stop(struct side *side)
{
	int i;

	close(side->to);
	close(side->from);
	kill(side->pid, SIGKILL);
	for (i = 0; i < 1000 && !waitpid(side->pid, NULL, WNOHANG); i++)
		usleep(5000);
}

void pair_start(struct pair *p)
{
	if (!p->seq) {
		p->seq = mmap(NULL, sizeof(*p->seq), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		p->stock.rec = mmap(NULL, sizeof(struct record), PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		p->tunx.rec = mmap(NULL, sizeof(struct record), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (p->seq == MAP_FAILED || p->stock.rec == MAP_FAILED ||
		    p->tunx.rec == MAP_FAILED)
			bail("no memory for records");
	}
	side_start(&p->stock, p->seq, stock_node, "tun");
	side_start(&p->tunx, p->seq, tun_node(), tun_kind());
}

void pair_stop(struct pair *p)
{
	side_stop(&p->stock);
	side_stop(&p->tunx);
}

/* Waits until a side says it is done; false when it stands still, or died. */
static bool side_wait(struct side *side)
{
	struct pollfd p = { .fd = side->from, .events = POLLIN };
	int done = -1, now;
	char c;

	for (;;) {
		if (poll(&p, 1, STUCK))
			return read(side->from, &c, 1) == 1;
		now = __atomic_load_n(&side->rec->done, __ATOMIC_ACQUIRE);
		if (now == done)
			return false;
		done = now;
	}
}

enum ended pair_run(struct pair *p, const struct sequence *s)
{
	ssize_t stock, tunx;

	*p->seq = *s;
	p->stock.rec->done = 0;
	p->tunx.rec->done = 0;
	/* A world that died is noticed below */
	signal(SIGPIPE, SIG_IGN);
	stock = write(p->stock.to, "", 1);
	tunx = write(p->tunx.to, "", 1);
	if (stock != 1 || !side_wait(&p->stock))
		return STOCK_HUNG;
	if (tunx != 1 || !side_wait(&p->tunx))
		return TUNX_HUNG;
	return BOTH_DONE;
}
