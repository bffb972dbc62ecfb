/* SPDX-License-Identifier: BSD-3-Clause */

/* What flows add up to: states over time, who closes first, ports; and that it stays bounded. */

#include <time.h>

#include "analyzer/hosts/hosts.h"

#include "host-flows.h"

#define START HOST_FLOWS_START_NS
#define SECOND HOST_FLOWS_SECOND_NS
#define MS (SECOND / 1000)
#define RECORD_TIME_WAIT_NS (60 * SECOND) /* what a record ends TIME_WAIT by */

/* ── Models ──────────────────────────────────────────────────────────────── */

static HostChoice choose_solaris(const Address *address, gpointer data) {
        return (HostChoice){ .model = host_model_parse("solaris"), .basis = "option" };
}

static const HostsOptions solaris = { .choose = choose_solaris };

/* ── The census ──────────────────────────────────────────────────────────── */

static Census *census_of(const Hosts *h, guint side, guint16 port) {
        g_autoptr(GArray) one = g_array_new(FALSE, FALSE, sizeof(guint32));

        for (guint32 i = 0; i < hosts_endpoints(h); i++)
                if (!hosts_endpoint(h, i)->service == (side == CLIENT) && hosts_endpoint(h, i)->port == port)
                        g_array_append_val(one, i);
        return hosts_census(h, one);
}

static guint64 count_at(const Census *c, gint64 second, TcpState state) {
        guint64 count = 0;

        for (guint i = 0; i < c->points->len; i++)
                if (g_array_index(c->points, CensusPoint, i).second <= second)
                        count = g_array_index(c->points, CensusPoint, i).count[state];
        return count;
}

/* 1000 connections a second for 250 s, closed by the server. */
static void add_thousand_a_second(Hosts *h) {
        g_autofree FlowRecord *f = g_new(FlowRecord, 1);

        for (guint i = 0; i < 250000; i++) {
                host_flow_init(f, i + 1, (guint16)(1024 + i % 64000), START + i * MS, START + 250 * SECOND);
                host_flow_close(f, SERVER, RECORD_TIME_WAIT_NS);
                hosts_add(h, f);
        }
}

static void test_time_waits_at_a_server(void) {
        for (guint i = 0; i < 2; i++) {
                const guint64 time_wait_s = i ? 240 : 60;
                g_autoptr(Hosts) h = hosts_new(i ? &solaris : NULL);
                g_autoptr(Census) server = NULL, client = NULL;
                gint64 first = START / SECOND;

                add_thousand_a_second(h);
                server = census_of(h, SERVER, 80);
                client = census_of(h, CLIENT, 0);
                /* the last 4 of each second's thousand are not there yet; those of the next second are one
                 * timer's length old */
                for (guint64 s = 0; s < 249; s++)
                        g_assert_cmpuint(count_at(server, first + (gint64)s, STATE_TIME_WAIT), ==,
                                         s < time_wait_s ? 1000 * (s + 1) - 4 : 1000 * time_wait_s);
                g_assert_cmpuint(server->peak[STATE_TIME_WAIT].count, ==, 1000 * time_wait_s);
                g_assert_cmpint(server->peak[STATE_TIME_WAIT].second, ==, first + (gint64)time_wait_s);
                g_assert_cmpuint(client->peak[STATE_TIME_WAIT].count, ==, 0);
                g_assert_cmpuint(server->now.count[STATE_CLOSED] + server->now.count[STATE_TIME_WAIT], ==,
                                 250000);
        }
}

/* One port that is used again every 100 s: a host of 240 s has one TIME_WAIT on it, not three, and one port is taken. */
static void test_one_socket_on_a_4_tuple(void) {
        g_autoptr(Hosts) h = hosts_new(&solaris);
        g_autofree FlowRecord *f = g_new(FlowRecord, 1);
        g_autoptr(Census) server = NULL;
        PortBudget b;

        for (guint i = 0; i < 10; i++) {
                host_flow_init(f, i + 1, 40000, START + i * 100 * SECOND, START + 1500 * SECOND);
                host_flow_close(f, SERVER, RECORD_TIME_WAIT_NS);
                f->taken_over_ns = i < 9 ? f->start_ns + 100 * SECOND : 0;
                hosts_add(h, f);
        }
        server = census_of(h, SERVER, 80);
        g_assert_cmpuint(server->peak[STATE_TIME_WAIT].count, ==, 1);
        g_assert_cmpuint(count_at(server, START / SECOND + 1139, STATE_TIME_WAIT), ==, 1);
        g_assert_cmpuint(count_at(server, START / SECOND + 1141, STATE_TIME_WAIT), ==, 0);
        hosts_budget(h, 0, &b);
        g_assert_cmpuint(b.taken.count, ==, 1);
}

