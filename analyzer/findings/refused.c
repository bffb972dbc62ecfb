/* SPDX-License-Identifier: BSD-3-Clause */
#include "analyzer/endpoint.h"
#include "rule.h"

/* The RST answers the latest SYN before it: some hosts send the SYN again though it was refused. */
static FrameRef answered_syn(const Case *c, guint side, const StateEntry *refused) {
        const Hindsight *h = c->hindsight;
        FrameRef syn = c->record->side[side].syn_frame;

        FOR_ENTRIES(h, i, side, ENTRIES_SYN, 0) {
                if (h->entries[i].time_ns > refused->time_ns)
                        break;
                syn = h->entries[i].frame;
        }
        return syn;
}

/* TD205: the SYN was answered by a RST that acknowledges it. */
void rule_refused(const Case *c) {
        if (c->record->close != CLOSE_REFUSED)
                return;
        for (guint s = 0; s < SIDES; s++) {
                const SideRecord *me = &c->record->side[s];

                for (guint i = 0; i < me->n_states; i++) {
                        FrameRef rst = me->states[i].frame, syn;
                        Finding *f;

                        if (me->states[i].event != EVENT_REFUSED)
                                continue;
                        syn = answered_syn(c, s, &me->states[i]);
                        f = case_find(c, FINDING_REFUSED, other(s), CERTAINTY_OBSERVED);
                        finding_frame(f, syn);
                        finding_frame(f, rst);
                        finding_integer(f, "rst_frame", (gint64)rst, BOUND_EXACT);
                        finding_integer(f, "syn_frame", (gint64)syn, BOUND_EXACT);
                }
        }
}
