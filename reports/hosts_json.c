/* SPDX-License-Identifier: BSD-3-Clause */

#include "hosts_json.h"

#include "analyzer/hosts/moment.h"
#include "analyzer/hosts/whatif.h"
#include "hosts_words.h"
#include "json_private.h"
#include "units.h"
#include "words.h"

static void put_type(JsonWriter *w, const char *type) {
        json_put_string(w, "type", type);
        json_put_string(w, "schema", JSON_SCHEMA);
}

static void put_address(JsonWriter *w, const HostEndpoint *e) {
        char text[ADDRESS_TEXT_BYTES];

        address_format(text, &e->address, e->ipv6);
        json_put_string(w, "address", text);
}

static void put_port(JsonWriter *w, guint16 port) {
        if (port)
                json_put_unsigned(w, "port", port);
        else
                json_put_null(w, "port");
}

static void put_endpoint(JsonWriter *w, const char *key, const HostEndpoint *e) {
        json_begin_object(w, key);
        put_address(w, e);
        put_port(w, e->port);
        json_end(w);
}

/* Members with a count of zero are left out. */
static void put_counts(JsonWriter *w, const char *key, const guint64 *counts, guint n,
                       const char *(*name)(guint)) {
        json_begin_object(w, key);
        for (guint i = 0; i < n; i++)
                if (counts[i])
                        json_put_unsigned(w, name(i), counts[i]);
        json_end(w);
}

static void put_timer(JsonWriter *w, const char *key, gint64 duration_ns) {
        if (duration_ns == HOST_FOREVER)
                json_put_null(w, key);
        else
                json_put_integer(w, key, duration_ns);
}

/* What a number can lack for want of room, see hosts.h. */
static void put_exactness(JsonWriter *w, const Hosts *h, const HostEndpoint *e) {
        json_put_unsigned(w, "flows_lacking_max", e->sweep ? hosts_rest(h).flows_max : 0);
}

/* ── Services ────────────────────────────────────────────────────────────── */

static const char *first_name(guint i) {
        return closed_first_by_name(i);
}

static const char *close_name(guint i) {
        return close_kind_name(i);
}

static void put_closing(JsonWriter *w, const Durations *d) {
        json_begin_object(w, "closing");
        json_put_unsigned(w, "flows", d->n);
        json_put_integer(w, "median_ns", durations_quantile(d, 500));
        json_put_integer(w, "percentile_99_ns", durations_quantile(d, 990));
        json_put_integer(w, "longest_ns", d->longest_ns);
        json_end(w);
}

static void put_service(JsonWriter *w, const Hosts *h, const HostEndpoint *e) {
        const Service *s = e->service;

        json_begin_object(w, NULL);
        put_type(w, "service");
        put_address(w, e);
        put_port(w, e->port);
        json_put_unsigned(w, "flows", s->flows);
        put_exactness(w, h, e);
        put_counts(w, "closed_first_by", s->closed_first, CLOSED_FIRST_VALUES, first_name);
        put_counts(w, "close", s->close, CLOSE_KINDS, close_name);
        put_counts(w, "half_closed_by", s->half_closed_by, SIDES, side_name);
        put_counts(w, "time_waits", s->time_waits, SIDES, side_name);
        json_begin_object(w, "resets");
        for (guint i = 0; i < FINDINGS; i++)
                if (s->resets[i])
                        json_put_unsigned(w, finding_kind(i)->code, s->resets[i]);
        json_end(w);
        put_closing(w, &s->closing);
        json_end(w);
}

/* ── Census ──────────────────────────────────────────────────────────────── */

static void put_peak(JsonWriter *w, const Hosts *h, const char *key, const CensusPeak *p) {
        json_begin_object(w, key);
        json_put_unsigned(w, "count", p->count);
        if (p->count)
                json_put_time(w, "time", hosts_moment_ns(h, p->second));
        else
                json_put_null(w, "time");
        json_end(w);
}

static const char *state_name(guint i) {
        return tcp_state_name(i);
}

static void put_series(JsonWriter *w, const Hosts *h, const Census *c) {
        const CensusPoint *points = (const CensusPoint *)(const void *)c->points->data;

        json_begin_object(w, "series");
        json_put_boolean(w, "thinned", c->thinned);
        if (c->points->len)
                json_put_time(w, "start", hosts_moment_ns(h, points[0].second));
        else
                json_put_null(w, "start");
        json_begin_array(w, "offsets_s");
        for (guint i = 0; i < c->points->len; i++)
                json_put_integer(w, NULL, points[i].second - points[0].second);
        json_end(w);
        json_begin_object(w, "states");
        for (guint state = 0; state < STATES; state++) {
                if (!c->peak[state].count)
                        continue;
                json_begin_array(w, tcp_state_name(state));
                for (guint i = 0; i < c->points->len; i++)
                        json_put_unsigned(w, NULL, points[i].count[state]);
                json_end(w);
        }
        json_end(w);
        json_end(w);
}

