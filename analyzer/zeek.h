/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What Zeek's conn.log says of a flow: conn_state and history, by Zeek's own
 * rules (TCPSessionAdapter, TCP_Endpoint and TCP_Reassembler of its source, and
 * scripts/base/protocols/conn), so that the two can be joined.  They are words
 * about what Zeek saw, not this program's verdict.
 *
 * Every TCP segment of the flow goes in, in capture order: copies too, which to
 * Zeek are retransmissions.  Zeek is taken to run with its default scripts and
 * with -C, because what is left of a checksum after offloading tells nothing.
 *
 * Where Zeek says something else:
 *  - 'X' is told where a connection's packets change between tunnels too often and of
 *    FTP commands that are too long; other limits of protocol parsers need the payload, and
 *    so do 'c' (bad checksums) and the end of the history where a script stopped watching;
 *  - one row of Zeek's has all VLANs and tunnels of a 4-tuple in it;
 *  - of more than ZEEK_ISLANDS_MAX holes at once the last ones are told as one gap ('g');
 *  - with -b Zeek knows no server ports and never flips for them ('^').
 *
 * Zeek forgets by timers.  A flow here can therefore be several rows there:
 * zeek_begins_anew() says before which segment Zeek would open another one.
 */

#include "dissect/segment.h"

/* Letters that are kept; a history longer than this ends in '+', which is no letter of Zeek's. */
#define ZEEK_HISTORY_MAX 26

/* Data behind a hole; past so many of them the holes behind them are told as one. */
#define ZEEK_ISLANDS_MAX 4

typedef struct ZeekIsland {
        guint32 from, to; /* one past its last byte */
} ZeekIsland;

/* One endpoint.  Numbers count from @start, modulo 2^32, as Zeek's do: 0 is the SYN, 1 the first byte. */
typedef struct ZeekSide {
        guint32 start;       /* the SYN's sequence number; one below the first seen when there was no SYN */
        guint32 last;        /* one past the highest number sent */
        guint32 acked;       /* what the other end acknowledged, 0 for nothing */
        guint32 next;        /* in order, or given up as missing, up to here */
        guint32 trimmed;     /* what Zeek holds no more, because it was acknowledged or never will be */
        guint32 end;         /* the FIN's own number */
        guint32 syn, fin, rst; /* of the last one: another letter only for another number */
        guint32 retransmissions;
        ZeekIsland island[ZEEK_ISLANDS_MAX]; /* ascending, none touches another */
        guint16 zero_windows, gaps;
        guint8 state, previous; /* Zeek's words for an endpoint, in zeek.c */
        guint8 marks;
        guint8 n_islands;
} ZeekSide;

/* All that is remembered of one row of conn.log; zero-initialised. */
typedef struct ZeekFlow {
        ZeekSide side[2];   /* by the caller's index, whomever Zeek takes for the originator */
        gint64 since_ns;    /* what the timer that runs counts from */
        gint64 attempt_ns;  /* of the first SYN */
        guint16 letters;    /* those that come only once and have come */
        guint16 marks;
        guint16 tunnel;     /* of the last packet */
        guint8 tunnel_changes;
        guint8 originator;  /* index of Zeek's originator; changes when Zeek flips a connection */
        guint8 n_history;
        char history[ZEEK_HISTORY_MAX];
} ZeekFlow;

/**
 * zeek_begins_anew:
 * @z: the segments before @s
 * @s: the next segment of the flow
 *
 * Whether Zeek, at @s, has already logged what it had and opens another connection: because a timer of its
 * own ran out before @s (an unanswered SYN after 5 s, a closed or reset connection 5 s after it closed, any
 * other after 5 minutes without a packet, 1 hour on the ports of interactive services), or because @s is a
 * SYN that Zeek takes for a reuse of the ports.  @z then is a finished row: keep what it says, zero it, and
 * go on with zeek_segment().
 *
 * Two of Zeek's timers run in steps of 6 s that depend on the other traffic, so that for a connection reset
 * after a FIN of the same side Zeek may wait up to 6 s longer than this says.
 */
gboolean zeek_begins_anew(const ZeekFlow *z, const Segment *s);

/**
 * zeek_segment:
 * @z: changed
 * @s: the next segment
 * @side: who sent it, 0 or 1; the same index for the same end in every call
 */
void zeek_segment(ZeekFlow *z, const Segment *s, guint side);

/**
 * zeek_next:
 * zeek_begins_anew() and zeek_segment() for what most segments are: the SYN of a connection, its answer, and those between
 * two ends that know each other which begin where their side ended.
 *
 * Returns: FALSE, with nothing changed, when @s may be anything else.
 */
gboolean zeek_next(ZeekFlow *z, const Segment *s, guint side);

/* Returns: "S0" "S1" "SF" "REJ" "S2" "S3" "RSTO" "RSTR" "RSTOS0" "RSTRH" "SH" "SHR" or "OTH". */
const char *zeek_conn_state(const ZeekFlow *z);

/* Writes the letters to @out, cut to fit @n bytes; capitals are those of zeek_originator(). */
void zeek_history(const ZeekFlow *z, char *out, gsize n);

/* Returns: the side that conn.log has under id.orig_h. */
guint zeek_originator(const ZeekFlow *z);
