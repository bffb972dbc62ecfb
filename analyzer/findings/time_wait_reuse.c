/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "analyzer/replay.h"
#include "analyzer/sequence.h"
#include "rule.h"

/*
 * TD301, TD302: a SYN on a 4-tuple whose receiver holds TIME_WAIT from the incarnation before. What the holder
 * expected next is the highest number that it acknowledged; the SYN is "up" when strictly above (RFC 6191 2,
 * Linux tcp_timewait_state_process()).
 */

/* The longest TIME_WAIT of a known host (Windows 2000, Solaris 8): beyond it the old connection is certainly over. */
#define TIME_WAIT_NS_MAX (240 * SECOND_NS)

typedef struct Reuse {
        const Flow *old;
        guint holder;         /* side in this flow */
        guint old_holder;     /* side in the old flow */
        const TimelineEntry *syn;
        const StateEntry *time_wait;
        gint32 isn_delta;
} Reuse;

static const TimelineEntry *first_syn(const Hindsight *h) {
        for (gint i = 0; i < h->n; i++)
                if (!(h->entries[i].marks & ENTRY_ICMP) && (h->entries[i].flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN)
                        return &h->entries[i];
        return NULL;
}

/* The old connection's answer to the SYN: its holder's pure ACK after it. */
static const TimelineEntry *challenge(const Reuse *r) {
        const Timeline *t = &r->old->timeline;

        for (guint i = 0; i < t->n; i++) {
                const TimelineEntry *e = &t->entries[i];

                if (e->time_ns >= r->syn->time_ns && entry_side(e) == r->old_holder && !(e->marks & ENTRY_ICMP) &&
                    (e->flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK)) == TCP_ACK)
                        return e;
        }
        return NULL;
}

static const TimelineEntry *answer_in_flow(const Case *c, const Reuse *r, guint8 mask, guint8 value) {
        for (gint i = 0; i < c->hindsight->n; i++) {
                const TimelineEntry *e = &c->hindsight->entries[i];

                if (entry_side(e) == r->holder && !(e->marks & ENTRY_ICMP) && (e->flags & mask) == value)
                        return e;
        }
        return NULL;
}

static void add_timestamps(const Reuse *r, Finding *f) {
        const FlowSide *old = &r->old->side[other(r->old_holder)];

        if (!(r->syn->marks & ENTRY_TIMESTAMP))
                return;
        for (guint i = r->old->timeline.n; i > 0; i--) {
                const TimelineEntry *e = &r->old->timeline.entries[i - 1];

                if (entry_side(e) != r->old_holder && e->marks & ENTRY_TIMESTAMP && e->time_ns <= r->syn->time_ns) {
                        finding_integer(f, "timestamp_delta", seq_diff(r->syn->tsval, e->tsval), BOUND_EXACT);
                        return;
                }
        }
        (void)old;
}

static void report(const Case *c, const Reuse *r) {
        const TimelineEntry *ack = challenge(r);
        const TimelineEntry *syn_ack = answer_in_flow(c, r, TCP_SYN | TCP_ACK | TCP_RST, TCP_SYN | TCP_ACK);
        const TimelineEntry *rst = answer_in_flow(c, r, TCP_RST, TCP_RST);
        gboolean challenged = ack && (!syn_ack || ack->time_ns < syn_ack->time_ns);
        const char *answer = challenged ? "challenged" : syn_ack ? "accepted" : rst ? "reset" : "silent";
        Finding *f = case_find(c, r->isn_delta > 0 ? FINDING_TIME_WAIT_REUSE_UP : FINDING_TIME_WAIT_REUSE_DOWN, r->holder, CERTAINTY_OBSERVED);

        if (r->isn_delta <= 0 && syn_ack && !challenged)
                f->severity = SEVERITY_INFO;
        finding_frame(f, r->time_wait->frame);
        finding_frame(f, r->syn->frame);
        if (challenged)
                finding_frame(f, ack->frame);
        if (syn_ack)
                finding_frame(f, syn_ack->frame);
        finding_integer(f, "gap_ns", r->syn->time_ns - r->time_wait->time_ns, BOUND_EXACT);
        finding_integer(f, "isn_delta", r->isn_delta, BOUND_EXACT);
        finding_integer(f, "isn_delta_abs", llabs((long long)r->isn_delta), BOUND_EXACT);
        add_timestamps(r, f);
        finding_text(f, "holder", side_name(r->holder));
        finding_text(f, "answer", answer);
        if (syn_ack)
                finding_integer(f, "cost_ns", syn_ack->time_ns - r->syn->time_ns, BOUND_EXACT);
        else
                finding_integer(f, "cost_ns", c->record->end_ns - r->syn->time_ns, BOUND_AT_LEAST);
}

void rule_time_wait_reuse(const Case *c) {
        Reuse r = { .syn = first_syn(c->hindsight) };
        g_autofree FlowRecord *old_record = NULL;
        g_autofree Hindsight *old = NULL;
        guint sender;

        if (!c->flow->previous || !r.syn)
                return;
        r.old = flow_table_get(c->table, c->flow->previous);
        old_record = g_new0(FlowRecord, 1);
        old = g_new(Hindsight, 1);
        hindsight_init(old, r.old, c->hindsight->end_ns);
        replay_flow(old, old_record);
        sender = entry_side(r.syn);
        r.holder = other(sender);
        r.old_holder = memcmp(&r.old->address[SERVER], &c->flow->address[r.holder], sizeof(FlowAddress)) == 0 ? SERVER : CLIENT;
        r.time_wait = record_state(old_record, r.old_holder, STATE_TIME_WAIT);
        if (!r.time_wait || r.time_wait->time_ns > r.syn->time_ns || r.syn->time_ns - r.time_wait->time_ns > TIME_WAIT_NS_MAX)
                return;
        r.isn_delta = seq_diff(r.syn->seq, r.old->side[r.old_holder].ack);
        report(c, &r);
}
