/* SPDX-License-Identifier: BSD-3-Clause */
#include "evidence.h"
#include "received.h"

/*
 * Does @side go on after entry @i to send its SYN? One behind something that only an open end sends is a copy
 * that came late.
 */
static gboolean repeats_syn_later(const Hindsight *h, guint side, gint i) {
        gint64 sure_ns = h->entries[i].time_ns + h->side[side].reaction_ns;

        if (flow_syn_count(h->flow, side) < 2)
                return FALSE;
        FOR_ENTRIES(h, j, side, ENTRIES_ANY, 0) {
                const TimelineEntry *e = &h->entries[j];

                if (!(e->flags & (TCP_SYN | TCP_RST)))
                        return FALSE;
                if (e->flags & TCP_SYN && j > i && e->time_ns > sure_ns)
                        return TRUE;
        }
        return FALSE;
}

/* The first packet of @side's own that covers the other end's SYN; -1. */
static gint first_beyond_handshake(const Hindsight *h, guint side, gint from) {
        const HindsightSide *peer = &h->side[other(side)];

        FOR_ENTRIES(h, i, side, ENTRIES_ACK, from)
                if (!(h->entries[i].flags & TCP_SYN) && covers(&h->entries[i], peer->isn + 1))
                        return i;
        return -1;
}

/* The first SYN+ACK of @side from @i on that acknowledges the other end's SYN with the ISN of the connection; -1. */
static gint next_syn_ack(const Hindsight *h, guint side, gint i) {
        FOR_ENTRIES(h, syn, side, ENTRIES_SYN, i) {
                const TimelineEntry *e = &h->entries[syn];

                if (has_flags(e, TCP_ACK | TCP_RST, TCP_ACK) && acks_syn(h, other(side), e) && e->seq == h->side[side].isn)
                        return syn;
        }
        return -1;
}

/* Of the other end nothing was captured: that this one acknowledges something shows that it was answered. */
static Moment opener_heard_unseen(const Hindsight *h, guint side, gint sent) {
        FOR_ENTRIES(h, i, side, ENTRIES_ACK, sent)
                if (has_flags(&h->entries[i], TCP_SYN | TCP_RST, 0))
                        return moment_at(i, hindsight_position_sent(i) - 1, BASIS_INFERRED);
        return never;
}

/* The opener: SYN_SENT until a SYN+ACK came. */
static Moment opener_syn_acked(const Hindsight *h, guint side, gint sent) {
        guint peer = other(side);
        gint answer = next_syn_ack(h, peer, sent), shown = answer < 0 ? -1 : first_beyond_handshake(h, side, answer);

        if (!(h->flow->side[peer].bits & SIDE_HEARD))
                return opener_heard_unseen(h, side, sent);
        if (shown >= 0) {
                /* the last one that can have caused it */
                FOR_ENTRIES(h, i, peer, ENTRIES_SYN, answer + 1)
                        if (i < shown && h->entries[i].flags & TCP_ACK &&
                            h->entries[i].time_ns + h->side[side].reaction_ns / 2 <= h->entries[shown].time_ns)
                                answer = i;
                return moment_at(answer, position_of_arrival(answer), BASIS_OBSERVED);
        }
        for (gint next = answer; next >= 0; next = next_syn_ack(h, peer, next + 1))
                answer = next;
        if (answer < 0 || repeats_syn_later(h, side, answer) || repeats_syn_later(h, peer, answer) ||
            h->flow->side[side].bits & SIDE_RST || flow_syn_count(h->flow, peer) > 1)
                return never;
        return moment_at(answer, position_of_arrival(answer), BASIS_ASSUMED);
}

/* The first packet of @side after entry @i that is no repeat of its SYN+ACK; -1. */
static gint next_beyond_syn(const Hindsight *h, guint side, gint i) {
        FOR_ENTRIES(h, j, side, ENTRIES_ANY, i + 1)
                if (!(h->entries[j].flags & TCP_SYN))
                        return j;
        return -1;
}

