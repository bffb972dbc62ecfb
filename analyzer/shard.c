/* SPDX-License-Identifier: BSD-3-Clause */
#include "account.h"
#include "budget.h"
#include "completeness.h"
#include "incarnation.h"
#include "pages.h"
#include "sequence.h"
#include "shard.h"
#include "timeline_log.h"
#include "zeek_rows.h"

/* So many chains ahead a slot is asked for; then the flow that it names; then the end of that one's timeline. */
#define AHEAD_SLOT 24U
#define AHEAD_FLOW 16U
#define AHEAD_TIMELINE 8U
#define AHEAD 32U /* a power of two beyond them */
#define CHAIN_AHEAD 8U /* segments of a chain */

/* Of these a flow keeps the first few for certain; further ones may be thinned out. */
#define PINNED_SYNS 8U
#define PINNED_FINS 24U
#define PINNED_RSTS 16U

/* Room for so many closed flows at first; a power of two. */
#define CLOSED_FIRST 1024U

Shard *shard_new(const TrackerOptions *options) {
        Shard *x = g_new0(Shard, 1);

        x->zeek = options->zeek;
        x->in_full = options->in_full;
        x->memory_bytes = options->memory_bytes / SHARDS;
        x->table = flow_table_new();
        x->closed.flows = pages_alloc(CLOSED_FIRST * sizeof(Due));
        x->closed.mask = CLOSED_FIRST - 1;
        return x;
}

void shard_free(Shard *x) {
        flow_table_free(x->table);
        pages_free(x->closed.flows, (x->closed.mask + (gsize)1) * sizeof(Due));
        due_list_clear(&x->due);
        g_free(x);
}

/*
 * The first acknowledgment of a FIN, or of what may be one that was not captured: asked before the segment is
 * accounted for.
 */
static gboolean is_first_ack_of_fin(const Flow *f, guint side, const Segment *s) {
        const FlowSide *me = &f->side[side], *peer = &f->side[other(side)];

        return s->flags & TCP_ACK && peer->bits & SIDE_HEARD && seq_after(s->ack, peer->nxt - !!(peer->bits & SIDE_FIN)) &&
               (!(me->bits & SIDE_ACK) || seq_after(s->ack, me->ack));
}

/* Flags that move a state, or show that one was moved. */
static gboolean is_pinned(const Flow *f, guint side, const Segment *s) {
        if (s->flags & TCP_RST)
                return flow_rst_count(f, side) <= PINNED_RSTS;
        if (s->flags & TCP_FIN)
                return flow_fin_count(f, side) <= PINNED_FINS;
        return s->flags & TCP_SYN && flow_syn_count(f, side) <= PINNED_SYNS;
}

static void add_sack(TimelineEntry *e, const Segment *s) {
        e->marks |= ENTRY_SACK | (s->facts & SEGMENT_DSACK ? ENTRY_DSACK : 0);
        e->sack_right = s->sack_right;
}

/* Facts and marks that mean the same are the same bits: most entries are made of no more than this. */
#define SAME_BITS (SEGMENT_HAS_TIMESTAMP | SEGMENT_HAS_OPTIONS | SEGMENT_OPTIONS_CUT)
G_STATIC_ASSERT((guint)SEGMENT_HAS_TIMESTAMP == (guint)ENTRY_TIMESTAMP && (guint)SEGMENT_HAS_OPTIONS == (guint)ENTRY_OPTIONS &&
                (guint)SEGMENT_OPTIONS_CUT == (guint)ENTRY_OPTIONS_CUT && SEGMENT_IPV6 == 1);

/* What the capture has of @s; a field is 0 where the packet had none. */
static inline TimelineEntry make_entry(guint side, const Segment *s, guint16 marks) {
        TimelineEntry e = {
                .time_ns = s->time_ns,
                .frame = s->frame,
                .seq = s->seq,
                .ack = s->ack,
                .payload_bytes = s->payload_bytes,
                .tsval = s->tsval,
                .tsecr = s->tsecr,
                .window = s->window,
                .ip_id = s->ip_id,
                .flags = s->flags,
                .ttl = s->ttl,
                .marks = (guint16)(marks | side * ENTRY_SERVER | (s->facts & SAME_BITS) | (~(guint)s->facts & SEGMENT_IPV6) * ENTRY_IP_ID),
        };

        if (G_UNLIKELY(s->sack_blocks))
                add_sack(&e, s);
        return e;
}

