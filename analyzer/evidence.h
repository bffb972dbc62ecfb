/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What a single entry of a timeline tells; shared by hindsight.c and received.c, nobody else. */

#include "hindsight.h"
#include "sequence.h"

/* Room for a host that is slow to react, beyond the round trip. */
#define REACTION_SLACK_NS (G_GINT64_CONSTANT(500000))

static const Moment never = { .there = FALSE, .entry = -1 };

/* What an entry causes at the other end lies just behind it, what it proves just before. */
static inline gint64 position_of_arrival(gint i) {
        return hindsight_position_sent(i) + 4;
}

static inline Moment moment_at(gint i, gint64 position, Basis basis) {
        return (Moment){ .there = TRUE, .position = position, .entry = (gint16)i, .basis = (guint8)basis };
}

static inline const TimelineEntry *moment_entry(const Hindsight *h, const Moment *m) {
        return &h->entries[m->entry];
}

static inline gboolean has_flags(const TimelineEntry *e, guint8 mask, guint8 value) {
        return (e->flags & mask) == value;
}

/* RFC 9293 3.10.7.4: a segment without ACK, or with an ACK of what was never sent, does nothing. */
static inline gboolean is_acceptable_ack(const Hindsight *h, const TimelineEntry *e) {
        const FlowSide *peer = &h->flow->side[other(entry_side(e))];

        return e->flags & TCP_ACK && (!(peer->bits & SIDE_HEARD) || seq_diff(e->ack, peer->nxt) <= 1);
}

/* Is the FIN in entry @i (of ENTRIES_FIN) the one that is known? */
static inline gboolean is_the_fin(const Hindsight *h, gint i, guint side) {
        return !h->side[side].has_fin || entry_end(&h->entries[i]) == h->side[side].fin_end;
}

/* A FIN of @side, and the FIN once that is known. */
static inline gboolean is_fin(const Hindsight *h, gint i, guint side) {
        return entries_has(h, side, ENTRIES_FIN, i) && is_the_fin(h, i, side);
}

/* Returns: the first FIN of @side from @i on, -1 if there is none. */
static inline gint next_fin(const Hindsight *h, guint side, gint i) {
        FOR_ENTRIES(h, fin, side, ENTRIES_FIN, i)
                if (is_the_fin(h, fin, side))
                        return fin;
        return -1;
}

/* Was nothing of @side captured? Then all that is known of it is what the other end acknowledged. */
static inline gboolean is_silent(const Hindsight *h, guint side) {
        return !(h->flow->side[side].bits & SIDE_HEARD);
}

static inline gboolean covers(const TimelineEntry *e, guint32 number) {
        return e->flags & TCP_ACK && seq_at_or_after(e->ack, number);
}

/* Does @e acknowledge the SYN of @side, and perhaps text on it, and nothing more? */
static inline gboolean acks_syn(const Hindsight *h, guint side, const TimelineEntry *e) {
        const HindsightSide *k = &h->side[side];

        return e->flags & TCP_ACK && seq_after(e->ack, k->isn) && !seq_after(e->ack, k->syn_end);
}

/* Packets this close may have been swapped on the way. A RST+ACK has the number of all that was sent before it. */
#define SWAPPED_NS (G_GINT64_CONSTANT(20000000))

/*
 * New data that @side sent after the RST in @rst and that was acknowledged: the other end did not take this
 * RST, and its sender lives.
 */
static inline gboolean is_disproved_rst(const Hindsight *h, guint side, gint rst) {
        const FlowSide *peer = &h->flow->side[other(side)];
        gint64 sure_ns = h->entries[rst].flags & TCP_ACK ? G_MININT64 : h->entries[rst].time_ns + SWAPPED_NS;

        if (!(peer->bits & SIDE_ACK))
                return FALSE;
        FOR_ENTRIES(h, i, side, ENTRIES_DATA, rst + 1) {
                const TimelineEntry *e = &h->entries[i];

                if (e->time_ns > sure_ns && !entries_has(h, side, ENTRIES_STALE, i) && !(e->marks & (ENTRY_RETRANSMISSION | ENTRY_KEEPALIVE | ENTRY_PARTLY_NEW)) &&
                    !seq_before(e->seq, h->entries[rst].seq) && seq_at_or_after(peer->ack, entry_end(e)))
                        return TRUE;
        }
        return FALSE;
}
