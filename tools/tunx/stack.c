// SPDX-License-Identifier: GPL-2.0
/*
 * lwIP as Debian builds it, by its raw API. See stack.h.
 *
 * Debian's build expects threads; with all of it in one thread it asks for no locks,
 * and its timers run in stack_tick(). It takes packets for an interface's own address
 * and for ports in use only. So the interface gets, for each packet, the address that
 * packet is for; and one listening socket, and one for datagrams, the port: a raw
 * socket sees each packet before they do, whole again if it came in fragments.
 */
#include <lwip/icmp6.h>
#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/raw.h>
#include <lwip/tcp.h>
#include <lwip/timeouts.h>
#include <lwip/udp.h>
#include <stdlib.h>
#include <string.h>

#include "stack.h"
#include "util.h"

#define DESTINATION_PORT	2	/* where TCP and UDP have it */

/**
 * struct stack_tcp - a connection
 * @pcb: lwIP's half; NULL when lwIP needs us no more, or broke it off
 * @in: what came and was not consumed
 * @finished: the client sends no more
 * @shut: nor do we
 * @reset: it is broken off
 * @user: whose it is
 */
struct stack_tcp {
	struct tcp_pcb *pcb;
	struct pbuf *in;
	bool finished;
	bool shut;
	bool reset;
	void *user;
};

static struct stack_ops ops;
static struct netif netif;
static struct tcp_pcb_listen *listener;
static struct udp_pcb *datagrams;

static void place_of(struct place *place, const ip_addr_t *ip, uint16_t port)
{
	*place = (struct place){ .len = IP_IS_V4(ip) ? 4 : 16, .port = port };
	if (place->len == 4)
		memcpy(place->address, &ip_2_ip4(ip)->addr, 4);
	else
		memcpy(place->address, ip_2_ip6(ip)->addr, 16);
}

static void ip_of(ip_addr_t *ip, const uint8_t *address, size_t len)
{
	memset(ip, 0, sizeof(*ip));
	if (len == 4) {
		IP_SET_TYPE_VAL(*ip, IPADDR_TYPE_V4);
		memcpy(&ip_2_ip4(ip)->addr, address, 4);
	} else {
		IP_SET_TYPE_VAL(*ip, IPADDR_TYPE_V6);
		memcpy(ip_2_ip6(ip)->addr, address, 16);
	}
}

static err_t output(struct pbuf *p)
{
	static uint8_t packet[65536];

	ops.output(packet, pbuf_copy_partial(p, packet, p->tot_len, 0));
	return ERR_OK;
}

static err_t output4(struct netif *to, struct pbuf *p, const ip4_addr_t *address)
{
	(void)to;
	(void)address;
	return output(p);
}

static err_t output6(struct netif *to, struct pbuf *p, const ip6_addr_t *address)
{
	(void)to;
	(void)address;
	return output(p);
}

static err_t netif_begin(struct netif *new)
{
	new->name[0] = 't';
	new->name[1] = 'x';
	new->output = output4;
	new->output_ip6 = output6;
	new->mtu = *(uint16_t *)new->state;
	new->mtu6 = new->mtu;
	return ERR_OK;
}

/* What lwIP sends by itself is from nowhere in particular, and never for itself. */
static void address_none(void)
{
	static const uint8_t nowhere[4] = { 192, 0, 2, 1 };

	ip_of(&netif.ip_addr, nowhere, sizeof(nowhere));
	netif.ip6_addr_state[0] = IP6_ADDR_INVALID;
}

/* Return: false: it is for nobody in particular, as the kernel's own chatter is */
static bool address_of(const uint8_t *packet, size_t len)
{
	if (len >= 20 && packet[0] >> 4 == 4) {
		const uint8_t *to = packet + 16;

		if (!to[0] || to[0] == 127 || to[0] >= 224)
			return false;
		ip_of(&netif.ip_addr, to, 4);
		return true;
	}
	if (len >= 40 && packet[0] >> 4 == 6) {
		const uint8_t *to = packet + 24;

		/* 2000::/3 and fc00::/7: not multicast, not of a link, not loopback */
		if ((to[0] & 0xe0) != 0x20 && (to[0] & 0xfe) != 0xfc)
			return false;
		ip_of(&netif.ip6_addr[0], to, 16);
		netif.ip6_addr_state[0] = IP6_ADDR_PREFERRED;
		return true;
	}
	return false;
}

