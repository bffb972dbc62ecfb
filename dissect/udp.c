/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A port proves nothing.  Each tunnel checks its own fixed fields and returns
 * DISSECT_OTHER_IP when they are not there: then it is just UDP.
 */

#include "ethertype.h"
#include "ip.h"
#include "tunnel.h"
#include "udp.h"

#define UDP_HEADER 8

/* ── VXLAN and Geneve ────────────────────────────────────────────────────── */

#define VXLAN_HEADER 8
#define VXLAN_HAS_VNI 0x08
#define VXLAN_HAS_NEXT_PROTOCOL 0x04

/* RFC 7348 5; group policy uses another flag. */
static DissectResult vxlan_decode(Packet *p) {
        guint8 flags = bytes_u8_at(&p->b, 0);
        guint32 vni = bytes_u24_at(&p->b, 4);

        if (!bytes_need(&p->b, VXLAN_HEADER))
                return packet_short(p, VXLAN_HEADER, DISSECT_OTHER_IP);
        if (!(flags & VXLAN_HAS_VNI))
                return DISSECT_OTHER_IP;
        bytes_skip(&p->b, VXLAN_HEADER);
        packet_enter(p, PATH_VXLAN, vni);
        return ethernet_decode(p);
}

/* draft-ietf-nvo3-vxlan-gpe */
static DissectResult vxlan_gpe_decode(Packet *p) {
        guint8 flags = bytes_u8_at(&p->b, 0), next = bytes_u8_at(&p->b, 3);
        guint32 vni = bytes_u24_at(&p->b, 4);

        if (!(flags & VXLAN_HAS_NEXT_PROTOCOL))
                return vxlan_decode(p);
        if (!bytes_skip(&p->b, VXLAN_HEADER))
                return packet_short(p, VXLAN_HEADER, DISSECT_OTHER_IP);
        packet_enter(p, PATH_VXLAN, vni);
        return next_protocol_decode(p, next);
}

#define GENEVE_HEADER 8

/* RFC 8926 3.4: version 0, options in words of four bytes. */
static DissectResult geneve_decode(Packet *p) {
        guint8 first = bytes_u8_at(&p->b, 0);
        guint16 type = bytes_u16_at(&p->b, 2);
        guint32 vni = bytes_u24_at(&p->b, 4);
        gsize header = GENEVE_HEADER + (first & 0x3f) * 4u;

        if (first >> 6 != 0)
                return DISSECT_OTHER_IP;
        if (!bytes_skip(&p->b, header))
                return packet_short(p, header, DISSECT_OTHER_IP);
        packet_enter(p, PATH_GENEVE, vni);
        return ethertype_decode(p, type);
}

/* ── GTP-U ───────────────────────────────────────────────────────────────── */

#define GTP_HEADER 8
#define GTP_VERSION_MASK 0xf0 /* version, protocol type, spare */
#define GTP_VERSION_1 0x30
#define GTP_OPTIONAL_FIELDS 0x07 /* any of them brings all, 3GPP TS 29.281 5.1 */
#define GTP_USER_DATA 255

/* Extension headers count words of four bytes and end with the type of the next. */
static gboolean gtp_skip_extensions(Bytes *b) {
        guint8 next = bytes_u8_at(b, 3);

        if (!bytes_skip(b, 4))
                return FALSE;
        while (next != 0) {
                gsize length = bytes_u8_at(b, 0) * 4u;

                if (length == 0)
                        return FALSE;
                next = bytes_u8_at(b, length - 1);
                if (!bytes_skip(b, length))
                        return FALSE;
        }
        return TRUE;
}

static DissectResult gtp_decode(Packet *p) {
        guint8 flags = bytes_u8_at(&p->b, 0), type = bytes_u8_at(&p->b, 1);
        guint16 length = bytes_u16_at(&p->b, 2);
        guint32 teid = bytes_u32_at(&p->b, 4);
        guint8 version;

        if (!bytes_need(&p->b, GTP_HEADER))
                return packet_short(p, GTP_HEADER, DISSECT_OTHER_IP);
        if ((flags & GTP_VERSION_MASK) != GTP_VERSION_1 || type != GTP_USER_DATA)
                return DISSECT_OTHER_IP;
        bytes_skip(&p->b, GTP_HEADER);
        bytes_cut(&p->b, length);
        if ((flags & GTP_OPTIONAL_FIELDS) && !gtp_skip_extensions(&p->b))
                return p->b.missing > 0 ? DISSECT_SNAPPED : DISSECT_OTHER_IP;
        version = bytes_u8_at(&p->b, 0) >> 4;
        if (version != 4 && version != 6)
                return DISSECT_OTHER_IP;
        packet_enter(p, PATH_GTP, teid);
        return ip_decode(p);
}

/* ── Teredo ──────────────────────────────────────────────────────────────── */

#define TEREDO_PREFIX 0x20010000 /* RFC 4380 2.6 */
#define TEREDO_AUTHENTICATION 0x0001
#define TEREDO_ORIGIN 0x0000
#define TEREDO_ORIGIN_LENGTH 8

