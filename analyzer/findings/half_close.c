/* SPDX-License-Identifier: BSD-3-Clause */
#include "analyzer/sequence.h"
#include "rule.h"

/*
 * Data that were written before the FIN came may be sent long after it, as fast as the window lets them: then the
 * other end may have closed as well, and its FIN waits behind them (Linux is in FIN_WAIT_1 by then). An end that
 * had nothing under way for longer than an acknowledgment takes had nothing left to send.
 */
#define IDLE_NS_MIN (SECOND_NS / 200)

typedef struct Sender {
        guint32 nxt, acked;
        gint64 idle_since_ns;
        gboolean has_nxt, is_blocked; /* by a window of 0 */
        const TimelineEntry *last;    /* that it sent */
        guint lost;
} Sender;

/*
 * IP IDs that are missing between its packets were those of packets that were lost: it is not idle, it will repeat
 * them. After so long it would have.
 */
#define LOST_IDS_MAX 64
#define REPEATED_NS (2 * SECOND_NS)

static void count_lost(Sender *s, const TimelineEntry *e) {
        gint16 step;

        if (s->last && e->marks & s->last->marks & ENTRY_IP_ID) {
                step = (gint16)(e->ip_id - s->last->ip_id);
                if (step > 1 && step <= LOST_IDS_MAX)
                        s->lost += (guint)step - 1;
                else if (step < 0 && step >= -LOST_IDS_MAX && s->lost > 0)
                        s->lost--; /* it was only late */
                if (step < 0)
                        return;
        }
        s->last = e;
}

/* Had it nothing to send before @e? */
static gboolean is_idle(const Sender *s, const TimelineEntry *e, gint64 reaction_ns) {
        gint64 ns = e->time_ns - s->idle_since_ns;

        return !s->is_blocked && (!s->has_nxt || seq_at_or_after(s->acked, s->nxt)) && ns > MAX(2 * reaction_ns, IDLE_NS_MIN) &&
               (!s->lost || ns > REPEATED_NS);
}

static void sender_sends(Sender *s, const TimelineEntry *e) {
        if (!e->payload_bytes)
                return;
        if (s->has_nxt && !seq_after(entry_end(e), s->nxt)) {
                s->idle_since_ns = e->time_ns; /* it has not heard yet that this was acknowledged */
                return;
        }
        s->acked = s->has_nxt ? s->acked : e->seq;
        s->nxt = entry_end(e);
        s->has_nxt = TRUE;
}

/* @e of the other end. */
static void sender_hears(Sender *s, const TimelineEntry *e) {
        gboolean was_blocked = s->is_blocked;

        if (!(e->flags & TCP_ACK))
                return;
        s->is_blocked = e->window == 0;
        if (s->has_nxt && seq_after(e->ack, s->acked)) {
                s->acked = e->ack;
                s->idle_since_ns = e->time_ns;
        }
        if (was_blocked)
                s->idle_since_ns = e->time_ns;
}

/* Did @side send data that acknowledge what is before @fin_end? */
static gboolean sends_knowing(const Hindsight *h, guint side, guint32 fin_end) {
        FOR_ENTRIES(h, i, side, ENTRIES_DATA, 0)
                if (h->entries[i].flags & TCP_ACK && seq_at_or_after(h->entries[i].ack, fin_end))
                        return TRUE;
        return FALSE;
}

/*
 * TD105: after its FIN the side took new data, sent by an end that already had the FIN, and acknowledged it:
 * its process still reads, so it was shutdown(SHUT_WR). Data that was under way when the FIN came, and its
 * repeats, say nothing.
 */