/*
 * A host whose queue of connections is full may answer the handshake's last ACK with a RST (Linux
 * tcp_abort_on_overflow).
 */
static gboolean is_overflow_rst(const Hindsight *h, gint ack, gint rst) {
        const TimelineEntry *a = &h->entries[ack], *r = &h->entries[rst];

        if (r->flags & TCP_ACK || !(r->flags & TCP_RST) || r->seq != a->ack)
                return FALSE;
        for (gint i = ack; i < rst; i++)
                if (h->entries[i].payload_bytes || h->entries[i].flags & (TCP_FIN | TCP_RST))
                        return FALSE;
        return TRUE;
}

/* Nothing of the opener was captured: that the answerer goes on shows that its SYN+ACK was acknowledged. */
static Moment answerer_goes_on(const Hindsight *h, guint side, gint sent) {
        gint next = next_beyond_syn(h, side, sent);

        return next < 0 || h->entries[next].flags & TCP_RST ? never : moment_at(next, hindsight_position_sent(next) - 1, BASIS_INFERRED);
}

/*
 * The answerer: SYN_RECEIVED until its SYN is acknowledged. Once it has repeated its SYN+ACK in spite of an
 * acknowledgment only another packet of its own shows that it went on.
 */
static Moment answerer_syn_acked(const Hindsight *h, guint side, gint sent) {
        const HindsightSide *k = &h->side[side];
        guint doubted = 0; /* SYN+ACKs that came in spite of it */

        FOR_ENTRIES(h, i, other(side), ENTRIES_ACK, sent + 1) {
                const TimelineEntry *e = &h->entries[i];
                gint next;

                if (e->flags & TCP_RST || !covers(e, k->isn + 1) || !is_acceptable_ack(h, e))
                        continue;
                if (repeats_syn_later(h, side, i)) {
                        doubted++;
                        continue;
                }
                next = next_beyond_syn(h, side, i);
                if (next >= 0 && is_overflow_rst(h, i, next))
                        return never;
                if (next >= 0 && (!doubted || has_flags(&h->entries[next], TCP_ACK, TCP_ACK)))
                        return moment_at(i, position_of_arrival(i), BASIS_OBSERVED);
                /* one may have been lost; an end that ignores them all has no room for the connection */
                return doubted > 1 ? never : moment_at(i, position_of_arrival(i), BASIS_ASSUMED);
        }
        return never;
}

Moment received_syn_acked(const Hindsight *h, guint side) {
        Moment syn = h->side[side].sent_syn, syn_ack = h->side[side].sent_syn_ack;

        if (syn_ack.there && is_silent(h, other(side)))
                return answerer_goes_on(h, side, syn_ack.entry);
        if (syn_ack.there) /* one that was not captured stands at the ACK that shows it */
                return answerer_syn_acked(h, side, syn_ack.basis == BASIS_INFERRED ? syn_ack.entry - 1 : syn_ack.entry);
        if (syn.there)
                return opener_syn_acked(h, side, syn.basis == BASIS_INFERRED ? 0 : syn.entry);
        return never;
}

/* Does @side repeat its FIN so late after entry @i that it cannot have had it? */
static gboolean repeats_fin_later(const Hindsight *h, guint side, gint i) {
        gint64 sure_ns = h->entries[i].time_ns + h->side[side].reaction_ns;

        if (flow_fin_count(h->flow, side) < 2)
                return FALSE;
        FOR_ENTRIES(h, j, side, ENTRIES_FIN, i + 1)
                if (is_the_fin(h, j, side) && !entries_has(h, side, ENTRIES_STALE, j) && h->entries[j].time_ns > sure_ns)
                        return TRUE;
        return FALSE;
}

