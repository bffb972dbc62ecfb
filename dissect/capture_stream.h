/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The bytes of a capture, front to back, through one reused buffer: from a file
 * descriptor, from memory, or decompressed.  Readers look at [at, end) and move
 * @at forward; nothing is copied out.
 */

#include "capture_ahead.h"

struct CaptureStream {
        const guint8 *at;  /* what is buffered and not yet consumed ... */
        const guint8 *end; /* ... ends here */
        guint64 offset;    /* of @at in the uncompressed stream */
        gboolean at_end;   /* nothing will follow @end */
        gboolean stopped;  /* by capture_stop_waiting(): the same, and it is nobody's fault */
        char *failure;     /* why the source ended before its time; NULL if it did not */

        /* Returns: bytes got; 0 the end; -1 with @failure set. */
        gssize (*fill)(CaptureStream *s, guint8 *into, gsize n);
        guint8 *buffer;
        gsize buffer_bytes;
        CaptureAhead *ahead; /* NULL where whoever reads it fills it */
        int fd; /* -1 if none, or closed */
        int cancel_fd; /* -1 if none; no input is waited for once it can be read */
        guint64 fd_offset;
        guint64 fd_bytes; /* size of a regular file, else 0 */
        gboolean named;    /* a regular file that nobody else reads from */
        gboolean may_pass; /* the same, and capture_stream_pass() may be called */
        gsize read_bytes; /* so much is read at a time: less where much is passed */
        guint64 told_bytes; /* up to there the kernel knows what will be read, of a file that is passed through in leaps */
        GBytes *bytes;
        const char *compression; /* "gzip", "xz", "zstd", "lz4", "bzip2"; NULL if there is none */
        CaptureStream *inner;    /* compressed bytes, and one of ... */
        struct z_stream_s *gzip;
        struct archive *archive; /* ... with what is left of its current block */
        const guint8 *block;
        gsize block_left;
};

/**
 * capture_stream_open:
 * @path: a file, a FIFO, or "-" for standard input
 * @error: CAPTURE_ERROR_OPEN
 *
 * Raises the soft limit of open files to the hard one when it is reached.
 */
CaptureStream *capture_stream_open(const char *path, GError **error);

/* Returns: one without a source; for those who fill it otherwise. */
CaptureStream *capture_stream_new(gssize (*fill)(CaptureStream *s, guint8 *into, gsize n));

/* @bytes is referenced, not copied. */
CaptureStream *capture_stream_new_bytes(GBytes *bytes);

/**
 * capture_stream_decompress:
 * @s: (transfer full): any stream, nothing consumed yet
 *
 * Returns: (transfer full): @s itself, or what it holds in gzip, xz, zstd, lz4 or bzip2.
 */
CaptureStream *capture_stream_decompress(CaptureStream *s);

/* Position in the file on disk and its size (0 if it has none), for progress. */
guint64 capture_stream_file_offset(const CaptureStream *s);
guint64 capture_stream_file_bytes(const CaptureStream *s);

void capture_stream_free(CaptureStream *s);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CaptureStream, capture_stream_free)

/* Slow path of capture_stream_need(). */
gboolean capture_stream_refill(CaptureStream *s, gsize n);

/* The same where what is buffered must stay in its place. Returns: FALSE where there is no room behind it, too. */
gboolean capture_stream_extend(CaptureStream *s, gsize n);

/* Has no effect on what is not a file of its own name, uncompressed. */
void capture_stream_allow_pass(CaptureStream *s);

/* Goes past @n bytes that are in the file; of those that are not buffered yet none is read. */
void capture_stream_pass(CaptureStream *s, gsize n);

static inline gsize capture_stream_left(const CaptureStream *s) {
        return (gsize)(s->end - s->at);
}

/* Returns: whether @n bytes are there at @at; may move what is buffered, so no frame may point into it. */
static inline gboolean capture_stream_need(CaptureStream *s, gsize n) {
        return G_LIKELY(capture_stream_left(s) >= n) || capture_stream_refill(s, n);
}

/* Returns: whether the next @n bytes may be passed, and there are as many. */
static inline gboolean capture_stream_may_pass(const CaptureStream *s, gsize n) {
        return s->may_pass && s->offset + n <= s->fd_bytes;
}

static inline void capture_stream_consume(CaptureStream *s, gsize n) {
        s->at += n;
        s->offset += n;
}
