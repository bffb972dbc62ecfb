/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* How a flow's timeline is written while its packets go by, and how it is read. */

#include "flow.h"

/*
 * Entries are appended until there are too many plain ones (those that move no
 * state); then the older plain ones go at once, so that the cost stays a few
 * moves a packet.  The first packets and the latest always stay.
 */
#define TIMELINE_HEAD_KEPT 8U          /* the handshake and what came right after it */
#define TIMELINE_PLAIN_MAX_OPEN 64U    /* plain entries while nobody has closed */
#define TIMELINE_PLAIN_MAX_CLOSING 96U /* once a FIN or RST was seen each packet may be evidence */

/* The flow's first packet is the one at hand. */
static inline void timeline_begin(Flow *f, gint64 time_ns, FrameRef frame) {
        f->start_ns = f->timeline.expected.time_ns = time_ns;
        f->first_frame = f->timeline.expected.frame = frame;
}

/**
 * timeline_append:
 * @closing: whether a FIN or RST was seen, which makes more packets worth keeping
 *
 * Adds @entry; its place is found when the timeline is read.
 */
void timeline_append(Flow *f, const TimelineEntry *entry, gboolean closing);

static inline gboolean timeline_is_full(const FlowTimeline *t, gboolean closing) {
        return t->plain >= (closing ? TIMELINE_PLAIN_MAX_CLOSING : TIMELINE_PLAIN_MAX_OPEN) + TIMELINE_HEAD_KEPT || t->n >= TIMELINE_ENTRIES_MAX;
}

/* Makes room for @bytes in all. */
void timeline_grow(Flow *f, guint bytes);

/* Returns: FALSE, with nothing done, when timeline_append() must do it: there are too many, or it cannot be written in short. */
static inline gboolean timeline_append_short(Flow *f, const TimelineEntry *entry, gboolean closing) {
        FlowTimeline *t = &f->timeline;
        guint8 *at, *end;

        if (G_UNLIKELY(timeline_is_full(t, closing)))
                return FALSE;
        if (G_UNLIKELY(t->bytes + PACKED_SHORT_BYTES_MAX > t->room_bytes))
                timeline_grow(f, t->bytes + PACKED_SHORT_BYTES_MAX);
        at = t->records + t->bytes;
        end = packed_write_usual(&t->expected, entry, at);
        if (!end)
                end = packed_write_short(&t->expected, entry, at);
        if (G_UNLIKELY(!end))
                return FALSE;
        t->bytes += (guint16)(end - at);
        t->plain += !(entry->marks & ENTRY_PINNED);
        t->n++;
        return TRUE;
}

/* timeline_append() for the SYN or SYN+ACK that opens a connection. */
void timeline_append_syn(Flow *f, const TimelineEntry *entry);

/**
 * timeline_read:
 * @entries: room for f->timeline.n of them: the caller's, as several threads may read at a time
 * @t: (out): its entries are @entries
 *
 * Entries stand in their places in time: records that the capture swapped are put right, a clock that was set back
 * is not.
 */
void timeline_read(const Flow *f, TimelineEntry *entries, Timeline *t);

/* Nothing is expected to come any more: what is not needed of its memory goes back. */
void timeline_trim(Flow *f);

void timeline_clear(Flow *f);
