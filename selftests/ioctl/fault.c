// SPDX-License-Identifier: GPL-2.0
/*
 * Every ioctl in every state with good and bad pointers, and numbers that are
 * no ioctl of ours.
 *
 *	states: unattached, attached (TAP, two queues), device deleted
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/sockios.h>
#include <sys/mman.h>
#include "tuntest.h"

#define VALUE	(-1)	/* the argument is no pointer */

struct call {
	const char *name;
	unsigned int cmd;
	int size;		/* bytes behind the pointer, or VALUE */
	int bare;		/* errno unattached */
	int bare_bad;		/* errno unattached, bad pointer */
	int bad;		/* errno attached, bad pointer */
};

#define IFREQ	((int)sizeof(struct ifreq))

static const struct call calls[] = {
	{ "TUNSETNOCSUM", TUNSETNOCSUM, VALUE, EBADFD, EBADFD, 0 },
	{ "TUNSETDEBUG", TUNSETDEBUG, VALUE, EBADFD, EBADFD, 0 },
	{ "TUNSETIFF", TUNSETIFF, IFREQ, EINVAL, EFAULT, EFAULT },
	{ "TUNSETPERSIST", TUNSETPERSIST, VALUE, EBADFD, EBADFD, 0 },
	{ "TUNSETOWNER", TUNSETOWNER, VALUE, EBADFD, EBADFD, 0 },
	{ "TUNSETLINK", TUNSETLINK, VALUE, EBADFD, EBADFD, 0 },
	{ "TUNSETGROUP", TUNSETGROUP, VALUE, EBADFD, EBADFD, 0 },
	{ "TUNGETFEATURES", TUNGETFEATURES, 4, 0, EFAULT, EFAULT },
	{ "TUNGETIFF", TUNGETIFF, IFREQ, EBADFD, EBADFD, EFAULT },
	{ "TUNGETSNDBUF", TUNGETSNDBUF, 4, EBADFD, EBADFD, EFAULT },
	{ "TUNSETSNDBUF", TUNSETSNDBUF, 4, EBADFD, EBADFD, EFAULT },
	{ "TUNSETQUEUE", TUNSETQUEUE, IFREQ, EINVAL, EFAULT, EFAULT },
	{ "TUNSETIFINDEX", TUNSETIFINDEX, 4, 0, EFAULT, EPERM },
	{ "TUNSETCARRIER", TUNSETCARRIER, 4, EBADFD, EBADFD, EFAULT },
	{ "TUNGETDEVNETNS", TUNGETDEVNETNS, VALUE, EBADFD, EBADFD, 0 },
	{ "SIOCGSKNS", SIOCGSKNS_, VALUE, 0, 0, 0 },
	{ "TUNSETOFFLOAD", TUNSETOFFLOAD, VALUE, EBADFD, EBADFD, 0 },
	{ "TUNSETTXFILTER", TUNSETTXFILTER, 4, EBADFD, EBADFD, EFAULT },
	{ "TUNATTACHFILTER", TUNATTACHFILTER, 16, EBADFD, EBADFD, EFAULT },
	{ "TUNDETACHFILTER", TUNDETACHFILTER, VALUE, EBADFD, EBADFD, 0 },
	{ "TUNGETVNETHDRSZ", TUNGETVNETHDRSZ, 4, EBADFD, EBADFD, EFAULT },
	{ "TUNSETVNETHDRSZ", TUNSETVNETHDRSZ, 4, EBADFD, EBADFD, EFAULT },
	{ "TUNGETFILTER", TUNGETFILTER, 16, EBADFD, EBADFD, EFAULT },
	{ "TUNSETVNETLE", TUNSETVNETLE, 4, EBADFD, EBADFD, EFAULT },
	{ "TUNGETVNETLE", TUNGETVNETLE, 4, EBADFD, EBADFD, EFAULT },
	{ "TUNSETVNETBE", TUNSETVNETBE, 4, EBADFD, EBADFD, EINVAL },
	{ "TUNGETVNETBE", TUNGETVNETBE, 4, EBADFD, EBADFD, EINVAL },
	{ "TUNSETSTEERINGEBPF", TUNSETSTEERINGEBPF, 4, EBADFD, EBADFD, EFAULT },
	{ "TUNSETFILTEREBPF", TUNSETFILTEREBPF, 4, EBADFD, EBADFD, EFAULT },
	{ "SIOCGIFHWADDR", SIOCGIFHWADDR, IFREQ, EBADFD, EFAULT, EFAULT },
	{ "SIOCSIFHWADDR", SIOCSIFHWADDR, IFREQ, EBADFD, EFAULT, EFAULT },
};

