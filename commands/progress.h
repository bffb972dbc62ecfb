/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* A line on standard error about how far a long run has come; only on a terminal. */

#include "dissect/merge.h"

typedef struct Progress {
        gboolean wanted;
        gboolean shown;
        gint64 started_us, next_us; /* monotonic time of the beginning, of the next look */
} Progress;

Progress progress_new(gboolean quiet);

/* Cheap enough to be called for every batch. */
void progress_update(Progress *p, const Merge *m);

/**
 * progress_describe:
 * @bytes: of all captures; 0 if that is not known
 *
 * Appends "  42 %  1.2 GB read, 3,000,000 frames, 400 MB/s, 4 s left".
 */
void progress_describe(GString *text, guint64 offset, guint64 bytes, guint64 frames, gint64 elapsed_us);

/* Removes the line. */
void progress_end(Progress *p);
