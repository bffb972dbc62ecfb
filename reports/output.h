/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Where a report goes.  A file appears under its name whole or not at all: it is
 * written beside it and renamed at the end.  Standard output and what is no regular
 * file (a FIFO, /dev/null) are written directly.
 */

#include <glib.h>

typedef struct Output Output;

/**
 * output_open:
 * @path: a file name, or "-" for standard output
 * @error: G_FILE_ERROR with the path in its message
 */
Output *output_open(const char *path, GError **error);

/* Buffered; the first failure is kept for output_close(), what follows it is dropped. */
void output_write(Output *o, const char *data, gsize n);

/* What is buffered goes out now. */
void output_flush(Output *o);

/* Returns: whether writing has failed, so that a long run can stop early. */
gboolean output_failed(const Output *o);

/**
 * output_close:
 * Writes what is buffered and gives the file its name.
 *
 * Returns: FALSE with @error set if any write failed; then nothing appears under the name.
 */
gboolean output_close(Output *o, GError **error);

/* Without output_close() before it, a file is discarded. */
void output_free(Output *o);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Output, output_free)