/* What a model says that is known only at the end holds for all that was added. */
static void test_model_known_late(void) {
        g_autoptr(Hosts) h = hosts_new(NULL);
        HostChoice choice = choose_solaris(NULL, NULL);
        g_autoptr(Census) before = NULL, after = NULL;

        add_thousand_a_second(h);
        before = census_of(h, SERVER, 80);
        hosts_assume(h, &hosts_endpoint(h, 1)->address, &choice);
        after = census_of(h, SERVER, 80);
        g_assert_cmpuint(before->peak[STATE_TIME_WAIT].count, ==, 60000);
        g_assert_cmpuint(after->peak[STATE_TIME_WAIT].count, ==, 240000);
}

/* A flow that stops anywhere on one of several ways, at random times. */
static void random_flow(GRand *random, FlowRecord *f, guint64 number, gint64 end_ns) {
        static const struct {
                guint8 side, event;
        } way[] = {
                { CLIENT, EVENT_SENDS_SYN }, { SERVER, EVENT_SENDS_SYN_ACK }, { CLIENT, EVENT_SYN_ACKED },
                { SERVER, EVENT_SYN_ACKED }, { CLIENT, EVENT_SENDS_FIN },     { SERVER, EVENT_FIN_RECEIVED },
                { CLIENT, EVENT_FIN_ACKED }, { SERVER, EVENT_SENDS_FIN },     { CLIENT, EVENT_FIN_RECEIVED },
                { SERVER, EVENT_FIN_ACKED }, { CLIENT, EVENT_REUSED },
        };
        gint64 t = START + g_rand_int_range(random, 0, 200000) * MS;
        guint n = (guint)g_rand_int_range(random, 0, G_N_ELEMENTS(way) + 1);

        host_flow_init(f, number, (guint16)g_rand_int_range(random, 1024, 1300), t, end_ns);
        host_flow_address(f, CLIENT, (guint16)g_rand_int_range(random, 1, 20));
        host_flow_address(f, SERVER, (guint16)g_rand_int_range(random, 100, 104));
        for (guint i = 0; i < n && t < end_ns; i++, t += g_rand_int_range(random, 0, 15000) * MS)
                host_flow_event(f, way[i].side, way[i].event, t);
        if (n == G_N_ELEMENTS(way) - 1 && f->end_ns + RECORD_TIME_WAIT_NS <= end_ns)
                host_flow_event(f, CLIENT, EVENT_EXPIRED, f->end_ns + RECORD_TIME_WAIT_NS);
        if (g_rand_boolean(random) && f->side[CLIENT].state == STATE_FIN_WAIT_2)
                f->side[CLIENT].last_ns = end_ns;
        if (g_rand_int_range(random, 0, 3) == 0)
                f->taken_over_ns = f->end_ns + g_rand_int_range(random, 0, 100000) * MS;
}

static GArray *steps_of_row(const Series *s, guint32 row, const HostTimers *timers) {
        GArray *steps = g_array_new(FALSE, FALSE, sizeof(SeriesStep));

        census_read(s, row, timers, steps);
        return steps;
}

/* What is counted on the way is what its moves, one by one, come to. */
static void test_counted_as_listed(void) {
        const gint64 end_ns = START + 300 * SECOND;
        g_autoptr(GRand) random = g_rand_new_with_seed(5);
        HostTimers timers = host_timers(host_model_default(), NULL);

        for (guint i = 0; i < 4000; i++) {
                Series *counted = series_new(CENSUS_COLUMNS, 100), *listed = series_new(CENSUS_COLUMNS, 100);
                g_autoptr(GArray) a = NULL, b = NULL;
                LifeSeconds x, y;
                FlowRecord f;
                Life life;

                timers.deaf = i % 7 == 0;
                random_flow(random, &f, i + 1, end_ns);
                census_add(counted, 0, &f, i % SIDES, &timers, &x);
                life_of(&life, &f, i % SIDES, &timers);
                census_add_life(listed, 0, &life, &timers, &y);
                a = steps_of_row(counted, 0, &timers);
                b = steps_of_row(listed, 0, &timers);
                g_assert_cmpmem(a->data, a->len * sizeof(SeriesStep), b->data, b->len * sizeof(SeriesStep));
                g_assert_cmpint(x.begun, ==, life.move[0].second);
                g_assert_cmpint(x.over, ==, y.over);
                g_assert_cmpint(x.time_wait, ==, y.time_wait);
                g_assert_cmpint(x.time_wait_over, ==, y.time_wait_over);
                g_assert_cmpint(x.by_timer, ==, y.by_timer);
                series_free(counted);
                series_free(listed);
        }
}

