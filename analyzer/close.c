/* SPDX-License-Identifier: BSD-3-Clause */
#include "close.h"
#include "endpoint.h"
#include "sequence.h"

/* So many repeats without any answer, and nothing after them, are an abandoned flow. */
#define ABANDONED_REPEATS 2

gint64 record_state_end(const FlowRecord *record, guint side, const StateEntry *entry, gboolean *cut) {
        const SideRecord *s = &record->side[side];

        *cut = entry == &s->states[s->n_states - 1];
        return *cut ? record->capture_end_ns : entry[1].time_ns;
}

/* Those that led either side to a state, a bit for each. */
static guint events_of(const FlowRecord *record) {
        guint events = 0;

        for (guint s = 0; s < SIDES; s++)
                for (guint i = 0; i < record->side[s].n_states; i++)
                        events |= 1U << record->side[s].states[i].event;
        return events;
}

#define RESETS (1U << EVENT_REFUSED | 1U << EVENT_SENDS_RST | 1U << EVENT_RST_ACCEPTED)

guint close_unanswered_repeats(const Hindsight *h, const TimelineEntry **first) {
        guint repeats = 0, side = SIDES;

        *first = NULL;
        for (gint i = h->n - 1; i >= 0; i--) {
                const TimelineEntry *e = &h->entries[i];

                if (!entry_is_ordinary(e))
                        continue;
                if (side == SIDES)
                        side = entry_side(e);
                if (entry_side(e) != side || !(e->marks & (ENTRY_RETRANSMISSION | ENTRY_KEEPALIVE)))
                        break;
                *first = e;
                repeats++;
        }
        return repeats;
}

static gboolean is_abandoned(const Hindsight *h) {
        const TimelineEntry *first;

        return close_unanswered_repeats(h, &first) >= ABANDONED_REPEATS;
}

static CloseKind reset_kind(const Hindsight *h, const FlowRecord *record) {
        const FlowSide *c = &h->flow->side[CLIENT];

        if (h->side[CLIENT].has_fin || h->side[SERVER].has_fin)
                return CLOSE_RESET_AFTER_FIN;
        if (c->bits & SIDE_BARE_SYN && h->flow->side[SERVER].bits & SIDE_SYN_ACK && c->bits & SIDE_RST &&
            !record_state(record, CLIENT, STATE_ESTABLISHED))
                return CLOSE_HANDSHAKE_ONLY_RESET;
        return CLOSE_RESET;
}

/* Of a side that the capture lacks no acknowledgment can be seen: then the states that it led to speak for it. */
static gboolean is_fin_acked(const FlowRecord *record, guint side) {
        const SideRecord *me = &record->side[side];

        for (guint i = 0; i < me->n_states && !record->side[other(side)].packets; i++)
                if (me->states[i].event == EVENT_FIN_ACKED || me->states[i].event == EVENT_FIN_WITH_ACK)
                        return TRUE;
        return me->fin_acked_frame != 0;
}

/* Both FINs acknowledged before any RST: what comes later does not change how it closed. */
static gboolean is_complete(const Hindsight *h, const FlowRecord *record) {
        return h->side[CLIENT].has_fin && h->side[SERVER].has_fin &&
               (record_state(record, CLIENT, STATE_TIME_WAIT) || record_state(record, SERVER, STATE_TIME_WAIT)) &&
               is_fin_acked(record, CLIENT) && is_fin_acked(record, SERVER);
}

CloseKind close_kind(const Hindsight *h, const FlowRecord *record) {
        gboolean crossed = record_state(record, CLIENT, STATE_FIN_WAIT_1) && record_state(record, SERVER, STATE_FIN_WAIT_1);
        guint fins = (guint)h->side[CLIENT].has_fin + (guint)h->side[SERVER].has_fin, events = events_of(record);

        if (events & 1U << EVENT_REFUSED)
                return CLOSE_REFUSED;
        if (is_complete(h, record))
                return crossed ? CLOSE_SIMULTANEOUS : CLOSE_ORDERLY;
        if (events & RESETS)
                return reset_kind(h, record);
        if (fins == 2)
                return crossed ? CLOSE_SIMULTANEOUS : CLOSE_ORDERLY_LAST_ACK_UNSEEN;
        if (fins == 1)
                return CLOSE_HALF_CLOSED;
        if (h->flow->side[CLIENT].bits & SIDE_BARE_SYN && !(h->flow->side[SERVER].bits & SIDE_HEARD) && !(h->flow->side[CLIENT].bits & SIDE_ACK))
                return CLOSE_UNANSWERED;
        return is_abandoned(h) ? CLOSE_ABANDONED : CLOSE_OPEN;
}

ClosedFirstBy close_first_by(const Hindsight *h, const FlowRecord *record) {
        gboolean first[SIDES], has_reset;

        for (guint s = 0; s < SIDES; s++)
                first[s] = record_state(record, s, STATE_FIN_WAIT_1) != NULL;
        if (first[CLIENT] && first[SERVER])
                return CLOSED_FIRST_BY_BOTH;
        if (first[CLIENT])
                return CLOSED_FIRST_BY_CLIENT;
        if (first[SERVER])
                return CLOSED_FIRST_BY_SERVER;
        if (h->side[CLIENT].has_fin || h->side[SERVER].has_fin)
                return CLOSED_FIRST_BY_UNKNOWN;
        /* a RST that ended nothing closed nothing; of two, the earlier one did */
        has_reset = !!(events_of(record) & RESETS);
        for (guint s = 0; s < SIDES; s++)
                first[s] = has_reset && record->side[s].rst_frame;
        if (first[CLIENT] && first[SERVER])
                first[record->side[CLIENT].rst_ns <= record->side[SERVER].rst_ns ? SERVER : CLIENT] = FALSE;
        if (first[CLIENT])
                return CLOSED_FIRST_BY_CLIENT;
        if (first[SERVER])
                return CLOSED_FIRST_BY_SERVER;
        return record->joined ? CLOSED_FIRST_BY_UNKNOWN : CLOSED_FIRST_BY_NOBODY;
}
