/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The short cut of dissect/plain.h against the decoders of the layers, on one frame. */

#include "dissect/dissector.h"
#include "dissect/plain.h"

/* Fails unless both say the same of @frame, if the short cut takes it at all. */
static inline void plain_check(const Frame *frame) {
        Segment plain, layers;

        memset(&plain, 0, sizeof plain);
        memset(&layers, 0, sizeof layers);
        if (!plain_decode(frame, &plain))
                return;
        g_autoptr(Dissector) d = dissector_new();
        g_assert_cmpint(dissector_frame_in_layers(d, frame, &layers), ==, DISSECT_TCP);
        g_assert_cmpmem(&plain, sizeof plain, &layers, sizeof layers);
}
