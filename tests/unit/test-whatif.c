/* SPDX-License-Identifier: BSD-3-Clause */

/* Each setting where it changes what happens, and where it does not. */

#include "analyzer/hosts/whatif.h"

#include "host-flows.h"

#define START HOST_FLOWS_START_NS
#define SECOND HOST_FLOWS_SECOND_NS
#define MS (SECOND / 1000)
#define RECORD_TIME_WAIT_NS (60 * SECOND)

/* Today and then, with the same flows. */
typedef struct Trial {
        HostChoice choice;
        Hosts *today;
        WhatIf *w;
        FlowRecord flow; /* at hand */
        guint64 flows;
} Trial;

static HostChoice choose(const Address *address, gpointer data) {
        return ((Trial *)data)->choice;
}

static Trial *trial_new(const char *model, const char *assignment) {
        Trial *t = g_new0(Trial, 1);
        const char *wrong;

        t->choice = (HostChoice){ .model = host_model_parse(model), .basis = "option" };
        t->today = hosts_new(&(HostsOptions){ .choose = choose, .choose_data = t });
        t->w = whatif_new();
        if (!whatif_set(t->w, assignment, &wrong))
                g_error("'%s' %s", assignment, wrong);
        return t;
}

static void trial_free(Trial *t) {
        hosts_free(t->today);
        whatif_free(t->w);
        g_free(t);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Trial, trial_free)

static void trial_add(Trial *t) {
        hosts_add(t->today, &t->flow);
        whatif_add(t->w, t->today, &t->flow);
}

static void trial_end(Trial *t) {
        whatif_end(t->w, t->today);
}

/* Connections that @first closes, @per_second of them for @seconds. */
static void trial_closes(Trial *t, guint first, guint first_port, guint ports, guint per_second,
                         guint seconds) {
        for (guint i = 0; i < per_second * seconds; i++) {
                host_flow_init(&t->flow, ++t->flows, (guint16)(first_port + i % ports),
                               START + (gint64)i * SECOND / per_second, START + seconds * SECOND - 1);
                host_flow_close(&t->flow, first, RECORD_TIME_WAIT_NS);
                trial_add(t);
        }
        trial_end(t);
}

/* Begins a flow whose client has closed after a second and is in FIN_WAIT_2 from then on. */
static void trial_half_close(Trial *t, gint64 start_ns, gint64 end_ns) {
        t->flows++;
        host_flow_init(&t->flow, t->flows, (guint16)(1024 + t->flows), start_ns, end_ns);
        host_flow_event(&t->flow, CLIENT, EVENT_SENDS_SYN, start_ns);
        host_flow_event(&t->flow, CLIENT, EVENT_SYN_ACKED, start_ns + MS);
        host_flow_event(&t->flow, CLIENT, EVENT_SENDS_FIN, start_ns + SECOND);
        host_flow_event(&t->flow, CLIENT, EVENT_FIN_ACKED, start_ns + SECOND);
}

typedef struct Outcome {
        guint64 peak[STATES], now[STATES];
} Outcome;

static Outcome outcome_of(const Census *c) {
        Outcome o;

        for (guint state = 0; state < STATES; state++) {
                o.peak[state] = c->peak[state].count;
                o.now[state] = c->now.count[state];
        }
        return o;
}

static void outcomes(const Trial *t, guint side, Outcome *today, Outcome *then) {
        guint32 place =
            hosts_find_place(t->today, &t->flow.side[side].address, side == SERVER ? 80 : 0, side == SERVER);
        g_autoptr(GArray) one = g_array_new(FALSE, FALSE, sizeof(guint32));
        g_autoptr(Census) a = NULL, b = NULL;

        g_assert_cmpuint(place, !=, HOSTS_NOWHERE);
        g_array_append_val(one, place);
        a = hosts_census(t->today, one);
        b = whatif_census(t->w, place);
        *today = outcome_of(a);
        *then = outcome_of(b);
}

static void budgets(const Trial *t, PortBudget *today, PortBudget *then) {
        hosts_budget(t->today, 0, today);
        hosts_budget(whatif_hosts(t->w), 0, then);
}

/* ── tcp_fin_timeout ─────────────────────────────────────────────────────── */

static void fin_timeout(const char *model, guint64 peak_today, guint64 peak_then, guint64 applies) {
        g_autoptr(Trial) t = trial_new(model, "tcp_fin_timeout=30");
        Outcome today, then;

        for (guint i = 0; i < 200; i++) {
                trial_half_close(t, START + i * SECOND, START + 200 * SECOND - 1);
                trial_add(t);
        }
        trial_end(t);
        outcomes(t, CLIENT, &today, &then);
        g_assert_cmpuint(today.peak[STATE_FIN_WAIT_2], ==, peak_today);
        g_assert_cmpuint(then.peak[STATE_FIN_WAIT_2], ==, peak_then);
        g_assert_cmpuint(whatif_applies_to(t->w, KNOB_FIN_TIMEOUT), ==, applies);
}

