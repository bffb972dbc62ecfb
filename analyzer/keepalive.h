/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Who sent a keepalive? */

#include "timeline.h"

/*
 * A host's own keepalive looks like its packet before (@own, nullable): it repeats its window and its timestamps. What a
 * firewall forges has its own TTL, window 0 and no options.
 */
static inline gboolean keepalive_is_forged(const TimelineEntry *probe, const TimelineEntry *own) {
        return own && (probe->ttl != own->ttl || (probe->window == 0 && own->window > 0) ||
                       (own->marks & ENTRY_TIMESTAMP && !(probe->marks & ENTRY_TIMESTAMP)));
}
