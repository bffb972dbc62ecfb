/* SPDX-License-Identifier: BSD-3-Clause */

/* From a packet script to a pcap file that any tool can open. */

#include <string.h>

#include "script.h"

#define PCAP_MAGIC_NS 0xa1b23c4dU
#define RECORD_HEADER_BYTES 16
#define COPY_DELAY_NS 10000 /* between two captured copies of one packet */
#define IPV4_HEADER_BYTES 20
#define IPV6_HEADER_BYTES 40
#define TCP_HEADER_BYTES 20
#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define ETHERTYPE_VLAN 0x8100
#define PROTOCOL_ICMP 1
#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17
#define PROTOCOL_ICMPV6 58
#define QUOTED_BYTES_MAX 128 /* of a packet in an ICMP error; RFC 1812 4.3.2.3 allows 576 in all */

static void put_u8(GByteArray *b, guint v) {
        guint8 byte = (guint8)v;

        g_byte_array_append(b, &byte, 1);
}

static void put_u16(GByteArray *b, guint v) {
        put_u8(b, v >> 8 & 255);
        put_u8(b, v & 255);
}

static void put_u32(GByteArray *b, guint32 v) {
        put_u16(b, v >> 16);
        put_u16(b, v & 0xffff);
}

static void put_zeros(GByteArray *b, guint n) {
        while (n--)
                put_u8(b, 0);
}

/* RFC 1071, without the final complement. */
static guint32 sum(const guint8 *p, gsize n, guint32 s) {
        for (gsize i = 0; i < n; i++)
                s += i % 2 ? p[i] : (guint32)p[i] << 8;
        while (s >> 16)
                s = (s & 0xffff) + (s >> 16);
        return s;
}

static void set_checksum(guint8 *at, guint32 s) {
        at[0] = (guint8)(~s >> 8);
        at[1] = (guint8)~s;
}

/* ── Transport ── */

static void put_tcp(GByteArray *b, const ScriptFlow *f, const ScriptPacket *p) {
        put_u16(b, f->port[p->side]);
        put_u16(b, f->port[!p->side]);
        put_u32(b, p->seq);
        put_u32(b, p->ack);
        put_u8(b, (TCP_HEADER_BYTES + p->n_options) / 4 << 4);
        put_u8(b, p->flags);
        put_u16(b, p->window);
        put_u16(b, 0); /* checksum */
        put_u16(b, 0); /* urgent pointer */
        g_byte_array_append(b, p->options, p->n_options);
        /* The same sequence number always carries the same byte, so that a repeat is a repeat. */
        for (guint32 i = 0; i < p->payload_bytes; i++)
                put_u8(b, 'a' + (p->seq + i) % 26);
}

/* @from: where the transport header begins. */
static void finish_checksum(GByteArray *b, guint from, guint at, const ScriptFlow *f, guint sender, guint protocol) {
        guint skip = f->ipv6 ? 0 : 12;
        guint n = b->len - from;
        guint32 s = protocol == PROTOCOL_ICMP ? 0 : protocol + n;

        if (protocol != PROTOCOL_ICMP) {
                s = sum(f->address[sender].bytes + skip, sizeof(Address) - skip, s);
                s = sum(f->address[!sender].bytes + skip, sizeof(Address) - skip, s);
        }
        set_checksum(b->data + from + at, sum(b->data + from, n, s));
}

/* ── Network ── */

static void put_ipv4(GByteArray *b, const ScriptFlow *f, const ScriptPacket *p, guint sender, guint protocol, guint n) {
        guint from = b->len;

        put_u8(b, 0x45);
        put_u8(b, p->tos);
        put_u16(b, p->no_length ? 0 : IPV4_HEADER_BYTES + n);
        put_u16(b, p->ip_id);
        put_u16(b, p->dont_fragment ? 0x4000 : 0);
        put_u8(b, p->ttl);
        put_u8(b, protocol);
        put_u16(b, 0);
        g_byte_array_append(b, f->address[sender].bytes + 12, 4);
        g_byte_array_append(b, f->address[!sender].bytes + 12, 4);
        set_checksum(b->data + from + 10, sum(b->data + from, IPV4_HEADER_BYTES, 0));
}

static void put_ip(GByteArray *b, const ScriptFlow *f, const ScriptPacket *p, guint sender, guint protocol, guint n) {
        if (!f->ipv6) {
                put_ipv4(b, f, p, sender, protocol, n);
                return;
        }
        put_u32(b, 6U << 28 | (guint32)p->tos << 20);
        put_u16(b, p->no_length ? 0 : n);
        put_u8(b, protocol);
        put_u8(b, p->ttl);
        g_byte_array_append(b, f->address[sender].bytes, sizeof(Address));
        g_byte_array_append(b, f->address[!sender].bytes, sizeof(Address));
}

static void put_tcp_packet(GByteArray *b, const ScriptFlow *f, const ScriptPacket *p) {
        guint from;

        put_ip(b, f, p, p->side, PROTOCOL_TCP, TCP_HEADER_BYTES + p->n_options + p->payload_bytes);
        from = b->len;
        put_tcp(b, f, p);
        finish_checksum(b, from, 16, f, p->side, PROTOCOL_TCP);
}

/* The error comes in the name of the end that the quoted packet was for. */
static void put_icmp_packet(GByteArray *b, const ScriptFlow *f, const ScriptPacket *p) {
        g_autoptr(GByteArray) quoted = g_byte_array_new();
        guint protocol = f->ipv6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP;
        guint from;

        put_tcp_packet(quoted, f, p);
        g_byte_array_set_size(quoted, MIN(quoted->len, QUOTED_BYTES_MAX));
        put_ip(b, f, p, !p->side, protocol, 8 + quoted->len);
        from = b->len;
        put_u8(b, p->icmp_type);
        put_u8(b, p->icmp_code);
        put_u16(b, 0);
        put_u32(b, 0);
        g_byte_array_append(b, quoted->data, quoted->len);
        finish_checksum(b, from, 2, f, !p->side, protocol);
}

