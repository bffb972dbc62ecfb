/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * An entry of a timeline in a dozen bytes. A packet is nearly what the ones before it let expect: its number is
 * the next one, its timestamp is a little later. Written is what differs from that. The reader expects the same,
 * since it has read the same entries: what it reads is what was written, whatever a packet says.
 */

#include <string.h>

#include "timeline.h"

/* What is expected of the next entry, from those before it. */
typedef struct Expected {
        gint64 time_ns; /* the latest so far */
        FrameRef frame; /* of the last one */
        struct {
                guint32 number; /* one past the highest sequence number that is known of this side */
                guint32 clock;  /* its last timestamp */
                guint16 window, ip_id;
                guint16 marks;  /* without PACKED_OWN_MARKS */
                guint8 ttl;
        } side[SIDES];
} Expected;

/* They may be on one packet and not on the next: a bit of the header each. */
#define PACKED_OWN_MARKS (ENTRY_SERVER | ENTRY_PINNED)
/* They are expected to stay as they are. */
#define PACKED_STABLE_MARKS (ENTRY_TIMESTAMP | ENTRY_IP_ID | ENTRY_OPTIONS | ENTRY_OPTIONS_CUT)
/* What has them is written long. */
#define PACKED_LONG_MARKS (ENTRY_SACK | ENTRY_ICMP | ENTRY_FOREIGN)

/*
 * Most entries are written in short: eight bytes and what is unlike the side's last one, lowest byte first. From the
 * lowest bit on:
 *
 *      1   ENTRY_SERVER
 *      1   ENTRY_PINNED
 *      2   flags, an index of packed_flags[]; 0: not in short (packed.c)
 *      1   payload: none, or 2 bytes
 *      1   window: the last one, or 2 bytes
 *      2   ip_id: the last one, one more, or 2 bytes
 *      2   ack: all that came, or 2 or 3 bytes of what it is short of that (packed_fold())
 *      2   tsval, behind the side's last one, and tsecr, before the other side's (folded): none, 2 + 0, 2 + 2, 4 + 4
 *      1   marks: those of the last one, or 2 bytes
 *      19  frames since the last one
 *      32  nanoseconds since the latest one
 */
enum {
        PACKED_PINNED = 1,
        PACKED_FLAGS = 2,
        PACKED_PAYLOAD = 4,
        PACKED_WINDOW = 5,
        PACKED_IP_ID = 6,
        PACKED_ACK = 8,
        PACKED_CLOCKS = 10,
        PACKED_MARKS = 12,
        PACKED_FRAME = 13,
        PACKED_TIME = 32,
};

/*
 * The SYN and SYN+ACK that open a connection: 2 bytes of header, 4 seq, 2 window, 1 ttl, 1 flags; then what the header has a bit
 * for: 4 tsval, 4 nanoseconds since the latest one and 2 frames since the last one, 2 ip_id. All else is as expected, or 0.
 */
enum {
        PACKED_SYN_MOMENT = 1 << 8,
        PACKED_SYN_IP_ID = 1 << 9,
        PACKED_SYN = 1 << 14, /* what the header is; flags are 0 there */
};

#define PACKED_FRAME_BITS (PACKED_TIME - PACKED_FRAME)
#define PACKED_IP_ID_TOLD 2U

/* What is written at most; of a short one no more is touched, read or written, whatever its length. */
#define PACKED_SHORT_BYTES_MAX 27U
#define PACKED_BYTES_MAX 60U

static const guint8 packed_flags[] = { 0, TCP_ACK, TCP_ACK | TCP_PSH, TCP_ACK | TCP_FIN };
static const guint8 packed_flags_index[256] = { [TCP_ACK] = 1, [TCP_ACK | TCP_PSH] = 2, [TCP_ACK | TCP_FIN] = 3 };
static const guint32 packed_ack_mask[] = { 0, 0xffff, 0xffffff };
static const guint8 packed_clock_bytes[] = { 0, 2, 4, 8 }, packed_tsval_bits[] = { 16, 16, 16, 32 };
static const guint64 packed_clock_mask[] = { 0, 0xffff, 0xffffffff, G_MAXUINT64 };

/* Small differences of either sign as small numbers. */
static inline guint32 packed_fold(guint32 difference) {
        return difference << 1 ^ -(difference >> 31);
}

static inline guint32 packed_unfold(guint32 folded) {
        return folded >> 1 ^ -(folded & 1);
}

/* A SYN or SYN+ACK. Returns: as packed_write_short(). */
guint8 *packed_write_syn(Expected *x, const TimelineEntry *e, guint8 *at);

/* What cannot be written in short. @at: room for PACKED_BYTES_MAX */
guint8 *packed_write_long(Expected *x, const TimelineEntry *e, guint8 *at);
const guint8 *packed_read_long(Expected *x, TimelineEntry *e, const guint8 *at);

/* What is written in short, whatever it is. @at: behind its first bytes, @word */
G_GNUC_NO_INLINE const guint8 *packed_read_short(Expected *x, TimelineEntry *e, guint64 word, const guint8 *at);

