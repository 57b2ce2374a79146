// SPDX-License-Identifier: GPL-2.0
/* Operations: every ioctl with good, edge and bad arguments. */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/sockios.h>
#include <net/if_arp.h>
#include <sys/stat.h>
#include "../bpf.h"
#include "diff.h"

int socket_progs[PROGS], xdp_progs[PROGS];
const int socket_returns[PROGS] = { 0, 1, 20, 60, -1 };
const int xdp_returns[PROGS] = { XDP_PASS, XDP_DROP, XDP_TX, XDP_ABORTED, 99 };

/* Loaded once, inherited by all worlds. */
void progs_load(void)
{
	int i;

	for (i = 0; i < PROGS; i++) {
		socket_progs[i] =
			must(BPF_PROG_RETURN(BPF_PROG_TYPE_SOCKET_FILTER, socket_returns[i]));
		xdp_progs[i] = must(BPF_PROG_RETURN(BPF_PROG_TYPE_XDP, xdp_returns[i]));
		xdp_keep(xdp_progs[i]);
	}
}

/* How the argument is passed. */
enum pass { VALUE, INT, GET, IFREQ, NETNS, PROG };

#define VALUES(...)                              \
	.values = (const long[]){ __VA_ARGS__ }, \
	.n = sizeof((const long[]){ __VA_ARGS__ }) / sizeof(long)

static const struct request {
	const char *name;
	unsigned long cmd;
	enum pass pass;
	int weight;
	const long *values;
	int n;
} requests[] = {
	{ "TUNSETNOCSUM", TUNSETNOCSUM, VALUE, 1, VALUES(0, 1) },
	{ "TUNSETDEBUG", TUNSETDEBUG, VALUE, 1, VALUES(0, 2, 4, 0x7ffe) },
	{ "TUNSETPERSIST", TUNSETPERSIST, VALUE, 8, VALUES(0, 1, 1, 2, -1) },
	{ "TUNSETOWNER", TUNSETOWNER, VALUE, 3, VALUES(0, NOBODY, NOBODY, 1000, -1) },
	{ "TUNSETGROUP", TUNSETGROUP, VALUE, 3, VALUES(0, NOBODY, NOBODY, 1000, -1) },
	{ "TUNSETLINK", TUNSETLINK, VALUE, 2,
	  VALUES(ARPHRD_ETHER, 0xfffe, ARPHRD_PPP, ARPHRD_SIT, ARPHRD_TUNNEL6, 0x10001) },
	{ "TUNSETOFFLOAD", TUNSETOFFLOAD, VALUE, 12,
	  VALUES(0, 1, 3, 5, 7, 0xb, 0xd, 0xf, 0x10, 0x11, 0x2, 0x8, 0x9, 0x61, 0x6f, 0x21, 0x41,
		 0x83, 0x81, 0xef, 0x18f, 0x1ef, 0x101, 0x200, 0x20f, -1) },
	{ "TUNSETSNDBUF", TUNSETSNDBUF, INT, 4,
	  VALUES(0, -1, 1, 2, 3, 1000, 100000, 0x7fffffff) },
	{ "TUNSETVNETHDRSZ", TUNSETVNETHDRSZ, INT, 10,
	  VALUES(10, 12, 12, 20, 24, 24, 11, 23, 25, 32, 9, 0, -1, 100, 5000, 0x7fffffff) },
	{ "TUNSETVNETLE", TUNSETVNETLE, INT, 3, VALUES(0, 1, 2, -1) },
	{ "TUNSETVNETBE", TUNSETVNETBE, INT, 1, VALUES(0, 1) },
	{ "TUNSETIFINDEX", TUNSETIFINDEX, INT, 3,
	  VALUES(0, 1, -1, 5000, 5001, 70000, 0x7fffffff) },
	{ "TUNSETCARRIER", TUNSETCARRIER, INT, 4, VALUES(0, 0, 1, 1, 256, -1) },
	{ "TUNGETFEATURES", TUNGETFEATURES, GET, 2, VALUES(0) },
	{ "TUNGETSNDBUF", TUNGETSNDBUF, GET, 3, VALUES(0) },
	{ "TUNGETVNETHDRSZ", TUNGETVNETHDRSZ, GET, 3, VALUES(0) },
	{ "TUNGETVNETLE", TUNGETVNETLE, GET, 2, VALUES(0) },
	{ "TUNGETVNETBE", TUNGETVNETBE, GET, 1, VALUES(0) },
	{ "TUNGETIFF", TUNGETIFF, IFREQ, 6, VALUES(0, 0xffff) },
	{ "TUNSETQUEUE", TUNSETQUEUE, IFREQ, 16,
	  VALUES(IFF_ATTACH_QUEUE, IFF_ATTACH_QUEUE, IFF_DETACH_QUEUE, IFF_DETACH_QUEUE,
		 IFF_ATTACH_QUEUE | IFF_DETACH_QUEUE, 0, IFF_TUN, 0xffff) },
	{ "SIOCGIFHWADDR", SIOCGIFHWADDR, IFREQ, 3, VALUES(0) },
	{ "SIOCSIFHWADDR", SIOCSIFHWADDR, IFREQ, 4,
	  VALUES(ARPHRD_ETHER, ARPHRD_ETHER, ARPHRD_ETHER | 0x10000, ARPHRD_ETHER | 0x20000,
		 0xfffe, 0) },
	{ "0x89ff", 0x89ff, IFREQ, 1, VALUES(0) },
	{ "SIOCGIFMTU", SIOCGIFMTU, IFREQ, 1, VALUES(0) },
	{ "SIOCGSKNS_", SIOCGSKNS_, NETNS, 2, VALUES(0) },
	{ "TUNGETDEVNETNS", TUNGETDEVNETNS, NETNS, 3, VALUES(0) },
	{ "TUNSETSTEERINGEBPF", TUNSETSTEERINGEBPF, PROG, 4,
	  VALUES(-1, -1, 0, 1, 2, 3, 4, 10, 11, 12) },
	{ "TUNSETFILTEREBPF", TUNSETFILTEREBPF, PROG, 4,
	  VALUES(-1, -1, -1, 0, 1, 2, 3, 4, 10, 11, 12) },
};

