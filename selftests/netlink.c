// SPDX-License-Identifier: GPL-2.0
/* Just enough rtnetlink: one request, one reply, and a listener. */
#define _GNU_SOURCE
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/if_link.h>
#include "bpf.h"

struct request {
	struct nlmsghdr nh;
	struct ifinfomsg ifi;
	char attrs[512];
};

static void put(struct request *req, int type, const void *data, size_t len)
{
	struct rtattr *rta = (void *)((char *)req +
				      NLMSG_ALIGN(req->nh.nlmsg_len));

	rta->rta_type = type;
	rta->rta_len = RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(rta), data, len);
	req->nh.nlmsg_len = NLMSG_ALIGN(req->nh.nlmsg_len) + RTA_ALIGN(rta->rta_len);
}

static void init(struct request *req, int type, int flags, const char *name)
{
	memset(req, 0, sizeof(*req));
	req->nh.nlmsg_len = NLMSG_LENGTH(sizeof(req->ifi));
	req->nh.nlmsg_type = type;
	req->nh.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	if (name)
		put(req, IFLA_IFNAME, name, strlen(name) + 1);
}

/* The text of an extended acknowledgment lies behind the echoed request. */
static void read_ext(const struct nlmsghdr *nh, struct nl_reply *reply)
{
	const struct nlmsgerr *err = NLMSG_DATA(nh);
	size_t skip = sizeof(*err);
	const struct rtattr *rta;
	int left;

	if (!(nh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(nh->nlmsg_flags & NLM_F_CAPPED))
		skip += err->msg.nlmsg_len - sizeof(err->msg);
	rta = (const void *)((const char *)err + NLMSG_ALIGN(skip));
	left = nh->nlmsg_len - NLMSG_HDRLEN - NLMSG_ALIGN(skip);
	for (; RTA_OK(rta, left); rta = RTA_NEXT(rta, left))
		if (rta->rta_type == NLMSGERR_ATTR_MSG)
			snprintf(reply->ext, sizeof(reply->ext), "%s",
				 (const char *)RTA_DATA(rta));
}

static int talk(struct request *req, struct nl_reply *reply)
{
	int fd = must(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
	struct nlmsghdr *nh = (void *)reply->buf;
	int one = 1, ret = -1;

	reply->len = 0;
	reply->ext[0] = 0;
	must(setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one)));
	must(setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one)));
	must(send(fd, req, req->nh.nlmsg_len, 0));
	must(recv(fd, reply->buf, sizeof(reply->buf), 0));
	if (nh->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *err = NLMSG_DATA(nh);

		read_ext(nh, reply);
		errno = -err->error;
		ret = err->error ? -1 : 0;
	} else {
		reply->len = nh->nlmsg_len;
		ret = 0;
	}
	one = errno;
	close(fd);
	errno = one;
	return ret;
}

int nl_getlink(const char *name, struct nl_reply *reply)
{
	struct request req;

	init(&req, RTM_GETLINK, 0, name);
	return talk(&req, reply);
}

const void *nl_attr(const struct nl_reply *reply, const int *path, int depth,
		    int *len)
{
	const struct nlmsghdr *nh = (const void *)reply->buf;
	const struct rtattr *rta = IFLA_RTA(NLMSG_DATA(nh));
	int left = reply->len - NLMSG_SPACE(sizeof(struct ifinfomsg));

	while (RTA_OK(rta, left)) {
		if ((rta->rta_type & NLA_TYPE_MASK) != path[0]) {
			rta = RTA_NEXT(rta, left);
			continue;
		}
		left = RTA_PAYLOAD(rta);
		rta = RTA_DATA(rta);
		path++;
		if (!--depth) {
			if (len)
				*len = left;
			return rta;
		}
	}
	return NULL;
}

int nl_dellink(const char *name, struct nl_reply *reply)
{
	struct request req;

	init(&req, RTM_DELLINK, 0, name);
	return talk(&req, reply);
}

int nl_newlink(const char *kind, const char *name, struct nl_reply *reply)
{
	struct request req;
	struct rtattr *info;

	init(&req, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, name);
	info = (void *)((char *)&req + NLMSG_ALIGN(req.nh.nlmsg_len));
	put(&req, IFLA_LINKINFO, NULL, 0);
	put(&req, IFLA_INFO_KIND, kind, strlen(kind) + 1);
	info->rta_len = (char *)&req + req.nh.nlmsg_len - (char *)info;
	return talk(&req, reply);
}

int nl_set_netns(const char *name, int netns)
{
	struct nl_reply reply;
	struct request req;

	init(&req, RTM_NEWLINK, 0, name);
	put(&req, IFLA_NET_NS_FD, &netns, sizeof(netns));
	return talk(&req, &reply);
}

int nl_set_carrier(const char *name, int on)
{
	unsigned char value = on;
	struct nl_reply reply;
	struct request req;

	init(&req, RTM_NEWLINK, 0, name);
	put(&req, IFLA_CARRIER, &value, sizeof(value));
	return talk(&req, &reply);
}

int nl_set_length(const char *name, unsigned int length)
{
	struct nl_reply reply;
	struct request req;

	init(&req, RTM_NEWLINK, 0, name);
	put(&req, IFLA_TXQLEN, &length, sizeof(length));
	return talk(&req, &reply);
}

int xdp_attach(const char *name, int prog, unsigned int flags)
{
	struct nl_reply reply;
	struct request req;
	struct rtattr *xdp;

	init(&req, RTM_NEWLINK, 0, name);
	xdp = (void *)((char *)&req + NLMSG_ALIGN(req.nh.nlmsg_len));
	put(&req, IFLA_XDP | NLA_F_NESTED, NULL, 0);
	put(&req, IFLA_XDP_FD, &prog, sizeof(prog));
	put(&req, IFLA_XDP_FLAGS, &flags, sizeof(flags));
	xdp->rta_len = (char *)&req + req.nh.nlmsg_len - (char *)xdp;
	return talk(&req, &reply);
}

int xdp_keep(int prog)
{
	static int kept;
	char name[IFNAMSIZ];
	int fd;

	snprintf(name, sizeof(name), "xkeep%d", kept++);
	fd = tun_new(name, IFF_TAP | IFF_NO_PI);
	must(xdp_attach(name, prog, XDP_FLAGS_DRV_MODE));
	return fd;
}

int nl_listen(void)
{
	struct sockaddr_nl sa = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK,
	};
	int fd = must(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));

	must(bind(fd, (struct sockaddr *)&sa, sizeof(sa)));
	return fd;
}

int nl_event(int fd, const char *name, int msec, struct nl_reply *reply)
{
	static const int path[] = { IFLA_IFNAME };
	long end = msec_now() + msec;
	const char *got;
	ssize_t n;

	for (;;) {
		long left = end - msec_now();

		if (!readable(fd, left > 0 ? left : 0))
			return 0;
		n = must(recv(fd, reply->buf, sizeof(reply->buf), 0));
		reply->len = n;
		got = nl_attr(reply, path, 1, NULL);
		if (got && !strcmp(got, name))
			return ((struct nlmsghdr *)reply->buf)->nlmsg_type;
	}
}
