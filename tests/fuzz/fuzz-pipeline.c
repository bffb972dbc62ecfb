/* SPDX-License-Identifier: BSD-3-Clause */

/* Any bytes as a capture, all the way to the flow records: each flow is reported once, and a record keeps its own bounds. */

#include "analyzer/hosts/settings.h"
#include "tests/pipeline.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize n);

static void check_side(const SideRecord *s) {
        g_assert_cmpuint(s->n_states, <=, RECORD_STATES_MAX);
        g_assert_cmpuint(s->state, <, STATES);
        for (guint i = 0; i < s->n_states; i++) {
                g_assert_cmpuint(s->states[i].state, <, STATES);
                g_assert_cmpuint(s->states[i].basis, <, BASES);
        }
        g_assert_true(s->fin_frame == 0 || s->fin_count > 0);
        g_assert_true(s->rst_frame == 0 || s->rst_count > 0);
}

typedef struct Result {
        guint64 flows;
        Settings *settings;
} Result;

static void check_record(Result *result, const FlowRecord *f) {
        result->flows++;
        settings_add(result->settings, f);
        g_assert_cmpuint(f->close, <, CLOSE_KINDS);
        g_assert_cmpuint(f->closed_first_by, <, CLOSED_FIRST_VALUES);
        g_assert_cmpuint(f->n_findings, <=, RECORD_FINDINGS_MAX);
        g_assert_cmpint(f->start_ns, <=, f->end_ns);
        g_assert_nonnull(f->zeek_conn_state);
        for (guint side = 0; side < SIDES; side++)
                check_side(&f->side[side]);
}

static void check_records(const FlowRecord *records, guint n, gpointer data) {
        for (guint i = 0; i < n; i++)
                check_record(data, &records[i]);
}

/* Ranges of settings are in order, whatever was learned from. */
static void check_settings(const Settings *s) {
        g_autoptr(GPtrArray) hosts = settings_hosts(s);

        for (guint i = 0; i < hosts->len; i++) {
                const HostEvidence *e = hosts->pdata[i];
                HostLearned learned;

                settings_learn(s, &e->address, &learned);
                g_assert_nonnull(learned.model);
                g_assert_cmpuint(learned.n_fin_timeout, <=, HOST_RANGES_MAX);
                g_assert_cmpuint(learned.n_fin_timeout_closed, <=, learned.n_fin_timeout);
                for (guint r = 0; r < learned.n_fin_timeout; r++)
                        g_assert_cmpuint(learned.fin_timeout[r].from_s, <=, learned.fin_timeout[r].to_s);
        }
}

static void track(Capture *c) {
        g_autoptr(Settings) settings = settings_new();
        Result result = { .settings = settings };
        TrackerOptions options = tracker_options_default();

        options.zeek = TRUE;
        options.sink = check_records;
        options.sink_data = &result;
        g_autoptr(Tracker) tracker = tracker_new(&options);
        g_autoptr(Dissector) dissector = dissector_new();

        pipeline_run(tracker, dissector, c);
        g_assert_cmpuint(tracker_totals(tracker)->flows, ==, result.flows);
        g_assert_cmpuint(tracker_totals(tracker)->live_flows, ==, 0);
        check_settings(settings);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize n) {
        g_autoptr(GBytes) bytes = g_bytes_new(data, n);
        g_autoptr(Capture) c = capture_open_bytes("fuzz", bytes, 0, NULL);

        if (c)
                track(c);
        return 0;
}
