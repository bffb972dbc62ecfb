/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Theory of operation: a binary heap of inputs, ordered by the time of each one's
 * next frame.  A frame's bytes live in its capture's buffer until that capture is
 * read again, so an output batch ends when an input's batch is used up, and only
 * the next call refills it.
 */

#include "merge.h"

typedef struct Input {
        Capture *capture;
        guint file;
        guint next, n; /* of @batch */
        Frame batch[FRAME_BATCH];
} Input;

struct Merge {
        GPtrArray *captures;
        GPtrArray *inputs; /* (element-type Input): not yet read to their end; NULL for a single capture */
        Input **heap;
        guint heap_n;
        GPtrArray *empty; /* inputs whose batch is used up, to be refilled by the next call */
};

/* Frames of one capture never overtake each other: only the heads are compared. */
static gboolean input_before(const Input *a, const Input *b) {
        gint64 a_ns = a->batch[a->next].time_ns, b_ns = b->batch[b->next].time_ns;

        return a_ns != b_ns ? a_ns < b_ns : a->file < b->file;
}

static void heap_sift_down(Merge *m) {
        Input *moving = m->heap[0];
        guint hole = 0;

        for (guint child; (child = 2 * hole + 1) < m->heap_n; hole = child) {
                if (child + 1 < m->heap_n && input_before(m->heap[child + 1], m->heap[child]))
                        child++;
                if (!input_before(m->heap[child], moving))
                        break;
                m->heap[hole] = m->heap[child];
        }
        m->heap[hole] = moving;
}

static void heap_push(Merge *m, Input *input) {
        guint hole = m->heap_n++;

        for (; hole > 0 && input_before(input, m->heap[(hole - 1) / 2]); hole = (hole - 1) / 2)
                m->heap[hole] = m->heap[(hole - 1) / 2];
        m->heap[hole] = input;
}

static void heap_pop(Merge *m) {
        m->heap[0] = m->heap[--m->heap_n];
        if (m->heap_n > 0)
                heap_sift_down(m);
}

Merge *merge_new(GPtrArray *captures) {
        Merge *m = g_new0(Merge, 1);

        m->captures = captures;
        g_ptr_array_set_free_func(captures, (GDestroyNotify)capture_free);
        if (captures->len == 1)
                return m;

        m->inputs = g_ptr_array_new_with_free_func(g_free);
        m->empty = g_ptr_array_new();
        m->heap = g_new(Input *, captures->len);
        for (guint i = 0; i < captures->len; i++) {
                Input *input = g_new0(Input, 1);
                input->capture = captures->pdata[i];
                input->file = i;
                g_ptr_array_add(m->inputs, input);
                g_ptr_array_add(m->empty, input);
        }
        return m;
}

static void inputs_refill(Merge *m) {
        for (guint i = 0; i < m->empty->len; i++) {
                Input *input = m->empty->pdata[i];
                input->next = 0;
                input->n = capture_read(input->capture, input->batch, FRAME_BATCH);
                if (input->n > 0)
                        heap_push(m, input);
                else
                        g_ptr_array_remove_fast(m->inputs, input);
        }
        g_ptr_array_set_size(m->empty, 0);
}

guint merge_read(Merge *m, Frame *frames, guint n) {
        guint i = 0;

        if (!m->inputs)
                return capture_read(m->captures->pdata[0], frames, n);

        inputs_refill(m);
        while (i < n && m->heap_n > 0) {
                Input *input = m->heap[0];
                frames[i++] = input->batch[input->next++];
                if (input->next == input->n) {
                        heap_pop(m);
                        g_ptr_array_add(m->empty, input);
                        break;
                }
                heap_sift_down(m);
        }
        return i;
}

guint merge_captures(const Merge *m) {
        return m->captures->len;
}

const CaptureInfo *merge_info(const Merge *m, guint file) {
        g_return_val_if_fail(file < m->captures->len, NULL);
        return capture_info(m->captures->pdata[file]);
}

void merge_free(Merge *m) {
        if (!m)
                return;
        if (m->inputs)
                g_ptr_array_unref(m->inputs);
        if (m->empty)
                g_ptr_array_unref(m->empty);
        g_free(m->heap);
        g_ptr_array_unref(m->captures);
        g_free(m);
}
