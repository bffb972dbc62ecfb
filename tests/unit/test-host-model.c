/* SPDX-License-Identifier: BSD-3-Clause */

/* The timers of host models, forwards and backwards, against what documents quote and what was measured. */

#include <string.h>

#include "analyzer/hosts/model.h"

#define MS_NS G_GINT64_CONSTANT(1000000)
#define SECOND_NS (1000 * MS_NS)

static HostInterval fin_wait_2(const char *model, guint32 fin_timeout_s) {
        HostSettings settings = { .fin_timeout_s = fin_timeout_s };

        return host_model_fin_wait_2(host_model_parse(model), &settings, TRUE);
}

static void assert_within(HostInterval i, gint64 from_ms, gint64 to_ms, gint64 longest_ms) {
        g_assert_cmpint(i.at_least_ns, <=, from_ms * MS_NS);
        g_assert_cmpint(i.at_most_ns, >=, to_ms * MS_NS);
        g_assert_cmpint(i.at_most_ns, <=, longest_ms * MS_NS);
}

/* Shortest and longest life that was measured on 6.18, HZ 250, and what it must not be said to exceed. */
static void test_linux_measured(void) {
        static const struct {
                guint32 t;
                gint64 from_ms, to_ms, longest_ms;
        } cases[] = {
                { 3, 3050, 3260, 3300 },      { 5, 5020, 5250, 5600 },        { 7, 7060, 7240, 7700 },
                { 60, 60800, 60900, 65200 },  { 61, 2100, 2100, 2700 },       { 62, 4100, 4100, 4600 },
                { 65, 10400, 10400, 11200 },  { 70, 20300, 20300, 21500 },    { 119, 119500, 119500, 130000 },
                { 121, 123500, 123500, 134000 },
        };

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                HostInterval life = fin_wait_2("linux", cases[i].t);

                assert_within(life, cases[i].from_ms, cases[i].to_ms, cases[i].longest_ms);
                g_assert_cmpint(life.at_least_ns, ==, (cases[i].t <= 60 ? cases[i].t : 2 * (cases[i].t - 60)) * SECOND_NS);
        }
}

/* "T up to 3 s: T in steps of 1/8 s; up to 60 s: T and up to about 7 s, not over 14 s; above: T - 60, and T - 60 with the same slack." */
static void test_linux_3_quoted(void) {
        assert_within(fin_wait_2("linux-3", 3), 2900, 3100, 3200);
        assert_within(fin_wait_2("linux-3", 5), 5000, 12000, 15000);
        assert_within(fin_wait_2("linux-3", 7), 7000, 14000, 15000);
        assert_within(fin_wait_2("linux-3", 65), 10000, 17000, 20600);
        assert_within(fin_wait_2("linux-3", 60), 52500, 60000, 60200);
}

static void test_other_rules(void) {
        const HostModel *linux_model = host_model_parse("LINUX"), *rfc = host_model_parse("rfc9293");

        g_assert_true(host_model_default() == linux_model);
        g_assert_null(host_model_parse("beos"));
        g_assert_cmpint(host_model_fin_wait_2_ns(linux_model, NULL, TRUE), ==, 60 * SECOND_NS);
        g_assert_cmpint(host_model_fin_wait_2_ns(linux_model, NULL, FALSE), ==, HOST_FOREVER);
        g_assert_cmpint(host_model_fin_wait_2_ns(rfc, NULL, TRUE), ==, HOST_FOREVER);
        g_assert_cmpint(host_model_fin_wait_2_ns(host_model_parse("freebsd"), NULL, TRUE), ==, 600 * SECOND_NS);
        g_assert_cmpint(host_model_fin_wait_2_ns(host_model_parse("solaris"), NULL, TRUE), ==, 675 * SECOND_NS);
        g_assert_cmpint(host_model_time_wait_ns(host_model_parse("windows"), NULL), ==, 120 * SECOND_NS);
        g_assert_cmpint(host_model_time_wait_ns(host_model_parse("windows"), &(HostSettings){ .time_wait_s = 30 }), ==, 30 * SECOND_NS);
        g_assert_cmpint(host_model_time_wait_ns(rfc, NULL), ==, 240 * SECOND_NS);
        /* late by up to 2.05 s at HZ 250, never early */
        assert_within(host_model_time_wait(linux_model, NULL), 60000, 62050, 65200);
        g_assert_cmpint(host_model_time_wait(linux_model, NULL).at_least_ns, ==, 60 * SECOND_NS);
}

