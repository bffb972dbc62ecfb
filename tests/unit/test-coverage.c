/* SPDX-License-Identifier: BSD-3-Clause */

/* Until when a flow was watched, where captures that are read together lie apart. */

#include "analyzer/coverage.h"

#define HOUR G_GINT64_CONSTANT(3600000000000)

typedef struct Seen {
        guint file;
        gint64 hours; /* frames, in order of time */
} Seen;

/* Returns: the hour until which a flow was watched whose last packet is of @hours. */
static gint64 watched(const Seen *seen, guint n, gint64 hours) {
        Coverage c;
        gint64 end;

        coverage_init(&c);
        for (guint i = 0; i < n; i++)
                coverage_note(&c, frame_ref(seen[i].file, i + 1), seen[i].hours * HOUR);
        end = coverage_end(&c, hours * HOUR) / HOUR;
        coverage_clear(&c);
        return end;
}

static void test_one_file(void) {
        static const Seen seen[] = { { 0, 0 }, { 0, 5 }, { 0, 100 } };

        g_assert_cmpint(watched(seen, G_N_ELEMENTS(seen), 5), ==, 100); /* it was quiet, but watched */
}

static void test_apart(void) {
        static const Seen seen[] = { { 1, 0 }, { 1, 1 }, { 0, 1000 }, { 0, 1001 }, { 2, 9000 } };

        g_assert_cmpint(watched(seen, G_N_ELEMENTS(seen), 0), ==, 1);
        g_assert_cmpint(watched(seen, G_N_ELEMENTS(seen), 1000), ==, 1001);
        g_assert_cmpint(watched(seen, G_N_ELEMENTS(seen), 9000), ==, 9000);
}

static void test_rotated(void) {
        static const Seen seen[] = { { 0, 0 }, { 0, 1 }, { 1, 2 }, { 2, 3 } };

        g_assert_cmpint(watched(seen, G_N_ELEMENTS(seen), 0), ==, 3); /* an hour is no gap */
}

/* One file spans the gap between two others. */
static void test_spanned(void) {
        static const Seen seen[] = { { 0, 0 }, { 1, 0 }, { 2, 50 }, { 0, 60 }, { 3, 500 } };

        g_assert_cmpint(watched(seen, G_N_ELEMENTS(seen), 0), ==, 60);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/coverage/one-file", test_one_file);
        g_test_add_func("/coverage/apart", test_apart);
        g_test_add_func("/coverage/rotated", test_rotated);
        g_test_add_func("/coverage/spanned", test_spanned);
        return g_test_run();
}
