/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow_table.h"
#include "hash.h"
#include "pages.h"
#include "pool.h"
#include "sequence.h"
#include "timeline_log.h"
#include "zeek_rows.h"

#define SLOTS_FIRST 4096U
#define TOMBSTONE 0x80000000U /* in a slot's place: of the tombstones, not of the flows */

typedef struct Slot {
        guint32 tag;   /* the hash */
        guint32 place; /* plus one; 0 empty */
} Slot;

/*
 * What is left of a flow that was reported: enough to number the next one on its 4-tuple, and to know its
 * late packets.
 */
typedef struct Tombstone {
        Ends ends; /* wide ones are in the pool */
        guint32 low[SIDES], nxt[SIDES]; /* what each side used */
        guint32 number;
        guint32 incarnation;
} Tombstone;

/* A flow finds its page by its own address. */
#define FLOW_PAGE_BYTES ((gsize)64 << 10)
#define FLOWS_PER_PAGE ((guint32)(FLOW_PAGE_BYTES / sizeof(Flow) - 1))

typedef struct FlowPage {
        Pool *pool;    /* of the table */
        guint32 first; /* place of the first flow */
        Flow flows[];
} FlowPage;

G_STATIC_ASSERT(sizeof(FlowPage) + FLOWS_PER_PAGE * sizeof(Flow) <= FLOW_PAGE_BYTES);

struct FlowTable {
        Pool *pool; /* for timelines and notes */
        Slot *slots;
        guint32 mask;
        guint32 used;
        FlowPage **pages;
        guint32 n_pages;
        guint32 places;       /* given out so far */
        GArray *free_places;  /* of guint32: given back */
        PagedArray tombstones;
        guint32 wide_tombstones; /* of them whose ends are in the pool */
        GArray *free_tombstones;
};

FlowTable *flow_table_new(void) {
        FlowTable *t = g_new0(FlowTable, 1);

        t->pool = pool_new();
        t->slots = pages_alloc(SLOTS_FIRST * sizeof(Slot));
        t->mask = SLOTS_FIRST - 1;
        t->free_places = g_array_new(FALSE, FALSE, sizeof(guint32));
        t->free_tombstones = g_array_new(FALSE, FALSE, sizeof(guint32));
        return t;
}

static Flow *flow_at(const FlowTable *t, guint32 place) {
        return &t->pages[place / FLOWS_PER_PAGE]->flows[place % FLOWS_PER_PAGE];
}

static const FlowPage *page_of(const Flow *f) {
        return (const FlowPage *)((gsize)f & ~(FLOW_PAGE_BYTES - 1));
}

static guint32 place_of(const Flow *f) {
        const FlowPage *page = page_of(f);

        return page->first + (guint32)(f - page->flows);
}

Pool *flow_pool(const Flow *f) {
        return page_of(f)->pool;
}

/* ── Ends ────────────────────────────────────────────────────────────────── */

#define WIDE_BYTES (SIDES * sizeof(Address))

static void forget_ends(Pool *p, const Ends *e) {
        if (e->is_wide)
                pool_give_back(p, e->wide, pool_class(WIDE_BYTES));
}

/* Returns: the same, kept for somebody else. */
static Ends copy_ends(Pool *p, const Ends *e) {
        Ends copy = *e;

        if (e->is_wide)
                copy.wide = memcpy(pool_take(p, pool_class(WIDE_BYTES)), e->wide, WIDE_BYTES);
        return copy;
}

static void forget_tombstone(FlowTable *t, guint32 place) {
        const Tombstone *tombstone = paged_array_at(&t->tombstones, place, sizeof *tombstone);

        t->wide_tombstones -= tombstone->ends.is_wide;
        forget_ends(t->pool, &tombstone->ends);
        g_array_append_val(t->free_tombstones, place);
}

