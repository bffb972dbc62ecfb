/* SPDX-License-Identifier: BSD-3-Clause */

#include "settings_words.h"

#include "json_private.h"
#include "units.h"

/* ── Pieces ──────────────────────────────────────────────────────────────── */

/* "20.0 s..20.4 s", ">= 3.0 s", "<= 5.1 s" */
static void append_bounds(GString *text, const HostBound *least, const HostBound *most) {
        if (least->flow && most->flow && least->ns <= most->ns) {
                duration_append(text, least->ns, BOUND_EXACT);
                g_string_append(text, " to ");
                duration_append(text, most->ns, BOUND_EXACT);
        } else {
                duration_append(text, most->flow ? most->ns : least->ns, BOUND_EXACT);
        }
}

/* "19-20 or 70", "57-60, or 89 and more" */
static void append_ranges(GString *text, const HostRange *ranges, guint n) {
        for (guint i = 0; i < n; i++) {
                g_string_append_printf(text, "%s%u", i ? " or " : "", ranges[i].from_s);
                if (ranges[i].to_s == G_MAXUINT32)
                        g_string_append(text, " and more");
                else if (ranges[i].to_s != ranges[i].from_s)
                        g_string_append_printf(text, "-%u", ranges[i].to_s);
        }
}

static gboolean same_ranges(const HostLearned *l) {
        if (l->n_fin_timeout != l->n_fin_timeout_closed)
                return FALSE;
        for (guint i = 0; i < l->n_fin_timeout; i++)
                if (l->fin_timeout[i].from_s != l->fin_timeout_closed[i].from_s ||
                    l->fin_timeout[i].to_s != l->fin_timeout_closed[i].to_s)
                        return FALSE;
        return TRUE;
}

static const char *timeout_name(const HostLearned *l) {
        return host_model_is_linux(l->model) ? "tcp_fin_timeout" : "its timeout";
}

/* ── Sentences ───────────────────────────────────────────────────────────── */

static void say_fin_wait_2(GString *text, const HostEvidence *e, const HostLearned *l) {
        const HostDuration *life = &e->duration[DURATION_FIN_WAIT_2];

        if (!life->at_most.flow)
                return;
        g_string_append_printf(text, "forgets FIN_WAIT_2 %s ",
                               life->at_least.flow && l->n_fin_timeout_closed ? "after" : "within");
        append_bounds(text, l->n_fin_timeout_closed ? &life->at_least : &(HostBound){ .flow = 0 }, &life->at_most);
        if (l->n_fin_timeout == 0) {
                g_string_append_printf(text, ", which no %s of %s explains: sockets differ (TCP_LINGER2)", timeout_name(l),
                                       l->model->title);
                return;
        }
        g_string_append_printf(text, ": %s ", timeout_name(l));
        if (l->n_fin_timeout_closed && !same_ranges(l)) {
                append_ranges(text, l->fin_timeout_closed, l->n_fin_timeout_closed);
                g_string_append(text, " if its process closed when it sent the FIN, else ");
        }
        append_ranges(text, l->fin_timeout, l->n_fin_timeout);
        if (l->n_fin_timeout_closed)
                return;
        g_string_append(text, "; another was there for ");
        duration_append(text, life->at_least.ns, BOUND_EXACT);
        g_string_append(text, ": shut down and closed later, or TCP_LINGER2");
}

static void say_time_wait(GString *text, const HostEvidence *e, const HostLearned *l) {
        const HostBound *most = &e->duration[DURATION_TIME_WAIT].at_most;

        if (!most->flow || most->ns >= host_model_time_wait_ns(l->model, NULL))
                return;
        g_string_append(text, "had forgotten a TIME_WAIT after ");
        duration_append(text, most->ns, BOUND_EXACT);
        g_string_append_printf(text, ", which %s keeps for %u s: tcp_max_tw_buckets was reached, or a RST ended it",
                               l->model->title, l->model->time_wait_s);
}

static void say_recycling(GString *text, const HostEvidence *e, const HostLearned *l) {
        if (!e->recycled.flows)
                return;
        g_string_append(text, "connects from ports that it holds in TIME_WAIT (");
        counted_append(text, e->recycled.flows, "time");
        g_string_append(text, ", the soonest after ");
        duration_append(text, e->recycled_after.ns, BOUND_EXACT);
        g_string_append(text, e->recycled_signature.flows ? "; Linux tcp_tw_reuse, or bind)" : ")");
}

static void say_path(GString *text, const HostEvidence *e, const HostLearned *l) {
        const HostDuration *path = &e->duration[DURATION_PATH];
        const PathTimer *t;

        if (!path->at_most.flow)
                return;
        g_string_append(text, "was not reached any more over a half-closed connection after ");
        duration_append(text, path->at_most.ns, BOUND_EXACT);
        g_string_append(text, " without a packet");
        if (path->at_least.flow && !l->contradiction[DURATION_PATH]) {
                g_string_append(text, ", after ");
                duration_append(text, path->at_least.ns, BOUND_EXACT);
                g_string_append(text, " it still was");
        }
        for (guint i = 0; (t = path_timer(path, i)); i++)
                g_string_append_printf(text, "%s%s (%u s)", i ? ", " : ": it went away, or a box forgot: ", t->name, t->seconds);
}

