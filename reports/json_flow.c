/* SPDX-License-Identifier: BSD-3-Clause */

#include "json.h"

#include <string.h>

#include "community_id.h"
#include "endpoint_text.h"
#include "json_private.h"
#include "sentence.h"
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

/* ── Parts of a run ──────────────────────────────────────────────────────── */

G_ALWAYS_INLINE static inline char *put_endpoint(char *at, const char *key, const FlowRecord *f, guint side) {
        const EndpointText *e = endpoint_text(&f->side[side].address, f->side[side].port, f->ipv6);

        at = member_begin(at, key, '{');
        at = member_key(at, "address");
        *at = '"';
        at = endpoint_text_put_address(at + 1, e);
        *at = '"';
        at = member_comma(at + 1);
        at = member_unsigned(at, "port", f->side[side].port);
        return member_close(at, '}');
}

/* "frame" and "time". */
static G_GNUC_NO_INLINE char *put_moment(JsonRecords *j, char *at, const ReportContext *c, FrameRef frame, gint64 time_ns) {
        return member_time(member_frame(at, c, "frame", "file", frame), "time", time_ns, &j->writer->times);
}

/* The same in a run that may have it already: between the two is more than is copied. */
static inline char *put_moment_again(JsonRecords *j, char *at, const ReportContext *c, FrameRef frame, gint64 time_ns) {
        JsonMoment *m = &j->moments[frame % JSON_MOMENTS];
        char *end;

        if (m->frame == frame && m->time_ns == time_ns && m->run == j->run) {
                memcpy(at, m->text, JSON_MOMENT_USUAL);
                if (G_UNLIKELY(m->n > JSON_MOMENT_USUAL))
                        memcpy(at + JSON_MOMENT_USUAL, m->text + JSON_MOMENT_USUAL, m->n - JSON_MOMENT_USUAL);
                return at + m->n;
        }
        end = put_moment(j, at, c, frame, time_ns);
        *m = (JsonMoment){ .frame = frame, .time_ns = time_ns, .text = at, .run = j->run, .n = (guint32)(end - at) };
        return end;
}

/* ── Sides ───────────────────────────────────────────────────────────────── */

static char *put_states(JsonRecords *j, char *at, const ReportContext *c, const SideRecord *s) {
        at = member_begin(at, "states", '[');
        for (guint i = 0; i < s->n_states; i++) {
                const StateEntry *e = &s->states[i];

                at = member_text(at, &j->texts->entry[e->state]);
                at = put_moment_again(j, at, c, e->frame, e->time_ns);
                at = member_text(at, &j->texts->reason[e->basis][e->event]);
        }
        return s->n_states ? member_close(at, ']') : member_end(at, ']');
}

/* The members that SYN, FIN and RST of a side have alike. */
static inline char *put_control(JsonRecords *j, char *at, const ReportContext *c, FrameRef frame, guint32 count, gint64 time_ns) {
        at = put_moment_again(j, at, c, frame, time_ns);
        return member_unsigned(at, "count", count);
}

static char *put_syn(JsonRecords *j, char *at, const ReportContext *c, const SideRecord *s) {
        if (s->syn_frame == 0)
                return member_null(at, "syn");
        at = member_begin(at, "syn", '{');
        at = put_control(j, at, c, s->syn_frame, s->syn_count, s->syn_ns);
        return member_close(at, '}');
}

static char *put_fin(JsonRecords *j, char *at, const ReportContext *c, const SideRecord *s) {
        if (s->fin_frame == 0)
                return member_null(at, "fin");
        at = member_begin(at, "fin", '{');
        at = put_control(j, at, c, s->fin_frame, s->fin_count, s->fin_ns);
        at = member_frame(at, c, "acked_frame", "acked_file", s->fin_acked_frame);
        if (s->fin_acked_frame)
                at = member_integer(at, "acked_after_ns", s->fin_acked_ns - s->fin_ns);
        return member_close(at, '}');
}

static char *put_rst(JsonRecords *j, char *at, const ReportContext *c, const SideRecord *s) {
        if (s->rst_frame == 0)
                return member_null(at, "rst");
        at = member_begin(at, "rst", '{');
        at = put_control(j, at, c, s->rst_frame, s->rst_count, s->rst_ns);
        return member_close(at, '}');
}

