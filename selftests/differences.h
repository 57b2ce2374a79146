/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every behaviour in which the two drivers are meant to differ, or in which
 * stock differs between kernels. tunx shows the semantics of stock 7.3.4 on
 * every kernel and mends what is broken there; the tests ask here what to
 * expect and name no driver and no kernel version themselves.
 *
 * What is broken in every stock driver up to 7.3.4, and the test that tells:
 *
 *  S1  a file joins a device with a classic filter, and has not	filter/classic.c join
 *  S2  flows of the last queue go astray when another leaves	pair/flows.c removed
 *  S3  the wished ifindex is mixed up with the queue's number	ioctl/device.c ifindex_once
 *  S4  a read into bad memory succeeds				chr/rw.c read_faults
 *  S5  XDP frames are read without struct tun_pi			xdp/tap.c headers
 *  S6  hdr_len may exceed the frame				vnet/rules.c limits
 *  S7  tunnel offload and a short header: reads fail		vnet/read.c tunnel_granted
 *  S8  queues that join later have no send buffer limit		ioctl/sndbuf.c queues
 *  S9  a tap does not show rx_frame_errors			vnet/rules.c all_rules
 *  S10 frames that generic XDP takes are not counted		xdp/tap.c each_verdict
 *  S11 a vhost batch has headers without IFF_VNET_HDR		vhost/net.c no_header
 *  S12 a classic filter is read from user memory again		filter/classic.c memory
 *  S13 link settings are not checked				net/ethtool.c wrong_settings
 *  S14 TUNSETLINK does not change the header functions		ioctl/device.c link_type_stays
 *  S15 a second TUNSETIFF does not tell the real name		ioctl/setiff.c second_name
 *  S16 frames of receive queues that are gone			stress/race.c stale_queue
 */
#ifndef SELFTESTS_DIFFERENCES_H
#define SELFTESTS_DIFFERENCES_H

#include "tuntest.h"

static inline bool stock_before(unsigned int major, unsigned int minor,
				unsigned int sub)
{
	return !tun_is_tunx() && kernel_before(major, minor, sub);
}

/* Stock learned to stop the sender in 7.3. */
static inline bool has_backpressure(void)
{
	return !stock_before(7, 3, 0);
}

static inline unsigned int want_features(void)
{
	return has_backpressure() ? 0x71f3 : 0x7173;
}

/*
 * Every flag that TUNSETIFF takes for a multi-queue TAP, and what TUNGETIFF
 * reports of them.
 */
#define EVERY_FLAG	0x71d2

static inline int want_flags(void)
{
	return has_backpressure() ? 0x7192 : 0x7112;
}

/*
 * An ownerless device needs CAP_NET_ADMIN to attach to since 7.3.2, and in older
 * series since whichever stable update brought it there.
 */
static inline bool knows_ownerless_rule(void)
{
	return !stock_before(7, 3, 2);
}

/* Stock ignores a failed copy of the payload and reports its length. */
static inline bool bad_buffer_faults(void)
{
	return tun_is_tunx();
}

/* A reader that sleeps while its device goes: stock says EFAULT. */
static inline int want_reader_at_delete(void)
{
	return tun_is_tunx() ? EBADFD : EFAULT;
}

/* 6.1 did not mark its files FMODE_NOWAIT. */
static inline bool has_rwf_nowait(void)
{
	return !stock_before(6, 4, 0);
}

/*
 * The last queue takes the number of one that leaves. Stock forgets the flows of
 * a number that nobody has, so those of the last queue keep its old one.
 */
static inline bool flows_follow_their_queue(void)
{
	return tun_is_tunx();
}

/*
 * The number of receive queues falls when one is detached, which may still write:
 * the kernel warns of its frames.
 */
static inline bool receive_queues_stay(void)
{
	return tun_is_tunx();
}

/* Memory of queues, rings, flows and filters: whose cgroup pays? Stock's, nobody's. */
static inline bool charges_memory(void)
{
	return tun_is_tunx();
}

/* Stock leaves the name of the second TUNSETIFF on a device untouched. */
static inline bool second_attach_names(void)
{
	return tun_is_tunx();
}

