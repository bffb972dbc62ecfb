/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The TCP header, as sent or as quoted by an ICMP error. */

#include "packet.h"

#define WSCALE_MAX 14 /* RFC 7323 2.3 */

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

#define FTP_PORT 21

/* One more than Zeek takes for a command (FTP::max_command_length). */
#define LONG_WORD_BYTES 101

/**
 * tcp_long_word:
 * @payload: LONG_WORD_BYTES bytes
 *
 * Returns: whether they are one word.  Nothing else is ever read of a payload.
 */
static inline gboolean tcp_long_word(const guint8 *payload) {
        for (guint i = 0; i < LONG_WORD_BYTES; i++)
                if (payload[i] <= ' ' || payload[i] > '~')
                        return FALSE;
        return TRUE;
}
