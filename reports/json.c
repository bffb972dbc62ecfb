/* SPDX-License-Identifier: BSD-3-Clause */

/* The records that are not flows, and the two outputs made of them: lines and one document. */

#include "json.h"

#include <pcap/pcap.h>

#include "hosts_json.h"
#include "json_private.h"
#include "keepers_words.h"
#include "outputs.h"
#include "settings_words.h"
#include "units.h"
#include "words.h"

#define SET_TEXTS(texts, key, name_of)                                                                                 \
        do {                                                                                                           \
                for (guint i_ = 0; i_ < G_N_ELEMENTS(texts); i_++)                                                     \
                        json_text_add(&(texts)[i_], key, name_of(i_));                                                 \
        } while (0)

static const char *finding_code(guint id) {
        return finding_kind(id)->code;
}

static const char *finding_name(guint id) {
        return finding_kind(id)->id;
}

static void set_entries(JsonTexts *t) {
        for (guint state = 0; state < STATES; state++) {
                json_text_begin(&t->entry[state]);
                json_text_add(&t->entry[state], "state", tcp_state_name(state));
        }
        for (guint basis = 0; basis < BASES; basis++) {
                for (guint event = 0; event < EVENTS; event++) {
                        json_text_add(&t->reason[basis][event], "basis", basis_name(basis));
                        json_text_add(&t->reason[basis][event], "cause", words_event(event));
                        json_text_end(&t->reason[basis][event]);
                }
        }
}

static void set_texts(JsonTexts *t) {
        SET_TEXTS(t->close, "close", close_kind_name);
        SET_TEXTS(t->closed_first_by, "closed_first_by", closed_first_by_name);
        SET_TEXTS(t->roles, "roles", roles_basis_name);
        SET_TEXTS(t->vantage, "vantage", vantage_name);
        SET_TEXTS(t->state, "state", tcp_state_name);
        SET_TEXTS(t->severity, "severity", severity_name);
        SET_TEXTS(t->certainty, "certainty", certainty_name);
        SET_TEXTS(t->kind, "code", finding_code);
        SET_TEXTS(t->kind, "id", finding_name);
        set_entries(t);
}

/* The same for all; an HTML report writes each flow by a writer of its own. */
static const JsonTexts *json_texts(void) {
        static JsonTexts texts;
        static gsize are_set;

        if (g_once_init_enter(&are_set)) {
                set_texts(&texts);
                g_once_init_leave(&are_set, 1);
        }
        return &texts;
}

JsonRecords *json_records_new(JsonWriter *w) {
        JsonRecords *j = g_new0(JsonRecords, 1);

        j->writer = w;
        j->scratch = g_string_new(NULL);
        j->texts = json_texts();
        return j;
}

void json_records_free(JsonRecords *j) {
        if (!j)
                return;
        g_string_free(j->scratch, TRUE);
        g_free(j);
}

/* ── Captures ────────────────────────────────────────────────────────────── */

static void put_damage(JsonWriter *w, const CaptureInfo *info) {
        if (info->damage == CAPTURE_INTACT) {
                json_put_null(w, "damage");
                return;
        }
        json_begin_object(w, "damage");
        json_put_string(w, "kind", info->damage == CAPTURE_TRUNCATED ? "truncated" : "corrupt");
        json_put_unsigned(w, "frame", info->damage_frame);
        json_put_unsigned(w, "offset_bytes", info->damage_offset);
        json_put_string(w, "text", info->damage_text);
        json_end(w);
}

static void put_link_types(JsonWriter *w, const CaptureInfo *info) {
        json_begin_array(w, "link_types");
        for (guint i = 0; i < info->n_link_types; i++) {
                json_begin_object(w, NULL);
                json_put_unsigned(w, "value", info->link_types[i]);
                json_put_string(w, "name", pcap_datalink_val_to_name(info->link_types[i]));
                json_end(w);
        }
        json_end(w);
}

void json_records_capture(JsonRecords *j, const char *key, const ReportContext *c, guint file) {
        const CaptureInfo *info = c->captures[file];
        JsonWriter *w = j->writer;

        json_begin_object(w, key);
        json_put_string(w, "type", "capture");
        json_put_string(w, "schema", JSON_SCHEMA);
        json_put_unsigned(w, "file", file);
        json_put_string(w, "path", info->path);
        json_put_string(w, "format", info->format);
        put_link_types(w, info);
        json_put_unsigned(w, "frames", info->frames);
        json_put_unsigned(w, "bytes", info->bytes);
        json_put_unsigned(w, "snaplen_bytes", info->snaplen);
        json_put_unsigned(w, "interfaces", info->interfaces);
        json_put_unsigned(w, "sections", info->sections);
        json_put_unsigned(w, "dropped_packets", info->drops);
        json_put_unsigned(w, "cut_frames", info->cut_frames);
        json_put_unsigned(w, "filtered_frames", info->filtered_frames);
        json_put_unsigned(w, "backward_steps", info->backward_steps);
        json_put_integer(w, "backward_max_ns", info->backward_ns_max);
        if (info->frames > 0) {
                json_put_time(w, "start", info->first_ns);
                json_put_time(w, "end", info->last_ns);
        } else {
                json_put_null(w, "start");
                json_put_null(w, "end");
        }
        put_damage(w, info);
        json_end(w);
}