static void put_census(JsonWriter *w, const Hosts *h, const HostEndpoint *e, const GArray *places,
                       guint16 port) {
        g_autoptr(Census) c = hosts_census(h, places);
        guint64 flows = 0;

        for (guint i = 0; i < places->len; i++)
                flows += hosts_endpoint(h, g_array_index(places, guint32, i))->flows;
        json_begin_object(w, NULL);
        put_type(w, "census");
        put_address(w, e);
        put_port(w, port);
        json_put_unsigned(w, "flows", flows);
        put_exactness(w, h, e);
        json_put_string(w, "model", e->choice.model->name);
        json_put_string(w, "model_basis", e->choice.basis);
        put_timer(w, "time_wait_ns", e->timers.time_wait_ns);
        put_timer(w, "fin_wait_2_ns", e->timers.fin_wait_2_ns);
        json_put_integer(w, "step_ns", hosts_width(h) * NS_PER_SECOND);
        json_begin_object(w, "peaks");
        for (guint state = 0; state < STATES; state++)
                if (c->peak[state].count && state != STATE_CLOSED)
                        put_peak(w, h, tcp_state_name(state), &c->peak[state]);
        json_end(w);
        put_peak(w, h, "fin_wait_2_held_peak", &c->held);
        put_counts(w, "now", c->now.count, STATES, state_name);
        put_series(w, h, c);
        json_end(w);
}

/* Calls @put for each address, and for each of its listening ports where it has more than one endpoint.
 * Returns: how many of these there are. */
static guint64 each_census(const Hosts *h,
                           void (*put)(JsonRecords *j, const Hosts *h, guint32 place, const GArray *places,
                                       guint16 port),
                           JsonRecords *j) {
        g_autoptr(GArray) order = hosts_order(h, HOSTS_BY_FLOWS, FALSE);
        g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
        guint written = 0;

        for (guint i = 0; i < order->len && written < JSON_CENSUS_MAX; i++) {
                guint32 place = g_array_index(order, guint32, i);
                const HostEndpoint *e = hosts_endpoint(h, place);
                g_autoptr(GArray) same = hosts_same_address(h, place);
                gpointer first = GUINT_TO_POINTER(g_array_index(same, guint32, 0));

                if (g_hash_table_add(seen, first)) {
                        put(j, h, place, same, 0);
                        written++;
                }
                if (e->port && same->len > 1 && written < JSON_CENSUS_MAX) {
                        g_array_set_size(same, 1);
                        g_array_index(same, guint32, 0) = place;
                        put(j, h, place, same, e->port);
                        written++;
                }
        }
        return order->len;
}

static void put_census_member(JsonRecords *j, const Hosts *h, guint32 place, const GArray *places,
                              guint16 port) {
        put_census(j->writer, h, hosts_endpoint(h, place), places, port);
}

static void put_census_line(JsonRecords *j, const Hosts *h, guint32 place, const GArray *places, guint16 port) {
        put_census_member(j, h, place, places, port);
        json_newline(j->writer);
}

/* ── Ports ───────────────────────────────────────────────────────────────── */

static const char *answer_name(guint i) {
        return reuse_answer_name(i);
}

static void put_pair_finding(JsonRecords *j, const ReportContext *c, const PortBudget *b) {
        g_autofree FlowRecord *names = hosts_pair_names(c->hosts, b->pair);
        Finding f;

        if (!port_budget_is_short(b)) {
                json_put_null(j->writer, "finding");
                return;
        }
        port_budget_finding(b, &f);
        json_put_finding(j, "finding", c, names, &f);
}

static void put_pair_counts(JsonWriter *w, const char *key, const guint32 *counts, guint n,
                            const char *(*name)(guint)) {
        guint64 wide[REUSE_ANSWERS];

        for (guint i = 0; i < n; i++)
                wide[i] = counts[i];
        put_counts(w, key, wide, n, name);
}

static void put_range(JsonWriter *w, const PortBudget *b) {
        json_begin_object(w, "range");
        json_put_unsigned(w, "first_port", b->first);
        json_put_unsigned(w, "last_port", b->last);
        json_put_unsigned(w, "ports", b->ports);
        json_put_string(w, "basis", port_range_basis_name(b->basis));
        json_end(w);
        json_begin_object(w, "seen");
        json_put_unsigned(w, "first_port", b->seen_first);
        json_put_unsigned(w, "last_port", b->seen_last);
        json_put_unsigned(w, "ports", b->seen);
        json_end(w);
}

