/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What capture.c asks of a format.  A reader fills frames with everything but
 * their number, tells what it learns in CaptureInfo, and stops at damage.
 */

#include "capture.h"
#include "capture_stream.h"

typedef struct CaptureReader CaptureReader;

struct CaptureReader {
        /*
         * Fills up to @n frames. Returns how many: 0 only at the end, or with @info->damage set.
         * A batch ends early rather than move the buffer that its frames point into.
         */
        guint (*read)(CaptureReader *r, CaptureStream *s, CaptureInfo *info, Frame *frames, guint n);
        void (*free)(CaptureReader *r);
};

/* Whether the stream begins like this format. */
gboolean capture_pcap_sniff(CaptureStream *s);
gboolean capture_pcapng_sniff(CaptureStream *s);

/* @error: CAPTURE_ERROR_FORMAT with the reason alone; the caller puts the file's name before it. */
CaptureReader *capture_pcap_new(CaptureStream *s, CaptureInfo *info, GError **error);
CaptureReader *capture_pcapng_new(CaptureStream *s, CaptureInfo *info);
CaptureReader *capture_libpcap_new(CaptureStream *s, CaptureInfo *info, GError **error);

/* Notes a link type that the capture holds. */
void capture_info_add_link_type(CaptureInfo *info, guint16 link_type);

/* Notes why reading stops at stream offset @offset; the frame's number is filled in by capture.c. Returns: FALSE. */
gboolean capture_info_damage(CaptureInfo *info, CaptureDamage damage, guint64 offset, const char *format, ...)
        G_GNUC_PRINTF(4, 5);

/* The same where the stream ended: @s->failure if there is one, else the given words. */
gboolean capture_info_cut(CaptureInfo *info, const CaptureStream *s, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Fields in the byte order of the machine that wrote the file. */
static inline guint16 capture_u16(const guint8 *p, gboolean swapped) {
        guint16 v;
        __builtin_memcpy(&v, p, sizeof v);
        return swapped ? GUINT16_SWAP_LE_BE(v) : v;
}

static inline guint32 capture_u32(const guint8 *p, gboolean swapped) {
        guint32 v;
        __builtin_memcpy(&v, p, sizeof v);
        return swapped ? GUINT32_SWAP_LE_BE(v) : v;
}

static inline guint64 capture_u64(const guint8 *p, gboolean swapped) {
        guint64 v;
        __builtin_memcpy(&v, p, sizeof v);
        return swapped ? GUINT64_SWAP_LE_BE(v) : v;
}

/*
 * Of a packet so much is passed rather than read: where system calls are dear (2 us), one takes as long as a copy of
 * some 16 KB.
 */
#define CAPTURE_PASSED_BYTES_MIN (16U << 10)

#define CAPTURE_FULL_FRAME_BYTES 1514 /* Ethernet */
#define CAPTURE_LARGE_BYTES 256
#define CAPTURE_SMALL_BYTES 82 /* a bare ACK with a timestamp, and its record's header */

/*
 * Where a record lies is known only from the one before it, so that memory would be waited for packet by packet. But most
 * records are as long as the last large one, or hardly longer than their headers.
 * @at: the next record
 * @stride: length of a large one
 */
static inline void capture_prefetch(const guint8 *at, gsize stride) {
        __builtin_prefetch(at + stride);
        __builtin_prefetch(at + 2 * stride);
        __builtin_prefetch(at + 3 * stride);
        __builtin_prefetch(at + stride + CAPTURE_SMALL_BYTES);
}

#define NS_PER_SECOND G_GINT64_CONSTANT(1000000000)

/*
 * What libpcap and Wireshark take for the largest packet; a longer one is taken for
 * damage unless the file's own snaplen, if that is a believable number, announces it.
 */
#define CAPTURE_PACKET_BYTES_MAX 262144U
#define CAPTURE_SNAPLEN_BELIEVED_MAX (16U << 20)

/* Returns: the longest packet to accept. */
guint32 capture_packet_bytes_max(guint16 link_type, guint32 snaplen);