/* At every second the states of all hosts sum up to the connections that have begun, and each is what a look
 * at each connection finds. */
static void test_census_is_the_sum_of_flows(void) {
        const gint64 end_ns = START + 300 * SECOND;
        const guint flows = 400;
        g_autoptr(GRand) random = g_rand_new_with_seed(4);
        g_autoptr(Hosts) h = hosts_new(NULL);
        g_autofree FlowRecord *f = g_new(FlowRecord, flows);
        g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(guint32));
        g_autoptr(Census) c = NULL;
        HostTimers timers = host_timers(host_model_default(), NULL);

        for (guint i = 0; i < flows; i++) {
                random_flow(random, &f[i], i + 1, end_ns);
                hosts_add(h, &f[i]);
        }
        for (guint32 i = 0; i < hosts_endpoints(h); i++)
                g_array_append_val(all, i);
        c = hosts_census(h, all);
        for (gint64 second = START / SECOND; second < end_ns / SECOND; second++) {
                guint64 sum = 0, begun = 0, expected[STATES + 1] = { 0 };

                for (guint i = 0; i < flows; i++) {
                        begun += f[i].start_ns < (second + 1) * SECOND;
                        for (guint side = 0; side < SIDES; side++) {
                                Life life;

                                life_of(&life, &f[i], side, &timers);
                                expected[life_state_at(&life, &timers, (second + 1) * SECOND - 1)]++;
                                if (f[i].taken_over_ns)
                                        g_assert_cmpint(life_state_at(&life, &timers, f[i].taken_over_ns), ==, STATE_CLOSED);
                        }
                }
                for (guint state = 0; state < STATES; state++) {
                        guint64 count = count_at(c, second, state);

                        g_assert_cmpuint(count, ==, expected[state]);
                        sum += count;
                }
                g_assert_cmpuint(sum, ==, SIDES * begun);
        }
}

/* Flows may be completed in any order. */
static void test_any_order(void) {
        const gint64 end_ns = START + 300 * SECOND;
        const guint flows = 1000;
        g_autoptr(GRand) random = g_rand_new_with_seed(5);
        g_autofree FlowRecord *f = g_new(FlowRecord, flows);
        Hosts *h[2] = { hosts_new(NULL), hosts_new(NULL) };
        g_autoptr(GArray) order = NULL, other = NULL, budgets = NULL, others = NULL;

        for (guint i = 0; i < flows; i++)
                random_flow(random, &f[i], i + 1, end_ns);
        for (guint i = 0; i < flows; i++) {
                hosts_add(h[0], &f[i]);
                hosts_add(h[1], &f[flows - 1 - i]);
        }
        order = hosts_order(h[0], HOSTS_BY_FLOWS, FALSE);
        other = hosts_order(h[1], HOSTS_BY_FLOWS, FALSE);
        g_assert_cmpuint(order->len, ==, other->len);
        for (guint i = 0; i < order->len; i++) {
                guint32 x = g_array_index(order, guint32, i), y = g_array_index(other, guint32, i);
                g_autoptr(GArray) xs = hosts_same_address(h[0], x), ys = hosts_same_address(h[1], y);
                g_autoptr(Census) a = hosts_census(h[0], xs), b = hosts_census(h[1], ys);

                g_assert_true(
                    address_equal(&hosts_endpoint(h[0], x)->address, &hosts_endpoint(h[1], y)->address));
                g_assert_cmpmem(a->points->data, a->points->len * sizeof(CensusPoint), b->points->data,
                                b->points->len * sizeof(CensusPoint));
        }
        budgets = hosts_budgets(h[0]);
        others = hosts_budgets(h[1]);
        g_assert_cmpuint(budgets->len, ==, others->len);
        for (guint i = 0; i < budgets->len; i++) {
                PortBudget *a = &g_array_index(budgets, PortBudget, i),
                           *b = &g_array_index(others, PortBudget, i);

                g_assert_cmpuint(a->pair->example, ==, b->pair->example);
                g_assert_cmpuint(a->seen, ==, b->seen);
                g_assert_cmpuint(a->taken.count, ==, b->taken.count);
                g_assert_cmpint(a->taken.second, ==, b->taken.second);
                g_assert_cmpint(a->exhaustion, ==, b->exhaustion);
        }
        hosts_free(h[0]);
        hosts_free(h[1]);
}

