// SPDX-License-Identifier: GPL-2.0
/*
 * tunx trace: one packet each way, and the functions of the kernel it passed, in
 * order. The function tracer notes the driver's functions and some of the
 * core's, for this process only; the driver's tracepoints come in between.
 */
#include <errno.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd.h"
#include "generate.h"
#include "options.h"
#include "port.h"
#include "tracefs.h"
#include "util.h"

static const char usage[] =
	"Usage: tunx trace [-j [-p]] [DEVICE OPTION]...\n\n"
	"Sends one packet each way through a device (by default a new one) and prints the\n"
	"functions it passed, with the time since it set out and the half they belong to:\n"
	"chr, queue, net or frame of the driver, or core, the rest of the kernel. Lines with a\n"
	"star are tracepoints. Uses a trace buffer of its own. Needs root.\n\n"
	"  -j, --json             JSON: an array with an object for each line\n"
	"  -p, --pretty           with -j: indented\n\n"
	DEVICE_HELP;

#define PATIENCE_MS	2000
#define TO_USER		"the stack sends, the program reads"
#define TO_STACK	"the program writes, the stack receives"

/* Those of the core that a packet meets on its way; not every kernel has all. */
static const char * const core_functions[] = {
	"packet_sendmsg", "__dev_queue_xmit", "__dev_direct_xmit", "sch_direct_xmit",
	"dev_hard_start_xmit", "vfs_read", "vfs_writev", "netif_rx", "netif_rx_internal",
	"netif_receive_skb", "netif_receive_skb_list", "napi_gro_receive", "net_rx_action",
	"process_backlog", "__netif_receive_skb_core*", "packet_rcv", "consume_skb",
	"sock_def_readable",
};

static const char * const core_events[] = {
	"net:net_dev_queue", "net:net_dev_start_xmit", "net:netif_rx", "net:netif_receive_skb",
};

/* The names of tunx say where they belong; of stock's, this is what they do. */
static const struct {
	const char *prefix;
	const char *part;
} parts[] = {
	{ "tunx_chr_", "chr" },
	{ "tunx_queue_", "queue" },
	{ "tunx_net_", "net" },
	{ "tunx_frame_", "frame" },
	{ "tunx_hash_", "frame" },
	{ "tun_chr_", "chr" },
	{ "tun_do_read", "chr" },
	{ "tun_put_user", "chr" },
	{ "tun_get_user", "chr" },
	{ "tun_get", "chr" },
	{ "tun_alloc_skb", "chr" },
	{ "tun_build_skb", "chr" },
	{ "tun_ring_", "queue" },
	{ "tun_vnet_", "frame" },
	{ "tun_", "net" },
	/* tracepoints of tunx */
	{ "tunx_enqueue", "queue" },
	{ "tunx_dequeue", "queue" },
	{ "tunx_drop", "queue" },
	{ "tunx_rx", "net" },
};

static const char *part_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (!strncmp(name, parts[i].prefix, strlen(parts[i].prefix)))
			return parts[i].part;
	return "core";
}

/* Our number as the tracer sees it, whatever our namespace: "task-1 [000] ..." */
static const char *own_pid(void)
{
	static char pid[16];
	char *text, *end, *at;

	tracefs_write("tracing_on", "1");
	tracefs_write("trace_marker", "who");
	tracefs_write("tracing_on", "0");
	text = tracefs_read("trace");
	at = strstr(text, ": who\n");
	while (at && at > text && *at != '[')
		at--;
	while (at && at > text && !strchr("0123456789", *at))
		at--;
	end = at;
	while (at && at > text && *at != '-')
		at--;
	if (!at || *at != '-' || end - at >= (int)sizeof(pid))
		die("finding out the number of this process: the trace does not tell");
	snprintf(pid, sizeof(pid), "%.*s", (int)(end - at), at + 1);
	free(text);
	return pid;
}

/* Return: whether functions are traced; else tracepoints alone */
static bool set_up_trace(const char *module)
{
	const char *pid = own_pid();
	char text[64];

	tracefs_write("set_event_pid", pid);
	for (size_t i = 0; i < ARRAY_SIZE(core_events); i++)
		tracefs_write("set_event", core_events[i]);
	tracefs_write("set_event", "tunx:*");
	tracefs_write("trace_clock", "mono");
	if (!tracefs_has("available_tracers", "function"))
		return false;
	tracefs_write("set_ftrace_pid", pid);
	snprintf(text, sizeof(text), "*:mod:%s", module);
	if (!tracefs_write("set_ftrace_filter", text))
		warning("the functions of module %s cannot be traced: %s", module,
			strerror(errno));
	for (size_t i = 0; i < ARRAY_SIZE(core_functions); i++)
		tracefs_write("set_ftrace_filter", core_functions[i]);
	return tracefs_write("current_tracer", "function");
}

static bool ready(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, PATIENCE_MS) == 1;
}

/* What is under way already is not what we look at */
static void empty(struct dev *dev, struct packet *pkt)
{
	const struct timespec a_while = { .tv_nsec = 200000000 };

	wait_for(NULL, 0, &a_while);
	while (dev_read(dev, pkt) > 0)
		;
}

