/* SPDX-License-Identifier: BSD-3-Clause */
#include "endpoint.h"
#include "replay.h"

#define HAPPENINGS_MAX 12

typedef struct Happening {
        Moment moment;
        Event event;
} Happening;

typedef struct Happenings {
        Happening list[HAPPENINGS_MAX];
        guint n;
} Happenings;

/* Keeps the list in order; what is added first goes first among equals. */
static void add(Happenings *all, Moment moment, Event event) {
        guint i;

        if (!moment.there)
                return;
        for (i = all->n++; i > 0 && all->list[i - 1].moment.position > moment.position; i--)
                all->list[i] = all->list[i - 1];
        all->list[i] = (Happening){ moment, event };
}

/*
 * One segment may both acknowledge a FIN and bring one: then the acknowledgment counts first (RFC 9293 3.10.7.4,
 * fifth and eighth check), and FIN_WAIT_1 goes to TIME_WAIT at once.
 */
static void add_fins(Happenings *all, Moment acked, Moment received) {
        if (acked.there && received.there && acked.entry == received.entry) {
                acked.position = MAX(acked.position, received.position);
                add(all, acked, EVENT_FIN_WITH_ACK);
                add(all, acked, EVENT_FIN_ACKED); /* where there is no such row: CLOSING, LAST_ACK */
                add(all, received, EVENT_FIN_RECEIVED);
                return;
        }
        add(all, acked, EVENT_FIN_ACKED);
        add(all, received, EVENT_FIN_RECEIVED);
}

static void replay_side(const Hindsight *h, guint side, SideRecord *record) {
        Moment syn = hindsight_sent_syn(h, side), syn_ack = hindsight_sent_syn_ack(h, side);
        Happenings all = { .n = 0 };

        endpoint_init(record, syn.there || syn_ack.there || h->flow->side[other(side)].bits & SIDE_BARE_SYN ? STATE_CLOSED : STATE_UNKNOWN);
        add(&all, syn, EVENT_SENDS_SYN);
        add(&all, syn_ack, EVENT_SENDS_SYN_ACK);
        add(&all, hindsight_syn_acked(h, side), EVENT_SYN_ACKED);
        if (record->state == STATE_UNKNOWN)
                add(&all, hindsight_talks(h, side), EVENT_TALKS);
        add(&all, hindsight_sent_fin(h, side), EVENT_SENDS_FIN);
        add_fins(&all, hindsight_fin_acked(h, side), hindsight_fin_received(h, side));
        add(&all, hindsight_rst_accepted(h, side), syn.there ? EVENT_REFUSED : EVENT_RST_ACCEPTED);
        if (syn.there)
                add(&all, hindsight_rst_accepted(h, side), EVENT_RST_ACCEPTED);
        add(&all, hindsight_sent_rst(h, side), EVENT_SENDS_RST);
        for (guint i = 0; i < all.n; i++) {
                const Happening *x = &all.list[i];

                endpoint_event(record, x->event, x->moment.time_ns, x->moment.frame, x->moment.basis);
        }
}

void replay_flow(const Hindsight *h, FlowRecord *record) {
        replay_side(h, CLIENT, &record->side[CLIENT]);
        replay_side(h, SERVER, &record->side[SERVER]);
}
