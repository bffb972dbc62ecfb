/* SPDX-License-Identifier: BSD-3-Clause */

#include <string.h>

#include "ethertype.h"
#include "ip.h"
#include "tcp.h"
#include "tunnel.h"
#include "udp.h"

#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define FRAGMENT_HEADER 8

#define PROTOCOL_TCP 6

#define IPV4_DONT_FRAGMENT 0x4000
#define IPV4_MORE_FRAGMENTS 0x2000
#define IPV4_OFFSET 0x1fff

/* ── Addresses ───────────────────────────────────────────────────────────── */

static void address_set_ipv6(Address *a, const guint8 *at) {
        memcpy(a->bytes, at, sizeof(a->bytes));
}

/* ── Headers ─────────────────────────────────────────────────────────────── */

#define OPTION_END 0
#define OPTION_NOP 1

/*
 * Hosts drop a packet with an option that has no room for its own length, or runs past the header (Linux
 * ip_options_compile()).
 * @at: the whole header
 */
static gboolean options_fit(const guint8 *at, guint header) {
        for (guint i = IPV4_HEADER; i < header && at[i] != OPTION_END; i += at[i] == OPTION_NOP ? 1 : at[i + 1])
                if (at[i] != OPTION_NOP && (i + 1 == header || at[i + 1] < 2 || at[i + 1] > header - i))
                        return FALSE;
        return TRUE;
}

static DissectResult ipv4_decode(Packet *p) {
        Segment *s = p->segment;
        Bytes b = p->b;
        const guint8 *at = bytes_first(&b, IPV4_HEADER);
        guint header, total;
        guint16 fragment;

        if (!at)
                return packet_short(p, IPV4_HEADER, DISSECT_MALFORMED_IP);
        header = (at[0] & 0x0f) * 4u;
        total = load_u16(at + 2);
        if (header < IPV4_HEADER || (total != 0 && total < header))
                return DISSECT_MALFORMED_IP;
        if (header > IPV4_HEADER && bytes_need(&b, header) && !options_fit(at, header))
                return DISSECT_MALFORMED_IP;
        fragment = load_u16(at + 6);
        s->tos = at[1];
        s->ip_id = load_u16(at + 4);
        s->ttl = at[8];
        s->facts = p->facts | (fragment & IPV4_DONT_FRAGMENT ? SEGMENT_DONT_FRAGMENT : 0) |
                   (fragment & IPV4_MORE_FRAGMENTS ? SEGMENT_FRAGMENT : 0) |
                   (total == 0 ? SEGMENT_LENGTH_GUESSED : 0);
        address_set_ipv4(&s->source, at + 12);
        address_set_ipv4(&s->destination, at + 16);
        /* A length beyond the frame: cut by something that did not say so. The header knows better. */
        if (total != 0)
                bytes_set_wire_length(&b, total);
        if (fragment & IPV4_OFFSET)
                return DISSECT_FRAGMENT;
        p->fragment |= (fragment & IPV4_MORE_FRAGMENTS) != 0;
        if (!bytes_skip(&b, header))
                return packet_short(p, header, DISSECT_MALFORMED_IP);
        p->b = b;
        return ip_protocol_decode(p, at[9]);
}

static DissectResult ipv6_decode(Packet *p) {
        Segment *s = p->segment;
        Bytes b = p->b;
        const guint8 *at = bytes_first(&b, IPV6_HEADER);
        guint payload;

        if (!at)
                return packet_short(p, IPV6_HEADER, DISSECT_MALFORMED_IP);
        payload = load_u16(at + 4);
        s->tos = (guint8)(load_u16(at) >> 4);
        s->ip_id = 0;
        s->ttl = at[7];
        /* Length 0 is a jumbogram (RFC 2675), or segmentation offload of more than 64 KB. */
        s->facts = p->facts | SEGMENT_IPV6 | (payload == 0 ? SEGMENT_LENGTH_GUESSED : 0);
        address_set_ipv6(&s->source, at + 8);
        address_set_ipv6(&s->destination, at + 24);
        if (payload != 0)
                bytes_set_wire_length(&b, IPV6_HEADER + payload);
        bytes_skip(&b, IPV6_HEADER);
        p->b = b;
        return ip_protocol_decode(p, at[6]);
}

DissectResult ip_decode(Packet *p) {
        guint8 version = bytes_u8_at(&p->b, 0) >> 4;

        if (G_LIKELY(version == 4))
                return ipv4_decode(p);
        if (version == 6)
                return ipv6_decode(p);
        return bytes_left(&p->b) > 0 ? DISSECT_MALFORMED_IP : packet_short(p, 1, DISSECT_MALFORMED_IP);
}

gboolean ip_is_plausible(Bytes b) {
        guint8 first = bytes_u8_at(&b, 0);

        if (first >> 4 == 4) {
                guint header = (first & 0x0f) * 4u, total = bytes_u16_at(&b, 2);

                return bytes_need(&b, IPV4_HEADER) && header >= IPV4_HEADER && total >= header &&
                       total <= bytes_wire_left(&b);
        }
        return first >> 4 == 6 && bytes_need(&b, IPV6_HEADER) &&
               bytes_u16_at(&b, 4) + (gsize)IPV6_HEADER <= bytes_wire_left(&b);
}

/* ── Extension headers ───────────────────────────────────────────────────── */

/* Goes past a header of (length field + 1) * 8 bytes, RFC 8200 4. */
static DissectResult extension_decode(Packet *p) {
        guint8 next = bytes_u8_at(&p->b, 0);
        gsize length = (bytes_u8_at(&p->b, 1) + 1u) * 8u;

        if (!bytes_skip(&p->b, length))
                return packet_short(p, length, DISSECT_MALFORMED_IP);
        return ip_protocol_decode(p, next);
}

