// SPDX-License-Identifier: GPL-2.0
/*
 * main.c - load and unload
 *
 * The map of the driver is tunx.h. The net half comes first: a program that
 * opens the node finds everything there.
 */
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "tunx.h"

static int __init tunx_init(void)
{
	int err;

	err = tunx_net_link_init();
	if (err) {
		pr_err(TUNX_KIND ": cannot register the link kind: %d\n", err);
		return err;
	}
	err = tunx_chr_init();
	if (err) {
		pr_err(TUNX_KIND ": cannot register the device node: %d\n", err);
		tunx_net_link_exit();
		return err;
	}
	pr_info(TUNX_KIND ": tunx TUN/TAP driver " TUNX_VERSION "\n");
	return 0;
}

static void __exit tunx_exit(void)
{
	tunx_chr_exit();
	tunx_net_link_exit();
}

module_init(tunx_init);
module_exit(tunx_exit);

MODULE_DESCRIPTION("tunx TUN/TAP driver");
MODULE_AUTHOR("The tunx authors");
MODULE_VERSION(TUNX_VERSION);
MODULE_LICENSE("GPL");
#ifdef TUNX_DROPIN
MODULE_ALIAS_MISCDEV(TUN_MINOR);
MODULE_ALIAS("devname:net/tun");
#endif
