/* SPDX-License-Identifier: BSD-3-Clause */
#include "reset.h"

/*
 * TD406: a short snaplen kept the fixed headers only, and one of the cut options would have decided something
 * here. That options were cut says nothing by itself: most verdicts need none.
 */

static const TimelineEntry *entry_of(const Case *c, FrameRef frame) {
        for (gint i = 0; i < c->hindsight->n; i++)
                if (c->hindsight->entries[i].frame == frame && entry_is_ordinary(&c->hindsight->entries[i]))
                        return &c->hindsight->entries[i];
        return NULL;
}

static const Finding *found(const Case *c, FindingId id) {
        for (guint i = 0; i < c->record->n_findings; i++)
                if (c->record->findings[i].id == id)
                        return &c->record->findings[i];
        return NULL;
}

static gboolean say_if_cut(const Case *c, const TimelineEntry *e, guint side, const char *untold) {
        Finding *f;

        if (!e || !(e->marks & ENTRY_OPTIONS_CUT) || e->marks & ENTRY_TIMESTAMP)
                return FALSE;
        f = case_find(c, FINDING_CAPTURE_SHORT_SNAPLEN, side, CERTAINTY_OBSERVED);
        finding_frame(f, e->frame);
        finding_integer(f, "cut_frame", (gint64)e->frame, BOUND_EXACT);
        finding_text(f, "untold", untold);
        return TRUE;
}

/*
 * That a SYN with a lower number was taken, or one with a higher number was not, is explained by its timestamp (RFC
 * 6191 2).
 */
static gboolean is_syn_untold(const Case *c) {
        const Finding *up = found(c, FINDING_TIME_WAIT_REUSE_UP), *down = found(c, FINDING_TIME_WAIT_REUSE_DOWN);
        const Finding *f = up ? up : down;
        gboolean accepted = f && g_strcmp0(finding_value(f, "answer")->text, "accepted") == 0;

        return f && accepted == (f == down) && say_if_cut(c, entry_of(c, c->record->side[CLIENT].syn_frame), f->side, "syn_timestamp");
}

/* TIME_WAIT echoes the timestamp of the FIN that brought it there: it tells a lost ACK from a lost FIN (fin_repeats.c). */
static gboolean is_fin_untold(const Case *c) {
        const Finding *f = found(c, FINDING_FIN_RETRANSMITTED);

        return f && record_state(c->record, f->side, STATE_LAST_ACK) &&
               say_if_cut(c, entry_of(c, c->record->side[f->side].fin_acked_frame), f->side, "which_fin");
}

/* A RST without a timestamp that its sender's other packets have is odd, and one oddity more is enough (reset.c). */
static void check_rsts(const Case *c) {
        for (Reset r = { .entry = -1 }; reset_next(c, &r);)
                if (r.untold_by >= 0 && say_if_cut(c, &c->hindsight->entries[r.untold_by], r.side, "who_sent_the_rst"))
                        return;
}

void rule_snaplen(const Case *c) {
        if (!is_syn_untold(c) && !is_fin_untold(c))
                check_rsts(c);
}
