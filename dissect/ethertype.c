/* SPDX-License-Identifier: BSD-3-Clause */

#include "ethertype.h"
#include "ip.h"
#include "tunnel.h"

#define ETHERNET_HEADER 14
#define TYPE_IPV4 0x0800
#define TYPE_IPV6 0x86dd
#define LENGTH_MAX 1500 /* an EtherType is 1536 or more (IEEE 802.3 3.2.6); between the two nothing is defined */
#define TYPE_MIN 1536

static gboolean ethertype_is_known(guint16 type);

/* Returns: whether an Ethernet header may stand @skip bytes further; for places where no field says so. */
static gboolean ethernet_is_plausible(Bytes b, gsize skip) {
        return bytes_skip(&b, skip) && ethertype_is_known(bytes_u16_at(&b, 12));
}

DissectResult ethernet_decode(Packet *p) {
        guint16 type = bytes_u16_at(&p->b, 12);

        if (!bytes_skip(&p->b, ETHERNET_HEADER))
                return packet_short(p, ETHERNET_HEADER, DISSECT_MALFORMED_LINK);
        if (G_LIKELY(type == TYPE_IPV4 || type == TYPE_IPV6))
                return ip_decode(p);
        return ethertype_or_length_decode(p, type);
}

DissectResult ethertype_or_length_decode(Packet *p, guint16 type) {
        if (type >= TYPE_MIN)
                return ethertype_decode(p, type);
        if (type > LENGTH_MAX)
                return DISSECT_NOT_IP;
        bytes_cut(&p->b, type);
        return llc_decode(p);
}

/* ── Tags ────────────────────────────────────────────────────────────────── */

/* A tag of @length bytes that ends before the type of what follows. */
static DissectResult tag_decode(Packet *p, gsize length) {
        guint16 type = bytes_u16_at(&p->b, length);

        if (!bytes_skip(&p->b, length + 2))
                return packet_short(p, length + 2, DISSECT_MALFORMED_LINK);
        return ethertype_or_length_decode(p, type);
}

/* I-TAG: flags and the 24-bit I-SID, then the customer's frame (IEEE 802.1Q 9.7). */
static DissectResult isid_decode(Packet *p) {
        guint32 id = bytes_u24_at(&p->b, 1);

        if (!bytes_skip(&p->b, 4))
                return packet_short(p, 4, DISSECT_MALFORMED_LINK);
        packet_enter(p, PATH_ISID, id);
        return ethernet_decode(p);
}

/* Cisco FabricPath: forwarding tag and TTL, then the frame. */
static DissectResult fabricpath_decode(Packet *p) {
        if (!bytes_skip(&p->b, 2))
                return packet_short(p, 2, DISSECT_MALFORMED_LINK);
        packet_enter(p, PATH_FABRICPATH, 0);
        return ethernet_decode(p);
}

/* VLAN 0 is a priority without a VLAN (IEEE 802.1Q 6.9). */
static DissectResult vlan_decode(Packet *p) {
        guint16 id = bytes_u16_at(&p->b, 0) & 0x0fff;

        if (id != 0)
                packet_enter(p, PATH_VLAN, id);
        return tag_decode(p, 2);
}

/* Marvell's distributed switch tag under a type of its own: two reserved bytes, then the tag. */
static DissectResult edsa_decode(Packet *p) {
        return tag_decode(p, 6);
}

/* Cisco's VN-Tag, before IEEE 802.1BR: the interface of a virtual machine. */
static DissectResult vntag_decode(Packet *p) {
        return tag_decode(p, 4);
}

#define MACSEC_ENCRYPTED 0x08
#define MACSEC_SCI 0x20

/* SecTAG, IEEE 802.1AE 9.3; integrity alone leaves the payload readable. */
static DissectResult macsec_decode(Packet *p) {
        guint8 control = bytes_u8_at(&p->b, 0);

        if (control & MACSEC_ENCRYPTED)
                return DISSECT_ENCRYPTED;
        return tag_decode(p, control & MACSEC_SCI ? 14 : 6);
}

