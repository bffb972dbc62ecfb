/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "close.h"
#include "completeness.h"
#include "endpoint.h"
#include "evidence.h"
#include "far.h"
#include "findings/rule.h"
#include "judge.h"
#include "replay.h"
#include "sequence.h"
#include "textbook.h"
#include "timeline_log.h"
#include "zeek_rows.h"

/* Closed ends keep TIME_WAIT this long (Linux include/net/tcp.h TCP_TIMEWAIT_LEN). */
#define TIME_WAIT_NS (60 * G_GINT64_CONSTANT(1000000000))

/* What was sent and never acknowledged; a FIN is no byte. */
static guint32 unacked_bytes(const FlowSide *me, const FlowSide *peer) {
        if (!(me->bits & SIDE_HEARD) || !(peer->bits & SIDE_ACK) || !seq_after(me->nxt, peer->ack))
                return 0;
        return me->nxt - peer->ack - (me->bits & SIDE_FIN && me->nxt == me->fin_end);
}

/* Nothing is written twice: its frames and states are yet to be found, and an entry of these is written before it is read. */
static void copy_side(const Flow *f, const TimelineSide *t, guint side, SideRecord *r) {
        const FlowLosses *losses = flow_losses(f, side);
        const FlowSide *me = &f->side[side], *peer = &f->side[other(side)];
        const guint bits = me->bits;

        r->address = ends_address(&f->ends, side);
        r->port = f->ends.port[side];
        r->packets = t->packets;
        r->payload_bytes = t->payload_bytes;
        r->retransmitted_packets = losses->retransmitted_packets;
        r->retransmitted_bytes = losses->retransmitted_bytes;
        r->missing_bytes = losses->missing_bytes;
        r->unacked_bytes = unacked_bytes(me, peer);
        r->copies = losses->copies;
        r->has_isn = !!(bits & SIDE_SYN);
        r->isn = bits & SIDE_HEARD ? me->isn : peer->bits & SIDE_ACK ? peer->ack - 1 : 0;
        r->syn_count = !!(bits & SIDE_SYN) + losses->more_syns;
        r->fin_count = !!(bits & SIDE_FIN) + losses->more_fins;
        r->rst_count = !!(bits & SIDE_RST) + losses->more_rsts;
        r->syn_frame = r->fin_frame = r->fin_acked_frame = r->rst_frame = 0;
        r->syn_ns = r->fin_ns = r->fin_acked_ns = r->rst_ns = 0;
        r->last_frame = t->last_frame;
        r->last_ns = t->last_ns;
        r->last_data_frame = t->last_data_frame;
        r->last_data_ns = t->last_data_ns;
}

static void note_first(FrameRef *frame, gint64 *time_ns, const TimelineEntry *e) {
        if (*frame)
                return;
        *frame = e->frame;
        *time_ns = e->time_ns;
}

/* Frames of the flags, found in the timeline. */
static void note_frames(const Hindsight *h, FlowRecord *record) {
        for (gint i = 0; i < h->n; i++) {
                const TimelineEntry *e = &h->entries[i];
                guint s = entry_side(e);
                SideRecord *me = &record->side[s], *peer = &record->side[other(s)];
                const HindsightSide *k = &h->side[other(s)];

                if (!entry_is_ordinary(e))
                        continue;
                if (e->flags & TCP_RST) {
                        note_first(&me->rst_frame, &me->rst_ns, e);
                        continue;
                }
                if (e->flags & TCP_SYN)
                        note_first(&me->syn_frame, &me->syn_ns, e);
                else if (h->side[s].has_fin && is_fin(h, i, s))
                        note_first(&me->fin_frame, &me->fin_ns, e);
                if (k->has_fin && e->flags & TCP_ACK && seq_at_or_after(e->ack, k->fin_end))
                        note_first(&peer->fin_acked_frame, &peer->fin_acked_ns, e);
        }
}

/* What ends without a packet: TIME_WAIT by its timer, or by a new connection that took its place. */
static void end_time_wait(const Flow *f, FlowRecord *record) {
        for (guint s = 0; s < SIDES; s++) {
                SideRecord *me = &record->side[s];
                gint64 over_ns;

                if (me->state != STATE_TIME_WAIT)
                        continue;
                over_ns = MAX(me->states[me->n_states - 1].time_ns, flow_end_ns(f)) + TIME_WAIT_NS;
                if (record->taken_over_ns && record->taken_over_ns < over_ns)
                        endpoint_event(me, EVENT_REUSED, record->taken_over_ns, flow_newer(f)->first_frame, BASIS_INFERRED);
                else if (over_ns <= record->capture_end_ns)
                        endpoint_event(me, EVENT_EXPIRED, over_ns, 0, BASIS_TIMER);
        }
}

/*
 * An end repeats a SYN, SYN+ACK or FIN at most 120 s after the repeat before (Linux TCP_RTO_MAX; RFC 6298
 * 2.5). When nothing came for twice as long it has given up, at the timeout that would have sent the next
 * one.
 */
#define RTO_NS_MAX (120 * G_GINT64_CONSTANT(1000000000))

