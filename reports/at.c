/* SPDX-License-Identifier: BSD-3-Clause */

/* Which sockets there were at a moment: counted by host and state as netstat would have, or listed as ss
 * would have. */

#include "analyzer/hosts/moment.h"
#include "hosts_words.h"
#include "outputs.h"
#include "units.h"
#include "words.h"

typedef struct AtReport {
        Report report;
        Terminal *terminal;
} AtReport;

static void at_flow(Report *report, const FlowRecord *f) {
        /* The moment is put together elsewhere. */
}

/* ── Counting them ───────────────────────────────────────────────────────── */

#define AT_ROWS_MAX 50U
#define AT_COLUMN_GAP 2

static void put_count(Terminal *t, guint64 count, const char *title) {
        g_autoptr(GString) text = g_string_new(NULL);

        count_append(text, count);
        terminal_put(t, ROLE_PLAIN, "  ");
        terminal_put_field(t, count ? ROLE_PLAIN : ROLE_DIM, count ? text->str : "-",
                           -(gint)MAX(terminal_columns(title), 7));
}

static void put_row(const AtReport *r, const MomentRow *row, const guint64 *total, guint width) {
        const HostEndpoint *e = moment_endpoint(r->report.context->hosts, row->first);
        g_autoptr(GString) text = g_string_new(NULL);

        endpoint_append(text, &row->first->local, row->first->listens ? row->first->local_port : 0,
                        row->first->ipv6);
        terminal_put_field(r->terminal, ROLE_STRONG, text->str, (gint)width);
        for (guint state = 0; state < STATES; state++)
                if (total[state])
                        put_count(r->terminal, row->count[state], tcp_state_title(state));
        terminal_put(r->terminal, ROLE_PLAIN, "  ");
        g_string_truncate(text, 0);
        if (e && row->count[STATE_TIME_WAIT])
                words_time_wait(text, e);
        terminal_print(r->terminal, ROLE_DIM, "%s\n", text->str);
}

static void put_titles(const AtReport *r, const guint64 *total, guint width) {
        terminal_put_field(r->terminal, ROLE_DIM, "HOST", (gint)width);
        for (guint state = 0; state < STATES; state++) {
                if (!total[state])
                        continue;
                terminal_put(r->terminal, ROLE_PLAIN, "  ");
                terminal_put_field(r->terminal, ROLE_DIM, tcp_state_title(state),
                                   -(gint)MAX(terminal_columns(tcp_state_title(state)), 7));
        }
        terminal_put(r->terminal, ROLE_DIM, total[STATE_TIME_WAIT] ? "  TIME_WAIT BY\n" : "\n");
}

static void print_counts(const AtReport *r) {
        guint64 total[STATES] = { 0 };
        g_autoptr(GArray) rows = moment_rows(r->report.context->moment, total);
        g_autoptr(GString) text = g_string_new(NULL);
        guint width = 4;

        for (guint i = 0; i < MIN(rows->len, AT_ROWS_MAX); i++) {
                const MomentSocket *s = g_array_index(rows, MomentRow, i).first;

                endpoint_append(g_string_truncate(text, 0), &s->local, s->listens ? s->local_port : 0, s->ipv6);
                width = MAX(width, terminal_columns(text->str));
        }
        put_titles(r, total, width);
        for (guint i = 0; i < MIN(rows->len, AT_ROWS_MAX); i++)
                put_row(r, &g_array_index(rows, MomentRow, i), total, width);
        if (rows->len > AT_ROWS_MAX) {
                counted_append(g_string_truncate(text, 0), rows->len - AT_ROWS_MAX, "more host");
                terminal_print(r->terminal, ROLE_DIM, "and %s: --host shows one\n", text->str);
        }
}

/* ── Listing them ────────────────────────────────────────────────────────── */

/* As ss writes them. */
static const char *const ss_names[STATES] = {
        [STATE_UNKNOWN] = "UNKNOWN",
        [STATE_CLOSED] = "UNCONN",
        [STATE_LISTEN] = "LISTEN",
        [STATE_SYN_SENT] = "SYN-SENT",
        [STATE_SYN_RECEIVED] = "SYN-RECV",
        [STATE_ESTABLISHED] = "ESTAB",
        [STATE_FIN_WAIT_1] = "FIN-WAIT-1",
        [STATE_FIN_WAIT_2] = "FIN-WAIT-2",
        [STATE_CLOSE_WAIT] = "CLOSE-WAIT",
        [STATE_CLOSING] = "CLOSING",
        [STATE_LAST_ACK] = "LAST-ACK",
        [STATE_TIME_WAIT] = "TIME-WAIT",
};

