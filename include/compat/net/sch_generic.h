/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _TUNX_COMPAT_NET_SCH_GENERIC_H
#define _TUNX_COMPAT_NET_SCH_GENERIC_H

#include_next <net/sch_generic.h>

#ifndef HAVE_QDISC_TXQ_HAS_NO_QUEUE
/* v6.6 */
static inline bool qdisc_txq_has_no_queue(const struct netdev_queue *txq)
{
	return !READ_ONCE(rcu_access_pointer(txq->qdisc)->enqueue);
}
#endif

#endif
