/* SPDX-License-Identifier: BSD-3-Clause */
#include "account.h"
#include "completeness.h"
#include "coverage.h"
#include "incarnation.h"
#include "judge.h"
#include "peers.h"
#include "sequence.h"
#include "timeline_log.h"
#include "tracker.h"

/* Hashes are computed and their slots asked for this many segments ahead of the look-up. */
#define LOOKAHEAD 16U

/* Of these a flow keeps the first few for certain; further ones may be thinned out. */
#define PINNED_SYNS 8U
#define PINNED_FINS 24U
#define PINNED_RSTS 16U

/* Room for so many closed flows at first; a power of two. */
#define CLOSED_FIRST 1024U

struct Tracker {
        TrackerOptions options;
        FlowTable *table;
        Peers *peers;
        TrackerTotals totals;
        Coverage coverage;
        struct {
                Flow **flows; /* both ends have closed, oldest first: a ring */
                guint32 first, n, mask;
        } closed;
        FlowRecord *record; /* the one that is being reported */
};

TrackerOptions tracker_options_default(void) {
        return (TrackerOptions){ .linger_ns = 60 * G_GINT64_CONSTANT(1000000000) };
}

Tracker *tracker_new(const TrackerOptions *options) {
        Tracker *t = g_new0(Tracker, 1);

        t->options = *options;
        t->table = flow_table_new();
        t->peers = peers_new();
        t->record = g_new(FlowRecord, 1);
        t->closed.flows = g_new(Flow *, CLOSED_FIRST);
        t->closed.mask = CLOSED_FIRST - 1;
        coverage_init(&t->coverage);
        return t;
}

void tracker_free(Tracker *t) {
        if (!t)
                return;
        flow_table_free(t->table);
        peers_free(t->peers);
        coverage_clear(&t->coverage);
        g_free(t->closed.flows);
        g_free(t->record);
        g_free(t);
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
static gboolean is_pinned(const FlowSide *me, const Segment *s) {
        if (s->flags & TCP_RST)
                return me->rst_count <= PINNED_RSTS;
        if (s->flags & TCP_FIN)
                return me->fin_count <= PINNED_FINS;
        return s->flags & TCP_SYN && me->syn_count <= PINNED_SYNS;
}

/* A first block below the acknowledgment, or inside the second, reports a duplicate (RFC 2883 4). */
static void add_sack(TimelineEntry *e, const Segment *s) {
        e->marks |= ENTRY_SACK;
        e->sack_right = segment_sack_right(s);
        if (seq_before(s->sack[0][0], s->ack) ||
            (s->sack_blocks > 1 && seq_at_or_after(s->sack[0][0], s->sack[1][0]) && !seq_after(s->sack[0][1], s->sack[1][1])))
                e->marks |= ENTRY_DSACK;
}

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
                .marks = (guint16)(marks | (side == SERVER ? ENTRY_SERVER : 0) | (s->facts & SEGMENT_HAS_OPTIONS ? ENTRY_OPTIONS : 0) |
                                   (s->facts & SEGMENT_OPTIONS_CUT ? ENTRY_OPTIONS_CUT : 0) |
                                   (s->facts & SEGMENT_HAS_TIMESTAMP ? ENTRY_TIMESTAMP : 0) | (s->facts & SEGMENT_IPV6 ? 0 : ENTRY_IP_ID)),
        };

        if (G_UNLIKELY(s->sack_blocks))
                add_sack(&e, s);
        return e;
}

static void note_times(Flow *f, const Segment *s) {
        if (!f->first_frame) {
                f->first_frame = s->frame;
                f->start_ns = s->time_ns;
                f->end_ns = s->time_ns;
                f->ipv6 = !!(s->facts & SEGMENT_IPV6);
        }
        f->last_frame = s->frame;
        f->start_ns = MIN(f->start_ns, s->time_ns);
        f->end_ns = MAX(f->end_ns, s->time_ns);
}

/* A packet that cannot be new: it moves neither sequence numbers nor acknowledgments. */
static gboolean may_be_copy(const FlowSide *me, const Segment *s) {
        return me->packets && !seq_after(s->seq + segment_sequence_length(s), me->nxt) &&
               (!(s->flags & TCP_ACK) || !(me->bits & SIDE_ACK) || !seq_after(s->ack, me->ack));
}

