/* SPDX-License-Identifier: BSD-3-Clause */

#include "when.h"

#include <string.h>

#include "units.h"

#define SECONDS_PER_DAY 86400
#define SECONDS_MAX (G_MAXINT64 / NS_PER_SECOND - 1)

/* Cuts ".25" out of @text. Returns: the nanoseconds, or -1 if there are no digits or too many. */
static gint64 take_fraction(char *text) {
        char *dot = strchr(text, '.'), *end;
        gint64 ns = 0;

        if (!dot)
                return 0;
        end = dot + 1;
        for (gint64 unit = NS_PER_SECOND / 10; unit > 0 && g_ascii_isdigit(*end); unit /= 10)
                ns += (*end++ - '0') * unit;
        if (end == dot + 1 || g_ascii_isdigit(*end))
                return -1;
        memmove(dot, end, strlen(end) + 1);
        return ns;
}

static gboolean parse_offset(When *w, const char *digits) {
        g_autofree char *text = g_strdup(digits);
        gint64 fraction_ns = take_fraction(text);
        guint64 seconds;

        if (fraction_ns < 0 || !g_ascii_string_to_unsigned(text, 10, 0, SECONDS_MAX, &seconds, NULL))
                return FALSE;
        *w = (When){ .kind = WHEN_AFTER_START, .ns = (gint64)seconds * NS_PER_SECOND + fraction_ns };
        return TRUE;
}

static gboolean parse_clock(When *w, const char *text, gint64 fraction_ns, gboolean local) {
        g_auto(GStrv) parts = g_strsplit(text, ":", -1);
        static const guint most[] = { 23, 59, 59 };
        gint64 seconds = 0;

        if (g_strv_length(parts) != G_N_ELEMENTS(most))
                return FALSE;
        for (guint i = 0; i < G_N_ELEMENTS(most); i++) {
                guint64 part;

                if (!g_ascii_string_to_unsigned(parts[i], 10, 0, most[i], &part, NULL))
                        return FALSE;
                seconds = seconds * 60 + (gint64)part;
        }
        *w = (When){ .kind = WHEN_CLOCK, .ns = seconds * NS_PER_SECOND + fraction_ns, .local = local };
        return TRUE;
}

static gboolean parse_date(When *w, const char *text, gint64 fraction_ns, gboolean local) {
        g_autoptr(GTimeZone) zone = local ? g_time_zone_new_local() : g_time_zone_new_utc();
        g_autoptr(GDateTime) date = g_date_time_new_from_iso8601(text, zone);
        gint64 seconds = date ? g_date_time_to_unix(date) : 0;

        if (!date || seconds > SECONDS_MAX || seconds < -SECONDS_MAX)
                return FALSE;
        *w = (When){ .kind = WHEN_DATE, .ns = seconds * NS_PER_SECOND + fraction_ns };
        return TRUE;
}

gboolean when_parse(When *w, const char *word, gboolean local) {
        g_autofree char *text = g_strdup(word);
        gint64 fraction_ns;

        if (*word == '+')
                return parse_offset(w, word + 1);
        if (g_str_has_suffix(text, " UTC")) {
                text[strlen(text) - strlen(" UTC")] = '\0';
                local = FALSE;
        }
        fraction_ns = take_fraction(text);
        if (fraction_ns < 0)
                return FALSE;
        return parse_clock(w, text, fraction_ns, local) || parse_date(w, text, fraction_ns, local);
}

gint64 when_resolve(const When *w, gint64 first_ns) {
        gint64 day_ns = SECONDS_PER_DAY * NS_PER_SECOND, since_midnight_ns;
        gint64 first_s = first_ns / NS_PER_SECOND - (first_ns % NS_PER_SECOND < 0);
        g_autoptr(GTimeZone) zone = NULL;
        gint64 offset_s = 0;

        switch (w->kind) {
        case WHEN_DATE:
                return w->ns;
        case WHEN_AFTER_START:
                return first_ns > G_MAXINT64 - w->ns ? G_MAXINT64 : first_ns + w->ns;
        case WHEN_CLOCK:
                break;
        }
        if (w->local) {
                zone = g_time_zone_new_local();
                offset_s = g_time_zone_get_offset(
                    zone, g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, first_s));
        }
        since_midnight_ns =
            ((first_s + offset_s) % SECONDS_PER_DAY + SECONDS_PER_DAY) % SECONDS_PER_DAY * NS_PER_SECOND +
            (first_ns - first_s * NS_PER_SECOND);
        return first_ns + (w->ns - since_midnight_ns + day_ns) % day_ns;
}