/* ── LLC ─────────────────────────────────────────────────────────────────── */

#define LLC_SNAP 0xaaaa03
#define LLC_IP 0x060603
#define LLC_OSI 0xfefe03
#define NLPID_IPV6 0x8e
#define NLPID_IPV4 0xcc

#define OUI_ETHERTYPE 0x000000
#define OUI_8021H 0x0000f8
#define OUI_8021 0x0080c2
#define BRIDGED_ETHERNET_FCS 1
#define BRIDGED_ETHERNET 7

/* RFC 1042; bridged frames as in RFC 2684 5.2 and RFC 2427 4.2. */
DissectResult snap_decode(Packet *p) {
        guint32 oui = bytes_u24_at(&p->b, 0);
        guint16 type = bytes_u16_at(&p->b, 3);

        if (!bytes_skip(&p->b, 5))
                return packet_short(p, 5, DISSECT_MALFORMED_LINK);
        if (oui == OUI_ETHERTYPE || oui == OUI_8021H)
                return ethertype_decode(p, type);
        if (oui == OUI_8021 && (type == BRIDGED_ETHERNET || type == BRIDGED_ETHERNET_FCS)) {
                if (!bytes_need(&p->b, ETHERNET_HEADER + 2))
                        return packet_short(p, ETHERNET_HEADER + 2, DISSECT_MALFORMED_LINK);
                /* ATM aligns the frame with two bytes, frame relay does not, and nothing tells which. */
                if (ethernet_is_plausible(p->b, 2))
                        bytes_skip(&p->b, 2);
                return ethernet_decode(p);
        }
        return DISSECT_NOT_IP;
}

DissectResult llc_decode(Packet *p) {
        guint32 header = bytes_u24_at(&p->b, 0);
        guint8 nlpid = bytes_u8_at(&p->b, 3);

        if (!bytes_skip(&p->b, 3))
                return packet_short(p, 3, DISSECT_MALFORMED_LINK);
        if (header == LLC_SNAP)
                return snap_decode(p);
        if (header == LLC_IP)
                return ip_decode(p);
        if (header == LLC_OSI && (nlpid == NLPID_IPV4 || nlpid == NLPID_IPV6)) {
                bytes_skip(&p->b, 1);
                return ip_decode(p);
        }
        return DISSECT_NOT_IP;
}


/* ── MPLS ────────────────────────────────────────────────────────────────── */

#define MPLS_BOTTOM 0x100
#define CONTROL_WORD 4
#define GUESS_NEEDS 40 /* an IPv6 header */

/*
 * No field says what is below the labels.  IP is tried first; a pseudowire's Ethernet frame comes
 * with or without a control word, whose first four bits are 0 (RFC 4385 3, RFC 4928).
 */
static DissectResult mpls_payload_decode(Packet *p) {
        if (ip_is_plausible(p->b))
                return ip_decode(p);
        if (ethernet_is_plausible(p->b, 0))
                return ethernet_decode(p);
        if (bytes_u8_at(&p->b, 0) >> 4 == 0 && ethernet_is_plausible(p->b, CONTROL_WORD)) {
                bytes_skip(&p->b, CONTROL_WORD);
                return ethernet_decode(p);
        }
        return bytes_left(&p->b) < GUESS_NEEDS ? packet_short(p, GUESS_NEEDS, DISSECT_NOT_IP) : DISSECT_NOT_IP;
}

DissectResult mpls_decode(Packet *p) {
        guint32 entry;

        do {
                entry = bytes_u32_at(&p->b, 0);
                if (!bytes_skip(&p->b, 4))
                        return packet_short(p, 4, DISSECT_MALFORMED_LINK);
                if (!packet_descend(p))
                        return DISSECT_TOO_DEEP;
                packet_enter(p, PATH_MPLS, entry >> 12);
        } while (!(entry & MPLS_BOTTOM));
        return mpls_payload_decode(p);
}