static void note_start(Flow *f, const Segment *s) {
        if (!f->first_frame) {
                f->ipv6 = !!(s->facts & SEGMENT_IPV6);
                timeline_begin(f, s->time_ns, s->frame);
        } else if (G_UNLIKELY(s->time_ns < f->start_ns)) {
                FlowRare *rare = flow_note_add(f, NOTE_RARE);

                rare->moved_ns += f->start_ns - s->time_ns;
                f->start_ns = s->time_ns;
        }
}

/* A packet that cannot be new: it moves neither sequence numbers nor acknowledgments. */
static gboolean may_be_copy(const FlowSide *me, const Segment *s) {
        if (!(me->bits & SIDE_PATH) || seq_after(s->seq + segment_sequence_length(s), me->nxt))
                return FALSE;
        return !(s->flags & TCP_ACK) || (me->bits & SIDE_ANY_ACK && (!(me->bits & SIDE_ACK) || !seq_after(s->ack, me->ack)));
}

/* What others are told of @s, which @f has just taken in. */
static inline guint8 what_it_did(guint side, gboolean first, const Segment *s) {
        if (side == SERVER)
                return first ? EVENT_ANSWER : 0;
        return (s->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN && s->facts & SEGMENT_HAS_TIMESTAMP ? EVENT_SYN : 0;
}

static G_GNUC_NO_INLINE void append(Flow *f, guint side, const Segment *s, guint16 marks) {
        TimelineEntry e = make_entry(side, s, marks);

        timeline_append(f, &e, f->closing);
}

/* The entry of most packets is never in memory. */
static G_ALWAYS_INLINE inline void append_next(Flow *f, guint side, const Segment *s, guint16 marks) {
        TimelineEntry e = make_entry(side, s, marks);

        if (!timeline_append_short(f, &e, f->closing))
                append(f, side, s, marks);
}

static void append_syn(Flow *f, guint side, const Segment *s) {
        TimelineEntry e = make_entry(side, s, ENTRY_PINNED);

        timeline_append_syn(f, &e);
}

static void take_path(FlowSide *me, const Segment *s) {
        me->path = s->path;
        me->bits |= SIDE_PATH;
}

static void note_zeek(const Shard *x, Flow *f, guint side, const Segment *s, gboolean copy) {
        if (copy || x->in_full)
                zeek_rows_note(f, side, s);
        else
                zeek_rows_note_odd(f, side, s);
}

/* Returns: EVENT_ bits. */
static guint8 add_segment(Shard *x, Flow *f, guint side, const Segment *s) {
        FlowSide *me = &f->side[side];
        gboolean acks_fin, copy, first = !(me->bits & SIDE_PATH);
        guint16 marks;

        f->completeness = completeness_segment(f->completeness, s);
        copy = (me->bits & SIDE_HEARD || s->flags & TCP_RST) && may_be_copy(me, s) && segment_is_copy(f, side, s);
        if (G_UNLIKELY(x->zeek))
                note_zeek(x, f, side, s, copy);
        if (copy) {
                ((FlowLosses *)flow_note_add(f, NOTE_CLIENT_LOSSES + side))->copies++;
                x->totals.copies++;
                return 0;
        }
        if (first)
                take_path(me, s);
        note_start(f, s);
        acks_fin = is_first_ack_of_fin(f, side, s);
        marks = account_segment(f, side, s);
        if (acks_fin || is_pinned(f, side, s))
                marks |= ENTRY_PINNED;
        f->closing |= !!(s->flags & (TCP_FIN | TCP_RST));
        append(f, side, s, marks);
        return what_it_did(side, first, s);
}

/* What is not of @f's packets: Zeek's rows have nothing of it. */
static void append_aside(const Shard *x, Flow *f, const TimelineEntry *e, gboolean closing) {
        if (x->zeek && timeline_is_full(&f->timeline, closing))
                zeek_rows_keep(f);
        timeline_append(f, e, closing);
}

static void add_quote(Shard *x, const Segment *s, guint32 hash) {
        guint side;
        Flow *f = incarnation_of_quote(x->table, s, hash, &side);
        TimelineEntry e;

        if (!f) {
                x->totals.icmp_unmatched++;
                return;
        }
        e = (TimelineEntry){ .time_ns = s->time_ns,
                             .frame = s->frame,
                             .seq = s->seq,
                             .window = s->icmp_code,
                             .flags = s->icmp_type,
                             .ttl = s->ttl,
                             .marks = ENTRY_ICMP | (side == SERVER ? ENTRY_SERVER : 0) };
        ((FlowRare *)flow_note_add(f, NOTE_RARE))->icmp_errors++;
        append_aside(x, f, &e, f->closing);
}

/*
 * A flow whose ends have both closed is reported once nothing can come of it any more: after the longest
 * TIME_WAIT of a known host (Windows 2000, Solaris 8). One that is open, or half-closed, waits for the end of
 * the capture, however long it is idle.
 */
#define FINAL_NS (240 * G_GINT64_CONSTANT(1000000000))

static gboolean has_closed(const Flow *f) {
        const FlowSide *c = &f->side[CLIENT], *s = &f->side[SERVER];

        /* RSTs alone are no connection that could be over */
        if ((c->bits | s->bits) & SIDE_RST)
                return (c->bits | s->bits) & SIDE_HEARD;
        return c->bits & s->bits & SIDE_FIN && seq_at_or_after(c->ack, s->fin_end) && seq_at_or_after(s->ack, c->fin_end);
}

static Due *closed_at(const Shard *x, guint32 i) {
        return &x->closed.flows[(x->closed.first + i) & x->closed.mask];
}

static void grow_closed(Shard *x) {
        guint32 size = (x->closed.mask + 1) * 2;
        Due *flows = pages_alloc(size * sizeof(Due));

        for (guint32 i = 0; i < x->closed.n; i++)
                flows[i] = *closed_at(x, i);
        pages_hand_down(x->closed.flows, (x->closed.mask + (gsize)1) * sizeof(Due));
        x->closed.flows = flows;
        x->closed.first = 0;
        x->closed.mask = size - 1;
}

static void queue_closed(Shard *x, Due closed) {
        if (x->closed.n > x->closed.mask)
                grow_closed(x);
        closed.flow->queued = TRUE;
        *closed_at(x, x->closed.n++) = closed;
}

/* @f has closed with the segment at @at of the block: its place in the queue is that one's. */
static void note_closing(Shard *x, Flow *f, guint at) {
        Closing *c = &x->closing;

        f->queued = TRUE;
        c->places[at / 64] |= G_GUINT64_CONSTANT(1) << at % 64;
        c->nth[at] = (guint16)c->n;
        c->due[c->n++] = (Due){ .end_ns = flow_end_ns(f), .flow = f };
}

static void queue_closing(Shard *x) {
        Closing *c = &x->closing;

        for (guint i = 0; c->n > 0 && i < G_N_ELEMENTS(c->places); i++)
                for (; c->places[i]; c->places[i] &= c->places[i] - 1) {
                        const Due *due = &c->due[c->nth[i * 64 + (guint)__builtin_ctzll(c->places[i])]];

                        timeline_trim(due->flow);
                        queue_closed(x, *due);
                }
        c->n = 0;
}

/* ── What is to be reported ──────────────────────────────────────────────── */

/* Of flows that have not been touched for minutes what the next ones need is asked for meanwhile. */
#define CLOSED_AHEAD 24U

/* Nearly in order already. */
static void add_due(Shard *x, Flow *f) {
        const Due due = { .end_ns = flow_end_ns(f), .flow = f };
        guint i = x->due.n;

        due_list_add(&x->due, due);
        for (; i > 0 && x->due.due[i - 1].end_ns > due.end_ns; i--)
                x->due.due[i] = x->due.due[i - 1];
        x->due.due[i] = due;
}

Flow *shard_oldest_closed(Shard *x) {
        Flow *f;

        if (x->closed.n == 0)
                return NULL;
        f = closed_at(x, 0)->flow;
        x->closed.first++;
        x->closed.n--;
        f->queued = FALSE;
        return f;
}

/* By the time of the latest frame, not by the latest time: a clock may have been set back. */
static void collect_closed(Shard *x, gint64 now_ns) {
        guint32 n = x->closed.n;

        while (n-- > 0) {
                const Due closed = *closed_at(x, 0);

                if (now_ns - closed.end_ns < FINAL_NS)
                        return;
                if (x->closed.n > CLOSED_AHEAD)
                        flow_prefetch(closed_at(x, CLOSED_AHEAD)->flow);
                shard_oldest_closed(x);
                if (flow_end_ns(closed.flow) > closed.end_ns)
                        queue_closed(x, (Due){ flow_end_ns(closed.flow), closed.flow });
                else
                        add_due(x, closed.flow);
                flow_prefetch_rest(closed.flow);
        }
}

static void collect_rest(Shard *x) {
        guint32 place = 0;
        Flow *f;

        due_list_reserve(&x->due, (guint)flow_table_use(x->table).flows);
        while ((f = flow_table_each(x->table, &place)))
                due_list_add(&x->due, (Due){ .end_ns = flow_end_ns(f), .flow = f });
        due_list_sort(&x->due);
}

static void prefetch_slot_of_due(const Shard *x, guint i) {
        if (i < x->due.n && x->due.due[i].flow)
                flow_table_prefetch_slot(x->table, x->due.due[i].flow->hash);
}

/* Those that have been reported since: their memory goes back. */
static void release_due(Shard *x) {
        for (guint i = 0; i < CLOSED_AHEAD; i++)
                prefetch_slot_of_due(x, i);
        for (guint i = 0; i < x->due.n; i++) {
                const Due *due = &x->due.due[i];
                Flow *f = due->flow;

                x->totals.given_up.closed -= !f && due->given_up_as_closed;
                prefetch_slot_of_due(x, i + CLOSED_AHEAD);
                if (f && f->given_up && shard_is_half_open(f))
                        flow_table_forgotten(x->table, f);
                else if (f)
                        flow_table_reported(x->table, f);
        }
        x->due.n = 0;
}

/* ── Feeding ─────────────────────────────────────────────────────────────── */

/* Most packets: the next one of a connection that is known by its handshake. Returns: FALSE, with nothing done, for others. */
static G_GNUC_NO_INLINE gboolean feed_next(Shard *x, guint at, const Segment *s, Flow *likely) {
        guint side;
        Flow *f = incarnation_confirm(likely, s, &side);
        guint16 marks;

        if (!f || s->kind != SEGMENT_TCP || s->time_ns < flow_end_ns(f) || !account_next(f, side, s, &marks))
                return FALSE;
        f->completeness = completeness_next(f->completeness, s);
        if (G_UNLIKELY(x->zeek))
                zeek_rows_note_next(f, side, s);
        f->closing |= s->flags & TCP_FIN;
        append_next(f, side, s, marks);
        if (f->closing && !f->queued && has_closed(f))
                note_closing(x, f, at);
        return TRUE;
}

static void note_words_of_others(const Shard *x, Flow *f, guint side, const Segment *s) {
        f->completeness = completeness_segment(f->completeness, s);
        if (G_UNLIKELY(x->zeek))
                zeek_rows_note_next(f, side, s);
}

/* The first SYN of a connection: nothing was known of it. Returns: NULL, with nothing done, for others. */
static Flow *feed_syn(Shard *x, const Segment *s, guint32 hash) {
        Flow *f = flow_table_add_first(x->table, s, hash);

        if (!f)
                return NULL;
        f->roles = ROLES_SYN;
        note_words_of_others(x, f, CLIENT, s);
        note_start(f, s);
        take_path(&f->side[CLIENT], s);
        account_opening(&f->side[CLIENT], s);
        append_syn(f, CLIENT, s);
        return f;
}

/* The SYN+ACK that answers it, while nothing else has come. */
static Flow *feed_answer(Shard *x, const Segment *s, Flow *likely) {
        const FlowSide *client = &likely->side[CLIENT];
        const guint opened = SIDE_HEARD | SIDE_SYN | SIDE_BARE_SYN | SIDE_PATH;

        if (!likely->indexed || (client->bits & ~(guint)SIDE_LINUX) != opened || likely->side[SERVER].bits || client->path != s->path ||
            s->ack != client->nxt || s->ack != client->isn + 1 || s->time_ns < flow_end_ns(likely) || ends_sender(&likely->ends, s) != SERVER)
                return NULL;
        note_words_of_others(x, likely, SERVER, s);
        take_path(&likely->side[SERVER], s);
        account_opening(&likely->side[SERVER], s);
        append_syn(likely, SERVER, s);
        return likely;
}

/* Returns: the flow whose first packet of a side it was, as in nearly all connections; NULL, with nothing done, for others. @did: EVENT_ bits */
static inline Flow *feed_opening(Shard *x, const Segment *s, guint32 hash, Flow *likely, guint8 *did) {
        const guint flags = s->flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK);
        Flow *f = NULL;

        if (s->kind != SEGMENT_TCP || s->payload_bytes)
                return NULL;
        if (flags == TCP_SYN && (f = feed_syn(x, s, hash)))
                *did = what_it_did(CLIENT, TRUE, s) | EVENT_BIRTH;
        else if (flags == (TCP_SYN | TCP_ACK) && likely && (f = feed_answer(x, s, likely)))
                *did = what_it_did(SERVER, TRUE, s);
        return f;
}

