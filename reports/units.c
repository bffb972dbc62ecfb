/* SPDX-License-Identifier: BSD-3-Clause */

#include "units.h"

#include <arpa/inet.h>
#include <time.h>

#include "digits.h"
#include "endpoint_text.h"

#define NS_PER_US G_GUINT64_CONSTANT(1000)
#define NS_PER_MS G_GUINT64_CONSTANT(1000000)
#define SECONDS_PER_DAY 86400

typedef struct Clock {
        gint64 year;
        guint month, day, hour, minute, second;
        guint32 ns;
} Clock;

/* Days to a date of the Gregorian calendar, by 400-year eras that begin on 1 March. */
static void clock_set_date(Clock *c, gint64 days) {
        gint64 z = days + 719468;
        gint64 era = (z >= 0 ? z : z - 146096) / 146097;
        guint day_of_era = (guint)(z - era * 146097);
        guint year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
        guint day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        guint month = (5 * day_of_year + 2) / 153;

        c->day = day_of_year - (153 * month + 2) / 5 + 1;
        c->month = month < 10 ? month + 3 : month - 9;
        c->year = year_of_era + era * 400 + (c->month <= 2);
}

static Clock clock_of(gint64 time_ns) {
        gint64 seconds = time_ns / NS_PER_SECOND - (time_ns % NS_PER_SECOND < 0);
        gint64 days = seconds / SECONDS_PER_DAY - (seconds % SECONDS_PER_DAY < 0);
        guint rest = (guint)(seconds - days * SECONDS_PER_DAY);
        gint64 ns = time_ns % NS_PER_SECOND;
        Clock c = {
                .hour = rest / 3600,
                .minute = rest / 60 % 60,
                .second = rest % 60,
                .ns = (guint32)(ns < 0 ? ns + NS_PER_SECOND : ns),
        };

        clock_set_date(&c, days);
        return c;
}

char *string_grow(GString *text, gsize n) {
        const gsize used = text->len;

        g_string_set_size(text, used + n);
        g_string_truncate(text, used);
        return text->str + used;
}

/* 64 bits of nanoseconds stay within the years 1677 to 2262, so four digits always do. */
gsize time_format_utc(char *text, gint64 time_ns) {
        Clock c = clock_of(time_ns);
        char *p = digits_put_fixed(text, (guint32)c.year, 4);

        *p++ = '-';
        p = digits_put_fixed(p, c.month, 2);
        *p++ = '-';
        p = digits_put_fixed(p, c.day, 2);
        *p++ = 'T';
        p = digits_put_fixed(p, c.hour, 2);
        *p++ = ':';
        p = digits_put_fixed(p, c.minute, 2);
        *p++ = ':';
        p = digits_put_fixed(p, c.second, 2);
        *p++ = '.';
        p = digits_put_fixed(p, c.ns, 9);
        *p++ = 'Z';
        *p = '\0';
        return (gsize)(p - text);
}

/* Returns: seconds east of UTC at that time. */
static gint64 local_offset(gint64 time_ns) {
        time_t seconds = (time_t)(time_ns / NS_PER_SECOND);
        struct tm tm;

        return localtime_r(&seconds, &tm) ? tm.tm_gmtoff : 0;
}

void time_append_clock(GString *text, gint64 time_ns, gboolean local) {
        Clock c = clock_of(time_ns + (local ? local_offset(time_ns) * NS_PER_SECOND : 0));

        g_string_append_printf(text, "%02u:%02u:%02u.%03u", c.hour, c.minute, c.second, (guint)(c.ns / NS_PER_MS));
}

void time_append(GString *text, gint64 time_ns, gboolean local) {
        gint64 offset = local ? local_offset(time_ns) : 0;
        Clock c = clock_of(time_ns + offset * NS_PER_SECOND);

        g_string_append_printf(text, "%04d-%02u-%02u ", (int)c.year, c.month, c.day);
        time_append_clock(text, time_ns, local);
        if (local)
                g_string_append_printf(text, " %c%02d%02d", offset < 0 ? '-' : '+', (int)(ABS(offset) / 3600),
                                       (int)(ABS(offset) / 60 % 60));
        else
                g_string_append(text, " UTC");
}

static guint64 divide(guint64 value, guint64 by, Bound bound) {
        guint64 up = bound == BOUND_AT_LEAST ? 0 : bound == BOUND_AT_MOST ? by - 1 : by / 2;

        return value / by + (value % by + up) / by;
}

/*
 * Puts @ns in @unit_ns, at most 1000 s, with at most @decimals decimals, without trailing zeros, and @name. What is constant
 * of these is so in each of its copies, since divisions by what is not are dear.
 */
G_ALWAYS_INLINE static inline char *decimal_put(char *at, guint64 ns, guint64 unit_ns, guint decimals, const char *name, Bound bound) {
        const guint32 scale = decimals == 2 ? 100 : decimals == 1 ? 10 : 1;
        const guint64 step_ns = unit_ns / scale, up = bound == BOUND_AT_LEAST ? 0 : bound == BOUND_AT_MOST ? step_ns - 1 : step_ns / 2;
        const guint32 value = (guint32)((ns + up) / step_ns), rest = value % scale;

        at = digits_put(at, value / scale);
        if (rest > 0) {
                at[0] = '.';
                at[1] = (char)('0' + (decimals == 2 ? rest / 10 : rest));
                at[2] = (char)('0' + rest % 10);
                at += decimals == 2 && rest % 10 ? 3 : 2;
        }
        return literal_put(at, name);
}

