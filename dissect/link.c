/* SPDX-License-Identifier: BSD-3-Clause */

#include "ethertype.h"
#include "ip.h"
#include "link.h"
#include "wifi.h"

/* ── BSD loopback ────────────────────────────────────────────────────────── */

/* AF_INET is 2 everywhere; AF_INET6 is what each system made it. */
static gboolean family_is_ip(guint32 family) {
        return family == 2 ||   /* IPv4 */
               family == 10 ||  /* Linux */
               family == 23 ||  /* Windows */
               family == 24 ||  /* NetBSD, OpenBSD */
               family == 26 ||  /* Solaris */
               family == 28 ||  /* FreeBSD */
               family == 30;    /* macOS */
}

/* The address family in the order of whoever wrote the file. Some drivers leave PPP or an EtherType there. */
static DissectResult null_decode(Packet *p) {
        guint32 family = bytes_u32_at(&p->b, 0);

        if (family >> 16 == 0xff03)
                return ppp_decode(p);
        if (!bytes_skip(&p->b, 4))
                return packet_short(p, 4, DISSECT_MALFORMED_LINK);
        if (family > 0xffff)
                family = GUINT32_SWAP_LE_BE(family);
        if (family_is_ip(family))
                return ip_decode(p);
        return family >= 0x600 && family <= 0xffff ? ethertype_decode(p, (guint16)family) : DISSECT_NOT_IP;
}

/* ── Linux cooked ────────────────────────────────────────────────────────── */

#define SLL_OUTGOING 4
#define SLL_8023_RAW 1
#define SLL_8022 4

static DissectResult cooked_decode(Packet *p, gsize header, guint16 packet_type, guint16 protocol) {
        if (!bytes_skip(&p->b, header))
                return packet_short(p, header, DISSECT_MALFORMED_LINK);
        if (packet_type == SLL_OUTGOING)
                p->facts |= SEGMENT_NOT_INITIAL_COPY;
        if (protocol == SLL_8022)
                return llc_decode(p);
        return protocol == SLL_8023_RAW ? DISSECT_NOT_IP : ethertype_decode(p, protocol);
}

static DissectResult sll_decode(Packet *p) {
        return cooked_decode(p, 16, bytes_u16_at(&p->b, 0), bytes_u16_at(&p->b, 14));
}

static DissectResult sll2_decode(Packet *p) {
        return cooked_decode(p, 20, bytes_u8_at(&p->b, 10), bytes_u16_at(&p->b, 0));
}

/* ── Serial lines ────────────────────────────────────────────────────────── */

static DissectResult chdlc_decode(Packet *p) {
        guint16 type = bytes_u16_at(&p->b, 2);

        if (!bytes_skip(&p->b, 4))
                return packet_short(p, 4, DISSECT_MALFORMED_LINK);
        return ethertype_decode(p, type);
}

#define CHDLC_UNICAST 0x0f
#define CHDLC_BROADCAST 0x8f

/* PPP in HDLC framing, or Cisco's on the same interface (LINKTYPE_PPP_HDLC). */
static DissectResult ppp_hdlc_decode(Packet *p) {
        guint8 address = bytes_u8_at(&p->b, 0);

        return address == CHDLC_UNICAST || address == CHDLC_BROADCAST ? chdlc_decode(p) : ppp_decode(p);
}

static DissectResult ppp_with_direction_decode(Packet *p) {
        if (bytes_u8_at(&p->b, 0) != 0) /* 0 received, else sent */
                p->facts |= SEGMENT_NOT_INITIAL_COPY;
        if (!bytes_skip(&p->b, 1))
                return packet_short(p, 1, DISSECT_MALFORMED_LINK);
        return ppp_decode(p);
}

#define SLIP_HEADER 16

/* A direction and a compressed header, then IP; what was compressed has no version there. */
static DissectResult slip_decode(Packet *p) {
        if (!bytes_skip(&p->b, SLIP_HEADER))
                return packet_short(p, SLIP_HEADER, DISSECT_MALFORMED_LINK);
        return ip_decode(p);
}

