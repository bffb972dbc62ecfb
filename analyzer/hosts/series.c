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

/*
 * BLOCK_STEPS times the columns. Memory that is touched for the first time costs more than all that is done with it here:
 * so cells are of a byte, which does for most seconds of most hosts, and what overflows is carried to wide ones.
 */
typedef struct Block {
        BlockKey key;
        guint32 before; /* the row's block that was added before it; 0 none */
        guint32 wide;   /* place of its wide cells plus one; 0 none */
} Block;

/* Open addressing. */
typedef struct Slot {
        guint32 hash, place; /* place plus one; 0 empty */
} Slot;

/* A block that was found. What comes together mostly belongs to one time, and a look-up is a walk through far memory. */
typedef struct Recent {
        gint64 number;
        gint8 *cells; /* NULL none */
} Recent;

#define RECENT 2 /* of a row: a flow begins in one and ends in the next */

typedef struct Row {
        Recent recent[RECENT]; /* by the lowest bits of the number */
        guint32 newest;        /* place of its latest block plus one */
} Row;

struct Series {
        guint columns, column_bits; /* rounded up, so that a step is in one cache line */
        guint shift; /* a step of time is 1 << shift seconds */
        guint32 blocks_max;
        Slot *slots; /* of the blocks, by key */
        guint32 mask;
        Block *blocks;  /* by place */
        gint8 *cells;   /* of each */
        guint32 n, room;
        struct {
                gint8 *cells; /* NULL none */
                Block *blocks;
                guint32 n, room; /* @n of them were used */
        } spare;
        gint32 *wide;   /* cells, by place */
        guint32 n_wide, room_wide;
        Row *rows;
        guint32 n_rows;
};

/* ── Blocks ──────────────────────────────────────────────────────────────── */

static gsize block_cells(const Series *s) {
        return (gsize)BLOCK_STEPS << s->column_bits;
}

static gint8 *cells_at(const Series *s, guint32 place) {
        return s->cells + place * block_cells(s);
}

/* Returns: room for @room of them, with the @n that are there. */
static gpointer grow(gpointer old, guint32 n, guint32 room, gsize size) {
        gpointer grown = pages_reserve(room * size);

        if (old)
                memcpy(grown, old, n * size);
        pages_release(old, n * size);
        return grown;
}

/* What it had before it was rebuilt: as much will be needed again, and fresh memory is dearer than to clear what was used. */
static gboolean take_spare(Series *s) {
        if (!s->spare.cells)
                return FALSE;
        memset(s->spare.cells, 0, s->spare.n * block_cells(s));
        s->cells = s->spare.cells;
        s->blocks = s->spare.blocks;
        s->room = s->spare.room;
        s->spare.cells = NULL;
        return TRUE;
}

/* At first all that may be: more is needed only where joining seconds did not help. */
static guint32 grown_room(const Series *s, guint32 room) {
        return room ? 2 * room : s->blocks_max + BLOCKS_SPARE;
}

static void grow_blocks(Series *s) {
        guint32 room = grown_room(s, s->room);

        if (s->room == 0 && take_spare(s))
                return;
        s->cells = grow(s->cells, s->room, room, block_cells(s) * sizeof *s->cells);
        s->blocks = grow(s->blocks, s->room, room, sizeof *s->blocks);
        s->room = room;
        for (guint32 i = 0; i < s->n_rows; i++)
                memset(s->rows[i].recent, 0, sizeof s->rows[i].recent);
}

static void grow_wide(Series *s) {
        guint32 room = grown_room(s, s->room_wide);

        s->wide = grow(s->wide, s->room_wide, room, block_cells(s) * sizeof *s->wide);
        s->room_wide = room;
}

static void make_slots(Series *s, guint32 n) {
        s->mask = n - 1;
        s->slots = pages_alloc(n * sizeof *s->slots);
}

