/* SPDX-License-Identifier: BSD-3-Clause */
#include "workers.h"

#include <pthread.h>
#include <time.h>

#define BLOCKS 4U  /* one is fed while the others are read */
#define SLICES 4U /* judged, or being judged, and not yet handed over */
/* A single thread has one of each: it uses the same memory again while that is near. */

/*
 * All members are under @lock but for what a running stage works on: who runs it is told by the flags and counts.
 * Blocks and slices are rings; their counts only go up.
 */
typedef struct Workers {
        pthread_mutex_t lock; /* not GLib's, whose locks no thread sanitizer knows */
        pthread_cond_t changed;
        guint waiting;
        Tracker *tracker;
        BlockReader read;
        gpointer data;

        guint threads, started;
        guint blocks, slices; /* in use */
        Block *block[BLOCKS];
        guint64 blocks_read, blocks_done;
        gboolean reading, at_end;

        /* of the block at hand, the one after those that are done */
        guint shards_taken, shards_fed; /* taken: a bit for each */
        gboolean settled, claiming, all_claimed;
        guint judging;

        Slice *slice[SLICES];
        gboolean judged[SLICES];
        guint64 slices_claimed, slices_sunk;
        gboolean sinking;

        gint64 *spent_ns; /* (nullable): by Stage */
} Workers;

/* ── What there is to do ─────────────────────────────────────────────────── */

#define ALL_SHARDS ((1U << SHARDS) - 1)

static gboolean has_block(const Workers *w) {
        return w->blocks_done < w->blocks_read;
}

static gboolean may_sink(const Workers *w) {
        return !w->sinking && w->slices_sunk < w->slices_claimed && w->judged[w->slices_sunk % w->slices];
}

static gboolean may_judge(const Workers *w) {
        return w->settled && !w->claiming && !w->all_claimed && w->slices_claimed - w->slices_sunk < w->slices;
}

static gboolean may_feed(const Workers *w) {
        return has_block(w) && w->shards_taken != ALL_SHARDS;
}

static gboolean may_read(const Workers *w) {
        return !w->reading && !w->at_end && w->blocks_read - w->blocks_done < w->blocks;
}

static gboolean is_over(const Workers *w) {
        return w->at_end && !has_block(w) && w->slices_sunk == w->slices_claimed;
}

/* ── Stages: entered and left with the lock, which is not held while they run ── */

/* Returns: 0 where nobody asks: it is a system call, thousands of times. */
static gint64 thread_ns(const Workers *w) {
        struct timespec now;

        if (!w->spent_ns)
                return 0;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        return (gint64)now.tv_sec * 1000000000 + now.tv_nsec;
}

static gint64 stage_begin(Workers *w) {
        pthread_mutex_unlock(&w->lock);
        return thread_ns(w);
}

static void stage_end(Workers *w, Stage stage, gint64 since_ns) {
        gint64 spent_ns = thread_ns(w) - since_ns;

        pthread_mutex_lock(&w->lock);
        if (w->spent_ns)
                w->spent_ns[stage] += spent_ns;
        if (w->waiting > 0)
                pthread_cond_broadcast(&w->changed);
}

static void run_read(Workers *w) {
        Block *b = w->block[w->blocks_read % w->blocks];
        gint64 since_ns;

        w->reading = TRUE;
        since_ns = stage_begin(w);
        block_clear(b);
        w->read(b, w->data);
        stage_end(w, STAGE_READ, since_ns);
        w->reading = FALSE;
        w->at_end = b->last;
        w->blocks_read++;
}

static void run_settle(Workers *w, Block *b) {
        gint64 since_ns = stage_begin(w);

        tracker_settle(w->tracker, b);
        stage_end(w, STAGE_SETTLE, since_ns);
        w->settled = TRUE;
}

/* Its own first, whose flows are near it; then those that nobody else has come to, from the other end. */
static guint take_shard(Workers *w, guint me) {
        guint shard = SHARDS;

        for (guint i = 0; i < SHARDS && shard == SHARDS; i++)
                if (!(w->shards_taken & 1U << i) && i % w->threads == me)
                        shard = i;
        for (guint i = SHARDS; i-- > 0 && shard == SHARDS;)
                if (!(w->shards_taken & 1U << i))
                        shard = i;
        w->shards_taken |= 1U << shard;
        return shard;
}

