/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * pcapng (draft-ietf-opsawg-pcapng): blocks of a type, a length, a body and the
 * length again; sections, each with its own byte order and interfaces.
 *
 * Theory of operation: packets_take() walks enhanced packet blocks that lie whole in
 * the buffer and stops at whatever is not that plain.  block_take() then takes one
 * block of any type, with every check and every reason in words.
 */

#include "capture_reader.h"
#include "plain.h"

#define SECTION_HEADER 0x0a0d0d0aU /* the same in both byte orders */
#define INTERFACE_DESCRIPTION 1U
#define PACKET 2U /* obsolete */
#define SIMPLE_PACKET 3U
#define INTERFACE_STATISTICS 5U
#define ENHANCED_PACKET 6U

#define BYTE_ORDER_MAGIC 0x1a2b3c4dU
#define BLOCK_HEADER_BYTES 8U
#define BLOCK_TRAILER_BYTES 4U
#define BLOCK_BYTES_MIN 12U
/* A block holds a packet and its options, or names, secrets and what others invent. */
#define BLOCK_BYTES_MAX (16U << 20)
#define BLOCK_OPTIONS_BYTES_MAX 131072U
#define SECTION_INTERFACES_MAX 65536U

/* Options, by block. */
#define OPTION_END 0U
#define INTERFACE_TSRESOL 9U
#define INTERFACE_FCSLEN 13U
#define INTERFACE_TSOFFSET 14U
#define STATISTICS_IFDROP 5U
#define STATISTICS_OSDROP 7U
#define PACKET_FLAGS 2U /* of both packet blocks that have options */
#define PACKET_DROPCOUNT 4U

typedef struct Interface {
        guint64 scale; /* ns = ticks * scale / divisor >> shift */
        guint64 divisor;
        guint8 shift;
        guint8 fcs_bytes;
        guint16 link_type;
        guint32 snaplen;
        gint64 offset_ns;
        guint64 drops; /* the latest statistics of this interface */
} Interface;

typedef struct PcapngReader {
        CaptureReader reader;
        gboolean swapped;   /* of the current section */
        GArray *interfaces; /* (element-type Interface): of the current section */
        guint32 block_bytes_max;
        guint64 drops_statistics; /* told by interface statistics ... */
        guint64 drops_packets;    /* ... and the same told packet by packet */
} PcapngReader;

/* A block that lies whole in the buffer. */
typedef struct Block {
        guint32 type;
        guint32 bytes; /* in the file, padded */
        const guint8 *body;
        gsize body_bytes;
        gboolean swapped;
} Block;

/* ── Time ──────────────────────────────────────────────────────────────────── */

/* @resolution: 10^-n seconds, or 2^-(n & 0x7f) with the high bit set. */
static void interface_set_resolution(Interface *f, guint8 resolution) {
        guint n = resolution & 0x7f;

        f->scale = NS_PER_SECOND;
        f->divisor = 1;
        f->shift = 0;
        if (resolution & 0x80) {
                f->shift = (guint8)n;
                return;
        }
        for (; n > 0 && f->scale > 1; n--)
                f->scale /= 10;
        for (; n > 0 && f->divisor < G_MAXUINT64 / 10; n--)
                f->divisor *= 10;
        if (n > 0)
                f->scale = 0; /* below 10^-28 s even 2^64 ticks are less than a nanosecond */
}

/* 128 bits in between; what no clock can mean ends at the limits of the type. */
static gint64 interface_time_ns(const Interface *f, guint32 high, guint32 low) {
        __extension__ typedef unsigned __int128 Wide;
        guint64 ticks = (guint64)high << 32 | low;
        guint64 ns;
        gint64 time_ns;

        if (G_UNLIKELY(f->divisor != 1 || f->shift != 0 || __builtin_mul_overflow(ticks, f->scale, &ns))) {
                Wide wide = ((Wide)ticks * f->scale / f->divisor) >> f->shift;
                ns = wide > G_MAXINT64 ? G_MAXINT64 : (guint64)wide;
        }
        if (ns > G_MAXINT64)
                ns = G_MAXINT64;
        if (__builtin_add_overflow((gint64)ns, f->offset_ns, &time_ns))
                return f->offset_ns < 0 ? G_MININT64 : G_MAXINT64;
        return time_ns;
}

