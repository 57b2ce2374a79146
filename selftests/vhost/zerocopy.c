// SPDX-License-Identifier: GPL-2.0
/*
 * vhost_net that lends its guest's pages to the stack (experimental_zcopytx=1)
 * and gives a buffer back when the stack has let go of it. A buffer that nobody
 * gives back is lost to the guest, and whoever stops vhost_net waits for ever; of
 * one that is given back twice the kernel's reference counters complain.
 *
 *	guest --> vhost_net --> [ tap ] --> AF_PACKET
 *	                           '------> bridge --> another device
 *
 * A frame with one receiver may stay in the guest's pages until it is read.
 * Timeout: 120 s
 */
#define _GNU_SOURCE
#include <linux/if_ether.h>
#include <linux/sockios.h>
#include "bpf.h"
#include "vhost.h"

#define FRAMES	40

static unsigned char frame[70000];
static int watch;

static void send_frame(const struct vnet_hdr *h, size_t len, unsigned int seed)
{
	guest_frame(frame, len, seed);
	guest_send(h, frame, len);
}

static void shell(const char *cmd)
{
	if (system(cmd))
		bail("%s", cmd);
}

static void open_guest(const char *name)
{
	guest_open(name, IFF_VNET_HDR, 0);
	watch = packet_socket(name, SOCK_RAW, ETH_P_ALL);
}

/* Whatever became of the frames, the guest's pages are its own again, all of them. */
static void close_guest(const char *what)
{
	bool back = guest_flush();

	ok(back, "%s: the guest gets its buffers back", what);
	is(guest.tx.used->idx, guest.tx.avail->idx, "%s: each of them once", what);
	close(watch);
	if (!back)
		printf("# vhost_net waits for them now\n");
	result(guest_backend(GUEST_TX, -1), 0, "%s: it is stopped", what);
	guest_close();
}

static void sizes(void)
{
	static const size_t lengths[] = { 60, 243, 244, 300, 1514, 3000, 4084, 9000, 60000 };
	unsigned int i, round, good = 0;

	open_guest("vz0");
	for (round = 0; round < 10; round++) {
		for (i = 0; i < ARRAY_SIZE(lengths); i++) {
			send_frame(NULL, lengths[i], i);
			send_frame(NULL, 10, i);
		}
		guest_kick(&guest.tx);
		for (i = 0; i < ARRAY_SIZE(lengths); i++)
			good += guest_frame_seen(watch, lengths[i], i);
		if (!guest_flush())
			break;
	}
	is(good, 10 * ARRAY_SIZE(lengths), "many sizes, short ones between them: all arrive");
	close_guest("many sizes");
}

static void refused(void)
{
	struct vnet_hdr type = { .gso_type = 2 };
	struct vnet_hdr start = { .flags = F_NEEDS_CSUM, .csum_start = 990, .csum_offset = 20 };
	struct vnet_hdr hint = { .hdr_len = 2000 };
	unsigned int i;

	open_guest("vz1");
	for (i = 0; i < FRAMES; i++)
		send_frame(i % 3 == 0 ? &type : i % 3 == 1 ? &start : &hint, 1000, i);
	send_frame(NULL, 1000, FRAMES);
	guest_kick(&guest.tx);
	ok(guest_frame_seen(watch, 1000, FRAMES), "the frame behind those that lie arrives");
	close_guest("headers that lie");

	open_guest("vz1");
	must(if_down("vz1"));
	for (i = 0; i < FRAMES; i++)
		send_frame(NULL, 1000, i);
	close_guest("the device is down");
}

/* More pages than a frame can have: it is copied, and nobody else gives it back. */
static void many_pages(void)
{
	unsigned int i, good = 0;

	open_guest("vz2");
	for (i = 0; i < 5; i++) {
		guest_frame(frame, 30 * 500 - GUEST_HDR, i);
		guest_send_pieces(NULL, frame, 30 * 500 - GUEST_HDR, 500);
		guest_kick(&guest.tx);
		good += guest_frame_seen(watch, 30 * 500 - GUEST_HDR, i);
	}
	is(good, 5, "frames in 30 pieces arrive");
	close_guest("30 pieces");
}

/* A port forwards when the news of its carrier has come, which is a moment later. */
static bool port_forwards(void *name)
{
	return if_sysfs(name, "brport/state") == 3;
}

static void port_ready(char *name)
{
	if (!wait_until(port_forwards, name, 10000))
		bail("%s: this port of the bridge does not forward", name);
}

/*
 * vz3 is a port of a bridge, and d0 the other. The frames are in the guest's
 * pages as long as they wait in front of d0.
 */
static void open_bridge(const char *qdisc)
{
	char cmd[400];

	guest_open("vz3", IFF_VNET_HDR, 0);
	watch = -1;
	snprintf(cmd, sizeof(cmd),
		 "ip link add b0 type bridge forward_delay 0 && ip link set b0 up && "
		 "ip link add d0 type dummy && ip link set d0 master b0 up && "
		 "ip link set vz3 master b0 && tc qdisc add dev d0 root %s", qdisc);
	shell(cmd);
	port_ready("vz3");
	port_ready("d0");
}

