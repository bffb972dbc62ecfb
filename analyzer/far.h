/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Connections that sent more than SEQUENCE_FAR. Sequence numbers tell before from after over half of their space alone (RFC 9293
 * 3.4), so that the beginning of such a connection cannot be held against its end. It is judged as if the middle had been shorter:
 * its first numbers move up to half of SEQUENCE_FAR before its last. What was sent there is not in the timeline anyway.
 */

#include "flow.h"

typedef struct Far {
        Flow flow;         /* no flow of a table: only to be looked at */
        Timeline timeline; /* of @entries */
        guint32 shift[SIDES]; /* so much was added to a side's first numbers */
        TimelineEntry entries[TIMELINE_ENTRIES_MAX];
} Far;

static inline gboolean flow_is_far(const Flow *f) {
        return (f->side[CLIENT].bits | f->side[SERVER].bits) & SIDE_FAR;
}

void far_fold(Far *far, const Flow *flow, const Timeline *timeline);
