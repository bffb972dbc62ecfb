/* SPDX-License-Identifier: BSD-3-Clause */

/* Captures are built in memory byte by byte, in either byte order, and read back. */

#include <archive.h>
#include <archive_entry.h>
#include <string.h>
#include <unistd.h>

#include "dissect/capture.h"
#include "dissect/capture_ahead.h"

#define MAGIC_US 0xa1b2c3d4
#define MAGIC_NS 0xa1b23c4d
#define MAGIC_MODIFIED 0xa1b2cd34
#define SECOND_NS G_GINT64_CONSTANT(1000000000)

/* ── Building ──────────────────────────────────────────────────────────────── */

typedef struct File {
        GByteArray *bytes;
        gboolean big_endian;
} File;

static File file_new(gboolean big_endian) {
        return (File){ .bytes = g_byte_array_new(), .big_endian = big_endian };
}

static void put(File *f, guint n, guint64 value) {
        for (guint i = 0; i < n; i++) {
                guint8 byte = (guint8)(value >> 8 * (f->big_endian ? n - 1 - i : i));
                g_byte_array_append(f->bytes, &byte, 1);
        }
}

/* Packet bytes that tell which packet they are of. */
static void put_payload(File *f, guint n, guint8 fill) {
        for (guint i = 0; i < n; i++)
                g_byte_array_append(f->bytes, &fill, 1);
}

static void put_pcap_header(File *f, guint32 magic, guint major, guint minor, guint32 snaplen,
                            guint32 link_type) {
        put(f, 4, magic);
        put(f, 2, major);
        put(f, 2, minor);
        put(f, 8, 0);
        put(f, 4, snaplen);
        put(f, 4, link_type);
}

static void put_record(File *f, guint32 seconds, guint32 fraction, guint32 first_length,
                       guint32 second_length, guint32 bytes, guint8 fill) {
        put(f, 4, seconds);
        put(f, 4, fraction);
        put(f, 4, first_length);
        put(f, 4, second_length);
        put_payload(f, bytes, fill);
}

static void put_block(File *f, guint32 type, const File *body) {
        guint padding = -body->bytes->len & 3;

        put(f, 4, type);
        put(f, 4, 12 + body->bytes->len + padding);
        g_byte_array_append(f->bytes, body->bytes->data, body->bytes->len);
        put_payload(f, padding, 0);
        put(f, 4, 12 + body->bytes->len + padding);
        g_byte_array_unref(body->bytes);
}

static void put_section(File *f) {
        File b = file_new(f->big_endian);

        put(&b, 4, 0x1a2b3c4d);
        put(&b, 2, 1);
        put(&b, 2, 0);
        put(&b, 8, G_MAXUINT64);
        put_block(f, 0x0a0d0d0a, &b);
}

static void put_option(File *b, guint code, guint n, guint64 value) {
        put(b, 2, code);
        put(b, 2, n);
        put(b, n, value);
        put_payload(b, -n & 3, 0);
}

/* @resolution, @offset_s: 0 leaves the option out. */
static void put_interface(File *f, guint link_type, guint32 snaplen, guint resolution, gint64 offset_s) {
        File b = file_new(f->big_endian);

        put(&b, 2, link_type);
        put(&b, 2, 0);
        put(&b, 4, snaplen);
        if (resolution > 0)
                put_option(&b, 9, 1, resolution);
        if (offset_s != 0)
                put_option(&b, 14, 8, (guint64)offset_s);
        put_block(f, 1, &b);
}

static void put_packet(File *f, guint interface, guint64 ticks, guint captured, guint wire, guint8 fill) {
        File b = file_new(f->big_endian);

        put(&b, 4, interface);
        put(&b, 4, ticks >> 32);
        put(&b, 4, ticks & 0xffffffff);
        put(&b, 4, captured);
        put(&b, 4, wire);
        put_payload(&b, captured, fill);
        put_block(f, 6, &b);
}

/* ── Reading ───────────────────────────────────────────────────────────────── */

/* Takes @f over. */
static Capture *file_open(File *f) {
        g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(f->bytes);
        g_autoptr(GError) error = NULL;
        Capture *c = capture_open_bytes("memory", bytes, 3, &error);

        g_assert_no_error(error);
        g_assert_nonnull(c);
        return c;
}

static void assert_frame(Capture *c, gint64 time_ns, guint captured, guint wire, guint link_type,
                         guint8 fill) {
        Frame f;

        g_assert_cmpuint(capture_read(c, &f, 1), ==, 1);
        g_assert_cmpint(f.time_ns, ==, time_ns);
        g_assert_cmpuint(f.captured_bytes, ==, captured);
        g_assert_cmpuint(f.wire_bytes, ==, wire);
        g_assert_cmpuint(f.link_type, ==, link_type);
        g_assert_cmpuint(frame_ref_file(f.ref), ==, 3);
        g_assert_cmpuint(frame_ref_number(f.ref), ==, capture_info(c)->frames);
        for (guint i = 0; i < captured; i++)
                g_assert_cmpuint(f.data[i], ==, fill);
}

