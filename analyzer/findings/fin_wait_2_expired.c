/* SPDX-License-Identifier: BSD-3-Clause */
#include "reset.h"

/*
 * TD103: a FIN, keepalive or duplicate came to an end in FIN_WAIT_2 and was answered by a bare RST: the
 * orphan was gone. Its lifetime lies between its last packet and that RST. Data answered by a RST is no such
 * evidence (rst-data-after-close).
 */

static gint64 last_sign_of_life(const Case *c, const Reset *r, gint64 since_ns) {
        gint64 last_ns = since_ns;

        for (gint i = 0; i < r->entry; i++) {
                const TimelineEntry *e = &c->hindsight->entries[i];

                if (entry_side(e) == r->side && entry_is_ordinary(e) && !(e->flags & TCP_RST))
                        last_ns = MAX(last_ns, e->time_ns);
        }
        return last_ns;
}

/* What has aborted, or was killed by data, sits in no FIN_WAIT_2 whose timer could run out. */
static gboolean was_gone_before(const Case *c, const Reset *r) {
        for (guint i = 0; i + 1 < r->ordinal; i++)
                if (c->resets[i].side == r->side && (c->resets[i].cause == RESET_DATA_AFTER_CLOSE || c->resets[i].cause == RESET_ABORT))
                        return TRUE;
        return FALSE;
}

/* Timers are set in whole seconds. */
#define TIMER_NS_MIN SECOND_NS

void rule_fin_wait_2_expired(const Case *c) {
        for (Reset r = { .entry = -1 }; reset_next(c, &r);) {
                const StateEntry *entry = record_state(c->record, r.side, STATE_FIN_WAIT_2);
                const TimelineEntry *rst = &c->hindsight->entries[r.entry];
                Finding *f;

                if (r.cause != RESET_FIN_WAIT_2_EXPIRED || !entry || was_gone_before(c, &r))
                        continue;
                f = case_find(c, FINDING_FIN_WAIT_2_EXPIRED, r.side, CERTAINTY_INFERRED);
                finding_frame(f, c->record->side[r.side].fin_frame);
                finding_frame(f, c->record->side[r.side].fin_acked_frame);
                finding_frame(f, c->hindsight->entries[r.answers].frame);
                finding_frame(f, rst->frame);
                finding_integer(f, "answered_frame", (gint64)c->hindsight->entries[r.answers].frame, BOUND_EXACT);
                finding_integer(f, "lifetime_ns", rst->time_ns - entry->time_ns, BOUND_AT_MOST);
                if (rst->time_ns - entry->time_ns < TIMER_NS_MIN)
                        finding_text(f, "too_soon", "yes");
                finding_integer(f, "alive_ns", last_sign_of_life(c, &r, entry->time_ns) - entry->time_ns, BOUND_AT_LEAST);
                return;
        }
}
