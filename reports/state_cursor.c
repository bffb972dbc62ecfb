/* SPDX-License-Identifier: BSD-3-Clause */

#include "state_cursor.h"

/* An entry belongs to the packet that shows it; where that was not kept, to the next one by time. */
static gboolean is_reached(const StateEntry *s, const TimelineEntry *e) {
        return s->time_ns < e->time_ns || s->frame == e->frame || (s->time_ns == e->time_ns && s->frame < e->frame);
}

TcpState state_cursor_after(StateCursor *cursor, const FlowRecord *f, guint side, const TimelineEntry *e) {
        const SideRecord *s = &f->side[side];
        guint *passed = &cursor->passed[side];

        while (*passed < s->n_states && is_reached(&s->states[*passed], e))
                (*passed)++;
        if (*passed > 0)
                return s->states[*passed - 1].state;
        return f->joined ? STATE_UNKNOWN : STATE_CLOSED;
}

const StateEntry *state_cursor_timer_before(StateCursor *cursor, const FlowRecord *f, guint side, const TimelineEntry *e) {
        const SideRecord *s = &f->side[side];
        guint passed = cursor->passed[side];

        if (passed == s->n_states || s->states[passed].frame != 0 || (e && s->states[passed].time_ns > e->time_ns))
                return NULL;
        cursor->passed[side]++;
        return &s->states[passed];
}
