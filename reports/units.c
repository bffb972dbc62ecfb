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
 * Appends @ns in @unit_ns, at most 1000 s, with at most @decimals decimals, without trailing zeros, and @name. What is constant
 * of these is so in each of its copies, since divisions by what is not are dear.
 */
G_ALWAYS_INLINE static inline void decimal_append(GString *text, guint64 ns, guint64 unit_ns, guint decimals, const char *name, Bound bound) {
        const guint32 scale = decimals == 2 ? 100 : decimals == 1 ? 10 : 1;
        const guint64 step_ns = unit_ns / scale, up = bound == BOUND_AT_LEAST ? 0 : bound == BOUND_AT_MOST ? step_ns - 1 : step_ns / 2;
        const guint32 value = (guint32)((ns + up) / step_ns), rest = value % scale;
        char *at = digits_put(string_room(text, DIGITS_MAX + 3 + strlen(name)), value / scale);

        if (rest > 0) {
                at[0] = '.';
                at[1] = (char)('0' + (decimals == 2 ? rest / 10 : rest));
                at[2] = (char)('0' + rest % 10);
                at += decimals == 2 && rest % 10 ? 3 : 2;
        }
        string_end(text, literal_put(at, name));
}

static void two_units_append(GString *text, guint64 value, guint64 per, const char *large, const char *small) {
        number_append(text, value / per);
        string_append(text, large);
        if (value % per == 0)
                return;
        string_append(text, " ");
        number_append(text, value % per);
        string_append(text, small);
}

/* Less than 1000 s, and not 0. What would be written 1000 µs is 1 ms. */
static void short_append(GString *text, guint64 ns, Bound bound) {
        if (ns < NS_PER_US)
                decimal_append(text, ns, 1, 0, " ns", BOUND_EXACT);
        else if (ns < 10 * NS_PER_US)
                decimal_append(text, ns, NS_PER_US, 2, " µs", bound);
        else if (ns < 100 * NS_PER_US)
                decimal_append(text, ns, NS_PER_US, 1, " µs", bound);
        else if (ns < 1000 * NS_PER_US - NS_PER_US / 2)
                decimal_append(text, ns, NS_PER_US, 0, " µs", bound);
        else if (ns < 10 * NS_PER_MS)
                decimal_append(text, ns, NS_PER_MS, 2, " ms", bound);
        else if (ns < 100 * NS_PER_MS)
                decimal_append(text, ns, NS_PER_MS, 1, " ms", bound);
        else if (ns < 1000 * NS_PER_MS - NS_PER_MS / 2)
                decimal_append(text, ns, NS_PER_MS, 0, " ms", bound);
        else if (ns < 10 * NS_PER_SECOND)
                decimal_append(text, ns, NS_PER_SECOND, 2, " s", bound);
        else
                decimal_append(text, ns, NS_PER_SECOND, 1, " s", bound);
}

void duration_append(GString *text, gint64 duration_ns, Bound bound) {
        guint64 ns = duration_ns < 0 ? 0 - (guint64)duration_ns : (guint64)duration_ns;
        guint64 minutes;

        if (bound != BOUND_EXACT)
                string_append(text, bound == BOUND_AT_LEAST ? ">= " : "<= ");
        if (duration_ns < 0)
                string_append(text, "-");
        if (ns == 0) {
                string_append(text, "0 s");
                return;
        }
        if (ns < 1000 * NS_PER_SECOND) {
                short_append(text, ns, bound);
                return;
        }
        minutes = divide(ns, 60 * NS_PER_SECOND, bound);
        if (minutes < 60)
                two_units_append(text, divide(ns, NS_PER_SECOND, bound), 60, " m", " s");
        else if (minutes < 24 * 60)
                two_units_append(text, minutes, 60, " h", " m");
        else
                two_units_append(text, divide(ns, 3600 * NS_PER_SECOND, bound), 24, " d", " h");
}

void number_append(GString *text, guint64 number) {
        string_end(text, digits_put(string_room(text, DIGITS_MAX), number));
}

void integer_append(GString *text, gint64 number) {
        if (number < 0)
                string_append(text, "-");
        number_append(text, number < 0 ? 0 - (guint64)number : (guint64)number);
}

void count_append(GString *text, guint64 count) {
        if (count < 1000) {
                number_append(text, count);
                return;
        }
        count_append(text, count / 1000);
        string_append(text, ",");
        string_end(text, digits_put_fixed(string_room(text, 3), (guint32)(count % 1000), 3));
}

void counted_append(GString *text, guint64 count, const char *noun) {
        count_append(text, count);
        string_append(text, " ");
        string_append(text, noun);
        if (count != 1)
                string_append(text, "s");
}

void bytes_append(GString *text, guint64 bytes) {
        static const char *const units[] = { " kB", " MB", " GB", " TB", " PB", " EB" };
        guint64 tenths = bytes / 100;
        guint unit = 0;

        if (bytes < 100000) {
                counted_append(text, bytes, "byte");
                return;
        }
        for (; tenths >= 10000; tenths /= 1000)
                unit++;
        number_append(text, tenths / 10);
        if (tenths < 1000) {
                string_append(text, ".");
                number_append(text, tenths % 10);
        }
        string_append(text, units[unit]);
}

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
