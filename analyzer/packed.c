/* SPDX-License-Identifier: BSD-3-Clause */
#include "packed.h"

/*
 * What is not written in short. After two bytes of header, whose flags are 0, come the parts that it has a bit for,
 * in this order; all others are as expected, or 0.
 */
enum {
        LONG_MOMENT = 1 << 4,  /* time and frame: 8 + 8 bytes instead of 4 + 4, each behind the expected one */
        LONG_SEQ = 1 << 5,     /* 4 */
        LONG_ACK = 1 << 6,     /* 4 */
        LONG_PAYLOAD = 1 << 7, /* 4 */
        LONG_WINDOW = 1 << 8,  /* 2 */
        LONG_IP_ID = 1 << 9,   /* 2 */
        LONG_TRAITS = 1 << 10, /* 4: marks, TTL and flags; without them it is an ACK */
        LONG_TSVAL = 1 << 11,  /* 4 */
        LONG_TSECR = 1 << 12,  /* 4 */
        LONG_SACK = 1 << 13,   /* 4: sack_right */
        /* 1 << 14: PACKED_SYN */
        LONG_WHOLE = 1 << 15,  /* the entry as it is, and nothing else: it is none of the flow's packets */
};

/* Of @x eight bytes are written, and read, whatever is wanted: what comes next lies over the rest. */
static inline guint8 *put(guint8 *at, guint64 x, guint bytes) {
        x = GUINT64_TO_LE(x);
        memcpy(at, &x, sizeof x);
        return at + bytes;
}

static inline guint64 get(const guint8 **at, guint bytes) {
        guint64 x;

        memcpy(&x, *at, sizeof x);
        *at += bytes;
        return GUINT64_FROM_LE(x);
}

/* Stable marks as bits of a SYN's header, and back: two lie below its flags' place, two far above. */
static guint fold_marks(guint marks) {
        return (marks & (ENTRY_TIMESTAMP | ENTRY_IP_ID)) << 3 | (marks & ENTRY_OPTIONS) >> 6 | (marks & ENTRY_OPTIONS_CUT) >> 7;
}

static guint unfold_marks(guint header) {
        return (header >> 3 & (ENTRY_TIMESTAMP | ENTRY_IP_ID)) | (header << 6 & ENTRY_OPTIONS) | (header << 7 & ENTRY_OPTIONS_CUT);
}

guint8 *packed_write_syn(Expected *x, const TimelineEntry *e, guint8 *at) {
        const guint side = entry_side(e), peer = !side;
        const guint64 time = (guint64)e->time_ns - (guint64)x->time_ns, frame = e->frame - x->frame;
        const gboolean moment = !!(time | frame), ip_id = e->ip_id != x->side[side].ip_id, stamped = !!(e->marks & ENTRY_TIMESTAMP);
        guint header;
        guint64 word;

        if (G_UNLIKELY(time >> 32 | frame >> 16 | (e->marks & ~(PACKED_OWN_MARKS | PACKED_STABLE_MARKS)) | e->payload_bytes | e->sack_right |
                       (stamped ? 0 : e->tsval) | (e->ack ^ x->side[peer].number) | (e->tsecr ^ x->side[peer].clock)))
                return NULL;
        header = PACKED_SYN | side | (guint)!!(e->marks & ENTRY_PINNED) << PACKED_PINNED | fold_marks(e->marks) |
                 (guint)moment * PACKED_SYN_MOMENT | (guint)ip_id * PACKED_SYN_IP_ID;
        at = packed_put_16(at, header, TRUE);
        word = GUINT64_TO_LE(e->seq | (guint64)e->window << 32 | (guint64)e->ttl << 48 | (guint64)e->flags << 56);
        memcpy(at, &word, sizeof word);
        at = packed_put_32(at + sizeof word, e->tsval, 4 * (guint)stamped);
        at = packed_put_32(at, (guint32)time, 4 * (guint)moment);
        at = packed_put_16(at, (guint)frame, moment);
        at = packed_put_16(at, e->ip_id, ip_id);
        packed_expect(x, e);
        return at;
}

static guint8 *write_whole(const TimelineEntry *e, guint8 *at) {
        at = put(at, LONG_WHOLE, 2);
        memcpy(at, e, sizeof *e);
        return at + sizeof *e;
}

