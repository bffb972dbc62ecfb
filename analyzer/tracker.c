/* SPDX-License-Identifier: BSD-3-Clause */
#include "account.h"
#include "completeness.h"
#include "incarnation.h"
#include "judge.h"
#include "sequence.h"
#include "timeline_log.h"
#include "tracker.h"

/* Hashes are computed and their slots asked for this many segments ahead of the look-up. */
#define LOOKAHEAD 16U

/* Of these a flow keeps the first few for certain; further ones may be thinned out. */
#define PINNED_SYNS 8U
#define PINNED_FINS 24U
#define PINNED_RSTS 16U

struct Tracker {
        TrackerOptions options;
        FlowTable *table;
        TrackerTotals totals;
        gint64 end_ns; /* latest time seen */
};

TrackerOptions tracker_options_default(void) {
        return (TrackerOptions){ .linger_ns = 60 * G_GINT64_CONSTANT(1000000000) };
}

Tracker *tracker_new(const TrackerOptions *options) {
        Tracker *t = g_new0(Tracker, 1);

        t->options = *options;
        t->table = flow_table_new();
        t->end_ns = G_MININT64;
        return t;
}

void tracker_free(Tracker *t) {
        if (!t)
                return;
        for (guint32 i = 1; i <= flow_table_count(t->table); i++) {
                Flow *f = flow_table_get(t->table, i);

                timeline_clear(&f->timeline);
                g_free(f->side[CLIENT].holes);
                g_free(f->side[SERVER].holes);
                g_clear_pointer(&f->zeek_finished, g_array_unref);
        }
        flow_table_free(t->table);
        g_free(t);
}

/* Does the packet move a state, or show that one was moved? */
static gboolean is_pinned(const Flow *f, guint side, const Segment *s, guint16 marks) {
        const FlowSide *me = &f->side[side], *peer = &f->side[other(side)];

        if (s->flags & TCP_RST)
                return me->rst_count <= PINNED_RSTS;
        if (s->flags & TCP_FIN)
                return me->fin_count <= PINNED_FINS;
        if (s->flags & TCP_SYN)
                return me->syn_count <= PINNED_SYNS;
        /* the first acknowledgment of a FIN, or of what may be one that was not captured */
        if (s->flags & TCP_ACK && peer->bits & SIDE_HEARD && seq_after(s->ack, peer->nxt - !!(peer->bits & SIDE_FIN)))
                return !(me->bits & SIDE_ACK) || seq_after(s->ack, me->ack);
        return FALSE;
}

