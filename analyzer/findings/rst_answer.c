/* SPDX-License-Identifier: BSD-3-Clause */
#include "reset.h"

/*
 * TD203, TD204, TD306: a RST that answers a segment, because its sender had closed, or never had or no longer
 * has the connection. One each a side: what follows it is the same answer again.
 */

static FindingId kind_of(ResetCause cause) {
        switch (cause) {
        case RESET_DATA_AFTER_CLOSE:
                return FINDING_RST_DATA_AFTER_CLOSE;
        case RESET_TIME_WAIT_CUT_SHORT:
                return FINDING_TIME_WAIT_CUT_SHORT;
        case RESET_NO_SOCKET:
                return FINDING_RST_NO_SOCKET;
        default:
                return FINDINGS;
        }
}

/*
 * A bare RST has the number of what it answers; the RST+ACK that Windows sends could be its owner's, too. An answer
 * comes at once: what comes much later may answer something that the capture has not.
 */
#define AT_ONCE_NS (SECOND_NS / 10)

static Certainty certainty(const Case *c, const Reset *r) {
        const TimelineEntry *rst = &c->hindsight->entries[r->entry];

        if (r->answers < 0 || rst->flags & TCP_ACK || c->hindsight->entries[r->answers].ack != rst->seq)
                return CERTAINTY_INFERRED;
        return rst->time_ns - c->hindsight->entries[r->answers].time_ns <= c->hindsight->side[r->side].reaction_ns + AT_ONCE_NS ? CERTAINTY_OBSERVED
                                                                                                                              : CERTAINTY_INFERRED;
}

void rule_rst_answer(const Case *c) {
        gboolean said[SIDES][FINDINGS] = { { FALSE } };

        for (Reset r = { .entry = -1 }; reset_next(c, &r);) {
                const TimelineEntry *rst = &c->hindsight->entries[r.entry];
                const StateEntry *time_wait = record_state(c->record, r.side, STATE_TIME_WAIT);
                FindingId id = kind_of(r.cause);
                Finding *f;

                if (id == FINDINGS || said[r.side][id] || reset_is_lone(c, &r))
                        continue;
                said[r.side][id] = TRUE;
                f = case_find(c, id, r.side, certainty(c, &r));
                if (r.answers >= 0) {
                        finding_frame(f, c->hindsight->entries[r.answers].frame);
                        finding_integer(f, "answered_frame", (gint64)c->hindsight->entries[r.answers].frame, BOUND_EXACT);
                }
                finding_frame(f, rst->frame);
                finding_integer(f, "rst_frame", (gint64)rst->frame, BOUND_EXACT);
                if (id == FINDING_TIME_WAIT_CUT_SHORT && time_wait)
                        finding_integer(f, "duration_ns", rst->time_ns - time_wait->time_ns, BOUND_AT_MOST);
                /*
                 * a straggler after a complete close, or after its own abort, meets nobody: that is how it
                 * should be
                 */
                if (id == FINDING_RST_NO_SOCKET && (!r.first || c->record->close == CLOSE_ORDERLY || c->record->close == CLOSE_SIMULTANEOUS))
                        f->severity = SEVERITY_INFO;
                if (id == FINDING_RST_NO_SOCKET && record_state(c->record, r.side, STATE_ESTABLISHED))
                        finding_text(f, "any_more", "yes");
                if (id != FINDING_TIME_WAIT_CUT_SHORT)
                        reset_add_fate(c, &r, f);
        }
}
