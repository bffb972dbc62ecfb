/* SPDX-License-Identifier: BSD-3-Clause */
#include "keepers.h"

#include "analyzer/keepalive.h"

#define SECOND_NS G_GINT64_CONSTANT(1000000000)
#define DAY_S 86400.0

/* An answer takes a round trip; probes that come closer than this make a burst. */
#define ANSWER_NS_MAX SECOND_NS
#define BURST_NS_MAX (30 * SECOND_NS)

/* ip_fw_dynamic.c: dyn_keepalive_period; dyn_ack_lifetime of 300 s less dyn_keepalive_interval of 20 s. */
#define IPFW_STEP_NS_MIN (4 * SECOND_NS)
#define IPFW_STEP_NS_MAX (6 * SECOND_NS)
#define IPFW_BURST_MAX 4
#define IPFW_PERIOD_NS_MIN (275 * SECOND_NS)
#define IPFW_PERIOD_NS_MAX (305 * SECOND_NS)

/* The probes to one end of one flow. */
typedef struct Probes {
        const TimelineEntry *first, *last, *burst; /* the first of the burst that goes on */
        guint n, in_burst, burst_max;
        gboolean waits;    /* for an answer to the last */
        const TimelineEntry *answer; /* the last */
        HostSpread step, period;
} Probes;

static HostBound gap(const FlowRecord *f, const TimelineEntry *from, const TimelineEntry *to) {
        return (HostBound){
                .ns = to->time_ns - from->time_ns,
                .flow = f->number,
                .from = from->frame,
                .to = to->frame,
        };
}

static void add_probe(Probes *p, const FlowRecord *f, const TimelineEntry *e) {
        gboolean goes_on = p->last && e->time_ns - p->last->time_ns < BURST_NS_MAX;

        if (goes_on) {
                HostBound step = gap(f, p->last, e);

                host_spread_add(&p->step, &step);
        } else {
                HostBound period = p->burst ? gap(f, p->burst, e) : (HostBound){ .flow = 0 };

                if (p->burst)
                        host_spread_add(&p->period, &period);
                p->burst = e;
                p->in_burst = 0;
        }
        p->first = p->first ? p->first : e;
        p->last = e;
        p->n++;
        p->in_burst++;
        p->burst_max = MAX(p->burst_max, p->in_burst);
        p->waits = TRUE;
}

/* By the end that was asked. */
static void find_probes(const FlowRecord *f, gint64 since_ns, Probes probes[SIDES]) {
        const TimelineEntry *own[SIDES] = { NULL };

        for (guint i = 0; i < f->n_timeline; i++) {
                const TimelineEntry *e = &f->timeline[i];
                guint side = entry_side(e);
                Probes *asked = &probes[!side], *mine = &probes[side];

                if (!entry_is_ordinary(e) || e->flags & (TCP_SYN | TCP_RST))
                        continue;
                if (e->marks & ENTRY_KEEPALIVE && e->time_ns >= since_ns && keepalive_is_forged(e, own[side])) {
                        add_probe(asked, f, e);
                        continue;
                }
                if (mine->waits && e->time_ns - mine->last->time_ns < ANSWER_NS_MAX)
                        mine->answer = e;
                mine->waits = FALSE;
                if (!(e->marks & ENTRY_KEEPALIVE))
                        own[side] = e;
        }
}

static ProbeAnswer answer_of(const Probes *p) {
        return p->n == 0 ? PROBE_NOT_SEEN : p->answer ? PROBE_ANSWERED : PROBE_SILENT;
}

static guint8 highest_ttl(const Probes probes[SIDES]) {
        guint8 ttl = 0;

        for (guint s = 0; s < SIDES; s++)
                if (probes[s].first)
                        ttl = MAX(ttl, probes[s].first->ttl);
        return ttl;
}

static Keeper *find_box(Keepers *k, guint8 ttl) {
        for (guint i = 0; i < k->n; i++)
                if (k->box[i].ttl == ttl)
                        return &k->box[i];
        if (k->n == KEEPERS_MAX)
                return NULL;
        k->box[k->n] = (Keeper){
                .ttl = ttl,
                .first_ns = G_MAXINT64,
                .last_ns = G_MININT64,
                .first_half_close_ns = G_MAXINT64,
                .last_half_close_ns = G_MININT64,
        };
        return &k->box[k->n++];
}

static void merge_spread(HostSpread *to, const HostSpread *s) {
        if (s->least.flow)
                host_bound_lower(&to->least, &s->least);
        if (s->most.flow)
                host_bound_raise(&to->most, &s->most);
}

