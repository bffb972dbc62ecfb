/* SPDX-License-Identifier: BSD-3-Clause */
#include "analyzer/sequence.h"
#include "analyzer/endpoint.h"
#include "analyzer/evidence.h"
#include "reset.h"

/*
 * Who sends which RST (Linux net/ipv4, semantics of RFC 9293 3.5.3 and 3.10.5): the owner of a live socket
 * sends RST+ACK with its own next number (tcp_send_active_reset()); a host without such a socket, or an
 * orphan, sends a bare RST whose number is the ACK field of the segment that it answers, or RST+ACK with
 * number 0 when that segment had no ACK (tcp_v4_send_reset()).
 */

#define PROBES_MIN 2

typedef struct Before {
        guint32 nxt, acked;     /* the RST's sender: one past what it sent; of that, acknowledged by the peer */
        guint32 peer_nxt, ack;  /* the peer: one past what it sent; of that, acknowledged by the RST's sender */
        gboolean has_nxt, has_acked, has_peer_nxt, has_ack;
        gboolean fin_sent, fin_acked; /* by the RST's sender; by the peer */
        gboolean peer_fin_acked;      /* the RST's sender had acknowledged the peer's FIN */
} Before;

static void at_least(guint32 *high, gboolean *has, guint32 x) {
        if (!*has || seq_after(x, *high))
                *high = x;
        *has = TRUE;
}

static Before before(const Hindsight *h, gint rst, guint side) {
        const HindsightSide *me = &h->side[side], *peer = &h->side[other(side)];
        Moment fin = h->side[side].sent_fin;
        Before b = { .has_nxt = FALSE };

        for (gint i = 0; i < rst; i++) {
                const TimelineEntry *e = &h->entries[i];

                if (!entry_is_ordinary(e) || e->flags & TCP_RST)
                        continue;
                if (entry_side(e) == side) {
                        at_least(&b.nxt, &b.has_nxt, entry_end(e));
                        if (e->flags & TCP_ACK)
                                at_least(&b.ack, &b.has_ack, e->ack);
                } else {
                        at_least(&b.peer_nxt, &b.has_peer_nxt, entry_end(e));
                        if (e->flags & TCP_ACK)
                                at_least(&b.acked, &b.has_acked, e->ack);
                }
        }
        b.fin_sent = fin.there && fin.position < hindsight_position_sent(rst);
        b.fin_acked = me->has_fin && b.has_acked && seq_at_or_after(b.acked, me->fin_end);
        b.peer_fin_acked = peer->has_fin && b.has_ack && seq_at_or_after(b.ack, peer->fin_end);
        return b;
}

/* A bare FIN comes right behind the last data: what was not acknowledged of them came first. */
static gint with_its_data(const Hindsight *h, gint fin, guint32 ack) {
        const TimelineEntry *f = &h->entries[fin];

        for (gint i = fin - 1; i >= 0 && !f->payload_bytes && f->flags & TCP_FIN; i--) {
                const TimelineEntry *e = &h->entries[i];

                if (entry_side(e) == entry_side(f) && entry_is_ordinary(e) && e->payload_bytes && e->ack == f->ack && entry_end(e) == f->seq &&
                    seq_after(entry_end(e), ack))
                        return i;
        }
        return fin;
}

/*
 * Once a connection is gone each of the peer's packets is answered: where the peer sent at least as many with this
 * RST's number as there are such RSTs, the last ones are the answers to the last ones.
 */
static gint answered_in_turn(const Hindsight *h, gint rst, guint side) {
        guint32 number = h->entries[rst].seq;
        guint later = 0; /* this one and the RSTs behind it */

        FOR_ENTRIES(h, i, side, ENTRIES_RST, rst)
                later += !(h->entries[i].flags & TCP_ACK) && h->entries[i].seq == number;
        for (gint i = entries_before(h, other(side), ENTRIES_ACK, h->n); i >= 0; i = entries_before(h, other(side), ENTRIES_ACK, i))
                if (!(h->entries[i].flags & TCP_RST) && h->entries[i].ack == number && --later == 0)
                        return i < rst && h->entries[i].payload_bytes && !(h->entries[i].marks & ENTRY_KEEPALIVE) ? i : -1;
        return -1;
}

/* From a host that is far away no answer comes in half the time of a round trip. */
#define FAR_NS (SECOND_NS / 500)

