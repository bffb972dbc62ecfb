/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* A capture through dissector and tracker, as commands/run.c does it, a segment at a time. */

#include "analyzer/tracker.h"
#include "dissect/capture.h"
#include "dissect/dissector.h"

/* Feeds all of @c; tracker_finish() is the caller's. */
static inline void pipeline_feed(Tracker *tracker, Dissector *dissector, Capture *c) {
        Frame frames[FRAME_BATCH];
        guint n;

        while ((n = capture_read(c, frames, FRAME_BATCH)) > 0)
                for (guint i = 0; i < n; i++) {
                        Segment s;
                        DissectResult result = dissector_frame(dissector, &frames[i], &s);

                        tracker_note_frame(tracker, frames[i].ref, frames[i].time_ns);
                        if (result == DISSECT_TCP || result == DISSECT_ICMP_QUOTE)
                                tracker_feed(tracker, &s, 1);
                }
}
