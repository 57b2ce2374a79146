/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UNIT_LINUX_VIRTIO_BYTEORDER_H
#define UNIT_LINUX_VIRTIO_BYTEORDER_H

#include <linux/types.h>

#define __virtio16_to_cpu(le, x)	((le) ? le16toh(x) : be16toh(x))
#define __cpu_to_virtio16(le, x)	((le) ? htole16(x) : htobe16(x))

#endif
