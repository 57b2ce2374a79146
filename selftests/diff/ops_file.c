// SPDX-License-Identifier: GPL-2.0
/* Operations: files come, get a device, are looked at, go. */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "diff.h"

static void open_choose(struct gen *g, struct op *op)
{
	int i;

	for (i = 0; i < FDS && !gen_one_in(g, 10); i++)
		if (g->m.fd[i] < 0) {
			op->fd = i;
			break;
		}
	op->a = gen_one_in(g, 12) ? PICK(g, O_RDONLY, O_WRONLY) : O_RDWR;
	op->b = op->who == ROOT && gen_one_in(g, 15);
}

static void open_run(struct world *w, const struct op *op)
{
	long flags = op->a | O_NONBLOCK | O_CLOEXEC;
	int fd;

	if (op->b)
		must(setns(w->other, CLONE_NEWNET));
	fd = open(w->node, flags);
	note_ret(w, fd < 0 ? fd : 0);
	if (op->b)
		must(setns(w->home, CLONE_NEWNET));
	if (fd < 0)
		return;
	if (w->fd[op->fd] >= 0)
		note(w, "close", "%d", close(w->fd[op->fd]));
	w->fd[op->fd] = fd;
}

static void open_print(FILE *f, const struct op *op)
{
	fprintf(f, "fd[%d] = open%s(node, %#lx | O_NONBLOCK)", op->fd, op->b ? "_elsewhere" : "",
		op->a);
}

static void close_run(struct world *w, const struct op *op)
{
	note_ret(w, close(w->fd[op->fd]));
	w->fd[op->fd] = -1;
}

static void close_print(FILE *f, const struct op *op)
{
	fprintf(f, "close(fd[%d])", op->fd);
}

static void dup_choose(struct gen *g, struct op *op)
{
	op->a = gen_below(g, FDS);
}

static void dup_run(struct world *w, const struct op *op)
{
	int fd;

	if (op->a == op->fd) {
		note(w, "ret", "same");
		return;
	}
	fd = dup(w->fd[op->fd]);
	note_ret(w, fd < 0 ? fd : 0);
	if (fd < 0)
		return;
	if (w->fd[op->a] >= 0)
		close(w->fd[op->a]);
	w->fd[op->a] = fd;
}

static void dup_print(FILE *f, const struct op *op)
{
	fprintf(f, "dup2(fd[%d], fd[%ld])", op->fd, op->a);
}

static void setiff_choose(struct gen *g, struct op *op)
{
	const struct model_dev *d;

	op->dev = gen_one_in(g, 25) ? gen_below(g, all_names) : gen_below(g, 3);
	d = op->dev < NAMES ? &g->m.dev[op->dev] : NULL;
	if (d && d->exists && !gen_one_in(g, 6)) {
		/* Join it */
		op->a = (d->tap ? IFF_TAP : IFF_TUN) | (d->mq ? IFF_MULTI_QUEUE : 0);
		op->a |= d->flags & (IFF_NO_PI | IFF_VNET_HDR | IFF_NAPI | IFF_NAPI_FRAGS);
		if (gen_one_in(g, 3))
			op->a ^= PICK(g, IFF_NO_PI, IFF_VNET_HDR, IFF_NAPI, IFF_ONE_QUEUE,
				      IFF_NO_CARRIER, IFF_TUN_EXCL);
	} else {
		op->a = PICK(g, IFF_TUN, IFF_TAP, IFF_TAP);
		op->a |= gen_one_in(g, 3) ? 0 : IFF_NO_PI;
		op->a |= gen_one_in(g, 2) ? 0 : IFF_VNET_HDR;
		op->a |= gen_one_in(g, 2) ? 0 : IFF_MULTI_QUEUE;
		op->a |= gen_one_in(g, 3) ? IFF_NAPI : 0;
		if (op->a & IFF_TAP && op->a & IFF_NAPI && gen_one_in(g, 2))
			op->a |= IFF_NAPI_FRAGS;
		op->a |= gen_one_in(g, 15) ? IFF_NO_CARRIER : 0;
		op->a |= gen_one_in(g, 10) ? IFF_ONE_QUEUE : 0;
		op->a |= gen_one_in(g, 15) ? IFF_TUN_EXCL : 0;
		op->a |= gen_one_in(g, 20) ? 0x0e04 & gen_random(g) : 0;
		op->a |= gen_one_in(g, 40) ? IFF_BACKPRESSURE : 0;
	}
	if (gen_one_in(g, 30))
		op->a = gen_random(g) & 0xff7f;
	op->c = gen_one_in(g, 60);
}

