/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The only way at the bytes of a packet: a view that knows where it ends.
 * Reading past the end yields 0 and marks the view, so that a decoder checks
 * once, after it has read what it needs. Where speed counts it asks for a whole
 * header first, and loads its fields from there.
 */

#include <glib.h>
#include <string.h>

typedef struct Bytes {
        const guint8 *at;
        const guint8 *end;
        gsize missing;       /* bytes that follow @end on the wire and were not captured */
        gboolean short_read; /* something was asked for that is not there */
} Bytes;

static inline Bytes bytes_new(const guint8 *data, gsize n) {
        return (Bytes){ .at = data, .end = data + n };
}

static inline gsize bytes_left(const Bytes *b) {
        return (gsize)(b->end - b->at);
}

/* How long the view is on the wire: what was captured and what was not. */
static inline gsize bytes_wire_left(const Bytes *b) {
        return bytes_left(b) + b->missing;
}

/* Returns: whether @n bytes are there; marks the view if not. */
static inline gboolean bytes_need(Bytes *b, gsize n) {
        if (G_LIKELY(bytes_left(b) >= n))
                return TRUE;
        b->short_read = TRUE;
        return FALSE;
}

/* Returns: the first @n bytes of the view; NULL, with the view marked, if they are not all there. */
static inline const guint8 *bytes_first(Bytes *b, gsize n) {
        return bytes_need(b, n) ? b->at : NULL;
}

/* Network order, from bytes that are known to be there. */
static inline guint16 load_u16(const guint8 *at) {
        guint16 value;

        memcpy(&value, at, sizeof value);
        return GUINT16_FROM_BE(value);
}

static inline guint32 load_u32(const guint8 *at) {
        guint32 value;

        memcpy(&value, at, sizeof value);
        return GUINT32_FROM_BE(value);
}

static inline guint8 bytes_u8_at(Bytes *b, gsize offset) {
        return bytes_need(b, offset + 1) ? b->at[offset] : 0;
}

/* Network order. */
static inline guint16 bytes_u16_at(Bytes *b, gsize offset) {
        return bytes_need(b, offset + 2) ? load_u16(b->at + offset) : 0;
}

/* Network order. */
static inline guint32 bytes_u32_at(Bytes *b, gsize offset) {
        return bytes_need(b, offset + 4) ? load_u32(b->at + offset) : 0;
}

/* Little endian, as in radiotap, PPI and the like. */
static inline guint16 bytes_u16le_at(Bytes *b, gsize offset) {
        return GUINT16_SWAP_LE_BE(bytes_u16_at(b, offset));
}

static inline guint32 bytes_u32le_at(Bytes *b, gsize offset) {
        return GUINT32_SWAP_LE_BE(bytes_u32_at(b, offset));
}

/* Network order. */
static inline guint32 bytes_u24_at(Bytes *b, gsize offset) {
        return (guint32)bytes_u16_at(b, offset) << 8 | bytes_u8_at(b, offset + 2);
}

/* Returns: whether @n bytes were there to go past; the view is marked and stays where it is if not. */
static inline gboolean bytes_skip(Bytes *b, gsize n) {
        if (!bytes_need(b, n))
                return FALSE;
        b->at += n;
        return TRUE;
}

/* Says that the view is @n bytes long on the wire, of which at most those in it were captured. */
static inline void bytes_set_wire_length(Bytes *b, gsize n) {
        gsize left = bytes_left(b);

        b->end = b->at + MIN(left, n);
        b->missing = n - MIN(left, n);
}

/* Cuts the view to its first @n bytes on the wire; one that is shorter stays as it is. */
static inline void bytes_cut(Bytes *b, gsize n) {
        if (bytes_wire_left(b) > n)
                bytes_set_wire_length(b, n);
}
