/* SPDX-License-Identifier: BSD-3-Clause */

#include "capture_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "capture.h"
#include "capture_archive.h"

/*
 * A file that only waits for its turn in a merge of thousands holds the small
 * buffer; one that is being read holds the large one, which fits the second-level cache.
 */
#define BUFFER_BYTES_FIRST ((gsize)4 << 10)
#define BUFFER_BYTES ((gsize)256 << 10)

/* After a leap: the next packet is as likely to be passed, and what is read of it beside its headers is wasted. */
#define READ_BYTES_MIN ((gsize)512)
#define READ_BYTES_STEP ((gsize)16 << 10) /* so much takes as long to copy as the call itself */
/* A kernel that sees leaps reads nothing ahead: it is told of so much. */
#define TELL_BYTES ((guint64)4 << 20)

/* Where an empty view points: never NULL, so that adding nothing to it is defined. */
static const guint8 nothing[1];

/* ── The buffer ────────────────────────────────────────────────────────────── */

CaptureStream *capture_stream_new(gssize (*fill)(CaptureStream *, guint8 *, gsize)) {
        CaptureStream *s = g_new0(CaptureStream, 1);

        s->at = s->end = nothing;
        s->fill = fill;
        s->fd = s->cancel_fd = -1;
        s->read_bytes = BUFFER_BYTES;
        return s;
}

/* Moves what is unread to the front of a buffer that holds at least @n bytes. */
static void buffer_make_room(CaptureStream *s, gsize n) {
        gsize left = capture_stream_left(s);
        gsize bytes = s->buffer ? BUFFER_BYTES : BUFFER_BYTES_FIRST;

        while (bytes < n)
                bytes *= 2;
        if (bytes > s->buffer_bytes) {
                guint8 *buffer = g_malloc(bytes);
                if (left > 0)
                        memcpy(buffer, s->at, left);
                g_free(s->buffer);
                s->buffer = buffer;
                s->buffer_bytes = bytes;
        } else if (left > 0) {
                memmove(s->buffer, s->at, left);
        }
        s->at = s->buffer;
        s->end = s->buffer + left;
}

/* ── More of it ────────────────────────────────────────────────────────────── */

/* The file at the bottom. */
static const CaptureStream *source(const CaptureStream *s) {
        return s->inner ? source(s->inner) : s;
}

static gssize fill_more(CaptureStream *s, guint8 *into, gsize n) {
        gssize got;

        if (s->ahead)
                return capture_ahead_take(s->ahead, into, n, &s->fd_offset);
        got = s->fill(s, into, n);
        s->fd_offset = source(s)->fd_offset;
        return got;
}

/* Until @n bytes are there, for which there is room. */
static gboolean fill_until(CaptureStream *s, gsize n) {
        while (capture_stream_left(s) < n) {
                guint8 *into = s->buffer + (s->end - s->buffer);
                gsize room = s->buffer_bytes - (gsize)(into - s->buffer);
                gssize got = fill_more(s, into, MIN(room, MAX(s->read_bytes, n - capture_stream_left(s))));
                if (got <= 0) {
                        s->at_end = TRUE;
                        s->stopped = source(s)->stopped;
                        return FALSE;
                }
                s->end += got;
                s->read_bytes = (s->read_bytes / READ_BYTES_STEP + 1) * READ_BYTES_STEP;
                s->read_bytes = MIN(s->read_bytes, MAX(BUFFER_BYTES, s->buffer_bytes));
        }
        return TRUE;
}

gboolean capture_stream_refill(CaptureStream *s, gsize n) {
        if (s->at_end)
                return capture_stream_left(s) >= n;

        if (s->inner && s->buffer && !s->ahead) /* more than its beginning is wanted */
                s->ahead = capture_ahead_new(s);
        buffer_make_room(s, n);
        return fill_until(s, n);
}

gboolean capture_stream_extend(CaptureStream *s, gsize n) {
        if (capture_stream_left(s) >= n)
                return TRUE;
        if (s->at_end || n > s->buffer_bytes - (gsize)(s->at - s->buffer))
                return FALSE;
        return fill_until(s, n);
}

/* ── Less of it ────────────────────────────────────────────────────────────── */

void capture_stream_allow_pass(CaptureStream *s) {
        s->may_pass = s->named;
}

