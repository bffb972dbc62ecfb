/* SPDX-License-Identifier: BSD-3-Clause */

#include "tcp.h"

#define TCP_HEADER 20

/* Ports to window. A snaplen that keeps these and loses the checksum and the urgent pointer loses nothing that matters. */
#define TCP_HEADER_USED 16

/* Ports and sequence number: all that RFC 792 has an ICMP error quote. */
#define TCP_HEADER_QUOTED 8

/* https://www.iana.org/assignments/tcp-parameters */
enum {
        OPTION_END = 0,
        OPTION_NOP = 1,
        OPTION_MSS = 2,
        OPTION_WSCALE = 3,
        OPTION_SACK_PERMITTED = 4,
        OPTION_SACK = 5,
        OPTION_TIMESTAMP = 8,
        OPTION_MD5 = 19,
        OPTION_AO = 29,
        OPTION_FASTOPEN = 34,
        OPTION_EXPERIMENT = 254,
};

#define FASTOPEN_MAGIC 0xf989 /* of the experimental option, RFC 7413 appendix A */


static void timestamp_decode(Segment *s, const guint8 *at) {
        s->facts |= SEGMENT_HAS_TIMESTAMP;
        s->tsval = load_u32(at);
        s->tsecr = load_u32(at + 4);
}

static gboolean seq_before(guint32 a, guint32 b) {
        return (gint32)(a - b) < 0;
}

/* @at: @n blocks of a left and a right edge (RFC 2018 3) */
static gboolean is_dsack(const Segment *s, const guint8 *at, guint n) {
        return seq_before(load_u32(at), s->ack) ||
               (n > 1 && !seq_before(load_u32(at), load_u32(at + 8)) && !seq_before(load_u32(at + 12), load_u32(at + 4)));
}

/* Of several such options the last one counts, as on Linux (net/ipv4/tcp_input.c tcp_parse_options()). */
static void sack_decode(Segment *s, const guint8 *at, guint n) {
        s->sack_blocks = (guint8)MIN(n, SEGMENT_SACK_BLOCKS_MAX);
        s->sack_right = load_u32(at + 4);
        for (guint i = 1; i < s->sack_blocks; i++)
                if (seq_before(s->sack_right, load_u32(at + 8 * i + 4)))
                        s->sack_right = load_u32(at + 8 * i + 4);
        s->facts &= (guint16)~SEGMENT_DSACK;
        if (is_dsack(s, at, n))
                s->facts |= SEGMENT_DSACK;
}

/* @at: the whole option. One of the wrong length is none (RFC 9293 3.1). */
static void option_decode(Segment *s, const guint8 *at, guint8 kind, guint8 length) {
        if (kind == OPTION_MSS && length == 4) {
                s->facts |= SEGMENT_HAS_MSS;
                s->mss = load_u16(at + 2);
        } else if (kind == OPTION_WSCALE && length == 3) {
                s->facts |= SEGMENT_HAS_WSCALE;
                s->wscale = MIN(at[2], WSCALE_MAX);
        } else if (kind == OPTION_SACK_PERMITTED && length == 2) {
                s->facts |= SEGMENT_SACK_PERMITTED;
        } else if (kind == OPTION_SACK && length > 2 && length % 8 == 2) {
                sack_decode(s, at + 2, length / 8u);
        } else if (kind == OPTION_TIMESTAMP && length == 10) {
                timestamp_decode(s, at + 2);
        } else if (kind == OPTION_MD5 || kind == OPTION_AO) {
                s->facts |= SEGMENT_MD5;
        } else if (kind == OPTION_FASTOPEN ||
                   (kind == OPTION_EXPERIMENT && length >= 4 && load_u16(at + 2) == FASTOPEN_MAGIC)) {
                s->facts |= SEGMENT_FASTOPEN;
        }
}

/*
 * The order of a SYN's options is its stack's own: MSS, SACK permitted, timestamps, NOP, window scale, or without timestamps
 * MSS, NOP, NOP, SACK permitted, NOP, window scale (Linux net/ipv4/tcp_output.c tcp_options_write()). Four bits a kind.
 */
#define LINUX_ORDER 0x24813u
#define LINUX_ORDER_NO_TIMESTAMPS 0x211413u

