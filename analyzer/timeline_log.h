/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* How a flow's timeline is written while its packets go by, and how it is read. */

#include "flow.h"

/* The flow's first packet is the one at hand. */
static inline void timeline_begin(Flow *f, gint64 time_ns, FrameRef frame) {
        f->start_ns = f->timeline.expected.time_ns = time_ns;
        f->first_frame = f->timeline.expected.frame = frame;
}

/**
 * timeline_append:
 * @closing: whether a FIN or RST was seen, which makes more packets worth keeping
 *
 * Adds @entry; its place is found when the timeline is read.
 */
void timeline_append(Flow *f, const TimelineEntry *entry, gboolean closing);

/**
 * timeline_read:
 * @entries: room for f->timeline.n of them: the caller's, as several threads may read at a time
 * @t: (out): its entries are @entries
 *
 * Entries stand in their places in time: records that the capture swapped are put right, a clock that was set back
 * is not.
 */
void timeline_read(const Flow *f, TimelineEntry *entries, Timeline *t);

void timeline_clear(Flow *f);