static gboolean is_too_soon_after(const Hindsight *h, guint side, const TimelineEntry *rst, const TimelineEntry *e) {
        gint64 reaction_ns = h->side[side].reaction_ns;

        return reaction_ns >= FAR_NS && rst->time_ns - e->time_ns < reaction_ns / 2;
}

/*
 * The latest packet of the peer that can have provoked it: with the RST's number in its ACK field and
 * something to answer in it.
 */
static gint answered(const Hindsight *h, gint rst, guint side, guint32 ack) {
        const TimelineEntry *r = &h->entries[rst];
        gint quiet = -1, soon = -1, turn = r->flags & TCP_ACK ? -1 : answered_in_turn(h, rst, side);

        if (turn >= 0)
                return turn;
        for (gint i = rst - 1; i >= 0; i--) {
                const TimelineEntry *e = &h->entries[i];
                gboolean fits = r->flags & TCP_ACK ? r->ack == entry_end(e) : e->flags & TCP_ACK && e->ack == r->seq;

                if (entry_side(e) == side || !entry_is_ordinary(e) || e->flags & TCP_RST || !fits)
                        continue;
                if (soon < 0 && is_too_soon_after(h, side, r, e)) {
                        soon = i;
                        continue;
                }
                if (e->payload_bytes || e->flags & (TCP_SYN | TCP_FIN) || e->marks & ENTRY_KEEPALIVE)
                        return with_its_data(h, i, ack);
                if (quiet < 0)
                        quiet = i;
        }
        /* a round trip can be shorter than the handshake's, hardly twice as long */
        if (soon >= 0 && (quiet < 0 || r->time_ns - h->entries[quiet].time_ns > 2 * h->side[side].reaction_ns))
                return with_its_data(h, soon, ack);
        return quiet;
}

/*
 * No timeout is shorter (RFC 6298 2.4 asks for 1 s, BSD and Windows do with less): a repeat that comes sooner was
 * asked for by duplicate ACKs, or sent for a lost tail.
 */
#define TIMEOUT_NS_MIN (SECOND_NS / 5)

/*
 * May its timer have sent entry @i? Linux sends no RST when it gives up a repeat (tcp_write_err()), only for
 * keepalives.
 */
static gboolean is_probe(const Hindsight *h, guint side, gint i) {
        return h->entries[i].marks & ENTRY_KEEPALIVE || (h->entries[i].marks & ENTRY_RETRANSMISSION && !(h->flow->side[side].bits & SIDE_LINUX));
}

/* Was it the first that a timeout sent, or a keepalive? */
static gboolean is_timeout(const Hindsight *h, guint side, gint i) {
        gint before = entries_before(h, side, ENTRIES_ANY, i);

        return h->entries[i].marks & ENTRY_KEEPALIVE || (before >= 0 && h->entries[i].time_ns - h->entries[before].time_ns >= TIMEOUT_NS_MIN);
}

/*
 * The sender's last packets before the RST, all probes or repeats, with none of the peer's after the first.
 */
static void count_probes(const Hindsight *h, Reset *r) {
        for (gint i = r->entry - 1; i >= 0; i--) {
                const TimelineEntry *e = &h->entries[i];

                if (!entry_is_ordinary(e))
                        continue;
                if (entry_side(e) != r->side || !is_probe(h, r->side, i))
                        break;
                if (!is_timeout(h, r->side, i))
                        continue;
                r->unanswered = i;
                r->probes++;
        }
}

/*
 * A socket with TCP_LINGER2 < 0 is gone as soon as its FIN is acknowledged; seen from the other end that
 * takes a round trip.
 */
#define AT_ONCE_NS SECOND_NS

static gboolean answers_at_once(const Case *c, const Reset *r, const TimelineEntry *e) {
        const StateEntry *fin_wait_2 = record_state(c->record, r->side, STATE_FIN_WAIT_2);
        gboolean may_be_lost = c->hindsight->vantage != (r->side == CLIENT ? VANTAGE_CLIENT : VANTAGE_SERVER);

        /* the first ACK of its FIN, or another one if that was lost behind the capture */
        return e && (e->frame == c->record->side[r->side].fin_acked_frame || (may_be_lost && fin_wait_2 && e->frame == fin_wait_2->frame)) &&
               c->hindsight->entries[r->entry].time_ns - e->time_ns <= AT_ONCE_NS;
}

