/* SPDX-License-Identifier: BSD-3-Clause */
#include "zeek_rows.h"
#include "sequence.h"

#include <string.h>

/* ── Packet by packet ────────────────────────────────────────────────────── */

/* Returns: the row that takes @s. */
static ZeekFlow *row_of(ZeekRows *r, const Segment *s) {
        const guint n = r->later ? r->later->len : 0;
        ZeekFlow *row = n ? &g_array_index(r->later, ZeekFlow, n - 1) : &r->first;

        if (G_LIKELY(n == RECORD_ZEEK_LATER_MAX || !zeek_begins_anew(row, s)))
                return row;
        if (!r->later)
                r->later = g_array_new(FALSE, TRUE, sizeof(ZeekFlow));
        g_array_set_size(r->later, n + 1);
        return &g_array_index(r->later, ZeekFlow, n);
}

static G_GNUC_NO_INLINE void add_in_full(ZeekRows *r, const Segment *s, guint side) {
        zeek_segment(row_of(r, s), s, side);
}

/* Copies too: other tools do not know them for what they are. */
static inline void add(ZeekRows *r, const Segment *s, guint side) {
        if (r->later || !zeek_next(&r->first, s, side))
                add_in_full(r, s, side);
}

/* Takes in all packets of @f so far. @t: all of its timeline */
static void replay(ZeekRows *r, const Flow *f, const Timeline *t) {
        Segment s = { .kind = SEGMENT_TCP };

        for (guint i = 0; i < t->n; i++) {
                const TimelineEntry *e = &t->entries[i];
                const guint side = entry_side(e);

                if (entry_is_aside(e))
                        continue;
                s.time_ns = e->time_ns;
                s.source_port = f->ends.port[side];
                s.destination_port = f->ends.port[other(side)];
                s.seq = e->seq;
                s.ack = e->ack;
                s.payload_bytes = e->payload_bytes;
                s.window = e->window;
                s.flags = e->flags;
                s.facts = e->payload_bytes && f->side[side].bits & SIDE_CUT ? SEGMENT_PAYLOAD_CUT : 0;
                add(r, &s, side);
        }
}

void zeek_rows_clear(ZeekRows *r) {
        g_clear_pointer(&r->later, g_array_unref);
}

void zeek_rows_keep(Flow *f) {
        FlowZeek *zeek;
        TimelineEntry entries[TIMELINE_ENTRIES_MAX];
        Timeline t;

        if (flow_note(f, NOTE_ZEEK))
                return;
        timeline_read(f, entries, &t);
        zeek = flow_note_add(f, NOTE_ZEEK);
        replay(&zeek->rows, f, &t);
}

void zeek_rows_note(Flow *f, guint side, const Segment *s) {
        FlowZeek *zeek;

        zeek_rows_keep(f);
        zeek = flow_note(f, NOTE_ZEEK);
        add(&zeek->rows, s, side);
}

/* ── Plain flows ─────────────────────────────────────────────────────────── */

/* No timer of Zeek's is shorter: zeek_begins_anew(). */
#define TIMER_NS (5 * G_GINT64_CONSTANT(1000000000))

/* Of each side: what may come once. */
enum { LETTER_SYN, LETTER_DATA, LETTER_ACK, LETTER_FIN, LETTERS };

typedef struct Plain {
        char *at; /* where the next letter goes */
        guint letters[SIDES]; /* a bit for each that has come */
        guint gaps[SIDES];    /* acknowledgments of payload that was cut, which to Zeek is missing */
        guint32 acked[SIDES]; /* what the other end acknowledged */
} Plain;

static guint letter_of(const TimelineEntry *e) {
        if (e->flags & TCP_SYN)
                return LETTER_SYN;
        if (e->flags & TCP_FIN)
                return LETTER_FIN;
        return e->payload_bytes ? LETTER_DATA : LETTER_ACK;
}

static void add_letter(Plain *p, guint side, guint letter) {
        static const char letters[SIDES][LETTERS + 1] = { "SDAF", "hdaf" };

        *p->at = letters[side][letter];
        p->at += !(p->letters[side] & 1U << letter);
        p->letters[side] |= 1U << letter;
}

/* The first, the tenth and the hundredth; there are no more entries than that. */
static void add_gap(Plain *p, const FlowSide *me, guint side, guint32 ack) {
        if (p->letters[side] & 1U << LETTER_FIN && ack == me->fin_end)
                ack--;
        if (!(me->bits & SIDE_CUT) || !seq_after(ack, p->acked[side]))
                return;
        p->acked[side] = ack;
        p->gaps[side]++;
        if (p->gaps[side] == 1 || p->gaps[side] == 10 || p->gaps[side] == 100)
                *p->at++ = side == CLIENT ? 'G' : 'g';
}

static const char *state_of(const Plain *p) {
        const guint fin = 1U << LETTER_FIN, client = p->letters[CLIENT] & fin, server = p->letters[SERVER] & fin;

        if (!p->letters[SERVER])
                return "S0";
        if (client && server)
                return "SF";
        return client ? "S2" : server ? "S3" : "S1";
}

/*
 * What zeek_segment() comes to where each packet is the next one of a side that began with a SYN. Returns: FALSE, when a timer
 * may have run out, or a window was closed.
 */
static gboolean tell_plain(const Flow *f, const Timeline *t, FlowRecord *r) {
        Plain p = { .at = r->zeek_history, .acked = { f->side[CLIENT].isn + 1, f->side[SERVER].isn + 1 } };
        gint64 since_ns = f->start_ns;

        for (guint i = 0; i < t->n; i++) {
                const TimelineEntry *e = &t->entries[i];
                const guint side = entry_side(e);

                if (entry_is_aside(e))
                        continue;
                if (!e->window || e->time_ns - since_ns >= TIMER_NS)
                        return FALSE;
                if (!(p.letters[CLIENT] & p.letters[SERVER] & 1U << LETTER_FIN)) /* once both have closed its timer is not set back */
                        since_ns = e->time_ns;
                add_letter(&p, side, letter_of(e));
                if (e->flags & TCP_ACK)
                        add_gap(&p, &f->side[other(side)], other(side), e->ack);
        }
        *p.at = '\0';
        r->zeek_conn_state = state_of(&p);
        return TRUE;
}

/* ── Words ───────────────────────────────────────────────────────────────── */

static void copy_rows(const ZeekRows *rows, FlowRecord *r) {
        r->zeek_conn_state = zeek_conn_state(&rows->first);
        zeek_history(&rows->first, r->zeek_history, sizeof r->zeek_history);
        for (guint i = 0; rows->later && i < rows->later->len; i++) {
                const ZeekFlow *row = &g_array_index(rows->later, ZeekFlow, i);
                ZeekRow *told = &r->zeek_later[r->n_zeek_later++];

                told->conn_state = zeek_conn_state(row);
                zeek_history(row, told->history, sizeof told->history);
        }
}

void zeek_rows_tell(const Flow *f, const Timeline *t, FlowRecord *r) {
        const FlowZeek *kept = flow_note(f, NOTE_ZEEK);
        ZeekRows rows;

        if (kept) {
                copy_rows(&kept->rows, r);
                return;
        }
        if (!f->zeek_odd && tell_plain(f, t, r))
                return;
        memset(&rows, 0, sizeof rows);
        replay(&rows, f, t);
        copy_rows(&rows, r);
        zeek_rows_clear(&rows);
}
