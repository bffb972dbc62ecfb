/* SPDX-License-Identifier: BSD-3-Clause */
#include "textbook.h"
#include "endpoint.h"
#include "hindsight.h"
#include "sequence.h"
#include "vantage.h"

/* The entries that make the story; all others only carry data or acknowledge it. */
typedef struct Story {
        const TimelineEntry *syn, *syn_ack, *opened; /* SYN, SYN+ACK, the client's first ACK */
        const TimelineEntry *fin, *fin_acked, *answer, *last; /* FIN, its first ACK, the other FIN, the ACK of that */
        guint closer; /* who sent @fin */
} Story;

#define STORY_ENTRIES_MIN 6 /* the shortest one: SYN, SYN+ACK, ACK, FIN, FIN+ACK, ACK */

/* What a textbook side has shown, and may have shown; anything more is a story. */
#define USUAL_BITS (SIDE_HEARD | SIDE_SYN | SIDE_ACK | SIDE_FIN)
#define HARMLESS_BITS (SIDE_DATA | SIDE_PATH | SIDE_LINUX | SIDE_ANY_ACK | SIDE_CUT)

static gboolean is_usual_side(const FlowSide *me, const FlowSide *peer, guint32 syn) {
        return (me->bits & ~(guint32)HARMLESS_BITS) == (USUAL_BITS | syn) && me->nxt == me->fin_end && peer->ack == me->fin_end;
}

/* More than one SYN or FIN, copies, retransmissions, holes, ICMP errors. */
#define UNUSUAL_NOTES \
        (1U << NOTE_CLIENT_LOSSES | 1U << NOTE_SERVER_LOSSES | 1U << NOTE_CLIENT_HOLES | 1U << NOTE_SERVER_HOLES | 1U << NOTE_RARE)

static gboolean is_usual(const Flow *f) {
        return f->timeline.n >= STORY_ENTRIES_MIN && !(f->has & UNUSUAL_NOTES) && !flow_older(f) && !f->met_foreign &&
               is_usual_side(&f->side[CLIENT], &f->side[SERVER], SIDE_BARE_SYN) &&
               is_usual_side(&f->side[SERVER], &f->side[CLIENT], SIDE_SYN_ACK);
}

/* Marks that every packet may have. */
#define USUAL_MARKS \
        (ENTRY_SERVER | ENTRY_TIMESTAMP | ENTRY_IP_ID | ENTRY_OPTIONS | ENTRY_OPTIONS_CUT | ENTRY_PINNED | ENTRY_GAP_BEFORE)

/* The acknowledgments and timestamps of each side and the time of all only go up. */
static gboolean is_in_order(const Timeline *t) {
        const TimelineEntry *e = t->entries, *end = e + t->n, *latest[SIDES] = { e, e + 1 };

        for (gint64 time_ns = e->time_ns; e < end; time_ns = e->time_ns, e++) {
                const TimelineEntry *before = latest[entry_side(e)];

                if (e->marks & ~USUAL_MARKS || e->time_ns < time_ns)
                        return FALSE;
                if (before->flags & TCP_ACK && seq_before(e->ack, before->ack))
                        return FALSE;
                if (e->marks & before->marks & ENTRY_TIMESTAMP && seq_before(e->tsval, before->tsval))
                        return FALSE;
                latest[entry_side(e)] = e;
        }
        return TRUE;
}

static gboolean has_flags(const TimelineEntry *e, guint8 flags) {
        return (e->flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK)) == flags;
}

/* SYN, SYN+ACK, and the client's first word, before which the server says nothing more. */
static gboolean has_handshake(const Timeline *t, Story *s) {
        const TimelineEntry *e = t->entries;

        s->syn = &e[0];
        s->syn_ack = &e[1];
        s->opened = &e[2];
        return entry_side(s->syn) == CLIENT && has_flags(s->syn, TCP_SYN) && !s->syn->payload_bytes &&
               entry_side(s->syn_ack) == SERVER && has_flags(s->syn_ack, TCP_SYN | TCP_ACK) && !s->syn_ack->payload_bytes &&
               s->syn_ack->ack == s->syn->seq + 1 && entry_side(s->opened) == CLIENT && has_flags(s->opened, TCP_ACK) &&
               s->opened->ack == s->syn_ack->seq + 1;
}

/* The answer to a FIN has not left before it came: TSecr repeats the latest timestamp (RFC 7323 4.3). */
static gboolean may_answer(const TimelineEntry *answer, const TimelineEntry *fin) {
        return !(answer->marks & fin->marks & ENTRY_TIMESTAMP) || !seq_after(fin->tsval, answer->tsecr);
}

/*
 * The last packets are the second FIN and its ACK. Before them there is one FIN, and behind that no data: a
 * half-close is another story.
 */
