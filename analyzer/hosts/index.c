/* SPDX-License-Identifier: BSD-3-Clause */
#include "index.h"

#define SLOTS_FIRST 1024U
#define SLOTS_PER_ENTRY 4U /* at least: most searches are over where they begin, which is foreseen */

static void make_slots(Index *x, guint32 n) {
        x->mask = n - 1;
        x->n = 0;
        x->slots = g_malloc0_n(n, sizeof *x->slots);
}

void index_init(Index *x) {
        make_slots(x, SLOTS_FIRST);
}

void index_clear(Index *x) {
        g_clear_pointer(&x->slots, g_free);
}

static void put(Index *x, guint32 tag, guint32 place) {
        guint32 i = tag & x->mask;

        while (x->slots[i].place)
                i = (i + 1) & x->mask;
        x->slots[i].tag = tag;
        x->slots[i].place = place + 1;
        x->n++;
}

void index_add(Index *x, guint32 tag, guint32 place) {
        if (x->n > x->mask / SLOTS_PER_ENTRY) {
                Index old = *x;

                make_slots(x, 2 * (old.mask + 1));
                for (guint32 i = 0; i <= old.mask; i++)
                        if (old.slots[i].place)
                                put(x, old.slots[i].tag, old.slots[i].place - 1);
                index_clear(&old);
        }
        put(x, tag, place);
}