guint8 *packed_write_long(Expected *x, const TimelineEntry *e, guint8 *at) {
        guint side = entry_side(e), peer = !side;
        guint64 time = (guint64)e->time_ns - (guint64)x->time_ns, frame = e->frame - x->frame;
        guint header = side | (e->marks & ENTRY_PINNED ? 1U << PACKED_PINNED : 0);

        if (entry_is_aside(e))
                return write_whole(e, at);
        header |= (time | frame) >> 32 ? LONG_MOMENT : 0;
        header |= e->seq != x->side[side].number ? LONG_SEQ : 0;
        header |= e->ack != x->side[peer].number ? LONG_ACK : 0;
        header |= e->payload_bytes ? LONG_PAYLOAD : 0;
        header |= e->window != x->side[side].window ? LONG_WINDOW : 0;
        header |= e->ip_id != x->side[side].ip_id ? LONG_IP_ID : 0;
        header |= (e->marks & ~PACKED_OWN_MARKS) != x->side[side].marks || e->ttl != x->side[side].ttl || e->flags != TCP_ACK ? LONG_TRAITS : 0;
        header |= e->tsval != x->side[side].clock ? LONG_TSVAL : 0;
        header |= e->tsecr != x->side[peer].clock ? LONG_TSECR : 0;
        header |= e->sack_right ? LONG_SACK : 0;
        at = put(at, header, 2);
        at = put(at, time, header & LONG_MOMENT ? 8 : 4);
        at = put(at, frame, header & LONG_MOMENT ? 8 : 4);
        at = put(at, e->seq, header & LONG_SEQ ? 4 : 0);
        at = put(at, e->ack, header & LONG_ACK ? 4 : 0);
        at = put(at, e->payload_bytes, header & LONG_PAYLOAD ? 4 : 0);
        at = put(at, e->window, header & LONG_WINDOW ? 2 : 0);
        at = put(at, e->ip_id, header & LONG_IP_ID ? 2 : 0);
        at = put(at, e->marks | (guint32)e->ttl << 16 | (guint32)e->flags << 24, header & LONG_TRAITS ? 4 : 0);
        at = put(at, e->tsval, header & LONG_TSVAL ? 4 : 0);
        at = put(at, e->tsecr, header & LONG_TSECR ? 4 : 0);
        at = put(at, e->sack_right, header & LONG_SACK ? 4 : 0);
        packed_expect(x, e);
        return at;
}

/* @at: behind @header */
static const guint8 *read_syn(Expected *x, TimelineEntry *e, guint header, const guint8 *at) {
        const guint side = header & 1, peer = !side, marks = unfold_marks(header);
        const gboolean moment = !!(header & PACKED_SYN_MOMENT), ip_id = !!(header & PACKED_SYN_IP_ID);
        guint64 word = get(&at, 8);
        const guint32 tsval = (guint32)get(&at, marks & ENTRY_TIMESTAMP ? 4 : 0), time = (guint32)get(&at, moment ? 4 : 0);
        const guint16 frame = (guint16)get(&at, moment ? 2 : 0), told_ip_id = (guint16)get(&at, ip_id ? 2 : 0);

        *e = (TimelineEntry){
                .time_ns = (gint64)((guint64)x->time_ns + (moment ? time : 0)),
                .frame = x->frame + (moment ? frame : 0),
                .seq = (guint32)word,
                .ack = x->side[peer].number,
                .tsval = marks & ENTRY_TIMESTAMP ? tsval : 0,
                .tsecr = x->side[peer].clock,
                .window = (guint16)(word >> 32),
                .ip_id = ip_id ? told_ip_id : x->side[side].ip_id,
                .marks = (guint16)(marks | side | (header >> PACKED_PINNED & 1) * ENTRY_PINNED),
                .ttl = (guint8)(word >> 48),
                .flags = (guint8)(word >> 56),
        };
        packed_expect(x, e);
        return at;
}

