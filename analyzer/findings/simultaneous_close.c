/* SPDX-License-Identifier: BSD-3-Clause */
#include "rule.h"

/*
 * TD110: both ends were in FIN_WAIT_1, each by a FIN that does not acknowledge the other's. FINs that cross are a round
 * trip apart at most, wherever they were captured; where it is more the first one did not arrive.
 */
#define LATE_NS (SECOND_NS / 10) /* a host may be slow */

static gboolean have_crossed(const Case *c, gint64 apart_ns) {
        return apart_ns <= c->hindsight->side[CLIENT].reaction_ns + c->hindsight->side[SERVER].reaction_ns + LATE_NS;
}

void rule_simultaneous_close(const Case *c) {
        const StateEntry *client = record_state(c->record, CLIENT, STATE_FIN_WAIT_1);
        const StateEntry *server = record_state(c->record, SERVER, STATE_FIN_WAIT_1);
        gint64 apart_ns;
        gboolean seen;
        Finding *f;

        if (!client || !server)
                return;
        seen = client->basis == BASIS_OBSERVED && server->basis == BASIS_OBSERVED;
        f = case_find(c, FINDING_SIMULTANEOUS_CLOSE, FINDING_NO_SIDE, seen ? CERTAINTY_OBSERVED : CERTAINTY_INFERRED);
        finding_frame(f, client->frame);
        finding_frame(f, server->frame);
        apart_ns = ABS(client->time_ns - server->time_ns);
        finding_integer(f, "apart_ns", apart_ns, BOUND_EXACT);
        if (!have_crossed(c, apart_ns))
                finding_text(f, "unaware", "yes");
}
