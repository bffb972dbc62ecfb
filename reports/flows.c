/* SPDX-License-Identifier: BSD-3-Clause */

/* A line per flow.  Column widths come from the first rows; what follows is printed as it comes. */

#include <string.h>

#include "outputs.h"
#include "units.h"
#include "words.h"

#define FLOWS_MEASURED 512U

typedef struct FlowsReport {
        Report report;
        Terminal *terminal;
        GPtrArray *rows; /* (element-type Row): until the widths are set; NULL from then on */
        gint *widths;
} FlowsReport;

/* ── Cells ───────────────────────────────────────────────────────────────── */

static void cell_number(GString *text, const ReportContext *c, const FlowRecord *f) {
        g_string_append_printf(text, "%" G_GUINT64_FORMAT, f->number);
}

static void cell_start(GString *text, const ReportContext *c, const FlowRecord *f) {
        time_append_clock(text, f->start_ns, c->local_time);
}

static void cell_duration(GString *text, const ReportContext *c, const FlowRecord *f) {
        duration_append(text, f->end_ns - f->start_ns, BOUND_EXACT);
}

static void cell_client(GString *text, const ReportContext *c, const FlowRecord *f) {
        words_side(text, f, CLIENT);
}

static void cell_server(GString *text, const ReportContext *c, const FlowRecord *f) {
        words_side(text, f, SERVER);
}

static void cell_client_state(GString *text, const ReportContext *c, const FlowRecord *f) {
        g_string_append(text, tcp_state_title(f->side[CLIENT].state));
}

static void cell_server_state(GString *text, const ReportContext *c, const FlowRecord *f) {
        g_string_append(text, tcp_state_title(f->side[SERVER].state));
}

static void cell_close(GString *text, const ReportContext *c, const FlowRecord *f) {
        g_string_append(text, close_kind_name(f->close));
}

static void cell_first(GString *text, const ReportContext *c, const FlowRecord *f) {
        g_string_append(text, f->closed_first_by == CLOSED_FIRST_BY_NOBODY ? "-" : closed_first_by_name(f->closed_first_by));
}

static void cell_findings(GString *text, const ReportContext *c, const FlowRecord *f) {
        for (guint i = 0; i < f->n_findings; i++) {
                const char *code = finding_kind(f->findings[i].id)->code;

                if (!strstr(text->str, code))
                        g_string_append_printf(text, "%s%s", text->len ? " " : "", code);
        }
}

static const struct Column {
        const char *title;
        gint align; /* 1 to the left, -1 to the right */
        void (*cell)(GString *text, const ReportContext *c, const FlowRecord *f);
} columns[] = {
        { "FLOW", -1, cell_number },
        { "START", 1, cell_start },
        { "TOOK", -1, cell_duration },
        { "CLIENT", 1, cell_client },
        { "SERVER", 1, cell_server },
        { "CLIENT IN", 1, cell_client_state },
        { "SERVER IN", 1, cell_server_state },
        { "CLOSE", 1, cell_close },
        { "FIRST", 1, cell_first },
        { "FINDINGS", 1, cell_findings },
};

#define COLUMNS G_N_ELEMENTS(columns)

/* ── Rows ────────────────────────────────────────────────────────────────── */

typedef struct Row {
        Role findings_role;
        char *cells[COLUMNS];
} Row;

static void row_free(Row *row) {
        for (guint i = 0; i < COLUMNS; i++)
                g_free(row->cells[i]);
        g_free(row);
}

static Row *row_new(const ReportContext *c, const FlowRecord *f) {
        g_autoptr(GString) text = g_string_new(NULL);
        Row *row = g_new0(Row, 1);
        Severity worst = SEVERITY_INFO;

        for (guint i = 0; i < COLUMNS; i++) {
                columns[i].cell(g_string_truncate(text, 0), c, f);
                row->cells[i] = g_strdup(text->str);
        }
        for (guint i = 0; i < f->n_findings; i++)
                worst = MAX(worst, f->findings[i].severity);
        row->findings_role = role_of_severity(worst);
        return row;
}

static void row_print(const FlowsReport *r, const Row *row) {
        for (guint i = 0; i < COLUMNS; i++) {
                gboolean last = i == COLUMNS - 1;

                if (last && !*row->cells[i])
                        break;
                terminal_put(r->terminal, ROLE_PLAIN, i ? "  " : "");
                terminal_put_field(r->terminal, last ? row->findings_role : ROLE_PLAIN, row->cells[i],
                                   last ? 0 : r->widths[i] * columns[i].align);
        }
        terminal_put(r->terminal, ROLE_PLAIN, "\n");
}

static void print_titles(const FlowsReport *r) {
        for (guint i = 0; i < COLUMNS; i++) {
                terminal_put(r->terminal, ROLE_PLAIN, i ? "  " : "");
                terminal_put_field(r->terminal, ROLE_DIM, columns[i].title,
                                   i == COLUMNS - 1 ? 0 : r->widths[i] * columns[i].align);
        }
        terminal_put(r->terminal, ROLE_PLAIN, "\n");
}

/* Sets the widths and prints what was held back for that. */
static void print_held(FlowsReport *r) {
        g_autoptr(GPtrArray) rows = g_steal_pointer(&r->rows);

        for (guint i = 0; i < COLUMNS; i++) {
                r->widths[i] = (gint)terminal_columns(columns[i].title);
                for (guint n = 0; n < rows->len; n++)
                        r->widths[i] = MAX(r->widths[i], (gint)terminal_columns(((Row *)rows->pdata[n])->cells[i]));
        }
        if (rows->len > 0)
                print_titles(r);
        for (guint n = 0; n < rows->len; n++)
                row_print(r, rows->pdata[n]);
}

/* ── The output ──────────────────────────────────────────────────────────── */

static void flows_flow(Report *report, const FlowRecord *f) {
        FlowsReport *r = (FlowsReport *)report;
        Row *row = row_new(report->context, f);

        if (r->rows) {
                g_ptr_array_add(r->rows, row);
                if (r->rows->len == FLOWS_MEASURED)
                        print_held(r);
        } else {
                row_print(r, row);
                row_free(row);
        }
}

static gboolean flows_end(Report *report, const Summary *s, GError **error) {
        FlowsReport *r = (FlowsReport *)report;

        if (r->rows)
                print_held(r);
        return terminal_close(r->terminal, error);
}

static void flows_free(Report *report) {
        FlowsReport *r = (FlowsReport *)report;

        g_clear_pointer(&r->rows, g_ptr_array_unref);
        terminal_free(r->terminal);
        g_free(r->widths);
        g_free(r);
}

Report *flows_report_new(Terminal *t) {
        FlowsReport *r = g_new0(FlowsReport, 1);

        r->report.flow = flows_flow;
        r->report.end = flows_end;
        r->report.free = flows_free;
        r->terminal = t;
        r->rows = g_ptr_array_new_with_free_func((GDestroyNotify)row_free);
        r->widths = g_new0(gint, COLUMNS);
        return &r->report;
}