/* ── Summary ─────────────────────────────────────────────────────────────── */

/* Members with a count of zero are left out: a name that is absent was not met. */
#define PUT_COUNTS(w, key, counts, n, name_of)                                                                         \
        do {                                                                                                           \
                json_begin_object(w, key);                                                                             \
                for (guint i_ = 0; i_ < (n); i_++)                                                                     \
                        if ((counts)[i_] > 0)                                                                          \
                                json_put_unsigned(w, name_of(i_), (counts)[i_]);                                       \
                json_end(w);                                                                                           \
        } while (0)

static void put_worst(JsonWriter *w, const Example *examples, guint n, const char *key) {
        json_begin_array(w, key);
        for (guint i = 0; i < n; i++) {
                json_begin_object(w, NULL);
                json_put_unsigned(w, "flow", examples[i].badness.flow);
                json_put_string(w, "severity", severity_name(examples[i].badness.severity));
                json_put_string(w, "text", examples[i].text);
                json_end(w);
        }
        json_end(w);
}

static const char *worst_name(guint severity) {
        return severity < SEVERITIES ? severity_name(severity) : "none";
}

static void put_given_up(JsonWriter *w, const GivenUp *g) {
        if (!g->since_ns)
                return;
        json_begin_object(w, "given_up");
        json_put_time(w, "since", g->since_ns);
        json_put_unsigned(w, "closed", g->closed);
        json_put_unsigned(w, "half_open", g->half_open);
        json_put_unsigned(w, "idle", g->idle);
        json_put_unsigned(w, "forgotten", g->tombstones);
        json_end(w);
}

static void put_totals(JsonWriter *w, const Summary *s) {
        json_put_unsigned(w, "flows", s->flows);
        json_put_unsigned(w, "joined", s->joined);
        json_put_unsigned(w, "packets", s->packets);
        json_put_unsigned(w, "payload_bytes", s->payload_bytes);
        json_put_unsigned(w, "retransmitted_packets", s->retransmitted_packets);
        json_put_unsigned(w, "copies", s->totals.copies);
        json_put_unsigned(w, "flows_refused", s->totals.flows_refused);
        put_given_up(w, &s->totals.given_up);
        json_put_unsigned(w, "peers_given_up", s->totals.peers_given_up);
        json_put_unsigned(w, "icmp_unmatched", s->totals.icmp_unmatched);
        json_put_unsigned(w, "late_segments", s->totals.late_segments);
        json_put_unsigned(w, "findings_left_out", s->findings_left_out);
        if (s->flows > 0) {
                json_put_time(w, "start", s->first_ns);
                json_put_time(w, "end", s->last_ns);
        } else {
                json_put_null(w, "start");
                json_put_null(w, "end");
        }
}

void json_records_summary(JsonRecords *j, const char *key, const ReportContext *c, const Summary *s) {
        JsonWriter *w = j->writer;
        guint64 findings[FINDINGS];

        for (guint i = 0; i < FINDINGS; i++)
                findings[i] = s->findings[i].findings;
        json_begin_object(w, key);
        json_put_string(w, "type", "summary");
        json_put_string(w, "schema", JSON_SCHEMA);
        put_totals(w, s);
        if (words_vantage_of_all(json_scratch(j), &s->vantage))
                json_put_string(w, "vantage_text", j->scratch->str);
        PUT_COUNTS(w, "frames", s->dissected, DISSECT_RESULTS, dissect_result_name);
        PUT_COUNTS(w, "close", s->by_close, CLOSE_KINDS, close_kind_name);
        PUT_COUNTS(w, "closed_first_by", s->by_closed_first, CLOSED_FIRST_VALUES, closed_first_by_name);
        PUT_COUNTS(w, "client_states", s->by_state[CLIENT], STATES, tcp_state_name);
        PUT_COUNTS(w, "server_states", s->by_state[SERVER], STATES, tcp_state_name);
        PUT_COUNTS(w, "worst_severity", s->by_worst, SEVERITIES + 1, worst_name);
        PUT_COUNTS(w, "findings", findings, FINDINGS, finding_code);
        put_worst(w, s->worst, s->n_worst, "worst_flows");
        json_end(w);
}