static TimelineEntry make_entry(guint side, const Segment *s, guint16 marks) {
        TimelineEntry e = {
                .time_ns = s->time_ns,
                .frame = s->frame,
                .seq = s->seq,
                .ack = s->ack,
                .payload_bytes = s->payload_bytes,
                .window = s->window,
                .flags = s->flags,
                .ttl = s->ttl,
                .marks = marks | (side == SERVER ? ENTRY_SERVER : 0),
        };

        if (s->facts & SEGMENT_HAS_OPTIONS)
                e.marks |= ENTRY_OPTIONS;
        if (s->facts & SEGMENT_HAS_TIMESTAMP) {
                e.marks |= ENTRY_TIMESTAMP;
                e.tsval = s->tsval;
                e.tsecr = s->tsecr;
        }
        if (!(s->facts & SEGMENT_IPV6)) {
                e.marks |= ENTRY_IP_ID;
                e.ip_id = s->ip_id;
        }
        if (s->sack_blocks) {
                e.marks |= ENTRY_SACK;
                e.sack_right = segment_sack_right(s);
                /* a first block below the acknowledgment, or inside the second, reports a duplicate (RFC 2883 4) */
                if (seq_before(s->sack[0][0], s->ack) ||
                    (s->sack_blocks > 1 && seq_at_or_after(s->sack[0][0], s->sack[1][0]) && !seq_after(s->sack[0][1], s->sack[1][1])))
                        e.marks |= ENTRY_DSACK;
        }
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
static void note_words_of_others(Flow *f, guint side, const Segment *s) {
        f->completeness = completeness_segment(f->completeness, s);
        if (zeek_begins_anew(&f->zeek, s, side)) {
                if (!f->zeek_finished)
                        f->zeek_finished = g_array_new(FALSE, FALSE, sizeof(ZeekFlow));
                if (f->zeek_finished->len <= RECORD_ZEEK_LATER_MAX)
                        g_array_append_val(f->zeek_finished, f->zeek);
                f->zeek = (ZeekFlow){ 0 };
        }
        zeek_segment(&f->zeek, s, side);
}

static void add_segment(Tracker *t, Flow *f, guint side, const Segment *s) {
        FlowSide *me = &f->side[side];
        TimelineEntry e;
        gboolean pinned;

        note_words_of_others(f, side, s);
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
        pinned = FALSE;
        if (s->flags & TCP_ACK)
                pinned = is_pinned(f, side, s, 0);
        e = make_entry(side, s, account_segment(f, side, s));
        if (pinned || is_pinned(f, side, s, e.marks))
                e.marks |= ENTRY_PINNED;
        f->closing |= !!(s->flags & (TCP_FIN | TCP_RST));
        timeline_append(&f->timeline, &e, f->closing);
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
        timeline_append(&f->timeline, &e, f->closing);
}

void tracker_note_time(Tracker *t, gint64 time_ns) {
        t->end_ns = MAX(t->end_ns, time_ns);
}

static void feed_one(Tracker *t, const Segment *s, guint32 hash) {
        Match m;

        t->totals.segments++;
        tracker_note_time(t, s->time_ns);
        if (s->kind == SEGMENT_ICMP_QUOTE) {
                add_quote(t, s, hash);
                return;
        }
        m = incarnation_match(t->table, s, hash);
        if (!m.flow) {
                t->totals.flows_refused++;
                return;
        }
        add_segment(t, m.flow, m.side, s);
        if (m.ended) {
                TimelineEntry e = make_entry(m.side, s, ENTRY_FOREIGN | ENTRY_PINNED);

                timeline_append(&m.ended->timeline, &e, TRUE);
        }
}

void tracker_feed(Tracker *t, const Segment *segments, guint n) {
        guint32 hash[LOOKAHEAD];

        for (guint from = 0; from < n; from += LOOKAHEAD) {
                guint some = MIN(n - from, LOOKAHEAD);

                for (guint i = 0; i < some; i++) {
                        hash[i] = flow_hash(&segments[from + i]);
                        flow_table_prefetch(t->table, hash[i]);
                }
                for (guint i = 0; i < some; i++)
                        feed_one(t, &segments[from + i], hash[i]);
        }
}

static int by_completion(gconstpointer a, gconstpointer b, gpointer table) {
        const Flow *x = flow_table_get(table, *(const guint32 *)a), *y = flow_table_get(table, *(const guint32 *)b);

        if (x->end_ns != y->end_ns)
                return x->end_ns < y->end_ns ? -1 : 1;
        return x->number < y->number ? -1 : x->number > y->number;
}

void tracker_finish(Tracker *t) {
        guint32 n = flow_table_count(t->table);
        g_autofree guint32 *order = g_new(guint32, MAX(n, 1));
        FlowRecord *record = g_new(FlowRecord, 1);

        for (guint32 i = 0; i < n; i++)
                order[i] = i + 1;
        g_qsort_with_data(order, (gint)n, sizeof *order, by_completion, t->table);
        for (guint32 i = 0; i < n; i++) {
                judge_flow(t->table, flow_table_get(t->table, order[i]), t->end_ns, &t->options, record);
                t->options.sink(record, t->options.sink_data);
        }
        g_free(record);
        t->totals.live_flows = 0;
}

const TrackerTotals *tracker_totals(const Tracker *t) {
        TrackerTotals *totals = (TrackerTotals *)&t->totals;

        totals->flows = flow_table_count(t->table);
        totals->bytes = flow_table_bytes(t->table);
        return totals;
}
