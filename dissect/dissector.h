/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * From a frame's bytes to a segment: link.c, then ethertype.c, ip.c, the tunnels where there
 * are any, then tcp.c, each reaching bytes through bounds-checked getters only (bytes.h).
 * The innermost TCP header that can be reached counts.
 */

#include "frame.h"
#include "path.h"

/* Every frame ends as exactly one of these; reasons.def holds their names. */
typedef enum DissectResult {
#define REASON(ID, name, title) DISSECT_##ID,
#include "reasons.def"
#undef REASON
        DISSECT_RESULTS
} DissectResult;

/* Returns: kebab-case name of @result, e.g. "not-ip"; and what it means in a few words. */
const char *dissect_result_name(DissectResult result);
const char *dissect_result_title(DissectResult result);

typedef struct Dissector Dissector;

Dissector *dissector_new(void);
void dissector_free(Dissector *d);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Dissector, dissector_free)

/**
 * dissector_frame:
 * @d: holds the counts and the table of paths
 * @frame: bytes from a capture, untrusted
 * @segment: (out): filled when DISSECT_TCP or DISSECT_ICMP_QUOTE is returned, else undefined
 *
 * Allocates nothing but an entry in the table of paths when a VLAN or tunnel is first met.
 */
DissectResult dissector_frame(Dissector *d, const Frame *frame, Segment *segment);

/* The same without the short cut of plain.h, which must not change a bit. */
DissectResult dissector_frame_in_layers(Dissector *d, const Frame *frame, Segment *segment);

/* Returns: how many frames ended so. */
guint64 dissector_count(const Dissector *d, DissectResult result);

const PathTable *dissector_paths(const Dissector *d);
