/* SPDX-License-Identifier: BSD-3-Clause */
#include "ports.h"

#include "analyzer/findings/rule.h"

/* Returns: how much room what has @n entries must be given for one more; 0: none. It doubles, from @first on. */
static guint grown(guint n, guint first) {
        return n == 0 ? first : n >= first && (n & (n - 1)) == 0 ? 2 * n : 0;
}

/* ── Sets of ports ───────────────────────────────────────────────────────── */

#define PORTS 65536U
#define WORDS (PORTS / 64)
#define LISTED_FIRST 128U
#define LISTED_MAX 4096U /* as large as the bits */

static void set_bit(guint64 *bits, guint16 port) {
        bits[port / 64] |= G_GUINT64_CONSTANT(1) << port % 64;
}

static guint64 *make_bits(const PortSet *p) {
        guint64 *bits = g_new0(guint64, WORDS);

        for (guint32 i = 0; i < p->n; i++)
                set_bit(bits, p->listed[i]);
        return bits;
}

void port_set_add(PortSet *p, guint16 port) {
        guint room;

        if (!p->bits && p->n == LISTED_MAX) {
                p->bits = make_bits(p);
                g_clear_pointer(&p->listed, g_free);
        }
        if (p->bits) {
                set_bit(p->bits, port);
                return;
        }
        room = grown(p->n, LISTED_FIRST);
        if (room)
                p->listed = g_renew(guint16, p->listed, room);
        p->listed[p->n++] = port;
}

void port_set_clear(PortSet *p) {
        g_clear_pointer(&p->listed, g_free);
        g_clear_pointer(&p->bits, g_free);
}

PortsSeen port_set_seen(const PortSet *p) {
        g_autofree guint64 *made = p->bits ? NULL : make_bits(p);
        const guint64 *bits = made ? made : p->bits;
        PortsSeen seen = { .n = 0 };

        for (guint i = 0; i < WORDS; i++) {
                if (!bits[i])
                        continue;
                if (!seen.n)
                        seen.first = (guint16)(i * 64 + (guint)__builtin_ctzll(bits[i]));
                seen.last = (guint16)(i * 64 + 63 - (guint)__builtin_clzll(bits[i]));
                seen.n += (guint)__builtin_popcountll(bits[i]);
        }
        return seen;
}

/* ── Pairs ───────────────────────────────────────────────────────────────── */

static const char *const answers[] = {
        [REUSE_ACCEPTED] = "accepted",
        [REUSE_CHALLENGED] = "challenged",
        [REUSE_SILENT] = "silent",
        [REUSE_RESET] = "reset",
};
G_STATIC_ASSERT(G_N_ELEMENTS(answers) == REUSE_ANSWERS);

const char *reuse_answer_name(ReuseAnswer answer) {
        return answers[answer];
}

/* The lowest number of a flow that met a used 4-tuple, or of any. */
static void note_example(PortPair *p, const FlowRecord *f, FrameRef frame, gboolean met_used) {
        if (p->example && (p->example_met_used != met_used ? p->example_met_used : p->example <= f->number))
                return;
        p->example = f->number;
        p->example_frame = frame;
        p->example_met_used = met_used;
}

static void add_reuse(PortPair *p, const FlowRecord *f, const Finding *finding) {
        const FindingValue *answer = finding_value(finding, "answer"),
                           *cost = finding_value(finding, "cost_ns");
        const FindingValue *syn = finding_value(finding, "syn_frame");

        for (guint i = 0; answer && i < REUSE_ANSWERS; i++) {
                if (!g_str_equal(answer->text, answers[i]))
                        continue;
                p->reused[i]++;
                if (i != REUSE_ACCEPTED && cost)
                        p->cost_ns += cost->integer;
        }
        note_example(p, f, syn ? (FrameRef)syn->integer : f->first_frame, TRUE);
}

/* One host's SYNs come with one hop limit: two make two hosts, or two paths. */
static void note_hop_limit(PortPair *p, const TimelineEntry *syn) {
        if (!p->hop_limits[0])
                p->hop_limits[0] = syn->ttl;
        else if (!p->hop_limits[1] && syn->ttl != p->hop_limits[0])
                p->hop_limits[1] = syn->ttl;
}

