/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "pool.h"
#include "sequence.h"
#include "timeline_log.h"

/* Of the plain entries these are kept, besides the first TIMELINE_HEAD_KEPT. */
#define PLAIN_KEPT_OPEN 16U
#define PLAIN_KEPT_CLOSING 64U
#define ENTRIES_HEAD 256U     /* past TIMELINE_ENTRIES_MAX: this many from the beginning... */
#define ENTRIES_TAIL 128U     /* ...and this many from the end stay */

/* ── Reading ─────────────────────────────────────────────────────────────── */

/* Of the first entry: the flow begins with it. */
static Expected expected_first(const Flow *f) {
        const FlowRare *rare = flow_note(f, NOTE_RARE);

        return (Expected){ .time_ns = f->start_ns + (rare ? rare->moved_ns : 0), .frame = f->first_frame };
}

static inline void count(TimelineSide *side, const TimelineEntry *e) {
        side->packets++;
        side->payload_bytes += e->payload_bytes;
        side->last_ns = e->time_ns;
        side->last_frame = e->frame;
        if (e->payload_bytes && !(e->marks & (ENTRY_KEEPALIVE | ENTRY_FOREIGN))) {
                side->last_data_ns = e->time_ns;
                side->last_data_frame = e->frame;
        }
}

/* What is acknowledged was sent before, whatever two interfaces' clocks say. */
static gboolean answers(const TimelineEntry *e, const TimelineEntry *before) {
        return entry_side(e) != entry_side(before) && e->flags & TCP_ACK && entry_end(before) != before->seq &&
               !(before->marks & (ENTRY_RETRANSMISSION | ENTRY_ICMP)) && seq_at_or_after(e->ack, entry_end(before));
}

/* Moves entry @i, earlier than the one before it, to where it belongs. */
static void place(Timeline *t, guint i) {
        TimelineEntry e = t->entries[i];

        for (; i > 0; i--) {
                gint64 early = t->entries[i - 1].time_ns - e.time_ns;

                if (early <= 0 || early > SWAPPED_NS_MAX || answers(&e, &t->entries[i - 1]))
                        break;
                t->entries[i] = t->entries[i - 1];
        }
        t->entries[i] = e;
}

void timeline_read(const Flow *f, TimelineEntry *entries, Timeline *t) {
        const FlowThinned *thinned = flow_note(f, NOTE_THINNED);
        guint placed = thinned ? thinned->placed : 0;
        const guint8 *at = f->timeline.records;
        Expected x = expected_first(f);

        t->entries = entries;
        t->n = f->timeline.n;
        t->left_out = thinned ? thinned->left_out : 0;
        for (guint i = 0; i < placed; i++)
                at = packed_read(&x, &t->entries[i], at);
        memset(t->side, 0, sizeof t->side);
        if (thinned) {
                memcpy(t->side, thinned->side, sizeof t->side);
                x = thinned->expected;
        }
        for (guint i = placed; i < t->n; i++) {
                TimelineEntry *e = &t->entries[i];

                at = packed_read(&x, e, at);
                if (!entry_is_aside(e))
                        count(&t->side[entry_side(e)], e);
                if (i > 0 && G_UNLIKELY(e->time_ns < e[-1].time_ns))
                        place(t, i);
        }
}

/* ── Writing ─────────────────────────────────────────────────────────────── */

/* A SYN that nobody answers, as floods have them, needs the smallest piece; what goes on will need some more. */
#define ROOM_SECOND 96U

static void move(Flow *f, guint8 size_class) {
        FlowTimeline *t = &f->timeline;
        guint8 *records = pool_take(flow_pool(f), size_class);

        if (t->records) {
                memcpy(records, t->records, t->bytes);
                pool_give_back(flow_pool(f), t->records, pool_class(t->room_bytes));
        }
        t->records = records;
        t->room_bytes = (guint16)pool_class_bytes(size_class);
}

void timeline_grow(Flow *f, guint bytes) {
        FlowTimeline *t = &f->timeline;
        guint ahead = !t->records ? 0 : t->room_bytes < ROOM_SECOND ? ROOM_SECOND : t->room_bytes + t->room_bytes / 4;

        move(f, pool_class(MAX(bytes, MIN(ahead, POOL_PIECE_BYTES_MAX))));
}

void timeline_trim(Flow *f) {
        FlowTimeline *t = &f->timeline;
        guint8 size_class = pool_class(t->bytes);

        if (t->records && pool_class_bytes(size_class) < t->room_bytes)
                move(f, size_class);
}

