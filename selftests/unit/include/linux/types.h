/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's short names, for sources of the driver built in user space. */
#ifndef UNIT_LINUX_TYPES_H
#define UNIT_LINUX_TYPES_H

#include_next <linux/types.h>
#include <arpa/inet.h>
#include <endian.h>
#include <stdbool.h>
#include <stddef.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;

#define noinline	__attribute__((noinline))

#define le16_to_cpu(x)	le16toh(x)
#define cpu_to_le16(x)	htole16(x)

#endif
