/* SPDX-License-Identifier: BSD-3-Clause */

/* Today and under other settings, side by side; and what these settings do not do. */

#include "analyzer/hosts/whatif.h"

#include "hosts_words.h"
#include "outputs.h"
#include "units.h"

#define WHATIF_HOSTS 5U /* of each kind; rows without a number are not printed */
#define LABEL_COLUMNS 26
#define WHERE_COLUMNS 38
#define NUMBER_COLUMNS 18
#define TEXT_INDENT 2

typedef struct WhatIfReport {
        Report report;
        Terminal *terminal;
        GString *where, *today, *then; /* of the row at hand */
} WhatIfReport;

static void whatif_flow(Report *report, const FlowRecord *f) {
        /* All that is said comes from the whole. */
}

/* ── Rows ────────────────────────────────────────────────────────────────── */

static void begin_row(WhatIfReport *r) {
        g_string_truncate(r->where, 0);
        g_string_truncate(r->today, 0);
        g_string_truncate(r->then, 0);
}

static void end_row(WhatIfReport *r, const char *label) {
        gboolean same = g_string_equal(r->today, r->then);

        terminal_put_field(r->terminal, ROLE_DIM, label, LABEL_COLUMNS);
        terminal_put_field(r->terminal, ROLE_PLAIN, r->where->str, WHERE_COLUMNS);
        terminal_put_field(r->terminal, ROLE_PLAIN, r->today->str, -NUMBER_COLUMNS);
        terminal_put_field(r->terminal, same ? ROLE_DIM : ROLE_STRONG, same ? "the same" : r->then->str,
                           -NUMBER_COLUMNS);
        terminal_put(r->terminal, ROLE_PLAIN, "\n");
}

static void put_counts(WhatIfReport *r, const char *label, guint64 today, guint64 then) {
        if (today == 0 && then == 0)
                return;
        begin_row(r);
        count_append(r->today, today);
        count_append(r->then, then);
        end_row(r, label);
}

/* ── States ──────────────────────────────────────────────────────────────── */

static void put_peak(WhatIfReport *r, TcpState state, guint32 endpoint) {
        const Hosts *h = r->report.context->hosts;
        const HostEndpoint *e = hosts_endpoint(h, endpoint);
        guint32 place = hosts_find_place(whatif_hosts(r->report.context->whatif), &e->address, e->port,
                                         e->service != NULL);
        g_autoptr(GArray) one = g_array_new(FALSE, FALSE, sizeof(guint32));
        g_autoptr(Census) today = NULL, then = NULL;
        g_autofree char *label = g_strdup_printf("Most in %s", tcp_state_title(state));

        g_array_append_val(one, endpoint);
        today = hosts_census(h, one);
        then = place == HOSTS_NOWHERE ? NULL : whatif_census(r->report.context->whatif, place);
        if (!then || (today->peak[state].count == 0 && then->peak[state].count == 0))
                return;
        begin_row(r);
        endpoint_append(r->where, &e->address, e->port, e->ipv6);
        count_append(r->today, today->peak[state].count);
        count_append(r->then, then->peak[state].count);
        end_row(r, label);
}

static void put_states(WhatIfReport *r) {
        static const TcpState states[] = { STATE_TIME_WAIT, STATE_FIN_WAIT_2 };
        const Hosts *h = r->report.context->hosts;

        for (guint s = 0; s < G_N_ELEMENTS(states); s++) {
                g_autoptr(GArray) order = hosts_order(
                    h, states[s] == STATE_TIME_WAIT ? HOSTS_BY_TIME_WAITS : HOSTS_BY_FLOWS, FALSE);

                for (guint i = 0; i < MIN(order->len, WHATIF_HOSTS); i++)
                        put_peak(r, states[s], g_array_index(order, guint32, i));
        }
}

/* ── Ports ───────────────────────────────────────────────────────────────── */

static void append_taken(GString *text, const PortBudget *b) {
        count_append(text, b->taken.count);
        g_string_append(text, " of ");
        count_append(text, b->ports);
}

static void append_lasting(GString *text, const PortBudget *b) {
        words_rate(text, b->sustainable);
        g_string_append(text, "/s");
}

static void append_until(GString *text, const ReportContext *c, const PortBudget *b) {
        if (b->exhaustion == EXHAUSTION_NEVER)
                g_string_append(text, "for ever");
        else
                time_append_clock(text,
                                  b->exhaustion == EXHAUSTION_OBSERVED
                                      ? hosts_moment_ns(c->hosts, b->exhausted_second)
                                      : b->exhausted_second * NS_PER_SECOND,
                                  c->local_time);
}

