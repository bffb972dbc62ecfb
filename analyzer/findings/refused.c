/* SPDX-License-Identifier: BSD-3-Clause */
#include "analyzer/endpoint.h"
#include "rule.h"

/* TD205: the SYN was answered by a RST that acknowledges it. */
void rule_refused(const Case *c) {
        for (guint s = 0; s < SIDES; s++) {
                const SideRecord *me = &c->record->side[s];

                for (guint i = 0; i < me->n_states; i++) {
                        Finding *f;

                        if (me->states[i].event != EVENT_REFUSED)
                                continue;
                        f = case_find(c, FINDING_REFUSED, other(s), CERTAINTY_OBSERVED);
                        finding_frame(f, me->syn_frame);
                        finding_frame(f, me->states[i].frame);
                        finding_integer(f, "rst_frame", (gint64)me->states[i].frame, BOUND_EXACT);
                        finding_integer(f, "syn_frame", (gint64)me->syn_frame, BOUND_EXACT);
                }
        }
}