static char *explain(const char *model, gint64 from_ms, gint64 to_ms) {
        HostInterval observed = { from_ms * MS_NS, to_ms == G_MAXINT64 ? HOST_FOREVER : to_ms * MS_NS };
        HostRange ranges[HOST_RANGES_MAX];
        guint n = host_model_explain_fin_wait_2(host_model_parse(model), observed, ranges);
        GString *text = g_string_new(NULL);

        for (guint i = 0; i < n; i++) {
                g_string_append_printf(text, "%s%u", i ? " " : "", ranges[i].from_s);
                if (ranges[i].to_s == G_MAXUINT32)
                        g_string_append_c(text, '+');
                else if (ranges[i].to_s != ranges[i].from_s)
                        g_string_append_printf(text, "-%u", ranges[i].to_s);
        }
        return g_string_free(text, FALSE);
}

static void test_inverse(void) {
        static const struct {
                const char *model;
                gint64 from_ms, to_ms;
                const char *settings;
        } cases[] = {
                { "linux", 20100, 20400, "19-20 70" }, /* at HZ 250 a timer of 19 s can be 2 s late */
                { "linux", 0, 3100, "1-3 61" },
                { "linux", 5100, 5300, "5" },
                { "linux", 10300, 10500, "10 65" },
                { "linux", 119000, 121000, "115-120" },
                { "linux", 61000, G_MAXINT64, "56-60 89+" },
                { "linux", 0, 500, "" },
                { "linux", 0, G_MAXINT64, "1-60 61+" },
                { "windows", 119000, 125000, "108-125" },
                { "rfc9293", 10000, G_MAXINT64, "" },
        };

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *settings = explain(cases[i].model, cases[i].from_ms, cases[i].to_ms);

                g_assert_cmpstr(settings, ==, cases[i].settings);
        }
}

/* Whatever a setting does must be explained by it, among others. */
static void test_inverse_has_the_truth(void) {
        static const char *const names[] = { "linux", "linux-3", "freebsd", "windows" };

        for (guint m = 0; m < G_N_ELEMENTS(names); m++) {
                for (guint32 t = 1; t < 200; t++) {
                        HostInterval life = fin_wait_2(names[m], t);
                        gint64 at_ns[] = { life.at_least_ns, (life.at_least_ns + life.at_most_ns) / 2, life.at_most_ns };

                        for (guint i = 0; i < G_N_ELEMENTS(at_ns); i++) {
                                HostRange ranges[HOST_RANGES_MAX];
                                guint n = host_model_explain_fin_wait_2(host_model_parse(names[m]), (HostInterval){ at_ns[i], at_ns[i] }, ranges);
                                gboolean found = FALSE;

                                for (guint r = 0; r < n; r++)
                                        found |= ranges[r].from_s <= t && t <= ranges[r].to_s;
                                g_assert_true(found);
                        }
                }
        }
}

static void test_ports(void) {
        guint16 first, last;

        g_assert_cmpuint(host_model_ports(host_model_default(), NULL, &first, &last), ==, 28232);
        g_assert_cmpuint(first, ==, 32768);
        g_assert_cmpuint(last, ==, 60999);
        g_assert_cmpuint(host_model_ports(host_model_parse("windows"), NULL, &first, &last), ==, 16384);
        g_assert_cmpuint(host_model_ports(host_model_default(), &(HostSettings){ .port_first = 1024, .port_last = 65535 }, &first, &last), ==, 64512);
}

static void test_rows(void) {
        for (guint i = 0; i < host_models(); i++) {
                const HostModel *m = host_model(i);
                guint16 first, last;

                g_assert_true(host_model_parse(m->name) == m);
                g_assert_true(*m->title && strlen(m->source) > 20);
                g_assert_cmpuint(m->time_wait_s, >, 0);
                g_assert_true((m->fin_timeout_s == 0) == (m->fin_wait_2 == FIN_WAIT_2_FOREVER));
                g_assert_cmpuint(host_model_ports(m, NULL, &first, &last), >, 1000);
                g_assert_cmpint(m->reaction[HOST_TIME_WAIT_SYN_UP], ==, REACTION_ACCEPT);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/host-model/linux-measured", test_linux_measured);
        g_test_add_func("/host-model/linux-3-quoted", test_linux_3_quoted);
        g_test_add_func("/host-model/other-rules", test_other_rules);
        g_test_add_func("/host-model/inverse", test_inverse);
        g_test_add_func("/host-model/inverse-has-the-truth", test_inverse_has_the_truth);
        g_test_add_func("/host-model/ports", test_ports);
        g_test_add_func("/host-model/rows", test_rows);
        return g_test_run();
}