static inline guint8 *packed_put_16(guint8 *at, guint value, gboolean told) {
        guint16 x = GUINT16_TO_LE((guint16)value);

        memcpy(at, &x, sizeof x);
        return at + 2 * told;
}

static inline guint8 *packed_put_32(guint8 *at, guint32 value, guint bytes) {
        value = GUINT32_TO_LE(value);
        memcpy(at, &value, sizeof value);
        return at + bytes;
}

static inline guint32 packed_later(guint32 number, guint32 ack) {
        return (gint32)(ack - number) > 0 ? ack : number;
}

/*
 * A number further back than what is ever sent again is no step back but another beginning; what is not known
 * yet is 0.
 */
#define STEP_BACK_MAX (1U << 24)

static inline guint32 packed_further(guint32 known, guint32 number) {
        return known - number < STEP_BACK_MAX ? known : number;
}

/* @e goes to the front: what is expected after it. */
static inline void packed_expect(Expected *x, const TimelineEntry *e) {
        guint side = entry_side(e), peer = !side;

        x->time_ns = MAX(x->time_ns, e->time_ns);
        x->frame = e->frame;
        x->side[side].number = packed_further(x->side[side].number, entry_end(e));
        if (e->flags & TCP_ACK)
                x->side[peer].number = packed_further(x->side[peer].number, e->ack);
        if (e->marks & ENTRY_TIMESTAMP) {
                x->side[side].clock = e->tsval;
                x->side[peer].clock = e->tsecr;
        }
        x->side[side].window = e->window;
        x->side[side].ip_id = e->ip_id;
        x->side[side].marks = e->marks & PACKED_STABLE_MARKS;
        x->side[side].ttl = e->ttl;
}

/*
 * The commonest of what is written in short, in the same bytes: all is as expected but moment, payload and own timestamp.
 * Returns: as packed_write_short().
 */
static inline guint8 *packed_write_usual(Expected *x, const TimelineEntry *e, guint8 *at) {
        const guint side = entry_side(e), peer = !side;
        const guint flags = packed_flags_index[e->flags];
        const guint64 time = (guint64)e->time_ns - (guint64)x->time_ns, frame = e->frame - x->frame;
        const guint32 tsval = e->tsval - x->side[side].clock;
        const guint ip_id = (guint16)(e->ip_id - x->side[side].ip_id);
        const guint payload = !!e->payload_bytes, clocks = !!tsval;
        const guint32 unlike = (e->seq ^ x->side[side].number) | (e->ack ^ x->side[peer].number) | (e->tsecr ^ x->side[peer].clock) |
                               (guint32)(e->window ^ x->side[side].window) | (guint32)(e->ttl ^ x->side[side].ttl) |
                               (guint32)((e->marks & ~PACKED_OWN_MARKS) ^ x->side[side].marks) | e->sack_right;
        guint64 word;

        if (unlike || time >> 32 | frame >> PACKED_FRAME_BITS | (e->payload_bytes | tsval) >> 16 | ip_id >> 1 || !flags)
                return NULL;
        word = side | (guint)!!(e->marks & ENTRY_PINNED) << PACKED_PINNED | flags << PACKED_FLAGS | payload << PACKED_PAYLOAD |
               ip_id << PACKED_IP_ID | clocks << PACKED_CLOCKS | frame << PACKED_FRAME | time << PACKED_TIME;
        word = GUINT64_TO_LE(word);
        memcpy(at, &word, sizeof word);
        at = packed_put_16(at + sizeof word, e->payload_bytes, payload);
        at = packed_put_16(at, tsval, clocks);
        x->time_ns = e->time_ns;
        x->frame = e->frame;
        x->side[side].number += e->payload_bytes + (flags == 3);
        x->side[side].clock = e->tsval;
        x->side[side].ip_id = e->ip_id;
        return at;
}

/*
 * Hardly any branches: what a packet is like cannot be predicted. Returns: the end of the record; NULL, with
 * nothing done, when the entry cannot be written in short.
 */
