/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The rows that Zeek's conn.log would have of a flow. Of most flows the timeline keeps all that Zeek looks at, and the rows
 * are made of it when the flow is judged. They are kept while its packets go by from the first one on of which that is not true.
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

/*
 * The same where the timeline is not enough: no entry tells of a tunnel, of a long word, and of payload that was cut here and not
 * there. @s: no copy, in order of time, and accounted for unless it is a SYN
 */
static inline void zeek_rows_note_next(Flow *f, guint side, const Segment *s) {
        FlowSide *me = &f->side[side];
        const guint cut = s->payload_bytes && s->facts & SEGMENT_PAYLOAD_CUT ? SIDE_CUT : 0;

        if (s->seq - me->isn == 1)
                me->bits |= cut; /* the first of its payload */
        if (f->has & 1U << NOTE_ZEEK || s->tunnel | s->long_word || (s->payload_bytes && (me->bits & SIDE_CUT) != cut) ||
            timeline_is_full(&f->timeline, f->closing))
                zeek_rows_note(f, side, s);
}
