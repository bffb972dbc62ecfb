/* SPDX-License-Identifier: BSD-3-Clause */
#include "evidence.h"
#include "received.h"
#include "vantage.h"

#define REACTION_UNKNOWN_NS (G_GINT64_CONSTANT(1000000))

/* A FIN whose number the sender later gave to data was none to the other end: it was dropped. */
static gboolean is_overwritten(const Hindsight *h, gint fin, guint side) {
        guint32 number = entry_end(&h->entries[fin]) - 1;

        if (h->flow->side[side].nxt == number + 1 && flow_losses(h->flow, side)->retransmitted_packets == 0)
                return FALSE; /* nothing was sent there again */

        FOR_ENTRIES(h, i, side, ENTRIES_DATA, fin + 1) {
                const TimelineEntry *e = &h->entries[i];

                if (!seq_after(e->seq, number) && seq_after(e->seq + e->payload_bytes, number) && !(e->marks & ENTRY_KEEPALIVE))
                        return TRUE;
        }
        return FALSE;
}

/* A number below the SYN's is another connection's, or made up. */
static gboolean is_before_syn(const HindsightSide *k, const TimelineEntry *fin) {
        return k->has_isn && seq_before(entry_end(fin), k->isn + 1);
}

/* ── What is known of the whole flow ─────────────────────────────────────── */

/*
 * The order in which a host sent is by timestamp, then by acknowledgment; the order of capture can differ. SYN and RST have no
 * place in it.
 */
typedef struct Newest {
        guint32 tsval, ack;
        gboolean has_tsval, has_ack;
} Newest;

