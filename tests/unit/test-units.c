/* SPDX-License-Identifier: BSD-3-Clause */

#include <string.h>

#include "reports/digits.h"
#include "reports/units.h"

static void test_time_utc(void) {
        static const struct {
                gint64 ns;
                const char *text;
        } cases[] = {
                { 0, "1970-01-01T00:00:00.000000000Z" },
                { -1, "1969-12-31T23:59:59.999999999Z" },
                { 951782400 * NS_PER_SECOND, "2000-02-29T00:00:00.000000000Z" },
                { 4107542399 * NS_PER_SECOND + 999999999, "2100-02-28T23:59:59.999999999Z" },
                { 4107542400 * NS_PER_SECOND, "2100-03-01T00:00:00.000000000Z" },
                { -2203891200 * NS_PER_SECOND, "1900-03-01T00:00:00.000000000Z" },
                { G_MAXINT64, "2262-04-11T23:47:16.854775807Z" },
                { G_MININT64, "1677-09-21T00:12:43.145224192Z" },
        };

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                char text[TIME_TEXT_BYTES];

                g_assert_cmpuint(time_format_utc(text, cases[i].ns), ==, strlen(cases[i].text));
                g_assert_cmpstr(text, ==, cases[i].text);
        }
}

/* Every day of eight centuries against GLib's calendar would be slow; a step that meets all months and leap years is not. */
static void test_time_agrees_with_glib(void) {
        for (gint64 seconds = -8000000000; seconds < 9000000000; seconds += 86400 * 17 + 12345) {
                char text[TIME_TEXT_BYTES];
                g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(seconds);
                g_autofree char *expected = g_date_time_format(date, "%Y-%m-%dT%H:%M:%S.000000000Z");

                time_format_utc(text, seconds * NS_PER_SECOND);
                g_assert_cmpstr(text, ==, expected);
        }
}

static void check_digits(guint64 value) {
        char text[DIGITS_MAX + 1], expected[DIGITS_MAX + 1];

        *digits_put(text, value) = '\0';
        g_snprintf(expected, sizeof expected, "%" G_GUINT64_FORMAT, value);
        g_assert_cmpstr(text, ==, expected);
        *digits_put_nine(text, (guint32)(value % NS_PER_SECOND)) = '\0';
        g_snprintf(expected, sizeof expected, "%09" G_GUINT64_FORMAT, value % NS_PER_SECOND);
        g_assert_cmpstr(text, ==, expected);
}

static void test_digits(void) {
        GRand *random = g_rand_new_with_seed(64);

        for (guint64 value = 0; value < 100000; value++)
                check_digits(value);
        for (guint64 power = 10; power <= G_MAXUINT64 / 10; power *= 10)
                for (guint i = 0; i < 3; i++)
                        check_digits(power * 10 - 1 + i);
        for (guint i = 0; i < 200000; i++)
                check_digits(((guint64)g_rand_int(random) << 32 | g_rand_int(random)) >> g_rand_int_range(random, 0, 64));
        check_digits(G_MAXUINT64);
        g_rand_free(random);
}

static void test_integers(void) {
        g_autoptr(GString) text = g_string_new(NULL);

        integer_append(text, G_MININT64);
        g_assert_cmpstr(text->str, ==, "-9223372036854775808");
        integer_append(g_string_truncate(text, 0), 0);
        g_assert_cmpstr(text->str, ==, "0");
}

/* However little room a string had. */
static void test_string_append(void) {
        for (gsize room = 0; room < 80; room++) {
                g_autoptr(GString) text = g_string_sized_new(room);
                g_autoptr(GString) expected = g_string_new(NULL);

                for (guint i = 0; i < 40; i++) {
                        string_append(text, "a part");
                        string_append_len(text, "of which more is left out", i % 8);
                        number_append(text, i);
                        g_string_append_printf(expected, "a part%.*s%u", (int)(i % 8), "of which more is left out", i);
                        g_assert_cmpstr(text->str, ==, expected->str);
                        g_assert_cmpuint(text->len, ==, expected->len);
                }
        }
}