static void add_probes(Keeper *k, const FlowRecord *f, const Probes *p) {
        if (!p->n)
                return;
        k->probes += p->n;
        k->burst_max = MAX(k->burst_max, p->burst_max);
        merge_spread(&k->step, &p->step);
        merge_spread(&k->period, &p->period);
        if (p->first->time_ns < k->first_ns) {
                k->first_ns = p->first->time_ns;
                k->first_frame = p->first->frame;
                k->first_flow = f->number;
        }
        k->last_ns = MAX(k->last_ns, p->last->time_ns);
}

static void add_ends(Keeper *k, const FlowRecord *f, guint closer) {
        const SideRecord *closes = &f->side[closer], *holds = &f->side[!closer];

        if (k->flows == 0) {
                k->closer = closes->address;
                k->closer_port = closes->port;
                k->holder = holds->address;
                k->holder_port = holds->port;
                k->closer_side = closer;
                k->ipv6 = f->ipv6;
        }
        k->several_closers |= !address_equal(&k->closer, &closes->address);
        k->several_holders |= !address_equal(&k->holder, &holds->address);
}

static void add_flow(Keepers *keepers, const FlowRecord *f, guint closer) {
        const SideRecord *closes = &f->side[closer];
        guint entered = closes->entered[STATE_FIN_WAIT_2];
        const StateEntry *waits = entered ? &closes->states[entered - 1] : NULL;
        Probes probes[SIDES] = { { .n = 0 } };
        Keeper *k;

        if (!waits)
                return;
        find_probes(f, waits->time_ns, probes);
        k = find_box(keepers, highest_ttl(probes));
        if (!k) {
                keepers->left_out++;
                return;
        }
        add_ends(k, f, closer);
        k->flows++;
        k->open_flows += closes->state == STATE_FIN_WAIT_2 && f->side[!closer].state == STATE_CLOSE_WAIT;
        k->answers[answer_of(&probes[closer])][answer_of(&probes[!closer])]++;
        k->first_half_close_ns = MIN(k->first_half_close_ns, waits->time_ns);
        k->last_half_close_ns = MAX(k->last_half_close_ns, waits->time_ns);
        for (guint s = 0; s < SIDES; s++)
                add_probes(k, f, &probes[s]);
        if (probes[closer].answer) {
                HostBound longest = {
                        .ns = probes[closer].answer->time_ns - waits->time_ns,
                        .flow = f->number,
                        .from = waits->frame,
                        .to = probes[closer].answer->frame,
                };

                host_bound_raise(&k->longest, &longest);
        }
}

void keepers_add(Keepers *k, const FlowRecord *f) {
        for (guint i = 0; i < f->n_findings; i++) {
                if (f->findings[i].id != FINDING_KEEPALIVES_HOLD_FIN_WAIT_2)
                        continue;
                add_flow(k, f, f->findings[i].side);
                return; /* one for each end that was asked; both are looked at */
        }
}

/* ── What it means ───────────────────────────────────────────────────────── */

gboolean keeper_is_ipfw(const Keeper *k) {
        if (k->burst_max > IPFW_BURST_MAX)
                return FALSE;
        /* where the first probe is answered there is no second one */
        if (!k->step.least.flow)
                return k->period.least.flow && k->period.least.ns >= IPFW_PERIOD_NS_MIN &&
                       k->period.most.ns <= IPFW_PERIOD_NS_MAX;
        return k->step.least.ns >= IPFW_STEP_NS_MIN && k->step.most.ns <= IPFW_STEP_NS_MAX;
}

gdouble keeper_growth_per_day(const Keeper *k) {
        gdouble seconds = (gdouble)(k->last_half_close_ns - k->first_half_close_ns) / 1e9;

        return k->flows > 1 && seconds >= 1 ? (gdouble)(k->flows - 1) * DAY_S / seconds : 0;
}

KeptBy keeper_effect(const Keeper *k, const HostModel *m) {
        HostInterval life = host_model_fin_wait_2(m, NULL, TRUE);

        if (m->fin_wait_2 == FIN_WAIT_2_FOREVER)
                return KEPT_BY_ITSELF;
        /* a timer that runs from the last segment is restarted if the next burst comes soon enough */
        if (m->fin_wait_2 == FIN_WAIT_2_IDLE && (!k->period.most.flow || k->period.most.ns < life.at_least_ns))
                return KEPT_BY_PROBES;
        return KEPT_BY_NOTHING;
}

gboolean keeper_outlasts(const Keeper *k, const HostModel *m) {
        return keeper_effect(k, m) == KEPT_BY_NOTHING && k->longest.flow &&
               k->longest.ns > host_model_fin_wait_2(m, NULL, TRUE).at_most_ns;
}

const char *probe_answer_name(ProbeAnswer answer) {
        static const char *const names[PROBE_ANSWERS] = { "not_seen", "silent", "answered" };

        return names[answer];
}

const char *kept_by_name(KeptBy by) {
        static const char *const names[KEPT_WAYS] = { "probes", "nothing", "itself" };

        return names[by];
}
