// SPDX-License-Identifier: GPL-2.0
/*
 * queue_flow.c - which queue did this flow use last
 *
 * A multi-queue device learns from what is written: a flow that a program
 * writes on queue n is answered on queue n. The table is a set-associative
 * cache, like a CPU's: a hash selects a set of eight entries, one cache line.
 * An entry is a single word
 *
 *      63           32 31       23 22        0
 *     |  flow hash    | queue + 1 |  jiffies  |      0 is empty
 *
 * so that no lock is needed: a reader sees an entry or another one, and a
 * queue number is checked before it is used. Nothing is allocated per flow and
 * nothing needs a timer: an entry is forgotten by not being believed.
 *
 * On 32-bit machines a word may be seen half written; the flow then goes to
 * another queue for one frame.
 */
#include <linux/bitfield.h>
#include <linux/cache.h>
#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/random.h>

#include "tunx.h"

#define TUNX_FLOW_SETS	1024
#define TUNX_FLOW_WAYS	8
#define TUNX_FLOW_IDLE	(3 * HZ)	/* ABI: stock forgets after 3 s, too */

#define TUNX_FLOW_STAMP		GENMASK_ULL(22, 0)
#define TUNX_FLOW_QUEUE		GENMASK_ULL(31, 23)

/**
 * struct tunx_flow_table - the flows of one device
 * @set: entries as drawn above
 * @seed: of tunx_queue_flow_hash(), so that nobody can make flows collide
 */
struct tunx_flow_table {
	u64 set[TUNX_FLOW_SETS][TUNX_FLOW_WAYS] ____cacheline_aligned;
	u32 seed;
};

static u64 tunx_queue_flow_entry(u32 hash, unsigned int queue)
{
	return (u64)hash << 32 | FIELD_PREP(TUNX_FLOW_QUEUE, queue + 1) |
	       (jiffies & TUNX_FLOW_STAMP);
}

/* Age in jiffies; wraps after hours, when it may be wrong for one frame */
static u32 tunx_queue_flow_age(u64 entry)
{
	return (jiffies - entry) & TUNX_FLOW_STAMP;
}

/**
 * tunx_queue_flow_alloc - make an empty table
 *
 * Context: process, may sleep.
 * Return: the table, or NULL when out of memory.
 */
struct tunx_flow_table *tunx_queue_flow_alloc(void)
{
	struct tunx_flow_table *flows;

	flows = kvzalloc_obj(*flows, GFP_KERNEL_ACCOUNT);
	if (flows)
		flows->seed = get_random_u32();
	return flows;
}

/**
 * tunx_queue_flow_free - free a table
 * @flows: table or NULL
 *
 * Context: process, may sleep.
 */
void tunx_queue_flow_free(struct tunx_flow_table *flows)
{
	kvfree(flows);
}

/**
 * tunx_queue_flow_hash - hash of what makes up a flow
 * @flows: table
 * @a: an address
 * @b: the other one
 * @ports: both ports
 *
 * Context: any.
 * Return: hash.
 */
u32 tunx_queue_flow_hash(const struct tunx_flow_table *flows, u32 a, u32 b,
			 u32 ports)
{
	return jhash_3words(a, b, ports, flows->seed);
}

/**
 * tunx_queue_flow_learn - note that a flow was written on a queue
 * @flows: table
 * @hash: symmetric hash of the flow
 * @queue: slot number
 *
 * Context: any.
 */
void tunx_queue_flow_learn(struct tunx_flow_table *flows, u32 hash,
			   unsigned int queue)
{
	u64 *set = flows->set[hash % TUNX_FLOW_SETS];
	u64 entry = tunx_queue_flow_entry(hash, queue);
	unsigned int i, victim = 0;
	u32 age, oldest = 0;
	u64 old;

	for (i = 0; i < TUNX_FLOW_WAYS; i++) {
		old = READ_ONCE(set[i]);
		if (old && old >> 32 == hash) {
			/* Leave the line clean where nothing changes */
			if (old != entry)
				WRITE_ONCE(set[i], entry);
			return;
		}
		age = old ? tunx_queue_flow_age(old) : U32_MAX;
		if (age > oldest) {
			oldest = age;
			victim = i;
		}
	}
	WRITE_ONCE(set[victim], entry);
}

/**
 * tunx_queue_flow_find - where does this flow go
 * @flows: table
 * @hash: symmetric hash of the flow
 *
 * Context: any.
 * Return: slot number, which the caller checks against the number of queues,
 * or -ENOENT when the flow is unknown or was idle for three seconds.
 */
int tunx_queue_flow_find(const struct tunx_flow_table *flows, u32 hash)
{
	const u64 *set = flows->set[hash % TUNX_FLOW_SETS];
	unsigned int i;
	u64 entry;

	for (i = 0; i < TUNX_FLOW_WAYS; i++) {
		entry = READ_ONCE(set[i]);
		if (!entry || entry >> 32 != hash)
			continue;
		if (tunx_queue_flow_age(entry) >= TUNX_FLOW_IDLE)
			return -ENOENT;
		return FIELD_GET(TUNX_FLOW_QUEUE, entry) - 1;
	}
	return -ENOENT;
}

/**
 * tunx_queue_flow_forget - a queue left its slot
 * @flows: table
 * @gone: the slot it had
 * @last: the slot whose queue now has @gone; may be @gone
 *
 * Flows of the queue that left are forgotten, those of the one that moved
 * follow it.
 *
 * Context: RTNL.
 */
void tunx_queue_flow_forget(struct tunx_flow_table *flows, unsigned int gone,
			    unsigned int last)
{
	u64 *entry = flows->set[0];
	unsigned int i, queue;
	u64 old;

	for (i = 0; i < TUNX_FLOW_SETS * TUNX_FLOW_WAYS; i++) {
		old = READ_ONCE(entry[i]);
		queue = FIELD_GET(TUNX_FLOW_QUEUE, old) - 1;
		if (!old || (queue != gone && queue != last))
			continue;
		if (queue == gone) {
			WRITE_ONCE(entry[i], 0);
		} else {
			old &= ~TUNX_FLOW_QUEUE;
			WRITE_ONCE(entry[i], old | FIELD_PREP(TUNX_FLOW_QUEUE, gone + 1));
		}
	}
}
