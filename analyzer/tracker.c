/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "budget.h"
#include "judge.h"
#include "shard.h"
#include "tracker.h"

#define SLICE_FLOWS 32U
#define SLICE_ENTRIES (SLICE_FLOWS * 32) /* of timelines: more are asked for where that does not do */

struct Slice {
        gboolean took_all; /* the tracker had, when it was claimed */
        guint n;
        Due *due[SLICE_FLOWS];
        guint n_records;
        guint textbook; /* of them were */
        FlowRecord record[SLICE_FLOWS];
        GPtrArray *entries; /* memory for timelines */
        guint left;         /* of the last piece */
};

struct Tracker {
        TrackerOptions options;
        Shard *shard[SHARDS];
        const ShardEvent *event[BLOCK_FRAMES]; /* of the block that is settled */
        guint claimed[SHARDS]; /* of what is due there */
        Surroundings around;
        Coverage coverage;
        gboolean begun, took_all, took_rest;
        gint64 begun_ns; /* first frame */
        Peers *peers;
        guint64 flows, reported, textbook;
        TrackerTotals totals; /* as they were last asked for */
        Slice *slice;         /* of tracker_take() */
};

TrackerOptions tracker_options_default(void) {
        return (TrackerOptions){ .linger_ns = 60 * G_GINT64_CONSTANT(1000000000) };
}

Tracker *tracker_new(const TrackerOptions *options) {
        Tracker *t = g_new0(Tracker, 1);

        t->options = *options;
        t->peers = peers_new();
        coverage_init(&t->coverage);
        for (guint i = 0; i < SHARDS; i++)
                t->shard[i] = shard_new(options);
        return t;
}

void tracker_free(Tracker *t) {
        if (!t)
                return;
        for (guint i = 0; i < SHARDS; i++)
                shard_free(t->shard[i]);
        peers_free(t->peers);
        coverage_clear(&t->coverage);
        if (t->slice)
                slice_free(t->slice);
        g_free(t);
}

/* ── Feed and settle ─────────────────────────────────────────────────────── */

void tracker_feed(Tracker *t, Block *b, guint shard) {
        shard_feed(t->shard[shard], b, shard);
}

static void settle_birth(Tracker *t, Flow *f) {
        FlowLinks *links = flow_note(f, NOTE_LINKS);

        f->number = (guint32)++t->flows;
        if (links && links->older)
                links->previous = links->older->number;
}

/* So many events ahead what is known of a client is looked for, and then asked for. */
#define PEERS_AHEAD_FAR 32U
#define PEERS_AHEAD_NEAR 16U

static void look_ahead(const Tracker *t, guint n, guint i) {
        if (i + PEERS_AHEAD_FAR < n && t->event[i + PEERS_AHEAD_FAR]->did & EVENT_SYN)
                peers_prefetch_bucket(t->peers, t->event[i + PEERS_AHEAD_FAR]->flow);
        if (i + PEERS_AHEAD_NEAR < n && t->event[i + PEERS_AHEAD_NEAR]->did & EVENT_SYN)
                peers_prefetch_peer(t->peers, t->event[i + PEERS_AHEAD_NEAR]->flow);
}

/* Puts the events of all shards in the order of the input. Returns: how many. */
static guint order_events(Tracker *t, guint places) {
        guint n = 0;

        memset(t->event, 0, places * sizeof *t->event);
        for (guint i = 0; i < SHARDS; i++)
                for (guint k = 0; k < t->shard[i]->n_events; k++)
                        t->event[t->shard[i]->event[k].at] = &t->shard[i]->event[k];
        for (guint i = 0; i < places; i++) {
                t->event[n] = t->event[i];
                n += t->event[i] != NULL;
        }
        return n;
}

