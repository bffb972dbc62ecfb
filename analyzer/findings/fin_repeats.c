/* SPDX-License-Identifier: BSD-3-Clause */
#include "analyzer/endpoint.h"
#include "analyzer/sequence.h"
#include "rule.h"

/*
 * TD106 to TD109: a FIN was sent more than once. Whether it was acknowledged is the states' word; here it is
 * told what the repeats mean.
 */

/*
 * Linux gives an orphan up at the first timeout this long after the first repeat: a later one is a process's
 * (tcp_orphan_retries).
 */
#define ORPHAN_NS (103 * SECOND_NS)

/* Of a series this many gaps are told, and the last: each is twice the one before. */
#define GAPS_MAX 6

typedef struct Fins {
        const TimelineEntry *first, *second, *last;
        const TimelineEntry *ack;       /* the first that covers it */
        const TimelineEntry *repeat_after_ack;
        const TimelineEntry *ack_again; /* after that */
        gint64 gap_ns[GAPS_MAX];        /* the first ones between two of them */
        gint64 last_gap_ns;
        guint count;
} Fins;

static Fins find_fins(const Hindsight *h, guint side) {
        const HindsightSide *k = &h->side[side], *peer = &h->side[other(side)];
        Fins f = { .count = 0 };
        gboolean answered = FALSE; /* the other end's FIN */

        for (gint i = 0; i < h->n; i++) {
                const TimelineEntry *e = &h->entries[i];
                gboolean covers, answers;

                if (!entry_is_ordinary(e) || e->flags & (TCP_RST | TCP_SYN))
                        continue;
                if (entry_side(e) != side) {
                        if (!(e->flags & TCP_ACK) || !k->has_fin || seq_before(e->ack, k->fin_end))
                                continue;
                        if (!f.ack)
                                f.ack = e;
                        else if (f.repeat_after_ack && !f.ack_again)
                                f.ack_again = e;
                        continue;
                }
                covers = peer->has_fin && e->flags & TCP_ACK && seq_at_or_after(e->ack, peer->fin_end);
                answers = covers && !answered && !(h->flow->side[side].bits & SIDE_LINUX);
                answered |= covers;
                /*
                 * the ACK of the other end's FIN has the FIN flag where a BSD is in CLOSING (tcp_output()):
                 * it repeats nothing; Linux sends a bare ACK
                 */
                if (!(e->flags & TCP_FIN) || (f.count && answers))
                        continue;
                f.count++;
                if (f.count == 1)
                        f.first = e;
                else if (f.count == 2)
                        f.second = e;
                f.last_gap_ns = f.last ? MAX(e->time_ns - f.last->time_ns, 0) : 0;
                if (f.last && f.count - 2 < GAPS_MAX)
                        f.gap_ns[f.count - 2] = f.last_gap_ns;
                f.last = e;
                if (f.ack && !entries_has(h, side, ENTRIES_STALE, i) && e->time_ns > f.ack->time_ns + h->side[side].reaction_ns && !f.repeat_after_ack)
                        f.repeat_after_ack = e;
        }
        return f;
}

/*
 * A path that doubles or delays packets makes no retransmission: a repeat is another packet of the sender's.
 */
static gboolean is_sent_again(const TimelineEntry *a, const TimelineEntry *b) {
        if (a->marks & b->marks & ENTRY_IP_ID && (a->ip_id || b->ip_id))
                return a->ip_id != b->ip_id;
        return !(a->marks & b->marks & ENTRY_TIMESTAMP) || a->tsval != b->tsval;
}

static gboolean is_acked(const Case *c, guint side) {
        const SideRecord *me = &c->record->side[side];

        for (guint i = 0; i < me->n_states; i++)
                if (me->states[i].event == EVENT_FIN_ACKED || me->states[i].event == EVENT_FIN_WITH_ACK)
                        return TRUE;
        return FALSE;
}

/*
 * A TIME_WAIT mini-socket echoes the timestamp of the FIN that brought it there (Linux
 * tcp_timewait_state_process()): when it answers a repeat with that of an earlier FIN, the earlier one had
 * come and its ACK was lost on the way here.
 */
#define ANSWER_NS_MAX (SECOND_NS / 10)

static gboolean had_first_fin(const Case *c, guint side, const Fins *f) {
        return record_state(c->record, side, STATE_LAST_ACK) && f->ack->marks & f->first->marks & ENTRY_TIMESTAMP &&
               f->ack->tsecr == f->first->tsval && f->last->tsval != f->first->tsval && f->ack->time_ns - f->first->time_ns > ANSWER_NS_MAX;
}

