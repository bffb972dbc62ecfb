/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Which sockets there were at one moment: lastack at. */

#include "hosts.h"

/* 100 MB. Past this they are not listed, and not counted: that is said. */
#define MOMENT_SOCKETS_MAX (1U << 20)

/* One end of a connection, in its state at that moment unless its timer has ended it by then. */
typedef struct MomentSocket {
        Address local, remote;
        guint16 local_port, remote_port;
        guint8 state;
        guint8 timer;      /* as in Life */
        guint8 listens;    /* it is a server's */
        guint8 ipv6;
        gint64 timer_ns;   /* when that was started */
        guint64 flow;
} MomentSocket;

typedef struct Moment {
        gint64 at_ns;
        gboolean has_host;
        Address host;      /* only this one's, if @has_host */
        gboolean listed;   /* the sockets are wanted one by one, not only counted */
        GArray *sockets;   /* of MomentSocket; after moment_end() by address, what it listens on, state and flow */
        guint64 left_out;  /* past MOMENT_SOCKETS_MAX */
        guint64 expired;   /* in FIN_WAIT_2, ended by the model's timer only */
} Moment;

/* @host: (nullable) */
Moment *moment_new(const Address *host);
void moment_free(Moment *m);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Moment, moment_free)

/* @at_ns of @m is known. @h: has the flow already */
void moment_add(Moment *m, const Hosts *h, const FlowRecord *f);

/* Once all flows are there and all hosts' models are known. */
void moment_end(Moment *m, const Hosts *h);

/* Returns: the end that @s is one of, NULL if that has no row of its own. */
const HostEndpoint *moment_endpoint(const Hosts *h, const MomentSocket *s);

/* Returns: how long the timer runs that ends its state; HOST_FOREVER for none. */
gint64 moment_timer_ns(const Hosts *h, const MomentSocket *s);

/* All sockets of an address as a client, or of what it listens on. */
typedef struct MomentRow {
        const MomentSocket *first; /* any of them: it says whose */
        guint64 total, count[STATES];
} MomentRow;

/* @total: STATES of them, of all rows. Returns: (element-type MomentRow): the largest first, then by address. */
GArray *moment_rows(const Moment *m, guint64 *total);