/* What was lost, resent or copied: nothing, of most sides. */
static char *put_losses(char *at, const SideRecord *s) {
        if (!(s->retransmitted_packets | s->retransmitted_bytes | s->missing_bytes | s->unacked_bytes | s->copies))
                return literal_put(at, "\"retransmitted_packets\":0,\"retransmitted_bytes\":0,\"missing_bytes\":0,"
                                       "\"unacked_bytes\":0,\"copies\":0,");
        at = member_unsigned(at, "retransmitted_packets", s->retransmitted_packets);
        at = member_unsigned(at, "retransmitted_bytes", s->retransmitted_bytes);
        at = member_unsigned(at, "missing_bytes", s->missing_bytes);
        at = member_unsigned(at, "unacked_bytes", s->unacked_bytes);
        return member_unsigned(at, "copies", s->copies);
}

static char *put_side(JsonRecords *j, char *at, const ReportContext *c, const FlowRecord *f, guint side) {
        const SideRecord *s = &f->side[side];

        at = side == CLIENT ? member_begin(at, "client", '{') : member_begin(at, "server", '{');
        at = member_text(at, &j->texts->state[s->state]);
        at = member_unsigned(at, "packets", s->packets);
        at = member_unsigned(at, "payload_bytes", s->payload_bytes);
        at = put_losses(at, s);
        at = s->has_isn ? member_unsigned(at, "isn", s->isn) : member_null(at, "isn");
        at = put_states(j, at, c, s);
        at = put_syn(j, at, c, s);
        at = put_fin(j, at, c, s);
        at = put_rst(j, at, c, s);
        at = member_frame(at, c, "last_data_frame", "last_data_file", s->last_data_frame);
        at = member_frame(at, c, "last_frame", "last_file", s->last_frame);
        return member_close(at, '}');
}

static char *put_sides(JsonRecords *j, char *at, const ReportContext *c, const FlowRecord *f) {
        j->run++;
        at = member_begin(at, "sides", '{');
        at = put_side(j, at, c, f, CLIENT);
        at = put_side(j, at, c, f, SERVER);
        return member_close(at, '}');
}

/* ── Sentences ───────────────────────────────────────────────────────────── */

/* The catalogue's words and numbers need none; names of captures, which are told where there are several, may, and '>' in HTML. */
static gboolean needs_escapes(const JsonRecords *j, const ReportContext *c) {
        return j->writer->in_html || c->n_captures > 1;
}

/* Returns: where a sentence of up to WORDS_BYTES goes. */
G_ALWAYS_INLINE static inline char *sentence_begin(JsonRecords *j, const ReportContext *c, const char *key) {
        char *at;

        if (G_UNLIKELY(needs_escapes(j, c)))
                return string_room(json_scratch(j), WORDS_BYTES);
        at = member_key(json_run_begin(j->writer), key);
        *at = '"';
        return at + 1;
}
G_STATIC_ASSERT(WORDS_BYTES <= JSON_RUN_BYTES / 2);

/* @end: where it ended */
G_ALWAYS_INLINE static inline void sentence_end(JsonRecords *j, const ReportContext *c, const char *key, char *end) {
        if (G_UNLIKELY(needs_escapes(j, c))) {
                string_end(j->scratch, end);
                json_put_text(j->writer, key, j->scratch->str, j->scratch->len);
                return;
        }
        *end = '"';
        json_run_end(j->writer, member_comma(end + 1));
}

/* ── Findings ────────────────────────────────────────────────────────────── */

/* "rst_frame", and "rst_file" beside it where there are several. */
static char *put_frame_value(char *at, const ReportContext *c, const char *name, gsize n, FrameRef frame) {
        char file_key[KEY_BYTES] = "";

        if (c->n_captures > 1)
                make_key(file_key, name, n - strlen("_frame"), "_file");
        return member_frame(at, c, name, file_key, frame);
}

/* A duration or count that the capture may have cut off: "x_ns" and, beside it, "x_bound". */
static char *put_bound(char *at, const char *name, gsize n, ValueUnit unit, guint bound) {
        static const guint8 unit_chars[] = { [UNIT_NS] = 3, [UNIT_BYTES] = 6, [UNIT_PACKETS] = 8, [UNIT_FRAME] = 0 };
        char key[KEY_BYTES];

        if (bound == BOUND_EXACT)
                return at;
        return member_name(at, make_key(key, name, n - unit_chars[unit], "_bound"), bound == BOUND_AT_LEAST ? "at_least" : "at_most");
}

