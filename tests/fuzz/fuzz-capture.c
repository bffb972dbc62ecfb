/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Any bytes as a capture: every byte of every frame is there, numbers rise, damage has words.
 */

#include "dissect/capture.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize n);

static volatile guint8 sink; /* what is read must not be optimised away */

static void capture_walk(Capture *c) {
        Frame frames[FRAME_BATCH];
        guint64 frames_seen = 0;
        guint got;

        while ((got = capture_read(c, frames, FRAME_BATCH)) > 0) {
                for (guint i = 0; i < got; i++) {
                        g_assert_cmpuint(frame_ref_number(frames[i].ref), ==, ++frames_seen);
                        for (guint32 b = 0; b < frames[i].captured_bytes; b++)
                                sink = frames[i].data[b];
                }
        }
        const CaptureInfo *info = capture_info(c);
        g_assert_cmpuint(info->frames, ==, frames_seen);
        g_assert_true((info->damage == CAPTURE_INTACT) == (info->damage_text == NULL));
        g_assert_true(info->damage == CAPTURE_INTACT || info->damage_frame == frames_seen + 1);
        g_assert_true(info->frames == 0 || info->first_ns <= info->last_ns);
        g_assert_cmpuint(capture_read(c, frames, FRAME_BATCH), ==, 0);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize n) {
        g_autoptr(GBytes) bytes = g_bytes_new(data, n);
        g_autoptr(GError) error = NULL;
        g_autoptr(Capture) c = capture_open_bytes("fuzz", bytes, 0, &error);

        if (c)
                capture_walk(c);
        else
                g_assert_nonnull(error);
        return 0;
}
