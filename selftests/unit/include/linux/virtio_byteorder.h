/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UNIT_LINUX_VIRTIO_BYTEORDER_H
#define UNIT_LINUX_VIRTIO_BYTEORDER_H

#include <linux/types.h>

static inline uint16_t __virtio16_to_cpu(bool le, uint16_t x)
{
	return le ? le16toh(x) : be16toh(x);
}

static inline uint16_t __cpu_to_virtio16(bool le, uint16_t x)
{
	return le ? htole16(x) : htobe16(x);
}

#endif