#define Q922_LAST 0x01
#define Q922_MAX 4
#define UNNUMBERED_INFORMATION 0x03
#define NLPID_SNAP 0x80
#define NLPID_IPV6 0x8e
#define NLPID_IPV4 0xcc
#define NLPID_PPP 0xcf

/* RFC 2427, or Cisco's: an EtherType right behind the address. */
static DissectResult frame_relay_decode(Packet *p) {
        gsize address = 0;
        guint8 nlpid;

        while (address < Q922_MAX && !(bytes_u8_at(&p->b, address) & Q922_LAST))
                address++;
        if (!bytes_skip(&p->b, address + 1) || bytes_left(&p->b) < 3)
                return packet_short(p, address + 4, DISSECT_MALFORMED_LINK);
        if (bytes_u8_at(&p->b, 0) != UNNUMBERED_INFORMATION) {
                guint16 type = bytes_u16_at(&p->b, 0);

                bytes_skip(&p->b, 2);
                return ethertype_decode(p, type);
        }
        bytes_skip(&p->b, bytes_u8_at(&p->b, 1) == 0 ? 2 : 1); /* a pad aligns what follows */
        nlpid = bytes_u8_at(&p->b, 0);
        bytes_skip(&p->b, 1);
        if (nlpid == NLPID_IPV4 || nlpid == NLPID_IPV6)
                return ip_decode(p);
        if (nlpid == NLPID_PPP)
                return ppp_decode(p);
        return nlpid == NLPID_SNAP ? snap_decode(p) : DISSECT_NOT_IP;
}

/* ── Rings and cells ─────────────────────────────────────────────────────── */

/* Frame control and two addresses. */
static DissectResult fddi_decode(Packet *p) {
        if (!bytes_skip(&p->b, 13))
                return packet_short(p, 13, DISSECT_MALFORMED_LINK);
        return llc_decode(p);
}

#define TOKEN_RING_HEADER 14
#define TOKEN_RING_ROUTED 0x80

/* Source routing is announced by the first bit of the source address (IEEE 802.5 3.3). */
static DissectResult token_ring_decode(Packet *p) {
        gsize routing = bytes_u8_at(&p->b, 8) & TOKEN_RING_ROUTED ?
                                bytes_u8_at(&p->b, TOKEN_RING_HEADER) & 0x1f : 0;

        if (!bytes_skip(&p->b, TOKEN_RING_HEADER + routing))
                return packet_short(p, TOKEN_RING_HEADER + routing, DISSECT_MALFORMED_LINK);
        return llc_decode(p);
}

#define ARCNET_RFC1201_IPV4 212
#define ARCNET_RFC1201_IPV6 196
#define ARCNET_RFC1051_IPV4 240

/* @type_at: where the protocol is; RFC 1201 has a split flag and a sequence number behind it. */
static DissectResult arcnet_decode(Packet *p, gsize type_at) {
        guint8 type = bytes_u8_at(&p->b, type_at), split = bytes_u8_at(&p->b, type_at + 1);
        gsize header = type_at + (type == ARCNET_RFC1051_IPV4 ? 1 : 4);

        if (!bytes_skip(&p->b, header))
                return packet_short(p, header, DISSECT_MALFORMED_LINK);
        if (type == ARCNET_RFC1051_IPV4)
                return ip_decode(p);
        if (type != ARCNET_RFC1201_IPV4 && type != ARCNET_RFC1201_IPV6)
                return DISSECT_NOT_IP;
        if (split != 0 && !(split & 1)) /* odd: the first of several; even: a later one */
                return DISSECT_FRAGMENT;
        return ip_decode(p);
}

static DissectResult arcnet_bsd_decode(Packet *p) {
        return arcnet_decode(p, 2);
}

static DissectResult arcnet_linux_decode(Packet *p) {
        return arcnet_decode(p, 4);
}

#define SUNATM_HEADER 4
#define SUNATM_LANE 1
#define SUNATM_LLC 2

