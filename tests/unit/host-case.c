/* SPDX-License-Identifier: BSD-3-Clause */

#include "host-case.h"

#include "tests/pipeline.h"

typedef struct Sink {
        Settings *settings;
        void (*each)(const FlowRecord *f, gpointer data);
        gpointer data;
} Sink;

static void take(const FlowRecord *records, guint n, gpointer data) {
        Sink *sink = data;

        for (const FlowRecord *f = records; f < records + n; f++) {
                settings_add(sink->settings, f);
                if (sink->each)
                        sink->each(f, sink->data);
        }
}

static Settings *run(const Script *script, Sink sink) {
        g_autoptr(GBytes) bytes = script_capture(script);
        g_autoptr(GError) error = NULL;
        g_autoptr(Capture) c = capture_open_bytes("host", bytes, 0, &error);
        g_autoptr(Dissector) dissector = dissector_new();
        g_autoptr(Tracker) tracker = NULL;
        TrackerOptions options = tracker_options_default();

        g_assert_no_error(error);
        options.sink = take;
        options.sink_data = &sink;
        sink.settings = settings_new();
        tracker = tracker_new(&options);
        pipeline_run(tracker, dissector, c);
        return sink.settings;
}

Settings *host_case_run_each(const char *text, void (*each)(const FlowRecord *f, gpointer data), gpointer data) {
        g_autofree char *whole = g_strconcat("// a host\n", text, NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(Script) script = script_parse("host", whole, &error);

        g_assert_no_error(error);
        return run(script, (Sink){ .each = each, .data = data });
}

Settings *host_case_run(const char *text) {
        return host_case_run_each(text, NULL, NULL);
}

Settings *host_case_load(const char *path) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Script) script = script_load(path, &error);

        g_assert_no_error(error);
        return run(script, (Sink){ .each = NULL });
}
