/* SPDX-License-Identifier: BSD-3-Clause */
#include "hash.h"
#include "peers.h"
#include "sequence.h"

#define BUCKETS 4U
#define PEERS_FIRST 64U /* room for so many at first; a power of two like PEERS_MAX */

/*
 * A server with tcp_tw_recycle compares a SYN's timestamp with the last one that it remembers of that address, for so
 * long and with so much tolerance (Linux before 4.12, tcp_metrics.c tcp_peer_is_proven(): TCP_PAWS_MSL,
 * TCP_PAWS_WINDOW).
 */
#define REMEMBERED_NS (60 * G_GINT64_CONSTANT(1000000000))
#define PAWS_WINDOW 1

/* A timestamp clock ticks once a millisecond at most (RFC 7323 5.4); with some drift, and a second for a start. */
#define TICKS_PER_S_MAX 1100
#define TICKS_SLACK 1000

struct Peers {
        Peer *peers;      /* by id modulo the size */
        guint32 *buckets; /* ids; BUCKETS for each place, so that most look-ups in vain end there */
        guint32 size;     /* places: doubles up to PEERS_MAX */
        guint32 last_id;
        guint64 given_up;
};

Peers *peers_new(void) {
        return g_new0(Peers, 1);
}

void peers_free(Peers *p) {
        if (!p)
                return;
        g_free(p->peers);
        g_free(p->buckets);
        g_free(p);
}

static Peer *place(const Peers *p, guint32 id) {
        return &p->peers[id & (p->size - 1)];
}

static guint32 *bucket_of(const Peers *p, const Address *client, const Address *server, guint16 server_port) {
        guint64 hash = hash_mix(hash_end(client, 0), hash_end(server, server_port));

        return &p->buckets[hash >> 16 & (p->size * BUCKETS - 1)];
}

static void link_in(Peers *p, Peer *peer) {
        guint32 *bucket = bucket_of(p, &peer->client, &peer->server, peer->server_port);

        peer->next = *bucket;
        *bucket = peer->id;
}

static void link_out(Peers *p, const Peer *peer) {
        guint32 *at = bucket_of(p, &peer->client, &peer->server, peer->server_port);

        while (*at != peer->id)
                at = &place(p, *at)->next;
        *at = peer->next;
}

static void grow(Peers *p) {
        guint32 n = p->size;

        p->size = n ? n * 2 : PEERS_FIRST;
        p->peers = g_renew(Peer, p->peers, p->size);
        memset(p->peers + n, 0, (p->size - n) * sizeof *p->peers);
        g_free(p->buckets);
        p->buckets = g_new0(guint32, p->size * BUCKETS);
        /* ids from 1 to n: the one in place 0 moves to place n */
        if (n)
                p->peers[n] = p->peers[0];
        p->peers[0] = (Peer){ .id = 0 };
        for (guint32 id = 1; id <= n; id++)
                link_in(p, place(p, id));
}

static Peer *add(Peers *p, const Flow *f) {
        Peer *peer;

        if (p->last_id == p->size && p->size < PEERS_MAX)
                grow(p);
        p->last_id++;
        p->last_id += p->last_id == 0;
        peer = place(p, p->last_id);
        if (peer->id) {
                link_out(p, peer);
                p->given_up++;
        }
        *peer = (Peer){ .client = ends_address(&f->ends, CLIENT),
                        .server = ends_address(&f->ends, SERVER),
                        .server_port = f->ends.port[SERVER],
                        .path = f->side[CLIENT].path,
                        .id = p->last_id };
        link_in(p, peer);
        return peer;
}

/* There are some. */
static const guint32 *bucket_of_flow(const Peers *p, const Flow *f) {
        const Address client = ends_address(&f->ends, CLIENT), server = ends_address(&f->ends, SERVER);

        return bucket_of(p, &client, &server, f->ends.port[SERVER]);
}

void peers_prefetch_bucket(const Peers *p, const Flow *f) {
        if (p->size)
                __builtin_prefetch(bucket_of_flow(p, f));
}

void peers_prefetch_peer(const Peers *p, const Flow *f) {
        if (p->size)
                __builtin_prefetch(place(p, *bucket_of_flow(p, f)), 1);
}

