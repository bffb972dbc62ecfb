/* SPDX-License-Identifier: BSD-3-Clause */
#include "series.h"

#include <string.h>

#define BLOCK_BITS 3
#define BLOCK_STEPS (1 << BLOCK_BITS)
#define SLOTS_FIRST 1024U
#define CACHE_LINE 64
#define BLOCKS_SPARE 64U /* that still fit when a series is full: what one flow can need */

typedef struct BlockKey {
        guint32 row;
        gint32 number; /* of the block: second >> shift >> BLOCK_BITS */
} BlockKey;

/* Open addressing; the key stands in the slot so that a look-up touches one cache line and then the block. */
typedef struct Slot {
        BlockKey key;
        guint32 place; /* plus one; 0 empty */
} Slot;

struct Series {
        guint columns; /* rounded up, so that a step is in one cache line */
        guint shift; /* a step of time is 1 << shift seconds */
        guint32 blocks_max;
        Slot *slots;
        guint32 mask;
        BlockKey *keys;  /* by place */
        gint32 *steps;   /* by place: BLOCK_STEPS times the columns */
        guint32 n, room;
        guint32 *order;  /* places by row and number, NULL until asked for */
        Slot last;       /* found; what comes together mostly belongs to one second */
};

Series *series_new(guint columns, guint32 blocks_max) {
        Series *s = g_new0(Series, 1);

        g_assert(columns <= SERIES_COLUMNS_MAX);
        s->columns = columns <= SERIES_COLUMNS_MAX / 2 ? SERIES_COLUMNS_MAX / 2 : SERIES_COLUMNS_MAX;
        s->blocks_max = blocks_max;
        s->mask = SLOTS_FIRST - 1;
        s->slots = g_new0(Slot, SLOTS_FIRST);
        return s;
}

void series_free(Series *s) {
        if (!s)
                return;
        g_free(s->slots);
        g_free(s->keys);
        g_aligned_free(s->steps);
        g_free(s->order);
        g_free(s);
}

static guint32 hash_key(BlockKey key) {
        guint64 x = ((guint64)key.row << 32 | (guint32)key.number) * 0x9e3779b97f4a7c15U;

        return (guint32)(x >> 32);
}

static gsize block_size(const Series *s) {
        return BLOCK_STEPS * s->columns;
}

static Slot *find_slot(const Series *s, BlockKey key) {
        guint32 i = hash_key(key) & s->mask;

        while (s->slots[i].place && (s->slots[i].key.row != key.row || s->slots[i].key.number != key.number))
                i = (i + 1) & s->mask;
        return &s->slots[i];
}

static void grow_slots(Series *s) {
        g_free(s->slots);
        s->mask = s->mask * 2 + 1;
        s->slots = g_new0(Slot, (gsize)s->mask + 1);
        for (guint32 i = 0; i < s->n; i++)
                *find_slot(s, s->keys[i]) = (Slot){ s->keys[i], i + 1 };
}

static void grow_blocks(Series *s) {
        gint32 *steps = s->steps;

        s->room = s->room ? s->room * 2 : SLOTS_FIRST / 4;
        s->keys = g_renew(BlockKey, s->keys, s->room);
        s->steps = g_aligned_alloc(s->room, block_size(s) * sizeof *s->steps, CACHE_LINE);
        if (s->n)
                memcpy(s->steps, steps, s->n * block_size(s) * sizeof *s->steps);
        g_aligned_free(steps);
}

static void add_block(Series *s, Slot *slot, BlockKey key) {
        if (s->n == s->room)
                grow_blocks(s);
        s->keys[s->n] = key;
        memset(s->steps + s->n * block_size(s), 0, block_size(s) * sizeof *s->steps);
        *slot = (Slot){ key, ++s->n };
        g_clear_pointer(&s->order, g_free);
        if (s->n > s->mask / 2)
                grow_slots(s);
}

static BlockKey key_of(guint32 row, gint64 step) {
        return (BlockKey){ row, (gint32)CLAMP(step >> BLOCK_BITS, G_MININT32, G_MAXINT32) };
}

void series_prefetch(const Series *s, guint32 row, gint64 second) {
        __builtin_prefetch(&s->slots[hash_key(key_of(row, second >> s->shift)) & s->mask]);
}

void series_prefetch_steps(const Series *s, guint32 row, gint64 second) {
        gint64 step = second >> s->shift;
        guint32 place = s->slots[hash_key(key_of(row, step)) & s->mask].place;

        if (place)
                __builtin_prefetch(s->steps + (place - 1) * block_size(s) +
                                       ((gsize)step & (BLOCK_STEPS - 1)) * s->columns,
                                   1);
}

gint32 *series_steps(Series *s, guint32 row, gint64 second) {
        gint64 step = second >> s->shift;
        BlockKey key = key_of(row, step);

        if (!s->last.place || s->last.key.row != key.row || s->last.key.number != key.number) {
                Slot *slot = find_slot(s, key);

                if (slot->place) {
                        s->last = *slot;
                } else {
                        add_block(s, slot, key);
                        s->last = (Slot){ key, s->n };
                }
        }
        return s->steps + (s->last.place - 1) * block_size(s) + ((gsize)step & (BLOCK_STEPS - 1)) * s->columns;
}

