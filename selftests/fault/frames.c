// SPDX-License-Identifier: GPL-2.0
/*
 * Timeout: 240 s
 *
 * Frames both ways in every form: each allocation and each user copy fails
 * once. A frame arrives or is counted as lost, never both, never neither; the
 * next one arrives.
 */
#define _GNU_SOURCE
#include <linux/if_ether.h>
#include <sys/uio.h>
#include "bpf.h"
#include "fault.h"
#include "vnet.h"

static const struct kind {
	const char *name;
	int flags;
	size_t payload;		/* of TCP, cut into segments where it does not fit one */
	int pieces;
	bool xdp;
} kinds[] = {
	{ "tun", IFF_TUN | IFF_NO_PI, 100, 1, false },
	{ "tun with struct tun_pi", IFF_TUN, 100, 1, false },
	{ "tap", IFF_TAP | IFF_NO_PI, 1000, 1, false },
	{ "tap, large", IFF_TAP | IFF_NO_PI, 9000, 1, false },
	{ "tap with virtio-net header", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, 1000, 1, false },
	{ "tap, to be segmented", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, 30000, 1, false },
	{ "tun, to be segmented", IFF_TUN | IFF_VNET_HDR, 30000, 1, false },
	{ "tap with NAPI", IFF_TAP | IFF_NO_PI | IFF_NAPI, 1000, 1, false },
	{ "tap with NAPI and frags", IFF_TAP | IFF_NO_PI | IFF_NAPI | IFF_NAPI_FRAGS,
	  3000, 4, false },
	{ "tap with an XDP program", IFF_TAP | IFF_NO_PI, 1000, 1, true },
	{ "tap with an XDP program, large", IFF_TAP | IFF_NO_PI, 9000, 1, true },
};

static const struct kind *kind;
static int fd, sender, keep, prog;
static unsigned char frame[70000], in[70000];
static struct iovec iov[6];
static int iovs;
static size_t total, len;
static struct vnet_hdr vnet;
static struct tun_pi pi = { .proto = 0x0008 };
static long packets, dropped, lost;

/* Headers and the frame, in as many pieces as the form has. */
static void make_frame(void)
{
	size_t l4, head, i, piece;

	len = vnet_packet(frame, kind->flags & IFF_TAP, TCP4, kind->payload, 1, &l4);
	iovs = 0;
	if (!(kind->flags & IFF_NO_PI))
		iov[iovs++] = (struct iovec){ &pi, sizeof(pi) };
	memset(&vnet, 0, sizeof(vnet));
	if (kind->flags & IFF_VNET_HDR) {
		if (kind->payload > 1400)
			vnet = vnet_ask_gso(TCP4, l4, 1400);
		iov[iovs++] = (struct iovec){ &vnet, 10 };
	}
	head = kind->pieces > 1 ? ETH_HLEN : len;
	iov[iovs++] = (struct iovec){ frame, head };
	for (i = head; i < len; i += piece) {
		piece = (len - head + kind->pieces - 2) / (kind->pieces - 1);
		if (piece > len - i)
			piece = len - i;
		iov[iovs++] = (struct iovec){ frame + i, piece };
	}
	for (i = 0, total = 0; i < (size_t)iovs; i++)
		total += iov[i].iov_len;
}

static void remember(void)
{
	packets = if_stat("ff0", "rx_packets");
	dropped = if_stat("ff0", "rx_dropped") + if_stat("ff0", "rx_frame_errors");
}

static long call_write(void)
{
	return writev(fd, iov, iovs);
}

/* Headers that cannot be read are not a frame yet. */
static bool written_or_counted(int err)
{
	long came = if_stat("ff0", "rx_packets") - packets;
	long left = if_stat("ff0", "rx_dropped") + if_stat("ff0", "rx_frame_errors") - dropped;
	bool headers = kind->flags & IFF_VNET_HDR || !(kind->flags & IFF_NO_PI);

	/* Behind generic XDP only the core knows what became of the frame */
	if (!err && kind->xdp && came + left == 0)
		return writev(fd, iov, iovs) == (ssize_t)total;
	if (err ? came || left > 1 || (!left && !headers) : came != 1 || left)
		return false;
	return writev(fd, iov, iovs) == (ssize_t)total;
}

static void prepare_read(void)
{
	drain(fd);
	must(send(sender, frame, len, 0));
	packets = if_stat("ff0", "tx_packets");
	lost = eth_stat("ff0", "tx_lost");
}

static long call_read(void)
{
	return read(fd, in, sizeof(in));
}

/* A read that fails has taken the frame. */
static bool read_or_lost(int err)
{
	long got = if_stat("ff0", "tx_packets") - packets;
	long gone = eth_stat("ff0", "tx_lost") - lost;

	if (got != !err || (lost >= 0 && gone != !!err))
		return false;
	must(send(sender, frame, len, 0));
	return read(fd, in, sizeof(in)) > (ssize_t)len - 1;
}

static void prepare_send(void)
{
	drain(fd);
	packets = if_stat("ff0", "tx_packets");
	dropped = if_stat("ff0", "tx_dropped");
}

static long call_send(void)
{
	return send(sender, frame, len, 0);
}

/* The frame is there to be read, or counted, or its sender knows. */
static bool sent_or_counted(int err)
{
	bool came = read(fd, in, sizeof(in)) > 0;
	long left = if_stat("ff0", "tx_dropped") - dropped;

	if (err ? came : came == !!left)
		return false;
	must(send(sender, frame, len, 0));
	return read(fd, in, sizeof(in)) > 0;
}

static void open_device(void)
{
	fd = tun_new("ff0", kind->flags);
	must(if_up("ff0"));
	settle(fd, "ff0");
	if (kind->xdp)
		must(xdp_attach("ff0", prog, XDP_FLAGS_DRV_MODE));
	if (kind->flags & IFF_VNET_HDR)
		must(ioctl(fd, TUNSETOFFLOAD, ALL_OFFLOADS));
	sender = packet_socket("ff0", kind->flags & IFF_TAP ? SOCK_RAW : SOCK_DGRAM, 0);
	make_frame();
}

static void close_device(void)
{
	close(sender);
	close(fd);
}

static void try_kind(void)
{
	char text[100];

	open_device();
	snprintf(text, sizeof(text), "write: %s", kind->name);
	fault_try(&(struct fault){
		.name = text,
		.prepare = remember,
		.call = call_write,
		.check = written_or_counted,
		.errs = { ENOMEM, EFAULT, ENOBUFS },
	});
	/* What the stack would have to cut comes from other tests */
	if (kind->payload > 1400)
		goto out;
	snprintf(text, sizeof(text), "read: %s", kind->name);
	fault_try(&(struct fault){
		.name = text,
		.prepare = prepare_read,
		.call = call_read,
		.check = read_or_lost,
		.errs = { EFAULT },
	});
	snprintf(text, sizeof(text), "send: %s", kind->name);
	fault_try(&(struct fault){
		.name = text,
		.prepare = prepare_send,
		.call = call_send,
		.check = sent_or_counted,
		.errs = { ENOBUFS },
	});
out:
	close_device();
}

int main(void)
{
	unsigned int i;

	ktap_begin();
	fault_or_skip();
	netns_new();
	prog = must(BPF_PROG_RETURN(BPF_PROG_TYPE_XDP, XDP_PASS));
	keep = xdp_keep(prog);
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		kind = &kinds[i];
		try_kind();
	}
	close(keep);
	fault_end();
	return ktap_end();
}
