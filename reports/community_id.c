/* SPDX-License-Identifier: BSD-3-Clause */

#include "community_id.h"

#include <string.h>

/*
 * What is hashed is one block, of a length that is known beforehand, and of many flows at a time: so each word is that of
 * four blocks. A checksum of GLib's takes such a key with ten times the instructions: it copies the block, turns it around
 * and clears what it has kept.
 */

#define BLOCK_WORDS 16
#define DIGEST_WORDS 5
#define DIGEST_BYTES (DIGEST_WORDS * 4)

#define LANES 4U

/* The same word of LANES blocks: the compiler has a register for it, or takes several. */
typedef guint32 Word __attribute__((vector_size(LANES * sizeof(guint32))));

static const guint32 initial[DIGEST_WORDS] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };

/* ── SHA-1 of one block (RFC 3174 6.1) ───────────────────────────────────── */

static inline Word rotate(Word word, guint by) {
        return word << by | word >> (32 - by);
}

/* The 16 words that the next rounds need are kept, each in the place of the one that is needed no more. */
static inline Word next_word(Word *w, guint t) {
        if (t >= BLOCK_WORDS)
                w[t % 16] = rotate(w[(t + 13) % 16] ^ w[(t + 8) % 16] ^ w[(t + 2) % 16] ^ w[t % 16], 1);
        return w[t % 16];
}

static inline Word choose(guint t, Word b, Word c, Word d) {
        if (t < 20)
                return (d ^ (b & (c ^ d))) + 0x5a827999;
        if (t < 40)
                return (b ^ c ^ d) + 0x6ed9eba1;
        if (t < 60)
                return ((b & c) | (d & (b | c))) + 0x8f1bbcdc;
        return (b ^ c ^ d) + 0xca62c1d6;
}

/* @w: changed */
static void sha1_blocks(Word *w, Word *digest) {
        const Word zero = { 0 };
        Word a = zero + initial[0], b = zero + initial[1], c = zero + initial[2], d = zero + initial[3], e = zero + initial[4];

#pragma GCC unroll 80 /* then names are exchanged, no words */
        for (guint t = 0; t < 80; t++) {
                Word next = rotate(a, 5) + choose(t, b, c, d) + e + next_word(w, t);

                e = d;
                d = c;
                c = rotate(b, 30);
                b = a;
                a = next;
        }
        digest[0] = a + initial[0];
        digest[1] = b + initial[1];
        digest[2] = c + initial[2];
        digest[3] = d + initial[3];
        digest[4] = e + initial[4];
}

/* ── The id ──────────────────────────────────────────────────────────────── */

/* Seed, the lower address, the higher, protocol, padding and both ports; then SHA-1's padding and length. */
static void make_block(const FlowRecord *f, Word *w, guint lane) {
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
                guint32 word;

                memcpy(&word, key + i * 4, 4);
                w[i][lane] = GUINT32_FROM_BE(word);
        }
        w[BLOCK_WORDS - 1][lane] = (guint32)(at - key) * 8;
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

static void put_id(char *at, const Word *digest, guint lane) {
        guint8 bytes[DIGEST_BYTES + 1] = { 0 };

        for (guint i = 0; i < DIGEST_WORDS; i++) {
                const guint32 word = GUINT32_TO_BE(digest[i][lane]);

                memcpy(bytes + i * 4, &word, 4);
        }
        *at++ = '1';
        *at++ = ':';
        for (guint i = 0; i < sizeof bytes; i += 3)
                at = put_base64(at, (guint32)bytes[i] << 16 | (guint32)bytes[i + 1] << 8 | bytes[i + 2]);
        at[-1] = '='; /* of the last three bytes one is none */
}

void community_ids_find(const FlowRecord *f, guint n, CommunityId *ids) {
        for (guint i = 0; i < n; i += LANES) {
                const guint lanes = MIN(n - i, LANES);
                Word w[BLOCK_WORDS] = { { 0 } }, digest[DIGEST_WORDS];

                for (guint lane = 0; lane < lanes; lane++)
                        make_block(&f[i + lane], w, lane);
                sha1_blocks(w, digest);
                for (guint lane = 0; lane < lanes; lane++)
                        put_id(ids[i + lane].text, digest, lane);
        }
}
