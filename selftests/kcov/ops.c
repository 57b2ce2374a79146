// SPDX-License-Identifier: GPL-2.0
/*
 * The calls of an input. An argument that is short is followed by zeros; what
 * the driver gets from memory ends where a page that is not there begins.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <linux/tunx.h>
#include <sys/mman.h>
#include "../bpf.h"
#include "../vnet.h"
#include "kcov.h"

#define FILES	4
#define ROOM	131072	/* bytes of memory in front of the page */
#define PROGS	3

/* The argument of a call, read from its beginning */
struct args {
	const unsigned char *next, *end;
};

static int files[FILES] = { -1, -1, -1, -1 };
static const char *const names[] = { "fz0", "fz1", "fz%d", "" };
static int xdp_progs[PROGS], socket_progs[PROGS], packet_fd;
static unsigned char *wall;	/* the page that is not there */
static bool loud;

static unsigned int take8(struct args *a)
{
	return a->next < a->end ? *a->next++ : 0;
}

static unsigned int take16(struct args *a)
{
	unsigned int low = take8(a);

	return low | take8(a) << 8;
}

static unsigned int take32(struct args *a)
{
	unsigned int low = take16(a);

	return low | take16(a) << 16;
}

/* What is left of the argument, up to the wall. */
static unsigned char *take_rest(struct args *a, size_t *len)
{
	*len = a->end - a->next;
	memcpy(wall - *len, a->next, *len);
	a->next = a->end;
	return wall - *len;
}

