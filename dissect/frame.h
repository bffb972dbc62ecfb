/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* A frame as a capture holds it: bytes and when, nothing understood yet. */

#include "segment.h"

/* Seen from the host that captured; the values of pcapng's epb_flags. */
typedef enum FrameDirection {
        FRAME_DIRECTION_UNKNOWN,
        FRAME_INBOUND,
        FRAME_OUTBOUND,
} FrameDirection;

typedef struct Frame {
        gint64 time_ns; /* since the epoch, UTC */
        FrameRef ref;
        const guint8 *data; /* @captured_bytes bytes; valid until the next read of its capture */
        guint32 captured_bytes;
        guint32 wire_bytes;
        guint32 interface; /* of its section in pcapng, else 0 */
        guint16 link_type; /* LINKTYPE_ value, https://www.tcpdump.org/linktypes.html */
        guint8 fcs_bytes;  /* trailing frame check sequence, if the file says so */
        guint8 direction;  /* FrameDirection, if the file says so */
} Frame;

/* How many frames are handed over at a time. */
#define FRAME_BATCH 64