static void say_keepalives(GString *text, const HostEvidence *e, const HostLearned *l) {
        if (!e->keepalives.flows)
                return;
        g_string_append(text, "sends keepalives");
        if (e->keepalive_idle.least.flow) {
                g_string_append(text, " after ");
                duration_append(text, e->keepalive_idle.least.ns, BOUND_EXACT);
        }
        if (e->keepalive_interval.least.flow) {
                g_string_append(text, ", without an answer every ");
                duration_append(text, e->keepalive_interval.least.ns, BOUND_EXACT);
        }
}

static void say_lone_fin(GString *text, const HostEvidence *e, const HostLearned *l) {
        const HostDuration *lone = &e->duration[DURATION_LONE_FIN];

        if (!lone->at_most.flow)
                return;
        g_string_append(text, "gave up a FIN that nobody acknowledged ");
        append_bounds(text, &lone->at_least, &lone->at_most);
        g_string_append(text, " after its first repeat");
}

static void (*const sentences[])(GString *text, const HostEvidence *e, const HostLearned *l) = {
        say_fin_wait_2, say_time_wait, say_recycling, say_path, say_lone_fin, say_keepalives,
};

guint settings_sentences(void) {
        return G_N_ELEMENTS(sentences);
}

void settings_sentence(GString *text, const HostEvidence *e, const HostLearned *learned, guint i) {
        sentences[i](text, e, learned);
}

/* ── JSON ────────────────────────────────────────────────────────────────── */

static void put_bound(JsonWriter *w, const char *key, const ReportContext *c, const HostBound *b) {
        if (!b->flow) {
                json_put_null(w, key);
                return;
        }
        json_begin_object(w, key);
        json_put_integer(w, "duration_ns", b->ns);
        json_put_unsigned(w, "flow", b->flow);
        json_put_frame(w, c, "from_frame", "from_file", b->from);
        json_put_frame(w, c, "to_frame", "to_file", b->to);
        json_end(w);
}

static void put_ranges(JsonWriter *w, const char *key, const HostRange *ranges, guint n) {
        json_begin_array(w, key);
        for (guint i = 0; i < n; i++) {
                json_begin_object(w, NULL);
                json_put_unsigned(w, "from", ranges[i].from_s);
                if (ranges[i].to_s == G_MAXUINT32)
                        json_put_null(w, "to");
                else
                        json_put_unsigned(w, "to", ranges[i].to_s);
                json_end(w);
        }
        json_end(w);
}

static gboolean is_empty(const HostDuration *d) {
        return !d->at_least.flow && !d->at_most.flow;
}

static void put_duration(JsonWriter *w, const ReportContext *c, const HostEvidence *e, const HostLearned *l,
                         DurationKind kind) {
        put_bound(w, "at_least", c, &e->duration[kind].at_least);
        put_bound(w, "at_most", c, &e->duration[kind].at_most);
        json_put_boolean(w, "contradiction", l->contradiction[kind]);
}

static void put_fin_wait_2(JsonWriter *w, const ReportContext *c, const HostEvidence *e, const HostLearned *l) {
        if (!l->has_fin_timeout && !e->held_fin_wait_2.flows) {
                json_put_null(w, "fin_wait_2");
                return;
        }
        json_begin_object(w, "fin_wait_2");
        put_duration(w, c, e, l, DURATION_FIN_WAIT_2);
        put_bound(w, "at_least_orphan", c, &e->duration[DURATION_FIN_WAIT_2_ORPHAN].at_least);
        json_put_unsigned(w, "held_flows", e->held_fin_wait_2.flows);
        if (l->has_fin_timeout) {
                put_ranges(w, "fin_timeout_s", l->fin_timeout, l->n_fin_timeout);
                put_ranges(w, "fin_timeout_s_if_closed_at_once", l->fin_timeout_closed, l->n_fin_timeout_closed);
        } else {
                json_put_null(w, "fin_timeout_s");
                json_put_null(w, "fin_timeout_s_if_closed_at_once");
        }
        json_end(w);
}

static gboolean has_syn_answers(const HostEvidence *e) {
        for (guint event = 0; event < HOST_SYN_EVENTS; event++)
                for (guint r = 0; r < REACTIONS; r++)
                        if (e->syn_answer[event][r].flows)
                                return TRUE;
        return FALSE;
}