/* What was outgrown is memory for the tables that grow next. */
static void free_slots(Series *s) {
        pages_free(s->slots, (s->mask + (gsize)1) * sizeof *s->slots);
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

static void release_blocks(const Series *s, gint8 *cells, Block *blocks, guint32 room) {
        pages_release(cells, room * block_cells(s) * sizeof *cells);
        pages_release(blocks, room * sizeof *blocks);
}

static void clear_rest(Series *s) {
        pages_release(s->wide, s->room_wide * block_cells(s) * sizeof *s->wide);
        free_slots(s);
        g_free(s->rows);
}

void series_free(Series *s) {
        if (!s)
                return;
        release_blocks(s, s->cells, s->blocks, s->room);
        if (s->spare.cells)
                release_blocks(s, s->spare.cells, s->spare.blocks, s->spare.room);
        clear_rest(s);
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

static Slot *find_slot(const Series *s, BlockKey key, guint32 hash) {
        guint32 i = hash & s->mask;

        while (s->slots[i].place && (s->slots[i].hash != hash || !is_key(&s->blocks[s->slots[i].place - 1], key)))
                i = (i + 1) & s->mask;
        return &s->slots[i];
}

static void grow_slots(Series *s) {
        free_slots(s);
        make_slots(s, 2 * (s->mask + 1));
        for (guint32 place = 0; place < s->n; place++) {
                guint32 hash = hash_key(s->blocks[place].key);

                *find_slot(s, s->blocks[place].key, hash) = (Slot){ hash, place + 1 };
        }
}

static void touch_blocks(const Series *s, gint8 *cells, Block *blocks, guint32 room) {
        pages_touch(cells, room * block_cells(s) * sizeof *cells);
        pages_touch(blocks, room * sizeof *blocks);
}

void series_take_all(Series *s) {
        if (!s->room)
                grow_blocks(s);
        if (!s->spare.cells) {
                s->spare.room = s->room;
                s->spare.n = 0;
                s->spare.cells = pages_reserve(s->room * block_cells(s) * sizeof *s->cells);
                s->spare.blocks = pages_reserve(s->room * sizeof *s->blocks);
        }
        touch_blocks(s, s->cells, s->blocks, s->room);
        touch_blocks(s, s->spare.cells, s->spare.blocks, s->spare.room);
        while (s->mask / 2 < s->room)
                grow_slots(s);
}

static void make_rows(Series *s, guint32 row) {
        while (row >= s->n_rows) {
                guint32 n = s->n_rows;

                s->n_rows = n ? 2 * n : ROWS_FIRST;
                s->rows = g_renew(Row, s->rows, s->n_rows);
                memset(s->rows + n, 0, (s->n_rows - n) * sizeof *s->rows);
        }
}

/* @slot: where it is to be found. Returns: its place. */
static guint32 add_block(Series *s, Slot *slot, BlockKey key, guint32 hash) {
        guint32 place = s->n++;

        if (place == s->room)
                grow_blocks(s);
        make_rows(s, key.row);
        s->blocks[place] = (Block){ .key = key, .before = s->rows[key.row].newest };
        s->rows[key.row].newest = place + 1;
        *slot = (Slot){ hash, place + 1 };
        if (s->n > s->mask / 2)
                grow_slots(s);
        return place;
}

static gint64 number_of(gint64 step) {
        return step >> BLOCK_BITS;
}

static BlockKey key_of(guint32 row, gint64 step) {
        return (BlockKey){ row, (gint32)CLAMP(number_of(step), G_MININT32, G_MAXINT32) };
}

static gsize cell_of(const Series *s, gint64 step, guint column) {
        return (((gsize)step & (BLOCK_STEPS - 1)) << s->column_bits) + column;
}

/* Returns: the cells of the block that has @step, if it is one of the row's recent ones; else NULL. */
static gint8 *find_recent(const Series *s, guint32 row, gint64 step) {
        const Recent *r;

        if (row >= s->n_rows)
                return NULL;
        r = &s->rows[row].recent[(guint64)number_of(step) % RECENT];
        return r->number == number_of(step) ? r->cells : NULL;
}

/* The same wherever it is. */
static gint8 *find_cells(Series *s, guint32 row, gint64 step) {
        BlockKey key = key_of(row, step);
        guint32 hash = hash_key(key);
        Slot *slot = find_slot(s, key, hash);
        gint8 *cells = cells_at(s, slot->place ? slot->place - 1 : add_block(s, slot, key, hash));

        s->rows[row].recent[(guint64)number_of(step) % RECENT] = (Recent){ number_of(step), cells };
        return cells;
}

/* ── Adding ──────────────────────────────────────────────────────────────── */

static gint32 *wide_cells(const Series *s, const Block *b) {
        return s->wide + (b->wide - 1) * block_cells(s);
}

static void carry(Series *s, gint8 *cell, gint32 by) {
        gsize at = (gsize)(cell - s->cells);
        Block *b = &s->blocks[at / block_cells(s)];

        if (!b->wide) {
                if (s->n_wide == s->room_wide)
                        grow_wide(s);
                b->wide = ++s->n_wide;
        }
        wide_cells(s, b)[at % block_cells(s)] += *cell + by;
        *cell = 0;
}

static gboolean add_to_cell(gint8 *cell, gint32 by) {
        gint32 sum = *cell + by;

        if (sum != (gint8)sum)
                return FALSE;
        *cell = (gint8)sum;
        return TRUE;
}

static G_NO_INLINE void add_after_search(Series *s, guint32 row, gint64 step, guint column, gint32 by) {
        gint8 *cell = find_cells(s, row, step) + cell_of(s, step, column);

        if (!add_to_cell(cell, by))
                carry(s, cell, by);
}

void series_add(Series *s, guint32 row, gint64 second, guint column, gint32 by) {
        gint64 step = second >> s->shift;
        gint8 *cells = find_recent(s, row, step);

        if (G_UNLIKELY(!cells || !add_to_cell(cells + cell_of(s, step, column), by)))
                add_after_search(s, row, step, column, by);
}

static void add_one(Series *s, gint8 *cell, gint32 by) {
        if (G_UNLIKELY(!add_to_cell(cell, by)))
                carry(s, cell, by);
}

void series_move(Series *s, guint32 row, gint64 second, guint from, guint to) {
        gint64 step = second >> s->shift;
        gint8 *cells = find_recent(s, row, step);

        if (G_UNLIKELY(!cells))
                cells = find_cells(s, row, step);
        cells += cell_of(s, step, 0);
        if (from < SERIES_COLUMNS_MAX)
                add_one(s, cells + from, -1);
        add_one(s, cells + to, 1);
}

void series_prefetch_row(const Series *s, guint32 row) {
        if (row < s->n_rows)
                __builtin_prefetch(&s->rows[row].recent, 1);
}

gboolean series_prefetch(const Series *s, guint32 row, gint64 second) {
        gint64 step = second >> s->shift;
        const gint8 *cells = find_recent(s, row, step);

        if (cells)
                __builtin_prefetch(cells + cell_of(s, step, 0), 1);
        else
                __builtin_prefetch(&s->slots[hash_key(key_of(row, step)) & s->mask], 1);
        return cells != NULL;
}

void series_prefetch_far(const Series *s, guint32 row, gint64 second) {
        gint64 step = second >> s->shift;
        guint32 hash = hash_key(key_of(row, step)), i = hash & s->mask, place;

        if (find_recent(s, row, step))
                return;
        while (s->slots[i].place && s->slots[i].hash != hash)
                i = (i + 1) & s->mask;
        place = s->slots[i].place;
        if (!place)
                return;
        __builtin_prefetch(&s->blocks[place - 1]);
        __builtin_prefetch(cells_at(s, place - 1) + cell_of(s, step, 0), 1);
}

gboolean series_is_full(const Series *s) {
        return s->n + BLOCKS_SPARE > s->blocks_max;
}

gint64 series_width(const Series *s) {
        return G_GINT64_CONSTANT(1) << s->shift;
}

/* ── Reading ─────────────────────────────────────────────────────────────── */

static gint32 read_sum(const Series *s, guint32 place, guint i) {
        const Block *b = &s->blocks[place];

        return cells_at(s, place)[i] + (b->wide ? wide_cells(s, b)[i] : 0);
}

static gint64 second_of(const Series *s, guint32 place, guint i) {
        return ((gint64)s->blocks[place].key.number * BLOCK_STEPS + (i >> s->column_bits)) * series_width(s);
}

void series_rebuild(Series *s, const guint32 *rows, gboolean coarser) {
        Series old = *s;

        *s = (Series){
                .columns = old.columns,
                .column_bits = old.column_bits,
                .shift = old.shift + !!coarser,
                .blocks_max = old.blocks_max,
                .spare = old.spare,
        };
        make_slots(s, old.mask + 1);
        for (guint32 place = 0; place < old.n; place++) {
                guint32 row = old.blocks[place].key.row;

                if (rows)
                        row = rows[row];
                for (guint i = 0; row != SERIES_NO_ROW && i < block_cells(s); i++) {
                        gint32 by = read_sum(&old, place, i);

                        if (by)
                                series_add(s, row, second_of(&old, place, i), i & (s->columns - 1), by);
                }
        }
        if (s->spare.cells) /* nothing was left to keep */
                release_blocks(s, s->spare.cells, s->spare.blocks, s->spare.room);
        s->spare.cells = old.cells;
        s->spare.blocks = old.blocks;
        s->spare.n = old.n;
        s->spare.room = old.room;
        clear_rest(&old);
}

static void add_step(GArray *steps, gint64 second, guint column, gint64 by) {
        SeriesStep step = { second, column, by };

        g_array_append_val(steps, step);
}

static void read_cell(gint64 width, gint64 second, guint column, gint64 by, const SeriesTimer *timers,
                      guint n_timers, GArray *steps) {
        gint64 last = second + width - 1;

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

        for (; block; block = s->blocks[block - 1].before)
                for (guint i = 0; i < block_cells(s); i++) {
                        gint32 by = read_sum(s, block - 1, i);

                        if (by)
                                read_cell(series_width(s), second_of(s, block - 1, i), i & (s->columns - 1), by, timers, n_timers, steps);
                }
}

void series_read_step(const SeriesStep *step, const SeriesTimer *timers, guint n_timers, GArray *steps) {
        read_cell(1, step->second, step->column, step->by, timers, n_timers, steps);
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

/* They lie within little time: so few digits are faster than comparing. */
static void sort_steps(GArray *steps) {
        SeriesStep *all = (SeriesStep *)(void *)steps->data, *from = all, *to;
        g_autofree SeriesStep *spare = g_new(SeriesStep, steps->len);
        gint64 first = G_MAXINT64, last = G_MININT64;

        for (guint i = 0; i < steps->len; i++) {
                first = MIN(first, all[i].second);
                last = MAX(last, all[i].second);
        }
        for (guint shift = 0; steps->len && (guint64)(last - first) >> shift; shift += DIGIT_BITS) {
                to = from == all ? spare : all;
                sort_by_digit(from, to, steps->len, first, shift);
                from = to;
        }
        if (from != all)
                memcpy(all, from, steps->len * sizeof *all);
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