/* Should it still have been in TIME_WAIT? Not once a RST or a new SYN has ended it (RFC 1337). */
static gboolean is_in_time_wait(const Case *c, guint side, gint64 time_ns) {
        const SideRecord *me = &c->record->side[side];
        const StateEntry *time_wait = record_state(c->record, side, STATE_TIME_WAIT);

        if (!time_wait || time_ns - time_wait->time_ns > TIME_WAIT_NS_MAX)
                return FALSE;
        return time_wait == &me->states[me->n_states - 1] || (time_wait[1].event != EVENT_RST_ACCEPTED && time_wait[1].event != EVENT_REUSED) || time_wait[1].time_ns >= time_ns;
}

/*
 * The ACK that brought it to FIN_WAIT_2 must have come before what it answers, and not with the other end's FIN in
 * order: that leads to TIME_WAIT.
 */
static gboolean was_in_fin_wait_2(const Case *c, const Reset *r, const Before *b) {
        const StateEntry *entry = record_state(c->record, r->side, STATE_FIN_WAIT_2);
        const TimelineEntry *e = c->hindsight->entries;

        if (!entry || entry->time_ns >= e[r->answers].time_ns)
                return FALSE;
        for (gint i = 0; i < r->answers; i++)
                if (e[i].frame == entry->frame)
                        return !(e[i].flags & TCP_FIN && entry_side(&e[i]) != r->side && b->has_ack && e[i].seq == b->ack);
        return TRUE;
}

/* The peer's last data before what the RST answers, if the RST's sender has not acknowledged them; -1. */
static gint unacked_data(const Hindsight *h, const Reset *r, const Before *b) {
        gint data = r->answers < 0 ? -1 : entries_before(h, other(r->side), ENTRIES_DATA, r->answers);

        return data >= 0 && b->has_ack && seq_after(entry_end(&h->entries[data]), b->ack) ? data : -1;
}

/* It comes from nobody once its sender had got a RST itself. */
static gboolean was_reset(const Case *c, const Reset *r) {
        gint rst = entries_before(c->hindsight, other(r->side), ENTRIES_RST, r->entry);

        return rst >= 0 && !entries_has(c->hindsight, r->side, ENTRIES_STALE, rst);
}

/* A FIN in order and nothing else. */
static gboolean is_bare_fin(const TimelineEntry *e, const Before *b) {
        return e && e->flags & TCP_FIN && !e->payload_bytes && !(b->has_ack && seq_after(e->seq, b->ack));
}

static ResetCause cause_of_bare(const Case *c, Reset *r, const Before *b) {
        const TimelineEntry *e = r->answers >= 0 ? &c->hindsight->entries[r->answers] : NULL;
        const TimelineEntry *rst = &c->hindsight->entries[r->entry];
        gboolean nothing_missing = !c->record->side[CLIENT].missing_bytes && !c->record->side[SERVER].missing_bytes;
        gboolean quiet = !e || !(e->payload_bytes || e->flags & (TCP_SYN | TCP_FIN) || e->marks & ENTRY_KEEPALIVE);
        gint unacked;

        if (!b->fin_sent)
                /*
                 * some stacks, and boxes, abort without an ACK: then it answers nothing, or comes after data
                 * and has a window
                 */
                return (!e || (rst->window && e->payload_bytes && !(e->marks & ENTRY_KEEPALIVE))) && b->has_nxt && rst->seq == b->nxt ? RESET_ABORT : RESET_NO_SOCKET;
        if (b->peer_fin_acked)
                return e && e->flags & TCP_FIN && is_in_time_wait(c, r->side, rst->time_ns) ? RESET_TIME_WAIT_CUT_SHORT : RESET_NO_SOCKET;
        /* data on their way to an orphan kill it, even if the RST that answers them was lost */
        if (quiet && !b->peer_fin_acked && (unacked = unacked_data(c->hindsight, r, b)) >= 0) {
                r->answers = unacked;
                return RESET_DATA_AFTER_CLOSE;
        }
        if ((quiet || is_bare_fin(e, b)) && answers_at_once(c, r, e) && nothing_missing && !was_reset(c, r))
                return RESET_ABORT;
        if (quiet)
                return RESET_NO_SOCKET;
        /* to an orphan a FIN behind a hole is like data (Linux tcp_rcv_state_process()) */
        if ((e->payload_bytes && !(e->marks & ENTRY_KEEPALIVE)) || (e->flags & TCP_FIN && b->has_ack && seq_after(e->seq, b->ack)))
                return RESET_DATA_AFTER_CLOSE;
        return was_in_fin_wait_2(c, r, b) ? RESET_FIN_WAIT_2_EXPIRED : RESET_NO_SOCKET;
}

