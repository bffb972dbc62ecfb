/* SPDX-License-Identifier: BSD-3-Clause */

#include "ethertype.h"
#include "ip.h"
#include "tunnel.h"

/* ── GRE ─────────────────────────────────────────────────────────────────── */

#define GRE_CHECKSUM 0x8000
#define GRE_ROUTING 0x4000
#define GRE_KEY 0x2000
#define GRE_SEQUENCE 0x1000
#define GRE_ACK 0x0080 /* version 1 only */
#define GRE_VERSION 0x0007

#define IPV4_HEADER 20

#define GRE_PPP 0x880b
#define GRE_ETHERNET 0x6558
#define GRE_ERSPAN 0x88be
#define GRE_ERSPAN_III 0x22eb
#define GRE_WCCP 0x883e
#define GRE_EOIP 0x6400

/* What the header says; the view stands behind it. */
typedef struct Gre {
        guint16 flags;
        guint16 type;
        guint32 key;
} Gre;

/* Source route entries until one of length 0 (RFC 1701). */
static gboolean gre_skip_routes(Bytes *b) {
        guint8 length;

        do {
                length = bytes_u8_at(b, 3);
                if (!bytes_skip(b, 4u + length))
                        return FALSE;
        } while (length > 0);
        return TRUE;
}

static gboolean gre_read(Packet *p, Gre *gre) {
        Bytes *b = &p->b;

        gre->flags = bytes_u16_at(b, 0);
        gre->type = bytes_u16_at(b, 2);
        bytes_skip(b, 4);
        if (gre->flags & (GRE_CHECKSUM | GRE_ROUTING))
                bytes_skip(b, 4);
        if (gre->flags & GRE_KEY) {
                gre->key = bytes_u32_at(b, 0);
                bytes_skip(b, 4);
        }
        if (gre->flags & GRE_SEQUENCE)
                bytes_skip(b, 4);
        if ((gre->flags & GRE_VERSION) == 1 && (gre->flags & GRE_ACK))
                bytes_skip(b, 4);
        if (gre->flags & GRE_ROUTING)
                gre_skip_routes(b);
        return !b->short_read;
}

#define ERSPAN_II_HEADER 8
#define ERSPAN_III_HEADER 12
#define ERSPAN_III_PLATFORM 8
#define ERSPAN_SESSION 0x03ff

/* draft-foschiano-erspan-03.  Type I has no header at all; the GRE sequence number tells it from II. */
static DissectResult erspan_decode(Packet *p, const Gre *gre) {
        guint16 session = bytes_u16_at(&p->b, 2) & ERSPAN_SESSION;
        gsize header = gre->flags & GRE_SEQUENCE ? ERSPAN_II_HEADER : 0;

        if (gre->type == GRE_ERSPAN_III)
                header = ERSPAN_III_HEADER + (bytes_u8_at(&p->b, 11) & 1 ? ERSPAN_III_PLATFORM : 0);
        packet_enter(p, PATH_ERSPAN, header > 0 ? session : 0);
        if (!bytes_skip(&p->b, header))
                return packet_short(p, header, DISSECT_MALFORMED_IP);
        return ethernet_decode(p);
}

/* The redirect header of WCCP 2 is not announced; version 1 has none. */
static DissectResult wccp_decode(Packet *p) {
        if (!bytes_need(&p->b, IPV4_HEADER))
                return packet_short(p, IPV4_HEADER, DISSECT_MALFORMED_IP);
        packet_enter(p, PATH_GRE, 0);
        if (!ip_is_plausible(p->b))
                bytes_skip(&p->b, 4);
        return ip_decode(p);
}

/* MikroTik's Ethernet over IP: the key is payload length, then tunnel id in little endian. */
static DissectResult eoip_decode(Packet *p, const Gre *gre) {
        packet_enter(p, PATH_EOIP, GUINT16_SWAP_LE_BE((guint16)gre->key));
        bytes_cut(&p->b, gre->key >> 16);
        return ethernet_decode(p);
}

static DissectResult pptp_decode(Packet *p, const Gre *gre) {
        packet_enter(p, PATH_PPTP, gre->key & 0xffff);
        bytes_cut(&p->b, gre->key >> 16);
        return bytes_left(&p->b) > 0 ? ppp_decode(p) : DISSECT_OTHER_IP; /* a bare acknowledgement */
}

DissectResult gre_decode(Packet *p) {
        Gre gre = { .key = 0 };

        if (!gre_read(p, &gre))
                return p->b.missing > 0 ? DISSECT_SNAPPED : DISSECT_MALFORMED_IP;
        packet_note_tunnel(p, 0, 0);
        if (gre.type == GRE_PPP && (gre.flags & GRE_VERSION) == 1)
                return pptp_decode(p, &gre);
        if (gre.type == GRE_EOIP && (gre.flags & (GRE_VERSION | GRE_KEY)) == (1 | GRE_KEY))
                return eoip_decode(p, &gre);
        if (gre.type == GRE_ERSPAN || gre.type == GRE_ERSPAN_III)
                return erspan_decode(p, &gre);
        if (gre.type == GRE_WCCP)
                return wccp_decode(p);
        if (!(gre.flags & GRE_KEY))
                packet_enter(p, PATH_GRE, 0);
        else if (gre.type == GRE_ETHERNET) /* the lowest byte is a flow's, RFC 7637 3.2 */
                packet_enter(p, PATH_NVGRE, gre.key >> 8);
        else
                packet_enter(p, PATH_GRE_KEY, gre.key);
        return ethertype_decode(p, gre.type);
}

/* ── Others ──────────────────────────────────────────────────────────────── */

DissectResult ether_ip_decode(Packet *p) {
        if (!bytes_skip(&p->b, 2))
                return packet_short(p, 2, DISSECT_MALFORMED_IP);
        packet_enter(p, PATH_ETHER_IP, 0);
        return ethernet_decode(p);
}

/* IPv4, IPv6, Ethernet, NSH, MPLS: as far as they matter here, NSH and VXLAN-GPE agree. */
DissectResult next_protocol_decode(Packet *p, guint8 next) {
        static const PacketDecoder decoders[] = {
                [1] = ip_decode, [2] = ip_decode, [3] = ethernet_decode, [4] = nsh_decode, [5] = mpls_decode,
        };

        if (!packet_descend(p))
                return DISSECT_TOO_DEEP;
        return next < G_N_ELEMENTS(decoders) && decoders[next] ? decoders[next](p) : DISSECT_NOT_IP;
}

#define NSH_HEADER 8

DissectResult nsh_decode(Packet *p) {
        gsize length = (bytes_u16_at(&p->b, 0) & 0x3f) * 4u;
        guint8 next = bytes_u8_at(&p->b, 3);
        guint32 path = bytes_u24_at(&p->b, 4);

        if (!bytes_need(&p->b, NSH_HEADER))
                return packet_short(p, NSH_HEADER, DISSECT_MALFORMED_LINK);
        if (length < NSH_HEADER)
                return DISSECT_MALFORMED_LINK;
        if (!bytes_skip(&p->b, length))
                return packet_short(p, length, DISSECT_MALFORMED_LINK);
        packet_enter(p, PATH_NSH, path);
        return next_protocol_decode(p, next);
}