/* ── Options ───────────────────────────────────────────────────────────────── */

/*
 * Steps to the next option in [*at, end). An option that runs past the end is not one,
 * and neither is anything after it.
 */
static gboolean option_next(const guint8 **at, const guint8 *end, gboolean swapped, guint *code, guint *bytes,
                            const guint8 **value) {
        if (end - *at < 4)
                return FALSE;
        *code = capture_u16(*at, swapped);
        *bytes = capture_u16(*at + 2, swapped);
        *value = *at + 4;
        if (*code == OPTION_END || (gsize)(end - *value) < *bytes)
                return FALSE;
        gsize padded = (*bytes + 3U) & ~3U;
        *at = (gsize)(end - *value) < padded ? end : *value + padded;
        return TRUE;
}

/* epb_flags: who sent it (bits 0-1) and how long its FCS is (bits 5-8); and packets lost before it. */
static void packet_options(PcapngReader *r, const guint8 *at, const guint8 *end, Frame *frame) {
        guint code, bytes;
        const guint8 *value;

        while (option_next(&at, end, r->swapped, &code, &bytes, &value)) {
                if (code == PACKET_FLAGS && bytes == 4) {
                        guint32 flags = capture_u32(value, r->swapped);
                        frame->direction = flags & 3;
                        if (flags >> 5 & 0xf)
                                frame->fcs_bytes = flags >> 5 & 0xf;
                } else if (code == PACKET_DROPCOUNT && bytes == 8) {
                        r->drops_packets += capture_u64(value, r->swapped);
                }
        }
}

/* ── Enhanced packet blocks ────────────────────────────────────────────────── */

/* Fields of an enhanced packet block's body; of the obsolete one the first four bytes differ. */
#define PACKET_INTERFACE 0
#define PACKET_DROPS 2 /* of the obsolete one */
#define PACKET_TIME_HIGH 4
#define PACKET_TIME_LOW 8
#define PACKET_CAPTURED 12
#define PACKET_WIRE 16
#define PACKET_DATA 20U

#define PACKET_DROPS_UNKNOWN 0xffff

static inline __attribute__((always_inline)) void packet_fill(PcapngReader *r, Frame *frame,
                                                              const guint8 *body, gsize body_bytes,
                                                              guint32 id, gboolean swapped) {
        const Interface *f = &g_array_index(r->interfaces, Interface, id);
        guint32 captured = capture_u32(body + PACKET_CAPTURED, swapped);
        gsize padded = ((gsize)captured + 3) & ~(gsize)3;

        *frame = (Frame){
                .time_ns = interface_time_ns(f, capture_u32(body + PACKET_TIME_HIGH, swapped),
                                             capture_u32(body + PACKET_TIME_LOW, swapped)),
                .data = body + PACKET_DATA,
                .captured_bytes = captured,
                .wire_bytes = capture_u32(body + PACKET_WIRE, swapped),
                .interface = id,
                .link_type = f->link_type,
                .fcs_bytes = f->fcs_bytes,
        };
        if (G_UNLIKELY(body_bytes > PACKET_DATA + padded))
                packet_options(r, body + PACKET_DATA + padded, body + body_bytes, frame);
}

/* The inner loop; @swapped is a constant where it is called. */
static inline __attribute__((always_inline)) guint
packets_take_order(PcapngReader *r, CaptureStream *s, Frame *frames, guint n, gboolean swapped) {
        const guint8 *at = s->at, *const end = s->end;
        gsize stride = BLOCK_BYTES_MIN + PACKET_DATA + CAPTURE_FULL_FRAME_BYTES;
        guint i = 0;

        for (; i < n && (gsize)(end - at) >= BLOCK_BYTES_MIN + PACKET_DATA; i++) {
                guint32 bytes = capture_u32(at + 4, swapped);
                const guint8 *body = at + BLOCK_HEADER_BYTES;

                if (capture_u32(at, swapped) != ENHANCED_PACKET || bytes % 4 != 0 ||
                    bytes < BLOCK_BYTES_MIN + PACKET_DATA || bytes > (gsize)(end - at))
                        break;
                gsize body_bytes = bytes - BLOCK_BYTES_MIN;
                guint32 id = capture_u32(body + PACKET_INTERFACE, swapped);
                if (id >= r->interfaces->len ||
                    capture_u32(body + PACKET_CAPTURED, swapped) > body_bytes - PACKET_DATA ||
                    capture_u32(at + bytes - BLOCK_TRAILER_BYTES, swapped) != bytes)
                        break;
                packet_fill(r, &frames[i], body, body_bytes, id, swapped);
                at += bytes;
                if (bytes >= CAPTURE_LARGE_BYTES)
                        stride = bytes;
                capture_prefetch(at, stride);
        }
        capture_stream_consume(s, (gsize)(at - s->at));
        return i;
}

