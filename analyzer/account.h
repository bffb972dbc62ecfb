/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Sequence space of one side: what was sent, resent, acknowledged and what is missing. */

#include "flow.h"

/**
 * account_segment:
 * Adds @s, sent by @side, to the flow's counts.
 *
 * Returns: ENTRY_ marks for its place in the timeline.
 */
guint16 account_segment(Flow *f, guint side, const Segment *s);