/* @at: its place in the block. Returns: the flow that took it in; NULL if none did, or it did nothing. @did: EVENT_ bits */
static Flow *feed_one(Shard *x, guint at, const Segment *s, guint32 hash, Flow *likely, guint8 *did) {
        gboolean born;
        Match m;

        if (s->kind == SEGMENT_ICMP_QUOTE) {
                add_quote(x, s, hash);
                return NULL;
        }
        m = incarnation_match(x->table, s, hash, likely);
        if (!m.flow) {
                x->totals.late_segments += m.late;
                x->totals.flows_refused += !m.late;
                return NULL;
        }
        born = !m.flow->first_frame;
        *did = add_segment(x, m.flow, m.side, s) | (born ? EVENT_BIRTH : 0);
        if (m.flow->closing && !m.flow->queued && has_closed(m.flow))
                note_closing(x, m.flow, at);
        if (m.ended) {
                TimelineEntry e = make_entry(m.side, s, ENTRY_FOREIGN | ENTRY_PINNED);

                m.ended->met_foreign = TRUE;
                append_aside(x, m.ended, &e, TRUE);
        }
        return m.flow;
}

/* @likely: what was found ahead; NULL where the flow was not there yet. Returns: as feed_one() */
static inline Flow *feed(Shard *x, guint at, const Segment *s, guint32 hash, Flow *likely, guint8 *did) {
        Flow *f;

        if (x->in_full)
                return feed_one(x, at, s, hash, likely, did);
        if (!likely)
                likely = flow_table_peek(x->table, hash);
        if (!(s->flags & TCP_SYN))
                return feed_next(x, at, s, likely) ? NULL : feed_one(x, at, s, hash, likely, did);
        f = feed_opening(x, s, hash, likely, did);
        return f ? f : feed_one(x, at, s, hash, likely, did);
}