static guint packets_take(PcapngReader *r, CaptureStream *s, Frame *frames, guint n) {
        return r->swapped ? packets_take_order(r, s, frames, n, TRUE)
                          : packets_take_order(r, s, frames, n, FALSE);
}

/* ── Any block ─────────────────────────────────────────────────────────────── */

typedef enum Taken {
        TAKEN_NOTHING, /* the block was not a packet */
        TAKEN_FRAME,
        TAKEN_DAMAGE,
} Taken;

/* Every failure here is one of lengths or numbers that cannot be. */
#define block_damage(info, s, ...)                                                                           \
        (capture_info_damage(info, CAPTURE_CORRUPT, (s)->offset, __VA_ARGS__), TAKEN_DAMAGE)

static Taken section_take(PcapngReader *r, CaptureStream *s, CaptureInfo *info, const Block *b,
                          Frame *frame) {
        if (b->body_bytes < 16)
                return block_damage(info, s, "a section header of %u bytes", b->bytes);
        guint major = capture_u16(b->body + 4, b->swapped);
        if (major != 1)
                return block_damage(info, s, "section %u has version %u.%u, known is 1.x", info->sections + 1,
                                    major, capture_u16(b->body + 6, b->swapped));
        r->swapped = b->swapped;
        g_array_set_size(r->interfaces, 0);
        info->sections++;
        return TAKEN_NOTHING;
}

static void interface_options(Interface *f, const Block *b, const guint8 *at) {
        guint code, bytes;
        const guint8 *value;

        while (option_next(&at, b->body + b->body_bytes, b->swapped, &code, &bytes, &value)) {
                if (code == INTERFACE_TSRESOL && bytes == 1)
                        interface_set_resolution(f, value[0]);
                else if (code == INTERFACE_FCSLEN && bytes == 1)
                        f->fcs_bytes = value[0];
                else if (code == INTERFACE_TSOFFSET && bytes == 8 &&
                         __builtin_mul_overflow((gint64)capture_u64(value, b->swapped), NS_PER_SECOND,
                                                &f->offset_ns))
                        f->offset_ns = (gint64)capture_u64(value, b->swapped) < 0 ? G_MININT64 : G_MAXINT64;
        }
}

static Taken interface_take(PcapngReader *r, CaptureStream *s, CaptureInfo *info, const Block *b,
                            Frame *frame) {
        Interface f = { 0 };

        if (b->body_bytes < 8)
                return block_damage(info, s, "an interface description of %u bytes", b->bytes);
        if (r->interfaces->len == SECTION_INTERFACES_MAX)
                return block_damage(info, s, "section %u has more than %u interfaces", info->sections,
                                    SECTION_INTERFACES_MAX);
        f.link_type = capture_u16(b->body, b->swapped);
        f.snaplen = capture_u32(b->body + 4, b->swapped);
        interface_set_resolution(&f, 6); /* microseconds unless the options say otherwise */
        interface_options(&f, b, b->body + 8);
        g_array_append_val(r->interfaces, f);

        r->block_bytes_max = MAX(r->block_bytes_max,
                                 capture_packet_bytes_max(f.link_type, f.snaplen) + BLOCK_OPTIONS_BYTES_MAX);
        info->interfaces++;
        info->snaplen = MAX(info->snaplen, f.snaplen);
        capture_info_add_link_type(info, f.link_type);
        return TAKEN_NOTHING;
}

