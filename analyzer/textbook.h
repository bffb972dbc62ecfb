/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The close that nothing can be said about: opened, perhaps used, and closed as in RFC 9293 3.6 case 1 before
 * anybody wondered, with nothing lost, repeated or out of order. Most connections are like that, and their states
 * can be read off without hindsight.c, replay.c or a rule, many times faster. It is a short cut and no other
 * opinion: what it says is what they say, and a test holds each flow of every sample and script to it.
 */

#include "flow.h"
#include "record.h"

/**
 * textbook_close:
 * @timeline: of @flow
 * @record: filled as far as the flow alone goes; states, frames, close and vantage are added
 *
 * Returns: FALSE, with nothing added, when the flow is not such a one.
 */
gboolean textbook_close(const Flow *flow, const Timeline *timeline, gint64 linger_ns, FlowRecord *record);
