/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "analyzer/far.h"
#include "analyzer/replay.h"
#include "analyzer/sequence.h"
#include "analyzer/textbook.h"
#include "analyzer/timeline_log.h"
#include "rule.h"

/*
 * TD301, TD302, TD303, TD308: a SYN on a 4-tuple that an earlier connection had. What each end of that
 * connection was in when the SYN was sent decides what it is: a reuse against a TIME_WAIT holder, a reuse by
 * the holder itself, or a client that lost its state. What a TIME_WAIT holder expects next is the highest
 * number that it acknowledged; the SYN is "up" when strictly above it (RFC 6191 2, Linux
 * tcp_timewait_state_process()).
 */

/*
 * Linux starts this far above the old connection when it takes a TIME_WAIT over (tcp_twsk_unique(),
 * tcp_timewait_state_process()).
 */
#define LINUX_REUSE_STEP 65537U

typedef struct Reuse {
        const Flow *old;
        const Timeline *old_timeline;
        const FlowRecord *old_record; /* of which the states are known */
        const TimelineEntry *syn;
        guint sender, receiver;         /* of the SYN, in this flow */
        guint old_sender, old_receiver; /* the same ends in the old one */
        const TimelineEntry *challenge; /* the receiver's ACK of the old connection after the SYN */
        const TimelineEntry *syn_ack, *rst; /* the receiver's answers in this flow */
        const TimelineEntry *syn_again;
} Reuse;

/* The first packet of @side with these flags, not before @since_ns. */
static const TimelineEntry *first_with(const TimelineEntry *e, guint n, guint side, guint8 mask, guint8 value, gint64 since_ns) {
        for (const TimelineEntry *end = e + n; e < end; e++)
                if (entry_is_ordinary(e) && entry_side(e) == side && (e->flags & mask) == value && e->time_ns >= since_ns)
                        return e;
        return NULL;
}

/*
 * The state that an end of the old connection was in when the SYN was sent; NULL if it was closed or is not
 * known.
 */
static const StateEntry *state_at_syn(const Reuse *r, guint old_side) {
        const SideRecord *side = &r->old_record->side[old_side];
        const StateEntry *at = NULL;

        for (guint i = 0; i < side->n_states; i++)
                if (side->states[i].time_ns <= r->syn->time_ns)
                        at = &side->states[i];
        return at && at->state != STATE_CLOSED ? at : NULL;
}

static const char *answer(const Reuse *r) {
        if (r->challenge && (!r->syn_ack || r->challenge->time_ns < r->syn_ack->time_ns))
                return "challenged";
        /* the SYN had to come again: BSD and Windows drop one that is too low */
        if (r->syn_again && r->syn_ack && r->syn_again->time_ns < r->syn_ack->time_ns)
                return "silent";
        if (r->syn_ack)
                return "accepted";
        return r->rst ? "reset" : "silent";
}

static void add_answer(const Case *c, const Reuse *r, Finding *f) {
        finding_frame(f, r->syn->frame);
        if (r->challenge)
                finding_frame(f, r->challenge->frame);
        if (r->syn_ack)
                finding_frame(f, r->syn_ack->frame);
        finding_text(f, "answer", answer(r));
        finding_integer(f, "cost_ns", (r->syn_ack ? r->syn_ack->time_ns : c->record->end_ns) - r->syn->time_ns,
                        r->syn_ack ? BOUND_EXACT : BOUND_AT_LEAST);
        finding_integer(f, "syn_frame", (gint64)r->syn->frame, BOUND_EXACT);
}

/* How the SYN's timestamp lies to the last one that the old connection had from that end (RFC 6191 2). */
static void add_timestamps(const Reuse *r, Finding *f) {
        if (!(r->syn->marks & ENTRY_TIMESTAMP))
                return;
        for (guint i = r->old_timeline->n; i > 0; i--) {
                const TimelineEntry *e = &r->old_timeline->entries[i - 1];

                if (entry_is_ordinary(e) && entry_side(e) == r->old_sender && e->marks & ENTRY_TIMESTAMP && e->time_ns <= r->syn->time_ns) {
                        finding_integer(f, "timestamp_delta", seq_diff(r->syn->tsval, e->tsval), BOUND_EXACT);
                        return;
                }
        }
}

/* RFC 7323 5: an older timestamp is refused, however high the number is. */
static gboolean is_refused_by_paws(const Finding *f, gint32 isn_delta) {
        const FindingValue *timestamps = finding_value(f, "timestamp_delta");

        return isn_delta > 0 && timestamps && timestamps->integer < 0 && g_str_equal(finding_value(f, "answer")->text, "challenged");
}

static void against_holder(const Case *c, const Reuse *r, const StateEntry *time_wait) {
        gint32 delta = seq_diff(r->syn->seq, r->old->side[r->old_receiver].ack);
        Finding *f = case_find(c, delta > 0 ? FINDING_TIME_WAIT_REUSE_UP : FINDING_TIME_WAIT_REUSE_DOWN, r->receiver,
                               time_wait->basis == BASIS_OBSERVED ? CERTAINTY_OBSERVED : CERTAINTY_INFERRED);

        if (delta <= 0 && g_str_equal(answer(r), "accepted"))
                f->severity = SEVERITY_INFO;
        finding_frame(f, time_wait->frame);
        add_answer(c, r, f);
        finding_integer(f, "gap_ns", r->syn->time_ns - time_wait->time_ns, BOUND_EXACT);
        finding_integer(f, "isn_delta", delta, BOUND_EXACT);
        finding_integer(f, "isn_delta_abs", llabs((long long)delta), BOUND_EXACT);
        add_timestamps(r, f);
        if (r->syn_ack && r->syn_ack->seq - r->old->side[r->old_receiver].nxt == LINUX_REUSE_STEP)
                finding_text(f, "signature", "linux");
        if (is_refused_by_paws(f, delta))
                finding_text(f, "refused_by", "paws");
        finding_text(f, "holder", side_name(r->receiver));
}

