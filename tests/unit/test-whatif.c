/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Each setting where it changes what happens, and where it does not: many made-up flows, and packet scripts (some of
 * them are files; their folder is the argument).
 */

#include "analyzer/hosts/whatif.h"

#include "host-case.h"
#include "host-flows.h"

#define START HOST_FLOWS_START_NS
#define SECOND HOST_FLOWS_SECOND_NS
#define MS (SECOND / 1000)
#define RECORD_TIME_WAIT_NS (60 * SECOND)

static const char *folder;

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

static const TimelineEntry with_timestamps[] = {
        { .flags = TCP_SYN, .ttl = 64, .marks = ENTRY_TIMESTAMP },
        { .flags = TCP_SYN | TCP_ACK, .ttl = 64, .marks = ENTRY_TIMESTAMP | ENTRY_SERVER },
};

/* Connections that @first closes, @per_second of them for @seconds. */
static void trial_closes(Trial *t, guint first, guint first_port, guint ports, guint per_second,
                         guint seconds) {
        for (guint i = 0; i < per_second * seconds; i++) {
                host_flow_init(&t->flow, ++t->flows, (guint16)(first_port + i % ports),
                               START + (gint64)i * SECOND / per_second, START + seconds * SECOND - 1);
                host_flow_close(&t->flow, first, RECORD_TIME_WAIT_NS);
                t->flow.timeline = with_timestamps;
                t->flow.n_timeline = G_N_ELEMENTS(with_timestamps);
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

/* The limit is of all that a host holds: of two services that 500 connections a second close, 5000 in all. */
static void test_max_tw_buckets_of_a_host(void) {
        g_autoptr(Trial) t = trial_new("linux", "tcp_max_tw_buckets=5000");
        guint64 peaks = 0;

        for (guint i = 0; i < 100000; i++) {
                host_flow_init(&t->flow, ++t->flows, (guint16)(1024 + i % 60000), START + i * MS, START + 100 * SECOND - 1);
                t->flow.side[SERVER].port = 80 + i % 2;
                host_flow_close(&t->flow, SERVER, RECORD_TIME_WAIT_NS);
                trial_add(t);
        }
        trial_end(t);
        for (guint16 port = 80; port <= 81; port++) {
                guint32 place = hosts_find_place(whatif_hosts(t->w), &t->flow.side[SERVER].address, port, TRUE);
                g_autoptr(Census) c = whatif_census(t->w, place);

                g_assert_cmpuint(c->peak[STATE_TIME_WAIT].count, >=, 2000);
                peaks += c->peak[STATE_TIME_WAIT].count;
        }
        g_assert_cmpuint(peaks, >=, 5000);
        g_assert_cmpuint(peaks, <=, 5010); /* not in the same second */
        g_assert_cmpuint(whatif_then(t->w)->overflow, ==, 90000 - 4);
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

/* ── Packet scripts ──────────────────────────────────────────────────────── */

#define OPEN(flow) "+.01 " flow " > S 0:0(0)\n+.01 " flow " < S. 0:0(0) ack 1\n+.01 " flow " > . 1:1(0) ack 1\n"
#define CLIENT_CLOSES(flow) \
        OPEN(flow) "+.01 " flow " > F. 1:1(0) ack 1\n+.01 " flow " < F. 1:1(0) ack 2\n+.01 " flow " > . 2:2(0) ack 2\n"
#define TIMESTAMPS " <TS val 1000 ecr 1000>\n"
#define CLIENT_CLOSES_WITH_TIMESTAMPS(flow) \
        "+.01 " flow " > S 0:0(0)" TIMESTAMPS "+.01 " flow " < S. 0:0(0) ack 1" TIMESTAMPS "+.01 " flow " > . 1:1(0) ack 1" TIMESTAMPS \
        "+.01 " flow " > F. 1:1(0) ack 1" TIMESTAMPS "+.01 " flow " < F. 1:1(0) ack 2" TIMESTAMPS "+.01 " flow " > . 2:2(0) ack 2" TIMESTAMPS
#define SERVER_CLOSES(flow) \
        OPEN(flow) "+.01 " flow " < F. 1:1(0) ack 1\n+.01 " flow " > F. 1:1(0) ack 2\n+.01 " flow " < . 2:2(0) ack 2\n"
#define HALF_CLOSED OPEN("A") "+.01 > F. 1:1(0) ack 1\n+.01 < . 1:1(0) ack 2\n"
#define FLOW_B "flow B 10.0.0.1:40001 > 10.0.0.2:80\n"
/* The next connection from the first one's port, with a lower ISN. */
#define LOWER_B "flow B 10.0.0.1:40000 > 10.0.0.2:80\nisn B client 900000\n"
#define TWO_PORTS { .port_first = 40000, .port_last = 40001 }

/* @differs: what is not the same under the setting: today's number and the other one */
static const struct {
        const char *assignment, *model;
        HostSettings settings;
        const char *script; /* or the name of a file */
        const char *differs;
} scripts[] = {
        { "tcp_fin_timeout=30", "linux", { 0 }, HALF_CLOSED "end +45\n", "FIN_WAIT_2 1 0 taken now 1 0 " },
        { "tcp_fin_timeout=30", "linux", { 0 }, HALF_CLOSED "+40 < F. 1:1(0) ack 2\n+.01 > . 2:2(0) ack 2\nend +9\n", "cut 0 1 " },
        { "tcp_fin_timeout=30", "linux", { 0 }, HALF_CLOSED "+20 < F. 1:1(0) ack 2\n+.01 > . 2:2(0) ack 2\nend +9\n", "" },
        { "tcp_fin_timeout=30", "freebsd", { 0 }, HALF_CLOSED "end +45\n", "" },
        /* a process holds it */
        { "tcp_fin_timeout=30", "linux", { 0 }, HALF_CLOSED "+40 < P. 1:101(100) ack 2\n+.01 > . 2:2(0) ack 101\nend +5\n", "" },
        { "tcp_fin_timeout=30", "linux", { 0 }, CLIENT_CLOSES("A") "end +45\n", "" },

        { "tcp_tw_reuse=1", "linux", TWO_PORTS,
          FLOW_B CLIENT_CLOSES_WITH_TIMESTAMPS("A") "end +2\n" CLIENT_CLOSES_WITH_TIMESTAMPS("B") "end +2\n", "taken 2 1 taken now 2 0 exhaustion observed never " },
        { "tcp_tw_reuse=1", "linux", TWO_PORTS, FLOW_B CLIENT_CLOSES("A") "end +2\n" CLIENT_CLOSES("B") "end +2\n", "" }, /* no timestamps */
        { "tcp_tw_reuse=1", "linux", TWO_PORTS, FLOW_B SERVER_CLOSES("A") "end +2\n" SERVER_CLOSES("B") "end +2\n", "" },
        { "tcp_tw_reuse=2", "linux", TWO_PORTS,
          FLOW_B CLIENT_CLOSES_WITH_TIMESTAMPS("A") "end +2\n" CLIENT_CLOSES_WITH_TIMESTAMPS("B") "end +2\n", "" },

        { "tcp_max_tw_buckets=1", "linux", { 0 }, FLOW_B CLIENT_CLOSES("A") CLIENT_CLOSES("B") "end +2\n", "TIME_WAIT peak 2 1 overflow 0 1 " },
        { "tcp_max_tw_buckets=2", "linux", { 0 }, FLOW_B CLIENT_CLOSES("A") CLIENT_CLOSES("B") "end +2\n", "" },
        { "tcp_max_tw_buckets=1", "linux", { 0 }, FLOW_B CLIENT_CLOSES("A") "end +65\n" CLIENT_CLOSES("B") "end +2\n", "" },

        { "ip_local_port_range=1024:65000", "linux", TWO_PORTS, FLOW_B CLIENT_CLOSES("A") CLIENT_CLOSES("B") "end +2\n", "exhaustion observed never " },
        { "ip_local_port_range=1024:65000", "linux", TWO_PORTS, FLOW_B CLIENT_CLOSES("A") "end +65\n" CLIENT_CLOSES("B") "end +2\n", "" },
        { "ip_local_port_range=1024:65000", "windows", TWO_PORTS, FLOW_B CLIENT_CLOSES("A") CLIENT_CLOSES("B") "end +2\n", "" },

        { "TcpTimedWaitDelay=30", "windows", { 0 }, SERVER_CLOSES("A") "end +45\n", "TIME_WAIT 1 0 taken now 1 0 " },
        { "TcpTimedWaitDelay=30", "windows", { 0 }, SERVER_CLOSES("A") "end +20\n", "" },
        { "TcpTimedWaitDelay=30", "linux", { 0 }, SERVER_CLOSES("A") "end +45\n", "" },
        /* a SYN is dropped in silence; a FIN comes again */
        { "TcpTimedWaitDelay=30", "windows", { 0 }, LOWER_B SERVER_CLOSES("A") "+45 B > S 0:0(0)\n+1 B > S 0:0(0)\n+2 B > S 0:0(0)\nend +90\n", "refused 1 0 " },
        { "TcpTimedWaitDelay=30", "windows", { 0 }, LOWER_B SERVER_CLOSES("A") "+20 B > S 0:0(0)\n+1 B > S 0:0(0)\n+2 B > S 0:0(0)\nend +110\n", "" },
        { "TcpTimedWaitDelay=30", "windows", { 0 }, SERVER_CLOSES("A") "+40 > F. 1:1(0) ack 2\n+.01 < . 2:2(0) ack 2\nend +130\n", "late 0 1 " },
        { "TcpTimedWaitDelay=30", "windows", { 0 }, SERVER_CLOSES("A") "+20 > F. 1:1(0) ack 2\n+.01 < . 2:2(0) ack 2\nend +130\n", "" },

        { "dyn_keepalive=0", "freebsd", { 0 }, "keepers-both-alive.pkt", "FIN_WAIT_2 1 0 taken now 1 0 kept 1 0 " },
        { "dyn_keepalive=0", "freebsd", { 0 }, "keepers-not-the-hosts-themselves.pkt", "" },

        /* 5 bytes were on their way, and 10 came after the FIN */
        { "linger=0", "linux", { 0 }, OPEN("A") "+.01 < P. 1:11(10) ack 1\n+.01 > . 1:1(0) ack 6\n+.01 < F. 11:11(0) ack 1\n+.01 > . 1:1(0) ack 12\n"
          "+.01 > P. 1:11(10) ack 12\n+.01 < . 12:12(0) ack 11\n+.01 > F. 11:11(0) ack 12\n+.01 < . 12:12(0) ack 12\nend +2\n",
          "TIME_WAIT 1 0 TIME_WAIT peak 1 0 taken 1 0 taken now 1 0 aborted 0 1 risk 0 15 " },
        { "linger=0", "linux", { 0 }, OPEN("A") "+.01 > R. 1:1(0) ack 1\nend +2\n", "" },
        { "linger=0", "windows", { 0 }, LOWER_B SERVER_CLOSES("A") "+20 B > S 0:0(0)\n+1 B > S 0:0(0)\n+2 B > S 0:0(0)\nend +110\n", "TIME_WAIT peak 1 0 taken 1 0 refused 1 0 aborted 0 1 " },

        { "tcp_tw_recycle=1", "linux", TWO_PORTS, FLOW_B CLIENT_CLOSES("A") CLIENT_CLOSES("B") "end +2\n", "" },
        { "SO_REUSEADDR=1", "linux", TWO_PORTS, FLOW_B SERVER_CLOSES("A") SERVER_CLOSES("B") "end +2\n", "" },
};

/* Of these nothing is replayed: they say what the setting does not do. */
static gboolean changes_nothing(Knob k) {
        return k == KNOB_TW_RECYCLE || k == KNOB_REUSEADDR;
}

typedef struct Numbers {
        guint64 now[STATES], peak[STATES], taken, taken_now;
        const char *exhaustion;
} Numbers;

/* All ends together; @w: (nullable) under its settings, else today. */
static Numbers numbers_of(const Hosts *h, const WhatIf *w) {
        Numbers n = { .exhaustion = "never" };

        for (guint32 i = 0; i < hosts_endpoints(h); i++) {
                g_autoptr(GArray) one = g_array_new(FALSE, FALSE, sizeof(guint32));
                g_autoptr(Census) c = NULL;

                g_array_append_val(one, i);
                c = w ? whatif_census(w, i) : hosts_census(h, one);
                for (guint state = 0; state < STATES; state++) {
                        n.now[state] += c->now.count[state];
                        n.peak[state] += c->peak[state].count;
                }
        }
        for (guint32 i = 0; i < hosts_pairs(h); i++) {
                PortBudget b;

                hosts_budget(h, i, &b);
                n.taken += b.taken.count;
                n.taken_now += b.taken_now;
                n.exhaustion = exhaustion_name(b.exhaustion);
        }
        return n;
}

static void compare(GString *text, const char *name, guint64 today, guint64 then) {
        if (today != then)
                g_string_append_printf(text, "%s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " ", name, today, then);
}

static char *differences(const Trial *t) {
        const WhatIfCounts *a = whatif_today(t->w), *b = whatif_then(t->w);
        Numbers today = numbers_of(t->today, NULL), then = numbers_of(whatif_hosts(t->w), t->w);
        GString *text = g_string_new(NULL);

        compare(text, "FIN_WAIT_2", today.now[STATE_FIN_WAIT_2], then.now[STATE_FIN_WAIT_2]);
        compare(text, "FIN_WAIT_2 peak", today.peak[STATE_FIN_WAIT_2], then.peak[STATE_FIN_WAIT_2]);
        compare(text, "TIME_WAIT", today.now[STATE_TIME_WAIT], then.now[STATE_TIME_WAIT]);
        compare(text, "TIME_WAIT peak", today.peak[STATE_TIME_WAIT], then.peak[STATE_TIME_WAIT]);
        compare(text, "taken", today.taken, then.taken);
        compare(text, "taken now", today.taken_now, then.taken_now);
        if (!g_str_equal(today.exhaustion, then.exhaustion))
                g_string_append_printf(text, "exhaustion %s %s ", today.exhaustion, then.exhaustion);
        compare(text, "refused", a->refused, b->refused);
        compare(text, "cut", a->cut, b->cut);
        compare(text, "late", a->late_fins, b->late_fins);
        compare(text, "overflow", a->overflow, b->overflow);
        compare(text, "kept", a->kept_by_box, b->kept_by_box);
        compare(text, "aborted", a->aborted, b->aborted);
        compare(text, "risk", a->risk_bytes, b->risk_bytes);
        return g_string_free(text, FALSE);
}

static void take_flow(const FlowRecord *f, gpointer data) {
        Trial *t = data;

        hosts_add(t->today, f);
        whatif_add(t->w, t->today, f);
}

static void test_script(gconstpointer data) {
        guint i = GPOINTER_TO_UINT(data);
        g_autoptr(Trial) t = trial_new(scripts[i].model, scripts[i].assignment);
        g_autofree char *path = g_build_filename(folder, scripts[i].script, NULL), *file = NULL, *differs = NULL;
        g_autoptr(Settings) s = NULL;

        t->choice.settings = scripts[i].settings;
        if (g_str_has_suffix(scripts[i].script, ".pkt"))
                g_assert_true(g_file_get_contents(path, &file, NULL, NULL));
        s = host_case_run_each(file ? file : scripts[i].script, take_flow, t);
        trial_end(t);
        differs = differences(t);
        g_assert_cmpstr(differs, ==, scripts[i].differs);
}

/* Each setting has a script where it changes the outcome, and one where it does not. */
static void test_all_settings(void) {
        for (guint k = 0; k < KNOBS; k++) {
                gboolean changes = FALSE, does_not = FALSE;

                for (guint i = 0; i < G_N_ELEMENTS(scripts); i++) {
                        if (!g_str_has_prefix(scripts[i].assignment, knob_name(k)))
                                continue;
                        changes |= *scripts[i].differs != '\0';
                        does_not |= *scripts[i].differs == '\0';
                }
                if (changes == changes_nothing(k) || !does_not)
                        g_error("%s lacks a script", knob_name(k));
        }
}

/* ── What is none ────────────────────────────────────────────────────────── */

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
        g_assert_cmpint(argc, ==, 2);
        folder = argv[1];
        g_test_add_func("/whatif/fin-timeout/peak", test_fin_timeout);
        g_test_add_func("/whatif/fin-timeout/no-time-wait", test_fin_timeout_and_time_wait);
        g_test_add_func("/whatif/tw-reuse", test_tw_reuse);
        g_test_add_func("/whatif/port-range", test_port_range);
        g_test_add_func("/whatif/max-tw-buckets", test_max_tw_buckets);
        g_test_add_func("/whatif/max-tw-buckets/of-a-host", test_max_tw_buckets_of_a_host);
        g_test_add_func("/whatif/timed-wait-delay", test_timed_wait_delay);
        for (guint i = 0; i < G_N_ELEMENTS(scripts); i++) {
                g_autofree char *path = g_strdup_printf("/whatif/script/%u/%s", i, scripts[i].assignment);

                g_test_add_data_func(path, GUINT_TO_POINTER(i), test_script);
        }
        g_test_add_func("/whatif/all-settings", test_all_settings);
        g_test_add_func("/whatif/wrong", test_wrong);
        return g_test_run();
}
