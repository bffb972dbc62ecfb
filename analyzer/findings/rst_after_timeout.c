/* SPDX-License-Identifier: BSD-3-Clause */
#include "reset.h"

/*
 * TD208: the owner of a socket gave up after probes that nobody answered, and said so (Linux
 * tcp_keepalive_timer()).
 */
void rule_rst_after_timeout(const Case *c) {
        for (Reset r = { .entry = -1 }; reset_next(c, &r);) {
                const TimelineEntry *rst = &c->hindsight->entries[r.entry], *probe;
                Finding *f;

                if (r.cause != RESET_AFTER_TIMEOUT || !r.first)
                        continue;
                probe = &c->hindsight->entries[r.unanswered];
                f = case_find(c, FINDING_RST_AFTER_TIMEOUT, r.side, CERTAINTY_OBSERVED);
                finding_frame(f, probe->frame);
                finding_frame(f, rst->frame);
                finding_integer(f, "rst_frame", (gint64)rst->frame, BOUND_EXACT);
                finding_integer(f, "count", r.probes, BOUND_AT_LEAST);
                finding_integer(f, "duration_ns", rst->time_ns - probe->time_ns, BOUND_EXACT);
        }
}
