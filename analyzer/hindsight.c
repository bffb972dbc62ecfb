/* SPDX-License-Identifier: BSD-3-Clause */
#include "hindsight.h"
#include "sequence.h"

/* Room for a host that is slow to react, beyond the round trip. */
#define REACTION_SLACK_NS (G_GINT64_CONSTANT(500000))
#define REACTION_UNKNOWN_NS (G_GINT64_CONSTANT(1000000))

/* A packet that proves a state for sure when nothing contradicts it for this long: the first retransmission would have come. */
#define SETTLED_NS (G_GINT64_CONSTANT(1000000000))

static const Moment never = { .there = FALSE, .entry = -1 };

/* What an entry causes at the other end lies just behind it, what it proves just before. */
static gint64 position_of_arrival(gint i) {
        return hindsight_position_sent(i) + 4;
}

static Moment moment_at(const Hindsight *h, gint i, gint64 position, Basis basis) {
        return (Moment){ .there = TRUE,
                         .position = position,
                         .time_ns = h->entries[i].time_ns,
                         .frame = h->entries[i].frame,
                         .entry = i,
                         .basis = basis };
}

/* An ordinary TCP packet of @side: no ICMP quotation, nothing of another incarnation. */
static gboolean sent_by(const Hindsight *h, gint i, guint side) {
        return entry_side(&h->entries[i]) == side && !(h->entries[i].marks & (ENTRY_ICMP | ENTRY_FOREIGN));
}

static gboolean has_flags(const TimelineEntry *e, guint8 mask, guint8 value) {
        return (e->flags & mask) == value;
}

/* RFC 9293 3.10.7.4: a segment without ACK, or with an ACK of what was never sent, does nothing. */
static gboolean is_acceptable_ack(const Hindsight *h, const TimelineEntry *e) {
        const FlowSide *peer = &h->flow->side[other(entry_side(e))];

        return e->flags & TCP_ACK && (!(peer->bits & SIDE_HEARD) || seq_diff(e->ack, peer->nxt) <= 1);
}

/* A FIN whose number the sender later gave to data was none to the other end: it was dropped. */
static gboolean is_overwritten(const Hindsight *h, gint fin, guint side) {
        guint32 number = entry_end(&h->entries[fin]) - 1;

        for (gint i = fin + 1; i < h->n; i++) {
                const TimelineEntry *e = &h->entries[i];

                if (sent_by(h, i, side) && e->payload_bytes && !(e->flags & TCP_RST) && !seq_after(e->seq, number) &&
                    seq_after(e->seq + e->payload_bytes, number) && !(e->marks & ENTRY_KEEPALIVE))
                        return TRUE;
        }
        return FALSE;
}

static gboolean is_fin(const Hindsight *h, gint i, guint side) {
        const TimelineEntry *e = &h->entries[i];

        if (h->side[side].has_fin && entry_end(e) != h->side[side].fin_end)
                return FALSE;
        return sent_by(h, i, side) && has_flags(e, TCP_FIN | TCP_RST | TCP_SYN, TCP_FIN) && is_acceptable_ack(h, e);
}

static gboolean covers(const TimelineEntry *e, guint32 number) {
        return e->flags & TCP_ACK && seq_at_or_after(e->ack, number);
}

/* ── What is known of the whole flow ─────────────────────────────────────── */

