/* SPDX-License-Identifier: BSD-3-Clause */
#include "endpoint.h"
#include "replay.h"

#define HAPPENINGS_MAX 12

typedef struct Happening {
        gint64 position;
        gint16 entry;
        guint8 event; /* Event */
        guint8 basis; /* Basis */
} Happening;

typedef struct Happenings {
        Happening list[HAPPENINGS_MAX];
        guint n;
} Happenings;

/* Keeps the list in order; what is added first goes first among equals. */
static void add(Happenings *all, const Moment *moment, Event event) {
        guint i;

        if (!moment->there)
                return;
        for (i = all->n++; i > 0 && all->list[i - 1].position > moment->position; i--)
                all->list[i] = all->list[i - 1];
        all->list[i] = (Happening){ moment->position, moment->entry, (guint8)event, moment->basis };
}

typedef struct Close {
        Moment sent, acked, received; /* its FIN; the other end's */
} Close;

/*
 * Three things happen to a closing end, in an order that decides its states. Its FIN tells by its own ACK
 * field whether it had the other's. Whether the other's FIN or the ACK of its own came first is told by their
 * order on the way, unless its answer to the FIN comes from a mini-socket: then it was in FIN_WAIT_2 before.
 */
static Close order_close(const Hindsight *h, guint side) {
        Close c = {
                .sent = h->side[side].sent_fin,
                .acked = h->side[side].fin_acked,
                .received = h->side[side].fin_received,
        };

        gboolean knew = c.sent.there && c.received.there && hindsight_fin_knows_fin(h, side);

        if (c.sent.there && c.received.there) {
                if (knew)
                        c.received.position = MIN(c.received.position, c.sent.position - 1);
                else
                        c.received.position = MAX(c.received.position, c.sent.position + 1);
        }
        if (!c.acked.there || !c.received.there)
                return c;
        /* an end that had the other's FIN when it sent its own was never in FIN_WAIT_2 */
        if (c.acked.entry > c.received.entry && !knew && hindsight_answers_fin_from_mini_socket(h, side))
                c.received.position = MAX(c.received.position, c.acked.position + 1);
        else if (c.acked.entry > c.received.entry)
                c.acked.position = MAX(c.acked.position, c.received.position + 1);
        return c;
}

/*
 * One segment may both acknowledge a FIN and bring one: then the acknowledgment counts first (RFC 9293
 * 3.10.7.4, fifth and eighth check), and FIN_WAIT_1 goes to TIME_WAIT at once.
 */
static void add_close(Happenings *all, const Hindsight *h, guint side) {
        Close c = order_close(h, side);

        add(all, &c.sent, EVENT_SENDS_FIN);
        if (c.acked.there && c.received.there && c.acked.entry == c.received.entry && entry_side(&h->entries[c.acked.entry]) != side) {
                c.acked.position = c.received.position = MAX(c.acked.position, c.received.position);
                add(all, &c.acked, EVENT_FIN_WITH_ACK);
        }
        add(all, &c.acked, EVENT_FIN_ACKED);
        add(all, &c.received, EVENT_FIN_RECEIVED);
}

/*
 * An orphan in FIN_WAIT_2 takes a FIN in order, acknowledges keepalives and answers only data with a RST
 * (Linux tcp_timewait_state_process()). A bare RST to anything else is no socket's: its time had run out
 * before.
 */
static void add_rst_sent(Happenings *all, const Hindsight *h, guint side) {
        Moment rst = h->side[side].sent_rst;
        Event event = EVENT_SENDS_RST;

        if (rst.there && h->side[side].fin_acked.there && hindsight_rst_is_no_sockets(h, rst.entry)) {
                event = EVENT_EXPIRED;
                rst.basis = BASIS_TIMER;
        }
        add(all, &rst, event);
}

static void replay_side(const Hindsight *h, guint side, SideRecord *record) {
        Moment syn = h->side[side].sent_syn, syn_ack = h->side[side].sent_syn_ack;
        Happenings all;

        all.n = 0;
        /* simultaneous open: the SYN was sent before the SYN+ACK, though it may come after it */
        if (syn.there && syn_ack.there)
                syn.position = MIN(syn.position, syn_ack.position - 1);

        endpoint_init(record, syn.there || syn_ack.there || h->flow->side[other(side)].bits & SIDE_BARE_SYN ? STATE_CLOSED : STATE_UNKNOWN);
        add(&all, &syn, EVENT_SENDS_SYN);
        add(&all, &syn_ack, EVENT_SENDS_SYN_ACK);
        add(&all, &h->side[side].syn_acked, EVENT_SYN_ACKED);
        if (record->state == STATE_UNKNOWN)
                add(&all, &h->side[side].talks, EVENT_TALKS);
        add_close(&all, h, side);
        add(&all, &h->side[side].rst_accepted, syn.there ? EVENT_REFUSED : EVENT_RST_ACCEPTED);
        if (syn.there)
                add(&all, &h->side[side].rst_accepted, EVENT_RST_ACCEPTED);
        add_rst_sent(&all, h, side);
        for (guint i = 0; i < all.n; i++) {
                const Happening *x = &all.list[i];

                endpoint_event(record, x->event, h->entries[x->entry].time_ns, h->entries[x->entry].frame, x->basis);
        }
}

void replay_flow(const Hindsight *h, FlowRecord *record) {
        replay_side(h, CLIENT, &record->side[CLIENT]);
        replay_side(h, SERVER, &record->side[SERVER]);
}