static DissectResult sunatm_decode(Packet *p) {
        guint8 kind = bytes_u8_at(&p->b, 0) & 0x0f;
        gsize header = SUNATM_HEADER + (kind == SUNATM_LANE ? 2 : 0); /* LAN emulation header */

        if (!bytes_skip(&p->b, header))
                return packet_short(p, header, DISSECT_MALFORMED_LINK);
        if (kind == SUNATM_LANE)
                return ethernet_decode(p);
        return kind == SUNATM_LLC ? llc_decode(p) : DISSECT_NOT_IP;
}

#define IPOIB_ROUTING_HEADER 40
#define IPOIB_HEADER 4

/* InfiniBand's global routing header, then type and two reserved bytes (RFC 4391 6). */
static DissectResult ipoib_decode(Packet *p) {
        guint16 type = bytes_u16_at(&p->b, IPOIB_ROUTING_HEADER);

        if (!bytes_skip(&p->b, IPOIB_ROUTING_HEADER + IPOIB_HEADER))
                return packet_short(p, IPOIB_ROUTING_HEADER + IPOIB_HEADER, DISSECT_MALFORMED_LINK);
        return ethertype_decode(p, type);
}

/* ── Wrappers of capturing programs ──────────────────────────────────────── */

#define PPI_HEADER 8

/* https://www.tcpdump.org/linktypes/LINKTYPE_PPI.html; a link type of its own inside. */
static DissectResult ppi_decode(Packet *p) {
        gsize length = bytes_u16le_at(&p->b, 2);
        guint32 link_type = bytes_u32le_at(&p->b, 4);

        if (length < PPI_HEADER || !bytes_skip(&p->b, length))
                return packet_short(p, MAX(length, PPI_HEADER), DISSECT_MALFORMED_LINK);
        return link_decode(p, link_type);
}

#define PKTAP_HEADER 12
#define PKTAP_PACKET 1

/* Apple's: length, kind of record, link type inside, then names and numbers of a process. */
static DissectResult pktap_decode(Packet *p) {
        gsize length = bytes_u32le_at(&p->b, 0);
        guint32 kind = bytes_u32le_at(&p->b, 4), link_type = bytes_u32le_at(&p->b, 8);

        if (length < PKTAP_HEADER || !bytes_skip(&p->b, length))
                return packet_short(p, MAX(length, PKTAP_HEADER), DISSECT_MALFORMED_LINK);
        return kind == PKTAP_PACKET ? link_decode(p, link_type) : DISSECT_NOT_IP;
}

#define NFLOG_HEADER 4
#define NFLOG_PAYLOAD 9

/* Attributes in the order of the host that captured, each padded to four bytes. */
static DissectResult nflog_decode(Packet *p) {
        Bytes *b = &p->b;

        if (!bytes_skip(b, NFLOG_HEADER))
                return packet_short(p, NFLOG_HEADER, DISSECT_MALFORMED_LINK);
        while (bytes_need(b, 4)) {
                guint16 length = bytes_u16le_at(b, 0), type = bytes_u16le_at(b, 2);

                if (type & 0xff00) { /* the other byte order: types are small */
                        length = GUINT16_SWAP_LE_BE(length);
                        type = GUINT16_SWAP_LE_BE(type);
                }
                if (length < 4)
                        return DISSECT_MALFORMED_LINK;
                if (type == NFLOG_PAYLOAD) {
                        bytes_cut(b, length);
                        bytes_skip(b, 4);
                        return ip_decode(p);
                }
                if (!bytes_skip(b, (length + 3u) & ~3u))
                        return packet_short(p, length, DISSECT_MALFORMED_LINK);
        }
        return b->missing > 0 ? DISSECT_SNAPPED : DISSECT_NOT_IP;
}

#define JUNIPER_MAGIC 0x4d4743
#define JUNIPER_EXTENSIONS 0x80
#define JUNIPER_NO_LINK_LAYER 0x02

