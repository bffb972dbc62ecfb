/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* IPv4 and IPv6, their extension headers and the protocols above them. */

#include "packet.h"

/* IPv4 or IPv6, by the version field. */
DissectResult ip_decode(Packet *p);

/**
 * ip_is_plausible:
 * Returns: whether the view begins with an IP header whose lengths agree with what is
 * there; for places where no field says what comes next.
 */
gboolean ip_is_plausible(Bytes b);

/* The header of an IP protocol or IPv6 extension header, by its number. */
DissectResult ip_protocol_decode(Packet *p, guint8 protocol);
