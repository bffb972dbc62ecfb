/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The flows of some 4-tuples while their packets go by. A shard knows nothing of the others: one thread works on
 * it at a time, and what comes of it does not depend on which.
 */

#include "block.h"
#include "tracker.h"

/* A flow that is to be reported. */
typedef struct Due {
        gint64 end_ns; /* of its last packet */
        Flow *flow;    /* NULL once its verdict said that it is not over */
} Due;

/* Of two that end at the same time: numbers are given after feeding, the frame that a flow began with is there. */
static inline gboolean due_is_older(const Due *a, const Due *b) {
        return a->flow->first_frame < b->flow->first_frame;
}

typedef struct Shard {
        gboolean zeek;
        FlowTable *table;
        struct {
                Flow **flows; /* both ends have closed, oldest first: a ring */
                guint32 first, n, mask;
        } closed;
        GArray *due; /* (element-type Due): what is reported after the block at hand, in order of completion */
        TrackerTotals totals; /* of this shard; not all members */
} Shard;

Shard *shard_new(const TrackerOptions *options);
void shard_free(Shard *x);

/*
 * Takes the segments of @b that are of shard @number, after which x->due has what is to be reported; what was
 * there before has been.
 */
void shard_feed(Shard *x, Block *b, guint number);
