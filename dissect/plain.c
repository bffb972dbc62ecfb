/* SPDX-License-Identifier: BSD-3-Clause */
#include "plain.h"
#include "tcp.h"

#define LINK_ETHERNET 1
#define ETHERNET_TYPE 12
#define TYPE_IPV4 0x0800
#define IPV4 14 /* where the header begins */
#define IPV4_HEADER 20
#define IPV4_VERSION_AND_HEADER 0x45 /* version 4, no options */
#define IPV4_DONT_FRAGMENT 0x4000
#define PROTOCOL_TCP 6
#define TCP (IPV4 + IPV4_HEADER)
#define TCP_HEADER 20

/* Up to the TCP header nothing differs from packet to packet but lengths and names. */
static inline gboolean is_plain(const Frame *frame) {
        const guint8 *at = frame->data;

        return frame->link_type == LINK_ETHERNET && !frame->fcs_bytes && frame->captured_bytes >= TCP + TCP_HEADER &&
               load_u16(at + ETHERNET_TYPE) == TYPE_IPV4 && at[IPV4] == IPV4_VERSION_AND_HEADER &&
               !(load_u16(at + IPV4 + 6) & ~IPV4_DONT_FRAGMENT) && at[IPV4 + 9] == PROTOCOL_TCP;
}

gboolean plain_decode(const Frame *frame, Segment *s) {
        const guint8 *ip = frame->data + IPV4, *tcp = frame->data + TCP;
        guint total, header, captured;

        if (G_UNLIKELY(!is_plain(frame)))
                return FALSE;
        total = load_u16(ip + 2);
        header = (tcp[12] >> 4) * 4u;
        captured = MIN(frame->captured_bytes - IPV4, total);
        if (G_UNLIKELY(header < TCP_HEADER || total < IPV4_HEADER + header || captured < IPV4_HEADER + header))
                return FALSE;
        s->time_ns = frame->time_ns;
        s->frame = frame->ref;
        s->source_port = load_u16(tcp);
        s->destination_port = load_u16(tcp + 2);
        s->path = s->path_detail = 0;
        s->seq = load_u32(tcp + 4);
        s->ack = load_u32(tcp + 8);
        s->payload_bytes = total - IPV4_HEADER - header;
        s->tsval = s->tsecr = 0;
        s->window = load_u16(tcp + 14);
        s->ip_id = load_u16(ip + 4);
        s->checksum = load_u16(tcp + 16);
        s->mss = 0;
        s->facts = (guint16)((frame->direction == FRAME_OUTBOUND ? SEGMENT_NOT_INITIAL_COPY : 0) |
                             (ip[6] & IPV4_DONT_FRAGMENT >> 8 ? SEGMENT_DONT_FRAGMENT : 0) |
                             (captured < total && s->payload_bytes ? SEGMENT_PAYLOAD_CUT : 0));
        s->flags = tcp[13];
        s->ttl = ip[8];
        s->tos = ip[1];
        s->wscale = 0;
        s->kind = SEGMENT_TCP;
        s->icmp_type = s->icmp_code = 0;
        s->sack_blocks = 0;
        address_set_ipv4(&s->source, ip + 12);
        address_set_ipv4(&s->destination, ip + 16);
        if (header > TCP_HEADER)
                tcp_options_decode(s, bytes_new(tcp + TCP_HEADER, header - TCP_HEADER));
        return TRUE;
}
