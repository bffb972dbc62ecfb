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
