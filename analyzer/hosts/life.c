/* SPDX-License-Identifier: BSD-3-Clause */
#include "life.h"

#include "analyzer/close.h"

#define MS_NS G_GINT64_CONSTANT(1000000)
#define SECOND_NS (1000 * MS_NS)

/* The round trip of a connection whose beginning was not captured. */
#define UNKNOWN_RTT_NS SECOND_NS

/* From the SYN past the capture point to the third ACK past it again: the whole path and back. */
static gint64 round_trip(const FlowRecord *f) {
        const SideRecord *client = &f->side[CLIENT], *server = &f->side[SERVER];
        const StateEntry *open = record_state(f, SERVER, STATE_ESTABLISHED);

        if (!client->syn_frame || !server->syn_frame || client->syn_count != 1 || server->syn_count != 1 || !open)
                return UNKNOWN_RTT_NS;
        return CLAMP(open->time_ns - client->syn_ns, 0, UNKNOWN_RTT_NS);
}

gint64 host_slack_ns(const FlowRecord *f) {
        return round_trip(f) + HOST_JITTER_NS;
}

/*
 * Linux keeps an orphan for 3.5 RTO if that is longer than tcp_fin_timeout, twice when that is over 60 s. A
 * shorter life says nothing of the setting. The RTO is 0.2 s and at first three round trips, doubled with
 * each repeat of the FIN.
 */
#define RTO_NS_MIN (200 * MS_NS)
#define RTOS 7

static gint64 longest_by_rto(const FlowRecord *f, guint side) {
        return RTOS * (3 * round_trip(f) + (RTO_NS_MIN << CLAMP(f->side[side].fin_count, 1, 10) >> 1));
}

/*
 * A Linux mini-socket (an orphan's) answers with IP ID 0, a full socket with a running one
 * (net/ipv4/ip_output.c). Only where the host was seen to count.
 */
typedef struct IpIds {
        guint running;
        gboolean zero;
} IpIds;

static void see_ip_id(IpIds *ids, const TimelineEntry *e) {
        if (!(e->marks & ENTRY_IP_ID) || e->flags & (TCP_SYN | TCP_RST))
                return;
        if (e->ip_id)
                ids->running++;
        else
                ids->zero = TRUE;
}

static gboolean is_from_mini_socket(const IpIds *before, const TimelineEntry *e) {
        return e->marks & ENTRY_IP_ID && e->ip_id == 0 && before->running > 0 && !before->zero;
}

static void set(HostBound *b, const FlowRecord *f, gint64 ns, FrameRef from, FrameRef to) {
        *b = (HostBound){ .ns = ns, .flow = f->number, .from = from, .to = to };
}

typedef struct Signs {
        const TimelineEntry *last;   /* that it was still there */
        const TimelineEntry *orphan; /* the first by which no process holds it */
        gboolean full; /* the last is a full socket's: held, or the first part of a tcp_fin_timeout over 60 s */
} Signs;

/*
 * Its own packets in FIN_WAIT_2 and the one that acknowledges the other end's FIN: until then it had not
 * expired.
 */
static Signs find_signs(const FlowRecord *f, guint side, const StateEntry *waits) {
        Signs s = { .last = NULL };
        gboolean fin_came = FALSE;
        IpIds ids = { .running = 0 };

        for (guint i = 0; i < f->n_timeline; i++) {
                const TimelineEntry *e = &f->timeline[i];

                if (!entry_is_ordinary(e))
                        continue;
                if (e->flags & TCP_RST && e->time_ns > waits->time_ns)
                        break;
                if (entry_side(e) != side) {
                        fin_came |= !!(e->flags & TCP_FIN);
                        continue;
                }
                if (e->time_ns <= waits->time_ns) {
                        see_ip_id(&ids, e);
                        continue;
                }
                /*
                 * what a firewall forges in its name is no sign of life; a keepalive of its own would be a
                 * process's
                 */
                if ((e->flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK)) != TCP_ACK ||
                    e->marks & (ENTRY_KEEPALIVE | ENTRY_RETRANSMISSION))
                        continue;
                s.last = e;
                s.full = e->marks & ENTRY_IP_ID && e->ip_id && ids.running > 0;
                if (!s.orphan && is_from_mini_socket(&ids, e))
                        s.orphan = e;
                if (fin_came)
                        break;
        }
        return s;
}