static void put_rates(JsonWriter *w, const Hosts *h, const PortBudget *b) {
        json_put_string(w, "time_wait_holder", side_name(b->holder));
        put_timer(w, "time_wait_ns", b->time_wait_ns);
        json_put_decimal(w, "sustainable_per_second", b->sustainable);
        json_put_decimal(w, "measured_per_second", b->rate);
        put_peak(w, h, "busiest_second", &b->busiest);
}

/* What has not come yet may lie beyond all times; it is no more than a projection. */
static gint64 exhausted_ns(const Hosts *h, const PortBudget *b) {
        if (b->exhaustion == EXHAUSTION_OBSERVED)
                return hosts_moment_ns(h, b->exhausted_second);
        return MIN(b->exhausted_second, G_MAXINT64 / NS_PER_SECOND) * NS_PER_SECOND;
}

static void put_budget(JsonRecords *j, const ReportContext *c, const PortBudget *b) {
        JsonWriter *w = j->writer;
        const PortPair *p = b->pair;
        const Hosts *h = c->hosts;

        json_begin_object(w, NULL);
        put_type(w, "port_budget");
        put_endpoint(w, "client", hosts_endpoint(h, p->client));
        put_endpoint(w, "server", hosts_endpoint(h, p->server));
        json_put_unsigned(w, "flows", p->flows);
        json_put_unsigned(w, "flows_lacking_max", p->flows_lacking_max);
        json_put_boolean(w, "nat_or_balancer", port_pair_shared_by(p) != SHARED_NOT);
        json_put_string(w, "nat_or_balancer_by", port_pair_shared_by(p) == SHARED_NOT ? NULL : shared_by_name(port_pair_shared_by(p)));
        put_range(w, b);
        put_pair_counts(w, "time_waits", p->time_waits, SIDES, side_name);
        put_rates(w, h, b);
        put_peak(w, h, "taken_peak", &b->taken);
        json_put_unsigned(w, "taken_now", b->taken_now);
        json_put_integer(w, "headroom_at_peak", (gint64)b->ports - (gint64)b->taken.count);
        json_put_integer(w, "headroom_now", (gint64)b->ports - (gint64)b->taken_now);
        put_counts(w, "time_waits_now", b->time_wait_now, SIDES, side_name);
        json_put_string(w, "exhaustion", exhaustion_name(b->exhaustion));
        if (b->exhaustion == EXHAUSTION_NEVER)
                json_put_null(w, "exhausted");
        else
                json_put_time(w, "exhausted", exhausted_ns(h, b));
        put_pair_counts(w, "reused", p->reused, REUSE_ANSWERS, answer_name);
        json_put_unsigned(w, "recycled", p->recycled);
        json_put_integer(w, "reuse_cost_ns", p->cost_ns);
        json_put_unsigned(w, "example_flow", p->example);
        put_pair_finding(j, c, b);
        json_end(w);
}

/* Returns: whether the @i-th budget is written. */
static gboolean is_written(const GArray *budgets, guint i) {
        return i < budgets->len &&
               (i < JSON_BUDGETS_MAX || port_budget_is_short(&g_array_index(budgets, PortBudget, i)));
}

/* ── The same under other settings ───────────────────────────────────────── */

static void put_knobs(JsonWriter *w, const WhatIf *what) {
        json_begin_array(w, "settings");
        for (guint k = 0; k < KNOBS; k++) {
                if (!whatif_is_set(what, k))
                        continue;
                json_begin_object(w, NULL);
                json_put_string(w, "name", knob_name(k));
                json_put_string(w, "value", whatif_value(what, k));
                json_put_unsigned(w, "applies_to", whatif_applies_to(what, k));
                json_put_string(w, "does", knob_does(k));
                json_put_string(w, "does_not", knob_does_not(k));
                json_end(w);
        }
        json_end(w);
}

static void put_whatif_counts(JsonWriter *w, const char *key, const WhatIfCounts *c) {
        json_begin_object(w, key);
        json_put_unsigned(w, "refused_syns", c->refused);
        json_put_integer(w, "refused_cost_ns", c->refused_ns);
        json_put_unsigned(w, "cut_in_fin_wait_2", c->cut);
        json_put_unsigned(w, "fins_after_time_wait", c->late_fins);
        json_put_unsigned(w, "without_time_wait", c->overflow);
        json_put_unsigned(w, "held_by_forged_keepalives", c->kept_by_box);
        json_put_unsigned(w, "closed_by_rst", c->aborted);
        json_put_unsigned(w, "risk_bytes", c->risk_bytes);
        json_end(w);
}

