/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of a tunnel:
 *
 *   tunnel.c         the command: put together, drop rights, wait, tell
 *   tunnel_config.c  options, configuration file, keys
 *   tunnel_carry.c   packets from the device to the peer and back
 *   tunnel_io.c      the device: one packet a call, or many
 *   tunnel_proto.c   sessions, encryption, replay, timers; no socket, no clock
 *   tunnel_shake.c   how keys are agreed on
 *   tunnel_net.c     UDP, IP in IP; tunnel_tcp.c: TCP
 *   tunnel_mss.c     segment sizes lowered to what fits
 *   tunnel_stats.c   counters
 */
#ifndef TUNX_TOOL_TUNNEL_H
#define TUNX_TOOL_TUNNEL_H

#include "dev.h"
#include "tunnel_io.h"
#include "tunnel_net.h"
#include "tunnel_proto.h"
#include "tunnel_stats.h"

#define THREADS_MAX	16

/**
 * struct tunnel_config - what the user asked for
 * @device: the device
 * @net: the carrier
 * @sealed: with the protocol; else packets go as they are
 * @proto: keys and times
 * @compress: with LZ4
 * @batch: many packets a call, if the driver can
 * @clamp: lower TCP's segment sizes
 * @threads: each with a queue
 * @outer_mtu: of the network, 0: what the route says
 * @user: to become, NULL: nobody
 */
struct tunnel_config {
	struct dev_request device;
	struct net_config net;
	bool sealed;
	struct proto_config proto;
	bool compress;
	bool batch;
	bool clamp;
	unsigned int threads;
	uint32_t outer_mtu;
	const char *user;
};

/**
 * struct tunnel - one run
 * @config: what the user asked for
 * @net: to the peer
 * @proto: with @config.sealed
 * @io: queues, one a thread
 * @mtu: of the device
 * @stats: what happened
 * @gone: the device is
 */
struct tunnel {
	struct tunnel_config config;
	struct net net;
	struct proto proto;
	struct tunnel_io io[THREADS_MAX];
	uint32_t mtu;
	struct tunnel_stats stats;
	atomic_bool gone;
};

/**
 * struct carrier - what a thread needs
 * @t: the tunnel
 * @io: its queue
 * @buffer: for what comes
 * @scratch: for LZ4
 * @more: messages may have come that polling does not show
 */
struct carrier {
	struct tunnel *t;
	struct tunnel_io *io;
	uint8_t *buffer;
	uint8_t *scratch;
	bool more;
};

/** tunnel_configure - from the command line and the file it names; may end the program */
void tunnel_configure(struct tunnel_config *config, int argc, char **argv);

void carrier_start(struct carrier *c, struct tunnel *t, struct tunnel_io *io);
void carrier_end(struct carrier *c);

/** carry_out - what waits at the device; false: it is gone */
bool carry_out(struct carrier *c);

/** carry_in - what came from the peer */
void carry_in(struct carrier *c);

/** carry_tick - what the time asks for */
void carry_tick(struct carrier *c);

/** tunnel_now - ns of the clock that the protocol lives by */
uint64_t tunnel_now(void);

#endif
