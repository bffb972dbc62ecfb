/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What a RST says about why it was sent. The rules on resets take their cause from here. */

#include "rule.h"

typedef enum ResetCause {
        RESET_REFUSED,             /* answers a SYN */
        RESET_ABORT,               /* by the socket's owner: linger 0, unread data, TCP_LINGER2 < 0 */
        RESET_AFTER_TIMEOUT,       /* by the socket's owner after probes that nobody answered */
        RESET_DATA_AFTER_CLOSE,    /* answers data that came to a closed end */
        RESET_FIN_WAIT_2_EXPIRED,  /* answers a FIN, keepalive or duplicate from an end that should be in FIN_WAIT_2 */
        RESET_TIME_WAIT_CUT_SHORT, /* answers a FIN that the sender had acknowledged before */
        RESET_CHALLENGE_RESPONSE,  /* answers an ACK of an older connection: the sender is in SYN_SENT */
        RESET_FOREIGN,             /* was not sent by the end that it names */
        RESET_NO_SOCKET,           /* answers a segment of a connection that the sender does not know */
} ResetCause;

typedef struct Reset {
        guint ordinal; /* from 1: its place among the flow's */
        gint entry; /* in the timeline */
        guint side; /* that sent it */
        ResetCause cause;
        gint answers; /* the entry that it answers, -1 unknown */
        gboolean first; /* of its side */
        gint lived_on; /* the entry that shows that its supposed sender went on, -1 */
        gint untold_by; /* the entry whose options, had they not been cut, could show that it is foreign; -1 */
        gint unanswered; /* RESET_AFTER_TIMEOUT: first of the probes... */
        guint probes;    /* ...and how many */
        gboolean fin_sent; /* the sender had closed before */
        gboolean acks_more; /* it acknowledges what nothing before it did: that has just come... */
        gboolean acks_all;  /* ...and all that the peer had sent */
        gint64 lost_bytes; /* of the sender's, never acknowledged */
        gint64 peer_lost_bytes; /* of the peer's, beyond what the sender had acknowledged before */
} Reset;

/* Of a flow's RSTs this many are looked at: what follows repeats the same story. */
#define RESETS_MAX 32U

/* Says of the flow's first RESETS_MAX RSTs why they were sent. Returns: how many. */
guint reset_classify_all(const Case *c, Reset *resets);

/**
 * reset_next:
 * @reset: (inout): start with .entry = -1
 *
 * Steps to the next RST of the flow.
 *
 * Returns: FALSE when there is none.
 */
gboolean reset_next(const Case *c, Reset *reset);

/* Returns: whether nothing but RSTs was captured, all of one side: there is no connection to judge. */
gboolean reset_is_lone(const Case *c, const Reset *reset);

/* Returns: the entry of @side that was sent after the RST and was not under way when it came, -1 none. */
gint reset_goes_on(const Case *c, const Reset *reset, guint side);

/* Returns: the other end's challenge ACK: pure, with nothing new, right after the RST; NULL if there is none. */
const TimelineEntry *reset_challenged(const Case *c, const Reset *reset);

/* Returns: new data that the other end sent long after the RST; NULL if there are none. */
const TimelineEntry *reset_not_noticed(const Case *c, const Reset *reset);

/* Returns: whether the other end closed by it: it knew nothing of the connection when more came. */
gboolean reset_is_taken(const Case *c, const Reset *reset);

/* Adds "taken" or "not_taken" where something shows it. */
void reset_add_fate(const Case *c, const Reset *reset, Finding *f);
