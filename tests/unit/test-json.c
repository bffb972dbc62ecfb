/* SPDX-License-Identifier: BSD-3-Clause */

/* What our writer writes, json-c must read back as it was meant. */

#include <glib/gstdio.h>
#include <json-c/json.h>
#include <string.h>
#include <unistd.h>

#include "reports/json_writer.h"
#include "reports/units.h"

static json_object *parse(JsonWriter *w) {
        enum json_tokener_error error;
        json_object *o = json_tokener_parse_verbose(json_writer_text(w), &error);

        g_assert_cmpint(error, ==, json_tokener_success);
        return o;
}

static json_object *member(json_object *o, const char *key) {
        json_object *value;

        g_assert_true(json_object_object_get_ex(o, key, &value));
        return value;
}

static void test_values(void) {
        g_autoptr(JsonWriter) w = json_writer_new(NULL, FALSE);
        json_object *o;

        json_begin_object(w, NULL);
        json_put_integer(w, "min", G_MININT64);
        json_put_integer(w, "max", G_MAXINT64);
        json_put_unsigned(w, "huge", G_MAXUINT64);
        json_put_integer_string(w, "epoch", -1795299858082578061);
        json_put_boolean(w, "yes", TRUE);
        json_put_null(w, "none");
        json_put_string(w, "no_text", NULL);
        json_put_time(w, "time", 0);
        json_begin_array(w, "empty");
        json_end(w);
        json_begin_array(w, "nested");
        json_begin_object(w, NULL);
        json_end(w);
        json_begin_array(w, NULL);
        json_put_integer(w, NULL, 1);
        json_put_integer(w, NULL, -2);
        json_end(w);
        json_end(w);
        json_end(w);

        o = parse(w);
        g_assert_cmpint(json_object_get_int64(member(o, "min")), ==, G_MININT64);
        g_assert_cmpint(json_object_get_int64(member(o, "max")), ==, G_MAXINT64);
        g_assert_cmpuint(json_object_get_uint64(member(o, "huge")), ==, G_MAXUINT64);
        g_assert_cmpstr(json_object_get_string(member(o, "epoch")), ==, "-1795299858082578061");
        g_assert_true(json_object_get_boolean(member(o, "yes")));
        g_assert_null(member(o, "none"));
        g_assert_null(member(o, "no_text"));
        g_assert_cmpstr(json_object_get_string(member(o, "time")), ==, "1970-01-01T00:00:00.000000000Z");
        g_assert_cmpuint(json_object_array_length(member(o, "empty")), ==, 0);
        g_assert_cmpuint(json_object_array_length(member(o, "nested")), ==, 2);
        g_assert_cmpint(json_object_object_length(o), ==, 10);
        json_object_put(o);
}

/* Any bytes are valid JSON in valid UTF-8, and valid UTF-8 comes back unchanged. */
static void test_any_bytes(void) {
        GRand *random = g_rand_new_with_seed(793);

        for (guint round = 0; round < 2000; round++) {
                g_autoptr(JsonWriter) w = json_writer_new(NULL, round % 2);
                char text[64];
                guint n = (guint)g_rand_int_range(random, 0, sizeof text - 1);
                json_object *o;

                for (guint i = 0; i < n; i++)
                        text[i] = (char)g_rand_int_range(random, 1, round % 3 ? 0x80 : 0x100);
                text[n] = '\0';
                json_begin_array(w, NULL);
                json_put_string(w, NULL, text);
                json_end(w);
                g_assert_true(g_utf8_validate(json_writer_text(w), -1, NULL));
                o = parse(w);
                if (g_utf8_validate(text, -1, NULL))
                        g_assert_cmpstr(json_object_get_string(json_object_array_get_idx(o, 0)), ==, text);
                json_object_put(o);
        }
        g_rand_free(random);
}

static void test_utf8_is_kept_and_repaired(void) {
        g_autoptr(JsonWriter) w = json_writer_new(NULL, FALSE);

        json_begin_array(w, NULL);
        json_put_string(w, NULL, "µs → \xf0\x9f\x98\x80");
        json_put_string(w, NULL, "a\xff\xc3");
        json_end(w);
        g_assert_cmpstr(json_writer_text(w), ==, "[\"µs → \xf0\x9f\x98\x80\",\"a\xef\xbf\xbd\xef\xbf\xbd\"]");
}

