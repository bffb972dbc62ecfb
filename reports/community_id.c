/* SPDX-License-Identifier: BSD-3-Clause */

#include "community_id.h"

#include <string.h>

/*
 * What is hashed is one block, of a length that is known beforehand. A checksum of GLib's takes such a key with four
 * times the instructions: it copies the block, turns it around and clears what it has kept.
 */

#define BLOCK_WORDS 16
#define DIGEST_WORDS 5
#define DIGEST_BYTES (DIGEST_WORDS * 4)

static const guint32 initial[DIGEST_WORDS] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };

/* ── SHA-1 of one block (RFC 3174 6.1) ───────────────────────────────────── */

static inline guint32 rotate(guint32 word, guint by) {
        return word << by | word >> (32 - by);
}

/* The 16 words that the next rounds need are kept, each in the place of the one that is needed no more. */
static inline guint32 next_word(guint32 *w, guint t) {
        if (t >= BLOCK_WORDS)
                w[t % 16] = rotate(w[(t + 13) % 16] ^ w[(t + 8) % 16] ^ w[(t + 2) % 16] ^ w[t % 16], 1);
        return w[t % 16];
}

static inline guint32 choose(guint t, guint32 b, guint32 c, guint32 d) {
        if (t < 20)
                return (d ^ (b & (c ^ d))) + 0x5a827999;
        if (t < 40)
                return (b ^ c ^ d) + 0x6ed9eba1;
        if (t < 60)
                return ((b & c) | (d & (b | c))) + 0x8f1bbcdc;
        return (b ^ c ^ d) + 0xca62c1d6;
}

/* @w: changed */
static void sha1_block(guint32 *w, guint32 *digest) {
        guint32 a = initial[0], b = initial[1], c = initial[2], d = initial[3], e = initial[4];

#pragma GCC unroll 80 /* then names are exchanged, no words */
        for (guint t = 0; t < 80; t++) {
                guint32 next = rotate(a, 5) + choose(t, b, c, d) + e + next_word(w, t);

                e = d;
                d = c;
                c = rotate(b, 30);
                b = a;
                a = next;
        }
        digest[0] = initial[0] + a;
        digest[1] = initial[1] + b;
        digest[2] = initial[2] + c;
        digest[3] = initial[3] + d;
        digest[4] = initial[4] + e;
}

/* ── The id ──────────────────────────────────────────────────────────────── */

/* Seed, the lower address, the higher, protocol, padding and both ports; then SHA-1's padding and length. */
static void make_block(const FlowRecord *f, guint32 *w) {
        const gsize skip = f->ipv6 ? 0 : 12, bytes = 16 - skip;
        const SideRecord *lower = &f->side[CLIENT], *higher = &f->side[SERVER];
        int order = memcmp(&lower->address, &higher->address, sizeof(Address));
        guint8 key[BLOCK_WORDS * 4] = { 0 }, *at = key + 2;

        if (order > 0 || (order == 0 && lower->port > higher->port)) {
                lower = &f->side[SERVER];
                higher = &f->side[CLIENT];
        }
        memcpy(at, lower->address.bytes + skip, bytes);
        at += bytes;
        memcpy(at, higher->address.bytes + skip, bytes);
        at += bytes;
        *at = 6; /* TCP */
        at += 2;
        *at++ = (guint8)(lower->port >> 8);
        *at++ = (guint8)lower->port;
        *at++ = (guint8)(higher->port >> 8);
        *at++ = (guint8)higher->port;
        *at = 0x80;
        for (guint i = 0; i < BLOCK_WORDS - 1; i++) {
                memcpy(&w[i], key + i * 4, 4);
                w[i] = GUINT32_FROM_BE(w[i]);
        }
        w[BLOCK_WORDS - 1] = (guint32)(at - key) * 8;
}

/* Four characters for the lowest 24 bits. */
static inline char *put_base64(char *at, guint32 bits) {
        static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

        at[0] = letters[bits >> 18 & 63];
        at[1] = letters[bits >> 12 & 63];
        at[2] = letters[bits >> 6 & 63];
        at[3] = letters[bits & 63];
        return at + 4;
}

char *community_id_put(char *at, const FlowRecord *f) {
        guint32 w[BLOCK_WORDS], digest[DIGEST_WORDS];
        guint8 bytes[DIGEST_BYTES + 1] = { 0 };

        make_block(f, w);
        sha1_block(w, digest);
        for (guint i = 0; i < DIGEST_WORDS; i++) {
                digest[i] = GUINT32_TO_BE(digest[i]);
                memcpy(bytes + i * 4, &digest[i], 4);
        }
        *at++ = '1';
        *at++ = ':';
        for (guint i = 0; i < sizeof bytes; i += 3)
                at = put_base64(at, (guint32)bytes[i] << 16 | (guint32)bytes[i + 1] << 8 | bytes[i + 2]);
        at[-1] = '='; /* of the last three bytes one is none */
        return at;
}
