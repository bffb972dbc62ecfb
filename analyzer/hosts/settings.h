/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What the flows of one host tell together about its timers and its TCP.
 *
 * Theory of operation. No timer shows on the wire when it runs out. What shows are bounds: an end that
 * answers as FIN_WAIT_2 does still was in it, and one that answers a FIN in order with a bare RST was not
 * any more. The highest lower and the lowest upper bound of all flows are kept, each with the frames that
 * make it; nothing is averaged. A lower bound above an upper one is no mistake to be smoothed: sockets
 * differ (TCP_LINGER2), or a process held one of them (shutdown() instead of close()), and the reader is
 * told. Bounds are widened by what a round trip and a queue can do, so that no interval excludes what was
 * set.
 */

#include "bound.h"
#include "keepers.h"
#include "model.h"

typedef enum DurationKind {
        DURATION_FIN_WAIT_2, /* from the ACK of its FIN, or from close() if that came later: the timer, once it was closed at once */
        DURATION_FIN_WAIT_2_ORPHAN, /* from the first sign that no process holds the socket; only a lower bound */
        DURATION_TIME_WAIT,  /* from the last packet that may have restarted it */
        DURATION_LONE_FIN,   /* from the first repeat of a FIN that nobody acknowledges to giving up */
        DURATION_PATH,       /* a half-closed connection without a packet until this host is not reached any more */
        DURATIONS
} DurationKind;

typedef struct HostDuration {
        HostBound at_least, at_most;
} HostDuration;

typedef struct HostCount {
        guint64 flows;
        guint64 flow; /* the first of them */
} HostCount;

enum {
        HOST_SYN_EVENTS = HOST_TIME_WAIT_SYN_DOWN + 1,
        HOST_TTLS = 3, /* 64, 128, 255 */
};

/*
 * All that is kept of a host. About a kilobyte, whatever the number of flows; only for hosts that showed
 * something.
 */
typedef struct HostEvidence {
        Address address;
        gboolean ipv6;
        guint64 flows; /* that told anything; its weight when room must be made */
        guint64 last_flow;
        HostDuration duration[DURATIONS];
        HostSpread keepalive_idle, keepalive_interval;
        guint keepalive_probes_max;    /* without an answer, before it gave up */
        HostCount keepalives;          /* flows on which it sends its own */
        HostCount syn_answer[HOST_SYN_EVENTS][REACTIONS]; /* what its TIME_WAIT did with a SYN */
        HostCount accepted_signature;  /* SYNs that its TIME_WAIT took with an ISN 65537 above its old numbers */
        HostCount recycled;            /* it took its own TIME_WAIT over for a new connection (TD303) */
        HostCount recycled_signature;  /* of these with an ISN 65537 above the old connection's */
        HostBound recycled_after;      /* the soonest */
        HostCount time_wait_cut_short; /* TD306 */
        HostCount held_fin_wait_2;     /* a process held the socket: shutdown(), not close() */
        HostCount held_lone_fin;       /* a FIN repeated for longer than an orphan's would be */
        HostCount ttl[HOST_TTLS];
} HostEvidence;

/* Addresses. Past these the lighter half (by flows that told anything) is forgotten, and counted. */
#define SETTINGS_HOSTS_MAX 8192U

typedef struct Settings Settings;

Settings *settings_new(void);
void settings_free(Settings *s);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Settings, settings_free)

/* Adds what @f, with its timeline, tells of both of its hosts. Most flows tell nothing, and cost no look-up. */
void settings_add(Settings *s, const FlowRecord *f);

/* Asks the processor for what settings_add() will touch for these @n flows. */
void settings_prefetch(const Settings *s, const FlowRecord *f, guint n);

/* What the user says of a host, or of all of which nothing else is said. */
typedef struct HostGiven {
        gboolean everywhere;
        Address address;
        const HostModel *model; /* NULL: not said */
        HostSettings settings;
} HostGiven;

/* What is said later of the same address adds to it. */
void settings_give(Settings *s, const HostGiven *given);

/* Returns: NULL if no flow of the address told anything. */
const HostEvidence *settings_of(const Settings *s, const Address *address);

/* Returns: (transfer container) (element-type HostEvidence): all hosts, by address. */
GPtrArray *settings_hosts(const Settings *s);

const Keepers *settings_keepers(const Settings *s);

/* Returns: how many hosts were forgotten for lack of room. */
guint64 settings_forgotten(const Settings *s);

typedef enum Verdict {
        VERDICT_UNKNOWN,
        VERDICT_CONSISTENT,
        VERDICT_INCONSISTENT,
        VERDICTS
} Verdict;

typedef struct HostScore {
        guint8 verdict; /* inconsistent if anything is */
        guint64 consistent, inconsistent; /* flows */
        guint64 flow;    /* one that decided, 0 none */
        const char *why; /* NULL, or what decided: "SYN with a higher ISN" */
} HostScore;

typedef enum ModelBasis {
        MODEL_DEFAULT,
        MODEL_INFERRED,
        MODEL_OPTION,
} ModelBasis;

/* What is concluded from all that, or was given. */
typedef struct HostLearned {
        const HostModel *model;
        guint8 basis; /* ModelBasis */
        HostSettings settings; /* given, or what explains what was seen where the model's own does not */
        HostScore score[HOST_MODELS_MAX]; /* of each model */
        HostRange fin_timeout[HOST_RANGES_MAX]; /* settings that explain all, whenever the sockets were closed */
        guint n_fin_timeout;
        HostRange fin_timeout_closed[HOST_RANGES_MAX]; /* fewer, if each was closed when it sent its FIN */
        guint n_fin_timeout_closed;
        gboolean has_fin_timeout; /* there is evidence; without a range it contradicts itself or the model */
        gboolean contradiction[DURATIONS]; /* at_least above at_most */
} HostLearned;

/* All that is known of an address, whether it was met or not. */
void settings_learn(const Settings *s, const Address *address, HostLearned *learned);

const char *verdict_name(Verdict verdict);       /* "consistent" */
const char *model_basis_name(ModelBasis basis);  /* "default", "inferred", "option" */
const char *duration_kind_name(DurationKind kind); /* "fin_wait_2": the JSON's key */

/* What is known to forget half-closed connections, and when. */
typedef struct PathTimer {
        guint32 seconds;
        const char *name;
} PathTimer;

/* Returns: the @i-th that lies within the bounds, NULL past the last. */
const PathTimer *path_timer(const HostDuration *path, guint i);

/* For settings_learn() alone. @given: (nullable), @e: (nullable) */
void host_evidence_read(const HostEvidence *e, const HostGiven *given, HostLearned *learned);