/* Stock asks for a stale ifindex when an fd that was attached creates again. */
static inline bool ifindex_goes_stale(void)
{
	return !tun_is_tunx();
}

static inline bool has_get_channels(void)
{
	return !stock_before(6, 6, 0);
}

/* Stock takes link settings that no link can have. */
static inline bool link_settings_are_checked(void)
{
	return tun_is_tunx();
}

static inline int want_speed(void)
{
	return stock_before(6, 6, 0) ? 10 : 10000;
}

/* TUNSETSNDBUF reaches the queues there are; tunx gives it to later ones too. */
static inline bool sndbuf_reaches_later_queues(void)
{
	return tun_is_tunx();
}

/*
 * Freed packets wake a writer that sleeps in write(2). Stock looks for a mark
 * that only poll sets, and leaves it asleep until a packet comes to be read.
 */
static inline bool freed_packets_wake_writer(void)
{
	return tun_is_tunx();
}

/* The lockless-transmit mark was a feature bit until 6.12. */
static inline bool shows_tx_lockless(void)
{
	return kernel_before(6, 12, 0);
}

/*
 * Which of the 512 values TUNSETOFFLOAD takes: UDP segmentation came with 6.2,
 * that of what a UDP tunnel carries with 6.17.
 */
static inline bool has_uso(void)
{
	return !stock_before(6, 2, 0);
}

static inline bool has_tunnel_offload(void)
{
	return !stock_before(6, 17, 0);
}

/* The part of a vnet header behind what is known: zero, or left as it was. */
static inline bool zeroes_header_tail(void)
{
	return !stock_before(6, 17, 0);
}

/*
 * hdr_len may reach to the end of the frame. Stock that parses tunnel fields
 * lets it reach farther by what follows the parsed part of the header.
 */
static inline int hdr_len_slack(int hdr_size)
{
	if (tun_is_tunx() || stock_before(6, 17, 0))
		return 0;
	return hdr_size - (hdr_size >= 24 ? 24 : 10);
}

/*
 * A segmentation request without a checksum to complete: is the packet looked
 * at? Stock does since 7.2, and may in updates of older series.
 */
static inline bool may_trust_gso_type(void)
{
	return stock_before(7, 3, 0);
}

/* A checksum that starts in the IP header: stock looks since 6.12. */
static inline bool may_trust_csum_start(void)
{
	return stock_before(6, 12, 0);
}

/* With tunnel offload and a header too short for it, stock fails every read. */
static inline bool short_header_loses_packets(void)
{
	return !tun_is_tunx();
}

/* rx_frame_errors of a TAP: stock counts and does not show them. */
static inline bool shows_frame_errors(bool tap)
{
	return tun_is_tunx() || !tap;
}

/* Frames of XDP_TX and XDP_REDIRECT: stock leaves out struct tun_pi. */
static inline bool xdp_frames_have_pi(void)
{
	return tun_is_tunx();
}

static inline bool has_xdp_metadata(void)
{
	return !stock_before(6, 15, 0);
}

/* Stock runs programs on bare buffers for writers that do not want to block. */
static inline bool blocking_writes_are_native(void)
{
	return tun_is_tunx();
}

/* A frame that a program takes when there is a buffer of the stack already. */
static inline bool generic_frames_are_counted(void)
{
	return tun_is_tunx();
}

/* IFF_NAPI: stock's instances have no id, so nobody can poll them. */
static inline bool napi_has_id(void)
{
	return tun_is_tunx();
}

/*
 * A file that joins a device with a classic filter: stock says it has, and
 * leaves it without the device; an enabled queue stays disabled.
 */
static inline bool filter_and_join_work(void)
{
	return tun_is_tunx();
}

/*
 * Stock reads a classic filter again for each file that joins, wherever its
 * program is by then; where it cannot, the file joins without.
 */
static inline bool filter_is_copied(void)
{
	return tun_is_tunx();
}

/*
 * GRO may take over the buffer of a frame that it merges, without a word to its
 * owner. Stock makes such buffers for a TAP and a writer that does not block; the
 * file then counts the frame as the stack's for ever, and keeps the module.
 */
static inline bool gro_keeps_memory(bool tap)
{
	return !tun_is_tunx() && tap;
}

#endif /* SELFTESTS_DIFFERENCES_H */
