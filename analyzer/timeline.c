/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "pages.h"
#include "sequence.h"
#include "timeline_log.h"

/*
 * Entries are appended until there are too many plain ones (those that move no
 * state); then the older plain ones go at once, so that the cost stays a few
 * moves a packet.  The first packets and the latest always stay.
 */
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

/* Sizes of memory, in entries; each a step that few flows take. */
static const guint16 sizes[] = { 10, 16, 32, 64, 128, 256, TIMELINE_ENTRIES_MAX + 1 };

#define SIZES G_N_ELEMENTS(sizes)

struct TimelinePool {
        gpointer free[SIZES]; /* each piece begins with the address of the next */
        GPtrArray *slabs;     /* of HUGE_PAGE_BYTES, that pieces are cut from */
        gsize left;           /* at the end of the last one */
};

TimelinePool *timeline_pool_new(void) {
        TimelinePool *p = g_new0(TimelinePool, 1);

        p->slabs = g_ptr_array_new();
        return p;
}

void timeline_pool_free(TimelinePool *p) {
        if (!p)
                return;
        for (guint i = 0; i < p->slabs->len; i++)
                pages_free(p->slabs->pdata[i], HUGE_PAGE_BYTES);
        g_ptr_array_unref(p->slabs);
        g_free(p);
}

gsize timeline_pool_bytes(const TimelinePool *p) {
        return p->slabs->len * HUGE_PAGE_BYTES;
}

static TimelineEntry *take(TimelinePool *p, guint size_class) {
        gpointer piece = p->free[size_class];
        gsize bytes = sizes[size_class] * sizeof(TimelineEntry);

        if (piece) {
                p->free[size_class] = *(gpointer *)piece;
                return piece;
        }
        if (p->left < bytes) {
                g_ptr_array_add(p->slabs, pages_alloc(HUGE_PAGE_BYTES));
                p->left = HUGE_PAGE_BYTES;
        }
        p->left -= bytes;
        return (TimelineEntry *)((guint8 *)p->slabs->pdata[p->slabs->len - 1] + p->left);
}

static guint size_class_of(guint room) {
        guint i = 0;

        while (sizes[i] != room)
                i++;
        return i;
}

static void give_back(TimelinePool *p, TimelineEntry *entries, guint room) {
        guint size_class = size_class_of(room);

        *(gpointer *)(void *)entries = p->free[size_class];
        p->free[size_class] = entries;
}

/* Room for one more; thin() sees to it that the largest size is enough. */
static void make_room(TimelinePool *p, Timeline *t) {
        guint size_class;
        TimelineEntry *entries;

        if (t->n < t->room)
                return;
        size_class = t->entries ? size_class_of(t->room) + 1 : 0;
        entries = take(p, size_class);
        if (t->entries) {
                memcpy(entries, t->entries, t->n * sizeof *entries);
                give_back(p, t->entries, t->room);
        }
        t->entries = entries;
        t->room = sizes[size_class];
}

/* What is acknowledged was sent before, whatever two interfaces' clocks say. */
static gboolean answers(const TimelineEntry *e, const TimelineEntry *before) {
        return entry_side(e) != entry_side(before) && e->flags & TCP_ACK && entry_end(before) != before->seq &&
               !(before->marks & (ENTRY_RETRANSMISSION | ENTRY_ICMP)) && seq_at_or_after(e->ack, entry_end(before));
}

void timeline_insert(TimelinePool *p, Timeline *t, const TimelineEntry *entry, gboolean closing) {
        guint i;

        thin(t, closing);
        make_room(p, t);
        t->plain += !(entry->marks & ENTRY_PINNED);
        for (i = t->n++; i > 0; i--) {
                gint64 early = t->entries[i - 1].time_ns - entry->time_ns;

                if (early <= 0 || early > SWAPPED_NS_MAX || answers(entry, &t->entries[i - 1]))
                        break;
                t->entries[i] = t->entries[i - 1];
        }
        t->entries[i] = *entry;
}

void timeline_clear(TimelinePool *p, Timeline *t) {
        if (t->entries)
                give_back(p, t->entries, t->room);
        *t = (Timeline){ 0 };
}
