/* SPDX-License-Identifier: BSD-3-Clause */

#include "writer.h"

#include "dissect/segment.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_BYTES (1U << 20)
#define FRAME_BYTES_MAX (PAYLOAD_BYTES_MAX + 256U) /* with all headers and the record around it */

#define ETHERNET_BYTES 14U
#define IPV4_BYTES 20U
#define IPV6_BYTES 40U

#define MSS 1460U
#define WINDOW_SHIFT 7U

struct Writer {
        int fd;
        gboolean pcapng;
        guint32 snaplen;
        guint64 written;
        gsize used;
        guint8 buffer[BUFFER_BYTES];
        guint8 payload[PAYLOAD_BYTES_MAX];
        guint32 payload_sum[PAYLOAD_BYTES_MAX / 2 + 1]; /* of the first n 16-bit words, so that a checksum costs nothing */
};

/* ── Numbers as the wire has them ────────────────────────────────────────── */

static guint8 *put8(guint8 *p, guint value) {
        *p = (guint8)value;
        return p + 1;
}

static guint8 *put16(guint8 *p, guint value) {
        guint16 wire = GUINT16_TO_BE((guint16)value);
        return (guint8 *)memcpy(p, &wire, sizeof wire) + sizeof wire;
}

static guint8 *put32(guint8 *p, guint32 value) {
        guint32 wire = GUINT32_TO_BE(value);
        return (guint8 *)memcpy(p, &wire, sizeof wire) + sizeof wire;
}

static guint8 *put_bytes(guint8 *p, const void *bytes, gsize n) {
        return (guint8 *)memcpy(p, bytes, n) + n;
}

/* File headers are little-endian whatever the machine: the same seed is the same file. */
static guint8 *put32_file(guint8 *p, guint32 value) {
        guint32 file = GUINT32_TO_LE(value);
        return (guint8 *)memcpy(p, &file, sizeof file) + sizeof file;
}

static guint16 load16(const guint8 *p) {
        guint16 wire;
        memcpy(&wire, p, sizeof wire);
        return GUINT16_FROM_BE(wire);
}

static guint32 sum_words(guint32 sum, const guint8 *p, gsize n) {
        for (gsize i = 0; i < n; i += 2)
                sum += load16(p + i);
        return sum;
}

static guint16 checksum(guint64 sum) {
        while (sum >> 16)
                sum = (sum & 0xffff) + (sum >> 16);
        return (guint16)~sum;
}

/* ── The file ────────────────────────────────────────────────────────────── */

static void write_file_header(Writer *w) {
        guint8 *p = w->buffer;

        if (w->pcapng) {
                /* draft-ietf-opsawg-pcapng 4.1, 4.2: a section, and an interface with if_tsresol 9 */
                static const guint32 section[] = {0x0a0d0d0a, 28, 0x1a2b3c4d, 1, 0xffffffff, 0xffffffff, 28};
                const guint32 interface[] = {1, 32, 1, w->snaplen, 9U | 1U << 16, 9, 0, 32};

                for (guint i = 0; i < G_N_ELEMENTS(section); i++)
                        p = put32_file(p, section[i]);
                for (guint i = 0; i < G_N_ELEMENTS(interface); i++)
                        p = put32_file(p, interface[i]);
        } else {
                /* draft-ietf-opsawg-pcap 4: magic, version 2.4, snaplen, Ethernet */
                const guint32 header[] = {0xa1b2c3d4, 2U | 4U << 16, 0, 0, w->snaplen, 1};

                for (guint i = 0; i < G_N_ELEMENTS(header); i++)
                        p = put32_file(p, header[i]);
        }
        w->used = (gsize)(p - w->buffer);
}

