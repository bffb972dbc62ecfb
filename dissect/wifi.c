/* SPDX-License-Identifier: BSD-3-Clause */

#include "ethertype.h"
#include "wifi.h"

/* Frame control, IEEE 802.11-2020 9.2.4.1; first byte type and subtype, second flags. */
#define TYPE_MASK 0x0c
#define TYPE_DATA 0x08
#define SUBTYPE_NO_DATA 0x40
#define SUBTYPE_QOS 0x80
#define TO_DS 0x01
#define FROM_DS 0x02
#define PROTECTED 0x40
#define ORDER 0x80

#define HEADER 24
#define ADDRESS 6
#define QOS_CONTROL 2
#define HT_CONTROL 4

#define QOS_AMSDU 0x80
#define AMSDU_SUBHEADER 14

#define FCS 4

/* Several packets in one frame count as the first of them. */
static DissectResult wifi_payload_decode(Packet *p, gboolean amsdu) {
        if (amsdu && !bytes_skip(&p->b, AMSDU_SUBHEADER))
                return packet_short(p, AMSDU_SUBHEADER, DISSECT_MALFORMED_LINK);
        return llc_decode(p);
}

static DissectResult wifi_decode_padded(Packet *p, gboolean padded) {
        guint8 kind = bytes_u8_at(&p->b, 0), flags = bytes_u8_at(&p->b, 1);
        gsize header = HEADER + ((flags & TO_DS) && (flags & FROM_DS) ? ADDRESS : 0);
        gboolean amsdu = FALSE;

        if (!bytes_need(&p->b, 2))
                return packet_short(p, 2, DISSECT_MALFORMED_LINK);
        if ((kind & TYPE_MASK) != TYPE_DATA || (kind & SUBTYPE_NO_DATA))
                return DISSECT_NOT_IP;
        if (flags & PROTECTED)
                return DISSECT_ENCRYPTED;
        if (kind & SUBTYPE_QOS) {
                amsdu = (bytes_u8_at(&p->b, header) & QOS_AMSDU) != 0;
                header += QOS_CONTROL + (flags & ORDER ? HT_CONTROL : 0);
        }
        if (padded)
                header = (header + 3) & ~(gsize)3;
        if (!bytes_skip(&p->b, header))
                return packet_short(p, header, DISSECT_MALFORMED_LINK);
        return wifi_payload_decode(p, amsdu);
}

DissectResult wifi_decode(Packet *p) {
        return wifi_decode_padded(p, FALSE);
}

/* https://www.radiotap.org: a word of present bits, more of them while bit 31 is set. */
#define RADIOTAP_TSFT (1u << 0)
#define RADIOTAP_FLAGS (1u << 1)
#define RADIOTAP_MORE (1u << 31)
#define RADIOTAP_FLAG_FCS 0x10
#define RADIOTAP_FLAG_PADDED 0x20

/* Returns: the flags field, 0 if there is none. */
static guint8 radiotap_flags(Bytes b, gsize length) {
        guint32 present = bytes_u32le_at(&b, 4);
        gsize at = 8;

        if (!(present & RADIOTAP_FLAGS))
                return 0;
        for (guint32 word = present; (word & RADIOTAP_MORE) && at < length; at += 4)
                word = bytes_u32le_at(&b, at);
        if (present & RADIOTAP_TSFT)
                at = ((at + 7) & ~(gsize)7) + 8;
        return at < length ? bytes_u8_at(&b, at) : 0;
}

DissectResult wifi_radiotap_decode(Packet *p) {
        gsize length = bytes_u16le_at(&p->b, 2);
        guint8 flags = radiotap_flags(p->b, length);

        if (length < 8 || !bytes_skip(&p->b, length))
                return packet_short(p, MAX(length, 8), DISSECT_MALFORMED_LINK);
        if ((flags & RADIOTAP_FLAG_FCS) && p->frame->fcs_bytes == 0)
                bytes_cut(&p->b, bytes_wire_left(&p->b) - MIN(bytes_wire_left(&p->b), FCS));
        return wifi_decode_padded(p, (flags & RADIOTAP_FLAG_PADDED) != 0);
}

#define PRISM_HEADER 144
#define AVS_MAGIC 0x80211000 /* the last digits are the version */

/* Some drivers write an AVS header under Prism's link type. */
DissectResult wifi_prism_decode(Packet *p) {
        if ((bytes_u32_at(&p->b, 0) & 0xfffff000) == AVS_MAGIC)
                return wifi_avs_decode(p);
        if (!bytes_skip(&p->b, PRISM_HEADER))
                return packet_short(p, PRISM_HEADER, DISSECT_MALFORMED_LINK);
        return wifi_decode(p);
}

DissectResult wifi_avs_decode(Packet *p) {
        gsize length = bytes_u32_at(&p->b, 4);

        if (length < 8 || !bytes_skip(&p->b, length))
                return packet_short(p, MAX(length, 8), DISSECT_MALFORMED_LINK);
        return wifi_decode(p);
}