gboolean series_is_full(const Series *s) {
        return s->n + BLOCKS_SPARE > s->blocks_max;
}

gint64 series_width(const Series *s) {
        return G_GINT64_CONSTANT(1) << s->shift;
}

/* In place: of the blocks before @i no more are left than there were. */
void series_rebuild(Series *s, const guint32 *rows, gboolean coarser) {
        guint32 n = s->n;
        gint64 width = series_width(s);
        gint32 block[BLOCK_STEPS * SERIES_COLUMNS_MAX];

        memset(s->slots, 0, ((gsize)s->mask + 1) * sizeof *s->slots);
        s->n = 0;
        s->last.place = 0;
        s->shift += !!coarser;
        for (guint32 i = 0; i < n; i++) {
                BlockKey key = s->keys[i];
                const gint32 *from = block;

                if (rows && rows[key.row] == SERIES_NO_ROW)
                        continue;
                memcpy(block, s->steps + i * block_size(s), block_size(s) * sizeof *block);
                for (guint k = 0; k < BLOCK_STEPS; k++, from += s->columns) {
                        gint32 *to = NULL;

                        for (guint c = 0; c < s->columns; c++) {
                                if (from[c] == 0)
                                        continue;
                                to = to ? to
                                        : series_steps(s, rows ? rows[key.row] : key.row,
                                                       ((gint64)key.number * BLOCK_STEPS + k) * width);
                                to[c] += from[c];
                        }
                }
        }
        g_clear_pointer(&s->order, g_free);
}

/* ── Reading ─────────────────────────────────────────────────────────────── */

static gint compare_places(gconstpointer a, gconstpointer b, gpointer data) {
        const BlockKey *x = &((const Series *)data)->keys[*(const guint32 *)a],
                       *y = &((const Series *)data)->keys[*(const guint32 *)b];

        if (x->row != y->row)
                return x->row < y->row ? -1 : 1;
        return x->number < y->number ? -1 : x->number > y->number;
}

/* Returns: where in the order the blocks of @row begin. */
static guint32 find_row(const Series *s, guint32 row) {
        guint32 low = 0, high = s->n;

        while (low < high) {
                guint32 middle = low + (high - low) / 2;

                if (s->keys[s->order[middle]].row < row)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static void add_step(GArray *steps, gint64 second, guint column, gint64 by) {
        SeriesStep step = { second, column, by };

        g_array_append_val(steps, step);
}

static void read_cell(const Series *s, gint64 second, guint column, gint64 by, const SeriesTimer *timers,
                      guint n_timers, GArray *steps) {
        gint64 width = series_width(s), last = second + width - 1;

        for (guint i = 0; i < n_timers; i++) {
                if (timers[i].timer != column)
                        continue;
                if (timers[i].seconds > G_MAXINT32)
                        return; /* never */
                last += (timers[i].seconds + width - 1) / width * width;
                add_step(steps, last, timers[i].from, -by);
                add_step(steps, last, timers[i].to, by);
                break;
        }
        add_step(steps, last, column, by);
}

void series_read(Series *s, guint32 row, const SeriesTimer *timers, guint n_timers, GArray *steps) {
        if (!s->order) {
                s->order = g_new(guint32, s->n);
                for (guint32 i = 0; i < s->n; i++)
                        s->order[i] = i;
                g_qsort_with_data(s->order, (gint)s->n, sizeof *s->order, compare_places, s);
        }
        for (guint32 i = find_row(s, row); i < s->n && s->keys[s->order[i]].row == row; i++) {
                const gint32 *from = s->steps + s->order[i] * block_size(s);
                gint64 first = (gint64)s->keys[s->order[i]].number * BLOCK_STEPS;

                for (guint k = 0; k < BLOCK_STEPS; k++, from += s->columns)
                        for (guint c = 0; c < s->columns; c++)
                                if (from[c] != 0)
                                        read_cell(s, (first + k) * series_width(s), c, from[c], timers,
                                                  n_timers, steps);
        }
}

static gint compare_steps(gconstpointer a, gconstpointer b) {
        const SeriesStep *x = a, *y = b;

        return x->second < y->second ? -1 : x->second > y->second;
}

SeriesWalk series_walk(GArray *steps) {
        SeriesWalk w = { .n = steps->len };

        g_array_sort(steps, compare_steps);
        w.steps = (const SeriesStep *)(const void *)steps->data;
        return w;
}

gboolean series_walk_next(SeriesWalk *w) {
        if (w->at == w->n)
                return FALSE;
        w->second = w->steps[w->at].second;
        for (; w->at < w->n && w->steps[w->at].second == w->second; w->at++)
                w->count[w->steps[w->at].column] += w->steps[w->at].by;
        return TRUE;
}
