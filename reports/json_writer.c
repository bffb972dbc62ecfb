/* SPDX-License-Identifier: BSD-3-Clause */

#include "json_writer.h"

#include <math.h>

#include "units.h"

#define JSON_BUFFER_BYTES (1024 * 1024)      /* half of it goes out at once... */
#define JSON_MEMORY_BYTES (2 * JSON_RUN_BYTES) /* ...and of what is kept so much to begin with */
#define JSON_CHUNK_BYTES 512 /* of a string, for which there is room together... */
#define JSON_BLOCK_BYTES 16  /* ...and which are looked at together */
#define JSON_ESCAPED_BYTES 6 /* of a character at most */

G_STATIC_ASSERT(JSON_DEPTH_MAX < 63);

/* The buffer has a byte before its first, where a comma may be looked for. */
JsonWriter *json_writer_new(Output *out, gboolean in_html) {
        const gsize size = out ? JSON_BUFFER_BYTES : JSON_MEMORY_BYTES;
        JsonWriter *w = g_new0(JsonWriter, 1);

        w->out = out;
        w->in_html = in_html;
        w->nesting = 1;
        w->buffer = g_malloc(size);
        w->buffer[0] = '\n';
        w->at = w->buffer + 1;
        w->end = w->buffer + size;
        json_times_init(&w->times);
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
        w->at -= w->at[-1] == ',';
        *json_room(w, 1) = '\n';
        w->at++;
        if (w->at - w->buffer > JSON_BUFFER_BYTES / 2)
                json_flush(w);
}

const char *json_writer_text(JsonWriter *w) {
        g_assert(!w->out && w->nesting == 1);
        w->at -= w->at[-1] == ',';
        *json_room(w, 1) = '\0';
        return w->buffer + 1;
}

/* ── Strings ─────────────────────────────────────────────────────────────── */

static gboolean is_plain(guint8 c, gboolean in_html) {
        if (in_html && (c == '<' || c == '>' || c == '&'))
                return FALSE;
        return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
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

/* Returns: how many of a block's bytes are plain before the first one that is not. */
static gsize count_plain(const char *block) {
        typedef guint8 Block __attribute__((vector_size(JSON_BLOCK_BYTES)));
        Block c, odd;
        guint64 halves[2];

        memcpy(&c, block, sizeof c);
        odd = (Block)((c < 0x20) | (c >= 0x7f) | (c == '"') | (c == '\\'));
        memcpy(halves, &odd, sizeof halves);
        if (halves[0])
                return (gsize)__builtin_ctzll(GUINT64_FROM_LE(halves[0])) / 8;
        return halves[1] ? 8 + (gsize)__builtin_ctzll(GUINT64_FROM_LE(halves[1])) / 8 : JSON_BLOCK_BYTES;
}

/* Writes the text from *@text to @stop, of which the character there may be a part; steps over it. */
static char *put_chunk(char *at, const char **text, const char *stop, const char *end, gboolean in_html) {
        const char *const begin = *text;
        char *const to = at;

        while (!in_html && stop - *text >= JSON_BLOCK_BYTES) {
                const gsize n = count_plain(*text);

                memcpy(at, *text, JSON_BLOCK_BYTES);
                at += n;
                *text += n;
                if (n < JSON_BLOCK_BYTES)
                        at = put_escaped(at, text, end);
        }
        if (!in_html && at - to == *text - begin && *text - begin >= JSON_BLOCK_BYTES && /* a last block: some of it once more */
            count_plain(stop - JSON_BLOCK_BYTES) == JSON_BLOCK_BYTES) {
                memcpy(to + (stop - begin) - JSON_BLOCK_BYTES, stop - JSON_BLOCK_BYTES, JSON_BLOCK_BYTES);
                *text = stop;
                return to + (stop - begin);
        }
        while (*text < stop) {
                if (is_plain((guint8)**text, in_html))
                        *at++ = *(*text)++;
                else
                        at = put_escaped(at, text, end);
        }
        return at;
}

void json_put_text_at(JsonWriter *w, char *at, const char *text, gsize n) {
        const char *end = text + n;

        *at++ = '"';
        while (text < end) {
                w->at = at;
                at = json_room(w, JSON_CHUNK_BYTES * JSON_ESCAPED_BYTES);
                at = put_chunk(at, &text, text + MIN(end - text, JSON_CHUNK_BYTES), end, w->in_html);
        }
        w->at = at;
        at = json_room(w, 2);
        *at = '"';
        w->at = member_comma(at + 1);
}

/* ── Numbers ─────────────────────────────────────────────────────────────── */

void json_put_decimal(JsonWriter *w, const char *key, gdouble value) {
        char text[G_ASCII_DTOSTR_BUF_SIZE];

        if (!isfinite(value) || fabs(value) > 1e15)
                json_put_null(w, key);
        else
                json_put_json(w, key, g_ascii_formatd(text, sizeof text, "%.3f", value));
}
