/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The far end of every connection: lwIP behind a tun, for whatever address and port
 * a packet is meant. TCP is terminated here, datagrams are handed out, pings answered.
 */
#ifndef TUNX_TOOL_STACK_H
#define TUNX_TOOL_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/**
 * struct place - an address and a port
 * @address: in network order
 * @len: 4 or 16 bytes of it
 * @port: in host order
 */
struct place {
	uint8_t address[16];
	uint8_t len;
	uint16_t port;
};

struct stack_tcp;

/**
 * struct stack_ops - what the stack calls
 * @output: a packet for the device
 * @accept: @client has connected to @server; Return: what @changed gets, NULL: refuse
 * @changed: there is data, room, or an end; not the moment to call back
 * @wants: are datagrams to @server welcome? Else the client is told that they are not
 * @datagram: one of them
 */
struct stack_ops {
	void (*output)(const uint8_t *packet, size_t len);
	void *(*accept)(struct stack_tcp *tcp, const struct place *client,
			const struct place *server);
	void (*changed)(void *user);
	bool (*wants)(const struct place *server);
	void (*datagram)(const struct place *client, const struct place *server,
			 const uint8_t *data, size_t len);
};

/** stack_start - there is one; @mtu: the device's */
void stack_start(const struct stack_ops *ops, uint32_t mtu);

/** stack_input - a packet from the device */
void stack_input(const uint8_t *packet, size_t len);

/** stack_tick - do what is due. Return: milliseconds until more is */
uint32_t stack_tick(void);

/** stack_send - a datagram to @client as if from @server */
void stack_send(const struct place *server, const struct place *client,
		const uint8_t *data, size_t len);

/** stack_tcp_peek - what the client sent, the first piece of it. Return: NULL: nothing */
const void *stack_tcp_peek(const struct stack_tcp *tcp, size_t *len);
/** stack_tcp_consume - @len bytes of that are done with */
void stack_tcp_consume(struct stack_tcp *tcp, size_t len);
/** stack_tcp_finished - the client sends no more, and all it sent is done with */
bool stack_tcp_finished(const struct stack_tcp *tcp);
/** stack_tcp_reset - the client broke the connection off */
bool stack_tcp_reset(const struct stack_tcp *tcp);
/** stack_tcp_room - bytes that stack_tcp_write() takes now */
size_t stack_tcp_room(const struct stack_tcp *tcp);
bool stack_tcp_write(struct stack_tcp *tcp, const void *data, size_t len);
/** stack_tcp_flush - send what was written */
void stack_tcp_flush(struct stack_tcp *tcp);
/** stack_tcp_shutdown - no more will be written */
void stack_tcp_shutdown(struct stack_tcp *tcp);
/** stack_tcp_close - the connection is broken off, unless both have finished */
void stack_tcp_close(struct stack_tcp *tcp);

/** place_print - "1.2.3.4:80", "[2001:db8::1]:80" */
#define PLACE_TEXT	64
const char *place_print(const struct place *place, char text[PLACE_TEXT]);
bool place_equal(const struct place *a, const struct place *b);
/** place_sockaddr, place_of_sockaddr - for socket calls. Return: its length */
socklen_t place_sockaddr(const struct place *place, struct sockaddr_storage *sa);
void place_of_sockaddr(struct place *place, const struct sockaddr_storage *sa);

#endif