/* ── FIN_WAIT_2 ──────────────────────────────────────────────────────────── */

static TcpState state_at(const FlowRecord *f, guint side, gint64 after_ns) {
        HostTimers timers = host_timers(host_model_default(), NULL);
        Life life;

        life_of(&life, f, side, &timers);
        return life_state_at(&life, &timers, START + after_ns);
}

static void half_close(FlowRecord *f) {
        host_flow_init(f, 1, 40000, START, START + 300 * SECOND);
        host_flow_event(f, CLIENT, EVENT_SENDS_SYN, START);
        host_flow_event(f, CLIENT, EVENT_SYN_ACKED, START + MS);
        host_flow_event(f, CLIENT, EVENT_SENDS_FIN, START + SECOND);
        host_flow_event(f, CLIENT, EVENT_FIN_ACKED, START + 2 * SECOND);
}

static void test_fin_wait_2(void) {
        g_autofree FlowRecord *f = g_new(FlowRecord, 1);

        half_close(f);
        g_assert_cmpint(state_at(f, CLIENT, 61 * SECOND), ==, STATE_FIN_WAIT_2);
        g_assert_cmpint(state_at(f, CLIENT, 62 * SECOND), ==, STATE_CLOSED); /* an orphan's */
        f->side[CLIENT].last_ns = START + 63 * SECOND;
        g_assert_cmpint(state_at(f, CLIENT, 299 * SECOND), ==,
                        STATE_FIN_WAIT_2); /* it was heard later: a process holds it */
        half_close(f);
        host_flow_event(f, CLIENT, EVENT_SENDS_RST, START + 100 * SECOND); /* to a late FIN */
        g_assert_cmpint(state_at(f, CLIENT, 61 * SECOND), ==, STATE_FIN_WAIT_2);
        g_assert_cmpint(state_at(f, CLIENT, 62 * SECOND), ==, STATE_CLOSED);
        half_close(f);
        host_flow_event(f, CLIENT, EVENT_FIN_RECEIVED, START + 100 * SECOND);
        g_assert_cmpint(state_at(f, CLIENT, 99 * SECOND), ==, STATE_FIN_WAIT_2);
        g_assert_cmpint(state_at(f, CLIENT, 159 * SECOND), ==, STATE_TIME_WAIT);
        g_assert_cmpint(state_at(f, CLIENT, 160 * SECOND), ==, STATE_CLOSED);
        g_assert_cmpint(state_at(f, CLIENT, -1), ==, STATES);
}

/* ── Services ────────────────────────────────────────────────────────────── */

static void test_durations(void) {
        g_autofree Durations *d = g_new0(Durations, 1);

        g_assert_cmpint(durations_quantile(d, 500), ==, 0);
        for (gint64 i = 1; i <= 1000; i++)
                durations_add(d, i * MS);
        for (guint per_mille = 10; per_mille <= 1000; per_mille += 10) {
                g_assert_cmpint(durations_quantile(d, per_mille), >=, per_mille * MS);
                g_assert_cmpint(durations_quantile(d, per_mille), <=, per_mille * MS * 9 / 8 + 1);
        }
        durations_add(d, G_MAXINT64);
        g_assert_cmpint(durations_quantile(d, 1000), ==, G_MAXINT64);
        durations_add(d, 0);
        g_assert_cmpint(durations_quantile(d, 0), <=, 1024);
}

static void test_service(void) {
        g_autoptr(Hosts) h = hosts_new(NULL);
        g_autofree FlowRecord *f = g_new(FlowRecord, 1);
        g_autoptr(GArray) services = NULL;
        const Service *s;

        for (guint i = 0; i < 10; i++) {
                host_flow_init(f, i + 1, (guint16)(2000 + i), START, START + 10 * SECOND);
                host_flow_close(f, i < 9 ? SERVER : CLIENT, RECORD_TIME_WAIT_NS);
                if (i == 0)
                        f->findings[f->n_findings++] = (Finding){ .id = FINDING_RST_UNREAD_DATA };
                hosts_add(h, f);
        }
        services = hosts_order(h, HOSTS_BY_FLOWS, TRUE);
        g_assert_cmpuint(services->len, ==, 1);
        s = hosts_endpoint(h, g_array_index(services, guint32, 0))->service;
        g_assert_cmpuint(s->flows, ==, 10);
        g_assert_cmpuint(s->closed_first[CLOSED_FIRST_BY_SERVER], ==, 9);
        g_assert_cmpuint(s->time_waits[SERVER], ==, 9);
        g_assert_cmpuint(s->time_waits[CLIENT], ==, 1);
        g_assert_cmpuint(s->resets[FINDING_RST_UNREAD_DATA], ==, 1);
        g_assert_cmpint(durations_quantile(&s->closing, 500), ==, 2 * MS);
}