/* ── Blocks ──────────────────────────────────────────────────────────────── */

/* Chains on their way: what each is going to touch is asked for in steps, one after the other being known. */
typedef struct Ahead {
        Flow *likely[AHEAD]; /* of the chains from the one that is fed on, a ring */
} Ahead;

/* Another thread may have read it from the file. */
static inline void prefetch_segment(const Segment *s) {
        __builtin_prefetch(s);
        __builtin_prefetch((const char *)(s + 1) - 1);
}

/* Those behind the first one, which has been asked for; of a long chain feed_chain() asks for the rest. */
static inline void prefetch_chain(const Block *b, guint at) {
        guint next = b->next[at];

        for (guint i = 1; i < CHAIN_AHEAD && next != CHAIN_END; i++, next = b->next[next])
                prefetch_segment(&b->segment[next]);
}

static void look_ahead(const Shard *x, Ahead *ahead, const Block *b, const guint16 *chain, guint n, guint i) {
        if (i + AHEAD_SLOT < n) {
                flow_table_prefetch_slot(x->table, b->hash[chain[i + AHEAD_SLOT]]);
                prefetch_segment(&b->segment[chain[i + AHEAD_SLOT]]);
        }
        if (i + AHEAD_FLOW < n) {
                prefetch_chain(b, chain[i + AHEAD_FLOW]);
                ahead->likely[(i + AHEAD_FLOW) % AHEAD] = flow_table_prefetch_flow(x->table, b->hash[chain[i + AHEAD_FLOW]]);
        }
        if (i + AHEAD_TIMELINE < n)
                flow_prefetch_timeline(ahead->likely[(i + AHEAD_TIMELINE) % AHEAD]);
}