static gboolean is_stale(Newest *newest, const TimelineEntry *e) {
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

/* Those of at most ENTRY_WORD_BITS entries @e that are of a kind. */
typedef struct EntrySets {
        guint64 of[SIDES][ENTRY_KINDS];
} EntrySets;

static void add_to_sets(EntrySets *sets, const Hindsight *h, const TimelineEntry *e, guint64 bit, Newest *newest) {
        guint64 *of = sets->of[entry_side(e)];

        of[ENTRIES_ANY] |= bit;
        if (e->flags & TCP_ACK)
                of[ENTRIES_ACK] |= bit;
        if (e->flags & TCP_SYN)
                of[ENTRIES_SYN] |= bit;
        if (e->flags & TCP_RST)
                of[ENTRIES_RST] |= bit;
        if (e->flags & (TCP_SYN | TCP_RST))
                return;
        if (e->flags & TCP_FIN && is_acceptable_ack(h, e))
                of[ENTRIES_FIN] |= bit;
        if (e->payload_bytes)
                of[ENTRIES_DATA] |= bit;
        if (is_stale(&newest[entry_side(e)], e))
                of[ENTRIES_STALE] |= bit;
}

static void find_sets(Hindsight *h) {
        Newest newest[SIDES] = { { .has_ack = FALSE } };

        h->marks = 0;
        for (guint w = 0; w < h->words; w++) {
                const TimelineEntry *e = &h->entries[w * ENTRY_WORD_BITS], *end = &h->entries[MIN(h->n, (gint)((w + 1) * ENTRY_WORD_BITS))];
                EntrySets sets = { { { 0 } } };

                for (guint64 bit = 1; e < end; e++, bit <<= 1) {
                        h->marks |= e->marks;
                        if (entry_is_ordinary(e))
                                add_to_sets(&sets, h, e, bit, newest);
                }
                for (guint s = 0; s < SIDES; s++)
                        for (guint kind = 0; kind < ENTRY_KINDS; kind++)
                                h->set[s][kind][w] = sets.of[s][kind];
        }
}

/* The shortest time in which @side was seen to answer in the handshake. */
static gint64 reaction(const Hindsight *h, guint side) {
        gint asked = entries_next(h, other(side), ENTRIES_SYN, 0);

        if (asked < 0)
                return REACTION_UNKNOWN_NS;
        FOR_ENTRIES(h, i, side, ENTRIES_ACK, asked + 1) {
                gint64 ns = h->entries[i].time_ns - h->entries[entries_before(h, other(side), ENTRIES_SYN, i)].time_ns;

                if (ns >= 0)
                        return ns + REACTION_SLACK_NS;
        }
        return REACTION_UNKNOWN_NS;
}

/*
 * Only of a handshake without repeats: those come after a second, whoever is near. What was captured twice may have
 * been captured at two places, each packet first at its sender's end.
 */
static Vantage find_vantage(const Hindsight *h) {
        gint syn = entries_next(h, CLIENT, ENTRIES_SYN, 0), syn_ack = entries_next(h, SERVER, ENTRIES_SYN, 0), answer;

        if (syn < 0 || syn_ack < syn || flow_syn_count(h->flow, CLIENT) > 1 || flow_syn_count(h->flow, SERVER) > 1)
                return VANTAGE_UNKNOWN;
        if (flow_losses(h->flow, CLIENT)->copies || flow_losses(h->flow, SERVER)->copies)
                return VANTAGE_UNKNOWN;
        answer = entries_next(h, CLIENT, ENTRIES_ANY, syn_ack + 1);
        return answer < 0 ? VANTAGE_UNKNOWN : vantage_find(&h->entries[syn], &h->entries[syn_ack], &h->entries[answer]);
}

/*
 * Of a silent side: the last thing that was acknowledged was one number, and that happened only once. A FIN
 * takes one number; a byte alone does, too, but those seldom come alone.
 */
static void find_silent_fin(Hindsight *h, guint side) {
        HindsightSide *k = &h->side[side];
        guint32 ack = k->isn + 1;
        guint steps = 0;
        gboolean last = FALSE;

        if (!k->has_isn)
                return;
        FOR_ENTRIES(h, i, other(side), ENTRIES_ACK, 0) {
                const TimelineEntry *e = &h->entries[i];

                if (e->flags & (TCP_SYN | TCP_RST) || !seq_after(e->ack, ack))
                        continue;
                last = e->ack == ack + 1;
                steps += last;
                ack = e->ack;
        }
        k->has_fin = k->fin_unseen = last && steps == 1;
        k->fin_end = ack;
}

/* Did @side write single bytes? */
static gboolean writes_single_bytes(const Hindsight *h, guint side) {
        FOR_ENTRIES(h, i, side, ENTRIES_DATA, 0)
                if (h->entries[i].payload_bytes == 1 && !(h->entries[i].marks & ENTRY_KEEPALIVE))
                        return TRUE;
        return FALSE;
}

/*
 * A byte takes one number, too. It was none of a FIN that neither the capture nor the other end ever had, if
 * its sender then aborts: who has closed has no owner any more to do so. Nor is it known for a FIN where single
 * bytes were written before and the other end does not close.
 */
static gboolean may_be_a_byte(const Hindsight *h, guint side, guint32 number) {
        const FlowSide *peer = &h->flow->side[other(side)];

        if (!(peer->bits & SIDE_ACK) || seq_before(peer->ack, number))
                FOR_ENTRIES(h, i, side, ENTRIES_RST, 0)
                        if (h->entries[i].flags & TCP_ACK && h->entries[i].seq == number)
                                return TRUE;
        return !((peer->bits | h->flow->side[side].bits) & (SIDE_FIN | SIDE_RST)) && writes_single_bytes(h, side);
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
                if (proves && may_be_a_byte(h, side, me->nxt + 1))
                        return;
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
        FOR_ENTRIES(h, i, side, ENTRIES_SYN, 0)
                if (k->has_isn && h->entries[i].seq == k->isn && seq_after(entry_end(&h->entries[i]), k->syn_end))
                        k->syn_end = entry_end(&h->entries[i]);
        if (k->has_isn)
                return;
        /* a SYN+ACK; of a silent side the first thing that the opener acknowledged */
        FOR_ENTRIES(h, i, other(side), ENTRIES_ACK, 0)
                if (h->entries[i].flags & TCP_SYN || (is_silent(h, side) && h->flow->side[other(side)].bits & SIDE_BARE_SYN &&
                                                      !(h->entries[i].flags & TCP_RST))) {
                        k->has_isn = TRUE;
                        k->syn_end = h->entries[i].ack;
                        k->isn = k->syn_end - 1;
                        return;
                }
}

static void find_side(Hindsight *h, guint side) {
        const FlowSide *me = &h->flow->side[side];
        HindsightSide *k = &h->side[side];

        *k = (HindsightSide){ .has_isn = !!(me->bits & SIDE_SYN), .isn = me->isn };
        find_isn(h, side);
        k->reaction_ns = reaction(h, side);
        FOR_ENTRIES(h, i, side, ENTRIES_FIN, 0)
                if (!is_overwritten(h, i, side) && !is_before_syn(k, &h->entries[i])) {
                        k->has_fin = TRUE;
                        k->fin_end = entry_end(&h->entries[i]);
                        return;
                }
        if (is_silent(h, side))
                find_silent_fin(h, side);
        else
                find_unseen_fin(h, side);
}

/* ── What a side sent ────────────────────────────────────────────────────── */

/* The first SYN of @side from @i on, with ACK or without; -1. */
static gint next_syn(const Hindsight *h, guint side, gint i, guint8 ack) {
        FOR_ENTRIES(h, syn, side, ENTRIES_SYN, i)
                if (has_flags(&h->entries[syn], TCP_ACK | TCP_RST, ack))
                        return syn;
        return -1;
}

static Moment find_sent_syn(const Hindsight *h, guint side) {
        gint syn = next_syn(h, side, 0, 0), answer = side == CLIENT ? next_syn(h, SERVER, 0, TCP_ACK) : -1;

        /* an answer that covers a SYN proves it, though the capture does not have it or has it later */
        if (answer >= 0 && (syn < 0 || answer < syn))
                return moment_at(answer, hindsight_position_sent(answer) - 1, BASIS_INFERRED);
        return syn < 0 ? never : moment_at(syn, hindsight_position_sent(syn), BASIS_OBSERVED);
}

static Moment find_sent_syn_ack(const Hindsight *h, guint side) {
        gint shown = is_silent(h, side) && h->side[side].has_isn ? entries_next(h, other(side), ENTRIES_ACK, 0) : -1;

        if (shown >= 0 && h->flow->side[other(side)].bits & SIDE_BARE_SYN)
                return moment_at(shown, hindsight_position_sent(shown) - 2, BASIS_INFERRED);
        if (!(h->flow->side[side].bits & SIDE_SYN_ACK))
                return never;
        for (gint i = next_syn(h, side, 0, TCP_ACK); i >= 0; i = next_syn(h, side, i + 1, TCP_ACK))
                if (h->entries[i].seq == h->side[side].isn)
                        return moment_at(i, hindsight_position_sent(i), BASIS_OBSERVED);
        return never;
}

/*
 * A packet that the path delayed comes this late at the most; what a host sends longer after a RST it means
 * to send.
 */
#define DELAYED_NS (G_GINT64_CONSTANT(100000000))

static Moment find_sent_rst(const Hindsight *h, guint side) {
        gint rst = -1;
        gboolean beyond = FALSE;

        if (!(h->flow->side[side].bits & SIDE_RST))
                return never;
        /* the first one that it did not go on after: others were forged, or answered a challenge */
        FOR_ENTRIES(h, i, side, ENTRIES_ANY, 0) {
                /* a SYN+ACK behind what only an open end sends is a copy that came late */
                gboolean late = has_flags(&h->entries[i], TCP_SYN | TCP_ACK, TCP_SYN | TCP_ACK) && beyond;

                beyond |= !(h->entries[i].flags & (TCP_SYN | TCP_RST));
                if (h->entries[i].flags & TCP_RST)
                        rst = rst < 0 && !is_disproved_rst(h, side, i) ? i : rst;
                else if (rst >= 0 && !late && (h->entries[i].flags & TCP_SYN || h->entries[i].time_ns > h->entries[rst].time_ns + DELAYED_NS))
                        rst = -1;
        }
        return rst < 0 ? never : moment_at(rst, hindsight_position_sent(rst), BASIS_OBSERVED);
}

static Moment find_sent_fin(const Hindsight *h, guint side) {
        const HindsightSide *k = &h->side[side];
        gint64 before_rst = k->sent_rst.there ? k->sent_rst.position - 1 : G_MAXINT64;
        gint fin;

        if (!k->has_fin)
                return never;
        fin = next_fin(h, side, 0);
        for (gint i = 0; i < (fin < 0 ? h->n : fin); i++) {
                const TimelineEntry *e = &h->entries[i];

                if (!entry_is_ordinary(e) || e->flags & TCP_SYN)
                        continue;
                if (entry_side(e) == side ? e->seq == k->fin_end && !(e->flags & TCP_RST) : covers(e, k->fin_end))
                        return moment_at(i, hindsight_position_sent(i) - 1, BASIS_INFERRED);
        }
        /* a socket that has sent a RST sends no FIN: it was sent before and came late */
        return fin < 0 ? never : moment_at(fin, MIN(hindsight_position_sent(fin), before_rst), BASIS_OBSERVED);
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
                return moment_at(i, hindsight_position_sent(i) - 1, BASIS_INFERRED);
        }
        return never;
}

