/* SPDX-License-Identifier: BSD-3-Clause */
#include "services.h"

#define DURATION_STEP_BITS 3

/* ── Durations ───────────────────────────────────────────────────────────── */

/* The bucket whose end is the first at or after @duration_ns. */
static guint bucket_of(gint64 duration_ns) {
        guint64 x = (guint64)MAX(duration_ns, 1) - 1;
        guint top = x ? 63 - (guint)__builtin_clzll(x) : 0, octave;

        if (top < DURATIONS_SHIFT_MIN)
                return 0;
        octave = top - DURATIONS_SHIFT_MIN;
        if (octave >= DURATIONS_OCTAVES)
                return DURATIONS_BUCKETS - 1;
        return 1 + (octave << DURATION_STEP_BITS) +
               (guint)(x >> (top - DURATION_STEP_BITS) & ((1U << DURATION_STEP_BITS) - 1));
}

static gint64 bucket_end_ns(guint bucket) {
        guint octave = (bucket - 1) >> DURATION_STEP_BITS,
              step = (bucket - 1) & ((1U << DURATION_STEP_BITS) - 1);

        if (bucket == 0)
                return G_GINT64_CONSTANT(1) << DURATIONS_SHIFT_MIN;
        return (gint64)((1U << DURATION_STEP_BITS) + step + 1)
               << (octave + DURATIONS_SHIFT_MIN - DURATION_STEP_BITS);
}

void durations_add(Durations *d, gint64 duration_ns) {
        d->n++;
        d->longest_ns = MAX(d->longest_ns, duration_ns);
        d->bucket[bucket_of(duration_ns)]++;
}

gint64 durations_quantile(const Durations *d, guint per_mille) {
        guint64 rank = (d->n * per_mille + 999) / 1000, seen = 0;

        for (guint i = 0; i < DURATIONS_BUCKETS - 1 && d->n > 0; i++) {
                seen += d->bucket[i];
                if (seen >= MAX(rank, 1))
                        return MIN(bucket_end_ns(i), d->longest_ns);
        }
        return d->longest_ns;
}

/* ── Services ────────────────────────────────────────────────────────────── */

gboolean finding_is_on_reset(FindingId id) {
        return finding_kind(id)->code[2] == '2';
}

static void add_resets(Service *s, const FlowRecord *f) {
        for (guint i = 0; i < f->n_findings; i++) {
                gboolean again = FALSE;

                for (guint j = 0; j < i; j++)
                        again |= f->findings[j].id == f->findings[i].id;
                if (!again && finding_is_on_reset(f->findings[i].id))
                        s->resets[f->findings[i].id]++;
        }
}

/* Returns: how long that took if both FINs were captured and acknowledged, else -1. */
static gint64 closing_ns(const FlowRecord *f) {
        const SideRecord *c = &f->side[CLIENT], *v = &f->side[SERVER];

        if (!c->fin_frame || !v->fin_frame || !c->fin_acked_frame || !v->fin_acked_frame)
                return -1;
        return MAX(MAX(c->fin_acked_ns, v->fin_acked_ns) - MIN(c->fin_ns, v->fin_ns), 0);
}

void service_prefetch(const Service *s, const FlowRecord *f) {
        __builtin_prefetch(&s->flows, 1);
        __builtin_prefetch(&s->close[CLOSE_SIMULTANEOUS], 1);
        __builtin_prefetch(&s->time_waits, 1);
        __builtin_prefetch(&s->closing, 1);
        __builtin_prefetch(&s->closing.bucket[bucket_of(closing_ns(f))], 1);
}

void service_add(Service *s, const FlowRecord *f) {
        gint64 duration_ns = closing_ns(f);

        s->flows++;
        s->closed_first[f->closed_first_by]++;
        s->close[f->close]++;
        for (guint side = 0; side < SIDES; side++) {
                s->half_closed_by[side] +=
                    f->close == CLOSE_HALF_CLOSED && f->side[side].entered[STATE_FIN_WAIT_1];
                s->time_waits[side] += f->side[side].entered[STATE_TIME_WAIT] != 0;
        }
        add_resets(s, f);
        if (duration_ns >= 0)
                durations_add(&s->closing, duration_ns);
}
