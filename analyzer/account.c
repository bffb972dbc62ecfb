/* SPDX-License-Identifier: BSD-3-Clause */
#include "account.h"
#include "sequence.h"
#include "timeline_log.h"

/*
 * An acknowledgment this far beyond what was captured is nonsense, not a gap: the largest window (RFC 7323
 * 2.3).
 */
#define ACK_JUMP_MAX SEQUENCE_FAR

static FlowLosses *losses(Flow *f, guint side) {
        return flow_note_add(f, NOTE_CLIENT_LOSSES + side);
}

static void hole_remove(Holes *h, guint i) {
        h->n--;
        for (; i < h->n; i++)
                h->range[i] = h->range[i + 1];
}

/* Returns: NULL where all came in order. */
static Holes *holes_of(const Flow *f, guint side) {
        FlowHoles *holes = flow_note(f, NOTE_CLIENT_HOLES + side);

        return holes ? &holes->holes : NULL;
}

/* Remembers [left, right) as not captured; past HOLES_MAX the oldest is given up as missing. */
static void hole_add(Flow *f, guint side, guint32 left, guint32 right) {
        Holes *h = &((FlowHoles *)flow_note_add(f, NOTE_CLIENT_HOLES + side))->holes;

        if (h->n == HOLES_MAX) {
                losses(f, side)->missing_bytes += h->range[0].right - h->range[0].left;
                hole_remove(h, 0);
        }
        h->range[h->n].left = left;
        h->range[h->n].right = right;
        h->n++;
}

/* Takes [left, right) out of the holes. Returns: how many of its bytes had been missing. */
static guint32 hole_fill(Flow *f, guint side, guint32 left, guint32 right) {
        Holes *h = holes_of(f, side);
        guint32 filled = 0;

        for (guint i = 0; h && i < h->n;) {
                guint32 from = h->range[i].left, to = h->range[i].right;
                guint32 first = seq_after(left, from) ? left : from, end = seq_before(right, to) ? right : to;

                if (!seq_before(first, end)) {
                        i++;
                        continue;
                }
                filled += end - first;
                hole_remove(h, i);
                if (seq_before(end, to))
                        hole_add(f, side, end, to);
                if (seq_before(from, first))
                        hole_add(f, side, from, first);
        }
        return filled;
}

/* What the peer acknowledged and the capture never had is missing for good. */
static void note_missing(Flow *f, guint side, guint32 bytes) {
        losses(f, side)->missing_bytes += bytes;
        if (f->closing)
                f->side[side].bits |= SIDE_MISSED_CLOSING;
}

static void holes_acknowledged(Flow *f, guint side, guint32 ack) {
        Holes *h = holes_of(f, side);

        for (guint i = 0; h && i < h->n;) {
                const guint32 left = h->range[i].left, right = h->range[i].right;

                if (!seq_at_or_after(ack, right)) {
                        i++;
                        continue;
                }
                note_missing(f, side, right - left);
                hole_remove(h, i);
        }
}

/*
 * Before the first ACK no more than the unscaled window of a SYN can be under way (RFC 7323 2.2): an ACK of
 * more is none (RFC 9293 3.10.7.4).
 */
#define SYN_WINDOW_MAX 65535U

static gboolean is_impossible(const FlowSide *me, const FlowSide *peer, const Segment *s) {
        return peer->bits & SIDE_SYN && me->bits & SIDE_BARE_SYN && !(me->bits & SIDE_ACK) && !(peer->bits & SIDE_DATA) &&
               s->ack - peer->nxt > SYN_WINDOW_MAX && seq_after(s->ack, peer->nxt);
}

