/* SPDX-License-Identifier: BSD-3-Clause */
#include "analyzer/endpoint.h"
#include "analyzer/sequence.h"
#include "reset.h"

/* What became of a RST at the other end. Mostly nothing shows it: then nothing is said. */

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

const TimelineEntry *reset_challenged(const Case *c, const Reset *r) {
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

const TimelineEntry *reset_not_noticed(const Case *c, const Reset *r) {
        gint i = reset_goes_on(c, r, other(r->side));
        const TimelineEntry *e = i >= 0 ? &c->hindsight->entries[i] : NULL;

        return e && e->payload_bytes && !(e->marks & ENTRY_RETRANSMISSION) ? e : NULL;
}

gboolean reset_is_taken(const Case *c, const Reset *r) {
        const SideRecord *peer = &c->record->side[other(r->side)];
        gboolean closed = FALSE;

        for (guint i = 0; i < peer->n_states; i++)
                closed |= peer->states[i].event == EVENT_RST_ACCEPTED && peer->states[i].frame == c->hindsight->entries[r->entry].frame;
        for (Reset later = { .entry = -1 }; closed && reset_next(c, &later);)
                if (later.side != r->side && later.entry > r->entry && later.cause == RESET_NO_SOCKET)
                        return TRUE;
        return FALSE;
}

/*
 * A number that the other end acknowledged long before is outside its window (RFC 9293 3.10.7.4). One less than it
 * expects counts to Linux in the closing states (tcp_reset_check()).
 */
static gboolean is_too_low(const Case *c, const Reset *r) {
        const Hindsight *h = c->hindsight;
        const SideRecord *peer = &c->record->side[other(r->side)];
        const TimelineEntry *rst = &h->entries[r->entry];

        for (guint i = 0; i < peer->n_states; i++)
                if (peer->states[i].state == STATE_CLOSED && peer->states[i].time_ns <= rst->time_ns)
                        return FALSE;
        for (gint i = 0; i < r->entry; i++) {
                const TimelineEntry *e = &h->entries[i];

                if (entry_side(e) != r->side && entry_is_ordinary(e) && (e->flags & (TCP_ACK | TCP_RST)) == TCP_ACK &&
                    seq_at_or_after(c->flow->side[r->side].nxt, e->ack) && seq_after(e->ack, rst->seq + 1))
                        return TRUE;
        }
        return FALSE;
}

void reset_add_fate(const Case *c, const Reset *r, Finding *f) {
        if (reset_is_taken(c, r))
                finding_text(f, "taken", "yes");
        else if (reset_challenged(c, r) || reset_not_noticed(c, r) || is_too_low(c, r))
                finding_text(f, "not_taken", "yes");
}
