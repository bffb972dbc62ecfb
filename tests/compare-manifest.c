/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * compare-manifest MANIFEST.tsv [DIFFERENCES.md]
 *
 * Counts the frames, TCP segments and quoted TCP headers of every capture that a
 * manifest names, relative to its own place, and prints where they differ from what
 * another analyser counted.  Rows without numbers are read and only must not fail.  A
 * file that DIFFERENCES.md names is an explained difference.  Exit code 1 for any other.
 */

#include <stdio.h>
#include <string.h>

#include "dissect/capture.h"
#include "dissect/dissector.h"

enum { COLUMN_FILE = 0, COLUMN_PACKETS = 5, COLUMN_TCP = 9, COLUMN_QUOTED = 14, COLUMNS_MIN = 15 };

typedef struct Totals {
        guint files, compared, same, explained, unexplained, unreadable;
        guint64 frames, tcp;
        guint64 results[DISSECT_RESULTS];
} Totals;

static void capture_count(Capture *c, Dissector *d) {
        Frame frames[FRAME_BATCH];
        guint n;

        while ((n = capture_read(c, frames, FRAME_BATCH)) > 0) {
                for (guint i = 0; i < n; i++) {
                        Segment segment;

                        dissector_frame(d, &frames[i], &segment);
                }
        }
}

static void result_print(const Dissector *d) {
        for (guint r = 0; r < DISSECT_RESULTS; r++)
                if (dissector_count(d, r) > 0)
                        printf(" %s %" G_GUINT64_FORMAT, dissect_result_name(r), dissector_count(d, r));
        printf("\n");
}

/* Returns: whether all three numbers agree with the row; prints them if not. */
static gboolean row_compare(char **columns, const CaptureInfo *info, const Dissector *d, gboolean explained) {
        guint64 quoted = dissector_count(d, DISSECT_ICMP_QUOTE);
        guint64 tcp = dissector_count(d, DISSECT_TCP);
        guint64 packets_expected = g_ascii_strtoull(columns[COLUMN_PACKETS], NULL, 10);
        guint64 tcp_expected = g_ascii_strtoull(columns[COLUMN_TCP], NULL, 10);
        guint64 quoted_expected = g_ascii_strtoull(columns[COLUMN_QUOTED], NULL, 10);

        if (info->frames == packets_expected && tcp == tcp_expected && quoted == quoted_expected)
                return TRUE;
        printf("%s %s: frames %" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT ", tcp %" G_GUINT64_FORMAT
               "/%" G_GUINT64_FORMAT ", quoted %" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT " |",
               explained ? "explained" : "DIFFERS", columns[COLUMN_FILE], info->frames, packets_expected, tcp,
               tcp_expected, quoted, quoted_expected);
        result_print(d);
        return FALSE;
}

static void row_check(char **columns, const char *directory, const char *differences, Totals *totals) {
        g_autoptr(GError) error = NULL;
        g_autofree char *path = g_build_filename(directory, columns[COLUMN_FILE], NULL);
        g_autoptr(Capture) c = capture_open(path, 0, FALSE, &error);
        g_autoptr(Dissector) d = dissector_new();
        gboolean explained = differences && strstr(differences, columns[COLUMN_FILE]);

        totals->files++;
        if (!c) {
                totals->unreadable++;
                printf("unreadable %s: %s\n", columns[COLUMN_FILE], error->message);
                return;
        }
        capture_count(c, d);
        totals->frames += capture_info(c)->frames;
        for (guint r = 0; r < DISSECT_RESULTS; r++)
                totals->results[r] += dissector_count(d, r);
        if (*columns[COLUMN_PACKETS] == '\0')
                return;
        totals->compared++;
        if (row_compare(columns, capture_info(c), d, explained))
                totals->same++;
        else if (explained)
                totals->explained++;
        else
                totals->unexplained++;
}

static int totals_print(const Totals *t) {
        printf("%u captures, %" G_GUINT64_FORMAT " frames; %u compared: %u the same, %u explained, %u not; %u unreadable\n",
               t->files, t->frames, t->compared, t->same, t->explained, t->unexplained, t->unreadable);
        for (guint r = 0; r < DISSECT_RESULTS; r++)
                printf("%10" G_GUINT64_FORMAT "  %s\n", t->results[r], dissect_result_name(r));
        return t->unexplained > 0 ? 1 : 0;
}

int main(int argc, char **argv) {
        g_autoptr(GError) error = NULL;
        g_autofree char *manifest = NULL, *differences = NULL, *directory = NULL;
        g_auto(GStrv) lines = NULL;
        Totals totals = { 0 };

        if (argc < 2 || argc > 3) {
                fprintf(stderr, "usage: compare-manifest MANIFEST.tsv [DIFFERENCES.md]\n");
                return 3;
        }
        if (!g_file_get_contents(argv[1], &manifest, NULL, &error) ||
            (argc == 3 && !g_file_get_contents(argv[2], &differences, NULL, &error))) {
                fprintf(stderr, "%s\n", error->message);
                return 3;
        }
        directory = g_path_get_dirname(argv[1]);
        lines = g_strsplit(manifest, "\n", -1);
        for (guint i = 1; lines[0] && lines[i]; i++) {
                g_auto(GStrv) columns = g_strsplit(lines[i], "\t", -1);

                if (g_strv_length(columns) >= COLUMNS_MIN)
                        row_check(columns, directory, differences, &totals);
        }
        return totals_print(&totals);
}
