/* SPDX-License-Identifier: BSD-3-Clause */

#include "keepers_words.h"

#include "json_private.h"
#include "units.h"
#include "words.h"

#define REMEDY \
        "net.inet.ip.fw.dyn_keepalive=0 on the firewall (FreeBSD ipfw), " \
        "and closing sockets where the other end has closed"

/* ── The story ───────────────────────────────────────────────────────────── */

static void append_end(GString *text, const Keeper *k, gboolean closer) {
        gboolean server = closer ? k->closer_side == SERVER : k->closer_side == CLIENT;
        guint16 port = closer ? k->closer_port : k->holder_port;

        endpoint_append(text, closer ? &k->closer : &k->holder, server ? port : 0, k->ipv6);
        if (closer ? k->several_closers : k->several_holders)
                g_string_append(text, " and others");
}

/* "bursts of up to 4 probes 5.0 s apart, every 280.0 s" */
static void append_pattern(GString *text, const Keeper *k) {
        if (k->burst_max > 1) {
                g_string_append_printf(text, "bursts of up to %u probes ", k->burst_max);
                duration_append(text, k->step.least.ns, BOUND_EXACT);
                g_string_append(text, " apart");
        } else {
                g_string_append(text, "probes");
        }
        if (!k->period.least.flow)
                return;
        g_string_append(text, " every ");
        duration_append(text, k->period.least.ns, BOUND_EXACT);
}

static const char *who_answers(ProbeAnswer closer, ProbeAnswer holder) {
        static const char *const words[PROBE_ANSWERS][PROBE_ANSWERS] = {
                [PROBE_NOT_SEEN] = { NULL, "CLOSE_WAIT is silent", "CLOSE_WAIT answers" },
                [PROBE_SILENT] = { "FIN_WAIT_2 is silent", "both ends are silent", "CLOSE_WAIT answers, FIN_WAIT_2 is silent" },
                [PROBE_ANSWERED] = { "FIN_WAIT_2 answers", "FIN_WAIT_2 answers, CLOSE_WAIT is silent", "both ends answer" },
        };

        return words[closer][holder];
}

static void append_answers(GString *text, const Keeper *k) {
        gboolean more = FALSE;

        for (guint closer = 0; closer < PROBE_ANSWERS; closer++)
                for (guint holder = 0; holder < PROBE_ANSWERS; holder++) {
                        if (!k->answers[closer][holder] || !who_answers(closer, holder))
                                continue;
                        g_string_append_printf(text, "%s%s", more ? "; " : "", who_answers(closer, holder));
                        if (k->answers[closer][holder] != k->flows)
                                g_string_append_printf(text, " (%" G_GUINT64_FORMAT ")", k->answers[closer][holder]);
                        more = TRUE;
                }
}

static gboolean has_answer(const Keeper *k, gboolean closer) {
        for (guint i = 0; i < PROBE_ANSWERS; i++)
                if (closer ? k->answers[PROBE_ANSWERED][i] : k->answers[i][PROBE_ANSWERED])
                        return TRUE;
        return FALSE;
}

/* Which end lives by it, and under which models. */
static void append_effect(GString *text, const Keeper *k) {
        const HostModel *linux_model = host_model_default();

        if (!has_answer(k, TRUE)) {
                g_string_append(text, has_answer(k, FALSE) ? "The end in CLOSE_WAIT has no timer and waits for its "
                                                             "application, probes or not; the other is gone. "
                                                           : "No end was seen to live. ");
                return;
        }
        g_string_append(text, "On FreeBSD each probe that it gets restarts FIN_WAIT_2, which then never ends; "
                              "a Linux that has closed answers, but forgets after tcp_fin_timeout all the same");
        if (keeper_outlasts(k, linux_model)) {
                g_string_append(text, ": having answered for ");
                duration_append(text, k->longest.ns, BOUND_EXACT);
                g_string_append(text, ", it is no such Linux, or a process holds the socket (shutdown())");
        }
        g_string_append(text, ". ");
        if (k->answers[PROBE_ANSWERED][PROBE_SILENT])
                g_string_append(text, "An end in CLOSE_WAIT that is silent is gone: its FIN will never come. ");
}

