/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * From 4-tuples to flows.  Flows live in blocks that never move and are known
 * by their number; the index has eight bytes a slot (tag and number) so that a
 * look-up that fails touches one cache line.
 */

#include <string.h>

#include "flow.h"

/* Numbers are 32 bits and slots are found by masking: past this many flows none is added. */
#define FLOWS_MAX 0x7ffffff0U

typedef struct FlowTable FlowTable;

FlowTable *flow_table_new(void);
void flow_table_free(FlowTable *t);

/* The same for both directions of a 4-tuple. */
guint32 flow_hash(const Segment *s);

/* Asks the processor for what flow_table_first() is going to touch. */
void flow_table_prefetch(const FlowTable *t, guint32 hash);

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
 *
 * Adds a flow for @segment's addresses; with @older it takes that one's place in the index and links to it.
 *
 * Returns: the flow, zeroed but for addresses, hash and number; NULL past FLOWS_MAX.
 */
Flow *flow_table_add(FlowTable *t, const Segment *segment, guint32 hash, guint sender, Flow *older);

/* Flows by number, from 1. */
Flow *flow_table_get(const FlowTable *t, guint32 number);
guint32 flow_table_count(const FlowTable *t);
gsize flow_table_bytes(const FlowTable *t);

/* Returns: which side of @f sent @s; CLIENT where an address and port talk to themselves. */
static inline guint flow_side_of(const Flow *f, const Segment *s) {
        const FlowAddress *client = &f->address[CLIENT];

        return client->port == s->source_port && memcmp(&client->address, &s->source, sizeof(Address)) == 0 ? CLIENT : SERVER;
}
