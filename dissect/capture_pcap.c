/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * pcap: a file header of 24 bytes, then records, each a header of 16 bytes and
 * the packet (draft-ietf-opsawg-pcap; for old versions what libpcap's sf-pcap.c accepts).
 */

#include "capture_reader.h"
#include "plain.h"

#define FILE_HEADER_BYTES 24U

/* Fields of the file header. */
#define FILE_MAJOR 4
#define FILE_MINOR 6
#define FILE_SNAPLEN 16
#define FILE_LINK_TYPE 20

/* Fields of a record's header. */
#define RECORD_SECONDS 0
#define RECORD_FRACTION 4
#define RECORD_CAPTURED 8
#define RECORD_WIRE 12

/* The link type's upper half: a length of the FCS in 16-bit units if the flag says so. */
#define LINK_TYPE_FCS_PRESENT 0x04000000U
#define LINK_TYPE_FCS_SHIFT 28

/* The order of the two lengths, which changed with version 2.3; some files of 2.3 have the old one. */
typedef enum Lengths {
        LENGTHS_CAPTURED_FIRST,
        LENGTHS_WIRE_FIRST,
        LENGTHS_SMALLER_IS_CAPTURED,
} Lengths;

typedef struct PcapReader {
        CaptureReader reader;
        gboolean swapped;
        guint32 fraction_ns; /* 1000 or 1 */
        guint32 header_bytes;
        Lengths lengths;
        guint32 packet_bytes_max;
        guint16 link_type;
        guint8 fcs_bytes;
} PcapReader;

static const struct {
        guint32 magic;
        guint32 fraction_ns;
        guint32 header_bytes;
} magics[] = {
        { 0xa1b2c3d4, 1000, 16 },
        { 0xa1b23c4d, 1, 16 },
        { 0xa1b2cd34, 1000, 24 }, /* "modified" libpcap of A. Kuznetzov: interface, protocol, type follow */
};

/* Returns: index into magics[], -1 if there is none; @swapped (out). */
static int magic_find(CaptureStream *s, gboolean *swapped) {
        if (!capture_stream_need(s, 4))
                return -1;
        for (guint i = 0; i < 2 * G_N_ELEMENTS(magics); i++) {
                *swapped = i % 2;
                if (capture_u32(s->at, *swapped) == magics[i / 2].magic)
                        return (int)(i / 2);
        }
        return -1;
}

gboolean capture_pcap_sniff(CaptureStream *s) {
        gboolean swapped;
        return magic_find(s, &swapped) >= 0;
}

/* ── Records ───────────────────────────────────────────────────────────────── */

static inline void record_lengths(const guint8 *at, gboolean swapped, Lengths lengths, guint32 *captured,
                                  guint32 *wire) {
        *captured = capture_u32(at + RECORD_CAPTURED, swapped);
        *wire = capture_u32(at + RECORD_WIRE, swapped);
        if (lengths == LENGTHS_WIRE_FIRST || (lengths == LENGTHS_SMALLER_IS_CAPTURED && *captured > *wire)) {
                guint32 first = *captured;
                *captured = *wire;
                *wire = first;
        }
}

/*
 * Both fields of its time are unsigned (draft-ietf-opsawg-pcap 5): at most 2^62 in all. Written in its place: a copy would
 * have to wait for what it is made of.
 */
static inline __attribute__((always_inline)) void record_fill(const PcapReader *r, Frame *frame, const guint8 *at, gboolean swapped,
                                                              guint32 captured, guint32 wire) {
        *frame = (Frame){
                .time_ns = capture_u32(at + RECORD_SECONDS, swapped) * NS_PER_SECOND +
                           (gint64)capture_u32(at + RECORD_FRACTION, swapped) * r->fraction_ns,
                .data = at + r->header_bytes,
                .captured_bytes = captured,
                .wire_bytes = wire,
                .link_type = r->link_type,
                .fcs_bytes = r->fcs_bytes,
        };
}

/*
 * The inner loop: takes records for as long as they lie whole in the buffer.
 * @swapped and @lengths are constants where it is called, so each caller is its own straight code.
 */
static inline __attribute__((always_inline)) guint records_take(const PcapReader *r, CaptureStream *s,
                                                                Frame *frames, guint n, gboolean swapped,
                                                                Lengths lengths) {
        const guint8 *at = s->at, *const end = s->end;
        const guint32 header_bytes = r->header_bytes, packet_bytes_max = r->packet_bytes_max;
        gsize stride = header_bytes + CAPTURE_FULL_FRAME_BYTES;
        guint i = 0;

        for (; i < n && (gsize)(end - at) >= header_bytes; i++) {
                guint32 captured, wire;

                record_lengths(at, swapped, lengths, &captured, &wire);
                if (G_UNLIKELY(captured > packet_bytes_max || (gsize)(end - at) - header_bytes < captured))
                        break;
                record_fill(r, &frames[i], at, swapped, captured, wire);
                at += header_bytes + captured;
                if (captured >= CAPTURE_LARGE_BYTES)
                        stride = header_bytes + captured;
                capture_prefetch(at, stride);
        }
        capture_stream_consume(s, (gsize)(at - s->at));
        return i;
}

/* Brings the next record into the buffer whole, or finds out why there is none. */
static gboolean record_need(const PcapReader *r, CaptureStream *s, CaptureInfo *info) {
        guint32 captured, wire;
        guint64 number = info->frames + 1;

        if (!capture_stream_need(s, r->header_bytes)) {
                guint left = (guint)capture_stream_left(s);
                if (left == 0 && !s->failure)
                        return FALSE;
                return capture_info_cut(info, s,
                                        "the file ends in the header of record %" G_GUINT64_FORMAT
                                        ": %u of %u bytes",
                                        number, left, r->header_bytes);
        }

        record_lengths(s->at, r->swapped, r->lengths, &captured, &wire);
        if (captured > r->packet_bytes_max)
                return capture_info_damage(info, CAPTURE_CORRUPT, s->offset,
                                           "record %" G_GUINT64_FORMAT " claims %u bytes, the limit is %u",
                                           number, captured, r->packet_bytes_max);
        if (!capture_stream_need(s, (gsize)r->header_bytes + captured))
                return capture_info_cut(info, s,
                                        "record %" G_GUINT64_FORMAT
                                        " claims %u bytes, the file ends after %u of them",
                                        number, captured, (guint)capture_stream_left(s) - r->header_bytes);
        return TRUE;
}

/*
 * Takes the next record, and passes the rest of its packet, where that is worth it and nobody asks for the rest.
 * @may_move: no frame points into the buffer
 */
static gboolean record_pass(const PcapReader *r, CaptureStream *s, Frame *frame, gboolean may_move) {
        const gsize head = r->header_bytes + PLAIN_BYTES_MAX;
        guint32 captured, wire;

        if (!capture_stream_may_pass(s, head + CAPTURE_PASSED_BYTES_MIN) ||
            !(may_move ? capture_stream_need(s, head) : capture_stream_extend(s, head)))
                return FALSE;
        record_lengths(s->at, r->swapped, r->lengths, &captured, &wire);
        if (captured > r->packet_bytes_max || !capture_stream_may_pass(s, (gsize)r->header_bytes + captured) ||
            r->header_bytes + captured < capture_stream_left(s) + CAPTURE_PASSED_BYTES_MIN)
                return FALSE;
        record_fill(r, frame, s->at, r->swapped, captured, wire);
        if (!plain_is(frame))
                return FALSE;
        capture_stream_pass(s, (gsize)r->header_bytes + captured);
        return TRUE;
}

static guint pcap_read(CaptureReader *reader, CaptureStream *s, CaptureInfo *info, Frame *frames, guint n) {
        const PcapReader *r = (const PcapReader *)reader;

        guint i = 0;

        for (;;) {
                if (r->lengths != LENGTHS_CAPTURED_FIRST)
                        i += records_take(r, s, frames + i, n - i, r->swapped, r->lengths);
                else if (r->swapped)
                        i += records_take(r, s, frames + i, n - i, TRUE, LENGTHS_CAPTURED_FIRST);
                else
                        i += records_take(r, s, frames + i, n - i, FALSE, LENGTHS_CAPTURED_FIRST);
                if (i < n && record_pass(r, s, &frames[i], i == 0))
                        i++;
                else if (i > 0 || !record_need(r, s, info))
                        return i;
        }
}

/* ── The file header ───────────────────────────────────────────────────────── */

static gboolean version_lengths(guint major, guint minor, Lengths *lengths) {
        *lengths = LENGTHS_CAPTURED_FIRST;
        if (major == 543 && minor == 0) { /* DG/UX tcpdump */
                *lengths = LENGTHS_WIRE_FIRST;
                return TRUE;
        }
        if (major != 2 || minor > 4)
                return FALSE;
        if (minor < 3)
                *lengths = LENGTHS_WIRE_FIRST;
        else if (minor == 3)
                *lengths = LENGTHS_SMALLER_IS_CAPTURED;
        return TRUE;
}

CaptureReader *capture_pcap_new(CaptureStream *s, CaptureInfo *info, GError **error) {
        g_autofree PcapReader *r = g_new0(PcapReader, 1);
        int magic = magic_find(s, &r->swapped);

        g_return_val_if_fail(magic >= 0, NULL);
        r->reader.read = pcap_read;
        r->reader.free = (void (*)(CaptureReader *))g_free;
        r->fraction_ns = magics[magic].fraction_ns;
        r->header_bytes = magics[magic].header_bytes;
        info->sections = 1;
        if (!capture_stream_need(s, FILE_HEADER_BYTES)) {
                capture_info_cut(info, s, "the file ends in its header: %" G_GSIZE_FORMAT " of %u bytes",
                                 capture_stream_left(s), FILE_HEADER_BYTES);
                return (CaptureReader *)g_steal_pointer(&r);
        }

        guint major = capture_u16(s->at + FILE_MAJOR, r->swapped);
        guint minor = capture_u16(s->at + FILE_MINOR, r->swapped);
        if (!version_lengths(major, minor, &r->lengths)) {
                g_set_error(error, CAPTURE_ERROR, CAPTURE_ERROR_FORMAT, "pcap version %u.%u is not known",
                            major, minor);
                return NULL;
        }

        guint32 link_type = capture_u32(s->at + FILE_LINK_TYPE, r->swapped);
        r->link_type = link_type & 0xffff;
        if (link_type & LINK_TYPE_FCS_PRESENT)
                r->fcs_bytes = (guint8)(2 * (link_type >> LINK_TYPE_FCS_SHIFT));
        info->snaplen = capture_u32(s->at + FILE_SNAPLEN, r->swapped);
        info->interfaces = 1;
        capture_info_add_link_type(info, r->link_type);
        r->packet_bytes_max = capture_packet_bytes_max(r->link_type, info->snaplen);
        capture_stream_consume(s, FILE_HEADER_BYTES);
        return (CaptureReader *)g_steal_pointer(&r);
}
