/* SPDX-License-Identifier: BSD-3-Clause */

/* What the flows of a host tell of its settings: packet scripts through the pipeline, and what was learned, as text. */

#include "host-case.h"

static Address host(guint8 last) {
        Address a = { .bytes = { [10] = 0xff, [11] = 0xff, 10, 0, 0, last } };

        return a;
}

static void append_bound(GString *text, const char *name, const HostBound *b) {
        if (b->flow)
                g_string_append_printf(text, " %s %.2f #%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, name, (double)b->ns / 1e9, b->flow,
                                       frame_ref_number(b->from), frame_ref_number(b->to));
}

static void append_ranges(GString *text, const char *name, const HostRange *ranges, guint n) {
        g_string_append_printf(text, " %s", name);
        for (guint i = 0; i < n; i++)
                g_string_append_printf(text, ranges[i].to_s == G_MAXUINT32 ? " %u+" : ranges[i].to_s != ranges[i].from_s ? " %u-%u" : " %u", ranges[i].from_s,
                                       ranges[i].to_s);
}

/* "fin_wait_2 >= 20.84 #1 8-10 <= 21.35 #1 8-12; T 19-21 70 closed 19-21 70" */
static char *learned_text(const Settings *s, guint8 last) {
        Address address = host(last);
        const HostEvidence *e = settings_of(s, &address);
        GString *text = g_string_new(NULL);
        HostLearned learned;

        settings_learn(s, &address, &learned);
        for (guint i = 0; e && i < DURATIONS; i++) {
                const HostDuration *d = &e->duration[i];

                if (!d->at_least.flow && !d->at_most.flow)
                        continue;
                g_string_append_printf(text, "%s%s", text->len ? "; " : "", duration_kind_name(i));
                append_bound(text, ">=", &d->at_least);
                append_bound(text, "<=", &d->at_most);
                g_string_append(text, learned.contradiction[i] ? " contradiction" : "");
        }
        if (learned.has_fin_timeout) {
                append_ranges(text, "T", learned.fin_timeout, learned.n_fin_timeout);
                append_ranges(text, "closed", learned.fin_timeout_closed, learned.n_fin_timeout_closed);
        }
        if (e && e->keepalives.flows) {
                g_string_append(text, "; keepalive");
                append_bound(text, "idle", &e->keepalive_idle.least);
                append_bound(text, "every", &e->keepalive_interval.least);
                g_string_append_printf(text, " x%u", e->keepalive_probes_max);
        }
        if (e && e->recycled.flows)
                g_string_append_printf(text, "; recycled %u/%u after %.2f", (guint)e->recycled_signature.flows, (guint)e->recycled.flows, (double)e->recycled_after.ns / 1e9);
        if (learned.basis != MODEL_DEFAULT || learned.score[0].verdict == VERDICT_INCONSISTENT)
                g_string_append_printf(text, "; %s, linux %s because of %s #%u", learned.model->name, verdict_name(learned.score[0].verdict), learned.score[0].why,
                                       (guint)learned.score[0].flow);
        return g_string_free(text, FALSE);
}

#define HANDSHAKE \
        "0 > S 0:0(0)\n" \
        "+.005 < S. 0:0(0) ack 1 {ip_id 0}\n" \
        "+.005 > . 1:1(0) ack 1\n" \
        "+.01 > P. 1:101(100) ack 1\n" \
        "+.01 < P. 1:501(500) ack 101\n" \
        "+.01 > . 101:101(0) ack 501\n"
/* The client closes, and its FIN is acknowledged at 0.15 s in frame 8. */
#define CLIENT_CLOSES \
        HANDSHAKE \
        "+.1 > F. 101:101(0) ack 501\n" \
        "+.01 < . 501:501(0) ack 102\n"
#define PROBE "< . 500:500(0) ack 102\n"
/* The server holds TIME_WAIT. */
#define SERVER_CLOSES \
        HANDSHAKE \
        "+.1 < F. 501:501(0) ack 101\n" \
        "+.01 > . 101:101(0) ack 502\n" \
        "+.1 > F. 101:101(0) ack 502\n" \
        "+.01 < . 502:502(0) ack 102\n"
/* From a mini-socket: of a socket that no process holds. */
#define ANSWER "+.01 > . 102:102(0) ack 501 {ip_id 0}\n"
#define FULL_ANSWER "+.01 > . 102:102(0) ack 501\n"
#define FORGOTTEN "+.01 > R 102:102(0)\n"

