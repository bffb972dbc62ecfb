/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* How the tracker writes a timeline; everybody else only reads it. */

#include "flow.h"

/**
 * timeline_append:
 * @closing: whether a FIN or RST was seen, which makes more packets worth keeping
 *
 * Returns: the entry; valid until the next append.
 */
TimelineEntry *timeline_append(Timeline *t, const TimelineEntry *entry, gboolean closing);

/* Keeps @entry, the last one appended, from being thinned out. */
void timeline_pin(Timeline *t, TimelineEntry *entry);

void timeline_clear(Timeline *t);
