/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Runs packet scripts through the whole pipeline:
 *
 *   run-packets FILE.pkt...             says what does not hold, in the script's notation
 *   run-packets --write X.pcap FILE.pkt writes the capture instead
 *   run-packets --coverage FILE.pkt...  says which rows of transitions.def and which findings no script reaches
 */

#include <stdio.h>
#include <string.h>

#include "analyzer/endpoint.h"
#include "analyzer/tracker.h"
#include "dissect/capture.h"
#include "dissect/dissector.h"
#include "script.h"

static gboolean moved[STATES][EVENTS]; /* some endpoint, in any script */
static gboolean finding_hit[FINDINGS];

static void sink(const FlowRecord *record, gpointer data) {
        g_array_append_val((GArray *)data, *record);
}

static gboolean analyze(const char *name, GBytes *bytes, GArray *records, GError **error) {
        g_autoptr(Capture) capture = capture_open_bytes(name, bytes, 0, error);
        g_autoptr(Dissector) dissector = dissector_new();
        TrackerOptions options = tracker_options_default();
        g_autoptr(Tracker) tracker = NULL;
        Frame frames[FRAME_BATCH];
        guint n;

        if (!capture)
                return FALSE;
        options.sink = sink;
        options.sink_data = records;
        tracker = tracker_new(&options);
        while ((n = capture_read(capture, frames, FRAME_BATCH)))
                for (guint i = 0; i < n; i++) {
                        Segment segment;
                        DissectResult result = dissector_frame(dissector, &frames[i], &segment);

                        tracker_note_time(tracker, frames[i].time_ns);
                        if (result == DISSECT_TCP || result == DISSECT_ICMP_QUOTE)
                                tracker_feed(tracker, &segment, 1);
                }
        tracker_finish(tracker);
        return TRUE;
}

/* ── Coverage ── */

/* A side without an entry before was CLOSED, or UNKNOWN if the capture began in its middle. */
static TcpState first_from(const StateEntry *e) {
        return transition_to(STATE_CLOSED, (Event)e->event) == e->state ? STATE_CLOSED : STATE_UNKNOWN;
}

static void cover_side(const SideRecord *s) {
        for (guint i = 0; i < s->n_states; i++)
                moved[i > 0 ? s->states[i - 1].state : first_from(s->states)][s->states[i].event] = TRUE;
}

static void cover(const GArray *records) {
        for (guint i = 0; i < records->len; i++) {
                const FlowRecord *r = &g_array_index(records, FlowRecord, i);

                cover_side(&r->side[CLIENT]);
                cover_side(&r->side[SERVER]);
                for (guint j = 0; j < r->n_findings; j++)
                        finding_hit[r->findings[j].id] = TRUE;
        }
}

/* Returns: how many rows and findings no script reaches. */
static guint report_coverage(void) {
        guint n, missing = 0;
        const Transition *rows = transitions(&n);

        for (guint i = 0; i < n; i++)
                if (!moved[rows[i].from][rows[i].event]) {
                        printf("analyzer/transitions.def: no script reaches ROW(%s, %s, %s)\n",
                               tcp_state_title(rows[i].from), event_name(rows[i].event), tcp_state_title(rows[i].to));
                        missing++;
                }
        for (guint i = 0; i < FINDINGS; i++)
                if (!finding_hit[i]) {
                        printf("analyzer/findings.def: no script shows %s\n", finding_kind((FindingId)i)->id);
                        missing++;
                }
        return missing;
}

/* A script that the build does not know of is never run. Returns: how many there are beside those given. */
static guint report_forgotten(char **given) {
        g_autofree char *folder = g_path_get_dirname(given[0]);
        g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
        const char *name;
        guint missing = 0;

        while (dir && (name = g_dir_read_name(dir))) {
                g_autofree char *path = g_build_filename(folder, name, NULL);

                if (!g_str_has_suffix(name, ".pkt") || g_strv_contains((const char *const *)given, path))
                        continue;
                printf("%s: not in the list of scripts (meson.build)\n", path);
                missing++;
        }
        return missing;
}

/* ── Program ── */

static char *write_path;
static gboolean coverage;
static char **paths;

static const GOptionEntry options[] = {
        { "write", 'w', 0, G_OPTION_ARG_FILENAME, &write_path, "write a script's capture, do not run it", "X.pcap" },
        { "coverage", 0, 0, G_OPTION_ARG_NONE, &coverage, "say what no script reaches", NULL },
        { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &paths, NULL, "FILE.pkt..." },
        { 0 },
};

static gboolean write_capture(const Script *s, GError **error) {
        g_autoptr(GBytes) bytes = script_capture(s);
        gsize n;
        const char *data = g_bytes_get_data(bytes, &n);

        return g_file_set_contents(write_path, data, (gssize)n, error);
}

/* Returns: whether everything that the script expects holds. */
static gboolean run(const char *path, GError **error) {
        g_autoptr(Script) s = script_load(path, error);
        g_autoptr(GArray) records = g_array_new(FALSE, FALSE, sizeof(FlowRecord));
        g_autoptr(GString) failures = g_string_new(NULL);
        g_autoptr(GBytes) bytes = NULL;

        if (!s)
                return FALSE;
        if (write_path)
                return write_capture(s, error);
        bytes = script_capture(s);
        if (!analyze(path, bytes, records, error))
                return FALSE;
        if (coverage) {
                cover(records);
                return TRUE;
        }
        if (script_check(s, records, failures) == 0)
                return TRUE;
        printf("%s: %s\n%s", path, s->contract, failures->str);
        return FALSE;
}

int main(int argc, char **argv) {
        g_autoptr(GOptionContext) context = g_option_context_new("- run packet scripts");
        g_autoptr(GError) error = NULL;
        guint failed = 0;

        g_option_context_add_main_entries(context, options, NULL);
        if (!g_option_context_parse(context, &argc, &argv, &error) || !paths) {
                fprintf(stderr, "run-packets: %s\n", error ? error->message : "no script given");
                return 3;
        }
        for (char **path = paths; *path; path++) {
                g_autoptr(GError) bad = NULL;

                if (!run(*path, &bad))
                        failed++;
                if (bad)
                        fprintf(stderr, "%s\n", bad->message);
        }
        if (coverage)
                failed += report_coverage() + report_forgotten(paths);
        return failed > 0;
}
