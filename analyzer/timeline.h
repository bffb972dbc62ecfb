/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The packets of a flow that matter for how it ended, in capture order and in
 * bounded memory: the handshake, the last packets before the close, everything
 * that moves a state, and what came after.  States are inferred from it with
 * hindsight when the flow is reported (replay.c).
 */

#include "dissect/segment.h"
#include "states.h"

enum {
        ENTRY_SERVER = 1 << 0,         /* sent by side SERVER */
        ENTRY_TIMESTAMP = 1 << 1,      /* tsval and tsecr are valid */
        ENTRY_IP_ID = 1 << 2,          /* IPv4: ip_id is valid */
        ENTRY_SACK = 1 << 3,           /* sack_right is the right edge of the highest block */
        ENTRY_DSACK = 1 << 4,          /* its first SACK block reports a duplicate (RFC 2883) */
        ENTRY_RETRANSMISSION = 1 << 5, /* nothing in it was new */
        ENTRY_KEEPALIVE = 1 << 6,      /* at most one byte, just below what was sent before */
        ENTRY_GAP_BEFORE = 1 << 7,     /* packets before this one were not kept */
        ENTRY_PINNED = 1 << 8,         /* moves a state or is evidence: never thinned out */
        ENTRY_HOLE = 1 << 9,           /* its sequence number is beyond what the capture has of this side */
        ENTRY_ICMP = 1 << 10,          /* an ICMP error that quotes a packet of this side; flags, len and ack mean nothing */
        ENTRY_FOREIGN = 1 << 11, /* of another connection on the same 4-tuple, but it met this one: its numbers say nothing here */
        ENTRY_OPTIONS = 1 << 12,       /* it had TCP options */
        ENTRY_PARTLY_NEW = 1 << 13,    /* resent bytes together with new ones */
        ENTRY_OPTIONS_CUT = 1 << 14,   /* the snaplen cut its TCP options: what is absent may have been there */
};

/*
 * Records that a capture wrote in the wrong order lie this close; a larger step back is the clock's, and the
 * order is right.
 */
#define SWAPPED_NS_MAX (500 * G_GINT64_CONSTANT(1000000))

#define TIMELINE_ENTRIES_MAX 512U /* a flow keeps no more, pinned ones included */

typedef struct TimelineEntry {
        gint64 time_ns;
        FrameRef frame;
        guint32 seq, ack;      /* absolute */
        guint32 payload_bytes;
        guint32 tsval, tsecr;
        guint32 sack_right;
        guint16 window; /* unscaled */
        guint16 ip_id;
        guint16 marks; /* ENTRY_ */
        guint8 flags;  /* TCP_; ICMP type for ENTRY_ICMP */
        guint8 ttl;
} TimelineEntry;

/*
 * A word of somebody else that met this connection: an ICMP error, or a RST of the newer connection on its 4-tuple.
 * It is in the timeline, and not counted among the flow's packets.
 */
static inline gboolean entry_is_aside(const TimelineEntry *e) {
        return e->marks & ENTRY_ICMP || (e->marks & ENTRY_FOREIGN && e->flags & TCP_RST);
}

/* A TCP packet of this connection: no ICMP quotation, nothing of another one. */
static inline gboolean entry_is_ordinary(const TimelineEntry *e) {
        return !(e->marks & (ENTRY_ICMP | ENTRY_FOREIGN));
}

static inline guint entry_side(const TimelineEntry *e) {
        return e->marks & 1U;
}

/* One past the last sequence number the segment takes. */
static inline guint32 entry_end(const TimelineEntry *e) {
        return e->seq + e->payload_bytes + !!(e->flags & TCP_SYN) + !!(e->flags & TCP_FIN);
}

/* What the packets of a side add up to, those that were not kept included. */
typedef struct TimelineSide {
        guint64 packets;
        guint64 payload_bytes;
        gint64 last_ns; /* of the one that came last */
        FrameRef last_frame;
        gint64 last_data_ns; /* of the last one with payload */
        FrameRef last_data_frame;
} TimelineSide;

/* A timeline as it is read: timeline_read() of timeline_log.h. */
typedef struct Timeline {
        TimelineEntry *entries; /* @n of them */
        guint n;
        guint64 left_out; /* packets that were not kept */
        TimelineSide side[SIDES];
} Timeline;
