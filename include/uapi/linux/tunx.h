/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What tunx understands beyond linux/if_tun.h.
 *
 * TUNGETVNETHASHCAP and TUNSETVNETHASH were proposed for the kernel; they keep
 * the names and numbers of that proposal, and give way to a linux/if_tun.h that
 * has them. Calls of our own have numbers from 240 up.
 */
#ifndef _UAPI_LINUX_TUNX_H
#define _UAPI_LINUX_TUNX_H

#include <linux/if_tun.h>
#include <linux/ioctl.h>
#include <linux/types.h>

#ifndef TUNSETVNETHASH

#define TUNGETVNETHASHCAP _IOR('T', 228, struct tun_vnet_hash)
#define TUNSETVNETHASH _IOW('T', 229, struct tun_vnet_hash)

/* Fill the hash fields of a virtio-net header of 20 bytes and more */
#define TUN_VNET_HASH_REPORT	0x0001
/* Choose queues by hash: a struct tun_vnet_hash_rss, table and key follow */
#define TUN_VNET_HASH_RSS	0x0002

/**
 * struct tun_vnet_hash - what to hash, and what for
 * @flags: TUN_VNET_HASH_*; 0 turns both off
 * @pad: zero
 * @types: VIRTIO_NET_RSS_HASH_TYPE_*, the packets that have a hash
 */
struct tun_vnet_hash {
	__u16 flags;
	__u8 pad[2];
	__u32 types;
};

/**
 * struct tun_vnet_hash_rss - how to choose a queue; with TUN_VNET_HASH_RSS
 * @indirection_table_mask: number of entries of the table, a power of two up to
 *	TUNX_HASH_TABLE_MAX, less one
 * @unclassified_queue: queue of the packets without a hash
 *
 * Behind it, without a gap: the table, a __u16 queue for each value of hash &
 * mask, then the Toeplitz key, as many bytes as tunx_hash_key_len() says. A
 * queue that is not there becomes one that is, by division with remainder.
 */
struct tun_vnet_hash_rss {
	__u16 indirection_table_mask;
	__u16 unclassified_queue;
};

#endif /* TUNSETVNETHASH */

#define TUNX_HASH_TYPES		0x1ff	/* all there are */
#define TUNX_HASH_TABLE_MAX	512	/* entries */
#define TUNX_HASH_KEY_MAX	40	/* bytes */

/**
 * tunx_hash_key_len - length of the key that TUNSETVNETHASH reads
 * @types: VIRTIO_NET_RSS_HASH_TYPE_*
 *
 * Return: four bytes and the longest input that the types can have: two
 * addresses and, for TCP and UDP, two ports.
 */
static inline __u32 tunx_hash_key_len(__u32 types)
{
	return types & 0x1b0 ? 40 :	/* TCPv6, UDPv6, TCP_EX, UDP_EX */
	       types & 0x048 ? 36 :	/* IPv6, IP_EX */
	       types & 0x006 ? 16 :	/* TCPv4, UDPv4 */
	       types & 0x001 ? 12 : 4;	/* IPv4, nothing */
}

/**
 * struct tunx_hash - the configuration in force
 * @size: in: bytes of the caller's struct; out: bytes of the kernel's
 * @flags: in: zero; out: TUN_VNET_HASH_*
 * @types: VIRTIO_NET_RSS_HASH_TYPE_*
 * @transform: RXH_XFRM_* of linux/ethtool.h; what is done to the addresses and
 *	ports before they are hashed
 * @unclassified_queue: queue of the packets without a hash
 * @table_len: entries of the table, 0 without TUN_VNET_HASH_RSS
 * @key: Toeplitz key, zero behind the part that was given
 * @table: queues
 *
 * The struct may grow. A caller's that is longer than the kernel's is zero at
 * its end; of one that is shorter only its part is filled.
 */
struct tunx_hash {
	__u32 size;
	__u32 flags;
	__u32 types;
	__u32 transform;
	__u16 unclassified_queue;
	__u16 table_len;
	__u8 key[TUNX_HASH_KEY_MAX];
	__u16 table[TUNX_HASH_TABLE_MAX];
};

/* Its number tells the size of the first member, and so does not change */
#define TUNXGETHASH _IOWR('T', 240, __u32)

/* Reads and writes carry records, each with its frame, as many as fit */
#define TUNX_BATCH_RECORDS	0x0001

#define TUNX_BATCH_ROOM_MAX	512	/* bytes */

/**
 * struct tunx_batch - how a file reads and writes
 * @size: in: bytes of the caller's struct
 * @flags: in: TUNX_BATCH_*; 0: one frame a call, the way it begins
 * @headroom: in: bytes left alone before each frame that is read, a multiple of
 *	8 up to TUNX_BATCH_ROOM_MAX: for what a program will put in front of it
 * @tailroom: in: the same, behind it
 *
 * The struct may grow. What a caller's has beyond the kernel's must be zero.
 */
struct tunx_batch {
	__u32 size;
	__u32 flags;
	__u16 headroom;
	__u16 tailroom;
};

/* Its number tells the size of the first member, and so does not change */
#define TUNXSETBATCH _IOW('T', 241, __u32)

/* Beside VIRTIO_NET_HDR_F_*: a VLAN tag that is not in the frame; a tap's only */
#define TUNX_REC_VLAN	0x0100