static gboolean has_close(const Flow *f, const Timeline *t, Story *s) {
        const TimelineEntry *end = t->entries + t->n;
        guint32 fin_end, answer_end;

        s->answer = end - 2;
        s->last = end - 1;
        s->closer = entry_side(s->last);
        fin_end = f->side[s->closer].fin_end;
        answer_end = f->side[other(s->closer)].fin_end;
        for (const TimelineEntry *e = s->opened; e < s->last; e++) {
                if (!has_flags(e, TCP_ACK) && !has_flags(e, TCP_ACK | TCP_FIN))
                        return FALSE;
                if (entry_side(e) == s->closer) {
                        if (e->ack == answer_end || (e->flags & TCP_FIN && s->fin))
                                return FALSE;
                        if (e->flags & TCP_FIN)
                                s->fin = e;
                        continue;
                }
                if (s->fin ? e->payload_bytes || (e->flags & TCP_FIN && e != s->answer) : e->flags & TCP_FIN || e->ack == fin_end)
                        return FALSE;
                if (!s->fin_acked && e->ack == fin_end)
                        s->fin_acked = e;
        }
        return s->fin_acked && has_flags(s->answer, TCP_FIN | TCP_ACK) && has_flags(s->last, TCP_ACK) && s->last->ack == answer_end &&
               may_answer(s->fin_acked, s->fin) && may_answer(s->last, s->answer);
}

/* Did it take long enough for findings/missing_fin.c, or look like the shutdown() of findings/half_close.c? */
static gboolean is_remarkable(const Flow *f, const Story *s, gint64 linger_ns) {
        return s->answer->time_ns - s->fin->time_ns >= linger_ns ||
               (s->fin_acked != s->answer && f->side[s->closer].bits & SIDE_LINUX && s->last->marks & ENTRY_IP_ID && s->last->ip_id);
}

static void enter(SideRecord *side, Event event, const TimelineEntry *e, Basis basis) {
        endpoint_event(side, event, e->time_ns, e->frame, basis);
}

/* RFC 9293 3.5 figure 6, then 3.6 case 1. */
static void tell(const Story *s, FlowRecord *r) {
        SideRecord *client = &r->side[CLIENT], *server = &r->side[SERVER];
        SideRecord *closer = &r->side[s->closer], *answerer = &r->side[other(s->closer)];

        endpoint_init(client, STATE_CLOSED);
        endpoint_init(server, STATE_CLOSED);
        enter(client, EVENT_SENDS_SYN, s->syn, BASIS_OBSERVED);
        enter(client, EVENT_SYN_ACKED, s->syn_ack, BASIS_OBSERVED);
        enter(server, EVENT_SENDS_SYN_ACK, s->syn_ack, BASIS_OBSERVED);
        enter(server, EVENT_SYN_ACKED, s->opened, BASIS_OBSERVED);
        enter(closer, EVENT_SENDS_FIN, s->fin, BASIS_OBSERVED);
        enter(answerer, EVENT_FIN_RECEIVED, s->fin, BASIS_OBSERVED);
        if (s->fin_acked == s->answer) {
                enter(closer, EVENT_FIN_WITH_ACK, s->answer, hindsight_settled(s->answer->time_ns, r->capture_end_ns));
        } else {
                enter(closer, EVENT_FIN_ACKED, s->fin_acked, hindsight_settled(s->fin_acked->time_ns, r->capture_end_ns));
                enter(closer, EVENT_FIN_RECEIVED, s->answer, BASIS_OBSERVED);
        }
        enter(answerer, EVENT_SENDS_FIN, s->answer, BASIS_OBSERVED);
        enter(answerer, EVENT_FIN_ACKED, s->last, hindsight_settled(s->last->time_ns, r->capture_end_ns));
}

static void note_packet(FrameRef *frame, gint64 *time_ns, const TimelineEntry *e) {
        *frame = e->frame;
        *time_ns = e->time_ns;
}

gboolean textbook_close(const Flow *f, const Timeline *t, gint64 linger_ns, FlowRecord *r) {
        Story s = { .fin = NULL };
        SideRecord *closer, *answerer;

        if (!is_usual(f) || !is_in_order(t) || !has_handshake(t, &s) || !has_close(f, t, &s) || is_remarkable(f, &s, linger_ns))
                return FALSE;
        closer = &r->side[s.closer];
        answerer = &r->side[other(s.closer)];
        note_packet(&r->side[CLIENT].syn_frame, &r->side[CLIENT].syn_ns, s.syn);
        note_packet(&r->side[SERVER].syn_frame, &r->side[SERVER].syn_ns, s.syn_ack);
        note_packet(&closer->fin_frame, &closer->fin_ns, s.fin);
        note_packet(&closer->fin_acked_frame, &closer->fin_acked_ns, s.fin_acked);
        note_packet(&answerer->fin_frame, &answerer->fin_ns, s.answer);
        note_packet(&answerer->fin_acked_frame, &answerer->fin_acked_ns, s.last);
        tell(&s, r);
        r->vantage = (guint8)vantage_find(s.syn, s.syn_ack, s.opened);
        r->close = CLOSE_ORDERLY;
        r->closed_first_by = (guint8)s.closer;
        return TRUE;
}
