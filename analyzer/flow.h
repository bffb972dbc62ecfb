/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What the tracker keeps of a flow while its packets go by: facts and counts.
 * States are not kept: they are inferred from the timeline when the flow is
 * reported, with everything known that came after (hindsight.c, replay.c).
 */

#include "dissect/segment.h"
#include "ends.h"
#include "packed.h"
#include "states.h"
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
        SIDE_HOLES = 1 << 7, /* not all of what it sent came in order */
        SIDE_ANY_ACK = 1 << 13,  /* sent an ACK, which may mean nothing */
        SIDE_BARE_SYN = 1 << 8,  /* sent a SYN without ACK */
        SIDE_PATH = 1 << 9,      /* sent anything that was counted: path is known */
        SIDE_LINUX = 1 << 11,    /* its SYN has the options of a Linux */
        SIDE_CLOCK_SET_BACK = 1 << 12, /* a packet of it is earlier than the one before, by more than SWAPPED_NS_MAX */
        SIDE_MISSED_CLOSING = 1 << 10, /* bytes of it were acknowledged and not captured while the flow was closing */
        SIDE_CUT = 1 << 15,      /* the snaplen cut its first payload; only with TrackerOptions.zeek */
        SIDE_FAR = 1 << 14,      /* sent more than SEQUENCE_FAR: isn is no bound of its numbers any more */
};

/* Numbers are compared over half of their space: those further back than this are not (RFC 7323 2.3: the largest window). */
#define SEQUENCE_FAR (1U << 30)

#define HOLES_MAX 4

/* Sequence ranges that the capture has not (yet) seen below nxt, lowest first. */
typedef struct Holes {
        struct {
                guint32 left, right;
        } range[HOLES_MAX];
        guint8 n;
} Holes;

/* ── What few flows have: in a piece of its own, in a list ───────────────── */

typedef enum FlowNoteKind {
        NOTE_LINKS,
        NOTE_CLIENT_LOSSES, /* NOTE_CLIENT_LOSSES + side */
        NOTE_SERVER_LOSSES,
        NOTE_CLIENT_HOLES, /* NOTE_CLIENT_HOLES + side */
        NOTE_SERVER_HOLES,
        NOTE_THINNED,
        NOTE_SYN,
        NOTE_RARE,
        NOTE_ZEEK,
        NOTES
} FlowNoteKind;

typedef struct FlowNote {
        struct FlowNote *next;
        guint8 kind; /* FlowNoteKind */
} FlowNote;

/* The other incarnations of its 4-tuple. */
typedef struct FlowLinks {
        FlowNote note;
        struct Flow *older; /* the one before, if it is still in memory */
        struct Flow *newer; /* ...and the one after */
        guint32 previous;   /* number of the one before, 0 none; like Flow.number */
        guint32 before;     /* so many were before */
} FlowLinks;

/* A side whose packets were not all new, or not all captured. */
typedef struct FlowLosses {
        FlowNote note;
        guint32 more_syns, more_fins, more_rsts; /* besides the first one */
        guint32 copies;
        guint64 retransmitted_packets, retransmitted_bytes;
        guint64 missing_bytes;
} FlowLosses;

/* A side whose packets did not all come in order. */
typedef struct FlowHoles {
        FlowNote note;
        Holes holes;
} FlowHoles;

/* A timeline that is not all of it. */
typedef struct FlowThinned {
        FlowNote note;
        guint16 placed;    /* so many entries stand at their places; those behind them as they came */
        guint64 left_out;
        Expected expected; /* of the first one behind */
        TimelineSide side[SIDES]; /* what all before it add up to */
} FlowThinned;

/* A client's SYN that has no answer yet: see peers.h. */
typedef struct FlowSyn {
        FlowNote note;
        guint32 peer;         /* id, 0 none was known when the first SYN came */
        guint32 tsval;        /* of the client's latest SYN... */
        FrameRef frame;       /* ...and its frame */
        guint32 behind_ticks; /* the first time it was behind the last SYN that was answered: by how much */
        guint8 behind_count;  /* so many of its SYNs were */
        guint8 behind : 1;    /* the latest one was */
        guint8 waits_ahead : 1;  /* the first one was not, and waits for an answer */
        guint8 waits_behind : 1; /* the first one was, and waits for an answer */
} FlowSyn;

typedef struct FlowRare {
        FlowNote note;
        guint32 icmp_errors;
        gint64 moved_ns; /* the first packet is so much later than the earliest one */
} FlowRare;

typedef struct ZeekRows {
        ZeekFlow first; /* row of Zeek's conn.log... */
        GArray *later;  /* (nullable) ...and those that Zeek opens when its timers have ended it: the last one is still open */
} ZeekRows;

