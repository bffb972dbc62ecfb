/* SPDX-License-Identifier: BSD-3-Clause */
#include "pages.h"
#include "pool.h"

/* In steps of 16 bytes where most connections are; then so that a quarter is wasted at most. */
static const guint16 sizes[] = { 16,  32,  48,  64,  80,  96,   112,  128,  144,  160,  176,  192,  208,  224,   240,   256,   320,
                                 384, 448, 512, 640, 768, 1024, 1280, 1536, 2048, 3072, 4096, 6144, 8192, 12288, 16384, 24576, POOL_PIECE_BYTES_MAX };

/* In steps of these at first. */
#define SMALL_STEP_BYTES 16U
#define SMALL_BYTES_MAX 256U

/* Each shard has one that is not used up. */
#define SLAB_BYTES ((gsize)64 << 10)
G_STATIC_ASSERT(SLAB_BYTES >= POOL_PIECE_BYTES_MAX + POOL_SLACK_BYTES);

#define SIZES G_N_ELEMENTS(sizes)

struct Pool {
        gpointer free[SIZES]; /* each piece begins with the address of the next */
        GPtrArray *slabs;     /* of SLAB_BYTES, that pieces are cut from, from their ends on */
        gsize left;           /* at the beginning of the last one */
        gsize used;
};

Pool *pool_new(void) {
        Pool *p = g_new0(Pool, 1);

        p->slabs = g_ptr_array_new();
        return p;
}

void pool_free(Pool *p) {
        if (!p)
                return;
        for (guint i = 0; i < p->slabs->len; i++)
                pages_free(p->slabs->pdata[i], SLAB_BYTES);
        g_ptr_array_unref(p->slabs);
        g_free(p);
}

guint8 pool_class(gsize bytes) {
        guint8 i;

        if (bytes <= SMALL_BYTES_MAX)
                return (guint8)((bytes + SMALL_STEP_BYTES - 1) / SMALL_STEP_BYTES - 1);
        for (i = SMALL_BYTES_MAX / SMALL_STEP_BYTES; sizes[i] < bytes;)
                i++;
        return i;
}

gsize pool_class_bytes(guint8 size_class) {
        return sizes[size_class];
}

gpointer pool_take(Pool *p, guint8 size_class) {
        gpointer piece = p->free[size_class];
        gsize bytes = sizes[size_class];

        p->used += bytes;
        if (piece) {
                gpointer next = *(gpointer *)piece;

                if (next) /* it may have been given back long ago, and is read and written when it is taken */
                        __builtin_prefetch(next, 1);
                p->free[size_class] = next;
                return piece;
        }
        if (p->left < bytes) {
                g_ptr_array_add(p->slabs, pages_take(SLAB_BYTES));
                p->left = SLAB_BYTES - POOL_SLACK_BYTES;
        }
        p->left -= bytes;
        return (guint8 *)p->slabs->pdata[p->slabs->len - 1] + p->left;
}

void pool_give_back(Pool *p, gpointer piece, guint8 size_class) {
        p->used -= sizes[size_class];
        *(gpointer *)piece = p->free[size_class];
        p->free[size_class] = piece;
}

gsize pool_bytes(const Pool *p) {
        return p->slabs->len * SLAB_BYTES;
}

gsize pool_bytes_used(const Pool *p) {
        return p->used;
}
