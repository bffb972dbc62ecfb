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

/* Something that happened to an endpoint, and the packet that shows it. */
typedef struct Moment {
        gint64 position; /* orders what happens to one endpoint: hindsight_position_sent() */
        gint16 entry;    /* of the timeline: the packet that was sent or received, -1 */
        guint8 there;
        guint8 basis;    /* Basis */
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

/*
 * The packets of a side that are of some kind: TCP packets of this connection, no ICMP quotation, nothing of
 * another one. Most questions are about few of them.
 */
typedef enum EntryKind {
        ENTRIES_ANY,
        ENTRIES_SYN,   /* with SYN */
        ENTRIES_FIN,   /* with a FIN that can count: without SYN and RST, with an acceptable ACK */
        ENTRIES_RST,   /* with RST */
        ENTRIES_ACK,   /* with ACK */
        ENTRIES_DATA,  /* with payload, without SYN and RST */
        ENTRIES_STALE, /* sent before a packet that was captured earlier */
        ENTRY_KINDS
} EntryKind;

#define ENTRY_WORD_BITS 64U
#define ENTRY_WORDS (TIMELINE_ENTRIES_MAX / ENTRY_WORD_BITS)

typedef struct Hindsight {
        const Flow *flow;
        const TimelineEntry *entries;
        gint n;
        guint words;   /* of each set that are in use */
        guint16 marks; /* of all entries together */
        gint64 end_ns; /* of the capture */
        guint8 vantage; /* Vantage */
        HindsightSide side[SIDES];
        guint64 set[SIDES][ENTRY_KINDS][ENTRY_WORDS]; /* a bit for each entry */
} Hindsight;

static inline gboolean entries_has(const Hindsight *h, guint side, EntryKind kind, gint i) {
        guint at = (guint)i;

        return h->set[side][kind][at / ENTRY_WORD_BITS] >> (at % ENTRY_WORD_BITS) & 1;
}

/* Returns: the first entry of @side and @kind from @i on, -1 if there is none. */
static inline gint entries_next(const Hindsight *h, guint side, EntryKind kind, gint i) {
        const guint64 *set = h->set[side][kind];
        guint at = (guint)i;
        guint64 from = G_MAXUINT64 << (at % ENTRY_WORD_BITS);

        for (guint w = at / ENTRY_WORD_BITS; w < h->words; w++, from = G_MAXUINT64)
                if (set[w] & from)
                        return (gint)(w * ENTRY_WORD_BITS + (guint)__builtin_ctzll(set[w] & from));
        return -1;
}

/* Returns: the last entry of @side and @kind before @i, -1 if there is none. */
static inline gint entries_before(const Hindsight *h, guint side, EntryKind kind, gint i) {
        for (i--; i >= 0; i--) {
                guint at = (guint)i, bit = at % ENTRY_WORD_BITS;
                guint64 word = h->set[side][kind][at / ENTRY_WORD_BITS] << (ENTRY_WORD_BITS - 1 - bit);

                if (word)
                        return i - __builtin_clzll(word);
                i -= (gint)bit;
        }
        return -1;
}

/* Declares @i and steps it through the entries of @side and @kind from @start on. */
#define FOR_ENTRIES(h, i, side, kind, start)                                                                           \
        for (gint i = entries_next(h, side, kind, start); i >= 0; i = entries_next(h, side, kind, i + 1))

/* Returns: the position of what entry @i itself did to its sender. */
static inline gint64 hindsight_position_sent(gint i) {
        return (gint64)i * 16;
}

/* All that is known of @flow, whose @timeline must stay; @end_ns is the time of the capture's last frame. */
void hindsight_init(Hindsight *h, const Flow *flow, const Timeline *timeline, gint64 end_ns);

/*
 * Nothing contradicts within this time that a packet arrived: then it did. The first retransmission would
 * have come.
 */
#define SETTLED_NS G_GINT64_CONSTANT(1000000000)

/* Returns: how sure it is that a packet sent at @time_ns arrived when nothing speaks against it until @end_ns. */
static inline Basis hindsight_settled(gint64 time_ns, gint64 end_ns) {
        return end_ns - time_ns >= SETTLED_NS ? BASIS_OBSERVED : BASIS_ASSUMED;
}

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
