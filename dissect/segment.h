/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The one value that leaves dissect/: what one captured packet says about TCP,
 * as facts, without any notion of a flow.
 */

#include <glib.h>
#include <string.h>

/*
 * A frame's place in the input: the capture it came from (index in the order
 * given on the command line) and its number there, from 1, as every other tool
 * counts it.  One integer, so that records stay small and comparable.
 */
typedef guint64 FrameRef;

#define FRAME_REF_NUMBER_BITS 48
#define FRAME_REF_FILES_MAX 65535U

static inline FrameRef frame_ref(guint file, guint64 number) {
        return ((FrameRef)file << FRAME_REF_NUMBER_BITS) | number;
}

static inline guint64 frame_ref_number(FrameRef ref) {
        return ref & (((FrameRef)1 << FRAME_REF_NUMBER_BITS) - 1);
}

static inline guint frame_ref_file(FrameRef ref) {
        return (guint)(ref >> FRAME_REF_NUMBER_BITS);
}

/* TCP flags, RFC 9293 3.1; the value of the header's 14th byte. */
enum {
        TCP_FIN = 0x01,
        TCP_SYN = 0x02,
        TCP_RST = 0x04,
        TCP_PSH = 0x08,
        TCP_ACK = 0x10,
        TCP_URG = 0x20,
        TCP_ECE = 0x40,
        TCP_CWR = 0x80,
};

/*
 * An IPv4 or IPv6 address.  IPv4 is stored in its last four bytes behind the
 * mapped prefix ::ffff:0:0/96 (RFC 4291 2.5.5.2), so that both compare and hash
 * as sixteen bytes; @Segment.facts tells which of the two was on the wire.
 */
typedef struct Address {
        guint8 bytes[16];
} Address;

/* @at: four bytes in network order. Written in the halves in which it is read at once, for its hash. */
static inline void address_set_ipv4(Address *a, const guint8 *at) {
        guint32 last;
        guint64 halves[2] = { 0 };

        memcpy(&last, at, sizeof last);
        halves[1] = G_BYTE_ORDER == G_LITTLE_ENDIAN ? (guint64)last << 32 | 0xffff0000U : G_GUINT64_CONSTANT(0xffff) << 32 | last;
        memcpy(a->bytes, halves, sizeof halves);
}

static inline gboolean address_equal(const Address *a, const Address *b) {
        guint64 x[2], y[2];

        memcpy(x, a->bytes, sizeof x);
        memcpy(y, b->bytes, sizeof y);
        return x[0] == y[0] && x[1] == y[1];
}

typedef enum SegmentKind {
        SEGMENT_TCP,        /* a TCP header that was sent by its source */
        SEGMENT_ICMP_QUOTE, /* a TCP header quoted by an ICMP error: told by somebody else, not traffic.
                               Ports and seq are always there; what lies behind the quote's end is 0,
                               flags among it, and SEGMENT_OPTIONS_CUT is set */
} SegmentKind;

/* What the packet carried beside the fields every TCP header has. */
enum {
        SEGMENT_IPV6 = 1 << 0,          /* the addresses are IPv6; no IP ID */
        SEGMENT_HAS_TIMESTAMP = 1 << 1, /* tsval and tsecr are valid (RFC 7323 3) */
        SEGMENT_HAS_WSCALE = 1 << 2,    /* wscale is valid (RFC 7323 2) */
        SEGMENT_HAS_MSS = 1 << 3,       /* mss is valid */
        SEGMENT_SACK_PERMITTED = 1 << 4,
        SEGMENT_FASTOPEN = 1 << 5,      /* a TCP Fast Open option (RFC 7413), with or without a cookie */
        SEGMENT_OPTIONS_CUT = 1 << 14,  /* the snaplen cut the options: what is absent may have been there */
        SEGMENT_DONT_FRAGMENT = 1 << 7, /* IPv4 DF */
        SEGMENT_LENGTH_GUESSED = 1 << 8, /* IP total length 0 (segmentation offload): length taken from the frame */
        SEGMENT_FRAGMENT = 1 << 9,      /* the first fragment of a larger packet; payload_bytes counts this fragment only */
        SEGMENT_HAS_OPTIONS = 1 << 12,  /* any TCP option at all */
        SEGMENT_MD5 = 1 << 11,          /* MD5 or TCP-AO option */
        SEGMENT_NOT_INITIAL_COPY = 1 << 10, /* the capture itself marks the packet as outgoing (SLL, pcapng flags): this host sent it */
        SEGMENT_PAYLOAD_CUT = 1 << 13,  /* the snaplen cut the payload */
        SEGMENT_LINUX_OPTIONS = 1 << 6,  /* its options stand in the order in which Linux writes those of a SYN */
        SEGMENT_DSACK = 1 << 15,         /* its first SACK block reports a duplicate (RFC 2883 4) */
};

#define SEGMENT_SACK_BLOCKS_MAX 4

/* Without holes, and no larger than it must be: blocks of thousands wait in caches for the analyzer. */
typedef struct Segment {
        gint64 time_ns; /* since the epoch, UTC */
        FrameRef frame;
        Address source;
        Address destination;
        guint16 source_port;
        guint16 destination_port;
        guint32 seq;
        guint32 ack; /* meaningless unless flags has TCP_ACK */
        guint32 payload_bytes; /* from the IP length, not from what the snaplen kept */
        guint32 tsval;
        guint32 tsecr;
        guint32 sack_right; /* right edge of the highest SACK block; only with sack_blocks > 0 */
        guint16 path; /* the VLANs and tunnels that are part of a flow's identity; 0 none, else an id of path.h */
        guint16 path_detail; /* the same and what may differ per direction (labels, TEIDs): for people only */
        guint16 window; /* as on the wire, unscaled */
        guint16 ip_id;  /* IPv4 only */
        guint16 mss;
        guint16 facts;
        union {
                struct {
                        guint8 icmp_type; /* of the error, for SEGMENT_ICMP_QUOTE */
                        guint8 icmp_code;
                };
                guint16 tunnel; /* SEGMENT_TCP: a hash of the tunnels' two ends, the same for both directions; 0 none */
        };
        guint8 flags;
        guint8 ttl; /* or hop limit */
        guint8 tos; /* or traffic class */
        guint8 wscale; /* shift, 0..14 used; larger values count as 14 (RFC 7323 2.3) */
        guint8 kind; /* SegmentKind */
        guint8 sack_blocks : 7; /* 0..SEGMENT_SACK_BLOCKS_MAX */
        guint8 long_word : 1;   /* the payload begins with a word as no FTP command has; only of what goes to FTP's port */
} Segment;

G_STATIC_ASSERT(sizeof(Segment) == 96);

/* The sequence numbers a segment takes: payload, SYN and FIN (RFC 9293 3.4). */
static inline guint32 segment_sequence_length(const Segment *s) {
        return s->payload_bytes + !!(s->flags & TCP_SYN) + !!(s->flags & TCP_FIN);
}