/* ── Ports ───────────────────────────────────────────────────────────────── */

static HostChoice choose_model(const Address *address, gpointer data) {
        const HostChoice *choice = data;

        return *choice;
}

/* Connections from one port after another, @per_second of them for @seconds, that @holder closes. Returns:
 * the pair's budget. */
static PortBudget budget_of(HostChoice *choice, guint holder, guint first_port, guint ports, guint per_second,
                            guint seconds) {
        const HostsOptions options = { .choose = choose_model, .choose_data = choice };
        g_autoptr(Hosts) h = hosts_new(&options);
        g_autofree FlowRecord *f = g_new(FlowRecord, 1);
        PortBudget b;

        for (guint i = 0; i < per_second * seconds; i++) {
                host_flow_init(f, i + 1, (guint16)(first_port + i % ports),
                               START + (gint64)i * SECOND / per_second, START + seconds * SECOND - 1);
                host_flow_close(f, holder, RECORD_TIME_WAIT_NS);
                hosts_add(h, f);
        }
        hosts_budget(h, 0, &b);
        b.pair = NULL; /* gone with its hosts */
        return b;
}

/* What lasts by the models alone: a Linux, a balancer in front of old servers, a Windows. */
static void test_budget_rates(void) {
        static const struct {
                const char *model;
                HostSettings settings;
                guint32 ports;
                gdouble rate;
        } cases[] = {
                { "linux", { 0 }, 28232, 470.53 },
                { "solaris", { .port_first = 1036, .port_last = 65535 }, 64500, 268.75 },
                { "windows", { 0 }, 16384, 136.53 },
        };

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                HostChoice choice = { .model = host_model_parse(cases[i].model), .settings = cases[i].settings, .basis = "option" };
                PortBudget b = budget_of(&choice, CLIENT, 50000, 1, 1, 1);

                g_assert_cmpuint(b.ports, ==, cases[i].ports);
                g_assert_cmpfloat_with_epsilon(b.sustainable, cases[i].rate, .01);
        }
        g_assert_cmpfloat(port_budget_rate(16384, 0), ==, 0);
}

static void test_budget_lasts(void) {
        HostChoice linux_choice = { .model = host_model_default(), .basis = "default" };
        PortBudget b = budget_of(&linux_choice, CLIENT, 32768, 28232, 400, 100);

        g_assert_cmpuint(b.ports, ==, 28232);
        g_assert_cmpint(b.basis, ==, PORT_RANGE_MODEL);
        g_assert_cmpint(b.exhaustion, ==, EXHAUSTION_NEVER);
        g_assert_cmpuint(b.time_wait_now[CLIENT], ==, 24000);
        g_assert_cmpuint(b.taken.count, ==, 24001); /* the last one is still open */
        g_assert_cmpuint(b.busiest.count, ==, 400);
        g_assert_cmpfloat_with_epsilon(b.rate, 400, .1);
        g_assert_false(port_budget_is_short(&b));
}

static void test_budget_used_up(void) {
        HostChoice linux_choice = { .model = host_model_default(), .basis = "default" };
        PortBudget seen = budget_of(&linux_choice, CLIENT, 32768, 28232, 500, 100),
                   soon = budget_of(&linux_choice, CLIENT, 32768, 28232, 500, 20);

        /* 28232 / 500 a second */
        g_assert_cmpint(seen.exhaustion, ==, EXHAUSTION_OBSERVED);
        g_assert_cmpint(seen.exhausted_second, ==, START / SECOND + 56);
        g_assert_cmpint(soon.exhaustion, ==, EXHAUSTION_PROJECTED);
        g_assert_cmpint(soon.exhausted_second, ==, START / SECOND + 56);
        g_assert_true(port_budget_is_short(&seen) && port_budget_is_short(&soon));
}