/*
 * A FIN in order that brings the acknowledgment of the side's own FIN was received with it, though it came again:
 * then the answers were lost.
 */
static void find_fin_with_ack(Hindsight *h, guint side) {
        const Moment *acked = &h->side[side].fin_acked;

        if (h->side[side].fin_received.there || !acked->there || !is_fin(h, acked->entry, other(side)))
                return;
        if (flow_fin_count(h->flow, other(side)) < 2 || h->flow->side[side].bits & SIDE_RST)
                return; /* one that is answered by a RST, or by nothing yet, was perhaps not taken */
        if (h->flow->side[side].bits & SIDE_ACK && !seq_before(h->flow->side[side].ack, h->entries[acked->entry].seq))
                h->side[side].fin_received = *acked;
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
                find_fin_with_ack(h, s);
                h->side[s].rst_accepted = received_rst(h, s);
        }
}

void hindsight_init(Hindsight *h, const Flow *flow, const Timeline *timeline, gint64 end_ns) {
        h->flow = flow;
        h->entries = timeline->entries;
        h->n = (gint)timeline->n;
        h->words = (timeline->n + ENTRY_WORD_BITS - 1) / ENTRY_WORD_BITS;
        h->end_ns = end_ns;
        find_sets(h);
        find_side(h, CLIENT);
        find_side(h, SERVER);
        h->vantage = (guint8)find_vantage(h);
        find_moments(h);
}
