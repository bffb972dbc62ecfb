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
        SIDE_BARE_SYN = 1 << 8,  /* sent a SYN without ACK */
        SIDE_PATH = 1 << 9,      /* path is known */
        SIDE_LINUX = 1 << 11,    /* its SYN has the options of a Linux */
        SIDE_CLOCK_SET_BACK = 1 << 12, /* a packet of it is earlier than the one before, by more than SWAPPED_NS_MAX */
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

#define CACHE_LINE 64

/* What every packet touches comes first, in a cache line of its own. */
typedef struct FlowSide {
        guint32 isn;     /* base of relative numbers */
        guint32 nxt;     /* one past the highest number sent */
        guint32 ack;     /* highest acknowledgment sent: what it has received in order */
        guint32 fin_end; /* one past the FIN */
        guint32 path;
        guint32 bits;    /* SIDE_ */
        guint64 packets;
        guint64 payload_bytes;
        gint64 last_ns;
        FrameRef last_frame;
        Holes *holes;    /* NULL while nothing was missed */
        /* 64 bytes */
        gint64 last_data_ns;
        FrameRef last_data_frame;
        guint32 syn_count, fin_count, rst_count;
        guint32 copies;
        guint64 retransmitted_packets, retransmitted_bytes;
        guint64 missing_bytes;
} __attribute__((aligned(CACHE_LINE))) FlowSide;

typedef struct FlowAddress {
        Address address;
        guint16 port;
} FlowAddress;

typedef struct Timeline {
        TimelineEntry *entries;
        guint16 n;
        guint16 plain;     /* entries that are not pinned */
        guint16 room;      /* entries that the memory holds */
        guint64 left_out;  /* dropped so far */
} Timeline;

typedef struct Flow {
        FlowAddress address[SIDES];
        guint32 hash;
        guint32 place;    /* in the table */
        guint32 number;   /* from 1, in order of first packets; 0 until its block is settled */
        guint32 previous; /* number of the older incarnation of its 4-tuple, 0 none; like it */
        guint32 incarnation;
        guint8 roles;     /* RolesBasis */
        guint8 completeness;
        guint8 ipv6 : 1;
        guint8 closing : 1;  /* a FIN or a RST was seen */
        guint8 indexed : 1;  /* the newest on its 4-tuple: found by look-ups */
        guint8 met_foreign : 1; /* its timeline has packets of another connection */
        guint8 queued : 1;   /* waits to be reported: see tracker.c */
        guint8 reported : 1; /* kept for the ones before and after it only */
        /* 64 bytes */
        gint64 start_ns, end_ns;
        FrameRef first_frame, last_frame;
        Timeline timeline;
        struct Flow *older; /* the incarnation before, if it is still in memory */
        FlowSide side[SIDES];
        struct Flow *newer; /* ...and the one after */
        gint64 queued_ns;   /* end_ns when it was queued */
        guint32 icmp_errors;
        struct {
                guint32 peer;         /* id, 0 none was known when the first SYN came */
                guint32 tsval;        /* of the client's latest SYN... */
                FrameRef frame;       /* ...and its frame */
                guint32 behind_ticks; /* the first time it was behind the last SYN that was answered: by how much */
                guint8 behind_count;  /* so many of its SYNs were */
                guint8 noted : 1;     /* there was one, with a timestamp */
                guint8 behind : 1;    /* the latest one was */
                guint8 waits_ahead : 1;  /* the first one was not, and waits for an answer */
                guint8 waits_behind : 1; /* the first one was, and waits for an answer */
        } syn; /* see peers.h */
        GArray *zeek; /* of ZeekFlow: rows of Zeek's conn.log, the last one still open; NULL unless asked for */
} __attribute__((aligned(CACHE_LINE))) Flow;

G_STATIC_ASSERT(G_STRUCT_OFFSET(FlowSide, last_data_ns) == 64);
G_STATIC_ASSERT(G_STRUCT_OFFSET(Flow, start_ns) == 64);
G_STATIC_ASSERT(G_STRUCT_OFFSET(Flow, side) == 128);

static inline guint other(guint side) {
        return !side;
}
