/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The only way at the bytes of a packet: a view that knows where it ends.
 * Reading past the end yields 0 and marks the view, so that a decoder checks
 * once, after it has read what it needs.
 */

#include <glib.h>

typedef struct Bytes {
        const guint8 *at;
        const guint8 *end;
        gboolean short_read; /* something was asked for that is not there */
} Bytes;

static inline Bytes bytes_new(const guint8 *data, gsize n) {
        return (Bytes){ .at = data, .end = data + n };
}

static inline gsize bytes_left(const Bytes *b) {
        return (gsize)(b->end - b->at);
}

/* Returns: whether @n bytes are there; marks the view if not. */
static inline gboolean bytes_need(Bytes *b, gsize n) {
        if (G_LIKELY(bytes_left(b) >= n))
                return TRUE;
        b->short_read = TRUE;
        return FALSE;
}

static inline guint8 bytes_u8_at(Bytes *b, gsize offset) {
        return bytes_need(b, offset + 1) ? b->at[offset] : 0;
}

/* Network order. */
static inline guint16 bytes_u16_at(Bytes *b, gsize offset) {
        if (!bytes_need(b, offset + 2))
                return 0;
        return (guint16)(b->at[offset] << 8 | b->at[offset + 1]);
}

/* Network order. */
static inline guint32 bytes_u32_at(Bytes *b, gsize offset) {
        if (!bytes_need(b, offset + 4))
                return 0;
        return (guint32)b->at[offset] << 24 | (guint32)b->at[offset + 1] << 16 |
               (guint32)b->at[offset + 2] << 8 | b->at[offset + 3];
}

static inline gboolean bytes_skip(Bytes *b, gsize n) {
        if (!bytes_need(b, n)) {
                b->at = b->end;
                return FALSE;
        }
        b->at += n;
        return TRUE;
}

/* Cuts the view to its first @n bytes; a longer one than there is stays as it is. */
static inline void bytes_cut(Bytes *b, gsize n) {
        if (bytes_left(b) > n)
                b->end = b->at + n;
}