/* Less than 1000 s, and not 0. What would be written 1000 µs is 1 ms. */
static char *short_put(char *at, guint64 ns, Bound bound) {
        if (ns < NS_PER_US)
                return decimal_put(at, ns, 1, 0, " ns", BOUND_EXACT);
        if (ns < 10 * NS_PER_US)
                return decimal_put(at, ns, NS_PER_US, 2, " µs", bound);
        if (ns < 100 * NS_PER_US)
                return decimal_put(at, ns, NS_PER_US, 1, " µs", bound);
        if (ns < 1000 * NS_PER_US - NS_PER_US / 2)
                return decimal_put(at, ns, NS_PER_US, 0, " µs", bound);
        if (ns < 10 * NS_PER_MS)
                return decimal_put(at, ns, NS_PER_MS, 2, " ms", bound);
        if (ns < 100 * NS_PER_MS)
                return decimal_put(at, ns, NS_PER_MS, 1, " ms", bound);
        if (ns < 1000 * NS_PER_MS - NS_PER_MS / 2)
                return decimal_put(at, ns, NS_PER_MS, 0, " ms", bound);
        if (ns < 10 * NS_PER_SECOND)
                return decimal_put(at, ns, NS_PER_SECOND, 2, " s", bound);
        return decimal_put(at, ns, NS_PER_SECOND, 1, " s", bound);
}

static char *two_units_put(char *at, guint64 value, guint64 per, const char *large, const char *small) {
        at = text_put(digits_put(at, value / per), large);
        if (value % per == 0)
                return at;
        *at = ' ';
        return text_put(digits_put(at + 1, value % per), small);
}

char *duration_put(char *at, gint64 duration_ns, Bound bound) {
        guint64 ns = duration_ns < 0 ? 0 - (guint64)duration_ns : (guint64)duration_ns;
        guint64 minutes;

        if (bound != BOUND_EXACT)
                at = bound == BOUND_AT_LEAST ? literal_put(at, ">= ") : literal_put(at, "<= ");
        if (duration_ns < 0)
                *at++ = '-';
        if (ns == 0)
                return literal_put(at, "0 s");
        if (ns < 1000 * NS_PER_SECOND)
                return short_put(at, ns, bound);
        minutes = divide(ns, 60 * NS_PER_SECOND, bound);
        if (minutes < 60)
                return two_units_put(at, divide(ns, NS_PER_SECOND, bound), 60, " m", " s");
        if (minutes < 24 * 60)
                return two_units_put(at, minutes, 60, " h", " m");
        return two_units_put(at, divide(ns, 3600 * NS_PER_SECOND, bound), 24, " d", " h");
}

char *count_put(char *at, guint64 count) {
        if (count < 1000)
                return digits_put_few(at, (guint32)count);
        at = count_put(at, count / 1000);
        *at = ',';
        return digits_put_fixed(at + 1, (guint32)(count % 1000), 3);
}

char *counted_put(char *at, guint64 count, const char *noun) {
        at = count_put(at, count);
        *at = ' ';
        at = text_put(at + 1, noun);
        *at = 's';
        return at + (count != 1);
}

char *bytes_put(char *at, guint64 bytes) {
        static const char *const units[] = { " kB", " MB", " GB", " TB", " PB", " EB" };
        guint64 tenths = bytes / 100;
        guint unit = 0;

        if (bytes < 100000)
                return counted_put(at, bytes, "byte");
        for (; tenths >= 10000; tenths /= 1000)
                unit++;
        at = digits_put(at, tenths / 10);
        if (tenths < 1000) {
                *at = '.';
                at = digits_put(at + 1, tenths % 10);
        }
        return text_put(at, units[unit]);
}

/* ── The same at the end of a string ─────────────────────────────────────── */

void duration_append(GString *text, gint64 duration_ns, Bound bound) {
        string_end(text, duration_put(string_room(text, NUMBER_TEXT_BYTES), duration_ns, bound));
}

void number_append(GString *text, guint64 number) {
        string_end(text, digits_put(string_room(text, NUMBER_TEXT_BYTES), number));
}

void integer_append(GString *text, gint64 number) {
        string_end(text, integer_put(string_room(text, NUMBER_TEXT_BYTES), number));
}

void count_append(GString *text, guint64 count) {
        string_end(text, count_put(string_room(text, NUMBER_TEXT_BYTES), count));
}

void counted_append(GString *text, guint64 count, const char *noun) {
        string_end(text, counted_put(string_room(text, NUMBER_TEXT_BYTES + strlen(noun)), count, noun));
}

void bytes_append(GString *text, guint64 bytes) {
        string_end(text, bytes_put(string_room(text, NUMBER_TEXT_BYTES), bytes));
}

/* ── Addresses ───────────────────────────────────────────────────────────── */

char *address_put(char *at, const Address *address, gboolean ipv6) {
        const guint8 *b = address->bytes;

        if (ipv6) {
                inet_ntop(AF_INET6, b, at, ADDRESS_TEXT_BYTES);
                return at + strlen(at);
        }
        for (guint i = 12; i < 16; i++) {
                at = digits_put_few(at, b[i]);
                *at++ = '.';
        }
        return at - 1;
}

gsize address_format(char *text, const Address *address, gboolean ipv6) {
        char *end = address_put(text, address, ipv6);

        *end = '\0';
        return (gsize)(end - text);
}

void endpoint_append(GString *text, const Address *address, guint16 port, gboolean ipv6) {
        string_end(text, endpoint_text_put(string_room(text, ENDPOINT_TEXT_BYTES), endpoint_text(address, port, ipv6)));
}