const guint8 *packed_read_long(Expected *x, TimelineEntry *e, const guint8 *at) {
        guint header = (guint16)get(&at, 2), side = header & 1, peer = !side, moment_bytes = header & LONG_MOMENT ? 8 : 4;
        guint64 moment_mask = header & LONG_MOMENT ? G_MAXUINT64 : G_MAXUINT32;
        guint32 traits = x->side[side].marks | side | (header >> PACKED_PINNED & 1) * ENTRY_PINNED | (guint32)x->side[side].ttl << 16 | (guint32)TCP_ACK << 24;
        guint64 told;

        if (header & PACKED_SYN)
                return read_syn(x, e, header, at);
        if (header & LONG_WHOLE) {
                memcpy(e, at, sizeof *e);
                return at + sizeof *e;
        }
        e->time_ns = (gint64)((guint64)x->time_ns + (get(&at, moment_bytes) & moment_mask));
        e->frame = x->frame + (get(&at, moment_bytes) & moment_mask);
        told = get(&at, header & LONG_SEQ ? 4 : 0);
        e->seq = header & LONG_SEQ ? (guint32)told : x->side[side].number;
        told = get(&at, header & LONG_ACK ? 4 : 0);
        e->ack = header & LONG_ACK ? (guint32)told : x->side[peer].number;
        told = get(&at, header & LONG_PAYLOAD ? 4 : 0);
        e->payload_bytes = header & LONG_PAYLOAD ? (guint32)told : 0;
        told = get(&at, header & LONG_WINDOW ? 2 : 0);
        e->window = header & LONG_WINDOW ? (guint16)told : x->side[side].window;
        told = get(&at, header & LONG_IP_ID ? 2 : 0);
        e->ip_id = header & LONG_IP_ID ? (guint16)told : x->side[side].ip_id;
        told = get(&at, header & LONG_TRAITS ? 4 : 0);
        traits = header & LONG_TRAITS ? (guint32)told : traits;
        e->marks = (guint16)traits;
        e->ttl = (guint8)(traits >> 16);
        e->flags = (guint8)(traits >> 24);
        told = get(&at, header & LONG_TSVAL ? 4 : 0);
        e->tsval = header & LONG_TSVAL ? (guint32)told : x->side[side].clock;
        told = get(&at, header & LONG_TSECR ? 4 : 0);
        e->tsecr = header & LONG_TSECR ? (guint32)told : x->side[peer].clock;
        told = get(&at, header & LONG_SACK ? 4 : 0);
        e->sack_right = header & LONG_SACK ? (guint32)told : 0;
        packed_expect(x, e);
        return at;
}

const guint8 *packed_read_short(Expected *x, TimelineEntry *e, guint64 word, const guint8 *at) {
        guint side, peer, flags, payload, window, ip_id, ack, clocks, tsval_bits, marks;
        guint16 told_payload, told_window, told_ip_id, told_marks;
        guint32 not_acked;
        guint64 told_clocks;

        flags = packed_bits(word, PACKED_FLAGS, 2);
        side = packed_bits(word, 0, 1);
        peer = !side;
        payload = packed_bits(word, PACKED_PAYLOAD, 1);
        window = packed_bits(word, PACKED_WINDOW, 1);
        ip_id = packed_bits(word, PACKED_IP_ID, 2);
        ack = packed_bits(word, PACKED_ACK, 2);
        clocks = packed_bits(word, PACKED_CLOCKS, 2);
        tsval_bits = packed_tsval_bits[clocks];
        marks = packed_bits(word, PACKED_MARKS, 1);
        told_payload = packed_get_16(&at, payload);
        told_window = packed_get_16(&at, window);
        told_ip_id = packed_get_16(&at, ip_id == PACKED_IP_ID_TOLD);
        not_acked = packed_get_32(&at, ack + !!ack) & packed_ack_mask[ack];
        told_marks = packed_get_16(&at, marks);
        memcpy(&told_clocks, at, sizeof told_clocks);
        told_clocks = GUINT64_FROM_LE(told_clocks) & packed_clock_mask[clocks];
        e->time_ns = x->time_ns = (gint64)((guint64)x->time_ns + (word >> PACKED_TIME));
        e->frame = x->frame += packed_bits(word, PACKED_FRAME, PACKED_FRAME_BITS);
        e->seq = x->side[side].number;
        e->ack = x->side[peer].number - packed_unfold(not_acked);
        e->payload_bytes = told_payload & -payload;
        e->tsval = x->side[side].clock += (guint32)(told_clocks & (((guint64)1 << tsval_bits) - 1));
        e->tsecr = x->side[peer].clock -= packed_unfold((guint32)(told_clocks >> tsval_bits));
        e->sack_right = 0;
        e->window = x->side[side].window = window ? told_window : x->side[side].window;
        e->ip_id = x->side[side].ip_id = ip_id == PACKED_IP_ID_TOLD ? told_ip_id : (guint16)(x->side[side].ip_id + ip_id);
        e->marks = marks ? told_marks : (guint16)(x->side[side].marks | side | packed_bits(word, PACKED_PINNED, 1) * ENTRY_PINNED);
        x->side[side].marks = e->marks & PACKED_STABLE_MARKS;
        e->flags = packed_flags[flags];
        e->ttl = x->side[side].ttl;
        x->side[side].number += e->payload_bytes + (flags == 3);
        x->side[peer].number = packed_later(x->side[peer].number, e->ack);
        return at + packed_clock_bytes[clocks];
}