/**
 * struct tunx_rec - what is said about a frame
 * @len: bytes of the frame
 * @flags: VIRTIO_NET_HDR_F_NEEDS_CSUM, _DATA_VALID, _UDP_TUNNEL_CSUM, TUNX_REC_*
 * @off8: the frame begins 8 * @off8 bytes from here: 4 and the headroom
 * @gso_type: VIRTIO_NET_HDR_GSO_*
 * @gso_size: payload of a segment
 * @hdr_len: length of all headers, a hint
 * @csum_start: where checksumming starts
 * @csum_offset: where the checksum goes, from there
 * @proto: EtherType of an IP packet; written: 0 looks at the packet
 * @vlan_tci: with TUNX_REC_VLAN: priority and number
 * @vlan_proto: with TUNX_REC_VLAN: ETH_P_8021Q or ETH_P_8021AD
 * @hash_report: VIRTIO_NET_HASH_REPORT_*, read only
 * @hash: value, read only
 * @outer_th: of a UDP tunnel: start of the outer UDP header
 * @inner_nh: of a UDP tunnel: start of the inner IP header
 *
 * All in the byte order of the machine, but for @proto and @vlan_proto. The next
 * record begins at the next multiple of 8 behind frame and tailroom.
 */
struct tunx_rec {
	__u32 len;
	__u16 flags;
	__u8 off8;
	__u8 gso_type;
	__u16 gso_size;
	__u16 hdr_len;
	__u16 csum_start;
	__u16 csum_offset;
	__be16 proto;
	__u16 vlan_tci;
	__be16 vlan_proto;
	__u16 hash_report;
	__u32 hash;
	__u16 outer_th;
	__u16 inner_nh;
};

#define TUNX_RING_ALIGN	64			/* bytes; records begin at multiples */
#define TUNX_RING_MIN	(128 * 1024)		/* bytes of a ring */
#define TUNX_RING_MAX	(64 * 1024 * 1024)

/* Checksums of frames to the program are complete, whatever TUNSETOFFLOAD granted */
#define TUNX_RING_CSUM	0x0001

/* Where mmap() of the file finds what; a ring is mapped twice in a row */
#define TUNX_RING_MAP_KERNEL	0x00000000	/* struct tunx_ring_kernel, a page */
#define TUNX_RING_MAP_PROGRAM	0x10000000	/* struct tunx_ring_program, a page */
#define TUNX_RING_MAP_TO_USER	0x20000000	/* 2 * to_user bytes */
#define TUNX_RING_MAP_TO_STACK	0x30000000	/* 2 * to_stack bytes */

/**
 * struct tunx_ring_setup - the two rings of a file
 * @size: in: bytes of the caller's struct
 * @flags: in: TUNX_RING_CSUM
 * @to_user: in: bytes of the ring with frames to read, a power of two; 0: none
 * @to_stack: in: bytes of the ring with frames that were written; 0: none
 * @headroom: in: bytes left alone before each frame to read, as in tunx_batch
 * @tailroom: in: the same, behind it
 *
 * The struct may grow. What a caller's has beyond the kernel's must be zero.
 */
struct tunx_ring_setup {
	__u32 size;
	__u32 flags;
	__u32 to_user;
	__u32 to_stack;
	__u16 headroom;
	__u16 tailroom;
};

/* Before TUNSETIFF, once. Its number tells the size of the first member */
#define TUNXSETRING _IOW('T', 242, __u32)

/* No argument; io_uring has it as IORING_OP_URING_CMD with this as cmd_op */
#define TUNXRINGKICK _IO('T', 243)

#define TUNX_RING_DETACHED	0
#define TUNX_RING_RUNNING	1
#define TUNX_RING_ERROR		2

/**
 * struct tunx_ring_kernel - what the kernel says; the program only reads it
 * @to_user_put: frames to read end here
 * @pad0: nothing
 * @to_stack_taken: written frames were taken up to here
 * @pad1: nothing
 * @to_user_kick: not 0: somebody waits for room; kick when there is some
 * @to_stack_kick: not 0: nobody looks; kick when there is something
 * @state: TUNX_RING_DETACHED, _RUNNING, _ERROR
 *
 * Positions count bytes, are multiples of TUNX_RING_ALIGN, and run over 32 bits.
 */
struct tunx_ring_kernel {
	__u32 to_user_put;
	__u8 pad0[124];
	__u32 to_stack_taken;
	__u8 pad1[124];
	__u32 to_user_kick;
	__u32 to_stack_kick;
	__u32 state;
};

/**
 * struct tunx_ring_program - what the program says; the kernel only reads it
 * @to_user_taken: frames were read up to here
 * @pad0: nothing
 * @to_stack_put: written frames end here
 * @pad1: nothing
 * @to_user_event: wake me when tunx_ring_kernel.to_user_put passes this
 * @to_stack_event: wake me when tunx_ring_kernel.to_stack_taken passes this
 */
struct tunx_ring_program {
	__u32 to_user_taken;
	__u8 pad0[124];
	__u32 to_stack_put;
	__u8 pad1[124];
	__u32 to_user_event;
	__u32 to_stack_event;
};

#endif /* _UAPI_LINUX_TUNX_H */
