/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The differential fuzzer: the same operations on stock and on tunx, everything
 * that can be seen of them compared.
 *
 *	seed --> sequence of operations --> world "stock" --> record
 *	                               \--> world "tunx"  --> record
 *	                                                      compare, shrink, print
 *
 *	model.c		what a sequence has done so far, to choose and to judge
 *	ops*.c		the operations: choose arguments, run, print as C
 *	frame.c		what is written and sent
 *	state.c		all that shows of the devices and files of a world
 *	world.c		a process with namespaces of its own that runs sequences
 *	compare.c	two records side by side
 *	differences.c	what may differ
 *	shrink.c	from a sequence that differs to a short one
 *	print.c		from a sequence to a C program
 *	fuzz.c		the test
 *
 * A sequence depends on its seed and number alone, never on results. A record is
 * text, lines of "key=value" for each operation.
 */
#ifndef SELFTESTS_DIFF_H
#define SELFTESTS_DIFF_H

#include "../tuntest.h"
#include "../vnet.h"

#define MAX_OPS		160
#define LOG_SIZE	(8 << 20)
#define FDS		6
#define PROGS		5	/* eBPF programs of each type */

/* --- an operation: numbers only, so that it can be kept in a text file --- */

enum who {
	ROOT,
	USER,		/* effective ids of nobody */
	CHILD,		/* a forked child, on the file it inherited */
	STRANGER,	/* such a child, root of a user namespace of its own */
};

struct op {
	int kind;	/* see kind_of() */
	int fd;		/* 0 .. FDS - 1 */
	int dev;	/* index of names[] */
	int who;
	long a, b, c, d;
};

struct sequence {
	int n;
	struct op op[MAX_OPS];
};

/* --- the model: what a sequence did, as far as arguments and judgement need it --- */

#define NAMES	8	/* that the model follows */

struct model_dev {
	bool exists, tap, mq, up, away;
	bool persist, owned;
	bool filter;		/* classic */
	bool xdp;		/* a program was attached at some time */
	bool steering;		/* a program chooses the queue */
	bool scattered;		/* frames went to whichever queue */
	bool left;		/* a queue left */
	bool dark;		/* was without carrier at some time */
	bool refused;		/* a frame was, of a tun, behind a header */
	int flags;		/* IFF_* of the last TUNSETIFF */
	int header;		/* TUNSETVNETHDRSZ */
	bool long_header;	/* once longer than what stock looks at */
	int offload;
	int files;		/* attached and disabled */
};

struct model_file {
	int refs;
	int dev;		/* -1: none, NAMES: one the model does not follow */
	bool used;		/* had a device before, or tried to */
	bool reused;		/* ... more than once */
	bool wished;		/* TUNSETIFINDEX */
	bool disabled;
	int mode;		/* IFF_NAPI, IFF_NAPI_FRAGS */
};

struct model {
	int fd[FDS];		/* index of file[], or -1 */
	struct model_file file[MAX_OPS + 1];
	int files;
	bool limited;			/* TUNSETSNDBUF, ever */
	struct model_dev dev[NAMES + 1];
};

extern const char *const names[];
extern const int all_names;

void model_init(struct model *m);
/* @name: that of the device, if the operation told it; else NULL. */
void model_apply(struct model *m, const struct op *op, bool good, const char *name);
/* Does the device alone choose among several queues? */
bool model_scatters(const struct model *m, int dev);
/* Would it work? A guess. */
bool model_predict(const struct model *m, const struct op *op);
struct model_file *model_file(struct model *m, int fd);		/* NULL: closed */
struct model_dev *model_dev(struct model *m, int fd);		/* NULL: none */

/* --- choosing --- */

struct gen {
	uint64_t state;
	struct model m;
};

unsigned long gen_random(struct gen *g);
long gen_below(struct gen *g, long n);
bool gen_one_in(struct gen *g, long n);
long gen_pick(struct gen *g, const long *values, int n);
#define PICK(g, ...) ({						\
	static const long _values[] = { __VA_ARGS__ };		\
	gen_pick(g, _values, ARRAY_SIZE(_values));		\
})
void gen_sequence(struct sequence *s, uint64_t seed, long number);

/* --- running --- */

struct record {
	int done;			/* operations that are complete */
	size_t start[MAX_OPS + 1];
	size_t len;
	char text[LOG_SIZE];
};

struct world {
	const char *node, *kind;
	struct record *rec;
	int fd[FDS];
	int home, other;		/* network namespaces */
	int watch;			/* AF_PACKET in home */
	int route[2];			/* rtnetlink in home and other */
	int send;			/* AF_PACKET in home, to send with */
};

