/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The rows that Zeek's conn.log would have of a flow. Of most flows the timeline keeps all that Zeek looks at, and the rows
 * are made of it when the flow is judged: by sight where each packet was the next one of its side, else packet by packet. They
 * are kept while its packets go by from the first one on of which the timeline does not tell all.
 */

#include "record.h"
#include "timeline_log.h"

/* What is said of them in @r. @t: the timeline of @f */
void zeek_rows_tell(const Flow *f, const Timeline *t, FlowRecord *r);

void zeek_rows_clear(ZeekRows *r);

/* From now on @f keeps its rows. To be asked before its timeline loses anything. */
void zeek_rows_keep(Flow *f);

/* Adds @s to what @f keeps, from now on if not before. To be asked before the timeline has @s. */
void zeek_rows_note(Flow *f, guint side, const Segment *s);

/* No entry tells of a tunnel, of a long word, and of payload that was cut here and not there. */
static inline gboolean zeek_rows_are_needed(const Flow *f, guint side, const Segment *s) {
        const guint cut = s->facts & SEGMENT_PAYLOAD_CUT ? SIDE_CUT : 0;

        return f->has & 1U << NOTE_ZEEK || s->tunnel | s->long_word || (s->payload_bytes && (f->side[side].bits & SIDE_CUT) != cut) ||
               timeline_is_full(&f->timeline, f->closing);
}

/* The same where it is needed. @s: no copy, in order of time, and the next one of its side, which accounted for it unless it is a SYN */
static inline void zeek_rows_note_next(Flow *f, guint side, const Segment *s) {
        FlowSide *me = &f->side[side];

        if (s->payload_bytes && s->facts & SEGMENT_PAYLOAD_CUT && s->seq - me->isn == 1)
                me->bits |= SIDE_CUT; /* the first of its payload */
        if (zeek_rows_are_needed(f, side, s))
                zeek_rows_note(f, side, s);
}

/* The same of any other packet but a copy: the timeline tells it in order of time. */
static inline void zeek_rows_note_odd(Flow *f, guint side, const Segment *s) {
        f->zeek_odd = TRUE;
        if (s->time_ns < flow_end_ns(f) || zeek_rows_are_needed(f, side, s))
                zeek_rows_note(f, side, s);
}