/* Did a packet of an older connection come just before? */
static gboolean met_another(const Case *c, const Reset *r) {
        for (gint i = 0; i < r->entry; i++)
                if (c->hindsight->entries[i].marks & ENTRY_FOREIGN && entry_side(&c->hindsight->entries[i]) != r->side)
                        return TRUE;
        return FALSE;
}

/*
 * A live socket's RST looks like its other packets. Hop limits differ by the path, IP IDs by the counter, and
 * timestamps are on each packet once agreed (RFC 7323 3.2: a RST may do without). One oddity has many
 * explanations, two have one.
 */
#define ODDITIES_MIN 2
#define IP_ID_STEP_MAX 4096

static gboolean is_foreign(const Case *c, Reset *r) {
        const Hindsight *h = c->hindsight;
        const TimelineEntry *rst = &h->entries[r->entry], *last = NULL;
        guint oddities = 0;

        for (gint i = 0; i < h->n && i < r->entry; i++)
                if (entry_is_ordinary(&h->entries[i]) && entry_side(&h->entries[i]) == r->side && !(h->entries[i].flags & (TCP_RST | TCP_SYN)))
                        last = &h->entries[i];
        if (!last)
                return FALSE;
        oddities += rst->ttl != last->ttl;
        oddities += rst->marks & last->marks & ENTRY_IP_ID && rst->ip_id && last->ip_id && (guint16)(rst->ip_id - last->ip_id) > IP_ID_STEP_MAX;
        oddities += last->marks & ENTRY_TIMESTAMP && !(rst->marks & ENTRY_TIMESTAMP);
        if (oddities == ODDITIES_MIN - 1 && last->marks & ENTRY_OPTIONS_CUT && !((last->marks | rst->marks) & ENTRY_TIMESTAMP) &&
            !(rst->marks & (ENTRY_OPTIONS | ENTRY_OPTIONS_CUT)))
                r->untold_by = (gint)(last - h->entries);
        return oddities >= ODDITIES_MIN;
}

/*
 * Windows answers data that comes to a closed socket with a RST+ACK that acknowledges them, window 0. Linux
 * answers without ACK, and aborts with a window.
 */
static gboolean answers_late_data(const Case *c, const Reset *r, const Before *b) {
        const TimelineEntry *rst = &c->hindsight->entries[r->entry];

        return b->fin_sent && !rst->window && r->answers >= 0 && c->hindsight->entries[r->answers].payload_bytes && b->has_ack &&
               seq_after(rst->ack, b->ack);
}

/* A packet that was under way already may come this much later, or a round trip if that is longer. */
#define UNDER_WAY_NS (SECOND_NS / 10)

gint reset_goes_on(const Case *c, const Reset *r, guint side) {
        const Hindsight *h = c->hindsight;
        gint64 sure_ns = h->entries[r->entry].time_ns + MAX(UNDER_WAY_NS, h->side[side].reaction_ns);

        for (gint i = r->entry + 1; i < h->n; i++) {
                const TimelineEntry *e = &h->entries[i];

                if (entry_side(e) == side && entry_is_ordinary(e) && !entries_has(h, side, ENTRIES_STALE, i) && !(e->flags & TCP_RST) && e->time_ns > sure_ns)
                        return i;
        }
        return -1;
}

/* It went on and so did the other end, or the other end took what it sent later: the connection lived. */
static gint lived_on(const Case *c, const Reset *r) {
        const Hindsight *h = c->hindsight;
        gint mine = reset_goes_on(c, r, r->side);

        if (mine < 0)
                return is_disproved_rst(h, r->side, r->entry) ? r->entry : -1;
        for (gint i = mine + 1; i < h->n; i++)
                if (entry_side(&h->entries[i]) != r->side && entry_is_ordinary(&h->entries[i]) && !(h->entries[i].flags & TCP_RST))
                        return mine;
        return -1;
}