static Ends ends_of(Pool *p, const Segment *s, guint sender) {
        Ends e = { .is_wide = (guint16)segment_is_wide(s) };

        e.port[sender] = s->source_port;
        e.port[other(sender)] = s->destination_port;
        if (G_UNLIKELY(e.is_wide)) {
                e.wide = pool_take(p, pool_class(WIDE_BYTES));
                e.wide[sender] = s->source;
                e.wide[other(sender)] = s->destination;
                return e;
        }
        e.ipv4[sender] = address_ipv4(&s->source);
        e.ipv4[other(sender)] = address_ipv4(&s->destination);
        return e;
}

/* ── Flows ───────────────────────────────────────────────────────────────── */

static void flow_clear(Flow *f) {
        FlowZeek *zeek = flow_note(f, NOTE_ZEEK);

        if (zeek)
                zeek_rows_clear(&zeek->rows);
        for (guint kind = 0; f->has; kind++)
                flow_note_remove(f, kind);
        timeline_clear(f);
        forget_ends(flow_pool(f), &f->ends);
}

void flow_table_free(FlowTable *t) {
        if (!t)
                return;
        for (guint32 i = 0; i < t->places; i++)
                flow_clear(flow_at(t, i));
        for (guint32 i = 0; i < t->n_pages; i++)
                pages_free(t->pages[i], FLOW_PAGE_BYTES);
        g_free(t->pages);
        pages_free(t->slots, (t->mask + (gsize)1) * sizeof(Slot));
        g_array_unref(t->free_places);
        paged_array_clear(&t->tombstones);
        g_array_unref(t->free_tombstones);
        pool_free(t->pool);
        g_free(t);
}

guint32 flow_hash(const Segment *s) {
        /* The sum makes both directions equal. */
        guint64 sum = hash_end(&s->source, s->source_port) + hash_end(&s->destination, s->destination_port);

        return (guint32)(hash_mix(sum, 0x8ebc6af09c88c6e3ULL) >> 16);
}

void flow_table_prefetch_slot(const FlowTable *t, guint32 hash) {
        __builtin_prefetch(&t->slots[hash & t->mask]);
}

Flow *flow_table_peek(const FlowTable *t, guint32 hash) {
        guint32 i = hash & t->mask;

        while (t->slots[i].place && t->slots[i].tag != hash)
                i = (i + 1) & t->mask;
        return !t->slots[i].place || t->slots[i].place & TOMBSTONE ? NULL : flow_at(t, t->slots[i].place - 1);
}

Flow *flow_table_prefetch_flow(const FlowTable *t, guint32 hash) {
        Flow *f = flow_table_peek(t, hash);

        for (gsize line = 0; f && line < sizeof *f; line += CACHE_LINE)
                __builtin_prefetch((const char *)f + line, 1);
        return f;
}

/* Of the first one, which most flows do not have, or only what Zeek would say. */
static void prefetch_notes(const Flow *f) {
        if (!f->notes)
                return;
        for (gsize line = 0; line < sizeof(FlowZeek); line += CACHE_LINE)
                __builtin_prefetch((const char *)f->notes + line);
}

void flow_prefetch_timeline(const Flow *f) {
        if (!f)
                return;
        prefetch_notes(f);
        if (f->timeline.records)
                __builtin_prefetch(f->timeline.records + f->timeline.bytes, 1);
}

void flow_prefetch(const Flow *f) {
        for (gsize line = 0; line < sizeof *f; line += CACHE_LINE)
                __builtin_prefetch((const char *)f + line);
}

void flow_prefetch_rest(const Flow *f) {
        prefetch_notes(f);
        for (gsize line = 0; line < f->timeline.bytes; line += CACHE_LINE)
                __builtin_prefetch(f->timeline.records + line);
}

static Tombstone *tombstone_at(const FlowTable *t, guint32 slot_place) {
        return paged_array_at(&t->tombstones, (slot_place - 1) & ~TOMBSTONE, sizeof(Tombstone));
}

/*
 * The next slot from @i on that has the hash and the 4-tuple, live or a tombstone as asked; an empty one ends
 * the search.
 */
