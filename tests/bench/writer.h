/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Turns packets of generated connections into Ethernet frames in a pcap or pcapng file. */

#include <glib.h>

/* A segment of a connection, in the connection's own terms; the writer knows how it looks on the wire. */
typedef struct Packet {
        gint64 time_ns;
        guint32 seq;
        guint32 ack;
        guint32 length;  /* of the payload, 0..PAYLOAD_BYTES_MAX */
        guint32 tsval;
        guint32 tsecr;
        guint32 sack[2]; /* left and right edge; none when they are equal */
        guint16 window;
        guint8 flags;
        guint8 from;     /* 0 client, 1 server */
        gboolean bare;   /* sent by no socket: no options, IP ID 0 (what a Linux host does) */
        gboolean mini;   /* sent by a mini-socket (TIME_WAIT, FIN_WAIT_2 of an orphan): IP ID 0 */
} Packet;

/* Both ends of a connection: what all its packets have in common. */
typedef struct Ends {
        guint8 address[2][16]; /* IPv4: the first four bytes */
        guint16 port[2];
        guint16 ip_id[2];      /* of the next packet */
        gboolean ipv6;
        gboolean timestamps;
} Ends;

/* A payload fills at most one IPv4 packet, as segmentation offload hands it to a capture. */
#define PAYLOAD_BYTES_MAX 65000U

typedef struct Writer Writer;

/**
 * writer_new:
 * @fd: where to write, not closed
 * @pcapng: else pcap with microseconds
 * @snaplen: frames are cut to it; 1..262144
 */
Writer *writer_new(int fd, gboolean pcapng, guint32 snaplen);

/* Appends a frame; advances the sender's IP ID in @ends. */
void writer_put(Writer *w, Ends *ends, const Packet *p);

/* Appends a frame that is not TCP: an ARP request. */
void writer_put_arp(Writer *w, gint64 time_ns);

/* Writes what is buffered. Returns: the bytes of the whole file so far. Ends the program when writing fails. */
guint64 writer_flush(Writer *w);

void writer_free(Writer *w);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Writer, writer_free)
