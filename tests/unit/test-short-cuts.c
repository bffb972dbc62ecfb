/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The short cuts say what the long way says. Of each flow of the captures and packet scripts that are given,
 * or lie in a folder that is given, the whole JSON is the same with textbook.h and zeek_rows.h and without; of each packet
 * every field is the same with plain.h and without.
 */

#include <string.h>

#include "analyzer/tracker.h"
#include "reports/json.h"
#include "tests/pipeline.h"
#include "tests/plain-check.h"
#include "tests/script.h"

typedef struct Run {
        ReportContext context;
        GPtrArray *flows; /* JSON of each, in order of reporting */
        guint64 textbook;
} Run;

static void keep_one(Run *run, const FlowRecord *f) {
        g_autoptr(JsonWriter) w = json_writer_new(NULL, FALSE);
        g_autoptr(JsonRecords) records = json_records_new(w);

        json_records_flow(records, NULL, &run->context, f, JSON_FLOW_PACKETS);
        g_ptr_array_add(run->flows, g_strdup(json_writer_text(w)));
}

static void keep(const FlowRecord *records, guint n, gpointer data) {
        for (guint i = 0; i < n; i++)
                keep_one(data, &records[i]);
}

static void track(const char *path, GBytes *bytes, gboolean in_full, Run *run) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Capture) c = capture_open_bytes(path, bytes, 0, &error);
        g_autoptr(Dissector) dissector = dissector_new();
        TrackerOptions options = tracker_options_default();
        const CaptureInfo *info;

        g_assert_no_error(error);
        info = capture_info(c);
        run->context = (ReportContext){ .captures = &info, .n_captures = 1, .paths = dissector_paths(dissector) };
        options.in_full = in_full;
        options.zeek = TRUE;
        options.sink = keep;
        options.sink_data = run;
        g_autoptr(Tracker) tracker = tracker_new(&options);
        pipeline_run_looking(tracker, dissector, c, plain_check);
        run->textbook = tracker_totals(tracker)->textbook;
}

static GBytes *load(const char *path) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = NULL;
        gsize n;

        if (g_str_has_suffix(path, ".pkt")) {
                g_autoptr(Script) script = script_load(path, &error);

                g_assert_no_error(error);
                return script_capture(script);
        }
        g_file_get_contents(path, &text, &n, &error);
        g_assert_no_error(error);
        return g_bytes_new_take(g_steal_pointer(&text), n);
}

/* Returns: how many flows took the short cut. */
static guint64 compare(const char *path) {
        g_autoptr(GBytes) bytes = load(path);
        g_autoptr(GPtrArray) short_cut = g_ptr_array_new_with_free_func(g_free), in_full = g_ptr_array_new_with_free_func(g_free);
        Run run = { .flows = short_cut }, long_run = { .flows = in_full };

        track(path, bytes, FALSE, &run);
        track(path, bytes, TRUE, &long_run);
        g_assert_cmpuint(long_run.textbook, ==, 0);
        g_assert_cmpuint(short_cut->len, ==, in_full->len);
        for (guint i = 0; i < in_full->len; i++)
                if (!g_str_equal(short_cut->pdata[i], in_full->pdata[i]))
                        g_error("%s:\nshort cut %s\nin full   %s", path, (const char *)short_cut->pdata[i], (const char *)in_full->pdata[i]);
        return run.textbook;
}

static guint64 compare_all(const char *path) {
        g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
        const char *name;
        guint64 textbook = 0;

        if (!folder)
                return compare(path);
        while ((name = g_dir_read_name(folder))) {
                g_autofree char *file = g_build_filename(path, name, NULL);

                if (strstr(name, ".pcap") || g_str_has_suffix(name, ".pkt"))
                        textbook += compare(file);
        }
        return textbook;
}

int main(int argc, char **argv) {
        guint64 textbook = 0;

        for (int i = 1; i < argc; i++)
                textbook += compare_all(argv[i]);
        g_print("%" G_GUINT64_FORMAT " flows took the short cut\n", textbook);
        return textbook == 0; /* a test of nothing is none */
}
