/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Segments in, flow records out.  No I/O, no clock: time is the packets'.
 *
 * The input comes in blocks (block.h). Each goes through four stages, and what comes out is the same whichever threads
 * run them:
 *
 *   feed    the segments of a shard to its flows; shards side by side
 *   settle  what depends on the order over all shards: flows get their numbers; nothing else runs meanwhile
 *   judge   a slice of the flows that are to be reported; slices side by side
 *   sink    a slice's records, in the order in which slices were claimed; also while the next block is fed
 *
 * tracker_take() does all of it in the calling thread.
 */

#include "block.h"
#include "record.h"

/* Told of each flow once, when nothing more can be said of it, together with some others; @records are valid during the call. */
typedef void (*FlowSink)(const FlowRecord *records, guint n, gpointer data);

typedef struct TrackerOptions {
        gint64 linger_ns;   /* a FIN_WAIT_2 of at least this is a finding; 60 s */
        guint64 memory_bytes; /* that flows may hold, 0 as much as they need: see budget.h */
        gboolean take_all;  /* of @memory_bytes, once the capture has lasted for some minutes: it may have no end */
        void (*take_rest)(gpointer data); /* (nullable): what else is to be taken, then; between two records */
        gboolean zeek;      /* find out what Zeek would say, too; costs time and memory */
        gboolean in_full;   /* without the short cuts of account_next(), textbook.h and zeek_rows.h, which must not change a word */
        FlowSink sink;
        gpointer sink_data;
} TrackerOptions;

/* Reported, or forgotten, before they were over, as memory was full. */
typedef struct GivenUp {
        guint64 closed;     /* less than 4 minutes ago: packets that came later are not told of */
        guint64 half_open;  /* without the end of their handshake */
        guint64 idle;       /* open or half-closed: how they ended is not told */
        guint64 tombstones; /* of flows that were over: the next one on their 4-tuple counts as its first */
        gint64 since_ns;    /* when it began; 0 never */
} GivenUp;

typedef struct TrackerTotals {
        guint64 segments;
        guint64 copies;      /* captured copies of one packet */
        guint64 flows;
        guint64 reported;    /* of them, so far */
        guint64 live_flows;  /* the others */
        guint64 textbook;    /* reported by the short cut of textbook.h */
        guint64 late_segments; /* of flows that had been reported, minutes after they closed: no flow of their own */
        guint64 held_flows;  /* that have memory now: after the last block those that were not over before it */
        guint64 held_bytes;  /* of it */
        guint64 tombstones;  /* what is left of flows that were over, and may come again */
        guint64 tombstone_bytes;
        GivenUp given_up;
        guint64 flows_refused; /* past a limit: counted, not tracked */
        guint64 peers_given_up; /* addresses whose SYNs' timestamps were compared until there were too many: peers.h */
        guint64 icmp_unmatched; /* ICMP errors that quote no flow that was seen */
} TrackerTotals;

typedef struct Tracker Tracker;

/* Returns: options with their defaults. */
TrackerOptions tracker_options_default(void);

Tracker *tracker_new(const TrackerOptions *options);
void tracker_free(Tracker *t);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tracker, tracker_free)

/* ── Stages ── */

/* Some flows that are reported together. */
typedef struct Slice Slice;

Slice *slice_new(void);
void slice_free(Slice *s);

/* @shard: below SHARDS; of one block each must have been fed before it is settled. */
void tracker_feed(Tracker *t, Block *b, guint shard);

void tracker_settle(Tracker *t, const Block *b);

/*
 * Takes some of the flows that are to be reported after the block that was settled, in order. Between this and the
 * next block's feeding all that were claimed are judged. One thread at a time.
 *
 * Returns: FALSE when there are none left.
 */
gboolean tracker_claim(Tracker *t, Slice *s);

void tracker_judge(const Tracker *t, Slice *s);

/* Hands the records to the sink. One thread at a time. */
void tracker_sink(Tracker *t, Slice *s);

/* ── All of them ── */

/* The block after which the input has ended (its @last) reports every flow that is left. */
void tracker_take(Tracker *t, Block *b);

/* After the last block, or between blocks. */
const TrackerTotals *tracker_totals(const Tracker *t);