#define CLOCK_FLOWS 256U    /* of so many the clocks are looked at */
#define CLOCK_TICKS_MAX 500U /* from the clock that a SYN is on; a tick is a millisecond */
#define CLOCK_RETURNS_MIN 2 /* A, B, A, B: one return could be a clock that ticks otherwise */
#define MS_IN_NS 1000000

/* @syn: the latest one so far */
static void note_clock(SynClocks *c, const TimelineEntry *syn) {
        guint32 offset = syn->tsval - (guint32)(syn->time_ns / MS_IN_NS);
        guint i = 0;

        while (i < c->n && offset - c->offset[i] + CLOCK_TICKS_MAX > 2 * CLOCK_TICKS_MAX)
                i++;
        if (i == G_N_ELEMENTS(c->offset))
                return;
        if (i == c->n)
                c->n++;
        else if (i != c->latest && c->returns < CLOCK_RETURNS_MIN)
                c->returns++;
        c->offset[i] = offset;
        c->latest = (guint8)i;
}

static gboolean has_timestamps(const FlowRecord *f) {
        return f->n_timeline > 1 && entry_side(&f->timeline[1]) == SERVER && f->timeline[1].flags & TCP_SYN &&
               f->timeline[0].marks & f->timeline[1].marks & ENTRY_TIMESTAMP;
}

static void note_syn(PortPair *p, const FlowRecord *f) {
        const TimelineEntry *e = f->timeline;

        if (f->n_timeline == 0 || !entry_is_ordinary(e) || entry_side(e) != CLIENT ||
            (e->flags & (TCP_SYN | TCP_ACK)) != TCP_SYN)
                return;
        note_hop_limit(p, e);
        p->timestamps = p->timestamps || has_timestamps(f);
        if (p->flows <= CLOCK_FLOWS && e->marks & ENTRY_TIMESTAMP && f->start_ns == p->last_ns)
                note_clock(&p->clocks, e);
}

SharedBy port_pair_shared_by(const PortPair *p) {
        if (p->clocks.returns >= CLOCK_RETURNS_MIN)
                return SHARED_BY_CLOCKS;
        if (p->hop_limits[1])
                return SHARED_BY_HOP_LIMITS;
        return p->flows >= PORTS_SHARED_FLOWS ? SHARED_BY_CONNECTIONS : SHARED_NOT;
}

const char *shared_by_name(SharedBy by) {
        static const char *const names[] = {
                [SHARED_NOT] = "not",
                [SHARED_BY_CLOCKS] = "clocks",
                [SHARED_BY_HOP_LIMITS] = "hop_limits",
                [SHARED_BY_CONNECTIONS] = "connections",
        };

        return names[by];
}

void port_pair_add(PortPair *p, const FlowRecord *f) {
        p->first_ns = p->flows ? MIN(p->first_ns, f->start_ns) : f->start_ns;
        p->last_ns = p->flows ? MAX(p->last_ns, f->start_ns) : f->start_ns;
        p->flows++;
        for (guint side = 0; side < SIDES; side++)
                p->time_waits[side] += f->side[side].entered[STATE_TIME_WAIT] != 0;
        for (guint i = 0; i < f->n_findings; i++) {
                switch ((FindingId)f->findings[i].id) {
                case FINDING_TIME_WAIT_RECYCLED:
                        p->recycled++;
                        G_GNUC_FALLTHROUGH;
                case FINDING_TIME_WAIT_REUSE_UP:
                case FINDING_TIME_WAIT_REUSE_DOWN:
                case FINDING_STALE_CONNECTION_SYN:
                        add_reuse(p, f, &f->findings[i]);
                        break;
                default:
                        break;
                }
        }
        note_example(p, f, f->first_frame, FALSE);
        note_syn(p, f);
}

void port_pair_clear(PortPair *p) {
        port_set_clear(&p->ports);
        g_clear_pointer(&p->uses, g_free);
}

/* ── Over time ───────────────────────────────────────────────────────────── */

static gint32 since(const PortPair *p, gint64 second) {
        return (gint32)CLAMP(second - p->base, -G_MAXINT32, G_MAXINT32 - 1);
}

/* A SYN that the TIME_WAIT on its port never let through takes no second port. */
static gboolean was_kept_out(const FlowRecord *f) {
        return f->n_findings && !f->side[CLIENT].entered[STATE_ESTABLISHED] &&
               (record_finding(f, FINDING_TIME_WAIT_REUSE_UP, SERVER) ||
                record_finding(f, FINDING_TIME_WAIT_REUSE_DOWN, SERVER));
}

