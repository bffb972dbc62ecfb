/* SPDX-License-Identifier: BSD-3-Clause */

#include "json_writer.h"

#include <math.h>
#include <string.h>

#include "units.h"

#define JSON_BUFFER_BYTES (64 * 1024)
#define JSON_INTEGER_BYTES 24 /* sign and 20 digits */

struct JsonWriter {
        Output *out;
        char *buffer;
        gsize used, size;
        gboolean in_html;
        guint depth;
        guint32 has_members; /* a bit per depth */
        guint32 is_array;
};
G_STATIC_ASSERT(JSON_DEPTH_MAX <= 32);

JsonWriter *json_writer_new(Output *out, gboolean in_html) {
        JsonWriter *w = g_new0(JsonWriter, 1);

        w->out = out;
        w->in_html = in_html;
        w->size = JSON_BUFFER_BYTES;
        w->buffer = g_malloc(w->size);
        return w;
}

void json_writer_free(JsonWriter *w) {
        if (!w)
                return;
        g_free(w->buffer);
        g_free(w);
}

void json_flush(JsonWriter *w) {
        if (!w->out)
                return;
        output_write(w->out, w->buffer, w->used);
        w->used = 0;
}

/* Returns: room for @n bytes; what is used of it is to be added to @used. */
static char *reserve(JsonWriter *w, gsize n) {
        if (G_UNLIKELY(w->size - w->used < n)) {
                json_flush(w);
                while (w->size - w->used < n)
                        w->size *= 2;
                w->buffer = g_realloc(w->buffer, w->size);
        }
        return w->buffer + w->used;
}

static void put(JsonWriter *w, const char *text, gsize n) {
        memcpy(reserve(w, n), text, n);
        w->used += n;
}

static void put_char(JsonWriter *w, char c) {
        *reserve(w, 1) = c;
        w->used++;
}

/* The comma before a member, and its name. */
static void begin_value(JsonWriter *w, const char *key) {
        guint32 bit = 1U << w->depth;

        g_assert(w->depth == 0 || (key == NULL) == !!(w->is_array & bit));
        if (w->has_members & bit)
                put_char(w, ',');
        if (w->depth > 0)
                w->has_members |= bit;
        if (key) {
                put_char(w, '"');
                put(w, key, strlen(key));
                put(w, "\":", 2);
        }
}

static void begin(JsonWriter *w, const char *key, char bracket) {
        begin_value(w, key);
        put_char(w, bracket);
        w->depth++;
        g_assert(w->depth < JSON_DEPTH_MAX);
        w->has_members &= ~(1U << w->depth);
        w->is_array &= ~(1U << w->depth);
        if (bracket == '[')
                w->is_array |= 1U << w->depth;
}

void json_begin_object(JsonWriter *w, const char *key) {
        begin(w, key, '{');
}

void json_begin_array(JsonWriter *w, const char *key) {
        begin(w, key, '[');
}

void json_end(JsonWriter *w) {
        g_assert(w->depth > 0);
        put_char(w, w->is_array & 1U << w->depth ? ']' : '}');
        w->depth--;
}

/* Escapes the character at @s (RFC 8259 7). Returns: how many bytes of @s it was. */
static gsize put_escaped(JsonWriter *w, const char *s) {
        static const char hex[] = "0123456789abcdef";
        static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt";
        guint8 c = (guint8)*s;

        if (c >= 0x80) {
                gunichar u = g_utf8_get_char_validated(s, -1);
                gboolean valid = u < 0x110000;
                gsize n = valid ? (gsize)(g_utf8_next_char(s) - s) : 1;

                put(w, valid ? s : "\xef\xbf\xbd", valid ? n : 3);
                return n;
        }
        for (const char *p = shorts; *p; p += 2) {
                if (*p == (char)c) {
                        put(w, (char[]){ '\\', p[1] }, 2);
                        return 1;
                }
        }
        put(w, (char[]){ '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] }, 6);
        return 1;
}

static gboolean is_plain(const JsonWriter *w, guint8 c) {
        if (w->in_html && (c == '<' || c == '>' || c == '&'))
                return FALSE;
        return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

void json_put_string(JsonWriter *w, const char *key, const char *text) {
        begin_value(w, key);
        if (!text) {
                put(w, "null", 4);
                return;
        }
        put_char(w, '"');
        while (*text) {
                const char *run = text;

                while (is_plain(w, (guint8)*text))
                        text++;
                put(w, run, (gsize)(text - run));
                if (*text)
                        text += put_escaped(w, text);
        }
        put_char(w, '"');
}

static void put_digits(JsonWriter *w, guint64 value, gboolean negative) {
        char digits[JSON_INTEGER_BYTES];
        char *p = digits + sizeof digits;

        do {
                *--p = (char)('0' + value % 10);
                value /= 10;
        } while (value > 0);
        if (negative)
                *--p = '-';
        put(w, p, (gsize)(digits + sizeof digits - p));
}

static void put_signed(JsonWriter *w, gint64 value) {
        put_digits(w, value < 0 ? 0 - (guint64)value : (guint64)value, value < 0);
}

void json_put_integer(JsonWriter *w, const char *key, gint64 value) {
        begin_value(w, key);
        put_signed(w, value);
}

void json_put_unsigned(JsonWriter *w, const char *key, guint64 value) {
        begin_value(w, key);
        put_digits(w, value, FALSE);
}

void json_put_integer_string(JsonWriter *w, const char *key, gint64 value) {
        begin_value(w, key);
        put_char(w, '"');
        put_signed(w, value);
        put_char(w, '"');
}

void json_put_decimal(JsonWriter *w, const char *key, gdouble value) {
        char text[G_ASCII_DTOSTR_BUF_SIZE];

        if (!isfinite(value) || fabs(value) > 1e15) {
                json_put_null(w, key);
                return;
        }
        json_put_json(w, key, g_ascii_formatd(text, sizeof text, "%.3f", value));
}

void json_put_boolean(JsonWriter *w, const char *key, gboolean value) {
        begin_value(w, key);
        put(w, value ? "true" : "false", value ? 4 : 5);
}

void json_put_null(JsonWriter *w, const char *key) {
        begin_value(w, key);
        put(w, "null", 4);
}

void json_put_json(JsonWriter *w, const char *key, const char *json) {
        begin_value(w, key);
        put(w, json, strlen(json));
}

void json_put_time(JsonWriter *w, const char *key, gint64 time_ns) {
        char text[TIME_TEXT_BYTES];

        begin_value(w, key);
        put_char(w, '"');
        put(w, text, time_format_utc(text, time_ns));
        put_char(w, '"');
}

void json_newline(JsonWriter *w) {
        put_char(w, '\n');
        if (w->used > JSON_BUFFER_BYTES / 2)
                json_flush(w);
}

const char *json_writer_text(JsonWriter *w) {
        g_assert(!w->out);
        *reserve(w, 1) = '\0';
        return w->buffer;
}