/* Counters run from the start of the capture: the latest block of an interface replaces those before. */
static Taken statistics_take(PcapngReader *r, CaptureStream *s, CaptureInfo *info, const Block *b,
                             Frame *frame) {
        guint code, bytes;
        const guint8 *value;
        guint64 drops = 0;

        if (b->body_bytes < 12)
                return TAKEN_NOTHING;
        guint32 id = capture_u32(b->body, b->swapped);
        if (id >= r->interfaces->len)
                return TAKEN_NOTHING;
        const guint8 *at = b->body + 12;
        while (option_next(&at, b->body + b->body_bytes, b->swapped, &code, &bytes, &value)) {
                if ((code == STATISTICS_IFDROP || code == STATISTICS_OSDROP) && bytes == 8)
                        drops += capture_u64(value, b->swapped);
        }
        Interface *f = &g_array_index(r->interfaces, Interface, id);
        r->drops_statistics += drops - f->drops;
        f->drops = drops;
        return TAKEN_NOTHING;
}

static Taken interface_unknown(CaptureStream *s, CaptureInfo *info, guint32 id, guint n) {
        return block_damage(info, s, "a packet of interface %u, but section %u has described %u", id,
                            info->sections, n);
}

static Taken packet_take(PcapngReader *r, CaptureStream *s, CaptureInfo *info, const Block *b, Frame *frame) {
        if (b->body_bytes < PACKET_DATA)
                return block_damage(info, s, "a packet block of %u bytes", b->bytes);

        gboolean obsolete = b->type == PACKET;
        guint32 captured = capture_u32(b->body + PACKET_CAPTURED, b->swapped);
        guint32 id = obsolete ? capture_u16(b->body + PACKET_INTERFACE, b->swapped)
                              : capture_u32(b->body + PACKET_INTERFACE, b->swapped);
        if (id >= r->interfaces->len)
                return interface_unknown(s, info, id, r->interfaces->len);
        if (captured > b->body_bytes - PACKET_DATA)
                return block_damage(info, s,
                                    "a packet claims %u bytes in a block that has room for %" G_GSIZE_FORMAT,
                                    captured, b->body_bytes - PACKET_DATA);
        packet_fill(r, frame, b->body, b->body_bytes, id, b->swapped);

        guint drops = obsolete ? capture_u16(b->body + PACKET_DROPS, b->swapped) : 0;
        if (drops != PACKET_DROPS_UNKNOWN)
                r->drops_packets += drops;
        return TAKEN_FRAME;
}

/* No time, no captured length: its time is the epoch, as other readers have it. */
static Taken simple_take(PcapngReader *r, CaptureStream *s, CaptureInfo *info, const Block *b, Frame *frame) {
        if (b->body_bytes < 4)
                return block_damage(info, s, "a simple packet block of %u bytes", b->bytes);
        if (r->interfaces->len == 0)
                return interface_unknown(s, info, 0, 0);

        const Interface *f = &g_array_index(r->interfaces, Interface, 0);
        guint32 wire = capture_u32(b->body, b->swapped);
        guint32 captured = f->snaplen > 0 ? MIN(wire, f->snaplen) : wire;
        if (captured > b->body_bytes - 4)
                return block_damage(info, s,
                                    "a packet claims %u bytes in a block that has room for %" G_GSIZE_FORMAT,
                                    captured, b->body_bytes - 4);
        *frame = (Frame){
                .time_ns = interface_time_ns(f, 0, 0),
                .data = b->body + 4,
                .captured_bytes = captured,
                .wire_bytes = wire,
                .link_type = f->link_type,
                .fcs_bytes = f->fcs_bytes,
        };
        return TAKEN_FRAME;
}

static const struct {
        guint32 type;
        Taken (*take)(PcapngReader *r, CaptureStream *s, CaptureInfo *info, const Block *b, Frame *frame);
} block_types[] = {
        { SECTION_HEADER, section_take },
        { INTERFACE_DESCRIPTION, interface_take },
        { ENHANCED_PACKET, packet_take },
        { SIMPLE_PACKET, simple_take },
        { PACKET, packet_take },
        { INTERFACE_STATISTICS, statistics_take },
};