static void one_each_way(struct dev *dev)
{
	static uint8_t packet[BUILD_MAX], got[BUILD_MAX];
	static struct packet pkt;
	uint8_t mac[ETH_ALEN];
	struct generate g;
	struct port port;
	size_t len;

	port_open(&port, dev->name, ETH_P_ALL);
	generate_init(&g);
	dev_mac(dev, mac);
	generate_finish(&g, dev->tap, mac);
	len = generate_packet(&g, packet);
	empty(dev, &pkt);

	if (!tracefs_write("tracing_on", "1"))
		die("starting the trace: %s", strerror(errno));
	tracefs_write("trace_marker", TO_USER);
	if (port_send(&port, packet, len) != 1)
		die("sending on %s: %s%s", dev->name, strerror(errno), port_hint(errno));
	if (dev_read(dev, &pkt) != 1 && (!ready(dev->fd) || dev_read(dev, &pkt) != 1))
		warning("%s: the packet did not reach the reader", dev->name);
	tracefs_write("trace_marker", TO_STACK);
	if (dev_write(dev, packet, len))
		die("writing to %s: %s%s", dev->name, strerror(errno), dev_write_hint(errno));
	if (!ready(port.sock) || recv(port.sock, got, sizeof(got), MSG_DONTWAIT) < 0)
		warning("%s: the packet did not reach the stack", dev->name);
	tracefs_write("tracing_on", "0");
	close(port.sock);
}

/*
 * struct line - one of the trace: "task-1 [000] d..1. 12.345678: name <-caller"
 * or "...: event: words"; a marker is an event named for the function that takes it
 */
struct line {
	double time;
	const char *name;
	const char *detail;
	bool event;
};

static bool parse_line(char *text, struct line *line)
{
	char *at = strstr(text, "] "), *end;

	if (*text == '#' || !at)
		return false;
	at += 2;
	at += strcspn(at, " ");
	line->time = strtod(at, &end);
	if (end == at || strncmp(end, ": ", 2))
		return false;
	line->name = end + 2;
	at = strstr(line->name, " <-");
	line->event = !at;
	if (line->event)
		at = strstr(line->name, ": ");
	if (!at)
		return false;
	*at = '\0';
	line->detail = line->event ? at + 2 : "";
	line->detail += strspn(line->detail, " ");
	return true;
}

static json_t *trace_json(void)
{
	char *text = tracefs_read("trace"), *next, *row;
	const char *direction = NULL;
	json_t *all = json_array();
	struct line line;
	double start = 0;

	for (row = strtok_r(text, "\n", &next); row; row = strtok_r(NULL, "\n", &next)) {
		if (!parse_line(row, &line))
			continue;
		if (!strcmp(line.detail, TO_USER) || !strcmp(line.detail, TO_STACK)) {
			direction = strcmp(line.detail, TO_USER) ? TO_STACK : TO_USER;
			start = line.time;
			continue;
		}
		if (!direction)
			continue;
		json_array_append_new(all, json_pack("{s:s, s:f, s:s, s:s, s:b, s:s}",
						     "way", direction,
						     "microseconds", (line.time - start) * 1e6,
						     "part", part_of(line.name),
						     "name", line.name,
						     "tracepoint", line.event,
						     "detail", line.detail));
	}
	free(text);
	return all;
}

static void print_text(const json_t *all)
{
	const char *way, *last = "";
	const json_t *line;
	size_t i;

	json_array_foreach((json_t *)all, i, line) {
		way = json_string_value(json_object_get(line, "way"));
		if (strcmp(way, last))
			printf("%s%s\n", *last ? "\n" : "", way);
		last = way;
		printf("%7.0f us  %-5s %c %s %s\n",
		       json_real_value(json_object_get(line, "microseconds")),
		       json_string_value(json_object_get(line, "part")),
		       json_is_true(json_object_get(line, "tracepoint")) ? '*' : ' ',
		       json_string_value(json_object_get(line, "name")),
		       json_string_value(json_object_get(line, "detail")));
	}
}

int cmd_trace(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "pretty", no_argument, NULL, 'p' },
		{ 0 }
	};
	const struct options opts = { usage, "jp", longs, .node_only = false };
	bool as_json = false, pretty = false, good;
	struct dev_request req = { .up = true };
	struct link link;
	struct dev dev;
	json_t *all;
	int c;

	while ((c = next_option(&opts, argc, argv, &req)) != -1) {
		as_json |= c == 'j';
		pretty |= c == 'p';
	}
	no_more_arguments(argc, argv);
	tracefs_open();
	catch_stop();
	dev_attach(&dev, &req);
	if (!link_get(dev.name, &link))
		die("%s went", dev.name);
	/* both drivers have the kind's name, also the drop-in build */
	if (!set_up_trace(link.kind))
		warning("this kernel has no function tracer: tracepoints alone");
	one_each_way(&dev);
	all = trace_json();
	good = json_array_size(all);
	if (as_json)
		print_json(all, pretty);
	else
		print_text(all);
	json_decref(all);
	if (!good)
		warning("the trace is empty");
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
