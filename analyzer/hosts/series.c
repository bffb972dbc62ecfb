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

typedef struct Block {
        BlockKey key;
        guint32 before; /* the row's block that was added before it; 0 none */
} Block;

/*
 * Blocks of one width. Memory that is touched for the first time costs more than all that is done with it here, so cells
 * are as narrow as most seconds of most hosts allow. What a narrow block cannot hold goes to a wide one beside it: a
 * count is the sum of both.
 */
typedef struct Blocks {
        Block *block;
        gpointer cells; /* by block BLOCK_STEPS times the columns */
        guint32 n, room;
} Blocks;

/* A block's name: its place plus one, 0 none. */
#define WIDE 0x80000000U

/* A block that was found. What comes together mostly belongs to one time, and a look-up is a walk through far memory. */
typedef struct Recent {
        gint32 number;
        guint32 block; /* 0 none */
} Recent;

#define RECENT 2 /* of a row: a flow begins in one and ends in the next */

typedef struct Row {
        Recent recent[RECENT]; /* by the lowest bits of the number */
        guint32 newest;        /* block */
} Row;

struct Series {
        guint columns, column_bits; /* rounded up, so that a step is in one cache line */
        guint shift; /* a step of time is 1 << shift seconds */
        guint32 blocks_max;
        guint32 *slots; /* blocks by their keys, the wide one if there are two; open addressing */
        guint32 mask;
        Blocks narrow, wide; /* of gint8, of gint32; each key has a narrow one */
        Row *rows;
        guint32 n_rows;
};

/* ── Blocks ──────────────────────────────────────────────────────────────── */

static gsize block_cells(const Series *s) {
        return (gsize)BLOCK_STEPS << s->column_bits;
}

static gint8 *narrow_cells(const Series *s, guint32 block) {
        return (gint8 *)s->narrow.cells + (block - 1) * block_cells(s);
}

static gint32 *wide_cells(const Series *s, guint32 block) {
        return (gint32 *)s->wide.cells + ((block & ~WIDE) - 1) * block_cells(s);
}

static Block *block_at(const Series *s, guint32 block) {
        return block & WIDE ? &s->wide.block[(block & ~WIDE) - 1] : &s->narrow.block[block - 1];
}

static void blocks_clear(Blocks *b, gsize block_bytes) {
        pages_release(b->cells, b->room * block_bytes);
        pages_release(b->block, b->room * sizeof *b->block);
}

/* At first room for all that may be; more is needed only where joining seconds did not help. */
static void blocks_grow(Blocks *b, guint32 blocks_max, gsize block_bytes) {
        Blocks old = *b;

        b->room = old.room ? old.room * 2 : blocks_max + BLOCKS_SPARE;
        b->cells = pages_reserve(b->room * block_bytes);
        b->block = pages_reserve(b->room * sizeof *b->block);
        if (!old.n)
                return;
        memcpy(b->cells, old.cells, old.n * block_bytes);
        memcpy(b->block, old.block, old.n * sizeof *b->block);
        blocks_clear(&old, block_bytes);
}

static void make_slots(Series *s, guint32 n) {
        s->mask = n - 1;
        s->slots = g_new0(guint32, n);
}

Series *series_new(guint columns, guint32 blocks_max) {
        Series *s = g_new0(Series, 1);

        g_assert(columns <= SERIES_COLUMNS_MAX);
        s->column_bits = columns <= SERIES_COLUMNS_MAX / 2 ? SERIES_COLUMN_BITS_MAX - 1 : SERIES_COLUMN_BITS_MAX;
        s->columns = 1U << s->column_bits;
        s->blocks_max = blocks_max;
        make_slots(s, SLOTS_FIRST);
        return s;
}

static void clear(Series *s) {
        blocks_clear(&s->narrow, block_cells(s) * sizeof(gint8));
        blocks_clear(&s->wide, block_cells(s) * sizeof(gint32));
        g_free(s->slots);
        g_free(s->rows);
}

void series_free(Series *s) {
        if (!s)
                return;
        clear(s);
        g_free(s);
}

/* ── Look-up ─────────────────────────────────────────────────────────────── */

