/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * When somebody was looking. Captures that are read together may have been taken years apart: then a flow of
 * the first was watched until that one ended, and no longer.
 */

#include "dissect/segment.h"

/*
 * Files of one rotated capture follow each other closely, though an idle link may leave one of them empty; what
 * is further apart was not one capture.
 */
#define COVERAGE_GAP_NS (3600 * G_GINT64_CONSTANT(1000000000))

typedef struct Coverage {
        gint64 end_ns;  /* latest time seen; G_MININT64 before */
        guint last_file;
        GArray *breaks; /* (element-type gint64): last times before a gap that no file spans, in order */
        GArray *known;  /* (element-type guint32): by file, the breaks before its first frame, plus one; 0 unseen */
} Coverage;

void coverage_init(Coverage *c);
void coverage_clear(Coverage *c);

/* coverage_note() where the frame is of another file than the one before. */
void coverage_note_file(Coverage *c, guint file, gint64 time_ns);

/* For each frame, in the order of the merged input. */
static inline void coverage_note(Coverage *c, FrameRef frame, gint64 time_ns) {
        guint file = frame_ref_file(frame);

        if (file != c->last_file)
                coverage_note_file(c, file, time_ns);
        c->end_ns = MAX(c->end_ns, time_ns);
}

/* Returns: until when a flow was watched whose last packet is of @time_ns. */
gint64 coverage_end(const Coverage *c, gint64 time_ns);
