/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The port budget: an address can have one connection at a time from each of its ports to one server address
 * and port, and a TIME_WAIT at either end counts like a connection. So ports / TIME_WAIT is the rate that can
 * last.
 */

#include "census.h"

/* Ports that were used. Of most pairs a list is shorter than a bit for each. */
typedef struct PortSet {
        guint32 n;       /* listed, some more than once */
        guint16 *listed; /* until there are bits; with room up to the next power of two */
        guint64 *bits;   /* of all 65536; NULL while they are listed */
} PortSet;

void port_set_add(PortSet *p, guint16 port);
void port_set_clear(PortSet *p);

/* Different ports. */
typedef struct PortsSeen {
        guint32 n;
        guint16 first, last; /* valid when n > 0 */
} PortsSeen;

PortsSeen port_set_seen(const PortSet *p);

/* What became of a SYN on a 4-tuple that was still in use. */
typedef enum ReuseAnswer {
        REUSE_ACCEPTED,
        REUSE_CHALLENGED, /* an ACK of the old connection, a RST, and the SYN again */
        REUSE_SILENT,     /* dropped: it had to come again, or never got through */
        REUSE_RESET,
        REUSE_ANSWERS
} ReuseAnswer;

const char *reuse_answer_name(ReuseAnswer answer);

/*
 * From when to when a flow took its port, in seconds since the pair's first flow was added. Most pairs are
 * few flows, and those are listed; a pair of more has a row in a series.
 */
typedef struct PortUse {
        gint32 begun, over;     /* over: the client had closed, or went to TIME_WAIT; PORT_USE_NEVER */
        gint32 time_wait;       /* when it, or else the server, went to TIME_WAIT; PORT_USE_NEVER */
        gint32 time_wait_over;  /* until a packet ended it, or since when its timer ran; PORT_USE_NEVER */
        guint16 port;
        guint8 holder;          /* side */
        guint8 by_timer;
} PortUse;

#define PORT_USE_NEVER G_MAXINT32
#define PORT_USES_MAX 64U

/*
 * The timestamp clocks that the SYNs of an address run on, of which the first two are followed. One Linux has one towards
 * a server (net/core/secure_seq.c secure_tcp_ts_off()); a host that has one for each connection comes back to none.
 */
typedef struct SynClocks {
        guint32 offset[2]; /* TSval less the capture's milliseconds, of the latest SYN on it */
        guint8 n;          /* clocks that are known */
        guint8 latest;     /* the one that the latest SYN was on */
        guint8 returns;    /* SYNs that came back to the other one of the two */
} SynClocks;

/* What shows that a client's address is one of several hosts, of a NAT, or of a balancer. */
typedef enum SharedBy {
        SHARED_NOT,
        SHARED_BY_CLOCKS,      /* SYNs on two timestamp clocks by turns: several hosts for certain */
        SHARED_BY_HOP_LIMITS,  /* SYNs with different ones: several hosts, or several paths */
        SHARED_BY_CONNECTIONS, /* so many: it may as well be one busy host */
} SharedBy;

/* All flows of one client address to one server address and port. What every flow touches comes first. */
typedef struct PortPair {
        guint32 client, server; /* endpoints of hosts.h */
        guint32 flows;
        guint32 time_waits[SIDES]; /* flows in which that end went to TIME_WAIT */
        guint8 n_uses;
        guint8 hop_limits[2];     /* of SYNs, as captured; the first two different ones, 0 none */
        PortUse *uses; /* of the first flows; NULL once they are in the series */
        gint64 base;              /* second of the first flow that was added */
        gint64 first_ns, last_ns; /* when the first and the last began */
        /* 64 bytes */
        PortSet ports;            /* of all flows, once they are in the series */
        guint64 example;          /* the lowest number of a flow with a SYN on a used 4-tuple, or of any */
        FrameRef example_frame;   /* that SYN */
        gboolean example_met_used; /* it is such a SYN */
        /* flows whose SYN met the 4-tuple in TIME_WAIT, or open, at the server */
        guint32 reused[REUSE_ANSWERS];
        guint32 recycled;         /* flows that the client began on a 4-tuple of which it held the TIME_WAIT */
        gint64 cost_ns; /* from such SYNs to what they came to, those that were accepted at once left out */
        gboolean timestamps;      /* a connection had the option at both ends */
        SynClocks clocks;
        guint64 flows_lacking_max; /* that it may have had while it had no row; 0: its numbers are exact */
} PortPair;