static guint32 hash_key(BlockKey key) {
        guint64 x = ((guint64)key.row << 32 | (guint32)key.number) * 0x9e3779b97f4a7c15U;

        return (guint32)(x >> 32);
}

static gboolean is_key(const Block *b, BlockKey key) {
        return b->key.row == key.row && b->key.number == key.number;
}

static guint32 *find_slot(const Series *s, BlockKey key) {
        guint32 i = hash_key(key) & s->mask;

        while (s->slots[i] && !is_key(block_at(s, s->slots[i]), key))
                i = (i + 1) & s->mask;
        return &s->slots[i];
}

static void grow_slots(Series *s) {
        guint32 *old = s->slots, n = s->mask + 1;

        make_slots(s, 2 * n);
        for (guint32 i = 0; i < n; i++)
                if (old[i])
                        *find_slot(s, block_at(s, old[i])->key) = old[i];
        g_free(old);
}

static Row *row_at(Series *s, guint32 row) {
        while (row >= s->n_rows) {
                guint32 n = s->n_rows;

                s->n_rows = n ? 2 * n : ROWS_FIRST;
                s->rows = g_renew(Row, s->rows, s->n_rows);
                memset(s->rows + n, 0, (s->n_rows - n) * sizeof *s->rows);
        }
        return &s->rows[row];
}

/* Returns: the new block's place plus one. */
static guint32 add_block(Series *s, Blocks *b, BlockKey key, gsize cell_bytes) {
        if (b->n == b->room)
                blocks_grow(b, s->blocks_max, block_cells(s) * cell_bytes);
        b->block[b->n++] = (Block){ key, row_at(s, key.row)->newest };
        return b->n;
}

static void note_block(Series *s, guint32 block) {
        BlockKey key = block_at(s, block)->key;
        Row *row = row_at(s, key.row);

        row->newest = block;
        row->recent[(guint32)key.number % RECENT] = (Recent){ key.number, block };
        *find_slot(s, key) = block;
        if (s->narrow.n > s->mask / 2)
                grow_slots(s);
}

static BlockKey key_of(guint32 row, gint64 step) {
        return (BlockKey){ row, (gint32)CLAMP(step >> BLOCK_BITS, G_MININT32, G_MAXINT32) };
}

/* Returns: 0 if it is none of the row's recent ones. */
static guint32 find_recent(const Series *s, BlockKey key) {
        const Recent *r;

        if (key.row >= s->n_rows)
                return 0;
        r = &s->rows[key.row].recent[(guint32)key.number % RECENT];
        return r->number == key.number ? r->block : 0;
}

static guint32 find_block(Series *s, BlockKey key) {
        guint32 block = *find_slot(s, key);

        if (!block) {
                block = add_block(s, &s->narrow, key, sizeof(gint8));
                note_block(s, block);
        }
        row_at(s, key.row)->recent[(guint32)key.number % RECENT] = (Recent){ key.number, block };
        return block;
}

/* ── Adding ──────────────────────────────────────────────────────────────── */

static gsize cell_of(const Series *s, gint64 step, guint column) {
        return (((gsize)step & (BLOCK_STEPS - 1)) << s->column_bits) + column;
}

void series_add(Series *s, guint32 row, gint64 second, guint column, gint32 by) {
        gint64 step = second >> s->shift;
        BlockKey key = key_of(row, step);
        guint32 block = find_recent(s, key);

        if (!block)
                block = find_block(s, key);
        if (!(block & WIDE)) {
                gint8 *cell = &narrow_cells(s, block)[cell_of(s, step, column)];

                if (*cell + by == (gint8)(*cell + by)) {
                        *cell = (gint8)(*cell + by);
                        return;
                }
                block = add_block(s, &s->wide, key, sizeof(gint32)) | WIDE;
                note_block(s, block);
        }
        wide_cells(s, block)[cell_of(s, step, column)] += by;
}

void series_prefetch_row(const Series *s, guint32 row) {
        if (row < s->n_rows)
                __builtin_prefetch(&s->rows[row].recent, 1);
}

