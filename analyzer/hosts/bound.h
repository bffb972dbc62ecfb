/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* A bound and what shows it. */

#include "analyzer/record.h"

typedef struct HostBound {
        gint64 ns;
        guint64 flow;      /* 0: there is no such bound */
        FrameRef from, to; /* where the time begins, and the frame that shows it; 0 where a state began without one */
} HostBound;

/* What was measured itself and differs from socket to socket. */
typedef struct HostSpread {
        HostBound least, most;
} HostSpread;

/* Keeps the higher, or the lower, of the two; the earlier one at a draw. */
static inline void host_bound_raise(HostBound *b, const HostBound *to) {
        if (!b->flow || to->ns > b->ns)
                *b = *to;
}

static inline void host_bound_lower(HostBound *b, const HostBound *to) {
        if (!b->flow || to->ns < b->ns)
                *b = *to;
}

static inline void host_spread_add(HostSpread *s, const HostBound *b) {
        host_bound_lower(&s->least, b);
        host_bound_raise(&s->most, b);
}