static gint64 latest_ns(const FlowRecord *f) {
        gint64 latest = G_MININT64;

        for (guint i = 0; i < f->n_timeline; i++)
                latest = MAX(latest, f->timeline[i].time_ns);
        return latest;
}

/* Most are over before anything that they could show is longer than all that is too short. */
static void find_at_least(const FlowRecord *f, guint side, const StateEntry *waits, HostLife *life) {
        gint64 too_short_ns = longest_by_rto(f, side), slack_ns = host_slack_ns(f), ns;
        Signs s;

        if (latest_ns(f) - slack_ns - waits->time_ns <= too_short_ns)
                return;
        s = find_signs(f, side, waits);
        if (!s.last || s.full)
                return;
        ns = s.last->time_ns - waits->time_ns - slack_ns;
        if (ns > too_short_ns)
                set(&life->at_least, f, ns, waits->frame, s.last->frame);
        ns = s.orphan ? s.last->time_ns - s.orphan->time_ns - slack_ns : 0;
        if (ns > too_short_ns)
                set(&life->orphan_at_least, f, ns, s.orphan->frame, s.last->frame);
}

/*
 * Expired (TD103): while it sent FINs it was not yet in FIN_WAIT_2, so that the last FIN before is a safe
 * begin, whatever ACK the capture may lack. A RST before, of either end, would have ended it, too.
 */
static void find_at_most(const FlowRecord *f, guint side, const StateEntry *waits, HostLife *life) {
        const Finding *expired = record_finding(f, FINDING_FIN_WAIT_2_EXPIRED, side);
        const TimelineEntry *fin = NULL;

        for (guint i = 0; expired && i < f->n_timeline; i++) {
                const TimelineEntry *e = &f->timeline[i];

                if (!entry_is_ordinary(e))
                        continue;
                if (entry_side(e) == side && e->flags & TCP_FIN && e->time_ns <= waits->time_ns)
                        fin = e;
                if (!(e->flags & TCP_RST))
                        continue;
                if (fin && entry_side(e) == side &&
                    e->time_ns - waits->time_ns == finding_value(expired, "lifetime_ns")->integer)
                        set(&life->at_most, f, e->time_ns - fin->time_ns + HOST_JITTER_NS,
                            waits->frame ? waits->frame : fin->frame, e->frame);
                return;
        }
}

void host_life(const FlowRecord *f, guint side, HostLife *life) {
        const StateEntry *waits = record_state(f, side, STATE_FIN_WAIT_2);

        *life = (HostLife){ .at_least.flow = 0 };
        if (!waits || waits->basis == BASIS_INFERRED || record_finding(f, FINDING_HALF_CLOSE, side) ||
            record_finding(f, FINDING_CAPTURE_CLOCK_SET_BACK, FINDING_NO_SIDE))
                return;
        find_at_least(f, side, waits, life);
        find_at_most(f, side, waits, life);
}

HostInterval host_life_interval(const HostLife *life, const HostModel *m, gboolean closed_at_once) {
        HostInterval i = { 0, life->at_most.flow ? life->at_most.ns : HOST_FOREVER };

        /* where each segment restarts the timer, a long life is no long timer */
        if (m->fin_wait_2 == FIN_WAIT_2_IDLE)
                return i;
        if (life->orphan_at_least.flow)
                i.at_least_ns = life->orphan_at_least.ns;
        if (closed_at_once && life->at_least.flow)
                i.at_least_ns = MAX(i.at_least_ns, life->at_least.ns);
        return i;
}
