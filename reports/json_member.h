/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Members of JSON where there is room for them. Each function takes where its member goes and returns where the next
 * one does, which so stays in a register through dozens of them; what is constant is a few stores.
 *
 * @key is the member's name inside an object (plain ASCII, written as it is; best a literal) and NULL inside an array.
 * Each member brings the comma behind it; what ends an object, an array or a line takes the last one back.
 */

#include <glib.h>
#include <string.h>

#include "digits.h"
#include "units.h"

#define JSON_TEXT_BYTES 127
#define JSON_TEXT_USUAL 64 /* so many are copied in any case: no loop for a few bytes */

/* What is written often, ready with the comma behind it. */
typedef struct JsonText {
        char text[JSON_TEXT_BYTES];
        guint8 n;
} JsonText;

/* Adds a member, a string. @t: zero-initialised; @text: printable ASCII of which nothing is ever escaped */
void json_text_add(JsonText *t, const char *key, const char *text);

/* Begins an object inside an array, or ends one. */
void json_text_begin(JsonText *t);
void json_text_end(JsonText *t);

G_ALWAYS_INLINE static inline char *member_key(char *at, const char *key) {
        const gsize n = key ? strlen(key) : 0;

        if (!key)
                return at;
        *at = '"';
        memcpy(at + 1, key, n);
        memcpy(at + 1 + n, "\":", 2);
        return at + n + 3;
}

static inline char *member_comma(char *at) {
        *at = ',';
        return at + 1;
}

#define JSON_TIME_BYTES 32 /* "2024-01-01T00:00:00.000000000Z" in its quotes */
#define JSON_SECONDS 64

typedef struct JsonSecond {
        gint64 start_ns;                /* since the epoch */
        char text[JSON_TIME_BYTES + 8]; /* with a comma */
        char digits[16];                /* of the seconds since the epoch... */
        guint8 n_digits;                /* ...and how many; none unless there were some */
} JsonSecond;

/* Times come in clusters: most are in a second of which the first twenty characters are known. */
typedef struct JsonTimes {
        JsonSecond *latest;
        JsonSecond kept[JSON_SECONDS]; /* each at its remainder */
} JsonTimes;

void json_times_init(JsonTimes *times);

/* Makes the second that @time_ns is in the latest one. */
void json_times_find(JsonTimes *times, gint64 time_ns);

/* ── Objects and arrays ──────────────────────────────────────────────────── */

G_ALWAYS_INLINE static inline char *member_begin(char *at, const char *key, char bracket) {
        at = member_key(at, key);
        *at = bracket;
        return at + 1;
}

/* Of what has a member for sure. */
static inline char *member_close(char *at, char bracket) {
        at[-1] = bracket;
        return member_comma(at);
}

static inline char *member_end(char *at, char bracket) {
        at -= at[-1] == ',';
        *at = bracket;
        return member_comma(at + 1);
}

/* ── Values ──────────────────────────────────────────────────────────────── */

/* @json: a value as it is */
G_ALWAYS_INLINE static inline char *member_json(char *at, const char *key, const char *json, gsize n) {
        at = member_key(at, key);
        memcpy(at, json, n);
        return member_comma(at + n);
}

G_ALWAYS_INLINE static inline char *member_null(char *at, const char *key) {
        return member_json(at, key, "null", strlen("null"));
}

G_ALWAYS_INLINE static inline char *member_boolean(char *at, const char *key, gboolean value) {
        return value ? member_json(at, key, "true", strlen("true")) : member_json(at, key, "false", strlen("false"));
}

/* @text: printable ASCII without quotes and backslashes, and what would be escaped in HTML */
G_ALWAYS_INLINE static inline char *member_plain(char *at, const char *key, const char *text, gsize n) {
        at = member_key(at, key);
        *at = '"';
        memcpy(at + 1, text, n);
        at[n + 1] = '"';
        return member_comma(at + n + 2);
}

/* The same of a literal or a table's name; NULL is written as null. */
G_ALWAYS_INLINE static inline char *member_name(char *at, const char *key, const char *name) {
        return name ? member_plain(at, key, name, strlen(name)) : member_null(at, key);
}

/* So many bytes are written as @t can hold. */
G_ALWAYS_INLINE static inline char *member_text(char *at, const JsonText *t) {
        memcpy(at, t->text, JSON_TEXT_USUAL);
        if (t->n > JSON_TEXT_USUAL)
                memcpy(at + JSON_TEXT_USUAL, t->text + JSON_TEXT_USUAL, JSON_TEXT_BYTES - JSON_TEXT_USUAL);
        return at + t->n;
}

G_ALWAYS_INLINE static inline char *member_unsigned(char *at, const char *key, guint64 value) {
        return member_comma(digits_put(member_key(at, key), value));
}

G_ALWAYS_INLINE static inline char *member_integer(char *at, const char *key, gint64 value) {
        return member_comma(integer_put(member_key(at, key), value));
}

/* As a string: for integers over 2^53, which many readers cannot hold. */
G_ALWAYS_INLINE static inline char *member_integer_string(char *at, const char *key, gint64 value) {
        at = member_key(at, key);
        *at = '"';
        at = integer_put(at + 1, value);
        *at = '"';
        return member_comma(at + 1);
}

static inline const JsonSecond *json_second(JsonTimes *times, gint64 time_ns) {
        if (G_UNLIKELY((guint64)time_ns - (guint64)times->latest->start_ns >= NS_PER_SECOND))
                json_times_find(times, time_ns);
        return times->latest;
}

/* Nanoseconds since the epoch as RFC 3339 in UTC with nine digits. */
G_ALWAYS_INLINE static inline char *member_time(char *at, const char *key, gint64 time_ns, JsonTimes *times) {
        const JsonSecond *second = json_second(times, time_ns);

        at = member_key(at, key);
        memcpy(at, second->text, JSON_TIME_BYTES + 1);
        digits_put_nine(at + strlen("\"2024-01-01T00:00:00."), (guint32)((guint64)time_ns - (guint64)second->start_ns));
        return at + JSON_TIME_BYTES + 1;
}

/* member_integer_string() of the same. */
G_ALWAYS_INLINE static inline char *member_time_string(char *at, const char *key, gint64 time_ns, JsonTimes *times) {
        const JsonSecond *second = json_second(times, time_ns);

        if (G_UNLIKELY(!second->n_digits))
                return member_integer_string(at, key, time_ns);
        at = member_key(at, key);
        *at++ = '"';
        memcpy(at, second->digits, sizeof second->digits);
        at = digits_put_nine(at + second->n_digits, (guint32)((guint64)time_ns - (guint64)second->start_ns));
        *at = '"';
        return member_comma(at + 1);
}
