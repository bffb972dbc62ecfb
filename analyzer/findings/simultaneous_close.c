/* SPDX-License-Identifier: BSD-3-Clause */
#include "rule.h"

/* TD110: both ends were in FIN_WAIT_1, each by a FIN that does not acknowledge the other's. */
void rule_simultaneous_close(const Case *c) {
        const StateEntry *client = record_state(c->record, CLIENT, STATE_FIN_WAIT_1);
        const StateEntry *server = record_state(c->record, SERVER, STATE_FIN_WAIT_1);
        gboolean seen;
        Finding *f;

        if (!client || !server)
                return;
        seen = client->basis == BASIS_OBSERVED && server->basis == BASIS_OBSERVED;
        f = case_find(c, FINDING_SIMULTANEOUS_CLOSE, FINDING_NO_SIDE, seen ? CERTAINTY_OBSERVED : CERTAINTY_INFERRED);
        finding_frame(f, client->frame);
        finding_frame(f, server->frame);
        finding_integer(f, "apart_ns", ABS(client->time_ns - server->time_ns), BOUND_EXACT);
}