static void setiff_run(struct world *w, const struct op *op)
{
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	memcpy(ifr.ifr_name, names[op->dev], strlen(names[op->dev]));
	ifr.ifr_flags = op->a;
	note_ret(w, ioctl(w->fd[op->fd], TUNSETIFF, op->c ? BAD_PTR : &ifr));
	note(w, "name", "%.16s", ifr.ifr_name);
	note_data(w, "ifreq", ifr.ifr_name + IFNAMSIZ, sizeof(ifr) - IFNAMSIZ);
}

static void setiff_print(FILE *f, const struct op *op)
{
	if (op->c)
		fprintf(f, "ioctl(fd[%d], TUNSETIFF, 1)", op->fd);
	else
		fprintf(f, "ioctl(fd[%d], TUNSETIFF, ifreq(\"%s\", %#lx))", op->fd,
			names[op->dev], op->a);
}

static void poll_run(struct world *w, const struct op *op)
{
	struct pollfd p = { .fd = w->fd[op->fd], .events = ~0 };
	int n = poll(&p, 1, 0);

	/* What it says, before how many say something */
	note(w, "poll", "%#x", p.revents);
	note_ret(w, n);
}

static void poll_print(FILE *f, const struct op *op)
{
	fprintf(f, "poll(&(struct pollfd){ fd[%d], ~0 }, 1, 0)", op->fd);
}

static void block_choose(struct gen *g, struct op *op)
{
	op->a = gen_one_in(g, 2) ? 0 : O_NONBLOCK;
	if (gen_one_in(g, 4))
		op->a |= O_ASYNC;
}

static void block_run(struct world *w, const struct op *op)
{
	note_ret(w, fcntl(w->fd[op->fd], F_SETFL, op->a));
	note(w, "flags", "%#x", fcntl(w->fd[op->fd], F_GETFL));
	note(w, "owner", "%s", fcntl(w->fd[op->fd], F_GETOWN) ? "set" : "none");
}

static void block_print(FILE *f, const struct op *op)
{
	fprintf(f, "fcntl(fd[%d], F_SETFL, %#lx)", op->fd, op->a);
}

static void fdinfo_run(struct world *w, const struct op *op)
{
	char path[64], buf[512], *line;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", w->fd[op->fd]);
	if (file_read(path, buf, sizeof(buf)) < 0) {
		note_ret(w, -1);
		return;
	}
	for (line = strtok(buf, "\n"); line; line = strtok(NULL, "\n"))
		if (strncmp(line, "mnt_id", 6) && strncmp(line, "ino", 3))
			note(w, "fdinfo", "%s", line);
}

static void fdinfo_print(FILE *f, const struct op *op)
{
	fprintf(f, "show_fdinfo(fd[%d])", op->fd);
}

/* Calls that a tun file does not serve, or not as others do. */
static const char *const odd_calls[] = {
	"lseek(F, 4, SEEK_SET)",
	"fsync(F)",
	"ftruncate(F, 0)",
	"send(F, \"x\", 1, 0)",
	"ioctl(F, FIONREAD, &n)",
	"ioctl(F, 0x5401, room)",
	"ioctl(F, _IO('T', 99), 0)",
	"ioctl(F, 0, 0)",
	"read(F, room, 0)",
	"write(F, room, 0)",
	"splice(F, NULL, pipes[1], NULL, 100, SPLICE_F_NONBLOCK)",
	"splice(pipes[0], NULL, F, NULL, 100, SPLICE_F_NONBLOCK)",
	"sendfile(F, zero, NULL, 100)",
	"mmap(NULL, 4096, PROT_READ, MAP_SHARED, F, 0) == MAP_FAILED ? -1 : 0",
};

static void odd_choose(struct gen *g, struct op *op)
{
	op->a = gen_below(g, ARRAY_SIZE(odd_calls));
}