void port_pair_clear(PortPair *p);

void port_pair_add(PortPair *p, const FlowRecord *f);

/* From so many connections on one address to one service, it is not one user's machine. */
#define PORTS_SHARED_FLOWS 1000U

SharedBy port_pair_shared_by(const PortPair *p);
/* Returns: "hop_limits": the JSON's word. */
const char *shared_by_name(SharedBy by);

/* Asks the processor for where port_pair_use() will write. */
static inline void port_pair_prefetch(const PortPair *p) {
        if (p->uses)
                __builtin_prefetch(p->uses + p->n_uses, 1);
        else if (p->ports.listed)
                __builtin_prefetch(p->ports.listed + p->ports.n, 1);
}

/* The columns of a pair's series. */
enum {
        PORTS_BEGUN,
        PORTS_OPEN,       /* held by a connection that the client has not closed, or not to its end */
        PORTS_CLIENT_TIME_WAIT,
        PORTS_SERVER_TIME_WAIT, /* of those that the client does not hold itself */
        PORTS_CLIENT_TIMER,
        PORTS_SERVER_TIMER,
        PORTS_COLUMNS,
};

/**
 * port_pair_use:
 * @s: of all pairs that have many flows
 * @row: of this one
 * @seconds: of both ends
 *
 * Adds what a flow of the pair did to its port.
 */
void port_pair_use(PortPair *p, Series *s, guint32 row, const FlowRecord *f, const LifeSeconds *seconds);

/* Where the number of ports comes from. */
typedef enum PortRangeBasis {
        PORT_RANGE_SET,    /* the option said so */
        PORT_RANGE_IN_USE, /* no port outside was seen, all of them were, and they came again */
        PORT_RANGE_SEEN, /* the host's model has not all the ports that were seen: at least from the lowest to
                            the highest */
        PORT_RANGE_MODEL,
} PortRangeBasis;

const char *port_range_basis_name(PortRangeBasis basis);

typedef enum Exhaustion {
        EXHAUSTION_NEVER,     /* not at the measured rate */
        EXHAUSTION_OBSERVED,  /* all ports were taken at @exhausted_second */
        EXHAUSTION_PROJECTED, /* they would be then, at the rate measured */
} Exhaustion;

const char *exhaustion_name(Exhaustion e);

typedef struct PortBudget {
        const PortPair *pair;
        guint32 seen;      /* ports that were */
        guint16 seen_first, seen_last;
        guint16 first, last;
        guint32 ports;     /* from first to last */
        PortRangeBasis basis;
        guint holder;      /* side: who holds most of the TIME_WAITs */
        gint64 time_wait_ns; /* of the holder's model */
        gdouble sustainable; /* connections per second that can last */
        gdouble rate;      /* measured, on average; 0 for a single connection */
        CensusPeak busiest; /* second: connections begun in it */
        CensusPeak taken;  /* most ports taken at once */
        guint64 taken_now, time_wait_now[SIDES];
        Exhaustion exhaustion;
        gint64 exhausted_second;
} PortBudget;

/* Returns: connections per second that @ports can bear for ever, each followed by a TIME_WAIT. */
gdouble port_budget_rate(guint32 ports, gint64 time_wait_ns);

/* What a pair's budget is made of. */
typedef struct PortBudgetInput {
        const PortPair *pair;
        const HostModel *client_model;
        const HostSettings *client_settings;
        HostTimers timers[SIDES];
        Series *series;
        guint32 row;
        gint64 end_ns; /* of the capture */
} PortBudgetInput;

void port_budget_init(PortBudget *b, const PortBudgetInput *in);

/* Returns: whether all ports, or nearly all, were taken, or would be before long: TD309. */
gboolean port_budget_is_short(const PortBudget *b);

/* Fills in TD309 with its evidence and numbers; {client} of its sentence has no port. */
void port_budget_finding(const PortBudget *b, Finding *f);