/* ── PPP ─────────────────────────────────────────────────────────────────── */

#define PPP_ALL_STATIONS 0xff03
#define PPP_IPV4 0x0021
#define PPP_IPV6 0x0057
#define PPP_MPLS 0x0281
#define PPP_MPLS_MULTICAST 0x0283
#define PPP_COMPRESSED 0x00fd
#define PPP_ENCRYPTED 0x0053

DissectResult ppp_decode(Packet *p) {
        guint16 protocol;
        gsize length = 2;

        if (bytes_u16_at(&p->b, 0) == PPP_ALL_STATIONS)
                bytes_skip(&p->b, 2);
        protocol = bytes_u16_at(&p->b, 0);
        if (bytes_u8_at(&p->b, 0) & 1) { /* protocol field compression, RFC 1661 6.5 */
                protocol = bytes_u8_at(&p->b, 0);
                length = 1;
        }
        if (!bytes_skip(&p->b, length))
                return packet_short(p, length, DISSECT_MALFORMED_LINK);
        if (protocol == PPP_IPV4 || protocol == PPP_IPV6)
                return ip_decode(p);
        if (protocol == PPP_MPLS || protocol == PPP_MPLS_MULTICAST)
                return mpls_decode(p);
        return protocol == PPP_COMPRESSED || protocol == PPP_ENCRYPTED ? DISSECT_ENCRYPTED : DISSECT_NOT_IP;
}

#define PPPOE_VERSION_TYPE 0x11
#define PPPOE_HEADER 6

DissectResult pppoe_decode(Packet *p) {
        guint8 version = bytes_u8_at(&p->b, 0), code = bytes_u8_at(&p->b, 1);
        guint16 session = bytes_u16_at(&p->b, 2), length = bytes_u16_at(&p->b, 4);

        if (!bytes_skip(&p->b, PPPOE_HEADER))
                return packet_short(p, PPPOE_HEADER, DISSECT_MALFORMED_LINK);
        if (version != PPPOE_VERSION_TYPE)
                return DISSECT_MALFORMED_LINK;
        if (code != 0)
                return DISSECT_NOT_IP;
        bytes_cut(&p->b, length);
        packet_enter(p, PATH_PPPOE, session);
        return ppp_decode(p);
}

/* ── By type ─────────────────────────────────────────────────────────────── */

/* https://www.iana.org/assignments/ieee-802-numbers */
static const struct {
        guint16 type;
        PacketDecoder decode;
} types[] = {
        { TYPE_IPV4, ip_decode },
        { TYPE_IPV6, ip_decode },
        { 0x8100, vlan_decode },
        { 0x88a8, vlan_decode },
        { 0x9100, vlan_decode }, /* before 802.1ad */
        { 0x9200, vlan_decode },
        { 0x8847, mpls_decode },
        { 0x8848, mpls_decode },
        { 0x8864, pppoe_decode },
        { 0x880b, ppp_decode },
        { 0x88e7, isid_decode },
        { 0x8903, fabricpath_decode },
        { 0x88e5, macsec_decode },
        { 0x894f, nsh_decode },
        { 0x6558, ethernet_decode }, /* transparent Ethernet bridging */
        { 0x8870, llc_decode },
        { 0x8926, vntag_decode },
        { 0xdada, edsa_decode },
};

static gboolean ethertype_is_known(guint16 type) {
        for (guint i = 0; i < G_N_ELEMENTS(types); i++)
                if (types[i].type == type)
                        return TRUE;
        return FALSE;
}

DissectResult ethertype_decode(Packet *p, guint16 type) {
        if (!packet_descend(p))
                return DISSECT_TOO_DEEP;
        for (guint i = 0; i < G_N_ELEMENTS(types); i++)
                if (types[i].type == type)
                        return types[i].decode(p);
        return DISSECT_NOT_IP;
}
