/* SPDX-License-Identifier: BSD-3-Clause */
#include "plain.h"
#include "tcp.h"

#define LINK_ETHERNET 1
#define IP 14 /* where its header begins */
#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define TCP_HEADER 20
#define PROTOCOL_TCP 6

G_STATIC_ASSERT(PLAIN_BYTES_MAX == IP + IPV6_HEADER + 60 + LONG_WORD_BYTES);

/* The EtherType, and of the IP header version and, for IPv4, its length without options. */
#define IPV4_PLAIN 0x080045U
#define IPV6_PLAIN 0x86dd6U

#define IPV4_DONT_FRAGMENT 0x4000

/* NOP, NOP, timestamp: all the options that most segments have (RFC 7323 appendix A). */
#define TIMESTAMP_ALONE 0x0101080aU
#define TIMESTAMP_ALONE_BYTES 12

/* What stands before the TCP header. */
typedef struct Outer {
        const guint8 *tcp;
        guint32 wire;     /* bytes from the TCP header to the packet's end ... */
        guint32 captured; /* ... and how many of them are here */
        guint16 facts;
} Outer;

/* Nothing differs from packet to packet but lengths and names. */
static inline gboolean ipv4_take(const Frame *frame, Segment *s, Outer *o) {
        const guint8 *ip = frame->data + IP;
        guint32 total = load_u16(ip + 2), fragment = load_u16(ip + 6);

        if (G_UNLIKELY((fragment & ~IPV4_DONT_FRAGMENT) | (ip[9] ^ PROTOCOL_TCP) || total < IPV4_HEADER))
                return FALSE;
        o->tcp = ip + IPV4_HEADER;
        o->wire = total - IPV4_HEADER;
        o->captured = MIN(frame->captured_bytes - IP - IPV4_HEADER, o->wire);
        o->facts = fragment ? SEGMENT_DONT_FRAGMENT : 0;
        s->tos = ip[1];
        s->ip_id = load_u16(ip + 4);
        s->ttl = ip[8];
        address_set_ipv4(&s->source, ip + 12);
        address_set_ipv4(&s->destination, ip + 16);
        return TRUE;
}

static inline gboolean ipv6_take(const Frame *frame, Segment *s, Outer *o) {
        const guint8 *ip = frame->data + IP;
        guint32 length = load_u16(ip + 4);

        if (G_UNLIKELY(ip[6] != PROTOCOL_TCP || length == 0 || frame->captured_bytes < IP + IPV6_HEADER + TCP_HEADER))
                return FALSE;
        o->tcp = ip + IPV6_HEADER;
        o->wire = length;
        o->captured = MIN(frame->captured_bytes - IP - IPV6_HEADER, o->wire);
        o->facts = SEGMENT_IPV6;
        s->tos = (guint8)(load_u16(ip) >> 4);
        s->ip_id = 0;
        s->ttl = ip[7];
        memcpy(s->source.bytes, ip + 8, sizeof s->source.bytes);
        memcpy(s->destination.bytes, ip + 24, sizeof s->destination.bytes);
        return TRUE;
}

static inline gboolean ip_take(const Frame *frame, Segment *s, Outer *o) {
        guint32 type;

        if (G_UNLIKELY(frame->link_type != LINK_ETHERNET || frame->fcs_bytes ||
                       frame->captured_bytes < IP + IPV4_HEADER + TCP_HEADER))
                return FALSE;
        type = load_u32(frame->data + IP - 2);
        if (G_LIKELY(type >> 8 == IPV4_PLAIN))
                return ipv4_take(frame, s, o);
        return type >> 12 == IPV6_PLAIN && ipv6_take(frame, s, o);
}

/*
 * Those of a SYN of Linux: MSS, SACK permitted, timestamp, NOP, window scale, whole or cut in the timestamp or behind it;
 * and where timestamps are off MSS, NOP, NOP, SACK permitted, NOP, window scale.
 */
#define SYN_MSS 0x0204U
#define SYN_SACK_TIMESTAMP 0x0402080aU
#define SYN_SACK_ALONE 0x01010402U
#define SYN_WSCALE 0x010303U
#define SYN_WSCALE_BYTES 4
#define SYN_BYTES_MIN 8 /* up to where the two differ */
#define SYN_TIMESTAMP_END 16

