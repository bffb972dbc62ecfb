/* SPDX-License-Identifier: BSD-3-Clause */
#include "reset.h"

/*
 * TD206, TD207: a RST that its supposed sender did not send (it went on afterwards), or that the other end
 * did not take (it challenged it, RFC 5961 3, or went on).
 */

/* A challenge ACK comes at once... */
#define CHALLENGE_NS (SECOND_NS / 2)

/*
 * ...but not before the RST can have reached its sender. The handshake's round trip, without the slack of
 * hindsight.c, may have been a slow one.
 */
static gint64 challenge_ns_min(const Case *c, guint peer) {
        return (c->hindsight->side[peer].reaction_ns - SECOND_NS / 2000) / 4;
}

/* A pure ACK that says nothing new, right after the RST. */
static const TimelineEntry *challenged(const Case *c, const Reset *r) {
        const TimelineEntry *rst = &c->hindsight->entries[r->entry];
        guint peer = other(r->side);
        guint32 ack = 0;
        gboolean has_ack = FALSE;

        for (gint i = 0; i < c->hindsight->n; i++) {
                const TimelineEntry *e = &c->hindsight->entries[i];

                if (entry_side(e) != peer || !entry_is_ordinary(e) || !(e->flags & TCP_ACK))
                        continue;
                if (i > r->entry)
                        return has_ack && e->ack == ack && !e->payload_bytes && !(e->flags & (TCP_SYN | TCP_FIN | TCP_RST)) &&
                                               !(e->marks & ENTRY_KEEPALIVE) && e->time_ns - rst->time_ns <= CHALLENGE_NS &&
                                               e->time_ns - rst->time_ns >= challenge_ns_min(c, peer) && rst->seq != ack
                                       ? e
                                       : NULL;
                ack = e->ack;
                has_ack = TRUE;
        }
        return NULL;
}

/* New data that it sent long after the RST. */
static const TimelineEntry *took_no_notice(const Case *c, const Reset *r) {
        gint i = reset_goes_on(c, r, other(r->side));
        const TimelineEntry *e = i >= 0 ? &c->hindsight->entries[i] : NULL;

        return e && e->payload_bytes && !(e->marks & ENTRY_RETRANSMISSION) ? e : NULL;
}

static void say(const Case *c, const Reset *r, FindingId id, const TimelineEntry *evidence, const char *because) {
        Finding *f = case_find(c, id, r->side, CERTAINTY_INFERRED);

        finding_frame(f, c->hindsight->entries[r->entry].frame);
        finding_frame(f, evidence->frame);
        finding_integer(f, "rst_frame", (gint64)c->hindsight->entries[r->entry].frame, BOUND_EXACT);
        finding_text(f, "because", because);
}

void rule_rst_doubtful(const Case *c) {
        gboolean foreign[SIDES] = { FALSE }, ignored[SIDES] = { FALSE };

        for (Reset r = { .entry = -1 }; reset_next(c, &r);) {
                const TimelineEntry *e;

                if (r.cause == RESET_CHALLENGE_RESPONSE || r.cause == RESET_REFUSED || !record_state(c->record, r.side, STATE_ESTABLISHED))
                        continue;
                if (r.cause == RESET_FOREIGN && !foreign[r.side]) {
                        e = &c->hindsight->entries[r.lived_on >= 0 ? r.lived_on : r.entry];
                        say(c, &r, FINDING_RST_FOREIGN, e, r.lived_on >= 0 ? "it_went_on" : "its_headers_differ");
                        foreign[r.side] = TRUE;
                }
                e = challenged(c, &r);
                if (e && !ignored[r.side]) {
                        say(c, &r, FINDING_RST_IGNORED, e, "challenge_ack");
                        ignored[r.side] = TRUE;
                } else if (!ignored[r.side] && (e = took_no_notice(c, &r))) {
                        say(c, &r, FINDING_RST_IGNORED, e, "went_on");
                        ignored[r.side] = TRUE;
                }
        }
}
