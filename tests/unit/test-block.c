/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The chains of a block: every segment is in one of them, those of one 4-tuple in the order in which they came, also where
 * chains push each other out, and whatever the block held before.
 */

#include <string.h>

#include "analyzer/block.h"

#define BLOCKS 200U

static void add(Block *b, guint32 tuple) {
        Segment *s = block_next(b);

        memset(s, 0, sizeof *s);
        s->source.bytes[12] = (guint8)(tuple >> 16);
        s->source.bytes[15] = (guint8)(tuple >> 8);
        s->source_port = (guint16)(1024 + tuple);
        s->destination_port = 80;
        s->seq = tuple;
        block_add(b);
}

/* @last: by tuple the place of the segment before, plus one. Returns: how many segments the chains from it have. */
static guint walk(const Block *b, guint at, guint shard, guint *last) {
        guint n = 0;

        for (guint before = 0; at != CHAIN_END; before = at + 1, at = b->next[at], n++) {
                const guint32 tuple = b->segment[at].seq;

                g_assert_cmpuint(at, <, b->n);
                g_assert_cmpuint(at, >=, before);
                g_assert_cmpuint(b->hash[at] >> (32 - SHARD_BITS), ==, shard);
                g_assert_cmpuint(last[tuple], <, at + 1);
                last[tuple] = at + 1;
        }
        return n;
}

/* Returns: how many chains there are. */
static guint check(const Block *b, guint tuples) {
        g_autofree guint *last = g_new0(guint, tuples);
        guint segments = 0, chains = 0;

        for (guint shard = 0; shard < SHARDS; shard++) {
                chains += b->count[shard];
                for (guint i = 0; i < b->count[shard]; i++)
                        segments += walk(b, b->chain[shard][i], shard, last);
        }
        g_assert_cmpuint(segments, ==, b->n);
        return chains;
}

static guint distinct(const Block *b, guint tuples) {
        g_autofree gboolean *seen = g_new0(gboolean, tuples);
        guint n = 0;

        for (guint i = 0; i < b->n; i++) {
                n += !seen[b->segment[i].seq];
                seen[b->segment[i].seq] = TRUE;
        }
        return n;
}

static void test_random(void) {
        g_autoptr(GRand) rand = g_rand_new_with_seed(1);
        g_autofree Block *b = block_new();
        guint pushed_out = 0;

        for (guint i = 0; i < BLOCKS; i++) {
                const guint tuples = 1 + (guint)g_rand_int_range(rand, 0, i % 2 ? 8 : 2000), n = (guint)g_rand_int_range(rand, 1, BLOCK_FRAMES + 1);

                block_clear(b);
                for (guint k = 0; k < n; k++)
                        add(b, (guint32)g_rand_int_range(rand, 0, (gint32)tuples));
                pushed_out += check(b, tuples) > distinct(b, tuples);
        }
        g_assert_cmpuint(pushed_out, >, 0); /* else nothing of it was tested */
}

/* A chain is one piece where nothing pushes it out: that is what it is for. */
static void test_one_flow(void) {
        g_autofree Block *b = block_new();

        for (guint i = 0; i < 2; i++) {
                block_clear(b);
                for (guint k = 0; k < BLOCK_FRAMES; k++)
                        add(b, 7);
                g_assert_cmpuint(check(b, 8), ==, 1);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/block/random", test_random);
        g_test_add_func("/block/one-flow", test_one_flow);
        return g_test_run();
}
