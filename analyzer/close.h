/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* How a flow closed and who closed first, from the states that its ends went through. */

#include "hindsight.h"

/*
 * The end of the timeline: one side repeats or probes, the other says nothing any more. Returns: how many
 * such packets there are;
 * @first is set to the first of them, or NULL.
 */
guint close_unanswered_repeats(const Hindsight *h, const TimelineEntry **first);

CloseKind close_kind(const Hindsight *h, const FlowRecord *record);
ClosedFirstBy close_first_by(const Hindsight *h, const FlowRecord *record);

/* Returns: the entry of @state that @side made, or NULL. */
static inline const StateEntry *record_state(const FlowRecord *record, guint side, TcpState state) {
        const SideRecord *s = &record->side[side];

        return s->entered[state] ? &s->states[s->entered[state] - 1] : NULL;
}

/*
 * Returns: when @side left @entry: the next entry's time, or the end of the capture; @cut is set to whether
 * it was the latter.
 */
gint64 record_state_end(const FlowRecord *record, guint side, const StateEntry *entry, gboolean *cut);
