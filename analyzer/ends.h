/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The two ends of a connection, in as little as they need: millions of them are kept, and each packet is compared with
 * one. A pair of IPv4 addresses has eight bytes; a wide one, where either does not fit in four, is kept elsewhere.
 */

#include <string.h>

#include "dissect/segment.h"
#include "states.h"

typedef struct Ends {
        union {
                guint32 ipv4[SIDES]; /* as on the wire */
                Address *wide;       /* SIDES of them; whose they are says whoever keeps the ends */
        };
        guint16 port[SIDES];
        guint16 is_wide; /* of which */
} __attribute__((packed, aligned(4))) Ends;

static inline guint64 ends_load_64(const void *at) {
        guint64 x;

        memcpy(&x, at, sizeof x);
        return x;
}

static inline guint32 ends_load_32(const void *at) {
        guint32 x;

        memcpy(&x, at, sizeof x);
        return x;
}

#define IPV4_AT (sizeof(Address) - sizeof(guint32)) /* behind the mapped prefix */

/* As on the wire, too, if it is an IPv4 address. */
static inline guint32 address_ipv4(const Address *a) {
        return ends_load_32(a->bytes + IPV4_AT);
}

static inline gboolean address_is_mapped(const Address *a) {
        return !ends_load_64(a->bytes) && ends_load_32(a->bytes + 8) == GUINT32_TO_BE(0xffff);
}

/* The addresses themselves decide, not what they were carried by: a mapped one may stand in an IPv6 header. */
static inline gboolean segment_is_wide(const Segment *s) {
        return s->facts & SEGMENT_IPV6 && !(address_is_mapped(&s->source) && address_is_mapped(&s->destination));
}

static inline Address ends_address(const Ends *e, guint side) {
        Address a;
        guint32 ipv4;

        if (e->is_wide)
                return e->wide[side];
        ipv4 = e->ipv4[side];
        address_set_ipv4(&a, (const guint8 *)&ipv4);
        return a;
}

/* Returns: whether end @a_side of @a and end @b_side of @b are one. */
static inline gboolean ends_same(const Ends *a, guint a_side, const Ends *b, guint b_side) {
        const Address x = ends_address(a, a_side), y = ends_address(b, b_side);

        return a->port[a_side] == b->port[b_side] && address_equal(&x, &y);
}

/* ends_sender() for all that is not plain IPv4. */
guint ends_sender_wide(const Ends *e, const Segment *s);

/*
 * Returns: which of @e sent @s, SIDES when it is no packet between them; CLIENT where an address and port talk to themselves.
 * Without a branch: which direction comes next cannot be predicted.
 */
static inline guint ends_sender(const Ends *e, const Segment *s) {
        guint64 addresses, sent, forth, back;
        guint32 ports, sent_ports;

        if (G_UNLIKELY(e->is_wide | (s->facts & SEGMENT_IPV6)))
                return ends_sender_wide(e, s);
        addresses = ends_load_64(e->ipv4);
        ports = ends_load_32(e->port);
        sent_ports = ends_load_32(&s->source_port);
        sent = ends_load_64((const guint32[]){ address_ipv4(&s->source), address_ipv4(&s->destination) });
        forth = (addresses ^ sent) | (ports ^ sent_ports);
        back = ((addresses << 32 | addresses >> 32) ^ sent) | ((ports << 16 | ports >> 16) ^ sent_ports);
        return (guint)!!forth + (guint)(forth && back);
}

G_STATIC_ASSERT(G_STRUCT_OFFSET(Segment, destination_port) == G_STRUCT_OFFSET(Segment, source_port) + sizeof(guint16));