static void test_fin_timeout(void) {
        fin_timeout("linux", 60, 30, 2);
        fin_timeout("freebsd", 199, 199, 0);
}

/* It shortens no TIME_WAIT. */
static void test_fin_timeout_and_time_wait(void) {
        g_autoptr(Trial) t = trial_new("linux", "net.ipv4.tcp_fin_timeout=30");
        Outcome today, then;

        trial_closes(t, CLIENT, 1024, 60000, 10, 100);
        outcomes(t, CLIENT, &today, &then);
        g_assert_cmpuint(today.peak[STATE_TIME_WAIT], ==, 600);
        g_assert_cmpuint(then.peak[STATE_TIME_WAIT], ==, 600);
}

/* The other end closes after 20 s, and after 40 s. */
static void test_fin_timeout_cuts(void) {
        for (guint late = 0; late < 2; late++) {
                g_autoptr(Trial) t = trial_new("linux", "tcp_fin_timeout=30");

                trial_half_close(t, START, START + 200 * SECOND);
                host_flow_event(&t->flow, CLIENT, EVENT_FIN_RECEIVED, START + (late ? 41 : 21) * SECOND);
                trial_add(t);
                trial_end(t);
                g_assert_cmpuint(whatif_today(t->w)->cut, ==, 0);
                g_assert_cmpuint(whatif_then(t->w)->cut, ==, late);
        }
}

/* ── Ports ───────────────────────────────────────────────────────────────── */

static void exhaustion(const char *assignment, guint first, guint per_second, Exhaustion today,
                       Exhaustion then) {
        g_autoptr(Trial) t = trial_new("linux", assignment);
        PortBudget a, b;

        trial_closes(t, first, 32768, 28232, per_second, 80);
        budgets(t, &a, &b);
        g_assert_cmpint(a.exhaustion, ==, today);
        g_assert_cmpint(b.exhaustion, ==, then);
}

static void test_tw_reuse(void) {
        exhaustion("tcp_tw_reuse=1", CLIENT, 500, EXHAUSTION_OBSERVED, EXHAUSTION_NEVER);
        exhaustion("tcp_tw_reuse=1", SERVER, 500, EXHAUSTION_OBSERVED, EXHAUSTION_OBSERVED);
        exhaustion("tcp_tw_reuse=2", CLIENT, 500, EXHAUSTION_OBSERVED, EXHAUSTION_OBSERVED);
}

static void test_port_range(void) {
        exhaustion("ip_local_port_range=1024:65000", CLIENT, 500, EXHAUSTION_OBSERVED, EXHAUSTION_NEVER);
        exhaustion("ip_local_port_range=1024:65000", CLIENT, 400, EXHAUSTION_NEVER, EXHAUSTION_NEVER);
        exhaustion("ip_local_port_range=40000:50000", CLIENT, 400, EXHAUSTION_NEVER, EXHAUSTION_OBSERVED);
}

/* ── TIME_WAIT ───────────────────────────────────────────────────────────── */

static void test_max_tw_buckets(void) {
        static const struct {
                const char *assignment;
                guint64 peak, overflow;
        } cases[] = {
                { "tcp_max_tw_buckets=5000", 5000,
                  90000 -
                      4 }, /* 5000 find room, and as many when those are over; the last 4 are not there yet */
                { "tcp_max_tw_buckets=70000", 60000, 0 },
        };

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(Trial) t = trial_new("linux", cases[i].assignment);
                Outcome today, then;

                trial_closes(t, SERVER, 1024, 60000, 1000, 100);
                outcomes(t, SERVER, &today, &then);
                g_assert_cmpuint(today.peak[STATE_TIME_WAIT], ==, 60000);
                g_assert_cmpuint(then.peak[STATE_TIME_WAIT], ==, cases[i].peak);
                g_assert_cmpuint(whatif_then(t->w)->overflow, ==, cases[i].overflow);
        }
}

static void timed_wait_delay(const char *model, guint64 peak_today, guint64 peak_then) {
        g_autoptr(Trial) t = trial_new(model, "TcpTimedWaitDelay=30");
        Outcome today, then;

        trial_closes(t, CLIENT, 1024, 60000, 1, 200);
        outcomes(t, CLIENT, &today, &then);
        g_assert_cmpuint(today.peak[STATE_TIME_WAIT], ==, peak_today);
        g_assert_cmpuint(then.peak[STATE_TIME_WAIT], ==, peak_then);
        g_assert_cmpuint(whatif_applies_to(t->w, KNOB_TIMED_WAIT_DELAY) > 0, ==, peak_today != peak_then);
}