static Slot *find_slot(const FlowTable *t, guint32 *i, const Segment *s, guint32 hash, gboolean tombstone) {
        for (; t->slots[*i].place; *i = (*i + 1) & t->mask) {
                Slot *slot = &t->slots[*i];
                guint32 place = slot->place - 1;

                if (slot->tag != hash || !!(slot->place & TOMBSTONE) != tombstone)
                        continue;
                if (ends_sender(tombstone ? &tombstone_at(t, slot->place)->ends : &flow_at(t, place)->ends, s) != SIDES)
                        return slot;
        }
        return NULL;
}

Flow *flow_table_next(const FlowTable *t, FlowLookup *lookup) {
        Slot *slot = find_slot(t, &lookup->slot, lookup->segment, lookup->hash, FALSE);

        if (!slot)
                return NULL;
        lookup->slot = (lookup->slot + 1) & t->mask;
        return flow_at(t, slot->place - 1);
}

Flow *flow_table_first(const FlowTable *t, FlowLookup *lookup, const Segment *segment, guint32 hash) {
        *lookup = (FlowLookup){ .segment = segment, .hash = hash, .slot = hash & t->mask };
        return flow_table_next(t, lookup);
}

static void insert(Slot *slots, guint32 mask, Slot slot) {
        guint32 i = slot.tag & mask;

        while (slots[i].place)
                i = (i + 1) & mask;
        slots[i] = slot;
}

/* Places are compared by whole hashes, so that long ways are short: what is saved is memory, which all of them share. */
static guint32 used_max(const FlowTable *t) {
        return t->mask / 4 * 3;
}

static gboolean is_crowded(const FlowTable *t) {
        return t->used >= used_max(t);
}

static void grow(FlowTable *t) {
        guint32 size = (t->mask + 1) * 2;
        Slot *slots = pages_alloc(size * sizeof(Slot));

        for (guint32 i = 0; i <= t->mask; i++)
                if (t->slots[i].place)
                        insert(slots, size - 1, t->slots[i]);
        pages_hand_down(t->slots, (t->mask + (gsize)1) * sizeof(Slot));
        t->slots = slots;
        t->mask = size - 1;
}

static Slot *slot_of(const FlowTable *t, const Flow *f) {
        guint32 i = f->hash & t->mask, place = place_of(f);

        while (t->slots[i].place != place + 1)
                i = (i + 1) & t->mask;
        return &t->slots[i];
}

static guint32 take(GArray *free_places) {
        guint32 place = g_array_index(free_places, guint32, free_places->len - 1);

        g_array_set_size(free_places, free_places->len - 1);
        return place;
}

static void add_page(FlowTable *t) {
        FlowPage *page = pages_take(FLOW_PAGE_BYTES);

        page->pool = t->pool;
        page->first = t->places;
        t->pages = g_renew(FlowPage *, t->pages, t->n_pages + 1);
        t->pages[t->n_pages++] = page;
}

/* Returns: one that is zeroed: those that were given back are, too. */
static Flow *new_flow(FlowTable *t) {
        if (t->free_places->len > 0)
                return flow_at(t, take(t->free_places));
        if (t->places >= FLOWS_MAX)
                return NULL;
        if (t->places == t->n_pages * FLOWS_PER_PAGE)
                add_page(t);
        return memset(flow_at(t, t->places++), 0, sizeof(Flow));
}

static FlowLinks *note_links(Flow *f) {
        return flow_note_add(f, NOTE_LINKS);
}