/* A DNS query between hosts that no script speaks of. */
static void put_end_packet(GByteArray *b) {
        static const ScriptFlow f = {
                .address = { { { [10] = 0xff, 0xff, 192, 0, 2, 1 } }, { { [10] = 0xff, 0xff, 192, 0, 2, 53 } } },
                .port = { 53530, 53 },
        };
        static const guint8 query[] = { 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1 };
        static const ScriptPacket p = { .ttl = 64 };
        guint from;

        put_ip(b, &f, &p, CLIENT, PROTOCOL_UDP, 8 + sizeof query);
        from = b->len;
        put_u16(b, f.port[CLIENT]);
        put_u16(b, f.port[SERVER]);
        put_u16(b, 8 + sizeof query);
        put_u16(b, 0);
        g_byte_array_append(b, query, sizeof query);
        finish_checksum(b, from, 6, &f, CLIENT, PROTOCOL_UDP);
}

/* ── Link ── */

static void put_mac(GByteArray *b, guint side) {
        put_u16(b, 0x0200); /* locally administered */
        put_u32(b, side + 1);
}

static void put_ethernet(GByteArray *b, const ScriptFlow *f, guint sender, guint ethertype) {
        put_mac(b, !sender);
        put_mac(b, sender);
        for (guint i = 0; f && i < f->n_vlans; i++) {
                put_u16(b, ETHERTYPE_VLAN);
                put_u16(b, f->vlans[i]);
        }
        put_u16(b, ethertype);
}

/* Linux cooked: https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html; the capturing host is the client. */
static void put_sll(GByteArray *b, guint sender, guint ethertype) {
        put_u16(b, sender == CLIENT ? 4 : 0);
        put_u16(b, 1);
        put_u16(b, 6);
        put_mac(b, sender);
        put_u16(b, 0);
        put_u16(b, ethertype);
}

/* https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html */
static void put_sll2(GByteArray *b, guint sender, guint ethertype) {
        put_u16(b, ethertype);
        put_u16(b, 0);
        put_u32(b, 1);
        put_u16(b, 1);
        put_u8(b, sender == CLIENT ? 4 : 0);
        put_u8(b, 6);
        put_mac(b, sender);
        put_u16(b, 0);
}

static void put_link(GByteArray *b, guint link_type, const ScriptFlow *f, guint sender, gboolean ipv6) {
        guint ethertype = ipv6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4;
        guint32 family = ipv6 ? 30 : 2; /* macOS AF_INET6, in the byte order of the machine that captured */

        switch (link_type) {
        case 0: g_byte_array_append(b, (const guint8 *)&family, sizeof family); break;
        case 1: put_ethernet(b, f, sender, ethertype); break;
        case 113: put_sll(b, sender, ethertype); break;
        case 276: put_sll2(b, sender, ethertype); break;
        default: break; /* raw IP */
        }
}

/* ── File ── */

/* pcap is in the byte order of the machine that wrote it. */
static void put_native(GByteArray *b, guint32 v) {
        g_byte_array_append(b, (const guint8 *)&v, sizeof v);
}

static void put_file_header(GByteArray *b, const Script *s) {
        put_native(b, PCAP_MAGIC_NS);
        put_native(b, G_BYTE_ORDER == G_LITTLE_ENDIAN ? 2 | 4 << 16 : 2 << 16 | 4); /* version 2.4 */
        put_zeros(b, 8);
        put_native(b, s->snaplen);
        put_native(b, s->link_type);
}

static void put_frame(GByteArray *b, const Script *s, const ScriptPacket *p) {
        const ScriptFlow *f = p->kind == SCRIPT_END ? NULL : &s->flows[p->flow];
        guint sender = p->kind == SCRIPT_ICMP ? !p->side : p->side;

        put_link(b, s->link_type, f, sender, f && f->ipv6);
        switch (p->kind) {
        case SCRIPT_TCP: put_tcp_packet(b, f, p); break;
        case SCRIPT_ICMP: put_icmp_packet(b, f, p); break;
        case SCRIPT_END: put_end_packet(b); break;
        }
}

static void put_record(GByteArray *b, const Script *s, const GByteArray *frame, gint64 time_ns) {
        guint captured = MIN(frame->len, s->snaplen);

        put_native(b, (guint32)(time_ns / SCRIPT_NS_PER_SECOND));
        put_native(b, (guint32)(time_ns % SCRIPT_NS_PER_SECOND));
        put_native(b, captured);
        put_native(b, frame->len);
        g_byte_array_append(b, frame->data, captured);
}

GBytes *script_capture(const Script *s) {
        GByteArray *b = g_byte_array_new();

        put_file_header(b, s);
        for (guint i = 0; i < s->packets->len; i++) {
                const ScriptPacket *p = &g_array_index(s->packets, ScriptPacket, i);
                g_autoptr(GByteArray) frame = g_byte_array_new();

                if (!p->frame)
                        continue;
                put_frame(frame, s, p);
                for (guint copy = 0; copy <= p->copies; copy++)
                        put_record(b, s, frame, SCRIPT_EPOCH_NS + p->time_ns + copy * COPY_DELAY_NS);
        }
        if (s->cut)
                put_zeros(b, RECORD_HEADER_BYTES / 2);
        return g_byte_array_free_to_bytes(b);
}
