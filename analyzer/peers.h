/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * How the timestamps of one address's SYNs to one server run, and which of them were answered. A flow knows nothing of
 * its neighbours; this is the little that it must know to tell a SYN that was dropped for its timestamp (TD307). Only
 * SYNs with a timestamp, and the first answers to them, cost anything.
 */

#include "flow.h"

/* An address, and the server (address and port) that it connects to. */
typedef struct Peer {
        Address client, server;
        guint16 server_port;
        guint16 path;
        guint32 id;      /* from 1; its place is the remainder by PEERS_MAX */
        guint32 next;    /* id of the next one with the same hash, 0 none */
        guint32 tsval;   /* the latest SYN that was answered... */
        FrameRef frame;  /* ...its frame... */
        gint64 time_ns;  /* ...and time */
        guint32 on_time; /* answered SYNs that continue the clock of the answered one before */
        guint32 behind_answered; /* that were behind it, and answered all the same */
        guint32 behind_waiting;  /* flows whose first SYN was behind it, and which have no answer yet */
        guint32 ahead_waiting;   /* the same where it was not behind */
} Peer;

#define PEERS_MAX 16384U /* past this the oldest one is given up */

typedef struct Peers Peers;

Peers *peers_new(void);
void peers_free(Peers *p);

/*
 * Asks the processor for what a note on @f is going to look up: where its client's place is found; then, once that is there, the
 * place.
 */
void peers_prefetch_bucket(const Peers *p, const Flow *f);
void peers_prefetch_peer(const Peers *p, const Flow *f);

/* @s is a SYN of @f's client, without ACK and with a timestamp. */
void peers_note_syn(Peers *p, Flow *f, const Segment *s);

/* @s is the first packet of @f's server. */
void peers_note_answer(Peers *p, Flow *f, const Segment *s);

/* Returns: what is known of the other SYNs of @f's client; NULL if nothing is, or not any more. */
const Peer *peers_of(const Peers *p, const Flow *f);

/* Returns: how many were given up. */
guint64 peers_given_up(const Peers *p);
