/* SPDX-License-Identifier: BSD-3-Clause */

/* What is read where payloads are passed is what is read where they are not, but for the payloads. */

#include <string.h>
#include <unistd.h>

#include "dissect/capture.h"
#include "dissect/plain.h"

#define FRAMES 600U
#define LARGE_BYTES_MAX 60000U

/* ── Writing ───────────────────────────────────────────────────────────────── */

static void put(GByteArray *f, guint n, guint32 value) {
        const guint32 little = GUINT32_TO_LE(value);

        g_byte_array_append(f, (const guint8 *)&little, n);
}

static void put_noise(GByteArray *f, guint n) {
        for (guint i = 0; i < n; i++)
                put(f, 1, (guint32)g_test_rand_int());
}

/* @plain: or another EtherType, so that layers may look at any byte */
static void put_packet(GByteArray *f, guint bytes, gboolean plain) {
        const guint8 ip[] = { 0x45, 0, (guint8)((bytes - 14) >> 8), (guint8)(bytes - 14), 1, 2, 0x40, 0, 64, 6, 0, 0,
                              10, 0, 0, 1, 10, 0, 0, 2 };
        const guint8 tcp[] = { 0x12, 0x34, 0, 21, 1, 2, 3, 4, 5, 6, 7, 8, 0x50, 0x10, 1, 1, 0, 0, 0, 0 };

        put_noise(f, 12);
        put(f, 2, plain ? 0x0008 : 0x0108);
        g_byte_array_append(f, ip, sizeof ip);
        g_byte_array_append(f, tcp, sizeof tcp);
        put_noise(f, bytes - 14 - (guint)sizeof ip - (guint)sizeof tcp);
}

static guint some_length(void) {
        return (guint)g_test_rand_int_range(54, g_test_rand_int_range(0, 3) ? LARGE_BYTES_MAX : 400);
}

static gboolean mostly(void) {
        return g_test_rand_int_range(0, 8) > 0;
}

static GByteArray *pcap_make(void) {
        GByteArray *f = g_byte_array_new();

        put(f, 4, 0xa1b2c3d4);
        put(f, 4, 2 | 4 << 16);
        put(f, 4, 0);
        put(f, 4, 0);
        put(f, 4, 65535);
        put(f, 4, 1);
        for (guint i = 0; i < FRAMES; i++) {
                const guint bytes = some_length();

                put(f, 4, i);
                put(f, 4, 0);
                put(f, 4, bytes);
                put(f, 4, bytes);
                put_packet(f, bytes, mostly());
        }
        return f;
}

/* @with_option: an outbound packet. @wrong: the length behind it is */
static void put_enhanced(GByteArray *f, guint32 i, gboolean with_option, gboolean wrong) {
        const guint bytes = some_length();
        const guint32 all = 32 + ((bytes + 3) & ~3U) + (with_option ? 12 : 0);

        put(f, 4, 6);
        put(f, 4, all);
        put(f, 4, 0);
        put(f, 4, 0);
        put(f, 4, i);
        put(f, 4, bytes);
        put(f, 4, bytes);
        put_packet(f, bytes, mostly());
        put_noise(f, -bytes & 3);
        if (with_option) {
                put(f, 4, 2 | 4 << 16);
                put(f, 4, FRAME_OUTBOUND);
                put(f, 4, 0);
        }
        put(f, 4, wrong ? all + 4 : all);
}

static GByteArray *pcapng_make(gboolean wrong) {
        static const guint32 head[] = { 0x0a0d0d0a, 28, 0x1a2b3c4d, 1, G_MAXUINT32, G_MAXUINT32, 28, 1, 20, 1, 0, 20 };
        GByteArray *f = g_byte_array_new();

        for (guint i = 0; i < G_N_ELEMENTS(head); i++)
                put(f, 4, head[i]);
        for (guint i = 0; i < FRAMES; i++)
                put_enhanced(f, i, !mostly(), wrong && i > FRAMES / 2);
        return f;
}

