/* SPDX-License-Identifier: BSD-3-Clause */

#include "capture.h"

#include <string.h>

#include "capture_filter.h"
#include "capture_reader.h"
#include "capture_stream.h"

G_DEFINE_QUARK(capture-error-quark, capture_error)

struct Capture {
        CaptureInfo info;
        guint file;
        CaptureStream *stream; /* NULL once everything is read */
        CaptureReader *reader; /* NULL if damage came before the format could be told */
        CaptureFilter *filter;
        gint64 previous_ns; /* time of the last frame read */
};

/* ── What readers tell ─────────────────────────────────────────────────────── */

void capture_info_add_link_type(CaptureInfo *info, guint16 link_type) {
        for (guint i = 0; i < info->n_link_types; i++) {
                if (info->link_types[i] == link_type)
                        return;
        }
        if (info->n_link_types < CAPTURE_LINK_TYPES_MAX)
                info->link_types[info->n_link_types++] = link_type;
}

gboolean capture_info_damage(CaptureInfo *info, CaptureDamage damage, guint64 offset, const char *format, ...) {
        va_list words;

        va_start(words, format);
        info->damage = damage;
        info->damage_offset = offset;
        info->damage_text = g_strdup_vprintf(format, words);
        va_end(words);
        return FALSE;
}

gboolean capture_info_cut(CaptureInfo *info, const CaptureStream *s, const char *format, ...) {
        va_list words;

        if (s->stopped)
                return FALSE;
        va_start(words, format);
        info->damage = CAPTURE_TRUNCATED;
        info->damage_offset = s->offset;
        info->damage_text = s->failure ? g_strdup(s->failure) : g_strdup_vprintf(format, words);
        va_end(words);
        return FALSE;
}

/* Link types whose packets are larger than any network's: D-Bus, EBHSCR, and the USB ones. */
static const struct {
        guint16 link_type;
        guint32 bytes_max;
} large_link_types[] = {
        { 189, 128U << 20 }, { 220, 128U << 20 }, { 231, 128U << 20 },
        { 249, 128U << 20 }, { 266, 128U << 20 }, { 279, 8U << 20 },
};

guint32 capture_packet_bytes_max(guint16 link_type, guint32 snaplen) {
        for (gsize i = 0; i < G_N_ELEMENTS(large_link_types); i++) {
                if (large_link_types[i].link_type == link_type)
                        return large_link_types[i].bytes_max;
        }
        return snaplen > CAPTURE_SNAPLEN_BELIEVED_MAX ? CAPTURE_PACKET_BYTES_MAX
                                                      : MAX(snaplen, CAPTURE_PACKET_BYTES_MAX);
}

/* ── Opening ───────────────────────────────────────────────────────────────── */

static CaptureReader *reader_new(Capture *c, gboolean use_libpcap, const char **format, GError **error) {
        CaptureStream *s = c->stream;

        if (!capture_stream_need(s, 1)) {
                *format = "unknown";
                if (s->failure)
                        capture_info_cut(&c->info, s, "nothing could be read");
                else
                        g_set_error(error, CAPTURE_ERROR, CAPTURE_ERROR_FORMAT, "it is empty");
                return NULL;
        }
        if (!use_libpcap && capture_pcap_sniff(s)) {
                *format = "pcap";
                return capture_pcap_new(s, &c->info, error);
        }
        if (!use_libpcap && capture_pcapng_sniff(s)) {
                *format = "pcapng";
                return capture_pcapng_new(s, &c->info);
        }
        *format = "libpcap";
        return capture_libpcap_new(s, &c->info, error);
}

/* @s: (transfer full) */
static Capture *capture_new(const char *name, CaptureStream *s, guint file, gboolean use_libpcap,
                            GError **error) {
        g_autoptr(Capture) c = g_new0(Capture, 1);
        g_autoptr(GError) why = NULL;
        const char *format = NULL;

        c->file = file;
        c->info.path = g_strdup(name);
        c->stream = capture_stream_decompress(s);
        c->reader = reader_new(c, use_libpcap, &format, &why);
        const char *compression = c->stream->compression;
        if (why) {
                g_set_error(error, CAPTURE_ERROR, CAPTURE_ERROR_FORMAT,
                            "%s: not a capture that can be read: %s%s%s", name,
                            compression ? compression : "", compression ? " data: " : "", why->message);
                return NULL;
        }
        if (compression)
                g_snprintf(c->info.format, sizeof c->info.format, "%s (%s)", format, compression);
        else
                g_strlcpy(c->info.format, format, sizeof c->info.format);
        c->info.file_bytes = capture_stream_file_bytes(c->stream);
        c->info.damage_frame = c->info.damage ? 1 : 0;
        return g_steal_pointer(&c);
}