static void put_pair(WhatIfReport *r, const PortBudget *today, const PortBudget *then) {
        const ReportContext *c = r->report.context;
        const HostEndpoint *client = hosts_endpoint(c->hosts, today->pair->client),
                           *server = hosts_endpoint(c->hosts, today->pair->server);
        static const char *const labels[] = { "Most ports taken", "Connections that can last",
                                              "Ports last until" };

        for (guint i = 0; i < G_N_ELEMENTS(labels); i++) {
                begin_row(r);
                endpoint_append(r->where, &client->address, client->port, client->ipv6);
                g_string_append(r->where, " to ");
                endpoint_append(r->where, &server->address, server->port, server->ipv6);
                for (guint k = 0; k < 2; k++) {
                        GString *text = k ? r->then : r->today;
                        const PortBudget *b = k ? then : today;

                        if (i == 0)
                                append_taken(text, b);
                        else if (i == 1)
                                append_lasting(text, b);
                        else
                                append_until(text, c, b);
                }
                end_row(r, labels[i]);
        }
}

static void put_ports(WhatIfReport *r) {
        g_autoptr(GArray) budgets = hosts_budgets(r->report.context->hosts);
        const Hosts *h = r->report.context->hosts;

        for (guint i = 0; i < MIN(budgets->len, WHATIF_HOSTS); i++) {
                const PortBudget *today = &g_array_index(budgets, PortBudget, i);
                PortBudget then;

                if (today->taken.count > 0 && hosts_budget_of(whatif_hosts(r->report.context->whatif),
                                                              hosts_endpoint(h, today->pair->client),
                                                              hosts_endpoint(h, today->pair->server), &then))
                        put_pair(r, today, &then);
        }
}

/* ── Costs ───────────────────────────────────────────────────────────────── */

static void put_costs(WhatIfReport *r) {
        const WhatIfCounts *today = whatif_today(r->report.context->whatif),
                           *then = whatif_then(r->report.context->whatif);

        put_counts(r, "SYNs refused by TIME_WAIT", today->refused, then->refused);
        if (today->refused_ns || then->refused_ns) {
                begin_row(r);
                duration_append(r->today, today->refused_ns, BOUND_EXACT);
                duration_append(r->then, then->refused_ns, BOUND_EXACT);
                end_row(r, "  which cost");
        }
        put_counts(r, "Cut in FIN_WAIT_2", today->cut, then->cut);
        put_counts(r, "FINs after TIME_WAIT", today->late_fins, then->late_fins);
        put_counts(r, "Without TIME_WAIT", today->overflow, then->overflow);
        put_counts(r, "Held by forged keepalives", today->kept_by_box, then->kept_by_box);
        put_counts(r, "Closed by a RST", today->aborted, then->aborted);
        if (then->aborted) {
                begin_row(r);
                bytes_append(r->today, today->risk_bytes);
                bytes_append(r->then, then->risk_bytes);
                end_row(r, "  bytes that can be lost");
        }
}

/* ── Words ───────────────────────────────────────────────────────────────── */

static void print_knob(WhatIfReport *r, Knob k) {
        g_autofree char *text = g_strdup_printf("%s %s. %s", knob_name(k), knob_does(k), knob_does_not(k));

        terminal_print(r->terminal, ROLE_STRONG, "\n%s=%s", knob_name(k),
                       whatif_value(r->report.context->whatif, k));
        terminal_put(r->terminal, ROLE_PLAIN, "\n");
        terminal_move_to(r->terminal, TEXT_INDENT);
        terminal_put_wrapped(r->terminal, ROLE_PLAIN, TEXT_INDENT, text);
        if (whatif_applies_to(r->report.context->whatif, k) > 0)
                return;
        terminal_move_to(r->terminal, TEXT_INDENT);
        terminal_put_wrapped(
            r->terminal, ROLE_WARNING, TEXT_INDENT,
            "No host here is taken for one that has this setting: name it, as in --host-model 10.0.0.2=windows.");
}

static gboolean whatif_report_end(Report *report, const Summary *s, GError **error) {
        WhatIfReport *r = (WhatIfReport *)report;

        begin_row(r);
        g_string_assign(r->today, "today");
        g_string_assign(r->then, "then");
        end_row(r, "");
        put_states(r);
        put_ports(r);
        put_costs(r);
        for (guint k = 0; k < KNOBS; k++)
                if (whatif_is_set(r->report.context->whatif, k))
                        print_knob(r, k);
        return terminal_close(r->terminal, error);
}

static void whatif_report_free(Report *report) {
        WhatIfReport *r = (WhatIfReport *)report;

        g_string_free(r->where, TRUE);
        g_string_free(r->today, TRUE);
        g_string_free(r->then, TRUE);
        terminal_free(r->terminal);
        g_free(r);
}

Report *whatif_report_new(Terminal *t) {
        WhatIfReport *r = g_new0(WhatIfReport, 1);

        r->report.flow = whatif_flow;
        r->report.end = whatif_report_end;
        r->report.free = whatif_report_free;
        r->terminal = t;
        r->where = g_string_new(NULL);
        r->today = g_string_new(NULL);
        r->then = g_string_new(NULL);
        return &r->report;
}