#define OPTION_PAD1 0
#define OPTION_JUMBO 0xc2

/* The jumbo payload option holds the length of all that follows the IPv6 header (RFC 2675 2). */
static DissectResult hop_by_hop_decode(Packet *p) {
        Bytes options = p->b;
        gsize at = 2, length = (bytes_u8_at(&options, 1) + 1u) * 8u;

        bytes_cut(&options, length);
        while ((p->segment->facts & SEGMENT_LENGTH_GUESSED) && at < bytes_left(&options)) {
                if (bytes_u8_at(&options, at) == OPTION_JUMBO && bytes_need(&options, at + 6) &&
                    bytes_u32_at(&options, at + 2) >= length) {
                        bytes_set_wire_length(&p->b, bytes_u32_at(&options, at + 2));
                        p->segment->facts &= (guint16)~SEGMENT_LENGTH_GUESSED;
                }
                at += bytes_u8_at(&options, at) == OPTION_PAD1 ? 1 : 2u + bytes_u8_at(&options, at + 1);
        }
        return extension_decode(p);
}

static DissectResult fragment_decode(Packet *p) {
        guint8 next = bytes_u8_at(&p->b, 0);
        guint16 fragment = bytes_u16_at(&p->b, 2);

        if (!bytes_skip(&p->b, FRAGMENT_HEADER))
                return packet_short(p, FRAGMENT_HEADER, DISSECT_MALFORMED_IP);
        if (fragment >> 3 != 0)
                return DISSECT_FRAGMENT;
        if (fragment & 1) {
                p->segment->facts |= SEGMENT_FRAGMENT;
                p->fragment = TRUE;
        }
        return ip_protocol_decode(p, next);
}

/* Authentication header: its length counts 4-byte words, less two (RFC 4302 2.2); fixed part 12 bytes. */
static DissectResult ah_decode(Packet *p) {
        guint8 next = bytes_u8_at(&p->b, 0);
        gsize length = (bytes_u8_at(&p->b, 1) + 2u) * 4u;

        if (bytes_need(&p->b, 2) && length < 12)
                return DISSECT_MALFORMED_IP;
        if (!bytes_skip(&p->b, length))
                return packet_short(p, length, DISSECT_MALFORMED_IP);
        return ip_protocol_decode(p, next);
}

/* ── ICMP ────────────────────────────────────────────────────────────────── */

#define ICMP_HEADER 8

/* The packet that an error answers follows its header (RFC 792, RFC 4443); errors about errors are never sent. */
static DissectResult icmp_quote_decode(Packet *p, guint32 error_types) {
        guint8 type = bytes_u8_at(&p->b, 0), code = bytes_u8_at(&p->b, 1);

        if (p->quote || type >= 32 || !(error_types & 1u << type))
                return DISSECT_OTHER_IP;
        if (!bytes_skip(&p->b, ICMP_HEADER))
                return packet_short(p, ICMP_HEADER, DISSECT_MALFORMED_IP);
        p->quote = TRUE;
        p->segment->icmp_type = type;
        p->segment->icmp_code = code;
        return packet_descend(p) ? ip_decode(p) : DISSECT_TOO_DEEP;
}

/* Unreachable, source quench, redirect, time exceeded, parameter problem. */
static DissectResult icmp_decode(Packet *p) {
        return icmp_quote_decode(p, 1u << 3 | 1u << 4 | 1u << 5 | 1u << 11 | 1u << 12);
}

/* Unreachable, packet too big, time exceeded, parameter problem. */
static DissectResult icmpv6_decode(Packet *p) {
        return icmp_quote_decode(p, 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4);
}

/* ── What is above IP ────────────────────────────────────────────────────── */

static DissectResult ip_in_ip_decode(Packet *p) {
        packet_enter(p, PATH_IP_IN_IP, 0);
        packet_note_tunnel(p, 0, 0);
        return ip_decode(p);
}

static DissectResult encrypted_decode(Packet *p) {
        return DISSECT_ENCRYPTED;
}

/*
 * https://www.iana.org/assignments/protocol-numbers.  IPv6 extension headers are
 * followed below IPv4 too: nothing else has these numbers there.
 */
static const struct {
        guint8 protocol;
        PacketDecoder decode;
} protocols[] = {
        { 17, udp_decode },
        { 1, icmp_decode },
        { 58, icmpv6_decode },
        { 0, hop_by_hop_decode },
        { 4, ip_in_ip_decode },
        { 41, ip_in_ip_decode },
        { 43, extension_decode }, /* routing */
        { 44, fragment_decode },
        { 47, gre_decode },
        { 50, encrypted_decode }, /* ESP */
        { 51, ah_decode },
        { 60, extension_decode }, /* destination options */
        { 97, ether_ip_decode },
        { 135, extension_decode }, /* mobility */
        { 137, mpls_decode },
        { 139, extension_decode }, /* HIP */
        { 140, extension_decode }, /* shim6 */
        { 143, ethernet_decode },  /* SRv6 */
};

DissectResult ip_protocol_decode(Packet *p, guint8 protocol) {
        if (G_LIKELY(protocol == PROTOCOL_TCP))
                return tcp_decode(p);
        for (guint i = 0; i < G_N_ELEMENTS(protocols); i++)
                if (protocols[i].protocol == protocol)
                        return packet_descend(p) ? protocols[i].decode(p) : DISSECT_TOO_DEEP;
        return DISSECT_OTHER_IP;
}
