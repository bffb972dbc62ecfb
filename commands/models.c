/* SPDX-License-Identifier: BSD-3-Clause */

/* lastack models [MODEL...]: the TCPs that are known, their timers and where that is known from. */

#include "analyzer/hosts/ports.h"
#include "catalogue.h"

#define TEXT_INDENT 14

static void put_row(Terminal *t, Role role, const char *const cells[]) {
        static const gint columns[] = { TEXT_INDENT, 11, 25, 13, 0 };

        for (guint i = 0; i < G_N_ELEMENTS(columns); i++)
                terminal_put_field(t, i == 0 && role == ROLE_PLAIN ? ROLE_STRONG : role, cells[i], columns[i]);
        terminal_put(t, ROLE_PLAIN, "\n");
}

static void list_all(Terminal *t) {
        put_row(t, ROLE_DIM, (const char *[]){ "Model", "TIME_WAIT", "FIN_WAIT_2", "Ports", "Hosts" });
        for (guint i = 0; i < host_models(); i++) {
                const HostModel *m = host_model(i);
                g_autofree char *time_wait = g_strdup_printf("%u s", m->time_wait_s);
                const char *since = m->fin_wait_2 == FIN_WAIT_2_IDLE ? " without a segment" : "";
                g_autofree char *life = m->fin_timeout_s ? g_strdup_printf("%u s%s", m->fin_timeout_s, since)
                                                         : g_strdup(fin_wait_2_rule_title(m->fin_wait_2));
                g_autofree char *ports = g_strdup_printf("%u-%u", m->port_first, m->port_last);

                put_row(t, ROLE_PLAIN, (const char *[]){ m->name, time_wait, life, ports, m->title });
                terminal_move_to(t, TEXT_INDENT);
                terminal_put_wrapped(t, ROLE_DIM, TEXT_INDENT, m->source);
        }
}

static void put_line(Terminal *t, const char *name, const char *text) {
        terminal_put(t, ROLE_DIM, name);
        terminal_move_to(t, TEXT_INDENT);
        terminal_put_wrapped(t, ROLE_PLAIN, TEXT_INDENT, text);
}

static void put_reactions(Terminal *t, const HostModel *m, const char *name, HostEvent from, HostEvent end) {
        g_autoptr(GString) text = g_string_new(NULL);

        for (guint i = from; i < end; i++)
                g_string_append_printf(text, "%s%s: %s", i == from ? "" : "; ", host_event_title(i),
                                       reaction_title(m->reaction[i]));
        put_line(t, name, text->str);
}

/* Connections a second to one server and port, if each leaves a TIME_WAIT at either end. */
static gdouble rate_of(const HostModel *m) {
        guint16 first, last;

        return port_budget_rate(host_model_ports(m, NULL, &first, &last), host_model_time_wait_ns(m, NULL));
}

static void describe(Terminal *t, guint i) {
        const HostModel *m = host_model(i);
        g_autoptr(GString) text = g_string_new(NULL);

        terminal_print(t, ROLE_STRONG, "%s", m->name);
        terminal_move_to(t, TEXT_INDENT);
        terminal_print(t, ROLE_PLAIN, "%s\n", m->title);
        g_string_printf(text, "%u s", m->time_wait_s);
        put_line(t, "TIME_WAIT", text->str);
        put_reactions(t, m, "  gets", HOST_TIME_WAIT_SYN_UP, HOST_FIN_WAIT_2_SYN);
        g_string_printf(text, m->fin_timeout_s ? "%s, T = %u s" : "%s", fin_wait_2_rule_title(m->fin_wait_2), m->fin_timeout_s);
        put_line(t, "FIN_WAIT_2", text->str);
        put_reactions(t, m, "  gets", HOST_FIN_WAIT_2_SYN, HOST_EVENTS);
        if (m->orphan_s) {
                g_string_printf(text, "given up about %u s after its first repeat, once no process holds the socket", m->orphan_s);
                put_line(t, "Lone FIN", text->str);
        }
        g_string_printf(text, "%u-%u: %u, which last for ever at %.1f connections a second to one server and port",
                        m->port_first, m->port_last, m->port_last - m->port_first + 1U, rate_of(m));
        put_line(t, "Ports", text->str);
        put_line(t, "Source", m->source);
}

static void put_known(JsonWriter *w, const char *key, guint number) {
        if (number)
                json_put_unsigned(w, key, number);
        else
                json_put_null(w, key);
}

static void put_json_reactions(JsonWriter *w, const HostModel *m, const char *key, HostEvent from, HostEvent end) {
        json_begin_object(w, key);
        for (guint i = from; i < end; i++)
                json_put_string(w, host_event_name(i), reaction_name(m->reaction[i]));
        json_end(w);
}

static void put(JsonWriter *w, guint i) {
        const HostModel *m = host_model(i);

        json_put_string(w, "name", m->name);
        json_put_string(w, "title", m->title);
        json_put_unsigned(w, "time_wait_s", m->time_wait_s);
        put_json_reactions(w, m, "in_time_wait", HOST_TIME_WAIT_SYN_UP, HOST_FIN_WAIT_2_SYN);
        json_put_string(w, "fin_wait_2_rule", fin_wait_2_rule_title(m->fin_wait_2));
        put_known(w, "fin_timeout_s", m->fin_timeout_s);
        put_json_reactions(w, m, "in_fin_wait_2", HOST_FIN_WAIT_2_SYN, HOST_EVENTS);
        put_known(w, "orphan_s", m->orphan_s);
        put_known(w, "ttl", m->ttl);
        json_put_unsigned(w, "first_port", m->port_first);
        json_put_unsigned(w, "last_port", m->port_last);
        json_put_decimal(w, "sustainable_per_second", rate_of(m));
        json_put_string(w, "source", m->source);
}

static guint find(const char *word) {
        guint i = 0;

        while (i < host_models() && host_model(i) != host_model_parse(word))
                i++;
        return i;
}

ExitCode command_models(const Command *c, int argc, char **argv) {
        const Catalogue models = { "model", "models", host_models(), find, list_all, describe, put };

        return catalogue_run(&models, c, argc, argv);
}
