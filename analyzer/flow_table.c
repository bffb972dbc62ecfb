/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "flow_table.h"

#define BLOCK_FLOWS 1024U
#define SLOTS_FIRST 4096U

typedef struct Slot {
        guint32 tag;    /* the hash */
        guint32 number; /* 0 empty */
} Slot;

struct FlowTable {
        Slot *slots;
        guint32 mask;
        guint32 used;
        Flow **blocks;
        guint32 n_blocks;
        guint32 count;
};

FlowTable *flow_table_new(void) {
        FlowTable *t = g_new0(FlowTable, 1);

        t->slots = g_new0(Slot, SLOTS_FIRST);
        t->mask = SLOTS_FIRST - 1;
        return t;
}

void flow_table_free(FlowTable *t) {
        if (!t)
                return;
        for (guint32 i = 0; i < t->n_blocks; i++)
                g_free(t->blocks[i]);
        g_free(t->blocks);
        g_free(t->slots);
        g_free(t);
}

__extension__ typedef unsigned __int128 Product;

/* One round of multiply-and-fold (the mixing step of wyhash). */
static inline guint64 mix(guint64 a, guint64 b) {
        Product r = (Product)a * b;

        return (guint64)r ^ (guint64)(r >> 64);
}

static inline guint64 hash_end(const Address *address, guint16 port) {
        guint64 half[2];

        memcpy(half, address->bytes, sizeof half);
        return mix(half[0] ^ 0xa0761d6478bd642fULL ^ ((guint64)port << 32), half[1] ^ 0xe7037ed1a0b428dbULL ^ port);
}

guint32 flow_hash(const Segment *s) {
        /* The sum makes both directions equal. */
        guint64 sum = hash_end(&s->source, s->source_port) + hash_end(&s->destination, s->destination_port);

        return (guint32)(mix(sum, 0x8ebc6af09c88c6e3ULL) >> 16);
}

void flow_table_prefetch(const FlowTable *t, guint32 hash) {
        __builtin_prefetch(&t->slots[hash & t->mask]);
}

static inline gboolean end_is(const FlowAddress *end, const Address *address, guint16 port) {
        return end->port == port && memcmp(&end->address, address, sizeof *address) == 0;
}

static gboolean same_tuple(const Flow *f, const Segment *s) {
        return (end_is(&f->address[CLIENT], &s->source, s->source_port) &&
                end_is(&f->address[SERVER], &s->destination, s->destination_port)) ||
               (end_is(&f->address[SERVER], &s->source, s->source_port) &&
                end_is(&f->address[CLIENT], &s->destination, s->destination_port));
}

Flow *flow_table_get(const FlowTable *t, guint32 number) {
        number--;
        return &t->blocks[number / BLOCK_FLOWS][number % BLOCK_FLOWS];
}

Flow *flow_table_next(const FlowTable *t, FlowLookup *lookup) {
        for (; t->slots[lookup->slot].number; lookup->slot = (lookup->slot + 1) & t->mask) {
                Flow *f;

                if (t->slots[lookup->slot].tag != lookup->hash)
                        continue;
                f = flow_table_get(t, t->slots[lookup->slot].number);
                if (!same_tuple(f, lookup->segment))
                        continue;
                lookup->slot = (lookup->slot + 1) & t->mask;
                return f;
        }
        return NULL;
}

Flow *flow_table_first(const FlowTable *t, FlowLookup *lookup, const Segment *segment, guint32 hash) {
        *lookup = (FlowLookup){ .segment = segment, .hash = hash, .slot = hash & t->mask };
        return flow_table_next(t, lookup);
}

static void insert(Slot *slots, guint32 mask, Slot slot) {
        guint32 i = slot.tag & mask;

        while (slots[i].number)
                i = (i + 1) & mask;
        slots[i] = slot;
}

static void grow(FlowTable *t) {
        guint32 size = (t->mask + 1) * 2;
        Slot *slots = g_new0(Slot, size);

        for (guint32 i = 0; i <= t->mask; i++)
                if (t->slots[i].number)
                        insert(slots, size - 1, t->slots[i]);
        g_free(t->slots);
        t->slots = slots;
        t->mask = size - 1;
}

static void index_replace(FlowTable *t, const Flow *older, guint32 number) {
        guint32 i = older->hash & t->mask;

        while (t->slots[i].number != older->number)
                i = (i + 1) & t->mask;
        t->slots[i].number = number;
}

static Flow *new_flow(FlowTable *t) {
        if (t->count >= FLOWS_MAX)
                return NULL;
        if (t->count == t->n_blocks * BLOCK_FLOWS) {
                t->blocks = g_renew(Flow *, t->blocks, t->n_blocks + 1);
                t->blocks[t->n_blocks++] = g_new0(Flow, BLOCK_FLOWS);
        }
        t->count++;
        return flow_table_get(t, t->count);
}

Flow *flow_table_add(FlowTable *t, const Segment *segment, guint32 hash, guint sender, Flow *older) {
        Flow *f = new_flow(t);

        if (!f)
                return NULL;
        f->number = t->count;
        f->hash = hash;
        f->address[sender] = (FlowAddress){ segment->source, segment->source_port };
        f->address[other(sender)] = (FlowAddress){ segment->destination, segment->destination_port };
        f->incarnation = 1;
        if (older) {
                f->previous = older->number;
                f->incarnation = older->incarnation + 1;
                older->next_incarnation = f->number;
                index_replace(t, older, f->number);
                return f;
        }
        if (t->used >= t->mask / 4 * 3)
                grow(t);
        insert(t->slots, t->mask, (Slot){ hash, f->number });
        t->used++;
        return f;
}

guint32 flow_table_count(const FlowTable *t) {
        return t->count;
}

gsize flow_table_bytes(const FlowTable *t) {
        return (gsize)(t->mask + 1) * sizeof(Slot) + (gsize)t->n_blocks * BLOCK_FLOWS * sizeof(Flow);
}
