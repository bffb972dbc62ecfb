/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* From a flow's facts to its record: hindsight, replay, kind of close, findings. */

#include "coverage.h"
#include "flow.h"
#include "peers.h"
#include "tracker.h"

/* What is known beyond the flow. */
typedef struct Surroundings {
        const Coverage *coverage;
        const Peers *peers;    /* NULL before the end of the input: then only flows that have closed are judged */
        const GArray *damage;  /* (nullable) (element-type FrameRef): see Block */
} Surroundings;

/**
 * judge_flow:
 * @entries: room for the flow's timeline, as long as @record is read
 * @record: (out): all of it is written; its timeline is @entries
 *
 * Returns: whether it closed as in the textbook (textbook.h).
 */
gboolean judge_flow(const Flow *flow, const Surroundings *around, const TrackerOptions *options, TimelineEntry *entries, FlowRecord *record);
