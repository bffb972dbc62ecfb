/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The flows of some 4-tuples while their packets go by. A shard knows nothing of the others: one thread works on
 * it at a time, and what comes of it does not depend on which.
 */

#include "block.h"
#include "due.h"
#include "tracker.h"

/* What a segment did that is settled in the order of the input, over all shards. */
enum {
        EVENT_BIRTH = 1 << 0,  /* began a flow */
        EVENT_SYN = 1 << 1,    /* a client's SYN with a timestamp */
        EVENT_ANSWER = 1 << 2, /* the first packet of a server */
};

typedef struct ShardEvent {
        Flow *flow;
        guint16 at; /* the segment's place in the block */
        guint8 did; /* EVENT_ */
} ShardEvent;

/* The flows that have closed in the block at hand, as they were found to. */
typedef struct Closing {
        Due due[BLOCK_FRAMES];
        guint n;
        guint64 places[BLOCK_FRAMES / 64]; /* a bit for each segment that closed one... */
        guint16 nth[BLOCK_FRAMES];         /* ...and by its place which */
} Closing;

typedef struct Shard {
        gboolean zeek, in_full; /* as TrackerOptions says */
        FlowTable *table;
        struct {
                Due *flows; /* both ends have closed, oldest first, with the end they had then: a ring */
                guint32 first, n, mask;
        } closed;
        ShardEvent event[BLOCK_FRAMES]; /* of the block at hand; kept here, as what lies in the block has been read by all threads */
        guint n_events;
        Closing closing; /* what is queued behind the block */
        gsize memory_bytes; /* for flows, 0 as much as they need */
        DueList due; /* what is reported after the block at hand */
        TrackerTotals totals; /* of this shard; not all members */
} Shard;

Shard *shard_new(const TrackerOptions *options);
void shard_free(Shard *x);

/* Returns: the flow that closed first, which waits no longer; NULL if there is none. */
Flow *shard_oldest_closed(Shard *x);

/* Returns: whether its handshake was begun and not ended. */
static inline gboolean shard_is_half_open(const Flow *f) {
        return f->roles == ROLES_SYN && !(f->side[CLIENT].bits & f->side[SERVER].bits & SIDE_ACK);
}

/*
 * Takes the segments of @b that are of shard @number, after which x->event has what they did, and x->due has what is
 * to be reported; what was there before has been.
 */
void shard_feed(Shard *x, const Block *b, guint number);