/* Reads type, length and, for a section header, the byte order; needs BLOCK_BYTES_MIN buffered. */
static Block block_peek(const PcapngReader *r, const CaptureStream *s) {
        Block b = { .swapped = r->swapped };

        if (capture_u32(s->at, FALSE) == SECTION_HEADER)
                b.swapped = capture_u32(s->at + BLOCK_HEADER_BYTES, FALSE) != BYTE_ORDER_MAGIC;
        b.type = capture_u32(s->at, b.swapped);
        b.bytes = capture_u32(s->at + 4, b.swapped);
        return b;
}

/* Old writers left the padding out of the length; the next block is aligned all the same. */
static gsize block_padded(guint32 bytes) {
        return ((gsize)bytes + 3) & ~(gsize)3;
}

static gboolean block_is_buffered(const PcapngReader *r, const CaptureStream *s) {
        if (capture_stream_left(s) < BLOCK_BYTES_MIN)
                return FALSE;
        return capture_stream_left(s) >= block_padded(block_peek(r, s).bytes);
}

/* Brings the next block into the buffer whole, or finds out why there is none. */
static gboolean block_need(const PcapngReader *r, CaptureStream *s, CaptureInfo *info, Block *b) {
        if (!capture_stream_need(s, BLOCK_BYTES_MIN)) {
                guint left = (guint)capture_stream_left(s);
                if (left == 0 && !s->failure)
                        return FALSE;
                return capture_info_cut(info, s, "the file ends in the header of a block: %u of %u bytes",
                                        left, BLOCK_BYTES_MIN);
        }
        *b = block_peek(r, s);
        guint32 magic = capture_u32(s->at + BLOCK_HEADER_BYTES, b->swapped);
        if (b->type == SECTION_HEADER && magic != BYTE_ORDER_MAGIC)
                return capture_info_damage(info, CAPTURE_CORRUPT, s->offset,
                                           "a section header with byte-order magic 0x%08x", magic);
        if (b->bytes < BLOCK_BYTES_MIN || b->bytes > r->block_bytes_max)
                return capture_info_damage(info, CAPTURE_CORRUPT, s->offset,
                                           "a block of type 0x%08x claims %u bytes, the limits are %u and %u",
                                           b->type, b->bytes, BLOCK_BYTES_MIN, r->block_bytes_max);
        if (!capture_stream_need(s, block_padded(b->bytes)))
                return capture_info_cut(info, s,
                                        "a block of type 0x%08x claims %u bytes, the file ends after %u of them",
                                        b->type, b->bytes, (guint)capture_stream_left(s));

        gsize padded = block_padded(b->bytes);
        guint32 again = capture_u32(s->at + padded - BLOCK_TRAILER_BYTES, b->swapped);
        if (again != b->bytes)
                return capture_info_damage(info, CAPTURE_CORRUPT, s->offset,
                                           "a block of type 0x%08x has length %u in front and %u behind",
                                           b->type, b->bytes, again);
        b->body = s->at + BLOCK_HEADER_BYTES;
        b->body_bytes = padded - BLOCK_BYTES_MIN;
        b->bytes = (guint32)padded;
        return TRUE;
}

/* Returns: whether reading can go on; @i moves on when the block was a packet. Unknown types are skipped. */
static gboolean block_take(PcapngReader *r, CaptureStream *s, CaptureInfo *info, Frame *frames, guint *i) {
        Block b;
        Taken taken = TAKEN_NOTHING;

        if (!block_need(r, s, info, &b))
                return FALSE;
        for (gsize t = 0; t < G_N_ELEMENTS(block_types); t++) {
                if (block_types[t].type == b.type)
                        taken = block_types[t].take(r, s, info, &b, &frames[*i]);
        }
        if (taken == TAKEN_DAMAGE)
                return FALSE;
        *i += taken == TAKEN_FRAME;
        capture_stream_consume(s, b.bytes);
        return TRUE;
}

/* Returns: whether the block that @s is at ends with its length, as it should; @s stays at that. */
static gboolean block_pass(const PcapngReader *r, CaptureStream *s, guint32 bytes) {
        const CaptureStream before = *s;

        capture_stream_pass(s, bytes - BLOCK_TRAILER_BYTES);
        if (capture_stream_extend(s, BLOCK_TRAILER_BYTES) && capture_u32(s->at, r->swapped) == bytes)
                return TRUE;
        *s = before; /* what lies behind its head is read again */
        return FALSE;
}