/* Did @side send data before entry @i that the other end never acknowledged? */
static gboolean sends_unacked_data(const Hindsight *h, guint side, gint i) {
        gint data = entries_before(h, side, ENTRIES_DATA, i);
        const FlowSide *peer = &h->flow->side[other(side)];

        return data >= 0 && peer->bits & SIDE_ACK && seq_after(entry_end(&h->entries[data]), peer->ack);
}

/*
 * Each segment that comes to an end that has aborted, or was killed by data, is answered by a bare RST of its
 * number: where there are as many of them as there were such segments, entry @ack came when nobody was there.
 */
static gboolean is_answered_by_nobody(const Hindsight *h, guint side, gint ack) {
        guint32 number = h->entries[ack].ack;
        gint segments = 0, answers = 0, abort = -1;

        if (!(h->flow->side[side].bits & SIDE_RST))
                return FALSE;
        FOR_ENTRIES(h, i, side, ENTRIES_RST, 0) {
                if (h->entries[i].flags & TCP_ACK)
                        abort = i;
                else if (i > ack && h->entries[i].seq == number)
                        answers++;
        }
        FOR_ENTRIES(h, i, other(side), ENTRIES_ACK, 0)
                segments += !(h->entries[i].flags & TCP_RST) && h->entries[i].ack == number;
        return answers >= segments && (abort >= 0 || sends_unacked_data(h, other(side), ack));
}

/*
 * An orphan that data kill in FIN_WAIT_1 says so: its bare RST has the number that those data acknowledge,
 * and that is not its FIN's (Linux tcp_v4_send_reset()). An ACK of the FIN (entry @ack) that cannot have come
 * before comes to nobody then.
 */
static gboolean died_before_ack(const Hindsight *h, guint side, gint ack) {
        const HindsightSide *k = &h->side[side];

        if (is_answered_by_nobody(h, side, ack))
                return TRUE;
        if (!k->sent_rst.there || (k->fin_received.there && hindsight_fin_knows_fin(h, side)))
                return FALSE;
        /* the first that answers data; others may have overtaken it */
        FOR_ENTRIES(h, rst, side, ENTRIES_RST, k->sent_rst.entry) {
                const TimelineEntry *r = &h->entries[rst];

                if (r->flags & TCP_ACK || r->time_ns > h->entries[ack].time_ns + 2 * k->reaction_ns)
                        return FALSE;
                FOR_ENTRIES(h, i, other(side), ENTRIES_DATA, 0)
                        if (i < rst && h->entries[i].ack == r->seq)
                                return seq_before(r->seq, k->fin_end);
        }
        return FALSE;
}

/*
 * A FIN that its sender repeated before it was taken was lost, and with it what it acknowledged; one behind a
 * hole was not: it is answered at once with the number from before (RFC 9293 3.10.7.4).
 */
static gboolean is_lost_fin(const Hindsight *h, guint sender, gint i, const Moment *taken) {
        guint side = other(sender);
        gint again = is_fin(h, i, sender) ? next_fin(h, sender, i + 1) : -1;
        gint before = entries_before(h, side, ENTRIES_ACK, i), answer = entries_next(h, side, ENTRIES_ANY, i + 1);

        if (again < 0 || (taken->there && again > taken->entry))
                return FALSE;
        if (before < 0 || answer < 0 || answer > again || entry_end(&h->entries[answer]) != h->entries[answer].seq)
                return TRUE;
        return h->entries[answer].ack != h->entries[before].ack || h->entries[answer].time_ns - h->entries[i].time_ns > h->side[side].reaction_ns;
}

/* Does every FIN of @side acknowledge @number? Then who has its FIN has that, too. */
static gboolean has_it_in_its_fin(const Hindsight *h, guint side, guint32 number) {
        gint fin = next_fin(h, side, 0);

        if (fin < 0 || h->side[side].fin_unseen)
                return FALSE;
        for (; fin >= 0; fin = next_fin(h, side, fin + 1))
                if (!covers(&h->entries[fin], number))
                        return FALSE;
        return TRUE;
}