/* Both indications are optional, in this order (RFC 4380 5.1.1). */
static void teredo_skip_indications(Bytes *b) {
        if (bytes_u16_at(b, 0) == TEREDO_AUTHENTICATION)
                bytes_skip(b, 4u + bytes_u8_at(b, 2) + bytes_u8_at(b, 3) + 9u);
        if (bytes_u16_at(b, 0) == TEREDO_ORIGIN)
                bytes_skip(b, TEREDO_ORIGIN_LENGTH);
}

static gboolean ipv6_is_plausible(Bytes b) {
        return bytes_u8_at(&b, 0) >> 4 == 6 && ip_is_plausible(b);
}

static DissectResult teredo_decode(Packet *p) {
        teredo_skip_indications(&p->b);
        if (!ipv6_is_plausible(p->b))
                return DISSECT_OTHER_IP;
        packet_enter(p, PATH_TEREDO, 0);
        return ip_decode(p);
}

/* Clients talk to each other from any port; one of the two addresses is a Teredo one then. */
static DissectResult unknown_port_decode(Packet *p) {
        Bytes b = p->b;

        if (ipv6_is_plausible(b) && (bytes_u32_at(&b, 8) == TEREDO_PREFIX || bytes_u32_at(&b, 24) == TEREDO_PREFIX))
                return teredo_decode(p);
        return DISSECT_OTHER_IP;
}

/* ── Others ──────────────────────────────────────────────────────────────── */

#define L2TP_CONTROL 0x8000
#define L2TP_LENGTH 0x4000
#define L2TP_SEQUENCE 0x0800
#define L2TP_OFFSET 0x0200
#define L2TP_VERSION 0x000f

/* Version 2 with PPP, RFC 2661 3.1. */
static DissectResult l2tp_decode(Packet *p) {
        Bytes *b = &p->b;
        guint16 flags = bytes_u16_at(b, 0);
        guint16 session;

        if ((flags & L2TP_VERSION) != 2 || (flags & L2TP_CONTROL))
                return DISSECT_OTHER_IP;
        bytes_skip(b, flags & L2TP_LENGTH ? 4 : 2);
        session = bytes_u16_at(b, 2);
        bytes_skip(b, flags & L2TP_SEQUENCE ? 8 : 4);
        if (flags & L2TP_OFFSET)
                bytes_skip(b, 2u + bytes_u16_at(b, 0));
        if (b->short_read)
                return DISSECT_OTHER_IP;
        packet_enter(p, PATH_L2TP, session);
        return ppp_decode(p);
}

#define AYIYA_FORWARD 1

/* draft-massar-v6ops-ayiya: identity of 2^n bytes, signature of 4*n, then IP. */
static DissectResult ayiya_decode(Packet *p) {
        guint8 opcode = bytes_u8_at(&p->b, 2) & 0x0f;
        gsize header = 8u + (1u << (bytes_u8_at(&p->b, 0) >> 4)) + (bytes_u8_at(&p->b, 1) >> 4) * 4u;

        if (opcode != AYIYA_FORWARD || !bytes_skip(&p->b, header) || !ip_is_plausible(p->b))
                return DISSECT_OTHER_IP;
        packet_enter(p, PATH_AYIYA, 0);
        return ip_decode(p);
}

/* Data packets, RFC 9300 5.1. */
static DissectResult lisp_decode(Packet *p) {
        if (!bytes_skip(&p->b, 8) || !ip_is_plausible(p->b))
                return DISSECT_OTHER_IP;
        packet_enter(p, PATH_LISP, 0);
        return ip_decode(p);
}

static DissectResult mpls_over_udp_decode(Packet *p) {
        return bytes_wire_left(&p->b) >= 4 ? mpls_decode(p) : DISSECT_OTHER_IP;
}

/* ── By port ─────────────────────────────────────────────────────────────── */

static const struct {
        guint16 port;
        PacketDecoder decode;
} ports[] = {
        { 4789, vxlan_decode },
        { 8472, vxlan_decode }, /* Linux before there was a number */
        { 4790, vxlan_gpe_decode },
        { 6081, geneve_decode },
        { 2152, gtp_decode },
        { 3544, teredo_decode },
        { 1701, l2tp_decode },
        { 5072, ayiya_decode },
        { 4341, lisp_decode },
        { 4754, gre_decode },           /* RFC 8086 */
        { 6635, mpls_over_udp_decode }, /* RFC 7510 */
};

static PacketDecoder port_decoder(guint16 port) {
        for (guint i = 0; i < G_N_ELEMENTS(ports); i++)
                if (ports[i].port == port)
                        return ports[i].decode;
        return NULL;
}

DissectResult udp_decode(Packet *p) {
        guint16 source = bytes_u16_at(&p->b, 0), destination = bytes_u16_at(&p->b, 2);
        guint16 length = bytes_u16_at(&p->b, 4);
        PacketDecoder decode = port_decoder(destination);

        if (!bytes_skip(&p->b, UDP_HEADER))
                return DISSECT_OTHER_IP;
        if (length >= UDP_HEADER) /* 0 is a jumbogram (RFC 2675 4) */
                bytes_cut(&p->b, length - UDP_HEADER);
        if (!decode)
                decode = port_decoder(source);
        if (decode && decode != gre_decode) /* whose ports only spread the load (RFC 8086 3.1) */
                packet_note_tunnel(p, source, destination);
        return decode ? decode(p) : unknown_port_decode(p);
}
