/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Theory of operation.  One frame while it is being taken apart: a view of the
 * bytes that are still to be read, and what the headers so far have said.  Each
 * decoder takes the header at the front of the view, cuts the view to the length
 * that the header states, and ends by calling the decoder of what comes next;
 * what the innermost returns is the frame's result.  So everything between two
 * layers is in this one value, and every decoder has the same shape and can stand in a table.
 *
 * A view knows how many bytes it had on the wire beside those captured (bytes.h).
 * That is what tells a header that was cut by the snaplen from one that cannot be, and
 * what makes payload lengths right in captures that hold headers only.
 */

#include "bytes.h"
#include "dissector.h"

/* More headers than this, one in another, are an attack on the stack and no packet. */
#define PACKET_DEPTH_MAX 32

typedef struct Packet {
        Bytes b;
        const Frame *frame;
        Segment *segment;
        PathTable *paths;
        guint32 path;
        guint32 path_detail;
        guint16 facts;  /* that the link layer knows: SEGMENT_NOT_INITIAL_COPY */
        guint8 depth;
        gboolean quote;    /* inside an ICMP error: no packet of its own */
        gboolean fragment; /* inside the first fragment of an IP packet: what is not here follows in another frame */
} Packet;

typedef DissectResult (*PacketDecoder)(Packet *p);

/**
 * packet_short:
 * @n: bytes that a header needs and that are not in the view
 * @malformed: what it is called if they were not on the wire either
 *
 * Returns: DISSECT_SNAPPED if they were; DISSECT_FRAGMENT if they are in a later fragment.
 */
static inline DissectResult packet_short(const Packet *p, gsize n, DissectResult malformed) {
        if (bytes_wire_left(&p->b) >= n)
                return DISSECT_SNAPPED;
        return p->fragment ? DISSECT_FRAGMENT : malformed;
}

/* Returns: whether one more header may be followed; every loop between decoders passes here. */
static inline gboolean packet_descend(Packet *p) {
        return ++p->depth <= PACKET_DEPTH_MAX;
}

static inline void packet_enter(Packet *p, PathKind kind, guint32 id) {
        path_enter(p->paths, &p->path, &p->path_detail, kind, id);
}