static void add_gaps(Finding *f, const Fins *fins) {
        static const char *const names[GAPS_MAX] = {
                "first_gap_ns", "second_gap_ns", "third_gap_ns", "fourth_gap_ns", "fifth_gap_ns", "sixth_gap_ns",
        };

        for (guint i = 0; i < GAPS_MAX && i + 1 < fins->count; i++)
                finding_integer(f, names[i], fins->gap_ns[i], BOUND_EXACT);
        if (fins->count > GAPS_MAX + 1)
                finding_integer(f, "last_gap_ns", fins->last_gap_ns, BOUND_EXACT);
}

static Finding *add(const Case *c, FindingId id, guint side, const Fins *fins, Certainty certainty) {
        Finding *f = case_find(c, id, side, certainty);

        finding_frame(f, fins->first->frame);
        if (fins->second)
                finding_frame(f, fins->second->frame);
        finding_frame(f, fins->last->frame);
        finding_integer(f, "count", fins->count, BOUND_EXACT);
        return f;
}

/*
 * The only repeat may be a tail-loss probe (RFC 8985 7.3); its answer may have been under way when the
 * capture ended.
 */
static gboolean is_too_soon(const Case *c, const Fins *fins) {
        return fins->count == 2 && c->record->capture_end_ns - fins->last->time_ns < SECOND_NS;
}

/* Its last timer ran out without a packet (judge.c). */
static gboolean has_given_up(const SideRecord *me) {
        return me->n_states && me->states[me->n_states - 1].event == EVENT_EXPIRED;
}

static void unanswered(const Case *c, guint side, const Fins *fins) {
        gint64 waited_ns = c->record->capture_end_ns - fins->first->time_ns;
        gboolean last_ack = record_state(c->record, side, STATE_LAST_ACK) != NULL;
        Finding *f;

        /*
         * a FIN that was not repeated was acknowledged, though the capture does not have it, or the capture
         * ended too soon; a RST is an answer
         */
        if (fins->count < 2 || c->record->side[other(side)].rst_ns >= fins->first->time_ns)
                return;
        f = add(c, last_ack ? FINDING_LAST_ACK_MISSING : FINDING_FIN_UNANSWERED, side, fins,
                c->record->side[other(side)].packets && !is_too_soon(c, fins) ? CERTAINTY_OBSERVED : CERTAINTY_CANNOT_TELL);
        finding_integer(f, "duration_ns", waited_ns, BOUND_AT_LEAST);
        add_gaps(f, fins);
        if (fins->last->time_ns - fins->second->time_ns > ORPHAN_NS)
                finding_text(f, "held", "process");
        if (has_given_up(&c->record->side[side]))
                finding_text(f, "given_up", "yes");
}

/*
 * A probe for the tail comes two round trips after the FIN, and where only one packet is under way up to 200 ms later
 * for its delayed ACK (RFC 8985 7.2). A timeout after so short a time looks the same.
 */
#define PROBE_NS (SECOND_NS / 4)

static gboolean may_be_probe(const Hindsight *h, const Fins *fins) {
        return fins->count == 2 &&
               fins->second->time_ns - fins->first->time_ns <= 2 * (h->side[CLIENT].reaction_ns + h->side[SERVER].reaction_ns) + PROBE_NS;
}

static void judge(const Case *c, guint side) {
        const Hindsight *h = c->hindsight;
        Fins fins = find_fins(h, side);
        Finding *f;

        if (!fins.first)
                return;
        if (fins.ack && ((fins.repeat_after_ack && is_sent_again(fins.first, fins.repeat_after_ack)) || had_first_fin(c, side, &fins))) {
                f = add(c, FINDING_LAST_ACK_LOST, side, &fins, CERTAINTY_INFERRED);
                finding_frame(f, fins.ack->frame);
                finding_integer(f, "acked_frame", (gint64)fins.ack->frame, BOUND_EXACT);
                if (fins.ack_again) {
                        finding_frame(f, fins.ack_again->frame);
                        finding_text(f, "answered", "ack");
                }
        } else if (fins.ack && fins.second && is_sent_again(fins.first, fins.second)) {
                f = add(c, FINDING_FIN_RETRANSMITTED, side, &fins, CERTAINTY_OBSERVED);
                finding_frame(f, fins.ack->frame);
                finding_integer(f, "delay_ns", fins.ack->time_ns - fins.first->time_ns, BOUND_AT_MOST);
                add_gaps(f, &fins);
                if (may_be_probe(h, &fins))
                        finding_text(f, "probe", "perhaps");
        }
        if (!fins.ack && !is_acked(c, side))
                unanswered(c, side, &fins);
}

void rule_fin_repeats(const Case *c) {
        judge(c, CLIENT);
        judge(c, SERVER);
}
