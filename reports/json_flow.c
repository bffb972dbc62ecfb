/* SPDX-License-Identifier: BSD-3-Clause */

#include "json.h"

#include <string.h>

#include "community_id.h"
#include "json_private.h"
#include "units.h"
#include "words.h"

#define KEY_BYTES 64

/* Returns: @key, which becomes the first @n bytes of @name and @suffix. */
static const char *make_key(char *key, const char *name, gsize n, const char *suffix) {
        g_assert(n + strlen(suffix) < KEY_BYTES);
        memcpy(key, name, n);
        strcpy(key + n, suffix);
        return key;
}

/* A duration or count that the capture may have cut off: "x_ns" and, beside it, "x_bound". */
static void put_bound(JsonWriter *w, const char *name, guint bound) {
        static const char *const suffixes[] = { "_ns", "_bytes", "_packets" };
        char key[KEY_BYTES];
        gsize n = strlen(name);

        if (bound == BOUND_EXACT)
                return;
        for (guint i = 0; i < G_N_ELEMENTS(suffixes); i++) {
                if (g_str_has_suffix(name, suffixes[i])) {
                        n -= strlen(suffixes[i]);
                        break;
                }
        }
        json_put_name(w, make_key(key, name, n, "_bound"), bound == BOUND_AT_LEAST ? "at_least" : "at_most");
}

G_ALWAYS_INLINE static inline void put_endpoint(JsonWriter *w, const char *key, const FlowRecord *f, guint side) {
        char address[ADDRESS_TEXT_BYTES];
        gsize n = address_format(address, &f->side[side].address, f->ipv6);

        json_begin_object(w, key);
        json_put_plain(w, "address", address, n);
        json_put_unsigned(w, "port", f->side[side].port);
        json_end(w);
}

/* ── Sides ───────────────────────────────────────────────────────────────── */

static void put_states(JsonRecords *j, const ReportContext *c, const SideRecord *s) {
        const JsonWords *words = &j->words;
        JsonWriter *w = j->writer;

        json_begin_array(w, "states");
        for (guint i = 0; i < s->n_states; i++) {
                const StateEntry *e = &s->states[i];

                json_begin_object(w, NULL);
                json_put_word(w, "state", &words->state[e->state]);
                json_put_frame(w, c, "frame", "file", e->frame);
                json_put_time(w, "time", e->time_ns);
                json_put_word(w, "basis", &words->basis[e->basis]);
                json_put_word(w, "cause", &words->event[e->event]);
                json_end(w);
        }
        json_end(w);
}

/* SYN, FIN or RST of a side: null when there is none. Returns: whether the object was begun. */
G_ALWAYS_INLINE static inline gboolean begin_control(JsonWriter *w, const ReportContext *c, const char *key, FrameRef frame, guint32 count,
                              gint64 time_ns) {
        if (frame == 0) {
                json_put_null(w, key);
                return FALSE;
        }
        json_begin_object(w, key);
        json_put_frame(w, c, "frame", "file", frame);
        json_put_time(w, "time", time_ns);
        json_put_unsigned(w, "count", count);
        return TRUE;
}

static void put_side(JsonRecords *j, const ReportContext *c, const FlowRecord *f, guint side) {
        const SideRecord *s = &f->side[side];
        JsonWriter *w = j->writer;

        json_begin_object(w, side_name(side));
        json_put_word(w, "state", &j->words.state[s->state]);
        json_put_unsigned(w, "packets", s->packets);
        json_put_unsigned(w, "payload_bytes", s->payload_bytes);
        json_put_unsigned(w, "retransmitted_packets", s->retransmitted_packets);
        json_put_unsigned(w, "retransmitted_bytes", s->retransmitted_bytes);
        json_put_unsigned(w, "missing_bytes", s->missing_bytes);
        json_put_unsigned(w, "unacked_bytes", s->unacked_bytes);
        json_put_unsigned(w, "copies", s->copies);
        if (s->has_isn)
                json_put_unsigned(w, "isn", s->isn);
        else
                json_put_null(w, "isn");
        put_states(j, c, s);
        if (begin_control(w, c, "syn", s->syn_frame, s->syn_count, s->syn_ns))
                json_end(w);
        if (begin_control(w, c, "fin", s->fin_frame, s->fin_count, s->fin_ns)) {
                json_put_frame(w, c, "acked_frame", "acked_file", s->fin_acked_frame);
                if (s->fin_acked_frame)
                        json_put_integer(w, "acked_after_ns", s->fin_acked_ns - s->fin_ns);
                json_end(w);
        }
        if (begin_control(w, c, "rst", s->rst_frame, s->rst_count, s->rst_ns))
                json_end(w);
        json_put_frame(w, c, "last_data_frame", "last_data_file", s->last_data_frame);
        json_put_frame(w, c, "last_frame", "last_file", s->last_frame);
        json_end(w);
}

