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

/* Returns: the state that @event leads to, or STATES when there is no such row. */
TcpState transition_to(TcpState from, Event event);

/* Returns: "SENDS_FIN"; and "sent its FIN". */
const char *event_name(Event event);
const char *event_title(Event event);

/*
 * Starts a side's machine: CLOSED, or UNKNOWN when the capture began in the middle. No entry is logged for
 * it.
 */
void endpoint_init(SideRecord *side, TcpState state);

/**
 * endpoint_event:
 * Moves the endpoint and logs the entry.
 *
 * Returns: whether there was a row; without one nothing changes.
 */
gboolean endpoint_event(SideRecord *side, Event event, gint64 time_ns, FrameRef frame, Basis basis);
