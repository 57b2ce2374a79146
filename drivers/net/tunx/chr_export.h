/* SPDX-License-Identifier: GPL-2.0 */
/*
 * chr_export.h - what chr_export.c may know of the driver: no struct of ours
 */
#ifndef _TUNX_CHR_EXPORT_H
#define _TUNX_CHR_EXPORT_H

struct file;
struct ptr_ring;
struct socket;

struct socket *tunx_chr_get_socket(struct file *file);
struct ptr_ring *tunx_chr_get_ring(struct file *file);
void tunx_chr_wake_sender(struct file *file);
void tunx_queue_free_frame(void *frame);

#endif /* _TUNX_CHR_EXPORT_H */
