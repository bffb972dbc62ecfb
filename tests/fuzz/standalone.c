/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A fuzz target without libFuzzer: runs it over the files of a folder, and over damaged copies of them, the same
 * ones each time.
 *
 *     fuzz-pipeline [--runs N] FOLDER
 */

#include <glib.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize n);

#define DAMAGES_MAX 8
#define SPLICE_BYTES_MAX 256

/* Overwrites, moves or cuts something. */
static gsize damage(GRand *random, guint8 *data, gsize n) {
        static const guint8 edges[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
        gsize at = (gsize)g_rand_int_range(random, 0, (gint32)n);
        gsize from = (gsize)g_rand_int_range(random, 0, (gint32)n);
        gsize length = (gsize)g_rand_int_range(random, 1, SPLICE_BYTES_MAX);

        switch (g_rand_int_range(random, 0, 5)) {
        case 0:
                data[at] ^= (guint8)(1U << g_rand_int_range(random, 0, 8));
                return n;
        case 1:
                data[at] = edges[g_rand_int_range(random, 0, G_N_ELEMENTS(edges))];
                return n;
        case 2:
                data[at] = (guint8)g_rand_int(random);
                return n;
        case 3:
                memmove(data + at, data + from, MIN(length, n - MAX(at, from)));
                return n;
        default:
                return g_rand_int_range(random, 0, 8) ? n : MAX(at, 1);
        }
}

/* The copy has exactly the size of what is in it, so that one byte too far is seen. */
static void run_damaged(GRand *random, const guint8 *data, gsize n) {
        g_autofree guint8 *copy = g_memdup2(data, n);

        for (gint i = g_rand_int_range(random, 1, DAMAGES_MAX + 1); i > 0; i--)
                n = damage(random, copy, n);
        g_autofree guint8 *exact = g_memdup2(copy, n);
        LLVMFuzzerTestOneInput(exact, n);
}

static gboolean run_file(GRand *random, const char *path, gint runs, GError **error) {
        g_autofree char *data = NULL;
        gsize n;

        if (!g_file_get_contents(path, &data, &n, error))
                return FALSE;
        LLVMFuzzerTestOneInput((const guint8 *)data, n);
        for (gint run = 0; run < runs && n > 0 && n <= G_MAXINT32; run++)
                run_damaged(random, (const guint8 *)data, n);
        return TRUE;
}

static gint compare_names(gconstpointer a, gconstpointer b) {
        return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In the order of names, so that a failure comes again. */
static gboolean run_folder(const char *path, gint runs, GError **error) {
        g_autoptr(GDir) folder = g_dir_open(path, 0, error);
        g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GRand) random = g_rand_new_with_seed(1);
        const char *name;

        if (!folder)
                return FALSE;
        while ((name = g_dir_read_name(folder)))
                g_ptr_array_add(names, g_build_filename(path, name, NULL));
        g_ptr_array_sort(names, compare_names);
        for (guint i = 0; i < names->len; i++)
                if (!run_file(random, names->pdata[i], runs, error))
                        return FALSE;
        return TRUE;
}

int main(int argc, char **argv) {
        gint runs = 0;
        const GOptionEntry entries[] = {
                {"runs", 0, 0, G_OPTION_ARG_INT, &runs, "damaged copies of each file", "N"},
                G_OPTION_ENTRY_NULL,
        };
        g_autoptr(GOptionContext) context = g_option_context_new("FOLDER");
        g_autoptr(GError) error = NULL;

        g_option_context_add_main_entries(context, entries, NULL);
        if (!g_option_context_parse(context, &argc, &argv, &error) || argc != 2
            || !run_folder(argv[1], runs, &error)) {
                g_printerr("%s\n", error ? error->message : "which folder?");
                return EXIT_FAILURE;
        }
        return EXIT_SUCCESS;
}
