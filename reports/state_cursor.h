/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Walks the states of both sides along the packets of a flow. */

#include "analyzer/record.h"

typedef struct StateCursor {
        guint passed[SIDES]; /* how many of the side's entries lie behind */
} StateCursor;

/* Returns: the state of @side after @e, when called for every packet in order. */
TcpState state_cursor_after(StateCursor *cursor, const FlowRecord *f, guint side, const TimelineEntry *e);

/*
 * Returns: the side's next entry without a frame (a timer's) that comes before @e, or (for NULL) before the end;
 * it counts as passed. NULL if there is none.
 */
const StateEntry *state_cursor_timer_before(StateCursor *cursor, const FlowRecord *f, guint side, const TimelineEntry *e);
