/* SPDX-License-Identifier: BSD-3-Clause */
#include "reset.h"

/*
 * TD206, TD207: a RST that its supposed sender did not send (it went on afterwards), or that the other end did not take (it
 * challenged it, RFC 5961 3, or went on).
 */

/* A packet that was under way already may come this much later, or a round trip if that is longer. */
#define UNDER_WAY_NS (SECOND_NS / 10)

/* A challenge ACK comes at once... */
#define CHALLENGE_NS (SECOND_NS / 2)

/* ...but not before the RST can have reached its sender. The handshake's round trip, without the slack of hindsight.c, may have been a slow one. */
static gint64 challenge_ns_min(const Case *c, guint peer) {
        return (c->hindsight->side[peer].reaction_ns - SECOND_NS / 2000) / 4;
}

static const TimelineEntry *goes_on(const Case *c, const Reset *r, guint side) {
        const TimelineEntry *rst = &c->hindsight->entries[r->entry];
        gint64 sure_ns = rst->time_ns + MAX(UNDER_WAY_NS, c->hindsight->side[side].reaction_ns);

        for (gint i = r->entry + 1; i < c->hindsight->n; i++) {
                const TimelineEntry *e = &c->hindsight->entries[i];

                if (entry_side(e) == side && !(e->marks & (ENTRY_ICMP | ENTRY_FOREIGN)) && !c->hindsight->stale[i] &&
                    !(e->flags & TCP_RST) && e->time_ns > sure_ns)
                        return e;
        }
        return NULL;
}

/* A pure ACK that says nothing new, right after the RST. */
static const TimelineEntry *challenged(const Case *c, const Reset *r) {
        const TimelineEntry *rst = &c->hindsight->entries[r->entry];
        guint peer = other(r->side);
        guint32 ack = 0;
        gboolean has_ack = FALSE;

        for (gint i = 0; i < c->hindsight->n; i++) {
                const TimelineEntry *e = &c->hindsight->entries[i];

                if (entry_side(e) != peer || e->marks & (ENTRY_ICMP | ENTRY_FOREIGN) || !(e->flags & TCP_ACK))
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
                e = goes_on(c, &r, r.side);
                if (r.cause == RESET_FOREIGN && !foreign[r.side]) {
                        say(c, &r, FINDING_RST_FOREIGN, &c->hindsight->entries[r.entry], "its_headers_differ");
                        foreign[r.side] = TRUE;
                }
                if (e && !foreign[r.side] && r.cause != RESET_TIME_WAIT_CUT_SHORT) {
                        say(c, &r, FINDING_RST_FOREIGN, e, "it_went_on");
                        foreign[r.side] = TRUE;
                }
                e = challenged(c, &r);
                if (e && !ignored[r.side]) {
                        say(c, &r, FINDING_RST_IGNORED, e, "challenge_ack");
                        ignored[r.side] = TRUE;
                } else if (!ignored[r.side] && (e = goes_on(c, &r, other(r.side))) && e->payload_bytes && !(e->marks & ENTRY_RETRANSMISSION)) {
                        say(c, &r, FINDING_RST_IGNORED, e, "went_on");
                        ignored[r.side] = TRUE;
                }
        }
}