Moment received_fin_acked(const Hindsight *h, guint side) {
        const HindsightSide *k = &h->side[side];
        Moment fin = h->side[side].sent_fin, peer_fin;

        if (!fin.there)
                return never;
        peer_fin = h->side[side].fin_received;
        FOR_ENTRIES(h, i, other(side), ENTRIES_ACK, fin.entry) {
                const TimelineEntry *e = &h->entries[i];

                if (e->flags & (TCP_RST | TCP_SYN) || !covers(e, k->fin_end) || repeats_fin_later(h, side, i))
                        continue;
                if (is_lost_fin(h, other(side), i, &peer_fin) || died_before_ack(h, side, i))
                        continue;
                /* its own FIN came again, but it had been sent before: a path may be slower than in the handshake */
                if (peer_fin.there && peer_fin.position < position_of_arrival(i) && has_it_in_its_fin(h, other(side), k->fin_end))
                        return peer_fin;
                return moment_at(i, position_of_arrival(i), hindsight_settled(e->time_ns, h->end_ns));
        }
        /* of a silent side no ACK can be seen, but one that does not come makes its FIN's sender repeat it */
        if (is_silent(h, other(side)) && flow_fin_count(h->flow, side) == 1 && fin.basis == BASIS_OBSERVED &&
            hindsight_settled(moment_entry(h, &fin)->time_ns, h->end_ns) == BASIS_OBSERVED && !(h->flow->side[side].bits & SIDE_RST))
                return moment_at(fin.entry, position_of_arrival(fin.entry), BASIS_INFERRED);
        /*
         * the other FIN is not in the capture either, and this one was not repeated: they came and went
         * together
         */
        if (peer_fin.there && h->side[other(side)].fin_unseen && flow_fin_count(h->flow, side) == 1 && h->end_ns - moment_entry(h, &peer_fin)->time_ns >= SETTLED_NS) {
                peer_fin.basis = BASIS_INFERRED;
                return peer_fin;
        }
        return never;
}

Knowledge received_knows_fin(const Hindsight *h, guint side) {
        guint32 fin_end = h->side[other(side)].fin_end;
        Knowledge k = { -1, -1 };

        if (!h->side[other(side)].has_fin)
                return k;
        FOR_ENTRIES(h, i, side, ENTRIES_ACK, 0) {
                if (entries_has(h, side, ENTRIES_STALE, i))
                        continue;
                if (seq_at_or_after(h->entries[i].ack, fin_end)) {
                        k.shown = i;
                        return k;
                }
                k.before = i;
        }
        return k;
}

/*
 * The first FIN of @side is not in the capture, but a pure ACK of the other end's FIN, sent behind its own,
 * is (entry
 * @shown). An end that had the FIN when it sent its own would have acknowledged it in that very segment, and
 * would send another ACK only for a FIN that came twice, which its DSACK reports (RFC 2883). Then the numbers
 * of the IPv4 packets that are missing tell: two within the time that an ACK may be delayed are a FIN and the
 * ACK of CLOSING.
 */
#define DELAYED_ACK_NS (G_GINT64_CONSTANT(40000000))
#define MISSING_FIN_AND_ACK 2

static gboolean unseen_fin_knows_fin(const Hindsight *h, guint side, gint shown) {
        const TimelineEntry *ack = &h->entries[shown];
        gint before = entries_before(h, side, ENTRIES_ANY, shown), fin = next_fin(h, other(side), 0); /* the one that came twice */

        if (!(ack->marks & ENTRY_DSACK))
                return FALSE;
        if (before < 0 || fin < 0 || fin >= shown || !(ack->marks & ENTRY_IP_ID) || ack->time_ns - h->entries[fin].time_ns >= DELAYED_ACK_NS)
                return TRUE;
        return (guint16)(ack->ip_id - h->entries[before].ip_id - 1) != MISSING_FIN_AND_ACK;
}

