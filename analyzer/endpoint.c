/* SPDX-License-Identifier: BSD-3-Clause */
#include "endpoint.h"

static const Transition rows[] = {
#define ROW(from, event, to, source, seen) { STATE_##from, EVENT_##event, STATE_##to, source, seen },
#include "transitions.def"
};

const guint8 transition_table[STATES][EVENTS] = {
#define ROW(from, event, to, source, seen) [STATE_##from][EVENT_##event] = STATE_##to + 1,
#include "transitions.def"
};

static const char *const events[] = {
#define EVENT(id, what) [EVENT_##id] = #id,
#include "transitions.def"
};
G_STATIC_ASSERT(G_N_ELEMENTS(events) == EVENTS);

const Transition *transitions(guint *n) {
        *n = G_N_ELEMENTS(rows);
        return rows;
}

const char *event_name(Event event) {
        return events[event];
}
