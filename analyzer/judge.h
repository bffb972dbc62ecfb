/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* From a flow's facts to its record: hindsight, replay, kind of close, findings. */

#include "flow.h"
#include "tracker.h"

/**
 * judge_flow:
 * @end_ns: time of the capture's last frame
 * @record: (out): all of it is written; its timeline points into @flow
 *
 * Returns: whether it closed as in the textbook (textbook.h).
 */
gboolean judge_flow(const Flow *flow, gint64 end_ns, const TrackerOptions *options, FlowRecord *record);
