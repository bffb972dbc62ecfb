/* SPDX-License-Identifier: BSD-3-Clause */

/* Moments as people write them. */

#include "reports/units.h"
#include "reports/when.h"

#define FIRST_NS (1700000000 * NS_PER_SECOND + 250000000) /* 2023-11-14 22:13:20.25 UTC */

static void assert_moment(const char *word, gboolean local, gint64 expected_ns) {
        When w;

        if (!when_parse(&w, word, local))
                g_error("'%s' was not taken", word);
        g_assert_cmpint(when_resolve(&w, FIRST_NS), ==, expected_ns);
}

static void test_after_start(void) {
        assert_moment("+0", FALSE, FIRST_NS);
        assert_moment("+12.5", FALSE, FIRST_NS + 12500 * (NS_PER_SECOND / 1000));
        assert_moment("+0.000000001", FALSE, FIRST_NS + 1);
        assert_moment("+9000000000", FALSE, G_MAXINT64);
}

static void test_clock(void) {
        assert_moment("22:13:20.25", FALSE, FIRST_NS);
        assert_moment("22:13:20.251", FALSE, FIRST_NS + NS_PER_SECOND / 1000);
        assert_moment("22:13:20", FALSE,
                      FIRST_NS + (86400 * 4 - 1) * (NS_PER_SECOND / 4)); /* it is over: the next day's */
        assert_moment("00:00:00", FALSE, 1700006400 * NS_PER_SECOND);
        assert_moment("00:13:21", TRUE, 1700000001 * NS_PER_SECOND); /* see main() */
}

static void test_date(void) {
        assert_moment("2023-11-14 22:13:21", FALSE, 1700000001 * NS_PER_SECOND);
        assert_moment("2023-11-14T22:13:21.000000007Z", FALSE, 1700000001 * NS_PER_SECOND + 7);
        assert_moment("2023-11-14 22:13:21.5 UTC", TRUE, 1700000001 * NS_PER_SECOND + NS_PER_SECOND / 2);
        assert_moment("2023-11-15 00:13:21", TRUE, 1700000001 * NS_PER_SECOND);
        assert_moment("2023-11-14T23:13:21+01:00", FALSE, 1700000001 * NS_PER_SECOND);
}

static void test_no_time(void) {
        static const char *const words[] = { "",
                                             "+",
                                             "+x",
                                             "+1.",
                                             "+1.0000000001",
                                             "-1",
                                             "12",
                                             "25:00:00",
                                             "1:2:60",
                                             "10:00:00.",
                                             "x.pcap",
                                             "9999-01-01 00:00:00",
                                             "2023-13-01T00:00:00Z" };
        When w;

        for (guint i = 0; i < G_N_ELEMENTS(words); i++)
                if (when_parse(&w, words[i], FALSE))
                        g_error("'%s' was taken", words[i]);
}

int main(int argc, char **argv) {
        g_setenv("TZ", "UTC-2", TRUE); /* POSIX counts the other way: two hours ahead */
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/when/after-start", test_after_start);
        g_test_add_func("/when/clock", test_clock);
        g_test_add_func("/when/date", test_date);
        g_test_add_func("/when/no-time", test_no_time);
        return g_test_run();
}
