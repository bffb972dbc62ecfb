/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Ethernet, and all that can follow in place of an EtherType: tags, labels, PPPoE, LLC. */

#include "packet.h"

/* From the destination address on. */
DissectResult ethernet_decode(Packet *p);

/* The view begins behind the type. */
DissectResult ethertype_decode(Packet *p, guint16 type);

/* A length (IEEE 802.3) or a type. */
DissectResult ethertype_or_length_decode(Packet *p, guint16 type);

/* IEEE 802.2 from the DSAP on, with SNAP. */
DissectResult llc_decode(Packet *p);

/* SNAP from the organisation code on. */
DissectResult snap_decode(Packet *p);

/* A label stack, then IP or Ethernet. */
DissectResult mpls_decode(Packet *p);

/* PPPoE from its version on (RFC 2516). */
DissectResult pppoe_decode(Packet *p);

/* PPP from its address field, if there is one, or its protocol field on (RFC 1661, RFC 1662). */
DissectResult ppp_decode(Packet *p);