static void assert_end(Capture *c) {
        Frame f;

        g_assert_cmpuint(capture_read(c, &f, 1), ==, 0);
        g_assert_cmpstr(capture_info(c)->damage_text, ==, NULL);
        g_assert_cmpuint(capture_info(c)->damage, ==, CAPTURE_INTACT);
}

static void assert_damage(Capture *c, CaptureDamage damage, guint64 frame, guint64 offset, const char *text) {
        const CaptureInfo *info = capture_info(c);
        Frame f;

        g_assert_cmpuint(capture_read(c, &f, 1), ==, 0);
        g_assert_cmpstr(info->damage_text, ==, text);
        g_assert_cmpuint(info->damage, ==, damage);
        g_assert_cmpuint(info->damage_frame, ==, frame);
        g_assert_cmpuint(info->damage_offset, ==, offset);
}

/* ── pcap ──────────────────────────────────────────────────────────────────── */

static void pcap_magics_and_byte_orders(void) {
        static const struct {
                guint32 magic;
                gint64 fraction_ns;
                guint extra_bytes; /* of a record's header */
        } cases[] = { { MAGIC_US, 1000, 0 }, { MAGIC_NS, 1, 0 }, { MAGIC_MODIFIED, 1000, 8 } };

        for (guint i = 0; i < 2 * G_N_ELEMENTS(cases); i++) {
                File f = file_new(i % 2);
                put_pcap_header(&f, cases[i / 2].magic, 2, 4, 96, 1);
                put_record(&f, 1700000000, 999, 5, 60, cases[i / 2].extra_bytes, 0xee);
                put_payload(&f, 5, 'a');
                g_autoptr(Capture) c = file_open(&f);
                assert_frame(c, 1700000000 * SECOND_NS + 999 * cases[i / 2].fraction_ns, 5, 60, 1, 'a');
                assert_end(c);
                g_assert_cmpstr(capture_info(c)->format, ==, "pcap");
                g_assert_cmpuint(capture_info(c)->snaplen, ==, 96);
                g_assert_cmpuint(capture_info(c)->cut_frames, ==, 1);
        }
}

/* The order of the two lengths changed with 2.3, in whose files both are found. */
static void pcap_versions(void) {
        static const struct {
                guint major, minor, first, second;
        } cases[] = {
                { 2, 4, 4, 60 }, { 2, 3, 4, 60 }, { 2, 3, 60, 4 },
                { 2, 2, 60, 4 }, { 2, 1, 60, 4 }, { 543, 0, 60, 4 },
        };

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                File f = file_new(FALSE);
                put_pcap_header(&f, MAGIC_US, cases[i].major, cases[i].minor, 0, 1);
                put_record(&f, 1, 0, cases[i].first, cases[i].second, 4, 'v');
                g_autoptr(Capture) c = file_open(&f);
                assert_frame(c, SECOND_NS, 4, 60, 1, 'v');
                assert_end(c);
        }
}

static void pcap_version_unknown(void) {
        File f = file_new(FALSE);
        g_autoptr(GError) error = NULL;

        put_pcap_header(&f, MAGIC_US, 3, 1, 0, 1);
        g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(f.bytes);
        g_assert_null(capture_open_bytes("new.pcap", bytes, 0, &error));
        g_assert_error(error, CAPTURE_ERROR, CAPTURE_ERROR_FORMAT);
        g_assert_cmpstr(error->message, ==,
                        "new.pcap: not a capture that can be read: pcap version 3.1 is not known");
}

/* The upper half of the link type is not the link type: an FCS length with its flag, or noise. */
static void pcap_link_type_bits(void) {
        static const struct {
                guint32 field;
                guint link_type, fcs_bytes;
        } cases[] = { { 0x24000001, 1, 4 }, { 0x20000065, 101, 0 }, { 0x00000114, 276, 0 } };

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                File f = file_new(FALSE);
                Frame frame;
                put_pcap_header(&f, MAGIC_US, 2, 4, 0, cases[i].field);
                put_record(&f, 0, 0, 1, 1, 1, 0);
                g_autoptr(Capture) c = file_open(&f);
                g_assert_cmpuint(capture_info(c)->link_types[0], ==, cases[i].link_type);
                g_assert_cmpuint(capture_read(c, &frame, 1), ==, 1);
                g_assert_cmpuint(frame.link_type, ==, cases[i].link_type);
                g_assert_cmpuint(frame.fcs_bytes, ==, cases[i].fcs_bytes);
        }
}

