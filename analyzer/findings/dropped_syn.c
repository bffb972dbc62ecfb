/* SPDX-License-Identifier: BSD-3-Clause */
#include "analyzer/peers.h"
#include "rule.h"

/*
 * TD307: the server answers the SYNs of an address that are ahead of the timestamps that it had from it, all of them,
 * and none that is behind. Timestamps that are random for each connection (BSD) do not continue one clock; those that
 * are random for each pair of hosts (Linux 4.10) do. A server that was down or busy for a while drops the ones that
 * are ahead as well.
 */

#define SYNS_MIN 2    /* a single one may just be lost, or come last */
#define FLOWS_MIN 2   /* behind and unanswered: one could have met a dead server behind a balancer */
#define ON_TIME_MIN 2 /* steps on one clock between answered SYNs */

static gboolean has_reuse(const Case *c) {
        for (guint i = 0; i < c->record->n_findings; i++)
                if (c->record->findings[i].id == FINDING_TIME_WAIT_REUSE_UP || c->record->findings[i].id == FINDING_TIME_WAIT_REUSE_DOWN)
                        return TRUE;
        return FALSE;
}

void rule_dropped_syn(const Case *c) {
        const SideRecord *client = &c->record->side[CLIENT];
        const Peer *peer = c->peer;
        const FlowSyn *syn = flow_note(c->flow, NOTE_SYN);
        Finding *f;

        if (!peer || c->record->side[SERVER].packets || client->syn_count < SYNS_MIN || syn->behind_count < MIN(client->syn_count, G_MAXUINT8))
                return;
        /* the server was there: it answered others while it left these unanswered */
        if (peer->behind_answered || peer->ahead_waiting || peer->on_time < ON_TIME_MIN || peer->time_ns < c->record->start_ns || has_reuse(c))
                return;
        f = case_find(c, FINDING_SYN_DROPPED_BY_TIMESTAMP, SERVER, peer->behind_waiting >= FLOWS_MIN ? CERTAINTY_INFERRED : CERTAINTY_CANNOT_TELL);
        finding_frame(f, client->syn_frame);
        finding_frame(f, client->last_frame);
        finding_frame(f, peer->frame);
        finding_integer(f, "count", client->syn_count, BOUND_EXACT);
        finding_integer(f, "behind", syn->behind_ticks, BOUND_EXACT);
        finding_integer(f, "answered_frame", (gint64)peer->frame, BOUND_EXACT);
        finding_integer(f, "duration_ns", client->last_ns - c->record->start_ns, BOUND_AT_LEAST);
}
