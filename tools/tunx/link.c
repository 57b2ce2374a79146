// SPDX-License-Identifier: GPL-2.0
/* rtnetlink through libmnl. See link.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "link.h"
#include "names.h"
#include "util.h"

#define REPLY_SIZE	32768	/* a device with many attributes fits */

struct links {
	struct link *list;
	size_t n;
};

static uint32_t attr_number(const struct nlattr *attr)
{
	switch (mnl_attr_get_payload_len(attr)) {
	case 1:
		return mnl_attr_get_u8(attr);
	case 4:
		return mnl_attr_get_u32(attr);
	default:
		return 0;
	}
}

static void attr_string(const struct nlattr *attr, char *text, size_t size)
{
	snprintf(text, size, "%.*s", (int)mnl_attr_get_payload_len(attr),
		 (const char *)mnl_attr_get_payload(attr));
}

static int parse_tun_attr(const struct nlattr *attr, void *data)
{
	struct link *link = data;
	uint32_t value = attr_number(attr);

	switch (mnl_attr_get_type(attr)) {
	case IFLA_TUN_TYPE:
		link->tun_flags |= value & (IFF_TUN | IFF_TAP);
		break;
	case IFLA_TUN_OWNER:
		link->owner = value;
		break;
	case IFLA_TUN_GROUP:
		link->group = value;
		break;
	case IFLA_TUN_PI:
		link->tun_flags |= value ? 0 : IFF_NO_PI;
		break;
	case IFLA_TUN_VNET_HDR:
		link->tun_flags |= value ? IFF_VNET_HDR : 0;
		break;
	case IFLA_TUN_PERSIST:
		link->tun_flags |= value ? IFF_PERSIST : 0;
		break;
	case IFLA_TUN_MULTI_QUEUE:
		link->tun_flags |= value ? IFF_MULTI_QUEUE : 0;
		break;
	case IFLA_TUN_NUM_QUEUES:
		link->queues = value;
		break;
	case IFLA_TUN_NUM_DISABLED_QUEUES:
		link->disabled_queues = value;
		break;
	}
	return MNL_CB_OK;
}

static int parse_info_attr(const struct nlattr *attr, void *data)
{
	struct link *link = data;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_INFO_KIND:
		attr_string(attr, link->kind, sizeof(link->kind));
		break;
	case IFLA_INFO_DATA:
		/* the kernel sends the kind first */
		if (!strcmp(link->kind, "tun") || !strcmp(link->kind, "tunx"))
			return mnl_attr_parse_nested(attr, parse_tun_attr, link);
		break;
	}
	return MNL_CB_OK;
}

static int parse_link_attr(const struct nlattr *attr, void *data)
{
	struct link *link = data;
	size_t len = mnl_attr_get_payload_len(attr);

	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		attr_string(attr, link->name, sizeof(link->name));
		break;
	case IFLA_MTU:
		link->mtu = attr_number(attr);
		break;
	case IFLA_TXQLEN:
		link->txqueuelen = attr_number(attr);
		break;
	case IFLA_CARRIER:
		link->carrier = attr_number(attr);
		break;
	case IFLA_OPERSTATE:
		link->operstate = attr_number(attr);
		break;
	case IFLA_STATS64:
		if (len > sizeof(link->stats))
			len = sizeof(link->stats);
		memcpy(&link->stats, mnl_attr_get_payload(attr), len);
		break;
	case IFLA_LINKINFO:
		return mnl_attr_parse_nested(attr, parse_info_attr, link);
	}
	return MNL_CB_OK;
}

/* Some flags have no netlink attribute; sysfs, when mounted for this netns, has all. */
static void add_sysfs_flags(struct link *link)
{
	const unsigned int unseen = IFF_ONE_QUEUE | IFF_NAPI | IFF_NAPI_FRAGS | IFF_BACKPRESSURE;
	char path[128], text[32] = "";
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/sys/class/net/%s/tun_flags", link->name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n > 0)
		link->tun_flags |= strtoul(text, NULL, 16) & unseen;
}

static int parse_link(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *ifm = mnl_nlmsg_get_payload(nlh);
	struct links *links = data;
	struct link *link;

	if (nlh->nlmsg_type != RTM_NEWLINK)
		return MNL_CB_OK;
	link = realloc(links->list, (links->n + 1) * sizeof(*link));
	if (!link)
		die("no memory for the list of devices");
	links->list = link;
	link += links->n++;
	memset(link, 0, sizeof(*link));
	link->index = ifm->ifi_index;
	link->flags = ifm->ifi_flags;
	link->owner = -1;
	link->group = -1;
	if (mnl_attr_parse(nlh, sizeof(*ifm), parse_link_attr, link) < 0)
		return MNL_CB_ERROR;
	if (link->tun_flags)
		add_sysfs_flags(link);
	return MNL_CB_OK;
}

