/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * How tables of the analyzer spread addresses. Not secret: who picks his addresses well can make a table slow,
 * not wrong.
 */

#include "dissect/segment.h"

__extension__ typedef unsigned __int128 HashProduct;

/* One round of multiply-and-fold (the mixing step of wyhash). */
static inline guint64 hash_mix(guint64 a, guint64 b) {
        HashProduct r = (HashProduct)a * b;

        return (guint64)r ^ (guint64)(r >> 64);
}

static inline guint64 hash_end(const Address *address, guint16 port) {
        guint64 half[2];

        memcpy(half, address->bytes, sizeof half);
        return hash_mix(half[0] ^ 0xa0761d6478bd642fULL ^ ((guint64)port << 32), half[1] ^ 0xe7037ed1a0b428dbULL ^ port);
}