Writer *writer_new(int fd, gboolean pcapng, guint32 snaplen) {
        static const char text[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\n\r\n"
                                   "A benchmark says how long something took that nobody was waiting for.\r\n";
        Writer *w = g_new0(Writer, 1);

        *w = (Writer){.fd = fd, .pcapng = pcapng, .snaplen = snaplen};
        for (gsize i = 0; i < PAYLOAD_BYTES_MAX; i++)
                w->payload[i] = (guint8)text[i % (sizeof text - 1)];
        for (gsize i = 0; i < PAYLOAD_BYTES_MAX / 2; i++)
                w->payload_sum[i + 1] = w->payload_sum[i] + load16(w->payload + 2 * i);
        write_file_header(w);
        return w;
}

void writer_free(Writer *w) {
        g_free(w);
}

guint64 writer_flush(Writer *w) {
        gsize done = 0;

        while (done < w->used) {
                gssize n = write(w->fd, w->buffer + done, w->used - done);
                if (n < 0 && errno != EINTR)
                        g_error("cannot write the capture: %s", g_strerror(errno));
                done += (gsize)MAX(n, 0);
        }
        w->written += w->used;
        w->used = 0;
        return w->written;
}

/* Returns: where the frame goes; its record is put around it by frame_end(). */
static guint8 *frame_begin(Writer *w) {
        if (w->used + FRAME_BYTES_MAX > BUFFER_BYTES)
                writer_flush(w);
        return w->buffer + w->used + (w->pcapng ? 28 : 16);
}

static void frame_end(Writer *w, gint64 time_ns, guint32 captured, guint32 wire) {
        guint8 *p = w->buffer + w->used;

        if (w->pcapng) {
                /* draft-ietf-opsawg-pcapng 4.3: enhanced packet block */
                guint32 padded = (captured + 3) & ~3U;
                guint64 time = (guint64)time_ns;
                const guint32 header[] = {6, 32 + padded, 0, (guint32)(time >> 32), (guint32)time, captured, wire};

                for (guint i = 0; i < G_N_ELEMENTS(header); i++)
                        p = put32_file(p, header[i]);
                memset(p + captured, 0, padded - captured);
                put32_file(p + padded, 32 + padded);
                w->used += 32 + padded;
        } else {
                const guint32 header[] = {(guint32)(time_ns / G_GINT64_CONSTANT(1000000000)),
                                          (guint32)(time_ns / 1000 % 1000000), captured, wire};

                for (guint i = 0; i < G_N_ELEMENTS(header); i++)
                        p = put32_file(p, header[i]);
                w->used += 16 + captured;
        }
}

/* ── The frame ───────────────────────────────────────────────────────────── */

/* The options that Linux sends: in the same order, so that their length is as usual. */
static guint8 *put_options(guint8 *p, const Ends *ends, const Packet *packet) {
        if (packet->bare)
                return p;
        if (packet->flags & TCP_SYN) {
                p = put32(p, 2U << 24 | 4U << 16 | MSS);
                p = put16(p, ends->timestamps ? 0x0402 : 0x0101); /* SACK permitted, or two NOPs before it */
                if (!ends->timestamps)
                        p = put16(p, 0x0402);
        } else if (ends->timestamps) {
                p = put16(p, 0x0101);
        }
        if (ends->timestamps) {
                p = put16(p, 0x080a);
                p = put32(p, packet->tsval);
                p = put32(p, packet->tsecr);
        }
        if (packet->flags & TCP_SYN)
                p = put32(p, 1U << 24 | 3U << 16 | 3U << 8 | WINDOW_SHIFT);
        if (packet->sack[0] != packet->sack[1]) {
                p = put32(p, 0x0101050a);
                p = put32(p, packet->sack[0]);
                p = put32(p, packet->sack[1]);
        }
        return p;
}

/* Returns: the end of the header, whose checksum and data offset are still missing. */
static guint8 *put_tcp(guint8 *p, const Ends *ends, const Packet *packet) {
        p = put16(p, ends->port[packet->from]);
        p = put16(p, ends->port[!packet->from]);
        p = put32(p, packet->seq);
        p = put32(p, packet->flags & TCP_ACK ? packet->ack : 0);
        p = put16(p, packet->flags);
        p = put16(p, packet->window);
        p = put32(p, 0);
        return put_options(p, ends, packet);
}

static guint8 *put_ipv4(guint8 *p, Ends *ends, const Packet *packet, guint32 length) {
        guint8 *start = p;

        p = put16(p, 0x4500);
        p = put16(p, IPV4_BYTES + length);
        p = put16(p, packet->bare || packet->mini ? 0 : ends->ip_id[packet->from]++);
        p = put16(p, 0x4000);
        p = put8(p, packet->from ? 55 : 64);
        p = put8(p, 6);
        p = put16(p, 0);
        p = put_bytes(p, ends->address[packet->from], 4);
        p = put_bytes(p, ends->address[!packet->from], 4);
        put16(start + 10, checksum(sum_words(0, start, IPV4_BYTES)));
        return p;
}

static guint8 *put_ipv6(guint8 *p, const Ends *ends, const Packet *packet, guint32 length) {
        p = put32(p, 6U << 28);
        p = put16(p, length);
        p = put8(p, 6);
        p = put8(p, packet->from ? 55 : 64);
        p = put_bytes(p, ends->address[packet->from], 16);
        return put_bytes(p, ends->address[!packet->from], 16);
}

static guint8 *put_ethernet(guint8 *p, guint from, guint type) {
        static const guint8 mac[2][6] = {{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}};

        p = put_bytes(p, mac[!from], 6);
        p = put_bytes(p, mac[from], 6);
        return put16(p, type);
}

void writer_put(Writer *w, Ends *ends, const Packet *packet) {
        guint8 *frame = frame_begin(w);
        guint ip_bytes = ends->ipv6 ? IPV6_BYTES : IPV4_BYTES;
        guint8 *tcp = frame + ETHERNET_BYTES + ip_bytes;
        guint8 *end = put_tcp(tcp, ends, packet);
        guint tcp_bytes = (guint)(end - tcp);
        guint32 length = tcp_bytes + packet->length;
        guint8 *p = put_ethernet(frame, packet->from, ends->ipv6 ? 0x86dd : 0x0800);

        p = ends->ipv6 ? put_ipv6(p, ends, packet, length) : put_ipv4(p, ends, packet, length);
        tcp[12] = (guint8)(tcp_bytes / 4 << 4);

        guint address_bytes = ends->ipv6 ? 32 : 8;
        guint32 sum = sum_words(6 + length, p - address_bytes, address_bytes); /* RFC 9293 3.1: the pseudo-header */
        sum = sum_words(sum, tcp, tcp_bytes);
        guint64 payload_sum = w->payload_sum[packet->length / 2];
        if (packet->length & 1)
                payload_sum += (guint)w->payload[packet->length - 1] << 8;
        put16(tcp + 16, checksum(sum + payload_sum));

        guint32 headers = (guint32)(end - frame);
        guint32 wire = headers + packet->length;
        guint32 captured = MIN(wire, w->snaplen);
        if (captured > headers)
                memcpy(end, w->payload, captured - headers);
        frame_end(w, packet->time_ns, captured, wire);
}

void writer_put_arp(Writer *w, gint64 time_ns) {
        /* RFC 826: who has 10.0.0.1? */
        static const guint8 request[28] = {0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 2, 10, 0, 0, 2,
                                           0, 0, 0, 0, 0, 0,  10, 0, 0, 1};
        guint8 *p = put_ethernet(frame_begin(w), 1, 0x0806);
        guint32 wire = ETHERNET_BYTES + sizeof request;

        put_bytes(p, request, sizeof request);
        frame_end(w, time_ns, MIN(wire, w->snaplen), wire);
}