static void by_holder(const Case *c, const Reuse *r, const StateEntry *time_wait) {
        Finding *f = case_find(c, FINDING_TIME_WAIT_RECYCLED, r->sender, time_wait->basis == BASIS_OBSERVED ? CERTAINTY_OBSERVED : CERTAINTY_INFERRED);
        guint32 delta = r->syn->seq - r->old->side[r->old_sender].nxt;

        finding_frame(f, time_wait->frame);
        finding_frame(f, r->syn->frame);
        finding_integer(f, "gap_ns", r->syn->time_ns - time_wait->time_ns, BOUND_EXACT);
        finding_integer(f, "isn_delta", (gint32)delta, BOUND_EXACT);
        if (delta == LINUX_REUSE_STEP)
                finding_text(f, "signature", "linux");
        add_timestamps(r, f);
}

/*
 * An end that takes the SYN at once did not hold the old connection any more, whatever the capture shows of
 * it.
 */
static void on_stale(const Case *c, const Reuse *r, const StateEntry *held) {
        Finding *f;

        if (g_str_equal(answer(r), "accepted") || g_str_equal(answer(r), "silent"))
                return;
        f = case_find(c, FINDING_STALE_CONNECTION_SYN, r->receiver, r->challenge ? CERTAINTY_OBSERVED : CERTAINTY_INFERRED);
        finding_frame(f, held->frame);
        add_answer(c, r, f);
        finding_text(f, "held", tcp_state_name(held->state));
}

static gboolean find_syn(const Case *c, Reuse *r) {
        const Hindsight *h = c->hindsight;

        for (gint i = 0; i < h->n && !r->syn; i++)
                if (entry_is_ordinary(&h->entries[i]) && (h->entries[i].flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN)
                        r->syn = &h->entries[i];
        if (!r->syn)
                return FALSE;
        r->old = flow_older(c->flow);
        r->sender = entry_side(r->syn);
        r->receiver = other(r->sender);
        r->old_sender = ends_same(&r->old->ends, CLIENT, &c->flow->ends, r->sender) ? CLIENT : SERVER;
        r->old_receiver = other(r->old_sender);
        return TRUE;
}

static const TimelineEntry *first_in(const Case *c, guint side, guint8 mask, guint8 value, gint64 since_ns) {
        return first_with(c->hindsight->entries, (guint)c->hindsight->n, side, mask, value, since_ns);
}

static void find_answers(const Case *c, Reuse *r) {
        const Timeline *old = r->old_timeline;

        r->challenge = first_with(old->entries, old->n, r->old_receiver, TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK, TCP_ACK, r->syn->time_ns);
        r->syn_ack = first_in(c, r->receiver, TCP_SYN | TCP_ACK | TCP_RST, TCP_SYN | TCP_ACK, r->syn->time_ns);
        r->syn_again = first_in(c, r->sender, TCP_SYN | TCP_ACK | TCP_RST, TCP_SYN, r->syn->time_ns + 1);
        r->rst = first_in(c, r->receiver, TCP_RST, TCP_RST, r->syn->time_ns);
}

/* Most that are taken over closed as in the textbook. */
static void find_old_states(const Case *c, const Flow *old, const Timeline *timeline, FlowRecord *record) {
        Hindsight h;

        record->capture_end_ns = c->hindsight->end_ns;
        if (!c->options->in_full && !flow_is_far(old) && textbook_close(old, timeline, c->options->linger_ns, record))
                return;
        hindsight_init(&h, old, timeline, record->capture_end_ns);
        replay_flow(&h, record);
}

static void judge(const Case *c, const Reuse *r) {
        const StateEntry *sender = state_at_syn(r, r->old_sender), *receiver = state_at_syn(r, r->old_receiver);

        if (sender && sender->state == STATE_TIME_WAIT && r->syn->time_ns - sender->time_ns <= TIME_WAIT_NS_MAX)
                by_holder(c, r, sender);
        if (!receiver)
                return;
        if (receiver->state != STATE_TIME_WAIT)
                on_stale(c, r, receiver);
        else if (r->syn->time_ns - receiver->time_ns <= TIME_WAIT_NS_MAX)
                against_holder(c, r, receiver);
}

/* Its frame is a large one. */
G_GNUC_NO_INLINE void rule_syn_reuse(const Case *c) {
        Reuse r = { .old = NULL };
        TimelineEntry entries[TIMELINE_ENTRIES_MAX];
        FlowRecord record;
        Timeline timeline;

        if (!flow_older(c->flow) || !find_syn(c, &r))
                return;
        timeline_read(r.old, entries, &timeline);
        find_old_states(c, r.old, &timeline, &record);
        r.old_timeline = &timeline;
        r.old_record = &record;
        find_answers(c, &r);
        judge(c, &r);
}