/* The segments of one hash from @at on: nearly always of one flow. Returns: how many. */
static guint feed_chain(Shard *x, const Block *b, guint at, Flow *likely) {
        guint n = 0;

        for (guint next; at != CHAIN_END; at = next, n++) {
                guint8 did = 0;
                Flow *f;

                next = b->next[at];
                if (next != CHAIN_END)
                        prefetch_segment(&b->segment[next]);
                f = feed(x, at, &b->segment[at], b->hash[at], likely, &did);
                if (!f)
                        continue;
                if (did)
                        x->event[x->n_events++] = (ShardEvent){ f, (guint16)at, did };
                likely = f->indexed ? f : NULL;
        }
        return n;
}

void shard_feed(Shard *x, const Block *b, guint number) {
        const guint16 *chain = b->chain[number];
        guint n = b->count[number];
        Ahead ahead;

        release_due(x);
        x->n_events = 0;
        for (guint i = -AHEAD_SLOT; i != n; i++) {
                look_ahead(x, &ahead, b, chain, n, i);
                if (i < n) /* else there is nothing to feed yet */
                        x->totals.segments += feed_chain(x, b, chain[i], ahead.likely[i % AHEAD]);
        }
        queue_closing(x);
        if (b->last) {
                collect_rest(x);
                return;
        }
        if (x->memory_bytes > 0)
                budget_keep(x, b->now_ns);
        collect_closed(x, b->now_ns);
}