static void write_long(Flow *f, Expected *x, const TimelineEntry *e) {
        FlowTimeline *t = &f->timeline;
        guint8 record[PACKED_BYTES_MAX];
        guint bytes = (guint)(packed_write_long(x, e, record) - record);

        if (t->bytes + bytes > t->room_bytes)
                timeline_grow(f, t->bytes + bytes);
        memcpy(t->records + t->bytes, record, bytes);
        t->bytes += (guint16)bytes;
}

static inline void write_entry(Flow *f, Expected *x, const TimelineEntry *e) {
        FlowTimeline *t = &f->timeline;
        guint8 *at, *end;

        if (G_UNLIKELY(t->bytes + PACKED_SHORT_BYTES_MAX > t->room_bytes))
                timeline_grow(f, t->bytes + PACKED_SHORT_BYTES_MAX);
        at = t->records + t->bytes;
        end = e->flags & TCP_SYN ? packed_write_syn(x, e, at) : packed_write_short(x, e, at);
        if (end)
                t->bytes += (guint16)(end - at);
        else
                write_long(f, x, e);
}

/* Drops entries [from, to) that are plain, or all of them if @pinned_too. Returns: how many plain ones. */
static guint drop(Timeline *t, guint from, guint to, gboolean pinned_too) {
        guint out = from, dropped_plain = 0;
        gboolean gap = FALSE;

        for (guint i = from; i < t->n; i++) {
                TimelineEntry *e = &t->entries[i];
                gboolean plain = !(e->marks & ENTRY_PINNED);

                if (i < to && (plain || pinned_too)) {
                        t->left_out++;
                        dropped_plain += plain;
                        gap = TRUE;
                        continue;
                }
                if (gap)
                        e->marks |= ENTRY_GAP_BEFORE;
                gap = FALSE;
                t->entries[out++] = *e;
        }
        t->n = out;
        return dropped_plain;
}

/* Returns: the index from which on @keep plain entries are left. */
static guint nth_plain_from_end(const Timeline *t, guint keep) {
        guint i = t->n;

        while (i > TIMELINE_HEAD_KEPT && keep > 0)
                if (!(t->entries[--i].marks & ENTRY_PINNED))
                        keep--;
        return i;
}

/* Writes what is left of @t in the place of all that was written; the next packet is expected all the same. */
static void rewrite(Flow *f, const Timeline *t) {
        FlowThinned *thinned = flow_note_add(f, NOTE_THINNED);
        Expected x = expected_first(f);

        thinned->expected = f->timeline.expected;
        thinned->left_out = t->left_out;
        thinned->placed = (guint16)t->n;
        memcpy(thinned->side, t->side, sizeof t->side);
        f->timeline.n = (guint16)t->n;
        f->timeline.bytes = 0;
        for (guint i = 0; i < t->n; i++)
                write_entry(f, &x, &t->entries[i]);
}

G_GNUC_NO_INLINE static void thin(Flow *f, gboolean closing) {
        guint max = closing ? TIMELINE_PLAIN_MAX_CLOSING : TIMELINE_PLAIN_MAX_OPEN;
        guint kept = closing ? PLAIN_KEPT_CLOSING : PLAIN_KEPT_OPEN;
        guint plain = f->timeline.plain;
        TimelineEntry entries[TIMELINE_ENTRIES_MAX];
        Timeline t;

        timeline_read(f, entries, &t);
        if (plain >= max + TIMELINE_HEAD_KEPT)
                plain -= drop(&t, MIN(TIMELINE_HEAD_KEPT, t.n), nth_plain_from_end(&t, kept), FALSE);
        if (t.n >= TIMELINE_ENTRIES_MAX)
                plain -= drop(&t, ENTRIES_HEAD, t.n - ENTRIES_TAIL, TRUE);
        f->timeline.plain = (guint16)plain;
        rewrite(f, &t);
}

void timeline_append(Flow *f, const TimelineEntry *entry, gboolean closing) {
        FlowTimeline *t = &f->timeline;

        if (G_UNLIKELY(timeline_is_full(t, closing)))
                thin(f, closing);
        write_entry(f, &t->expected, entry);
        t->plain += !(entry->marks & ENTRY_PINNED);
        t->n++;
}

void timeline_append_syn(Flow *f, const TimelineEntry *entry) {
        write_entry(f, &f->timeline.expected, entry);
        f->timeline.n++;
}

void timeline_clear(Flow *f) {
        if (f->timeline.records)
                pool_give_back(flow_pool(f), f->timeline.records, pool_class(f->timeline.room_bytes));
        f->timeline = (FlowTimeline){ .records = NULL };
}
