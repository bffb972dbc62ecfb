/* SPDX-License-Identifier: BSD-3-Clause */
#include "rule.h"

/* TD401 to TD405: what the capture itself lacks of this flow. */

/* A close under way is not judged when the capture ends this soon after its last packet. */
#define ENDED_EARLY_NS SECOND_NS

static gboolean is_closing(const SideRecord *s) {
        switch (s->state) {
        case STATE_FIN_WAIT_1:
        case STATE_FIN_WAIT_2:
        case STATE_CLOSE_WAIT:
        case STATE_CLOSING:
        case STATE_LAST_ACK:
                return TRUE;
        default:
                return FALSE;
        }
}

void rule_capture(const Case *c) {
        FlowRecord *r = c->record;
        guint64 copies = r->side[CLIENT].copies + r->side[SERVER].copies;
        gint64 left_ns = r->capture_end_ns - r->end_ns;
        Finding *f;

        if (r->joined)
                finding_frame(case_find(c, FINDING_CAPTURE_MIDWAY, FINDING_NO_SIDE, CERTAINTY_OBSERVED), r->first_frame);
        if (left_ns < ENDED_EARLY_NS && (is_closing(&r->side[CLIENT]) || is_closing(&r->side[SERVER]))) {
                f = case_find(c, FINDING_CAPTURE_ENDED_EARLY, FINDING_NO_SIDE, CERTAINTY_OBSERVED);
                finding_frame(f, r->last_frame);
                finding_integer(f, "duration_ns", left_ns, BOUND_EXACT);
        }
        for (guint s = 0; s < SIDES; s++) {
                if (!r->side[s].packets && c->flow->side[other(s)].bits & SIDE_ACK)
                        finding_frame(case_find(c, FINDING_CAPTURE_ONE_DIRECTION, s, CERTAINTY_OBSERVED), r->side[other(s)].last_frame);
                if (!r->side[s].missing_bytes || !r->side[s].packets)
                        continue;
                f = case_find(c, FINDING_CAPTURE_LOSS, s, CERTAINTY_OBSERVED);
                finding_frame(f, r->side[s].last_frame);
                finding_integer(f, "missing_bytes", (gint64)r->side[s].missing_bytes, BOUND_AT_LEAST);
        }
        if (copies) {
                f = case_find(c, FINDING_CAPTURE_COPIES, FINDING_NO_SIDE, CERTAINTY_OBSERVED);
                finding_frame(f, r->first_frame);
                finding_integer(f, "copies_packets", (gint64)copies, BOUND_EXACT);
        }
}