static const struct request *request_of(const struct op *op)
{
	return &requests[op->a % ARRAY_SIZE(requests)];
}

const char *ioctl_name(const struct op *op)
{
	return request_of(op)->name;
}

long ioctl_number(unsigned long request)
{
	struct op op = { 0 };

	while (ioctl_request(&op) != request)
		op.a++;
	return op.a;
}

bool ioctl_moves_carrier(const struct op *op)
{
	unsigned long cmd = ioctl_request(op);

	return op_is(op, "ioctl") && (cmd == TUNSETCARRIER || cmd == TUNSETQUEUE);
}

unsigned long ioctl_request(const struct op *op)
{
	return request_of(op)->cmd;
}

static void ioctl_choose(struct gen *g, struct op *op)
{
	const struct request *r;
	unsigned int i;
	int total = 0;

	for (i = 0; i < ARRAY_SIZE(requests); i++)
		total += requests[i].weight;
	total = gen_below(g, total);
	for (i = 0; total >= requests[i].weight; i++)
		total -= requests[i].weight;
	op->a = i;
	r = &requests[i];
	op->b = gen_pick(g, r->values, r->n);
	if (r->cmd == TUNSETOFFLOAD && gen_one_in(g, 4))
		op->b = gen_below(g, 1024);
	op->c = r->pass != VALUE && gen_one_in(g, 25);
	/* An address in use; the sixth byte tells them apart */
	op->d = gen_below(g, 4);
}

static void ifreq_fill(struct ifreq *ifr, const struct op *op)
{
	memset(ifr, 0, sizeof(*ifr));
	memcpy(ifr->ifr_name, "any", 3);
	if (ioctl_request(op) != SIOCSIFHWADDR) {
		ifr->ifr_flags = op->b;
		return;
	}
	ifr->ifr_hwaddr.sa_family = op->b;
	memcpy(ifr->ifr_hwaddr.sa_data, "\x02\xaa\0\0\0\0", 6);
	ifr->ifr_hwaddr.sa_data[5] = op->d;
	if (op->b >> 16 == 1)
		ifr->ifr_hwaddr.sa_data[0] = 1;
	else if (op->b >> 16 == 2)
		memset(ifr->ifr_hwaddr.sa_data, 0, 6);
}

