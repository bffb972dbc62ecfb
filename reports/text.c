/* SPDX-License-Identifier: BSD-3-Clause */

/* The answer for a person: about one screen, worst first, with what to look at next. */

#include "hosts_words.h"
#include "keepers_words.h"
#include "outputs.h"
#include "settings_words.h"
#include "summary.h"
#include "units.h"
#include "words.h"

#define TEXT_EXAMPLES 3     /* of a kind of finding, while there are few kinds */
#define TEXT_KINDS_FEW 5
#define EXAMPLE_INDENT 11
#define COUNTS_INDENT 14

typedef struct TextReport {
        Report report;
        Terminal *terminal;
        GString *scratch;
} TextReport;

static GString *scratch(TextReport *r) {
        return g_string_truncate(r->scratch, 0);
}

static void text_flow(Report *report, const FlowRecord *f) {
        /* All that is said comes from the summary. */
}

/* ── What was read ───────────────────────────────────────────────────────── */

/* "finwait2.pcap: 1 connection, 9 packets, 187.4 s from 2026-11-22 10:00:00.000 UTC" */
static void print_head(TextReport *r, const Summary *s) {
        const ReportContext *c = r->report.context;
        GString *text = scratch(r);

        if (c->n_captures == 1)
                g_string_append(text, words_capture_name(c->captures[0]));
        else
                counted_append(text, c->n_captures, "capture");
        terminal_put(r->terminal, ROLE_STRONG, text->str);
        g_string_assign(text, ": ");
        counted_append(text, s->flows, "TCP connection");
        g_string_append(text, ", ");
        counted_append(text, s->packets, "packet");
        if (s->flows > 0) {
                g_string_append(text, ", ");
                duration_append(text, s->last_ns - s->first_ns, BOUND_EXACT);
                g_string_append(text, " from ");
                time_append(text, s->first_ns, c->local_time);
        }
        terminal_print(r->terminal, ROLE_PLAIN, "%s\n", text->str);
        if (words_vantage_of_all(scratch(r), &s->vantage)) {
                text->str[0] = g_ascii_toupper(text->str[0]);
                terminal_print(r->terminal, ROLE_DIM, "%s.\n", text->str);
        }
}

static void print_answer(TextReport *r, const Summary *s) {
        guint64 bad = summary_flows_at_least(s, SEVERITY_WARNING);
        GString *text = scratch(r);

        terminal_put(r->terminal, ROLE_PLAIN, "\n");
        if (s->flows == 0) {
                terminal_put(r->terminal, ROLE_PLAIN, "No TCP connection was read.\n");
                return;
        }
        if (bad == 0 && s->together[SEVERITY_WARNING] + s->together[SEVERITY_ERROR] > 0) {
                terminal_put(r->terminal, ROLE_WARNING, "No connection has a problem of its own; together they have one.\n");
                return;
        }
        if (bad == 0) {
                terminal_put(r->terminal, ROLE_GOOD, "Nothing wrong was found.\n");
                return;
        }
        count_append(text, bad);
        g_string_append(text, " of ");
        counted_append(text, s->flows, "connection");
        g_string_append(text, bad == 1 ? " has a problem." : " have problems.");
        terminal_print(r->terminal, s->by_worst[SEVERITY_ERROR] ? ROLE_ERROR : ROLE_WARNING, "%s\n", text->str);
}

/* ── Findings ────────────────────────────────────────────────────────────── */

static void print_examples(TextReport *r, const FindingTally *t, guint max) {
        guint n = MIN(t->n_examples, max);

        for (guint i = 0; i < n; i++) {
                g_autofree char *number = g_strdup_printf("#%" G_GUINT64_FORMAT, t->examples[i].badness.flow);

                terminal_put_field(r->terminal, ROLE_STRONG, number, -(EXAMPLE_INDENT - 2));
                terminal_move_to(r->terminal, EXAMPLE_INDENT);
                terminal_put_wrapped(r->terminal, ROLE_PLAIN, EXAMPLE_INDENT, t->examples[i].text);
        }
        if (t->findings > n) {
                g_string_assign(r->scratch, "and ");
                count_append(r->scratch, t->findings - n);
                terminal_move_to(r->terminal, EXAMPLE_INDENT);
                terminal_print(r->terminal, ROLE_DIM, "%s more\n", r->scratch->str);
        }
}

