/* SPDX-License-Identifier: BSD-3-Clause */
#include "reset.h"

/* TD209: bytes that either end had sent and the other had not acknowledged when the first RST came. */
static void add(const Case *c, const TimelineEntry *rst, guint side, gint64 bytes, Certainty certainty) {
        Finding *f;

        if (bytes <= 0)
                return;
        f = case_find(c, FINDING_DATA_LOST_AT_RESET, side, certainty);
        finding_frame(f, c->record->side[side].last_data_frame);
        finding_frame(f, rst->frame);
        finding_integer(f, "rst_frame", (gint64)rst->frame, BOUND_EXACT);
        finding_integer(f, "lost_bytes", bytes, BOUND_AT_MOST);
}

void rule_data_lost(const Case *c) {
        Reset r = { .entry = -1 };

        if (!reset_next(c, &r) || r.cause == RESET_REFUSED || r.cause == RESET_CHALLENGE_RESPONSE)
                return;
        if (c->record->close != CLOSE_RESET && c->record->close != CLOSE_RESET_AFTER_FIN)
                return;
        add(c, &c->hindsight->entries[r.entry], r.side, r.lost_bytes, CERTAINTY_INFERRED);
        /* what the RST itself acknowledges has come: whether anybody read it, nobody can tell from here */
        add(c, &c->hindsight->entries[r.entry], other(r.side), r.peer_lost_bytes, r.acks_all ? CERTAINTY_CANNOT_TELL : CERTAINTY_INFERRED);
}