static void note_acknowledgment(Flow *f, guint side, const Segment *s) {
        FlowSide *me = &f->side[side], *peer = &f->side[other(side)];
        guint32 ahead;

        me->bits |= SIDE_ANY_ACK;
        if (is_impossible(me, peer, s))
                return;
        if (!(me->bits & SIDE_ACK) || seq_after(s->ack, me->ack))
                me->ack = s->ack;
        me->bits |= SIDE_ACK;
        if (!(peer->bits & SIDE_HEARD))
                return;
        holes_acknowledged(f, other(side), s->ack);
        ahead = s->ack - peer->nxt;
        /* One number beyond the last byte is rather a FIN that was not captured than a lost byte. */
        if (ahead > 1 && ahead < ACK_JUMP_MAX && !(peer->bits & SIDE_FIN) && !(s->flags & (TCP_RST | TCP_SYN))) {
                note_missing(f, other(side), ahead);
                flow_side_reach(peer, s->ack);
        }
}

static void note_first(FlowSide *me, const Segment *s) {
        me->isn = s->seq;
        me->nxt = s->seq;
        me->bits |= SIDE_HEARD;
}

/* Has the other end acknowledged the SYN, and so settled which ISN is the live one? */
static gboolean is_syn_acked(const FlowSide *me, const FlowSide *peer) {
        return me->bits & SIDE_SYN && peer->bits & SIDE_ACK && seq_after(peer->ack, me->isn) && peer->ack - me->isn < ACK_JUMP_MAX;
}

static void note_syn(Flow *f, guint side, const Segment *s) {
        FlowSide *me = &f->side[side];
        const FlowSide *peer = &f->side[other(side)];

        if (me->bits & SIDE_SYN)
                losses(f, side)->more_syns++;
        /*
         * of several SYN+ACKs with unlike ISNs the live one is the one that is acknowledged; the last until
         * then
         */
        if (!(me->bits & SIDE_SYN) || (s->flags & TCP_ACK && me->isn != s->seq && !(me->bits & SIDE_DATA) && !is_syn_acked(me, peer))) {
                me->isn = s->seq;
                if (!(me->bits & SIDE_SYN_ACK) || seq_after(s->seq, me->nxt) || me->nxt == me->isn)
                        me->nxt = s->seq;
        }
        me->bits |= SIDE_SYN | (s->flags & TCP_ACK ? SIDE_SYN_ACK : SIDE_BARE_SYN);
        if (s->facts & SEGMENT_LINUX_OPTIONS)
                me->bits |= SIDE_LINUX;
}

/* Where the segment lies in what was sent before. */
static guint16 note_range(Flow *f, guint side, const Segment *s) {
        FlowSide *me = &f->side[side];
        guint32 length = segment_sequence_length(s), end = s->seq + length;
        gint32 ahead = seq_diff(s->seq, me->nxt);
        guint16 marks = 0;

        if (seq_before(s->seq, me->isn) && !(me->bits & (SIDE_SYN | SIDE_FAR)) && -seq_diff(s->seq, me->isn) < (gint32)ACK_JUMP_MAX)
                me->isn = s->seq; /* joined midway: an older segment came later */
        if (ahead > 0 && !(s->flags & TCP_RST)) {
                marks |= ENTRY_HOLE;
                if ((guint32)ahead < ACK_JUMP_MAX && length) {
                        me->bits |= SIDE_HOLES;
                        hole_add(f, side, me->nxt, s->seq);
                }
        }
        if (length == 0 || s->flags & TCP_RST)
                return marks;
        if (seq_after(end, me->nxt)) {
                if (ahead < 0)
                        marks |= ENTRY_PARTLY_NEW;
                flow_side_reach(me, end);
                return marks;
        }
        if (hole_fill(f, side, s->seq, end) == 0)
                marks |= ENTRY_RETRANSMISSION;
        return marks;
}

/*
 * At most one byte, just below what it sent or what the other end still has to acknowledge (RFC 9293 3.8.4).
 */