void keeper_summary(GString *text, const ReportContext *c, const Keeper *k) {
        gdouble growth = keeper_growth_per_day(k);

        counted_append(text, k->flows, "half-closed connection");
        g_string_append(text, " of ");
        append_end(text, k, TRUE);
        g_string_append(text, " with ");
        append_end(text, k, FALSE);
        g_string_append_printf(text, " %s kept by a box with hop limit %u, ", k->flows == 1 ? "is" : "are", k->ttl);
        g_string_append(text, keeper_is_ipfw(k) ? "as FreeBSD's ipfw does it: " : "not as FreeBSD's ipfw does it: ");
        append_pattern(text, k);
        g_string_append(text, ", since ");
        time_append_clock(text, k->first_ns, c->local_time);
        g_string_append(text, " (");
        words_frame(text, c, k->first_frame);
        g_string_append(text, "); ");
        append_answers(text, k);
        if (k->open_flows == 0)
                g_string_append(text, "; none to the end of the capture");
        else if (k->open_flows != k->flows)
                g_string_append_printf(text, "; %" G_GUINT64_FORMAT " of them to the end of the capture", k->open_flows);
        if (growth > 0)
                g_string_append_printf(text, "; %.*f more a day", growth < 10 ? 1 : 0, growth);
}

static void append_story(GString *text, const ReportContext *c, const Keeper *k) {
        keeper_summary(text, c, k);
        g_string_append(text, ". ");
        append_effect(text, k);
        g_string_append(text, "Remedy: " REMEDY ".");
}

/* ── JSON ────────────────────────────────────────────────────────────────── */

static void put_spread(JsonWriter *w, const char *key, const HostSpread *s) {
        if (!s->least.flow) {
                json_put_null(w, key);
                return;
        }
        json_begin_object(w, key);
        json_put_integer(w, "least_ns", s->least.ns);
        json_put_integer(w, "most_ns", s->most.ns);
        json_end(w);
}

static void put_end(JsonWriter *w, const char *key, const Keeper *k, gboolean closer) {
        char address[ADDRESS_TEXT_BYTES];

        address_format(address, closer ? &k->closer : &k->holder, k->ipv6);
        json_begin_object(w, key);
        json_put_string(w, "address", address);
        if (closer ? k->closer_side == SERVER : k->closer_side == CLIENT)
                json_put_unsigned(w, "port", closer ? k->closer_port : k->holder_port);
        else
                json_put_null(w, "port");
        json_put_boolean(w, "others", closer ? k->several_closers : k->several_holders);
        json_end(w);
}

static void put_answers(JsonWriter *w, const Keeper *k) {
        json_begin_array(w, "answers");
        for (guint closer = 0; closer < PROBE_ANSWERS; closer++)
                for (guint holder = 0; holder < PROBE_ANSWERS; holder++) {
                        if (!k->answers[closer][holder])
                                continue;
                        json_begin_object(w, NULL);
                        json_put_string(w, "fin_wait_2", probe_answer_name(closer));
                        json_put_string(w, "close_wait", probe_answer_name(holder));
                        json_put_unsigned(w, "flows", k->answers[closer][holder]);
                        json_end(w);
                }
        json_end(w);
}

static void put_models(JsonWriter *w, const Keeper *k) {
        json_begin_array(w, "models");
        for (guint i = 0; i < host_models(); i++) {
                const HostModel *m = host_model(i);

                json_begin_object(w, NULL);
                json_put_string(w, "model", m->name);
                json_put_string(w, "fin_wait_2_kept_by", kept_by_name(keeper_effect(k, m)));
                json_put_boolean(w, "outlasted", keeper_outlasts(k, m));
                json_end(w);
        }
        json_end(w);
}

void keeper_put_members(JsonWriter *w, const ReportContext *c, const Keeper *k) {
        g_autoptr(GString) story = g_string_new(NULL);

        json_put_unsigned(w, "hop_limit", k->ttl);
        json_put_string(w, "pattern", keeper_is_ipfw(k) ? "ipfw" : "other");
        json_put_unsigned(w, "flows", k->flows);
        json_put_unsigned(w, "open_flows", k->open_flows);
        put_end(w, "fin_wait_2", k, TRUE);
        put_end(w, "close_wait", k, FALSE);
        json_put_unsigned(w, "probes", k->probes);
        json_put_unsigned(w, "burst_max", k->burst_max);
        put_spread(w, "step", &k->step);
        put_spread(w, "period", &k->period);
        put_answers(w, k);
        json_put_time(w, "since", k->first_ns);
        json_put_time(w, "until", k->last_ns);
        json_put_unsigned(w, "first_flow", k->first_flow);
        json_put_frame(w, c, "first_frame", "first_file", k->first_frame);
        json_put_unsigned(w, "growth_per_day", (guint64)(keeper_growth_per_day(k) + .5));
        put_models(w, k);
        append_story(story, c, k);
        json_put_string(w, "text", story->str);
        json_put_string(w, "remedy", REMEDY);
}
