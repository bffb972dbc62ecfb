/* SPDX-License-Identifier: BSD-3-Clause */

#include "endpoint_text.h"

#include "digits.h"

#define KEPT 64 /* a power of two */

/* "[", an address, "]:" and the digits of a port; and what is copied with a port. */
G_STATIC_ASSERT(1 + ADDRESS_TEXT_BYTES + 2 + PORT_TEXT_BYTES <= ENDPOINT_TEXT_BYTES);

static G_GNUC_NO_INLINE const EndpointText *write_text(EndpointText *e, const Address *address, guint16 port, gboolean ipv6) {
        const gboolean brackets = ipv6 && port != 0;
        char *at = e->text;

        e->address = *address;
        e->port = port;
        e->ipv6 = !!ipv6;
        e->address_at = brackets;
        if (brackets)
                *at++ = '[';
        at = address_put(at, address, ipv6);
        e->address_chars = (guint8)(at - e->text - e->address_at);
        if (brackets)
                *at++ = ']';
        if (port != 0)
                *at++ = ':';
        e->port_at = (guint8)(at - e->text);
        if (port != 0)
                at = digits_put(at, port);
        e->n = (guint8)(at - e->text);
        return e;
}

const EndpointText *endpoint_text(const Address *address, guint16 port, gboolean ipv6) {
        static _Thread_local EndpointText kept[KEPT];
        EndpointText *e = &kept[(address->bytes[15] + port) % KEPT];

        if (G_LIKELY(e->n && e->port == port && e->ipv6 == !!ipv6 && address_equal(&e->address, address)))
                return e;
        return write_text(e, address, port, ipv6);
}