static void print_socket(const AtReport *r, const MomentSocket *s) {
        gint64 duration_ns = moment_timer_ns(r->report.context->hosts, s);
        g_autoptr(GString) text = g_string_new(NULL);

        terminal_put_field(r->terminal, ROLE_PLAIN, ss_names[s->state], 11);
        terminal_put(r->terminal, ROLE_DIM, "     -      -  ");
        endpoint_append(text, &s->local, s->local_port, s->ipv6);
        terminal_put_field(r->terminal, ROLE_PLAIN, text->str, 26);
        endpoint_append(g_string_truncate(text, 0), &s->remote, s->remote_port, s->ipv6);
        terminal_put_field(r->terminal, ROLE_PLAIN, text->str, 26);
        terminal_print(r->terminal, ROLE_DIM, "#%" G_GUINT64_FORMAT, s->flow);
        if (duration_ns != HOST_FOREVER) {
                duration_append(g_string_truncate(text, 0), s->timer_ns + duration_ns - r->report.context->moment->at_ns, BOUND_EXACT);
                terminal_print(r->terminal, ROLE_DIM, " timer:(timewait,%s)", text->str);
        }
        terminal_put(r->terminal, ROLE_PLAIN, "\n");
}

static void print_sockets(const AtReport *r) {
        const GArray *sockets = r->report.context->moment->sockets;

        terminal_put(r->terminal, ROLE_DIM, "State      Recv-Q Send-Q  ");
        terminal_put_field(r->terminal, ROLE_DIM, "Local Address:Port", 26);
        terminal_put_field(r->terminal, ROLE_DIM, "Peer Address:Port", 26);
        terminal_put(r->terminal, ROLE_DIM, "Connection\n");
        for (guint i = 0; i < sockets->len; i++)
                print_socket(r, &g_array_index(sockets, MomentSocket, i));
}

/* ── The output ──────────────────────────────────────────────────────────── */

static void print_head(const AtReport *r) {
        const ReportContext *c = r->report.context;
        const Moment *m = c->moment;
        g_autoptr(GString) text = g_string_new(NULL);
        gint64 first_ns = report_first_ns(c);

        counted_append(text, m->sockets->len, "socket");
        g_string_append(text, " at ");
        time_append(text, m->at_ns, c->local_time);
        g_string_append(text, ", ");
        duration_append(text, m->at_ns < first_ns ? first_ns - m->at_ns : m->at_ns - first_ns, BOUND_EXACT);
        g_string_append(text, m->at_ns < first_ns ? " before the capture's first frame"
                                                  : " after the capture's first frame");
        terminal_print(r->terminal, ROLE_STRONG, "%s\n", text->str);
        if (hosts_end_ns(c->hosts) >= m->at_ns || hosts_flows(c->hosts) == 0)
                return;
        duration_append(g_string_truncate(text, 0), m->at_ns - hosts_end_ns(c->hosts), BOUND_EXACT);
        terminal_print(r->terminal, ROLE_WARNING,
                       "The capture ended %s before: what came then is not known.\n", text->str);
}

static void print_notes(const AtReport *r) {
        const Moment *m = r->report.context->moment;
        g_autoptr(GString) text = g_string_new(NULL);

        if (m->expired) {
                counted_append(text, m->expired, "more socket");
                terminal_print(
                    r->terminal, ROLE_DIM,
                    "\nIn FIN_WAIT_2: %s if processes still hold them (shutdown(), not close()).\n",
                    text->str);
        }
        if (m->left_out) {
                counted_append(g_string_truncate(text, 0), m->left_out, "socket");
                terminal_print(r->terminal, ROLE_WARNING, "\n%s more had no room here: ask for one --host.\n",
                               text->str);
        }
}

static gboolean at_end(Report *report, const Summary *s, GError **error) {
        AtReport *r = (AtReport *)report;

        print_head(r);
        if (report->context->moment->sockets->len > 0) {
                terminal_put(r->terminal, ROLE_PLAIN, "\n");
                (report->context->moment->listed ? print_sockets : print_counts)(r);
        }
        print_notes(r);
        return terminal_close(r->terminal, error);
}

static void at_free(Report *report) {
        AtReport *r = (AtReport *)report;

        terminal_free(r->terminal);
        g_free(r);
}

Report *at_report_new(Terminal *t) {
        AtReport *r = g_new0(AtReport, 1);

        r->report.flow = at_flow;
        r->report.end = at_end;
        r->report.free = at_free;
        r->terminal = t;
        return &r->report;
}
