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

/* What may come once, of each side. */
enum { LETTER_SYN, LETTER_DATA, LETTER_ACK, LETTER_FIN, LETTERS };

#define BIT_OF(side, letter) (1U << ((side) * LETTERS + (letter)))
#define BOTH_FINS (BIT_OF(CLIENT, LETTER_FIN) | BIT_OF(SERVER, LETTER_FIN))

typedef struct Gaps {
        guint n[SIDES];       /* acknowledgments of payload that was cut, which to Zeek is missing */
        guint32 acked[SIDES]; /* what the other end acknowledged */
} Gaps;

/* Its place among @letters. */
static inline guint letter_of(const TimelineEntry *e, guint side) {
        const guint plain = e->payload_bytes ? LETTER_DATA : LETTER_ACK;

        return side * LETTERS + (e->flags & TCP_SYN ? LETTER_SYN : e->flags & TCP_FIN ? LETTER_FIN : plain);
}

/* The first, the tenth and the hundredth have letters; there are no more entries than that. Returns: where the next letter goes. */
static char *add_gap(char *at, Gaps *gaps, const FlowSide *me, guint side, gboolean has_fin, guint32 ack) {
        if (has_fin && ack == me->fin_end)
                ack--;
        if (!(me->bits & SIDE_CUT) || !seq_after(ack, gaps->acked[side]))
                return at;
        gaps->acked[side] = ack;
        gaps->n[side]++;
        if (gaps->n[side] == 1 || gaps->n[side] == 10 || gaps->n[side] == 100)
                *at++ = side == CLIENT ? 'G' : 'g';
        return at;
}

/* @seen: a bit for each letter */
static const char *state_of(guint seen) {
        if (!(seen >> LETTERS))
                return "S0";
        if ((seen & BOTH_FINS) == BOTH_FINS)
                return "SF";
        return seen & BIT_OF(CLIENT, LETTER_FIN) ? "S2" : seen & BOTH_FINS ? "S3" : "S1";
}

/*
 * What zeek_segment() comes to where each packet is the next one of a side that began with a SYN. Returns: FALSE, when a timer
 * may have run out, or a window was closed.
 */
static gboolean tell_plain(const Flow *f, const Timeline *t, FlowRecord *r) {
        static const char letters[] = "SDAFhdaf";
        Gaps gaps = { .acked = { f->side[CLIENT].isn + 1, f->side[SERVER].isn + 1 } };
        gint64 since_ns = f->start_ns;
        char *at = r->zeek_history;
        guint seen = 0;

        for (guint i = 0; i < t->n; i++) {
                const TimelineEntry *e = &t->entries[i];
                const guint side = entry_side(e), letter = letter_of(e, side);

                if (entry_is_aside(e))
                        continue;
                if (!e->window || e->time_ns - since_ns >= TIMER_NS)
                        return FALSE;
                if ((seen & BOTH_FINS) != BOTH_FINS) /* once both have closed its timer is not set back */
                        since_ns = e->time_ns;
                *at = letters[letter];
                at += !(seen >> letter & 1);
                seen |= 1U << letter;
                if (e->flags & TCP_ACK)
                        at = add_gap(at, &gaps, &f->side[other(side)], other(side), !!(seen & BIT_OF(other(side), LETTER_FIN)), e->ack);
        }
        *at = '\0';
        r->zeek_conn_state = state_of(seen);
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