static void end_given_up(const Hindsight *h, FlowRecord *record) {
        for (guint s = 0; s < SIDES; s++) {
                SideRecord *me = &record->side[s];
                gboolean syn = me->state == STATE_SYN_SENT || me->state == STATE_SYN_RECEIVED;
                guint8 flag = syn ? TCP_SYN : TCP_FIN;
                gint64 last_ns = 0, before_ns = 0;
                guint count = 0;

                if (transition_to(me->state, EVENT_EXPIRED) == STATES || me->state == STATE_TIME_WAIT || me->state == STATE_FIN_WAIT_2)
                        continue;
                for (gint i = 0; i < h->n; i++) {
                        const TimelineEntry *e = &h->entries[i];

                        if (entry_side(e) != s || !(e->flags & flag) || !entry_is_ordinary(e))
                                continue;
                        before_ns = last_ns;
                        last_ns = e->time_ns;
                        count++;
                }
                if (count >= 2 && record->capture_end_ns - last_ns >= 2 * RTO_NS_MAX)
                        endpoint_event(me, EVENT_EXPIRED, last_ns + MIN(2 * (last_ns - before_ns), RTO_NS_MAX), 0, BASIS_TIMER);
        }
}

static void copy_flow(const Flow *f, const Timeline *t, gint64 end_ns, FlowRecord *r) {
        const FlowRare *rare = flow_note(f, NOTE_RARE);
        const Flow *newer = flow_newer(f);

        r->number = f->number;
        r->previous_flow = flow_previous(f);
        r->incarnation = flow_incarnation(f);
        r->path = f->side[CLIENT].bits & SIDE_PATH ? f->side[CLIENT].path : f->side[SERVER].path;
        r->ipv6 = f->ipv6;
        r->first_frame = f->first_frame;
        r->last_frame = f->timeline.expected.frame;
        r->start_ns = f->start_ns;
        r->end_ns = flow_end_ns(f);
        r->roles = f->roles;
        r->completeness = completeness_value(f->completeness);
        r->given_up = f->given_up;
        r->joined = !(f->side[CLIENT].bits & SIDE_BARE_SYN) && !(f->side[SERVER].bits & SIDE_SYN_ACK);
        r->zeek_conn_state = NULL;
        r->zeek_history[0] = '\0';
        r->n_zeek_later = 0;
        r->capture_end_ns = end_ns;
        r->taken_over_ns = newer && newer->side[SERVER].bits & SIDE_SYN_ACK ? newer->start_ns : 0;
        r->n_findings = 0;
        r->findings_left_out = 0;
        r->timeline = t->entries;
        r->n_timeline = t->n;
        r->timeline_left_out = t->left_out;
        r->icmp_errors = rare ? rare->icmp_errors : 0;
        for (guint s = 0; s < SIDES; s++)
                copy_side(f, &t->side[s], s, &r->side[s]);
}

/* @shift: what was added to each side's first numbers */
static void judge_in_full(const Flow *flow, const Timeline *timeline, const guint32 *shift, const Surroundings *around, const TrackerOptions *options,
                          FlowRecord *record) {
        Hindsight h;

        hindsight_init(&h, flow, timeline, record->capture_end_ns);
        for (guint s = 0; s < SIDES; s++)
                if (h.side[s].has_isn) {
                        record->side[s].has_isn = TRUE;
                        record->side[s].isn = h.side[s].isn - shift[s];
                }
        note_frames(&h, record);
        replay_flow(&h, record);
        end_time_wait(flow, record);
        end_given_up(&h, record);
        record->vantage = h.vantage;
        record->close = (guint8)close_kind(&h, record);
        record->closed_first_by = (guint8)close_first_by(&h, record);
        rules_run(&(Case){ .flow = flow,
                           .hindsight = &h,
                           .options = options,
                           .peer = around->peers ? peers_of(around->peers, flow) : NULL,
                           .damage = around->damage },
                  record);
}

static G_GNUC_NO_INLINE void judge_far(const Flow *flow, const Timeline *timeline, const Surroundings *around, const TrackerOptions *options,
                                       FlowRecord *record) {
        Far far;

        far_fold(&far, flow, timeline);
        judge_in_full(&far.flow, &far.timeline, far.shift, around, options, record);
}

gboolean judge_flow(const Flow *flow, const Surroundings *around, const TrackerOptions *options, TimelineEntry *entries, FlowRecord *record) {
        Timeline timeline;

        timeline_read(flow, entries, &timeline);
        copy_flow(flow, &timeline, flow->given_up ? flow_end_ns(flow) : coverage_end(around->coverage, flow_end_ns(flow)), record);
        if (options->zeek)
                zeek_rows_tell(flow, &timeline, record);
        if (flow_is_far(flow)) {
                judge_far(flow, &timeline, around, options, record);
                return FALSE;
        }
        if (options->in_full || !textbook_close(flow, &timeline, options->linger_ns, record)) {
                judge_in_full(flow, &timeline, (const guint32[SIDES]){ 0 }, around, options, record);
                return FALSE;
        }
        end_time_wait(flow, record);
        return TRUE;
}