static void put_values(JsonWriter *w, const ReportContext *c, const Finding *finding) {
        const SentenceNames *names = sentence_names(finding);
        char *at = json_run_begin(w);

        at = member_begin(at, "values", '{');
        for (guint i = 0; i < finding->n_values; i++) {
                const FindingValue *v = &finding->values[i];

                if (v->kind == VALUE_TEXT)
                        at = member_name(at, v->name, v->text);
                else if (names->unit[i] == UNIT_FRAME)
                        at = put_frame_value(at, c, v->name, names->chars[i], (FrameRef)v->integer);
                else
                        at = member_integer(at, v->name, v->integer);
                at = put_bound(at, v->name, names->chars[i], names->unit[i], v->bound);
        }
        json_run_end(w, member_end(at, '}'));
}

static char *put_evidence(char *at, const ReportContext *c, const Finding *finding) {
        at = member_begin(at, "frames", '[');
        for (guint i = 0; i < finding->n_frames; i++)
                at = member_unsigned(at, NULL, frame_ref_number(finding->frames[i]));
        at = member_end(at, ']');
        if (c->n_captures < 2)
                return at;
        at = member_begin(at, "files", '[');
        for (guint i = 0; i < finding->n_frames; i++)
                at = member_unsigned(at, NULL, frame_ref_file(finding->frames[i]));
        return member_end(at, ']');
}