void stack_input(const uint8_t *packet, size_t len)
{
	struct pbuf *p;

	if (len > UINT16_MAX || !address_of(packet, len))
		return;
	p = pbuf_alloc(PBUF_RAW, len, PBUF_RAM);
	if (p) {
		pbuf_take(p, packet, len);
		if (ip_input(p, &netif) != ERR_OK)
			pbuf_free(p);
	}
	address_none();
}

uint32_t stack_tick(void)
{
	sys_check_timeouts();
	return sys_timeouts_sleeptime();
}

static uint16_t destination_port(const struct pbuf *p)
{
	size_t at = ip_current_header_tot_len() + DESTINATION_PORT;

	return pbuf_get_at(p, at) << 8 | pbuf_get_at(p, at + 1);
}

/* These see a packet before its protocol does; 0: it shall go there */
static uint8_t before_tcp(void *arg, struct raw_pcb *pcb, struct pbuf *p, const ip_addr_t *from)
{
	(void)arg;
	(void)pcb;
	(void)from;
	listener->local_port = destination_port(p);
	return 0;
}

static uint8_t before_udp(void *arg, struct raw_pcb *pcb, struct pbuf *p, const ip_addr_t *from)
{
	struct place server;

	(void)arg;
	(void)pcb;
	(void)from;
	place_of(&server, ip_current_dest_addr(), destination_port(p));
	datagrams->local_port = ops.wants(&server) ? server.port : 0;
	return 0;
}

/* The neighbours' protocol has no place on a tun. */
static uint8_t before_icmp6(void *arg, struct raw_pcb *pcb, struct pbuf *p, const ip_addr_t *from)
{
	(void)arg;
	(void)pcb;
	(void)from;
	if (pbuf_get_at(p, ip_current_header_tot_len()) == ICMP6_TYPE_EREQ)
		return 0;
	pbuf_free(p);
	return 1;
}

/* lwIP goes on alone: to the end of TIME_WAIT, say, after which @pcb is gone. */
static void let_go(struct stack_tcp *tcp)
{
	tcp_arg(tcp->pcb, NULL);
	tcp_recv(tcp->pcb, NULL);
	tcp_sent(tcp->pcb, NULL);
	tcp_err(tcp->pcb, NULL);
	tcp->pcb = NULL;
}

static err_t received(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
	struct stack_tcp *tcp = arg;

	(void)pcb;
	(void)err;
	if (!p) {
		tcp->finished = true;
		if (tcp->shut)
			let_go(tcp);
	} else if (tcp->in) {
		pbuf_cat(tcp->in, p);
	} else {
		tcp->in = p;
	}
	ops.changed(tcp->user);
	return ERR_OK;
}

static err_t sent(void *arg, struct tcp_pcb *pcb, uint16_t len)
{
	struct stack_tcp *tcp = arg;

	(void)pcb;
	(void)len;
	ops.changed(tcp->user);
	return ERR_OK;
}

static void failed(void *arg, err_t err)
{
	struct stack_tcp *tcp = arg;

	(void)err;
	tcp->pcb = NULL;
	tcp->reset = true;
	ops.changed(tcp->user);
}

static err_t accepted(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct place client, server;
	struct stack_tcp *tcp;

	(void)arg;
	if (err != ERR_OK || !pcb)
		return ERR_VAL;
	tcp = calloc(1, sizeof(*tcp));
	if (!tcp)
		return ERR_MEM;
	place_of(&client, &pcb->remote_ip, pcb->remote_port);
	place_of(&server, &pcb->local_ip, pcb->local_port);
	tcp->pcb = pcb;
	tcp->user = ops.accept(tcp, &client, &server);
	if (!tcp->user) {
		free(tcp);
		return ERR_MEM;
	}
	tcp_arg(pcb, tcp);
	tcp_recv(pcb, received);
	tcp_sent(pcb, sent);
	tcp_err(pcb, failed);
	tcp_nagle_disable(pcb);
	/* a client that is gone without a word must not be kept for ever */
	ip_set_option(pcb, SOF_KEEPALIVE);
	return ERR_OK;
}

static void datagram(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from,
		     uint16_t port)
{
	static uint8_t data[65536];
	struct place client, server;
	size_t len;

	(void)arg;
	place_of(&client, from, port);
	place_of(&server, ip_current_dest_addr(), pcb->local_port);
	len = pbuf_copy_partial(p, data, p->tot_len, 0);
	pbuf_free(p);
	ops.datagram(&client, &server, data, len);
}

static void look_before(uint8_t protocol, raw_recv_fn look)
{
	struct raw_pcb *pcb = raw_new_ip_type(IPADDR_TYPE_ANY, protocol);

	if (!pcb)
		die("lwIP gives no raw socket");
	raw_recv(pcb, look, NULL);
}

