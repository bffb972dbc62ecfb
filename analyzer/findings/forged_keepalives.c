/* SPDX-License-Identifier: BSD-3-Clause */
#include "analyzer/keepalive.h"
#include "rule.h"

/*
 * TD111: keepalives of a half-closed flow that its ends did not send. A firewall that refreshes its own state
 * (FreeBSD ipfw, sys/netpfil/ipfw/ip_fw_dynamic.c) forges them: no timestamp though both ends agreed on it,
 * window 0, its own TTL. The ends answer, and so hold the firewall's entry, and each other, for ever.
 */

#define PROBES_MIN 2

typedef struct Probes {
        const TimelineEntry *first, *last, *answer;
        guint count;
} Probes;

static gboolean ordinary(const TimelineEntry *e) {
        return entry_is_ordinary(e) && !(e->flags & (TCP_SYN | TCP_RST));
}

/* Those in the name of @side, while the flow was half-closed. */
static Probes find_probes(const Hindsight *h, guint side, gint64 since_ns) {
        const TimelineEntry *own = NULL;
        Probes p = { .count = 0 };

        for (gint i = 0; i < h->n; i++) {
                const TimelineEntry *e = &h->entries[i];

                if (!ordinary(e))
                        continue;
                if (entry_side(e) != side) {
                        if (p.last && !p.answer && !(e->marks & ENTRY_KEEPALIVE) && e->time_ns - p.last->time_ns < SECOND_NS)
                                p.answer = e;
                        continue;
                }
                if (!(e->marks & ENTRY_KEEPALIVE)) {
                        own = e;
                        continue;
                }
                if (e->time_ns < since_ns || !keepalive_is_forged(e, own))
                        continue;
                if (!p.first)
                        p.first = e;
                p.last = e;
                p.count++;
        }
        return p;
}

static void report(const Case *c, guint closer, guint claimed, const Probes *p) {
        Finding *f = case_find(c, FINDING_KEEPALIVES_HOLD_FIN_WAIT_2, closer, CERTAINTY_INFERRED);

        finding_frame(f, c->record->side[closer].fin_frame);
        finding_frame(f, p->first->frame);
        if (p->answer)
                finding_frame(f, p->answer->frame);
        finding_frame(f, p->last->frame);
        finding_integer(f, "count", p->count, c->record->timeline_left_out ? BOUND_AT_LEAST : BOUND_EXACT);
        finding_integer(f, "duration_ns", p->last->time_ns - p->first->time_ns, BOUND_EXACT);
        finding_text(f, "claimed", side_name(claimed));
        finding_text(f, "asked", side_name(!claimed));
        finding_text(f, p->answer ? "answered" : "silent", "yes");
}

void rule_forged_keepalives(const Case *c) {
        for (guint closer = 0; closer < SIDES; closer++) {
                const StateEntry *waits = record_state(c->record, closer, STATE_FIN_WAIT_2);

                if (!waits || !record_state(c->record, other(closer), STATE_CLOSE_WAIT))
                        continue;
                for (guint claimed = 0; claimed < SIDES; claimed++) {
                        Probes p = find_probes(c->hindsight, claimed, waits->time_ns);

                        if (p.count >= PROBES_MIN)
                                report(c, closer, claimed, &p);
                }
        }
}