/* Puts @f where its predecessor was: a flow, a tombstone, or nothing yet. */
static void index_flow(FlowTable *t, Flow *f, const Segment *segment, Flow *older) {
        guint32 i = f->hash & t->mask;
        Slot *slot;

        f->indexed = TRUE;
        if (older) {
                older->indexed = FALSE;
                note_links(older)->newer = f;
                note_links(f)->older = older;
                note_links(f)->before = flow_incarnation(older);
                slot_of(t, older)->place = place_of(f) + 1;
                return;
        }
        slot = find_slot(t, &i, segment, f->hash, TRUE);
        if (slot) {
                guint32 place = (slot->place - 1) & ~TOMBSTONE;
                const Tombstone *tombstone = tombstone_at(t, slot->place);

                note_links(f)->previous = tombstone->number;
                note_links(f)->before = tombstone->incarnation;
                forget_tombstone(t, place);
                slot->place = place_of(f) + 1;
                return;
        }
        if (is_crowded(t))
                grow(t);
        insert(t->slots, t->mask, (Slot){ f->hash, place_of(f) + 1 });
        t->used++;
}

Flow *flow_table_add(FlowTable *t, const Segment *segment, guint32 hash, guint sender, Flow *older) {
        Flow *f = new_flow(t);

        if (!f)
                return NULL;
        f->hash = hash;
        f->ends = ends_of(t->pool, segment, sender);
        index_flow(t, f, segment, older);
        return f;
}

Flow *flow_table_add_first(FlowTable *t, const Segment *segment, guint32 hash) {
        guint32 i = hash & t->mask;
        Flow *f;

        for (; t->slots[i].place; i = (i + 1) & t->mask)
                if (t->slots[i].tag == hash)
                        return NULL;
        if (is_crowded(t) || !(f = new_flow(t)))
                return NULL;
        f->hash = hash;
        f->ends = ends_of(t->pool, segment, CLIENT);
        f->indexed = TRUE;
        t->slots[i] = (Slot){ hash, place_of(f) + 1 };
        t->used++;
        return f;
}

static void give_back(FlowTable *t, Flow *f) {
        guint32 place = place_of(f);

        flow_clear(f);
        memset(f, 0, sizeof *f);
        g_array_append_val(t->free_places, place);
}

static void bury(FlowTable *t, Flow *f) {
        guint32 place = t->free_tombstones->len > 0 ? take(t->free_tombstones) : paged_array_add(&t->tombstones, sizeof(Tombstone));
        Slot *slot = slot_of(t, f);

        f->indexed = FALSE;
        t->wide_tombstones += f->ends.is_wide;
        slot->place = (place | TOMBSTONE) + 1;
        *tombstone_at(t, slot->place) = (Tombstone){
                .ends = copy_ends(t->pool, &f->ends),
                .low = { flow_side_low(&f->side[CLIENT]), flow_side_low(&f->side[SERVER]) },
                .nxt = { f->side[CLIENT].nxt, f->side[SERVER].nxt },
                .number = f->number,
                .incarnation = flow_incarnation(f),
        };
}

/* The ones before and after it on its 4-tuple ask what became of it, until they are reported themselves. */
static void give_back_unless_asked(FlowTable *t, Flow *f) {
        Flow *older = f ? flow_older(f) : NULL, *newer = f ? flow_newer(f) : NULL;

        if (!f || !f->reported || (older && !older->reported) || (newer && !newer->reported))
                return;
        if (older)
                note_links(older)->newer = NULL;
        if (newer)
                note_links(newer)->older = NULL;
        give_back(t, f);
}

void flow_table_reported(FlowTable *t, Flow *f) {
        Flow *older = flow_older(f), *newer = flow_newer(f);

        f->reported = TRUE;
        if (f->indexed)
                bury(t, f);
        give_back_unless_asked(t, older);
        give_back_unless_asked(t, newer);
        give_back_unless_asked(t, f);
}

/* Slots behind it that were put there for want of a better one move up. */
static void empty_slot(FlowTable *t, Slot *slot) {
        guint32 gap = (guint32)(slot - t->slots);

        for (guint32 i = (gap + 1) & t->mask; t->slots[i].place; i = (i + 1) & t->mask) {
                guint32 wanted = t->slots[i].tag & t->mask;

                if (((i - wanted) & t->mask) < ((i - gap) & t->mask))
                        continue;
                t->slots[gap] = t->slots[i];
                gap = i;
        }
        t->slots[gap] = (Slot){ 0 };
        t->used--;
}