static void run_feed(Workers *w, guint me) {
        Block *b = w->block[w->blocks_done % w->blocks];
        guint shard = take_shard(w, me);
        gint64 since_ns = stage_begin(w);

        tracker_feed(w->tracker, b, shard);
        stage_end(w, STAGE_FEED, since_ns);
        if (++w->shards_fed == SHARDS)
                run_settle(w, b);
}

static void end_block(Workers *w) {
        w->blocks_done++;
        w->shards_taken = w->shards_fed = 0;
        w->settled = w->all_claimed = FALSE;
}

static void run_judge(Workers *w) {
        guint place = w->slices_claimed % w->slices;
        gint64 since_ns;
        gboolean any;

        w->claiming = TRUE;
        since_ns = stage_begin(w);
        any = tracker_claim(w->tracker, w->slice[place]);
        stage_end(w, STAGE_JUDGE, since_ns);
        w->claiming = FALSE;
        if (any) {
                w->judged[place] = FALSE;
                w->slices_claimed++;
                w->judging++;
                since_ns = stage_begin(w);
                tracker_judge(w->tracker, w->slice[place]);
                stage_end(w, STAGE_JUDGE, since_ns);
                w->judged[place] = TRUE;
                w->judging--;
        }
        w->all_claimed |= !any;
        if (w->all_claimed && w->judging == 0)
                end_block(w);
}

static void run_sink(Workers *w) {
        Slice *s = w->slice[w->slices_sunk % w->slices];
        gint64 since_ns;

        w->sinking = TRUE;
        since_ns = stage_begin(w);
        tracker_sink(w->tracker, s);
        stage_end(w, STAGE_SINK, since_ns);
        w->sinking = FALSE;
        w->slices_sunk++;
}

/* ── Threads ─────────────────────────────────────────────────────────────── */

/* What has just been judged is handed over while it is near; the next block is read when there is nothing else. */
static gpointer work(gpointer data) {
        Workers *w = data;
        guint me;

        pthread_mutex_lock(&w->lock);
        me = w->started++;
        while (!is_over(w)) {
                if (may_sink(w))
                        run_sink(w);
                else if (may_judge(w))
                        run_judge(w);
                else if (may_feed(w))
                        run_feed(w, me);
                else if (may_read(w))
                        run_read(w);
                else {
                        w->waiting++;
                        pthread_cond_wait(&w->changed, &w->lock);
                        w->waiting--;
                }
        }
        pthread_cond_broadcast(&w->changed);
        pthread_mutex_unlock(&w->lock);
        return NULL;
}

static void workers_init(Workers *w, Tracker *t, guint threads, BlockReader read, gpointer data, gint64 *spent_ns) {
        *w = (Workers){ .tracker = t, .read = read, .data = data, .spent_ns = spent_ns };
        w->threads = threads;
        w->blocks = threads > 1 ? BLOCKS : 1;
        w->slices = threads > 1 ? SLICES : 1;
        pthread_mutex_init(&w->lock, NULL);
        pthread_cond_init(&w->changed, NULL);
        for (guint i = 0; i < w->blocks; i++)
                w->block[i] = block_new();
        for (guint i = 0; i < w->slices; i++)
                w->slice[i] = slice_new();
}

static void workers_clear(Workers *w) {
        for (guint i = 0; i < w->blocks; i++)
                g_free(w->block[i]);
        for (guint i = 0; i < w->slices; i++)
                slice_free(w->slice[i]);
        pthread_mutex_destroy(&w->lock);
        pthread_cond_destroy(&w->changed);
}

void workers_run(Tracker *t, guint threads, BlockReader read, gpointer data, gint64 spent_ns[STAGES]) {
        Workers w;
        pthread_t thread[WORKERS_MAX];
        guint n = 0;

        workers_init(&w, t, threads, read, data, spent_ns);
        pthread_mutex_lock(&w.lock);
        run_read(&w);
        if (w.at_end) /* a small input is done before threads have begun */
                threads = 1;
        pthread_mutex_unlock(&w.lock);
        while (n + 1 < threads && pthread_create(&thread[n], NULL, work, &w) == 0)
                n++; /* without all of them it only takes longer */
        work(&w);
        for (guint i = 0; i < n; i++)
                pthread_join(thread[i], NULL);
        workers_clear(&w);
}
