/* SPDX-License-Identifier: BSD-3-Clause */
#include "analyzer/endpoint.h"
#include "analyzer/sequence.h"
#include "rule.h"

/* TD304, TD305: what came to an end in TIME_WAIT. */

static void assassinated(const Case *c, guint side, const StateEntry *time_wait) {
        const SideRecord *me = &c->record->side[side];
        Finding *f;

        if (time_wait == &me->states[me->n_states - 1] || time_wait[1].event != EVENT_RST_ACCEPTED)
                return;
        f = case_find(c, FINDING_TIME_WAIT_ASSASSINATED, side, CERTAINTY_INFERRED);
        finding_frame(f, time_wait->frame);
        finding_frame(f, time_wait[1].frame);
        finding_integer(f, "rst_frame", (gint64)time_wait[1].frame, BOUND_EXACT);
        finding_integer(f, "duration_ns", time_wait[1].time_ns - time_wait->time_ns, BOUND_EXACT);
}

/* Data that it had long acknowledged; a repeated FIN is the last ACK's story, a keepalive none. */
static void old_duplicate(const Case *c, guint side, const StateEntry *time_wait) {
        const Hindsight *h = c->hindsight;
        const TimelineEntry *old = NULL;
        gboolean behind = FALSE; /* by the order of the capture: a clock may have been set back */
        Finding *f;

        for (gint i = 0; i < h->n; i++) {
                const TimelineEntry *e = &h->entries[i];

                if (!behind || !entry_is_ordinary(e)) {
                        behind |= e->frame == time_wait->frame;
                        continue;
                }
                if (!old && entry_side(e) != side && e->payload_bytes && !(e->flags & (TCP_FIN | TCP_RST | TCP_SYN)) &&
                    !(e->marks & ENTRY_KEEPALIVE) && !seq_after(entry_end(e), c->flow->side[side].ack))
                        old = e;
                if (!old || entry_side(e) != side || !(e->flags & TCP_ACK))
                        continue;
                f = case_find(c, FINDING_OLD_DUPLICATE, side, CERTAINTY_OBSERVED);
                finding_frame(f, time_wait->frame);
                finding_frame(f, old->frame);
                finding_frame(f, e->frame);
                finding_integer(f, "old_frame", (gint64)old->frame, BOUND_EXACT);
                finding_integer(f, "after_ns", old->time_ns - time_wait->time_ns, BOUND_EXACT);
                finding_text(f, "answered", "ack");
                return;
        }
}

void rule_time_wait_end(const Case *c) {
        for (guint s = 0; s < SIDES; s++) {
                const StateEntry *time_wait = record_state(c->record, s, STATE_TIME_WAIT);

                if (!time_wait)
                        continue;
                assassinated(c, s, time_wait);
                old_duplicate(c, s, time_wait);
        }
}
