/* SPDX-License-Identifier: BSD-3-Clause */

#include "json_member.h"

G_STATIC_ASSERT(sizeof(JsonText) <= 2 * JSON_TEXT_USUAL);

void json_text_add(JsonText *t, const char *key, const char *text) {
        g_assert(strlen(key) + strlen(text) + strlen("\"\":\"\",") <= JSON_TEXT_BYTES - (gsize)t->n);
        for (const char *p = text; *p; p++)
                g_assert(g_ascii_isprint(*p) && !strchr("\"\\<>&", *p));
        t->n = (guint8)(member_plain(t->text + t->n, key, text, strlen(text)) - t->text);
}

void json_text_begin(JsonText *t) {
        g_assert(t->n < JSON_TEXT_BYTES);
        t->text[t->n++] = '{';
}

void json_text_end(JsonText *t) {
        g_assert(t->n < JSON_TEXT_BYTES);
        t->n = (guint8)(member_end(t->text + t->n, '}') - t->text);
}

void json_times_init(JsonTimes *times) {
        for (guint i = 0; i < JSON_SECONDS; i++)
                times->kept[i].start_ns = G_MAXINT64; /* no second's */
        json_times_find(times, 0);
}

/* What is formatted is the time itself: the first second of all that 64 bits hold begins before them. */
static void second_know(JsonSecond *s, gint64 start_ns, gint64 time_ns) {
        char text[TIME_TEXT_BYTES];

        time_format_utc(text, time_ns);
        s->start_ns = start_ns;
        g_snprintf(s->text, sizeof s->text, "\"%s\",", text);
        s->n_digits = start_ns > 0 ? (guint8)(digits_put(s->digits, (guint64)start_ns / NS_PER_SECOND) - s->digits) : 0;
}

void json_times_find(JsonTimes *times, gint64 time_ns) {
        const gint64 second = time_ns / NS_PER_SECOND - (time_ns % NS_PER_SECOND < 0);
        const gint64 start_ns = (gint64)((guint64)second * NS_PER_SECOND);

        times->latest = &times->kept[(guint64)second % JSON_SECONDS];
        if (times->latest->start_ns != start_ns)
                second_know(times->latest, start_ns, time_ns);
}
