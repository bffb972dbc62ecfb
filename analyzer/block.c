/* SPDX-License-Identifier: BSD-3-Clause */
#include "block.h"

#include <string.h>

Block *block_new(void) {
        Block *b = g_new0(Block, 1);

        block_clear(b);
        return b;
}

void block_clear(Block *b) {
        b->frames = b->n = b->n_runs = 0;
        b->last = FALSE;
        b->damage = NULL;
        memset(b->count, 0, sizeof b->count);
}