static int take_file(struct args *a)
{
	int *fd = &files[take8(a) % FILES];

	if (*fd < 0)
		*fd = open(tun_node(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
	return *fd;
}

static const char *take_name(struct args *a)
{
	return names[take8(a) % ARRAY_SIZE(names)];
}

static void say(const char *what, long arg, long ret)
{
	if (loud)
		printf("# %s %#lx: %ld %s\n", what, arg, ret, ret < 0 ? strerror(errno) : "");
}

static void do_close(struct args *a)
{
	int n = take8(a) % FILES;

	if (files[n] >= 0)
		close(files[n]);
	files[n] = -1;
}

static void do_setiff(struct args *a)
{
	int fd = take_file(a);
	const char *name = take_name(a);
	int flags = take16(a);

	say("TUNSETIFF", flags, tun_setiff(fd, name, flags));
}

static void do_queue(struct args *a)
{
	int fd = take_file(a);
	int flags = take8(a) << 8;

	say("TUNSETQUEUE", flags, tun_queue(fd, flags));
}

static const unsigned int value_calls[] = {
	TUNSETNOCSUM, TUNSETDEBUG, TUNSETPERSIST, TUNSETOWNER, TUNSETGROUP, TUNSETLINK,
	TUNSETOFFLOAD, TUNGETDEVNETNS, SIOCGSKNS_,
};

static const unsigned int number_calls[] = {
	TUNSETSNDBUF, TUNSETVNETHDRSZ, TUNSETVNETLE, TUNSETVNETBE, TUNSETIFINDEX, TUNSETCARRIER,
	TUNGETSNDBUF, TUNGETVNETHDRSZ, TUNGETVNETLE, TUNGETVNETBE, TUNGETFEATURES,
};

static const unsigned int struct_calls[] = {
	TUNSETIFF, TUNSETQUEUE, TUNGETIFF, SIOCGIFHWADDR, SIOCSIFHWADDR, TUNSETTXFILTER,
	TUNSETVNETHASH, TUNGETVNETHASHCAP, TUNXGETHASH, TUNGETFILTER, TUNXSETBATCH,
};

static void do_value(struct args *a)
{
	int fd = take_file(a);
	unsigned int cmd = value_calls[take8(a) % ARRAY_SIZE(value_calls)];
	long ret = ioctl(fd, cmd, (unsigned long)take32(a));

	say("ioctl, value,", cmd, ret);
	if (ret > 0)
		close(ret);
}

static void do_number(struct args *a)
{
	int fd = take_file(a);
	unsigned int cmd = number_calls[take8(a) % ARRAY_SIZE(number_calls)];
	int number = take32(a);

	say("ioctl, number,", cmd, ioctl(fd, cmd, &number));
}

static void do_struct(struct args *a)
{
	int fd = take_file(a);
	unsigned int cmd = struct_calls[take8(a) % ARRAY_SIZE(struct_calls)];
	size_t pad = take8(a) * 8, len;
	unsigned char *p = take_rest(a, &len);

	/* Zeros behind: most structs are longer than an argument */
	memmove(p - pad, p, len);
	memset(wall - pad, 0, pad);
	say("ioctl, struct,", cmd, ioctl(fd, cmd, p - pad));
}

static void do_any(struct args *a)
{
	int fd = take_file(a);
	unsigned int cmd = take32(a);
	size_t len;
	unsigned char *p = take_rest(a, &len);

	say("ioctl", cmd, ioctl(fd, cmd, p));
}

static void do_filter(struct args *a)
{
	int fd = take_file(a);
	struct sock_fprog prog;
	size_t len;

	if (take8(a) & 1) {
		say("TUNDETACHFILTER", 0, ioctl(fd, TUNDETACHFILTER, NULL));
		return;
	}
	prog.filter = (void *)take_rest(a, &len);
	prog.len = len / sizeof(struct sock_filter);
	say("TUNATTACHFILTER", prog.len, ioctl(fd, TUNATTACHFILTER, &prog));
}

static void do_program(struct args *a)
{
	int fd = take_file(a), how = take8(a), n = how >> 1;
	int prog = n % (PROGS + 1) < PROGS ? socket_progs[n % (PROGS + 1)] : -1;

	say("program", n, ioctl(fd, how & 1 ? TUNSETSTEERINGEBPF : TUNSETFILTEREBPF, &prog));
}

static void do_xdp(struct args *a)
{
	const char *name = take_name(a);
	unsigned int how = take8(a), n = how >> 2;
	int prog = n % (PROGS + 1) < PROGS ? xdp_progs[n % (PROGS + 1)] : -1;

	/* None, XDP_FLAGS_SKB_MODE, _DRV_MODE, both */
	say("XDP", how, xdp_attach(name, prog, (how & 3) << 1));
}

/*
 * A frame as a program would make it, with a header of 24 bytes or fewer in
 * front, and then a few bytes of both changed. Returns its length with header.
 */
static size_t take_frame(struct args *a, unsigned char *buf, int *hdr_size)
{
	static const int sizes[] = { 0, 10, 12, 20, 24, 4, 14, 100 };
	static const unsigned int payloads[] = { 0, 1, 18, 64, 200, 1400, 3000, 9000, 40000 };
	unsigned int how = take8(a), kind = how & 3, seed = take8(a), patches, at;
	size_t payload = payloads[take8(a) % ARRAY_SIZE(payloads)], l4, len;
	bool eth = how & 4;
	struct vnet_hdr h;

	*hdr_size = sizes[how >> 5];
	memset(buf, 0, *hdr_size);
	len = vnet_packet(buf + *hdr_size, eth, kind, payload, seed, &l4);
	h = vnet_ask_gso(kind, l4, 1 + seed * 8);
	if (how & 8)
		h.gso_type = GSO_NONE;
	if (how & 16)
		memcpy(buf, &h, *hdr_size < (int)sizeof(h) ? *hdr_size : (int)sizeof(h));
	for (patches = take8(a) % 8; patches; patches--) {
		at = take8(a);
		buf[at % 128] ^= take8(a);
	}
	/* Often as long as it is, at times a little or much shorter */
	at = take8(a);
	len += *hdr_size;
	return at < 128 ? len : len * (256 - at) / 128;
}

/* Pieces of 1, 2, 4... bytes less: where one ends moves with @cut. */
static int cut_up(struct iovec *iov, unsigned int cut, unsigned char *p, size_t len)
{
	int n = 0, max = cut % 18;
	size_t piece;

	for (; len && n < max; n++, p += piece, len -= piece) {
		piece = cut / 18 * 5 + 1;
		if (piece > len)
			piece = len;
		iov[n] = (struct iovec){ p, piece };
	}
	iov[n] = (struct iovec){ p, len };
	return n + 1;
}

static void do_write(struct args *a)
{
	static unsigned char frame[ROOM];
	struct iovec iov[32];
	int fd = take_file(a), hdr;
	unsigned int cut = take8(a);
	size_t len = take_frame(a, frame, &hdr);

	memcpy(wall - len, frame, len);
	say("write", len, writev(fd, iov, cut_up(iov, cut, wall - len, len)));
}

static void do_bytes(struct args *a)
{
	int fd = take_file(a);
	size_t len;
	unsigned char *p = take_rest(a, &len);

	say("write, bytes,", len, write(fd, p, len));
}

static void do_read(struct args *a)
{
	struct iovec iov[32];
	int fd = take_file(a);
	unsigned int cut = take8(a);
	size_t len = take16(a);

	say("read", len, readv(fd, iov, cut_up(iov, cut, wall - len, len)));
}

static void do_poll(struct args *a)
{
	struct pollfd p = { take_file(a), POLLIN | POLLOUT, 0 };

	say("poll", 0, poll(&p, 1, 0));
}

static void do_async(struct args *a)
{
	int fd = take_file(a);

	say("O_ASYNC", 0, fcntl(fd, F_SETFL, O_NONBLOCK | (take8(a) & 1 ? O_ASYNC : 0)));
}

/* From the stack, header and all. */
static void do_send(struct args *a)
{
	static unsigned char frame[ROOM];
	const char *name = take_name(a);
	struct sockaddr_ll sll = { .sll_family = AF_PACKET, .sll_protocol = htons(0x0800) };
	struct vnet_hdr zero = { 0 };
	struct iovec iov[2];
	struct msghdr msg = {
		.msg_name = &sll,
		.msg_namelen = sizeof(sll),
		.msg_iov = iov,
		.msg_iovlen = 2,
	};
	int hdr;
	size_t len;

	sll.sll_ifindex = if_nametoindex(name);
	if (take8(a) & 1)
		sll.sll_protocol = htons(0x86dd);
	len = take_frame(a, frame, &hdr);
	if (len < (size_t)hdr)
		return;
	iov[0] = (struct iovec){ hdr >= 10 ? (void *)frame : (void *)&zero, 10 };
	iov[1] = (struct iovec){ frame + hdr, len - hdr };
	say("send", len, sendmsg(packet_fd, &msg, MSG_DONTWAIT));
}

static void do_link(struct args *a)
{
	const char *name = take_name(a);
	unsigned int what = take8(a), value = take16(a);
	struct nl_reply reply;

	switch (what % 8) {
	case 0:
		say("MTU", value, if_setint(name, SIOCSIFMTU, value));
		break;
	case 1:
		say("length", value, if_setint(name, SIOCSIFTXQLEN, value % 600));
		break;
	case 2:
		say("down", 0, if_down(name));
		break;
	case 3:
		say("show", 0, nl_getlink(name, &reply));
		break;
	case 4:
		say("delete", 0, nl_dellink(name, &reply));
		break;
	case 5:
		say("carrier", value, nl_set_carrier(name, value & 1));
		break;
	default:
		say("up", 0, if_up(name));
	}
}

static void do_ethtool(struct args *a)
{
	static const unsigned int cmds[] = {
		ETHTOOL_GDRVINFO, ETHTOOL_GSET, ETHTOOL_SSET, ETHTOOL_GLINKSETTINGS,
		ETHTOOL_SLINKSETTINGS, ETHTOOL_GMSGLVL, ETHTOOL_SMSGLVL, ETHTOOL_GLINK,
		ETHTOOL_GCOALESCE, ETHTOOL_SCOALESCE, ETHTOOL_GSTRINGS, ETHTOOL_GSSET_INFO,
		ETHTOOL_GSTATS, ETHTOOL_GFEATURES, ETHTOOL_SFEATURES, ETHTOOL_GCHANNELS,
		ETHTOOL_SCHANNELS, ETHTOOL_GRXFH, ETHTOOL_SRXFH, ETHTOOL_GRXRINGS,
		ETHTOOL_GRSSH, ETHTOOL_SRSSH, ETHTOOL_GRXFHINDIR, ETHTOOL_SRXFHINDIR,
		ETHTOOL_GET_TS_INFO, ETHTOOL_GRINGPARAM,
	};
	static unsigned char buf[20000];
	const char *name = take_name(a);
	unsigned int cmd = cmds[take8(a) % ARRAY_SIZE(cmds)];
	size_t len;
	unsigned char *p = take_rest(a, &len);

	/* What comes back may be long. */
	memset(buf, 0, sizeof(buf));
	memcpy(buf, &cmd, sizeof(cmd));
	memcpy(buf + sizeof(cmd), p, len);
	say("ethtool", cmd, eth_call(name, buf));
}

static void (*const ops[])(struct args *a) = {
	do_setiff, do_setiff, do_setiff, do_close, do_queue, do_value, do_value, do_number,
	do_number, do_struct, do_struct, do_any, do_filter, do_program, do_xdp, do_write,
	do_write, do_write, do_bytes, do_read, do_read, do_poll, do_async, do_send, do_send,
	do_link, do_link, do_link, do_ethtool,
};

void ops_prepare(void)
{
	static const int socket_returns[PROGS] = { 0, 1, -1 };
	static const int xdp_returns[PROGS] = { XDP_PASS, XDP_DROP, XDP_TX };
	int i, one = 1;

	wall = mmap(NULL, ROOM + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (wall == MAP_FAILED)
		bail("no memory");
	wall += ROOM;
	must(mprotect(wall, 4096, PROT_NONE));
	packet_fd = must(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
	must(setsockopt(packet_fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)));
	for (i = 0; i < PROGS; i++) {
		socket_progs[i] =
			must(BPF_PROG_RETURN(BPF_PROG_TYPE_SOCKET_FILTER, socket_returns[i]));
		xdp_progs[i] = must(BPF_PROG_RETURN(BPF_PROG_TYPE_XDP, xdp_returns[i]));
	}
}

/* Devices that persist */
static void delete_all(void)
{
	struct if_nameindex *all = if_nameindex(), *i;
	struct nl_reply reply;

	if (!all)
		bail("the devices cannot be listed");
	for (i = all; i->if_index; i++)
		if (strcmp(i->if_name, "lo"))
			nl_dellink(i->if_name, &reply);
	if_freenameindex(all);
}

void ops_run(const struct input *in, bool be_loud)
{
	const unsigned char *p = in->byte, *end = p + in->len;
	struct args a;
	int i;

	loud = be_loud;
	while (end - p >= 2) {
		unsigned int op = p[0];

		a.next = p + 2;
		a.end = a.next + p[1] < end ? a.next + p[1] : end;
		p = a.end;
		ops[op % ARRAY_SIZE(ops)](&a);
	}
	for (i = 0; i < FILES; i++) {
		if (files[i] >= 0)
			close(files[i]);
		files[i] = -1;
	}
	delete_all();
}
