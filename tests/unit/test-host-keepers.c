/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Firewalls that keep half-closed connections alive: the scripts keepers-*.pkt, whose folder is the argument, and what
 * several flows add up to.
 */

#include "host-case.h"

#include "reports/keepers_words.h"

#define SECOND_NS G_GINT64_CONSTANT(1000000000)

static const char *folder;

/* "ttl 61 flows 1/1 probes 24 burst 4 step 5.00 period 295.00 ipfw; answered/silent 1; longest 885" */
static char *text_of(const Settings *s) {
        const Keepers *keepers = settings_keepers(s);
        GString *text = g_string_new(NULL);

        for (guint i = 0; i < keepers->n; i++) {
                const Keeper *k = &keepers->box[i];

                g_string_append_printf(text, "%sttl %u flows %u/%u probes %u burst %u", i ? " + " : "", k->ttl, (guint)k->open_flows, (guint)k->flows, (guint)k->probes, k->burst_max);
                if (k->step.least.flow)
                        g_string_append_printf(text, " step %.1f", (gdouble)k->step.least.ns / 1e9);
                if (k->period.least.flow)
                        g_string_append_printf(text, " period %.1f", (gdouble)k->period.least.ns / 1e9);
                g_string_append(text, keeper_is_ipfw(k) ? " ipfw" : "");
                for (guint closer = 0; closer < PROBE_ANSWERS; closer++)
                        for (guint holder = 0; holder < PROBE_ANSWERS; holder++)
                                if (k->answers[closer][holder])
                                        g_string_append_printf(text, "; %s/%s %u", probe_answer_name(closer), probe_answer_name(holder), (guint)k->answers[closer][holder]);
                if (k->longest.flow)
                        g_string_append_printf(text, "; longest %.0f", (gdouble)k->longest.ns / 1e9);
        }
        return g_string_free(text, FALSE);
}

#define STORY "1 half-closed connection of 10.0.0.1 with 10.0.0.2:80 is kept by a box with hop limit 61, as FreeBSD's ipfw does it: "
#define SINCE ", since 00:04:40.150 (frame 9); "

static const struct {
        const char *name, *story, *sentence;
} scripts[] = {
        { "keepers-both-alive.pkt", "ttl 61 flows 1/1 probes 6 burst 1 period 280.0 ipfw; answered/answered 1; longest 840",
          STORY "probes every 280 s" SINCE "both ends answer" },
        { "keepers-close-wait-silent.pkt", "ttl 61 flows 1/1 probes 24 burst 4 step 5.0 period 295.0 ipfw; answered/silent 1; longest 885",
          STORY "bursts of up to 4 probes 5 s apart every 295 s" SINCE "FIN_WAIT_2 answers, CLOSE_WAIT is silent" },
        { "keepers-fin-wait-2-silent.pkt", "ttl 61 flows 1/1 probes 24 burst 4 step 5.0 period 295.0 ipfw; silent/answered 1",
          STORY "bursts of up to 4 probes 5 s apart every 295 s" SINCE "CLOSE_WAIT answers, FIN_WAIT_2 is silent" },
        { "keepers-not-the-hosts-themselves.pkt", "", "" },
};

static void test_script(gconstpointer data) {
        guint i = GPOINTER_TO_UINT(data);
        g_autofree char *path = g_build_filename(folder, scripts[i].name, NULL), *story = NULL;
        g_autoptr(Settings) s = host_case_load(path);
        g_autoptr(GString) sentence = g_string_new(NULL);

        story = text_of(s);
        g_assert_cmpstr(story, ==, scripts[i].story);
        for (guint k = 0; k < settings_keepers(s)->n; k++)
                keeper_summary(sentence, &(ReportContext){ .n_captures = 1 }, &settings_keepers(s)->box[k]);
        g_assert_cmpstr(sentence->str, ==, scripts[i].sentence);
}

/* Which end lives by the probes is the model's word; one that outlasts its timer is held, or is another TCP. */
static void test_models(void) {
        g_autofree char *path = g_build_filename(folder, "keepers-both-alive.pkt", NULL);
        g_autoptr(Settings) s = host_case_load(path);
        const Keeper *k = &settings_keepers(s)->box[0];

        g_assert_cmpint(keeper_effect(k, host_model_parse("freebsd")), ==, KEPT_BY_PROBES);
        g_assert_cmpint(keeper_effect(k, host_model_parse("linux")), ==, KEPT_BY_NOTHING);
        g_assert_cmpint(keeper_effect(k, host_model_parse("rfc9293")), ==, KEPT_BY_ITSELF);
        g_assert_true(keeper_outlasts(k, host_model_parse("linux")));
        g_assert_true(keeper_outlasts(k, host_model_parse("solaris")));
        g_assert_false(keeper_outlasts(k, host_model_parse("freebsd")));
}

#define FLOW(letter, time) \
        time " " letter " > S 0:0(0)\n+.01 " letter " < S. 0:0(0) ack 1\n+.01 " letter " > . 1:1(0) ack 1\n" \
        "+.1 " letter " > F. 1:1(0) ack 1\n+.01 " letter " < . 1:1(0) ack 2\n"
#define PROBES(letter, time, ttl) time " " letter " < . 0:0(0) ack 2 win 0 {ttl " ttl ", ip_id 0}\n+5 " letter " < . 0:0(0) ack 2 win 0 {ttl " ttl ", ip_id 0}\n"

/* Three a day apart, of which one closes at last, and one of another box. */
static void test_several(void) {
        g_autoptr(Settings) s = host_case_run(
                "flow B 10.0.0.3:40001 > 10.0.0.2:80\nflow C 10.0.0.4:40002 > 10.0.0.2:80\nflow D 10.0.0.5:40003 > 10.0.0.9:80\n"
                FLOW("A", "0") PROBES("A", "+280", "61") FLOW("B", "86400") PROBES("B", "+280", "61") FLOW("C", "172800") PROBES("C", "+280", "61")
                FLOW("D", "172900.5") PROBES("D", "+280", "33") "+1 C < F. 1:1(0) ack 2\n+.01 C > . 2:2(0) ack 2\nend +9\n");
        g_autofree char *story = text_of(s);
        const Keeper *k = &settings_keepers(s)->box[0];

        g_assert_cmpuint(settings_keepers(s)->n, ==, 2);
        g_assert_cmpuint(k->ttl, ==, 61);
        g_assert_cmpuint(k->flows, ==, 3);
        g_assert_cmpuint(k->open_flows, ==, 2);
        g_assert_cmpuint(k->first_flow, ==, 1);
        g_assert_cmpuint(frame_ref_number(k->first_frame), ==, 6);
        g_assert_true(k->several_closers);
        g_assert_false(k->several_holders);
        g_assert_cmpfloat_with_epsilon(keeper_growth_per_day(k), 1, 1e-6);
        g_assert_cmpuint(k->answers[PROBE_SILENT][PROBE_NOT_SEEN], ==, 3);
        g_assert_cmpfloat(keeper_growth_per_day(&settings_keepers(s)->box[1]), ==, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_assert_cmpint(argc, ==, 2);
        folder = argv[1];
        for (guint i = 0; i < G_N_ELEMENTS(scripts); i++) {
                g_autofree char *path = g_strdup_printf("/host-keepers/%s", scripts[i].name);

                g_test_add_data_func(path, GUINT_TO_POINTER(i), test_script);
        }
        g_test_add_func("/host-keepers/models", test_models);
        g_test_add_func("/host-keepers/several", test_several);
        return g_test_run();
}
