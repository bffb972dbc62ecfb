/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The dissectors against anything.  Input: link type (2 bytes, little endian), bytes of frame
 * check sequence, bytes that the snaplen cut; the rest is the frame.
 */

#include "tests/plain-check.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize n);

#define HEADER 4

int LLVMFuzzerTestOneInput(const guint8 *data, gsize n) {
        static Dissector *d;
        DissectResult result;
        Segment s;

        if (n < HEADER)
                return 0;
        if (!d)
                d = dissector_new();
        Frame frame = {
                .data = data + HEADER,
                .captured_bytes = (guint32)(n - HEADER),
                .wire_bytes = (guint32)(n - HEADER) + data[3],
                .link_type = (guint16)(data[0] | data[1] << 8),
                .fcs_bytes = data[2],
        };
        plain_check(&frame);
        result = dissector_frame(d, &frame, &s);
        g_assert_cmpint(result, <, DISSECT_RESULTS);
        if (result == DISSECT_TCP || result == DISSECT_ICMP_QUOTE) {
                g_assert_cmpuint(s.sack_blocks, <=, SEGMENT_SACK_BLOCKS_MAX);
                g_assert_cmpuint(s.wscale, <=, 14);
                g_assert_cmpuint(s.path, <, path_table_size(dissector_paths(d)));
                g_assert_cmpuint(s.path_detail, <, path_table_size(dissector_paths(d)));
        }
        return 0;
}
