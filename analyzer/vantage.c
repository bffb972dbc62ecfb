/* SPDX-License-Identifier: BSD-3-Clause */
#include "vantage.h"

/* An end answers so much faster than the other one if it is near. */
#define NEARER_TIMES 3
/* On one segment a way is short: only what answers as fast as this is here, and the other one is so much slower. */
#define HERE_NS_MAX (G_GINT64_CONSTANT(100000))
#define FARTHER_NS_MIN (G_GINT64_CONSTANT(40000))

/* What hosts begin with. Others exist (30, 32, 60): those prove nothing. */
static gboolean is_first_hop_limit(guint8 ttl) {
        return ttl == 64 || ttl == 128 || ttl == 255;
}

static gboolean is_counted_down(guint8 ttl) {
        return ttl > 32 && ttl != 60 && !is_first_hop_limit(ttl);
}

/*
 * Only an ACK by itself is sent at once; data, a FIN and what comes later wait for a program. The pieces of a capture that was
 * rotated come one after the other; captures at two points of the path take turns.
 */
static gboolean is_handshake(const TimelineEntry *syn, const TimelineEntry *syn_ack, const TimelineEntry *answer) {
        return syn && syn_ack && answer && answer->flags == TCP_ACK && !answer->payload_bytes && !(answer->marks & ENTRY_RETRANSMISSION) &&
               answer->seq == entry_end(syn) && answer->ack == entry_end(syn_ack) && syn_ack->ack == entry_end(syn) &&
               frame_ref_file(syn->frame) <= frame_ref_file(syn_ack->frame) &&
               frame_ref_file(syn_ack->frame) <= frame_ref_file(answer->frame);
}

Vantage vantage_find(const TimelineEntry *syn, const TimelineEntry *syn_ack, const TimelineEntry *answer) {
        const TimelineEntry *sent[SIDES] = { syn, syn_ack };
        gboolean much_nearer;
        gint64 ns[SIDES];
        guint near, far;

        if (!is_handshake(syn, syn_ack, answer))
                return VANTAGE_UNKNOWN;
        ns[CLIENT] = answer->time_ns - syn_ack->time_ns;
        ns[SERVER] = syn_ack->time_ns - syn->time_ns;
        near = ns[SERVER] < ns[CLIENT] ? SERVER : CLIENT;
        far = !near;
        if (ns[near] <= 0)
                return VANTAGE_UNKNOWN; /* nothing is answered in no time: the clock is too coarse */
        much_nearer = ns[near] <= ns[far] / NEARER_TIMES;
        if (is_counted_down(sent[near]->ttl) && is_counted_down(sent[far]->ttl)) {
                if (!much_nearer)
                        return VANTAGE_BETWEEN;
                return near == CLIENT ? VANTAGE_NEARER_CLIENT : VANTAGE_NEARER_SERVER;
        }
        if (!is_first_hop_limit(sent[near]->ttl))
                return VANTAGE_UNKNOWN;
        if (!is_counted_down(sent[far]->ttl) && (!much_nearer || ns[near] > HERE_NS_MAX || ns[far] - ns[near] < FARTHER_NS_MIN))
                return VANTAGE_UNKNOWN;
        return near == CLIENT ? VANTAGE_CLIENT : VANTAGE_SERVER;
}

void vantage_tally_add(VantageTally *t, const FlowRecord *f) {
        const SideRecord *here = &f->side[f->vantage == VANTAGE_CLIENT ? CLIENT : SERVER];

        t->by_vantage[f->vantage]++;
        if (f->vantage != VANTAGE_CLIENT && f->vantage != VANTAGE_SERVER)
                return;
        for (guint i = 0; i < t->n; i++) {
                if (address_equal(&t->at[i].address, &here->address))
                        return;
                t->several |= t->at[i].ipv6 == f->ipv6;
        }
        t->several |= t->n == VANTAGE_ADDRESSES_MAX;
        if (t->several)
                return;
        t->at[t->n].address = here->address;
        t->at[t->n++].ipv6 = f->ipv6;
}

/* All but so many in a hundred. */
#define STRAY_PERCENT_MAX 2

static gboolean is_nearly_all(guint64 n, guint64 all) {
        return n > 0 && (all - n) * 100 <= all * STRAY_PERCENT_MAX;
}

gboolean vantage_tally_is_of_one_host(const VantageTally *t) {
        const guint64 *by = t->by_vantage;
        guint64 between = by[VANTAGE_BETWEEN] + by[VANTAGE_NEARER_CLIENT] + by[VANTAGE_NEARER_SERVER];

        return t->n > 0 && !t->several && between == 0;
}

Vantage vantage_tally_place(const VantageTally *t) {
        const guint64 *by = t->by_vantage;
        guint64 between = by[VANTAGE_BETWEEN] + by[VANTAGE_NEARER_CLIENT] + by[VANTAGE_NEARER_SERVER];
        guint64 all = by[VANTAGE_CLIENT] + by[VANTAGE_SERVER] + between;

        for (guint i = VANTAGE_UNKNOWN + 1; i < VANTAGES; i++)
                if (is_nearly_all(by[i], all))
                        return i;
        return is_nearly_all(between, all) ? VANTAGE_BETWEEN : VANTAGE_UNKNOWN;
}