/* Magic, flags, extensions with a length of their own; without a link layer a 4-byte protocol stands for it. */
static DissectResult juniper_ethernet_decode(Packet *p) {
        guint8 flags = bytes_u8_at(&p->b, 3);
        gsize header = flags & JUNIPER_EXTENSIONS ? 6u + bytes_u16_at(&p->b, 4) : 4u;

        if (flags & JUNIPER_NO_LINK_LAYER)
                header += 4;
        if (bytes_need(&p->b, 3) && bytes_u24_at(&p->b, 0) != JUNIPER_MAGIC)
                return DISSECT_MALFORMED_LINK;
        if (!bytes_skip(&p->b, header))
                return packet_short(p, header, DISSECT_MALFORMED_LINK);
        return flags & JUNIPER_NO_LINK_LAYER ? ip_decode(p) : ethernet_decode(p);
}

/* ── Switch tags ─────────────────────────────────────────────────────────── */

#define ADDRESSES 12

/* A tag of @tag bytes between the addresses and the type. */
static DissectResult switch_tag_decode(Packet *p, gsize tag) {
        guint16 type = bytes_u16_at(&p->b, ADDRESSES + tag);

        if (!bytes_skip(&p->b, ADDRESSES + tag + 2))
                return packet_short(p, ADDRESSES + tag + 2, DISSECT_MALFORMED_LINK);
        return ethertype_or_length_decode(p, type);
}

static DissectResult dsa_decode(Packet *p) {
        return switch_tag_decode(p, 4);
}

static DissectResult brcm_prepend_decode(Packet *p) {
        if (!bytes_skip(&p->b, 4))
                return packet_short(p, 4, DISSECT_MALFORMED_LINK);
        return ethernet_decode(p);
}

/* ── By link type ────────────────────────────────────────────────────────── */

/* https://www.tcpdump.org/linktypes.html; the values of DLT_RAW differ between systems and occur in files. */
static const struct {
        guint16 link_type;
        PacketDecoder decode;
} links[] = {
        { 1, ethernet_decode },
        { 113, sll_decode },
        { 276, sll2_decode },
        { 101, ip_decode }, /* RAW */
        { 12, ip_decode },
        { 14, ip_decode },
        { 228, ip_decode }, /* IPV4 */
        { 229, ip_decode }, /* IPV6 */
        { 0, null_decode },
        { 108, null_decode }, /* LOOP */
        { 105, wifi_decode },
        { 127, wifi_radiotap_decode },
        { 119, wifi_prism_decode },
        { 163, wifi_avs_decode },
        { 192, ppi_decode },
        { 258, pktap_decode },
        { 239, nflog_decode },
        { 9, ppp_decode },
        { 50, ppp_hdlc_decode },
        { 51, pppoe_decode },
        { 166, ppp_with_direction_decode }, /* PPP_PPPD */
        { 204, ppp_with_direction_decode },
        { 104, chdlc_decode },
        { 107, frame_relay_decode },
        { 8, slip_decode },
        { 10, fddi_decode },
        { 6, token_ring_decode },
        { 7, arcnet_bsd_decode },
        { 129, arcnet_linux_decode },
        { 100, llc_decode }, /* ATM_RFC1483 */
        { 123, sunatm_decode },
        { 242, ipoib_decode },
        { 178, juniper_ethernet_decode },
        { 281, dsa_decode }, /* DSA_TAG_BRCM */
        { 282, brcm_prepend_decode },
        { 284, dsa_decode },
        { 285, ethernet_decode }, /* DSA_TAG_EDSA: a type of its own */
};

DissectResult link_decode(Packet *p, guint32 link_type) {
        if (!packet_descend(p))
                return DISSECT_TOO_DEEP;
        if (G_LIKELY(link_type == links[0].link_type))
                return ethernet_decode(p);
        for (guint i = 1; i < G_N_ELEMENTS(links); i++)
                if (links[i].link_type == link_type)
                        return links[i].decode(p);
        return DISSECT_UNKNOWN_LINK;
}
