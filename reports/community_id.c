/* SPDX-License-Identifier: BSD-3-Clause */

#include "community_id.h"

#include <string.h>

/*
 * What is hashed is one block, of a length that is known beforehand, and of many flows at a time: so each word is that of
 * eight blocks. A checksum of GLib's takes such a key with twenty times the instructions: it copies the block, turns it around
 * and clears what it has kept.
 */

#define BLOCK_WORDS 16
#define DIGEST_WORDS 5
#define QUADS 7 /* of letters, of three bytes each: one more than the digest has */

#define LANES 8U

/* The same word of LANES blocks: the compiler has a register for it, or takes several. None is passed but by its address. */
typedef guint32 Word __attribute__((vector_size(LANES * sizeof(guint32))));
typedef guint8 Letters __attribute__((vector_size(sizeof(Word))));

/* Registers that are wide enough, and turn words, are in most machines and in no compiler's default. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define FOR_EACH_MACHINE __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FOR_EACH_MACHINE
#endif

/* ── SHA-1 of one block (RFC 3174 6.1) ───────────────────────────────────── */

#define ROTATED(word, by) ((word) << (by) | (word) >> (32 - (by)))

/* The 16 words that the next rounds need are kept, each in the place of the one that is needed no more. */
static inline void make_word(Word *w, guint t) {
        const Word sum = w[(t + 13) % 16] ^ w[(t + 8) % 16] ^ w[(t + 2) % 16] ^ w[t % 16];

        w[t % 16] = ROTATED(sum, 1);
}

static inline void choose(guint t, const Word *b, const Word *c, const Word *d, Word *out) {
        if (t < 20)
                *out = (*d ^ (*b & (*c ^ *d))) + 0x5a827999;
        else if (t < 40)
                *out = (*b ^ *c ^ *d) + 0x6ed9eba1;
        else if (t < 60)
                *out = ((*b & *c) | (*d & (*b | *c))) + 0x8f1bbcdc;
        else
                *out = (*b ^ *c ^ *d) + 0xca62c1d6;
}

/* @w: changed */
static inline void sha1_blocks(Word *w, Word *digest) {
        static const guint32 initial[DIGEST_WORDS] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
        const Word zero = { 0 };
        Word a = zero + initial[0], b = zero + initial[1], c = zero + initial[2], d = zero + initial[3], e = zero + initial[4];

#pragma GCC unroll 80 /* then names are exchanged, no words */
        for (guint t = 0; t < 80; t++) {
                Word next;

                if (t >= BLOCK_WORDS)
                        make_word(w, t);
                choose(t, &b, &c, &d, &next);
                next += ROTATED(a, 5) + e + w[t % 16];
                e = d;
                d = c;
                c = ROTATED(b, 30);
                b = a;
                a = next;
        }
        digest[0] = a + initial[0];
        digest[1] = b + initial[1];
        digest[2] = c + initial[2];
        digest[3] = d + initial[3];
        digest[4] = e + initial[4];
}

/* ── Base64 (RFC 4648 4) ─────────────────────────────────────────────────── */

/* @quad: three bytes in each of its words, which become the four letters of them in the order of memory */
static inline void encode(Word *quad) {
        const Word spread = *quad >> 18 | (*quad >> 4 & 0x3f00) | (*quad << 10 & 0x3f0000) | (*quad << 24 & 0x3f000000);
#if G_BYTE_ORDER == G_LITTLE_ENDIAN
        const Letters sixths = (Letters)spread;
#else
        const Letters sixths = (Letters)(spread << 24 | (spread << 8 & 0xff0000) | (spread >> 8 & 0xff00) | spread >> 24);
#endif
        const Letters small = (Letters)(sixths >= 26), digit = (Letters)(sixths >= 52), plus = (Letters)(sixths >= 62),
                      slash = (Letters)(sixths >= 63);

        *quad = (Word)(sixths + 'A' + (small & ('a' - 'Z' - 1)) - (digit & ('z' + 1 - '0')) - (plus & ('9' + 1 - '+')) +
                       (slash & ('/' - '+' - 1)));
}

static inline void encode_digest(const Word *digest, Word *quads) {
        quads[0] = digest[0] >> 8;
        quads[1] = (digest[0] << 16 & 0xffffff) | digest[1] >> 16;
        quads[2] = (digest[1] << 8 & 0xffffff) | digest[2] >> 24;
        quads[3] = digest[2] & 0xffffff;
        quads[4] = digest[3] >> 8;
        quads[5] = (digest[3] << 16 & 0xffffff) | digest[4] >> 16;
        quads[6] = digest[4] << 8 & 0xffffff;
        for (guint i = 0; i < QUADS; i++)
                encode(&quads[i]);
}

/* ── The id ──────────────────────────────────────────────────────────────── */

FOR_EACH_MACHINE static void find_ids(Word *w, Word *quads) {
        Word digest[DIGEST_WORDS];

        sha1_blocks(w, digest);
        encode_digest(digest, quads);
}

static guint32 address_word(const Address *address, guint i) {
        guint32 word;

        memcpy(&word, address->bytes + i * 4, 4);
        return GUINT32_FROM_BE(word);
}

/* Seed, which are two bytes of 0, the lower address, the higher, protocol, padding and both ports; then SHA-1's padding and length. */
static void make_block(const FlowRecord *f, Word *w, guint lane) {
        const SideRecord *end[2] = { &f->side[CLIENT], &f->side[SERVER] };
        const int order = memcmp(&end[0]->address, &end[1]->address, sizeof(Address));
        const guint swap = order > 0 || (order == 0 && end[0]->port > end[1]->port);
        guint32 before = 0;
        guint n = 0;

        for (guint i = 0; i < 2; i++) {
                for (guint k = f->ipv6 ? 0 : 3; k < 4; k++) {
                        const guint32 word = address_word(&end[i ^ swap]->address, k);

                        w[n++][lane] = before << 16 | word >> 16;
                        before = word;
                }
        }
        w[n++][lane] = before << 16 | 6 << 8; /* TCP */
        w[n++][lane] = (guint32)end[swap]->port << 16 | end[!swap]->port;
        w[n][lane] = 0x80000000;
        w[BLOCK_WORDS - 1][lane] = n * 32;
}

static void put_id(char *at, const Word *quads, guint lane) {
        memcpy(at, "1:", 2);
        for (guint i = 0; i < QUADS; i++) {
                const guint32 letters = quads[i][lane];

                memcpy(at + 2 + i * 4, &letters, 4);
        }
        at[COMMUNITY_ID_CHARS - 1] = '='; /* of the last three bytes one is none */
}

void community_ids_find(const FlowRecord *f, guint n, CommunityId *ids) {
        for (guint i = 0; i < n; i += LANES) {
                const guint lanes = MIN(n - i, LANES);
                Word w[BLOCK_WORDS] = { { 0 } }, quads[QUADS];

                for (guint lane = 0; lane < lanes; lane++)
                        make_block(&f[i + lane], w, lane);
                find_ids(w, quads);
                for (guint lane = 0; lane < lanes; lane++)
                        put_id(ids[i + lane].text, quads, lane);
        }
}