/* Of a silent side: had the other end acknowledged its FIN before it sent its own, then it did not know that one. */
static gboolean silent_fin_knows_fin(const Hindsight *h, guint side) {
        gint fin = next_fin(h, other(side), 0);

        FOR_ENTRIES(h, i, other(side), ENTRIES_ACK, 0)
                if (covers(&h->entries[i], h->side[side].fin_end))
                        return i > fin;
        return TRUE;
}

gboolean hindsight_fin_knows_fin(const Hindsight *h, guint side) {
        guint32 fin_end = h->side[other(side)].fin_end;
        Knowledge k = h->side[side].knows_fin;
        gboolean captured = FALSE;

        if (is_silent(h, side))
                return silent_fin_knows_fin(h, side);
        /* any of them: a repeat may have learned of it since, a delayed first one has not */
        FOR_ENTRIES(h, i, side, ENTRIES_FIN, 0) {
                if (!is_the_fin(h, i, side))
                        continue;
                if (seq_before(h->entries[i].ack, fin_end))
                        return FALSE;
                captured |= i <= k.shown;
        }
        /* what it sent behind its FIN tells as much */
        FOR_ENTRIES(h, i, side, ENTRIES_ACK, 0)
                if (i < k.shown && h->entries[i].seq == h->side[side].fin_end && !(h->entries[i].flags & (TCP_SYN | TCP_RST)) &&
                    seq_before(h->entries[i].ack, fin_end))
                        return FALSE;
        if (!captured && k.shown >= 0 && h->entries[k.shown].seq == h->side[side].fin_end && !(h->entries[k.shown].flags & TCP_RST))
                return unseen_fin_knows_fin(h, side, k.shown);
        return TRUE;
}

/* A counter this close to its end may have passed 0 (a giant segment counts for many). */
#define IP_ID_NEAR_WRAP 0xffc0

/* IP ID 0 from a host whose packet before had a running one. */
static gboolean is_from_mini_socket(const Hindsight *h, gint entry) {
        guint side = entry_side(&h->entries[entry]);

        if (!(h->entries[entry].marks & ENTRY_IP_ID) || h->entries[entry].ip_id)
                return FALSE;
        for (gint i = entries_before(h, side, ENTRIES_ANY, entry); i >= 0; i = entries_before(h, side, ENTRIES_ANY, i))
                if (h->entries[i].ip_id && !(h->entries[i].flags & (TCP_SYN | TCP_RST)))
                        return h->entries[i].ip_id < IP_ID_NEAR_WRAP;
        return FALSE;
}

/*
 * TSecr repeats the timestamp of the latest segment that had come in order when the answer was sent, as far
 * as it began at or below the last ACK (RFC 7323 4.3): such a segment with a later timestamp had not come.
 */
static gboolean too_late_for(const Hindsight *h, Knowledge k, gint i) {
        const TimelineEntry *answer = &h->entries[k.shown], *e = &h->entries[i];

        return answer->marks & e->marks & ENTRY_TIMESTAMP && k.before >= 0 && !seq_after(e->seq, h->entries[k.before].ack) &&
               seq_after(e->tsval, answer->tsecr);
}

gboolean hindsight_answers_fin_from_mini_socket(const Hindsight *h, guint side) {
        Knowledge k = h->side[side].knows_fin;

        if (k.shown < 0 || !is_from_mini_socket(h, k.shown))
                return FALSE;
        /* an earlier copy may have been taken by the full socket, its answer lost */
        for (gint fin = next_fin(h, other(side), 0); fin >= 0 && fin < k.shown; fin = next_fin(h, other(side), fin + 1))
                if (too_late_for(h, k, fin))
                        return FALSE;
        return TRUE;
}

/*
 * A FIN is acknowledged at once or after the delayed-ACK timer (40 ms on Linux; 100 ms and 200 ms elsewhere).
 */
