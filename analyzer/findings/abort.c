/* SPDX-License-Identifier: BSD-3-Clause */
#include "analyzer/sequence.h"
#include "reset.h"

/*
 * TD201, TD202: the owner of a live socket aborted it. SO_LINGER {1, 0} and close() with unread data look
 * alike on the wire (RST+ACK, own next number); what speaks for unread data is that the peer's data had just
 * come and was not answered.
 */

/*
 * Data that came this shortly before the RST may not have been read: a process that waits for it is woken
 * within this time.
 */
#define JUST_COME_NS (5 * SECOND_NS / 1000)

static gboolean speaks_for_unread(const Case *c, const Reset *r) {
        const TimelineEntry *rst = &c->hindsight->entries[r->entry];

        if (r->acks_more)
                return TRUE;
        for (gint i = r->entry - 1; i >= 0; i--) {
                const TimelineEntry *e = &c->hindsight->entries[i];

                if (!entry_is_ordinary(e) || !e->payload_bytes)
                        continue;
                /*
                 * what its ACK field does not cover had not come; what it wrote after the peer's data came
                 * shows that it had read them
                 */
                return entry_side(e) != r->side && rst->time_ns - e->time_ns <= JUST_COME_NS &&
                       !(rst->flags & TCP_ACK && seq_before(rst->ack, entry_end(e)));
        }
        return FALSE;
}

/*
 * A socket that is gone cannot abort: a bare RST of its host just before has overtaken the RST+ACK on the
 * way.
 */
#define OVERTAKES_NS (SECOND_NS / 10)

static gboolean is_first_of_its_owner(const Case *c, const Reset *r) {
        const TimelineEntry *rst = &c->hindsight->entries[r->entry];

        for (guint i = 0; i + 1 < r->ordinal; i++) {
                const TimelineEntry *e = &c->hindsight->entries[c->resets[i].entry];

                if (c->resets[i].side == r->side && (e->flags & TCP_ACK || rst->time_ns - e->time_ns > OVERTAKES_NS))
                        return FALSE;
        }
        return r->first || rst->flags & TCP_ACK;
}

void rule_abort(const Case *c) {
        for (Reset r = { .entry = -1 }; reset_next(c, &r);) {
                const TimelineEntry *rst = &c->hindsight->entries[r.entry];
                gboolean unread;
                Finding *f;

                if (r.cause != RESET_ABORT || !is_first_of_its_owner(c, &r) || reset_is_lone(c, &r))
                        continue;
                unread = !r.fin_sent && speaks_for_unread(c, &r);
                f = case_find(c, unread ? FINDING_RST_UNREAD_DATA : FINDING_RST_ON_LINGER, r.side, CERTAINTY_INFERRED);
                /* the other end had closed and everything had come: there was nothing left to lose */
                if (!unread && c->record->side[other(r.side)].fin_acked_frame && r.lost_bytes <= 0 && r.peer_lost_bytes <= 0)
                        f->severity = SEVERITY_NOTICE;
                if (r.answers >= 0)
                        finding_frame(f, c->hindsight->entries[r.answers].frame);
                finding_frame(f, rst->frame);
                finding_integer(f, "rst_frame", (gint64)rst->frame, BOUND_EXACT);
                finding_text(f, "also_consistent_with", unread ? "rst-on-linger" : "rst-unread-data");
                reset_add_fate(c, &r, f);
                if (r.lost_bytes > 0)
                        finding_integer(f, "lost_bytes", r.lost_bytes, BOUND_AT_MOST);
                if (r.peer_lost_bytes > 0)
                        finding_integer(f, "peer_lost_bytes", r.peer_lost_bytes, BOUND_AT_MOST);
        }
}