static long odd_call(int fd, int which)
{
	static int pipes[2] = { -1, -1 }, zero = -1;
	char room[256] = { 0 };
	void *p;
	int n;

	if (zero < 0) {
		must(pipe2(pipes, O_CLOEXEC | O_NONBLOCK));
		must(write(pipes[1], room, 200));
		zero = must(open("/dev/zero", O_RDONLY | O_CLOEXEC));
	}
	switch (which) {
	case 0:
		return lseek(fd, 4, SEEK_SET);
	case 1:
		return fsync(fd);
	case 2:
		return ftruncate(fd, 0);
	case 3:
		return send(fd, "x", 1, 0);
	case 4:
		return ioctl(fd, FIONREAD, &n);
	case 5:
		return ioctl(fd, 0x5401, room);
	case 6:
		return ioctl(fd, _IO('T', 99), 0);
	case 7:
		return ioctl(fd, 0, 0);
	case 8:
		return read(fd, room, 0);
	case 9:
		return write(fd, room, 0);
	case 10:
		return splice(fd, NULL, pipes[1], NULL, 100, SPLICE_F_NONBLOCK);
	case 11:
		return splice(pipes[0], NULL, fd, NULL, 100, SPLICE_F_NONBLOCK);
	case 12:
		return sendfile(fd, zero, NULL, 100);
	default:
		p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
		return p == MAP_FAILED ? -1 : 0;
	}
}

static void odd_run(struct world *w, const struct op *op)
{
	note_ret(w, odd_call(w->fd[op->fd], op->a));
}

static void odd_print(FILE *f, const struct op *op)
{
	const char *p;

	for (p = odd_calls[op->a]; *p; p++)
		if (*p == 'F' && (p[1] == ',' || p[1] == ')'))
			fprintf(f, "fd[%d]", op->fd);
		else
			fputc(*p, f);
}

/* The whole life of a device in a user namespace that has a network of its own. */
static void nobody_run(struct world *w, const struct op *op)
{
	pid_t pid = must(fork());
	struct ifreq ifr = { .ifr_name = "u0", .ifr_flags = op->a };
	int fd;

	if (pid) {
		must(waitpid(pid, NULL, 0));
		return;
	}
	must(unshare(CLONE_NEWUSER | CLONE_NEWNET));
	fd = must(open(w->node, O_RDWR | O_NONBLOCK));
	note(w, "setiff", "%s", ioctl(fd, TUNSETIFF, &ifr) ? errno_name(errno) : "0");
	note(w, "owner", "%s", ioctl(fd, TUNSETOWNER, 0) ? errno_name(errno) : "0");
	note(w, "persist", "%s", ioctl(fd, TUNSETPERSIST, 1) ? errno_name(errno) : "0");
	note(w, "netns", "%s", ioctl(fd, TUNGETDEVNETNS) < 0 ? errno_name(errno) : "0");
	note(w, "sknetns", "%s", ioctl(fd, SIOCGSKNS_) < 0 ? errno_name(errno) : "0");
	note(w, "write", "%s", write(fd, &ifr, 40) < 0 ? errno_name(errno) : "0");
	_exit(0);
}

static void nobody_choose(struct gen *g, struct op *op)
{
	op->a = PICK(g, IFF_TUN, IFF_TAP, IFF_TAP | IFF_NAPI,
		     IFF_TAP | IFF_NAPI | IFF_NAPI_FRAGS);
	op->a |= IFF_NO_PI;
	op->who = ROOT;
}

static void nobody_print(FILE *f, const struct op *op)
{
	fprintf(f, "system(\"unshare -Un tests with TUNSETIFF %#lx\")", op->a);
}

static void state_run(struct world *w, const struct op *op)
{
	(void)op;
	state_settle(w);
	state_note(w);
}

static void state_print(FILE *f, const struct op *op)
{
	(void)op;
	fprintf(f, "state()");
}

const struct kind file_kinds[] = {
	{ "open", 60, 0, open_choose, open_run, open_print },
	{ "close", 25, ON_FILE | CARRIER, NULL, close_run, close_print },
	{ "dup", 8, ON_FILE | CARRIER, dup_choose, dup_run, dup_print },
	{ "setiff", 80, ON_FILE | CARRIER, setiff_choose, setiff_run, setiff_print },
	{ "poll", 60, ON_FILE | INHERITS, NULL, poll_run, poll_print },
	{ "block", 12, ON_FILE, block_choose, block_run, block_print },
	{ "fdinfo", 8, ON_FILE, NULL, fdinfo_run, fdinfo_print },
	{ "odd", 25, ON_FILE | INHERITS, odd_choose, odd_run, odd_print },
	{ "nobody", 1, 0, nobody_choose, nobody_run, nobody_print },
	{ "state", 10, 0, NULL, state_run, state_print },
	{ 0 }
};