/* "warning  TD102 A side lingered in FIN_WAIT_2  37 connections" */
static void print_title(TextReport *r, const Summary *s, FindingId id) {
        const FindingKind *kind = finding_kind(id);
        const FindingTally *t = &s->findings[id];
        Severity severity = finding_tally_severity(t);
        guint64 unsure = t->by_certainty[CERTAINTY_CANNOT_TELL];

        terminal_put_field(r->terminal, role_of_severity(severity), severity_name(severity), 9);
        terminal_print(r->terminal, severity >= SEVERITY_WARNING ? ROLE_STRONG : ROLE_PLAIN, "%s %s", kind->code, kind->title);
        counted_append(scratch(r), t->flows, "connection");
        terminal_print(r->terminal, ROLE_DIM, "  %s", r->scratch->str);
        if (unsure > 0 && unsure < t->findings) {
                count_append(scratch(r), unsure);
                terminal_print(r->terminal, ROLE_DIM, ", %s cannot be told for sure", r->scratch->str);
        } else if (unsure > 0) {
                terminal_put(r->terminal, ROLE_DIM, ", cannot be told for sure");
        }
        terminal_put(r->terminal, ROLE_PLAIN, "\n");
}

/* Returns: how many of @kinds are problems; the rest is only worth knowing and gets a line each. */
static guint print_findings(TextReport *r, const Summary *s, const FindingId *kinds, guint n) {
        guint bad = 0;

        while (bad < n && finding_tally_severity(&s->findings[kinds[bad]]) >= SEVERITY_WARNING)
                bad++;
        for (guint i = 0; i < bad; i++) {
                terminal_put(r->terminal, ROLE_PLAIN, "\n");
                print_title(r, s, kinds[i]);
                print_examples(r, &s->findings[kinds[i]], bad <= TEXT_KINDS_FEW ? TEXT_EXAMPLES : 1);
        }
        if (bad < n)
                terminal_put(r->terminal, ROLE_PLAIN, "\n");
        for (guint i = bad; i < n; i++)
                print_title(r, s, kinds[i]);
        return bad;
}

/* ── Counts ──────────────────────────────────────────────────────────────── */

static void print_line(TextReport *r, const char *label, const char *text) {
        if (!*text)
                return;
        terminal_put(r->terminal, ROLE_DIM, label);
        terminal_move_to(r->terminal, COUNTS_INDENT);
        terminal_put_wrapped(r->terminal, ROLE_PLAIN, COUNTS_INDENT, text);
}

static void append_counts(GString *text, const guint64 *counts, guint n, const char *(*name)(guint)) {
        for (guint i = 0; i < n; i++) {
                if (counts[i] == 0)
                        continue;
                g_string_append_printf(text, "%s%s ", text->len ? ", " : "", name(i));
                count_append(text, counts[i]);
        }
}

static const char *close_name(guint kind) {
        return close_kind_name(kind);
}

static const char *first_name(guint by) {
        return closed_first_by_name(by);
}

static void print_hosts(TextReport *r, const Summary *s) {
        g_autoptr(GPtrArray) hosts = summary_hosts(s);
        GString *text = scratch(r);

        for (guint i = 0; i < MIN(hosts->len, 3); i++) {
                const HostTally *h = hosts->pdata[i];

                g_string_append(text, i ? ", " : "");
                endpoint_append(text, &h->address, h->port, h->ipv6);
                g_string_append_c(text, ' ');
                count_append(text, h->flows);
        }
        if (hosts->len > 3)
                g_string_append(text, ", ...");
        if (g_hash_table_size(s->hosts) > 1)
                print_line(r, "Worst hosts", text->str);
}

#define KEEPERS_SHOWN 3U

static void print_keepers(TextReport *r) {
        const ReportContext *c = r->report.context;
        const Keepers *k = c->settings ? settings_keepers(c->settings) : NULL;

        for (guint i = 0; k && i < MIN(k->n, KEEPERS_SHOWN); i++) {
                keeper_summary(scratch(r), c, &k->box[i]);
                print_line(r, "Kept alive", r->scratch->str);
        }
}

#define LEARNED_HOSTS_MAX 2 /* of whom the same kind of thing is told */

