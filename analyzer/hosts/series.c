/* SPDX-License-Identifier: BSD-3-Clause */
#include "series.h"

#include <string.h>

#include "analyzer/pages.h"

#define BLOCK_BITS 3
#define BLOCK_STEPS (1 << BLOCK_BITS)
#define SLOTS_FIRST 1024U
#define ROWS_FIRST 64U
#define SERIES_COLUMN_BITS_MAX 4
G_STATIC_ASSERT(SERIES_COLUMNS_MAX == 1 << SERIES_COLUMN_BITS_MAX);
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

/* A block that was found. What comes together mostly belongs to one time, and a look-up is a walk through far memory. */
typedef struct Recent {
        gint32 number;
        guint32 place; /* plus one; 0 none */
} Recent;

#define RECENT 2 /* of a row: a flow begins in one and ends in the next */

struct Series {
        guint columns, column_bits; /* rounded up, so that a step is in one cache line */
        guint shift; /* a step of time is 1 << shift seconds */
        guint32 blocks_max;
        Slot *slots;
        guint32 mask;
        BlockKey *keys;  /* by place */
        gint32 *steps;   /* by place: BLOCK_STEPS times the columns */
        guint32 n, room;
        guint32 used;    /* places that hold something, or did; the others are zeroes */
        guint32 *order;  /* places by row and number, NULL until asked for */
        Recent (*recent)[RECENT]; /* by row and the lowest bits of the number */
        guint32 recent_rows;
};

Series *series_new(guint columns, guint32 blocks_max) {
        Series *s = g_new0(Series, 1);

        g_assert(columns <= SERIES_COLUMNS_MAX);
        s->column_bits = columns <= SERIES_COLUMNS_MAX / 2 ? SERIES_COLUMN_BITS_MAX - 1 : SERIES_COLUMN_BITS_MAX;
        s->columns = 1U << s->column_bits;
        s->blocks_max = blocks_max;
        s->mask = SLOTS_FIRST - 1;
        s->slots = g_new0(Slot, SLOTS_FIRST);
        return s;
}

static gsize block_size(const Series *s) {
        return (gsize)BLOCK_STEPS << s->column_bits;
}

static gsize bytes_of_blocks(const Series *s, guint32 n) {
        return n * block_size(s) * sizeof *s->steps;
}

static void free_blocks(Series *s) {
        pages_release(s->steps, bytes_of_blocks(s, s->room));
        pages_release(s->keys, s->room * sizeof *s->keys);
}

void series_free(Series *s) {
        if (!s)
                return;
        g_free(s->slots);
        free_blocks(s);
        g_free(s->recent);
        g_free(s->order);
        g_free(s);
}

static guint32 hash_key(BlockKey key) {
        guint64 x = ((guint64)key.row << 32 | (guint32)key.number) * 0x9e3779b97f4a7c15U;

        return (guint32)(x >> 32);
}

