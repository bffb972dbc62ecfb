/* SPDX-License-Identifier: BSD-3-Clause */
#include "pages.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

/* Small pieces are powers of two, from this on. */
#define SMALLEST_BITS 12U
#define HUGE_PAGE_BITS 21U
#define SIZES (HUGE_PAGE_BITS - SMALLEST_BITS)

typedef struct FreePiece {
        struct FreePiece *next;
} FreePiece;

/* All small pieces, of all shards. */
static struct {
        pthread_mutex_t lock;
        FreePiece *free[SIZES];  /* given back; with anything in them */
        guint8 *at, *end;        /* of the huge page at hand what was not given out yet */
} small = { .lock = PTHREAD_MUTEX_INITIALIZER };

static gsize rounded(gsize bytes) {
        return (bytes + HUGE_PAGE_BYTES - 1) & ~(HUGE_PAGE_BYTES - 1);
}

/* Huge pages begin at multiples of their size: so much more is asked for, and given back, that a piece can. */
static guint8 *map(gsize bytes) {
        gsize size = rounded(bytes), whole = size + HUGE_PAGE_BYTES, before;
        guint8 *at = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (at == MAP_FAILED)
                g_error("out of memory: %" G_GSIZE_FORMAT " bytes", bytes);
        before = -(gsize)at & (HUGE_PAGE_BYTES - 1);
        if (before > 0)
                munmap(at, before);
        munmap(at + before + size, whole - before - size);
        return at + before;
}

/* A kernel without them does without. */
static gpointer on_huge_pages(gpointer pages, gsize bytes) {
        madvise(pages, rounded(bytes), MADV_HUGEPAGE);
        return pages;
}

static guint bits_of(gsize bytes) {
        guint bits = SMALLEST_BITS;

        while ((gsize)1 << bits < bytes)
                bits++;
        return bits;
}

static void put_back(gpointer piece, guint bits) {
        FreePiece *p = piece;

        p->next = small.free[bits - SMALLEST_BITS];
        small.free[bits - SMALLEST_BITS] = p;
}

/* From the huge page at hand, or the next one. What lies before a multiple of the piece's size is for smaller ones. */
static gpointer cut(guint bits) {
        gsize bytes = (gsize)1 << bits;
        guint8 *piece;

        while (small.at && (gsize)small.at & (bytes - 1) && small.at < small.end) {
                guint smaller = (guint)__builtin_ctzll((gsize)small.at);

                put_back(small.at, smaller);
                small.at += (gsize)1 << smaller;
        }
        if (small.at == small.end) {
                small.at = on_huge_pages(map(HUGE_PAGE_BYTES), HUGE_PAGE_BYTES);
                small.end = small.at + HUGE_PAGE_BYTES;
        }
        piece = small.at;
        small.at += bytes;
        return piece;
}

/* Returns: half by half the smallest larger piece that was given back; NULL if there is none. */
static FreePiece *split_larger(guint bits) {
        guint larger = bits + 1;
        FreePiece *piece;

        while (larger < HUGE_PAGE_BITS && !small.free[larger - SMALLEST_BITS])
                larger++;
        if (larger >= HUGE_PAGE_BITS)
                return NULL;
        piece = small.free[larger - SMALLEST_BITS];
        small.free[larger - SMALLEST_BITS] = piece->next;
        while (larger-- > bits)
                put_back((guint8 *)piece + ((gsize)1 << larger), larger);
        return piece;
}

/* @used: (out): whether it was before, and there may be anything in it */
static gpointer take_small(gsize bytes, gboolean *used) {
        guint bits = bits_of(bytes);
        FreePiece *piece;

        pthread_mutex_lock(&small.lock);
        piece = small.free[bits - SMALLEST_BITS];
        if (piece)
                small.free[bits - SMALLEST_BITS] = piece->next;
        else
                piece = split_larger(bits);
        *used = piece != NULL;
        if (!piece)
                piece = cut(bits);
        pthread_mutex_unlock(&small.lock);
        return piece;
}