#define ANSWER_NS_MAX (G_GINT64_CONSTANT(100000000))

/* Could entry @i of @side complete what the other end needs to take the FIN: a FIN, or what fills a hole behind it? */
static gboolean may_complete_fin(const Hindsight *h, guint side, gint i) {
        return is_fin(h, i, side) || (entries_has(h, side, ENTRIES_DATA, i) && !(h->entries[i].marks & ENTRY_KEEPALIVE));
}

static gboolean is_captured_at(const Hindsight *h, guint side) {
        return h->vantage == (side == CLIENT ? VANTAGE_CLIENT : VANTAGE_SERVER);
}

/* The FIN was taken between two packets of the side's own; which of the other end's completed it? */
static Moment fin_received_shown(const Hindsight *h, guint side, Knowledge k) {
        guint peer = other(side);
        gboolean here = is_captured_at(h, side);
        gint best = -1;
        gint64 position;

        for (gint i = next_fin(h, peer, 0); i >= 0 && i < k.shown; i = entries_next(h, peer, ENTRIES_ANY, i + 1)) {
                if (!(best < 0 ? is_fin(h, i, peer) : may_complete_fin(h, peer, i)) || too_late_for(h, k, i))
                        continue;
                /*
                 * at the receiver's own end what was captured did arrive: the first that completes it, unless
                 * it was not answered in time
                 */
                if (here && best > k.before && best >= 0 && h->entries[k.shown].time_ns - h->entries[best].time_ns <= ANSWER_NS_MAX)
                        break;
                if (best >= 0 && h->entries[i].time_ns + h->side[side].reaction_ns / 2 > h->entries[k.shown].time_ns + REACTION_SLACK_NS)
                        break;
                best = i;
        }
        if (best < 0) /* the FIN itself is not in the capture, or was captured late */
                return moment_at(k.shown, hindsight_position_sent(k.shown) - 1, BASIS_INFERRED);
        position = position_of_arrival(best);
        if (k.before >= 0)
                position = MAX(position, hindsight_position_sent(k.before) + 1);
        return moment_at(best, MIN(position, hindsight_position_sent(k.shown) - 1), BASIS_OBSERVED);
}

/*
 * A packet of @side behind the FIN that does not acknowledge it. One such ACK may answer the data just before
 * the FIN and have left before that came; a second with the same number shows a hole, and so does whatever is
 * sent later than an answer would be.
 */
static gboolean speaks_against_fin(const Hindsight *h, guint side, gint fin) {
        gint64 sure_ns = h->entries[fin].time_ns + h->side[side].reaction_ns;
        guint late = 0, same = 0;
        gboolean answers_data = FALSE, has_ack = FALSE;
        guint32 ack = 0, tsval = 0;

        FOR_ENTRIES(h, i, side, ENTRIES_ACK, 0) {
                const TimelineEntry *e = &h->entries[i];
                gboolean pure, advances, swapped = i > fin && e->marks & ENTRY_TIMESTAMP && e->tsval == tsval;

                if (e->flags & TCP_RST || entries_has(h, side, ENTRIES_STALE, i))
                        continue;
                pure = !e->payload_bytes && !(e->flags & (TCP_SYN | TCP_FIN));
                advances = !has_ack || seq_after(e->ack, ack);
                if (i > fin && (advances || !(e->marks & ENTRY_DSACK))) { /* a DSACK answers what came twice */
                        /* what it sent before it had the data just before the FIN says nothing of the FIN */
                        same = advances ? 0 : same + pure;
                        late = (advances ? 0 : late) + (e->time_ns > sure_ns && !swapped);
                        answers_data = pure && advances;
                }
                ack = e->ack;
                has_ack = TRUE;
                if (e->time_ns <= sure_ns)
                        tsval = e->tsval; /* what has the same was sent within the same tick */
        }
        return same > 0 || late > 1 || (late == 1 && !answers_data);
}

