/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * No interval excludes what was set: a Linux whose timers are known is played, with any tcp_fin_timeout, HZ, round trip, capture
 * point, and with processes that close at once or hold their socket first; what is inferred must hold its setting.
 */

#include "host-case.h"

#define SEEDS 150
#define FLOWS_MAX 4U
#define PROBES_MAX 5U

/* Times in seconds since the flow's SYN, at the client, which closes first. */
typedef struct Play {
        GRand *rand;
        GString *script;
        guint32 fin_timeout;
        guint hz;
        gdouble near, far; /* one way, from the client to the capture point and from there to the server */
        gdouble start;     /* of the flow, at the client */
        guint flow;
        gboolean holds[FLOWS_MAX]; /* a process shuts its socket down and closes it later */
} Play;

/* When it runs out: the wheel of kernel/time/timer.c, from any moment. */
static gdouble timer_end(Play *p, gdouble from, gdouble duration) {
        guint64 now = (guint64)((from + 1000) * p->hz), expires = now + (guint64)(duration * p->hz + .999), step = 1;

        while (expires - now >= 63 * step)
                step *= 8;
        return (gdouble)((expires + step - 1) / step * step + 1) / p->hz - 1000;
}

static void put(Play *p, gdouble client_time, gboolean by_client, const char *packet) {
        gdouble seen = p->start + client_time + (by_client ? p->near : -p->near);

        g_string_append_printf(p->script, "%.6f %c %c %s\n", seen, 'A' + (char)p->flow, by_client ? '>' : '<', packet);
}

/* net/ipv4/tcp.c __tcp_close() and tcp_fin_time(): when a socket that was closed at @closed is gone, and when it becomes a mini-socket. */
static gdouble gone_at(Play *p, gdouble closed, gdouble *mini_from) {
        gdouble rtt = 2 * (p->near + p->far), rto = rtt + MAX(.2, 2 * rtt), fin_time = MAX((gdouble)p->fin_timeout, 3.5 * rto);

        *mini_from = fin_time > 60 ? timer_end(p, closed, fin_time - 60) : closed;
        return timer_end(p, *mini_from, MAX(fin_time > 60 ? fin_time - 60 : fin_time, 3.5 * rto));
}

/* One connection, and probes of it until a FIN ends it or a RST does. */
static gdouble play_flow(Play *p) {
        gdouble rtt = 2 * (p->near + p->far), acked = 2 * rtt + .1 + (g_rand_boolean(p->rand) ? .04 : 0), mini_from, at = acked, gone;
        gboolean holds = p->holds[p->flow] = g_rand_int_range(p->rand, 0, 3) == 0;
        gdouble closed = holds ? acked + g_rand_double_range(p->rand, 1, 40) : acked;
        guint probes = (guint)g_rand_int_range(p->rand, 0, PROBES_MAX);

        put(p, 0, TRUE, "S 0:0(0)");
        put(p, rtt, FALSE, "S. 0:0(0) ack 1 {ip_id 0}");
        put(p, rtt, TRUE, ". 1:1(0) ack 1");
        put(p, rtt + .1, TRUE, "F. 1:1(0) ack 1");
        put(p, acked, FALSE, ". 1:1(0) ack 2");
        gone = gone_at(p, closed, &mini_from);
        for (guint i = 0; i <= probes; i++) {
                gboolean fin = i == probes;

                /* often near the end, where it matters */
                at = MAX(at + 1, g_rand_boolean(p->rand) ? gone + g_rand_double_range(p->rand, -2, 2) : at + g_rand_double_range(p->rand, 1, 30));
                put(p, at, FALSE, fin ? "F. 1:1(0) ack 2" : ". 0:0(0) ack 2");
                if (at >= gone) {
                        put(p, at, TRUE, "R 2:2(0)");
                        break;
                }
                put(p, at, TRUE, fin ? at >= mini_from ? ". 2:2(0) ack 2 {ip_id 0}" : ". 2:2(0) ack 2" : at >= mini_from ? ". 2:2(0) ack 1 {ip_id 0}" : ". 2:2(0) ack 1");
        }
        return at + 1;
}

