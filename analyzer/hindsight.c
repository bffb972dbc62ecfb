/* SPDX-License-Identifier: BSD-3-Clause */
#include "evidence.h"
#include "received.h"

#define REACTION_UNKNOWN_NS (G_GINT64_CONSTANT(1000000))

/* A FIN whose number the sender later gave to data was none to the other end: it was dropped. */
static gboolean is_overwritten(const Hindsight *h, gint fin, guint side) {
        guint32 number = entry_end(&h->entries[fin]) - 1;

        if (h->flow->side[side].nxt == number + 1 && h->flow->side[side].retransmitted_packets == 0)
                return FALSE; /* nothing was sent there again */

        for (gint i = fin + 1; i < h->n; i++) {
                const TimelineEntry *e = &h->entries[i];

                if (sent_by(h, i, side) && e->payload_bytes && !(e->flags & TCP_RST) && !seq_after(e->seq, number) &&
                    seq_after(e->seq + e->payload_bytes, number) && !(e->marks & ENTRY_KEEPALIVE))
                        return TRUE;
        }
        return FALSE;
}

/* A number below the SYN's is another connection's, or made up. */
static gboolean is_before_syn(const HindsightSide *k, const TimelineEntry *fin) {
        return k->has_isn && seq_before(entry_end(fin), k->isn + 1);
}

/* ── What is known of the whole flow ─────────────────────────────────────── */

/* The order in which a host sent is by timestamp, then by acknowledgment; the order of capture can differ. */
typedef struct Newest {
        guint32 tsval, ack;
        gboolean has_tsval, has_ack;
} Newest;

static gboolean is_stale(Newest *newest, const TimelineEntry *e) {
        if (e->flags & (TCP_RST | TCP_SYN))
                return FALSE;
        if (e->marks & ENTRY_TIMESTAMP) {
                if (newest->has_tsval && seq_before(e->tsval, newest->tsval))
                        return TRUE;
                newest->tsval = e->tsval;
                newest->has_tsval = TRUE;
        }
        if (e->flags & TCP_ACK) {
                if (newest->has_ack && seq_before(e->ack, newest->ack))
                        return TRUE;
                newest->ack = e->ack;
                newest->has_ack = TRUE;
        }
        return FALSE;
}

static void find_kinds(Hindsight *h) {
        Newest newest[SIDES] = { { .has_ack = FALSE } };

        for (gint i = 0; i < h->n; i++) {
                const TimelineEntry *e = &h->entries[i];
                guint s = entry_side(e);
                guint8 kind = (guint8)(1U << s);

                if (!entry_is_ordinary(e)) {
                        h->kind[i] = 0;
                        continue;
                }
                if (has_flags(e, TCP_FIN | TCP_RST | TCP_SYN, TCP_FIN) && is_acceptable_ack(h, e))
                        kind |= HINDSIGHT_FIN;
                if (is_stale(&newest[s], e))
                        kind |= HINDSIGHT_STALE;
                h->kind[i] = kind;
        }
}

/* The shortest time in which @side was seen to answer in the handshake. */
static gint64 reaction(const Hindsight *h, guint side) {
        gint64 asked_ns = G_MININT64;

        for (gint i = 0; i < h->n; i++) {
                const TimelineEntry *e = &h->entries[i];

                if (sent_by(h, i, other(side)) && e->flags & TCP_SYN)
                        asked_ns = e->time_ns;
                else if (asked_ns != G_MININT64 && sent_by(h, i, side) && e->flags & TCP_ACK && e->time_ns >= asked_ns)
                        return e->time_ns - asked_ns + REACTION_SLACK_NS;
        }
        return REACTION_UNKNOWN_NS;
}

static guint8 find_vantage(const Hindsight *h) {
        const HindsightSide *c = &h->side[CLIENT], *s = &h->side[SERVER];

        if (!(h->flow->side[CLIENT].bits & SIDE_BARE_SYN) || !(h->flow->side[SERVER].bits & SIDE_SYN_ACK))
                return VANTAGE_UNKNOWN;
        if (c->reaction_ns - REACTION_SLACK_NS < (s->reaction_ns - REACTION_SLACK_NS) / 3)
                return VANTAGE_CLIENT;
        if (s->reaction_ns - REACTION_SLACK_NS < (c->reaction_ns - REACTION_SLACK_NS) / 3)
                return VANTAGE_SERVER;
        return VANTAGE_BETWEEN;
}