static gboolean is_large(gsize bytes) {
        return bytes > HUGE_PAGE_BYTES / 2;
}

static gpointer take(gsize bytes, gboolean *used) {
        *used = FALSE;
        return is_large(bytes) ? on_huge_pages(map(bytes), bytes) : take_small(bytes, used);
}

gpointer pages_take(gsize bytes) {
        gboolean used;

        return take(bytes, &used);
}

gpointer pages_alloc(gsize bytes) {
        gboolean used;
        gpointer pages = take(bytes, &used);

        return used ? memset(pages, 0, bytes) : pages;
}

/* Whatever there is of @pages, the lowest is taken first. */
static void put_back_pieces(guint8 *pages, gsize bytes) {
        for (gsize i = bytes; i > 0; i -= PAGES_PIECE_BYTES)
                put_back(pages + i - PAGES_PIECE_BYTES, bits_of(PAGES_PIECE_BYTES));
}

void pages_hand_down(gpointer pages, gsize bytes) {
        pthread_mutex_lock(&small.lock);
        if (is_large(bytes))
                put_back_pieces(pages, rounded(bytes));
        else
                put_back(pages, bits_of(bytes));
        pthread_mutex_unlock(&small.lock);
}

void pages_free(gpointer pages, gsize bytes) {
        if (!pages)
                return;
        if (is_large(bytes))
                munmap(pages, rounded(bytes));
        else
                pages_hand_down(pages, bytes);
}

#define SMALL_PAGE_BYTES 4096U

/* What is there stays as it is. */
void pages_touch(gpointer pages, gsize bytes) {
        volatile guint8 *at = pages;

        for (gsize i = 0; i < bytes; i += SMALL_PAGE_BYTES)
                at[i] = at[i];
}

void pages_hold(gsize bytes) {
        guint8 *pages;

        if (bytes == 0)
                return;
        bytes = rounded(bytes);
        pages = on_huge_pages(map(bytes), bytes);
        pages_touch(pages, bytes);
        pthread_mutex_lock(&small.lock);
        put_back_pieces(pages, bytes);
        pthread_mutex_unlock(&small.lock);
}

/* What is on huge pages. */
static gsize rest_of(gsize bytes) {
        return bytes < PAGES_FIRST_BYTES + HUGE_PAGE_BYTES ? 0 : rounded(bytes - PAGES_FIRST_BYTES);
}

/* The first pages end where the rest begins, at a multiple of a huge page. */
gpointer pages_reserve(gsize bytes) {
        gsize rest = rest_of(bytes);
        guint8 *pages = map(rest ? HUGE_PAGE_BYTES + rest : bytes);

        if (!rest)
                return pages;
        munmap(pages, HUGE_PAGE_BYTES - PAGES_FIRST_BYTES);
        on_huge_pages(pages + HUGE_PAGE_BYTES, rest);
        return pages + HUGE_PAGE_BYTES - PAGES_FIRST_BYTES;
}

void pages_release(gpointer pages, gsize bytes) {
        gsize rest = rest_of(bytes);

        if (pages)
                munmap(pages, rest ? PAGES_FIRST_BYTES + rest : rounded(bytes));
}

guint32 paged_array_add(PagedArray *a, gsize bytes) {
        if (a->len == a->n_pieces * (guint32)(PAGES_PIECE_BYTES / bytes)) {
                a->pieces = g_renew(guint8 *, a->pieces, a->n_pieces + 1);
                a->pieces[a->n_pieces++] = pages_take(PAGES_PIECE_BYTES);
        }
        return a->len++;
}

void paged_array_clear(PagedArray *a) {
        for (guint32 i = 0; i < a->n_pieces; i++)
                pages_free(a->pieces[i], PAGES_PIECE_BYTES);
        g_free(a->pieces);
        *a = (PagedArray){ .pieces = NULL };
}