static gint32 since_or_never(const PortPair *p, gint64 second) {
        return second == HOST_FOREVER ? PORT_USE_NEVER : since(p, second);
}

static PortUse use_of(const PortPair *p, const FlowRecord *f, const LifeSeconds *seconds) {
        guint side = seconds[CLIENT].time_wait != HOST_FOREVER ? CLIENT : SERVER;
        const LifeSeconds *holder = &seconds[side];
        PortUse use = {
                .begun = since(p, seconds[CLIENT].begun),
                .over = since_or_never(p, seconds[CLIENT].over),
                .time_wait = since_or_never(p, holder->time_wait),
                .time_wait_over = since_or_never(p, holder->time_wait_over),
                .port = f->side[CLIENT].port,
                .holder = (guint8)side,
                .by_timer = (guint8)holder->by_timer,
        };

        if (was_kept_out(f))
                use.over = use.begun;
        use.over = MIN(use.over, use.time_wait); /* a client in LAST_ACK has one port, not two */
        return use;
}

#define USE_STEPS_MAX 5U

/* Returns: how many steps it is. */
static guint steps_of(gint64 base, const PortUse *use, SeriesStep *steps) {
        guint held = use->holder == CLIENT ? PORTS_CLIENT_TIME_WAIT : PORTS_SERVER_TIME_WAIT, n = 0;
        guint timer = use->holder == CLIENT ? PORTS_CLIENT_TIMER : PORTS_SERVER_TIMER;

        steps[n++] = (SeriesStep){ base + use->begun, PORTS_BEGUN, 1 };
        steps[n++] = (SeriesStep){ base + use->begun, PORTS_OPEN, 1 };
        if (use->over != PORT_USE_NEVER)
                steps[n++] = (SeriesStep){ base + use->over, PORTS_OPEN, -1 };
        if (use->time_wait != PORT_USE_NEVER)
                steps[n++] = (SeriesStep){ base + use->time_wait, held, 1 };
        if (use->time_wait_over != PORT_USE_NEVER)
                steps[n++] = (SeriesStep){ base + use->time_wait_over, use->by_timer ? timer : held, use->by_timer ? 1 : -1 };
        return n;
}

static void add_use(Series *s, guint32 row, gint64 base, const PortUse *use) {
        SeriesStep steps[USE_STEPS_MAX];
        guint n = steps_of(base, use, steps);

        for (guint i = 0; i < n; i++)
                series_add(s, row, steps[i].second, steps[i].column, (gint32)steps[i].by);
}

static void add_uses(const PortPair *p, Series *s, guint32 row, PortSet *ports) {
        for (guint i = 0; i < p->n_uses; i++) {
                add_use(s, row, p->base, &p->uses[i]);
                port_set_add(ports, p->uses[i].port);
        }
}

#define PORT_USES_FIRST 4U

void port_pair_use(PortPair *p, Series *s, guint32 row, const FlowRecord *f, const LifeSeconds *seconds) {
        PortUse use;
        guint room;

        if (p->n_uses == 0)
                p->base = seconds[CLIENT].begun;
        use = use_of(p, f, seconds);
        if (p->n_uses < PORT_USES_MAX) {
                room = grown(p->n_uses, PORT_USES_FIRST);
                if (room)
                        p->uses = g_renew(PortUse, p->uses, room);
                p->uses[p->n_uses++] = use;
                return;
        }
        if (p->uses) {
                add_uses(p, s, row, &p->ports);
                g_clear_pointer(&p->uses, g_free);
        }
        add_use(s, row, p->base, &use);
        port_set_add(&p->ports, use.port);
}

/* ── The budget ──────────────────────────────────────────────────────────── */

#define SECOND_IN_NS 1e9
#define RATE_FLOWS_MIN 100U /* fewer are no rate */
#define REUSED_MIN 2U       /* one reuse may be chance, or a port that the client chose itself */
#define SHORT_PER_CENT 90U

gdouble port_budget_rate(guint32 ports, gint64 time_wait_ns) {
        return time_wait_ns > 0 ? ports * SECOND_IN_NS / (gdouble)time_wait_ns : 0;
}

