/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* A line on standard error about how far a long run has come; only on a terminal. */

#include "dissect/merge.h"

typedef struct Progress {
        gboolean wanted;
        gboolean shown;
        gint64 next_us; /* monotonic time of the next look */
} Progress;

Progress progress_new(gboolean quiet);

/* Cheap enough to be called for every batch. */
void progress_update(Progress *p, const Merge *m);

/* Removes the line. */
void progress_end(Progress *p);