static gint32 *block_at(const Series *s, guint32 place) {
        return s->steps + ((gsize)place << (s->column_bits + BLOCK_BITS));
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

/* At first room for all that may be; more is needed only where joining seconds did not help. */
static void grow_blocks(Series *s) {
        guint32 room = s->room ? s->room * 2 : s->blocks_max + BLOCKS_SPARE;
        gint32 *steps = pages_reserve(bytes_of_blocks(s, room));
        BlockKey *keys = pages_reserve(room * sizeof *keys);

        if (s->n) {
                memcpy(steps, s->steps, bytes_of_blocks(s, s->n));
                memcpy(keys, s->keys, s->n * sizeof *keys);
        }
        free_blocks(s);
        s->steps = steps;
        s->keys = keys;
        s->room = room;
}

static void add_block(Series *s, Slot *slot, BlockKey key) {
        if (s->n == s->room)
                grow_blocks(s);
        if (s->n < s->used)
                memset(block_at(s, s->n), 0, bytes_of_blocks(s, 1));
        s->keys[s->n] = key;
        *slot = (Slot){ key, ++s->n };
        s->used = MAX(s->used, s->n);
        g_clear_pointer(&s->order, g_free);
        if (s->n > s->mask / 2)
                grow_slots(s);
}

static BlockKey key_of(guint32 row, gint64 step) {
        return (BlockKey){ row, (gint32)CLAMP(step >> BLOCK_BITS, G_MININT32, G_MAXINT32) };
}

static gint32 *steps_at(const Series *s, guint32 place, gint64 step) {
        return block_at(s, place) + (((gsize)step & (BLOCK_STEPS - 1)) << s->column_bits);
}

static Recent *recent_of(const Series *s, BlockKey key) {
        return &s->recent[key.row][(guint32)key.number % RECENT];
}

void series_prefetch(const Series *s, guint32 row, gint64 second) {
        if (row < s->recent_rows)
                __builtin_prefetch(recent_of(s, key_of(row, second >> s->shift)), 1);
}

void series_prefetch_steps(const Series *s, guint32 row, gint64 second) {
        gint64 step = second >> s->shift;
        BlockKey key = key_of(row, step);
        const Recent *r = row < s->recent_rows ? recent_of(s, key) : NULL;

        if (r && r->place && r->number == key.number)
                __builtin_prefetch(steps_at(s, r->place - 1, step), 1);
        else
                __builtin_prefetch(&s->slots[hash_key(key) & s->mask], 1);
}

static guint32 find_place(Series *s, BlockKey key) {
        Slot *slot = find_slot(s, key);
        guint32 place = slot->place;

        if (!place) {
                add_block(s, slot, key);
                place = s->n;
        }
        while (key.row >= s->recent_rows) {
                guint32 rows = s->recent_rows;

                s->recent_rows = rows ? 2 * rows : ROWS_FIRST;
                s->recent = g_realloc_n(s->recent, s->recent_rows, sizeof *s->recent);
                memset(s->recent + rows, 0, (s->recent_rows - rows) * sizeof *s->recent);
        }
        *recent_of(s, key) = (Recent){ key.number, place };
        return place - 1;
}

gint32 *series_steps(Series *s, guint32 row, gint64 second) {
        gint64 step = second >> s->shift;
        BlockKey key = key_of(row, step);
        const Recent *r = row < s->recent_rows ? recent_of(s, key) : NULL;

        return steps_at(s, r && r->place && r->number == key.number ? r->place - 1 : find_place(s, key), step);
}

gboolean series_is_full(const Series *s) {
        return s->n + BLOCKS_SPARE > s->blocks_max;
}

gint64 series_width(const Series *s) {
        return G_GINT64_CONSTANT(1) << s->shift;
}

static gboolean is_empty(const gint32 *step, guint columns) {
        gint32 any = 0;

        for (guint c = 0; c < columns; c++)
                any |= step[c];
        return any == 0;
}

static void add_step_to(gint32 *to, const gint32 *from, guint columns) {
        for (guint c = 0; c < columns; c++)
                to[c] += from[c];
}

/* In place: of the blocks before @i no more are left than there were. */
void series_rebuild(Series *s, const guint32 *rows, gboolean coarser) {
        guint32 n = s->n;
        gint64 width = series_width(s);
        gint32 block[BLOCK_STEPS * SERIES_COLUMNS_MAX];

        memset(s->slots, 0, ((gsize)s->mask + 1) * sizeof *s->slots);
        s->n = 0;
        if (s->recent)
                memset(s->recent, 0, s->recent_rows * sizeof *s->recent);
        s->shift += !!coarser;
        for (guint32 i = 0; i < n; i++) {
                BlockKey key = s->keys[i];
                const gint32 *from = block;
                guint32 row = rows ? rows[key.row] : key.row;

                if (row == SERIES_NO_ROW)
                        continue;
                memcpy(block, block_at(s, i), block_size(s) * sizeof *block);
                for (guint k = 0; k < BLOCK_STEPS; k++, from += s->columns)
                        if (!is_empty(from, s->columns))
                                add_step_to(series_steps(s, row, ((gint64)key.number * BLOCK_STEPS + k) * width), from,
                                            s->columns);
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
                const gint32 *from = block_at(s, s->order[i]);
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
