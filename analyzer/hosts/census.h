/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * How many ends of connections are in each state, as `netstat -n` on every host would have counted them.
 *
 * A record ends what a packet ended. What ends without one, TIME_WAIT and the FIN_WAIT_2 of a socket that no
 * process holds, ends here by the timers of the host's model. A host has one socket on a 4-tuple: a new connection
 * there ends what is left of the old one. Where the model becomes known only later, and its TIME_WAIT is the longer
 * one, such an old TIME_WAIT is counted too long.
 */

#include "analyzer/record.h"
#include "model.h"
#include "series.h"

/* A host's timers, in ns; HOST_FOREVER for none. */
typedef struct HostTimers {
        gint64 time_wait_ns;
        gint64 fin_wait_2_ns; /* of an orphan */
        gboolean idle;        /* that of FIN_WAIT_2 starts again with each segment (FreeBSD) */
        gboolean deaf;        /* take what came to a FIN_WAIT_2, and was answered there, as if it had not */
} HostTimers;

HostTimers host_timers(const HostModel *model, const HostSettings *settings);

/* Returns: whole seconds, rounded up; HOST_FOREVER stays. */
gint64 host_timer_seconds(gint64 duration_ns);

/* What one end of a connection went through, in order of time. */
typedef struct Life {
        struct {
                gint64 time_ns, second;
                guint8 state; /* TcpState, from time_ns on; the first is the one before any packet */
        } move[RECORD_STATES_MAX + 2];
        guint n;
        guint8 timer; /* STATE_TIME_WAIT or STATE_FIN_WAIT_2: this last state ends by its timer; else
                         STATE_UNKNOWN */
        gint64 timer_ns, timer_second; /* when that started */
} Life;

void life_of(Life *life, const FlowRecord *f, guint side, const HostTimers *timers);

/* As if the end had closed by a RST, or got one, instead of the first FIN. */
void life_abort(Life *life);

/* Returns: when the timer that @life ends by runs out; HOST_FOREVER if there is none. */
gint64 life_timer_end(const Life *life, const HostTimers *timers);

/* Returns: the state at @time_ns; STATES before the connection began. */
TcpState life_state_at(const Life *life, const HostTimers *timers, gint64 time_ns);

/* The columns of a series: one for each state, and the timers that were started. STATE_CLOSED counts what is
 * over. */
enum {
        CENSUS_TIME_WAIT_TIMER = STATES,
        CENSUS_FIN_WAIT_2_TIMER,
        CENSUS_COLUMNS,
};

/* What a life is by the second. HOST_FOREVER: never. */
typedef struct LifeSeconds {
        gint64 begun;
        gint64 over;           /* it was closed, by a timer or not, or went to TIME_WAIT */
        gint64 time_wait;      /* it went there, as its last move or the one before that */
        gint64 time_wait_over; /* something else came, or since when its timer runs */
        gboolean by_timer;     /* that is what ends TIME_WAIT */
} LifeSeconds;

/* Adds one end of a connection; @seconds: (out) */
void census_add(Series *s, guint32 row, const FlowRecord *f, guint side, const HostTimers *timers, LifeSeconds *seconds);

/* The same of a life that is not what was captured. */
void census_add_life(Series *s, guint32 row, const Life *life, const HostTimers *timers, LifeSeconds *seconds);

/* The states of a number of series rows together. */
typedef struct CensusPoint {
        gint64 second; /* the counts are those at its end, or at the end of the capture */
        guint64 count[STATES];
} CensusPoint;

typedef struct CensusPeak {
        guint64 count;
        gint64 second; /* the first at whose end it was so */
} CensusPeak;

#define CENSUS_POINTS_MAX 600U /* of a series; more are thinned out */

typedef struct Census {
        CensusPeak peak[STATES];
        CensusPeak held;    /* of FIN_WAIT_2 if no timer ended it: processes hold all of these sockets */
        CensusPoint now;    /* at the end of the capture */
        GArray *points;     /* of CensusPoint */
        gboolean thinned;   /* not every second in which something changed is among them */
} Census;

/**
 * census_new:
 * @steps: (element-type SeriesStep): of all rows, read with census_read(); sorted here
 * @width: series_width()
 * @end_ns: of the capture
 */
Census *census_new(GArray *steps, gint64 width, gint64 end_ns);
void census_free(Census *c);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Census, census_free)

/* One of several ends that have to do with room for so many TIME_WAITs together. */
typedef struct CensusShare {
        GArray *steps;       /* (element-type SeriesStep): as census_read() gives them; sorted here */
        guint64 peak;        /* (out): most of its TIME_WAITs at a time that found room */
        guint64 turned_away; /* (out): those that found none */
} CensusShare;

/* @shares: the ends of one host; of those that come within one second the first ones' are served first */
void census_share_room(CensusShare *shares, guint n, gint64 time_wait_ns, guint64 room, gint64 end_ns);

/* Appends what the ends in @row did. */
void census_read(const Series *s, guint32 row, const HostTimers *timers, GArray *steps);
