/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Writes JSON as it comes, without building a document: a report may have millions of records, and a library's
 * tree of one costs more than all that found out what is in it.
 *
 * @key is the member's name inside an object (plain ASCII, written as it is) and NULL inside an array
 * and at the top.  Keeping the nesting right is the caller's duty; it is asserted.
 *
 * What every flow has is written in runs: json_run_begin() looks for room once, the functions of json_member.h write
 * the members, and json_run_end() says where they ended.
 */

#include "json_member.h"
#include "output.h"

#define JSON_DEPTH_MAX 32
/* A run's members have fewer: two sides with RECORD_STATES_MAX states of some 200 bytes, and others of which none is long. */
#define JSON_RUN_BYTES (16 * 1024)

typedef struct JsonWriter {
        char *at;        /* where the next byte goes: behind the comma of the last value */
        char *end;       /* of the buffer */
        char *buffer;
        guint64 nesting; /* a bit for each that was begun, the last one's lowest: whether it is an array; and the top is one */
        Output *out;     /* NULL keeps all in the buffer */
        gboolean in_html;
        JsonTimes times;
} JsonWriter;

/**
 * json_writer_new:
 * @out: (nullable): where it goes; NULL keeps all in memory for json_writer_text()
 * @in_html: also escape what would end a <script> element
 */
JsonWriter *json_writer_new(Output *out, gboolean in_html);
void json_writer_free(JsonWriter *w);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JsonWriter, json_writer_free)

/* Ends a line of NDJSON, or a document. */
void json_newline(JsonWriter *w);

/* Hands what is buffered to the output. */
void json_flush(JsonWriter *w);

/* Returns: (transfer none): the whole document, NUL-terminated; only without an output. */
const char *json_writer_text(JsonWriter *w);

/* ── What the functions below are made of ────────────────────────────────── */

/* Flushes or grows. Returns: w->at, with room for @n bytes. */
char *json_make_room(JsonWriter *w, gsize n);

static inline char *json_room(JsonWriter *w, gsize n) {
        return G_LIKELY((gsize)(w->end - w->at) >= n) ? w->at : json_make_room(w, n);
}

/* Returns: where a member goes that is @key and up to @bytes of a value. */
G_ALWAYS_INLINE static inline char *json_member_room(JsonWriter *w, const char *key, gsize bytes) {
        g_assert((key == NULL) == (w->nesting & 1));
        return json_room(w, (key ? strlen(key) + strlen("\"\":") : 0) + bytes + strlen(","));
}

/* The string at @at, behind its key. */
void json_put_text_at(JsonWriter *w, char *at, const char *text, gsize n);

G_ALWAYS_INLINE static inline void json_begin(JsonWriter *w, const char *key, char bracket) {
        g_assert(!(w->nesting >> JSON_DEPTH_MAX));
        w->at = member_begin(json_member_room(w, key, 1), key, bracket);
        w->nesting = w->nesting << 1 | (bracket == '[');
}

/* ── Runs of members ─────────────────────────────────────────────────────── */

/* Returns: where the first member goes. */
static inline char *json_run_begin(JsonWriter *w) {
        return json_room(w, JSON_RUN_BYTES);
}

/* @at: where the next member would go; what was begun in the run was ended in it */
static inline void json_run_end(JsonWriter *w, char *at) {
        g_assert(at - w->at <= JSON_RUN_BYTES);
        w->at = at;
}

/* ── Objects and arrays ──────────────────────────────────────────────────── */

G_ALWAYS_INLINE static inline void json_begin_object(JsonWriter *w, const char *key) {
        json_begin(w, key, '{');
}

G_ALWAYS_INLINE static inline void json_begin_array(JsonWriter *w, const char *key) {
        json_begin(w, key, '[');
}

/* Of whichever of the two was begun last. */
static inline void json_end(JsonWriter *w) {
        w->at = member_end(json_room(w, 2), w->nesting & 1 ? ']' : '}');
        w->nesting >>= 1;
        g_assert(w->nesting > 0);
}

/* ── Values ──────────────────────────────────────────────────────────────── */

/* @json: a value that another writer wrote, as it is */
G_ALWAYS_INLINE static inline void json_put_json(JsonWriter *w, const char *key, const char *json) {
        const gsize n = strlen(json);

        w->at = member_json(json_member_room(w, key, n), key, json, n);
}

G_ALWAYS_INLINE static inline void json_put_null(JsonWriter *w, const char *key) {
        json_put_json(w, key, "null");
}

G_ALWAYS_INLINE static inline void json_put_boolean(JsonWriter *w, const char *key, gboolean value) {
        if (value)
                json_put_json(w, key, "true");
        else
                json_put_json(w, key, "false");
}

/* Bytes that are not UTF-8 become U+FFFD. */
G_ALWAYS_INLINE static inline void json_put_text(JsonWriter *w, const char *key, const char *text, gsize n) {
        json_put_text_at(w, member_key(json_member_room(w, key, 0), key), text, n);
}

/* NULL is written as null. */
G_ALWAYS_INLINE static inline void json_put_string(JsonWriter *w, const char *key, const char *text) {
        if (text)
                json_put_text(w, key, text, strlen(text));
        else
                json_put_null(w, key);
}

/* @text: UTF-8 without quotes, backslashes and control characters, which is not looked at for such outside HTML */
G_ALWAYS_INLINE static inline void json_put_plain(JsonWriter *w, const char *key, const char *text, gsize n) {
        char *at = json_member_room(w, key, n + 2);

        if (w->in_html)
                json_put_text_at(w, member_key(at, key), text, n);
        else
                w->at = member_plain(at, key, text, n);
}

/* The same of a literal or a table's name; NULL is written as null. */
G_ALWAYS_INLINE static inline void json_put_name(JsonWriter *w, const char *key, const char *name) {
        if (name)
                json_put_plain(w, key, name, strlen(name));
        else
                json_put_null(w, key);
}

G_ALWAYS_INLINE static inline void json_put_unsigned(JsonWriter *w, const char *key, guint64 value) {
        w->at = member_unsigned(json_member_room(w, key, DIGITS_MAX), key, value);
}

G_ALWAYS_INLINE static inline void json_put_integer(JsonWriter *w, const char *key, gint64 value) {
        w->at = member_integer(json_member_room(w, key, 1 + DIGITS_MAX), key, value);
}

/* As a string: for integers over 2^53, which many readers cannot hold. */
G_ALWAYS_INLINE static inline void json_put_integer_string(JsonWriter *w, const char *key, gint64 value) {
        w->at = member_integer_string(json_member_room(w, key, 1 + DIGITS_MAX + 2), key, value);
}

/* With three decimals; a number that is not finite is null. */
void json_put_decimal(JsonWriter *w, const char *key, gdouble value);

/* Nanoseconds since the epoch as RFC 3339 in UTC with nine digits. */
G_ALWAYS_INLINE static inline void json_put_time(JsonWriter *w, const char *key, gint64 time_ns) {
        w->at = member_time(json_member_room(w, key, JSON_TIME_BYTES), key, time_ns, &w->times);
}
