/* SPDX-License-Identifier: BSD-3-Clause */
#include "ends.h"

static gboolean is_end(const Ends *e, guint side, const Address *address, guint16 port) {
        Address mine = ends_address(e, side);

        return e->port[side] == port && address_equal(&mine, address);
}

guint ends_sender_wide(const Ends *e, const Segment *s) {
        for (guint side = 0; side < SIDES; side++)
                if (is_end(e, side, &s->source, s->source_port) && is_end(e, !side, &s->destination, s->destination_port))
                        return side;
        return SIDES;
}