/* Copies too: other tools do not know them for what they are. */
static void note_words_of_others(const Tracker *t, Flow *f, guint side, const Segment *s) {
        ZeekFlow *row;

        f->completeness = completeness_segment(f->completeness, s);
        if (!t->options.zeek)
                return;
        if (!f->zeek)
                f->zeek = g_array_sized_new(FALSE, TRUE, sizeof(ZeekFlow), 1);
        row = f->zeek->len ? &g_array_index(f->zeek, ZeekFlow, f->zeek->len - 1) : NULL;
        if (!row || (f->zeek->len <= RECORD_ZEEK_LATER_MAX && zeek_begins_anew(row, s, side))) {
                g_array_set_size(f->zeek, f->zeek->len + 1);
                row = &g_array_index(f->zeek, ZeekFlow, f->zeek->len - 1);
        }
        zeek_segment(row, s, side);
}

static void add_segment(Tracker *t, Flow *f, guint side, const Segment *s) {
        FlowSide *me = &f->side[side];
        TimelineEntry e;
        gboolean acks_fin;

        note_words_of_others(t, f, side, s);
        if ((me->bits & SIDE_HEARD || s->flags & TCP_RST) && may_be_copy(me, s) && segment_is_copy(f, side, s)) {
                me->copies++;
                t->totals.copies++;
                return;
        }
        if (!(me->bits & SIDE_PATH)) {
                me->path = s->path;
                me->bits |= SIDE_PATH;
        }
        note_times(f, s);
        acks_fin = is_first_ack_of_fin(f, side, s);
        e = make_entry(side, s, account_segment(f, side, s));
        if (acks_fin || is_pinned(me, s))
                e.marks |= ENTRY_PINNED;
        if (side == CLIENT && s->facts & SEGMENT_HAS_TIMESTAMP && (s->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN)
                peers_note_syn(t->peers, f, s);
        else if (side == SERVER && me->packets == 1)
                peers_note_answer(t->peers, f, s);
        f->closing |= !!(s->flags & (TCP_FIN | TCP_RST));
        timeline_append(flow_table_timelines(t->table), &f->timeline, &e, f->closing);
}

static void add_quote(Tracker *t, const Segment *s, guint32 hash) {
        guint side;
        Flow *f = incarnation_of_quote(t->table, s, hash, &side);
        TimelineEntry e;

        if (!f) {
                t->totals.icmp_unmatched++;
                return;
        }
        e = (TimelineEntry){ .time_ns = s->time_ns,
                             .frame = s->frame,
                             .seq = s->seq,
                             .window = s->icmp_code,
                             .flags = s->icmp_type,
                             .ttl = s->ttl,
                             .marks = ENTRY_ICMP | (side == SERVER ? ENTRY_SERVER : 0) };
        f->icmp_errors++;
        timeline_append(flow_table_timelines(t->table), &f->timeline, &e, f->closing);
}

void tracker_note_frame(Tracker *t, FrameRef frame, gint64 time_ns) {
        coverage_note(&t->coverage, frame, time_ns);
}

static gboolean judge(Tracker *t, const Flow *f) {
        return judge_flow(f, coverage_end(&t->coverage, f->end_ns), &t->options, t->record);
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

static Flow **closed_at(const Tracker *t, guint32 i) {
        return &t->closed.flows[(t->closed.first + i) & t->closed.mask];
}

static void grow_closed(Tracker *t) {
        guint32 size = (t->closed.mask + 1) * 2;
        Flow **flows = g_new(Flow *, size);

        for (guint32 i = 0; i < t->closed.n; i++)
                flows[i] = *closed_at(t, i);
        g_free(t->closed.flows);
        t->closed.flows = flows;
        t->closed.first = 0;
        t->closed.mask = size - 1;
}

static void queue_closed(Tracker *t, Flow *f) {
        if (t->closed.n > t->closed.mask)
                grow_closed(t);
        f->queued = TRUE;
        f->queued_ns = f->end_ns;
        *closed_at(t, t->closed.n++) = f;
}

static void report(Tracker *t, gboolean textbook) {
        t->options.sink(t->record, t->options.sink_data);
        t->totals.reported++;
        t->totals.textbook += textbook;
}

static void report_if_final(Tracker *t, Flow *f) {
        gboolean textbook = judge(t, f);

        if (t->record->side[CLIENT].state != STATE_CLOSED || t->record->side[SERVER].state != STATE_CLOSED)
                return; /* the RST was none to the other end */
        report(t, textbook);
        flow_table_reported(t->table, f);
}

/* They have not been touched for minutes: what the next ones need is asked for while this one is judged. */
#define CLOSED_AHEAD 8U

static void prefetch_closed(const Tracker *t) {
        if (t->closed.n > 2 * CLOSED_AHEAD)
                flow_prefetch(*closed_at(t, 2 * CLOSED_AHEAD));
        if (t->closed.n > CLOSED_AHEAD)
                flow_table_prefetch_rest(t->table, *closed_at(t, CLOSED_AHEAD));
}

/*
 * By the time of the segment at hand, not the latest seen: a clock may have been set back, and frames may
 * have been looked at ahead.
 */
static void report_closed(Tracker *t, gint64 now_ns) {
        while (t->closed.n > 0) {
                Flow *f = *closed_at(t, 0);

                if (now_ns - f->queued_ns < FINAL_NS)
                        return;
                prefetch_closed(t);
                t->closed.first++;
                t->closed.n--;
                f->queued = FALSE;
                if (f->end_ns > f->queued_ns)
                        queue_closed(t, f);
                else
                        report_if_final(t, f);
        }
}

static void feed_one(Tracker *t, const Segment *s, guint32 hash, Flow *likely) {
        Match m;

        t->totals.segments++;
        report_closed(t, s->time_ns);
        if (s->kind == SEGMENT_ICMP_QUOTE) {
                add_quote(t, s, hash);
                return;
        }
        m = incarnation_match(t->table, s, hash, likely);
        if (!m.flow) {
                t->totals.late_segments += m.late;
                t->totals.flows_refused += !m.late;
                return;
        }
        add_segment(t, m.flow, m.side, s);
        if (m.flow->closing && !m.flow->queued && has_closed(m.flow))
                queue_closed(t, m.flow);
        if (m.ended) {
                TimelineEntry e = make_entry(m.side, s, ENTRY_FOREIGN | ENTRY_PINNED);

                m.ended->met_foreign = TRUE;
                timeline_append(flow_table_timelines(t->table), &m.ended->timeline, &e, TRUE);
        }
}

void tracker_feed(Tracker *t, const Segment *segments, guint n) {
        guint32 hash[LOOKAHEAD];
        Flow *flow[LOOKAHEAD];

        for (guint from = 0; from < n; from += LOOKAHEAD) {
                guint some = MIN(n - from, LOOKAHEAD);

                for (guint i = 0; i < some; i++) {
                        hash[i] = flow_hash(&segments[from + i]);
                        flow_table_prefetch_slot(t->table, hash[i]);
                }
                for (guint i = 0; i < some; i++)
                        flow[i] = flow_table_prefetch_flow(t->table, hash[i]);
                for (guint i = 0; i < some; i++)
                        flow_prefetch_timeline(flow[i]);
                for (guint i = 0; i < some; i++)
                        feed_one(t, &segments[from + i], hash[i], flow[i]);
        }
}

static int by_completion(gconstpointer a, gconstpointer b) {
        const Flow *x = *(const Flow *const *)a, *y = *(const Flow *const *)b;

        if (x->end_ns != y->end_ns)
                return x->end_ns < y->end_ns ? -1 : 1;
        return x->number < y->number ? -1 : x->number > y->number;
}

void tracker_finish(Tracker *t) {
        g_autoptr(GPtrArray) rest = flow_table_rest(t->table);

        g_ptr_array_sort(rest, by_completion);
        for (guint i = 0; i < rest->len; i++) {
                Flow *f = rest->pdata[i];

                f->peer = peers_of(t->peers, f);
                report(t, judge(t, f));
        }
}

const TrackerTotals *tracker_totals(const Tracker *t) {
        TrackerTotals *totals = (TrackerTotals *)&t->totals;

        totals->flows = flow_table_count(t->table);
        totals->live_flows = totals->flows - totals->reported;
        totals->bytes = flow_table_bytes(t->table) + peers_bytes(t->peers);
        totals->peers_given_up = peers_given_up(t->peers);
        return totals;
}