static GByteArray *pcapng_good(void) {
        return pcapng_make(FALSE);
}

static GByteArray *pcapng_wrong(void) {
        return pcapng_make(TRUE);
}

/* ── Reading ───────────────────────────────────────────────────────────────── */

/* Batches may end elsewhere: one at a time of what is there. */
typedef struct Reading {
        Capture *capture;
        Frame frames[FRAME_BATCH];
        guint next, n;
} Reading;

static const Frame *frame_next(Reading *r) {
        if (r->next == r->n) {
                r->n = capture_read(r->capture, r->frames, FRAME_BATCH);
                r->next = 0;
        }
        return r->n ? &r->frames[r->next++] : NULL;
}

static void assert_same_frame(const Frame *a, const Frame *b) {
        Segment s;
        const gsize n = plain_decode(a, &s) ? MIN(a->captured_bytes, PLAIN_BYTES_MAX) : a->captured_bytes;

        g_assert_cmpuint(a->ref, ==, b->ref);
        g_assert_cmpint(a->time_ns, ==, b->time_ns);
        g_assert_cmpuint(a->captured_bytes, ==, b->captured_bytes);
        g_assert_cmpuint(a->wire_bytes, ==, b->wire_bytes);
        g_assert_cmpuint(a->link_type, ==, b->link_type);
        g_assert_cmpuint(a->direction, ==, b->direction);
        g_assert_cmpmem(a->data, n, b->data, n);
}

static void assert_same_info(const CaptureInfo *a, const CaptureInfo *b) {
        g_assert_cmpuint(a->frames, ==, b->frames);
        g_assert_cmpuint(a->bytes, ==, b->bytes);
        g_assert_cmpuint(a->file_offset, ==, b->file_offset);
        g_assert_cmpuint(a->damage, ==, b->damage);
        g_assert_cmpuint(a->damage_frame, ==, b->damage_frame);
        g_assert_cmpuint(a->damage_offset, ==, b->damage_offset);
        g_assert_cmpstr(a->damage_text, ==, b->damage_text);
}

/* @n: of the file so many bytes. */
static void assert_same(const char *path, const GByteArray *file, gsize n) {
        g_autoptr(GError) error = NULL;
        Reading whole = { 0 }, passing = { 0 };
        const Frame *a, *b;

        g_file_set_contents(path, (const char *)file->data, (gssize)n, &error);
        g_assert_no_error(error);
        whole.capture = capture_open(path, 0, FALSE, &error);
        passing.capture = capture_open(path, 0, FALSE, &error);
        g_assert_no_error(error);
        capture_pass_payloads(passing.capture);
        while ((a = frame_next(&whole)) != NULL) {
                b = frame_next(&passing);
                g_assert_nonnull(b);
                assert_same_frame(a, b);
        }
        g_assert_null(frame_next(&passing));
        assert_same_info(capture_info(whole.capture), capture_info(passing.capture));
        capture_free(whole.capture);
        capture_free(passing.capture);
}

static const struct Case {
        const char *name;
        GByteArray *(*make)(void);
} cases[] = { { "pcap", pcap_make }, { "pcapng", pcapng_good }, { "pcapng-wrong-length", pcapng_wrong } };

static void pass(gconstpointer data) {
        const struct Case *a_case = data;
        g_autoptr(GByteArray) file = a_case->make();
        g_autoptr(GError) error = NULL;
        g_autofree char *path = NULL;

        close(g_file_open_tmp("test-capture-pass-XXXXXX", &path, &error));
        g_assert_no_error(error);
        assert_same(path, file, file->len);
        for (guint i = 0; i < 20; i++) /* cut anywhere */
                assert_same(path, file, (gsize)g_test_rand_int_range((gint)file->len - 4 * (gint)LARGE_BYTES_MAX, (gint)file->len));
        unlink(path);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *name = g_strconcat("/capture/pass/", cases[i].name, NULL);

                g_test_add_data_func(name, &cases[i], pass);
        }
        return g_test_run();
}