/* ── The rest of the document ────────────────────────────────────────────── */

static void put_kind(JsonWriter *w, const Summary *s, FindingId id) {
        const FindingKind *kind = finding_kind(id);
        const FindingTally *t = &s->findings[id];

        json_begin_object(w, NULL);
        json_put_string(w, "code", kind->code);
        json_put_string(w, "id", kind->id);
        json_put_string(w, "severity", severity_name(finding_tally_severity(t)));
        json_put_string(w, "title", kind->title);
        json_put_string(w, "explanation", kind->explanation);
        json_put_string(w, "remedy", kind->remedy);
        json_put_string(w, "source", kind->source);
        json_put_unsigned(w, "findings", t->findings);
        json_put_unsigned(w, "flows", t->flows);
        PUT_COUNTS(w, "certainty", t->by_certainty, CERTAINTIES, certainty_name);
        put_worst(w, t->examples, t->n_examples, "worst");
        json_end(w);
}

/* ── Hosts ───────────────────────────────────────────────────────────────── */

static void put_address(JsonWriter *w, const Address *address, gboolean ipv6) {
        char text[ADDRESS_TEXT_BYTES];

        address_format(text, address, ipv6);
        json_put_string(w, "address", text);
}

static void put_settings(JsonWriter *w, const ReportContext *c, const HostEvidence *e) {
        HostLearned learned;

        settings_learn(c->settings, &e->address, &learned);
        settings_put_json(w, "settings", c, e, &learned);
}

static void put_host(JsonWriter *w, const ReportContext *c, const HostTally *h) {
        const HostEvidence *e = c->settings && !h->port ? settings_of(c->settings, &h->address) : NULL;

        json_begin_object(w, NULL);
        put_address(w, &h->address, h->ipv6);
        if (h->port)
                json_put_unsigned(w, "port", h->port);
        else
                json_put_null(w, "port");
        json_put_unsigned(w, "flows", h->flows);
        PUT_COUNTS(w, "findings", h->by_finding, FINDINGS, finding_code);
        if (e)
                put_settings(w, c, e);
        json_end(w);
}

static gboolean is_client_tally(gconstpointer tally, gconstpointer evidence) {
        const HostTally *h = tally;

        return !h->port && address_equal(&h->address, &((const HostEvidence *)evidence)->address);
}

/* Hosts that nothing is wrong with, but of which something was learned. */
static void put_other_hosts(JsonWriter *w, const ReportContext *c, GPtrArray *tallies) {
        g_autoptr(GPtrArray) hosts = c->settings ? settings_hosts(c->settings) : g_ptr_array_new();

        for (guint i = 0; i < hosts->len; i++) {
                const HostEvidence *e = hosts->pdata[i];

                if (g_ptr_array_find_with_equal_func(tallies, e, is_client_tally, NULL))
                        continue;
                json_begin_object(w, NULL);
                put_address(w, &e->address, e->ipv6);
                json_put_null(w, "port");
                json_put_unsigned(w, "flows", 0);
                json_begin_object(w, "findings");
                json_end(w);
                put_settings(w, c, e);
                json_end(w);
        }
}

static void put_keepers(JsonWriter *w, const ReportContext *c) {
        const Keepers *k = c->settings ? settings_keepers(c->settings) : NULL;

        json_begin_array(w, "keepers");
        for (guint i = 0; k && i < k->n; i++) {
                json_begin_object(w, NULL);
                keeper_put_members(w, c, &k->box[i]);
                json_end(w);
        }
        json_end(w);
}

static void put_keeper_lines(JsonRecords *j, const ReportContext *c) {
        const Keepers *k = c->settings ? settings_keepers(c->settings) : NULL;

        for (guint i = 0; k && i < k->n; i++) {
                json_begin_object(j->writer, NULL);
                json_put_string(j->writer, "type", "keeper");
                json_put_string(j->writer, "schema", JSON_SCHEMA);
                keeper_put_members(j->writer, c, &k->box[i]);
                json_end(j->writer);
                json_newline(j->writer);
        }
}

/* A line of NDJSON for each host of which something was learned. */
static void put_host_lines(JsonRecords *j, const ReportContext *c) {
        g_autoptr(GPtrArray) hosts = c->settings ? settings_hosts(c->settings) : g_ptr_array_new();

        for (guint i = 0; i < hosts->len; i++) {
                const HostEvidence *e = hosts->pdata[i];

                json_begin_object(j->writer, NULL);
                json_put_string(j->writer, "type", "host");
                json_put_string(j->writer, "schema", JSON_SCHEMA);
                put_address(j->writer, &e->address, e->ipv6);
                put_settings(j->writer, c, e);
                json_end(j->writer);
                json_newline(j->writer);
        }
}