void stack_start(const struct stack_ops *the_ops, uint32_t mtu)
{
	uint16_t most = mtu > UINT16_MAX ? UINT16_MAX : mtu;
	struct tcp_pcb *pcb;
	ip4_addr_t none, all;

	ops = *the_ops;
	lwip_init();
	ip4_addr_set_any(&none);
	ip4_addr_set_u32(&all, IPADDR_NONE);
	if (!netif_add(&netif, &none, &all, &none, &most, netif_begin, ip_input))
		die("lwIP takes no interface");
	netif_set_default(&netif);
	netif_set_up(&netif);
	netif_set_link_up(&netif);
	/* there is no router to look for */
	netif.rs_count = 0;
	address_none();

	pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);
	datagrams = udp_new_ip_type(IPADDR_TYPE_ANY);
	if (!pcb || !datagrams || tcp_bind(pcb, IP_ANY_TYPE, 1) != ERR_OK ||
	    udp_bind(datagrams, IP_ANY_TYPE, 1) != ERR_OK)
		die("lwIP gives no sockets");
	pcb = tcp_listen(pcb);
	if (!pcb)
		die("lwIP does not listen");
	tcp_accept(pcb, accepted);
	udp_recv(datagrams, datagram, NULL);
	listener = (struct tcp_pcb_listen *)pcb;
	look_before(IP_PROTO_TCP, before_tcp);
	look_before(IP_PROTO_UDP, before_udp);
	look_before(IP6_NEXTH_ICMP6, before_icmp6);
}

void stack_send(const struct place *server, const struct place *client,
		const uint8_t *data, size_t len)
{
	ip_addr_t from, to;
	struct pbuf *p;

	if (server->len != client->len || len > UINT16_MAX - 48)
		return;
	p = pbuf_alloc(PBUF_TRANSPORT, len, PBUF_RAM);
	if (!p)
		return;
	pbuf_take(p, data, len);
	ip_of(&from, server->address, server->len);
	ip_of(&to, client->address, client->len);
	datagrams->local_port = server->port;
	udp_sendto_if_src(datagrams, p, &to, client->port, &netif, &from);
	pbuf_free(p);
}

const void *stack_tcp_peek(const struct stack_tcp *tcp, size_t *len)
{
	if (!tcp->in)
		return NULL;
	*len = tcp->in->len;
	return tcp->in->payload;
}

void stack_tcp_consume(struct stack_tcp *tcp, size_t len)
{
	tcp->in = pbuf_free_header(tcp->in, len);
	if (tcp->pcb)
		tcp_recved(tcp->pcb, len);
}

bool stack_tcp_finished(const struct stack_tcp *tcp)
{
	return tcp->finished && !tcp->in;
}

bool stack_tcp_reset(const struct stack_tcp *tcp)
{
	return tcp->reset;
}

/* lwIP limits bytes and segments, and makes these no larger than half the window. */
size_t stack_tcp_room(const struct stack_tcp *tcp)
{
	size_t segment, segments, room;

	if (!tcp->pcb || tcp->shut)
		return 0;
	segment = tcp->pcb->snd_wnd_max / 2;
	if (!segment || segment > tcp->pcb->mss)
		segment = tcp->pcb->mss;
	if (tcp_sndqueuelen(tcp->pcb) + 2 >= TCP_SND_QUEUELEN)
		return 0;
	segments = TCP_SND_QUEUELEN - 2 - tcp_sndqueuelen(tcp->pcb);
	room = tcp_sndbuf(tcp->pcb);
	return room < segment * segments ? room : segment * segments;
}

bool stack_tcp_write(struct stack_tcp *tcp, const void *data, size_t len)
{
	return tcp->pcb && tcp_write(tcp->pcb, data, len, TCP_WRITE_FLAG_COPY) == ERR_OK;
}

void stack_tcp_flush(struct stack_tcp *tcp)
{
	if (tcp->pcb)
		tcp_output(tcp->pcb);
}

void stack_tcp_shutdown(struct stack_tcp *tcp)
{
	if (!tcp->pcb || tcp->shut)
		return;
	tcp->shut = true;
	tcp_shutdown(tcp->pcb, 0, 1);
	if (tcp->finished)
		let_go(tcp);
}

void stack_tcp_close(struct stack_tcp *tcp)
{
	struct tcp_pcb *pcb = tcp->pcb;

	if (pcb) {
		let_go(tcp);
		tcp_abort(pcb);
	}
	if (tcp->in)
		pbuf_free(tcp->in);
	free(tcp);
}