/* A balancer takes other ports than a Linux does, and its server holds the TIME_WAITs. */
static void test_budget_of_a_balancer(void) {
        HostChoice solaris_choice = { .model = host_model_parse("solaris"),
                                      .settings = { .port_first = 1036, .port_last = 65535 },
                                      .basis = "set" };
        HostChoice unset = { .model = host_model_default(), .basis = "default" };
        PortBudget b = budget_of(&solaris_choice, SERVER, 1036, 64500, 300, 240),
                   wide = budget_of(&unset, SERVER, 1036, 64500, 300, 1);

        g_assert_cmpuint(b.ports, ==, 64500);
        g_assert_cmpint(b.basis, ==, PORT_RANGE_SET);
        g_assert_cmpint(b.holder, ==, SERVER);
        g_assert_cmpfloat_with_epsilon(b.sustainable, 268.75, .01);
        g_assert_cmpint(b.exhausted_second, ==, START / SECOND + 214);
        g_assert_cmpint(wide.basis, ==, PORT_RANGE_SEEN);
        g_assert_cmpuint(wide.ports, ==, 60999 - 1036 + 1);
}

/* SYNs a second apart, each on the clock that @clocks names. */
static SharedBy shared_by(const char *clocks, guint8 other_ttl) {
        g_autoptr(Hosts) h = hosts_new(NULL);
        g_autofree FlowRecord *f = g_new(FlowRecord, 1);
        PortBudget b;

        for (guint i = 0; clocks[i]; i++) {
                TimelineEntry syn = { .flags = TCP_SYN, .ttl = i % 2 ? other_ttl : 64, .marks = ENTRY_TIMESTAMP };

                host_flow_init(f, i + 1, (guint16)(2000 + i), START + i * SECOND, START + 100 * SECOND);
                syn.time_ns = f->start_ns;
                syn.tsval = (guint32)clocks[i] * 100000000U + i * (g_ascii_isupper(clocks[i]) ? 1000 : 250);
                f->timeline = &syn;
                f->n_timeline = 1;
                host_flow_close(f, CLIENT, RECORD_TIME_WAIT_NS);
                hosts_add(h, f);
        }
        hosts_budget(h, 0, &b);
        return port_pair_shared_by(b.pair);
}

/* Who is called a NAT or balancer, and by what. */
static void test_shared(void) {
        g_assert_cmpint(shared_by("AAAAAAAA", 64), ==, SHARED_NOT);
        g_assert_cmpint(shared_by("AAAAABBBB", 64), ==, SHARED_NOT); /* restarted */
        g_assert_cmpint(shared_by("ABCDEFGH", 64), ==, SHARED_NOT); /* one for each connection */
        g_assert_cmpint(shared_by("aaaaaaaa", 64), ==, SHARED_NOT); /* it ticks four times slower */
        g_assert_cmpint(shared_by("AABABBA", 64), ==, SHARED_BY_CLOCKS);
        g_assert_cmpint(shared_by("AAAAAAAA", 63), ==, SHARED_BY_HOP_LIMITS);
}

/* Few of them are listed, more are bits; the same ports again change nothing. */
static void test_port_sets(void) {
        for (guint step = 5; step <= 500; step += 495) {
                PortSet p = { 0 };

                g_assert_cmpuint(port_set_seen(&p).n, ==, 0);
                for (guint round = 0; round < 2; round++) {
                        PortsSeen seen;

                        for (guint port = 65535; port >= 1000; port -= step)
                                port_set_add(&p, (guint16)port);
                        seen = port_set_seen(&p);
                        g_assert_cmpuint(seen.last, ==, 65535);
                        g_assert_cmpuint(seen.n, ==, 64535 / step + 1);
                        g_assert_cmpuint(seen.first, ==, 65535 - 64535 / step * step);
                }
                g_assert_cmpint(p.bits != NULL, ==, step == 5);
                port_set_clear(&p);
        }
}

/* ── Bounds ──────────────────────────────────────────────────────────────── */

/* A flood of clients goes to the rest; the one that is there from the start keeps its numbers, and the sum
 * stays. */