static const struct {
        const char *name;
        const char *script;
        guint8 host;
        const char *learned;
} cases[] = {
        { "twenty-seconds", CLIENT_CLOSES "+1 " PROBE ANSWER "+20 " PROBE ANSWER "+.3 " PROBE FORGOTTEN "end +9\n", 1, "fin_wait_2 >= 20.96 #1 8-12 <= 21.39 #1 8-14; fin_wait_2_orphan >= 19.95 #1 10-12 T 18-21 70 closed 19-21 70" },
        { "clock-set-back", CLIENT_CLOSES "+1 " PROBE ANSWER "+20 " PROBE ANSWER "10 " PROBE FORGOTTEN "end 40\n", 1, "" },
        { "only-an-upper-bound", CLIENT_CLOSES "+12 < F. 501:501(0) ack 102\n" FORGOTTEN "end +9\n", 1, "fin_wait_2 <= 12.07 #1 8-10 T 1-12 61-66 closed 1-12 61-66" },
        { "not-by-data", CLIENT_CLOSES "+12 < P. 501:601(100) ack 102\n" FORGOTTEN "end +9\n", 1, "" },
        { "not-by-data-and-fin", CLIENT_CLOSES "+12 < FP. 501:601(100) ack 102\n" FORGOTTEN "end +9\n", 1, "" },
        { "not-after-another-rst", CLIENT_CLOSES "+.001 > R. 102:102(0) ack 501\n+12 < F. 501:501(0) ack 102\n" FORGOTTEN "end +9\n", 1, "" },
        { "held-by-a-process", CLIENT_CLOSES "+1 " PROBE FULL_ANSWER "+90 " PROBE FULL_ANSWER "end +9\n", 1, "path >= 90.00 #1 10-11" },
        { "half-close", CLIENT_CLOSES "+30 < P. 501:601(100) ack 102\n+.01 > . 102:102(0) ack 601\n+60 < F. 601:601(0) ack 102\n+.01 > . 102:102(0) ack 602\nend +9\n", 1, "path >= 60.00 #1 10-11" },
        { "shut-down-and-closed-later",
          "flow B 10.0.0.1:40001 > 10.0.0.2:80\n" CLIENT_CLOSES "+40 " PROBE ANSWER "+1 < F. 501:501(0) ack 102\n+.01 > . 102:102(0) ack 502 {ip_id 0}\n"
          "+1 B > S 0:0(0)\n+.01 B < S. 0:0(0) ack 1 {ip_id 0}\n+.01 B > . 1:1(0) ack 1\n+.1 B > F. 1:1(0) ack 1\n+.01 B < . 1:1(0) ack 2\n"
          "+6 B < F. 1:1(0) ack 2\n+.01 B > R 2:2(0)\nend +9\n", 1, "fin_wait_2 >= 40.96 #1 8-12 <= 6.07 #2 17-19 contradiction; path >= 40.00 #1 8-9 T 1-6 61-63 closed" },
        { "contradiction",
          "flow B 10.0.0.1:40001 > 10.0.0.2:80\n" CLIENT_CLOSES "+1 " PROBE ANSWER "+40 " PROBE ANSWER
          "+1 B > S 0:0(0)\n+.01 B < S. 0:0(0) ack 1 {ip_id 0}\n+.01 B > . 1:1(0) ack 1\n+.1 B > F. 1:1(0) ack 1\n+.01 B < . 1:1(0) ack 2\n"
          "+6 B < F. 1:1(0) ack 2\n+.01 B > R 2:2(0)\nend +9\n", 1, "fin_wait_2 >= 40.96 #1 8-12 <= 6.07 #2 17-19 contradiction; fin_wait_2_orphan >= 39.95 #1 10-12 contradiction; path >= 40.00 #1 10-11 T closed" },
        { "floor-of-the-rto",
          HANDSHAKE "+.1 > F. 101:101(0) ack 501\n+.2 > F. 101:101(0) ack 501\n+.4 > F. 101:101(0) ack 501\n+.8 > F. 101:101(0) ack 501\n"
          "+.01 < . 501:501(0) ack 102\n+2.5 " PROBE ANSWER "+.3 " PROBE "end +9\n", 1, "" },
        { "forged-in-its-name", CLIENT_CLOSES "+40 > . 101:101(0) ack 501 win 0 {ttl 60}\nend +9\n", 1, "" },
        { "time-wait-answers",
          CLIENT_CLOSES "+.1 < F. 501:501(0) ack 102\n+.01 > . 102:102(0) ack 502\n+40 < F. 501:501(0) ack 102\n+.01 > . 102:102(0) ack 502 {ip_id 0}\n"
          "+50 < F. 501:501(0) ack 102\n+.01 > . 102:102(0) ack 502 {ip_id 0}\nend +9\n", 1, "time_wait >= 49.95 #1 12-14" },
        { "time-wait-of-no-linux",
          CLIENT_CLOSES "+.1 < F. 501:501(0) ack 102\n+.01 > . 102:102(0) ack 502\n+90 < F. 501:501(0) ack 102\n+.01 > . 102:102(0) ack 502\nend +9\n", 1, "time_wait >= 89.95 #1 10-12; solaris, linux inconsistent because of TIME_WAIT lasted longer #1" },
        { "time-wait-restarted-in-silence",
          CLIENT_CLOSES "+.1 < F. 501:501(0) ack 102\n+.01 > . 102:102(0) ack 502\n+40 < . 502:502(0) ack 102\n"
          "+45 < F. 501:501(0) ack 102\n+.01 > . 102:102(0) ack 502 {ip_id 0}\nend +9\n", 1, "time_wait >= 44.94 #1 10-13" },
        { "time-wait-cut-short",
          CLIENT_CLOSES "+.1 < F. 501:501(0) ack 102\n+.01 > . 102:102(0) ack 502\n+7 < F. 501:501(0) ack 102\n+.01 > R 102:102(0)\nend +9\n", 1, "time_wait <= 7.07 #1 9-12" },
        { "lone-fin-given-up",
          HANDSHAKE "+.1 > F. 101:101(0) ack 501\n+.2 > F. 101:101(0) ack 501\n+.4 > F. 101:101(0) ack 501\n+.8 > F. 101:101(0) ack 501\n"
          "+1.6 > F. 101:101(0) ack 501\n+3.2 > F. 101:101(0) ack 501\nend +20\n", 1, "lone_fin >= 6.00 #1 8-12 <= 13.25 #1 8-12" },
        { "lone-fin-not-yet",
          HANDSHAKE "+.1 > F. 101:101(0) ack 501\n+.2 > F. 101:101(0) ack 501\n+.4 > F. 101:101(0) ack 501\n+.8 > F. 101:101(0) ack 501\nend +1\n", 1, "lone_fin >= 1.20 #1 8-10" },
        { "path-forgot",
          CLIENT_CLOSES "+70 < F. 501:501(0) ack 102\n+.2 < F. 501:501(0) ack 102\n+.4 < F. 501:501(0) ack 102\n+.8 < F. 501:501(0) ack 102\nend +90\n", 1, "path <= 70.00 #1 8-9" },
        { "path-forgot-as-data-show",
          CLIENT_CLOSES "+130 < P. 501:601(100) ack 102\n+.2 < P. 501:601(100) ack 102\n+.4 < P. 501:601(100) ack 102\n+.8 < P. 501:601(100) ack 102\nend +90\n", 1, "path <= 130.00 #1 8-9" },
        { "path-forgot-between",
          "flow B 10.0.0.1:40001 > 10.0.0.2:80\n" CLIENT_CLOSES
          "+130 < F. 501:501(0) ack 102\n+.2 < F. 501:501(0) ack 102\n+.4 < F. 501:501(0) ack 102\n+.8 < F. 501:501(0) ack 102\n"
          "+1 B > S 0:0(0)\n+.01 B < S. 0:0(0) ack 1 {ip_id 0}\n+.01 B > . 1:1(0) ack 1\n+.1 B > F. 1:1(0) ack 1\n+.01 B < . 1:1(0) ack 2\n"
          "+80 B < F. 1:1(0) ack 2\n+.01 B > . 2:2(0) ack 2\nend +90\n", 1, "path >= 80.00 #2 17-18 <= 130.00 #1 8-9" },
        { "keepalives",
          HANDSHAKE "+60 > . 100:100(0) ack 501\n+.01 < . 501:501(0) ack 101\n+60 > . 100:100(0) ack 501\n+10 > . 100:100(0) ack 501\n+10 > . 100:100(0) ack 501\n"
          "+10 > R. 101:101(0) ack 501\nend +9\n", 1, "; keepalive idle 60.00 #1 8-9 every 10.00 #1 9-10 x3" },
        { "keepalives-of-both-ends",
          HANDSHAKE "+40 < . 500:500(0) ack 101\n+.01 > . 101:101(0) ack 501\n+20 > . 100:100(0) ack 501\n+.01 < . 501:501(0) ack 101\nend +9\n", 1,
          "; keepalive idle 60.02 #1 5-9 x1" },
        { "probes-with-data-under-way", HANDSHAKE "+.1 > P. 101:201(100) ack 501\n+5 > . 200:200(0) ack 501\nend +9\n", 1, "" },
        { "repeats-of-a-byte",
          "0 > S 0:0(0)\n+.01 < S. 0:0(0) ack 1\n+.01 > . 1:1(0) ack 1\n+.1 > P. 1:2(1) ack 1\n+.3 > P. 1:2(1) ack 1\n+.6 > P. 1:2(1) ack 1\n+1.2 > P. 1:2(1) ack 1\n"
          "+2.4 > P. 1:2(1) ack 1\n+4.8 > P. 1:2(1) ack 1\nend +9\n", 1, "" },
        { "probes-of-a-zero-window",
          HANDSHAKE "+.1 < . 501:501(0) ack 101 win 0\n+5 > . 100:100(0) ack 501\n+.01 < . 501:501(0) ack 101 win 0\n+10 > . 100:100(0) ack 501\n"
          "+.01 < . 501:501(0) ack 101 win 0\nend +9\n", 1, "" },
        { "keepalives-of-a-firewall", HANDSHAKE "+60 > . 100:100(0) ack 501 win 0 {ttl 33}\n+.01 < . 501:501(0) ack 101\nend +9\n", 1, "" },
        { "recycled",
          "flow B 10.0.0.1:40000 > 10.0.0.2:80\nisn B client 1065639\n" CLIENT_CLOSES "+.1 < F. 501:501(0) ack 102\n+.01 > . 102:102(0) ack 502\n"
          "+2 B > S 0:0(0)\n+.01 B < S. 0:0(0) ack 1\n+.01 B > . 1:1(0) ack 1\nend +9\n", 1, "; recycled 1/1 after 2.01; linux, linux consistent because of ISN 65537 above the old connection's #2" },
        { "syn-up-accepted", "flow B 10.0.0.1:40000 > 10.0.0.2:80\nisn B client 1065000\n" SERVER_CLOSES "+2 B > S 0:0(0)\n+.01 B < S. 0:0(0) ack 1\n+.01 B > . 1:1(0) ack 1\nend +9\n", 2, "; linux, linux consistent because of SYN with a higher ISN #2" },
        { "syn-down-challenged",
          "flow B 10.0.0.1:40000 > 10.0.0.2:80\nisn B client 900000\n" SERVER_CLOSES "+2 B > S 0:0(0)\n+.01 A < . 502:502(0) ack 102\n+.01 B > R 100102:100102(0)\n"
          "+1 B > S 0:0(0)\n+.01 B < S. 0:0(0) ack 1\n+.01 B > . 1:1(0) ack 1\nend +9\n", 2, "; linux, linux consistent because of any other SYN #2" },
        { "syn-down-never-answered",
          "flow B 10.0.0.1:40000 > 10.0.0.2:80\nisn B client 900000\n" SERVER_CLOSES "+2 B > S 0:0(0)\n+1 B > S 0:0(0)\n+2 B > S 0:0(0)\n+4 B > S 0:0(0)\nend +9\n", 2, "" },
        { "syn-down-answered-at-last",
          "flow B 10.0.0.1:40000 > 10.0.0.2:80\nisn B client 900000\n" SERVER_CLOSES "+2 B > S 0:0(0)\n+20 B > S 0:0(0)\n+40 B > S 0:0(0)\n+.01 B < S. 0:0(0) ack 1\n+.01 B > . 1:1(0) ack 1\nend +9\n", 2,
          "; freebsd, linux inconsistent because of any other SYN #2" },
        { "syn-down-once-not-answered",
          "flow B 10.0.0.1:40000 > 10.0.0.2:80\nisn B client 900000\n" SERVER_CLOSES "+2 B > S 0:0(0)\n+1 B > S 0:0(0)\n+.01 B < S. 0:0(0) ack 1\n+.01 B > . 1:1(0) ack 1\nend +9\n", 2, "" },
        { "hop-limits-behind-one-address",
          "flow B 10.0.0.1:40001 > 10.0.0.2:80\nflow C 10.0.0.1:40002 > 10.0.0.2:80\nflow D 10.0.0.1:40003 > 10.0.0.2:80\n"
          "0 > S 0:0(0) {ttl 126}\n+.01 < R. 0:0(0) ack 1\n+1 B > S 0:0(0)\n+.01 B < R. 0:0(0) ack 1\n"
          "+1 C > S 0:0(0)\n+.01 C < R. 0:0(0) ack 1\nend +400\n+1 D > S 0:0(0)\n+.01 D < R. 0:0(0) ack 1\nend +9\n", 1, "" },
        { "hop-limit-of-windows", "0 > S 0:0(0) {ttl 126}\n+.01 < S. 0:0(0) ack 1\n+.01 > . 1:1(0) ack 1 {ttl 126}\nend +9\n", 1, "; windows, linux inconsistent because of hop limit #1" },
};

