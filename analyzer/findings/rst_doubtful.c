/* SPDX-License-Identifier: BSD-3-Clause */
#include "analyzer/endpoint.h"
#include "analyzer/sequence.h"
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

/*
 * A challenge ACK covers all that came before the RST. One that does not cover what its sender acknowledges later,
 * though that was sent before the RST and not again, left before the RST came.
 */
static gboolean was_under_way(const Case *c, const Reset *r, gint ack) {
        const Hindsight *h = c->hindsight;
        guint32 covered = h->entries[ack].ack;
        gboolean sent_more = FALSE;

        FOR_ENTRIES(h, i, r->side, ENTRIES_ANY, 0) {
                const TimelineEntry *e = &h->entries[i];

                if (i > r->entry && entry_end(e) != e->seq && !(e->flags & TCP_RST))
                        return FALSE;
                sent_more |= i < r->entry && seq_after(entry_end(e), covered);
        }
        FOR_ENTRIES(h, i, other(r->side), ENTRIES_ACK, ack + 1)
                if (sent_more && seq_after(h->entries[i].ack, covered))
                        return TRUE;
        return FALSE;
}

/* A pure ACK that says nothing new, right after the RST. */
static const TimelineEntry *challenged(const Case *c, const Reset *r) {
        const Hindsight *h = c->hindsight;
        guint peer = other(r->side);
        gint before = entries_before(h, peer, ENTRIES_ACK, r->entry), i = entries_next(h, peer, ENTRIES_ACK, r->entry + 1);
        const TimelineEntry *rst = &h->entries[r->entry], *e;
        gint64 after_ns;

        if (before < 0 || i < 0)
                return NULL;
        e = &h->entries[i];
        after_ns = e->time_ns - rst->time_ns;
        if (e->ack != h->entries[before].ack || e->payload_bytes || e->flags & (TCP_SYN | TCP_FIN | TCP_RST) || e->marks & ENTRY_KEEPALIVE)
                return NULL;
        if (after_ns > CHALLENGE_NS || after_ns < challenge_ns_min(c, peer) || rst->seq == e->ack || was_under_way(c, r, i))
                return NULL;
        return e;
}

/* New data that it sent long after the RST. */
static const TimelineEntry *took_no_notice(const Case *c, const Reset *r) {
        gint i = reset_goes_on(c, r, other(r->side));
        const TimelineEntry *e = i >= 0 ? &c->hindsight->entries[i] : NULL;

        return e && e->payload_bytes && !(e->marks & ENTRY_RETRANSMISSION) ? e : NULL;
}

/* Did the other end close by this RST? Then it knows nothing of the connection when more comes. */
static gboolean was_taken(const Case *c, const Reset *r) {
        const SideRecord *peer = &c->record->side[other(r->side)];
        gboolean closed = FALSE;

        for (guint i = 0; i < peer->n_states; i++)
                closed |= peer->states[i].event == EVENT_RST_ACCEPTED && peer->states[i].frame == c->hindsight->entries[r->entry].frame;
        for (Reset later = { .entry = -1 }; closed && reset_next(c, &later);)
                if (later.side != r->side && later.entry > r->entry && later.cause == RESET_NO_SOCKET)
                        return TRUE;
        return FALSE;
}

static void say(const Case *c, const Reset *r, FindingId id, const TimelineEntry *evidence, const char *because) {
        Finding *f = case_find(c, id, r->side, CERTAINTY_INFERRED);

        finding_frame(f, c->hindsight->entries[r->entry].frame);
        finding_frame(f, evidence->frame);
        finding_integer(f, "rst_frame", (gint64)c->hindsight->entries[r->entry].frame, BOUND_EXACT);
        finding_text(f, "because", because);
        if (id == FINDING_RST_FOREIGN && was_taken(c, r))
                finding_text(f, "taken", "yes");
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