static char *edge;

static void map_edge(void)
{
	long page = sysconf(_SC_PAGESIZE);
	char *map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(mprotect(map + page, page, PROT_NONE));
	edge = map + page;
}

/* A success that hands out a descriptor must not leak it. */
static long call_ioctl(int fd, const struct call *c, void *arg)
{
	long ret = ioctl(fd, c->cmd, arg);

	if (ret > 2 && c->size == VALUE && (c->cmd == TUNGETDEVNETNS ||
					    c->cmd == SIOCGSKNS_))
		close(ret);
	return ret;
}

static void unattached(const struct call *c, size_t n)
{
	char buf[64];

	for (; n--; c++) {
		int fd = tun_open(O_RDWR);

		memset(buf, 0, sizeof(buf));
		result(call_ioctl(fd, c, c->size == VALUE ? NULL : buf), c->bare,
		       "unattached: %s", c->name);
		if (c->size != VALUE)
			result(call_ioctl(fd, c, BAD_PTR), c->bare_bad,
			       "unattached: %s, bad pointer", c->name);
		if (c->size > 4)
			result(call_ioctl(fd, c, edge - c->size / 2), c->bare_bad,
			       "unattached: %s, pointer bad half-way", c->name);
		close(fd);
	}
}

static void attached(const struct call *c, size_t n)
{
	int fd = tun_new("fault0", IFF_TAP | IFF_MULTI_QUEUE);
	int other = tun_new("fault0", IFF_TAP | IFF_MULTI_QUEUE);

	for (; n--; c++) {
		if (c->size == VALUE)
			continue;
		result(call_ioctl(fd, c, BAD_PTR), c->bad,
		       "attached: %s, bad pointer", c->name);
		result(call_ioctl(fd, c, NULL), c->bad,
		       "attached: %s, NULL", c->name);
		result(call_ioctl(fd, c, edge - c->size / 2), c->bad,
		       "attached: %s, pointer bad half-way", c->name);
	}
	ok(if_exists("fault0") && tun_flags(fd) > 0 && tun_flags(other) > 0,
	   "none of these harmed the device");
	close(other);
	close(fd);
}

static void deleted(const struct call *c, size_t n)
{
	struct nl_reply reply;
	char buf[64];

	for (; n--; c++) {
		int fd = tun_new("gone0", IFF_TAP | IFF_MULTI_QUEUE);

		must(nl_dellink("gone0", &reply));
		memset(buf, 0, sizeof(buf));
		result(call_ioctl(fd, c, c->size == VALUE ? NULL : buf), c->bare,
		       "deleted: %s", c->name);
		close(fd);
	}
}

