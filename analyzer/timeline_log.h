/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* How the tracker writes a timeline; everybody else only reads it. */

#include "flow.h"

/**
 * timeline_append:
 * @closing: whether a FIN or RST was seen, which makes more packets worth keeping
 *
 * Adds @entry at its place in time: records that the capture swapped are put right, a clock that was set back is not.
 */
void timeline_append(Timeline *t, const TimelineEntry *entry, gboolean closing);

void timeline_clear(Timeline *t);