static inline guint8 *packed_write_short(Expected *x, const TimelineEntry *e, guint8 *at) {
        const guint side = entry_side(e), peer = !side;
        const guint flags = packed_flags_index[e->flags];
        const guint32 unlike = (e->seq ^ x->side[side].number) | (e->marks & PACKED_LONG_MARKS) | (guint)(e->ttl ^ x->side[side].ttl) | e->sack_right;
        guint64 time, frame, word;
        guint32 not_acked, tsval, tsecr;
        guint16 ip_id_step;
        guint payload, window, ip_id, ack, clocks, marks;

        if (unlike || !flags)
                return NULL;
        time = (guint64)e->time_ns - (guint64)x->time_ns;
        frame = e->frame - x->frame;
        not_acked = packed_fold(x->side[peer].number - e->ack);
        tsval = e->tsval - x->side[side].clock;
        tsecr = packed_fold(x->side[peer].clock - e->tsecr);
        if (G_UNLIKELY(time >> 32 | frame >> PACKED_FRAME_BITS | e->payload_bytes >> 16 | not_acked >> 24))
                return NULL;
        ip_id_step = (guint16)(e->ip_id - x->side[side].ip_id);
        ip_id = MIN(ip_id_step, PACKED_IP_ID_TOLD);
        window = e->window != x->side[side].window;
        payload = !!e->payload_bytes;
        ack = !!not_acked + !!(not_acked >> 16);
        clocks = !!(tsval | tsecr) + !!(tsecr | tsval >> 16) + !!((tsval | tsecr) >> 16);
        marks = (e->marks & ~PACKED_OWN_MARKS) != x->side[side].marks;
        word = side | (guint)!!(e->marks & ENTRY_PINNED) << PACKED_PINNED | flags << PACKED_FLAGS | payload << PACKED_PAYLOAD |
               window << PACKED_WINDOW | ip_id << PACKED_IP_ID | ack << PACKED_ACK | clocks << PACKED_CLOCKS |
               marks << PACKED_MARKS | frame << PACKED_FRAME | time << PACKED_TIME;
        word = GUINT64_TO_LE(word);
        memcpy(at, &word, sizeof word);
        at = packed_put_16(at + sizeof word, e->payload_bytes, payload);
        at = packed_put_16(at, e->window, window);
        at = packed_put_16(at, e->ip_id, ip_id == PACKED_IP_ID_TOLD);
        at = packed_put_32(at, not_acked, ack + !!ack);
        at = packed_put_16(at, e->marks, marks);
        word = GUINT64_TO_LE(tsval | (guint64)tsecr << packed_tsval_bits[clocks]);
        memcpy(at, &word, sizeof word);
        at += packed_clock_bytes[clocks];
        x->time_ns = e->time_ns;
        x->frame = e->frame;
        x->side[side].number += e->payload_bytes + (flags == 3);
        x->side[peer].number = packed_later(x->side[peer].number, e->ack);
        x->side[side].clock = e->tsval;
        x->side[peer].clock = e->tsecr;
        x->side[side].window = e->window;
        x->side[side].ip_id = e->ip_id;
        x->side[side].marks = e->marks & PACKED_STABLE_MARKS;
        return at;
}

static inline guint packed_bits(guint64 word, guint at, guint bits) {
        return (guint)(word >> at) & ((1U << bits) - 1);
}

static inline guint16 packed_get_16(const guint8 **at, gboolean told) {
        guint16 x;

        memcpy(&x, *at, sizeof x);
        *at += 2 * told;
        return GUINT16_FROM_LE(x);
}

/* Only the lowest @bytes mean anything: the caller takes them. */
static inline guint32 packed_get_32(const guint8 **at, guint bytes) {
        guint32 x;

        memcpy(&x, *at, sizeof x);
        *at += bytes;
        return GUINT32_FROM_LE(x);
}

/* What has none of these bits, and flags, packed_write_usual() may have written. */
#define PACKED_UNUSUAL (1U << PACKED_WINDOW | 2U << PACKED_IP_ID | 3U << PACKED_ACK | 2U << PACKED_CLOCKS | 1U << PACKED_MARKS)

static inline const guint8 *packed_read_usual(Expected *x, TimelineEntry *e, guint64 word, const guint8 *at) {
        const guint side = packed_bits(word, 0, 1), flags = packed_bits(word, PACKED_FLAGS, 2), payload = packed_bits(word, PACKED_PAYLOAD, 1),
                    clocks = packed_bits(word, PACKED_CLOCKS, 1);
        const guint16 told_payload = packed_get_16(&at, payload), told_clock = packed_get_16(&at, clocks);

        e->time_ns = x->time_ns = (gint64)((guint64)x->time_ns + (word >> PACKED_TIME));
        e->frame = x->frame += packed_bits(word, PACKED_FRAME, PACKED_FRAME_BITS);
        e->seq = x->side[side].number;
        e->ack = x->side[!side].number;
        e->payload_bytes = told_payload & -payload;
        e->tsval = x->side[side].clock += told_clock & -clocks;
        e->tsecr = x->side[!side].clock;
        e->sack_right = 0;
        e->window = x->side[side].window;
        e->ip_id = x->side[side].ip_id += (guint16)packed_bits(word, PACKED_IP_ID, 1);
        e->marks = (guint16)(x->side[side].marks | side | packed_bits(word, PACKED_PINNED, 1) * ENTRY_PINNED);
        e->flags = packed_flags[flags];
        e->ttl = x->side[side].ttl;
        x->side[side].number += e->payload_bytes + (flags == 3);
        return at;
}

/* The way back. Returns: where the next one begins. */
static inline const guint8 *packed_read(Expected *x, TimelineEntry *e, const guint8 *at) {
        guint64 word;

        memcpy(&word, at, sizeof word);
        word = GUINT64_FROM_LE(word);
        if (G_UNLIKELY(!packed_bits(word, PACKED_FLAGS, 2)))
                return packed_read_long(x, e, at);
        at += sizeof word;
        return word & PACKED_UNUSUAL ? packed_read_short(x, e, word, at) : packed_read_usual(x, e, word, at);
}