static void find_range(PortBudget *b, const PortBudgetInput *in, const PortsSeen *seen) {
        const HostSettings *set = in->client_settings;
        guint64 again = in->pair->recycled;
        guint16 first, last;

        for (guint i = 0; i < REUSE_ANSWERS; i++)
                again += in->pair->reused[i];
        host_model_ports(in->client_model, set, &first, &last);
        b->basis = set && set->port_last ? PORT_RANGE_SET : PORT_RANGE_MODEL;
        if (b->basis == PORT_RANGE_MODEL && again >= REUSED_MIN && seen->n >= REUSED_MIN &&
            seen->n == seen->last - seen->first + 1U) {
                b->basis = PORT_RANGE_IN_USE;
                first = seen->first;
                last = seen->last;
        } else if (b->basis == PORT_RANGE_MODEL && (seen->first < first || seen->last > last)) {
                b->basis = PORT_RANGE_SEEN;
                first = MIN(first, seen->first);
                last = MAX(last, seen->last);
        }
        b->seen = seen->n;
        b->seen_first = seen->first;
        b->seen_last = seen->last;
        b->first = first;
        b->last = last;
        b->ports = last - first + 1U;
}

/* As they would be in a series. */
static void read_uses(const PortPair *p, const SeriesTimer *timers, guint n_timers, GArray *steps) {
        for (guint i = 0; i < p->n_uses; i++) {
                SeriesStep of_use[USE_STEPS_MAX];
                guint n = steps_of(p->base, &p->uses[i], of_use);

                for (guint j = 0; j < n; j++)
                        series_read_step(&of_use[j], timers, n_timers, steps);
        }
}

static GArray *read_steps(const PortBudgetInput *in) {
        GArray *steps = g_array_new(FALSE, FALSE, sizeof(SeriesStep));
        const SeriesTimer timers[] = {
                { PORTS_CLIENT_TIMER, PORTS_CLIENT_TIME_WAIT, PORTS_CLIENT_TIMER,
                  host_timer_seconds(in->timers[CLIENT].time_wait_ns) },
                { PORTS_SERVER_TIMER, PORTS_SERVER_TIME_WAIT, PORTS_SERVER_TIMER,
                  host_timer_seconds(in->timers[SERVER].time_wait_ns) },
        };

        if (in->pair->uses)
                read_uses(in->pair, timers, G_N_ELEMENTS(timers), steps);
        else
                series_read(in->series, in->row, timers, G_N_ELEMENTS(timers), steps);
        return steps;
}

static void read_counts(PortBudget *b, const PortBudgetInput *in) {
        g_autoptr(GArray) steps = read_steps(in);
        gint64 width = in->pair->uses ? 1 : series_width(in->series), end = series_second(in->end_ns);
        guint64 begun = 0;
        SeriesWalk w = series_walk(steps);

        while (series_walk_next(&w) && w.second - width < end) {
                gint64 second = MIN(w.second, end);
                gint64 taken =
                    w.count[PORTS_OPEN] + w.count[PORTS_CLIENT_TIME_WAIT] + w.count[PORTS_SERVER_TIME_WAIT];

                /* where the model became known late, a port can count for a TIME_WAIT and for what took it over */
                b->taken_now = (guint64)CLAMP(taken, 0, b->ports);
                b->time_wait_now[CLIENT] = (guint64)MAX(w.count[PORTS_CLIENT_TIME_WAIT], 0);
                b->time_wait_now[SERVER] = (guint64)MAX(w.count[PORTS_SERVER_TIME_WAIT], 0);
                if (b->taken_now > b->taken.count)
                        b->taken = (CensusPeak){ b->taken_now, second };
                if (b->taken_now >= b->ports && b->exhaustion == EXHAUSTION_NEVER) {
                        b->exhaustion = EXHAUSTION_OBSERVED;
                        b->exhausted_second = second;
                }
                if ((guint64)w.count[PORTS_BEGUN] - begun > b->busiest.count)
                        b->busiest = (CensusPeak){ (guint64)w.count[PORTS_BEGUN] - begun, second };
                begun = (guint64)w.count[PORTS_BEGUN];
        }
}