static void test_case(gconstpointer data) {
        guint i = GPOINTER_TO_UINT(data);
        g_autoptr(Settings) s = host_case_run(cases[i].script);
        g_autofree char *learned = learned_text(s, cases[i].host);

        g_assert_cmpstr(learned, ==, cases[i].learned);
}

/* One more host that recycles TIME_WAIT; the address is its number. */
static void add_host(Settings *s, FlowRecord *f, guint32 number) {
        f->number++;
        f->side[CLIENT].address.bytes[13] = (guint8)(number >> 16);
        f->side[CLIENT].address.bytes[14] = (guint8)(number >> 8);
        f->side[CLIENT].address.bytes[15] = (guint8)number;
        settings_add(s, f);
}

/* Past the limit the lighter hosts go, are counted, and the heavy one stays as it was. */
static void test_bounded(void) {
        g_autoptr(Settings) s = settings_new();
        g_autofree FlowRecord *f = g_new0(FlowRecord, 1);
        g_autoptr(GPtrArray) hosts = NULL;
        const HostEvidence *heavy;

        f->n_findings = 1;
        f->findings[0] = (Finding){ .id = FINDING_TIME_WAIT_RECYCLED, .side = CLIENT, .n_frames = 1, .frames = { 1 } };
        for (guint i = 0; i < 10; i++)
                add_host(s, f, 0);
        for (guint32 i = 1; i <= 3 * SETTINGS_HOSTS_MAX; i++)
                add_host(s, f, i);
        hosts = settings_hosts(s);
        g_assert_cmpuint(hosts->len, <=, SETTINGS_HOSTS_MAX);
        g_assert_cmpuint(hosts->len + settings_forgotten(s), ==, 3 * SETTINGS_HOSTS_MAX + 1);
        heavy = hosts->pdata[0];
        g_assert_cmpuint(heavy->recycled.flows, ==, 10);
        g_assert_cmpuint(heavy->flows, ==, 10);
        g_assert_cmpuint(heavy->recycled.flow, ==, 1);
}