/* Bytes below its FIN that the capture never had, and that nobody acknowledged. */
static gboolean is_behind_hole(const Hindsight *h, guint sender) {
        const Holes *holes = flow_holes(h->flow, sender);

        for (guint i = 0; i < holes->n; i++)
                if (seq_before(holes->range[i].left, h->side[sender].fin_end))
                        return TRUE;
        return FALSE;
}

/* Did a RST come instead of an ACK? At its own end one that it sends after it got one answers something else. */
static gboolean is_answered_by_rst(const Hindsight *h, guint side, gint fin) {
        gint killed = entries_next(h, other(side), ENTRIES_RST, fin + 1);

        FOR_ENTRIES(h, rst, side, ENTRIES_RST, fin + 1)
                if (h->entries[rst].flags & TCP_ACK || h->entries[rst].seq == h->entries[fin].ack)
                        return !is_captured_at(h, side) || killed < 0 || rst < killed;
        return FALSE;
}

/*
 * Can the bare RST in entry @rst answer the data in entry @data? It has the number that they acknowledge, and its
 * sender did not acknowledge them.
 */
static gboolean may_answer_data(const Hindsight *h, gint rst, gint data) {
        const FlowSide *me = &h->flow->side[entry_side(&h->entries[rst])];

        return h->entries[data].ack == h->entries[rst].seq && (!(me->bits & SIDE_ACK) || seq_after(h->entries[data].seq + h->entries[data].payload_bytes, me->ack));
}

/*
 * A bare RST has the number that the segment which it answers acknowledges. Where that is one that was sent before
 * the FIN in entry @fin, its sender was gone when the FIN came; were those data late, the FIN was behind a hole.
 */
static gboolean died_before_fin(const Hindsight *h, guint side, gint fin) {
        FOR_ENTRIES(h, rst, side, ENTRIES_RST, 0) {
                gint answered = -1;

                if (h->entries[rst].flags & TCP_ACK)
                        continue;
                FOR_ENTRIES(h, i, other(side), ENTRIES_DATA, 0)
                        if (may_answer_data(h, rst, i))
                                answered = i;
                if (answered >= 0 && answered < fin && h->entries[fin].ack != h->entries[rst].seq)
                        return TRUE;
        }
        return FALSE;
}

Moment received_fin(const Hindsight *h, guint side) {
        guint peer = other(side);
        gint fin;
        Knowledge k;

        if (!h->side[peer].has_fin)
                return never;
        k = h->side[side].knows_fin;
        if (k.shown >= 0)
                return fin_received_shown(h, side, k);
        fin = next_fin(h, peer, 0);
        /*
         * Nothing shows that it came. Repeated in vain it did not; a RST came instead of an ACK; later
         * packets do not know it.
         */
        if (fin < 0 || next_fin(h, peer, fin + 1) >= 0)
                return never;
        if (speaks_against_fin(h, side, fin) || is_behind_hole(h, peer))
                return never;
        if (is_answered_by_rst(h, side, fin) || died_before_fin(h, side, fin))
                return never;
        /*
         * what an orphan that is closing itself does with data and a FIN is no close (Linux TCPAbortOnData)
         */
        if (k.before > fin && h->entries[fin].payload_bytes && h->side[side].has_fin)
                return never;
        return moment_at(fin, MAX(position_of_arrival(fin), k.before >= 0 ? hindsight_position_sent(k.before) + 1 : 0), BASIS_ASSUMED);
}

/* Did @side acknowledge more than the RST's number, then or later? Then that was not the next one when the RST came. */
static gboolean has_passed(const Hindsight *h, guint side, gint rst) {
        guint32 seq = h->entries[rst].seq;

        FOR_ENTRIES(h, i, side, ENTRIES_ACK, rst + 1)
                if (!(h->entries[i].flags & TCP_RST) && seq_after(h->entries[i].ack, seq) &&
                    !(h->side[other(side)].has_fin && h->entries[i].ack == h->side[other(side)].fin_end && seq + 1 == h->entries[i].ack))
                        return TRUE;
        return FALSE;
}

