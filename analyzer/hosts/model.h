/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What a host's TCP does when nothing on the wire shows it: how long it keeps TIME_WAIT and FIN_WAIT_2,
 * what it answers there, which ports it connects from. One row of model.def for each TCP. The settings of
 * the host replace the model's defaults.
 */

#include <glib.h>

#define HOST_FOREVER G_MAXINT64
#define HOST_MODELS_MAX 32U

/* How long FIN_WAIT_2 lasts once no process holds the socket. T is the setting, tcp_fin_timeout. */
typedef enum FinWait2Rule {
        FIN_WAIT_2_FIXED,   /* T */
        FIN_WAIT_2_LINUX,   /* T up to 60 s, then 2 (T - 60 s) */
        FIN_WAIT_2_LINUX_3, /* the same on coarse timers: three regimes */
        FIN_WAIT_2_IDLE,    /* T since the last segment that came, of whatever kind */
        FIN_WAIT_2_FOREVER, /* no limit */
} FinWait2Rule;

/* What an end does when something comes, and what becomes of its timer. */
typedef enum Reaction {
        REACTION_UNKNOWN,
        REACTION_SILENT,      /* nothing */
        REACTION_CHALLENGE,   /* an ACK of the old connection; the timer runs on */
        REACTION_ACK_RESTART, /* an ACK, and the timer starts again */
        REACTION_ACCEPT,      /* a new connection takes its place: SYN+ACK */
        REACTION_RESET,       /* a RST; the state is kept */
        REACTION_RESET_GONE,  /* a RST, and the state is gone */
        REACTION_GONE,        /* no answer, and the state is gone */
        REACTIONS
} Reaction;

/* What can come; "up" and "down" compare an ISN with the number that is expected next. */
typedef enum HostEvent {
        HOST_TIME_WAIT_SYN_UP,
        HOST_TIME_WAIT_SYN_NEWER, /* its ISN is down, its timestamp is newer (RFC 6191) */
        HOST_TIME_WAIT_SYN_DOWN,
        HOST_TIME_WAIT_RST,
        HOST_TIME_WAIT_KEEPALIVE, /* or any other duplicate */
        HOST_FIN_WAIT_2_SYN,
        HOST_FIN_WAIT_2_RST,
        HOST_FIN_WAIT_2_KEEPALIVE,
        HOST_FIN_WAIT_2_DATA,
        HOST_EVENTS
} HostEvent;

typedef struct HostModel {
        const char *name;  /* "linux": the word of --host-model, of the JSON */
        const char *title; /* "Linux 4.4 and later" */
        guint32 time_wait_s;
        guint32 fin_timeout_s; /* T; 0 where there is no limit */
        guint8 fin_wait_2;     /* FinWait2Rule */
        guint16 port_first, port_last; /* that a connect() takes by itself, both included */
        guint32 orphan_s;      /* a FIN that nobody acknowledges is given up about this long after its first repeat; 0 unknown */
        guint8 ttl;            /* that its packets start with; 0 where any will do */
        guint8 reaction[HOST_EVENTS]; /* Reaction; in FIN_WAIT_2 those of a socket that no process holds */
        const char *source;
} HostModel;

/* What was set on the host, or 0 where the model's default holds. */
typedef struct HostSettings {
        guint32 fin_timeout_s; /* tcp_fin_timeout, net.inet.tcp.finwait2_timeout, TcpFinWait2Delay */
        guint32 time_wait_s;
        guint16 port_first, port_last;
} HostSettings;

/* A duration that is known within bounds, both included; at_most_ns may be HOST_FOREVER. */
typedef struct HostInterval {
        gint64 at_least_ns, at_most_ns;
} HostInterval;

/* Whole seconds, both included; to may be G_MAXUINT32: no upper bound. */
typedef struct HostRange {
        guint32 from_s, to_s;
} HostRange;

#define HOST_RANGES_MAX 2U

/* Returns: how many models there are. The default is the first. */
guint host_models(void);
const HostModel *host_model(guint i);
/* Returns: the model of a name, in any case; NULL if there is none. */
const HostModel *host_model_parse(const char *word);
/* Returns: Linux 4.4 and later. */
const HostModel *host_model_default(void);

/* @settings: (nullable) in each of these. Returns: TIME_WAIT as it is set, the timer's lateness left out. */
gint64 host_model_time_wait_ns(const HostModel *m, const HostSettings *settings);

/* Returns: TIME_WAIT as it can last, the timer's steps included, if nothing restarts it or cuts it short. */
HostInterval host_model_time_wait(const HostModel *m, const HostSettings *settings);

/**
 * host_model_fin_wait_2:
 * @orphan: whether no process holds the socket any more: close(), not shutdown(SHUT_WR)
 *
 * Returns: how long FIN_WAIT_2 lasts from close(), or from the ACK of the FIN if that came later; with
 * FIN_WAIT_2_IDLE from the last segment that came. Where a process holds the socket, without end. A round
 * trip of more than about 0.3 s can make a short one last longer: Linux never goes below 3.5 RTO.
 */
HostInterval host_model_fin_wait_2(const HostModel *m, const HostSettings *settings, gboolean orphan);

/* Returns: the same as one number for a time series: the shortest; HOST_FOREVER if it never ends. */
gint64 host_model_fin_wait_2_ns(const HostModel *m, const HostSettings *settings, gboolean orphan);

/**
 * host_model_explain_fin_wait_2:
 * @observed: every lifetime that was seen is at least the one and at most the other
 * @ranges: (out): HOST_RANGES_MAX of them, in ascending order
 *
 * The inverse: all settings T of which one orphan can have lived at least so long and another at most so
 * long. 20 s on a Linux is T = 20 or T = 70.
 *
 * Returns: how many ranges; 0 if no setting explains it, or the model has none.
 */
guint host_model_explain_fin_wait_2(const HostModel *m, HostInterval observed, HostRange *ranges);

/*
 * Returns: whether it has Linux's ways that no setting changes: TIME_WAIT of 60 s, ISNs 65537 above the old
 * connection's.
 */
gboolean host_model_is_linux(const HostModel *m);

/* Returns: how many ports a connect() chooses from. */
guint32 host_model_ports(const HostModel *m, const HostSettings *settings, guint16 *first, guint16 *last);

/* Returns: the word of the JSON ("ack-restart"), and what it means in a few words. */
const char *reaction_name(Reaction reaction);
const char *reaction_title(Reaction reaction);
/* Returns: the word of the JSON ("syn_up"), and "SYN with a higher ISN": what comes; to which state is the event's. */
const char *host_event_name(HostEvent event);
const char *host_event_title(HostEvent event);
/* Returns: the rule in one line, without T: "T to 60 s, then 2 (T - 60)". */
const char *fin_wait_2_rule_title(FinWait2Rule rule);