static void tell_kernel(CaptureStream *s) {
        if (s->fd_offset + TELL_BYTES / 2 < s->told_bytes)
                return;
        s->told_bytes = MAX(s->told_bytes, s->fd_offset);
        posix_fadvise(s->fd, (off_t)s->told_bytes, (off_t)TELL_BYTES, POSIX_FADV_WILLNEED);
        s->told_bytes += TELL_BYTES;
}

void capture_stream_pass(CaptureStream *s, gsize n) {
        gsize left = capture_stream_left(s);

        if (n > left) {
                s->fd_offset += n - left;
                s->read_bytes = READ_BYTES_MIN;
                tell_kernel(s);
        }
        s->at += MIN(n, left);
        s->offset += n;
}

/* ── From a file descriptor ────────────────────────────────────────────────── */

static void fd_close(CaptureStream *s) {
        if (s->fd > STDIN_FILENO)
                close(s->fd);
        s->fd = -1;
}

/* A pipe whose other end closes once waiting must end: what a thread waits for beside its input. Made at the first need. */
static int stop_pipe[2] = { -1, -1 };

void capture_stop_waiting(void) {
        int end = stop_pipe[1];

        stop_pipe[1] = -1;
        if (end >= 0)
                close(end);
}

static void stop_pipe_make(void) {
        static gsize made;

        if (!g_once_init_enter(&made))
                return;
        if (pipe2(stop_pipe, O_CLOEXEC) < 0)
                stop_pipe[0] = -1; /* poll() passes it over */
        g_once_init_leave(&made, 1);
}

/* Returns: whether there is something to read, or the end, before waiting must end. */
static gboolean fd_wait(const CaptureStream *s) {
        struct pollfd wait[] = { { .fd = s->fd, .events = POLLIN }, { .fd = stop_pipe[0] }, { .fd = s->cancel_fd, .events = POLLIN } };

        while (poll(wait, G_N_ELEMENTS(wait), -1) < 0 && errno == EINTR)
                continue;
        return wait[0].revents || !(wait[1].revents | wait[2].revents);
}

static gssize fd_fill(CaptureStream *s, guint8 *into, gsize n) {
        gssize got;

        s->stopped = !s->fd_bytes && !fd_wait(s);
        if (s->stopped) {
                fd_close(s);
                return 0;
        }
        do
                got = s->may_pass ? pread(s->fd, into, n, (off_t)s->fd_offset) : read(s->fd, into, n);
        while (got < 0 && errno == EINTR);

        if (got > 0) {
                s->fd_offset += (guint64)got;
                return got;
        }
        if (got < 0)
                s->failure = g_strdup_printf("cannot be read further: %s", g_strerror(errno));
        fd_close(s);
        return got;
}

/* Returns: whether more files may be open than before. */
static gboolean raise_open_files_limit(void) {
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
                return FALSE;
        limit.rlim_cur = limit.rlim_max;
        return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static int file_open(const char *path, GError **error) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);

        if (fd < 0 && errno == EMFILE && raise_open_files_limit())
                fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                g_set_error(error, CAPTURE_ERROR, CAPTURE_ERROR_OPEN, "%s: %s", path, g_strerror(errno));
        return fd;
}