static void pcap_damage(void) {
        File f = file_new(FALSE);
        put_pcap_header(&f, MAGIC_US, 2, 4, 65535, 1);
        put_record(&f, 1, 0, 10, 10, 10, 'x');
        File header_cut = file_new(FALSE), packet_cut = file_new(FALSE), absurd = file_new(FALSE),
             only_magic = file_new(FALSE);
        g_byte_array_append(header_cut.bytes, f.bytes->data, f.bytes->len);
        put_payload(&header_cut, 5, 0);
        g_byte_array_append(packet_cut.bytes, f.bytes->data, f.bytes->len);
        put_record(&packet_cut, 2, 0, 1514, 1514, 20, 'y');
        g_byte_array_append(absurd.bytes, f.bytes->data, f.bytes->len);
        put_record(&absurd, 2, 0, 1 << 30, 1 << 30, 20, 'y');
        g_byte_array_append(only_magic.bytes, f.bytes->data, 10);
        g_byte_array_unref(f.bytes);

        g_autoptr(Capture) a = file_open(&header_cut);
        assert_frame(a, SECOND_NS, 10, 10, 1, 'x');
        assert_damage(a, CAPTURE_TRUNCATED, 2, 50, "the file ends in the header of record 2: 5 of 16 bytes");
        g_autoptr(Capture) b = file_open(&packet_cut);
        assert_frame(b, SECOND_NS, 10, 10, 1, 'x');
        assert_damage(b, CAPTURE_TRUNCATED, 2, 50,
                      "record 2 claims 1514 bytes, the file ends after 20 of them");
        g_autoptr(Capture) d = file_open(&absurd);
        assert_frame(d, SECOND_NS, 10, 10, 1, 'x');
        assert_damage(d, CAPTURE_CORRUPT, 2, 50, "record 2 claims 1073741824 bytes, the limit is 262144");
        g_autoptr(Capture) e = file_open(&only_magic);
        assert_damage(e, CAPTURE_TRUNCATED, 1, 0, "the file ends in its header: 10 of 24 bytes");
}

/* Times are unsigned on both sides; steps backward are counted, however large. */
static void pcap_times(void) {
        File f = file_new(FALSE);
        put_pcap_header(&f, MAGIC_NS, 2, 4, 0, 1);
        put_record(&f, 0xffffffff, 0xffffffff, 1, 1, 1, 1);
        put_record(&f, 10, 0, 1, 1, 1, 2);
        put_record(&f, 9, 0, 1, 1, 1, 3);
        put_record(&f, 11, 0, 1, 1, 1, 4);
        g_autoptr(Capture) c = file_open(&f);
        gint64 largest = G_GINT64_CONSTANT(0xffffffff) * SECOND_NS + 0xffffffff;

        assert_frame(c, largest, 1, 1, 1, 1);
        assert_frame(c, 10 * SECOND_NS, 1, 1, 1, 2);
        assert_frame(c, 9 * SECOND_NS, 1, 1, 1, 3);
        assert_frame(c, 11 * SECOND_NS, 1, 1, 1, 4);
        assert_end(c);
        g_assert_cmpint(capture_info(c)->first_ns, ==, 9 * SECOND_NS);
        g_assert_cmpint(capture_info(c)->last_ns, ==, largest);
        g_assert_cmpuint(capture_info(c)->backward_steps, ==, 2);
        g_assert_cmpint(capture_info(c)->backward_ns_max, ==, largest - 10 * SECOND_NS);
}

/* ── pcapng ────────────────────────────────────────────────────────────────── */

static void pcapng_sections_and_interfaces(void) {
        File f = file_new(FALSE);
        put_section(&f);
        put_interface(&f, 1, 100, 0, 0);
        put_interface(&f, 101, 0, 9, 0);
        put_packet(&f, 0, 1700000000000001, 3, 3, 'a');
        put_packet(&f, 1, 1700000000000000001, 4, 9, 'b');
        f.big_endian = TRUE;
        put_section(&f);
        put_interface(&f, 276, 0, 0, 0);
        put_packet(&f, 0, 2000001, 5, 5, 'c');
        g_autoptr(Capture) c = file_open(&f);

        assert_frame(c, 1700000000000001000, 3, 3, 1, 'a');
        assert_frame(c, 1700000000000000001, 4, 9, 101, 'b');
        assert_frame(c, 2000001000, 5, 5, 276, 'c');
        assert_end(c);
        const CaptureInfo *info = capture_info(c);
        g_assert_cmpstr(info->format, ==, "pcapng");
        g_assert_cmpuint(info->sections, ==, 2);
        g_assert_cmpuint(info->interfaces, ==, 3);
        g_assert_cmpuint(info->n_link_types, ==, 3);
        g_assert_cmpuint(info->snaplen, ==, 100);
}