static Peer *look_up(const Peers *p, const Flow *f) {
        const Address client = ends_address(&f->ends, CLIENT), server = ends_address(&f->ends, SERVER);
        guint32 id = p->size ? *bucket_of(p, &client, &server, f->ends.port[SERVER]) : 0;

        while (id) {
                Peer *peer = place(p, id);

                if (peer->server_port == f->ends.port[SERVER] && peer->path == f->side[CLIENT].path &&
                    address_equal(&peer->client, &client) && address_equal(&peer->server, &server))
                        return peer;
                id = peer->next;
        }
        return NULL;
}

static Peer *peer_of(const Peers *p, const FlowSyn *syn) {
        Peer *peer = syn->peer ? place(p, syn->peer) : NULL;

        return peer && peer->id == syn->peer ? peer : NULL;
}

const Peer *peers_of(const Peers *p, const Flow *f) {
        const FlowSyn *syn = flow_note(f, NOTE_SYN);

        return syn ? peer_of(p, syn) : NULL;
}

/*
 * An address is known once a SYN of it was answered: a flood of SYNs that nobody answers costs a look-up each.
 */
void peers_note_syn(Peers *p, Flow *f, const Segment *s) {
        gboolean first = !f->syn_noted, known;
        FlowSyn *syn = first ? flow_note_add(f, NOTE_SYN) : flow_note(f, NOTE_SYN);
        Peer *peer;

        if (!syn)
                return; /* it was answered */
        peer = first ? look_up(p, f) : peer_of(p, syn);
        known = peer && s->time_ns - peer->time_ns < REMEMBERED_NS;
        f->syn_noted = TRUE;
        syn->tsval = s->tsval;
        syn->frame = s->frame;
        syn->peer = peer ? peer->id : 0;
        syn->behind = known && seq_diff(s->tsval, peer->tsval) < -PAWS_WINDOW;
        if (syn->behind && syn->behind_count < G_MAXUINT8)
                syn->behind_count++;
        if (syn->behind && !syn->behind_ticks)
                syn->behind_ticks = peer->tsval - s->tsval;
        if (!first || !known)
                return;
        syn->waits_behind = syn->behind;
        syn->waits_ahead = !syn->behind;
        peer->behind_waiting += syn->waits_behind;
        peer->ahead_waiting += syn->waits_ahead;
}

static void no_longer_waits(Peers *p, const FlowSyn *syn) {
        Peer *peer = peer_of(p, syn);

        if (peer) {
                peer->behind_waiting -= syn->waits_behind;
                peer->ahead_waiting -= syn->waits_ahead;
        }
}

/* Does the latest SYN of @f continue the clock of the one that was answered before? */
static gboolean is_on_time(const Peer *peer, const FlowSyn *syn, gint64 time_ns) {
        gint64 ticks_max = (time_ns - peer->time_ns) / 1000000 * TICKS_PER_S_MAX / 1000 + TICKS_SLACK;

        return peer->frame && time_ns - peer->time_ns < REMEMBERED_NS && seq_diff(syn->tsval, peer->tsval) <= ticks_max;
}

/* What is remembered of an address when its SYN is answered. */
static void learn(Peers *p, const Flow *f, const FlowSyn *syn, gint64 time_ns) {
        Peer *peer = peer_of(p, syn);

        if (!peer)
                peer = look_up(p, f);
        if (!peer)
                peer = add(p, f);
        if (syn->behind) {
                peer->behind_answered++;
                return;
        }
        peer->on_time += is_on_time(peer, syn, time_ns);
        peer->tsval = syn->tsval;
        peer->frame = syn->frame;
        peer->time_ns = time_ns;
}

void peers_note_answer(Peers *p, Flow *f, const Segment *s) {
        const FlowSyn *syn = flow_note(f, NOTE_SYN);

        if (!syn)
                return;
        no_longer_waits(p, syn);
        if ((s->flags & (TCP_SYN | TCP_RST)) == TCP_SYN)
                learn(p, f, syn, s->time_ns);
        flow_note_remove(f, NOTE_SYN);
}

guint64 peers_given_up(const Peers *p) {
        return p->given_up;
}
