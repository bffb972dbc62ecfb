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
        guint16 tunnel; /* Segment.tunnel so far */
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

/* One half of a tunnel's name. */
static inline guint64 packet_tunnel_end(const Address *a, guint16 port) {
        guint64 x[2];

        memcpy(x, a->bytes, sizeof x);
        x[0] = (x[0] ^ port) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
        x[1] = (x[1] ^ x[0] >> 32) * G_GUINT64_CONSTANT(0xff51afd7ed558ccd);
        return x[1] ^ x[1] >> 29;
}

/* Notes which tunnel this is, by its ends: the last IP header's addresses, and the ports if they matter. */
static inline void packet_note_tunnel(Packet *p, guint16 source_port, guint16 destination_port) {
        guint64 x = packet_tunnel_end(&p->segment->source, source_port) +
                    packet_tunnel_end(&p->segment->destination, destination_port);

        x = (x ^ p->tunnel) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
        p->tunnel = MAX((guint16)(x >> 48), 1);
}