/* Sends @nlh and feeds the answers to @cb; -1 and errno when the kernel says no. */
static int talk(struct nlmsghdr *nlh, mnl_cb_t cb, void *data)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	static char reply[REPLY_SIZE];
	unsigned int portid;
	int ret, err;

	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
		die("opening a netlink socket: %s", strerror(errno));
	portid = mnl_socket_get_portid(nl);
	nlh->nlmsg_seq = 1;
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		die("sending to netlink: %s", strerror(errno));
	do {
		ret = mnl_socket_recvfrom(nl, reply, sizeof(reply));
		if (ret > 0)
			ret = mnl_cb_run(reply, ret, nlh->nlmsg_seq, portid, cb, data);
	} while (ret > 0);
	err = errno;
	mnl_socket_close(nl);
	errno = err;
	return ret;
}

static struct nlmsghdr *link_message(char *buf, uint16_t type, uint16_t flags, int index)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifm;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	ifm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifm));
	ifm->ifi_index = index;
	return nlh;
}

size_t link_list(struct link **list)
{
	char buf[256];
	struct links links;
	int ret, tries = 5;

	/* a device that comes or goes meanwhile makes the dump inconsistent: EINTR */
	do {
		links.list = NULL;
		links.n = 0;
		ret = talk(link_message(buf, RTM_GETLINK, NLM_F_DUMP, 0), parse_link, &links);
		if (ret < 0 && errno == EINTR && --tries)
			free(links.list);
		else
			break;
	} while (true);
	if (ret < 0)
		die("listing the network devices: %s", strerror(errno));
	*list = links.list;
	return links.n;
}

bool link_get(const char *name, struct link *link)
{
	int index = if_nametoindex(name);
	struct links links = { 0 };
	char buf[256];
	bool found;

	if (!index)
		return false;
	found = talk(link_message(buf, RTM_GETLINK, NLM_F_ACK, index), parse_link, &links) >= 0 &&
		links.n;
	if (found)
		*link = links.list[0];
	free(links.list);
	return found;
}

static const char *netlink_hint(int err)
{
	return err == EPERM ? " (needs root or CAP_NET_ADMIN in this network namespace)" : "";
}

int link_change(int index, uint16_t attr, const void *value, size_t len)
{
	char buf[256];
	struct nlmsghdr *nlh = link_message(buf, RTM_NEWLINK, NLM_F_ACK, index);

	mnl_attr_put(nlh, attr, len, value);
	return talk(nlh, NULL, NULL) < 0 ? -1 : 0;
}

int link_change_flags(int index, unsigned int flags, unsigned int mask)
{
	char buf[256];
	struct nlmsghdr *nlh = link_message(buf, RTM_NEWLINK, NLM_F_ACK, index);
	struct ifinfomsg *ifm = mnl_nlmsg_get_payload(nlh);

	ifm->ifi_flags = flags;
	ifm->ifi_change = mask;
	return talk(nlh, NULL, NULL) < 0 ? -1 : 0;
}

int link_delete(int index)
{
	char buf[256];

	return talk(link_message(buf, RTM_DELLINK, NLM_F_ACK, index), NULL, NULL) < 0 ? -1 : 0;
}

void link_up(const char *name)
{
	if (link_change_flags(if_nametoindex(name), IFF_UP, IFF_UP))
		die("setting %s up: %s%s", name, strerror(errno), netlink_hint(errno));
}

void link_set_mtu(const char *name, uint32_t mtu)
{
	if (link_change(if_nametoindex(name), IFLA_MTU, &mtu, sizeof(mtu)))
		die("setting the MTU of %s to %u: %s%s", name, mtu, strerror(errno),
		    netlink_hint(errno));
}

void link_add_address(const char *name, const char *text)
{
	char buf[256], host[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifaddrmsg *ifa;
	uint8_t address[16];
	int family;
	uint8_t max;

	snprintf(host, sizeof(host), "%.*s", slash ? (int)(slash - text) : (int)strlen(text), text);
	family = strchr(host, ':') ? AF_INET6 : AF_INET;
	max = family == AF_INET6 ? 128 : 32;
	if (inet_pton(family, host, address) != 1)
		wrong_use("--address: '%s' is not like 10.0.0.1/24 or fd00::1/64", text);

	nlh->nlmsg_type = RTM_NEWADDR;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_family = family;
	ifa->ifa_prefixlen = slash ? parse_number("--address", slash + 1, 0, max) : max;
	ifa->ifa_index = if_nametoindex(name);
	mnl_attr_put(nlh, IFA_LOCAL, max / 8, address);
	mnl_attr_put(nlh, IFA_ADDRESS, max / 8, address);
	if (talk(nlh, NULL, NULL) < 0)
		die("adding address %s to %s: %s%s", text, name, strerror(errno),
		    netlink_hint(errno));
}
