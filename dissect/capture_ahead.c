/* SPDX-License-Identifier: BSD-3-Clause */

#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "capture_ahead.h"
#include "capture_stream.h"

#define CHUNKS 3U /* one is taken, one is waiting, one is filled */
#define CHUNK_BYTES ((gsize)256 << 10)

typedef struct Chunk {
        guint8 *bytes;
        gssize n; /* what fill() returned */
        guint64 file_offset;
} Chunk;

struct CaptureAhead {
        CaptureStream *stream;
        CaptureStream *source; /* the file below it */
        pthread_t thread;
        gboolean running;
        pthread_mutex_t lock;
        pthread_cond_t changed;
        Chunk chunks[CHUNKS];
        guint64 filled, taken; /* how many; under the lock */
        gboolean quit;       /* under the lock */
        gsize used;          /* of the chunk that is being taken */
};

static gint threads;

/* Returns: whether there is a chunk to fill; FALSE to quit. */
static gboolean wait_for_room(CaptureAhead *a) {
        gboolean quit;

        pthread_mutex_lock(&a->lock);
        while (a->filled - a->taken == CHUNKS && !a->quit)
                pthread_cond_wait(&a->changed, &a->lock);
        quit = a->quit;
        pthread_mutex_unlock(&a->lock);
        return !quit;
}

static void count_up(CaptureAhead *a, guint64 *count) {
        pthread_mutex_lock(&a->lock);
        (*count)++;
        pthread_cond_signal(&a->changed);
        pthread_mutex_unlock(&a->lock);
}

static void *fill_chunks(void *data) {
        CaptureAhead *a = data;
        gssize got = 1;

        for (guint i = 0; got > 0 && wait_for_room(a); i = (i + 1) % CHUNKS) {
                Chunk *c = &a->chunks[i];

                got = c->n = a->stream->fill(a->stream, c->bytes, CHUNK_BYTES);
                c->file_offset = a->source->fd_offset;
                count_up(a, &a->filled);
        }
        return NULL;
}

CaptureAhead *capture_ahead_new(CaptureStream *s) {
        CaptureAhead *a;

        if (g_atomic_int_add(&threads, 1) >= CAPTURE_AHEAD_MAX) {
                g_atomic_int_add(&threads, -1);
                return NULL;
        }
        a = g_new0(CaptureAhead, 1);
        a->stream = a->source = s;
        while (a->source->inner)
                a->source = a->source->inner;
        if (!a->source->fd_bytes)
                a->source->cancel_fd = eventfd(0, EFD_CLOEXEC);
        for (guint i = 0; i < CHUNKS; i++)
                a->chunks[i].bytes = g_malloc(CHUNK_BYTES);
        pthread_mutex_init(&a->lock, NULL);
        pthread_cond_init(&a->changed, NULL);
        a->running = pthread_create(&a->thread, NULL, fill_chunks, a) == 0;
        if (!a->running)
                g_clear_pointer(&a, capture_ahead_free);
        return a;
}

gssize capture_ahead_take(CaptureAhead *a, guint8 *into, gsize n, guint64 *file_offset) {
        Chunk *c = &a->chunks[a->taken % CHUNKS];
        gsize got;

        pthread_mutex_lock(&a->lock);
        while (a->filled == a->taken)
                pthread_cond_wait(&a->changed, &a->lock);
        pthread_mutex_unlock(&a->lock);
        *file_offset = c->file_offset;
        if (c->n <= 0)
                return c->n;
        got = MIN(n, (gsize)c->n - a->used);
        memcpy(into, c->bytes + a->used, got);
        a->used += got;
        if (a->used == (gsize)c->n) {
                a->used = 0;
                count_up(a, &a->taken);
        }
        return (gssize)got;
}

void capture_ahead_free(CaptureAhead *a) {
        if (!a)
                return;
        pthread_mutex_lock(&a->lock);
        a->quit = TRUE;
        pthread_cond_signal(&a->changed);
        pthread_mutex_unlock(&a->lock);
        if (a->source->cancel_fd >= 0)
                eventfd_write(a->source->cancel_fd, 1);
        if (a->running)
                pthread_join(a->thread, NULL);
        if (a->source->cancel_fd >= 0)
                close(a->source->cancel_fd);
        a->source->cancel_fd = -1;
        for (guint i = 0; i < CHUNKS; i++)
                g_free(a->chunks[i].bytes);
        pthread_cond_destroy(&a->changed);
        pthread_mutex_destroy(&a->lock);
        g_atomic_int_add(&threads, -1);
        g_free(a);
}