static void put_state_peaks(JsonWriter *w, const Hosts *h, const char *key, const Census *c) {
        json_begin_object(w, key);
        put_peak(w, h, "time_wait", &c->peak[STATE_TIME_WAIT]);
        put_peak(w, h, "fin_wait_2", &c->peak[STATE_FIN_WAIT_2]);
        json_end(w);
}

static void put_whatif_hosts(JsonWriter *w, const Hosts *h, const WhatIf *what) {
        g_autoptr(GArray) order = hosts_order(h, HOSTS_BY_FLOWS, FALSE);

        json_begin_array(w, "hosts");
        for (guint i = 0; i < MIN(order->len, JSON_CENSUS_MAX); i++) {
                const HostEndpoint *e = hosts_endpoint(h, g_array_index(order, guint32, i));
                guint32 then = hosts_find_place(whatif_hosts(what), &e->address, e->port, e->service != NULL);
                g_autoptr(GArray) one = g_array_new(FALSE, FALSE, sizeof(guint32));
                g_autoptr(Census) a = NULL, b = NULL;

                if (then == HOSTS_NOWHERE)
                        continue;
                g_array_append_val(one, g_array_index(order, guint32, i));
                a = hosts_census(h, one);
                b = whatif_census(what, then);
                json_begin_object(w, NULL);
                put_address(w, e);
                put_port(w, e->port);
                put_state_peaks(w, h, "today", a);
                put_state_peaks(w, h, "then", b);
                json_end(w);
        }
        json_end(w);
}

static void put_outlook(JsonWriter *w, const Hosts *h, const char *key, const PortBudget *b) {
        json_begin_object(w, key);
        json_put_unsigned(w, "ports", b->ports);
        put_peak(w, h, "taken_peak", &b->taken);
        json_put_decimal(w, "sustainable_per_second", b->sustainable);
        json_put_string(w, "exhaustion", exhaustion_name(b->exhaustion));
        if (b->exhaustion == EXHAUSTION_NEVER)
                json_put_null(w, "exhausted");
        else
                json_put_time(w, "exhausted", exhausted_ns(h, b));
        json_end(w);
}

static void put_whatif_budgets(JsonWriter *w, const Hosts *h, const WhatIf *what, const GArray *budgets) {
        json_begin_array(w, "port_budgets");
        for (guint i = 0; is_written(budgets, i); i++) {
                const PortBudget *today = &g_array_index(budgets, PortBudget, i);
                const HostEndpoint *client = hosts_endpoint(h, today->pair->client),
                                   *server = hosts_endpoint(h, today->pair->server);
                PortBudget then;

                if (!hosts_budget_of(whatif_hosts(what), client, server, &then))
                        continue;
                json_begin_object(w, NULL);
                put_endpoint(w, "client", client);
                put_endpoint(w, "server", server);
                put_outlook(w, h, "today", today);
                put_outlook(w, h, "then", &then);
                json_end(w);
        }
        json_end(w);
}

static void put_whatif(JsonWriter *w, const char *key, const ReportContext *c, const GArray *budgets) {
        json_begin_object(w, key);
        put_type(w, "whatif");
        put_knobs(w, c->whatif);
        put_whatif_counts(w, "today", whatif_today(c->whatif));
        put_whatif_counts(w, "then", whatif_then(c->whatif));
        put_whatif_hosts(w, c->hosts, c->whatif);
        put_whatif_budgets(w, c->hosts, c->whatif, budgets);
        json_end(w);
}

/* ── The sockets of a moment ─────────────────────────────────────────────── */

static void put_end(JsonWriter *w, const char *key, const Address *address, guint16 port, gboolean ipv6) {
        put_endpoint(w, key, &(HostEndpoint){ .address = *address, .port = port, .ipv6 = ipv6 });
}

static void put_moment_row(JsonWriter *w, const Hosts *h, const MomentRow *row) {
        const MomentSocket *s = row->first;
        const HostEndpoint *e = moment_endpoint(h, s);

        json_begin_object(w, NULL);
        put_end(w, "end", &s->local, s->listens ? s->local_port : 0, s->ipv6);
        json_put_unsigned(w, "sockets", row->total);
        put_counts(w, "states", row->count, STATES, state_name);
        json_put_string(w, "model", e ? e->choice.model->name : host_model_default()->name);
        json_end(w);
}

