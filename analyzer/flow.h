/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What the tracker keeps of a flow while its packets go by: facts and counts.
 * States are not kept: they are inferred from the timeline when the flow is
 * reported, with everything known that came after (hindsight.c, replay.c).
 */

#include "dissect/segment.h"
#include "states.h"
#include "timeline.h"
#include "zeek.h"

/* What a side has shown so far. */
enum {
        SIDE_HEARD = 1 << 0,     /* sent anything at all: nxt is valid */
        SIDE_SYN = 1 << 1,       /* sent a SYN or SYN+ACK: isn is its ISN, else the lowest number seen */
        SIDE_SYN_ACK = 1 << 2,
        SIDE_ACK = 1 << 3,       /* sent an ACK: ack is valid */
        SIDE_FIN = 1 << 4,       /* sent a FIN: fin_end is valid */
        SIDE_RST = 1 << 5,
        SIDE_DATA = 1 << 6,
        SIDE_TIMESTAMP = 1 << 7, /* its SYN offered timestamps, or (joined midway) its segments carry them */
        SIDE_BARE_SYN = 1 << 8,  /* sent a SYN without ACK */
        SIDE_PATH = 1 << 9,      /* path is known */
        SIDE_LINUX = 1 << 11,    /* its SYN has the options of a Linux */
        SIDE_MISSED_CLOSING = 1 << 10, /* bytes of it were acknowledged and not captured while the flow was closing */
};

#define HOLES_MAX 4

/* Sequence ranges that the capture has not (yet) seen below nxt, lowest first. */
typedef struct Holes {
        struct {
                guint32 left, right;
        } range[HOLES_MAX];
        guint8 n;
} Holes;

typedef struct FlowSide {
        guint32 isn;     /* base of relative numbers */
        guint32 nxt;     /* one past the highest number sent */
        guint32 ack;     /* highest acknowledgment sent: what it has received in order */
        guint32 fin_end; /* one past the FIN */
        guint32 path;
        guint32 tsval;   /* of its last segment with timestamps */
        guint16 bits;    /* SIDE_ */
        guint16 window;  /* of its last segment, unscaled */
        guint8 wscale;
        guint8 ttl;      /* of its first segment that was not a RST */
        guint32 syn_count, fin_count, rst_count;
        guint32 copies;
        guint64 packets;
        guint64 payload_bytes;
        guint64 retransmitted_packets, retransmitted_bytes;
        guint64 missing_bytes;
        gint64 last_ns, last_data_ns;
        FrameRef last_frame, last_data_frame;
        Holes *holes; /* NULL while nothing was missed */
} FlowSide;

typedef struct FlowAddress {
        Address address;
        guint16 port;
} FlowAddress;

typedef struct Timeline {
        TimelineEntry *entries;
        guint16 n, allocated;
        guint16 plain;    /* entries that are not pinned */
        guint64 left_out; /* dropped so far */
} Timeline;

typedef struct Flow {
        FlowAddress address[SIDES];
        guint32 hash;
        guint32 place;    /* in the table */
        guint32 number;   /* from 1, in order of first packets */
        guint32 previous; /* number of the older incarnation of its 4-tuple, 0 none */
        guint32 incarnation;
        guint8 roles;     /* RolesBasis */
        guint8 completeness;
        guint8 ipv6 : 1;
        guint8 closing : 1;  /* a FIN or a RST was seen */
        guint8 indexed : 1;  /* the newest on its 4-tuple: found by look-ups */
        guint8 queued : 1;   /* waits to be reported: see tracker.c */
        guint8 reported : 1; /* kept for its successor only */
        struct Flow *older, *newer; /* incarnations of the same 4-tuple that are still in memory */
        gint64 queued_ns;    /* end_ns when it was queued */
        gint64 start_ns, end_ns;
        FrameRef first_frame, last_frame;
        guint32 icmp_errors;
        FlowSide side[SIDES];
        Timeline timeline;
        ZeekFlow zeek;
        GArray *zeek_finished; /* of ZeekFlow: rows that Zeek closed before this one; NULL mostly */
} Flow;

static inline guint other(guint side) {
        return !side;
}
