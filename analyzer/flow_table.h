/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * From 4-tuples to flows.  Flows live in blocks that never move; the index has
 * eight bytes a slot (the hash, and a place) so that a look-up that fails touches one cache
 * line. A flow that was reported and has no successor shrinks to a tombstone, which still
 * knows its number and incarnation.
 */

#include "flow.h"

/* Places are 31 bits: past this many flows or tombstones at a time none is added. */
#define FLOWS_MAX 0x7ffffff0U

typedef struct FlowTable FlowTable;

FlowTable *flow_table_new(void);
void flow_table_free(FlowTable *t);

/* The same for both directions of a 4-tuple. */
guint32 flow_hash(const Segment *s);

/*
 * Asks the processor for what a look-up of @hash is going to touch: the slot; then, once that is there, the
 * flow; then its timeline's end.
 */
void flow_table_prefetch_slot(const FlowTable *t, guint32 hash);
Flow *flow_table_prefetch_flow(const FlowTable *t, guint32 hash);
void flow_prefetch_timeline(const Flow *f);

/* Returns: the flow that flow_table_prefetch_flow() would find. */
Flow *flow_table_peek(const FlowTable *t, guint32 hash);

/* The same for what a verdict is going to read: the flow; then its timeline. */
void flow_prefetch(const Flow *f);
void flow_prefetch_rest(const Flow *f);

/*
 * Walks the newest incarnations that have @hash and the segment's 4-tuple; there is more than one
 * where it stands under several VLANs or tunnels.
 */
typedef struct FlowLookup {
        const Segment *segment;
        guint32 hash;
        guint32 slot;
} FlowLookup;

Flow *flow_table_first(const FlowTable *t, FlowLookup *lookup, const Segment *segment, guint32 hash);
Flow *flow_table_next(const FlowTable *t, FlowLookup *lookup);

/**
 * flow_table_add:
 * @sender: the side that @segment was sent by
 * @older: (nullable): the incarnation before; the new flow takes its place in the index and links to it
 *
 * Returns: the flow, zeroed but for addresses, hash and links; NULL past FLOWS_MAX.
 */
Flow *flow_table_add(FlowTable *t, const Segment *segment, guint32 hash, guint sender, Flow *older);

/* The same, sent by CLIENT, when nothing in the table has @hash; NULL when anything has, or the table is full. */
Flow *flow_table_add_first(FlowTable *t, const Segment *segment, guint32 hash);

/**
 * flow_table_reported: Nothing more will be said of @f: its memory goes back, at once or, as their verdicts need it,
 * with the last of the ones before and after it.
 */
void flow_table_reported(FlowTable *t, Flow *f);

/* The same without a tombstone: as if it had never been, unless another incarnation is there. */
void flow_table_forgotten(FlowTable *t, Flow *f);

/* Removes the older half of the tombstones. Returns: how many. */
gsize flow_table_forget_tombstones(FlowTable *t);

/*
 * Returns: whether @s can only be a straggler of a flow that was reported long ago: its numbers are that
 * flow's.
 */
gboolean flow_table_is_late(const FlowTable *t, const Segment *s, guint32 hash);

/* Walks the flows that were not reported yet, in no order; @place: 0 at first. Returns: NULL after the last one. */
Flow *flow_table_each(const FlowTable *t, guint32 *place);

/* Makes the index as large as it is going to be for @n flows and tombstones. */
void flow_table_reserve(FlowTable *t, gsize n);

/* What is in memory; bytes with their part of the index, and with what is kept for later ones. */
typedef struct FlowTableUse {
        gsize flows, flow_bytes, flow_bytes_used; /* used: without what is kept for later ones */
        gsize tombstones, tombstone_bytes, tombstone_bytes_used;
} FlowTableUse;

FlowTableUse flow_table_use(const FlowTable *t);

/* Returns: which side of @f sent @s, a packet of its 4-tuple; CLIENT where an address and port talk to themselves. */
static inline guint flow_side_of(const Flow *f, const Segment *s) {
        return ends_sender(&f->ends, s) == CLIENT ? CLIENT : SERVER;
}