static void test_cannot_end_a_script(void) {
        g_autoptr(JsonWriter) w = json_writer_new(NULL, TRUE);

        json_begin_array(w, NULL);
        json_put_string(w, NULL, "</script><!--&");
        json_end(w);
        g_assert_cmpstr(json_writer_text(w), ==, "[\"\\u003c/script\\u003e\\u003c!--\\u0026\"]");
}

/* RFC 8259 7: what must be escaped is, at every place in a string of several blocks, and nothing beside it is. */
static void test_escapes(void) {
        for (guint c = 1; c < 0x100; c++) {
                for (guint at = 0; at < 40; at++) {
                        g_autoptr(JsonWriter) w = json_writer_new(NULL, FALSE);
                        g_autoptr(GString) expected = g_string_new("[\"");
                        char text[41];

                        memset(text, 'x', 40);
                        text[at] = (char)c;
                        text[40] = '\0';
                        g_string_append_len(expected, text, at);
                        if (c >= 0x80)
                                g_string_append(expected, "\xef\xbf\xbd");
                        else if (c == '"' || c == '\\')
                                g_string_append_printf(expected, "\\%c", c);
                        else if (c == '\b' || c == '\f' || c == '\n' || c == '\r' || c == '\t')
                                g_string_append_printf(expected, "\\%c", "btn.fr"[c - '\b']);
                        else if (c < 0x20 || c == 0x7f)
                                g_string_append_printf(expected, "\\u%04x", c);
                        else
                                g_string_append_c(expected, (char)c);
                        g_string_append(expected, text + at + 1);
                        g_string_append(expected, "\"]");

                        json_begin_array(w, NULL);
                        json_put_string(w, NULL, text);
                        json_end(w);
                        g_assert_cmpstr(json_writer_text(w), ==, expected->str);
                }
        }
}

static void test_words_and_names(void) {
        for (guint in_html = 0; in_html < 2; in_html++) {
                g_autoptr(JsonWriter) w = json_writer_new(NULL, in_html != 0);
                JsonText word = { .n = 0 }, words = { .n = 0 };
                char *at;

                json_text_add(&word, "a", "fin_wait_2");
                json_text_add(&words, "a1", "");
                json_text_add(&words, "a2", "a text of its own, of a length that is more than what is copied in any case");
                json_begin_object(w, NULL);
                at = member_text(json_run_begin(w), &word);
                at = member_text(at, &words);
                json_run_end(w, member_text(at, &word));
                json_put_name(w, "c", "x > y");
                json_put_name(w, "d", NULL);
                json_end(w);
#define EXPECTED(name)                                                                                                 \
        "{\"a\":\"fin_wait_2\",\"a1\":\"\",\"a2\":\"a text of its own, of a length that is more than what is copied in any "   \
        "case\",\"a\":\"fin_wait_2\",\"c\":\"" name "\",\"d\":null}"
                g_assert_cmpstr(json_writer_text(w), ==,
                                in_html ? EXPECTED("x \\u003e y") : EXPECTED("x > y"));
#undef EXPECTED
        }
}

/* Seconds that share a place in the cache, and the ends of the range. */
static void test_times(void) {
        g_autoptr(GRand) random = g_rand_new_with_seed(5);
        g_autoptr(JsonWriter) w = json_writer_new(NULL, FALSE);
        g_autoptr(GString) expected = g_string_new("[");
        static const gint64 edges[] = {
                0, -1, 1, 999999999, NS_PER_SECOND, -NS_PER_SECOND, -NS_PER_SECOND - 1, 64 * NS_PER_SECOND,
                -64 * NS_PER_SECOND, G_MAXINT64, G_MININT64, G_MAXINT64 - 1, G_MININT64 + 1,
        };

        json_begin_array(w, NULL);
        for (guint i = 0; i < 20000; i++) {
                gint64 near = g_rand_int_range(random, -200, 200) * (NS_PER_SECOND / 2) + g_rand_int_range(random, 0, 3);
                gint64 time_ns = i % 3 ? near : edges[i / 3 % G_N_ELEMENTS(edges)];
                char text[TIME_TEXT_BYTES];

                time_format_utc(text, time_ns);
                g_string_append_printf(expected, "%s\"%s\"", i ? "," : "", text);
                json_put_time(w, NULL, time_ns);
        }
        json_end(w);
        g_string_append_c(expected, ']');
        g_assert_cmpstr(json_writer_text(w), ==, expected->str);
}

