/* SPDX-License-Identifier: BSD-3-Clause */
#include "pages.h"

#include <sys/mman.h>

/* Huge pages begin at multiples of their size: so much more is asked for, and given back, that a piece can. */
static gpointer map_aligned(gsize bytes) {
        gsize whole = bytes + HUGE_PAGE_BYTES, before;
        guint8 *at = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (at == MAP_FAILED)
                return MAP_FAILED;
        before = -(gsize)at & (HUGE_PAGE_BYTES - 1);
        if (before > 0)
                munmap(at, before);
        munmap(at + before + bytes, whole - before - bytes);
        return at + before;
}

/* munmap() takes whole pages. */
static gsize rounded(gsize bytes) {
        gsize page = bytes < HUGE_PAGE_BYTES ? 4096 : HUGE_PAGE_BYTES;

        return (bytes + page - 1) & ~(page - 1);
}

static gpointer map(gsize bytes, gboolean huge) {
        gsize size = rounded(bytes);
        gpointer pages = size < HUGE_PAGE_BYTES ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                                                : map_aligned(size);

        if (pages == MAP_FAILED)
                g_error("out of memory: %" G_GSIZE_FORMAT " bytes", bytes);
        if (huge && size >= HUGE_PAGE_BYTES)
                madvise(pages, size, MADV_HUGEPAGE); /* a kernel without them does without */
        return pages;
}

gpointer pages_alloc(gsize bytes) {
        return map(bytes, TRUE);
}

gpointer pages_alloc_first(gsize bytes) {
        return map(bytes, FALSE);
}

void pages_free(gpointer pages, gsize bytes) {
        if (pages)
                munmap(pages, rounded(bytes));
}
