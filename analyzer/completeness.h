/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Wireshark's tcp.completeness: which kinds of segment a conversation has shown
 * (COMPLETENESS_ bits of record.h).  It is a set, not a state: order, direction
 * and sequence numbers play no part.
 */

#include "record.h"

/* Kept in the two bits that Wireshark does not use. */
enum {
        COMPLETENESS_SEEN_ONE = 64,
        COMPLETENESS_SEEN_MORE = 128,
};

/**
 * completeness_segment:
 * @so_far: what this function returned for the segment before; 0 for a flow's first one
 *
 * Returns: @so_far and what @s adds to it, with bits of its own above COMPLETENESS_RST: only
 * completeness_value() says what it means.
 */
guint8 completeness_segment(guint8 so_far, const Segment *s);

/* The same of a segment with ACK, and neither SYN nor RST, that is not the first one. */
static inline guint8 completeness_next(guint8 so_far, const Segment *s) {
        return so_far | COMPLETENESS_SEEN_MORE | (s->payload_bytes ? COMPLETENESS_DATA : COMPLETENESS_ACK) | (s->flags & TCP_FIN) * COMPLETENESS_FIN;
}

/* Returns: the bits as `tshark -2` prints them on a conversation's last packet. */
guint8 completeness_value(guint8 so_far);