/* Something of every kind, nested at random, several documents of it. */
static void put_anything(JsonWriter *w, guint32 seed) {
        g_autoptr(GRand) random = g_rand_new_with_seed(seed);
        g_autofree char *text = g_strnfill(300, 'x');
        guint depth = 0;

        json_begin_array(w, NULL);
        for (guint i = 0; i < 20000; i++) {
                switch (g_rand_int_range(random, 0, 6)) {
                case 0:
                        if (depth < 20) {
                                json_begin_array(w, NULL);
                                depth++;
                        }
                        break;
                case 1:
                        if (depth > 0) {
                                json_end(w);
                                depth--;
                        }
                        break;
                case 2:
                        json_put_text(w, NULL, text, (gsize)g_rand_int_range(random, 0, 300));
                        break;
                case 3:
                        json_put_integer(w, NULL, (gint32)g_rand_int(random));
                        break;
                case 4:
                        json_put_null(w, NULL);
                        break;
                default:
                        json_begin_object(w, NULL);
                        json_put_json(w, "key", "[1,2]");
                        json_end(w);
                }
        }
        for (; depth > 0; depth--)
                json_end(w);
        json_end(w);
}

/* Whatever the last byte of a full buffer was, the output is what stays in memory otherwise. */
static void test_same_through_an_output(void) {
        g_autofree char *path = NULL;
        int fd = g_file_open_tmp("lastack-XXXXXX", &path, NULL);

        close(fd);
        for (guint32 seed = 0; seed < 20; seed++) {
                g_autoptr(JsonWriter) memory = json_writer_new(NULL, FALSE);
                g_autoptr(Output) out = output_open(path, NULL);
                g_autoptr(JsonWriter) w = json_writer_new(out, FALSE);
                g_autofree char *content = NULL;
                g_autofree char *expected = NULL;

                put_anything(memory, seed);
                expected = g_strconcat(json_writer_text(memory), "\n", json_writer_text(memory), NULL);
                put_anything(w, seed);
                json_newline(w);
                put_anything(w, seed);
                json_flush(w);
                g_assert_true(output_close(out, NULL));
                g_assert_true(g_file_get_contents(path, &content, NULL, NULL));
                g_assert_cmpuint(strlen(content), >, 2 * 256 * 1024);
                g_assert_true(g_str_equal(content, expected));
        }
        g_unlink(path);
}

static void test_grows(void) {
        g_autoptr(JsonWriter) w = json_writer_new(NULL, FALSE);
        g_autofree char *text = g_strnfill(1000000, 'x');
        json_object *o;

        json_begin_array(w, NULL);
        json_put_string(w, NULL, text);
        json_put_string(w, NULL, text);
        json_end(w);
        o = parse(w);
        g_assert_cmpint(json_object_get_string_len(json_object_array_get_idx(o, 1)), ==, 1000000);
        json_object_put(o);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/json/values", test_values);
        g_test_add_func("/json/any-bytes", test_any_bytes);
        g_test_add_func("/json/utf8", test_utf8_is_kept_and_repaired);
        g_test_add_func("/json/cannot-end-a-script", test_cannot_end_a_script);
        g_test_add_func("/json/escapes", test_escapes);
        g_test_add_func("/json/words-and-names", test_words_and_names);
        g_test_add_func("/json/times", test_times);
        g_test_add_func("/json/same-through-an-output", test_same_through_an_output);
        g_test_add_func("/json/grows", test_grows);
        return g_test_run();
}