/* At the measured rate TIME_WAITs pile up until the first of them ends: whether the ports last so long. */
static void project(PortBudget *b, const PortBudgetInput *in) {
        gdouble seconds = (gdouble)(in->pair->last_ns - in->pair->first_ns) / SECOND_IN_NS, left_behind, full;

        if (seconds <= 0)
                return;
        b->rate = (gdouble)(in->pair->flows - 1) / seconds;
        left_behind = (gdouble)MAX(in->pair->time_waits[CLIENT], in->pair->time_waits[SERVER]) /
                      (gdouble)in->pair->flows * b->rate;
        if (b->exhaustion != EXHAUSTION_NEVER || in->pair->flows < RATE_FLOWS_MIN || seconds < 1 ||
            left_behind <= b->sustainable)
                return;
        full = b->ports / left_behind;
        if (series_second(in->pair->first_ns) + (gint64)full < series_second(in->end_ns))
                return; /* it was not so */
        b->exhaustion = EXHAUSTION_PROJECTED;
        b->exhausted_second = series_second(in->pair->first_ns) + (gint64)full;
}

static void read_all(PortBudget *b, const PortBudgetInput *in, const PortSet *ports) {
        PortsSeen seen = port_set_seen(ports);

        find_range(b, in, &seen);
        b->time_wait_ns = in->timers[b->holder].time_wait_ns;
        b->sustainable = port_budget_rate(b->ports, b->time_wait_ns);
        read_counts(b, in);
        project(b, in);
}

void port_budget_init(PortBudget *b, const PortBudgetInput *in) {
        *b = (PortBudget){ .pair = in->pair,
                           .holder = in->pair->time_waits[SERVER] > in->pair->time_waits[CLIENT] ? SERVER
                                                                                                 : CLIENT };
        if (!in->pair->uses) {
                read_all(b, in, &in->pair->ports);
        } else {
                PortSet ports = { .n = 0 };

                for (guint i = 0; i < in->pair->n_uses; i++)
                        port_set_add(&ports, in->pair->uses[i].port);
                read_all(b, in, &ports);
                port_set_clear(&ports);
        }
}

gboolean port_budget_is_short(const PortBudget *b) {
        return b->basis != PORT_RANGE_SEEN &&
               (b->exhaustion != EXHAUSTION_NEVER || b->basis == PORT_RANGE_IN_USE ||
                b->taken.count * 100 >= (guint64)b->ports * SHORT_PER_CENT);
}

void port_budget_finding(const PortBudget *b, Finding *f) {
        gboolean certain = b->exhaustion == EXHAUSTION_OBSERVED && b->basis == PORT_RANGE_SET;

        *f = (Finding){ .id = FINDING_PORT_BUDGET,
                        .severity = (guint8)finding_kind(FINDING_PORT_BUDGET)->severity,
                        .certainty = certain ? CERTAINTY_OBSERVED : CERTAINTY_INFERRED,
                        .side = CLIENT };
        finding_frame(f, b->pair->example_frame);
        finding_integer(f, "taken", (gint64)b->taken.count, BOUND_EXACT);
        finding_integer(f, "ports", b->ports, BOUND_EXACT);
        finding_integer(f, "first_port", b->first, BOUND_EXACT);
        finding_integer(f, "last_port", b->last, BOUND_EXACT);
        finding_text(f, "holder", side_name(b->holder));
        finding_integer(f, "time_wait_ns", b->time_wait_ns, BOUND_EXACT);
        finding_integer(f, "sustainable_per_minute", (gint64)(b->sustainable * 60 + .5), BOUND_EXACT);
        if (b->exhaustion != EXHAUSTION_NEVER)
                finding_text(f, exhaustion_name(b->exhaustion), "yes");
        if (b->pair->cost_ns)
                finding_integer(f, "cost_ns", b->pair->cost_ns, BOUND_EXACT);
}

const char *port_range_basis_name(PortRangeBasis basis) {
        static const char *const names[] = {
                [PORT_RANGE_SET] = "set",
                [PORT_RANGE_IN_USE] = "in_use",
                [PORT_RANGE_SEEN] = "seen",
                [PORT_RANGE_MODEL] = "model",
        };

        return names[basis];
}

const char *exhaustion_name(Exhaustion e) {
        static const char *const names[] = {
                [EXHAUSTION_NEVER] = "never",
                [EXHAUSTION_OBSERVED] = "observed",
                [EXHAUSTION_PROJECTED] = "projected",
        };

        return names[e];
}
