// SPDX-License-Identifier: GPL-2.0
/*
 * Who is the owner of a written frame? The user who opened the file, as filters
 * by owner see it (xt_owner, meta skuid, SO_MARK rules); neither the owner of the
 * node nor nobody. A filter on an AF_PACKET socket asks on behalf of this test.
 */
#define _GNU_SOURCE
#include <linux/if_ether.h>
#include <sys/fsuid.h>
#include "bpf.h"
#include "differences.h"

#define OPENER	12345
#define OWNER	54321

#ifndef SO_ATTACH_BPF
#define SO_ATTACH_BPF 50
#endif

static unsigned char frame[20000], got[20000];

/* Receives frames of @uid alone. */
static int socket_of(const char *name, unsigned int uid)
{
	int prog = must(BPF_PROG(BPF_PROG_TYPE_SOCKET_FILTER,
				 BPF_HELPER(BPF_FUNC_get_socket_uid),
				 BPF_MOV_REG(BPF_REG_1, BPF_REG_0),
				 BPF_MOV_IMM(BPF_REG_0, 0),
				 BPF_CMP_IMM(BPF_JNE, BPF_REG_1, uid, 1),
				 BPF_MOV_IMM(BPF_REG_0, 0x40000), BPF_LEAVE));
	int fd = packet_socket(name, SOCK_RAW, ETH_P_ALL);

	must(setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &prog, sizeof(prog)));
	close(prog);
	drain(fd);
	return fd;
}

static bool arrives(int fd, size_t len)
{
	while (readable(fd, 1000))
		if (recv(fd, got, sizeof(got), 0) == (ssize_t)len && !memcmp(got, frame, len))
			return true;
	return false;
}

static void make(bool tap, size_t len)
{
	pkt_fill(frame, len, len);
	if (tap) {
		memset(frame, 2, 12);
		memcpy(frame + 12, "\x88\xb5", 2);
	} else {
		frame[0] = 0x45;
	}
}

static void owner(const char *node, const char *how, int flags, int oflags)
{
	static const size_t sizes[] = { 60, 1500, 3400, 5000, 20000 };
	int fd, opener, other;
	unsigned int i;

	setfsuid(OPENER);
	fd = must(open(node, O_RDWR | O_CLOEXEC | oflags));
	setfsuid(0);
	must(tun_setiff(fd, "ow0", flags | IFF_NO_PI));
	must(if_up("ow0"));
	opener = socket_of("ow0", OPENER);
	other = socket_of("ow0", OWNER);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		make(flags & IFF_TAP, sizes[i]);
		must(write(fd, frame, sizes[i]));
		ok(arrives(opener, sizes[i]),
		   "CVE-2023-1076: %s: %zu bytes belong to the user who opened the file",
		   how, sizes[i]);
	}
	ok(!readable(other, 0), "CVE-2023-4194: %s: none to the owner of the node", how);
	close(opener);
	close(other);
	close(fd);
}

int main(void)
{
	const char *node;

	ktap_begin();
	netns_new();
	node = tun_public_node();
	must(chown(node, OWNER, OWNER));
	owner(node, "tun", IFF_TUN, 0);
	owner(node, "tap", IFF_TAP, 0);
	owner(node, "tap, nonblocking", IFF_TAP, O_NONBLOCK);
	return ktap_end();
}
