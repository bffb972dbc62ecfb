/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Flows that are to be reported, in order of completion. */

#include "flow.h"

typedef struct Due {
        gint64 end_ns; /* of its last packet */
        Flow *flow;    /* NULL once its verdict said that it is not over */
        gboolean given_up_as_closed; /* because of memory, before 4 minutes had passed */
} Due;

/* Zeroed: an empty one. */
typedef struct DueList {
        Due *due;
        guint n, room;
} DueList;

void due_list_add(DueList *l, Due due);

/* Room for @room of them in all, so that it is not outgrown: what is not used takes no memory. */
void due_list_reserve(DueList *l, guint room);
void due_list_clear(DueList *l);

/* By the time of the last packet; of those with the same the one whose first frame came first. */
void due_list_sort(DueList *l);

/* Of two that end at the same time: numbers are given after feeding, the frame that a flow began with is there. */
static inline gboolean due_is_older(const Due *a, const Due *b) {
        return a->flow->first_frame < b->flow->first_frame;
}