/*
 * A FIN that was not captured is proved by an acknowledgment of one number more, or by its sender going on
 * behind it.
 */
static void find_unseen_fin(Hindsight *h, guint side) {
        const FlowSide *me = &h->flow->side[side];
        HindsightSide *k = &h->side[side];

        if (!(me->bits & SIDE_HEARD) || !(me->bits & SIDE_DATA || me->bits & SIDE_SYN))
                return;
        for (gint i = 0; i < h->n; i++) {
                const TimelineEntry *e = &h->entries[i];
                gboolean proves;

                if (e->flags & (TCP_SYN | TCP_RST) || !entry_is_ordinary(e))
                        continue;
                proves = entry_side(e) == side ? e->payload_bytes == 0 && e->seq == me->nxt + 1
                                               : e->flags & TCP_ACK && e->ack == me->nxt + 1;
                if (proves) {
                        k->has_fin = k->fin_unseen = TRUE;
                        k->fin_end = me->nxt + 1;
                        return;
                }
        }
}

/* What its SYN took; a SYN that was not captured is known from the SYN+ACK that answers it. */
static void find_isn(Hindsight *h, guint side) {
        HindsightSide *k = &h->side[side];

        k->syn_end = k->isn + 1;
        for (gint i = 0; i < h->n; i++) {
                const TimelineEntry *e = &h->entries[i];

                if (!(e->flags & TCP_SYN) || !entry_is_ordinary(e))
                        continue;
                if (entry_side(e) == side && e->seq == k->isn && k->has_isn && seq_after(entry_end(e), k->syn_end))
                        k->syn_end = entry_end(e);
                if (entry_side(e) == side || !(e->flags & TCP_ACK) || k->has_isn)
                        continue;
                k->has_isn = TRUE;
                k->isn = e->ack - 1;
                k->syn_end = e->ack;
        }
}

static void find_side(Hindsight *h, guint side) {
        const FlowSide *me = &h->flow->side[side];
        HindsightSide *k = &h->side[side];

        *k = (HindsightSide){ .has_isn = !!(me->bits & SIDE_SYN), .isn = me->isn };
        find_isn(h, side);
        k->reaction_ns = reaction(h, side);
        for (gint i = 0; i < h->n && !k->has_fin; i++)
                if (is_fin(h, i, side) && !is_overwritten(h, i, side) && !is_before_syn(k, &h->entries[i])) {
                        k->has_fin = TRUE;
                        k->fin_end = entry_end(&h->entries[i]);
                }
        if (!k->has_fin)
                find_unseen_fin(h, side);
}

/* ── What a side sent ────────────────────────────────────────────────────── */

static Moment first_sent(const Hindsight *h, guint side, guint8 mask, guint8 value) {
        for (gint i = 0; i < h->n; i++)
                if (sent_by(h, i, side) && has_flags(&h->entries[i], mask, value))
                        return moment_at(h, i, hindsight_position_sent(i), BASIS_OBSERVED);
        return never;
}

static Moment find_sent_syn(const Hindsight *h, guint side) {
        Moment m = first_sent(h, side, TCP_SYN | TCP_ACK | TCP_RST, TCP_SYN);

        /* an answer that covers a SYN proves it, though the capture does not have it or has it later */
        for (gint i = 0; i < h->n && (!m.there || i < m.entry); i++)
                if (sent_by(h, i, other(side)) && has_flags(&h->entries[i], TCP_SYN | TCP_ACK | TCP_RST, TCP_SYN | TCP_ACK) && side == CLIENT)
                        return moment_at(h, i, hindsight_position_sent(i) - 1, BASIS_INFERRED);
        return m;
}

static Moment find_sent_syn_ack(const Hindsight *h, guint side) {
        if (!(h->flow->side[side].bits & SIDE_SYN_ACK))
                return never;
        for (gint i = 0; i < h->n; i++)
                if (sent_by(h, i, side) && has_flags(&h->entries[i], TCP_SYN | TCP_ACK | TCP_RST, TCP_SYN | TCP_ACK) &&
                    h->entries[i].seq == h->side[side].isn)
                        return moment_at(h, i, hindsight_position_sent(i), BASIS_OBSERVED);
        return never;
}

