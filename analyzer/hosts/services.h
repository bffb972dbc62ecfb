/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Who closes first at a service, how, and how long that takes. */

#include "analyzer/record.h"

/*
 * Durations in buckets of an eighth of their power of two, from 1 µs to 73 minutes: a quantile is at most 12
 * % above the true one, and never below it.
 */
#define DURATIONS_SHIFT_MIN 10 /* 2^10 ns is the first bucket's end */
#define DURATIONS_OCTAVES 32
#define DURATIONS_BUCKETS (DURATIONS_OCTAVES * 8 + 1)

typedef struct Durations {
        guint64 n;
        gint64 longest_ns;
        guint32 bucket[DURATIONS_BUCKETS];
} Durations;

void durations_add(Durations *d, gint64 duration_ns);

/* Returns: the duration that @per_mille of them do not exceed; 0 when there are none. */
gint64 durations_quantile(const Durations *d, guint per_mille);

/* Server address and port: all its flows. */
typedef struct Service {
        guint64 flows;
        guint64 closed_first[CLOSED_FIRST_VALUES];
        guint64 close[CLOSE_KINDS];    /* CLOSE_HALF_CLOSED are those that are half-closed now */
        guint64 half_closed_by[SIDES]; /* of them: the end that has closed */
        guint64 time_waits[SIDES];     /* flows in which that end went to TIME_WAIT */
        guint32 resets[FINDINGS];      /* flows by what is said of their RST; 0 for findings on anything else */
        Durations closing; /* from the first FIN to the last one's ACK, of closes that are complete */
} Service;

void service_add(Service *s, const FlowRecord *f);

/* Asks the processor for what service_add() will touch. */
void service_prefetch(const Service *s, const FlowRecord *f);

/* Returns: whether a finding says why a connection was reset: TD201 to TD209. */
gboolean finding_is_on_reset(FindingId id);