static void pcapng_clocks(void) {
        static const struct {
                guint resolution;
                gint64 offset_s;
                guint64 ticks;
                gint64 time_ns;
        } cases[] = {
                { 6, 0, 1, 1000 },
                { 3, 0, 1700000000123, 1700000000123000000 },
                { 9, 0, 1700000000123456789, 1700000000123456789 },
                { 12, 0, 1700000000123456999, 1700000000123456 },
                { 0x80 | 10, 0, 1024 + 512, 1500000000 },
                { 0x80 | 32, 0, (G_GUINT64_CONSTANT(1700000000) << 32) + (1u << 31), 1700000000500000000 },
                { 0x80 | 63, 0, G_MAXUINT64, 1999999999 },
                { 19, 0, G_MAXUINT64, 1844674407 },
                { 28, 0, G_MAXUINT64, 1 },
                { 29, 0, G_MAXUINT64, 0 },
                { 127, 0, G_MAXUINT64, 0 },
                { 0xff, 0, G_MAXUINT64, 0 },
                { 6, 1700000000, 5, 1700000000000005000 },
                { 6, -2, 1000000, -SECOND_NS },
                { 6, 0, G_MAXUINT64, G_MAXINT64 },
                { 9, G_MAXINT64, G_MAXUINT64, G_MAXINT64 },
                { 6, G_MININT64, 0, G_MININT64 },
        };

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                File f = file_new(FALSE);
                put_section(&f);
                put_interface(&f, 1, 0, cases[i].resolution, cases[i].offset_s);
                put_packet(&f, 0, cases[i].ticks, 1, 1, 0);
                g_autoptr(Capture) c = file_open(&f);
                assert_frame(c, cases[i].time_ns, 1, 1, 1, 0);
                assert_end(c);
        }
}

static void pcapng_other_blocks(void) {
        File f = file_new(FALSE), secrets = file_new(FALSE), obsolete = file_new(FALSE),
             simple = file_new(FALSE), flagged = file_new(FALSE);
        put_section(&f);
        put_interface(&f, 1, 8, 0, 0);
        put_payload(&secrets, 300000, 'k'); /* more than the buffer */
        put_block(&f, 0x0000000a, &secrets);

        put(&obsolete, 2, 0);
        put(&obsolete, 2, 7); /* drops before it */
        put(&obsolete, 8, 0);
        put(&obsolete, 4, 3);
        put(&obsolete, 4, 3);
        put_payload(&obsolete, 3, 'o');
        put_block(&f, 2, &obsolete);

        put(&simple, 4, 100); /* the snaplen of 8 tells how many of them are here */
        put_payload(&simple, 8, 's');
        put_block(&f, 3, &simple);

        put_payload(&flagged, 12, 0);
        put(&flagged, 4, 2);
        put(&flagged, 4, 2);
        put_payload(&flagged, 2, 'f');
        put_payload(&flagged, 2, 0);
        put_option(&flagged, 1, 3, 0x414141);
        put_option(&flagged, 2, 4, 2 | 4 << 5);
        put_option(&flagged, 0, 0, 0);
        put_block(&f, 6, &flagged);

        g_autoptr(Capture) c = file_open(&f);
        Frame frame;
        assert_frame(c, 0, 3, 3, 1, 'o');
        assert_frame(c, 0, 8, 100, 1, 's');
        g_assert_cmpuint(capture_read(c, &frame, 1), ==, 1);
        g_assert_cmpuint(frame.direction, ==, FRAME_OUTBOUND);
        g_assert_cmpuint(frame.fcs_bytes, ==, 4);
        assert_end(c);
        g_assert_cmpuint(capture_info(c)->drops, ==, 7);
}

/* The counters of an interface run on: its last block holds them all. */
static void pcapng_drops(void) {
        static const guint64 drops[][2] = { { 5, 1 }, { 20, 2 } };
        File f = file_new(TRUE);

        put_section(&f);
        put_interface(&f, 1, 0, 0, 0);
        for (guint i = 0; i < G_N_ELEMENTS(drops); i++) {
                File b = file_new(TRUE);
                put_payload(&b, 12, 0);
                put_option(&b, 5, 8, drops[i][0]);
                put_option(&b, 7, 8, drops[i][1]);
                put_block(&f, 5, &b);
        }
        g_autoptr(Capture) c = file_open(&f);
        assert_end(c);
        g_assert_cmpuint(capture_info(c)->drops, ==, 22);
}

typedef void (*PutDamage)(File *f);

static void put_no_such_interface(File *f) {
        put_packet(f, 1, 0, 1, 1, 0);
}