void series_prefetch(const Series *s, guint32 row, gint64 second) {
        gint64 step = second >> s->shift;
        BlockKey key = key_of(row, step);
        guint32 block = find_recent(s, key);

        if (!block)
                __builtin_prefetch(&s->slots[hash_key(key) & s->mask], 1);
        else if (block & WIDE)
                __builtin_prefetch(&wide_cells(s, block)[cell_of(s, step, 0)], 1);
        else
                __builtin_prefetch(&narrow_cells(s, block)[cell_of(s, step, 0)], 1);
}

gboolean series_is_full(const Series *s) {
        return s->narrow.n + BLOCKS_SPARE > s->blocks_max;
}

gint64 series_width(const Series *s) {
        return G_GINT64_CONSTANT(1) << s->shift;
}

/* ── Reading ─────────────────────────────────────────────────────────────── */

static gint32 cell_at(const Series *s, guint32 block, guint i) {
        return block & WIDE ? wide_cells(s, block)[i] : narrow_cells(s, block)[i];
}

static gint64 second_of(const Series *s, guint32 block, guint i) {
        return ((gint64)block_at(s, block)->key.number * BLOCK_STEPS + (i >> s->column_bits)) * series_width(s);
}

/* What @block of @from holds. */
static void add_again(Series *s, const Series *from, guint32 block, const guint32 *rows) {
        guint32 row = block_at(from, block)->key.row;

        if (rows)
                row = rows[row];
        for (guint i = 0; row != SERIES_NO_ROW && i < block_cells(from); i++) {
                gint32 by = cell_at(from, block, i);

                if (by)
                        series_add(s, row, second_of(from, block, i), i & (from->columns - 1), by);
        }
}

void series_rebuild(Series *s, const guint32 *rows, gboolean coarser) {
        Series old = *s;

        s->narrow = s->wide = (Blocks){ .n = 0 };
        s->rows = NULL;
        s->n_rows = 0;
        s->shift += !!coarser;
        make_slots(s, old.mask + 1);
        for (guint32 i = 1; i <= old.narrow.n; i++)
                add_again(s, &old, i, rows);
        for (guint32 i = 1; i <= old.wide.n; i++)
                add_again(s, &old, i | WIDE, rows);
        clear(&old);
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

void series_read(const Series *s, guint32 row, const SeriesTimer *timers, guint n_timers, GArray *steps) {
        guint32 block = row < s->n_rows ? s->rows[row].newest : 0;

        for (; block; block = block_at(s, block)->before)
                for (guint i = 0; i < block_cells(s); i++) {
                        gint32 by = cell_at(s, block, i);

                        if (by)
                                read_cell(s, second_of(s, block, i), i & (s->columns - 1), by, timers, n_timers, steps);
                }
}

/* ── Walking ─────────────────────────────────────────────────────────────── */

#define DIGIT_BITS 8
#define DIGITS (1U << DIGIT_BITS)

/* Moves all to @to, in the order of one digit of their seconds since @first. */
static void sort_by_digit(const SeriesStep *from, SeriesStep *to, guint n, gint64 first, guint shift) {
        guint end[DIGITS] = { 0 };

        for (guint i = 0; i < n; i++)
                end[(guint64)(from[i].second - first) >> shift & (DIGITS - 1)]++;
        for (guint i = 1; i < DIGITS; i++)
                end[i] += end[i - 1];
        for (guint i = n; i-- > 0;)
                to[--end[(guint64)(from[i].second - first) >> shift & (DIGITS - 1)]] = from[i];
}

/* They lie within little time: so many digits are faster than comparing. */
static void sort_steps(GArray *steps) {
        SeriesStep *from = (SeriesStep *)(void *)steps->data, *to = g_new(SeriesStep, steps->len), *spare = to;
        gint64 first = G_MAXINT64, last = G_MININT64;

        for (guint i = 0; i < steps->len; i++) {
                first = MIN(first, from[i].second);
                last = MAX(last, from[i].second);
        }
        for (guint shift = 0; steps->len && (guint64)(last - first) >> shift; shift += DIGIT_BITS) {
                SeriesStep *sorted = to;

                sort_by_digit(from, to, steps->len, first, shift);
                to = from;
                from = sorted;
        }
        if (from == spare && steps->len > 0)
                memcpy(to, from, steps->len * sizeof *to);
        g_free(spare);
}

SeriesWalk series_walk(GArray *steps) {
        SeriesWalk w = { .n = steps->len };

        sort_steps(steps);
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
