/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Sequence space of one side: what was sent, resent, acknowledged and what is missing. */

#include "flow.h"
#include "sequence.h"

/**
 * account_segment:
 * Adds @s, sent by @side, to the flow's counts.
 *
 * Returns: ENTRY_ marks for its place in the timeline.
 */
guint16 account_segment(Flow *f, guint side, const Segment *s);

static inline void flow_side_reach(FlowSide *me, guint32 nxt) {
        me->nxt = nxt;
        if (G_UNLIKELY(nxt - me->isn > SEQUENCE_FAR))
                me->bits |= SIDE_FAR;
}

/*
 * account_segment() for a SYN or SYN+ACK without payload that is the first packet of its side; one with ACK acknowledges the
 * other one's SYN, and nothing more came before.
 */
static inline void account_opening(FlowSide *me, const Segment *s) {
        const gboolean answer = !!(s->flags & TCP_ACK);

        me->isn = s->seq;
        me->nxt = s->seq + 1;
        me->bits |= SIDE_HEARD | SIDE_SYN | (answer ? SIDE_SYN_ACK | SIDE_ACK | SIDE_ANY_ACK : SIDE_BARE_SYN) |
                    (s->facts & SEGMENT_LINUX_OPTIONS ? SIDE_LINUX : 0);
        if (answer)
                me->ack = s->ack;
}

/**
 * account_next:
 * @marks: (out): as of account_segment()
 *
 * account_segment() for what most packets are: they begin where their side ended, acknowledge what the capture has of the
 * other one, bring anything new, and are no SYN or RST. Nothing else that is asked of a packet can be true of these: that it
 * is a copy, stray, of another incarnation, a keepalive, a retransmission.
 *
 * Returns: FALSE, with nothing changed, when @s may be anything else.
 */
static inline gboolean account_next(Flow *f, guint side, const Segment *s, guint16 *marks) {
        FlowSide *me = &f->side[side];
        const FlowSide *peer = &f->side[other(side)];
        const guint known = SIDE_HEARD | SIDE_SYN, fin = s->flags & TCP_FIN;
        const guint32 length = s->payload_bytes + fin;
        const gboolean acked = !!(me->bits & SIDE_ACK);
        const guint32 low = acked ? me->ack : flow_side_low(peer), newest = peer->nxt - low, acks = s->ack - low;

        if ((s->flags & (TCP_SYN | TCP_RST | TCP_ACK)) != TCP_ACK || (me->bits & known) != known || s->seq != me->nxt ||
            (peer->bits & (known | SIDE_HOLES)) != known || newest > SEQUENCE_FAR || acks > newest ||
            !(length || (acked ? acks : !(me->bits & SIDE_ANY_ACK))) || (fin && me->bits & SIDE_FIN))
                return FALSE;
        /* the first acknowledgment of a FIN */
        *marks = fin || (peer->bits & SIDE_FIN && acks == newest && !(acked && !acks)) ? ENTRY_PINNED : 0;
        flow_side_reach(me, s->seq + length);
        me->ack = s->ack;
        me->bits |= SIDE_ACK | SIDE_ANY_ACK | (s->payload_bytes ? SIDE_DATA : 0);
        if (fin) {
                me->fin_end = me->nxt;
                me->bits |= SIDE_FIN;
        }
        return TRUE;
}
