/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* How the tracker writes a timeline; everybody else only reads it. */

#include "flow.h"

/* Memory of timelines that are gone, by size, for those that come: connections come and go by the million. */
typedef struct TimelinePool TimelinePool;

TimelinePool *timeline_pool_new(void);
void timeline_pool_free(TimelinePool *p);

/* Bytes that timelines hold now, those that are kept for later included. */
gsize timeline_pool_bytes(const TimelinePool *p);

/**
 * timeline_append:
 * @closing: whether a FIN or RST was seen, which makes more packets worth keeping
 *
 * Adds @entry at its place in time: records that the capture swapped are put right, a clock that was set back
 * is not.
 */
void timeline_append(TimelinePool *p, Timeline *t, const TimelineEntry *entry, gboolean closing);

void timeline_clear(TimelinePool *p, Timeline *t);