static ResetCause cause(const Case *c, Reset *r, const Before *b) {
        const TimelineEntry *rst = &c->hindsight->entries[r->entry];

        if (c->flow->side[r->side].bits & SIDE_BARE_SYN && !b->has_ack && !(rst->flags & TCP_ACK) && (flow_previous(c->flow) || met_another(c, r)))
                return RESET_CHALLENGE_RESPONSE;
        if (!(rst->flags & TCP_ACK))
                return cause_of_bare(c, r, b);
        if (r->answers >= 0 && c->hindsight->entries[r->answers].flags & TCP_SYN && !b->has_nxt)
                return RESET_REFUSED;
        if (!b->has_nxt && c->flow->side[other(r->side)].bits & SIDE_BARE_SYN)
                return RESET_NO_SOCKET;
        /* RFC 9293 3.5.3: what no socket is there for is answered with number 0 if it had no ACK */
        if (rst->seq == 0 && (r->answers < 0 || !(c->hindsight->entries[r->answers].flags & TCP_ACK)))
                return RESET_NO_SOCKET;
        if (is_foreign(c, r))
                return RESET_FOREIGN;
        if (answers_late_data(c, r, b))
                return RESET_DATA_AFTER_CLOSE;
        count_probes(c->hindsight, r);
        return r->probes >= PROBES_MIN ? RESET_AFTER_TIMEOUT : RESET_ABORT;
}

/* What is said of a RST only as long as its sender was done with the connection. */
static gboolean is_claim(ResetCause cause) {
        return cause != RESET_REFUSED && cause != RESET_CHALLENGE_RESPONSE && cause != RESET_TIME_WAIT_CUT_SHORT;
}

static Reset classify(const Case *c, gint i) {
        const Hindsight *h = c->hindsight;
        Reset reset, *r = &reset;
        Before b;

        *r = (Reset){ .entry = i, .side = entry_side(&h->entries[i]), .first = TRUE, .unanswered = -1, .untold_by = -1 };
        for (gint j = 0; j < i && r->first; j++)
                r->first = !entry_is_ordinary(&h->entries[j]) || entry_side(&h->entries[j]) != r->side || !(h->entries[j].flags & TCP_RST);
        b = before(h, i, r->side);
        r->answers = answered(h, i, r->side, b.ack);
        r->fin_sent = b.fin_sent;
        r->cause = cause(c, r, &b);
        r->lived_on = lived_on(c, r);
        if (r->lived_on >= 0 && is_claim(r->cause))
                r->cause = RESET_FOREIGN;
        r->acks_more = h->entries[i].flags & TCP_ACK && b.has_ack && seq_after(h->entries[i].ack, b.ack);
        /* what was under way when the RST came was sent before it, though it is captured behind it */
        if (b.has_peer_nxt && r->lived_on < 0 && reset_goes_on(c, r, other(r->side)) < 0)
                at_least(&b.peer_nxt, &b.has_peer_nxt, c->flow->side[other(r->side)].nxt);
        r->acks_all = h->entries[i].flags & TCP_ACK && b.has_peer_nxt && seq_at_or_after(h->entries[i].ack, b.peer_nxt);
        /* an ACK that was under way when the RST was sent counts too */
        if (c->flow->side[other(r->side)].bits & SIDE_ACK)
                at_least(&b.acked, &b.has_acked, c->flow->side[other(r->side)].ack);
        if (b.has_nxt && b.has_acked && seq_after(b.nxt, b.acked))
                r->lost_bytes = seq_diff(b.nxt, b.acked) - (b.fin_sent && !b.fin_acked);
        if (b.has_peer_nxt && b.has_ack && seq_after(b.peer_nxt, b.ack))
                r->peer_lost_bytes = seq_diff(b.peer_nxt, b.ack) - (h->side[other(r->side)].has_fin && b.peer_nxt == h->side[other(r->side)].fin_end);
        return reset;
}

guint reset_classify_all(const Case *c, Reset *resets) {
        const Hindsight *h = c->hindsight;
        guint n = 0;

        for (gint i = 0; i < h->n && n < RESETS_MAX; i++)
                if (entry_is_ordinary(&h->entries[i]) && h->entries[i].flags & TCP_RST) {
                        resets[n] = classify(c, i);
                        n++;
                        resets[n - 1].ordinal = n;
                }
        return n;
}

gboolean reset_is_lone(const Case *c, const Reset *r) {
        const SideRecord *me = &c->record->side[r->side];

        return !c->record->side[other(r->side)].packets && me->packets == me->rst_count;
}

gboolean reset_next(const Case *c, Reset *r) {
        if (r->ordinal >= c->n_resets)
                return FALSE;
        *r = c->resets[r->ordinal];
        return TRUE;
}
