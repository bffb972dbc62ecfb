/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow.h"
#include "timeline_log.h"

/*
 * Entries are appended until there are too many plain ones (those that move no
 * state); then the older plain ones go at once, so that the cost stays a few
 * moves a packet.  The first packets and the latest always stay.
 */
#define HEAD_KEPT 8U          /* the handshake and what came right after it */
#define PLAIN_MAX_OPEN 32U    /* plain entries while nobody has closed */
#define PLAIN_KEPT_OPEN 16U
#define PLAIN_MAX_CLOSING 96U /* once a FIN or RST was seen each packet may be evidence */
#define PLAIN_KEPT_CLOSING 64U
#define ENTRIES_HEAD 256U     /* past TIMELINE_ENTRIES_MAX: this many from the beginning... */
#define ENTRIES_TAIL 128U     /* ...and this many from the end stay */

/* Drops entries [from, to) that are plain, or all of them if @pinned_too. */
static void drop(Timeline *t, guint from, guint to, gboolean pinned_too) {
        guint out = from;
        gboolean gap = FALSE;

        for (guint i = from; i < t->n; i++) {
                TimelineEntry *e = &t->entries[i];
                gboolean plain = !(e->marks & ENTRY_PINNED);

                if (i < to && (plain || pinned_too)) {
                        t->left_out++;
                        t->plain -= plain;
                        gap = TRUE;
                        continue;
                }
                if (gap)
                        e->marks |= ENTRY_GAP_BEFORE;
                gap = FALSE;
                t->entries[out++] = *e;
        }
        t->n = (guint16)out;
}

/* Returns: the index from which on @keep plain entries are left. */
static guint nth_plain_from_end(const Timeline *t, guint keep) {
        guint i = t->n;

        while (i > HEAD_KEPT && keep > 0)
                if (!(t->entries[--i].marks & ENTRY_PINNED))
                        keep--;
        return i;
}

static void thin(Timeline *t, gboolean closing) {
        guint max = closing ? PLAIN_MAX_CLOSING : PLAIN_MAX_OPEN;
        guint kept = closing ? PLAIN_KEPT_CLOSING : PLAIN_KEPT_OPEN;

        if (t->plain >= max + HEAD_KEPT)
                drop(t, MIN(HEAD_KEPT, t->n), nth_plain_from_end(t, kept), FALSE);
        if (t->n >= TIMELINE_ENTRIES_MAX)
                drop(t, ENTRIES_HEAD, t->n - ENTRIES_TAIL, TRUE);
}

/* Records that a capture wrote in the wrong order lie this close; a larger step back is the clock's, and the order is right. */
#define SWAPPED_NS_MAX (500 * G_GINT64_CONSTANT(1000000))

void timeline_append(Timeline *t, const TimelineEntry *entry, gboolean closing) {
        guint i;

        thin(t, closing);
        if (t->n == t->allocated) {
                t->allocated = t->allocated ? t->allocated * 2 : HEAD_KEPT;
                t->entries = g_renew(TimelineEntry, t->entries, t->allocated);
        }
        t->plain += !(entry->marks & ENTRY_PINNED);
        for (i = t->n++; i > 0; i--) {
                gint64 early = t->entries[i - 1].time_ns - entry->time_ns;

                if (early <= 0 || early > SWAPPED_NS_MAX)
                        break;
                t->entries[i] = t->entries[i - 1];
        }
        t->entries[i] = *entry;
}

void timeline_clear(Timeline *t) {
        g_free(t->entries);
        *t = (Timeline){ 0 };
}