static void test_durations(void) {
        static const struct {
                gint64 ns;
                Bound bound;
                const char *text;
        } cases[] = {
                { 0, BOUND_EXACT, "0 s" },
                { 999, BOUND_EXACT, "999 ns" },
                { 1500, BOUND_EXACT, "1.5 µs" },
                { 83 * 1000000, BOUND_EXACT, "83 ms" },
                { 1234567, BOUND_EXACT, "1.23 ms" },
                { 20200000000, BOUND_EXACT, "20.2 s" },
                { 187291000000, BOUND_AT_LEAST, ">= 187.2 s" },
                { 187291000000, BOUND_AT_MOST, "<= 187.3 s" },
                { 60 * NS_PER_SECOND, BOUND_EXACT, "60 s" },
                { 675 * NS_PER_SECOND, BOUND_EXACT, "675 s" },
                { 1700 * NS_PER_SECOND, BOUND_EXACT, "28 m 20 s" },
                { 7500 * NS_PER_SECOND, BOUND_EXACT, "2 h 5 m" },
                { 3599999999999, BOUND_EXACT, "1 h" },
                { 100 * 3600 * NS_PER_SECOND, BOUND_EXACT, "4 d 4 h" },
                { -1500000000, BOUND_EXACT, "-1.5 s" },
        };

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(GString) text = g_string_new(NULL);

                duration_append(text, cases[i].ns, cases[i].bound);
                g_assert_cmpstr(text->str, ==, cases[i].text);
        }
}

static void test_extreme_durations(void) {
        g_autoptr(GString) text = g_string_new(NULL);

        duration_append(text, G_MAXINT64, BOUND_AT_MOST);
        g_assert_true(g_str_has_prefix(text->str, "<= 106752 d"));
        duration_append(g_string_truncate(text, 0), G_MININT64, BOUND_EXACT);
        g_assert_true(g_str_has_prefix(text->str, "-106751 d") || g_str_has_prefix(text->str, "-106752 d"));
}

static void test_bytes_and_counts(void) {
        static const struct {
                guint64 bytes;
                const char *text;
        } cases[] = {
                { 0, "0 bytes" }, { 1, "1 byte" }, { 99999, "99,999 bytes" }, { 100000, "100 kB" }, { 1234567, "1.2 MB" },
                { 999999, "999 kB" }, { 45600000, "45.6 MB" }, { G_MAXUINT64, "18.4 EB" },
        };
        g_autoptr(GString) text = g_string_new(NULL);

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                bytes_append(g_string_truncate(text, 0), cases[i].bytes);
                g_assert_cmpstr(text->str, ==, cases[i].text);
        }
        count_append(g_string_truncate(text, 0), 1002003);
        g_assert_cmpstr(text->str, ==, "1,002,003");
        counted_append(g_string_truncate(text, 0), 1, "flow");
        g_assert_cmpstr(text->str, ==, "1 flow");
}

static void test_addresses(void) {
        const Address v4 = { .bytes = { [10] = 0xff, [11] = 0xff, 10, 0, 200, 255 } };
        const Address v6 = { .bytes = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } };
        g_autoptr(GString) text = g_string_new(NULL);

        endpoint_append(text, &v4, 80, FALSE);
        g_assert_cmpstr(text->str, ==, "10.0.200.255:80");
        endpoint_append(g_string_truncate(text, 0), &v6, 443, TRUE);
        g_assert_cmpstr(text->str, ==, "[2001:db8::1]:443");
        endpoint_append(g_string_truncate(text, 0), &v6, 0, TRUE);
        g_assert_cmpstr(text->str, ==, "2001:db8::1");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/units/time/utc", test_time_utc);
        g_test_add_func("/units/time/agrees-with-glib", test_time_agrees_with_glib);
        g_test_add_func("/units/digits", test_digits);
        g_test_add_func("/units/integers", test_integers);
        g_test_add_func("/units/string-append", test_string_append);
        g_test_add_func("/units/durations", test_durations);
        g_test_add_func("/units/durations/extreme", test_extreme_durations);
        g_test_add_func("/units/bytes-and-counts", test_bytes_and_counts);
        g_test_add_func("/units/addresses", test_addresses);
        return g_test_run();
}