static void put_socket(JsonWriter *w, const Hosts *h, const MomentSocket *s) {
        gint64 duration_ns = moment_timer_ns(h, s);

        json_begin_object(w, NULL);
        json_put_string(w, "state", tcp_state_name(s->state));
        put_end(w, "local", &s->local, s->local_port, s->ipv6);
        put_end(w, "remote", &s->remote, s->remote_port, s->ipv6);
        json_put_unsigned(w, "flow", s->flow);
        if (duration_ns == HOST_FOREVER)
                json_put_null(w, "timer_ends");
        else
                json_put_time(w, "timer_ends", s->timer_ns + duration_ns);
        json_end(w);
}

static void put_moment(JsonWriter *w, const char *key, const Hosts *h, const Moment *m) {
        guint64 total[STATES] = { 0 };
        g_autoptr(GArray) rows = moment_rows(m, total);

        json_begin_object(w, key);
        put_type(w, "at");
        json_put_time(w, "time", m->at_ns);
        json_put_unsigned(w, "sockets", m->sockets->len);
        put_counts(w, "states", total, STATES, state_name);
        json_put_unsigned(w, "fin_wait_2_if_held", m->expired);
        json_put_unsigned(w, "left_out", m->left_out);
        json_begin_array(w, "hosts");
        for (guint i = 0; i < rows->len; i++)
                put_moment_row(w, h, &g_array_index(rows, MomentRow, i));
        json_end(w);
        json_begin_array(w, "list");
        for (guint i = 0; m->listed && i < m->sockets->len; i++)
                put_socket(w, h, &g_array_index(m->sockets, MomentSocket, i));
        json_end(w);
        json_end(w);
}

/* ── What was not told ───────────────────────────────────────────────────── */

static void put_tallies(JsonWriter *w, const char *key, const Hosts *h) {
        HostsRest rest = hosts_rest(h);

        json_begin_object(w, key);
        put_type(w, "tallies");
        json_put_unsigned(w, "flows", hosts_flows(h));
        json_put_unsigned(w, "endpoints", hosts_endpoints(h));
        json_put_unsigned(w, "pairs", hosts_pairs(h));
        json_put_unsigned(w, "endpoints_summed_up", rest.endpoints);
        json_put_unsigned(w, "pairs_summed_up", rest.pairs);
        json_put_unsigned(w, "flows_lacking_max", rest.flows_max);
        json_put_integer(w, "step_ns", hosts_width(h) * NS_PER_SECOND);
        json_end(w);
}

/* ── All of it ───────────────────────────────────────────────────────────── */

void hosts_put_members(JsonRecords *j, const ReportContext *c) {
        const Hosts *h = c->hosts;
        g_autoptr(GArray) services = hosts_order(h, HOSTS_BY_FLOWS, TRUE), budgets = hosts_budgets(h);

        json_begin_array(j->writer, "services");
        for (guint i = 0; i < MIN(services->len, JSON_SERVICES_MAX); i++)
                put_service(j->writer, h, hosts_endpoint(h, g_array_index(services, guint32, i)));
        json_end(j->writer);
        json_begin_array(j->writer, "census");
        each_census(h, put_census_member, j);
        json_end(j->writer);
        json_begin_array(j->writer, "port_budgets");
        for (guint i = 0; is_written(budgets, i); i++)
                put_budget(j, c, &g_array_index(budgets, PortBudget, i));
        json_end(j->writer);
        put_tallies(j->writer, "tallies", h);
        if (c->whatif)
                put_whatif(j->writer, "whatif", c, budgets);
        if (c->moment)
                put_moment(j->writer, "at", h, c->moment);
}

void hosts_put_lines(JsonRecords *j, const ReportContext *c) {
        const Hosts *h = c->hosts;
        g_autoptr(GArray) services = hosts_order(h, HOSTS_BY_FLOWS, TRUE), budgets = hosts_budgets(h);

        for (guint i = 0; i < MIN(services->len, JSON_SERVICES_MAX); i++) {
                put_service(j->writer, h, hosts_endpoint(h, g_array_index(services, guint32, i)));
                json_newline(j->writer);
        }
        each_census(h, put_census_line, j);
        for (guint i = 0; is_written(budgets, i); i++) {
                put_budget(j, c, &g_array_index(budgets, PortBudget, i));
                json_newline(j->writer);
        }
        put_tallies(j->writer, NULL, h);
        json_newline(j->writer);
        if (c->whatif) {
                put_whatif(j->writer, NULL, c, budgets);
                json_newline(j->writer);
        }
        if (c->moment) {
                put_moment(j->writer, NULL, h, c->moment);
                json_newline(j->writer);
        }
}