/* A flow of whose timeline they cannot be made: see zeek_rows.h. */
typedef struct FlowZeek {
        FlowNote note;
        ZeekRows rows;
} FlowZeek;

/* ── What every flow has: two and a half cache lines, in three ───────────── */

#define CACHE_LINE 64

typedef struct FlowSide {
        guint32 isn;     /* base of relative numbers */
        guint32 nxt;     /* one past the highest number sent */
        guint32 ack;     /* highest acknowledgment sent: what it has received in order */
        guint32 fin_end; /* one past the FIN */
        guint16 path;
        guint16 bits;    /* SIDE_ */
} FlowSide;

/* Its packets, as timeline_log.h writes them. */
typedef struct FlowTimeline {
        Expected expected; /* its time is that of the latest packet, its frame that of the last one */
        guint8 *records;
        guint16 bytes;     /* of them */
        guint16 n;
        guint16 plain;     /* entries that are not pinned */
        guint16 room_bytes;
} FlowTimeline;

typedef struct Flow {
        Ends ends;        /* wide ones are in the pool */
        guint32 hash;
        guint32 number;   /* from 1, in order of first packets; 0 until its block is settled */
        guint16 has;      /* a bit for each FlowNoteKind in @notes */
        guint8 roles;     /* RolesBasis */
        guint8 completeness;
        guint8 closing;   /* a FIN or a RST was seen */
        guint8 ipv6 : 1;
        guint8 indexed : 1;  /* the newest on its 4-tuple: found by look-ups */
        guint8 met_foreign : 1; /* its timeline has packets of another connection */
        guint8 queued : 1;   /* waits to be reported: see shard.c */
        guint8 reported : 1; /* kept for the ones before and after it only */
        guint8 syn_noted : 1; /* a SYN of its client had a timestamp */
        guint8 given_up : 1; /* reported before it was over: budget.h */
        guint8 zeek_odd : 1; /* not each packet was the next one of its side: zeek_rows.h */
        FlowSide side[SIDES];
        FlowNote *notes;
        FlowTimeline timeline;
        gint64 start_ns;
        FrameRef first_frame; /* 0: the flow is not in use */
} __attribute__((aligned(CACHE_LINE / 2))) Flow;

G_STATIC_ASSERT(sizeof(Flow) == 5 * CACHE_LINE / 2);

static inline guint other(guint side) {
        return !side;
}

/* The lowest number that may be of @me. */
static inline guint32 flow_side_low(const FlowSide *me) {
        return me->bits & SIDE_FAR ? me->nxt - SEQUENCE_FAR : me->isn;
}

/* Time of the latest packet. */
static inline gint64 flow_end_ns(const Flow *f) {
        return f->timeline.expected.time_ns;
}

/* Returns: the note, NULL if there is none. */
static inline gpointer flow_note(const Flow *f, FlowNoteKind kind) {
        FlowNote *note = f->notes;

        if (!(f->has & 1U << kind))
                return NULL;
        while (note->kind != kind)
                note = note->next;
        return note;
}

/* Returns: the note, which is added when there is none: zeroed. */
gpointer flow_note_add(Flow *f, FlowNoteKind kind);

/* Does nothing if there is none. */
void flow_note_remove(Flow *f, FlowNoteKind kind);

static inline Flow *flow_older(const Flow *f) {
        const FlowLinks *links = flow_note(f, NOTE_LINKS);

        return links ? links->older : NULL;
}

static inline Flow *flow_newer(const Flow *f) {
        const FlowLinks *links = flow_note(f, NOTE_LINKS);

        return links ? links->newer : NULL;
}

/* Number of the incarnation before, 0 if there was none. */
static inline guint32 flow_previous(const Flow *f) {
        const FlowLinks *links = flow_note(f, NOTE_LINKS);

        return links ? links->previous : 0;
}

/* From 1. */
static inline guint32 flow_incarnation(const Flow *f) {
        const FlowLinks *links = flow_note(f, NOTE_LINKS);

        return links ? links->before + 1 : 1;
}

/* Returns: never NULL. */
const FlowLosses *flow_losses(const Flow *f, guint side);
const Holes *flow_holes(const Flow *f, guint side);

/* How many it sent. */
static inline guint32 flow_syn_count(const Flow *f, guint side) {
        return !!(f->side[side].bits & SIDE_SYN) + flow_losses(f, side)->more_syns;
}

static inline guint32 flow_fin_count(const Flow *f, guint side) {
        return !!(f->side[side].bits & SIDE_FIN) + flow_losses(f, side)->more_fins;
}

static inline guint32 flow_rst_count(const Flow *f, guint side) {
        return !!(f->side[side].bits & SIDE_RST) + flow_losses(f, side)->more_rsts;
}

/* Memory for what is kept of @f; given back before @f is. */
struct Pool *flow_pool(const Flow *f);
