/* SPDX-License-Identifier: BSD-3-Clause */

#include "json_writer.h"

#include <math.h>

#include "units.h"

#define JSON_BUFFER_BYTES (64 * 1024)
#define JSON_BLOCK_BYTES 16  /* of a string, looked at together */
#define JSON_ESCAPED_BYTES 6 /* of a character at most */

G_STATIC_ASSERT(sizeof(JsonWord) == 64);
G_STATIC_ASSERT(JSON_DEPTH_MAX < 63);

/* The buffer has a byte before its first, where json_take_back_comma() may look. */
JsonWriter *json_writer_new(Output *out, gboolean in_html) {
        JsonWriter *w = g_new0(JsonWriter, 1);

        w->out = out;
        w->in_html = in_html;
        w->nesting = 1;
        w->buffer = g_malloc(JSON_BUFFER_BYTES);
        w->buffer[0] = '\n';
        w->at = w->buffer + 1;
        w->end = w->buffer + JSON_BUFFER_BYTES;
        for (guint i = 0; i < JSON_SECONDS; i++)
                w->seconds[i].second = G_MAXINT64; /* no time's */
        return w;
}

void json_writer_free(JsonWriter *w) {
        if (!w)
                return;
        g_free(w->buffer);
        g_free(w);
}

void json_flush(JsonWriter *w) {
        const gboolean comma = w->at[-1] == ',';

        if (!w->out)
                return;
        output_write(w->out, w->buffer + 1, (gsize)(w->at - w->buffer) - 1 - (gsize)comma);
        w->at = w->buffer + 1;
        if (comma && w->nesting > 1)
                *w->at++ = ',';
}

char *json_make_room(JsonWriter *w, gsize n) {
        gsize used, size = (gsize)(w->end - w->buffer);

        json_flush(w);
        used = (gsize)(w->at - w->buffer);
        while (size - used < n)
                size *= 2;
        w->buffer = g_realloc(w->buffer, size);
        w->at = w->buffer + used;
        w->end = w->buffer + size;
        return w->at;
}

void json_newline(JsonWriter *w) {
        json_take_back_comma(w);
        *json_room(w, 1) = '\n';
        w->at++;
        if (w->at - w->buffer > JSON_BUFFER_BYTES / 2)
                json_flush(w);
}

const char *json_writer_text(JsonWriter *w) {
        g_assert(!w->out && w->nesting == 1);
        json_take_back_comma(w);
        *json_room(w, 1) = '\0';
        return w->buffer + 1;
}

/* ── Strings ─────────────────────────────────────────────────────────────── */

static gboolean is_plain(guint8 c, gboolean in_html) {
        if (in_html && (c == '<' || c == '>' || c == '&'))
                return FALSE;
        return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

void json_word_set(JsonWord *word, const char *text) {
        for (const char *p = text; *p; p++)
                g_assert(is_plain((guint8)*p, TRUE));
        word->n = (guint8)g_snprintf(word->text, sizeof word->text, "\"%s\",", text);
        g_assert(word->n < sizeof word->text);
}

/* Writes the character at *@text, escaped (RFC 8259 7), and steps over it. Returns: where it ends. */
static char *put_escaped(char *at, const char **text, const char *end) {
        static const char hex[] = "0123456789abcdef";
        static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt";
        const guint8 c = (guint8)**text;

        if (c >= 0x80) {
                const gboolean valid = g_utf8_get_char_validated(*text, end - *text) < 0x110000;
                const gsize n = valid ? (gsize)(g_utf8_next_char(*text) - *text) : 3;

                memcpy(at, valid ? *text : "\xef\xbf\xbd", n);
                *text += valid ? n : 1;
                return at + n;
        }
        ++*text;
        *at++ = '\\';
        for (const char *p = shorts; *p; p += 2) {
                if (*p == (char)c) {
                        *at++ = p[1];
                        return at;
                }
        }
        memcpy(at, (char[]){ 'u', '0', '0', hex[c >> 4], hex[c & 15] }, 5);
        return at + 5;
}

/* is_plain() of a whole block. */
static gboolean is_plain_block(const char *text) {
        typedef guint8 Block __attribute__((vector_size(JSON_BLOCK_BYTES)));
        Block c, odd;
        guint64 halves[2];

        memcpy(&c, text, sizeof c);
        odd = (Block)((c < 0x20) | (c >= 0x7f) | (c == '"') | (c == '\\'));
        memcpy(halves, &odd, sizeof halves);
        return (halves[0] | halves[1]) == 0;
}

void json_put_text_at(JsonWriter *w, char *at, const char *text, gsize n) {
        const char *end = text + n;

        *at++ = '"';
        while (text < end) {
                const char *stop = text + MIN(end - text, JSON_BLOCK_BYTES);

                w->at = at;
                at = json_room(w, JSON_BLOCK_BYTES * JSON_ESCAPED_BYTES);
                if (!w->in_html && stop - text == JSON_BLOCK_BYTES && is_plain_block(text)) {
                        memcpy(at, text, JSON_BLOCK_BYTES);
                        at += JSON_BLOCK_BYTES;
                        text = stop;
                }
                while (text < stop) {
                        if (is_plain((guint8)*text, w->in_html))
                                *at++ = *text++;
                        else
                                at = put_escaped(at, &text, end);
                }
        }
        w->at = at;
        at = json_room(w, 2);
        *at = '"';
        json_end_value(w, at + 1);
}

/* ── Numbers ─────────────────────────────────────────────────────────────── */

void json_put_decimal(JsonWriter *w, const char *key, gdouble value) {
        char text[G_ASCII_DTOSTR_BUF_SIZE];

        if (!isfinite(value) || fabs(value) > 1e15)
                json_put_null(w, key);
        else
                json_put_json(w, key, g_ascii_formatd(text, sizeof text, "%.3f", value));
}

void json_put_time_at(JsonWriter *w, char *at, gint64 time_ns) {
        const gint64 second = time_ns / NS_PER_SECOND - (time_ns % NS_PER_SECOND < 0);
        const guint32 ns = (guint32)((guint64)time_ns - (guint64)second * NS_PER_SECOND);
        JsonSecond *known = &w->seconds[(guint64)second % JSON_SECONDS];

        if (known->second != second) {
                char text[TIME_TEXT_BYTES];

                time_format_utc(text, time_ns);
                known->second = second;
                g_snprintf(known->text, sizeof known->text, "\"%s\"", text);
        }
        memcpy(at, known->text, JSON_TIME_BYTES);
        digits_put_nine(at + strlen("\"2024-01-01T00:00:00."), ns);
        json_end_value(w, at + JSON_TIME_BYTES);
}