void json_records_rest(JsonRecords *j, const ReportContext *c, const Summary *s) {
        JsonWriter *w = j->writer;
        FindingId kinds[FINDINGS];
        guint n = summary_finding_order(s, kinds);
        g_autoptr(GPtrArray) hosts = summary_hosts(s);

        json_begin_array(w, "captures");
        for (guint i = 0; i < c->n_captures; i++)
                json_records_capture(j, NULL, c, i);
        json_end(w);
        json_records_summary(j, "summary", c, s);
        json_begin_array(w, "findings");
        for (guint i = 0; i < n; i++)
                put_kind(w, s, kinds[i]);
        json_end(w);
        json_begin_array(w, "hosts");
        for (guint i = 0; i < hosts->len; i++)
                put_host(w, c, hosts->pdata[i]);
        put_other_hosts(w, c, hosts);
        json_end(w);
        put_keepers(w, c);
        if (c->hosts)
                hosts_put_members(j, c);
}

/* ── The outputs ─────────────────────────────────────────────────────────── */

typedef struct JsonReport {
        Report report;
        Output *out;
        JsonWriter *writer;
        JsonRecords *records;
} JsonReport;

static void json_report_free(Report *r) {
        JsonReport *j = (JsonReport *)r;

        json_records_free(j->records);
        json_writer_free(j->writer);
        output_free(j->out);
        g_free(j);
}

static void json_expect(Report *r, const FlowRecord *f, guint n) {
        json_records_expect(((JsonReport *)r)->records, f, n);
}

static JsonReport *report_new(const char *path, GError **error) {
        Output *out = output_open(path, error);
        JsonReport *j;

        if (!out)
                return NULL;
        j = g_new0(JsonReport, 1);
        j->out = out;
        j->writer = json_writer_new(out, FALSE);
        j->records = json_records_new(j->writer);
        j->report.expect = json_expect;
        j->report.free = json_report_free;
        return j;
}

static void ndjson_flow(Report *r, const FlowRecord *f) {
        JsonReport *j = (JsonReport *)r;

        json_records_flow(j->records, NULL, r->context, f, JSON_FLOW_PLAIN);
        json_newline(j->writer);
}

static void ndjson_flush(Report *r) {
        JsonReport *j = (JsonReport *)r;

        json_flush(j->writer);
        output_flush(j->out);
}

static gboolean ndjson_end(Report *r, const Summary *s, GError **error) {
        JsonReport *j = (JsonReport *)r;

        for (guint i = 0; i < r->context->n_captures; i++) {
                json_records_capture(j->records, NULL, r->context, i);
                json_newline(j->writer);
        }
        put_host_lines(j->records, r->context);
        put_keeper_lines(j->records, r->context);
        if (r->context->hosts)
                hosts_put_lines(j->records, r->context);
        json_records_summary(j->records, NULL, r->context, s);
        json_newline(j->writer);
        json_flush(j->writer);
        return output_close(j->out, error);
}

Report *ndjson_report_new(const char *path, GError **error) {
        JsonReport *j = report_new(path, error);

        if (!j)
                return NULL;
        j->report.flow = ndjson_flow;
        j->report.flush = ndjson_flush;
        j->report.end = ndjson_end;
        return &j->report;
}

/* The flows come first because they come first: the rest is known only at the end, and nothing is kept. */
static void document_begin(Report *r) {
        JsonReport *j = (JsonReport *)r;

        json_begin_object(j->writer, NULL);
        json_put_string(j->writer, "schema", JSON_REPORT_SCHEMA);
        json_begin_array(j->writer, "flows");
}

static void document_flow(Report *r, const FlowRecord *f) {
        JsonReport *j = (JsonReport *)r;

        json_records_flow(j->records, NULL, r->context, f, JSON_FLOW_PLAIN);
}

static gboolean document_end(Report *r, const Summary *s, GError **error) {
        JsonReport *j = (JsonReport *)r;

        json_end(j->writer);
        json_records_rest(j->records, r->context, s);
        json_end(j->writer);
        json_newline(j->writer);
        json_flush(j->writer);
        return output_close(j->out, error);
}

Report *json_report_new(const char *path, GError **error) {
        JsonReport *j = report_new(path, error);

        if (!j)
                return NULL;
        j->report.begin = document_begin;
        j->report.flow = document_flow;
        j->report.end = document_end;
        return &j->report;
}