static void find(const Case *c, guint closer) {
        const Hindsight *h = c->hindsight;
        guint32 fin_end = h->side[closer].fin_end, after = 0, under_way = 0;
        guint64 bytes = 0, received = 0;
        FrameRef data = 0, acked = 0;
        Finding *f;
        gboolean has_after = FALSE, has_under_way = FALSE, was_open = FALSE;
        Sender sender = { .idle_since_ns = c->record->start_ns };

        if (!sends_knowing(h, other(closer), fin_end))
                return;
        for (gint i = 0; i < h->n; i++) {
                const TimelineEntry *e = &h->entries[i];

                if (!entry_is_ordinary(e) || e->flags & (TCP_SYN | TCP_RST))
                        continue;
                if (e->marks & ENTRY_GAP_BEFORE)
                        sender.idle_since_ns = e->time_ns; /* what was in the gap is not known */
                if (entry_side(e) != closer) {
                        gboolean idle;

                        count_lost(&sender, e);
                        idle = is_idle(&sender, e, h->side[other(closer)].reaction_ns);

                        sender_sends(&sender, e);
                        if (seq_before(e->ack, fin_end) && (!has_under_way || seq_after(entry_end(e), under_way))) {
                                under_way = entry_end(e);
                                has_under_way = TRUE;
                        }
                        if (!(e->flags & TCP_ACK) || seq_before(e->ack, fin_end) || !e->payload_bytes ||
                            e->marks & (ENTRY_RETRANSMISSION | ENTRY_KEEPALIVE) || (has_under_way && seq_before(e->seq, under_way)))
                                continue;
                        bytes += e->payload_bytes;
                        after = e->seq + e->payload_bytes;
                        if (!has_after)
                                data = e->frame;
                        has_after = TRUE;
                        was_open |= idle;
                        continue;
                }
                sender_hears(&sender, e);
                if (has_after && e->flags & TCP_ACK && seq_at_or_after(e->ack, after)) {
                        acked = e->frame;
                        received = bytes;
                }
        }
        if (!acked)
                return;
        f = case_find(c, FINDING_HALF_CLOSE, closer, was_open ? CERTAINTY_OBSERVED : CERTAINTY_CANNOT_TELL);
        finding_frame(f, c->record->side[closer].fin_frame);
        finding_frame(f, data);
        finding_frame(f, acked);
        finding_integer(f, "received_bytes", (gint64)received, c->record->timeline_left_out ? BOUND_AT_LEAST : BOUND_EXACT);
        finding_integer(f, "fin_frame", (gint64)c->record->side[closer].fin_frame, BOUND_EXACT);
}

/*
 * Without data a half-close shows by the ACK of the other end's FIN only: Linux counts IP IDs up by one for
 * each packet of a full socket and uses 0 in the mini-socket that an orphan is in FIN_WAIT_2
 * (net/ipv4/ip_output.c, inet_timewait_sock.c). IPv4 only.
 */
#define COUNTED_IDS_MIN 2

/*
 * Linux 2.2 and before had no mini-sockets. It offers as many whole segments as fit into 32767 bytes in its SYN;
 * later ones offer much less or much more.
 */
#define LINUX_2_2_WINDOW_MIN (32767 - 1460)
#define LINUX_2_2_WINDOW_MAX 32767

static gboolean is_linux_2_2(const Hindsight *h, guint side) {
        gint syn = entries_next(h, side, ENTRIES_SYN, 0);

        return syn >= 0 && h->entries[syn].window >= LINUX_2_2_WINDOW_MIN && h->entries[syn].window <= LINUX_2_2_WINDOW_MAX;
}

static gboolean answers_from_full_socket(const Hindsight *h, guint closer, gint answer) {
        const TimelineEntry *later = &h->entries[answer];
        guint counted = 0;

        if (!(later->marks & ENTRY_IP_ID) || !(h->flow->side[closer].bits & SIDE_LINUX) || is_linux_2_2(h, closer))
                return FALSE;
        for (gint i = answer - 1; i >= 0 && counted < COUNTED_IDS_MIN; i--) {
                const TimelineEntry *e = &h->entries[i];

                if (entry_side(e) != closer || !entry_is_ordinary(e))
                        continue;
                if ((guint16)(later->ip_id - e->ip_id) != 1 || later->ip_id == 0)
                        return FALSE;
                later = e;
                counted++;
        }
        return counted == COUNTED_IDS_MIN;
}

static void find_without_data(const Case *c, guint closer) {
        const Hindsight *h = c->hindsight;
        const StateEntry *waits = record_state(c->record, closer, STATE_FIN_WAIT_2), *came = record_state(c->record, closer, STATE_TIME_WAIT);
        guint32 fin_end = h->side[other(closer)].fin_end;
        Finding *f;

        /*
         * in CLOSING, too, it would be a full socket that answers: the other end must have had this FIN
         * before it sent its own
         */
        if (!waits || !came || !record_state(c->record, other(closer), STATE_CLOSE_WAIT) || !c->record->side[other(closer)].fin_frame ||
            !hindsight_fin_knows_fin(h, other(closer)))
                return;
        for (gint i = 0; i < h->n; i++) {
                const TimelineEntry *e = &h->entries[i];

                if (entry_side(e) != closer || !entry_is_ordinary(e) || !(e->flags & TCP_ACK) ||
                    seq_before(e->ack, fin_end))
                        continue;
                if (!answers_from_full_socket(h, closer, i))
                        return;
                f = case_find(c, FINDING_HALF_CLOSE, closer, CERTAINTY_INFERRED);
                finding_frame(f, c->record->side[closer].fin_frame);
                finding_frame(f, e->frame);
                finding_integer(f, "fin_frame", (gint64)c->record->side[closer].fin_frame, BOUND_EXACT);
                return;
        }
}

void rule_half_close(const Case *c) {
        for (guint s = 0; s < SIDES; s++) {
                guint found = c->record->n_findings;

                if (!record_state(c->record, s, STATE_FIN_WAIT_1) || !c->record->side[s].fin_frame)
                        continue;
                find(c, s);
                if (c->record->n_findings == found)
                        find_without_data(c, s);
        }
}
