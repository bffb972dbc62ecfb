/* SPDX-License-Identifier: BSD-3-Clause */

/* Any bytes as a capture, all the way to the flow records: each flow is reported once, and a record keeps its own bounds. */

#include "analyzer/tracker.h"
#include "dissect/capture.h"
#include "dissect/dissector.h"

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

static void check_record(const FlowRecord *f, gpointer data) {
        guint64 *flows = data;

        ++*flows;
        g_assert_cmpuint(f->close, <, CLOSE_KINDS);
        g_assert_cmpuint(f->closed_first_by, <, CLOSED_FIRST_VALUES);
        g_assert_cmpuint(f->n_findings, <=, RECORD_FINDINGS_MAX);
        g_assert_cmpint(f->start_ns, <=, f->end_ns);
        g_assert_nonnull(f->zeek_conn_state);
        for (guint side = 0; side < SIDES; side++)
                check_side(&f->side[side]);
}

static void track(Capture *c) {
        guint64 flows = 0;
        TrackerOptions options = tracker_options_default();

        options.zeek = TRUE;
        options.sink = check_record;
        options.sink_data = &flows;
        g_autoptr(Tracker) tracker = tracker_new(&options);
        g_autoptr(Dissector) dissector = dissector_new();
        Frame frames[FRAME_BATCH];
        guint n;

        while ((n = capture_read(c, frames, FRAME_BATCH)) > 0) {
                for (guint i = 0; i < n; i++) {
                        Segment s;
                        DissectResult result = dissector_frame(dissector, &frames[i], &s);

                        tracker_note_time(tracker, frames[i].time_ns);
                        if (result == DISSECT_TCP || result == DISSECT_ICMP_QUOTE)
                                tracker_feed(tracker, &s, 1);
                }
        }
        tracker_finish(tracker);
        g_assert_cmpuint(tracker_totals(tracker)->flows, ==, flows);
        g_assert_cmpuint(tracker_totals(tracker)->live_flows, ==, 0);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize n) {
        g_autoptr(GBytes) bytes = g_bytes_new(data, n);
        g_autoptr(Capture) c = capture_open_bytes("fuzz", bytes, 0, NULL);

        if (c)
                track(c);
        return 0;
}
