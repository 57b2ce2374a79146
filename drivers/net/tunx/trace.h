/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trace.h - tracepoints: where a frame is and where it went
 *
 *   tunx_enqueue  tunx_drop          tunx_dequeue         tx: stack to user
 *   tunx_rx                                               rx: user to stack
 *   tunx_attach   tunx_detach                             a queue and its slot
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM tunx

#if !defined(_TUNX_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TUNX_TRACE_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/tracepoint.h>

#ifdef HAVE_ASSIGN_STR_SRC
#define tunx_assign_name(dev)	__assign_str(name, (dev)->name)
#else
#define tunx_assign_name(dev)	__assign_str(name)
#endif

DECLARE_EVENT_CLASS(tunx_frame,
	TP_PROTO(const struct net_device *dev, unsigned int queue,
		 const void *frame, unsigned int len),
	TP_ARGS(dev, queue, frame, len),
	TP_STRUCT__entry(
		__string(name, dev->name)
		__field(unsigned int, queue)
		__field(const void *, frame)
		__field(unsigned int, len)
	),
	TP_fast_assign(
		tunx_assign_name(dev);
		__entry->queue = queue;
		__entry->frame = frame;
		__entry->len = len;
	),
	TP_printk("dev=%s queue=%u frame=%p len=%u", __get_str(name),
		  __entry->queue, __entry->frame, __entry->len)
);

/* Into the ring, by the stack */
DEFINE_EVENT(tunx_frame, tunx_enqueue,
	TP_PROTO(const struct net_device *dev, unsigned int queue,
		 const void *frame, unsigned int len),
	TP_ARGS(dev, queue, frame, len));

/* Out of the ring, by a reader */
DEFINE_EVENT(tunx_frame, tunx_dequeue,
	TP_PROTO(const struct net_device *dev, unsigned int queue,
		 const void *frame, unsigned int len),
	TP_ARGS(dev, queue, frame, len));

/* Written, on its way into the stack */
DEFINE_EVENT(tunx_frame, tunx_rx,
	TP_PROTO(const struct net_device *dev, unsigned int queue,
		 const void *frame, unsigned int len),
	TP_ARGS(dev, queue, frame, len));

/* Transmitted by the stack, and no reader will see it */
TRACE_EVENT(tunx_drop,
	TP_PROTO(const struct net_device *dev, unsigned int queue,
		 const void *frame, unsigned int len, int reason),
	TP_ARGS(dev, queue, frame, len, reason),
	TP_STRUCT__entry(
		__string(name, dev->name)
		__field(unsigned int, queue)
		__field(const void *, frame)
		__field(unsigned int, len)
		__field(int, reason)
	),
	TP_fast_assign(
		tunx_assign_name(dev);
		__entry->queue = queue;
		__entry->frame = frame;
		__entry->len = len;
		__entry->reason = reason;
	),
	TP_printk("dev=%s queue=%u frame=%p len=%u reason=%d", __get_str(name),
		  __entry->queue, __entry->frame, __entry->len, __entry->reason)
);

DECLARE_EVENT_CLASS(tunx_slot,
	TP_PROTO(const struct net_device *dev, unsigned int queue,
		 unsigned int queues),
	TP_ARGS(dev, queue, queues),
	TP_STRUCT__entry(
		__string(name, dev->name)
		__field(unsigned int, queue)
		__field(unsigned int, queues)
	),
	TP_fast_assign(
		tunx_assign_name(dev);
		__entry->queue = queue;
		__entry->queues = queues;
	),
	TP_printk("dev=%s queue=%u queues=%u", __get_str(name),
		  __entry->queue, __entry->queues)
);

/* A queue took a slot; @queues are attached now */
DEFINE_EVENT(tunx_slot, tunx_attach,
	TP_PROTO(const struct net_device *dev, unsigned int queue,
		 unsigned int queues),
	TP_ARGS(dev, queue, queues));

/* A queue left its slot, which the last one took over */
DEFINE_EVENT(tunx_slot, tunx_detach,
	TP_PROTO(const struct net_device *dev, unsigned int queue,
		 unsigned int queues),
	TP_ARGS(dev, queue, queues));

#endif /* _TUNX_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
