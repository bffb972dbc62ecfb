/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Segments in, flow records out.  No I/O, no clock: time is the packets'.
 * One tracker is one shard: what it holds depends on nothing but its segments.
 */

#include "record.h"

/* Called once for each flow when nothing more can be said of it; @record is valid during the call. */
typedef void (*FlowSink)(const FlowRecord *record, gpointer data);

typedef struct TrackerOptions {
        gint64 linger_ns;   /* a FIN_WAIT_2 of at least this is a finding; 60 s */
        gboolean zeek;      /* find out what Zeek would say, too; costs time and memory */
        gboolean in_full;   /* without the short cut of textbook.h, which must not change a word */
        FlowSink sink;
        gpointer sink_data;
        /*
         * (element-type FrameRef) (nullable): of each damaged capture the first frame that could not be read. The
         * caller's, who may add to it until tracker_finish().
         */
        const GArray *damage;
} TrackerOptions;

typedef struct TrackerTotals {
        guint64 segments;
        guint64 copies;      /* captured copies of one packet */
        guint64 flows;
        guint64 reported;    /* of them, so far */
        guint64 live_flows;  /* the others */
        guint64 textbook;    /* reported by the short cut of textbook.h */
        guint64 late_segments; /* of flows that had been reported, minutes after they closed: no flow of their own */
        guint64 bytes;       /* of memory held for flows */
        guint64 flows_refused; /* past a limit: counted, not tracked */
        guint64 peers_given_up; /* addresses whose SYNs' timestamps were compared until there were too many: peers.h */
        guint64 icmp_unmatched; /* ICMP errors that quote no flow that was seen */
} TrackerTotals;

typedef struct Tracker Tracker;

/* Returns: options with their defaults. */
TrackerOptions tracker_options_default(void);

Tracker *tracker_new(const TrackerOptions *options);

/**
 * tracker_feed:
 * @segments: in capture order; times may run backwards
 */
void tracker_feed(Tracker *t, const Segment *segments, guint n);

/*
 * For each frame of the input, before its segment if it has one: the capture lasted at least until then, which
 * tells a missing packet from one that is yet to come.
 */
void tracker_note_frame(Tracker *t, FrameRef frame, gint64 time_ns);

/* The input has ended: reports every flow, in order of completion, then of number. */
void tracker_finish(Tracker *t);

const TrackerTotals *tracker_totals(const Tracker *t);

void tracker_free(Tracker *t);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tracker, tracker_free)
