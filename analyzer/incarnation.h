/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Which connection on a 4-tuple does a segment belong to? */

#include "flow_table.h"

typedef struct Match {
        Flow *flow;  /* NULL: the segment is late, or no flow can be added any more */
        gboolean late; /* a straggler of a flow that was reported: to be counted */
        guint side;  /* that sent the segment */
        Flow *ended; /* an older incarnation that this segment, a RST of the newer one, is addressed to; else NULL */
} Match;

static inline gboolean is_on_path(const FlowSide *me, const Segment *s) {
        return me->bits & SIDE_PATH && me->path == s->path;
}

/*
 * Returns: @likely if it is the newest incarnation on the 4-tuple and path of @s: it was looked up by the same hash a moment
 * ago. @side is who sent it.
 */
static inline Flow *incarnation_confirm(Flow *likely, const Segment *s, guint *side) {
        if (!likely || !likely->indexed)
                return NULL;
        *side = ends_sender(&likely->ends, s);
        return *side != SIDES && is_on_path(&likely->side[*side], s) ? likely : NULL;
}

/**
 * incarnation_match:
 * @likely: (nullable): what flow_table_prefetch_flow() found for @hash, a moment ago
 *
 * Finds the flow by 4-tuple and VLAN, then the incarnation by sequence numbers, and adds a flow where
 * there is none. An incarnation is known by its ISN, not by the order of its packets.
 */
Match incarnation_match(FlowTable *t, const Segment *s, guint32 hash, Flow *likely);

/*
 * Returns: the flow that an ICMP error's quotation speaks of, or NULL; @side is who sent the quoted packet.
 */
Flow *incarnation_of_quote(const FlowTable *t, const Segment *s, guint32 hash, guint *side);

/* Returns: whether @s is a captured copy of a packet that @f's timeline has. */
gboolean segment_is_copy(const Flow *f, guint side, const Segment *s);