__attribute__((format(printf, 3, 4)))
void note(struct world *w, const char *key, const char *fmt, ...);
void note_data(struct world *w, const char *key, const void *data, size_t len);
/* The result of a system call, right behind it. */
void note_ret(struct world *w, long ret);
const char *errno_name(int err);

/* --- the operations --- */

/* How many of a hundred are of a kind is weight / sum of all weights. */
struct kind {
	const char *name;
	int weight;
	unsigned int flags;
	void (*choose)(struct gen *g, struct op *op);
	void (*run)(struct world *w, const struct op *op);
	void (*print)(FILE *f, const struct op *op);
};

#define ON_FILE		1	/* wants an open file */
#define ON_QUEUE	2	/* wants a file with a device */
#define ON_DEV		4	/* wants a device by name */
#define INHERITS	8	/* a child can do it, too */
#define CARRIER		16	/* may leave work to the link watch */

const struct kind *kind_of(const struct op *op);	/* NULL: there is none */
bool op_is(const struct op *op, const char *kind);
void op_run(struct world *w, const struct op *op);

#define SET_QLEN 1	/* a of "set": txqueuelen */
#define TOOL_SPEED 6	/* a of "tool" */
/* What a "tool" operation switches, or NULL. */
const char *tool_feature(const struct op *op);

extern const struct kind file_kinds[], ioctl_kinds[], data_kinds[], link_kinds[];

/* Of an "ioctl" operation: the name of the request. */
const char *ioctl_name(const struct op *op);
unsigned long ioctl_request(const struct op *op);
long ioctl_number(unsigned long request);
bool ioctl_moves_carrier(const struct op *op);

extern int socket_progs[PROGS], xdp_progs[PROGS];
extern const int socket_returns[PROGS], xdp_returns[PROGS];
void progs_load(void);

/* --- frames; frame.c says what the numbers of an operation mean --- */

#define FRAME_MAX	210000
#define F_ETH		1
#define F_PI		2

void frame_choose(struct gen *g, struct op *op, const struct model_dev *d);
/* Builds the frame of @op in @buf and returns its length, headers and all. */
size_t frame_build(const struct op *op, unsigned char *buf);
/* How much of it does not follow the pattern. */
size_t frame_head(const struct op *op);
void frame_print(FILE *f, const struct op *op);
/* What @d takes for the header of the @len bytes behind it; false: there is none. */
bool frame_header(const struct op *op, const struct model_dev *d, struct vnet_hdr *h, size_t *len);

/* --- state --- */

void state_note(struct world *w);
/* Packets of the stack since the last time. */
void state_seen(struct world *w);
/* Returns when the kernel's link watch has done its work. */
void state_settle(struct world *w);
void state_names(int route, void (*fn)(const char *name, void *arg), void *arg);

/* --- a pair of worlds --- */

struct side {
	pid_t pid;
	int to, from;			/* pipes */
	struct record *rec;
};

struct pair {
	struct side stock, tunx;
	struct sequence *seq;		/* shared */
};

enum ended { BOTH_DONE, STOCK_HUNG, TUNX_HUNG };

bool pair_possible(char *why, size_t len);
void pair_start(struct pair *p);
void pair_stop(struct pair *p);
enum ended pair_run(struct pair *p, const struct sequence *s);

/* --- comparing --- */

struct verdict {
	int at;			/* operation that differs without excuse, -1: none */
	char key[64];
	char stock[400], tunx[400];
	long compared;		/* operations */
	int excused;		/* row that ended the comparison, -1: none */
};

/* One value that differs; NULL for a side that does not have it. */
struct difference {
	const struct op *op;
	struct model *m;
	const char *key, *stock, *tunx;
};

struct row {
	const char *what;
	const char *where;	/* heading in Documentation/differences-from-tun.rst */
	const char *key;	/* pattern */
	const char *stock, *tunx;	/* patterns, NULL: anything */
	bool (*when)(const struct difference *d);
	bool stop;		/* the two go separate ways behind it */
	unsigned int since, before;	/* stock's versions, major * 100 + minor */
};

extern const struct row rows[];
extern const int nr_rows;
extern long row_hits[];
/* The row that excuses a difference, -1: none. */
int row_for(const struct difference *d);
/* A row that says that stock has quietly gone wrong with this operation. */
int row_silent(const struct difference *d);

void compare(const struct sequence *s, const struct record *stock,
	     const struct record *tunx, struct verdict *v);
/* Runs @s once in @p; what hangs is a difference, and leaves @p started anew. */
void judge(struct pair *p, const struct sequence *s, struct verdict *v);

void shrink(struct pair *p, struct sequence *s, struct verdict *v);
void print_program(FILE *f, const struct sequence *s, const struct verdict *v,
		   const char *origin);
bool read_program(const char *path, struct sequence *s);

#endif /* SELFTESTS_DIFF_H */