/* What the user says goes before what was inferred, of one address before of all. */
static void test_given(void) {
        g_autoptr(Settings) s = host_case_run(CLIENT_CLOSES "+12 < F. 501:501(0) ack 102\n" FORGOTTEN "end +9\n");
        Address one = host(1), two = host(2);
        HostLearned learned;

        settings_learn(s, &one, &learned);
        g_assert_cmpstr(learned.model->name, ==, "linux");
        g_assert_cmpuint(learned.settings.fin_timeout_s, ==, 12); /* 60 s, the default, would be too long */
        settings_give(s, &(HostGiven){ .address = one, .model = host_model_parse("windows"), .settings = { .fin_timeout_s = 7 } });
        settings_give(s, &(HostGiven){ .everywhere = TRUE, .model = host_model_parse("macos"), .settings = { .fin_timeout_s = 8, .time_wait_s = 9 } });
        settings_learn(s, &one, &learned);
        g_assert_cmpstr(learned.model->name, ==, "windows");
        g_assert_cmpint(learned.basis, ==, MODEL_OPTION);
        g_assert_cmpuint(learned.settings.fin_timeout_s, ==, 7);
        g_assert_cmpuint(learned.settings.time_wait_s, ==, 9);
        settings_learn(s, &two, &learned);
        g_assert_cmpstr(learned.model->name, ==, "macos");
        g_assert_cmpuint(learned.settings.fin_timeout_s, ==, 8);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *path = g_strdup_printf("/host-settings/%s", cases[i].name);

                g_test_add_data_func(path, GUINT_TO_POINTER(i), test_case);
        }
        g_test_add_func("/host-settings/bounded", test_bounded);
        g_test_add_func("/host-settings/given", test_given);
        return g_test_run();
}
