/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Sequence numbers are compared modulo 2^32 (RFC 9293 3.4, RFC 1982): by the sign of their difference. */

#include <glib.h>

/* Returns: how far @a is ahead of @b, negative if behind. */
static inline gint32 seq_diff(guint32 a, guint32 b) {
        return (gint32)(a - b);
}

static inline gboolean seq_after(guint32 a, guint32 b) {
        return seq_diff(a, b) > 0;
}

static inline gboolean seq_before(guint32 a, guint32 b) {
        return seq_diff(a, b) < 0;
}

static inline gboolean seq_at_or_after(guint32 a, guint32 b) {
        return seq_diff(a, b) >= 0;
}

/* Returns: how far @x lies outside of [@low, @high], 0 when inside. */
static inline guint32 seq_distance(guint32 x, guint32 low, guint32 high) {
        if (seq_before(x, low))
                return low - x;
        if (seq_after(x, high))
                return x - high;
        return 0;
}
