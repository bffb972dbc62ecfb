/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Runs packet scripts through the whole pipeline:
 *
 *   run-packets FILE.pkt...             says what does not hold, in the script's notation
 *   run-packets --write X.pcap FILE.pkt writes the capture instead
 *   run-packets --coverage FILE.pkt...  says which rows of transitions.def and which findings no script reaches
 *   run-packets --findings FILE.pkt... CAPTURE...
 *                                       lists the catalogue: in how many scripts each finding fires, in how many
 *                                       it must not, and how many of the captures show it, and which
 */

#include <stdio.h>
#include <string.h>

#include "analyzer/endpoint.h"
#include "analyzer/hosts/hosts.h"
#include "script.h"
#include "tests/pipeline.h"

static gboolean moved[STATES][EVENTS]; /* some endpoint, in any script */
static gboolean finding_hit[FINDINGS];

typedef struct FindingCount {
        guint firing; /* scripts that expect it */
        guint silent; /* scripts that expect it not to fire */
        guint shown;  /* captures that show it */
        GString *captures; /* their names */
} FindingCount;

static FindingCount finding_counts[FINDINGS];

typedef struct Found {
        GArray *records; /* of FlowRecord */
        Hosts *hosts;
} Found;

static void sink(const FlowRecord *records, guint n, gpointer data) {
        const Found *found = data;

        g_array_append_vals(found->records, records, n);
        for (guint i = 0; i < n; i++)
                hosts_add(found->hosts, &records[i]);
}

static HostChoice choose(const Address *address, gpointer data) {
        const Script *s = data;

        return (HostChoice){ .model = host_model_default(), .settings = { .port_first = s->port_first, .port_last = s->port_last } };
}

/* What is found of all flows of a client to a server together stands with one of them. */
static void add_pair_findings(const Hosts *hosts, GArray *records) {
        for (guint32 i = 0; i < hosts_pairs(hosts); i++) {
                PortBudget b;

                hosts_budget(hosts, i, &b);
                for (guint j = 0; j < records->len && port_budget_is_short(&b); j++) {
                        FlowRecord *f = &g_array_index(records, FlowRecord, j);

                        if (f->number == b.pair->example && f->n_findings < RECORD_FINDINGS_MAX)
                                port_budget_finding(&b, &f->findings[f->n_findings++]);
                }
        }
}

/* Takes the capture. @script: (nullable): for its options */
static gboolean analyze(Capture *opened, const Script *script, GArray *records) {
        g_autoptr(Capture) capture = opened;
        g_autoptr(Dissector) dissector = dissector_new();
        TrackerOptions options = tracker_options_default();
        HostsOptions hosts_options = { .choose = script ? choose : NULL, .choose_data = (gpointer)script };
        g_autoptr(Hosts) hosts = hosts_new(&hosts_options);
        Found found = { records, hosts };
        g_autoptr(Tracker) tracker = NULL;

        if (!capture)
                return FALSE;
        options.zeek = TRUE;
        options.sink = sink;
        options.sink_data = &found;
        if (script)
                options.linger_ns = script->linger_ns;
        tracker = tracker_new(&options);
        pipeline_run(tracker, dissector, capture);
        add_pair_findings(hosts, records);
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

/* ── The catalogue ── */

static void count_expected(const Script *s) {
        gboolean counted[FINDINGS][2] = { { FALSE } };

        for (guint i = 0; i < s->expectations->len; i++) {
                const ScriptExpectation *e = &g_array_index(s->expectations, ScriptExpectation, i);
                gboolean silent = e->kind == EXPECT_NO_FINDING;

                /* a finding that may come, but not with this number, is no script where it must not */
                if ((!silent && e->kind != EXPECT_FINDING) || (silent && e->n_conditions) || counted[e->finding][silent])
                        continue;
                counted[e->finding][silent] = TRUE;
                finding_counts[e->finding].firing += !silent;
                finding_counts[e->finding].silent += silent;
        }
}

static gboolean count_shown(const char *path, GError **error) {
        g_autoptr(GArray) records = g_array_new(FALSE, FALSE, sizeof(FlowRecord));
        g_autofree char *name = g_path_get_basename(path);
        gboolean shown[FINDINGS] = { FALSE };

        if (!analyze(capture_open(path, 0, FALSE, error), NULL, records))
                return FALSE;
        for (guint i = 0; i < records->len; i++)
                for (guint j = 0; j < g_array_index(records, FlowRecord, i).n_findings; j++)
                        shown[g_array_index(records, FlowRecord, i).findings[j].id] = TRUE;
        for (guint i = 0; i < FINDINGS; i++)
                if (shown[i]) {
                        GString **list = &finding_counts[i].captures;

                        *list = *list ? *list : g_string_new(NULL);
                        g_string_append_printf(*list, " %s", name);
                        finding_counts[i].shown++;
                }
        return TRUE;
}

/* Returns: how many findings have no script that shows them, or none that shows where they end. */
static guint report_findings(void) {
        guint lacking = 0;

        printf("%-35s  fires  must not  captures\n", "finding");
        for (guint i = 0; i < FINDINGS; i++) {
                const FindingCount *n = &finding_counts[i];
                gboolean lacks = !n->firing || !n->silent;

                printf("%s %-29s  %5u  %8u  %8u%s%s\n", finding_kind((FindingId)i)->code, finding_kind((FindingId)i)->id, n->firing,
                       n->silent, n->shown, n->captures ? n->captures->str : "", lacks ? "  <- a script is missing" : "");
                lacking += lacks;
        }
        return lacking;
}

/* ── Program ── */

static char *write_path;
static gboolean coverage, findings;
static char **paths;

static const GOptionEntry options[] = {
        { "write", 'w', 0, G_OPTION_ARG_FILENAME, &write_path, "write a script's capture, do not run it", "X.pcap" },
        { "coverage", 0, 0, G_OPTION_ARG_NONE, &coverage, "say what no script reaches", NULL },
        { "findings", 0, 0, G_OPTION_ARG_NONE, &findings, "list the findings and the files that show them", NULL },
        { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &paths, NULL, "FILE.pkt... [CAPTURE...]" },
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
        g_autoptr(Script) s = NULL;
        g_autoptr(GArray) records = g_array_new(FALSE, FALSE, sizeof(FlowRecord));
        g_autoptr(GString) failures = g_string_new(NULL);
        g_autoptr(GBytes) bytes = NULL;

        if (findings && !g_str_has_suffix(path, ".pkt"))
                return count_shown(path, error);
        s = script_load(path, error);
        if (!s)
                return FALSE;
        if (write_path)
                return write_capture(s, error);
        if (findings) {
                count_expected(s);
                return TRUE;
        }
        bytes = script_capture(s);
        if (!analyze(capture_open_bytes(path, bytes, 0, error), s, records))
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
        if (findings)
                failed += report_findings();
        if (coverage)
                failed += report_coverage() + report_forgotten(paths);
        return failed > 0;
}
