/* SPDX-License-Identifier: BSD-3-Clause */
#include "rule.h"

/* TD112, TD113: nothing came any more, with probes that were not answered or without. */

#define PROBES_MIN 3

static void peer_vanished(const Case *c, guint side, const TimelineEntry *first, guint probes) {
        const SideRecord *peer = &c->record->side[other(side)];
        Finding *f = case_find(c, FINDING_PEER_VANISHED, side, CERTAINTY_INFERRED);

        finding_frame(f, peer->last_frame);
        finding_frame(f, first->frame);
        finding_frame(f, c->record->side[side].last_frame);
        finding_integer(f, "count", probes, BOUND_EXACT);
        finding_integer(f, "duration_ns", c->record->side[side].last_ns - first->time_ns, BOUND_EXACT);
        finding_integer(f, "silence_ns", c->record->capture_end_ns - peer->last_ns, BOUND_AT_LEAST);
}

void rule_silence(const Case *c) {
        const FlowRecord *r = c->record;
        const TimelineEntry *first;
        guint probes;
        gint64 idle_ns = r->capture_end_ns - r->end_ns;

        if (r->close == CLOSE_OPEN && idle_ns >= c->options->linger_ns) {
                /* of an end that was not captured nothing tells whether it closed */
                gboolean both = r->side[CLIENT].packets && r->side[SERVER].packets;
                Finding *f = case_find(c, FINDING_NEVER_CLOSED, FINDING_NO_SIDE, both ? CERTAINTY_OBSERVED : CERTAINTY_CANNOT_TELL);

                finding_frame(f, r->last_frame);
                finding_integer(f, "duration_ns", idle_ns, BOUND_AT_LEAST);
        }
        if (r->close != CLOSE_ABANDONED)
                return;
        probes = close_unanswered_repeats(c->hindsight, &first);
        if (probes >= PROBES_MIN && r->side[other(entry_side(first))].packets)
                peer_vanished(c, entry_side(first), first, probes);
}
