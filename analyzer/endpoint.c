/* SPDX-License-Identifier: BSD-3-Clause */
#include "endpoint.h"

#include <string.h>

static const Transition rows[] = {
#define ROW(from, event, to, source, seen) { STATE_##from, EVENT_##event, STATE_##to, source, seen },
#include "transitions.def"
};

/* One more than the state, so that 0 is "no such row". */
static const guint8 table[STATES][EVENTS] = {
#define ROW(from, event, to, source, seen) [STATE_##from][EVENT_##event] = STATE_##to + 1,
#include "transitions.def"
};

static const struct {
        const char *name, *title;
} events[] = {
#define EVENT(id, what) [EVENT_##id] = { #id, what },
#include "transitions.def"
};
G_STATIC_ASSERT(G_N_ELEMENTS(events) == EVENTS);

const Transition *transitions(guint *n) {
        *n = G_N_ELEMENTS(rows);
        return rows;
}

TcpState transition_to(TcpState from, Event event) {
        guint8 to = table[from][event];

        return to ? to - 1 : STATES;
}

const char *event_name(Event event) {
        return events[event].name;
}

const char *event_title(Event event) {
        return events[event].title;
}

void endpoint_init(SideRecord *side, TcpState state) {
        side->state = (guint8)state;
        side->n_states = 0;
        memset(side->entered, 0, sizeof side->entered);
}

gboolean endpoint_event(SideRecord *side, Event event, gint64 time_ns, FrameRef frame, Basis basis) {
        TcpState to = transition_to(side->state, event);

        if (to == STATES || side->n_states == RECORD_STATES_MAX)
                return FALSE;
        side->state = (guint8)to;
        if (!side->entered[to])
                side->entered[to] = side->n_states + 1;
        side->states[side->n_states++] = (StateEntry){
                .time_ns = time_ns,
                .frame = frame,
                .state = (guint8)to,
                .basis = (guint8)basis,
                .event = (guint8)event,
        };
        return TRUE;
}