static void put_syn_answers(JsonWriter *w, const HostEvidence *e) {
        static const char *const names[HOST_SYN_EVENTS] = { "up", "newer", "down" };

        json_begin_array(w, "syn_answers");
        for (guint event = 0; event < HOST_SYN_EVENTS; event++)
                for (guint r = 0; r < REACTIONS; r++) {
                        if (!e->syn_answer[event][r].flows)
                                continue;
                        json_begin_object(w, NULL);
                        json_put_string(w, "syn", names[event]);
                        json_put_string(w, "answer", reaction_name(r));
                        json_put_unsigned(w, "flows", e->syn_answer[event][r].flows);
                        json_put_unsigned(w, "first_flow", e->syn_answer[event][r].flow);
                        json_end(w);
                }
        json_end(w);
        json_put_unsigned(w, "accepted_with_linux_signature_flows", e->accepted_signature.flows);
}

static void put_time_wait(JsonWriter *w, const ReportContext *c, const HostEvidence *e, const HostLearned *l) {
        if (is_empty(&e->duration[DURATION_TIME_WAIT]) && !e->recycled.flows && !has_syn_answers(e)) {
                json_put_null(w, "time_wait");
                return;
        }
        json_begin_object(w, "time_wait");
        put_duration(w, c, e, l, DURATION_TIME_WAIT);
        json_put_unsigned(w, "cut_short_flows", e->time_wait_cut_short.flows);
        json_put_unsigned(w, "recycled_flows", e->recycled.flows);
        json_put_unsigned(w, "recycled_with_linux_signature_flows", e->recycled_signature.flows);
        put_bound(w, "recycled_soonest", c, &e->recycled_after);
        put_syn_answers(w, e);
        json_end(w);
}

static void put_lone_fin(JsonWriter *w, const ReportContext *c, const HostEvidence *e, const HostLearned *l) {
        if (is_empty(&e->duration[DURATION_LONE_FIN])) {
                json_put_null(w, "lone_fin");
                return;
        }
        json_begin_object(w, "lone_fin");
        put_duration(w, c, e, l, DURATION_LONE_FIN);
        json_put_unsigned(w, "held_flows", e->held_lone_fin.flows);
        json_end(w);
}

static void put_path(JsonWriter *w, const ReportContext *c, const HostEvidence *e, const HostLearned *l) {
        const PathTimer *t;

        if (is_empty(&e->duration[DURATION_PATH])) {
                json_put_null(w, "half_closed_path");
                return;
        }
        json_begin_object(w, "half_closed_path");
        put_duration(w, c, e, l, DURATION_PATH);
        json_begin_array(w, "timers");
        for (guint i = 0; (t = path_timer(&e->duration[DURATION_PATH], i)); i++) {
                json_begin_object(w, NULL);
                json_put_string(w, "name", t->name);
                json_put_unsigned(w, "duration_s", t->seconds);
                json_end(w);
        }
        json_end(w);
        json_end(w);
}

static void put_keepalive(JsonWriter *w, const ReportContext *c, const HostEvidence *e, const HostLearned *l) {
        if (!e->keepalives.flows) {
                json_put_null(w, "keepalive");
                return;
        }
        json_begin_object(w, "keepalive");
        json_put_unsigned(w, "flows", e->keepalives.flows);
        put_bound(w, "idle_least", c, &e->keepalive_idle.least);
        put_bound(w, "idle_most", c, &e->keepalive_idle.most);
        put_bound(w, "interval_least", c, &e->keepalive_interval.least);
        put_bound(w, "interval_most", c, &e->keepalive_interval.most);
        json_put_unsigned(w, "unanswered_max", e->keepalive_probes_max);
        json_end(w);
}

static void (*const parts[])(JsonWriter *w, const ReportContext *c, const HostEvidence *e, const HostLearned *l) = {
        put_fin_wait_2, put_time_wait, put_lone_fin, put_path, put_keepalive,
};

static void put_scores(JsonWriter *w, const HostLearned *l) {
        json_begin_array(w, "models");
        for (guint i = 0; i < host_models(); i++) {
                const HostScore *s = &l->score[i];

                json_begin_object(w, NULL);
                json_put_string(w, "model", host_model(i)->name);
                json_put_string(w, "verdict", verdict_name(s->verdict));
                json_put_unsigned(w, "consistent_flows", s->consistent);
                json_put_unsigned(w, "inconsistent_flows", s->inconsistent);
                if (s->flow)
                        json_put_unsigned(w, "flow", s->flow);
                else
                        json_put_null(w, "flow");
                json_put_string(w, "because", s->why);
                json_end(w);
        }
        json_end(w);
}

void settings_put_json(JsonWriter *w, const char *key, const ReportContext *c, const HostEvidence *e,
                       const HostLearned *learned) {
        json_begin_object(w, key);
        json_put_string(w, "model", learned->model->name);
        json_put_string(w, "model_basis", model_basis_name(learned->basis));
        if (e) {
                json_put_unsigned(w, "flows", e->flows);
                put_scores(w, learned);
                for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
                        parts[i](w, c, e, learned);
        }
        json_end(w);
}
