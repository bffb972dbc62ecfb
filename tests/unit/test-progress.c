/* SPDX-License-Identifier: BSD-3-Clause */

#include "commands/progress.h"

static const struct {
        guint64 offset, bytes, frames;
        gint64 elapsed_us;
        const char *text;
} rows[] = {
        { 1200000000, 3000000000, 3000000, 3000000, " 40 %  1.2 GB read, 3,000,000 frames, 400 MB/s, 5 s left" },
        { 1200000000, 0, 1, 3000000, "1.2 GB read, 1 frame, 400 MB/s" },                /* nobody knows how much will come */
        { 3100000000, 3000000000, 5, 1000000, "100 %  3.1 GB read, 5 frames, 3.1 GB/s" }, /* it grew */
        { 0, 3000000000, 0, 1000000, "  0 %  0 bytes read, 0 frames, 0 bytes/s" },
        { 1000000, 1000000000, 7, 10000000, "  0 %  1.0 MB read, 7 frames, 100 kB/s, 2 h 47 m left" },
};

static void test_describe(void) {
        for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autoptr(GString) text = g_string_new(NULL);

                progress_describe(text, rows[i].offset, rows[i].bytes, rows[i].frames, rows[i].elapsed_us);
                g_assert_cmpstr(text->str, ==, rows[i].text);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/progress/describe", test_describe);
        return g_test_run();
}
