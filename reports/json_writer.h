/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Writes JSON as it comes, without building a document: a report may have millions of records, and a library's
 * tree of one costs more than all that found out what is in it.
 *
 * @key is the member's name inside an object (plain ASCII, written as it is) and NULL inside an array
 * and at the top.  Keeping the nesting right is the caller's duty; it is asserted.
 *
 * A member is one look for room and a few stores. That is why most of this is inline: where a key is a literal, its
 * length is known.
 */

#include <glib.h>
#include <string.h>

#include "digits.h"
#include "output.h"

#define JSON_DEPTH_MAX 32
#define JSON_TIME_BYTES 32 /* "2024-01-01T00:00:00.000000000Z" in its quotes */

#define JSON_SECONDS 64

/* Times come in clusters: most are in a second of which the first twenty characters are known. */
typedef struct JsonSecond {
        gint64 second; /* since the epoch */
        char text[JSON_TIME_BYTES + 1];
} JsonSecond;

typedef struct JsonWriter {
        char *at;        /* where the next byte goes: behind the comma of the last value */
        char *end;       /* of the buffer */
        char *buffer;
        guint64 nesting; /* a bit for each that was begun, the last one's lowest: whether it is an array; and the top is one */
        Output *out;     /* NULL keeps all in the buffer */
        gboolean in_html;
        JsonSecond seconds[JSON_SECONDS]; /* the last ones written, each at its remainder */
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

/* A word that is written often, ready in its quotes, with its comma: all of it is copied, @n bytes count. */
typedef struct JsonWord {
        char text[63];
        guint8 n;
} JsonWord;

/* @text: at most 59 characters, none of which is ever escaped */
void json_word_set(JsonWord *word, const char *text);

/* ── What the functions below are made of ────────────────────────────────── */

/* Flushes or grows. Returns: w->at, with room for @n bytes. */
char *json_make_room(JsonWriter *w, gsize n);

static inline char *json_room(JsonWriter *w, gsize n) {
        return G_LIKELY((gsize)(w->end - w->at) >= n) ? w->at : json_make_room(w, n);
}

/* Returns: where a value of up to @bytes goes, behind its key; then comes json_end_value(). */
G_ALWAYS_INLINE static inline char *json_begin_value(JsonWriter *w, const char *key, gsize bytes) {
        const gsize n = key ? strlen(key) : 0;
        char *at = json_room(w, n + strlen("\"\":") + bytes + strlen(","));

        g_assert((key == NULL) == (w->nesting & 1));
        if (!key)
                return at;
        *at = '"';
        memcpy(at + 1, key, n);
        memcpy(at + 1 + n, "\":", 2);
        return at + n + 3;
}

/* Each value brings the comma behind it; what ends an object, an array or a line takes the last one back. */
static inline void json_end_value(JsonWriter *w, char *at) {
        *at = ',';
        w->at = at + 1;
}

static inline void json_take_back_comma(JsonWriter *w) {
        w->at -= w->at[-1] == ',';
}

/* The value at @at, which json_begin_value() returned. */
void json_put_text_at(JsonWriter *w, char *at, const char *text, gsize n);
void json_put_time_at(JsonWriter *w, char *at, gint64 time_ns);

static inline char *json_digits(char *at, gint64 value) {
        if (value >= 0)
                return digits_put(at, (guint64)value);
        *at = '-';
        return digits_put(at + 1, 0 - (guint64)value);
}

G_ALWAYS_INLINE static inline void json_begin(JsonWriter *w, const char *key, char bracket) {
        char *at = json_begin_value(w, key, 1);

        g_assert(!(w->nesting >> JSON_DEPTH_MAX));
        *at = bracket;
        w->at = at + 1;
        w->nesting = w->nesting << 1 | (bracket == '[');
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
        char *at;

        json_take_back_comma(w);
        at = json_room(w, 2);
        *at = w->nesting & 1 ? ']' : '}';
        w->nesting >>= 1;
        g_assert(w->nesting > 0);
        json_end_value(w, at + 1);
}

/* ── Values ──────────────────────────────────────────────────────────────── */

/* @json: a value that another writer wrote, as it is */
G_ALWAYS_INLINE static inline void json_put_json(JsonWriter *w, const char *key, const char *json) {
        const gsize n = strlen(json);
        char *at = json_begin_value(w, key, n);

        memcpy(at, json, n);
        json_end_value(w, at + n);
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
        json_put_text_at(w, json_begin_value(w, key, 0), text, n);
}

/* NULL is written as null. */
G_ALWAYS_INLINE static inline void json_put_string(JsonWriter *w, const char *key, const char *text) {
        if (text)
                json_put_text(w, key, text, strlen(text));
        else
                json_put_null(w, key);
}

/* @text: printable ASCII without quotes and backslashes, which is not looked at for such outside HTML */
G_ALWAYS_INLINE static inline void json_put_plain(JsonWriter *w, const char *key, const char *text, gsize n) {
        char *at = json_begin_value(w, key, n + 2);

        if (w->in_html) {
                json_put_text_at(w, at, text, n);
                return;
        }
        *at = '"';
        memcpy(at + 1, text, n);
        at[n + 1] = '"';
        json_end_value(w, at + n + 2);
}

/* The same of a literal or a table's name; NULL is written as null. */
G_ALWAYS_INLINE static inline void json_put_name(JsonWriter *w, const char *key, const char *name) {
        if (name)
                json_put_plain(w, key, name, strlen(name));
        else
                json_put_null(w, key);
}

G_ALWAYS_INLINE static inline void json_put_word(JsonWriter *w, const char *key, const JsonWord *word) {
        char *at = json_begin_value(w, key, sizeof *word);

        memcpy(at, word, sizeof *word);
        w->at = at + word->n;
}

G_ALWAYS_INLINE static inline void json_put_unsigned(JsonWriter *w, const char *key, guint64 value) {
        json_end_value(w, digits_put(json_begin_value(w, key, DIGITS_MAX), value));
}

G_ALWAYS_INLINE static inline void json_put_integer(JsonWriter *w, const char *key, gint64 value) {
        json_end_value(w, json_digits(json_begin_value(w, key, 1 + DIGITS_MAX), value));
}

/* As a string: for integers over 2^53, which many readers cannot hold. */
G_ALWAYS_INLINE static inline void json_put_integer_string(JsonWriter *w, const char *key, gint64 value) {
        char *at = json_begin_value(w, key, 1 + DIGITS_MAX + 2);

        *at = '"';
        at = json_digits(at + 1, value);
        *at = '"';
        json_end_value(w, at + 1);
}

/* With three decimals; a number that is not finite is null. */
void json_put_decimal(JsonWriter *w, const char *key, gdouble value);

/* Nanoseconds since the epoch as RFC 3339 in UTC with nine digits. */
G_ALWAYS_INLINE static inline void json_put_time(JsonWriter *w, const char *key, gint64 time_ns) {
        json_put_time_at(w, json_begin_value(w, key, JSON_TIME_BYTES), time_ns);
}