/*
 * RFC 9293 3.10.7.4 and RFC 5961 3: exactly the next number expected. What it has received lies between what
 * it said and what was sent.
 */
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
        if (has_passed(h, side, i))
                return FALSE;
        if (!has_known)
                return !has_sent || !seq_after(rst->seq, sent);
        if (rst->seq == known)
                return TRUE;
        if (has_sent && seq_after(rst->seq, known) && !seq_after(rst->seq, sent))
                return TRUE;
        /* Linux takes the FIN's own number once the FIN has been received (tcp_reset_check()) */
        return h->side[other(side)].has_fin && rst->seq + 1 == h->side[other(side)].fin_end && known == h->side[other(side)].fin_end;
}

/*
 * A side that goes on long after the RST had none. What it sent while the RST was under way does not count.
 */
static gboolean goes_on(const Hindsight *h, guint side, gint i) {
        gint64 sure_ns = h->entries[i].time_ns + h->side[side].reaction_ns;

        FOR_ENTRIES(h, j, side, ENTRIES_ANY, i + 1)
                if (!(h->entries[j].flags & TCP_RST) && !entries_has(h, side, ENTRIES_STALE, j) && h->entries[j].time_ns > sure_ns)
                        return TRUE;
        return FALSE;
}

/* RFC 9293 3.10.7.3: in SYN_SENT only a RST that acknowledges the SYN counts. */
static gboolean refuses(const Hindsight *h, guint side, const TimelineEntry *rst) {
        return acks_syn(h, side, rst);
}

Moment received_rst(const Hindsight *h, guint side) {
        gboolean in_syn_sent = h->side[side].sent_syn.there && !h->side[side].syn_acked.there &&
                               !h->side[side].sent_syn_ack.there;

        if (!(h->flow->side[other(side)].bits & SIDE_RST) && !h->flow->met_foreign)
                return never;
        for (gint i = 0; i < h->n; i++) {
                const TimelineEntry *e = &h->entries[i];
                gint64 position;

                if (entry_side(e) == side || e->marks & ENTRY_ICMP || !(e->flags & TCP_RST))
                        continue;
                if (!(in_syn_sent ? refuses(h, side, e) : is_exact_rst(h, side, i)) || goes_on(h, side, i) || is_disproved_rst(h, other(side), i))
                        continue;
                /* after everything that it had sent before it can have had the RST */
                position = position_of_arrival(i);
                FOR_ENTRIES(h, j, side, ENTRIES_ANY, i + 1)
                        if (!(h->entries[j].flags & TCP_RST) && h->entries[j].time_ns <= e->time_ns + h->side[side].reaction_ns)
                                position = hindsight_position_sent(j) + 1;
                return moment_at(i, position, BASIS_ASSUMED);
        }
        return never;
}

gboolean hindsight_rst_is_no_sockets(const Hindsight *h, gint entry) {
        const TimelineEntry *rst = &h->entries[entry];
        guint side = entry_side(rst);
        gint acked = entries_before(h, side, ENTRIES_ACK, entry);
        guint32 ack = acked < 0 ? 0 : h->entries[acked].ack;

        if (rst->flags & TCP_ACK)
                return FALSE;
        for (gint i = entries_before(h, other(side), ENTRIES_ACK, entry); i >= 0; i = entries_before(h, other(side), ENTRIES_ACK, i)) {
                const TimelineEntry *e = &h->entries[i];

                if (e->ack != rst->seq)
                        continue;
                if (e->marks & ENTRY_KEEPALIVE)
                        return TRUE;
                return e->flags & TCP_FIN && !e->payload_bytes && e->seq == ack;
        }
        return FALSE;
}
