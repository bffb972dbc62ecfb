/* SPDX-License-Identifier: BSD-3-Clause */
#include "far.h"

/* Of a side: what lies so near its end is left as it is; its first numbers are put as near to its new beginning. */
#define NEAR_BYTES (SEQUENCE_FAR / 4)
#define FOLDED_BYTES (SEQUENCE_FAR / 2)

/* The number of @side that @e tells. Returns: NULL if none. */
static guint32 *number_of(TimelineEntry *e, guint side) {
        if (!entry_is_ordinary(e))
                return NULL;
        if (entry_side(e) == side)
                return &e->seq;
        return e->flags & TCP_ACK ? &e->ack : NULL;
}

/* Returns: the first entry from which on all numbers of @side lie near its end. Before that packets were left out. */
static guint first_near(Far *far, guint side) {
        const guint32 nxt = far->flow.side[side].nxt;
        guint i = far->timeline.n, gap = 0;

        while (gap < i && !(far->entries[gap].marks & ENTRY_GAP_BEFORE))
                gap++;
        for (; i > gap; i--) {
                const guint32 *number = number_of(&far->entries[i - 1], side);

                /* some lie beyond the end: a FIN, what was not captured */
                if (number && nxt + NEAR_BYTES - *number > 2 * NEAR_BYTES)
                        break;
        }
        return i;
}

static void fold_side(Far *far, guint side) {
        FlowSide *me = &far->flow.side[side];
        const guint32 isn = me->isn;
        guint near = first_near(far, side);

        me->isn = me->nxt - FOLDED_BYTES;
        far->shift[side] = me->isn - isn;
        for (guint i = 0; i < near; i++) {
                guint32 *number = number_of(&far->entries[i], side);

                if (number)
                        *number = me->isn + MIN(*number - isn, FOLDED_BYTES - NEAR_BYTES);
        }
}

void far_fold(Far *far, const Flow *flow, const Timeline *timeline) {
        far->flow = *flow;
        far->timeline = *timeline;
        far->timeline.entries = memcpy(far->entries, timeline->entries, timeline->n * sizeof *timeline->entries);
        for (guint side = 0; side < SIDES; side++) {
                far->shift[side] = 0;
                if (flow->side[side].bits & SIDE_FAR)
                        fold_side(far, side);
        }
}
