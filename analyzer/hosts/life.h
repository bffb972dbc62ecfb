/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What one connection tells of how long its host keeps FIN_WAIT_2.
 *
 * Theory of operation. The timer starts with close(), which no packet shows: a process may have shut its socket
 * down, so that the FIN was sent, and have closed it later. What always holds is the upper bound, and a lower one
 * from the first packet that a mini-socket sent: then it was closed. The lower bound from the FIN's ACK on holds
 * only if the process closed when it sent the FIN. All are widened by what a round trip and a queue can do.
 */

#include "bound.h"
#include "model.h"

/* What queues and the scheduler of a busy host can add to a packet's time. */
#define HOST_JITTER_NS G_GINT64_CONSTANT(50000000)

typedef struct HostLife {
        HostBound at_least;        /* if its process closed when it sent its FIN */
        HostBound orphan_at_least; /* whenever it closed */
        HostBound at_most;         /* it had expired (TD103) */
} HostLife;

/* How far a time at the capture point and one at the host can be apart: never negative. */
gint64 host_slack_ns(const FlowRecord *f);

/* @f: with its timeline and with all findings. Bounds that are not known have no flow. */
void host_life(const FlowRecord *f, guint side, HostLife *life);

/*
 * @life: of one connection or of all of a host. Returns: what a setting of @m must explain: whenever the sockets were
 * closed, or if each was when it sent its FIN.
 */
HostInterval host_life_interval(const HostLife *life, const HostModel *m, gboolean closed_at_once);
