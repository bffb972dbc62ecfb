/* SPDX-License-Identifier: BSD-3-Clause */
#include "analyzer/endpoint.h"
#include "reset.h"

/*
 * TD206, TD207: a RST that its supposed sender did not send (it went on afterwards), or that the other end
 * did not take (it challenged it, RFC 5961 3, or went on).
 */

static void say(const Case *c, const Reset *r, FindingId id, const TimelineEntry *evidence, const char *because) {
        Finding *f = case_find(c, id, r->side, CERTAINTY_INFERRED);

        finding_frame(f, c->hindsight->entries[r->entry].frame);
        finding_frame(f, evidence->frame);
        finding_integer(f, "rst_frame", (gint64)c->hindsight->entries[r->entry].frame, BOUND_EXACT);
        finding_text(f, "because", because);
        if (id == FINDING_RST_FOREIGN && reset_is_taken(c, r))
                finding_text(f, "taken", "yes");
}

void rule_rst_doubtful(const Case *c) {
        gboolean foreign[SIDES] = { FALSE }, ignored[SIDES] = { FALSE };

        for (Reset r = { .entry = -1 }; reset_next(c, &r);) {
                const TimelineEntry *e;

                if (r.cause == RESET_CHALLENGE_RESPONSE || r.cause == RESET_REFUSED || !record_state(c->record, r.side, STATE_ESTABLISHED))
                        continue;
                if (r.cause == RESET_FOREIGN && !foreign[r.side]) {
                        e = &c->hindsight->entries[r.lived_on >= 0 ? r.lived_on : r.entry];
                        say(c, &r, FINDING_RST_FOREIGN, e, r.lived_on >= 0 ? "it_went_on" : "its_headers_differ");
                        foreign[r.side] = TRUE;
                }
                e = reset_challenged(c, &r);
                if (e && !ignored[r.side]) {
                        say(c, &r, FINDING_RST_IGNORED, e, "challenge_ack");
                        ignored[r.side] = TRUE;
                } else if (!ignored[r.side] && (e = reset_not_noticed(c, &r))) {
                        say(c, &r, FINDING_RST_IGNORED, e, "went_on");
                        ignored[r.side] = TRUE;
                }
        }
}
