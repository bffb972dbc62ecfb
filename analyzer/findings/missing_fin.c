/* SPDX-License-Identifier: BSD-3-Clause */
#include "analyzer/endpoint.h"
#include "reset.h"

/*
 * TD101, TD102, TD104: one side sent its FIN, had it acknowledged, and the other does not close. It is one
 * story with two ends: FIN_WAIT_2 here, CLOSE_WAIT there.
 */

/* A shorter wait is how every close looks while it is under way. */
#define WAIT_NS_MIN SECOND_NS

typedef struct Wait {
        const StateEntry *entry;
        gint64 duration_ns;
        gboolean cut;      /* by the end of the capture */
        gboolean reused;   /* by a new connection: it had ended by then, nothing shows when */
        const char *ended; /* by what */
        FrameRef end_frame;
        Bound bound;
} Wait;

/* An orphan that data reach answers them with a RST and is gone. */
static gboolean is_killed_by_data(const Case *c, const StateEntry *next) {
        for (Reset r = { .entry = -1 }; reset_next(c, &r);)
                if (c->hindsight->entries[r.entry].frame == next->frame && r.cause == RESET_DATA_AFTER_CLOSE)
                        return TRUE;
        return FALSE;
}

static const char *ended_by(const Case *c, const StateEntry *entry, gboolean cut) {
        const StateEntry *next = entry + 1;

        if (cut)
                return "capture_end";
        switch (next->state) {
        case STATE_TIME_WAIT:
        case STATE_LAST_ACK:
                return "fin";
        default:
                if (next->basis == BASIS_TIMER)
                        return "timer";
                return is_killed_by_data(c, next) ? "data" : "rst";
        }
}

static Wait wait_in(const Case *c, guint side, TcpState state) {
        Wait w = { .entry = record_state(c->record, side, state) };

        if (!w.entry)
                return w;
        w.duration_ns = record_state_end(c->record, side, w.entry, &w.cut) - w.entry->time_ns;
        if (w.cut && c->record->taken_over_ns > w.entry->time_ns)
                return (Wait){ .entry = w.entry, .duration_ns = c->record->taken_over_ns - w.entry->time_ns, .reused = TRUE,
                               .ended = "reuse", .end_frame = flow_newer(c->flow)->first_frame, .bound = BOUND_AT_MOST };
        w.ended = ended_by(c, w.entry, w.cut);
        w.bound = w.cut ? BOUND_AT_LEAST : w.entry[1].basis == BASIS_TIMER ? BOUND_AT_MOST : BOUND_EXACT;
        w.end_frame = w.cut ? 0 : w.entry[1].frame;
        return w;
}

/* The wait for a FIN is over when one is sent; that it was not taken is another story (last-ack-missing). */
static Wait wait_for_fin(const Case *c, guint side) {
        const SideRecord *peer = &c->record->side[other(side)];
        Wait w = wait_in(c, side, STATE_FIN_WAIT_2);

        if (!w.entry || (!w.cut && !w.reused) || !peer->fin_frame || peer->fin_ns < w.entry->time_ns)
                return w;
        return (Wait){ .entry = w.entry, .duration_ns = peer->fin_ns - w.entry->time_ns, .ended = "fin", .end_frame = peer->fin_frame };
}

/* Are the last bytes that @side sent among those that were acknowledged and not captured? */
static gboolean end_is_missing(const Case *c, guint side) {
        const Hindsight *h = c->hindsight;

        if (!c->record->side[side].missing_bytes)
                return FALSE;
        for (gint i = h->n - 1; i >= 0; i--) {
                const TimelineEntry *e = &h->entries[i];

                if (entry_side(e) == side && entry_is_ordinary(e) && !(e->flags & TCP_RST) &&
                    entry_end(e) != e->seq && entry_end(e) == c->flow->side[side].nxt)
                        return FALSE;
        }
        return TRUE;
}

/* Where bytes were acknowledged that the capture has not, the FIN may have been among them. */
static Certainty certainty_of(const Case *c, const Wait *w) {
        if ((c->flow->side[CLIENT].bits | c->flow->side[SERVER].bits) & SIDE_MISSED_CLOSING || end_is_missing(c, CLIENT) ||
            end_is_missing(c, SERVER))
                return CERTAINTY_CANNOT_TELL;
        /*
         * a FIN that came is acknowledged, one that did not come is repeated: where neither is captured much
         * else is missing, too
         */
        if (w->entry->basis == BASIS_ASSUMED)
                return CERTAINTY_CANNOT_TELL;
        return w->entry->basis == BASIS_OBSERVED ? CERTAINTY_OBSERVED : CERTAINTY_INFERRED;
}

static void add_wait(Finding *f, const Case *c, guint closer, const Wait *w) {
        finding_frame(f, c->record->side[closer].fin_frame);
        finding_frame(f, c->record->side[closer].fin_acked_frame);
        finding_frame(f, w->end_frame);
        finding_integer(f, "duration_ns", w->duration_ns, w->bound);
        finding_text(f, "ended", w->ended);
        finding_integer(f, "fin_frame", (gint64)c->record->side[closer].fin_frame, BOUND_EXACT);
}

/* Nothing came from either end for so long that a slow close is no explanation any more. */
static gboolean is_long_enough(const Case *c, const Wait *close_wait) {
        gint64 quiet_ns = close_wait->cut ? c->record->capture_end_ns - c->record->end_ns : close_wait->duration_ns;

        return quiet_ns >= c->options->linger_ns;
}

void rule_missing_fin(const Case *c) {
        for (guint closer = 0; closer < SIDES; closer++) {
                guint holder = other(closer);
                Wait fin_wait, close_wait;

                if (!record_state(c->record, closer, STATE_FIN_WAIT_2) && !record_state(c->record, holder, STATE_CLOSE_WAIT))
                        continue;
                /* of an end that was not captured nothing is missing */
                if (!c->record->side[holder].packets)
                        continue;
                fin_wait = wait_for_fin(c, closer);
                close_wait = wait_in(c, holder, STATE_CLOSE_WAIT);
                if (fin_wait.entry && fin_wait.duration_ns >= c->options->linger_ns)
                        add_wait(case_find(c, FINDING_LINGERING_FIN_WAIT_2, closer, certainty_of(c, &fin_wait)), c, closer, &fin_wait);
                if (close_wait.entry && close_wait.duration_ns >= c->options->linger_ns)
                        add_wait(case_find(c, FINDING_CLOSE_WAIT_HELD, holder, certainty_of(c, &close_wait)), c, closer, &close_wait);
                /* ended by its own abort it did end the connection, if rudely */
                if (!close_wait.entry || close_wait.duration_ns < WAIT_NS_MIN ||
                    (!close_wait.cut && !close_wait.reused && (c->hindsight->side[holder].has_fin || close_wait.entry[1].event != EVENT_RST_ACCEPTED)))
                        continue;
                add_wait(case_find(c, FINDING_MISSING_FIN, holder, is_long_enough(c, &close_wait) ? certainty_of(c, &close_wait) : CERTAINTY_CANNOT_TELL),
                         c, closer, &close_wait);
        }
}
