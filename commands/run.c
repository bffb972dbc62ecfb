/* SPDX-License-Identifier: BSD-3-Clause */

#include "run.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "analyzer/hosts/hosts.h"
#include "dissect/dissector.h"
#include "dissect/merge.h"
#include "progress.h"
#include "reports/hosts_words.h"
#include "reports/summary.h"
#include "signals.h"
#include "workers.h"

typedef struct Pass {
        const Options *options;
        GPtrArray *reports;
        guint unreadable; /* captures that could not be opened */
        gboolean from_pipe; /* standard input is among them */
        Merge *merge;
        Dissector *dissector;
        Progress progress;
        Tracker *tracker;
        Summary *summary;
        Hosts *hosts;
        Settings *settings;
        const CaptureInfo **infos;
        GArray *damage; /* for the last block: of each damaged capture the first frame that could not be read */
        char *arguments;
        ReportContext context;
        gint64 started_us;
        gint64 spent_ns[STAGES];
} Pass;

static void pass_clear(Pass *p) {
        g_clear_pointer(&p->reports, g_ptr_array_unref);
        g_clear_pointer(&p->summary, summary_free);
        g_clear_pointer(&p->hosts, hosts_free);
        g_clear_pointer(&p->settings, settings_free);
        g_clear_pointer(&p->tracker, tracker_free);
        g_clear_pointer(&p->dissector, dissector_free);
        g_clear_pointer(&p->damage, g_array_unref);
        g_clear_pointer(&p->infos, g_free);
        g_clear_pointer(&p->merge, merge_free);
        g_clear_pointer(&p->arguments, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pass, pass_clear)

/* Control characters of a path must not reach the terminal. */
static void print_error(const char *message) {
        g_autofree char *safe = g_strescape(message, "\"\\");

        g_printerr("lastack: %s\n", safe);
}

/* ── Captures ────────────────────────────────────────────────────────────── */

/* Returns: FALSE if none can be read, or the filter is wrong. */
static gboolean open_captures(Pass *p, char *const *paths) {
        g_autoptr(GPtrArray) captures = g_ptr_array_new_with_free_func((GDestroyNotify)capture_free);

        for (; *paths; paths++) {
                g_autoptr(GError) error = NULL;
                Capture *c = capture_open(*paths, captures->len, p->options->use_libpcap, &error);

                if (!c) {
                        print_error(error->message);
                        p->unreadable++;
                        continue;
                }
                g_ptr_array_add(captures, c);
                p->from_pipe |= g_str_equal(*paths, "-");
                if (p->options->filter && !capture_set_filter(c, p->options->filter, &error)) {
                        print_error(error->message);
                        return FALSE;
                }
                if (!p->options->filter)
                        capture_pass_payloads(c);
        }
        if (captures->len == 0)
                return FALSE;
        p->merge = merge_new(g_steal_pointer(&captures));
        return TRUE;
}

/* Returns: whether every capture was read to its end. */
static gboolean report_damage(const Pass *p) {
        gboolean intact = p->unreadable == 0;

        if (signals_must_stop()) {
                print_error("interrupted: what was read until then is reported");
                intact = FALSE;
        }
        for (guint i = 0; i < p->context.n_captures; i++) {
                const CaptureInfo *info = p->infos[i];
                g_autofree char *message = NULL;

                if (info->damage == CAPTURE_INTACT)
                        continue;
                intact = FALSE;
                message = g_strdup_printf("%s: frame %" G_GUINT64_FORMAT ", byte %" G_GUINT64_FORMAT ": %s; everything before it was analysed",
                                          info->path, info->damage_frame, info->damage_offset, info->damage_text);
                print_error(message);
        }
        return intact;
}

/* ── The pass ────────────────────────────────────────────────────────────── */

/* Times since the first frame are moments once that is known. */
static void know_moment(Pass *p) {
        if (!p->options->moment || p->context.moment)
                return;
        p->options->moment->at_ns = when_resolve(&p->options->when, report_first_ns(&p->context));
        p->context.moment = p->options->moment;
}

static void take_rest(gpointer data) {
        Pass *p = data;

        hosts_take_all(p->hosts);
}

static void take_flow(Pass *p, const FlowRecord *f) {
        settings_add(p->settings, f); /* first: a host's model is asked for with its first flow */
        hosts_add(p->hosts, f);
        if (p->options->whatif)
                whatif_add(p->options->whatif, p->hosts, f);
        if (p->options->moment)
                moment_add(p->options->moment, p->hosts, f);
}

/* Each of those who are told is told of all at once: what it does, and with what, then stays in the caches. */
static void take_flows(const FlowRecord *records, guint n, gpointer data) {
        Pass *p = data;

        know_moment(p);
        hosts_expect(p->hosts, records, n);
        settings_prefetch(p->settings, records, n);
        for (guint i = 0; i < n; i++)
                summary_add(p->summary, &p->context, &records[i]);
        for (guint i = 0; i < n; i++)
                take_flow(p, &records[i]);
        for (guint i = 0; i < p->reports->len; i++)
                report_flows(p->reports->pdata[i], records, n);
}

static void note_damage(Pass *p) {
        for (guint i = 0; i < p->context.n_captures; i++) {
                FrameRef unreadable = frame_ref(i, p->infos[i]->damage_frame);

                if (p->infos[i]->damage != CAPTURE_INTACT)
                        g_array_append_val(p->damage, unreadable);
        }
}

static void read_block(Block *b, gpointer data) {
        Pass *p = data;
        Frame frames[FRAME_BATCH];
        guint n;

        while (block_room(b) > 0) {
                n = signals_must_stop() ? 0 : merge_read(p->merge, frames, MIN(FRAME_BATCH, block_room(b)));
                if (n == 0) {
                        note_damage(p);
                        b->damage = p->damage;
                        b->last = TRUE;
                        return;
                }
                block_note_frames(b, frames, n); /* of any frame: the capture lasted until then */
                for (guint i = 0; i < n; i++) {
                        DissectResult result = dissector_frame(p->dissector, &frames[i], block_next(b));

                        if (result == DISSECT_TCP || result == DISSECT_ICMP_QUOTE)
                                block_add(b);
                }
        }
        progress_update(&p->progress, p->merge);
}

static void read_all(Pass *p) {
        p->progress = progress_new(p->options->quiet);
        workers_run(p->tracker, (guint)p->options->jobs, read_block, p, p->options->stats ? p->spent_ns : NULL);
        progress_end(&p->progress);
}

static double seconds(struct timeval t) {
        return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

/* On standard error: where an output goes to standard output it stays whole. */
static void print_stats(const Pass *p) {
        static const char *const stages[STAGES] = {
                [STAGE_READ] = "read, dissect", [STAGE_FEED] = "track",  [STAGE_SETTLE] = "settle",
                [STAGE_JUDGE] = "judge",        [STAGE_SINK] = "report",
        };
        const TrackerTotals *totals = tracker_totals(p->tracker);
        guint64 frames = 0;
        struct rusage all;

        for (guint i = 0; i < p->context.n_captures; i++)
                frames += p->infos[i]->frames;
        getrusage(RUSAGE_SELF, &all);
        for (guint i = 0; i < STAGES; i++)
                g_printerr("%-14s %8.3f s  %6.0f ns a frame\n", stages[i], (double)p->spent_ns[i] / 1e9,
                           frames ? (double)p->spent_ns[i] / (double)frames : 0);
        g_printerr("%-14s %8.3f s  with the system's %.3f s; %.3f s passed, %d threads\n", "all", seconds(all.ru_utime) + seconds(all.ru_stime),
                   seconds(all.ru_stime), (double)(g_get_monotonic_time() - p->started_us) / 1e6, p->options->jobs);
        g_printerr("%-14s %8.1f MB at most; at the end of the input %" G_GUINT64_FORMAT " connections held %.1f MB, and %.1f MB told of %"
                   G_GUINT64_FORMAT " that were over\n",
                   "memory", (double)all.ru_maxrss / 1024, totals->held_flows, (double)totals->held_bytes / 1048576,
                   (double)totals->tombstone_bytes / 1048576, totals->tombstones);
        g_printerr("%-14s %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " connections closed as in the textbook, and were judged by it\n", "short cut",
                   totals->textbook, totals->flows);
}

/* More captures than these are not named again in a hint of what to run next. */
#define ARGUMENTS_NAMED 3

static void set_context(Pass *p) {
        guint n = merge_captures(p->merge);
        g_autoptr(GString) arguments = g_string_new(n > ARGUMENTS_NAMED ? "CAPTURE..." : NULL);

        p->infos = g_new(const CaptureInfo *, n);
        for (guint i = 0; i < n; i++) {
                const char *path;
                g_autofree char *quoted = NULL;

                p->infos[i] = merge_info(p->merge, i);
                if (n > ARGUMENTS_NAMED)
                        continue;
                path = p->infos[i]->path;
                quoted = strpbrk(path, " '\"\\$`*?[](){}<>|&;#!~\t\n") ? g_shell_quote(path) : g_strdup(path);
                g_string_append_printf(arguments, "%s%s", i ? " " : "", quoted);
        }
        p->arguments = g_strdup(arguments->str);
        p->context = (ReportContext){
                .captures = p->infos,
                .n_captures = n,
                .paths = dissector_paths(p->dissector),
                .hosts = p->hosts,
                .whatif = p->options->whatif,
                .local_time = p->options->local_time,
                .settings = p->settings,
                .arguments = p->arguments,
        };
}

/* What an address is taken for, by what was said and by what its flows have told. */
static HostChoice choose_host(const Address *address, gpointer data) {
        HostLearned learned;

        settings_learn(data, address, &learned);
        return (HostChoice){ .model = learned.model, .settings = learned.settings, .basis = model_basis_name(learned.basis) };
}

/* Of --memory: for blocks, tallies of hosts and what reports hold. */
#define MEMORY_ASIDE (128 * G_GUINT64_CONSTANT(1048576))

static void set_up(Pass *p) {
        TrackerOptions options = tracker_options_default();

        options.linger_ns = p->options->linger_ns;
        for (guint i = 0; i < OUTPUT_KINDS; i++)
                options.zeek |= p->options->output_paths[i] != NULL;
        p->damage = g_array_new(FALSE, FALSE, sizeof(FrameRef));
        options.memory_bytes = p->options->memory_bytes - MIN(p->options->memory_bytes / 2, MEMORY_ASIDE);
        options.take_rest = take_rest;
        options.take_all = p->from_pipe && p->options->memory_given;
        options.sink = take_flows;
        options.sink_data = p;
        p->dissector = dissector_new();
        p->tracker = tracker_new(&options);
        p->summary = summary_new();
        p->settings = settings_new();
        for (guint i = 0; i < p->options->hosts->len; i++)
                settings_give(p->settings, &g_array_index(p->options->hosts, HostGiven, i));
        p->hosts = hosts_new(&(HostsOptions){ .choose = choose_host, .choose_data = p->settings });
        set_context(p);
        p->context.at_once = p->from_pipe;
        signals_catch(p->from_pipe);
}

/* Only at the end is all known that tells hosts apart. */
static void assume_learned(Pass *p) {
        g_autoptr(GPtrArray) learned = settings_hosts(p->settings);

        for (guint i = 0; i < learned->len; i++) {
                const HostEvidence *e = learned->pdata[i];
                HostChoice choice = choose_host(&e->address, p->settings);

                hosts_assume(p->hosts, &e->address, &choice);
        }
}

/* What the flows of a client to a server show only together. */
static void add_together(Pass *p) {
        g_autoptr(GArray) budgets = hosts_budgets(p->hosts);

        for (guint i = 0; i < budgets->len; i++) {
                const PortBudget *b = &g_array_index(budgets, PortBudget, i);
                g_autofree FlowRecord *names = NULL;
                Finding f;

                if (!port_budget_is_short(b))
                        break;
                names = hosts_pair_names(p->hosts, b->pair);
                port_budget_finding(b, &f);
                summary_add_together(p->summary, &p->context, names, &f, b->pair->flows);
        }
}

static gboolean must_fail(const Pass *p) {
        guint64 bad = summary_flows_at_least(p->summary, p->options->fail_on);

        for (guint i = p->options->fail_on; i < SEVERITIES; i++)
                bad += p->summary->together[i];
        return bad > 0;
}

/* Returns: whether all reports were written. */
static gboolean end_reports(Pass *p) {
        gboolean written = TRUE;

        for (guint i = 0; i < DISSECT_RESULTS; i++)
                p->summary->dissected[i] = dissector_count(p->dissector, i);
        p->summary->totals = *tracker_totals(p->tracker);
        assume_learned(p);
        add_together(p);
        if (p->options->whatif)
                whatif_end(p->options->whatif, p->hosts);
        know_moment(p);
        if (p->options->moment)
                moment_end(p->options->moment, p->hosts);
        for (guint i = 0; i < p->reports->len; i++) {
                g_autoptr(GError) error = NULL;

                if (report_end(p->reports->pdata[i], p->summary, &error))
                        continue;
                print_error(error->message);
                written = FALSE;
        }
        return written;
}

ExitCode run_pass(const Options *o, char *const *paths, Report *for_people) {
        g_auto(Pass) p = { .options = o, .started_us = g_get_monotonic_time() };
        g_autoptr(Report) report = for_people;
        g_autoptr(GError) error = NULL;
        gboolean written, intact;

        if (!open_captures(&p, paths))
                return EXIT_USAGE;
        p.reports = options_reports(o, &error);
        if (!p.reports) {
                print_error(error->message);
                return EXIT_USAGE;
        }
        if (report)
                g_ptr_array_add(p.reports, g_steal_pointer(&report));
        set_up(&p);
        for (guint i = 0; i < p.reports->len; i++)
                report_begin(p.reports->pdata[i], &p.context);
        read_all(&p);
        written = end_reports(&p);
        if (o->stats)
                print_stats(&p);
        intact = report_damage(&p);
        if (!written)
                return EXIT_USAGE;
        if (!intact)
                return EXIT_DAMAGED;
        return must_fail(&p) ? EXIT_FINDINGS : EXIT_DONE;
}