static void put_overlong_packet(File *f) {
        put_packet(f, 0, 0, 4, 4, 0);
        f->bytes->data[f->bytes->len - 4 - 4 - 8] = 200;
}

static void put_lengths_that_differ(File *f) {
        put_packet(f, 0, 0, 4, 4, 0);
        f->bytes->data[f->bytes->len - 4] ^= 4;
}

static void put_short_block(File *f) {
        put(f, 4, 6);
        put(f, 4, 8);
        put(f, 4, 8);
}

static void put_huge_block(File *f) {
        put(f, 4, 0x99);
        put(f, 4, 0x40000000);
        put(f, 4, 0);
}

static void put_cut_block(File *f) {
        put(f, 4, 6);
        put(f, 4, 48);
        put(f, 8, 0);
}

static void put_cut_header(File *f) {
        put(f, 4, 6);
}

static void put_bad_magic(File *f) {
        put(f, 4, 0x0a0d0d0a);
        put(f, 4, 28);
        put(f, 4, 0x11111111);
}

static void pcapng_damage(void) {
        static const struct {
                PutDamage put;
                CaptureDamage damage;
                const char *text;
        } cases[] = {
                { put_no_such_interface, CAPTURE_CORRUPT,
                  "a packet of interface 1, but section 1 has described 1" },
                { put_overlong_packet, CAPTURE_CORRUPT,
                  "a packet claims 200 bytes in a block that has room for 4" },
                { put_lengths_that_differ, CAPTURE_CORRUPT,
                  "a block of type 0x00000006 has length 36 in front and 32 behind" },
                { put_short_block, CAPTURE_CORRUPT,
                  "a block of type 0x00000006 claims 8 bytes, the limits are 12 and 16777216" },
                { put_huge_block, CAPTURE_CORRUPT,
                  "a block of type 0x00000099 claims 1073741824 bytes, the limits are 12 and 16777216" },
                { put_cut_block, CAPTURE_TRUNCATED,
                  "a block of type 0x00000006 claims 48 bytes, the file ends after 16 of them" },
                { put_cut_header, CAPTURE_TRUNCATED,
                  "the file ends in the header of a block: 4 of 12 bytes" },
                { put_bad_magic, CAPTURE_CORRUPT, "a section header with byte-order magic 0x11111111" },
        };

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                File f = file_new(FALSE);
                put_section(&f);
                put_interface(&f, 1, 0, 0, 0);
                put_packet(&f, 0, 1, 4, 4, 'g');
                guint offset = f.bytes->len;
                cases[i].put(&f);
                g_autoptr(Capture) c = file_open(&f);
                assert_frame(c, 1000, 4, 4, 1, 'g');
                assert_damage(c, cases[i].damage, 2, offset, cases[i].text);
        }
}

/* ── Streams ───────────────────────────────────────────────────────────────── */

#define MANY_FRAMES 6000U
#define MANY_BYTES_MAX 1000U

/* 3 MB of frames of unlike sizes: more than any buffer. */
static GBytes *many_frames(void) {
        File f = file_new(FALSE);

        put_pcap_header(&f, MAGIC_US, 2, 4, 65535, 1);
        for (guint i = 0; i < MANY_FRAMES; i++)
                put_record(&f, i, 0, i % MANY_BYTES_MAX, i % MANY_BYTES_MAX, i % MANY_BYTES_MAX, (guint8)i);
        return g_byte_array_free_to_bytes(f.bytes);
}

/* The same as pcapng; between frames of one batch there are blocks that are none. */
static GBytes *many_blocks(void) {
        File f = file_new(FALSE);

        put_section(&f);
        put_interface(&f, 1, 0, 0, 0);
        for (guint i = 0; i < MANY_FRAMES; i++) {
                put_packet(&f, 0, i * (guint64)1000000, i % MANY_BYTES_MAX, i % MANY_BYTES_MAX, (guint8)i);
                if (i % 50 == 0)
                        put_interface(&f, 1, 0, 0, 0);
        }
        return g_byte_array_free_to_bytes(f.bytes);
}

/* Returns: frames read; all of a batch are checked after the whole batch is there. */
static guint many_frames_check(Capture *c) {
        Frame frames[FRAME_BATCH];
        guint number = 0, got;

        while ((got = capture_read(c, frames, FRAME_BATCH)) > 0) {
                for (guint i = 0; i < got; i++, number++) {
                        g_assert_cmpuint(frames[i].captured_bytes, ==, number % MANY_BYTES_MAX);
                        g_assert_cmpint(frames[i].time_ns, ==, number * SECOND_NS);
                        for (guint32 b = 0; b < frames[i].captured_bytes; b++)
                                g_assert_cmpuint(frames[i].data[b], ==, (guint8)number);
                }
        }
        return number;
}