static void test_flood(void) {
        const guint flows = 100000;
        const gint64 end_ns = START + 100 * SECOND - 1;
        g_autoptr(Hosts) h = hosts_new(NULL);
        g_autofree FlowRecord *f = g_new(FlowRecord, 1);
        g_autoptr(GArray) order = NULL, all = g_array_new(FALSE, FALSE, sizeof(guint32));
        g_autoptr(Census) rows = NULL, rest = NULL;
        const HostEndpoint *client;
        guint64 sum = 0;

        for (guint i = 0; i < flows; i++) {
                host_flow_init(f, i + 1, (guint16)(1024 + i % 60000), START + i * MS, end_ns);
                host_flow_address(f, CLIENT, 1);
                if (i % 10) {
                        f->side[CLIENT].address.bytes[13] = (guint8)(i >> 16);
                        host_flow_address(f, CLIENT, (guint16)i);
                        f->side[CLIENT].address.bytes[12] = 11;
                }
                host_flow_close(f, CLIENT, RECORD_TIME_WAIT_NS);
                hosts_add(h, f);
        }
        order = hosts_order(h, HOSTS_BY_FLOWS, FALSE);
        client = hosts_endpoint(h, g_array_index(order, guint32, 1));
        g_assert_cmpuint(hosts_endpoint(h, g_array_index(order, guint32, 0))->flows, ==, flows);
        g_assert_cmpuint(client->flows, ==, flows / 10);
        g_assert_cmpuint(client->sweep, ==, 0);
        g_assert_cmpuint(hosts_rest(h).flows_max, >, 0);
        g_assert_cmpuint(hosts_endpoints(h), <=, HOSTS_ENDPOINTS_MAX);
        for (guint32 i = 0; i < hosts_endpoints(h); i++)
                g_array_append_val(all, i);
        rows = hosts_census(h, all);
        rest = hosts_census(h, NULL);
        /* the last four have not closed yet when the capture ends, and as many of those of 60 s before are
         * not over */
        g_assert_cmpuint(rows->now.count[STATE_TIME_WAIT] + rest->now.count[STATE_TIME_WAIT], ==, 60000);
        g_assert_cmpuint(rows->now.count[STATE_CLOSED] + rest->now.count[STATE_CLOSED], ==, 140000 - 8);
        for (guint state = 0; state < STATES; state++)
                sum += rows->now.count[state] + rest->now.count[state];
        g_assert_cmpuint(sum, ==, SIDES * flows);
}

static void add_clients(Hosts *h, guint from, guint n, guint flows) {
        g_autofree FlowRecord *f = g_new(FlowRecord, 1);

        for (guint i = 0; i < n; i++)
                for (guint k = 0; k < flows; k++) {
                        host_flow_init(f, hosts_flows(h) + 1, (guint16)(1024 + k), START, START + SECOND);
                        host_flow_address(f, CLIENT, (guint16)(from + i));
                        host_flow_close(f, CLIENT, RECORD_TIME_WAIT_NS);
                        hosts_add(h, f);
                }
}

static const HostEndpoint *find_client(const Hosts *h, guint number) {
        g_autofree FlowRecord *f = g_new(FlowRecord, 1);

        host_flow_init(f, 1, 1024, START, START + SECOND);
        host_flow_address(f, CLIENT, (guint16)number);
        return hosts_find(h, &f->side[CLIENT].address, 0, FALSE);
}

/* Where there are many hosts a new one has a row from its 32nd flow on, and says that it may lack some. */
static void test_newcomers(void) {
        g_autoptr(Hosts) h = hosts_new(NULL);
        const HostEndpoint *e;

        add_clients(h, 10, HOSTS_FAMILIAR, 1);
        g_assert_nonnull(find_client(h, 10));
        add_clients(h, 60000, 1, HOSTS_PROVEN_FLOWS - 1);
        g_assert_null(find_client(h, 60000));
        g_assert_cmpuint(hosts_rest(h).flows_max, ==, HOSTS_PROVEN_FLOWS - 1);
        add_clients(h, 60000, 1, 9);
        e = find_client(h, 60000);
        g_assert_nonnull(e);
        g_assert_cmpuint(e->flows, ==, 9);
        g_assert_cmpuint(e->sweep, >, 0);
        g_assert_cmpuint(find_client(h, 10)->sweep, ==, 0);
}

/* Few hosts over a long time: seconds are joined, and what is left is right at their ends. */
static void test_long_time(void) {
        const guint flows = 700000;
        g_autoptr(Hosts) h = hosts_new(NULL);
        g_autofree FlowRecord *f = g_new(FlowRecord, 1);
        g_autoptr(Census) c = NULL;

        for (guint i = 0; i < flows; i++) {
                host_flow_init(f, i + 1, (guint16)(1024 + i % 60000), START + i * SECOND,
                               START + (flows + 100) * SECOND);
                host_flow_close(f, CLIENT, RECORD_TIME_WAIT_NS);
                hosts_add(h, f);
        }
        g_assert_cmpint(hosts_width(h), >, 1);
        g_assert_cmpint(hosts_width(h), <, 60);
        c = census_of(h, CLIENT, 0);
        g_assert_cmpuint(c->peak[STATE_TIME_WAIT].count, >=, 60);
        g_assert_cmpuint(c->peak[STATE_TIME_WAIT].count, <, 60 + (guint64)hosts_width(h));
        g_assert_cmpuint(c->points->len, <=, CENSUS_POINTS_MAX + 1);
        g_assert_cmpuint(c->now.count[STATE_CLOSED], ==, flows);
}