void flow_table_forgotten(FlowTable *t, Flow *f) {
        if (!f->indexed || flow_note(f, NOTE_LINKS)) {
                flow_table_reported(t, f);
                return;
        }
        empty_slot(t, slot_of(t, f));
        give_back(t, f);
}

/* Returns: the flow number that about half of the tombstones are below. */
static guint32 middle_number(const FlowTable *t) {
        guint32 low = G_MAXUINT32, high = 0;

        for (guint32 i = 0; i <= t->mask; i++)
                if (t->slots[i].place & TOMBSTONE) {
                        guint32 number = tombstone_at(t, t->slots[i].place)->number;

                        low = MIN(low, number);
                        high = MAX(high, number);
                }
        return low + (high - low) / 2;
}

gsize flow_table_forget_tombstones(FlowTable *t) {
        Slot *old = t->slots;
        guint32 middle = middle_number(t);
        gsize n = 0;

        t->slots = pages_alloc((t->mask + (gsize)1) * sizeof(Slot));
        for (guint32 i = 0; i <= t->mask; i++) {
                guint32 place = (old[i].place - 1) & ~TOMBSTONE;

                if (!old[i].place)
                        continue;
                if (!(old[i].place & TOMBSTONE) || tombstone_at(t, old[i].place)->number > middle) {
                        insert(t->slots, t->mask, old[i]);
                        continue;
                }
                forget_tombstone(t, place);
                n++;
        }
        t->used -= (guint32)n;
        pages_free(old, (t->mask + (gsize)1) * sizeof(Slot));
        return n;
}

gboolean flow_table_is_late(const FlowTable *t, const Segment *s, guint32 hash) {
        guint32 i = hash & t->mask;
        const Slot *slot = s->flags & TCP_SYN ? NULL : find_slot(t, &i, s, hash, TRUE);
        const Tombstone *tombstone;
        guint side;

        if (!slot)
                return FALSE;
        tombstone = tombstone_at(t, slot->place);
        side = ends_sender(&tombstone->ends, s);
        return seq_distance(s->seq, tombstone->low[side] - 1, tombstone->nxt[side]) == 0 &&
               (!(s->flags & TCP_ACK) || seq_distance(s->ack, tombstone->low[other(side)], tombstone->nxt[other(side)]) == 0);
}

Flow *flow_table_each(const FlowTable *t, guint32 *place) {
        while (*place < t->places) {
                Flow *f = flow_at(t, (*place)++);

                if (f->first_frame && !f->reported)
                        return f;
        }
        return NULL;
}

void flow_table_reserve(FlowTable *t, gsize n) {
        while (used_max(t) < n)
                grow(t);
}

FlowTableUse flow_table_use(const FlowTable *t) {
        const gsize wide_bytes = t->wide_tombstones * WIDE_BYTES; /* the pool has them, too */
        FlowTableUse u = {
                .flows = t->places - t->free_places->len,
                .flow_bytes = t->n_pages * FLOW_PAGE_BYTES + pool_bytes(t->pool) - wide_bytes,
                .tombstones = t->tombstones.len - t->free_tombstones->len,
                .tombstone_bytes = (gsize)t->tombstones.len * sizeof(Tombstone) + wide_bytes,
        };
        gsize index_bytes = (t->mask + (gsize)1) * sizeof(Slot), of_flows = u.flows ? index_bytes * u.flows / (u.flows + u.tombstones) : 0;

        u.flow_bytes += of_flows;
        u.tombstone_bytes += index_bytes - of_flows;
        u.flow_bytes_used = u.flows * sizeof(Flow) + pool_bytes_used(t->pool) - wide_bytes + of_flows;
        u.tombstone_bytes_used = u.tombstones * sizeof(Tombstone) + wide_bytes + index_bytes - of_flows;
        return u;
}
