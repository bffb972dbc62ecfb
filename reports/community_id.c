/* SPDX-License-Identifier: BSD-3-Clause */

#include "community_id.h"

#include <string.h>

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>
#endif

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
static void sha1_block_in_words(guint32 *w, guint32 *digest) {
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

/* ── The same by the instructions that processors have for it ────────────── */

#ifdef __x86_64__

#define LEAF_7_EBX_SHA (1u << 29)
#define LEAF_1_ECX_SSSE3 (1u << 9)
#define LEAF_1_ECX_SSE4_1 (1u << 19)

static gboolean processor_has_sha(void) {
        guint a, b, c, d;

        if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & LEAF_1_ECX_SSSE3) || !(c & LEAF_1_ECX_SSE4_1))
                return FALSE;
        return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & LEAF_7_EBX_SHA);
}

/* Four rounds: @m0 are their words, and @m1 to @m3 those of the rounds before, the last ones in @m3. */
#define ROUNDS(kind, m0)                                                                                               \
        do {                                                                                                           \
                const __m128i next_ = _mm_sha1nexte_epu32(e, m0);                                                      \
                e = abcd;                                                                                              \
                abcd = _mm_sha1rnds4_epu32(abcd, next_, kind);                                                         \
        } while (0)
#define ROUNDS_OF_NEXT_WORDS(kind, m0, m1, m2, m3)                                                                     \
        do {                                                                                                           \
                m0 = _mm_sha1msg2_epu32(_mm_xor_si128(_mm_sha1msg1_epu32(m0, m1), m2), m3);                            \
                ROUNDS(kind, m0);                                                                                      \
        } while (0)
#define SIXTEEN_ROUNDS(a, b, c, d)                                                                                     \
        do {                                                                                                           \
                ROUNDS_OF_NEXT_WORDS(a, m[0], m[1], m[2], m[3]);                                                       \
                ROUNDS_OF_NEXT_WORDS(b, m[1], m[2], m[3], m[0]);                                                       \
                ROUNDS_OF_NEXT_WORDS(c, m[2], m[3], m[0], m[1]);                                                       \
                ROUNDS_OF_NEXT_WORDS(d, m[3], m[0], m[1], m[2]);                                                       \
        } while (0)

/* The first word is the highest of a register's four, @e alone in the highest. */
__attribute__((target("sha,sse4.1"))) static void sha1_block_by_processor(const guint32 *w, guint32 *digest) {
        const __m128i abcd_initial = _mm_set_epi32((int)initial[0], (int)initial[1], (int)initial[2], (int)initial[3]);
        const __m128i e_initial = _mm_set_epi32((int)initial[4], 0, 0, 0);
        __m128i m[4], abcd = abcd_initial, e;

        for (guint i = 0; i < 4; i++)
                m[i] = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)(w + 4 * i)), 0x1b);
        e = abcd;
        abcd = _mm_sha1rnds4_epu32(abcd, _mm_add_epi32(e_initial, m[0]), 0);
        ROUNDS(0, m[1]);
        ROUNDS(0, m[2]);
        ROUNDS(0, m[3]);
        SIXTEEN_ROUNDS(0, 1, 1, 1);
        SIXTEEN_ROUNDS(1, 1, 2, 2);
        SIXTEEN_ROUNDS(2, 2, 2, 3);
        SIXTEEN_ROUNDS(3, 3, 3, 3);
        _mm_storeu_si128((__m128i *)(void *)digest, _mm_shuffle_epi32(_mm_add_epi32(abcd, abcd_initial), 0x1b));
        digest[4] = (guint32)_mm_extract_epi32(_mm_sha1nexte_epu32(e, e_initial), 3);
}

/* @w: changed */
static void sha1_block(guint32 *w, guint32 *digest) {
        static gsize has_sha; /* 0 not known yet, 1 no, 2 yes */

        if (g_once_init_enter(&has_sha))
                g_once_init_leave(&has_sha, processor_has_sha() ? 2 : 1);
        if (has_sha == 2)
                sha1_block_by_processor(w, digest);
        else
                sha1_block_in_words(w, digest);
}

#else
#define sha1_block sha1_block_in_words
#endif

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