CaptureStream *capture_stream_open(const char *path, GError **error) {
        g_autoptr(CaptureStream) s = capture_stream_new(fd_fill);
        struct stat st;

        s->fd = strcmp(path, "-") == 0 ? STDIN_FILENO : file_open(path, error);
        if (s->fd < 0)
                return NULL;
        if (fstat(s->fd, &st) < 0 || S_ISDIR(st.st_mode)) {
                g_set_error(error, CAPTURE_ERROR, CAPTURE_ERROR_OPEN, "%s: %s", path,
                            g_strerror(S_ISDIR(st.st_mode) ? EISDIR : errno));
                return NULL;
        }
        if (S_ISREG(st.st_mode)) {
                s->named = s->fd != STDIN_FILENO;
                s->fd_bytes = (guint64)st.st_size;
                posix_fadvise(s->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
        }
        stop_pipe_make();
        return g_steal_pointer(&s);
}

/* ── From memory ───────────────────────────────────────────────────────────── */

CaptureStream *capture_stream_new_bytes(GBytes *bytes) {
        CaptureStream *s = capture_stream_new(NULL);
        gsize n;
        const guint8 *data = g_bytes_get_data(bytes, &n);

        s->bytes = g_bytes_ref(bytes);
        if (n > 0)
                s->at = data;
        s->end = s->at + n;
        s->at_end = TRUE;
        return s;
}

/* ── Out of gzip ───────────────────────────────────────────────────────────── */

static const guint8 gzip_magic[] = { 0x1f, 0x8b }; /* RFC 1952 2.3.1 */

static gboolean stream_begins(CaptureStream *s, const guint8 *magic, gsize n) {
        return capture_stream_need(s, n) && memcmp(s->at, magic, n) == 0;
}

/*
 * zlib itself, not libarchive: that one does not check the CRC, and drops up to 64 KiB before
 * the place where a file was cut, which is how a rotated capture that was being written ends.
 */
static gssize gzip_fill(CaptureStream *s, guint8 *into, gsize n) {
        CaptureStream *inner = s->inner;
        z_stream *z = s->gzip;

        z->next_out = into;
        z->avail_out = (uInt)n;
        while (z->avail_out == n) {
                gboolean more = capture_stream_need(inner, 1);
                gsize left = capture_stream_left(inner);

                z->next_in = (Bytef *)inner->at;
                z->avail_in = (uInt)left;
                int result = inflate(z, Z_NO_FLUSH);
                capture_stream_consume(inner, left - z->avail_in);
                if (result == Z_OK || (result == Z_BUF_ERROR && more))
                        continue;
                if (z->avail_out < n) /* the end and errors say so again, next time */
                        break;
                if (result == Z_STREAM_END) {
                        if (!stream_begins(inner, gzip_magic, sizeof gzip_magic))
                                return 0;
                        inflateReset(z); /* one more member, RFC 1952 2.2 */
                        continue;
                }
                s->failure = more || inner->failure
                                     ? g_strdup_printf("gzip data is damaged: %s",
                                                       inner->failure ? inner->failure : z->msg)
                                     : g_strdup("gzip data ends before its time");
                return -1;
        }
        return (gssize)(n - z->avail_out);
}

static CaptureStream *gzip_new(CaptureStream *inner) {
        CaptureStream *s = capture_stream_new(gzip_fill);

        s->inner = inner;
        s->compression = "gzip";
        s->gzip = g_new0(z_stream, 1);
        inflateInit2(s->gzip, MAX_WBITS + 16); /* a gzip header */
        return s;
}

/* ── Out of xz, zstd, lz4 and bzip2 ────────────────────────────────────────── */

static const struct {
        const char *compression;
        guint8 n;
        guint8 magic[6];
} archive_types[] = {
        { "xz", 6, { 0xfd, '7', 'z', 'X', 'Z', 0x00 } }, /* xz file format 2.1.1.1 */
        { "zstd", 4, { 0x28, 0xb5, 0x2f, 0xfd } },       /* RFC 8878 3.1.1 */
        { "lz4", 4, { 0x04, 0x22, 0x4d, 0x18 } },        /* lz4 frame format */
        { "bzip2", 3, { 'B', 'Z', 'h' } },
};

CaptureStream *capture_stream_decompress(CaptureStream *s) {
        if (stream_begins(s, gzip_magic, sizeof gzip_magic))
                return gzip_new(s);
        for (gsize i = 0; i < G_N_ELEMENTS(archive_types); i++) {
                if (stream_begins(s, archive_types[i].magic, archive_types[i].n))
                        return capture_archive_stream(s, archive_types[i].compression);
        }
        return s;
}

/* ── All of them ───────────────────────────────────────────────────────────── */

guint64 capture_stream_file_offset(const CaptureStream *s) {
        return s->fd_offset;
}

guint64 capture_stream_file_bytes(const CaptureStream *s) {
        return source(s)->fd_bytes;
}

void capture_stream_free(CaptureStream *s) {
        if (!s)
                return;
        capture_ahead_free(s->ahead);
        capture_archive_free(s->archive);
        if (s->gzip)
                inflateEnd(s->gzip);
        g_free(s->gzip);
        capture_stream_free(s->inner);
        g_clear_pointer(&s->bytes, g_bytes_unref);
        fd_close(s);
        g_free(s->buffer);
        g_free(s->failure);
        g_free(s);
}