/* A random address is another one in each world. */
static void hide_random(struct ifreq *ifr)
{
	unsigned char *mac = (unsigned char *)ifr->ifr_hwaddr.sa_data;

	if (memcmp(mac, "\x02\xaa\0\0\0", 5) && memcmp(mac, "\0\0\0\0\0\0", 6))
		memset(mac, 0xee, 6);
}

static void run_ifreq(struct world *w, const struct op *op)
{
	struct ifreq ifr;

	ifreq_fill(&ifr, op);
	note_ret(w, ioctl(w->fd[op->fd], ioctl_request(op), op->c ? BAD_PTR : &ifr));
	if (ioctl_request(op) == SIOCGIFHWADDR)
		hide_random(&ifr);
	if (ioctl_request(op) == TUNGETIFF)
		note(w, "flags", "%#x", ifr.ifr_flags & 0xffff);
	else
		note_data(w, "ifreq", &ifr, sizeof(ifr));
}

static void run_netns(struct world *w, const struct op *op)
{
	struct stat got, home, other;
	int fd = ioctl(w->fd[op->fd], ioctl_request(op), 0);

	note_ret(w, fd < 0 ? fd : 0);
	if (fd < 0)
		return;
	must(fstat(fd, &got));
	must(fstat(w->home, &home));
	must(fstat(w->other, &other));
	note(w, "netns", "%s",
	     got.st_ino == home.st_ino	? "home" :
	     got.st_ino == other.st_ino ? "other" :
					  "unknown");
	close(fd);
}

/* 10, 11: what is no such program; 12: what is no file. */
static int prog_fd(const struct op *op)
{
	return op->b < 0     ? -1 :
	       op->b < PROGS ? socket_progs[op->b] :
	       op->b == 10   ? xdp_progs[0] :
	       op->b == 11   ? 0 :
			       9999;
}

static void ioctl_run(struct world *w, const struct op *op)
{
	int fd = w->fd[op->fd], value = op->b;
	unsigned long cmd = ioctl_request(op);

	switch (request_of(op)->pass) {
	case VALUE:
		note_ret(w, ioctl(fd, cmd, op->b));
		break;
	case PROG:
		value = prog_fd(op);
		__attribute__((fallthrough));
	case INT:
		note_ret(w, ioctl(fd, cmd, op->c ? BAD_PTR : &value));
		break;
	case GET:
		value = 0x55aa;
		note_ret(w, ioctl(fd, cmd, op->c ? BAD_PTR : &value));
		note(w, ioctl_name(op), "%#x", value);
		break;
	case IFREQ:
		run_ifreq(w, op);
		break;
	case NETNS:
		run_netns(w, op);
	}
}

static void ioctl_print(FILE *f, const struct op *op)
{
	fprintf(f, "ioctl(fd[%d], %s, ", op->fd, ioctl_name(op));
	if (op->c)
		fprintf(f, "1)");
	else if (request_of(op)->pass == VALUE)
		fprintf(f, "%ld)", op->b);
	else if (request_of(op)->pass == INT)
		fprintf(f, "&(int){ %ld })", op->b);
	else if (request_of(op)->pass == PROG && op->b >= 0 && op->b < PROGS)
		fprintf(f, "&(int){ prog(BPF_PROG_TYPE_SOCKET_FILTER, %d) })",
			socket_returns[op->b]);
	else if (request_of(op)->pass == PROG)
		fprintf(f, "&(int){ %d })", op->b < 0 ? -1 : op->b == 11 ? 0 : 9999);
	else if (request_of(op)->pass == GET)
		fprintf(f, "&value)");
	else if (request_of(op)->pass == NETNS)
		fprintf(f, "0)");
	else if (ioctl_request(op) == SIOCSIFHWADDR)
		fprintf(f, "hwaddr(%ld, %ld))", op->b, op->d);
	else
		fprintf(f, "ifreq(\"any\", %#lx))", op->b);
}

/* TUNATTACHFILTER; the last two are no programs. */
static struct sock_filter classic_code[][1] = {
	{ { BPF_RET | BPF_K, 0, 0, 0 } },  { { BPF_RET | BPF_K, 0, 0, 20 } },
	{ { BPF_RET | BPF_K, 0, 0, 60 } }, { { BPF_RET | BPF_K, 0, 0, 0xffffffff } },
	{ { 0xffff, 0, 0, 0 } },
};

