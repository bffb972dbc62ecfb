/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Some thousand packets of the input, in order: what goes through the stages of tracker.h at a time. Blocks are cut
 * by the number of frames alone, so that the same packets make the same blocks wherever they come from.
 */

#include "coverage.h"
#include "dissect/frame.h"
#include "flow_table.h"

#define BLOCK_FRAMES 8192U

/* Flows are spread over so many shards by the hash of their 4-tuple, whatever the number of threads. */
#define SHARD_BITS 2U
#define SHARDS (1U << SHARD_BITS)

/* Segments of one hash are chained. What ends a chain: no segment's place. */
#define CHAIN_END BLOCK_FRAMES

/* How many chains are remembered while they grow; a power of two. */
#define CHAINS_OPEN 8192U

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
        guint16 chain[SHARDS][BLOCK_FRAMES]; /* by shard the places of first segments of a hash, in order... */
        guint16 next[BLOCK_FRAMES];          /* ...and of the one behind each, CHAIN_END if it is the last one */
        guint16 latest[CHAINS_OPEN];         /* by hash a last one; whatever it was before counts if it is one now */
        guint32 hash[BLOCK_FRAMES];
        Segment segment[BLOCK_FRAMES];
        BlockRun run[BLOCK_FRAMES];
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

/* The same of frames one after another: nearly always of one file. */
static inline void block_note_frames(Block *b, const Frame *frames, guint n) {
        BlockRun *run = b->n_runs > 0 ? &b->run[b->n_runs - 1] : NULL;
        const FrameRef first = frames[0].ref;
        gint64 end_ns = frames[0].time_ns;
        FrameRef others = run ? run->first ^ first : ~(FrameRef)0;

        for (guint i = 1; i < n; i++) {
                others |= frames[i].ref ^ first;
                end_ns = MAX(end_ns, frames[i].time_ns);
        }
        if (frame_ref_file(others) != 0) {
                for (guint i = 0; i < n; i++)
                        block_note_frame(b, frames[i].ref, frames[i].time_ns);
                return;
        }
        b->frames += n;
        b->now_ns = frames[n - 1].time_ns;
        run->end_ns = MAX(run->end_ns, end_ns);
}

/* Where the next segment is to be written; block_add() then makes it one of the block. */
static inline Segment *block_next(Block *b) {
        return &b->segment[b->n];
}

/* A chain that another one pushed out of @latest is continued by a new one, which comes later: the order of a flow's packets stays. */
static inline void block_chain(Block *b, guint n, guint32 hash) {
        const guint shard = hash >> (32 - SHARD_BITS), open = hash % CHAINS_OPEN, before = b->latest[open];

        b->latest[open] = (guint16)n;
        b->next[n] = CHAIN_END;
        if (before < n && b->hash[before] == hash)
                b->next[before] = (guint16)n;
        else
                b->chain[shard][b->count[shard]++] = (guint16)n;
}

static inline void block_add(Block *b) {
        const guint n = b->n; /* once: it is not told from what is written here */
        const guint32 hash = flow_hash(&b->segment[n]);

        b->hash[n] = hash;
        block_chain(b, n, hash);
        b->n = n + 1;
}
