/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Some thousand packets of the input, in order: what goes through the stages of tracker.h at a time. Blocks are cut
 * by the number of frames alone, so that the same packets make the same blocks wherever they come from.
 */

#include "coverage.h"
#include "flow_table.h"

#define BLOCK_FRAMES 2048U

/* Flows are spread over so many shards by the hash of their 4-tuple, whatever the number of threads. */
#define SHARD_BITS 3U
#define SHARDS (1U << SHARD_BITS)

/* What a segment did that is settled in the order of the input, over all shards. */
enum {
        BLOCK_BIRTH = 1 << 0,  /* began a flow */
        BLOCK_SYN = 1 << 1,    /* a client's SYN with a timestamp */
        BLOCK_ANSWER = 1 << 2, /* the first packet of a server */
};

/* Frames of one file, one after another. */
typedef struct BlockRun {
        FrameRef first;
        gint64 first_ns, end_ns; /* time of the first one; the latest */
} BlockRun;

typedef struct Block {
        guint frames;
        guint n;        /* segments */
        guint n_runs;
        gboolean last;  /* the end of the input: every flow is reported after it */
        const GArray *damage; /* (nullable) (element-type FrameRef): with @last, of each damaged capture the first frame that
                                 could not be read */
        gint64 now_ns;  /* time of the last frame */
        guint count[SHARDS];
        guint16 order[SHARDS][BLOCK_FRAMES]; /* by shard the places of its segments */
        guint32 hash[BLOCK_FRAMES];
        Segment segment[BLOCK_FRAMES];
        BlockRun run[BLOCK_FRAMES];
        /* filled in by the shards, at the segment's place */
        guint8 did[BLOCK_FRAMES]; /* BLOCK_ */
        Flow *flow[BLOCK_FRAMES]; /* where it did anything */
} Block;

/* Returns: an empty one, to be freed by g_free(). */
Block *block_new(void);

/* To be used again: its memory stays as it is. */
void block_clear(Block *b);

/* Returns: how many frames more. */
static inline guint block_room(const Block *b) {
        return BLOCK_FRAMES - b->frames;
}

/* Of each frame of the input, TCP or not: the capture lasted until then. Only while there is room. */
static inline void block_note_frame(Block *b, FrameRef frame, gint64 time_ns) {
        BlockRun *run = b->n_runs > 0 ? &b->run[b->n_runs - 1] : NULL;

        b->frames++;
        b->now_ns = time_ns;
        if (run && frame_ref_file(run->first) == frame_ref_file(frame))
                run->end_ns = MAX(run->end_ns, time_ns);
        else
                b->run[b->n_runs++] = (BlockRun){ frame, time_ns, time_ns };
}

/* Where the next segment is to be written; block_add() then makes it one of the block. */
static inline Segment *block_next(Block *b) {
        return &b->segment[b->n];
}

static inline void block_add(Block *b) {
        guint32 hash = flow_hash(&b->segment[b->n]);
        guint shard = hash >> (32 - SHARD_BITS);

        b->hash[b->n] = hash;
        b->did[b->n] = 0;
        b->order[shard][b->count[shard]++] = (guint16)b->n++;
}

