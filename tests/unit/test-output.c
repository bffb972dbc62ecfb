/* SPDX-License-Identifier: BSD-3-Clause */

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reports/terminal.h"

static guint count_files(const char *directory) {
        g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
        guint n = 0;

        while (g_dir_read_name(dir))
                n++;
        return n;
}

static void fixture_new(char **directory, char **path) {
        *directory = g_dir_make_tmp("lastack-XXXXXX", NULL);
        *path = g_build_filename(*directory, "report", NULL);
}

static void fixture_free(char *directory, char *path) {
        g_unlink(path);
        g_assert_cmpint(g_rmdir(directory), ==, 0);
        g_free(directory);
        g_free(path);
}

static void test_whole_or_not_at_all(void) {
        g_autoptr(GError) error = NULL;
        g_autofree char *content = NULL;
        char *directory, *path;
        Output *o;

        fixture_new(&directory, &path);
        g_file_set_contents(path, "old", -1, NULL);
        o = output_open(path, &error);
        g_assert_no_error(error);
        output_write(o, "new", 3);
        output_free(o); /* given up */
        g_assert_true(g_file_get_contents(path, &content, NULL, NULL));
        g_assert_cmpstr(content, ==, "old");
        g_assert_cmpuint(count_files(directory), ==, 1);

        o = output_open(path, &error);
        output_write(o, "new", 3);
        g_clear_pointer(&content, g_free);
        g_assert_true(g_file_get_contents(path, &content, NULL, NULL));
        g_assert_cmpstr(content, ==, "old");
        g_assert_true(output_close(o, &error));
        output_free(o);
        g_clear_pointer(&content, g_free);
        g_assert_true(g_file_get_contents(path, &content, NULL, NULL));
        g_assert_cmpstr(content, ==, "new");
        g_assert_cmpuint(count_files(directory), ==, 1);
        fixture_free(directory, path);
}

static void test_a_link_stays_a_link(void) {
        g_autoptr(GError) error = NULL;
        g_autofree char *link_path = NULL;
        char *directory, *path;
        struct stat status;
        Output *o;

        fixture_new(&directory, &path);
        link_path = g_build_filename(directory, "link", NULL);
        g_file_set_contents(path, "old", -1, NULL);
        g_assert_cmpint(symlink("report", link_path), ==, 0);
        o = output_open(link_path, &error);
        output_write(o, "longer", 6);
        g_assert_true(output_close(o, &error));
        output_free(o);
        g_assert_cmpint(lstat(link_path, &status), ==, 0);
        g_assert_true(S_ISLNK(status.st_mode));
        g_assert_cmpint(stat(path, &status), ==, 0);
        g_assert_cmpint(status.st_size, ==, 6);
        g_unlink(link_path);
        fixture_free(directory, path);
}

static void test_disk_full(void) {
        g_autoptr(GError) error = NULL;
        g_autofree char *much = g_strnfill(1 << 20, 'x');
        Output *o = output_open("/dev/full", &error);

        g_assert_no_error(error);
        output_write(o, much, 1 << 20);
        g_assert_true(output_failed(o));
        g_assert_false(output_close(o, &error));
        g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC);
        g_assert_true(g_str_has_prefix(error->message, "/dev/full: "));
        output_free(o);
}

static void test_no_such_directory(void) {
        g_autoptr(GError) error = NULL;

        g_assert_null(output_open("/no-such-directory/report", &error));
        g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
        g_assert_nonnull(strstr(error->message, "/no-such-directory/report"));
}

/* Returns: what a terminal of 40 columns shows of @text. */
static char *show(const char *text, gboolean colour, gboolean wrapped) {
        g_autoptr(GError) error = NULL;
        char *directory, *path, *content;
        Terminal *t;

        fixture_new(&directory, &path);
        t = terminal_new(output_open(path, &error), colour, 40);
        if (wrapped)
                terminal_put_wrapped(t, ROLE_PLAIN, 4, text);
        else
                terminal_put(t, ROLE_ERROR, text);
        g_assert_true(terminal_close(t, &error));
        terminal_free(t);
        g_assert_true(g_file_get_contents(path, &content, NULL, NULL));
        fixture_free(directory, path);
        return content;
}

static void test_control_characters_are_harmless(void) {
        g_autofree char *plain = show("a\033[31mb\rc\x7f\xc2\x9b" "d\xff µ\n", FALSE, FALSE);
        g_autofree char *coloured = show("\033[0m\n", TRUE, FALSE);

        g_assert_cmpstr(plain, ==, "a\\x1b[31mb\\x0dc\\x7f\\xc2\\x9b" "d\\xff µ\n");
        g_assert_cmpstr(coloured, ==, "\033[1;31m\\x1b[0m\033[0m\n");
}

static void test_wraps(void) {
        g_autofree char *text = show("one two three four five six seven eight nine ten", FALSE, TRUE);

        g_assert_cmpstr(text, ==, "    one two three four five six seven\n    eight nine ten\n");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/output/whole-or-not-at-all", test_whole_or_not_at_all);
        g_test_add_func("/output/a-link-stays-a-link", test_a_link_stays_a_link);
        g_test_add_func("/output/disk-full", test_disk_full);
        g_test_add_func("/output/no-such-directory", test_no_such_directory);
        g_test_add_func("/terminal/control-characters", test_control_characters_are_harmless);
        g_test_add_func("/terminal/wraps", test_wraps);
        return g_test_run();
}