static void settle_events(Tracker *t, const Block *b) {
        const guint n = order_events(t, b->n);

        for (guint i = 0; i < n; i++) {
                const ShardEvent *e = t->event[i];

                look_ahead(t, n, i);
                if (e->did & EVENT_BIRTH)
                        settle_birth(t, e->flow);
                if (e->did & EVENT_SYN)
                        peers_note_syn(t->peers, e->flow, &b->segment[e->at]);
                if (e->did & EVENT_ANSWER)
                        peers_note_answer(t->peers, e->flow, &b->segment[e->at]);
        }
}

/* What is over sooner than this takes no more than it needs. */
#define TAKE_ALL_NS (300 * G_GINT64_CONSTANT(1000000000))

static void take_all(Tracker *t, const Block *b) {
        if (!t->begun && b->n_runs > 0) {
                t->begun = TRUE;
                t->begun_ns = b->run[0].first_ns;
        }
        if (t->took_all || b->last || b->now_ns - t->begun_ns < TAKE_ALL_NS)
                return;
        t->took_all = TRUE;
        budget_take_all(t->shard, t->options.memory_bytes);
}

void tracker_settle(Tracker *t, const Block *b) {
        if (t->options.take_all)
                take_all(t, b);
        for (guint i = 0; i < b->n_runs; i++) {
                coverage_note(&t->coverage, b->run[i].first, b->run[i].first_ns);
                coverage_note(&t->coverage, b->run[i].first, b->run[i].end_ns);
        }
        settle_events(t, b);
        for (guint i = 0; i < SHARDS; i++)
                t->claimed[i] = 0;
        t->around = (Surroundings){ .coverage = &t->coverage, .peers = b->last ? t->peers : NULL, .damage = b->damage };
}

/* ── Slices ──────────────────────────────────────────────────────────────── */

Slice *slice_new(void) {
        Slice *s = g_new(Slice, 1);

        s->entries = g_ptr_array_new_with_free_func(g_free);
        s->left = 0;
        return s;
}

void slice_free(Slice *s) {
        g_ptr_array_unref(s->entries);
        g_free(s);
}

static void slice_clear(Slice *s) {
        s->n = s->n_records = s->textbook = 0;
        g_ptr_array_set_size(s->entries, MIN(s->entries->len, 1));
        s->left = s->entries->len ? SLICE_ENTRIES : 0;
}

/* Room for so many entries of the next record. */
static TimelineEntry *room_for(Slice *s, guint n) {
        if (n > s->left) {
                g_ptr_array_add(s->entries, g_new(TimelineEntry, SLICE_ENTRIES));
                s->left = SLICE_ENTRIES;
        }
        s->left -= n;
        return (TimelineEntry *)s->entries->pdata[s->entries->len - 1] + s->left;
}
G_STATIC_ASSERT(SLICE_ENTRIES >= TIMELINE_ENTRIES_MAX);

static Due *next_due(const Tracker *t, guint shard) {
        const DueList *l = &t->shard[shard]->due;

        return t->claimed[shard] < l->n ? &l->due[t->claimed[shard]] : NULL;
}

/* So far behind the next one of a shard flows are asked for: at the end of the input nobody else has. */
#define DUE_AHEAD 8U

static void prefetch_due(const Tracker *t, guint shard) {
        const DueList *l = &t->shard[shard]->due;
        const guint i = t->claimed[shard] + DUE_AHEAD;

        if (i < l->n)
                flow_prefetch(l->due[i].flow);
}

static gboolean is_before(const Due *a, const Due *b) {
        return a->end_ns != b->end_ns ? a->end_ns < b->end_ns : a->flow->number < b->flow->number;
}

gboolean tracker_claim(Tracker *t, Slice *s) {
        Due *head[SHARDS];

        slice_clear(s);
        s->took_all = t->took_all;
        for (guint i = 0; i < SHARDS; i++)
                head[i] = next_due(t, i);
        while (s->n < SLICE_FLOWS) {
                guint first = SHARDS;

                for (guint i = 0; i < SHARDS; i++)
                        if (head[i] && (first == SHARDS || is_before(head[i], head[first])))
                                first = i;
                if (first == SHARDS)
                        break;
                prefetch_due(t, first);
                s->due[s->n++] = head[first];
                t->claimed[first]++;
                head[first] = next_due(t, first);
        }
        return s->n > 0;
}

