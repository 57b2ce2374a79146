/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How messages get to the peer: UDP, TCP, or as IP in IP. Messages are sent where
 * the peer was heard last; where that is, the protocol says (net_adopt()).
 */
#ifndef TUNX_TOOL_TUNNEL_NET_H
#define TUNX_TOOL_TUNNEL_NET_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define FRAME_HEAD	64	/* bytes in front of a frame, for whoever puts a header there */
#define FRAME_TAIL	16	/* bytes behind it */
#define FRAME_MAX	65536	/* bytes of the longest, tag included */
#define FRAMES		32	/* carried at once */

/**
 * struct frame - a packet or message
 * @data: FRAME_HEAD bytes in front of it and FRAME_TAIL behind it are free
 * @len: its length
 */
struct frame {
	uint8_t *data;
	size_t len;
};

enum net_kind { NET_UDP, NET_TCP, NET_IPIP };

/**
 * struct net_peer - where messages come from and go to
 * @address: the peer's
 * @len: its length, 0: not known
 * @connection: TCP: which
 */
struct net_peer {
	struct sockaddr_storage address;
	socklen_t len;
	int connection;
};

/**
 * struct net_config - what the user asked for
 * @kind: the carrier
 * @local: ADDRESS:PORT to bind to, or NULL
 * @remote: ADDRESS:PORT of the peer; NULL: we listen
 * @only: take messages of @remote only; without a protocol that tells who it was
 */
struct net_config {
	enum net_kind kind;
	const char *local;
	const char *remote;
	bool only;
};

struct tcp;

/**
 * struct net - the way to the peer
 * @config: how it began
 * @family: AF_INET or AF_INET6
 * @fd: to poll for POLLIN, whatever it is
 * @home: @config.remote, as an address
 * @source: @config.local, as an address
 * @lock: of @peer
 * @peer: where the peer was heard last
 * @tcp: connections
 */
struct net {
	struct net_config config;
	int family;
	int fd;
	struct net_peer home;
	struct net_peer source;
	pthread_mutex_t lock;
	struct net_peer peer;
	struct tcp *tcp;
};

/** net_open - bind, listen or connect; ends the program on failure */
void net_open(struct net *net, const struct net_config *config, uint64_t now);
void net_close(struct net *net);

/**
 * net_send - send each of @frames as a message
 * @to: where to, NULL: to the peer
 *
 * Return: how many the network took, -1: the peer's address is not known.
 */
int net_send(struct net *net, const struct net_peer *to, struct frame *frames, int n);

/** net_receive - up to @n messages into @frames, each with room for FRAME_MAX bytes */
int net_receive(struct net *net, struct frame *frames, struct net_peer *from, int n);

/** net_adopt - the peer is there; true if it was elsewhere */
bool net_adopt(struct net *net, const struct net_peer *from);

/** net_tick - what is to be done from time to time; @alive: the peer is heard */
void net_tick(struct net *net, uint64_t now, bool alive);

/** net_blocked - more to send would be lost */
bool net_blocked(struct net *net);

/** net_mtu - bytes of a message that fit into a packet of the network; @mtu 0: ask the route */
uint32_t net_mtu(struct net *net, uint32_t mtu);

/* tunnel_tcp.c: as their namesakes */
void tcp_open(struct net *net, uint64_t now);
void tcp_close(struct net *net);
int tcp_send(struct net *net, const struct net_peer *to, struct frame *frames, int n);
int tcp_receive(struct net *net, struct frame *frames, struct net_peer *from, int n);
void tcp_adopt(struct net *net, const struct net_peer *from);
void tcp_tick(struct net *net, uint64_t now, bool alive);
bool tcp_blocked(struct net *net);

#endif