static void test_timed_wait_delay(void) {
        timed_wait_delay("windows", 120, 30);
        timed_wait_delay("linux", 60, 60);
}

/* A SYN was dropped in silence @gap_s after the server went to TIME_WAIT, and came again after 3 s. */
static void refused(const char *assignment, gint64 gap_s, guint64 then) {
        g_autoptr(Trial) t = trial_new("windows", assignment);
        Finding f = { .id = FINDING_TIME_WAIT_REUSE_DOWN, .side = SERVER, .n_values = 3 };

        f.values[0] = (FindingValue){ .name = "answer", .text = "silent", .kind = VALUE_TEXT };
        f.values[1] = (FindingValue){ .name = "gap_ns", .integer = gap_s * SECOND };
        f.values[2] = (FindingValue){ .name = "cost_ns", .integer = 3 * SECOND };
        host_flow_init(&t->flow, 1, 50000, START, START + 100 * SECOND);
        t->flow.findings[t->flow.n_findings++] = f;
        trial_add(t);
        trial_end(t);
        g_assert_cmpuint(whatif_today(t->w)->refused, ==, 1);
        g_assert_cmpint(whatif_today(t->w)->refused_ns, ==, 3 * SECOND);
        g_assert_cmpuint(whatif_then(t->w)->refused, ==, then);
}

static void test_refused(void) {
        refused("TcpTimedWaitDelay=30", 45, 0);
        refused("TcpTimedWaitDelay=30", 20, 1);
        refused("tcp_fin_timeout=30", 45, 1);
        refused("linger=0", 20, 0);
}

/* A FIN that came again 40 s later is answered by TIME_WAIT, or no more. */
static void test_late_fin(void) {
        for (guint late = 0; late < 2; late++) {
                g_autoptr(Trial) t = trial_new("windows", "TcpTimedWaitDelay=30");
                TimelineEntry again = { .time_ns = START + (late ? 40 : 20) * SECOND,
                                        .frame = 9,
                                        .flags = TCP_FIN | TCP_ACK,
                                        .marks = ENTRY_SERVER };

                host_flow_init(&t->flow, 1, 50000, START, START + 100 * SECOND);
                host_flow_close(&t->flow, CLIENT, RECORD_TIME_WAIT_NS);
                t->flow.timeline = &again;
                t->flow.n_timeline = 1;
                trial_add(t);
                trial_end(t);
                g_assert_cmpuint(whatif_today(t->w)->late_fins, ==, 0);
                g_assert_cmpuint(whatif_then(t->w)->late_fins, ==, late);
        }
}

/* ── dyn_keepalive, linger ───────────────────────────────────────────────── */

/* Two ends that a firewall keeps alive, and two that keep themselves alive. */
static void test_dyn_keepalive(void) {
        for (guint forged = 0; forged < 2; forged++) {
                g_autoptr(Trial) t = trial_new("freebsd", "dyn_keepalive=0");
                const gint64 end_ns = START + 5000 * SECOND;
                Outcome today, then;

                trial_half_close(t, START, end_ns);
                t->flow.side[CLIENT].last_ns = t->flow.side[SERVER].last_ns = end_ns - 100 * SECOND;
                if (forged)
                        t->flow.findings[t->flow.n_findings++] =
                            (Finding){ .id = FINDING_KEEPALIVES_HOLD_FIN_WAIT_2, .side = CLIENT };
                trial_add(t);
                trial_end(t);
                outcomes(t, CLIENT, &today, &then);
                g_assert_cmpuint(today.now[STATE_FIN_WAIT_2], ==, 1);
                g_assert_cmpuint(then.now[STATE_FIN_WAIT_2], ==, !forged);
                g_assert_cmpuint(whatif_today(t->w)->kept_by_box, ==, forged);
                g_assert_cmpuint(whatif_then(t->w)->kept_by_box, ==, 0);
        }
}