/*
 * A packet that the path delayed comes this late at the most; what a host sends longer after a RST it means
 * to send.
 */
#define DELAYED_NS (G_GINT64_CONSTANT(100000000))

static Moment find_sent_rst(const Hindsight *h, guint side) {
        gint rst = -1;

        if (!(h->flow->side[side].bits & SIDE_RST))
                return never;
        /* the first one that it did not go on after: others were forged, or answered a challenge */
        for (gint i = 0; i < h->n; i++) {
                if (!sent_by(h, i, side))
                        continue;
                if (h->entries[i].flags & TCP_RST)
                        rst = rst < 0 && !is_disproved_rst(h, side, i) ? i : rst;
                else if (rst >= 0 && (h->entries[i].flags & TCP_SYN || h->entries[i].time_ns > h->entries[rst].time_ns + DELAYED_NS))
                        rst = -1;
        }
        return rst < 0 ? never : moment_at(h, rst, hindsight_position_sent(rst), BASIS_OBSERVED);
}

static Moment find_sent_fin(const Hindsight *h, guint side) {
        const HindsightSide *k = &h->side[side];
        gint64 before_rst = k->sent_rst.there ? k->sent_rst.position - 1 : G_MAXINT64;

        if (!k->has_fin)
                return never;
        for (gint i = 0; i < h->n; i++) {
                const TimelineEntry *e = &h->entries[i];

                /* a socket that has sent a RST sends no FIN: it was sent before and came late */
                if (is_fin(h, i, side))
                        return moment_at(h, i, MIN(hindsight_position_sent(i), before_rst), BASIS_OBSERVED);
                if (!entry_is_ordinary(e) || e->flags & TCP_SYN)
                        continue;
                if (entry_side(e) == side ? e->seq == k->fin_end && !(e->flags & TCP_RST) : covers(e, k->fin_end))
                        return moment_at(h, i, hindsight_position_sent(i) - 1, BASIS_INFERRED);
        }
        return never;
}

static Moment find_talks(const Hindsight *h, guint side) {
        if ((h->flow->side[CLIENT].bits | h->flow->side[SERVER].bits) & SIDE_SYN)
                return never; /* it was seen to open */
        for (gint i = 0; i < h->n; i++) {
                const TimelineEntry *e = &h->entries[i];

                if (!entry_is_ordinary(e) || e->flags & (TCP_SYN | TCP_RST) || !(e->flags & TCP_ACK))
                        continue;
                if (e->flags & TCP_FIN)
                        return never; /* joined when it was closing already: nothing shows what was before */
                /* its own segment, or an acknowledgment of something that it sent */
                return moment_at(h, i, hindsight_position_sent(i) - 1, BASIS_INFERRED);
        }
        return never;
}

/* Each in the order in which it builds on what was found before. */
static void find_moments(Hindsight *h) {
        for (guint s = 0; s < SIDES; s++) {
                h->side[s].sent_syn = find_sent_syn(h, s);
                h->side[s].sent_syn_ack = find_sent_syn_ack(h, s);
                h->side[s].sent_rst = find_sent_rst(h, s);
                h->side[s].sent_fin = find_sent_fin(h, s);
                h->side[s].talks = find_talks(h, s);
        }
        for (guint s = 0; s < SIDES; s++) {
                h->side[s].knows_fin = received_knows_fin(h, s);
                h->side[s].syn_acked = received_syn_acked(h, s);
                h->side[s].fin_received = received_fin(h, s);
                h->side[s].fin_acked = received_fin_acked(h, s);
                h->side[s].rst_accepted = received_rst(h, s);
        }
}

void hindsight_init(Hindsight *h, const Flow *flow, gint64 end_ns) {
        h->flow = flow;
        h->entries = flow->timeline.entries;
        h->n = flow->timeline.n;
        h->end_ns = end_ns;
        find_kinds(h);
        find_side(h, CLIENT);
        find_side(h, SERVER);
        h->vantage = find_vantage(h);
        find_moments(h);
}
