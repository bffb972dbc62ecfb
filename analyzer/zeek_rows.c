/* SPDX-License-Identifier: BSD-3-Clause */
#include "zeek_rows.h"
#include "record.h"

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

void zeek_rows_replay(ZeekRows *r, const Flow *f, const Timeline *t) {
        Segment s = { .kind = SEGMENT_TCP };

        for (guint i = 0; i < t->n; i++) {
                const TimelineEntry *e = &t->entries[i];
                const guint side = entry_side(e);

                if (!entry_is_ordinary(e))
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
        zeek_rows_replay(&zeek->rows, f, &t);
}

void zeek_rows_note(Flow *f, guint side, const Segment *s) {
        FlowZeek *zeek;

        zeek_rows_keep(f);
        zeek = flow_note(f, NOTE_ZEEK);
        add(&zeek->rows, s, side);
}
