/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The plain packet: Ethernet, IPv4 without options or fragments or IPv6 without extension headers, TCP, its options
 * whole or cut; most captures hold little else. Taken apart in one go, several times faster than layer by layer. It
 * is a short cut: whatever it takes it takes apart as the decoders of the layers do, and a test holds it to them
 * packet by packet.
 */

#include "frame.h"

/* All that plain_decode() looks at lies in a frame's first bytes: 14 of Ethernet, 40, 60, and what tcp.h has for FTP. */
#define PLAIN_BYTES_MAX 215U

/* Returns: FALSE, with @s in no particular state, if the frame is anything else. */
gboolean plain_decode(const Frame *frame, Segment *s);

/*
 * Returns: whether plain_decode() takes it. A function of its own, so that the one that all packets go through is called
 * from one place and becomes part of it.
 */
gboolean plain_is(const Frame *frame);