static void play(Play *p, guint32 seed) {
        guint flows = (guint)g_rand_int_range(p->rand, 1, FLOWS_MAX + 1);
        static const guint hz[] = { 100, 250, 300, 1000 };

        p->hz = hz[g_rand_int_range(p->rand, 0, G_N_ELEMENTS(hz))];
        p->fin_timeout = seed % 3 ? (guint32)g_rand_int_range(p->rand, 1, 61) : (guint32)g_rand_int_range(p->rand, 61, 125);
        p->near = g_rand_double_range(p->rand, 0, .05);
        p->far = g_rand_double_range(p->rand, 0, .05);
        p->start = 1;
        for (guint i = 1; i < flows; i++)
                g_string_append_printf(p->script, "flow %c 10.0.0.1:%u > 10.0.0.2:80\n", 'A' + (char)i, 40000 + i);
        for (p->flow = 0; p->flow < flows; p->flow++)
                p->start += play_flow(p);
        g_string_append(p->script, "end +400\n");
}

/* ── What a connection's TD103 says ──────────────────────────────────────── */

static guint told; /* findings with settings */

static gint64 seconds_of(const Finding *f, const char *name, gint64 otherwise) {
        const FindingValue *v = finding_value(f, name);

        return v ? v->integer / G_GINT64_CONSTANT(1000000000) : otherwise;
}

static gboolean is_in_range(const Finding *f, const char *from, const char *to, guint32 t) {
        gint64 to_s = seconds_of(f, to, -1);

        return seconds_of(f, from, to_s) <= t && t <= to_s;
}

static void check_finding(const FlowRecord *f, gpointer data) {
        const Play *p = data;
        const Finding *expired = record_finding(f, FINDING_FIN_WAIT_2_EXPIRED, CLIENT);

        if (!expired || !finding_value(expired, "fin_timeout_to_ns"))
                return;
        told++;
        g_assert_true(is_in_range(expired, "fin_timeout_from_ns", "fin_timeout_to_ns", p->fin_timeout) ||
                      is_in_range(expired, "or_fin_timeout_from_ns", "or_fin_timeout_to_ns", p->fin_timeout));
        if (finding_value(expired, "closed_to_ns") && !p->holds[f->number - 1])
                g_assert_true(is_in_range(expired, "closed_from_ns", "closed_to_ns", p->fin_timeout) ||
                              is_in_range(expired, "or_closed_from_ns", "or_closed_to_ns", p->fin_timeout));
}

/* ── What all of a host's say ────────────────────────────────────────────── */

static guint narrow; /* seeds of which at least half of the settings were ruled out */

static gboolean is_in(const HostRange *ranges, guint n, guint32 t) {
        for (guint i = 0; i < n; i++)
                if (ranges[i].from_s <= t && t <= ranges[i].to_s)
                        return TRUE;
        return FALSE;
}

static void test_seed(gconstpointer data) {
        guint32 seed = GPOINTER_TO_UINT(data);
        Play p = { .rand = g_rand_new_with_seed(seed), .script = g_string_new(NULL) };
        Address address = { .bytes = { [10] = 0xff, [11] = 0xff, 10, 0, 0, 1 } };
        g_autoptr(Settings) s = NULL;
        gboolean held = FALSE, found;
        HostLearned learned;
        guint possible = 0;

        play(&p, seed);
        s = host_case_run_each(p.script->str, check_finding, &p);
        settings_learn(s, &address, &learned);
        for (guint i = 0; i < learned.n_fin_timeout; i++)
                possible += MIN(learned.fin_timeout[i].to_s, 125) - MIN(learned.fin_timeout[i].from_s, 126) + 1;
        for (guint i = 0; i < FLOWS_MAX; i++)
                held |= p.holds[i];
        found = is_in(learned.fin_timeout, learned.n_fin_timeout, p.fin_timeout) &&
                (held || is_in(learned.fin_timeout_closed, learned.n_fin_timeout_closed, p.fin_timeout));
        if (learned.has_fin_timeout && !found)
                g_print("tcp_fin_timeout %u, HZ %u:\n%s", p.fin_timeout, p.hz, p.script->str);
        g_assert_true(found || !learned.has_fin_timeout);
        narrow += learned.has_fin_timeout && possible < 63;
        g_rand_free(p.rand);
        g_string_free(p.script, TRUE);
}

/* An inference that says nothing is never wrong. */
static void test_narrow(void) {
        g_test_message("%u of %u", narrow, SEEDS);
        g_assert_cmpuint(narrow, >, SEEDS / 3);
        g_assert_cmpuint(told, >, SEEDS);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        for (guint32 seed = 0; seed < SEEDS; seed++) {
                g_autofree char *path = g_strdup_printf("/host-lifetimes/%u", seed);

                g_test_add_data_func(path, GUINT_TO_POINTER(seed), test_seed);
        }
        g_test_add_func("/host-lifetimes/narrow", test_narrow);
        return g_test_run();
}