/* So far ahead a flow's timeline is asked for. */
#define JUDGED_AHEAD 4U

/*
 * A RST that one end sent was none to the other, as that which answers what a TIME_WAIT said to a new SYN: more may come.
 * Memory that is full is no reason to take that for an end.
 */
static gboolean is_not_over(const Tracker *t, const Due *due, const FlowRecord *r) {
        if (due->flow->given_up)
                return due->given_up_as_closed && (r->close == CLOSE_OPEN || r->close == CLOSE_HALF_CLOSED);
        return !t->around.peers && (r->side[CLIENT].state != STATE_CLOSED || r->side[SERVER].state != STATE_CLOSED);
}

void tracker_judge(const Tracker *t, Slice *s) {
        for (guint i = 0; i < s->n; i++) {
                FlowRecord *r = &s->record[s->n_records];
                Flow *f = s->due[i]->flow;
                gboolean textbook;

                if (i + JUDGED_AHEAD < s->n)
                        flow_prefetch_rest(s->due[i + JUDGED_AHEAD]->flow);
                textbook = judge_flow(f, &t->around, &t->options, room_for(s, f->timeline.n), r);
                if (is_not_over(t, s->due[i], r)) {
                        f->given_up = FALSE;
                        s->due[i]->flow = NULL;
                        continue;
                }
                s->n_records++;
                s->textbook += textbook;
        }
}

/* What the sink has is its thread's. */
static void take_rest(Tracker *t) {
        t->took_rest = TRUE;
        if (t->options.take_rest)
                t->options.take_rest(t->options.sink_data);
}

void tracker_sink(Tracker *t, Slice *s) {
        if (G_UNLIKELY(s->took_all && !t->took_rest))
                take_rest(t);
        t->options.sink(s->record, s->n_records, t->options.sink_data);
        t->reported += s->n_records;
        t->textbook += s->textbook;
}

/* ── All of it ───────────────────────────────────────────────────────────── */

void tracker_take(Tracker *t, Block *b) {
        if (!t->slice)
                t->slice = slice_new();
        for (guint i = 0; i < SHARDS; i++)
                tracker_feed(t, b, i);
        tracker_settle(t, b);
        while (tracker_claim(t, t->slice)) {
                tracker_judge(t, t->slice);
                tracker_sink(t, t->slice);
        }
}

static void add_given_up(GivenUp *sum, const GivenUp *g) {
        sum->closed += g->closed;
        sum->half_open += g->half_open;
        sum->idle += g->idle;
        sum->tombstones += g->tombstones;
        if (g->since_ns && (!sum->since_ns || g->since_ns < sum->since_ns))
                sum->since_ns = g->since_ns;
}

const TrackerTotals *tracker_totals(const Tracker *t) {
        TrackerTotals *sum = (TrackerTotals *)&t->totals;

        *sum = (TrackerTotals){
                .flows = t->flows,
                .reported = t->reported,
                .live_flows = t->flows - t->reported,
                .textbook = t->textbook,
                .peers_given_up = peers_given_up(t->peers),
        };
        for (guint i = 0; i < SHARDS; i++) {
                const Shard *x = t->shard[i];
                FlowTableUse use = flow_table_use(x->table);

                sum->segments += x->totals.segments;
                sum->copies += x->totals.copies;
                sum->late_segments += x->totals.late_segments;
                sum->flows_refused += x->totals.flows_refused;
                sum->icmp_unmatched += x->totals.icmp_unmatched;
                add_given_up(&sum->given_up, &x->totals.given_up);
                sum->held_flows += use.flows;
                sum->held_bytes += use.flow_bytes;
                sum->tombstones += use.tombstones;
                sum->tombstone_bytes += use.tombstone_bytes;
        }
        return sum;
}