static char *temporary_write(const void *data, gsize n) {
        g_autoptr(GError) error = NULL;
        char *path = NULL;
        int fd = g_file_open_tmp("test-capture-XXXXXX", &path, &error);

        g_assert_no_error(error);
        close(fd);
        g_file_set_contents(path, data, (gssize)n, &error);
        g_assert_no_error(error);
        return path;
}

static const struct Many {
        const char *name;
        GBytes *(*make)(void);
} manies[] = { { "pcap", many_frames }, { "pcapng", many_blocks } };

static void stream_file(gconstpointer data) {
        const struct Many *many = data;

        g_autoptr(GBytes) bytes = many->make();
        g_autofree char *path = temporary_write(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));

        for (guint use_libpcap = 0; use_libpcap < 2; use_libpcap++) {
                g_autoptr(GError) error = NULL;
                g_autoptr(Capture) c = capture_open(path, 0, use_libpcap, &error);
                g_assert_no_error(error);
                g_assert_cmpuint(many_frames_check(c), ==, MANY_FRAMES);
                g_assert_cmpuint(capture_info(c)->bytes, ==, g_bytes_get_size(bytes));
                g_assert_cmpuint(capture_info(c)->file_bytes, ==, g_bytes_get_size(bytes));
                g_assert_cmpuint(capture_info(c)->file_offset, ==, g_bytes_get_size(bytes));
        }
        unlink(path);
}

typedef int (*AddFilter)(struct archive *);

static const struct {
        const char *name;
        AddFilter add;
} compressions[] = {
        { "gzip", archive_write_add_filter_gzip },   { "xz", archive_write_add_filter_xz },
        { "zstd", archive_write_add_filter_zstd },   { "lz4", archive_write_add_filter_lz4 },
        { "bzip2", archive_write_add_filter_bzip2 },
};

