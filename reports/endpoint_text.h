/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Addresses with ports in words. A flow's are needed again and again, by its members, its sentence, its filter and its
 * findings, and a server's by thousands of flows: those of late are kept.
 */

#include "units.h"

#define ENDPOINT_TEXT_BYTES 64
#define ENDPOINT_TEXT_USUAL 32 /* so many are copied in any case: no loop for a few bytes */
#define ADDRESS_TEXT_USUAL 16
#define PORT_TEXT_BYTES 8

typedef struct EndpointText {
        Address address;
        guint16 port;
        guint8 ipv6;
        guint8 n;             /* of @text; 0 none is kept here */
        guint8 address_at;    /* where in it the address begins... */
        guint8 address_chars; /* ...and how long it is */
        guint8 port_at;       /* where the port's digits begin, which are its last */
        char text[ENDPOINT_TEXT_BYTES]; /* "10.0.0.1:80" or "[2001:db8::1]:80"; without port (and brackets) if that is 0 */
} EndpointText;

/* Returns: (transfer none): valid until the next call on this thread. */
const EndpointText *endpoint_text(const Address *address, guint16 port, gboolean ipv6);

/* Each of these writes to @at, where there is room for ENDPOINT_TEXT_BYTES. Returns: where that ends; no NUL. */
static inline char *endpoint_text_put(char *at, const EndpointText *e) {
        memcpy(at, e->text, ENDPOINT_TEXT_USUAL);
        if (G_UNLIKELY(e->n > ENDPOINT_TEXT_USUAL))
                memcpy(at, e->text, ENDPOINT_TEXT_BYTES);
        return at + e->n;
}

static inline char *endpoint_text_put_address(char *at, const EndpointText *e) {
        memcpy(at, e->text + e->address_at, ADDRESS_TEXT_USUAL);
        if (G_UNLIKELY(e->address_chars > ADDRESS_TEXT_USUAL))
                memcpy(at, e->text + e->address_at, ADDRESS_TEXT_BYTES);
        return at + e->address_chars;
}

/* Nothing if the port is 0. */
static inline char *endpoint_text_put_port(char *at, const EndpointText *e) {
        memcpy(at, e->text + e->port_at, PORT_TEXT_BYTES);
        return at + e->n - e->port_at;
}
