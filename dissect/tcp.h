/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The TCP header, as sent or as quoted by an ICMP error. */

#include "packet.h"

/**
 * tcp_decode:
 * Fills the segment from ports to options; addresses and the facts of the IP header are there already.
 *
 * Returns: DISSECT_TCP, DISSECT_ICMP_QUOTE or why not.
 */
DissectResult tcp_decode(Packet *p);

/**
 * tcp_options_decode:
 * @at: the options alone
 * @n: their bytes on the wire, of which the first @captured are there
 *
 * A length that cannot be ends them: what was read until then stands.
 */
void tcp_options_decode(Segment *s, const guint8 *at, gsize n, gsize captured);