static gint by_telling_flows(gconstpointer a, gconstpointer b) {
        const HostEvidence *x = *(HostEvidence *const *)a, *y = *(HostEvidence *const *)b;

        return x->flows > y->flows ? -1 : x->flows < y->flows;
}

/* Sentences of a kind. */
typedef struct Learned {
        guint n;
        char *line[LEARNED_HOSTS_MAX];
} Learned;

/* What is known of a host is read once for all kinds. */
static void note_learned(TextReport *r, const HostEvidence *e, Learned *by_kind) {
        HostLearned learned;

        settings_learn(r->report.context->settings, &e->address, &learned);
        for (guint kind = 0; kind < settings_sentences(); kind++) {
                Learned *l = &by_kind[kind];
                GString *text = scratch(r);
                gsize before;

                if (l->n == LEARNED_HOSTS_MAX)
                        continue;
                endpoint_append(text, &e->address, 0, e->ipv6);
                g_string_append_c(text, ' ');
                before = text->len;
                settings_sentence(text, e, &learned, kind);
                if (text->len > before)
                        l->line[l->n++] = g_strdup(text->str);
        }
}

static void print_learned(TextReport *r) {
        g_autoptr(GPtrArray) hosts = r->report.context->settings ? settings_hosts(r->report.context->settings) : g_ptr_array_new();
        g_autofree Learned *by_kind = g_new0(Learned, settings_sentences());

        g_ptr_array_sort(hosts, by_telling_flows); /* a stable sort: then by address */
        for (guint i = 0; i < hosts->len; i++)
                note_learned(r, hosts->pdata[i], by_kind);
        for (guint kind = 0; kind < settings_sentences(); kind++)
                for (guint i = 0; i < by_kind[kind].n; i++) {
                        print_line(r, "Learned", by_kind[kind].line[i]);
                        g_free(by_kind[kind].line[i]);
                }
}

/* What is not told as it would be with more memory. */
static void print_given_up(TextReport *r, const GivenUp *g) {
        GString *text = scratch(r);

        if (!g->since_ns)
                return;
        g_string_append(text, "from ");
        time_append(text, g->since_ns, r->report.context->local_time);
        g_string_append(text, " on memory was full (--memory):");
        g_string_append_c(text, ' ');
        counted_append(text, g->half_open + g->idle, "connection");
        g_string_append(text, " were reported before they ended, ");
        count_append(text, g->half_open);
        g_string_append(text, " of them half-open; ");
        count_append(text, g->closed);
        g_string_append(text, " less than 4 minutes after; of ");
        count_append(text, g->tombstones);
        g_string_append(text, " older ones it is not told whether they came again");
        print_line(r, "Given up", text->str);
}

/* What the captures hold that was not understood, and what is wrong with them. */
static void print_captures(TextReport *r, const Summary *s) {
        const ReportContext *c = r->report.context;
        GString *text = scratch(r);
        guint64 filtered = 0;

        for (guint i = 0; i < DISSECT_RESULTS; i++) {
                if (i == DISSECT_TCP || s->dissected[i] == 0)
                        continue;
                g_string_append_printf(text, "%s%s ", text->len ? ", " : "", dissect_result_name(i));
                count_append(text, s->dissected[i]);
        }
        print_line(r, "Not TCP", text->str);
        for (guint i = 0; i < c->n_captures; i++)
                filtered += c->captures[i]->filtered_frames;
        counted_append(scratch(r), filtered, "frame");
        if (filtered > 0)
                print_line(r, "Filtered out", text->str);
        print_given_up(r, &s->totals.given_up);
        if (s->totals.late_segments > 0) {
                counted_append(scratch(r), s->totals.late_segments, "packet");
                g_string_append(text, " came minutes after their connections had closed");
                print_line(r, "Late", text->str);
        }
        for (guint i = 0; i < c->n_captures; i++) {
                const CaptureInfo *info = c->captures[i];

                scratch(r);
                if (info->drops > 0) {
                        counted_append(text, info->drops, "packet");
                        g_string_append_printf(text, " dropped while capturing %s", words_capture_name(info));
                        print_line(r, "Capture", text->str);
                }
                if (info->damage != CAPTURE_INTACT) {
                        g_string_printf(text, "%s is %s at frame %" G_GUINT64_FORMAT " (byte %" G_GUINT64_FORMAT "): %s",
                                        words_capture_name(info), info->damage == CAPTURE_TRUNCATED ? "truncated" : "corrupt",
                                        info->damage_frame, info->damage_offset, info->damage_text);
                        print_line(r, "Capture", text->str);
                }
        }
}