static void unknown(void)
{
	static const struct {
		unsigned int cmd;
		const char *name;
		int bare_bad;
	} cmds[] = {
		{ _IO('T', 1), "'T' 1 without size (TCGETS)", EBADFD },
		{ _IOW('T', 199, int), "'T' 199", EBADFD },
		{ _IOW('T', 230, int), "'T' 230", EBADFD },
		{ _IOR('T', 239, int), "'T' 239", EBADFD },
		{ _IOR('T', 202, int), "TUNSETIFF with the direction turned", EBADFD },
		{ _IOW('T', 202, char[40]), "TUNSETIFF with a size of 40", EBADFD },
		{ _IO('T', 202), "TUNSETIFF without size", EBADFD },
		{ _IOW('T', 227, int), "TUNGETDEVNETNS with a size", EBADFD },
		{ _IO('t', 202), "type 't'", EBADFD },
		{ 0, "0", EBADFD },
		{ 0xffffffff, "0xffffffff", EBADFD },
		{ SIOCGIFADDR, "SIOCGIFADDR", EFAULT },
		{ SIOCGIFFLAGS, "SIOCGIFFLAGS", EFAULT },
		{ SIOCGSTAMP_OLD, "SIOCGSTAMP", EFAULT },
		{ 0x89ff, "0x89ff", EFAULT },
	};
	int bare = tun_open(O_RDWR), fd = tun_new("unk0", IFF_TAP);
	struct ifreq ifr = { .ifr_name = "unk0" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		result(ioctl(bare, cmds[i].cmd, &ifr), EBADFD,
		       "unknown, unattached: %s", cmds[i].name);
		result(ioctl(bare, cmds[i].cmd, BAD_PTR), cmds[i].bare_bad,
		       "unknown, unattached, bad pointer: %s", cmds[i].name);
		result(ioctl(fd, cmds[i].cmd, &ifr), EINVAL,
		       "unknown, attached: %s", cmds[i].name);
		result(ioctl(fd, cmds[i].cmd, BAD_PTR),
		       cmds[i].bare_bad == EFAULT ? EFAULT : EINVAL,
		       "unknown, attached, bad pointer: %s", cmds[i].name);
	}
	close(bare);
	close(fd);
}

/* A result that cannot be written back: the device exists all the same. */
static void read_only_result(void)
{
	struct ifreq *ifr = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = tun_open(O_RDWR);

	strcpy(ifr->ifr_name, "ro0");
	ifr->ifr_flags = IFF_TUN;
	must(mprotect(ifr, 4096, PROT_READ));
	result(ioctl(fd, TUNSETIFF, ifr), EFAULT, "TUNSETIFF with a read-only ifreq");
	ok(if_exists("ro0"), "the device exists nevertheless");
	ok(tun_flags(fd) > 0, "and the fd is attached to it");
	result(ioctl(fd, TUNGETIFF, ifr), EFAULT, "TUNGETIFF into a read-only ifreq");
	result(ioctl(fd, SIOCGIFHWADDR, ifr), EFAULT, "SIOCGIFHWADDR likewise");
	close(fd);
	ok(!if_exists("ro0"), "close removes it");
	munmap(ifr, 4096);
}

/* Bytes behind what is meant must not be memory of the kernel's stack. */
static void no_leak(void)
{
	int fd = tun_new("leak0", IFF_TUN | IFF_NO_PI);
	struct ifreq ifr;
	const char *p = (void *)&ifr;
	size_t i, end = offsetof(struct ifreq, ifr_flags) + sizeof(ifr.ifr_flags);
	int dirt = 0;

	memset(&ifr, 0x5a, sizeof(ifr));
	must(ioctl(fd, TUNGETIFF, &ifr));
	for (i = end; i < sizeof(ifr); i++)
		dirt += p[i] != 0;
	is(dirt, 0, "TUNGETIFF: everything behind the flags is zero");
	for (i = strlen("leak0"), dirt = 0; i < IFNAMSIZ; i++)
		dirt += p[i] != 0;
	is(dirt, 0, "TUNGETIFF: the name is padded with zeros");
	close(fd);
}

int main(void)
{
	ktap_begin();
	netns_new();
	map_edge();
	unattached(calls, ARRAY_SIZE(calls));
	attached(calls, ARRAY_SIZE(calls));
	deleted(calls, ARRAY_SIZE(calls));
	unknown();
	read_only_result();
	no_leak();
	return ktap_end();
}