/*
 * Takes the next block, and passes the rest of its packet, where that is worth it and nobody asks for the rest: an enhanced
 * packet block without options. @may_move: no frame points into the buffer
 */
static gboolean packet_pass(PcapngReader *r, CaptureStream *s, Frame *frame, gboolean may_move) {
        const gsize head = BLOCK_HEADER_BYTES + PACKET_DATA + PLAIN_BYTES_MAX;
        const guint8 *body;
        guint32 bytes, id;

        if (!capture_stream_may_pass(s, head + CAPTURE_PASSED_BYTES_MIN) ||
            !(may_move ? capture_stream_need(s, head) : capture_stream_extend(s, head)))
                return FALSE;
        body = s->at + BLOCK_HEADER_BYTES;
        bytes = capture_u32(s->at + 4, r->swapped);
        id = capture_u32(body + PACKET_INTERFACE, r->swapped);
        if (capture_u32(s->at, r->swapped) != ENHANCED_PACKET || id >= r->interfaces->len || bytes > r->block_bytes_max ||
            bytes < capture_stream_left(s) + CAPTURE_PASSED_BYTES_MIN || !capture_stream_may_pass(s, bytes) ||
            bytes != BLOCK_BYTES_MIN + PACKET_DATA + block_padded(capture_u32(body + PACKET_CAPTURED, r->swapped)))
                return FALSE;
        packet_fill(r, frame, body, bytes - BLOCK_BYTES_MIN, id, r->swapped);
        if (!plain_is(frame) || !block_pass(r, s, bytes))
                return FALSE;
        capture_stream_consume(s, BLOCK_TRAILER_BYTES);
        return TRUE;
}

static guint pcapng_read(CaptureReader *reader, CaptureStream *s, CaptureInfo *info, Frame *frames, guint n) {
        PcapngReader *r = (PcapngReader *)reader;
        guint i = 0;

        for (;;) {
                i += packets_take(r, s, frames + i, n - i);
                if (i < n && packet_pass(r, s, &frames[i], i == 0)) {
                        i++;
                        continue;
                }
                if (i == n || (i > 0 && !block_is_buffered(r, s)) || !block_take(r, s, info, frames, &i))
                        break;
        }
        info->drops = MAX(r->drops_statistics, r->drops_packets); /* two ways to tell the same */
        return i;
}

/* ── The beginning ─────────────────────────────────────────────────────────── */

gboolean capture_pcapng_sniff(CaptureStream *s) {
        if (!capture_stream_need(s, BLOCK_BYTES_MIN) || capture_u32(s->at, FALSE) != SECTION_HEADER)
                return FALSE;
        guint32 magic = capture_u32(s->at + BLOCK_HEADER_BYTES, FALSE);
        return magic == BYTE_ORDER_MAGIC || magic == GUINT32_SWAP_LE_BE(BYTE_ORDER_MAGIC);
}

static gboolean type_is_packet(guint32 type) {
        return type == ENHANCED_PACKET || type == SIMPLE_PACKET || type == PACKET;
}

static void pcapng_free(CaptureReader *reader) {
        PcapngReader *r = (PcapngReader *)reader;

        g_array_free(r->interfaces, TRUE);
        g_free(r);
}

/* Reads up to the first packet, so that the link types are known when a filter is set. */
CaptureReader *capture_pcapng_new(CaptureStream *s, CaptureInfo *info) {
        PcapngReader *r = g_new0(PcapngReader, 1);
        Frame none; /* blocks before the first packet fill no frame */
        guint n = 0;

        r->reader.read = pcapng_read;
        r->reader.free = pcapng_free;
        r->interfaces = g_array_new(FALSE, FALSE, sizeof(Interface));
        r->block_bytes_max = BLOCK_BYTES_MAX;
        while (capture_stream_need(s, BLOCK_BYTES_MIN) && !type_is_packet(block_peek(r, s).type)) {
                if (!block_take(r, s, info, &none, &n))
                        break;
        }
        return &r->reader;
}
