/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What all flows together say of hosts: who closes first at each service, how many ends were in each state at
 * any second, and how far each client's ports reach.
 *
 * Memory is bounded. Past the limits the lighter half of the hosts (by number of flows) is added up in one
 * row, "the rest"; a host that was met before that first happened, and is still here, is exact. Where there are
 * many already, a new host, or pair, belongs to the rest until it has come some times.
 */

#include "ports.h"
#include "services.h"

#define HOSTS_ENDPOINTS_MAX 16384U
#define HOSTS_PAIRS_MAX 16384U
#define HOSTS_SERIES_BLOCKS_MAX 65536U /* of 8 seconds: some 30 MB of states, 13 MB of ports */
#define HOSTS_FAMILIAR 2048U           /* endpoints, and pairs, that have a row from their first flow on... */
#define HOSTS_PROVEN_FLOWS 32U         /* ...and flows of later ones that go to the rest before they have one */
#define HOSTS_COARSER_BELOW 1024U /* with fewer endpoints (or pairs) time is joined instead of them */

/* What a host is taken for. */
typedef struct HostChoice {
        const HostModel *model;
        HostSettings settings;
        const char *basis; /* static: "default", "option", "inferred" */
        gboolean reuses;   /* connect() may take a port whose TIME_WAIT it holds itself (tcp_tw_reuse=1) */
} HostChoice;

typedef struct HostsOptions {
        HostChoice (*choose)(const Address *address, gpointer data); /* (nullable): Linux everywhere */
        gpointer choose_data;
        gboolean aborts;              /* as if whoever closes first did so by a RST */
        gboolean no_forged_keepalives; /* as if no firewall forged any (TD111) */
} HostsOptions;

/* An address and the port it listens on, or 0: all that it did as a client. */
typedef struct HostEndpoint {
        Address address;
        guint16 port;
        gboolean ipv6;
        guint32 sweep;     /* how often the rest had grown when it was met; 0: its numbers are exact */
        guint64 flows;
        guint64 time_waits; /* flows in which it went to TIME_WAIT */
        Service *service;  /* NULL for clients */
        HostTimers timers;
        HostChoice choice;
} HostEndpoint;

typedef struct Hosts Hosts;

/* @options: (nullable) */
Hosts *hosts_new(const HostsOptions *options);
void hosts_free(Hosts *h);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Hosts, hosts_free)

/* Takes most of the memory that it may ever need at once. */
void hosts_take_all(Hosts *h);

/* Adds one flow: no allocation unless one of its hosts is new. */
void hosts_add(Hosts *h, const FlowRecord *f);

/* The next @n flows are these, in this order: asks the processor for what hosts_add() will touch, as most of it is far away. */
void hosts_expect(Hosts *h, const FlowRecord *f, guint n);

/* What has been concluded of an address from all its flows: holds for everything that is read from now on. */
void hosts_assume(Hosts *h, const Address *address, const HostChoice *choice);
/* The same of one endpoint. */
void hosts_assume_at(Hosts *h, guint32 endpoint, const HostChoice *choice);

/* What an address is taken for now; @choice stays as it is where nobody was asked to choose. */
void hosts_choice(const Hosts *h, const Address *address, HostChoice *choice);

/* ── Results ── */

guint64 hosts_flows(const Hosts *h);
gint64 hosts_end_ns(const Hosts *h); /* of the capture; 0 before the first flow */
/* Returns: when the counts of @second were so: at its end, or the capture's. */
gint64 hosts_moment_ns(const Hosts *h, gint64 second);
gint64 hosts_width(const Hosts *h); /* seconds between two counts of the census */

/* What no longer has a row of its own. */
typedef struct HostsRest {
        guint64 endpoints; /* each time one was added to it */
        guint64 pairs;
        guint64 flows_max; /* what any host that is not exact can lack */
        guint64 pair_flows_max; /* the same of pairs */
} HostsRest;

HostsRest hosts_rest(const Hosts *h);

guint32 hosts_endpoints(const Hosts *h);
const HostEndpoint *hosts_endpoint(const Hosts *h, guint32 i);

/* Returns: an address as a client (@port 0), or a server's address and port; NULL if there is none. */
const HostEndpoint *hosts_find(const Hosts *h, const Address *address, guint16 port, gboolean is_service);
/* Returns: the same as its number, HOSTS_NOWHERE if there is none. */
guint32 hosts_find_place(const Hosts *h, const Address *address, guint16 port, gboolean is_service);
#define HOSTS_NOWHERE G_MAXUINT32

/* Appends what these ends did (element-type SeriesStep), for census_new(). */
void hosts_read(const Hosts *h, guint32 endpoint, GArray *steps);

typedef enum HostsOrder {
        HOSTS_BY_FLOWS,
        HOSTS_BY_TIME_WAITS,
        HOSTS_BY_ADDRESS,
} HostsOrder;

/* Returns: (element-type guint32): endpoints, the heaviest first, then by address and port; of services or
 * all. */
GArray *hosts_order(const Hosts *h, HostsOrder order, gboolean services_only);

/* Returns: (element-type guint32): the endpoints of each address after another; those of @i's address. */
GArray *hosts_same_address(const Hosts *h, guint32 i);

/* Returns: the states of these endpoints (element-type guint32) together; NULL for @endpoints is the rest. */
Census *hosts_census(const Hosts *h, const GArray *endpoints);

guint32 hosts_pairs(const Hosts *h);
void hosts_budget(const Hosts *h, guint32 pair, PortBudget *b);

/* Returns: FALSE if there is no such pair. */
gboolean hosts_budget_of(const Hosts *h, const HostEndpoint *client, const HostEndpoint *server, PortBudget *b);

/* Of the pairs so many are looked at: those with most reused 4-tuples, then with most flows. */
#define HOSTS_BUDGETS_MAX 64U

/* Returns: (element-type PortBudget): those that are short of ports first, then by the share of ports taken. */
GArray *hosts_budgets(const Hosts *h);
