/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The stages of analyzer/tracker.h, and reading before them, on some threads. What comes out does not depend on how many. */

#include "analyzer/tracker.h"

typedef enum Stage {
        STAGE_READ,
        STAGE_FEED,
        STAGE_SETTLE,
        STAGE_JUDGE,
        STAGE_SINK,
        STAGES
} Stage;

#define WORKERS_MAX 64U

/* Fills an empty block as far as the input goes, and says whether it is the last one. Called by one thread at a time. */
typedef void (*BlockReader)(Block *b, gpointer data);

/**
 * workers_run:
 * @threads: from 1 to WORKERS_MAX, the calling one among them
 * @spent_ns: (out) (nullable): thread time in each stage
 *
 * Returns after the last block went through all stages.
 */
void workers_run(Tracker *t, guint threads, BlockReader read, gpointer data, gint64 spent_ns[STAGES]);
