/* SPDX-License-Identifier: BSD-3-Clause */

/* Each input is a list of times; what comes out is written as "file:time" in order. */

#include <string.h>

#include "dissect/merge.h"

static void append_u32(GByteArray *out, guint32 value) {
        value = GUINT32_TO_LE(value);
        g_byte_array_append(out, (const guint8 *)&value, 4);
}

/* A pcap of one frame per time in seconds; a frame's only bytes are its time. */
static Capture *capture_of_times(guint file, const guint32 *times, guint n) {
        GByteArray *out = g_byte_array_new();

        append_u32(out, 0xa1b2c3d4);
        append_u32(out, 2 | 4 << 16);
        append_u32(out, 0);
        append_u32(out, 0);
        append_u32(out, 65535);
        append_u32(out, 1);
        for (guint i = 0; i < n; i++) {
                append_u32(out, times[i]);
                append_u32(out, 0);
                append_u32(out, 4);
                append_u32(out, 4);
                append_u32(out, times[i]);
        }
        g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(out);
        return capture_open_bytes("memory", bytes, file, NULL);
}

/* @times: words of numbers, one string per input, the list ends with NULL. */
static Merge *merge_of(const char *const *inputs) {
        GPtrArray *captures = g_ptr_array_new();

        for (guint file = 0; inputs[file]; file++) {
                g_auto(GStrv) words = g_strsplit_set(inputs[file], " ", -1);
                g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(guint32));
                for (guint i = 0; words[i]; i++) {
                        guint32 time = (guint32)g_ascii_strtoull(words[i], NULL, 10);
                        if (*words[i])
                                g_array_append_val(times, time);
                }
                g_ptr_array_add(captures, capture_of_times(file, (const guint32 *)times->data, times->len));
        }
        return merge_new(captures);
}

static void assert_order(const char *const *inputs, const char *expected) {
        g_autoptr(Merge) m = merge_of(inputs);
        g_autoptr(GString) order = g_string_new(NULL);
        Frame frames[FRAME_BATCH];
        guint got;

        while ((got = merge_read(m, frames, FRAME_BATCH)) > 0) {
                for (guint i = 0; i < got; i++) {
                        guint32 bytes;
                        memcpy(&bytes, frames[i].data, 4);
                        g_assert_cmpuint(GUINT32_FROM_LE(bytes), ==, frames[i].time_ns / 1000000000);
                        g_string_append_printf(order, "%s%u:%u", order->len > 0 ? " " : "",
                                               frame_ref_file(frames[i].ref), GUINT32_FROM_LE(bytes));
                }
        }
        g_assert_cmpstr(order->str, ==, expected);
}

static void by_time(void) {
        assert_order((const char *const[]){ "1 4 5", "2 3 9", "0 6", NULL },
                     "2:0 0:1 1:2 1:3 0:4 0:5 2:6 1:9");
}

static void equal_times_by_file(void) {
        assert_order((const char *const[]){ "7 7", "7", "6 7", NULL }, "2:6 0:7 0:7 1:7 2:7");
}

/* The 2 behind the 8 is due at once when the 8 has gone. */
static void backward_clock_keeps_file_order(void) {
        assert_order((const char *const[]){ "1 8 2 9", "3 7 10", NULL }, "0:1 1:3 1:7 0:8 0:2 0:9 1:10");
}

static void one_capture(void) {
        assert_order((const char *const[]){ "3 1 2", NULL }, "0:3 0:1 0:2");
}

static void empty_captures(void) {
        assert_order((const char *const[]){ "", "1", "", NULL }, "1:1");
        assert_order((const char *const[]){ "", "", NULL }, "");
}

/* Many frames: bytes stay valid for a batch, every frame comes once, numbers per file in order. */
static void many(void) {
        enum { FILES = 3, FRAMES = 10000 };
        GPtrArray *captures = g_ptr_array_new();
        guint32 times[FRAMES];
        guint64 numbers[FILES] = { 0 };
        Frame frames[FRAME_BATCH];
        gint64 last_ns = 0;
        guint got;

        for (guint file = 0; file < FILES; file++) {
                for (guint i = 0; i < FRAMES; i++)
                        times[i] = i * (file + 1) + file;
                g_ptr_array_add(captures, capture_of_times(file, times, FRAMES));
        }
        g_autoptr(Merge) m = merge_new(captures);
        while ((got = merge_read(m, frames, FRAME_BATCH)) > 0) {
                for (guint i = 0; i < got; i++) {
                        guint32 bytes;
                        memcpy(&bytes, frames[i].data, 4);
                        g_assert_cmpint(GUINT32_FROM_LE(bytes) * G_GINT64_CONSTANT(1000000000), ==,
                                        frames[i].time_ns);
                        g_assert_cmpint(frames[i].time_ns, >=, last_ns);
                        last_ns = frames[i].time_ns;
                        g_assert_cmpuint(frame_ref_number(frames[i].ref), ==,
                                         ++numbers[frame_ref_file(frames[i].ref)]);
                }
        }
        for (guint file = 0; file < FILES; file++) {
                g_assert_cmpuint(numbers[file], ==, FRAMES);
                g_assert_cmpuint(merge_info(m, file)->frames, ==, FRAMES);
        }
        g_assert_cmpuint(merge_captures(m), ==, FILES);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/merge/by-time", by_time);
        g_test_add_func("/merge/equal-times-by-file", equal_times_by_file);
        g_test_add_func("/merge/backward-clock-keeps-file-order", backward_clock_keeps_file_order);
        g_test_add_func("/merge/one-capture", one_capture);
        g_test_add_func("/merge/empty-captures", empty_captures);
        g_test_add_func("/merge/many", many);
        return g_test_run();
}