#define CLASSICS ((long)ARRAY_SIZE(classic_code))

static void filter_choose(struct gen *g, struct op *op)
{
	op->a = gen_one_in(g, 2) ? -1 : gen_below(g, CLASSICS + 2);
}

static void filter_run(struct world *w, const struct op *op)
{
	struct sock_fprog prog = { .len = 1, .filter = classic_code[0] };

	if (op->a == CLASSICS)
		prog.len = 0;
	else if (op->a == CLASSICS + 1)
		prog.filter = NULL;
	else if (op->a >= 0)
		prog.filter = classic_code[op->a];
	note_ret(w, ioctl(w->fd[op->fd], op->a < 0 ? TUNDETACHFILTER : TUNATTACHFILTER, &prog));
}

static void filter_print(FILE *f, const struct op *op)
{
	if (op->a < 0)
		fprintf(f, "ioctl(fd[%d], TUNDETACHFILTER, 0)", op->fd);
	else if (op->a < CLASSICS)
		fprintf(f, "ioctl(fd[%d], TUNATTACHFILTER, classic(1, %#x, %#x))", op->fd,
			classic_code[op->a][0].code, classic_code[op->a][0].k);
	else
		fprintf(f, "ioctl(fd[%d], TUNATTACHFILTER, &(struct sock_fprog){ %d, NULL })",
			op->fd, op->a > CLASSICS);
}

static void getfilter_run(struct world *w, const struct op *op)
{
	struct sock_fprog prog = { 0 };
	long i;

	note_ret(w, ioctl(w->fd[op->fd], TUNGETFILTER, &prog));
	for (i = 0; i < CLASSICS && prog.filter != classic_code[i];)
		i++;
	note(w, "filter", "%d %ld", prog.len, prog.filter ? i : -1);
}

static void getfilter_print(FILE *f, const struct op *op)
{
	fprintf(f, "ioctl(fd[%d], TUNGETFILTER, &(struct sock_fprog){ 0 })", op->fd);
}

/*
 * TUNSETTXFILTER: a its flags, b the count, c a bit for each address that is
 * multicast.
 */
static void txfilter_choose(struct gen *g, struct op *op)
{
	op->a = PICK(g, 0, 0, TUN_FLT_ALLMULTI, 0xffff);
	op->b = PICK(g, 0, 0, 1, 2, 8, 9, 12, 20);
	op->c = gen_random(g) & 0xfffff;
	if (gen_one_in(g, 2))
		op->c |= 0xfff00;
	op->d = gen_one_in(g, 30);
}

static void txfilter_run(struct world *w, const struct op *op)
{
	union {
		struct tun_filter f;
		unsigned char room[4 + 20 * 6];
	} u;
	int i;

	memset(&u, 0, sizeof(u));
	u.f.flags = op->a;
	u.f.count = op->b;
	for (i = 0; i < op->b; i++) {
		memcpy(u.room + 4 + i * 6, op->c >> i & 1 ? "\1\0\x5e\0\0\0" : "\2\xaa\0\0\0\0",
		       6);
		u.room[4 + i * 6 + 5] = i;
	}
	note_ret(w, ioctl(w->fd[op->fd], TUNSETTXFILTER, op->d ? BAD_PTR : &u));
}

static void txfilter_print(FILE *f, const struct op *op)
{
	if (op->d)
		fprintf(f, "ioctl(fd[%d], TUNSETTXFILTER, 1)", op->fd);
	else
		fprintf(f, "ioctl(fd[%d], TUNSETTXFILTER, txfilter(%#lx, %ld, %#lx))", op->fd,
			op->a, op->b, op->c);
}

const struct kind ioctl_kinds[] = {
	{ "ioctl", 330, ON_QUEUE | INHERITS, ioctl_choose, ioctl_run, ioctl_print },
	{ "filter", 12, ON_QUEUE | INHERITS, filter_choose, filter_run, filter_print },
	{ "getfilter", 5, ON_QUEUE | INHERITS, NULL, getfilter_run, getfilter_print },
	{ "txfilter", 12, ON_QUEUE | INHERITS, txfilter_choose, txfilter_run, txfilter_print },
	{ 0 }
};
