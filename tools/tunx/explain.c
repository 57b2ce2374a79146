// SPDX-License-Identifier: GPL-2.0
/*
 * The driver answers a failed attach with one number for many reasons. Look at
 * the device through netlink and /proc and say which of them it was.
 */
#include <errno.h>
#include <grp.h>
#include <linux/if_tun.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dev.h"
#include "holders.h"
#include "link.h"
#include "util.h"

noreturn void explain_open(const char *node, int err)
{
	bool ours = strstr(node, "tunx");

	switch (err) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		die("opening %s: %s: is the driver loaded? Try %s", node, strerror(err),
		    ours ? "'insmod drivers/net/tunx/tunx.ko' or 'modprobe tunx'" :
			   "'modprobe tun'");
	case EACCES:
	case EPERM:
		die("opening %s: %s: you need read and write permission on the node "
		    "(usual mode: 0666; the device itself is guarded by owner and group)",
		    node, strerror(err));
	default:
		die("opening %s: %s", node, strerror(err));
	}
}

static void print_holders(const char *name)
{
	struct holder *list;
	size_t n = holders_scan(&list), shown = 0;

	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i].ifname, name) && list[i].pid != getpid() &&
		    holder_first(list, i) && ++shown)
			fprintf(stderr, "  held by %s (process %d)\n", list[i].comm,
				(int)list[i].pid);
	if (!shown)
		fputs("  (cannot see who holds it: not root, or another network namespace)\n",
		      stderr);
	free(list);
}

noreturn static void explain_busy(const char *what, const char *name, unsigned int flags,
				   const struct link *link)
{
	if (!link)
		die("%s: %s: the requested interface index is taken", what, strerror(EBUSY));
	if (flags & IFF_TUN_EXCL)
		die("%s: %s: a device of that name exists ('tunx del %s' deletes a tun/tap one)",
		    what, strerror(EBUSY), name);
	warning("%s: %s: its only queue is in use:", what, strerror(EBUSY));
	print_holders(name);
	fputs("  End that program, or use a multi-queue device (--multi-queue on both sides).\n",
	      stderr);
	exit(EXIT_FAILURE);
}

static const char *user_name(int64_t uid, char *text, size_t size)
{
	struct passwd *pw = uid < 0 ? NULL : getpwuid(uid);

	if (pw)
		snprintf(text, size, "user %s", pw->pw_name);
	else if (uid >= 0)
		snprintf(text, size, "user %lld", (long long)uid);
	else
		snprintf(text, size, "any user");
	return text;
}

static const char *group_name(int64_t gid, char *text, size_t size)
{
	struct group *gr = gid < 0 ? NULL : getgrgid(gid);

	if (gr)
		snprintf(text, size, "group %s", gr->gr_name);
	else if (gid >= 0)
		snprintf(text, size, "group %lld", (long long)gid);
	else
		snprintf(text, size, "any group");
	return text;
}

noreturn static void explain_permission(const char *what, const struct link *link)
{
	char user[64], group[64];

	if (!link)
		die("%s: %s: creating a device needs root or CAP_NET_ADMIN in this network "
		    "namespace; or let root make one for you: 'tunx add dev NAME mode tun user %u'",
		    what, strerror(EPERM), (unsigned int)getuid());
	if (link->owner < 0 && link->group < 0)
		die("%s: %s: the device has no owner, so only CAP_NET_ADMIN may attach; "
		    "root can create it with 'user' or 'group'", what, strerror(EPERM));
	die("%s: %s: the device is for %s and %s; you are uid %u and have no CAP_NET_ADMIN",
	    what, strerror(EPERM), user_name(link->owner, user, sizeof(user)),
	    group_name(link->group, group, sizeof(group)), (unsigned int)geteuid());
}

noreturn static void explain_invalid(int fd, const char *what, const char *node,
				      const char *name, unsigned int flags,
				      const struct link *link)
{
	const char *err = strerror(EINVAL);
	unsigned int features = 0;

	if (!link) {
		if (!ioctl(fd, TUNGETFEATURES, &features) && (flags & IFF_VNET_HDR & ~features))
			die("%s: %s: the driver behind %s has no vnet_hdr", what, err, node);
		die("%s: %s: '%s' is not a possible interface name "
		    "(no '/', ':' or blank, not '.' or '..', at most one %%d)", what, err, name);
	}
	if (!link_is_tun(link))
		die("%s: %s: it exists and is not a tun/tap device (kind '%s')", what, err,
		    *link->kind ? link->kind : "none");
	if ((link->tun_flags ^ flags) & (IFF_TUN | IFF_TAP))
		die("%s: %s: it is a %s device; asked for was %s", what, err,
		    link->tun_flags & IFF_TAP ? "tap" : "tun", flags & IFF_TAP ? "tap" : "tun");
	if ((link->tun_flags ^ flags) & IFF_MULTI_QUEUE)
		die("%s: %s: it is %smulti-queue; every user of it must %sask for multi-queue",
		    what, err, link->tun_flags & IFF_MULTI_QUEUE ? "" : "not ",
		    link->tun_flags & IFF_MULTI_QUEUE ? "" : "not ");
	if (!strcmp(link->kind, "tunx") != !!strstr(node, "tunx"))
		die("%s: %s: the device belongs to the driver '%s'; try --node %s", what, err,
		    link->kind, strcmp(link->kind, "tunx") ? NODE_TUN : NODE_TUNX);
	die("%s: %s: the device refused these flags (0x%x)", what, err, flags);
}

noreturn void explain_attach(int fd, const char *node, const char *name, unsigned int flags,
			     int err)
{
	struct link link, *existing = link_get(name, &link) ? &link : NULL;
	char what[128];

	snprintf(what, sizeof(what), "%s %s device %s%s%s through %s",
		 existing && !(flags & IFF_TUN_EXCL) ? "attaching to" : "creating",
		 flags & IFF_TAP ? "tap" : "tun", *name ? "'" : "", *name ? name : "(any name)",
		 *name ? "'" : "", node);
	switch (err) {
	case EBUSY:
		explain_busy(what, name, flags, existing);
	case EPERM:
		explain_permission(what, existing);
	case EINVAL:
		explain_invalid(fd, what, node, name, flags, existing);
	case E2BIG:
		die("%s: %s: all 256 queues of the device are taken", what, strerror(err));
	case ENFILE:
		die("%s: %s: every name the template gives is taken", what, strerror(err));
	case ENOTTY:
		die("%s: %s: this node is not a TUN/TAP node", what, strerror(err));
	default:
		die("%s: %s", what, strerror(err));
	}
}