static void close_bridge(void)
{
	shell("ip link del b0; ip link del d0");
}

static bool short_ones_back(void *arg)
{
	(void)arg;
	return guest.tx.used->idx == FRAMES;
}

static void held(void)
{
	struct nl_reply reply;
	unsigned int i, round;

	for (round = 0; round < 2; round++) {
		open_bridge("netem delay 100s");
		for (i = 0; i < FRAMES; i++) {
			send_frame(NULL, 1000, i);
			send_frame(NULL, 60, i);
		}
		guest_kick(&guest.tx);
		ok(wait_until(short_ones_back, NULL, 10000), "short ones are copied");
		usleep(50000);
		is(guest.tx.used->idx, FRAMES, "long ones wait in the guest's pages");
		if (round)
			must(nl_dellink("vz3", &reply));
		shell("tc qdisc del dev d0 root");
		close_guest(round ? "the device goes while they wait" : "dropped where they wait");
		close_bridge();
	}
}

static bool all_passed(void *arg)
{
	(void)arg;
	return if_stat("d0", "tx_packets") >= FRAMES;
}

static void limited(void)
{
	int size = 15000;
	unsigned int i;

	open_bridge("tbf rate 16mbit burst 5000 limit 1000000");
	must(ioctl(guest.tap, TUNSETSNDBUF, &size));
	for (i = 0; i < FRAMES; i++)
		send_frame(NULL, 1000, i);
	guest_kick(&guest.tx);
	ok(wait_until(all_passed, NULL, 10000), "a send buffer for a few: all go out in the end");
	close_guest("a send buffer for a few");
	close_bridge();
}

/* A ring is nobody's to wait in: what goes there is copied, or dropped. */
static void full_ring(void)
{
	static unsigned char got[2000];
	unsigned int i, good = 0;
	int other;

	open_bridge("pfifo");
	other = tun_new("vz4", IFF_TAP | IFF_NO_PI);
	must(if_setint("vz4", SIOCSIFTXQLEN, 4));
	must(if_up("vz4"));
	settle(other, "vz4");
	shell("ip link set d0 nomaster; ip link set vz4 master b0");
	port_ready("vz4");
	for (i = 0; i < FRAMES; i++)
		send_frame(NULL, 1000, i);
	close_guest("a ring for 4");
	for (i = 0; i < 4 && readable(other, 2000); i++) {
		guest_frame(frame, 1000, i);
		good += read(other, got, sizeof(got)) == 1000 && !memcmp(got, frame, 1000);
	}
	is(good, 4, "a ring for 4: those are unchanged, though the guest is gone");
	close(other);
	close_bridge();
}

static void programs(void)
{
	static const struct { int action; const char *what; } all[] = {
		{ XDP_PASS, "a program passes" },
		{ XDP_DROP, "a program drops" },
		{ XDP_TX, "a program sends back" },
		{ XDP_ABORTED, "a program fails" },
	};
	unsigned int i, j, good;
	struct vnet_hdr h;
	int prog;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		open_guest("vz5");
		prog = must(BPF_PROG_RETURN(BPF_PROG_TYPE_XDP, all[i].action));
		must(xdp_attach("vz5", prog, XDP_FLAGS_DRV_MODE));
		close(prog);
		for (j = 0; j < FRAMES; j++)
			send_frame(NULL, j % 2 ? 1000 : 3000, j);
		guest_give(FRAMES);
		guest_kick(&guest.tx);
		for (j = good = 0; j < FRAMES && all[i].action == XDP_PASS; j++)
			good += guest_frame_seen(watch, j % 2 ? 1000 : 3000, j);
		for (j = 0; j < FRAMES && all[i].action == XDP_TX && guest_got(1, 5000); j++) {
			static unsigned char got[5000];
			size_t len = j % 2 ? 1000 : 3000;

			guest_frame(frame, len, j);
			good += guest_receive(&h, got, sizeof(got)) == (ssize_t)len &&
				!memcmp(got, frame, len);
		}
		is(good, i % 2 ? 0 : FRAMES, "%s %u frames", all[i].what, FRAMES);
		close_guest(all[i].what);
	}
}

static void deleted(void)
{
	struct nl_reply reply;
	unsigned int i;

	open_guest("vz6");
	must(nl_dellink("vz6", &reply));
	for (i = 0; i < FRAMES; i++)
		send_frame(NULL, 1000, i);
	close_guest("the device is deleted");
}

int main(void)
{
	ktap_begin();
	vhost_or_skip("experimental_zcopytx=1");
	netns_new();
	sizes();
	refused();
	many_pages();
	deleted();
	programs();
	full_ring();
	held();
	limited();
	return ktap_end();
}