static gboolean is_linux_order(guint64 order) {
        return order == LINUX_ORDER || order == LINUX_ORDER_NO_TIMESTAMPS;
}

void tcp_options_decode(Segment *s, const guint8 *at, gsize n, gsize captured) {
        const guint8 *end = at + captured;
        guint64 order = 0;

        s->facts |= SEGMENT_HAS_OPTIONS | (captured < n ? SEGMENT_OPTIONS_CUT : 0);
        while (at < end && *at != OPTION_END) {
                guint8 kind = *at, length = kind == OPTION_NOP ? 1 : at + 1 < end ? at[1] : 0;

                if (length > end - at || (length < 2 && kind != OPTION_NOP))
                        break;
                option_decode(s, at, kind, length);
                order = order << 4 | (kind & 15u);
                at += length;
        }
        if (is_linux_order(order))
                s->facts |= SEGMENT_LINUX_OPTIONS;
}

/* Eight bytes are always quoted; flags are there only if the router was generous (RFC 1812 4.3.2.3). */
static DissectResult quote_decode(Packet *p) {
        Segment *s = p->segment;
        Bytes *b = &p->b;
        guint header = (bytes_u8_at(b, 12) >> 4) * 4u;

        if (!bytes_need(b, TCP_HEADER_QUOTED))
                return packet_short(p, TCP_HEADER_QUOTED, DISSECT_MALFORMED_TCP);
        s->kind = SEGMENT_ICMP_QUOTE;
        s->source_port = bytes_u16_at(b, 0);
        s->destination_port = bytes_u16_at(b, 2);
        s->seq = bytes_u32_at(b, 4);
        s->ack = bytes_u32_at(b, 8);
        s->flags = bytes_u8_at(b, 13);
        s->window = bytes_u16_at(b, 14);
        s->payload_bytes = (guint32)(bytes_wire_left(b) - MIN(bytes_wire_left(b), MAX(header, TCP_HEADER)));
        if (bytes_left(b) < MAX(header, TCP_HEADER))
                s->facts |= SEGMENT_OPTIONS_CUT;
        return DISSECT_ICMP_QUOTE;
}

DissectResult tcp_decode(Packet *p) {
        Segment *s = p->segment;
        Bytes b = p->b;
        const guint8 *at = bytes_first(&b, TCP_HEADER_USED);
        guint header;

        s->tsval = s->tsecr = s->sack_right = 0;
        s->mss = 0;
        s->wscale = s->sack_blocks = s->long_word = 0;
        if (p->quote)
                return quote_decode(p);
        if (bytes_wire_left(&b) < TCP_HEADER)
                return packet_short(p, TCP_HEADER, DISSECT_MALFORMED_TCP);
        if (!at)
                return packet_short(p, TCP_HEADER_USED, DISSECT_SNAPPED);
        header = (at[12] >> 4) * 4u;
        if (header < TCP_HEADER || (header > bytes_wire_left(&b) && !(s->facts & SEGMENT_FRAGMENT)))
                return DISSECT_MALFORMED_TCP;
        s->kind = SEGMENT_TCP;
        s->tunnel = p->tunnel;
        s->source_port = load_u16(at);
        s->destination_port = load_u16(at + 2);
        s->seq = load_u32(at + 4);
        s->ack = load_u32(at + 8);
        s->flags = at[13];
        s->window = load_u16(at + 14);
        if (header > bytes_wire_left(&b)) /* a small first fragment: the options go on in the next */
                bytes_set_wire_length(&b, header);
        s->payload_bytes = (guint32)(bytes_wire_left(&b) - header);
        if (s->payload_bytes && !p->fragment && bytes_left(&b) < bytes_wire_left(&b))
                s->facts |= SEGMENT_PAYLOAD_CUT;
        if (s->destination_port == FTP_PORT && (at = bytes_first(&b, header + LONG_WORD_BYTES)))
                s->long_word = tcp_long_word(at + header);
        if (header > TCP_HEADER) {
                bytes_cut(&b, header);
                bytes_skip(&b, MIN(TCP_HEADER, bytes_left(&b)));
                tcp_options_decode(s, b.at, bytes_wire_left(&b), bytes_left(&b));
        }
        return DISSECT_TCP;
}