static GBytes *compress(GBytes *bytes, AddFilter add) {
        gsize room = g_bytes_get_size(bytes) + 65536, used = 0;
        guint8 *out = g_malloc(room);
        struct archive *a = archive_write_new();
        struct archive_entry *entry = archive_entry_new();

        g_assert_cmpint(add(a), ==, ARCHIVE_OK);
        archive_write_set_format_raw(a);
        archive_write_set_bytes_per_block(a, 1);
        g_assert_cmpint(archive_write_open_memory(a, out, room, &used), ==, ARCHIVE_OK);
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_write_header(a, entry);
        archive_write_data(a, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
        archive_write_close(a);
        archive_write_free(a);
        archive_entry_free(entry);
        return g_bytes_new_take(out, used);
}

static void stream_compressed(void) {
        g_autoptr(GBytes) bytes = many_frames();

        for (guint i = 0; i < G_N_ELEMENTS(compressions); i++) {
                g_autoptr(GError) error = NULL;
                g_autoptr(GBytes) packed = compress(bytes, compressions[i].add);
                g_autoptr(Capture) c = capture_open_bytes("packed", packed, 0, &error);
                g_autofree char *format = g_strdup_printf("pcap (%s)", compressions[i].name);
                g_assert_no_error(error);
                g_assert_cmpuint(many_frames_check(c), ==, MANY_FRAMES);
                g_assert_cmpstr(capture_info(c)->format, ==, format);
                g_assert_cmpstr(capture_info(c)->damage_text, ==, NULL);
                g_assert_cmpuint(capture_info(c)->bytes, ==, g_bytes_get_size(bytes));
        }
}

/* What was whole before the cut comes out; the rest is damage and not an error of opening. */
static void stream_compressed_cut(void) {
        g_autoptr(GBytes) bytes = many_frames();

        for (guint i = 0; i < G_N_ELEMENTS(compressions); i++) {
                g_autoptr(GError) error = NULL;
                g_autoptr(GBytes) packed = compress(bytes, compressions[i].add);
                g_autoptr(GBytes) cut = g_bytes_new_from_bytes(packed, 0, g_bytes_get_size(packed) / 2);
                g_autoptr(Capture) c = capture_open_bytes("packed", cut, 0, &error);
                g_assert_no_error(error);
                guint frames = many_frames_check(c);
                g_assert_cmpuint(frames, <, MANY_FRAMES);
                g_assert_cmpuint(capture_info(c)->damage, ==, CAPTURE_TRUNCATED);
                g_assert_cmpuint(capture_info(c)->damage_frame, ==, frames + 1);
                g_assert_nonnull(strstr(capture_info(c)->damage_text, compressions[i].name));
        }
}

/* A gzip file may be several, one after the other; its CRC is looked at. */
/* A capture is let go while more of it is awaited. */
static void stream_closed_early(void) {
        g_autoptr(GBytes) bytes = many_frames();
        g_autoptr(GBytes) compressed = compress(bytes, archive_write_add_filter_gzip);
        g_autoptr(GError) error = NULL;
        g_autofree char *path = NULL;
        Frame frames[FRAME_BATCH];
        int pipe_ends[2];

        g_assert_cmpuint(g_bytes_get_size(compressed), >, 16384);
        g_assert_cmpint(pipe(pipe_ends), ==, 0);
        g_assert_cmpint(write(pipe_ends[1], g_bytes_get_data(compressed, NULL), 16384), ==, 16384);
        path = g_strdup_printf("/dev/fd/%d", pipe_ends[0]);
        g_autoptr(Capture) c = capture_open(path, 0, FALSE, &error);
        g_assert_no_error(error);
        for (guint i = 0; i < 3; i++)
                g_assert_cmpuint(capture_read(c, frames, FRAME_BATCH), >, 0);
        alarm(60);
        g_clear_pointer(&c, capture_free);
        alarm(0);
        close(pipe_ends[0]);
        close(pipe_ends[1]);
}

/* More at once than may have a thread each. */
static void stream_many_at_once(void) {
        g_autoptr(GBytes) bytes = many_frames();
        g_autoptr(GBytes) compressed = compress(bytes, archive_write_add_filter_gzip);
        Capture *captures[2 * CAPTURE_AHEAD_MAX];
        guint64 frames_read = 0;

        for (guint i = 0; i < G_N_ELEMENTS(captures); i++)
                captures[i] = capture_open_bytes("memory", compressed, i, NULL);
        for (gboolean more = TRUE; more;) {
                more = FALSE;
                for (guint i = 0; i < G_N_ELEMENTS(captures); i++) {
                        Frame frames[FRAME_BATCH];
                        guint n = capture_read(captures[i], frames, FRAME_BATCH);

                        frames_read += n;
                        more |= n > 0;
                }
        }
        g_assert_cmpuint(frames_read, ==, G_N_ELEMENTS(captures) * MANY_FRAMES);
        for (guint i = 0; i < G_N_ELEMENTS(captures); i++) {
                g_assert_cmpint(capture_info(captures[i])->damage, ==, CAPTURE_INTACT);
                capture_free(captures[i]);
        }
}

static void stream_gzip(void) {
        g_autoptr(GBytes) bytes = many_frames();
        g_autoptr(GBytes) head = g_bytes_new_from_bytes(bytes, 0, 1000);
        g_autoptr(GBytes) tail = g_bytes_new_from_bytes(bytes, 1000, g_bytes_get_size(bytes) - 1000);
        g_autoptr(GBytes) head_packed = compress(head, archive_write_add_filter_gzip);
        g_autoptr(GBytes) tail_packed = compress(tail, archive_write_add_filter_gzip);
        GByteArray *both = g_byte_array_new();
        g_byte_array_append(both, g_bytes_get_data(head_packed, NULL), (guint)g_bytes_get_size(head_packed));
        g_byte_array_append(both, g_bytes_get_data(tail_packed, NULL), (guint)g_bytes_get_size(tail_packed));
        g_autoptr(GBytes) good = g_bytes_new(both->data, both->len);
        both->data[both->len - 8] ^= 1; /* the CRC, RFC 1952 2.3 */
        g_autoptr(GBytes) bad = g_byte_array_free_to_bytes(both);

        g_autoptr(Capture) c = capture_open_bytes("good", good, 0, NULL);
        g_assert_cmpuint(many_frames_check(c), ==, MANY_FRAMES);
        g_assert_cmpstr(capture_info(c)->damage_text, ==, NULL);
        g_autoptr(Capture) d = capture_open_bytes("bad", bad, 0, NULL);
        g_assert_cmpuint(many_frames_check(d), ==, MANY_FRAMES);
        g_assert_cmpstr(capture_info(d)->damage_text, ==, "gzip data is damaged: incorrect data check");
}

static void assert_not_opened(const char *path, int code, const char *message) {
        g_autoptr(GError) error = NULL;

        g_assert_null(capture_open(path, 0, FALSE, &error));
        g_assert_error(error, CAPTURE_ERROR, code);
        g_assert_cmpstr(error->message, ==, message);
}

static void stream_not_a_capture(void) {
        g_autofree char *empty = temporary_write("", 0);
        g_autofree char *text = temporary_write("GET / HTTP/1.1\r\n", 16);
        g_autofree char *empty_message = g_strdup_printf("%s: not a capture that can be read: it is empty",
                                                         empty);
        g_autofree char *text_message = g_strdup_printf(
                "%s: not a capture that can be read: unknown file format", text);

        assert_not_opened(empty, CAPTURE_ERROR_FORMAT, empty_message);
        assert_not_opened(text, CAPTURE_ERROR_FORMAT, text_message);
        assert_not_opened("/", CAPTURE_ERROR_OPEN, "/: Is a directory");
        assert_not_opened("/nowhere/at/all", CAPTURE_ERROR_OPEN,
                          "/nowhere/at/all: No such file or directory");
        unlink(empty);
        unlink(text);
}

/* ── Filters ───────────────────────────────────────────────────────────────── */

static void filter_by_length(void) {
        g_autoptr(GBytes) bytes = many_frames();
        g_autoptr(GError) error = NULL;
        g_autoptr(Capture) c = capture_open_bytes("memory", bytes, 0, &error);
        Frame frames[FRAME_BATCH];
        guint got, matched = 0;

        g_assert_true(capture_set_filter(c, "greater 900", &error));
        g_assert_no_error(error);
        while ((got = capture_read(c, frames, FRAME_BATCH)) > 0) {
                for (guint i = 0; i < got; i++)
                        g_assert_cmpuint(frames[i].wire_bytes, >=, 900);
                matched += got;
        }
        g_assert_cmpuint(matched, ==, MANY_FRAMES / 10);
        g_assert_cmpuint(capture_info(c)->frames, ==, MANY_FRAMES);
        g_assert_cmpuint(capture_info(c)->filtered_frames, ==, MANY_FRAMES - matched);
}

/* 'ether' means nothing on raw IP: an error if there is nothing else, no match if there is. */
static void filter_by_link_type(void) {
        g_autoptr(GError) error = NULL;
        File raw = file_new(FALSE);
        put_pcap_header(&raw, MAGIC_US, 2, 4, 0, 101);
        g_autoptr(Capture) c = file_open(&raw);
        g_assert_false(capture_set_filter(c, "ether host 1:2:3:4:5:6", &error));
        g_assert_error(error, CAPTURE_ERROR, CAPTURE_ERROR_FILTER);
        g_assert_true(g_str_has_prefix(error->message,
                                       "memory: filter 'ether host 1:2:3:4:5:6' on link type RAW (101): "));

        File both = file_new(FALSE);
        put_section(&both);
        put_interface(&both, 1, 0, 0, 0);
        put_interface(&both, 101, 0, 0, 0);
        put_packet(&both, 1, 0, 20, 20, 7);
        put_packet(&both, 0, 0, 20, 20, 7);
        g_autoptr(Capture) d = file_open(&both);
        g_assert_true(capture_set_filter(d, "ether host 7:7:7:7:7:7", NULL));
        assert_frame(d, 0, 20, 20, 1, 7);
        assert_end(d);
}

static void link_type_names(void) {
        g_assert_cmpstr(capture_link_type_name(1), ==, "EN10MB");
        g_assert_cmpstr(capture_link_type_name(101), ==, "RAW");
        g_assert_cmpstr(capture_link_type_name(104), ==, "C_HDLC");
        g_assert_cmpstr(capture_link_type_name(60000), ==, NULL);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/capture/pcap/magics-and-byte-orders", pcap_magics_and_byte_orders);
        g_test_add_func("/capture/pcap/versions", pcap_versions);
        g_test_add_func("/capture/pcap/version-unknown", pcap_version_unknown);
        g_test_add_func("/capture/pcap/link-type-bits", pcap_link_type_bits);
        g_test_add_func("/capture/pcap/damage", pcap_damage);
        g_test_add_func("/capture/pcap/times", pcap_times);
        g_test_add_func("/capture/pcapng/sections-and-interfaces", pcapng_sections_and_interfaces);
        g_test_add_func("/capture/pcapng/clocks", pcapng_clocks);
        g_test_add_func("/capture/pcapng/other-blocks", pcapng_other_blocks);
        g_test_add_func("/capture/pcapng/drops", pcapng_drops);
        g_test_add_func("/capture/pcapng/damage", pcapng_damage);
        for (guint i = 0; i < G_N_ELEMENTS(manies); i++) {
                g_autofree char *whole = g_strconcat("/capture/stream/file/", manies[i].name, NULL);

                g_test_add_data_func(whole, &manies[i], stream_file);
        }
        g_test_add_func("/capture/stream/compressed", stream_compressed);
        g_test_add_func("/capture/stream/compressed-cut", stream_compressed_cut);
        g_test_add_func("/capture/stream/gzip", stream_gzip);
        g_test_add_func("/capture/stream/closed-early", stream_closed_early);
        g_test_add_func("/capture/stream/many-at-once", stream_many_at_once);
        g_test_add_func("/capture/stream/not-a-capture", stream_not_a_capture);
        g_test_add_func("/capture/filter/by-length", filter_by_length);
        g_test_add_func("/capture/filter/by-link-type", filter_by_link_type);
        g_test_add_func("/capture/link-type-names", link_type_names);
        return g_test_run();
}
