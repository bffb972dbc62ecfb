/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The plain packet: Ethernet, IPv4 without options or fragments or IPv6 without extension headers, TCP, its options
 * whole or cut; most captures hold little else. Taken apart in one go, several times faster than layer by layer. It
 * is a short cut: whatever it takes it takes apart as the decoders of the layers do, and a test holds it to them
 * packet by packet.
 */

#include "frame.h"

/* Returns: FALSE, with @s in no particular state, if the frame is anything else. */
gboolean plain_decode(const Frame *frame, Segment *s);
