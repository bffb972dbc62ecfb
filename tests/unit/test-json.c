/* SPDX-License-Identifier: BSD-3-Clause */

/* What our writer writes, json-c must read back as it was meant. */

#include <json-c/json.h>
#include <string.h>

#include "reports/json_writer.h"

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
        g_test_add_func("/json/grows", test_grows);
        return g_test_run();
}