/* @at: at least SYN_BYTES_MIN bytes. Returns: FALSE, with nothing taken, if they are not in one of the two orders. */
static inline gboolean syn_options_take(Segment *s, const guint8 *at, guint n, guint captured) {
        const guint32 second = load_u32(at + 4);
        const guint end = second == SYN_SACK_TIMESTAMP ? SYN_TIMESTAMP_END : SYN_BYTES_MIN;

        if (load_u16(at) != SYN_MSS || (second != SYN_SACK_TIMESTAMP && second != SYN_SACK_ALONE))
                return FALSE;
        if (captured > end) {
                if (captured != end + SYN_WSCALE_BYTES || n != captured || load_u32(at + end) >> 8 != SYN_WSCALE)
                        return FALSE;
                s->facts |= SEGMENT_HAS_WSCALE | SEGMENT_LINUX_OPTIONS;
                s->wscale = MIN(at[end + 3], WSCALE_MAX);
        }
        s->facts |= SEGMENT_HAS_OPTIONS | SEGMENT_HAS_MSS | SEGMENT_SACK_PERMITTED | (captured < n ? SEGMENT_OPTIONS_CUT : 0);
        s->mss = load_u16(at + 2);
        if (end == SYN_TIMESTAMP_END && captured >= end) {
                s->facts |= SEGMENT_HAS_TIMESTAMP;
                s->tsval = load_u32(at + 8);
                s->tsecr = load_u32(at + 12);
        }
        return TRUE;
}

/* @n: their bytes on the wire */
static inline void options_take(Segment *s, const guint8 *at, guint n, guint captured) {
        if (G_LIKELY(captured == TIMESTAMP_ALONE_BYTES && n == captured && load_u32(at) == TIMESTAMP_ALONE)) {
                s->facts |= SEGMENT_HAS_OPTIONS | SEGMENT_HAS_TIMESTAMP;
                s->tsval = load_u32(at + 4);
                s->tsecr = load_u32(at + 8);
                return;
        }
        if (captured < SYN_BYTES_MIN || !syn_options_take(s, at, n, captured))
                tcp_options_decode(s, at, n, captured);
}

G_ALWAYS_INLINE static inline gboolean decode(const Frame *frame, Segment *s) {
        const guint8 *tcp;
        guint header;
        Outer o;

        if (G_UNLIKELY(!ip_take(frame, s, &o)))
                return FALSE;
        tcp = o.tcp;
        header = (tcp[12] >> 4) * 4u;
        if (G_UNLIKELY(header < TCP_HEADER || header > o.wire || o.captured < TCP_HEADER))
                return FALSE;
        s->time_ns = frame->time_ns;
        s->frame = frame->ref;
        s->source_port = load_u16(tcp);
        s->destination_port = load_u16(tcp + 2);
        s->seq = load_u32(tcp + 4);
        s->ack = load_u32(tcp + 8);
        s->payload_bytes = o.wire - header;
        s->tsval = s->tsecr = s->sack_right = 0;
        s->path = s->path_detail = 0;
        s->window = load_u16(tcp + 14);
        s->mss = 0;
        s->facts = o.facts | (frame->direction == FRAME_OUTBOUND ? SEGMENT_NOT_INITIAL_COPY : 0) |
                   (o.captured < o.wire && s->payload_bytes ? SEGMENT_PAYLOAD_CUT : 0);
        s->flags = tcp[13];
        s->wscale = 0;
        s->kind = SEGMENT_TCP;
        s->tunnel = 0;
        s->sack_blocks = s->long_word = 0;
        if (G_UNLIKELY(s->destination_port == FTP_PORT) && o.captured >= header + LONG_WORD_BYTES)
                s->long_word = tcp_long_word(tcp + header);
        if (header > TCP_HEADER)
                options_take(s, tcp + TCP_HEADER, header - TCP_HEADER, MIN(header, o.captured) - TCP_HEADER);
        return TRUE;
}

gboolean plain_decode(const Frame *frame, Segment *s) {
        return decode(frame, s);
}

gboolean plain_is(const Frame *frame) {
        Segment unused;

        return decode(frame, &unused);
}
