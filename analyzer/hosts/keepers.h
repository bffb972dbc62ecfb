/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Firewalls that keep half-closed connections alive (TD111), as a story of all flows: how many, since when,
 * how fast they grow, who answers, and which end lives by it.
 *
 * Theory of operation. FreeBSD's ipfw forges keepalives to both ends, in each other's name, every 5 s in
 * the last 20 s of a dynamic rule's life; an answer gives the rule another 300 s
 * (sys/netpfil/ipfw/ip_fw_dynamic.c). Until 2012 an answer of either end did, since then it takes both. The
 * probes have the firewall's hop limit: that, as seen at the capture point, is all by which one box differs
 * from another.
 */

#include "model.h"
#include "bound.h"

#define KEEPERS_MAX 64U /* what is met later is only counted */

/* What an end does with probes. */
typedef enum ProbeAnswer {
        PROBE_NOT_SEEN, /* none came past the capture point on its way to this end */
        PROBE_SILENT,
        PROBE_ANSWERED, /* at least once */
        PROBE_ANSWERS,
} ProbeAnswer;

typedef struct Keeper {
        guint8 ttl;        /* of its probes, the highest that was seen */
        guint64 flows;     /* that it keeps or kept */
        guint64 open_flows; /* half-closed to the end of the capture */
        guint64 answers[PROBE_ANSWERS][PROBE_ANSWERS]; /* flows, by what the end in FIN_WAIT_2 does, and the one in CLOSE_WAIT */
        guint64 probes;
        guint burst_max;   /* probes to one end, at the most, without a pause */
        HostSpread step;   /* between two probes of a burst */
        HostSpread period; /* from one burst to the next */
        HostBound longest; /* an end in FIN_WAIT_2 that answered: from its FIN_WAIT_2 to its last answer */
        gint64 first_ns, last_ns; /* of its probes */
        FrameRef first_frame;
        guint64 first_flow;
        gint64 first_half_close_ns, last_half_close_ns; /* when flows got into that state: how fast they grow */
        Address closer, holder;   /* of the first flow: in FIN_WAIT_2, in CLOSE_WAIT */
        guint16 closer_port, holder_port;
        guint closer_side;
        gboolean ipv6;
        gboolean several_closers, several_holders; /* other addresses too */
} Keeper;

typedef struct Keepers {
        guint n;
        guint64 left_out; /* flows of boxes past KEEPERS_MAX */
        Keeper box[KEEPERS_MAX];
} Keepers;

/* @f: with its timeline */
void keepers_add(Keepers *k, const FlowRecord *f);

/* Returns: whether its probes come as those of FreeBSD's ipfw do. */
gboolean keeper_is_ipfw(const Keeper *k);

/* Returns: flows that get into this state per day; 0 if that cannot be told. */
gdouble keeper_growth_per_day(const Keeper *k);

/* What becomes of an end in FIN_WAIT_2 that no process holds and that answers the probes. */
typedef enum KeptBy {
        KEPT_BY_PROBES,  /* each one restarts its timer: it stays for ever */
        KEPT_BY_NOTHING, /* it answers, but its timer runs out: what answers for longer is held by a process */
        KEPT_BY_ITSELF,  /* it has no timer, probes or not */
        KEPT_WAYS,
} KeptBy;

KeptBy keeper_effect(const Keeper *k, const HostModel *m);

/*
 * Returns: whether an end answered for longer than this model explains without a process that holds the
 * socket.
 */
gboolean keeper_outlasts(const Keeper *k, const HostModel *m);

const char *probe_answer_name(ProbeAnswer answer); /* "silent" */
const char *kept_by_name(KeptBy by);               /* "probes" */