/* ── Findings ────────────────────────────────────────────────────────────── */

/* "rst_frame", and "rst_file" beside it where there are several. */
static void put_frame_value(JsonWriter *w, const ReportContext *c, const FindingValue *v) {
        const gsize n = strlen(v->name) - strlen("_frame");
        char key[KEY_BYTES];

        json_put_frame(w, c, v->name, make_key(key, v->name, n, "_file"), (FrameRef)v->integer);
}

static void put_values(JsonWriter *w, const ReportContext *c, const Finding *finding) {
        json_begin_object(w, "values");
        for (guint i = 0; i < finding->n_values; i++) {
                const FindingValue *v = &finding->values[i];

                if (v->kind == VALUE_TEXT)
                        json_put_name(w, v->name, v->text);
                else if (g_str_has_suffix(v->name, "_frame"))
                        put_frame_value(w, c, v);
                else
                        json_put_integer(w, v->name, v->integer);
                put_bound(w, v->name, v->bound);
        }
        json_end(w);
}

void json_put_finding(JsonRecords *j, const char *key, const ReportContext *c, const FlowRecord *f, const Finding *finding) {
        const FindingKind *kind = finding_kind(finding->id);
        JsonWriter *w = j->writer;

        json_begin_object(w, key);
        json_put_name(w, "code", kind->code);
        json_put_name(w, "id", kind->id);
        json_put_name(w, "side", finding->side < SIDES ? side_name(finding->side) : NULL);
        json_put_name(w, "severity", severity_name(finding->severity));
        json_put_name(w, "certainty", certainty_name(finding->certainty));
        json_begin_array(w, "frames");
        for (guint i = 0; i < finding->n_frames; i++)
                json_put_unsigned(w, NULL, frame_ref_number(finding->frames[i]));
        json_end(w);
        if (c->n_captures > 1) {
                json_begin_array(w, "files");
                for (guint i = 0; i < finding->n_frames; i++)
                        json_put_unsigned(w, NULL, frame_ref_file(finding->frames[i]));
                json_end(w);
        }
        words_finding_filter(json_scratch(j), c, f, finding);
        json_put_plain(w, "filter", j->scratch->str, j->scratch->len);
        words_finding(json_scratch(j), c, f, finding);
        json_put_text(w, "text", j->scratch->str, j->scratch->len);
        put_values(w, c, finding);
        json_end(w);
}

/* ── Packets ─────────────────────────────────────────────────────────────── */

static void put_packet_states(JsonWriter *w, const FlowRecord *f, StateCursor *cursor, const TimelineEntry *e) {
        json_begin_object(w, "states");
        for (guint side = 0; side < SIDES; side++)
                json_put_name(w, side_name(side), tcp_state_name(state_cursor_after(cursor, f, side, e)));
        json_end(w);
}

static void put_packet(JsonRecords *j, const ReportContext *c, const FlowRecord *f, const TimelineEntry *e,
                       StateCursor *cursor) {
        JsonWriter *w = j->writer;
        const char *mark;

        json_begin_object(w, NULL);
        json_put_frame(w, c, "frame", "file", e->frame);
        json_put_time(w, "time", e->time_ns);
        json_put_integer(w, "offset_ns", e->time_ns - f->start_ns);
        json_put_name(w, "side", side_name(entry_side(e)));
        if (!(e->marks & ENTRY_ICMP)) {
                words_flags(json_scratch(j), e->flags);
                json_put_plain(w, "flags", j->scratch->str, j->scratch->len);
                json_put_integer(w, "seq", words_relative_seq(f, e));
                if (e->flags & TCP_ACK)
                        json_put_integer(w, "ack", words_relative_ack(f, e));
                else
                        json_put_null(w, "ack");
                json_put_unsigned(w, "payload_bytes", e->payload_bytes);
                json_put_unsigned(w, "window", e->window);
        }
        json_begin_array(w, "marks");
        for (guint i = 0; (mark = words_mark(e, i)) != NULL; i++)
                json_put_name(w, NULL, mark);
        json_end(w);
        words_packet(json_scratch(j), f, e);
        json_put_text(w, "text", j->scratch->str, j->scratch->len);
        put_packet_states(w, f, cursor, e);
        json_end(w);
}