void json_put_finding(JsonRecords *j, const char *key, const ReportContext *c, const FlowRecord *f, const Finding *finding) {
        JsonWriter *w = j->writer;
        char *at;

        json_begin_object(w, key);
        at = json_run_begin(w);
        at = member_text(at, &j->texts->kind[finding->id]);
        at = member_name(at, "side", finding->side < SIDES ? side_name(finding->side) : NULL);
        at = member_text(at, &j->texts->severity[finding->severity]);
        at = member_text(at, &j->texts->certainty[finding->certainty]);
        json_run_end(w, put_evidence(at, c, finding));
        sentence_end(j, c, "filter", words_put_finding_filter(sentence_begin(j, c, "filter"), c, f, finding));
        sentence_end(j, c, "text", words_put_finding(sentence_begin(j, c, "text"), c, f, finding));
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
        json_run_end(w, put_moment(j, json_run_begin(w), c, e->frame, e->time_ns));
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

static void put_path(JsonWriter *w, const ReportContext *c, const FlowRecord *f) {
        g_autofree char *path = NULL;

        if (f->path == 0 || !c->paths)
                return;
        path = path_describe(c->paths, f->path);
        json_put_string(w, "path", path);
}

void json_records_expect(JsonRecords *j, const FlowRecord *f, guint n) {
        j->expected.next = f;
        j->expected.n = MIN(n, JSON_EXPECTED);
        j->expected.at = 0;
        community_ids_find(f, j->expected.n, j->expected.ids);
}

/* Nobody has to say what comes. What was said once is for one flow: another one may stand there later. */
static const CommunityId *community_id(JsonRecords *j, const FlowRecord *f) {
        if (f != j->expected.next || j->expected.at == j->expected.n)
                json_records_expect(j, f, 1);
        j->expected.next++;
        return &j->expected.ids[j->expected.at++];
}

static char *put_community_id(char *at, const CommunityId *id) {
        at = member_key(at, "community_id");
        *at = '"';
        memcpy(at + 1, id->text, COMMUNITY_ID_CHARS);
        at += 1 + COMMUNITY_ID_CHARS;
        *at = '"';
        return member_comma(at + 1);
}

static void put_identity(JsonRecords *j, const ReportContext *c, const FlowRecord *f) {
        char *at = json_run_begin(j->writer);

        at = member_name(at, "type", "flow");
        at = member_name(at, "schema", JSON_SCHEMA);
        at = member_unsigned(at, "flow", f->number);
        at = member_unsigned(at, "incarnation", f->incarnation);
        at = f->previous_flow ? member_unsigned(at, "previous_flow", f->previous_flow) : member_null(at, "previous_flow");
        at = put_community_id(at, community_id(j, f));
        at = put_endpoint(at, "client", f, CLIENT);
        at = put_endpoint(at, "server", f, SERVER);
        at = member_text(at, &j->texts->roles[f->roles]);
        json_run_end(j->writer, at);
        put_path(j->writer, c, f);
}

static gboolean is_over(const FlowRecord *f) {
        return f->side[CLIENT].state == STATE_CLOSED && f->side[SERVER].state == STATE_CLOSED;
}

/* From when until when, and how it ended. */
static void put_course(JsonRecords *j, const ReportContext *c, const FlowRecord *f) {
        JsonTimes *times = &j->writer->times;
        char *at = json_run_begin(j->writer);

        at = member_text(at, &j->texts->vantage[f->vantage]);
        if (f->vantage == VANTAGE_NEARER_CLIENT || f->vantage == VANTAGE_NEARER_SERVER)
                at = member_name(at, "nearer", side_name(f->vantage == VANTAGE_NEARER_CLIENT ? CLIENT : SERVER));
        at = member_boolean(at, "joined", f->joined);
        if (f->given_up)
                at = member_boolean(at, "given_up", TRUE);
        at = member_frame(at, c, "first_frame", "first_file", f->first_frame);
        at = member_frame(at, c, "last_frame", "last_file", f->last_frame);
        at = member_time(at, "start", f->start_ns, times);
        at = member_time(at, "end", f->end_ns, times);
        at = member_time_string(at, "start_ns", f->start_ns, times);
        at = member_integer(at, "duration_ns", f->end_ns - f->start_ns);
        at = is_over(f) ? member_null(at, "watched_ns") : member_integer(at, "watched_ns", f->capture_end_ns - f->start_ns);
        at = member_text(at, &j->texts->close[f->close]);
        at = member_text(at, &j->texts->closed_first_by[f->closed_first_by]);
        json_run_end(j->writer, at);
}

static void put_sentences(JsonRecords *j, const ReportContext *c, const FlowRecord *f) {
        sentence_end(j, c, "verdict", words_put_verdict(sentence_begin(j, c, "verdict"), c, f));
        sentence_end(j, c, "filter", words_put_flow_filter(sentence_begin(j, c, "filter"), c, f));
}

/* @history: ZEEK_HISTORY_MAX + 2, which are all copied: no call for a few bytes */
static inline char *put_zeek_row(char *at, const char *conn_state, const char *history) {
        at = member_name(at, "conn_state", conn_state);
        at = literal_put(at, "\"history\":\"");
        memcpy(at, history, ZEEK_HISTORY_MAX + 2);
        at += strlen(history);
        return literal_put(at, "\",");
}

/* What other tools say of it. */
static char *put_words_of_others(char *at, const FlowRecord *f) {
        at = member_begin(at, "zeek", '{');
        at = put_zeek_row(at, f->zeek_conn_state, f->zeek_history);
        if (f->n_zeek_later > 0) {
                at = member_begin(at, "later", '[');
                for (guint i = 0; i < f->n_zeek_later; i++) {
                        at = member_begin(at, NULL, '{');
                        at = put_zeek_row(at, f->zeek_later[i].conn_state, f->zeek_later[i].history);
                        at = member_close(at, '}');
                }
                at = member_close(at, ']');
        }
        at = member_close(at, '}');
        at = member_unsigned(at, "completeness", f->completeness);
        return member_unsigned(at, "icmp_errors", f->icmp_errors);
}

static void put_findings(JsonRecords *j, const ReportContext *c, const FlowRecord *f) {
        JsonWriter *w = j->writer;

        json_begin_array(w, "findings");
        for (guint i = 0; i < f->n_findings; i++)
                json_put_finding(j, NULL, c, f, &f->findings[i]);
        json_end(w);
}

void json_records_flow(JsonRecords *j, const char *key, const ReportContext *c, const FlowRecord *f,
                       JsonFlowOptions options) {
        JsonWriter *w = j->writer;

        json_begin_object(w, key);
        put_identity(j, c, f);
        put_course(j, c, f);
        put_sentences(j, c, f);
        json_run_end(w, put_words_of_others(put_sides(j, json_run_begin(w), c, f), f));
        put_findings(j, c, f);
        json_put_unsigned(w, "findings_left_out", f->findings_left_out);
        if (options & JSON_FLOW_PACKETS)
                put_packets(j, c, f);
        json_end(w);
}
