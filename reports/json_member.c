/* SPDX-License-Identifier: BSD-3-Clause */

#include "json_member.h"

G_STATIC_ASSERT(sizeof(JsonText) <= 2 * JSON_TEXT_USUAL);

void json_text_add(JsonText *t, const char *key, const char *text) {
        g_assert(strlen(key) + strlen(text) + strlen("\"\":\"\",") <= JSON_TEXT_BYTES - (gsize)t->n);
        for (const char *p = text; *p; p++)
                g_assert(g_ascii_isprint(*p) && !strchr("\"\\<>&", *p));
        t->n = (guint8)(member_plain(t->text + t->n, key, text, strlen(text)) - t->text);
}

void json_times_init(JsonTimes *times) {
        for (guint i = 0; i < JSON_SECONDS; i++)
                times->last[i].second = G_MAXINT64; /* no time's */
}

void json_times_know(struct JsonSecond *known, gint64 second, gint64 time_ns) {
        char text[TIME_TEXT_BYTES];

        time_format_utc(text, time_ns);
        known->second = second;
        g_snprintf(known->text, sizeof known->text, "\"%s\",", text);
}
