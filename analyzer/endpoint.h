/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* One endpoint's RFC 9293 machine. The only writer of states: every move is a row of transitions.def. */

#include "record.h"

typedef enum Event {
#define EVENT(id, what) EVENT_##id,
#include "transitions.def"
        EVENTS
} Event;

typedef struct Transition {
        guint8 from;  /* TcpState */
        guint8 event; /* Event */
        guint8 to;    /* TcpState */
        const char *source;
        const char *seen;
} Transition;

/* Returns: the rows of transitions.def in their order; @n is set to how many. */
const Transition *transitions(guint *n);

/* Each row's @to plus one, so that 0 is "no such row". */
extern const guint8 transition_table[STATES][EVENTS];

/* Returns: the state that @event leads to, or STATES when there is no such row. */
static inline TcpState transition_to(TcpState from, Event event) {
        guint8 to = transition_table[from][event];

        return to ? (TcpState)(to - 1) : STATES;
}

/* Returns: "SENDS_FIN". */
const char *event_name(Event event);

/*
 * Starts a side's machine: CLOSED, or UNKNOWN when the capture began in the middle. No entry is logged for
 * it.
 */
static inline void endpoint_init(SideRecord *side, TcpState state) {
        side->state = (guint8)state;
        side->n_states = 0;
        memset(side->entered, 0, sizeof side->entered);
}

/**
 * endpoint_event:
 * Moves the endpoint and logs the entry.
 *
 * Returns: whether there was a row; without one nothing changes.
 */
static inline gboolean endpoint_event(SideRecord *side, Event event, gint64 time_ns, FrameRef frame, Basis basis) {
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
