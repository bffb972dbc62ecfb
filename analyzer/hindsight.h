/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What did each end receive, and when?
 *
 * Theory of operation. The capture shows what each end sent; what it received must be concluded. A packet
 * tells its sender's whole knowledge: its ACK field is what the sender had received in order at that moment.
 * So "had it the FIN when it sent this?" is answered by its own packets, and only *when* the FIN came is an
 * estimate, between its last packet that did not know it and the first one that did. What no packet of its
 * own shows (the ACK of its FIN, a RST) is assumed to arrive and taken back when what it did later
 * contradicts it: it repeats what was acknowledged, or goes on talking. All this is done when the flow is
 * reported, with its whole timeline at hand; so nothing has to be guessed first and mended later.
 */

#include "flow.h"
#include "record.h"

/* Something that happened to an endpoint, and what shows it. */
typedef struct Moment {
        gboolean there;
        gint64 position; /* orders what happens to one endpoint: hindsight_position_sent() */
        gint64 time_ns;
        FrameRef frame;
        gint entry; /* of the timeline: the packet that was sent or received */
        Basis basis;
} Moment;

typedef struct Knowledge {
        gint shown;  /* first packet of a side's own that acknowledges the other end's FIN, -1 */
        gint before; /* its last packet before that, -1 */
} Knowledge;

typedef struct HindsightSide {
        gboolean has_isn;   /* the ISN is known: a SYN of it was captured, or acknowledged */
        guint32 isn;
        guint32 syn_end;    /* one past what its SYN carried: text on a SYN moves every later number (RFC 7413) */
        gboolean has_fin;   /* a FIN was captured or is proved by numbers */
        gboolean fin_unseen; /* ...proved only */
        guint32 fin_end;    /* one past it */
        gint64 reaction_ns; /* from the capture point to this end and back, at least */
        /*
         * it sent: its SYN, SYN+ACK, FIN, the RST that it did not go on after, the first segment of an open
         * connection
         */
        Moment sent_syn, sent_syn_ack, sent_fin, sent_rst, talks;
        /* it got: the acknowledgment of its SYN and FIN, the other end's FIN, a RST that it accepted */
        Moment syn_acked, fin_acked, fin_received, rst_accepted;
        Knowledge knows_fin;
} HindsightSide;

/* What every question begins with, asked once for each entry. */
enum {
        HINDSIGHT_BY_CLIENT = 1 << CLIENT, /* an ordinary TCP packet of that side: no ICMP quotation, nothing of another connection */
        HINDSIGHT_BY_SERVER = 1 << SERVER,
        HINDSIGHT_FIN = 1 << 2,   /* a FIN that can count (not with SYN or RST; an acceptable ACK) */
        HINDSIGHT_STALE = 1 << 3, /* was sent before an entry that was captured earlier */
};

typedef struct Hindsight {
        const Flow *flow;
        const TimelineEntry *entries;
        gint n;
        gint64 end_ns; /* of the capture */
        guint8 vantage; /* Vantage */
        HindsightSide side[SIDES];
        guint8 kind[TIMELINE_ENTRIES_MAX]; /* HINDSIGHT_ bits of each entry */
} Hindsight;

/* Returns: the position of what entry @i itself did to its sender. */
static inline gint64 hindsight_position_sent(gint i) {
        return (gint64)i * 16;
}

/* All that is known of @flow, whose timeline must stay; @end_ns is the time of the capture's last frame. */
void hindsight_init(Hindsight *h, const Flow *flow, gint64 end_ns);

/* Returns: whether @side had the other end's FIN when it sent its own: the first one's ACK field says so. */
gboolean hindsight_fin_knows_fin(const Hindsight *h, guint side);

/*
 * Returns: whether the RST in @entry is bare and answers a FIN in order or a keepalive: its sender has no
 * socket any more.
 */
gboolean hindsight_rst_is_no_sockets(const Hindsight *h, gint entry);

/*
 * Returns: whether @side answered the other end's FIN from a mini-socket, to which that FIN was new: Linux
 * uses IP ID 0 there (TIME_WAIT, FIN_WAIT_2 of an orphan) and a running one in a full socket. IPv4 only.
 */
gboolean hindsight_answers_fin_from_mini_socket(const Hindsight *h, guint side);
