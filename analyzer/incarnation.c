/* SPDX-License-Identifier: BSD-3-Clause */
#include "incarnation.h"
#include "record.h"
#include "sequence.h"
#include "timeline_log.h"

/* How many incarnations back a late packet is looked for. */
#define INCARNATIONS_BACK 8U

/* How many packets back in a flow a copy is looked for: a burst may be captured whole before its copy. */
#define COPY_ENTRIES_BACK 24U

/*
 * Two captures of one packet lie apart by the time it takes from one interface to the other; a retransmission
 * by at least a tail-loss probe's delay. What can tell them apart decides how long we believe in a copy: an
 * equal running IP ID for long, an equal timestamp for less, nothing at all only for a moment.
 */
#define COPY_NS_IP_ID (200 * G_GINT64_CONSTANT(1000000))
#define COPY_NS_TIMESTAMP (4 * G_GINT64_CONSTANT(1000000))
#define COPY_NS_RST (20 * G_GINT64_CONSTANT(1000))
#define COPY_NS_NOTHING (1 * G_GINT64_CONSTANT(1000000))

/* Numbers this far from what a connection has used are not its own: the largest window (RFC 7323 2.3)... */
#define NEAR SEQUENCE_FAR
/* ...and once it is closing, or a SYN+ACK comes along, a usual one. */
#define NEAR_CLOSING (1U << 20)

static gint64 copy_limit_ns(const Segment *s) {
        /* bare RSTs are all alike: the next one may answer the next segment */
        if (s->flags & TCP_RST && !s->ip_id && !(s->facts & SEGMENT_HAS_OPTIONS))
                return COPY_NS_RST;
        if (!(s->facts & SEGMENT_IPV6) && s->ip_id)
                return COPY_NS_IP_ID;
        return s->facts & SEGMENT_HAS_TIMESTAMP ? COPY_NS_TIMESTAMP : COPY_NS_NOTHING;
}

static gboolean entry_equals(const TimelineEntry *e, guint side, const Segment *s) {
        if (entry_side(e) != side || e->seq != s->seq || e->flags != s->flags || e->payload_bytes != s->payload_bytes ||
            e->window != s->window || !entry_is_ordinary(e))
                return FALSE;
        if (s->flags & TCP_ACK && e->ack != s->ack)
                return FALSE;
        if (s->facts & SEGMENT_HAS_TIMESTAMP && (e->tsval != s->tsval || e->tsecr != s->tsecr))
                return FALSE;
        if (s->sack_blocks && e->sack_right != s->sack_right)
                return FALSE;
        return s->facts & SEGMENT_IPV6 || e->ip_id == s->ip_id;
}

/* Bare RSTs and pure ACKs without a running IP ID or a timestamp are all alike. */
static gboolean is_alike(const Segment *s) {
        return !s->ip_id && !(s->facts & SEGMENT_HAS_TIMESTAMP) && !s->payload_bytes && !(s->flags & (TCP_SYN | TCP_FIN));
}

/*
 * A burst of bare RSTs may answer a burst of segments: as long as there are more of those this one answers another.
 * In a capture that has doubled other packets it is doubled, too.
 */
static gboolean is_another_answer(const Flow *f, const Timeline *t, guint side, const Segment *s) {
        gint waiting = 0;
        gboolean gone = FALSE; /* then ACKs are answered, too */

        if (!(s->flags & TCP_RST) || s->flags & TCP_ACK || flow_losses(f, CLIENT)->copies || flow_losses(f, SERVER)->copies)
                return FALSE;
        for (guint i = 0; i < t->n; i++) {
                const TimelineEntry *e = &t->entries[i];

                if (entry_side(e) != side) {
                        waiting += (e->flags & (TCP_ACK | TCP_RST)) == TCP_ACK && e->ack == s->seq && (gone || e->payload_bytes || e->flags & TCP_FIN);
                } else if (e->flags & TCP_RST) {
                        waiting -= e->seq == s->seq;
                        gone = TRUE;
                }
        }
        return waiting > 0;
}

gboolean segment_is_copy(const Flow *f, guint side, const Segment *s) {
        gint64 limit = copy_limit_ns(s);
        TimelineEntry entries[TIMELINE_ENTRIES_MAX];
        Timeline t;
        guint last;

        if (s->time_ns - flow_end_ns(f) > limit)
                return FALSE;
        timeline_read(f, entries, &t);
        last = t.n > COPY_ENTRIES_BACK ? t.n - COPY_ENTRIES_BACK : 0;
        for (guint i = t.n; i > last; i--) {
                const TimelineEntry *e = &entries[i - 1];

                if (is_alike(s) && entry_side(e) != side)
                        return FALSE; /* it may answer that */
                if (ABS(s->time_ns - e->time_ns) <= limit && entry_equals(e, side, s))
                        return !is_alike(s) || !is_another_answer(f, &t, side, s);
        }
        return FALSE;
}