Capture *capture_open(const char *path, guint file, gboolean use_libpcap, GError **error) {
        CaptureStream *s = capture_stream_open(path, error);
        return s ? capture_new(path, s, file, use_libpcap, error) : NULL;
}

Capture *capture_open_bytes(const char *name, GBytes *bytes, guint file, GError **error) {
        return capture_new(name, capture_stream_new_bytes(bytes), file, FALSE, error);
}

gboolean capture_set_filter(Capture *c, const char *expression, GError **error) {
        g_autoptr(GError) why = NULL;
        guint compiled = 0;

        g_return_val_if_fail(!c->filter, FALSE);
        c->filter = capture_filter_new(expression);
        for (guint i = 0; i < c->info.n_link_types; i++) {
                g_autoptr(GError) failure = NULL;
                if (capture_filter_compile(c->filter, c->info.link_types[i], &failure))
                        compiled++;
                else if (!why)
                        why = g_steal_pointer(&failure);
        }
        if (compiled == 0 && why) {
                g_propagate_prefixed_error(error, g_steal_pointer(&why), "%s: ", c->info.path);
                return FALSE;
        }
        return TRUE;
}

void capture_pass_payloads(Capture *c) {
        g_return_if_fail(!c->filter);
        if (c->stream)
                capture_stream_allow_pass(c->stream);
}

/* ── Reading ───────────────────────────────────────────────────────────────── */

/* Where a frame is earlier than the one before it. */
static void frames_account_steps(CaptureInfo *info, const Frame *frames, guint n, gint64 previous_ns) {
        for (guint i = 0; i < n; i++) {
                gint64 time_ns = frames[i].time_ns, step_ns;

                if (time_ns < previous_ns) {
                        if (__builtin_sub_overflow(previous_ns, time_ns, &step_ns))
                                step_ns = G_MAXINT64;
                        info->backward_steps++;
                        info->backward_ns_max = MAX(info->backward_ns_max, step_ns);
                }
                info->first_ns = MIN(info->first_ns, time_ns);
                info->last_ns = MAX(info->last_ns, time_ns);
                previous_ns = time_ns;
        }
}

/* Numbers the frames and tells the capture's story by them. */
static void frames_account(Capture *c, Frame *frames, guint n) {
        CaptureInfo *info = &c->info;
        const gint64 before_ns = info->frames > 0 ? c->previous_ns : frames[0].time_ns;
        const FrameRef ref = frame_ref(c->file, info->frames + 1);
        gint64 previous_ns = before_ns;
        guint cut_frames = 0;
        gboolean steps = FALSE;

        if (info->frames == 0)
                info->first_ns = info->last_ns = frames[0].time_ns;
        for (guint i = 0; i < n; i++) {
                gint64 time_ns = frames[i].time_ns;

                frames[i].ref = ref + i;
                cut_frames += frames[i].captured_bytes < frames[i].wire_bytes;
                steps |= time_ns < previous_ns;
                previous_ns = time_ns;
        }
        if (G_UNLIKELY(steps))
                frames_account_steps(info, frames, n, before_ns);
        info->last_ns = MAX(info->last_ns, previous_ns);
        c->previous_ns = previous_ns;
        info->cut_frames += cut_frames;
        info->frames += n;
}

/* Keeps those that match, in their order. Returns: how many. */
static guint frames_filter(Capture *c, Frame *frames, guint n) {
        guint kept = 0;

        for (guint i = 0; i < n; i++) {
                if (capture_filter_match(c->filter, &frames[i]))
                        frames[kept++] = frames[i];
        }
        c->info.filtered_frames += n - kept;
        return kept;
}

/* The file, the buffers and the reader go as soon as they are done with: captures can be many. */
static void capture_finish(Capture *c) {
        if (c->reader)
                c->reader->free(c->reader);
        c->reader = NULL;
        g_clear_pointer(&c->stream, capture_stream_free);
}

guint capture_read(Capture *c, Frame *frames, guint n) {
        CaptureInfo *info = &c->info;
        guint got = 0;

        while (got == 0 && c->stream) {
                if (info->damage == CAPTURE_INTACT)
                        got = c->reader->read(c->reader, c->stream, info, frames, n);
                info->bytes = c->stream->offset;
                info->file_offset = capture_stream_file_offset(c->stream);
                if (got == 0) {
                        capture_finish(c);
                        break;
                }
                frames_account(c, frames, got);
                if (c->filter)
                        got = frames_filter(c, frames, got);
        }
        if (info->damage != CAPTURE_INTACT)
                info->damage_frame = info->frames + 1;
        return got;
}

const CaptureInfo *capture_info(const Capture *c) {
        return &c->info;
}

void capture_free(Capture *c) {
        if (!c)
                return;
        capture_finish(c);
        capture_filter_free(c->filter);
        g_free(c->info.path);
        g_free(c->info.damage_text);
        g_free(c);
}