#define TOGETHER_LINES_MAX 3 /* of a kind */

/* Who closes first where, what stood at once, how far ports reach. */
static void print_together(TextReport *r) {
        const ReportContext *c = r->report.context;
        g_autoptr(GArray) services = NULL, budgets = NULL;

        if (!c->hosts)
                return;
        services = hosts_order(c->hosts, HOSTS_BY_FLOWS, TRUE);
        budgets = hosts_budgets(c->hosts);
        for (guint i = 0; i < MIN(services->len, TOGETHER_LINES_MAX); i++) {
                words_service(scratch(r), c, g_array_index(services, guint32, i));
                print_line(r, "Service", r->scratch->str);
        }
        words_peaks(scratch(r), c);
        print_line(r, "Most at once", r->scratch->str);
        for (guint i = 0; i < MIN(budgets->len, TOGETHER_LINES_MAX); i++) {
                words_budget(scratch(r), c, &g_array_index(budgets, PortBudget, i));
                print_line(r, "Ports", r->scratch->str);
        }
}

static void print_counts(TextReport *r, const Summary *s) {
        terminal_put(r->terminal, ROLE_PLAIN, "\n");
        append_counts(scratch(r), s->by_close, CLOSE_KINDS, close_name);
        print_line(r, "Closes", r->scratch->str);
        append_counts(scratch(r), s->by_closed_first, CLOSED_FIRST_VALUES, first_name);
        print_line(r, "Closed first", r->scratch->str);
        print_together(r);
        print_hosts(r, s);
        print_keepers(r);
        print_learned(r);
        print_captures(r, s);
}

/* ── What to do next ─────────────────────────────────────────────────────── */

/* A command and, aligned where there is room, what it shows. */
static void print_hint(TextReport *r, const char *command, const char *what, guint columns) {
        terminal_move_to(r->terminal, COUNTS_INDENT);
        terminal_put_field(r->terminal, ROLE_PLAIN, command, (gint)columns);
        terminal_print(r->terminal, ROLE_DIM, "  %s\n", what);
}

static void print_next(TextReport *r, const Summary *s, const FindingId *worst) {
        const char *arguments = r->report.context->arguments;
        g_autofree char *flows = g_strdup_printf("lastack flows %s", arguments), *show = NULL, *explain = NULL;
        guint columns = terminal_columns(flows);

        terminal_put(r->terminal, ROLE_PLAIN, "\n");
        terminal_put(r->terminal, ROLE_DIM, "Next");
        if (worst) {
                show = g_strdup_printf("lastack show %" G_GUINT64_FORMAT " %s", s->findings[*worst].examples[0].badness.flow,
                                       arguments);
                explain = g_strdup_printf("lastack explain %s", finding_kind(*worst)->code);
                columns = MAX(columns, MAX(terminal_columns(show), terminal_columns(explain)));
                print_hint(r, show, "the first of them, packet by packet", columns);
                print_hint(r, explain, "what it means and what to do", columns);
        }
        print_hint(r, flows, "every connection, a line each", columns);
}

static gboolean text_end(Report *report, const Summary *s, GError **error) {
        TextReport *r = (TextReport *)report;
        FindingId kinds[FINDINGS];
        guint n = summary_finding_order(s, kinds), bad;

        print_head(r, s);
        print_answer(r, s);
        bad = print_findings(r, s, kinds, n);
        print_counts(r, s);
        if (s->flows > 0)
                print_next(r, s, bad > 0 ? kinds : NULL);
        return terminal_close(r->terminal, error);
}

static void text_free(Report *report) {
        TextReport *r = (TextReport *)report;

        g_string_free(r->scratch, TRUE);
        terminal_free(r->terminal);
        g_free(r);
}

Report *text_report_new(Terminal *t) {
        TextReport *r = g_new0(TextReport, 1);

        r->report.flow = text_flow;
        r->report.end = text_end;
        r->report.free = text_free;
        r->terminal = t;
        r->scratch = g_string_new(NULL);
        return &r->report;
}