/* Time of day is what a hostile capture wants it to be. */
static void test_wild_times(void) {
        static const gint64 times[] = { G_MININT64, -1, 0, G_MAXINT64 - 70 * SECOND, G_MAXINT64 };
        g_autoptr(Hosts) h = hosts_new(NULL);
        g_autofree FlowRecord *f = g_new(FlowRecord, 1);
        g_autoptr(Census) c = NULL;

        for (guint i = 0; i < G_N_ELEMENTS(times); i++) {
                host_flow_init(f, i + 1, 4000, times[i], G_MAXINT64);
                host_flow_event(f, CLIENT, EVENT_SENDS_SYN, times[i]);
                hosts_add(h, f);
        }
        c = census_of(h, CLIENT, 0);
        g_assert_cmpuint(c->now.count[STATE_SYN_SENT], ==, G_N_ELEMENTS(times));
}

/* ── Speed ───────────────────────────────────────────────────────────────── */

static void test_speed(void) {
        static const guint clients[] = { 1, 1000, 1000000 };
        g_autofree FlowRecord *f = g_new(FlowRecord, 1);

        for (guint k = 0; k < G_N_ELEMENTS(clients); k++) {
                g_autoptr(Hosts) h = hosts_new(NULL);
                const guint flows = 1000000;
                gint64 spent = 0;

                host_flow_init(f, 1, 1024, START, START + 300 * SECOND);
                host_flow_close(f, CLIENT, RECORD_TIME_WAIT_NS);
                for (gint pass = 0; pass < 2; pass++) { /* without and with */
                        clock_t begin = clock(); /* of the processor: others may be at work */

                        for (guint i = 0; i < flows; i++) {
                                guint client =
                                    (guint)(i * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15) >> 32) % clients[k];
                                gint64 by = START + i * (MS / 4) - f->start_ns;

                                host_flow_address(f, CLIENT, (guint16)client);
                                f->side[CLIENT].address.bytes[13] = (guint8)(client >> 16);
                                f->side[CLIENT].port = (guint16)(1024 + i % 60000);
                                f->start_ns += by;
                                f->end_ns += by;
                                for (guint side = 0; side < SIDES; side++)
                                        for (guint j = 0; j < f->side[side].n_states; j++)
                                                f->side[side].states[j].time_ns += by;
                                if (pass)
                                        hosts_add(h, f);
                        }
                        spent += (pass ? 1 : -1) * (gint64)(clock() - begin);
                }
                g_test_message("%u clients: %.0f ns per flow", clients[k],
                               (double)spent * (1e9 / CLOCKS_PER_SEC) / flows);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/hosts/census/time-waits", test_time_waits_at_a_server);
        g_test_add_func("/hosts/census/one-socket", test_one_socket_on_a_4_tuple);
        g_test_add_func("/hosts/census/model-known-late", test_model_known_late);
        g_test_add_func("/hosts/census/sum-of-flows", test_census_is_the_sum_of_flows);
        g_test_add_func("/hosts/census/counted-as-listed", test_counted_as_listed);
        g_test_add_func("/hosts/census/any-order", test_any_order);
        g_test_add_func("/hosts/census/fin-wait-2", test_fin_wait_2);
        g_test_add_func("/hosts/services/durations", test_durations);
        g_test_add_func("/hosts/services/service", test_service);
        g_test_add_func("/hosts/ports/rates", test_budget_rates);
        g_test_add_func("/hosts/ports/lasts", test_budget_lasts);
        g_test_add_func("/hosts/ports/used-up", test_budget_used_up);
        g_test_add_func("/hosts/ports/balancer", test_budget_of_a_balancer);
        g_test_add_func("/hosts/ports/shared", test_shared);
        g_test_add_func("/hosts/ports/sets", test_port_sets);
        g_test_add_func("/hosts/bounds/flood", test_flood);
        g_test_add_func("/hosts/bounds/newcomers", test_newcomers);
        g_test_add_func("/hosts/bounds/long-time", test_long_time);
        g_test_add_func("/hosts/bounds/wild-times", test_wild_times);
        if (g_test_perf())
                g_test_add_func("/hosts/speed", test_speed);
        return g_test_run();
}