/*
 * How far the segment's numbers are from what the flow has used: 0 when they continue or repeat it.
 * The acknowledgment is held against what the other end sent.
 */
static inline guint32 distance(const Flow *f, guint side, const Segment *s) {
        const FlowSide *me = &f->side[side], *peer = &f->side[other(side)];
        guint32 d = 0;

        if (me->bits & SIDE_HEARD)
                d = seq_distance(s->seq, flow_side_low(me), me->nxt);
        else if (peer->bits & SIDE_ACK)
                d = seq_distance(s->seq, peer->ack, peer->ack);
        if (s->flags & TCP_ACK && peer->bits & SIDE_HEARD)
                d = MAX(d, seq_distance(s->ack, flow_side_low(peer), peer->nxt));
        return d;
}

/* Numbers of another connection whose SYN is not in the capture. A RST may carry anything. */
static gboolean is_foreign(const Flow *f, guint side, const Segment *s) {
        return !(s->flags & TCP_RST) && distance(f, side, s) >= (f->closing ? NEAR_CLOSING : NEAR);
}

/*
 * Returns: the incarnation that the numbers of a segment without SYN fit best; the newer one if two fit
 * alike.
 */
static Flow *best_fit(Flow *newest, const Segment *s) {
        Flow *best = newest;
        guint side = flow_side_of(newest, s);
        guint32 best_distance = distance(newest, side, s);
        Flow *f = newest;

        /*
         * before its SYN+ACK the answering end has nothing to say in the new connection: what it says is the
         * old one's
         */
        if (newest->side[other(side)].bits & SIDE_BARE_SYN && !(newest->side[side].bits & SIDE_HEARD))
                best_distance = MAX(best_distance, 1);

        for (guint i = 0; best_distance && (f = flow_older(f)) && i < INCARNATIONS_BACK; i++) {
                guint32 d;

                d = distance(f, flow_side_of(f, s), s);
                if (!f->reported && d < best_distance && d < NEAR) {
                        best = f;
                        best_distance = d;
                }
        }
        return best;
}

/* A bare SYN: is it one that @f knows? */
static gboolean knows_syn(const Flow *f, guint side, const Segment *s) {
        const FlowSide *me = &f->side[side], *peer = &f->side[other(side)];

        if (me->bits & SIDE_SYN)
                return me->isn == s->seq;
        /* the SYN+ACK was captured before it */
        if (peer->bits & SIDE_SYN_ACK && peer->bits & SIDE_ACK)
                return peer->ack == s->seq + 1 || (me->bits & SIDE_HEARD && me->isn == s->seq + 1);
        /* crossing SYNs: simultaneous open */
        return peer->bits & SIDE_BARE_SYN && !(me->bits & SIDE_HEARD) && !f->closing && !(peer->bits & SIDE_ACK);
}

static gboolean knows_syn_ack(const Flow *f, guint side, const Segment *s) {
        const FlowSide *me = &f->side[side], *peer = &f->side[other(side)];

        if (peer->bits & SIDE_SYN)
                return s->ack == peer->isn + 1;
        if (me->bits & SIDE_SYN)
                return me->isn == s->seq;
        return FALSE;
}

static Flow *find_syn(Flow *newest, const Segment *s) {
        Flow *f = newest;

        for (guint i = 0; f && i < INCARNATIONS_BACK; i++, f = flow_older(f)) {
                guint side = flow_side_of(f, s);

                if (!f->reported && (s->flags & TCP_ACK ? knows_syn_ack(f, side, s) : knows_syn(f, side, s)))
                        return f;
        }
        return NULL;
}

/*
 * A SYN+ACK that answers no SYN we saw: a stray one of the connection at hand, or the beginning of another.
 */
static gboolean is_stray_syn_ack(const Flow *newest, const Segment *s) {
        return s->flags & TCP_ACK && !newest->closing && distance(newest, flow_side_of(newest, s), s) < NEAR_CLOSING;
}

