/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every behaviour in which the two drivers are meant to differ, or in which
 * stock differs between kernels. tunx shows the semantics of stock 7.3.4 on
 * every kernel and mends what is broken there; the tests ask here what to
 * expect and name no driver and no kernel version themselves.
 */
#ifndef SELFTESTS_DIFFERENCES_H
#define SELFTESTS_DIFFERENCES_H

#include "tuntest.h"

static inline bool stock_before(unsigned int major, unsigned int minor,
				unsigned int sub)
{
	return !tun_is_tunx() && kernel_before(major, minor, sub);
}

/* tunx has no vnet header, NAPI and backpressure yet, and does not claim to. */
static inline unsigned int want_features(void)
{
	if (tun_is_tunx())
		return 0x3143;
	return stock_before(7, 3, 0) ? 0x7173 : 0x71f3;
}

static inline bool has_offloads(void)
{
	return !tun_is_tunx();
}

/*
 * What TUNGETIFF reports for a multi-queue TAP made with every flag that is
 * accepted: stock keeps VNET_HDR, NAPI and (since 7.3) BACKPRESSURE.
 */
static inline int asked_flags(void)
{
	return tun_is_tunx() ? 0x31d2 : 0x71d2;
}

static inline int want_flags(void)
{
	if (tun_is_tunx())
		return 0x3102;
	return stock_before(7, 3, 0) ? 0x7112 : 0x7192;
}

/*
 * An ownerless device needs CAP_NET_ADMIN to attach to since 7.3.2, and in older
 * series since whichever stable update brought it there.
 */
static inline bool knows_ownerless_rule(void)
{
	return !stock_before(7, 3, 2);
}

/* Stock ignores a failed copy of the payload and reports its length. */
static inline bool bad_buffer_faults(void)
{
	return tun_is_tunx();
}

/* A reader that sleeps while its device goes: stock says EFAULT. */
static inline int want_reader_at_delete(void)
{
	return tun_is_tunx() ? EBADFD : EFAULT;
}

/* 6.1 did not mark its files FMODE_NOWAIT. */
static inline bool has_rwf_nowait(void)
{
	return !stock_before(6, 4, 0);
}

/* Stock leaves the name of the second TUNSETIFF on a device untouched. */
static inline bool second_attach_names(void)
{
	return tun_is_tunx();
}

/* Stock asks for a stale ifindex when an fd that was attached creates again. */
static inline bool ifindex_goes_stale(void)
{
	return !tun_is_tunx();
}

static inline bool has_get_channels(void)
{
	return !stock_before(6, 6, 0);
}

static inline int want_speed(void)
{
	return stock_before(6, 6, 0) ? 10 : 10000;
}

/* TUNSETSNDBUF reaches the queues there are; tunx gives it to later ones too. */
static inline bool sndbuf_reaches_later_queues(void)
{
	return tun_is_tunx();
}

/*
 * Freed packets wake a writer that sleeps in write(2). Stock looks for a mark
 * that only poll sets, and leaves it asleep until a packet comes to be read.
 */
static inline bool freed_packets_wake_writer(void)
{
	return tun_is_tunx();
}

/* The lockless-transmit mark was a feature bit until 6.12. */
static inline bool shows_tx_lockless(void)
{
	return kernel_before(6, 12, 0);
}

#endif /* SELFTESTS_DIFFERENCES_H */