static gboolean is_keepalive(const FlowSide *me, const FlowSide *peer, const Segment *s) {
        gboolean waiting = peer->bits & SIDE_ACK && seq_after(me->nxt, peer->ack);
        gboolean below = s->seq == (waiting ? peer->ack : me->nxt) - 1;

        return s->payload_bytes <= 1 && below && !(s->flags & (TCP_SYN | TCP_FIN | TCP_RST)) &&
               me->bits & SIDE_HEARD && me->nxt != me->isn;
}

/*
 * Until its SYN is answered the opener can get packets of an older connection, and answers them with their
 * own numbers (RFC 9293 3.5.2 group 2, 3.10.7.3): neither says anything of this one.
 */
static gboolean is_stray(const Flow *f, guint side, const Segment *s) {
        const FlowSide *me = &f->side[side], *peer = &f->side[other(side)];

        if (s->flags & TCP_SYN)
                return FALSE;
        if (peer->bits & SIDE_BARE_SYN && !(me->bits & SIDE_SYN))
                return s->flags & TCP_ACK && (!seq_after(s->ack, peer->isn) || seq_after(s->ack, peer->nxt)) && !(s->flags & TCP_RST);
        return me->bits & SIDE_BARE_SYN && !(me->bits & SIDE_ACK) && !(peer->bits & SIDE_SYN) && s->flags & TCP_RST && !(s->flags & TCP_ACK);
}

/* A packet may be later than the latest one of its own side only if it is later than the latest of both. */
static gboolean is_clock_set_back(const Flow *f, guint side, const Segment *s) {
        TimelineEntry entries[TIMELINE_ENTRIES_MAX];
        Timeline t;

        if (G_LIKELY(flow_end_ns(f) - s->time_ns <= SWAPPED_NS_MAX) || f->side[side].bits & SIDE_CLOCK_SET_BACK)
                return FALSE;
        timeline_read(f, entries, &t);
        return t.side[side].last_ns - s->time_ns > SWAPPED_NS_MAX;
}

static void note_rst(Flow *f, guint side) {
        if (f->side[side].bits & SIDE_RST)
                losses(f, side)->more_rsts++;
        f->side[side].bits |= SIDE_RST;
}

static void note_fin(Flow *f, guint side, guint32 end) {
        FlowSide *me = &f->side[side];

        if (me->bits & SIDE_FIN)
                losses(f, side)->more_fins++;
        me->fin_end = end;
        me->bits |= SIDE_FIN;
}

static void note_retransmission(FlowLosses *l, const Segment *s) {
        l->retransmitted_packets++;
        l->retransmitted_bytes += s->payload_bytes;
}

guint16 account_segment(Flow *f, guint side, const Segment *s) {
        FlowSide *me = &f->side[side];
        guint16 marks = 0;

        if (is_clock_set_back(f, side, s))
                me->bits |= SIDE_CLOCK_SET_BACK;
        if (is_stray(f, side, s)) {
                if (s->flags & TCP_RST)
                        note_rst(f, side);
                return s->flags & TCP_RST ? 0 : ENTRY_FOREIGN;
        }
        if (!(me->bits & SIDE_HEARD) && !(s->flags & TCP_RST))
                note_first(me, s);
        if (s->flags & TCP_SYN)
                note_syn(f, side, s);
        if (is_keepalive(me, &f->side[other(side)], s))
                marks |= ENTRY_KEEPALIVE;
        else if (me->bits & SIDE_HEARD)
                marks |= note_range(f, side, s);
        if (s->payload_bytes && !(marks & ENTRY_KEEPALIVE))
                me->bits |= SIDE_DATA;
        if (marks & ENTRY_RETRANSMISSION)
                note_retransmission(losses(f, side), s);
        if (s->flags & TCP_FIN && !(s->flags & TCP_RST))
                note_fin(f, side, s->seq + segment_sequence_length(s));
        if (s->flags & TCP_RST)
                note_rst(f, side);
        if (s->flags & TCP_ACK)
                note_acknowledgment(f, side, s);
        return marks;
}