/*
 * Linux answers a SYN that it does not take in TIME_WAIT or in a synchronised state with an ACK of the old
 * connection (RFC 5961 4, tcp_timewait_state_process()); the sender of the SYN then sends a bare RST that has
 * that ACK's number. The RST speaks for the new connection's socket and ends the old one.
 */
static gboolean answers_challenge(const Flow *newest, const Flow *old, guint side, const Segment *s) {
        if (!(s->flags & TCP_RST) || s->flags & TCP_ACK || newest == old)
                return FALSE;
        return newest->side[side].bits & SIDE_BARE_SYN && !(newest->side[other(side)].bits & SIDE_HEARD);
}

/*
 * The VLANs and tunnels of a side are those of its first packet. A packet of another path is a copy captured
 * elsewhere, or belongs to another connection with the same addresses; the two directions of one
 * connection may well have different ones.
 */
static gboolean path_fits(Flow *f, const Segment *s) {
        guint side = flow_side_of(f, s);
        const FlowSide *me = &f->side[side], *peer = &f->side[other(side)];

        if (me->bits & SIDE_PATH)
                return me->path == s->path || segment_is_copy(f, side, s);
        if (!(peer->bits & SIDE_PATH) || peer->path == s->path)
                return TRUE;
        return distance(best_fit(f, s), side, s) < NEAR;
}

/* @side is set to who sent it. */
static Flow *find_newest(const FlowTable *t, const Segment *s, guint32 hash, guint *side) {
        FlowLookup lookup;
        Flow *f = flow_table_first(t, &lookup, s, hash), *usable = NULL;

        for (; f; f = flow_table_next(t, &lookup)) {
                *side = flow_side_of(f, s);
                if (is_on_path(&f->side[*side], s))
                        return f;
                if (!usable && path_fits(f, s))
                        usable = f;
        }
        if (usable)
                *side = flow_side_of(usable, s);
        return usable;
}

/* Without a handshake the lower port is taken for the server's; equal ones: who spoke first is the client. */
static guint guess_sender(const Segment *s) {
        if (s->flags & TCP_SYN)
                return s->flags & TCP_ACK ? SERVER : CLIENT;
        return s->source_port < s->destination_port ? SERVER : CLIENT;
}

static Match add(FlowTable *t, const Segment *s, guint32 hash, Flow *older) {
        guint sender = guess_sender(s);
        Flow *f = flow_table_add(t, s, hash, sender, older);

        if (f)
                f->roles = !(s->flags & TCP_SYN) ? ROLES_PORT : s->flags & TCP_ACK ? ROLES_SYN_ACK : ROLES_SYN;
        return (Match){ .flow = f, .side = sender };
}

/* A SYN or SYN+ACK: known by its ISN, or the beginning of something. */
static Match match_syn(FlowTable *t, const Segment *s, guint32 hash, Flow *newest) {
        Flow *f = find_syn(newest, s);

        if (!f && is_stray_syn_ack(newest, s))
                f = newest;
        return f ? (Match){ .flow = f, .side = flow_side_of(f, s) } : add(t, s, hash, newest);
}

Match incarnation_match(FlowTable *t, const Segment *s, guint32 hash, Flow *likely) {
        guint side;
        Flow *newest = incarnation_confirm(likely, s, &side), *f;

        if (!newest)
                newest = find_newest(t, s, hash, &side);
        if (!newest && flow_table_is_late(t, s, hash))
                return (Match){ .late = TRUE };
        if (!newest)
                return add(t, s, hash, NULL);
        if (s->flags & TCP_SYN && !(s->flags & TCP_RST))
                return match_syn(t, s, hash, newest);
        f = flow_older(newest) ? best_fit(newest, s) : newest;
        if (f != newest) {
                if (answers_challenge(newest, f, side, s))
                        return (Match){ .flow = newest, .side = side, .ended = f };
                side = flow_side_of(f, s);
        }
        if (is_foreign(f, side, s))
                return add(t, s, hash, newest);
        return (Match){ .flow = f, .side = side };
}

Flow *incarnation_of_quote(const FlowTable *t, const Segment *s, guint32 hash, guint *side) {
        Flow *f = find_newest(t, s, hash, side);

        for (guint i = 0; f && i < INCARNATIONS_BACK; i++) {
                const FlowSide *me = &f->side[flow_side_of(f, s)];

                if (me->bits & SIDE_HEARD && seq_distance(s->seq, flow_side_low(me), me->nxt) == 0) {
                        *side = flow_side_of(f, s);
                        return f;
                }
                f = flow_older(f);
        }
        return NULL;
}
