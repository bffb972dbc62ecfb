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

#define HEAD_KEPT 8U       /* the handshake and what came right after it */
#define PLAIN_MAX_OPEN 32U /* plain entries while nobody has closed */

/* timeline_append() where it is not just one more at the end. */
void timeline_insert(TimelinePool *p, Timeline *t, const TimelineEntry *entry, gboolean closing);

/**
 * timeline_append:
 * @closing: whether a FIN or RST was seen, which makes more packets worth keeping
 *
 * Adds @entry at its place in time: records that the capture swapped are put right, a clock that was set back
 * is not.
 */
static inline void timeline_append(TimelinePool *p, Timeline *t, const TimelineEntry *entry, gboolean closing) {
        if (t->n == 0 || t->n >= t->room || t->n >= TIMELINE_ENTRIES_MAX || t->plain >= PLAIN_MAX_OPEN || t->entries[t->n - 1].time_ns > entry->time_ns) {
                timeline_insert(p, t, entry, closing);
                return;
        }
        t->plain += !(entry->marks & ENTRY_PINNED);
        t->entries[t->n++] = *entry;
}

void timeline_clear(TimelinePool *p, Timeline *t);