static void find_stale(Hindsight *h) {
        guint32 tsval[SIDES] = { 0 }, ack[SIDES] = { 0 };
        gboolean has_tsval[SIDES] = { FALSE }, has_ack[SIDES] = { FALSE };

        for (gint i = 0; i < h->n; i++) {
                const TimelineEntry *e = &h->entries[i];
                guint s = entry_side(e);

                h->stale[i] = 0;
                if (e->marks & (ENTRY_ICMP | ENTRY_FOREIGN) || e->flags & (TCP_RST | TCP_SYN))
                        continue;
                if (e->marks & ENTRY_TIMESTAMP) {
                        h->stale[i] |= has_tsval[s] && seq_before(e->tsval, tsval[s]);
                        if (!h->stale[i])
                                tsval[s] = e->tsval;
                        has_tsval[s] = TRUE;
                }
                if (e->flags & TCP_ACK) {
                        h->stale[i] |= has_ack[s] && seq_before(e->ack, ack[s]);
                        if (!h->stale[i])
                                ack[s] = e->ack;
                        has_ack[s] = TRUE;
                }
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

/* A FIN that was not captured is proved by an acknowledgment of one number more, or by its sender going on behind it. */
static void find_unseen_fin(Hindsight *h, guint side) {
        const FlowSide *me = &h->flow->side[side];
        HindsightSide *k = &h->side[side];

        if (!(me->bits & SIDE_HEARD) || !(me->bits & SIDE_DATA || me->bits & SIDE_SYN))
                return;
        for (gint i = 0; i < h->n; i++) {
                const TimelineEntry *e = &h->entries[i];
                gboolean proves;

                if (e->flags & (TCP_SYN | TCP_RST) || e->marks & (ENTRY_ICMP | ENTRY_FOREIGN))
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

                if (!(e->flags & TCP_SYN) || e->marks & (ENTRY_ICMP | ENTRY_FOREIGN))
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

/* Does @e acknowledge the SYN of @side, and perhaps text on it, and nothing more? */
static gboolean acks_syn(const Hindsight *h, guint side, const TimelineEntry *e) {
        const HindsightSide *k = &h->side[side];

        return e->flags & TCP_ACK && seq_after(e->ack, k->isn) && !seq_after(e->ack, k->syn_end);
}

static void find_side(Hindsight *h, guint side) {
        const FlowSide *me = &h->flow->side[side];
        HindsightSide *k = &h->side[side];

        *k = (HindsightSide){ .has_isn = !!(me->bits & SIDE_SYN), .isn = me->isn };
        find_isn(h, side);
        k->reaction_ns = reaction(h, side);
        for (gint i = 0; i < h->n && !k->has_fin; i++)
                if (is_fin(h, i, side) && !is_overwritten(h, i, side)) {
                        k->has_fin = TRUE;
                        k->fin_end = entry_end(&h->entries[i]);
                }
        if (!k->has_fin)
                find_unseen_fin(h, side);
}

void hindsight_init(Hindsight *h, const Flow *flow, gint64 end_ns) {
        h->flow = flow;
        h->entries = flow->timeline.entries;
        h->n = flow->timeline.n;
        h->end_ns = end_ns;
        find_stale(h);
        find_side(h, CLIENT);
        find_side(h, SERVER);
        h->vantage = find_vantage(h);
}

/* ── What a side sent ────────────────────────────────────────────────────── */

static Moment first_sent(const Hindsight *h, guint side, guint8 mask, guint8 value) {
        for (gint i = 0; i < h->n; i++)
                if (sent_by(h, i, side) && has_flags(&h->entries[i], mask, value))
                        return moment_at(h, i, hindsight_position_sent(i), BASIS_OBSERVED);
        return never;
}

Moment hindsight_sent_syn(const Hindsight *h, guint side) {
        Moment m = first_sent(h, side, TCP_SYN | TCP_ACK | TCP_RST, TCP_SYN);

        /* an answer that covers a SYN proves it, though the capture does not have it or has it later */
        for (gint i = 0; i < h->n && (!m.there || i < m.entry); i++)
                if (sent_by(h, i, other(side)) && has_flags(&h->entries[i], TCP_SYN | TCP_ACK, TCP_SYN | TCP_ACK) && side == CLIENT)
                        return moment_at(h, i, hindsight_position_sent(i) - 1, BASIS_INFERRED);
        return m;
}

Moment hindsight_sent_syn_ack(const Hindsight *h, guint side) {
        for (gint i = 0; i < h->n; i++)
                if (sent_by(h, i, side) && has_flags(&h->entries[i], TCP_SYN | TCP_ACK | TCP_RST, TCP_SYN | TCP_ACK) &&
                    h->entries[i].seq == h->side[side].isn)
                        return moment_at(h, i, hindsight_position_sent(i), BASIS_OBSERVED);
        return never;
}

/* A packet that the path delayed comes this late at the most; what a host sends longer after a RST it means to send. */
#define DELAYED_NS (G_GINT64_CONSTANT(100000000))

Moment hindsight_sent_rst(const Hindsight *h, guint side) {
        gint rst = -1;

        /* the first one that it did not go on after: others were forged, or answered a challenge */
        for (gint i = 0; i < h->n; i++) {
                if (!sent_by(h, i, side))
                        continue;
                if (h->entries[i].flags & TCP_RST)
                        rst = rst < 0 ? i : rst;
                else if (rst >= 0 && (h->entries[i].flags & TCP_SYN || h->entries[i].time_ns > h->entries[rst].time_ns + DELAYED_NS))
                        rst = -1;
        }
        return rst < 0 ? never : moment_at(h, rst, hindsight_position_sent(rst), BASIS_OBSERVED);
}

Moment hindsight_sent_fin(const Hindsight *h, guint side) {
        const HindsightSide *k = &h->side[side];
        Moment rst = hindsight_sent_rst(h, side);
        gint64 before_rst = rst.there ? rst.position - 1 : G_MAXINT64;

        if (!k->has_fin)
                return never;
        for (gint i = 0; i < h->n; i++) {
                const TimelineEntry *e = &h->entries[i];

                /* a socket that has sent a RST sends no FIN: it was sent before and came late */
                if (is_fin(h, i, side))
                        return moment_at(h, i, MIN(hindsight_position_sent(i), before_rst), BASIS_OBSERVED);
                if (e->marks & (ENTRY_ICMP | ENTRY_FOREIGN) || e->flags & TCP_SYN)
                        continue;
                if (entry_side(e) == side ? e->seq == k->fin_end && !(e->flags & TCP_RST) : covers(e, k->fin_end))
                        return moment_at(h, i, hindsight_position_sent(i) - 1, BASIS_INFERRED);
        }
        return never;
}

Moment hindsight_talks(const Hindsight *h, guint side) {
        for (gint i = 0; i < h->n; i++) {
                const TimelineEntry *e = &h->entries[i];

                if (e->marks & (ENTRY_ICMP | ENTRY_FOREIGN) || e->flags & (TCP_SYN | TCP_RST) || !(e->flags & TCP_ACK))
                        continue;
                if (e->flags & TCP_FIN)
                        return never; /* joined when it was closing already: nothing shows what was before */
                /* its own segment, or an acknowledgment of something that it sent */
                return moment_at(h, i, hindsight_position_sent(i) - 1, BASIS_INFERRED);
        }
        return never;
}

/* ── What reached a side ─────────────────────────────────────────────────── */

/* Does @side do anything after entry @i that its SYN's sender in the handshake would not? */
static gboolean repeats_syn_later(const Hindsight *h, guint side, gint i) {
        gint64 sure_ns = h->entries[i].time_ns + h->side[side].reaction_ns;

        for (gint j = i + 1; j < h->n; j++)
                if (sent_by(h, j, side) && h->entries[j].flags & TCP_SYN && h->entries[j].time_ns > sure_ns)
                        return TRUE;
        return FALSE;
}

/* The first packet of @side's own that covers the other end's SYN; -1. */
static gint first_beyond_handshake(const Hindsight *h, guint side, gint from) {
        const HindsightSide *peer = &h->side[other(side)];

        for (gint i = from; i < h->n; i++) {
                const TimelineEntry *e = &h->entries[i];

                if (sent_by(h, i, side) && !(e->flags & TCP_SYN) && covers(e, peer->isn + 1))
                        return i;
        }
        return -1;
}

/* The opener: SYN_SENT until a SYN+ACK came. */
static Moment opener_syn_acked(const Hindsight *h, guint side, gint sent) {
        guint peer = other(side);
        gint shown = -1, answer = -1;

        for (gint i = sent; i < h->n; i++) {
                const TimelineEntry *e = &h->entries[i];

                if (sent_by(h, i, peer) && has_flags(e, TCP_SYN | TCP_ACK | TCP_RST, TCP_SYN | TCP_ACK) &&
                    acks_syn(h, side, e) && e->seq == h->side[peer].isn)
                        answer = i;
                if (answer >= 0 && (shown = first_beyond_handshake(h, side, i)) >= 0)
                        break;
        }
        if (shown >= 0) {
                /* the last one that can have caused it */
                for (gint i = answer + 1; i < shown; i++)
                        if (sent_by(h, i, peer) && has_flags(&h->entries[i], TCP_SYN | TCP_ACK, TCP_SYN | TCP_ACK) &&
                            h->entries[i].time_ns + h->side[side].reaction_ns / 2 <= h->entries[shown].time_ns)
                                answer = i;
                return moment_at(h, answer, position_of_arrival(answer), BASIS_OBSERVED);
        }
        if (answer < 0 || repeats_syn_later(h, side, answer) || repeats_syn_later(h, peer, answer) ||
            h->flow->side[side].bits & SIDE_RST || h->flow->side[peer].syn_count > 1)
                return never;
        return moment_at(h, answer, position_of_arrival(answer), BASIS_ASSUMED);
}

/* The first packet of @side after entry @i that is no repeat of its SYN+ACK; -1. */
static gint next_beyond_syn(const Hindsight *h, guint side, gint i) {
        for (gint j = i + 1; j < h->n; j++)
                if (sent_by(h, j, side) && !(h->entries[j].flags & TCP_SYN))
                        return j;
        return -1;
}

/* A host whose queue of connections is full may answer the handshake's last ACK with a RST (Linux tcp_abort_on_overflow). */
static gboolean is_overflow_rst(const Hindsight *h, gint ack, gint rst) {
        const TimelineEntry *a = &h->entries[ack], *r = &h->entries[rst];

        if (r->flags & TCP_ACK || !(r->flags & TCP_RST) || r->seq != a->ack)
                return FALSE;
        for (gint i = ack; i < rst; i++)
                if (h->entries[i].payload_bytes || h->entries[i].flags & TCP_FIN)
                        return FALSE;
        return TRUE;
}

/*
 * The answerer: SYN_RECEIVED until its SYN is acknowledged. Once it has repeated its SYN+ACK in spite of an
 * acknowledgment only another packet of its own shows that it went on.
 */
static Moment answerer_syn_acked(const Hindsight *h, guint side, gint sent) {
        const HindsightSide *k = &h->side[side];
        gboolean doubted = FALSE;

        for (gint i = sent + 1; i < h->n; i++) {
                const TimelineEntry *e = &h->entries[i];
                gint next;

                if (!sent_by(h, i, other(side)) || e->flags & TCP_RST || !covers(e, k->isn + 1) || !is_acceptable_ack(h, e))
                        continue;
                if (repeats_syn_later(h, side, i)) {
                        doubted = TRUE;
                        continue;
                }
                next = next_beyond_syn(h, side, i);
                if (next >= 0 && is_overflow_rst(h, i, next))
                        return never;
                if (next >= 0 && (!doubted || has_flags(&h->entries[next], TCP_ACK, TCP_ACK)))
                        return moment_at(h, i, position_of_arrival(i), BASIS_OBSERVED);
                return doubted ? never : moment_at(h, i, position_of_arrival(i), BASIS_ASSUMED);
        }
        return never;
}

Moment hindsight_syn_acked(const Hindsight *h, guint side) {
        Moment syn = hindsight_sent_syn(h, side), syn_ack = hindsight_sent_syn_ack(h, side);

        if (syn_ack.there)
                return answerer_syn_acked(h, side, syn_ack.entry);
        if (syn.there)
                return opener_syn_acked(h, side, syn.basis == BASIS_INFERRED ? 0 : syn.entry);
        return never;
}

/* Does @side repeat its FIN so late after entry @i that it cannot have had it? */
static gboolean repeats_fin_later(const Hindsight *h, guint side, gint i) {
        gint64 sure_ns = h->entries[i].time_ns + h->side[side].reaction_ns;

        for (gint j = i + 1; j < h->n; j++)
                if (is_fin(h, j, side) && !h->stale[j] && h->entries[j].time_ns > sure_ns)
                        return TRUE;
        return FALSE;
}

Moment hindsight_fin_acked(const Hindsight *h, guint side) {
        const HindsightSide *k = &h->side[side];
        Moment fin = hindsight_sent_fin(h, side), peer_fin;

        if (!fin.there)
                return never;
        peer_fin = hindsight_fin_received(h, side);
        for (gint i = fin.entry; i < h->n; i++) {
                const TimelineEntry *e = &h->entries[i];

                if (!sent_by(h, i, other(side)) || e->flags & (TCP_RST | TCP_SYN) || !covers(e, k->fin_end) || repeats_fin_later(h, side, i))
                        continue;
                /* a FIN that was lost, as its sender's repeat shows, did not acknowledge anything either */
                if (is_fin(h, i, other(side)) && (!peer_fin.there || i < peer_fin.entry))
                        continue;
                return moment_at(h, i, position_of_arrival(i), h->end_ns - e->time_ns >= SETTLED_NS ? BASIS_OBSERVED : BASIS_ASSUMED);
        }
        return never;
}

/* Could entry @i, sent by @side, complete what the other end needs to take the FIN? A FIN, or what fills a hole behind a FIN. */
static gboolean may_complete_fin(const Hindsight *h, guint side, gint i, gboolean fin_sent) {
        const TimelineEntry *e = &h->entries[i];

        if (is_fin(h, i, side))
                return TRUE;
        return fin_sent && sent_by(h, i, side) && e->payload_bytes && !(e->flags & (TCP_RST | TCP_SYN)) &&
               !(e->marks & ENTRY_KEEPALIVE);
}

typedef struct Knowledge {
        gint shown;  /* first packet of the side that covers the FIN, -1 */
        gint before; /* last packet of the side before that which does not, -1 */
} Knowledge;

static Knowledge knows_fin(const Hindsight *h, guint side) {
        guint32 fin_end = h->side[other(side)].fin_end;
        Knowledge k = { -1, -1 };

        for (gint i = 0; i < h->n && k.shown < 0; i++) {
                const TimelineEntry *e = &h->entries[i];

                if (!sent_by(h, i, side) || !(e->flags & TCP_ACK) || h->stale[i])
                        continue;
                if (seq_at_or_after(e->ack, fin_end))
                        k.shown = i;
                else
                        k.before = i;
        }
        return k;
}

/*
 * The first FIN of @side is not in the capture, but a pure ACK of the other end's FIN, sent behind its own, is (entry
 * @shown).  An end that had the FIN when it sent its own would have acknowledged it in that very segment, and
 * would send another ACK only for a FIN that came twice, which its DSACK reports (RFC 2883).  Then the
 * numbers of the IPv4 packets that are missing tell: two within the time that an ACK may be delayed are a FIN and the ACK of CLOSING.
 */
#define DELAYED_ACK_NS (G_GINT64_CONSTANT(40000000))
#define MISSING_FIN_AND_ACK 2

static gboolean unseen_fin_knows_fin(const Hindsight *h, guint side, gint shown) {
        const TimelineEntry *ack = &h->entries[shown];
        gint before = shown - 1, fin = shown - 1;

        if (!(ack->marks & ENTRY_DSACK))
                return FALSE;
        while (before >= 0 && !sent_by(h, before, side))
                before--;
        while (fin >= 0 && !is_fin(h, fin, other(side)))
                fin--;
        if (before < 0 || fin < 0 || !(ack->marks & ENTRY_IP_ID) || ack->time_ns - h->entries[fin].time_ns >= DELAYED_ACK_NS)
                return TRUE;
        return (guint16)(ack->ip_id - h->entries[before].ip_id - 1) != MISSING_FIN_AND_ACK;
}

gboolean hindsight_fin_knows_fin(const Hindsight *h, guint side) {
        guint32 fin_end = h->side[other(side)].fin_end;
        Knowledge k = knows_fin(h, side);
        gboolean captured = FALSE;

        /* any of them: a repeat may have learned of it since, a delayed first one has not */
        for (gint i = 0; i < h->n; i++) {
                if (!is_fin(h, i, side))
                        continue;
                if (seq_before(h->entries[i].ack, fin_end))
                        return FALSE;
                captured |= i <= k.shown;
        }
        if (!captured && k.shown >= 0 && h->entries[k.shown].seq == h->side[side].fin_end && !(h->entries[k.shown].flags & TCP_RST))
                return unseen_fin_knows_fin(h, side, k.shown);
        return TRUE;
}

/* IP ID 0 from a host whose other packets have a running one. */
static gboolean is_from_mini_socket(const Hindsight *h, gint entry) {
        guint side = entry_side(&h->entries[entry]);

        if (!(h->entries[entry].marks & ENTRY_IP_ID) || h->entries[entry].ip_id)
                return FALSE;
        for (gint i = 0; i < h->n; i++)
                if (sent_by(h, i, side) && h->entries[i].ip_id && !(h->entries[i].flags & (TCP_SYN | TCP_RST)))
                        return TRUE;
        return FALSE;
}

/*
 * TSecr repeats the timestamp of the latest segment that had come in order when the answer was sent, as far as it began at or below
 * the last ACK (RFC 7323 4.3): such a segment with a later timestamp had not come.
 */
static gboolean too_late_for(const Hindsight *h, Knowledge k, gint i) {
        const TimelineEntry *answer = &h->entries[k.shown], *e = &h->entries[i];

        return answer->marks & e->marks & ENTRY_TIMESTAMP && k.before >= 0 && !seq_after(e->seq, h->entries[k.before].ack) &&
               seq_after(e->tsval, answer->tsecr);
}

gboolean hindsight_answers_fin_from_mini_socket(const Hindsight *h, guint side) {
        Knowledge k = knows_fin(h, side);

        if (k.shown < 0 || !is_from_mini_socket(h, k.shown))
                return FALSE;
        /* an earlier copy may have been taken by the full socket, its answer lost */
        for (gint i = 0; i < k.shown; i++)
                if (is_fin(h, i, other(side)) && too_late_for(h, k, i))
                        return FALSE;
        return TRUE;
}

/* A FIN is acknowledged at once or after the delayed-ACK timer (40 ms on Linux; 100 ms and 200 ms elsewhere). */
#define ANSWER_NS_MAX (G_GINT64_CONSTANT(100000000))

/* The FIN was taken between two packets of the side's own; which of the other end's completed it? */
static Moment fin_received_shown(const Hindsight *h, guint side, Knowledge k) {
        guint peer = other(side);
        gboolean here = h->vantage == (side == CLIENT ? VANTAGE_CLIENT : VANTAGE_SERVER), fin_sent = FALSE;
        gint best = -1;
        gint64 position;

        for (gint i = 0; i < k.shown; i++) {
                if (!may_complete_fin(h, peer, i, fin_sent) || too_late_for(h, k, i))
                        continue;
                fin_sent = TRUE;
                /* at the receiver's own end what was captured did arrive: the first that completes it, unless it was not answered in time */
                if (here && best > k.before && best >= 0 && h->entries[k.shown].time_ns - h->entries[best].time_ns <= ANSWER_NS_MAX)
                        break;
                if (best >= 0 && h->entries[i].time_ns + h->side[side].reaction_ns / 2 > h->entries[k.shown].time_ns + REACTION_SLACK_NS)
                        break;
                best = i;
        }
        if (best < 0) /* the FIN itself is not in the capture, or was captured late */
                return moment_at(h, k.shown, hindsight_position_sent(k.shown) - 1, BASIS_INFERRED);
        position = position_of_arrival(best);
        if (k.before >= 0)
                position = MAX(position, hindsight_position_sent(k.before) + 1);
        return moment_at(h, best, MIN(position, hindsight_position_sent(k.shown) - 1), BASIS_OBSERVED);
}

Moment hindsight_fin_received(const Hindsight *h, guint side) {
        guint peer = other(side);
        gint fin = -1, fins = 0;
        Knowledge k;

        if (!h->side[peer].has_fin)
                return never;
        k = knows_fin(h, side);
        if (k.shown >= 0)
                return fin_received_shown(h, side, k);
        for (gint i = 0; i < h->n; i++)
                if (is_fin(h, i, peer)) {
                        fin = i;
                        fins++;
                }
        /* Nothing shows that it came. Repeated in vain it did not; a RST came instead of an ACK; later packets do not know it. */
        if (fin < 0 || fins > 1)
                return never;
        if (k.before > fin && h->entries[k.before].time_ns > h->entries[fin].time_ns + h->side[side].reaction_ns)
                return never;
        for (gint i = fin + 1; i < h->n; i++)
                if (sent_by(h, i, side) && h->entries[i].flags & TCP_RST)
                        return never;
        /* what an orphan that is closing itself does with data and a FIN is no close (Linux TCPAbortOnData) */
        if (k.before > fin && h->entries[fin].payload_bytes && h->side[side].has_fin)
                return never;
        return moment_at(h, fin, MAX(position_of_arrival(fin), k.before >= 0 ? hindsight_position_sent(k.before) + 1 : 0), BASIS_ASSUMED);
}

/* RFC 9293 3.10.7.4 and RFC 5961 3: exactly the next number expected. What it has received lies between what it said and what was sent. */
static gboolean is_exact_rst(const Hindsight *h, guint side, gint i) {
        const TimelineEntry *rst = &h->entries[i];
        guint32 known = 0, sent = 0;
        gboolean has_known = FALSE, has_sent = FALSE;

        for (gint j = 0; j < i; j++) {
                const TimelineEntry *e = &h->entries[j];

                if (e->marks & ENTRY_ICMP || e->flags & TCP_RST)
                        continue;
                if (entry_side(e) == side && e->flags & TCP_ACK && (!has_known || seq_after(e->ack, known))) {
                        known = e->ack;
                        has_known = TRUE;
                }
                if (entry_side(e) != side && (!has_sent || seq_after(entry_end(e), sent))) {
                        sent = entry_end(e);
                        has_sent = TRUE;
                }
        }
        if (!has_known)
                return !has_sent || !seq_after(rst->seq, sent);
        if (rst->seq == known)
                return TRUE;
        if (has_sent && seq_after(rst->seq, known) && !seq_after(rst->seq, sent))
                return TRUE;
        /* Linux takes the FIN's own number once the FIN has been received (tcp_reset_check()) */
        return h->side[other(side)].has_fin && rst->seq + 1 == h->side[other(side)].fin_end && known == h->side[other(side)].fin_end;
}

/* A side that goes on long after the RST had none. What it sent while the RST was under way does not count. */
static gboolean goes_on(const Hindsight *h, guint side, gint i) {
        gint64 sure_ns = h->entries[i].time_ns + h->side[side].reaction_ns;

        for (gint j = i + 1; j < h->n; j++)
                if (sent_by(h, j, side) && !(h->entries[j].flags & TCP_RST) && !h->stale[j] && h->entries[j].time_ns > sure_ns)
                        return TRUE;
        return FALSE;
}

/* RFC 9293 3.10.7.3: in SYN_SENT only a RST that acknowledges the SYN counts. */
static gboolean refuses(const Hindsight *h, guint side, const TimelineEntry *rst) {
        return acks_syn(h, side, rst);
}

Moment hindsight_rst_accepted(const Hindsight *h, guint side) {
        gboolean in_syn_sent = hindsight_sent_syn(h, side).there && !hindsight_syn_acked(h, side).there &&
                               !hindsight_sent_syn_ack(h, side).there;

        for (gint i = 0; i < h->n; i++) {
                const TimelineEntry *e = &h->entries[i];
                gint64 position;

                if (entry_side(e) == side || e->marks & ENTRY_ICMP || !(e->flags & TCP_RST))
                        continue;
                if (!(in_syn_sent ? refuses(h, side, e) : is_exact_rst(h, side, i)) || goes_on(h, side, i))
                        continue;
                /* after everything that it had sent before it can have had the RST */
                position = position_of_arrival(i);
                for (gint j = i + 1; j < h->n; j++)
                        if (sent_by(h, j, side) && !(h->entries[j].flags & TCP_RST) &&
                            h->entries[j].time_ns <= e->time_ns + h->side[side].reaction_ns)
                                position = hindsight_position_sent(j) + 1;
                return moment_at(h, i, position, BASIS_ASSUMED);
        }
        return never;
}

gboolean hindsight_rst_is_no_sockets(const Hindsight *h, gint entry) {
        const TimelineEntry *rst = &h->entries[entry];
        guint side = entry_side(rst);
        guint32 ack = 0;

        for (gint i = 0; i < entry; i++)
                if (sent_by(h, i, side) && h->entries[i].flags & TCP_ACK)
                        ack = h->entries[i].ack;
        for (gint i = entry - 1; i >= 0 && !(rst->flags & TCP_ACK); i--) {
                const TimelineEntry *e = &h->entries[i];

                if (!sent_by(h, i, other(side)) || !(e->flags & TCP_ACK) || e->ack != rst->seq)
                        continue;
                if (e->marks & ENTRY_KEEPALIVE)
                        return TRUE;
                return e->flags & TCP_FIN && !e->payload_bytes && e->seq == ack;
        }
        return FALSE;
}
