/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Fills buffers of a stream ahead of its reader, in a thread of its own: decompression costs more than all that follows. */

#include <glib.h>

/* This many streams have a thread at a time; further ones are filled by whoever reads them. */
#define CAPTURE_AHEAD_MAX 8

typedef struct CaptureStream CaptureStream;
typedef struct CaptureAhead CaptureAhead;

/**
 * capture_ahead_new:
 * @s: from now on its fill() and all that it uses are the thread's: what is below it, and its failure until the end
 *   was taken
 *
 * Returns: NULL if there can be no thread.
 */
CaptureAhead *capture_ahead_new(CaptureStream *s);

/* What fill() has returned, in its order; waits for it. @file_offset (out): how much of the file that took. */
gssize capture_ahead_take(CaptureAhead *a, guint8 *into, gsize n, guint64 *file_offset);

/* Does not wait for a pipe in which nothing comes. */
void capture_ahead_free(CaptureAhead *a);
