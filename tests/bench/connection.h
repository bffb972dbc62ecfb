/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* One generated connection: which packets it has, when, and how it ends. */

#include "writer.h"

typedef enum Kind {
        KIND_WEB,   /* requests and responses of all sizes, kept-alive connections */
        KIND_SHORT, /* one request, one response: as many connections as possible */
        KIND_BULK,  /* a few long transfers of giant segments */
        KIND_FLOOD, /* SYNs from random sources, and a real connection now and then */
        KINDS
} Kind;

/* What a run of the generator consists of. */
typedef struct Plan {
        Kind kind;
        guint64 connections; /* 0: until the packets are reached */
        guint64 packets;     /* 0: until the connections are through */
        gint64 duration_ns;  /* over which the connections start */
        gboolean ipv6;       /* a quarter of the connections; the snaplen must hold the larger header */
} Plan;

#define SCRIPT_PACKETS_MAX 32

/*
 * The packets are rendered a phase at a time (the handshake, a burst of data,
 * the close), so that a connection of any length has the same size.
 */
typedef struct Connection {
        Ends ends;
        gint64 clock_ns;   /* of the last packet rendered */
        gint64 rtt_ns[2];  /* from the capture point to that side and back */
        guint32 next[2];     /* sequence number that this side sends next */
        guint32 received[2]; /* what this side has received: its next ack */
        guint32 ts_base[2];
        guint32 ts_seen[2];
        guint64 random;
        guint bursts;      /* still to come */
        guint8 sender;     /* of bulk data */
        gboolean counted;  /* its first packet has been written (the caller's note) */
        gint64 pause_ns;   /* the longest between two bursts */
        guint8 kind;       /* Kind */
        guint8 phase;
        guint8 ending;     /* an index for connection_ending_close() */
        guint8 reuse;      /* how its 4-tuple is used again after the end */
        guint8 n, next_packet; /* of @script */
        Packet script[SCRIPT_PACKETS_MAX];
} Connection;

/**
 * connection_init:
 * @number: from 0; the same number has the same 4-tuple
 * @random: the state of the generator, advanced
 */
void connection_init(Connection *c, const Plan *plan, guint64 number, gint64 start_ns, guint64 *random);

/**
 * connection_peek:
 * Returns: the next packet, or NULL when the connection is over.
 */
const Packet *connection_peek(Connection *c);

/**
 * connection_reuse:
 * Makes a connection that is over its successor on the same 4-tuple, within the holder's TIME_WAIT.
 * Returns: FALSE if it has none.
 */
gboolean connection_reuse(Connection *c);

/* Returns: lastack's word for how it closes, or NULL where a capture does not settle it. */
const char *connection_close(const Connection *c);

/* Returns: roughly how many packets a connection of this kind has. */
guint connection_packets_mean(Kind kind);

/* Returns: the next number of a splitmix64 sequence. */
guint64 random_next(guint64 *state);