/* 100 bytes of the server's were not acknowledged when it closed, and the client sent 10 after that. */
static void test_linger(void) {
        static const TimelineEntry timeline[] = {
                { .time_ns = START,
                  .frame = 1,
                  .seq = 1000,
                  .payload_bytes = 500,
                  .ack = 1,
                  .flags = TCP_ACK,
                  .marks = ENTRY_SERVER },
                { .time_ns = START + 1, .frame = 2, .seq = 1, .ack = 1400, .flags = TCP_ACK },
                { .time_ns = START + 2,
                  .frame = 3,
                  .seq = 1500,
                  .ack = 1,
                  .flags = TCP_ACK | TCP_FIN,
                  .marks = ENTRY_SERVER },
                { .time_ns = START + 3,
                  .frame = 4,
                  .seq = 1,
                  .payload_bytes = 10,
                  .ack = 1501,
                  .flags = TCP_ACK },
        };
        g_autoptr(Trial) t = trial_new("linux", "linger=0");
        Outcome today, then;

        host_flow_init(&t->flow, 1, 50000, START, START + 10 * SECOND);
        host_flow_close(&t->flow, SERVER, RECORD_TIME_WAIT_NS);
        t->flow.side[SERVER].isn = 999;
        t->flow.side[SERVER].fin_frame = 3;
        t->flow.timeline = timeline;
        t->flow.n_timeline = G_N_ELEMENTS(timeline);
        trial_add(t);
        trial_end(t);
        outcomes(t, SERVER, &today, &then);
        g_assert_cmpuint(today.peak[STATE_TIME_WAIT], ==, 1);
        g_assert_cmpuint(then.peak[STATE_TIME_WAIT], ==, 0);
        g_assert_cmpuint(then.now[STATE_CLOSED], ==, 1);
        g_assert_cmpuint(whatif_then(t->w)->aborted, ==, 1);
        g_assert_cmpuint(whatif_then(t->w)->risk_bytes, ==, 110);
}

/* What is reset today is not closed by a FIN. */
static void test_linger_not_of_a_reset(void) {
        g_autoptr(Trial) t = trial_new("linux", "linger=0");

        host_flow_init(&t->flow, 1, 50000, START, START + 10 * SECOND);
        host_flow_event(&t->flow, CLIENT, EVENT_SENDS_SYN, START);
        host_flow_event(&t->flow, CLIENT, EVENT_SYN_ACKED, START);
        host_flow_event(&t->flow, CLIENT, EVENT_SENDS_RST, START + SECOND);
        t->flow.closed_first_by = CLOSED_FIRST_BY_CLIENT;
        trial_add(t);
        trial_end(t);
        g_assert_cmpuint(whatif_then(t->w)->aborted, ==, 0);
        g_assert_cmpuint(whatif_then(t->w)->risk_bytes, ==, 0);
}

/* ── What does nothing, and what is none ─────────────────────────────────── */

static void test_nothing(void) {
        static const char *const assignments[] = { "SO_REUSEADDR=1", "tcp_tw_recycle=1" };

        for (guint i = 0; i < G_N_ELEMENTS(assignments); i++) {
                g_autoptr(Trial) t = trial_new("linux", assignments[i]);
                Outcome today, then;
                PortBudget a, b;

                trial_closes(t, CLIENT, 32768, 28232, 500, 80);
                outcomes(t, CLIENT, &today, &then);
                budgets(t, &a, &b);
                g_assert_cmpuint(today.peak[STATE_TIME_WAIT], ==, then.peak[STATE_TIME_WAIT]);
                g_assert_cmpint(a.exhaustion, ==, b.exhaustion);
        }
}

static void test_wrong(void) {
        static const char *const assignments[] = { "",
                                                   "=",
                                                   "tcp_fin_timeout",
                                                   "tcp_fin_timeout=",
                                                   "tcp_fin_timeout=0",
                                                   "tcp_fin_timeout=x",
                                                   "tcp_tw_reuse=3",
                                                   "ip_local_port_range=1024",
                                                   "ip_local_port_range=5:4",
                                                   "ip_local_port_range=1:65536",
                                                   "linger=1",
                                                   "magic=1" };
        g_autoptr(WhatIf) w = whatif_new();

        for (guint i = 0; i < G_N_ELEMENTS(assignments); i++) {
                const char *wrong = NULL;

                if (whatif_set(w, assignments[i], &wrong))
                        g_error("'%s' was taken", assignments[i]);
                g_assert_nonnull(wrong);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/whatif/fin-timeout/peak", test_fin_timeout);
        g_test_add_func("/whatif/fin-timeout/no-time-wait", test_fin_timeout_and_time_wait);
        g_test_add_func("/whatif/fin-timeout/cuts", test_fin_timeout_cuts);
        g_test_add_func("/whatif/tw-reuse", test_tw_reuse);
        g_test_add_func("/whatif/port-range", test_port_range);
        g_test_add_func("/whatif/max-tw-buckets", test_max_tw_buckets);
        g_test_add_func("/whatif/timed-wait-delay", test_timed_wait_delay);
        g_test_add_func("/whatif/refused", test_refused);
        g_test_add_func("/whatif/late-fin", test_late_fin);
        g_test_add_func("/whatif/dyn-keepalive", test_dyn_keepalive);
        g_test_add_func("/whatif/linger", test_linger);
        g_test_add_func("/whatif/linger/not-of-a-reset", test_linger_not_of_a_reset);
        g_test_add_func("/whatif/nothing", test_nothing);
        g_test_add_func("/whatif/wrong", test_wrong);
        return g_test_run();
}
