// SPDX-License-Identifier: GPL-2.0
/*
 * chr_ring.c - a ring in memory that kernel and program share: the calls
 *
 * Made before the file has a device, once, and kept until the file goes. A
 * mapping keeps the file: with close() alone, neither the queue nor its device
 * goes.
 */
#include <linux/fs.h>
#include <linux/io_uring/cmd.h>
#include <linux/mm.h>
#include <linux/rtnetlink.h>
#include <linux/uaccess.h>

#include "net_rx.h"
#include "queue_ring.h"
#include "tunx.h"

static int tunx_chr_ring_get(struct tunx_ring_setup *setup, const void __user *arg)
{
	u32 size;
	int err;

	if (get_user(size, (const u32 __user *)arg))
		return -EFAULT;
	if (size < sizeof(*setup) || size > PAGE_SIZE)
		return -EINVAL;
	err = copy_struct_from_user(setup, sizeof(*setup), arg, size);
	if (err)
		return err;
	if (setup->flags & ~TUNX_RING_CSUM ||
	    setup->headroom > TUNX_BATCH_ROOM_MAX || setup->headroom % 8 ||
	    setup->tailroom > TUNX_BATCH_ROOM_MAX || setup->tailroom % 8)
		return -EINVAL;
	return 0;
}

/**
 * tunx_chr_ring_set - TUNXSETRING
 * @q: queue
 * @arg: in user memory: struct tunx_ring_setup
 *
 * Context: process, may sleep; not under RTNL, which making the memory would hold
 * for long.
 * Return: 0, -EFAULT, -E2BIG (a longer struct, and not zero there), -EINVAL (a shorter
 * one, unknown flags, a size or room that cannot be), -EBUSY (the file has rings, or a
 * device) or -ENOMEM.
 */
int tunx_chr_ring_set(struct tunx_queue *q, const void __user *arg)
{
	struct tunx_ring_setup setup;
	struct tunx_shared *s;
	int err;

	err = tunx_chr_ring_get(&setup, arg);
	if (err)
		return err;
	/* Also looked at below; but first of all, a second one costs nothing */
	if (READ_ONCE(q->shared))
		return -EBUSY;
	s = tunx_queue_ring_alloc(setup.to_user, setup.to_stack);
	if (IS_ERR(s))
		return PTR_ERR(s);
	s->q = q;
	s->lead = sizeof(struct tunx_rec) + setup.headroom;
	s->tailroom = setup.tailroom;
	s->csum = setup.flags & TUNX_RING_CSUM;
	s->receive = tunx_net_rx_ring;

	rtnl_lock();
	if (q->shared || rtnl_dereference(q->xd))
		err = -EBUSY;
	else
		/* Pairs with the READ_ONCE() of who holds no RTNL */
		smp_store_release(&q->shared, s);
	rtnl_unlock();
	if (err)
		tunx_queue_ring_free(s);
	return err;
}

/**
 * tunx_chr_ring_kick - TUNXRINGKICK
 * @q: queue
 *
 * Context: process.
 * Return: 0, -EBADFD (no device), -EINVAL (no rings), -EPROTO or -EBUSY, see
 * tunx_queue_ring_kick().
 */
int tunx_chr_ring_kick(struct tunx_queue *q)
{
	struct tunx_dev *xd = tunx_queue_dev_get(q);
	int err;

	if (!xd)
		return -EBADFD;
	err = READ_ONCE(q->shared) ? tunx_queue_ring_kick(q, xd) : -EINVAL;
	tunx_queue_dev_put(xd);
	return err;
}

/**
 * tunx_chr_uring_cmd - TUNXRINGKICK by io_uring
 * @cmd: request
 * @issue_flags: not looked at: it does not wait
 *
 * Context: process.
 * Return: as tunx_chr_ring_kick(), or -EOPNOTSUPP: another command.
 */
int tunx_chr_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	if (cmd->cmd_op != TUNXRINGKICK)
		return -EOPNOTSUPP;
	return tunx_chr_ring_kick(cmd->file->private_data);
}

/* Which pages; their number, or 0: none */
static unsigned long tunx_chr_ring_part(const struct tunx_shared *s, unsigned long pgoff,
					struct page ***pages)
{
	unsigned long to_user = 2UL * s->to_user.size >> PAGE_SHIFT;

	switch (pgoff) {
	case TUNX_RING_MAP_KERNEL >> PAGE_SHIFT:
		*pages = s->pages;
		return 1;
	case TUNX_RING_MAP_PROGRAM >> PAGE_SHIFT:
		*pages = s->pages + 1;
		return 1;
	case TUNX_RING_MAP_TO_USER >> PAGE_SHIFT:
		*pages = s->pages + 2;
		return to_user;
	case TUNX_RING_MAP_TO_STACK >> PAGE_SHIFT:
		*pages = s->pages + 2 + to_user;
		return 2UL * s->to_stack.size >> PAGE_SHIFT;
	default:
		return 0;
	}
}

/**
 * tunx_chr_mmap - a part of the rings, whole
 * @file: our file
 * @vma: where, which part (TUNX_RING_MAP_*), and how many bytes
 *
 * Context: process, mmap lock.
 * Return: 0, -ENODEV (no rings), -EINVAL (not shared, no such part or not its
 * length), -EPERM (our words, to be written) or -ENOMEM.
 */
int tunx_chr_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct tunx_queue *q = file->private_data;
	const struct tunx_shared *s = READ_ONCE(q->shared);
	vm_flags_t clear = 0;
	struct page **pages;
	unsigned long n;

	/* ABI: as of a file that cannot be mapped */
	if (!s)
		return -ENODEV;
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	n = tunx_chr_ring_part(s, vma->vm_pgoff, &pages);
	if (!n || vma_pages(vma) != n)
		return -EINVAL;
	if (vma->vm_pgoff == TUNX_RING_MAP_KERNEL >> PAGE_SHIFT) {
		if (vma->vm_flags & VM_WRITE)
			return -EPERM;
		clear = VM_MAYWRITE;
	}
	/* A child has no business here: there is one program per ring */
	vm_flags_mod(vma, VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP, clear);
	return vm_map_pages_zero(vma, pages, n);
}
