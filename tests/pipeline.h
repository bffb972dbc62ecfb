/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* A capture through dissector and tracker in one thread; commands/run.c does it in several. */

#include "analyzer/tracker.h"
#include "dissect/capture.h"
#include "dissect/dissector.h"

/* Always the same one: it is large, and captures are many and small. */
static inline Block *pipeline_block(void) {
        static Block *block;

        if (!block)
                block = block_new();
        block_clear(block);
        return block;
}

/* All of @c, with whoever wants to look at each frame. */
static inline void pipeline_run_looking(Tracker *tracker, Dissector *dissector, Capture *c, void (*look)(const Frame *)) {
        Block *b = pipeline_block();
        g_autoptr(GArray) damage = g_array_new(FALSE, FALSE, sizeof(FrameRef));
        Frame frames[FRAME_BATCH];
        guint n;

        while ((n = capture_read(c, frames, MIN(FRAME_BATCH, block_room(b)))) > 0) {
                for (guint i = 0; i < n; i++) {
                        DissectResult result = dissector_frame(dissector, &frames[i], block_next(b));

                        if (look)
                                look(&frames[i]);
                        block_note_frame(b, frames[i].ref, frames[i].time_ns);
                        if (result == DISSECT_TCP || result == DISSECT_ICMP_QUOTE)
                                block_add(b);
                }
                if (block_room(b) > 0)
                        continue;
                tracker_take(tracker, b);
                block_clear(b);
        }
        if (capture_info(c)->damage != CAPTURE_INTACT) {
                FrameRef unreadable = frame_ref(0, capture_info(c)->damage_frame);

                g_array_append_val(damage, unreadable);
        }
        b->damage = damage;
        b->last = TRUE;
        tracker_take(tracker, b);
}

static inline void pipeline_run(Tracker *tracker, Dissector *dissector, Capture *c) {
        pipeline_run_looking(tracker, dissector, c, NULL);
}
