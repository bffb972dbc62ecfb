/* SPDX-License-Identifier: BSD-3-Clause */
#include "rule.h"

/* TD401 to TD405, TD407, TD408: what the capture itself lacks of this flow. */

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

static gboolean is_over(const SideRecord *s) {
        return s->state == STATE_CLOSED || s->state == STATE_TIME_WAIT;
}

static void ended_early(const Case *c) {
        const FlowRecord *r = c->record;
        gint64 left_ns = r->capture_end_ns - r->end_ns;
        Finding *f;

        if (left_ns >= ENDED_EARLY_NS || !(is_closing(&r->side[CLIENT]) || is_closing(&r->side[SERVER])))
                return;
        f = case_find(c, FINDING_CAPTURE_ENDED_EARLY, FINDING_NO_SIDE, CERTAINTY_OBSERVED);
        finding_frame(f, r->last_frame);
        finding_integer(f, "duration_ns", left_ns, BOUND_EXACT);
}

static void side_missing(const Case *c, guint side) {
        const SideRecord *me = &c->record->side[side], *peer = &c->record->side[other(side)];
        Finding *f;

        if (!me->packets && c->flow->side[other(side)].bits & SIDE_ACK)
                finding_frame(case_find(c, FINDING_CAPTURE_ONE_DIRECTION, side, CERTAINTY_OBSERVED), peer->last_frame);
        if (!me->missing_bytes || !me->packets)
                return;
        f = case_find(c, FINDING_CAPTURE_LOSS, side, CERTAINTY_OBSERVED);
        finding_frame(f, me->last_frame);
        finding_integer(f, "missing_bytes", (gint64)me->missing_bytes, BOUND_AT_LEAST);
}

static void copied(const Case *c) {
        const FlowRecord *r = c->record;
        guint64 copies = r->side[CLIENT].copies + r->side[SERVER].copies;
        Finding *f;

        if (!copies)
                return;
        f = case_find(c, FINDING_CAPTURE_COPIES, FINDING_NO_SIDE, CERTAINTY_OBSERVED);
        finding_frame(f, r->first_frame);
        finding_integer(f, "copies_packets", (gint64)copies, BOUND_EXACT);
}

/* What could not be read is lost to the flows that are in that capture and were not over. */
static void damaged(const Case *c) {
        const FlowRecord *r = c->record;
        const GArray *damage = c->damage;

        if (is_over(&r->side[CLIENT]) && is_over(&r->side[SERVER]))
                return;
        for (guint i = 0; damage && i < damage->len; i++) {
                FrameRef unreadable = g_array_index(damage, FrameRef, i);
                guint file = frame_ref_file(unreadable);
                Finding *f;

                if (file < frame_ref_file(r->first_frame) || file > frame_ref_file(r->last_frame))
                        continue;
                f = case_find(c, FINDING_CAPTURE_DAMAGED, FINDING_NO_SIDE, CERTAINTY_OBSERVED);
                finding_frame(f, r->last_frame);
                finding_integer(f, "damaged_frame", (gint64)unreadable, BOUND_EXACT);
                return;
        }
}

/* The largest step back between two packets that were kept. */
static void clock_set_back(const Case *c) {
        const TimelineEntry *e = c->hindsight->entries, *after = NULL;
        gint64 step_ns = SWAPPED_NS_MAX;
        Finding *f;

        if (!((c->flow->side[CLIENT].bits | c->flow->side[SERVER].bits) & SIDE_CLOCK_SET_BACK))
                return;
        for (gint i = 1; i < c->hindsight->n; i++) {
                if (e[i - 1].time_ns - e[i].time_ns <= step_ns)
                        continue;
                step_ns = e[i - 1].time_ns - e[i].time_ns;
                after = &e[i];
        }
        f = case_find(c, FINDING_CAPTURE_CLOCK_SET_BACK, FINDING_NO_SIDE, CERTAINTY_OBSERVED);
        if (!after)
                return;
        finding_frame(f, after[-1].frame);
        finding_frame(f, after->frame);
        finding_integer(f, "step_ns", step_ns, BOUND_AT_LEAST);
        finding_integer(f, "after_frame", (gint64)after->frame, BOUND_EXACT);
}

void rule_capture(const Case *c) {
        if (c->record->joined)
                finding_frame(case_find(c, FINDING_CAPTURE_MIDWAY, FINDING_NO_SIDE, CERTAINTY_OBSERVED), c->record->first_frame);
        ended_early(c);
        side_missing(c, CLIENT);
        side_missing(c, SERVER);
        copied(c);
        damaged(c);
        clock_set_back(c);
}
