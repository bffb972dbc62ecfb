/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* From a hash to places in an array; entries are compared by the owner. Nothing is ever taken out. */

#include <glib.h>

typedef struct Index {
        struct {
                guint32 tag, place; /* place plus one; 0 empty */
        } *slots;
        guint32 mask, n;
} Index;

#define INDEX_END G_MAXUINT32

void index_init(Index *x);
void index_clear(Index *x);
void index_add(Index *x, guint32 tag, guint32 place);

/* @at: @tag before the first call. Returns: the next place that @tag may stand for; INDEX_END past the last. */
static inline guint32 index_next(const Index *x, guint32 tag, guint32 *at) {
        for (;; (*at)++) {
                guint32 i = *at & x->mask;

                if (!x->slots[i].place)
                        return INDEX_END;
                if (x->slots[i].tag == tag) {
                        (*at)++;
                        return x->slots[i].place - 1;
                }
        }
}

static inline void index_prefetch(const Index *x, guint32 tag) {
        __builtin_prefetch(&x->slots[tag & x->mask]);
}

/* Returns: the first place that @tag may stand for, INDEX_END if there is none. */
static inline guint32 index_peek(const Index *x, guint32 tag) {
        guint32 at = tag;

        return index_next(x, tag, &at);
}