static void put_packets(JsonRecords *j, const ReportContext *c, const FlowRecord *f) {
        StateCursor cursor = { 0 };

        json_begin_array(j->writer, "packets");
        for (guint i = 0; i < f->n_timeline; i++)
                put_packet(j, c, f, &f->timeline[i], &cursor);
        json_end(j->writer);
        json_put_unsigned(j->writer, "packets_left_out", f->timeline_left_out);
}

/* ── The flow ────────────────────────────────────────────────────────────── */

static void put_identity(JsonRecords *j, const ReportContext *c, const FlowRecord *f) {
        JsonWriter *w = j->writer;
        char community_id[COMMUNITY_ID_CHARS];

        json_put_name(w, "type", "flow");
        json_put_name(w, "schema", JSON_SCHEMA);
        json_put_unsigned(w, "flow", f->number);
        json_put_unsigned(w, "incarnation", f->incarnation);
        if (f->previous_flow)
                json_put_unsigned(w, "previous_flow", f->previous_flow);
        else
                json_put_null(w, "previous_flow");
        community_id_put(community_id, f);
        json_put_plain(w, "community_id", community_id, COMMUNITY_ID_CHARS);
        put_endpoint(w, "client", f, CLIENT);
        put_endpoint(w, "server", f, SERVER);
        json_put_word(w, "roles", &j->words.roles[f->roles]);
        if (f->path != 0 && c->paths) {
                g_autofree char *path = path_describe(c->paths, f->path);

                json_put_string(w, "path", path);
        }
        json_put_word(w, "vantage", &j->words.vantage[f->vantage]);
        json_put_boolean(w, "joined", f->joined);
        if (f->given_up)
                json_put_boolean(w, "given_up", TRUE);
}

void json_records_flow(JsonRecords *j, const char *key, const ReportContext *c, const FlowRecord *f,
                       JsonFlowOptions options) {
        JsonWriter *w = j->writer;

        json_begin_object(w, key);
        put_identity(j, c, f);
        json_put_frame(w, c, "first_frame", "first_file", f->first_frame);
        json_put_frame(w, c, "last_frame", "last_file", f->last_frame);
        json_put_time(w, "start", f->start_ns);
        json_put_time(w, "end", f->end_ns);
        json_put_integer_string(w, "start_ns", f->start_ns);
        json_put_integer(w, "duration_ns", f->end_ns - f->start_ns);
        if (f->side[CLIENT].state == STATE_CLOSED && f->side[SERVER].state == STATE_CLOSED)
                json_put_null(w, "watched_ns");
        else
                json_put_integer(w, "watched_ns", f->capture_end_ns - f->start_ns);
        json_put_word(w, "close", &j->words.close[f->close]);
        json_put_word(w, "closed_first_by", &j->words.closed_first_by[f->closed_first_by]);
        words_verdict(json_scratch(j), c, f);
        json_put_text(w, "verdict", j->scratch->str, j->scratch->len);
        words_flow_filter(json_scratch(j), c, f);
        json_put_plain(w, "filter", j->scratch->str, j->scratch->len);
        json_begin_object(w, "sides");
        put_side(j, c, f, CLIENT);
        put_side(j, c, f, SERVER);
        json_end(w);
        json_begin_object(w, "zeek");
        json_put_name(w, "conn_state", f->zeek_conn_state);
        json_put_name(w, "history", f->zeek_history);
        if (f->n_zeek_later > 0) {
                json_begin_array(w, "later");
                for (guint i = 0; i < f->n_zeek_later; i++) {
                        json_begin_object(w, NULL);
                        json_put_name(w, "conn_state", f->zeek_later[i].conn_state);
                        json_put_name(w, "history", f->zeek_later[i].history);
                        json_end(w);
                }
                json_end(w);
        }
        json_end(w);
        json_put_unsigned(w, "completeness", f->completeness);
        json_put_unsigned(w, "icmp_errors", f->icmp_errors);
        json_begin_array(w, "findings");
        for (guint i = 0; i < f->n_findings; i++)
                json_put_finding(j, NULL, c, f, &f->findings[i]);
        json_end(w);
        json_put_unsigned(w, "findings_left_out", f->findings_left_out);
        if (options & JSON_FLOW_PACKETS)
                put_packets(j, c, f);
        json_end(w);
}
