/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What every rule sees and how it says what it found. A rule reads; only rules_run() changes the record. */

#include "analyzer/close.h"
#include "analyzer/tracker.h"

#define SECOND_NS G_GINT64_CONSTANT(1000000000)

/*
 * The longest TIME_WAIT of a known host (Windows 2000, Solaris 8): beyond it a connection is certainly over.
 */
#define TIME_WAIT_NS_MAX (240 * SECOND_NS)

typedef struct Case {
        const Flow *flow;
        const Hindsight *hindsight;
        const TrackerOptions *options;
        const struct Peer *peer; /* (nullable): how other SYNs of its client fared */
        const GArray *damage;    /* (nullable): of each damaged capture the first frame that could not be read */
        const struct Reset *resets; /* every RST with its cause: reset.h */
        guint n_resets;
        FlowRecord *record; /* states and close are final; rules read them and add findings */
} Case;

/* Runs every rule on one flow that may have something to say; all of them without short cuts. */
void rules_run(const Case *c, FlowRecord *record);

/**
 * case_find:
 * @side: whose it is, or FINDING_NO_SIDE
 *
 * Returns: the new finding, to be filled; a scratch one when the record is full (that is counted).
 */
Finding *case_find(const Case *c, FindingId id, guint side, Certainty certainty);

/* Adds a frame of evidence at its place; 0 and repeats are left out. */
void finding_frame(Finding *f, FrameRef frame);
void finding_integer(Finding *f, const char *name, gint64 value, Bound bound);
void finding_text(Finding *f, const char *name, const char *text);

/*
 * What a flow must have for a rule to have anything to look at; most flows lack most of it. A rule must find nothing by
 * itself where it is lacking: TrackerOptions.in_full enters it all the same, and a test holds that to be the same.
 */
enum {
        NEEDS_NOTHING = 0,
        NEEDS_FIN = 1 << 0,
        NEEDS_REPEATED_FIN = 1 << 1,
        NEEDS_RST = 1 << 2,
        NEEDS_PREVIOUS = 1 << 3, /* an earlier incarnation */
        NEEDS_PEER = 1 << 4,     /* other SYNs of its client went to this server */
        NEEDS_KEEPALIVE = 1 << 5,
        NEEDS_OPTIONS_CUT = 1 << 6, /* by the snaplen, in a packet of it */
};

#define RULE(name, needs) void rule_##name(const Case *c);
#include "rules.def"
#undef RULE
