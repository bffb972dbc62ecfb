/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Memory for tables that grow with the capture: all of it lies on huge pages where the kernel has some. A first touch
 * of a page is dear (2 to 12 us where the machine is a virtual one, for 4 KB and for 2 MB alike), and so are misses in
 * the page tables. Pieces of less than a huge page share one, whichever shard they are for, so that a small capture
 * touches few.
 */

#include <glib.h>

#define HUGE_PAGE_BYTES ((gsize)2 << 20)

/* What grows by a piece at a time grows by this. */
#define PAGES_PIECE_BYTES ((gsize)256 << 10)

/*
 * Returns: @bytes of zeroes, at a multiple of the power of two that is not less than @bytes, or of HUGE_PAGE_BYTES. Like
 * g_malloc() it ends the program when there are none. To be called from any thread.
 */
gpointer pages_alloc(gsize bytes);

/* The same with anything in it. */
gpointer pages_take(gsize bytes);

/* @bytes as they were asked for; @pages may be NULL. What is smaller than a huge page is there for the next one. */
void pages_free(gpointer pages, gsize bytes);

/* The same of a table that was outgrown, however large, and not NULL: it has been touched, and is there for what grows by small pieces. */
void pages_hand_down(gpointer pages, gsize bytes);

/* Takes @bytes at once, and touches them: pieces of PAGES_PIECE_BYTES that are asked for later are of these. */
void pages_hold(gsize bytes);

/* Touches what was reserved. */
void pages_touch(gpointer pages, gsize bytes);

/*
 * As pages_alloc(), of all that a table may need: nothing of it takes memory before it is touched, the first PAGES_FIRST_BYTES by
 * small pages, the rest of a large one by huge ones. So it grows without being copied.
 */
gpointer pages_reserve(gsize bytes);
void pages_release(gpointer pages, gsize bytes);

#define PAGES_FIRST_BYTES ((gsize)256 << 10)

/*
 * Values of one size by number, in pieces that never move: growing copies nothing, and gives back nothing.
 * Zeroed: an empty one.
 */
typedef struct PagedArray {
        guint8 **pieces;
        guint32 n_pieces;
        guint32 len;
} PagedArray;

/* @bytes: of a value, the same for each call; at most PAGES_PIECE_BYTES. Returns: where number @i stands, which is below @len. */
static inline gpointer paged_array_at(const PagedArray *a, guint32 i, gsize bytes) {
        guint32 per_piece = (guint32)(PAGES_PIECE_BYTES / bytes);

        return a->pieces[i / per_piece] + i % per_piece * bytes;
}

/* Returns: the number of a new value, with anything in it. */
guint32 paged_array_add(PagedArray *a, gsize bytes);

void paged_array_clear(PagedArray *a);
